/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Static routes of a VyOS configuration.
 */
#ifndef TANDEM_VYOS_STATIC_H
#define TANDEM_VYOS_STATIC_H

#include "import/model.h"
#include "import/statement.h"

/* protocols static; the other protocols are named. */
void vyos_static_read(struct model *model, const struct statement *protocols);

#endif
