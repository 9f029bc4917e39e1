/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Entries of the journal: who and what, with both clocks, so that a reader of another day can tell
 * when it was.
 */
#include "daemon/recorder.h"

#include <string.h>

#include "system/clock.h"

#define WATCH_PERIOD (3 * NSEC_PER_SEC)

static struct journal_entry
entry_of(const struct recorder *r, enum journal_kind kind, uint32_t link, nsec_t now)
{
	const struct settings *settings = engine_settings(r->engine);
	struct journal_entry entry = { .kind = (uint8_t)kind, .at = now, .wall = clock_wall() };

	memcpy(entry.interface, settings_links(settings)[link].name, NAME_SIZE);
	return entry;
}

/* The same of a group. */
static struct journal_entry
group_entry(const struct recorder *r, enum journal_kind kind, uint32_t group, nsec_t now)
{
	const struct group_settings *g = &settings_groups(engine_settings(r->engine))[group];
	struct journal_entry entry = entry_of(r, kind, (uint32_t)g->link, now);

	entry.vrid = g->vrid;
	entry.family = g->family;
	return entry;
}

void
recorder_effect(struct recorder *r, const struct effect *effect)
{
	bool is_transition = effect->kind == EFFECT_TRANSITION;
	struct journal_entry entry;

	if (!is_transition && effect->kind != EFFECT_ALARM)
		return;
	entry = group_entry(r, is_transition ? JOURNAL_TRANSITION : JOURNAL_ALARM, effect->group,
	                    clock_now());
	entry.from = effect->from;
	entry.to = effect->to;
	entry.detail = effect->detail;
	entry.raised = effect->raised;
	memory_append(r->memory, &entry);
}

void
recorder_watch(struct recorder *r, nsec_t now)
{
	r->watched_until = now + WATCH_PERIOD;
}

static void
put_bytes(struct journal_entry *entry, const uint8_t *bytes, size_t length)
{
	entry->length = (uint16_t)(length < JOURNAL_BYTES ? length : JOURNAL_BYTES);
	memcpy(entry->bytes, bytes, entry->length);
}

void
recorder_received(struct recorder *r, uint32_t link, const uint8_t *bytes, size_t length,
                  enum advert_fault fault, nsec_t now)
{
	struct journal_entry entry = entry_of(r, JOURNAL_RECEIVED, link, now);

	entry.detail = (uint8_t)fault;
	put_bytes(&entry, bytes, length);
	memory_append(r->memory, &entry);
}

void
recorder_sent(struct recorder *r, uint32_t group, const struct frame *frame, nsec_t now)
{
	struct journal_entry entry = group_entry(r, JOURNAL_SENT, group, now);

	entry.raw = frame->unicast.family != 0;
	put_bytes(&entry, frame->bytes, frame->length);
	memory_append(r->memory, &entry);
}
