/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 *   L30 a master joins a sync group that is backup, or in fault, on this router
 *   L34 a bond with groups loses its last member
 * What no configuration says alone, but what runs and what shall run together.  L30 foresees what
 * src/core/roster.c decides when the settings are adopted: a sync group that goes on keeps its
 * state, and members that come together for the first time take the lowest of theirs.  Changes
 * nothing, and asks nobody: the records are a copy.
 */
#include "config/meeting.h"

#include <stdlib.h>
#include <string.h>

#include "config/rules.h"
#include "config/survey.h"
#include "config/verdict.h"

/* A group of the next settings that is in a sync group, and what was until now. */
struct member {
	const struct group_settings *group;
	const struct vrouter_status *record;	/* NULL = it is new */
	const char *from;			/* its sync group, NULL = none */
};

static const char *
sync_name(const struct settings *s, const struct group_settings *group)
{
	return group->sync < 0 ? NULL : settings_syncs(s)[group->sync].name;
}

static bool
is_same_name(const char *a, const char *b)
{
	return a && b ? strcmp(a, b) == 0 : a == b;
}

static int
compare_groups(const char *interface_a, const struct group_settings *a, const char *interface_b,
               const struct group_settings *b)
{
	int order = strcmp(interface_a, interface_b);

	if (order == 0)
		order = a->vrid - b->vrid;
	return order ? order : a->family - b->family;
}

static bool
has_members(const struct settings *s, const char *bond)
{
	for (uint32_t i = 0; i < s->link_count; i++) {
		const struct link_settings *link = &settings_links(s)[i];

		if (link->member_of >= 0 && strcmp(settings_links(s)[link->member_of].name,
		                                   bond) == 0)
			return true;
	}
	return false;
}

/* Has a bond (or switch) of running that had ports none any more?  Quick: ports are few. */
static bool
is_bared(const struct settings *next, const struct settings *running)
{
	for (uint32_t i = 0; i < running->link_count; i++) {
		int32_t above = settings_links(running)[i].member_of;

		if (above >= 0 && !has_members(next, settings_links(running)[above].name))
			return true;
	}
	return false;
}

bool
meeting_is_possible(const struct settings *next, const struct settings *running)
{
	if (!running || next->group_count != running->group_count || is_bared(next, running))
		return running != NULL;
	for (uint32_t i = 0; i < next->group_count; i++) {
		const struct group_settings *a = &settings_groups(next)[i];
		const struct group_settings *b = &settings_groups(running)[i];

		if (compare_groups(settings_link_of(next, a)->name, a,
		                   settings_link_of(running, b)->name, b) != 0 ||
		    !is_same_name(sync_name(next, a), sync_name(running, b)))
			return true;
	}
	return false;
}

/* ---- who was what --------------------------------------------------------------------------- */

struct known {
	const struct settings *settings;
	const struct group_settings *group;
	const struct vrouter_status *record;
};

static int
by_group(const void *first, const void *second)
{
	const struct known *a = first, *b = second;

	return compare_groups(settings_link_of(a->settings, a->group)->name, a->group,
	                      settings_link_of(b->settings, b->group)->name, b->group);
}

/* The groups of running whose record is theirs, sorted; heap. */
static struct known *
collect_known(const struct settings *running, const struct vrouter_status *records,
              size_t record_count, size_t *ret_count)
{
	struct known *list = calloc(running->group_count + 1u, sizeof(*list));
	size_t count = 0;

	assert(list);
	for (uint32_t i = 0; i < running->group_count && i < record_count; i++) {
		const struct group_settings *group = &settings_groups(running)[i];
		const struct vrouter_status *r = &records[i];

		if (strcmp(r->interface, settings_link_of(running, group)->name) == 0 &&
		    r->vrid == group->vrid && r->family == group->family)
			list[count++] = (struct known){ running, group, r };
	}
	qsort(list, count, sizeof(*list), by_group);
	*ret_count = count;
	return list;
}

static int
by_sync(const void *first, const void *second)
{
	const struct member *a = first, *b = second;

	return a->group->sync != b->group->sync ? a->group->sync - b->group->sync
	                                        : a->group < b->group ? -1 : 1;
}

/* All groups of next that are in a sync group, by sync group; heap. */
static struct member *
collect_members(const struct settings *next, const struct known *known, size_t known_count,
                size_t *ret_count)
{
	struct member *list = calloc(next->group_count + 1u, sizeof(*list));
	size_t count = 0;

	assert(list);
	for (uint32_t i = 0; i < next->group_count; i++) {
		const struct group_settings *group = &settings_groups(next)[i];
		const struct known key = { next, group, NULL };
		const struct known *was = bsearch(&key, known, known_count, sizeof(*known),
		                                  by_group);

		if (group->sync >= 0)
			list[count++] = (struct member){
				.group = group,
				.record = was ? was->record : NULL,
				.from = was ? sync_name(was->settings, was->group) : NULL,
			};
	}
	qsort(list, count, sizeof(*list), by_sync);
	*ret_count = count;
	return list;
}

/* ---- what becomes of them ------------------------------------------------------------------- */

/* Not while it waits in INIT, nor while it listens, has never heard anybody, nor been master. */
static bool
has_a_say(const struct member *m)
{
	if (!m->record || m->record->state == VROUTER_INIT)
		return false;
	return m->record->state != VROUTER_BACKUP || m->record->counters.adverts_received > 0 ||
	       m->record->counters.became_master > 0;
}

static int
rank(const struct member *m)
{
	return m->record->state == VROUTER_FAULT ? 1 : m->record->state == VROUTER_BACKUP ? 2 : 3;
}

/* The member whose state all members of sync group name take; NULL = the state of none. */
static const struct member *
leader(const struct member *members, size_t count, const char *name)
{
	const struct member *found = NULL;

	for (size_t i = 0; i < count; i++) {
		if (has_a_say(&members[i]) && is_same_name(members[i].from, name))
			return &members[i];
	}
	for (size_t i = 0; i < count; i++) {
		if (has_a_say(&members[i]) && (!found || rank(&members[i]) < rank(found)))
			found = &members[i];
	}
	return found;
}

static const struct lyd_node *
node_of(const struct survey *survey, const char *interface, uint8_t vrid)
{
	int link = survey_find(survey, interface);

	if (link < 0)
		return NULL;

	const struct survey_link *l = &survey->links[link];

	for (size_t i = 0; i < l->group_count; i++) {
		if (survey->groups[l->group_first + i].vrid == vrid)
			return survey->groups[l->group_first + i].node;
	}
	return NULL;
}

static void
warn(const struct survey *survey, const struct settings *next, const struct member *master,
     const struct member *other, struct problems *problems)
{
	const struct lyd_node *node = node_of(survey, settings_link_of(next, master->group)->name,
	                                      master->group->vrid);
	const char *name = sync_name(next, master->group);
	bool fault = other->record->state == VROUTER_FAULT;

	if (!node)
		return;
	rules_warning(problems, "L30", node,
	              "is MASTER now, and joins sync group %s, which is %s on this router (group "
	              "%u on %s): it leaves its addresses at once, and they are without a router "
	              "until the partner has them; %s", name,
	              vrouter_state_name(other->record->state), other->group->vrid,
	              settings_link_of(next, other->group)->name,
	              fault ? "first mend what is in FAULT"
	                    : "first make one router master of both, with 'reset vrrp master' on "
	                      "the other");
}

/* A file of another router, or of IBM's, names no members. */
static void
warn_of_bared_bonds(const struct survey *survey, const struct settings *running,
                    struct problems *problems)
{
	for (size_t i = 0; i < survey->link_count; i++) {
		const struct survey_link *link = &survey->links[i];

		if (link->kind == SURVEY_BONDING && link->member_count == 0 && !link->disable &&
		    survey_carries_groups(survey, i) && has_members(running, link->name))
			rules_warning(problems, "L34", link->node,
			              "loses its last member with this commit: it is down then, "
			              "and its groups are in FAULT; set bond-group %s on the "
			              "interfaces that belong to it", link->name);
	}
}

void
meeting_rules(const struct lyd_node *tree, const struct settings *next,
              const struct settings *running, const struct vrouter_status *records,
              size_t record_count, struct problems *problems)
{
	struct survey survey = survey_tree(tree);
	size_t known_count, count, run, first = problems->count;
	struct known *known = collect_known(running, records, record_count, &known_count);
	struct member *members = collect_members(next, known, known_count, &count);

	for (size_t at = 0; at < count; at += run) {
		const struct member *all = &members[at], *other;

		for (run = 1; at + run < count && all[run].group->sync == all->group->sync;)
			run++;
		other = leader(all, run, sync_name(next, all->group));
		for (size_t i = 0; other && other->record->state != VROUTER_MASTER && i < run; i++)
			if (all[i].record && all[i].record->state == VROUTER_MASTER)
				warn(&survey, next, &all[i], other, problems);
	}
	warn_of_bared_bonds(&survey, running, problems);
	verdict_silence_warnings(tree, problems, first);
	free(members);
	free(known);
	survey_done(&survey);
}
