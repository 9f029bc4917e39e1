/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The commands about the replication of connections: what stands, what is counted, and comparing
 * all of them anew.  The connections themselves are shown by flows.h.
 */
#ifndef TANDEM_CLI_CONNSYNC_H
#define TANDEM_CLI_CONNSYNC_H

#include "cli/session.h"

/* Container connsync-state, as "show connsync" and "show connsync statistics" print it. */
void connsync_print(FILE *out, const struct lyd_node *state);
void connsync_print_statistics(FILE *out, const struct lyd_node *state);

enum outcome connsync_show(struct session *session, char *const arguments[], size_t count);
enum outcome connsync_show_statistics(struct session *session, char *const arguments[],
                                      size_t count);
enum outcome connsync_reset(struct session *session, char *const arguments[], size_t count);

#endif
