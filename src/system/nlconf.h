/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What the kernel tells when somebody changes one of the numbers it keeps for a link, or for all
 * links.  It tells of a few of them only.  No policy, no socket.
 */
#ifndef TANDEM_NLCONF_H
#define TANDEM_NLCONF_H

#include "base/base.h"
#include "core/settings.h"

struct nlmsghdr;

struct nlconf {
	int index;			/* of the link, or IFWORLD_ALL */
	int16_t tunes[TUNES];		/* -1: nothing is said of it */
};

/* Decode RTM_NEWNETCONF; false when it speaks of neither. */
bool nlconf_decode(const struct nlmsghdr *message, struct nlconf *ret) MUST_USE;

/* Write a request for those of all links into the caller's buffer of NETLINK_REQUEST_MAX bytes. */
struct nlmsghdr *nlconf_get_all(void *buffer, uint8_t family);

#endif
