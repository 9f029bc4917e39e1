/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Announcements: bursts, repeats, refreshing, addresses elsewhere; router advertisements.
 */
#include "rig.h"

#include <stdlib.h>
#include <string.h>

#define STEP (60 * MSEC)		/* from round to round: after ENGINE_LINGER */

static void
own_garp(struct group_settings *g)
{
	g->garp = (struct garp_settings){
		.interval = 200 * MSEC, .delay = 2 * SEC, .repeat = 3, .refresh = 10 * SEC,
		.refresh_repeat = 2, .lower_delay = SEC, .lower_repeat = 2,
	};
}

static void
quiet_garp(struct group_settings *g)
{
	g->garp = (struct garp_settings){ .repeat = 1, .refresh_repeat = 1 };
}

static const struct rig_group usual[] = { { .interface = "eth0" } };
static const struct rig_group own[] = { { .interface = "eth0", .adjust = own_garp } };
static const struct rig_group quiet[] = { { .interface = "eth0", .adjust = quiet_garp } };

static const struct rig_group router[] = {
	{ .interface = "eth0", .vrid = 7, .family = 6, .rfc = true, .router_interval = 100 * SEC },
};

/* Become master, and return when. */
static nsec_t
become_master(struct rig *rig, const struct rig_group *group)
{
	rig_start(rig, group, 1);
	rig_run_until(rig, rig_status(rig, 0)->down_deadline - 1);
	rig_forget(rig);
	rig_run(rig, 1);
	assert_state(rig, 0, VROUTER_MASTER);
	return rig->now;
}

/* How many announcements come within the next time. */
static size_t
rounds(struct rig *rig, nsec_t time)
{
	rig_forget(rig);
	rig_run(rig, time);
	return rig_count(rig, EFFECT_ANNOUNCE, 0);
}

static void
test_two_bursts_of_five_five_seconds_apart(void **state UNUSED)
{
	struct rig rig;

	(void)become_master(&rig, usual);
	assert_int_equal(rig_count(&rig, EFFECT_ANNOUNCE, 0), 1);
	for (int i = 0; i < 4; i++) {
		assert_int_equal(rounds(&rig, STEP - 1), 0);
		assert_int_equal(rounds(&rig, 1), 1);
	}
	assert_int_equal(rounds(&rig, 5 * SEC - 4 * STEP - 1), 0);
	assert_int_equal(rounds(&rig, 4 * STEP + 1), 5);
	assert_int_equal(rounds(&rig, 100 * SEC), 0);
	rig_done(&rig);
}

static void
test_garp_settings_say_when_and_how_often(void **state UNUSED)
{
	struct rig rig;

	(void)become_master(&rig, own);
	assert_int_equal(rig_count(&rig, EFFECT_ANNOUNCE, 0), 1);
	assert_int_equal(rounds(&rig, 200 * MSEC - 1), 0);
	assert_int_equal(rounds(&rig, 1), 1);
	assert_int_equal(rounds(&rig, 200 * MSEC), 1);
	assert_int_equal(rounds(&rig, 1600 * MSEC - 1), 0);
	assert_int_equal(rounds(&rig, 1 + 400 * MSEC), 3);
	assert_int_equal(rounds(&rig, 7600 * MSEC - 1), 0);
	assert_int_equal(rounds(&rig, 1 + 200 * MSEC), 2);	/* refreshed at 10 s */
	assert_int_equal(rounds(&rig, 9800 * MSEC - 1), 0);
	assert_int_equal(rounds(&rig, 1 + 200 * MSEC), 2);	/* and at 20 s */
	rig_hear(&rig, 0, 200);
	assert_int_equal(rounds(&rig, 3 * SEC), 0);		/* no master, no word */
	rig_done(&rig);
}

static void
test_zero_means_none(void **state UNUSED)
{
	struct rig rig;

	(void)become_master(&rig, quiet);
	assert_int_equal(rig_count(&rig, EFFECT_ANNOUNCE, 0), 1);
	assert_int_equal(rounds(&rig, 100 * SEC), 0);
	rig_hear(&rig, 0, 50);
	assert_int_equal(rig_count(&rig, EFFECT_ANNOUNCE, 0), 0);
	rig_done(&rig);
}

static void
test_weaker_master_is_answered_with_two_bursts(void **state UNUSED)
{
	struct rig rig;

	(void)become_master(&rig, own);
	rig_run(&rig, 5 * SEC);
	rig_forget(&rig);
	rig_hear(&rig, 0, 50);
	assert_int_equal(rig_count(&rig, EFFECT_ANNOUNCE, 0), 1);
	assert_int_equal(rounds(&rig, SEC - 1), 1);
	assert_int_equal(rounds(&rig, 1 + 200 * MSEC), 2);
	rig_done(&rig);
}

static void
test_flood_of_weaker_adverts_makes_one_burst_after_the_other(void **state UNUSED)
{
	static const struct rig_group fast[] = {
		{ .interface = "eth0", .version = 3, .interval = 10 * MSEC } };
	struct rig rig;

	(void)become_master(&rig, fast);
	rig_run(&rig, 6 * SEC);
	rig_forget(&rig);
	for (int i = 0; i < 60; i++) {	/* for 600 ms */
		rig_hear(&rig, 0, 50);
		rig_run(&rig, 10 * MSEC);
	}
	assert_in_range(rig_count(&rig, EFFECT_ANNOUNCE, 0), 10, 14);
	rig_done(&rig);
}

static void
test_late_wake_up_makes_up_for_nothing(void **state UNUSED)
{
	struct rig rig;

	(void)become_master(&rig, usual);
	rig_forget(&rig);
	rig_wake(&rig, rig.now + SEC);
	assert_int_equal(rig_count(&rig, EFFECT_ANNOUNCE, 0), 1);
	assert_int_equal(rounds(&rig, 3 * SEC), 0);
	rig_done(&rig);
}

static void
test_groups_do_not_refresh_together(void **state UNUSED)
{
	struct rig_group many[RIG_GROUPS];
	struct rig rig;

	for (unsigned i = 0; i < RIG_GROUPS; i++)
		many[i] = (struct rig_group){ .interface = "eth0", .vrid = (uint8_t)(i + 1),
		                              .adjust = own_garp };
	rig_start_master(&rig, many, RIG_GROUPS);
	rig_run(&rig, 30 * SEC);	/* few enough for one lot: this shows that all are alive */
	for (uint32_t i = 0; i < RIG_GROUPS; i++)
		assert_in_range(rig_count(&rig, EFFECT_ANNOUNCE, i), 8, 12);
	rig_done(&rig);
}

/* ---- frames --------------------------------------------------------------------------------- */

static void
test_excluded_addresses_are_announced_but_not_advertised(void **state UNUSED)
{
	static const struct rig_group group[] = {
		{ .interface = "eth0", .vrid = 8, .rfc = true, .address = { "10.1.0.1/24" },
		  .excluded = "10.2.0.1/24" },
	};
	uint8_t bytes[ANNOUNCE_FRAME_MAX];
	uint32_t link;
	struct rig rig;

	rig_start_master(&rig, group, 1);
	assert_int_equal(rig_sent(&rig, 0, false, 0).address_count, 1);
	assert_int_equal(engine_announcement(rig.engine, 0, 1, bytes, &link), 42);
	assert_int_equal(link, 0);
	assert_memory_equal(bytes + 28, "\x0a\x02\x00\x01", 4);
	rig_done(&rig);
}

static void
test_address_elsewhere_is_announced_there_with_that_links_mac(void **state UNUSED)
{
	static const struct rig_group groups[] = {
		{ .interface = "eth0", .vrid = 8, .rfc = true, .address = { "10.1.0.1/24" },
		  .excluded = "10.2.0.1/24" },
		{ .interface = "eth1", .vrid = 9 },
	};
	uint8_t bytes[ANNOUNCE_FRAME_MAX];
	struct link_input input;
	uint32_t link;
	struct settings *s;
	struct rig rig;

	rig_start_master(&rig, groups, 2);
	s = settings_copy(rig.settings);
	settings_addresses(s)[settings_groups(s)[0].address_first + 1].link = 1;
	engine_retire(rig.engine, s, rig.now, &rig.out);
	assert_int_equal(engine_adopt(rig.engine, s, rig.now, &rig.out), 0);
	rig_carry_out(&rig);
	assert_int_equal(rig_count(&rig, EFFECT_TAKE_ADDRESSES, 0), 1);
	assert_int_equal(rig_count(&rig, EFFECT_TRANSITION, 0), 0);
	assert_int_equal(engine_announcement(rig.engine, 0, 1, bytes, &link), 42);
	assert_int_equal(link, 1);
	assert_memory_equal(bytes + 6, "\x02\x00\x00\x00\x00\x01", 6);
	assert_int_equal(engine_announcement(rig.engine, 0, 0, bytes, &link), 42);
	assert_memory_equal(bytes + 6, "\x00\x00\x5e\x00\x01\x08", 6);
	input = rig_link_input(&rig, false);
	engine_on_link(rig.engine, 1, &input, rig.now, &rig.out);
	assert_int_equal(engine_announcement(rig.engine, 0, 1, bytes, &link), 0);
	free(s);
	rig_done(&rig);
}

/* ---- router advertisements ------------------------------------------------------------------ */

static void
test_master_advertises_the_router_and_a_backup_does_not(void **state UNUSED)
{
	struct rig rig;

	rig_start(&rig, router, 1);
	rig_run(&rig, 3 * SEC);
	assert_int_equal(rig_count(&rig, EFFECT_ADVERTISE_ROUTER, 0), 0);
	rig_run(&rig, SEC);
	assert_int_equal(rig_count(&rig, EFFECT_ADVERTISE_ROUTER, 0), 1);
	rig_run(&rig, 60 * SEC);	/* three at the beginning, at most 16 s apart */
	assert_in_range(rig_count(&rig, EFFECT_ADVERTISE_ROUTER, 0), 3, 4);
	rig_forget(&rig);
	rig_run(&rig, 1000 * SEC);
	assert_in_range(rig_count(&rig, EFFECT_ADVERTISE_ROUTER, 0), 10, 14);
	rig_hear(&rig, 0, 200);
	rig_forget(&rig);
	for (int i = 0; i < 200; i++) {
		rig_run(&rig, SEC);
		rig_hear(&rig, 0, 200);
	}
	assert_int_equal(rig_count(&rig, EFFECT_ADVERTISE_ROUTER, 0), 0);
	rig_done(&rig);
}

/* RFC 4861 6.2.4: not evenly, so that routers do not fall in step. */
static void
test_router_advertisements_come_at_uneven_times(void **state UNUSED)
{
	nsec_t last, shortest = NSEC_NEVER, longest = 0;
	struct rig rig;

	rig_start_master(&rig, router, 1);
	rig_run(&rig, 100 * SEC);
	last = 0;
	for (int i = 0; i < 30; i++) {
		rig_forget(&rig);
		while (rig_count(&rig, EFFECT_ADVERTISE_ROUTER, 0) == 0)
			rig_run(&rig, 100 * MSEC);
		if (last != 0) {
			shortest = nsec_min(shortest, rig.now - last);
			longest = nsec_max(longest, rig.now - last);
		}
		last = rig.now;
	}
	assert_in_range(shortest, 75 * SEC, 85 * SEC);
	assert_in_range(longest, 90 * SEC, 100 * SEC + 100 * MSEC);
	rig_done(&rig);
}

static void
test_router_advertisement_is_of_the_virtual_router(void **state UNUSED)
{
	uint8_t bytes[ROUTER_ADVERT_MAX];
	size_t length;
	struct rig rig;

	rig_start_master(&rig, router, 1);
	length = engine_router_advert(rig.engine, 0, bytes);
	assert_true(length > 70);
	assert_memory_equal(bytes + 6, "\x00\x00\x5e\x00\x02\x07", 6);
	assert_memory_equal(bytes + 22, "\xfe\x80", 2);
	assert_int_equal(bytes[37], 7);		/* fe80::7 */
	assert_int_equal(bytes[54], 134);
	assert_int_equal(bytes[59] & 0xc0, 0x80);
	assert_int_equal(bytes[60] << 8 | bytes[61], 1800);
	rig_adopt(&rig, (struct rig_group[]){ { .interface = "eth0", .vrid = 7, .family = 6 } }, 1);
	assert_int_equal(engine_router_advert(rig.engine, 0, bytes), 0);
	rig_forget(&rig);
	rig_run(&rig, 300 * SEC);
	assert_int_equal(rig_count(&rig, EFFECT_ADVERTISE_ROUTER, 0), 0);
	rig_adopt(&rig, router, 1);
	assert_int_equal(rig_count(&rig, EFFECT_ADVERTISE_ROUTER, 0), 1);
	rig_done(&rig);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_two_bursts_of_five_five_seconds_apart),
		cmocka_unit_test(test_garp_settings_say_when_and_how_often),
		cmocka_unit_test(test_zero_means_none),
		cmocka_unit_test(test_weaker_master_is_answered_with_two_bursts),
		cmocka_unit_test(test_flood_of_weaker_adverts_makes_one_burst_after_the_other),
		cmocka_unit_test(test_late_wake_up_makes_up_for_nothing),
		cmocka_unit_test(test_groups_do_not_refresh_together),
		cmocka_unit_test(test_excluded_addresses_are_announced_but_not_advertised),
		cmocka_unit_test(test_address_elsewhere_is_announced_there_with_that_links_mac),
		cmocka_unit_test(test_master_advertises_the_router_and_a_backup_does_not),
		cmocka_unit_test(test_router_advertisements_come_at_uneven_times),
		cmocka_unit_test(test_router_advertisement_is_of_the_virtual_router),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
