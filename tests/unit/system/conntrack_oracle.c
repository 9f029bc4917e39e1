/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * By libnetfilter_conntrack: slow, complete, and written by others.
 */
#include "conntrack_oracle.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <stdlib.h>
#include <string.h>

#include <libnetfilter_conntrack/libnetfilter_conntrack_tcp.h>

#include "spaces.h"

/* Of the status: seen reply, assured, confirmed, expected, translated, sequence shifted. */
#define STATUS (1u << 0 | 1u << 1 | 1u << 2 | 1u << 3 | 1u << 4 | 1u << 5 | 1u << 6)

static size_t
print32(char *line, size_t at, const struct nf_conntrack *ct, enum nf_conntrack_attr attribute,
        const char *name)
{
	/* Zero and nothing are the same. */
	if (nfct_get_attr_u32(ct, attribute))
		at += (size_t)snprintf(line + at, ORACLE_LINE - at, " %s=%x", name,
		                       nfct_get_attr_u32(ct, attribute));
	return at;
}

static size_t
print8(char *line, size_t at, const struct nf_conntrack *ct, enum nf_conntrack_attr attribute,
       const char *name, uint8_t mask)
{
	if (nfct_attr_is_set(ct, attribute) > 0)
		at += (size_t)snprintf(line + at, ORACLE_LINE - at, " %s=%x", name,
		                       nfct_get_attr_u8(ct, attribute) & mask);
	return at;
}

static size_t
print_labels(char *line, size_t at, const struct nf_conntrack *ct)
{
	const struct nfct_bitmask *labels = nfct_get_attr(ct, ATTR_CONNLABELS);

	for (unsigned i = 0; labels && i <= nfct_bitmask_maxbit(labels); i++)
		if (nfct_bitmask_test_bit(labels, i))
			at += (size_t)snprintf(line + at, ORACLE_LINE - at, " label=%u", i);
	return at;
}

static void
print(char *line, const struct nf_conntrack *ct)
{
	size_t at;

	nfct_snprintf(line, ORACLE_LINE, ct, NFCT_T_UNKNOWN, NFCT_O_DEFAULT, NFCT_OF_SHOW_LAYER3);
	/* A mark of zero is shown or not, as the kernel pleases. */
	at = strlen(line);
	at += (size_t)snprintf(line + at, ORACLE_LINE - at, " status=%x mark=%x",
	                       nfct_get_attr_u32(ct, ATTR_STATUS) & STATUS,
	                       nfct_get_attr_u32(ct, ATTR_MARK));
	at = print8(line, at, ct, ATTR_TCP_WSCALE_ORIG, "scale0", 0xff);
	at = print8(line, at, ct, ATTR_TCP_WSCALE_REPL, "scale1", 0xff);
	at = print8(line, at, ct, ATTR_TCP_FLAGS_ORIG, "flags0", 7);
	at = print8(line, at, ct, ATTR_TCP_FLAGS_REPL, "flags1", 7);
	at = print32(line, at, ct, ATTR_SCTP_VTAG_ORIG, "tag0");
	at = print32(line, at, ct, ATTR_SCTP_VTAG_REPL, "tag1");
	at = print32(line, at, ct, ATTR_ORIG_NAT_SEQ_CORRECTION_POS, "at0");
	at = print32(line, at, ct, ATTR_ORIG_NAT_SEQ_OFFSET_AFTER, "after0");
	at = print32(line, at, ct, ATTR_REPL_NAT_SEQ_OFFSET_BEFORE, "before1");
	at = print32(line, at, ct, ATTR_SYNPROXY_ISN, "isn");
	at = print32(line, at, ct, ATTR_SYNPROXY_TSOFF, "tsoff");
	at = print32(line, at, ct, ATTR_MASTER_IPV4_SRC, "master");
	(void)print_labels(line, at, ct);
}

static int
on_flow(enum nf_conntrack_msg_type type UNUSED, struct nf_conntrack *ct, void *data)
{
	struct oracle *oracle = data;

	assert_true(oracle->count < ORACLE_LINES);
	nfct_attr_unset(ct, ATTR_TIMEOUT);
	nfct_attr_unset(ct, ATTR_USE);
	print(oracle->lines[oracle->count++], ct);
	return NFCT_CB_CONTINUE;
}

static int
by_text(const void *a, const void *b)
{
	return strcmp(a, b);
}

void
oracle_look(struct oracle *oracle, int space)
{
	struct nfct_handle *handle;
	uint32_t family = AF_UNSPEC;

	space_enter(space);
	handle = nfct_open(CONNTRACK, 0);
	assert_non_null(handle);
	oracle->count = 0;
	nfct_callback_register(handle, NFCT_T_ALL, on_flow, oracle);
	assert_int_equal(nfct_query(handle, NFCT_Q_DUMP, &family), 0);
	nfct_close(handle);
	qsort(oracle->lines, oracle->count, sizeof(oracle->lines[0]), by_text);
}

void
oracle_assert_equal(const struct oracle *a, const struct oracle *b)
{
	for (unsigned i = 0; i < a->count && i < b->count; i++)
		assert_string_equal(a->lines[i], b->lines[i]);
	assert_int_equal(a->count, b->count);
}

const char *
oracle_find(const struct oracle *oracle, const char *text)
{
	for (unsigned i = 0; i < oracle->count; i++)
		if (strstr(oracle->lines[i], text))
			return oracle->lines[i];
	return NULL;
}

struct nf_conntrack *
oracle_flow(uint8_t protocol, const char *source, uint16_t source_port, const char *destination,
            uint16_t destination_port)
{
	bool six = strchr(source, ':') != NULL;
	uint8_t a[16], b[16];
	struct nf_conntrack *ct = nfct_new();

	assert_non_null(ct);
	assert_int_equal(inet_pton(six ? AF_INET6 : AF_INET, source, a), 1);
	assert_int_equal(inet_pton(six ? AF_INET6 : AF_INET, destination, b), 1);
	nfct_set_attr_u8(ct, ATTR_L3PROTO, six ? AF_INET6 : AF_INET);
	nfct_set_attr(ct, six ? ATTR_IPV6_SRC : ATTR_IPV4_SRC, a);
	nfct_set_attr(ct, six ? ATTR_IPV6_DST : ATTR_IPV4_DST, b);
	nfct_set_attr_u8(ct, ATTR_L4PROTO, protocol);
	if (protocol == IPPROTO_ICMP || protocol == IPPROTO_ICMPV6) {
		nfct_set_attr_u16(ct, ATTR_ICMP_ID, htons(source_port));
		nfct_set_attr_u8(ct, ATTR_ICMP_TYPE, (uint8_t)(destination_port >> 8));
		nfct_set_attr_u8(ct, ATTR_ICMP_CODE, (uint8_t)destination_port);
	} else {
		nfct_set_attr_u16(ct, ATTR_PORT_SRC, htons(source_port));
		nfct_set_attr_u16(ct, ATTR_PORT_DST, htons(destination_port));
	}
	nfct_setobjopt(ct, NFCT_SOPT_SETUP_REPLY);
	nfct_set_attr_u32(ct, ATTR_TIMEOUT, 600);
	return ct;
}

static int
ask(int space, enum nf_conntrack_query what, struct nf_conntrack *ct)
{
	struct nfct_handle *handle;
	int r;

	space_enter(space);
	handle = nfct_open(CONNTRACK, 0);
	assert_non_null(handle);
	r = nfct_query(handle, what, ct);
	nfct_close(handle);
	nfct_destroy(ct);
	return r;
}

int
oracle_create(int space, struct nf_conntrack *ct)
{
	return ask(space, NFCT_Q_CREATE, ct);
}

int
oracle_change(int space, struct nf_conntrack *ct)
{
	return ask(space, NFCT_Q_UPDATE, ct);
}

void
oracle_flush(int space)
{
	struct nfct_handle *handle;
	uint32_t family = AF_UNSPEC;

	space_enter(space);
	handle = nfct_open(CONNTRACK, 0);
	assert_non_null(handle);
	assert_int_equal(nfct_query(handle, NFCT_Q_FLUSH, &family), 0);
	nfct_close(handle);
}
