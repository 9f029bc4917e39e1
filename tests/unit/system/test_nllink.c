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
#include <linux/ip.h>
#include <linux/ipv6.h>
#include <linux/netconf.h>
#include <linux/rtnetlink.h>
#include <net/if.h>

#include "system/netlink.h"
#include "system/nlconf.h"
#include "system/nllink.h"
#include "system/nlvlan.h"

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

/* ---- tunes ---- */

/* IPv4 from identifier 1 on, IPv6 from 0; here each value tells its place. */
static void
test_tunes_are_read_where_the_kernel_writes_them(void **state UNUSED)
{
	const struct ifinfomsg info = { .ifi_index = 7 };
	struct nlmsghdr *message = netlink_begin(buffer, RTM_NEWLINK, 0, &info, sizeof(info));
	struct nlattr *families, *family;
	int32_t values[100];
	struct ifworld_link link;

	mnl_attr_put_strz(message, IFLA_IFNAME, "v1");
	families = mnl_attr_nest_start(message, IFLA_AF_SPEC);
	for (int i = 0; i < 100; i++)
		values[i] = i + 1;
	family = mnl_attr_nest_start(message, AF_INET);
	mnl_attr_put(message, IFLA_INET_CONF, 32 * sizeof(*values), values);
	mnl_attr_nest_end(message, family);
	mnl_attr_nest_end(message, families);
	assert_true(nllink_decode(message, &link));
	assert_int_equal(link.tunes[TUNE_FORWARDING], 1);
	assert_int_equal(link.tunes[TUNE_RP_FILTER], 8);
	assert_int_equal(link.tunes[TUNE_DAD_TRANSMITS], -1);	/* no IPv6 layer */

	message = netlink_begin(buffer, RTM_NEWLINK, 0, &info, sizeof(info));
	mnl_attr_put_strz(message, IFLA_IFNAME, "v1");
	families = mnl_attr_nest_start(message, IFLA_AF_SPEC);
	for (int i = 0; i < 100; i++)
		values[i] = i;
	family = mnl_attr_nest_start(message, AF_INET6);
	mnl_attr_put(message, IFLA_INET6_CONF, 56 * sizeof(*values), values);
	mnl_attr_nest_end(message, family);
	mnl_attr_nest_end(message, families);
	assert_true(nllink_decode(message, &link));
	assert_int_equal(link.tunes[TUNE_ACCEPT_RA], 3);
	assert_int_equal(link.tunes[TUNE_DISABLE_IPV6], DEVCONF_DISABLE_IPV6);
	assert_int_equal(link.tunes[TUNE_FORWARDING], -1);
}

static void
test_tune_is_set_under_the_kernels_identifier(void **state UNUSED)
{
	const struct ifstep step = { .kind = IFSTEP_SET_TUNE, .index = 7, .tune = TUNE_RP_FILTER,
	                             .value = 2 };
	const struct nlmsghdr *message = nllink_change(buffer, &step);
	const struct nlattr *family = mnl_attr_get_payload(find(message, IFLA_AF_SPEC));
	const struct nlattr *conf = mnl_attr_get_payload(family);
	const struct nlattr *number = mnl_attr_get_payload(conf);

	assert_int_equal(message->nlmsg_type, RTM_SETLINK);
	assert_int_equal(mnl_attr_get_type(family), AF_INET);
	assert_int_equal(mnl_attr_get_type(conf), IFLA_INET_CONF);
	assert_int_equal(mnl_attr_get_type(number), IPV4_DEVCONF_RP_FILTER);
	assert_int_equal(mnl_attr_get_u32(number), 2);
}

static bool
conf_of(uint8_t family, int32_t index, uint16_t type, struct nlconf *ret)
{
	const struct netconfmsg info = { .ncm_family = family };
	struct nlmsghdr *message = netlink_begin(buffer, RTM_NEWNETCONF, 0, &info, sizeof(info));

	mnl_attr_put_u32(message, NETCONFA_IFINDEX, (uint32_t)index);
	mnl_attr_put_u32(message, type, 1);
	return nlconf_decode(message, ret);
}

static void
test_news_of_tunes_name_link_and_family(void **state UNUSED)
{
	struct nlconf conf;

	assert_true(conf_of(AF_INET, 7, NETCONFA_FORWARDING, &conf));
	assert_int_equal(conf.index, 7);
	assert_int_equal(conf.tunes[TUNE_FORWARDING], 1);
	assert_int_equal(conf.tunes[TUNE_RP_FILTER], -1);
	assert_true(conf_of(AF_INET6, 7, NETCONFA_FORWARDING, &conf));
	assert_int_equal(conf.tunes[TUNE_FORWARDING], -1);
	assert_true(conf_of(AF_INET6, 7, NETCONFA_IGNORE_ROUTES_WITH_LINKDOWN, &conf));
	assert_int_equal(conf.tunes[TUNE_IGNORE_LINKDOWN6], 1);
	assert_true(conf_of(AF_INET, NETCONFA_IFINDEX_ALL, NETCONFA_RP_FILTER, &conf));
	assert_int_equal(conf.index, IFWORLD_ALL);
	assert_false(conf_of(AF_INET, NETCONFA_IFINDEX_DEFAULT, NETCONFA_RP_FILTER, &conf));
	assert_false(conf_of(AF_MPLS, 7, NETCONFA_INPUT, &conf));
}

/* ---- bridges ---- */

/* The attribute of a request's bridge, or NULL. */
static const struct nlattr *
bridge_option(const struct nlmsghdr *message, uint16_t type)
{
	const struct nlattr *info = find(message, IFLA_LINKINFO), *a, *b;

	assert_non_null(info);
	mnl_attr_for_each_nested(a, info) {
		if (mnl_attr_get_type(a) != IFLA_INFO_DATA)
			continue;
		mnl_attr_for_each_nested(b, a) {
			if (mnl_attr_get_type(b) == type)
				return b;
		}
	}
	return NULL;
}

static void
test_switch_is_made_as_a_bridge(void **state)
{
	const struct ifstep step = {
		.kind = IFSTEP_CREATE_SWITCH, .name = "sw0",
		.parts = SWITCH_PART_FILTERING | SWITCH_PART_AGING | SWITCH_PART_DEFAULT_PRIMARY,
		.bridge = { .filtering = true, .aging = 60 },
	};
	const struct nlmsghdr *message = nllink_change(buffer, &step);
	struct ifworld_link link;

	(void)state;
	assert_int_equal(message->nlmsg_flags & NLM_F_EXCL, NLM_F_EXCL);
	assert_int_equal(netlink_number(bridge_option(message, IFLA_BR_VLAN_FILTERING)), 1);
	assert_int_equal(netlink_number(bridge_option(message, IFLA_BR_AGEING_TIME)), 6000);
	assert_int_equal(netlink_number(bridge_option(message, IFLA_BR_VLAN_DEFAULT_PVID)), 0);
	assert_null(bridge_option(message, IFLA_BR_MCAST_SNOOPING));
	/* What the kernel says of a bridge has the same form. */
	((struct ifinfomsg *)mnl_nlmsg_get_payload(message))->ifi_index = 7;
	assert_true(nllink_decode(message, &link));
	assert_int_equal(link.kind, IFWORLD_BRIDGE);
	assert_true(link.bridge.filtering);
	assert_true(link.bridge.can_filter);
	assert_int_equal(link.bridge.aging, 60);
}

static void
test_loopbacks_are_told_from_ports(void **state)
{
	const struct ifinfomsg loopback = { .ifi_index = 1, .ifi_flags = IFF_LOOPBACK };
	const struct ifstep step = { .kind = IFSTEP_CREATE_LOOPBACK, .name = "lo1" };
	struct nlmsghdr *message = netlink_begin(buffer, RTM_NEWLINK, 0, &loopback,
	                                         sizeof(loopback));
	struct ifworld_link link;

	(void)state;
	mnl_attr_put_strz(message, IFLA_IFNAME, "lo");
	assert_true(nllink_decode(message, &link));
	assert_int_equal(link.kind, IFWORLD_LOOPBACK);
	message = nllink_change(buffer, &step);
	((struct ifinfomsg *)mnl_nlmsg_get_payload(message))->ifi_index = 7;
	assert_true(nllink_decode(message, &link));
	assert_int_equal(link.kind, IFWORLD_DUMMY);
	assert_int_equal(link_in(0).kind, IFWORLD_OTHER);
}

struct heard {
	unsigned count;
	int index;
	struct vlan_settings range;
};

static void
on_range(void *owner, int index, const struct vlan_settings *range)
{
	struct heard *heard = owner;

	heard->count++;
	heard->index = index;
	heard->range = *range;
}

static void
test_vlans_of_a_port_are_read_as_they_are_written(void **state)
{
	const struct vlan_settings ranges[] = {
		{ 10, 10, true, true }, { 10, 20, true, false }, { 4094, 4094, false, false },
	};
	struct heard heard;

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(ranges); i++) {
		struct ifstep step = { .kind = IFSTEP_ADD_VLANS, .index = 7 };

		step.vlans = ranges[i];
		heard = (struct heard){ 0 };
		nlvlan_decode(nlvlan_change(buffer, &step), on_range, &heard);
		assert_int_equal(heard.count, 1);
		assert_int_equal(heard.index, 7);
		assert_memory_equal(&heard.range, &ranges[i], sizeof(heard.range));
	}
}

static void
test_vlans_that_make_no_sense_are_left_out(void **state)
{
	static const struct { uint16_t first, last; } broken[] = {
		{ 0, 0 }, { 4095, 4095 }, { 20, 10 }, { 20, 4095 },
	};
	struct heard heard = { 0 };

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(broken); i++) {
		struct ifstep step = { .kind = IFSTEP_REMOVE_VLANS, .index = 7 };
		struct nlmsghdr *message;

		step.vlans.first = broken[i].first;
		step.vlans.last = broken[i].last;
		message = nlvlan_change(buffer, &step);
		nlvlan_decode(message, on_range, &heard);
		/* Cut anywhere, it says nothing either. */
		for (uint32_t length = message->nlmsg_len; length >= NLMSG_HDRLEN; length--) {
			message->nlmsg_len = length;
			nlvlan_decode(message, on_range, &heard);
		}
	}
	assert_int_equal(heard.count, 0);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_switch_is_made_as_a_bridge),
		cmocka_unit_test(test_loopbacks_are_told_from_ports),
		cmocka_unit_test(test_vlans_of_a_port_are_read_as_they_are_written),
		cmocka_unit_test(test_vlans_that_make_no_sense_are_left_out),
		cmocka_unit_test(test_condemned_links_and_their_deletion_name_the_same_batch),
		cmocka_unit_test(test_new_virtual_link_is_marked_until_it_is_described_or_raised),
		cmocka_unit_test(test_groups_of_others_mean_nothing),
		cmocka_unit_test(test_attributes_of_wrong_length_are_not_read),
		cmocka_unit_test(test_tunes_are_read_where_the_kernel_writes_them),
		cmocka_unit_test(test_tune_is_set_under_the_kernels_identifier),
		cmocka_unit_test(test_news_of_tunes_name_link_and_family),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
