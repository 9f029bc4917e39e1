/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Is a process there: by name, by command line, and what does not count.
 */
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include <cmocka.h>

#include "system/process.h"

#define LINE "'/opt/two words/tandem-sleeper' "

static char number[16];
static pid_t child;

/* Does the process of this number match? */
static bool
process_is(pid_t pid, const struct program_words *pattern)
{
	struct process process;

	return process_read(pid, &process) && process_matches(&process, pattern);
}

struct search {
	const struct program_words *pattern;
	pid_t found;
};

static void
compare(void *owner, const struct process *process)
{
	struct search *search = owner;

	if (process_matches(process, search->pattern))
		search->found = process->pid;
}

/* A process of all that matches, or 0. */
static pid_t
process_find(const struct program_words *pattern)
{
	struct search search = { pattern, 0 };

	process_each(compare, &search);
	return search.found;
}

/* A process with a command line that no other has. */
static int
start_child(void **state)
{
	(void)state;
	snprintf(number, sizeof(number), "9%d", getpid());
	child = fork();
	if (child == 0) {
		execl("/bin/sleep", "/opt/two words/tandem-sleeper", number, (char *)NULL);
		_exit(1);
	}
	return child > 0 ? 0 : -1;
}

static int
end_child(void **state)
{
	(void)state;
	kill(child, SIGKILL);
	return waitpid(child, NULL, 0) == child ? 0 : -1;
}

/* The pattern of these words and, perhaps, the number of our child. */
static const struct program_words *
pattern_of(const char *words, const char *last)
{
	static struct program_words patterns[8];
	static unsigned next;
	struct program_words *pattern = &patterns[next++ % ARRAY_SIZE(patterns)];
	char text[256];

	snprintf(text, sizeof(text), "%s%s", words, last);
	assert_int_equal(program_split(text, pattern, NULL), 0);
	return pattern;
}

/* Has the child become what it is to be? */
static void
await_child(void)
{
	const struct program_words *name = pattern_of(LINE, number);

	for (unsigned i = 0; !process_is(child, name) && i < 6000; i++) {
		const struct timespec moment = { .tv_nsec = 5000000 };

		nanosleep(&moment, NULL);
	}
}

static void
test_process_is_found_by_name_and_by_command_line(void **state)
{
	const struct program_words *name = pattern_of("tandem-sleeper", "");
	const struct program_words *line = pattern_of(LINE, number);
	const struct program_words *other = pattern_of(LINE "1", number);
	const struct program_words *part = pattern_of(LINE, "");
	const struct program_words *more = pattern_of(LINE, "x y");

	(void)state;
	await_child();
	assert_true(process_is(child, line));
	assert_int_equal(process_find(line), child);
	assert_int_equal(process_find(other), 0);
	assert_int_equal(process_find(part), child);	/* more arguments may follow */
	assert_false(process_is(child, more));
	assert_true(process_is(child, name));
}

static void
test_process_that_ended_is_gone_unreaped(void **state)
{
	const struct program_words *line = pattern_of(LINE, number);
	siginfo_t info;

	(void)state;
	await_child();
	kill(child, SIGKILL);
	assert_int_equal(waitid(P_PID, (id_t)child, &info, WEXITED | WNOWAIT), 0);
	assert_false(process_is(child, line));
	assert_int_equal(process_find(line), 0);
}

static void
test_our_own_name_is_found(void **state)
{
	struct program_words pattern;

	(void)state;
	prctl(PR_SET_NAME, "tandem-unique-x");
	assert_int_equal(program_split("tandem-unique-x", &pattern, NULL), 0);
	assert_int_equal(process_find(&pattern), getpid());
}

static void
test_script_is_found_and_its_interpreter_too(void **state)
{
	char path[] = "/tmp/tandem-script-XXXXXX", text[64];
	struct program_words by_path, by_name, argument, other;
	int fd = mkstemp(path);
	pid_t script;

	(void)state;
	assert_int_equal(dprintf(fd, "#!/bin/sh\nkill -STOP $$\n"), 24);
	assert_int_equal(fchmod(fd, 0700), 0);
	close(fd);
	script = fork();
	if (script == 0) {
		execl(path, path, "a", "b", (char *)NULL);
		_exit(1);
	}
	assert_int_equal(waitpid(script, NULL, WUNTRACED), script);
	unlink(path);
	snprintf(text, sizeof(text), "%s a", path);
	assert_int_equal(program_split(text, &by_path, NULL), 0);
	assert_int_equal(program_split(strrchr(text, '/') + 1, &by_name, NULL), 0);
	assert_int_equal(program_split("a b", &argument, NULL), 0);
	snprintf(text, sizeof(text), "%s b", path);
	assert_int_equal(program_split(text, &other, NULL), 0);
	assert_true(process_is(script, &by_path));
	assert_true(process_is(script, &by_name));
	assert_false(process_is(script, &argument));
	assert_false(process_is(script, &other));
	kill(script, SIGKILL);
	(void)waitpid(script, NULL, 0);
}

/* One that runs in circles, under a name that looks like what follows it. */
static int
start_spinner(void **state)
{
	(void)state;
	child = fork();
	if (child == 0) {
		prctl(PR_SET_NAME, "a) S 1 (b");
		for (volatile unsigned i = 0;; i++)
			;
	}
	return child > 0 ? 0 : -1;
}

static void
test_glance_tells_running_from_waiting(void **state)
{
	const struct timespec moment = { .tv_nsec = 5000000 };
	struct vigil_sight sight = { 0 };
	siginfo_t info;

	(void)state;
	for (unsigned i = 0; i < 4000 && (sight.used < 50 * NSEC_PER_MSEC ||
	                                  sight.state != VIGIL_RUNS); i++) {
		nanosleep(&moment, NULL);
		sight = process_glance(child);
	}
	assert_int_equal(sight.state, VIGIL_RUNS);
	assert_in_range(sight.used, 50 * NSEC_PER_MSEC, 60 * NSEC_PER_SEC);
	kill(child, SIGSTOP);
	assert_int_equal(waitpid(child, NULL, WUNTRACED), child);
	assert_int_equal(process_glance(child).state, VIGIL_WAITS);
	assert_true(process_glance(child).used >= sight.used);
	kill(child, SIGKILL);
	assert_int_equal(waitid(P_PID, (id_t)child, &info, WEXITED | WNOWAIT), 0);
	assert_int_equal(process_glance(child).state, VIGIL_HELD);
	assert_int_equal(process_glance(0x7ffffff0).state, VIGIL_HELD);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_process_is_found_by_name_and_by_command_line,
		                                start_child, end_child),
		cmocka_unit_test_setup_teardown(
			test_process_that_ended_is_gone_unreaped, start_child, end_child),
		cmocka_unit_test(test_our_own_name_is_found),
		cmocka_unit_test(test_script_is_found_and_its_interpreter_too),
		cmocka_unit_test_setup_teardown(test_glance_tells_running_from_waiting,
		                                start_spinner, end_child),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
