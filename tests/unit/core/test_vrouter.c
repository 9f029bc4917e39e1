/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A group's own affairs: phase, lease, announcements, rejected packets, alarms, frames. */
#include "rig.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

static const struct rig_group alone[] = { { .interface = "eth0", .vrid = 7 } };
static const struct rig_group four[] = {
	{ .interface = "eth0", .sync = "S" }, { .interface = "eth1", .sync = "S" },
	{ .interface = "eth2", .sync = "S" }, { .interface = "eth3", .sync = "S" },
};

/* ---- the advert timer ----------------------------------------------------------------------- */

static void
test_adverts_keep_their_phase(void **state UNUSED)
{
	struct rig rig;
	nsec_t first;

	rig_start_master(&rig, alone, 1);
	first = rig_status(&rig, 0)->next_advert;
	for (int i = 0; i < 10; i++) {
		rig_wake(&rig, first + i * SEC + i * 3 * MSEC);	/* late, and later */
		assert_int_equal(rig_count(&rig, EFFECT_SEND_ADVERT, 0), i + 1);
		assert_int_equal(rig_status(&rig, 0)->next_advert, first + (i + 1) * SEC);
	}
	rig_done(&rig);
}

static void
test_late_wakeup_sends_once_and_returns_to_the_phase(void **state UNUSED)
{
	struct rig rig;
	nsec_t due;

	rig_start_master(&rig, alone, 1);
	due = rig_status(&rig, 0)->next_advert;
	rig_wake(&rig, due + 2 * SEC + 300 * MSEC);
	assert_int_equal(rig_count(&rig, EFFECT_SEND_ADVERT, 0), 1);
	assert_int_equal(rig_status(&rig, 0)->next_advert, due + 3 * SEC);
	rig_done(&rig);
}

static void
test_masters_of_one_lot_advertise_together_and_none_waits_longer(void **state UNUSED)
{
	struct rig rig;
	nsec_t begin, next;

	rig_start(&rig, four, 4);
	rig_run_until(&rig, rig_status(&rig, 0)->down_deadline);
	begin = rig.now;
	next = rig_status(&rig, 0)->next_advert;
	assert_in_range(next, begin + 1, begin + SEC);
	for (uint32_t i = 0; i < 4; i++)
		assert_int_equal(rig_status(&rig, i)->next_advert, next);
	rig_forget(&rig);
	rig_run(&rig, 10 * SEC);
	for (uint32_t i = 0; i < 4; i++)
		assert_int_equal(rig_count(&rig, EFFECT_SEND_ADVERT, i), 10);
	rig_done(&rig);
}

/* ---- the lease ------------------------------------------------------------------------------ */

static void
test_each_advert_of_a_one_second_master_renews_its_lease(void **state UNUSED)
{
	struct rig rig;

	rig_start_master(&rig, alone, 1);
	rig_run(&rig, 10 * SEC);
	assert_int_equal(rig_count(&rig, EFFECT_SEND_ADVERT, 0), 10);
	assert_int_equal(rig_count(&rig, EFFECT_RENEW_ADDRESSES, 0), 10);
	assert_int_equal(rig_last(&rig, EFFECT_RENEW_ADDRESSES, 0)->lease, 4 * SEC);
	rig_done(&rig);
}

static void
test_late_advert_does_not_cost_the_next_its_renewal(void **state UNUSED)
{
	struct rig rig;
	nsec_t due;

	rig_start_master(&rig, alone, 1);
	due = rig_status(&rig, 0)->next_advert;
	for (int i = 0; i < 10; i++) {
		rig_wake(&rig, due + i * SEC + (i % 2) * 100 * MSEC);
		assert_int_equal(rig_count(&rig, EFFECT_RENEW_ADDRESSES, 0), i + 1);
	}
	rig_done(&rig);
}

static void
test_lease_is_renewed_with_an_advert_and_never_without(void **state UNUSED)
{
	struct rig rig;

	rig_start(&rig, four, 4);
	rig_run(&rig, 20 * SEC);
	for (size_t i = 0; i < rig.out.count; i++)
		if (rig.list[i].kind == EFFECT_RENEW_ADDRESSES) {
			assert_true(i > 0);
			assert_int_equal(rig.list[i - 1].kind, EFFECT_SEND_ADVERT);
			assert_int_equal(rig.list[i - 1].group, rig.list[i].group);
		}
	rig_done(&rig);
}

static void
test_flood_of_resignations_is_not_answered_with_a_flood(void **state UNUSED)
{
	struct rig rig;

	rig_start_master(&rig, alone, 1);
	for (int i = 0; i < 500; i++)
		rig_hear(&rig, 0, 0);
	assert_int_equal(rig_count(&rig, EFFECT_SEND_ADVERT, 0), 1);
	assert_true(rig_count(&rig, EFFECT_RENEW_ADDRESSES, 0) <= 1);
	/* A real one that comes later than any skew is short is answered at once. */
	rig_run(&rig, 3 * MSEC);
	rig_forget(&rig);
	rig_hear(&rig, 0, 0);
	assert_int_equal(rig_count(&rig, EFFECT_SEND_ADVERT, 0), 1);
	rig_done(&rig);
}

static void
test_lease_of_a_slow_group_outlives_its_down_interval(void **state UNUSED)
{
	static const struct rig_group slow[] = { { .interface = "eth0", .interval = 5 * SEC } };
	struct rig rig;

	rig_start(&rig, slow, 1);
	rig_run(&rig, 17 * SEC);
	assert_int_equal(rig_last(&rig, EFFECT_TAKE_ADDRESSES, 0)->lease, 16 * SEC);
	rig_done(&rig);
}

/* ---- announcements -------------------------------------------------------------------------- */

static void
test_takeover_is_announced_in_two_bursts_of_five(void **state UNUSED)
{
	static const nsec_t expected[] = { 0, 60, 120, 180, 240, 5000, 5060, 5120, 5180, 5240 };
	struct rig rig;
	nsec_t begin;

	rig_start(&rig, alone, 1);
	rig_run_until(&rig, rig_status(&rig, 0)->down_deadline);
	begin = rig.now;
	for (size_t i = 0; i < ARRAY_SIZE(expected); i++) {
		rig_run_until(&rig, begin + expected[i] * MSEC - 1);
		assert_int_equal(rig_count(&rig, EFFECT_ANNOUNCE, 0), i == 0 ? 1 : i);
		rig_run_until(&rig, begin + expected[i] * MSEC);
		assert_int_equal(rig_count(&rig, EFFECT_ANNOUNCE, 0), i + 1);
	}
	rig_run(&rig, 60 * SEC);
	assert_int_equal(rig_count(&rig, EFFECT_ANNOUNCE, 0), ARRAY_SIZE(expected));
	rig_done(&rig);
}

static void
test_backup_announces_nothing(void **state UNUSED)
{
	struct rig rig;

	rig_start_master(&rig, alone, 1);
	rig_hear(&rig, 0, 254);
	rig_forget(&rig);
	for (int i = 0; i < 10; i++) {
		rig_run(&rig, SEC);
		rig_hear(&rig, 0, 254);
	}
	assert_int_equal(rig_count(&rig, EFFECT_ANNOUNCE, 0), 0);
	assert_int_equal(engine_announce(rig.engine, 0, rig.now, &rig.out), ENGINE_NOT_MASTER);
	rig_done(&rig);
}

static void
test_operator_announces_once_more(void **state UNUSED)
{
	struct rig rig;

	rig_start_master(&rig, alone, 1);
	assert_int_equal(engine_announce(rig.engine, 0, rig.now, &rig.out), ENGINE_DONE);
	assert_int_equal(rig_count(&rig, EFFECT_ANNOUNCE, 0), 1);
	assert_int_equal(engine_announce(rig.engine, 1, rig.now, &rig.out), ENGINE_NO_GROUP);
	rig_done(&rig);
}

static void
test_announcement_comes_from_the_mac_that_shall_be_learned(void **state UNUSED)
{
	static const struct rig_group groups[] = {
		{ .interface = "eth0", .vrid = 7 },
		{ .interface = "eth0", .vrid = 8, .rfc = true,
		  .address = { "10.1.0.1/24", "10.2.0.1/24" } },
	};
	uint8_t bytes[ANNOUNCE_FRAME_MAX];
	struct rig rig;
	uint32_t link;

	rig_start(&rig, groups, 2);
	assert_int_equal(engine_announcement(rig.engine, 0, 0, bytes, &link), 42);
	assert_memory_equal(bytes + 6, "\x02\x00\x00\x00\x00\x01", 6);
	assert_int_equal(engine_announcement(rig.engine, 1, 1, bytes, &link), 42);
	assert_memory_equal(bytes + 6, "\x00\x00\x5e\x00\x01\x08", 6);
	assert_memory_equal(bytes + 38, "\x0a\x02\x00\x01", 4);
	rig_done(&rig);
}

/* ---- frames --------------------------------------------------------------------------------- */

static void
read_frame(const struct rig *rig, uint32_t group, bool resign, struct advert *ret_ad)
{
	struct frame frame = engine_advert(rig->engine, group, resign, 0);
	struct packet packet;

	assert_true(advert_open(reader_over(frame.bytes, frame.length), &packet));
	assert_int_equal(advert_decode(&packet, ret_ad), ADVERT_OK);
}

static void
test_frames_say_what_the_settings_say(void **state UNUSED)
{
	static const struct rig_group groups[] = {
		{ .interface = "eth0", .vrid = 9, .priority = 254, .interval = 2 * SEC, .rfc = true,
		  .password = "secret", .hello_source = "192.0.2.77",
		  .address = { "10.1.0.1/24", "10.2.0.1/24" } },
	};
	struct rig rig;
	struct advert ad;
	char text[IP_TEXT_SIZE];

	rig_start(&rig, groups, 1);
	read_frame(&rig, 0, false, &ad);
	assert_int_equal(ad.vrid, 9);
	assert_int_equal(ad.priority, 254);
	assert_int_equal(ad.interval, 2 * SEC);
	assert_int_equal(ad.auth, AUTH_TEXT);
	assert_memory_equal(ad.auth_data, "secret\0\0", PASSWORD_SIZE);
	assert_string_equal(ip_text(&ad.source, text), "192.0.2.77");
	assert_memory_equal(ad.sender.bytes, "\x00\x00\x5e\x00\x01\x09", 6);
	assert_int_equal(ad.address_count, 2);
	assert_memory_equal(ad.addresses, "\x0a\x01\x00\x01\x0a\x02\x00\x01", 8);
	read_frame(&rig, 0, true, &ad);
	assert_int_equal(ad.priority, 0);
	rig_done(&rig);
}

static void
test_changed_source_rebuilds_frames_without_transition(void **state UNUSED)
{
	struct link_input input;
	struct rig rig;
	struct advert ad;

	rig_start_master(&rig, alone, 1);
	input = rig_link_input(&rig, true);
	input.source4 = ip_from_v4((const uint8_t[]){ 192, 0, 2, 99 });
	engine_on_link(rig.engine, 0, &input, rig.now, &rig.out);
	rig_carry_out(&rig);
	assert_int_equal(rig_count(&rig, EFFECT_TRANSITION, 0), 0);
	read_frame(&rig, 0, false, &ad);
	assert_true(ip_equal(&ad.source, &input.source4));
	assert_true(ip_equal(&rig_status(&rig, 0)->source, &input.source4));
	rig_done(&rig);
}

static void
test_changed_mac_of_a_master_is_announced(void **state UNUSED)
{
	struct link_input input;
	struct rig rig;

	rig_start_master(&rig, alone, 1);
	input = rig_link_input(&rig, true);
	input.mac.bytes[5] = 0x99;
	engine_on_link(rig.engine, 0, &input, rig.now, &rig.out);
	rig_carry_out(&rig);
	assert_int_equal(rig_count(&rig, EFFECT_TRANSITION, 0), 0);
	assert_int_equal(rig_count(&rig, EFFECT_ANNOUNCE, 0), 1);
	rig_done(&rig);
}

/* ---- rejected packets ----------------------------------------------------------------------- */

static const struct rig_group guarded[] = {
	{ .interface = "eth0", .vrid = 7, .password = "secret" },
};

enum wrong { WRONG_VERSION, WRONG_TYPE, WRONG_TTL, WRONG_SUM, WRONG_LENGTH, WRONG_AUTH_INVALID,
             WRONG_AUTH_TYPE, WRONG_PASSWORD, WRONG_INTERVAL, WRONG_NO_ADDRESS,
             WRONG_DESTINATION, WRONG_OWN, WRONGS };

static const struct {
	enum advert_fault fault;
	int alarm;
} consequences[WRONGS] = {
	[WRONG_VERSION] = { ADVERT_VERSION, ALARM_VERSION },
	[WRONG_TYPE] = { ADVERT_TYPE, -1 },
	[WRONG_TTL] = { ADVERT_TTL, -1 },
	[WRONG_SUM] = { ADVERT_CHECKSUM, -1 },
	[WRONG_LENGTH] = { ADVERT_LENGTH, -1 },
	[WRONG_AUTH_INVALID] = { ADVERT_AUTH_INVALID, ALARM_AUTH },
	[WRONG_AUTH_TYPE] = { ADVERT_AUTH_MISMATCH, ALARM_AUTH },
	[WRONG_PASSWORD] = { ADVERT_AUTH_FAILED, ALARM_AUTH },
	[WRONG_INTERVAL] = { ADVERT_INTERVAL, ALARM_INTERVAL },
	[WRONG_NO_ADDRESS] = { ADVERT_NO_ADDRESS, -1 },
	[WRONG_DESTINATION] = { ADVERT_DESTINATION, -1 },
	[WRONG_OWN] = { ADVERT_OWN, ALARM_LOOPED },
};

/* A packet of a stronger peer, wrong in one thing. */
static void
hear_wrong(struct rig *rig, enum wrong wrong)
{
	struct advert ad = rig_advert(rig, 0, 254);
	uint8_t frame[ADVERT_FRAME_MAX];
	size_t length;

	ad.auth = wrong == WRONG_AUTH_INVALID ? 3 : wrong == WRONG_AUTH_TYPE ? 0 : ad.auth;
	ad.auth_data[0] ^= wrong == WRONG_PASSWORD;
	ad.interval += wrong == WRONG_INTERVAL ? SEC : 0;
	ad.address_count = wrong == WRONG_NO_ADDRESS ? 0 : ad.address_count;
	ad.destination.bytes[3] = wrong == WRONG_DESTINATION ? 19 : 18;
	if (wrong == WRONG_OWN)
		ad.source = rig_status(rig, 0)->source;
	if (wrong == WRONG_VERSION) {
		ad.version = 3;
		ad.auth = AUTH_NONE;
	}
	length = advert_encode(&ad, frame);
	if (wrong == WRONG_TYPE)
		frame[34] = 0x22;
	if (wrong == WRONG_TTL)
		frame[22] = 254;
	if (wrong == WRONG_SUM)
		frame[40] ^= 0x55;
	if (wrong == WRONG_LENGTH)
		length--;
	rig_hear_bytes(rig, 0, frame, length);
}

static void
test_each_wrong_packet_is_counted_under_its_name(void **state UNUSED)
{
	for (enum wrong wrong = 0; wrong < WRONGS; wrong++) {
		const struct vrouter_status *s;
		struct rig rig;

		rig_start(&rig, guarded, 1);
		hear_wrong(&rig, wrong);
		s = rig_status(&rig, 0);
		for (int fault = 0; fault < ADVERT_FAULTS; fault++)
			assert_int_equal(s->counters.faults[fault],
			                 fault == (int)consequences[wrong].fault);
		assert_int_equal(s->counters.adverts_received, 0);
		assert_int_equal(s->last_fault, consequences[wrong].fault);
		assert_int_equal(s->offender_mac.bytes[5], 2);
		assert_int_equal(s->offender.bytes[3], wrong == WRONG_OWN ? 1 : 2);
		assert_int_equal(s->alarms, consequences[wrong].alarm < 0 ? 0 :
		                 1u << consequences[wrong].alarm);
		rig_done(&rig);
	}
}

/* Twice an interval, for ten: neither the advert timer nor anything else moves. */
static void
test_wrong_packets_neither_delay_adverts_nor_move_a_master(void **state UNUSED)
{
	for (enum wrong wrong = 0; wrong < WRONGS; wrong++) {
		struct rig rig;
		nsec_t first;

		rig_start_master(&rig, guarded, 1);
		first = rig_status(&rig, 0)->next_advert;
		for (int i = 0; i < 20; i++) {
			nsec_t next = rig_status(&rig, 0)->next_advert;

			hear_wrong(&rig, wrong);
			assert_int_equal(rig_status(&rig, 0)->next_advert, next);
			rig_run(&rig, SEC / 2);
		}
		assert_int_equal(rig_count(&rig, EFFECT_SEND_ADVERT, 0), 10);
		assert_int_equal((rig_status(&rig, 0)->next_advert - first) % SEC, 0);
		assert_int_equal(rig_count(&rig, EFFECT_TRANSITION, 0), 0);
		rig_done(&rig);
	}
}

static void
test_wrong_packets_neither_delay_nor_hasten_a_takeover(void **state UNUSED)
{
	for (enum wrong wrong = 0; wrong < WRONGS; wrong++) {
		struct rig rig;
		nsec_t deadline;

		rig_start(&rig, guarded, 1);
		deadline = rig_status(&rig, 0)->down_deadline;
		while (rig.now < deadline - SEC) {
			hear_wrong(&rig, wrong);
			rig_run(&rig, SEC / 2);
		}
		hear_wrong(&rig, wrong);
		rig_run_until(&rig, deadline - 1);
		assert_state(&rig, 0, VROUTER_BACKUP);
		rig_run_until(&rig, deadline);
		assert_state(&rig, 0, VROUTER_MASTER);
		rig_done(&rig);
	}
}

static void
test_alarm_of_a_wrong_packet_ends_by_itself(void **state UNUSED)
{
	for (enum wrong wrong = 0; wrong < WRONGS; wrong++) {
		struct rig rig;

		if (consequences[wrong].alarm < 0)
			continue;
		rig_start(&rig, guarded, 1);
		hear_wrong(&rig, wrong);
		hear_wrong(&rig, wrong);
		assert_int_equal(rig_count(&rig, EFFECT_ALARM, 0), 1);
		rig_run(&rig, 10 * SEC);
		assert_int_equal(rig_status(&rig, 0)->alarms, 0);
		assert_int_equal(rig_count(&rig, EFFECT_ALARM, 0), 2);
		rig_done(&rig);
	}
}

static void
test_own_packet_back_is_never_a_stronger_master(void **state UNUSED)
{
	struct rig rig;

	rig_start_master(&rig, alone, 1);
	for (unsigned priority = 0; priority < 256; priority += 51) {
		struct advert ad = rig_advert(&rig, 0, (uint8_t)priority);

		ad.source = rig_status(&rig, 0)->source;
		rig_hear_advert(&rig, 0, &ad);
	}
	assert_state(&rig, 0, VROUTER_MASTER);
	assert_int_equal(rig_count(&rig, EFFECT_SEND_ADVERT, 0), 0);
	assert_int_equal(rig_status(&rig, 0)->counters.faults[ADVERT_OWN], 6);
	rig_done(&rig);
}

static void
test_unknown_group_is_counted_on_its_link_only(void **state UNUSED)
{
	static const struct rig_group groups[] = {
		{ .interface = "eth0", .vrid = 7 }, { .interface = "eth1", .vrid = 8 },
	};
	struct rig rig;
	struct advert ad;

	rig_start(&rig, groups, 2);
	ad = rig_advert(&rig, 0, 254);
	ad.vrid = 8;			/* exists, but not on eth0 */
	rig_hear_advert(&rig, 0, &ad);
	assert_int_equal(engine_unknown_vrids(rig.engine, 0), 1);
	assert_int_equal(engine_unknown_vrids(rig.engine, 1), 0);
	assert_int_equal(rig_status(&rig, 1)->counters.adverts_received, 0);
	rig_done(&rig);
}

/* ---- address lists -------------------------------------------------------------------------- */

static void
test_other_address_list_is_accepted_with_an_alarm(void **state UNUSED)
{
	static const uint8_t other[] = { 10, 9, 9, 9 };
	struct rig rig;
	struct advert ad;

	rig_start(&rig, alone, 1);
	rig_run(&rig, SEC);
	ad = rig_advert(&rig, 0, 254);
	ad.addresses = other;
	rig_hear_advert(&rig, 0, &ad);
	assert_int_equal(rig_status(&rig, 0)->master_priority, 254);
	assert_int_equal(rig_status(&rig, 0)->counters.address_list_differs, 1);
	assert_int_equal(rig_status(&rig, 0)->alarms, 1u << ALARM_ADDRESS_LIST);
	/* Equal lists in between end nothing: who lists now this, now that, makes one alarm. */
	for (int i = 0; i < 3; i++) {
		rig_run(&rig, SEC - MSEC);
		assert_int_equal(rig_status(&rig, 0)->alarms, 1u << ALARM_ADDRESS_LIST);
		rig_hear(&rig, 0, 254);
	}
	rig_run(&rig, SEC);
	assert_int_equal(rig_status(&rig, 0)->alarms, 0);
	rig_done(&rig);
}

static void
test_order_of_the_address_list_does_not_matter(void **state UNUSED)
{
	static const struct rig_group groups[] = {
		{ .interface = "eth0", .address = { "10.0.0.1/24", "10.0.0.2/24" } },
	};
	static const uint8_t turned[] = { 10, 0, 0, 2, 10, 0, 0, 1 };
	struct rig rig;
	struct advert ad;

	rig_start(&rig, groups, 1);
	ad = rig_advert(&rig, 0, 254);
	ad.addresses = turned;
	rig_hear_advert(&rig, 0, &ad);
	assert_int_equal(rig_status(&rig, 0)->alarms, 0);
	ad.address_count = 1;
	rig_hear_advert(&rig, 0, &ad);
	assert_int_equal(rig_status(&rig, 0)->alarms, 1u << ALARM_ADDRESS_LIST);
	rig_done(&rig);
}

/* ---- sending -------------------------------------------------------------------------------- */

static void
test_refused_transmission_is_an_alarm_until_one_succeeds(void **state UNUSED)
{
	struct rig rig;

	rig_start_master(&rig, alone, 1);
	rig.send_error = ENETDOWN;
	rig_run(&rig, 2 * SEC);
	assert_int_equal(rig_status(&rig, 0)->alarms, 1u << ALARM_TRANSMIT);
	assert_int_equal(rig_status(&rig, 0)->counters.transmit_errors, 2);
	assert_int_equal(rig_count(&rig, EFFECT_ALARM, 0), 1);
	rig.send_error = 0;
	rig_run(&rig, SEC);
	assert_int_equal(rig_status(&rig, 0)->alarms, 0);
	rig_done(&rig);
}

static void
test_sent_adverts_are_counted_by_kind(void **state UNUSED)
{
	struct rig rig;

	rig_start_master(&rig, alone, 1);
	rig_run(&rig, 3 * SEC);
	assert_true(rig_status(&rig, 0)->last_advert_sent > rig.now - SEC);
	engine_stop(rig.engine, rig.now, &rig.out);
	rig_carry_out(&rig);
	/* The one of the takeover, one for each second that ended since, the resignation. */
	assert_int_equal(rig_status(&rig, 0)->counters.adverts_sent, 6);
	assert_int_equal(rig_status(&rig, 0)->counters.priority_zero_sent, 1);
	rig_done(&rig);
}

static void
test_transmit_alarm_ends_with_the_mastership(void **state UNUSED)
{
	struct rig rig;

	rig_start_master(&rig, alone, 1);
	rig.send_error = ENOBUFS;
	rig_run(&rig, SEC);
	assert_int_equal(rig_status(&rig, 0)->alarms, 1u << ALARM_TRANSMIT);
	rig_hear(&rig, 0, 254);
	assert_int_equal(rig_status(&rig, 0)->alarms, 0);
	rig_done(&rig);
}

static void
test_outcome_that_comes_after_the_mastership_is_only_counted(void **state UNUSED)
{
	struct rig rig;

	rig_start_master(&rig, alone, 1);
	rig_hear(&rig, 0, 254);
	engine_on_sent(rig.engine, 0, false, 0, rig.now, &rig.out);
	engine_on_sent(rig.engine, 0, false, ENOBUFS, rig.now, &rig.out);
	assert_int_equal(rig_status(&rig, 0)->last_advert_sent, 0);
	assert_int_equal(rig_status(&rig, 0)->alarms, 0);
	assert_int_equal(rig_status(&rig, 0)->counters.transmit_errors, 1);
	rig_done(&rig);
}

static void
test_version_tells_whether_the_record_changed(void **state UNUSED)
{
	static const struct rig_group two[] = {
		{ .interface = "eth0" }, { .interface = "eth1" },
	};
	uint64_t before[2];
	struct rig rig;

	rig_start(&rig, two, 2);
	before[0] = engine_status_version(rig.engine, 0);
	before[1] = engine_status_version(rig.engine, 1);
	rig_run(&rig, SEC);
	assert_int_equal(engine_status_version(rig.engine, 0), before[0]);
	rig_hear(&rig, 1, 200);
	assert_int_equal(engine_status_version(rig.engine, 0), before[0]);
	assert_int_not_equal(engine_status_version(rig.engine, 1), before[1]);
	rig_done(&rig);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_adverts_keep_their_phase),
		cmocka_unit_test(test_late_wakeup_sends_once_and_returns_to_the_phase),
		cmocka_unit_test(test_masters_of_one_lot_advertise_together_and_none_waits_longer),
		cmocka_unit_test(test_each_advert_of_a_one_second_master_renews_its_lease),
		cmocka_unit_test(test_lease_is_renewed_with_an_advert_and_never_without),
		cmocka_unit_test(test_flood_of_resignations_is_not_answered_with_a_flood),
		cmocka_unit_test(test_lease_of_a_slow_group_outlives_its_down_interval),
		cmocka_unit_test(test_takeover_is_announced_in_two_bursts_of_five),
		cmocka_unit_test(test_backup_announces_nothing),
		cmocka_unit_test(test_operator_announces_once_more),
		cmocka_unit_test(test_announcement_comes_from_the_mac_that_shall_be_learned),
		cmocka_unit_test(test_frames_say_what_the_settings_say),
		cmocka_unit_test(test_changed_source_rebuilds_frames_without_transition),
		cmocka_unit_test(test_changed_mac_of_a_master_is_announced),
		cmocka_unit_test(test_each_wrong_packet_is_counted_under_its_name),
		cmocka_unit_test(test_wrong_packets_neither_delay_adverts_nor_move_a_master),
		cmocka_unit_test(test_wrong_packets_neither_delay_nor_hasten_a_takeover),
		cmocka_unit_test(test_alarm_of_a_wrong_packet_ends_by_itself),
		cmocka_unit_test(test_own_packet_back_is_never_a_stronger_master),
		cmocka_unit_test(test_unknown_group_is_counted_on_its_link_only),
		cmocka_unit_test(test_other_address_list_is_accepted_with_an_alarm),
		cmocka_unit_test(test_order_of_the_address_list_does_not_matter),
		cmocka_unit_test(test_refused_transmission_is_an_alarm_until_one_succeeds),
		cmocka_unit_test(test_sent_adverts_are_counted_by_kind),
		cmocka_unit_test(test_version_tells_whether_the_record_changed),
		cmocka_unit_test(test_transmit_alarm_ends_with_the_mastership),
		cmocka_unit_test(test_outcome_that_comes_after_the_mastership_is_only_counted),
		cmocka_unit_test(test_late_advert_does_not_cost_the_next_its_renewal),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
