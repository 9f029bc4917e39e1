/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What an interface's layers are told to do: what cannot be, and what becomes of the rest.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "sample.h"

#define PORT "interfaces dataplane dp0s1"
#define OTHER "interfaces dataplane dp0s2"
#define PORT_UP "set " PORT " address 10.0.0.2/24\n"
#define GROUP PORT " vrrp vrrp-group 1"
#define GROUP_UP PORT_UP "set " GROUP " virtual-address 10.0.0.1/24\n"

static void
test_i20_disabled_ipv6_has_no_addresses(void **state)
{
	(void)state;
	sample_expect(PORT_UP "set " PORT " ipv6 disable\nset " PORT " address 2001:db8::2/64",
	              "E line 2: " PORT " ipv6 disable: dp0s1 has IPv6 addresses", "[I20]");
	sample_expect("set " PORT " ipv6 disable\nset " PORT " ipv6 address autoconf",
	              "E line 1: " PORT " ipv6 disable: dp0s1 has IPv6 addresses", "[I20]");
	sample_expect(GROUP_UP "set " GROUP " virtual-address fe80::1\nset " GROUP " version 3\n"
	              "set " PORT " ipv6 disable",
	              "E line 5: " PORT " ipv6 disable: dp0s1 has groups", "[I20]");
	sample_expect_none(GROUP_UP "set " PORT " ipv6 disable", "I20");
}

static void
test_i21_half_of_a_fixed_speed_is_refused(void **state)
{
	(void)state;
	sample_expect("set " PORT " duplex full",
	              "E line 1: " PORT " duplex 'full': is fixed without", "[I21]");
	sample_expect("set " PORT " duplex half\nset " PORT " speed 1g",
	              "E line 1: " PORT " duplex 'half': there is no half duplex", "[I21]");
	sample_expect_none("set " PORT " duplex half\nset " PORT " speed 100m", "E ");
	sample_expect_none("set " PORT " duplex auto\nset " PORT " speed auto", "E ");
	sample_expect_none("set " PORT " speed 2.5g", "N5");
}

static void
test_i22_eui64_needs_half_of_an_ipv6_address(void **state)
{
	(void)state;
	sample_expect("set " PORT " ipv6 address eui64 2001:db8::/48",
	              "E line 1: " PORT " ipv6 address eui64 '2001:db8::/48': is no IPv6 network "
	              "of length 64", "[I22]");
	sample_expect("set " PORT " ipv6 address eui64 ff02::/64", "E line 1: ", "[I22]");
	sample_expect("set " PORT " ipv6 address eui64 10.0.0.0/24", "E line 1: ",
	              "must be an IPv6 network");
	sample_expect("set " PORT " ipv6 address eui64 dhcp", "E line 1: ",
	              "must be an IPv6 network");
	sample_expect_none("set " PORT " ipv6 address eui64 2001:db8::/64", "E ");
	sample_expect("set " PORT " ipv6 address eui64 2001:db8::/64\nset " PORT " mtu 1000",
	              "E line 2: " PORT " mtu '1000': IPv6 needs 1280", "[I6]");
}

static void
test_i23_donor_has_an_address_and_borrower_none(void **state)
{
	(void)state;
	sample_expect("set " OTHER " ip unnumbered donor-interface dp0s1",
	              "E line 1: " OTHER " ip unnumbered donor-interface 'dp0s1': is no other "
	              "configured interface", "[I23]");
	sample_expect("set " PORT " mtu 1500\nset " OTHER " ip unnumbered donor-interface dp0s1",
	              "E line 2: ", "[I23]");
	sample_expect(PORT_UP "set " PORT " ip unnumbered donor-interface dp0s1", "E line 2: ",
	              "[I23]");
	sample_expect("set " OTHER " ip unnumbered", "E line 1: " OTHER " ip unnumbered: it is not "
	              "said whose", "[I23]");
	sample_expect(PORT_UP "set " OTHER " ip unnumbered donor-interface dp0s1\n"
	              "set " OTHER " address 10.1.0.1/24", "E line 2: ", "of its own");
	sample_expect_none(PORT_UP "set " OTHER " ip unnumbered donor-interface dp0s1", "E ");
	/* Which is an address to send from. */
	sample_expect_none(PORT_UP "set " OTHER " ip unnumbered donor-interface dp0s1\n"
	                   "set " OTHER " vrrp vrrp-group 2 virtual-address 10.2.0.1", "L5");
}

static void
test_i24_requests_and_replies_are_treated_alike(void **state)
{
	(void)state;
	sample_expect("set " PORT " ip gratuitous-arp request accept\n"
	              "set " PORT " ip gratuitous-arp reply update",
	              "E line 2: " PORT " ip gratuitous-arp reply 'update': Linux treats", "[I24]");
	sample_expect("set " PORT " ip gratuitous-arp request ignore",
	              "W line 1: " PORT " ip gratuitous-arp request 'ignore': holds for gratuitous "
	              "replies", "[W12]");
	sample_expect_none("set " PORT " ip gratuitous-arp request accept\n"
	                   "set " PORT " ip gratuitous-arp reply accept", "gratuitous-arp");
}

static void
test_w10_groups_that_forward_nothing_are_told(void **state)
{
	(void)state;
	sample_expect(GROUP_UP "set " PORT " ip disable-forwarding",
	              "W line 3: " PORT " ip disable-forwarding: the hosts", "[W10]");
	sample_expect_none(PORT_UP "set " PORT " ip disable-forwarding", "W10");
	sample_expect_none(GROUP_UP "set " PORT " ipv6 disable-forwarding", "W10");
	sample_expect_none(GROUP_UP "set " GROUP " disable\nset " PORT " ip disable-forwarding",
	                   "W10");
}

static void
test_w11_strict_check_with_virtual_mac_is_told(void **state)
{
	(void)state;
	sample_expect(GROUP_UP "set " GROUP " rfc-compatibility\nset " PORT " ip rpf-check strict",
	              "W line 4: " PORT " ip rpf-check 'strict': packets to a virtual MAC",
	              "[W11]");
	sample_expect_none(GROUP_UP "set " GROUP " rfc-compatibility\n"
	                   "set " PORT " ip rpf-check loose", "W11");
	sample_expect_none(GROUP_UP "set " PORT " ip rpf-check strict", "W11");
}

/* ---- lift ---- */

static void
expect_tune(const struct link_settings *link, enum tune tune, unsigned value)
{
	assert_true(link->tunes.set >> tune & 1);
	assert_int_equal(link->tunes.values[tune], value);
}

static void
test_words_become_numbers(void **state)
{
	struct settings *s = sample_settings(
		"set " PORT " ip disable-forwarding\n"
		"set " PORT " ip enable-proxy-arp\n"
		"set " PORT " ip gratuitous-arp request ignore\n"
		"set " PORT " ip gratuitous-arp reply ignore\n"
		"set " PORT " ip gratuitous-arp-count 3\n"
		"set " PORT " ip rpf-check loose\n"
		"set " PORT " log_martians\n"
		"set " PORT " disable-link-detect\n"
		"set " PORT " ipv6 address autoconf\n"
		"set " PORT " ipv6 disable-forwarding\n"
		"set " PORT " ipv6 dup-addr-detect-transmits 2\n"
		"set " PORT " speed 2.5g\n"
		"set " OTHER " ip gratuitous-arp-count 0\n"
		"set " OTHER " ip rpf-check disable\n"
		"set " OTHER " ipv6 disable\n"
		"set " OTHER " speed 100m\n"
		"set " OTHER " duplex half\n"
		"set interfaces dataplane dp0s3 speed auto", NULL);
	const struct link_settings *links = settings_links(s);

	(void)state;
	expect_tune(&links[0], TUNE_FORWARDING, 0);
	expect_tune(&links[0], TUNE_PROXY_ARP, 1);
	expect_tune(&links[0], TUNE_ARP_ACCEPT, 0);
	expect_tune(&links[0], TUNE_ARP_DROP, 1);
	expect_tune(&links[0], TUNE_ARP_NOTIFY, 1);
	assert_int_equal(links[0].announcements, 3);
	expect_tune(&links[0], TUNE_RP_FILTER, 2);
	expect_tune(&links[0], TUNE_LOG_MARTIANS, 1);
	expect_tune(&links[0], TUNE_IGNORE_LINKDOWN4, 0);
	expect_tune(&links[0], TUNE_IGNORE_LINKDOWN6, 0);
	expect_tune(&links[0], TUNE_ACCEPT_RA, 2);
	expect_tune(&links[0], TUNE_AUTOCONF, 1);
	expect_tune(&links[0], TUNE_DAD_TRANSMITS, 2);
	assert_true(links[0].no_forwarding6);
	assert_int_equal(links[0].port.mode, PORT_FIXED);
	assert_int_equal(links[0].port.speed, 2500);
	assert_false(links[0].port.half);
	assert_false(links[0].tunes.set >> TUNE_DISABLE_IPV6 & 1);

	expect_tune(&links[1], TUNE_ARP_NOTIFY, 0);
	expect_tune(&links[1], TUNE_RP_FILTER, 0);
	expect_tune(&links[1], TUNE_DISABLE_IPV6, 1);
	assert_int_equal(links[1].announcements, 0);
	assert_int_equal(links[1].port.speed, 100);
	assert_true(links[1].port.half);
	assert_int_equal(links[2].port.mode, PORT_NEGOTIATED);
	assert_int_equal(links[2].tunes.set, 0);
	free(s);
}

static void
test_made_addresses_stand_behind_the_own(void **state)
{
	struct settings *s = sample_settings(
		PORT_UP "set " PORT " address 192.0.2.1/24\n"
		"set " PORT " ipv6 address eui64 2001:db8:1::/64\n"
		"set " PORT " ipv6 address eui64 2001:db8:2::/64\n"
		"set " OTHER " ip unnumbered donor-interface dp0s1", NULL);
	const struct link_settings *links = settings_links(s);
	const struct address_settings *addresses = settings_addresses(s);
	char text[PREFIX_TEXT_SIZE];

	(void)state;
	assert_int_equal(links[0].address_count, 2);
	assert_int_equal(links[0].eui64_count, 2);
	assert_string_equal(prefix_text(&addresses[links[0].address_first + 3].prefix, text),
	                    "2001:db8:2::/64");
	assert_int_equal(links[1].address_count, 1);
	assert_int_equal(links[1].eui64_count, 0);
	assert_string_equal(prefix_text(&addresses[links[1].address_first].prefix, text),
	                    "10.0.0.2/32");
	free(s);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_i20_disabled_ipv6_has_no_addresses),
		cmocka_unit_test(test_i21_half_of_a_fixed_speed_is_refused),
		cmocka_unit_test(test_i22_eui64_needs_half_of_an_ipv6_address),
		cmocka_unit_test(test_i23_donor_has_an_address_and_borrower_none),
		cmocka_unit_test(test_i24_requests_and_replies_are_treated_alike),
		cmocka_unit_test(test_w10_groups_that_forward_nothing_are_told),
		cmocka_unit_test(test_w11_strict_check_with_virtual_mac_is_told),
		cmocka_unit_test(test_words_become_numbers),
		cmocka_unit_test(test_made_addresses_stand_behind_the_own),
	};

	return cmocka_run_group_tests(tests, sample_setup, sample_teardown);
}
