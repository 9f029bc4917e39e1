/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Operational commands: what is true now, and what the pair can be asked to do.
 */
#ifndef TANDEM_OPERATE_H
#define TANDEM_OPERATE_H

#include "cli/session.h"

extern const struct command operate_commands[];

/* "help" of a table: every command that can be run, with its help. */
void operate_list_commands(struct session *session, const struct command table[]);

#endif
