/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A binary heap that knows where each item is, so that moving one deadline costs the height of the
 * heap, and asking for the earliest costs nothing.
 */
#include "core/deadlines.h"

#include <errno.h>
#include <stdlib.h>

int
deadlines_init(struct deadlines *queue, uint32_t count)
{
	*queue = (struct deadlines){ .count = count };
	queue->when = malloc((count + 1) * sizeof(*queue->when));
	queue->heap = malloc((count + 1) * sizeof(*queue->heap));
	queue->place = malloc((count + 1) * sizeof(*queue->place));
	if (!queue->when || !queue->heap || !queue->place) {
		deadlines_done(queue);
		return -ENOMEM;
	}
	for (uint32_t i = 0; i < count; i++) {
		queue->when[i] = NSEC_NEVER;
		queue->heap[i] = i;
		queue->place[i] = i;
	}
	return 0;
}

void
deadlines_done(struct deadlines *queue)
{
	free(queue->when);
	free(queue->heap);
	free(queue->place);
	*queue = (struct deadlines){ 0 };
}

static void
put(struct deadlines *queue, uint32_t place, uint32_t item)
{
	queue->heap[place] = item;
	queue->place[item] = place;
}

static void
rise(struct deadlines *queue, uint32_t place)
{
	uint32_t item = queue->heap[place];

	while (place > 0) {
		uint32_t above = (place - 1) / 2;

		if (queue->when[queue->heap[above]] <= queue->when[item])
			break;
		put(queue, place, queue->heap[above]);
		place = above;
	}
	put(queue, place, item);
}

static void
sink(struct deadlines *queue, uint32_t place)
{
	uint32_t item = queue->heap[place];

	for (;;) {
		uint32_t below = 2 * place + 1;

		if (below >= queue->count)
			break;
		if (below + 1 < queue->count &&
		    queue->when[queue->heap[below + 1]] < queue->when[queue->heap[below]])
			below++;
		if (queue->when[item] <= queue->when[queue->heap[below]])
			break;
		put(queue, place, queue->heap[below]);
		place = below;
	}
	put(queue, place, item);
}

void
deadlines_set(struct deadlines *queue, uint32_t item, nsec_t when)
{
	nsec_t before;

	assert(item < queue->count);
	before = queue->when[item];
	queue->when[item] = when;
	if (when < before)
		rise(queue, queue->place[item]);
	else if (when > before)
		sink(queue, queue->place[item]);
}

nsec_t
deadlines_first(const struct deadlines *queue, uint32_t *ret_item)
{
	if (queue->count == 0)
		return NSEC_NEVER;
	*ret_item = queue->heap[0];
	return queue->when[queue->heap[0]];
}
