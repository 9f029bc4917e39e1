/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Other programs' configurations become Tandem's, with a report of what has no equal.
 */
#ifndef TANDEM_IMPORT_H
#define TANDEM_IMPORT_H

#include <libyang/libyang.h>

#include "import/finding.h"
#include "import/source.h"

/*
 * Add what the source says to *tree, as set commands would: what stands there and is not said
 * otherwise stays.  Findings tell what became of every statement.  0; or -EINVAL with a finding of
 * a fault when the source makes no sense as a whole, and *tree is as it was.
 *
 * What is added obeys the schema; rules between nodes are the commit's to check.
 */
int import_keepalived(struct ly_ctx *schema, const struct source *source, struct lyd_node **tree,
                      struct findings *findings) MUST_USE;
int import_vyatta(struct ly_ctx *schema, const struct source *source, struct lyd_node **tree,
                  struct findings *findings) MUST_USE;
int import_vyos(struct ly_ctx *schema, const struct source *source, struct lyd_node **tree,
                struct findings *findings) MUST_USE;

#endif
