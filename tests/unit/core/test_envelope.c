/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Headers and checksum, by the examples of RFC 1071, 1112 and 2464; whole frames: test_advert.c. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include "core/envelope.h"

static struct ip
address(const char *text)
{
	struct ip ip;

	assert_true(ip_parse(text, &ip));
	return ip;
}

/* RFC 1071 3: these bytes add up to ddf2; an odd one is the high half of a word. */
static void
test_sum_is_that_of_the_rfc(void **state UNUSED)
{
	static const uint8_t bytes[] = { 0x00, 0x01, 0xf2, 0x03, 0xf4, 0xf5, 0xf6, 0xf7, 0x10 };

	assert_int_equal(envelope_sum(0, bytes, 8), 0xffff ^ 0xddf2);
	assert_int_equal(envelope_sum(0, bytes, 9), 0xffff ^ 0xedf2);
	assert_int_equal(envelope_sum(0, bytes, 0), 0xffff);
}

static void
test_sealed_bytes_sum_up_to_zero(void **state UNUSED)
{
	uint8_t bytes[] = { 0x12, 0x34, 0, 0, 0xff, 0xff, 0x80 };
	struct ip from = address("2001:db8::1"), to = address("ff02::1");
	uint32_t pseudo = envelope_pseudo(&from, &to, 58, sizeof(bytes));

	envelope_seal(pseudo, bytes, sizeof(bytes), 2);
	assert_int_equal(envelope_sum(pseudo, bytes, sizeof(bytes)), 0);
	assert_int_not_equal(envelope_sum(0, bytes, sizeof(bytes)), 0);
}

static void
test_multicast_goes_to_the_ethernet_address_of_its_group(void **state UNUSED)
{
	static const struct {
		const char *source, *destination;
		uint8_t mac[6];
	} cases[] = {
		{ "192.0.2.1", "224.0.0.18", { 0x01, 0x00, 0x5e, 0x00, 0x00, 0x12 } },
		{ "192.0.2.1", "239.255.1.2", { 0x01, 0x00, 0x5e, 0x7f, 0x01, 0x02 } },
		{ "192.0.2.1", "192.0.2.2", { 0 } },
		{ "192.0.2.1", "240.0.0.1", { 0 } },
		{ "fe80::1", "ff02::12", { 0x33, 0x33, 0x00, 0x00, 0x00, 0x12 } },
		{ "fe80::1", "ff02::1:ff00:7", { 0x33, 0x33, 0xff, 0x00, 0x00, 0x07 } },
		{ "fe80::1", "fe80::2", { 0 } },
	};

	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		uint8_t frame[64];
		struct writer w = writer_over(frame, sizeof(frame));
		const struct envelope envelope = {
			.source = address(cases[i].source),
			.destination = address(cases[i].destination),
		};

		envelope_write(&w, &envelope, 0);
		assert_false(w.overflow);
		assert_memory_equal(frame, cases[i].mac, 6);
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_sum_is_that_of_the_rfc),
		cmocka_unit_test(test_sealed_bytes_sum_up_to_zero),
		cmocka_unit_test(test_multicast_goes_to_the_ethernet_address_of_its_group),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
