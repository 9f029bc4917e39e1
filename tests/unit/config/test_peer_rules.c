/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Rules of the pair and its door: what they refuse, and what stands just inside.
 */
#include <stdio.h>

#include "sample.h"
#include "sound.h"

#define KEY "0001-0203-0405-0607-0809-0a0b-0c0d-0e0f-1011-1213-1415-1617-1819-1a1b-1c1d-1e1f"
#define PAIR "set system pair fingerprint " KEY "\nset system pair remote-address 10.0.0.3\n"
#define HTTPS "set service https\n"

static void
test_pair_with_a_door_has_no_problems(void **state)
{
	(void)state;
	sample_expect_none(SOUND PAIR HTTPS, "E ");
	sample_expect_none(SOUND PAIR HTTPS "set system pair remote-address 2001:db8::2\n"
	                   "set system pair port 8443\nset service https port 8443\n"
	                   "set service https listen-address 10.0.0.2", "W ");
}

static void
test_q1_pair_is_complete(void **state)
{
	(void)state;
	sample_expect(SOUND "set system pair fingerprint " KEY,
	              "E line 5: system pair: remote-address is missing", "[Q1]");
	sample_expect(SOUND "set system pair remote-address 10.0.0.3",
	              "E line 5: system pair: fingerprint is missing", "[Q1]");
	sample_expect(SOUND "set system pair port 8443",
	              "E line 5: system pair: fingerprint is missing", "[Q1]");
	sample_expect(SOUND PAIR HTTPS "set system pair remote-address 10.0.0.4\n"
	              "set system pair remote-address 10.0.0.5\n"
	              "set system pair remote-address 10.0.0.6\n"
	              "set system pair remote-address 10.0.0.7", "E ", "[Q1]");
	sample_expect_none(SOUND, "[Q1]");
}

static void
test_q2_addresses_are_those_of_routers(void **state)
{
	static const char *const wrong[] = { "127.0.0.1", "224.0.0.18", "0.0.0.0", "::1",
	                                     "fe80::2", "ff02::12", "12::34::56" };
	char text[1024];

	(void)state;
	for (size_t i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++) {
		snprintf(text, sizeof(text), SOUND PAIR HTTPS
		         "set system pair remote-address %s", wrong[i]);
		sample_expect(text, "E line 8: system pair remote-address", "[Q2]");
		snprintf(text, sizeof(text), SOUND PAIR "set service https listen-address %s",
		         wrong[i]);
		sample_expect(text, "E line 7: service https listen-address", "[Q2]");
	}
	sample_expect(SOUND PAIR HTTPS "set system pair remote-address 10.0.0.2",
	              "E line 8: system pair remote-address", "an address of this router itself");
	sample_expect(SOUND PAIR HTTPS "set system pair remote-address 10.0.0.1",
	              "E line 8: system pair remote-address", "a virtual address of this router");
}

static void
test_fingerprint_has_one_form(void **state)
{
	(void)state;
	sample_expect(SOUND "set system pair fingerprint 0001",
	              "E line 5: system pair fingerprint", "show pair");
}

static void
test_w6_door_without_a_pair_serves_nobody(void **state)
{
	(void)state;
	sample_expect(SOUND HTTPS, "W line 5: service https: serves nobody", "[W6]");
}

static void
test_w7_pair_without_a_door_is_one_sided(void **state)
{
	(void)state;
	sample_expect(SOUND PAIR, "W line 5: system pair: the other router cannot read", "[W7]");
}

int
main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_pair_with_a_door_has_no_problems),
		cmocka_unit_test(test_q1_pair_is_complete),
		cmocka_unit_test(test_q2_addresses_are_those_of_routers),
		cmocka_unit_test(test_fingerprint_has_one_form),
		cmocka_unit_test(test_w6_door_without_a_pair_serves_nobody),
		cmocka_unit_test(test_w7_pair_without_a_door_is_one_sided),
	};

	return cmocka_run_group_tests(tests, sample_setup, sample_teardown);
}
