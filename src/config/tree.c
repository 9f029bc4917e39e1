/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Trees as the operator sees them.  The canonical order makes every print of a configuration the
 * same text, whatever the order in which it was written; it is alphabetical, as Vyatta's is.
 */
#include "config/tree.h"

#include <stdlib.h>
#include <string.h>

const struct lyd_node *
tree_first_key(const struct lyd_node *node)
{
	const struct lyd_node *child;

	if (node->schema->nodetype != LYS_LIST)
		return NULL;
	child = lyd_child(node);
	return child && lysc_is_key(child->schema) ? child : NULL;
}

const struct lyd_node *
tree_next_key(const struct lyd_node *key)
{
	return key->next && lysc_is_key(key->next->schema) ? key->next : NULL;
}

unsigned
tree_key_count(const struct lysc_node *list)
{
	unsigned count = 0;

	for (const struct lysc_node *child = lysc_node_child(list); child; child = child->next)
		count += lysc_is_key(child) ? 1 : 0;
	return count;
}

static const struct lysc_node *
next_schema(const struct ly_ctx *schema, const struct lysc_node *parent,
            const struct lysc_node *last, uint32_t *module_index)
{
	const struct lys_module *module;

	if (parent)
		return lys_getnext(last, parent, NULL, 0);
	if (last) {
		last = lys_getnext(last, NULL, last->module->compiled, 0);
		if (last)
			return last;
	}
	while ((module = ly_ctx_get_module_iter(schema, module_index))) {
		if (!module->implemented || !module->compiled)
			continue;
		last = lys_getnext(NULL, NULL, module->compiled, 0);
		if (last)
			return last;
	}
	return NULL;
}

static bool
is_configuration(const struct lysc_node *node)
{
	return (node->flags & LYS_CONFIG_W) &&
	       (node->nodetype & (LYS_CONTAINER | LYS_LIST | LYS_LEAF | LYS_LEAFLIST));
}

const struct lysc_node *
tree_schema_child(const struct ly_ctx *schema, const struct lysc_node *parent, const char *name)
{
	const struct lysc_node *node = NULL;
	uint32_t module = 0;

	while ((node = next_schema(schema, parent, node, &module))) {
		if (is_configuration(node) && !lysc_is_key(node) && strcmp(node->name, name) == 0)
			return node;
	}
	return NULL;
}

static int
by_name(const void *a, const void *b)
{
	return strcmp((*(const struct lysc_node *const *)a)->name,
	              (*(const struct lysc_node *const *)b)->name);
}

const struct lysc_node **
tree_schema_children(const struct ly_ctx *schema, const struct lysc_node *parent,
                     size_t *ret_count)
{
	const struct lysc_node **list = NULL;
	const struct lysc_node *node = NULL;
	uint32_t module = 0;
	size_t count = 0;

	while ((node = next_schema(schema, parent, node, &module))) {
		if (!is_configuration(node) || lysc_is_key(node))
			continue;
		list = realloc(list, (count + 1) * sizeof(const struct lysc_node *));
		assert(list);
		list[count++] = node;
	}
	if (count)
		qsort(list, count, sizeof(const struct lysc_node *), by_name);
	*ret_count = count;
	return list;
}

bool
tree_is_explicit(const struct lyd_node *node)
{
	if (!(node->schema->flags & LYS_CONFIG_W))
		return false;
	if (node->schema->nodetype != LYS_CONTAINER)
		return !(node->flags & LYD_DEFAULT);
	if (node->schema->flags & LYS_PRESENCE)
		return true;
	for (const struct lyd_node *child = lyd_child(node); child; child = child->next) {
		if (tree_is_explicit(child))
			return true;
	}
	return false;
}

int
tree_order(const struct lyd_node *a, const struct lyd_node *b)
{
	int order = a->schema == b->schema ? 0 : strcmp(a->schema->name, b->schema->name);

	if (order)
		return order;
	if (a->schema->flags & LYS_ORDBY_USER)
		return 0;
	if (a->schema->nodetype == LYS_LEAFLIST)
		return strverscmp(lyd_get_value(a), lyd_get_value(b));
	a = tree_first_key(a);
	b = tree_first_key(b);
	for (; a && b && order == 0; a = tree_next_key(a), b = tree_next_key(b))
		order = strverscmp(lyd_get_value(a), lyd_get_value(b));
	return order;
}

struct placed {
	const struct lyd_node *node;
	size_t place;			/* among its siblings: makes the sort stable */
};

static int
by_order(const void *first, const void *second)
{
	const struct placed *a = first, *b = second;
	int order = tree_order(a->node, b->node);

	return order ? order : a->place < b->place ? -1 : 1;
}

static void
sort(const struct lyd_node **list, size_t count)
{
	struct placed *placed = calloc(count, sizeof(*placed));

	assert(placed);
	for (size_t i = 0; i < count; i++)
		placed[i] = (struct placed){ .node = list[i], .place = i };
	qsort(placed, count, sizeof(*placed), by_order);
	for (size_t i = 0; i < count; i++)
		list[i] = placed[i].node;
	free(placed);
}

const struct lyd_node **
tree_children_called(const struct lyd_node *siblings, const char *name, size_t *ret_count)
{
	const struct lyd_node **list = NULL;
	size_t count = 0, size = 0;
	bool sorted = true;		/* as thousands of entries usually are */

	for (const struct lyd_node *node = siblings; node; node = node->next) {
		if (!node->schema || (name && strcmp(node->schema->name, name) != 0) ||
		    lysc_is_key(node->schema) || !tree_is_explicit(node))
			continue;
		if (count == size) {
			size = size ? 2 * size : 16;
			list = realloc(list, size * sizeof(const struct lyd_node *));
			assert(list);
		}
		sorted = sorted && (count == 0 || tree_order(list[count - 1], node) <= 0);
		list[count++] = node;
	}
	if (!sorted)
		sort(list, count);
	*ret_count = count;
	return list;
}

const struct lyd_node **
tree_children(const struct lyd_node *siblings, size_t *ret_count)
{
	return tree_children_called(siblings, NULL, ret_count);
}

size_t
tree_entries(const struct lyd_node *const *list, size_t count)
{
	size_t run = 0;

	while (run < count && list[run]->schema == list[0]->schema)
		run++;
	return run;
}

/* Of two entries of one list. */
static int
by_place(const void *first, const void *second)
{
	const struct lyd_node *a = *(const struct lyd_node *const *)first;
	const struct lyd_node *b = *(const struct lyd_node *const *)second;
	int order = 0;

	if (a->schema->nodetype == LYS_LEAFLIST)
		return strcmp(lyd_get_value(a), lyd_get_value(b));
	a = tree_first_key(a);
	b = tree_first_key(b);
	for (; a && b && order == 0; a = tree_next_key(a), b = tree_next_key(b))
		order = strcmp(lyd_get_value(a), lyd_get_value(b));
	return order;
}

const struct lyd_node **
tree_sorted(const struct lyd_node *const *entries, size_t count)
{
	const struct lyd_node **sorted = calloc(count + 1, sizeof(const struct lyd_node *));

	assert(sorted);
	for (size_t i = 0; i < count; i++)
		sorted[i] = entries[i];
	qsort(sorted, count, sizeof(const struct lyd_node *), by_place);
	return sorted;
}

const struct lyd_node *
tree_same(const struct lyd_node *const *sorted, size_t count, const struct lyd_node *entry)
{
	const struct lyd_node *const *same =
		bsearch(&entry, sorted, count, sizeof(const struct lyd_node *), by_place);

	return same ? *same : NULL;
}

const struct lyd_node *
tree_child(const struct lyd_node *parent, const char *name)
{
	const struct lyd_node *child;

	/* The first letter tells most of them apart: rules ask this a million times a commit. */
	for (child = lyd_child(parent); child; child = child->next) {
		if (child->schema->name[0] == name[0] && strcmp(child->schema->name, name) == 0)
			return child;
	}
	return NULL;
}

const char *
tree_value(const struct lyd_node *parent, const char *name)
{
	const struct lyd_node *child = tree_child(parent, name);

	return child ? lyd_get_value(child) : NULL;
}

void
tree_set_line(struct lyd_node *node, unsigned line)
{
	node->priv = (void *)(uintptr_t)line;
}

unsigned
tree_line(const struct lyd_node *node)
{
	for (; node; node = node->parent ? &node->parent->node : NULL) {
		if (node->priv)
			return (unsigned)(uintptr_t)node->priv;
	}
	return 0;
}
