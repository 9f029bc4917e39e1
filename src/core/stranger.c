/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A small table searched from end to end: strangers are few, and whoever floods us with numbers
 * pays more for each than we do.  It judges nothing; whether anybody is told, others decide.
 */
#include "core/stranger.h"

#include <string.h>

static struct stranger *
find(struct stranger table[STRANGERS_MAX], const char *interface, uint8_t vrid, uint8_t family)
{
	for (unsigned i = 0; i < STRANGERS_MAX; i++) {
		struct stranger *s = &table[i];

		if (s->vrid == vrid && s->family == family && strcmp(s->interface, interface) == 0)
			return s;
	}
	return NULL;
}

/* A free place, or that of the longest silence. */
static struct stranger *
make_room(struct stranger table[STRANGERS_MAX])
{
	struct stranger *oldest = &table[0];

	for (unsigned i = 0; i < STRANGERS_MAX; i++) {
		if (table[i].interface[0] == '\0')
			return &table[i];
		if (table[i].last < oldest->last)
			oldest = &table[i];
	}
	return oldest;
}

void
stranger_note(struct stranger table[STRANGERS_MAX], const char *interface, const struct advert *ad,
              nsec_t now)
{
	struct stranger *s = find(table, interface, ad->vrid, ad->family);

	if (!s) {
		s = make_room(table);
		*s = (struct stranger){ .vrid = ad->vrid, .family = ad->family };
		memcpy(s->interface, interface, strnlen(interface, NAME_SIZE - 1));
	}
	s->version = ad->version;
	s->priority = ad->priority;
	s->source = ad->source;
	s->mac = ad->sender;
	s->packets++;
	s->last = now;
}

void
stranger_forget(struct stranger table[STRANGERS_MAX], const char *interface, uint8_t vrid,
                uint8_t family)
{
	struct stranger *s = find(table, interface, vrid, family);

	if (s)
		*s = (struct stranger){ 0 };
}
