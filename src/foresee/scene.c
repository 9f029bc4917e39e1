/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A link of the settings has the number it has in the survey, so that what the pair says of
 * interfaces holds here.  Members of bonds are no networks of their own: their bond stands for
 * them.
 */
#include "foresee/scene.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static void *
new_array(size_t count, size_t size)
{
	void *array = calloc(count + 1, size);

	assert(array);
	return array;
}

/* ---- networks ------------------------------------------------------------------------------- */

/* Does anything leave by the link itself, not only by what is on it? */
static bool
is_used(const struct scene *scene, unsigned router, uint32_t link)
{
	const struct survey_link *l = &scene->pair.surveys[router].links[link];

	return survey_is_routed(l) &&
	       (l->address_count > 0 || l->group_count > 0);
}

static void
add_network(struct scene *scene, int32_t first, int32_t second)
{
	struct network *network = &scene->networks[scene->network_count];
	int32_t links[] = { first, second };

	for (unsigned r = 0; r < DUO_ROUTERS; r++) {
		network->links[r] = links[r];
		network->speaks[r] = links[r] >= 0 && is_used(scene, r, (uint32_t)links[r]);
		if (links[r] >= 0)
			scene->networks_of[r][links[r]] = (int32_t)scene->network_count;
	}
	scene->network_count++;
}

static void
find_networks(struct scene *scene)
{
	uint32_t most = scene->settings[0]->link_count + scene->settings[1]->link_count;

	scene->networks = new_array(most, sizeof(*scene->networks));
	for (unsigned r = 0; r < DUO_ROUTERS; r++) {
		uint32_t count = scene->settings[r]->link_count;

		assert(count == scene->pair.surveys[r].link_count);
		scene->networks_of[r] = new_array(count, sizeof(int32_t));
		for (uint32_t i = 0; i < count; i++)
			scene->networks_of[r][i] = -1;
	}
	for (uint32_t i = 0; i < scene->settings[0]->link_count; i++) {
		int mate = scene->pair.mates[0][i];

		if (is_used(scene, 0, i) || (mate >= 0 && is_used(scene, 1, (uint32_t)mate)))
			add_network(scene, (int32_t)i, mate);
	}
	for (uint32_t i = 0; i < scene->settings[1]->link_count; i++)
		if (scene->pair.mates[1][i] < 0 && is_used(scene, 1, i))
			add_network(scene, -1, (int32_t)i);
}

/* ---- seats ---------------------------------------------------------------------------------- */

static uint32_t
party_of(struct scene *scene, struct nameset *names, const struct seat *seat)
{
	unsigned r = seat->groups[0] >= 0 ? 0 : 1;
	const struct settings *s = scene->settings[r];
	const struct group_settings *g = &settings_groups(s)[seat->groups[r]];
	struct party *party = &scene->parties[scene->party_count];
	bool is_new;
	uint32_t number;

	*party = (struct party){ .is_sync = g->sync >= 0, .first_seat = scene->seat_count };
	if (party->is_sync)
		snprintf(party->name, sizeof(party->name), "%s", settings_syncs(s)[g->sync].name);
	else
		snprintf(party->name, sizeof(party->name), "%s group %u",
		         settings_link_of(s, g)->name, g->vrid);
	number = nameset_add(names, party->name, &is_new);
	scene->party_count += is_new;
	return number;
}

/* The group of that router with this number on the network, or -1. */
static int32_t
find_group(const struct scene *scene, unsigned router, const struct network *network,
           const struct group_settings *like)
{
	const struct settings *s = scene->settings[router];
	const char *interface;

	if (network->links[router] < 0)
		return -1;
	interface = settings_links(s)[network->links[router]].name;
	return settings_find_group(s, interface, like->vrid, like->family);
}

static void
find_seats(struct scene *scene)
{
	uint32_t most = scene->settings[0]->group_count + scene->settings[1]->group_count;
	struct nameset names = { 0 };

	scene->seats = new_array(most, sizeof(*scene->seats));
	scene->parties = new_array(most, sizeof(*scene->parties));
	for (unsigned r = 0; r < DUO_ROUTERS; r++) {
		for (uint32_t i = 0; i < scene->settings[r]->group_count; i++) {
			const struct group_settings *g = &settings_groups(scene->settings[r])[i];
			int32_t number = scene->networks_of[r][g->link];
			struct network *network = &scene->networks[number];
			int32_t partner = find_group(scene, 1 - r, network, g);
			struct seat *seat = &scene->seats[scene->seat_count];

			network->has_seats = true;
			if (r == 1 && partner >= 0)
				continue;
			*seat = (struct seat){ .network = (uint32_t)number, .vrid = g->vrid,
					       .family = g->family };
			seat->groups[r] = (int32_t)i;
			seat->groups[1 - r] = partner;
			seat->party = party_of(scene, &names, seat);
			scene->seat_count++;
		}
	}
	nameset_done(&names);
}

void
scene_open(struct scene *scene, const struct lyd_node *const trees[DUO_ROUTERS],
           const struct settings *const settings[DUO_ROUTERS])
{
	*scene = (struct scene){ .settings = { settings[0], settings[1] } };
	pair_open(&scene->pair, trees[0], trees[1]);
	find_networks(scene);
	find_seats(scene);
}

void
scene_close(struct scene *scene)
{
	pair_close(&scene->pair);
	for (unsigned r = 0; r < DUO_ROUTERS; r++)
		free(scene->networks_of[r]);
	free(scene->networks);
	free(scene->seats);
	free(scene->parties);
}

/* ---- names ---------------------------------------------------------------------------------- */

const char *
scene_link_name(const struct scene *scene, unsigned router, uint32_t link)
{
	return settings_links(scene->settings[router])[link].name;
}

const char *
scene_network_name(const struct scene *scene, uint32_t network)
{
	const int32_t *links = scene->networks[network].links;
	unsigned router = links[0] >= 0 ? 0 : 1;

	return scene_link_name(scene, router, (uint32_t)links[router]);
}

const struct lyd_node *
scene_group(const struct scene *scene, const struct seat *seat, unsigned router)
{
	unsigned r = seat->groups[router] >= 0 ? router : 1 - router;
	const struct survey *s = &scene->pair.surveys[r];
	const struct survey_link *link = &s->links[scene->networks[seat->network].links[r]];

	for (size_t i = link->group_first; i < link->group_first + link->group_count; i++)
		if (s->groups[i].vrid == seat->vrid)
			return s->groups[i].node;
	assert(!"a group of the settings is in the configuration");
	return NULL;
}
