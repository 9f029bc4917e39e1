/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Unicast peers, and routes, rules and router advertisements that move with a group.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "sample.h"
#include "sound.h"

#define SECOND \
	"set " GROUP " sync-group S\n" \
	"set " VIF " address 10.1.0.2/24\n" \
	"set " VIF " vrrp vrrp-group 2 virtual-address 10.1.0.1\n"

static void
test_u1_u2_u4_peers_are_other_routers(void **state)
{
	static const char *const wrong[] = { "0.0.0.0", "224.0.0.18", "127.0.0.1" };
	char text[1024];

	(void)state;
	sample_expect_none(SOUND "set " GROUP " peer-address 10.0.0.3 minimum-ttl 200", "E ");
	sample_expect(SOUND "set " GROUP " peer-address 2001:db8::3",
	              "E line 5: " GROUP " peer-address 2001:db8::3: the group has no IPv6 virtual "
	              "address", "[U1]");
	sample_expect_none(SOUND_BOTH "set " GROUP " peer-address 2001:db8::3\n"
	                   "set " GROUP " peer-address 10.0.0.3", "E ");
	sample_expect(SOUND "set " GROUP " peer-address 10.0.0.2",
	              "E line 5: " GROUP " peer-address 10.0.0.2: is an address of this router "
	              "itself", "[U2]");
	sample_expect(SOUND "set " VIF " address 10.1.0.2/24\nset " GROUP " peer-address 10.1.0.2",
	              "E line 6: ", "is an address of this router itself");
	sample_expect(SOUND "set " GROUP " peer-address 10.0.0.1",
	              "E line 5: " GROUP " peer-address 10.0.0.1: is a virtual address of the "
	              "group", "[U2]");
	sample_expect(SOUND "set " GROUP " excluded-address 10.0.0.9\n"
	              "set " GROUP " peer-address 10.0.0.9", "E line 6: ", "[U2]");
	for (size_t i = 0; i < ARRAY_SIZE(wrong); i++) {
		snprintf(text, sizeof(text), SOUND "set " GROUP " peer-address %s", wrong[i]);
		sample_expect(text, "E line 5: ", "is no address of a router");
	}
	sample_expect(SOUND_BOTH "set " GROUP " peer-address 2001:db8::3\n"
	              "set " GROUP " peer-address 2001:DB8::3",
	              "E line 8: " GROUP " peer-address 2001:DB8::3: the group has this peer twice",
	              "[U4]");
	sample_expect(SOUND "set " GROUP " peer-address 10.0.0.3 minimum-ttl 0",
	              "E line 5: ", "must be a number from 1 to 255");
}

static void
test_u3_sixteen_peers_at_most(void **state)
{
	char text[4096] = SOUND;
	size_t used = strlen(text);

	(void)state;
	for (unsigned i = 0; i < 16; i++)
		used += (size_t)snprintf(text + used, sizeof(text) - used,
		                         "set " GROUP " peer-address 10.0.1.%u\n", i + 1);
	sample_expect_none(text, "E ");
	snprintf(text + used, sizeof(text) - used, "set " GROUP " peer-address 10.0.2.1\n");
	sample_expect(text, "E line 2: " GROUP ": peer-address is given 17 times", "[U3]");
}

static void
test_m1_routes_lead_somewhere(void **state)
{
	(void)state;
	sample_expect_none(SOUND "set " GROUP " virtual-route 0.0.0.0/0 next-hop 10.0.0.254", "E ");
	sample_expect_none(SOUND "set " GROUP " virtual-route 10.9.0.0/16 interface dp0bond0",
	                   "E ");
	sample_expect_none(SOUND "set " GROUP " virtual-route 10.9.0.0/16 blackhole", "E ");
	sample_expect(SOUND "set " GROUP " virtual-route 10.9.0.0/16 metric 5",
	              "E line 5: " GROUP " virtual-route 10.9.0.0/16: the route leads nowhere",
	              "[M1]");
	sample_expect(SOUND "set " GROUP " virtual-route 10.9.0.0/16 blackhole\n"
	              "set " GROUP " virtual-route 10.9.0.0/16 next-hop 10.0.0.254",
	              "E line 5: ", "a blackhole has no next-hop");
	sample_expect(SOUND "set " GROUP " virtual-rule 100 from 10.9.0.0/16",
	              "E line 5: " GROUP " virtual-rule 100: table is missing", "[M1]");
	sample_expect_none(SOUND "set " GROUP " virtual-rule 100 table 7", "E ");
	sample_expect(SOUND "set " GROUP " virtual-rule 32766 table 7",
	              "E line 5: ", "must be a number from 1 to 32765");
}

static void
test_m2_networks_and_families_of_routes_and_rules(void **state)
{
	(void)state;
	sample_expect(SOUND "set " GROUP " virtual-route 10.9.0.1/16 blackhole",
	              "E line 5: ", "write 10.9.0.0/16 [M2]");
	sample_expect(SOUND "set " GROUP " virtual-route 2001:db8::/32 blackhole",
	              "E line 5: " GROUP " virtual-route 2001:db8::/32: the group has no IPv6 "
	              "virtual address", "[M2]");
	sample_expect_none(SOUND_BOTH "set " GROUP " virtual-route 2001:db8::/32 blackhole\n"
	                   "set " GROUP " virtual-route 2001:db8:1::/48 next-hop 2001:db8::9\n"
	                   "set " GROUP " virtual-route 10.9.0.0/16 next-hop 10.0.0.9", "E ");
	sample_expect(SOUND_BOTH "set " GROUP " virtual-route 10.9.0.0/16 next-hop 2001:db8::9",
	              "E line 7: " GROUP " virtual-route 10.9.0.0/16 next-hop '2001:db8::9': is of "
	              "another family", "[M2]");
	sample_expect(SOUND_BOTH "set " GROUP " virtual-route 10.9.0.0/16 blackhole\n"
	              "set " GROUP " virtual-route 10.9.0.0/16 source 2001:db8::9",
	              "E line 8: ", "[M2]");
	sample_expect(SOUND "set " GROUP " virtual-route 10.9.0.0/16 next-hop 224.0.0.1",
	              "E line 5: ", "is no address of a router");
	sample_expect(SOUND "set " GROUP " virtual-rule 100 table 7\n"
	              "set " GROUP " virtual-rule 100 from 10.9.0.1/16",
	              "E line 5: ", "write 10.9.0.0/16 [M2]");
	sample_expect(SOUND_BOTH "set " GROUP " virtual-rule 100 table 7\n"
	              "set " GROUP " virtual-rule 100 from 10.9.0.0/16\n"
	              "set " GROUP " virtual-rule 100 to 2001:db8::/32",
	              "E line 7: " GROUP " virtual-rule 100: from and to are of different", "[M2]");
	sample_expect(SOUND "set " GROUP " virtual-rule 100 table 7\n"
	              "set " GROUP " virtual-rule 100 to 2001:db8::/32",
	              "E line 5: " GROUP " virtual-rule 100: the group has no IPv6", "[M2]");
	sample_expect(SOUND "set " GROUP " virtual-rule 100 table 7\n"
	              "set " GROUP " virtual-rule 100 from 2001:db8::/32",
	              "E line 5: " GROUP " virtual-rule 100: the group has no IPv6", "[M2]");
}

static void
test_m3_routes_and_rules_belong_to_one_group(void **state)
{
	(void)state;
	sample_expect(SOUND SECOND "set " GROUP " virtual-route 10.9.0.0/16 blackhole\n"
	              "set " VIF " vrrp vrrp-group 2 virtual-route 10.9.0.0/16 blackhole",
	              "E line 9: " VIF " vrrp vrrp-group 2 virtual-route 10.9.0.0/16: group 1 on "
	              "dp0bond0 has the same", "[M3]");
	sample_expect_none(SOUND SECOND "set " GROUP " virtual-route 10.9.0.0/16 blackhole\n"
	                   "set " VIF " vrrp vrrp-group 2 virtual-route 10.9.0.0/16 blackhole\n"
	                   "set " VIF " vrrp vrrp-group 2 virtual-route 10.9.0.0/16 table 7", "E ");
	sample_expect_none(SOUND SECOND "set " GROUP " virtual-route 10.9.0.0/16 blackhole\n"
	                   "set " VIF " vrrp vrrp-group 2 virtual-route 10.9.0.0/16 blackhole\n"
	                   "set " VIF " vrrp vrrp-group 2 virtual-route 10.9.0.0/16 metric 7",
	                   "E ");
	sample_expect(SOUND SECOND "set " GROUP " virtual-rule 100 table 7\n"
	              "set " VIF " vrrp vrrp-group 2 virtual-rule 100 table 7",
	              "E line 9: ", "[M3]");
	sample_expect_none(SOUND SECOND "set " GROUP " virtual-rule 100 table 7\n"
	                   "set " VIF " vrrp vrrp-group 2 virtual-rule 100 table 7\n"
	                   "set " VIF " vrrp vrrp-group 2 virtual-rule 100 mark 3", "E ");
}

/* It takes neither along, as it never is master. */
static void
test_m3_disabled_group_has_no_routes_and_rules(void **state)
{
	(void)state;
	sample_expect_none(SOUND SECOND "set " GROUP " virtual-route 10.9.0.0/16 blackhole\n"
	                   "set " VIF " vrrp vrrp-group 2 virtual-route 10.9.0.0/16 blackhole\n"
	                   "set " VIF " vrrp vrrp-group 2 disable", "[M3]");
	sample_expect_none(SOUND SECOND "set " GROUP " virtual-rule 100 mark 3\n"
	                   "set " GROUP " disable\n"
	                   "set " VIF " vrrp vrrp-group 2 virtual-rule 100 mark 3", "[M3]");
}

#define THIRD SOUND_BOTH \
	"set " VIF " address 10.1.0.2/24\n" \
	"set " VIF " vrrp vrrp-group 2 sync-group S\n" \
	"set " VIF " vrrp vrrp-group 2 version 3\n" \
	"set " VIF " vrrp vrrp-group 2 preempt false\n" \
	"set " VIF " vrrp vrrp-group 2 virtual-address fe80::2\n"
#define RULE_OF_1 "set " GROUP " virtual-rule 100 table 7\n"
#define RULE_OF_2 "set " VIF " vrrp vrrp-group 2 virtual-rule 100 "

/* What counts is what the kernel compares, however it is written. */
static void
test_m3_compares_addresses_and_families(void **state)
{
	(void)state;
	sample_expect(THIRD RULE_OF_1 "set " GROUP " virtual-rule 100 from 2001:db8::/32\n"
	              RULE_OF_2 "table 7\n" RULE_OF_2 "from 2001:DB8:0::/32",
	              "E line 14: ", "[M3]");
	sample_expect_none(THIRD RULE_OF_1 "set " GROUP " virtual-rule 100 from 2001:db8::/32\n"
	                   RULE_OF_2 "table 7\n" RULE_OF_2 "from 2001:db8::/33", "E ");
	/* Of both families here, of IPv6 there: twice the same in IPv6. */
	sample_expect(THIRD RULE_OF_1 RULE_OF_2 "table 7", "E line 13: ", "[M3]");
	/* All addresses of IPv6 are what is meant without an address, too; IPv4 is not. */
	sample_expect(THIRD RULE_OF_1 "set " GROUP " virtual-rule 100 to ::/0\n"
	              RULE_OF_2 "table 7", "E line 14: ", "[M3]");
	sample_expect_none(THIRD RULE_OF_1 "set " GROUP " virtual-rule 100 to 0.0.0.0/0\n"
	                   RULE_OF_2 "table 7", "[M3]");
	/* The kernel's metric of IPv6 is 1024 unless another is given. */
	sample_expect(THIRD "set " GROUP " virtual-route 2001:db8::/32 blackhole\n"
	              "set " VIF " vrrp vrrp-group 2 virtual-route 2001:DB8::/32 blackhole\n"
	              "set " VIF " vrrp vrrp-group 2 virtual-route 2001:DB8::/32 metric 1024",
	              "E line 13: ", "[M3]");
}

static void
test_m4_interfaces_of_routes(void **state)
{
	(void)state;
	sample_expect(SOUND "set " GROUP " virtual-route 10.9.0.0/16 interface eth7",
	              "E line 5: " GROUP " virtual-route 10.9.0.0/16 interface 'eth7': there is no "
	              "such interface", "[M4]");
	sample_expect(SOUND_BOTH "set " GROUP " virtual-route 2001:db8::/32 next-hop fe80::9",
	              "E line 7: " GROUP " virtual-route 2001:db8::/32 next-hop 'fe80::9': a "
	              "link-local address", "[M4]");
	sample_expect_none(SOUND_BOTH "set " GROUP " virtual-route 2001:db8::/32 next-hop fe80::9\n"
	                   "set " GROUP " virtual-route 2001:db8::/32 interface dp0bond0", "E ");
}

#define ADVERTISE "set " GROUP " router-advertisements"

static void
test_m5_router_advertisements(void **state)
{
	(void)state;
	sample_expect_none(SOUND_BOTH ADVERTISE, "E ");
	sample_expect(SOUND ADVERTISE, "E line 5: " GROUP " router-advertisements: the group has "
	              "no IPv6 virtual address", "[M5]");
	sample_expect(SOUND_BOTH ADVERTISE " lifetime 599",
	              "E line 7: " GROUP " router-advertisements lifetime '599': is shorter than "
	              "the interval of 600 seconds", "[M5]");
	sample_expect_none(SOUND_BOTH ADVERTISE " lifetime 0", "E ");
	sample_expect_none(SOUND_BOTH ADVERTISE " lifetime 600", "E ");
	sample_expect_none(SOUND_BOTH ADVERTISE " prefix 2001:db8::/64", "E ");
	sample_expect(SOUND_BOTH ADVERTISE " prefix 2001:db8::1/64",
	              "E line 7: ", "write 2001:db8::/64 [M5]");
	sample_expect(SOUND_BOTH ADVERTISE " prefix 10.0.0.0/24",
	              "E line 7: ", "must be an IPv6 network");
	sample_expect(SOUND_BOTH ADVERTISE " prefix 2001:db8::/64 valid-lifetime 100",
	              "E line 7: ", "is longer than the valid-lifetime of 100 seconds");
	sample_expect(SOUND_BOTH ADVERTISE " prefix 2001:db8::/64 valid-lifetime 100\n"
	              ADVERTISE " prefix 2001:db8::/64 preferred-lifetime 101",
	              "E line 8: " GROUP " router-advertisements prefix 2001:db8::/64 "
	              "preferred-lifetime '101'", "[M5]");
	sample_expect_none(SOUND_BOTH ADVERTISE " prefix 2001:db8::/64 valid-lifetime 100\n"
	                   ADVERTISE " prefix 2001:db8::/64 preferred-lifetime 100", "E ");
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_u1_u2_u4_peers_are_other_routers),
		cmocka_unit_test(test_u3_sixteen_peers_at_most),
		cmocka_unit_test(test_m1_routes_lead_somewhere),
		cmocka_unit_test(test_m2_networks_and_families_of_routes_and_rules),
		cmocka_unit_test(test_m3_routes_and_rules_belong_to_one_group),
		cmocka_unit_test(test_m3_disabled_group_has_no_routes_and_rules),
		cmocka_unit_test(test_m3_compares_addresses_and_families),
		cmocka_unit_test(test_m4_interfaces_of_routes),
		cmocka_unit_test(test_m5_router_advertisements),
	};

	return cmocka_run_group_tests(tests, sample_setup, sample_teardown);
}
