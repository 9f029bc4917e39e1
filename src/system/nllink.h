/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Links: kernel messages to and from the structs of core.  No policy, no socket.
 */
#ifndef TANDEM_NLLINK_H
#define TANDEM_NLLINK_H

#include "base/base.h"
#include "core/ifstep.h"
#include "core/ifworld.h"

struct nlmsghdr;

/* Decode RTM_NEWLINK or RTM_DELLINK.  False when it does not speak of a link as such. */
bool nllink_decode(const struct nlmsghdr *message, struct ifworld_link *ret) MUST_USE;

/* Write a request into the caller's buffer of NETLINK_REQUEST_MAX bytes. */
struct nlmsghdr *nllink_dump(void *buffer, uint32_t sequence);
struct nlmsghdr *nllink_get(void *buffer, int index);
/* A step that concerns a link (not its addresses). */
struct nlmsghdr *nllink_change(void *buffer, const struct ifstep *step);

#endif
