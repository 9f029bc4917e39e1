/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The window is a ring of whole words, one more than the window needs, so that moving it clears
 * words and never counts single bits.
 */
#include "core/replay.h"

#define BITS 64u

enum replay_verdict
replay_judge(const struct replay *replay, uint64_t number)
{
	if (number == UINT64_MAX)
		return REPLAY_OLD;
	if (number >= replay->next)
		return REPLAY_FRESH;
	if (replay->next - number > REPLAY_WINDOW)
		return REPLAY_OLD;
	return replay->seen[number / BITS % REPLAY_WORDS] >> number % BITS & 1 ? REPLAY_SEEN
	                                                                      : REPLAY_FRESH;
}

/* The words from the newest up to that of number are of a round before: they have seen nothing. */
static void
move(struct replay *replay, uint64_t number)
{
	uint64_t newest = replay->next ? (replay->next - 1) / BITS : 0;
	uint64_t steps = number / BITS - newest;

	if (steps > REPLAY_WORDS)
		steps = REPLAY_WORDS;
	for (uint64_t i = 1; i <= steps; i++)
		replay->seen[(newest + i) % REPLAY_WORDS] = 0;
	replay->next = number + 1;
}

void
replay_note(struct replay *replay, uint64_t number)
{
	assert(replay_judge(replay, number) == REPLAY_FRESH);
	if (number >= replay->next)
		move(replay, number);
	replay->seen[number / BITS % REPLAY_WORDS] |= UINT64_C(1) << number % BITS;
}
