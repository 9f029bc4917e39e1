/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Two people edited the same configuration: the edits of one on top of the other's.
 */
#ifndef TANDEM_REBASE_H
#define TANDEM_REBASE_H

#include <libyang/libyang.h>

#include "base/base.h"

/*
 * What changed from base to ours, applied to theirs.  False when both changed the same node, even
 * if to the same: then *ret_tree is untouched and a person must decide.  The trees are borrowed.
 */
bool rebase_tree(const struct lyd_node *base, const struct lyd_node *ours,
                 const struct lyd_node *theirs, struct lyd_node **ret_tree) MUST_USE;

#endif
