/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What the engine costs with hundreds and thousands of groups.  Prints figures; fails only where
 * a cost is of the wrong kind: growing with the square, or with all groups for one packet.
 */
#include "rig.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#define PER_LINK 250u

static nsec_t
clock_now(void)
{
	struct timespec now;

	clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &now);
	return now.tv_sec * NSEC_PER_SEC + now.tv_nsec;
}

/* Groups of version 3, one address each; backwards = the same in the opposite order. */
static struct settings *
many(uint32_t count, nsec_t interval, bool backwards)
{
	uint32_t links = (count + PER_LINK - 1) / PER_LINK;
	struct settings *s = settings_new(&(struct settings_counts){
		.links = links, .groups = count, .addresses = count });

	for (uint32_t i = 0; i < links; i++) {
		struct link_settings *link = &settings_links(s)[i];

		snprintf(link->name, sizeof(link->name), "eth%u", backwards ? links - 1 - i : i);
		link->parent = link->member_of = -1;
	}
	for (uint32_t i = 0; i < count; i++) {
		uint32_t number = backwards ? count - 1 - i : i;
		struct group_settings *g = &settings_groups(s)[i];
		char name[NAME_SIZE];

		snprintf(name, sizeof(name), "eth%u", number / PER_LINK);
		group_settings_init(g);
		g->link = settings_find_link(s, name);
		g->vrid = (uint8_t)(number % PER_LINK + 1);
		g->version = 3;
		g->interval = interval;
		g->address_first = i;
		g->address_count = 1;
		settings_addresses(s)[i].link = -1;
		settings_addresses(s)[i].prefix.length = 24;
		settings_addresses(s)[i].prefix.ip =
			ip_from_v4((uint8_t[]){ 10, 1, (uint8_t)(number >> 8), (uint8_t)number });
	}
	assert_int_equal(settings_check(s, s->size, NULL), 0);
	return s;
}

struct crowd {
	struct settings *settings;
	struct engine *engine;
	struct effects out;
	nsec_t now;
};

static void
crowd_adopt(struct crowd *c, struct settings *next)
{
	size_t room = engine_adopt_needed(c->engine, next);

	if (room > c->out.capacity) {
		c->out.list = realloc(c->out.list, room * sizeof(*c->out.list));
		c->out.capacity = room;
	}
	c->out.count = 0;
	engine_retire(c->engine, next, c->now, &c->out);
	assert_int_equal(engine_adopt(c->engine, next, c->now, &c->out), 0);
	free(c->settings);
	c->settings = next;
}

static void
crowd_start(struct crowd *c, uint32_t count, nsec_t interval)
{
	const struct link_input input = {
		.usable = true, .exists = true,
		.source4 = ip_from_v4((const uint8_t[]){ 192, 0, 2, 1 }),
	};

	*c = (struct crowd){ .engine = engine_new(), .now = RIG_BEGIN };
	crowd_adopt(c, many(count, interval, false));
	for (uint32_t i = 0; i < c->settings->link_count; i++) {
		c->out.count = 0;
		engine_on_link(c->engine, i, &input, c->now, &c->out);
	}
}

static void
crowd_end(struct crowd *c)
{
	engine_free(c->engine);
	free(c->settings);
	free(c->out.list);
}

/* Time passes, with a call at each deadline; returns how many adverts were due. */
static size_t
crowd_run(struct crowd *c, nsec_t duration)
{
	nsec_t until = c->now + duration;
	size_t sent = 0;

	while (c->now < until) {
		nsec_t next = nsec_min(engine_deadline(c->engine), c->now + engine_tick(c->engine));

		c->now = nsec_min(until, nsec_max(c->now, next));
		c->out.count = 0;
		engine_on_time(c->engine, c->now, c->now, &c->out);
		for (size_t i = 0; i < c->out.count; i++) {
			const struct effect *e = &c->out.list[i];

			if (e->kind != EFFECT_SEND_ADVERT)
				continue;
			(void)engine_advert(c->engine, e->group, e->resign, 0);
			engine_on_sent(c->engine, e->group, e->resign, 0, c->now, &c->out);
			sent++;
		}
	}
	return sent;
}

/* The frames that a master of all these groups sends. */
static size_t
frames_of(const struct crowd *c, uint8_t (*frames)[64])
{
	size_t length = 0;

	for (uint32_t i = 0; i < c->settings->group_count; i++) {
		const struct group_settings *g = &settings_groups(c->settings)[i];
		struct advert ad = {
			.version = 3, .family = 4, .vrid = g->vrid, .priority = 200,
			.interval = g->interval, .source = ip_from_v4((uint8_t[]){ 192, 0, 2, 2 }),
			.destination = advert_destination(4), .address_count = 1,
			.addresses = settings_group_addresses(c->settings, g)->prefix.ip.bytes,
		};
		uint8_t frame[ADVERT_FRAME_MAX];

		length = advert_encode(&ad, frame);
		memcpy(frames[i], frame, length);
	}
	return length;
}

/* Nanoseconds for each advert received by a backup of so many groups at 10 ms. */
static nsec_t
cost_of_receiving(uint32_t count)
{
	uint8_t (*frames)[64] = calloc(count, sizeof(*frames));
	struct crowd c;
	nsec_t begin;
	size_t length;

	crowd_start(&c, count, 10 * MSEC);
	length = frames_of(&c, frames);
	begin = clock_now();
	for (int round = 0; round < 100; round++) {
		for (uint32_t i = 0; i < count; i++) {
			uint32_t link = (uint32_t)settings_groups(c.settings)[i].link;

			c.out.count = 0;
			(void)engine_on_frame(c.engine, link, reader_over(frames[i], length),
			                      c.now, c.now, &c.out);
		}
		(void)crowd_run(&c, 10 * MSEC);
	}
	nsec_t cost = (clock_now() - begin) / (100 * count);

	assert_int_equal(engine_status(c.engine, count - 1)->state, VROUTER_BACKUP);
	assert_int_equal(engine_status(c.engine, 0)->counters.adverts_received, 100);
	crowd_end(&c);
	free(frames);
	return cost;
}

static void
test_packet_costs_the_same_whatever_the_number_of_groups(void **state UNUSED)
{
	nsec_t few = cost_of_receiving(255);
	nsec_t thousands = cost_of_receiving(4000);

	printf("receiving an advert: %lld ns of 255 groups, %lld ns of 4000\n", (long long)few,
	       (long long)thousands);
	assert_true(thousands < 10 * few + 1000);
}

static void
test_advert_costs_the_same_whatever_the_number_of_groups(void **state UNUSED)
{
	nsec_t cost[2];

	for (int i = 0; i < 2; i++) {
		struct crowd c;
		nsec_t begin;
		size_t sent;

		crowd_start(&c, i ? 4000 : 255, 10 * MSEC);
		begin = clock_now();
		(void)crowd_run(&c, 60 * MSEC);
		nsec_t takeover = clock_now() - begin;

		begin = clock_now();
		sent = crowd_run(&c, SEC);
		assert_in_range(sent, i ? 399000 : 25400, i ? 401000 : 25600);
		cost[i] = (clock_now() - begin) / (nsec_t)sent;
		printf("%u groups at 10 ms: takeover of all %lld us, then %lld ns an advert\n",
		       i ? 4000 : 255, (long long)(takeover / 1000), (long long)cost[i]);
		crowd_end(&c);
	}
	assert_true(cost[1] < 10 * cost[0] + 1000);
}

/* What it costs to give every group another number. */
static nsec_t
cost_of_adopting(uint32_t count)
{
	struct settings *backwards;
	struct crowd c;
	nsec_t begin, cost;

	crowd_start(&c, count, SEC);
	(void)crowd_run(&c, 4 * SEC);
	backwards = many(count, SEC, true);
	begin = clock_now();
	crowd_adopt(&c, backwards);
	cost = clock_now() - begin;
	assert_int_equal(engine_status(c.engine, 0)->state, VROUTER_MASTER);
	assert_int_equal(c.out.count, 0);
	printf("adopting %u groups in the opposite order: %lld us\n", count,
	       (long long)(cost / 1000));
	crowd_end(&c);
	return cost;
}

/* The least of some: new memory may cost a virtual machine ten times what the work does. */
static void
test_adopting_does_not_grow_with_the_square(void **state UNUSED)
{
	nsec_t few = NSEC_NEVER, many_more = NSEC_NEVER;

	for (int i = 0; i < 3; i++) {
		few = nsec_min(few, cost_of_adopting(4000));
		many_more = nsec_min(many_more, cost_of_adopting(16000));
	}
	assert_true(many_more < 12 * few + 10 * MSEC);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_packet_costs_the_same_whatever_the_number_of_groups),
		cmocka_unit_test(test_advert_costs_the_same_whatever_the_number_of_groups),
		cmocka_unit_test(test_adopting_does_not_grow_with_the_square),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
