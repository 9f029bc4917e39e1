/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Network namespaces for tests of one process: it makes some, steps from one into another, and
 * opens its sockets where it stands.  They vanish with the process.
 */
#ifndef TANDEM_SPACES_H
#define TANDEM_SPACES_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include <cmocka.h>

#include "base/base.h"
#include "base/nsec.h"

/* A new namespace with its loopback interface up; the caller stands in it afterwards. */
int space_new(void);
/* Step into it. */
void space_enter(int space);
void space_close(int space);

/* Run a command in this namespace, without its output: its exit status. */
int space_try(int space, const char *format, ...) PRINTF_LIKE(2, 3);
#define space_run(...) assert_int_equal(space_try(__VA_ARGS__), 0)

/* A wire: interface "a" with this address (with length) in one, "b" in the other. */
void space_wire(int space_a, const char *a, const char *address_a, int space_b, const char *b,
                const char *address_b);

nsec_t space_now(void);
/* Until the condition holds, at most a minute; fails the test otherwise. */
#define space_until(condition)                                                                     \
	do {                                                                                       \
		nsec_t end_ = space_now() + 60 * NSEC_PER_SEC;                                     \
		while (!(condition))                                                               \
			if (space_now() > end_)                                                    \
				fail_msg("never: %s", #condition);                                 \
	} while (0)

#endif
