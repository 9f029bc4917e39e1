/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The mistakes that routers of this kind have let pass, each with the rule that finds it here and
 * the least change that brings it about.  What only the wire, the other router or the moment can
 * show is not here: unknown groups and two masters are alarms of "show vrrp alarms", a pair of
 * configurations is judged by P1 and following (test_pair.c), a commit that moves masters by L30
 * (test_meeting.c).
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "sample.h"
#include "sound.h"

#define MEMBER VIF " vrrp vrrp-group 2"
#define SECOND_GROUP(sync) \
	"set " VIF " address 10.1.0.2/24\n" \
	"set " MEMBER " virtual-address 10.1.0.1/24\n" \
	"set " MEMBER " preempt false\n" \
	"set " MEMBER " sync-group " sync "\n"
#define ETH(address) "set interfaces dataplane eth0 address " address "\n"
#define ETH_GROUP "interfaces dataplane eth0 vrrp vrrp-group 1"

static const struct {
	const char *opening;
	const char *lines;		/* added to a sound configuration */
	const char *rule;
} openings[] = {
	{ "groups of one router in different sync groups, which a reset divides",
	  SECOND_GROUP("T"), "L1" },
	{ "preempt left on", "set " GROUP " preempt true\n", "L2" },
	{ "an interval above 5 seconds", "set " GROUP " advertise-interval 6\n", "L3" },
	{ "a virtual MAC address on a vif",
	  SECOND_GROUP("S") "set " MEMBER " rfc-compatibility\n", "L4" },
	{ "an interface without an address of the family",
	  SECOND_GROUP("S") "delete " VIF " address\n", "L5" },
	{ "connsync follows another sync group than its interface",
	  SECOND_GROUP("T") "set service connsync failover-mechanism vrrp sync-group T\n"
	  "set service connsync interface dp0bond0\nset service connsync remote-peer 10.0.0.3\n",
	  "L6" },
	{ "a real address is also virtual on another interface",
	  ETH("10.0.0.1/24"), "L7" },
	{ "members of a sync group differ in priority",
	  SECOND_GROUP("S") "set " MEMBER " priority 7\n", "L8" },
	{ "members of a sync group differ in preempt",
	  SECOND_GROUP("S") "set " MEMBER " preempt true\n", "L8" },
	{ "members of a sync group differ in their interval",
	  SECOND_GROUP("S") "set " MEMBER " advertise-interval 2\n", "L26" },
	{ "members of a sync group differ in their version",
	  SECOND_GROUP("S") "set " MEMBER " version 3\n", "L31" },
	{ "a sync group of one member, which moves nothing",
	  "set " GROUP "0 virtual-address 10.0.0.9/24\n", "L32" },
	{ "a virtual address is the real one: an owner by accident",
	  "set " GROUP " virtual-address 10.0.0.2\n", "L10" },
	{ "an owner in a sync group whose other members are none",
	  SECOND_GROUP("S") "set " GROUP " virtual-address 10.0.0.2\n", "L11" },
	{ "one virtual address in two groups of an interface",
	  "set " GROUP "0 virtual-address 10.0.0.1/24\n", "V1" },
	{ "one virtual address in groups of two interfaces",
	  SECOND_GROUP("S") "set " MEMBER " virtual-address 10.0.0.1/24\n", "L7" },
	{ "a virtual address in no network of its interface",
	  "set " GROUP " virtual-address 10.9.0.1\n", "L15" },
	{ "a virtual address in the network of another interface",
	  ETH("10.5.0.2/24") "set " GROUP " virtual-address 10.5.0.1/24\n", "L16" },
	{ "one group number, and so one virtual MAC address, twice on one segment",
	  ETH("10.0.0.4/24") "set " ETH_GROUP " virtual-address 10.0.0.7/24\n"
	  "set " ETH_GROUP " preempt false\nset " ETH_GROUP " sync-group S\n", "L17" },
	{ "two members of one sync group on one segment",
	  ETH("10.0.0.4/24") "set interfaces dataplane eth0 vrrp vrrp-group 7 virtual-address "
	  "10.0.0.7/24\nset interfaces dataplane eth0 vrrp vrrp-group 7 sync-group S\n"
	  "set interfaces dataplane eth0 vrrp vrrp-group 7 preempt false\n", "L43" },
	{ "IPv6 in version 2", "set " GROUP " virtual-address fe80::1\n", "C7" },
	{ "priority and weights lead out of 1 to 254",
	  "set interfaces dataplane eth0\n"
	  "set " GROUP " track interface eth0 weight type decrement\n"
	  "set " GROUP " track interface eth0 weight value 200\n", "L14" },
	{ "the partner of connsync is on no network of its interface",
	  "set service connsync failover-mechanism vrrp sync-group S\n"
	  "set service connsync interface dp0bond0\nset service connsync remote-peer 10.124.10.4\n",
	  "L22" },
	{ "a bond without members, where another has some",
	  "set interfaces bonding dp0bond1\n"
	  "set interfaces dataplane eth0 bond-group dp0bond1\n", "L33" },
};

static void
test_every_opening_is_found_by_its_rule(void **state UNUSED)
{
	for (size_t i = 0; i < ARRAY_SIZE(openings); i++) {
		char text[2048], number[16], *told;

		snprintf(text, sizeof(text), SOUND "%s", openings[i].lines);
		snprintf(number, sizeof(number), "[%s]", openings[i].rule);
		told = sample_problems(text);
		if (!strstr(told, number))
			fail_msg("%s: %s is not among\n%s", openings[i].opening, number, told);
		free(told);
		told = sample_problems(SOUND);
		assert_null(strstr(told, number));
		free(told);
	}
}

/* What the provisioned pair has, and nothing else; the first is the worst. */
static void
test_provisioned_router_gets_what_an_engineer_would_say(void **state UNUSED)
{
	static const char *const wanted[] = { "[L1]", "[L35]", "[L46]", "[L6]", "[L22]" };
	char *text = sample_file(GOLDEN_DIR "/seed.conf"), *told = sample_problems(text);
	const char *at = told;

	assert_memory_equal(told, "W interfaces: the groups of this router", 39);
	for (size_t i = 0; i < ARRAY_SIZE(wanted); i++) {
		at = strstr(at, wanted[i]);
		assert_non_null(at);
		at++;
	}
	for (const char *advice = strstr(told, "[L"); advice; advice = strstr(advice + 1, "[L")) {
		bool known = false;

		for (size_t i = 0; i < ARRAY_SIZE(wanted); i++)
			known |= strncmp(advice, wanted[i], strlen(wanted[i])) == 0;
		assert_true(known);
	}
	free(told);
	free(text);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_every_opening_is_found_by_its_rule),
		cmocka_unit_test(test_provisioned_router_gets_what_an_engineer_would_say),
	};

	return cmocka_run_group_tests(tests, sample_setup, sample_teardown);
}
