/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What a VyOS configuration says beside its VRRP groups that matters to them: the interfaces they
 * run on, and connection tracking that follows them.
 */
#ifndef TANDEM_VYOS_BESIDE_H
#define TANDEM_VYOS_BESIDE_H

#include "import/model.h"
#include "import/statement.h"

/* The vrrp-groups that stand below interfaces, as before VyOS 1.2. */
void vyos_beside_groups(struct model *model, const struct statement *interfaces);
/* conntrack-sync of the services; the others are named. */
void vyos_beside_service(struct model *model, const struct statement *service);
/* Addresses and bonds of the interfaces that groups run on: when all groups are known. */
void vyos_beside_interfaces(struct model *model, const struct statement *interfaces);

/* A group, in vyos.c.  interface is that of the older form, where the number is the node's name;
 * NULL: the group says both itself. */
void vyos_read_group(struct model *model, const struct statement *node, const char *name,
                     const char *interface);

#endif
