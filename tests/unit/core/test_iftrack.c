/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Tracked interfaces and routes: what counts as a route, what is kept, what is told.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "core/iftrack.h"

enum { INTERFACE, NET, WIDE, DEFAULT, NET6, OBJECTS };

#define LINK 3

struct rig {
	struct settings *settings;
	struct iftrack *track;
	struct ifworld *world;
	bool up[OBJECTS];
	unsigned told[OBJECTS];
};

static struct prefix
prefix_of(const char *text)
{
	struct prefix prefix;

	assert_true(prefix_parse(text, &prefix));
	return prefix;
}

static void
put_link(struct rig *rig, bool up)
{
	struct ifworld_link link = { .index = LINK, .name = "eth0", .up = up, .running = up,
	                             .lower_up = up, .oper_up = up };

	ifworld_put_link(rig->world, &link);
	iftrack_touch(rig->track);
}

static struct ifroute
route_to(const char *destination)
{
	return (struct ifroute){ .destination = prefix_of(destination), .table = IFROUTE_MAIN,
	                         .protocol = 4, .hop_count = 1, .hops = { { .link = LINK } } };
}

static void
put(struct rig *rig, const char *destination)
{
	struct ifroute route = route_to(destination);

	iftrack_put_route(rig->track, &route, false);
}

static void
take_away(struct rig *rig, const char *destination)
{
	struct ifroute route = route_to(destination);

	assert_true(iftrack_remove_route(rig->track, &route));
}

static void
put_rules(struct rig *rig)
{
	for (uint8_t family = 4; family <= 6; family += 2) {
		for (uint32_t i = 0; i < 3; i++) {
			struct ifrule rule = { .family = family, .plain = true,
			                       .priority = i == 0 ? 0 : 32765 + i,
			                       .table = i == 0 ? IFROUTE_LOCAL :
			                                i == 1 ? IFROUTE_MAIN : IFROUTE_DEFAULT };

			iftrack_put_rule(rig->track, &rule);
		}
	}
}

static void
tell(void *owner, uint32_t object, bool up)
{
	struct rig *rig = owner;

	rig->up[object] = up;
	rig->told[object]++;
}

static bool
is_up(struct rig *rig, uint32_t object)
{
	iftrack_tell(rig->track, rig->world, tell, rig);
	return rig->up[object];
}

static int
set_up(void **state)
{
	struct rig *rig = calloc(1, sizeof(*rig));
	struct object_settings *o;

	assert_non_null(rig);
	rig->settings = settings_new(&(struct settings_counts){ .objects = OBJECTS });
	assert_non_null(rig->settings);
	o = settings_objects(rig->settings);
	o[INTERFACE] = (struct object_settings){ .name = "eth0", .kind = OBJECT_INTERFACE };
	for (unsigned i = NET; i < OBJECTS; i++)
		o[i].kind = OBJECT_ROUTE;
	o[NET].prefix = prefix_of("10.1.2.0/24");
	o[WIDE].prefix = prefix_of("10.0.0.0/8");
	o[DEFAULT].prefix = prefix_of("0.0.0.0/0");
	o[NET6].prefix = prefix_of("2001:db8:1::/48");
	rig->track = iftrack_new(rig->settings);
	rig->world = ifworld_new();
	put_link(rig, true);
	iftrack_begin_dump(rig->track);
	put_rules(rig);
	iftrack_end_dump(rig->track);
	*state = rig;
	return 0;
}

static int
tear_down(void **state)
{
	struct rig *rig = *state;

	iftrack_free(rig->track);
	ifworld_free(rig->world);
	free(rig->settings);
	free(rig);
	return 0;
}

/* ---- tests ---- */

static void
test_interface_is_up_while_usable(void **state)
{
	struct rig *rig = *state;

	assert_true(is_up(rig, INTERFACE));
	put_link(rig, false);
	assert_false(is_up(rig, INTERFACE));
	assert_false(is_up(rig, INTERFACE));
	assert_int_equal(rig->told[INTERFACE], 2);
	ifworld_remove_link(rig->world, LINK);
	iftrack_touch(rig->track);
	assert_false(is_up(rig, INTERFACE));
	put_link(rig, true);
	assert_true(is_up(rig, INTERFACE));
	assert_int_equal(rig->told[INTERFACE], 3);
}

static void
test_route_counts_when_it_is_or_covers_the_prefix(void **state)
{
	struct rig *rig = *state;

	assert_false(is_up(rig, NET));
	put(rig, "10.1.2.0/24");
	assert_true(is_up(rig, NET));
	assert_false(is_up(rig, WIDE));
	take_away(rig, "10.1.2.0/24");
	assert_false(is_up(rig, NET));
	put(rig, "10.0.0.0/8");
	assert_true(is_up(rig, NET));
	assert_true(is_up(rig, WIDE));
	take_away(rig, "10.0.0.0/8");
	put(rig, "10.1.2.128/25");	/* only a part */
	put(rig, "10.1.3.0/24");	/* elsewhere */
	assert_false(is_up(rig, NET));
	put(rig, "2001:db8::/32");
	assert_true(is_up(rig, NET6));
	assert_false(is_up(rig, NET));
}

static void
test_default_route_counts_for_itself_only(void **state)
{
	struct rig *rig = *state;

	put(rig, "0.0.0.0/0");
	put(rig, "::/0");
	assert_true(is_up(rig, DEFAULT));
	assert_false(is_up(rig, NET));
	assert_false(is_up(rig, NET6));
	take_away(rig, "0.0.0.0/0");
	assert_false(is_up(rig, DEFAULT));
}

static void
test_refusal_nearer_than_the_route_counts_as_down(void **state)
{
	struct rig *rig = *state;
	struct ifroute refusal = route_to("10.1.0.0/16");

	refusal.kind = IFROUTE_REFUSAL;
	put(rig, "10.0.0.0/8");
	iftrack_put_route(rig->track, &refusal, false);
	assert_false(is_up(rig, NET));
	assert_true(is_up(rig, WIDE));
	assert_true(iftrack_remove_route(rig->track, &refusal));
	assert_true(is_up(rig, NET));
	/* With a worse metric than a route of the same length it does not matter. */
	refusal = route_to("10.0.0.0/8");
	refusal.kind = IFROUTE_REFUSAL;
	refusal.metric = 4278198272;
	iftrack_put_route(rig->track, &refusal, false);
	assert_true(is_up(rig, WIDE));
	take_away(rig, "10.0.0.0/8");
	assert_false(is_up(rig, WIDE));
}

static void
test_route_over_a_dead_link_does_not_count(void **state)
{
	struct rig *rig = *state;
	struct ifroute many = route_to("10.1.2.0/24");

	put(rig, "10.1.2.0/24");
	assert_true(is_up(rig, NET));
	put_link(rig, false);
	assert_false(is_up(rig, NET));
	many.hop_count = 2;		/* two next hops, one of them alive */
	many.hops[0].link = LINK;
	many.hops[1].link = LINK + 1;
	iftrack_put_route(rig->track, &many, true);
	assert_int_equal(iftrack_route_count(rig->track), 1);
	assert_false(is_up(rig, NET));
	struct ifworld_link other = { .index = LINK + 1, .name = "eth1", .up = true,
	                              .running = true, .lower_up = true, .oper_up = true };

	ifworld_put_link(rig->world, &other);
	iftrack_touch(rig->track);
	assert_true(is_up(rig, NET));
}

static void
test_our_own_routes_never_count(void **state)
{
	struct rig *rig = *state;
	struct ifroute route = route_to("10.1.2.0/24");
	struct ifworld_address address = { .prefix = prefix_of("10.1.2.1/24"),
	                                   .mark = MARK_VIRTUAL };

	route.protocol = MARK_VIRTUAL;
	iftrack_put_route(rig->track, &route, false);
	assert_false(is_up(rig, NET));
	/* The network of a virtual address, until the interface has an own address in it. */
	route.protocol = 2;
	ifworld_put_address(rig->world, LINK, &address);
	iftrack_put_route(rig->track, &route, false);
	assert_false(is_up(rig, NET));
	address = (struct ifworld_address){ .prefix = prefix_of("10.1.2.9/24") };
	ifworld_put_address(rig->world, LINK, &address);
	iftrack_touch(rig->track);
	assert_true(is_up(rig, NET));
}

static void
test_only_tables_of_ordinary_lookups_count(void **state)
{
	struct rig *rig = *state;
	struct ifroute route = route_to("10.1.2.0/24");
	struct ifrule rule = { .family = 4, .plain = true, .priority = 1000, .table = 77 };

	route.table = 77;
	iftrack_put_route(rig->track, &route, false);
	assert_false(is_up(rig, NET));
	iftrack_put_rule(rig->track, &rule);
	assert_true(is_up(rig, NET));
	iftrack_remove_rule(rig->track, &rule);
	assert_false(is_up(rig, NET));
	rule.plain = false;		/* only for some packets */
	iftrack_put_rule(rig->track, &rule);
	assert_false(is_up(rig, NET));
	/* A rule that refuses everything ends the lookup. */
	put(rig, "10.1.2.0/24");
	assert_true(is_up(rig, NET));
	rule = (struct ifrule){ .family = 4, .plain = true, .priority = 500,
	                        .action = IFRULE_REFUSAL };
	iftrack_put_rule(rig->track, &rule);
	assert_false(is_up(rig, NET));
}

static void
test_only_routes_that_matter_are_kept(void **state)
{
	struct rig *rig = *state;
	char text[PREFIX_TEXT_SIZE];

	for (unsigned n = 0; n < 200000; n++) {
		snprintf(text, sizeof(text), "%u.%u.%u.0/24", 11 + n / 65536, n / 256 % 256,
		         n % 256);
		put(rig, text);
	}
	assert_int_equal(iftrack_route_count(rig->track), 0);
	put(rig, "10.0.0.0/7");
	put(rig, "10.1.0.0/16");
	put(rig, "10.128.0.0/9");
	assert_int_equal(iftrack_route_count(rig->track), 2);
}

static void
test_nothing_is_told_of_routes_before_the_dump_is_complete(void **state)
{
	struct rig *rig = *state;

	iftrack_free(rig->track);
	rig->track = iftrack_new(rig->settings);
	assert_true(iftrack_has_routes(rig->track));
	iftrack_begin_dump(rig->track);
	put_rules(rig);
	put(rig, "10.1.2.0/24");
	iftrack_tell(rig->track, rig->world, tell, rig);
	assert_int_equal(rig->told[INTERFACE], 1);
	assert_int_equal(rig->told[NET], 0);
	iftrack_end_dump(rig->track);
	assert_true(is_up(rig, NET));
	assert_int_equal(rig->told[WIDE], 1);
	/* The next dump forgets what it does not show. */
	iftrack_begin_dump(rig->track);
	put_rules(rig);
	iftrack_end_dump(rig->track);
	assert_false(is_up(rig, NET));
}

static void
test_replaced_and_unclear_routes(void **state)
{
	struct rig *rig = *state;
	struct ifroute first = route_to("10.1.2.0/24");
	struct ifroute second = first;

	second.hops[0].gateway = prefix_of("10.3.3.3").ip;
	iftrack_put_route(rig->track, &first, false);
	iftrack_put_route(rig->track, &second, false);
	assert_int_equal(iftrack_route_count(rig->track), 2);
	/* One of several next hops went, say: nobody knows which is left. */
	first.hops[0].gateway = prefix_of("10.3.3.4").ip;
	assert_false(iftrack_remove_route(rig->track, &first));
	iftrack_put_route(rig->track, &second, true);
	assert_int_equal(iftrack_route_count(rig->track), 1);
	assert_true(iftrack_remove_route(rig->track, &second));
	assert_true(iftrack_remove_route(rig->track, &second));
	assert_int_equal(iftrack_route_count(rig->track), 0);
}

#define SOME 64u
#define ROUTES 96u
#define STEPS 4000u

static bool some_up[SOME];

static void
tell_some(void *owner, uint32_t object, bool up)
{
	(void)owner;
	some_up[object] = up;
}

/* A network in 10.0.0.0/13, of any size from there on. */
static struct prefix
any_network(uint32_t *seed)
{
	struct prefix prefix = { .ip = { .family = 4, .bytes = { 10 } } };

	*seed = *seed * 1664525u + 1013904223u;
	prefix.length = (uint8_t)(13 + (*seed >> 8) % 12);
	prefix.ip.bytes[1] = (uint8_t)(*seed >> 16 & 7);
	prefix.ip.bytes[2] = (uint8_t)(*seed >> 24);
	if (prefix.length < 24)
		prefix.ip.bytes[2] &= (uint8_t)(0xff << (prefix.length < 16 ? 8 :
		                                         24 - prefix.length));
	if (prefix.length < 16)
		prefix.ip.bytes[1] &= (uint8_t)(0xff << (16 - prefix.length));
	return prefix;
}

/* What the best of all routes says, by looking at each. */
static bool
leads_somewhere(const struct ifroute *routes, const bool *there, const struct prefix *prefix)
{
	const struct ifroute *best = NULL;

	for (unsigned i = 0; i < ROUTES; i++) {
		const struct ifroute *r = &routes[i];

		if (!there[i] || r->destination.length > prefix->length ||
		    !prefix_contains(&r->destination, &prefix->ip))
			continue;
		if (best == NULL || r->destination.length > best->destination.length ||
		    (r->destination.length == best->destination.length &&
		     r->metric < best->metric))
			best = r;
	}
	return best != NULL && best->kind == IFROUTE_UNICAST;
}

static void
test_any_routes_agree_with_a_look_at_all_of_them(void **state)
{
	struct rig *rig = *state;
	struct settings *s = settings_new(&(struct settings_counts){ .objects = SOME });
	struct ifroute routes[ROUTES];
	bool there[ROUTES] = { false };
	uint32_t seed = 12;

	assert_non_null(s);
	for (unsigned i = 0; i < SOME; i++)
		settings_objects(s)[i] = (struct object_settings){ .kind = OBJECT_ROUTE,
		                                                   .prefix = any_network(&seed) };
	for (unsigned i = 0; i < ROUTES; i++) {
		routes[i] = route_to("10.0.0.0/8");
		routes[i].destination = any_network(&seed);
		routes[i].metric = i;		/* no two are alike */
		if (i % 3 == 0)
			routes[i].kind = IFROUTE_REFUSAL;
	}
	iftrack_free(rig->track);
	rig->track = iftrack_new(s);
	iftrack_begin_dump(rig->track);
	put_rules(rig);
	iftrack_end_dump(rig->track);
	for (unsigned step = 0; step < STEPS; step++) {
		unsigned which;

		seed = seed * 1664525u + 1013904223u;
		which = (seed >> 8) % ROUTES;
		if (there[which])
			assert_true(iftrack_remove_route(rig->track, &routes[which]));
		else
			iftrack_put_route(rig->track, &routes[which], false);
		there[which] = !there[which];
		iftrack_tell(rig->track, rig->world, tell_some, NULL);
		for (unsigned i = 0; i < SOME; i++)
			assert_int_equal(some_up[i], leads_somewhere(
				routes, there, &settings_objects(s)[i].prefix));
	}
	iftrack_free(rig->track);
	rig->track = NULL;
	free(s);
}

#define MANY 4000u
#define LOOKS 200u

static unsigned told_many;

static void
count_told(void *owner, uint32_t object, bool up)
{
	(void)owner;
	(void)object;
	told_many += up;
}

/* Looking at each route for each object, this would take more than ten seconds. */
static void
test_thousands_of_objects_look_at_their_own_routes_only(void **state)
{
	struct rig *rig = *state;
	struct settings *s = settings_new(&(struct settings_counts){ .objects = MANY });
	char text[PREFIX_TEXT_SIZE];

	assert_non_null(s);
	for (unsigned i = 0; i < MANY; i++) {
		snprintf(text, sizeof(text), "100.%u.%u.0/24", i / 256, i % 256);
		settings_objects(s)[i] = (struct object_settings){ .kind = OBJECT_ROUTE,
		                                                   .prefix = prefix_of(text) };
	}
	iftrack_free(rig->track);
	rig->track = iftrack_new(s);
	iftrack_begin_dump(rig->track);
	put_rules(rig);
	for (unsigned i = 0; i < MANY; i++) {
		snprintf(text, sizeof(text), "100.%u.%u.0/24", i / 256, i % 256);
		put(rig, text);
	}
	iftrack_end_dump(rig->track);
	for (unsigned i = 0; i < LOOKS; i++) {
		iftrack_touch(rig->track);
		iftrack_tell(rig->track, rig->world, count_told, NULL);
	}
	assert_int_equal(told_many, MANY);
	iftrack_free(rig->track);
	rig->track = NULL;
	free(s);
}

int
main(void)
{
#define TRACK_TEST(function) cmocka_unit_test_setup_teardown(function, set_up, tear_down)
	const struct CMUnitTest tests[] = {
		TRACK_TEST(test_interface_is_up_while_usable),
		TRACK_TEST(test_route_counts_when_it_is_or_covers_the_prefix),
		TRACK_TEST(test_default_route_counts_for_itself_only),
		TRACK_TEST(test_refusal_nearer_than_the_route_counts_as_down),
		TRACK_TEST(test_route_over_a_dead_link_does_not_count),
		TRACK_TEST(test_our_own_routes_never_count),
		TRACK_TEST(test_only_tables_of_ordinary_lookups_count),
		TRACK_TEST(test_only_routes_that_matter_are_kept),
		TRACK_TEST(test_nothing_is_told_of_routes_before_the_dump_is_complete),
		TRACK_TEST(test_replaced_and_unclear_routes),
		TRACK_TEST(test_any_routes_agree_with_a_look_at_all_of_them),
		TRACK_TEST(test_thousands_of_objects_look_at_their_own_routes_only),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
