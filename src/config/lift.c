/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * From words to numbers: fills one struct settings from the survey of a checked tree.  It judges
 * nothing, because check_tree() has; what it adds are the implementation's defaults, indices in
 * place of names, and the names of virtual links.  The parts grow as lists, because a group of the
 * tree may become two and because what many refer to is found only on the way; then they become one
 * block.  Groups are lift_group.c's, what they track lift_check.c's.
 *
 * Groups with "disable" are left out, as the product leaves them out of its running daemon.
 */
#include "config/lift.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "config/lifting.h"
#include "config/tree.h"

/* ------------------------------------------------------------------ parts */

static const struct {
	size_t size;
	const char *path;		/* below which they are configured */
	const char *name;		/* of many */
	size_t most;
} parts[SETTINGS_PARTS] = {
	[PART_LINKS] = { sizeof(struct link_settings), "interfaces", "interfaces",
			 SETTINGS_LINKS_MAX },
	[PART_GROUPS] = { sizeof(struct group_settings), "interfaces", "VRRP groups",
			  SETTINGS_GROUPS_MAX },
	[PART_SYNCS] = { sizeof(struct sync_settings), "interfaces", "sync groups",
			 SETTINGS_GROUPS_MAX },
	[PART_ADDRESSES] = { sizeof(struct address_settings), "interfaces", "addresses",
			     LIFT_ENTRIES_MAX },
	[PART_PEERS] = { sizeof(struct peer_settings), "interfaces", "peers", LIFT_ENTRIES_MAX },
	[PART_TRACKS] = { sizeof(struct track_settings), "interfaces", "tracks",
			  LIFT_ENTRIES_MAX },
	[PART_OBJECTS] = { sizeof(struct object_settings), "interfaces", "tracked objects",
			   LIFT_ENTRIES_MAX },
	[PART_CHECKS] = { sizeof(struct check_settings), "service",
			  "checks, path monitors and real servers", SETTINGS_GROUPS_MAX },
	[PART_ROUTES] = { sizeof(struct route_settings), "interfaces", "virtual routes",
			  LIFT_ENTRIES_MAX },
	[PART_RULES] = { sizeof(struct rule_settings), "interfaces", "virtual rules",
			 LIFT_ENTRIES_MAX },
	[PART_ADVERTISERS] = { sizeof(struct advertiser_settings), "interfaces",
			       "router advertisements", SETTINGS_GROUPS_MAX },
	[PART_PREFIXES] = { sizeof(struct advertised_prefix), "interfaces",
			    "advertised prefixes", LIFT_ENTRIES_MAX },
	[PART_PROGRAMS] = { sizeof(struct program_settings), "interfaces",
			    "transition programs", SETTINGS_GROUPS_MAX },
	[PART_VLANS] = { sizeof(struct vlan_settings), "interfaces", "VLANs of ports",
			 LIFT_ENTRIES_MAX },
	[PART_VIRTUALS] = { sizeof(struct virtual_settings), "service", "virtual servers",
			    SETTINGS_GROUPS_MAX },
	[PART_REALS] = { sizeof(struct real_settings), "service", "real servers",
			 SETTINGS_GROUPS_MAX },
	[PART_CONNSYNCS] = { sizeof(struct connsync_settings), "service", "connsync", 1 },
	[PART_EXCLUDED] = { sizeof(struct excluded_settings), "service connsync",
			    "excluded networks", LIFT_ENTRIES_MAX },
	[PART_STATICS] = { sizeof(struct static_settings), "protocols static", "static routes",
			   LIFT_ENTRIES_MAX },
	[PART_HOPS] = { sizeof(struct hop_settings), "protocols static",
			"next hops of static routes", LIFT_ENTRIES_MAX },
};

void *
lift_add(struct lifting *l, enum settings_part part)
{
	size_t size = parts[part].size;

	if (l->parts[part].count == l->parts[part].room) {
		l->parts[part].room = l->parts[part].room ? 2 * l->parts[part].room : 16;
		l->parts[part].list = realloc(l->parts[part].list, l->parts[part].room * size);
		assert(l->parts[part].list);
	}
	return memset(l->parts[part].list + l->parts[part].count++ * size, 0, size);
}

uint32_t
lift_count(const struct lifting *l, enum settings_part part)
{
	return l->parts[part].count;
}

/* ------------------------------------------------------------------ values */

uint32_t
lift_number(const struct lyd_node *parent, const char *name, uint32_t otherwise)
{
	const char *value = tree_value(parent, name);

	return value ? (uint32_t)strtoul(value, NULL, 10) : otherwise;
}

bool
lift_is(const struct lyd_node *parent, const char *name, const char *value)
{
	const char *given = tree_value(parent, name);

	return given && strcmp(given, value) == 0;
}

/* Copy as many whole characters (UTF-8) as fit. */
void
lift_text(char *to, size_t size, const char *from)
{
	size_t length = strlen(from);

	if (length >= size) {
		length = size - 1;
		while (length && ((unsigned char)from[length] & 0xc0) == 0x80)
			length--;
	}
	memcpy(to, from, length);
	to[length] = '\0';
}

struct ip
lift_ip(const struct lyd_node *parent, const char *name)
{
	const char *value = tree_value(parent, name);
	struct ip ip = { 0 };

	return value && ip_parse(value, &ip) ? ip : (struct ip){ 0 };
}

struct prefix
lift_prefix(const struct lyd_node *parent, const char *name)
{
	const char *value = tree_value(parent, name);
	struct prefix prefix = { 0 };

	return value && prefix_parse(value, &prefix) ? prefix : (struct prefix){ 0 };
}

/* ------------------------------------------------------------------ links */

static void
lift_bond(struct bond_settings *bond, const struct lyd_node *node)
{
	const struct lyd_node *options = tree_child(node, "lacp-options");
	const char *primary = tree_value(node, "primary");

	bond->mode = lift_is(node, "mode", "active-backup") ? BOND_ACTIVE_BACKUP
	             : lift_is(node, "mode", "balanced")    ? BOND_BALANCED
	                                               : BOND_LACP;
	bond->passive = lift_is(options, "activity", "passive");
	bond->fast = lift_is(options, "periodic-rate", "fast");
	bond->key = (uint16_t)lift_number(options, "key", 0);
	bond->minimum_links = (uint8_t)lift_number(node, "minimum-links", 1);
	if (primary)
		lift_text(bond->primary, sizeof(bond->primary), primary);
}

/* The tag of a vif has the protocol of the interface that it stands on, an inner one is 0x8100. */
static void
lift_tag(const struct survey *s, const struct survey_link *from, struct link_settings *to)
{
	const struct survey_link *parent = &s->links[from->parent];
	const char *protocol = parent->parent >= 0 ? NULL :
	                       tree_value(parent->node, "vlan-protocol");

	to->vlan = (uint16_t)from->vlan;
	to->vlan_protocol = (uint16_t)strtoul(protocol ? protocol : "0x8100", NULL, 16);
}

/* An interface that no node of the tree is: it has nothing but its tag. */
static void
lift_outer(struct lifting *l, const struct survey_link *from)
{
	struct link_settings *to = lift_add(l, PART_LINKS);

	lift_text(to->name, sizeof(to->name), from->name);
	to->kind = LINK_VIF;
	to->mtu = (uint16_t)l->survey->links[from->parent].mtu;
	to->parent = from->parent;
	to->member_of = -1;
	lift_tag(l->survey, from, to);
}

static void
lift_link(struct lifting *l, const struct survey_link *from)
{
	static const uint8_t kinds[] = {
		[SURVEY_BONDING] = LINK_BOND,
		[SURVEY_DATAPLANE] = LINK_DATAPLANE,
		[SURVEY_LOOPBACK] = LINK_LOOPBACK,
		[SURVEY_SWITCH] = LINK_SWITCH,
		[SURVEY_VIF] = LINK_VIF,
	};
	struct link_settings *to = lift_add(l, PART_LINKS);
	const char *description = tree_value(from->node, "description");
	const char *mac = tree_value(from->node, "mac");

	lift_text(to->name, sizeof(to->name), from->name);
	to->kind = kinds[from->kind];
	to->disable = tree_child(from->node, "disable") != NULL;
	to->has_mac = mac && mac_parse(mac, &to->mac);
	to->mtu = (uint16_t)from->mtu;
	to->parent = from->parent;
	to->member_of = from->bond >= 0 ? from->bond : from->port_of;
	if (from->parent >= 0)
		lift_tag(l->survey, from, to);
	if (from->kind == SURVEY_BONDING)
		lift_bond(&to->bonding, from->node);
	to->aging = lift_number(from->node, "aging", 0);
	lift_vlans(l, from, to);
	to->address_first = lift_count(l, PART_ADDRESSES);
	to->address_count = (uint32_t)from->address_count;
	for (size_t i = 0; i < from->address_count; i++) {
		struct address_settings *address = lift_add(l, PART_ADDRESSES);

		address->prefix = l->survey->addresses[from->address_first + i].prefix;
		address->link = -1;
	}
	if (from->kind != SURVEY_OUTER) {
		lift_tunes(to, from->node);
		lift_made_addresses(l, to, from->node);
	}
	if (description)
		lift_text(to->description, sizeof(to->description), description);
}

/* ------------------------------------------------------------------ names of virtual links */

/* The names that virtual links have now, sorted by interface, VRID and family. */
struct kept_name {
	const char *interface;
	uint8_t vrid;
	uint8_t family;
	const char *vmac_name;
};

static int
compare_kept(const void *first, const void *second)
{
	const struct kept_name *a = first, *b = second;
	int order = strcmp(a->interface, b->interface);

	if (order == 0)
		order = (int)a->vrid - (int)b->vrid;
	return order ? order : (int)a->family - (int)b->family;
}

static struct kept_name *
collect_kept(const struct settings *previous, size_t *ret_count)
{
	size_t room = previous ? previous->group_count : 0, count = 0;
	struct kept_name *kept = calloc(room + 1, sizeof(*kept));
	const struct group_settings *groups = previous ? settings_groups(previous) : NULL;

	assert(kept);
	for (size_t i = 0; i < room; i++) {
		if (groups[i].vmac_name[0] != '\0')
			kept[count++] = (struct kept_name){
				.interface = settings_link_of(previous, &groups[i])->name,
				.vrid = groups[i].vrid,
				.family = groups[i].family,
				.vmac_name = groups[i].vmac_name,
			};
	}
	qsort(kept, count, sizeof(*kept), compare_kept);
	*ret_count = count;
	return kept;
}

/* The number at the end of "dp0vrrp12". */
static unsigned long
vmac_number(const char *name)
{
	size_t length = strlen(name);

	while (length && name[length - 1] >= '0' && name[length - 1] <= '9')
		length--;
	return strtoul(name + length, NULL, 10);
}

/*
 * A group keeps its virtual link's name as long as it exists, so that a commit elsewhere leaves the
 * link alone; the others get the lowest numbers that are free.
 */
static void
name_virtual_links(const struct survey *survey, struct settings *settings,
                   const struct settings *previous)
{
	struct group_settings *groups = settings_groups(settings);
	size_t kept_count, limit = (size_t)settings->group_count + survey->link_count + 2;
	struct kept_name *kept = collect_kept(previous, &kept_count);
	bool *taken = calloc(limit, sizeof(bool));
	size_t next = 1;

	assert(taken);
	for (uint32_t i = 0; i < settings->group_count; i++) {
		struct kept_name key = {
			.interface = settings_link_of(settings, &groups[i])->name,
			.vrid = groups[i].vrid,
			.family = groups[i].family,
		};
		const struct kept_name *found =
			bsearch(&key, kept, kept_count, sizeof(*kept), compare_kept);

		if (!groups[i].rfc_compatibility || !found || survey_find(survey,
									  found->vmac_name) >= 0)
			continue;
		lift_text(groups[i].vmac_name, sizeof(groups[i].vmac_name), found->vmac_name);
		if (vmac_number(found->vmac_name) < limit)
			taken[vmac_number(found->vmac_name)] = true;
	}
	for (uint32_t i = 0; i < settings->group_count; i++) {
		if (!groups[i].rfc_compatibility || groups[i].vmac_name[0] != '\0')
			continue;
		/* At most as many numbers are taken as there are groups and links. */
		do {
			while (taken[next])
				next++;
			snprintf(groups[i].vmac_name, sizeof(groups[i].vmac_name), "%.3svrrp%u",
			         settings_link_of(settings, &groups[i])->name, (unsigned)next++);
		} while (survey_find(survey, groups[i].vmac_name) >= 0);
	}
	free(taken);
	free(kept);
}

/* ------------------------------------------------------------------ the whole */

static void
lift_all(struct lifting *l)
{
	const struct survey *s = l->survey;

	for (size_t i = 0; i < s->link_count; i++) {
		if (s->links[i].kind == SURVEY_OUTER)
			lift_outer(l, &s->links[i]);
		else
			lift_link(l, &s->links[i]);
	}
	lift_checks(l);
	for (size_t i = 0; i < s->group_count; i++) {
		if (!s->groups[i].disable)
			lift_group(l, &s->groups[i]);
	}
	lift_sync_scripts(l);
	if (lift_has_connsync(l))
		lift_connsync(l);
	lift_statics(l);
	lift_virtual_servers(l);
}

static struct settings_counts
count_parts(const struct lifting *l)
{
	struct settings_counts counts;
	uint32_t numbers[SETTINGS_PARTS];

	for (unsigned i = 0; i < SETTINGS_PARTS; i++)
		numbers[i] = l->parts[i].count;
	memcpy(&counts, numbers, sizeof(counts));
	return counts;
}

/* The part that takes most of the room. */
static unsigned
largest_part(const struct lifting *l)
{
	unsigned largest = 0;

	for (unsigned i = 1; i < SETTINGS_PARTS; i++) {
		if (l->parts[i].count * parts[i].size > l->parts[largest].count *
		                                        parts[largest].size)
			largest = i;
	}
	return largest;
}

/* S1: so many of everything; S2: so much of it together, or a restarted engine would not find
 * it. */
static bool
fits(const struct lifting *l, struct problems *problems)
{
	struct settings_counts counts = count_parts(l);
	char number[16];
	unsigned worst;

	for (unsigned i = 0; i < SETTINGS_PARTS; i++) {
		if (l->parts[i].count <= parts[i].most)
			continue;
		snprintf(number, sizeof(number), "%u", l->parts[i].count);
		problems_error(problems, "S1", 0, parts[i].path, number,
		               "so many %s are configured; at most %zu are possible; delete some",
		               parts[i].name, parts[i].most);
		return false;
	}
	if (settings_size(&counts) <= SETTINGS_SIZE_MAX)
		return true;
	worst = largest_part(l);
	snprintf(number, sizeof(number), "%u", l->parts[worst].count);
	problems_error(problems, "S2", 0, parts[worst].path, number,
	               "the configuration takes %zu KiB of the engine's memory, most of them for "
	               "so many %s; at most %u KiB are possible; delete some",
	               (settings_size(&counts) + 1023) / 1024, parts[worst].name,
	               SETTINGS_SIZE_MAX / 1024);
	return false;
}

/* The parts as one block. */
static struct settings *
join(const struct lifting *l, uint64_t revision)
{
	struct settings_counts counts = count_parts(l);
	struct settings *settings = settings_new(&counts);
	const char *host_name = l->survey->system ?
	                        tree_value(l->survey->system, "host-name") : NULL;

	assert(settings);
	settings->revision = revision;
	if (host_name)
		lift_text(settings->host_name, sizeof(settings->host_name), host_name);
	void *const places[SETTINGS_PARTS] = {
		[PART_LINKS] = settings_links(settings),
		[PART_GROUPS] = settings_groups(settings),
		[PART_SYNCS] = settings_syncs(settings),
		[PART_ADDRESSES] = settings_addresses(settings),
		[PART_PEERS] = settings_peers(settings),
		[PART_TRACKS] = settings_tracks(settings),
		[PART_OBJECTS] = settings_objects(settings),
		[PART_CHECKS] = settings_checks(settings),
		[PART_ROUTES] = settings_routes(settings),
		[PART_RULES] = settings_rules(settings),
		[PART_ADVERTISERS] = settings_advertisers(settings),
		[PART_PREFIXES] = settings_prefixes(settings),
		[PART_PROGRAMS] = settings_programs(settings),
		[PART_VLANS] = settings_vlans(settings),
		[PART_VIRTUALS] = settings_virtuals(settings),
		[PART_REALS] = settings_reals(settings),
		[PART_CONNSYNCS] = settings_connsyncs(settings),
		[PART_EXCLUDED] = settings_excluded(settings),
		[PART_STATICS] = settings_statics(settings),
		[PART_HOPS] = settings_hops(settings),
	};

	for (unsigned i = 0; i < SETTINGS_PARTS; i++) {
		if (l->parts[i].count)
			memcpy(places[i], l->parts[i].list, l->parts[i].count * parts[i].size);
	}
	return settings;
}

static void
lifting_done(struct lifting *l)
{
	for (unsigned i = 0; i < SETTINGS_PARTS; i++)
		free(l->parts[i].list);
	nameset_done(&l->syncs);
	nameset_done(&l->checks);
	nameset_done(&l->objects);
	nameset_done(&l->programs);
}

struct settings *
lift_settings(const struct lyd_node *tree, uint64_t revision, const struct settings *previous,
              struct problems *problems)
{
	struct survey survey = survey_tree(tree);
	struct lifting l = { .survey = &survey };
	struct settings *settings = NULL;
	struct error error;

	lift_all(&l);
	if (fits(&l, problems)) {
		settings = join(&l, revision);
		name_virtual_links(&survey, settings, previous);
		if (settings_check(settings, settings->size, &error) < 0) {
			problems_error(problems, "", 0, "", NULL, "%s", error.text);
			free(settings);
			settings = NULL;
		}
	}
	lifting_done(&l);
	survey_done(&survey);
	return settings;
}
