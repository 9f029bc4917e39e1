/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Writes routes that do not move with a group.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "import/writing.h"

#define DISTANCE_MAX 255u

/* A metric is a distance as far as there are so many; none, or 0, is the lowest. */
static const char *
distance_of(struct writing *w, const struct model_route *route, const char *name)
{
	unsigned long metric = route->metric ? strtoul(route->metric, NULL, 10) : 0;

	if (metric <= 1)
		return NULL;
	if (metric <= DISTANCE_MAX)
		return route->metric;
	write_find(w, FINDING_DIFFERS, route->place, name,
	           "a metric is a distance from 1 to %u; %s is %u now", DISTANCE_MAX, route->metric,
	           DISTANCE_MAX);
	return "255";
}

/* The leaves of one way, below which the base stands. */
static void
write_way(struct writing *w, const struct model_route *route, const char *name,
          const char *interface)
{
	const char *distance = distance_of(w, route, name);

	if (distance)
		write_try(w, route->place, name, "distance", distance, NULL);
	if (route->disable)
		write_try(w, route->place, name, "disable", NULL);
	if (interface)
		write_try(w, route->place, name, "interface", interface, NULL);
	if (route->source)
		write_find(w, FINDING_LEFT, route->place, name,
		           "a static route has no source address; it is set without");
}

/* Why a route cannot be written, or NULL. */
static const char *
obstacle_of(const struct model_route *route, bool understood)
{
	if (!understood)
		return "has no destination that is understood";
	if (route->table && strcmp(route->table, "main") != 0 && strcmp(route->table, "254") != 0)
		return "is of another table than main";
	if (!route->next_hop && !route->interface && !route->blackhole && !route->unreachable)
		return "leads nowhere";
	return NULL;
}

static void
write_route(struct writing *w, const struct model_route *route)
{
	char network[64], gateway[64], list[24];
	uint8_t family = 4;
	const char *obstacle;
	bool refuses = route->blackhole || route->unreachable;
	bool by_interface = !refuses && !route->next_hop;
	bool understood = (!route->next_hop ||
	                   write_address(route->next_hop, gateway, &family)) && route->prefix &&
	                  write_network(route->prefix, family, network, &family);

	obstacle = obstacle_of(route, understood);
	if (obstacle) {
		write_find(w, FINDING_LEFT, route->place, route->prefix ? route->prefix : "route",
		           "the route %s; it is left out", obstacle);
		return;
	}
	snprintf(list, sizeof(list), "%sroute%s", by_interface ? "interface-" : "",
	         family == 6 ? "6" : "");
	words_cut(&w->base, 0);
	write_begin(w, "protocols", "static", list, network, NULL);
	if (refuses)
		write_begin(w, route->blackhole ? "blackhole" : "unreachable", NULL);
	else if (by_interface)
		write_begin(w, "next-hop-interface", route->interface, NULL);
	else
		write_begin(w, "next-hop", gateway, NULL);
	if (!write_put(w, route->place, network, NULL))
		return;
	write_way(w, route, network, refuses || by_interface ? NULL : route->interface);
	write_find(w, FINDING_TAKEN, route->place, network, "protocols static %s", list);
}

void
write_statics(struct writing *w)
{
	for (size_t i = 0; i < w->model->route_count; i++)
		write_route(w, &w->model->routes[i]);
}
