/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Shows, compares and brings back revisions.  A number means what it meant in the service's answer
 * that it is looked up in; what was found is named by its revision, which never changes.
 */
#include "base/duration.h"
#include "base/json.h"
#include "cli/revisions.h"

#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "cli/candidate.h"
#include "cli/data.h"
#include "cli/print.h"
#include "config/language.h"

static struct lyd_node *
fetch(struct session *session, bool quietly)
{
	struct lyd_node *tree = NULL;
	struct answer answer;
	struct error error;

	if (client_get(session->client, "data/tandem-state:commit-state", &answer, &error) < 0) {
		if (!quietly)
			session_tell(session, &error);
		return NULL;
	}
	if (answer.status != 200) {
		if (!quietly)
			session_tell_refusal(session, &answer);
		else
			answer_done(&answer);
		return NULL;
	}
	if (lyd_parse_data_mem(session->schema, answer.body, LYD_JSON, LYD_PARSE_ONLY, 0, &tree) !=
	    LY_SUCCESS && !quietly)
		fprintf(session->err, "tandem: the service's answer is not understood: %s\n",
		        ly_errmsg(session->schema));
	answer_done(&answer);
	return tree;
}

struct lyd_node *
revisions_fetch(struct session *session)
{
	return fetch(session, false);
}

struct lyd_node *
revisions_fetch_quietly(struct session *session)
{
	return fetch(session, true);
}

const struct lyd_node *
revisions_find(const struct lyd_node *state, const char *revision)
{
	const struct lyd_node *entry = data_child(state, "commit");

	while (entry && strcmp(data_text(entry, "revision"), revision) != 0)
		entry = data_next(entry);
	return entry;
}

static const struct lyd_node *
find_number(const struct lyd_node *state, uint64_t number)
{
	const struct lyd_node *entry = data_child(state, "commit");

	while (entry && data_number(entry, "number") != number)
		entry = data_next(entry);
	return entry;
}

static const char *
when(const struct lyd_node *node, const char *leaf, char text[32])
{
	time_t seconds = (time_t)data_number(node, leaf);
	struct tm parts;

	if (!localtime_r(&seconds, &parts) || strftime(text, 32, "%Y-%m-%d %H:%M:%S", &parts) == 0)
		text[0] = '\0';
	return text;
}

const char *
revisions_sentence(const struct lyd_node *state, const char *revision,
                   char text[REVISIONS_TEXT_SIZE])
{
	const struct lyd_node *entry = revisions_find(state, revision);
	const char *comment = data_text(entry, "comment");
	char time[32];

	if (entry)
		snprintf(text, REVISIONS_TEXT_SIZE, "%s committed revision %s at %s%s%s%s",
		         data_text(entry, "user"), revision, when(entry, "time", time),
		         comment[0] ? " (" : "", comment, comment[0] ? ")" : "");
	else
		snprintf(text, REVISIONS_TEXT_SIZE, "somebody else committed revision %s",
		         revision);
	return text;
}

void
revisions_print_trial(FILE *out, const struct lyd_node *state)
{
	const struct lyd_node *trial = data_child(state, "trial");
	const char *revision = data_text(state, "revision");
	const char *user = data_text(revisions_find(state, revision), "user");
	char left[DURATION_TEXT_SIZE], time[32];

	if (!trial)
		return;
	fprintf(out, "Revision %s%s%s waits to be confirmed:\n"
	        "revision %s comes back in %s, at %s, unless 'confirm' is given\n", revision,
	        user[0] ? " of " : "", user, data_text(trial, "returns-to"),
	        duration_text(data_number(trial, "remaining"), left),
	        when(trial, "deadline", time));
}

static enum outcome
get_tree(struct session *session, const struct lyd_node *entry, struct lyd_node **ret_tree)
{
	char query[64], revision[REVISION_TEXT_SIZE];

	snprintf(query, sizeof(query), "revision=%s", data_text(entry, "revision"));
	return candidate_fetch(session, query, ret_tree, revision);
}

bool
revisions_get(struct session *session, const char *number, struct lyd_node **ret_tree,
              struct lyd_node **ret_state, const struct lyd_node **ret_entry)
{
	char *end;
	uint64_t wanted = strtoull(number, &end, 10);

	*ret_tree = *ret_state = NULL;
	if (*end != '\0' || end == number) {
		fprintf(session->err, "A revision is given by its number in 'show system commit', "
		        "not '%s'\n", number);
		return false;
	}
	*ret_state = revisions_fetch(session);
	if (!*ret_state)
		return false;
	*ret_entry = find_number(*ret_state, wanted);
	if (!*ret_entry) {
		fprintf(session->err, "Revision number %s is not kept; 'show system commit' lists "
		        "those that are\n", number);
		return false;
	}
	return get_tree(session, *ret_entry, ret_tree) == OUTCOME_DONE;
}

/* ---- show system commit --------------------------------------------------------------------- */

static void
print_list(FILE *out, const struct lyd_node *state)
{
	char time[32];

	revisions_print_trial(out, state);
	for (const struct lyd_node *entry = data_child(state, "commit"); entry;
	     entry = data_next(entry)) {
		const char *comment = data_text(entry, "comment");

		fprintf(out, "%-4s%s by %s via %s, revision %s\n", data_text(entry, "number"),
		        when(entry, "time", time), data_text(entry, "user"),
		        data_text(entry, "via"), data_text(entry, "revision"));
		if (comment[0])
			fprintf(out, "    %s\n", comment);
	}
}

static enum outcome
show_list(struct session *session)
{
	struct lyd_node *state = revisions_fetch(session);

	if (!state)
		return OUTCOME_FAILED;
	if (session->json)
		session_print_json(session, state, LYD_PRINT_KEEPEMPTYCONT);
	else if (data_child(state, "commit"))
		print_list(session->out, state);
	else
		fprintf(session->out, "No revisions are kept\n");
	lyd_free_all(state);
	return OUTCOME_DONE;
}

/* In JSON, as the service says it. */
static enum outcome
show_difference_json(struct session *session, const char *from, const char *to)
{
	struct answer answer;
	struct error error;
	char body[128];

	snprintf(body, sizeof(body), "{\"tandem-state:input\":{\"from\":\"%s\",\"to\":\"%s\"}}",
	         from, to);
	if (client_post(session->client, "operations/tandem-state:difference", body, &answer,
	                &error) < 0)
		return session_tell(session, &error);
	if (answer.status != 200)
		return session_tell_refusal(session, &answer);
	fprintf(session->out, "%s\n", answer.body);
	answer_done(&answer);
	return OUTCOME_DONE;
}

/* In JSON it looks like an answer of the service, which knows no candidate. */
static void
print_difference(struct session *session, const struct lyd_node *old, const struct lyd_node *new)
{
	char *text = language_compare(old, new, !session->secrets);

	if (session->json) {
		fputs("{\"tandem-state:output\":{\"difference\":", session->out);
		json_string(session->out, text);
		fputs("}}\n", session->out);
	} else {
		fputs(text, session->out);
	}
	free(text);
}

/* What a revision changed: against the one before it. */
static enum outcome
show_one(struct session *session, const char *number)
{
	struct lyd_node *state = NULL, *new = NULL, *old = NULL;
	const struct lyd_node *entry, *before;
	enum outcome outcome = OUTCOME_FAILED;
	char sentence[REVISIONS_TEXT_SIZE];

	if (!revisions_get(session, number, &new, &state, &entry))
		goto out;
	before = find_number(state, data_number(entry, "number") + 1);
	if (!before) {
		fprintf(session->err, "Revision %s is the oldest that is kept: what it changed is "
		        "not known\n", data_text(entry, "revision"));
		goto out;
	}
	if (session->json) {
		outcome = show_difference_json(session, data_text(before, "revision"),
		                               data_text(entry, "revision"));
		goto out;
	}
	outcome = get_tree(session, before, &old);
	if (outcome == OUTCOME_DONE) {
		fprintf(session->out, "%s\n", revisions_sentence(state, data_text(entry,
		        "revision"), sentence));
		print_difference(session, old, new);
	}
out:
	lyd_free_all(old);
	lyd_free_all(new);
	lyd_free_all(state);
	return outcome;
}

enum outcome
revisions_show(struct session *session, char *const arguments[], size_t count)
{
	return count > 0 ? show_one(session, arguments[0]) : show_list(session);
}

/* ---- compare and rollback ------------------------------------------------------------------- */

/* The configuration that a word of "compare" means. */
static bool
get_named(struct session *session, const char *name, struct lyd_node **ret_tree)
{
	char revision[REVISION_TEXT_SIZE];
	const struct lyd_node *entry;
	struct lyd_node *state;
	bool found;

	if (strcmp(name, "saved") == 0 || strcmp(name, "running") == 0)
		return candidate_fetch(session, name[0] == 's' ? "revision=saved" : "", ret_tree,
		                       revision) == OUTCOME_DONE;
	found = revisions_get(session, name, ret_tree, &state, &entry);
	lyd_free_all(state);
	return found;
}

enum outcome
revisions_compare(struct session *session, char *const arguments[], size_t count)
{
	const struct candidate *candidate = session->candidate;
	struct lyd_node *first = NULL, *second = NULL;
	bool found;

	found = (count < 1 || get_named(session, arguments[0], &first)) &&
	        (count < 2 || get_named(session, arguments[1], &second));
	if (found)
		print_difference(session, count < 1 ? candidate->running : first,
		                 count < 2 ? candidate->tree : second);
	lyd_free_all(first);
	lyd_free_all(second);
	return found ? OUTCOME_DONE : OUTCOME_FAILED;
}

enum outcome
revisions_rollback(struct session *session, char *const arguments[], size_t count UNUSED)
{
	const struct lyd_node *entry;
	struct lyd_node *tree, *state;
	char time[32];
	bool found = revisions_get(session, arguments[0], &tree, &state, &entry);

	if (found) {
		print_said(session->out, "Revision %s of %s by %s is loaded: 'compare' shows what "
		           "it changes, 'commit' makes it run", data_text(entry, "revision"),
		           when(entry, "time", time), data_text(entry, "user"));
		candidate_replace_tree(session->candidate, tree);
	}
	lyd_free_all(state);
	return found ? OUTCOME_DONE : OUTCOME_FAILED;
}

void
revisions_complete(struct session *session, char *const arguments[] UNUSED, size_t count UNUSED,
                   const char *start UNUSED, struct possibilities *possibilities)
{
	struct lyd_node *state = revisions_fetch_quietly(session);

	for (const struct lyd_node *entry = data_child(state, "commit"); entry;
	     entry = data_next(entry)) {
		char help[512], time[32];

		snprintf(help, sizeof(help), "%s by %s %s", when(entry, "time", time),
		         data_text(entry, "user"), data_text(entry, "comment"));
		possibilities_add(possibilities, data_text(entry, "number"), NULL, help);
	}
	lyd_free_all(state);
}
