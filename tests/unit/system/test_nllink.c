/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Links as netlink messages, the marks of those to be deleted together, and the pieces that all
 * messages are made of.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

#include <libmnl/libmnl.h>
#include <linux/if_link.h>
#include <linux/rtnetlink.h>
#include <net/if.h>

#include "system/netlink.h"
#include "system/nllink.h"

static _Alignas(8) uint8_t buffer[NETLINK_REQUEST_MAX];

static const struct nlattr *
find(const struct nlmsghdr *message, uint16_t type)
{
	const struct nlattr *a;

	mnl_attr_for_each(a, message, sizeof(struct ifinfomsg)) {
		if (mnl_attr_get_type(a) == type)
			return a;
	}
	return NULL;
}

static const struct nlmsghdr *
request(enum ifstep_kind kind, uint32_t batch)
{
	const struct ifstep step = { .kind = kind, .index = 7, .other = 3, .batch = batch,
	                             .name = "v1", .text = "p1", .vrid = 9 };

	return nllink_change(buffer, &step);
}

/* What the kernel tells of a link that is in this group of its own. */
static struct ifworld_link
link_in(uint32_t group)
{
	const struct ifinfomsg info = { .ifi_index = 7 };
	struct nlmsghdr *message = netlink_begin(buffer, RTM_NEWLINK, 0, &info, sizeof(info));
	struct ifworld_link link;

	mnl_attr_put_strz(message, IFLA_IFNAME, "v1");
	mnl_attr_put_u32(message, IFLA_GROUP, group);
	assert_true(nllink_decode(message, &link));
	return link;
}

/* ---- tests ---- */

static void
test_condemned_links_and_their_deletion_name_the_same_batch(void **state UNUSED)
{
	uint32_t group = mnl_attr_get_u32(find(request(IFSTEP_CONDEMN, 5), IFLA_GROUP));
	const struct nlmsghdr *message = request(IFSTEP_DELETE_BATCH, 5);
	const struct ifinfomsg *info = mnl_nlmsg_get_payload(message);

	assert_int_equal(message->nlmsg_type, RTM_DELLINK);
	assert_int_equal(info->ifi_index, 0);	/* or that one alone would go */
	assert_null(find(message, IFLA_IFNAME));
	assert_int_equal(mnl_attr_get_u32(find(message, IFLA_GROUP)), group);
	assert_int_not_equal(mnl_attr_get_u32(find(request(IFSTEP_CONDEMN, 6), IFLA_GROUP)),
	                     group);
	assert_true(link_in(group).condemned);
	assert_false(link_in(group).marked);
}

static void
test_new_virtual_link_is_marked_until_it_is_described_or_raised(void **state UNUSED)
{
	uint32_t group = mnl_attr_get_u32(find(request(IFSTEP_CREATE_VIRTUAL, 0), IFLA_GROUP));
	const struct ifinfomsg *info;

	assert_true(link_in(group).marked);
	assert_false(link_in(group).condemned);
	assert_int_equal(mnl_attr_get_u32(find(request(IFSTEP_SET_GROUP_ALIAS, 0), IFLA_GROUP)), 0);
	assert_int_equal(mnl_attr_get_u32(find(request(IFSTEP_RAISE, 0), IFLA_GROUP)), 0);
	info = mnl_nlmsg_get_payload((struct nlmsghdr *)buffer);
	assert_int_equal(info->ifi_flags, IFF_UP);
	assert_int_equal(info->ifi_change, IFF_UP);
}

/* A link that an operator put into a group is none of ours, and stays there when it is raised. */
static void
test_groups_of_others_mean_nothing(void **state UNUSED)
{
	static const uint32_t groups[] = { 0, 1, 77, 0x569fffff, 0x5eb00000, UINT32_MAX };

	for (size_t i = 0; i < ARRAY_SIZE(groups); i++) {
		assert_false(link_in(groups[i]).marked);
		assert_false(link_in(groups[i]).condemned);
	}
	assert_null(find(request(IFSTEP_SET_UP, 0), IFLA_GROUP));
}

static void
test_attributes_of_wrong_length_are_not_read(void **state UNUSED)
{
	static const uint8_t bytes[20] = { 1, 2, 3, 4, 5, 6, 7, 8 };
	const struct ifinfomsg info = { .ifi_index = 7 };
	struct nlmsghdr *message = netlink_begin(buffer, RTM_NEWLINK, 0, &info, sizeof(info));
	const struct nlattr *a = mnl_nlmsg_get_payload_tail(message);
	struct ip ip;
	char text[4];

	for (uint16_t length = 0; length <= sizeof(bytes); length++) {
		message = netlink_begin(buffer, RTM_NEWLINK, 0, &info, sizeof(info));
		mnl_attr_put(message, 1, length, bytes);
		assert_int_equal(netlink_ip(a, 4, &ip), length == 4);
		assert_int_equal(netlink_ip(a, 6, &ip), length == 16);
		assert_int_equal(netlink_number(a) != 0, length == 1 || length == 2 || length == 4);
		netlink_text(a, text, sizeof(text));
		assert_int_equal(strlen(text), length < 3 ? length : 3);
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_condemned_links_and_their_deletion_name_the_same_batch),
		cmocka_unit_test(test_new_virtual_link_is_marked_until_it_is_described_or_raised),
		cmocka_unit_test(test_groups_of_others_mean_nothing),
		cmocka_unit_test(test_attributes_of_wrong_length_are_not_read),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
