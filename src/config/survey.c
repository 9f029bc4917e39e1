/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * One walk over a configuration tree.
 */
#include "config/survey.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "config/tree.h"

#define OUTER_NUMBER 4095u		/* above all VLANs */

/* Make room for one more; doubles, so that thousands of links cost little. */
static void *
grow(void *list, size_t count, size_t size)
{
	if (count & (count - 1))
		return list;
	list = realloc(list, (count ? 2 * count : 1) * size);
	assert(list);
	return list;
}

static unsigned
number_or(const struct lyd_node *parent, const char *name, unsigned otherwise)
{
	const char *value = tree_value(parent, name);

	return value ? (unsigned)strtoul(value, NULL, 10) : otherwise;
}

static bool
is_true(const struct lyd_node *parent, const char *name)
{
	const char *value = tree_value(parent, name);

	return value && strcmp(value, "true") == 0;
}

static size_t
add_addresses(struct survey *s, const struct lyd_node *parent, const char *name, int link,
              int group)
{
	bool excluded = strcmp(name, "excluded-address") == 0;
	size_t added = 0;

	for (const struct lyd_node *node = lyd_child(parent); node; node = node->next) {
		if (strcmp(node->schema->name, name) != 0 || node->schema->nodetype != LYS_LEAFLIST)
			continue;
		struct survey_address address = { .node = node, .link = link, .place = link,
						  .group = group, .excluded = excluded };

		if (!prefix_parse(lyd_get_value(node), &address.prefix))
			address.prefix = (struct prefix){ 0 };
		s->addresses = grow(s->addresses, s->address_count, sizeof(*s->addresses));
		s->addresses[s->address_count++] = address;
		added++;
	}
	return added;
}

static bool
ignores_link(const struct lyd_node *track)
{
	return track && tree_child(track, "exclude-vrrp-interface");
}

static void
add_group(struct survey *s, int link, const struct lyd_node *node)
{
	struct survey_group group = {
		.node = node,
		.link = link,
		.vrid = number_or(node, "id", 0),
		.version = number_or(node, "version", 0),
		.priority = number_or(node, "priority", SURVEY_PRIORITY),
		.preempt = is_true(node, "preempt"),
		.rfc_compatibility = tree_child(node, "rfc-compatibility") != NULL,
		.ignores_link = ignores_link(tree_child(node, "track")),
		.disable = tree_child(node, "disable") != NULL,
		.sync = tree_value(node, "sync-group"),
		.address_first = s->address_count,
	};

	group.address_count = add_addresses(s, node, "virtual-address", link, (int)s->group_count);
	for (size_t i = 0; i < group.address_count; i++) {
		uint8_t family = s->addresses[group.address_first + i].prefix.ip.family;

		group.has_v4 = group.has_v4 || family == 4;
		group.has_v6 = group.has_v6 || family == 6;
	}
	group.excluded_count = add_addresses(s, node, "excluded-address", link,
	                                     (int)s->group_count);
	s->groups = grow(s->groups, s->group_count, sizeof(*s->groups));
	s->groups[s->group_count++] = group;
}

/* Call for the instances of a list below parent, in canonical order. */
static void
for_each(struct survey *s, const struct lyd_node *parent, const char *name, int link,
         void (*add)(struct survey *, int, const struct lyd_node *))
{
	size_t count;
	const struct lyd_node **children = tree_children_called(lyd_child(parent), name, &count);

	for (size_t i = 0; i < count; i++)
		add(s, link, children[i]);
	free(children);
}

static void
add_link(struct survey *s, struct survey_link link)
{
	const struct lyd_node *vrrp = tree_child(link.node, "vrrp");
	int index = (int)s->link_count;

	link.mtu = number_or(link.node, "mtu", 0);
	link.disable = tree_child(link.node, "disable") != NULL;
	link.address_first = s->address_count;
	link.address_count = add_addresses(s, link.node, "address", index, -1);
	link.group_first = s->group_count;
	if (vrrp)
		for_each(s, vrrp, "vrrp-group", index, add_group);
	link.group_count = s->group_count - link.group_first;

	s->links = grow(s->links, s->link_count, sizeof(*s->links));
	s->links[s->link_count++] = link;
}

static struct survey_link
new_link(const struct lyd_node *node, enum survey_kind kind, int parent)
{
	return (struct survey_link){ .node = node, .kind = kind, .parent = parent, .bond = -1,
	                             .port_of = -1 };
}

/* A vif on its interface, or (then the link of the outer VLAN is given) within a VLAN of it. */
static void
add_tagged(struct survey *s, int interface, int outer, const struct lyd_node *node, uint32_t vlan)
{
	struct survey_link link = new_link(node, SURVEY_VIF, outer >= 0 ? outer : interface);

	snprintf(link.name, sizeof(link.name), "%.15s.%.15s", s->links[interface].name,
	         tree_value(node, "id"));
	link.vlan = vlan;
	add_link(s, link);
}

/* Has it two tags?  Without an outer one there is no inner one: that is refused later. */
static bool
is_double(const struct lyd_node *vif)
{
	return tree_child(vif, "inner-vlan") && tree_child(vif, "vlan");
}

static void
add_vif(struct survey *s, int interface, const struct lyd_node *node)
{
	if (!is_double(node))
		add_tagged(s, interface, -1, node,
		           number_or(node, "vlan", number_or(node, "id", 0)));
}

/* Is the name with this number that of a vif, or of an outer VLAN before? */
static bool
is_taken(const struct survey *s, int interface, const struct lyd_node *vif, unsigned number,
         const char *name)
{
	char key[24];

	snprintf(key, sizeof(key), "[id='%u']", number);
	if (lyd_find_sibling_val(vif, vif->schema, key, 0, NULL) == LY_SUCCESS)
		return true;
	/* No VLAN is called so: other outer ones may be. */
	for (size_t i = (size_t)interface + 1; number >= OUTER_NUMBER && i < s->link_count; i++) {
		if (strcmp(s->links[i].name, name) == 0)
			return true;
	}
	return false;
}

/* The link of an outer VLAN: a vif, or one added for it.  It is called like the vif of that number,
 * or, where that is another VLAN, of the first number that no VLAN has. */
static int
outer_of(struct survey *s, int interface, const struct lyd_node *vif)
{
	struct survey_link link = new_link(vif, SURVEY_OUTER, interface);
	unsigned number = number_or(vif, "vlan", 0);

	link.vlan = number;
	for (size_t i = (size_t)interface + 1; i < s->link_count; i++) {
		if (s->links[i].parent == interface && s->links[i].vlan == link.vlan)
			return (int)i;
	}
	for (;;) {
		snprintf(link.name, sizeof(link.name), "%.15s.%u", s->links[interface].name,
		         number);
		if (!is_taken(s, interface, vif, number, link.name))
			break;
		number = number < OUTER_NUMBER ? OUTER_NUMBER : number + 1;
	}
	s->links = grow(s->links, s->link_count, sizeof(*s->links));
	s->links[s->link_count++] = link;
	return (int)s->link_count - 1;
}

static void
add_double_vif(struct survey *s, int interface, const struct lyd_node *node)
{
	if (is_double(node))
		add_tagged(s, interface, outer_of(s, interface, node), node,
		           number_or(node, "inner-vlan", 0));
}

static enum survey_kind
kind_of(const struct lyd_node *node)
{
	static const char *const names[] = {
		[SURVEY_BONDING] = "bonding", [SURVEY_DATAPLANE] = "dataplane",
		[SURVEY_LOOPBACK] = "loopback", [SURVEY_SWITCH] = "switch",
	};

	for (unsigned i = 0; i < ARRAY_SIZE(names); i++) {
		if (strcmp(names[i], node->schema->name) == 0)
			return (enum survey_kind)i;
	}
	assert(!"an interface of unknown kind: add it to enum survey_kind");
	return SURVEY_DATAPLANE;
}

/* Switches stand before all others. */
static int
find_switch(const struct survey *s, const char *name)
{
	for (size_t i = 0; name && i < s->link_count; i++) {
		if (s->links[i].kind == SURVEY_SWITCH && strcmp(s->links[i].name, name) == 0)
			return (int)i;
	}
	return -1;
}

static void
note_room(struct survey_link *owner, unsigned mtu)
{
	if (owner->room == 0 || mtu < owner->room)
		owner->room = mtu;
}

static void
add_interface(struct survey *s, const struct lyd_node *node)
{
	struct survey_link link = new_link(node, kind_of(node), -1);
	int index = (int)s->link_count;

	snprintf(link.name, sizeof(link.name), "%s", tree_value(node, "name"));
	link.bond_group = tree_value(node, "bond-group");
	for (int i = 0; link.bond_group && i < index; i++) {
		if (s->links[i].kind == SURVEY_BONDING &&
		    strcmp(s->links[i].name, link.bond_group) == 0)
			link.bond = i;
	}
	if (link.bond >= 0)
		s->links[link.bond].member_count++;
	link.switch_group = tree_child(node, "switch-group");
	if (link.switch_group)
		link.port_of = find_switch(s, tree_value(link.switch_group, "switch"));
	if (link.port_of >= 0)
		note_room(&s->links[link.port_of], number_or(node, "mtu", SURVEY_MTU));
	add_link(s, link);
	for_each(s, node, "vif", index, add_vif);
	for_each(s, node, "vif", index, add_double_vif);
}

static int
by_name(const void *a, const void *b, void *owner)
{
	const struct survey_link *links = owner;
	uint32_t i = *(const uint32_t *)a, j = *(const uint32_t *)b;
	int order = strcmp(links[i].name, links[j].name);

	return order ? order : i < j ? -1 : i > j;
}

static int
by_address(const void *a, const void *b, void *owner)
{
	const struct survey_address *addresses = owner;
	uint32_t i = *(const uint32_t *)a, j = *(const uint32_t *)b;
	int order = ip_compare(&addresses[i].prefix.ip, &addresses[j].prefix.ip);

	if (order == 0)
		order = addresses[i].place - addresses[j].place;
	if (order == 0)
		order = (addresses[i].group >= 0) - (addresses[j].group >= 0);
	return order ? order : i < j ? -1 : i > j;
}

static int
by_sync(const void *a, const void *b, void *owner)
{
	const struct survey_group *groups = owner;
	uint32_t i = *(const uint32_t *)a, j = *(const uint32_t *)b;
	int order = strcmp(groups[i].sync, groups[j].sync);

	return order ? order : i < j ? -1 : i > j;
}

static uint32_t *
new_index(size_t count)
{
	uint32_t *index = calloc(count + 1, sizeof(*index));

	assert(index);
	return index;
}

const struct survey_address *
survey_placed(const struct survey *s, const struct survey_group *group,
              const struct lyd_node *entry, int *ret_place)
{
	const struct survey_address *addresses = &s->addresses[group->address_first];
	const char *interface = tree_value(entry, "interface");
	struct ip ip;

	*ret_place = interface ? survey_find(s, interface) : -1;
	if (!ip_parse(tree_value(entry, "address"), &ip))
		return NULL;
	for (size_t i = 0; i < group->address_count + group->excluded_count; i++) {
		if (ip_equal(&addresses[i].prefix.ip, &ip))
			return &addresses[i];
	}
	return NULL;
}

static void
place_addresses(struct survey *s, const struct survey_group *group)
{
	for (const struct lyd_node *node = lyd_child(group->node); node; node = node->next) {
		const struct survey_address *address;
		int place;

		if (strcmp(node->schema->name, "virtual-address-interface") != 0)
			continue;
		address = survey_placed(s, group, node, &place);
		if (address && place >= 0)
			s->addresses[address - s->addresses].place = place;
	}
}

static void
sort(struct survey *s)
{
	s->by_name = new_index(s->link_count);
	for (uint32_t i = 0; i < s->link_count; i++)
		s->by_name[i] = i;
	qsort_r(s->by_name, s->link_count, sizeof(*s->by_name), by_name, s->links);

	for (size_t i = 0; i < s->group_count; i++)
		place_addresses(s, &s->groups[i]);
	s->by_address = new_index(s->address_count);
	for (uint32_t i = 0; i < s->address_count; i++) {
		int group = s->addresses[i].group;

		/* A group that does not run claims nothing. */
		if (group >= 0 && s->groups[group].disable)
			continue;
		if (s->addresses[i].prefix.ip.family)
			s->by_address[s->by_address_count++] = i;
	}
	qsort_r(s->by_address, s->by_address_count, sizeof(*s->by_address), by_address,
	        s->addresses);

	s->by_sync = new_index(s->group_count);
	for (uint32_t i = 0; i < s->group_count; i++) {
		if (s->groups[i].sync)
			s->by_sync[s->by_sync_count++] = i;
	}
	qsort_r(s->by_sync, s->by_sync_count, sizeof(*s->by_sync), by_sync, s->groups);
}

/* The entries of a list below a container, which may be NULL. */
static struct survey_entries
collect_entries(const struct lyd_node *container, const char *list)
{
	struct survey_entries entries = { 0 };

	for (const struct lyd_node *node = lyd_child(container); node; node = node->next) {
		uint32_t number;
		bool is_new;

		if (strcmp(node->schema->name, list) != 0)
			continue;
		number = nameset_add(&entries.names, tree_value(node, "name"), &is_new);
		if (!is_new)
			continue;
		entries.nodes = grow(entries.nodes, number, sizeof(const struct lyd_node *));
		entries.nodes[number] = node;
	}
	return entries;
}

/* What holds for all groups. */
static void
apply_common(struct survey *s, const struct lyd_node *all)
{
	unsigned version = number_or(all, "version", SURVEY_VERSION);
	bool disable = tree_child(all, "disable") != NULL;

	s->garp = tree_child(all, "garp");
	s->start_delay = number_or(all, "start-delay", 0);
	for (size_t i = 0; i < s->group_count; i++) {
		s->groups[i].disable |= disable;
		if (s->groups[i].version == 0)
			s->groups[i].version = version;
	}
}

struct survey
survey_tree(const struct lyd_node *tree)
{
	struct survey s = { 0 };

	for (; tree; tree = tree->next) {
		size_t count;
		const struct lyd_node **children;

		if (strcmp(tree->schema->name, "service") == 0)
			s.service = tree;
		if (strcmp(tree->schema->name, "system") == 0)
			s.system = tree;
		if (strcmp(tree->schema->name, "protocols") == 0)
			s.protocols = tree;
		if (strcmp(tree->schema->name, "interfaces") != 0)
			continue;
		children = tree_children(lyd_child(tree), &count);
		for (size_t i = 0; i < count; i++) {
			if (strcmp(children[i]->schema->name, "switch") == 0)
				add_interface(&s, children[i]);
		}
		for (size_t i = 0; i < count; i++) {
			if (strcmp(children[i]->schema->name, "switch") != 0)
				add_interface(&s, children[i]);
		}
		free(children);
	}
	apply_common(&s, tree_child(s.service, "vrrp"));
	s.syncs = collect_entries(tree_child(s.service, "vrrp"), "sync-group");
	s.hosts = collect_entries(tree_child(s.service, "path-monitor"), "host");
	s.policies = collect_entries(tree_child(s.service, "path-monitor"), "policy");
	s.virtuals = collect_entries(s.service, "virtual-server");
	if (!s.addresses)		/* the first of none is somewhere, too */
		s.addresses = grow(NULL, 0, sizeof(*s.addresses));
	sort(&s);
	return s;
}

bool
survey_is_routed(const struct survey_link *link)
{
	return link->kind != SURVEY_LOOPBACK && link->kind != SURVEY_SWITCH &&
	       link->kind != SURVEY_OUTER && link->bond < 0 && !link->switch_group;
}

const struct lyd_node *
survey_entry(const struct survey_entries *entries, const char *name)
{
	int32_t number = name ? nameset_find(&entries->names, name) : -1;

	return number >= 0 ? entries->nodes[number] : NULL;
}

/* The first place in by_sync whose name is above (or, unless above, not below) this one. */
static size_t
place_of_sync(const struct survey *survey, const char *name, bool above)
{
	size_t low = 0, high = survey->by_sync_count;

	while (low < high) {
		size_t middle = low + (high - low) / 2;

		if (strcmp(survey->groups[survey->by_sync[middle]].sync, name) < above)
			low = middle + 1;
		else
			high = middle;
	}
	return low;
}

const uint32_t *
survey_members(const struct survey *survey, const char *name, size_t *ret_count)
{
	size_t first = place_of_sync(survey, name, false);

	*ret_count = place_of_sync(survey, name, true) - first;
	return &survey->by_sync[first];
}

static void
entries_done(struct survey_entries *entries)
{
	nameset_done(&entries->names);
	free(entries->nodes);
}

void
survey_done(struct survey *survey)
{
	free(survey->links);
	free(survey->groups);
	free(survey->addresses);
	free(survey->by_name);
	free(survey->by_address);
	free(survey->by_sync);
	entries_done(&survey->syncs);
	entries_done(&survey->hosts);
	entries_done(&survey->policies);
	entries_done(&survey->virtuals);
	*survey = (struct survey){ 0 };
}

int
survey_find(const struct survey *survey, const char *name)
{
	size_t low = 0, high = survey->link_count;

	while (low < high) {
		size_t middle = low + (high - low) / 2;

		if (strcmp(survey->links[survey->by_name[middle]].name, name) < 0)
			low = middle + 1;
		else
			high = middle;
	}
	if (low == survey->link_count || strcmp(survey->links[survey->by_name[low]].name,
						name) != 0)
		return -1;
	return (int)survey->by_name[low];
}

/* Where in by_address this one begins, or would. */
static size_t
first_in_order(const struct survey *survey, const struct ip *ip)
{
	size_t low = 0, high = survey->by_address_count;

	while (low < high) {
		size_t middle = low + (high - low) / 2;
		const struct survey_address *address =
			&survey->addresses[survey->by_address[middle]];

		if (ip_compare(&address->prefix.ip, ip) < 0)
			low = middle + 1;
		else
			high = middle;
	}
	return low;
}

const struct survey_address *
survey_find_address(const struct survey *survey, const struct ip *ip)
{
	size_t first = first_in_order(survey, ip);
	const struct survey_address *address;

	if (first == survey->by_address_count)
		return NULL;
	address = &survey->addresses[survey->by_address[first]];
	return ip_equal(&address->prefix.ip, ip) ? address : NULL;
}

const struct survey_address *
survey_find_real(const struct survey *survey, const struct ip *ip)
{
	for (size_t i = first_in_order(survey, ip); i < survey->by_address_count; i++) {
		const struct survey_address *address = &survey->addresses[survey->by_address[i]];

		if (!ip_equal(&address->prefix.ip, ip))
			break;
		if (address->group < 0)
			return address;
	}
	return NULL;
}

/* vifs stand behind their interface. */
bool
survey_carries_groups(const struct survey *s, size_t link)
{
	size_t groups = s->links[link].group_count;

	for (size_t i = link + 1; i < s->link_count && s->links[i].parent == (int)link; i++)
		groups += s->links[i].group_count;
	return groups > 0;
}
