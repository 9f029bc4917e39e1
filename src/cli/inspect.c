/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Asks the rules of a commit here, without committing anything, and shows all that they say; a
 * commit folds warnings that repeat.  Of the service it asks only what its router is like; for a
 * file, which may be another router's, not even that.  Whether it may run is the service's to
 * decide, at the commit.
 */
#include "cli/inspect.h"

#include <stdlib.h>
#include <string.h>

#include "base/json.h"
#include "cli/candidate.h"
#include "cli/data.h"
#include "cli/file.h"
#include "cli/print.h"
#include "cli/state.h"
#include "config/check.h"
#include "config/language.h"

/* ------------------------------------------------------------------ layout */

static void
print_count(FILE *out, size_t count, const char *what)
{
	fprintf(out, "%zu %s%s", count, what, count == 1 ? "" : "s");
}

static void
print_text(FILE *out, unsigned width, const struct problems *problems)
{
	for (size_t i = 0; i < problems->count; i++) {
		char *text = problem_text(&problems->list[i]);

		print_folded(out, problems->list[i].warning ? "Warning: " : "Error: ", text,
		             width);
		free(text);
	}
	print_count(out, problems->errors, "error");
	fputs(", ", out);
	print_count(out, problems->count - problems->errors, "warning");
	if (problems->silenced > 0)
		fprintf(out, ", %zu silenced", problems->silenced);
	fputc('\n', out);
}

static void
print_member(FILE *out, const char *name, const char *value)
{
	fprintf(out, ",\"%s\":", name);
	json_string(out, value);
}

static void
print_json(FILE *out, const struct problems *problems)
{
	fputs("{\"problems\":[", out);
	for (size_t i = 0; i < problems->count; i++) {
		const struct problem *problem = &problems->list[i];

		fprintf(out, "%s\n{\"severity\":\"%s\"", i ? "," : "",
		        problem->warning ? "warning" : "error");
		print_member(out, "number", problem->number);
		if (problem->line > 0)
			fprintf(out, ",\"line\":%u", problem->line);
		print_member(out, "path", problem->path);
		print_member(out, "value", problem->value);
		print_member(out, "message", problem->message);
		fputc('}', out);
	}
	fprintf(out, "],\n\"errors\":%zu,\"warnings\":%zu,\"silenced\":%zu}\n", problems->errors,
	        problems->count - problems->errors, problems->silenced);
}

/* ------------------------------------------------------------------ checking */

/* tree: taken.  around: NULL for what may be another router's.  problems: what reading it said
 * already; emptied. */
static enum outcome
inspect(struct session *session, struct lyd_node *tree, const struct surroundings *around,
        struct problems *problems)
{
	enum outcome outcome;

	if (problems->errors == 0 &&
	    check_tree_in_full(session->schema, &tree, around, problems) < 0)
		assert(problems->errors > 0);
	lyd_free_all(tree);
	if (session->json)
		print_json(session->out, problems);
	else
		print_text(session->out, session->width, problems);
	outcome = problems->errors > 0 ? OUTCOME_FAILED :
	          problems->count > 0 ? OUTCOME_WARNED : OUTCOME_DONE;
	problems_done(problems);
	return outcome;
}

/* Does connsync, which runs there, complain of this? */
static bool
has_alarm(const struct lyd_node *connsync, const char *name)
{
	const struct lyd_node *alarm = data_child(connsync, "alarm");

	for (; alarm; alarm = data_next(alarm))
		if (strcmp(lyd_get_value(alarm), name) == 0)
			return true;
	return false;
}

/* For what shall run on the router of the service, which says what it is like there. */
static enum outcome
inspect_there(struct session *session, struct lyd_node *tree)
{
	struct lyd_node *state = state_fetch_quietly(session, "system-state");
	struct lyd_node *connsync = state_fetch_quietly(session, "connsync-state");
	const struct lyd_node *forwarding = data_child(state, "forwarding");
	const struct surroundings around = {
		.forwards4 = data_is_true(forwarding, "ipv4"),
		.forwards6 = data_is_true(forwarding, "ipv6"),
		.vmware = data_is_true(state, "under-vmware"),
		.events_off = has_alarm(connsync, "events-off"),
		.table_smaller = has_alarm(connsync, "smaller-than-peer"),
		.table_larger = has_alarm(connsync, "peer-smaller"),
	};
	struct problems problems = { 0 };
	enum outcome outcome = inspect(session, tree, forwarding ? &around : NULL, &problems);

	lyd_free_all(connsync);
	lyd_free_all(state);
	return outcome;
}

enum outcome
inspect_candidate(struct session *session, char *const arguments[] UNUSED, size_t count UNUSED)
{
	return inspect_there(session, candidate_duplicate(session->candidate->tree));
}

enum outcome
inspect_running(struct session *session, char *const arguments[] UNUSED, size_t count UNUSED)
{
	char revision[REVISION_TEXT_SIZE];
	struct lyd_node *tree;

	if (candidate_fetch(session, "", &tree, revision) != OUTCOME_DONE)
		return OUTCOME_USAGE;
	return inspect_there(session, tree);
}

enum outcome
inspect_file(struct session *session, char *const arguments[], size_t count UNUSED)
{
	struct problems problems = { 0 };
	struct lyd_node *tree = NULL;
	struct error error;
	char *text;

	if (file_read(arguments[0], &text, &error) < 0) {
		session_tell(session, &error);
		return OUTCOME_USAGE;
	}
	if (language_read(session->schema, text, &tree, &problems) < 0)
		assert(problems.errors > 0);
	free(text);
	return inspect(session, tree, NULL, &problems);
}

void
inspect_complete(struct session *session UNUSED, char *const arguments[] UNUSED,
                 size_t count UNUSED, const char *start, struct possibilities *possibilities)
{
	file_complete(start, possibilities);
}
