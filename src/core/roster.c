/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Building what a configuration needs, and finding in it what an earlier one had: links, sync
 * groups and tracked objects by name, groups by interface, VRID and family.  It decides which state
 * a party begins with when the configuration changed who belongs to it, and nothing else.
 */
#include "core/roster.h"

#include <limits.h>
#include <stdlib.h>
#include <string.h>

#include "core/frames.h"
#include "core/track.h"

#define NO_PARTY UINT32_MAX

/* ---- building ------------------------------------------------------------------------------- */

/* Where a group stands among those of its link. */
static int
rank_on_link(uint8_t vrid, uint8_t family)
{
	return vrid << 8 | family;
}

static int
by_link(const void *a, const void *b)
{
	const struct group_settings *g = (*(struct vrouter *const *)a)->settings;
	const struct group_settings *h = (*(struct vrouter *const *)b)->settings;

	if (g->link != h->link)
		return g->link < h->link ? -1 : 1;
	return rank_on_link(g->vrid, g->family) - rank_on_link(h->vrid, h->family);
}

static void
index_links(struct roster *r)
{
	uint32_t groups = r->settings->group_count;

	for (uint32_t i = 0; i < groups; i++)
		r->by_link[i] = &r->vrouters[i];
	qsort(r->by_link, groups, sizeof(*r->by_link), by_link);
	for (uint32_t i = 0; i < groups; i++) {
		struct roster_link *link = &r->links[r->by_link[i]->settings->link];

		if (link->count++ == 0)
			link->first = i;
	}
}

static void
index_objects(struct roster *r)
{
	const struct settings *s = r->settings;
	uint32_t next = 0;

	for (uint32_t i = 0; i < s->group_count; i++)
		for (uint32_t k = 0; k < r->vrouters[i].settings->track_count; k++)
			r->objects[r->vrouters[i].watches[k].settings->object].count++;
	for (uint32_t i = 0; i < s->object_count; i++) {
		r->objects[i].first = next;
		next += r->objects[i].count;
		r->objects[i].count = 0;
	}
	for (uint32_t i = 0; i < s->group_count; i++) {
		struct vrouter *v = &r->vrouters[i];

		for (uint32_t k = 0; k < v->settings->track_count; k++) {
			struct roster_object *o = &r->objects[v->watches[k].settings->object];

			r->watchers[o->first + o->count++] = (struct watcher){ v, k };
		}
	}
}

/* The party of a group, which begins with its first member. */
static struct party *
party_for(struct roster *r, int32_t sync)
{
	uint32_t number = sync >= 0 ? r->party_of_sync[sync] : NO_PARTY;

	if (number == NO_PARTY) {
		number = r->party_count++;
		r->parties[number] = (struct party){
			.number = number,
			.sync = sync,
			.timers = &r->timers,
			.linger_until = NSEC_NEVER,
			.leave_by = NSEC_NEVER,
		};
		if (sync >= 0)
			r->party_of_sync[sync] = number;
	}
	return &r->parties[number];
}

static void
form_parties(struct roster *r)
{
	uint32_t groups = r->settings->group_count;
	struct vrouter **room = r->members;

	for (uint32_t i = 0; i < groups; i++) {
		struct vrouter *v = &r->vrouters[i];

		v->party = party_for(r, v->settings->sync);
		v->party->count++;
	}
	for (uint32_t i = 0; i < r->party_count; i++) {
		r->parties[i].members = room;
		room += r->parties[i].count;
		r->parties[i].count = 0;
	}
	for (uint32_t i = 0; i < groups; i++) {
		struct party *p = r->vrouters[i].party;

		p->members[p->count++] = &r->vrouters[i];
	}
	for (uint32_t i = 0; i < r->party_count; i++) {
		party_count(&r->parties[i]);
		(void)party_share_priority(&r->parties[i]);
	}
}

/* Room for what each group has a number of. */
static bool
allocate_for_groups(struct roster *r)
{
	const struct settings *s = r->settings;
	size_t watches = 1, bytes = 1;	/* never zero bytes */

	for (uint32_t i = 0; i < s->group_count; i++) {
		watches += settings_groups(s)[i].track_count;
		bytes += frames_room(&settings_groups(s)[i]);
	}
	r->watches = calloc(watches, sizeof(*r->watches));
	r->watchers = calloc(watches, sizeof(*r->watchers));
	r->frames = calloc(bytes, 1);
	return r->watches && r->watchers && r->frames;
}

static bool
allocate_names(struct roster *r)
{
	const struct settings *s = r->settings;

	_Static_assert(offsetof(struct link_settings, name) == 0, "the name stands first");
	_Static_assert(offsetof(struct sync_settings, name) == 0, "the name stands first");
	_Static_assert(offsetof(struct object_settings, name) == 0, "the name stands first");

	return names_init(&r->link_names, settings_links(s), sizeof(struct link_settings),
	                  s->link_count) == 0 &&
	       names_init(&r->sync_names, settings_syncs(s), sizeof(struct sync_settings),
	                  s->sync_count) == 0 &&
	       names_init(&r->object_names, settings_objects(s), sizeof(struct object_settings),
	                  s->object_count) == 0;
}

static bool
allocate(struct roster *r, const struct settings *settings)
{
	size_t groups = settings->group_count + 1u;	/* never zero bytes */

	r->settings = settings_copy(settings);
	r->vrouters = calloc(groups, sizeof(*r->vrouters));
	r->parties = calloc(groups, sizeof(*r->parties));
	r->party_of_sync = calloc(settings->sync_count + 1u, sizeof(*r->party_of_sync));
	r->members = calloc(groups, sizeof(*r->members));
	r->links = calloc(settings->link_count + 1u, sizeof(*r->links));
	r->by_link = calloc(groups, sizeof(*r->by_link));
	r->objects = calloc(settings->object_count + 1u, sizeof(*r->objects));
	return r->settings && r->vrouters && r->parties && r->party_of_sync && r->members &&
	       r->links && r->by_link && r->objects && allocate_for_groups(r) &&
	       allocate_names(r) &&
	       deadlines_init(&r->timers.members, settings->group_count) == 0 &&
	       deadlines_init(&r->timers.parties, settings->group_count) == 0;
}

static void
fill_vrouters(struct roster *r, nsec_t now)
{
	struct watch *watches = r->watches;
	uint8_t *frames = r->frames;

	for (uint32_t i = 0; i < r->settings->group_count; i++) {
		struct vrouter *v = &r->vrouters[i];

		vrouter_init(v, r->settings, i, now);
		v->watches = watches;
		v->frames = frames;
		watches += v->settings->track_count;
		frames += frames_room(v->settings);
		track_init(v, now);
		r->timers.shortest = nsec_min(r->timers.shortest, v->settings->interval);
	}
}

struct roster *
roster_new(const struct settings *settings, struct lateness *lateness, nsec_t now)
{
	struct roster *r = calloc(1, sizeof(*r));

	if (!r)
		return NULL;
	if (!allocate(r, settings)) {
		roster_free(r);
		return NULL;
	}
	r->timers.lateness = lateness;
	r->timers.shortest = NSEC_NEVER;
	memset(r->party_of_sync, 0xff, settings->sync_count * sizeof(*r->party_of_sync));
	fill_vrouters(r, now);
	index_links(r);
	index_objects(r);
	form_parties(r);
	return r;
}

void
roster_free(struct roster *r)
{
	if (!r)
		return;
	deadlines_done(&r->timers.members);
	deadlines_done(&r->timers.parties);
	names_done(&r->link_names);
	names_done(&r->sync_names);
	names_done(&r->object_names);
	free(r->frames);
	free(r->watches);
	free(r->watchers);
	free(r->objects);
	free(r->by_link);
	free(r->links);
	free(r->members);
	free(r->party_of_sync);
	free(r->parties);
	free(r->vrouters);
	free(r->settings);
	free(r);
}

/* ---- finding -------------------------------------------------------------------------------- */

struct vrouter *
roster_find(const struct roster *r, uint32_t link, uint8_t vrid, uint8_t family)
{
	int wanted = rank_on_link(vrid, family);
	uint32_t low = r->links[link].first;
	uint32_t end = low + r->links[link].count;
	uint32_t high = end;

	while (low < high) {
		uint32_t middle = low + (high - low) / 2;
		const struct group_settings *g = r->by_link[middle]->settings;

		if (rank_on_link(g->vrid, g->family) < wanted)
			low = middle + 1;
		else
			high = middle;
	}
	if (low == end || r->by_link[low]->settings->vrid != vrid ||
	    r->by_link[low]->settings->family != family)
		return NULL;
	return r->by_link[low];
}

struct vrouter *
roster_find_named(const struct roster *r, const char *interface, uint8_t vrid, uint8_t family)
{
	int link = names_find(&r->link_names, interface);

	return link < 0 ? NULL : roster_find(r, (uint32_t)link, vrid, family);
}

void
roster_mark(struct roster *r, const struct settings *next)
{
	for (uint32_t i = 0; i < r->settings->group_count; i++)
		r->vrouters[i].stays = false;
	for (uint32_t i = 0; i < next->group_count; i++) {
		const struct group_settings *g = &settings_groups(next)[i];
		struct vrouter *v = roster_find_named(r, settings_link_of(next, g)->name, g->vrid,
		                                      g->family);

		if (v)
			v->stays = true;
	}
}

void
roster_match(struct roster *r, struct roster *old)
{
	for (uint32_t i = 0; old && i < old->settings->group_count; i++)
		old->vrouters[i].stays = false;
	for (uint32_t l = 0; old && l < r->settings->link_count; l++) {
		const struct roster_link *link = &r->links[l];
		int before = names_find(&old->link_names, settings_links(r->settings)[l].name);

		for (uint32_t i = link->first; before >= 0 && i < link->first + link->count; i++) {
			struct vrouter *v = r->by_link[i];

			v->was = roster_find(old, (uint32_t)before, v->settings->vrid,
			                     v->settings->family);
			if (v->was)
				v->was->stays = true;
		}
	}
}

/* ---- taking over ---------------------------------------------------------------------------- */

static void
carry_links(struct roster *r, const struct roster *old)
{
	for (uint32_t i = 0; i < r->settings->link_count; i++) {
		struct roster_link *link = &r->links[i];
		int before = names_find(&old->link_names, settings_links(r->settings)[i].name);

		if (before < 0)
			continue;
		link->known = old->links[before].known;
		link->input = old->links[before].input;
		link->unknown_vrids = old->links[before].unknown_vrids;
	}
}

/* Number of the same object in old, or -1. */
static int
find_object(const struct roster *r, uint32_t object, const struct roster *old)
{
	const struct object_settings *o = &settings_objects(r->settings)[object];
	int was = names_find(&old->object_names, o->name);

	return was >= 0 && settings_objects(old->settings)[was].kind == o->kind ? was : -1;
}

static void
carry_objects(struct roster *r, const struct roster *old)
{
	for (uint32_t i = 0; i < r->settings->object_count; i++) {
		int was = find_object(r, i, old);

		if (was >= 0) {
			r->objects[i].known = old->objects[was].known;
			r->objects[i].up = old->objects[was].up;
		}
	}
}

/* Number of the watch that was on this object, or -1. */
static int
find_watch(const struct vrouter *v, int object)
{
	for (uint32_t i = 0; object >= 0 && i < v->settings->track_count; i++)
		if (v->watches[i].settings->object == (uint32_t)object)
			return (int)i;
	return -1;
}

/* A watch goes on; one that is new is told what others know. */
static void
carry_watches(struct roster *r, struct vrouter *v, const struct roster *old,
              const struct vrouter *was, nsec_t now)
{
	for (uint32_t i = 0; i < v->settings->track_count; i++) {
		uint32_t object = v->watches[i].settings->object;

		if (was)
			track_carry(v, i, was, find_watch(was, find_object(r, object, old)));
		if (!(v->status.tracks_known >> i & 1) && r->objects[object].known)
			track_report(v, i, r->objects[object].up, now);
	}
}

static void
carry_vrouters(struct roster *r, const struct roster *old, nsec_t now)
{
	for (uint32_t i = 0; i < r->settings->group_count; i++) {
		struct vrouter *v = &r->vrouters[i];

		carry_watches(r, v, old, v->was, now);
		if (v->was)
			vrouter_carry(v, v->was);
		if (v->settings->version == 3)
			r->timers.shortest = nsec_min(r->timers.shortest,
			                              v->status.master_interval);
	}
}

/* The old party that p continues: of its sync group's name, with a member that stays in it. */
static const struct party *
continued(const struct party *p, const struct roster *r, const struct roster *old)
{
	int sync = p->sync < 0 ? -1 :
	           names_find(&old->sync_names, settings_syncs(r->settings)[p->sync].name);

	if (sync < 0 || old->party_of_sync[sync] == NO_PARTY)
		return NULL;

	const struct party *before = &old->parties[old->party_of_sync[sync]];

	for (uint32_t i = 0; i < p->count; i++)
		if (p->members[i]->before == before)
			return before;
	return NULL;
}

/*
 * Does the party know anything that others must heed?  Not while it waits in INIT, and not while
 * its members listen that have never heard anybody, nor been master themselves.
 */
static bool
has_a_say(const struct party *p)
{
	if (p->state != VROUTER_BACKUP)
		return p->state != VROUTER_INIT;
	for (uint32_t i = 0; i < p->count; i++) {
		const struct vrouter_counters *c = &p->members[i]->status.counters;

		if (c->adverts_received > 0 || c->became_master > 0)
			return true;
	}
	return false;
}

/*
 * Of members that come together for the first time the lowest state counts (FAULT, then BACKUP,
 * then MASTER): a configuration makes nobody master, but for those that join a master.  Members
 * that are new, or whose party has no say, have none.
 */
static const struct party *
lowest(const struct party *p)
{
	static const int rank[VROUTER_STATES] = {
		[VROUTER_FAULT] = 1, [VROUTER_BACKUP] = 2, [VROUTER_MASTER] = 3,
	};
	static const int last = 4;
	const struct party *found = NULL;
	int found_rank = INT_MAX;

	for (uint32_t i = 0; i < p->count; i++) {
		const struct party *before = p->members[i]->before;
		int own = !before ? INT_MAX : has_a_say(before) ? rank[before->state] : last;

		if (own < found_rank) {
			found = before;
			found_rank = own;
		}
	}
	return found;
}

static void
carry_party(struct party *p, const struct party *before)
{
	p->state = before->state;
	p->listening_since = before->listening_since;
	p->resigned = before->resigned;
	p->lingering = before->lingering;
	p->linger_until = before->linger_until;
	p->leave_by = before->leave_by;
	if (before->start_at == NSEC_NEVER)
		p->start_at = NSEC_NEVER;	/* stopped */
}

static void
carry_parties(struct roster *r, const struct roster *old)
{
	for (uint32_t i = 0; i < r->party_count; i++) {
		struct party *p = &r->parties[i];
		const struct party *before = continued(p, r, old);

		if (!before || !has_a_say(before))
			before = lowest(p);
		party_count(p);
		if (before)
			carry_party(p, before);
		p->priority = 0;	/* members may come from several parties: each is told */
		(void)party_share_priority(p);
		p->stirred = p->priority == PRIORITY_OWNER &&
		             (!before || before->priority != PRIORITY_OWNER);
	}
}

/* Who is on a link that is known can be used at once, with frames in this roster's room. */
static void
apply_links(struct roster *r)
{
	for (uint32_t i = 0; i < r->settings->group_count; i++) {
		const struct roster_link *link = &r->links[r->vrouters[i].settings->link];

		if (link->known)
			vrouter_set_link(&r->vrouters[i], &link->input);
	}
}

void
roster_carry(struct roster *r, const struct roster *old, nsec_t now)
{
	if (!old)
		return;
	carry_links(r, old);
	carry_objects(r, old);
	carry_vrouters(r, old, now);
	apply_links(r);
	carry_parties(r, old);
}
