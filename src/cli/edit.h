/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The commands of configuration mode that change the candidate or move in it.  Paths are relative
 * to the level at which the user stands.
 */
#ifndef TANDEM_EDIT_H
#define TANDEM_EDIT_H

#include "cli/session.h"

command_run edit_set;
command_run edit_delete;
command_run edit_copy;			/* <path> to <path> */
command_run edit_rename;
command_run edit_comment;		/* <path> <text>; "" takes the comment away */
command_run edit_level;			/* go down to a path */
command_run edit_up;
command_run edit_top;

/* "exit" below the top: back to where the last "edit" was given.  False at the top. */
bool edit_leave_level(struct session *session);
/* "[edit interfaces bonding dp0bond0]" */
void edit_print_level(const struct session *session);

/* What may stand in a path, and whether the line may end there: of the model for "set" and for
 * "edit", of what is configured for others; before a remark, and in "<path> to <path>". */
command_complete edit_complete_set;
command_complete edit_complete_level;
command_complete edit_complete_existing;
command_complete edit_complete_remark;
command_complete edit_complete_pair;

/* Tell the problems of an edit, whose result this is, and release them. */
enum outcome edit_end(struct session *session, int result, const char *prefix,
                      struct problems *problems);

#endif
