/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What a pair of routers is made of, found out from their two configurations: networks, each with
 * an interface of one or both routers; seats, each a VRRP group that one or both can take; parties,
 * each the seats that move together.  A switch is thought between the two interfaces of a network.
 */
#ifndef TANDEM_SCENE_H
#define TANDEM_SCENE_H

#include "base/base.h"
#include "config/nameset.h"
#include "config/pair.h"
#include "config/problem.h"
#include "core/settings.h"
#include "sim/duo.h"

struct network {
	int32_t links[DUO_ROUTERS];	/* in the settings of each, -1 = none */
	bool speaks[DUO_ROUTERS];	/* it has an address or a group there */
	bool has_seats;
};

struct seat {
	uint32_t network;
	uint32_t party;
	uint8_t vrid;
	uint8_t family;
	int32_t groups[DUO_ROUTERS];	/* in the settings of each, -1 = none */
};

struct party {
	char name[SYNC_NAME_SIZE + 32];	/* "SYNC1", "dp0bond0 group 1" */
	bool is_sync;
	uint32_t first_seat;
};

struct scene {
	struct pair pair;
	const struct settings *settings[DUO_ROUTERS];
	int32_t *networks_of[DUO_ROUTERS];	/* by link, -1 = none */
	struct network *networks;
	uint32_t network_count;
	struct seat *seats;
	uint32_t seat_count;
	struct party *parties;
	uint32_t party_count;
};

/* Trees and settings must outlive it. */
void scene_open(struct scene *scene, const struct lyd_node *const trees[DUO_ROUTERS],
                const struct settings *const settings[DUO_ROUTERS]);
void scene_close(struct scene *scene);

/* What people call a network: its interface on r1, or else on r2. */
const char *scene_network_name(const struct scene *scene, uint32_t network);
const char *scene_link_name(const struct scene *scene, unsigned router, uint32_t link);
/* The group of a seat in the configuration of a router, or else of the other one. */
const struct lyd_node *scene_group(const struct scene *scene, const struct seat *seat,
                                   unsigned router);

#endif
