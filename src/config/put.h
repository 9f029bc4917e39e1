/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Builds state trees: each function adds one node of module tandem-state, which has to know it.
 */
#ifndef TANDEM_PUT_H
#define TANDEM_PUT_H

#include <libyang/libyang.h>

#include "base/base.h"
#include "base/inet.h"

/* A container or notification at the top, added to the siblings *tree, which may be NULL. */
struct lyd_node *put_container(const struct ly_ctx *schema, struct lyd_node **tree,
                               const char *name);
/* A container inside another node. */
struct lyd_node *put_inner(struct lyd_node *parent, const char *name);
/* An entry of list name with up to three keys, or none; those it does not have are NULL. */
struct lyd_node *put_entry(struct lyd_node *parent, const char *name, const char *key,
                           const char *second, const char *third);
/* An entry that is known by interface, group number and family. */
struct lyd_node *put_vrouter(struct lyd_node *parent, const char *name, const char *interface,
                             uint8_t vrid, uint8_t family);

/* Leaves. */
void put_text(struct lyd_node *parent, const char *name, const char *text);
void put_number(struct lyd_node *parent, const char *name, uint64_t value);
void put_bool(struct lyd_node *parent, const char *name, bool value);
/* Nothing when there is no address. */
void put_ip(struct lyd_node *parent, const char *name, const struct ip *ip);

#endif
