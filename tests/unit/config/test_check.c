/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * One test a rule: what it refuses with number, path and line, and what stands just inside it.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "sample.h"
#include "sound.h"
#include "config/check.h"
#include "config/language.h"

static void
test_sound_configuration_has_no_problems(void **state)
{
	char *lines = sample_problems(SOUND);

	(void)state;
	assert_string_equal(lines, "");
	free(lines);
	lines = sample_problems(SOUND_BOTH);
	assert_string_equal(lines, "");
	free(lines);
	lines = sample_problems("");
	assert_string_equal(lines, "");
	free(lines);
}

/* JSON can bring them along, the language cannot. */
static void
test_containers_that_hold_nothing_are_as_if_they_were_not_there(void **state)
{
	struct problems problems = { 0 };
	struct lyd_node *tree = NULL;

	(void)state;
	assert_int_equal(lyd_parse_data_mem(schema,
		"{\"tandem-service:service\":{},\"tandem-interfaces:interfaces\":{\"bonding\":[{"
		"\"name\":\"dp0bond0\",\"lacp-options\":{},\"tandem-vrrp:vrrp\":{}}]}}", LYD_JSON,
		LYD_PARSE_ONLY | LYD_PARSE_STRICT, 0, &tree), LY_SUCCESS);
	assert_int_equal(check_tree(schema, &tree, &problems), 0);
	assert_int_equal(problems.count, 0);
	problems_done(&problems);
	lyd_free_siblings(tree);
}

static void
test_c1_authentication_needs_password_and_type(void **state)
{
	(void)state;
	sample_expect(SOUND "set " GROUP " authentication password x",
	              "E line 5: " GROUP " authentication: type is missing", "[C1]");
	sample_expect(SOUND "set " GROUP " authentication type plaintext-password",
	              "E line 5: " GROUP " authentication: password is missing",
	              "or delete authentication [C1]");
	sample_expect_none(SOUND "set " GROUP " authentication password x\n"
	                   "set " GROUP " authentication type plaintext-password", "E ");
	sample_expect_none(SOUND "set " GROUP " authentication password x\n"
	                   "delete " GROUP " authentication password", "E ");
	sample_expect_none(SOUND "set " GROUP " authentication password x\n"
	                   "set " GROUP " authentication type ah", "E ");
}

static void
test_c2_c3_version_3(void **state)
{
	(void)state;
	sample_expect_none(SOUND "set " GROUP " version 3", "E ");
	sample_expect(SOUND "set " GROUP " version 3\n"
	              "set " GROUP " authentication password x\n"
	              "set " GROUP " authentication type ah",
	              "E line 6: " GROUP " authentication: version 3 has no", "[C2]");
	sample_expect(SOUND "set " GROUP " version 3\n"
	              "set " GROUP " authentication password x\n"
	              "set " GROUP " authentication type plaintext-password",
	              "E line 6: " GROUP " authentication: version 3 has no", "[C2]");
	sample_expect(SOUND "set " GROUP " version 3\nset " GROUP " advertise-interval 2",
	              "E line 6: " GROUP " advertise-interval '2': belongs to version 2", "[C3]");
}

static void
test_c4_c5_belong_to_version_3(void **state)
{
	(void)state;
	sample_expect(SOUND "set " GROUP " fast-advertise-interval 100",
	              "E line 5: " GROUP " fast-advertise-interval '100': belongs to version 3",
	              "[C4]");
	sample_expect(SOUND "set " GROUP " version 3\nset " GROUP " fast-advertise-interval 105",
	              "E line 6: " GROUP " fast-advertise-interval '105': must be a multiple of 10",
	              "[C4]");
	sample_expect_none(SOUND "set " GROUP " version 3\nset " GROUP " fast-advertise-interval "
	                                                               "100",
	                   "[C4]");
	sample_expect(SOUND "set " GROUP " accept true",
	              "E line 5: " GROUP " accept 'true': belongs to version 3", "[C5]");
	sample_expect_none(SOUND "set " GROUP " accept false", "E ");
	sample_expect_none(SOUND "set " GROUP " version 3\nset " GROUP " accept true", "[C5]");
}

static void
test_c6_one_to_twenty_virtual_addresses(void **state)
{
	char text[4096] = SOUND;

	(void)state;
	for (unsigned i = 0; i < 19; i++)
		sprintf(text + strlen(text), "set " GROUP " virtual-address 10.0.1.%u\n", i + 1);
	sample_expect_none(text, "E ");
	strcat(text, "set " GROUP " virtual-address 10.0.2.1\n");
	sample_expect(text, "E line 2: " GROUP ": virtual-address is given 21 times", "[C6]");
	sample_expect("set " BOND " address 10.0.0.2/24\nset " GROUP " priority 7",
	              "E line 2: " GROUP ": virtual-address is missing", "[C6]");
}

static void
test_c6_a_thousand_excluded_addresses(void **state)
{
	char *text = NULL;
	size_t size;
	FILE *out = open_memstream(&text, &size);

	(void)state;
	fputs(SOUND, out);
	for (unsigned i = 0; i < 1000; i++)
		fprintf(out, "set " GROUP " excluded-address 10.1.%u.%u\n", i / 250, i % 250 + 1);
	fflush(out);
	sample_expect_none(text, "E ");
	fputs("set " GROUP " excluded-address 10.2.0.1\n", out);
	fclose(out);
	sample_expect(text, "E line 2: " GROUP ": excluded-address is given 1001 times", "[C6]");
	free(text);
}

/* Once a group, and not to a link-local address, which is asked for next. */
static void
test_c7_version_2_has_ipv4_only(void **state)
{
	const char *text = "set " BOND " address 10.0.0.2/24\n"
		"set " GROUP " preempt false\n"
		"set " GROUP " virtual-address 2001:db8::1\n"
		"set " GROUP " virtual-address 2001:db8::2\n";

	(void)state;
	sample_expect(text, "E line 3: " GROUP " virtual-address '2001:db8::1': version 2 has IPv4 "
	              "addresses only; set version 3, or delete it", "[C7]");
	sample_expect_none(text, "2001:db8::2");
	sample_expect_none(text, "C7b");
	sample_expect(SOUND "set " GROUP " virtual-address 2001:db8::1/64",
	              "E line 5: " GROUP " virtual-address '2001:db8::1/64': version 2 has",
	              "[C7]");
}

static void
test_c7b_ipv6_needs_a_link_local_address(void **state)
{
	(void)state;
	sample_expect(SOUND "set " GROUP " version 3\n"
	              "set " GROUP " virtual-address 2001:db8::1/64",
	              "E line 6: " GROUP " virtual-address '2001:db8::1/64': IPv6 needs a "
	              "link-local virtual address", "virtual-address fe80::1 [C7b]");
	sample_expect_none(SOUND "set " GROUP " version 3\n"
	                   "set " GROUP " virtual-address 2001:db8::1/64\n"
	                   "set " GROUP " virtual-address fe80::1", "E ");
	/* Not among those that are not advertised. */
	sample_expect(SOUND "set " GROUP " version 3\n"
	              "set " GROUP " virtual-address 2001:db8::1/64\n"
	              "set " GROUP " excluded-address fe80::1",
	              "E line 6: " GROUP " virtual-address", "[C7b]");
}

static void
test_v3_checksum_and_compatibility_are_for_ipv4_of_version_3(void **state)
{
	const char *six = "set " GROUP " version 3\nset " GROUP " virtual-address fe80::1\n"
		"set " GROUP " preempt false\nset " GROUP " sync-group S\n";
	char text[1024];

	(void)state;
	sample_expect(SOUND "set " GROUP " checksum rfc5798",
	              "E line 5: " GROUP " checksum 'rfc5798': belongs to version 3", "[V3]");
	sample_expect(SOUND "set " GROUP " version-2-compatibility",
	              "E line 5: " GROUP " version-2-compatibility: belongs to version 3", "[V3]");
	sample_expect_none(SOUND "set " GROUP " version 3\nset " GROUP " checksum rfc9568\n"
	                   "set " GROUP " version-2-compatibility", "E ");
	sample_expect_none(six, "E ");
	snprintf(text, sizeof(text), "%sset " GROUP " checksum rfc9568", six);
	sample_expect(text, "E line 5: " GROUP " checksum 'rfc9568': is for IPv4", "[V3]");
	snprintf(text, sizeof(text), "%sset " GROUP " version-2-compatibility", six);
	sample_expect(text, "E line 5: " GROUP " version-2-compatibility: is for IPv4", "[V3]");
	sample_expect_none(SOUND "set " GROUP " version 3\nset " GROUP " version-2-compatibility\n"
	                   "set " GROUP " fast-advertise-interval 1500", "E ");
}

static void
test_v6_placed_addresses_and_interfaces_exist(void **state)
{
	const char *placed = "set " VIF " address 10.1.0.2/24\n"
		"set " GROUP " virtual-address-interface 10.0.0.1 interface dp0bond0.10\n";
	char text[1024];

	(void)state;
	snprintf(text, sizeof(text), SOUND "%s", placed);
	sample_expect_none(text, "E ");
	snprintf(text, sizeof(text), SOUND "%sset " GROUP " excluded-address 10.1.0.9\n"
	         "set " GROUP " virtual-address-interface 10.1.0.9 interface dp0bond0.10", placed);
	sample_expect_none(text, "E ");
	sample_expect(SOUND "set " GROUP " virtual-address-interface 10.0.0.9 interface dp0bond0",
	              "E line 5: " GROUP " virtual-address-interface 10.0.0.9: the group has no "
	              "such address", "[V6]");
	sample_expect(SOUND "set " GROUP " virtual-address-interface 10.0.0.1 interface eth7",
	              "E line 5: " GROUP " virtual-address-interface 10.0.0.1 interface 'eth7': "
	              "there is no such interface", "[V6]");
	sample_expect(SOUND "set " GROUP " virtual-address-interface 10.0.0.1",
	              "E line 5: " GROUP " virtual-address-interface 10.0.0.1: interface is "
	              "missing", "[V6]");
}

static void
test_v7_excluded_addresses_are_of_advertised_families(void **state)
{
	(void)state;
	sample_expect_none(SOUND "set " GROUP " excluded-address 10.0.0.9", "E ");
	sample_expect(SOUND "set " GROUP " excluded-address 2001:db8::9",
	              "E line 5: " GROUP " excluded-address '2001:db8::9': the group advertises no "
	              "IPv6 address", "[V7]");
	sample_expect("set " GROUP " version 3\nset " GROUP " virtual-address fe80::1\n"
	              "set " GROUP " excluded-address 10.0.0.9",
	              "E line 3: " GROUP " excluded-address '10.0.0.9': the group advertises no "
	              "IPv4 address", "[V7]");
}

static void
test_c9_w4_hello_source_is_an_address_of_the_router(void **state)
{
	static const char *const no_hosts[] = {
		"0.0.0.0", "127.0.0.2", "224.0.0.18", "255.255.255.255",
	};

	(void)state;
	sample_expect_none(SOUND "set " GROUP " hello-source-address 10.0.0.2", "hello-source");
	sample_expect_none(SOUND "set interfaces dataplane eth0 address 10.0.9.1/24\n"
	                   "set " GROUP " hello-source-address 10.0.9.1", "hello-source");
	sample_expect_none(SOUND "set " VIF " address 10.0.9.1/24\n"
	                   "set " GROUP " hello-source-address 10.0.9.1", "hello-source");
	sample_expect(SOUND "set " GROUP " hello-source-address 10.0.9.1",
	              "W line 5: " GROUP " hello-source-address '10.0.9.1': is configured on no "
	              "interface of this router", "[W4]");
	/* A backup does not hold the virtual address. */
	sample_expect(SOUND "set " GROUP " hello-source-address 10.0.0.1",
	              "W line 5: " GROUP " hello-source-address '10.0.0.1'", "[W4]");

	sample_expect(SOUND "set " BOND " address 2001:db8::2/64\n"
	              "set " GROUP " hello-source-address 2001:db8::2",
	              "E line 6: " GROUP " hello-source-address '2001:db8::2': the group has no "
	              "IPv6 virtual address", "use an IPv4 address of dp0bond0 [C9]");
	sample_expect("set " GROUP " version 3\nset " GROUP " virtual-address fe80::1\n"
	              "set " GROUP " hello-source-address 10.0.0.2",
	              "E line 3: " GROUP " hello-source-address '10.0.0.2': the group has no IPv4",
	              "use an IPv6 address of dp0bond0 [C9]");
	/* The kernel makes link-local addresses: none is expected in the configuration. */
	sample_expect_none("set " GROUP " version 3\nset " GROUP " virtual-address fe80::1\n"
	                   "set " GROUP " hello-source-address fe80::7", "hello-source");
	sample_expect("set " GROUP " version 3\nset " GROUP " virtual-address fe80::1\n"
	              "set " BOND " address 2001:db8::2/64\n"
	              "set " GROUP " hello-source-address 2001:db8::2",
	              "E line 4: " GROUP " hello-source-address '2001:db8::2': advertisements of "
	              "IPv6 come from a link-local address", "[C9]");
	sample_expect_none("set " GROUP " version 3\nset " GROUP " virtual-address fe80::1\n"
	                   "set " BOND " address 2001:db8::2/64\n"
	                   "set " GROUP " peer-address 2001:db8::7\n"
	                   "set " GROUP " hello-source-address 2001:db8::2", "hello-source");
	sample_expect(SOUND "set " GROUP " hello-source-address 1:::2",
	              "E line 5: " GROUP " hello-source-address '1:::2': is not an address",
	              "[C9]");
	for (size_t i = 0; i < ARRAY_SIZE(no_hosts); i++) {
		char text[1024];

		snprintf(text, sizeof(text), SOUND "set interfaces loopback lo address "
		                                   "127.0.0.2/8\n"
		         "set " GROUP " hello-source-address %s", no_hosts[i]);
		sample_expect(text, "E line 6: " GROUP " hello-source-address '", "[C9]");
	}
}

static void
test_c10_members_of_bonds_run_no_vrrp(void **state)
{
	(void)state;
	sample_expect(SOUND "set interfaces dataplane eth0 bond-group dp0bond0\n"
	              "set interfaces dataplane eth0 vrrp vrrp-group 1 virtual-address 10.0.3.1",
	              "E line 6: interfaces dataplane eth0 vrrp vrrp-group 1: a member of a bond "
	              "cannot run VRRP", "[C10]");
	sample_expect_none(SOUND "set interfaces dataplane eth0 bond-group dp0bond0", "E ");
}

static void
test_c11_mac_addresses(void **state)
{
	(void)state;
	sample_expect(SOUND "set interfaces switch sw0 mac 00:00:5e:00:01:07",
	              "E line 5: interfaces switch sw0 mac '00:00:5e:00:01:07': is a virtual MAC",
	              "[C11]");
	sample_expect(SOUND "set interfaces switch sw0 mac 01:00:00:00:00:07",
	              "E line 5: interfaces switch sw0 mac", "[C11]");
	sample_expect(SOUND "set " BOND " mac 00:00:00:00:00:00", "E line 5: " BOND " mac", "[I9]");
	sample_expect_none(SOUND "set " BOND " mac 02:00:00:00:00:01", "E ");
}

static void
test_i1_i2_members_of_bonds(void **state)
{
	static const char *const not_on_members[] = {
		"address 10.0.5.1/24", "disable", "mtu 1500", "vif 7", "vlan-protocol 0x88A8",
		"ip rpf-check disable", "ipv6 dup-addr-detect-transmits 1",
	};

	(void)state;
	sample_expect(SOUND "set interfaces dataplane eth0 bond-group dp0bond7",
	              "E line 5: interfaces dataplane eth0 bond-group 'dp0bond7': there is no such "
	              "bond", "[I1]");
	for (size_t i = 0; i < ARRAY_SIZE(not_on_members); i++) {
		char text[1024];

		snprintf(text, sizeof(text), SOUND "set interfaces dataplane eth0 bond-group "
		                                   "dp0bond0\n"
		         "set interfaces dataplane eth0 %s", not_on_members[i]);
		sample_expect(text, "E line 6: interfaces dataplane eth0", "[I2]");
	}
	sample_expect_none(SOUND "set interfaces dataplane eth0 bond-group dp0bond0\n"
	                   "set interfaces dataplane eth0 description x", "E ");
}

static void
test_i3_primary(void **state)
{
	const char *member = SOUND "set interfaces dataplane eth0 bond-group dp0bond0\n";
	char text[1024];

	(void)state;
	sample_expect(SOUND "set " BOND " mode active-backup",
	              "E line 1: " BOND ": mode active-backup needs a primary", "[I3]");
	snprintf(text, sizeof(text), "%sset " BOND " primary eth0", member);
	sample_expect(text, "E line 6: " BOND " primary 'eth0': only mode active-backup", "[I3]");
	snprintf(text, sizeof(text), "%sset " BOND " mode active-backup\nset " BOND " primary eth1",
	         member);
	sample_expect(text, "E line 7: " BOND " primary 'eth1': is not a member", "[I3]");
	snprintf(text, sizeof(text), "%sset " BOND " mode active-backup\nset " BOND " primary eth0",
	         member);
	sample_expect_none(text, "E ");
}

static void
test_i4_i5_minimum_links_and_keys(void **state)
{
	(void)state;
	sample_expect(SOUND "set " BOND " minimum-links 2",
	              "E line 5: " BOND " minimum-links '2': the bond has 0 members", "[I4]");
	sample_expect(SOUND "set " BOND " minimum-links 2\nset " BOND " mode balanced",
	              "E line 5: " BOND " minimum-links '2': more than 1 is possible only", "[I4]");
	sample_expect_none(SOUND "set " BOND " minimum-links 2\n"
	                   "set interfaces dataplane eth0 bond-group dp0bond0\n"
	                   "set interfaces dataplane eth1 bond-group dp0bond0", "E ");
	sample_expect(SOUND "set " BOND " lacp-options key 7\n"
	              "set interfaces bonding dp0bond1 lacp-options key 7",
	              "E line 6: interfaces bonding dp0bond1 lacp-options key '7'", "[I5]");
}

static void
test_i6_mtu(void **state)
{
	(void)state;
	sample_expect(SOUND "set " VIF " mtu 1501", "E line 5: " VIF " mtu '1501': is larger "
	                                                             "than the "
	              "1500 of dp0bond0", "[I6]");
	sample_expect_none(SOUND "set " BOND " mtu 9000\nset " VIF " mtu 9000", "E ");
	sample_expect(SOUND "set " VIF " mtu 1279\nset " VIF " address 2001:db8::1/64",
	              "E line 5: " VIF " mtu '1279': IPv6 needs 1280", "[I6]");
	sample_expect(SOUND "set " BOND " mtu 1279\nset " VIF " address 2001:db8::1/64",
	              "E line 5: " BOND " mtu '1279': IPv6 on dp0bond0.10 needs 1280", "[I6]");
	sample_expect("set " VIF " mtu 1279\nset " VIF " vrrp vrrp-group 1 version 3\n"
	              "set " VIF " vrrp vrrp-group 1 virtual-address fe80::1",
	              "E line 1: " VIF " mtu '1279': IPv6 needs 1280", "[I6]");
	sample_expect(SOUND "set " BOND " mtu 100", "W line 5: " BOND " mtu '100'", "[L9]");
}

static void
test_i7_vlans_and_names(void **state)
{
	(void)state;
	sample_expect(SOUND "set " BOND " vif 4095", "E line 5: " BOND " vif 4095: a vif above "
	                                                               "4094",
	              "[I7]");
	sample_expect_none(SOUND "set " BOND " vif 4095 vlan 5", "E ");
	sample_expect(SOUND "set " BOND " vif 5\nset " BOND " vif 99 vlan 5",
	              "E line 6: " BOND " vif 99: VLAN 5 is already that of vif 5", "[I7]");
	sample_expect_none(SOUND "set " BOND " vif 5\n"
	                   "set interfaces dataplane eth0 vif 5", "E ");
	sample_expect(SOUND "set interfaces dataplane a23456789012 vif 123",
	              "E line 5: interfaces dataplane a23456789012 vif 123: its name", "[I7]");
	sample_expect_none(SOUND "set interfaces dataplane a2345678901 vif 123", "E ");
	sample_expect(SOUND "set interfaces dataplane dp0bond0",
	              "E line 5: interfaces dataplane dp0bond0: the interface dp0bond0 is "
	              "configured a second time", "[I7]");
	sample_expect(SOUND "set " VIF " inner-vlan 5", "E line 5: " VIF " inner-vlan '5': needs "
	                                                                 "'vlan'",
	              "[I7]");
}

/* What VyOS has on top and this router has not is no unknown word, but refused with the reason. */
static void
test_snmp_is_refused_with_its_reason(void **state)
{
	(void)state;
	sample_expect(SOUND "set service vrrp snmp", "E line 5: service vrrp snmp: not supported "
	              "yet: there is no SNMP agent", "have the figures; delete it [K2]");
}

static void
test_i8_addresses(void **state)
{
	(void)state;
	sample_expect(SOUND "set " VIF " address dhcp",
	              "E line 5: " VIF " address 'dhcp': is no address: an interface of a pair "
	              "needs one that stays", "[I8]");
	sample_expect(SOUND "set " VIF " address 127.0.0.1/8", "E line 5: " VIF " address", "[I8]");
	sample_expect(SOUND "set " VIF " address 224.0.0.18/32", "E line 5: " VIF " address",
	              "[I8]");
	sample_expect(SOUND "set " VIF " address ::1/128", "E line 5: " VIF " address", "[I8]");
	sample_expect(SOUND "set " VIF " address ff02::12/64", "E line 5: " VIF " address", "[I8]");
	sample_expect(SOUND "set " VIF " address fe80:::1/64",
	              "E line 5: " VIF " address 'fe80:::1/64': is not an address", "[I8]");
	sample_expect_none(SOUND "set interfaces loopback lo address 127.0.0.2/8\n"
	                   "set " VIF " address 2001:db8::1/64", "E ");
	sample_expect(SOUND "set " GROUP " virtual-address 0.0.0.0",
	              "E line 5: " GROUP " virtual-address '0.0.0.0'", "[V4]");
}

static void
test_v1_v2_v5_addresses_stand_once(void **state)
{
	(void)state;
	sample_expect(SOUND "set " GROUP " virtual-address 10.0.0.1",
	              "E line 5: " GROUP " virtual-address '10.0.0.1': the group has this "
	                                 "address twice",
	              "[V1]");
	sample_expect(SOUND "set " BOND " vrrp vrrp-group 2 virtual-address 10.0.0.1/25",
	              "E line 5: " BOND " vrrp vrrp-group 2 virtual-address '10.0.0.1/25': is "
	              "also a virtual address of group 1", "[V1]");
	sample_expect(SOUND "set " GROUP " excluded-address 10.0.0.1",
	              "E line 5: " GROUP " excluded-address '10.0.0.1': the group has this address "
	              "twice", "[V1]");
	sample_expect_none(SOUND "set " GROUP " virtual-address 10.0.0.2", "E ");
	sample_expect(SOUND "set " GROUP " excluded-address 10.0.0.2",
	              "E line 5: " GROUP " excluded-address '10.0.0.2': is also an address of "
	              "dp0bond0 itself", "[V2]");
	/* An address counts where it lives, not where its group runs. */
	sample_expect(SOUND "set " VIF " address 10.1.0.2/24\n"
	              "set " GROUP " excluded-address 10.1.0.2\n"
	              "set " GROUP " virtual-address-interface 10.1.0.2 interface dp0bond0.10",
	              "E line 6: " GROUP " excluded-address '10.1.0.2': is also an address of "
	              "dp0bond0.10 itself", "[V2]");
	sample_expect("set " VIF " vrrp vrrp-group 2 virtual-address 10.0.0.1\n" SOUND
	              "set " VIF " vrrp vrrp-group 2 virtual-address-interface 10.0.0.1 interface "
	              "dp0bond0",
	              "E line 1: " VIF " vrrp vrrp-group 2 virtual-address '10.0.0.1': is also a "
	              "virtual address of group 1 on dp0bond0", "[V1]");
	sample_expect(SOUND "set " BOND " address 10.0.0.2/25", "E line 5: " BOND " address",
	              "[V5]");
	sample_expect(SOUND "set " VIF " address 10.0.0.1/24",
	              "W line 5: " VIF " address '10.0.0.1/24': is also configured on "
	              "dp0bond0", "[L7]");
	/* Every link has its own link-local addresses. */
	sample_expect_none("set " GROUP " version 3\nset " GROUP " virtual-address fe80::1\n"
	                   "set " VIF " vrrp vrrp-group 1 version 3\n"
	                   "set " VIF " vrrp vrrp-group 1 virtual-address fe80::1", "fe80");
}

/* A group that does not run has no address, whatever is written in it. */
static void
test_v1_v2_disabled_group_claims_no_address(void **state)
{
	(void)state;
	sample_expect_none(SOUND "set " BOND " vrrp vrrp-group 2 virtual-address 10.0.0.1\n"
	                   "set " BOND " vrrp vrrp-group 2 disable", "[V1]");
	sample_expect_none(SOUND "set " GROUP " disable\n"
	                   "set " BOND " vrrp vrrp-group 2 virtual-address 10.0.0.1", "[V1]");
	sample_expect_none(SOUND "set " GROUP " excluded-address 10.0.0.2\n"
	                   "set " GROUP " disable", "[V2]");
	sample_expect_none(SOUND "set " VIF " address 10.0.0.1/24\nset " GROUP " disable",
	                   "[L7]");
}

static void
test_w1_w2_warnings(void **state)
{
	const struct surroundings vmware = { .forwards4 = true, .vmware = true };
	struct lyd_node *tree = sample_tree(SOUND "set " GROUP " rfc-compatibility");
	struct problems problems = { 0 };
	char *lines;

	(void)state;
	sample_expect(SOUND "set " GROUP " preempt-delay 5",
	              "W line 5: " GROUP " preempt-delay '5': has no effect while", "[W1]");
	sample_expect_none(SOUND "set " GROUP " preempt-delay 5\nset " GROUP " preempt true",
	                   "[W1]");

	/* Of a file nobody knows where it shall run. */
	sample_expect_none(SOUND "set " GROUP " rfc-compatibility", "[W2]");
	assert_int_equal(check_tree_around(schema, &tree, &vmware, &problems), 0);
	lyd_free_siblings(tree);
	lines = sample_lines(&problems);
	assert_non_null(strstr(lines, "W line 5: " GROUP " rfc-compatibility: VMware's virtual"));
	free(lines);
}

static void
test_w3_names_of_virtual_links_always_fit(void **state)
{
	(void)state;
	sample_expect_none("set interfaces dataplane a23456789012345 address 10.0.0.2/24\n"
	                   "set interfaces dataplane a23456789012345 vrrp vrrp-group 255 "
	                   "virtual-address 10.0.0.1\n"
	                   "set interfaces dataplane a23456789012345 vrrp vrrp-group 255 "
	                   "rfc-compatibility", "W3");
}

static void
test_nodes_without_effect_are_warned_of(void **state)
{
	(void)state;
	sample_expect(SOUND "set " GROUP " notify ipsec", "W line 5: " GROUP " notify ipsec: has "
	                                                                     "no "
	              "effect yet", "[N1]");
	sample_expect(SOUND "set " GROUP " notify bgp", "W line 5: " GROUP " notify bgp", "[N3]");
	sample_expect(SOUND "set service path-monitor monitor m interval 10",
	              "W line 5: service path-monitor monitor m interval '10': has no effect yet",
	              "[N6]");
	sample_expect(SOUND "set " BOND " cpu-affinity 1-2", "W line 5: " BOND " cpu-affinity",
	              "[N5]");
	sample_expect_none(SOUND "set " BOND " ip rpf-check strict", "rpf");
}

static void
test_all_problems_are_found_at_once(void **state)
{
	char *lines = sample_problems("set " GROUP " accept true\n"
	                              "set " GROUP " authentication password x\n"
	                              "set " BOND " vif 5000\n"
	                              "set interfaces dataplane eth0 bond-group x\n");

	(void)state;
	assert_non_null(strstr(lines, "[C1]"));
	assert_non_null(strstr(lines, "[C5]"));
	assert_non_null(strstr(lines, "[C6]"));
	assert_non_null(strstr(lines, "[I1]"));
	assert_non_null(strstr(lines, "[I7]"));
	free(lines);
}

static void
test_defaults_are_added_and_not_printed(void **state)
{
	struct problems problems = { 0 };
	struct lyd_node *tree = sample_tree(SOUND);
	char *before = language_print_set(tree, false), *after;

	(void)state;
	assert_int_equal(check_tree(schema, &tree, &problems), 0);
	after = language_print_set(tree, false);
	assert_string_equal(before, after);
	free(before);
	free(after);
	lyd_free_siblings(tree);
	problems_done(&problems);
}

/* The problems of a body as a client sends it, which must be readable. */
static char *
problems_of_json(const char *json)
{
	struct problems problems = { 0 };
	struct lyd_node *tree = NULL;
	int r;

	assert_int_equal(lyd_parse_data_mem(schema, json, LYD_JSON, LYD_PARSE_ONLY |
	                                    LYD_PARSE_STRICT | LYD_PARSE_NO_STATE, 0, &tree),
	                 LY_SUCCESS);
	r = check_tree(schema, &tree, &problems);
	assert_int_equal(r, problems.errors ? -EINVAL : 0);
	lyd_free_siblings(tree);
	return sample_lines(&problems);
}

static void
expect_of_json(const char *json, const char *line)
{
	char *lines = problems_of_json(json);

	if (!strstr(lines, line))
		fail_msg("not told that %s, but:\n%s", line, lines);
	free(lines);
}

#define JSON_BONDING "{\"tandem-interfaces:interfaces\":{\"bonding\":["
#define FIRST_GROUP "/tandem-interfaces:interfaces/bonding[name='dp0bond0']/tandem-vrrp:vrrp" \
	"/vrrp-group[id='1']"
#define TWICE "is given twice; delete one [K4]\n"

/* libyang reads it without a word. */
static void
test_what_is_given_twice_is_refused(void **state)
{
	char *json = NULL, *lines, *at;
	size_t size;
	FILE *out;

	(void)state;
	expect_of_json(JSON_BONDING "{\"name\":\"dp0bond0\",\"mtu\":1500,\"mtu\":1400}]}}",
	               "E interfaces bonding dp0bond0 mtu '1400': " TWICE);
	expect_of_json(JSON_BONDING "{\"name\":\"dp0bond0\",\"lacp-options\":{\"key\":7},"
	               "\"lacp-options\":{\"activity\":\"passive\"}}]}}",
	               "E interfaces bonding dp0bond0 lacp-options: " TWICE);
	expect_of_json(JSON_BONDING "{\"name\":\"dp0bond0\",\"address\":[\"10.0.0.1/24\","
	               "\"10.0.0.2/24\",\"10.0.0.1/24\"]}]}}",
	               "E interfaces bonding dp0bond0 address '10.0.0.1/24': ");

	/* Among many siblings. */
	out = open_memstream(&json, &size);
	assert_non_null(out);
	fputs("{\"tandem-system:system\":{\"configuration-check\":{\"silence\":[{\"number\":\"L2\","
	      "\"path\":[", out);
	for (unsigned i = 0; i < 100; i++)
		fprintf(out, "\"interfaces bonding dp0bond%u\",", i);
	fputs("\"interfaces bonding dp0bond100\"]}]}}}", out);
	fclose(out);
	lines = problems_of_json(json);
	assert_null(strstr(lines, TWICE));
	free(lines);
	at = strstr(json, "dp0bond100");
	assert_non_null(at);
	memcpy(at, "dp0bond41\" ]", strlen("dp0bond41\" ]"));
	expect_of_json(json, "E system configuration-check silence L2 path 'interfaces bonding "
	               "dp0bond41': " TWICE);
	free(json);
}

/* In place of a default, which the rules rely on. */
static void
test_what_is_given_twice_does_not_stand_for_a_default(void **state)
{
	struct lyd_node *tree = sample_tree(SOUND), *preempt, *accept, *again;
	struct problems problems = { 0 };
	char *lines;

	(void)state;
	assert_int_equal(check_tree(schema, &tree, &problems), 0);
	problems_done(&problems);
	assert_int_equal(lyd_find_path(tree, FIRST_GROUP "/preempt", 0, &preempt), LY_SUCCESS);
	assert_int_equal(lyd_find_path(tree, FIRST_GROUP "/accept", 0, &accept), LY_SUCCESS);
	assert_int_equal(lyd_dup_single(preempt, NULL, 0, &again), LY_SUCCESS);
	assert_int_equal(lyd_insert_sibling(preempt, again, NULL), LY_SUCCESS);
	lyd_free_tree(accept);
	assert_int_equal(check_tree(schema, &tree, &problems), -EINVAL);
	lines = sample_lines(&problems);
	assert_non_null(strstr(lines, GROUP " preempt 'false': " TWICE));
	free(lines);
	lyd_free_siblings(tree);
}

/* The check does not ask libyang to validate. */
static LY_ERR
expect_nothing_for_libyang_alone(struct lysc_node *node, void *data, ly_bool *continues)
{
	const struct lysc_type *type = NULL;

	(void)data;
	(void)continues;
	if (!(node->flags & LYS_CONFIG_W))
		return LY_SUCCESS;
	if (lysc_node_musts(node) || lysc_node_when(node) || (node->nodetype & LYS_CHOICE) ||
	    (node->nodetype == LYS_LIST && ((struct lysc_node_list *)node)->uniques))
		fail_msg("%s: only libyang's validation would notice", node->name);
	if (node->nodetype == LYS_LEAF)
		type = ((struct lysc_node_leaf *)node)->type;
	if (node->nodetype == LYS_LEAFLIST)
		type = ((struct lysc_node_leaflist *)node)->type;
	if (type && (type->basetype == LY_TYPE_INST || type->basetype == LY_TYPE_UNION ||
	             (type->basetype == LY_TYPE_LEAFREF &&
	              ((const struct lysc_type_leafref *)type)->require_instance)))
		fail_msg("%s: only libyang's validation would know whether it refers to something",
		         node->name);
	return LY_SUCCESS;
}

static void
test_no_module_says_what_only_libyang_would_notice(void **state)
{
	const struct lys_module *module;
	unsigned seen = 0;
	uint32_t i = 0;

	(void)state;
	while ((module = ly_ctx_get_module_iter(schema, &i)) != NULL) {
		if (strncmp(module->name, "tandem-", 7) != 0 || !module->compiled)
			continue;
		assert_int_equal(lysc_module_dfs_full(module, expect_nothing_for_libyang_alone,
		                                      NULL), LY_SUCCESS);
		seen++;
	}
	assert_true(seen >= 5);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_sound_configuration_has_no_problems),
		cmocka_unit_test(test_containers_that_hold_nothing_are_as_if_they_were_not_there),
		cmocka_unit_test(test_c1_authentication_needs_password_and_type),
		cmocka_unit_test(test_c2_c3_version_3),
		cmocka_unit_test(test_c4_c5_belong_to_version_3),
		cmocka_unit_test(test_c6_one_to_twenty_virtual_addresses),
		cmocka_unit_test(test_c6_a_thousand_excluded_addresses),
		cmocka_unit_test(test_c7_version_2_has_ipv4_only),
		cmocka_unit_test(test_c7b_ipv6_needs_a_link_local_address),
		cmocka_unit_test(test_v3_checksum_and_compatibility_are_for_ipv4_of_version_3),
		cmocka_unit_test(test_v6_placed_addresses_and_interfaces_exist),
		cmocka_unit_test(test_v7_excluded_addresses_are_of_advertised_families),
		cmocka_unit_test(test_c9_w4_hello_source_is_an_address_of_the_router),
		cmocka_unit_test(test_c10_members_of_bonds_run_no_vrrp),
		cmocka_unit_test(test_c11_mac_addresses),
		cmocka_unit_test(test_i1_i2_members_of_bonds),
		cmocka_unit_test(test_i3_primary),
		cmocka_unit_test(test_i4_i5_minimum_links_and_keys),
		cmocka_unit_test(test_i6_mtu),
		cmocka_unit_test(test_i7_vlans_and_names),
		cmocka_unit_test(test_i8_addresses),
		cmocka_unit_test(test_snmp_is_refused_with_its_reason),
		cmocka_unit_test(test_v1_v2_v5_addresses_stand_once),
		cmocka_unit_test(test_v1_v2_disabled_group_claims_no_address),
		cmocka_unit_test(test_w1_w2_warnings),
		cmocka_unit_test(test_w3_names_of_virtual_links_always_fit),
		cmocka_unit_test(test_nodes_without_effect_are_warned_of),
		cmocka_unit_test(test_all_problems_are_found_at_once),
		cmocka_unit_test(test_defaults_are_added_and_not_printed),
		cmocka_unit_test(test_what_is_given_twice_is_refused),
		cmocka_unit_test(test_what_is_given_twice_does_not_stand_for_a_default),
		cmocka_unit_test(test_no_module_says_what_only_libyang_would_notice),
	};

	return cmocka_run_group_tests(tests, sample_setup, sample_teardown);
}
