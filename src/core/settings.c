/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * One block of memory: header, links, groups, sync groups, addresses.  This file knows where each
 * part begins and whether a block that came from another process may be trusted: nothing in it is
 * used as an index, a string or a truth value before settings_check() has seen the raw bytes.
 * It must not judge the operator's wishes; src/config has done that.
 */
#include "core/settings.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#define ADDRESSES_MAX (SETTINGS_GROUPS_MAX * GROUP_ADDRESSES_MAX + SETTINGS_LINKS_MAX * 16u)
#define INTERVAL_MIN (10 * NSEC_PER_MSEC)
#define INTERVAL_MAX_V2 (255 * NSEC_PER_SEC)
#define INTERVAL_MAX_V3 (40950 * NSEC_PER_MSEC)
#define PREEMPT_DELAY_MAX (1000 * NSEC_PER_SEC)
#define START_DELAY_MAX (600 * NSEC_PER_SEC)

/* Where the parts begin, and where the block ends. */
struct layout {
	size_t links;
	size_t groups;
	size_t syncs;
	size_t addresses;
	size_t end;
};

static size_t
align(size_t offset)
{
	return (offset + 7) & ~(size_t)7;
}

static struct layout
layout_of(uint32_t links, uint32_t groups, uint32_t syncs, uint32_t addresses)
{
	struct layout at;

	at.links = align(sizeof(struct settings));
	at.groups = align(at.links + links * sizeof(struct link_settings));
	at.syncs = align(at.groups + groups * sizeof(struct group_settings));
	at.addresses = align(at.syncs + syncs * sizeof(struct sync_settings));
	at.end = align(at.addresses + addresses * sizeof(struct prefix));
	return at;
}

static struct layout
layout(const struct settings *s)
{
	return layout_of(s->link_count, s->group_count, s->sync_count, s->address_count);
}

size_t
settings_size(uint32_t links, uint32_t groups, uint32_t syncs, uint32_t addresses)
{
	return layout_of(links, groups, syncs, addresses).end;
}

struct settings *
settings_new(uint32_t links, uint32_t groups, uint32_t syncs, uint32_t addresses)
{
	size_t size = settings_size(links, groups, syncs, addresses);
	struct settings *s;

	assert(size <= UINT32_MAX);
	s = calloc(1, size);
	if (!s)
		return NULL;
	s->magic = SETTINGS_MAGIC;
	s->size = (uint32_t)size;
	s->link_count = links;
	s->group_count = groups;
	s->sync_count = syncs;
	s->address_count = addresses;
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

static void *
part(const struct settings *settings, size_t offset)
{
	return (uint8_t *)(uintptr_t)settings + offset;
}

struct link_settings *
settings_links(const struct settings *settings)
{
	return part(settings, layout(settings).links);
}

struct group_settings *
settings_groups(const struct settings *settings)
{
	return part(settings, layout(settings).groups);
}

struct sync_settings *
settings_syncs(const struct settings *settings)
{
	return part(settings, layout(settings).syncs);
}

struct prefix *
settings_addresses(const struct settings *settings)
{
	return part(settings, layout(settings).addresses);
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
settings_find_group(const struct settings *settings, const char *interface, unsigned vrid)
{
	const struct group_settings *groups = settings_groups(settings);
	int link = settings_find_link(settings, interface);

	if (link < 0)
		return -1;
	for (uint32_t i = 0; i < settings->group_count; i++)
		if (groups[i].link == link && groups[i].vrid == vrid)
			return (int)i;
	return -1;
}

struct mac
group_virtual_mac(uint8_t family, uint8_t vrid)
{
	return (struct mac){ { 0x00, 0x00, 0x5e, 0x00, family == 6 ? 0x02 : 0x01, vrid } };
}

/* ---- is a block sound? ---------------------------------------------------------------------- */

/* A bool that came from outside may hold any byte; reading it as a bool would be undefined. */
static bool
is_bool(const bool *value)
{
	uint8_t byte;

	memcpy(&byte, value, 1);
	return byte <= 1;
}

/* A string that ends inside its array, and is not empty unless that is allowed. */
static bool
is_text(const char *text, size_t size, bool may_be_empty)
{
	return memchr(text, '\0', size) && (may_be_empty || text[0] != '\0');
}

static bool
is_index_or_none(int32_t index, uint32_t count)
{
	return index == -1 || (index >= 0 && (uint32_t)index < count);
}

static bool
is_slice(uint32_t first, uint32_t count, uint32_t total)
{
	return first <= total && count <= total - first;
}

/* Known family (or none, where allowed), and zero behind the address so that it compares right. */
static bool
is_ip(const struct ip *ip, bool may_be_none)
{
	static const uint8_t zeros[sizeof(ip->bytes)];
	unsigned size = ip_size(ip);

	if (size == 0 && (ip->family != 0 || !may_be_none))
		return false;
	return memcmp(ip->bytes + size, zeros, sizeof(ip->bytes) - size) == 0;
}

/* What is wrong with this bond, link, group; NULL when nothing is. */
static const char *
bond_trouble(const struct bond_settings *bond)
{
	if (bond->mode >= BOND_MODES)
		return "bond mode";
	if (!is_bool(&bond->passive) || !is_bool(&bond->fast))
		return "lacp option";
	if (bond->minimum_links == 0)
		return "minimum links";
	if (!is_text(bond->primary, sizeof(bond->primary), true))
		return "primary";
	return NULL;
}

static const char *
link_trouble(const struct settings *s, uint32_t index)
{
	const struct link_settings *links = settings_links(s);
	const struct link_settings *link = &links[index];

	if (!is_text(link->name, sizeof(link->name), false))
		return "name";
	if (!is_text(link->description, sizeof(link->description), true))
		return "description";
	if (link->kind >= LINK_KINDS)
		return "kind";
	if (!is_bool(&link->disable) || !is_bool(&link->has_mac))
		return "truth value";
	if (link->mtu != 0 && link->mtu < 68)
		return "mtu";
	/* What a link refers to stands before it. */
	if (!is_index_or_none(link->parent, index) || !is_index_or_none(link->bond, index))
		return "reference to another link";
	if ((link->kind == LINK_VIF) != (link->parent >= 0))
		return "parent";
	if (link->bond >= 0 &&
	    (link->kind != LINK_DATAPLANE || links[link->bond].kind != LINK_BOND))
		return "bond";
	if (link->kind == LINK_VIF &&
	    (link->vlan < 1 || link->vlan > 4094 || link->vlan_protocol < 0x600))
		return "vlan";
	if (!is_slice(link->address_first, link->address_count, s->address_count))
		return "address range";
	return link->kind == LINK_BOND ? bond_trouble(&link->bonding) : NULL;
}

/* The intervals a group may have: RFC 3768 5.3.7 whole seconds, RFC 9568 5.2.7 centiseconds. */
static bool
is_interval(uint8_t version, nsec_t interval)
{
	if (version == 2)
		return interval >= NSEC_PER_SEC && interval <= INTERVAL_MAX_V2 &&
		       interval % NSEC_PER_SEC == 0;
	return interval >= INTERVAL_MIN && interval <= INTERVAL_MAX_V3 &&
	       interval % INTERVAL_MIN == 0;
}

static const char *
group_trouble(const struct settings *s, const struct group_settings *group)
{
	if (group->link < 0 || !is_index_or_none(group->link, s->link_count))
		return "link";
	if (!is_index_or_none(group->sync, s->sync_count))
		return "sync group";
	if (group->vrid == 0)
		return "group number";
	if (group->version != 2 && group->version != 3)
		return "version";
	if (group->priority == 0 || group->priority == 255)
		return "priority";
	if (group->auth >= AUTH_TYPES)
		return "authentication";
	if (!is_bool(&group->preempt) || !is_bool(&group->accept) ||
	    !is_bool(&group->rfc_compatibility))
		return "truth value";
	if (!is_text(group->vmac_name, sizeof(group->vmac_name), !group->rfc_compatibility))
		return "name of the virtual link";
	if (!is_interval(group->version, group->interval))
		return "interval";
	if (group->preempt_delay < 0 || group->preempt_delay > PREEMPT_DELAY_MAX)
		return "preempt delay";
	if (group->start_delay < 0 || group->start_delay > START_DELAY_MAX)
		return "start delay";
	if (!is_ip(&group->hello_source, true))
		return "hello source";
	if (group->address_count == 0 || group->address_count > GROUP_ADDRESSES_MAX ||
	    !is_slice(group->address_first, group->address_count, s->address_count))
		return "address range";
	return NULL;
}

static int
check_header(const struct settings *s, size_t size, struct error *error)
{
	if (size < sizeof(*s) || (uintptr_t)s % _Alignof(struct settings) != 0)
		return error_set(error, -EINVAL, "settings: no whole header");
	if (s->magic != SETTINGS_MAGIC)
		return error_set(error, -EINVAL, "settings: layout %08x instead of %08x",
		                 s->magic, SETTINGS_MAGIC);
	if (s->link_count > SETTINGS_LINKS_MAX || s->group_count > SETTINGS_GROUPS_MAX ||
	    s->sync_count > SETTINGS_GROUPS_MAX || s->address_count > ADDRESSES_MAX)
		return error_set(error, -EINVAL, "settings: a count is out of range");
	if (s->size != size || layout(s).end != size)
		return error_set(error, -EINVAL, "settings: %zu bytes received, %u announced, "
		                 "%zu needed", size, s->size, layout(s).end);
	return 0;
}

int
settings_check(const void *block, size_t size, struct error *error)
{
	const struct settings *s = block;
	int r = check_header(s, size, error);

	if (r < 0)
		return r;
	for (uint32_t i = 0; i < s->link_count; i++) {
		const char *trouble = link_trouble(s, i);

		if (trouble)
			return error_set(error, -EINVAL, "settings: link %u: %s", i, trouble);
	}
	for (uint32_t i = 0; i < s->group_count; i++) {
		const char *trouble = group_trouble(s, &settings_groups(s)[i]);

		if (trouble)
			return error_set(error, -EINVAL, "settings: group %u: %s", i, trouble);
	}
	for (uint32_t i = 0; i < s->sync_count; i++)
		if (!is_text(settings_syncs(s)[i].name, SYNC_NAME_SIZE, false))
			return error_set(error, -EINVAL, "settings: sync group %u: name", i);
	for (uint32_t i = 0; i < s->address_count; i++) {
		const struct prefix *address = &settings_addresses(s)[i];

		if (!is_ip(&address->ip, false) || address->length > 8 * ip_size(&address->ip))
			return error_set(error, -EINVAL, "settings: address %u", i);
	}
	return 0;
}
