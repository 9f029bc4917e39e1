/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The bytes of connection synchronisation.  Only what is there is written: an un-NATed TCP flow of
 * IPv4 takes about 20 bytes, its end 13.  Bits that this version does not know make a record
 * senseless, so a later version must agree on their use in the greeting first.
 */
#include <string.h>

#include "core/flowwire.h"

/* The first byte of a key; the first of a record has its kind in the lowest bits, too. */
#define KEY_KIND 0x03u
#define KEY_V6 0x04u
#define KEY_ZONE 0x08u
#define KEY_PROTOCOL 0x30u		/* the usual ones, or a byte follows */
#define KEY_UNKNOWN 0xc0u

/* The second byte of an upsert. */
#define FLOW_TCP 0x01u
#define FLOW_REPLY 0x02u
#define FLOW_SURE 0x04u
#define FLOW_MARK 0x08u
#define FLOW_SOURCE 0x10u
#define FLOW_DESTINATION 0x20u
#define FLOW_RARE 0x40u			/* another byte of bits follows */
#define FLOW_UNKNOWN 0x80u

#define RARE_LABELS 0x01u
#define RARE_HELPER 0x02u
#define RARE_SEQADJ 0x04u
#define RARE_SYNPROXY 0x08u
#define RARE_MASTER 0x10u
#define RARE_SCTP 0x20u
#define RARE_DCCP 0x40u
#define RARE_UNKNOWN 0x80u

#define PROTOCOL_ICMP 1u
#define PROTOCOL_TCP 6u
#define PROTOCOL_UDP 17u
#define PROTOCOL_ICMP6 58u

/* ---- numbers and texts ---------------------------------------------------------------------- */

/* Seven bits a byte, the lowest first; the uppermost bit says that more follow. */
static void
write_number(struct writer *out, uint32_t number)
{
	for (; number >= 0x80; number >>= 7)
		write_u8(out, (uint8_t)(number | 0x80));
	write_u8(out, (uint8_t)number);
}

static bool
read_number(struct reader *in, uint32_t *ret_number)
{
	uint64_t number = 0;

	for (unsigned shift = 0; shift < 35; shift += 7) {
		uint8_t byte = read_u8(in);

		number |= (uint64_t)(byte & 0x7f) << shift;
		if (!(byte & 0x80)) {
			*ret_number = (uint32_t)number;
			return number <= UINT32_MAX;
		}
	}
	return false;
}

static void
write_name(struct writer *out, const char *name, size_t size)
{
	size_t length = strnlen(name, size - 1);

	write_u8(out, (uint8_t)length);
	write_bytes(out, name, length);
}

/* Names of helpers are letters, digits and the like: they end up on screens. */
static bool
read_name(struct reader *in, char *ret_name, size_t size)
{
	size_t length = read_u8(in);

	if (length >= size)
		return false;
	read_copy(in, ret_name, length);
	for (size_t i = 0; i < length; i++) {
		if (ret_name[i] <= ' ' || ret_name[i] > '~')
			return false;
	}
	memset(ret_name + length, 0, size - length);
	return true;
}

/* ---- keys ----------------------------------------------------------------------------------- */

static size_t
address_size(uint8_t family)
{
	return family == 6 ? 16 : 4;
}

/* 0 to 2: the usual protocols; 3: another. */
static unsigned
protocol_class(const struct flow_key *key)
{
	if (key->protocol == PROTOCOL_TCP)
		return 0;
	if (key->protocol == PROTOCOL_UDP)
		return 1;
	return key->protocol == (key->family == 6 ? PROTOCOL_ICMP6 : PROTOCOL_ICMP) ? 2 : 3;
}

static void
write_ends(struct writer *out, const struct flow_key *key, uint8_t family)
{
	size_t size = address_size(family);

	write_bytes(out, key->source, size);
	write_bytes(out, key->destination, size);
	write_u16(out, key->source_port);
	write_u16(out, key->destination_port);
}

static void
read_ends(struct reader *in, struct flow_key *key)
{
	size_t size = address_size(key->family);

	read_copy(in, key->source, size);
	read_copy(in, key->destination, size);
	key->source_port = read_u16(in);
	key->destination_port = read_u16(in);
}

static uint8_t
key_byte(const struct flow_key *key)
{
	return (uint8_t)((key->family == 6 ? KEY_V6 : 0) | (key->zone ? KEY_ZONE : 0) |
	                 protocol_class(key) << 4);
}

static void
write_rest_of_key(struct writer *out, const struct flow_key *key)
{
	if (protocol_class(key) == 3)
		write_u8(out, key->protocol);
	if (key->zone)
		write_u16(out, key->zone);
	write_ends(out, key, key->family);
}

static void
write_key(struct writer *out, const struct flow_key *key)
{
	write_u8(out, key_byte(key));
	write_rest_of_key(out, key);
}

static bool
read_rest_of_key(struct reader *in, uint8_t first, struct flow_key *ret_key)
{
	unsigned class = (first & KEY_PROTOCOL) >> 4;
	bool sound = true;

	*ret_key = (struct flow_key){ .family = first & KEY_V6 ? 6 : 4 };
	if (class == 3) {
		ret_key->protocol = read_u8(in);
		sound = protocol_class(ret_key) == 3;
	} else {
		ret_key->protocol = class == 0 ? PROTOCOL_TCP : class == 1 ? PROTOCOL_UDP :
		                    ret_key->family == 6 ? PROTOCOL_ICMP6 : PROTOCOL_ICMP;
	}
	if (first & KEY_ZONE) {
		ret_key->zone = read_u16(in);
		sound = sound && ret_key->zone != 0;
	}
	read_ends(in, ret_key);
	return sound && !(first & KEY_UNKNOWN);
}

static bool
read_key(struct reader *in, struct flow_key *ret_key)
{
	uint8_t first = read_u8(in);

	return read_rest_of_key(in, first, ret_key) && !(first & KEY_KIND);
}

/* ---- flows ---------------------------------------------------------------------------------- */

static unsigned
rare_bits(const struct flow *flow)
{
	return (flow->has & FLOW_HAS_LABELS ? RARE_LABELS : 0) |
	       (flow->has & FLOW_HAS_HELPER ? RARE_HELPER : 0) |
	       (flow->has & FLOW_HAS_SEQADJ ? RARE_SEQADJ : 0) |
	       (flow->has & FLOW_HAS_SYNPROXY ? RARE_SYNPROXY : 0) |
	       (flow->has & FLOW_HAS_MASTER ? RARE_MASTER : 0) |
	       (flow->has & FLOW_HAS_SCTP ? RARE_SCTP : 0) |
	       (flow->has & FLOW_HAS_DCCP ? RARE_DCCP : 0);
}

static void
write_rare(struct writer *out, const struct flow *flow, unsigned rare)
{
	write_u8(out, (uint8_t)rare);
	if (rare & RARE_LABELS)
		write_bytes(out, flow->labels, sizeof(flow->labels));
	if (rare & RARE_HELPER)
		write_name(out, flow->helper, sizeof(flow->helper));
	for (int i = 0; rare & RARE_SEQADJ && i < 2; i++) {
		write_u32(out, flow->seqadj[i].correction_at);
		write_u32(out, flow->seqadj[i].before);
		write_u32(out, flow->seqadj[i].after);
	}
	if (rare & RARE_SYNPROXY) {
		write_u32(out, flow->synproxy.initial);
		write_u32(out, flow->synproxy.timestamp);
		write_u32(out, flow->synproxy.offset);
	}
	if (rare & RARE_MASTER)
		write_key(out, &flow->master);
	if (rare & RARE_SCTP) {
		write_u8(out, flow->sctp.state);
		write_u32(out, flow->sctp.tag[0]);
		write_u32(out, flow->sctp.tag[1]);
	}
	if (rare & RARE_DCCP) {
		write_u8(out, flow->dccp.state);
		write_u8(out, flow->dccp.role);
		write_u64(out, flow->dccp.handshake);
	}
}

static bool
read_rare(struct reader *in, struct flow *flow)
{
	unsigned rare = read_u8(in);
	bool sound = rare != 0 && !(rare & RARE_UNKNOWN);

	if (rare & RARE_LABELS) {
		flow->has |= FLOW_HAS_LABELS;
		read_copy(in, flow->labels, sizeof(flow->labels));
	}
	if (rare & RARE_HELPER) {
		flow->has |= FLOW_HAS_HELPER;
		sound = read_name(in, flow->helper, sizeof(flow->helper)) && flow->helper[0] &&
		        sound;
	}
	if (rare & RARE_SEQADJ)
		flow->has |= FLOW_HAS_SEQADJ;
	for (int i = 0; rare & RARE_SEQADJ && i < 2; i++) {
		flow->seqadj[i].correction_at = read_u32(in);
		flow->seqadj[i].before = read_u32(in);
		flow->seqadj[i].after = read_u32(in);
	}
	if (rare & RARE_SYNPROXY) {
		flow->has |= FLOW_HAS_SYNPROXY;
		flow->synproxy.initial = read_u32(in);
		flow->synproxy.timestamp = read_u32(in);
		flow->synproxy.offset = read_u32(in);
	}
	if (rare & RARE_MASTER) {
		flow->has |= FLOW_HAS_MASTER;
		sound = read_key(in, &flow->master) && sound;
	}
	if (rare & RARE_SCTP) {
		flow->has |= FLOW_HAS_SCTP;
		flow->sctp.state = read_u8(in);
		flow->sctp.tag[0] = read_u32(in);
		flow->sctp.tag[1] = read_u32(in);
	}
	if (rare & RARE_DCCP) {
		flow->has |= FLOW_HAS_DCCP;
		flow->dccp.state = read_u8(in);
		flow->dccp.role = read_u8(in);
		flow->dccp.handshake = read_u64(in);
	}
	return sound;
}

static void
write_nat(struct writer *out, const struct flow_nat_end *end, uint8_t family)
{
	write_bytes(out, end->address, address_size(family));
	write_u16(out, end->port);
}

static void
read_nat(struct reader *in, struct flow_nat_end *end, uint8_t family)
{
	read_copy(in, end->address, address_size(family));
	end->port = read_u16(in);
}

void
flowwire_write_upsert(struct writer *out, const struct flow *flow)
{
	unsigned rare = rare_bits(flow);

	write_u8(out, FLOWWIRE_UPSERT | key_byte(&flow->key));
	write_rest_of_key(out, &flow->key);
	write_u8(out, (uint8_t)((flow->has & FLOW_HAS_TCP ? FLOW_TCP : 0) |
	                        (flow->status & FLOW_SEEN_REPLY ? FLOW_REPLY : 0) |
	                        (flow->status & FLOW_ASSURED ? FLOW_SURE : 0) |
	                        (flow->has & FLOW_HAS_MARK ? FLOW_MARK : 0) |
	                        (flow->has & FLOW_HAS_SOURCE_NAT ? FLOW_SOURCE : 0) |
	                        (flow->has & FLOW_HAS_DESTINATION_NAT ? FLOW_DESTINATION : 0) |
	                        (rare ? FLOW_RARE : 0)));
	write_number(out, flow->timeout);
	if (flow->has & FLOW_HAS_TCP) {
		write_u8(out, flow->tcp.state);
		write_u8(out, (uint8_t)((flow->tcp.flags[0] & 0xf) | flow->tcp.flags[1] << 4));
		write_u8(out, (uint8_t)((flow->tcp.scale[0] & 0xf) | flow->tcp.scale[1] << 4));
	}
	if (flow->has & FLOW_HAS_MARK)
		write_u32(out, flow->mark);
	if (flow->has & FLOW_HAS_SOURCE_NAT)
		write_nat(out, &flow->source_nat, flow->key.family);
	if (flow->has & FLOW_HAS_DESTINATION_NAT)
		write_nat(out, &flow->destination_nat, flow->key.family);
	if (rare)
		write_rare(out, flow, rare);
}

static bool
read_flow(struct reader *in, struct flow *flow)
{
	unsigned bits = read_u8(in);
	bool sound = !(bits & FLOW_UNKNOWN);

	flow->has = FLOW_HAS_STATUS | FLOW_HAS_TIMEOUT;
	flow->status = (bits & FLOW_REPLY ? FLOW_SEEN_REPLY : 0) |
	               (bits & FLOW_SURE ? FLOW_ASSURED : 0);
	sound = read_number(in, &flow->timeout) && sound;
	if (bits & FLOW_TCP) {
		uint8_t flags, scale;

		flow->has |= FLOW_HAS_TCP;
		flow->tcp.state = read_u8(in);
		flags = read_u8(in);
		scale = read_u8(in);
		flow->tcp.flags[0] = flags & 0xf;
		flow->tcp.flags[1] = flags >> 4;
		flow->tcp.scale[0] = scale & 0xf;
		flow->tcp.scale[1] = scale >> 4;
	}
	if (bits & FLOW_MARK) {
		flow->has |= FLOW_HAS_MARK;
		flow->mark = read_u32(in);
	}
	if (bits & FLOW_SOURCE) {
		flow->has |= FLOW_HAS_SOURCE_NAT;
		read_nat(in, &flow->source_nat, flow->key.family);
	}
	if (bits & FLOW_DESTINATION) {
		flow->has |= FLOW_HAS_DESTINATION_NAT;
		read_nat(in, &flow->destination_nat, flow->key.family);
	}
	return !(bits & FLOW_RARE) ? sound : read_rare(in, flow) && sound;
}

void
flowwire_write_delete(struct writer *out, const struct flow_key *key)
{
	write_u8(out, FLOWWIRE_DELETE | key_byte(key));
	write_rest_of_key(out, key);
}

/* ---- expectations --------------------------------------------------------------------------- */

void
flowwire_write_expectation(struct writer *out, enum flowwire_kind kind,
                           const struct flow_expectation *x)
{
	write_u8(out, (uint8_t)kind | key_byte(&x->expected));
	write_rest_of_key(out, &x->expected);
	write_ends(out, &x->mask, x->expected.family);
	write_key(out, &x->master);
	write_number(out, x->timeout);
	write_number(out, x->class);
	write_number(out, x->flags);
	write_name(out, x->helper, sizeof(x->helper));
	write_name(out, x->function, sizeof(x->function));
	write_u8(out, (uint8_t)(x->has_nat | (x->nat_direction & 1) << 1));
	if (x->has_nat)
		write_key(out, &x->nat);
}

static bool
read_expectation(struct reader *in, uint8_t first, struct flow_expectation *x)
{
	bool sound;
	uint8_t nat;

	*x = (struct flow_expectation){ 0 };
	sound = read_rest_of_key(in, first, &x->expected);
	x->mask.family = x->expected.family;
	x->mask.protocol = x->expected.protocol;
	x->mask.zone = x->expected.zone;
	read_ends(in, &x->mask);
	sound = read_key(in, &x->master) && sound;
	sound = read_number(in, &x->timeout) && sound;
	sound = read_number(in, &x->class) && sound;
	sound = read_number(in, &x->flags) && sound;
	sound = read_name(in, x->helper, sizeof(x->helper)) && sound;
	sound = read_name(in, x->function, sizeof(x->function)) && sound;
	nat = read_u8(in);
	x->has_nat = nat & 1;
	x->nat_direction = nat >> 1 & 1;
	if (x->has_nat)
		sound = read_key(in, &x->nat) && sound;
	return sound && nat < 4;
}

enum flow_fault
flowwire_read_record(struct reader *in, struct flowwire_record *ret_record)
{
	uint8_t first = read_u8(in);
	bool sound;

	ret_record->kind = first & KEY_KIND;
	if (ret_record->kind == FLOWWIRE_EXPECT || ret_record->kind == FLOWWIRE_UNEXPECT) {
		sound = read_expectation(in, first, &ret_record->expectation);
	} else {
		ret_record->flow = (struct flow){ 0 };
		sound = read_rest_of_key(in, first, &ret_record->flow.key);
		if (ret_record->kind == FLOWWIRE_UPSERT)
			sound = read_flow(in, &ret_record->flow) && sound;
	}
	if (in->short_read)
		return FLOW_SHORT;
	return sound ? FLOW_OK : FLOW_RECORD;
}

/* ---- datagrams ------------------------------------------------------------------------------ */

void
flowwire_write_head(struct writer *out, const struct flowwire_head *head)
{
	write_u8(out, (uint8_t)(FLOWWIRE_VERSION << 4 | head->type));
	write_u8(out, 0);
	write_u32(out, head->session);
	write_u32(out, head->epoch);
	write_u32(out, head->sequence);
	write_u32(out, head->floor);
	write_u32(out, head->time);
}

enum flow_fault
flowwire_read_head(struct reader *in, struct flowwire_head *ret_head)
{
	uint8_t first = read_u8(in);
	uint8_t reserved = read_u8(in);

	ret_head->type = first & 0xf;
	ret_head->session = read_u32(in);
	ret_head->epoch = read_u32(in);
	ret_head->sequence = read_u32(in);
	ret_head->floor = read_u32(in);
	ret_head->time = read_u32(in);
	if (in->short_read)
		return FLOW_SHORT;
	if (first >> 4 != FLOWWIRE_VERSION || reserved != 0)
		return FLOW_VERSION;
	return ret_head->type == FLOWWIRE_DATA || ret_head->type == FLOWWIRE_ACK ? FLOW_OK :
	       FLOW_TYPE;
}

/* ---- control stream ------------------------------------------------------------------------- */

void
flowwire_begin(struct writer *out, enum flowwire_message type)
{
	write_u16(out, 0);
	write_u8(out, (uint8_t)type);
}

void
flowwire_end(struct writer *out)
{
	size_t length = writer_length(out) - FLOWWIRE_PREFIX;

	assert(!out->overflow && length <= 0xffff);
	out->start[0] = (uint8_t)(length >> 8);
	out->start[1] = (uint8_t)length;
}

#define CLAIM_ACTIVE 0x01u
#define CLAIM_OWN 0x02u
#define CLAIM_LISTENS 0x04u

static void
write_claim(struct writer *out, const struct flowwire_claim *claim)
{
	write_u8(out, (uint8_t)((claim->active ? CLAIM_ACTIVE : 0) |
	                        (claim->own ? CLAIM_OWN : 0) |
	                        (claim->listens ? CLAIM_LISTENS : 0)));
	write_u32(out, claim->epoch);
}

static bool
read_claim(struct reader *in, struct flowwire_claim *ret_claim)
{
	uint8_t bits = read_u8(in);

	ret_claim->active = bits & CLAIM_ACTIVE;
	ret_claim->own = bits & CLAIM_OWN;
	ret_claim->listens = bits & CLAIM_LISTENS;
	ret_claim->epoch = read_u32(in);
	return !(bits & ~(CLAIM_ACTIVE | CLAIM_OWN | CLAIM_LISTENS));
}

void
flowwire_write_hello(struct writer *out, const struct flowwire_hello *hello)
{
	flowwire_begin(out, FLOWWIRE_HELLO);
	write_u8(out, hello->oldest);
	write_u8(out, hello->newest);
	write_bytes(out, hello->node, sizeof(hello->node));
	write_u64(out, hello->nonce);
	write_u64(out, hello->check);
	write_claim(out, &hello->claim);
	write_u32(out, hello->capacity);
	write_u32(out, hello->flows);
	write_u32(out, hello->sequence);
	flowwire_end(out);
}

enum flow_fault
flowwire_read_hello(struct reader in, struct flowwire_hello *ret_hello)
{
	bool sound;

	ret_hello->oldest = read_u8(&in);
	ret_hello->newest = read_u8(&in);
	read_copy(&in, ret_hello->node, sizeof(ret_hello->node));
	ret_hello->nonce = read_u64(&in);
	ret_hello->check = read_u64(&in);
	sound = read_claim(&in, &ret_hello->claim);
	ret_hello->capacity = read_u32(&in);
	ret_hello->flows = read_u32(&in);
	ret_hello->sequence = read_u32(&in);
	return in.short_read ? FLOW_SHORT : sound ? FLOW_OK : FLOW_TYPE;
}

void
flowwire_write_role(struct writer *out, const struct flowwire_claim *claim)
{
	flowwire_begin(out, FLOWWIRE_ROLE);
	write_claim(out, claim);
	flowwire_end(out);
}

enum flow_fault
flowwire_read_role(struct reader in, struct flowwire_claim *ret_claim)
{
	bool sound = read_claim(&in, ret_claim);

	return in.short_read ? FLOW_SHORT : sound ? FLOW_OK : FLOW_TYPE;
}

void
flowwire_write_status(struct writer *out, const struct flowwire_status *status)
{
	flowwire_begin(out, FLOWWIRE_STATUS);
	write_claim(out, &status->claim);
	write_u8(out, status->readiness);
	write_u32(out, status->flows);
	write_u32(out, status->refused);
	flowwire_end(out);
}

enum flow_fault
flowwire_read_status(struct reader in, struct flowwire_status *ret_status)
{
	bool sound = read_claim(&in, &ret_status->claim);

	ret_status->readiness = read_u8(&in);
	ret_status->flows = read_u32(&in);
	ret_status->refused = read_u32(&in);
	if (in.short_read)
		return FLOW_SHORT;
	return sound && ret_status->readiness < FLOWSYNC_READINESSES ? FLOW_OK : FLOW_TYPE;
}

enum flow_fault
flowwire_read_digest(struct reader in, struct flowwire_digest *ret_digest)
{
	ret_digest->epoch = read_u32(&in);
	ret_digest->sequence = read_u32(&in);
	ret_digest->floor = read_u32(&in);
	ret_digest->sums = read_sub(&in, FLOWWIRE_BUCKETS * 8);
	return in.short_read || reader_left(&in) > 0 ? FLOW_SHORT : FLOW_OK;
}

enum flow_fault
flowwire_read_want(struct reader in, struct flowwire_want *ret_want)
{
	ret_want->sequence = read_u32(&in);
	ret_want->list = read_bytes(&in, FLOWWIRE_BITMAP);
	ret_want->whole = read_bytes(&in, FLOWWIRE_BITMAP);
	return in.short_read || reader_left(&in) > 0 ? FLOW_SHORT : FLOW_OK;
}

enum flow_fault
flowwire_read_list(struct reader in, struct flowwire_list *ret_list)
{
	ret_list->epoch = read_u32(&in);
	ret_list->bucket = read_u16(&in);
	ret_list->sequence = read_u32(&in);
	ret_list->items = in;
	if (in.short_read || reader_left(&in) % 8)
		return FLOW_SHORT;
	return ret_list->bucket < FLOWWIRE_BUCKETS ? FLOW_OK : FLOW_TYPE;
}

enum flow_fault
flowwire_read_offer(struct reader in, struct flowwire_offer *ret_offer)
{
	ret_offer->epoch = read_u32(&in);
	ret_offer->bucket = read_u16(&in);
	ret_offer->records = in;
	if (in.short_read)
		return FLOW_SHORT;
	return ret_offer->bucket < FLOWTABLE_BUCKETS ? FLOW_OK : FLOW_TYPE;
}
