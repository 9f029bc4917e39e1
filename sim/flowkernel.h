/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A kernel that tracks connections, as far as connection synchronisation sees it: a table with a
 * limit and timers, news in a queue that can run over, dumps that are no snapshots.  Flows are
 * numbered, and everything about a flow follows from its number, its mark, which is another one
 * after each change, and its NAT, which may be another one each time it begins: so it can be told
 * whether a flow that turns up somewhere ever was.
 */
#ifndef TANDEM_SIM_FLOWKERNEL_H
#define TANDEM_SIM_FLOWKERNEL_H

#include "base/base.h"
#include "base/nsec.h"
#include "core/flow.h"

#define FLOWKERNEL_FLOWS 400u		/* different flows there can be */
#define FLOWKERNEL_QUEUE 64u		/* news that fit into the queue */
#define FLOWKERNEL_NATS 3u		/* kinds of NAT; 0 is the usual one of a flow */

struct flowkernel_news {
	enum flow_op op;
	unsigned number;
	uint32_t mark;			/* UPSERT */
	uint8_t nat;
	bool fresh;
	bool whole;			/* the message says everything */
};

struct flowkernel {
	struct {
		uint32_t mark;		/* 0 = not there */
		nsec_t expires;
		uint8_t nat;		/* as it began */
		bool with_master;
	} flows[FLOWKERNEL_FLOWS];
	unsigned count;
	unsigned limit;
	bool subscribed;
	bool overrun;
	struct flowkernel_news queue[FLOWKERNEL_QUEUE];
	unsigned queued;
};

/* The flow of this number with this mark and kind of NAT. */
struct flow flowkernel_flow(unsigned number, uint32_t mark, unsigned nat);
/* Its number; FLOWKERNEL_FLOWS when it is none of them. */
unsigned flowkernel_number(const struct flow_key *key);
/* Does flow say all that the flow of this number, mark and kind of NAT has? */
bool flowkernel_is(const struct flow *flow, unsigned number, uint32_t mark, unsigned nat);
/* A connection with this mark is closed: it waits for its timer. */
bool flowkernel_is_closed(unsigned number, uint32_t mark);
/* Its kind of NAT; FLOWKERNEL_NATS when it has none of them. */
unsigned flowkernel_nat(const struct flow *flow, unsigned number);

/* Packets made it (with this kind of NAT), changed it, ended it: with news.  "fresh": the news of
 * its birth say that it is one. */
void flowkernel_touch(struct flowkernel *kernel, unsigned number, uint32_t mark, unsigned nat,
                      bool fresh, bool whole, nsec_t now);
void flowkernel_end(struct flowkernel *kernel, unsigned number);
/* Packets that change nothing but the timer. */
void flowkernel_refresh(struct flowkernel *kernel, unsigned number, nsec_t now);
/* What no packet came for ends. */
void flowkernel_expire(struct flowkernel *kernel, nsec_t now);
void flowkernel_reboot(struct flowkernel *kernel);

/* What a program asks for: without news.  0 or a positive errno.  Who creates replaces a flow that
 * is there with another NAT. */
int flowkernel_put(struct flowkernel *kernel, const struct flow *flow, bool create, nsec_t now);
void flowkernel_remove(struct flowkernel *kernel, const struct flow_key *key);

#endif
