/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Writes the journal (core/journal.h): transitions and alarms always, packets while somebody
 * watches.  Decides nothing and delays nobody: an entry is a copy into memory.
 */
#ifndef TANDEM_RECORDER_H
#define TANDEM_RECORDER_H

#include "core/engine.h"
#include "daemon/memory.h"

struct recorder {
	const struct engine *engine;
	struct memory *memory;
	nsec_t watched_until;		/* packets are noted until then */
};

/* A TRANSITION or an ALARM; other kinds are not for the journal. */
void recorder_effect(struct recorder *recorder, const struct effect *effect);

/* Somebody watches: note packets for the next seconds. */
void recorder_watch(struct recorder *recorder, nsec_t now);
static inline bool
recorder_is_watched(const struct recorder *recorder, nsec_t now)
{
	return now < recorder->watched_until;
}

/* A frame that came in on a link of the settings, and what the engine thought of it. */
void recorder_received(struct recorder *recorder, uint32_t link, const uint8_t *bytes,
                       size_t length, enum advert_fault fault, nsec_t now);
/* A packet of a group's advertisement that left. */
void recorder_sent(struct recorder *recorder, uint32_t group, const struct frame *frame,
                   nsec_t now);

#endif
