/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What flowsync tells of the replication of connections, in the words of module tandem-state.
 */
#ifndef TANDEM_GATHER_CONNSYNC_H
#define TANDEM_GATHER_CONNSYNC_H

#include "daemon/flowdoor.h"

struct lyd_node;
struct ly_ctx;

/* Ask through the door and add container connsync-state to *tree; it says so when there is no
 * answer, and is empty where connsync is not configured. */
void gather_connsync(const struct ly_ctx *schema, int door, struct lyd_node **tree);

/* The output of connsync-flows as JSON, on the heap. */
char *gather_flows(const struct flowdoor_answer *answer, const struct flowsync_view *flows);

/* Number of a protocol by name or number, -1 when there is none. */
int gather_protocol(const char *text);

#endif
