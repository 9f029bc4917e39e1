/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * VLANs of bridges and of their ports: kernel messages to and from the structs of core.  No policy,
 * no socket.
 */
#ifndef TANDEM_NLVLAN_H
#define TANDEM_NLVLAN_H

#include "base/base.h"
#include "core/ifstep.h"

struct nlmsghdr;

/* Call for each range in RTM_NEWVLAN or RTM_DELVLAN: VLANs that a link has now, or no longer (then
 * the properties of the range mean nothing). */
void nlvlan_decode(const struct nlmsghdr *message,
                   void (*on_range)(void *owner, int index, const struct vlan_settings *range),
                   void *owner);

/* Write a request into the caller's buffer of NETLINK_REQUEST_MAX bytes. */
struct nlmsghdr *nlvlan_dump(void *buffer, uint32_t sequence);
/* IFSTEP_ADD_VLANS, IFSTEP_REMOVE_VLANS */
struct nlmsghdr *nlvlan_change(void *buffer, const struct ifstep *step);

#endif
