/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Addresses as netlink messages: what a step asks for, and what is understood.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

#include <libmnl/libmnl.h>
#include <linux/if_addr.h>
#include <linux/rtnetlink.h>

#include "system/netlink.h"
#include "system/nladdr.h"

static _Alignas(8) uint8_t buffer[NETLINK_REQUEST_MAX];

static struct ifstep
address_step(const char *text, uint8_t mark, uint32_t lease)
{
	struct ifstep step = { .kind = IFSTEP_ADD_ADDRESS, .index = 7, .mark = mark,
	                       .lease = lease };

	assert_true(prefix_parse(text, &step.prefix));
	return step;
}

static const struct ifa_cacheinfo *
lifetimes_of(const struct nlmsghdr *message)
{
	const struct nlattr *a;

	mnl_attr_for_each(a, message, sizeof(struct ifaddrmsg)) {
		if (mnl_attr_get_type(a) == IFA_CACHEINFO)
			return mnl_attr_get_payload(a);
	}
	return NULL;
}

static uint32_t
number_in(const struct nlmsghdr *message, size_t header, uint16_t type)
{
	const struct nlattr *a;

	mnl_attr_for_each(a, message, header) {
		if (mnl_attr_get_type(a) == type)
			return mnl_attr_get_u32(a);
	}
	return 0;
}

/* ---- tests ---- */

static void
test_virtual_address_of_version_6_is_unchecked_and_never_a_source(void **state UNUSED)
{
	struct ifstep step = address_step("2001:db8::1/64", MARK_VIRTUAL, 4);
	const struct nlmsghdr *message = nladdr_change(buffer, &step);
	uint32_t flags = number_in(message, sizeof(struct ifaddrmsg), IFA_FLAGS);

	assert_int_equal(flags, IFA_F_NODAD);
	assert_int_equal(lifetimes_of(message)->ifa_valid, 4);
	assert_int_equal(lifetimes_of(message)->ifa_prefered, 0);
	step.no_prefix_route = true;
	message = nladdr_change(buffer, &step);
	flags = number_in(message, sizeof(struct ifaddrmsg), IFA_FLAGS);
	assert_int_equal(flags, IFA_F_NODAD | IFA_F_NOPREFIXROUTE);
}

static void
test_real_address_of_version_6_is_checked_and_preferred(void **state UNUSED)
{
	struct ifstep step = address_step("2001:db8::2/64", MARK_REAL, 0);
	const struct nlmsghdr *message = nladdr_change(buffer, &step);

	assert_int_equal(number_in(message, sizeof(struct ifaddrmsg), IFA_FLAGS), 0);
	assert_int_equal(lifetimes_of(message)->ifa_valid, UINT32_MAX);
	assert_int_equal(lifetimes_of(message)->ifa_prefered, UINT32_MAX);
}

static void
test_virtual_address_of_version_4_is_leased_and_preferred(void **state UNUSED)
{
	struct ifstep step = address_step("10.0.0.1/24", MARK_VIRTUAL, 4);
	const struct nlmsghdr *message = nladdr_change(buffer, &step);

	assert_int_equal(lifetimes_of(message)->ifa_valid, 4);
	assert_int_equal(lifetimes_of(message)->ifa_prefered, 4);
}

static void
test_what_is_written_reads_back(void **state UNUSED)
{
	static const char *const texts[] = { "10.0.0.1/24", "10.0.0.1/32", "fe80::1/64",
	                                     "2001:db8::1/128", "0.0.0.0/0" };
	struct ifworld_address address;
	int index;

	for (unsigned i = 0; i < ARRAY_SIZE(texts); i++) {
		struct ifstep step = address_step(texts[i], MARK_VIRTUAL, 4);

		assert_true(nladdr_decode(nladdr_change(buffer, &step), &index, &address));
		assert_int_equal(index, 7);
		assert_true(prefix_equal(&address.prefix, &step.prefix));
		assert_int_equal(address.mark, MARK_VIRTUAL);
		assert_true(address.leased);
		assert_false(address.tentative);
	}
}

static void
test_tentative_and_duplicate_addresses_are_told_apart_from_sure_ones(void **state UNUSED)
{
	static const uint32_t flags[] = { IFA_F_TENTATIVE, IFA_F_DADFAILED | IFA_F_TENTATIVE,
	                                  IFA_F_DADFAILED, IFA_F_PERMANENT };
	struct ifstep step = address_step("fe80::2/64", 0, 0);
	struct ifworld_address address;
	int index;

	for (unsigned i = 0; i < ARRAY_SIZE(flags); i++) {
		struct nlmsghdr *message = nladdr_change(buffer, &step);

		mnl_attr_put_u32(message, IFA_FLAGS, flags[i]);
		assert_true(nladdr_decode(message, &index, &address));
		assert_int_equal(address.tentative, flags[i] != IFA_F_PERMANENT);
		assert_int_equal(address.leased, flags[i] != IFA_F_PERMANENT);
	}
}

static void
test_message_cut_short_or_of_a_wrong_size_is_left_out(void **state UNUSED)
{
	struct ifstep step = address_step("10.0.0.1/24", 0, 0);
	struct nlmsghdr *message = nladdr_change(buffer, &step);
	struct ifaddrmsg *info = mnl_nlmsg_get_payload(message);
	struct ifworld_address address;
	int index;

	info->ifa_prefixlen = 33;
	assert_false(nladdr_decode(message, &index, &address));
	info->ifa_prefixlen = 24;
	info->ifa_family = 28;
	assert_false(nladdr_decode(message, &index, &address));
	message->nlmsg_len = NLMSG_HDRLEN + sizeof(*info) - 1;
	assert_false(nladdr_decode(message, &index, &address));
}

static void
test_local_route_stands_in_with_our_mark_or_is_the_kernels_own(void **state UNUSED)
{
	struct ifstep step = address_step("10.0.0.1/24", MARK_VIRTUAL, 0);
	const struct nlmsghdr *message;
	const struct rtmsg *route;

	step.kind = IFSTEP_ADD_LOCAL;
	message = nladdr_change(buffer, &step);
	route = mnl_nlmsg_get_payload(message);
	assert_int_equal(message->nlmsg_type, RTM_NEWROUTE);
	assert_int_equal(route->rtm_protocol, MARK_VIRTUAL);
	assert_int_equal(route->rtm_type, RTN_LOCAL);
	assert_int_equal(route->rtm_table, RT_TABLE_LOCAL);
	assert_int_equal(route->rtm_dst_len, 32);
	assert_int_equal(number_in(message, sizeof(*route), RTA_OIF), 7);
	step.mark = 0;
	route = mnl_nlmsg_get_payload(nladdr_change(buffer, &step));
	assert_int_equal(route->rtm_protocol, RTPROT_KERNEL);
	/* Whoever made it, the address must be silent. */
	step.kind = IFSTEP_SILENCE_ADDRESS;
	message = nladdr_change(buffer, &step);
	route = mnl_nlmsg_get_payload(message);
	assert_int_equal(message->nlmsg_type, RTM_DELROUTE);
	assert_int_equal(route->rtm_protocol, RTPROT_UNSPEC);
	step.mark = MARK_VIRTUAL;
	route = mnl_nlmsg_get_payload(nladdr_change(buffer, &step));
	assert_int_equal(route->rtm_protocol, MARK_VIRTUAL);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_virtual_address_of_version_6_is_unchecked_and_never_a_source),
		cmocka_unit_test(test_real_address_of_version_6_is_checked_and_preferred),
		cmocka_unit_test(test_virtual_address_of_version_4_is_leased_and_preferred),
		cmocka_unit_test(test_what_is_written_reads_back),
		cmocka_unit_test(
			test_tentative_and_duplicate_addresses_are_told_apart_from_sure_ones),
		cmocka_unit_test(test_message_cut_short_or_of_a_wrong_size_is_left_out),
		cmocka_unit_test(test_local_route_stands_in_with_our_mark_or_is_the_kernels_own),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
