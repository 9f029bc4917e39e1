/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Advice about addresses and networks: what it is given for, and the sound configurations beside
 * it, about which it says nothing.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "sample.h"
#include "sound.h"

#define ETH "interfaces dataplane eth1"

static void
test_l15_address_without_a_network(void **state)
{
	(void)state;
	sample_expect(SOUND "set " GROUP " virtual-address 10.9.0.1",
	              "W line 5: " GROUP " virtual-address '10.9.0.1': is in no network of "
	              "dp0bond0 and has no length", "or with /32 if it stands alone [L15]");
	sample_expect(SOUND "set " GROUP " excluded-address 10.9.0.1",
	              "W line 5: " GROUP " excluded-address '10.9.0.1': is in no network", "[L15]");
	/* One of the interface's network, of a network of its own, and one that is meant so. */
	sample_expect_none(SOUND "set " GROUP " virtual-address 10.0.0.9", "W ");
	sample_expect_none(SOUND "set " GROUP " virtual-address 10.9.0.1/28", "W ");
	sample_expect_none(SOUND "set " GROUP " virtual-address 10.9.0.1/32", "W ");
	sample_expect_none(SOUND "set " GROUP " virtual-address 10.9.0.1/28\n"
	                   "set " GROUP " virtual-address 10.9.0.2", "W ");
	sample_expect_none(SOUND_BOTH "set " BOND " address 2001:db8::2/64\n"
	                   "set " GROUP " virtual-address 2001:db8::1", "W ");
}

/* Where nothing is known of an interface's networks, nothing is said of them. */
static void
test_l15_is_silent_where_addresses_come_from_elsewhere(void **state)
{
	(void)state;
	sample_expect_none("set " GROUP " virtual-address 10.9.0.1", "[L15]");
	sample_expect_none(SOUND_BOTH "set " GROUP " virtual-address 2001:db8::1", "[L15]");
	sample_expect_none(SOUND "set " GROUP " virtual-address 10.9.0.1\n"
	                   "set " GROUP " virtual-route 10.9.0.0/24 interface dp0bond0", "[L15]");
	sample_expect_none(SOUND "set " GROUP " virtual-address 10.9.0.1\n"
	                   "set " GROUP " disable", "[L15]");
}

static void
test_l16_address_of_the_network_of_another_interface(void **state)
{
	(void)state;
	sample_expect(SOUND "set " ETH " address 10.9.0.2/24\n"
	              "set " GROUP " virtual-address 10.9.0.1",
	              "W line 6: " GROUP " virtual-address '10.9.0.1': is in the network of "
	              "10.9.0.2/24 on eth1, not of dp0bond0", "[L16]");
	sample_expect(SOUND "set " ETH " address 10.9.0.2/24\n"
	              "set " GROUP " virtual-address 10.9.0.1/24", "W line 6: ", "[L16]");
	sample_expect_none(SOUND "set " ETH " address 10.9.0.2/24\n"
	                   "set " GROUP " virtual-address 10.9.0.1", "[L15]");
	/* Placed where it belongs. */
	sample_expect_none(SOUND "set " ETH " address 10.9.0.2/24\n"
	                   "set " GROUP " virtual-address 10.9.0.1/24\n"
	                   "set " GROUP " virtual-address-interface 10.9.0.1 interface eth1", "W ");
	/* A part of a wider network that is reached elsewhere, and one that is its own, too. */
	sample_expect_none(SOUND "set " ETH " address 10.9.0.2/16\n"
	                   "set " GROUP " virtual-address 10.9.0.1/24", "W ");
	sample_expect_none(SOUND "set " ETH " address 10.9.0.2/24\n"
	                   "set " BOND " address 10.9.0.3/24\n"
	                   "set " GROUP " virtual-address 10.9.0.1/24", "W ");
}

static void
test_l17_one_number_twice_in_a_network(void **state)
{
	const char *other = "set " ETH " vrrp vrrp-group 1 virtual-address 10.0.0.5/24\n"
		"set " ETH " vrrp vrrp-group 1 preempt false\n"
		"set " ETH " vrrp vrrp-group 1 sync-group S\n";
	char text[1024];

	(void)state;
	snprintf(text, sizeof(text), SOUND "set " ETH " address 10.0.0.4/24\n%s", other);
	sample_expect(text, "W line 6: " ETH " vrrp vrrp-group 1: dp0bond0 has a group of this "
	              "number, too", "[L17]");
	snprintf(text, sizeof(text), SOUND "set " ETH " address 10.0.1.4/24\n"
	         "set " ETH " address fe80::7/64\nset " BOND " address fe80::8/64\n%s", other);
	sample_expect_none(text, "[L17]");
	snprintf(text, sizeof(text), SOUND "set " ETH " address 10.0.0.4/24\n%s"
	         "set " ETH " vrrp vrrp-group 1 disable", other);
	sample_expect_none(text, "[L17]");
}

static void
test_l43_two_interfaces_in_one_network(void **state)
{
	const char *second = "set " ETH " address 10.0.0.4/24\n"
		"set " ETH " vrrp vrrp-group 2 virtual-address 10.0.0.5/24\n"
		"set " ETH " vrrp vrrp-group 2 preempt false\n"
		"set " ETH " vrrp vrrp-group 2 sync-group S\n";
	char text[1024];

	(void)state;
	snprintf(text, sizeof(text), SOUND "%s", second);
	sample_expect(text, "W line 5: " ETH " address '10.0.0.4/24': is in the network of "
	              "10.0.0.2/24 on dp0bond0, and both have groups", "[L43]");
	/* An interface between them that is there by a virtual address only. */
	snprintf(text, sizeof(text), SOUND "%sset interfaces dataplane dp0a vrrp vrrp-group 3 "
	         "virtual-address 10.0.0.9/24", second);
	sample_expect(text, "W line 5: " ETH " address '10.0.0.4/24': ", "[L43]");
	snprintf(text, sizeof(text), SOUND "%sset " GROUP " virtual-rule 1 from 10.0.0.1/32\n"
	         "set " GROUP " virtual-rule 1 table 9", second);
	sample_expect_none(text, "[L43]");
	snprintf(text, sizeof(text), SOUND "%sset " ETH " disable", second);
	sample_expect_none(text, "[L43]");
	snprintf(text, sizeof(text), SOUND "%sset " ETH " vrrp vrrp-group 2 disable", second);
	sample_expect_none(text, "[L43]");
	snprintf(text, sizeof(text), SOUND "%sset " ETH " vrrp vrrp-group 1 virtual-address "
	         "10.0.0.6", second);
	sample_expect(text, "W line 9: ", "[L17]");
	sample_expect_none(text, "[L43]");
}

static void
test_l18_length_shorter_than_the_interface_has(void **state)
{
	(void)state;
	sample_expect(SOUND "set " GROUP " virtual-address 10.0.0.9/16",
	              "W line 5: " GROUP " virtual-address '10.0.0.9/16': has a shorter length "
	              "than 10.0.0.2/24 on dp0bond0", "[L18]");
	sample_expect_none(SOUND "set " GROUP " virtual-address 10.0.0.9/28", "W ");
	/* A small network for the routers alone, outside or inside that of the hosts. */
	sample_expect_none(SOUND "set " VIF " address 10.1.0.253/30\n"
	                   "set " VIF " vrrp vrrp-group 2 virtual-address 10.1.0.1/24\n"
	                   "set " VIF " vrrp vrrp-group 2 preempt false\n"
	                   "set " VIF " vrrp vrrp-group 2 sync-group S\n", "W ");
}

static void
test_l19_first_and_last_address_of_a_network(void **state)
{
	(void)state;
	sample_expect(SOUND "set " GROUP " virtual-address 10.0.0.0/24",
	              "W line 5: " GROUP " virtual-address '10.0.0.0/24': is the first address",
	              "[L19]");
	sample_expect(SOUND "set " BOND " address 10.5.0.255/24",
	              "W line 5: " BOND " address '10.5.0.255/24': is the broadcast address",
	              "[L19]");
	sample_expect_none(SOUND "set " BOND " address 10.5.0.0/31", "W ");
	sample_expect_none(SOUND "set " BOND " address 10.5.0.255/16", "W ");
	sample_expect_none(SOUND "set " GROUP " virtual-address 10.0.0.255/32", "W ");
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_l15_address_without_a_network),
		cmocka_unit_test(test_l15_is_silent_where_addresses_come_from_elsewhere),
		cmocka_unit_test(test_l16_address_of_the_network_of_another_interface),
		cmocka_unit_test(test_l17_one_number_twice_in_a_network),
		cmocka_unit_test(test_l43_two_interfaces_in_one_network),
		cmocka_unit_test(test_l18_length_shorter_than_the_interface_has),
		cmocka_unit_test(test_l19_first_and_last_address_of_a_network),
	};

	return cmocka_run_group_tests(tests, sample_setup, sample_teardown);
}
