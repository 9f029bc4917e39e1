/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The shadow of the kernel's expectations: few, short-lived, and larger than flows.  They are told
 * like flows, and their sum is one bucket more.  Nothing here knows of roles or time.
 */
#ifndef TANDEM_FLOWEXPECT_H
#define TANDEM_FLOWEXPECT_H

#include "base/base.h"
#include "core/flow.h"
#include "core/flowtable.h"

struct flowexpect_entry {
	struct flow_expectation expectation;
	uint64_t hash;			/* of what tells it apart */
	uint64_t told;			/* its part of the sum; 0 = untold */
	uint32_t version;
	uint32_t since;			/* ticks */
	uint16_t chain;
	bool used;
	bool alive;			/* false: a tombstone */
	bool queued;
	bool parked;			/* its master is not there */
};

struct flowexpect {
	const struct flowtable *table;	/* whose seed is used */
	uint32_t capacity;
	uint32_t mask;			/* of the chains */
	uint16_t *heads;
	struct flowexpect_entry *entries;	/* 1 .. capacity */
	uint16_t *queue;		/* of numbers to be told: a ring */
	uint32_t queue_first, queued;
	uint32_t used;			/* numbers above were never in use */
	uint16_t free;
	uint32_t count, alive, parked;
	uint64_t sum;
};

size_t flowexpect_size(uint32_t capacity);
/* The region is zeroed and borrowed. */
void flowexpect_init(struct flowexpect *expect, void *region, uint32_t capacity,
                     const struct flowtable *table);
/* The table has another seed now (flowtable_reseed()). */
void flowexpect_reseed(struct flowexpect *expect);

/* Master, expected tuple and mask tell expectations apart. */
uint32_t flowexpect_find(const struct flowexpect *expect, const struct flow_expectation *x);
/* A tombstone for one that is not there; 0 = full. */
uint32_t flowexpect_add(struct flowexpect *expect, const struct flow_expectation *x);
void flowexpect_remove(struct flowexpect *expect, uint32_t number);
static inline struct flowexpect_entry *
flowexpect_entry(struct flowexpect *expect, uint32_t number)
{
	return &expect->entries[number];
}

/* Alive, and as this says. */
void flowexpect_set(struct flowexpect *expect, uint32_t number, const struct flow_expectation *x);
void flowexpect_kill(struct flowexpect *expect, uint32_t number);
void flowexpect_park(struct flowexpect *expect, uint32_t number, bool parked);
/* A number for all that is replicated but its timeout; never 0. */
uint64_t flowexpect_state(const struct flowexpect *expect, uint32_t number);
void flowexpect_tell(struct flowexpect *expect, uint32_t number, uint64_t state);

/* To the end of the queue, unless it is there. */
void flowexpect_queue(struct flowexpect *expect, uint32_t number);
/* The first of the queue, 0 = empty; and take it out. */
uint32_t flowexpect_first(const struct flowexpect *expect);
void flowexpect_unqueue(struct flowexpect *expect);

#endif
