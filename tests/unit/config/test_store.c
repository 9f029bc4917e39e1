/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The store over a directory of its own: starts, commits, saves, and every way in which a write
 * can fail, a crash in the middle of it included.
 */
#include <errno.h>
#include <glob.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "sample.h"
#include "config/language.h"
#include "config/store.h"

#define ONE "set interfaces dataplane eth0 address 10.0.0.1/24\n"
#define TWO "set interfaces dataplane eth0 address 10.0.0.2/24\n"
#define BAD "set interfaces dataplane eth0 vrrp vrrp-group 1 priority 7\n"

static char directory[] = "/tmp/store-XXXXXX";
static char saved[64], running[64], beside[64], former[80], history[64];
static const struct store_places places = { .saved = saved, .running = running };
static const struct note note = { .time = 2000, .user = "alice", .via = "cli" };

static void
write_text(const char *path, const char *text)
{
	FILE *file = fopen(path, "we");

	assert_non_null(file);
	fputs(text, file);
	fclose(file);
}

static int
clear(void **state)
{
	char pattern[96];
	glob_t files;

	(void)state;
	unlink(saved);
	unlink(running);
	unlink(beside);
	unlink(former);
	snprintf(pattern, sizeof(pattern), "%s/*", history);
	if (glob(pattern, 0, NULL, &files) == 0) {
		for (size_t i = 0; i < files.gl_pathc; i++)
			unlink(files.gl_pathv[i]);
		globfree(&files);
	}
	rmdir(history);
	return 0;
}

static struct store *
started(int expected)
{
	struct problems problems = { 0 };
	struct store *store;

	assert_int_equal(store_new(schema, &places, &store, NULL), 0);
	assert_int_equal(store_start(store, 1000, &problems), expected);
	assert_int_equal(problems.errors > 0, expected < 0);
	problems_done(&problems);
	return store;
}

static void
expect_running(const struct store *store, const char *commands, uint64_t revision)
{
	char *text = language_print_set(store_running(store), false);
	char *wanted = strdup(commands);
	struct lyd_node *tree = sample_tree(wanted);
	char *printed = language_print_set(tree, false);

	assert_string_equal(text, printed);
	assert_int_equal(store_revision(store), revision);
	lyd_free_siblings(tree);
	free(wanted);
	free(printed);
	free(text);
}

static int
prepare(struct store *store, const char *commands, struct prepared *prepared)
{
	struct problems problems = { 0 };
	struct lyd_node *tree = sample_tree(commands);
	int r = store_prepare(store, tree, NULL, prepared, &problems);

	assert_int_equal(r < 0, problems.errors > 0);
	lyd_free_siblings(tree);
	problems_done(&problems);
	return r;
}

static void
commit(struct store *store, const char *commands)
{
	struct prepared prepared;

	assert_int_equal(prepare(store, commands, &prepared), 0);
	assert_int_equal(store_commit(store, &prepared, &note, NULL), 0);
	prepared_done(&prepared);
}

static unsigned
mode_of(const char *path)
{
	struct stat st;

	assert_int_equal(stat(path, &st), 0);
	return st.st_mode & 07777;
}

static void
test_start_without_files_is_empty_revision_1(void **state)
{
	struct store *store = started(0);

	(void)state;
	expect_running(store, "", 1);
	assert_true(store_is_saved(store));
	store_free(store);
}

static void
test_start_reads_the_saved_file(void **state)
{
	struct store *store;

	(void)state;
	write_text(saved, ONE);
	store = started(0);
	expect_running(store, ONE, 2);
	assert_true(store_is_saved(store));
	assert_int_equal(mode_of(running), 0600);
	store_free(store);
}

static void
test_restarted_manager_goes_on_with_running(void **state)
{
	struct store *store;

	(void)state;
	write_text(saved, ONE);
	store = started(0);
	commit(store, TWO);
	expect_running(store, TWO, 3);
	assert_false(store_is_saved(store));
	store_free(store);

	store = started(0);
	expect_running(store, TWO, 3);
	store_free(store);
}

static void
test_bad_saved_file_stays_and_running_is_empty(void **state)
{
	struct problems problems = { 0 };
	struct store *store;
	char *text;

	(void)state;
	write_text(saved, ONE BAD);
	assert_int_equal(store_new(schema, &places, &store, NULL), 0);
	assert_int_equal(store_start(store, 1000, &problems), -EINVAL);
	text = sample_lines(&problems);
	assert_non_null(strstr(text, "E line 2: interfaces dataplane eth0 vrrp vrrp-group 1: "
	                             "virtual-address is missing"));
	free(text);
	expect_running(store, "", 1);
	assert_false(store_is_saved(store));
	store_free(store);
	text = sample_file(saved);
	assert_string_equal(text, ONE BAD);
	free(text);
}

static void
test_unreadable_saved_file_is_a_problem(void **state)
{
	struct store *store;

	(void)state;
	assert_int_equal(mkdir(saved, 0700), 0);
	store = started(-EINVAL);
	expect_running(store, "", 1);
	store_free(store);
	rmdir(saved);
}

static void
test_prepare_changes_nothing(void **state)
{
	struct store *store;
	struct prepared prepared;

	(void)state;
	write_text(saved, ONE);
	store = started(0);
	assert_int_equal(prepare(store, BAD, &prepared), -EINVAL);
	assert_int_equal(prepare(store, TWO, &prepared), 0);
	assert_int_equal(prepared.settings->revision, 3);
	assert_int_equal(prepared.settings->address_count, 1);
	assert_false(prepared.unchanged);
	prepared_done(&prepared);
	assert_int_equal(prepare(store, ONE, &prepared), 0);
	assert_true(prepared.unchanged);
	prepared_done(&prepared);
	expect_running(store, ONE, 2);
	store_free(store);
}

static void
test_save_writes_braces_for_the_owner_only(void **state)
{
	struct store *store = started(0);
	char *text;

	(void)state;
	commit(store, ONE);
	assert_false(store_is_saved(store));
	assert_int_equal(store_save(store, NULL), 0);
	assert_true(store_is_saved(store));
	assert_int_equal(mode_of(saved), 0600);
	text = sample_file(saved);
	assert_string_equal(text, "interfaces {\n    dataplane eth0 {\n        address "
	                          "10.0.0.1/24\n"
	                          "    }\n}\n");
	free(text);

	write_text(saved, TWO);
	assert_false(store_is_saved(store));
	write_text(saved, "# the same in other words\n" ONE);
	assert_true(store_is_saved(store));
	store_free(store);
}

static void
test_commit_of_nothing_empties(void **state)
{
	struct store *store = started(0);

	(void)state;
	commit(store, ONE);
	commit(store, "");
	expect_running(store, "", 3);
	store_free(store);
	store = started(0);
	expect_running(store, "", 3);
	store_free(store);
}

static void
test_directory_that_fails_leaves_everything(void **state)
{
	char wrong[128];
	const struct store_places elsewhere = { .saved = saved, .running = wrong };
	struct prepared prepared;
	struct error error = { 0 };
	struct store *store;

	(void)state;
	snprintf(wrong, sizeof(wrong), "%s/missing/running", directory);
	assert_int_equal(store_new(schema, &elsewhere, &store, NULL), 0);
	assert_int_equal(prepare(store, ONE, &prepared), 0);
	assert_int_equal(store_commit(store, &prepared, &note, &error), -ENOENT);
	assert_non_null(strstr(error.text, wrong));
	assert_non_null(prepared.tree);
	expect_running(store, "", 1);
	prepared_done(&prepared);
	store_free(store);
}

static void
test_name_that_cannot_be_replaced_leaves_no_litter(void **state)
{
	struct error error = { 0 };
	struct store *store = started(0);

	(void)state;
	commit(store, ONE);
	assert_int_equal(mkdir(saved, 0700), 0);
	assert_true(store_save(store, &error) < 0);
	assert_int_equal(access(beside, F_OK), -1);
	rmdir(saved);
	store_free(store);
}

/* A process that may write no more than 20 bytes a file is killed in the middle of saving. */
static void
test_crash_while_writing_leaves_the_old_file(void **state)
{
	struct store *store = started(0);
	int status;
	pid_t child;
	char *text;

	(void)state;
	commit(store, ONE);
	write_text(saved, TWO);
	child = fork();
	if (child == 0) {
		struct rlimit limit = { .rlim_cur = 20, .rlim_max = 20 };

		setrlimit(RLIMIT_FSIZE, &limit);
		signal(SIGXFSZ, SIG_DFL);
		_exit(store_save(store, NULL) < 0 ? 1 : 0);
	}
	assert_true(child > 0);
	assert_int_equal(waitpid(child, &status, 0), child);
	assert_true(WIFSIGNALED(status));
	assert_int_equal(WTERMSIG(status), SIGXFSZ);
	text = sample_file(saved);
	assert_string_equal(text, TWO);
	free(text);

	/* What the crash left beside is no obstacle. */
	assert_int_equal(access(beside, F_OK), 0);
	assert_int_equal(store_save(store, NULL), 0);
	assert_true(store_is_saved(store));
	assert_int_equal(access(beside, F_OK), -1);
	store_free(store);
}

static void
test_full_disk_leaves_the_old_file(void **state)
{
	struct rlimit old, limit = { .rlim_cur = 20 };
	struct error error = { 0 };
	struct store *store = started(0);
	char *text;

	(void)state;
	commit(store, ONE);
	write_text(saved, TWO);
	getrlimit(RLIMIT_FSIZE, &old);
	limit.rlim_max = old.rlim_max;
	signal(SIGXFSZ, SIG_IGN);
	setrlimit(RLIMIT_FSIZE, &limit);
	assert_int_equal(store_save(store, &error), -EFBIG);
	setrlimit(RLIMIT_FSIZE, &old);
	text = sample_file(saved);
	assert_string_equal(text, TWO);
	assert_int_equal(access(beside, F_OK), -1);
	free(text);
	store_free(store);
}

/* ---- history and trials --------------------------------------------------------------------- */

static const struct store_places remembering = { .saved = saved, .running = running,
                                                 .history = history };

/* As started(), with a history, and record what runs. */
static struct store *
remembered(uint64_t after)
{
	struct problems problems = { 0 };
	struct store *store;

	assert_int_equal(store_new(schema, &remembering, &store, NULL), 0);
	store_continue_after(store, after);
	assert_int_equal(store_start(store, 1000, &problems), 0);
	assert_int_equal(problems.count, 0);
	assert_int_equal(store_record(store, NULL), 0);
	problems_done(&problems);
	return store;
}

static void
commit_for(struct store *store, const char *commands, unsigned seconds)
{
	const struct note how = { .time = 2000, .user = "bob", .via = "api",
	                          .trial = { .seconds = seconds, .deadline = 77 } };
	struct prepared prepared;

	assert_int_equal(prepare(store, commands, &prepared), 0);
	assert_int_equal(store_commit(store, &prepared, &how, NULL), 0);
	assert_int_equal(store_record(store, NULL), 0);
	prepared_done(&prepared);
}

static void
expect_says(const struct lyd_node *tree, const char *commands)
{
	char *text = language_print_set(tree, false);
	struct lyd_node *wanted_tree = sample_tree(commands);
	char *wanted = language_print_set(wanted_tree, false);

	assert_string_equal(text, wanted);
	lyd_free_siblings(wanted_tree);
	free(wanted);
	free(text);
}

static void
expect_revision(const struct store *store, uint64_t revision, const char *commands)
{
	struct problems problems = { 0 };
	struct lyd_node *tree = NULL;

	assert_int_equal(store_read_revision(store, revision, &tree, &problems),
	                 commands ? 0 : -ENOENT);
	if (commands)
		expect_says(tree, commands);
	lyd_free_siblings(tree);
	problems_done(&problems);
}

static void
test_every_revision_is_read_back(void **state)
{
	struct store *store = remembered(0);

	(void)state;
	commit_for(store, ONE, 0);
	commit_for(store, TWO, 0);
	expect_revision(store, 1, "");
	expect_revision(store, 2, ONE);
	expect_revision(store, 3, TWO);
	expect_revision(store, 4, NULL);
	assert_string_equal(history_find(store_history(store), 1)->via, "start");
	assert_string_equal(history_find(store_history(store), 3)->user, "bob");
	store_free(store);
}

static void
test_boot_with_what_ran_last_keeps_its_revision(void **state)
{
	struct store *store = remembered(0);

	(void)state;
	commit_for(store, ONE, 0);
	assert_int_equal(store_save(store, NULL), 0);
	store_free(store);
	unlink(running);
	store = remembered(0);
	expect_running(store, ONE, 2);
	assert_string_equal(store_note(store)->user, "bob");
	commit_for(store, TWO, 0);
	assert_int_equal(store_revision(store), 3);
	store_free(store);

	/* What was not saved is gone with the boot, and the next revision is another one. */
	unlink(running);
	store = remembered(0);
	expect_running(store, ONE, 4);
	expect_revision(store, 3, TWO);
	store_free(store);
}

static void
test_revisions_go_on_behind_those_of_an_earlier_service(void **state)
{
	struct store *store;

	(void)state;
	write_text(saved, ONE);
	store = remembered(41);
	expect_running(store, ONE, 42);
	store_free(store);
}

static void
test_revision_that_was_only_tried_is_free_for_the_next_commit(void **state)
{
	struct store *store;

	(void)state;
	write_text(saved, ONE);
	store = remembered(0);
	commit_for(store, TWO, 0);
	assert_int_equal(store_revision(store), 3);
	store_free(store);

	store = remembered(4);		/* the running file says 3 */
	expect_running(store, TWO, 3);
	commit_for(store, ONE, 0);
	expect_running(store, ONE, 4);
	store_free(store);
}

static void
test_unrecorded_revision_is_recorded_at_the_next_start(void **state)
{
	struct store *store = remembered(0);

	(void)state;
	commit(store, ONE);		/* killed before it was recorded */
	store_free(store);
	store = remembered(0);
	assert_int_equal(history_note(store_history(store), 0)->revision, 2);
	assert_string_equal(history_note(store_history(store), 0)->user, "alice");
	store_free(store);
}

static void
test_trial_remembers_what_was_confirmed(void **state)
{
	struct store *store = remembered(0);
	struct prepared prepared;

	(void)state;
	commit_for(store, ONE, 0);
	assert_int_equal(store_note(store)->trial.seconds, 0);
	commit_for(store, TWO, 600);
	assert_int_equal(store_note(store)->trial.returns_to, 2);
	expect_says(store_former(store), ONE);
	assert_int_equal(mode_of(former), 0600);

	/* A trial in its place returns to the same; only that is "former". */
	commit_for(store, "set interfaces dataplane eth0 mtu 1400\n", 300);
	assert_int_equal(store_note(store)->trial.returns_to, 2);
	assert_int_equal(store_note(store)->trial.seconds, 300);
	expect_says(store_former(store), ONE);
	assert_int_equal(prepare(store, ONE, &prepared), 0);
	assert_true(prepared.former);
	prepared_done(&prepared);
	assert_int_equal(prepare(store, TWO, &prepared), 0);
	assert_false(prepared.former);
	prepared_done(&prepared);

	/* Another manager knows it, too. */
	store_free(store);
	store = remembered(0);
	assert_int_equal(store_note(store)->trial.returns_to, 2);
	assert_int_equal(store_note(store)->trial.deadline, 77);
	expect_says(store_former(store), ONE);

	/* A commit that is not on trial ends it. */
	commit_for(store, ONE, 0);
	assert_int_equal(store_note(store)->trial.seconds, 0);
	assert_null(store_former(store));
	assert_int_equal(access(former, F_OK), -1);
	store_free(store);
}

static void
test_confirmed_trial_is_over_for_good(void **state)
{
	struct store *store = remembered(0);

	(void)state;
	commit_for(store, ONE, 600);
	assert_int_equal(store_confirm(store, NULL), 0);
	assert_int_equal(store_note(store)->trial.seconds, 0);
	expect_running(store, ONE, 2);
	store_free(store);
	store = remembered(0);
	assert_int_equal(store_note(store)->trial.seconds, 0);
	expect_running(store, ONE, 2);
	store_free(store);
}

static void
test_trial_whose_former_is_lost_counts_as_confirmed(void **state)
{
	struct problems problems = { 0 };
	struct store *store = remembered(0);

	(void)state;
	commit_for(store, ONE, 600);
	store_free(store);
	write_text(former, BAD);
	assert_int_equal(store_new(schema, &remembering, &store, NULL), 0);
	assert_int_equal(store_start(store, 1000, &problems), 0);
	assert_int_equal(problems.errors, 0);
	assert_int_equal(problems.count, 1);
	assert_non_null(strstr(problems.list[0].message, "counts as confirmed"));
	expect_running(store, ONE, 2);
	assert_int_equal(store_note(store)->trial.seconds, 0);
	problems_done(&problems);
	store_free(store);
}

static void
test_history_that_cannot_be_written_is_no_reason_to_refuse(void **state)
{
	struct store *store = remembered(0);
	struct error error = { 0 };
	char moved[96];

	(void)state;
	snprintf(moved, sizeof(moved), "%s.moved", history);
	assert_int_equal(rename(history, moved), 0);
	commit(store, ONE);
	assert_true(store_record(store, &error) < 0);
	assert_non_null(strstr(error.text, history));
	expect_running(store, ONE, 2);
	assert_int_equal(rename(moved, history), 0);
	assert_int_equal(store_record(store, NULL), 0);
	expect_revision(store, 2, ONE);
	store_free(store);
}

static void
test_comment_alone_is_a_change(void **state)
{
	struct store *store = remembered(0);
	struct prepared prepared;

	(void)state;
	commit_for(store, ONE, 0);
	assert_int_equal(prepare(store, ONE "comment interfaces dataplane eth0 why\n", &prepared),
	                 0);
	assert_false(prepared.unchanged);
	prepared_done(&prepared);
	assert_int_equal(prepare(store, ONE, &prepared), 0);
	assert_true(prepared.unchanged);
	prepared_done(&prepared);
	store_free(store);
}

static int
setup(void **state)
{
	if (sample_setup(state) < 0 || !mkdtemp(directory))
		return -1;
	snprintf(saved, sizeof(saved), "%s/config.boot", directory);
	snprintf(running, sizeof(running), "%s/running.boot", directory);
	snprintf(beside, sizeof(beside), "%s/config.boot.new", directory);
	snprintf(history, sizeof(history), "%s/history", directory);
	snprintf(former, sizeof(former), "%s.former", running);
	return 0;
}

static int
teardown(void **state)
{
	clear(state);
	rmdir(directory);
	return sample_teardown(state);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(test_start_without_files_is_empty_revision_1, clear),
		cmocka_unit_test_setup(test_start_reads_the_saved_file, clear),
		cmocka_unit_test_setup(test_restarted_manager_goes_on_with_running, clear),
		cmocka_unit_test_setup(test_bad_saved_file_stays_and_running_is_empty, clear),
		cmocka_unit_test_setup(test_unreadable_saved_file_is_a_problem, clear),
		cmocka_unit_test_setup(test_prepare_changes_nothing, clear),
		cmocka_unit_test_setup(test_save_writes_braces_for_the_owner_only, clear),
		cmocka_unit_test_setup(test_commit_of_nothing_empties, clear),
		cmocka_unit_test_setup(test_directory_that_fails_leaves_everything, clear),
		cmocka_unit_test_setup(test_name_that_cannot_be_replaced_leaves_no_litter, clear),
		cmocka_unit_test_setup(test_crash_while_writing_leaves_the_old_file, clear),
		cmocka_unit_test_setup(test_full_disk_leaves_the_old_file, clear),
		cmocka_unit_test_setup(test_every_revision_is_read_back, clear),
		cmocka_unit_test_setup(test_boot_with_what_ran_last_keeps_its_revision, clear),
		cmocka_unit_test_setup(test_revisions_go_on_behind_those_of_an_earlier_service,
		                       clear),
		cmocka_unit_test_setup(
			test_revision_that_was_only_tried_is_free_for_the_next_commit, clear),
		cmocka_unit_test_setup(test_unrecorded_revision_is_recorded_at_the_next_start,
		                       clear),
		cmocka_unit_test_setup(test_trial_remembers_what_was_confirmed, clear),
		cmocka_unit_test_setup(test_confirmed_trial_is_over_for_good, clear),
		cmocka_unit_test_setup(test_trial_whose_former_is_lost_counts_as_confirmed,
		                       clear),
		cmocka_unit_test_setup(test_history_that_cannot_be_written_is_no_reason_to_refuse,
		                       clear),
		cmocka_unit_test_setup(test_comment_alone_is_a_change, clear),
	};

	return cmocka_run_group_tests(tests, setup, teardown);
}
