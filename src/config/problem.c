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
	struct problem problem = { .warning = warning, .line = line };
	size_t count = problems->count;
	int length;

	/* There is room up to the next power of two, as a large tree gives many thousands. */
	if ((count & (count - 1)) == 0)
		problems->list = reallocarray(problems->list, count == 0 ? 1 : 2 * count,
		                              sizeof(*problems->list));
	assert(problems->list);
	snprintf(problem.number, sizeof(problem.number), "%s", number);
	problem.path = strdup(path);
	problem.value = strdup(value ? value : "");
	length = vasprintf(&problem.message, format, arguments);
	assert(problem.path && problem.value && length >= 0);

	problems->list[problems->count++] = problem;
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

static void
done(struct problem *problem)
{
	free(problem->path);
	free(problem->value);
	free(problem->message);
}

void
problems_silence(struct problems *problems, size_t first, problems_is_unwanted *is_unwanted,
                 void *owner)
{
	size_t kept = first;

	for (size_t i = first; i < problems->count; i++) {
		struct problem *problem = &problems->list[i];

		if (problem->warning && is_unwanted(owner, problem)) {
			done(problem);
			problems->silenced++;
		} else {
			problems->list[kept++] = *problem;
		}
	}
	problems->count = kept;
}

#define NUMBERS_MAX 64			/* there are fewer rules that warn */
#define SHOWN 3

struct tally {
	char number[8];
	size_t count, seen;
};

static struct tally *
tally_of(struct tally *tallies, const struct problem *problem)
{
	size_t i = 0;

	while (tallies[i].count && strcmp(tallies[i].number, problem->number) != 0)
		i++;
	assert(i < NUMBERS_MAX);
	memcpy(tallies[i].number, problem->number, sizeof(tallies[i].number));
	return &tallies[i];
}

/* In place of the first that does not stay. */
static void
become_rest(struct problem *problem, size_t count)
{
	struct problem rest = { .warning = true };

	memcpy(rest.number, problem->number, sizeof(rest.number));
	rest.path = strdup("");
	rest.value = strdup("");
	if (asprintf(&rest.message, "and %zu more like this", count) < 0)
		rest.message = NULL;
	assert(rest.path && rest.value && rest.message);
	done(problem);
	*problem = rest;
}

void
problems_fold(struct problems *problems, size_t first)
{
	struct tally tallies[NUMBERS_MAX + 1] = { 0 };
	size_t kept = first;

	for (size_t i = first; i < problems->count; i++) {
		if (problems->list[i].warning)
			tally_of(tallies, &problems->list[i])->count++;
	}
	for (size_t i = first; i < problems->count; i++) {
		struct problem *problem = &problems->list[i];
		struct tally *tally = problem->warning ? tally_of(tallies, problem) : NULL;

		if (tally && tally->count > PROBLEMS_FOLDED && tally->seen++ >= SHOWN) {
			if (tally->seen > SHOWN + 1) {
				done(problem);
				continue;
			}
			become_rest(problem, tally->count - SHOWN);
		}
		problems->list[kept++] = *problem;
	}
	problems->count = kept;
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
	for (size_t i = 0; i < problems->count; i++)
		done(&problems->list[i]);
	free(problems->list);
	*problems = (struct problems){ 0 };
}
