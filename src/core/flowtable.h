/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The shadow: every flow of this router's kernel, as far as it is to be synchronised, in little
 * memory.  It finds a flow by its key, keeps flows in lists of what is to be done about them, and
 * keeps sums over buckets of all that was told, so that two tables can be compared.  It knows
 * nothing of roles, links or time.
 *
 * An entry is 88 bytes, its index 4 to 8; the addresses of an IPv6 flow are another 32, and what
 * few flows have (labels, helper, master ...) is a side record.  All of it lies in one region that
 * is touched only as it is used.  Entries are named by their number; 0 is none.
 */
#ifndef TANDEM_FLOWTABLE_H
#define TANDEM_FLOWTABLE_H

#include "base/base.h"
#include "core/flow.h"

#define FLOWTABLE_BUCKETS 4096u
#define FLOWTABLE_CAPACITY_MAX (1u << 26)

/* What is to be done about an entry; it is in one list at most. */
enum flowtable_list {
	FLOWTABLE_NONE,
	FLOWTABLE_DIRTY,		/* to be told to the peer: live changes */
	FLOWTABLE_REPAIR,		/* to be told when no live change waits */
	FLOWTABLE_HELD,			/* new and perhaps short: not told yet */
	FLOWTABLE_ASKED,		/* not new any more: is it closed, the kernel is asked */
	FLOWTABLE_OVER,			/* closed when it was no longer new: not told */
	FLOWTABLE_PARKED,		/* its master is not there yet */
	FLOWTABLE_REFUSED,		/* our kernel did not want it */
	FLOWTABLE_TOMBS,		/* dead; late records of the peer must not revive it */
	FLOWTABLE_GRAVES,		/* dead; may be forgotten when no dump runs */
	FLOWTABLE_LISTS,
};

struct flowtable_entry {
	uint64_t told;			/* its state as told: its part of the sum; 0 = untold */
	uint32_t chain;			/* the next of its chain, or of the free ones */
	uint32_t next, previous;	/* in its list */
	uint32_t hash;			/* the upper half */
	uint32_t version;		/* number of the datagram that last told it, or told us */
	uint32_t since;			/* ticks: see flowsync */
	uint32_t timeout;		/* seconds, as the kernel of the active router last said */
	uint32_t wide;			/* addresses of IPv6; 0 = none */
	uint32_t side;			/* side record; 0 = none */
	uint32_t mark;
	uint16_t has;
	uint16_t zone;
	uint16_t source_port, destination_port;
	uint16_t nat_port[2];		/* source, destination */
	uint8_t address[4][4];		/* IPv4: source, destination, and both after NAT */
	uint8_t family, protocol;
	uint8_t status;
	uint8_t state;			/* of TCP, SCTP or DCCP */
	uint8_t flags[2];		/* TCP */
	uint8_t scale;			/* TCP: first direction, reply << 4 */
	uint8_t dccp_role;
	uint8_t list;			/* enum flowtable_list */
	uint8_t dump;			/* number of the last dump that saw it */
	bool alive : 1;			/* false: a tombstone */
	bool retime : 1;		/* the kernel's timer is to be put right */
	bool applied : 1;		/* our kernel has it, with this NAT */
	bool exposed : 1;		/* a datagram told of it: the peer may know it */
};

struct flowtable {
	uint64_t seed[2];
	uint32_t capacity;
	unsigned shift;			/* from the upper half of a hash to a chain */
	uint32_t *heads;
	struct flowtable_entry *entries;
	struct flowtable_wide *wides;
	struct flowtable_side *sides;
	uint32_t used, wides_used, sides_used;	/* numbers up to these were in use before */
	uint32_t free, wides_free, sides_free;	/* the first of those that are free again */
	uint32_t count;			/* entries, tombstones among them */
	uint32_t alive;
	uint32_t late_timers;		/* entries with retime */
	struct {
		uint32_t first, last, count;
	} lists[FLOWTABLE_LISTS];
	uint64_t sums[FLOWTABLE_BUCKETS];
	uint32_t told[FLOWTABLE_BUCKETS];	/* how many entries are in each sum */
};

/* Bytes of the region for so many flows; a multiple of 16. */
size_t flowtable_size(uint32_t capacity);
/* The region is zeroed and borrowed for the table's life. */
void flowtable_init(struct flowtable *table, void *region, uint32_t capacity,
                    const uint64_t seed[2]);
/*
 * Another seed: every entry is found by it from now on, and the sums are made of it.  What was told
 * counts as told the way it is now; a tombstone as exposed.  Takes some 0.1 us an entry.
 */
void flowtable_reseed(struct flowtable *table, const uint64_t seed[2]);

static inline struct flowtable_entry *
flowtable_entry(struct flowtable *table, uint32_t number)
{
	return &table->entries[number];
}

/* The bucket of a hash, or of the upper half of one. */
static inline unsigned
flowtable_bucket(uint32_t upper)
{
	return upper >> 20;
}

uint64_t flowtable_hash(const struct flowtable *table, const struct flow_key *key);
/* Any other bytes, by the same seed. */
uint64_t flowtable_hash_bytes(const struct flowtable *table, const void *bytes, size_t length);
/* The entry with this key and its hash, a tombstone too; 0 = none. */
uint32_t flowtable_find(const struct flowtable *table, const struct flow_key *key, uint64_t hash);
/* A tombstone for a key that is not there yet, in no list; 0 = the table is full. */
uint32_t flowtable_add(struct flowtable *table, const struct flow_key *key, uint64_t hash);
/* Forget an entry altogether: out of its list, out of the sum. */
void flowtable_remove(struct flowtable *table, uint32_t number);

void flowtable_key(const struct flowtable *table, uint32_t number, struct flow_key *ret_key);
void flowtable_get(const struct flowtable *table, uint32_t number, struct flow *ret_flow);
/*
 * Make it alive and be as flow says; what flow does not say is forgotten.  What cannot differ to
 * anybody is made equal: no mark is mark 0, no labels are labels without a bit, and of TCP's flags
 * only those count that a kernel takes.
 */
void flowtable_set(struct flowtable *table, uint32_t number, const struct flow *flow);
/* Its timer in the kernel is to be put right, or is right. */
void flowtable_mark_timer(struct flowtable *table, uint32_t number, bool late);
/* It died: a tombstone from now on.  List and sum stay as they are. */
void flowtable_kill(struct flowtable *table, uint32_t number);
/* Has the flow the same NAT as what the table holds of it? */
bool flowtable_same_nat(const struct flowtable *table, uint32_t number, const struct flow *flow);

/* A number for the key and all that is replicated, so not the timeout; never 0. */
uint64_t flowtable_state(const struct flowtable *table, uint32_t number);
/* Make its state part of the sum of its bucket in place of what it told before; 0 = nothing. */
void flowtable_tell(struct flowtable *table, uint32_t number, uint64_t state);

/* To the end of a list, out of the one it is in; FLOWTABLE_NONE = only out. */
void flowtable_move(struct flowtable *table, uint32_t number, enum flowtable_list list);
static inline uint32_t
flowtable_first(const struct flowtable *table, enum flowtable_list list)
{
	return table->lists[list].first;
}
static inline uint32_t
flowtable_listed(const struct flowtable *table, enum flowtable_list list)
{
	return table->lists[list].count;
}

/*
 * An entry, or all of a bucket, will be looked at soon.  Entries lie all over the table; to fetch
 * them one after the other took a third of the time of a first synchronisation.
 */
static inline void
flowtable_fetch(const struct flowtable *table, uint32_t number)
{
	const struct flowtable_entry *e = &table->entries[number];

	__builtin_prefetch(e, 1);
	__builtin_prefetch(&e->list, 1);
}
void flowtable_fetch_bucket(const struct flowtable *table, unsigned bucket);
/*
 * Walk over a bucket: the entry after this one (0 = the first) or 0.  What is removed meanwhile
 * must not be the one given.
 */
uint32_t flowtable_next(const struct flowtable *table, unsigned bucket, uint32_t number);

#endif
