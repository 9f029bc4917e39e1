/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The VRRP groups heard on the wire that are not configured here: a table of the last sightings.
 */
#ifndef TANDEM_STRANGER_H
#define TANDEM_STRANGER_H

#include "core/advert.h"
#include "core/status.h"

/*
 * An advertisement came for a group that this interface does not have.  A group not seen before
 * takes the place of the one that was silent for longest.
 */
void stranger_note(struct stranger table[STRANGERS_MAX], const char *interface,
                   const struct advert *ad, nsec_t now);

/* The group is configured now: no stranger any more. */
void stranger_forget(struct stranger table[STRANGERS_MAX], const char *interface, uint8_t vrid,
                     uint8_t family);

#endif
