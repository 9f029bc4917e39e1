/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A configuration of a Vyatta 5600 or IBM VRA, whose language is Tandem's own: what the schema has
 * is taken over word for word, all else is told.
 */
#ifndef TANDEM_VYATTA_H
#define TANDEM_VYATTA_H

#include <libyang/libyang.h>

#include "import/statement.h"

/*
 * root is what config_boot_read() made, with all that stands in the source.  To *tree comes what
 * the schema has and allows; of each node that it does not have, of each value that it refuses, a
 * finding; and one of each interface, service and so on of which something was taken.
 */
void vyatta_take(struct ly_ctx *schema, const struct statement *root, struct lyd_node **tree,
                 struct findings *findings);

#endif
