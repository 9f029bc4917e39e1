/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Chance that repeats: a small generator (splitmix64) whose whole state is one number, so that a
 * seed names a run for ever, on every machine.  Not for secrets.
 */
#ifndef TANDEM_SIM_CHANCE_H
#define TANDEM_SIM_CHANCE_H

#include "base/base.h"
#include "base/nsec.h"

struct chance {
	uint64_t state;
};

static inline uint64_t
chance_next(struct chance *chance)
{
	uint64_t z = chance->state += 0x9e3779b97f4a7c15u;

	z = (z ^ z >> 30) * 0xbf58476d1ce4e5b9u;
	z = (z ^ z >> 27) * 0x94d049bb133111ebu;
	return z ^ z >> 31;
}

/* 0 .. n-1; n must not be 0. */
static inline unsigned
chance_below(struct chance *chance, unsigned n)
{
	return (unsigned)(chance_next(chance) % n);
}

static inline bool
chance_percent(struct chance *chance, unsigned percent)
{
	return chance_below(chance, 100) < percent;
}

/* A duration from low to high, both included. */
static inline nsec_t
chance_between(struct chance *chance, nsec_t low, nsec_t high)
{
	return low + (nsec_t)(chance_next(chance) % (uint64_t)(high - low + 1));
}

#endif
