/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * By which the supervisor sees that a role's loop turns: one word that both share, made before the
 * role is forked.  The role beats and says until when it will again; the supervisor only reads.
 */
#ifndef TANDEM_PULSE_H
#define TANDEM_PULSE_H

#include "base/base.h"
#include "base/error.h"
#include "base/nsec.h"

struct pulse;

int pulse_new(struct pulse **ret, struct error *error) MUST_USE;
void pulse_free(struct pulse *pulse);		/* of this process only; NULL is fine */

/* The loop turns, and will again within patience (a millisecond at least); 0 = do not watch. */
void pulse_beat(struct pulse *pulse, nsec_t patience);

/* What was said last: the patience, and a number that is another one after each beat. */
nsec_t pulse_read(const struct pulse *pulse, uint32_t *ret_beat);

#endif
