/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The list of what is wrong with a configuration.  It only collects and spells; what is wrong is
 * decided by whoever adds.
 */
#include "config/problem.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static PRINTF_LIKE(7, 0) void
add(struct problems *problems, bool warning, const char *number, unsigned line, const char *path,
    const char *value, const char *format, va_list arguments)
{
	struct problem *list = realloc(problems->list, (problems->count + 1) * sizeof(*list));
	struct problem problem = { .warning = warning, .line = line };
	int length;

	assert(list);
	snprintf(problem.number, sizeof(problem.number), "%s", number);
	problem.path = strdup(path);
	problem.value = strdup(value ? value : "");
	length = vasprintf(&problem.message, format, arguments);
	assert(problem.path && problem.value && length >= 0);

	problems->list = list;
	list[problems->count++] = problem;
	problems->errors += !warning;
}

void
problems_error(struct problems *problems, const char *number, unsigned line, const char *path,
               const char *value, const char *format, ...)
{
	va_list arguments;

	va_start(arguments, format);
	add(problems, false, number, line, path, value, format, arguments);
	va_end(arguments);
}

void
problems_warning(struct problems *problems, const char *number, unsigned line, const char *path,
                 const char *value, const char *format, ...)
{
	va_list arguments;

	va_start(arguments, format);
	add(problems, true, number, line, path, value, format, arguments);
	va_end(arguments);
}

char *
problem_text(const struct problem *problem)
{
	bool has_path = problem->path[0] != '\0';
	bool has_value = problem->value[0] != '\0';
	char *text = NULL;
	size_t size;
	FILE *out = open_memstream(&text, &size);

	assert(out);
	if (problem->line)
		fprintf(out, "line %u: ", problem->line);
	fputs(problem->path, out);
	if (has_value)
		fprintf(out, "%s'%s'", has_path ? " " : "", problem->value);
	fprintf(out, "%s%s", has_path || has_value ? ": " : "", problem->message);
	if (problem->number[0] != '\0')
		fprintf(out, " [%s]", problem->number);
	fclose(out);
	assert(text);
	return text;
}

void
problems_done(struct problems *problems)
{
	for (size_t i = 0; i < problems->count; i++) {
		free(problems->list[i].path);
		free(problems->list[i].value);
		free(problems->list[i].message);
	}
	free(problems->list);
	*problems = (struct problems){ 0 };
}
