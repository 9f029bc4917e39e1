/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Values of a data tree by name.  Works on nodes the schema knows and on opaque ones alike; it
 * must not judge what it reads.
 */
#include "cli/data.h"

#include <stdlib.h>
#include <string.h>

static const struct lyd_node *
find(const struct lyd_node *node, const char *name)
{
	while (node && strcmp(LYD_NAME(node), name) != 0)
		node = node->next;
	return node;
}

const struct lyd_node *
data_child(const struct lyd_node *parent, const char *name)
{
	return parent ? find(lyd_child(parent), name) : NULL;
}

const struct lyd_node *
data_next(const struct lyd_node *node)
{
	return find(node->next, LYD_NAME(node));
}

const char *
data_text(const struct lyd_node *parent, const char *name)
{
	const struct lyd_node *leaf = data_child(parent, name);
	const char *value = leaf ? lyd_get_value(leaf) : NULL;

	return value ? value : "";
}

uint64_t
data_number(const struct lyd_node *parent, const char *name)
{
	return strtoull(data_text(parent, name), NULL, 10);
}

bool
data_is_true(const struct lyd_node *parent, const char *name)
{
	return strcmp(data_text(parent, name), "true") == 0;
}
