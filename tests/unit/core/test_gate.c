/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The gate of connsync: what waits for its word, in which order it comes out, and what does not
 * wait.
 */
#include "rig.h"

#include <stdlib.h>
#include <string.h>

#include "core/election.h"
#include "core/gate.h"

#define WAIT (5 * MSEC)

static struct rig rig;
static struct gate gate, next;
static struct connsync_settings *connsync;

/* Groups 0 and 1 are in the sync group that is followed, group 2 is not. */
static int
set_up(void **state)
{
	const struct rig_group groups[] = {
		{ .interface = "eth0", .sync = "S", .vrid = 1 },
		{ .interface = "eth1", .sync = "S", .vrid = 2, .rfc = true },
		{ .interface = "eth2", .vrid = 3 },
	};
	struct settings *s = rig_settings(groups, ARRAY_SIZE(groups)), *grown;
	struct settings_counts counts = s->counts;

	(void)state;
	counts.checks = counts.connsyncs = 1;
	grown = settings_new(&counts);
	memcpy(settings_links(grown), settings_links(s), 3 * sizeof(struct link_settings));
	memcpy(settings_groups(grown), settings_groups(s), 3 * sizeof(struct group_settings));
	memcpy(settings_syncs(grown), settings_syncs(s), sizeof(struct sync_settings));
	memcpy(settings_addresses(grown), settings_addresses(s),
	       s->address_count * sizeof(struct address_settings));
	connsync = settings_connsyncs(grown);
	connsync->promotion_wait = WAIT;
	free(s);
	rig_init(&rig);
	assert_int_equal(engine_adopt(rig.engine, grown, RIG_BEGIN, &rig.out), 0);
	memset(&gate, 0, sizeof(gate));
	memset(&next, 0, sizeof(next));
	assert_int_equal(gate_prepare(&next, grown), 0);
	gate_adopt(&gate, &next, rig.engine);
	free(grown);
	return 0;
}

static int
tear_down(void **state)
{
	(void)state;
	gate_done(&gate);
	gate_done(&next);
	rig_done(&rig);
	return 0;
}

static bool
holds(enum effect_kind kind, uint32_t group, nsec_t now)
{
	const struct effect effect = { .kind = kind, .group = group, .lease = 7 * SEC };

	return gate_holds(&gate, &effect, group == 1, now);
}

static void
test_all_of_a_takeover_waits_but_its_advertisement(void **state)
{
	struct effect list[GATE_EFFECTS_MAX];

	(void)state;
	assert_false(holds(EFFECT_TRANSITION, 0, 100));
	assert_false(holds(EFFECT_SEND_ADVERT, 0, 100));
	assert_true(holds(EFFECT_TAKE_ADDRESSES, 0, 100));
	assert_true(gate_deadline(&gate) == 100 + WAIT);
	assert_true(holds(EFFECT_ANNOUNCE, 0, 100));
	/* From a virtual MAC it turns switches, so it goes behind the addresses. */
	assert_true(holds(EFFECT_TAKE_ADDRESSES, 1, 200));
	assert_true(holds(EFFECT_SEND_ADVERT, 1, 200));
	assert_true(gate_deadline(&gate) == 100 + WAIT);	/* patience is with the first */
	assert_false(holds(EFFECT_TAKE_ADDRESSES, 2, 200));

	gate_open(&gate);
	assert_true(gate_deadline(&gate) == NSEC_NEVER);
	assert_int_equal(gate_release(&gate, 0, list), 2);
	assert_int_equal(list[0].kind, EFFECT_TAKE_ADDRESSES);
	assert_true(list[0].lease == 7 * SEC);
	assert_int_equal(list[1].kind, EFFECT_ANNOUNCE);
	assert_int_equal(gate_release(&gate, 1, list), 2);
	assert_int_equal(list[0].kind, EFFECT_TAKE_ADDRESSES);
	assert_int_equal(list[1].kind, EFFECT_SEND_ADVERT);
	assert_int_equal(list[1].group, 1);
	assert_int_equal(gate_release(&gate, 2, list), 0);
	assert_int_equal(gate_release(&gate, 0, list), 0);	/* once */
}

static void
test_a_master_that_takes_more_addresses_does_not_wait(void **state)
{
	struct effect list[GATE_EFFECTS_MAX];

	(void)state;
	assert_true(holds(EFFECT_TAKE_ADDRESSES, 0, 0));
	gate_open(&gate);
	(void)gate_release(&gate, 0, list);
	assert_false(holds(EFFECT_TAKE_ADDRESSES, 0, SEC));
	assert_false(holds(EFFECT_TAKE_ADDRESSES, 1, SEC));
	assert_false(holds(EFFECT_RENEW_ADDRESSES, 0, SEC));
	/* The next takeover waits again. */
	assert_false(holds(EFFECT_DROP_ADDRESSES, 0, 2 * SEC));
	assert_false(holds(EFFECT_DROP_ADDRESSES, 1, 2 * SEC));
	assert_true(holds(EFFECT_TAKE_ADDRESSES, 1, 3 * SEC));
}

static void
test_what_is_dropped_is_not_taken_later(void **state)
{
	struct effect list[GATE_EFFECTS_MAX];

	(void)state;
	assert_true(holds(EFFECT_TAKE_ADDRESSES, 0, 0));
	assert_true(holds(EFFECT_RENEW_ADDRESSES, 0, 1));	/* there is nothing to renew yet */
	assert_false(holds(EFFECT_DROP_ADDRESSES, 0, 2));
	gate_open(&gate);
	assert_int_equal(gate_release(&gate, 0, list), 0);
}

/* A master that is reset lingers: it forwards until another one is heard, and is silent. */
static void
test_after_a_resignation_no_advertisement_comes_out(void **state)
{
	const struct effect resignation = { .kind = EFFECT_SEND_ADVERT, .group = 1,
		                            .resign = true };
	struct effect list[GATE_EFFECTS_MAX];

	(void)state;
	assert_true(holds(EFFECT_TAKE_ADDRESSES, 1, 0));
	assert_true(holds(EFFECT_SEND_ADVERT, 1, 0));
	assert_true(holds(EFFECT_ANNOUNCE, 1, 0));
	assert_false(gate_holds(&gate, &resignation, true, 1));
	gate_open(&gate);
	assert_int_equal(gate_release(&gate, 1, list), 1);
	assert_int_equal(list[0].kind, EFFECT_TAKE_ADDRESSES);
}

/* Whatever version and interval: the next router in priority hears us before it may take over. */
static void
test_advertisement_waits_less_than_the_next_router(void **state)
{
	static const struct { uint8_t version; nsec_t interval; } kinds[] = {
		{ 2, SEC }, { 2, 255 * SEC }, { 3, SEC }, { 3, 10 * MSEC }, { 3, 40950 * MSEC },
	};
	struct group_settings *group = &settings_groups(engine_settings(rig.engine))[1];
	struct connsync_settings *live = settings_connsyncs(engine_settings(rig.engine));

	(void)state;
	live->promotion_wait = 60 * SEC;
	for (size_t i = 0; i < ARRAY_SIZE(kinds); i++) {
		nsec_t now = (nsec_t)(1 + i) * 1000 * SEC;

		group->version = kinds[i].version;
		group->interval = kinds[i].interval;
		assert_true(gate_speaks_at(&gate) == NSEC_NEVER);
		assert_true(holds(EFFECT_TAKE_ADDRESSES, 1, now));
		assert_true(holds(EFFECT_SEND_ADVERT, 1, now));
		for (uint8_t p = 2; p < PRIORITY_OWNER; p++)
			assert_true(gate_speaks_at(&gate) - now <
			            election_skew(group->version, p - 1, group->interval) -
			            election_skew(group->version, p, group->interval));
		assert_false(holds(EFFECT_DROP_ADDRESSES, 1, now));
		gate_open(&gate);
	}
}

/* It leaves once, without the addresses, which come behind the answer as ever. */
static void
test_advertisement_that_cannot_wait_leaves_before_the_addresses(void **state)
{
	struct effect list[GATE_EFFECTS_MAX];

	(void)state;
	assert_true(holds(EFFECT_TAKE_ADDRESSES, 0, 100));
	assert_true(gate_speaks_at(&gate) == NSEC_NEVER);
	assert_true(holds(EFFECT_TAKE_ADDRESSES, 1, 100));
	assert_true(holds(EFFECT_SEND_ADVERT, 1, 100));
	assert_true(holds(EFFECT_ANNOUNCE, 1, 100));
	assert_true(gate_speaks_at(&gate) < gate_deadline(&gate));
	assert_false(gate_speak(&gate, 0));
	assert_true(gate_speak(&gate, 1));
	assert_false(gate_speak(&gate, 1));
	gate_spoken(&gate);
	assert_true(gate_speaks_at(&gate) == NSEC_NEVER);
	assert_true(gate_deadline(&gate) == 100 + WAIT);
	gate_open(&gate);
	assert_int_equal(gate_release(&gate, 1, list), 2);
	assert_int_equal(list[0].kind, EFFECT_TAKE_ADDRESSES);
	assert_int_equal(list[1].kind, EFFECT_ANNOUNCE);
}

/* Three routers, the first of which resigns: the second, at the gate, speaks before the third
 * acts. */
static void
test_third_router_stays_backup_while_the_second_waits_at_the_gate(void **state)
{
	const struct rig_group groups[] = { { .interface = "eth0", .vrid = 2, .rfc = true,
		                              .version = 3, .interval = 100 * MSEC,
		                              .priority = 99 } };
	struct group_settings *second = &settings_groups(engine_settings(rig.engine))[1];
	struct rig third;
	nsec_t takeover, act;

	(void)state;
	second->version = 3;
	second->interval = 100 * MSEC;
	rig_start(&third, groups, 1);
	rig_hear(&third, 0, 200);
	rig_hear(&third, 0, 0);
	act = rig_status(&third, 0)->down_deadline;
	takeover = third.now + election_skew(3, 100, 100 * MSEC);
	assert_true(holds(EFFECT_TAKE_ADDRESSES, 1, takeover));
	assert_true(holds(EFFECT_SEND_ADVERT, 1, takeover));
	assert_true(gate_deadline(&gate) > act);	/* all of its patience would be too late */
	assert_true(gate_speaks_at(&gate) < act);
	rig_run_until(&third, gate_speaks_at(&gate));
	rig_hear(&third, 0, 100);
	rig_run(&third, 10 * MSEC);
	assert_state(&third, 0, VROUTER_BACKUP);
	rig_done(&third);
}

static void
test_without_patience_nothing_waits(void **state)
{
	struct connsync_settings *live = settings_connsyncs(engine_settings(rig.engine));

	(void)state;
	live->promotion_wait = 0;
	assert_false(holds(EFFECT_TAKE_ADDRESSES, 0, 0));
	assert_true(gate_deadline(&gate) == NSEC_NEVER);
}

#define WITH_GATE(function) cmocka_unit_test_setup_teardown(function, set_up, tear_down)

int
main(void)
{
	const struct CMUnitTest tests[] = {
		WITH_GATE(test_all_of_a_takeover_waits_but_its_advertisement),
		WITH_GATE(test_a_master_that_takes_more_addresses_does_not_wait),
		WITH_GATE(test_what_is_dropped_is_not_taken_later),
		WITH_GATE(test_after_a_resignation_no_advertisement_comes_out),
		WITH_GATE(test_advertisement_waits_less_than_the_next_router),
		WITH_GATE(test_advertisement_that_cannot_wait_leaves_before_the_addresses),
		WITH_GATE(test_third_router_stays_backup_while_the_second_waits_at_the_gate),
		WITH_GATE(test_without_patience_nothing_waits),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
