/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * From the model to Tandem's configuration.
 */
#ifndef TANDEM_WRITE_H
#define TANDEM_WRITE_H

#include <libyang/libyang.h>

#include "import/model.h"

/*
 * Add all of the model, which has been joined, to *tree, as set commands would; and for everything
 * a finding: what it is called now, what is not quite the same, what has no equal and what to do
 * about it.  The words and ranges of the schema are kept; what the schema refuses is left out.
 */
void write_model(struct ly_ctx *schema, struct model *model, struct lyd_node **tree);

#endif
