/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The commands about virtual servers: all of them in a table, or one in full.
 */
#ifndef TANDEM_CLI_VIRTUAL_SERVER_H
#define TANDEM_CLI_VIRTUAL_SERVER_H

#include "cli/session.h"

/* arguments[0], if given, is the name of the one that is shown in full. */
enum outcome virtual_server_show(struct session *session, char *const arguments[], size_t count);
void virtual_server_complete(struct session *session, char *const arguments[], size_t count,
                             const char *start, struct possibilities *possibilities);

/* The layouts, of container virtual-server-state. */
void virtual_server_print(FILE *out, const struct lyd_node *state);
void virtual_server_print_detail(FILE *out, const struct lyd_node *state);

#endif
