/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Advice: what it is given for, what stands just inside, and that it does not drown the rest.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "sample.h"
#include "sound.h"

static void
test_lint_advises(void **state)
{
	(void)state;
	sample_expect(SOUND "set " VIF " address 10.1.0.2/24\n"
	              "set " VIF " vrrp vrrp-group 2 virtual-address 10.1.0.1\n"
	              "set " VIF " vrrp vrrp-group 2 sync-group T\n",
	              "W interfaces: the groups of this router do not move together "
	              "(S: dp0bond0 group 1; T: dp0bond0.10 group 2)", "[L1]");
	sample_expect_none(SOUND "set " VIF " vrrp vrrp-group 2 virtual-address 10.1.0.1\n"
	                   "set " VIF " vrrp vrrp-group 2 sync-group S\n", "[L1]");
	sample_expect_none(SOUND "set " VIF " vrrp vrrp-group 2 virtual-address 10.1.0.1\n"
	                   "set " VIF " vrrp vrrp-group 2 disable\n", "[L1]");
	sample_expect(SOUND "set " GROUP " preempt true", "W line 2: " GROUP ": preempt is on",
	              "[L2]");
	sample_expect(SOUND "set " GROUP " advertise-interval 6",
	              "W line 5: " GROUP " advertise-interval '6'", "[L3]");
	sample_expect_none(SOUND "set " GROUP " advertise-interval 5", "[L3]");
	sample_expect(SOUND "set " VIF " address 10.1.0.2/24\n"
	              "set " VIF " vrrp vrrp-group 2 virtual-address 10.1.0.1\n"
	              "set " VIF " vrrp vrrp-group 2 rfc-compatibility",
	              "W line 7: " VIF " vrrp vrrp-group 2 rfc-compatibility", "[L4]");
	sample_expect(SOUND "delete " BOND " address", "W line 2: " GROUP ": dp0bond0 has no "
	                                                                  "IPv4 address",
	              "[L5]");
	sample_expect(SOUND "set " VIF " vrrp vrrp-group 2 virtual-address 10.1.0.1\n"
	              "set " VIF " vrrp vrrp-group 2 sync-group S\n"
	              "set " VIF " vrrp vrrp-group 2 preempt false\n"
	              "set " VIF " vrrp vrrp-group 2 priority 7\n",
	              "W line 5: " VIF " vrrp vrrp-group 2: differs in priority", "[L8]");
}

/* One group in each sync group, each on an interface of its own, all of different priorities. */
static char *
many_sync_groups(unsigned count)
{
	char *text = NULL;
	size_t size;
	FILE *out = open_memstream(&text, &size);

	for (unsigned i = 1; i <= count; i++)
		fprintf(out, "set interfaces dataplane eth%u vrrp vrrp-group %u virtual-address "
		        "10.0.0.%u\n"
		        "set interfaces dataplane eth%u vrrp vrrp-group %u sync-group S%u\n"
		        "set interfaces dataplane eth%u vrrp vrrp-group %u priority %u\n",
		        i, i, i, i, i, i, i, i, 100 + i);
	fclose(out);
	return text;
}

static void
test_l1_names_three_sync_groups(void **state)
{
	char *text = many_sync_groups(3);

	(void)state;
	sample_expect(text, "W interfaces: the groups of this router do not move together "
	              "(S1: eth1 group 1; S2: eth2 group 2; S3: eth3 group 3): a fault", "[L1]");
	/* Members of different sync groups may differ. */
	sample_expect_none(text, "[L8]");
	free(text);
	text = many_sync_groups(5);
	sample_expect(text, "W interfaces: ", "S3: eth3 group 3; and 2 more sync groups): a fault");
	free(text);
}

#define ETH_GROUP(n, id, sync) \
	"set interfaces dataplane eth" n " vrrp vrrp-group " id " virtual-address 10." n ".0." id \
	"/24\nset interfaces dataplane eth" n " vrrp vrrp-group " id " sync-group " sync "\n"

/* Two whole ways through the router, and a router with one interface. */
static void
test_l1_is_silent_about_a_shared_load(void **state)
{
	(void)state;
	sample_expect_none(ETH_GROUP("1", "1", "A") ETH_GROUP("1", "2", "B")
	                   ETH_GROUP("2", "1", "A") ETH_GROUP("2", "2", "B"), "[L1]");
	sample_expect_none(ETH_GROUP("1", "1", "A") ETH_GROUP("1", "2", "B"), "[L1]");
	sample_expect_none("set interfaces dataplane eth1 vrrp vrrp-group 1 virtual-address "
	                   "10.1.0.1\nset interfaces dataplane eth1 vrrp vrrp-group 2 "
	                   "virtual-address 10.1.0.2", "[L1]");
	sample_expect(ETH_GROUP("1", "1", "A") ETH_GROUP("1", "2", "B")
	              ETH_GROUP("2", "1", "A"), "W interfaces: the groups of this router", "[L1]");
}

/* Each family is forwarded for itself. */
static void
test_l1_looks_at_each_family(void **state)
{
	const char *six = "set interfaces dataplane eth1 vrrp vrrp-group 6 version 3\n"
		"set interfaces dataplane eth1 vrrp vrrp-group 6 virtual-address fe80::1\n"
		"set interfaces dataplane eth1 vrrp vrrp-group 6 sync-group SIX\n";
	char text[2048];

	(void)state;
	snprintf(text, sizeof(text), ETH_GROUP("1", "1", "FOUR") ETH_GROUP("2", "1", "FOUR") "%s",
	         six);
	sample_expect_none(text, "[L1]");
	snprintf(text, sizeof(text), ETH_GROUP("1", "1", "FOUR") "%s"
	         "set interfaces dataplane eth2 vrrp vrrp-group 6 version 3\n"
	         "set interfaces dataplane eth2 vrrp vrrp-group 6 virtual-address fe80::2\n", six);
	sample_expect(text, "W interfaces: the groups of this router", "[L1]");
}

static void
test_l2_is_silent_where_a_delay_is_given(void **state)
{
	(void)state;
	sample_expect_none(SOUND "set " GROUP " preempt true\nset " GROUP " preempt-delay 30",
	                   "[L2]");
	sample_expect(SOUND "set " GROUP " preempt true\nset " GROUP " preempt-delay 0",
	              "W line 2: " GROUP ": preempt is on", "[L2]");
}

static void
test_l3_long_intervals_of_version_3(void **state)
{
	(void)state;
	sample_expect(SOUND_BOTH "set " GROUP " fast-advertise-interval 5010",
	              "W line 7: " GROUP " fast-advertise-interval '5010': a failover takes",
	              "[L3]");
	sample_expect_none(SOUND_BOTH "set " GROUP " fast-advertise-interval 5000", "[L3]");
}

static void
test_l5_ipv6_makes_its_own_source(void **state)
{
	(void)state;
	sample_expect_none("set " GROUP " version 3\nset " GROUP " virtual-address fe80::1",
	                   "[L5]");
}

static void
test_l10_only_the_first_address_makes_an_owner(void **state)
{
	const char *second = "is also an address of dp0bond0 itself, which has it whoever is "
		"master, so that two routers may answer for it; this router does not become its "
		"owner, because only the first IPv4 address of dp0bond0";

	(void)state;
	sample_expect(SOUND "set " BOND " address 10.0.0.3/24\n"
	              "set " GROUP " virtual-address 10.0.0.3", "W line 6: ", second);
	sample_expect_none(SOUND "set " BOND " address 10.0.0.3/24\n"
	                   "set " GROUP " virtual-address 10.0.0.3", "is its owner");
	sample_expect_none(SOUND "set " BOND " address 10.0.0.3/24\n"
	                   "set " GROUP " virtual-address 10.0.0.3", "[L11]");
	/* Every global address of IPv6, but no link-local one. */
	sample_expect(SOUND_BOTH "set " BOND " address 2001:db8::2/64\n"
	              "set " BOND " address 2001:db8::3/64\n"
	              "set " GROUP " virtual-address 2001:db8::3", "W line 9: ", "is its owner");
	sample_expect(SOUND_BOTH "set " BOND " address fe80::1/64", "W line 6: ",
	              "does not become its owner");
	/* It lives on another interface, which has it: the group sends from its own. */
	sample_expect(SOUND "set " VIF " address 10.7.0.1/24\n"
	              "set " GROUP " virtual-address 10.7.0.1\n"
	              "set " GROUP " virtual-address-interface 10.7.0.1 interface dp0bond0.10",
	              "W line 6: ", "is also an address of dp0bond0.10 itself, which has it");
}

static void
test_l10_l11_owners_are_named(void **state)
{
	const char *member = "set " VIF " address 10.1.0.2/24\n"
		"set " VIF " vrrp vrrp-group 2 virtual-address 10.1.0.1\n"
		"set " VIF " vrrp vrrp-group 2 preempt false\n"
		"set " VIF " vrrp vrrp-group 2 sync-group S\n";
	char text[1024];

	(void)state;
	sample_expect(SOUND "set " GROUP " virtual-address 10.0.0.2",
	              "W line 5: " GROUP " virtual-address '10.0.0.2': is also an address of "
	              "dp0bond0 itself: this router is its owner", "[L10]");
	sample_expect_none(SOUND "set " GROUP " virtual-address 10.0.0.2", "[L11]");
	sample_expect_none(SOUND "set " GROUP " virtual-address 10.0.0.2\nset " GROUP " disable",
	                   "[L10]");
	/* Of another interface: two places for one address, and no owner. */
	sample_expect_none(SOUND "set " VIF " address 10.0.0.1/24", "[L10]");
	snprintf(text, sizeof(text), SOUND "%sset " GROUP " virtual-address 10.0.0.2", member);
	sample_expect(text, "W line 9: " GROUP " virtual-address '10.0.0.2': makes an owner of one "
	              "member of sync group S", "[L11]");
	snprintf(text, sizeof(text), SOUND "%s", member);
	sample_expect_none(text, "W ");
}

static void
test_l12_peers_with_a_virtual_mac(void **state)
{
	(void)state;
	sample_expect(SOUND "set " GROUP " peer-address 10.0.0.3\nset " GROUP " rfc-compatibility",
	              "W line 6: " GROUP " rfc-compatibility: unicast peers", "[L12]");
	sample_expect_none(SOUND "set " GROUP " peer-address 10.0.0.3", "W ");
	sample_expect_none(SOUND "set " GROUP " rfc-compatibility", "W ");
}

static void
test_l13_own_interface_is_watched_anyhow(void **state)
{
	(void)state;
	sample_expect(SOUND "set " GROUP " track interface dp0bond0",
	              "W line 5: " GROUP " track interface dp0bond0: is the interface of the group",
	              "[L13]");
	sample_expect(SOUND "set " GROUP " track-interface dp0bond0",
	              "W line 5: " GROUP " track-interface dp0bond0: is the interface of", "[L13]");
	sample_expect_none(SOUND "set interfaces dataplane eth0\n"
	                   "set " GROUP " track interface eth0", "W ");
}

static void
test_l37_own_interface_is_not_watched(void **state)
{
	static const char excluded[] = SOUND "set " GROUP " track exclude-vrrp-interface\n";
	char text[1024];

	(void)state;
	sample_expect(excluded, "W line 5: " GROUP " track exclude-vrrp-interface: while dp0bond0 "
	              "is down this group is not in FAULT", "[L37]");
	snprintf(text, sizeof(text), "%sset " BOND " disable", excluded);
	sample_expect_none(text, "[L20]");
	/* Its interface may count for the priority all the same. */
	snprintf(text, sizeof(text), "%sset " GROUP " track interface dp0bond0 weight type "
	         "decrement\nset " GROUP " track interface dp0bond0 weight value 10", excluded);
	sample_expect_none(text, "[L13]");
	sample_expect_none(text, "[L38]");
	snprintf(text, sizeof(text), "%sset " GROUP " track interface dp0bond0", excluded);
	sample_expect_none(text, "[L13]");
	sample_expect(text, "W line 6: " GROUP " track interface dp0bond0: is the interface of the "
	              "group itself, and undoes", "[L38]");
}

#define ETH(n) "set interfaces dataplane eth" n "\n"
#define WEIGHT(list, n, type, value) \
	ETH(n) "set " GROUP " " list " eth" n " weight type " type "\n" \
	"set " GROUP " " list " eth" n " weight value " value "\n"

static void
test_l14_weights_lead_out_of_the_band(void **state)
{
	(void)state;
	sample_expect_none(SOUND WEIGHT("track interface", "0", "increment", "100")
	                   WEIGHT("track interface", "1", "increment", "54"), "W ");
	sample_expect(SOUND WEIGHT("track interface", "0", "increment", "100")
	              WEIGHT("track-interface", "1", "increment", "55"),
	              "W line 2: " GROUP ": the weights lead from priority 100 up to 255 and down "
	              "to 100", "[L14]");
	sample_expect_none(SOUND WEIGHT("track interface", "0", "decrement", "99"), "W ");
	sample_expect(SOUND WEIGHT("track interface", "0", "decrement", "99")
	              WEIGHT("track-interface", "1", "decrement", "1"),
	              "W line 2: " GROUP ": the weights lead from priority 100 up to 100 and down "
	              "to 0", "[L14]");
}

static void
test_l20_disabled_interfaces_are_faults(void **state)
{
	const char *member = "set " VIF " address 10.1.0.2/24\n"
		"set " VIF " vrrp vrrp-group 2 virtual-address 10.1.0.1/24\n"
		"set " VIF " vrrp vrrp-group 2 preempt false\n"
		"set " VIF " vrrp vrrp-group 2 sync-group S\n";
	char text[1024];

	(void)state;
	sample_expect(SOUND "set " BOND " disable",
	              "W line 2: " GROUP ": dp0bond0 is disabled, so the group stays in FAULT, and "
	              "with it all of sync group S", "[L20]");
	sample_expect_none(SOUND "set " BOND " disable\nset " GROUP " disable", "[L20]");
	snprintf(text, sizeof(text), SOUND "%sset " BOND " disable", member);
	sample_expect(text, "W line 6: " VIF " vrrp vrrp-group 2: dp0bond0.10 is disabled",
	              "[L20]");
	snprintf(text, sizeof(text), SOUND "%sset " VIF " disable", member);
	sample_expect(text, "W line 6: " VIF " vrrp vrrp-group 2: dp0bond0.10 is disabled",
	              "[L20]");
	sample_expect_none(text, "dp0bond0 is disabled");
}

static void
test_l20_tracked_interfaces_that_are_disabled(void **state)
{
	(void)state;
	sample_expect(SOUND "set interfaces dataplane eth0 disable\n"
	              "set " GROUP " track interface eth0",
	              "W line 6: " GROUP " track interface eth0: this interface is disabled",
	              "[L20]");
	sample_expect_none(SOUND "set interfaces dataplane eth0 disable\n"
	                   WEIGHT("track interface", "0", "decrement", "10"), "[L20]");
}

static void
test_l23_tunnels_need_accept_in_version_3(void **state)
{
	(void)state;
	sample_expect(SOUND "set " GROUP " version 3\nset " GROUP " notify ipsec",
	              "W line 6: " GROUP " notify ipsec: version 3 drops packets", "[L23]");
	sample_expect_none(SOUND "set " GROUP " version 3\nset " GROUP " notify ipsec\n"
	                   "set " GROUP " accept true", "[L23]");
	sample_expect_none(SOUND "set " GROUP " notify ipsec", "[L23]");
}

static void
test_l26_a_sync_group_waits_for_its_slowest_member(void **state)
{
	const char *member = "set " VIF " address 10.1.0.2/24\n"
		"set " VIF " vrrp vrrp-group 2 virtual-address 10.1.0.1/24\n"
		"set " VIF " vrrp vrrp-group 2 preempt false\n";
	char text[1024];

	(void)state;
	snprintf(text, sizeof(text), SOUND "%sset " VIF " vrrp vrrp-group 2 sync-group S\n"
	         "set " VIF " vrrp vrrp-group 2 advertise-interval 3", member);
	sample_expect(text, "W line 6: " VIF " vrrp vrrp-group 2: advertises every 3000 ms, group "
	              "1 on dp0bond0 of the same sync group every 1000 ms", "[L26]");
	/* The same in other words, and groups that do not decide together. */
	snprintf(text, sizeof(text), SOUND "%sset " VIF " vrrp vrrp-group 2 sync-group S\n"
	         "set " VIF " vrrp vrrp-group 2 version 3", member);
	sample_expect_none(text, "[L26]");
	snprintf(text, sizeof(text), SOUND "%sset " VIF " vrrp vrrp-group 2 sync-group T\n"
	         "set " VIF " vrrp vrrp-group 2 advertise-interval 3", member);
	sample_expect_none(text, "[L26]");
}

#define MEMBER2 \
	"set " VIF " address 10.1.0.2/24\n" \
	"set " VIF " vrrp vrrp-group 2 virtual-address 10.1.0.1/24\n" \
	"set " VIF " vrrp vrrp-group 2 preempt false\n" \
	"set " VIF " vrrp vrrp-group 2 sync-group S\n"

static void
test_l31_ipv4_members_speak_one_version(void **state UNUSED)
{
	sample_expect(SOUND MEMBER2 "set " VIF " vrrp vrrp-group 2 version 3\n",
	              "W line 6: " VIF " vrrp vrrp-group 2: speaks version 3, group 1 on dp0bond0 "
	              "of the same sync group version 2", "[L31]");
	sample_expect_none(SOUND MEMBER2, "W ");
	/* IPv6 has no choice. */
	sample_expect_none(SOUND "set " VIF " vrrp vrrp-group 2 virtual-address fe80::1\n"
	                   "set " VIF " vrrp vrrp-group 2 version 3\n"
	                   "set " VIF " vrrp vrrp-group 2 preempt false\n"
	                   "set " VIF " vrrp vrrp-group 2 sync-group S\n", "W ");
}

static void
test_l32_sync_group_of_one_moves_nothing(void **state UNUSED)
{
	/* On one interface, so that nothing parts. */
	const char *beside = "set " GROUP "0 virtual-address 10.0.0.9/24\n"
		"set " GROUP "0 preempt false\n";
	char text[1024];

	snprintf(text, sizeof(text), SOUND "%s", beside);
	sample_expect(text, "W line 2: " GROUP ": is the only member of sync group S", "[L32]");
	snprintf(text, sizeof(text), SOUND "%sset " GROUP "0 sync-group S", beside);
	sample_expect_none(text, "W ");
	snprintf(text, sizeof(text), SOUND "%sset service connsync failover-mechanism vrrp "
	         "sync-group S", beside);
	sample_expect_none(text, "[L32]");
	/* L1 says it better. */
	sample_expect_none(SOUND MEMBER2 "set " VIF " vrrp vrrp-group 2 sync-group T\n", "[L32]");
}

static void
test_l33_bond_without_members(void **state UNUSED)
{
	const char *other = "set interfaces bonding dp0bond1\n"
		"set interfaces dataplane eth0 bond-group dp0bond1\n";
	char text[1024];

	snprintf(text, sizeof(text), SOUND "%s", other);
	sample_expect(text, "W line 1: " BOND ": has groups, and no members: it never", "[L33]");
	snprintf(text, sizeof(text), SOUND "%sset interfaces dataplane eth1 bond-group dp0bond0",
	         other);
	sample_expect_none(text, "W ");
	snprintf(text, sizeof(text), "%sset interfaces bonding dp0bond0\n"
	         "set " VIF " address 10.1.0.2/24\n"
	         "set " VIF " vrrp vrrp-group 2 virtual-address 10.1.0.1/24\n", other);
	sample_expect(text, "W line 3: " BOND ": has groups, and no members", "[L33]");
	/* Where no bond has any, members are given elsewhere. */
	sample_expect_none(SOUND, "W ");
}

/* count groups, each with preempt on, in a text that is otherwise sound; heap. */
static char *
many_groups(unsigned count)
{
	char *text = NULL;
	size_t size;
	FILE *out = open_memstream(&text, &size);

	fputs("set interfaces dataplane eth0 address 10.0.0.254/16\n", out);
	for (unsigned i = 1; i <= count; i++)
		fprintf(out, "set interfaces dataplane eth0 vrrp vrrp-group %u virtual-address "
		        "10.0.0.%u\n"
		        "set interfaces dataplane eth0 vrrp vrrp-group %u sync-group S\n",
		        i, i, i);
	fclose(out);
	return text;
}

static unsigned
count_of(const char *text, const char *part)
{
	unsigned count = 0;

	for (; (text = strstr(text, part)); text++)
		count++;
	return count;
}

static void
test_repeated_advice_is_folded(void **state)
{
	char *text = many_groups(5), *lines = sample_problems(text);

	(void)state;
	assert_int_equal(count_of(lines, "[L2]"), 5);
	assert_int_equal(count_of(lines, "more like this"), 0);
	free(text);
	free(lines);

	text = many_groups(253);
	lines = sample_problems(text);
	assert_int_equal(count_of(lines, "[L2]"), 4);
	assert_int_equal(count_of(lines, "W and 250 more like this [L2]\n"), 1);
	assert_non_null(strstr(lines, "vrrp-group 3: preempt is on"));
	assert_null(strstr(lines, "vrrp-group 4: preempt is on"));
	free(text);
	free(lines);
}

/* Every error stands, whatever their number. */
static void
test_errors_are_never_folded(void **state)
{
	char *text = many_groups(50), *more = NULL, *lines;
	size_t size;
	FILE *out = open_memstream(&more, &size);

	(void)state;
	fputs(text, out);
	for (unsigned i = 1; i <= 50; i++)
		fprintf(out, "set interfaces dataplane eth0 vrrp vrrp-group %u accept true\n", i);
	fclose(out);
	lines = sample_problems(more);
	assert_int_equal(count_of(lines, "[C5]"), 50);
	assert_int_equal(count_of(lines, "[L2]"), 4);
	free(text);
	free(more);
	free(lines);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_lint_advises),
		cmocka_unit_test(test_l1_names_three_sync_groups),
		cmocka_unit_test(test_l1_is_silent_about_a_shared_load),
		cmocka_unit_test(test_l1_looks_at_each_family),
		cmocka_unit_test(test_l2_is_silent_where_a_delay_is_given),
		cmocka_unit_test(test_l3_long_intervals_of_version_3),
		cmocka_unit_test(test_l5_ipv6_makes_its_own_source),
		cmocka_unit_test(test_l10_only_the_first_address_makes_an_owner),
		cmocka_unit_test(test_l10_l11_owners_are_named),
		cmocka_unit_test(test_l12_peers_with_a_virtual_mac),
		cmocka_unit_test(test_l13_own_interface_is_watched_anyhow),
		cmocka_unit_test(test_l37_own_interface_is_not_watched),
		cmocka_unit_test(test_l14_weights_lead_out_of_the_band),
		cmocka_unit_test(test_l20_disabled_interfaces_are_faults),
		cmocka_unit_test(test_l20_tracked_interfaces_that_are_disabled),
		cmocka_unit_test(test_l23_tunnels_need_accept_in_version_3),
		cmocka_unit_test(test_l26_a_sync_group_waits_for_its_slowest_member),
		cmocka_unit_test(test_l31_ipv4_members_speak_one_version),
		cmocka_unit_test(test_l32_sync_group_of_one_moves_nothing),
		cmocka_unit_test(test_l33_bond_without_members),
		cmocka_unit_test(test_repeated_advice_is_folded),
		cmocka_unit_test(test_errors_are_never_folded),
	};

	return cmocka_run_group_tests(tests, sample_setup, sample_teardown);
}
