/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Routes: kernel messages to and from the structs of core.  No policy, no socket.
 */
#ifndef TANDEM_NLROUTE_H
#define TANDEM_NLROUTE_H

#include "base/base.h"
#include "core/ifroute.h"
#include "core/ifstep.h"

struct nlmsghdr;

/* Decode RTM_NEWROUTE or RTM_DELROUTE; false when it is of no family we know, or a cached entry. */
bool nlroute_decode(const struct nlmsghdr *message, struct ifroute *ret) MUST_USE;
/* Does RTM_NEWROUTE say that it took the place of what was there? */
bool nlroute_replaces(const struct nlmsghdr *message);

/* Write a request into the caller's buffer of NETLINK_REQUEST_MAX bytes. */

/* Dump the routes of a family (4 or 6): those with our mark, or (mark 0) all of all tables. */
struct nlmsghdr *nlroute_dump(void *buffer, uint32_t sequence, uint8_t family, uint8_t mark);
/* A step that concerns a route. */
struct nlmsghdr *nlroute_change(void *buffer, const struct ifstep *step);

#endif
