/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Addresses whose host part is made from the MAC of their link ("modified EUI-64", RFC 4291
 * appendix A).  A part of the planner, see ifplan.h.
 */
#ifndef TANDEM_IFEUI_H
#define TANDEM_IFEUI_H

#include "core/ifjob.h"

/* The address in this network (its first 64 bits count) of a link with this MAC. */
struct prefix ifeui_address(const struct prefix *network, const struct mac *mac);

/* That of the job's link in the network of this number, of its eui64_count; the link is there. */
struct prefix ifeui_of(const struct ifjob *job, uint32_t number);

/* Is this address one of those of the job's link? */
bool ifeui_has(const struct ifjob *job, const struct prefix *prefix);

#endif
