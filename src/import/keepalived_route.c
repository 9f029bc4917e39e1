/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Reads routes and rules.  A route or rule that Tandem could only have in part is left out as a
 * whole where the missing part decides where packets go, and told of otherwise.
 */
#include "import/keepalived_route.h"

#include <stdlib.h>
#include <string.h>

/* A word and its value, which goes into a text of the route or rule. */
struct option {
	const char *word;
	size_t offset;
};

static bool
take_option(const struct option options[], const struct statement *s, size_t *at, void *into)
{
	for (; options->word; options++) {
		if (strcmp(options->word, statement_word(s, *at)) != 0)
			continue;
		*(const char **)((char *)into + options->offset) = statement_word(s, ++*at);
		return true;
	}
	return false;
}

static bool
is_one_of(const char *word, const char *const words[])
{
	for (; *words; words++) {
		if (strcmp(*words, word) == 0)
			return true;
	}
	return false;
}

/* Reads the words; NULL, or one that makes the whole of it impossible.  block: whose. */
static const char *
read_route(struct model *model, const struct statement *s, const char *block,
           struct model_route *route)
{
	static const struct option options[] = {
		{ "src", offsetof(struct model_route, source) },
		{ "via", offsetof(struct model_route, next_hop) },
		{ "gw", offsetof(struct model_route, next_hop) },
		{ "dev", offsetof(struct model_route, interface) },
		{ "oif", offsetof(struct model_route, interface) },
		{ "table", offsetof(struct model_route, table) },
		{ "metric", offsetof(struct model_route, metric) },
		{ "priority", offsetof(struct model_route, metric) },
		{ "preference", offsetof(struct model_route, metric) },
		{ "to", offsetof(struct model_route, prefix) },
		{ NULL },
	};
	static const char *const decisive[] = {
		"or", "nexthop", "unreachable", "prohibit", "throw", "tos", "dsfield", "vrf",
		"encap", "multipath", NULL,
	};
	static const char *const plain[] = { "inet", "inet6", "unicast", NULL };
	static const char *const flags[] = { "onlink", "no_track", "append", "prepend", "add",
	                                     NULL };

	for (size_t i = 0; i < s->words.count; i++) {
		const char *word = statement_word(s, i);

		if (take_option(options, s, &i, route) || is_one_of(word, plain))
			continue;
		if (is_one_of(word, decisive))
			return word;
		if (strcmp(word, "blackhole") == 0) {
			route->blackhole = true;
		} else if (!route->prefix && (strchr("0123456789", word[0]) ||
		                              strchr(word, ':') || strcmp(word, "default") == 0)) {
			route->prefix = word;
		} else {
			/* The others have a value. */
			if (!is_one_of(word, flags))
				i++;
			findings_add(model->findings, FINDING_LEFT, s->place, block,
			             "a route has no %s; it is set without", word);
		}
	}
	return NULL;
}

void
keepalived_route_read(struct model *model, const struct statement *block, void *into)
{
	struct model_group *group = into;

	for (const struct statement *s = block->first; s; s = s->next) {
		struct model_route route = { .place = s->place };
		const char *obstacle = read_route(model, s, "virtual_routes", &route);

		if (obstacle)
			findings_add(model->findings, FINDING_LEFT, s->place, "virtual_routes",
			             "a virtual route cannot have '%s'; the route is left out, set "
			             "it by a program of run-transition-scripts", obstacle);
		else
			*MODEL_ADD(group, routes, route_count) = route;
	}
}

void
keepalived_route_read_statics(struct model *model, const struct statement *block,
                              void *into UNUSED)
{
	for (const struct statement *s = block->first; s; s = s->next) {
		struct model_route route = { .place = s->place };
		const char *obstacle = read_route(model, s, "static_routes", &route);

		if (obstacle)
			findings_add(model->findings, FINDING_LEFT, s->place, "static_routes",
			             "a static route cannot have '%s'; the route is left out, set "
			             "protocols static by hand", obstacle);
		else
			*MODEL_ADD(model, routes, route_count) = route;
	}
}

static const char *
read_rule(const struct statement *s, struct model_rule *rule)
{
	static const struct option options[] = {
		{ "from", offsetof(struct model_rule, from) },
		{ "to", offsetof(struct model_rule, to) },
		{ "iif", offsetof(struct model_rule, inbound) },
		{ "dev", offsetof(struct model_rule, inbound) },
		{ "oif", offsetof(struct model_rule, outbound) },
		{ "fwmark", offsetof(struct model_rule, mark) },
		{ "table", offsetof(struct model_rule, table) },
		{ "lookup", offsetof(struct model_rule, table) },
		{ "preference", offsetof(struct model_rule, priority) },
		{ "priority", offsetof(struct model_rule, priority) },
		{ "order", offsetof(struct model_rule, priority) },
		{ NULL },
	};
	static const char *const plain[] = { "inet", "inet6", "no_track", NULL };

	for (size_t i = 0; i < s->words.count; i++) {
		const char *word = statement_word(s, i);

		if (!take_option(options, s, &i, rule) && !is_one_of(word, plain))
			return word;
	}
	return NULL;
}

void
keepalived_route_read_rules(struct model *model, const struct statement *block, void *into)
{
	struct model_group *group = into;

	for (const struct statement *s = block->first; s; s = s->next) {
		struct model_rule rule = { .place = s->place };
		const char *obstacle = read_rule(s, &rule);

		if (obstacle)
			findings_add(model->findings, FINDING_LEFT, s->place, "virtual_rules",
			             "a virtual rule cannot have '%s'; the rule is left out, set "
			             "it by a program of run-transition-scripts", obstacle);
		else
			*MODEL_ADD(group, rules, rule_count) = rule;
	}
}
