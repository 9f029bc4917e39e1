/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What the kernel says of flows and expectations: its netlink messages into the structs of
 * core/flow.h.  No policy, no socket, no allocation; whatever the bytes are, nothing beyond the
 * message is read, and a message that makes no sense is refused as a whole.
 *
 * The tuple of the way back is not kept: where it differs from the inverse of the first one, and
 * the kernel says that it translates, the difference becomes source_nat and destination_nat.  Of
 * the status only FLOW_SEEN_REPLY and FLOW_ASSURED are kept, of the TCP flags only those in
 * CONNTRACK_TCP_FLAGS.
 */
#ifndef TANDEM_CONNTRACK_READ_H
#define TANDEM_CONNTRACK_READ_H

#include "base/base.h"
#include "core/flow.h"

struct nlmsghdr;

/* IP_CT_TCP_FLAG_*: window scale, selective acknowledgements, who closed.  The others speak of
 * windows that netlink can not set ("largest acknowledgement known" would be a lie) or switch the
 * window check off (liberal). */
#define CONNTRACK_TCP_FLAGS 0x07u

enum conntrack_kind {
	CONNTRACK_OTHER,		/* of another subsystem, or of a kind that is neither */
	CONNTRACK_FLOW,
	CONNTRACK_FLOW_GONE,
	CONNTRACK_EXPECTATION,
	CONNTRACK_EXPECTATION_GONE,
};

/* By the type of the message alone. */
enum conntrack_kind conntrack_kind(const struct nlmsghdr *message);

/*
 * Read a message of CONNTRACK_FLOW or CONNTRACK_FLOW_GONE; the length in its header has been
 * checked against what was received.  False: malformed, of another family than IPv4 and IPv6, or
 * of a zone that counts for one direction only (a flow_key can not tell it).
 */
bool conntrack_read_flow(const struct nlmsghdr *message, struct flow *ret) MUST_USE;

/* Likewise for CONNTRACK_EXPECTATION and CONNTRACK_EXPECTATION_GONE. */
bool conntrack_read_expectation(const struct nlmsghdr *message, struct flow_expectation *ret)
	MUST_USE;

#endif
