/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What becomes of the tracked objects that the kernel knows: interfaces (usable, as for VRRP
 * itself) and routes.  Pure: routes and rules are entered as heard, links are looked up in the
 * picture (core/ifworld), and changes are told.
 *
 * A route object is up when an ordinary lookup, one that matches no rule with a condition, finds
 * a route to exactly its prefix or one that covers it: not a default route unless the prefix is
 * itself 0.0.0.0/0 or ::/0, not a refusal, over a link that is usable, and not one that comes and
 * goes with a group.
 *
 * Only routes that matter to some object are kept, so that a full BGP table costs nothing here.
 */
#ifndef TANDEM_IFTRACK_H
#define TANDEM_IFTRACK_H

#include "base/base.h"
#include "core/ifroute.h"
#include "core/ifworld.h"
#include "core/settings.h"

struct iftrack;

/* Borrows the settings until iftrack_free().  Nothing is known yet, nothing was told. */
struct iftrack *iftrack_new(const struct settings *settings) MUST_USE;
void iftrack_free(struct iftrack *track);	/* NULL is fine */

/* Is any object a route: must routes and rules be listened to, and be dumped once? */
bool iftrack_has_routes(const struct iftrack *track);

/* Enter a route; replace: it takes the place of those with its table, network and metric. */
void iftrack_put_route(struct iftrack *track, const struct ifroute *route, bool replace);
/* False: what was removed cannot be told from what is left; dump again. */
bool iftrack_remove_route(struct iftrack *track, const struct ifroute *route) MUST_USE;
void iftrack_put_rule(struct iftrack *track, const struct ifrule *rule);
void iftrack_remove_rule(struct iftrack *track, const struct ifrule *rule);

/* Between begin and end of a dump everything put counts as seen; end forgets the rest.  Until the
 * first end no route object is told. */
void iftrack_begin_dump(struct iftrack *track);
void iftrack_end_dump(struct iftrack *track);

/* A link or an address changed in the picture. */
void iftrack_touch(struct iftrack *track);
/* Call tell for each object (index into the settings' objects) that is not as was told last. */
void iftrack_tell(struct iftrack *track, const struct ifworld *world,
                  void (*tell)(void *owner, uint32_t object, bool up), void *owner);

/* How many routes are kept. */
size_t iftrack_route_count(const struct iftrack *track);

#endif
