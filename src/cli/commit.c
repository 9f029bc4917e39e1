/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A commit sends the part of the candidate that holds all edits, with the revision of running as
 * precondition, so what somebody else committed meanwhile is noticed and never overwritten;
 * "rebase" carries the edits over.
 * Rules between nodes are the service's to check ('check' only asks them before); so is the time of
 * a commit on trial, which goes on when this program has ended.
 */
#include "cli/commit.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "cli/candidate.h"
#include "cli/data.h"
#include "cli/extent.h"
#include "cli/print.h"
#include "cli/rebase.h"
#include "cli/revisions.h"
#include "config/language.h"
#include "config/schema.h"
#include "config/words.h"

#define MINUTES_MAX 10080		/* a week: the service's limit */
#define COMMENT_MAX 255			/* bytes: the service's limit */

/* ---- sending -------------------------------------------------------------------------------- */

/* A configuration that was shown with its passwords hidden must not become one whose passwords
 * are asterisks. */
static unsigned
refuse_hidden_secrets(struct session *session, const struct lyd_node *root)
{
	const struct lyd_node *node;
	unsigned found = 0;

	LYD_TREE_DFS_BEGIN(root, node) {
		if (language_is_secret(node->schema) &&
		    strcmp(lyd_get_value(node), LANGUAGE_HIDDEN) == 0) {
			char *path = schema_words(node);

			fprintf(session->err,
			        "%s '" LANGUAGE_HIDDEN "': this hides a password and is none; "
			        "set the password itself ('show --secrets' prints it)\n", path);
			free(path);
			found++;
		}
		LYD_TREE_DFS_END(root, node);
	}
	return found;
}

/* Somebody else committed since the candidate began: who, and what it changed. */
static enum outcome
tell_conflict(struct session *session)
{
	struct candidate *candidate = session->candidate;
	char revision[REVISION_TEXT_SIZE], sentence[REVISIONS_TEXT_SIZE];
	struct lyd_node *running, *state;
	char *differences;

	if (candidate_fetch(session, "", &running, revision) != OUTCOME_DONE)
		return OUTCOME_FAILED;
	state = revisions_fetch_quietly(session);
	differences = language_compare(candidate->running, running, !session->secrets);
	fprintf(session->err,
	        "Not committed: %s meanwhile, and these changes began from revision %s.\n",
	        revisions_sentence(state, revision, sentence), candidate->revision);
	if (differences[0])
		fprintf(session->err, "What changed since then:\n%s", differences);
	fprintf(session->err,
	        "Your changes are kept.  'rebase' carries them over to revision %s, 'compare' "
	        "then shows what they are; 'discard' drops them.\n", revision);
	memcpy(candidate->told, revision, sizeof(candidate->told));
	free(differences);
	lyd_free_all(state);
	lyd_free_all(running);
	return OUTCOME_FAILED;
}

/* The way to the service failed; it may have received the candidate before. */
static enum outcome
tell_lost(struct session *session, const struct error *error)
{
	session_tell(session, error);
	if (error->code == -ETIMEDOUT || error->code == -EIO)
		fprintf(session->err, "It is not known whether the changes run now; "
		                      "'run show system' tells the running revision\n");
	return OUTCOME_FAILED;
}

/* Put a part of the candidate, NULL for the whole, in the place of what runs. */
static int
put_part(struct session *session, const struct lyd_node *part, const char *query,
         struct answer *ret_answer, struct error *error)
{
	const struct candidate *candidate = session->candidate;
	const struct lyd_node *node = part ? part : candidate->tree;
	uint32_t options = LYD_PRINT_SHRINK | (part ? 0 : LYD_PRINT_WITHSIBLINGS);
	char *where = part ? extent_path(part) : strdup("");
	char *body = NULL, *path = NULL;
	int r;

	assert(where);
	if (node && lyd_print_mem(&body, node, LYD_JSON, options) != LY_SUCCESS)
		assert(!"a tree that was parsed can be printed");
	if (asprintf(&path, "data%s%s", where, query) < 0)
		path = NULL;
	assert(path);
	r = client_put(session->client, path, body ? body : "{}", candidate->revision, ret_answer,
	               error);
	free(where);
	free(body);
	free(path);
	return r;
}

/* Send a part of the candidate, NULL for the whole.  With OUTCOME_DONE *ret_answer is the caller's
 * to release; otherwise its status is that of the refusal, 0 if there was no answer. */
static enum outcome
send_candidate(struct session *session, const struct lyd_node *part, const char *query,
               struct answer *ret_answer)
{
	struct candidate *candidate = session->candidate;
	unsigned hidden = 0;
	struct answer answer;
	struct error error;
	int r;

	*ret_answer = (struct answer){ 0 };
	for (const struct lyd_node *node = part ? part : candidate->tree; node;
	     node = part ? NULL : node->next)
		hidden += refuse_hidden_secrets(session, node);
	if (hidden > 0)
		return OUTCOME_FAILED;
	r = put_part(session, part, query, &answer, &error);
	if (r < 0)
		return tell_lost(session, &error);
	ret_answer->status = answer.status;
	if (answer.status == 412) {
		answer_done(&answer);
		return tell_conflict(session);
	}
	if (answer.status != 200 && answer.status != 201 && answer.status != 204)
		return session_tell_refusal(session, &answer);
	*ret_answer = answer;
	return OUTCOME_DONE;
}

static enum outcome
begin_anew(struct session *session)
{
	struct candidate *fresh = candidate_new(session);

	if (!fresh)
		return OUTCOME_FAILED;
	candidate_succeed(session, fresh);
	return OUTCOME_DONE;
}

/* ---- commits -------------------------------------------------------------------------------- */

/* seconds: 0 = not on trial. */
static enum outcome
commit(struct session *session, unsigned seconds, char *const comment[], size_t count)
{
	const struct lyd_node *part = NULL;
	struct answer answer;
	enum outcome outcome;
	char trial[48] = "", *text, *escaped, *query = NULL;

	if (!extent_find(session->candidate->running, session->candidate->tree, &part) ||
	    !candidate_is_modified(session->candidate)) {
		fprintf(session->out, "No configuration changes to commit\n");
		return OUTCOME_DONE;
	}
	text = words_join(comment, count);
	if (strlen(text) > COMMENT_MAX) {
		fprintf(session->err, "A comment has at most %d bytes, this one has %zu\n",
		        COMMENT_MAX, strlen(text));
		free(text);
		return OUTCOME_FAILED;
	}
	escaped = client_escape(text);
	if (seconds > 0)
		snprintf(trial, sizeof(trial), "confirm-timeout=%u&", seconds);
	if (asprintf(&query, "?%scomment=%s", trial, escaped) < 0)
		query = NULL;
	assert(query);
	outcome = send_candidate(session, part, count == 0 && seconds == 0 ? "" : query,
	                         &answer);
	free(text);
	free(escaped);
	free(query);
	if (outcome != OUTCOME_DONE) {
		if (answer.status != 0)
			fprintf(session->err, "Commit failed\n");
		return outcome;
	}
	answer_print_all(&answer, session->schema, "message", "Warning: ", session->err);
	candidate_committed(session->candidate, part, answer.revision);
	answer_done(&answer);
	return OUTCOME_DONE;
}

enum outcome
commit_run(struct session *session, char *const arguments[], size_t count)
{
	return commit(session, 0, arguments, count);
}

enum outcome
commit_on_trial(struct session *session, char *const arguments[], size_t count)
{
	char *end;
	unsigned long minutes = strtoul(arguments[0], &end, 10);

	if (*end != '\0' || minutes < 1 || minutes > MINUTES_MAX) {
		fprintf(session->err, "The time to confirm is a number of minutes from 1 to %u, "
		        "not '%s'\n", MINUTES_MAX, arguments[0]);
		return OUTCOME_USAGE;
	}
	return commit(session, (unsigned)minutes * 60, arguments + 1, count - 1);
}

enum outcome
commit_confirm(struct session *session, char *const arguments[] UNUSED, size_t count UNUSED)
{
	struct answer answer;
	struct error error;

	if (client_post(session->client, "operations/tandem-state:confirm", "", &answer, &error) <
	    0)
		return session_tell(session, &error);
	if (answer.status != 200 && answer.status != 204)
		return session_tell_refusal(session, &answer);
	answer_done(&answer);
	return OUTCOME_DONE;
}

enum outcome
commit_validate(struct session *session, char *const arguments[] UNUSED, size_t count UNUSED)
{
	const struct lyd_node *part = NULL;
	struct answer answer;
	enum outcome outcome;

	(void)extent_find(session->candidate->running, session->candidate->tree, &part);
	outcome = send_candidate(session, part, "?dry-run=true", &answer);

	if (outcome != OUTCOME_DONE)
		return outcome;
	answer_print_all(&answer, session->schema, "message", "Warning: ", session->err);
	answer_done(&answer);
	return OUTCOME_DONE;
}

enum outcome
commit_discard(struct session *session, char *const arguments[] UNUSED, size_t count UNUSED)
{
	bool modified = candidate_is_modified(session->candidate);

	if (begin_anew(session) != OUTCOME_DONE)
		return OUTCOME_FAILED;
	fprintf(session->out, modified ? "Changes have been discarded\n"
	                               : "There were no changes to discard\n");
	return OUTCOME_DONE;
}

enum outcome
commit_rebase(struct session *session, char *const arguments[] UNUSED, size_t count UNUSED)
{
	struct candidate *old = session->candidate;
	struct candidate *fresh = candidate_new(session);
	struct lyd_node *tree;
	char *clashes;

	if (!fresh)
		return OUTCOME_FAILED;
	if (!rebase_tree(old->running, old->tree, fresh->running, &tree, &clashes)) {
		fprintf(session->err,
		        "The changes are kept as they were: they and revision %s changed the same, "
		        "so a person must decide:\n", fresh->revision);
		rebase_print_clashes(session->err, clashes);
		fprintf(session->err,
		        "To keep the others, make these as they run now ('run show configuration'),"
		        " say 'rebase' again, and change them once more; or 'discard' all.\n");
		candidate_free(fresh);
		return OUTCOME_FAILED;
	}
	candidate_replace_tree(fresh, tree);
	candidate_succeed(session, fresh);
	return OUTCOME_DONE;
}

/* ---- what others do ------------------------------------------------------------------------- */

/* A sentence for each commit that the user was not told of, oldest first. */
static void
tell_commits(struct session *session, const struct lyd_node *state, uint64_t after)
{
	const struct lyd_node *entry = data_child(state, "commit");
	char sentence[REVISIONS_TEXT_SIZE];

	while (entry && data_next(entry))
		entry = data_next(entry);
	for (; entry && strcmp(LYD_NAME(entry), "commit") == 0; entry = entry->prev) {
		if (data_number(entry, "revision") > after)
			print_sentence(session->out, "", revisions_sentence(state,
			               data_text(entry, "revision"), sentence));
		if (!entry->prev->next)
			break;		/* that was the first of all siblings */
	}
}

/* How much runs differently now, and how to see it. */
static void
tell_extent(struct session *session, const struct lyd_node *state, const struct candidate *fresh)
{
	const struct candidate *candidate = session->candidate;
	const struct lyd_node *base = revisions_find(state, candidate->revision);
	size_t changes = language_count_changes(candidate->running, fresh->running);

	fprintf(session->out, "%zu change%s since revision %s", changes, changes == 1 ? "" : "s",
	        candidate->revision);
	if (base)
		fprintf(session->out, ", see 'compare %s 0'", data_text(base, "number"));
	fprintf(session->out, "; %s\n", candidate_is_modified(candidate) ?
	        "'rebase' carries yours over" : "this session goes on from there");
}

void
commit_notice(struct session *session)
{
	struct candidate *candidate = session->candidate;
	struct lyd_node *state = revisions_fetch_quietly(session);
	const char *revision = data_text(state, "revision");
	struct candidate *fresh;

	if (revision[0] == '\0' || strcmp(revision, candidate->told) == 0)
		goto out;
	fresh = candidate_new(session);
	if (!fresh)
		goto out;
	tell_commits(session, state, strtoull(candidate->told, NULL, 10));
	tell_extent(session, state, fresh);
	memcpy(candidate->told, fresh->revision, sizeof(candidate->told));
	if (candidate_is_modified(candidate))
		candidate_free(fresh);
	else
		candidate_succeed(session, fresh);
out:
	lyd_free_all(state);
}

void
commit_tell_trial(struct session *session)
{
	struct lyd_node *state = revisions_fetch_quietly(session);

	revisions_print_trial(session->out, state);
	lyd_free_all(state);
}
