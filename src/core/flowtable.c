/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Layout of the shadow: entries, side records, chains, lists and sums.
 *
 * The upper bits of a hash choose the chain and its uppermost twelve the bucket, so that a bucket
 * is a run of chains: a bucket can be walked without an index of its own.
 */
#include <string.h>

#include "core/flowtable.h"

#define TCP_FLAGS 0x07u			/* window scale, SACK permitted, close initiated */
#define SOURCE 0
#define DESTINATION 1

/* Of a flow whose family is 6. */
struct flowtable_wide {
	uint8_t source[16];
	uint8_t destination[16];
};

/* What few flows have. */
struct flowtable_side {
	uint8_t labels[FLOW_LABELS_SIZE];
	char helper[FLOW_HELPER_SIZE];
	uint8_t nat[2][16];		/* addresses of IPv6 after NAT */
	uint32_t seqadj[6];
	uint32_t synproxy[3];
	uint32_t tag[2];		/* SCTP */
	uint32_t unused;
	uint64_t handshake;		/* DCCP */
	struct flow_key master;
};
/* Of these a flow's side record says something. */
#define SIDE_HAS (FLOW_HAS_LABELS | FLOW_HAS_HELPER | FLOW_HAS_SEQADJ | FLOW_HAS_SYNPROXY | \
                  FLOW_HAS_SCTP | FLOW_HAS_DCCP | FLOW_HAS_MASTER)
#define NAT_HAS (FLOW_HAS_SOURCE_NAT | FLOW_HAS_DESTINATION_NAT)

_Static_assert(sizeof(struct flowtable_entry) == 88, "an entry is as small as it is said to be");
_Static_assert(sizeof(struct flowtable_side) % 8 == 0, "the records stay aligned");

/* ---- region --------------------------------------------------------------------------------- */

/* Chains: a power of two, at least as many as flows and as buckets. */
static uint32_t
chains(uint32_t capacity)
{
	uint32_t n = FLOWTABLE_BUCKETS;

	while (n < capacity)
		n <<= 1;
	return n;
}

static size_t
rounded(size_t size)
{
	return (size + 15) & ~(size_t)15;
}

size_t
flowtable_size(uint32_t capacity)
{
	size_t n = (size_t)capacity + 1;

	return rounded(n * sizeof(struct flowtable_entry)) +
	       rounded(n * sizeof(struct flowtable_wide)) +
	       rounded(n * sizeof(struct flowtable_side)) +
	       rounded(chains(capacity) * sizeof(uint32_t));
}

void
flowtable_init(struct flowtable *table, void *region, uint32_t capacity, const uint64_t seed[2])
{
	size_t n = (size_t)capacity + 1;
	uint8_t *at = region;

	assert(region && capacity >= 1 && capacity <= FLOWTABLE_CAPACITY_MAX);
	*table = (struct flowtable){ .capacity = capacity, .seed = { seed[0], seed[1] } };
	table->shift = 32 - (unsigned)__builtin_ctz(chains(capacity));
	table->entries = (void *)at;
	at += rounded(n * sizeof(struct flowtable_entry));
	table->wides = (void *)at;
	at += rounded(n * sizeof(struct flowtable_wide));
	table->sides = (void *)at;
	at += rounded(n * sizeof(struct flowtable_side));
	table->heads = (void *)at;
}

/* ---- hashes --------------------------------------------------------------------------------- */

/* Both routers get the same numbers, whatever their byte order. */
static uint64_t
load(const void *bytes)
{
	uint64_t word;

	memcpy(&word, bytes, sizeof(word));
#if __BYTE_ORDER__ == __ORDER_BIG_ENDIAN__
	word = __builtin_bswap64(word);
#endif
	return word;
}

static uint64_t
two(uint32_t upper, uint32_t lower)
{
	return (uint64_t)upper << 32 | lower;
}

/* Both halves of a product, folded: spreads every bit of both over the whole result. */
static uint64_t
fold(uint64_t a, uint64_t b)
{
	__uint128_t product = (__uint128_t)a * b;

	return (uint64_t)product ^ (uint64_t)(product >> 64);
}

#define SALT_A 0x9e3779b97f4a7c15u
#define SALT_B 0xc2b2ae3d27d4eb4fu
#define SALT_C 0x165667b19e3779f9u

static uint64_t
mix(const struct flowtable *table, uint64_t hash, uint64_t a, uint64_t b)
{
	return fold(a ^ table->seed[0] ^ SALT_A, b ^ hash ^ table->seed[1] ^ SALT_B) ^
	       (hash << 23 | hash >> 41);
}

static uint64_t
finish(uint64_t hash)
{
	hash = fold(hash ^ SALT_C, SALT_A);
	return hash ^ hash >> 29;
}

uint64_t
flowtable_hash(const struct flowtable *table, const struct flow_key *key)
{
	uint64_t ends = (uint64_t)key->source_port << 48 | (uint64_t)key->destination_port << 32 |
	                (uint64_t)key->zone << 16 | (uint64_t)key->family << 8 | key->protocol;
	uint64_t hash = mix(table, ends, load(key->source), load(key->destination));

	if (key->family == 6)
		hash = mix(table, hash, load(key->source + 8), load(key->destination + 8));
	return finish(hash ^ ends);
}

uint64_t
flowtable_hash_bytes(const struct flowtable *table, const void *bytes, size_t length)
{
	uint64_t hash = length;
	uint8_t last[16] = { 0 };
	const uint8_t *at = bytes;

	for (; length >= 16; at += 16, length -= 16)
		hash = mix(table, hash, load(at), load(at + 8));
	memcpy(last, at, length);
	return finish(mix(table, hash, load(last), load(last + 8)));
}

static uint64_t
side_state(const struct flowtable *table, const struct flowtable_side *side, uint64_t hash)
{
	hash = mix(table, hash, load(side->labels), load(side->labels + 8));
	hash = mix(table, hash, load(side->helper), load(side->helper + 8));
	for (int i = 0; i < 2; i++)
		hash = mix(table, hash, load(side->nat[i]), load(side->nat[i] + 8));
	hash = mix(table, hash, two(side->seqadj[0], side->seqadj[1]),
	           two(side->seqadj[2], side->seqadj[3]));
	hash = mix(table, hash, two(side->seqadj[4], side->seqadj[5]),
	           two(side->synproxy[0], side->synproxy[1]));
	hash = mix(table, hash, two(side->synproxy[2], side->tag[0]),
	           two(side->tag[1], 0) ^ side->handshake);
	return mix(table, hash, flowtable_hash(table, &side->master), side->handshake);
}

uint64_t
flowtable_state(const struct flowtable *table, uint32_t number)
{
	const struct flowtable_entry *e = &table->entries[number];
	struct flow_key key;
	uint64_t hash;

	flowtable_key(table, number, &key);
	hash = flowtable_hash(table, &key);
	hash = mix(table, hash,
	           two(e->mark, (uint32_t)e->has << 16 | (uint32_t)e->status << 8 | e->state),
	           two((uint32_t)e->flags[0] << 24 | (uint32_t)e->flags[1] << 16 |
	               (uint32_t)e->scale << 8 | e->dccp_role,
	               (uint32_t)e->nat_port[SOURCE] << 16 | e->nat_port[DESTINATION]));
	if (e->has & NAT_HAS)
		hash = mix(table, hash, load(e->address[2]), SALT_C);
	if (e->side)
		hash = side_state(table, &table->sides[e->side], hash);
	hash = finish(hash);
	return hash ? hash : 1;
}

/* ---- lists and sums ------------------------------------------------------------------------- */

void
flowtable_move(struct flowtable *table, uint32_t number, enum flowtable_list list)
{
	struct flowtable_entry *e = &table->entries[number];

	if (e->list != FLOWTABLE_NONE) {
		uint32_t *before = e->previous ? &table->entries[e->previous].next :
		                                 &table->lists[e->list].first;
		uint32_t *after = e->next ? &table->entries[e->next].previous :
		                            &table->lists[e->list].last;

		*before = e->next;
		*after = e->previous;
		table->lists[e->list].count--;
		e->next = e->previous = 0;
	}
	e->list = (uint8_t)list;
	if (list == FLOWTABLE_NONE)
		return;
	e->previous = table->lists[list].last;
	if (e->previous)
		table->entries[e->previous].next = number;
	else
		table->lists[list].first = number;
	table->lists[list].last = number;
	table->lists[list].count++;
}

void
flowtable_tell(struct flowtable *table, uint32_t number, uint64_t state)
{
	struct flowtable_entry *e = &table->entries[number];
	unsigned bucket = flowtable_bucket(e->hash);

	table->sums[bucket] += state - e->told;
	table->told[bucket] += (state != 0);
	table->told[bucket] -= (e->told != 0);
	e->told = state;
}

/* ---- entries -------------------------------------------------------------------------------- */

static bool
has_key(const struct flowtable *table, uint32_t number, const struct flow_key *key)
{
	const struct flowtable_entry *e = &table->entries[number];

	if (e->source_port != key->source_port || e->destination_port != key->destination_port ||
	    e->protocol != key->protocol || e->family != key->family || e->zone != key->zone)
		return false;
	if (e->wide) {
		const struct flowtable_wide *wide = &table->wides[e->wide];

		return memcmp(wide->source, key->source, 16) == 0 &&
		       memcmp(wide->destination, key->destination, 16) == 0;
	}
	return memcmp(e->address[SOURCE], key->source, 4) == 0 &&
	       memcmp(e->address[DESTINATION], key->destination, 4) == 0;
}

uint32_t
flowtable_find(const struct flowtable *table, const struct flow_key *key, uint64_t hash)
{
	uint32_t upper = (uint32_t)(hash >> 32);
	uint32_t number = table->heads[upper >> table->shift];

	while (number && (table->entries[number].hash != upper || !has_key(table, number, key)))
		number = table->entries[number].chain;
	return number;
}

static uint32_t
take_wide(struct flowtable *table)
{
	uint32_t number = table->wides_free;

	if (!number)
		return ++table->wides_used;
	memcpy(&table->wides_free, &table->wides[number], sizeof(number));
	return number;
}

static void
give_wide(struct flowtable *table, uint32_t number)
{
	memcpy(&table->wides[number], &table->wides_free, sizeof(number));
	table->wides_free = number;
}

/* A side record of zeros. */
static uint32_t
take_side(struct flowtable *table)
{
	uint32_t number = table->sides_free;

	if (!number)
		return ++table->sides_used;
	memcpy(&table->sides_free, &table->sides[number], sizeof(number));
	memset(&table->sides[number], 0, sizeof(table->sides[number]));
	return number;
}

static void
give_side(struct flowtable *table, uint32_t number)
{
	memcpy(&table->sides[number], &table->sides_free, sizeof(number));
	table->sides_free = number;
}

uint32_t
flowtable_add(struct flowtable *table, const struct flow_key *key, uint64_t hash)
{
	uint32_t *head = &table->heads[(uint32_t)(hash >> 32) >> table->shift];
	uint32_t number = table->free;
	struct flowtable_entry *e;

	if (number)
		table->free = table->entries[number].chain;
	else if (table->used < table->capacity)
		number = ++table->used;
	else
		return 0;
	e = &table->entries[number];
	*e = (struct flowtable_entry){
		.chain = *head,
		.hash = (uint32_t)(hash >> 32),
		.zone = key->zone,
		.source_port = key->source_port,
		.destination_port = key->destination_port,
		.family = key->family,
		.protocol = key->protocol,
	};
	*head = number;
	if (key->family == 6) {
		e->wide = take_wide(table);
		memcpy(table->wides[e->wide].source, key->source, 16);
		memcpy(table->wides[e->wide].destination, key->destination, 16);
	} else {
		memcpy(e->address[SOURCE], key->source, 4);
		memcpy(e->address[DESTINATION], key->destination, 4);
	}
	table->count++;
	return number;
}

void
flowtable_remove(struct flowtable *table, uint32_t number)
{
	struct flowtable_entry *e = &table->entries[number];
	uint32_t *link = &table->heads[e->hash >> table->shift];

	flowtable_move(table, number, FLOWTABLE_NONE);
	flowtable_tell(table, number, 0);
	if (e->alive)
		flowtable_kill(table, number);
	while (*link != number)
		link = &table->entries[*link].chain;
	*link = e->chain;
	if (e->wide)
		give_wide(table, e->wide);
	*e = (struct flowtable_entry){ .chain = table->free };
	table->free = number;
	table->count--;
}

static bool
is_free(const struct flowtable_entry *e)
{
	return e->family == 0;
}

void
flowtable_reseed(struct flowtable *table, const uint64_t seed[2])
{
	memcpy(table->seed, seed, sizeof(table->seed));
	memset(table->heads, 0, chains(table->capacity) * sizeof(table->heads[0]));
	memset(table->sums, 0, sizeof(table->sums));
	memset(table->told, 0, sizeof(table->told));
	for (uint32_t number = 1; number <= table->used; number++) {
		struct flowtable_entry *e = &table->entries[number];
		bool told = e->told != 0;
		struct flow_key key;
		uint32_t *head;

		if (is_free(e))
			continue;
		flowtable_key(table, number, &key);
		e->hash = (uint32_t)(flowtable_hash(table, &key) >> 32);
		head = &table->heads[e->hash >> table->shift];
		e->chain = *head;
		*head = number;
		e->told = 0;
		/* One that lives goes on counting as told; it is not exposed by that. */
		e->exposed |= told && !e->alive;
		if (told && e->alive)
			flowtable_tell(table, number, flowtable_state(table, number));
	}
}

void
flowtable_key(const struct flowtable *table, uint32_t number, struct flow_key *ret_key)
{
	const struct flowtable_entry *e = &table->entries[number];

	*ret_key = (struct flow_key){
		.source_port = e->source_port,
		.destination_port = e->destination_port,
		.zone = e->zone,
		.family = e->family,
		.protocol = e->protocol,
	};
	if (e->wide) {
		memcpy(ret_key->source, table->wides[e->wide].source, 16);
		memcpy(ret_key->destination, table->wides[e->wide].destination, 16);
	} else {
		memcpy(ret_key->source, e->address[SOURCE], 4);
		memcpy(ret_key->destination, e->address[DESTINATION], 4);
	}
}

static void
get_nat(const struct flowtable *table, const struct flowtable_entry *e, int which,
        struct flow_nat_end *ret_end)
{
	ret_end->port = e->nat_port[which];
	if (e->family == 6)
		memcpy(ret_end->address, table->sides[e->side].nat[which], 16);
	else
		memcpy(ret_end->address, e->address[2 + which], 4);
}

static void
get_side(const struct flowtable_side *side, struct flow *flow)
{
	memcpy(flow->labels, side->labels, sizeof(flow->labels));
	memcpy(flow->helper, side->helper, sizeof(flow->helper));
	for (int i = 0; i < 2; i++)
		flow->seqadj[i] = (struct flow_seqadj){
			side->seqadj[3 * i], side->seqadj[3 * i + 1], side->seqadj[3 * i + 2],
		};
	flow->synproxy.initial = side->synproxy[0];
	flow->synproxy.timestamp = side->synproxy[1];
	flow->synproxy.offset = side->synproxy[2];
	flow->sctp.tag[0] = side->tag[0];
	flow->sctp.tag[1] = side->tag[1];
	flow->dccp.handshake = side->handshake;
	flow->master = side->master;
}

void
flowtable_get(const struct flowtable *table, uint32_t number, struct flow *ret_flow)
{
	const struct flowtable_entry *e = &table->entries[number];

	*ret_flow = (struct flow){
		.has = e->has,
		.status = e->status,
		.timeout = e->timeout,
		.mark = e->mark,
	};
	flowtable_key(table, number, &ret_flow->key);
	if (e->has & FLOW_HAS_TCP) {
		ret_flow->tcp.state = e->state;
		memcpy(ret_flow->tcp.flags, e->flags, 2);
		ret_flow->tcp.scale[0] = e->scale & 0xf;
		ret_flow->tcp.scale[1] = e->scale >> 4;
	}
	if (e->has & FLOW_HAS_SCTP)
		ret_flow->sctp.state = e->state;
	if (e->has & FLOW_HAS_DCCP) {
		ret_flow->dccp.state = e->state;
		ret_flow->dccp.role = e->dccp_role;
	}
	if (e->has & FLOW_HAS_SOURCE_NAT)
		get_nat(table, e, SOURCE, &ret_flow->source_nat);
	if (e->has & FLOW_HAS_DESTINATION_NAT)
		get_nat(table, e, DESTINATION, &ret_flow->destination_nat);
	if (e->side)
		get_side(&table->sides[e->side], ret_flow);
}

static void
set_nat(struct flowtable *table, struct flowtable_entry *e, int which,
        const struct flow_nat_end *end)
{
	e->nat_port[which] = end->port;
	if (e->family == 6)
		memcpy(table->sides[e->side].nat[which], end->address, 16);
	else
		memcpy(e->address[2 + which], end->address, 4);
}

static void
set_side(struct flowtable_side *side, const struct flow *flow, uint32_t has)
{
	memset(side, 0, sizeof(*side));
	if (has & FLOW_HAS_LABELS)
		memcpy(side->labels, flow->labels, sizeof(side->labels));
	if (has & FLOW_HAS_HELPER)
		memcpy(side->helper, flow->helper, sizeof(side->helper));
	for (int i = 0; has & FLOW_HAS_SEQADJ && i < 2; i++) {
		side->seqadj[3 * i] = flow->seqadj[i].correction_at;
		side->seqadj[3 * i + 1] = flow->seqadj[i].before;
		side->seqadj[3 * i + 2] = flow->seqadj[i].after;
	}
	if (has & FLOW_HAS_SYNPROXY) {
		side->synproxy[0] = flow->synproxy.initial;
		side->synproxy[1] = flow->synproxy.timestamp;
		side->synproxy[2] = flow->synproxy.offset;
	}
	if (has & FLOW_HAS_SCTP)
		memcpy(side->tag, flow->sctp.tag, sizeof(side->tag));
	if (has & FLOW_HAS_DCCP)
		side->handshake = flow->dccp.handshake;
	if (has & FLOW_HAS_MASTER)
		side->master = flow->master;
}

static bool
is_zero(const void *bytes, size_t length)
{
	const uint8_t *at = bytes;

	while (length > 0 && *at == 0) {
		at++;
		length--;
	}
	return length == 0;
}

/* What a flow says, without what says nothing. */
static uint32_t
meaning(const struct flow *flow)
{
	uint32_t has = flow->has | FLOW_HAS_STATUS | FLOW_HAS_TIMEOUT;

	if (flow->mark == 0)
		has &= ~(uint32_t)FLOW_HAS_MARK;
	if (is_zero(flow->labels, sizeof(flow->labels)))
		has &= ~(uint32_t)FLOW_HAS_LABELS;
	if (is_zero(flow->seqadj, sizeof(flow->seqadj)))
		has &= ~(uint32_t)FLOW_HAS_SEQADJ;
	if (flow->helper[0] == '\0')
		has &= ~(uint32_t)FLOW_HAS_HELPER;
	return has;
}

void
flowtable_set(struct flowtable *table, uint32_t number, const struct flow *flow)
{
	struct flowtable_entry *e = &table->entries[number];
	uint32_t has = meaning(flow);
	bool wants_side = (has & SIDE_HAS) || (e->family == 6 && (has & NAT_HAS));

	if (wants_side && !e->side)
		e->side = take_side(table);
	if (!wants_side && e->side) {
		give_side(table, e->side);
		e->side = 0;
	}
	if (wants_side)
		set_side(&table->sides[e->side], flow, has);
	table->alive += !e->alive;
	e->alive = true;
	e->has = (uint16_t)has;
	e->status = flow->has & FLOW_HAS_STATUS ?
	            flow->status & (FLOW_SEEN_REPLY | FLOW_ASSURED) : 0;
	e->timeout = flow->has & FLOW_HAS_TIMEOUT ? flow->timeout : 0;
	e->mark = has & FLOW_HAS_MARK ? flow->mark : 0;
	e->state = e->flags[0] = e->flags[1] = e->scale = e->dccp_role = 0;
	if (has & FLOW_HAS_TCP) {
		e->state = flow->tcp.state;
		e->flags[0] = flow->tcp.flags[0] & TCP_FLAGS;
		e->flags[1] = flow->tcp.flags[1] & TCP_FLAGS;
		e->scale = (uint8_t)((flow->tcp.scale[0] & 0xf) | (flow->tcp.scale[1] & 0xf) << 4);
	} else if (has & FLOW_HAS_SCTP) {
		e->state = flow->sctp.state;
	} else if (has & FLOW_HAS_DCCP) {
		e->state = flow->dccp.state;
		e->dccp_role = flow->dccp.role;
	}
	e->nat_port[SOURCE] = e->nat_port[DESTINATION] = 0;
	memset(e->address[2], 0, sizeof(e->address[2]) * 2);
	if (has & FLOW_HAS_SOURCE_NAT)
		set_nat(table, e, SOURCE, &flow->source_nat);
	if (has & FLOW_HAS_DESTINATION_NAT)
		set_nat(table, e, DESTINATION, &flow->destination_nat);
}

void
flowtable_mark_timer(struct flowtable *table, uint32_t number, bool late)
{
	struct flowtable_entry *e = &table->entries[number];

	table->late_timers += late;
	table->late_timers -= e->retime;
	e->retime = late;
}

void
flowtable_kill(struct flowtable *table, uint32_t number)
{
	struct flowtable_entry *e = &table->entries[number];

	assert(e->alive);
	flowtable_mark_timer(table, number, false);
	e->alive = false;
	e->applied = false;
	table->alive--;
	if (e->side)
		give_side(table, e->side);
	e->side = 0;
	e->has = 0;
}

static bool
same_end(const struct flow_nat_end *a, const struct flow_nat_end *b)
{
	return a->port == b->port && memcmp(a->address, b->address, sizeof(a->address)) == 0;
}

bool
flowtable_same_nat(const struct flowtable *table, uint32_t number, const struct flow *flow)
{
	const struct flowtable_entry *e = &table->entries[number];
	struct flow_nat_end source = { 0 }, destination = { 0 };

	if ((e->has & NAT_HAS) != (flow->has & NAT_HAS))
		return false;
	if (e->has & FLOW_HAS_SOURCE_NAT)
		get_nat(table, e, SOURCE, &source);
	if (e->has & FLOW_HAS_DESTINATION_NAT)
		get_nat(table, e, DESTINATION, &destination);
	return same_end(&source, &flow->source_nat) &&
	       same_end(&destination, &flow->destination_nat);
}

void
flowtable_fetch_bucket(const struct flowtable *table, unsigned bucket)
{
	unsigned bits = 32 - table->shift - 12;

	for (uint32_t chain = bucket << bits; chain >> bits == bucket; chain++)
		flowtable_fetch(table, table->heads[chain]);
}

uint32_t
flowtable_next(const struct flowtable *table, unsigned bucket, uint32_t number)
{
	unsigned bits = 32 - table->shift - 12;	/* of a chain's number, inside a bucket */
	uint32_t chain = number ? table->entries[number].hash >> table->shift : bucket << bits;

	if (number && table->entries[number].chain)
		return table->entries[number].chain;
	if (number)
		chain++;
	for (; chain >> bits == bucket; chain++) {
		if (table->heads[chain])
			return table->heads[chain];
	}
	return 0;
}
