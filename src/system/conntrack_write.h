/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What the kernel is asked about flows and expectations: the structs of core/flow.h into netlink
 * messages.  No policy, no socket, no allocation.
 */
#ifndef TANDEM_CONNTRACK_WRITE_H
#define TANDEM_CONNTRACK_WRITE_H

#include "base/base.h"
#include "core/flow.h"

/* Bytes that hold any single request; most are below 256. */
#define CONNTRACK_REQUEST_MAX 1024u

enum conntrack_write {
	/* Create it, or change it if it is there.  With NAT, master or helper the kernel refuses to
	 * change one that is there (EOPNOTSUPP). */
	CONNTRACK_WRITE_CREATE,
	/* Create it; EEXIST when a flow has its tuple, in whichever direction. */
	CONNTRACK_WRITE_NEW,
	/* Change what is there; NAT, master and helper are left out, as they can not change. */
	CONNTRACK_WRITE_CHANGE,
	/* As CONNTRACK_WRITE_CREATE, without the helper. */
	CONNTRACK_WRITE_CREATE_UNHELPED,
};

/*
 * Write a request into a buffer of CONNTRACK_REQUEST_MAX bytes, aligned as a message is; returns
 * its aligned length.  Sequence and whether an answer is wanted besides errors (ack) are the
 * caller's.
 */

/* timeout: seconds the kernel keeps it from now on, unless a packet comes. */
size_t conntrack_write_flow(void *buffer, uint32_t sequence, bool ack, enum conntrack_write how,
                            const struct flow *flow, uint32_t timeout);
/* Let the flow that has this tuple last so many seconds from now on, if it is there. */
size_t conntrack_write_timeout(void *buffer, uint32_t sequence, bool ack,
                               const struct flow_key *key, uint32_t timeout);
/* Delete the flow that has this tuple, in whichever direction. */
size_t conntrack_write_delete(void *buffer, uint32_t sequence, bool ack,
                              const struct flow_key *key);
/* Delete the flow that has the tuple of the way back of this one (NAT and all). */
size_t conntrack_write_delete_reply(void *buffer, uint32_t sequence, bool ack,
                                    const struct flow *flow);
/* Ask for one flow. */
size_t conntrack_write_get(void *buffer, uint32_t sequence, const struct flow_key *key);
size_t conntrack_write_expectation(void *buffer, uint32_t sequence, bool ack,
                                   const struct flow_expectation *expectation);
size_t conntrack_write_expectation_delete(void *buffer, uint32_t sequence, bool ack,
                                          const struct flow_expectation *expectation);

/* A bit of status for filters: a helper shifts the flow's sequence numbers.  No event tells it. */
#define CONNTRACK_STATUS_SEQADJ (1u << 6)

/* Which flows a dump is to show; all zero = all. */
struct conntrack_filter {
	uint8_t family;			/* 4 or 6, 0 = both */
	uint32_t status;		/* those whose status has these bits under status_mask */
	uint32_t status_mask;
	uint32_t mark;
	uint32_t mark_mask;
	bool one_zone;			/* those of zone only */
	uint16_t zone;
};

/* Ask for all flows that the filter lets through (kernels before 6.0 ignore status). */
size_t conntrack_write_dump(void *buffer, uint32_t sequence,
                            const struct conntrack_filter *filter);
size_t conntrack_write_expectation_dump(void *buffer, uint32_t sequence);

#endif
