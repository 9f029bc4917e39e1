/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Turns a plan into the settings of a router.  Order of links and groups in the settings turns
 * with the revision, so that whoever mistakes an index for a name is found out.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/error.h"
#include "sim/plan.h"

void
plan_init(struct plan *plan, unsigned routers, unsigned segments)
{
	assert(routers <= ROUTERS_MAX && segments <= SEGMENTS_MAX);
	memset(plan, 0, sizeof(*plan));
	plan->revision = 1;
	plan->routers = routers;
	plan->segments = segments;
	plan->shortest_interval = NSEC_NEVER;
}

struct plan_group *
plan_new_group(struct plan *plan, unsigned segment, unsigned vrid, unsigned family)
{
	struct plan_group *g = &plan->groups[plan->group_count];
	struct group_settings usual;

	group_settings_init(&usual);
	*g = (struct plan_group){
		.present = true,
		.segment = (uint8_t)segment,
		.vrid = (uint8_t)vrid,
		.family = (uint8_t)family,
		.sync = -1,
		.password = 'a',
		.address_first = (uint8_t)(100 + 16 * plan->group_count),
		.address_count = 1,
		.garp = usual.garp,
	};
	for (unsigned r = 0; r < ROUTERS_MAX; r++)
		g->at[r] = (struct plan_share){
			.priority = 100,
			.version = family == 6 ? 3 : 2,
			.preempt = true,
			.interval = NSEC_PER_SEC,
		};
	return g;
}

const char *
plan_trouble(const struct plan_group *g, unsigned routers)
{
	for (unsigned r = 0; r < routers; r++) {
		const struct plan_share *share = &g->at[r];

		if (share->version == 2 && (g->family == 6 || share->both_versions))
			return "not in version 2";
		if (share->version == 2 && share->interval % NSEC_PER_SEC != 0)
			return "version 2 counts whole seconds";
		if (share->interval % (10 * NSEC_PER_MSEC) != 0 || share->interval == 0 ||
		    share->interval > 40 * NSEC_PER_SEC)
			return "no such interval";
		if (share->both_versions && g->family == 6)
			return "both versions only over IPv4";
	}
	return g->garp.repeat > 0 ? NULL : "no announcements";
}

void
plan_note_intervals(struct plan *plan)
{
	for (unsigned i = 0; i < plan->group_count; i++)
		for (unsigned r = 0; r < plan->routers; r++) {
			nsec_t interval = plan->groups[i].at[r].interval;

			plan->shortest_interval = nsec_min(plan->shortest_interval, interval);
			plan->longest_interval = nsec_max(plan->longest_interval, interval);
		}
	plan->longest_track_delay = nsec_max(plan->longest_track_delay, plan_track_delay(plan));
}

int
plan_find(const struct plan *plan, unsigned segment, unsigned vrid, unsigned family)
{
	for (unsigned i = 0; i < plan->group_count; i++)
		if (plan->groups[i].segment == segment && plan->groups[i].vrid == vrid &&
		    plan->groups[i].family == family)
			return (int)i;
	return -1;
}

/* fe80::NETWORK:HOST, or 2001:db8::NETWORK:HOST */
static struct ip
address6(bool global, unsigned network, unsigned host)
{
	uint8_t bytes[16] = { 0xfe, 0x80 };

	if (global)
		memcpy(bytes, (const uint8_t[]){ 0x20, 0x01, 0x0d, 0xb8 }, 4);
	bytes[13] = (uint8_t)network;
	bytes[15] = (uint8_t)host;
	return ip_from_v6(bytes);
}

struct ip
plan_address(unsigned family, unsigned router, unsigned segment)
{
	if (family == 6)
		return address6(false, segment, router + 1);
	return ip_from_v4((const uint8_t[]){ 10, 0, (uint8_t)segment, (uint8_t)(router + 1) });
}

struct ip
plan_virtual_address(const struct plan_group *g, unsigned index)
{
	unsigned host = g->address_first + index;

	if (g->family == 6)
		return address6(index > 0, g->segment, host);
	return ip_from_v4((const uint8_t[]){ 10, 0, g->segment, (uint8_t)host });
}

unsigned
plan_segment(const char *link_name)
{
	return strncmp(link_name, "lan", 3) == 0 ? (unsigned)(link_name[3] - '0') : SEGMENTS_MAX;
}

/* ---- settings ------------------------------------------------------------------------------- */

static struct settings_counts
count(const struct plan *plan)
{
	struct settings_counts counts = {
		.links = plan->segments + (plan->trunk != 0),
		.addresses = plan->segments,
		.objects = plan->objects,
		.syncs = plan->sync_count,
	};

	for (unsigned i = 0; i < plan->group_count; i++) {
		const struct plan_group *g = &plan->groups[i];

		if (!g->present)
			continue;
		counts.groups++;
		counts.addresses += g->address_count + g->excluded_count;
		counts.peers += g->unicast ? plan->routers - 1 : 0;
		counts.tracks += g->track_count;
	}
	return counts;
}

static void
fill_links(const struct plan *plan, unsigned router, struct settings *s)
{
	struct link_settings *l = settings_links(s);

	if (plan->trunk != 0)		/* a parent stands before its VLANs */
		*l++ = (struct link_settings){
			.name = "trunk", .kind = LINK_DATAPLANE, .parent = -1, .member_of = -1,
		};
	for (unsigned i = 0; i < plan->segments; i++, l++) {
		unsigned segment = (i + plan->revision) % plan->segments;
		bool vlan = plan->trunk >> segment & 1;

		snprintf(l->name, sizeof(l->name), "lan%u", segment);
		l->kind = vlan ? LINK_VIF : LINK_DATAPLANE;
		l->parent = vlan ? 0 : -1;
		l->vlan = vlan ? (uint16_t)(10 + segment) : 0;
		l->vlan_protocol = vlan ? 0x8100 : 0;
		l->member_of = -1;
		l->address_first = i;
		l->address_count = 1;
		settings_addresses(s)[i] = (struct address_settings){
			.prefix = { .ip = plan_address(4, router, segment), .length = 24 },
			.link = -1,
		};
	}
}

static void
fill_objects(const struct plan *plan, struct settings *s)
{
	for (unsigned i = 0; i < plan->objects; i++) {
		struct object_settings *o = &settings_objects(s)[i];
		unsigned turned = (i + plan->revision) % plan->objects;

		snprintf(o->name, sizeof(o->name), "object%u", turned);
		o->kind = OBJECT_INTERFACE;
		o->check = -1;
	}
}

/* What a group has a number of goes where "used" says. */
static void
fill_slices(const struct plan *plan, const struct plan_group *from, unsigned router,
            struct settings *s, struct group_settings *to, struct settings_counts *used)
{
	to->address_first = used->addresses;
	to->address_count = from->address_count;
	to->excluded_count = from->excluded_count;
	for (unsigned i = 0; i < group_held_count(to); i++)
		settings_addresses(s)[used->addresses++] = (struct address_settings){
			.prefix.ip = plan_virtual_address(from, i),
			.prefix.length = from->family == 6 ? 64 : 24,
			.link = -1,
		};
	to->peer_first = used->peers;
	to->peer_count = from->unicast ? plan->routers - 1 : 0;
	for (unsigned r = 0; from->unicast && r < plan->routers; r++)
		if (r != router)
			settings_peers(s)[used->peers++] = (struct peer_settings){
				.address = plan_address(from->family, r, from->segment),
				.minimum_ttl = 255,
			};
	to->track_first = used->tracks;
	to->track_count = from->track_count;
	for (unsigned i = 0; i < from->track_count; i++) {
		struct track_settings track = from->tracks[i];

		track.object = (track.object + plan->objects - plan->revision % plan->objects) %
			       plan->objects;
		settings_tracks(s)[used->tracks++] = track;
	}
}

static void
fill_group(const struct plan *plan, const struct plan_group *from, unsigned router,
           struct settings *s, struct group_settings *to, struct settings_counts *used)
{
	const struct plan_share *share = &from->at[router];
	char name[NAME_SIZE];

	snprintf(name, sizeof(name), "lan%u", from->segment);
	group_settings_init(to);
	to->link = settings_find_link(s, name);
	to->sync = from->sync;
	to->vrid = from->vrid;
	to->family = from->family;
	to->version = share->version;
	to->both_versions = share->both_versions;
	to->sum_form = share->sum_form;
	to->priority = share->priority;
	to->auth = share->version == 2 ? from->auth : AUTH_NONE;
	to->preempt = share->preempt;
	to->ignores_link = from->ignores_link;
	to->accept = true;
	to->rfc_compatibility = from->virtual_mac;
	if (from->virtual_mac)
		snprintf(to->vmac_name, sizeof(to->vmac_name), "%uvrrp%uf%u", from->segment,
			 from->vrid, from->family);
	to->interval = share->interval;
	to->preempt_delay = share->preempt_delay;
	to->start_delay = share->start_delay;
	to->garp = from->garp;
	if (to->auth != AUTH_NONE)
		memset(to->password, from->password, 5);
	fill_slices(plan, from, router, s, to, used);
}

struct settings *
plan_settings(const struct plan *plan, unsigned router)
{
	struct settings_counts counts = count(plan);
	struct settings_counts used = { .addresses = plan->segments };
	struct settings *s = settings_new(&counts);
	struct error error;
	int sound;

	assert(s != NULL);
	s->revision = plan->revision;
	fill_links(plan, router, s);
	fill_objects(plan, s);
	for (unsigned i = 0; i < plan->sync_count; i++)
		memcpy(settings_syncs(s)[i].name, plan->sync_names[i], SYNC_NAME_SIZE);
	for (unsigned i = 0; i < plan->group_count; i++) {
		unsigned turned = (i + plan->revision) % plan->group_count;
		const struct plan_group *from = &plan->groups[turned];

		if (from->present)
			fill_group(plan, from, router, s, &settings_groups(s)[used.groups++],
				   &used);
	}

	sound = settings_check(s, s->size, &error);
	assert(sound == 0);
	return s;
}

/* ---- questions ------------------------------------------------------------------------------ */

/* Three intervals and a skew; that is less than one interval, or (version 2) than a second. */
nsec_t
plan_down_interval(const struct plan *plan)
{
	nsec_t longest = 0;

	for (unsigned i = 0; i < plan->group_count; i++)
		for (unsigned r = 0; r < plan->routers; r++)
			longest = nsec_max(longest, plan->groups[i].at[r].interval);
	return 4 * longest;
}

nsec_t
plan_preempt_delay(const struct plan *plan)
{
	nsec_t longest = 0;

	for (unsigned i = 0; i < plan->group_count; i++)
		for (unsigned r = 0; r < plan->routers; r++)
			longest = nsec_max(longest, plan->groups[i].at[r].preempt_delay);
	return longest;
}

nsec_t
plan_start_delay(const struct plan *plan)
{
	nsec_t longest = 0;

	for (unsigned i = 0; i < plan->group_count; i++)
		for (unsigned r = 0; r < plan->routers; r++)
			longest = nsec_max(longest, plan->groups[i].at[r].start_delay);
	return longest;
}

nsec_t
plan_track_delay(const struct plan *plan)
{
	nsec_t longest = 0;

	for (unsigned i = 0; i < plan->group_count; i++)
		for (unsigned t = 0; t < plan->groups[i].track_count; t++) {
			const struct track_settings *track = &plan->groups[i].tracks[t];

			longest = nsec_max(longest, nsec_max(track->up_delay, track->down_delay));
		}
	return longest;
}
