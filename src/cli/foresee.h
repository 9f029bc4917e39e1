/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * "check peer" and "check pair": what two configurations will do to one another.  The answer is
 * that of the program tandem-foresee, as text or JSON, and so is the outcome: done when there is
 * nothing to complain of, failed when there is, usage when it could not be found out.
 */
#ifndef TANDEM_FORESEE_H
#define TANDEM_FORESEE_H

#include "cli/session.h"

/* arguments: the file of the peer, or its address, where the service fetches what runs; against
 * running, or the candidate in configuration mode. */
command_run foresee_peer;
/* arguments: two files.  Needs no service. */
command_run foresee_pair;
/* Names of files; and, for the peer, its addresses. */
command_complete foresee_complete;
command_complete foresee_complete_peer;

#endif
