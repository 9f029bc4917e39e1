/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A kernel that tracks connections, as far as connection synchronisation sees it: a table with a
 * limit and timers, news in a queue that can run over, dumps that are no snapshots.  Flows are
 * numbered, and everything about a flow follows from its number and its mark, which is another one
 * after each change: so it can be told whether a flow that turns up somewhere ever was.
 */
#ifndef TANDEM_SIM_FLOWKERNEL_H
#define TANDEM_SIM_FLOWKERNEL_H

#include "base/base.h"
#include "base/nsec.h"
#include "core/flow.h"

#define FLOWKERNEL_FLOWS 400u		/* different flows there can be */
#define FLOWKERNEL_QUEUE 64u		/* news that fit into the queue */

struct flowkernel_news {
	enum flow_op op;
	unsigned number;
	uint32_t mark;			/* UPSERT */
	bool fresh;
	bool whole;			/* the message says everything */
};

struct flowkernel {
	struct {
		uint32_t mark;		/* 0 = not there */
		nsec_t expires;
		bool with_master;
	} flows[FLOWKERNEL_FLOWS];
	unsigned count;
	unsigned limit;
	bool subscribed;
	bool overrun;
	struct flowkernel_news queue[FLOWKERNEL_QUEUE];
	unsigned queued;
};

/* The flow of this number with this mark. */
struct flow flowkernel_flow(unsigned number, uint32_t mark);
/* Its number; FLOWKERNEL_FLOWS when it is none of them. */
unsigned flowkernel_number(const struct flow_key *key);
/* Does flow say all that the flow of this number and mark has? */
bool flowkernel_is(const struct flow *flow, unsigned number, uint32_t mark);

/* Packets made it, changed it, ended it: with news. */
void flowkernel_touch(struct flowkernel *kernel, unsigned number, uint32_t mark, bool whole,
                      nsec_t now);
void flowkernel_end(struct flowkernel *kernel, unsigned number);
/* Packets that change nothing but the timer. */
void flowkernel_refresh(struct flowkernel *kernel, unsigned number, nsec_t now);
/* What no packet came for ends. */
void flowkernel_expire(struct flowkernel *kernel, nsec_t now);
void flowkernel_reboot(struct flowkernel *kernel);

/* What a program asks for: without news.  0 or a positive errno. */
int flowkernel_put(struct flowkernel *kernel, const struct flow *flow, bool create, nsec_t now);
void flowkernel_remove(struct flowkernel *kernel, const struct flow_key *key);

#endif
