/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The picture of links and addresses: what is put is found by every key, what is removed is gone
 * from every list, and dumps forget what they did not show.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "core/ifworld.h"

#define LINKS 300

static struct ifworld_link
link_numbered(int index)
{
	struct ifworld_link link = { .index = index, .mtu = 1500 };

	snprintf(link.name, sizeof(link.name), "eth%d", index);
	return link;
}

static struct ifworld_address
address_numbered(unsigned number, uint8_t mark)
{
	struct ifworld_address address = { .mark = mark };
	uint8_t bytes[4] = { 10, (uint8_t)(number >> 16), (uint8_t)(number >> 8), (uint8_t)number };

	address.prefix.ip = ip_from_v4(bytes);
	address.prefix.length = 24;
	return address;
}

static unsigned
count(const struct ifworld *world, int index, bool virtual)
{
	unsigned n = 0;

	for (const struct ifworld_address *a = NULL;
	     (a = virtual ? ifworld_next_virtual(world, index, a)
	                  : ifworld_next_own(world, index, a)) != NULL;)
		n++;
	return n;
}

static void
test_links_are_found_by_every_key(void **state UNUSED)
{
	struct ifworld *world = ifworld_new();
	struct mac mac = { { 0, 0, 0x5e, 0, 1, 7 } };
	struct ifworld_link link;

	for (int i = 1; i <= LINKS; i++) {
		link = link_numbered(i);
		ifworld_put_link(world, &link);
	}
	for (int i = 1; i <= LINKS; i++) {
		link = link_numbered(i);
		assert_int_equal(ifworld_named(world, link.name)->index, i);
		assert_string_equal(ifworld_link(world, i)->name, link.name);
	}
	/* Renamed: the old name is free. */
	link = link_numbered(5);
	strcpy(link.name, "other");
	link.kind = IFWORLD_MACVLAN;
	link.private = true;
	link.parent = 9;
	link.mac = mac;
	ifworld_put_link(world, &link);
	assert_null(ifworld_named(world, "eth5"));
	assert_int_equal(ifworld_named(world, "other")->index, 5);
	assert_int_equal(ifworld_station(world, 9, &mac)->index, 5);
	assert_null(ifworld_station(world, 8, &mac));
	ifworld_remove_link(world, 5);
	assert_null(ifworld_station(world, 9, &mac));
	assert_null(ifworld_named(world, "other"));
	assert_null(ifworld_link(world, 5));
	ifworld_remove_link(world, 5);
	ifworld_free(world);
}

/* Of two bridges whose ports were exchanged while the kernel told of them. */
static void
test_links_that_stand_on_each_other_are_not_usable(void **state UNUSED)
{
	struct ifworld *world = ifworld_new();

	for (int i = 1; i <= 4; i++) {
		struct ifworld_link link = link_numbered(i);

		link.up = link.running = link.lower_up = link.oper_up = true;
		link.kind = i <= 2 ? IFWORLD_BRIDGE : IFWORLD_VLAN;
		link.parent = i <= 2 ? 0 : i - 2;
		link.master = i <= 2 ? 0 : 5 - i;
		ifworld_put_link(world, &link);
	}
	for (int i = 1; i <= 4; i++)
		assert_false(ifworld_usable(world, ifworld_link(world, i)));
	ifworld_free(world);
}

static void
test_bond_is_usable_while_a_member_carries_traffic(void **state UNUSED)
{
	struct ifworld *world = ifworld_new();
	struct ifworld_link bond = link_numbered(1), vif = link_numbered(2);
	struct ifworld_link member = link_numbered(3);

	bond.kind = IFWORLD_BOND;
	vif.kind = IFWORLD_VLAN;
	vif.parent = bond.index;
	member.master = bond.index;
	for (unsigned member_first = 0; member_first < 2; member_first++) {
		bond.up = bond.running = bond.lower_up = bond.oper_up = true;
		vif.up = vif.running = vif.lower_up = vif.oper_up = true;
		member.carries = member_first;
		if (member_first)
			ifworld_put_link(world, &member);
		ifworld_put_link(world, &bond);
		ifworld_put_link(world, &vif);
		/* A carrier is not enough: LACP may still negotiate. */
		assert_int_equal(ifworld_usable(world, ifworld_link(world, 1)), member_first);
		member.carries = true;
		ifworld_put_link(world, &member);
		ifworld_put_link(world, &member);
		assert_true(ifworld_usable(world, ifworld_link(world, 1)));
		assert_true(ifworld_usable(world, ifworld_link(world, 2)));
		member.carries = false;
		ifworld_put_link(world, &member);
		assert_false(ifworld_usable(world, ifworld_link(world, 1)));
		assert_false(ifworld_usable(world, ifworld_link(world, 2)));
		member.carries = true;
		ifworld_put_link(world, &member);
		ifworld_remove_link(world, member.index);
		assert_false(ifworld_usable(world, ifworld_link(world, 2)));
		ifworld_remove_link(world, bond.index);
		ifworld_remove_link(world, vif.index);
	}
	ifworld_free(world);
}

/* Random puts and removals against a plain table. */
static void
test_addresses_agree_with_a_plain_table(void **state UNUSED)
{
	enum { HOSTS = 400, OWNERS = 4, TURNS = 20000 };
	static uint8_t table[OWNERS][HOSTS];	/* 0 = not there, else mark + 1 */
	struct ifworld *world = ifworld_new();
	uint32_t random = 1;

	for (int i = 0; i < OWNERS; i++) {
		struct ifworld_link link = link_numbered(i + 1);

		ifworld_put_link(world, &link);
	}
	for (unsigned turn = 0; turn < TURNS; turn++) {
		unsigned owner, host;
		struct ifworld_address a;

		random = random * 1664525u + 1013904223u;
		owner = random >> 8 & 3;
		host = (random >> 12) % HOSTS;
		a = address_numbered(host, random >> 28 & 1 ? MARK_VIRTUAL : 0);
		if (random >> 30 == 0) {
			ifworld_remove_address(world, (int)owner + 1, &a.prefix);
			table[owner][host] = 0;
		} else {
			assert_true(ifworld_put_address(world, (int)owner + 1, &a));
			table[owner][host] = (uint8_t)(a.mark + 1);
		}
	}
	for (unsigned owner = 0; owner < OWNERS; owner++) {
		unsigned virtual = 0, own = 0;

		for (unsigned host = 0; host < HOSTS; host++) {
			struct ifworld_address a = address_numbered(host, 0);
			const struct ifworld_address *there =
				ifworld_address(world, (int)owner + 1, &a.prefix);

			assert_int_equal(there == NULL ? 0 : there->mark + 1, table[owner][host]);
			virtual += table[owner][host] == MARK_VIRTUAL + 1;
			own += table[owner][host] == 1;
		}
		assert_int_equal(count(world, (int)owner + 1, true), virtual);
		assert_int_equal(count(world, (int)owner + 1, false), own);
	}
	ifworld_remove_link(world, 2);
	assert_int_equal(count(world, 2, true), 0);
	ifworld_free(world);
}

static void
count_losses(void *owner, const struct ifworld_link *link, bool gone)
{
	assert_int_equal(link->index, gone ? 2 : 1);
	++((unsigned *)owner)[gone];
}

static void
test_dump_forgets_what_it_does_not_show(void **state UNUSED)
{
	struct ifworld *world = ifworld_new();
	struct ifworld_address one = address_numbered(1, 0);
	struct ifworld_address two = address_numbered(2, MARK_VIRTUAL);
	unsigned losses[2] = { 0 };

	for (int i = 1; i <= 2; i++) {
		struct ifworld_link link = link_numbered(i);

		ifworld_put_link(world, &link);
		assert_true(ifworld_put_address(world, i, &one));
		assert_true(ifworld_put_address(world, i, &two));
	}
	ifworld_begin_dump(world);
	struct ifworld_link link = link_numbered(1);

	ifworld_put_link(world, &link);
	assert_true(ifworld_put_address(world, 1, &two));
	ifworld_end_dump(world, count_losses, losses);
	assert_int_equal(losses[true], 1);
	assert_int_equal(losses[false], 1);
	assert_null(ifworld_link(world, 2));
	assert_null(ifworld_address(world, 1, &one.prefix));
	assert_non_null(ifworld_address(world, 1, &two.prefix));
	assert_false(ifworld_put_address(world, 2, &one));
	ifworld_free(world);
}

static void
note_index(void *owner, const struct ifworld_link *link)
{
	*(unsigned *)owner |= 1u << link->index;
}

static void
test_vlans_named_anew_are_compared_with_those_before(void **state UNUSED)
{
	const struct vlan_settings few = { .first = 7, .last = 9 };
	const struct vlan_settings more = { .first = 7, .last = 10 };
	struct ifworld *world = ifworld_new();
	unsigned other = 0;

	for (int i = 1; i <= 5; i++) {
		struct ifworld_link link = link_numbered(i);

		ifworld_put_link(world, &link);
		if (i < 4)
			ifworld_put_vlans(world, i, &few);
	}
	ifworld_forget_vlans(world);
	assert_false(vlanset_has(ifworld_vlans(world, 1), 7));
	ifworld_put_vlans(world, 1, &few);
	ifworld_put_vlans(world, 2, &more);
	ifworld_put_vlans(world, 4, &few);	/* the third has none any more, the fifth never */
	ifworld_compare_vlans(world, note_index, &other);
	assert_int_equal(other, 1 << 2 | 1 << 3 | 1 << 4);
	/* What was named before another beginning is not what was before. */
	ifworld_forget_vlans(world);
	ifworld_put_vlans(world, 1, &more);
	ifworld_put_vlans(world, 2, &few);
	ifworld_forget_vlans(world);
	ifworld_put_vlans(world, 1, &few);
	ifworld_put_vlans(world, 2, &few);
	ifworld_remove_link(world, 4);
	other = 0;
	ifworld_compare_vlans(world, note_index, &other);
	assert_int_equal(other, 1 << 2);
	ifworld_free(world);
}

static void
test_source_is_primary_and_never_virtual(void **state UNUSED)
{
	struct ifworld *world = ifworld_new();
	struct ifworld_link link = link_numbered(1);
	struct ifworld_address virtual = address_numbered(1, MARK_VIRTUAL);
	struct ifworld_address secondary = address_numbered(2, 0);
	struct ifworld_address primary = address_numbered(3, MARK_REAL);
	struct ip source;

	secondary.secondary = true;
	ifworld_put_link(world, &link);
	assert_int_equal(ifworld_source4(world, 1).family, 0);
	assert_true(ifworld_put_address(world, 1, &virtual));
	assert_int_equal(ifworld_source4(world, 1).family, 0);
	assert_true(ifworld_put_address(world, 1, &secondary));
	source = ifworld_source4(world, 1);
	assert_true(ip_equal(&source, &secondary.prefix.ip));
	assert_true(ifworld_put_address(world, 1, &primary));
	source = ifworld_source4(world, 1);
	assert_true(ip_equal(&source, &primary.prefix.ip));
	ifworld_free(world);
}

static void
test_source6_is_link_local_and_sure(void **state UNUSED)
{
	static const struct { const char *text; uint8_t mark; bool tentative; } own[] = {
		{ "2001:db8::1/64", 0, false },
		{ "fe80::1/64", MARK_VIRTUAL, false },
		{ "fe80::2/64", MARK_GENERATED, true },
		{ "fe80::3/64", MARK_GENERATED, false },
		{ "fe80::4/64", MARK_REAL, false },
	};
	struct ifworld *world = ifworld_new();
	struct ifworld_link link = { .index = 5, .name = "a" };
	struct ip ip;

	ifworld_put_link(world, &link);
	assert_int_equal(ifworld_source6(world, 5).family, 0);
	for (unsigned i = 0; i < ARRAY_SIZE(own); i++) {
		struct ifworld_address address = { .mark = own[i].mark,
		                                   .tentative = own[i].tentative };

		assert_true(prefix_parse(own[i].text, &address.prefix));
		assert_true(ifworld_put_address(world, 5, &address));
		assert_int_equal(ifworld_owns(world, 5, &address.prefix.ip),
		                 own[i].mark != MARK_VIRTUAL);
		assert_int_equal(ifworld_source6(world, 5).family, i < 3 ? 0 : 6);
	}
	ip = ifworld_source6(world, 5);
	assert_int_equal(ip.bytes[15], 3);
	assert_false(ifworld_owns(world, 6, &ip));
	ifworld_free(world);
}

static void
test_silence_ends_when_the_link_rises(void **state UNUSED)
{
	struct ifworld *world = ifworld_new();
	struct ifworld_link link = link_numbered(1);
	struct ifworld_address a = address_numbered(1, MARK_VIRTUAL);

	ifworld_put_link(world, &link);
	assert_true(ifworld_put_address(world, 1, &a));
	ifworld_set_silent(world, 1, &a.prefix);
	assert_true(ifworld_address(world, 1, &a.prefix)->silent);
	a.leased = true;		/* a renewal leaves it silent */
	assert_true(ifworld_put_address(world, 1, &a));
	assert_true(ifworld_address(world, 1, &a.prefix)->silent);
	link.up = true;
	ifworld_put_link(world, &link);
	assert_false(ifworld_address(world, 1, &a.prefix)->silent);
	ifworld_set_silent(world, 1, &a.prefix);
	assert_false(ifworld_address(world, 1, &a.prefix)->silent);
	ifworld_free(world);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_links_are_found_by_every_key),
		cmocka_unit_test(test_links_that_stand_on_each_other_are_not_usable),
		cmocka_unit_test(test_bond_is_usable_while_a_member_carries_traffic),
		cmocka_unit_test(test_addresses_agree_with_a_plain_table),
		cmocka_unit_test(test_dump_forgets_what_it_does_not_show),
		cmocka_unit_test(test_vlans_named_anew_are_compared_with_those_before),
		cmocka_unit_test(test_source_is_primary_and_never_virtual),
		cmocka_unit_test(test_source6_is_link_local_and_sure),
		cmocka_unit_test(test_silence_ends_when_the_link_rises),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
