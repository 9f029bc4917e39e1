/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Everything the engine made of one configuration: virtual routers, parties, links, queues, in
 * arrays sized once.  The next configuration gets a roster of its own, which takes over from the
 * old one what goes on.  Inside core only; the world sees engine.h.
 */
#ifndef TANDEM_ROSTER_H
#define TANDEM_ROSTER_H

#include "base/base.h"
#include "core/names.h"
#include "core/party.h"

struct roster_link {
	bool known;			/* somebody told us about it */
	struct link_input input;
	uint64_t unknown_vrids;
	uint32_t first;			/* its groups in by_link, in order of VRID and family */
	uint32_t count;
};

/* Who watches an object. */
struct watcher {
	struct vrouter *vrouter;
	uint32_t index;			/* of its watch */
};

struct roster_object {
	bool known;			/* somebody told us about it ... */
	bool up;			/* ... this, last */
	uint32_t first;			/* those who watch it in watchers */
	uint32_t count;
};

struct roster {
	struct settings *settings;	/* our own copy */
	struct vrouter *vrouters;	/* by group */
	struct party *parties;
	uint32_t party_count;
	uint32_t *party_of_sync;	/* UINT32_MAX = a sync group without members */
	struct vrouter **members;	/* of all parties, one party after the other */
	struct roster_link *links;
	struct vrouter **by_link;	/* in order of link, VRID, family */
	struct roster_object *objects;
	struct watcher *watchers;	/* of all objects, one after the other */
	struct watch *watches;		/* of all groups */
	uint8_t *frames;		/* of all groups */
	struct names link_names;
	struct names sync_names;
	struct names object_names;
	struct timers timers;
};

/* All groups in INIT, no link and no object known.  lateness is borrowed.  NULL: out of memory. */
struct roster *roster_new(const struct settings *settings, struct lateness *lateness,
                          nsec_t now) MUST_USE;
void roster_free(struct roster *roster);	/* NULL is fine */

/* The group on this link, or NULL. */
struct vrouter *roster_find(const struct roster *roster, uint32_t link, uint8_t vrid,
                            uint8_t family);
/* The same by name of the interface. */
struct vrouter *roster_find_named(const struct roster *roster, const char *interface, uint8_t vrid,
                                  uint8_t family);

/*
 * Note in each group which one it was in old (NULL: there is none), and there which groups stay.
 */
void roster_match(struct roster *roster, struct roster *old);

/*
 * Take over links, objects, groups and the states of parties from old, which may be NULL, and with
 * which this one was matched.  Members
 * may then be in other states than their party: party_adopt() comes next for each.
 */
void roster_carry(struct roster *roster, const struct roster *old, nsec_t now);

/* Note in each group of the roster whether next has it, too. */
void roster_mark(struct roster *roster, const struct settings *next);

#endif
