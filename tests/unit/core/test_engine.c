/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The front door: pauses, going on after a crash, deadlines, room for effects. */
#include "rig.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define DOWN (3609375 * NSEC_PER_USEC)
#define SKEW (609375 * NSEC_PER_USEC)

static const struct rig_group alone[] = { { .interface = "eth0" } };
static const struct rig_group pair[] = {
	{ .interface = "eth0", .sync = "S" },
	{ .interface = "eth1", .sync = "S" },
};

static void
test_engine_without_settings_waits_for_nothing(void **state UNUSED)
{
	struct engine *engine = engine_new();
	struct effects out = { 0 };

	assert_null(engine_settings(engine));
	assert_true(engine_deadline(engine) == NSEC_NEVER);
	assert_int_equal(engine_effects_needed(engine), 0);
	engine_on_time(engine, RIG_BEGIN, RIG_BEGIN, &out);
	engine_stop(engine, RIG_BEGIN, &out);
	assert_int_equal(out.count, 0);
	engine_free(engine);
	engine_free(NULL);
}

static void
test_settings_without_groups_are_adopted(void **state UNUSED)
{
	struct settings *settings = settings_new(&(struct settings_counts){ 0 });
	struct engine *engine = engine_new();
	struct effects out = { 0 };

	engine_retire(engine, settings, 0, &out);
	assert_int_equal(engine_adopt(engine, settings, 0, &out), 0);
	engine_on_time(engine, 100 * SEC, 100 * SEC, &out);
	assert_true(engine_deadline(engine) == NSEC_NEVER);
	engine_free(engine);
	free(settings);
}

static void
test_traffic_that_is_not_vrrp_changes_nothing(void **state UNUSED)
{
	static const uint8_t arp[42] = { [12] = 0x08, [13] = 0x06 };
	struct rig rig;
	uint64_t version;

	rig_start(&rig, alone, 1);
	version = engine_status_version(rig.engine, 0);
	rig_hear_bytes(&rig, 0, arp, sizeof(arp));
	rig_hear_bytes(&rig, 0, arp, 0);
	assert_int_equal(engine_unknown_vrids(rig.engine, 0), 0);
	assert_int_equal(engine_status_version(rig.engine, 0), version);
	rig_done(&rig);
}

/* ---- pauses --------------------------------------------------------------------------------- */

static void
test_master_that_stood_still_listens_before_it_speaks(void **state UNUSED)
{
	struct rig rig;
	nsec_t woken;

	rig_start_master(&rig, pair, 2);
	woken = rig.now + DOWN + 1;
	rig_wake(&rig, woken);
	for (uint32_t i = 0; i < 2; i++) {
		assert_state(&rig, i, VROUTER_BACKUP);
		assert_reason(&rig, i, REASON_STALLED);
		assert_int_equal(rig_count(&rig, EFFECT_DROP_ADDRESSES, i), 1);
		assert_int_equal(rig_status(&rig, i)->down_deadline, woken + DOWN);
	}
	assert_int_equal(rig_count(&rig, EFFECT_SEND_ADVERT, RIG_GROUPS), 0);
	assert_int_equal(rig_resigned(&rig, RIG_GROUPS), 0);
	rig_done(&rig);
}

/* What counts is the silence the others heard, not only the time we did not run. */
static void
test_pause_of_a_master_counts_from_its_last_advert(void **state UNUSED)
{
	for (int too_long = 0; too_long < 2; too_long++) {
		struct rig rig;
		nsec_t spoke;

		rig_start_master(&rig, alone, 1);
		spoke = rig_status(&rig, 0)->next_advert;
		rig_run_until(&rig, spoke + 900 * MSEC);
		rig_forget(&rig);
		rig_wake(&rig, spoke + DOWN - 1 + too_long);
		assert_state(&rig, 0, too_long ? VROUTER_BACKUP : VROUTER_MASTER);
		assert_int_equal(rig_count(&rig, EFFECT_SEND_ADVERT, 0), !too_long);
		rig_done(&rig);
	}
}

static void
test_any_call_notices_the_pause(void **state UNUSED)
{
	for (int call = 0; call < 6; call++) {
		struct link_input input;
		struct rig rig;

		rig_start_master(&rig, pair, 2);
		input = rig_link_input(&rig, true);
		rig.now += 60 * SEC;
		switch (call) {
		case 0:
			rig_hear(&rig, 0, 50);
			break;
		case 1:
			engine_on_link(rig.engine, 0, &input, rig.now, &rig.out);
			break;
		case 2:
			(void)engine_reset_master(rig.engine, 0, rig.now, &rig.out);
			break;
		case 3:
			(void)engine_announce(rig.engine, 0, rig.now, &rig.out);
			break;
		case 4:
			engine_retire(rig.engine, rig.settings, rig.now, &rig.out);
			break;
		case 5:
			rig_adopt(&rig, pair, 2);
			break;
		}
		rig_carry_out(&rig);
		assert_state(&rig, 1, VROUTER_BACKUP);
		assert_reason(&rig, 1, REASON_STALLED);
		assert_int_equal(rig_count(&rig, EFFECT_SEND_ADVERT, RIG_GROUPS), 0);
		rig_done(&rig);
	}
}

static void
test_backup_that_stood_still_waits_a_full_down_interval(void **state UNUSED)
{
	struct rig rig;
	nsec_t woken;

	rig_start(&rig, alone, 1);
	woken = rig.now + 60 * SEC;
	rig_wake(&rig, woken);
	assert_state(&rig, 0, VROUTER_BACKUP);
	assert_int_equal(rig_count(&rig, EFFECT_TRANSITION, 0), 1);	/* that of the start */
	/* Adverts that waited in the socket meanwhile: old news, of either kind. */
	rig_hear_late(&rig, 0, 200, RIG_BEGIN + SEC);
	rig_hear_late(&rig, 0, 0, RIG_BEGIN + 2 * SEC);
	assert_int_equal(rig_status(&rig, 0)->down_deadline, woken + DOWN);
	rig_hear(&rig, 0, 0);		/* but this one is news */
	assert_int_equal(rig_status(&rig, 0)->down_deadline, woken + SKEW);
	rig_done(&rig);
}

static void
test_lingering_router_that_stood_still_drops_its_addresses(void **state UNUSED)
{
	struct rig rig;

	rig_start_master(&rig, pair, 2);
	assert_int_equal(engine_reset_master(rig.engine, 0, rig.now, &rig.out), ENGINE_DONE);
	rig_carry_out(&rig);
	rig_wake(&rig, rig.now + 60 * SEC);
	assert_int_equal(rig_count(&rig, EFFECT_DROP_ADDRESSES, RIG_GROUPS), 2);
	assert_state(&rig, 0, VROUTER_BACKUP);
	rig_done(&rig);
}

/* The pause is shorter than the down interval, but the kernel has dropped the addresses itself. */
static void
test_addresses_that_outlived_their_lease_are_given_up(void **state UNUSED)
{
	struct rig rig;
	nsec_t renewed;

	rig_start_master(&rig, alone, 1);
	renewed = rig_status(&rig, 0)->next_advert;
	rig_run_until(&rig, renewed + 950 * MSEC);
	assert_int_equal(engine_reset_master(rig.engine, 0, rig.now, &rig.out), ENGINE_DONE);
	rig_carry_out(&rig);
	rig_wake(&rig, renewed + 4 * SEC);
	assert_false(rig.held[0]);
	assert_int_equal(rig_status(&rig, 0)->down_deadline, rig.now + DOWN);
	rig_done(&rig);
}

/* Each party by its own down interval. */
static void
test_pause_too_long_for_one_party_may_be_short_for_another(void **state UNUSED)
{
	static const struct rig_group groups[] = {
		{ .interface = "eth0" }, { .interface = "eth1", .interval = 5 * SEC },
	};
	struct rig rig;

	rig_start(&rig, groups, 2);
	rig_run(&rig, 20 * SEC);
	rig_wake(&rig, rig.now + 6 * SEC);
	assert_state(&rig, 0, VROUTER_BACKUP);
	assert_state(&rig, 1, VROUTER_MASTER);
	rig_done(&rig);
}

/* ---- after a crash -------------------------------------------------------------------------- */

/* The engine of the rig dies and another goes on from its records after a pause. */
static void
crash(struct rig *rig, const struct rig_group *groups, size_t count, nsec_t pause)
{
	struct vrouter_status records[RIG_GROUPS];
	bool held[RIG_GROUPS];
	nsec_t now = rig->now;

	memset(records, 0, sizeof(records));
	for (uint32_t i = 0; i < count; i++)
		records[i] = *rig_status(rig, i);
	memcpy(held, rig->held, sizeof(held));
	rig_done(rig);
	rig_init(rig);
	rig->now = now + pause;
	rig_adopt(rig, groups, count);
	assert_int_equal(rig->out.count, 0);
	memcpy(rig->held, held, sizeof(held));
	engine_resume(rig->engine, records, count, rig->now, &rig->out);
	rig_carry_out(rig);
}

static void
test_master_goes_on_after_a_crash_without_transition(void **state UNUSED)
{
	struct vrouter_status before;
	struct rig rig;

	rig_start_master(&rig, pair, 2);
	rig_run(&rig, 2 * SEC);
	before = *rig_status(&rig, 0);
	crash(&rig, pair, 2, 200 * MSEC);
	for (uint32_t i = 0; i < 2; i++) {
		assert_state(&rig, i, VROUTER_MASTER);
		assert_int_equal(rig_count(&rig, EFFECT_RENEW_ADDRESSES, i), 1);
	}
	assert_int_equal(rig.out.count, 2);
	assert_int_equal(rig_status(&rig, 0)->next_advert, before.next_advert);
	assert_int_equal(rig_status(&rig, 0)->last_transition, before.last_transition);
	assert_memory_equal(&rig_status(&rig, 0)->counters, &before.counters,
	                    sizeof(before.counters));
	rig_link(&rig, 0, true);
	rig_link(&rig, 1, true);
	assert_int_equal(rig.out.count, 2);
	rig_run_until(&rig, before.next_advert);
	assert_int_equal(rig_count(&rig, EFFECT_SEND_ADVERT, 0), 1);
	assert_int_equal(rig_count(&rig, EFFECT_TRANSITION, RIG_GROUPS), 0);
	rig_done(&rig);
}

/* However often the engine dies, addresses never outlive the last advert by more than a lease. */
static void
test_resumed_master_renews_only_the_rest_of_its_lease(void **state UNUSED)
{
	struct rig rig;
	nsec_t spoke;

	rig_start_master(&rig, alone, 1);
	spoke = rig_status(&rig, 0)->next_advert;
	rig_run_until(&rig, spoke);
	crash(&rig, alone, 1, 2 * SEC);
	assert_int_equal(rig_last(&rig, EFFECT_RENEW_ADDRESSES, 0)->lease, 2 * SEC);
	rig_done(&rig);
}

static void
test_advert_missed_by_the_crash_goes_out_at_once(void **state UNUSED)
{
	struct rig rig;
	nsec_t due;

	rig_start_master(&rig, alone, 1);
	rig_run(&rig, 2 * SEC);
	due = rig_status(&rig, 0)->next_advert;
	crash(&rig, alone, 1, due - rig.now + 100 * MSEC);
	rig_link(&rig, 0, true);
	rig_wake(&rig, rig.now);
	assert_int_equal(rig_count(&rig, EFFECT_SEND_ADVERT, 0), 1);
	assert_int_equal(rig_status(&rig, 0)->next_advert, due + SEC);
	rig_done(&rig);
}

static void
test_no_frame_is_sent_before_its_link_is_known(void **state UNUSED)
{
	struct rig rig;

	rig_start_master(&rig, alone, 1);
	rig_run(&rig, 2 * SEC);
	crash(&rig, alone, 1, 10 * MSEC);
	rig_run(&rig, 2 * SEC);
	assert_int_equal(rig_count(&rig, EFFECT_SEND_ADVERT, 0), 0);
	rig_link(&rig, 0, true);
	rig_run(&rig, SEC);
	assert_int_equal(rig_count(&rig, EFFECT_SEND_ADVERT, 0), 1);
	rig_done(&rig);
}

static void
test_master_silent_for_too_long_begins_as_backup(void **state UNUSED)
{
	struct rig rig;

	rig_start_master(&rig, pair, 2);
	rig_run(&rig, 2 * SEC);
	crash(&rig, pair, 2, DOWN);
	for (uint32_t i = 0; i < 2; i++) {
		assert_state(&rig, i, VROUTER_BACKUP);
		assert_reason(&rig, i, REASON_RESUMED);
		assert_int_equal(rig_count(&rig, EFFECT_DROP_ADDRESSES, i), 1);
		assert_int_equal(rig_status(&rig, i)->down_deadline, rig.now + DOWN);
	}
	assert_int_equal(rig_resigned(&rig, RIG_GROUPS), 0);
	rig_done(&rig);
}

static void
test_backup_goes_on_listening_afresh(void **state UNUSED)
{
	struct vrouter_status before;
	struct rig rig;

	rig_start(&rig, pair, 2);
	rig_run(&rig, SEC);
	rig_hear(&rig, 0, 200);
	before = *rig_status(&rig, 0);
	crash(&rig, pair, 2, SEC);
	assert_int_equal(rig.out.count, 0);
	assert_state(&rig, 0, VROUTER_BACKUP);
	assert_int_equal(rig_status(&rig, 0)->last_transition, before.last_transition);
	assert_int_equal(rig_status(&rig, 0)->master_priority, 200);
	assert_int_equal(rig_status(&rig, 0)->down_deadline, rig.now + DOWN);
	rig_done(&rig);
}

static void
test_members_that_disagree_begin_as_backup(void **state UNUSED)
{
	static const struct rig_group apart[] = {
		{ .interface = "eth0" }, { .interface = "eth1" },
	};
	struct rig rig;

	rig_start(&rig, apart, 2);
	rig_hear(&rig, 1, 200);
	rig_run(&rig, SEC);
	rig_hear(&rig, 1, 200);
	rig_run_until(&rig, RIG_BEGIN + DOWN + 10 * MSEC);
	assert_state(&rig, 0, VROUTER_MASTER);
	assert_state(&rig, 1, VROUTER_BACKUP);
	crash(&rig, pair, 2, 10 * MSEC);
	assert_state(&rig, 0, VROUTER_BACKUP);
	assert_state(&rig, 1, VROUTER_BACKUP);
	assert_int_equal(rig_count(&rig, EFFECT_DROP_ADDRESSES, RIG_GROUPS), 1);
	rig_done(&rig);
}

static void
test_lingering_router_drops_its_addresses_after_a_crash(void **state UNUSED)
{
	struct rig rig;

	rig_start_master(&rig, pair, 2);
	assert_int_equal(engine_reset_master(rig.engine, 0, rig.now, &rig.out), ENGINE_DONE);
	rig_carry_out(&rig);
	crash(&rig, pair, 2, 10 * MSEC);
	assert_int_equal(rig_count(&rig, EFFECT_DROP_ADDRESSES, RIG_GROUPS), 2);
	assert_state(&rig, 0, VROUTER_BACKUP);
	rig_done(&rig);
}

static void
test_group_in_fault_recovers_after_a_crash(void **state UNUSED)
{
	struct rig rig;

	rig_start(&rig, pair, 2);
	rig_link(&rig, 0, false);
	crash(&rig, pair, 2, SEC);
	assert_state(&rig, 0, VROUTER_FAULT);
	rig_link(&rig, 0, true);
	assert_state(&rig, 0, VROUTER_FAULT);
	rig_link(&rig, 1, true);
	assert_state(&rig, 0, VROUTER_BACKUP);
	rig_done(&rig);
}

static void
test_resumed_master_whose_link_is_gone_faults(void **state UNUSED)
{
	struct rig rig;

	rig_start_master(&rig, pair, 2);
	rig_run(&rig, 2 * SEC);
	crash(&rig, pair, 2, 10 * MSEC);
	rig_link(&rig, 0, false);
	assert_state(&rig, 0, VROUTER_FAULT);
	assert_state(&rig, 1, VROUTER_FAULT);
	rig_done(&rig);
}

/* Records of garbage may cost the mastership, never an assertion. */
static void
test_records_of_garbage_do_no_harm(void **state UNUSED)
{
	for (unsigned byte = 0; byte < 256; byte += 17) {
		struct vrouter_status records[3];
		struct rig rig;

		memset(records, (int)byte, sizeof(records));
		for (unsigned i = 0; i < 3; i++) {
			memcpy(records[i].interface, i == 2 ? "eth9" : i ? "eth1" : "eth0", 5);
			records[i].vrid = 1;
			records[i].lingering = byte & 1;
		}
		rig_init(&rig);
		rig_adopt(&rig, pair, 2);
		engine_resume(rig.engine, records, 3, rig.now, &rig.out);
		for (uint32_t i = 0; i < 2; i++)
			assert_true(rig_status(&rig, i)->state < VROUTER_STATES);
		engine_on_time(rig.engine, rig.now + 60 * SEC, rig.now, &rig.out);
		rig_done(&rig);
	}
}

/* ---- size ----------------------------------------------------------------------------------- */

#define MANY 4000u

static struct settings *
many_groups(uint32_t count, bool one_party)
{
	struct settings *s = settings_new(&(struct settings_counts){
		.links = MANY / 200, .groups = count, .syncs = 1, .addresses = count });

	for (uint32_t i = 0; i < s->link_count; i++) {
		struct link_settings *link = &settings_links(s)[i];

		snprintf(link->name, sizeof(link->name), "eth%u", i);
		link->parent = link->member_of = -1;
	}
	strcpy(settings_syncs(s)[0].name, "S");
	for (uint32_t i = 0; i < count; i++) {
		struct group_settings *g = &settings_groups(s)[i];

		group_settings_init(g);
		g->link = (int32_t)(i / 200);
		g->sync = one_party ? 0 : -1;
		g->vrid = (uint8_t)(i % 200 + 1);
		g->address_first = i;
		g->address_count = 1;
		settings_addresses(s)[i].link = -1;
		settings_addresses(s)[i].prefix.ip = ip_from_v4((uint8_t[]){ 10, 0, i >> 8, i });
		settings_addresses(s)[i].prefix.length = 32;
	}
	assert_int_equal(settings_check(s, s->size, NULL), 0);
	return s;
}

/* Also shows that engine_effects_needed() is enough: every call begins with just that room. */
static void
test_four_thousand_groups_take_over_at_once_and_spread(void **state UNUSED)
{
	for (int one_party = 0; one_party < 2; one_party++) {
		struct settings *s = many_groups(MANY, one_party);
		struct engine *engine = engine_new();
		const struct link_input input = {
			.usable = true, .source4 = ip_from_v4((const uint8_t[]){ 192, 0, 2, 1 }),
		};
		struct effects out = { .capacity = engine_adopt_needed(engine, s) };
		nsec_t now = RIG_BEGIN;
		size_t most = 0;

		out.list = calloc(out.capacity, sizeof(*out.list));
		assert_int_equal(engine_adopt(engine, s, now, &out), 0);
		out.capacity = engine_effects_needed(engine);
		for (uint32_t i = 0; i < s->link_count; i++) {
			out.count = 0;
			engine_on_link(engine, i, &input, now, &out);
		}
		for (int i = 0; i < 40; i++) {
			out.count = 0;
			now += engine_tick(engine);
			engine_on_time(engine, now, now, &out);
		}
		assert_int_equal(engine_status(engine, MANY - 1)->state, VROUTER_MASTER);
		now += SEC;		/* past the first burst, which goes out together */
		out.count = 0;
		engine_on_time(engine, now, now, &out);
		for (int i = 0; i < 1000; i++) {
			out.count = 0;
			now += MSEC;
			engine_on_time(engine, now, now, &out);
			most = out.count > most ? out.count : most;
		}
		/* A lot of 64, each with its renewal, not four thousand at once. */
		assert_in_range(most, 2 * 64, 2 * 64);
		out.count = 0;
		engine_stop(engine, now, &out);
		assert_int_equal(out.count, 3 * MANY);
		engine_free(engine);
		free(out.list);
		free(s);
	}
}

/* Half of a large configuration leaves: room for that is what engine_adopt_needed() says. */
static void
test_half_of_four_thousand_masters_leave_in_the_room_foretold(void **state UNUSED)
{
	for (int one_party = 0; one_party < 2; one_party++) {
		struct settings *all = many_groups(MANY, one_party);
		struct settings *half = many_groups(MANY / 2, one_party);
		struct engine *engine = engine_new();
		struct effects out = { .capacity = engine_adopt_needed(engine, all) };
		const struct link_input input = {
			.usable = true, .source4 = ip_from_v4((const uint8_t[]){ 192, 0, 2, 1 }),
		};
		nsec_t now = RIG_BEGIN;

		out.list = calloc(out.capacity, sizeof(*out.list));
		assert_int_equal(engine_adopt(engine, all, now, &out), 0);
		for (uint32_t i = 0; i < all->link_count; i++)
			engine_on_link(engine, i, &input, now, &out);
		for (int i = 0; i < 40; i++) {
			out.count = 0;
			now += engine_tick(engine);
			engine_on_time(engine, now, now, &out);
		}
		out.capacity = engine_adopt_needed(engine, half);
		assert_true(out.capacity <= engine_adopt_needed(engine, all));
		out.count = 0;
		engine_retire(engine, half, now, &out);
		/* Three for each that leaves; each that stays in its party speaks, and renews
		 * unless it has just done so. */
		assert_in_range(out.count, 3 * MANY / 2 + (one_party ? MANY / 2 : 0),
		                3 * MANY / 2 + (one_party ? 2 * MANY / 2 : 0));
		out.count = 0;
		assert_int_equal(engine_adopt(engine, half, now, &out), 0);
		assert_int_equal(out.count, 0);
		assert_int_equal(engine_status(engine, MANY / 2 - 1)->state, VROUTER_MASTER);
		engine_free(engine);
		free(out.list);
		free(all);
		free(half);
	}
}

/* ---- preparing ------------------------------------------------------------------------------ */

static void
test_what_happens_after_preparing_is_carried_over(void **state UNUSED)
{
	static const struct rig_group higher[] = { { .interface = "eth0", .priority = 150 } };
	struct settings *settings = rig_settings(higher, 1);
	struct vrouter_counters before;
	struct rig rig;

	rig_start(&rig, alone, 1);
	assert_int_equal(engine_prepare(rig.engine, settings, rig.now), 0);
	assert_state(&rig, 0, VROUTER_BACKUP);
	assert_int_equal(engine_settings(rig.engine)->group_count, 1);
	rig_run(&rig, 10 * SEC);
	assert_state(&rig, 0, VROUTER_MASTER);
	before = rig_status(&rig, 0)->counters;
	engine_retire(rig.engine, settings, rig.now, &rig.out);
	assert_int_equal(engine_adopt(rig.engine, settings, rig.now, &rig.out), 0);
	assert_state(&rig, 0, VROUTER_MASTER);
	assert_memory_equal(&rig_status(&rig, 0)->counters, &before, sizeof(before));
	assert_int_equal(rig_status(&rig, 0)->effective_priority, 150);
	free(settings);
	rig_done(&rig);
}

/* The group that was prepared for is gone again before anybody adopts it. */
static void
test_prepared_for_one_and_adopting_another_is_no_different(void **state UNUSED)
{
	static const struct rig_group moved[] = { { .interface = "eth1" } };
	static const struct rig_group more[] = {
		{ .interface = "eth0", .vrid = 9 }, { .interface = "eth0" },
	};
	struct settings *prepared = rig_settings(moved, 1), *adopted = rig_settings(more, 2);
	struct rig rig;

	rig_start_master(&rig, alone, 1);
	assert_int_equal(engine_prepare(rig.engine, prepared, rig.now), 0);
	engine_retire(rig.engine, adopted, rig.now, &rig.out);
	assert_int_equal(rig_count(&rig, EFFECT_DROP_ADDRESSES, RIG_GROUPS), 0);
	assert_int_equal(engine_adopt(rig.engine, adopted, rig.now, &rig.out), 0);
	assert_int_equal(engine_settings(rig.engine)->group_count, 2);
	assert_int_equal(engine_status(rig.engine, 1)->state, VROUTER_MASTER);
	assert_int_equal(engine_status(rig.engine, 0)->state, VROUTER_BACKUP);
	free(prepared);
	free(adopted);
	rig_done(&rig);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_engine_without_settings_waits_for_nothing),
		cmocka_unit_test(test_settings_without_groups_are_adopted),
		cmocka_unit_test(test_traffic_that_is_not_vrrp_changes_nothing),
		cmocka_unit_test(test_master_that_stood_still_listens_before_it_speaks),
		cmocka_unit_test(test_pause_of_a_master_counts_from_its_last_advert),
		cmocka_unit_test(test_any_call_notices_the_pause),
		cmocka_unit_test(test_backup_that_stood_still_waits_a_full_down_interval),
		cmocka_unit_test(test_lingering_router_that_stood_still_drops_its_addresses),
		cmocka_unit_test(test_pause_too_long_for_one_party_may_be_short_for_another),
		cmocka_unit_test(test_master_goes_on_after_a_crash_without_transition),
		cmocka_unit_test(test_advert_missed_by_the_crash_goes_out_at_once),
		cmocka_unit_test(test_no_frame_is_sent_before_its_link_is_known),
		cmocka_unit_test(test_master_silent_for_too_long_begins_as_backup),
		cmocka_unit_test(test_backup_goes_on_listening_afresh),
		cmocka_unit_test(test_members_that_disagree_begin_as_backup),
		cmocka_unit_test(test_lingering_router_drops_its_addresses_after_a_crash),
		cmocka_unit_test(test_group_in_fault_recovers_after_a_crash),
		cmocka_unit_test(test_resumed_master_whose_link_is_gone_faults),
		cmocka_unit_test(test_records_of_garbage_do_no_harm),
		cmocka_unit_test(test_four_thousand_groups_take_over_at_once_and_spread),
		cmocka_unit_test(test_half_of_four_thousand_masters_leave_in_the_room_foretold),
		cmocka_unit_test(test_addresses_that_outlived_their_lease_are_given_up),
		cmocka_unit_test(test_resumed_master_renews_only_the_rest_of_its_lease),
		cmocka_unit_test(test_what_happens_after_preparing_is_carried_over),
		cmocka_unit_test(test_prepared_for_one_and_adopting_another_is_no_different),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
