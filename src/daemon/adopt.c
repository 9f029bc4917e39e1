/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * New settings come into force in pieces.  First all is made that they need, while the old ones
 * rule; if that fails, nothing has changed.  Then one piece changes over everything that is
 * numbered by the settings: it allocates nothing that can be made before.  What is left is written
 * for others to read, and may take its time.
 *
 * Each piece is a turn of the loop of its own, below the timer: what is due leaves between two of
 * them.  This file decides the order of the pieces, and nothing about what settings mean.
 */
#include "daemon/adopt.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <systemd/sd-event.h>

#include "base/log.h"
#include "core/names.h"
#include "daemon/answers.h"
#include "daemon/intake.h"
#include "system/clock.h"
#include "system/packet.h"

/*
 * Behind the timer, and the links that settings bring.  Before packets, which the timer's turns
 * read, too, and before news: so all is adopted when the interfaces say that they have settled.
 */
#define PRIORITY_WORK (-5)
#define PATIENCE_LEAST (200 * NSEC_PER_MSEC)
#define EFFECTS_MORE 64u
#define RECORDS_A_PIECE 256u

/* Everything that is sized by the settings, made before anything is changed. */
struct adoption {
	struct settings *settings;
	struct adopt_how how;
	unsigned piece;			/* the next of pieces[] */
	struct effect *effects;
	uint64_t *published;
	struct heard_link *heard;
	struct marks fresh;
	bool *restored;
	uint8_t *owners;
	uint8_t *tracks;
	bool *held;
	int32_t *links;			/* per link: its number before, or -1 */
	size_t effect_count;
};

static void
forget(struct adoption *a)
{
	free(a->settings);
	free(a->effects);
	free(a->published);
	free(a->heard);
	marks_done(&a->fresh);
	free(a->restored);
	free(a->owners);
	free(a->tracks);
	free(a->held);
	free(a->links);
	free(a);
}

/* ---- before: nothing is changed ------------------------------------------------------------- */

/* For each link of the new settings, its number in the old ones (by name), or -1. */
static int32_t *
map_links(const struct settings *old, const struct settings *new)
{
	int32_t *from = malloc(sizeof(*from) * (new->link_count + 1));
	struct names names = { 0 };

	_Static_assert(offsetof(struct link_settings, name) == 0, "the name stands first");
	if (from && old && names_init(&names, settings_links(old), sizeof(struct link_settings),
	                              old->link_count) < 0) {
		free(from);
		return NULL;
	}
	for (uint32_t i = 0; from && i < new->link_count; i++)
		from[i] = old ? names_find(&names, settings_links(new)[i].name) : -1;
	names_done(&names);
	return from;
}

/* What a piece says: 0 = done; MORE = call it again; or negative errno, with *error. */
#define MORE 1

static int
make_room(struct node *node, struct adoption *a, struct error *error)
{
	size_t groups = a->settings->group_count + 1u, links = a->settings->link_count + 1u;

	if (a->settings->size > SETTINGS_SIZE_MAX)
		return error_set(error, -E2BIG, "the settings take %llu bytes, and only %u can be "
		                 "kept for a restart", (unsigned long long)a->settings->size,
		                 SETTINGS_SIZE_MAX);
	a->effect_count = engine_adopt_needed(node->engine, a->settings) + EFFECTS_MORE;
	a->effects = calloc(a->effect_count, sizeof(*a->effects));
	a->published = calloc(groups, sizeof(*a->published));
	a->heard = calloc(links, sizeof(*a->heard));
	if (marks_init(&a->fresh, a->settings->link_count) < 0)
		return error_set(error, -ENOMEM, "out of memory");
	a->restored = calloc(groups, sizeof(*a->restored));
	a->owners = calloc(groups, sizeof(*a->owners));
	a->tracks = calloc(a->settings->object_count + 1u, sizeof(*a->tracks));
	a->held = calloc(groups, sizeof(*a->held));
	a->links = map_links(node->settings, a->settings);
	if (a->effects && a->published && a->heard && a->restored && a->owners && a->tracks &&
	    a->held && a->links)
		return 0;
	return error_set(error, -ENOMEM, "out of memory");
}

static int
prepare_engine(struct node *node, struct adoption *a, struct error *error)
{
	int r = engine_prepare(node->engine, a->settings, clock_now());

	return r < 0 ? error_set(error, r, "out of memory") : 0;
}

static int
prepare_others(struct node *node, struct adoption *a, struct error *error)
{
	int r = helpers_prepare(node->helpers, a->settings, error);

	if (r < 0)
		return r;
	r = courier_prepare(node->courier, a->settings, a->effect_count);
	return r < 0 ? error_set(error, r, "out of memory") : 0;
}

/* ---- the change ----------------------------------------------------------------------------- */

/* How long addresses may outlive us, for those that a change finds held: the engine says it
 * exactly with the next renewal. */
static nsec_t
longest_lease(const struct settings *settings)
{
	nsec_t longest = NSEC_PER_SEC;

	for (uint32_t i = 0; i < settings->group_count; i++)
		longest = nsec_max(longest, 3 * settings_groups(settings)[i].interval);
	return longest + NSEC_PER_SEC;
}

/* Which families the groups of a link speak, and which of them by multicast. */
static void
note_families(struct heard_link *links, const struct settings *settings)
{
	for (uint32_t i = 0; i < settings->group_count; i++) {
		const struct group_settings *g = &settings_groups(settings)[i];
		unsigned family = g->family == 4 ? PACKET_IPV4 : PACKET_IPV6;

		links[g->link].spoken |= family;
		if (g->peer_count == 0)
			links[g->link].families |= family;
	}
}

/* A link goes on as it was noted, unless its groups need other sockets now. */
static void
carry_link(struct heard_link *link, const struct heard_link *before)
{
	unsigned spoken = link->spoken, families = link->families;

	*link = *before;
	link->spoken = spoken;
	link->families = families;
	link->current = before->current && families == before->families;
}

#define SWAP(a, b) do { void *swap_ = (a); (a) = (b); (b) = swap_; } while (0)

/* Our own notes: what is noted of a link before counts on, the rest is told anew. */
static void
renumber_notes(struct node *node, struct adoption *a)
{
	publisher_prepare(&node->publisher, a->published, a->settings->group_count);
	a->published = NULL;
	SWAP(node->restored, a->restored);
	SWAP(node->owners, a->owners);
	SWAP(node->tracks, a->tracks);
	SWAP(node->heard, a->heard);
	marks_done(&node->fresh);
	node->fresh = a->fresh;
	a->fresh = (struct marks){ 0 };
	note_families(node->heard, a->settings);
	for (uint32_t i = 0; node->settings && i < a->settings->link_count; i++) {
		if (a->links[i] >= 0)
			carry_link(&node->heard[i], &a->heard[a->links[i]]);
		if (node->heard[i].changed)
			marks_put(&node->fresh, i);
	}
	node->settling = true;
	node->adopted = clock_now();
}

/* A link whose groups went on is not still being made, whatever it may lack now. */
static void
note_resumed(struct node *node, const struct settings *settings)
{
	for (uint32_t i = 0; i < settings->group_count; i++)
		if (engine_status(node->engine, i)->state != VROUTER_INIT)
			node->heard[settings_groups(settings)[i].link].known = true;
}

/* A group that is new on a link has to hear of it. */
static void
note_newcomers(struct node *node, const struct settings *settings)
{
	for (uint32_t i = 0; i < settings->group_count; i++) {
		const struct vrouter_status *status = engine_status(node->engine, i);

		if (status->state == VROUTER_INIT ||
		    (status->state == VROUTER_MASTER && status->last_advert_sent == 0))
			node->heard[settings_groups(settings)[i].link].current = false;
	}
}

/* Go on from what the predecessor left. */
static void
resume(struct node *node, const struct settings *settings)
{
	uint32_t count = memory_status_count(node->memory);
	struct vrouter_status *records = calloc(count + 1, sizeof(*records));

	if (!records)
		log_error("out of memory: begins anew");
	for (uint32_t i = 0; records && i < count; i++)
		(void)memory_get_status(node->memory, i, &records[i]);
	if (records)
		engine_resume(node->engine, records, count, clock_now(), &node->effects);
	free(records);
	note_resumed(node, settings);
}

/* How long the supervisor waits for a sign of life: longer than we may sleep, and so little that a
 * successor speaks within the down interval of the others. */
static void
set_patience(struct node *node)
{
	memory_set_patience(node->memory, nsec_max(5 * engine_tick(node->engine) / 4,
	                                           PATIENCE_LEAST));
}

/*
 * Groups that disappear leave while the old numbering is still valid everywhere; then engine,
 * sockets, helpers and interfaces change over one after the other, and only then effects are
 * carried out.
 */
static int
change_over(struct node *node, struct adoption *a, struct error *error UNUSED)
{
	struct settings *settings = a->settings;
	int r;

	SWAP(node->effects.list, a->effects);
	node->effects.capacity = a->effect_count;
	if (node->settings) {
		courier_pass(node->courier);
		engine_retire(node->engine, settings, clock_now(), &node->effects);
		node_carry_out(node);
	}

	/* From here on numbers are those of the new settings. */
	renumber_notes(node, a);
	r = engine_adopt(node->engine, settings, clock_now(), &node->effects);
	if (r == 0)
		r = listeners_renumber(node->listeners, a->links, settings->link_count);
	if (r < 0) {
		/* Out of memory half way through is ours: start again from what is stored. */
		log_error("cannot adopt revision %llu: %s", (unsigned long long)settings->revision,
		          strerror(-r));
		abort();
	}
	courier_adopt(node->courier, settings);
	a->settings = node->settings;		/* forgotten in the end */
	node->settings = settings;
	if (a->how.resume)
		resume(node, settings);
	helpers_adopt(node->helpers, node->engine);
	for (uint32_t i = 0; i < settings->group_count; i++)
		a->held[i] = engine_holds_addresses(node->engine, i);
	note_newcomers(node, settings);
	node->carrying = true;
	interfaces_adopt(node->interfaces, settings, a->held, longest_lease(settings));
	node->carrying = false;
	node_carry_out(node);
	node_arm_timer(node);
	set_patience(node);
	answers_adopted(node, a->how.request, a->how.attempt);
	return 0;
}

/* ---- after: for others to read -------------------------------------------------------------- */

static int
store_settings(struct node *node, struct adoption *a UNUSED, struct error *error UNUSED)
{
	if (memory_put_settings(node->memory, node->settings) < 0)
		log_error("the settings do not fit the memory that outlives the engine");
	return 0;
}

static int
store_records(struct node *node, struct adoption *a UNUSED, struct error *error UNUSED)
{
	return publisher_renumber(&node->publisher, RECORDS_A_PIECE) ? 0 : MORE;
}

static int
tell_helpers(struct node *node, struct adoption *a UNUSED, struct error *error UNUSED)
{
	helpers_tell(node->helpers);
	return 0;
}

/* ---- the pieces ----------------------------------------------------------------------------- */

static int (*const pieces[])(struct node *node, struct adoption *a, struct error *error) = {
	make_room, prepare_engine, prepare_others, change_over, store_settings, store_records,
	tell_helpers,
};

static void
end(struct node *node)
{
	sd_event_source_set_enabled(node->work, SD_EVENT_OFF);
	sd_event_source_set_enabled(node->requests, SD_EVENT_ON);
	forget(node->adoption);
	node->adoption = NULL;
}

static void
work(struct node *node)
{
	struct adoption *a = node->adoption;
	struct error error;
	int r = pieces[a->piece](node, a, &error);

	memory_beat(node->memory, clock_now());
	if (r < 0) {
		log_error("cannot adopt revision %llu: %s",
		          (unsigned long long)a->settings->revision, error.text);
		answers_refused(node, a->how.request, a->settings->revision, error.text);
	} else if (r != MORE) {
		a->piece++;
	}
	if (r < 0 || a->piece == ARRAY_SIZE(pieces))
		end(node);
}

static int
on_work(sd_event_source *source UNUSED, void *owner)
{
	work(owner);
	return 0;
}

int
adopt_open(struct node *node)
{
	int r = sd_event_add_defer(node->event, &node->work, on_work, node);

	if (r >= 0)
		r = sd_event_source_set_priority(node->work, PRIORITY_WORK);
	return r >= 0 ? sd_event_source_set_enabled(node->work, SD_EVENT_OFF) : r;
}

void
adopt_begin(struct node *node, struct settings *settings, const struct adopt_how *how)
{
	assert(!node->adoption);
	/* An engine that resumes goes on with the count of the one before it. */
	settings->serial = (node->settings ? node->settings : settings)->serial + 1;
	node->adoption = calloc(1, sizeof(*node->adoption));
	if (!node->adoption) {
		answers_refused(node, how->request, settings->revision, "out of memory");
		free(settings);
		return;
	}
	*node->adoption = (struct adoption){
		.settings = settings, .how = *how,
	};
	/* A request means the settings that are in force when it is answered. */
	sd_event_source_set_enabled(node->requests, SD_EVENT_OFF);
	sd_event_source_set_enabled(node->work, SD_EVENT_ON);
}

void
adopt_finish(struct node *node)
{
	while (node->adoption)
		work(node);
}
