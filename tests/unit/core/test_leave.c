/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A service that is about to stop hands over first: it resigns, goes on forwarding until another
 * master is heard or nobody can be expected any more, and is never master again.
 */
#include "rig.h"

static const struct rig_group pair[] = {
	{ .interface = "eth0", .sync = "S" },
	{ .interface = "eth1", .sync = "S" },
};

static void
leave(struct rig *rig)
{
	engine_leave(rig->engine, rig->now, &rig->out);
	rig_carry_out(rig);
}

static void
test_leaving_master_resigns_and_forwards_until_another_is_heard(void **state UNUSED)
{
	struct rig rig;

	rig_start_master(&rig, pair, 2);
	leave(&rig);
	assert_int_equal(rig_resigned(&rig, 0), 1);
	assert_int_equal(rig_resigned(&rig, 1), 1);
	assert_state(&rig, 0, VROUTER_BACKUP);
	assert_reason(&rig, 0, REASON_STOPPED);
	assert_int_equal(rig_count(&rig, EFFECT_DROP_ADDRESSES, RIG_GROUPS), 0);
	assert_false(engine_has_left(rig.engine));
	rig_run(&rig, 600 * MSEC);
	rig_hear(&rig, 1, 50);
	rig_run(&rig, ENGINE_LINGER - 1);
	assert_false(engine_has_left(rig.engine));
	rig_run(&rig, 1);
	assert_true(engine_has_left(rig.engine));
	assert_int_equal(rig_count(&rig, EFFECT_DROP_ADDRESSES, RIG_GROUPS), 2);
	rig_done(&rig);
}

/* The weakest backup waits for 255/256 s of skew. */
static void
test_leaving_master_waits_for_nobody_longer_than_the_weakest_needs(void **state UNUSED)
{
	struct rig rig;

	rig_start_master(&rig, pair, 2);
	leave(&rig);
	leave(&rig);			/* said twice: no longer */
	rig_run(&rig, 996 * MSEC);
	assert_false(engine_has_left(rig.engine));
	rig_run(&rig, 60 * MSEC);
	assert_true(engine_has_left(rig.engine));
	rig_run(&rig, 20 * SEC);
	assert_state(&rig, 0, VROUTER_BACKUP);
	rig_done(&rig);
}

/* The caller waits as long as the slowest group, whatever interval it has. */
static void
test_leaving_takes_as_long_as_the_longest_handover(void **state UNUSED)
{
	static const struct rig_group slow[] = {
		{ .interface = "eth0", .version = 3, .interval = SEC },
		{ .interface = "eth1", .version = 3, .interval = 40950 * MSEC },
	};
	nsec_t skew = 40950 * MSEC / 256 * 255;
	struct rig rig;

	rig_start(&rig, slow, 2);
	rig_run(&rig, 200 * SEC);
	assert_state(&rig, 1, VROUTER_MASTER);
	leave(&rig);
	assert_in_range(engine_leaves_by(rig.engine) - rig.now, skew - MSEC,
	                skew + ENGINE_LINGER + MSEC);
	rig_run_until(&rig, engine_leaves_by(rig.engine) - 100 * MSEC);
	assert_false(engine_has_left(rig.engine));
	rig_run_until(&rig, engine_leaves_by(rig.engine));
	assert_true(engine_has_left(rig.engine));
	rig_done(&rig);
}

static void
speak_both(struct group_settings *group)
{
	group->both_versions = true;
}

/* The weakest backup of version 2 waits for almost a second, whatever version 3 would wait for. */
static void
test_leaving_master_of_both_versions_waits_for_those_of_version_2(void **state UNUSED)
{
	static const struct rig_group fast[] = {
		{ .interface = "eth0", .version = 3, .interval = 100 * MSEC },
	};
	static const struct rig_group both[] = {
		{ .interface = "eth0", .version = 3, .interval = 100 * MSEC, .adjust = speak_both },
	};
	struct rig rig;

	rig_start_master(&rig, fast, 1);
	leave(&rig);
	rig_run(&rig, 160 * MSEC);
	assert_true(engine_has_left(rig.engine));
	rig_done(&rig);
	rig_start_master(&rig, both, 1);
	leave(&rig);
	rig_run(&rig, 996 * MSEC);
	assert_false(engine_has_left(rig.engine));
	rig_run(&rig, 60 * MSEC);
	assert_true(engine_has_left(rig.engine));
	rig_done(&rig);
}

static void
test_who_leaves_becomes_master_no_more(void **state UNUSED)
{
	struct rig rig;

	rig_start(&rig, pair, 2);
	leave(&rig);
	assert_true(engine_has_left(rig.engine));
	rig_run(&rig, 20 * SEC);
	rig_owner(&rig, 0, true);
	rig_owner(&rig, 1, true);
	rig_link(&rig, 0, false);
	rig_link(&rig, 0, true);
	rig_adopt(&rig, pair, 2);
	rig_run(&rig, 20 * SEC);
	assert_state(&rig, 0, VROUTER_BACKUP);
	assert_int_equal(rig_count(&rig, EFFECT_TAKE_ADDRESSES, RIG_GROUPS), 0);
	rig_done(&rig);
}

static void
test_stop_ends_leaving_at_once(void **state UNUSED)
{
	struct rig rig;

	rig_start_master(&rig, pair, 2);
	leave(&rig);
	engine_stop(rig.engine, rig.now, &rig.out);
	rig_carry_out(&rig);
	assert_true(engine_has_left(rig.engine));
	assert_state(&rig, 0, VROUTER_INIT);
	assert_int_equal(rig_resigned(&rig, 0), 1);
	rig_done(&rig);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_leaving_master_resigns_and_forwards_until_another_is_heard),
		cmocka_unit_test(
			test_leaving_master_waits_for_nobody_longer_than_the_weakest_needs),
		cmocka_unit_test(test_leaving_takes_as_long_as_the_longest_handover),
		cmocka_unit_test(test_leaving_master_of_both_versions_waits_for_those_of_version_2),
		cmocka_unit_test(test_who_leaves_becomes_master_no_more),
		cmocka_unit_test(test_stop_ends_leaving_at_once),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
