/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Rules of what is said of whole sync groups, in service vrrp:
 *   C8, T1, T2  what they track, as for a group (track_rules.c)
 *   T4   a program that no member has room for
 *   W13  a sync group without members
 */
#include <string.h>

#include "config/rules.h"
#include "config/tree.h"

static bool
has_program(const struct survey_group *group, const char *state)
{
	return tree_child(tree_child(group->node, "run-transition-scripts"), state) != NULL;
}

/* A sync group's program runs as that of its first member that has none of its own. */
static void
check_programs(const struct survey *s, const struct lyd_node *entry, const char *name,
               struct problems *problems)
{
	const struct lyd_node *programs = tree_child(entry, "run-transition-scripts");
	size_t count;
	const uint32_t *members = survey_members(s, name, &count);

	for (const struct lyd_node *leaf = lyd_child(programs); leaf; leaf = leaf->next) {
		bool has_room = strcmp(leaf->schema->name, "user") == 0;
		bool has_members = false;

		for (size_t i = 0; i < count; i++) {
			const struct survey_group *group = &s->groups[members[i]];

			if (group->disable)
				continue;
			has_members = true;
			has_room |= !has_program(group, leaf->schema->name);
		}
		if (has_members && !has_room)
			rules_error(problems, "T4", leaf,
			            "every member has a program of its own for this state, and "
			            "none runs two; delete that of one member, or let it start "
			            "both");
	}
}

void
sync_rules(const struct survey *s, const struct nameset *defined, struct problems *problems)
{
	const struct lyd_node *vrrp = tree_child(s->service, "vrrp");

	for (const struct lyd_node *node = lyd_child(vrrp); node; node = node->next) {
		const struct survey_group whole = { .node = node };
		const char *name;
		size_t members;

		if (strcmp(node->schema->name, "sync-group") != 0)
			continue;
		name = tree_value(node, "name");
		track_rules(s, &whole, defined, problems);
		check_programs(s, node, name, problems);
		(void)survey_members(s, name, &members);
		if (members == 0)
			rules_warning(problems, "W13", node,
			              "no group is in this sync group, so nothing of it has an "
			              "effect; set sync-group %s in its members, or delete it",
			              name);
	}
}
