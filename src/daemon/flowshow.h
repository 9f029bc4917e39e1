/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Flowsync's end of the door (daemon/flowdoor.h): hears what the manager asks and answers, flows in
 * steps between everything else, because the table may be large and the partner waits for nobody's
 * curiosity.
 */
#ifndef TANDEM_FLOWSHOW_H
#define TANDEM_FLOWSHOW_H

#include "base/base.h"
#include "daemon/flowdoor.h"

struct sd_event;
struct flowshow;

struct flowshow_calls {
	void (*report)(void *owner, struct flowdoor_report *to);	/* *to is zeroed */
	/* Whose flows are shown; NULL = connsync does not run.  May change between two calls. */
	const struct flowsync *(*flows)(void *owner);
	void (*reset)(void *owner);
	void (*key)(void *owner);	/* the router has another */
};

/* door is borrowed.  0 or negative errno. */
int flowshow_open(struct sd_event *event, int door, const struct flowshow_calls *calls,
                  void *owner, struct flowshow **ret) MUST_USE;
void flowshow_close(struct flowshow *show);	/* NULL is fine */

#endif
