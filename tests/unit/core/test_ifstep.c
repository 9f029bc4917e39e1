/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Steps in words: operators read them when the kernel refused one.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

#include "core/ifstep.h"

static struct prefix
prefix4(uint8_t a, uint8_t b, uint8_t c, uint8_t d, uint8_t length)
{
	return (struct prefix){ .ip = { .family = 4, .bytes = { a, b, c, d } }, .length = length };
}

static void
check(struct ifstep step, const char *words)
{
	char text[128];

	ifstep_text(&step, text, sizeof(text));
	assert_string_equal(text, words);
}

static void
test_every_kind_of_step_has_words(void **state UNUSED)
{
	for (enum ifstep_kind kind = 0; kind < IFSTEP_KINDS; kind++) {
		struct ifstep step = { .kind = kind };
		char text[128] = "";

		ifstep_text(&step, text, sizeof(text));
		assert_true(strlen(text) > 8);
	}
}

static void
test_words_name_what_the_kernel_may_refuse(void **state UNUSED)
{
	const struct prefix prefix = prefix4(10, 0, 0, 1, 24);
	const struct mac mac = { { 0, 0, 0x5e, 0, 1, 7 } };

	check((struct ifstep){ .kind = IFSTEP_CREATE_VIF, .vlan = 10 },
	      "create the vif of VLAN 10");
	check((struct ifstep){ .kind = IFSTEP_CREATE_VIRTUAL, .mac = mac },
	      "create the virtual link for 00:00:5e:00:01:07");
	check((struct ifstep){ .kind = IFSTEP_SET_MTU, .mtu = 9000 }, "set mtu 9000");
	check((struct ifstep){ .kind = IFSTEP_SET_MAC, .mac = mac }, "set mac 00:00:5e:00:01:07");
	check((struct ifstep){ .kind = IFSTEP_ANNOUNCE, .prefix = prefix }, "announce 10.0.0.1");
	check((struct ifstep){ .kind = IFSTEP_ADD_ADDRESS, .prefix = prefix },
	      "add address 10.0.0.1/24");
	check((struct ifstep){ .kind = IFSTEP_REMOVE_ADDRESS, .prefix = prefix },
	      "remove address 10.0.0.1/24");
	check((struct ifstep){ .kind = IFSTEP_ADD_LOCAL, .prefix = prefix },
	      "add the local route of 10.0.0.1/24");
	check((struct ifstep){ .kind = IFSTEP_SILENCE_ADDRESS, .prefix = prefix },
	      "remove the local route of 10.0.0.1/24");
	check((struct ifstep){ .kind = IFSTEP_WRITE_TUNE, .tune = TUNE_ACCEPT_RA, .value = 2 },
	      "set ipv6 accept_ra 2");
	check((struct ifstep){ .kind = IFSTEP_SET_PORT, .port = { .speed = 100, .half = true } },
	      "set speed 100 Mbit/s, duplex half");
}

static void
test_words_tell_two_ways_of_a_kind_apart(void **state UNUSED)
{
	const struct ifroute route = { .destination = prefix4(10, 9, 0, 0, 16), .table = 254 };
	const struct ifrule rule = { .priority = 100, .table = 9 };

	check((struct ifstep){ .kind = IFSTEP_SET_MASTER }, "leave its bond or switch");
	check((struct ifstep){ .kind = IFSTEP_SET_MASTER, .other = 3 }, "join its bond or switch");
	check((struct ifstep){ .kind = IFSTEP_SET_BOND, .parts = BOND_PART_MODE,
	                       .bond = { .mode = BOND_LACP } }, "set the bond's mode to lacp");
	check((struct ifstep){ .kind = IFSTEP_SET_BOND, .parts = BOND_PART_LACP },
	      "set lacp-options");
	check((struct ifstep){ .kind = IFSTEP_SET_SWITCH, .parts = SWITCH_PART_FILTERING },
	      "let the switch keep VLANs apart");
	check((struct ifstep){ .kind = IFSTEP_SET_SWITCH, .parts = SWITCH_PART_AGING },
	      "set the switch's options");
	check((struct ifstep){ .kind = IFSTEP_ADD_VLANS, .vlans = { .first = 5, .last = 5 } },
	      "carry VLAN 5");
	check((struct ifstep){ .kind = IFSTEP_REMOVE_VLANS, .vlans = { .first = 5, .last = 9 } },
	      "carry no longer VLANs 5 to 9");
	check((struct ifstep){ .kind = IFSTEP_ADD_ROUTE, .route = route },
	      "add the route to 10.9.0.0/16 in table 254");
	check((struct ifstep){ .kind = IFSTEP_REMOVE_ROUTE, .route = route },
	      "remove the route to 10.9.0.0/16 in table 254");
	check((struct ifstep){ .kind = IFSTEP_ADD_RULE, .rule = rule }, "add rule 100 to table 9");
	check((struct ifstep){ .kind = IFSTEP_REMOVE_RULE, .rule = rule },
	      "remove rule 100 to table 9");
}

static void
test_key_tells_apart_what_steps_ask_for(void **state UNUSED)
{
	const struct ifstep one = { .kind = IFSTEP_SET_MTU, .index = 3, .mtu = 1500 };
	struct ifstep other = one;

	other.lease = 7;			/* says nothing about what is asked for */
	assert_true(ifstep_key(&one) == ifstep_key(&other));
	other.mtu = 9000;
	assert_true(ifstep_key(&one) != ifstep_key(&other));
	other = one;
	other.kind = IFSTEP_ADD_VLANS;
	assert_true(ifstep_key(&one) != ifstep_key(&other));
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_every_kind_of_step_has_words),
		cmocka_unit_test(test_words_name_what_the_kernel_may_refuse),
		cmocka_unit_test(test_words_tell_two_ways_of_a_kind_apart),
		cmocka_unit_test(test_key_tells_apart_what_steps_ask_for),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
