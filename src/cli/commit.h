/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The commands of configuration mode by which the candidate meets what runs: commits, and what
 * others committed meanwhile.
 */
#ifndef TANDEM_COMMIT_H
#define TANDEM_COMMIT_H

#include "cli/session.h"

command_run commit_run;			/* commit [comment <text>] */
command_run commit_on_trial;		/* commit-confirm <minutes> [comment <text>] */
command_run commit_confirm;		/* confirm */
command_run commit_validate;
command_run commit_discard;
command_run commit_rebase;

/*
 * Before a prompt: tell what others committed since the user was told last.  A candidate without
 * edits goes on from what runs now.  Says nothing when the service cannot be reached.
 */
void commit_notice(struct session *session);
/* On entering configuration mode: is what runs on trial? */
void commit_tell_trial(struct session *session);

#endif
