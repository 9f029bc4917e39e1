/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * From words to numbers: fills one struct settings from the survey of a checked tree.  It judges
 * nothing, because check_tree() has; what it adds are the implementation's defaults, indices in
 * place of names, and the names of virtual links.
 *
 * Groups with "disable" are left out, as the product leaves them out of its running daemon.
 */
#include "config/lift.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "config/survey.h"
#include "config/tree.h"

struct lifting {
	const struct survey *survey;
	struct settings *settings;
	const char **syncs;		/* names of sync groups, sorted; borrowed from the tree */
	uint32_t sync_count;
	uint32_t group_count;		/* without the disabled */
	uint32_t next_address;
};

static unsigned
number(const struct lyd_node *parent, const char *name, unsigned otherwise)
{
	const char *value = tree_value(parent, name);

	return value ? (unsigned)strtoul(value, NULL, 10) : otherwise;
}

static bool
is(const struct lyd_node *parent, const char *name, const char *value)
{
	const char *given = tree_value(parent, name);

	return given && strcmp(given, value) == 0;
}

/* Copy as many whole characters (UTF-8) as fit. */
static void
copy_text(char *to, size_t size, const char *from)
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

static int
compare_names(const void *a, const void *b)
{
	return strcmp(*(const char *const *)a, *(const char *const *)b);
}

static void
collect_syncs(struct lifting *l)
{
	const struct survey *s = l->survey;
	uint32_t count = 0, unique = 0;

	l->syncs = calloc(s->group_count + 1, sizeof(const char *));
	assert(l->syncs);
	for (size_t i = 0; i < s->group_count; i++) {
		if (s->groups[i].sync && !s->groups[i].disable)
			l->syncs[count++] = s->groups[i].sync;
	}
	qsort(l->syncs, count, sizeof(const char *), compare_names);
	for (uint32_t i = 0; i < count; i++) {
		if (unique == 0 || strcmp(l->syncs[unique - 1], l->syncs[i]) != 0)
			l->syncs[unique++] = l->syncs[i];
	}
	l->sync_count = unique;
}

static int32_t
sync_index(const struct lifting *l, const char *name)
{
	const char **found;

	if (!name)
		return -1;
	found = bsearch(&name, l->syncs, l->sync_count, sizeof(const char *), compare_names);
	assert(found);
	return (int32_t)(found - l->syncs);
}

static void
lift_addresses(struct lifting *l, size_t first, size_t count, uint32_t *ret_first,
               uint32_t *ret_count)
{
	struct prefix *addresses = settings_addresses(l->settings);

	*ret_first = l->next_address;
	*ret_count = (uint32_t)count;
	for (size_t i = 0; i < count; i++)
		addresses[l->next_address++] = l->survey->addresses[first + i].prefix;
}

static void
lift_bond(struct bond_settings *bond, const struct lyd_node *node)
{
	const struct lyd_node *options = tree_child(node, "lacp-options");
	const char *primary = tree_value(node, "primary");

	bond->mode = is(node, "mode", "active-backup") ? BOND_ACTIVE_BACKUP
	             : is(node, "mode", "balanced")    ? BOND_BALANCED
	                                               : BOND_LACP;
	bond->passive = is(options, "activity", "passive");
	bond->fast = is(options, "periodic-rate", "fast");
	bond->key = (uint16_t)number(options, "key", 0);
	bond->minimum_links = (uint8_t)number(node, "minimum-links", 1);
	if (primary)
		copy_text(bond->primary, sizeof(bond->primary), primary);
}

static void
lift_link(struct lifting *l, const struct survey_link *from, struct link_settings *to)
{
	const char *description = tree_value(from->node, "description");
	const char *mac = tree_value(from->node, "mac");

	copy_text(to->name, sizeof(to->name), from->name);
	to->kind = from->kind == SURVEY_BONDING ? LINK_BOND
	           : from->kind == SURVEY_VIF   ? LINK_VIF
	                                        : LINK_DATAPLANE;
	to->disable = tree_child(from->node, "disable") != NULL;
	to->has_mac = mac && mac_parse(mac, &to->mac);
	to->mtu = (uint16_t)from->mtu;
	to->parent = from->parent;
	to->bond = from->bond;
	if (from->kind == SURVEY_VIF) {
		const struct lyd_node *parent = l->survey->links[from->parent].node;
		const char *protocol = tree_value(parent, "vlan-protocol");

		to->vlan = (uint16_t)from->vlan;
		to->vlan_protocol = (uint16_t)strtoul(protocol ? protocol : "0x8100", NULL, 16);
	}
	if (from->kind == SURVEY_BONDING)
		lift_bond(&to->bonding, from->node);
	lift_addresses(l, from->address_first, from->address_count, &to->address_first,
	               &to->address_count);
	if (description)
		copy_text(to->description, sizeof(to->description), description);
}

static void
lift_group(struct lifting *l, const struct survey_group *from, struct group_settings *to)
{
	const struct lyd_node *node = from->node;
	const struct lyd_node *authentication = tree_child(node, "authentication");
	const struct lyd_node *vrrp = &node->parent->node;
	const char *source = tree_value(node, "hello-source-address");

	to->link = from->link;
	to->sync = sync_index(l, from->sync);
	to->vrid = (uint8_t)from->vrid;
	to->version = (uint8_t)from->version;
	to->priority = (uint8_t)from->priority;
	to->preempt = from->preempt;
	to->accept = is(node, "accept", "true");
	to->rfc_compatibility = from->rfc_compatibility;
	to->interval = from->version == 3
	                       ? number(node, "fast-advertise-interval", 1000) * NSEC_PER_MSEC
	                       : number(node, "advertise-interval", 1) * NSEC_PER_SEC;
	to->preempt_delay = number(node, "preempt-delay", 0) * NSEC_PER_SEC;
	to->start_delay = number(vrrp, "start-delay", 0) * NSEC_PER_SEC;
	if (source && !ip_parse(source, &to->hello_source))
		to->hello_source = (struct ip){ 0 };
	if (authentication) {
		const char *password = tree_value(authentication, "password");

		to->auth = is(authentication, "type", "ah") ? AUTH_AH : AUTH_TEXT;
		memcpy(to->password, password, strnlen(password, sizeof(to->password)));
	}
	lift_addresses(l, from->address_first, from->address_count, &to->address_first,
	               &to->address_count);
}

/* The names that virtual links have now, sorted by interface and VRID. */
struct kept_name {
	const char *interface;
	uint8_t vrid;
	const char *vmac_name;
};

static int
compare_kept(const void *first, const void *second)
{
	const struct kept_name *a = first, *b = second;
	int order = strcmp(a->interface, b->interface);

	return order ? order : (int)a->vrid - (int)b->vrid;
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
name_virtual_links(struct lifting *l, const struct settings *previous)
{
	struct group_settings *groups = settings_groups(l->settings);
	size_t kept_count, limit = l->group_count + l->survey->link_count + 2;
	struct kept_name *kept = collect_kept(previous, &kept_count);
	bool *taken = calloc(limit, sizeof(bool));
	size_t next = 1;

	assert(taken);
	for (uint32_t i = 0; i < l->group_count; i++) {
		struct kept_name key = {
			.interface = settings_link_of(l->settings, &groups[i])->name,
			.vrid = groups[i].vrid,
		};
		const struct kept_name *found =
			bsearch(&key, kept, kept_count, sizeof(*kept), compare_kept);

		if (!groups[i].rfc_compatibility || !found || survey_find(l->survey,
									  found->vmac_name) >= 0)
			continue;
		copy_text(groups[i].vmac_name, sizeof(groups[i].vmac_name), found->vmac_name);
		if (vmac_number(found->vmac_name) < limit)
			taken[vmac_number(found->vmac_name)] = true;
	}
	for (uint32_t i = 0; i < l->group_count; i++) {
		if (!groups[i].rfc_compatibility || groups[i].vmac_name[0] != '\0')
			continue;
		/* At most as many numbers are taken as there are groups and links. */
		do {
			while (taken[next])
				next++;
			snprintf(groups[i].vmac_name, sizeof(groups[i].vmac_name), "%.3svrrp%u",
			         settings_link_of(l->settings, &groups[i])->name, (unsigned)next++);
		} while (survey_find(l->survey, groups[i].vmac_name) >= 0);
	}
	free(taken);
	free(kept);
}

static bool
fits(const struct lifting *l, struct problems *problems)
{
	if (l->survey->link_count > SETTINGS_LINKS_MAX)
		problems_error(problems, "", 0, "interfaces", NULL,
		               "%zu interfaces are configured; at most %u are possible",
		               l->survey->link_count, SETTINGS_LINKS_MAX);
	else if (l->group_count > SETTINGS_GROUPS_MAX)
		problems_error(problems, "", 0, "interfaces", NULL,
		               "%u VRRP groups are configured; at most %u are possible",
		               l->group_count, SETTINGS_GROUPS_MAX);
	else
		return true;
	return false;
}

static uint32_t
count_addresses(const struct lifting *l)
{
	const struct survey *s = l->survey;
	size_t count = 0;

	for (size_t i = 0; i < s->link_count; i++)
		count += s->links[i].address_count;
	for (size_t i = 0; i < s->group_count; i++)
		count += s->groups[i].disable ? 0 : s->groups[i].address_count;
	return (uint32_t)count;
}

static void
fill(struct lifting *l)
{
	const struct survey *s = l->survey;
	struct link_settings *links = settings_links(l->settings);
	struct group_settings *groups = settings_groups(l->settings);
	struct sync_settings *syncs = settings_syncs(l->settings);

	for (uint32_t i = 0; i < l->sync_count; i++)
		copy_text(syncs[i].name, sizeof(syncs[i].name), l->syncs[i]);
	for (size_t i = 0; i < s->link_count; i++)
		lift_link(l, &s->links[i], &links[i]);
	for (size_t i = 0; i < s->group_count; i++) {
		if (!s->groups[i].disable)
			lift_group(l, &s->groups[i], groups++);
	}
}

struct settings *
lift_settings(const struct lyd_node *tree, uint64_t revision, const struct settings *previous,
              struct problems *problems)
{
	struct survey survey = survey_tree(tree);
	struct lifting l = { .survey = &survey };
	struct error error;

	for (size_t i = 0; i < survey.group_count; i++)
		l.group_count += !survey.groups[i].disable;
	collect_syncs(&l);
	if (fits(&l, problems)) {
		l.settings = settings_new((uint32_t)survey.link_count, l.group_count, l.sync_count,
		                          count_addresses(&l));
		assert(l.settings);
		l.settings->revision = revision;
		fill(&l);
		name_virtual_links(&l, previous);
		if (settings_check(l.settings, l.settings->size, &error) < 0) {
			problems_error(problems, "", 0, "", NULL, "%s", error.text);
			free(l.settings);
			l.settings = NULL;
		}
	}
	free(l.syncs);
	survey_done(&survey);
	return l.settings;
}
