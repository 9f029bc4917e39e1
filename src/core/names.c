/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A hash table with open addressing, at most half full.  It holds no names, only where they are.
 */
#include "core/names.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/hash.h"

/* The slot that holds the name, or the empty one where it would stand. */
static uint32_t
slot_of(const struct names *names, const char *name)
{
	uint32_t at = hash_text(name) & names->mask;

	while (names->slots[at] != 0 &&
	       strcmp(names->first + (names->slots[at] - 1) * names->size, name) != 0)
		at = (at + 1) & names->mask;
	return at;
}

int
names_init(struct names *names, const void *first, size_t size, uint32_t count)
{
	uint32_t slots = 2;

	while (slots < 2 * count)
		slots *= 2;
	*names = (struct names){ .first = first, .size = size, .mask = slots - 1 };
	names->slots = calloc(slots, sizeof(*names->slots));
	if (!names->slots)
		return -ENOMEM;
	for (uint32_t i = 0; i < count; i++) {
		uint32_t at = slot_of(names, names->first + i * size);

		if (names->slots[at] == 0)
			names->slots[at] = i + 1;
	}
	return 0;
}

void
names_done(struct names *names)
{
	free(names->slots);
	*names = (struct names){ 0 };
}

int
names_find(const struct names *names, const char *name)
{
	return (int)names->slots[slot_of(names, name)] - 1;
}
