/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Namespaces by descriptor: no names, so nothing to clean up and nothing to clash with.
 */
#include "spaces.h"

#include <fcntl.h>
#include <sched.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

int
space_new(void)
{
	int space;

	assert_int_equal(unshare(CLONE_NEWNET), 0);
	space = open("/proc/self/ns/net", O_RDONLY | O_CLOEXEC);
	assert_true(space >= 0);
	space_run(space, "ip link set lo up");
	return space;
}

void
space_enter(int space)
{
	assert_int_equal(setns(space, CLONE_NEWNET), 0);
}

void
space_close(int space)
{
	close(space);
}

int
space_try(int space, const char *format, ...)
{
	bool loud = getenv("TANDEM_TEST_LOUD") != NULL;
	char asked[4096], command[4200];
	va_list arguments;
	int length;

	va_start(arguments, format);
	length = vsnprintf(asked, sizeof(asked), format, arguments);
	va_end(arguments);
	assert_true(length > 0 && (size_t)length < sizeof(asked));
	snprintf(command, sizeof(command), "{ %s\n}%s", asked, loud ? "" : " >/dev/null 2>&1");
	space_enter(space);
	return system(command);
}

void
space_wire(int space_a, const char *a, const char *address_a, int space_b, const char *b,
           const char *address_b)
{
	space_run(space_a, "ip link add %s type veth peer name %s netns /proc/%d/fd/%d", a, b,
	          (int)getpid(), space_b);
	space_run(space_a, "ip address add %s dev %s && ip link set %s up", address_a, a, a);
	space_run(space_b, "ip address add %s dev %s && ip link set %s up", address_b, b, b);
}

nsec_t
space_now(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return now.tv_sec * NSEC_PER_SEC + now.tv_nsec;
}
