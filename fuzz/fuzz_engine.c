/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Any frames at any times at an engine with groups of every kind: version 2 without and with each
 * authentication, version 3 of both families, a sync group of two.  Nothing may be read past its
 * end; what is not accepted moves neither a state nor a timer; the members of the sync group agree.
 *
 * Input: records of time since the last (16 bits, in 256 us), link and length (8 bits each), frame.
 */
#include <stdlib.h>
#include <string.h>

#include "core/engine.h"

#define ROOM 4096u

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void
expect(bool holds)
{
	if (!holds)
		abort();
}

static const struct {
	uint8_t link, vrid, family, version, auth;
	int32_t sync;
	nsec_t interval;
	bool both, unicast, owner;
} groups[] = {
	{ 0, 7, 4, 2, AUTH_NONE, 0, NSEC_PER_SEC },
	{ 1, 7, 4, 2, AUTH_NONE, 0, NSEC_PER_SEC },
	{ 0, 8, 4, 2, AUTH_TEXT, -1, NSEC_PER_SEC },
	{ 1, 9, 4, 2, AUTH_AH, -1, NSEC_PER_SEC },
	{ 1, 8, 4, 3, AUTH_NONE, -1, 500 * NSEC_PER_MSEC },
	{ 1, 7, 6, 3, AUTH_NONE, -1, 500 * NSEC_PER_MSEC },
	{ 0, 9, 4, 3, AUTH_NONE, -1, 100 * NSEC_PER_MSEC, .both = true },
	{ 0, 10, 4, 3, AUTH_NONE, -1, NSEC_PER_SEC, .unicast = true },
	{ 0, 11, 4, 3, AUTH_NONE, -1, NSEC_PER_SEC, .owner = true },
};
#define GROUPS ARRAY_SIZE(groups)

static struct settings *
make_settings(void)
{
	struct settings *s = settings_new(&(struct settings_counts){
		.links = 2, .groups = GROUPS, .syncs = 1, .addresses = GROUPS, .peers = 1,
	});

	expect(s);
	for (uint32_t i = 0; i < 2; i++) {
		struct link_settings *link = &settings_links(s)[i];

		memcpy(link->name, i == 0 ? "eth0" : "eth1", 5);
		link->parent = link->member_of = -1;
	}
	memcpy(settings_syncs(s)[0].name, "S", 2);
	for (uint32_t i = 0; i < GROUPS; i++) {
		struct group_settings *g = &settings_groups(s)[i];
		struct address_settings *address = &settings_addresses(s)[i];
		const char *text = groups[i].family == 6 ? "fe80::7/64" : "192.0.2.10/24";

		group_settings_init(g);
		g->link = groups[i].link;
		g->sync = groups[i].sync;
		g->vrid = groups[i].vrid;
		g->family = groups[i].family;
		g->version = groups[i].version;
		g->auth = groups[i].auth;
		g->interval = groups[i].interval;
		g->both_versions = groups[i].both;
		g->peer_count = groups[i].unicast;
		if (g->auth != AUTH_NONE)
			memcpy(g->password, "secret", 6);
		g->address_first = i;
		g->address_count = 1;
		expect(prefix_parse(text, &address->prefix));
		address->link = -1;
	}
	expect(ip_parse("192.0.2.2", &settings_peers(s)[0].address));
	settings_peers(s)[0].minimum_ttl = 250;
	expect(settings_check(s, s->size, NULL) == 0);
	return s;
}

static void
feed(struct engine *engine, uint32_t link, struct reader frame, nsec_t now, struct effects *out)
{
	struct vrouter_status before[GROUPS];
	bool accepted = false;

	for (uint32_t i = 0; i < GROUPS; i++)
		before[i] = *engine_status(engine, i);
	engine_on_frame(engine, link, frame, now, now, out);
	for (uint32_t i = 0; i < GROUPS; i++)
		accepted = accepted || engine_status(engine, i)->counters.adverts_received !=
		                       before[i].counters.adverts_received;
	for (uint32_t i = 0; !accepted && i < GROUPS; i++) {
		const struct vrouter_status *after = engine_status(engine, i);

		expect(after->state == before[i].state);
		expect(after->next_advert == before[i].next_advert);
		expect(after->down_deadline == before[i].down_deadline);
	}
	expect(engine_status(engine, 0)->state == engine_status(engine, 1)->state);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct link_input input = {
		.usable = true, .exists = true, .mtu = 1500,
		.source4 = ip_from_v4((const uint8_t[]){ 192, 0, 2, 1 }),
		.source6 = ip_from_v6((const uint8_t[]){ 0xfe, 0x80, [15] = 9 }),
	};
	static struct effect list[ROOM];
	struct effects out = { .list = list, .capacity = ROOM };
	struct engine *engine = engine_new();
	struct settings *settings = make_settings();
	struct reader in = reader_over(data, size);
	nsec_t now = NSEC_PER_SEC;

	expect(engine && engine_adopt(engine, settings, now, &out) == 0);
	engine_on_link(engine, 0, &input, now, &out);
	input.source4.bytes[3] = 3;
	engine_on_link(engine, 1, &input, now, &out);
	for (uint32_t i = 0; i < GROUPS; i++)
		engine_on_owner(engine, i, groups[i].owner, now, &out);
	while (reader_left(&in) >= 4) {
		nsec_t pause = read_u16(&in) * 256 * NSEC_PER_USEC;
		uint32_t link = read_u8(&in) & 1;
		size_t length = read_u8(&in);
		struct reader frame;

		if (length > reader_left(&in))
			length = reader_left(&in);
		frame = read_sub(&in, length);
		out.count = 0;
		for (nsec_t until = now + pause; now < until; out.count = 0) {
			now = nsec_min(until, now + engine_tick(engine));
			engine_on_time(engine, now, now, &out);
		}
		feed(engine, link, frame, now, &out);
	}
	engine_free(engine);
	free(settings);
	return 0;
}
