/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Runs a command of a table with its answer going where it shall: through pipes, through the
 * pager, or straight to where the session's answers go.
 */
#ifndef TANDEM_OUTPUT_H
#define TANDEM_OUTPUT_H

#include "cli/session.h"

/* OUTCOME_USAGE, and the user is told, when the session's pipes do not fit the command. */
enum outcome output_run(struct session *session, const struct command *row,
                        char *const arguments[], size_t count);

#endif
