/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The revisions that the service keeps, by the numbers that people give them: 0 is the newest, 1
 * the one before.
 */
#ifndef TANDEM_REVISIONS_H
#define TANDEM_REVISIONS_H

#include "cli/session.h"

/* The state of all revisions ("commit-state"); NULL when there is none, which is told, or quietly
 * not.  The caller's to free. */
struct lyd_node *revisions_fetch(struct session *session);
struct lyd_node *revisions_fetch_quietly(struct session *session);

/* The entry of a revision in the state, or NULL. */
const struct lyd_node *revisions_find(const struct lyd_node *state, const char *revision);

#define REVISIONS_TEXT_SIZE 512
/* "alice committed revision 12 at 2026-11-23 12:03:44 (comment)"; of an unknown revision,
 * "somebody else committed revision 12". */
const char *revisions_sentence(const struct lyd_node *state, const char *revision,
                               char text[REVISIONS_TEXT_SIZE]);

/* The configuration of a number; on failure, which is told, false.  *ret_entry points into
 * *ret_state, which is the caller's to free in any case. */
bool revisions_get(struct session *session, const char *number, struct lyd_node **ret_tree,
                   struct lyd_node **ret_state, const struct lyd_node **ret_entry);

/* What waits to be confirmed, of whom, and until when; nothing without a trial. */
void revisions_print_trial(FILE *out, const struct lyd_node *state);

command_run revisions_show;		/* show system commit [<number>] */
command_run revisions_compare;		/* compare [saved | <number> [<number>]] */
command_run revisions_rollback;		/* rollback <number> */
command_complete revisions_complete;

#endif
