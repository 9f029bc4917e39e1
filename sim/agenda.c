/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A heap of events.  Two of the same time come out in the order in which they were added, so that a
 * run repeats; it must not depend on anything else.
 */
#include <stdlib.h>
#include <string.h>

#include "sim/agenda.h"

static bool
earlier(const struct event *a, const struct event *b)
{
	return a->time != b->time ? a->time < b->time : a->order < b->order;
}

void
agenda_add(struct agenda *agenda, struct event event)
{
	size_t at = agenda->count++;

	if (agenda->count > agenda->capacity) {
		agenda->capacity = 2 * agenda->capacity + 64;
		agenda->events = realloc(agenda->events,
			agenda->capacity * sizeof(*agenda->events));
		assert(agenda->events != NULL);
	}
	event.order = agenda->order++;
	while (at > 0 && earlier(&event, &agenda->events[(at - 1) / 2])) {
		agenda->events[at] = agenda->events[(at - 1) / 2];
		at = (at - 1) / 2;
	}
	agenda->events[at] = event;
}

struct event
agenda_take(struct agenda *agenda)
{
	struct event *heap = agenda->events;
	struct event first = heap[0];
	struct event last = heap[--agenda->count];
	size_t at = 0;

	for (;;) {
		size_t child = 2 * at + 1;

		if (child >= agenda->count)
			break;
		if (child + 1 < agenda->count && earlier(&heap[child + 1], &heap[child]))
			child++;
		if (!earlier(&heap[child], &last))
			break;
		heap[at] = heap[child];
		at = child;
	}
	heap[at] = last;
	return first;
}

void
agenda_done(struct agenda *agenda)
{
	for (size_t i = 0; i < agenda->count; i++)
		parcel_release(agenda->events[i].parcel);
	free(agenda->events);
	*agenda = (struct agenda){ 0 };
}

struct parcel *
parcel_new(const void *bytes, size_t length, bool forged)
{
	struct parcel *parcel = malloc(sizeof(*parcel) + length);

	assert(parcel != NULL);
	parcel->references = 1;
	parcel->forged = forged;
	parcel->length = length;
	memcpy(parcel->bytes, bytes, length);
	return parcel;
}

void
parcel_release(struct parcel *parcel)
{
	if (parcel != NULL && --parcel->references == 0)
		free(parcel);
}
