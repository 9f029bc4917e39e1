/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Sentences for people, collected as one text on the heap, one a line; NULL is none.
 */
#ifndef TANDEM_LINES_H
#define TANDEM_LINES_H

#include "base/base.h"
#include "base/log.h"
#include "config/problem.h"

/* Append one. */
void lines_add(char **text, const char *format, ...) PRINTF_LIKE(2, 3);

/* "" for NULL. */
const char *lines_or_empty(const char *text);

/* All problems of one sort; NULL when there are none. */
char *lines_of_problems(const struct problems *problems, bool warnings);

/* Log each line, after "head: ". */
void lines_log(enum log_level level, const char *head, const char *lines);

#endif
