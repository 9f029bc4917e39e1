/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A table of expectations: chains over an array, a ring of those that are to be told.
 */
#include <string.h>

#include "core/flowexpect.h"

static uint32_t
chains(uint32_t capacity)
{
	uint32_t n = 16;

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
flowexpect_size(uint32_t capacity)
{
	size_t n = (size_t)capacity + 1;

	return rounded(n * sizeof(struct flowexpect_entry)) + rounded(n * sizeof(uint16_t)) +
	       rounded(chains(capacity) * sizeof(uint16_t));
}

void
flowexpect_init(struct flowexpect *expect, void *region, uint32_t capacity,
                const struct flowtable *table)
{
	size_t n = (size_t)capacity + 1;
	uint8_t *at = region;

	assert(capacity >= 1 && capacity <= UINT16_MAX);
	*expect = (struct flowexpect){ .table = table, .capacity = capacity };
	expect->mask = chains(capacity) - 1;
	expect->entries = (void *)at;
	at += rounded(n * sizeof(struct flowexpect_entry));
	expect->queue = (void *)at;
	at += rounded(n * sizeof(uint16_t));
	expect->heads = (void *)at;
}

static uint64_t
identity(const struct flowexpect *expect, const struct flow_expectation *x)
{
	uint64_t hash = flowtable_hash(expect->table, &x->master);

	hash = hash * 31 + flowtable_hash(expect->table, &x->expected);
	return hash * 31 + flowtable_hash(expect->table, &x->mask);
}

uint32_t
flowexpect_find(const struct flowexpect *expect, const struct flow_expectation *x)
{
	uint64_t hash = identity(expect, x);
	uint32_t number = expect->heads[hash & expect->mask];

	for (; number; number = expect->entries[number].chain) {
		const struct flow_expectation *known = &expect->entries[number].expectation;

		if (expect->entries[number].hash == hash &&
		    flow_key_equal(&known->master, &x->master) &&
		    flow_key_equal(&known->expected, &x->expected) &&
		    flow_key_equal(&known->mask, &x->mask))
			break;
	}
	return number;
}

uint32_t
flowexpect_add(struct flowexpect *expect, const struct flow_expectation *x)
{
	uint64_t hash = identity(expect, x);
	uint16_t number = expect->free;

	if (number)
		expect->free = expect->entries[number].chain;
	else if (expect->used < expect->capacity)
		number = (uint16_t)++expect->used;
	else
		return 0;
	expect->entries[number] = (struct flowexpect_entry){
		.expectation = *x,
		.hash = hash,
		.chain = expect->heads[hash & expect->mask],
		.used = true,
		/* What is in the queue under this number was of another: it is this one's place. */
		.queued = expect->entries[number].queued,
	};
	expect->heads[hash & expect->mask] = number;
	expect->count++;
	return number;
}

void
flowexpect_remove(struct flowexpect *expect, uint32_t number)
{
	struct flowexpect_entry *e = &expect->entries[number];
	uint16_t *link = &expect->heads[e->hash & expect->mask];

	flowexpect_tell(expect, number, 0);
	if (e->alive)
		flowexpect_kill(expect, number);
	while (*link != number)
		link = &expect->entries[*link].chain;
	*link = e->chain;
	*e = (struct flowexpect_entry){ .chain = expect->free, .queued = e->queued };
	expect->free = (uint16_t)number;
	expect->count--;
}

void
flowexpect_reseed(struct flowexpect *expect)
{
	memset(expect->heads, 0, chains(expect->capacity) * sizeof(expect->heads[0]));
	expect->sum = 0;
	for (uint32_t number = 1; number <= expect->used; number++) {
		struct flowexpect_entry *e = &expect->entries[number];
		bool told = e->told != 0;

		if (!e->used)
			continue;
		e->hash = identity(expect, &e->expectation);
		e->chain = expect->heads[e->hash & expect->mask];
		expect->heads[e->hash & expect->mask] = (uint16_t)number;
		e->told = 0;
		if (told && e->alive)
			flowexpect_tell(expect, number, flowexpect_state(expect, number));
	}
}

void
flowexpect_set(struct flowexpect *expect, uint32_t number, const struct flow_expectation *x)
{
	struct flowexpect_entry *e = &expect->entries[number];

	expect->alive += !e->alive;
	e->alive = true;
	e->expectation = *x;
}

void
flowexpect_kill(struct flowexpect *expect, uint32_t number)
{
	struct flowexpect_entry *e = &expect->entries[number];

	assert(e->alive);
	e->alive = false;
	expect->alive--;
	flowexpect_park(expect, number, false);
}

void
flowexpect_park(struct flowexpect *expect, uint32_t number, bool parked)
{
	struct flowexpect_entry *e = &expect->entries[number];

	expect->parked += parked;
	expect->parked -= e->parked;
	e->parked = parked;
}

uint64_t
flowexpect_state(const struct flowexpect *expect, uint32_t number)
{
	const struct flowexpect_entry *e = &expect->entries[number];
	const struct flow_expectation *x = &e->expectation;
	char names[FLOW_HELPER_SIZE + FLOW_FUNCTION_SIZE] = { 0 };
	uint64_t hash = e->hash;

	memcpy(names, x->helper, sizeof(x->helper));
	memcpy(names + sizeof(x->helper), x->function, sizeof(x->function));
	hash = hash * 31 + flowtable_hash_bytes(expect->table, names, sizeof(names));
	hash = hash * 31 + ((uint64_t)x->class << 32 | x->flags);
	if (x->has_nat)
		hash = hash * 31 + flowtable_hash(expect->table, &x->nat) + x->nat_direction;
	return hash ? hash : 1;
}

void
flowexpect_tell(struct flowexpect *expect, uint32_t number, uint64_t state)
{
	struct flowexpect_entry *e = &expect->entries[number];

	expect->sum += state - e->told;
	e->told = state;
}

void
flowexpect_queue(struct flowexpect *expect, uint32_t number)
{
	struct flowexpect_entry *e = &expect->entries[number];

	if (e->queued)
		return;
	e->queued = true;
	expect->queue[(expect->queue_first + expect->queued++) % (expect->capacity + 1)] =
		(uint16_t)number;
}

uint32_t
flowexpect_first(const struct flowexpect *expect)
{
	return expect->queued ? expect->queue[expect->queue_first] : 0;
}

void
flowexpect_unqueue(struct flowexpect *expect)
{
	assert(expect->queued > 0);
	expect->entries[expect->queue[expect->queue_first]].queued = false;
	expect->queue_first = (expect->queue_first + 1) % (expect->capacity + 1);
	expect->queued--;
}
