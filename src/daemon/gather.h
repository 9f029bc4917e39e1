/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Gathers what is true now for the manager: from the engine's memory, the kernel and the store to
 * the trees of module tandem-state.  Each call looks afresh and adds one container to *tree.
 */
#ifndef TANDEM_GATHER_H
#define TANDEM_GATHER_H

#include "config/store.h"
#include "daemon/memory.h"

void gather_vrrp(const struct ly_ctx *schema, const struct memory *memory, struct lyd_node **tree);
void gather_interfaces(const struct ly_ctx *schema, const struct memory *memory,
                       struct lyd_node **tree);
/* problems: sentences the caller knows of, one a line; likewise below. */
void gather_routes(const struct ly_ctx *schema, const struct memory *memory, const char *problems,
                   struct lyd_node **tree);
void gather_system(const struct ly_ctx *schema, const struct memory *memory,
                   const struct store *store, const char *problems, struct lyd_node **tree);
/* What the check of a commit is told of this router. */
void gather_surroundings(struct surroundings *ret);

#endif
