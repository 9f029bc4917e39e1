/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Route netlink sockets.  One kind only carries requests for changes; the other listens to what
 * happens and is also asked for dumps, so that dump and news stand in one queue, in the order in
 * which they happened.
 *
 * And what the files that write and read messages (nllink and so on) have in common.
 */
#ifndef TANDEM_NETLINK_H
#define TANDEM_NETLINK_H

#include "base/base.h"
#include "base/error.h"
#include "base/inet.h"
#include "base/nsec.h"

struct nlattr;
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
 * (the kernel's "protocol") than these. */
int netlink_filter(struct netlink *netlink, uint32_t port, const uint8_t origins[2]) MUST_USE;

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

/* Begin a request in the caller's buffer of NETLINK_REQUEST_MAX bytes: with flags besides
 * NLM_F_REQUEST, and the fixed part of messages of this type (copied). */
struct nlmsghdr *netlink_begin(void *buffer, uint16_t type, uint16_t flags, const void *fixed,
                               size_t fixed_size);

/* What an attribute says, however long it claims to be. */

/* A number of 1, 2 or 4 bytes in the order of this machine; 0 for any other length. */
uint32_t netlink_number(const struct nlattr *attribute);
/* False when it has not the length of an address of this family (4 or 6). */
bool netlink_ip(const struct nlattr *attribute, uint8_t family, struct ip *ret) MUST_USE;
/* What fits, NUL-terminated; the rest of the text becomes zeros. */
void netlink_text(const struct nlattr *attribute, char *text, size_t size);

#endif
