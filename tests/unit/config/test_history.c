/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Notes at the heads of files, and the history that is made of such files.
 */
#include <errno.h>
#include <glob.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#include "config/history.h"

static char directory[64];

static int
setup(void **state)
{
	(void)state;
	snprintf(directory, sizeof(directory), "/tmp/history-XXXXXX");
	return mkdtemp(directory) ? 0 : -1;
}

static int
teardown(void **state)
{
	char pattern[128];
	glob_t files;

	(void)state;
	snprintf(pattern, sizeof(pattern), "%s/*", directory);
	if (glob(pattern, 0, NULL, &files) == 0) {
		for (size_t i = 0; i < files.gl_pathc; i++)
			unlink(files.gl_pathv[i]);
		globfree(&files);
	}
	return rmdir(directory);
}

static struct history *
opened(void)
{
	struct history *history;

	assert_int_equal(history_open(directory, &history, NULL), 0);
	return history;
}

static void
add(struct history *history, uint64_t revision, size_t limit)
{
	struct note note = { .revision = revision, .time = 1000 + (int64_t)revision,
	                     .user = "alice", .via = "cli", .comment = "why" };
	char text[64];

	snprintf(text, sizeof(text), "text %llu\n", (unsigned long long)revision);
	assert_int_equal(history_add(history, &note, text, limit, NULL), 0);
}

static void
expect_revisions(const struct history *history, const char *newest_first)
{
	char text[256] = "", one[32];

	for (size_t i = 0; i < history_count(history); i++) {
		snprintf(one, sizeof(one), "%llu ",
		         (unsigned long long)history_note(history, i)->revision);
		strncat(text, one, sizeof(text) - strlen(text) - 1);
	}
	assert_null(history_note(history, history_count(history)));
	assert_string_equal(text, newest_first);
}

static void
test_note_reads_back_as_written(void **state)
{
	const struct note note = {
		.revision = 18446744073709551615u, .time = 1763899424, .user = "alice",
		.via = "api", .comment = "new provider: see # 12 /* and */ 'more'",
		.trial = { .seconds = 600, .returns_to = 11, .deadline = 81234 },
	};
	char text[NOTE_TEXT_MAX];
	struct note back;

	(void)state;
	note_print(&note, text);
	strncat(text, "interfaces {\n}\n# tandem user mallory\n", sizeof(text) - strlen(text) - 1);
	assert_true(note_parse(text, &back));
	assert_memory_equal(&note, &back, sizeof(note));
}

static void
test_note_with_control_characters_stays_on_its_lines(void **state)
{
	const struct note note = { .revision = 7, .user = "bob",
	                           .comment = "a\n# tandem user root\r\x1b[2J" };
	char text[NOTE_TEXT_MAX];
	struct note back;

	(void)state;
	note_print(&note, text);
	assert_true(note_parse(text, &back));
	assert_string_equal(back.user, "bob");
	assert_string_equal(back.comment, "a # tandem user root  [2J");
}

static void
test_note_of_the_longest_texts_fits(void **state)
{
	struct note note = { .revision = 18446744073709551615u, .time = -9223372036854775807,
	                     .trial = { 4294967295u, 18446744073709551615u, 9223372036854775807 } };
	char text[NOTE_TEXT_MAX];
	struct note back;

	(void)state;
	memset(note.user, 'u', sizeof(note.user) - 1);
	memset(note.via, 'v', sizeof(note.via) - 1);
	memset(note.comment, 'c', sizeof(note.comment) - 1);
	note_print(&note, text);
	assert_true(note_parse(text, &back));
	assert_memory_equal(&note, &back, sizeof(note));
}

static void
test_text_without_a_revision_has_no_note(void **state)
{
	static const char *const texts[] = {
		"", "interfaces {\n}\n", "# tandem", "# tandem ", "# tandem revision",
		"# tandem revision x\n", "# tandem user alice\n", "\n# tandem revision 3\n",
		"# tandem trial\n", "# tandem trial 1 2\n# tandem comment\n",
	};
	struct note note;

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(texts); i++)
		assert_false(note_parse(texts[i], &note));
}

static void
test_entries_are_kept_newest_first_and_private(void **state)
{
	struct history *history = opened();
	char path[128], *text = NULL;
	struct stat st;

	(void)state;
	expect_revisions(history, "");
	add(history, 9, 100);
	add(history, 10, 100);
	add(history, 12, 100);
	expect_revisions(history, "12 10 9 ");
	assert_null(history_find(history, 11));
	assert_int_equal(history_find(history, 10)->time, 1010);
	assert_int_equal(history_read(history, 11, &text), -ENOENT);
	assert_int_equal(history_read(history, 10, &text), 0);
	assert_non_null(strstr(text, "\ntext 10\n"));
	free(text);
	snprintf(path, sizeof(path), "%s/10.boot", directory);
	assert_int_equal(stat(path, &st), 0);
	assert_int_equal(st.st_mode & 07777, 0600);
	history_free(history);

	history = opened();
	expect_revisions(history, "12 10 9 ");
	assert_string_equal(history_note(history, 0)->comment, "why");
	history_free(history);
}

static void
test_oldest_are_forgotten_beyond_the_limit(void **state)
{
	struct history *history = opened();

	(void)state;
	for (uint64_t i = 1; i <= 40; i++)
		add(history, i, 30);
	assert_int_equal(history_count(history), 30);
	add(history, 41, 2);
	expect_revisions(history, "41 40 ");
	add(history, 42, 0);
	expect_revisions(history, "42 ");
	history_free(history);
	history = opened();
	expect_revisions(history, "42 ");
	history_free(history);
}

static void
write_text(const char *name, const char *text)
{
	char path[128];
	FILE *file;

	snprintf(path, sizeof(path), "%s/%s", directory, name);
	file = fopen(path, "w");
	assert_non_null(file);
	fputs(text, file);
	fclose(file);
}

static void
test_what_is_no_entry_is_left_out(void **state)
{
	struct history *history = opened();
	char path[128];

	(void)state;
	add(history, 5, 100);
	history_free(history);
	write_text("6.boot", "interfaces {\n}\n");
	write_text("7.boot", "# tandem revision 8\n");
	write_text("08.boot", "# tandem revision 8\n");
	write_text("9.boot.new", "# tandem revi");
	write_text("10.txt", "# tandem revision 10\n");
	write_text("readme", "mine\n");
	history = opened();
	expect_revisions(history, "5 ");
	history_free(history);
	snprintf(path, sizeof(path), "%s/9.boot.new", directory);
	assert_int_equal(access(path, F_OK), -1);
	snprintf(path, sizeof(path), "%s/readme", directory);
	assert_int_equal(access(path, F_OK), 0);
}

static void
test_directory_that_cannot_be_made_is_an_error(void **state)
{
	struct history *history;
	struct error error = { 0 };

	(void)state;
	assert_int_equal(history_open("/proc/self/nowhere/history", &history, &error), -ENOENT);
	assert_non_null(strstr(error.text, "/proc/self/nowhere/history"));
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_note_reads_back_as_written),
		cmocka_unit_test(test_note_with_control_characters_stays_on_its_lines),
		cmocka_unit_test(test_note_of_the_longest_texts_fits),
		cmocka_unit_test(test_text_without_a_revision_has_no_note),
		cmocka_unit_test_setup_teardown(test_entries_are_kept_newest_first_and_private,
		                                setup, teardown),
		cmocka_unit_test_setup_teardown(test_oldest_are_forgotten_beyond_the_limit, setup,
		                                teardown),
		cmocka_unit_test_setup_teardown(test_what_is_no_entry_is_left_out, setup,
		                                teardown),
		cmocka_unit_test(test_directory_that_cannot_be_made_is_an_error),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
