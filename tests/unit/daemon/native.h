/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * For tests of interfaces against the real kernel, each in a network namespace of its own:
 *
 *	[ours]  va ---- vb  [peer: a second namespace, 10.0.0.9/24 and 2001:db8::9/64]
 */
#ifndef TANDEM_NATIVE_H
#define TANDEM_NATIVE_H

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>

#include <cmocka.h>

#include <sys/types.h>
#include <systemd/sd-event.h>

#include "daemon/interfaces.h"

#define PATIENCE (60 * NSEC_PER_SEC)
#define LEASE (600 * NSEC_PER_SEC)	/* emulated machines are slow */
#define SKIPPED 77

struct native {
	pid_t peer;
	sd_event *event;
	struct interfaces *interfaces;
	struct netlink *watch;		/* hears every change, to prove that there was none */
	unsigned heard;
	unsigned settled;
	unsigned restored;
	unsigned told;
	unsigned sent;			/* frames with a token */
	bool owners[4];			/* of the first groups */
	int tracks[4];			/* of the first objects: 1 = up, -1 = down, 0 = not told */
	char problems[2048];
	int index;
	struct link_input input;
	struct settings *adopted;	/* those borrowed by interfaces */
	void (*before_storing)(void);	/* originals are about to be stored; may be NULL */
	void *originals;
	size_t originals_size;
};

/* Run a command without its output: its exit status.  run() fails the test when that is not 0. */
int native_try(const char *format, ...) PRINTF_LIKE(1, 2);
#define run(...) assert_int_equal(native_try(__VA_ARGS__), 0)
/* Does the output of a command contain the text? */
bool native_shows(const char *text, const char *format, ...) PRINTF_LIKE(2, 3);
/* Does the address answer the peer's ping, found by ARP or neighbour discovery anew? */
bool native_answers(const struct native *rig, const char *address);

nsec_t native_monotonic(void);

/* For cmocka. */
int native_set_up(void **state);
int native_tear_down(void **state);
/* Start interfaces, as a successor when there were some. */
void native_start(struct native *rig);

/* One turn of the loop. */
void native_turn(struct native *rig);
/* Run the loop until the condition holds. */
#define wait_for(rig, condition)						\
	do {									\
		nsec_t end_ = native_monotonic() + PATIENCE;				\
										\
		while (!(condition)) {						\
			if (native_monotonic() > end_)					\
				fail_msg("waited in vain for %s", #condition);	\
			native_turn(rig);						\
		}								\
	} while (0)

/* Adopt settings and wait until they are settled; held NULL = no group holds its addresses. */
void native_adopt(struct native *rig, const struct settings *settings, const bool *held);
void native_take(struct native *rig, uint32_t group);
void native_drop(struct native *rig, uint32_t group);
/* Let everything that is under way come to rest. */
void native_rest(struct native *rig);
/* How many changes the kernel told of since the last call. */
unsigned native_changes(struct native *rig);
/* Run the loop until the kernel told of so many. */
void native_wait_for_changes(struct native *rig, unsigned count);

void native_put_address(struct settings *s, uint32_t at, const char *text);
void native_init_link(struct link_settings *link, const char *name, enum link_kind kind);

#endif
