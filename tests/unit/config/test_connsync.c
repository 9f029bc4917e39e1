/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Replication of connections: its rules, its advice, and what it becomes in the settings.
 */
#include <stdlib.h>
#include <string.h>

#include "config/check.h"
#include "sample.h"
#include "sound.h"

#define CONNSYNC "set service connsync "
#define SYNC CONNSYNC "failover-mechanism vrrp sync-group S\n"
#define INTERFACE CONNSYNC "interface dp0bond0\n"
#define PEER CONNSYNC "remote-peer "
#define WHOLE SOUND SYNC INTERFACE PEER "10.0.0.3\n"
#define KEY "0123-4567-89ab-cdef-0123-4567-89ab-cdef-0123-4567-89ab-cdef-0123-4567-89ab-cdef"
#define PAIRED WHOLE \
	"set system pair fingerprint " KEY "\nset system pair remote-address 10.0.0.3\n"

static void
test_s10_nothing_is_missing(void **state)
{
	(void)state;
	sample_expect_none(WHOLE, "E ");
	sample_expect(SOUND SYNC INTERFACE, "E line 5: service connsync: remote-peer is missing; "
	              "set it [S10]", "");
	sample_expect(SOUND SYNC, "E line 5: service connsync: interface and remote-peer are "
	              "missing; set both [S10]", "");
	sample_expect(SOUND SYNC PEER "10.0.0.3",
	              "E line 5: service connsync: interface is missing", "[S10]");
	sample_expect(SOUND INTERFACE PEER "10.0.0.3",
	              "E line 5: service connsync: failover-mechanism vrrp sync-group is missing",
	              "[S10]");
	sample_expect(WHOLE CONNSYNC "second-path interface dp0bond0",
	              "E line 8: service connsync second-path: remote-peer is missing", "[S10]");
}

/* The warnings of a pair of routers that is sound, but for what is said of the one that runs it. */
static void
expect_around(const struct surroundings *around, const char *warning)
{
	struct problems problems = { 0 };
	struct lyd_node *tree = sample_tree(PAIRED);
	char *lines;

	assert_int_equal(check_tree_around(schema, &tree, around, &problems), 0);
	lyd_free_siblings(tree);
	lines = sample_lines(&problems);
	if (warning)
		assert_non_null(strstr(lines, warning));
	else
		assert_true(!strstr(lines, "[L47]") && !strstr(lines, "[L48]"));
	free(lines);
}

static void
test_l47_l48_kernels_that_do_not_do_are_told_of(void **state)
{
	const struct surroundings sound = { true, true }, silent = { .events_off = true };
	const struct surroundings smaller = { .table_smaller = true };
	const struct surroundings larger = { .table_larger = true };

	(void)state;
	expect_around(&sound, NULL);
	expect_around(NULL, NULL);
	expect_around(&smaller, "W line 5: service connsync: this router's table of connections is "
	              "smaller than the partner's");
	expect_around(&larger, "W line 5: service connsync: the partner's table of connections is "
	              "smaller than this router's");
	expect_around(&silent, "W line 5: service connsync: the kernel does not tell of all "
	              "connections");
}

static void
test_s11_what_is_named_is_configured(void **state)
{
	(void)state;
	sample_expect(SOUND SYNC PEER "10.0.0.3\n" CONNSYNC "interface eth7",
	              "E line 7: service connsync interface 'eth7': there is no such interface",
	              "[S11]");
	sample_expect(WHOLE CONNSYNC "failover-mechanism vrrp sync-group T",
	              "E line 8: service connsync failover-mechanism vrrp sync-group 'T': no VRRP "
	              "group is in this sync group", "[S11]");
}

static void
test_s12_the_partner_is_another_router(void **state)
{
	(void)state;
	sample_expect(SOUND SYNC INTERFACE PEER "10.0.0.2",
	              "E line 7: service connsync remote-peer '10.0.0.2': is an address of this "
	              "router itself", "[S12]");
	sample_expect(SOUND SYNC INTERFACE PEER "10.0.0.1",
	              "E line 7: service connsync remote-peer '10.0.0.1': is a virtual address of "
	              "this router itself", "[S12]");
	sample_expect(SOUND SYNC INTERFACE PEER "224.0.0.18",
	              "E line 7: service connsync remote-peer '224.0.0.18': is no address of a "
	              "router", "[S12]");
}

static void
test_s13_the_second_path_is_another(void **state)
{
	(void)state;
	sample_expect(WHOLE CONNSYNC "second-path interface dp0bond0\n"
	              CONNSYNC "second-path remote-peer 10.0.0.3",
	              "E line 8: service connsync second-path: is the first path once more",
	              "[S13]");
	sample_expect_none(WHOLE CONNSYNC "second-path interface dp0bond0\n"
	                   CONNSYNC "second-path remote-peer 10.0.0.4", "[S13]");
}

static void
test_s14_own_addresses_are_own(void **state)
{
	(void)state;
	sample_expect_none(WHOLE CONNSYNC "listen-address 10.0.0.2", "[S14]");
	sample_expect(WHOLE CONNSYNC "listen-address 10.0.0.9",
	              "E line 8: service connsync listen-address '10.0.0.9': is no address of an "
	              "interface of this router", "[S14]");
	sample_expect(WHOLE "set " BOND " address 2001:db8::2/64\n"
	              CONNSYNC "listen-address 2001:db8::2",
	              "E line 9: service connsync listen-address '2001:db8::2': is an IPv6 address",
	              "[S14]");
}

static void
test_s15_networks_are_excluded(void **state)
{
	(void)state;
	sample_expect_none(WHOLE CONNSYNC "exclude address 10.9.0.0/16", "[S15]");
	sample_expect(WHOLE CONNSYNC "exclude address 10.9.0.1/16",
	              "E line 8: service connsync exclude: 10.9.0.1/16 has bits", "[S15]");
}

static void
test_l35_routers_are_paired(void **state)
{
	(void)state;
	sample_expect(WHOLE, "W line 5: service connsync: the routers are not paired",
	              "run here: pair 10.0.0.3, and on the other router pair with this one's "
	              "address [L35]");
	/* Its own address is no router to pair with. */
	sample_expect(SOUND SYNC INTERFACE CONNSYNC "remote-peer 10.0.0.2",
	              "W line 5: service connsync: the routers are not paired",
	              "run here: pair ADDRESS, and");
	sample_expect_none(PAIRED, "[L35]");
	sample_expect_none(WHOLE CONNSYNC "disable", "[L35]");
	sample_expect_none(WHOLE CONNSYNC "unauthenticated "
	                   "anyone-on-the-path-may-read-and-forge-connections", "[L35]");
}

static void
test_l36_nobody_forges(void **state)
{
	(void)state;
	sample_expect(WHOLE CONNSYNC "unauthenticated "
	              "anyone-on-the-path-may-read-and-forge-connections",
	              "W line 8: service connsync unauthenticated", "[L36]");
}

static void
test_l46_connsync_follows_every_group(void **state)
{
#define OTHER PAIRED "set " VIF " vlan 10\nset " VIF " address 10.9.0.2/24\n" \
	"set " VIF " vrrp vrrp-group 2 virtual-address 10.9.0.1/24\n"
	static const char begin[] = "W line 5: service connsync failover-mechanism vrrp sync-group "
				    "'S': VRRP group 2 of dp0bond0.10";

	(void)state;
	sample_expect_none(PAIRED, "[L46]");
	sample_expect(OTHER, begin, "exclude [L46]");
	sample_expect(OTHER "set " VIF " vrrp vrrp-group 3 virtual-address 10.9.0.9/24\n", begin,
	              "[L46]");
	sample_expect_none(OTHER "set " VIF " vrrp vrrp-group 2 sync-group S\n", "[L46]");
	sample_expect_none(OTHER "set " VIF " vrrp vrrp-group 2 disable\n", "[L46]");
	sample_expect_none(OTHER CONNSYNC "disable\n", "[L46]");
	sample_expect_none(OTHER CONNSYNC "exclude address 10.9.0.0/16\n", "[L46]");
	sample_expect(OTHER CONNSYNC "exclude address 10.8.0.0/16\n", begin, "[L46]");
}

/* ---- settings ------------------------------------------------------------------------------- */

static void
test_settings_hold_defaults(void **state)
{
	struct settings *s = sample_settings(PAIRED, NULL);
	const struct connsync_settings *c = settings_connsync(s);
	const struct group_settings *group = settings_groups(s);
	const struct track_settings *track;

	(void)state;
	assert_non_null(c);
	assert_string_equal(settings_syncs(s)[c->sync].name, "S");
	assert_int_equal(c->path_count, 1);
	assert_string_equal(c->paths[0].interface, "dp0bond0");
	assert_int_equal(c->paths[0].remote.bytes[3], 3);
	assert_int_equal(c->paths[0].local.family, 0);
	assert_int_equal(c->port, 3781);
	assert_int_equal(c->detail, CONNSYNC_ASSURED);
	assert_true(c->authenticated && c->paired);
	assert_int_equal(c->fingerprint.bytes[1], 0x23);
	assert_true(c->hold_down == 200 * NSEC_PER_MSEC && c->promotion_wait == 5 * NSEC_PER_MSEC);
	assert_true(c->startup_wait == 10 * NSEC_PER_SEC && c->rate == 0);
	assert_int_equal(c->excluded_count, 0);

	/* The group is weaker until it is ready. */
	assert_int_equal(group->track_count, 1);
	track = &settings_tracks(s)[group->track_first];
	assert_int_equal(track->weight, -50);
	assert_int_equal(settings_objects(s)[track->object].check, c->check);
	assert_int_equal(settings_checks(s)[c->check].kind, CHECK_CONNSYNC);
	free(s);
}

static void
test_settings_hold_what_is_said(void **state)
{
	struct settings *s = sample_settings(
		WHOLE CONNSYNC "listen-address 10.0.0.2\n"
		CONNSYNC "port 4000\n" CONNSYNC "rate-limit 8\n" CONNSYNC "hold-down 0\n"
		CONNSYNC "event-detail all\n" CONNSYNC "promotion-wait 20\n"
		CONNSYNC "startup-wait 60\n" CONNSYNC "readiness-weight 0\n"
		CONNSYNC "exclude protocol icmp\n" CONNSYNC "exclude protocol udp\n"
		CONNSYNC "exclude address 10.9.0.0/16\n"
		CONNSYNC "exclude address 2001:db8:9::/48\n"
		CONNSYNC "second-path interface dp0bond0\n"
		CONNSYNC "second-path remote-peer 10.0.0.4", NULL);
	const struct connsync_settings *c = settings_connsync(s);

	(void)state;
	assert_int_equal(c->paths[0].local.bytes[3], 2);
	assert_int_equal(c->port, 4000);
	assert_int_equal(c->rate, 1000000);
	assert_int_equal(c->detail, CONNSYNC_ALL);
	assert_true(c->hold_down == 0 && c->promotion_wait == 20 * NSEC_PER_MSEC);
	assert_true(c->startup_wait == 60 * NSEC_PER_SEC);
	assert_false(c->paired);
	assert_int_equal(c->excluded_protocols[0], 1 << 1);
	assert_int_equal(c->excluded_protocols[17 / 8], 1 << 17 % 8);
	assert_int_equal(c->excluded_count, 2);
	assert_int_equal(settings_excluded(s)[c->excluded_first + 1].network.length, 48);
	assert_int_equal(c->path_count, 2);
	assert_int_equal(c->paths[1].remote.bytes[3], 4);
	assert_int_equal(settings_groups(s)->track_count, 0);
	free(s);
}

static void
test_settings_hold_nothing_that_does_not_run(void **state)
{
	struct settings *s = sample_settings(PAIRED CONNSYNC "disable", NULL);

	(void)state;
	assert_null(settings_connsync(s));
	assert_int_equal(s->check_count, 0);
	free(s);
	s = sample_settings(PAIRED "set " GROUP " disable", NULL);
	assert_null(settings_connsync(s));
	free(s);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_s10_nothing_is_missing),
		cmocka_unit_test(test_s11_what_is_named_is_configured),
		cmocka_unit_test(test_s12_the_partner_is_another_router),
		cmocka_unit_test(test_s13_the_second_path_is_another),
		cmocka_unit_test(test_s14_own_addresses_are_own),
		cmocka_unit_test(test_s15_networks_are_excluded),
		cmocka_unit_test(test_l35_routers_are_paired),
		cmocka_unit_test(test_l36_nobody_forges),
		cmocka_unit_test(test_l46_connsync_follows_every_group),
		cmocka_unit_test(test_l47_l48_kernels_that_do_not_do_are_told_of),
		cmocka_unit_test(test_settings_hold_defaults),
		cmocka_unit_test(test_settings_hold_what_is_said),
		cmocka_unit_test(test_settings_hold_nothing_that_does_not_run),
	};

	return cmocka_run_group_tests(tests, sample_setup, sample_teardown);
}
