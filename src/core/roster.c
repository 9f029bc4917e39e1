/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Building what a configuration needs, and finding in it what an earlier one had: links and sync
 * groups by name, groups by interface and VRID.  It decides which state a party begins with when
 * the configuration changed who belongs to it, and nothing else.
 */
#include "core/roster.h"

#include <stdlib.h>
#include <string.h>

#define NO_PARTY UINT32_MAX

/* ---- building ------------------------------------------------------------------------------- */

static int
by_link_and_vrid(const void *a, const void *b)
{
	const struct vrouter *v = *(struct vrouter *const *)a;
	const struct vrouter *w = *(struct vrouter *const *)b;

	if (v->settings->link != w->settings->link)
		return v->settings->link < w->settings->link ? -1 : 1;
	return (int)v->settings->vrid - (int)w->settings->vrid;
}

static void
index_links(struct roster *r)
{
	uint32_t groups = r->settings->group_count;

	for (uint32_t i = 0; i < groups; i++)
		r->by_link[i] = &r->vrouters[i];
	qsort(r->by_link, groups, sizeof(*r->by_link), by_link_and_vrid);
	for (uint32_t i = 0; i < groups; i++) {
		struct roster_link *link = &r->links[r->by_link[i]->settings->link];

		if (link->count++ == 0)
			link->first = i;
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
		party_share_priority(&r->parties[i]);
		party_count(&r->parties[i]);
	}
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
	return r->settings && r->vrouters && r->parties && r->party_of_sync && r->members &&
	       r->links && r->by_link &&
	       deadlines_init(&r->timers.members, settings->group_count) == 0 &&
	       deadlines_init(&r->timers.parties, settings->group_count) == 0;
}

struct roster *
roster_new(const struct settings *settings, nsec_t now)
{
	struct roster *r = calloc(1, sizeof(*r));

	if (!r)
		return NULL;
	if (!allocate(r, settings)) {
		roster_free(r);
		return NULL;
	}
	memset(r->party_of_sync, 0xff, settings->sync_count * sizeof(*r->party_of_sync));
	for (uint32_t i = 0; i < settings->group_count; i++) {
		vrouter_init(&r->vrouters[i], r->settings, i, now);
		assert(r->vrouters[i].settings->version == 2 &&
		       r->vrouters[i].status.family == 4 &&
		       r->vrouters[i].settings->auth != AUTH_AH);
	}
	index_links(r);
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
	free(r->by_link);
	free(r->links);
	free(r->members);
	free(r->party_of_sync);
	free(r->parties);
	free(r->vrouters);
	free(r->settings);
	free(r);
}

struct vrouter *
roster_find(const struct roster *r, uint32_t link, uint8_t vrid)
{
	uint32_t low = r->links[link].first;
	uint32_t high = low + r->links[link].count;

	while (low < high) {
		uint32_t middle = low + (high - low) / 2;

		if (r->by_link[middle]->settings->vrid < vrid)
			low = middle + 1;
		else
			high = middle;
	}
	if (low < r->links[link].first + r->links[link].count &&
	    r->by_link[low]->settings->vrid == vrid)
		return r->by_link[low];
	return NULL;
}

/* ---- finding again -------------------------------------------------------------------------- */

/*
 * Where a name is among count names that lie size bytes apart, or -1.  Two configurations have
 * almost the same order, so the search begins where the last one ended.
 */
static int
find_name(const void *names, size_t size, uint32_t count, const char *name, uint32_t *hint)
{
	for (uint32_t i = 0; i < count; i++) {
		uint32_t at = (*hint + i) % count;

		if (strcmp((const char *)names + at * size, name) == 0) {
			*hint = at;
			return (int)at;
		}
	}
	return -1;
}

static int
find_link(const struct settings *settings, const char *name, uint32_t *hint)
{
	_Static_assert(offsetof(struct link_settings, name) == 0, "the name stands first");

	return find_name(settings_links(settings), sizeof(struct link_settings),
	                 settings->link_count, name, hint);
}

static int
find_sync(const struct settings *settings, const char *name, uint32_t *hint)
{
	_Static_assert(offsetof(struct sync_settings, name) == 0, "the name stands first");

	return find_name(settings_syncs(settings), sizeof(struct sync_settings),
	                 settings->sync_count, name, hint);
}

static bool
has_group(const struct settings *settings, int32_t link, uint8_t vrid, uint32_t *hint)
{
	const struct group_settings *groups = settings_groups(settings);

	for (uint32_t i = 0; i < settings->group_count; i++) {
		uint32_t at = (*hint + i) % settings->group_count;

		if (groups[at].link == link && groups[at].vrid == vrid) {
			*hint = at;
			return true;
		}
	}
	return false;
}

void
roster_departing(struct roster *r, const struct settings *next,
                 void (*visit)(struct vrouter *v, void *context), void *context)
{
	uint32_t link_hint = 0, group_hint = 0;

	for (uint32_t i = 0; i < r->settings->group_count; i++) {
		struct vrouter *v = &r->vrouters[i];
		int link = find_link(next, v->status.interface, &link_hint);

		if (link < 0 || !has_group(next, link, v->settings->vrid, &group_hint))
			visit(v, context);
	}
}

struct vrouter *
roster_find_named(const struct roster *r, const char *interface, uint8_t vrid, uint32_t *hint)
{
	int link = find_link(r->settings, interface, hint);

	return link < 0 ? NULL : roster_find(r, (uint32_t)link, vrid);
}

/* ---- taking over ---------------------------------------------------------------------------- */

static void
carry_links(struct roster *r, const struct roster *old)
{
	const struct link_settings *links = settings_links(r->settings);
	uint32_t hint = 0;

	for (uint32_t i = 0; i < r->settings->link_count; i++) {
		struct roster_link *link = &r->links[i];
		int before = find_link(old->settings, links[i].name, &hint);

		if (before < 0)
			continue;
		link->known = old->links[before].known;
		link->input = old->links[before].input;
		link->unknown_vrids = old->links[before].unknown_vrids;
		for (uint32_t j = link->first; j < link->first + link->count; j++) {
			struct vrouter *v = r->by_link[j];
			const struct vrouter *was = roster_find(old, (uint32_t)before,
			                                        v->settings->vrid);

			if (was)
				vrouter_carry(v, was);
			if (link->known)
				vrouter_set_link(v, &link->input);
		}
	}
}

/* The old party that p continues: of its sync group's name, with a member that stays in it. */
static const struct party *
continued(const struct party *p, const struct roster *r, const struct roster *old, uint32_t *hint)
{
	int sync = p->sync < 0 ? -1 :
	           find_sync(old->settings, settings_syncs(r->settings)[p->sync].name, hint);

	if (sync < 0 || old->party_of_sync[sync] == NO_PARTY)
		return NULL;

	const struct party *before = &old->parties[old->party_of_sync[sync]];

	for (uint32_t i = 0; i < p->count; i++)
		if (p->members[i]->before == before)
			return before;
	return NULL;
}

/*
 * Of members that come together for the first time the lowest state counts (FAULT, then BACKUP,
 * then MASTER): a configuration makes nobody master.  Members that are new, or wait in INIT,
 * have no say.
 */
static const struct party *
lowest(const struct party *p)
{
	static const int rank[VROUTER_STATES] = {
		[VROUTER_FAULT] = 1, [VROUTER_BACKUP] = 2, [VROUTER_MASTER] = 3,
		[VROUTER_INIT] = 4,
	};
	const struct party *found = NULL;

	for (uint32_t i = 0; i < p->count; i++) {
		const struct party *before = p->members[i]->before;

		if (before && (!found || rank[before->state] < rank[found->state]))
			found = before;
	}
	return found;
}

static void
carry_parties(struct roster *r, const struct roster *old)
{
	uint32_t hint = 0;

	for (uint32_t i = 0; i < r->party_count; i++) {
		struct party *p = &r->parties[i];
		const struct party *before = continued(p, r, old, &hint);

		if (!before)
			before = lowest(p);
		party_count(p);
		if (!before)
			continue;
		p->state = before->state;
		p->listening_since = before->listening_since;
		p->resigned = before->resigned;
		p->lingering = before->lingering;
		p->linger_until = before->linger_until;
		if (before->start_at == NSEC_NEVER)
			p->start_at = NSEC_NEVER;	/* stopped */
	}
}

void
roster_carry(struct roster *r, const struct roster *old)
{
	if (!old)
		return;
	carry_links(r, old);
	carry_parties(r, old);
}
