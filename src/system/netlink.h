/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Route netlink sockets.  One kind only carries requests for changes, whose answers come back in
 * order; the other listens to what happens and is also asked for dumps, so that dump and news stand
 * in one queue, in the order in which they happened.
 *
 * struct nlqueue is the requests' waiting line: many messages leave in one call, the answers are
 * collected when the socket is readable.  The kernel carries out a batch while it is handed over,
 * so a batch is bounded by weight to bound the time of a turn of the caller's loop.  Urgent
 * requests pass ordinary ones that have not left yet.
 */
#ifndef TANDEM_NETLINK_H
#define TANDEM_NETLINK_H

#include "base/base.h"
#include "base/error.h"
#include "base/nsec.h"

struct nlmsghdr;
struct netlink;

/* Bytes that hold any single request of ours. */
#define NETLINK_REQUEST_MAX 1024u

/* Open a socket that is a member of these groups (RTNLGRP_LINK and so on). */
int netlink_open(const int *groups, size_t group_count, struct netlink **ret,
                 struct error *error) MUST_USE;
void netlink_close(struct netlink *netlink);	/* NULL is fine */
int netlink_descriptor(const struct netlink *netlink);

/* Hand over whole messages.  0 or negative errno. */
int netlink_send(struct netlink *netlink, const void *messages, size_t size) MUST_USE;

/*
 * Read one datagram without waiting and call on_message for each message in it.  1 = something was
 * read, 0 = nothing is there, -ENOBUFS = messages were lost, otherwise a negative errno.
 */
int netlink_receive(struct netlink *netlink,
                    void (*on_message)(void *owner, const struct nlmsghdr *message), void *owner)
	MUST_USE;

/* Wait until something can be read: 1, 0 after patience, or negative errno. */
int netlink_wait(const struct netlink *netlink, nsec_t patience) MUST_USE;

/* What an NLMSG_ERROR says: 0 or negative errno, and the kernel's words ("" when it has none). */
int netlink_error(const struct nlmsghdr *message, char words[128]);

struct nlqueue;

struct nlqueue_calls {
	/* A request was answered: 0 or negative errno; -ENOBUFS when its answer was lost. */
	void (*on_answer)(void *owner, const void *record, int result, const char *words);
};

/* Requests leave through netlink (borrowed); with each goes a record of this size. */
struct nlqueue *nlqueue_new(struct netlink *netlink, size_t record_size,
                            const struct nlqueue_calls *calls, void *owner) MUST_USE;
void nlqueue_free(struct nlqueue *queue);	/* NULL is fine */

/* Append a message (copied); its sequence number is filled in later. */
void nlqueue_add(struct nlqueue *queue, bool urgent, const struct nlmsghdr *message,
                 const void *record, unsigned weight);
/* Forget the ordinary messages that have not left. */
void nlqueue_clear(struct nlqueue *queue);
/* Send one batch, urgent messages first, until their weights reach limit. */
void nlqueue_send(struct nlqueue *queue, unsigned limit);
/* Only the urgent ones. */
void nlqueue_send_urgent(struct nlqueue *queue, unsigned limit);
/* Collect answers, at most this many datagrams; false when more may be there. */
bool nlqueue_collect(struct nlqueue *queue, unsigned limit);
/* Messages that have not left, and messages not answered yet. */
size_t nlqueue_waiting(const struct nlqueue *queue);
size_t nlqueue_pending(const struct nlqueue *queue);

#endif
