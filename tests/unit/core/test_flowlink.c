/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Numbers, acknowledgements, losses, rate and paths, with a peer made of another link.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "core/flowlink.h"

static struct flowlink ours, peer;
static unsigned arrived, lost;
static bool was_settled[65536];
static nsec_t now;

static void
on_settle(void *owner UNUSED, const struct flowlink_slot *slot, bool got_there)
{
	assert_false(was_settled[slot->sequence & 0xffff]);
	was_settled[slot->sequence & 0xffff] = true;
	arrived += got_there;
	lost += !got_there;
}

static const struct flowlink_settle settler = { NULL, on_settle };

static int
set_up(void **state)
{
	struct flowsync_options options = { .paths = 2, .payload = { 1400, 1000 } };

	(void)state;
	now = NSEC_PER_SEC;
	arrived = lost = 0;
	memset(was_settled, 0, sizeof(was_settled));
	memset(&ours, 0, sizeof(ours));
	memset(&peer, 0, sizeof(peer));
	flowlink_init(&ours, &options, now);
	flowlink_init(&peer, &options, now);
	flowlink_restart(&ours, 7, 0, &settler, now);
	flowlink_restart(&peer, 7, 0, &settler, now);
	return 0;
}

/* Send one; the head that went out. */
static struct flowwire_head
send_one(unsigned *ret_path)
{
	struct flowlink_slot *slot;
	struct flowwire_head head;

	assert_true(flowlink_may_send(&ours, now));
	slot = flowlink_open(&ours, now);
	slot->count = 1;
	head = (struct flowwire_head){
		.type = FLOWWIRE_DATA, .session = 7, .sequence = slot->sequence,
		.floor = ours.floor, .time = (uint32_t)(now / NSEC_PER_USEC),
	};
	if (ret_path)
		*ret_path = slot->path;
	flowlink_sent(&ours, slot, 100, now);
	return head;
}

static void
hear(const struct flowwire_head *head)
{
	assert_int_equal(flowlink_check(&peer, head), FLOW_OK);
	flowlink_take(&peer, head, 0, now, now);
}

/* The peer's acknowledgement reaches us. */
static enum flow_fault
acknowledge(void)
{
	uint8_t bytes[FLOWWIRE_HEAD_SIZE + FLOWWIRE_MAP_MAX];
	struct writer out = writer_over(bytes, sizeof(bytes));
	struct flowwire_head head;
	struct reader in;

	flowlink_write_ack(&peer, 1, &out, now);
	assert_false(out.overflow);
	in = reader_over(bytes, writer_length(&out));
	assert_int_equal(flowwire_read_head(&in, &head), FLOW_OK);
	return flowlink_on_ack(&ours, &head, in, &settler, now);
}

static void
test_what_arrives_is_settled_once_and_raises_the_floor(void **state)
{
	(void)state;
	for (unsigned round = 0; round < 200; round++) {
		uint32_t next = ours.next;

		for (unsigned i = 0; i < 10; i++) {
			struct flowwire_head head = send_one(NULL);

			hear(&head);
		}
		now += NSEC_PER_MSEC;
		assert_int_equal(acknowledge(), FLOW_OK);
		assert_int_equal(ours.floor, next + 10);
		assert_int_equal(ours.flying, 0);
	}
	assert_int_equal(arrived, 2000);
	assert_int_equal(lost, 0);
	/* How long the peer waited before it answered is no part of the way. */
	assert_in_range(ours.round_trip, 1, NSEC_PER_USEC);
	assert_true(ours.window > 32 && ours.window <= FLOWLINK_WINDOW);
}

static void
test_later_arrivals_of_the_same_path_prove_a_loss(void **state)
{
	struct flowwire_head heads[10];
	unsigned before;

	(void)state;
	for (unsigned i = 0; i < 10; i++)
		heads[i] = send_one(NULL);
	before = ours.window;
	/* The paths take turns: numbers 0, 2, 4 ... went over one of them. */
	hear(&heads[2]);
	hear(&heads[4]);
	hear(&heads[1]);
	hear(&heads[3]);
	assert_int_equal(acknowledge(), FLOW_OK);
	assert_int_equal(lost, 0);
	hear(&heads[6]);
	assert_int_equal(acknowledge(), FLOW_OK);
	assert_int_equal(lost, 1);
	assert_true(was_settled[heads[0].sequence & 0xffff]);
	assert_true(ours.window < before + 5);
	/* What is late is of the past: its sender gave it up. */
	heads[9].floor = ours.floor;
	hear(&heads[9]);
	assert_int_equal(flowlink_check(&peer, &heads[0]), FLOW_LATE);
}

static void
test_silence_loses_all_after_a_time_and_waits_longer_then(void **state)
{
	nsec_t first, second;

	(void)state;
	send_one(NULL);
	first = flowlink_deadline(&ours) - now;
	now += first - 1;
	flowlink_on_time(&ours, &settler, now);
	assert_int_equal(lost, 0);
	now++;
	flowlink_on_time(&ours, &settler, now);
	assert_int_equal(lost, 1);
	assert_int_equal(ours.floor, ours.next);
	send_one(NULL);
	second = flowlink_deadline(&ours) - now;
	assert_int_equal(second, 2 * first);
}

static void
test_repeated_datagrams_are_known(void **state)
{
	struct flowwire_head a, b;

	(void)state;
	a = send_one(NULL);
	b = send_one(NULL);
	hear(&b);
	assert_int_equal(flowlink_check(&peer, &b), FLOW_REPLAYED);
	hear(&a);
	assert_int_equal(flowlink_check(&peer, &a), FLOW_LATE);
	assert_int_equal(flowlink_check(&peer, &b), FLOW_LATE);
	assert_true(flowlink_has_all_below(&peer, b.sequence + 1));
	assert_false(flowlink_has_all_below(&peer, b.sequence + 2));
}

static void
test_acknowledgement_of_what_was_not_sent_is_refused(void **state)
{
	struct flowwire_head head = { .type = FLOWWIRE_ACK };
	uint8_t map[FLOWWIRE_MAP_MAX + 1] = { 0xff };

	(void)state;
	send_one(NULL);
	head.sequence = ours.next;
	head.floor = ours.floor;
	assert_int_equal(flowlink_on_ack(&ours, &head, reader_over(map, 1), &settler, now),
	                 FLOW_RECORD);
	head.sequence = ours.next - 1;
	head.floor = ours.next + 1;
	assert_int_equal(flowlink_on_ack(&ours, &head, reader_over(map, 1), &settler, now),
	                 FLOW_RECORD);
	head.floor = ours.floor;
	assert_int_equal(flowlink_on_ack(&ours, &head, reader_over(map, sizeof(map)), &settler,
	                                 now), FLOW_RECORD);
	assert_int_equal(arrived, 0);
	assert_int_equal(flowlink_on_ack(&ours, &head, reader_over(map, 1), &settler, now),
	                 FLOW_OK);
	assert_int_equal(arrived, 1);
}

static void
test_window_of_a_foreign_number_is_refused(void **state)
{
	struct flowwire_head head = send_one(NULL);

	(void)state;
	hear(&head);
	head.sequence += 5;
	head.floor = head.sequence - FLOWLINK_WINDOW;
	assert_int_equal(flowlink_check(&peer, &head), FLOW_RECORD);
}

static void
test_rate_is_a_hard_cap(void **state)
{
	size_t bytes = 0;

	(void)state;
	ours.rate = 1000000;
	ours.overhead = 50;
	now += NSEC_PER_SEC;
	for (nsec_t end = now + NSEC_PER_SEC; now < end; now += 100 * NSEC_PER_USEC) {
		while (flowlink_may_send(&ours, now)) {
			struct flowwire_head head = send_one(NULL);

			bytes += 100 + 50;
			hear(&head);
		}
		assert_int_equal(acknowledge(), FLOW_OK);
		if (flowlink_credit_at(&ours, now) < NSEC_NEVER)
			assert_true(flowlink_credit_at(&ours, now) > now);
	}
	/* What was saved up is a fiftieth of a second and two datagrams. */
	assert_true(bytes >= 1000000);
	assert_true(bytes <= 1000000 + 20000 + 2 * FLOWSYNC_DATAGRAM_MAX + 150);
}

static void
test_path_without_arrivals_is_left_and_tried_again(void **state)
{
	unsigned over[FLOWLINK_PATHS] = { 0 };
	unsigned path;

	(void)state;
	for (unsigned i = 0; i < 400; i++) {
		struct flowwire_head head = send_one(&path);

		/* Nothing comes through the second. */
		if (path == 0)
			hear(&head);
		if (i >= 200)
			over[path]++;
		now += 2 * NSEC_PER_MSEC;
		assert_int_equal(acknowledge(), FLOW_OK);
		flowlink_on_time(&ours, &settler, now);
	}
	assert_false(ours.paths[1].alive);
	assert_true(over[0] >= 190);
	assert_in_range(over[1], 2, 10);
	/* It works again. */
	for (unsigned i = 0; i < 200; i++) {
		struct flowwire_head head = send_one(&path);

		hear(&head);
		now += 2 * NSEC_PER_MSEC;
		assert_int_equal(acknowledge(), FLOW_OK);
	}
	assert_true(ours.paths[1].alive);
}

static void
test_stream_carries_what_no_path_lets_through(void **state)
{
	unsigned path, carried = 0;

	(void)state;
	for (unsigned i = 0; i < 2000 && carried == 0; i++) {
		now += 5 * NSEC_PER_MSEC;
		flowlink_on_time(&ours, &settler, now);
		if (!flowlink_may_send(&ours, now))
			continue;
		send_one(&path);
		carried += path == FLOWLINK_CARRIED;
	}
	assert_int_equal(carried, 1);
	/* There is never much in the stream. */
	for (unsigned i = 0; i < 2000; i++) {
		now += NSEC_PER_MSEC;
		flowlink_on_time(&ours, &settler, now);
		if (flowlink_may_send(&ours, now))
			send_one(&path);
	}
	assert_true(ours.paths[FLOWLINK_CARRIED].flying <= 16);
	assert_true(ours.paths[FLOWLINK_CARRIED].flying > 1);
	/* Acknowledgements of what it carried get lost, too: then it is told anew. */
	lost = 0;
	now += 3 * NSEC_PER_SEC;
	assert_true(flowlink_deadline(&ours) <= now);
	flowlink_on_time(&ours, &settler, now);
	assert_int_equal(ours.flying, 0);
	assert_true(lost > 1);
}

static void
test_numbers_go_on_around_the_circle(void **state)
{
	(void)state;
	ours.next = ours.floor = ours.recover = UINT32_MAX - 20;
	for (unsigned i = 0; i < 50; i++) {
		struct flowwire_head head = send_one(NULL), old = head;

		hear(&head);
		old.sequence--;
		old.floor--;
		if (i > 0)
			assert_int_equal(flowlink_check(&peer, &old), FLOW_LATE);
		now += NSEC_PER_MSEC;
		assert_int_equal(acknowledge(), FLOW_OK);
	}
	assert_int_equal(arrived, 50);
	assert_int_equal(ours.next, FLOWLINK_GAP + 50 - 21);
	assert_true(flowlink_is_later(&peer, 5, UINT32_MAX - 5));
	assert_false(flowlink_is_later(&peer, UINT32_MAX - 5, 5));
}

/* The old master tells on for a moment, and leaves out the same numbers there. */
static void
test_sender_that_takes_over_at_the_end_of_the_circle_is_ahead(void **state)
{
	struct flowwire_head head;

	(void)state;
	ours.next = ours.floor = ours.recover = UINT32_MAX - 9;
	head = send_one(NULL);
	hear(&head);
	flowlink_take_turn(&peer);
	for (unsigned i = 0; i < 300; i++) {
		now += NSEC_PER_MSEC;
		assert_int_equal(acknowledge(), FLOW_OK);
		head = send_one(NULL);
		hear(&head);
		assert_true(head.sequence >= FLOWLINK_GAP);
		assert_true((int32_t)(peer.next - head.sequence) > (int32_t)FLOWLINK_WINDOW);
	}
}

/* Nothing is sent until all before is settled, and nothing but that is waited for. */
static void
test_circle_is_closed_when_nothing_is_under_way(void **state)
{
	struct flowwire_head first, last;

	(void)state;
	ours.next = ours.floor = ours.recover = UINT32_MAX - 1;
	first = send_one(NULL);
	last = send_one(NULL);
	assert_int_equal(last.sequence, UINT32_MAX);
	assert_false(flowlink_may_send(&ours, now));
	assert_true(flowlink_probe_at(&ours, now) == NSEC_NEVER);
	hear(&first);
	assert_int_equal(acknowledge(), FLOW_OK);
	assert_false(flowlink_may_send(&ours, now));
	flowlink_give_up(&ours, &settler);
	assert_true(flowlink_may_send(&ours, now));
	first = send_one(NULL);
	assert_int_equal(first.sequence, FLOWLINK_GAP);
	hear(&first);
	assert_int_equal(flowlink_check(&peer, &last), FLOW_LATE);
	assert_true(flowlink_has_all_below(&peer, FLOWLINK_GAP + 1));
}

static void
test_sender_that_takes_over_counts_on(void **state)
{
	struct flowwire_head head = send_one(NULL);

	(void)state;
	hear(&head);
	flowlink_take_turn(&peer);
	assert_true((int32_t)(peer.next - head.sequence) >= (int32_t)FLOWLINK_GAP);
	flowlink_restart(&peer, 8, head.sequence + 5000, &settler, now);
	assert_true((int32_t)(peer.next - (head.sequence + 5000)) > 0);
}

static void
test_end_of_a_connection_settles_all_as_lost(void **state)
{
	(void)state;
	for (unsigned i = 0; i < 30; i++)
		send_one(NULL);
	flowlink_restart(&ours, 0, 0, &settler, now);
	assert_int_equal(lost, 30);
	assert_int_equal(ours.flying, 0);
	assert_int_equal(flowlink_deadline(&ours), NSEC_NEVER);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(test_what_arrives_is_settled_once_and_raises_the_floor,
		                       set_up),
		cmocka_unit_test_setup(test_later_arrivals_of_the_same_path_prove_a_loss, set_up),
		cmocka_unit_test_setup(test_silence_loses_all_after_a_time_and_waits_longer_then,
		                       set_up),
		cmocka_unit_test_setup(test_repeated_datagrams_are_known, set_up),
		cmocka_unit_test_setup(test_acknowledgement_of_what_was_not_sent_is_refused,
		                       set_up),
		cmocka_unit_test_setup(test_window_of_a_foreign_number_is_refused, set_up),
		cmocka_unit_test_setup(test_rate_is_a_hard_cap, set_up),
		cmocka_unit_test_setup(test_path_without_arrivals_is_left_and_tried_again, set_up),
		cmocka_unit_test_setup(test_stream_carries_what_no_path_lets_through, set_up),
		cmocka_unit_test_setup(test_numbers_go_on_around_the_circle, set_up),
		cmocka_unit_test_setup(test_sender_that_takes_over_counts_on, set_up),
		cmocka_unit_test_setup(
			test_sender_that_takes_over_at_the_end_of_the_circle_is_ahead, set_up),
		cmocka_unit_test_setup(test_circle_is_closed_when_nothing_is_under_way, set_up),
		cmocka_unit_test_setup(test_end_of_a_connection_settles_all_as_lost, set_up),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
