/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * When a master makes itself known to hosts and bridges: bursts of announcements (gratuitous ARP,
 * unsolicited neighbour advertisements) as garp settings say, and router advertisements.  What
 * they look like is in announce.h.  Inside core only; the world sees engine.h.
 */
#ifndef TANDEM_HERALD_H
#define TANDEM_HERALD_H

#include "core/vrouter.h"

/* No master (any more): nothing is owed. */
void herald_silence(struct vrouter *v);
/* It is master, or its addresses or its MAC are new: announce now, and begin what follows. */
void herald_begin(struct vrouter *v, nsec_t now, struct effects *out);
/* A weaker master may have misled hosts: announce, unless a burst is under way. */
void herald_assert(struct vrouter *v, nsec_t now, struct effects *out);
/* What its router advertisements say has changed. */
void herald_advertise(struct vrouter *v, nsec_t now, struct effects *out);
/* After a crash: go on with what is periodic. */
void herald_resume(struct vrouter *v, nsec_t now);
/* Carry out what is due at v->herald.due. */
void herald_on_time(struct vrouter *v, nsec_t now, struct effects *out);

/* See engine_router_advert(). */
size_t herald_router_advert(const struct vrouter *v, uint8_t *bytes);

#endif
