/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Static routes against the real kernel: what comes, goes, waits, is shared, comes back, and whose
 * routes stay untouched.  Needs root (skipped otherwise).
 */
#include "native.h"

#include <sched.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define MANY 4000u

enum { ADDRESS4, ADDRESS6, ADDRESS_C, ADDRESSES };

/* va is in 10.0.0.0/24 and 2001:db8::/64, vc in 10.2.0.0/24. */
static struct settings *
base_settings(uint32_t statics, uint32_t hops)
{
	struct settings *s = settings_new(&(struct settings_counts){
		.links = 2, .addresses = ADDRESSES, .statics = statics, .hops = hops });
	struct link_settings *l = settings_links(s);

	assert_non_null(s);
	native_init_link(&l[0], "va", LINK_DATAPLANE);
	native_init_link(&l[1], "vc", LINK_DATAPLANE);
	l[0].address_count = 2;
	l[1].address_first = ADDRESS_C;
	l[1].address_count = 1;
	native_put_address(s, ADDRESS4, "10.0.0.2/24");
	native_put_address(s, ADDRESS6, "2001:db8::2/64");
	native_put_address(s, ADDRESS_C, "10.2.0.2/24");
	return s;
}

struct plan {
	struct settings *settings;
	uint32_t statics, hops;
};

static struct static_settings *
add_route(struct plan *p, const char *destination, uint8_t distance, enum static_kind kind)
{
	struct static_settings *route = &settings_statics(p->settings)[p->statics++];

	assert_true(prefix_parse(destination, &route->destination));
	route->distance = distance;
	route->kind = (uint8_t)kind;
	route->hop_first = p->hops;
	return route;
}

static void
add_hop(struct plan *p, struct static_settings *route, const char *gateway, const char *interface)
{
	struct hop_settings *hop = &settings_hops(p->settings)[p->hops++];

	if (gateway[0] != '\0')
		assert_true(ip_parse(gateway, &hop->gateway));
	strncpy(hop->interface, interface, NAME_SIZE - 1);
	route->hop_count++;
}

/* In the order in which a block has them. */
static struct settings *
some_settings(void)
{
	struct plan p = { .settings = base_settings(8, 7) };
	struct static_settings *route;
	struct error error;

	route = add_route(&p, "0.0.0.0/0", 1, STATIC_HOPS);
	add_hop(&p, route, "10.0.0.9", "");
	add_hop(&p, route, "10.2.0.9", "");
	route = add_route(&p, "0.0.0.0/0", 200, STATIC_HOPS);
	add_hop(&p, route, "", "vc");
	(void)add_route(&p, "10.66.0.0/16", 7, STATIC_BLACKHOLE);
	(void)add_route(&p, "10.67.0.0/16", 1, STATIC_UNREACHABLE);
	route = add_route(&p, "10.77.0.0/16", 1, STATIC_HOPS);
	add_hop(&p, route, "192.0.2.9", "");
	route = add_route(&p, "2001:db8:a::/48", 1, STATIC_HOPS);
	add_hop(&p, route, "fe80::9", "va");
	add_hop(&p, route, "fe80::9", "vc");
	route = add_route(&p, "2001:db8:b::/48", 3, STATIC_HOPS);
	add_hop(&p, route, "2001:db8::9", "");
	(void)add_route(&p, "2001:db8:c::/48", 1, STATIC_BLACKHOLE);
	if (settings_check(p.settings, p.settings->size, &error) < 0)
		fail_msg("%s", error.text);
	return p.settings;
}

static bool
shared_there(void)
{
	return native_shows("default proto 113 metric 1", "ip route") &&
	       native_shows("nexthop via 10.0.0.9 dev va weight 1", "ip route") &&
	       native_shows("nexthop via 10.2.0.9 dev vc weight 1", "ip route");
}

static bool
shared6_there(void)
{
	return native_shows("nexthop via fe80::9 dev va", "ip -6 route show 2001:db8:a::/48") &&
	       native_shows("nexthop via fe80::9 dev vc", "ip -6 route show 2001:db8:a::/48");
}

static bool
others_there(void)
{
	return native_shows("default dev vc proto 113 scope link metric 200", "ip route") &&
	       native_shows("blackhole 10.66.0.0/16 proto 113 metric 7", "ip route") &&
	       native_shows("unreachable 10.67.0.0/16 proto 113 metric 1", "ip route") &&
	       native_shows("2001:db8:b::/48 via 2001:db8::9 dev va proto 113 metric 3",
	                    "ip -6 route") &&
	       native_shows("blackhole 2001:db8:c::/48 dev lo proto 113 metric 1", "ip -6 route");
}

static bool
all_there(void)
{
	return shared_there() && shared6_there() && others_there();
}

static bool
all_gone(void)
{
	return !native_shows("proto 113", "ip route show table all type unicast") &&
	       !native_shows("proto 113", "ip -6 route show table all type unicast") &&
	       !native_shows("blackhole", "ip route") && !native_shows("blackhole", "ip -6 route");
}

/* ---- tests ---- */

static void
test_routes_come_and_stay_as_they_are(void **state)
{
	struct native *rig = *state;
	struct settings *s = some_settings();

	native_adopt(rig, s, NULL);
	wait_for(rig, all_there());
	native_rest(rig);
	/* They are told apart by a while. */
	wait_for(rig, strcmp(rig->problems, "protocols static route 10.77.0.0/16 next-hop "
	                     "192.0.2.9: waits for an interface that is up and has an address in "
	                     "the network of the next hop") == 0);
	assert_false(native_shows("10.77.0.0/16", "ip route"));
	/* As wished: there is nothing to be done. */
	(void)native_changes(rig);
	native_adopt(rig, s, NULL);
	native_rest(rig);
	assert_int_equal(native_changes(rig), 0);
	free(s);
}

static void
test_route_waits_for_its_interface_and_its_address(void **state)
{
	struct native *rig = *state;
	struct settings *s = some_settings();

	native_adopt(rig, s, NULL);
	wait_for(rig, all_there());
	run("ip addr add 192.0.2.2/24 dev vc");
	wait_for(rig, native_shows("10.77.0.0/16 via 192.0.2.9 dev vc proto 113", "ip route"));
	run("ip addr del 192.0.2.2/24 dev vc");
	wait_for(rig, !native_shows("10.77.0.0/16", "ip route"));
	/* With the last address of an interface the kernel drops all that leads over it. */
	run("ip addr flush dev vc");
	wait_for(rig, all_there());
	run("ip link set vc down");
	wait_for(rig, all_there());
	native_rest(rig);
	free(s);
}

static void
test_next_hop_of_a_dead_cable_is_left_out(void **state)
{
	struct native *rig = *state;
	struct settings *s = some_settings();

	native_adopt(rig, s, NULL);
	wait_for(rig, all_there());
	run("nsenter --net=/proc/%d/ns/net ip link set vb down", rig->peer);
	wait_for(rig, native_shows("default via 10.2.0.9 dev vc proto 113 metric 1", "ip route"));
	wait_for(rig, native_shows("2001:db8:a::/48 via fe80::9 dev vc proto 113", "ip -6 route"));
	wait_for(rig, !native_shows("2001:db8:b::/48", "ip -6 route"));
	run("nsenter --net=/proc/%d/ns/net ip link set vb up", rig->peer);
	wait_for(rig, all_there());
	native_rest(rig);
	free(s);
}

static void
test_what_is_removed_by_hand_comes_back(void **state)
{
	struct native *rig = *state;
	struct settings *s = some_settings();

	native_adopt(rig, s, NULL);
	wait_for(rig, all_there());
	run("ip route del default metric 1 && ip route del blackhole 10.66.0.0/16 && "
	    "ip -6 route del 2001:db8:b::/48");
	wait_for(rig, all_there());
	/* One next hop of several. */
	run("ip -6 route del 2001:db8:a::/48 via fe80::9 dev vc");
	wait_for(rig, all_there());
	run("ip -6 route del 2001:db8:a::/48");
	wait_for(rig, all_there());
	native_rest(rig);
	free(s);
}

static void
test_routes_of_others_are_never_touched(void **state)
{
	struct native *rig = *state;
	struct settings *s = some_settings();

	run("ip link set va up && ip link set vc up && ip addr add 10.0.0.2/24 dev va && "
	    "ip route add default via 10.0.0.77 metric 1 proto 186 && "
	    "ip -6 route add 2001:db8:c::/48 dev va metric 1 proto 16 && "
	    "ip route add 10.99.0.0/16 via 10.0.0.77 proto static");
	native_adopt(rig, s, NULL);
	wait_for(rig, others_there() || strstr(rig->problems, "2001:db8:c::/48") != NULL);
	native_rest(rig);
	wait_for(rig, strstr(rig->problems,
	                     "protocols static route 0.0.0.0/0: cannot add the route of distance "
	                     "1: File exists (another program's route to it has this distance as "
	                     "its metric)") != NULL);
	wait_for(rig, strstr(rig->problems, "protocols static route6 2001:db8:c::/48: cannot"));
	assert_true(native_shows("default via 10.0.0.77 dev va proto bgp metric 1", "ip route"));
	assert_true(native_shows("10.99.0.0/16 via 10.0.0.77", "ip route"));
	assert_false(shared_there());
	assert_true(shared6_there());
	/* It is tried again. */
	run("ip route del default proto 186");
	wait_for(rig, shared_there());
	run("ip -6 route del 2001:db8:c::/48 proto 16");
	wait_for(rig, all_there());
	wait_for(rig, strstr(rig->problems, "cannot") == NULL);
	free(s);
}

static void
test_leftovers_are_purged_and_a_stop_keeps_the_routes(void **state)
{
	struct native *rig = *state;
	struct settings *s = some_settings();
	struct settings *empty = settings_new(&(struct settings_counts){ 0 });

	native_adopt(rig, s, NULL);
	wait_for(rig, all_there());
	native_rest(rig);
	interfaces_free(rig->interfaces);	/* as if killed */
	run("ip route add 10.98.0.0/24 dev va proto 113 metric 9");
	run("ip -6 route add 2001:db8:98::/48 dev va proto 113 metric 9");
	native_start(rig);
	native_adopt(rig, s, NULL);
	wait_for(rig, !native_shows("10.98.0.0/24", "ip route") &&
	              !native_shows("2001:db8:98::/48", "ip -6 route"));
	assert_true(all_there());
	native_rest(rig);
	interfaces_stop(rig->interfaces, PATIENCE);
	assert_true(all_there());
	native_adopt(rig, empty, NULL);
	wait_for(rig, all_gone());
	free(s);
	free(empty);
}

static void
test_thousands_of_routes_come_in_batches(void **state)
{
	struct native *rig = *state;
	struct plan p = { .settings = base_settings(MANY, MANY) };
	struct settings *empty = settings_new(&(struct settings_counts){ 0 });
	char text[PREFIX_TEXT_SIZE];
	nsec_t start;

	for (unsigned i = 0; i < MANY; i++) {
		struct static_settings *route;

		snprintf(text, sizeof(text), "100.%u.%u.0/24", i / 256, i % 256);
		route = add_route(&p, text, 1, STATIC_HOPS);
		add_hop(&p, route, i % 2 ? "10.0.0.9" : "10.2.0.9", "");
	}
	start = native_monotonic();
	native_adopt(rig, p.settings, NULL);
	wait_for(rig, native_shows("4000", "ip route show proto 113 | wc -l"));
	native_rest(rig);
	print_message("%u static routes: %lld ms\n", MANY,
	              (long long)((native_monotonic() - start) / NSEC_PER_MSEC));
	wait_for(rig, rig->problems[0] == '\0');
	/* One more address is nothing to them. */
	(void)native_changes(rig);
	start = native_monotonic();
	run("ip addr add 10.3.0.2/24 dev vc");
	native_rest(rig);
	print_message("an address more: %lld ms\n",
	              (long long)((native_monotonic() - start) / NSEC_PER_MSEC));
	assert_true(native_shows("4000", "ip route show proto 113 | wc -l"));
	start = native_monotonic();
	native_adopt(rig, empty, NULL);
	wait_for(rig, all_gone());
	print_message("and gone: %lld ms\n",
	              (long long)((native_monotonic() - start) / NSEC_PER_MSEC));
	free(p.settings);
	free(empty);
}

static int
set_up(void **state)
{
	if (native_set_up(state) < 0)
		return -1;
	run("ip link add vc type veth peer name vd && ip link set vd up");
	return 0;
}

int
main(void)
{
#define NATIVE_TEST(function) \
	cmocka_unit_test_setup_teardown(function, set_up, native_tear_down)
	const struct CMUnitTest tests[] = {
		NATIVE_TEST(test_routes_come_and_stay_as_they_are),
		NATIVE_TEST(test_route_waits_for_its_interface_and_its_address),
		NATIVE_TEST(test_next_hop_of_a_dead_cable_is_left_out),
		NATIVE_TEST(test_what_is_removed_by_hand_comes_back),
		NATIVE_TEST(test_routes_of_others_are_never_touched),
		NATIVE_TEST(test_leftovers_are_purged_and_a_stop_keeps_the_routes),
		NATIVE_TEST(test_thousands_of_routes_come_in_batches),
	};

	if (geteuid() != 0 || unshare(CLONE_NEWNET) < 0)
		return SKIPPED;
	cmocka_set_test_filter(getenv("TANDEM_TEST_FILTER"));
	return cmocka_run_group_tests(tests, NULL, NULL);
}
