/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * How far the edits of a candidate reach: a commit need not send what lies beyond them.
 */
#ifndef TANDEM_EXTENT_H
#define TANDEM_EXTENT_H

#include <libyang/libyang.h>

#include "base/base.h"

/*
 * The smallest container or list entry of tree below which everything lies that differs from
 * running, which has it, too; *ret_node is NULL when only the whole is large enough.  False when
 * nothing differs, remarks included.  Both are trees of the client: nothing of them is a default.
 */
bool extent_find(const struct lyd_node *running, const struct lyd_node *tree,
                 const struct lyd_node **ret_node);

/* Where RESTCONF has it, below "data" (RFC 8040 3.5.3): "/module:name/list=key/..."; heap. */
char *extent_path(const struct lyd_node *node);

#endif
