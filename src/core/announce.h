/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The frames by which a master makes itself known to hosts: gratuitous ARP, unsolicited neighbour
 * advertisement, router advertisement.  Whole Ethernet frames, sent from the given MAC.
 */
#ifndef TANDEM_ANNOUNCE_H
#define TANDEM_ANNOUNCE_H

#include "base/base.h"
#include "base/inet.h"

#define ANNOUNCE_ARP_SIZE 42u
#define ANNOUNCE_NEIGHBOUR_SIZE 86u
#define ANNOUNCE_PREFIXES_MAX 36u	/* with them it still fits the least MTU of IPv6 */
#define ANNOUNCE_ROUTER_MAX (14u + 40u + 16u + 8u + 8u + 32u * ANNOUNCE_PREFIXES_MAX)

/*
 * Gratuitous ARP (RFC 5227 3, RFC 9568 6.4.2), broadcast: "ip is at mac".  As a request, which
 * every host must heed (RFC 826); as a reply for those few that look at nothing else.
 */
size_t announce_arp(const struct mac *mac, const struct ip *ip, bool reply,
                    uint8_t frame[ANNOUNCE_ARP_SIZE]);

/*
 * Unsolicited neighbour advertisement (RFC 4861 7.2.6) to all nodes, from ip itself, with the
 * override flag and the target's link-layer address.  router: the flag R; RFC 9568 6.4.2 sets it.
 */
size_t announce_neighbour(const struct mac *mac, const struct ip *ip, bool router,
                          uint8_t frame[ANNOUNCE_NEIGHBOUR_SIZE]);

/* For every family: the gratuitous ARP request, or the neighbour advertisement of a router. */
size_t announce_encode(const struct mac *mac, const struct ip *ip,
                       uint8_t frame[ANNOUNCE_NEIGHBOUR_SIZE]);

struct announce_prefix {
	struct prefix prefix;		/* IPv6; host bits are left out of the frame */
	bool on_link;
	bool autonomous;
	uint32_t valid_lifetime;	/* seconds; all ones: for ever */
	uint32_t preferred_lifetime;
};

/* What a router advertisement says (RFC 4861 4.2); what is not here is sent as unspecified. */
struct announce_router {
	struct mac mac;			/* Ethernet source, and source link-layer option */
	struct ip source;		/* its link-local address */
	uint8_t hop_limit;		/* that hosts shall use; 0 = unspecified */
	bool managed;
	bool other;
	uint16_t lifetime;		/* seconds as default router; 0 = none (any more) */
	uint32_t mtu;			/* 0 = no option */
	const struct announce_prefix *prefixes;
	unsigned prefix_count;		/* up to ANNOUNCE_PREFIXES_MAX */
};

/* Router advertisement to all nodes; returns the length of the frame. */
size_t announce_router(const struct announce_router *router, uint8_t frame[ANNOUNCE_ROUTER_MAX]);

#endif
