/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A link on which more arrives than can be handed in: silence there counts only as far as was
 * heard, and nobody else waits for it.
 */
#include "rig.h"

static const struct rig_group two[] = {
	{ .interface = "eth0", .vrid = 1 },
	{ .interface = "eth1", .vrid = 2 },
};

static const struct rig_group sync[] = {
	{ .interface = "eth0", .vrid = 1, .sync = "S" },
	{ .interface = "eth1", .vrid = 2, .sync = "S" },
};

static void
test_flooded_link_waits_and_the_other_takes_over(void **state UNUSED)
{
	nsec_t deadline;
	struct rig rig;

	rig_start(&rig, two, 2);
	deadline = rig_status(&rig, 0)->down_deadline;
	engine_on_backlog(rig.engine, 0, rig.now);
	rig_run_until(&rig, deadline + SEC);
	assert_state(&rig, 0, VROUTER_BACKUP);
	assert_state(&rig, 1, VROUTER_MASTER);
	rig_done(&rig);
}

static void
test_takeover_comes_when_the_deadline_was_heard(void **state UNUSED)
{
	nsec_t deadline;
	struct rig rig;

	rig_start(&rig, two, 2);
	deadline = rig_status(&rig, 0)->down_deadline;
	engine_on_backlog(rig.engine, 0, rig.now);
	rig_run_until(&rig, deadline + SEC);
	engine_on_backlog(rig.engine, 0, deadline - 1);
	rig_wake(&rig, rig.now);
	assert_state(&rig, 0, VROUTER_BACKUP);
	engine_on_backlog(rig.engine, 0, deadline);
	assert_true(engine_deadline(rig.engine) <= rig.now);
	rig_wake(&rig, rig.now);
	assert_state(&rig, 0, VROUTER_MASTER);
	rig_done(&rig);
}

static void
test_link_read_empty_counts_like_the_others(void **state UNUSED)
{
	nsec_t deadline;
	struct rig rig;

	rig_start(&rig, two, 2);
	deadline = rig_status(&rig, 0)->down_deadline;
	engine_on_backlog(rig.engine, 0, rig.now);
	rig_run_until(&rig, deadline + SEC);
	engine_on_backlog(rig.engine, 0, NSEC_NEVER);
	rig_wake(&rig, rig.now);
	assert_state(&rig, 0, VROUTER_MASTER);
	rig_done(&rig);
}

/* The advert waits in the queue while its deadline passes. */
static void
test_advert_found_in_the_backlog_keeps_the_backup(void **state UNUSED)
{
	nsec_t deadline;
	struct rig rig;

	rig_start(&rig, two, 2);
	deadline = rig_status(&rig, 0)->down_deadline;
	engine_on_backlog(rig.engine, 0, deadline - SEC);
	rig_run_until(&rig, deadline + 500 * MSEC);
	rig_hear_late(&rig, 0, 200, deadline - MSEC);
	engine_on_backlog(rig.engine, 0, NSEC_NEVER);
	rig_wake(&rig, rig.now);
	assert_state(&rig, 0, VROUTER_BACKUP);
	rig_done(&rig);
}

static void
test_sync_group_waits_for_its_slowest_link(void **state UNUSED)
{
	nsec_t deadline;
	struct rig rig;

	rig_start(&rig, sync, 2);
	deadline = rig_status(&rig, 0)->down_deadline;
	engine_on_backlog(rig.engine, 1, deadline - 1);
	rig_run_until(&rig, deadline + SEC);
	assert_state(&rig, 0, VROUTER_BACKUP);
	engine_on_backlog(rig.engine, 1, deadline + SEC);
	rig_wake(&rig, rig.now);
	assert_state(&rig, 0, VROUTER_MASTER);
	assert_state(&rig, 1, VROUTER_MASTER);
	rig_done(&rig);
}

static void
test_backlog_delays_no_advert(void **state UNUSED)
{
	struct rig rig;

	rig_start_master(&rig, two, 2);
	engine_on_backlog(rig.engine, 0, rig.now);
	rig_run(&rig, 10 * SEC);
	assert_int_equal(rig_count(&rig, EFFECT_SEND_ADVERT, 0), 10);
	rig_done(&rig);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_flooded_link_waits_and_the_other_takes_over),
		cmocka_unit_test(test_takeover_comes_when_the_deadline_was_heard),
		cmocka_unit_test(test_link_read_empty_counts_like_the_others),
		cmocka_unit_test(test_advert_found_in_the_backlog_keeps_the_backup),
		cmocka_unit_test(test_sync_group_waits_for_its_slowest_link),
		cmocka_unit_test(test_backlog_delays_no_advert),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
