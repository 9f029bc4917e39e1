/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The shell: reads lines from a terminal, with completion, "?" and history.
 */
#ifndef TANDEM_LINE_H
#define TANDEM_LINE_H

#include "cli/session.h"

/* Read and run lines until the user leaves; the exit status of the program. */
int line_shell(struct session *session);

#endif
