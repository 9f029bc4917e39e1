/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Advice about groups that decide together, and about owners of addresses, who decide alone.
 *   L1  groups of this router that do not move together
 *   L8  members of a sync group differ in priority or preempt
 *   L10 a virtual address that is the interface's own: this router is its owner, or is not
 *   L11 an owner among others in a sync group
 *   L26 members of a sync group differ in their interval
 *   L31 IPv4 members of a sync group differ in their version
 *   L32 a sync group has one member, beside groups that are in another or in none
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "config/linting.h"
#include "config/tree.h"

/* Groups that run, sorted by sync group (none first), then in the tree's order. */
struct members {
	const struct survey_group **list;
	size_t count;
};

static int
compare_sync(const struct survey_group *a, const struct survey_group *b)
{
	return strcmp(a->sync ? a->sync : "", b->sync ? b->sync : "");
}

static int
by_sync(const void *first, const void *second)
{
	const struct survey_group *a = *(const struct survey_group *const *)first;
	const struct survey_group *b = *(const struct survey_group *const *)second;
	int order = compare_sync(a, b);

	return order ? order : a < b ? -1 : 1;
}

static struct members
collect_members(const struct survey *s)
{
	struct members members = {
		.list = calloc(s->group_count + 1, sizeof(const struct survey_group *)),
	};

	assert(members.list);
	for (size_t i = 0; i < s->group_count; i++) {
		if (!s->groups[i].disable)
			members.list[members.count++] = &s->groups[i];
	}
	qsort(members.list, members.count, sizeof(const struct survey_group *), by_sync);
	return members;
}

/* How many from the first on are in its sync group. */
static size_t
run_of(const struct survey_group *const *list, size_t count)
{
	size_t run = 0;

	while (run < count && compare_sync(list[run], list[0]) == 0)
		run++;
	return run;
}

/* ------------------------------------------------------------------ what moves together */

static bool
has_family(const struct survey_group *group, uint8_t family)
{
	return family == 4 ? group->has_v4 : group->has_v6;
}

/* On how many links these groups have one of the family; marks them in last, by link. */
static size_t
count_links(const struct survey_group *const *list, size_t count, uint8_t family, uint32_t mark,
            uint32_t *last)
{
	size_t links = 0;

	for (size_t i = 0; i < count; i++) {
		if (!has_family(list[i], family) || last[list[i]->link] == mark)
			continue;
		last[list[i]->link] = mark;
		links++;
	}
	return links;
}

/*
 * Can some interfaces of a family have their master here and others there?  Sets of groups that
 * move together and have each a member on every interface share the load, and are a whole way
 * through the router whoever is their master.
 */
static bool
can_part(const struct survey *s, const struct members *members, uint8_t family)
{
	uint32_t *last = calloc(s->link_count + 1, sizeof(*last)), mark = 1;
	size_t links, at = 0;
	bool parts = false;

	assert(last);
	links = count_links(members->list, members->count, family, mark, last);
	while (at < members->count && !parts) {
		size_t run = members->list[at]->sync
			? run_of(members->list + at, members->count - at) : 1;
		size_t own = count_links(members->list + at, run, family, ++mark, last);

		parts = own > 0 && own < links;
		at += run;
	}
	free(last);
	return parts;
}

#define MEMBERS_SHOWN 3

/* "SYNC1: dp0bond0.10 group 10, dp0bond1 group 1 and 7 more" */
static void
print_members(FILE *out, const struct survey *s, const struct survey_group *const *list,
              size_t count)
{
	fprintf(out, "%s: ", list[0]->sync ? list[0]->sync : "no sync group");
	for (size_t i = 0; i < count && i < MEMBERS_SHOWN; i++)
		fprintf(out, "%s%s group %u", i ? ", " : "", s->links[list[i]->link].name,
		        list[i]->vrid);
	if (count > MEMBERS_SHOWN)
		fprintf(out, " and %zu more", count - MEMBERS_SHOWN);
}

/* False when that was not needed. */
static bool
advise_one_sync_group(const struct survey *s, const struct members *members,
                      struct problems *problems)
{
	size_t size, shown = 0, runs = 0;
	char *text = NULL;
	FILE *out;

	if (!can_part(s, members, 4) && !can_part(s, members, 6))
		return false;
	out = open_memstream(&text, &size);
	assert(out);
	for (size_t at = 0; at < members->count; runs++) {
		size_t run = run_of(members->list + at, members->count - at);

		if (shown++ < MEMBERS_SHOWN) {
			fputs(at ? "; " : "", out);
			print_members(out, s, members->list + at, run);
		}
		at += run;
	}
	if (runs > MEMBERS_SHOWN)
		fprintf(out, "; and %zu more sync groups", runs - MEMBERS_SHOWN);
	fclose(out);
	assert(text);
	problems_warning(problems, "L1", 0, "interfaces", NULL,
	                 "the groups of this router do not move together (%s): a fault, or 'reset "
	                 "vrrp master', moves some and leaves the others, and traffic between them "
	                 "is lost; put all into one sync-group", text);
	free(text);
	return true;
}

static void
advise_equal_members(const struct survey *s, const struct members *members,
                     struct problems *problems)
{
	for (size_t i = 1; i < members->count; i++) {
		const struct survey_group *a = members->list[i - 1], *b = members->list[i];

		if (!b->sync || compare_sync(a, b) != 0)
			continue;
		if (a->priority != b->priority || a->preempt != b->preempt)
			rules_warning(problems, "L8", b->node,
			              "differs in priority or preempt from group %u on %s of the "
			              "same sync group; the lowest priority decides for all; make "
			              "them equal",
			              a->vrid, s->links[a->link].name);
	}
}

/* Milliseconds. */
static unsigned long
interval_of(const struct survey_group *group)
{
	const char *seconds = tree_value(group->node, "advertise-interval");
	const char *fast = tree_value(group->node, "fast-advertise-interval");

	if (group->version == 3)
		return fast ? strtoul(fast, NULL, 10) : 1000;
	return 1000 * (seconds ? strtoul(seconds, NULL, 10) : 1);
}

/* A sync group takes over when the last of its members has given up waiting. */
static void
advise_equal_intervals(const struct survey *s, const struct members *members,
                       struct problems *problems)
{
	size_t run;

	for (size_t at = 0; at < members->count; at += run) {
		const struct survey_group *slowest = members->list[at], *fastest = slowest;

		run = run_of(members->list + at, members->count - at);
		for (size_t i = at; i < at + run; i++) {
			const struct survey_group *group = members->list[i];

			slowest = interval_of(group) > interval_of(slowest) ? group : slowest;
			fastest = interval_of(group) < interval_of(fastest) ? group : fastest;
		}
		if (slowest->sync && slowest != fastest)
			rules_warning(problems, "L26", slowest->node,
			              "advertises every %lu ms, group %u on %s of the same sync "
			              "group every %lu ms: all of %s wait for the slowest before "
			              "they take over; use one interval", interval_of(slowest),
			              fastest->vrid, s->links[fastest->link].name,
			              interval_of(fastest), slowest->sync);
	}
}

/* Version 3 is what IPv6 needs; IPv4 has the choice. */
static void
advise_equal_versions(const struct survey *s, const struct members *members,
                      struct problems *problems)
{
	const struct survey_group *first = NULL;

	for (size_t i = 0; i < members->count; i++) {
		const struct survey_group *group = members->list[i];

		if (!group->sync || !group->has_v4)
			continue;
		if (!first || compare_sync(first, group) != 0)
			first = group;
		if (group->version != first->version)
			rules_warning(problems, "L31", group->node,
			              "speaks version %u, group %u on %s of the same sync group "
			              "version %u: only those of version 2 answer packets to their "
			              "virtual addresses without accept; use one version",
			              group->version, first->vrid,
			              s->links[first->link].name, first->version);
	}
}

/* connsync follows a sync group, even of one member. */
static bool
is_followed(const struct survey *s, const char *sync)
{
	static const char *const path[] = { "connsync", "failover-mechanism", "vrrp" };
	const struct lyd_node *node = s->service;
	const char *followed;

	for (size_t i = 0; node && i < ARRAY_SIZE(path); i++)
		node = tree_child(node, path[i]);
	followed = node ? tree_value(node, "sync-group") : NULL;
	return followed && strcmp(followed, sync) == 0;
}

static void
advise_lone_members(const struct survey *s, const struct members *members,
                    struct problems *problems)
{
	size_t run, complete = 0;

	for (size_t i = 0; i < members->count; i++)
		complete += members->list[i]->address_count > 0;
	for (size_t at = 0; at < members->count; at += run) {
		const struct survey_group *group = members->list[at];

		run = run_of(members->list + at, members->count - at);
		if (group->sync && run == 1 && complete > 1 && !is_followed(s, group->sync))
			rules_warning(problems, "L32", group->node,
			              "is the only member of sync group %s, which so moves nothing "
			              "together; put the groups into it that shall move with this "
			              "one, or delete sync-group", group->sync);
	}
}

/* ------------------------------------------------------------------ owners */

/* The members of the sync group of this one; 0 when it has none. */
static size_t
member_count(const struct members *members, const struct survey_group *group)
{
	size_t low = 0, high = members->count;

	while (group->sync && low < high) {
		size_t middle = low + (high - low) / 2;

		if (compare_sync(members->list[middle], group) < 0)
			low = middle + 1;
		else
			high = middle;
	}
	return group->sync ? run_of(members->list + low, members->count - low) : 0;
}

/* The address that IPv4 of a link is sent from, NULL when it has none. */
static const struct survey_address *
primary_of(const struct survey *s, int link)
{
	for (size_t i = 0; i < s->links[link].address_count; i++) {
		const struct survey_address *address =
			&s->addresses[s->links[link].address_first + i];

		if (address->prefix.ip.family == 4)
			return address;
	}
	return NULL;
}

/* Does this real address, which is also one that the group advertises, make the group an owner?
 * As the engine has it: engine_on_owner(). */
static bool
makes_owner(const struct survey *s, const struct survey_group *group,
            const struct survey_address *real)
{
	if (real->link != group->link)
		return false;
	return real->prefix.ip.family == 4 ? real == primary_of(s, group->link)
	                                   : !ip_is_link_local(&real->prefix.ip);
}

static void
advise_owner(const struct survey *s, const struct members *members,
             const struct survey_address *own, const struct survey_address *real,
             struct problems *problems)
{
	const struct survey_group *group = &s->groups[own->group];

	if (!makes_owner(s, group, real)) {
		rules_warning(problems, "L10", own->node,
		              "is also an address of %s itself, which has it whoever is master, so "
		              "that two routers may answer for it; this router does not become its "
		              "owner, because only the first IPv4 address of %s, or a global IPv6 "
		              "address there, makes one; give the interface another address",
		              s->links[own->place].name, s->links[group->link].name);
		return;
	}
	rules_warning(problems, "L10", own->node,
	              "is also an address of %s itself: this router is its owner, runs the "
	              "group at priority 255, and is master whenever it runs, in spite of "
	              "preempt false; if that is not meant, give the interface another "
	              "address", s->links[own->place].name);
	if (member_count(members, group) > 1)
		rules_warning(problems, "L11", own->node,
		              "makes an owner of one member of sync group %s: owners are master at "
		              "once, the other members may not be; take the group out of it, or "
		              "give the interface another address", group->sync);
}

/* Real addresses stand before virtual ones of the same place in by_address. */
static void
advise_owners(const struct survey *s, const struct members *members, struct problems *problems)
{
	for (size_t i = 1; i < s->by_address_count; i++) {
		const struct survey_address *real = &s->addresses[s->by_address[i - 1]];
		const struct survey_address *own = &s->addresses[s->by_address[i]];

		if (real->group >= 0 || own->group < 0 || own->excluded ||
		    s->groups[own->group].disable || real->place != own->place ||
		    !ip_equal(&real->prefix.ip, &own->prefix.ip))
			continue;
		advise_owner(s, members, own, real, problems);
	}
}

void
lint_sync(const struct survey *s, struct problems *problems)
{
	struct members members = collect_members(s);

	if (!advise_one_sync_group(s, &members, problems))
		advise_lone_members(s, &members, problems);
	advise_equal_members(s, &members, problems);
	advise_equal_intervals(s, &members, problems);
	advise_equal_versions(s, &members, problems);
	advise_owners(s, &members, problems);
	free(members.list);
}
