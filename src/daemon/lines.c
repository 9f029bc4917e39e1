/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Collects sentences.  It formats and joins; what they say is their writers' business.
 */
#include "daemon/lines.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

void
lines_add(char **text, const char *format, ...)
{
	char *line = NULL;
	char *longer = NULL;
	va_list arguments;

	va_start(arguments, format);
	if (vasprintf(&line, format, arguments) < 0)
		line = NULL;
	va_end(arguments);
	assert(line);
	if (asprintf(&longer, "%s%s\n", *text ? *text : "", line) < 0)
		longer = NULL;
	assert(longer);
	free(line);
	free(*text);
	*text = longer;
}

const char *
lines_or_empty(const char *text)
{
	return text ? text : "";
}

char *
lines_of_problems(const struct problems *problems, bool warnings)
{
	char *lines = NULL;

	for (size_t i = 0; i < problems->count; i++) {
		if (problems->list[i].warning != warnings)
			continue;

		char *text = problem_text(&problems->list[i]);

		lines_add(&lines, "%s", text);
		free(text);
	}
	return lines;
}

void
lines_log(enum log_level level, const char *head, const char *lines)
{
	while (*lines) {
		size_t length = strcspn(lines, "\n");

		if (length > 0)
			log_line(level, "%s: %.*s", head, (int)length, lines);
		lines += length + (lines[length] == '\n');
	}
}
