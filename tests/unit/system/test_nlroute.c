/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Routes and rules as netlink messages: what a step asks for reads back as the same, and what
 * others made is understood as far as it matters.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

#include <libmnl/libmnl.h>
#include <linux/fib_rules.h>
#include <linux/rtnetlink.h>

#include "core/ifworld.h"
#include "system/netlink.h"
#include "system/nlroute.h"
#include "system/nlrule.h"

static _Alignas(8) uint8_t buffer[NETLINK_REQUEST_MAX];

static struct prefix
prefix_of(const char *text)
{
	struct prefix prefix;

	assert_true(prefix_parse(text, &prefix));
	return prefix;
}

static struct ifstep
route_step(const char *destination)
{
	struct ifstep step = { .kind = IFSTEP_ADD_ROUTE };

	step.route = (struct ifroute){ .protocol = MARK_VIRTUAL, .table = IFROUTE_MAIN,
	                               .destination = prefix_of(destination),
	                               .hop_count = 1, .hops = { { .link = 7 } } };
	return step;
}

/* ---- routes ---- */

static void
test_route_reads_back_as_written(void **state UNUSED)
{
	struct ifstep steps[] = { route_step("10.9.0.0/16"), route_step("0.0.0.0/0"),
	                          route_step("2001:db8::/32"), route_step("::/0") };
	struct ifroute there;

	steps[0].route.metric = 5;
	steps[0].route.table = 100000;
	steps[1].route.hops[0].gateway = prefix_of("10.0.0.9").ip;
	steps[1].route.source = prefix_of("10.0.0.1").ip;
	steps[3].route.hops[0].gateway = prefix_of("fe80::1").ip;
	for (unsigned i = 0; i < ARRAY_SIZE(steps); i++) {
		assert_true(nlroute_decode(nlroute_change(buffer, &steps[i]), &there));
		assert_true(ifroute_fulfils(&there, &steps[i].route));
		assert_int_equal(there.protocol, MARK_VIRTUAL);
		/* Whatever it leads to, the same one is removed. */
		steps[i].kind = IFSTEP_REMOVE_ROUTE;
		assert_true(nlroute_decode(nlroute_change(buffer, &steps[i]), &there));
		assert_true(ifroute_same(&there, &steps[i].route));
		assert_int_equal(there.protocol, MARK_VIRTUAL);
		assert_int_equal(there.hops[0].gateway.family, 0);
	}
}

static void
test_next_hops_that_share_read_back_as_written(void **state UNUSED)
{
	static const char *const gateways[2][2] = { { "10.0.0.9", "10.2.0.9" },
	                                            { "fe80::1", "fe80::2" } };

	for (unsigned family = 0; family < 2; family++) {
		struct ifstep step = route_step(family == 0 ? "0.0.0.0/0" : "::/0");
		struct ifroute there;

		step.kind = IFSTEP_NEW_ROUTE;
		step.route.protocol = MARK_REAL;
		step.route.metric = 20;
		for (unsigned i = 0; i < IFROUTE_HOPS; i++) {
			step.route.hops[i].gateway = prefix_of(gateways[family][i % 2]).ip;
			step.route.hops[i].link = 7 + (int)i;
		}
		for (unsigned count = 1; count <= IFROUTE_HOPS; count++) {
			struct nlmsghdr *message;

			step.route.hop_count = (uint8_t)count;
			message = nlroute_change(buffer, &step);
			assert_true(message->nlmsg_flags & NLM_F_EXCL);
			assert_true(nlroute_decode(message, &there));
			assert_true(ifroute_fulfils(&there, &step.route));
			assert_int_equal(there.protocol, MARK_REAL);
			there.hops[count - 1].link++;
			assert_false(ifroute_fulfils(&there, &step.route));
		}
	}
}

static void
test_gateway_of_a_next_hop_of_the_wrong_size_is_refused(void **state UNUSED)
{
	struct ifstep step = route_step("::/0");
	struct nlmsghdr *message;
	struct ifroute there;

	step.route.hop_count = 2;
	step.route.hops[0].gateway = prefix_of("10.0.0.1").ip;	/* of another family */
	step.route.hops[1] = step.route.hops[0];
	message = nlroute_change(buffer, &step);
	assert_false(nlroute_decode(message, &there));
}

static void
test_refusal_reads_back_as_one(void **state UNUSED)
{
	struct ifstep step = route_step("10.66.0.0/16");
	struct ifroute there;

	step.route.kind = IFROUTE_REFUSAL;
	step.route.hop_count = 0;
	assert_true(nlroute_decode(nlroute_change(buffer, &step), &there));
	assert_true(ifroute_fulfils(&there, &step.route));
	assert_false(there.answers);
	step.route.answers = true;
	assert_false(ifroute_fulfils(&there, &step.route));
	assert_true(nlroute_decode(nlroute_change(buffer, &step), &there));
	assert_true(ifroute_fulfils(&there, &step.route));
}

static void
test_several_next_hops_are_counted_and_the_first_remembered(void **state UNUSED)
{
	for (unsigned count = 1; count < 20; count++) {
		struct ifstep step = route_step("10.9.0.0/16");
		struct rtnexthop hops[20] = { 0 };
		struct nlmsghdr *message;
		struct ifroute there;

		step.route.hop_count = 0;
		message = nlroute_change(buffer, &step);
		for (unsigned i = 0; i < count; i++)
			hops[i] = (struct rtnexthop){ .rtnh_len = sizeof(hops[0]),
			                              .rtnh_ifindex = (int)i + 100 };
		mnl_attr_put(message, RTA_MULTIPATH, count * sizeof(hops[0]), hops);
		assert_true(nlroute_decode(message, &there));
		assert_int_equal(there.hop_count,
		                 count > IFROUTE_HOPS ? IFROUTE_HOPS + 1 : count);
		for (unsigned i = 0; i < count && i < IFROUTE_HOPS; i++)
			assert_int_equal(there.hops[i].link, 100 + i);
	}
}

static void
test_next_hop_with_a_false_length_ends_the_list(void **state UNUSED)
{
	static const uint16_t lengths[] = { 0, 1, sizeof(struct rtnexthop) - 1, 9, 200, 65535 };

	for (unsigned i = 0; i < ARRAY_SIZE(lengths); i++) {
		struct rtnexthop hop = { .rtnh_len = lengths[i], .rtnh_ifindex = 5 };
		struct ifstep step = route_step("10.9.0.0/16");
		struct nlmsghdr *message;
		struct ifroute there;

		step.route.hop_count = 0;
		message = nlroute_change(buffer, &step);
		mnl_attr_put(message, RTA_MULTIPATH, sizeof(hop), &hop);
		assert_true(nlroute_decode(message, &there));
		assert_int_equal(there.hop_count, 0);
	}
}

static void
test_address_of_the_wrong_size_is_left_out(void **state UNUSED)
{
	struct ifstep step = route_step("::/0");
	struct nlmsghdr *message = nlroute_change(buffer, &step);
	struct ifroute there;

	mnl_attr_put(message, RTA_GATEWAY, 4, "\x0a\x00\x00\x01");
	assert_false(nlroute_decode(message, &there));
}

static void
test_local_routes_of_others_are_no_stand_ins(void **state UNUSED)
{
	struct ifstep step = route_step("10.0.0.1/32");
	struct nlmsghdr *message = nlroute_change(buffer, &step);
	struct rtmsg *info = mnl_nlmsg_get_payload(message);
	struct ifroute there;

	info->rtm_type = RTN_LOCAL;
	assert_true(nlroute_decode(message, &there));
	assert_int_equal(there.kind, IFROUTE_STAND_IN);
	info->rtm_protocol = RTPROT_KERNEL;
	assert_true(nlroute_decode(message, &there));
	assert_int_equal(there.kind, IFROUTE_OTHER);
}

/* ---- rules ---- */

static void
test_rule_reads_back_as_written(void **state UNUSED)
{
	struct ifrule rules[] = {
		{ .family = 4, .priority = 1, .table = 254 },
		{ .family = 4, .priority = 2, .table = 100000, .mark = 7 },
		{ .family = 6, .priority = 3, .table = 10 },
	};
	struct ifrule there;

	rules[1].from = prefix_of("10.0.0.0/8");
	rules[1].to = prefix_of("10.1.0.0/16");
	strcpy(rules[2].in, "fifteen-letters");
	strcpy(rules[2].out, "o");
	for (unsigned i = 0; i < ARRAY_SIZE(rules); i++) {
		struct ifstep step = { .kind = IFSTEP_ADD_RULE };

		step.rule = rules[i];
		assert_true(nlrule_decode(nlrule_change(buffer, &step), &there));
		assert_true(ifrule_equal(&there, &rules[i]));
		assert_int_equal(there.protocol, MARK_VIRTUAL);
		assert_int_equal(there.action, IFRULE_TABLE);
		assert_int_equal(there.plain, i == 0);
	}
}

static void
test_rule_with_any_condition_is_not_plain(void **state UNUSED)
{
	static const uint16_t conditions[] = { FRA_TUN_ID, FRA_UID_RANGE, FRA_IP_PROTO,
	                                       FRA_SPORT_RANGE, FRA_DPORT_RANGE, FRA_L3MDEV };
	struct ifstep step = { .kind = IFSTEP_ADD_RULE };
	struct fib_rule_hdr *info;
	struct nlmsghdr *message;
	struct ifrule there;

	step.rule = (struct ifrule){ .family = 4, .priority = 1, .table = 254 };
	for (unsigned i = 0; i < ARRAY_SIZE(conditions); i++) {
		message = nlrule_change(buffer, &step);
		mnl_attr_put_u8(message, conditions[i], 1);
		assert_true(nlrule_decode(message, &there));
		assert_false(there.plain);
	}
	message = nlrule_change(buffer, &step);
	info = mnl_nlmsg_get_payload(message);
	info->flags = FIB_RULE_INVERT;
	assert_true(nlrule_decode(message, &there));
	assert_false(there.plain);
	info->flags = 0;
	info->tos = 4;
	assert_true(nlrule_decode(message, &there));
	assert_false(there.plain);
	info->tos = 0;
	info->action = FR_ACT_PROHIBIT;
	assert_true(nlrule_decode(message, &there));
	assert_true(there.plain);
	assert_int_equal(there.action, IFRULE_REFUSAL);
	info->action = FR_ACT_GOTO;
	assert_true(nlrule_decode(message, &there));
	assert_int_equal(there.action, IFRULE_OTHER);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_route_reads_back_as_written),
		cmocka_unit_test(test_next_hops_that_share_read_back_as_written),
		cmocka_unit_test(test_gateway_of_a_next_hop_of_the_wrong_size_is_refused),
		cmocka_unit_test(test_refusal_reads_back_as_one),
		cmocka_unit_test(test_several_next_hops_are_counted_and_the_first_remembered),
		cmocka_unit_test(test_next_hop_with_a_false_length_ends_the_list),
		cmocka_unit_test(test_address_of_the_wrong_size_is_left_out),
		cmocka_unit_test(test_local_routes_of_others_are_no_stand_ins),
		cmocka_unit_test(test_rule_reads_back_as_written),
		cmocka_unit_test(test_rule_with_any_condition_is_not_plain),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
