/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What the kernel says of flows: messages as they came from one, messages built by another library,
 * and messages that no kernel would send.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include <arpa/inet.h>
#include <libmnl/libmnl.h>
#include <libnetfilter_conntrack/libnetfilter_conntrack.h>
#include <libnetfilter_conntrack/libnetfilter_conntrack_tcp.h>
#include <linux/netfilter/nfnetlink_conntrack.h>
#include <linux/netlink.h>
#include <netinet/in.h>

#include "conntrack_golden.h"
#include "system/conntrack_read.h"

static _Alignas(8) uint8_t buffer[4096];

/* The message written in hexadecimal, in the buffer. */
static struct nlmsghdr *
message_of(const char *text)
{
	size_t length = strlen(text) / 2;

	assert_true(length <= sizeof(buffer));
	for (size_t i = 0; i < length; i++) {
		unsigned byte;

		assert_int_equal(sscanf(text + 2 * i, "%2x", &byte), 1);
		buffer[i] = (uint8_t)byte;
	}
	return (struct nlmsghdr *)buffer;
}

static struct flow
flow_of(const char *text)
{
	struct flow flow;

	assert_true(conntrack_read_flow(message_of(text), &flow));
	return flow;
}

static void
assert_key(const struct flow_key *key, const char *text)
{
	char is[FLOW_KEY_TEXT_SIZE];

	assert_string_equal(flow_key_text(key, is), text);
}

static void
assert_address(const uint8_t *address, const char *text)
{
	uint8_t bytes[16] = { 0 };

	assert_int_equal(inet_pton(strchr(text, ':') ? AF_INET6 : AF_INET, text, bytes), 1);
	assert_memory_equal(address, bytes, sizeof(bytes));
}

/* ---- messages of a kernel ---- */

static void
test_new_flow_says_tuple_state_and_timeout(void **state UNUSED)
{
	struct flow flow = flow_of(golden_plain_new);

	assert_int_equal(conntrack_kind((struct nlmsghdr *)buffer), CONNTRACK_FLOW);
	assert_key(&flow.key, "tcp 127.0.0.1:43238 > 127.0.0.1:8080");
	assert_int_equal(flow.has, FLOW_HAS_TCP | FLOW_HAS_TIMEOUT | FLOW_HAS_STATUS);
	assert_int_equal(flow.status, 0);
	assert_int_equal(flow.timeout, 120);
	assert_int_equal(flow.tcp.state, TCP_CONNTRACK_SYN_SENT);
	assert_int_equal(flow.tcp.flags[0], 3);
	assert_int_equal(flow.tcp.flags[1], 0);
	assert_int_equal(flow.tcp.scale[0], 10);
}

static void
test_assured_flow_says_so_with_both_window_scales(void **state UNUSED)
{
	struct flow flow = flow_of(golden_plain_assured);

	assert_int_equal(flow.status, FLOW_SEEN_REPLY | FLOW_ASSURED);
	assert_int_equal(flow.tcp.state, TCP_CONNTRACK_ESTABLISHED);
	assert_int_equal(flow.tcp.scale[1], 10);
	assert_int_equal(flow.tcp.flags[1], 3);
}

static void
test_translated_destination_is_where_answers_come_from(void **state UNUSED)
{
	struct flow flow = flow_of(golden_destination_nat);

	assert_key(&flow.key, "tcp 10.9.9.9:41942 > 192.0.2.80:80");
	assert_true(flow.has & FLOW_HAS_DESTINATION_NAT);
	assert_false(flow.has & FLOW_HAS_SOURCE_NAT);
	assert_address(flow.destination_nat.address, "127.0.0.1");
	assert_int_equal(flow.destination_nat.port, 8080);
}

static void
test_translated_source_is_where_answers_go(void **state UNUSED)
{
	struct flow flow = flow_of(golden_both_nat);

	assert_true(flow.has & FLOW_HAS_DESTINATION_NAT);
	assert_true(flow.has & FLOW_HAS_SOURCE_NAT);
	assert_address(flow.source_nat.address, "127.0.0.3");
	assert_int_equal(flow.source_nat.port, 4444);
	assert_address(flow.destination_nat.address, "127.0.0.1");
}

static void
test_ipv6_flow_is_of_family_six(void **state UNUSED)
{
	struct flow flow = flow_of(golden_udp6);

	assert_key(&flow.key, "udp [::1]:48605 > [::1]:5555");
	assert_int_equal(flow.key.family, 6);
	assert_int_equal(flow.status, FLOW_SEEN_REPLY);
}

static void
test_echo_request_is_told_apart_by_identifier_type_and_code(void **state UNUSED)
{
	struct flow four = flow_of(golden_ping4);
	struct flow six = flow_of(golden_ping6);

	assert_int_equal(four.key.source_port, 28555);
	assert_int_equal(four.key.destination_port, 8 << 8);
	assert_int_equal(six.key.source_port, 28556);
	assert_int_equal(six.key.destination_port, 128 << 8);
	assert_int_equal(six.key.protocol, IPPROTO_ICMPV6);
}

static void
test_mark_and_labels_are_read(void **state UNUSED)
{
	struct flow flow = flow_of(golden_marked);

	assert_true(flow.has & FLOW_HAS_MARK);
	assert_int_equal(flow.mark, 0x1234);
	assert_true(flow.has & FLOW_HAS_LABELS);
	assert_int_equal(flow.labels[0], 1 << 3);
	flow = flow_of(golden_labelled);
	assert_int_equal(flow.labels[0], 1 << 3);
}

static void
test_zone_is_part_of_the_key(void **state UNUSED)
{
	assert_int_equal(flow_of(golden_zone).key.zone, 5);
}

static void
test_helper_is_read(void **state UNUSED)
{
	struct flow flow = flow_of(golden_helper);

	assert_true(flow.has & FLOW_HAS_HELPER);
	assert_string_equal(flow.helper, "ftp");
}

static void
test_shifted_sequence_numbers_are_read(void **state UNUSED)
{
	struct flow flow = flow_of(golden_shifted);

	assert_true(flow.has & FLOW_HAS_SEQADJ);
	assert_int_equal(flow.seqadj[0].correction_at, 4126781072u);
	assert_int_equal(flow.seqadj[0].before, 0);
	assert_int_equal(flow.seqadj[0].after, 2);
	assert_int_equal(flow.seqadj[1].after, 0);
}

static void
test_expected_flow_names_its_master(void **state UNUSED)
{
	struct flow flow = flow_of(golden_related);

	assert_true(flow.has & FLOW_HAS_MASTER);
	assert_key(&flow.master, "tcp 127.0.0.1:49160 > 127.0.0.1:21");
	assert_int_equal(flow.status, 0);	/* "expected" is no fact of its own */
}

static void
test_room_for_synproxy_is_no_synproxy(void **state UNUSED)
{
	struct flow flow = flow_of(golden_gre);

	assert_key(&flow.key, "gre 10.5.0.1:7 > 10.5.0.2:9");
	assert_false(flow.has & FLOW_HAS_SYNPROXY);
}

static void
test_sctp_state_and_tags_are_read(void **state UNUSED)
{
	struct flow flow = flow_of(golden_sctp);

	assert_true(flow.has & FLOW_HAS_SCTP);
	assert_int_equal(flow.sctp.state, 4);
	assert_int_equal(flow.sctp.tag[0], 0x4d000000);
	assert_int_equal(flow.sctp.tag[1], 0x58000000);
}

static void
test_end_of_a_flow_is_told_apart(void **state UNUSED)
{
	struct flow flow = flow_of(golden_gone);

	assert_int_equal(conntrack_kind((struct nlmsghdr *)buffer), CONNTRACK_FLOW_GONE);
	assert_key(&flow.key, "tcp 127.0.0.1:49160 > 127.0.0.1:21");
}

static void
test_expectation_says_what_is_foreseen_and_how_translated(void **state UNUSED)
{
	struct flow_expectation e;

	assert_true(conntrack_read_expectation(message_of(golden_expectation), &e));
	assert_int_equal(conntrack_kind((struct nlmsghdr *)buffer), CONNTRACK_EXPECTATION);
	assert_key(&e.master, "tcp 127.0.0.1:49160 > 127.0.0.1:21");
	assert_key(&e.expected, "tcp 127.0.0.1:0 > 127.0.0.222:5000");
	assert_key(&e.mask, "tcp 255.255.255.255:0 > 255.255.255.255:65535");
	assert_int_equal(e.timeout, 300);
	assert_string_equal(e.helper, "ftp");
	assert_string_equal(e.function, "nat-follow-master");
	assert_true(e.has_nat);
	assert_int_equal(e.nat_direction, 1);
	assert_int_equal(e.nat.source_port, 5000);
	assert_true(conntrack_read_expectation(message_of(golden_expectation_gone), &e));
	assert_int_equal(conntrack_kind((struct nlmsghdr *)buffer), CONNTRACK_EXPECTATION_GONE);
}

/* ---- messages of another library ---- */

static struct flow
flow_built(struct nf_conntrack *ct, uint8_t family)
{
	struct nlmsghdr *message;
	struct nfgenmsg *head;
	struct flow flow;

	memset(buffer, 0, sizeof(buffer));
	message = mnl_nlmsg_put_header(buffer);
	message->nlmsg_type = NFNL_SUBSYS_CTNETLINK << 8 | IPCTNL_MSG_CT_NEW;
	head = mnl_nlmsg_put_extra_header(message, sizeof(*head));
	head->nfgen_family = family;
	assert_true(nfct_nlmsg_build(message, ct) >= 0);
	assert_true(conntrack_read_flow(message, &flow));
	nfct_destroy(ct);
	return flow;
}

/* A flow of this protocol over IPv6, ports 7 and 9. */
static struct nf_conntrack *
six(uint8_t protocol)
{
	struct nf_conntrack *ct = nfct_new();
	uint8_t a[16] = { 0x20, 0x01, 0x0d, 0xb8, [15] = 1 };
	uint8_t b[16] = { 0x20, 0x01, 0x0d, 0xb8, [15] = 2 };

	nfct_set_attr_u8(ct, ATTR_L3PROTO, AF_INET6);
	nfct_set_attr(ct, ATTR_IPV6_SRC, a);
	nfct_set_attr(ct, ATTR_IPV6_DST, b);
	nfct_set_attr_u8(ct, ATTR_L4PROTO, protocol);
	nfct_set_attr_u16(ct, ATTR_PORT_SRC, htons(7));
	nfct_set_attr_u16(ct, ATTR_PORT_DST, htons(9));
	nfct_setobjopt(ct, NFCT_SOPT_SETUP_REPLY);
	nfct_set_attr_u32(ct, ATTR_TIMEOUT, 60);
	return ct;
}

static void
test_state_of_dccp_as_another_library_writes_it_is_read(void **state UNUSED)
{
	struct nf_conntrack *ct = six(IPPROTO_DCCP);
	struct flow flow;

	nfct_set_attr_u8(ct, ATTR_DCCP_STATE, 3);
	nfct_set_attr_u8(ct, ATTR_DCCP_ROLE, 1);
	nfct_set_attr_u64(ct, ATTR_DCCP_HANDSHAKE_SEQ, 0x0000123456789abcull);
	flow = flow_built(ct, AF_INET6);
	assert_true(flow.has & FLOW_HAS_DCCP);
	assert_int_equal(flow.dccp.state, 3);
	assert_int_equal(flow.dccp.role, 1);
	assert_int_equal(flow.dccp.handshake, 0x0000123456789abcull);
	assert_key(&flow.key, "dccp [2001:db8::1]:7 > [2001:db8::2]:9");
}

static void
test_synproxy_as_another_library_writes_it_is_read(void **state UNUSED)
{
	struct nf_conntrack *ct = six(IPPROTO_TCP);
	struct flow flow;

	nfct_set_attr_u32(ct, ATTR_SYNPROXY_ISN, 11);
	nfct_set_attr_u32(ct, ATTR_SYNPROXY_ITS, 22);
	nfct_set_attr_u32(ct, ATTR_SYNPROXY_TSOFF, 33);
	flow = flow_built(ct, AF_INET6);
	assert_true(flow.has & FLOW_HAS_SYNPROXY);
	assert_int_equal(flow.synproxy.initial, 11);
	assert_int_equal(flow.synproxy.timestamp, 22);
	assert_int_equal(flow.synproxy.offset, 33);
}

/* ---- messages that no kernel sends ---- */

/* Each message cut at each byte, in memory that ends there. */
static void
cut(const char *text)
{
	struct nlmsghdr *whole = message_of(text);
	size_t length = whole->nlmsg_len;
	struct flow_expectation expectation;
	unsigned believed = 0;
	struct flow flow;

	for (size_t size = sizeof(*whole); size < length; size++) {
		struct nlmsghdr *message = malloc(size);

		assert_non_null(message);
		memcpy(message, buffer, size);
		message->nlmsg_len = (uint32_t)size;
		believed += conntrack_read_flow(message, &flow);
		believed += conntrack_read_expectation(message, &expectation);
		/* The tuples take more than this. */
		if (size < 100)
			assert_int_equal(believed, 0);
		free(message);
	}
	assert_in_range(believed, 1, length);
}

static void
test_message_cut_anywhere_is_refused_or_partly_read(void **state UNUSED)
{
	cut(golden_helper);
	cut(golden_shifted);
	cut(golden_related);
	cut(golden_ping6);
	cut(golden_expectation);
}

/* Each byte behind the header changed to each of these. */
static void
test_message_with_any_byte_changed_harms_nobody(void **state UNUSED)
{
	static const uint8_t values[] = { 0, 1, 3, 4, 0x7f, 0x80, 0xff };
	size_t length = message_of(golden_shifted)->nlmsg_len;
	struct nlmsghdr *message = malloc(length);
	struct flow flow;

	assert_non_null(message);
	for (size_t i = sizeof(*message); i < length; i++) {
		for (size_t k = 0; k < ARRAY_SIZE(values); k++) {
			memcpy(message, buffer, length);
			((uint8_t *)message)[i] = values[k];
			if (conntrack_read_flow(message, &flow))
				assert_non_null(memchr(flow.helper, '\0', sizeof(flow.helper)));
		}
	}
	free(message);
}

static struct nlattr *
find(struct nlmsghdr *message, uint16_t type)
{
	struct nlattr *a;

	mnl_attr_for_each(a, message, sizeof(struct nfgenmsg)) {
		if (mnl_attr_get_type(a) == type)
			return a;
	}
	fail();
	return NULL;
}

static void
test_number_of_another_length_is_refused(void **state UNUSED)
{
	struct nlmsghdr *message = message_of(golden_plain_new);
	struct flow flow;

	find(message, CTA_TIMEOUT)->nla_len = 4 + 3;
	assert_false(conntrack_read_flow(message, &flow));
}

static void
test_flow_without_a_way_back_is_refused(void **state UNUSED)
{
	struct nlmsghdr *message = message_of(golden_plain_new);
	struct flow flow;

	find(message, CTA_TUPLE_REPLY)->nla_type = CTA_USE | NLA_F_NESTED;
	assert_false(conntrack_read_flow(message, &flow));
}

static void
test_family_that_is_not_carried_is_refused(void **state UNUSED)
{
	struct nlmsghdr *message = message_of(golden_plain_new);
	struct flow flow;

	((struct nfgenmsg *)mnl_nlmsg_get_payload(message))->nfgen_family = AF_BRIDGE;
	assert_false(conntrack_read_flow(message, &flow));
	/* IPv4 addresses under the name of IPv6 */
	((struct nfgenmsg *)mnl_nlmsg_get_payload(message))->nfgen_family = AF_INET6;
	assert_false(conntrack_read_flow(message, &flow));
}

static void
test_name_too_long_is_refused(void **state UNUSED)
{
	struct nlmsghdr *message = message_of(golden_zone);
	struct flow flow;
	struct nlattr *nest = mnl_attr_nest_start(message, CTA_HELP);

	mnl_attr_put_strz(message, CTA_HELP_NAME, "sixteen letters.");
	mnl_attr_nest_end(message, nest);
	assert_false(conntrack_read_flow(message, &flow));
}

static void
test_labels_of_more_than_sixteen_bytes_are_refused(void **state UNUSED)
{
	struct nlmsghdr *message = message_of(golden_zone);
	uint8_t labels[20] = { 1 };
	struct flow flow;

	mnl_attr_put(message, CTA_LABELS, sizeof(labels), labels);
	assert_false(conntrack_read_flow(message, &flow));
}

static void
test_flags_about_windows_are_left_out(void **state UNUSED)
{
	struct nlmsghdr *message = message_of(golden_plain_assured);
	struct nlattr *tcp = mnl_attr_get_payload(find(message, CTA_PROTOINFO));
	struct nlattr *a;
	struct flow flow;

	mnl_attr_for_each_nested(a, tcp) {
		if (mnl_attr_get_type(a) == CTA_PROTOINFO_TCP_FLAGS_ORIGINAL)
			((uint8_t *)mnl_attr_get_payload(a))[0] = 0xff;
	}
	assert_true(conntrack_read_flow(message, &flow));
	assert_int_equal(flow.tcp.flags[0], CONNTRACK_TCP_FLAGS);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_new_flow_says_tuple_state_and_timeout),
		cmocka_unit_test(test_assured_flow_says_so_with_both_window_scales),
		cmocka_unit_test(test_translated_destination_is_where_answers_come_from),
		cmocka_unit_test(test_translated_source_is_where_answers_go),
		cmocka_unit_test(test_ipv6_flow_is_of_family_six),
		cmocka_unit_test(test_echo_request_is_told_apart_by_identifier_type_and_code),
		cmocka_unit_test(test_mark_and_labels_are_read),
		cmocka_unit_test(test_zone_is_part_of_the_key),
		cmocka_unit_test(test_helper_is_read),
		cmocka_unit_test(test_shifted_sequence_numbers_are_read),
		cmocka_unit_test(test_expected_flow_names_its_master),
		cmocka_unit_test(test_room_for_synproxy_is_no_synproxy),
		cmocka_unit_test(test_sctp_state_and_tags_are_read),
		cmocka_unit_test(test_end_of_a_flow_is_told_apart),
		cmocka_unit_test(test_expectation_says_what_is_foreseen_and_how_translated),
		cmocka_unit_test(test_state_of_dccp_as_another_library_writes_it_is_read),
		cmocka_unit_test(test_synproxy_as_another_library_writes_it_is_read),
		cmocka_unit_test(test_message_cut_anywhere_is_refused_or_partly_read),
		cmocka_unit_test(test_message_with_any_byte_changed_harms_nobody),
		cmocka_unit_test(test_number_of_another_length_is_refused),
		cmocka_unit_test(test_flow_without_a_way_back_is_refused),
		cmocka_unit_test(test_family_that_is_not_carried_is_refused),
		cmocka_unit_test(test_name_too_long_is_refused),
		cmocka_unit_test(test_labels_of_more_than_sixteen_bytes_are_refused),
		cmocka_unit_test(test_flags_about_windows_are_left_out),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
