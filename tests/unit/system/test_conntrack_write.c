/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What the kernel is asked: read by another library, and by the rules of the kernel's own source
 * where that library does not know an attribute.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

#include <arpa/inet.h>
#include <libmnl/libmnl.h>
#include <libnetfilter_conntrack/libnetfilter_conntrack.h>
#include <libnetfilter_conntrack/libnetfilter_conntrack_tcp.h>
#include <linux/netfilter/nfnetlink.h>
#include <linux/netfilter/nfnetlink_conntrack.h>
#include <linux/netlink.h>
#include <netinet/in.h>

#include "system/conntrack_read.h"
#include "system/conntrack_write.h"

static _Alignas(8) uint8_t buffer[CONNTRACK_REQUEST_MAX];

static struct flow
tcp(void)
{
	return (struct flow){
		.key = { .source = { 10, 0, 0, 1 }, .destination = { 192, 0, 2, 7 },
		         .source_port = 1024, .destination_port = 443, .family = 4,
		         .protocol = IPPROTO_TCP },
		.has = FLOW_HAS_TCP | FLOW_HAS_STATUS,
		.status = FLOW_SEEN_REPLY | FLOW_ASSURED,
		.tcp = { .state = TCP_CONNTRACK_ESTABLISHED, .flags = { 3, 3 }, .scale = { 7, 9 } },
	};
}

static const struct nlmsghdr *
written(enum conntrack_write how, const struct flow *flow)
{
	size_t size;

	memset(buffer, 0xee, sizeof(buffer));
	size = conntrack_write_flow(buffer, 17, true, how, flow, 600);
	assert_in_range(size, 100, sizeof(buffer));
	assert_int_equal(size % 4, 0);
	assert_int_equal(((struct nlmsghdr *)buffer)->nlmsg_len, size);
	return (struct nlmsghdr *)buffer;
}

/* The attribute on this path of types (0 ends it), or NULL. */
static const struct nlattr *
find(const struct nlmsghdr *message, const uint16_t *path)
{
	const struct nlattr *found = NULL, *a;

	mnl_attr_for_each(a, message, sizeof(struct nfgenmsg)) {
		if (mnl_attr_get_type(a) == path[0])
			found = a;
	}
	for (size_t i = 1; found && path[i]; i++) {
		const struct nlattr *nest = found;

		found = NULL;
		mnl_attr_for_each_nested(a, nest) {
			if (mnl_attr_get_type(a) == path[i])
				found = a;
		}
	}
	return found;
}

#define FIND(message, ...) find(message, (const uint16_t[]){ __VA_ARGS__, 0 })

static struct nf_conntrack *
read_by_others(const struct nlmsghdr *message)
{
	struct nf_conntrack *ct = nfct_new();

	assert_non_null(ct);
	assert_int_equal(nfct_nlmsg_parse(message, ct), 0);
	return ct;
}

static uint16_t
port_of(const struct nlattr *attribute)
{
	assert_non_null(attribute);
	return ntohs(mnl_attr_get_u16(attribute));
}

/* ---- tests ---- */

static void
test_flow_is_read_by_others_as_it_was_meant(void **state UNUSED)
{
	struct flow flow = tcp();
	struct nf_conntrack *ct = read_by_others(written(CONNTRACK_WRITE_CREATE, &flow));

	assert_int_equal(nfct_get_attr_u32(ct, ATTR_ORIG_IPV4_SRC), inet_addr("10.0.0.1"));
	assert_int_equal(nfct_get_attr_u32(ct, ATTR_REPL_IPV4_SRC), inet_addr("192.0.2.7"));
	assert_int_equal(ntohs(nfct_get_attr_u16(ct, ATTR_ORIG_PORT_SRC)), 1024);
	assert_int_equal(ntohs(nfct_get_attr_u16(ct, ATTR_REPL_PORT_SRC)), 443);
	assert_int_equal(nfct_get_attr_u8(ct, ATTR_L4PROTO), IPPROTO_TCP);
	assert_int_equal(nfct_get_attr_u32(ct, ATTR_TIMEOUT), 600);
	assert_int_equal(nfct_get_attr_u32(ct, ATTR_STATUS),
	                 IPS_CONFIRMED | IPS_SEEN_REPLY | IPS_ASSURED);
	assert_int_equal(nfct_get_attr_u8(ct, ATTR_TCP_STATE), TCP_CONNTRACK_ESTABLISHED);
	assert_int_equal(nfct_get_attr_u8(ct, ATTR_TCP_WSCALE_ORIG), 7);
	assert_int_equal(nfct_get_attr_u8(ct, ATTR_TCP_WSCALE_REPL), 9);
	assert_int_equal(nfct_get_attr_u8(ct, ATTR_TCP_FLAGS_REPL), 3);
	nfct_destroy(ct);
}

static void
test_header_says_what_is_to_be_done(void **state UNUSED)
{
	struct flow flow = tcp();
	const struct nlmsghdr *message = written(CONNTRACK_WRITE_CREATE, &flow);

	assert_int_equal(message->nlmsg_seq, 17);
	assert_int_equal(message->nlmsg_flags, NLM_F_REQUEST | NLM_F_CREATE | NLM_F_ACK);
	assert_int_equal(message->nlmsg_type, NFNL_SUBSYS_CTNETLINK << 8 | IPCTNL_MSG_CT_NEW);
	assert_int_equal(written(CONNTRACK_WRITE_NEW, &flow)->nlmsg_flags,
	                 NLM_F_REQUEST | NLM_F_CREATE | NLM_F_EXCL | NLM_F_ACK);
	assert_int_equal(written(CONNTRACK_WRITE_CHANGE, &flow)->nlmsg_flags,
	                 NLM_F_REQUEST | NLM_F_ACK);
	(void)conntrack_write_delete(buffer, 18, false, &flow.key);
	assert_int_equal(message->nlmsg_flags, NLM_F_REQUEST);
	assert_int_equal(message->nlmsg_type, NFNL_SUBSYS_CTNETLINK << 8 | IPCTNL_MSG_CT_DELETE);
}

static void
test_window_check_is_never_switched_off(void **state UNUSED)
{
	struct flow flow = tcp();
	const struct nlattr *flags;

	flow.tcp.flags[0] = 0xff;
	flags = FIND(written(CONNTRACK_WRITE_CREATE, &flow), CTA_PROTOINFO, CTA_PROTOINFO_TCP,
	             CTA_PROTOINFO_TCP_FLAGS_ORIGINAL);
	assert_non_null(flags);
	assert_int_equal(((const uint8_t *)mnl_attr_get_payload(flags))[0], CONNTRACK_TCP_FLAGS);
	assert_int_equal(((const uint8_t *)mnl_attr_get_payload(flags))[1], CONNTRACK_TCP_FLAGS);
}

static void
test_translation_names_both_ends_and_the_way_back_is_plain(void **state UNUSED)
{
	struct flow flow = tcp();
	const struct nlmsghdr *message;
	struct nf_conntrack *ct;

	flow.has |= FLOW_HAS_SOURCE_NAT;
	flow.source_nat = (struct flow_nat_end){ { 203, 0, 113, 1 }, 40001 };
	message = written(CONNTRACK_WRITE_CREATE, &flow);
	assert_memory_equal(mnl_attr_get_payload(FIND(message, CTA_NAT_SRC, CTA_NAT_V4_MINIP)),
	                    flow.source_nat.address, 4);
	assert_int_equal(port_of(FIND(message, CTA_NAT_SRC, CTA_NAT_PROTO,
	                              CTA_PROTONAT_PORT_MIN)), 40001);
	/* The end that stays as it is: else the kernel might choose. */
	assert_memory_equal(mnl_attr_get_payload(FIND(message, CTA_NAT_DST, CTA_NAT_V4_MINIP)),
	                    flow.key.destination, 4);
	assert_int_equal(port_of(FIND(message, CTA_NAT_DST, CTA_NAT_PROTO,
	                              CTA_PROTONAT_PORT_MIN)), 443);
	ct = read_by_others(message);
	assert_int_equal(nfct_get_attr_u32(ct, ATTR_REPL_IPV4_DST), inet_addr("10.0.0.1"));
	nfct_destroy(ct);
}

static void
test_change_leaves_out_what_can_not_change(void **state UNUSED)
{
	struct flow flow = tcp();
	const struct nlmsghdr *message;

	flow.has |= FLOW_HAS_SOURCE_NAT | FLOW_HAS_HELPER | FLOW_HAS_MASTER | FLOW_HAS_MARK;
	memcpy(flow.helper, "ftp", 4);
	flow.master = flow.key;
	message = written(CONNTRACK_WRITE_CREATE, &flow);
	assert_string_equal(mnl_attr_get_str(FIND(message, CTA_HELP, CTA_HELP_NAME)), "ftp");
	assert_non_null(FIND(message, CTA_TUPLE_MASTER));
	assert_null(FIND(written(CONNTRACK_WRITE_CREATE_UNHELPED, &flow), CTA_HELP));
	message = written(CONNTRACK_WRITE_CHANGE, &flow);
	assert_null(FIND(message, CTA_NAT_SRC));
	assert_null(FIND(message, CTA_NAT_DST));
	assert_null(FIND(message, CTA_HELP));
	assert_null(FIND(message, CTA_TUPLE_MASTER));
	assert_non_null(FIND(message, CTA_MARK));
}

static void
test_expected_flow_says_so_only_when_it_is_there(void **state UNUSED)
{
	struct flow flow = tcp();
	const struct nlattr *status;

	flow.has |= FLOW_HAS_MASTER;
	flow.master = flow.key;
	status = FIND(written(CONNTRACK_WRITE_CREATE, &flow), CTA_STATUS);
	assert_false(ntohl(mnl_attr_get_u32(status)) & IPS_EXPECTED);
	status = FIND(written(CONNTRACK_WRITE_CHANGE, &flow), CTA_STATUS);
	assert_true(ntohl(mnl_attr_get_u32(status)) & IPS_EXPECTED);
}

static void
test_way_back_of_an_echo_is_its_answer(void **state UNUSED)
{
	static const uint8_t answers[][3] = {
		{ IPPROTO_ICMP, 8, 0 }, { IPPROTO_ICMP, 13, 14 }, { IPPROTO_ICMP, 17, 18 },
		{ IPPROTO_ICMPV6, 128, 129 },
	};
	struct flow flow = tcp();

	flow.has = 0;
	for (size_t i = 0; i < ARRAY_SIZE(answers); i++) {
		bool four = answers[i][0] == IPPROTO_ICMP;
		uint16_t type = four ? CTA_PROTO_ICMP_TYPE : CTA_PROTO_ICMPV6_TYPE;
		uint16_t id = four ? CTA_PROTO_ICMP_ID : CTA_PROTO_ICMPV6_ID;
		const struct nlmsghdr *message;

		flow.key.family = four ? 4 : 6;
		flow.key.protocol = answers[i][0];
		flow.key.source_port = 77;
		flow.key.destination_port = (uint16_t)(answers[i][1] << 8);
		message = written(CONNTRACK_WRITE_CREATE, &flow);
		assert_int_equal(mnl_attr_get_u8(FIND(message, CTA_TUPLE_ORIG, CTA_TUPLE_PROTO,
		                                      type)), answers[i][1]);
		assert_int_equal(mnl_attr_get_u8(FIND(message, CTA_TUPLE_REPLY, CTA_TUPLE_PROTO,
		                                      type)), answers[i][2]);
		assert_int_equal(port_of(FIND(message, CTA_TUPLE_REPLY, CTA_TUPLE_PROTO, id)), 77);
	}
}

static void
test_flow_with_everything_fits_and_is_read_back(void **state UNUSED)
{
	struct flow flow = tcp(), back;

	memset(flow.key.source, 1, 16);
	memset(flow.key.destination, 2, 16);
	flow.key.family = 6;
	flow.key.zone = 7;
	flow.has = FLOW_HAS_TCP | FLOW_HAS_STATUS | FLOW_HAS_MARK | FLOW_HAS_LABELS |
	           FLOW_HAS_HELPER | FLOW_HAS_SEQADJ | FLOW_HAS_SYNPROXY | FLOW_HAS_MASTER |
	           FLOW_HAS_TIMEOUT | FLOW_HAS_SOURCE_NAT | FLOW_HAS_DESTINATION_NAT;
	flow.mark = 5;
	flow.timeout = 600;
	memset(flow.labels, 3, sizeof(flow.labels));
	memcpy(flow.helper, "fifteen letters", 16);
	flow.seqadj[0] = (struct flow_seqadj){ 1, 2, 3 };
	flow.seqadj[1] = (struct flow_seqadj){ 4, 5, 6 };
	flow.synproxy.initial = 7;
	flow.synproxy.timestamp = 8;
	flow.synproxy.offset = 9;
	flow.master = flow.key;
	assert_true(conntrack_read_flow(written(CONNTRACK_WRITE_CREATE, &flow), &back));
	/* The kernel tells translation by the way back and the status, not as it is asked for. */
	flow.has &= ~(FLOW_HAS_SOURCE_NAT | FLOW_HAS_DESTINATION_NAT);
	assert_memory_equal(&back, &flow, sizeof(flow));
}

static void
test_helper_without_an_end_is_cut(void **state UNUSED)
{
	struct flow flow = tcp();
	const struct nlattr *name;

	flow.has |= FLOW_HAS_HELPER;
	memset(flow.helper, 'x', sizeof(flow.helper));
	name = FIND(written(CONNTRACK_WRITE_CREATE, &flow), CTA_HELP, CTA_HELP_NAME);
	assert_int_equal(mnl_attr_get_payload_len(name), sizeof(flow.helper));
	assert_int_equal(strlen(mnl_attr_get_str(name)), sizeof(flow.helper) - 1);
}

static void
test_expectation_is_read_back(void **state UNUSED)
{
	struct flow flow = tcp();
	struct flow_expectation is = {
		.master = flow.key, .expected = flow.key, .mask = flow.key, .timeout = 30,
		.class = 1, .flags = 2, .helper = "sip", .function = "nat-follow-master",
		.has_nat = true, .nat = flow.key, .nat_direction = 1,
	}, back;

	memset(buffer, 0xee, sizeof(buffer));
	(void)conntrack_write_expectation(buffer, 5, true, &is);
	assert_true(conntrack_read_expectation((struct nlmsghdr *)buffer, &back));
	assert_memory_equal(&back, &is, sizeof(is));
	assert_int_equal(conntrack_kind((struct nlmsghdr *)buffer), CONNTRACK_EXPECTATION);
}

static void
test_dump_names_the_filter(void **state UNUSED)
{
	const struct conntrack_filter filter = { .family = 6, .status = 4, .status_mask = 6,
	                                         .mark = 5, .mark_mask = 7, .one_zone = true,
	                                         .zone = 0 };
	const struct nlmsghdr *message = (const struct nlmsghdr *)buffer;
	const struct nfgenmsg *head;

	(void)conntrack_write_dump(buffer, 9, &filter);
	head = mnl_nlmsg_get_payload(message);
	assert_int_equal(head->nfgen_family, AF_INET6);
	assert_int_equal(message->nlmsg_flags, NLM_F_REQUEST | NLM_F_DUMP);
	assert_int_equal(ntohl(mnl_attr_get_u32(FIND(message, CTA_STATUS))), 4);
	assert_int_equal(ntohl(mnl_attr_get_u32(FIND(message, CTA_STATUS_MASK))), 6);
	assert_int_equal(ntohl(mnl_attr_get_u32(FIND(message, CTA_MARK))), 5);
	assert_int_equal(ntohl(mnl_attr_get_u32(FIND(message, CTA_MARK_MASK))), 7);
	assert_int_equal(port_of(FIND(message, CTA_ZONE)), 0);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_flow_is_read_by_others_as_it_was_meant),
		cmocka_unit_test(test_header_says_what_is_to_be_done),
		cmocka_unit_test(test_window_check_is_never_switched_off),
		cmocka_unit_test(test_translation_names_both_ends_and_the_way_back_is_plain),
		cmocka_unit_test(test_change_leaves_out_what_can_not_change),
		cmocka_unit_test(test_expected_flow_says_so_only_when_it_is_there),
		cmocka_unit_test(test_way_back_of_an_echo_is_its_answer),
		cmocka_unit_test(test_flow_with_everything_fits_and_is_read_back),
		cmocka_unit_test(test_helper_without_an_end_is_cut),
		cmocka_unit_test(test_expectation_is_read_back),
		cmocka_unit_test(test_dump_names_the_filter),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
