/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Advice: what is legal, and what an engineer who knows VRRP would not do.  Never refuses.
 *   L1  groups of this router in different sync groups, or in none
 *   L2  preempt left on                         L3  advertise-interval above 5
 *   L4  rfc-compatibility on a vif              L5  no address of the family on the interface
 *   L6  connsync follows another sync group than its interface
 *   L7  an address on two interfaces (group_rules.c, with V1)
 *   L8  members of a sync group differ in priority or preempt
 *   L9  an mtu below 114
 *   L10 a virtual address that is the interface's own: this router is its owner, or is not
 *   L11 an owner among others in a sync group
 *   L12 unicast peers with rfc-compatibility
 *   L13 a group tracks its own interface
 *   L14 weights that lead out of 1 to 254
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "config/rules.h"
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

static void
advise_one_sync_group(const struct survey *s, const struct members *members,
                      struct problems *problems)
{
	size_t size, shown = 0, runs = 0;
	char *text = NULL;
	FILE *out = open_memstream(&text, &size);

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
	if (runs > 1 || (members->count > 1 && !members->list[0]->sync))
		problems_warning(problems, "L1", 0, "interfaces", NULL,
		                 "the groups of this router do not move together (%s): a fault, "
		                 "or 'reset vrrp master', moves some and leaves the others, and "
		                 "traffic between them is lost; put all into one sync-group", text);
	free(text);
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

static bool
has_family(const struct survey *s, const struct survey_link *link, uint8_t family)
{
	for (size_t i = 0; i < link->address_count; i++) {
		if (s->addresses[link->address_first + i].prefix.ip.family == family)
			return true;
	}
	return false;
}

static unsigned long
value_of(const struct lyd_node *leaf)
{
	return strtoul(lyd_get_value(leaf), NULL, 10);
}

#define INTERVAL_ADVISED_MAX 5000	/* ms */

static void
advise_interval(const struct survey_group *group, struct problems *problems)
{
	const struct lyd_node *seconds = tree_child(group->node, "advertise-interval");
	const struct lyd_node *fast = tree_child(group->node, "fast-advertise-interval");

	if (seconds && value_of(seconds) * 1000 > INTERVAL_ADVISED_MAX)
		rules_warning(problems, "L3", seconds,
		              "a failover takes more than three times this long; use 5 or less");
	if (fast && value_of(fast) > INTERVAL_ADVISED_MAX)
		rules_warning(problems, "L3", fast,
		              "a failover takes more than three times this long; use 5000 or less");
}

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

/* Sums of what is added while something is good and subtracted while it is bad. */
static void
add_weights(const struct lyd_node *siblings, unsigned long *up, unsigned long *down)
{
	for (const struct lyd_node *node = siblings; node; node = node->next) {
		bool is_weight = strcmp(node->schema->name, "weight") == 0;
		const struct lyd_node *value = is_weight ? tree_child(node, "value") : NULL;
		const char *type = is_weight ? tree_value(node, "type") : NULL;

		if (!is_weight)
			add_weights(lyd_child(node), up, down);
		else if (type && value)		/* otherwise it is an error already */
			*(strcmp(type, "increment") == 0 ? up : down) += value_of(value);
	}
}

static void
advise_track(const struct survey *s, const struct survey_group *group, struct problems *problems)
{
	const struct lyd_node *track = tree_child(group->node, "track"), *node, *lists[2] = {
		track ? lyd_child(track) : NULL, lyd_child(group->node),
	};
	unsigned long up = 0, down = 0;

	for (size_t i = 0; i < ARRAY_SIZE(lists); i++) {
		const char *list = i ? "track-interface" : "interface";

		for (node = lists[i]; node; node = node->next) {
			if (strcmp(node->schema->name, list) == 0 &&
			    strcmp(tree_value(node, "name"), s->links[group->link].name) == 0)
				rules_warning(problems, "L13", node,
				              "is the interface of the group itself, which is "
				              "watched in any case: while it is unusable the "
				              "group is in FAULT; delete it");
		}
	}
	add_weights(lists[0], &up, &down);
	for (node = lists[1]; node; node = node->next) {
		if (strcmp(node->schema->name, "track-interface") == 0)
			add_weights(lyd_child(node), &up, &down);
	}
	if (group->priority + up > 254 || down >= group->priority)
		rules_warning(problems, "L14", group->node,
		              "the weights lead from priority %u up to %lu and down to %ld; what "
		              "is above 254 or below 1 counts as that, so that not every tracked "
		              "thing has its effect; choose smaller weights", group->priority,
		              group->priority + up, (long)group->priority - (long)down);
}

static void
advise_group(const struct survey *s, const struct survey_group *group, struct problems *problems)
{
	const struct survey_link *link = &s->links[group->link];

	if (group->preempt)
		rules_warning(problems, "L2", group->node,
		              "preempt is on: a router that comes back takes over, which "
		              "interrupts traffic a second time; set preempt false on both "
		              "routers");
	advise_interval(group, problems);
	if (group->rfc_compatibility && link->kind == SURVEY_VIF)
		rules_warning(problems, "L4", tree_child(group->node, "rfc-compatibility"),
		              "a virtual MAC address belongs on the native interface; virtual "
		              "switches may drop its packets on a vif; delete it");
	if (group->rfc_compatibility && tree_child(group->node, "peer-address"))
		rules_warning(problems, "L12", tree_child(group->node, "rfc-compatibility"),
		              "unicast peers are usually behind routers, which do not learn a "
		              "virtual MAC address; delete it, unless they share the network");
	/* A link-local address, which IPv6 speaks from, is made by the kernel. */
	if (group->has_v4 && !has_family(s, link, 4))
		rules_warning(problems, "L5", group->node,
		              "%s has no IPv4 address, which advertisements come from: unless it "
		              "gets one elsewhere, the group stays in FAULT; set an address",
		              link->name);
	advise_track(s, group, problems);
}

static void
advise_connsync(const struct survey *s, const struct lyd_node *connsync,
                struct problems *problems)
{
	const struct lyd_node *mechanism = tree_child(connsync, "failover-mechanism");
	const struct lyd_node *vrrp = mechanism ? tree_child(mechanism, "vrrp") : NULL;
	const char *sync = vrrp ? tree_value(vrrp, "sync-group") : NULL;
	const char *interface = tree_value(connsync, "interface");
	int link = interface ? survey_find(s, interface) : -1;
	bool exists = false;

	for (size_t i = 0; sync && i < s->group_count; i++)
		exists = exists || (s->groups[i].sync && strcmp(s->groups[i].sync, sync) == 0);
	if (sync && !exists)
		rules_warning(problems, "L6", tree_child(vrrp, "sync-group"),
		              "no VRRP group is in this sync group, so connsync follows nothing; "
		              "name one that is used");
	for (size_t i = 0; exists && link >= 0 && i < s->links[link].group_count; i++) {
		const struct survey_group *group = &s->groups[s->links[link].group_first + i];

		if (!group->sync || strcmp(group->sync, sync) != 0)
			rules_warning(problems, "L6", tree_child(connsync, "interface"),
			              "its VRRP group %u is in %s%s, connsync follows %s: they "
			              "may be master on different routers; use one sync group",
				      group->vrid,
			              group->sync ? "sync group " : "no sync group",
			              group->sync ? group->sync : "", sync);
	}
}

#define MTU_ADVISED_MIN 114

void
lint(const struct survey *s, const struct lyd_node *tree, struct problems *problems)
{
	struct members members = collect_members(s);

	advise_one_sync_group(s, &members, problems);
	advise_equal_members(s, &members, problems);
	advise_owners(s, &members, problems);
	free(members.list);

	for (size_t i = 0; i < s->group_count; i++) {
		if (!s->groups[i].disable)
			advise_group(s, &s->groups[i], problems);
	}
	for (size_t i = 0; i < s->link_count; i++) {
		if (s->links[i].mtu && s->links[i].mtu < MTU_ADVISED_MIN)
			rules_warning(problems, "L9", tree_child(s->links[i].node, "mtu"),
			              "large advertisements do not fit; use 114 or more");
	}
	for (; tree; tree = tree->next) {
		const struct lyd_node *connsync = strcmp(tree->schema->name, "service") == 0
		                                          ? tree_child(tree, "connsync") : NULL;

		if (connsync)
			advise_connsync(s, connsync, problems);
	}
}
