/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Addresses as values: parse, print, compare.  inet_pton() and inet_ntop() do the spelling; what
 * is ours is the uniform struct of both families and the comparisons the protocol needs.
 */
#include "base/inet.h"

#include <arpa/inet.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct ip
ip_from_v4(const uint8_t bytes[4])
{
	struct ip ip = { .family = 4 };

	memcpy(ip.bytes, bytes, 4);
	return ip;
}

struct ip
ip_from_v6(const uint8_t bytes[16])
{
	struct ip ip = { .family = 6 };

	memcpy(ip.bytes, bytes, 16);
	return ip;
}

bool
ip_parse(const char *text, struct ip *ret_ip)
{
	struct ip ip = { 0 };

	if (inet_pton(AF_INET, text, ip.bytes) == 1)
		ip.family = 4;
	else if (inet_pton(AF_INET6, text, ip.bytes) == 1)
		ip.family = 6;
	else
		return false;
	*ret_ip = ip;
	return true;
}

bool
prefix_parse(const char *text, struct prefix *ret_prefix)
{
	const char *slash = strchr(text, '/');
	size_t length = slash ? (size_t)(slash - text) : strlen(text);
	struct prefix prefix = { 0 };
	char address[IP_TEXT_SIZE];

	if (length >= sizeof(address))
		return false;
	memcpy(address, text, length);
	address[length] = '\0';
	if (!ip_parse(address, &prefix.ip))
		return false;

	unsigned bits = 8 * ip_size(&prefix.ip);

	prefix.length = (uint8_t)bits;
	if (slash) {
		size_t digits = strspn(slash + 1, "0123456789");
		unsigned long value = strtoul(slash + 1, NULL, 10);

		if (digits == 0 || digits > 3 || slash[1 + digits] != '\0' || value > bits)
			return false;
		prefix.length = (uint8_t)value;
	}
	*ret_prefix = prefix;
	return true;
}

bool
mac_parse(const char *text, struct mac *ret_mac)
{
	struct mac mac;
	int used = 0;

	if (sscanf(text, "%2hhx:%2hhx:%2hhx:%2hhx:%2hhx:%2hhx%n", &mac.bytes[0], &mac.bytes[1],
	           &mac.bytes[2], &mac.bytes[3], &mac.bytes[4], &mac.bytes[5], &used) != 6 ||
	    used != 17 || text[used] != '\0')
		return false;
	*ret_mac = mac;
	return true;
}

const char *
ip_text(const struct ip *ip, char text[IP_TEXT_SIZE])
{
	if (ip->family == 0 ||
	    !inet_ntop(ip->family == 4 ? AF_INET : AF_INET6, ip->bytes, text, IP_TEXT_SIZE))
		snprintf(text, IP_TEXT_SIZE, "none");
	return text;
}

const char *
prefix_text(const struct prefix *prefix, char text[PREFIX_TEXT_SIZE])
{
	char address[IP_TEXT_SIZE];

	snprintf(text, PREFIX_TEXT_SIZE, "%s/%u", ip_text(&prefix->ip, address), prefix->length);
	return text;
}

const char *
mac_text(const struct mac *mac, char text[MAC_TEXT_SIZE])
{
	const uint8_t *b = mac->bytes;

	snprintf(text, MAC_TEXT_SIZE, "%02x:%02x:%02x:%02x:%02x:%02x",
	         b[0], b[1], b[2], b[3], b[4], b[5]);
	return text;
}

int
ip_compare(const struct ip *a, const struct ip *b)
{
	if (a->family != b->family)
		return a->family < b->family ? -1 : 1;
	return memcmp(a->bytes, b->bytes, sizeof(a->bytes));
}

bool
prefix_equal(const struct prefix *a, const struct prefix *b)
{
	return a->length == b->length && ip_equal(&a->ip, &b->ip);
}

/* Do the first length bits of both agree? */
static bool
same_bits(const struct ip *a, const struct ip *b, unsigned length)
{
	unsigned whole = length / 8, rest = length % 8;

	if (memcmp(a->bytes, b->bytes, whole) != 0)
		return false;
	return rest == 0 || ((a->bytes[whole] ^ b->bytes[whole]) >> (8 - rest)) == 0;
}

bool
prefix_contains(const struct prefix *prefix, const struct ip *ip)
{
	return prefix->ip.family == ip->family && ip->family != 0 &&
	       same_bits(&prefix->ip, ip, prefix->length);
}

bool
prefix_same_network(const struct prefix *a, const struct prefix *b)
{
	return a->length == b->length && prefix_contains(a, &b->ip);
}

bool
mac_equal(const struct mac *a, const struct mac *b)
{
	return memcmp(a->bytes, b->bytes, sizeof(a->bytes)) == 0;
}

bool
mac_is_zero(const struct mac *mac)
{
	static const struct mac zero;

	return mac_equal(mac, &zero);
}
