/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The planner against a small kernel: planning and carrying out goes on until nothing is left.
 * Then the picture must be what the settings ask for, and the same settings once more must ask for
 * nothing.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "small_kernel.h"

/* ---- settings ---- */

/* A bond, a vif on it, two ports that are its members; a plain group on the vif, one with virtual
 * MAC on the bond. */
enum { BOND, VIF, PORT_A, PORT_B, LINKS };
enum { PLAIN, VIRTUAL, GROUPS };

static struct settings *
full_settings(void)
{
	struct settings *s = settings_new(&(struct settings_counts){
		.links = LINKS, .groups = GROUPS, .addresses = 5 });
	struct link_settings *l = settings_links(s);
	struct group_settings *g = settings_groups(s);

	assert_non_null(s);
	for (unsigned i = 0; i < LINKS; i++)
		l[i].parent = l[i].member_of = -1;
	strcpy(l[PORT_A].name, "p1");
	strcpy(l[PORT_B].name, "p2");
	strcpy(l[BOND].name, "dp0bond0");
	strcpy(l[VIF].name, "dp0bond0.10");
	l[PORT_A].kind = l[PORT_B].kind = LINK_DATAPLANE;
	l[PORT_A].member_of = l[PORT_B].member_of = BOND;
	l[BOND].kind = LINK_BOND;
	l[BOND].bonding = (struct bond_settings){ .mode = BOND_LACP, .minimum_links = 1 };
	l[BOND].mtu = 9000;
	l[BOND].address_first = 0;
	l[BOND].address_count = 1;
	l[VIF].kind = LINK_VIF;
	l[VIF].parent = BOND;
	l[VIF].vlan = 10;
	l[VIF].vlan_protocol = 0x8100;
	l[VIF].address_first = 1;
	l[VIF].address_count = 1;
	strcpy(l[VIF].description, "VLAN 10");
	kernel_put_address(s, 0, "10.100.11.39/26");
	kernel_put_address(s, 1, "192.168.255.81/30");
	kernel_put_address(s, 2, "10.100.105.177/28");
	kernel_put_address(s, 3, "10.100.38.1/26");
	kernel_put_address(s, 4, "10.100.11.5/26");
	g[PLAIN] = (struct group_settings){ .link = VIF, .sync = -1, .vrid = 10, .version = 2,
	                                    .family = 4, .address_first = 2, .address_count = 2 };
	g[VIRTUAL] = (struct group_settings){ .link = BOND, .sync = -1, .vrid = 1, .version = 2,
	                                      .family = 4, .rfc_compatibility = true,
	                                      .address_first = 4, .address_count = 1 };
	strcpy(g[VIRTUAL].vmac_name, "dp0vrrp1");
	return s;
}

static int
set_up(void **state)
{
	*state = kernel_new(full_settings());
	return 0;
}

/* ---- tests ---- */

static void
test_full_settings_make_everything(void **state)
{
	struct kernel *rig = *state;
	const struct ifworld_link *bond;
	const struct ifworld_link *vif;
	const struct ifworld_link *virtual;

	kernel_settle(rig);
	bond = kernel_link(rig, "dp0bond0");
	assert_int_equal(bond->kind, IFWORLD_BOND);
	assert_int_equal(bond->bond.mode, BOND_LACP);
	assert_true(bond->bond.hash34);
	assert_int_equal(bond->bond.miimon, IFPLAN_MIIMON);
	assert_int_equal(bond->mtu, 9000);
	assert_int_equal(bond->arp.ignore, 1);
	assert_int_equal(bond->arp.announce, 2);
	assert_true(bond->up);
	assert_int_equal(kernel_link(rig, "p1")->master, bond->index);
	assert_int_equal(kernel_link(rig, "p2")->master, bond->index);
	vif = kernel_link(rig, "dp0bond0.10");
	assert_int_equal(vif->vlan, 10);
	assert_true(vif->up);
	assert_string_equal(vif->alias, "VLAN 10");
	assert_int_equal(kernel_address(rig, "dp0bond0.10", "192.168.255.81/30")->mark, MARK_REAL);
	assert_null(kernel_address(rig, "dp0bond0.10", "10.100.38.1/26"));
	virtual = kernel_link(rig, "dp0vrrp1");
	assert_false(virtual->up);
	assert_int_equal(virtual->mtu, 9000);
	assert_int_equal(virtual->arp.ignore, 1);
	assert_int_equal(virtual->arp.rp_filter, 2);
	assert_string_equal(virtual->alias, "dp0bond0 group 1");
	assert_true(kernel_address(rig, "dp0vrrp1", "10.100.11.5/26")->silent);
	assert_false(kernel_address(rig, "dp0vrrp1", "10.100.11.5/26")->leased);
}

static void
test_same_settings_twice_ask_for_nothing(void **state)
{
	struct kernel *rig = *state;

	kernel_settle(rig);
	kernel_adopt(rig, full_settings());
	assert_int_equal(kernel_settle(rig), 0);
	rig->held[PLAIN] = rig->held[VIRTUAL] = true;
	kernel_settle(rig);
	assert_int_equal(kernel_settle(rig), 0);
}

static void
test_lost_address_of_a_holder_is_brought_back(void **state)
{
	struct kernel *rig = *state;
	struct ifplan_view view = kernel_view(rig);
	struct ifsteps steps = { 0 };
	struct prefix gone;

	kernel_settle(rig);
	rig->held[PLAIN] = true;
	kernel_settle(rig);
	assert_true(prefix_parse("10.100.38.1/26", &gone));
	ifworld_remove_address(rig->world, kernel_link(rig, "dp0bond0.10")->index, &gone);
	ifplan_link(rig->plan, &view, VIF, &steps);
	assert_int_equal(steps.count, 1);
	assert_int_equal(steps.list[0].kind, IFSTEP_ADD_ADDRESS);
	assert_int_equal(steps.list[0].group, PLAIN);
	ifsteps_done(&steps);
}

static void
test_virtual_link_raised_by_someone_goes_down_again(void **state)
{
	struct kernel *rig = *state;
	struct ifworld_link link;

	kernel_settle(rig);
	link = *kernel_link(rig, "dp0vrrp1");
	kernel_lift(&link, true);
	ifworld_put_link(rig->world, &link);
	kernel_settle(rig);
	assert_false(kernel_link(rig, "dp0vrrp1")->up);
	assert_true(kernel_address(rig, "dp0vrrp1", "10.100.11.5/26")->silent);
}

static void
test_removed_configuration_restores_what_was(void **state)
{
	struct kernel *rig = *state;
	struct settings *empty = settings_new(&(struct settings_counts){ 0 });

	kernel_settle(rig);
	rig->held[PLAIN] = rig->held[VIRTUAL] = true;
	kernel_settle(rig);
	kernel_adopt(rig, empty);
	kernel_settle(rig);
	assert_null(ifworld_named(rig->world, "dp0bond0"));
	assert_null(ifworld_named(rig->world, "dp0bond0.10"));
	assert_null(ifworld_named(rig->world, "dp0vrrp1"));
	assert_int_equal(kernel_link(rig, "p1")->master, 0);
	assert_true(kernel_link(rig, "p1")->up);
	assert_false(kernel_link(rig, "p2")->up);
	assert_null(iforiginals_next(rig->originals, NULL));
	assert_int_equal(kernel_settle(rig), 0);
}

static void
test_originals_survive_as_bytes(void **state)
{
	struct kernel *rig = *state;

	kernel_settle(rig);
	kernel_restart(rig);
	kernel_adopt(rig, settings_new(&(struct settings_counts){ 0 }));
	kernel_settle(rig);
	assert_null(ifworld_named(rig->world, "dp0bond0"));
	assert_true(kernel_link(rig, "p1")->up);
}

static void
test_removed_setting_restores_attribute(void **state)
{
	struct kernel *rig = *state;
	struct settings *s = full_settings();

	kernel_settle(rig);
	settings_links(s)[BOND].mtu = 0;
	settings_links(s)[VIF].description[0] = '\0';
	settings_links(s)[PORT_B].member_of = -1;
	kernel_adopt(rig, s);
	kernel_settle(rig);
	assert_int_equal(kernel_link(rig, "dp0bond0")->mtu, 1500);
	assert_string_equal(kernel_link(rig, "dp0bond0.10")->alias, "");
	assert_int_equal(kernel_link(rig, "p2")->master, 0);
	assert_int_equal(kernel_settle(rig), 0);
}

static void
test_bond_of_another_mode_is_changed_and_restored(void **state)
{
	struct kernel *rig = *state;
	struct ifworld_link bond = kernel_new_link(rig, "dp0bond0", IFWORLD_BOND);
	struct ifworld_link member = *kernel_link(rig, "p1");
	struct ifworld_link foreign = kernel_new_link(rig, "p9", IFWORLD_OTHER);

	kernel_lift(&bond, true);
	bond.bond = (struct ifworld_bond){ .mode = BOND_BALANCED, .miimon = 50 };
	ifworld_put_link(rig->world, &bond);
	member.master = foreign.master = bond.index;
	kernel_lift(&foreign, true);
	ifworld_put_link(rig->world, &member);
	ifworld_put_link(rig->world, &foreign);
	kernel_settle(rig);
	assert_int_equal(kernel_link(rig, "dp0bond0")->bond.mode, BOND_LACP);
	assert_int_equal(kernel_link(rig, "dp0bond0")->bond.miimon, IFPLAN_MIIMON);
	assert_int_equal(kernel_link(rig, "p1")->master, bond.index);
	assert_int_equal(kernel_link(rig, "p9")->master, bond.index);
	assert_int_equal(rig->kinds[IFSTEP_CREATE_BOND], 0);
	assert_int_equal(kernel_settle(rig), 0);
	kernel_adopt(rig, settings_new(&(struct settings_counts){ 0 }));
	kernel_settle(rig);
	assert_int_equal(kernel_link(rig, "dp0bond0")->bond.mode, BOND_BALANCED);
	assert_int_equal(kernel_link(rig, "dp0bond0")->bond.miimon, 50);
	assert_int_equal(kernel_link(rig, "p9")->master, bond.index);
	assert_int_equal(kernel_link(rig, "p1")->master, bond.index);
	assert_int_equal(kernel_link(rig, "p2")->master, 0);
}

static void
test_refused_mode_leaves_bond_alone(void **state)
{
	struct kernel *rig = *state;
	struct ifworld_link bond = kernel_new_link(rig, "dp0bond0", IFWORLD_BOND);

	kernel_lift(&bond, true);
	bond.bond = (struct ifworld_bond){ .mode = BOND_BALANCED, .miimon = 50 };
	ifworld_put_link(rig->world, &bond);
	rig->refuse = IFSTEP_SET_BOND;
	kernel_settle(rig);
	assert_int_equal(rig->kinds[IFSTEP_SET_DOWN], 1);	/* p1, to join */
	assert_true(kernel_link(rig, "dp0bond0")->up);
	assert_non_null(kernel_address(rig, "dp0bond0", "10.100.11.39/26"));
}

static void
add_remark(void *owner, const char *sentence)
{
	strcat(owner, sentence);
	strcat(owner, "\n");
}

static void
test_link_of_another_kind_is_adopted_with_a_remark(void **state)
{
	struct kernel *rig = *state;
	struct ifworld_link bond = kernel_new_link(rig, "dp0bond0", IFWORLD_OTHER);
	char remarks[1024] = "";

	ifworld_put_link(rig->world, &bond);
	kernel_settle(rig);
	assert_non_null(kernel_address(rig, "dp0bond0", "10.100.11.39/26"));
	assert_int_equal(kernel_link(rig, "p1")->master, 0);
	for (uint32_t l = 0; l < LINKS; l++)
		ifplan_remarks(rig->plan, rig->world, l, add_remark, remarks);
	assert_non_null(strstr(remarks, "dp0bond0: the interface exists and is no bond"));
	assert_non_null(strstr(remarks, "p1: cannot join dp0bond0"));
	kernel_adopt(rig, settings_new(&(struct settings_counts){ 0 }));
	kernel_settle(rig);
	assert_non_null(ifworld_named(rig->world, "dp0bond0"));
	assert_null(kernel_address(rig, "dp0bond0", "10.100.11.39/26"));
	assert_false(kernel_link(rig, "dp0bond0")->up);
	assert_int_equal(kernel_link(rig, "dp0bond0")->mtu, 1500);
	assert_int_equal(kernel_link(rig, "dp0bond0")->arp.ignore, 0);
}

static void
test_foreign_addresses_stay(void **state)
{
	struct kernel *rig = *state;
	struct ifworld_address foreign = { 0 };

	kernel_settle(rig);
	assert_true(prefix_parse("192.0.2.7/24", &foreign.prefix));
	ifworld_put_address(rig->world, kernel_link(rig, "dp0bond0.10")->index, &foreign);
	/* A virtual address somebody gave the link is accepted, not taken over, not removed. */
	assert_true(prefix_parse("10.100.38.1/26", &foreign.prefix));
	ifworld_put_address(rig->world, kernel_link(rig, "dp0bond0.10")->index, &foreign);
	assert_int_equal(kernel_settle(rig), 0);
	rig->held[PLAIN] = true;
	assert_int_equal(kernel_settle(rig), 1);
	rig->held[PLAIN] = false;
	kernel_settle(rig);
	assert_non_null(kernel_address(rig, "dp0bond0.10", "10.100.38.1/26"));
	assert_non_null(kernel_address(rig, "dp0bond0.10", "192.0.2.7/24"));
}

static void
test_leftovers_are_removed(void **state)
{
	struct kernel *rig = *state;
	struct ifworld_address left = { .mark = MARK_VIRTUAL, .leased = true };
	struct ifworld_link virtual;
	int vif;

	kernel_settle(rig);
	vif = kernel_link(rig, "dp0bond0.10")->index;
	assert_true(prefix_parse("10.100.38.1/26", &left.prefix));
	ifworld_put_address(rig->world, vif, &left);
	ifworld_put_address(rig->world, kernel_link(rig, "p2")->index, &left);
	left.mark = MARK_REAL;
	assert_true(prefix_parse("10.7.7.7/24", &left.prefix));
	ifworld_put_address(rig->world, vif, &left);
	virtual = *kernel_link(rig, "dp0vrrp1");
	virtual.index = ++rig->next_index;
	virtual.mac.bytes[5] = 77;
	strcpy(virtual.name, "dp0vrrp7");
	strcpy(virtual.alias, "dp0bond0 group 77");
	ifworld_put_link(rig->world, &virtual);
	kernel_settle(rig);
	assert_null(kernel_address(rig, "dp0bond0.10", "10.100.38.1/26"));
	assert_null(kernel_address(rig, "dp0bond0.10", "10.7.7.7/24"));
	assert_null(kernel_address(rig, "p2", "10.100.38.1/26"));
	assert_null(ifworld_named(rig->world, "dp0vrrp7"));
	assert_non_null(ifworld_named(rig->world, "dp0vrrp1"));
}

static void
test_taken_name_gives_virtual_link_another_until_free(void **state)
{
	struct kernel *rig = *state;
	struct ifworld_link foreign = kernel_new_link(rig, "dp0vrrp1", IFWORLD_OTHER);
	char remarks[1024] = "";
	char name[NAME_SIZE];

	ifworld_put_link(rig->world, &foreign);
	kernel_settle(rig);
	snprintf(name, sizeof(name), "vrrp%d.1", kernel_link(rig, "dp0bond0")->index);
	assert_int_equal(kernel_link(rig, name)->kind, IFWORLD_MACVLAN);
	ifplan_remarks(rig->plan, rig->world, BOND, add_remark, remarks);
	assert_non_null(strstr(remarks, "the name dp0vrrp1 is taken"));
	ifworld_remove_link(rig->world, foreign.index);
	kernel_settle(rig);
	assert_int_equal(kernel_link(rig, "dp0vrrp1")->kind, IFWORLD_MACVLAN);
	assert_null(ifworld_named(rig->world, name));
}

static void
test_virtual_address_that_is_real_is_never_touched(void **state)
{
	struct kernel *rig = *state;
	struct settings *s = full_settings();

	settings_addresses(s)[3] = settings_addresses(s)[1];
	kernel_adopt(rig, s);
	rig->held[PLAIN] = true;
	kernel_settle(rig);
	assert_int_equal(kernel_address(rig, "dp0bond0.10", "192.168.255.81/30")->mark, MARK_REAL);
	rig->held[PLAIN] = false;
	kernel_settle(rig);
	assert_non_null(kernel_address(rig, "dp0bond0.10", "192.168.255.81/30"));
}

static void
test_disabled_parent_leaves_vif_down(void **state)
{
	struct kernel *rig = *state;
	struct settings *s = full_settings();

	settings_links(s)[BOND].disable = true;
	kernel_adopt(rig, s);
	kernel_settle(rig);
	assert_false(kernel_link(rig, "dp0bond0")->up);
	assert_false(kernel_link(rig, "dp0bond0.10")->up);
	kernel_adopt(rig, full_settings());
	kernel_settle(rig);
	assert_true(kernel_link(rig, "dp0bond0.10")->up);
}

int
main(void)
{
#define PLAN_TEST(function) cmocka_unit_test_setup_teardown(function, set_up, kernel_tear_down)
	const struct CMUnitTest tests[] = {
		PLAN_TEST(test_full_settings_make_everything),
		PLAN_TEST(test_same_settings_twice_ask_for_nothing),
		PLAN_TEST(test_lost_address_of_a_holder_is_brought_back),
		PLAN_TEST(test_virtual_link_raised_by_someone_goes_down_again),
		PLAN_TEST(test_removed_configuration_restores_what_was),
		PLAN_TEST(test_originals_survive_as_bytes),
		PLAN_TEST(test_removed_setting_restores_attribute),
		PLAN_TEST(test_bond_of_another_mode_is_changed_and_restored),
		PLAN_TEST(test_refused_mode_leaves_bond_alone),
		PLAN_TEST(test_link_of_another_kind_is_adopted_with_a_remark),
		PLAN_TEST(test_foreign_addresses_stay),
		PLAN_TEST(test_leftovers_are_removed),
		PLAN_TEST(test_taken_name_gives_virtual_link_another_until_free),
		PLAN_TEST(test_virtual_address_that_is_real_is_never_touched),
		PLAN_TEST(test_disabled_parent_leaves_vif_down),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
