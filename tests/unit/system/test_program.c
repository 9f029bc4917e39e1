/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Programs of the operator's: their words, whom to trust, and what a program finds when it runs.
 */
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <sched.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
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

/* 0, or the error; where it really is, or the sentence. */
static int
trust(const char *path, uid_t user, char *text)
{
	char real[PATH_MAX];
	struct error error = { 0 };
	int r = program_check_trust(path, user, real, &error);

	snprintf(text, PATH_MAX, "%s", r == 0 ? real : error.text);
	return r;
}

static void
link_to(const char *target, const char *name)
{
	assert_int_equal(symlink(target, path_of(name)), 0);
}

static void
test_program_that_others_can_change_is_refused(void **state)
{
	char text[PATH_MAX];

	(void)state;
	write_script("good", "#!/bin/sh\n", 0755);
	assert_int_equal(trust(path_of("good"), getuid(), text), 0);
	assert_string_equal(text, path_of("good"));
	write_script("open", "#!/bin/sh\n", 0757);
	assert_int_equal(trust(path_of("open"), getuid(), text), -EPERM);
	assert_non_null(strstr(text, "/open can be written by others; chmod go-w it"));
	assert_int_equal(trust("bin/true", 0, text), -EINVAL);
	assert_int_equal(trust(path_of("none"), 0, text), -ENOENT);
	assert_int_equal(trust(folder, 0, text), -EACCES);
	assert_int_equal(trust("/", 0, text), -EACCES);
	assert_string_equal(text, "/ is not a file");
	assert_int_equal(trust(path_of("good/more"), getuid(), text), -ENOTDIR);
}

/* Who else is of the group cannot be known, also of the one that is the user's own. */
static void
test_program_that_its_group_can_change_is_refused(void **state)
{
	char text[PATH_MAX];

	(void)state;
	write_script("shared", "#!/bin/sh\n", 0775);
	assert_int_equal(trust(path_of("shared"), getuid(), text), -EPERM);
	assert_non_null(strstr(text, "/shared can be written by its group; chmod g-w it"));
	assert_int_equal(mkdir(path_of("shared-folder"), 0755), 0);
	write_script("shared-folder/good", "#!/bin/sh\n", 0755);
	assert_int_equal(trust(path_of("shared-folder/good"), getuid(), text), 0);
	assert_int_equal(chmod(path_of("shared-folder"), 0775), 0);
	assert_int_equal(trust(path_of("shared-folder/good"), getuid(), text), -EPERM);
	assert_non_null(strstr(text, "/shared-folder can be written by its group"));
}

static void
test_program_in_a_folder_that_others_can_change_is_refused(void **state)
{
	char text[PATH_MAX];

	(void)state;
	assert_int_equal(mkdir(path_of("open-folder"), 0755), 0);
	write_script("open-folder/good", "#!/bin/sh\n", 0755);
	assert_int_equal(chmod(path_of("open-folder"), 0777), 0);
	assert_int_equal(trust(path_of("open-folder/good"), getuid(), text), -EPERM);
	/* As in /tmp: what is there cannot be exchanged. */
	assert_int_equal(chmod(path_of("open-folder"), 01777), 0);
	assert_int_equal(trust(path_of("open-folder/good"), getuid(), text), 0);
}

static void
test_link_is_trusted_as_what_it_leads_to(void **state)
{
	char target[128], text[PATH_MAX];

	(void)state;
	write_script("bad-target", "#!/bin/sh\n", 0777);
	snprintf(target, sizeof(target), "%s", path_of("bad-target"));
	link_to(target, "link");
	assert_int_equal(trust(path_of("link"), getuid(), text), -EPERM);
	link_to("./no/../../../nowhere", "lost");
	assert_int_equal(trust(path_of("lost"), getuid(), text), -ENOENT);
}

/* first -> a/second -> b/third -> good: b can be written by others, who could lead it elsewhere. */
static void
test_every_folder_on_the_way_of_a_link_is_checked(void **state)
{
	char target[128], text[PATH_MAX];

	(void)state;
	write_script("good-target", "#!/bin/sh\n", 0755);
	assert_int_equal(mkdir(path_of("a"), 0755), 0);
	assert_int_equal(mkdir(path_of("b"), 0755), 0);
	link_to("a/second", "first");
	snprintf(target, sizeof(target), "%s", path_of("b/third"));
	link_to(target, "a/second");
	link_to("../b/.././good-target", "b/third");
	assert_int_equal(trust(path_of("first"), getuid(), text), 0);
	assert_string_equal(text, path_of("good-target"));
	assert_int_equal(chmod(path_of("b"), 0777), 0);
	assert_int_equal(trust(path_of("first"), getuid(), text), -EPERM);
	assert_non_null(strstr(text, "/b can be written by others"));
	/* There a link of the user's stays where it is. */
	assert_int_equal(chmod(path_of("b"), 01777), 0);
	assert_int_equal(trust(path_of("first"), getuid(), text), 0);
	if (geteuid() == 0) {
		assert_int_equal(lchown(path_of("b/third"), 65534, 65534), 0);
		assert_int_equal(trust(path_of("first"), 0, text), -EPERM);
		assert_non_null(strstr(text, "/b/third belongs to another user"));
	}
}

static void
test_links_without_end_are_refused(void **state)
{
	char target[128], text[PATH_MAX], name[16];

	(void)state;
	link_to("round", "round");
	assert_int_equal(trust(path_of("round"), getuid(), text), -ELOOP);
	assert_non_null(strstr(text, "too many symbolic links on the way"));
	write_script("link0", "#!/bin/sh\n", 0755);
	for (unsigned i = 1; i <= 41; i++) {
		snprintf(name, sizeof(name), "link%u", i);
		snprintf(target, sizeof(target), "link%u", i - 1);
		link_to(target, name);
	}
	assert_int_equal(trust(path_of("link40"), getuid(), text), 0);
	assert_string_equal(text, path_of("link0"));
	assert_int_equal(trust(path_of("link41"), getuid(), text), -ELOOP);
}

static void
test_program_of_another_user_is_refused(void **state)
{
	char text[PATH_MAX];

	(void)state;
	if (geteuid() != 0)
		skip();
	write_script("theirs", "#!/bin/sh\n", 0755);
	assert_int_equal(chown(path_of("theirs"), 65534, 65534), 0);
	assert_int_equal(trust(path_of("theirs"), 1, text), -EPERM);
	assert_int_equal(trust(path_of("theirs"), 65534, text), 0);
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

static const char *const accounts[] = {
	"root:x:0:0::/root:/bin/sh\n",
	"root:x:0:0::/root:/bin/sh\n" PROGRAM_USER ":x:12345:12346::/:/bin/sh\n",
};

/* Where a user was made for programs, it is theirs; otherwise they have the service's rights. */
static void
test_program_without_a_user_runs_as_the_one_made_for_programs(void **state)
{
	static const char *const expected[] = { "0 0\n", "12345 12346\n" };
	char output[512], command[128], file[128];

	(void)state;
	if (geteuid() != 0 || unshare(CLONE_NEWNS) < 0 ||
	    mount("none", "/", NULL, MS_REC | MS_PRIVATE, NULL) < 0)
		skip();
	write_script("who", "#!/bin/sh\necho $(id -u) $(id -g)\n", 0755);
	snprintf(command, sizeof(command), "%s", path_of("who"));
	for (unsigned i = 0; i < 2; i++) {
		write_script("passwd", accounts[i], 0644);
		snprintf(file, sizeof(file), "%s", path_of("passwd"));
		assert_int_equal(mount(file, "/etc/passwd", NULL, MS_BIND, NULL), 0);
		assert_int_equal(run_it(command, "", output, sizeof(output)), 0);
		assert_int_equal(umount("/etc/passwd"), 0);
		assert_string_equal(output, expected[i]);
	}
}

static void
test_program_of_a_service_that_is_not_root_never_runs_as_root(void **state)
{
	char output[512], command[128];
	int status;

	(void)state;
	if (geteuid() != 0)
		skip();
	write_script("who", "#!/bin/sh\nid -u\n", 0755);
	snprintf(command, sizeof(command), "%s", path_of("who"));
	assert_int_equal(seteuid(65534), 0);
	status = run_it(command, "root", output, sizeof(output));
	assert_int_equal(seteuid(0), 0);
	assert_int_equal(status, PROGRAM_REFUSED << 8);
	assert_string_equal(output,
	                    "not run: programs do not run as root; name another user\n");
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

/* What runs is what was checked: the link is not followed again. */
static void
test_program_is_run_by_its_real_name(void **state)
{
	char output[512], command[128], expected[160];

	(void)state;
	write_script("real", "#!/bin/sh\necho $0\n", 0755);
	link_to("real", "named");
	snprintf(command, sizeof(command), "%s", path_of("named"));
	assert_int_equal(run_it(command, "", output, sizeof(output)), 0);
	snprintf(expected, sizeof(expected), "%s\n", path_of("real"));
	assert_string_equal(output, expected);
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
		cmocka_unit_test(test_program_that_its_group_can_change_is_refused),
		cmocka_unit_test(test_program_in_a_folder_that_others_can_change_is_refused),
		cmocka_unit_test(test_link_is_trusted_as_what_it_leads_to),
		cmocka_unit_test(test_every_folder_on_the_way_of_a_link_is_checked),
		cmocka_unit_test(test_links_without_end_are_refused),
		cmocka_unit_test(test_program_of_another_user_is_refused),
		cmocka_unit_test(test_program_finds_only_what_it_should),
		cmocka_unit_test(test_program_runs_as_its_user_with_the_groups_of_it),
		cmocka_unit_test(test_program_without_a_user_runs_as_the_one_made_for_programs),
		cmocka_unit_test(test_program_of_a_service_that_is_not_root_never_runs_as_root),
		cmocka_unit_test(test_program_that_cannot_run_says_why),
		cmocka_unit_test(test_program_is_run_by_its_real_name),
	};

	return cmocka_run_group_tests(tests, set_up, tear_down);
}
