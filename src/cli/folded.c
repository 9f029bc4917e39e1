/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Decides line by line, at the width that the terminal has then: what fits stays as it is, blanks
 * included, for not every line is a sentence.
 */
#include "cli/folded.h"

#include <stdlib.h>
#include <string.h>

#include "cli/print.h"

#define LINE_MAX_BYTES 8192u

/* A whole line, without its end.  Its own indent stays. */
static void
write_line(FILE *terminal, const char *text, size_t length)
{
	size_t indent = strspn(text, " ");
	char *prefix = strndup(text, indent < length ? indent : length);
	char *line = strndup(text + strlen(prefix), length - strlen(prefix));

	assert(prefix && line);
	print_folded(terminal, prefix, line, print_width(terminal));
	free(line);
	free(prefix);
}

static ssize_t
on_write(void *cookie, const char *text, size_t size)
{
	FILE *terminal = cookie;
	const char *end = text + size;

	for (const char *at = text; at < end; ) {
		const char *newline = memchr(at, '\n', (size_t)(end - at));

		if (newline)
			write_line(terminal, at, (size_t)(newline - at));
		else
			fwrite(at, 1, (size_t)(end - at), terminal);
		at = newline ? newline + 1 : end;
	}
	fflush(terminal);
	return (ssize_t)size;
}

FILE *
folded_open(FILE *terminal)
{
	FILE *folded;

	if (print_width(terminal) == 0)
		return terminal;
	folded = fopencookie(terminal, "w", (cookie_io_functions_t){ .write = on_write });
	assert(folded);
	setvbuf(folded, NULL, _IOLBF, LINE_MAX_BYTES);
	return folded;
}
