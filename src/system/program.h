/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Starts a program of the operator's: no shell, no surprises, no powers.
 *
 * It runs in / with nothing open but an empty input and one pipe for its output, with a clean
 * environment, in a process group of its own, under limits, as the user named, without any
 * capability and without a way to new ones.  It dies with the process that started it.  Nothing
 * runs as root, unless its starter is root.
 *
 * What is wrong with it (no such user, not executable, writable by others) comes out of its own
 * output as a sentence, and as exit status 126.
 */
#ifndef TANDEM_PROGRAM_H
#define TANDEM_PROGRAM_H

#include <limits.h>
#include <sys/types.h>

#include "base/base.h"
#include "base/error.h"

#define PROGRAM_USER "tandem-script"	/* of programs that are given none, where it exists */

#define PROGRAM_WORDS_MAX 64u
#define PROGRAM_TEXT_MAX 1024u		/* bytes of a command with its final zero */
#define PROGRAM_REFUSED 126		/* exit status: it was not run */

/* The words of a command; they point into text, so it must not be copied. */
struct program_words {
	char text[PROGRAM_TEXT_MAX];
	char *list[PROGRAM_WORDS_MAX + 1];	/* ends with NULL */
	unsigned count;
};

/*
 * Split a command into words at blanks.  In '...' every character stands for itself; in "..." too,
 * but \" and \\ are a quotation mark and a backslash; outside of both a backslash makes the next
 * character an ordinary one.  Nothing is expanded.  0, or -EINVAL with *error (no word, a quotation
 * that does not end, too many words).
 */
int program_split(const char *command, struct program_words *ret_words, struct error *error)
	MUST_USE;

struct program {
	const char *command;		/* a script that is named by a link finds its real name */
	const char *const *arguments;	/* after the command's own words; ends with NULL */
	const char *const *environment;	/* NAME=VALUE, beside PATH; ends with NULL */
	const char *user;		/* "" = who we are */
};

/*
 * Start it.  *ret_output is the non-blocking end of the pipe with what it prints (standard output
 * and standard error); the process group has the number of the process.
 */
int program_start(const struct program *program, pid_t *ret_pid, int *ret_output,
                  struct error *error) MUST_USE;

/*
 * May a program of this path be run by this user?  Only if it is an absolute path of a regular
 * file, and neither it nor any folder or symbolic link on the way to it, nor on the way of a link,
 * can be changed by others than root and the user.  A group that may write counts as others,
 * whoever belongs to it; folders with the sticky bit are fine.  0 with the path by which nothing
 * else can be reached, as there is no link in it; or negative errno with *error.
 */
int program_check_trust(const char *path, uid_t user, char ret_real[PATH_MAX],
                        struct error *error) MUST_USE;

#endif
