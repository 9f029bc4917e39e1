/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Builds wrong packets from what the group's routers would accept, so that only the one fault
 * stands between the packet and the engine's state.
 */
#include <string.h>

#include "core/advert.h"
#include "sim/forge.h"

#define ETHERNET 14u
#define IP_TTL (ETHERNET + 8)
#define IP_CHECKSUM (ETHERNET + 10)
#define VRRP (ETHERNET + 20)
#define VRRP_CHECKSUM (VRRP + 6)

static const enum advert_fault kinds[] = {
	ADVERT_LENGTH, ADVERT_CHECKSUM, ADVERT_VERSION, ADVERT_TYPE, ADVERT_TTL,
	ADVERT_AUTH_MISMATCH, ADVERT_AUTH_FAILED, ADVERT_INTERVAL, ADVERT_NO_ADDRESS,
	ADVERT_DESTINATION,
};

/* Change one byte at an even place and mend the checksum: RFC 1624, equation 3. */
static void
change(uint8_t *bytes, size_t at, uint8_t value, size_t checksum)
{
	uint32_t sum = (uint16_t)~(bytes[checksum] << 8 | bytes[checksum + 1]);

	sum += (uint16_t)~(bytes[at] << 8 | bytes[at + 1]);
	bytes[at] = value;
	sum += (uint32_t)(bytes[at] << 8 | bytes[at + 1]);
	sum = (sum & 0xffff) + (sum >> 16);
	sum = (sum & 0xffff) + (sum >> 16);
	bytes[checksum] = (uint8_t)(~sum >> 8);
	bytes[checksum + 1] = (uint8_t)~sum;
}

/* What is wrong and can be said in the packet's own words. */
static void
misstate(struct advert *ad, enum advert_fault wrong)
{
	if (wrong == ADVERT_INTERVAL)	/* one that no plan ever asks for */
		ad->interval = 77 * NSEC_PER_SEC;
	if (wrong == ADVERT_NO_ADDRESS)
		ad->address_count = 0;
	if (wrong == ADVERT_AUTH_MISMATCH)
		ad->auth = ad->auth == AUTH_TEXT ? AUTH_NONE : AUTH_TEXT;
	if (wrong == ADVERT_AUTH_FAILED)
		ad->auth_data[0] ^= 1;
	if (wrong == ADVERT_DESTINATION)
		ad->destination.bytes[3]++;
}

void
forge_packet(struct world *world, unsigned group)
{
	const struct plan_group *g = &world->plan.groups[group];
	enum advert_fault wrong = kinds[chance_below(&world->chance, ARRAY_SIZE(kinds))];
	uint8_t address[4] = { 10, 0, g->segment, g->address_first };
	uint8_t bytes[ADVERT_FRAME_MAX];
	struct advert ad = {
		.version = 2,
		.family = 4,
		.vrid = g->vrid,
		.priority = chance_percent(&world->chance, 50) ? 255 : 0,
		.auth = g->auth,
		.interval = g->interval,
		.sender.bytes = { 2, 0, 0, 0, g->segment, 250 },
		.source = plan_address(249, g->segment),
		.destination = advert_destination(4),
		.address_count = 1,
		.addresses = address,
	};
	size_t length;

	if (wrong == ADVERT_AUTH_FAILED && g->auth != AUTH_TEXT)
		wrong = ADVERT_AUTH_MISMATCH;
	if (g->auth == AUTH_TEXT)
		memset(ad.auth_data, g->password, 5);
	misstate(&ad, wrong);
	length = advert_encode(&ad, bytes);
	if (wrong == ADVERT_LENGTH)
		length -= 4;
	if (wrong == ADVERT_CHECKSUM)
		bytes[VRRP_CHECKSUM]++;
	if (wrong == ADVERT_VERSION)
		change(bytes, VRRP, 0x31, VRRP_CHECKSUM);
	if (wrong == ADVERT_TYPE)
		change(bytes, VRRP, 0x22, VRRP_CHECKSUM);
	if (wrong == ADVERT_TTL)
		change(bytes, IP_TTL, 254, IP_CHECKSUM);

	world_note(world, HAPPENED_FORGED, 0, g->segment, g->vrid, wrong, 0);
	world_transmit(world, ROUTERS_MAX, g->segment, bytes, length, true);
}

bool
forge_storm(struct world *world, unsigned group, unsigned count, nsec_t within)
{
	nsec_t start = world->now;

	for (unsigned i = 0; i < count; i++) {
		if (!world_run_until(world, start + within * i / count))
			return false;
		forge_packet(world, group);
	}
	return world_run_until(world, start + within);
}
