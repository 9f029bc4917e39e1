/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Two tables of flows, and the way between them that is ours.
 */
#include "conntrack_tables.h"

#include <arpa/inet.h>
#include <linux/netfilter/nf_conntrack_tcp.h>
#include <netinet/in.h>
#include <string.h>
#include <unistd.h>

#include "system/conntrack_sysctl.h"

struct tables tables;

static void
on_refused(void *owner UNUSED, const struct conntrack_refusal *r)
{
	tables.refusal = *r;
	tables.refusals++;
}

void
tables_on_event(void *owner UNUSED, enum conntrack_event event, const struct flow *flow)
{
	tables.last = *flow;
	tables.last_event = event;
	tables.heard++;
	if (event == CONNTRACK_GONE)
		assert_int_equal(conntrack_inject_delete(tables.inject, &flow->key), 0);
	else
		assert_int_equal(conntrack_inject_flow(tables.inject, flow, 500, false), 0);
}

void
tables_on_record(void *owner UNUSED, const struct flow *flow)
{
	tables.last = *flow;
	tables.heard++;
	assert_int_equal(conntrack_inject_flow(tables.inject, flow, 500, false), 0);
}

int
tables_set_up(void **state UNUSED)
{
	struct error error;

	if (geteuid() != 0)
		return 0;
	tables.first = space_new();
	tables.second = space_new();
	for (int i = 0; i < 2; i++) {
		/* Without a rule about labels, the kernel keeps none. */
		space_run(i ? tables.second : tables.first, "nft add table inet t '{ chain c { "
		          "type filter hook forward priority 0; ct label set 1; }; }'");
		assert_int_equal(conntrack_sysctl_set(CONNTRACK_SYSCTL_EVENTS, 1), 0);
	}
	space_enter(tables.first);
	assert_int_equal(conntrack_events_open(4u << 20, &tables.events, &error), 0);
	assert_int_equal(conntrack_events_subscribe(tables.events, true, true), 0);
	assert_int_equal(conntrack_dump_open(&tables.dump, &error), 0);
	space_enter(tables.second);
	assert_int_equal(conntrack_inject_open(8, on_refused, NULL, &tables.inject, &error), 0);
	assert_int_equal(conntrack_dump_open(&tables.look, &error), 0);
	tables.refusals = tables.heard = 0;
	return 0;
}

int
tables_tear_down(void **state UNUSED)
{
	if (geteuid() != 0)
		return 0;
	conntrack_events_close(tables.events);
	conntrack_dump_close(tables.dump);
	conntrack_inject_close(tables.inject);
	conntrack_dump_close(tables.look);
	oracle_flush(tables.first);
	oracle_flush(tables.second);
	space_close(tables.first);
	space_close(tables.second);
	return 0;
}

void
tables_need_root(void)
{
	if (geteuid() != 0)
		skip();
}

void
tables_carry(void)
{
	static const struct conntrack_hearer hearer = { .flow = tables_on_event };
	bool overrun = false;

	assert_true(conntrack_events_drain(tables.events, 100000, &hearer, &overrun) >= 0);
	assert_int_equal(conntrack_inject_flush(tables.inject), 0);
	assert_false(overrun);
}

void
tables_carry_by_dump(const struct conntrack_filter *filter)
{
	static const struct conntrack_dump_hearer hearer = { .flow = tables_on_record };
	int r;

	assert_int_equal(conntrack_dump_flows(tables.dump, filter), 0);
	while ((r = conntrack_dump_step(tables.dump, 1, &hearer)) > 0)
		;
	assert_int_equal(r, 0);
	assert_int_equal(conntrack_inject_flush(tables.inject), 0);
}

void
tables_assert_same(unsigned count)
{
	oracle_look(&tables.one, tables.first);
	oracle_look(&tables.two, tables.second);
	assert_int_equal(tables.one.count, count);
	oracle_assert_equal(&tables.one, &tables.two);
	assert_int_equal(tables.refusals, 0);
}

void
tables_make(struct nf_conntrack *ct)
{
	assert_int_equal(oracle_create(tables.first, ct), 0);
}

struct nf_conntrack *
tables_tcp(uint16_t port)
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

void
tables_translate(struct nf_conntrack *ct, bool source, const char *address, uint16_t port)
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

unsigned
tables_make_protocols(void)
{
	static const uint8_t plain[] = { IPPROTO_UDP, IPPROTO_UDPLITE, IPPROTO_GRE, IPPROTO_ESP };
	struct nf_conntrack *ct;

	tables_make(tables_tcp(1000));
	for (size_t i = 0; i < ARRAY_SIZE(plain); i++) {
		bool ports = plain[i] != IPPROTO_ESP;

		tables_make(oracle_flow(plain[i], "10.0.0.1", ports ? 7 : 0, "192.0.2.7",
		                        ports ? 9 : 0));
		tables_make(oracle_flow(plain[i], "2001:db8::1", ports ? 7 : 0, "2001:db8::2",
		                        ports ? 9 : 0));
	}
	tables_make(oracle_flow(IPPROTO_ICMP, "10.0.0.1", 77, "192.0.2.7", 8 << 8));
	tables_make(oracle_flow(IPPROTO_ICMPV6, "2001:db8::1", 77, "2001:db8::2", 128 << 8));
	ct = oracle_flow(IPPROTO_SCTP, "10.0.0.1", 7, "192.0.2.7", 9);
	nfct_set_attr_u8(ct, ATTR_SCTP_STATE, 4);
	nfct_set_attr_u32(ct, ATTR_SCTP_VTAG_ORIG, htonl(0x01020304));
	nfct_set_attr_u32(ct, ATTR_SCTP_VTAG_REPL, htonl(0x05060708));
	tables_make(ct);
	return 1 + 2 * ARRAY_SIZE(plain) + 3;
}

unsigned
tables_make_translated(void)
{
	struct nf_conntrack *ct;

	ct = tables_tcp(2001);
	tables_translate(ct, true, "203.0.113.1", 40001);
	tables_make(ct);
	ct = tables_tcp(2002);
	tables_translate(ct, false, "10.9.0.1", 8443);
	tables_make(ct);
	ct = tables_tcp(2003);
	tables_translate(ct, true, "203.0.113.1", 40003);
	tables_translate(ct, false, "10.9.0.1", 8443);
	tables_make(ct);
	ct = oracle_flow(IPPROTO_UDP, "2001:db8::1", 2004, "2001:db8::2", 53);
	tables_translate(ct, true, "2001:db8:1::1", 40004);
	tables_make(ct);
	ct = oracle_flow(IPPROTO_UDP, "2001:db8::1", 2005, "2001:db8::2", 53);
	tables_translate(ct, false, "2001:db8:2::1", 5353);
	tables_make(ct);
	ct = oracle_flow(IPPROTO_ICMP, "10.0.0.1", 88, "192.0.2.8", 8 << 8);
	tables_translate(ct, true, "203.0.113.1", 0);
	tables_make(ct);
	ct = oracle_flow(IPPROTO_ICMP, "10.0.0.1", 89, "192.0.2.8", 8 << 8);
	tables_translate(ct, false, "10.9.0.1", 0);
	tables_make(ct);
	ct = oracle_flow(IPPROTO_ESP, "10.0.0.1", 0, "192.0.2.8", 0);
	tables_translate(ct, true, "203.0.113.1", 0);
	tables_make(ct);
	return 8;
}

unsigned
tables_make_laden(void)
{
	struct nfct_bitmask *labels = nfct_bitmask_new(127);
	struct nf_conntrack *ct = tables_tcp(3001);

	nfct_set_attr_u32(ct, ATTR_MARK, 0xabcd0001);
	tables_make(ct);
	ct = tables_tcp(3002);
	nfct_set_attr_u16(ct, ATTR_ZONE, 7);
	tables_make(ct);
	ct = tables_tcp(3003);
	nfct_bitmask_set_bit(labels, 3);
	nfct_bitmask_set_bit(labels, 100);
	nfct_set_attr(ct, ATTR_CONNLABELS, labels);	/* becomes its own */
	tables_make(ct);
	ct = tables_tcp(3004);
	nfct_set_attr(ct, ATTR_HELPER_NAME, "ftp");
	tables_make(ct);
	ct = tables_tcp(3005);
	nfct_set_attr_u32(ct, ATTR_MASTER_IPV4_SRC, inet_addr("10.0.0.1"));
	nfct_set_attr_u32(ct, ATTR_MASTER_IPV4_DST, inet_addr("192.0.2.7"));
	nfct_set_attr_u8(ct, ATTR_MASTER_L3PROTO, AF_INET);
	nfct_set_attr_u8(ct, ATTR_MASTER_L4PROTO, IPPROTO_TCP);
	nfct_set_attr_u16(ct, ATTR_MASTER_PORT_SRC, htons(3004));
	nfct_set_attr_u16(ct, ATTR_MASTER_PORT_DST, htons(443));
	tables_make(ct);
	ct = tables_tcp(3006);
	nfct_set_attr_u32(ct, ATTR_ORIG_NAT_SEQ_CORRECTION_POS, 0x01020304);
	nfct_set_attr_u32(ct, ATTR_ORIG_NAT_SEQ_OFFSET_BEFORE, 0);
	nfct_set_attr_u32(ct, ATTR_ORIG_NAT_SEQ_OFFSET_AFTER, 5);
	nfct_set_attr_u32(ct, ATTR_REPL_NAT_SEQ_CORRECTION_POS, 0x05060708);
	nfct_set_attr_u32(ct, ATTR_REPL_NAT_SEQ_OFFSET_BEFORE, 3);
	nfct_set_attr_u32(ct, ATTR_REPL_NAT_SEQ_OFFSET_AFTER, 4);
	tables_make(ct);
	ct = tables_tcp(3007);
	nfct_set_attr_u32(ct, ATTR_SYNPROXY_ISN, 11);
	nfct_set_attr_u32(ct, ATTR_SYNPROXY_ITS, 22);
	nfct_set_attr_u32(ct, ATTR_SYNPROXY_TSOFF, 33);
	tables_make(ct);
	return 7;
}
