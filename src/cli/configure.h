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

/* Print a configuration as braces, as set commands, or as JSON if the session asks for it;
 * passwords are hidden unless it asks for them. */
enum outcome configure_print(struct session *session, const struct lyd_node *tree, bool as_set);

#endif
