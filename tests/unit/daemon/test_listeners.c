/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The sockets of links against the real kernel, in a network namespace of its own: two cables,
 * "a0 - b0" and "a1 - b1"; the listeners are on the a side, frames are sent from the b side.
 *
 * Needs root (skipped otherwise).
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include <net/if.h>
#include <poll.h>
#include <sched.h>
#include <unistd.h>

#include "daemon/listeners.h"
#include "system/clock.h"
#include "system/packet.h"

#define SKIPPED 77
#define LINKS 2u
#define LINKS_MAX 120u
#define QUIET (LINKS_MAX - 1)		/* of many links the last */
#define SWEEP_MOST 7000u		/* frames of one sweep */
#define FLOOD 600u
#define BOTH (PACKET_IPV4 | PACKET_IPV6)

struct rig {
	unsigned links;
	nsec_t last_arrival[LINKS_MAX];	/* of the frame handed in last */
	struct listeners *listeners;
	struct packet_senders senders;
	unsigned frames[LINKS_MAX];		/* handed on since the last look */
	uint8_t last[PACKET_SIZE];
	size_t last_length;
	nsec_t backlog[LINKS_MAX];
	unsigned backlogs;		/* how often one was told of */
};

static void
on_frame(void *owner, uint32_t link, const uint8_t *bytes, size_t length, nsec_t arrival)
{
	struct rig *rig = owner;

	assert_true(link < rig->links);
	rig->frames[link]++;
	memcpy(rig->last, bytes, length);
	rig->last_length = length;
	/* Not in order: what two processors took in stands in the queue as it came there. */
	assert_true(arrival > 0 && arrival <= clock_now());
	rig->last_arrival[link] = arrival;
}

static void
on_backlog(void *owner, uint32_t link, nsec_t heard)
{
	struct rig *rig = owner;

	rig->backlog[link] = heard;
	rig->backlogs++;
}

static int
index_of(const char *side, unsigned link)
{
	char name[IF_NAMESIZE];

	snprintf(name, sizeof(name), "%s%u", side, link);
	return (int)if_nametoindex(name);
}

static int
set_up_links(void **state, unsigned links)
{
	static const struct listeners_calls calls = { on_frame, on_backlog };
	struct rig *rig = calloc(1, sizeof(*rig));
	int32_t fresh[LINKS_MAX];
	char command[256];
	struct error error;

	assert_non_null(rig);
	rig->links = links;
	assert_int_equal(unshare(CLONE_NEWNET), 0);
	snprintf(command, sizeof(command), "for i in $(seq 0 %u); do echo "
	         "\"link add a$i type veth peer name b$i\"; echo \"link set a$i up\"; "
	         "echo \"link set b$i up\"; done | ip -batch -", links - 1);
	assert_int_equal(system(command), 0);
	assert_int_equal(packet_open_senders(&rig->senders, &error), 0);
	assert_int_equal(listeners_new(&calls, rig, &rig->listeners, &error), 0);
	for (uint32_t i = 0; i < links; i++)
		fresh[i] = -1;
	assert_int_equal(listeners_renumber(rig->listeners, fresh, links), 0);
	for (uint32_t i = 0; i < links; i++) {
		rig->backlog[i] = NSEC_NEVER;
		assert_int_equal(listeners_watch(rig->listeners, i, index_of("a", i), BOTH,
		                                 &error), 0);
	}
	*state = rig;
	return 0;
}

static int
set_up(void **state)
{
	return set_up_links(state, LINKS);
}

static int
set_up_many(void **state)
{
	return set_up_links(state, LINKS_MAX);
}

static int
tear_down(void **state)
{
	struct rig *rig = *state;

	listeners_free(rig->listeners);
	packet_close_senders(&rig->senders);
	free(rig);
	return 0;
}

static void
send_frames(struct rig *rig, unsigned link, uint16_t type, uint8_t protocol, unsigned count)
{
	uint8_t bytes[60] = { 0x01, 0x00, 0x5e, 0x00, 0x00, 0x12 };

	bytes[12] = (uint8_t)(type >> 8);
	bytes[13] = (uint8_t)type;
	bytes[14] = type == 0x86dd ? 0x60 : 0x45;
	bytes[type == 0x86dd ? 20 : 23] = protocol;
	for (unsigned i = 0; i < count; i++) {
		struct outgoing frame = {
			.ifindex = index_of("b", link), .bytes = bytes, .length = sizeof(bytes),
		};

		packet_send(&rig->senders, &frame, 1);
		assert_int_equal(frame.error, 0);
	}
}

static bool
is_readable(const struct rig *rig)
{
	struct pollfd wait_for = {
		.fd = listeners_descriptor(rig->listeners), .events = POLLIN,
	};

	return poll(&wait_for, 1, 0) == 1;
}

static void
test_only_vrrp_is_handed_on_with_its_arrival(void **state)
{
	struct rig *rig = *state;
	nsec_t before = clock_now();

	send_frames(rig, 0, 0x0800, 17, 1);		/* UDP */
	send_frames(rig, 0, 0x0806, 112, 1);		/* ARP */
	send_frames(rig, 0, 0x86dd, 51, 1);		/* IPv6 has no version 2 */
	assert_false(is_readable(rig));
	send_frames(rig, 0, 0x0800, 112, 1);
	send_frames(rig, 0, 0x0800, 51, 1);		/* behind an authentication header */
	send_frames(rig, 0, 0x86dd, 112, 1);
	assert_true(is_readable(rig));
	assert_true(listeners_sweep(rig->listeners));
	assert_int_equal(rig->frames[0], 3);
	assert_int_equal(rig->frames[1], 0);
	assert_int_equal(rig->last_length, 60);
	assert_int_equal(rig->last[12], 0x86);
	/* The wall clock, from which arrivals are made, ticks a little differently. */
	assert_in_range(rig->last_arrival[0], before - NSEC_PER_MSEC, clock_now());
	assert_int_equal(rig->backlogs, 0);
	assert_false(is_readable(rig));
}

static void
test_flood_on_one_link_keeps_no_other_waiting(void **state)
{
	struct rig *rig = *state;
	unsigned sweeps = 0;
	nsec_t heard;

	send_frames(rig, 0, 0x0800, 112, FLOOD);
	send_frames(rig, 1, 0x0800, 112, 1);
	assert_true(listeners_sweep(rig->listeners));
	assert_int_equal(rig->frames[1], 1);
	assert_in_range(rig->frames[0], 1, FLOOD - 1);
	assert_int_equal(rig->backlog[1], NSEC_NEVER);
	assert_int_equal(rig->backlog[0], rig->last_arrival[0] - 1);
	while (rig->backlog[0] != NSEC_NEVER) {
		heard = rig->backlog[0];
		assert_true(listeners_sweep(rig->listeners));
		/* Not exactly in order, and the wall clock may be set while we look. */
		assert_true(rig->backlog[0] >= heard - NSEC_PER_SEC);
		assert_in_range(sweeps++, 0, FLOOD);
	}
	assert_int_equal(rig->frames[0], FLOOD);
	assert_false(is_readable(rig));
}

/* One sweep: how many frames it handed on. */
static unsigned
sweep(struct rig *rig)
{
	unsigned before = 0, after = 0;

	for (unsigned i = 0; i < rig->links; i++)
		before += rig->frames[i];
	assert_true(listeners_sweep(rig->listeners));
	for (unsigned i = 0; i < rig->links; i++)
		after += rig->frames[i];
	return after - before;
}

static void
test_floods_on_many_links_keep_no_other_waiting(void **state)
{
	struct rig *rig = *state;
	nsec_t flooded, heard;
	unsigned sweeps = 0;

	(void)sweep(rig);
	flooded = clock_now();
	for (unsigned i = 0; i < QUIET; i++)
		send_frames(rig, i, 0x0800, 112, FLOOD);
	/* Where nobody speaks all is heard, whatever there is elsewhere. */
	assert_in_range(sweep(rig), 1, SWEEP_MOST);
	assert_int_equal(rig->backlog[QUIET], NSEC_NEVER);
	/* Nobody was read empty; who was not read at all was empty when the sweep before began. */
	for (unsigned i = 0; i < QUIET; i++) {
		heard = rig->frames[i] > 0 ? rig->last_arrival[i] - 1 : rig->backlog[i];
		assert_int_equal(rig->backlog[i], heard);
		assert_true(rig->frames[i] > 0 || heard < flooded);
	}
	/* Once it is known who floods, a single frame is found at once. */
	while (rig->frames[0] == 0 || rig->frames[QUIET - 1] == 0)
		assert_in_range(sweep(rig), 1, SWEEP_MOST);
	send_frames(rig, QUIET, 0x0800, 112, 1);
	assert_in_range(sweep(rig), 1, SWEEP_MOST);
	assert_int_equal(rig->frames[QUIET], 1);
	assert_int_equal(rig->backlog[QUIET], NSEC_NEVER);
	/* The floods are read in turn, to their end. */
	while (is_readable(rig)) {
		assert_in_range(sweep(rig), 1, SWEEP_MOST);
		assert_in_range(++sweeps, 1, QUIET * FLOOD / 1024);
	}
	(void)sweep(rig);
	for (unsigned i = 0; i < QUIET; i++) {
		assert_int_equal(rig->frames[i], FLOOD);
		assert_int_equal(rig->backlog[i], NSEC_NEVER);
	}
}

/* As many frames as are read from one link in a sweep: the next one finds that these were all. */
static void
test_backlog_ends_without_another_frame(void **state)
{
	struct rig *rig = *state;

	for (unsigned count = 4 * PACKET_BATCH - 1; count <= 4 * PACKET_BATCH + 1; count++) {
		send_frames(rig, 0, 0x0800, 112, count);
		rig->frames[0] = 0;
		for (unsigned i = 0; i < 2; i++)
			assert_true(listeners_sweep(rig->listeners));
		assert_int_equal(rig->frames[0], count);
		assert_int_equal(rig->backlog[0], NSEC_NEVER);
	}
}

static void
test_link_that_is_watched_no_longer_has_no_backlog(void **state)
{
	struct rig *rig = *state;
	struct error error;

	send_frames(rig, 0, 0x0800, 112, FLOOD);
	assert_true(listeners_sweep(rig->listeners));
	assert_int_not_equal(rig->backlog[0], NSEC_NEVER);
	assert_int_equal(listeners_watch(rig->listeners, 0, 0, BOTH, &error), 0);
	assert_int_equal(rig->backlog[0], NSEC_NEVER);
	assert_false(is_readable(rig));
}

static void
test_families_join_their_own_group_only(void **state)
{
	struct rig *rig = *state;
	struct error error;

	assert_int_equal(system("ip maddr show dev a1 | grep -q 224.0.0.18"), 0);
	assert_int_equal(system("ip maddr show dev a1 | grep -q ff02::12"), 0);
	assert_int_equal(listeners_watch(rig->listeners, 1, index_of("a", 1), PACKET_IPV6,
	                                 &error), 0);
	assert_int_not_equal(system("ip maddr show dev a1 | grep -q 224.0.0.18"), 0);
	assert_int_equal(system("ip maddr show dev a1 | grep -q ff02::12"), 0);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(
			test_only_vrrp_is_handed_on_with_its_arrival, set_up,
			tear_down),
		cmocka_unit_test_setup_teardown(
			test_flood_on_one_link_keeps_no_other_waiting, set_up,
			tear_down),
		cmocka_unit_test_setup_teardown(
			test_floods_on_many_links_keep_no_other_waiting, set_up_many,
			tear_down),
		cmocka_unit_test_setup_teardown(
			test_backlog_ends_without_another_frame, set_up,
			tear_down),
		cmocka_unit_test_setup_teardown(
			test_link_that_is_watched_no_longer_has_no_backlog, set_up,
			tear_down),
		cmocka_unit_test_setup_teardown(
			test_families_join_their_own_group_only, set_up,
			tear_down),
	};

	if (geteuid() != 0)
		return SKIPPED;
	return cmocka_run_group_tests(tests, NULL, NULL);
}
