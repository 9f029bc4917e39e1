/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The pipes: one table that reading, "?" and Tab follow.  A pipe's word may be shortened as long as
 * it stays unique, like those of commands.
 */
#include "cli/pipes.h"

#include <stdlib.h>
#include <string.h>

static const struct pipe_word {
	const char *word;
	const char *help;
	enum pipe_kind kind;
} pipe_words[] = {
	{ "commands", "Configuration as set commands", PIPE_COMMANDS },
	{ "count", "Count the lines", PIPE_COUNT },
	{ "json", "Answer in JSON", PIPE_JSON },
	{ "match", "Only lines in which a pattern is found", PIPE_MATCH },
	{ "more", "Page by page, on a terminal", PIPE_MORE },
	{ "no-match", "Only lines in which a pattern is not found", PIPE_NO_MATCH },
	{ "no-more", "Never page by page", PIPE_NO_MORE },
};

#define PATTERN_HELP "POSIX extended regular expression; upper and lower case differ"

/* ---- a line in parts ------------------------------------------------------------------------ */

static struct words *
add_part(struct pipeline *pipeline)
{
	pipeline->parts = reallocarray(pipeline->parts, pipeline->count + 1,
	                               sizeof(*pipeline->parts));
	assert(pipeline->parts);
	pipeline->parts[pipeline->count] = (struct words){ 0 };
	return &pipeline->parts[pipeline->count++];
}

bool
pipeline_of_line(const char *line, struct pipeline *ret, const char **ret_fault)
{
	struct words_scanner scanner = words_over(line);
	enum words_token token;
	struct words *part;

	*ret = (struct pipeline){ 0 };
	part = add_part(ret);
	scanner.pipes = true;
	while ((token = words_next(&scanner)) == WORDS_WORD || token == WORDS_PIPE) {
		if (token == WORDS_PIPE)
			part = add_part(ret);
		else
			words_add(part, scanner.word);
	}
	words_done(&scanner);
	if (token != WORDS_FAULT)
		return true;
	*ret_fault = scanner.fault;
	pipeline_done(ret);
	return false;
}

struct pipeline
pipeline_of_words(char *const words[], size_t count)
{
	struct pipeline pipeline = { 0 };
	struct words *part = add_part(&pipeline);

	for (size_t i = 0; i < count; i++) {
		if (strcmp(words[i], "|") == 0)
			part = add_part(&pipeline);
		else
			words_add(part, words[i]);
	}
	return pipeline;
}

void
pipeline_done(struct pipeline *pipeline)
{
	for (size_t i = 0; i < pipeline->count; i++)
		words_free(&pipeline->parts[i]);
	free(pipeline->parts);
	*pipeline = (struct pipeline){ 0 };
}

/* ---- understanding -------------------------------------------------------------------------- */

static bool
begins(const char *word, const char *start)
{
	return strncmp(word, start, strlen(start)) == 0;
}

/* Every row that the word may mean, after before; "" when none does. */
static void
print_choices(FILE *err, const char *before, const char *word)
{
	for (size_t i = 0; i < ARRAY_SIZE(pipe_words); i++) {
		if (!begins(pipe_words[i].word, word))
			continue;
		fprintf(err, "%s%s", before, pipe_words[i].word);
		before = ", ";
	}
	fputc('\n', err);
}

/* The row of a word that is unique, or NULL. */
static const struct pipe_word *
find_word(const char *word)
{
	const struct pipe_word *found = NULL;

	for (size_t i = 0; i < ARRAY_SIZE(pipe_words); i++) {
		if (!begins(pipe_words[i].word, word))
			continue;
		if (strcmp(pipe_words[i].word, word) == 0)
			return &pipe_words[i];
		if (found)
			return NULL;
		found = &pipe_words[i];
	}
	return found;
}

static const struct pipe_word *
find_or_tell(const struct words *part, FILE *err)
{
	const struct pipe_word *row = NULL;
	bool any = false;

	if (part->count == 0) {
		print_choices(err, "Nothing follows '|', which may be followed by: ", "");
		return NULL;
	}
	row = find_word(part->list[0]);
	for (size_t i = 0; !row && i < ARRAY_SIZE(pipe_words); i++)
		any = any || begins(pipe_words[i].word, part->list[0]);
	if (!row && any) {
		fprintf(err, "Ambiguous command: | [%s]", part->list[0]);
		print_choices(err, ", which may be: ", part->list[0]);
	} else if (!row) {
		fprintf(err, "Invalid command: | [%s]", part->list[0]);
		print_choices(err, ", but '|' may be followed by: ", "");
	}
	return row;
}

static bool
takes_pattern(const struct pipe_word *row)
{
	return row->kind == PIPE_MATCH || row->kind == PIPE_NO_MATCH;
}

static bool
has_right_words(const struct words *part, const struct pipe_word *row, FILE *err)
{
	if (part->count == 1 + (size_t)takes_pattern(row))
		return true;
	if (!takes_pattern(row))
		fprintf(err, "Nothing may follow '| %s' but another '|', not '%s'\n", row->word,
		        part->list[1]);
	else if (part->count == 1)
		fprintf(err, "A pattern must follow '| %s', such as '| %s MASTER'\n", row->word,
		        row->word);
	else
		fprintf(err, "One pattern must follow '| %s'; put quotes around one of several "
		        "words\n", row->word);
	return false;
}

static bool
add_stage(struct pipes *pipes, const struct words *part, const struct pipe_word *row, FILE *err)
{
	struct pipe_stage stage = { .kind = row->kind };
	char why[128];
	int r = 0;

	if (takes_pattern(row))
		r = regcomp(&stage.pattern, part->list[1], REG_EXTENDED | REG_NOSUB);
	if (r != 0) {
		regerror(r, &stage.pattern, why, sizeof(why));
		fprintf(err, "'%s' is no regular expression: %s; a backslash before a character "
		        "takes its meaning away, in single quotes\n", part->list[1], why);
		return false;
	}
	pipes->stages = reallocarray(pipes->stages, pipes->count + 1, sizeof(stage));
	assert(pipes->stages);
	pipes->stages[pipes->count++] = stage;
	return true;
}

/* json and commands say how the command answers: no pipe stands before them. */
static bool
add_form(struct pipes *pipes, const struct pipe_word *row, FILE *err)
{
	if (pipes->count > 0) {
		fprintf(err, "'| %s' stands right behind the command, before other pipes\n",
		        row->word);
		return false;
	}
	pipes->json = pipes->json || row->kind == PIPE_JSON;
	pipes->commands = pipes->commands || row->kind == PIPE_COMMANDS;
	if (pipes->json && pipes->commands) {
		fprintf(err, "An answer is either in JSON or in set commands: leave out '| json' "
		        "or '| commands'\n");
		return false;
	}
	return true;
}

static bool
add(struct pipes *pipes, const struct words *part, FILE *err)
{
	const struct pipe_word *row = find_or_tell(part, err);

	if (!row || !has_right_words(part, row, err))
		return false;
	switch (row->kind) {
	case PIPE_MATCH:
	case PIPE_NO_MATCH:
	case PIPE_COUNT:
		return add_stage(pipes, part, row, err);
	case PIPE_JSON:
	case PIPE_COMMANDS:
		return add_form(pipes, row, err);
	case PIPE_MORE:
		pipes->paging = PAGING_ALWAYS;
		break;
	case PIPE_NO_MORE:
		pipes->paging = PAGING_NEVER;
		break;
	}
	return true;
}

bool
pipes_read(const struct pipeline *pipeline, struct pipes *ret, FILE *err)
{
	*ret = (struct pipes){ 0 };
	for (size_t i = 1; i < pipeline->count; i++) {
		if (!add(ret, &pipeline->parts[i], err)) {
			pipes_done(ret);
			return false;
		}
	}
	return true;
}

void
pipes_done(struct pipes *pipes)
{
	for (size_t i = 0; i < pipes->count; i++)
		if (pipes->stages[i].kind != PIPE_COUNT)
			regfree(&pipes->stages[i].pattern);
	free(pipes->stages);
	*pipes = (struct pipes){ 0 };
}

/* ---- which pipe behind which command -------------------------------------------------------- */

static bool
fits(enum pipe_kind kind, enum shows shows)
{
	switch (kind) {
	case PIPE_COMMANDS:
		return shows == SHOWS_CONFIGURATION;
	case PIPE_JSON:
		return shows == SHOWS_CONFIGURATION || shows == SHOWS_DATA ||
		       shows == SHOWS_EVENTS;
	case PIPE_MORE:
	case PIPE_NO_MORE:
		return shows != SHOWS_NOTHING && shows != SHOWS_EVENTS;
	default:
		return shows != SHOWS_NOTHING;
	}
}

bool
pipes_fit(const struct pipes *pipes, enum shows shows, const char *command, FILE *err)
{
	int length = (int)strcspn(command, "<");

	while (length > 0 && command[length - 1] == ' ')
		length--;
	if (!pipes)
		return true;
	if (shows == SHOWS_NOTHING)
		fprintf(err, "No '|' may follow '%.*s', which shows nothing; put quotes around "
		        "one that is a value\n", length, command);
	else if (pipes->json && !fits(PIPE_JSON, shows))
		fprintf(err, "'%.*s' cannot answer in JSON\n", length, command);
	else if (pipes->commands && !fits(PIPE_COMMANDS, shows))
		fprintf(err, "'%.*s' shows no configuration: '| commands' may follow "
		        "'show configuration', and 'show' in configuration mode\n", length,
		        command);
	else if (pipes->paging != PAGING_AS_NEEDED && !fits(PIPE_MORE, shows))
		fprintf(err, "'%.*s' shows things as they happen: there are no pages\n", length,
		        command);
	else
		return true;
	return false;
}

void
pipes_complete(const struct pipeline *pipeline, enum shows shows, const char *start,
               struct possibilities *possibilities)
{
	const struct words *part = &pipeline->parts[pipeline->count - 1];
	const struct pipe_word *row = part->count > 0 ? find_word(part->list[0]) : NULL;

	if (part->count == 0) {
		for (size_t i = 0; i < ARRAY_SIZE(pipe_words); i++) {
			if (fits(pipe_words[i].kind, shows) && begins(pipe_words[i].word, start))
				possibilities_add(possibilities, pipe_words[i].word, NULL,
				                  pipe_words[i].help);
		}
	} else if (row && part->count == 1 && takes_pattern(row)) {
		possibilities_add(possibilities, NULL, "<pattern>", PATTERN_HELP);
	} else if (row && start[0] == '\0') {
		possibilities_add(possibilities, NULL, "<Enter>", "Execute the command");
		possibilities_add(possibilities, NULL, "|", TREE_PIPE_HELP);
	}
}
