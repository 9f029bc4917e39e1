/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What a group tracks: applies the delays to what is told, and says what that makes of the group:
 * a weight, a fault, or neither yet.  Inside core only; the world sees engine.h.
 */
#ifndef TANDEM_TRACK_H
#define TANDEM_TRACK_H

#include "core/vrouter.h"

/* Nothing is known of anything, and the patience begins; v->watches has room. */
void track_init(struct vrouter *v, nsec_t now);
/* Watch number index goes on as that of old with number was; -1 = it is new. */
void track_carry(struct vrouter *v, uint32_t index, const struct vrouter *old, int was);
/* What the record of an earlier engine knew. */
void track_restore(struct vrouter *v, const struct vrouter_status *record);

/* The object is up, or down, since now. */
void track_report(struct vrouter *v, uint32_t index, bool up, nsec_t now);
/* What is due at v->track_at counts. */
void track_on_time(struct vrouter *v, nsec_t now);

#endif
