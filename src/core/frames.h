/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The packets of a group's advertisements, built when something in them changes, so that sending
 * one costs nothing: for each version due, for each unicast peer, ordinary and resigning.  Inside
 * core only; the world sees engine.h.
 */
#ifndef TANDEM_FRAMES_H
#define TANDEM_FRAMES_H

#include "core/vrouter.h"

/* Bytes that all packets of a group need. */
size_t frames_room(const struct group_settings *group);

/* Build all; v->status.source is of the group's family. */
void frames_build(struct vrouter *v);
/* There is nothing to send from. */
void frames_clear(struct vrouter *v);

/* See engine_advert_count() and engine_advert(). */
uint32_t frames_count(const struct vrouter *v);
struct frame frames_get(struct vrouter *v, bool resign, uint32_t index);

/*
 * The interval that the version 2 packets of both_versions name: RFC 9568 8.4.  They go out with
 * those of version 3, whatever their rate; whole seconds, rounded up, so that who hears only these
 * never waits too short.
 */
nsec_t frames_interval_of_version_2(const struct group_settings *group);

#endif
