/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A part of the interfaces, see interfaces_inside.h: tells the role what changed.
 */
#ifndef TANDEM_TIDINGS_H
#define TANDEM_TIDINGS_H

#include "daemon/interfaces_inside.h"

/* A link and the owners on it; always: after adopt, when nobody knows what the engine was told. */
void tidings_link(struct interfaces *interfaces, uint32_t link, bool always);
void tidings_owners(struct interfaces *interfaces, uint32_t link, bool always);
/* All units that were noted as changed, and what is tracked. */
void tidings_changes(struct interfaces *interfaces);
/* What is tracked; owner is the interfaces. */
void tidings_tracked(void *owner);
/* Groups that have something back. */
void tidings_restored(struct interfaces *interfaces);
/* All is as wanted, or as good as it gets. */
void tidings_settled(struct interfaces *interfaces);

#endif
