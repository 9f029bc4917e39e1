/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The first word on an object counts at once: there is nothing to be damped.  After that a change
 * counts when it has lasted for the delay of its direction.  Whether that is a transition, or
 * another priority, is the party's business.
 */
#include "core/track.h"

static bool
has_bit(uint32_t bits, uint32_t index)
{
	return bits >> index & 1;
}

static void
set_bit(uint32_t *bits, uint32_t index, bool value)
{
	*bits = (*bits & ~(1u << index)) | (uint32_t)value << index;
}

/* Add up what counts now, and when that may change next. */
static void
sum_up(struct vrouter *v)
{
	struct vrouter_status *s = &v->status;
	bool out_of_patience = v->impatient_at == NSEC_NEVER;

	v->weight = 0;
	v->track_lost = v->untold = false;
	v->track_at = NSEC_NEVER;
	for (uint32_t i = 0; i < v->settings->track_count; i++) {
		int weight = v->watches[i].settings->weight;
		bool known = has_bit(s->tracks_known, i);
		bool up = has_bit(s->tracks_up, i);

		v->track_at = nsec_min(v->track_at, v->watches[i].due);
		if (weight != 0)
			v->weight += known && up == (weight > 0) ? weight : 0;
		else if (!known && !out_of_patience)
			v->untold = true;
		else
			v->track_lost |= !up;
	}
	if (v->untold)
		v->track_at = nsec_min(v->track_at, v->impatient_at);
	v->version++;
}

static void
settle(struct vrouter *v, uint32_t index, bool up)
{
	set_bit(&v->status.tracks_known, index, true);
	set_bit(&v->status.tracks_up, index, up);
	v->watches[index].up = up;
	v->watches[index].due = NSEC_NEVER;
}

void
track_init(struct vrouter *v, nsec_t now)
{
	for (uint32_t i = 0; i < v->settings->track_count; i++)
		v->watches[i] = (struct watch){
			.settings = &settings_tracks(v->all)[v->settings->track_first + i],
			.due = NSEC_NEVER,
		};
	v->status.tracks_known = v->status.tracks_up = 0;
	v->impatient_at = now + ENGINE_TRACK_PATIENCE;
	sum_up(v);
}

void
track_carry(struct vrouter *v, uint32_t index, const struct vrouter *old, int was)
{
	struct watch *watch = &v->watches[index];

	if (was < 0 || !has_bit(old->status.tracks_known, (uint32_t)was))
		return;
	settle(v, index, has_bit(old->status.tracks_up, (uint32_t)was));
	watch->up = old->watches[was].up;
	watch->due = old->watches[was].due;
	sum_up(v);
}

void
track_restore(struct vrouter *v, const struct vrouter_status *record)
{
	for (uint32_t i = 0; i < v->settings->track_count; i++)
		if (has_bit(record->tracks_known, i))
			settle(v, i, has_bit(record->tracks_up, i));
	sum_up(v);
}

void
track_report(struct vrouter *v, uint32_t index, bool up, nsec_t now)
{
	struct watch *watch = &v->watches[index];
	const struct track_settings *t = watch->settings;
	bool counted = has_bit(v->status.tracks_up, index);

	if (!has_bit(v->status.tracks_known, index) || up == counted)
		settle(v, index, up);
	else if (up != watch->up || watch->due == NSEC_NEVER)
		watch->due = now + (up ? t->up_delay : t->down_delay);
	watch->up = up;
	sum_up(v);
	if (v->track_at <= now)
		track_on_time(v, now);
}

void
track_on_time(struct vrouter *v, nsec_t now)
{
	for (uint32_t i = 0; i < v->settings->track_count; i++)
		if (v->watches[i].due <= now)
			settle(v, i, v->watches[i].up);
	if (v->impatient_at <= now)
		v->impatient_at = NSEC_NEVER;
	sum_up(v);
}
