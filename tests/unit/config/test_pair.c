/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What does not fit between two routers: each rule with a pair that breaks it and one just inside.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "sample.h"
#include "config/check.h"
#include "config/pair.h"

#define BOND "interfaces bonding dp0bond0"
#define GROUP BOND " vrrp vrrp-group 1"
#define VIF BOND " vif 10"
#define MEMBER VIF " vrrp vrrp-group 2"
/* A pair without any finding, to which the tests add lines. */
#define FIRST \
	"set " BOND " address 10.0.0.2/24\n" \
	"set " GROUP " virtual-address 10.0.0.1/24\n" \
	"set " GROUP " preempt false\n" \
	"set " GROUP " priority 254\n"
#define SECOND \
	"set " BOND " address 10.0.0.3/24\n" \
	"set " GROUP " virtual-address 10.0.0.1/24\n" \
	"set " GROUP " preempt false\n" \
	"set " GROUP " priority 253\n"
/* A second group, on a vif. */
#define FIRST_VIF \
	"set " VIF " address 10.1.0.2/24\n" \
	"set " MEMBER " virtual-address 10.1.0.1\n" \
	"set " MEMBER " preempt false\n" \
	"set " MEMBER " priority 254\n"
#define SECOND_VIF \
	"set " VIF " address 10.1.0.3/24\n" \
	"set " MEMBER " virtual-address 10.1.0.1\n" \
	"set " MEMBER " preempt false\n" \
	"set " MEMBER " priority 253\n"
#define V3 "set " GROUP " version 3\n"

static struct lyd_node *
checked(const char *text)
{
	struct problems problems = { 0 };
	struct lyd_node *tree = sample_tree(text);

	if (check_tree(schema, &tree, &problems) < 0) {
		char *lines = sample_lines(&problems);

		fail_msg("%s", lines);
	}
	problems_done(&problems);
	return tree;
}

/* "E P1 path | path: sentence; remedy", a line each; heap. */
static char *
compare(const char *first, const char *second)
{
	struct lyd_node *trees[] = { checked(first), checked(second) };
	struct pair_findings findings = { 0 };
	struct pair pair;
	char *text = NULL;
	size_t size, errors = 0;
	FILE *out = open_memstream(&text, &size);

	assert_non_null(out);
	pair_open(&pair, trees[0], trees[1]);
	pair_compare(&pair, &findings);
	for (size_t i = 0; i < findings.count; i++) {
		const struct pair_finding *f = &findings.list[i];

		fprintf(out, "%c %s %s | %s: %s; %s\n", f->warning ? 'W' : 'E', f->number,
		        f->paths[0], f->paths[1], f->sentence, f->remedy);
		errors += !f->warning;
	}
	fclose(out);
	assert_int_equal(errors, findings.errors);
	pair_findings_done(&findings);
	pair_close(&pair);
	for (unsigned r = 0; r < PAIR_ROUTERS; r++)
		lyd_free_siblings(trees[r]);
	return text;
}

/* There is exactly this one finding; its line begins so and has that in it. */
static void
expect(const char *first, const char *second, const char *start, const char *part)
{
	char *text = compare(first, second);

	if (strncmp(text, start, strlen(start)) != 0 || !strstr(text, part) ||
	    strchr(text, '\n') != text + strlen(text) - 1)
		fail_msg("expected \"%s\" ... \"%s\" alone, got:\n%s", start, part, text);
	free(text);
}

static void
expect_none(const char *first, const char *second)
{
	char *text = compare(first, second);

	assert_string_equal(text, "");
	free(text);
}

static void
expect_among(const char *first, const char *second, const char *part)
{
	char *text = compare(first, second);

	if (!strstr(text, part))
		fail_msg("expected \"%s\" among:\n%s", part, text);
	free(text);
}

static void
test_pair_that_fits_has_no_finding(void **state)
{
	(void)state;
	expect_none(FIRST, SECOND);
	expect_none(FIRST FIRST_VIF, SECOND SECOND_VIF);
	expect_none(FIRST V3 "set " GROUP " virtual-address fe80::1\n",
	            SECOND V3 "set " GROUP " virtual-address fe80::1\n");
}

static void
test_p1_interface_without_partner_is_named(void **state)
{
	(void)state;
	expect(FIRST FIRST_VIF, SECOND, "E P1 " VIF " | : r2 has no interface on the network of "
	       "dp0bond0.10", "configure it");
	expect(FIRST, SECOND SECOND_VIF, "E P1  | " VIF ": r1 has no interface", "");
	expect_none(FIRST FIRST_VIF "set " MEMBER " disable\n", SECOND);
}

static void
test_interfaces_match_by_name_then_network_then_virtual_address(void **state)
{
	const char *port = "set interfaces dataplane eth7 address 10.0.0.3/24\n"
		"set interfaces dataplane eth7 vrrp vrrp-group 1 virtual-address 10.0.0.1/24\n"
		"set interfaces dataplane eth7 vrrp vrrp-group 1 preempt false\n"
		"set interfaces dataplane eth7 vrrp vrrp-group 1 priority 253\n";
	const char *elsewhere = "set interfaces dataplane eth7 address 192.168.0.3/24\n"
		"set interfaces dataplane eth7 vrrp vrrp-group 1 virtual-address 10.0.0.1/24\n"
		"set interfaces dataplane eth7 vrrp vrrp-group 1 preempt false\n"
		"set interfaces dataplane eth7 vrrp vrrp-group 1 priority 253\n";
	char text[1024];

	(void)state;
	expect_none(FIRST, port);
	expect(FIRST, elsewhere, "W P18 ", "eth7");
	/* Nothing leaves by a loopback, and what has a partner is no second one's. */
	snprintf(text, sizeof(text), "%sset interfaces loopback lo address 10.0.0.3/32\n",
	         elsewhere);
	expect(FIRST, text, "W P18 ", "eth7");
	expect(FIRST "set interfaces dataplane eth5 address 10.0.0.8/24\n"
	       "set interfaces dataplane eth5 vrrp vrrp-group 5 virtual-address 10.0.0.5\n", SECOND,
	       "E P1 interfaces dataplane eth5 | ", "");
	expect(FIRST, SECOND "delete " BOND " address\nset " BOND " address 192.168.0.3/24\n",
	       "W P18 " BOND " address '10.0.0.2/24' | " BOND " address '192.168.0.3/24'",
	       "no network in common");
}

#define PORT(name, host) \
	"set interfaces dataplane " name " address fe80::" host "/64\n" \
	"set interfaces dataplane " name " vrrp vrrp-group 1 version 3\n" \
	"set interfaces dataplane " name " vrrp vrrp-group 1 virtual-address fe80::1\n" \
	"set interfaces dataplane " name " vrrp vrrp-group 1 preempt false\n"

/* A link-local address is another one on every network. */
static void
test_link_local_addresses_bring_nothing_together(void **state)
{
	char *text = compare(PORT("eth1", "2"), PORT("eth2", "3"));

	(void)state;
	assert_non_null(strstr(text, "E P1 interfaces dataplane eth1 | "));
	assert_non_null(strstr(text, "E P1  | interfaces dataplane eth2"));
	free(text);
	expect_none(FIRST FIRST_VIF V3 "set " GROUP " virtual-address fe80::1\n"
	            "set " MEMBER " version 3\nset " MEMBER " virtual-address fe80::1\n",
	            SECOND SECOND_VIF V3 "set " GROUP " virtual-address fe80::1\n"
	            "set " MEMBER " version 3\nset " MEMBER " virtual-address fe80::1\n");
	expect_none(FIRST V3 "set " GROUP " virtual-address fe80::1\n",
	            SECOND V3 "set " GROUP " virtual-address fe80::1\n"
	            "set interfaces dataplane eth7 address fe80::1/64\n");
}

static void
test_p2_group_on_one_router_is_named(void **state)
{
	const char *more = FIRST "set " BOND " vrrp vrrp-group 7 virtual-address 10.0.0.7\n";

	(void)state;
	expect(more, SECOND, "E P2 " BOND " vrrp vrrp-group 7 | " BOND ": r2 has no VRRP group 7 "
	       "on dp0bond0", "");
	expect_none(FIRST "set " BOND " vrrp vrrp-group 7 virtual-address 10.0.0.7\n"
	            "set " BOND " vrrp vrrp-group 7 disable\n", SECOND);
}

static void
test_p3_address_in_groups_of_two_numbers_is_said_once(void **state)
{
	const char *other = "set " BOND " address 10.0.0.3/24\n"
		"set " BOND " vrrp vrrp-group 9 virtual-address 10.0.0.1/24\n"
		"set " BOND " vrrp vrrp-group 9 preempt false\n";

	(void)state;
	expect(FIRST, other, "E P3 " GROUP " virtual-address '10.0.0.1/24' | " BOND
	       " vrrp vrrp-group 9 virtual-address '10.0.0.1/24'", "both are master");
}

static void
test_p4_versions_must_be_equal_or_one_speak_both(void **state)
{
	(void)state;
	expect(FIRST V3, SECOND, "E P4 " GROUP " version '3' | " GROUP ": r1 speaks version 3 and "
	       "r2 version 2", "both become master");
	expect_none(FIRST V3 "set " GROUP " version-2-compatibility\n", SECOND);
	expect_none(FIRST, SECOND V3 "set " GROUP " version-2-compatibility\n");
}

static void
test_p5_intervals_are_an_error_in_version_2_and_a_warning_in_3(void **state)
{
	(void)state;
	expect(FIRST "set " GROUP " advertise-interval 2\n", SECOND,
	       "E P5 " GROUP " advertise-interval '2' | " GROUP ": r1 advertises every 2000 ms and "
	       "r2 every 1000 ms", "both become master");
	expect_none(FIRST "set " GROUP " advertise-interval 1\n", SECOND);
	expect(FIRST V3, SECOND V3 "set " GROUP " fast-advertise-interval 1010\n", "W P5 ",
	       "r1 advertises every 1000 ms and r2 every 1010 ms");
	expect_none(FIRST V3, SECOND V3 "set " GROUP " fast-advertise-interval 1000\n");
	expect(FIRST, SECOND V3 "set " GROUP " version-2-compatibility\nset " GROUP
	       " fast-advertise-interval 500\n", "E P5 ", "");
}

#define AUTH(type, password) \
	"set " GROUP " authentication type " type "\n" \
	"set " GROUP " authentication password " password "\n"

static void
test_p6_authentication_differs_and_no_password_is_told(void **state)
{
	char *text = compare(FIRST AUTH("plaintext-password", "geheim"),
	                     SECOND AUTH("plaintext-password", "anders"));

	(void)state;
	assert_int_equal(strncmp(text, "E P6 ", 5), 0);
	assert_null(strstr(text, "geheim"));
	assert_null(strstr(text, "anders"));
	free(text);
	expect(FIRST AUTH("ah", "geheim"), SECOND, "E P6 " GROUP " authentication | " GROUP
	       ": The authentication of r1 is ah and that of r2 is none", "");
	expect(FIRST AUTH("ah", "geheim"), SECOND AUTH("plaintext-password", "geheim"), "E P6 ",
	       "r2 is plaintext-password");
	expect_none(FIRST AUTH("ah", "geheim"), SECOND AUTH("ah", "geheim"));
	/* A text with passwords hidden says nothing of them. */
	expect_none(FIRST AUTH("ah", "geheim"), SECOND AUTH("ah", "'********'"));
}

static void
test_p7_p8_p9_address_lists_differ_in_members_order_and_length(void **state)
{
	const char *more = "set " GROUP " virtual-address 10.0.0.5/24\n";
	char first[1024], second[1024];

	(void)state;
	snprintf(first, sizeof(first), FIRST "%s", more);
	expect(first, SECOND, "E P7 " GROUP " virtual-address '10.0.0.5/24' | " GROUP
	       ": r2 does not have the virtual address 10.0.0.5", "after a failover to r2");
	expect(FIRST, SECOND "set " GROUP " virtual-address 10.0.0.5/24\n", "E P7 " GROUP " | ",
	       "after a failover to r1");
	snprintf(second, sizeof(second), SECOND "delete " GROUP " virtual-address\n%sset " GROUP
	         " virtual-address 10.0.0.1/24\n", more);
	expect(first, second, "W P8 ", "another order");
	expect(FIRST, SECOND "delete " GROUP " virtual-address\nset " GROUP
	       " virtual-address 10.0.0.1/25\n", "W P9 " GROUP " virtual-address '10.0.0.1/24' | "
	       GROUP " virtual-address '10.0.0.1/25'", "");
}

static void
test_p10_excluded_addresses_differ(void **state)
{
	(void)state;
	expect(FIRST "set " GROUP " excluded-address 10.9.0.1/24\n", SECOND, "E P10 " GROUP
	       " excluded-address '10.9.0.1/24' | " GROUP, "excluded address 10.9.0.1");
	expect_none(FIRST "set " GROUP " excluded-address 10.9.0.1/24\n",
	            SECOND "set " GROUP " excluded-address 10.9.0.1/24\n");
}

static void
test_p11_p12_priority_and_preempt_are_compared(void **state)
{
	(void)state;
	expect(FIRST, SECOND "set " GROUP " priority 254\n", "W P11 " GROUP " priority '254' | "
	       GROUP " priority '254'", "");
	expect(FIRST, SECOND "set " GROUP " preempt true\n", "W P12 " GROUP " preempt 'false' | "
	       GROUP " preempt 'true': Only r2 preempts", "");
	expect(FIRST "set " GROUP " preempt true\nset " GROUP " preempt-delay 5\n",
	       SECOND "set " GROUP " preempt true\n", "W P12 " GROUP " preempt-delay '5' | " GROUP,
	       "preempt-delay is 5 s on r1 and 0 s on r2");
}

#define SYNC(group, name) "set " group " sync-group " name "\n"

static void
test_p13_sync_groups_must_have_one_shape_not_one_name(void **state)
{
	(void)state;
	expect_none(FIRST FIRST_VIF SYNC(GROUP, "A") SYNC(MEMBER, "A"),
	            SECOND SECOND_VIF SYNC(GROUP, "B") SYNC(MEMBER, "B"));
	expect(FIRST FIRST_VIF SYNC(GROUP, "A") SYNC(MEMBER, "A"),
	       SECOND SECOND_VIF SYNC(GROUP, "A") SYNC(MEMBER, "B"),
	       "E P13 " MEMBER " sync-group 'A' | " MEMBER " sync-group 'B'",
	       "(it is in sync group B, the other in sync group A)");
	expect(FIRST FIRST_VIF, SECOND SECOND_VIF SYNC(GROUP, "A") SYNC(MEMBER, "A"),
	       "E P13 " MEMBER " | " MEMBER " sync-group 'A': On r2 the group moves together",
	       "no sync group");
	expect_none(FIRST FIRST_VIF SYNC(GROUP, "A"), SECOND SECOND_VIF);
	expect_none(FIRST FIRST_VIF SYNC(GROUP, "A") SYNC(MEMBER, "A") "set " MEMBER " disable\n",
	            SECOND SECOND_VIF SYNC(GROUP, "A") SYNC(MEMBER, "B") "set " MEMBER
	            " disable\n");
}

static void
test_p14_p15_p16_forms_differ(void **state)
{
	(void)state;
	expect(FIRST V3 "set " GROUP " checksum rfc5798\n", SECOND V3, "W P14 " GROUP
	       " checksum 'rfc5798' | " GROUP, "");
	expect_none(FIRST V3 "set " GROUP " checksum rfc9568\n", SECOND V3);
	expect(FIRST, SECOND "set " GROUP " rfc-compatibility\n", "W P15 " GROUP " | " GROUP
	       " rfc-compatibility: Only r2 uses the virtual MAC", "");
	expect(FIRST V3 "set " GROUP " accept true\n", SECOND V3,
	       "W P16 " GROUP " accept 'true' | ", "Only r1 answers");
	expect_none(FIRST V3 "set " GROUP " accept true\n",
	            SECOND V3 "set " GROUP " accept true\n");
}

static void
test_p17_unicast_peers_name_each_other(void **state)
{
	(void)state;
	expect_none(FIRST "set " GROUP " peer-address 10.0.0.3\n",
	            SECOND "set " GROUP " peer-address 10.0.0.2\n");
	/* A group of one family is heard in that one. */
	expect_none(FIRST V3 "set " GROUP " peer-address 10.0.0.3\n",
	            SECOND V3 "set " GROUP " peer-address 10.0.0.2\n"
	            "set " BOND " address fe80::3/64\n");
	expect(FIRST "set " GROUP " peer-address 10.0.0.3\n", SECOND, "E P17 ",
	       "Only r1 speaks to a peer in unicast");
	expect(FIRST "set " GROUP " peer-address 10.0.0.4\n",
	       SECOND "set " GROUP " peer-address 10.0.0.2\n", "E P17 ",
	       "r2 sends from 10.0.0.3, which is no peer-address of r1");
	expect(FIRST "set " GROUP " peer-address 10.0.0.3\n",
	       SECOND "set " BOND " address 10.0.0.9/24\n"
	       "set " GROUP " hello-source-address 10.0.0.9\n"
	       "set " GROUP " peer-address 10.0.0.2\n", "E P17 ", "r2 sends from 10.0.0.9");
}

static void
test_p19_p20_real_addresses_collide(void **state)
{
	(void)state;
	expect(FIRST, SECOND "set " BOND " address 10.0.0.2/24\n", "E P19 " BOND
	       " address '10.0.0.2/24' | " BOND " address '10.0.0.2/24'", "");
	expect_among(FIRST "set " GROUP " virtual-address 10.0.0.3/24\n", SECOND,
	             "E P20 " GROUP " virtual-address '10.0.0.3/24' | " BOND
	             " address '10.0.0.3/24'");
	/* An owner on one router is none of these. */
	expect_none(FIRST "set " GROUP " virtual-address 10.0.0.3/24\n",
	            SECOND "set " GROUP " virtual-address 10.0.0.3/24\n");
}

#define CONNSYNC(group, interface, peer) \
	"set service connsync failover-mechanism vrrp sync-group " group "\n" \
	"set service connsync interface " interface "\n" \
	"set service connsync remote-peer " peer "\n"

static void
test_p21_connsync_is_mirrored(void **state)
{
	const char *fits = FIRST SYNC(GROUP, "A") CONNSYNC("A", "dp0bond0", "10.0.0.3");

	(void)state;
	expect_none(fits, SECOND SYNC(GROUP, "A") CONNSYNC("A", "dp0bond0", "10.0.0.2"));
	expect(fits, SECOND SYNC(GROUP, "A"), "W P21 service connsync | : Only r1 has connsync",
	       "");
	expect(fits, SECOND SYNC(GROUP, "A") CONNSYNC("A", "dp0bond0", "10.0.0.9"),
	       "W P21 service connsync | service connsync remote-peer '10.0.0.9': r2 sends", "");
	expect(fits, SECOND SYNC(GROUP, "B") CONNSYNC("B", "dp0bond0", "10.0.0.2"),
	       "W P21 service connsync failover-mechanism vrrp sync-group 'A' | ", "");
	expect(fits, SECOND "set interfaces dataplane eth1 address 10.5.0.1/24\n" SYNC(GROUP, "A")
	       CONNSYNC("A", "eth1", "10.0.0.2"), "W P21 service connsync interface 'dp0bond0' | "
	       "service connsync interface 'eth1'", "");
}

#define WEB "set service virtual-server web "
#define SERVER(port) WEB "address 10.0.0.1\n" WEB "port 80\n" \
	WEB "real-server 10.0.0.11 port " port "\n"

static void
test_p31_virtual_servers_are_the_same(void **state)
{
	(void)state;
	expect_none(FIRST SERVER("80") WEB "description here", SECOND SERVER("80"));
	expect_none(FIRST SERVER("80") WEB "delay-loop 10", SECOND SERVER("80"));
	expect(FIRST SERVER("80"), SECOND, "W P31 service virtual-server web | : Only r1 has", "");
	expect(FIRST, SECOND SERVER("80"), "W P31  | service virtual-server web: Only r2 has", "");
	expect(FIRST SERVER("80"), SECOND SERVER("81"),
	       "W P31 service virtual-server web real-server 10.0.0.11 port '80' | service "
	       "virtual-server web real-server 10.0.0.11 port '81': The two differ in this", "");
	/* Where one says nothing, and where a whole server is missing. */
	expect(FIRST SERVER("80") WEB "real-server 10.0.0.11 weight 2", SECOND SERVER("80"),
	       "W P31 service virtual-server web real-server 10.0.0.11 weight '2' | service "
	       "virtual-server web real-server 10.0.0.11: The two differ in this", "");
	expect(FIRST SERVER("80") WEB "persistence-timeout 9",
	       SECOND SERVER("80") WEB "real-server 10.0.0.10",
	       "W P31 service virtual-server web persistence-timeout '9' | service virtual-server "
	       "web: The two differ in this", "");
	expect(FIRST SERVER("80"), SECOND SERVER("80") WEB "real-server 10.0.0.10",
	       "W P31 service virtual-server web | service virtual-server web real-server "
	       "10.0.0.10: The two differ in this", "");
}

#define ETH "set interfaces dataplane eth1 address "
#define TRACK "set " GROUP " track interface eth1"
#define WEIGHT(n) TRACK " weight type decrement\n" TRACK " weight value " n "\n"

static void
test_p21_partner_is_named_on_the_network_of_the_interface(void **state UNUSED)
{
	expect(FIRST "set interfaces dataplane eth1 address 10.5.0.2/24\n" SYNC(GROUP, "A")
	       CONNSYNC("A", "dp0bond0", "10.5.0.3"),
	       SECOND "set interfaces dataplane eth1 address 10.5.0.3/24\n" SYNC(GROUP, "A")
	       CONNSYNC("A", "dp0bond0", "10.0.0.2"),
	       "W P21 service connsync remote-peer '10.5.0.3' | interfaces dataplane eth1 address "
	       "'10.5.0.3/24': r1 sends its connections by dp0bond0", "");
}

static void
test_p22_p24_tracking_is_alike_and_moves_something(void **state)
{
	(void)state;
	expect_none(FIRST ETH "10.5.0.2/24\n" TRACK "\n", SECOND ETH "10.5.0.3/24\n" TRACK "\n");
	expect(FIRST ETH "10.5.0.2/24\n" TRACK "\n", SECOND ETH "10.5.0.3/24\n", "W P22 " GROUP
	       " track | " GROUP, "");
	expect(FIRST ETH "10.5.0.2/24\n" WEIGHT("10"), SECOND ETH "10.5.0.3/24\n" WEIGHT("10"),
	       "W P24 ", "r2 does not preempt: r1 stays master");
	expect_none(FIRST ETH "10.5.0.2/24\n" WEIGHT("10") "set " GROUP " preempt true\n",
	            SECOND ETH "10.5.0.3/24\n" WEIGHT("10") "set " GROUP " preempt true\n");
	expect(FIRST ETH "10.5.0.2/24\n" WEIGHT("10") "set " GROUP " preempt true\n",
	       SECOND ETH "10.5.0.3/24\n" WEIGHT("10") "set " GROUP " preempt true\nset " GROUP
	       " priority 100\n", "W P24 ", "from priority 254 down to 244, and r2 has 100");
}

static void
test_p23_group_disabled_on_one_router_is_named(void **state)
{
	(void)state;
	expect(FIRST, SECOND "set " GROUP " disable\n", "E P23 " GROUP " | " GROUP " disable: VRRP "
	       "group 1 of dp0bond0 is disabled on r2", "nobody stands in for r1");
	expect_none(FIRST "set " GROUP " disable\n", SECOND "set " GROUP " disable\n");
	expect(FIRST, SECOND "set " BOND " disable\n", "E P23 " BOND " | " BOND " disable: "
	       "Interface dp0bond0 is disabled on r2", "nobody stands in for r1");
}

static void
test_p25_parties_prefer_one_router(void **state)
{
	(void)state;
	expect(FIRST FIRST_VIF "set " MEMBER " priority 252\n", SECOND SECOND_VIF, "W P25 " GROUP
	       " | " MEMBER ": Group 1 of dp0bond0 prefers r1 and group 2 of dp0bond0.10 prefers "
	       "r2", "");
	/* In one sync group the least decides for both. */
	expect_none(FIRST FIRST_VIF "set " MEMBER " priority 252\n" SYNC(GROUP, "A")
	            SYNC(MEMBER, "A"), SECOND SECOND_VIF SYNC(GROUP, "A") SYNC(MEMBER, "A"));
}

static void
test_p26_vlan_differs(void **state)
{
	(void)state;
	expect(FIRST FIRST_VIF, SECOND SECOND_VIF "set " VIF " vlan 11\n", "E P26 " VIF " | " VIF
	       " vlan '11'", "dp0bond0.10 is VLAN 10 on r1 and dp0bond0.10 VLAN 11 on r2");
	expect_none(FIRST FIRST_VIF "set " VIF " vlan 11\n",
	            SECOND SECOND_VIF "set " VIF " vlan 11\n");
	/* Of two tags the outer ones differ. */
	expect(FIRST FIRST_VIF "set " VIF " vlan 11\nset " VIF " inner-vlan 5\n",
	       SECOND SECOND_VIF "set " VIF " vlan 12\nset " VIF " inner-vlan 5\n", "E P26 " VIF
	       " vlan '11' | " VIF " vlan '12'", "dp0bond0.11 is VLAN 11 on r1");
}

static void
test_p27_what_moves_with_a_group_is_alike(void **state UNUSED)
{
	const char *route = "set " GROUP " virtual-route 0.0.0.0/0 next-hop 10.0.0.254\n";
	char first[1024], second[1024];

	snprintf(first, sizeof(first), FIRST "%sset " GROUP " virtual-route 0.0.0.0/0 source "
	         "10.0.0.2\n", route);
	snprintf(second, sizeof(second), SECOND "%sset " GROUP " virtual-route 0.0.0.0/0 source "
	         "10.0.0.3\n", route);
	expect_none(first, second);
	expect(first, SECOND, "W P27 " GROUP " virtual-route 0.0.0.0/0 | " GROUP ": virtual-route "
	       "of r1 and r2 differ", "");
	snprintf(second, sizeof(second), SECOND "%sset " GROUP " virtual-route 0.0.0.0/0 metric "
	         "7\n", route);
	expect(first, second, "W P27 ", "after a failover packets take other ways");
	expect(FIRST "set " GROUP " virtual-rule 100 table 7\n",
	       SECOND "set " GROUP " virtual-rule 100 table 8\n", "W P27 ", "virtual-rule");
}

static void
test_p28_announcements_are_alike(void **state UNUSED)
{
	expect(FIRST "set " GROUP " garp master-repeat 9\n", SECOND, "W P28 ", "perhaps late");
	/* What is the default need not be said. */
	expect_none(FIRST "set " GROUP " garp master-repeat 5\n", SECOND);
}

static void
test_p29_start_delay_is_alike(void **state UNUSED)
{
	expect(FIRST "set " BOND " vrrp start-delay 60\n", SECOND, "W P29 " BOND " vrrp "
	       "start-delay '60' | ", "start-delay is 60 s on r1 and 0 s on r2");
	expect_none(FIRST "set " BOND " vrrp start-delay 60\n",
	            SECOND "set " BOND " vrrp start-delay 60\n");
}

static void
test_p30_mtu_is_alike(void **state UNUSED)
{
	expect(FIRST "set " BOND " mtu 9000\n", SECOND, "W P30 " BOND " mtu '9000' | " BOND ": ",
	       "is 9000 on r1 and that of dp0bond0 1500 on r2: what passes while r1 is master");
	expect_none(FIRST "set " BOND " mtu 1500\n", SECOND);
	/* A vif has its parent's. */
	expect_none(FIRST FIRST_VIF "set " VIF " mtu 1400\n",
	            SECOND SECOND_VIF "set " VIF " mtu 1400\n");
	expect(FIRST FIRST_VIF "set " VIF " mtu 1400\n", SECOND SECOND_VIF, "W P30 " VIF " mtu "
	       "'1400' | " VIF, "is 1400 on r1 and that of dp0bond0.10 1500 on r2");
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_pair_that_fits_has_no_finding),
		cmocka_unit_test(test_p1_interface_without_partner_is_named),
		cmocka_unit_test(test_interfaces_match_by_name_then_network_then_virtual_address),
		cmocka_unit_test(test_link_local_addresses_bring_nothing_together),
		cmocka_unit_test(test_p2_group_on_one_router_is_named),
		cmocka_unit_test(test_p3_address_in_groups_of_two_numbers_is_said_once),
		cmocka_unit_test(test_p4_versions_must_be_equal_or_one_speak_both),
		cmocka_unit_test(test_p5_intervals_are_an_error_in_version_2_and_a_warning_in_3),
		cmocka_unit_test(test_p6_authentication_differs_and_no_password_is_told),
		cmocka_unit_test(test_p7_p8_p9_address_lists_differ_in_members_order_and_length),
		cmocka_unit_test(test_p10_excluded_addresses_differ),
		cmocka_unit_test(test_p11_p12_priority_and_preempt_are_compared),
		cmocka_unit_test(test_p13_sync_groups_must_have_one_shape_not_one_name),
		cmocka_unit_test(test_p14_p15_p16_forms_differ),
		cmocka_unit_test(test_p17_unicast_peers_name_each_other),
		cmocka_unit_test(test_p19_p20_real_addresses_collide),
		cmocka_unit_test(test_p21_connsync_is_mirrored),
		cmocka_unit_test(test_p31_virtual_servers_are_the_same),
		cmocka_unit_test(test_p21_partner_is_named_on_the_network_of_the_interface),
		cmocka_unit_test(test_p22_p24_tracking_is_alike_and_moves_something),
		cmocka_unit_test(test_p23_group_disabled_on_one_router_is_named),
		cmocka_unit_test(test_p25_parties_prefer_one_router),
		cmocka_unit_test(test_p26_vlan_differs),
		cmocka_unit_test(test_p27_what_moves_with_a_group_is_alike),
		cmocka_unit_test(test_p28_announcements_are_alike),
		cmocka_unit_test(test_p29_start_delay_is_alike),
		cmocka_unit_test(test_p30_mtu_is_alike),
	};

	return cmocka_run_group_tests(tests, sample_setup, sample_teardown);
}
