/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Is a process there?  Told by a command line: its program and perhaps its first arguments, split
 * into words as in program_split().
 *
 * The program is named by the path it was called by, or by a name alone: that of the process (as
 * ps -C shows it) or the last part of the path.  Arguments have to be the same, word for word, as
 * far as they are given; more may follow.  Of a script it is the script that counts, not its
 * interpreter.  Zombies and kernel threads do not count.
 */
#ifndef TANDEM_PROCESS_H
#define TANDEM_PROCESS_H

#include <sys/types.h>

#include "base/base.h"
#include "base/error.h"
#include "system/program.h"

/* Does the process of this number, if there is one, match? */
bool process_is(pid_t pid, const struct program_words *pattern);

/* The first process that matches, or 0.  Looks at every process of the machine. */
pid_t process_find(const struct program_words *pattern);

#endif
