/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Switches, their ports and vifs, loopbacks and vifs with two tags, against the small kernel.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "small_kernel.h"

/* ---- settings ---- */

/* A switch with a vif, a port of one VLAN and a trunk; lo and a loopback that is to be made. */
enum { SWITCH, VIF, ACCESS, TRUNK, LO, DUMMY, LINKS };

static struct settings *
full_settings(void)
{
	struct settings *s = settings_new(&(struct settings_counts){
		.links = LINKS, .addresses = 3, .vlans = 4 });
	struct link_settings *l = settings_links(s);

	assert_non_null(s);
	for (unsigned i = 0; i < LINKS; i++)
		l[i].parent = l[i].member_of = -1;
	strcpy(l[SWITCH].name, "sw0");
	l[SWITCH].kind = LINK_SWITCH;
	l[SWITCH].aging = 60;
	l[SWITCH].vlan_count = 1;
	settings_vlans(s)[0] = (struct vlan_settings){ 10, 10, false, false };
	strcpy(l[VIF].name, "sw0.10");
	l[VIF].kind = LINK_VIF;
	l[VIF].parent = SWITCH;
	l[VIF].vlan = 10;
	l[VIF].vlan_protocol = 0x8100;
	l[VIF].address_count = 1;
	strcpy(l[ACCESS].name, "p1");
	strcpy(l[TRUNK].name, "p2");
	l[ACCESS].kind = l[TRUNK].kind = LINK_DATAPLANE;
	l[ACCESS].member_of = l[TRUNK].member_of = SWITCH;
	l[ACCESS].vlan_first = 1;
	l[ACCESS].vlan_count = 1;
	settings_vlans(s)[1] = (struct vlan_settings){ 10, 10, true, true };
	l[TRUNK].vlan_first = 2;
	l[TRUNK].vlan_count = 2;
	settings_vlans(s)[2] = (struct vlan_settings){ 10, 12, false, false };
	settings_vlans(s)[3] = (struct vlan_settings){ 20, 20, true, true };
	strcpy(l[LO].name, "lo");
	strcpy(l[DUMMY].name, "lo1");
	l[LO].kind = l[DUMMY].kind = LINK_LOOPBACK;
	l[LO].address_first = 1;
	l[DUMMY].address_first = 2;
	l[LO].address_count = l[DUMMY].address_count = 1;
	kernel_put_address(s, 0, "192.0.2.1/24");
	kernel_put_address(s, 1, "198.51.100.1/32");
	kernel_put_address(s, 2, "198.51.100.2/32");
	return s;
}

static int
set_up(void **state)
{
	struct kernel *rig = kernel_new(full_settings());
	struct ifworld_link lo = kernel_new_link(rig, "lo", IFWORLD_LOOPBACK);

	ifworld_put_link(rig->world, &lo);
	*state = rig;
	return 0;
}

static bool
has_vlans(const struct kernel *rig, const char *name, const struct vlan_settings *ranges,
          size_t count)
{
	struct vlanset set = { 0 };

	for (size_t i = 0; i < count; i++)
		vlanset_put(&set, &ranges[i]);
	return vlanset_equal(&set, ifworld_vlans(rig->world, kernel_link(rig, name)->index));
}

#define ASSERT_VLANS(rig, name, ...) do { \
	const struct vlan_settings ranges[] = { __VA_ARGS__ }; \
	assert_true(has_vlans(rig, name, ranges, ARRAY_SIZE(ranges))); \
} while (0)

/* A bridge of somebody else, in which p1 is, with a port of another. */
static void
add_foreign_bridge(struct kernel *rig, const char *name)
{
	struct ifworld_link bridge = kernel_new_link(rig, name, IFWORLD_BRIDGE);
	struct ifworld_link port = *kernel_link(rig, "p1");
	struct ifworld_link other = kernel_new_link(rig, "p9", IFWORLD_OTHER);
	const struct vlan_settings first = { 1, 1, true, true };

	bridge.bridge = (struct ifworld_bridge){ .can_filter = true, .snooping = true,
	                                         .default_primary = 1, .aging = 300 };
	kernel_lift(&bridge, true);
	ifworld_put_link(rig->world, &bridge);
	port.master = other.master = bridge.index;
	ifworld_put_link(rig->world, &port);
	ifworld_put_link(rig->world, &other);
	ifworld_put_vlans(rig->world, bridge.index, &first);
	ifworld_put_vlans(rig->world, port.index, &first);
	ifworld_put_vlans(rig->world, other.index, &first);
}

/* ---- switches ---- */

static void
test_switch_is_made_with_its_ports_and_vlans(void **state)
{
	struct kernel *rig = *state;
	const struct ifworld_link *bridge;

	kernel_settle(rig);
	bridge = kernel_link(rig, "sw0");
	assert_int_equal(bridge->kind, IFWORLD_BRIDGE);
	assert_true(bridge->bridge.filtering);
	assert_false(bridge->bridge.snooping);
	assert_int_equal(bridge->bridge.default_primary, 0);
	assert_int_equal(bridge->bridge.aging, 60);
	assert_true(bridge->up);
	assert_int_equal(kernel_link(rig, "p1")->master, bridge->index);
	assert_int_equal(kernel_link(rig, "p2")->master, bridge->index);
	assert_true(kernel_link(rig, "p2")->up);
	ASSERT_VLANS(rig, "sw0", { 10, 10, false, false });
	ASSERT_VLANS(rig, "p1", { 10, 10, true, true });
	ASSERT_VLANS(rig, "p2", { 10, 12, false, false }, { 20, 20, true, true });
	assert_int_equal(kernel_link(rig, "sw0.10")->parent, bridge->index);
	assert_non_null(kernel_address(rig, "sw0.10", "192.0.2.1/24"));
	/* A port that was up is not taken down to join. */
	assert_int_equal(rig->kinds[IFSTEP_SET_DOWN], 0);
	kernel_adopt(rig, full_settings());
	assert_int_equal(kernel_settle(rig), 0);
}

static void
test_what_is_changed_by_hand_comes_back(void **state)
{
	struct kernel *rig = *state;
	struct ifworld_link port;

	kernel_settle(rig);
	port = *kernel_link(rig, "p2");
	port.master = 0;
	ifworld_put_link(rig->world, &port);
	ifworld_remove_vlans(rig->world, kernel_link(rig, "p1")->index, 10, 10);
	ifworld_put_vlans(rig->world, kernel_link(rig, "p1")->index,
	                  &(struct vlan_settings){ 1, 7, true, false });
	ifworld_put_vlans(rig->world, kernel_link(rig, "sw0")->index,
	                  &(struct vlan_settings){ 30, 30, false, false });
	kernel_settle(rig);
	assert_int_equal(kernel_link(rig, "p2")->master, kernel_link(rig, "sw0")->index);
	ASSERT_VLANS(rig, "p1", { 10, 10, true, true });
	ASSERT_VLANS(rig, "p2", { 10, 12, false, false }, { 20, 20, true, true });
	ASSERT_VLANS(rig, "sw0", { 10, 10, false, false });
	/* And the switch itself. */
	ifworld_remove_link(rig->world, kernel_link(rig, "sw0.10")->index);
	ifworld_remove_link(rig->world, kernel_link(rig, "sw0")->index);
	for (unsigned i = 1; i <= 2; i++) {
		port = *kernel_link(rig, i == 1 ? "p1" : "p2");
		port.master = 0;
		ifworld_put_link(rig->world, &port);
	}
	kernel_settle(rig);
	assert_int_equal(kernel_link(rig, "p1")->master, kernel_link(rig, "sw0")->index);
	ASSERT_VLANS(rig, "p2", { 10, 12, false, false }, { 20, 20, true, true });
	assert_non_null(kernel_address(rig, "sw0.10", "192.0.2.1/24"));
}

static void
test_changed_vlans_touch_only_what_differs(void **state)
{
	struct kernel *rig = *state;
	struct settings *s = full_settings();

	kernel_settle(rig);
	settings_vlans(s)[2] = (struct vlan_settings){ 11, 13, false, false };
	kernel_adopt(rig, s);
	assert_int_equal(kernel_settle(rig), 2);
	ASSERT_VLANS(rig, "p2", { 11, 13, false, false }, { 20, 20, true, true });
	/* The primary VLAN goes to another. */
	s = full_settings();
	settings_vlans(s)[2] = (struct vlan_settings){ 11, 11, true, true };
	settings_vlans(s)[3] = (struct vlan_settings){ 20, 20, true, false };
	kernel_adopt(rig, s);
	kernel_settle(rig);
	ASSERT_VLANS(rig, "p2", { 11, 11, true, true }, { 20, 20, true, false });
}

static void
test_removed_switch_leaves_no_trace(void **state)
{
	struct kernel *rig = *state;

	kernel_settle(rig);
	kernel_adopt(rig, settings_new(&(struct settings_counts){ 0 }));
	kernel_settle(rig);
	assert_null(ifworld_named(rig->world, "sw0"));
	assert_null(ifworld_named(rig->world, "sw0.10"));
	assert_null(ifworld_named(rig->world, "lo1"));
	assert_int_equal(kernel_link(rig, "p1")->master, 0);
	assert_true(kernel_link(rig, "p1")->up);
	assert_false(kernel_link(rig, "p2")->up);
	assert_null(iforiginals_next(rig->originals, NULL));
	assert_int_equal(kernel_settle(rig), 0);
}

static void
test_bridge_of_others_is_adopted_and_given_back(void **state)
{
	struct kernel *rig = *state;

	add_foreign_bridge(rig, "sw0");
	kernel_settle(rig);
	assert_int_equal(rig->kinds[IFSTEP_CREATE_SWITCH], 0);
	assert_true(kernel_link(rig, "sw0")->bridge.filtering);
	assert_int_equal(kernel_link(rig, "sw0")->bridge.aging, 60);
	/* Ours has what is configured, theirs what it had; the bridge has both. */
	ASSERT_VLANS(rig, "p1", { 10, 10, true, true });
	ASSERT_VLANS(rig, "p9", { 1, 1, true, true });
	ASSERT_VLANS(rig, "sw0", { 1, 1, true, true }, { 10, 10, false, false });
	assert_int_equal(kernel_settle(rig), 0);

	kernel_restart(rig);
	kernel_adopt(rig, settings_new(&(struct settings_counts){ 0 }));
	kernel_settle(rig);
	assert_false(kernel_link(rig, "sw0")->bridge.filtering);
	assert_true(kernel_link(rig, "sw0")->bridge.snooping);
	assert_int_equal(kernel_link(rig, "sw0")->bridge.aging, 300);
	assert_int_equal(kernel_link(rig, "p1")->master, kernel_link(rig, "sw0")->index);
	assert_int_equal(kernel_link(rig, "p2")->master, 0);
	ASSERT_VLANS(rig, "p1", { 1, 1, true, true });
	ASSERT_VLANS(rig, "sw0", { 1, 1, true, true });
	assert_null(iforiginals_next(rig->originals, NULL));
}

static void
test_port_of_another_bridge_goes_back_with_its_vlans(void **state)
{
	struct kernel *rig = *state;
	struct settings *s = full_settings();

	add_foreign_bridge(rig, "br0");
	kernel_settle(rig);
	assert_int_equal(kernel_link(rig, "p1")->master, kernel_link(rig, "sw0")->index);
	ASSERT_VLANS(rig, "p1", { 10, 10, true, true });
	/* Still configured, but no port any more. */
	settings_links(s)[ACCESS].member_of = -1;
	settings_links(s)[ACCESS].vlan_count = 0;
	kernel_adopt(rig, s);
	kernel_settle(rig);
	assert_int_equal(kernel_link(rig, "p1")->master, kernel_link(rig, "br0")->index);
	ASSERT_VLANS(rig, "p1", { 1, 1, true, true });
	assert_false(iforiginals_has(rig->originals, "p1", ORIGINAL_VLANS));
	assert_false(iforiginals_has(rig->originals, "p1", ORIGINAL_MASTER));
}

static void
add_remark(void *owner, const char *sentence)
{
	strcat(owner, sentence);
	strcat(owner, "\n");
}

static void
test_kernel_without_vlans_on_bridges_is_not_asked_in_vain(void **state)
{
	struct kernel *rig = *state;
	char remarks[1024] = "";

	rig->no_filter = true;
	kernel_settle(rig);
	assert_int_equal(rig->kinds[IFSTEP_ADD_VLANS], 0);
	assert_int_equal(kernel_link(rig, "p1")->master, kernel_link(rig, "sw0")->index);
	ifplan_remarks(rig->plan, rig->world, SWITCH, add_remark, remarks);
	assert_non_null(strstr(remarks, "sw0: this kernel's bridges know no VLANs"));
}

static void
test_switch_of_another_kind_takes_no_ports(void **state)
{
	struct kernel *rig = *state;
	struct ifworld_link other = kernel_new_link(rig, "sw0", IFWORLD_OTHER);
	char remarks[1024] = "";

	ifworld_put_link(rig->world, &other);
	kernel_settle(rig);
	assert_int_equal(kernel_link(rig, "p1")->master, 0);
	ifplan_remarks(rig->plan, rig->world, SWITCH, add_remark, remarks);
	ifplan_remarks(rig->plan, rig->world, ACCESS, add_remark, remarks);
	assert_non_null(strstr(remarks, "sw0: the interface exists and is no switch"));
	assert_non_null(strstr(remarks, "p1: cannot join sw0, which is no switch"));
}

static void
test_switch_is_usable_through_a_usable_port(void **state)
{
	struct kernel *rig = *state;
	struct ifworld_link port;

	kernel_settle(rig);
	assert_true(ifworld_usable(rig->world, kernel_link(rig, "sw0.10")));
	for (unsigned i = 1; i <= 2; i++) {
		port = *kernel_link(rig, i == 1 ? "p1" : "p2");
		port.running = false;
		ifworld_put_link(rig->world, &port);
		assert_int_equal(ifworld_usable(rig->world, kernel_link(rig, "sw0.10")), i == 1);
	}
}

/* ---- loopbacks ---- */

static void
test_loopback_is_raised_and_never_taken_down(void **state)
{
	struct kernel *rig = *state;

	kernel_settle(rig);
	assert_true(kernel_link(rig, "lo")->up);
	assert_true(kernel_link(rig, "lo1")->up);
	assert_int_equal(kernel_link(rig, "lo1")->kind, IFWORLD_DUMMY);
	assert_non_null(kernel_address(rig, "lo", "198.51.100.1/32"));
	assert_non_null(kernel_address(rig, "lo1", "198.51.100.2/32"));
	kernel_adopt(rig, settings_new(&(struct settings_counts){ 0 }));
	kernel_settle(rig);
	assert_true(kernel_link(rig, "lo")->up);
	assert_null(kernel_address(rig, "lo", "198.51.100.1/32"));
}

/* ---- two tags ---- */

enum { PORT, OUTER, INNER, TAGGED };

static struct settings *
tagged_settings(uint16_t outer, uint16_t inner)
{
	struct settings *s = settings_new(&(struct settings_counts){ .links = TAGGED,
	                                                             .addresses = 1 });
	struct link_settings *l = settings_links(s);

	assert_non_null(s);
	for (unsigned i = 0; i < TAGGED; i++) {
		l[i].kind = i == PORT ? LINK_DATAPLANE : LINK_VIF;
		l[i].parent = (int32_t)i - 1;
		l[i].member_of = -1;
	}
	strcpy(l[PORT].name, "p1");
	l[PORT].mtu = l[OUTER].mtu = l[INNER].mtu = 9000;
	strcpy(l[OUTER].name, "p1.20");
	l[OUTER].vlan = outer;
	l[OUTER].vlan_protocol = 0x88a8;
	strcpy(l[INNER].name, "p1.100");
	l[INNER].vlan = inner;
	l[INNER].vlan_protocol = 0x8100;
	l[INNER].address_count = 1;
	kernel_put_address(s, 0, "192.0.2.1/24");
	return s;
}

static void
test_inner_vlan_stands_on_outer_one(void **state)
{
	struct kernel *rig = *state;
	const struct ifworld_link *outer;

	kernel_adopt(rig, tagged_settings(20, 5));
	kernel_settle(rig);
	outer = kernel_link(rig, "p1.20");
	assert_int_equal(outer->vlan_protocol, 0x88a8);
	assert_int_equal(outer->mtu, 9000);
	assert_int_equal(kernel_link(rig, "p1.100")->parent, outer->index);
	assert_int_equal(kernel_link(rig, "p1.100")->mtu, 9000);
	assert_int_equal(kernel_link(rig, "p1.100")->vlan, 5);
	assert_non_null(kernel_address(rig, "p1.100", "192.0.2.1/24"));
	assert_int_equal(kernel_settle(rig), 0);
}

static void
test_vif_of_another_vlan_is_made_anew(void **state)
{
	struct kernel *rig = *state;

	kernel_adopt(rig, tagged_settings(20, 5));
	kernel_settle(rig);
	kernel_adopt(rig, tagged_settings(21, 6));
	kernel_settle(rig);
	assert_int_equal(kernel_link(rig, "p1.20")->vlan, 21);
	assert_int_equal(kernel_link(rig, "p1.100")->vlan, 6);
	assert_int_equal(kernel_link(rig, "p1.100")->parent, kernel_link(rig, "p1.20")->index);
	assert_non_null(kernel_address(rig, "p1.100", "192.0.2.1/24"));
	kernel_adopt(rig, settings_new(&(struct settings_counts){ 0 }));
	kernel_settle(rig);
	assert_null(ifworld_named(rig->world, "p1.20"));
	assert_null(ifworld_named(rig->world, "p1.100"));
	assert_int_equal(kernel_link(rig, "p1")->mtu, 1500);
}

/* Somebody gave the port another name: what stands on it goes on. */
static void
test_vif_stays_while_its_parent_is_renamed(void **state)
{
	struct kernel *rig = *state;
	struct ifworld_link port;

	kernel_adopt(rig, tagged_settings(20, 5));
	kernel_settle(rig);
	port = *kernel_link(rig, "p1");
	strcpy(port.name, "renamed");
	ifworld_put_link(rig->world, &port);
	kernel_settle(rig);
	assert_int_equal(kernel_link(rig, "p1.20")->vlan, 20);
	assert_non_null(kernel_address(rig, "p1.100", "192.0.2.1/24"));
}

#define SWITCH_TEST(function) cmocka_unit_test_setup_teardown(function, set_up, kernel_tear_down)

int
main(void)
{
	const struct CMUnitTest tests[] = {
		SWITCH_TEST(test_switch_is_made_with_its_ports_and_vlans),
		SWITCH_TEST(test_what_is_changed_by_hand_comes_back),
		SWITCH_TEST(test_changed_vlans_touch_only_what_differs),
		SWITCH_TEST(test_removed_switch_leaves_no_trace),
		SWITCH_TEST(test_bridge_of_others_is_adopted_and_given_back),
		SWITCH_TEST(test_port_of_another_bridge_goes_back_with_its_vlans),
		SWITCH_TEST(test_kernel_without_vlans_on_bridges_is_not_asked_in_vain),
		SWITCH_TEST(test_switch_of_another_kind_takes_no_ports),
		SWITCH_TEST(test_switch_is_usable_through_a_usable_port),
		SWITCH_TEST(test_loopback_is_raised_and_never_taken_down),
		SWITCH_TEST(test_inner_vlan_stands_on_outer_one),
		SWITCH_TEST(test_vif_of_another_vlan_is_made_anew),
		SWITCH_TEST(test_vif_stays_while_its_parent_is_renamed),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
