/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The commands about the other router of the pair: become a pair, see how that stands, and read
 * its configuration.
 */
#ifndef TANDEM_CLI_PAIR_H
#define TANDEM_CLI_PAIR_H

#include "cli/session.h"

/* "pair <address>" and "pair <address> port <port>": both operators compare a code. */
enum outcome pair_run(struct session *session, char *const arguments[], size_t count);
/* "pair <address> fingerprint <fingerprint>" and the same with "port <port>" behind it. */
enum outcome pair_by_fingerprint(struct session *session, char *const arguments[], size_t count);
enum outcome pair_show(struct session *session, char *const arguments[], size_t count);
enum outcome pair_reset(struct session *session, char *const arguments[], size_t count);
/* Another key for this router: the second asks nobody. */
enum outcome pair_key(struct session *session, char *const arguments[], size_t count);
enum outcome pair_key_confirmed(struct session *session, char *const arguments[], size_t count);

/* The addresses of the peer, or of those who asked to be paired. */
command_complete pair_complete_peer;
command_complete pair_complete_request;

/* What runs on the peer at this address, as a tree (free it), which is NULL when it is empty.
 * False: it could not be had, and the user was told. */
bool pair_fetch(struct session *session, const char *address, struct lyd_node **ret_tree);

#endif
