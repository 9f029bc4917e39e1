/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Routing rules: kernel messages to and from the structs of core.  No policy, no socket.
 */
#ifndef TANDEM_NLRULE_H
#define TANDEM_NLRULE_H

#include "base/base.h"
#include "core/ifroute.h"
#include "core/ifstep.h"

struct nlmsghdr;

/* Decode RTM_NEWRULE or RTM_DELRULE; false when it is of no family we know. */
bool nlrule_decode(const struct nlmsghdr *message, struct ifrule *ret) MUST_USE;

/* Write a request into the caller's buffer of NETLINK_REQUEST_MAX bytes. */
struct nlmsghdr *nlrule_dump(void *buffer, uint32_t sequence, uint8_t family);
/* A step that concerns a rule. */
struct nlmsghdr *nlrule_change(void *buffer, const struct ifstep *step);

#endif
