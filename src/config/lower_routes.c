/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Static routes as state: what of the settings the kernel has, what waits, and what it refused.
 * Its words are in the problems that the engine told; a refusal is found there by the way it
 * begins.
 */
#include "config/lower.h"

#include <stdio.h>
#include <string.h>

#include "config/put.h"
#include "core/ifstatic.h"

#define SENTENCE_SIZE 512

static const char *const kinds[STATIC_KINDS] = {
	[STATIC_HOPS] = "unicast",
	[STATIC_BLACKHOLE] = "blackhole",
	[STATIC_UNREACHABLE] = "unreachable",
};

struct lowering {
	const struct lower_routes *facts;
	struct ifplan_view view;
};

/* What the kernel said of this route, or "". */
static const char *
refusal_of(const struct lowering *l, const struct static_settings *route, char text[SENTENCE_SIZE])
{
	struct ifstep step = ifstatic_step(route);
	char subject[IFSTEP_SUBJECT_SIZE], what[96], start[SENTENCE_SIZE];
	const char *at;

	ifstep_text(&step, what, sizeof(what));
	snprintf(start, sizeof(start), "%s: cannot %s: ", ifstep_subject(&step, subject), what);
	at = strstr(l->facts->problems, start);
	if (at != NULL) {
		at += strlen(start);
		snprintf(text, SENTENCE_SIZE, "%.*s", (int)strcspn(at, "\n"), at);
	} else {
		text[0] = '\0';
	}
	return text;
}

static void
put_state(struct lyd_node *node, const struct lowering *l, const struct static_settings *route,
          const struct hop_settings *hop, enum ifstatic_state state)
{
	char reason[IFSTATIC_REASON_SIZE], words[SENTENCE_SIZE];

	switch (state) {
	case IFSTATIC_INSTALLED:
		put_text(node, "state", "installed");
		return;
	case IFSTATIC_WAITING:
		put_text(node, "state", "waiting");
		put_text(node, "reason", ifstatic_reason(&l->view, hop, reason));
		return;
	case IFSTATIC_MISSING:
		break;
	}
	if (refusal_of(l, route, words)[0] != '\0') {
		put_text(node, "state", "refused");
		put_text(node, "reason", words);
	} else {
		put_text(node, "state", "pending");
	}
}

/* Is one of its next hops in the kernel, or it itself, if it has none? */
static bool
put_ways(struct lyd_node *node, const struct lowering *l, const struct static_settings *route)
{
	const struct hop_settings *hops =
		&settings_hops(l->facts->settings)[route->hop_first];
	const struct ifworld_link *link;
	enum ifstatic_state state;
	bool installed = false;

	if (route->kind != STATIC_HOPS) {
		state = ifstatic_state(&l->view, route, NULL, &link);
		put_state(node, l, route, NULL, state);
		return state == IFSTATIC_INSTALLED;
	}
	for (uint32_t i = 0; i < route->hop_count; i++) {
		struct lyd_node *hop = put_entry(node, "next-hop", NULL, NULL, NULL);

		state = ifstatic_state(&l->view, route, &hops[i], &link);
		put_ip(hop, "address", &hops[i].gateway);
		if (hops[i].interface[0] != '\0' || link != NULL)
			put_text(hop, "interface", link ? link->name : hops[i].interface);
		put_state(hop, l, route, &hops[i], state);
		installed |= state == IFSTATIC_INSTALLED;
	}
	return installed;
}

static void
put_routes(struct lyd_node *root, const struct lowering *l)
{
	const struct settings *s = l->facts->settings;
	const struct static_settings *used = NULL;

	for (uint32_t i = 0; i < s->static_count; i++) {
		const struct static_settings *route = &settings_statics(s)[i];
		char prefix[PREFIX_TEXT_SIZE], distance[8];
		struct lyd_node *node;

		snprintf(distance, sizeof(distance), "%u", route->distance);
		node = put_entry(root, "route", prefix_text(&route->destination, prefix), distance,
		                 NULL);
		put_text(node, "family", route->destination.ip.family == 4 ? "ipv4" : "ipv6");
		put_text(node, "kind", kinds[route->kind]);
		/* They stand in order: the first that is there is the one of lowest distance. */
		if (put_ways(node, l, route)) {
			bool first = used == NULL ||
			             !prefix_equal(&used->destination, &route->destination);

			put_bool(node, "preferred", first);
			used = route;
		} else {
			put_bool(node, "preferred", false);
		}
	}
}

void
lower_routes_state(const struct ly_ctx *schema, const struct lower_routes *facts,
                   struct lyd_node **tree)
{
	struct lyd_node *root = put_container(schema, tree, "routes-state");
	struct lowering l = {
		.facts = facts,
		.view = { .world = facts->world, .routes = facts->routes },
	};

	if (!facts->settings || !facts->world)
		return;
	l.view.nets = ifnets_new(facts->world);
	put_routes(root, &l);
	ifnets_free(l.view.nets);
}
