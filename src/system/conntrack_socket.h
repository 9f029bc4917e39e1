/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What the sockets to the kernel's connection tracking have in common.
 */
#ifndef TANDEM_CONNTRACK_SOCKET_H
#define TANDEM_CONNTRACK_SOCKET_H

#include "base/base.h"
#include "base/error.h"

struct nlmsghdr;

/*
 * Open a socket in the network namespace of the caller that hears the kernel only, with these many
 * bytes of buffer if the caller may have them, and what the kernel allows otherwise (0 = as it is).
 * Returns the descriptor, not blocking, or a negative errno.
 */
int conntrack_socket_open(size_t receive, size_t send, uint32_t *ret_port, struct error *error)
	MUST_USE;

/* The whole message at *offset of these bytes, and *offset behind it; NULL when there is none. */
const struct nlmsghdr *conntrack_socket_next(const void *bytes, size_t size, size_t *offset);

/* What an NLMSG_ERROR says: 0 or negative errno. */
int conntrack_socket_error(const struct nlmsghdr *message);

#endif
