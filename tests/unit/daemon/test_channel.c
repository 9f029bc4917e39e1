/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Messages between manager and engine: whole and sound, or dropped without harm.
 */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cmocka.h>

#include "daemon/channel.h"

static int ends[2];

static int
set_up(void **state)
{
	(void)state;
	return socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_NONBLOCK, 0, ends);
}

static int
tear_down(void **state)
{
	(void)state;
	close(ends[0]);
	close(ends[1]);
	return 0;
}

static void
test_message_with_settings_arrives_whole(void **state)
{
	struct channel_message sent = { .version = CHANNEL_VERSION, .kind = CHANNEL_ADOPT,
	                                .request = 9, .revision = 3 };
	struct settings *settings = settings_new(&(struct settings_counts){ 0 }), *received;
	struct channel_message message;
	struct error error;
	int descriptor = channel_wrap_settings(settings), arrived;

	(void)state;
	assert_true(descriptor >= 0);
	assert_int_equal(channel_send(ends[0], &sent, descriptor), 0);
	close(descriptor);
	assert_int_equal(channel_receive(ends[1], &message, &arrived), 1);
	assert_memory_equal(&message, &sent, sizeof(sent));
	received = channel_unwrap_settings(arrived, &error);
	assert_non_null(received);
	assert_memory_equal(received, settings, settings->size);
	close(arrived);
	free(received);
	free(settings);
}

static void
test_nothing_there_is_no_error(void **state)
{
	struct channel_message message;
	int descriptor;

	(void)state;
	assert_int_equal(channel_receive(ends[1], &message, &descriptor), 0);
}

static void
test_unsound_message_is_dropped_and_the_next_arrives(void **state)
{
	struct channel_message good = { .version = CHANNEL_VERSION, .kind = CHANNEL_HELLO };
	struct channel_message bad[4] = { good, good, good, good };
	struct channel_message message;
	int descriptor;

	(void)state;
	bad[0].version = 77;
	bad[1].kind = 0;
	bad[2].kind = 99;
	memset(bad[3].text, 'x', sizeof(bad[3].text));
	for (unsigned i = 0; i < ARRAY_SIZE(bad); i++)
		assert_int_equal(channel_send(ends[0], &bad[i], -1), 0);
	assert_int_equal(send(ends[0], &good, 12, 0), 12);
	assert_int_equal(channel_send(ends[0], &good, -1), 0);

	for (unsigned i = 0; i < ARRAY_SIZE(bad) + 1; i++)
		assert_int_equal(channel_receive(ends[1], &message, &descriptor), -EPROTO);
	assert_int_equal(channel_receive(ends[1], &message, &descriptor), 1);
	assert_int_equal(descriptor, -1);
}

static void
test_settings_that_could_change_later_are_refused(void **state)
{
	struct settings *settings = settings_new(&(struct settings_counts){ 0 });
	struct error error;
	int fd = memfd_create("unsealed", MFD_CLOEXEC | MFD_ALLOW_SEALING);

	(void)state;
	assert_int_equal(write(fd, settings, settings->size), settings->size);
	assert_null(channel_unwrap_settings(fd, &error));
	assert_non_null(strstr(error.text, "sealed"));
	close(fd);
	free(settings);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_message_with_settings_arrives_whole, set_up,
		                                tear_down),
		cmocka_unit_test_setup_teardown(test_nothing_there_is_no_error, set_up, tear_down),
		cmocka_unit_test_setup_teardown(
			test_unsound_message_is_dropped_and_the_next_arrives, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_settings_that_could_change_later_are_refused,
		                                set_up, tear_down),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
