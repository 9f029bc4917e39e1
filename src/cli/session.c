/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Opens and closes what a user works with, and leads each command to its table: the operational
 * one, or the one of configuration mode while there is a candidate.  Also the few ways to tell a
 * user something that all commands share.
 */
#include "cli/session.h"

#include <stdlib.h>
#include <string.h>

#include "cli/candidate.h"
#include "cli/configure.h"
#include "cli/operate.h"
#include "cli/pager.h"
#include "config/language.h"
#include "config/schema.h"

int
session_open(struct session *session, const char *socket_path, const char *yang_dir,
             struct error *error)
{
	session->schema = schema_new(yang_dir, error);
	if (!session->schema)
		return error->code;
	session->client = client_new(socket_path);
	return 0;
}

void
session_close(struct session *session)
{
	candidate_free(session->candidate);
	session->candidate = NULL;
	client_free(session->client);
	schema_free(session->schema);
}

static const struct command *
current_table(const struct session *session)
{
	return session->candidate ? configure_commands : operate_commands;
}

/* Words that only say how to answer stand last: "show vrrp --json". */
static size_t
take_options(struct session *session, char *const words[], size_t count)
{
	static const char *const takers[] = { "show", "run", "compare", "monitor", "check" };
	bool takes = false;

	session->json = session->always_json;
	session->secrets = false;
	for (size_t i = 0; i < ARRAY_SIZE(takers); i++)
		takes = takes || strncmp(takers[i], words[0], strlen(words[0])) == 0;
	for (; takes && count > 1; count--) {
		if (strcmp(words[count - 1], "--json") == 0)
			session->json = true;
		else if (strcmp(words[count - 1], "--secrets") == 0)
			session->secrets = true;
		else
			break;
	}
	return count;
}

enum outcome
session_run_words(struct session *session, char *const words[], size_t count)
{
	FILE *terminal = session->out;
	enum outcome outcome;
	char *text = NULL;
	size_t length;

	if (count == 0)
		return OUTCOME_DONE;
	session->live = terminal;
	count = take_options(session, words, count);
	if (!session->page) {
		outcome = tree_run(session, current_table(session), words, count);
		fflush(session->out);	/* before what the next command says on err */
		return outcome;
	}

	session->out = open_memstream(&text, &length);
	assert(session->out);
	outcome = tree_run(session, current_table(session), words, count);
	fclose(session->out);
	session->out = terminal;
	pager_show(terminal, text);
	free(text);
	return outcome;
}

enum outcome
session_run_line(struct session *session, const char *line)
{
	enum outcome outcome;
	char **words;
	size_t count;

	if (line[strspn(line, " \t")] == '#')
		return OUTCOME_DONE;
	if (language_split(line, &words, &count) < 0) {
		fprintf(session->err, "A quote is not closed\n");
		return OUTCOME_USAGE;
	}
	outcome = session_run_words(session, words, count);
	language_free_words(words, count);
	return outcome;
}

void
session_complete_words(struct session *session, char *const words[], size_t count,
                       const char *start, struct possibilities *possibilities)
{
	tree_complete(session, current_table(session), words, count, start, possibilities);
	if (start[0] == '-' && count > 0 && strncmp("show", words[0], strlen(words[0])) == 0) {
		if (strncmp("--json", start, strlen(start)) == 0)
			possibilities_add(possibilities, "--json", NULL, "Answer in JSON");
		if (strncmp("--secrets", start, strlen(start)) == 0)
			possibilities_add(possibilities, "--secrets", NULL,
			                  "Show passwords as they are");
	}
}

void
session_complete(struct session *session, const char *line, const char *start,
                 struct possibilities *possibilities)
{
	char **words;
	size_t count;

	if (language_split(line, &words, &count) < 0)
		return;
	session_complete_words(session, words, count, start, possibilities);
	language_free_words(words, count);
}

enum outcome
session_tell(struct session *session, const struct error *error)
{
	fprintf(session->err, "tandem: %s\n", error->text);
	return OUTCOME_FAILED;
}

void
session_tell_problems(struct session *session, const char *prefix,
                      const struct problems *problems)
{
	for (size_t i = 0; i < problems->count; i++) {
		char *text = problem_text(&problems->list[i]);

		fprintf(session->err, "%s%s%s\n", prefix,
		        problems->list[i].warning ? "Warning: " : "", text);
		free(text);
	}
}

enum outcome
session_tell_refusal(struct session *session, struct answer *answer)
{
	answer_print_errors(answer, session->schema, session->err);
	answer_done(answer);
	return OUTCOME_FAILED;
}

void
session_print_json(struct session *session, const struct lyd_node *tree, uint32_t options)
{
	char *text = NULL;

	if (tree)
		(void)lyd_print_mem(&text, tree, LYD_JSON, LYD_PRINT_WITHSIBLINGS | options);
	fputs(text ? text : "{}\n", session->out);
	free(text);
}
