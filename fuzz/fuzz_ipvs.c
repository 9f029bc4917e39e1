/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Any bytes as the answers of the load balancer: they are read or refused without harm, and what
 * was read stands being compared with what is wished, and being changed into it: every request says
 * of which service and destination it is.
 */
#include <linux/netlink.h>
#include <stdlib.h>
#include <string.h>

#include "core/balance.h"
#include "system/ipvs_message.h"
#include "system/netlink.h"

#define FAMILY 32u
#define SERVICES_MAX 8u
#define DESTS_MAX 16u

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static _Alignas(8) uint8_t request[IPVS_REQUEST_MAX];

struct picture {
	struct balance_service services[SERVICES_MAX];
	struct balance_dest dests[DESTS_MAX];
	struct balance_table table;
};

static void
expect(bool condition)
{
	if (!condition)
		abort();
}

/* Destinations belong to the service before them. */
static void
hear(void *owner, const struct nlmsghdr *message)
{
	struct picture *picture = owner;
	struct balance_table *table = &picture->table;
	struct balance_service service, *last;
	struct balance_dest dest;
	uint16_t type;

	if (ipvs_message_read_family(message, &type))
		expect(type > 0);
	if (ipvs_message_read_service(message, &service) && table->service_count < SERVICES_MAX) {
		expect(service.family == 4 || service.family == 6);
		expect(service.algorithm <= BALANCE_ALGORITHMS);
		service.first = table->dest_count;
		table->services[table->service_count++] = service;
	}
	if (table->service_count == 0)
		return;
	last = &table->services[table->service_count - 1];
	if (ipvs_message_read_dest(message, last->family, &dest) &&
	    table->dest_count < DESTS_MAX) {
		expect(dest.address.family == 4 || dest.address.family == 6);
		expect(dest.method <= BALANCE_METHODS);
		table->dests[table->dest_count++] = dest;
		last->count++;
	}
}

static bool
on_step(void *owner, const struct balance_step *step)
{
	struct balance_service service;
	struct balance_dest dest;

	(void)owner;
	if (step->kind == BALANCE_TAKEN)
		return true;
	expect(ipvs_message_step(request, FAMILY, 1, step)->nlmsg_len <= sizeof(request));
	expect(ipvs_message_read_service((struct nlmsghdr *)request, &service));
	expect(balance_service_order(&service, step->service) == 0);
	if (step->kind < BALANCE_ADD_DEST)
		return true;
	expect(ipvs_message_read_dest((struct nlmsghdr *)request, service.family, &dest));
	expect(balance_dest_order(&dest, &step->dest) == 0);
	expect(step->kind == BALANCE_DELETE_DEST || dest.weight == step->dest.weight);
	return true;
}

/* 192.0.2.1:80 over 192.0.2.11:8080, which the corpus has with other properties, and one more. */
static void
wish_for(struct picture *wish)
{
	static const uint8_t virtual[] = { 192, 0, 2, 1 }, real[] = { 192, 0, 2, 11 };
	const struct virtual_settings server = {
		.family = 4,
		.protocol = VIRTUAL_TCP,
		.address = ip_from_v4(virtual),
		.port = 80,
	};

	wish->services[0] = balance_service(&server);
	wish->services[0].count = 2;
	for (uint16_t i = 0; i < 2; i++)
		wish->dests[i] = (struct balance_dest){ .address = ip_from_v4(real),
			                                .port = 8080 + i, .weight = 1 };
	wish->table.service_count = 1;
	wish->table.dest_count = 2;
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct picture world = { 0 }, wish = { 0 };
	uint8_t *bytes = malloc(size ? size : 1);	/* memory that ends where the bytes do */

	expect(bytes != NULL);
	if (size)
		memcpy(bytes, data, size);
	world.table.services = world.services;
	world.table.dests = world.dests;
	wish.table.services = wish.services;
	wish.table.dests = wish.dests;
	wish_for(&wish);
	netlink_walk(bytes, size, hear, &world);
	balance_sort(&world.table);
	balance_plan(&wish.table, &world.table, on_step, NULL);
	/* Theirs become ours: then all of it is removed or changed. */
	for (uint32_t i = 0; i < world.table.service_count; i++)
		world.services[i].flags |= BALANCE_OURS;
	balance_plan(&wish.table, &world.table, on_step, NULL);
	free(bytes);
	return 0;
}
