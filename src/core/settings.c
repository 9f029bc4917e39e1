/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * One block of memory: a header and the parts.  This file knows where each part begins and how to
 * find things in it.  It must not doubt a block: settings_check.c does that before anything here
 * is asked about one.
 */
#include "core/settings.h"

#include <stdlib.h>
#include <string.h>

/* Of what each part is made. */
static const size_t sizes[SETTINGS_PARTS] = {
	[PART_LINKS] = sizeof(struct link_settings),
	[PART_GROUPS] = sizeof(struct group_settings),
	[PART_SYNCS] = sizeof(struct sync_settings),
	[PART_ADDRESSES] = sizeof(struct address_settings),
	[PART_PEERS] = sizeof(struct peer_settings),
	[PART_TRACKS] = sizeof(struct track_settings),
	[PART_OBJECTS] = sizeof(struct object_settings),
	[PART_CHECKS] = sizeof(struct check_settings),
	[PART_ROUTES] = sizeof(struct route_settings),
	[PART_RULES] = sizeof(struct rule_settings),
	[PART_ADVERTISERS] = sizeof(struct advertiser_settings),
	[PART_PREFIXES] = sizeof(struct advertised_prefix),
	[PART_PROGRAMS] = sizeof(struct program_settings),
	[PART_CONNSYNCS] = sizeof(struct connsync_settings),
	[PART_EXCLUDED] = sizeof(struct excluded_settings),
	[PART_STATICS] = sizeof(struct static_settings),
	[PART_HOPS] = sizeof(struct hop_settings),
	[PART_VLANS] = sizeof(struct vlan_settings),
	[PART_VIRTUALS] = sizeof(struct virtual_settings),
	[PART_REALS] = sizeof(struct real_settings),
};

_Static_assert(sizeof(struct settings_counts) == SETTINGS_PARTS * sizeof(uint32_t),
               "a count for each part");

/* Where a part begins; that behind the last one is the end of the block. */
static size_t
offset_of(const uint32_t *counts, unsigned wanted)
{
	size_t offset = sizeof(struct settings);

	for (unsigned i = 0; i < wanted; i++)
		offset += (counts[i] * sizes[i] + 7) & ~(size_t)7;
	return offset;
}

size_t
settings_size(const struct settings_counts *counts)
{
	uint32_t numbers[SETTINGS_PARTS];

	memcpy(numbers, counts, sizeof(numbers));
	return offset_of(numbers, SETTINGS_PARTS);
}

struct settings *
settings_new(const struct settings_counts *counts)
{
	size_t size = settings_size(counts);
	struct settings *s;

	assert(size <= UINT32_MAX);
	s = calloc(1, size);
	if (!s)
		return NULL;
	s->magic = SETTINGS_MAGIC;
	s->size = (uint32_t)size;
	s->counts = *counts;
	return s;
}

struct settings *
settings_copy(const struct settings *settings)
{
	struct settings *copy = settings ? malloc(settings->size) : NULL;

	if (copy)
		memcpy(copy, settings, settings->size);
	return copy;
}

struct settings *
settings_copy_without_secrets(const struct settings *settings)
{
	struct settings *copy = settings_copy(settings);

	for (uint32_t i = 0; copy && i < copy->group_count; i++)
		memset(settings_groups(copy)[i].password, 0, PASSWORD_SIZE);
	return copy;
}

static void *
part(const struct settings *settings, enum settings_part wanted)
{
	return (uint8_t *)(uintptr_t)settings + offset_of(settings->part_counts, wanted);
}

struct link_settings *
settings_links(const struct settings *settings)
{
	return part(settings, PART_LINKS);
}

struct group_settings *
settings_groups(const struct settings *settings)
{
	return part(settings, PART_GROUPS);
}

struct sync_settings *
settings_syncs(const struct settings *settings)
{
	return part(settings, PART_SYNCS);
}

struct address_settings *
settings_addresses(const struct settings *settings)
{
	return part(settings, PART_ADDRESSES);
}

struct peer_settings *
settings_peers(const struct settings *settings)
{
	return part(settings, PART_PEERS);
}

struct track_settings *
settings_tracks(const struct settings *settings)
{
	return part(settings, PART_TRACKS);
}

struct object_settings *
settings_objects(const struct settings *settings)
{
	return part(settings, PART_OBJECTS);
}

struct check_settings *
settings_checks(const struct settings *settings)
{
	return part(settings, PART_CHECKS);
}

struct route_settings *
settings_routes(const struct settings *settings)
{
	return part(settings, PART_ROUTES);
}

struct rule_settings *
settings_rules(const struct settings *settings)
{
	return part(settings, PART_RULES);
}

struct advertiser_settings *
settings_advertisers(const struct settings *settings)
{
	return part(settings, PART_ADVERTISERS);
}

struct advertised_prefix *
settings_prefixes(const struct settings *settings)
{
	return part(settings, PART_PREFIXES);
}

struct program_settings *
settings_programs(const struct settings *settings)
{
	return part(settings, PART_PROGRAMS);
}

struct connsync_settings *
settings_connsyncs(const struct settings *settings)
{
	return part(settings, PART_CONNSYNCS);
}

struct excluded_settings *
settings_excluded(const struct settings *settings)
{
	return part(settings, PART_EXCLUDED);
}

struct static_settings *
settings_statics(const struct settings *settings)
{
	return part(settings, PART_STATICS);
}

struct hop_settings *
settings_hops(const struct settings *settings)
{
	return part(settings, PART_HOPS);
}

struct vlan_settings *
settings_vlans(const struct settings *settings)
{
	return part(settings, PART_VLANS);
}

struct virtual_settings *
settings_virtuals(const struct settings *settings)
{
	return part(settings, PART_VIRTUALS);
}

struct real_settings *
settings_reals(const struct settings *settings)
{
	return part(settings, PART_REALS);
}

int
static_settings_order(const struct static_settings *a, const struct static_settings *b)
{
	int order = ip_compare(&a->destination.ip, &b->destination.ip);

	if (order == 0)
		order = (int)a->destination.length - (int)b->destination.length;
	return order != 0 ? order : (int)a->distance - (int)b->distance;
}

int
settings_find_link(const struct settings *settings, const char *name)
{
	const struct link_settings *links = settings_links(settings);

	for (uint32_t i = 0; i < settings->link_count; i++)
		if (strcmp(links[i].name, name) == 0)
			return (int)i;
	return -1;
}

int
settings_find_group(const struct settings *settings, const char *interface, unsigned vrid,
                    uint8_t family)
{
	const struct group_settings *groups = settings_groups(settings);
	int link = settings_find_link(settings, interface);

	if (link < 0)
		return -1;
	for (uint32_t i = 0; i < settings->group_count; i++)
		if (groups[i].link == link && groups[i].vrid == vrid &&
		    (family == 0 || groups[i].family == family))
			return (int)i;
	return -1;
}

bool
settings_same_check(const struct check_settings *a, const struct check_settings *b)
{
	return a->kind == b->kind && strcmp(a->text, b->text) == 0 &&
	       strcmp(a->user, b->user) == 0 && ip_equal(&a->target, &b->target) &&
	       ip_equal(&a->source, &b->source) && strcmp(a->interface, b->interface) == 0 &&
	       a->port == b->port;
}

void
group_settings_init(struct group_settings *group)
{
	*group = (struct group_settings){
		.link = -1,
		.sync = -1,
		.family = 4,
		.version = 2,
		.priority = 100,
		.preempt = true,
		.interval = NSEC_PER_SEC,
		.garp = {
			.delay = 5 * NSEC_PER_SEC,
			.repeat = 5,
			.refresh_repeat = 1,
			.lower_delay = 5 * NSEC_PER_SEC,
			.lower_repeat = 5,
		},
		.advertiser = -1,
	};
	for (unsigned i = 0; i < GROUP_SCRIPTS; i++)
		group->scripts[i] = -1;
}

struct mac
group_virtual_mac(uint8_t family, uint8_t vrid)
{
	return (struct mac){ { 0x00, 0x00, 0x5e, 0x00, family == 6 ? 0x02 : 0x01, vrid } };
}
