/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Addresses: IPv4 or IPv6 address, address with prefix length, Ethernet address; parsed from and
 * printed to the one spelling operators use.  No lookup, no policy.
 */
#ifndef TANDEM_INET_H
#define TANDEM_INET_H

#include <stdbool.h>
#include <stdint.h>

#include "base/base.h"

/* An address of either family in network order; family 0 means "none" and all bytes are zero. */
struct ip {
	uint8_t family;			/* 0, 4 or 6 */
	uint8_t bytes[16];		/* the first 4 for IPv4, the rest zero */
};

struct prefix {
	struct ip ip;			/* host bits are kept: 10.0.0.1/24 stays itself */
	uint8_t length;			/* 0..32 or 0..128 */
};

struct mac {
	uint8_t bytes[6];
};

#define IP_TEXT_SIZE 46
#define PREFIX_TEXT_SIZE (IP_TEXT_SIZE + 4)
#define MAC_TEXT_SIZE 18

/* Bytes of an address of this family: 4, 16, or 0 for none. */
static inline unsigned
ip_size(const struct ip *ip)
{
	return ip->family == 4 ? 4 : ip->family == 6 ? 16 : 0;
}

/* fe80::/10 */
static inline bool
ip_is_link_local(const struct ip *ip)
{
	return ip->family == 6 && ip->bytes[0] == 0xfe && (ip->bytes[1] & 0xc0) == 0x80;
}

/* From network order, as packets and the kernel have them. */
struct ip ip_from_v4(const uint8_t bytes[4]);
struct ip ip_from_v6(const uint8_t bytes[16]);

/* Parse "10.0.0.1" or "fe80::1"; false leaves *ret_ip untouched. */
bool ip_parse(const char *text, struct ip *ret_ip) MUST_USE;
/* Parse an address with or without "/length"; without, the length is 32 or 128. */
bool prefix_parse(const char *text, struct prefix *ret_prefix) MUST_USE;
bool mac_parse(const char *text, struct mac *ret_mac) MUST_USE;

/* Print into the caller's buffer (IP_TEXT_SIZE and so on) and return it; family 0 prints "none". */
const char *ip_text(const struct ip *ip, char text[IP_TEXT_SIZE]);
const char *prefix_text(const struct prefix *prefix, char text[PREFIX_TEXT_SIZE]);
const char *mac_text(const struct mac *mac, char text[MAC_TEXT_SIZE]);

/* Order by family, then as an unsigned number in network order (RFC 9568 6.4.3): <0, 0, >0. */
int ip_compare(const struct ip *a, const struct ip *b);
static inline bool
ip_equal(const struct ip *a, const struct ip *b)
{
	return ip_compare(a, b) == 0;
}
bool prefix_equal(const struct prefix *a, const struct prefix *b);
/* Is ip of the prefix's family and inside its network? */
bool prefix_contains(const struct prefix *prefix, const struct ip *ip);
/* Same family, same length, same network bits. */
bool prefix_same_network(const struct prefix *a, const struct prefix *b);
bool mac_equal(const struct mac *a, const struct mac *b);
bool mac_is_zero(const struct mac *mac);

#endif
