/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What groups have on interfaces, against the real kernel: who answers for an address through
 * takes, drops and flaps; IPv6; many addresses; addresses elsewhere; routes and rules; tracking.
 * Needs root (skipped otherwise).
 */
#include "native.h"

#include <sched.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* On va: a plain group and one with a virtual MAC of each family; vc is a second port. */
enum { PLAIN, VIRTUAL, PLAIN6, VIRTUAL6, GROUPS };
enum { REAL, REAL6, REAL_C, PLAIN_A, PLAIN_EXCLUDED, PLAIN_ELSEWHERE, VIRTUAL_A, VIRTUAL_B,
       PLAIN6_A, PLAIN6_B, VIRTUAL6_A, VIRTUAL6_B, ADDRESSES };

static void
init_group(struct group_settings *g, uint8_t vrid, uint8_t family, uint32_t first, uint32_t count)
{
	group_settings_init(g);
	g->link = 0;
	g->vrid = vrid;
	g->family = family;
	g->version = family == 4 ? 2 : 3;
	g->interval = 60 * NSEC_PER_SEC;	/* leases outlast the test */
	g->address_first = first;
	g->address_count = count;
}

static struct settings *
group_settings(void)
{
	static const char *const texts[] = {
		[REAL] = "10.0.0.2/24", [REAL6] = "2001:db8::2/64", [REAL_C] = "10.2.0.2/24",
		[PLAIN_A] = "10.0.0.1/24", [PLAIN_EXCLUDED] = "10.0.0.3/24",
		[PLAIN_ELSEWHERE] = "10.2.0.1/24", [VIRTUAL_A] = "10.0.0.11/24",
		[VIRTUAL_B] = "10.5.0.1/24", [PLAIN6_A] = "fe80::7/64",
		[PLAIN6_B] = "2001:db8::7/64", [VIRTUAL6_A] = "fe80::1/64",
		[VIRTUAL6_B] = "2001:db8::1/128",
	};
	struct settings *s = settings_new(&(struct settings_counts){
		.links = 2, .groups = GROUPS, .addresses = ADDRESSES });
	struct link_settings *l = settings_links(s);
	struct group_settings *g = settings_groups(s);

	assert_non_null(s);
	native_init_link(&l[0], "va", LINK_DATAPLANE);
	native_init_link(&l[1], "vc", LINK_DATAPLANE);
	l[0].address_count = 2;
	l[1].address_first = REAL_C;
	l[1].address_count = 1;
	for (uint32_t a = 0; a < ADDRESSES; a++)
		native_put_address(s, a, texts[a]);
	init_group(&g[PLAIN], 10, 4, PLAIN_A, 1);
	g[PLAIN].excluded_count = 2;
	settings_addresses(s)[PLAIN_ELSEWHERE].link = 1;
	init_group(&g[VIRTUAL], 1, 4, VIRTUAL_A, 2);
	init_group(&g[PLAIN6], 7, 6, PLAIN6_A, 2);
	init_group(&g[VIRTUAL6], 1, 6, VIRTUAL6_A, 2);
	g[VIRTUAL].rfc_compatibility = g[VIRTUAL6].rfc_compatibility = true;
	strcpy(g[VIRTUAL].vmac_name, "vavrrp1");
	strcpy(g[VIRTUAL6].vmac_name, "vavrrp1v6");
	return s;
}

static int
set_up(void **state)
{
	int r = native_set_up(state);

	run("ip link add vc type veth peer name vd");
	run("ip link set vd up");
	return r;
}

static bool
peer_answers(const struct native *rig, const char *address)
{
	return native_answers(rig, address);
}

/* The peer's view of who has an address. */
static bool
peer_sees(const struct native *rig, const char *address, const char *mac)
{
	return native_shows(mac, "nsenter --net=/proc/%d/ns/net ip neigh show %s", rig->peer,
	                    address);
}

static bool
has(const char *what, const char *link)
{
	return native_shows(what, "ip addr show dev %s", link);
}

static bool
has_local(const char *address)
{
	return native_shows(address, "ip route show table local");
}

/* ---- IPv6 ---- */

static void
test_virtual_addresses_of_version_6_answer_without_detection(void **state)
{
	struct native *rig = *state;
	struct settings *s = group_settings();

	native_adopt(rig, s, NULL);
	assert_string_equal(rig->problems, "");
	wait_for(rig, rig->input.source6.family == 6);
	assert_false(has("2001:db8::1/128", "vavrrp1v6"));
	assert_true(native_shows("00:00:5e:00:02:01", "ip link show vavrrp1v6"));
	assert_true(native_shows("state DOWN", "ip link show vavrrp1v6"));
	native_take(rig, PLAIN6);
	native_take(rig, VIRTUAL6);
	wait_for(rig, has("2001:db8::1/128 scope global nodad deprecated dynamic", "vavrrp1v6"));
	assert_true(has("2001:db8::7/64 scope global nodad deprecated dynamic", "va"));
	assert_true(has("fe80::7/64 scope link nodad deprecated dynamic", "va"));
	assert_false(has("tentative", "vavrrp1v6"));
	/* No address of the virtual link's own. */
	assert_false(has("5eff:fe00", "vavrrp1v6"));
	assert_true(peer_answers(rig, "2001:db8::7"));
	assert_true(peer_answers(rig, "2001:db8::1"));
	assert_true(peer_sees(rig, "2001:db8::1", "00:00:5e:00:02:01"));
	assert_true(peer_answers(rig, "fe80::1%vb"));
	assert_true(peer_answers(rig, "fe80::7%vb"));
	/* Sources are what they were. */
	wait_for(rig, native_shows("src 2001:db8::2", "ip -6 route get 2001:db8::9"));
	assert_int_equal(rig->input.source6.bytes[0], 0xfe);
	assert_int_not_equal(rig->input.source6.bytes[15], 7);
	native_rest(rig);
	assert_int_equal(rig->restored, 0);
	native_drop(rig, PLAIN6);
	native_drop(rig, VIRTUAL6);
	wait_for(rig, !has("2001:db8::1/128", "vavrrp1v6") && !has("fe80::7/64", "va"));
	assert_false(peer_answers(rig, "2001:db8::1"));
	assert_false(peer_answers(rig, "2001:db8::7"));
	wait_for(rig, native_shows("state DOWN", "ip link show vavrrp1v6"));
	native_rest(rig);
	native_adopt(rig, s, NULL);
	assert_int_equal(native_changes(rig), 0);
	free(s);
}

static void
test_parent_that_falls_and_rises_gets_addresses_of_version_6_back(void **state)
{
	struct native *rig = *state;
	struct settings *s = group_settings();

	native_adopt(rig, s, NULL);
	native_take(rig, PLAIN6);
	wait_for(rig, has("2001:db8::7/64", "va"));
	native_rest(rig);
	run("ip link set va down");
	wait_for(rig, !rig->input.usable);
	wait_for(rig, rig->input.usable && has("2001:db8::7/64", "va"));
	wait_for(rig, has("2001:db8::2/64", "va"));
	wait_for(rig, rig->restored > 0);
	wait_for(rig, peer_answers(rig, "2001:db8::7"));
	free(s);
}

/* ---- silence ---- */

static void
assert_silent(struct native *rig)
{
	assert_false(peer_answers(rig, "10.0.0.1"));
	assert_false(peer_answers(rig, "10.0.0.11"));
	assert_false(peer_answers(rig, "2001:db8::1"));
	assert_false(peer_answers(rig, "2001:db8::7"));
}

static void
test_backup_is_silent_after_flaps_of_any_link(void **state)
{
	struct native *rig = *state;
	struct settings *s = group_settings();

	native_adopt(rig, s, NULL);
	for (uint32_t g = 0; g < GROUPS; g++) {
		native_take(rig, g);
		native_drop(rig, g);
	}
	native_rest(rig);
	assert_silent(rig);
	assert_false(has_local("10.0.0.11"));
	for (unsigned n = 0; n < 2; n++) {
		run("ip link set va down && ip link set va up");
		native_rest(rig);
		wait_for(rig, native_shows("state UP", "ip link show va"));
		assert_silent(rig);
		assert_false(has_local("10.0.0.11"));
		run("for i in 1 2 3 4 5; do ip link set vavrrp1 up; ip link set vavrrp1 down; "
		    "ip link set vavrrp1v6 up; ip link set vavrrp1v6 down; done");
		native_rest(rig);
		wait_for(rig, !has_local("10.0.0.11"));
		run("ip link set vavrrp1 up; ip link set vavrrp1v6 up");
		wait_for(rig, native_shows("state DOWN", "ip link show vavrrp1") &&
		              native_shows("state DOWN", "ip link show vavrrp1v6"));
		native_rest(rig);
		assert_silent(rig);
		assert_false(has_local("10.0.0.11"));
		assert_false(has_local("10.5.0.1"));
	}
	free(s);
}

/* Every delay between a drop and the next take: the virtual link is up, being lowered, down. */
static void
test_takes_and_drops_at_any_pace_end_right(void **state)
{
	struct native *rig = *state;
	struct settings *s = group_settings();

	native_adopt(rig, s, NULL);
	for (unsigned n = 0; n < 60; n++) {
		for (uint32_t g = 0; g < GROUPS; g++)
			native_take(rig, g);
		for (unsigned turns = n % 7; turns > 0; turns--)
			native_turn(rig);
		for (uint32_t g = 0; g < GROUPS; g++)
			native_drop(rig, g);
		for (unsigned turns = n % 11; turns > 0; turns--)
			native_turn(rig);
	}
	for (uint32_t g = 0; g < GROUPS; g++)
		native_take(rig, g);
	wait_for(rig, has("10.0.0.1/24", "va") && has("2001:db8::1/128", "vavrrp1v6") &&
	              native_shows(",UP", "ip link show vavrrp1"));
	native_rest(rig);
	assert_true(peer_answers(rig, "10.0.0.1"));
	assert_true(peer_answers(rig, "10.0.0.11"));
	assert_true(peer_answers(rig, "10.5.0.1"));
	assert_true(peer_answers(rig, "2001:db8::1"));
	assert_true(peer_answers(rig, "2001:db8::7"));
	for (uint32_t g = 0; g < GROUPS; g++)
		native_drop(rig, g);
	native_rest(rig);
	wait_for(rig, native_shows("state DOWN", "ip link show vavrrp1"));
	native_rest(rig);
	assert_silent(rig);
	assert_false(has_local("10.0.0.11"));
	assert_true(has("valid_lft forever", "vavrrp1"));
	free(s);
}

/* ---- elsewhere ---- */

static void
test_excluded_addresses_and_those_of_another_link_move_with_the_group(void **state)
{
	struct native *rig = *state;
	struct settings *s = group_settings();

	native_adopt(rig, s, NULL);
	native_take(rig, PLAIN);
	wait_for(rig, has("10.0.0.3/24", "va") && has("10.2.0.1/24", "vc"));
	native_rest(rig);
	run("ip addr del 10.2.0.1/24 dev vc");
	wait_for(rig, rig->restored > 0 && has("10.2.0.1/24", "vc"));
	/* The link goes and comes back as another. */
	run("ip link del vc");
	native_rest(rig);
	run("ip link add vc type veth peer name vd");
	run("ip link set vd up");
	wait_for(rig, has("10.2.0.1/24", "vc"));
	assert_true(has("dynamic", "vc"));
	native_drop(rig, PLAIN);
	wait_for(rig, !has("10.2.0.1/24", "vc") && !has("10.0.0.3/24", "va"));
	assert_true(has("10.2.0.2/24", "vc"));
	free(s);
}

static void
test_owner_is_told_and_its_address_stays(void **state)
{
	struct native *rig = *state;
	struct settings *s = group_settings();

	native_adopt(rig, s, NULL);
	assert_false(rig->owners[PLAIN]);
	free(s);
	s = group_settings();
	native_put_address(s, PLAIN_A, "10.0.0.2/32");
	native_put_address(s, PLAIN6_B, "2001:db8::2/128");
	native_adopt(rig, s, NULL);
	wait_for(rig, rig->owners[PLAIN] && rig->owners[PLAIN6]);
	assert_false(rig->owners[VIRTUAL]);
	native_take(rig, PLAIN);
	native_take(rig, PLAIN6);
	native_rest(rig);
	assert_true(has("10.0.0.2/24 brd 10.0.0.255 scope global va", "va"));
	assert_false(has("10.0.0.2/32", "va"));
	native_drop(rig, PLAIN);
	native_drop(rig, PLAIN6);
	native_rest(rig);
	assert_true(has("10.0.0.2/24 brd 10.0.0.255 scope global va", "va"));
	assert_true(has("2001:db8::2/64", "va"));
	settings_links(s)[0].address_count = 0;
	run("ip addr del 10.0.0.2/24 dev va");
	wait_for(rig, rig->owners[PLAIN]);	/* it is brought back: configured */
	free(s);
}

/* ---- routes and rules ---- */

enum { ROUTE_DEFAULT, ROUTE_REFUSED, ROUTE_6, ROUTES };

static struct prefix
prefix_of(const char *text)
{
	struct prefix prefix;

	assert_true(prefix_parse(text, &prefix));
	return prefix;
}

static struct settings *
way_settings(void)
{
	struct settings *s = settings_new(&(struct settings_counts){
		.links = 1, .groups = 1, .addresses = 2, .routes = ROUTES, .rules = 2 });
	struct group_settings *g = settings_groups(s);
	struct route_settings *r = settings_routes(s);
	struct rule_settings *u = settings_rules(s);

	assert_non_null(s);
	native_init_link(settings_links(s), "va", LINK_DATAPLANE);
	settings_links(s)->address_count = 1;
	native_put_address(s, 0, "10.0.0.2/24");
	native_put_address(s, 1, "10.0.0.1/24");
	init_group(g, 1, 4, 1, 1);
	g->route_count = ROUTES;
	g->rule_count = 2;
	for (unsigned i = 0; i < ROUTES; i++)
		r[i] = (struct route_settings){ .link = -1, .table = 254 };
	r[ROUTE_DEFAULT].destination = prefix_of("0.0.0.0/0");
	r[ROUTE_DEFAULT].gateway = prefix_of("10.0.0.9").ip;
	r[ROUTE_DEFAULT].source = prefix_of("10.0.0.1").ip;
	r[ROUTE_DEFAULT].metric = 50;
	r[ROUTE_REFUSED].destination = prefix_of("10.66.1.2/16");
	r[ROUTE_REFUSED].blackhole = true;
	r[ROUTE_REFUSED].table = 1000;
	r[ROUTE_6].destination = prefix_of("2001:db8:6::/48");
	r[ROUTE_6].gateway = prefix_of("fe80::99").ip;
	r[ROUTE_6].link = 0;
	u[0] = (struct rule_settings){ .priority = 100, .family = 4, .table = 1000,
	                               .from = prefix_of("10.0.0.0/24"), .mark = 7 };
	u[1] = (struct rule_settings){ .priority = 101, .family = 6, .table = 1000 };
	strcpy(u[1].in, "va");
	return s;
}

static bool
ways_there(void)
{
	return native_shows("default via 10.0.0.9 dev va proto 112 src 10.0.0.1 metric 50",
	                    "ip route") &&
	       native_shows("blackhole 10.66.0.0/16 proto 112", "ip route show table 1000") &&
	       native_shows("2001:db8:6::/48 via fe80::99 dev va proto 112", "ip -6 route") &&
	       native_shows("from 10.0.0.0/24 fwmark 0x7 lookup 1000 proto 112", "ip rule") &&
	       native_shows("iif va lookup 1000 proto 112", "ip -6 rule");
}

static bool
ways_gone(void)
{
	return !native_shows("112", "ip route show table all") &&
	       !native_shows("112", "ip -6 route show table all") &&
	       !native_shows("112", "ip rule") && !native_shows("112", "ip -6 rule");
}

static void
test_routes_and_rules_move_with_the_group(void **state)
{
	struct native *rig = *state;
	struct settings *s = way_settings();

	native_adopt(rig, s, NULL);
	assert_true(ways_gone());
	native_take(rig, 0);
	wait_for(rig, ways_there());
	native_rest(rig);
	/* As wished: there is nothing to be done. */
	(void)native_changes(rig);
	native_adopt(rig, s, (const bool[]){ true });
	native_rest(rig);
	assert_string_equal(rig->problems, "");
	assert_true(ways_there());
	/* The kernel drops what leads over a link that falls; the source's, too. */
	run("ip link set va down");
	wait_for(rig, !rig->input.usable);
	wait_for(rig, ways_there());
	run("ip addr del 10.0.0.1/24 dev va");
	wait_for(rig, has("10.0.0.1/24", "va") && ways_there());
	run("ip route del default metric 50 && ip rule del priority 100 && "
	    "ip -6 rule del priority 101");
	wait_for(rig, ways_there());
	run("ip route replace default via 10.0.0.8 proto 112 metric 50");
	wait_for(rig, ways_there());
	native_rest(rig);
	native_drop(rig, 0);
	wait_for(rig, ways_gone());
	native_rest(rig);
	assert_true(ways_gone());
	free(s);
}

static void
test_leftover_routes_and_rules_are_purged(void **state)
{
	struct native *rig = *state;
	struct settings *s = way_settings();
	struct settings *empty = settings_new(&(struct settings_counts){ 0 });

	native_adopt(rig, s, NULL);
	native_take(rig, 0);
	wait_for(rig, ways_there());
	native_rest(rig);
	interfaces_free(rig->interfaces);
	run("ip route add 10.99.0.0/24 dev va proto 112");
	run("ip route add local 10.0.0.77 dev va proto 112 table local");
	run("ip route add 10.98.0.0/24 dev va proto static");
	run("ip rule add from 10.98.0.0/24 lookup 98 priority 98");
	native_start(rig);
	native_adopt(rig, s, NULL);
	wait_for(rig, ways_gone());
	assert_true(native_shows("10.98.0.0/24", "ip route"));
	assert_true(native_shows("lookup 98", "ip rule"));
	native_take(rig, 0);
	wait_for(rig, ways_there());
	native_adopt(rig, empty, NULL);
	wait_for(rig, ways_gone());
	native_adopt(rig, s, NULL);
	native_take(rig, 0);
	wait_for(rig, ways_there());
	interfaces_stop(rig->interfaces, PATIENCE);
	assert_true(ways_gone());
	free(s);
	free(empty);
}

/* ---- tracking ---- */

enum { TRACK_LINK, TRACK_NET, TRACK_NET6, TRACKS };

static void
test_tracked_interfaces_and_routes_are_told(void **state)
{
	struct native *rig = *state;
	struct settings *s = settings_new(&(struct settings_counts){ .objects = TRACKS });
	struct object_settings *o = settings_objects(s);

	assert_non_null(s);
	o[TRACK_LINK] = (struct object_settings){ .name = "vc", .kind = OBJECT_INTERFACE };
	o[TRACK_NET] = (struct object_settings){ .name = "10.8.1.0/24", .kind = OBJECT_ROUTE,
	                                         .prefix = prefix_of("10.8.1.0/24") };
	o[TRACK_NET6] = (struct object_settings){ .name = "2001:db8:8::/48", .kind = OBJECT_ROUTE,
	                                          .prefix = prefix_of("2001:db8:8::/48") };
	native_adopt(rig, s, NULL);
	wait_for(rig, rig->tracks[TRACK_NET] == -1 && rig->tracks[TRACK_LINK] == -1 &&
	              rig->tracks[TRACK_NET6] == -1);
	run("ip link set vc up");
	wait_for(rig, rig->tracks[TRACK_LINK] == 1);
	run("ip route add 10.8.0.0/16 dev vc");
	wait_for(rig, rig->tracks[TRACK_NET] == 1);
	run("ip route add blackhole 10.8.1.0/24");
	wait_for(rig, rig->tracks[TRACK_NET] == -1);
	run("ip route del blackhole 10.8.1.0/24");
	wait_for(rig, rig->tracks[TRACK_NET] == 1);
	run("ip -6 route add 2001:db8:8::/48 nexthop via fe80::6 dev vc "
	    "nexthop via fe80::5 dev vc");
	wait_for(rig, rig->tracks[TRACK_NET6] == 1);
	/* The kernel says nothing of IPv4 routes over a link that falls. */
	run("ip link set vd down");
	wait_for(rig, rig->tracks[TRACK_NET] == -1 && rig->tracks[TRACK_LINK] == -1 &&
	              rig->tracks[TRACK_NET6] == -1);
	run("ip link set vd up");
	wait_for(rig, rig->tracks[TRACK_NET] == 1 && rig->tracks[TRACK_NET6] == 1);
	run("ip -6 route del 2001:db8:8::/48");
	wait_for(rig, rig->tracks[TRACK_NET6] == -1);
	/* In another table, until every packet looks there. */
	run("ip route del 10.8.0.0/16 dev vc");
	wait_for(rig, rig->tracks[TRACK_NET] == -1);
	run("ip route add 10.8.1.0/24 dev vc table 88");
	run("ip rule add lookup 88 priority 888");
	wait_for(rig, rig->tracks[TRACK_NET] == 1);
	run("ip rule del priority 888");
	wait_for(rig, rig->tracks[TRACK_NET] == -1);
	/* More than the socket holds. */
	run("seq 1 40000 | awk '{ printf \"route add 10.%%d.%%d.%%d/32 dev vc\\nroute del "
	    "10.%%d.%%d.%%d/32 dev vc\\n\", 100 + $1 / 65536, $1 / 256 %% 256, $1 %% 256, "
	    "100 + $1 / 65536, $1 / 256 %% 256, $1 %% 256 }' | ip -batch -");
	run("ip route add 10.8.1.0/24 dev vc");
	wait_for(rig, rig->tracks[TRACK_NET] == 1);
	native_adopt(rig, s, NULL);
	free(s);
}

/* ---- numbers ---- */

static void
test_frame_under_way_when_settings_change_is_told_to_nobody(void **state)
{
	struct native *rig = *state;
	struct settings *s = group_settings(), *next = group_settings();
	static const uint8_t bytes[60];
	struct outgoing frame = { .bytes = bytes, .length = sizeof(bytes) };

	native_adopt(rig, s, NULL);
	native_rest(rig);
	frame.ifindex = interfaces_index(rig->interfaces, 0);
	interfaces_send(rig->interfaces, PLAIN, true, &frame, 1);
	interfaces_flush(rig->interfaces);
	/* It was sent, and nobody has looked yet. */
	assert_int_equal(sd_event_prepare(rig->event), 0);
	assert_true(sd_event_wait(rig->event, 10000000) > 0);
	interfaces_adopt(rig->interfaces, next, (bool[GROUPS]){ false }, LEASE);
	assert_int_equal(rig->sent, 0);
	assert_false(interfaces_is_sending(rig->interfaces, PLAIN));
	assert_true(sd_event_dispatch(rig->event) >= 0);
	native_rest(rig);
	assert_int_equal(rig->sent, 0);
	interfaces_send(rig->interfaces, PLAIN, true, &frame, 1);
	interfaces_flush(rig->interfaces);
	assert_true(interfaces_is_sending(rig->interfaces, PLAIN));
	wait_for(rig, rig->sent > 0);
	assert_int_equal(rig->sent, 1);
	free(s);
	free(next);
}

/* ---- many addresses ---- */

static void
test_thousands_of_addresses_answer_before_they_are_there(void **state)
{
	struct native *rig = *state;
	uint32_t groups = getenv("TANDEM_TEST_LARGE") != NULL ? 255 : 20;
	struct settings *s = settings_new(&(struct settings_counts){
		.links = 1, .groups = groups, .addresses = 20 * groups + 1 });
	nsec_t begin, answered, taken, silenced;
	char text[64], last[32];

	assert_non_null(s);
	native_init_link(settings_links(s), "va", LINK_DATAPLANE);
	settings_links(s)->address_first = 20 * groups;
	settings_links(s)->address_count = 1;
	native_put_address(s, 20 * groups, "10.0.0.2/16");
	for (uint32_t g = 0; g < groups; g++) {
		init_group(&settings_groups(s)[g], (uint8_t)(g + 1), 4, 20 * g, 20);
		for (uint32_t a = 0; a < 20; a++) {
			snprintf(text, sizeof(text), "10.0.%u.%u/16", g + 1, a + 1);
			native_put_address(s, 20 * g + a, text);
		}
	}
	snprintf(last, sizeof(last), "10.0.%u.20", groups);
	snprintf(text, sizeof(text), "%s/16", last);
	native_adopt(rig, s, NULL);
	native_rest(rig);
	begin = native_monotonic();
	for (uint32_t g = 0; g < groups; g++)
		interfaces_take(rig->interfaces, g, LEASE);
	interfaces_flush(rig->interfaces);
	native_wait_for_changes(rig, 20 * groups);
	answered = native_monotonic();
	for (uint32_t g = 0; g < groups; g++)
		wait_for(rig, !interfaces_is_taking(rig->interfaces, g));
	taken = native_monotonic();
	native_rest(rig);
	assert_true(native_shows(last, "ip addr show to %s", last));
	assert_true(peer_answers(rig, last));
	assert_false(native_shows("proto 112", "ip route show table local"));
	assert_int_equal(rig->restored, 0);
	silenced = native_monotonic();
	for (uint32_t g = 0; g < groups; g++)
		interfaces_drop(rig->interfaces, g);
	interfaces_flush(rig->interfaces);
	wait_for(rig, !native_shows(last, "ip route show table local %s", last));
	silenced = native_monotonic() - silenced;
	print_message("%u addresses on one link: %.1f ms until all local routes are there, %.1f ms "
	              "until all addresses are; %.1f ms until the last is silent\n", 20 * groups,
	              (double)(answered - begin) / 1e6, (double)(taken - begin) / 1e6,
	              (double)silenced / 1e6);
	wait_for(rig, !native_shows("inet 10.0", "ip addr show to 10.0.1.1") &&
	              !native_shows("inet 10.0", "ip addr show to %s", last));
	native_rest(rig);
	assert_false(native_shows("10.0.1", "ip route show table local 10.0.1.1"));
	free(s);
}

int
main(void)
{
#define NATIVE_TEST(function) \
	cmocka_unit_test_setup_teardown(function, set_up, native_tear_down)
	const struct CMUnitTest tests[] = {
		NATIVE_TEST(test_virtual_addresses_of_version_6_answer_without_detection),
		NATIVE_TEST(test_parent_that_falls_and_rises_gets_addresses_of_version_6_back),
		NATIVE_TEST(test_backup_is_silent_after_flaps_of_any_link),
		NATIVE_TEST(test_takes_and_drops_at_any_pace_end_right),
		NATIVE_TEST(test_excluded_addresses_and_those_of_another_link_move_with_the_group),
		NATIVE_TEST(test_owner_is_told_and_its_address_stays),
		NATIVE_TEST(test_routes_and_rules_move_with_the_group),
		NATIVE_TEST(test_leftover_routes_and_rules_are_purged),
		NATIVE_TEST(test_tracked_interfaces_and_routes_are_told),
		NATIVE_TEST(test_frame_under_way_when_settings_change_is_told_to_nobody),
		NATIVE_TEST(test_thousands_of_addresses_answer_before_they_are_there),
	};

	if (geteuid() != 0 || unshare(CLONE_NEWNET) < 0)
		return SKIPPED;
	cmocka_set_test_filter(getenv("TANDEM_TEST_FILTER"));
	return cmocka_run_group_tests(tests, NULL, NULL);
}
