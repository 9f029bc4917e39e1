/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What the manager asks of the engine's role, and what it is told.
 */
#ifndef TANDEM_ANSWERS_H
#define TANDEM_ANSWERS_H

#include "daemon/node.h"

struct sd_event_source;

/* Handler of the manager's channel; its owner is the node. */
int answers_on_channel(struct sd_event_source *source, int descriptor, uint32_t events,
                       void *owner);
/* The engine is new here. */
void answers_hello(struct node *node);

/* These settings are adopted, for this request: it is answered when the interfaces settle.
 * attempt: whoever asked wants to know what the kernel refused, before all else. */
void answers_adopted(struct node *node, uint32_t request, bool attempt);
/* Nothing was changed. */
void answers_refused(struct node *node, uint32_t request, uint64_t revision, const char *why);

/* What an operator should repair, sentences one a line: the interfaces settled; the helpers'.
 * refused: see interfaces.h. */
void answers_settled(struct node *node, const char *problems, const char *refused);
void answers_helpers(struct node *node, const char *problems);

#endif
