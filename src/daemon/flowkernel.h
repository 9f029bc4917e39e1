/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Connsync's side to the kernel: which flows tell of themselves, what they tell, what is put into
 * the table, and dumps in paced steps.  Decides when to read, never what it means.
 *
 * The event socket is not waited for while there is traffic: a reader woken by each event takes the
 * processor from the packets.  It is waited for only after some time without any; from the first
 * event on a timer drains it.
 */
#ifndef TANDEM_FLOWKERNEL_H
#define TANDEM_FLOWKERNEL_H

#include "base/base.h"
#include "base/error.h"
#include "core/flowsync.h"
#include "core/settings.h"

struct sd_event;
struct flowkernel;

struct flowkernel_calls {
	/* The kernel's news of a flow; see flowsync_on_news(). */
	void (*on_news)(void *owner, enum flow_op op, const struct flow *flow, bool fresh);
	void (*on_expectation)(void *owner, enum flow_op op,
	                       const struct flow_expectation *expectation);
	/* News were lost, and those that were queued then are never told; or some of what was asked
	 * of the kernel may not have been done. */
	void (*on_overrun)(void *owner);
	void (*on_dump)(void *owner, const struct flow *flow);
	void (*on_dump_done)(void *owner, bool whole);
	void (*on_refused)(void *owner, enum flow_op op, const struct flow_key *key, int error);
	void (*on_refused_expectation)(void *owner, int error);
	/* A batch of news, or a step of a dump, was handed in. */
	void (*on_batch)(void *owner);
};

struct flowkernel_counts {
	uint64_t events;		/* read */
	uint64_t drains;
	uint64_t malformed;
	uint64_t strange;		/* of families or zones that are not carried */
	uint64_t injected;		/* asked of the kernel */
	uint64_t unhelped;		/* without their helper, which this router does not have */
	uint64_t replaced;		/* flows for which one in the way was deleted */
	uint64_t already_gone;		/* asked to change or end, and not there */
	uint64_t dump_restarts;		/* the table was rebuilt under a dump */
	uint64_t left_out;		/* of dumps: of families or zones that are not carried */
	uint64_t buffer;		/* bytes of the event socket's buffer */
};

int flowkernel_new(struct sd_event *event, const struct flowkernel_calls *calls, void *owner,
                   struct flowkernel **ret, struct error *error) MUST_USE;
/* Rules that make flows tell of themselves stay: see daemon/flowrelease.h.  NULL is fine. */
void flowkernel_free(struct flowkernel *kernel);

/* Which flows are carried; local: our ends of the paths to the partner, family 0 = none. */
int flowkernel_adopt(struct flowkernel *kernel, const struct settings *settings,
                     const struct ip local[CONNSYNC_PATHS_MAX], struct error *error) MUST_USE;

/* The hooks of flowsync.h that concern the kernel; what they queue, flowkernel_flush() sends. */
void flowkernel_apply(struct flowkernel *kernel, enum flow_op op, const struct flow *flow,
                      bool known);
void flowkernel_retime(struct flowkernel *kernel, const struct flow *flow);
void flowkernel_apply_expectation(struct flowkernel *kernel, enum flow_op op,
                                  const struct flow_expectation *expectation);
void flowkernel_flush(struct flowkernel *kernel);
/* What the kernel has of a flow, at once; -ENOENT, or why it cannot be asked. */
int flowkernel_look(struct flowkernel *kernel, const struct flow_key *key,
                    struct flow *ret_flow) MUST_USE;
void flowkernel_subscribe(struct flowkernel *kernel, bool on);
void flowkernel_dump(struct flowkernel *kernel);

/*
 * This router forwards no longer: what its kernel knows of TCP windows will be old when it forwards
 * again, and packets would be invalid.  So its TCP flows are made anew, in paced steps.
 */
void flowkernel_renew(struct flowkernel *kernel);

/* Read what is there now, some of it if there is very much: before the role changes. */
void flowkernel_drain(struct flowkernel *kernel);

/* See that the kernel tells of connections, which anybody may have switched off.  Returns what is
 * not as it should be: 1 << enum flowflaw. */
uint32_t flowkernel_check(struct flowkernel *kernel);
/* Flows that the kernel's table may hold; 0 = it does not track connections. */
uint64_t flowkernel_capacity(void);
struct flowkernel_counts flowkernel_counts(const struct flowkernel *kernel);

#endif
