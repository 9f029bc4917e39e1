/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Packets of one size, one after the other: the ordinary ones, then the same with priority 0; in
 * each half our version's first, one for each peer, then those of version 2 where both are spoken.
 * An authentication header is finished when its packet is asked for: it counts.  Such packets are
 * there twice, used in turn, so that one may still wait to be sent when the next is asked for.
 */
#include "core/frames.h"

#include <string.h>

#include "core/advert.h"

/* Where packets go: one multicast group, or so many peers. */
static uint32_t
destinations(const struct group_settings *g)
{
	return g->peer_count ? g->peer_count : 1;
}

static uint32_t
versions(const struct group_settings *g)
{
	return g->both_versions ? 2 : 1;
}

/* Bytes of the longest packet of the group. */
static size_t
longest(const struct group_settings *g)
{
	size_t header = g->family == 4 ? 20 : 40;
	size_t address = g->family == 4 ? 4 : 16;

	if (g->auth == AUTH_AH)
		header += AUTH_HEADER_SIZE;
	if (g->version == 2 || g->both_versions)
		header += PASSWORD_SIZE;	/* behind the addresses */
	return ADVERT_ETHERNET + header + 8 + address * g->address_count;
}

static uint32_t
packets(const struct group_settings *g)
{
	return versions(g) * destinations(g);
}

static uint32_t
copies(const struct group_settings *g)
{
	return g->auth == AUTH_AH ? 2 : 1;
}

size_t
frames_room(const struct group_settings *g)
{
	return copies(g) * 2 * packets(g) * longest(g);
}

static uint8_t *
place(const struct vrouter *v, uint32_t copy, bool resign, uint32_t index)
{
	return v->frames + ((2 * copy + resign) * packets(v->settings) + index) * v->frame_room;
}

nsec_t
frames_interval_of_version_2(const struct group_settings *g)
{
	return (g->interval + NSEC_PER_SEC - 1) / NSEC_PER_SEC * NSEC_PER_SEC;
}

/* Build what goes to one destination in one version. */
static void
build_one(struct vrouter *v, struct advert *ad, uint32_t index)
{
	uint8_t bytes[ADVERT_FRAME_MAX];

	for (int resign = 0; resign < 2; resign++) {
		ad->priority = resign ? ADVERT_PRIORITY_RESIGN : v->status.effective_priority;

		size_t length = advert_encode(ad, bytes);

		assert(length <= v->frame_room);
		for (uint32_t copy = 0; copy < copies(v->settings); copy++)
			memcpy(place(v, copy, resign, index), bytes, length);
		v->frame_length[index >= destinations(v->settings)] = length;
	}
}

void
frames_build(struct vrouter *v)
{
	const struct group_settings *g = v->settings;
	uint8_t addresses[16 * GROUP_ADDRESSES_MAX];
	size_t size = g->family == 4 ? 4 : 16;
	struct advert ad = {
		.version = g->version,
		.family = g->family,
		.vrid = g->vrid,
		.auth = g->auth,
		.sum_form = g->sum_form,
		.interval = g->interval,
		.sender = v->mac,
		.source = v->status.source,
		.destination = advert_destination(g->family),
		.address_count = (uint8_t)g->address_count,
		.addresses = addresses,
	};

	v->frame_room = longest(g);
	for (uint32_t i = 0; i < g->address_count; i++)
		memcpy(addresses + size * i, v->addresses[i].prefix.ip.bytes, size);
	if (g->auth == AUTH_TEXT)
		memcpy(ad.auth_data, g->password, sizeof(ad.auth_data));
	for (uint32_t i = 0; i < packets(g); i++) {
		if (g->peer_count)
			ad.destination = v->peers[i % g->peer_count].address;
		if (i >= destinations(g)) {
			ad.version = 2;
			ad.interval = frames_interval_of_version_2(g);
		}
		build_one(v, &ad, i);
	}
}

void
frames_clear(struct vrouter *v)
{
	v->frame_length[0] = 0;
}

uint32_t
frames_count(const struct vrouter *v)
{
	return v->frame_length[0] ? packets(v->settings) : 0;
}

struct frame
frames_get(struct vrouter *v, bool resign, uint32_t index)
{
	const struct group_settings *g = v->settings;
	struct vrouter_status *s = &v->status;
	size_t length = v->frame_length[index >= destinations(g)];
	uint8_t *bytes;

	assert(index < frames_count(v));
	if (g->auth == AUTH_AH && index == 0) {
		s->ah_sequence = auth_header_next(s->ah_sequence);
		v->version++;
	}
	bytes = place(v, s->ah_sequence % copies(g), resign, index);
	if (g->auth == AUTH_AH)
		advert_seal(bytes, length, g->password, s->ah_sequence);
	if (g->peer_count == 0)
		return (struct frame){ .bytes = bytes, .length = length };
	return (struct frame){
		.bytes = bytes + ADVERT_ETHERNET,
		.length = length - ADVERT_ETHERNET,
		.unicast = v->peers[index % g->peer_count].address,
	};
}
