/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A new configuration under running groups: nothing flaps that need not. */
#include "rig.h"

#include <stdlib.h>
#include <string.h>

#define DOWN (3609375 * NSEC_PER_USEC)

#define FIRST { .interface = "eth0", .sync = "S" }
#define SECOND { .interface = "eth1", .sync = "S" }

static const struct rig_group pair[] = { FIRST, SECOND };
static const struct rig_group apart[] = {
	{ .interface = "eth0" },
	{ .interface = "eth1" },
};

#define adopt(rig, groups) rig_adopt(rig, groups, ARRAY_SIZE(groups))

/* ---- equal and changed groups --------------------------------------------------------------- */

static void
test_same_settings_again_are_a_no_op(void **state UNUSED)
{
	for (int master = 0; master < 2; master++) {
		struct vrouter_status before;
		struct rig rig;

		rig_start(&rig, pair, 2);
		rig_run(&rig, master ? 5 * SEC : SEC);
		rig_forget(&rig);
		before = *rig_status(&rig, 1);
		adopt(&rig, pair);
		assert_int_equal(rig.out.count, 0);
		assert_memory_equal(rig_status(&rig, 1), &before, sizeof(before));
		rig_run(&rig, SEC);
		assert_int_equal(rig_count(&rig, EFFECT_SEND_ADVERT, 1), master);
		rig_done(&rig);
	}
}

static void
test_other_order_of_groups_is_no_change(void **state UNUSED)
{
	static const struct rig_group turned[] = {
		{ .interface = "eth1", .sync = "S", .address = { "10.0.1.1/24" } },
		{ .interface = "eth0", .sync = "S", .address = { "10.0.0.1/24" } },
	};
	struct rig rig;
	nsec_t next;

	rig_start_master(&rig, pair, 2);
	next = rig_status(&rig, 1)->next_advert;
	adopt(&rig, turned);
	assert_int_equal(rig.out.count, 0);
	assert_string_equal(rig_status(&rig, 0)->interface, "eth1");
	assert_int_equal(rig_status(&rig, 0)->next_advert, next);
	assert_state(&rig, 0, VROUTER_MASTER);
	rig_done(&rig);
}

static void
test_master_keeps_state_under_each_change(void **state UNUSED)
{
	static const struct rig_group changed[][2] = {
		{ { .interface = "eth0", .sync = "S", .interval = 5 * SEC }, SECOND },
		{ { .interface = "eth0", .sync = "S", .password = "secret" }, SECOND },
		{ { .interface = "eth0", .sync = "S", .hello_source = "192.0.2.5" }, SECOND },
	};

	for (size_t i = 0; i < ARRAY_SIZE(changed); i++) {
		uint8_t before[ADVERT_FRAME_MAX];
		struct frame frame;
		struct rig rig;
		nsec_t next;

		rig_start_master(&rig, pair, 2);
		frame = engine_advert(rig.engine, 0, false, 0);
		memcpy(before, frame.bytes, frame.length);
		next = rig_status(&rig, 0)->next_advert;
		adopt(&rig, changed[i]);
		assert_int_equal(rig_count(&rig, EFFECT_TRANSITION, RIG_GROUPS), 0);
		/* One advert in the new form at once, the schedule stays. */
		assert_int_equal(rig_count(&rig, EFFECT_SEND_ADVERT, 0), 1);
		assert_int_equal(rig_count(&rig, EFFECT_SEND_ADVERT, 1), 0);
		frame = engine_advert(rig.engine, 0, false, 0);
		assert_memory_not_equal(frame.bytes, before, frame.length);
		assert_int_equal(rig_status(&rig, 0)->next_advert, next);
		rig_done(&rig);
	}
}

/* Members never disagree about who is stronger: the lowest priority is that of all. */
static void
test_sync_group_advertises_its_lowest_priority(void **state UNUSED)
{
	static const struct rig_group changed[] = {
		{ .interface = "eth0", .sync = "S", .priority = 50 }, SECOND,
	};
	struct rig rig;

	rig_start_master(&rig, pair, 2);
	adopt(&rig, changed);
	assert_int_equal(rig_count(&rig, EFFECT_TRANSITION, RIG_GROUPS), 0);
	for (uint32_t i = 0; i < 2; i++) {
		assert_int_equal(rig_status(&rig, i)->effective_priority, 50);
		assert_int_equal(engine_advert(rig.engine, i, false, 0).bytes[36], 50);
		assert_int_equal(rig_count(&rig, EFFECT_SEND_ADVERT, i), 1);
	}
	adopt(&rig, pair);
	assert_int_equal(rig_status(&rig, 0)->effective_priority, 100);
	rig_done(&rig);
}

static void
test_shorter_interval_of_a_master_counts_from_now(void **state UNUSED)
{
	static const struct rig_group slow[] = { { .interface = "eth0", .interval = 60 * SEC } };
	static const struct rig_group fast[] = { { .interface = "eth0" } };
	struct rig rig;

	rig_start(&rig, slow, 1);
	rig_run(&rig, 182 * SEC);
	assert_state(&rig, 0, VROUTER_MASTER);
	adopt(&rig, fast);
	assert_int_equal(rig_status(&rig, 0)->next_advert, rig.now + SEC);
	assert_int_equal(rig_last(&rig, EFFECT_SEND_ADVERT, 0)->kind, EFFECT_SEND_ADVERT);
	rig_done(&rig);
}

static void
test_longer_interval_of_a_master_prolongs_its_lease(void **state UNUSED)
{
	static const struct rig_group slow[] = {
		{ .interface = "eth0", .sync = "S", .interval = 5 * SEC }, SECOND,
	};
	struct rig rig;

	rig_start_master(&rig, pair, 2);
	adopt(&rig, slow);
	assert_int_equal(rig_last(&rig, EFFECT_RENEW_ADDRESSES, 0)->lease, 16 * SEC);
	assert_null(rig_last(&rig, EFFECT_RENEW_ADDRESSES, 1));
	rig_done(&rig);
}

static void
test_changed_timing_of_a_backup_begins_a_fresh_deadline(void **state UNUSED)
{
	static const struct rig_group slow[] = {
		{ .interface = "eth0", .interval = 5 * SEC },
	};
	struct rig rig;

	rig_start(&rig, apart, 1);
	rig_run(&rig, SEC);
	adopt(&rig, slow);
	assert_int_equal(rig_status(&rig, 0)->down_deadline, rig.now + DOWN + 12 * SEC);
	rig_run(&rig, DOWN + 12 * SEC);
	assert_state(&rig, 0, VROUTER_MASTER);
	rig_done(&rig);
}

static void
test_changed_list_of_a_master_is_taken_and_announced(void **state UNUSED)
{
	static const struct rig_group more[] = {
		{ .interface = "eth0", .sync = "S", .address = { "10.0.0.1/24", "10.0.0.2/24" } },
		{ .interface = "eth1", .sync = "S" },
	};
	struct rig rig;

	rig_start_master(&rig, pair, 2);
	adopt(&rig, more);
	assert_int_equal(rig_count(&rig, EFFECT_TAKE_ADDRESSES, 0), 1);
	assert_int_equal(rig_count(&rig, EFFECT_ANNOUNCE, 0), 1);
	assert_int_equal(rig_count(&rig, EFFECT_SEND_ADVERT, 0), 1);
	assert_int_equal(rig_count(&rig, EFFECT_TAKE_ADDRESSES, 1), 0);
	assert_int_equal(rig_count(&rig, EFFECT_TRANSITION, RIG_GROUPS), 0);
	rig_done(&rig);
}

static void
test_changed_list_of_a_backup_is_silent(void **state UNUSED)
{
	static const struct rig_group other[] = {
		{ .interface = "eth0", .address = { "10.0.0.9/24" } },
	};
	struct rig rig;

	rig_start(&rig, apart, 1);
	rig_forget(&rig);
	adopt(&rig, other);
	assert_int_equal(rig.out.count, 0);
	rig_done(&rig);
}

/* ---- groups that go ------------------------------------------------------------------------- */

static void
test_removed_master_resigns_and_drops_under_its_old_number(void **state UNUSED)
{
	static const struct rig_group second[] = {
		{ .interface = "eth1", .address = { "10.0.1.1/24" } },
	};
	struct rig rig;

	rig_start_master(&rig, apart, 2);
	adopt(&rig, second);
	assert_int_equal(rig_resigned(&rig, 0), 1);
	assert_int_equal(rig_count(&rig, EFFECT_DROP_ADDRESSES, 0), 1);
	assert_int_equal(rig_last(&rig, EFFECT_TRANSITION, 0)->detail, REASON_STOPPED);
	assert_int_equal(rig.out.count, 3);
	assert_state(&rig, 0, VROUTER_MASTER);	/* number 0 is now the other one */
	assert_string_equal(rig_status(&rig, 0)->interface, "eth1");
	rig_done(&rig);
}

static void
test_member_removed_from_a_master_party_leaves_the_rest_alone(void **state UNUSED)
{
	struct rig rig;
	nsec_t next;

	rig_start_master(&rig, pair, 2);
	next = rig_status(&rig, 0)->next_advert;
	rig_adopt(&rig, pair, 1);
	assert_state(&rig, 0, VROUTER_MASTER);
	assert_int_equal(rig_status(&rig, 0)->next_advert, next);
	assert_int_equal(rig_count(&rig, EFFECT_TRANSITION, 0), 0);
	assert_int_equal(rig_resigned(&rig, 1), 1);
	/* The others would take that for the resignation of all: the rest speaks after it. */
	assert_int_equal(rig_count(&rig, EFFECT_SEND_ADVERT, 0), 1);
	assert_true(rig_last(&rig, EFFECT_SEND_ADVERT, 0) > rig_last(&rig, EFFECT_SEND_ADVERT, 1));
	rig_done(&rig);
}

static void
test_removed_faulty_member_frees_the_party(void **state UNUSED)
{
	struct rig rig;

	rig_start(&rig, pair, 2);
	rig_link(&rig, 1, false);
	assert_state(&rig, 0, VROUTER_FAULT);
	rig_adopt(&rig, pair, 1);
	assert_state(&rig, 0, VROUTER_BACKUP);
	rig_done(&rig);
}

static void
test_removed_backup_goes_in_silence(void **state UNUSED)
{
	struct rig rig;

	rig_start(&rig, apart, 2);
	rig_forget(&rig);
	rig_adopt(&rig, apart, 1);
	assert_int_equal(rig_resigned(&rig, RIG_GROUPS), 0);
	assert_int_equal(rig_count(&rig, EFFECT_DROP_ADDRESSES, RIG_GROUPS), 0);
	rig_done(&rig);
}

/* ---- groups that come and move -------------------------------------------------------------- */

static const struct rig_group three[] = {
	{ .interface = "eth0", .sync = "S" },
	{ .interface = "eth1", .sync = "S" },
	{ .interface = "eth0", .sync = "S", .vrid = 2, .address = { "10.9.0.1/24" } },
};

static void
test_group_added_to_a_master_party_becomes_master_alone(void **state UNUSED)
{
	struct rig rig;

	rig_start_master(&rig, pair, 2);
	adopt(&rig, three);
	assert_state(&rig, 2, VROUTER_MASTER);
	assert_reason(&rig, 2, REASON_SYNC_GROUP);
	assert_int_equal(rig_count(&rig, EFFECT_TRANSITION, RIG_GROUPS), 1);
	assert_int_equal(rig_count(&rig, EFFECT_SEND_ADVERT, RIG_GROUPS), 1);
	assert_int_equal(rig_count(&rig, EFFECT_TAKE_ADDRESSES, 2), 1);
	assert_int_equal(rig_count(&rig, EFFECT_ANNOUNCE, 2), 1);
	rig_done(&rig);
}

static void
test_group_added_on_a_new_link_speaks_once_the_link_is_known(void **state UNUSED)
{
	static const struct rig_group more[] = {
		FIRST, SECOND, { .interface = "eth2", .sync = "S" },
	};
	struct rig rig;

	rig_start_master(&rig, pair, 2);
	adopt(&rig, more);
	assert_state(&rig, 2, VROUTER_MASTER);
	assert_int_equal(rig_count(&rig, EFFECT_SEND_ADVERT, 2), 0);
	assert_int_equal(rig_count(&rig, EFFECT_ANNOUNCE, 2), 0);
	rig_link(&rig, 2, true);
	assert_int_equal(rig_count(&rig, EFFECT_SEND_ADVERT, 2), 1);
	assert_int_equal(rig_count(&rig, EFFECT_ANNOUNCE, 2), 1);
	assert_int_equal(rig_count(&rig, EFFECT_TRANSITION, 0), 0);
	rig_done(&rig);
}

static void
test_group_added_on_a_dead_link_faults_the_party(void **state UNUSED)
{
	static const struct rig_group apart3[] = {
		FIRST, SECOND, { .interface = "eth2" },
	};
	static const struct rig_group joined[] = {
		FIRST, SECOND, { .interface = "eth2", .sync = "S" },
	};
	struct rig rig;

	rig_start_master(&rig, apart3, 3);
	rig_link(&rig, 2, false);
	rig_forget(&rig);
	adopt(&rig, joined);
	for (uint32_t i = 0; i < 3; i++)
		assert_state(&rig, i, VROUTER_FAULT);
	assert_reason(&rig, 0, REASON_MEMBER_DOWN);
	assert_int_equal(rig_resigned(&rig, RIG_GROUPS), 2);
	assert_int_equal(rig_count(&rig, EFFECT_TAKE_ADDRESSES, RIG_GROUPS), 0);
	assert_int_equal(rig_count(&rig, EFFECT_DROP_ADDRESSES, RIG_GROUPS), 2);
	rig_done(&rig);
}

/* eth0 master, eth1 backup, each alone. */
static void
start_divided(struct rig *rig)
{
	rig_start(rig, apart, 2);
	for (int i = 0; i < 4; i++) {
		rig_run(rig, SEC);
		rig_hear(rig, 1, 200);
	}
	assert_state(rig, 0, VROUTER_MASTER);
	assert_state(rig, 1, VROUTER_BACKUP);
	rig_forget(rig);
}

static void
test_members_that_meet_for_the_first_time_take_the_lowest_state(void **state UNUSED)
{
	struct rig rig;

	start_divided(&rig);
	adopt(&rig, pair);
	assert_state(&rig, 0, VROUTER_BACKUP);
	assert_state(&rig, 1, VROUTER_BACKUP);
	assert_reason(&rig, 0, REASON_SYNC_GROUP);
	assert_int_equal(rig_resigned(&rig, 0), 1);
	assert_int_equal(rig_count(&rig, EFFECT_DROP_ADDRESSES, 0), 1);
	assert_int_equal(rig_count(&rig, EFFECT_TRANSITION, 1), 0);
	rig_done(&rig);
}

static void
test_masters_that_meet_stay_masters(void **state UNUSED)
{
	struct rig rig;

	rig_start_master(&rig, apart, 2);
	adopt(&rig, pair);
	assert_state(&rig, 0, VROUTER_MASTER);
	assert_int_equal(rig.out.count, 0);
	rig_done(&rig);
}

/* A sync group that was configured a moment ago knows of no master: one that joins it stays one. */
static void
test_master_that_joins_who_heard_nobody_stays_master(void **state UNUSED)
{
	static const nsec_t start_delays[] = { 0, 60 * SEC };	/* it is BACKUP, or still INIT */

	for (size_t i = 0; i < ARRAY_SIZE(start_delays); i++) {
		const struct rig_group begun[] = {
			{ .interface = "eth0" },
			{ .interface = "eth1", .sync = "S", .start_delay = start_delays[i] },
		};
		const struct rig_group joined[] = { FIRST, begun[1] };
		struct rig rig;

		rig_start_master(&rig, apart, 1);
		rig_adopt(&rig, begun, 2);
		rig_link(&rig, 1, false);	/* until the kernel has set it up */
		rig_link(&rig, 1, true);
		rig_run(&rig, SEC);
		assert_state(&rig, 1, start_delays[i] ? VROUTER_INIT : VROUTER_BACKUP);
		rig_forget(&rig);
		rig_adopt(&rig, joined, 2);
		assert_int_equal(rig_count(&rig, EFFECT_TRANSITION, 0), 0);
		assert_int_equal(rig_count(&rig, EFFECT_DROP_ADDRESSES, 0), 0);
		assert_int_equal(rig_resigned(&rig, 0), 0);
		assert_state(&rig, 1, VROUTER_MASTER);
		assert_reason(&rig, 1, REASON_SYNC_GROUP);
		rig_run(&rig, 10 * SEC);
		assert_state(&rig, 0, VROUTER_MASTER);
		rig_done(&rig);
	}
}

/* It has heard its master: who joins it heeds that. */
static void
test_master_that_joins_who_heard_another_becomes_backup(void **state UNUSED)
{
	static const struct rig_group begun[] = { { .interface = "eth0" }, SECOND };
	struct rig rig;

	rig_start_master(&rig, apart, 1);
	adopt(&rig, begun);
	rig_link(&rig, 1, true);
	rig_hear(&rig, 1, 200);
	adopt(&rig, pair);
	assert_state(&rig, 0, VROUTER_BACKUP);
	assert_reason(&rig, 0, REASON_SYNC_GROUP);
	assert_int_equal(rig_resigned(&rig, 0), 1);
	rig_done(&rig);
}

static void
test_sync_group_of_masters_may_be_renamed(void **state UNUSED)
{
	static const struct rig_group renamed[] = {
		{ .interface = "eth0", .sync = "T" }, { .interface = "eth1", .sync = "T" },
	};
	struct rig rig;

	rig_start_master(&rig, pair, 2);
	adopt(&rig, renamed);
	assert_state(&rig, 1, VROUTER_MASTER);
	assert_int_equal(rig.out.count, 0);
	rig_done(&rig);
}

static void
test_group_that_leaves_a_sync_group_keeps_its_state(void **state UNUSED)
{
	struct rig rig;

	rig_start_master(&rig, pair, 2);
	adopt(&rig, apart);
	assert_state(&rig, 0, VROUTER_MASTER);
	assert_state(&rig, 1, VROUTER_MASTER);
	assert_int_equal(rig.out.count, 0);
	/* And from now on it goes its own way. */
	rig_link(&rig, 1, false);
	assert_state(&rig, 0, VROUTER_MASTER);
	assert_state(&rig, 1, VROUTER_FAULT);
	rig_done(&rig);
}

static void
test_group_that_moves_takes_the_state_of_the_party_it_joins(void **state UNUSED)
{
	static const struct rig_group two_parties[] = {
		{ .interface = "eth0", .sync = "A" }, { .interface = "eth1", .sync = "B" },
		{ .interface = "eth2", .sync = "B" },
	};
	static const struct rig_group moved_to_a[] = {
		{ .interface = "eth0", .sync = "A" }, { .interface = "eth1", .sync = "B" },
		{ .interface = "eth2", .sync = "A" },
	};
	struct rig rig;

	/* A is master, B backup. */
	rig_start(&rig, two_parties, 3);
	for (int i = 0; i < 4; i++) {
		rig_run(&rig, SEC);
		rig_hear(&rig, 1, 200);
	}
	rig_forget(&rig);
	adopt(&rig, moved_to_a);
	assert_state(&rig, 0, VROUTER_MASTER);
	assert_state(&rig, 1, VROUTER_BACKUP);
	assert_state(&rig, 2, VROUTER_MASTER);
	assert_int_equal(rig_count(&rig, EFFECT_TAKE_ADDRESSES, 2), 1);
	/* And back. */
	adopt(&rig, two_parties);
	assert_state(&rig, 0, VROUTER_MASTER);
	assert_state(&rig, 2, VROUTER_BACKUP);
	assert_int_equal(rig_resigned(&rig, 2), 1);
	assert_int_equal(rig_count(&rig, EFFECT_DROP_ADDRESSES, 2), 1);
	rig_done(&rig);
}

static void
test_name_of_a_sync_group_alone_hands_nothing_on(void **state UNUSED)
{
	static const struct rig_group before[] = {
		{ .interface = "eth0", .sync = "A" }, { .interface = "eth1", .sync = "B" },
	};
	static const struct rig_group after[] = {
		{ .interface = "eth1", .sync = "A", .address = { "10.0.1.1/24" } },
	};
	struct rig rig;

	/* A is master, B backup; then B's only member takes over the name. */
	rig_start(&rig, before, 2);
	for (int i = 0; i < 4; i++) {
		rig_run(&rig, SEC);
		rig_hear(&rig, 1, 200);
	}
	assert_state(&rig, 0, VROUTER_MASTER);
	adopt(&rig, after);
	assert_state(&rig, 0, VROUTER_BACKUP);
	rig_done(&rig);
}

static void
test_version_of_a_number_changes_with_its_group(void **state UNUSED)
{
	static const struct rig_group turned[] = {
		{ .interface = "eth1", .address = { "10.0.1.1/24" } },
		{ .interface = "eth0", .address = { "10.0.0.1/24" } },
	};
	uint64_t before[2];
	struct rig rig;

	rig_start(&rig, apart, 2);
	before[0] = engine_status_version(rig.engine, 0);
	before[1] = engine_status_version(rig.engine, 1);
	adopt(&rig, turned);
	assert_int_not_equal(engine_status_version(rig.engine, 0), before[0]);
	assert_int_not_equal(engine_status_version(rig.engine, 1), before[1]);
	rig_done(&rig);
}

static void
test_new_groups_beside_running_ones_begin_as_backup(void **state UNUSED)
{
	struct rig rig;

	rig_start(&rig, apart, 1);
	rig_run(&rig, 5 * SEC);
	rig_forget(&rig);
	adopt(&rig, apart);
	assert_state(&rig, 0, VROUTER_MASTER);
	assert_state(&rig, 1, VROUTER_INIT);
	rig_link(&rig, 1, true);
	assert_state(&rig, 1, VROUTER_BACKUP);
	assert_int_equal(rig_count(&rig, EFFECT_TRANSITION, 0), 0);
	rig_done(&rig);
}

static void
test_lingering_goes_on_under_new_settings(void **state UNUSED)
{
	struct rig rig;

	rig_start_master(&rig, pair, 2);
	assert_int_equal(engine_reset_master(rig.engine, 0, rig.now, &rig.out), ENGINE_DONE);
	rig_carry_out(&rig);
	rig_hear(&rig, 0, 50);
	rig_forget(&rig);
	adopt(&rig, three);
	assert_true(rig_status(&rig, 0)->lingering);
	assert_false(rig_status(&rig, 2)->lingering);
	rig_run(&rig, ENGINE_LINGER);
	assert_int_equal(rig_count(&rig, EFFECT_DROP_ADDRESSES, RIG_GROUPS), 2);
	rig_done(&rig);
}

/* Lingering addresses never survive what the party of the group does not know of. */
static void
test_lingering_group_that_moves_elsewhere_drops_its_addresses(void **state UNUSED)
{
	static const struct rig_group begin[] = {
		{ .interface = "eth0" }, { .interface = "eth1", .sync = "B" },
	};
	static const struct rig_group end[] = {
		{ .interface = "eth0", .sync = "B" }, { .interface = "eth1", .sync = "B" },
	};
	struct rig rig;

	rig_start(&rig, begin, 2);
	for (int i = 0; i < 4; i++) {
		rig_run(&rig, SEC);
		rig_hear(&rig, 1, 200);
	}
	assert_int_equal(engine_reset_master(rig.engine, 0, rig.now, &rig.out), ENGINE_DONE);
	rig_carry_out(&rig);
	adopt(&rig, end);
	assert_false(engine_holds_addresses(rig.engine, 0));
	assert_state(&rig, 0, VROUTER_BACKUP);
	rig_done(&rig);
}

static void
test_start_delay_counts_from_the_first_appearance(void **state UNUSED)
{
	static const struct rig_group delayed[] = {
		{ .interface = "eth0", .start_delay = 10 * SEC },
	};
	static const struct rig_group described[] = {
		{ .interface = "eth0", .start_delay = 10 * SEC, .priority = 90 },
	};
	struct rig rig;

	rig_start(&rig, delayed, 1);
	rig_run(&rig, 5 * SEC);
	adopt(&rig, described);
	rig_run_until(&rig, RIG_BEGIN + 10 * SEC - 1);
	assert_state(&rig, 0, VROUTER_INIT);
	rig_run_until(&rig, RIG_BEGIN + 10 * SEC);
	assert_state(&rig, 0, VROUTER_BACKUP);
	rig_done(&rig);
}

/* Every way from one small configuration to another, from every state, twice: laws of the rig. */
static void
test_any_configuration_may_follow_any_other(void **state UNUSED)
{
	static const struct rig_group g0[] = { { .interface = "eth0" } };
	static const struct rig_group g1[] = { { .interface = "eth1", .sync = "S" } };
	static const struct rig_group other[] = {
		{ .interface = "eth0", .sync = "T" }, { .interface = "eth2", .sync = "S" },
		{ .interface = "eth1", .sync = "T" },
	};
	static const struct {
		const struct rig_group *groups;
		size_t count;
	} all[] = {
		{ g0, 1 }, { g1, 1 }, { pair, 2 }, { apart, 2 }, { three, 3 }, { other, 3 },
	};
	enum { KINDS = ARRAY_SIZE(all), STATES = 5 };

	for (unsigned path = 0; path < KINDS * KINDS * KINDS * STATES; path++) {
		unsigned rest = path / STATES;
		struct rig rig;

		rig_start(&rig, all[rest % KINDS].groups, all[rest % KINDS].count);
		if (path % STATES >= 1)
			rig_run(&rig, 5 * SEC);
		if (path % STATES == 2)
			rig_link(&rig, 0, false);
		if (path % STATES == 3)
			rig_hear(&rig, 0, 254);
		if (path % STATES == 4) {
			assert_int_equal(engine_reset_master(rig.engine, 0, rig.now, &rig.out),
			                 ENGINE_DONE);
			rig_carry_out(&rig);
		}
		for (rest /= KINDS; rest > 0; rest /= KINDS) {
			rig_adopt(&rig, all[rest % KINDS].groups, all[rest % KINDS].count);
			rig_run(&rig, SEC / 2);
		}
		for (uint32_t i = 0; i < rig.settings->link_count; i++)
			rig_link(&rig, i, true);
		rig_run(&rig, 10 * SEC);
		for (uint32_t i = 0; i < rig.settings->group_count; i++)
			assert_state(&rig, i, VROUTER_MASTER);
		rig_done(&rig);
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_same_settings_again_are_a_no_op),
		cmocka_unit_test(test_other_order_of_groups_is_no_change),
		cmocka_unit_test(test_master_keeps_state_under_each_change),
		cmocka_unit_test(test_sync_group_advertises_its_lowest_priority),
		cmocka_unit_test(test_shorter_interval_of_a_master_counts_from_now),
		cmocka_unit_test(test_changed_timing_of_a_backup_begins_a_fresh_deadline),
		cmocka_unit_test(test_changed_list_of_a_master_is_taken_and_announced),
		cmocka_unit_test(test_changed_list_of_a_backup_is_silent),
		cmocka_unit_test(test_removed_master_resigns_and_drops_under_its_old_number),
		cmocka_unit_test(test_member_removed_from_a_master_party_leaves_the_rest_alone),
		cmocka_unit_test(test_removed_faulty_member_frees_the_party),
		cmocka_unit_test(test_removed_backup_goes_in_silence),
		cmocka_unit_test(test_group_added_to_a_master_party_becomes_master_alone),
		cmocka_unit_test(test_group_added_on_a_new_link_speaks_once_the_link_is_known),
		cmocka_unit_test(test_group_added_on_a_dead_link_faults_the_party),
		cmocka_unit_test(test_members_that_meet_for_the_first_time_take_the_lowest_state),
		cmocka_unit_test(test_masters_that_meet_stay_masters),
		cmocka_unit_test(test_master_that_joins_who_heard_nobody_stays_master),
		cmocka_unit_test(test_master_that_joins_who_heard_another_becomes_backup),
		cmocka_unit_test(test_sync_group_of_masters_may_be_renamed),
		cmocka_unit_test(test_group_that_leaves_a_sync_group_keeps_its_state),
		cmocka_unit_test(test_group_that_moves_takes_the_state_of_the_party_it_joins),
		cmocka_unit_test(test_new_groups_beside_running_ones_begin_as_backup),
		cmocka_unit_test(test_lingering_goes_on_under_new_settings),
		cmocka_unit_test(test_lingering_group_that_moves_elsewhere_drops_its_addresses),
		cmocka_unit_test(test_start_delay_counts_from_the_first_appearance),
		cmocka_unit_test(test_any_configuration_may_follow_any_other),
		cmocka_unit_test(test_longer_interval_of_a_master_prolongs_its_lease),
		cmocka_unit_test(test_name_of_a_sync_group_alone_hands_nothing_on),
		cmocka_unit_test(test_version_of_a_number_changes_with_its_group),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
