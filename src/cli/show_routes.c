/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The layout of static routes: a line each next hop, those of a route below one another.
 */
#include "cli/show.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cli/data.h"
#include "cli/list.h"
#include "cli/print.h"

#define WIDTHS 4

struct columns {
	int widths[WIDTHS];
};

static void
widen(int *width, const char *text)
{
	int length = (int)strlen(text) + 2;

	if (length > *width)
		*width = length;
}

/* Addresses of IPv6 are long or short: the columns are as wide as what stands in them. */
static struct columns
columns_of(const struct lyd_node *state)
{
	struct columns columns = { { 20, 18, 17, 10 } };

	for (const struct lyd_node *r = data_child(state, "route"); r; r = data_next(r)) {
		widen(&columns.widths[0], data_text(r, "prefix"));
		for (const struct lyd_node *h = data_child(r, "next-hop"); h; h = data_next(h)) {
			widen(&columns.widths[1], data_text(h, "address"));
			widen(&columns.widths[2], data_text(h, "interface"));
		}
	}
	return columns;
}

static void
route_line(FILE *out, const struct columns *columns, const char *const texts[WIDTHS + 1])
{
	for (unsigned i = 0; i < WIDTHS; i++)
		print_column(out, texts[i], columns->widths[i]);
	fprintf(out, "%s\n", texts[WIDTHS]);
}

/* What is installed and not preferred stands by for what is. */
static const char *
state_text(const struct lyd_node *route, const struct lyd_node *way, char *text, size_t size)
{
	const char *state = data_text(way, "state"), *reason = data_text(way, "reason");

	if (strcmp(state, "installed") == 0)
		return data_is_true(route, "preferred") ? "installed" : "installed, stands by";
	if (strcmp(state, "waiting") == 0 && reason[0] != '\0')
		return reason;
	if (reason[0] == '\0')
		return state;
	snprintf(text, size, "%s: %s", state, reason);
	return text;
}

static void
show_route(FILE *out, const struct columns *columns, const struct lyd_node *route)
{
	const struct lyd_node *hop = data_child(route, "next-hop");
	const char *prefix = data_text(route, "prefix");
	char text[512];

	if (!hop) {
		const char *const texts[WIDTHS + 1] = {
			prefix, data_text(route, "kind"), "-", data_text(route, "distance"),
			state_text(route, route, text, sizeof(text)),
		};

		route_line(out, columns, texts);
	}
	for (; hop; hop = data_next(hop)) {
		const char *const texts[WIDTHS + 1] = {
			prefix, list_or(data_text(hop, "address"), "-"),
			list_or(data_text(hop, "interface"), "-"), data_text(route, "distance"),
			state_text(route, hop, text, sizeof(text)),
		};

		route_line(out, columns, texts);
		prefix = "";
	}
}

void
show_routes(FILE *out, const struct lyd_node *state)
{
	static const char *const heads[2][WIDTHS + 1] = {
		{ "Prefix", "Next hop", "Interface", "Distance", "State" },
		{ "------", "--------", "---------", "--------", "-----" },
	};
	const struct lyd_node *route = data_child(state, "route");
	struct columns columns = columns_of(state);

	if (!route) {
		fprintf(out, "No static routes\n");
		return;
	}
	for (unsigned i = 0; i < ARRAY_SIZE(heads); i++)
		route_line(out, &columns, heads[i]);
	for (; route; route = data_next(route))
		show_route(out, &columns, route);
}
