/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A commit killed at every system call, before and after it: a child commits, traced, and dies at
 * its first stop, then another at its second, until one comes to its end.  Whatever is found
 * afterwards must be the old configuration or the new one, whole, with a history that fits, and
 * what the child had acknowledged must be there.
 */
#include <errno.h>
#include <glob.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ptrace.h>
#include <sys/wait.h>
#include <unistd.h>

#include "sample.h"
#include "config/language.h"
#include "config/store.h"

#define ONE "set interfaces dataplane eth0 address 10.0.0.1/24\n"
#define TWO "set interfaces dataplane eth0 address 10.0.0.2/24\n" \
            "set system config-management commit-revisions 2\n"
#define THREE "set interfaces dataplane eth0 mtu 1300\n"
#define STOPS_MAX 1000			/* more than any commit has */

static char directory[] = "/tmp/crash-XXXXXX";
static char saved[64], running[64], history[64];
static const struct store_places places = { .saved = saved, .running = running,
                                            .history = history };

/* ---- the world before and after ------------------------------------------------------------- */

static void
clear(const char *pattern)
{
	char path[128];
	glob_t files;

	snprintf(path, sizeof(path), "%s/%s", directory, pattern);
	if (glob(path, 0, NULL, &files) != 0)
		return;
	for (size_t i = 0; i < files.gl_pathc; i++)
		(void)unlink(files.gl_pathv[i]);
	globfree(&files);
}

static struct store *
started(void)
{
	struct problems problems = { 0 };
	struct store *store;

	assert_int_equal(store_new(schema, &places, &store, NULL), 0);
	assert_int_equal(store_start(store, 1000, &problems), 0);
	assert_int_equal(problems.count, 0);
	assert_int_equal(store_record(store, NULL), 0);
	problems_done(&problems);
	return store;
}

static struct prepared
prepare(struct store *store, const char *commands)
{
	struct problems problems = { 0 };
	struct lyd_node *tree = sample_tree(commands);
	struct prepared prepared;

	assert_int_equal(store_prepare(store, tree, NULL, &prepared, &problems), 0);
	lyd_free_siblings(tree);
	problems_done(&problems);
	return prepared;
}

static void
commit(struct store *store, const char *commands, unsigned seconds)
{
	const struct note note = { .time = 2000, .user = "alice", .via = "cli",
	                           .comment = "change",
	                           .trial = { .seconds = seconds, .deadline = 5000 } };
	struct prepared prepared = prepare(store, commands);

	assert_int_equal(store_commit(store, &prepared, &note, NULL), 0);
	assert_int_equal(store_record(store, NULL), 0);
	prepared_done(&prepared);
}

/* ---- what a child does ---------------------------------------------------------------------- */

/* The store with ONE running as revision 3, and what is prepared for the child. */
struct scene {
	struct store *store;
	struct prepared prepared;
	unsigned seconds;		/* of the trial that the child begins */
};

typedef void child_act(struct scene *scene);

static void
act_commit(struct scene *scene)
{
	const struct note note = { .time = 2000, .user = "alice", .via = "cli",
	                           .comment = "change",
	                           .trial = { .seconds = scene->seconds, .deadline = 5000 } };

	if (store_commit(scene->store, &scene->prepared, &note, NULL) < 0 ||
	    store_record(scene->store, NULL) < 0)
		_exit(1);
}

static void
act_confirm(struct scene *scene)
{
	if (store_confirm(scene->store, NULL) < 0)
		_exit(1);
}

/* Let a child act and kill it at this stop.  Says whether it came to its end before; *ret_said
 * whether it had acknowledged. */
static bool
run_until(struct scene *scene, child_act *act, unsigned stop, bool *ret_said)
{
	int said[2], status;
	bool ended = false;
	char byte;
	pid_t child;

	assert_int_equal(pipe(said), 0);
	child = fork();
	assert_true(child >= 0);
	if (child == 0) {
		(void)!ptrace(PTRACE_TRACEME, 0, NULL, NULL);
		raise(SIGSTOP);
		act(scene);
		(void)!write(said[1], "k", 1);
		_exit(0);
	}
	close(said[1]);
	assert_int_equal(waitpid(child, &status, 0), child);
	assert_true(WIFSTOPPED(status));
	for (unsigned i = 0; i < stop && !ended; i++) {
		assert_int_equal(ptrace(PTRACE_SYSCALL, child, NULL, NULL), 0);
		assert_int_equal(waitpid(child, &status, 0), child);
		ended = WIFEXITED(status);
	}
	if (ended) {
		assert_int_equal(WEXITSTATUS(status), 0);
	} else {
		assert_int_equal(kill(child, SIGKILL), 0);
		assert_int_equal(waitpid(child, &status, 0), child);
		assert_true(WIFSIGNALED(status));
	}
	*ret_said = read(said[0], &byte, 1) == 1;
	close(said[0]);
	return ended;
}

static struct scene
set_scene(const char *commands, unsigned seconds)
{
	struct scene scene = { .seconds = seconds };

	clear("*.boot*");
	clear("history/*");
	scene.store = started();
	commit(scene.store, "set interfaces dataplane eth0 mtu 1400\n", 0);
	commit(scene.store, ONE, 0);
	scene.prepared = prepare(scene.store, commands);
	return scene;
}

static void
strike_scene(struct scene *scene)
{
	prepared_done(&scene->prepared);
	store_free(scene->store);
}

/* ---- what must be found --------------------------------------------------------------------- */

static bool
is(const struct lyd_node *tree, const char *commands)
{
	char *text = language_print_set(tree, false);
	struct lyd_node *wanted_tree = sample_tree(commands);
	char *wanted = language_print_set(wanted_tree, false);
	bool same = strcmp(text, wanted) == 0;

	lyd_free_siblings(wanted_tree);
	free(wanted);
	free(text);
	return same;
}

/* Every entry reads back, the newest is what runs, and at most limit are there; fourth is what
 * revision 4 must be. */
static void
expect_sound_history(const struct store *store, size_t limit, const char *fourth)
{
	const struct history *kept = store_history(store);
	const struct note *newest = history_note(kept, 0);
	struct problems problems = { 0 };

	assert_non_null(newest);
	assert_int_equal(newest->revision, store_revision(store));
	assert_int_equal(newest->trial.seconds, 0);
	assert_true(history_count(kept) <= limit);
	for (size_t i = 0; i < history_count(kept); i++) {
		struct lyd_node *tree = NULL;
		uint64_t revision = history_note(kept, i)->revision;
		char *text = NULL;

		assert_int_equal(history_read(kept, revision, &text), 0);
		assert_int_equal(language_read(schema, text, &tree, &problems), 0);
		if (revision == 3)
			assert_true(is(tree, ONE));
		if (revision == 4)
			assert_true(is(tree, fourth));
		lyd_free_siblings(tree);
		free(text);
	}
	problems_done(&problems);
}

/* The old one or the new one, and the new one if it was acknowledged. */
static void
expect_old_or_new(bool said, unsigned seconds)
{
	struct store *store = started();
	const struct note *note = store_note(store);
	bool new = store_revision(store) == 4;

	assert_true(new || store_revision(store) == 3);
	assert_true(new || !said);
	assert_true(is(store_running(store), new ? TWO : ONE));
	assert_string_equal(note->user, "alice");
	assert_string_equal(note->comment, "change");
	expect_sound_history(store, 4, TWO);	/* what is too old goes with the next commit */
	if (new && seconds) {
		assert_int_equal(note->trial.seconds, seconds);
		assert_int_equal(note->trial.deadline, 5000);
		assert_int_equal(note->trial.returns_to, 3);
		assert_true(is(store_former(store), ONE));
	} else {
		assert_int_equal(note->trial.seconds, 0);
		assert_null(store_former(store));
	}

	/* What the crash left is no obstacle to what follows. */
	commit(store, THREE, 0);
	assert_int_equal(store_revision(store), new ? 5 : 4);
	expect_sound_history(store, 5, new ? TWO : THREE);
	store_free(store);
}

static void
kill_commit_everywhere(unsigned seconds)
{
	unsigned stop = 0;
	bool ended = false;

	while (!ended && stop < STOPS_MAX) {
		struct scene scene = set_scene(TWO, seconds);
		bool said;

		ended = run_until(&scene, act_commit, stop++, &said);
		assert_int_equal(ended && !said, 0);
		strike_scene(&scene);
		expect_old_or_new(said, seconds);
	}
	assert_true(ended);
	assert_true(stop > 30);		/* it was traced: there is more than a call or two */
	print_message("killed at %u stops\n", stop - 1);
}

static void
test_commit_killed_at_every_call_is_old_or_new(void **state)
{
	(void)state;
	kill_commit_everywhere(0);
}

static void
test_commit_on_trial_killed_at_every_call_is_old_or_new(void **state)
{
	(void)state;
	kill_commit_everywhere(600);
}

static void
test_confirmation_killed_at_every_call_is_given_or_not(void **state)
{
	bool ended = false;
	unsigned stop = 0;

	(void)state;
	while (!ended && stop < STOPS_MAX) {
		struct scene scene = set_scene(TWO, 0);
		struct store *store;
		bool said;

		commit(scene.store, TWO, 600);
		ended = run_until(&scene, act_confirm, stop++, &said);
		strike_scene(&scene);

		store = started();
		assert_int_equal(store_revision(store), 4);
		assert_true(is(store_running(store), TWO));
		if (store_note(store)->trial.seconds) {
			assert_false(said);
			assert_true(is(store_former(store), ONE));
		}
		expect_sound_history(store, 2, TWO);
		store_free(store);
	}
	assert_true(ended);
	assert_true(stop > 10);
}

static int
setup(void **state)
{
	if (sample_setup(state) < 0 || !mkdtemp(directory))
		return -1;
	snprintf(saved, sizeof(saved), "%s/config.boot", directory);
	snprintf(running, sizeof(running), "%s/running.boot", directory);
	snprintf(history, sizeof(history), "%s/history", directory);
	return 0;
}

static int
teardown(void **state)
{
	clear("*.boot*");
	clear("history/*");
	rmdir(history);
	rmdir(directory);
	return sample_teardown(state);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_commit_killed_at_every_call_is_old_or_new),
		cmocka_unit_test(test_commit_on_trial_killed_at_every_call_is_old_or_new),
		cmocka_unit_test(test_confirmation_killed_at_every_call_is_given_or_not),
	};

	return cmocka_run_group_tests(tests, setup, teardown);
}
