/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What interfaces and helpers tell, on its way to the engine.
 */
#ifndef TANDEM_INTAKE_H
#define TANDEM_INTAKE_H

#include "daemon/node.h"

/* Their owner is the node. */
extern const struct interfaces_calls intake_interfaces_calls;
extern const struct helpers_calls intake_helpers_calls;

/* The loop's source for what was noted. */
int intake_open(struct node *node) MUST_USE;
/* Something was noted: take it to the engine soon. */
void intake_ask(struct node *node);
/* The same, and look again at the links that were not worth telling of before. */
void intake_look_at_all(struct node *node);
/* Take all that was noted to the engine now. */
void intake_deliver_all(struct node *node);

#endif
