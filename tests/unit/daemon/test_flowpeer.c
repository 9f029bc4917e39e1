/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The way to connsync's partner, over the loopback of a network namespace of its own: two ends of
 * it, or one and a partner that behaves badly.  What keys change is for the system tests.
 */
#include <arpa/inet.h>
#include <errno.h>
#include <net/if.h>
#include <sched.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <systemd/sd-event.h>
#include <unistd.h>

#include <cmocka.h>

#include "daemon/flowpeer.h"
#include "system/clock.h"

#include "../system/ends.h"

#define PORT 7411
#define RECORD 16384u

static struct end {
	struct flowpeer *peer;
	unsigned connected, disconnected, datagrams, batch, largest_batch;
	nsec_t latest;			/* arrival */
	nsec_t work;			/* that each datagram makes */
	bool greets;			/* its partner waits for the first word */
	size_t bytes, batch_bytes, largest_batch_bytes;
} ends[2];				/* 127.0.0.1, which connects, and 127.0.0.2 */

static struct sd_event *event;
static nsec_t age = SEAL_AGE;		/* of keys */

static void
on_connected(void *owner)
{
	struct end *e = owner;

	e->connected++;
	if (e->greets)
		flowpeer_send_control(e->peer, (const uint8_t *)"!", 1);
}

static void
on_disconnected(void *owner)
{
	((struct end *)owner)->disconnected++;
}

static void
on_control(void *owner, const uint8_t *bytes UNUSED, size_t length)
{
	struct end *e = owner;

	e->bytes += length;
	e->batch_bytes += length;
}

static void
on_datagram(void *owner, unsigned path UNUSED, const uint8_t *bytes UNUSED, size_t length UNUSED,
            nsec_t arrival)
{
	nsec_t end = clock_now() + ((struct end *)owner)->work;
	struct end *e = owner;

	while (clock_now() < end)
		;
	e->latest = arrival > e->latest ? arrival : e->latest;
	e->datagrams++;
	e->batch++;
}

static void
on_batch(void *owner)
{
	struct end *e = owner;

	if (e->batch > e->largest_batch)
		e->largest_batch = e->batch;
	if (e->batch_bytes > e->largest_batch_bytes)
		e->largest_batch_bytes = e->batch_bytes;
	e->batch = 0;
	e->batch_bytes = 0;
}

static struct ip
address(unsigned which)
{
	return ip_from_v4((const uint8_t[]){ 127, 0, 0, (uint8_t)(which + 1) });
}

static void
begin_with(unsigned which, const struct identity *identity, const struct fingerprint *partner)
{
	static const struct flowpeer_calls calls = {
		.on_connected = on_connected, .on_disconnected = on_disconnected,
		.on_control = on_control, .on_datagram = on_datagram, .on_batch = on_batch,
	};
	struct connsync_settings settings = {
		.path_count = 1, .paths = { { .interface = "lo", .remote = address(!which) } },
		.port = PORT,
	};
	struct ip local[CONNSYNC_PATHS_MAX] = { address(which) };
	struct error error;

	if (partner)
		settings.fingerprint = *partner;
	assert_int_equal(flowpeer_new(event, &settings, local, identity, age, &calls, &ends[which],
	                              &ends[which].peer, &error), 0);
}

static void
begin(unsigned which)
{
	begin_with(which, NULL, NULL);
}

/* Turns of the loop until it holds; fails the test after thirty seconds. */
#define TURN_UNTIL(condition) \
	do { \
		nsec_t end_ = clock_now() + 30 * NSEC_PER_SEC; \
		while (!(condition) && clock_now() < end_) \
			assert_true(sd_event_run(event, 10000) >= 0); \
		assert_true(condition); \
	} while (0)

static void
send_many(unsigned count)
{
	uint8_t bytes[100] = { 0 };

	while (count-- > 0)
		flowpeer_send_datagram(ends[0].peer, 0, bytes, sizeof(bytes));
	flowpeer_flush(ends[0].peer);
}

/* A connection to the second end from this address, as the first end might make it. */
static int
connect_from(unsigned last)
{
	struct sockaddr_in own = { .sin_family = AF_INET,
		                   .sin_addr.s_addr = htonl(0x7f000000 | last) };
	struct sockaddr_in to = { .sin_family = AF_INET, .sin_port = htons(PORT),
	                          .sin_addr.s_addr = htonl(0x7f000002) };
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

	assert_true(fd >= 0);
	assert_int_equal(bind(fd, (struct sockaddr *)&own, sizeof(own)), 0);
	assert_int_equal(connect(fd, (struct sockaddr *)&to, sizeof(to)), 0);
	return fd;
}

/* ---- tests ---------------------------------------------------------------------------------- */

static void
test_burst_of_datagrams_leaves_room_for_others(void **state)
{
	(void)state;
	begin(0);
	begin(1);
	TURN_UNTIL(ends[0].connected && ends[1].connected);
	ends[1].work = NSEC_PER_MSEC / 20;
	send_many(1000);
	TURN_UNTIL(ends[1].datagrams == 1000);
	assert_in_range(ends[1].largest_batch, 1, 16);
}

static void
test_drain_takes_all_there_is(void **state)
{
	(void)state;
	begin(0);
	begin(1);
	TURN_UNTIL(ends[0].connected && ends[1].connected);
	send_many(3000);
	assert_true(flowpeer_drain(ends[1].peer, clock_now() + 30 * NSEC_PER_SEC));
	assert_int_equal(ends[1].datagrams, 3000);
}

static void
test_drain_ends_in_time_and_the_rest_counts_as_what_came_before(void **state)
{
	nsec_t drained;

	(void)state;
	begin(0);
	begin(1);
	TURN_UNTIL(ends[0].connected && ends[1].connected);
	send_many(3000);
	assert_false(flowpeer_drain(ends[1].peer, clock_now()));
	drained = clock_now();
	assert_in_range(ends[1].datagrams, 1, 16);
	TURN_UNTIL(ends[1].datagrams == 3000);
	assert_true(ends[1].latest <= drained);
	/* What comes now came now. */
	send_many(1);
	TURN_UNTIL(ends[1].datagrams == 3001);
	assert_true(ends[1].latest > drained);
}

/* Who talks on while what was there before is read is not believed for ever. */
static void
test_drain_that_never_ends_does_not_make_the_present_the_past(void **state)
{
	nsec_t drained;

	(void)state;
	begin(0);
	begin(1);
	TURN_UNTIL(ends[0].connected && ends[1].connected);
	ends[1].work = NSEC_PER_MSEC / 20;
	send_many(100);
	assert_false(flowpeer_drain(ends[1].peer, clock_now()));
	drained = clock_now();
	for (unsigned i = 0; i < 300 && ends[1].latest <= drained; i++) {
		send_many(17);			/* one more than are read in a turn */
		assert_true(sd_event_run(event, 10000) >= 0);
	}
	assert_true(ends[1].latest > drained);
	assert_true(ends[1].datagrams >= 100);
}

static void
test_partner_that_never_stops_talking_leaves_room_for_others(void **state)
{
	static const uint8_t bytes[RECORD];
	size_t sent = 0;
	ssize_t n;
	int fd;

	(void)state;
	begin(1);
	fd = connect_from(1);
	TURN_UNTIL(ends[1].connected);
	while ((n = send(fd, bytes, sizeof(bytes), MSG_DONTWAIT)) > 0)
		sent += (size_t)n;
	assert_true(sent > 32 * RECORD);
	TURN_UNTIL(ends[1].bytes == sent);
	assert_in_range(ends[1].largest_batch_bytes, 1, 16 * RECORD);
	close(fd);
	TURN_UNTIL(ends[1].disconnected == 1);
}

static void
test_partner_that_does_not_read_is_lost_but_not_within_the_hook(void **state)
{
	static const uint8_t bytes[RECORD];
	int fd;

	(void)state;
	begin(1);
	fd = connect_from(1);
	TURN_UNTIL(ends[1].connected);
	for (unsigned i = 0; i < 4096 && flowpeer_counts(ends[1].peer).connected; i++)
		flowpeer_send_control(ends[1].peer, bytes, sizeof(bytes));
	assert_false(flowpeer_counts(ends[1].peer).connected);
	flowpeer_send_datagram(ends[1].peer, 0, bytes, 100);
	assert_int_equal(ends[1].disconnected, 0);
	flowpeer_flush(ends[1].peer);
	assert_int_equal(ends[1].disconnected, 1);
	close(fd);
}

static void
test_stranger_disturbs_nobody(void **state)
{
	int fd;

	(void)state;
	begin(0);
	begin(1);
	TURN_UNTIL(ends[0].connected && ends[1].connected);
	fd = connect_from(9);
	TURN_UNTIL(flowpeer_counts(ends[1].peer).refused == 1);
	close(fd);
	send_many(1);
	TURN_UNTIL(ends[1].datagrams == 1);
	assert_int_equal(ends[1].connected, 1);
	assert_int_equal(ends[1].disconnected, 0);
}

/* Who has the partner's address need not be the partner. */
static void
test_candidate_does_not_make_way_for_another_while_it_is_young(void **state)
{
	struct ends keys = { 0 };
	nsec_t first;
	int fds[6];
	char byte;

	(void)state;
	ends_open(&keys);
	ends[0].greets = ends[1].greets = true;
	for (;;) {
		begin_with(1, keys.identities[1], identity_fingerprint(keys.identities[0]));
		first = clock_now();
		for (unsigned i = 0; i < ARRAY_SIZE(fds); i++) {
			fds[i] = connect_from(1);
			for (unsigned turn = 0; turn < 5; turn++)
				assert_true(sd_event_run(event, 1000) >= 0);
		}
		if (clock_now() - first < NSEC_PER_SEC)
			break;
		/* The machine stalled, and they grew old: once more. */
		for (unsigned i = 0; i < ARRAY_SIZE(fds); i++)
			close(fds[i]);
		flowpeer_free(ends[1].peer);
	}
	/* Four wait for what they will say; for the last two there was no place. */
	for (unsigned i = 0; i < 4; i++)
		assert_int_equal(recv(fds[i], &byte, 1, MSG_DONTWAIT), -1);
	assert_int_equal(flowpeer_counts(ends[1].peer).refused, 2);
	for (unsigned i = 0; i < ARRAY_SIZE(fds); i++)
		close(fds[i]);
	begin_with(0, keys.identities[0], identity_fingerprint(keys.identities[1]));
	TURN_UNTIL(ends[0].connected && ends[1].connected);
	flowpeer_free(ends[0].peer);
	flowpeer_free(ends[1].peer);
	ends[0].peer = ends[1].peer = NULL;
	ends_close(&keys);
}

/* What is written to standard error until the test ends it. */
static int
divert_log(int *ret_before)
{
	int fd = memfd_create("log", MFD_CLOEXEC);

	assert_true(fd >= 0);
	*ret_before = dup(STDERR_FILENO);
	assert_int_equal(dup2(fd, STDERR_FILENO), STDERR_FILENO);
	return fd;
}

static void
test_renewed_keys_are_no_trouble_and_no_attack(void **state)
{
	char log[8192] = "";
	struct ends keys = { 0 };
	int before, fd = divert_log(&before);

	(void)state;
	age = NSEC_PER_SEC / 5;
	ends_open(&keys);
	ends[0].greets = ends[1].greets = true;
	begin_with(1, keys.identities[1], identity_fingerprint(keys.identities[0]));
	begin_with(0, keys.identities[0], identity_fingerprint(keys.identities[1]));
	TURN_UNTIL(ends[0].connected && ends[1].connected);
	for (unsigned i = 0; i < 100000 && ends[1].connected < 5; i++) {
		send_many(3);
		assert_true(sd_event_run(event, 1000) >= 0);
	}
	send_many(1);
	TURN_UNTIL(ends[1].disconnected == ends[1].connected - 1);
	for (unsigned i = 0; i < 2; i++) {
		struct flowpeer_counts counts = flowpeer_counts(ends[i].peer);

		assert_true(counts.connections >= 4);
		for (enum seal_fault fault = SEAL_GOOD + 1; fault < SEAL_FAULTS; fault++)
			assert_int_equal(counts.faults[fault], 0);
		assert_int_equal(counts.refused, 0);
	}
	assert_int_equal(dup2(before, STDERR_FILENO), STDERR_FILENO);
	assert_true(pread(fd, log, sizeof(log) - 1, 0) > 0);
	if (strstr(log, "warning"))
		fail_msg("%s", log);
	close(before);
	close(fd);
	flowpeer_free(ends[0].peer);
	flowpeer_free(ends[1].peer);
	ends[0].peer = ends[1].peer = NULL;
	ends_close(&keys);
}

/* Whoever asked in words that nothing be sealed has no keys that grow old. */
static void
test_connection_without_keys_does_not_age(void **state)
{
	nsec_t end;

	(void)state;
	age = NSEC_PER_SEC / 20;
	begin(0);
	begin(1);
	TURN_UNTIL(ends[0].connected && ends[1].connected);
	for (end = clock_now() + NSEC_PER_SEC; clock_now() < end; )
		assert_true(sd_event_run(event, 10000) >= 0);
	assert_int_equal(ends[0].connected, 1);
	assert_int_equal(ends[1].disconnected, 0);
}

static void
test_bytes_of_a_path_are_counted_both_ways(void **state)
{
	struct flowpeer_counts here, there;

	(void)state;
	begin(0);
	begin(1);
	TURN_UNTIL(ends[0].connected && ends[1].connected);
	flowpeer_send_control(ends[0].peer, (const uint8_t *)"12345", 5);
	send_many(2);
	TURN_UNTIL(ends[1].datagrams == 2 && ends[1].bytes == 5);
	here = flowpeer_counts(ends[0].peer);
	there = flowpeer_counts(ends[1].peer);
	/* 100 bytes each, what flowpeer puts before them, UDP, IP, Ethernet; and the stream. */
	assert_int_equal(here.bytes_sent[0], 2 * (100 + 10 + 8 + 20 + 38) + 5);
	assert_int_equal(there.bytes_received[0], here.bytes_sent[0]);
	assert_int_equal(here.rate_sent[0], 0);
	TURN_UNTIL(flowpeer_counts(ends[0].peer).rate_sent[0] > 0);
	assert_in_range(flowpeer_counts(ends[0].peer).rate_sent[0], 30, 72);
	TURN_UNTIL(flowpeer_counts(ends[1].peer).rate_received[0] > 0);
}

static void
test_path_says_why_it_is_not_in_use(void **state)
{
	(void)state;
	begin(0);
	TURN_UNTIL(strstr(flowpeer_trouble(ends[0].peer, 0), "refused"));
	begin(1);
	assert_string_equal(flowpeer_trouble(ends[1].peer, 0),
	                    "the partner has not connected yet");
	TURN_UNTIL(ends[0].connected && ends[1].connected);
	assert_string_equal(flowpeer_trouble(ends[0].peer, 0), "");
	assert_string_equal(flowpeer_trouble(ends[1].peer, 0), "");
	flowpeer_hang_up(ends[1].peer, "for a test");
	assert_non_null(strstr(flowpeer_trouble(ends[1].peer, 0), "for a test"));
}

static void
test_next_connection_of_the_partner_takes_the_place_of_the_last(void **state)
{
	int first, second;
	char byte;

	(void)state;
	begin(1);
	first = connect_from(1);
	TURN_UNTIL(ends[1].connected == 1);
	second = connect_from(1);
	TURN_UNTIL(ends[1].connected == 2);
	assert_int_equal(ends[1].disconnected, 1);
	assert_int_equal(recv(first, &byte, 1, 0), 0);
	close(first);
	close(second);
	TURN_UNTIL(ends[1].disconnected == 2);
}

/* ---- rig ------------------------------------------------------------------------------------ */

static int
set_up(void **state)
{
	(void)state;
	memset(ends, 0, sizeof(ends));
	age = SEAL_AGE;
	return sd_event_new(&event) < 0 ? -1 : 0;
}

static int
tear_down(void **state)
{
	(void)state;
	flowpeer_free(ends[0].peer);
	flowpeer_free(ends[1].peer);
	event = sd_event_unref(event);
	return 0;
}

static int
enter_namespace(void **state)
{
	struct ifreq loopback = { .ifr_name = "lo", .ifr_flags = IFF_UP };
	int fd;

	(void)state;
	if (unshare(CLONE_NEWNET) < 0)
		return -1;
	fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	if (fd < 0 || ioctl(fd, SIOCSIFFLAGS, &loopback) < 0)
		return -1;
	close(fd);
	return 0;
}

#define TEST(function) cmocka_unit_test_setup_teardown(function, set_up, tear_down)

int
main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(test_burst_of_datagrams_leaves_room_for_others),
		TEST(test_drain_takes_all_there_is),
		TEST(test_drain_ends_in_time_and_the_rest_counts_as_what_came_before),
		TEST(test_partner_that_never_stops_talking_leaves_room_for_others),
		TEST(test_partner_that_does_not_read_is_lost_but_not_within_the_hook),
		TEST(test_stranger_disturbs_nobody),
		TEST(test_candidate_does_not_make_way_for_another_while_it_is_young),
		TEST(test_drain_that_never_ends_does_not_make_the_present_the_past),
		TEST(test_renewed_keys_are_no_trouble_and_no_attack),
		TEST(test_connection_without_keys_does_not_age),
		TEST(test_bytes_of_a_path_are_counted_both_ways),
		TEST(test_path_says_why_it_is_not_in_use),
		TEST(test_next_connection_of_the_partner_takes_the_place_of_the_last),
	};

	if (geteuid() != 0)
		return 77;		/* skipped */
	return cmocka_run_group_tests(tests, enter_namespace, NULL);
}
