/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What connsync leaves behind when it ends: flows of the partner in our kernel, with timers of
 * weeks because somebody told of their end so far.  Nobody does from now on, so each gets what is
 * left of its own.  The rules of the diet stay until that is done: they are how a later process
 * knows, after a crash, too, that it was not.
 */
#ifndef TANDEM_FLOWRELEASE_H
#define TANDEM_FLOWRELEASE_H

#include "base/base.h"
#include "base/error.h"
#include "base/nsec.h"

struct sd_event;
struct flowrelease;

/*
 * Begin, in paced steps behind everything else in the loop; without one (NULL) only
 * flowrelease_finish() goes on.  1, and 0 when there is nothing to do:
 * no rules of ours.  Otherwise negative errno.
 */
int flowrelease_begin(struct sd_event *event, struct flowrelease **ret, struct error *error)
	MUST_USE;
/* All that is left of it now, until then at most.  NULL is fine. */
void flowrelease_finish(struct flowrelease *release, nsec_t until);
/* Break it off, if it is not done: connsync goes on.  NULL is fine. */
void flowrelease_free(struct flowrelease *release);

#endif
