/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A router's identity: made once, kept for ever, whole after every crash, for its owner only.
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
#include <sys/ptrace.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include <gnutls/x509.h>

#include "ends.h"

static char folder[ENDS_PATH_SIZE];

static int
set_up(void **state UNUSED)
{
	ends_folder(folder);
	return 0;
}

static int
tear_down(void **state UNUSED)
{
	ends_remove(folder);
	return 0;
}

static const char *
path_of(const char *name)
{
	static char path[2 * ENDS_PATH_SIZE];

	snprintf(path, sizeof(path), "%s/%s", folder, name);
	return path;
}

static mode_t
mode_of(const char *name)
{
	struct stat st;

	assert_int_equal(lstat(path_of(name), &st), 0);
	return st.st_mode & 07777;
}

static struct fingerprint
open_it(void)
{
	struct identity *identity = NULL;
	struct fingerprint fingerprint;
	struct error error = { 0 };

	if (identity_open(folder, &identity, &error) < 0)
		fail_msg("%s", error.text);
	fingerprint = *identity_fingerprint(identity);
	identity_free(identity);
	return fingerprint;
}

static void
put(const char *text, mode_t mode)
{
	int fd = open(path_of("pair/identity.pem"), O_WRONLY | O_CREAT | O_TRUNC, 0600);

	assert_true(fd >= 0);
	assert_int_equal(write(fd, text, strlen(text)), (ssize_t)strlen(text));
	assert_int_equal(fchmod(fd, mode), 0);
	close(fd);
}

static void
test_first_need_makes_one_that_stays(void **state UNUSED)
{
	struct fingerprint first = open_it(), second = open_it();

	assert_true(fingerprint_equal(&first, &second));
}

static void
test_two_routers_have_two_keys(void **state UNUSED)
{
	struct fingerprint first = open_it(), second;

	assert_int_equal(unlink(path_of("pair/identity.pem")), 0);
	second = open_it();
	assert_false(fingerprint_equal(&first, &second));
}

static void
test_only_the_owner_can_read_it_whatever_the_umask(void **state UNUSED)
{
	mode_t before = umask(0);

	(void)open_it();
	umask(before);
	assert_int_equal(mode_of("pair"), 0700);
	assert_int_equal(mode_of("pair/identity.pem"), 0600);
	assert_int_equal(access(path_of("pair/identity.pem.new"), F_OK), -1);
}

static void
test_file_that_others_can_read_is_refused_and_kept(void **state UNUSED)
{
	struct fingerprint first = open_it();
	struct identity *identity = NULL;
	struct error error;

	assert_int_equal(chmod(path_of("pair/identity.pem"), 0640), 0);
	assert_int_equal(identity_open(folder, &identity, &error), -EACCES);
	assert_non_null(strstr(error.text, "may be read by others"));
	assert_int_equal(chmod(path_of("pair/identity.pem"), 0600), 0);

	struct fingerprint again = open_it();

	assert_true(fingerprint_equal(&first, &again));
}

static void
test_damaged_file_is_refused_and_kept(void **state UNUSED)
{
	static const char *const texts[] = {
		"", "nothing\n",
		"-----BEGIN EC PRIVATE KEY-----\nAAAA\n-----END EC PRIVATE KEY-----\n",
	};
	struct identity *identity = NULL;
	struct error error;
	struct stat st;

	(void)open_it();
	for (size_t i = 0; i < ARRAY_SIZE(texts); i++) {
		put(texts[i], 0600);
		assert_int_equal(identity_open(folder, &identity, &error), -EBADMSG);
		assert_non_null(strstr(error.text, "is damaged"));
		assert_int_equal(stat(path_of("pair/identity.pem"), &st), 0);
		assert_int_equal(st.st_size, strlen(texts[i]));
	}
}

/* A key with the certificate of another. */
static void
test_key_and_certificate_must_belong_together(void **state UNUSED)
{
	char texts[2][4096] = { "", "" }, mixed[8192];
	struct identity *identity = NULL;

	for (unsigned i = 0; i < 2; i++) {
		(void)unlink(path_of("pair/identity.pem"));
		(void)open_it();

		int fd = open(path_of("pair/identity.pem"), O_RDONLY);

		assert_true(read(fd, texts[i], sizeof(texts[i]) - 1) > 0);
		close(fd);
	}
	snprintf(mixed, sizeof(mixed), "%.*s%s",
	         (int)(strstr(texts[0], "-----BEGIN CERTIFICATE") - texts[0]), texts[0],
	         strstr(texts[1], "-----BEGIN CERTIFICATE"));
	put(mixed, 0600);
	assert_int_equal(identity_open(folder, &identity, NULL), -EBADMSG);
}

static void
test_link_in_its_place_is_not_followed(void **state UNUSED)
{
	char elsewhere[2 * ENDS_PATH_SIZE];
	struct identity *identity = NULL;

	(void)open_it();
	snprintf(elsewhere, sizeof(elsewhere), "%s", path_of("pair/elsewhere"));
	assert_int_equal(rename(path_of("pair/identity.pem"), elsewhere), 0);
	assert_int_equal(symlink(elsewhere, path_of("pair/identity.pem")), 0);
	assert_int_equal(identity_open(folder, &identity, NULL), -ELOOP);
}

static void
test_processes_that_start_together_get_one_identity(void **state UNUSED)
{
	int ends[2];
	struct fingerprint all[8];

	assert_int_equal(pipe(ends), 0);
	for (unsigned i = 0; i < ARRAY_SIZE(all); i++) {
		if (fork() == 0) {
			struct fingerprint own = open_it();

			_exit(write(ends[1], &own, sizeof(own)) == sizeof(own) ? 0 : 1);
		}
	}
	for (unsigned i = 0; i < ARRAY_SIZE(all); i++)
		assert_int_equal(read(ends[0], &all[i], sizeof(all[i])), sizeof(all[i]));
	while (wait(NULL) > 0)
		;
	for (unsigned i = 1; i < ARRAY_SIZE(all); i++)
		assert_true(fingerprint_equal(&all[0], &all[i]));
	close(ends[0]);
	close(ends[1]);
}

/* A child that makes an identity and is killed before its system call of this number; false: it
 * came to its end before. */
static bool
make_and_die_at(unsigned call)
{
	pid_t child = fork();
	int status;

	if (child == 0) {
		struct identity *identity = NULL;

		ptrace(PTRACE_TRACEME, 0, NULL, NULL);
		raise(SIGSTOP);
		_exit(identity_open(folder, &identity, NULL) == 0 ? 0 : 1);
	}
	assert_int_equal(waitpid(child, &status, 0), child);
	for (unsigned stop = 0; stop <= 2 * call; stop++) {
		assert_int_equal(ptrace(PTRACE_SYSCALL, child, NULL, NULL), 0);
		assert_int_equal(waitpid(child, &status, 0), child);
		if (WIFEXITED(status)) {
			assert_int_equal(WEXITSTATUS(status), 0);
			return false;
		}
	}
	kill(child, SIGKILL);
	assert_int_equal(waitpid(child, &status, 0), child);
	return true;
}

static void
test_crash_at_any_system_call_leaves_none_or_a_whole_one(void **state UNUSED)
{
	for (unsigned call = 0; make_and_die_at(call); call++) {
		bool existed = access(path_of("pair/identity.pem"), F_OK) == 0;
		struct fingerprint first = open_it(), second = open_it();

		assert_true(fingerprint_equal(&first, &second));
		assert_int_equal(access(path_of("pair/identity.pem.new"), F_OK), -1);
		assert_int_equal(mode_of("pair/identity.pem"), 0600);
		if (existed)
			continue;
		assert_int_equal(unlink(path_of("pair/identity.pem")), 0);
		(void)rmdir(path_of("pair"));
	}
}

static void
test_fingerprint_of_no_certificate_is_refused(void **state UNUSED)
{
	struct fingerprint fingerprint;

	assert_int_equal(identity_fingerprint_of("", 0, &fingerprint), -EBADMSG);
	assert_int_equal(identity_fingerprint_of("\x30\x03\x02\x01\x01", 5, &fingerprint),
	                 -EBADMSG);
}

int
main(void)
{
	static const struct CMUnitTest tests[] = {
#define TEST(function) cmocka_unit_test_setup_teardown(function, set_up, tear_down)
		TEST(test_first_need_makes_one_that_stays),
		TEST(test_two_routers_have_two_keys),
		TEST(test_only_the_owner_can_read_it_whatever_the_umask),
		TEST(test_file_that_others_can_read_is_refused_and_kept),
		TEST(test_damaged_file_is_refused_and_kept),
		TEST(test_key_and_certificate_must_belong_together),
		TEST(test_link_in_its_place_is_not_followed),
		TEST(test_processes_that_start_together_get_one_identity),
		TEST(test_crash_at_any_system_call_leaves_none_or_a_whole_one),
		TEST(test_fingerprint_of_no_certificate_is_refused),
#undef TEST
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
