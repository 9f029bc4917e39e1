/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Reads "high-availability virtual-server" of a VyOS configuration.
 */
#ifndef TANDEM_VYOS_BALANCE_H
#define TANDEM_VYOS_BALANCE_H

#include "import/model.h"
#include "import/statement.h"

/* A keyword_read: list is the statement virtual-server, with one below it each. */
void vyos_balance_read(struct model *model, const struct statement *list, void *into);

#endif
