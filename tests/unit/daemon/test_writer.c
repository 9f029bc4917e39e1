/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The writer's thread, with socket pairs in place of the kernel: what it does, in which order, and
 * that it tells of it.  Meant to be run under a thread sanitizer, too.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include <errno.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include "daemon/writer.h"
#include "system/clock.h"

#define PATIENCE_MS 30000
#define MANY 20000u

struct rig {
	int pair[2];			/* messages go into [0] */
	struct packet_senders senders;
	struct writer *writer;
};

static int
set_up(void **state)
{
	struct rig *rig = calloc(1, sizeof(*rig));
	struct error error;

	assert_non_null(rig);
	assert_int_equal(socketpair(AF_UNIX, SOCK_SEQPACKET, 0, rig->pair), 0);
	rig->senders = (struct packet_senders){ -1, -1, -1 };
	assert_int_equal(writer_new(&rig->senders, &rig->writer, &error), 0);
	*state = rig;
	return 0;
}

static int
tear_down(void **state)
{
	struct rig *rig = *state;

	close(rig->pair[1]);		/* whoever still hangs in a send is set free */
	writer_free(rig->writer);
	close(rig->pair[0]);
	free(rig);
	return 0;
}

static void
begin(struct rig *rig)
{
	const char *missing;
	struct error error;

	assert_int_equal(writer_start(rig->writer, &missing, &error), 0);
}

static void
submit(struct rig *rig, uint32_t number, bool quiet)
{
	struct writer_job *job = writer_slot(rig->writer);

	assert_non_null(job);
	job->socket = rig->pair[0];
	job->size = sizeof(number);
	job->quiet = quiet;
	memcpy(job->messages, &number, sizeof(number));
	writer_submit(rig->writer);
}

static bool
is_told(const struct rig *rig, int patience)
{
	struct pollfd wait_for = { .fd = writer_descriptor(rig->writer), .events = POLLIN };

	return poll(&wait_for, 1, patience) == 1;
}

static uint32_t
read_number(const struct rig *rig)
{
	uint32_t number;

	assert_int_equal(recv(rig->pair[1], &number, sizeof(number), 0), sizeof(number));
	return number;
}

static void
wait_done(struct rig *rig)
{
	while (writer_done(rig->writer) == NULL) {
		assert_true(is_told(rig, PATIENCE_MS));
		writer_hear(rig->writer);
	}
}

static void
test_jobs_submitted_before_the_start_are_carried_out_in_order(void **state)
{
	struct rig *rig = *state;

	for (uint32_t i = 0; i < WRITER_JOBS; i++)
		submit(rig, i, false);
	assert_null(writer_slot(rig->writer));
	assert_null(writer_done(rig->writer));
	assert_false(is_told(rig, 0));
	begin(rig);
	for (uint32_t i = 0; i < WRITER_JOBS; i++) {
		wait_done(rig);
		assert_int_equal(writer_done(rig->writer)->result, 0);
		writer_release(rig->writer);
		assert_int_equal(read_number(rig), i);
	}
	assert_int_equal(writer_jobs(rig->writer), 0);
}

static void
test_many_jobs_lose_none_and_keep_their_order(void **state)
{
	struct rig *rig = *state;
	uint32_t submitted = 0, read = 0;

	begin(rig);
	while (read < MANY) {
		while (submitted < MANY && writer_slot(rig->writer) != NULL) {
			submit(rig, submitted, submitted % 3 == 0);
			submitted++;
		}
		if (writer_done(rig->writer) == NULL)
			writer_tell(rig->writer);
		wait_done(rig);
		while (writer_done(rig->writer) != NULL) {
			assert_int_equal(writer_done(rig->writer)->result, 0);
			writer_release(rig->writer);
			assert_int_equal(read_number(rig), read);
			read++;
		}
	}
}

static void
test_quiet_job_wakes_nobody_unless_asked(void **state)
{
	struct rig *rig = *state;

	begin(rig);
	submit(rig, 1, true);
	assert_int_equal(read_number(rig), 1);
	while (writer_done(rig->writer) == NULL)
		usleep(100);
	assert_false(is_told(rig, 20));
	writer_tell(rig->writer);
	assert_true(is_told(rig, PATIENCE_MS));
	writer_hear(rig->writer);
	assert_false(is_told(rig, 0));
	writer_release(rig->writer);
	submit(rig, 2, true);
	writer_tell(rig->writer);
	assert_true(is_told(rig, PATIENCE_MS));
	wait_done(rig);
}

static void
test_refusal_of_a_job_and_of_a_frame_are_its_result(void **state)
{
	struct rig *rig = *state;
	struct writer_job *job;
	static const uint8_t byte;

	begin(rig);
	job = writer_slot(rig->writer);
	job->socket = -1;
	job->size = 1;
	job->frames[0] = (struct outgoing){ .ifindex = 1, .bytes = &byte, .length = 1 };
	job->frame_count = 1;
	writer_submit(rig->writer);
	wait_done(rig);
	assert_int_equal(writer_done(rig->writer)->result, -EBADF);
	assert_int_equal(writer_done(rig->writer)->frames[0].error, EBADF);
}

static void
test_thread_that_hangs_shows_since_when_and_delays_nobody(void **state)
{
	struct rig *rig = *state;
	nsec_t begin_of_test = clock_now(), since;
	char byte = 0;

	/* Fill the socket, so that the next message waits for a reader. */
	while (send(rig->pair[0], &byte, 1, MSG_DONTWAIT) == 1)
		;
	assert_int_equal(errno, EAGAIN);
	begin(rig);
	assert_int_equal(writer_busy_since(rig->writer), NSEC_NEVER);
	submit(rig, 1, false);
	while ((since = writer_busy_since(rig->writer)) == NSEC_NEVER)
		usleep(100);
	assert_in_range(since, begin_of_test, clock_now());
	assert_null(writer_done(rig->writer));
	submit(rig, 2, false);
	assert_false(is_told(rig, 20));
	while (recv(rig->pair[1], &byte, 1, MSG_DONTWAIT) == 1)
		;
	wait_done(rig);
	assert_true(writer_done(rig->writer)->took >= 20 * NSEC_PER_MSEC);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(
			test_jobs_submitted_before_the_start_are_carried_out_in_order, set_up,
			tear_down),
		cmocka_unit_test_setup_teardown(
			test_many_jobs_lose_none_and_keep_their_order, set_up,
			tear_down),
		cmocka_unit_test_setup_teardown(
			test_quiet_job_wakes_nobody_unless_asked, set_up,
			tear_down),
		cmocka_unit_test_setup_teardown(
			test_refusal_of_a_job_and_of_a_frame_are_its_result, set_up,
			tear_down),
		cmocka_unit_test_setup_teardown(
			test_thread_that_hangs_shows_since_when_and_delays_nobody, set_up,
			tear_down),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
