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

struct listeners_calls {
	void (*on_frame)(void *owner, uint32_t link, const uint8_t *bytes, size_t length,
	                 nsec_t arrival);
	/* The link was not read empty: what came after heard still waits; NSEC_NEVER: it was. */
	void (*on_backlog)(void *owner, uint32_t link, nsec_t heard);
};

int listeners_new(const struct listeners_calls *calls, void *owner,
                  struct listeners **ret_listeners, struct error *error) MUST_USE;
void listeners_free(struct listeners *listeners);	/* NULL is fine */

/* Readable when any socket is. */
int listeners_descriptor(const struct listeners *listeners);

/*
 * Links are numbered 0..count-1 from now on.  Link i keeps the socket that link from[i] had
 * (-1 = none); sockets nobody keeps are closed.
 */
int listeners_renumber(struct listeners *listeners, const int32_t *from, uint32_t count) MUST_USE;

/*
 * Listen on this interface for the link from now on; 0 = on none.  families: enum packet_family,
 * whose multicast is wanted.
 */
int listeners_watch(struct listeners *listeners, uint32_t link, int ifindex, unsigned families,
                    struct error *error) MUST_USE;

/*
 * Hand on what has arrived: a bounded number of frames, of each link and of all.  Afterwards all
 * that arrived before the call was handed on, but of links with a backlog.  A link has none because
 * of what arrives on others, unless frames wait on it and more links than can be read in one sweep
 * have some, too; those that few frames come on are read first.  False: the kernel did not say.
 */
bool listeners_sweep(struct listeners *listeners);

#endif
