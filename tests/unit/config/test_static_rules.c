/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Static routes: their rules, the advice about them, and what they are lifted to; the host name.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "sample.h"
#include "sound.h"
#include "config/check.h"

#define DEFAULT "protocols static route 0.0.0.0/0"
#define ROUTE "protocols static route 192.0.2.0/24"
#define ROUTE6 "protocols static route6 2001:db8:f::/48"
#define BY_INTERFACE "protocols static interface-route 192.0.2.0/24"
#define BY_INTERFACE6 "protocols static interface-route6 2001:db8:f::/48"

static void
test_usual_routes_are_no_problem(void **state)
{
	(void)state;
	sample_expect_none(SOUND "set protocols static route 0.0.0.0/0 next-hop 10.0.0.254\n"
	                   "set protocols static route 0.0.0.0/0 next-hop 10.0.0.253\n"
	                   "set " DEFAULT " next-hop 192.0.2.1 distance 20\n"
	                   "set " DEFAULT " next-hop 192.0.2.1 interface tun0\n"
	                   "set protocols static interface-route 0.0.0.0/0 next-hop-interface p1\n"
	                   "set protocols static route 10.0.0.0/8 blackhole distance 254\n"
	                   "set " ROUTE6 " next-hop fe80::1 interface dp0bond0\n"
	                   "set " ROUTE6 " unreachable distance 255\n"
	                   "set " BY_INTERFACE6 " next-hop-interface dp0bond0 distance 7\n"
	                   "set " ROUTE " next-hop 10.0.0.9 disable", "E ");
}

static void
test_values_of_another_family_name_the_other_word(void **state)
{
	(void)state;
	sample_expect(SOUND "set protocols static route 2001:db8::/32 blackhole", "E line 5: ",
	              "IPv6 has route6");
	sample_expect(SOUND "set protocols static route6 10.0.0.0/8 blackhole", "E line 5: ",
	              "must be an IPv6 network");
	sample_expect(SOUND "set protocols static route default blackhole", "E line 5: ",
	              "or 0.0.0.0/0 for the default route");
	sample_expect(SOUND "set protocols static route6 default blackhole", "E line 5: ",
	              "or ::/0 for the default route");
	sample_expect(SOUND "set " ROUTE " next-hop fe80::1", "E line 5: ",
	              "must be an IPv4 address");
	sample_expect(SOUND "set " ROUTE6 " next-hop 10.0.0.9", "E line 5: ",
	              "must be an IPv6 address");
	sample_expect(SOUND "set " ROUTE " blackhole distance 0", "E line 5: ",
	              "must be a distance from 1 to 255");
}

static void
test_r1_route_leads_somewhere(void **state)
{
	(void)state;
	sample_expect(SOUND "set " ROUTE, "E line 5: " ROUTE ": the route leads nowhere; set "
	              "next-hop, blackhole or unreachable", "[R1]");
	sample_expect(SOUND "set " ROUTE " description x", "E ", "[R1]");
	sample_expect(SOUND "set " BY_INTERFACE6, "E line 5: " BY_INTERFACE6 ": the route leads "
	              "nowhere; set next-hop-interface", "[R1]");
	/* A next hop that is not used is one all the same. */
	sample_expect_none(SOUND "set " ROUTE " next-hop 10.0.0.9 disable", "E ");
}

static void
test_r2_destination_is_a_network(void **state)
{
	(void)state;
	sample_expect(SOUND "set protocols static route 192.0.2.1/24 blackhole",
	              "E line 5: protocols static route 192.0.2.1/24: 192.0.2.1/24 has bits beyond "
	              "its length; write 192.0.2.0/24", "[R2]");
	sample_expect(SOUND "set protocols static route6 2001:db8::g/32 blackhole", "E ",
	              "must be an IPv6 network");
	sample_expect(SOUND "set protocols static route6 1:2:3:4:5:6:7:8:9/32 blackhole", "E ",
	              "is not a network");
}

static void
test_r3_r4_next_hops_are_routers(void **state)
{
	static const char *const wrong[] = { "0.0.0.0", "127.0.0.1", "224.0.0.5",
	                                    "255.255.255.255" };
	char text[1024];

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(wrong); i++) {
		snprintf(text, sizeof(text), SOUND "set " ROUTE " next-hop %s", wrong[i]);
		sample_expect(text, "E line 5: ", "[R3]");
	}
	sample_expect(SOUND "set " ROUTE6 " next-hop ::1", "E line 5: ", "[R3]");
	sample_expect(SOUND "set " ROUTE6 " next-hop fe80::1",
	              "E line 5: " ROUTE6 " next-hop fe80::1: a link-local address is one of an "
	              "interface; set interface, too", "[R4]");
}

static void
test_r5_one_distance_is_of_one_kind(void **state)
{
	(void)state;
	sample_expect(SOUND "set " ROUTE " next-hop 10.0.0.9\nset " ROUTE " blackhole",
	              "E line 5: " ROUTE " next-hop 10.0.0.9: has distance 1, at which the route "
	              "to 192.0.2.0/24 is blackhole", "[R5]");
	sample_expect(SOUND "set " BY_INTERFACE " next-hop-interface dp0bond0\n"
	              "set " ROUTE " unreachable", "E line 5: " BY_INTERFACE, "[R5]");
	sample_expect(SOUND "set " ROUTE " unreachable\nset " ROUTE " blackhole", "E ", "[R5]");
	sample_expect_none(SOUND "set " ROUTE " next-hop 10.0.0.9\n"
	                   "set " ROUTE " blackhole distance 2\n"
	                   "set " ROUTE " unreachable distance 3", "E ");
	sample_expect_none(SOUND "set " ROUTE " next-hop 10.0.0.9 disable\nset " ROUTE " blackhole",
	                   "E ");
}

static void
test_r6_eight_next_hops_share_a_distance(void **state)
{
	char text[2048] = SOUND;
	size_t used = strlen(text);

	(void)state;
	for (unsigned i = 0; i < 8; i++)
		used += (size_t)snprintf(text + used, sizeof(text) - used,
		                         "set " ROUTE " next-hop 10.0.0.%u\n", 10 + i);
	sample_expect_none(text, "E ");
	snprintf(text + used, sizeof(text) - used, "set " BY_INTERFACE " next-hop-interface p1");
	sample_expect(text, "E line 13: " BY_INTERFACE " next-hop-interface p1: is next hop number "
	              "9 of distance 1 to 192.0.2.0/24; at most 8", "[R6]");
	snprintf(text + used, sizeof(text) - used,
	         "set " BY_INTERFACE " next-hop-interface p1 distance 2");
	sample_expect_none(text, "E ");
	/* The kernel has its own mind about IPv6. */
	sample_expect(SOUND "set " BY_INTERFACE6 " next-hop-interface p1\n"
	              "set " ROUTE6 " next-hop 2001:db8::1", "E line 5: ", "[R6]");
	sample_expect_none(SOUND "set " BY_INTERFACE " next-hop-interface p1\n"
	                   "set " ROUTE " next-hop 10.0.0.9", "E ");
}

static void
test_r7_one_route_in_two_spellings_is_one(void **state)
{
	(void)state;
	sample_expect(SOUND "set " ROUTE6 " next-hop 2001:db8::1\n"
	              "set protocols static route6 2001:DB8:F::/48 next-hop 2001:db8:0::1",
	              "E line 6: ", "[R7]");
	sample_expect_none(SOUND "set " ROUTE6 " next-hop 2001:db8::1\n"
	                   "set protocols static route6 2001:DB8:F::/48 next-hop 2001:db8::2",
	                   "E ");
}

static void
test_r8_virtual_route_is_another(void **state)
{
	(void)state;
	sample_expect(SOUND "set " ROUTE " next-hop 10.0.0.9 distance 5\n"
	              "set " GROUP " virtual-route 192.0.2.0/24 next-hop 10.0.0.8\n"
	              "set " GROUP " virtual-route 192.0.2.0/24 metric 5",
	              "E line 6: " GROUP " virtual-route 192.0.2.0/24: protocols static has a "
	              "route to it", "[R8]");
	sample_expect_none(SOUND "set " ROUTE " next-hop 10.0.0.9 distance 5\n"
	                   "set " GROUP " virtual-route 192.0.2.0/24 next-hop 10.0.0.8", "E ");
	sample_expect_none(SOUND "set " ROUTE " next-hop 10.0.0.9 distance 5\n"
	                   "set " GROUP " virtual-route 192.0.2.0/24 next-hop 10.0.0.8\n"
	                   "set " GROUP " virtual-route 192.0.2.0/24 table 100\n"
	                   "set " GROUP " virtual-route 192.0.2.0/24 metric 5", "E ");
}

/* ---- advice ---- */

static void
test_l28_next_hop_is_in_a_network_of_an_interface(void **state)
{
	(void)state;
	sample_expect(SOUND "set " ROUTE " next-hop 10.7.0.9",
	              "W line 5: " ROUTE " next-hop 10.7.0.9: is in no network of an interface",
	              "[L28]");
	sample_expect_none(SOUND "set " ROUTE " next-hop 10.0.0.9", "[L28]");
	sample_expect_none(SOUND "set " ROUTE " next-hop 10.7.0.9 interface tun0", "[L28]");
	sample_expect_none(SOUND "set " ROUTE " next-hop 10.7.0.9 disable", "[L28]");
	/* No interface has an IPv6 address here: they come from elsewhere. */
	sample_expect_none(SOUND "set " ROUTE6 " next-hop 2001:db8::1", "[L28]");
	sample_expect(SOUND "set " BOND " address 2001:db8:1::2/64\n"
	              "set " ROUTE6 " next-hop 2001:db8::1", "W line 6: ", "[L28]");
}

static void
test_l29_next_hop_is_another_router(void **state)
{
	(void)state;
	sample_expect(SOUND "set " ROUTE " next-hop 10.0.0.2",
	              "W line 5: " ROUTE " next-hop 10.0.0.2: is an address of this router itself",
	              "[L29]");
	sample_expect(SOUND "set " ROUTE " next-hop 10.0.0.1",
	              "W line 5: " ROUTE " next-hop 10.0.0.1: is the virtual address of group 1 on "
	              "dp0bond0", "[L29]");
	sample_expect_none(SOUND "set " ROUTE " next-hop 10.0.0.9", "[L29]");
}

/* The warnings of a text, for a router whose surroundings are known or not. */
static char *
warnings_around(const char *text, const struct surroundings *around)
{
	struct problems problems = { 0 };
	struct lyd_node *tree = sample_tree(text);

	assert_int_equal(check_tree_around(schema, &tree, around, &problems), 0);
	lyd_free_siblings(tree);
	return sample_lines(&problems);
}

static void
test_l27_router_that_does_not_forward_is_told_once_a_family(void **state)
{
	const struct surroundings off = { 0 }, on = { true, true }, only4 = { .forwards4 = true };
	char *lines = warnings_around(SOUND, &off), *first;

	(void)state;
	first = strstr(lines, "[L27]");
	assert_non_null(strstr(lines, "W line 2: " GROUP ": this router does not forward IPv4"));
	assert_non_null(strstr(lines, "net.ipv4.ip_forward"));
	assert_non_null(first);
	assert_null(strstr(first + 1, "[L27]"));
	free(lines);
	lines = warnings_around(SOUND_BOTH, &off);
	assert_non_null(strstr(lines, "does not forward IPv4"));
	assert_non_null(strstr(lines, "does not forward IPv6"));
	free(lines);
	lines = warnings_around(SOUND_BOTH, &only4);
	assert_null(strstr(lines, "does not forward IPv4"));
	assert_non_null(strstr(lines, "net.ipv6.conf.all.forwarding"));
	free(lines);
	lines = warnings_around(SOUND_BOTH, &on);
	assert_null(strstr(lines, "[L27]"));
	free(lines);
	lines = warnings_around(SOUND_BOTH, NULL);
	assert_null(strstr(lines, "[L27]"));
	free(lines);
	lines = warnings_around("set " BOND " address 10.0.0.2/24", &off);
	assert_null(strstr(lines, "[L27]"));
	free(lines);
}

/* ---- lift ---- */

static void
expect_prefix(const struct prefix *prefix, const char *text)
{
	char found[PREFIX_TEXT_SIZE];

	assert_string_equal(prefix_text(prefix, found), text);
}

static void
test_routes_are_lifted_by_destination_and_distance(void **state)
{
	struct settings *s = sample_settings(
		SOUND "set protocols static route 10.9.0.0/16 next-hop 10.0.0.9\n"
		"set protocols static route 10.9.0.0/16 next-hop 10.0.0.8\n"
		"set protocols static route 10.9.0.0/16 next-hop 10.0.0.7 disable\n"
		"set protocols static interface-route 10.9.0.0/16 next-hop-interface p1\n"
		"set protocols static route 10.9.0.0/16 next-hop 10.0.0.6 distance 20\n"
		"set protocols static route 10.9.0.0/16 blackhole distance 200\n"
		"set protocols static route 10.2.0.0/16 unreachable\n"
		"set protocols static route6 ::/0 next-hop fe80::1 interface dp0bond0", NULL);
	const struct static_settings *routes = settings_statics(s);
	const struct hop_settings *hops = settings_hops(s);

	(void)state;
	assert_int_equal(s->static_count, 5);
	assert_int_equal(s->hop_count, 5);
	expect_prefix(&routes[0].destination, "10.2.0.0/16");
	assert_int_equal(routes[0].kind, STATIC_UNREACHABLE);
	expect_prefix(&routes[1].destination, "10.9.0.0/16");
	assert_int_equal(routes[1].distance, 1);
	assert_int_equal(routes[1].hop_count, 3);
	assert_string_equal(hops[routes[1].hop_first + 2].interface, "p1");
	assert_int_equal(hops[routes[1].hop_first + 2].gateway.family, 0);
	assert_int_equal(routes[2].distance, 20);
	assert_int_equal(hops[routes[2].hop_first].gateway.bytes[3], 6);
	assert_int_equal(routes[3].distance, 200);
	assert_int_equal(routes[3].kind, STATIC_BLACKHOLE);
	assert_int_equal(routes[3].hop_count, 0);
	expect_prefix(&routes[4].destination, "::/0");
	assert_string_equal(hops[routes[4].hop_first].interface, "dp0bond0");
	free(s);
}

static void
test_host_name_is_lifted(void **state)
{
	struct settings *s = sample_settings(SOUND "set system host-name r1-vienna", NULL);

	(void)state;
	assert_string_equal(s->host_name, "r1-vienna");
	free(s);
	s = sample_settings(SOUND, NULL);
	assert_string_equal(s->host_name, "");
	free(s);
	sample_expect(SOUND "set system host-name r1.example.org", "E line 5: ", "no dots");
	sample_expect(SOUND "set system host-name -r1", "E line 5: ", "must be a host name");
	sample_expect(SOUND "set system host-name r1-", "E line 5: ", "must be a host name");
}

/* Part of the language, refused with the reason. */
static void
test_what_a_kernel_route_has_not_is_refused(void **state UNUSED)
{
	sample_expect("set protocols static route 10.0.0.0/8 next-hop 10.9.0.1 tag 5",
	              "E line 1: protocols static route 10.0.0.0/8 next-hop 10.9.0.1 tag '5': not "
	              "supported yet: a route of Linux has no tag",
	              "by prefix there; delete it [K2]");
	sample_expect("set protocols static table 7 route 10.0.0.0/8 blackhole",
	              "E line 1: protocols static table 7: not supported yet: static routes are in "
	              "the main table", "virtual-route can be; delete it [K2]");
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_what_a_kernel_route_has_not_is_refused),
		cmocka_unit_test(test_usual_routes_are_no_problem),
		cmocka_unit_test(test_values_of_another_family_name_the_other_word),
		cmocka_unit_test(test_r1_route_leads_somewhere),
		cmocka_unit_test(test_r2_destination_is_a_network),
		cmocka_unit_test(test_r3_r4_next_hops_are_routers),
		cmocka_unit_test(test_r5_one_distance_is_of_one_kind),
		cmocka_unit_test(test_r6_eight_next_hops_share_a_distance),
		cmocka_unit_test(test_r7_one_route_in_two_spellings_is_one),
		cmocka_unit_test(test_r8_virtual_route_is_another),
		cmocka_unit_test(test_l28_next_hop_is_in_a_network_of_an_interface),
		cmocka_unit_test(test_l29_next_hop_is_another_router),
		cmocka_unit_test(test_l27_router_that_does_not_forward_is_told_once_a_family),
		cmocka_unit_test(test_routes_are_lifted_by_destination_and_distance),
		cmocka_unit_test(test_host_name_is_lifted),
	};

	return cmocka_run_group_tests(tests, sample_setup, sample_teardown);
}
