/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Lines through pipes, each line as it comes, so that what happens now is shown now.  Nothing is
 * kept of a line that has passed.
 */
#include "cli/filter.h"

#include <stdlib.h>
#include <string.h>
#include <sys/types.h>

struct filter {
	const struct pipes *pipes;
	FILE *to;
	size_t *counts;			/* of each stage that counts */
	char *line;			/* begun and not ended yet */
	size_t length;
	size_t room;
};

/* A line reaches the stages from this one on. */
static void
pass(struct filter *filter, size_t stage, const char *line)
{
	for (; stage < filter->pipes->count; stage++) {
		const struct pipe_stage *s = &filter->pipes->stages[stage];

		if (s->kind == PIPE_COUNT) {
			filter->counts[stage]++;
			return;
		}
		if ((regexec(&s->pattern, line, 0, NULL, 0) == 0) != (s->kind == PIPE_MATCH))
			return;
	}
	fprintf(filter->to, "%s\n", line);
}

static void
put(struct filter *filter, char c)
{
	if (filter->length + 1 >= filter->room) {
		filter->room = filter->room ? 2 * filter->room : 256;
		filter->line = realloc(filter->line, filter->room);
		assert(filter->line);
	}
	filter->line[filter->length++] = c;
	filter->line[filter->length] = '\0';
}

static void
end_line(struct filter *filter)
{
	pass(filter, 0, filter->length > 0 ? filter->line : "");
	filter->length = 0;
}

static ssize_t
on_write(void *cookie, const char *text, size_t size)
{
	struct filter *filter = cookie;

	for (size_t i = 0; i < size; i++) {
		if (text[i] == '\n')
			end_line(filter);
		else
			put(filter, text[i]);
	}
	return fflush(filter->to) == 0 ? (ssize_t)size : 0;
}

static int
on_close(void *cookie)
{
	struct filter *filter = cookie;
	char number[24];

	if (filter->length > 0)
		end_line(filter);
	for (size_t i = 0; i < filter->pipes->count; i++) {
		if (filter->pipes->stages[i].kind != PIPE_COUNT)
			continue;
		snprintf(number, sizeof(number), "%zu", filter->counts[i]);
		pass(filter, i + 1, number);
	}
	free(filter->counts);
	free(filter->line);
	free(filter);
	return 0;
}

FILE *
filter_open(const struct pipes *pipes, FILE *to)
{
	static const cookie_io_functions_t functions = { .write = on_write, .close = on_close };
	struct filter *filter = calloc(1, sizeof(*filter));
	FILE *stream;

	assert(filter);
	filter->pipes = pipes;
	filter->to = to;
	filter->counts = calloc(pipes->count + 1, sizeof(*filter->counts));
	assert(filter->counts);
	stream = fopencookie(filter, "w", functions);
	assert(stream);
	return stream;
}
