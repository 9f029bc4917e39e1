/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Everything the engine made of one configuration: virtual routers, parties, links, queues, in
 * arrays sized once.  The next configuration gets a roster of its own, which takes over from the
 * old one what goes on.  Inside core only; the world sees engine.h.
 */
#ifndef TANDEM_ROSTER_H
#define TANDEM_ROSTER_H

#include "base/base.h"
#include "core/party.h"

struct roster_link {
	bool known;			/* somebody told us about it */
	struct link_input input;
	uint64_t unknown_vrids;
	uint32_t first;			/* its groups in by_link, in order of VRID */
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
	struct vrouter **by_link;	/* in order of link, then VRID */
	struct timers timers;
};

/* All groups in INIT, no link known.  NULL when out of memory. */
struct roster *roster_new(const struct settings *settings, nsec_t now) MUST_USE;
void roster_free(struct roster *roster);	/* NULL is fine */

/* The group on this link, or NULL. */
struct vrouter *roster_find(const struct roster *roster, uint32_t link, uint8_t vrid);

/* The same by name; *hint, first 0, makes it fast to ask for all in order. */
struct vrouter *roster_find_named(const struct roster *roster, const char *interface, uint8_t vrid,
                                  uint32_t *hint);

/*
 * Take over links, groups and the states of parties from old, which may be NULL.  Members may then
 * be in other states than their party: party_adopt() comes next for each.
 */
void roster_carry(struct roster *roster, const struct roster *old);

/* Call visit for each group of the roster that next does not have. */
void roster_departing(struct roster *roster, const struct settings *next,
                      void (*visit)(struct vrouter *v, void *context), void *context);

#endif
