/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What groups have on links, against the small kernel: who answers for an address after takes,
 * drops and whatever others do in between.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "core/ifhold.h"
#include "small_kernel.h"

/* Two ports; on the first a plain IPv4 group, an IPv4 and an IPv6 group with virtual MACs, and a
 * plain IPv6 group.  The plain group has an excluded address, and one that lives on p2. */
enum { P1, P2, LINKS };
enum { PLAIN, VIRTUAL, VIRTUAL6, PLAIN6, GROUPS };
enum { REAL1, REAL1_6, REAL2, PLAIN_A, PLAIN_B, PLAIN_EXCLUDED, PLAIN_ELSEWHERE, VIRTUAL_A,
       VIRTUAL_B, VIRTUAL6_A, VIRTUAL6_B, PLAIN6_A, PLAIN6_B, ADDRESSES };

static void
init_group(struct group_settings *g, uint8_t vrid, uint8_t family, uint32_t first, uint32_t count)
{
	group_settings_init(g);
	g->link = P1;
	g->vrid = vrid;
	g->family = family;
	g->version = family == 4 ? 2 : 3;
	g->address_first = first;
	g->address_count = count;
}

static struct settings *
group_settings(void)
{
	static const char *const addresses[] = {
		[REAL1] = "10.0.0.2/24", [REAL1_6] = "2001:db8::2/64", [REAL2] = "10.2.0.2/24",
		[PLAIN_A] = "10.0.0.1/24", [PLAIN_B] = "10.5.0.1/24",
		[PLAIN_EXCLUDED] = "10.0.0.3/24", [PLAIN_ELSEWHERE] = "10.2.0.1/24",
		[VIRTUAL_A] = "10.0.0.11/24", [VIRTUAL_B] = "10.0.0.12/32",
		[VIRTUAL6_A] = "fe80::1/64", [VIRTUAL6_B] = "2001:db8::1/64",
		[PLAIN6_A] = "fe80::7/64", [PLAIN6_B] = "2001:db8::7/64",
	};
	struct settings *s = settings_new(&(struct settings_counts){
		.links = LINKS, .groups = GROUPS, .addresses = ADDRESSES });
	struct link_settings *l = settings_links(s);
	struct group_settings *g = settings_groups(s);

	assert_non_null(s);
	for (unsigned i = 0; i < LINKS; i++) {
		l[i].parent = l[i].member_of = -1;
		snprintf(l[i].name, sizeof(l[i].name), "p%u", i + 1);
	}
	l[P1].address_first = REAL1;
	l[P1].address_count = 2;
	l[P2].address_first = REAL2;
	l[P2].address_count = 1;
	for (uint32_t a = 0; a < ADDRESSES; a++)
		kernel_put_address(s, a, addresses[a]);
	init_group(&g[PLAIN], 10, 4, PLAIN_A, 2);
	g[PLAIN].excluded_count = 2;
	settings_addresses(s)[PLAIN_ELSEWHERE].link = P2;
	init_group(&g[VIRTUAL], 1, 4, VIRTUAL_A, 2);
	init_group(&g[VIRTUAL6], 1, 6, VIRTUAL6_A, 2);
	init_group(&g[PLAIN6], 7, 6, PLAIN6_A, 2);
	g[VIRTUAL].rfc_compatibility = g[VIRTUAL6].rfc_compatibility = true;
	strcpy(g[VIRTUAL].vmac_name, "v4");
	strcpy(g[VIRTUAL6].vmac_name, "v6");
	return s;
}

static int
set_up(void **state)
{
	*state = kernel_new(group_settings());
	kernel_settle(*state);
	return 0;
}

static const char *const held[][3] = {
	[PLAIN] = { "10.0.0.1/24", "10.5.0.1/24", "10.0.0.3/24" },
	[VIRTUAL] = { "10.0.0.11/24", "10.0.0.12/32" },
	[VIRTUAL6] = { "fe80::1/64", "2001:db8::1/64" },
	[PLAIN6] = { "fe80::7/64", "2001:db8::7/64" },
};
static const char *const homes[] = { "p1", "v4", "v6", "p1" };

/* Does the group answer for all of its addresses (true) or for none (false)? */
static void
assert_answers(const struct kernel *k, uint32_t group, bool expected)
{
	for (unsigned i = 0; i < 3 && held[group][i] != NULL; i++)
		assert_int_equal(kernel_answers(k, homes[group], held[group][i]), expected);
	if (group == PLAIN)
		assert_int_equal(kernel_answers(k, "p2", "10.2.0.1/24"), expected);
}

static void
change_link(struct kernel *k, const char *name, bool up)
{
	struct ifstep step = { .kind = up ? IFSTEP_SET_UP : IFSTEP_SET_DOWN };

	step.index = kernel_link(k, name)->index;
	kernel_carry_out(k, &step);
}

/* ---- tests ---- */

static void
test_take_answers_at_once_and_drop_is_silent_at_once(void **state)
{
	struct kernel *k = *state;

	for (unsigned turn = 0; turn < 3; turn++) {
		for (uint32_t g = 0; g < GROUPS; g++) {
			assert_answers(k, g, false);
			kernel_take(k, g);
			assert_answers(k, g, true);
		}
		assert_int_equal(kernel_settle(k), 0);
		assert_true(kernel_address(k, "v4", "10.0.0.11/24")->leased);
		assert_true(kernel_address(k, "p1", "10.5.0.1/24")->leased);
		for (uint32_t g = 0; g < GROUPS; g++) {
			kernel_drop(k, g);
			assert_answers(k, g, false);
		}
		/* What takes long is left to the plan. */
		assert_true(kernel_link(k, "v4")->up);
		kernel_settle(k);
		assert_false(kernel_link(k, "v4")->up);
		assert_false(kernel_link(k, "v6")->up);
		assert_false(kernel_address(k, "v4", "10.0.0.11/24")->leased);
		assert_true(kernel_address(k, "v4", "10.0.0.11/24")->silent);
		assert_null(kernel_address(k, "v6", "2001:db8::1/64"));
		assert_null(kernel_address(k, "p1", "10.0.0.1/24"));
		assert_int_equal(kernel_settle(k), 0);
	}
	assert_non_null(kernel_address(k, "p1", "10.0.0.2/24"));
	assert_non_null(kernel_address(k, "p1", "2001:db8::2/64"));
}

/* The plan after a drop may be carried out up to any step when the next take comes. */
static void
test_take_while_a_link_is_being_lowered_ends_right(void **state)
{
	struct kernel *k = *state;
	size_t count = 1;

	for (size_t done = 0; done <= count; done++) {
		struct ifplan_view view = kernel_view(k);
		struct ifsteps steps = { 0 };

		kernel_take(k, VIRTUAL);
		kernel_settle(k);
		kernel_drop(k, VIRTUAL);
		ifplan_link(k->plan, &view, P1, &steps);
		count = steps.count;
		for (size_t i = 0; i < done && i < count; i++) {
			assert_int_equal(steps.list[i].owner, VIRTUAL);
			kernel_carry_out(k, &steps.list[i]);
		}
		ifsteps_done(&steps);
		kernel_take(k, VIRTUAL);
		assert_answers(k, VIRTUAL, true);
		kernel_settle(k);
		assert_answers(k, VIRTUAL, true);
		kernel_drop(k, VIRTUAL);
		kernel_settle(k);
		assert_answers(k, VIRTUAL, false);
	}
	assert_true(count > 5);
}

/* The picture still has the link down when the next take is planned. */
static void
test_take_with_an_old_picture_ends_right(void **state)
{
	struct kernel *k = *state;
	struct ifplan_view view = kernel_view(k);
	struct ifsteps steps = { 0 };

	k->held[VIRTUAL] = true;
	ifgroup_take(k->plan, &view, VIRTUAL, &steps);
	ifgroup_drop(k->plan, &view, VIRTUAL, &steps);
	ifgroup_take(k->plan, &view, VIRTUAL, &steps);
	kernel_carry_out_all(k, &steps);
	assert_answers(k, VIRTUAL, true);
}

static void
test_steps_of_wishes_come_in_the_order_of_their_urgency(void **state)
{
	struct kernel *k = *state;
	struct ifplan_view view = kernel_view(k);
	struct ifsteps steps = { 0 };

	for (uint32_t g = 0; g < GROUPS; g++) {
		k->held[g] = true;
		ifgroup_take(k->plan, &view, g, &steps);
		assert_int_equal(steps.list[0].urgency, IFSTEP_FIRST);
		for (size_t i = 1; i < steps.count; i++) {
			assert_true(steps.list[i].urgency >= steps.list[i - 1].urgency);
			assert_int_equal(steps.list[i].owner, g);
		}
		if (settings_groups(k->settings)[g].rfc_compatibility)
			assert_int_equal(steps.list[0].kind, IFSTEP_SET_UP);
		else
			assert_int_equal(steps.list[1].urgency, IFSTEP_SOON);
		steps.count = 0;
	}
	ifsteps_done(&steps);
}

static void
test_virtual_link_flapped_by_someone_stays_silent(void **state)
{
	struct kernel *k = *state;

	change_link(k, "v4", true);
	assert_answers(k, VIRTUAL, true);	/* nobody can prevent that */
	change_link(k, "v4", false);
	/* The kernel kept the local routes. */
	assert_true(kernel_has_local(k, "v4", "10.0.0.11/24", 0));
	kernel_settle(k);
	assert_false(kernel_has_local(k, "v4", "10.0.0.11/24", 0));
	change_link(k, "v4", true);
	kernel_settle(k);
	assert_false(kernel_link(k, "v4")->up);
	assert_false(kernel_has_local(k, "v4", "10.0.0.11/24", 0));
	assert_int_equal(kernel_settle(k), 0);
}

static void
test_parent_that_flaps_leaves_backups_silent_and_masters_complete(void **state)
{
	struct kernel *k = *state;

	kernel_take(k, PLAIN6);
	kernel_take(k, VIRTUAL6);
	kernel_settle(k);
	for (unsigned turn = 0; turn < 3; turn++) {
		change_link(k, "p1", false);
		assert_null(kernel_address(k, "p1", "2001:db8::7/64"));
		kernel_settle(k);	/* brings p1 up again: it is not disabled */
		assert_answers(k, PLAIN6, true);
		assert_answers(k, VIRTUAL6, true);
		assert_answers(k, PLAIN, false);
		assert_answers(k, VIRTUAL, false);
		assert_false(kernel_has_local(k, "v4", "10.0.0.11/24", 0));
	}
}

static void
test_virtual_link_that_falls_while_held_gets_everything_back(void **state)
{
	struct kernel *k = *state;

	kernel_take(k, VIRTUAL6);
	kernel_take(k, VIRTUAL);
	kernel_settle(k);
	change_link(k, "v6", false);
	change_link(k, "v4", false);
	assert_null(kernel_address(k, "v6", "fe80::1/64"));
	kernel_settle(k);
	assert_answers(k, VIRTUAL6, true);
	assert_answers(k, VIRTUAL, true);
}

static void
test_prefix_route_only_where_it_reaches_further(void **state)
{
	struct kernel *k = *state;
	struct ifplan_view view = kernel_view(k);
	struct ifsteps steps = { 0 };

	ifgroup_take(k->plan, &view, PLAIN, &steps);
	assert_int_equal(steps.count, 4);
	assert_true(steps.list[0].no_prefix_route);
	assert_false(steps.list[1].no_prefix_route);
	assert_string_equal(steps.list[3].name, "p2");
	assert_int_equal(steps.list[3].link, P2);
	assert_true(steps.list[3].no_prefix_route);
	steps.count = 0;
	ifgroup_take(k->plan, &view, VIRTUAL6, &steps);
	assert_int_equal(steps.count, 3);
	assert_false(steps.list[1].no_prefix_route);	/* link-local: of its very link */
	assert_true(steps.list[2].no_prefix_route);
	assert_int_equal(steps.list[2].lease, 4);
	ifsteps_done(&steps);
}

static void
test_other_link_of_an_address_may_come_later(void **state)
{
	struct kernel *k = *state;
	struct ifworld_link link = *kernel_link(k, "p2");

	ifworld_remove_link(k->world, link.index);
	kernel_take(k, PLAIN);
	kernel_settle(k);
	kernel_lift(&link, true);
	ifworld_put_link(k->world, &link);
	kernel_settle(k);
	assert_answers(k, PLAIN, true);
	assert_true(kernel_address(k, "p2", "10.2.0.1/24")->leased);
	kernel_drop(k, PLAIN);
	assert_answers(k, PLAIN, false);
	kernel_settle(k);
	assert_null(kernel_address(k, "p2", "10.2.0.1/24"));
}

static void
test_addresses_the_kernel_made_from_a_virtual_mac_go(void **state)
{
	struct kernel *k = *state;
	struct ifworld_address made = { .mark = MARK_ADVERTISED };

	assert_true(kernel_link(k, "v6")->no_addr_gen);
	assert_true(prefix_parse("2001:db8::5eff:fe00:201/64", &made.prefix));
	ifworld_put_address(k->world, kernel_link(k, "v6")->index, &made);
	kernel_settle(k);
	assert_null(kernel_address(k, "v6", "2001:db8::5eff:fe00:201/64"));
}

static void
test_link_that_leaves_and_returns_is_planned_anew(void **state)
{
	struct kernel *k = *state;
	struct ifworld_link link = *kernel_link(k, "p1");

	kernel_take(k, VIRTUAL);
	kernel_take(k, VIRTUAL6);
	kernel_settle(k);
	/* Deleted, or moved to another namespace: what stood on it goes with it. */
	ifworld_remove_link(k->world, kernel_link(k, "v4")->index);
	ifworld_remove_link(k->world, kernel_link(k, "v6")->index);
	ifworld_remove_link(k->world, link.index);
	kernel_settle(k);
	assert_null(ifworld_named(k->world, "v4"));
	/* Back, under another number. */
	link.index += 100;
	kernel_lift(&link, false);
	ifworld_put_link(k->world, &link);
	kernel_settle(k);
	assert_true(kernel_link(k, "p1")->up);
	assert_non_null(kernel_address(k, "p1", "2001:db8::2/64"));
	assert_answers(k, VIRTUAL, true);
	assert_answers(k, VIRTUAL6, true);
	assert_answers(k, PLAIN, false);
}

static void
test_renamed_link_loses_what_is_ours_until_it_is_back(void **state)
{
	struct kernel *k = *state;
	struct ifworld_link link = *kernel_link(k, "p1");

	kernel_take(k, PLAIN);
	kernel_settle(k);
	strcpy(link.name, "other");
	ifworld_put_link(k->world, &link);
	kernel_settle(k);
	assert_null(kernel_address(k, "other", "10.0.0.1/24"));
	assert_null(ifworld_named(k->world, "v4"));
	strcpy(link.name, "p1");
	ifworld_put_link(k->world, &link);
	kernel_settle(k);
	assert_answers(k, PLAIN, true);
	assert_non_null(ifworld_named(k->world, "v4"));
}

/* ---- owners ---- */

static void
test_owner_has_a_virtual_address_that_is_real(void **state)
{
	struct kernel *k = *state;
	struct settings *s = group_settings();
	struct ifworld_address own = { .mark = 0 };

	for (uint32_t g = 0; g < GROUPS; g++)
		assert_false(ifplan_is_owner(k->plan, k->world, g));
	/* Another length is the same address. */
	kernel_put_address(s, PLAIN_B, "10.0.0.2/32");
	kernel_put_address(s, PLAIN6_B, "2001:db8::2/128");
	kernel_adopt(k, s);
	kernel_settle(k);
	assert_true(ifplan_is_owner(k->plan, k->world, PLAIN));
	assert_true(ifplan_is_owner(k->plan, k->world, PLAIN6));
	kernel_take(k, PLAIN);
	kernel_take(k, PLAIN6);
	kernel_settle(k);
	assert_null(kernel_address(k, "p1", "10.0.0.2/32"));
	assert_null(kernel_address(k, "p1", "2001:db8::2/128"));
	kernel_drop(k, PLAIN);
	kernel_drop(k, PLAIN6);
	kernel_settle(k);
	assert_non_null(kernel_address(k, "p1", "10.0.0.2/24"));
	assert_non_null(kernel_address(k, "p1", "2001:db8::2/64"));
	/* By hand, and not the first IPv4 address: no owner.  Link-local: neither. */
	kernel_adopt(k, group_settings());
	assert_true(prefix_parse("10.0.0.1/24", &own.prefix));
	ifworld_put_address(k->world, kernel_link(k, "p1")->index, &own);
	assert_false(ifplan_is_owner(k->plan, k->world, PLAIN));
	assert_true(prefix_parse("fe80::7/64", &own.prefix));
	ifworld_put_address(k->world, kernel_link(k, "p1")->index, &own);
	assert_false(ifplan_is_owner(k->plan, k->world, PLAIN6));
	assert_true(prefix_parse("2001:db8::7/64", &own.prefix));
	ifworld_put_address(k->world, kernel_link(k, "p1")->index, &own);
	assert_true(ifplan_is_owner(k->plan, k->world, PLAIN6));
}

/* ---- many addresses on one link ---- */

#define CROWD_GROUPS 10u
#define CROWD_EACH 20u

static struct settings *
crowd_settings(uint32_t groups)
{
	struct settings *s = settings_new(&(struct settings_counts){
		.links = 1, .groups = groups, .addresses = groups * CROWD_EACH + 1 });
	struct link_settings *l = settings_links(s);
	char text[PREFIX_TEXT_SIZE];

	assert_non_null(s);
	l->parent = l->member_of = -1;
	strcpy(l->name, "p1");
	l->address_first = groups * CROWD_EACH;
	l->address_count = 1;
	kernel_put_address(s, groups * CROWD_EACH, "10.0.0.2/16");
	for (uint32_t g = 0; g < groups; g++) {
		init_group(&settings_groups(s)[g], (uint8_t)(g + 1), 4, g * CROWD_EACH, CROWD_EACH);
		settings_groups(s)[g].link = 0;
		for (uint32_t a = 0; a < CROWD_EACH; a++) {
			snprintf(text, sizeof(text), "10.0.%u.%u/16", g + 1, a + 1);
			kernel_put_address(s, g * CROWD_EACH + a, text);
		}
	}
	return s;
}

static unsigned
count_stand_ins(const struct kernel *k)
{
	unsigned count = 0;

	for (const struct ifroute *r = NULL; (r = ifroutes_next(k->routes, r)) != NULL;)
		count += r->kind == IFROUTE_STAND_IN;
	return count;
}

static void
test_crowd_is_taken_by_local_routes_first(void **state)
{
	struct kernel *k = *state;
	struct ifplan_view view = kernel_view(k);
	struct ifsteps steps = { 0 };
	unsigned soon = 0;

	assert_true(CROWD_GROUPS * CROWD_EACH >= IFHOLD_CROWD);
	kernel_adopt(k, crowd_settings(CROWD_GROUPS));
	kernel_settle(k);
	k->held[0] = true;
	ifgroup_take(k->plan, &view, 0, &steps);
	for (size_t i = 0; i < steps.count; i++) {
		if (steps.list[i].urgency < IFSTEP_LATER) {
			assert_int_equal(steps.list[i].kind, IFSTEP_ADD_LOCAL);
			soon++;
			kernel_carry_out(k, &steps.list[i]);
		}
	}
	assert_int_equal(soon, CROWD_EACH);
	assert_true(kernel_answers(k, "p1", "10.0.1.20/16"));
	assert_int_equal(count_stand_ins(k), CROWD_EACH);
	for (size_t i = soon; i < steps.count; i++)
		kernel_carry_out(k, &steps.list[i]);
	ifsteps_done(&steps);
	assert_int_equal(count_stand_ins(k), 0);
	assert_true(kernel_answers(k, "p1", "10.0.1.20/16"));
	assert_true(kernel_address(k, "p1", "10.0.1.20/16")->leased);
	assert_int_equal(kernel_settle(k), 0);
	kernel_drop(k, 0);
	assert_false(kernel_answers(k, "p1", "10.0.1.20/16"));
	kernel_settle(k);
	assert_null(kernel_address(k, "p1", "10.0.1.20/16"));
}

/* Dropped, or ended, before the addresses themselves came. */
static void
test_stand_ins_never_outlive_their_group(void **state)
{
	struct kernel *k = *state;
	struct ifplan_view view = kernel_view(k);
	struct ifsteps steps = { 0 };

	kernel_adopt(k, crowd_settings(CROWD_GROUPS));
	kernel_settle(k);
	for (unsigned turn = 0; turn < 3; turn++) {
		k->held[0] = true;
		ifgroup_take(k->plan, &view, 0, &steps);
		for (size_t i = 0; i < steps.count; i++) {
			if (steps.list[i].urgency < IFSTEP_LATER)
				kernel_carry_out(k, &steps.list[i]);
		}
		steps.count = 0;
		if (turn == 0) {	/* a drop follows at once */
			kernel_drop(k, 0);
			assert_false(kernel_answers(k, "p1", "10.0.1.1/16"));
		} else if (turn == 1) {	/* the service starts again, as a backup */
			kernel_adopt(k, crowd_settings(CROWD_GROUPS));
		} else {		/* the service stops */
			ifplan_stop(&view, &steps);
			kernel_carry_out_all(k, &steps);
			steps = (struct ifsteps){ 0 };
			assert_int_equal(count_stand_ins(k), 0);
			return;
		}
		kernel_settle(k);
		assert_int_equal(count_stand_ins(k), 0);
		assert_false(kernel_answers(k, "p1", "10.0.1.1/16"));
	}
}

/* However far a take came, the drop that follows leaves nothing that answers. */
static void
test_drop_in_the_middle_of_a_take_is_silent(void **state)
{
	struct kernel *k = *state;
	size_t count = 1;

	kernel_adopt(k, crowd_settings(CROWD_GROUPS));
	kernel_settle(k);
	for (size_t done = 0; done <= count; done++) {
		struct ifplan_view view = kernel_view(k);
		struct ifsteps steps = { 0 };
		char text[PREFIX_TEXT_SIZE];

		k->held[0] = true;
		ifgroup_take(k->plan, &view, 0, &steps);
		count = steps.count;
		for (size_t i = 0; i < done && i < count; i++)
			kernel_carry_out(k, &steps.list[i]);
		ifsteps_done(&steps);
		kernel_drop(k, 0);
		for (unsigned a = 1; a <= CROWD_EACH; a++) {
			snprintf(text, sizeof(text), "10.0.1.%u/16", a);
			assert_false(kernel_answers(k, "p1", text));
		}
		kernel_settle(k);
		assert_int_equal(count_stand_ins(k), 0);
	}
	assert_int_equal(count, 3 * CROWD_EACH);
}

/* As before, but the successor goes on as master. */
static void
test_successor_replaces_stand_ins_by_addresses(void **state)
{
	struct kernel *k = *state;
	struct ifplan_view view = kernel_view(k);
	struct ifsteps steps = { 0 };

	kernel_adopt(k, crowd_settings(CROWD_GROUPS));
	kernel_settle(k);
	k->held[0] = true;
	ifgroup_take(k->plan, &view, 0, &steps);
	for (size_t i = 0; i < steps.count; i++) {
		if (steps.list[i].urgency < IFSTEP_LATER)
			kernel_carry_out(k, &steps.list[i]);
	}
	ifsteps_done(&steps);
	kernel_settle(k);
	assert_int_equal(count_stand_ins(k), 0);
	assert_true(kernel_answers(k, "p1", "10.0.1.1/16"));
	assert_true(kernel_address(k, "p1", "10.0.1.1/16")->leased);
}

static void
test_few_addresses_need_no_stand_ins(void **state)
{
	struct kernel *k = *state;

	kernel_adopt(k, crowd_settings(2));
	kernel_settle(k);
	kernel_take(k, 0);
	assert_int_equal(k->kinds[IFSTEP_ADD_LOCAL], 0);
	assert_true(kernel_answers(k, "p1", "10.0.1.20/16"));
}

/* The kernel would not answer ARP for what is not an address of the link. */
static void
test_no_stand_ins_where_arp_ignore_is_set(void **state)
{
	struct kernel *k = *state;
	struct ifworld_link link;

	kernel_adopt(k, crowd_settings(CROWD_GROUPS));
	kernel_settle(k);
	link = *kernel_link(k, "p1");
	link.arp.ignore = 1;
	ifworld_put_link(k->world, &link);
	kernel_take(k, 0);
	assert_int_equal(k->kinds[IFSTEP_ADD_LOCAL], 0);
	assert_true(kernel_answers(k, "p1", "10.0.1.20/16"));
	kernel_drop(k, 0);
	assert_false(kernel_answers(k, "p1", "10.0.1.20/16"));
}

/* ---- many virtual links ---- */

#define MANY_GROUPS 40u

static struct settings *
many_settings(uint32_t groups)
{
	struct settings *s = settings_new(&(struct settings_counts){
		.links = 1, .groups = groups, .addresses = groups + 1 });
	struct link_settings *l = settings_links(s);
	char text[PREFIX_TEXT_SIZE];

	assert_non_null(s);
	l->parent = l->member_of = -1;
	strcpy(l->name, "p1");
	l->address_first = groups;
	l->address_count = 1;
	kernel_put_address(s, groups, "10.0.0.2/16");
	for (uint32_t n = 0; n < groups; n++) {
		struct group_settings *g = &settings_groups(s)[n];

		init_group(g, (uint8_t)(n + 1), n % 2 == 0 ? 4 : 6, n, 1);
		g->link = 0;
		g->rfc_compatibility = true;
		snprintf(g->vmac_name, sizeof(g->vmac_name), "m%u", n);
		snprintf(text, sizeof(text), n % 2 == 0 ? "10.0.1.%u/16" : "fe80::%u/64", n + 1);
		kernel_put_address(s, n, text);
	}
	return s;
}

static bool
many_answer(const struct kernel *k, uint32_t group)
{
	const struct settings *s = k->settings;
	char text[PREFIX_TEXT_SIZE];

	prefix_text(&settings_addresses(s)[group].prefix, text);
	return ifworld_named(k->world, settings_groups(s)[group].vmac_name) != NULL &&
	       kernel_answers(k, settings_groups(s)[group].vmac_name, text);
}

static void
take_all(struct kernel *k)
{
	for (uint32_t g = 0; g < k->settings->group_count; g++) {
		kernel_take(k, g);
		assert_true(many_answer(k, g));
	}
	assert_int_equal(kernel_settle(k), 0);
}

static void
drop_all(struct kernel *k)
{
	for (uint32_t g = 0; g < k->settings->group_count; g++) {
		kernel_drop(k, g);
		assert_false(many_answer(k, g));
	}
}

static void
test_many_virtual_links_are_deleted_together_and_made_anew(void **state)
{
	struct kernel *k = *state;

	kernel_adopt(k, many_settings(MANY_GROUPS));
	kernel_settle(k);
	for (unsigned turn = 0; turn < 3; turn++) {
		take_all(k);
		drop_all(k);
		kernel_settle(k);
		assert_int_equal(k->kinds[IFSTEP_SET_DOWN], 0);
		assert_int_equal(k->kinds[IFSTEP_DELETE_LINK], 0);
		assert_true(k->kinds[IFSTEP_DELETE_BATCH] <= 3);
		assert_int_equal(k->kinds[IFSTEP_CREATE_VIRTUAL], MANY_GROUPS);
		for (uint32_t g = 0; g < MANY_GROUPS; g++) {
			assert_false(many_answer(k, g));
			assert_false(kernel_link(k, settings_groups(k->settings)[g].vmac_name)->up);
		}
		assert_int_equal(kernel_settle(k), 0);
	}
}

static void
test_few_virtual_links_are_lowered_and_stay(void **state)
{
	struct kernel *k = *state;
	int index;

	kernel_adopt(k, many_settings(MANY_GROUPS / 2));
	kernel_settle(k);
	index = kernel_link(k, "m0")->index;
	for (uint32_t g = 0; g < MANY_GROUPS / 2; g++)
		kernel_take(k, g);
	/* Nor does a takeover touch the link group that somebody gave them. */
	assert_int_equal(k->kinds[IFSTEP_SET_UP], MANY_GROUPS / 2);
	assert_int_equal(k->kinds[IFSTEP_RAISE], 0);
	kernel_settle(k);
	drop_all(k);
	kernel_settle(k);
	assert_int_equal(k->kinds[IFSTEP_SET_DOWN], MANY_GROUPS / 2);
	assert_int_equal(kernel_link(k, "m0")->index, index);
}

/* Whoever takes while others are condemned keeps his link, or gets another one. */
static void
test_take_while_links_are_being_deleted_ends_right(void **state)
{
	struct kernel *k = *state;
	size_t count = 1;

	kernel_adopt(k, many_settings(MANY_GROUPS));
	kernel_settle(k);
	for (size_t done = 0; done <= count; done++) {
		struct ifplan_view view = kernel_view(k);
		struct ifsteps steps = { 0 };
		uint32_t taker = (uint32_t)(done % MANY_GROUPS);

		take_all(k);
		drop_all(k);
		ifplan_link(k->plan, &view, 0, &steps);
		count = steps.count;
		for (size_t i = 0; i < done && i < count; i++)
			kernel_carry_out(k, &steps.list[i]);
		kernel_take(k, taker);
		/* What was cancelled with the take, and what was not. */
		for (size_t i = done; i < count; i++) {
			if (steps.list[i].owner != (int32_t)taker)
				kernel_carry_out(k, &steps.list[i]);
		}
		ifsteps_done(&steps);
		kernel_settle(k);
		for (uint32_t g = 0; g < MANY_GROUPS; g++)
			assert_int_equal(many_answer(k, g), g == taker);
	}
	assert_true(count > MANY_GROUPS);
}

/* Its maker may have died, or been told to stop, before he could describe it. */
static void
test_new_virtual_link_without_description_is_ours(void **state)
{
	struct kernel *k = *state;
	struct ifplan_view view = kernel_view(k);
	struct ifsteps steps = { 0 };
	struct ifstep step = { .kind = IFSTEP_CREATE_VIRTUAL, .name = "left",
	                       .mac = { { 0, 0, 0x5e, 0, 1, 99 } } };

	step.other = kernel_link(k, "p1")->index;
	kernel_carry_out(k, &step);
	assert_non_null(ifworld_named(k->world, "left"));
	kernel_settle(k);
	assert_null(ifworld_named(k->world, "left"));
	assert_non_null(ifworld_named(k->world, "v4"));
	kernel_carry_out(k, &step);
	ifplan_stop(&view, &steps);
	assert_int_equal(steps.list[steps.count - 1].kind, IFSTEP_DELETE_BATCH);
	kernel_carry_out_all(k, &steps);
	assert_null(ifworld_named(k->world, "left"));
	assert_null(ifworld_named(k->world, "v4"));
	assert_null(ifworld_named(k->world, "v6"));
	ifsteps_done(&steps);
}

int
main(void)
{
#define GROUP_TEST(function) cmocka_unit_test_setup_teardown(function, set_up, kernel_tear_down)
	const struct CMUnitTest tests[] = {
		GROUP_TEST(test_take_answers_at_once_and_drop_is_silent_at_once),
		GROUP_TEST(test_take_while_a_link_is_being_lowered_ends_right),
		GROUP_TEST(test_take_with_an_old_picture_ends_right),
		GROUP_TEST(test_steps_of_wishes_come_in_the_order_of_their_urgency),
		GROUP_TEST(test_virtual_link_flapped_by_someone_stays_silent),
		GROUP_TEST(test_parent_that_flaps_leaves_backups_silent_and_masters_complete),
		GROUP_TEST(test_virtual_link_that_falls_while_held_gets_everything_back),
		GROUP_TEST(test_prefix_route_only_where_it_reaches_further),
		GROUP_TEST(test_other_link_of_an_address_may_come_later),
		GROUP_TEST(test_addresses_the_kernel_made_from_a_virtual_mac_go),
		GROUP_TEST(test_link_that_leaves_and_returns_is_planned_anew),
		GROUP_TEST(test_renamed_link_loses_what_is_ours_until_it_is_back),
		GROUP_TEST(test_owner_has_a_virtual_address_that_is_real),
		GROUP_TEST(test_crowd_is_taken_by_local_routes_first),
		GROUP_TEST(test_stand_ins_never_outlive_their_group),
		GROUP_TEST(test_drop_in_the_middle_of_a_take_is_silent),
		GROUP_TEST(test_successor_replaces_stand_ins_by_addresses),
		GROUP_TEST(test_few_addresses_need_no_stand_ins),
		GROUP_TEST(test_no_stand_ins_where_arp_ignore_is_set),
		GROUP_TEST(test_many_virtual_links_are_deleted_together_and_made_anew),
		GROUP_TEST(test_few_virtual_links_are_lowered_and_stay),
		GROUP_TEST(test_take_while_links_are_being_deleted_ends_right),
		GROUP_TEST(test_new_virtual_link_without_description_is_ours),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
