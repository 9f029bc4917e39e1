/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Pieces of printing that comparing uses too.
 */
#ifndef TANDEM_LANGUAGE_PRINT_H
#define TANDEM_LANGUAGE_PRINT_H

#include <libyang/libyang.h>
#include <stdio.h>

#include "base/base.h"

/* One node with all below it in braces; every line begins with mark and 4 blanks a depth. */
void language_print_node(FILE *out, const struct lyd_node *node, const char *mark, unsigned depth,
                         bool hide_secrets);

/* The remark on a node as a line of its own; nothing when there is none. */
void language_print_comment(FILE *out, const struct lyd_node *node, const char *mark,
                            unsigned depth);

/* The one line of a node, or the line that opens it, with its value. */
void language_print_head(FILE *out, const struct lyd_node *node, const char *mark, unsigned depth,
                         bool hide_secrets);

/* "vif 10": the name of a node with its keys. */
void language_print_name(FILE *out, const struct lyd_node *node);

#endif
