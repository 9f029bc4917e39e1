/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Virtual servers as they are configured and as the balancer finds them, in the words of module
 * tandem-state.
 */
#ifndef TANDEM_GATHER_VIRTUAL_SERVER_H
#define TANDEM_GATHER_VIRTUAL_SERVER_H

#include "daemon/memory.h"

struct lyd_node;
struct ly_ctx;

/* Ask through the hatch and add container virtual-server-state to *tree; it says so when there is
 * no answer, and is empty where no virtual server is configured. */
void gather_virtual_servers(const struct ly_ctx *schema, const struct memory *memory, int hatch,
                            struct lyd_node **tree);

#endif
