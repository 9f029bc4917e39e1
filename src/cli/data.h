/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Reads values out of a libyang data tree by name, for trees that need not be complete: what is
 * missing reads as "", 0 or false.
 */
#ifndef TANDEM_DATA_H
#define TANDEM_DATA_H

#include <stdint.h>

#include <libyang/libyang.h>

#include "base/base.h"

/* The child of this name (the first, if it is a list), or NULL. */
const struct lyd_node *data_child(const struct lyd_node *parent, const char *name);
/* The value of the child leaf, or "". */
const char *data_text(const struct lyd_node *parent, const char *name);
/* The child leaf's value as a number, or 0. */
uint64_t data_number(const struct lyd_node *parent, const char *name);
/* Is the child leaf "true"? */
bool data_is_true(const struct lyd_node *parent, const char *name);
/* The next sibling of the same name as node, or NULL. */
const struct lyd_node *data_next(const struct lyd_node *node);

#endif
