/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What a taken-over flowsync could still do: each try in a process of its own.
 */
#include <errno.h>
#include <fcntl.h>
#include <linux/landlock.h>
#include <pwd.h>
#include <sched.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/ptrace.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include "system/privilege.h"

/* A sanitizer's build does not end the process: see system/privilege.c. */
#if defined(__SANITIZE_ADDRESS__)
#define KILLS false
#elif defined(__has_feature)
#if __has_feature(address_sanitizer)
#define KILLS false
#endif
#endif
#ifndef KILLS
#define KILLS true
#endif

/* The status of a process that gives its powers up and then does this. */
static int
after_drop(int (*deed)(void))
{
	pid_t pid = fork();
	int status;

	assert_true(pid >= 0);
	if (pid == 0) {
		struct rlimit none = { 0, 0 };
		struct error error;

		setrlimit(RLIMIT_CORE, &none);
		_exit(privilege_drop_flowsync("nobody", &error) < 0 ? 99 : deed());
	}
	assert_int_equal(waitpid(pid, &status, 0), pid);
	return status;
}

static void
assert_killed(int (*deed)(void))
{
	int status = after_drop(deed);

	if (!KILLS)
		return;
	assert_true(WIFSIGNALED(status));
	assert_int_equal(WTERMSIG(status), SIGSYS);
}

static int
run_program(void)
{
	execl("/bin/true", "true", NULL);
	return 1;
}

static int
fork_off(void)
{
	return fork() == 0 ? 0 : 1;
}

static int
trace(void)
{
	return (int)ptrace(PTRACE_TRACEME, 0, NULL, NULL);
}

static int
open_packet_socket(void)
{
	return socket(AF_PACKET, SOCK_RAW, 0) >= 0;
}

static int
become_root(void)
{
	return setuid(0);
}

static int
make_file(void)
{
	return open("/tmp/tandem-privilege-test", O_WRONLY | O_CREAT, 0600) < 0 && errno == EPERM
	       ? 0 : 1;
}

/* A file that its own user may write, by the rights that are on it. */
static char own_file[] = "/tmp/tandem-privilege-XXXXXX";

static int
empty_file(void)
{
	return open(own_file, O_WRONLY | O_TRUNC) < 0 && errno == EPERM ? 0 : 1;
}

static int
write_file(void)
{
	return open(own_file, O_WRONLY) < 0 && errno == EACCES ? 0 : 1;
}

static int
read_own_file(void)
{
	return open(own_file, O_RDONLY) < 0;
}

static int
set_setting(void)
{
	int fd = open("/proc/sys/net/ipv4/ip_forward", O_WRONLY);

	return fd < 0 || write(fd, "1", 1) != 1;
}

static int
read_file(void)
{
	char byte;
	int fd = open("/proc/sys/net/netfilter/nf_conntrack_max", O_RDONLY);

	return fd < 0 ? errno != ENOENT : read(fd, &byte, 1) != 1;
}

static int
talk_to_the_kernel(void)
{
	return socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, 12) < 0;
}

static void
test_new_programs_end_it(void **state UNUSED)
{
	assert_killed(run_program);
	assert_killed(fork_off);
}

static void
test_power_over_others_ends_it(void **state UNUSED)
{
	assert_killed(trace);
	assert_killed(open_packet_socket);
	assert_killed(become_root);
}

static void
test_no_file_is_made(void **state UNUSED)
{
	assert_int_equal(after_drop(make_file), 0);
}

static void
test_files_that_are_there_stay_as_they_are(void **state UNUSED)
{
	int fd = mkstemp(own_file);
	bool landlock = syscall(SYS_landlock_create_ruleset, NULL, 0,
	                        LANDLOCK_CREATE_RULESET_VERSION) > 0;

	assert_true(fd >= 0);
	if (geteuid() == 0)
		assert_int_equal(fchown(fd, getpwnam("nobody")->pw_uid, (gid_t)-1), 0);
	assert_int_equal(after_drop(read_own_file), 0);
	assert_int_equal(after_drop(empty_file), 0);
	if (landlock)
		assert_int_equal(after_drop(write_file), 0);
	close(fd);
	assert_int_equal(unlink(own_file), 0);
}

/* Who has CAP_NET_ADMIN in a network namespace of its own sets it. */
static void
test_settings_of_the_network_can_be_written(void **state UNUSED)
{
	if (geteuid() != 0)
		skip();
	assert_int_equal(unshare(CLONE_NEWNET), 0);
	assert_int_equal(after_drop(set_setting), 0);
}

static void
test_its_work_goes_on(void **state UNUSED)
{
	assert_int_equal(after_drop(read_file), 0);
	assert_int_equal(after_drop(talk_to_the_kernel), 0);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_new_programs_end_it),
		cmocka_unit_test(test_power_over_others_ends_it),
		cmocka_unit_test(test_no_file_is_made),
		cmocka_unit_test(test_files_that_are_there_stay_as_they_are),
		cmocka_unit_test(test_its_work_goes_on),
		cmocka_unit_test(test_settings_of_the_network_can_be_written),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
