/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Programs of the operator's: their words, whom to trust, and what a program finds when it runs.
 */
#include <errno.h>
#include <fcntl.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include "system/program.h"

static char folder[64];

/* ---- words ---------------------------------------------------------------------------------- */

/* The words of a command between bars, or the error. */
static const char *
split(const char *command)
{
	static char text[2048];
	struct program_words words;
	struct error error;

	if (program_split(command, &words, &error) < 0)
		return strcpy(text, error.text);
	text[0] = '\0';
	for (unsigned i = 0; i < words.count; i++) {
		strcat(text, "|");
		strcat(text, words.list[i]);
	}
	assert_null(words.list[words.count]);
	return text;
}

static void
test_command_is_split_at_blanks_and_nothing_is_expanded(void **state)
{
	(void)state;
	assert_string_equal(split("/bin/x"), "|/bin/x");
	assert_string_equal(split("  /bin/x \t a  b "), "|/bin/x|a|b");
	assert_string_equal(split("/bin/x $HOME *.c ; rm `id` > y"),
	                    "|/bin/x|$HOME|*.c|;|rm|`id`|>|y");
}

static void
test_quotation_keeps_blanks_and_ends(void **state)
{
	(void)state;
	assert_string_equal(split("/x 'a b' \"c d\""), "|/x|a b|c d");
	assert_string_equal(split("/x a'b c'd \"\" ''"), "|/x|ab cd||");
	assert_string_equal(split("/x 'a\\b\"' \"c\\\"d\\\\e\\n\""), "|/x|a\\b\"|c\"d\\e\\n");
	assert_string_equal(split("/x a\\ b \\'c"), "|/x|a b|'c");
	assert_string_equal(split("/x 'a"), "a quotation in the command does not end");
	assert_string_equal(split("/x \"a\\\""), "a quotation in the command does not end");
}

static void
test_command_without_or_with_too_many_words_is_refused(void **state)
{
	char many[2 * (PROGRAM_WORDS_MAX + 1) + 1], *at = many;

	(void)state;
	for (unsigned i = 0; i < PROGRAM_WORDS_MAX + 1; i++)
		at += sprintf(at, "x ");
	assert_string_equal(split(" \t "), "the command is empty");
	assert_string_equal(split(many), "the command has more than 64 words");
}

/* ---- trust ---------------------------------------------------------------------------------- */

static const char *
path_of(const char *name)
{
	static char path[128];

	snprintf(path, sizeof(path), "%s/%s", folder, name);
	return path;
}

static void
write_script(const char *name, const char *text, mode_t mode)
{
	FILE *file = fopen(path_of(name), "w");

	assert_non_null(file);
	fputs(text, file);
	fclose(file);
	assert_int_equal(chmod(path_of(name), mode), 0);
}

static void
test_program_that_others_can_change_is_refused(void **state)
{
	struct error error;

	(void)state;
	write_script("good", "#!/bin/sh\n", 0755);
	assert_int_equal(program_check_trust(path_of("good"), getuid(), getgid(), &error), 0);
	write_script("open", "#!/bin/sh\n", 0757);
	assert_int_equal(program_check_trust(path_of("open"), getuid(), getgid(), &error), -EPERM);
	assert_non_null(strstr(error.text, "can be written by others"));
	assert_int_equal(program_check_trust("bin/true", 0, 0, &error), -EINVAL);
	assert_int_equal(program_check_trust(path_of("none"), 0, 0, &error), -ENOENT);
	assert_int_equal(program_check_trust(folder, 0, 0, &error), -EACCES);
}

static void
test_program_in_a_folder_that_others_can_change_is_refused(void **state)
{
	struct error error;

	(void)state;
	assert_int_equal(mkdir(path_of("open-folder"), 0755), 0);
	write_script("open-folder/good", "#!/bin/sh\n", 0755);
	assert_int_equal(chmod(path_of("open-folder"), 0777), 0);
	assert_int_equal(program_check_trust(path_of("open-folder/good"), getuid(), getgid(),
	                                     &error), -EPERM);
	/* As in /tmp: what is there cannot be exchanged. */
	assert_int_equal(chmod(path_of("open-folder"), 01777), 0);
	assert_int_equal(program_check_trust(path_of("open-folder/good"), getuid(), getgid(),
	                                     &error), 0);
}

static void
test_link_is_trusted_as_what_it_leads_to(void **state)
{
	char target[128];
	struct error error;

	(void)state;
	write_script("bad-target", "#!/bin/sh\n", 0777);
	snprintf(target, sizeof(target), "%s", path_of("bad-target"));
	assert_int_equal(symlink(target, path_of("link")), 0);
	assert_int_equal(program_check_trust(path_of("link"), getuid(), getgid(), &error), -EPERM);
}

static void
test_program_of_another_user_is_refused(void **state)
{
	struct error error;

	(void)state;
	if (geteuid() != 0)
		skip();
	write_script("theirs", "#!/bin/sh\n", 0755);
	assert_int_equal(chown(path_of("theirs"), 65534, 65534), 0);
	assert_int_equal(program_check_trust(path_of("theirs"), 1, 1, &error), -EPERM);
	assert_int_equal(program_check_trust(path_of("theirs"), 65534, 65534, &error), 0);
}

/* ---- running -------------------------------------------------------------------------------- */

/* Run a command to its end: its status, and what it printed. */
static int
run_it(const char *command, const char *user, char *output, size_t size)
{
	static const char *const arguments[] = { "master", NULL };
	static const char *const environment[] = { "TANDEM_STATE=master", NULL };
	struct program program = { command, arguments, environment, user };
	struct error error;
	size_t length = 0;
	ssize_t count;
	int status, fd;
	pid_t pid;

	assert_int_equal(program_start(&program, &pid, &fd, &error), 0);
	assert_int_equal(fcntl(fd, F_SETFL, 0), 0);	/* this test may wait */
	while ((count = read(fd, output + length, size - 1 - length)) > 0)
		length += (size_t)count;
	output[length] = '\0';
	close(fd);
	assert_int_equal(waitpid(pid, &status, 0), pid);
	return status;
}

static void
test_program_finds_only_what_it_should(void **state)
{
	char output[4096], command[256];
	int stray = open("/etc/passwd", O_RDONLY);	/* not to be inherited */

	(void)state;
	setenv("SECRET", "x", 1);
	write_script("look", "#!/bin/sh\n"
	             "echo \"args:$*:\"; pwd; env | sort; ls /proc/self/fd | tr '\\n' ' '; echo\n"
	             "readlink /proc/self/fd/0\n"
	             "grep -E '^(Cap|NoNewPrivs|SigIgn|SigBlk)' /proc/self/status\n"
	             "ps -o pgid= -p $$ | tr -d ' '; echo $$; ulimit -c; ulimit -n\n", 0755);
	snprintf(command, sizeof(command), "%s 'a b'", path_of("look"));
	signal(SIGINT, SIG_IGN);
	assert_int_equal(run_it(command, "", output, sizeof(output)), 0);
	signal(SIGINT, SIG_DFL);
	close(stray);
	assert_non_null(strstr(output, "args:a b master:\n/\n"));
	assert_non_null(strstr(output, "TANDEM_STATE=master\n"));
	assert_null(strstr(output, "SECRET"));
	assert_non_null(strstr(output, "\n0 1 2 3 \n/dev/null\n"));	/* 3 is of ls itself */
	assert_non_null(strstr(output, "CapPrm:\t0000000000000000\nCapEff:\t0000000000000000\n"));
	assert_non_null(strstr(output, "CapInh:\t0000000000000000\n"));
	assert_non_null(strstr(output, "CapAmb:\t0000000000000000\n"));
	assert_non_null(strstr(output, "NoNewPrivs:\t1\n"));
	assert_non_null(strstr(output, "SigBlk:\t0000000000000000\n"));
	assert_non_null(strstr(output, "SigIgn:\t0000000000000000\n"));
	assert_non_null(strstr(output, "\n0\n256\n"));
}

static void
test_program_runs_as_its_user_with_the_groups_of_it(void **state)
{
	char output[512], command[128];

	(void)state;
	if (geteuid() != 0)
		skip();
	write_script("who", "#!/bin/sh\nid -un; id -Gn\n", 0755);
	snprintf(command, sizeof(command), "%s", path_of("who"));
	assert_int_equal(run_it(command, "nobody", output, sizeof(output)), 0);
	assert_string_equal(output, "nobody\nnogroup\n");
	assert_int_equal(run_it(command, "nobody-of-this-name", output, sizeof(output)),
	                 PROGRAM_REFUSED << 8);
	assert_string_equal(output, "not run: there is no user nobody-of-this-name\n");
}

static void
test_program_that_cannot_run_says_why(void **state)
{
	char output[512], command[128];

	(void)state;
	assert_int_equal(run_it("true", "", output, sizeof(output)), PROGRAM_REFUSED << 8);
	assert_string_equal(output, "not run: true is not an absolute path\n");
	write_script("text", "no program", 0644);
	snprintf(command, sizeof(command), "%s", path_of("text"));
	assert_int_equal(run_it(command, "", output, sizeof(output)), PROGRAM_REFUSED << 8);
	assert_non_null(strstr(output, "Permission denied"));
}

static int
set_up(void **state)
{
	(void)state;
	strcpy(folder, "/run/tandem-test-XXXXXX");
	if (!mkdtemp(folder)) {
		strcpy(folder, "/tmp/tandem-test-XXXXXX");
		if (!mkdtemp(folder))
			return -1;
	}
	return chmod(folder, 0755);
}

static int
tear_down(void **state)
{
	char command[128];
	pid_t pid = fork();

	(void)state;
	snprintf(command, sizeof(command), "%s", folder);
	if (pid == 0) {
		execl("/bin/rm", "rm", "-r", "-f", command, (char *)NULL);
		_exit(1);
	}
	return waitpid(pid, NULL, 0) == pid ? 0 : -1;
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_command_is_split_at_blanks_and_nothing_is_expanded),
		cmocka_unit_test(test_quotation_keeps_blanks_and_ends),
		cmocka_unit_test(test_command_without_or_with_too_many_words_is_refused),
		cmocka_unit_test(test_program_that_others_can_change_is_refused),
		cmocka_unit_test(test_program_in_a_folder_that_others_can_change_is_refused),
		cmocka_unit_test(test_link_is_trusted_as_what_it_leads_to),
		cmocka_unit_test(test_program_of_another_user_is_refused),
		cmocka_unit_test(test_program_finds_only_what_it_should),
		cmocka_unit_test(test_program_runs_as_its_user_with_the_groups_of_it),
		cmocka_unit_test(test_program_that_cannot_run_says_why),
	};

	return cmocka_run_group_tests(tests, set_up, tear_down);
}
