/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Puts flows into the kernel's table, many in one system call.
 *
 * What is asked for is queued; a full queue is sent by itself, and conntrack_inject_flush() sends
 * the rest.  The kernel has done everything when that returns: there is nothing to wait for.  A
 * request that the kernel refuses holds up no other; what can be mended is mended at once (see
 * conntrack_inject_flow()), the rest is told to "refused".
 *
 * Whoever wants order (a master before the flow that it expects) asks in that order.
 */
#ifndef TANDEM_CONNTRACK_INJECT_H
#define TANDEM_CONNTRACK_INJECT_H

#include "base/base.h"
#include "base/error.h"
#include "core/flow.h"

struct conntrack_inject;

#define CONNTRACK_INJECT_BATCH 128u	/* requests in one system call, unless told otherwise */
#define CONNTRACK_INJECT_BATCH_MAX 256u

enum conntrack_refused {
	CONNTRACK_REFUSED_FLOW,		/* flow is valid */
	CONNTRACK_REFUSED_DELETE,	/* key is valid */
	CONNTRACK_REFUSED_RETIME,	/* key is valid */
	CONNTRACK_REFUSED_EXPECTATION,	/* expectation is valid */
	CONNTRACK_REFUSED_EXPECTATION_DELETE,
};

struct conntrack_refusal {
	enum conntrack_refused what;
	int error;			/* negative errno, see conntrack_inject_flow() */
	const struct flow *flow;	/* borrowed for the call; NULL what does not belong */
	const struct flow_key *key;	/* of a flow, too */
	const struct flow_expectation *expectation;
};

struct conntrack_inject_counts {
	uint64_t flows;			/* asked for */
	uint64_t deletes;
	uint64_t retimes;
	uint64_t expectations;
	uint64_t sends;			/* system calls made to ask */
	uint64_t refused;		/* told to "refused" */
	uint64_t replaced;		/* flows for which one in the way was deleted */
	uint64_t unhelped;		/* flows without their helper, not known here */
	uint64_t already_gone;		/* deletes, retimes and changes of what was not there */
};

/*
 * Open in the network namespace of the caller (and there it stays).  batch: requests in one system
 * call, 0 = CONNTRACK_INJECT_BATCH.  refused() is called during a send; it may not ask for anything
 * itself (queue it and ask later).
 */
int conntrack_inject_open(size_t batch,
                          void (*refused)(void *owner, const struct conntrack_refusal *refusal),
                          void *owner, struct conntrack_inject **ret, struct error *error)
	MUST_USE;
/* What is queued is lost.  NULL is fine. */
void conntrack_inject_close(struct conntrack_inject *inject);

/* The netlink port that events caused by this injector name. */
uint32_t conntrack_inject_port(const struct conntrack_inject *inject);
const struct conntrack_inject_counts *conntrack_inject_counts(
	const struct conntrack_inject *inject);
/* Requests queued and not yet sent. */
size_t conntrack_inject_queued(const struct conntrack_inject *inject);

/*
 * Make the kernel's flow of this key be as this one, whether it is there or not.  timeout: seconds
 * it stays when no packet comes (a packet sets the kernel's own).
 *
 * known: it was put in by us before and not refused, with the same NAT, master and helper.  Then
 * these are left out, as the kernel does not change them; if it is gone after all, it is created.
 * Without "known" a flow that is already there costs two more system calls if it has NAT, a master
 * or a helper, or is not TCP or ICMP; so false is never wrong, only slower.
 *
 * NAT, master or helper that differ from what is there, a status that would have to lose bits, and
 * another flow that has the tuple of the way back: what is there is deleted and this one created.
 * A flow without NAT in place of one with NAT is the one conflict that the kernel does not notice:
 * delete first when you know.
 *
 * Only what flow->has says is touched.  The helper is left out, and counted, when this router has
 * none of that name.  Labels are set where rules of this router use labels; otherwise the kernel
 * ignores them.
 *
 * Refusals: -ENOENT the master is not there (ask again when it is, or without FLOW_HAS_MASTER);
 * -ENOMEM the table is full; -EINVAL and -ERANGE it is senseless; -EBUSY under hardware offload;
 * others as the kernel says.
 *
 * Returns 0, or a negative errno when the queue had to be sent and the socket is broken.
 */
int conntrack_inject_flow(struct conntrack_inject *inject, const struct flow *flow,
                          uint32_t timeout, bool known) MUST_USE;
/*
 * Create the flow unless one is there that has its tuple, in whichever direction: then that one is
 * the right one, nothing is changed, and this one is refused with -EEXIST.
 */
int conntrack_inject_new(struct conntrack_inject *inject, const struct flow *flow,
                         uint32_t timeout) MUST_USE;
/*
 * Change the flow if it is there; its NAT, master and helper stay.  Where it has ended meanwhile,
 * or got further (a status that would have to lose bits), what the kernel has is right and this is
 * not, so it is never refused.
 */
int conntrack_inject_change(struct conntrack_inject *inject, const struct flow *flow,
                            uint32_t timeout) MUST_USE;
/*
 * Delete the flow and create it anew.  A router that has forwarded a TCP connection remembers its
 * windows; when the other one has forwarded it since, they are wrong, and every packet is invalid.
 * No request can set or clear them, but a flow that is created has none and learns them from its
 * next packets.  So a router that forwards no longer renews what it had (a dump says it all) before
 * it may have to forward again.  Expectations of the flow end with it.
 */
int conntrack_inject_renew(struct conntrack_inject *inject, const struct flow *flow,
                           uint32_t timeout) MUST_USE;
/* The flow of this key, if it is still there, stays for so many seconds when no packet comes. */
int conntrack_inject_retime(struct conntrack_inject *inject, const struct flow_key *key,
                            uint32_t timeout) MUST_USE;
/* The flow of this key is to be gone. */
int conntrack_inject_delete(struct conntrack_inject *inject, const struct flow_key *key) MUST_USE;
/* Refused with -ENOENT when the master is not there, or the helper is unknown or not its. */
int conntrack_inject_expectation(struct conntrack_inject *inject,
                                 const struct flow_expectation *expectation) MUST_USE;
int conntrack_inject_expectation_delete(struct conntrack_inject *inject,
                                        const struct flow_expectation *expectation) MUST_USE;

/* Send what is queued, and tell refused() what was refused.  0, or negative errno when the socket
 * is broken (what was asked for may or may not have been done). */
int conntrack_inject_flush(struct conntrack_inject *inject) MUST_USE;

#endif
