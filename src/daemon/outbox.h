/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What waits to be handed to the kernel by the writer: netlink requests, and frames that must not
 * leave before the requests of their group.  Four lines wait; who stands in a better one goes
 * first, but never before something of the same group that was put in earlier.  The outbox cuts
 * jobs so small that the best line never waits long for one under way, and tells what became of
 * each request and frame.  It allocates only while a line grows.
 *
 * Requests need no acknowledgement: the kernel has carried out all of a batch when handing it over
 * returns, and by then its refusals stand in the socket.  What was not refused was done.
 *
 * Everything here is the loop's; only the writer's thread runs beside it.
 */
#ifndef TANDEM_OUTBOX_H
#define TANDEM_OUTBOX_H

#include "base/base.h"
#include "base/error.h"
#include "base/nsec.h"
#include "system/packet.h"

struct nlmsghdr;
struct netlink;
struct outbox;

enum outbox_line {
	OUTBOX_FIRST,			/* the first address of a group, and its announcement */
	OUTBOX_SOON,			/* the others, renewals, what a group lets go */
	OUTBOX_LATER,			/* of groups, but may take its time */
	OUTBOX_ORDINARY,		/* reconciliation */
	OUTBOX_LINES,
};

#define OUTBOX_WEIGHT 16u		/* of one address added */
#define OUTBOX_NO_GROUP UINT32_MAX

struct outbox_calls {
	/* A request is done: 0 or negative errno with the kernel's words.  -ENOBUFS: nobody knows;
	 * -ECANCELED: it was not sent. */
	void (*on_answer)(void *owner, const void *record, int result, const char *words);
	/* A renewal was refused: negative errno.  That it is done is told apart from this. */
	void (*on_refused)(void *owner, const void *record, int result, const char *words);
	/* A frame with a token was sent: 0 or positive errno; ECANCELED: it was not. */
	void (*on_sent)(void *owner, uint32_t group, uint32_t token, int error);
};

/* With each request goes a record of this size; questions leave through news (borrowed). */
int outbox_new(struct netlink *news, size_t record_size, const struct outbox_calls *calls,
               void *owner, struct outbox **ret, struct error *error) MUST_USE;
/* Of the kernel's news, those with this port tell of renewals. */
uint32_t outbox_renewal_port(const struct outbox *outbox);
/* Start the thread, with the privileges of this moment. */
int outbox_start(struct outbox *outbox, const char **ret_missing, struct error *error) MUST_USE;
/* Waits for what is under way; NULL is fine. */
void outbox_free(struct outbox *outbox);

/*
 * Groups are numbered 0..count-1 from now on.  Ordinary requests that wait are cancelled; all
 * others go before anything that is put in from now on.
 */
void outbox_renumber(struct outbox *outbox, uint32_t count);

enum outbox_kind {
	OUTBOX_CHANGE,			/* the news are to tell of what it changes */
	OUTBOX_RENEWAL,			/* no news, please, and nobody waits for its end */
	OUTBOX_QUESTION,		/* for the socket of the news, where its answer stands */
};

struct outbox_request {
	enum outbox_kind kind;
	enum outbox_line line;
	uint32_t group;			/* whose order is kept, or OUTBOX_NO_GROUP */
	uint32_t owner;			/* the group it is about, for outbox_cancel(), or none */
	unsigned weight;
};

/* Put in a request (copied).  Its sequence number is filled in later, but for a question. */
void outbox_put(struct outbox *outbox, const struct outbox_request *request,
                const struct nlmsghdr *message, const void *record);
/*
 * Put in a frame (copied) of a group: it leaves after the requests that were put in for the same
 * line or a better one.  Told what became of it if token is not 0.
 */
void outbox_put_frame(struct outbox *outbox, enum outbox_line line, uint32_t group,
                      const struct outgoing *frame, uint32_t token);
/* Cancel the requests about a group that were put in for the two last lines and wait. */
void outbox_cancel(struct outbox *outbox, uint32_t owner);
/* Forget the frames of a group that wait. */
void outbox_cancel_frames(struct outbox *outbox, uint32_t group);
/* Are frames of this group with a token waiting or under way? */
bool outbox_has_frames(const struct outbox *outbox, uint32_t group);

/* Hand over as much as the writer should have now. */
void outbox_push(struct outbox *outbox);
/* The same, but only full jobs of what is urgent: more is about to be put in. */
void outbox_push_full(struct outbox *outbox);
/* Take back what is done, and tell. */
void outbox_collect(struct outbox *outbox);

/* Readable when outbox_collect() has something to do, unless only renewals are done. */
int outbox_descriptor(const struct outbox *outbox);
/* It was readable: no longer. */
void outbox_hear(struct outbox *outbox);
/* Readable when renewals were refused, which outbox_read_renewals() then tells. */
int outbox_renewal_descriptor(const struct outbox *outbox);
void outbox_read_renewals(struct outbox *outbox);

/* Requests and frames that wait. */
size_t outbox_waiting(const struct outbox *outbox);
/* Nothing waits, and nothing is under way but renewals. */
bool outbox_is_idle(const struct outbox *outbox);
/* Wait until something is done: true, or false after patience. */
bool outbox_wait(struct outbox *outbox, nsec_t patience) MUST_USE;
/* Since when the kernel has been busy with one job, or NSEC_NEVER. */
nsec_t outbox_busy_since(const struct outbox *outbox);

#endif
