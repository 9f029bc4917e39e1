/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Any frames at any times at an engine with a master, a backup and a guarded group.  Nothing may
 * be read past its end; what is not accepted moves neither a state nor a timer; the members of the
 * sync group agree; a packet that decodes encodes to the bytes it came from.
 *
 * Input: records of time since the last (16 bits, in 256 us), link and length (8 bits each), frame.
 */
#include <stdlib.h>
#include <string.h>

#include "core/advert.h"
#include "core/engine.h"

#define GROUPS 3u
#define ROOM 1024u

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void
expect(bool holds)
{
	if (!holds)
		abort();
}

static struct settings *
make_settings(void)
{
	struct settings *s = settings_new(2, GROUPS, 1, GROUPS);
	struct group_settings *groups = settings_groups(s);

	for (uint32_t i = 0; i < 2; i++) {
		struct link_settings *link = &settings_links(s)[i];

		memcpy(link->name, i == 0 ? "eth0" : "eth1", 5);
		link->parent = link->bond = -1;
	}
	memcpy(settings_syncs(s)[0].name, "S", 2);
	for (uint32_t i = 0; i < GROUPS; i++) {
		groups[i] = (struct group_settings){
			.link = (int32_t)(i % 2), .sync = i < 2 ? 0 : -1, .vrid = 7,
			.version = 2, .priority = 100, .preempt = true,
			.interval = NSEC_PER_SEC, .address_first = i, .address_count = 1,
		};
		settings_addresses(s)[i].ip = ip_from_v4((const uint8_t[]){ 192, 0, 2, 10 });
		settings_addresses(s)[i].length = 24;
	}
	groups[2].vrid = 8;
	groups[2].auth = AUTH_TEXT;
	memcpy(groups[2].password, "secret", 6);
	expect(settings_check(s, s->size, NULL) == 0);
	return s;
}

/* What decodes is what it says: the same message comes out again. */
static void
check_codec(struct reader frame)
{
	uint8_t again[ADVERT_FRAME_MAX];
	struct packet packet;
	struct advert ad;
	size_t length;

	if (!advert_open(frame, &packet) || advert_decode(&packet, &ad) != ADVERT_OK ||
	    ad.address_count > GROUP_ADDRESSES_MAX)
		return;
	length = 8 + 4u * ad.address_count + PASSWORD_SIZE;
	expect(advert_encode(&ad, again) == 34 + length);
	expect(memcmp(again + 34, packet.message.at, 6) == 0);
	expect(memcmp(again + 34 + 8, packet.message.at + 8, length - 8) == 0);
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
	const struct link_input input = {
		.usable = true, .source4 = ip_from_v4((const uint8_t[]){ 192, 0, 2, 1 }),
	};
	static struct effect list[ROOM];
	struct effects out = { .list = list, .capacity = ROOM };
	struct engine *engine = engine_new();
	struct settings *settings = make_settings();
	struct reader in = reader_over(data, size);
	nsec_t now = NSEC_PER_SEC;

	expect(engine && engine_adopt(engine, settings, now, &out) == 0);
	engine_on_link(engine, 0, &input, now, &out);
	engine_on_link(engine, 1, &input, now, &out);
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
			now = nsec_min(until, now + ENGINE_TICK);
			engine_on_time(engine, now, now, &out);
		}
		check_codec(frame);
		feed(engine, link, frame, now, &out);
	}
	engine_free(engine);
	free(settings);
	return 0;
}
