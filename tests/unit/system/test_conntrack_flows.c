/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * From the table of one network namespace into that of another: flows of every kind are made in
 * the first by another library, heard or read there by us, put into the second by us, and both
 * tables are compared by that library.
 */
#include "spaces.h"

#include <arpa/inet.h>
#include <errno.h>
#include <linux/netfilter/nf_conntrack_tcp.h>
#include <netinet/in.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "conntrack_oracle.h"
#include "system/conntrack_dump.h"
#include "system/conntrack_events.h"
#include "system/conntrack_inject.h"
#include "system/conntrack_sysctl.h"

static int first, second;		/* namespaces */
static struct conntrack_events *events;	/* in the first */
static struct conntrack_dump *dump;	/* in the first */
static struct conntrack_inject *inject;	/* in the second */
static struct conntrack_dump *look;	/* in the second */
static struct oracle one, two;
static struct conntrack_refusal refusal;	/* the last one, without what it points to */
static unsigned refusals;
static struct flow last;		/* flow heard of, by event or dump */
static enum conntrack_event last_event;
static unsigned heard;

static void
on_refused(void *owner UNUSED, const struct conntrack_refusal *r)
{
	refusal = *r;
	refusals++;
}

static void
on_event(void *owner UNUSED, enum conntrack_event event, const struct flow *flow)
{
	last = *flow;
	last_event = event;
	heard++;
	if (event == CONNTRACK_GONE)
		assert_int_equal(conntrack_inject_delete(inject, &flow->key), 0);
	else
		assert_int_equal(conntrack_inject_flow(inject, flow, 500, false), 0);
}

static void
on_record(void *owner UNUSED, const struct flow *flow)
{
	last = *flow;
	heard++;
	assert_int_equal(conntrack_inject_flow(inject, flow, 500, false), 0);
}

static void
on_renewed(void *owner UNUSED, const struct flow *flow)
{
	assert_int_equal(conntrack_inject_renew(inject, flow, 500), 0);
}

static int
set_up(void **state UNUSED)
{
	struct error error;

	if (geteuid() != 0)
		return 0;
	first = space_new();
	second = space_new();
	for (int i = 0; i < 2; i++) {
		/* Without a rule about labels, the kernel keeps none. */
		space_run(i ? second : first, "nft add table inet t '{ chain c { "
		          "type filter hook forward priority 0; ct label set 1; }; }'");
		assert_int_equal(conntrack_sysctl_set(CONNTRACK_SYSCTL_EVENTS, 1), 0);
	}
	space_enter(first);
	assert_int_equal(conntrack_events_open(4u << 20, &events, &error), 0);
	assert_int_equal(conntrack_events_subscribe(events, true, true), 0);
	assert_int_equal(conntrack_dump_open(&dump, &error), 0);
	space_enter(second);
	assert_int_equal(conntrack_inject_open(8, on_refused, NULL, &inject, &error), 0);
	assert_int_equal(conntrack_dump_open(&look, &error), 0);
	refusals = heard = 0;
	return 0;
}

static int
tear_down(void **state UNUSED)
{
	if (geteuid() != 0)
		return 0;
	conntrack_events_close(events);
	conntrack_dump_close(dump);
	conntrack_inject_close(inject);
	conntrack_dump_close(look);
	oracle_flush(first);
	oracle_flush(second);
	space_close(first);
	space_close(second);
	return 0;
}

static void
need_root(void)
{
	if (geteuid() != 0)
		skip();
}

/* Hear everything there is to hear in the first, and put it into the second. */
static void
carry(void)
{
	static const struct conntrack_hearer hearer = { .flow = on_event };
	bool overrun = false;

	assert_true(conntrack_events_drain(events, 100000, &hearer, &overrun) >= 0);
	assert_int_equal(conntrack_inject_flush(inject), 0);
	assert_false(overrun);
}

static void
carry_by_dump(const struct conntrack_filter *filter)
{
	static const struct conntrack_dump_hearer hearer = { .flow = on_record };
	int r;

	assert_int_equal(conntrack_dump_flows(dump, filter), 0);
	while ((r = conntrack_dump_step(dump, 1, &hearer)) > 0)
		;
	assert_int_equal(r, 0);
	assert_int_equal(conntrack_inject_flush(inject), 0);
}

static void
assert_same(unsigned count)
{
	oracle_look(&one, first);
	oracle_look(&two, second);
	assert_int_equal(one.count, count);
	oracle_assert_equal(&one, &two);
	assert_int_equal(refusals, 0);
}

static void
make(struct nf_conntrack *ct)
{
	assert_int_equal(oracle_create(first, ct), 0);
}

static struct nf_conntrack *
tcp(uint16_t port)
{
	struct nf_conntrack *ct = oracle_flow(IPPROTO_TCP, "10.0.0.1", port, "192.0.2.7", 443);

	nfct_set_attr_u8(ct, ATTR_TCP_STATE, TCP_CONNTRACK_ESTABLISHED);
	nfct_set_attr_u32(ct, ATTR_STATUS, IPS_SEEN_REPLY | IPS_ASSURED | IPS_CONFIRMED);
	for (unsigned i = 0; i < 2; i++) {
		nfct_set_attr_u8(ct, i ? ATTR_TCP_FLAGS_REPL : ATTR_TCP_FLAGS_ORIG, 3);
		nfct_set_attr_u8(ct, i ? ATTR_TCP_MASK_REPL : ATTR_TCP_MASK_ORIG, 3);
		nfct_set_attr_u8(ct, i ? ATTR_TCP_WSCALE_REPL : ATTR_TCP_WSCALE_ORIG,
		                 (uint8_t)(7 + i));
	}
	return ct;
}

static void
translate(struct nf_conntrack *ct, bool source, const char *address, uint16_t port)
{
	uint8_t bytes[16];

	if (strchr(address, ':')) {
		assert_int_equal(inet_pton(AF_INET6, address, bytes), 1);
		nfct_set_attr(ct, source ? ATTR_SNAT_IPV6 : ATTR_DNAT_IPV6, bytes);
	} else {
		nfct_set_attr_u32(ct, source ? ATTR_SNAT_IPV4 : ATTR_DNAT_IPV4,
		                  inet_addr(address));
	}
	if (port)
		nfct_set_attr_u16(ct, source ? ATTR_SNAT_PORT : ATTR_DNAT_PORT, htons(port));
}

/* One flow of each protocol. */
static unsigned
make_protocols(void)
{
	static const uint8_t plain[] = { IPPROTO_UDP, IPPROTO_UDPLITE, IPPROTO_GRE, IPPROTO_ESP };
	struct nf_conntrack *ct;

	make(tcp(1000));
	for (size_t i = 0; i < ARRAY_SIZE(plain); i++) {
		bool ports = plain[i] != IPPROTO_ESP;

		make(oracle_flow(plain[i], "10.0.0.1", ports ? 7 : 0, "192.0.2.7", ports ? 9 : 0));
		make(oracle_flow(plain[i], "2001:db8::1", ports ? 7 : 0, "2001:db8::2",
		                 ports ? 9 : 0));
	}
	make(oracle_flow(IPPROTO_ICMP, "10.0.0.1", 77, "192.0.2.7", 8 << 8));
	make(oracle_flow(IPPROTO_ICMPV6, "2001:db8::1", 77, "2001:db8::2", 128 << 8));
	ct = oracle_flow(IPPROTO_SCTP, "10.0.0.1", 7, "192.0.2.7", 9);
	nfct_set_attr_u8(ct, ATTR_SCTP_STATE, 4);
	nfct_set_attr_u32(ct, ATTR_SCTP_VTAG_ORIG, htonl(0x01020304));
	nfct_set_attr_u32(ct, ATTR_SCTP_VTAG_REPL, htonl(0x05060708));
	make(ct);
	return 1 + 2 * ARRAY_SIZE(plain) + 3;
}

static unsigned
make_translated(void)
{
	struct nf_conntrack *ct;

	ct = tcp(2001);
	translate(ct, true, "203.0.113.1", 40001);
	make(ct);
	ct = tcp(2002);
	translate(ct, false, "10.9.0.1", 8443);
	make(ct);
	ct = tcp(2003);
	translate(ct, true, "203.0.113.1", 40003);
	translate(ct, false, "10.9.0.1", 8443);
	make(ct);
	ct = oracle_flow(IPPROTO_UDP, "2001:db8::1", 2004, "2001:db8::2", 53);
	translate(ct, true, "2001:db8:1::1", 40004);
	make(ct);
	ct = oracle_flow(IPPROTO_UDP, "2001:db8::1", 2005, "2001:db8::2", 53);
	translate(ct, false, "2001:db8:2::1", 5353);
	make(ct);
	ct = oracle_flow(IPPROTO_ICMP, "10.0.0.1", 88, "192.0.2.8", 8 << 8);
	translate(ct, true, "203.0.113.1", 0);
	make(ct);
	ct = oracle_flow(IPPROTO_ICMP, "10.0.0.1", 89, "192.0.2.8", 8 << 8);
	translate(ct, false, "10.9.0.1", 0);
	make(ct);
	ct = oracle_flow(IPPROTO_ESP, "10.0.0.1", 0, "192.0.2.8", 0);
	translate(ct, true, "203.0.113.1", 0);
	make(ct);
	return 8;
}

/* What a flow may carry besides. */
static unsigned
make_laden(void)
{
	struct nfct_bitmask *labels = nfct_bitmask_new(127);
	struct nf_conntrack *ct = tcp(3001);

	nfct_set_attr_u32(ct, ATTR_MARK, 0xabcd0001);
	make(ct);
	ct = tcp(3002);
	nfct_set_attr_u16(ct, ATTR_ZONE, 7);
	make(ct);
	ct = tcp(3003);
	nfct_bitmask_set_bit(labels, 3);
	nfct_bitmask_set_bit(labels, 100);
	nfct_set_attr(ct, ATTR_CONNLABELS, labels);	/* becomes its own */
	make(ct);
	ct = tcp(3004);
	nfct_set_attr(ct, ATTR_HELPER_NAME, "ftp");
	make(ct);
	ct = tcp(3005);
	nfct_set_attr_u32(ct, ATTR_MASTER_IPV4_SRC, inet_addr("10.0.0.1"));
	nfct_set_attr_u32(ct, ATTR_MASTER_IPV4_DST, inet_addr("192.0.2.7"));
	nfct_set_attr_u8(ct, ATTR_MASTER_L3PROTO, AF_INET);
	nfct_set_attr_u8(ct, ATTR_MASTER_L4PROTO, IPPROTO_TCP);
	nfct_set_attr_u16(ct, ATTR_MASTER_PORT_SRC, htons(3004));
	nfct_set_attr_u16(ct, ATTR_MASTER_PORT_DST, htons(443));
	make(ct);
	ct = tcp(3006);
	nfct_set_attr_u32(ct, ATTR_ORIG_NAT_SEQ_CORRECTION_POS, 0x01020304);
	nfct_set_attr_u32(ct, ATTR_ORIG_NAT_SEQ_OFFSET_BEFORE, 0);
	nfct_set_attr_u32(ct, ATTR_ORIG_NAT_SEQ_OFFSET_AFTER, 5);
	nfct_set_attr_u32(ct, ATTR_REPL_NAT_SEQ_CORRECTION_POS, 0x05060708);
	nfct_set_attr_u32(ct, ATTR_REPL_NAT_SEQ_OFFSET_BEFORE, 3);
	nfct_set_attr_u32(ct, ATTR_REPL_NAT_SEQ_OFFSET_AFTER, 4);
	make(ct);
	ct = tcp(3007);
	nfct_set_attr_u32(ct, ATTR_SYNPROXY_ISN, 11);
	nfct_set_attr_u32(ct, ATTR_SYNPROXY_ITS, 22);
	nfct_set_attr_u32(ct, ATTR_SYNPROXY_TSOFF, 33);
	make(ct);
	return 7;
}

/* ---- round trips ---- */

static void
test_flows_of_every_protocol_arrive_as_they_were(void **state UNUSED)
{
	unsigned count;

	need_root();
	count = make_protocols();
	carry();
	assert_same(count);
}

static void
test_translated_flows_arrive_translated(void **state UNUSED)
{
	unsigned count;

	need_root();
	count = make_translated();
	carry();
	assert_same(count);
	assert_non_null(oracle_find(&two, "dst=203.0.113.1"));
	assert_non_null(oracle_find(&two, "src=10.9.0.1"));
	assert_non_null(oracle_find(&two, "dst=2001:db8:1::1"));
}

/* The other library can not say it, so a real one. */
static void
test_echo_whose_identifier_is_translated_arrives_so(void **state UNUSED)
{
	need_root();
	space_run(first, "ip address add 10.9.9.9/32 dev lo && ip route add 192.0.2.0/24 dev lo");
	space_run(first, "nft add table ip n '{ chain c { type nat hook postrouting priority 100; "
	          "meta l4proto icmp snat to 203.0.113.1 fully-random; }; }'");
	(void)space_try(first, "ping -c1 -W0.1 192.0.2.9");
	carry();
	assert_true(last.has & FLOW_HAS_SOURCE_NAT);
	assert_int_not_equal(last.source_nat.port, last.key.source_port);
	assert_same(1);
}

static void
test_everything_a_flow_carries_arrives(void **state UNUSED)
{
	unsigned count;

	need_root();
	count = make_laden();
	carry();
	assert_same(count);
	assert_non_null(oracle_find(&two, "mark=abcd0001"));
	assert_non_null(oracle_find(&two, "zone=7"));
	assert_non_null(oracle_find(&two, "label=100"));
	assert_non_null(oracle_find(&two, "helper=ftp"));
	assert_non_null(oracle_find(&two, "master="));
	assert_non_null(oracle_find(&two, "after0=5"));
	assert_non_null(oracle_find(&two, "isn=b"));
}

static void
test_dump_brings_what_events_bring(void **state UNUSED)
{
	unsigned count;

	need_root();
	count = make_protocols() + make_translated() + make_laden();
	/* A dump has no order: who is expected may come before who expects it. */
	carry_by_dump(NULL);
	if (refusals) {
		assert_int_equal(refusal.error, -ENOENT);
		refusals = 0;
		carry_by_dump(NULL);
	}
	assert_same(count);
}

static void
test_what_is_put_in_twice_is_changed_not_replaced(void **state UNUSED)
{
	unsigned count;

	need_root();
	count = make_protocols() + make_translated() + make_laden();
	carry();
	carry_by_dump(NULL);
	assert_same(count);
	assert_int_equal(conntrack_inject_counts(inject)->replaced, 0);
}

static void
test_flows_that_end_are_deleted(void **state UNUSED)
{
	need_root();
	(void)make_protocols();
	(void)make_translated();
	carry();
	oracle_flush(first);
	carry();
	assert_int_equal(last_event, CONNTRACK_GONE);
	assert_same(0);
	assert_int_equal(conntrack_inject_counts(inject)->already_gone, 0);
}

static void
test_first_event_of_a_flow_is_told_apart(void **state UNUSED)
{
	struct nf_conntrack *ct;

	need_root();
	make(tcp(1));
	carry();
	assert_int_equal(last_event, CONNTRACK_NEW);
	ct = tcp(1);
	nfct_set_attr_u32(ct, ATTR_MARK, 5);
	assert_int_equal(oracle_change(first, ct), 0);
	carry();
	assert_int_equal(last_event, CONNTRACK_CHANGED);
	assert_int_equal(last.mark, 5);
}

/* ---- dumps ---- */

static void
test_dump_shows_what_its_filter_lets_through(void **state UNUSED)
{
	struct conntrack_filter filter = { .family = 6 };

	need_root();
	(void)make_protocols();
	(void)make_laden();
	heard = 0;
	carry_by_dump(&filter);
	assert_int_equal(heard, 5);
	assert_int_equal(last.key.family, 6);

	filter = (struct conntrack_filter){ .status = FLOW_ASSURED, .status_mask = FLOW_ASSURED };
	heard = 0;
	carry_by_dump(&filter);
	assert_int_equal(heard, 8);

	filter = (struct conntrack_filter){ .mark = 1, .mark_mask = 0xffff };
	heard = 0;
	carry_by_dump(&filter);
	assert_int_equal(heard, 1);
	assert_int_equal(last.mark, 0xabcd0001);

	filter = (struct conntrack_filter){ .one_zone = true, .zone = 7 };
	heard = 0;
	carry_by_dump(&filter);
	assert_int_equal(heard, 1);
	assert_int_equal(last.key.zone, 7);

	filter = (struct conntrack_filter){ .status = CONNTRACK_STATUS_SEQADJ,
	                                    .status_mask = CONNTRACK_STATUS_SEQADJ };
	heard = 0;
	carry_by_dump(&filter);
	assert_int_equal(heard, 1);
	assert_int_equal(last.seqadj[0].after, 5);
}

static void
test_dump_begun_anew_forgets_the_one_before(void **state UNUSED)
{
	static const struct conntrack_dump_hearer hearer = { .flow = on_record };

	need_root();
	for (uint16_t port = 1; port <= 600; port++)
		make(tcp(port));
	assert_int_equal(conntrack_dump_flows(dump, NULL), 0);
	assert_int_equal(conntrack_dump_step(dump, 1, &hearer), 1);
	assert_in_range(heard, 1, 400);
	heard = 0;
	carry_by_dump(NULL);
	assert_int_equal(heard, 600);
	carry_by_dump(NULL);
	assert_int_equal(heard, 1200);
	assert_int_equal(conntrack_dump_step(dump, 1, &hearer), 0);
}

static void
test_one_flow_can_be_asked_for(void **state UNUSED)
{
	struct flow flow;

	need_root();
	(void)make_laden();
	carry();
	last.key.source_port = 3003;
	assert_int_equal(conntrack_dump_get(look, &last.key, &flow), 0);
	assert_int_equal(flow.labels[12], 1 << 4);
	last.key.source_port = 3999;
	assert_int_equal(conntrack_dump_get(look, &last.key, &flow), -ENOENT);
}

/* ---- what is in the way ---- */

/* The flow of this port, with a source that is translated, as the first heard of it. */
static struct flow
translated(uint16_t port, const char *address, uint16_t translated_port)
{
	struct nf_conntrack *ct = tcp(port);

	translate(ct, true, address, translated_port);
	make(ct);
	carry();
	return last;
}

static void
put_in(const struct flow *flow, bool known)
{
	assert_int_equal(conntrack_inject_flow(inject, flow, 500, known), 0);
	assert_int_equal(conntrack_inject_flush(inject), 0);
}

static void
test_flow_translated_otherwise_is_replaced(void **state UNUSED)
{
	struct flow flow;

	need_root();
	flow = translated(1, "203.0.113.1", 40001);
	flow.source_nat.port = 40002;
	put_in(&flow, false);
	assert_int_equal(refusals, 0);
	assert_int_equal(conntrack_inject_counts(inject)->replaced, 1);
	oracle_look(&two, second);
	assert_int_equal(two.count, 1);
	assert_non_null(oracle_find(&two, "dport=40002"));
}

static void
test_flow_that_has_anothers_way_back_makes_room(void **state UNUSED)
{
	struct flow flow;

	need_root();
	flow = translated(1, "203.0.113.1", 40001);
	flow.key.source_port = 2;		/* another flow, the same translation */
	put_in(&flow, false);
	assert_int_equal(refusals, 0);
	oracle_look(&two, second);
	assert_int_equal(two.count, 1);
	assert_non_null(oracle_find(&two, "sport=2 "));
	assert_non_null(oracle_find(&two, "dport=40001"));
}

static void
test_flow_younger_than_what_is_there_replaces_it(void **state UNUSED)
{
	struct flow flow;

	need_root();
	make(tcp(1));
	carry();
	flow = last;
	flow.status = 0;
	flow.tcp.state = TCP_CONNTRACK_SYN_SENT;
	put_in(&flow, false);
	assert_int_equal(refusals, 0);
	oracle_look(&two, second);
	assert_non_null(oracle_find(&two, "SYN_SENT"));
	assert_non_null(oracle_find(&two, "[UNREPLIED]"));
}

static void
test_new_flow_yields_to_one_that_is_there(void **state UNUSED)
{
	struct flow flow;

	need_root();
	make(tcp(1));
	carry();
	flow = last;
	flow.has |= FLOW_HAS_MARK;
	flow.mark = 77;
	assert_int_equal(conntrack_inject_new(inject, &flow, 500), 0);
	assert_int_equal(conntrack_inject_flush(inject), 0);
	assert_int_equal(refusals, 1);
	assert_int_equal(refusal.error, -EEXIST);
	oracle_look(&two, second);
	assert_null(oracle_find(&two, "mark=77"));
	oracle_flush(second);
	assert_int_equal(conntrack_inject_new(inject, &flow, 500), 0);
	assert_int_equal(conntrack_inject_flush(inject), 0);
	assert_int_equal(refusals, 1);
	oracle_look(&two, second);
	assert_non_null(oracle_find(&two, "mark=77"));
}

static void
test_known_flow_that_is_gone_is_created(void **state UNUSED)
{
	struct flow flow;

	need_root();
	flow = translated(1, "203.0.113.1", 40001);
	oracle_flush(second);
	put_in(&flow, true);
	assert_same(1);
}

static void
test_known_flow_is_changed_without_asking(void **state UNUSED)
{
	struct flow flow;
	uint64_t sends;

	need_root();
	flow = translated(1, "203.0.113.1", 40001);
	sends = conntrack_inject_counts(inject)->sends;
	flow.tcp.state = TCP_CONNTRACK_FIN_WAIT;
	put_in(&flow, true);
	assert_int_equal(conntrack_inject_counts(inject)->sends, sends + 1);
	oracle_look(&two, second);
	assert_non_null(oracle_find(&two, "FIN_WAIT"));
	assert_non_null(oracle_find(&two, "dport=40001"));
}

static void
test_change_of_a_flow_that_is_gone_does_not_make_it_anew(void **state UNUSED)
{
	struct flow plain, flow;

	need_root();
	flow = translated(1, "203.0.113.1", 40001);
	plain = flow;
	plain.has &= ~(uint32_t)(FLOW_HAS_SOURCE_NAT | FLOW_HAS_DESTINATION_NAT);
	plain.key.source_port++;
	oracle_flush(second);
	assert_int_equal(conntrack_inject_change(inject, &flow, 500), 0);
	assert_int_equal(conntrack_inject_change(inject, &plain, 500), 0);
	assert_int_equal(conntrack_inject_flush(inject), 0);
	assert_int_equal(refusals, 0);
	assert_int_equal(conntrack_inject_counts(inject)->already_gone, 2);
	oracle_look(&two, second);
	assert_null(oracle_find(&two, "dport="));
}

/* It has seen an answer, and cannot have seen none again. */
static void
test_change_of_a_flow_that_got_further_leaves_it_alone(void **state UNUSED)
{
	struct flow flow;

	need_root();
	flow = translated(1, "203.0.113.1", 40001);
	flow.status &= ~(uint32_t)(FLOW_SEEN_REPLY | FLOW_ASSURED);
	flow.has |= FLOW_HAS_MARK;
	flow.mark = 77;
	assert_int_equal(conntrack_inject_change(inject, &flow, 500), 0);
	assert_int_equal(conntrack_inject_flush(inject), 0);
	assert_int_equal(refusals, 0);
	oracle_look(&two, second);
	assert_non_null(oracle_find(&two, "ASSURED"));
	assert_null(oracle_find(&two, "mark=77"));
	/* Where it got no further, it is changed. */
	flow.status |= FLOW_SEEN_REPLY | FLOW_ASSURED;
	assert_int_equal(conntrack_inject_change(inject, &flow, 500), 0);
	assert_int_equal(conntrack_inject_flush(inject), 0);
	oracle_look(&two, second);
	assert_non_null(oracle_find(&two, "mark=77"));
	assert_non_null(oracle_find(&two, "dport=40001"));
}

static void
test_flow_that_began_anew_from_its_other_end_replaces_the_old_one(void **state UNUSED)
{
	struct flow flow;
	struct flow_key old;

	need_root();
	make(oracle_flow(IPPROTO_UDP, "10.0.0.1", 4500, "192.0.2.7", 4501));
	carry();
	flow = last;
	old = flow.key;
	memcpy(flow.key.source, old.destination, sizeof(flow.key.source));
	memcpy(flow.key.destination, old.source, sizeof(flow.key.destination));
	flow.key.source_port = 4501;
	flow.key.destination_port = 4500;
	put_in(&flow, false);
	oracle_look(&two, second);
	assert_int_equal(two.count, 1);
	assert_non_null(oracle_find(&two, "src=192.0.2.7 dst=10.0.0.1 sport=4501 dport=4500 ["));
	/* The end of the old one comes late, and must not hit the new one. */
	assert_int_equal(conntrack_inject_delete(inject, &old), 0);
	assert_int_equal(conntrack_inject_flush(inject), 0);
	oracle_look(&two, second);
	assert_int_equal(two.count, 1);
	/* But the end of the new one does. */
	assert_int_equal(conntrack_inject_delete(inject, &flow.key), 0);
	assert_int_equal(conntrack_inject_flush(inject), 0);
	oracle_look(&two, second);
	assert_int_equal(two.count, 0);
	assert_int_equal(refusals, 0);
}

static void
test_expected_flow_without_its_master_is_refused_until_it_is_there(void **state UNUSED)
{
	struct flow flow;

	need_root();
	(void)make_laden();
	carry();
	last.key.source_port = 3005;
	assert_int_equal(conntrack_dump_get(look, &last.key, &flow), 0);
	oracle_flush(second);
	put_in(&flow, false);
	assert_int_equal(refusals, 1);
	assert_int_equal(refusal.what, CONNTRACK_REFUSED_FLOW);
	assert_int_equal(refusal.error, -ENOENT);
	carry_by_dump(NULL);
	refusals = 0;
	put_in(&flow, false);
	assert_same(7);
}

static void
test_changed_flow_stays_expected(void **state UNUSED)
{
	struct flow flow;

	need_root();
	(void)make_laden();
	carry();
	last.key.source_port = 3005;
	assert_int_equal(conntrack_dump_get(look, &last.key, &flow), 0);
	flow.mark = 9;
	flow.has |= FLOW_HAS_MARK;
	put_in(&flow, true);
	flow.mark = 10;
	put_in(&flow, false);
	flow.mark = 11;
	flow.has &= ~FLOW_HAS_MASTER;		/* as an event tells it that is not the first */
	put_in(&flow, false);
	assert_int_equal(refusals, 0);
	assert_int_equal(conntrack_inject_counts(inject)->replaced, 0);
	oracle_look(&two, second);
	assert_non_null(strstr(oracle_find(&two, "mark=b"), "master="));
}

static void
test_helper_that_is_unknown_here_is_left_out(void **state UNUSED)
{
	struct flow flow;

	need_root();
	make(tcp(1));
	carry();
	flow = last;
	flow.has |= FLOW_HAS_HELPER;
	memcpy(flow.helper, "strange", sizeof("strange"));
	oracle_flush(second);
	put_in(&flow, false);
	assert_int_equal(conntrack_inject_counts(inject)->unhelped, 1);
	put_in(&flow, true);
	assert_same(1);
}

static void
test_time_left_is_set_without_touching_anything_else(void **state UNUSED)
{
	struct flow flow;

	need_root();
	(void)make_laden();
	(void)make_translated();
	carry();
	flow = last;
	assert_int_equal(conntrack_inject_retime(inject, &flow.key, 77), 0);
	assert_int_equal(conntrack_inject_flush(inject), 0);
	assert_int_equal(conntrack_dump_get(look, &flow.key, &flow), 0);
	assert_in_range(flow.timeout, 70, 77);
	assert_same(7 + 8);
	oracle_flush(second);
	assert_int_equal(conntrack_inject_retime(inject, &flow.key, 77), 0);
	assert_int_equal(conntrack_inject_flush(inject), 0);
	assert_int_equal(refusals, 0);
	oracle_look(&two, second);
	assert_int_equal(two.count, 0);
}

static void
test_renewed_flows_are_as_they_were(void **state UNUSED)
{
	static const struct conntrack_dump_hearer hearer = { .flow = on_renewed };
	unsigned count;

	need_root();
	count = make_protocols() + make_translated() + make_laden();
	carry();
	assert_int_equal(conntrack_dump_flows(look, NULL), 0);
	while (conntrack_dump_step(look, 1, &hearer) > 0)
		;
	assert_int_equal(conntrack_inject_flush(inject), 0);
	assert_int_equal(conntrack_inject_counts(inject)->already_gone, 0);
	assert_int_equal(conntrack_inject_counts(inject)->deletes, count);
	assert_same(count);
}

static void
test_refusals_of_a_batch_name_what_was_refused(void **state UNUSED)
{
	struct flow flow;

	need_root();
	make(tcp(1));
	carry();
	flow = last;
	for (uint16_t i = 0; i < 8; i++) {	/* one whole batch */
		flow.key.source_port = (uint16_t)(10 + i);
		flow.tcp.state = i == 5 ? 200 : TCP_CONNTRACK_ESTABLISHED;
		assert_int_equal(conntrack_inject_flow(inject, &flow, 500, false), 0);
	}
	assert_int_equal(conntrack_inject_flush(inject), 0);
	assert_int_equal(refusals, 1);
	assert_int_equal(refusal.error, -ERANGE);
	oracle_look(&two, second);
	assert_int_equal(two.count, 1 + 7);
	assert_null(oracle_find(&two, "sport=15 "));
}

static void
test_deletes_of_what_is_not_there_are_counted_only(void **state UNUSED)
{
	need_root();
	make(tcp(1));
	carry();
	for (unsigned i = 0; i < 3; i++)
		assert_int_equal(conntrack_inject_delete(inject, &last.key), 0);
	assert_int_equal(conntrack_inject_flush(inject), 0);
	assert_int_equal(refusals, 0);
	assert_int_equal(conntrack_inject_counts(inject)->already_gone, 2);
}

static void
test_flow_deleted_after_it_was_refused_is_not_mended(void **state UNUSED)
{
	struct flow flow;

	need_root();
	flow = translated(1, "203.0.113.1", 40001);
	flow.key.source_port = 2;
	assert_int_equal(conntrack_inject_flow(inject, &flow, 500, false), 0);
	assert_int_equal(conntrack_inject_delete(inject, &flow.key), 0);
	assert_int_equal(conntrack_inject_flush(inject), 0);
	assert_same(1);
}

/* ---- the event socket ---- */

static void
test_own_requests_are_not_heard(void **state UNUSED)
{
	static const struct conntrack_hearer hearer = { .flow = on_event };
	struct conntrack_events *here;
	struct error error;
	bool overrun = false;

	need_root();
	make(tcp(1));
	space_enter(second);
	assert_int_equal(conntrack_events_open(0, &here, &error), 0);
	assert_int_equal(conntrack_events_subscribe(here, true, false), 0);
	assert_int_equal(conntrack_events_ignore(here, conntrack_inject_port(inject)), 0);
	carry();
	assert_int_equal(conntrack_events_drain(here, 1, &hearer, &overrun), 0);
	assert_int_equal(conntrack_events_ignore(here, 0), 0);
	conntrack_events_close(here);
}

static void
test_reader_that_is_too_slow_is_told_so(void **state UNUSED)
{
	static const struct conntrack_hearer hearer = { .flow = on_event };
	struct conntrack_events *small;
	struct error error;
	bool overrun = false;

	need_root();
	space_enter(first);
	assert_int_equal(conntrack_events_open(8192, &small, &error), 0);
	assert_int_equal(conntrack_events_subscribe(small, true, false), 0);
	for (uint16_t port = 1; port < 100; port++)
		make(tcp(port));
	assert_in_range(conntrack_events_drain(small, 1000, &hearer, &overrun), 1, 98);
	assert_true(overrun);
	assert_int_equal(conntrack_events_counts(small)->overruns, 1);
	overrun = false;
	make(tcp(200));
	assert_int_equal(conntrack_events_drain(small, 1000, &hearer, &overrun), 1);
	assert_false(overrun);
	conntrack_events_close(small);
}

static void
test_who_is_not_subscribed_hears_nothing(void **state UNUSED)
{
	need_root();
	assert_int_equal(conntrack_events_subscribe(events, false, false), 0);
	make(tcp(1));
	carry();
	assert_int_equal(heard, 0);
	assert_int_equal(conntrack_events_subscribe(events, true, false), 0);
	make(tcp(2));
	carry();
	assert_int_equal(heard, 1);
}

static void
test_receive_buffer_has_the_size_asked_for(void **state UNUSED)
{
	struct conntrack_events *large;
	struct error error;

	need_root();
	assert_int_equal(conntrack_events_open(0, &large, &error), 0);
	assert_true(conntrack_events_buffer(large) >= CONNTRACK_EVENTS_BUFFER);
	conntrack_events_close(large);
}

/* ---- settings of the kernel ---- */

static void
test_settings_are_read_and_written(void **state UNUSED)
{
	uint64_t value;

	need_root();
	space_enter(first);
	make(tcp(1));
	assert_int_equal(conntrack_sysctl_get(CONNTRACK_SYSCTL_COUNT, &value), 0);
	assert_int_equal(value, 1);
	assert_int_equal(conntrack_sysctl_get(CONNTRACK_SYSCTL_MAX, &value), 0);
	assert_true(value > 1000);
	assert_int_equal(conntrack_sysctl_get(CONNTRACK_SYSCTL_TCP_LOOSE, &value), 0);
	assert_int_equal(value, 1);
	assert_int_equal(conntrack_sysctl_set(CONNTRACK_SYSCTL_TCP_LOOSE, 0), 0);
	assert_int_equal(conntrack_sysctl_get(CONNTRACK_SYSCTL_TCP_LOOSE, &value), 0);
	assert_int_equal(value, 0);
	/* The table's size is the whole kernel's. */
	assert_true(conntrack_sysctl_set(CONNTRACK_SYSCTL_COUNT, 5) < 0);
}

#define flows_test(function) cmocka_unit_test_setup_teardown(function, set_up, tear_down)

int
main(void)
{
	const struct CMUnitTest tests[] = {
		flows_test(test_flows_of_every_protocol_arrive_as_they_were),
		flows_test(test_translated_flows_arrive_translated),
		flows_test(test_echo_whose_identifier_is_translated_arrives_so),
		flows_test(test_everything_a_flow_carries_arrives),
		flows_test(test_dump_brings_what_events_bring),
		flows_test(test_what_is_put_in_twice_is_changed_not_replaced),
		flows_test(test_flows_that_end_are_deleted),
		flows_test(test_first_event_of_a_flow_is_told_apart),
		flows_test(test_dump_shows_what_its_filter_lets_through),
		flows_test(test_dump_begun_anew_forgets_the_one_before),
		flows_test(test_one_flow_can_be_asked_for),
		flows_test(test_flow_translated_otherwise_is_replaced),
		flows_test(test_flow_that_has_anothers_way_back_makes_room),
		flows_test(test_flow_younger_than_what_is_there_replaces_it),
		flows_test(test_new_flow_yields_to_one_that_is_there),
		flows_test(test_known_flow_that_is_gone_is_created),
		flows_test(test_known_flow_is_changed_without_asking),
		flows_test(test_change_of_a_flow_that_is_gone_does_not_make_it_anew),
		flows_test(test_change_of_a_flow_that_got_further_leaves_it_alone),
		flows_test(test_flow_that_began_anew_from_its_other_end_replaces_the_old_one),
		flows_test(test_expected_flow_without_its_master_is_refused_until_it_is_there),
		flows_test(test_changed_flow_stays_expected),
		flows_test(test_helper_that_is_unknown_here_is_left_out),
		flows_test(test_time_left_is_set_without_touching_anything_else),
		flows_test(test_renewed_flows_are_as_they_were),
		flows_test(test_refusals_of_a_batch_name_what_was_refused),
		flows_test(test_deletes_of_what_is_not_there_are_counted_only),
		flows_test(test_flow_deleted_after_it_was_refused_is_not_mended),
		flows_test(test_own_requests_are_not_heard),
		flows_test(test_reader_that_is_too_slow_is_told_so),
		flows_test(test_who_is_not_subscribed_hears_nothing),
		flows_test(test_receive_buffer_has_the_size_asked_for),
		flows_test(test_settings_are_read_and_written),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
