/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Addresses: kernel messages to and from the structs of core.  No policy, no socket.
 */
#ifndef TANDEM_NLADDR_H
#define TANDEM_NLADDR_H

#include "base/base.h"
#include "core/ifstep.h"
#include "core/ifworld.h"

struct nlmsghdr;

/* Decode RTM_NEWADDR or RTM_DELADDR; false when it is of no family we know. */
bool nladdr_decode(const struct nlmsghdr *message, int *ret_index,
                   struct ifworld_address *ret) MUST_USE;

/* Write a request into the caller's buffer of NETLINK_REQUEST_MAX bytes. */
struct nlmsghdr *nladdr_dump(void *buffer, uint32_t sequence);
/* A step that concerns an address. */
struct nlmsghdr *nladdr_change(void *buffer, const struct ifstep *step);

#endif
