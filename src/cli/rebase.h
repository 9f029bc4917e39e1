/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Two people edited the same configuration: the edits of one on top of the other's.
 */
#ifndef TANDEM_REBASE_H
#define TANDEM_REBASE_H

#include <stdio.h>

#include <libyang/libyang.h>

#include "base/base.h"

/*
 * What changed from base to ours, applied to theirs.  False when both changed the same node, and
 * not to the same: then *ret_tree is untouched and a person must decide, for whom *ret_clashes has
 * the path of each such node, one a line, on the heap.  The trees are borrowed.
 */
bool rebase_tree(const struct lyd_node *base, const struct lyd_node *ours,
                 const struct lyd_node *theirs, struct lyd_node **ret_tree,
                 char **ret_clashes) MUST_USE;

/* List these paths (taken), or the first of them. */
void rebase_print_clashes(FILE *out, char *clashes);

#endif
