/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A hash table with open addressing that is never more than half full.  It knows nothing of what
 * the names mean.
 */
#include "config/nameset.h"

#include <stdlib.h>
#include <string.h>

#include "base/hash.h"

/* Where the name stands, or would. */
static uint32_t *
slot_of(const struct nameset *names, const char *name)
{
	uint32_t at = hash_text(name) & (names->room - 1);

	while (names->slots[at] && strcmp(names->list[names->slots[at] - 1], name) != 0)
		at = (at + 1) & (names->room - 1);
	return &names->slots[at];
}

static void
make_room(struct nameset *names)
{
	if (2 * (names->count + 1) <= names->room)
		return;
	names->room = names->room ? 2 * names->room : 16;
	names->list = realloc(names->list, names->room * sizeof(char *));
	free(names->slots);
	names->slots = calloc(names->room, sizeof(uint32_t));
	assert(names->list && names->slots);
	for (uint32_t i = 0; i < names->count; i++)
		*slot_of(names, names->list[i]) = i + 1;
}

int32_t
nameset_find(const struct nameset *names, const char *name)
{
	return names->room ? (int32_t)*slot_of(names, name) - 1 : -1;
}

uint32_t
nameset_add(struct nameset *names, const char *name, bool *ret_new)
{
	uint32_t *slot;

	make_room(names);
	slot = slot_of(names, name);
	*ret_new = *slot == 0;
	if (*slot == 0) {
		names->list[names->count] = strdup(name);
		assert(names->list[names->count]);
		*slot = ++names->count;
	}
	return *slot - 1;
}

void
nameset_done(struct nameset *names)
{
	for (uint32_t i = 0; i < names->count; i++)
		free(names->list[i]);
	free(names->list);
	free(names->slots);
	*names = (struct nameset){ 0 };
}
