/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Threads for the few steps that are not requests of route netlink: files below /proc and
 * announcements of a link's own addresses, one after the other; and questions to drivers, likewise,
 * but with a deadline: a driver that hangs delays nothing but what is asked of it.  None is urgent,
 * so they have no more than ordinary scheduling, and run beside the writer.
 *
 * Everything here is the loop's; only the threads run beside it.
 */
#ifndef TANDEM_TUNER_H
#define TANDEM_TUNER_H

#include "base/base.h"
#include "base/error.h"
#include "core/ifstep.h"

struct tuner;

#define TUNER_PATIENCE (3 * NSEC_PER_SEC)	/* with a driver */
#define TUNER_DRIVERS_MAX 4u			/* asked at once: all but one of them hang */

/* A step is done: 0 or negative errno; port is what IFSTEP_READ_PORT found.  -ECANCELED: it was
 * not carried out.  -ETIMEDOUT: the link's driver hangs, in this or in an earlier one. */
typedef void tuner_done_call(void *owner, const struct ifstep *step, uint64_t epoch, int result,
                             const struct ifworld_port *port);

int tuner_new(tuner_done_call *on_done, void *owner, struct tuner **ret,
              struct error *error) MUST_USE;
/* Start the thread, with the privileges of this moment; until then all of it waits. */
int tuner_start(struct tuner *tuner, struct error *error) MUST_USE;
/* Waits for what is under way, but not long, and not for what waits; NULL is fine. */
void tuner_free(struct tuner *tuner);

/* Is this a step for the tuner? */
bool tuner_takes(enum ifstep_kind kind);
/* Put in a step (copied), made for the settings of this epoch.  None of them is begun before the
 * next push: what has to be remembered first, can be. */
void tuner_put(struct tuner *tuner, const struct ifstep *step, uint64_t epoch);
void tuner_push(struct tuner *tuner);
/* Forget what waits (-ECANCELED). */
void tuner_cancel(struct tuner *tuner);

/* Readable when tuner_collect() has something to do, which takes back what is done and tells. */
int tuner_descriptor(const struct tuner *tuner);
void tuner_collect(struct tuner *tuner);

/* Nothing waits, and nothing is under way. */
bool tuner_is_idle(const struct tuner *tuner);

#endif
