/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The bench of connection synchronisation: two routers, wired to each other, each with a kernel
 * that is an array.  A test turns its knobs, tells a kernel's news, lets time pass, and looks at
 * what the other router made of it.  Nothing is judged here but that a pair comes up.
 */
#ifndef TANDEM_FLOWSYNC_RIG_H
#define TANDEM_FLOWSYNC_RIG_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include "core/flowsync.h"

#define FLOWS 11000u

struct router {
	struct flowsync *sync;
	void *memory;
	struct flow kernel[FLOWS];	/* by number; has 0 = not there */
	unsigned puts, removals, retimed, expected, unexpected;
	bool subscribed, dump_wanted, closed;
	enum flowsync_readiness readiness;
	unsigned was;			/* 1 << readiness, of all there were */
	uint32_t alarms;
	int refuse;			/* with this errno, once the call is over */
	struct flow_key refused[FLOWS];
	unsigned refusals;
	unsigned datagrams;
	struct flow_key looks[FLOWS];	/* that were asked for since the last answer */
	unsigned look_count;
};

struct datagram {
	uint8_t bytes[FLOWSYNC_DATAGRAM_MAX];
	size_t length;
};

extern struct router routers[2];
extern struct flowsync_options options;	/* for start() and adopt() */
extern bool lossy;			/* datagrams are lost */
extern bool deaf;			/* the stream, too */
extern nsec_t now;
extern struct datagram last_datagram;	/* that was sent, lost or not */

/* ---- a test's begin and end ---- */

/* Options and time; no router runs. */
int set_up(void **state);
/* Router 0 forwards, router 1 stands by, all is well. */
int set_up_pair(void **state);
int tear_down(void **state);

#define PAIR(function) cmocka_unit_test_setup_teardown(function, set_up_pair, tear_down)
#define PLAIN(function) cmocka_unit_test_setup_teardown(function, set_up, tear_down)

/* ---- routers ---- */

/* A router's life begins, or begins anew: its kernel stays as it is, its role is not known. */
void start(unsigned which);
/* Both begin, take the roles of set_up_pair(), and are connected; no time passes. */
void start_pair(void);
/* Take over the options while running. */
void adopt(unsigned which);
/* Router 0 tells new flows without NAT only when they are 200 ms old. */
void hold_new_flows(void);
void become(unsigned which, enum flowsync_role role);
/* Router 0 forwards, router 1 stands by. */
void take_roles(void);
void flush(unsigned which);

struct flowsync_status status(unsigned which);
uint64_t fault(unsigned which, enum flow_fault fault);
uint64_t count(unsigned which, enum flow_count count);

/* ---- kernels ---- */

/* A TCP connection, established, without NAT, and its place in the kernels. */
struct flow flow_of(unsigned number);
unsigned number_of(const struct flow_key *key);
/* The kernel of the active router has it, and says so. */
void news(unsigned which, const struct flow *flow);
/* Router 0: news of the flows 0 to count - 1, in this state of TCP (that of flow_of() is 3). */
void tell_many(unsigned count, uint8_t state);
/* The flow ended, and the kernel says so. */
void gone(unsigned which, unsigned number);
/* Hand in the whole kernel. */
void dump(unsigned which);
/* How many flows the kernel has. */
unsigned held_by(unsigned which);
/* The state of TCP of a flow that the kernel has; 0 = it has none. */
unsigned tcp_state(unsigned which, unsigned number);

/* ---- wire and time ---- */

void connect_both(void);
/* What is under way is lost. */
void disconnect_both(void);
/* A split: both forward unheard by each other for a second, in which this flow begins at router 1;
 * then router 1 gives in.  They are not connected yet. */
void live_apart(const struct flow *theirs);
/* Flush this router, and keep what it sends from arriving: its last datagram. */
struct datagram intercept(unsigned which);
/* A datagram arrives now, or arrived some time ago and is read now. */
void hear(unsigned which, const struct datagram *datagram);
void hear_late(unsigned which, const struct datagram *datagram, nsec_t arrival);
/* What is under way arrives. */
void deliver(void);
/* So much time passes, in steps of 100 us, with turns of both loops. */
void pass(nsec_t duration);

#endif
