/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The layouts of "show": state trees of module tandem-state become the text that Vyatta's
 * operators and their scripts know, column for column.  Pure: what to show was fetched and
 * filtered before.  Our own lines come after Vyatta's and only when something is wrong.
 */
#ifndef TANDEM_SHOW_H
#define TANDEM_SHOW_H

#include <stdio.h>

#include <libyang/libyang.h>

#include "base/base.h"

/* state: the container vrrp-state. */
void show_vrrp_summary(FILE *out, const struct lyd_node *state);
void show_vrrp_detail(FILE *out, const struct lyd_node *state);
void show_vrrp_statistics(FILE *out, const struct lyd_node *state);
/* What to repair, groups that are not ours, and how late this router was. */
void show_vrrp_alarms(FILE *out, const struct lyd_node *state);
void show_vrrp_sync_groups(FILE *out, const struct lyd_node *state);

/* state: the container routes-state.  In show_routes.c. */
void show_routes(FILE *out, const struct lyd_node *state);
/* state: the container interfaces-state. */
void show_interfaces(FILE *out, const struct lyd_node *state);

/* state: the container system-state. */
void show_system(FILE *out, const struct lyd_node *state);
/* "unknown" when the service does not say it. */
const char *show_service_version(const struct lyd_node *state);
void show_version(FILE *out, const struct lyd_node *state);

#endif
