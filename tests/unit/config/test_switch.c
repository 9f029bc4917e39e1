/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Switches, loopbacks and vifs with two tags: their rules, the advice about them, and what they are
 * lifted to.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "sample.h"
#include "sound.h"

#define SWITCH "interfaces switch sw0"
#define DEFAULTS SWITCH " default-port-parameters"
#define PORT "interfaces dataplane dp0s1"
#define PARAMETERS PORT " switch-group port-parameters"
#define TRUNK_PORT "interfaces bonding dp0bond1"
#define TRUNK TRUNK_PORT " switch-group port-parameters"
/* A port of VLAN 10, a trunk of 10, 11 and 20, a group on a vif; the first line added is 18. */
#define SWITCHED SOUND \
	"set " SWITCH " vif 10 address 192.0.2.2/24\n" \
	"set " SWITCH " vif 10 vrrp vrrp-group 5 virtual-address 192.0.2.1/24\n" \
	"set " SWITCH " vif 10 vrrp vrrp-group 5 preempt false\n" \
	"set " SWITCH " vif 10 vrrp vrrp-group 5 sync-group S\n" \
	"set " DEFAULTS " vlan-parameters primary-vlan-id 10\n" \
	"set " PORT " switch-group switch sw0\n" \
	"set " TRUNK_PORT " switch-group switch sw0\n" \
	"set " TRUNK " mode trunk\n" \
	"set " TRUNK " vlan-parameters vlans 20\n" \
	"set " TRUNK " vlan-parameters vlans 10\n" \
	"set " TRUNK " vlan-parameters vlans 11\n" \
	"set " TRUNK " vlan-parameters untagged-egress-vlans 20\n" \
	"set " TRUNK " vlan-parameters primary-vlan-id 20\n"

static const struct link_settings *
link_named(const struct settings *s, const char *name)
{
	int index = settings_find_link(s, name);

	assert_true(index >= 0);
	return &settings_links(s)[index];
}

static void
expect_vlans(const struct settings *s, const char *link, const char *want)
{
	const struct link_settings *l = link_named(s, link);
	char text[256] = "";

	for (uint32_t i = 0; i < l->vlan_count; i++) {
		const struct vlan_settings *v = &settings_link_vlans(s, l)[i];
		size_t length = strlen(text);

		snprintf(text + length, sizeof(text) - length, "%s%u-%u%s%s", i ? " " : "",
		         v->first, v->last, v->untagged ? " untagged" : "",
		         v->primary ? " primary" : "");
	}
	assert_string_equal(text, want);
}

/* ---- switches ---- */

static void
test_usual_switch_is_no_problem(void **state)
{
	char *lines = sample_problems(SWITCHED);

	(void)state;
	/* Nothing but what is said of the group, which is that of every pair. */
	assert_null(strstr(lines, "E "));
	assert_null(strstr(lines, "[W8]"));
	assert_null(strstr(lines, "[W9]"));
	free(lines);
}

static void
test_switch_is_lifted_with_its_vlans(void **state)
{
	struct settings *s = sample_settings(SWITCHED "set " SWITCH " vif 20\nset " SWITCH
	                                     " vif 21\nset " SWITCH " aging 0\n"
	                                     "set " SWITCH " mac 02:00:00:00:00:01\n", NULL);
	const struct link_settings *links = settings_links(s);
	int number = settings_find_link(s, "sw0");

	(void)state;
	assert_int_equal(links[number].kind, LINK_SWITCH);
	assert_int_equal(links[number].aging, 0);
	assert_true(links[number].has_mac);
	assert_int_equal(link_named(s, "dp0s1")->member_of, number);
	assert_int_equal(link_named(s, "dp0bond1")->member_of, number);
	assert_int_equal(link_named(s, "dp0bond1")->kind, LINK_BOND);
	assert_int_equal(link_named(s, "sw0.10")->parent, number);
	assert_int_equal(link_named(s, "sw0.10")->kind, LINK_VIF);
	expect_vlans(s, "sw0", "10-10 20-21");
	expect_vlans(s, "dp0s1", "10-10 untagged primary");
	expect_vlans(s, "dp0bond1", "10-11 20-20 untagged primary");
	assert_true(settings_find_group(s, "sw0.10", 5, 4) >= 0);
	free(s);
	s = sample_settings(SWITCHED, NULL);
	assert_int_equal(link_named(s, "sw0")->aging, 300);
	free(s);
}

static void
test_i10_a_port_belongs_to_a_switch_that_there_is(void **state)
{
	(void)state;
	sample_expect(SWITCHED "set interfaces dataplane dp0s2 switch-group switch sw1",
	              "E line 18: interfaces dataplane dp0s2 switch-group switch 'sw1': there is "
	              "no such switch", "[I10]");
	sample_expect(SWITCHED "set interfaces dataplane dp0s2 switch-group",
	              "E line 18: interfaces dataplane dp0s2 switch-group", "[I10]");
}

static void
test_i11_c10_a_port_has_nothing_of_layer_3(void **state)
{
	(void)state;
	sample_expect(SWITCHED "set " PORT " address 198.51.100.1/24",
	              "E line 18: " PORT " address", "[I11]");
	sample_expect(SWITCHED "set " PORT " vif 5", "E line 18: " PORT " vif", "[I11]");
	sample_expect(SWITCHED "set " PORT " ip rpf-check disable", "E line 18: " PORT " ip",
	              "[I11]");
	sample_expect(SWITCHED "set " PORT " vrrp vrrp-group 9 virtual-address 198.51.100.1/24",
	              "E line 18: " PORT " vrrp vrrp-group 9: a port of a switch cannot run VRRP; "
	              "configure the group on a vif of sw0", "[C10]");
	sample_expect(SWITCHED "set " TRUNK_PORT " vrrp vrrp-group 9 virtual-address "
	              "198.51.100.1/24", "E line 18: " TRUNK_PORT, "[C10]");
	/* A member of a bond is the bond's. */
	sample_expect(SWITCHED "set " PORT " bond-group dp0bond1", "E line 10: " PORT
	              " switch-group", "[I2]");
	sample_expect_none(SWITCHED "set " PORT " disable\nset " PORT " mtu 9000", "E ");
}

static void
test_i12_vlans_fit_the_mode(void **state)
{
	(void)state;
	sample_expect(SWITCHED "set " PARAMETERS, "E line 18: " PARAMETERS ": the mode is missing",
	              "[I12]");
	sample_expect(SWITCHED "set " PARAMETERS " mode access", "E line 18: " PARAMETERS " mode",
	              "[I12]");
	sample_expect(SWITCHED "set " DEFAULTS " vlan-parameters vlans 11",
	              "E line 18: " DEFAULTS " vlan-parameters vlans '11': only mode trunk",
	              "[I12]");
	sample_expect(SWITCHED "set " DEFAULTS " vlan-parameters untagged-egress-vlans 10",
	              "E line 18: " DEFAULTS " vlan-parameters untagged-egress-vlans '10': only "
	              "mode trunk", "[I12]");
	sample_expect(SWITCHED "set " TRUNK " vlan-parameters primary-vlan-id 21", "E line 18: "
	              TRUNK " vlan-parameters primary-vlan-id '21': the trunk does not carry",
	              "[I12]");
	sample_expect(SWITCHED "set " TRUNK " vlan-parameters untagged-egress-vlans 21",
	              "E line 18: " TRUNK " vlan-parameters untagged-egress-vlans '21'", "[I12]");
	sample_expect_none(SWITCHED "set " PARAMETERS " mode access\n"
	                   "set " PARAMETERS " vlan-parameters primary-vlan-id 11", "E ");
}

static void
test_what_nothing_passes_through_is_told(void **state)
{
	(void)state;
	sample_expect(SOUND "set " SWITCH "\nset " PORT " switch-group switch sw0",
	              "W line 6: " PORT " switch-group: the port carries no VLAN", "[W8]");
	sample_expect(SWITCHED "set " SWITCH " vif 30", "W line 18: " SWITCH " vif 30: no port of "
	              "sw0 carries VLAN 30", "[W9]");
	sample_expect(SWITCHED "set " SWITCH " vif 30 vlan 40\nset " SWITCH " vif 30 inner-vlan 10",
	              "W line 18: " SWITCH " vif 30: no port of sw0 carries VLAN 40", "[W9]");
}

static void
test_c11_mac_of_a_switch_is_that_of_a_station(void **state)
{
	(void)state;
	sample_expect(SWITCHED "set " SWITCH " mac 00:00:5e:00:01:07", "E line 18: " SWITCH " mac",
	              "[C11]");
	sample_expect(SWITCHED "set " SWITCH " mac 01:00:00:00:00:07", "E line 18: " SWITCH " mac",
	              "[C11]");
	sample_expect(SWITCHED "set " SWITCH " mac 00:00:00:00:00:00", "E line 18: " SWITCH " mac",
	              "[C11]");
}

static void
test_aging_is_never_or_ten_seconds_and_more(void **state)
{
	(void)state;
	sample_expect(SWITCHED "set " SWITCH " aging 9", "E line 18: " SWITCH " aging",
	              "from 10 to 1000000");
	sample_expect_none(SWITCHED "set " SWITCH " aging 10", "E ");
}

static void
test_switch_itself_has_no_addresses_and_groups(void **state)
{
	(void)state;
	sample_expect(SWITCHED "set " SWITCH " address 198.51.100.1/24", "E line 18: ", "address");
	sample_expect(SWITCHED "set " SWITCH " vrrp vrrp-group 1 priority 5", "E line 18: ",
	              "vrrp");
}

static void
test_i6_mtu_of_a_switchs_vif_is_that_of_its_ports(void **state)
{
	(void)state;
	sample_expect(SWITCHED "set " SWITCH " vif 10 mtu 9000", "E line 18: " SWITCH " vif 10 mtu",
	              "larger than the 1500 of a port of its switch");
	sample_expect(SWITCHED "set " SWITCH " vif 10 mtu 9000\nset " PORT " mtu 9000",
	              "E line 18: " SWITCH " vif 10 mtu", "1500");
	sample_expect_none(SWITCHED "set " SWITCH " vif 10 mtu 9000\nset " PORT " mtu 9000\n"
	                   "set " TRUNK_PORT " mtu 9000", "E ");
}

/* ---- loopbacks ---- */

static void
test_loopbacks_are_lifted_as_such(void **state)
{
	struct settings *s = sample_settings(
		SOUND "set interfaces loopback lo address 198.51.100.1/32\n"
		"set interfaces loopback lo7 description seven\n", NULL);

	(void)state;
	assert_int_equal(link_named(s, "lo")->kind, LINK_LOOPBACK);
	assert_int_equal(link_named(s, "lo")->address_count, 1);
	assert_int_equal(link_named(s, "lo7")->kind, LINK_LOOPBACK);
	assert_string_equal(link_named(s, "lo7")->description, "seven");
	assert_false(link_named(s, "lo7")->disable);
	free(s);
}

/* ---- two tags ---- */

#define DOUBLE "interfaces dataplane dp0s1 vif 100"
#define TAGGED SOUND \
	"set " DOUBLE " vlan 20\n" \
	"set " DOUBLE " inner-vlan 5\n"

static void
test_two_tags_need_an_outer_vlan_of_their_own(void **state)
{
	struct settings *s = sample_settings(TAGGED "set interfaces dataplane dp0s1 mtu 9000\n"
	                                     "set interfaces dataplane dp0s1 vlan-protocol 0x88A8\n"
	                                     "set " DOUBLE " address 192.0.2.1/24\n"
	                                     "set " DOUBLE " description inner", NULL);
	const struct link_settings *outer = link_named(s, "dp0s1.20");
	const struct link_settings *inner = link_named(s, "dp0s1.100");

	(void)state;
	assert_int_equal(outer->kind, LINK_VIF);
	assert_int_equal(outer->parent, settings_find_link(s, "dp0s1"));
	assert_int_equal(outer->vlan, 20);
	assert_int_equal(outer->vlan_protocol, 0x88a8);
	assert_int_equal(outer->mtu, 9000);
	assert_int_equal(outer->address_count, 0);
	assert_string_equal(outer->description, "");
	assert_int_equal(inner->kind, LINK_VIF);
	assert_int_equal(inner->parent, settings_find_link(s, "dp0s1.20"));
	assert_int_equal(inner->vlan, 5);
	assert_int_equal(inner->vlan_protocol, 0x8100);
	assert_int_equal(inner->address_count, 1);
	assert_string_equal(inner->description, "inner");
	free(s);
}

static void
test_two_tags_share_an_outer_vlan(void **state)
{
	struct settings *s = sample_settings(
		TAGGED "set interfaces dataplane dp0s1 vif 101 vlan 20\n"
		"set interfaces dataplane dp0s1 vif 101 inner-vlan 6\n"
		"set interfaces dataplane dp0s1 vif 102 vlan 21\n"
		"set interfaces dataplane dp0s1 vif 102 inner-vlan 5\n"
		"set interfaces dataplane dp0s1 vif 300 vlan 21\n", NULL);

	(void)state;
	/* One is made, the other is a vif, wherever it stands. */
	assert_int_equal(link_named(s, "dp0s1.101")->parent, settings_find_link(s, "dp0s1.20"));
	assert_int_equal(link_named(s, "dp0s1.100")->parent, settings_find_link(s, "dp0s1.20"));
	assert_int_equal(link_named(s, "dp0s1.102")->parent, settings_find_link(s, "dp0s1.300"));
	assert_int_equal(settings_find_link(s, "dp0s1.21"), -1);
	free(s);
}

static void
test_name_of_an_outer_vlan_gives_way_to_that_of_a_vif(void **state)
{
	struct settings *s = sample_settings(
		TAGGED "set interfaces dataplane dp0s1 vif 20 vlan 30\n"
		"set interfaces dataplane dp0s1 vif 4095 vlan 31\n", NULL);

	(void)state;
	assert_int_equal(link_named(s, "dp0s1.20")->vlan, 30);
	assert_int_equal(link_named(s, "dp0s1.4096")->vlan, 20);
	assert_int_equal(link_named(s, "dp0s1.100")->parent, settings_find_link(s, "dp0s1.4096"));
	free(s);
}

static void
test_i7_inner_vlans_differ(void **state)
{
	(void)state;
	sample_expect_none(TAGGED, "E ");
	sample_expect(TAGGED "set interfaces dataplane dp0s1 vif 101 vlan 20\n"
	              "set interfaces dataplane dp0s1 vif 101 inner-vlan 5",
	              "E line 7: interfaces dataplane dp0s1 vif 101: inner VLAN 5 is already that "
	              "of vif 100", "[I7]");
	sample_expect(SOUND "set " DOUBLE " inner-vlan 5", "E line 5: " DOUBLE " inner-vlan '5': "
	              "needs 'vlan'", "[I7]");
	sample_expect(SOUND "set interfaces dataplane dp0s123456789 vif 1 vlan 1000\n"
	              "set interfaces dataplane dp0s123456789 vif 1 inner-vlan 5",
	              "E line 5: interfaces dataplane dp0s123456789 vif 1 vlan '1000': the "
	              "interface of the outer VLAN", "[I7]");
}

static void
test_i6_mtu_within_an_outer_vlan_is_that_of_the_interface(void **state)
{
	(void)state;
	sample_expect(TAGGED "set " DOUBLE " mtu 9000", "E line 7: " DOUBLE " mtu",
	              "larger than the 1500 of dp0s1");
	sample_expect_none(TAGGED "set " DOUBLE " mtu 9000\n"
	                   "set interfaces dataplane dp0s1 mtu 9000", "E ");
	sample_expect_none(TAGGED "set interfaces dataplane dp0s1 mtu 100", "line 5");
}

static void
test_i14_tags_are_those_that_linux_has(void **state)
{
	(void)state;
	sample_expect(SOUND "set interfaces dataplane dp0s1 vlan-protocol 0x9100", "E line 5: "
	              "interfaces dataplane dp0s1 vlan-protocol", "[I14]");
	sample_expect_none(SOUND "set interfaces dataplane dp0s1 vlan-protocol 0x88A8", "E ");
}

static void
test_l20_a_disabled_interface_disables_two_tags(void **state)
{
	(void)state;
	sample_expect(TAGGED "set " DOUBLE " address 192.0.2.2/24\n"
	              "set " DOUBLE " vrrp vrrp-group 5 virtual-address 192.0.2.1/24\n"
	              "set interfaces dataplane dp0s1 disable", "W line 8: " DOUBLE, "[L20]");
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_usual_switch_is_no_problem),
		cmocka_unit_test(test_switch_is_lifted_with_its_vlans),
		cmocka_unit_test(test_i10_a_port_belongs_to_a_switch_that_there_is),
		cmocka_unit_test(test_i11_c10_a_port_has_nothing_of_layer_3),
		cmocka_unit_test(test_i12_vlans_fit_the_mode),
		cmocka_unit_test(test_what_nothing_passes_through_is_told),
		cmocka_unit_test(test_c11_mac_of_a_switch_is_that_of_a_station),
		cmocka_unit_test(test_aging_is_never_or_ten_seconds_and_more),
		cmocka_unit_test(test_switch_itself_has_no_addresses_and_groups),
		cmocka_unit_test(test_i6_mtu_of_a_switchs_vif_is_that_of_its_ports),
		cmocka_unit_test(test_loopbacks_are_lifted_as_such),
		cmocka_unit_test(test_two_tags_need_an_outer_vlan_of_their_own),
		cmocka_unit_test(test_two_tags_share_an_outer_vlan),
		cmocka_unit_test(test_name_of_an_outer_vlan_gives_way_to_that_of_a_vif),
		cmocka_unit_test(test_i7_inner_vlans_differ),
		cmocka_unit_test(test_i6_mtu_within_an_outer_vlan_is_that_of_the_interface),
		cmocka_unit_test(test_i14_tags_are_those_that_linux_has),
		cmocka_unit_test(test_l20_a_disabled_interface_disables_two_tags),
	};

	return cmocka_run_group_tests(tests, sample_setup, sample_teardown);
}
