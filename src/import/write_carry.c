/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Writes what goes with a group from router to router: programs, routes and rules.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "import/writing.h"

#define RULE_LAST 16384u		/* from where keepalived numbers rules downwards */

/* ------------------------------------------------------------------ programs */

/* A program for every state is one for each state that has none, with the words that keepalived
 * would add. */
static const char *
spell_any(struct writing *w, const struct model_group *group, const char *command,
          const char *state)
{
	const char *priority = group->priority.text ? group->priority.text : "100";

	return model_text(w->model, "%s %s %s %s", command, group->scripts.any_as, state, priority);
}

/* What runs in one state; *first is where the first program was said that is written. */
static void
write_script(struct writing *w, const struct model_group *group, const struct said *own,
             const char *any, const char *leaf, const char *state, const struct said **first)
{
	const struct said *said = own->text ? own : &group->scripts.any;
	const char *command = own->text ? write_command(w, own, group->name)
	                                : any ? spell_any(w, group, any, state) : NULL;

	if (command && write_put(w, said->place, group->name, "run-transition-scripts", leaf,
	                         command, NULL) && !*first)
		*first = said;
	if (own->text && any)
		write_find(w, FINDING_LEFT, group->scripts.any.place, group->name,
		           "a group runs one program a state, and has its own for %s; let that "
		           "one do both", leaf);
}

/* The program for all states, if it can be one. */
static const char *
any_command(struct writing *w, const struct model_group *group)
{
	const struct model_scripts *scripts = &group->scripts;
	const char *name;

	if (!scripts->any.text)
		return NULL;
	name = scripts->any_as + strcspn(scripts->any_as, " ") + 1;
	if (strpbrk(name, " \t")) {
		write_find(w, FINDING_LEFT, scripts->any.place, group->name,
		           "the name '%s' has blanks and would be several arguments of the "
		           "program; rename it", name);
		return NULL;
	}
	return write_command(w, &scripts->any, group->name);
}

void
write_scripts(struct writing *w, const struct model_group *group)
{
	const struct model_scripts *scripts = &group->scripts;
	const char *any = any_command(w, group);
	const struct said *first = NULL;
	size_t mark;

	write_script(w, group, &scripts->master, any, "master", "MASTER", &first);
	write_script(w, group, &scripts->backup, any, "backup", "BACKUP", &first);
	write_script(w, group, &scripts->fault, any, "fault", "FAULT", &first);
	write_script(w, group, &scripts->stop, any, "stop", "STOP", &first);
	if (!first)
		return;
	mark = write_begin(w, "run-transition-scripts", NULL);
	write_user(w, first->place, group->name, scripts->user);
	write_end(w, mark);
	if (!w->told_arguments)
		write_find(w, FINDING_DIFFERS, first->place, group->name,
		           "programs get three more arguments behind their own: the new state, the "
		           "interface and the number of the group");
	w->told_arguments = true;
}

/* ------------------------------------------------------------------ routes */

/* The number of a routing table; NULL when it is a name that only the other host knows. */
static const char *
table_number(const char *name)
{
	if (strcmp(name, "main") == 0)
		return "254";
	if (strcmp(name, "default") == 0)
		return "253";
	if (strcmp(name, "local") == 0)
		return "255";
	return name[0] && strspn(name, "0123456789") == strlen(name) ? name : NULL;
}

static void
put_optional(struct writing *w, struct place place, const char *name, const char *leaf,
             const char *value)
{
	if (value)
		write_try(w, place, name, leaf, value, NULL);
}

/* Why a route cannot be written, or NULL. */
static const char *
route_obstacle(const struct model_route *route, const char *network, uint8_t family, bool has_v4,
               bool has_v6)
{
	if (!network)
		return "has no destination that is understood";
	if (!(family == 4 ? has_v4 : has_v6))
		return "is of a family of which the group advertises no address";
	if (!route->blackhole && !route->next_hop && !route->interface)
		return "leads nowhere";
	if (route->table && !table_number(route->table))
		return "is of a table with a name; give its number";
	return NULL;
}

/* A route through the virtual link is one through the group's interface. */
static void
write_route_leaves(struct writing *w, const struct model_group *group,
                   const struct model_route *route)
{
	const char *mac = group->virtual_mac.text, *interface = route->interface;

	if (interface && mac && strcmp(mac, interface) == 0)
		interface = group->interface.text;
	if (route->blackhole) {
		write_try(w, route->place, group->name, "blackhole", NULL);
	} else {
		put_optional(w, route->place, group->name, "next-hop", route->next_hop);
		if (interface && write_need_link(w, route->place, interface))
			put_optional(w, route->place, group->name, "interface", interface);
	}
	put_optional(w, route->place, group->name, "metric", route->metric);
	put_optional(w, route->place, group->name, "source", route->source);
	if (route->table && strcmp(table_number(route->table), "254") != 0)
		put_optional(w, route->place, group->name, "table", table_number(route->table));
}

/* Is this the first of its kind?  *text is for all groups, own for this one. */
static bool
note_first(struct writing *w, struct nameset *own, const char *own_text, const char *text)
{
	bool is_new, own_is_new;

	nameset_add(own, own_text, &own_is_new);
	if (!own_is_new)
		return false;
	nameset_add(&w->carried, text, &is_new);
	return is_new;
}

static void
write_route(struct writing *w, const struct model_group *group, const struct model_route *route,
            bool has_v4, bool has_v6, struct nameset *own)
{
	char network[64], gateway[64], all[256];
	uint8_t family = has_v4 ? 4 : 6, gateway_family = family;
	const char *obstacle;
	bool found;
	size_t mark;

	if (route->next_hop && !write_address(route->next_hop, gateway, &gateway_family))
		gateway_family = family;
	found = route->prefix && write_network(route->prefix, gateway_family, network, &family);
	obstacle = route_obstacle(route, found ? network : NULL, family, has_v4, has_v6);
	if (obstacle) {
		write_find(w, FINDING_LEFT, route->place, group->name,
		           "the route to '%s' %s; it is left out",
		           route->prefix ? route->prefix : "", obstacle);
		return;
	}
	snprintf(all, sizeof(all), "route %s table %.40s metric %.40s", network,
	         route->table ? table_number(route->table) : "254",
	         route->metric ? route->metric : "0");
	if (!note_first(w, own, network, all)) {
		write_find(w, FINDING_LEFT, route->place, group->name,
		           "a group has one route to %s, and a route has one group; this one is "
		           "left out", network);
		return;
	}
	mark = write_begin(w, "virtual-route", network, NULL);
	if (write_put(w, route->place, group->name, NULL))
		write_route_leaves(w, group, route);
	write_end(w, mark);
}

/* ------------------------------------------------------------------ rules */

/* The network of a rule, or "" for all; false when it is none. */
static bool
rule_network(const char *text, char ret_network[static 64], uint8_t *family)
{
	ret_network[0] = '\0';
	if (!text || strcmp(text, "all") == 0 || strcmp(text, "default") == 0 ||
	    strcmp(text, "any") == 0)
		return true;
	return write_network(text, 4, ret_network, family);
}

static bool
rule_mark(const char *text, char ret_mark[static 32])
{
	unsigned long mark;
	char *end;

	ret_mark[0] = '\0';
	if (!text)
		return true;
	mark = strtoul(text, &end, 0);
	snprintf(ret_mark, 32, "%lu", mark);
	return end != text && *end == '\0';
}

static void
put_unless_empty(struct writing *w, struct place place, const char *name, const char *leaf,
                 const char *value)
{
	if (value && value[0])
		write_try(w, place, name, leaf, value, NULL);
}

static void
write_rule(struct writing *w, const struct model_group *group, const struct model_rule *rule,
           bool has_v4, bool has_v6, struct nameset *own)
{
	char from[64], to[64], mark[32], priority[16], all[512];
	const char *table = rule->table ? table_number(rule->table) : NULL;
	uint8_t family = 0, to_family = 0;
	size_t base;
	bool right = rule_network(rule->from, from, &family) &&
	             rule_network(rule->to, to, &to_family) && rule_mark(rule->mark, mark);

	family = family ? family : to_family;
	if (!right || !table || (family == 4 && !has_v4) || (family == 6 && !has_v6)) {
		write_find(w, FINDING_LEFT, rule->place, group->name,
		           "the rule is left out: %s",
		           !right ? "its networks or its mark are not understood"
		           : !table ? "it needs the number of a routing table"
		                    : "the group advertises no address of its family");
		return;
	}
	snprintf(priority, sizeof(priority), "%.12s", rule->priority ? rule->priority : "");
	if (!rule->priority) {
		snprintf(priority, sizeof(priority), "%u", RULE_LAST - w->rules++);
		write_find(w, FINDING_DIFFERS, rule->place, group->name,
		           "a rule needs a priority; it has %s now", priority);
	}
	snprintf(all, sizeof(all), "rule %s from %s to %s in %.20s out %.20s mark %s table %s",
	         priority, from, to, rule->inbound ? rule->inbound : "",
	         rule->outbound ? rule->outbound : "", mark, table);
	if (!note_first(w, own, priority, all)) {
		write_find(w, FINDING_LEFT, rule->place, group->name,
		           "a group has one rule of priority %s, and a rule has one group; this "
		           "one is left out", priority);
		return;
	}
	base = write_begin(w, "virtual-rule", priority, NULL);
	if (write_put(w, rule->place, group->name, "table", table, NULL)) {
		put_unless_empty(w, rule->place, group->name, "from", from);
		put_unless_empty(w, rule->place, group->name, "to", to);
		put_unless_empty(w, rule->place, group->name, "mark", mark);
		put_unless_empty(w, rule->place, group->name, "inbound-interface", rule->inbound);
		put_unless_empty(w, rule->place, group->name, "outbound-interface",
		                 rule->outbound);
	}
	write_end(w, base);
}

void
write_routes(struct writing *w, const struct model_group *group, bool has_v4, bool has_v6)
{
	struct nameset routes = { 0 }, rules = { 0 };

	for (size_t i = 0; i < group->route_count; i++)
		write_route(w, group, &group->routes[i], has_v4, has_v6, &routes);
	for (size_t i = 0; i < group->rule_count; i++)
		write_rule(w, group, &group->rules[i], has_v4, has_v6, &rules);
	nameset_done(&routes);
	nameset_done(&rules);
}
