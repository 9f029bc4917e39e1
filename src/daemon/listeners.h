/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The packet sockets of the interfaces with groups: opened and closed as interfaces come and go,
 * emptied together.  Hands frames on with their link and arrival time and looks into none.
 */
#ifndef TANDEM_LISTENERS_H
#define TANDEM_LISTENERS_H

#include "base/base.h"
#include "base/error.h"
#include "base/nsec.h"

struct listeners;

typedef void listeners_frame_call(void *owner, uint32_t link, const uint8_t *bytes, size_t length,
                                  nsec_t arrival);

int listeners_new(listeners_frame_call *call, void *owner, struct listeners **ret_listeners,
                  struct error *error) MUST_USE;
void listeners_free(struct listeners *listeners);	/* NULL is fine */

/* Readable when any socket is. */
int listeners_descriptor(const struct listeners *listeners);

/*
 * Links are numbered 0..count-1 from now on.  Link i keeps the socket that link from[i] had
 * (-1 = none); sockets nobody keeps are closed.
 */
int listeners_renumber(struct listeners *listeners, const int32_t *from, uint32_t count) MUST_USE;

/* Listen on this interface for the link from now on; 0 = on none. */
int listeners_watch(struct listeners *listeners, uint32_t link, int ifindex, struct error *error)
	MUST_USE;

/* Hand on what has arrived, at most budget frames.  True when every socket was seen empty. */
bool listeners_sweep(struct listeners *listeners, unsigned budget);

#endif
