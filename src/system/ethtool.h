/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Speed and duplex of a port, as its driver has them.
 */
#ifndef TANDEM_ETHTOOL_H
#define TANDEM_ETHTOOL_H

#include "base/base.h"
#include "core/ifworld.h"

/* Both ask the driver and may wait for it, milliseconds and more.  0 or negative errno, -EOPNOTSUPP
 * from a driver that has no such thing. */
int ethtool_read(const char *link, struct ifworld_port *ret) MUST_USE;
/* Negotiated: all that the port can do is offered.  Fixed: this speed and duplex, not negotiated,
 * or, where a driver knows only that way, negotiated with nothing else to offer. */
int ethtool_set(const char *link, const struct ifworld_port *port) MUST_USE;

#endif
