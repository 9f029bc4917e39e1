/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Static routes against the small kernel, and the index of networks behind their next hops.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "core/ifstatic.h"
#include "small_kernel.h"

enum { P1, P2, LINKS };
enum { REAL1, REAL2, ADDRESSES };

static struct prefix
prefix_of(const char *text)
{
	struct prefix prefix;

	assert_true(prefix_parse(text, &prefix));
	return prefix;
}

/* A next hop as words: "10.0.0.9", "p2", "fe80::1 p1". */
static struct hop_settings
hop_of(const char *words)
{
	struct hop_settings hop = { 0 };
	char gateway[64], interface[64] = "";

	sscanf(words, "%63s %63s", gateway, interface);
	if (!ip_parse(gateway, &hop.gateway))
		snprintf(hop.interface, sizeof(hop.interface), "%.15s", gateway);
	else
		snprintf(hop.interface, sizeof(hop.interface), "%.15s", interface);
	return hop;
}

struct static_words {
	const char *destination;
	uint8_t distance;
	const char *hops[3];		/* none: a blackhole */
};

/* p1 is in 10.0.0.0/24 and 2001:db8:1::/64, p2 in 10.0.1.0/24 and disabled at first. */
static struct settings *
static_settings(const struct static_words *words, uint32_t count)
{
	struct settings *s;
	struct link_settings *l;
	struct settings_counts counts = { .links = LINKS, .addresses = 3, .statics = count };
	uint32_t next = 0;

	for (uint32_t i = 0; i < count; i++)
		for (unsigned h = 0; h < 3 && words[i].hops[h] != NULL; h++)
			counts.hops++;
	s = settings_new(&counts);
	assert_non_null(s);
	l = settings_links(s);
	for (unsigned i = 0; i < LINKS; i++) {
		l[i].parent = l[i].member_of = -1;
		snprintf(l[i].name, sizeof(l[i].name), "p%u", i + 1);
	}
	l[P1].address_count = 2;
	l[P2].address_first = 2;
	l[P2].address_count = 1;
	kernel_put_address(s, 0, "10.0.0.2/24");
	kernel_put_address(s, 1, "2001:db8:1::2/64");
	kernel_put_address(s, 2, "10.0.1.2/24");
	for (uint32_t i = 0; i < count; i++) {
		struct static_settings *route = &settings_statics(s)[i];

		route->destination = prefix_of(words[i].destination);
		route->distance = words[i].distance;
		route->hop_first = next;
		for (unsigned h = 0; h < 3 && words[i].hops[h] != NULL; h++)
			settings_hops(s)[next++] = hop_of(words[i].hops[h]);
		route->hop_count = next - route->hop_first;
		route->kind = route->hop_count > 0 ? STATIC_HOPS : STATIC_BLACKHOLE;
	}
	return s;
}

#define SETTLED(words) \
	({ \
		struct kernel *k_ = kernel_new(static_settings(words, ARRAY_SIZE(words))); \
		kernel_settle(k_); \
		k_; \
	})

static const struct ifroute *
there(const struct kernel *k, const char *destination, uint8_t distance)
{
	struct ifroute wish = { .destination = prefix_of(destination), .table = IFROUTE_MAIN,
	                        .protocol = MARK_REAL, .metric = distance };

	return ifroutes_find(k->routes, &wish);
}

static unsigned
count_routes(const struct kernel *k)
{
	unsigned count = 0;

	for (const struct ifroute *r = NULL; (r = ifroutes_next(k->routes, r)) != NULL;)
		count++;
	return count;
}

static void
set_link(struct kernel *k, const char *name, bool up)
{
	struct ifworld_link link = *kernel_link(k, name);

	kernel_lift(&link, up);
	ifworld_put_link(k->world, &link);
}

/* The cable is pulled: the kernel drops nothing. */
static void
set_carrier(struct kernel *k, const char *name, bool on)
{
	struct ifworld_link link = *kernel_link(k, name);

	link.running = link.lower_up = link.oper_up = on;
	ifworld_put_link(k->world, &link);
}

/* ---- tests ---- */

static const struct static_words some[] = {
	{ "0.0.0.0/0", 1, { "10.0.0.254", "10.0.1.254" } },
	{ "0.0.0.0/0", 200, { "p1" } },
	{ "10.9.0.0/16", 1, { "10.0.0.9" } },
	{ "10.66.0.0/16", 7, { NULL } },
	{ "10.77.0.0/16", 1, { "192.0.2.1" } },
	{ "2001:db8:f::/48", 1, { "fe80::1 p1" } },
	{ "2001:db8:f::/48", 2, { "2001:db8:1::1" } },
};

static void
test_each_distance_becomes_a_route_with_it_as_metric(void **state UNUSED)
{
	struct kernel *k = SETTLED(some);
	const struct ifroute *route = there(k, "0.0.0.0/0", 1);

	assert_int_equal(count_routes(k), 6);
	assert_non_null(route);
	assert_int_equal(route->hop_count, 2);
	assert_int_equal(route->hops[0].gateway.bytes[3], 254);
	assert_int_equal(route->hops[1].link, kernel_link(k, "p2")->index);
	route = there(k, "0.0.0.0/0", 200);
	assert_int_equal(route->hop_count, 1);
	assert_int_equal(route->hops[0].gateway.family, 0);
	assert_int_equal(there(k, "10.66.0.0/16", 7)->kind, IFROUTE_REFUSAL);
	assert_int_equal(there(k, "2001:db8:f::/48", 1)->hops[0].link,
	                 kernel_link(k, "p1")->index);
	assert_non_null(there(k, "2001:db8:f::/48", 2));
	/* No link is in the network of the last one. */
	assert_null(there(k, "10.77.0.0/16", 1));
	assert_int_equal(kernel_settle(k), 0);
	kernel_free(k);
}

static void
test_next_hop_without_carrier_leaves_its_route_and_comes_back(void **state UNUSED)
{
	struct kernel *k = SETTLED(some);

	set_carrier(k, "p2", false);
	assert_int_equal(kernel_settle(k), 1);
	assert_int_equal(there(k, "0.0.0.0/0", 1)->hop_count, 1);
	set_carrier(k, "p1", false);
	kernel_settle(k);
	assert_int_equal(count_routes(k), 1);	/* a blackhole needs no link */
	set_carrier(k, "p1", true);
	set_carrier(k, "p2", true);
	kernel_settle(k);
	assert_int_equal(count_routes(k), 6);
	assert_int_equal(there(k, "0.0.0.0/0", 1)->hop_count, 2);
	kernel_free(k);
}

static void
test_route_waits_for_the_address_that_leads_to_its_next_hop(void **state UNUSED)
{
	struct kernel *k = SETTLED(some);
	int index = kernel_link(k, "p1")->index;
	struct ifworld_address address = { .prefix = prefix_of("192.0.2.2/24") };

	assert_true(ifworld_put_address(k->world, index, &address));
	assert_int_equal(kernel_settle(k), 1);
	assert_int_equal(there(k, "10.77.0.0/16", 1)->hops[0].link, index);
	ifworld_remove_address(k->world, index, &address.prefix);
	assert_int_equal(kernel_settle(k), 1);
	assert_null(there(k, "10.77.0.0/16", 1));
	kernel_free(k);
}

static void
test_route_removed_by_hand_comes_back(void **state UNUSED)
{
	struct kernel *k = SETTLED(some);
	struct ifroute gone = *there(k, "10.9.0.0/16", 1);

	ifroutes_remove(k->routes, &gone);
	assert_int_equal(kernel_settle(k), 1);
	assert_int_equal(k->kinds[IFSTEP_NEW_ROUTE], 1);
	assert_non_null(there(k, "10.9.0.0/16", 1));
	kernel_free(k);
}

static void
test_one_next_hop_removed_by_hand_comes_back(void **state UNUSED)
{
	struct kernel *k = SETTLED(some);
	struct ifroute gone = *there(k, "0.0.0.0/0", 1);

	gone.hop_count = 1;
	ifroutes_remove(k->routes, &gone);
	assert_int_equal(there(k, "0.0.0.0/0", 1)->hop_count, 1);
	kernel_settle(k);
	assert_int_equal(k->kinds[IFSTEP_ADD_ROUTE], 1);
	assert_int_equal(k->kinds[IFSTEP_NEW_ROUTE], 0);
	assert_int_equal(there(k, "0.0.0.0/0", 1)->hop_count, 2);
	kernel_free(k);
}

/* The kernel keeps a route of several next hops, and says nothing. */
static void
test_link_that_fell_and_rose_makes_a_shared_route_doubtful(void **state UNUSED)
{
	struct kernel *k = SETTLED(some);
	int index = kernel_link(k, "p2")->index;

	set_link(k, "p2", false);
	assert_true(ifroutes_link_lost(k->routes, index, IFROUTES_LINK_DOWN));
	set_link(k, "p2", true);
	assert_int_equal(there(k, "0.0.0.0/0", 1)->hop_count, 2);
	kernel_settle(k);
	assert_int_equal(k->kinds[IFSTEP_ADD_ROUTE], 1);
	assert_int_equal(there(k, "0.0.0.0/0", 1)->hops[1].link, index);
	/* Without any link it is gone, with the last IPv4 address, too. */
	assert_true(ifroutes_link_lost(k->routes, index, IFROUTES_LINK_BARE));
	assert_true(ifroutes_link_lost(k->routes, kernel_link(k, "p1")->index,
	                               IFROUTES_LINK_BARE));
	assert_null(there(k, "0.0.0.0/0", 1));
	assert_null(there(k, "0.0.0.0/0", 200));
	assert_non_null(there(k, "2001:db8:f::/48", 1));	/* such news would come */
	kernel_settle(k);
	assert_int_equal(count_routes(k), 6);
	kernel_free(k);
}

static void
test_leftovers_go_and_the_service_leaves_its_own(void **state UNUSED)
{
	struct kernel *k = SETTLED(some);
	struct ifplan_view view = kernel_view(k);
	struct ifsteps steps = { 0 };
	struct ifroute left = { .destination = prefix_of("10.1.0.0/16"), .protocol = MARK_REAL,
	                        .table = IFROUTE_MAIN, .metric = 1, .hop_count = 1 };
	uint32_t owner;

	ifroutes_put(k->routes, &left);
	left.destination = prefix_of("10.9.0.0/16");
	left.metric = 2;
	ifroutes_put(k->routes, &left);
	assert_int_equal(count_routes(k), 8);
	assert_int_equal(kernel_settle(k), 2);
	assert_int_equal(count_routes(k), 6);
	assert_true(ifplan_route_owner(k->plan, &left, &owner));
	assert_int_equal(owner, IFSTEP_REST);
	assert_true(ifplan_route_owner(k->plan, there(k, "10.9.0.0/16", 1), &owner));
	assert_int_equal(owner, LINKS);
	ifplan_stop(&view, &steps);
	for (size_t i = 0; i < steps.count; i++)
		assert_false(ifstep_is_route(&steps.list[i]));
	ifsteps_done(&steps);
	kernel_free(k);
}

static void
test_change_of_one_route_sends_that_one(void **state UNUSED)
{
	static const struct static_words changed[] = {
		{ "0.0.0.0/0", 1, { "10.0.0.254", "10.0.1.254" } },
		{ "0.0.0.0/0", 200, { "p1" } },
		{ "10.9.0.0/16", 1, { "10.0.0.10" } },
		{ "10.66.0.0/16", 7, { NULL } },
		{ "2001:db8:f::/48", 1, { "fe80::1 p1" } },
		{ "2001:db8:f::/48", 2, { "2001:db8:1::1" } },
	};
	struct kernel *k = SETTLED(some);

	kernel_adopt(k, static_settings(changed, ARRAY_SIZE(changed)));
	assert_int_equal(kernel_settle(k), 1);
	assert_int_equal(k->kinds[IFSTEP_ADD_ROUTE], 1);
	assert_int_equal(there(k, "10.9.0.0/16", 1)->hops[0].gateway.bytes[3], 10);
	kernel_free(k);
}

static void
collect(void *owner, const char *sentence)
{
	char *all = owner;

	strcat(all, sentence);
	strcat(all, "\n");
}

static void
test_what_waits_is_said_for_a_few(void **state UNUSED)
{
	static const struct static_words waiting[] = {
		{ "10.1.0.0/16", 1, { "192.0.2.1" } },
		{ "10.2.0.0/16", 1, { "nowhere" } },
		{ "10.3.0.0/16", 1, { "10.0.0.1 nowhere" } },
		{ "10.4.0.0/16", 1, { "192.0.2.1" } },
		{ "10.5.0.0/16", 1, { "192.0.2.1", "10.0.0.1" } },
		{ "10.6.0.0/16", 1, { "192.0.2.1" } },
		{ "10.7.0.0/16", 1, { "192.0.2.1" } },
		{ "2001:db8::/32", 1, { "p3" } },
	};
	struct kernel *k = SETTLED(waiting);
	struct ifplan_view view = kernel_view(k);
	char said[4096] = "";

	ifstatic_remarks(k->plan, &view, collect, said);
	assert_non_null(strstr(said, "protocols static route 10.1.0.0/16 next-hop 192.0.2.1: waits "
	                             "for an interface that is up"));
	assert_non_null(strstr(said, "protocols static interface-route 10.2.0.0/16: waits for "
	                             "nowhere, which does not exist\n"));
	assert_non_null(strstr(said, "protocols static route 10.3.0.0/16 next-hop 10.0.0.1: waits "
	                             "for nowhere, which does not exist\n"));
	assert_null(strstr(said, "10.6.0.0/16"));
	assert_non_null(strstr(said, "protocols static: 3 more next hops wait"));
	kernel_free(k);
}

static void
test_step_names_the_path_and_what_was_tried(void **state UNUSED)
{
	struct ifstep step = { .kind = IFSTEP_NEW_ROUTE };
	char subject[IFSTEP_SUBJECT_SIZE], text[96];

	step.route.destination = prefix_of("2001:db8:f::/48");
	step.route.protocol = MARK_REAL;
	step.route.metric = 20;
	assert_string_equal(ifstep_subject(&step, subject),
	                    "protocols static route6 2001:db8:f::/48");
	ifstep_text(&step, text, sizeof(text));
	assert_string_equal(text, "add the route of distance 20");
}

/* ---- networks ---- */

static const char *
link_to(struct kernel *k, const char *text)
{
	struct ip ip = prefix_of(text).ip;
	const struct ifworld_link *link;

	ifnets_touch(k->nets);
	link = ifnets_link_to(k->nets, &ip);
	return link == NULL ? "none" : link->name;
}

static void
put(struct kernel *k, const char *name, const char *text, uint8_t mark)
{
	struct ifworld_address address = { .prefix = prefix_of(text), .mark = mark };

	assert_true(ifworld_put_address(k->world, kernel_link(k, name)->index, &address));
}

static void
test_narrowest_network_of_a_usable_link_leads_there(void **state UNUSED)
{
	struct kernel *k = SETTLED(some);

	assert_string_equal(link_to(k, "10.0.0.77"), "p1");
	assert_string_equal(link_to(k, "10.0.1.77"), "p2");
	assert_string_equal(link_to(k, "10.0.2.1"), "none");
	assert_string_equal(link_to(k, "2001:db8:1::77"), "p1");
	assert_string_equal(link_to(k, "2001:db8:2::77"), "none");
	put(k, "p2", "10.0.0.65/26", 0);
	assert_string_equal(link_to(k, "10.0.0.77"), "p2");
	assert_string_equal(link_to(k, "10.0.0.7"), "p1");
	set_carrier(k, "p2", false);
	assert_string_equal(link_to(k, "10.0.0.77"), "p1");
	kernel_free(k);
}

static void
test_link_with_an_address_of_its_own_goes_before_a_virtual_one(void **state UNUSED)
{
	struct kernel *k = SETTLED(some);

	put(k, "p1", "192.0.2.1/24", MARK_VIRTUAL);
	assert_string_equal(link_to(k, "192.0.2.9"), "p1");
	put(k, "p2", "192.0.2.2/24", 0);
	assert_string_equal(link_to(k, "192.0.2.9"), "p2");
	put(k, "p1", "192.0.2.3/24", 0);
	assert_string_equal(link_to(k, "192.0.2.9"), "p1");
	/* These have no network around them. */
	put(k, "p1", "198.51.100.1/32", 0);
	assert_string_equal(link_to(k, "198.51.100.1"), "none");
	put(k, "p1", "fe80::5/64", 0);
	assert_string_equal(link_to(k, "fe80::6"), "none");
	kernel_free(k);
}

static void
test_thousands_of_networks_are_told_apart(void **state UNUSED)
{
	struct kernel *k = SETTLED(some);
	char text[PREFIX_TEXT_SIZE];

	for (unsigned i = 0; i < 5000; i++) {
		snprintf(text, sizeof(text), "100.%u.%u.1/28", 64 + i / 256, i % 256);
		put(k, i % 2 ? "p1" : "p2", text, 0);
	}
	for (unsigned i = 0; i < 5000; i += 7) {
		snprintf(text, sizeof(text), "100.%u.%u.14", 64 + i / 256, i % 256);
		assert_string_equal(link_to(k, text), i % 2 ? "p1" : "p2");
	}
	assert_string_equal(link_to(k, "100.64.0.16"), "none");
	kernel_free(k);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_each_distance_becomes_a_route_with_it_as_metric),
		cmocka_unit_test(test_next_hop_without_carrier_leaves_its_route_and_comes_back),
		cmocka_unit_test(test_route_waits_for_the_address_that_leads_to_its_next_hop),
		cmocka_unit_test(test_route_removed_by_hand_comes_back),
		cmocka_unit_test(test_one_next_hop_removed_by_hand_comes_back),
		cmocka_unit_test(test_link_that_fell_and_rose_makes_a_shared_route_doubtful),
		cmocka_unit_test(test_leftovers_go_and_the_service_leaves_its_own),
		cmocka_unit_test(test_change_of_one_route_sends_that_one),
		cmocka_unit_test(test_what_waits_is_said_for_a_few),
		cmocka_unit_test(test_step_names_the_path_and_what_was_tried),
		cmocka_unit_test(test_narrowest_network_of_a_usable_link_leads_there),
		cmocka_unit_test(test_link_with_an_address_of_its_own_goes_before_a_virtual_one),
		cmocka_unit_test(test_thousands_of_networks_are_told_apart),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
