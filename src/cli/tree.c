/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The walk through a table of commands.  Rows are found by comparing words, which is quick enough
 * for a table that fits on two screens and leaves the table readable.  What a command does, and
 * which values an argument may have, is in the rows; nothing here knows a command by name.
 */
#include "cli/tree.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cli/output.h"
#include "cli/session.h"
#include "config/words.h"

/* One word inside a row's words; not zero-terminated. */
struct token {
	const char *text;
	size_t length;
};

static struct token
next_token(const char **at)
{
	struct token token = { .text = *at, .length = strcspn(*at, " ") };

	*at += token.length;
	*at += strspn(*at, " ");
	return token;
}

static bool
is_argument(struct token token)
{
	return token.length > 0 && token.text[0] == '<';
}

static bool
takes_the_rest(struct token token)
{
	return is_argument(token) && token.length > 4 &&
	       memcmp(token.text + token.length - 4, "...>", 4) == 0;
}

/* Does row stand directly below parent ("" = top)?  Then its last word is *ret_last. */
static bool
is_child(const struct command *row, const char *parent, struct token *ret_last)
{
	size_t length = strlen(parent);
	const char *rest = row->words;

	if (length > 0) {
		if (strncmp(rest, parent, length) != 0 || rest[length] != ' ')
			return false;
		rest += length + 1;
	}
	*ret_last = next_token(&rest);
	return ret_last->length > 0 && *rest == '\0';
}

struct walk {
	const struct command *row;	/* NULL: nothing matched yet */
	char **arguments;		/* borrowed words; the array is ours */
	size_t argument_count;
	size_t consumed;		/* words matched */
	bool rest;			/* the last argument takes all further words */
};

enum match {
	MATCH_NONE,
	MATCH_ONE,
	MATCH_MANY,
};

/* Is the word, as it stands, one of the values that this argument may have now? */
static bool
is_value(struct session *session, const struct command *argument, const struct walk *w,
         const char *word)
{
	struct possibilities values = { 0 };
	bool found = false;

	if (!session || !argument->complete)
		return false;
	argument->complete(session, w->arguments, w->argument_count, word, &values);
	for (size_t i = 0; i < values.count && !found; i++)
		found = values.list[i].word && strcmp(values.list[i].word, word) == 0;
	possibilities_done(&values);
	return found;
}

/* The row below the walk's that word means: an exact keyword, else an argument if that has this
 * value now, else the only keyword that begins so, else an argument. */
static enum match
match_word(struct session *session, const struct command table[], const struct walk *w,
           const char *word, const struct command **ret_row, struct token *ret_token)
{
	const char *parent = w->row ? w->row->words : "";
	const struct command *argument = NULL;
	struct token argument_token = { 0 };
	size_t length = strlen(word);
	unsigned found = 0;

	for (const struct command *row = table; row->words; row++) {
		struct token token;

		if (!is_child(row, parent, &token))
			continue;
		if (is_argument(token)) {
			argument = row;
			argument_token = token;
		} else if (length > 0 && length <= token.length &&
		           strncmp(token.text, word, length) == 0) {
			*ret_row = row;
			*ret_token = token;
			if (length == token.length)
				return MATCH_ONE;
			found++;
		}
	}
	if (argument && (found == 0 || is_value(session, argument, w, word))) {
		*ret_row = argument;
		*ret_token = argument_token;
		return MATCH_ONE;
	}
	return found == 0 ? MATCH_NONE : found == 1 ? MATCH_ONE : MATCH_MANY;
}

/* Walk as far as the words lead; the outcome is that of the first word that leads nowhere.
 * session may be NULL: then values of arguments are not known. */
static enum match
walk(struct session *session, const struct command table[], char *const words[], size_t count,
     struct walk *w)
{
	*w = (struct walk){ .arguments = calloc(count + 1, sizeof(char *)) };
	assert(w->arguments);
	while (w->consumed < count) {
		const struct command *row;
		struct token token;
		enum match match;

		if (w->rest) {
			w->arguments[w->argument_count++] = words[w->consumed++];
			continue;
		}
		match = match_word(session, table, w, words[w->consumed], &row, &token);
		if (match != MATCH_ONE)
			return match;
		if (is_argument(token))
			w->arguments[w->argument_count++] = words[w->consumed];
		w->rest = takes_the_rest(token);
		w->row = row;
		w->consumed++;
	}
	return MATCH_ONE;
}

static void
tell_words(FILE *to, const char *what, char *const words[], size_t good, const char *bad)
{
	fprintf(to, "%s:", what);
	for (size_t i = 0; i < good; i++)
		fprintf(to, " %s", words[i]);
	if (bad)
		fprintf(to, " [%s]", bad);
}

/* What stands below the walk's row and begins with start, after a separator; ends the line. */
static void
tell_children(FILE *to, const struct command table[], const struct walk *w, const char *start,
              const char *separator)
{
	for (const struct command *row = table; row->words; row++) {
		struct token token;

		if (!is_child(row, w->row ? w->row->words : "", &token) ||
		    strncmp(token.text, start, strlen(start)) != 0)
			continue;
		fprintf(to, "%s%.*s", separator, (int)token.length, token.text);
		separator = ", ";
	}
	fputc('\n', to);
}

/* "Ambiguous command: show [v], which may be: version, vrrp" */
static void
tell_ambiguous(struct session *session, const struct command table[], const struct walk *w,
               char *const words[])
{
	const char *word = words[w->consumed];

	tell_words(session->err, "Ambiguous command", words, w->consumed, word);
	tell_children(session->err, table, w, word, ", which may be: ");
}

/* "Incomplete command: reset vrrp, which goes on with: master" */
static void
tell_incomplete(struct session *session, const struct command table[], const struct walk *w,
                char *const words[])
{
	tell_words(session->err, "Incomplete command", words, w->consumed, NULL);
	tell_children(session->err, table, w, "", ", which goes on with: ");
}

/* The keyword below the walk's row that is nearest to the word, if one is near; heap, else NULL. */
static char *
nearest(const struct command table[], const struct walk *w, const char *word)
{
	unsigned best = strlen(word) > 4 ? 3 : 2;
	char *found = NULL;

	for (const struct command *row = table; row->words; row++) {
		struct token token;
		char *keyword;
		unsigned distance;

		if (!is_child(row, w->row ? w->row->words : "", &token) || is_argument(token))
			continue;
		keyword = strndup(token.text, token.length);
		assert(keyword);
		distance = words_distance(word, keyword, best);
		if (distance < best) {
			best = distance;
			free(found);
			found = keyword;
		} else {
			free(keyword);
		}
	}
	return found;
}

/* "Invalid command: show [vrpp], did you mean 'vrrp'?" */
static void
tell_invalid(struct session *session, const struct command table[], const struct walk *w,
             char *const words[])
{
	char *near = nearest(table, w, words[w->consumed]);

	tell_words(session->err, "Invalid command", words, w->consumed, words[w->consumed]);
	if (near)
		fprintf(session->err, ", did you mean '%s'?", near);
	else if (w->consumed == 0)
		session_tell_elsewhere(session, words[0]);
	fputc('\n', session->err);
	free(near);
}

const struct command *
tree_find(const struct command table[], char *const words[], size_t count)
{
	struct walk w;
	enum match match = walk(NULL, table, words, count, &w);

	free(w.arguments);
	return match == MATCH_ONE ? w.row : NULL;
}

enum outcome
tree_run(struct session *session, const struct command table[], char *const words[], size_t count)
{
	struct walk w;
	enum match match = walk(session, table, words, count, &w);
	enum outcome outcome = OUTCOME_USAGE;

	if (match == MATCH_MANY) {
		tell_ambiguous(session, table, &w, words);
	} else if (match == MATCH_NONE) {
		tell_invalid(session, table, &w, words);
	} else if (!w.row || !w.row->run) {
		tell_incomplete(session, table, &w, words);
	} else {
		outcome = output_run(session, w.row, w.arguments, w.argument_count);
	}
	free(w.arguments);
	return outcome;
}

void
possibilities_add(struct possibilities *possibilities, const char *word, const char *shown,
                  const char *help)
{
	struct possibility *p;

	possibilities->list = reallocarray(possibilities->list, possibilities->count + 1,
	                                   sizeof(*possibilities->list));
	assert(possibilities->list);
	p = &possibilities->list[possibilities->count++];
	p->word = word ? strdup(word) : NULL;
	p->shown = strdup(shown ? shown : word);
	p->help = strdup(help);
	assert(p->shown && p->help && (p->word || !word));
}

void
possibilities_done(struct possibilities *possibilities)
{
	for (size_t i = 0; i < possibilities->count; i++) {
		free(possibilities->list[i].word);
		free(possibilities->list[i].shown);
		free(possibilities->list[i].help);
	}
	free(possibilities->list);
	*possibilities = (struct possibilities){ 0 };
}

/* The values of an argument, with the row's help where the value brings none. */
static void
complete_argument(struct session *session, const struct command *row, const struct walk *w,
                  struct token token, const char *start, struct possibilities *possibilities)
{
	struct possibilities values = { 0 };
	char name[64];
	bool any = false;

	if (row->complete)
		row->complete(session, w->arguments, w->argument_count, start, &values);
	for (size_t i = 0; i < values.count; i++) {
		const struct possibility *v = &values.list[i];

		if (v->word && strncmp(v->word, start, strlen(start)) != 0)
			continue;
		possibilities_add(possibilities, v->word, v->shown,
		                  v->help[0] || takes_the_rest(token) ? v->help : row->help);
		any = true;
	}
	if (!any && (!row->complete || !takes_the_rest(token))) {
		snprintf(name, sizeof(name), "%.*s", (int)token.length, token.text);
		possibilities_add(possibilities, NULL, name, row->help);
	}
	possibilities_done(&values);
}

void
tree_complete(struct session *session, const struct command table[], char *const words[],
              size_t count, const char *start, struct possibilities *possibilities)
{
	struct walk w;

	if (walk(session, table, words, count, &w) != MATCH_ONE)
		goto out;
	if (start[0] == '\0' && w.row && w.row->run && !w.rest)
		possibilities_add(possibilities, NULL, "<Enter>", "Execute the command");
	if (start[0] == '\0' && w.row && w.row->run && w.row->shows != SHOWS_NOTHING &&
	    w.row->shows != SHOWS_AS_RUN)
		possibilities_add(possibilities, NULL, "|", TREE_PIPE_HELP);
	if (w.rest) {
		struct token rest = { .text = "<...>", .length = 5 };

		complete_argument(session, w.row, &w, rest, start, possibilities);
		goto out;
	}
	for (const struct command *row = table; row->words; row++) {
		struct token token;
		char word[64];

		if (!is_child(row, w.row ? w.row->words : "", &token))
			continue;
		if (is_argument(token)) {
			complete_argument(session, row, &w, token, start, possibilities);
			continue;
		}
		snprintf(word, sizeof(word), "%.*s", (int)token.length, token.text);
		if (strncmp(word, start, strlen(start)) == 0)
			possibilities_add(possibilities, word, NULL, row->help);
	}
out:
	free(w.arguments);
}
