/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The candidate of a session that lost its terminal: kept in a file of the user's (mode 0600, it
 * holds passwords), and offered when configuration mode is entered next.
 */
#ifndef TANDEM_RECOVERY_H
#define TANDEM_RECOVERY_H

#include "cli/session.h"

/* The session ends and nobody said what to do with its edits: keep them.  Says where on err. */
void recovery_keep(struct session *session);

/* Tell of edits of a lost session of this router, if there are any. */
void recovery_offer(struct session *session);

command_run recovery_run;		/* recover */
command_run recovery_discard;		/* recover discard */

#endif
