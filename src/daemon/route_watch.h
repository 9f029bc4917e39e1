/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Listens to the kernel's routes and rules for those who track routes, through a socket of its own:
 * a routing protocol's thousands shall not push news of links aside.  While no route is tracked
 * there is no socket.  What the routes mean is decided by core/iftrack.
 */
#ifndef TANDEM_ROUTE_WATCH_H
#define TANDEM_ROUTE_WATCH_H

#include "base/base.h"
#include "core/iftrack.h"

struct route_watch;
struct sd_event;

/* on_change: something was entered into the track; ask iftrack_tell(). */
struct route_watch *route_watch_new(struct sd_event *event, void (*on_change)(void *owner),
                                    void *owner) MUST_USE;
void route_watch_free(struct route_watch *watch);	/* NULL is fine */

/* Feed this track (borrowed until the next call; NULL = none) from now on, from a dump on. */
void route_watch_feed(struct route_watch *watch, struct iftrack *track);

#endif
