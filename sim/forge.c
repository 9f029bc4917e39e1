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
#define IP6_HOP_LIMIT (ETHERNET + 7)

/* What can be wrong. */
static const enum advert_fault kinds[] = {
	ADVERT_LENGTH, ADVERT_CHECKSUM, ADVERT_VERSION, ADVERT_TYPE, ADVERT_TTL, ADVERT_VRID,
	ADVERT_AUTH_INVALID, ADVERT_AUTH_MISMATCH, ADVERT_AUTH_FAILED, ADVERT_INTERVAL,
	ADVERT_NO_ADDRESS, ADVERT_FIRST_ADDRESS, ADVERT_DESTINATION, ADVERT_SOURCE, ADVERT_OWN,
};

/* How the group looks on the wire to the router that a forger has in mind. */
struct target {
	const struct plan_group *group;
	const struct plan_share *share;
	unsigned router;
	unsigned header;		/* where the message begins */
	unsigned version;
	unsigned auth;
};

static void
store(uint8_t *bytes, uint16_t value)
{
	bytes[0] = (uint8_t)(value >> 8);
	bytes[1] = (uint8_t)value;
}

/* Change one byte and mend the checksum over it: RFC 1624, equation 3. */
static void
change(uint8_t *bytes, size_t at, uint8_t value, size_t checksum)
{
	size_t even = at - (at - checksum) % 2;
	uint32_t sum = (uint16_t)~(bytes[checksum] << 8 | bytes[checksum + 1]);

	sum += (uint16_t)~(bytes[even] << 8 | bytes[even + 1]);
	bytes[at] = value;
	sum += (uint32_t)(bytes[even] << 8 | bytes[even + 1]);
	sum = (sum & 0xffff) + (sum >> 16);
	sum = (sum & 0xffff) + (sum >> 16);
	store(bytes + checksum, (uint16_t)~sum);
}

static bool
is_mixed(const struct plan_group *g)
{
	for (unsigned r = 1; r < ROUTERS_MAX; r++)
		if (g->at[r].version != g->at[0].version)
			return true;
	return false;
}

/* What one of the group's routers cannot tell from right is not wrong: choose something else. */
static enum advert_fault
possible(const struct target *t, enum advert_fault wrong)
{
	const struct plan_group *g = t->group;
	bool auth = wrong == ADVERT_AUTH_INVALID || wrong == ADVERT_AUTH_MISMATCH ||
		wrong == ADVERT_AUTH_FAILED;

	if (t->version == 3 && auth)
		return ADVERT_CHECKSUM;
	/* In version 3 any is right, but none at all is more than the encoder can say. */
	if (wrong == ADVERT_INTERVAL && (t->version == 3 || is_mixed(g)))
		return ADVERT_TYPE;
	if (wrong == ADVERT_AUTH_FAILED && t->auth == AUTH_NONE)
		return ADVERT_AUTH_MISMATCH;
	if (wrong == ADVERT_FIRST_ADDRESS && g->family != 6)
		return ADVERT_NO_ADDRESS;
	if (wrong == ADVERT_SOURCE && g->family != 6 && !g->unicast)
		return ADVERT_TTL;
	/* To the others, our address in a packet is just ours. */
	if (wrong == ADVERT_OWN && !g->unicast)
		return ADVERT_LENGTH;
	return wrong;
}

/* What is wrong and can be said in the packet's own words. */
static void
misstate(const struct target *t, struct advert *ad, enum advert_fault wrong)
{
	if (wrong == ADVERT_INTERVAL)	/* one that no plan ever asks for */
		ad->interval = 77 * NSEC_PER_SEC;
	if (wrong == ADVERT_NO_ADDRESS)
		ad->address_count = 0;
	if (wrong == ADVERT_AUTH_MISMATCH)
		ad->auth = ad->auth == AUTH_TEXT ? AUTH_NONE : AUTH_TEXT;
	if (wrong == ADVERT_AUTH_FAILED && t->auth == AUTH_TEXT)
		ad->auth_data[0] ^= 1;
	if (wrong == ADVERT_DESTINATION)
		ad->destination.bytes[t->group->family == 6 ? 15 : 3] += 100;
	if (wrong == ADVERT_VRID)
		ad->vrid = 77;
	if (wrong == ADVERT_SOURCE && t->group->unicast)
		ad->source = plan_address(t->group->family, 99, t->group->segment);
	else if (wrong == ADVERT_SOURCE)
		ad->source.bytes[0] = 0x20;
	if (wrong == ADVERT_OWN)
		ad->source = plan_address(t->group->family, t->router, t->group->segment);
}

/* What is wrong and must be cut into the finished packet; returns its length. */
static size_t
spoil(const struct target *t, uint8_t *bytes, size_t length, enum advert_fault wrong)
{
	size_t message = t->header;
	size_t sum = message + 6;

	if (wrong == ADVERT_LENGTH)
		length -= 4;
	if (wrong == ADVERT_CHECKSUM)
		bytes[sum]++;
	if (wrong == ADVERT_VERSION)
		change(bytes, message, is_mixed(t->group) || t->share->both_versions ? 0x41 :
		       t->version == 2 ? 0x31 : 0x21, sum);
	if (wrong == ADVERT_TYPE)
		change(bytes, message, (uint8_t)(t->version << 4 | 2), sum);
	if (wrong == ADVERT_AUTH_INVALID)
		change(bytes, message + 4, 9, sum);
	if (wrong == ADVERT_TTL && t->group->family == 6)
		bytes[IP6_HOP_LIMIT] = 254;
	else if (wrong == ADVERT_TTL)
		change(bytes, IP_TTL, 254, IP_CHECKSUM);
	return length;
}

static struct advert
truth(const struct world *world, const struct target *t, uint8_t *addresses)
{
	const struct plan_group *g = t->group;
	struct ip address = plan_virtual_address(g, 0);
	unsigned peer = (t->router + 1) % world->plan.routers;
	struct advert ad = {
		.version = (uint8_t)t->version,
		.family = g->family,
		.vrid = g->vrid,
		.auth = (uint8_t)t->auth,
		.sum_form = t->share->sum_form,
		.interval = t->share->interval,
		.sender.bytes = { 2, 0, 0, 0, g->segment, 250 },
		.source = plan_address(g->family, g->unicast ? peer : 249, g->segment),
		.destination = g->unicast ? plan_address(g->family, t->router, g->segment) :
					    advert_destination(g->family),
		.address_count = 1,
		.addresses = addresses,
	};

	memcpy(addresses, address.bytes, 16);
	if (t->auth == AUTH_TEXT)
		memset(ad.auth_data, g->password, 5);
	return ad;
}

/* While routers differ in what they were told, what is wrong for one may be right for another. */
static bool
all_follow_the_plan(const struct world *world)
{
	for (unsigned i = 0; i < world->plan.routers; i++)
		if (world->routers[i].run != ROUTER_OFF &&
		    world->routers[i].revision != world->plan.revision)
			return false;
	return true;
}

static void
forge(struct world *world, unsigned group)
{
	const struct plan_group *g = &world->plan.groups[group];
	unsigned router = chance_below(&world->chance, world->plan.routers);
	enum advert_fault wrong = kinds[chance_below(&world->chance, ARRAY_SIZE(kinds))];
	bool resign = chance_percent(&world->chance, 50);
	uint8_t addresses[16], bytes[ADVERT_FRAME_MAX], password[PASSWORD_SIZE] = { 0 };
	struct target t = {
		.group = g,
		.share = &g->at[router],
		.router = router,
		.header = ETHERNET + (g->family == 6 ? 40 : 20),
		.version = g->at[router].version,
		.auth = g->at[router].version == 2 ? g->auth : AUTH_NONE,
	};
	struct advert ad = truth(world, &t, addresses);
	size_t length;

	if (!g->present || !all_follow_the_plan(world))
		return;
	wrong = possible(&t, wrong);
	ad.priority = resign ? 0 : 255;
	if (wrong == ADVERT_FIRST_ADDRESS)
		addresses[0] = 0x20;
	misstate(&t, &ad, wrong);
	length = advert_encode(&ad, bytes);
	if (ad.auth == AUTH_AH)
		t.header += AUTH_HEADER_SIZE;
	length = spoil(&t, bytes, length, wrong);
	memset(password, wrong == ADVERT_AUTH_FAILED ? '?' : g->password, 5);
	if (ad.auth == AUTH_AH && wrong != ADVERT_LENGTH && wrong != ADVERT_TTL)
		advert_seal(bytes, length, password, 0x7fffffff);
	if (g->unicast) {		/* as it arrives */
		memset(bytes, 0, 12);
		store(bytes + 12, g->family == 6 ? 0x86dd : 0x0800);
	}
	world_note(world, HAPPENED_FORGED, 0, g->segment, g->vrid, wrong, 0);
	world_transmit(world, ROUTERS_MAX, g->unicast ? router : ROUTERS_MAX, g->segment, bytes,
		       length, true);
}

static void
replay(struct world *world, unsigned group)
{
	unsigned number = chance_below(&world->chance, CAPTURED_MAX);
	const struct captured *c = &world->captured[number];
	const struct plan_group *g = &world->plan.groups[group];

	if (c->parcel == NULL || c->group != group)
		return;
	world_note(world, HAPPENED_FORGED, 0, g->segment, g->vrid, ADVERT_REPLAY, 0);
	world_transmit(world, ROUTERS_MAX, ROUTERS_MAX, g->segment, c->parcel->bytes,
		       c->parcel->length, true);
}

static bool
storm(struct world *world, unsigned group, unsigned count, nsec_t within,
      void (*send)(struct world *world, unsigned group))
{
	nsec_t start = world->now;

	for (unsigned i = 0; i < count; i++) {
		if (!world_run_until(world, start + within / count * i))
			return false;
		send(world, group);
	}
	return world_run_until(world, start + within);
}

bool
forge_storm(struct world *world, unsigned group, unsigned count, nsec_t within)
{
	return storm(world, group, count, within, forge);
}

bool
forge_replay(struct world *world, unsigned group, unsigned count, nsec_t within)
{
	return storm(world, group, count, within, replay);
}
