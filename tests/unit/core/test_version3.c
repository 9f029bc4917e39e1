/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Version 3 through the front door: intervals of ten milliseconds, learned and own; both address
 * families; both forms of the checksum; both versions at once.
 */
#include "rig.h"

#include <string.h>

#define FAST (10 * MSEC)

static const struct rig_group fast[] = {
	{ .interface = "eth0", .vrid = 7, .version = 3, .interval = FAST },
};

static const struct rig_group second[] = {
	{ .interface = "eth0", .vrid = 7, .version = 3 },
};

static const struct rig_group six[] = {
	{ .interface = "eth0", .vrid = 7, .family = 6, .rfc = true },
};

static void
both_versions(struct group_settings *g)
{
	g->both_versions = true;
	g->interval = 1500 * MSEC;
}

static const struct rig_group both[] = {
	{ .interface = "eth0", .vrid = 7, .version = 3, .adjust = both_versions },
};

static void
hear_interval(struct rig *rig, uint8_t priority, nsec_t interval)
{
	struct advert ad = rig_advert(rig, 0, priority);

	ad.interval = interval;
	rig_hear_advert(rig, 0, &ad);
}

/* ---- intervals ------------------------------------------------------------------------------ */

/* RFC 9568 6.1: 3 * 10 ms + 156/256 of 10 ms. */
static void
test_silence_of_36_ms_makes_master_at_ten_milliseconds(void **state UNUSED)
{
	struct rig rig;

	rig_start(&rig, fast, 1);
	rig_run(&rig, 36093749);
	assert_state(&rig, 0, VROUTER_BACKUP);
	rig_run(&rig, 1);
	assert_state(&rig, 0, VROUTER_MASTER);
	rig_forget(&rig);
	rig_run(&rig, SEC);
	assert_in_range(rig_count(&rig, EFFECT_SEND_ADVERT, 0), 100, 101);
	assert_in_range(rig_count(&rig, EFFECT_RENEW_ADDRESSES, 0), 1, 2);
	rig_done(&rig);
}

static void
test_lease_is_a_second_at_ten_milliseconds_and_never_shorter_than_patience(void **state UNUSED)
{
	struct rig rig;

	rig_start(&rig, fast, 1);
	rig_run(&rig, 40 * MSEC);
	assert_int_equal(rig_last(&rig, EFFECT_TAKE_ADDRESSES, 0)->lease, SEC);
	rig_done(&rig);
	rig_start(&rig, second, 1);
	rig_run(&rig, 4 * SEC);
	assert_int_equal(rig_last(&rig, EFFECT_TAKE_ADDRESSES, 0)->lease, 4 * SEC);
	rig_done(&rig);
}

/* RFC 9568 6.4.2: interval, skew and down interval follow each accepted advert. */
static void
test_backup_waits_by_the_interval_of_its_master(void **state UNUSED)
{
	static const struct { nsec_t interval; nsec_t down; } cases[] = {
		{ 100 * MSEC, 360937500 }, { 10 * SEC, 36093750000 }, { FAST, 36093750 },
	};
	struct rig rig;

	rig_start(&rig, second, 1);
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		hear_interval(&rig, 200, cases[i].interval);
		assert_int_equal(rig_status(&rig, 0)->master_interval, cases[i].interval);
		assert_int_equal(rig_status(&rig, 0)->down_deadline, rig.now + cases[i].down);
		assert_alarm(&rig, 0, ALARM_INTERVAL, true);
	}
	rig_run(&rig, 36093749);
	assert_state(&rig, 0, VROUTER_BACKUP);
	rig_run(&rig, 1);
	assert_state(&rig, 0, VROUTER_MASTER);
	rig_done(&rig);
}

static void
test_master_sends_at_its_own_interval_whatever_it_learned(void **state UNUSED)
{
	struct rig rig;

	rig_start(&rig, second, 1);
	hear_interval(&rig, 200, FAST);
	rig_run(&rig, 37 * MSEC);
	assert_state(&rig, 0, VROUTER_MASTER);
	assert_int_equal(rig_status(&rig, 0)->master_interval, SEC);
	assert_int_equal(rig_sent(&rig, 0, false, 0).interval, SEC);
	rig_forget(&rig);
	rig_run(&rig, 10 * SEC);
	assert_int_equal(rig_count(&rig, EFFECT_SEND_ADVERT, 0), 10);
	rig_done(&rig);
}

static void
test_master_that_yields_learns_from_the_stronger(void **state UNUSED)
{
	struct rig rig;

	rig_start_master(&rig, second, 1);
	hear_interval(&rig, 101, 100 * MSEC);
	assert_state(&rig, 0, VROUTER_BACKUP);
	assert_int_equal(rig_status(&rig, 0)->down_deadline, rig.now + 360937500);
	rig_run(&rig, 361 * MSEC);
	assert_state(&rig, 0, VROUTER_MASTER);
	rig_done(&rig);
}

static void
test_interval_of_a_weaker_master_is_not_learned(void **state UNUSED)
{
	struct rig rig;

	rig_start(&rig, second, 1);
	hear_interval(&rig, 99, 10 * SEC);
	assert_int_equal(rig_status(&rig, 0)->master_interval, SEC);
	rig_done(&rig);
}

static void
test_resignation_shortens_to_the_skew_of_the_learned_interval(void **state UNUSED)
{
	struct rig rig;

	rig_start(&rig, second, 1);
	hear_interval(&rig, 200, 100 * MSEC);
	rig_hear(&rig, 0, 0);
	assert_int_equal(rig_status(&rig, 0)->down_deadline, rig.now + 60937500);
	rig_done(&rig);
}

/* The skew of priority 254 at this interval is 78 us: a resignation must not wait for longer. */
static void
test_resignations_are_answered_faster_than_any_skew_but_no_flood(void **state UNUSED)
{
	struct rig rig;

	rig_start(&rig, fast, 1);
	rig_run(&rig, 100 * MSEC);
	rig_run_until(&rig, rig_status(&rig, 0)->next_advert + MSEC);
	rig_forget(&rig);
	for (int i = 0; i < 10; i++)
		rig_hear(&rig, 0, 0);
	assert_int_equal(rig_count(&rig, EFFECT_SEND_ADVERT, 0), 1);
	rig_run(&rig, 40 * NSEC_PER_USEC);
	rig_hear(&rig, 0, 0);
	assert_int_equal(rig_count(&rig, EFFECT_SEND_ADVERT, 0), 2);
	rig_done(&rig);
}

/* A pause of 100 ms is nothing at one second, but more than the patience that was learned. */
static void
test_tick_and_stall_follow_the_learned_interval(void **state UNUSED)
{
	struct rig rig;

	rig_start(&rig, second, 1);
	assert_int_equal(engine_tick(rig.engine), 1125 * MSEC);
	hear_interval(&rig, 200, FAST);
	assert_int_equal(engine_tick(rig.engine), 11250 * NSEC_PER_USEC);
	rig_wake(&rig, rig.now + 100 * MSEC);
	assert_state(&rig, 0, VROUTER_BACKUP);	/* it listens first */
	assert_int_equal(engine_overall(rig.engine)->lateness.stalls, 1);
	rig_run(&rig, 37 * MSEC);
	assert_state(&rig, 0, VROUTER_MASTER);
	rig_done(&rig);
}

/* A packet from before the pause must not make a router impatient after it. */
static void
test_short_interval_of_an_old_packet_does_not_end_listening(void **state UNUSED)
{
	struct advert ad;
	uint8_t frame[ADVERT_FRAME_MAX];
	nsec_t paused;
	struct rig rig;

	rig_start(&rig, second, 1);
	hear_interval(&rig, 200, SEC);
	paused = rig.now;
	rig_wake(&rig, rig.now + 20 * SEC);
	assert_state(&rig, 0, VROUTER_BACKUP);
	ad = rig_advert(&rig, 0, 200);
	ad.interval = 100 * MSEC;
	rig_hear_bytes_late(&rig, 0, frame, advert_encode(&ad, frame), paused + SEC);
	assert_int_equal(rig_status(&rig, 0)->down_deadline, rig.now + 360937500);
	rig_done(&rig);
}

/* The new deadline is later than the old one, but the pause is longer than the new patience. */
static void
test_pause_after_a_shorter_interval_was_learned_is_a_stall(void **state UNUSED)
{
	struct rig rig;

	rig_start(&rig, second, 1);
	rig_run_until(&rig, rig_status(&rig, 0)->down_deadline - 50 * MSEC);
	hear_interval(&rig, 200, 100 * MSEC);
	rig_wake(&rig, rig.now + 380 * MSEC);
	assert_state(&rig, 0, VROUTER_BACKUP);
	rig_done(&rig);
}

static void
test_learned_interval_survives_configuration_and_crash(void **state UNUSED)
{
	struct vrouter_status record;
	struct rig rig;

	rig_start(&rig, second, 1);
	hear_interval(&rig, 200, FAST);
	rig_adopt(&rig, second, 1);
	assert_int_equal(rig_status(&rig, 0)->master_interval, FAST);
	assert_int_equal(engine_tick(rig.engine), 11250 * NSEC_PER_USEC);
	record = *rig_status(&rig, 0);
	rig_done(&rig);
	rig_init(&rig);
	rig_adopt(&rig, second, 1);
	engine_resume(rig.engine, &record, 1, rig.now, &rig.out);
	assert_int_equal(rig_status(&rig, 0)->master_interval, FAST);
	rig_done(&rig);
}

/* A successor of an engine that was killed, which left this record. */
static void
resume(struct rig *rig, const struct rig_group *groups, const struct vrouter_status *record)
{
	rig_init(rig);
	rig->now = record->last_transition + 100 * SEC;
	rig_adopt(rig, groups, 1);
	engine_resume(rig->engine, record, 1, rig->now, &rig->out);
	rig_link(rig, 0, true);
}

/* The record of a backup whose master speaks at this interval. */
static struct vrouter_status
record_of_backup(const struct rig_group *groups, nsec_t interval)
{
	struct vrouter_status record;
	struct rig rig;

	rig_start(&rig, groups, 1);
	hear_interval(&rig, 200, interval);
	assert_state(&rig, 0, VROUTER_BACKUP);
	record = *rig_status(&rig, 0);
	rig_done(&rig);
	return record;
}

static void
test_resumed_backup_takes_over_after_what_it_learned(void **state UNUSED)
{
	struct vrouter_status record = record_of_backup(second, FAST);
	struct rig rig;
	nsec_t begin;

	resume(&rig, second, &record);
	begin = rig.now;
	assert_int_equal(engine_tick(rig.engine), 11250 * NSEC_PER_USEC);
	rig_run_until(&rig, begin + 3 * FAST);
	assert_state(&rig, 0, VROUTER_BACKUP);
	rig_run_until(&rig, begin + 4 * FAST);
	assert_state(&rig, 0, VROUTER_MASTER);
	rig_done(&rig);
}

static void
test_resumed_backup_is_as_patient_as_its_master_is_slow(void **state UNUSED)
{
	struct vrouter_status record = record_of_backup(fast, SEC);
	struct rig rig;

	resume(&rig, fast, &record);
	assert_int_equal(rig_status(&rig, 0)->master_interval, SEC);
	rig_run(&rig, 3 * SEC);
	assert_state(&rig, 0, VROUTER_BACKUP);
	rig_run(&rig, SEC);
	assert_state(&rig, 0, VROUTER_MASTER);
	/* And speaks at its own pace from then on. */
	rig_forget(&rig);
	rig_run(&rig, SEC);
	assert_in_range(rig_count(&rig, EFFECT_SEND_ADVERT, 0), 99, 101);
	rig_done(&rig);
}

/* What is in the memory may be of other settings, or nonsense: then our own interval counts. */
static void
test_resumed_router_believes_no_interval_that_cannot_be_learned(void **state UNUSED)
{
	struct rig_group older = second[0];
	struct vrouter_status record = record_of_backup(second, FAST);
	const nsec_t absurd[] = { 0, -SEC, MSEC, 1000 * SEC, NSEC_NEVER };
	struct rig rig;

	older.version = 2;
	resume(&rig, &older, &record);
	assert_int_equal(rig_status(&rig, 0)->master_interval, SEC);
	rig_done(&rig);
	for (size_t i = 0; i < ARRAY_SIZE(absurd); i++) {
		record.master_interval = absurd[i];
		resume(&rig, second, &record);
		assert_int_equal(rig_status(&rig, 0)->master_interval, SEC);
		rig_done(&rig);
	}
}

/* ---- the wire ------------------------------------------------------------------------------- */

static void
test_packet_with_interval_zero_is_refused_and_named(void **state UNUSED)
{
	struct rig rig;
	struct advert ad;
	uint8_t frame[ADVERT_FRAME_MAX];
	size_t length;

	rig_start_master(&rig, second, 1);
	ad = rig_advert(&rig, 0, 254);
	length = advert_encode(&ad, frame);
	assert_int_equal(frame[38] << 8 | frame[39], 100);
	frame[39] = 0;
	frame[41] = (uint8_t)(frame[41] + 100);	/* the checksum goes with it */
	if (frame[41] < 100)
		frame[40]++;
	rig_hear_bytes(&rig, 0, frame, length);
	assert_state(&rig, 0, VROUTER_MASTER);
	assert_int_equal(rig_status(&rig, 0)->counters.faults[ADVERT_INTERVAL], 1);
	rig_done(&rig);
}

static void
test_either_checksum_is_accepted_and_remembered(void **state UNUSED)
{
	struct rig rig;

	for (unsigned form = 0; form < SUM_FORMS; form++) {
		struct advert ad;

		rig_start(&rig, second, 1);
		assert_int_equal(rig_status(&rig, 0)->master_sum_form, SUM_FORMS);
		ad = rig_advert(&rig, 0, 200);
		ad.sum_form = (uint8_t)form;
		rig_hear_advert(&rig, 0, &ad);
		assert_int_equal(rig_status(&rig, 0)->counters.adverts_received, 1);
		assert_int_equal(rig_status(&rig, 0)->master_sum_form, form);
		assert_int_equal(rig_status(&rig, 0)->master_version, 3);
		rig_done(&rig);
	}
}

/* There are sources for which both forms are the same number. */
static void
test_sum_that_is_right_in_both_forms_teaches_nothing(void **state UNUSED)
{
	struct rig rig;
	struct advert ad, back;
	struct packet packet;
	uint8_t frame[ADVERT_FRAME_MAX];
	unsigned host = 0;

	rig_start(&rig, second, 1);
	ad = rig_advert(&rig, 0, 200);
	ad.sum_form = SUM_PSEUDO;
	do {
		size_t length;

		host++;
		ad.source = ip_from_v4((const uint8_t[]){ 192, 0, host >> 8 & 255, host & 255 });
		length = advert_encode(&ad, frame);
		assert_true(advert_open(reader_over(frame, length), &packet));
		assert_int_equal(advert_decode(&packet, &back), ADVERT_OK);
	} while (host < 65535 && back.sum_form != SUM_FORMS);
	assert_int_equal(back.sum_form, SUM_FORMS);
	rig_hear_advert(&rig, 0, &ad);
	assert_int_equal(rig_status(&rig, 0)->master_sum_form, SUM_FORMS);
	rig_done(&rig);
}

static void
pseudo_header(struct group_settings *g)
{
	g->sum_form = SUM_PSEUDO;
}

static void
test_checksum_is_sent_as_configured(void **state UNUSED)
{
	static const struct rig_group old[] = {
		{ .interface = "eth0", .vrid = 7, .version = 3, .adjust = pseudo_header },
	};
	struct rig rig;

	rig_start_master(&rig, second, 1);
	assert_int_equal(rig_sent(&rig, 0, false, 0).sum_form, SUM_MESSAGE);
	rig_adopt(&rig, old, 1);
	assert_int_equal(rig_count(&rig, EFFECT_SEND_ADVERT, 0), 1);
	assert_int_equal(rig_sent(&rig, 0, false, 0).sum_form, SUM_PSEUDO);
	rig_done(&rig);
}

static void
test_other_version_is_refused_with_an_alarm(void **state UNUSED)
{
	struct rig rig;
	struct advert ad;

	rig_start_master(&rig, second, 1);
	ad = rig_advert(&rig, 0, 254);
	ad.version = 2;
	rig_hear_advert(&rig, 0, &ad);
	assert_state(&rig, 0, VROUTER_MASTER);
	assert_int_equal(rig_status(&rig, 0)->counters.faults[ADVERT_VERSION], 1);
	assert_alarm(&rig, 0, ALARM_VERSION, true);
	rig_done(&rig);
}

/* A reset yields for one down interval; a configuration may shorten it meanwhile. */
static void
test_shorter_interval_ends_the_yielding_after_a_reset(void **state UNUSED)
{
	static const struct rig_group slow[] = {
		{ .interface = "eth0", .vrid = 7, .version = 3, .interval = 20 * SEC } };
	struct rig rig;

	rig_start(&rig, slow, 1);
	rig_run(&rig, 80 * SEC);
	assert_state(&rig, 0, VROUTER_MASTER);
	assert_int_equal(engine_reset_master(rig.engine, 0, rig.now, &rig.out), ENGINE_DONE);
	rig_carry_out(&rig);
	rig_hear(&rig, 0, 50);
	rig_run(&rig, SEC);
	rig_adopt(&rig, second, 1);
	for (int i = 0; i < 8; i++) {
		assert_state(&rig, 0, VROUTER_BACKUP);
		rig_hear(&rig, 0, 50);
		rig_run(&rig, 900 * MSEC);
	}
	rig_run(&rig, 100 * MSEC);
	assert_state(&rig, 0, VROUTER_MASTER);
	rig_done(&rig);
}

static void
test_version_may_change_without_a_transition(void **state UNUSED)
{
	static const struct rig_group two[] = { { .interface = "eth0", .vrid = 7 } };
	struct rig rig;

	rig_start_master(&rig, two, 1);
	rig_adopt(&rig, second, 1);
	assert_state(&rig, 0, VROUTER_MASTER);
	assert_int_equal(rig_count(&rig, EFFECT_TRANSITION, 0), 0);
	assert_int_equal(rig_count(&rig, EFFECT_SEND_ADVERT, 0), 1);
	assert_int_equal(rig_sent(&rig, 0, false, 0).version, 3);
	rig_done(&rig);
}

/* ---- IPv6 ----------------------------------------------------------------------------------- */

static void
test_ipv6_speaks_from_its_link_local_address_with_virtual_mac_02(void **state UNUSED)
{
	char text[IP_TEXT_SIZE];
	struct advert ad;
	struct rig rig;

	rig_start_master(&rig, six, 1);
	ad = rig_sent(&rig, 0, false, 0);
	assert_string_equal(ip_text(&ad.source, text), "fe80::1");
	assert_string_equal(ip_text(&ad.destination, text), "ff02::12");
	assert_memory_equal(ad.sender.bytes, "\x00\x00\x5e\x00\x02\x07", 6);
	assert_int_equal(ad.address_count, 2);
	assert_memory_equal(ad.addresses, "\xfe\x80", 2);
	assert_int_equal(rig_sent(&rig, 0, true, 0).priority, 0);
	rig_done(&rig);
}

static void
test_ipv6_without_link_local_address_is_a_fault(void **state UNUSED)
{
	struct link_input input;
	struct rig rig;

	rig_start_master(&rig, six, 1);
	input = rig_link_input(&rig, true);
	input.source6 = (struct ip){ 0 };
	engine_on_link(rig.engine, 0, &input, rig.now, &rig.out);
	rig_carry_out(&rig);
	assert_state(&rig, 0, VROUTER_FAULT);
	assert_reason(&rig, 0, REASON_NO_ADDRESS);
	rig_done(&rig);
}

static void
test_ipv6_tie_goes_to_the_higher_address(void **state UNUSED)
{
	struct rig rig;

	for (uint8_t host = 0; host <= 2; host += 2) {
		rig_start_master(&rig, six, 1);
		rig_hear_from(&rig, 0, 100, host);
		assert_state(&rig, 0, host > 1 ? VROUTER_BACKUP : VROUTER_MASTER);
		rig_done(&rig);
	}
}

static void
test_ipv6_source_must_be_link_local(void **state UNUSED)
{
	struct rig rig;
	struct advert ad;

	rig_start_master(&rig, six, 1);
	ad = rig_advert(&rig, 0, 254);
	ad.source.bytes[0] = 0x20;
	rig_hear_advert(&rig, 0, &ad);
	assert_state(&rig, 0, VROUTER_MASTER);
	assert_int_equal(rig_status(&rig, 0)->counters.faults[ADVERT_SOURCE], 1);
	rig_done(&rig);
}

/* Same interface, same number: RFC 9568 has them unrelated. */
static void
test_families_of_one_number_are_two_virtual_routers(void **state UNUSED)
{
	static const struct rig_group groups[] = {
		{ .interface = "eth0", .vrid = 7, .version = 3 },
		{ .interface = "eth0", .vrid = 7, .family = 6 },
	};
	struct rig rig;

	rig_start_master(&rig, groups, 2);
	rig_hear(&rig, 1, 200);
	assert_state(&rig, 0, VROUTER_MASTER);
	assert_state(&rig, 1, VROUTER_BACKUP);
	rig_adopt(&rig, groups, 1);
	assert_int_equal(rig_status(&rig, 0)->family, 4);
	assert_state(&rig, 0, VROUTER_MASTER);
	rig_done(&rig);
}

/* ---- both versions -------------------------------------------------------------------------- */

static void
hear_version(struct rig *rig, uint8_t version, uint8_t priority, nsec_t interval)
{
	struct advert ad = rig_advert(rig, 0, priority);

	ad.version = version;
	ad.interval = interval;
	rig_hear_advert(rig, 0, &ad);
}

static void
test_master_of_both_versions_speaks_both(void **state UNUSED)
{
	struct advert ad;
	struct rig rig;

	rig_start(&rig, both, 1);
	rig_run(&rig, 6 * SEC);
	assert_state(&rig, 0, VROUTER_MASTER);
	assert_int_equal(engine_advert_count(rig.engine, 0, false), 2);
	ad = rig_sent(&rig, 0, false, 0);
	assert_int_equal(ad.version, 3);
	assert_int_equal(ad.interval, 1500 * MSEC);
	ad = rig_sent(&rig, 0, false, 1);
	assert_int_equal(ad.version, 2);
	assert_int_equal(ad.interval, 2 * SEC);	/* never shorter than they come */
	assert_int_equal(rig_sent(&rig, 0, true, 1).version, 2);
	assert_int_equal(rig_sent(&rig, 0, true, 1).priority, 0);
	rig_done(&rig);
}

static void
test_version_2_of_a_master_heard_in_version_3_changes_nothing(void **state UNUSED)
{
	nsec_t deadline;
	struct rig rig;

	rig_start(&rig, both, 1);
	hear_version(&rig, 3, 200, 100 * MSEC);
	deadline = rig_status(&rig, 0)->down_deadline;
	hear_version(&rig, 2, 200, SEC);
	assert_int_equal(rig_status(&rig, 0)->down_deadline, deadline);
	assert_int_equal(rig_status(&rig, 0)->master_interval, 100 * MSEC);
	assert_int_equal(rig_status(&rig, 0)->master_version, 3);
	/* Without its version 3 it is heard again. */
	rig_run(&rig, 250 * MSEC);
	hear_version(&rig, 2, 200, SEC);
	assert_int_equal(rig_status(&rig, 0)->master_version, 2);
	assert_int_equal(rig_status(&rig, 0)->master_interval, SEC);
	rig_done(&rig);
}

static void
test_master_that_speaks_version_2_only_is_understood(void **state UNUSED)
{
	struct rig rig;

	rig_start(&rig, both, 1);
	for (int i = 0; i < 20; i++) {
		hear_version(&rig, 2, 200, SEC);
		rig_run(&rig, SEC);
	}
	assert_state(&rig, 0, VROUTER_BACKUP);
	hear_version(&rig, 2, 0, SEC);
	rig_run(&rig, SEC);
	assert_state(&rig, 0, VROUTER_MASTER);
	hear_version(&rig, 2, 101, 2 * SEC);
	assert_state(&rig, 0, VROUTER_BACKUP);
	rig_done(&rig);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_silence_of_36_ms_makes_master_at_ten_milliseconds),
		cmocka_unit_test(
			test_lease_is_a_second_at_ten_milliseconds_and_never_shorter_than_patience),
		cmocka_unit_test(test_backup_waits_by_the_interval_of_its_master),
		cmocka_unit_test(test_master_sends_at_its_own_interval_whatever_it_learned),
		cmocka_unit_test(test_master_that_yields_learns_from_the_stronger),
		cmocka_unit_test(test_interval_of_a_weaker_master_is_not_learned),
		cmocka_unit_test(test_resignation_shortens_to_the_skew_of_the_learned_interval),
		cmocka_unit_test(
			test_resignations_are_answered_faster_than_any_skew_but_no_flood),
		cmocka_unit_test(test_tick_and_stall_follow_the_learned_interval),
		cmocka_unit_test(test_short_interval_of_an_old_packet_does_not_end_listening),
		cmocka_unit_test(test_pause_after_a_shorter_interval_was_learned_is_a_stall),
		cmocka_unit_test(test_learned_interval_survives_configuration_and_crash),
		cmocka_unit_test(test_resumed_backup_takes_over_after_what_it_learned),
		cmocka_unit_test(test_resumed_backup_is_as_patient_as_its_master_is_slow),
		cmocka_unit_test(test_resumed_router_believes_no_interval_that_cannot_be_learned),
		cmocka_unit_test(test_packet_with_interval_zero_is_refused_and_named),
		cmocka_unit_test(test_either_checksum_is_accepted_and_remembered),
		cmocka_unit_test(test_sum_that_is_right_in_both_forms_teaches_nothing),
		cmocka_unit_test(test_checksum_is_sent_as_configured),
		cmocka_unit_test(test_other_version_is_refused_with_an_alarm),
		cmocka_unit_test(test_shorter_interval_ends_the_yielding_after_a_reset),
		cmocka_unit_test(test_version_may_change_without_a_transition),
		cmocka_unit_test(test_ipv6_speaks_from_its_link_local_address_with_virtual_mac_02),
		cmocka_unit_test(test_ipv6_without_link_local_address_is_a_fault),
		cmocka_unit_test(test_ipv6_tie_goes_to_the_higher_address),
		cmocka_unit_test(test_ipv6_source_must_be_link_local),
		cmocka_unit_test(test_families_of_one_number_are_two_virtual_routers),
		cmocka_unit_test(test_master_of_both_versions_speaks_both),
		cmocka_unit_test(test_version_2_of_a_master_heard_in_version_3_changes_nothing),
		cmocka_unit_test(test_master_that_speaks_version_2_only_is_understood),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
