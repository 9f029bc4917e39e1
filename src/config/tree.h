/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Walking schema and data trees as the operator sees them: configuration only, keys as part of
 * their list's name, nothing that only a default put there, in one canonical order.
 */
#ifndef TANDEM_TREE_H
#define TANDEM_TREE_H

#include <libyang/libyang.h>

#include "base/base.h"

/* The keys of a list instance, in order; NULL at the end and for what is no list. */
const struct lyd_node *tree_first_key(const struct lyd_node *node);
const struct lyd_node *tree_next_key(const struct lyd_node *key);
unsigned tree_key_count(const struct lysc_node *list);

/* The configuration node of this name below parent (NULL: at the top), or NULL. */
const struct lysc_node *tree_schema_child(const struct ly_ctx *schema,
                                          const struct lysc_node *parent, const char *name);
/* All of them but keys, by name; an array on the heap (NULL when none). */
const struct lysc_node **tree_schema_children(const struct ly_ctx *schema,
                                              const struct lysc_node *parent, size_t *ret_count);

/* Did the operator say this: not a default, not a container that only holds defaults? */
bool tree_is_explicit(const struct lyd_node *node);

/*
 * The explicit nodes among siblings but keys, in canonical order: by name; instances of a list
 * or leaf-list by their keys or values with numbers as numbers, unless the user orders them.  An
 * array on the heap (NULL when none).
 */
const struct lyd_node **tree_children(const struct lyd_node *siblings, size_t *ret_count);
/* Only those of one name. */
const struct lyd_node **tree_children_called(const struct lyd_node *siblings, const char *name,
                                             size_t *ret_count);

/* Canonical order of two siblings: <0, 0 (same place: user-ordered, or the same node), >0. */
int tree_order(const struct lyd_node *a, const struct lyd_node *b);

/* How many nodes from the first of count on are entries of the same list. */
size_t tree_entries(const struct lyd_node *const *list, size_t count);
/* Entries of one list, sorted by keys or value whoever orders them: an array on the heap. */
const struct lyd_node **tree_sorted(const struct lyd_node *const *entries, size_t count);
/* The entry of the same keys or value in such an array, or NULL. */
const struct lyd_node *tree_same(const struct lyd_node *const *sorted, size_t count,
                                 const struct lyd_node *entry);

/* Child of a data node by name, of any module, explicit or default; NULL when there is none. */
const struct lyd_node *tree_child(const struct lyd_node *parent, const char *name);
/* Its value, or NULL when there is none. */
const char *tree_value(const struct lyd_node *parent, const char *name);

/* The line a node was read from (0: none): kept in the data node's private pointer. */
void tree_set_line(struct lyd_node *node, unsigned line);
unsigned tree_line(const struct lyd_node *node);

#endif
