/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Other ways for an advertisement to go: to unicast peers, behind an authentication header, around
 * a loop.  And how the engine tells what is wrong on the wire.
 */
#include "rig.h"

#include <string.h>

static const struct rig_group unicast[] = {
	{ .interface = "eth0", .vrid = 7, .version = 3, .peer = { "192.0.2.2", "198.51.100.9" },
	  .minimum_ttl = 254 },
};

static const struct rig_group secured[] = {
	{ .interface = "eth0", .vrid = 7, .password = "secret", .auth = AUTH_AH },
};

/* ---- unicast -------------------------------------------------------------------------------- */

static void
test_each_peer_has_its_packet(void **state UNUSED)
{
	char text[IP_TEXT_SIZE];
	struct rig rig;

	rig_start_master(&rig, unicast, 1);
	assert_int_equal(engine_advert_count(rig.engine, 0, false), 2);
	for (uint32_t i = 0; i < 2; i++) {
		struct frame frame = engine_advert(rig.engine, 0, false, i);
		struct advert ad = rig_sent(&rig, 0, false, i);

		assert_string_equal(ip_text(&frame.unicast, text), unicast->peer[i]);
		assert_true(ip_equal(&ad.destination, &frame.unicast));
		assert_int_equal(frame.bytes[0], 0x45);	/* from the IP header on */
		assert_int_equal(ad.ttl, 255);
		assert_int_equal(rig_sent(&rig, 0, true, i).priority, 0);
	}
	rig_done(&rig);
}

enum way { WAY_RIGHT, WAY_STRANGE, WAY_MULTICAST, WAY_NOT_TO_US, WAY_FAR, WAY_NEAR_ENOUGH, WAYS };

static void
test_only_peers_are_heard_and_only_from_near_enough(void **state UNUSED)
{
	static const enum advert_fault faults[WAYS] = {
		[WAY_STRANGE] = ADVERT_SOURCE, [WAY_MULTICAST] = ADVERT_DESTINATION,
		[WAY_NOT_TO_US] = ADVERT_DESTINATION, [WAY_FAR] = ADVERT_TTL,
	};

	for (enum way way = 0; way < WAYS; way++) {
		uint8_t frame[ADVERT_FRAME_MAX];
		struct advert ad;
		struct rig rig;
		size_t length;

		rig_start_master(&rig, unicast, 1);
		ad = rig_advert(&rig, 0, 200);
		if (way == WAY_STRANGE)
			ad.source.bytes[3] = 3;
		if (way == WAY_MULTICAST)
			ad.destination = advert_destination(4);
		if (way == WAY_NOT_TO_US)
			ad.destination.bytes[3] = 9;
		length = advert_encode(&ad, frame);
		frame[22] = way == WAY_FAR ? 253 : way == WAY_NEAR_ENOUGH ? 254 : 255;
		if (frame[22] != 255) {		/* the header's checksum goes with it */
			unsigned sum = (frame[24] << 8 | frame[25]) + ((255u - frame[22]) << 8);

			sum = (sum & 0xffff) + (sum >> 16);
			frame[24] = (uint8_t)(sum >> 8);
			frame[25] = (uint8_t)sum;
		}
		rig_hear_bytes(&rig, 0, frame, length);
		assert_state(&rig, 0, faults[way] ? VROUTER_MASTER : VROUTER_BACKUP);
		if (faults[way])
			assert_int_equal(rig_status(&rig, 0)->counters.faults[faults[way]], 1);
		rig_done(&rig);
	}
}

static void
test_unicast_packet_for_a_multicast_group_is_refused(void **state UNUSED)
{
	static const struct rig_group plain[] = { { .interface = "eth0", .vrid = 7 } };
	struct rig rig;
	struct advert ad;

	rig_start_master(&rig, plain, 1);
	ad = rig_advert(&rig, 0, 200);
	ad.destination = rig_status(&rig, 0)->source;
	rig_hear_advert(&rig, 0, &ad);
	assert_state(&rig, 0, VROUTER_MASTER);
	assert_int_equal(rig_status(&rig, 0)->counters.faults[ADVERT_DESTINATION], 1);
	rig_done(&rig);
}

static void
test_peers_may_change_without_a_transition(void **state UNUSED)
{
	static const struct rig_group other[] = {
		{ .interface = "eth0", .vrid = 7, .version = 3,
		  .peer = { "192.0.2.2", "192.0.2.3" } } };
	static const struct rig_group fewer[] = {
		{ .interface = "eth0", .vrid = 7, .version = 3, .peer = { "192.0.2.2" } } };
	char text[IP_TEXT_SIZE];
	struct frame frame;
	struct rig rig;

	rig_start_master(&rig, unicast, 1);
	rig_adopt(&rig, other, 1);
	assert_int_equal(rig_count(&rig, EFFECT_TRANSITION, 0), 0);
	assert_int_equal(rig_count(&rig, EFFECT_SEND_ADVERT, 0), 1);
	frame = engine_advert(rig.engine, 0, false, 1);
	assert_string_equal(ip_text(&frame.unicast, text), "192.0.2.3");
	rig_adopt(&rig, fewer, 1);
	assert_int_equal(rig_count(&rig, EFFECT_SEND_ADVERT, 0), 2);
	assert_int_equal(engine_advert_count(rig.engine, 0, false), 1);
	rig_done(&rig);
}

/* ---- authentication header ------------------------------------------------------------------ */

static void
hear_sealed(struct rig *rig, uint8_t priority, const char *password, uint32_t sequence)
{
	struct advert ad = rig_advert(rig, 0, priority);
	uint8_t frame[ADVERT_FRAME_MAX], key[PASSWORD_SIZE] = { 0 };
	size_t length = advert_encode(&ad, frame);

	memcpy(key, password, strnlen(password, PASSWORD_SIZE));
	advert_seal(frame, length, key, sequence);
	rig_hear_bytes(rig, 0, frame, length);
}

static void
test_every_advertisement_has_the_next_number(void **state UNUSED)
{
	struct rig rig;

	rig_start_master(&rig, secured, 1);
	for (int i = 0; i < 3; i++) {
		uint32_t before = rig_status(&rig, 0)->ah_sequence;
		struct advert ad = rig_sent(&rig, 0, i == 2, 0);

		assert_int_equal(ad.ah.sequence, before + 1);
		assert_true(auth_header_holds(&ad.ah, (const uint8_t *)"secret\0"));
		assert_int_equal(rig_status(&rig, 0)->ah_sequence, before + 1);
	}
	rig_done(&rig);
}

/* Two adverts of a group in one batch of the daemon. */
static void
test_packet_not_sent_yet_keeps_its_number(void **state UNUSED)
{
	struct frame first, second;
	struct rig rig;

	rig_start_master(&rig, secured, 1);
	first = engine_advert(rig.engine, 0, false, 0);
	second = engine_advert(rig.engine, 0, false, 0);
	assert_memory_not_equal(first.bytes, second.bytes, first.length);
	rig_done(&rig);
}

static void
test_takeover_goes_on_where_the_old_master_stopped(void **state UNUSED)
{
	struct rig rig;

	rig_start(&rig, secured, 1);
	hear_sealed(&rig, 200, "secret", 5000);
	assert_int_equal(rig_status(&rig, 0)->counters.adverts_received, 1);
	rig_run(&rig, 4 * SEC);
	assert_state(&rig, 0, VROUTER_MASTER);
	assert_in_range(rig_status(&rig, 0)->ah_sequence, 5001, 5003);
	rig_done(&rig);
}

static void
test_replayed_number_is_refused_and_named(void **state UNUSED)
{
	nsec_t deadline;
	struct rig rig;

	rig_start(&rig, secured, 1);
	hear_sealed(&rig, 200, "secret", 5000);
	deadline = rig_status(&rig, 0)->down_deadline;
	rig_run(&rig, SEC);
	hear_sealed(&rig, 200, "secret", 5000);
	assert_int_equal(rig_status(&rig, 0)->counters.faults[ADVERT_REPLAY], 1);
	assert_alarm(&rig, 0, ALARM_AUTH, true);
	hear_sealed(&rig, 200, "other", 5001);
	assert_int_equal(rig_status(&rig, 0)->counters.faults[ADVERT_AUTH_FAILED], 1);
	assert_int_equal(rig_status(&rig, 0)->ah_sequence, 5000);	/* it teaches us nothing */
	assert_int_equal(rig_status(&rig, 0)->down_deadline, deadline);
	hear_sealed(&rig, 200, "secret", 5001);
	assert_int_equal(rig_status(&rig, 0)->counters.adverts_received, 2);
	rig_done(&rig);
}

static void
test_numbers_below_the_first_one_heard_are_refused(void **state UNUSED)
{
	struct rig rig;

	rig_start(&rig, secured, 1);
	hear_sealed(&rig, 200, "secret", 5000);
	hear_sealed(&rig, 200, "secret", 4999);
	assert_int_equal(rig_status(&rig, 0)->counters.faults[ADVERT_REPLAY], 1);
	hear_sealed(&rig, 200, "secret", 5002);
	hear_sealed(&rig, 200, "secret", 5001);	/* overtaken on the way */
	assert_int_equal(rig_status(&rig, 0)->counters.adverts_received, 3);
	rig_done(&rig);
}

static void
test_sequence_survives_a_restart_of_the_engine(void **state UNUSED)
{
	struct vrouter_status record;
	struct rig rig;

	rig_start(&rig, secured, 1);
	hear_sealed(&rig, 200, "secret", 5000);
	record = *rig_status(&rig, 0);
	rig_done(&rig);
	rig_init(&rig);
	rig_adopt(&rig, secured, 1);
	engine_resume(rig.engine, &record, 1, rig.now, &rig.out);
	rig_carry_out(&rig);
	rig_link(&rig, 0, true);
	assert_int_equal(rig_sent(&rig, 0, false, 0).ah.sequence, 5001);
	hear_sealed(&rig, 200, "secret", 5000);
	assert_int_equal(rig_status(&rig, 0)->counters.faults[ADVERT_REPLAY], 1);
	hear_sealed(&rig, 200, "secret", 6000);
	assert_int_equal(rig_sent(&rig, 0, false, 0).ah.sequence, 6001);
	rig_done(&rig);
}

/* ---- alarms --------------------------------------------------------------------------------- */

static const struct rig_group plain[] = { { .interface = "eth0", .vrid = 7 } };

static void
test_weaker_master_that_goes_on_does_not_hear_us(void **state UNUSED)
{
	struct rig rig;

	rig_start_master(&rig, plain, 1);
	for (int i = 0; i < 3; i++) {
		rig_hear(&rig, 0, 50);
		assert_alarm(&rig, 0, ALARM_TWO_MASTERS, true);
		assert_alarm(&rig, 0, ALARM_ONE_WAY, false);
		rig_run(&rig, SEC);
	}
	rig_hear(&rig, 0, 50);
	assert_alarm(&rig, 0, ALARM_ONE_WAY, true);
	assert_int_equal(rig_status(&rig, 0)->rival.bytes[3], 2);
	assert_int_equal(rig_status(&rig, 0)->rival_mac.bytes[5], 2);
	assert_int_equal(rig_status(&rig, 0)->rival_priority, 50);
	rig_run(&rig, 4 * SEC);
	assert_int_equal(rig_status(&rig, 0)->alarms, 0);
	rig_hear(&rig, 0, 50);		/* another quarrel, later */
	assert_alarm(&rig, 0, ALARM_ONE_WAY, false);
	rig_done(&rig);
}

static void
test_damaged_packets_alarm_when_they_are_no_accident(void **state UNUSED)
{
	uint8_t frame[ADVERT_FRAME_MAX];
	struct advert ad;
	struct rig rig;
	size_t length;

	rig_start_master(&rig, plain, 1);
	ad = rig_advert(&rig, 0, 200);
	length = advert_encode(&ad, frame);
	frame[length - 1] ^= 0x55;
	for (int i = 0; i < 10; i++) {	/* one in twenty seconds */
		rig_hear_bytes(&rig, 0, frame, length);
		assert_alarm(&rig, 0, ALARM_CHECKSUM, false);
		rig_run(&rig, 20 * SEC);
	}
	for (int i = 0; i < 3; i++)
		rig_hear_bytes(&rig, 0, frame, length);
	assert_alarm(&rig, 0, ALARM_CHECKSUM, true);
	rig_run(&rig, 11 * SEC);
	assert_alarm(&rig, 0, ALARM_CHECKSUM, false);
	assert_int_equal(rig_status(&rig, 0)->counters.faults[ADVERT_CHECKSUM], 13);
	rig_done(&rig);
}

static void
hear_number(struct rig *rig, uint8_t vrid)
{
	struct advert ad = rig_advert(rig, 0, 200);

	ad.vrid = vrid;
	rig_hear_advert(rig, 0, &ad);
}

static const struct stranger *
stranger_of(const struct rig *rig, uint8_t vrid)
{
	const struct engine_status *overall = engine_overall(rig->engine);

	for (unsigned i = 0; i < STRANGERS_MAX; i++)
		if (overall->strangers[i].vrid == vrid && overall->strangers[i].interface[0])
			return &overall->strangers[i];
	return NULL;
}

static void
test_unknown_groups_are_noted_with_who_speaks_for_them(void **state UNUSED)
{
	const struct stranger *s;
	struct rig rig;

	rig_start_master(&rig, plain, 1);
	hear_number(&rig, 9);
	rig_run(&rig, SEC);
	hear_number(&rig, 9);
	s = stranger_of(&rig, 9);
	assert_non_null(s);
	assert_string_equal(s->interface, "eth0");
	assert_int_equal(s->packets, 2);
	assert_int_equal(s->version, 2);
	assert_int_equal(s->family, 4);
	assert_int_equal(s->priority, 200);
	assert_int_equal(s->source.bytes[3], 2);
	assert_int_equal(s->mac.bytes[5], 2);
	assert_int_equal(s->last, rig.now);
	assert_int_equal(engine_unknown_vrids(rig.engine, 0), 2);
	rig_adopt(&rig, (struct rig_group[]){ plain[0], { .interface = "eth0", .vrid = 9 } }, 2);
	assert_null(stranger_of(&rig, 9));
	rig_done(&rig);
}

static void
test_the_stranger_silent_for_longest_makes_room(void **state UNUSED)
{
	struct rig rig;

	rig_start_master(&rig, plain, 1);
	for (unsigned i = 0; i < STRANGERS_MAX + 1; i++) {
		hear_number(&rig, (uint8_t)(100 + i));
		rig_run(&rig, 10 * MSEC);
		hear_number(&rig, 100);		/* goes on all the time */
		rig_run(&rig, 10 * MSEC);
	}
	assert_non_null(stranger_of(&rig, 100));
	assert_null(stranger_of(&rig, 101));
	assert_non_null(stranger_of(&rig, 102));
	assert_non_null(stranger_of(&rig, 100 + STRANGERS_MAX));
	rig_done(&rig);
}

static void
test_lateness_is_counted(void **state UNUSED)
{
	const struct lateness *l;
	struct rig rig;

	rig_start(&rig, plain, 1);
	rig_run_until(&rig, rig_status(&rig, 0)->down_deadline - 1);
	rig_wake(&rig, rig.now + 1 + 25 * NSEC_PER_USEC);
	assert_state(&rig, 0, VROUTER_MASTER);
	l = &engine_overall(rig.engine)->lateness;
	assert_int_equal(l->takeovers[2], 1);	/* from 20 us to 40 us */
	assert_int_equal(l->worst_takeover, 25 * NSEC_PER_USEC);
	assert_int_equal(l->worst_takeover_at, rig.now);
	rig_run_until(&rig, rig_status(&rig, 0)->next_advert - 1);
	rig_wake(&rig, rig.now + 1);
	assert_int_equal(l->adverts[0], 1);
	rig_run_until(&rig, rig_status(&rig, 0)->next_advert - 1);
	rig_wake(&rig, rig.now + 1 + 400 * MSEC);
	assert_int_equal(l->adverts[LATENESS_BUCKETS - 1], 1);
	assert_int_equal(l->worst_advert, 400 * MSEC);
	rig_done(&rig);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_each_peer_has_its_packet),
		cmocka_unit_test(test_only_peers_are_heard_and_only_from_near_enough),
		cmocka_unit_test(test_unicast_packet_for_a_multicast_group_is_refused),
		cmocka_unit_test(test_peers_may_change_without_a_transition),
		cmocka_unit_test(test_every_advertisement_has_the_next_number),
		cmocka_unit_test(test_packet_not_sent_yet_keeps_its_number),
		cmocka_unit_test(test_takeover_goes_on_where_the_old_master_stopped),
		cmocka_unit_test(test_replayed_number_is_refused_and_named),
		cmocka_unit_test(test_numbers_below_the_first_one_heard_are_refused),
		cmocka_unit_test(test_sequence_survives_a_restart_of_the_engine),
		cmocka_unit_test(test_weaker_master_that_goes_on_does_not_hear_us),
		cmocka_unit_test(test_damaged_packets_alarm_when_they_are_no_accident),
		cmocka_unit_test(test_unknown_groups_are_noted_with_who_speaks_for_them),
		cmocka_unit_test(test_the_stranger_silent_for_longest_makes_room),
		cmocka_unit_test(test_lateness_is_counted),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
