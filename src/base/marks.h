/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A set of numbers below a limit that is walked in their order: what is marked among thousands is
 * found without a look at each of them.
 */
#ifndef TANDEM_MARKS_H
#define TANDEM_MARKS_H

#include <errno.h>
#include <stdlib.h>

#include "base/base.h"

struct marks {
	uint64_t *words;
	uint32_t limit;
	uint32_t count;			/* how many are in it */
};

/* Empty, for numbers below limit.  0 or -ENOMEM; marks_done() is fine in either case. */
static inline int MUST_USE
marks_init(struct marks *marks, uint32_t limit)
{
	*marks = (struct marks){ .words = calloc(limit / 64 + 1u, sizeof(uint64_t)),
				 .limit = limit };
	return marks->words ? 0 : -ENOMEM;
}

static inline void
marks_done(struct marks *marks)
{
	free(marks->words);
	*marks = (struct marks){ 0 };
}

static inline bool
marks_have(const struct marks *marks, uint32_t number)
{
	return marks->words[number / 64] >> number % 64 & 1;
}

static inline void
marks_put(struct marks *marks, uint32_t number)
{
	marks->count += !marks_have(marks, number);
	marks->words[number / 64] |= (uint64_t)1 << number % 64;
}

static inline void
marks_take(struct marks *marks, uint32_t number)
{
	marks->count -= marks_have(marks, number);
	marks->words[number / 64] &= ~((uint64_t)1 << number % 64);
}

/* The first that is in it, from this number on; the limit when there is none. */
static inline uint32_t
marks_next(const struct marks *marks, uint32_t from)
{
	for (uint32_t word = from / 64; from < marks->limit && word <= marks->limit / 64; word++) {
		uint64_t left = marks->words[word];

		if (word == from / 64)
			left &= ~(uint64_t)0 << from % 64;
		if (left)
			return word * 64 + (uint32_t)__builtin_ctzll(left);
	}
	return marks->limit;
}

#endif
