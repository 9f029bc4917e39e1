/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Addresses, prefixes and MACs: what is parsed, what is refused, how they compare.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

#include "base/inet.h"

static struct ip
ip(const char *text)
{
	struct ip parsed;

	if (!ip_parse(text, &parsed))
		fail_msg("%s", text);
	return parsed;
}

static struct prefix
prefix(const char *text)
{
	struct prefix parsed;

	if (!prefix_parse(text, &parsed))
		fail_msg("%s", text);
	return parsed;
}

static void
test_addresses_print_as_they_parse(void **state UNUSED)
{
	static const char *const texts[] = {
		"0.0.0.0", "10.0.0.1", "255.255.255.255", "::", "fe80::1", "2001:db8::10:0:1",
		"::ffff:10.0.0.1",
	};

	for (size_t i = 0; i < ARRAY_SIZE(texts); i++) {
		struct ip parsed = ip(texts[i]);
		char text[IP_TEXT_SIZE];

		assert_string_equal(ip_text(&parsed, text), texts[i]);
		assert_int_equal(ip_size(&parsed), strchr(texts[i], ':') ? 16 : 4);
	}
}

static void
test_no_address_prints_as_none(void **state UNUSED)
{
	const struct ip none = { 0 };
	char text[IP_TEXT_SIZE];

	assert_string_equal(ip_text(&none, text), "none");
	assert_int_equal(ip_size(&none), 0);
}

static void
test_text_that_is_no_address_leaves_the_result_alone(void **state UNUSED)
{
	static const char *const texts[] = {
		"", "10", "10.0.0", "10.0.0.256", "10.0.0.1 ", " 10.0.0.1", "10.0.0.1/24",
		"fe80::1%eth0", "1::2::3", "router",
	};

	for (size_t i = 0; i < ARRAY_SIZE(texts); i++) {
		struct ip result = ip("192.0.2.1");
		const struct ip before = result;

		assert_false(ip_parse(texts[i], &result));
		assert_memory_equal(&result, &before, sizeof(before));
	}
}

static void
test_prefixes_keep_their_host_bits(void **state UNUSED)
{
	static const struct {
		const char *in;
		const char *out;
	} cases[] = {
		{ "10.0.0.1/24", "10.0.0.1/24" },
		{ "10.0.0.1", "10.0.0.1/32" },
		{ "10.0.0.1/0", "10.0.0.1/0" },
		{ "fe80::1", "fe80::1/128" },
		{ "2001:db8::1/64", "2001:db8::1/64" },
	};

	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		struct prefix parsed = prefix(cases[i].in);
		char text[PREFIX_TEXT_SIZE];

		assert_string_equal(prefix_text(&parsed, text), cases[i].out);
	}
}

static void
test_wrong_prefix_lengths_are_refused(void **state UNUSED)
{
	static const char *const texts[] = {
		"10.0.0.1/", "10.0.0.1/33", "10.0.0.1/-1", "10.0.0.1/+1", "10.0.0.1/8x",
		"10.0.0.1/ 8", "10.0.0.1/0000", "10.0.0.1/99999999999999999999", "fe80::1/129",
		"/24", "10.0.0.1/24/24", "",
		"1111:2222:3333:4444:5555:6666:7777:8888:9999:aaaa:bbbb/64",
	};

	for (size_t i = 0; i < ARRAY_SIZE(texts); i++) {
		struct prefix result;

		if (prefix_parse(texts[i], &result))
			fail_msg("accepted: %s", texts[i]);
	}
}

static void
test_macs_print_as_they_parse(void **state UNUSED)
{
	struct mac mac;
	char text[MAC_TEXT_SIZE];

	assert_true(mac_parse("00:00:5E:00:01:fF", &mac));
	assert_string_equal(mac_text(&mac, text), "00:00:5e:00:01:ff");
	assert_false(mac_is_zero(&mac));
	assert_true(mac_parse("00:00:00:00:00:00", &mac));
	assert_true(mac_is_zero(&mac));
}

static void
test_text_that_is_no_mac_is_refused(void **state UNUSED)
{
	static const char *const texts[] = {
		"", "00:00:5e:00:01", "00:00:5e:00:01:07:08", "0:0:5e:0:1:7", "00-00-5e-00-01-07",
		"00:00:5e:00:01:0g", "00:00:5e:00:01:07 ", "00005e000107",
	};

	for (size_t i = 0; i < ARRAY_SIZE(texts); i++) {
		struct mac mac;

		if (mac_parse(texts[i], &mac))
			fail_msg("accepted: %s", texts[i]);
	}
}

/* As unsigned numbers, first byte first; 200.0.0.1 is more than 100.0.0.2. */
static void
test_order_is_that_of_unsigned_numbers(void **state UNUSED)
{
	static const char *const ascending[] = {
		"0.0.0.0", "9.255.255.255", "10.0.0.9", "10.0.0.10", "127.0.0.1", "128.0.0.0",
		"200.0.0.1", "255.255.255.255", "::", "fe80::1", "fe80::2", "ff02::1",
	};

	for (size_t i = 0; i < ARRAY_SIZE(ascending); i++)
		for (size_t j = 0; j < ARRAY_SIZE(ascending); j++) {
			struct ip a = ip(ascending[i]), b = ip(ascending[j]);
			int order = ip_compare(&a, &b);

			assert_int_equal((order > 0) - (order < 0), (i > j) - (i < j));
			assert_int_equal(ip_equal(&a, &b), i == j);
		}
}

static void
test_prefix_contains_its_network_and_nothing_else(void **state UNUSED)
{
	static const struct {
		const char *prefix;
		const char *ip;
		bool contains;
	} cases[] = {
		{ "10.0.0.1/24", "10.0.0.255", true },
		{ "10.0.0.1/24", "10.0.1.0", false },
		{ "10.100.105.177/28", "10.100.105.190", true },
		{ "10.100.105.177/28", "10.100.105.192", false },
		{ "10.0.0.1/0", "200.1.2.3", true },
		{ "10.0.0.1/0", "fe80::1", false },
		{ "10.0.0.1/32", "10.0.0.1", true },
		{ "10.0.0.1/32", "10.0.0.0", false },
		{ "2001:db8::/61", "2001:db8:0:7::1", true },
		{ "2001:db8::/61", "2001:db8:0:8::1", false },
	};

	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		struct prefix p = prefix(cases[i].prefix);
		struct ip inside = ip(cases[i].ip);

		assert_int_equal(prefix_contains(&p, &inside), cases[i].contains);
	}
	assert_false(prefix_contains(&(struct prefix){ 0 }, &(struct ip){ 0 }));
}

static void
test_same_network_needs_the_same_length(void **state UNUSED)
{
	struct prefix a = prefix("10.0.0.1/24"), b = prefix("10.0.0.2/24");
	struct prefix c = prefix("10.0.0.1/25"), d = prefix("10.0.1.1/24");

	assert_true(prefix_same_network(&a, &b));
	assert_false(prefix_equal(&a, &b));
	assert_false(prefix_same_network(&a, &c));
	assert_false(prefix_equal(&a, &c));
	assert_false(prefix_same_network(&a, &d));
	assert_true(prefix_equal(&a, &a));
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_addresses_print_as_they_parse),
		cmocka_unit_test(test_no_address_prints_as_none),
		cmocka_unit_test(test_text_that_is_no_address_leaves_the_result_alone),
		cmocka_unit_test(test_prefixes_keep_their_host_bits),
		cmocka_unit_test(test_wrong_prefix_lengths_are_refused),
		cmocka_unit_test(test_macs_print_as_they_parse),
		cmocka_unit_test(test_text_that_is_no_mac_is_refused),
		cmocka_unit_test(test_order_is_that_of_unsigned_numbers),
		cmocka_unit_test(test_prefix_contains_its_network_and_nothing_else),
		cmocka_unit_test(test_same_network_needs_the_same_length),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
