/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The head of a stored configuration, as comments of the language: one fact a line, in any order,
 * up to the first line that is none.  Lines of a later version that are not known here are skipped.
 */
#include "config/note.h"

#include <ctype.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define MARK "# tandem "

/* Control characters would end the line, or worse the terminal's patience. */
static void
print_line(FILE *out, const char *name, const char *text)
{
	if (text[0] == '\0')
		return;
	fprintf(out, MARK "%s ", name);
	for (; *text; text++)
		fputc(iscntrl((unsigned char)*text) ? ' ' : *text, out);
	fputc('\n', out);
}

void
note_print(const struct note *note, char text[NOTE_TEXT_MAX])
{
	FILE *out = fmemopen(text, NOTE_TEXT_MAX, "w");

	assert(out);
	fprintf(out, MARK "revision %" PRIu64 "\n", note->revision);
	fprintf(out, MARK "time %" PRId64 "\n", note->time);
	print_line(out, "user", note->user);
	print_line(out, "via", note->via);
	print_line(out, "comment", note->comment);
	if (note->trial.seconds)
		fprintf(out, MARK "trial %u %" PRIu64 " %" PRId64 "\n", note->trial.seconds,
		        note->trial.returns_to, note->trial.deadline);
	fclose(out);
}

static void
take_text(const char *value, size_t length, char *text, size_t size)
{
	snprintf(text, size, "%.*s", (int)length, value);
}

static void
take_line(struct note *note, const char *line, size_t length)
{
	const char *blank = memchr(line, ' ', length);
	const char *value = blank ? blank + 1 : line + length;
	size_t name = blank ? (size_t)(blank - line) : length;
	size_t rest = length - (size_t)(value - line);

	if (name == 8 && memcmp(line, "revision", 8) == 0)
		note->revision = strtoull(value, NULL, 10);
	else if (name == 4 && memcmp(line, "time", 4) == 0)
		note->time = strtoll(value, NULL, 10);
	else if (name == 4 && memcmp(line, "user", 4) == 0)
		take_text(value, rest, note->user, sizeof(note->user));
	else if (name == 3 && memcmp(line, "via", 3) == 0)
		take_text(value, rest, note->via, sizeof(note->via));
	else if (name == 7 && memcmp(line, "comment", 7) == 0)
		take_text(value, rest, note->comment, sizeof(note->comment));
	else if (name == 5 && memcmp(line, "trial", 5) == 0 &&
	         sscanf(value, "%u %" SCNu64 " %" SCNd64, &note->trial.seconds,
	                &note->trial.returns_to, &note->trial.deadline) != 3)
		note->trial = (struct trial){ 0 };
}

bool
note_parse(const char *text, struct note *ret_note)
{
	struct note note = { 0 };

	while (strncmp(text, MARK, strlen(MARK)) == 0) {
		size_t length = strcspn(text, "\n");

		take_line(&note, text + strlen(MARK), length - strlen(MARK));
		text += length + (text[length] == '\n');
	}
	*ret_note = note;
	return note.revision > 0;
}
