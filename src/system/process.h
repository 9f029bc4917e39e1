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
#include "core/vigil.h"
#include "system/program.h"

#define PROCESS_COMMAND_MAX 4096u

/* A process as /proc shows it. */
struct process {
	pid_t pid;
	char name[32];
	char command[PROCESS_COMMAND_MAX];	/* words, each with a zero behind it */
	size_t length;
};

/* Read the process of this number; false when there is none that counts. */
bool process_read(pid_t pid, struct process *ret_process);
bool process_matches(const struct process *process, const struct program_words *pattern);

/* What the process does at this moment; held and nothing used when it cannot be seen. */
struct vigil_sight process_glance(pid_t pid);

/* Call for each process of the machine that counts; the record is borrowed. */
void process_each(void (*call)(void *owner, const struct process *process), void *owner);

#endif
