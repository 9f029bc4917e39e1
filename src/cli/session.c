/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Opens and closes what a user works with, and leads each command to its table: the operational
 * one, or the one of configuration mode while there is a candidate, with the pipes behind it.  Also
 * the few ways to tell a user something that all commands share.
 */
#include "cli/session.h"

#include <stdlib.h>
#include <string.h>

#include "cli/candidate.h"
#include "cli/configure.h"
#include "cli/operate.h"
#include "cli/pipes.h"
#include "cli/print.h"
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

static enum outcome
run_pipeline(struct session *session, const struct pipeline *pipeline)
{
	struct words *command = &pipeline->parts[0];
	struct pipes pipes;
	enum outcome outcome;
	size_t count;

	if (command->count == 0 && pipeline->count == 1)
		return OUTCOME_DONE;
	if (command->count == 0) {
		fprintf(session->err, "A command must stand before '|'\n");
		return OUTCOME_USAGE;
	}
	if (!pipes_read(pipeline, &pipes, session->err))
		return OUTCOME_USAGE;
	count = take_options(session, command->list, command->count);
	session->json = (session->json || pipes.json) && !pipes.commands;
	session->commands = pipes.commands;
	session->pipes = pipeline->count > 1 ? &pipes : NULL;
	outcome = tree_run(session, current_table(session), command->list, count);
	session->pipes = NULL;
	pipes_done(&pipes);
	return outcome;
}

enum outcome
session_run_words(struct session *session, char *const words[], size_t count)
{
	struct pipeline pipeline = pipeline_of_words(words, count);
	enum outcome outcome = run_pipeline(session, &pipeline);

	pipeline_done(&pipeline);
	return outcome;
}

enum outcome
session_run_line(struct session *session, const char *line)
{
	struct pipeline pipeline;
	enum outcome outcome;
	const char *fault;

	if (line[strspn(line, " \t")] == '#')
		return OUTCOME_DONE;
	if (!pipeline_of_line(line, &pipeline, &fault)) {
		fprintf(session->err, "This line cannot be read: %s\n", fault);
		return OUTCOME_USAGE;
	}
	outcome = run_pipeline(session, &pipeline);
	pipeline_done(&pipeline);
	return outcome;
}

/* What the command before a pipe shows. */
static enum shows
what_it_shows(struct session *session, char *const words[], size_t count)
{
	const struct command *row = tree_find(current_table(session), words, count);

	if (row && row->shows == SHOWS_AS_RUN && count > 1)
		row = tree_find(operate_commands, words + 1, count - 1);
	return row ? row->shows : SHOWS_NOTHING;
}

static void
complete_options(char *const words[], size_t count, const char *start,
                 struct possibilities *possibilities)
{
	if (start[0] != '-' || count == 0 || strncmp("show", words[0], strlen(words[0])) != 0)
		return;
	if (strncmp("--json", start, strlen(start)) == 0)
		possibilities_add(possibilities, "--json", NULL, "Answer in JSON");
	if (strncmp("--secrets", start, strlen(start)) == 0)
		possibilities_add(possibilities, "--secrets", NULL, "Show passwords as they are");
}

static void
complete_pipeline(struct session *session, const struct pipeline *pipeline, const char *start,
                  struct possibilities *possibilities)
{
	struct words *command = &pipeline->parts[0];
	size_t count;

	if (pipeline->count == 1) {
		tree_complete(session, current_table(session), command->list, command->count,
		              start, possibilities);
		complete_options(command->list, command->count, start, possibilities);
	} else if (command->count > 0) {
		count = take_options(session, command->list, command->count);
		pipes_complete(pipeline, what_it_shows(session, command->list, count), start,
		               possibilities);
	}
}

void
session_complete_words(struct session *session, char *const words[], size_t count,
                       const char *start, struct possibilities *possibilities)
{
	struct pipeline pipeline = pipeline_of_words(words, count);

	complete_pipeline(session, &pipeline, start, possibilities);
	pipeline_done(&pipeline);
}

void
session_complete(struct session *session, const char *line, const char *start,
                 struct possibilities *possibilities)
{
	struct pipeline pipeline;
	const char *fault;

	if (!pipeline_of_line(line, &pipeline, &fault))
		return;
	complete_pipeline(session, &pipeline, start, possibilities);
	pipeline_done(&pipeline);
}

enum outcome
session_tell(struct session *session, const struct error *error)
{
	fprintf(session->err, "tandem: %s\n", error->text);
	return OUTCOME_FAILED;
}

void
session_tell_elsewhere(struct session *session, const char *word)
{
	char *const words[] = { (char *)word };
	const struct command *row = tree_find(session->candidate ? operate_commands
	                                                         : configure_commands, words, 1);

	if (row && session->candidate)
		fprintf(session->err, ": in configuration mode it is 'run %s'", row->words);
	else if (row)
		fprintf(session->err, ": it is for configuration mode, which 'configure' "
		        "enters");
}

void
session_tell_problems(struct session *session, const char *prefix,
                      const struct problems *problems)
{
	for (size_t i = 0; i < problems->count; i++) {
		char *text = problem_text(&problems->list[i]), *start;

		if (asprintf(&start, "%s%s", prefix,
		             problems->list[i].warning ? "Warning: " : "") < 0)
			assert(!"there is memory for a prefix");
		print_sentence(session->err, start, text);
		free(start);
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
