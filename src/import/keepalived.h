/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A whole keepalived.conf, read into the model.
 */
#ifndef TANDEM_KEEPALIVED_H
#define TANDEM_KEEPALIVED_H

#include "import/model.h"
#include "import/statement.h"

/* root is what blocks_read() made. */
void keepalived_read(struct model *model, const struct statement *root);

#endif
