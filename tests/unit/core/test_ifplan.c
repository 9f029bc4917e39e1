/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The planner against a small kernel: steps are carried out on the picture as Linux would, and
 * planning goes on until nothing is left.  Then the picture must be what the settings ask for, and
 * the same settings once more must ask for nothing.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "core/ifgroup.h"
#include "core/ifplan.h"

#define ROUNDS 20

struct rig {
	struct ifworld *world;
	struct iforiginals *originals;
	struct settings *settings;
	struct ifplan *plan;
	bool held[8];
	int next_index;
	unsigned done;			/* steps carried out */
	unsigned kinds[IFSTEP_KINDS];
	char log[8192];
	enum ifstep_kind refuse;	/* IFSTEP_KINDS = none */
};

/* ---- the small kernel ---- */

static struct ifworld_link
copy_of(const struct rig *rig, int index)
{
	const struct ifworld_link *link = ifworld_link(rig->world, index);

	assert_non_null(link);
	return *link;
}

static struct ifworld_link
new_link(struct rig *rig, const char *name, enum ifworld_kind kind)
{
	struct ifworld_link link = { .index = ++rig->next_index, .kind = kind, .mtu = 1500 };

	snprintf(link.name, sizeof(link.name), "%s", name);
	link.mac.bytes[5] = (uint8_t)link.index;
	link.mac.bytes[0] = 2;
	link.bond.mode = BOND_MODES;
	return link;
}

static void
lift(struct ifworld_link *link, bool up)
{
	link->up = link->running = link->lower_up = link->oper_up = up;
}

static void
set_master(struct rig *rig, struct ifworld_link *link, int master)
{
	if (master != 0) {
		assert_false(link->up);		/* "Device can not be enslaved while up" */
		lift(link, true);
	} else {
		lift(link, false);
	}
	link->master = master;
	(void)rig;
}

static void
set_bond(struct rig *rig, struct ifworld_link *link, const struct ifstep *step)
{
	assert_int_equal(link->kind, IFWORLD_BOND);
	if (step->parts & BOND_PART_MODE) {
		assert_false(link->up);
		for (const struct ifworld_link *l = NULL;
		     (l = ifworld_next_link(rig->world, l)) != NULL;)
			assert_int_not_equal(l->master, link->index);
		link->bond.mode = step->bond.mode;
		link->bond.primary = 0;
	}
	if (step->parts & BOND_PART_LACP) {
		assert_false(link->up);
		assert_int_equal(link->bond.mode, BOND_LACP);
		link->bond.fast = step->bond.fast;
		link->bond.passive = step->bond.passive;
		link->bond.key = step->bond.key;
	}
	if (step->parts & BOND_PART_HASH)
		link->bond.hash34 = step->bond.hash34;
	if (step->parts & BOND_PART_MINIMUM)
		link->bond.minimum_links = step->bond.minimum_links;
	if (step->parts & BOND_PART_MIIMON)
		link->bond.miimon = step->bond.miimon;
	if (step->parts & BOND_PART_PRIMARY)
		link->bond.primary = step->bond.primary;
}

static void
carry_out(struct rig *rig, const struct ifstep *step)
{
	struct ifworld_link link;
	struct ifworld_address address = { .prefix = step->prefix, .mark = step->mark,
	                                   .leased = step->lease != 0 };
	char text[128];
	size_t length = strlen(rig->log);

	ifstep_text(step, text, sizeof(text));
	snprintf(rig->log + length, sizeof(rig->log) - length, "%s: %s\n", step->name, text);
	rig->done++;
	rig->kinds[step->kind]++;
	if (step->index != 0)
		link = copy_of(rig, step->index);
	else
		link = new_link(rig, step->name, IFWORLD_OTHER);
	switch (step->kind) {
	case IFSTEP_CREATE_BOND:
		link.kind = IFWORLD_BOND;
		set_bond(rig, &link, step);
		break;
	case IFSTEP_CREATE_VIF:
		link.kind = IFWORLD_VLAN;
		link.parent = step->other;
		link.vlan = step->vlan;
		link.vlan_protocol = step->vlan_protocol;
		break;
	case IFSTEP_CREATE_VIRTUAL:
		link.kind = IFWORLD_MACVLAN;
		link.private = true;
		link.parent = step->other;
		link.mac = step->mac;
		break;
	case IFSTEP_DELETE_LINK:
		ifworld_remove_link(rig->world, step->index);
		return;
	case IFSTEP_RENAME:
		assert_null(ifworld_named(rig->world, step->text));
		snprintf(link.name, sizeof(link.name), "%s", step->text);
		break;
	case IFSTEP_SET_UP:
		if (link.kind == IFWORLD_VLAN)
			assert_true(copy_of(rig, link.parent).up);
		lift(&link, true);
		break;
	case IFSTEP_SET_DOWN:
		lift(&link, false);
		break;
	case IFSTEP_SET_MTU:
		link.mtu = step->mtu;
		break;
	case IFSTEP_SET_MAC:
		link.mac = step->mac;
		break;
	case IFSTEP_SET_ALIAS:
		memset(link.alias, 0, sizeof(link.alias));
		snprintf(link.alias, sizeof(link.alias), "%s", step->text);
		break;
	case IFSTEP_SET_GROUP_ALIAS:
		ifstep_group_alias(step->text, step->vrid, link.alias);
		break;
	case IFSTEP_SET_MASTER:
		set_master(rig, &link, step->other);
		break;
	case IFSTEP_SET_BOND:
		set_bond(rig, &link, step);
		break;
	case IFSTEP_SET_ARP:
		if (step->arp.ignore >= 0)
			link.arp.ignore = step->arp.ignore;
		if (step->arp.announce >= 0)
			link.arp.announce = step->arp.announce;
		if (step->arp.rp_filter >= 0)
			link.arp.rp_filter = step->arp.rp_filter;
		break;
	case IFSTEP_SET_NO_ADDR_GEN:
		link.no_addr_gen = true;
		break;
	case IFSTEP_ADD_ADDRESS:
		assert_true(ifworld_put_address(rig->world, step->index, &address));
		return;
	case IFSTEP_REMOVE_ADDRESS:
		assert_non_null(ifworld_address(rig->world, step->index, &step->prefix));
		ifworld_remove_address(rig->world, step->index, &step->prefix);
		return;
	case IFSTEP_SILENCE_ADDRESS:
		ifworld_set_silent(rig->world, step->index, &step->prefix);
		return;
	case IFSTEP_KINDS:
		fail();
	}
	ifworld_put_link(rig->world, &link);
}

static bool
refuses(void *owner, const struct ifstep *step)
{
	return step->kind == ((struct rig *)owner)->refuse;
}

static struct ifplan_view
view_of(struct rig *rig)
{
	return (struct ifplan_view){ rig->world, rig->originals, rig->held, 4, refuses, rig };
}

/* Plan and carry out until nothing is left; how many steps it took. */
static unsigned
settle(struct rig *rig)
{
	struct ifplan_view view = view_of(rig);
	struct ifsteps steps = { 0 };
	bool more = true;

	rig->done = 0;
	rig->log[0] = '\0';
	memset(rig->kinds, 0, sizeof(rig->kinds));
	for (unsigned round = 0; more; round++) {
		assert_true(round < ROUNDS);
		more = false;
		ifplan_rest(rig->plan, &view, &steps);
		for (uint32_t l = 0; l <= rig->settings->link_count; l++) {
			for (size_t i = 0; i < steps.count; i++)
				carry_out(rig, &steps.list[i]);
			more |= steps.count > 0;
			steps.count = 0;
			if (l < rig->settings->link_count)
				ifplan_link(rig->plan, &view, l, &steps);
		}
	}
	ifsteps_done(&steps);
	return rig->done;
}

/* ---- settings ---- */

/* A bond, a vif on it, two ports that are its members; a plain group on the vif, one with virtual
 * MAC on the bond. */
enum { BOND, VIF, PORT_A, PORT_B, LINKS };
enum { PLAIN, VIRTUAL, GROUPS };

static void
put_address(struct settings *s, uint32_t at, const char *text)
{
	assert_true(prefix_parse(text, &settings_addresses(s)[at]));
}

static struct settings *
full_settings(void)
{
	struct settings *s = settings_new(LINKS, GROUPS, 0, 5);
	struct link_settings *l = settings_links(s);
	struct group_settings *g = settings_groups(s);

	assert_non_null(s);
	for (unsigned i = 0; i < LINKS; i++)
		l[i].parent = l[i].bond = -1;
	strcpy(l[PORT_A].name, "p1");
	strcpy(l[PORT_B].name, "p2");
	strcpy(l[BOND].name, "dp0bond0");
	strcpy(l[VIF].name, "dp0bond0.10");
	l[PORT_A].kind = l[PORT_B].kind = LINK_DATAPLANE;
	l[PORT_A].bond = l[PORT_B].bond = BOND;
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
	put_address(s, 0, "10.100.11.39/26");
	put_address(s, 1, "192.168.255.81/30");
	put_address(s, 2, "10.100.105.177/28");
	put_address(s, 3, "10.100.38.1/26");
	put_address(s, 4, "10.100.11.5/26");
	g[PLAIN] = (struct group_settings){ .link = VIF, .sync = -1, .vrid = 10, .version = 2,
	                                    .address_first = 2, .address_count = 2 };
	g[VIRTUAL] = (struct group_settings){ .link = BOND, .sync = -1, .vrid = 1, .version = 2,
	                                      .rfc_compatibility = true,
	                                      .address_first = 4, .address_count = 1 };
	strcpy(g[VIRTUAL].vmac_name, "dp0vrrp1");
	return s;
}

static void
adopt(struct rig *rig, struct settings *settings)
{
	ifplan_free(rig->plan);
	free(rig->settings);
	rig->settings = settings;
	rig->plan = ifplan_new(settings);
	memset(rig->held, 0, sizeof(rig->held));
}

static int
set_up(void **state)
{
	struct rig *rig = calloc(1, sizeof(*rig));
	struct ifworld_link link;

	assert_non_null(rig);
	rig->refuse = IFSTEP_KINDS;
	rig->world = ifworld_new();
	rig->originals = iforiginals_new();
	for (unsigned i = 0; i < 2; i++) {
		link = new_link(rig, i == 0 ? "p1" : "p2", IFWORLD_OTHER);
		lift(&link, i == 0);
		ifworld_put_link(rig->world, &link);
	}
	adopt(rig, full_settings());
	*state = rig;
	return 0;
}

static int
tear_down(void **state)
{
	struct rig *rig = *state;

	ifplan_free(rig->plan);
	free(rig->settings);
	iforiginals_free(rig->originals);
	ifworld_free(rig->world);
	free(rig);
	return 0;
}

static const struct ifworld_link *
named(const struct rig *rig, const char *name)
{
	const struct ifworld_link *link = ifworld_named(rig->world, name);

	assert_non_null(link);
	return link;
}

static const struct ifworld_address *
address_on(const struct rig *rig, const char *name, const char *text)
{
	struct prefix prefix;

	assert_true(prefix_parse(text, &prefix));
	return ifworld_address(rig->world, named(rig, name)->index, &prefix);
}

/* ---- tests ---- */

static void
test_full_settings_make_everything(void **state)
{
	struct rig *rig = *state;
	const struct ifworld_link *bond;
	const struct ifworld_link *vif;
	const struct ifworld_link *virtual;

	settle(rig);
	bond = named(rig, "dp0bond0");
	assert_int_equal(bond->kind, IFWORLD_BOND);
	assert_int_equal(bond->bond.mode, BOND_LACP);
	assert_true(bond->bond.hash34);
	assert_int_equal(bond->bond.miimon, IFPLAN_MIIMON);
	assert_int_equal(bond->mtu, 9000);
	assert_int_equal(bond->arp.ignore, 1);
	assert_int_equal(bond->arp.announce, 2);
	assert_true(bond->up);
	assert_int_equal(named(rig, "p1")->master, bond->index);
	assert_int_equal(named(rig, "p2")->master, bond->index);
	vif = named(rig, "dp0bond0.10");
	assert_int_equal(vif->vlan, 10);
	assert_true(vif->up);
	assert_string_equal(vif->alias, "VLAN 10");
	assert_int_equal(address_on(rig, "dp0bond0.10", "192.168.255.81/30")->mark, MARK_REAL);
	assert_null(address_on(rig, "dp0bond0.10", "10.100.38.1/26"));
	virtual = named(rig, "dp0vrrp1");
	assert_false(virtual->up);
	assert_int_equal(virtual->mtu, 9000);
	assert_int_equal(virtual->arp.ignore, 1);
	assert_int_equal(virtual->arp.rp_filter, 2);
	assert_string_equal(virtual->alias, "dp0bond0 group 1");
	assert_true(address_on(rig, "dp0vrrp1", "10.100.11.5/26")->silent);
	assert_false(address_on(rig, "dp0vrrp1", "10.100.11.5/26")->leased);
}

static void
test_same_settings_twice_ask_for_nothing(void **state)
{
	struct rig *rig = *state;

	settle(rig);
	adopt(rig, full_settings());
	assert_int_equal(settle(rig), 0);
	rig->held[PLAIN] = rig->held[VIRTUAL] = true;
	settle(rig);
	assert_int_equal(settle(rig), 0);
}

static void
test_take_and_drop_need_no_further_plan(void **state)
{
	struct rig *rig = *state;
	struct ifplan_view view = view_of(rig);
	struct ifsteps steps = { 0 };

	settle(rig);
	for (unsigned turn = 0; turn < 3; turn++) {
		for (uint32_t g = 0; g < GROUPS; g++) {
			rig->held[g] = true;
			ifgroup_take(rig->plan, &view, g, &steps);
		}
		for (size_t i = 0; i < steps.count; i++)
			carry_out(rig, &steps.list[i]);
		steps.count = 0;
		assert_true(named(rig, "dp0vrrp1")->up);
		assert_true(address_on(rig, "dp0vrrp1", "10.100.11.5/26")->leased);
		assert_true(address_on(rig, "dp0bond0.10", "10.100.38.1/26")->leased);
		assert_int_equal(settle(rig), 0);
		for (uint32_t g = 0; g < GROUPS; g++) {
			rig->held[g] = false;
			ifgroup_drop(rig->plan, &view, g, &steps);
		}
		for (size_t i = 0; i < steps.count; i++)
			carry_out(rig, &steps.list[i]);
		steps.count = 0;
		assert_false(named(rig, "dp0vrrp1")->up);
		assert_true(address_on(rig, "dp0vrrp1", "10.100.11.5/26")->silent);
		assert_null(address_on(rig, "dp0bond0.10", "10.100.38.1/26"));
		assert_int_equal(settle(rig), 0);
	}
	ifsteps_done(&steps);
}

static void
test_prefix_route_only_for_networks_not_connected(void **state)
{
	struct rig *rig = *state;
	struct ifplan_view view = view_of(rig);
	struct ifsteps steps = { 0 };

	settle(rig);
	rig->held[PLAIN] = rig->held[VIRTUAL] = true;
	ifgroup_take(rig->plan, &view, PLAIN, &steps);
	assert_int_equal(steps.count, 2);
	assert_false(steps.list[0].no_prefix_route);
	steps.count = 0;
	ifgroup_take(rig->plan, &view, VIRTUAL, &steps);
	assert_int_equal(steps.count, 2);
	assert_true(steps.list[0].no_prefix_route);
	assert_int_equal(steps.list[0].lease, 4);
	assert_int_equal(steps.list[1].kind, IFSTEP_SET_UP);
	ifsteps_done(&steps);
}

static void
test_lost_address_of_a_holder_is_brought_back(void **state)
{
	struct rig *rig = *state;
	struct ifplan_view view = view_of(rig);
	struct ifsteps steps = { 0 };
	struct prefix gone;

	settle(rig);
	rig->held[PLAIN] = true;
	settle(rig);
	assert_true(prefix_parse("10.100.38.1/26", &gone));
	ifworld_remove_address(rig->world, named(rig, "dp0bond0.10")->index, &gone);
	ifplan_link(rig->plan, &view, VIF, &steps);
	assert_int_equal(steps.count, 1);
	assert_int_equal(steps.list[0].kind, IFSTEP_ADD_ADDRESS);
	assert_int_equal(steps.list[0].group, PLAIN);
	ifsteps_done(&steps);
}

static void
test_virtual_link_raised_by_someone_goes_down_again(void **state)
{
	struct rig *rig = *state;
	struct ifworld_link link;

	settle(rig);
	link = *named(rig, "dp0vrrp1");
	lift(&link, true);
	ifworld_put_link(rig->world, &link);
	settle(rig);
	assert_false(named(rig, "dp0vrrp1")->up);
	assert_true(address_on(rig, "dp0vrrp1", "10.100.11.5/26")->silent);
}

static void
test_removed_configuration_restores_what_was(void **state)
{
	struct rig *rig = *state;
	struct settings *empty = settings_new(0, 0, 0, 0);

	settle(rig);
	rig->held[PLAIN] = rig->held[VIRTUAL] = true;
	settle(rig);
	adopt(rig, empty);
	settle(rig);
	assert_null(ifworld_named(rig->world, "dp0bond0"));
	assert_null(ifworld_named(rig->world, "dp0bond0.10"));
	assert_null(ifworld_named(rig->world, "dp0vrrp1"));
	assert_int_equal(named(rig, "p1")->master, 0);
	assert_true(named(rig, "p1")->up);
	assert_false(named(rig, "p2")->up);
	assert_null(iforiginals_next(rig->originals, NULL));
	assert_int_equal(settle(rig), 0);
}

static void
test_originals_survive_as_bytes(void **state)
{
	struct rig *rig = *state;
	struct iforiginals *read;
	struct error error;
	size_t size;
	uint8_t *bytes;

	settle(rig);
	bytes = iforiginals_write(rig->originals, &size);
	assert_int_equal(iforiginals_read(bytes, size, &read, &error), 0);
	iforiginals_free(rig->originals);
	rig->originals = read;
	for (size_t cut = 0; cut < size; cut++)
		assert_int_not_equal(iforiginals_read(bytes, cut, &read, &error), 0);
	bytes[0] ^= 1;
	assert_int_not_equal(iforiginals_read(bytes, size, &read, &error), 0);
	free(bytes);
	adopt(rig, settings_new(0, 0, 0, 0));
	settle(rig);
	assert_null(ifworld_named(rig->world, "dp0bond0"));
	assert_true(named(rig, "p1")->up);
}

static void
test_removed_setting_restores_attribute(void **state)
{
	struct rig *rig = *state;
	struct settings *s = full_settings();

	settle(rig);
	settings_links(s)[BOND].mtu = 0;
	settings_links(s)[VIF].description[0] = '\0';
	settings_links(s)[PORT_B].bond = -1;
	adopt(rig, s);
	settle(rig);
	assert_int_equal(named(rig, "dp0bond0")->mtu, 1500);
	assert_string_equal(named(rig, "dp0bond0.10")->alias, "");
	assert_int_equal(named(rig, "p2")->master, 0);
	assert_int_equal(settle(rig), 0);
}

static void
test_bond_of_another_mode_is_changed_and_restored(void **state)
{
	struct rig *rig = *state;
	struct ifworld_link bond = new_link(rig, "dp0bond0", IFWORLD_BOND);
	struct ifworld_link member = *named(rig, "p1");
	struct ifworld_link foreign = new_link(rig, "p9", IFWORLD_OTHER);

	lift(&bond, true);
	bond.bond = (struct ifworld_bond){ .mode = BOND_BALANCED, .miimon = 50 };
	ifworld_put_link(rig->world, &bond);
	member.master = foreign.master = bond.index;
	lift(&foreign, true);
	ifworld_put_link(rig->world, &member);
	ifworld_put_link(rig->world, &foreign);
	settle(rig);
	assert_int_equal(named(rig, "dp0bond0")->bond.mode, BOND_LACP);
	assert_int_equal(named(rig, "dp0bond0")->bond.miimon, IFPLAN_MIIMON);
	assert_int_equal(named(rig, "p1")->master, bond.index);
	assert_int_equal(named(rig, "p9")->master, bond.index);
	assert_int_equal(rig->kinds[IFSTEP_CREATE_BOND], 0);
	assert_int_equal(settle(rig), 0);
	adopt(rig, settings_new(0, 0, 0, 0));
	settle(rig);
	assert_int_equal(named(rig, "dp0bond0")->bond.mode, BOND_BALANCED);
	assert_int_equal(named(rig, "dp0bond0")->bond.miimon, 50);
	assert_int_equal(named(rig, "p9")->master, bond.index);
	assert_int_equal(named(rig, "p1")->master, bond.index);
	assert_int_equal(named(rig, "p2")->master, 0);
}

static void
test_refused_mode_leaves_bond_alone(void **state)
{
	struct rig *rig = *state;
	struct ifworld_link bond = new_link(rig, "dp0bond0", IFWORLD_BOND);

	lift(&bond, true);
	bond.bond = (struct ifworld_bond){ .mode = BOND_BALANCED, .miimon = 50 };
	ifworld_put_link(rig->world, &bond);
	rig->refuse = IFSTEP_SET_BOND;
	settle(rig);
	assert_int_equal(rig->kinds[IFSTEP_SET_DOWN], 1);	/* p1, to join */
	assert_true(named(rig, "dp0bond0")->up);
	assert_non_null(address_on(rig, "dp0bond0", "10.100.11.39/26"));
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
	struct rig *rig = *state;
	struct ifworld_link bond = new_link(rig, "dp0bond0", IFWORLD_OTHER);
	char remarks[1024] = "";

	ifworld_put_link(rig->world, &bond);
	settle(rig);
	assert_non_null(address_on(rig, "dp0bond0", "10.100.11.39/26"));
	assert_int_equal(named(rig, "p1")->master, 0);
	for (uint32_t l = 0; l < LINKS; l++)
		ifplan_remarks(rig->plan, rig->world, l, add_remark, remarks);
	assert_non_null(strstr(remarks, "dp0bond0: the interface exists and is no bond"));
	assert_non_null(strstr(remarks, "p1: cannot join dp0bond0"));
	adopt(rig, settings_new(0, 0, 0, 0));
	settle(rig);
	assert_non_null(ifworld_named(rig->world, "dp0bond0"));
	assert_null(address_on(rig, "dp0bond0", "10.100.11.39/26"));
	assert_false(named(rig, "dp0bond0")->up);
	assert_int_equal(named(rig, "dp0bond0")->mtu, 1500);
	assert_int_equal(named(rig, "dp0bond0")->arp.ignore, 0);
}

static void
test_foreign_addresses_stay(void **state)
{
	struct rig *rig = *state;
	struct ifworld_address foreign = { 0 };

	settle(rig);
	assert_true(prefix_parse("192.0.2.7/24", &foreign.prefix));
	ifworld_put_address(rig->world, named(rig, "dp0bond0.10")->index, &foreign);
	/* A virtual address somebody gave the link is accepted, not taken over, not removed. */
	assert_true(prefix_parse("10.100.38.1/26", &foreign.prefix));
	ifworld_put_address(rig->world, named(rig, "dp0bond0.10")->index, &foreign);
	assert_int_equal(settle(rig), 0);
	rig->held[PLAIN] = true;
	assert_int_equal(settle(rig), 1);
	rig->held[PLAIN] = false;
	settle(rig);
	assert_non_null(address_on(rig, "dp0bond0.10", "10.100.38.1/26"));
	assert_non_null(address_on(rig, "dp0bond0.10", "192.0.2.7/24"));
}

static void
test_leftovers_are_removed(void **state)
{
	struct rig *rig = *state;
	struct ifworld_address left = { .mark = MARK_VIRTUAL, .leased = true };
	struct ifworld_link virtual;
	int vif;

	settle(rig);
	vif = named(rig, "dp0bond0.10")->index;
	assert_true(prefix_parse("10.100.38.1/26", &left.prefix));
	ifworld_put_address(rig->world, vif, &left);
	ifworld_put_address(rig->world, named(rig, "p2")->index, &left);
	left.mark = MARK_REAL;
	assert_true(prefix_parse("10.7.7.7/24", &left.prefix));
	ifworld_put_address(rig->world, vif, &left);
	virtual = *named(rig, "dp0vrrp1");
	virtual.index = ++rig->next_index;
	virtual.mac.bytes[5] = 77;
	strcpy(virtual.name, "dp0vrrp7");
	strcpy(virtual.alias, "dp0bond0 group 77");
	ifworld_put_link(rig->world, &virtual);
	settle(rig);
	assert_null(address_on(rig, "dp0bond0.10", "10.100.38.1/26"));
	assert_null(address_on(rig, "dp0bond0.10", "10.7.7.7/24"));
	assert_null(address_on(rig, "p2", "10.100.38.1/26"));
	assert_null(ifworld_named(rig->world, "dp0vrrp7"));
	assert_non_null(ifworld_named(rig->world, "dp0vrrp1"));
}

static void
test_taken_name_gives_virtual_link_another_until_free(void **state)
{
	struct rig *rig = *state;
	struct ifworld_link foreign = new_link(rig, "dp0vrrp1", IFWORLD_OTHER);
	char remarks[1024] = "";
	char name[NAME_SIZE];

	ifworld_put_link(rig->world, &foreign);
	settle(rig);
	snprintf(name, sizeof(name), "vrrp%d.1", named(rig, "dp0bond0")->index);
	assert_int_equal(named(rig, name)->kind, IFWORLD_MACVLAN);
	ifplan_remarks(rig->plan, rig->world, BOND, add_remark, remarks);
	assert_non_null(strstr(remarks, "the name dp0vrrp1 is taken"));
	ifworld_remove_link(rig->world, foreign.index);
	settle(rig);
	assert_int_equal(named(rig, "dp0vrrp1")->kind, IFWORLD_MACVLAN);
	assert_null(ifworld_named(rig->world, name));
}

static void
test_virtual_address_that_is_real_is_never_touched(void **state)
{
	struct rig *rig = *state;
	struct settings *s = full_settings();

	settings_addresses(s)[3] = settings_addresses(s)[1];
	adopt(rig, s);
	rig->held[PLAIN] = true;
	settle(rig);
	assert_int_equal(address_on(rig, "dp0bond0.10", "192.168.255.81/30")->mark, MARK_REAL);
	rig->held[PLAIN] = false;
	settle(rig);
	assert_non_null(address_on(rig, "dp0bond0.10", "192.168.255.81/30"));
}

static void
test_disabled_parent_leaves_vif_down(void **state)
{
	struct rig *rig = *state;
	struct settings *s = full_settings();

	settings_links(s)[BOND].disable = true;
	adopt(rig, s);
	settle(rig);
	assert_false(named(rig, "dp0bond0")->up);
	assert_false(named(rig, "dp0bond0.10")->up);
	adopt(rig, full_settings());
	settle(rig);
	assert_true(named(rig, "dp0bond0.10")->up);
}

int
main(void)
{
#define PLAN_TEST(function) cmocka_unit_test_setup_teardown(function, set_up, tear_down)
	const struct CMUnitTest tests[] = {
		PLAN_TEST(test_full_settings_make_everything),
		PLAN_TEST(test_same_settings_twice_ask_for_nothing),
		PLAN_TEST(test_take_and_drop_need_no_further_plan),
		PLAN_TEST(test_prefix_route_only_for_networks_not_connected),
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
