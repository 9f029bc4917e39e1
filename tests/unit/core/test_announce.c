/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Gratuitous ARP frames, compared byte by byte with RFC 5227's and RFC 9568's description.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include "core/announce.h"

/* RFC 826 layout with the rules of RFC 5944 4.6, written down by hand. */
static void
test_gratuitous_arp_is_broadcast_from_and_for_the_address(void **state UNUSED)
{
	static const uint8_t expected[] = {
		0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x00, 0x00, 0x5e, 0x00, 0x01, 0x07, 0x08, 0x06,
		0x00, 0x01, 0x08, 0x00, 0x06, 0x04, 0x00, 0x01,
		0x00, 0x00, 0x5e, 0x00, 0x01, 0x07, 0xc0, 0x00, 0x02, 0x0a,
		0x00, 0x00, 0x5e, 0x00, 0x01, 0x07, 0xc0, 0x00, 0x02, 0x0a,
	};
	const struct mac mac = { { 0x00, 0x00, 0x5e, 0x00, 0x01, 0x07 } };
	const struct ip ip = ip_from_v4((const uint8_t[]){ 192, 0, 2, 10 });
	uint8_t frame[ANNOUNCE_FRAME_IPV4];

	assert_int_equal(announce_encode(&mac, &ip, frame), sizeof(expected));
	assert_memory_equal(frame, expected, sizeof(expected));
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_gratuitous_arp_is_broadcast_from_and_for_the_address),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
