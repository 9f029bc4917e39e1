/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Virtual routes and rules against the small kernel, and the picture of them.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "small_kernel.h"

enum { P1, P2, LINKS };
enum { FIRST, SECOND, GROUPS };
enum { REAL, FIRST_A, SECOND_A, ADDRESSES };
enum { DEFAULT4, OTHER_LINK, REFUSED, DEFAULT6, SECOND_S, ROUTES };

static struct prefix
prefix_of(const char *text)
{
	struct prefix prefix;

	assert_true(prefix_parse(text, &prefix));
	return prefix;
}

/* Two groups on p1; the first has four routes, one of them over p2, and two rules; the second
 * shares one of the routes and one of the rules. */
static struct settings *
way_settings(void)
{
	struct settings *s = settings_new(&(struct settings_counts){
		.links = LINKS, .groups = GROUPS, .addresses = ADDRESSES, .routes = ROUTES,
		.rules = 3 });
	struct link_settings *l = settings_links(s);
	struct group_settings *g = settings_groups(s);
	struct route_settings *r = settings_routes(s);
	struct rule_settings *u = settings_rules(s);

	assert_non_null(s);
	for (unsigned i = 0; i < LINKS; i++) {
		l[i].parent = l[i].member_of = -1;
		snprintf(l[i].name, sizeof(l[i].name), "p%u", i + 1);
	}
	l[P1].address_count = 1;
	kernel_put_address(s, REAL, "10.0.0.2/24");
	kernel_put_address(s, FIRST_A, "10.0.0.1/24");
	kernel_put_address(s, SECOND_A, "10.0.0.5/24");
	for (uint32_t i = 0; i < GROUPS; i++) {
		group_settings_init(&g[i]);
		g[i].link = P1;
		g[i].vrid = (uint8_t)(i + 1);
		g[i].address_first = FIRST_A + i;
		g[i].address_count = 1;
	}
	g[FIRST].route_count = SECOND_S;
	g[FIRST].rule_count = 2;
	g[SECOND].route_first = SECOND_S;
	g[SECOND].route_count = 1;
	g[SECOND].rule_first = 2;
	g[SECOND].rule_count = 1;
	for (uint32_t i = 0; i < ROUTES; i++)
		r[i] = (struct route_settings){ .link = -1, .table = IFROUTE_MAIN };
	r[DEFAULT4].destination = prefix_of("0.0.0.0/0");
	r[DEFAULT4].gateway = prefix_of("10.0.0.254").ip;
	r[DEFAULT4].source = prefix_of("10.0.0.1").ip;
	r[DEFAULT4].link = P1;
	r[OTHER_LINK].destination = prefix_of("10.9.1.7/16");	/* host bits */
	r[OTHER_LINK].link = P2;
	r[REFUSED].destination = prefix_of("10.66.0.0/16");
	r[REFUSED].blackhole = true;
	r[REFUSED].table = 1000;
	r[DEFAULT6].destination = prefix_of("::/0");
	r[DEFAULT6].gateway = prefix_of("fe80::ff").ip;
	r[DEFAULT6].link = P1;
	r[SECOND_S] = r[REFUSED];
	u[0] = (struct rule_settings){ .priority = 100, .family = 4, .table = 1000,
	                               .from = prefix_of("10.0.0.0/24") };
	u[1] = (struct rule_settings){ .priority = 101, .family = 6, .table = 1000, .mark = 7 };
	u[2] = u[0];
	return s;
}

static int
set_up(void **state)
{
	*state = kernel_new(way_settings());
	kernel_settle(*state);
	return 0;
}

static const struct ifroute *
route_there(const struct kernel *k, const char *destination, uint32_t table)
{
	struct prefix prefix = prefix_of(destination);
	struct ifroute wish = { .destination = prefix, .table = table, .protocol = MARK_VIRTUAL,
	                        .metric = prefix.ip.family == 6 ? IFROUTE_METRIC6 : 0 };

	return ifroutes_find(k->routes, &wish);
}

static unsigned
count_ways(const struct kernel *k)
{
	unsigned count = 0;

	for (const struct ifroute *r = NULL; (r = ifroutes_next(k->routes, r)) != NULL;)
		count++;
	for (const struct ifrule *r = NULL; (r = ifroutes_next_rule(k->routes, r)) != NULL;)
		count++;
	return count;
}

/* ---- tests ---- */

static void
test_routes_and_rules_come_after_addresses_and_go_before_them(void **state)
{
	struct kernel *k = *state;
	struct ifplan_view view = kernel_view(k);
	struct ifsteps steps = { 0 };

	assert_int_equal(count_ways(k), 0);
	k->held[FIRST] = true;
	ifgroup_take(k->plan, &view, FIRST, &steps);
	assert_int_equal(steps.count, 7);
	assert_int_equal(steps.list[0].kind, IFSTEP_ADD_ADDRESS);
	for (unsigned i = 1; i < 5; i++)
		assert_int_equal(steps.list[i].kind, IFSTEP_ADD_ROUTE);
	assert_int_equal(steps.list[5].kind, IFSTEP_ADD_RULE);
	kernel_carry_out_all(k, &steps);
	assert_int_equal(count_ways(k), 6);
	assert_int_equal(kernel_settle(k), 0);
	assert_int_equal(route_there(k, "10.9.0.0/16", IFROUTE_MAIN)->hops[0].link,
	                 kernel_link(k, "p2")->index);
	assert_int_equal(route_there(k, "10.9.0.0/16", IFROUTE_MAIN)->destination.ip.bytes[3], 0);
	assert_int_equal(route_there(k, "10.66.0.0/16", 1000)->kind, IFROUTE_REFUSAL);
	k->held[FIRST] = false;
	ifgroup_drop(k->plan, &view, FIRST, &steps);
	assert_int_equal(steps.count, 7);
	assert_int_equal(steps.list[0].kind, IFSTEP_REMOVE_RULE);
	assert_int_equal(steps.list[2].kind, IFSTEP_REMOVE_ROUTE);
	assert_int_equal(steps.list[6].kind, IFSTEP_REMOVE_ADDRESS);
	kernel_carry_out_all(k, &steps);
	assert_int_equal(count_ways(k), 0);
	assert_int_equal(kernel_settle(k), 0);
}

static void
test_route_is_planned_with_its_own_link(void **state)
{
	struct kernel *k = *state;
	struct ifplan_view view = kernel_view(k);
	struct ifsteps steps = { 0 };
	struct route_settings *r = settings_routes(k->settings);

	k->held[FIRST] = true;
	ifplan_link(k->plan, &view, P2, &steps);
	assert_int_equal(steps.count, 1);
	assert_int_equal(steps.list[0].kind, IFSTEP_ADD_ROUTE);
	assert_int_equal(steps.list[0].link, P2);
	assert_true(prefix_same_network(&steps.list[0].route.destination,
	                                &r[OTHER_LINK].destination));
	steps.count = 0;
	ifplan_link(k->plan, &view, P1, &steps);
	for (size_t i = 0; i < steps.count; i++)
		assert_int_equal(steps.list[i].link, P1);
	assert_int_equal(steps.count, 1 + 3 + 2);
	ifsteps_done(&steps);
}

static void
test_what_two_groups_share_stays_until_both_left(void **state)
{
	struct kernel *k = *state;

	kernel_take(k, FIRST);
	kernel_take(k, SECOND);
	assert_int_equal(kernel_settle(k), 0);
	kernel_drop(k, FIRST);
	kernel_settle(k);
	assert_int_equal(count_ways(k), 2);
	assert_non_null(route_there(k, "10.66.0.0/16", 1000));
	kernel_drop(k, SECOND);
	kernel_settle(k);
	assert_int_equal(count_ways(k), 0);
}

static void
test_routes_the_kernel_dropped_come_back_with_their_link(void **state)
{
	struct kernel *k = *state;
	struct ip source = prefix_of("10.0.0.1").ip;
	struct ifworld_link link;

	kernel_take(k, FIRST);
	kernel_settle(k);
	link = *kernel_link(k, "p2");
	kernel_lift(&link, false);
	ifworld_put_link(k->world, &link);
	assert_true(ifroutes_link_lost(k->routes, link.index, IFROUTES_LINK_DOWN));
	assert_null(route_there(k, "10.9.0.0/16", IFROUTE_MAIN));
	kernel_settle(k);		/* raises p2 */
	assert_non_null(route_there(k, "10.9.0.0/16", IFROUTE_MAIN));
	/* The address that a route has as its source is removed by hand. */
	assert_true(ifroutes_source_gone(k->routes, &source));
	assert_null(route_there(k, "0.0.0.0/0", IFROUTE_MAIN));
	assert_false(ifroutes_source_gone(k->routes, &source));
	kernel_settle(k);
	assert_non_null(route_there(k, "0.0.0.0/0", IFROUTE_MAIN));
	assert_int_equal(count_ways(k), 6);
}

static void
test_route_changed_by_someone_is_put_right(void **state)
{
	struct kernel *k = *state;
	struct ifroute changed;

	kernel_take(k, FIRST);
	kernel_settle(k);
	changed = *route_there(k, "0.0.0.0/0", IFROUTE_MAIN);
	changed.hops[0].gateway = prefix_of("10.0.0.253").ip;
	ifroutes_put(k->routes, &changed);
	kernel_settle(k);
	assert_int_equal(route_there(k, "0.0.0.0/0", IFROUTE_MAIN)->hops[0].gateway.bytes[3], 254);
}

static void
test_leftovers_with_our_mark_are_purged_and_others_stay(void **state)
{
	struct kernel *k = *state;
	struct ifroute route = { .protocol = MARK_VIRTUAL, .destination = prefix_of("10.77.0.0/16"),
	                         .table = IFROUTE_MAIN, .hop_count = 1 };
	struct ifrule rule = { .protocol = MARK_VIRTUAL, .family = 4, .priority = 5, .table = 9 };
	uint32_t link;

	ifroutes_put(k->routes, &route);
	ifroutes_put_rule(k->routes, &rule);
	assert_int_equal(count_ways(k), 2);
	assert_true(ifplan_route_owner(k->plan, &route, &link));
	assert_int_equal(link, IFSTEP_REST);
	assert_int_equal(ifplan_rule_owner(k->plan, &rule), IFSTEP_REST);
	kernel_settle(k);
	assert_int_equal(count_ways(k), 0);
	route.protocol = rule.protocol = 4;	/* somebody else's never enter the picture */
	ifroutes_put(k->routes, &route);
	ifroutes_put_rule(k->routes, &rule);
	assert_int_equal(count_ways(k), 0);
}

static void
test_stop_removes_all(void **state)
{
	struct kernel *k = *state;
	struct ifplan_view view = kernel_view(k);
	struct ifsteps steps = { 0 };

	kernel_take(k, FIRST);
	kernel_settle(k);
	ifplan_stop(&view, &steps);
	kernel_carry_out_all(k, &steps);
	assert_int_equal(count_ways(k), 0);
	assert_null(kernel_address(k, "p1", "10.0.0.1/24"));
}

static void
test_new_settings_remove_what_they_no_longer_name(void **state)
{
	struct kernel *k = *state;
	struct settings *s = way_settings();

	kernel_take(k, FIRST);
	kernel_settle(k);
	settings_groups(s)[FIRST].route_count = 1;
	settings_groups(s)[FIRST].rule_count = 1;
	settings_groups(s)[SECOND].route_count = settings_groups(s)[SECOND].rule_count = 0;
	kernel_adopt(k, s);
	k->held[FIRST] = true;
	kernel_settle(k);
	assert_int_equal(count_ways(k), 2);
}

/* Routes and rules at random, against a plain table. */
static void
test_picture_agrees_with_a_plain_table(void **state UNUSED)
{
	struct ifroutes *routes = ifroutes_new();
	bool there[512] = { false }, rules[64] = { false };
	uint32_t seed = 1;

	for (unsigned n = 0; n < 50000; n++) {
		struct ifroute route = { .protocol = MARK_VIRTUAL, .table = IFROUTE_MAIN };
		struct ifrule rule = { .protocol = MARK_VIRTUAL, .family = 4 };
		unsigned which;

		seed = seed * 1664525u + 1013904223u;
		which = seed >> 8 & 511;
		route.destination = (struct prefix){ { 4, { 10, (uint8_t)which, 1, 1 } }, 16 };
		route.metric = which >> 8;
		rule.priority = which & 63;
		if (seed >> 31) {
			ifroutes_put(routes, &route);
			there[which] = true;
			ifroutes_put_rule(routes, &rule);
			rules[which & 63] = true;
		} else {
			ifroutes_remove(routes, &route);
			there[which] = false;
			ifroutes_remove_rule(routes, &rule);
			rules[which & 63] = false;
		}
		seed = seed * 1664525u + 1013904223u;
		which = seed >> 8 & 511;
		route.destination.ip.bytes[1] = (uint8_t)which;
		route.destination.ip.bytes[3] = 77;	/* host bits do not count */
		route.metric = which >> 8;
		rule.priority = which & 63;
		assert_int_equal(ifroutes_find(routes, &route) != NULL, there[which]);
		assert_int_equal(ifroutes_has_rule(routes, &rule), rules[which & 63]);
	}
	ifroutes_begin_dump(routes);
	assert_true(ifroutes_end_dump(routes));
	assert_false(ifroutes_end_dump(routes));
	assert_null(ifroutes_next(routes, NULL));
	assert_null(ifroutes_next_rule(routes, NULL));
	ifroutes_free(routes);
}

int
main(void)
{
#define WAY_TEST(function) cmocka_unit_test_setup_teardown(function, set_up, kernel_tear_down)
	const struct CMUnitTest tests[] = {
		WAY_TEST(test_routes_and_rules_come_after_addresses_and_go_before_them),
		WAY_TEST(test_route_is_planned_with_its_own_link),
		WAY_TEST(test_what_two_groups_share_stays_until_both_left),
		WAY_TEST(test_routes_the_kernel_dropped_come_back_with_their_link),
		WAY_TEST(test_route_changed_by_someone_is_put_right),
		WAY_TEST(test_leftovers_with_our_mark_are_purged_and_others_stay),
		WAY_TEST(test_stop_removes_all),
		WAY_TEST(test_new_settings_remove_what_they_no_longer_name),
		cmocka_unit_test(test_picture_agrees_with_a_plain_table),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
