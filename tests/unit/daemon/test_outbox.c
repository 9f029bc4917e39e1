/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What may pass what.  Requests are told apart by their records; the kernel refuses them all (they
 * name no link that exists) or does nothing, so no network is touched.  Everything is put in before
 * the writer starts, and the answers then come in the order in which it was sent.
 *
 * Needs root for the packet sockets (skipped otherwise).
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include <errno.h>
#include <libmnl/libmnl.h>
#include <limits.h>
#include <linux/rtnetlink.h>
#include <poll.h>
#include <unistd.h>

#include "daemon/outbox.h"
#include "system/clock.h"
#include "system/netlink.h"

#define SKIPPED 77
#define GROUPS 4u
#define SEEN_MAX 4096u
#define FRAME 1000u			/* added to the token of a frame in what was seen */
#define REFUSED 10000u			/* ... and to the number of a renewal that was refused */

struct record {
	_Alignas(16) uint32_t number;
};

struct rig {
	struct netlink *news;
	struct outbox *outbox;
	uint32_t seen[SEEN_MAX];
	int results[SEEN_MAX];
	size_t count;
};

static void
see(struct rig *rig, uint32_t what, int result)
{
	assert_true(rig->count < SEEN_MAX);
	rig->results[rig->count] = result;
	rig->seen[rig->count++] = what;
}

static void
on_answer(void *owner, const void *record, int result, const char *words UNUSED)
{
	see(owner, ((const struct record *)record)->number, result);
}

static void
on_refused(void *owner, const void *record, int result, const char *words UNUSED)
{
	see(owner, REFUSED + ((const struct record *)record)->number, result);
}

static void
on_sent(void *owner, uint32_t group UNUSED, uint32_t token, int error)
{
	see(owner, FRAME + token, error);
}

static int
set_up(void **state)
{
	static const struct outbox_calls calls = { on_answer, on_refused, on_sent };
	struct rig *rig = calloc(1, sizeof(*rig));
	struct error error;

	assert_non_null(rig);
	assert_int_equal(netlink_open(NULL, 0, &rig->news, &error), 0);
	assert_int_equal(outbox_new(rig->news, sizeof(struct record), &calls, rig, &rig->outbox,
	                            &error), 0);
	outbox_renumber(rig->outbox, GROUPS);
	*state = rig;
	return 0;
}

static int
tear_down(void **state)
{
	struct rig *rig = *state;

	outbox_free(rig->outbox);
	netlink_close(rig->news);
	free(rig);
	return 0;
}

/* A request that the kernel refuses with ENODEV, or one that it carries out without a word. */
static void
put_any(struct rig *rig, enum outbox_kind kind, enum outbox_line line, uint32_t group,
        uint32_t number, bool refused)
{
	struct outbox_request request = {
		.kind = kind,
		.line = line,
		.group = line == OUTBOX_ORDINARY ? OUTBOX_NO_GROUP : group,
		.owner = group,
		.weight = OUTBOX_WEIGHT,
	};
	struct record record = { number };
	uint8_t buffer[256] = { 0 };
	struct nlmsghdr *message = mnl_nlmsg_put_header(buffer);
	struct ifinfomsg *info = mnl_nlmsg_put_extra_header(message, sizeof(*info));

	message->nlmsg_type = refused ? RTM_DELLINK : NLMSG_NOOP;
	message->nlmsg_flags = NLM_F_REQUEST;
	info->ifi_index = INT_MAX;
	outbox_put(rig->outbox, &request, message, &record);
}

static void
put(struct rig *rig, enum outbox_line line, uint32_t group, uint32_t number)
{
	put_any(rig, OUTBOX_CHANGE, line, group, number, true);
}

static void
put_frame(struct rig *rig, enum outbox_line line, uint32_t group, uint32_t token)
{
	static const uint8_t bytes[60];
	struct outgoing frame = { .ifindex = INT_MAX, .bytes = bytes, .length = sizeof(bytes) };

	outbox_put_frame(rig->outbox, line, group, &frame, token);
}

static void
start(struct rig *rig)
{
	const char *missing;
	struct error error;

	assert_int_equal(outbox_start(rig->outbox, &missing, &error), 0);
}

/* Let the thread do everything. */
static void
finish(struct rig *rig)
{
	for (;;) {
		outbox_push(rig->outbox);
		if (outbox_is_idle(rig->outbox))
			return;
		assert_true(outbox_wait(rig->outbox, 30 * NSEC_PER_SEC));
		outbox_collect(rig->outbox);
	}
}

static void
run(struct rig *rig)
{
	start(rig);
	finish(rig);
}

static void
assert_seen_from(const struct rig *rig, size_t from, const uint32_t *wanted, size_t count)
{
	assert_int_equal(rig->count - from, count);
	for (size_t i = 0; i < count; i++)
		if (rig->seen[from + i] != wanted[i])
			fail_msg("number %zu is %u, not %u", i, rig->seen[from + i], wanted[i]);
}

#define assert_seen(rig, ...)								\
	assert_seen_from(rig, 0, (const uint32_t[]){ __VA_ARGS__ },			\
	                 sizeof((const uint32_t[]){ __VA_ARGS__ }) / sizeof(uint32_t))

static void
test_better_lines_go_first_and_refusals_reach_their_request(void **state)
{
	struct rig *rig = *state;

	put(rig, OUTBOX_ORDINARY, 0, 1);
	put(rig, OUTBOX_LATER, 0, 2);
	put(rig, OUTBOX_SOON, 1, 3);
	put_any(rig, OUTBOX_CHANGE, OUTBOX_SOON, 1, 4, false);
	put(rig, OUTBOX_FIRST, 2, 5);
	put(rig, OUTBOX_FIRST, 3, 6);
	run(rig);
	assert_seen(rig, 5, 6, 3, 4, 2, 1);
	for (size_t i = 0; i < rig->count; i++)
		assert_int_equal(rig->results[i], rig->seen[i] == 4 ? 0 : -ENODEV);
}

static void
test_group_is_never_passed_by_itself(void **state)
{
	struct rig *rig = *state;

	put(rig, OUTBOX_SOON, 0, 1);		/* a drop ... */
	put(rig, OUTBOX_FIRST, 0, 2);		/* ... and the take that follows */
	put(rig, OUTBOX_SOON, 0, 3);
	put_frame(rig, OUTBOX_FIRST, 0, 4);
	put(rig, OUTBOX_FIRST, 1, 5);
	run(rig);
	assert_seen(rig, 5, 1, 2, 3, FRAME + 4);
}

static void
test_frame_follows_its_requests_but_no_later_ones(void **state)
{
	struct rig *rig = *state;

	put(rig, OUTBOX_FIRST, 0, 1);
	for (uint32_t i = 0; i < 100; i++)
		put(rig, OUTBOX_LATER, 0, 100 + i);
	put(rig, OUTBOX_SOON, 0, 2);
	put_frame(rig, OUTBOX_FIRST, 0, 1);
	put_frame(rig, OUTBOX_SOON, 0, 2);
	assert_true(outbox_has_frames(rig->outbox, 0));
	assert_false(outbox_has_frames(rig->outbox, 1));
	run(rig);
	assert_false(outbox_has_frames(rig->outbox, 0));
	assert_int_equal(rig->count, 104);
	/* The second request for SOON had to wait behind LATER, and its frame with it. */
	assert_int_equal(rig->seen[0], 1);
	assert_int_equal(rig->seen[1], FRAME + 1);
	assert_int_equal(rig->results[1], ENXIO);
	assert_int_equal(rig->seen[102], 2);
	assert_int_equal(rig->seen[103], FRAME + 2);
}

static void
test_request_does_not_pass_a_frame_of_its_group(void **state)
{
	struct rig *rig = *state;

	put(rig, OUTBOX_FIRST, 0, 1);
	put_frame(rig, OUTBOX_FIRST, 0, 2);
	put(rig, OUTBOX_FIRST, 0, 3);
	put(rig, OUTBOX_FIRST, 1, 4);
	run(rig);
	assert_seen(rig, 1, FRAME + 2, 3, 4);
}

static void
test_cancelled_requests_are_not_sent(void **state)
{
	struct rig *rig = *state;

	put(rig, OUTBOX_LATER, 0, 1);
	put(rig, OUTBOX_ORDINARY, 0, 2);
	put(rig, OUTBOX_ORDINARY, 1, 3);
	put(rig, OUTBOX_SOON, 0, 4);
	put_frame(rig, OUTBOX_SOON, 1, 5);
	put_frame(rig, OUTBOX_SOON, 0, 6);
	outbox_cancel(rig->outbox, 0);
	outbox_cancel_frames(rig->outbox, 1);
	assert_seen(rig, 1, 2, FRAME + 5);
	assert_int_equal(rig->results[0], -ECANCELED);
	assert_int_equal(rig->results[2], ECANCELED);
	run(rig);
	/* In one job: requests, then frames. */
	assert_seen(rig, 1, 2, FRAME + 5, 4, 3, FRAME + 6);
}

static void
test_what_waits_for_old_numbers_goes_first(void **state)
{
	struct rig *rig = *state;

	put(rig, OUTBOX_ORDINARY, 0, 1);
	put(rig, OUTBOX_LATER, 0, 2);
	put_frame(rig, OUTBOX_SOON, 0, 3);
	outbox_renumber(rig->outbox, GROUPS);
	put(rig, OUTBOX_FIRST, 0, 4);
	outbox_cancel(rig->outbox, 0);
	outbox_cancel_frames(rig->outbox, 0);
	run(rig);
	assert_seen(rig, 2, 4);
}

/* Group 0 of the new numbers is not the one whose frame is on its way. */
static void
test_frame_under_way_under_old_numbers_is_told_to_nobody(void **state)
{
	struct rig *rig = *state;

	put_frame(rig, OUTBOX_FIRST, 0, 1);
	start(rig);
	outbox_push(rig->outbox);
	assert_true(outbox_wait(rig->outbox, 30 * NSEC_PER_SEC));
	outbox_renumber(rig->outbox, GROUPS);
	assert_false(outbox_has_frames(rig->outbox, 0));
	put_frame(rig, OUTBOX_FIRST, 0, 2);
	outbox_collect(rig->outbox);
	assert_int_equal(rig->count, 0);
	assert_true(outbox_has_frames(rig->outbox, 0));
	finish(rig);
	assert_seen(rig, FRAME + 2);
	assert_false(outbox_has_frames(rig->outbox, 0));
}

static void
test_renewals_end_without_a_word(void **state)
{
	struct rig *rig = *state;
	struct pollfd told = { .fd = outbox_descriptor(rig->outbox), .events = POLLIN };
	nsec_t end = clock_now() + 30 * NSEC_PER_SEC;

	put_any(rig, OUTBOX_RENEWAL, OUTBOX_SOON, 0, 1, false);
	put_any(rig, OUTBOX_RENEWAL, OUTBOX_SOON, 0, 2, true);
	run(rig);
	while (rig->count < 2 && clock_now() < end) {
		assert_int_equal(poll(&told, 1, 0), 0);
		usleep(100);
		outbox_collect(rig->outbox);
	}
	outbox_read_renewals(rig->outbox);
	assert_seen(rig, 1, 2, REFUSED + 2);
	assert_int_equal(rig->results[0], 0);
	assert_int_equal(rig->results[1], 0);
	assert_int_equal(rig->results[2], -ENODEV);
}

static void
test_thousands_are_all_answered_in_order(void **state)
{
	struct rig *rig = *state;

	for (uint32_t i = 0; i < 3000; i++)
		put_any(rig, i % 7 == 0 ? OUTBOX_RENEWAL : OUTBOX_CHANGE, OUTBOX_SOON, i % GROUPS,
		        i, i % 5 == 0);
	run(rig);
	while (rig->count < 3000) {
		usleep(100);
		outbox_collect(rig->outbox);
	}
	for (uint32_t i = 0; i < 3000; i++) {
		assert_int_equal(rig->seen[i], i);
		assert_int_equal(rig->results[i], i % 5 == 0 && i % 7 != 0 ? -ENODEV : 0);
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(
			test_better_lines_go_first_and_refusals_reach_their_request, set_up,
			tear_down),
		cmocka_unit_test_setup_teardown(
			test_group_is_never_passed_by_itself, set_up,
			tear_down),
		cmocka_unit_test_setup_teardown(
			test_frame_follows_its_requests_but_no_later_ones, set_up,
			tear_down),
		cmocka_unit_test_setup_teardown(
			test_request_does_not_pass_a_frame_of_its_group, set_up,
			tear_down),
		cmocka_unit_test_setup_teardown(
			test_cancelled_requests_are_not_sent, set_up,
			tear_down),
		cmocka_unit_test_setup_teardown(
			test_what_waits_for_old_numbers_goes_first, set_up,
			tear_down),
		cmocka_unit_test_setup_teardown(
			test_frame_under_way_under_old_numbers_is_told_to_nobody, set_up,
			tear_down),
		cmocka_unit_test_setup_teardown(
			test_renewals_end_without_a_word, set_up,
			tear_down),
		cmocka_unit_test_setup_teardown(
			test_thousands_are_all_answered_in_order, set_up,
			tear_down),
	};

	if (geteuid() != 0)
		return SKIPPED;
	return cmocka_run_group_tests(tests, NULL, NULL);
}
