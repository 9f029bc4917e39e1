/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The frame that tells a segment where a virtual address now lives: gratuitous ARP for IPv4.
 */
#ifndef TANDEM_ANNOUNCE_H
#define TANDEM_ANNOUNCE_H

#include "base/base.h"
#include "base/inet.h"

#define ANNOUNCE_FRAME_IPV4 42u

/* Write the frame that says "ip is at mac" and return its length. */
size_t announce_encode(const struct mac *mac, const struct ip *ip,
                       uint8_t frame[ANNOUNCE_FRAME_IPV4]);

#endif
