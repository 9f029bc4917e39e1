/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Announcements, byte by byte: ARP as RFC 826 and RFC 5944 4.6 describe it, neighbour and router
 * advertisements as keepalived and FRR send them.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

#include "captured.h"
#include "core/announce.h"

#define IPV6_PAYLOAD 54u		/* where it begins */

static const struct mac virtual4 = { { 0x00, 0x00, 0x5e, 0x00, 0x01, 0x07 } };
static const struct mac virtual6 = { { 0x00, 0x00, 0x5e, 0x00, 0x02, 0x07 } };

static struct ip
address(const char *text)
{
	struct ip ip;

	assert_true(ip_parse(text, &ip));
	return ip;
}

static void
test_gratuitous_arp_is_broadcast_from_and_for_the_address(void **state UNUSED)
{
	static const uint8_t expected[] = {
		0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x00, 0x00, 0x5e, 0x00, 0x01, 0x07, 0x08, 0x06,
		0x00, 0x01, 0x08, 0x00, 0x06, 0x04, 0x00, 0x01,
		0x00, 0x00, 0x5e, 0x00, 0x01, 0x07, 0xc0, 0x00, 0x02, 0x0a,
		0x00, 0x00, 0x5e, 0x00, 0x01, 0x07, 0xc0, 0x00, 0x02, 0x0a,
	};
	struct ip ip = address("192.0.2.10");
	uint8_t frame[ANNOUNCE_NEIGHBOUR_SIZE], same[ANNOUNCE_NEIGHBOUR_SIZE];

	assert_int_equal(announce_arp(&virtual4, &ip, false, frame), sizeof(expected));
	assert_memory_equal(frame, expected, sizeof(expected));
	assert_int_equal(announce_encode(&virtual4, &ip, same), sizeof(expected));
	assert_memory_equal(same, expected, sizeof(expected));
}

static void
test_reply_form_differs_in_its_operation_only(void **state UNUSED)
{
	struct ip ip = address("192.0.2.10");
	uint8_t request[ANNOUNCE_ARP_SIZE], reply[ANNOUNCE_ARP_SIZE];

	assert_int_equal(announce_arp(&virtual4, &ip, false, request), ANNOUNCE_ARP_SIZE);
	assert_int_equal(announce_arp(&virtual4, &ip, true, reply), ANNOUNCE_ARP_SIZE);
	assert_int_equal(reply[21], 2);
	reply[21] = 1;
	assert_memory_equal(request, reply, ANNOUNCE_ARP_SIZE);
}

static void
test_neighbour_advertisement_is_what_others_send(void **state UNUSED)
{
	static const struct mac host = { { 0x02, 0, 0, 0, 0, 0x0a } };
	struct ip link_local = address("fe80::7"), global = address("2001:db8::7");
	uint8_t expected[CAPTURED_MAX], frame[ANNOUNCE_NEIGHBOUR_SIZE];
	size_t length = captured(KEEPALIVED_NEIGHBOUR, expected);

	assert_int_equal(announce_neighbour(&host, &link_local, false, frame), length);
	assert_memory_equal(frame, expected, length);

	length = captured(FRR_NEIGHBOUR, expected);
	assert_int_equal(announce_neighbour(&virtual6, &global, true, frame), length);
	assert_memory_equal(frame, expected, length);
	memset(frame, 0, sizeof(frame));
	assert_int_equal(announce_encode(&virtual6, &global, frame), length);
	assert_memory_equal(frame, expected, length);
}

/* FRR writes the link-layer option last and sets a flow label; all else is the same. */
static void
test_router_advertisement_says_what_frr_says(void **state UNUSED)
{
	const struct announce_prefix prefix = {
		.prefix = { address("2001:db8::"), 64 }, .on_link = true, .autonomous = true,
		.valid_lifetime = 2592000, .preferred_lifetime = 604800,
	};
	const struct announce_router router = {
		.mac = virtual6, .source = address("fe80::7"), .hop_limit = 64, .lifetime = 48,
		.prefixes = &prefix, .prefix_count = 1,
	};
	uint8_t theirs[CAPTURED_MAX], expected[CAPTURED_MAX], frame[ANNOUNCE_ROUTER_MAX];
	size_t length = captured(FRR_ROUTER, theirs);

	memcpy(expected, theirs, length);
	memset(expected + 15, 0, 3);
	memcpy(expected + IPV6_PAYLOAD + 16, theirs + IPV6_PAYLOAD + 16 + 32, 8);
	memcpy(expected + IPV6_PAYLOAD + 24, theirs + IPV6_PAYLOAD + 16, 32);
	assert_int_equal(announce_router(&router, frame), length);
	assert_memory_equal(frame, expected, length);
}

/* The sum over pseudo-header and message, RFC 4443 2.3; all ones when the checksum is right. */
static unsigned
icmpv6_sum(const uint8_t *frame, size_t length)
{
	unsigned sum = 58 + (unsigned)(length - IPV6_PAYLOAD);

	for (size_t i = 22; i < length; i += 2)
		sum += (unsigned)(frame[i] << 8 | frame[i + 1]);
	while (sum > 0xffff)
		sum = (sum & 0xffff) + (sum >> 16);
	return sum;
}

/* RFC 4861 4.2, 4.6.2, 4.6.4, written down by hand. */
static void
test_router_advertisement_carries_each_option(void **state UNUSED)
{
	static const uint8_t expected[] = {
		0x00, 0xc0, 0x00, 0x00, 0, 0, 0, 0, 0, 0, 0, 0,
		1, 1, 0x00, 0x00, 0x5e, 0x00, 0x02, 0x07,
		5, 1, 0, 0, 0, 0, 0x05, 0xc8,
		3, 4, 61, 0x40, 0xff, 0xff, 0xff, 0xff, 0, 0, 0, 1, 0, 0, 0, 0,
		0x20, 0x01, 0x0d, 0xb8, 0xff, 0xff, 0xff, 0xf8, 0, 0, 0, 0, 0, 0, 0, 0,
		3, 4, 128, 0x80, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0,
		0x20, 0x01, 0x0d, 0xb8, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff,
	};
	const struct announce_prefix prefixes[] = {
		{
			.prefix = { address("2001:db8:ffff:ffff:ffff::1"), 61 },
			.autonomous = true,
			.valid_lifetime = UINT32_MAX, .preferred_lifetime = 1,
		},
		{ .prefix = { address("2001:db8::ff"), 128 }, .on_link = true },
	};
	const struct announce_router router = {
		.mac = virtual6, .source = address("fe80::7"), .managed = true, .other = true,
		.mtu = 1480, .prefixes = prefixes, .prefix_count = ARRAY_SIZE(prefixes),
	};
	uint8_t frame[ANNOUNCE_ROUTER_MAX];
	size_t length = announce_router(&router, frame);

	assert_int_equal(length, IPV6_PAYLOAD + 4 + sizeof(expected));
	assert_memory_equal(frame + IPV6_PAYLOAD + 4, expected, sizeof(expected));
	assert_memory_equal(frame + IPV6_PAYLOAD, "\x86\0", 2);
	assert_int_equal(frame[21], 255);
	assert_int_equal(icmpv6_sum(frame, length), 0xffff);
}

static void
test_largest_router_advertisement_fits(void **state UNUSED)
{
	struct announce_prefix prefixes[ANNOUNCE_PREFIXES_MAX];
	const struct announce_router router = {
		.mac = virtual6, .source = address("fe80::7"), .mtu = 9000,
		.prefixes = prefixes, .prefix_count = ANNOUNCE_PREFIXES_MAX,
	};
	uint8_t frame[ANNOUNCE_ROUTER_MAX];

	for (unsigned i = 0; i < ANNOUNCE_PREFIXES_MAX; i++)
		prefixes[i] = (struct announce_prefix){ .prefix = { address("::"), 0 } };
	assert_int_equal(announce_router(&router, frame), ANNOUNCE_ROUTER_MAX);
	assert_int_equal(icmpv6_sum(frame, ANNOUNCE_ROUTER_MAX), 0xffff);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_gratuitous_arp_is_broadcast_from_and_for_the_address),
		cmocka_unit_test(test_reply_form_differs_in_its_operation_only),
		cmocka_unit_test(test_neighbour_advertisement_is_what_others_send),
		cmocka_unit_test(test_router_advertisement_says_what_frr_says),
		cmocka_unit_test(test_router_advertisement_carries_each_option),
		cmocka_unit_test(test_largest_router_advertisement_fits),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
