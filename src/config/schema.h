/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Loads the YANG modules: the one vocabulary of configuration, state and operations.
 */
#ifndef TANDEM_SCHEMA_H
#define TANDEM_SCHEMA_H

#include <libyang/libyang.h>

#include "base/base.h"
#include "base/error.h"

/*
 * A context with all our modules.  They are searched in directory (may be NULL), else in
 * $TANDEM_YANG_PATH, else where they are installed, else in the source tree.  NULL with *error.
 */
struct ly_ctx *schema_new(const char *directory, struct error *error) MUST_USE;
void schema_free(struct ly_ctx *schema);

/* The path of a configuration node in the operator's words ("interfaces bonding dp0bond0 vif 10
 * address"), on the heap; the value of a leaf is not part of it, a list's keys are. */
char *schema_words(const struct lyd_node *node);

#endif
