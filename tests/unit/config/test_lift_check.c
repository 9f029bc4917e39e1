/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Checks, path monitors, what groups track of them, and what moves with a group.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "sample.h"

#define ETH "set interfaces dataplane eth0 "
#define GROUP ETH "vrrp vrrp-group 5 "
#define OTHER ETH "vrrp vrrp-group 6 "
#define HEALTH "set service health-check "
#define PATHS "set service path-monitor "
#define BASE \
	ETH "address 10.0.0.2/24\n" GROUP "virtual-address 10.0.0.1\n" \
	OTHER "virtual-address 10.0.0.3\n"

static const struct group_settings *
group_of(const struct settings *s, unsigned vrid)
{
	int index = settings_find_group(s, "eth0", vrid, 4);

	assert_true(index >= 0);
	return &settings_groups(s)[index];
}

static const struct check_settings *
check_named(const struct settings *s, const char *name)
{
	for (uint32_t i = 0; i < s->check_count; i++) {
		if (strcmp(settings_checks(s)[i].name, name) == 0)
			return &settings_checks(s)[i];
	}
	fail_msg("no check %s", name);
	return NULL;
}

static void
expect_ip(const struct ip *ip, const char *expected)
{
	char text[IP_TEXT_SIZE];

	assert_string_equal(ip_text(ip, text), expected);
}

static void
expect_prefix(const struct prefix *prefix, const char *expected)
{
	char text[PREFIX_TEXT_SIZE];

	assert_string_equal(prefix_text(prefix, text), expected);
}

static void
test_health_checks_are_lifted_tracked_or_not(void **state)
{
	struct settings *s = sample_settings(HEALTH "script up command '/bin/up eth0'\n"
	                                     HEALTH "script up interval 500\n"
	                                     HEALTH "script up rise 2\n"
	                                     HEALTH "script up fall 3\n"
	                                     HEALTH "script up user nobody\n"
	                                     HEALTH "script slow command /bin/slow\n"
	                                     HEALTH "script slow timeout 250\n"
	                                     HEALTH "process bird command 'bird -c x'\n"
	                                     HEALTH "file ready path /run/ready\n", NULL);
	const struct check_settings *up = check_named(s, "script up");

	(void)state;
	assert_int_equal(s->check_count, 4);
	assert_int_equal(s->object_count, 0);
	assert_int_equal(up->kind, CHECK_SCRIPT);
	assert_string_equal(up->text, "/bin/up eth0");
	assert_string_equal(up->user, "nobody");
	assert_int_equal(up->interval, 500 * NSEC_PER_MSEC);
	assert_int_equal(up->timeout, 500 * NSEC_PER_MSEC);
	assert_int_equal(up->rise, 2);
	assert_int_equal(up->fall, 3);
	assert_int_equal(up->monitor, -1);
	assert_int_equal(check_named(s, "script slow")->interval, NSEC_PER_SEC);
	assert_int_equal(check_named(s, "script slow")->timeout, 250 * NSEC_PER_MSEC);
	assert_int_equal(check_named(s, "process bird")->kind, CHECK_PROCESS);
	assert_string_equal(check_named(s, "process bird")->text, "bird -c x");
	assert_int_equal(check_named(s, "file ready")->kind, CHECK_FILE);
	assert_string_equal(check_named(s, "file ready")->text, "/run/ready");
	assert_string_equal(check_named(s, "file ready")->user, "");
	free(s);
}

static void
test_path_monitors_stand_before_their_policies(void **state)
{
	struct settings *s =
		sample_settings(PATHS "host far target 192.0.2.1\n"
	                        PATHS "host far type ping source-address 192.0.2.9\n"
	                        PATHS "host far type tcp port 443\n"
	                        PATHS "policy good\n"
	                        PATHS "policy strict window 10\n"
	                        PATHS "policy strict rise 4\n"
	                        PATHS "policy strict requires type ping round-trip-time "
	                              "robustness 5\n"
	                        PATHS "policy strict requires type ping packet-loss threshold 20\n"
	                        PATHS "policy strict requires type ping round-trip-time "
	                              "threshold 30\n"
	                        PATHS "policy strict requires type tcp round-trip-time "
	                              "threshold 40\n"
	                        PATHS "policy strict requires type tcp round-trip-time "
	                              "tolerance 0\n"
	                        PATHS "monitor a type ping host far\n"
	                        PATHS "monitor a policy good\n"
	                        PATHS "monitor a policy strict\n"
	                        PATHS "monitor a interface eth0\n"
	                        PATHS "monitor a probe-interval 100\n"
	                        PATHS "monitor b type tcp host far\n"
	                        PATHS "monitor b policy strict\n"
	                        PATHS "monitor b probe-timeout 50\n"
	                        PATHS "monitor c type ping host far\n"
	                        PATHS "monitor c policy good\n"
	                        PATHS "monitor c probe-interval 1001\n", NULL);
	const struct check_settings *checks = settings_checks(s);
	const struct check_settings *a = check_named(s, "monitor a"), *b = check_named(s, "monitor "
	                                                                               "b");
	const struct check_settings *good = check_named(s, "monitor a policy good");
	const struct check_settings *strict = check_named(s, "monitor a policy strict");

	(void)state;
	assert_int_equal(s->check_count, 7);
	assert_int_equal(check_named(s, "monitor c")->timeout, 1001 * NSEC_PER_MSEC);
	assert_int_equal(a->kind, CHECK_ICMP);
	expect_ip(&a->target, "192.0.2.1");
	expect_ip(&a->source, "192.0.2.9");
	assert_string_equal(a->interface, "eth0");
	assert_int_equal(a->interval, 100 * NSEC_PER_MSEC);
	assert_int_equal(a->timeout, NSEC_PER_SEC);
	assert_int_equal(a->port, 0);
	assert_int_equal(b->kind, CHECK_TCP);
	assert_int_equal(b->port, 443);
	assert_int_equal(b->source.family, 0);
	assert_string_equal(b->interface, "");
	assert_int_equal(b->interval, NSEC_PER_SEC);
	assert_int_equal(b->timeout, 50 * NSEC_PER_MSEC);

	assert_int_equal(good->kind, CHECK_POLICY);
	assert_int_equal(good->monitor, a - checks);
	assert_int_equal(good->loss, 99);
	assert_int_equal(good->window, 3);
	assert_int_equal(good->delay, 0);
	assert_int_equal(good->rise, 1);
	assert_int_equal(strict->monitor, a - checks);
	assert_int_equal(strict->loss, 20);
	assert_int_equal(strict->window, 10);
	assert_int_equal(strict->delay, 35 * NSEC_PER_MSEC);
	assert_int_equal(strict->rise, 4);
	assert_int_equal(strict->fall, 5);
	strict = check_named(s, "monitor b policy strict");
	assert_int_equal(strict->monitor, b - checks);
	assert_int_equal(strict->loss, 99);
	assert_int_equal(strict->delay, 40 * NSEC_PER_MSEC);
	free(s);
}

/* The object that the group's track number i is about. */
static const struct object_settings *
tracked(const struct settings *s, const struct group_settings *group, uint32_t i,
        const struct track_settings **ret_track)
{
	assert_true(i < group->track_count);
	*ret_track = &settings_tracks(s)[group->track_first + i];
	return &settings_objects(s)[(*ret_track)->object];
}

static void
expect_tracked(const struct settings *s, const struct group_settings *group, const char *name,
               enum object_kind kind, int weight, nsec_t up, nsec_t down)
{
	for (uint32_t i = 0; i < group->track_count; i++) {
		const struct track_settings *track;
		const struct object_settings *object = tracked(s, group, i, &track);

		if (strcmp(object->name, name) != 0 || object->kind != kind)
			continue;
		assert_int_equal(track->weight, weight);
		assert_int_equal(track->up_delay, up);
		assert_int_equal(track->down_delay, down);
		if (kind == OBJECT_CHECK)
			assert_string_equal(settings_checks(s)[object->check].name, name);
		else
			assert_int_equal(object->check, -1);
		return;
	}
	fail_msg("%s is not tracked", name);
}

static void
test_tracks_refer_to_objects_that_stand_once(void **state)
{
	struct settings *s =
		sample_settings(BASE "set interfaces dataplane eth1\n"
	                        "set interfaces dataplane eth2\n"
	                        HEALTH "script up command /bin/up\n"
	                        HEALTH "file up path /run/up\n"
	                        PATHS "host far target 192.0.2.1\n" PATHS "policy good\n"
	                        PATHS "monitor a type ping host far\n"
	                        PATHS "monitor a policy good\n"
	                        GROUP "track interface eth1 weight type increment\n"
	                        GROUP "track interface eth1 weight value 7\n"
	                        GROUP "track interface eth1 up-delay 500\n"
	                        GROUP "track interface eth1 down-delay 20\n"
	                        GROUP "track-interface eth2\n"
	                        GROUP "track route-to 2001:DB8:0::/32\n"
	                        GROUP "track route-to 2001:DB8:0::/32 weight type decrement\n"
	                        GROUP "track route-to 2001:DB8:0::/32 weight value 254\n"
	                        GROUP "track script up\n"
	                        GROUP "track file up\n"
	                        GROUP "track path-monitor monitor a policy good weight type "
	                              "decrement\n"
	                        GROUP "track path-monitor monitor a policy good weight value 9\n"
	                        OTHER "track script up\n"
	                        OTHER "track interface eth1\n", NULL);
	const struct group_settings *group = group_of(s, 5), *other = group_of(s, 6);

	(void)state;
	assert_int_equal(s->object_count, 6);
	assert_int_equal(s->track_count, 8);
	assert_int_equal(group->track_count, 6);
	assert_int_equal(other->track_count, 2);
	expect_tracked(s, group, "eth1", OBJECT_INTERFACE, 7, 500 * NSEC_PER_MSEC,
	               20 * NSEC_PER_MSEC);
	expect_tracked(s, group, "eth2", OBJECT_INTERFACE, 0, 0, 0);
	expect_tracked(s, group, "2001:db8::/32", OBJECT_ROUTE, -254, 0, 0);
	expect_tracked(s, group, "script up", OBJECT_CHECK, 0, 0, 0);
	expect_tracked(s, group, "file up", OBJECT_CHECK, 0, 0, 0);
	expect_tracked(s, group, "monitor a policy good", OBJECT_CHECK, -9, 0, 0);
	expect_tracked(s, other, "script up", OBJECT_CHECK, 0, 0, 0);
	expect_tracked(s, other, "eth1", OBJECT_INTERFACE, 0, 0, 0);
	for (uint32_t i = 0; i < s->object_count; i++) {
		const struct object_settings *object = &settings_objects(s)[i];

		if (object->kind == OBJECT_ROUTE)
			expect_prefix(&object->prefix, "2001:db8::/32");
	}
	free(s);
}

static void
test_routes_and_rules_are_lifted(void **state)
{
	struct settings *s =
		sample_settings(BASE GROUP "virtual-route 10.9.0.0/16 next-hop 10.0.0.254\n"
	                        GROUP "virtual-route 10.9.0.0/16 source 10.0.0.1\n"
	                        GROUP "virtual-route 10.9.0.0/16 interface eth0\n"
	                        GROUP "virtual-route 10.9.0.0/16 table 4294967295\n"
	                        GROUP "virtual-route 10.9.0.0/16 metric 4000000000\n"
	                        GROUP "virtual-route 10.8.0.0/16 blackhole\n"
	                        OTHER "virtual-rule 32765 from 10.1.0.0/16\n"
	                        OTHER "virtual-rule 32765 to 10.2.0.0/16\n"
	                        OTHER "virtual-rule 32765 table 7\n"
	                        OTHER "virtual-rule 32765 mark 4294967295\n"
	                        OTHER "virtual-rule 32765 inbound-interface tun0\n"
	                        OTHER "virtual-rule 32765 outbound-interface tun1\n", NULL);
	const struct group_settings *group = group_of(s, 5), *other = group_of(s, 6);
	const struct route_settings *route = &settings_routes(s)[group->route_first];
	const struct rule_settings *rule = &settings_rules(s)[other->rule_first];

	(void)state;
	assert_int_equal(group->route_count, 2);
	assert_int_equal(group->rule_count, 0);
	assert_int_equal(other->route_count, 0);
	assert_int_equal(other->rule_count, 1);
	expect_prefix(&route->destination, "10.9.0.0/16");
	expect_ip(&route->gateway, "10.0.0.254");
	expect_ip(&route->source, "10.0.0.1");
	assert_int_equal(route->link, settings_find_link(s, "eth0"));
	assert_true(route->table == UINT32_MAX);
	assert_true(route->metric == 4000000000u);
	assert_false(route->blackhole);
	route++;
	expect_prefix(&route->destination, "10.8.0.0/16");
	assert_true(route->blackhole);
	assert_int_equal(route->gateway.family, 0);
	assert_int_equal(route->link, -1);
	assert_int_equal(route->table, 254);
	assert_int_equal(route->metric, 0);
	assert_int_equal(rule->priority, 32765);
	assert_int_equal(rule->family, 4);
	expect_prefix(&rule->from, "10.1.0.0/16");
	expect_prefix(&rule->to, "10.2.0.0/16");
	assert_int_equal(rule->table, 7);
	assert_true(rule->mark == UINT32_MAX);
	assert_string_equal(rule->in, "tun0");
	assert_string_equal(rule->out, "tun1");
	free(s);
}

static void
test_router_advertisements_are_lifted(void **state)
{
	const char *six = BASE GROUP "version 3\n" GROUP "virtual-address fe80::5\n";
	char text[4096];
	const struct advertiser_settings *a;
	const struct advertised_prefix *prefix;
	struct settings *s;

	(void)state;
	snprintf(text, sizeof(text), "%s" GROUP "router-advertisements\n", six);
	s = sample_settings(text, NULL);
	a = settings_advertisers(s);
	assert_int_equal(s->advertiser_count, 1);
	assert_int_equal(group_of(s, 5)->advertiser, -1);
	assert_int_equal(settings_groups(s)[settings_find_group(s, "eth0", 5, 6)].advertiser, 0);
	assert_int_equal(a->interval, 600 * NSEC_PER_SEC);
	assert_int_equal(a->lifetime, 1800 * NSEC_PER_SEC);
	assert_false(a->managed || a->other);
	assert_int_equal(a->mtu, 0);
	assert_int_equal(a->prefix_count, 0);
	free(s);

	snprintf(text, sizeof(text), "%s" GROUP "router-advertisements interval 10\n"
	         OTHER "version 3\n" OTHER "virtual-address fe80::6\n"
	         OTHER "router-advertisements prefix 2001:db8:6::/64\n"
	         GROUP "router-advertisements lifetime 20\n"
	         GROUP "router-advertisements mtu 1280\n"
	         GROUP "router-advertisements managed-flag\n"
	         GROUP "router-advertisements other-flag\n"
	         GROUP "router-advertisements prefix 2001:db8::/64\n"
	         GROUP "router-advertisements prefix 2001:db8:1::/64 no-on-link\n"
	         GROUP "router-advertisements prefix 2001:db8:1::/64 no-autonomous\n"
	         GROUP "router-advertisements prefix 2001:db8:1::/64 valid-lifetime 4294967295\n"
	         GROUP "router-advertisements prefix 2001:db8:1::/64 preferred-lifetime 7\n", six);
	s = sample_settings(text, NULL);
	a = settings_advertisers(s);
	assert_int_equal(a->interval, 10 * NSEC_PER_SEC);
	assert_int_equal(a->lifetime, 20 * NSEC_PER_SEC);
	assert_int_equal(a->mtu, 1280);
	assert_true(a->managed && a->other);
	assert_int_equal(a->prefix_count, 2);
	prefix = &settings_prefixes(s)[a->prefix_first];
	expect_prefix(&prefix->prefix, "2001:db8::/64");
	assert_true(prefix->on_link && prefix->autonomous);
	assert_int_equal(prefix->valid, 2592000 * NSEC_PER_SEC);
	assert_int_equal(prefix->preferred, 604800 * NSEC_PER_SEC);
	prefix++;
	assert_false(prefix->on_link || prefix->autonomous);
	assert_true(prefix->valid == NSEC_NEVER);
	assert_int_equal(prefix->preferred, 7 * NSEC_PER_SEC);
	assert_int_equal(s->advertiser_count, 2);
	assert_int_equal(settings_groups(s)[settings_find_group(s, "eth0", 6, 6)].advertiser, 1);
	a = &settings_advertisers(s)[1];
	assert_int_equal(a->prefix_count, 1);
	expect_prefix(&settings_prefixes(s)[a->prefix_first].prefix, "2001:db8:6::/64");
	free(s);
}

static void
test_transition_programs_stand_once(void **state)
{
	struct settings *s = sample_settings(BASE
	                                     GROUP "run-transition-scripts master '/bin/a b'\n"
	                                     GROUP "run-transition-scripts stop /bin/c\n"
	                                     OTHER "run-transition-scripts backup '/bin/a b'\n"
	                                     OTHER "run-transition-scripts fault /bin/c\n"
	                                     OTHER "run-transition-scripts master /bin/c\n"
	                                     "set interfaces dataplane eth0 vrrp vrrp-group 7 "
	                                     "virtual-address 10.0.0.7\n"
	                                     "set interfaces dataplane eth0 vrrp vrrp-group 7 "
	                                     "run-transition-scripts master /bin/c\n"
	                                     "set interfaces dataplane eth0 vrrp vrrp-group 7 "
	                                     "run-transition-scripts user nobody\n", NULL);
	const struct program_settings *programs = settings_programs(s);
	const int32_t *scripts = group_of(s, 5)->scripts;

	(void)state;
	assert_int_equal(s->program_count, 3);
	assert_string_equal(programs[scripts[SCRIPT_MASTER]].command, "/bin/a b");
	assert_string_equal(programs[scripts[SCRIPT_STOP]].command, "/bin/c");
	assert_int_equal(scripts[SCRIPT_BACKUP], -1);
	assert_int_equal(scripts[SCRIPT_FAULT], -1);
	assert_int_equal(group_of(s, 6)->scripts[SCRIPT_BACKUP], scripts[SCRIPT_MASTER]);
	assert_int_equal(group_of(s, 6)->scripts[SCRIPT_FAULT], scripts[SCRIPT_STOP]);
	assert_string_equal(programs[scripts[SCRIPT_STOP]].user, "");
	scripts = group_of(s, 7)->scripts;
	assert_string_equal(programs[scripts[SCRIPT_MASTER]].user, "nobody");
	free(s);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_health_checks_are_lifted_tracked_or_not),
		cmocka_unit_test(test_path_monitors_stand_before_their_policies),
		cmocka_unit_test(test_tracks_refer_to_objects_that_stand_once),
		cmocka_unit_test(test_routes_and_rules_are_lifted),
		cmocka_unit_test(test_router_advertisements_are_lifted),
		cmocka_unit_test(test_transition_programs_stand_once),
	};

	return cmocka_run_group_tests(tests, sample_setup, sample_teardown);
}
