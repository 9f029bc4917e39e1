/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The memory that outlives the engine: what was put comes back, also to a process that maps it
 * anew; a writer killed half way leaves the older copy; a file of another layout is begun anew.
 */
#include <errno.h>
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include "daemon/memory.h"

static char path[64];

static struct memory *
open_memory(void)
{
	struct memory *memory;
	struct error error;

	assert_int_equal(memory_open(path, &memory, &error), 0);
	return memory;
}

static int
set_up(void **state)
{
	int fd;

	(void)state;
	snprintf(path, sizeof(path), "%s", "/tmp/tandem-memory-XXXXXX");
	fd = mkstemp(path);
	if (fd >= 0)
		close(fd);
	return fd < 0;
}

static int
tear_down(void **state)
{
	(void)state;
	return unlink(path);
}

static void
test_new_memory_holds_nothing(void **state)
{
	struct memory *memory = open_memory();
	struct vrouter_status status;
	void *bytes;
	size_t size;

	(void)state;
	assert_null(memory_get_settings(memory));
	assert_int_equal(memory_settings_revision(memory), 0);
	assert_int_equal(memory_last_beat(memory), 0);
	assert_false(memory_get_status(memory, 0, &status));
	memory_get_originals(memory, &bytes, &size);
	assert_null(bytes);
	memory_close(memory);
}

static void
test_what_was_put_comes_back_to_another_process(void **state)
{
	struct memory *memory = open_memory();
	struct settings *settings = settings_new(&(struct settings_counts){ 0 });
	struct vrouter_status status = { .interface = "dp0bond0", .vrid = 7,
	                                 .state = VROUTER_MASTER };
	void *bytes;
	size_t size;

	(void)state;
	settings->revision = 42;
	assert_int_equal(memory_put_settings(memory, settings), 0);
	assert_int_equal(memory_stage_status(memory, 0, &status), 0);
	assert_int_equal(memory_status_count(memory), 0);
	memory_switch_status(memory, 1);
	assert_int_equal(memory_put_originals(memory, "before", 6), 0);
	memory_beat(memory, 123);
	memory_close(memory);
	free(settings);

	memory = open_memory();
	settings = memory_get_settings(memory);
	assert_non_null(settings);
	assert_int_equal(settings->revision, 42);
	assert_int_equal(memory_settings_revision(memory), 42);
	memset(&status, 0, sizeof(status));
	assert_true(memory_get_status(memory, 0, &status));
	assert_string_equal(status.interface, "dp0bond0");
	assert_int_equal(status.state, VROUTER_MASTER);
	assert_false(memory_get_status(memory, 1, &status));
	memory_get_originals(memory, &bytes, &size);
	assert_int_equal(size, 6);
	assert_memory_equal(bytes, "before", 6);
	assert_int_equal(memory_last_beat(memory), 123);
	free(bytes);
	free(settings);
	memory_close(memory);
}

static void
test_file_of_another_layout_begins_anew(void **state)
{
	struct memory *memory = open_memory();
	struct settings *settings = settings_new(&(struct settings_counts){ 0 });
	uint8_t other[16] = { 1, 2, 3 };
	int fd;

	(void)state;
	assert_int_equal(memory_put_settings(memory, settings), 0);
	memory_close(memory);
	free(settings);
	fd = open(path, O_WRONLY);
	assert_int_equal(write(fd, other, sizeof(other)), sizeof(other));
	close(fd);

	memory = open_memory();
	assert_null(memory_get_settings(memory));
	memory_close(memory);
}

/* What is staged is seen by nobody before the switch, and then whole. */
static void
test_renumbered_records_change_all_at_once(void **state)
{
	struct memory *memory = open_memory();
	struct vrouter_status old = { .interface = "eth0", .vrid = 1 }, seen;
	struct vrouter_status first = { .interface = "eth1", .vrid = 2 };

	(void)state;
	assert_int_equal(memory_stage_status(memory, 0, &old), 0);
	memory_switch_status(memory, 1);
	assert_int_equal(memory_stage_status(memory, 0, &first), 0);
	assert_int_equal(memory_stage_status(memory, 1, &old), 0);
	assert_true(memory_get_status(memory, 0, &seen));
	assert_string_equal(seen.interface, "eth0");
	assert_false(memory_get_status(memory, 1, &seen));
	memory_switch_status(memory, 2);
	assert_true(memory_get_status(memory, 0, &seen));
	assert_string_equal(seen.interface, "eth1");
	assert_true(memory_get_status(memory, 1, &seen));
	assert_string_equal(seen.interface, "eth0");
	memory_close(memory);
}

/* A writer is killed at random moments; the record read is always one that was written whole. */
static void
test_killed_writer_leaves_a_whole_record(void **state)
{
	struct memory *memory = open_memory();

	(void)state;
	memory_switch_status(memory, 1);
	for (unsigned round = 0; round < 50; round++) {
		pid_t writer = fork();

		if (writer == 0)
			for (unsigned i = 0;; i++) {
				struct vrouter_status status = { .interface = "eth0" };

				status.counters.adverts_sent = i;
				status.counters.adverts_received = i;
				status.last_transition = i;
				(void)memory_put_status(memory, 0, &status);
			}

		struct vrouter_status status = { 0 };

		while (!memory_get_status(memory, 0, &status) ||
		       status.counters.adverts_sent < 100 * (round + 1))
			;
		kill(writer, SIGKILL);
		waitpid(writer, NULL, 0);
		assert_true(memory_get_status(memory, 0, &status));
		assert_int_equal(status.counters.adverts_sent, status.counters.adverts_received);
		assert_int_equal(status.counters.adverts_sent, status.last_transition);
	}
	memory_close(memory);
}

static void
test_journal_keeps_the_newest_and_numbers_all(void **state)
{
	struct memory *memory = open_memory();
	struct journal_entry entry = { .kind = JOURNAL_TRANSITION, .interface = "dp0bond0" };
	struct journal_entry read;
	uint64_t written = JOURNAL_ENTRIES + 10;

	(void)state;
	assert_int_equal(memory_newest(memory), 0);
	assert_false(memory_get_entry(memory, 0, &read));
	assert_false(memory_get_entry(memory, 1, &read));
	for (uint64_t i = 1; i <= written; i++) {
		entry.at = (nsec_t)i;
		memory_append(memory, &entry);
	}
	assert_int_equal(memory_newest(memory), written);
	assert_false(memory_get_entry(memory, written + 1, &read));
	assert_false(memory_get_entry(memory, written - JOURNAL_ENTRIES, &read));
	for (uint64_t i = written - JOURNAL_ENTRIES + 1; i <= written; i++) {
		assert_true(memory_get_entry(memory, i, &read));
		assert_int_equal(read.sequence, i);
		assert_int_equal(read.at, i);
		assert_string_equal(read.interface, "dp0bond0");
	}
	memory_close(memory);
}

static void
test_overall_record_comes_back(void **state)
{
	struct memory *memory = open_memory();
	struct engine_status status = { .lateness.stalls = 3 }, read;

	(void)state;
	assert_false(memory_get_engine(memory, &read));
	status.lateness.adverts[2] = 17;
	memory_put_engine(memory, &status);
	assert_true(memory_get_engine(memory, &read));
	assert_memory_equal(&status, &read, sizeof(status));
	memory_close(memory);
}

static void
test_settings_too_large_are_refused(void **state)
{
	struct memory *memory = open_memory();
	struct settings *settings = calloc(1, SETTINGS_SIZE_MAX);

	(void)state;
	assert_non_null(settings);
	settings->size = SETTINGS_SIZE_MAX;
	assert_int_equal(memory_put_settings(memory, settings), 0);
	settings->size = SETTINGS_SIZE_MAX + 1;
	assert_int_equal(memory_put_settings(memory, settings), -ENOSPC);
	memory_close(memory);
	free(settings);
}

static void
test_host_names_come_back_to_another_process(void **state)
{
	struct memory *memory = open_memory();
	struct settings *settings = settings_new(&(struct settings_counts){ 0 });
	char wanted[HOST_NAME_SIZE], original[MEMORY_NAME_SIZE];

	(void)state;
	assert_false(memory_get_host_name(memory, wanted));
	memory_get_original_name(memory, original);
	assert_string_equal(original, "");
	snprintf(settings->host_name, sizeof(settings->host_name), "vienna-1");
	assert_int_equal(memory_put_settings(memory, settings), 0);
	memory_put_original_name(memory, "a-longer-name-that-was-there.example.org");
	memory_close(memory);
	memory = open_memory();
	assert_true(memory_get_host_name(memory, wanted));
	assert_string_equal(wanted, "vienna-1");
	memory_get_original_name(memory, original);
	assert_string_equal(original, "a-longer-name-that-was-there.example.org");
	memory_put_original_name(memory, "");
	memory_get_original_name(memory, original);
	assert_string_equal(original, "");
	/* Whoever writes settings that are no text is not believed. */
	memset(settings->host_name, 'x', sizeof(settings->host_name));
	assert_int_equal(memory_put_settings(memory, settings), 0);
	assert_true(memory_get_host_name(memory, wanted));
	assert_int_equal(strlen(wanted), HOST_NAME_SIZE - 1);
	memory_close(memory);
	free(settings);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_new_memory_holds_nothing, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_what_was_put_comes_back_to_another_process,
		                                set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_file_of_another_layout_begins_anew, set_up,
		                                tear_down),
		cmocka_unit_test_setup_teardown(test_renumbered_records_change_all_at_once, set_up,
		                                tear_down),
		cmocka_unit_test_setup_teardown(test_killed_writer_leaves_a_whole_record, set_up,
		                                tear_down),
		cmocka_unit_test_setup_teardown(test_journal_keeps_the_newest_and_numbers_all,
		                                set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_host_names_come_back_to_another_process,
		                                set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_overall_record_comes_back, set_up,
		                                tear_down),
		cmocka_unit_test_setup_teardown(test_settings_too_large_are_refused, set_up,
		                                tear_down),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
