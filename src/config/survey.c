/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * One walk over a configuration tree.
 */
#include "config/survey.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "config/tree.h"

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
	size_t added = 0;

	for (const struct lyd_node *node = lyd_child(parent); node; node = node->next) {
		if (strcmp(node->schema->name, name) != 0 || node->schema->nodetype != LYS_LEAFLIST)
			continue;
		struct survey_address address = { .node = node, .link = link, .group = group };

		if (!prefix_parse(lyd_get_value(node), &address.prefix))
			address.prefix = (struct prefix){ 0 };
		s->addresses = grow(s->addresses, s->address_count, sizeof(*s->addresses));
		s->addresses[s->address_count++] = address;
		added++;
	}
	return added;
}

static void
add_group(struct survey *s, int link, const struct lyd_node *node)
{
	struct survey_group group = {
		.node = node,
		.link = link,
		.vrid = number_or(node, "id", 0),
		.version = number_or(node, "version", 2),
		.priority = number_or(node, "priority", SURVEY_PRIORITY),
		.preempt = is_true(node, "preempt"),
		.rfc_compatibility = tree_child(node, "rfc-compatibility") != NULL,
		.disable = tree_child(node, "disable") != NULL,
		.sync = tree_value(node, "sync-group"),
		.address_first = s->address_count,
	};

	group.address_count = add_addresses(s, node, "virtual-address", link, (int)s->group_count);
	s->groups = grow(s->groups, s->group_count, sizeof(*s->groups));
	s->groups[s->group_count++] = group;
}

/* Call for the instances of a list below parent, in canonical order. */
static void
for_each(struct survey *s, const struct lyd_node *parent, const char *name, int link,
         void (*add)(struct survey *, int, const struct lyd_node *))
{
	size_t count;
	const struct lyd_node **children = tree_children(lyd_child(parent), &count);

	for (size_t i = 0; i < count; i++) {
		if (strcmp(children[i]->schema->name, name) == 0)
			add(s, link, children[i]);
	}
	free(children);
}

static void
add_link(struct survey *s, struct survey_link link)
{
	const struct lyd_node *vrrp = tree_child(link.node, "vrrp");
	int index = (int)s->link_count;

	link.mtu = number_or(link.node, "mtu", 0);
	link.address_first = s->address_count;
	link.address_count = add_addresses(s, link.node, "address", index, -1);
	link.group_first = s->group_count;
	if (vrrp)
		for_each(s, vrrp, "vrrp-group", index, add_group);
	link.group_count = s->group_count - link.group_first;

	s->links = grow(s->links, s->link_count, sizeof(*s->links));
	s->links[s->link_count++] = link;
}

static void
add_vif(struct survey *s, int parent, const struct lyd_node *node)
{
	struct survey_link link = { .node = node, .kind = SURVEY_VIF, .parent = parent,
				   .bond = -1 };
	const char *id = tree_value(node, "id");

	snprintf(link.name, sizeof(link.name), "%.15s.%.15s", s->links[parent].name, id);
	link.vlan = number_or(node, "vlan", number_or(node, "id", 0));
	add_link(s, link);
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

static void
add_interface(struct survey *s, const struct lyd_node *node)
{
	struct survey_link link = { .node = node, .kind = kind_of(node), .parent = -1, .bond = -1 };
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
	add_link(s, link);
	for_each(s, node, "vif", index, add_vif);
}

static int
by_name(const void *a, const void *b, void *owner)
{
	const struct survey_link *links = owner;
	uint32_t i = *(const uint32_t *)a, j = *(const uint32_t *)b;
	int order = strcmp(links[i].name, links[j].name);

	return order ? order : i < j ? -1 : i > j;
}

struct survey
survey_tree(const struct lyd_node *tree)
{
	struct survey s = { 0 };

	for (; tree; tree = tree->next) {
		size_t count;
		const struct lyd_node **children;

		if (strcmp(tree->schema->name, "interfaces") != 0)
			continue;
		children = tree_children(lyd_child(tree), &count);
		for (size_t i = 0; i < count; i++)
			add_interface(&s, children[i]);
		free(children);
	}

	s.by_name = calloc(s.link_count + 1, sizeof(*s.by_name));
	assert(s.by_name);
	for (uint32_t i = 0; i < s.link_count; i++)
		s.by_name[i] = i;
	qsort_r(s.by_name, s.link_count, sizeof(*s.by_name), by_name, s.links);
	return s;
}

void
survey_done(struct survey *survey)
{
	free(survey->links);
	free(survey->groups);
	free(survey->addresses);
	free(survey->by_name);
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
