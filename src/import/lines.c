/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * From files to lines.  A line is looked at in this order, as keepalived does: comment, condition,
 * definition, sequence, inclusion, substitution; what a substitution made is looked at again.
 * Everything that can grow without end is limited: the nesting, the lines, the bytes.
 */
#include "import/lines.h"

#include <ctype.h>
#include <errno.h>
#include <glob.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/utsname.h>

#include "import/lines_repeat.h"

#define LENGTH_MAX 65536u		/* bytes of a line in a file */
#define CONTINUED_MAX (16u * LENGTH_MAX)	/* ... of one that goes on with a backslash */
#define FILES_DEEP_MAX 16u		/* files that include each other */
#define SUBSTITUTED_MAX 64u		/* how often one line is substituted */
#define STEPS_MAX 1000000u		/* lines looked at */
#define BYTES_MAX ((size_t)64 << 20)	/* of all substitutions */

struct definition {
	char *name;
	char *value;
};

/* A file being read, and by which it was included. */
struct reading {
	const char *path;
	unsigned number;
	unsigned deep;
	const struct reading *includer;
};

struct lines {
	struct findings *findings;
	lines_take *take;
	void *owner;
	char *id;
	char *instance;
	bool alone;
	struct definition *definitions;
	size_t definition_count;
	size_t steps;
	size_t bytes;
	bool failed;
	bool guessed;			/* the id, and nobody was told */
};

static void look_at(struct lines *lines, const struct reading *reading, unsigned line, char *text,
                    unsigned depth);
static void read_file(struct lines *lines, const char *path, const struct reading *includer,
                      unsigned line);

static void fail(struct lines *lines, struct place place, const char *format, ...)
	PRINTF_LIKE(3, 4);

/* The first fault ends it. */
static void
fail(struct lines *lines, struct place place, const char *format, ...)
{
	va_list arguments;
	char text[512];

	if (lines->failed)
		return;
	va_start(arguments, format);
	vsnprintf(text, sizeof(text), format, arguments);
	va_end(arguments);
	findings_add(lines->findings, FINDING_FAULT, place, NULL, "%s", text);
	lines->failed = true;
}

/* ------------------------------------------------------------------ definitions */

static size_t
name_length(const char *text)
{
	size_t length = 0;

	if (isdigit((unsigned char)text[0]))
		return 0;
	while (isalnum((unsigned char)text[length]) || text[length] == '_')
		length++;
	return length;
}

static struct definition *
find_definition(struct lines *lines, const char *name, size_t length)
{
	for (size_t i = 0; i < lines->definition_count; i++) {
		struct definition *definition = &lines->definitions[i];

		if (strlen(definition->name) == length &&
		    memcmp(definition->name, name, length) == 0)
			return definition;
	}
	return NULL;
}

static void
define(struct lines *lines, const char *name, size_t length, const char *value)
{
	struct definition *definition = find_definition(lines, name, length);

	if (!definition) {
		lines->definitions = realloc(lines->definitions, (lines->definition_count + 1) *
		                                                 sizeof(*lines->definitions));
		assert(lines->definitions);
		definition = &lines->definitions[lines->definition_count++];
		definition->name = strndup(name, length);
		definition->value = NULL;
		assert(definition->name);
	}
	free(definition->value);
	definition->value = strdup(value);
	assert(definition->value);
}

/* "$NAME=": the length of the name, or 0. */
static size_t
defines(const char *text)
{
	size_t length = text[0] == '$' ? name_length(text + 1) : 0;

	return length && text[1 + length] == '=' ? length : 0;
}

/* The value of what is written ${NAME}; NULL when it is not known. */
static const char *
value_of(struct lines *lines, const struct reading *reading, const char *name, size_t length,
         char directory[static 4096])
{
	const struct definition *definition = find_definition(lines, name, length);
	const char *slash = strrchr(reading->path, '/');

	if (definition)
		return definition->value;
	if (length == 5 && memcmp(name, "_HASH", 5) == 0)
		return "#";
	if (length == 5 && memcmp(name, "_BANG", 5) == 0)
		return "!";
	if (length == 9 && memcmp(name, "_INSTANCE", 9) == 0)
		return lines->instance;
	if (length != 4 || memcmp(name, "_PWD", 4) != 0)
		return NULL;
	if (!slash)
		return ".";
	snprintf(directory, 4096, "%.*s", slash == reading->path ? 1 : (int)(slash - reading->path),
	         reading->path);
	return directory;
}

/* Replace every parameter once; NULL when there is none. */
static char *
substitute(struct lines *lines, const struct reading *reading, const char *text)
{
	char directory[4096], *result = NULL;
	bool changed = false;
	size_t size = 0;
	FILE *out;

	if (!strchr(text, '$'))
		return NULL;
	out = open_memstream(&result, &size);
	assert(out);
	for (const char *at = text; *at;) {
		bool braces = at[0] == '$' && at[1] == '{';
		const char *name = at + (braces ? 2 : 1), *value = NULL;
		size_t length = at[0] == '$' ? name_length(name) : 0;
		char end = length ? name[length] : '\0';

		if (length && (braces ? end == '}' : end == '\0' || isspace((unsigned char)end)))
			value = value_of(lines, reading, name, length, directory);
		if (value) {
			fputs(value, out);
			at = name + length + braces;
			changed = true;
		} else {
			fputc(*at++, out);
		}
	}
	fclose(out);
	assert(result);
	if (changed)
		return result;
	free(result);
	return NULL;
}

/* ------------------------------------------------------------------ conditions, inclusions */

/* "@word " or "@^word " at the start: is the rest for us?  *text moves to the rest. */
static bool
applies(struct lines *lines, char **text, struct place place)
{
	char *word = *text + 1;
	bool negative = word[0] == '^', same;
	size_t length;

	word += negative;
	length = strcspn(word, " \t\n");
	same = strlen(lines->id) == length && memcmp(word, lines->id, length) == 0;
	*text = word + length + strspn(word + length, " \t");
	if (lines->guessed)
		findings_add(lines->findings, FINDING_DIFFERS, place, NULL,
		             "lines that begin with @ were read as the router '%s' reads them; to "
		             "read them as another, name that behind the file", lines->id);
	lines->guessed = false;
	return same != negative;
}

static bool
is_inclusion(const char *text, const char **ret_pattern)
{
	static const char variants[] = "rmwba";

	if (strncmp(text, "include", 7) != 0)
		return false;
	text += 7;
	if (*text && strchr(variants, *text))
		text++;
	if (*text != ' ' && *text != '\t')
		return false;
	*ret_pattern = text + strspn(text, " \t");
	return true;
}

static void
include(struct lines *lines, const struct reading *reading, unsigned line, const char *pattern)
{
	struct place place = { reading->number, line };
	const char *slash = strrchr(reading->path, '/');
	int folder = slash && pattern[0] != '/' ? (int)(slash - reading->path) + 1 : 0;
	bool quoted = pattern[0] == '"' || pattern[0] == '\'';
	int length = (int)strlen(pattern);
	char path[4096];
	glob_t found;

	if (quoted && length > 1 && pattern[length - 1] == pattern[0]) {
		pattern++;
		length -= 2;
	}
	if (lines->alone || folder + length >= (int)sizeof(path)) {
		findings_add(lines->findings, FINDING_LEFT, place, "include",
		             "no other file is read");
		return;
	}
	snprintf(path, sizeof(path), "%.*s%.*s", folder, reading->path, length, pattern);
	if (glob(path, GLOB_BRACE, NULL, &found) != 0) {
		bool open_end = strpbrk(pattern, "*?[") != NULL;

		findings_add(lines->findings, open_end ? FINDING_UNNEEDED : FINDING_LEFT, place,
		             "include", "there is no file %s; import on the router that has it, "
		             "or copy it here", path);
		return;
	}
	for (size_t i = 0; i < found.gl_pathc && !lines->failed; i++)
		read_file(lines, found.gl_pathv[i], reading, line);
	globfree(&found);
}

/* ------------------------------------------------------------------ lines */

/* What is made of other text is limited as a whole. */
static void
count_bytes(struct lines *lines, struct place place, const char *text)
{
	lines->bytes += strlen(text);
	if (lines->bytes > BYTES_MAX)
		fail(lines, place, "the parameters make more than %zu MB of text; that is no "
		                   "configuration", BYTES_MAX >> 20);
}

/* The same line once for each value: what lines_repeat found. */
static void
repeat(struct lines *lines, const struct reading *reading, unsigned line,
       const struct lines_repeat *times, const char *rest, unsigned depth)
{
	for (size_t round = 0; round < times->rounds && !lines->failed; round++) {
		char *copy = strdup(rest);

		assert(copy);
		count_bytes(lines, (struct place){ reading->number, line }, copy);
		for (size_t i = 0; i < times->width; i++) {
			char value[LINES_REPEAT_VALUE_SIZE];

			lines_repeat_value(times, round, i, value);
			define(lines, times->names[i], strlen(times->names[i]), value);
		}
		look_at(lines, reading, line, copy, depth + 1);
		free(copy);
	}
}

static void
look_at_each(struct lines *lines, const struct reading *reading, unsigned line, char *text,
             unsigned depth)
{
	char *part;

	while ((part = strsep(&text, "\n")) && !lines->failed)
		look_at(lines, reading, line, part, depth);
}

static void
look_at(struct lines *lines, const struct reading *reading, unsigned line, char *text,
        unsigned depth)
{
	struct place place = { reading->number, line };
	struct lines_repeat times;
	const char *pattern, *rest;
	char *substituted;
	size_t length;
	int r;

	if (++lines->steps > STEPS_MAX)
		fail(lines, place, "this makes more than %u lines; that is no configuration",
		     STEPS_MAX);
	if (depth > SUBSTITUTED_MAX)
		fail(lines, place, "the parameters of this line contain each other");
	if (lines->failed)
		return;
	text += strspn(text, " \t");
	while (text[0] == '@') {
		if (!applies(lines, &text, place))
			return;
	}
	length = defines(text);
	if (length) {
		define(lines, text + 1, length, text + 1 + length + 1);
		return;
	}
	r = lines_repeat_read(text, &times, &rest);
	if (r < 0)
		fail(lines, place, "this sequence is not understood: it is written ~SEQ(name, "
		                   "first, step, last) or ~LST(name, value, value)");
	if (r > 0) {
		repeat(lines, reading, line, &times, rest, depth);
		lines_repeat_done(&times);
	}
	if (r != 0 || text[0] == '\0')
		return;
	if (is_inclusion(text, &pattern)) {
		include(lines, reading, line, pattern);
		return;
	}
	substituted = substitute(lines, reading, text);
	if (!substituted) {
		lines->take(lines->owner, place, text);
		return;
	}
	count_bytes(lines, place, substituted);
	look_at_each(lines, reading, line, substituted, depth + 1);
	free(substituted);
}

/* Cut the comment and what is blank before it; quotes keep # and !. */
static void
cut_comment(char *text)
{
	size_t end = 0;
	char quote = '\0';

	for (char *at = text; *at; at++) {
		if (at[0] == '\\' && at[1]) {
			at++;
		} else if (quote) {
			quote = *at == quote ? '\0' : quote;
		} else if (*at == '"' || *at == '\'') {
			quote = *at;
		} else if (*at == '#' || *at == '!') {
			break;
		}
		if (!isspace((unsigned char)*at))
			end = (size_t)(at - text) + 1;
	}
	text[end] = '\0';
}

/* Is this, behind its conditions, the start of a definition?  Then a backslash keeps its lines. */
static bool
begins_definition(const char *text)
{
	text += strspn(text, " \t");
	while (text[0] == '@') {
		text += strcspn(text, " \t");
		text += strspn(text, " \t");
	}
	return defines(text) > 0;
}

/* One line of the file without its comment, heap; moves *at.  NULL with a fault. */
static char *
next_line(struct lines *lines, const char **at, struct place place)
{
	size_t length = strcspn(*at, "\n");
	char *text;

	if (length > LENGTH_MAX) {
		fail(lines, place, "the line is longer than %u bytes; that is no configuration",
		     LENGTH_MAX);
		return NULL;
	}
	text = strndup(*at, length);
	assert(text);
	*at += length + ((*at)[length] == '\n');
	cut_comment(text);
	return text;
}

/* A line with those that continue it, heap; moves *at and *number, the line last read. */
static char *
logical_line(struct lines *lines, const struct reading *reading, const char **at,
             unsigned *number)
{
	bool goes_on = true, definition = false;
	char *text = NULL;
	size_t size = 0;
	FILE *out = open_memstream(&text, &size);

	assert(out);
	for (unsigned count = 0; goes_on && !lines->failed; count++) {
		struct place place = { reading->number, ++*number };
		char *line = next_line(lines, at, place);
		size_t length = line ? strlen(line) : 0;

		if (count == 0)
			definition = line && begins_definition(line);
		goes_on = length > 0 && line[length - 1] == '\\' && **at;
		length -= goes_on;
		while (length > 0 && isspace((unsigned char)line[length - 1]))
			length--;
		if (length)
			fwrite(line, 1, length, out);
		if (goes_on)
			fputc(definition ? '\n' : ' ', out);
		if (ftell(out) > (long)CONTINUED_MAX)
			fail(lines, place, "the line goes on for more than %u bytes; that is no "
			                   "configuration", CONTINUED_MAX);
		free(line);
	}
	fclose(out);
	assert(text);
	return text;
}

static void
read_text(struct lines *lines, const struct reading *reading, const char *text)
{
	unsigned number = 0;

	while (*text && !lines->failed) {
		unsigned first = number + 1;
		char *line = logical_line(lines, reading, &text, &number);

		look_at(lines, reading, first, line, 0);
		free(line);
	}
}

static void
read_file(struct lines *lines, const char *path, const struct reading *includer, unsigned line)
{
	struct reading reading = {
		.path = path,
		.number = findings_file(lines->findings, path),
		.deep = includer->deep + 1,
		.includer = includer,
	};
	struct place place = { includer->number, line };
	struct error error;
	char *text;

	for (const struct reading *above = includer; above; above = above->includer) {
		if (strcmp(above->path, path) == 0) {
			fail(lines, place, "%s includes itself, perhaps by way of others", path);
			return;
		}
	}
	if (reading.deep > FILES_DEEP_MAX) {
		fail(lines, place, "more than %u files include each other", FILES_DEEP_MAX);
		return;
	}
	if (source_read(path, &text, &error) < 0) {
		findings_add(lines->findings, FINDING_LEFT, place, "include",
		             "cannot read %s: %s", path, error.text);
		return;
	}
	read_text(lines, &reading, text);
	free(text);
}

int
lines_read(const struct source *source, struct findings *findings, lines_take *take, void *owner)
{
	struct reading reading = {
		.path = source->path, .number = findings_file(findings, source->path),
	};
	struct lines lines = {
		.findings = findings, .take = take, .owner = owner, .alone = source->alone,
	};
	struct utsname host = { 0 };
	char *text = NULL;
	struct error error;

	(void)uname(&host);
	lines.guessed = !source->id;
	lines.instance = strdup(source->id ? source->id : host.nodename);
	lines.id = strndup(lines.instance, strcspn(lines.instance, "."));
	assert(lines.instance && lines.id);
	if (source->text)
		read_text(&lines, &reading, source->text);
	else if (source_read(source->path, &text, &error) < 0)
		fail(&lines, (struct place){ reading.number, 0 }, "%s", error.text);
	else
		read_text(&lines, &reading, text);
	for (size_t i = 0; i < lines.definition_count; i++) {
		free(lines.definitions[i].name);
		free(lines.definitions[i].value);
	}
	free(lines.definitions);
	free(lines.instance);
	free(lines.id);
	free(text);
	return lines.failed ? -EINVAL : 0;
}
