/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What is wrong with a configuration, as a list: errors refuse it, warnings let it pass.  Each
 * names the path in the operator's words, the value, the rule and what to do about it.
 */
#ifndef TANDEM_PROBLEM_H
#define TANDEM_PROBLEM_H

#include <stddef.h>

#include "base/base.h"

struct problem {
	bool warning;
	char number[8];			/* "C1", "W3"; "" for what YANG alone says */
	unsigned line;			/* in the text that was parsed; 0 = none */
	char *path;			/* "interfaces bonding dp0bond0 vrrp vrrp-group 1"; heap */
	char *value;			/* as given; "" = none; heap */
	char *message;			/* rule and remedy, a sentence without final dot; heap */
};

struct problems {
	struct problem *list;
	size_t count;
	size_t errors;			/* how many of them are not warnings */
	size_t silenced;		/* warnings that are not among them: nobody wants them */
};

/* Append; path and value are copied (value may be NULL). */
void problems_error(struct problems *problems, const char *number, unsigned line, const char *path,
                    const char *value, const char *format, ...) PRINTF_LIKE(6, 7);
void problems_warning(struct problems *problems, const char *number, unsigned line,
                      const char *path, const char *value, const char *format, ...)
	PRINTF_LIKE(6, 7);

/* Take out the warnings from index first on that nobody wants, and count them as silenced. */
typedef bool problems_is_unwanted(void *owner, const struct problem *warning);
void problems_silence(struct problems *problems, size_t first, problems_is_unwanted *is_unwanted,
                      void *owner);

/*
 * Thousands of groups make one advice thousands of lines: of the warnings from index first on, of
 * which more than PROBLEMS_FOLDED have the same number, only the first few stay, followed by one
 * that says how many more there are.  Errors all stay.
 */
#define PROBLEMS_FOLDED 5
void problems_fold(struct problems *problems, size_t first);

/*
 * One problem as a person reads it, on the heap, without final newline:
 *   line 12: interfaces bonding dp0bond0 vrrp vrrp-group 1 priority '255': must be 1..254 [C..]
 */
char *problem_text(const struct problem *problem);

/* Free the list and make it empty. */
void problems_done(struct problems *problems);

#endif
