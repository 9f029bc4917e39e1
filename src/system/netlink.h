/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Route netlink sockets.  One kind only carries requests for changes; the other listens to what
 * happens and is also asked for dumps, so that dump and news stand in one queue, in the order in
 * which they happened.
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
/* The kernel's name for it: news carry that of the socket whose request they come from. */
uint32_t netlink_port(const struct netlink *netlink);
/* Hear no longer of addresses that requests from this port set, nor of routes of another origin
 * (the kernel's "protocol") than this. */
int netlink_filter(struct netlink *netlink, uint32_t port, uint8_t origin) MUST_USE;

/* Hand over whole messages.  0 or negative errno. */
int netlink_send(struct netlink *netlink, const void *messages, size_t size) MUST_USE;

/* Call on_message for each whole message in these bytes (aligned as a message is). */
void netlink_walk(const void *bytes, size_t size,
                  void (*on_message)(void *owner, const struct nlmsghdr *message), void *owner);

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

#endif
