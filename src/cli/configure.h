/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Configuration mode: a candidate edited here, committed as a whole with the revision it began
 * from as precondition.  The service keeps nothing of it in between.
 */
#ifndef TANDEM_CONFIGURE_H
#define TANDEM_CONFIGURE_H

#include "cli/session.h"

extern const struct command configure_commands[];

/* The command "configure": begin a candidate. */
command_run configure_enter;

/* Does the candidate differ from what ran when it began? */
bool candidate_is_modified(const struct candidate *candidate);
void candidate_free(struct candidate *candidate);

/* Fetch the running configuration and its revision; *ret_tree is NULL when it is empty, and also
 * on failure, which is told to the user. */
enum outcome configure_fetch(struct session *session, struct lyd_node **ret_tree,
                             char ret_revision[REVISION_TEXT_SIZE]);
/* Print a configuration as braces, as set commands, or as JSON if the session asks for it;
 * passwords are hidden unless it asks for them. */
enum outcome configure_print(struct session *session, const struct lyd_node *tree, bool as_set);

#endif
