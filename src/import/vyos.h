/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A VyOS configuration, as config.boot or as set commands, read into the model.
 */
#ifndef TANDEM_VYOS_H
#define TANDEM_VYOS_H

#include "import/model.h"
#include "import/statement.h"

/* root is what config_boot_read() made. */
void vyos_read(struct model *model, const struct statement *root);

#endif
