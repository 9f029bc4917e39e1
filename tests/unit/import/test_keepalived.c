/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * keepalived.conf by small texts: what makes no sense as a whole, how words and blocks are read,
 * and what becomes of single statements.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "imported.h"
#include "config/language.h"

#define HEAD "vrrp_instance V {\ninterface eth0\nvirtual_router_id 5\n"
#define ADDRESS "virtual_ipaddress {\n10.0.0.1/24\n}\n"
#define GROUP "set interfaces dataplane eth0 vrrp vrrp-group 5 "
#define HELD GROUP "virtual-address '10.0.0.1/24'\n"

static void
expect_fault(const char *text, const char *start)
{
	imported_expect_fault(import_keepalived, text, start);
}

static void
test_braces_that_do_not_match_are_a_fault(void **state)
{
	char deep[512];

	(void)state;
	expect_fault("vrrp_instance V {\npriority 1\n",
	             "test.conf:1: cannot be read: the block 'vrrp_instance' that begins here has "
	             "no end\n");
	expect_fault("global_defs {\n}\n}\n",
	             "test.conf:3: cannot be read: '}' closes a block that was not opened\n");
	expect_fault("\n{\n}\n",
	             "test.conf:2: cannot be read: a block must have a name before its '{'\n");
	expect_fault("a {\n} {\n}\n",
	             "test.conf:2: cannot be read: a block must have a name before its '{'\n");
	for (size_t i = 0; i < 70; i++)
		memcpy(deep + 4 * i, "a {\n", 5);
	expect_fault(deep, "test.conf:65: cannot be read: the blocks are nested too deeply\n");
}

static void
test_quote_without_end_is_a_fault(void **state)
{
	(void)state;
	expect_fault("vrrp_script s {\nscript \"/bin/x\n}\n",
	             "test.conf:2: cannot be read: a quote is not closed\n");
}

static void
test_file_that_is_not_there_is_a_fault(void **state)
{
	struct source source = { .path = "/nonexistent/keepalived.conf" };
	struct imported i = imported(import_keepalived, &source);

	(void)state;
	assert_true(i.result < 0);
	assert_string_equal(i.report,
	                    "/nonexistent/keepalived.conf: cannot be read: "
	                    "No such file or directory\n"
	                    "Nothing was imported\n");
	imported_done(&i);
}

static void
test_blocks_are_read_however_they_are_laid_out(void **state)
{
	(void)state;
	imported_expect(HEAD ADDRESS "}\n", HELD);
	imported_expect("vrrp_instance V\n{\ninterface eth0\nvirtual_router_id 5\n"
	                "virtual_ipaddress\n{\n10.0.0.1/24\n}\n}", HELD);
	imported_expect("vrrp_instance V{interface eth0\nvirtual_router_id 5\n"
	                "virtual_ipaddress{10.0.0.1/24}}", HELD);
}

static void
test_words_are_quoted_and_escaped(void **state)
{
	(void)state;
	imported_expect(HEAD ADDRESS "authentication { auth_type PASS\n"
	                "auth_pass \"a\"'#'\\x62\\143\\\"d }\n}\n",
	                GROUP "authentication password 'a#bc\"d'\n"
	                GROUP "authentication type 'plaintext-password'\n" HELD);
}

static void
test_parameter_that_is_not_defined_stays_a_word(void **state)
{
	(void)state;
	imported_expect_report(HEAD ADDRESS "priority ${PRIORITY}\n}\n",
	                       "test.conf:7: no equal: V: priority '${PRIORITY}': must be");
}

static void
test_statement_that_is_unknown_is_told(void **state)
{
	(void)state;
	imported_expect_report(HEAD ADDRESS "surprise 5\n}\n",
	                       "test.conf:7: no equal: surprise: is no word of vrrp_instance");
	imported_expect_report("surprise { a\nb }\n",
	                       "test.conf:1: no equal: surprise: is no word of keepalived.conf");
}

static void
test_password_never_stands_in_the_report(void **state)
{
	(void)state;
	imported_expect_no_report(HEAD ADDRESS "authentication { auth_type PASS\n"
	                          "auth_pass \"geheim x\" }\n}\n", "geheim");
	imported_expect_report(HEAD ADDRESS "authentication { auth_type PASS\n"
	                       "auth_pass \"geheim x\" }\n}\n",
	                       "test.conf:8: no equal: V: authentication: must have 1 to 8");
}

static void
test_interval_goes_by_the_version(void **state)
{
	(void)state;
	imported_expect(HEAD "advert_int 2\n" ADDRESS "}\n",
	                GROUP "advertise-interval '2'\n" HELD);
	imported_expect(HEAD "advert_int 0.2\n" ADDRESS "}\n",
	                GROUP "advertise-interval '1'\n" HELD);
	imported_expect(HEAD "version 3\nno_accept\nadvert_int 0.255\n" ADDRESS "}\n",
	                GROUP "checksum 'rfc5798'\n" GROUP "fast-advertise-interval '260'\n"
	                GROUP "version '3'\n" HELD);
	imported_expect("global_defs {\nv3_checksum_as_v2\n}\n" HEAD "version 3\n" ADDRESS "}\n",
	                GROUP "accept 'true'\n" GROUP "version '3'\n" HELD);
	imported_expect_report(HEAD "advert_int soon\n" ADDRESS "}\n",
	                       "the interval 'soon' is no number of seconds");
	imported_expect_report(HEAD "advert_int 99999999999999999999\n" ADDRESS "}\n",
	                       "is no number of seconds");
}

static void
test_preempt_counts_without_state_master_only(void **state)
{
	(void)state;
	imported_expect(HEAD "state BACKUP\nnopreempt\npreempt_delay 2.5\n" ADDRESS "}\n",
	                GROUP "preempt 'false'\n" GROUP "preempt-delay '3'\n" HELD);
	imported_expect(HEAD "state MASTER\nnopreempt\n" ADDRESS "}\n", HELD);
	imported_expect_report(HEAD "state MASTER\nnopreempt\n" ADDRESS "}\n",
	                       "test.conf:5: differs: V: keepalived ignores this");
}

static void
test_weight_becomes_its_direction(void **state)
{
	static const char text[] =
		"vrrp_script a { script /a\nweight 7\n}\nvrrp_script b { script /b\n}\n"
		HEAD ADDRESS "track_script { a\nb weight -9\n }\ntrack_interface { eth1\n"
		"eth2 weight 300 }\n}\n";

	(void)state;
	imported_expect_report(text, "'300' is no weight from -254 to 254; it counts as 0");
	imported_expect(text,
	                GROUP "track interface 'eth1'\n" GROUP "track interface 'eth2'\n"
	                GROUP "track script a weight type 'increment'\n"
	                GROUP "track script a weight value '7'\n"
	                GROUP "track script b weight type 'decrement'\n"
	                GROUP "track script b weight value '9'\n" HELD
	                "set interfaces dataplane 'eth1'\nset interfaces dataplane 'eth2'\n"
	                "set service health-check script a command '/a'\n"
	                "set service health-check script b command '/b'\n");
}

static void
test_static_routes_are_taken_over(void **state)
{
	static const char text[] =
		"static_routes {\n"
		"default via 10.0.0.254 dev eth0\n"
		"10.1.0.0/16 via 10.0.0.9 metric 50\n"
		"10.2.0.0/16 dev eth1 scope link\n"
		"blackhole 10.3.0.0/16 metric 1000\n"
		"2001:db8::/32 via fe80::1 dev eth0\n"
		"::/0 dev tun0\n"
		"10.4.0.0/16 via 10.0.0.9 table 100\n"
		"10.5.0.0/16 nexthop via 10.0.0.9 nexthop via 10.0.0.8\n"
		"10.6.0.0/16 via 10.0.0.9 src 10.0.0.2\n"
		"10.7.0.0/16\n"
		"}\n" HEAD ADDRESS "}\n";

	(void)state;
	imported_expect(text, HELD
		"set protocols static interface-route 10.2.0.0/16 next-hop-interface 'eth1'\n"
		"set protocols static interface-route6 ::/0 next-hop-interface 'tun0'\n"
		"set protocols static route 0.0.0.0/0 next-hop 10.0.0.254 interface 'eth0'\n"
		"set protocols static route 10.1.0.0/16 next-hop 10.0.0.9 distance '50'\n"
		"set protocols static route 10.3.0.0/16 blackhole distance '255'\n"
		"set protocols static route 10.6.0.0/16 next-hop '10.0.0.9'\n"
		"set protocols static route6 2001:db8::/32 next-hop fe80::1 interface 'eth0'\n");
	imported_expect_report(text, "test.conf:2: taken over: 0.0.0.0/0: protocols static "
	                       "route\n");
	imported_expect_report(text, "test.conf:4: no equal: static_routes: a route has no scope");
	imported_expect_report(text, "test.conf:5: differs: 10.3.0.0/16: a metric is a distance "
	                       "from 1 to 255; 1000 is 255 now");
	imported_expect_report(text, "test.conf:8: no equal: 10.4.0.0/16: the route is of another "
	                       "table than main; it is left out");
	imported_expect_report(text, "test.conf:9: no equal: static_routes: a static route cannot "
	                       "have 'nexthop'");
	imported_expect_report(text, "test.conf:10: no equal: 10.6.0.0/16: a static route has no "
	                       "source address");
	imported_expect_report(text, "test.conf:11: no equal: 10.7.0.0/16: the route leads "
	                       "nowhere");
}

static void
test_check_that_nobody_tracks_is_left_out(void **state)
{
	(void)state;
	imported_expect("vrrp_script a { script /a\n}\n" HEAD ADDRESS "}\n", HELD);
	imported_expect_report("vrrp_script a { script /a\n}\n",
	                       "test.conf:1: not needed: a: no group tracks it");
}

static void
test_names_that_become_alike_stay_apart(void **state)
{
	(void)state;
	imported_expect("vrrp_script \"a b\" { script /a\n}\nvrrp_script a_b { script /b\n}\n"
	                HEAD ADDRESS "track_script { \"a b\"\na_b weight 3 }\n}\n",
	                GROUP "track script 'a_b'\n"
	                GROUP "track script a_b-2 weight type 'increment'\n"
	                GROUP "track script a_b-2 weight value '3'\n" HELD
	                "set service health-check script a_b command '/a'\n"
	                "set service health-check script a_b-2 command '/b'\n");
}

static void
test_looking_for_a_process_becomes_a_check_of_it(void **state)
{
	static const char *const commands[] = { "killall -0 ntpd", "/usr/bin/killall -0 ntpd",
	                                        "pidof  ntpd", "/usr/bin/pgrep -x ntpd" };
	char text[512];

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(commands); i++) {
		snprintf(text, sizeof(text), "vrrp_script a { script \"%s\"\n}\n" HEAD ADDRESS
		         "track_script { a }\n}\n", commands[i]);
		imported_expect(text, GROUP "track process 'a'\n" HELD
		                "set service health-check process a command 'ntpd'\n");
	}
}

static void
test_connection_of_bash_becomes_a_path_monitor(void **state)
{
	(void)state;
	imported_expect("vrrp_script a { script \"</dev/tcp/10.0.0.9/80\"\nfall 2\n}\n"
	                HEAD ADDRESS "track_script { a weight 4 }\n}\n",
	                GROUP "track path-monitor monitor a policy a weight type 'increment'\n"
	                GROUP "track path-monitor monitor a policy a weight value '4'\n" HELD
	                "set service path-monitor host a target '10.0.0.9'\n"
	                "set service path-monitor host a type tcp port '80'\n"
	                "set service path-monitor monitor a policy 'a'\n"
	                "set service path-monitor monitor a type tcp host 'a'\n"
	                "set service path-monitor policy a fall '2'\n"
	                "set service path-monitor policy a rise '1'\n"
	                "set service path-monitor policy a window '1'\n");
}

static void
test_program_for_any_state_gets_the_words_it_knows(void **state)
{
	(void)state;
	imported_expect(HEAD "priority 7\nnotify /n\nnotify_master \"/m a  b\" nobody\n"
	                ADDRESS "}\n",
	                GROUP "priority '7'\n"
	                GROUP "run-transition-scripts backup '/n INSTANCE V BACKUP 7'\n"
	                GROUP "run-transition-scripts fault '/n INSTANCE V FAULT 7'\n"
	                GROUP "run-transition-scripts master '/m a b'\n"
	                GROUP "run-transition-scripts stop '/n INSTANCE V STOP 7'\n"
	                GROUP "run-transition-scripts user 'nobody'\n" HELD);
}

/* It would work on in vain beside connsync, and is not reached by a program without powers. */
static void
test_conntrackd_is_left_to_connsync(void **state)
{
	(void)state;
	imported_expect(HEAD "notify_master \"/etc/conntrackd/primary-backup.sh primary\"\n"
	                "notify_backup \"/usr/sbin/conntrackd -c\"\n" ADDRESS "}\n", HELD);
	imported_expect_report(HEAD "notify_fault \"/etc/conntrackd/primary-backup.sh fault\"\n"
	                       ADDRESS "}\n", "no equal: notify_fault: conntrackd is not told of "
	                       "transitions; stop it and set service connsync");
}

static void
test_addresses_beyond_twenty_are_excluded(void **state)
{
	char text[2048] = HEAD "virtual_ipaddress {\n";
	struct imported i;
	size_t length;

	(void)state;
	for (unsigned n = 1; n <= 23; n++) {
		length = strlen(text);
		snprintf(text + length, sizeof(text) - length, "10.0.0.%u/24\n", n);
	}
	length = strlen(text);
	snprintf(text + length, sizeof(text) - length, "}\n}\n");
	i = imported_text(import_keepalived, text);
	assert_non_null(strstr(i.set, "virtual-address '10.0.0.20/24'"));
	assert_non_null(strstr(i.set, "excluded-address '10.0.0.21/24'"));
	assert_non_null(strstr(i.set, "excluded-address '10.0.0.23/24'"));
	assert_string_equal(i.problems, "");
	imported_done(&i);
}

static void
test_interfaces_are_told_by_their_names(void **state)
{
	static const struct {
		const char *name, *path;
	} names[] = {
		{ "eth0", "dataplane eth0" },
		{ "eth0.100", "dataplane eth0 vif 100" },
		{ "bond0", "bonding bond0" },
		{ "bond12.4094", "bonding bond12 vif 4094" },
		{ "dp0bond1.5", "bonding dp0bond1 vif 5" },
		{ "bonded", "dataplane bonded" },
		{ "eth0.4095", "dataplane eth0.4095" },
		{ "eth0.010", "dataplane eth0.010" },
		{ "eth0.10.20", "dataplane eth0.10.20" },
		{ "vlan7", "dataplane vlan7" },
	};

	(void)state;
	for (size_t n = 0; n < ARRAY_SIZE(names); n++) {
		char text[256], wanted[256];
		struct imported i;

		snprintf(text, sizeof(text), "vrrp_instance V {\ninterface %s\n"
		         "virtual_router_id 5\n" ADDRESS "}\n", names[n].name);
		snprintf(wanted, sizeof(wanted), "set interfaces %s vrrp vrrp-group 5 "
		         "virtual-address '10.0.0.1/24'\n", names[n].path);
		i = imported_text(import_keepalived, text);
		assert_string_equal(i.set, wanted);
		assert_string_equal(i.problems, "");
		imported_done(&i);
	}
}

static void
test_interface_of_impossible_name_is_refused(void **state)
{
	(void)state;
	imported_expect("vrrp_instance V {\ninterface far_too_long_for_linux\n"
	                "virtual_router_id 5\n" ADDRESS "}\n", "");
	imported_expect_report("vrrp_instance V {\ninterface far_too_long_for_linux\n"
	                       "virtual_router_id 5\n" ADDRESS "}\n",
	                       "test.conf:2: no equal: far_too_long_for_linux: "
	                       "'far_too_long_for_linux': must be an interface name");
}

static void
test_what_repeats_is_folded(void **state)
{
	char *text = NULL;
	size_t size;
	FILE *out = open_memstream(&text, &size);
	struct imported i;

	(void)state;
	assert_non_null(out);
	for (unsigned n = 1; n <= 40; n++)
		fprintf(out, "vrrp_instance V%u {\ninterface eth0\nvirtual_router_id %u\n"
		        "smtp_alert\nvirtual_ipaddress { 10.0.0.%u/24 }\n}\n", n, n, n);
	fclose(out);
	i = imported_text(import_keepalived, text);
	assert_non_null(strstr(i.report, "(and 35 more)"));
	assert_int_equal(i.counts[FINDING_LEFT], 40);
	assert_int_equal(i.counts[FINDING_TAKEN], 40);
	imported_done(&i);
	free(text);
}

static void
test_candidate_says_what_an_interface_is(void **state)
{
	static const char text[] = "vrrp_instance V {\ninterface uplink.7\n"
	                           "virtual_router_id 5\n" ADDRESS "}\n";
	struct source source = { .path = "test.conf", .text = text, .alone = true };
	struct lyd_node *tree = sample_tree("set interfaces bonding uplink mode balanced\n"
	                                    "set interfaces dataplane eth9 description kept\n");
	struct findings findings = { 0 };
	struct lyd_node *group;

	(void)state;
	assert_int_equal(import_keepalived(schema, &source, &tree, &findings), 0);
	assert_int_equal(findings.counts[FINDING_DIFFERS], 0);
	assert_int_equal(lyd_find_path(tree, "/tandem-interfaces:interfaces/bonding[name='uplink']/"
	                                     "vif[id='7']/tandem-vrrp:vrrp/vrrp-group[id='5']", 0,
	                               &group), LY_SUCCESS);
	assert_int_equal(lyd_find_path(tree, "/tandem-interfaces:interfaces/dataplane[name='eth9']/"
	                                     "description", 0, &group), LY_SUCCESS);
	findings_done(&findings);
	lyd_free_all(tree);
}

static void
test_group_of_the_candidate_is_added_to(void **state)
{
	static const char text[] = HEAD "priority 9\n" ADDRESS "}\n";
	struct source source = { .path = "test.conf", .text = text, .alone = true };
	struct lyd_node *tree = sample_tree(GROUP "priority 7\n" GROUP "preempt false\n" HELD);
	struct findings findings = { 0 };
	char *set;

	(void)state;
	assert_int_equal(import_keepalived(schema, &source, &tree, &findings), 0);
	assert_int_equal(findings.counts[FINDING_DIFFERS], 1);
	set = language_print_set(tree, false);
	assert_string_equal(set, GROUP "preempt 'false'\n" GROUP "priority '9'\n" HELD);
	free(set);
	findings_done(&findings);
	lyd_free_all(tree);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_braces_that_do_not_match_are_a_fault),
		cmocka_unit_test(test_quote_without_end_is_a_fault),
		cmocka_unit_test(test_file_that_is_not_there_is_a_fault),
		cmocka_unit_test(test_blocks_are_read_however_they_are_laid_out),
		cmocka_unit_test(test_words_are_quoted_and_escaped),
		cmocka_unit_test(test_parameter_that_is_not_defined_stays_a_word),
		cmocka_unit_test(test_statement_that_is_unknown_is_told),
		cmocka_unit_test(test_password_never_stands_in_the_report),
		cmocka_unit_test(test_interval_goes_by_the_version),
		cmocka_unit_test(test_preempt_counts_without_state_master_only),
		cmocka_unit_test(test_weight_becomes_its_direction),
		cmocka_unit_test(test_static_routes_are_taken_over),
		cmocka_unit_test(test_check_that_nobody_tracks_is_left_out),
		cmocka_unit_test(test_names_that_become_alike_stay_apart),
		cmocka_unit_test(test_looking_for_a_process_becomes_a_check_of_it),
		cmocka_unit_test(test_connection_of_bash_becomes_a_path_monitor),
		cmocka_unit_test(test_program_for_any_state_gets_the_words_it_knows),
		cmocka_unit_test(test_conntrackd_is_left_to_connsync),
		cmocka_unit_test(test_addresses_beyond_twenty_are_excluded),
		cmocka_unit_test(test_interfaces_are_told_by_their_names),
		cmocka_unit_test(test_interface_of_impossible_name_is_refused),
		cmocka_unit_test(test_what_repeats_is_folded),
		cmocka_unit_test(test_candidate_says_what_an_interface_is),
		cmocka_unit_test(test_group_of_the_candidate_is_added_to),
	};

	return cmocka_run_group_tests(tests, sample_setup, sample_teardown);
}
