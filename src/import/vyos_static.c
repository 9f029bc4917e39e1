/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A route of VyOS has several ways, each with a distance of its own; of each becomes a route of the
 * model.  Up to VyOS 1.3 a way over an interface stood in lists of its own.
 */
#include "import/vyos_static.h"

#include <string.h>

#include "import/keyword.h"

static struct model_route *
add_route(struct model *model, const struct statement *way, const char *prefix)
{
	struct model_route *route = MODEL_ADD(model, routes, route_count);

	route->place = way->place;
	route->prefix = prefix;
	return route;
}

/* What is said of a way. */
static void
read_way(struct model *model, const struct statement *way, struct model_route *route)
{
	for (const struct statement *s = way->first; s; s = s->next) {
		if (statement_is(s, "distance"))
			route->metric = keyword_below(s).text;
		else if (statement_is(s, "interface") || statement_is(s, "next-hop-interface"))
			route->interface = keyword_below(s).text;
		else if (statement_is(s, "disable"))
			route->disable = true;
		else
			keyword_find(model, FINDING_LEFT, s,
			             "a static route has no such property; it is set without");
	}
}

static void
read_ways(struct model *model, const struct statement *list, const char *prefix, bool by_interface)
{
	for (const struct statement *s = list->first; s; s = s->next) {
		struct model_route *route = add_route(model, s, prefix);

		if (by_interface)
			route->interface = statement_word(s, 0);
		else
			route->next_hop = statement_word(s, 0);
		read_way(model, s, route);
	}
}

static void
read_route(struct model *model, const struct statement *node)
{
	const char *prefix = statement_word(node, 0);

	for (const struct statement *s = node->first; s; s = s->next) {
		bool blackhole = statement_is(s, "blackhole");

		if (statement_is(s, "next-hop")) {
			read_ways(model, s, prefix, false);
		} else if (statement_is(s, "interface") || statement_is(s, "next-hop-interface")) {
			read_ways(model, s, prefix, true);
		} else if (blackhole || statement_is(s, "reject")) {
			struct model_route *route = add_route(model, s, prefix);

			route->blackhole = blackhole;
			route->unreachable = !blackhole;
			read_way(model, s, route);
		} else if (!statement_is(s, "description")) {
			keyword_find(model, FINDING_LEFT, s,
			             "a static route has no such way; set another by hand");
		}
	}
}

static void
read_routes(struct model *model, const struct statement *list, void *into UNUSED)
{
	for (const struct statement *s = list->first; s; s = s->next)
		read_route(model, s);
}

void
vyos_static_read(struct model *model, const struct statement *protocols)
{
	static const struct keyword table[] = {
		{ "interface-route", KEYWORD_CALL, .read = read_routes },
		{ "interface-route6", KEYWORD_CALL, .read = read_routes },
		{ "route", KEYWORD_CALL, .read = read_routes },
		{ "route6", KEYWORD_CALL, .read = read_routes },
		{ "table", KEYWORD_LEFT, .text = "static routes are those of the main table" },
		{ NULL },
	};

	for (const struct statement *s = protocols->first; s; s = s->next) {
		if (statement_is(s, "static"))
			keyword_walk(model, s, table, NULL, "protocols static");
		else
			keyword_find(model, FINDING_UNNEEDED, s,
			             "another protocol, which is not looked at");
	}
}
