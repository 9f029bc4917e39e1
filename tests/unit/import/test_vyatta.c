/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Vyatta by small texts: what the language has comes over word for word, what it has not is told
 * once, and nothing is taken that would mean something else here.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "imported.h"
#include "config/language.h"

#define VIF "set interfaces dataplane eth1 vif 7 "
#define GROUP VIF "vrrp vrrp-group 7 "

static struct imported
vyatta(const char *text)
{
	struct imported i = imported_text(import_vyatta, text);

	if (i.result < 0)
		print_error("%s", i.report);
	assert_int_equal(i.result, 0);
	return i;
}

static void
expect(const char *text, const char *set)
{
	struct imported i = vyatta(text);

	assert_string_equal(i.set, set);
	imported_done(&i);
}

static void
expect_told(const char *text, const char *report)
{
	struct imported i = vyatta(text);

	assert_string_equal(i.report, report);
	imported_done(&i);
}

static void
expect_report(const char *text, const char *part)
{
	struct imported i = vyatta(text);

	if (!strstr(i.report, part))
		fail_msg("expected \"%s\" in:\n%s", part, i.report);
	imported_done(&i);
}

static void
expect_no_report(const char *text, const char *part)
{
	struct imported i = vyatta(text);

	if (strstr(i.report, part))
		fail_msg("did not expect \"%s\" in:\n%s", part, i.report);
	imported_done(&i);
}

/* A file of the language's own golden ones: nothing of it is left out, and it reads the same. */
static void
expect_as_loaded(const char *name)
{
	struct source source = { .path = name };
	char path[512], *text, *wanted;
	struct lyd_node *tree;
	struct imported i;

	snprintf(path, sizeof(path), "%s/../config/%s", GOLDEN_DIR, name);
	text = sample_file(path);
	source.text = text;
	i = imported(import_vyatta, &source);
	assert_int_equal(i.result, 0);
	assert_int_equal(i.counts[FINDING_LEFT] + i.counts[FINDING_UNNEEDED], 0);
	tree = sample_tree(text);
	wanted = language_print_set(tree, false);
	assert_string_equal(i.set, wanted);
	assert_string_equal(i.problems, "");
	free(wanted);
	free(text);
	lyd_free_siblings(tree);
	imported_done(&i);
}

static void
test_what_can_be_loaded_is_imported_as_it_is(void **state)
{
	(void)state;
	expect_as_loaded("seed.conf");
	expect_as_loaded("seed.boot");
	expect_as_loaded("many.boot");
	expect_as_loaded("many.set");
}

static const char braces[] =
	"interfaces {\n"
	" dataplane eth1 {\n"
	"  vif 7 {\n"
	"   firewall {\n    in IN\n    local 'LOCAL'\n   }\n"
	"   vrrp {\n    vrrp-group 7 {\n     rfc-compatibility\n     priority 9\n"
	"     virtual-address 10.7.0.1/24\n     colour red\n    }\n   }\n"
	"  }\n"
	" }\n"
	"}\n"
	"system {\n login {\n  user a {\n   level admin\n   authentication {\n"
	"    encrypted-password \"x {\"\n   }\n  }\n  user b {\n  }\n }\n}\n"
	"/* Warning: Do not remove the following line. */\n"
	"/* === vyatta-config-version: \"vrrp@4\" === */\n"
	"/* Release version: 1801z */\n";

static const char commands[] =
	"set interfaces dataplane eth1 vif 7 firewall in 'IN'\n"
	"set interfaces dataplane eth1 vif 7 firewall local 'LOCAL'\n"
	"set interfaces dataplane eth1 vif 7 vrrp vrrp-group 7 'rfc-compatibility'\n"
	"set interfaces dataplane eth1 vif 7 vrrp vrrp-group 7 priority '9'\n"
	"set interfaces dataplane eth1 vif 7 vrrp vrrp-group 7 virtual-address '10.7.0.1/24'\n"
	"set interfaces dataplane eth1 vif 7 vrrp vrrp-group 7 colour red\n"
	"set system login user a level 'admin'\n"
	"set system login user a authentication encrypted-password 'x {'\n"
	"set system login user b\n";

static void
test_braces_and_commands_say_the_same(void **state)
{
	static const char wanted[] = GROUP "priority '9'\n" GROUP "'rfc-compatibility'\n"
	                             GROUP "virtual-address '10.7.0.1/24'\n";
	struct imported b = vyatta(braces), c = vyatta(commands);

	(void)state;
	assert_string_equal(b.set, wanted);
	assert_string_equal(c.set, wanted);
	assert_memory_equal(b.counts, c.counts, sizeof(b.counts));
	assert_int_equal(b.counts[FINDING_TAKEN], 1);
	assert_int_equal(b.counts[FINDING_LEFT], 3);
	imported_done(&b);
	imported_done(&c);
}

static void
test_node_without_equal_is_told_once_with_all_below_it(void **state)
{
	(void)state;
	expect_report(braces, "test.conf:2: taken over: interfaces dataplane eth1: 3 settings, "
	                      "word for word\n");
	expect_report(braces, "test.conf:4: no equal: interfaces dataplane eth1 vif 7 firewall: 2 "
	                      "settings; packets are filtered by other programs");
	expect_report(braces, "test.conf:13: no equal: interfaces dataplane eth1 vif 7 vrrp "
	                      "vrrp-group 7 colour: 1 setting; there is no such node here\n");
	expect_report(braces, "test.conf:20: no equal: system login: 3 settings; user accounts");
	expect_report(commands, "test.conf:1: no equal: interfaces dataplane eth1 vif 7 firewall: "
	                        "2 settings; ");
	expect_report(commands, "test.conf:7: no equal: system login: 3 settings; ");
}

static void
test_parts_of_other_programs_are_told_one_by_one(void **state)
{
	(void)state;
	expect_report("security {\n firewall {\n  name A {\n  }\n }\n vpn {\n  ipsec {\n  }\n }\n"
	              " other {\n }\n}\n", "test.conf:2: no equal: security firewall: 1 setting; "
	                                   "packets");
	expect_report("set security vpn ipsec esp-group A\nset security vpn ipsec ike-group B\n",
	              "test.conf:1: no equal: security vpn ipsec: 2 settings; tunnels");
	expect_report("set security other\n", ":1: no equal: security other: 1 setting; there is");
	expect_report("set security\n", ":1: no equal: security: 1 setting; there is");
	expect_report("set protocols bgp 65000 neighbor 192.0.2.9 remote-as 1\n",
	              ":1: no equal: protocols bgp: 1 setting; routing protocols");
	expect_report("set policy route pbr A rule 1\nset policy route route-map B rule 1\n",
	              ":1: no equal: policy route pbr: 1 setting; routes by policy");
	expect_report("set policy route pbr A rule 1\nset policy route route-map B rule 1\n",
	              ":2: no equal: policy route route-map: 1 setting; what routing protocols");
	expect_report("set system console device ttyS0\n", ":1: not needed: system console: ");
	expect_no_report("set protocols static arp 10.0.0.1 hwaddr 52:54:00:00:00:07\n",
	                 "taken over: protocols");
}

static void
test_the_same_of_many_interfaces_is_counted(void **state)
{
	char text[1024] = "", *at = text;

	(void)state;
	for (int i = 1; i <= 7; i++)
		at += sprintf(at, VIF "vrrp vrrp-group %d firewall in A%d\n", i, i);
	expect_report(text, "test.conf:5: no equal: interfaces dataplane eth1 vif 7 vrrp "
	                    "vrrp-group 5 firewall: 1 setting; packets");
	expect_report(text, "pass (and 2 more)\n");
	expect_no_report(text, "test.conf:6");
	expect_report(text, "1 taken over, 0 different, 7 without equal, 0 not needed\n");
}

static void
test_refused_value_is_told_with_its_rule(void **state)
{
	(void)state;
	expect_report(VIF "mtu 9300\n",
	              ":1: no equal: interfaces dataplane eth1 vif 7 mtu: '9300' must be a number "
	              "of bytes from 68 to 9216\n");
	expect_report(VIF "vrrp vrrp-group 300 priority 7\n"
	              VIF "vrrp vrrp-group 300 preempt true\n",
	              ":1: no equal: interfaces dataplane eth1 vif 7 vrrp vrrp-group: '300' must "
	              "be a VRRP group number from 1 to 255\n");
	expect(VIF "vrrp vrrp-group 300 priority 7\n" GROUP "priority 7\n", GROUP "priority '7'\n");
	expect_report(VIF "description two words\n",
	              "description two: 'words' nothing may follow the value");
	expect_report(GROUP "priority\n", "vrrp-group 7 priority: incomplete: a value");
	expect_report("set interfaces dataplane eth1 address dhcp\n",
	              "eth1 address: an address by DHCP is not asked for");
	expect("set interfaces dataplane eth1 address dhcp\n", "set interfaces dataplane 'eth1'\n");
}

static void
test_what_is_not_supported_yet_is_left_out(void **state)
{
	static const char text[] = "set protocols static route 192.0.2.0/24 blackhole tag 7\n"
	                           "set protocols static table 9 route 0.0.0.0/0 blackhole\n";

	(void)state;
	expect(text, "set protocols static route 192.0.2.0/24 'blackhole'\n");
	expect_report(text, ":1: no equal: protocols static route 192.0.2.0/24 blackhole tag: not "
	                    "supported yet: ");
	expect_report(text, ":2: no equal: protocols static table: not supported yet: ");
	expect_report(text, ":1: taken over: protocols static: 1 setting, word for word\n");
}

static void
test_secrets_are_not_told_and_hidden_ones_not_taken(void **state)
{
	static const char longer[] = GROUP "authentication password 'muchtoolong'\n";
	static const char hidden[] = GROUP "authentication type ah\n"
	                             GROUP "authentication password '********'\n";

	(void)state;
	expect_report(longer, "authentication password: '********' must have 1 to 8 characters");
	expect_no_report(longer, "muchtoolong");
	expect(hidden, GROUP "authentication type 'ah'\n");
	expect_report(hidden, ":2: no equal: interfaces dataplane eth1 vif 7 vrrp vrrp-group 7 "
	                      "authentication password: the source hides it");
	expect(GROUP "description '********'\n", GROUP "description '********'\n");
}

static void
test_comments_come_with_what_they_are_for(void **state)
{
	static const char wanted[] = "set interfaces loopback 'lo'\n"
	                             "comment interfaces loopback lo 'of both'\n";
	char text[1200] = "/* ";

	(void)state;
	expect("interfaces {\n /* of nobody */\n /* of both */\n loopback lo {\n"
	       "  /* of nothing */\n }\n loopback lo1\n}\n/* the end */\n",
	       "set interfaces loopback 'lo'\ncomment interfaces loopback lo 'of both'\n"
	       "set interfaces loopback 'lo1'\n");
	expect("set interfaces loopback lo\ncomment interfaces loopback lo 'of both'\n"
	       "comment interfaces loopback lo1 'of what is not there'\ncomment\n", wanted);
	expect("/* of what is left out */\nfirewall {\n}\n"
	       "interfaces {\n /* of both */ loopback lo\n}\n", wanted);
	memset(text + 3, 'x', 1100);
	strcpy(text + 1103, " */ interfaces { \n loopback lo\n}\n");
	expect(text, "set interfaces loopback 'lo'\n");
	expect_report(text, ":1: differs: interfaces: its comment is left out");
}

static void
test_version_3_keeps_the_checksum_of_the_partner(void **state)
{
	static const char v3[] = GROUP "version 3\n" GROUP "virtual-address 10.7.0.1/24\n";

	(void)state;
	expect(v3, GROUP "checksum 'rfc5798'\n" GROUP "version '3'\n"
	           GROUP "virtual-address '10.7.0.1/24'\n");
	expect_report(v3, ":1: differs: interfaces dataplane eth1 vif 7 vrrp vrrp-group 7: "
	                  "checksum rfc5798 is added");
	expect_no_report(GROUP "version 2\n" GROUP "virtual-address 10.7.0.1/24\n", "differs");
	expect_no_report(GROUP "version 3\n" GROUP "virtual-address fe80::7\n", "differs");
	expect(GROUP "checksum rfc9568\n" GROUP "version 3\n" GROUP "virtual-address 10.7.0.1\n",
	       GROUP "checksum 'rfc9568'\n" GROUP "version '3'\n"
	       GROUP "virtual-address '10.7.0.1'\n");
}

static void
test_what_works_otherwise_here_is_told_once(void **state)
{
	static const char scripts[] =
		GROUP "run-transition-scripts master /bin/true\n"
		VIF "vrrp vrrp-group 8 run-transition-scripts stop /bin/true\n";
	static const char ports[] =
		"set interfaces dataplane dp0s3\nset interfaces dataplane dp0s4\n";

	(void)state;
	expect_report(scripts, ":1: differs: interfaces dataplane eth1 vif 7 vrrp vrrp-group 7 "
	                       "run-transition-scripts: programs do not run as root");
	expect_report(scripts, " 1 different, 0 without");
	expect_no_report(GROUP "run-transition-scripts master /bin/true\n"
	                 GROUP "run-transition-scripts user nobody\n", "differs");
	expect_report(ports, ":1: differs: interfaces dataplane dp0s3: Linux must know the ports");
	expect_report(ports, " 1 different, 0 without");
	expect_no_report("set interfaces dataplane eth1\n", "differs");
	expect_report("set service connsync interface eth1\n", ":1: differs: service connsync: ");
	expect_report(GROUP "notify ipsec\n", "notify ipsec: has no effect yet: IPsec");
}

static void
test_route_with_an_unknown_word_is_left_out_whole(void **state)
{
	static const char text[] =
		"set protocols static route 10.0.0.0/8 next-hop 192.0.2.9 routing-instance BLUE\n"
		"set protocols static route 10.0.0.0/8 next-hop 192.0.2.8\n"
		"set protocols static route 10.1.0.0/16 next-hop 192.0.2.9\n";

	(void)state;
	expect(text, "set protocols static route 10.1.0.0/16 next-hop '192.0.2.9'\n");
	expect_report(text, ":1: no equal: protocols static route 10.0.0.0/8: 2 settings; it says "
	                    "'routing-instance', of which there is none here");
}

static void
test_empty_parts_change_nothing(void **state)
{
	static const char sum[] = "0 taken over, 0 different, 0 without equal, 0 not needed\n";

	(void)state;
	expect_told("", sum);
	expect_told("/* === vyatta-config-version: \"vrrp@4\" === */\n", sum);
	expect_told("protocols {\n}\n",
	            "test.conf:1: not needed: protocols: it is empty\n"
	            "0 taken over, 0 different, 0 without equal, 1 not needed\n");
}

static void
test_text_without_sense_is_a_fault(void **state)
{
	(void)state;
	imported_expect_fault(import_vyatta, "interfaces {\n loopback lo {\n }\n",
	                      "test.conf:1: cannot be read: the block that begins here has no end");
	imported_expect_fault(import_vyatta, "system {\n}\n}\n",
	                      "test.conf:3: cannot be read: '}' closes a block");
	imported_expect_fault(import_vyatta, "system {\n host-name 'a\n}\n",
	                      "test.conf:2: cannot be read: a quote (')");
	imported_expect_fault(import_vyatta, "delete system\n",
	                      "test.conf:1: cannot be read: a command that is not 'set'");
	imported_expect_fault(import_vyatta, "set system host-name a\ndelete system\n",
	                      "test.conf:2: cannot be read: a command that is not 'set'");
	imported_expect_fault(import_vyatta, "system {\n}\n/* never closed\n",
	                      "test.conf:3: cannot be read: a comment");
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_what_can_be_loaded_is_imported_as_it_is),
		cmocka_unit_test(test_braces_and_commands_say_the_same),
		cmocka_unit_test(test_node_without_equal_is_told_once_with_all_below_it),
		cmocka_unit_test(test_parts_of_other_programs_are_told_one_by_one),
		cmocka_unit_test(test_the_same_of_many_interfaces_is_counted),
		cmocka_unit_test(test_refused_value_is_told_with_its_rule),
		cmocka_unit_test(test_what_is_not_supported_yet_is_left_out),
		cmocka_unit_test(test_secrets_are_not_told_and_hidden_ones_not_taken),
		cmocka_unit_test(test_comments_come_with_what_they_are_for),
		cmocka_unit_test(test_version_3_keeps_the_checksum_of_the_partner),
		cmocka_unit_test(test_what_works_otherwise_here_is_told_once),
		cmocka_unit_test(test_route_with_an_unknown_word_is_left_out_whole),
		cmocka_unit_test(test_empty_parts_change_nothing),
		cmocka_unit_test(test_text_without_sense_is_a_fault),
	};

	return cmocka_run_group_tests(tests, sample_setup, sample_teardown);
}
