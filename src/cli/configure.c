/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Configuration mode.  The candidate is a tree of our own; running is the tree it began from.  A
 * commit sends the whole candidate with the revision of running as precondition, so what somebody
 * else committed meanwhile is noticed and never overwritten; "rebase" carries the edits over.
 * Rules between nodes are the service's to check, and are checked there only.
 */
#include "cli/configure.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "cli/file.h"
#include "cli/operate.h"
#include "cli/rebase.h"
#include "config/language.h"
#include "config/schema.h"

struct candidate {
	struct lyd_node *running;	/* as fetched; NULL = empty */
	struct lyd_node *tree;		/* the same, edited */
	char revision[REVISION_TEXT_SIZE];	/* of running */
};

enum outcome
configure_fetch(struct session *session, struct lyd_node **ret_tree,
                char ret_revision[REVISION_TEXT_SIZE])
{
	struct answer answer;
	struct error error;
	LY_ERR r;

	*ret_tree = NULL;
	if (client_get(session->client, "data?content=config", &answer, &error) < 0)
		return session_tell(session, &error);
	if (answer.status != 200 && answer.status != 204)
		return session_tell_refusal(session, &answer);

	/* Strict: what we did not understand here would be deleted by the next commit. */
	r = answer.length == 0 ? LY_SUCCESS
	                       : lyd_parse_data_mem(session->schema, answer.body, LYD_JSON,
	                                            LYD_PARSE_ONLY | LYD_PARSE_STRICT, 0, ret_tree);
	memcpy(ret_revision, answer.revision, REVISION_TEXT_SIZE);
	answer_done(&answer);
	if (r == LY_SUCCESS)
		return OUTCOME_DONE;
	error_set(&error, -EPROTO, "the running configuration is not understood: %s",
	          ly_errmsg(session->schema));
	return session_tell(session, &error);
}

static struct lyd_node *
duplicate(const struct lyd_node *tree)
{
	struct lyd_node *copy = NULL;

	if (tree && lyd_dup_siblings(tree, NULL, LYD_DUP_RECURSIVE, &copy) != LY_SUCCESS)
		assert(!"a tree that was parsed can be copied");
	return copy;
}

/* A fresh candidate from what runs now; on failure the user was told and NULL is returned. */
static struct candidate *
candidate_new(struct session *session)
{
	struct candidate *candidate = calloc(1, sizeof(*candidate));

	assert(candidate);
	if (configure_fetch(session, &candidate->running, candidate->revision) != OUTCOME_DONE) {
		free(candidate);
		return NULL;
	}
	candidate->tree = duplicate(candidate->running);
	return candidate;
}

void
candidate_free(struct candidate *candidate)
{
	if (!candidate)
		return;
	lyd_free_all(candidate->running);
	lyd_free_all(candidate->tree);
	free(candidate);
}

bool
candidate_is_modified(const struct candidate *candidate)
{
	char *differences = language_compare(candidate->running, candidate->tree, false);
	bool modified = differences[0] != '\0';

	free(differences);
	return modified;
}

/* Give candidate a new tree and free the old one. */
static void
replace_tree(struct candidate *candidate, struct lyd_node *tree)
{
	lyd_free_all(candidate->tree);
	candidate->tree = tree;
}

static bool
is_secret(const struct lyd_node *node)
{
	return node->schema && language_is_secret(node->schema);
}

static void
hide_secrets(struct lyd_node *node)
{
	struct lyd_node *next;

	for (; node; node = next) {
		LY_ERR r;

		next = node->next;
		hide_secrets(lyd_child(node));
		if (!is_secret(node))
			continue;
		r = lyd_change_term(node, LANGUAGE_HIDDEN);
		if (r != LY_SUCCESS && r != LY_ENOT && r != LY_EEXIST)
			lyd_free_tree(node);	/* a form that cannot be blanked out */
	}
}

static void
print_json(struct session *session, const struct lyd_node *tree)
{
	struct lyd_node *copy = duplicate(tree);

	if (!session->secrets)
		hide_secrets(copy);
	session_print_json(session, copy, 0);
	lyd_free_all(copy);
}

enum outcome
configure_print(struct session *session, const struct lyd_node *tree, bool as_set)
{
	char *text;

	if (session->json) {
		print_json(session, tree);
		return OUTCOME_DONE;
	}
	text = as_set ? language_print_set(tree, !session->secrets)
	              : language_print_braces(tree, !session->secrets);
	fputs(text, session->out);
	free(text);
	return OUTCOME_DONE;
}

enum outcome
configure_enter(struct session *session, char *const arguments[] UNUSED, size_t count UNUSED)
{
	if (session->candidate) {
		fprintf(session->err, "This is configuration mode already\n");
		return OUTCOME_USAGE;
	}
	session->candidate = candidate_new(session);
	return session->candidate ? OUTCOME_DONE : OUTCOME_FAILED;
}

/* Tell the problems of an edit and release them. */
static enum outcome
end_edit(struct session *session, int result, const char *prefix, struct problems *problems)
{
	session_tell_problems(session, prefix, problems);
	problems_done(problems);
	return result < 0 ? OUTCOME_FAILED : OUTCOME_DONE;
}

static enum outcome
run_set(struct session *session, char *const words[], size_t count)
{
	struct problems problems = { 0 };
	int r = language_set(session->schema, &session->candidate->tree, words, count, 0,
	                     &problems);

	return end_edit(session, r, "", &problems);
}

static enum outcome
run_delete(struct session *session, char *const words[], size_t count)
{
	struct problems problems = { 0 };
	int r = language_delete(session->schema, &session->candidate->tree, words, count, 0,
	                        &problems);

	return end_edit(session, r, "", &problems);
}

/* Only what stands below the words, as JSON: by way of its set commands. */
static int
print_json_below(struct session *session, char *const words[], size_t count,
                 struct problems *problems)
{
	struct lyd_node *part = NULL;
	char *text = language_print_below(session->schema, session->candidate->tree, words, count,
	                                  true, false, problems);
	int r = text ? language_read(session->schema, text, &part, problems) : -EINVAL;

	if (r == 0)
		print_json(session, part);
	lyd_free_all(part);
	free(text);
	return r;
}

static enum outcome
run_show(struct session *session, char *const words[], size_t count)
{
	struct problems problems = { 0 };
	char *text;
	int r = 0;

	if (count == 0)
		return configure_print(session, session->candidate->tree, false);
	if (session->json)
		return end_edit(session, print_json_below(session, words, count, &problems), "",
		                &problems);
	text = language_print_below(session->schema, session->candidate->tree, words, count, false,
	                            !session->secrets, &problems);
	if (text)
		fputs(text, session->out);
	else
		r = -EINVAL;
	free(text);
	return end_edit(session, r, "", &problems);
}

static enum outcome
run_compare(struct session *session, char *const arguments[] UNUSED, size_t count UNUSED)
{
	char *differences = language_compare(session->candidate->running, session->candidate->tree,
	                                     !session->secrets);

	fputs(differences, session->out);
	free(differences);
	return OUTCOME_DONE;
}

/* A configuration that was shown with its passwords hidden must not become one whose passwords
 * are asterisks. */
static unsigned
refuse_hidden_secrets(struct session *session, const struct lyd_node *node)
{
	unsigned found = 0;

	for (; node; node = node->next) {
		found += refuse_hidden_secrets(session, lyd_child(node));
		if (is_secret(node) && strcmp(lyd_get_value(node), LANGUAGE_HIDDEN) == 0) {
			char *path = schema_words(node);

			fprintf(session->err,
			        "%s '" LANGUAGE_HIDDEN "': this hides a password and is none; "
			        "set the password itself ('show --secrets' prints it)\n", path);
			free(path);
			found++;
		}
	}
	return found;
}

/* Somebody else committed since the candidate began. */
static enum outcome
tell_conflict(struct session *session)
{
	struct lyd_node *running;
	char revision[REVISION_TEXT_SIZE];

	if (configure_fetch(session, &running, revision) != OUTCOME_DONE)
		return OUTCOME_FAILED;
	lyd_free_all(running);
	fprintf(session->err,
	        "Not committed: somebody else committed revision %s meanwhile, and these changes "
	        "began from revision %s.\n"
	        "They are kept.  'rebase' carries them over to revision %s, 'compare' then shows "
	        "what they are;\n'discard' drops them.\n",
	        revision, session->candidate->revision, revision);
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

/* Send the candidate.  With OUTCOME_DONE *ret_answer is the caller's to release; otherwise its
 * status is that of the refusal, 0 if there was no answer. */
static enum outcome
send_candidate(struct session *session, const char *path, struct answer *ret_answer)
{
	struct candidate *candidate = session->candidate;
	struct answer answer;
	struct error error;
	char *body = NULL;
	int r;

	*ret_answer = (struct answer){ 0 };
	if (refuse_hidden_secrets(session, candidate->tree) > 0)
		return OUTCOME_FAILED;
	if (candidate->tree && lyd_print_mem(&body, candidate->tree, LYD_JSON,
	                                     LYD_PRINT_WITHSIBLINGS | LYD_PRINT_SHRINK) != 0)
		assert(!"a tree that was parsed can be printed");
	r = client_put(session->client, path, body ? body : "{}", candidate->revision, &answer,
	               &error);
	free(body);
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
run_commit(struct session *session, char *const arguments[] UNUSED, size_t count UNUSED)
{
	struct candidate *fresh;
	struct answer answer;
	enum outcome outcome;

	if (!candidate_is_modified(session->candidate)) {
		fprintf(session->out, "No configuration changes to commit\n");
		return OUTCOME_DONE;
	}
	outcome = send_candidate(session, "data", &answer);
	if (outcome != OUTCOME_DONE) {
		if (answer.status != 0)
			fprintf(session->err, "Commit failed\n");
		return outcome;
	}
	answer_print_all(&answer, session->schema, "message", "Warning: ", session->err);
	answer_done(&answer);

	/* What runs now may differ in form from what was sent; go on from what runs. */
	fresh = candidate_new(session);
	if (!fresh)
		return OUTCOME_FAILED;
	candidate_free(session->candidate);
	session->candidate = fresh;
	return OUTCOME_DONE;
}

static enum outcome
run_validate(struct session *session, char *const arguments[] UNUSED, size_t count UNUSED)
{
	struct answer answer;
	enum outcome outcome = send_candidate(session, "data?dry-run=true", &answer);

	if (outcome != OUTCOME_DONE)
		return outcome;
	answer_print_all(&answer, session->schema, "message", "Warning: ", session->err);
	answer_done(&answer);
	return OUTCOME_DONE;
}

static enum outcome
run_discard(struct session *session, char *const arguments[] UNUSED, size_t count UNUSED)
{
	bool modified = candidate_is_modified(session->candidate);
	struct candidate *fresh = candidate_new(session);

	if (!fresh)
		return OUTCOME_FAILED;
	candidate_free(session->candidate);
	session->candidate = fresh;
	fprintf(session->out, modified ? "Changes have been discarded\n"
	                               : "There were no changes to discard\n");
	return OUTCOME_DONE;
}

/* Apply the candidate's edits to what runs now. */
static enum outcome
run_rebase(struct session *session, char *const arguments[] UNUSED, size_t count UNUSED)
{
	struct candidate *old = session->candidate;
	struct candidate *fresh = candidate_new(session);
	struct lyd_node *tree;

	if (!fresh)
		return OUTCOME_FAILED;
	if (!rebase_tree(old->running, old->tree, fresh->running, &tree)) {
		fprintf(session->err,
		        "The changes are kept as they were: revision %s changed the same lines, so "
		        "a person must decide.\n'compare' shows these changes, 'run show "
		        "configuration' what runs now, 'discard' begins anew.\n",
		        fresh->revision);
		candidate_free(fresh);
		return OUTCOME_FAILED;
	}
	replace_tree(fresh, tree);
	candidate_free(old);
	session->candidate = fresh;
	return OUTCOME_DONE;
}

static enum outcome
run_save(struct session *session, char *const arguments[], size_t count)
{
	struct candidate *candidate = session->candidate;
	struct answer answer;
	struct error error;
	char *text;
	int r;

	if (candidate_is_modified(candidate))
		fprintf(session->err, "Warning: uncommitted changes are not saved\n");
	if (count > 0) {
		text = language_print_braces(candidate->running, false);
		r = file_write(arguments[0], text, &error);
		free(text);
		return r < 0 ? session_tell(session, &error) : OUTCOME_DONE;
	}
	r = client_post(session->client, "operations/tandem-state:save", "", &answer, &error);
	if (r < 0)
		return session_tell(session, &error);
	if (answer.status != 200 && answer.status != 204)
		return session_tell_refusal(session, &answer);
	answer_done(&answer);
	return OUTCOME_DONE;
}

/* Read a file on top of start (owned); the candidate is replaced only if all of it is right. */
static enum outcome
read_into(struct session *session, const char *path, struct lyd_node *start)
{
	struct problems problems = { 0 };
	struct error error;
	char prefix[256];
	char *text;
	int r;

	r = file_read(path, &text, &error);
	if (r < 0) {
		lyd_free_all(start);
		return session_tell(session, &error);
	}
	r = language_read(session->schema, text, &start, &problems);
	free(text);
	if (r < 0)
		lyd_free_all(start);
	else
		replace_tree(session->candidate, start);
	snprintf(prefix, sizeof(prefix), "%s: ", path);
	return end_edit(session, r, prefix, &problems);
}

static enum outcome
run_load(struct session *session, char *const arguments[], size_t count UNUSED)
{
	return read_into(session, arguments[0], NULL);
}

static enum outcome
run_merge(struct session *session, char *const arguments[], size_t count UNUSED)
{
	return read_into(session, arguments[0], duplicate(session->candidate->tree));
}

static enum outcome
run_operational(struct session *session, char *const words[], size_t count)
{
	return tree_run(session, operate_commands, words, count);
}

static enum outcome
run_exit(struct session *session, char *const arguments[] UNUSED, size_t count UNUSED)
{
	if (candidate_is_modified(session->candidate)) {
		fprintf(session->err, "There are uncommitted changes: 'commit' makes them run, "
		                      "'exit discard' drops them\n");
		return OUTCOME_FAILED;
	}
	candidate_free(session->candidate);
	session->candidate = NULL;
	return OUTCOME_DONE;
}

static enum outcome
run_exit_discard(struct session *session, char *const arguments[] UNUSED, size_t count UNUSED)
{
	candidate_free(session->candidate);
	session->candidate = NULL;
	return OUTCOME_DONE;
}

static enum outcome
run_help(struct session *session, char *const arguments[] UNUSED, size_t count UNUSED)
{
	operate_list_commands(session, configure_commands);
	return OUTCOME_DONE;
}

static void
add_candidate(void *owner, const struct language_candidate *candidate)
{
	const char *help = candidate->help ? candidate->help : "";
	char shown[128];

	if (candidate->word) {
		possibilities_add(owner, candidate->word, NULL, help);
		return;
	}
	snprintf(shown, sizeof(shown), "<%s>",
	         candidate->value_form ? candidate->value_form : "value");
	possibilities_add(owner, NULL, shown, help);
}

static void
complete_new_path(struct session *session, char *const words[], size_t count,
                  const char *start UNUSED, struct possibilities *possibilities)
{
	language_complete(session->schema, session->candidate->tree, words, count, false,
	                  add_candidate, possibilities);
}

static void
complete_existing_path(struct session *session, char *const words[], size_t count,
                       const char *start UNUSED, struct possibilities *possibilities)
{
	language_complete(session->schema, session->candidate->tree, words, count, true,
	                  add_candidate, possibilities);
}

static void
complete_operational(struct session *session, char *const words[], size_t count,
                     const char *start, struct possibilities *possibilities)
{
	tree_complete(session, operate_commands, words, count, start, possibilities);
}

static void
complete_file(struct session *session UNUSED, char *const arguments[] UNUSED,
              size_t count UNUSED, const char *start, struct possibilities *possibilities)
{
	file_complete(start, possibilities);
}

const struct command configure_commands[] = {
	{ "commit", "Make the changes run", run_commit },
	{ "compare", "Show the changes", run_compare },
	{ "delete", "Delete a part of the configuration" },
	{ "delete <path...>", "What to delete", run_delete, complete_existing_path },
	{ "discard", "Drop the changes and begin anew from what runs", run_discard },
	{ "exit", "Leave configuration mode", run_exit },
	{ "exit discard", "Leave configuration mode and drop the changes", run_exit_discard },
	{ "help", "List all commands", run_help },
	{ "load", "Replace the candidate by a file" },
	{ "load <file>", "File of braces or of set commands", run_load, complete_file },
	{ "merge", "Add a file to the candidate" },
	{ "merge <file>", "File of braces or of set commands", run_merge, complete_file },
	{ "rebase", "Carry the changes over to what somebody else committed", run_rebase },
	{ "run", "Run an operational command" },
	{ "run <command...>", "Operational command", run_operational, complete_operational },
	{ "save", "Write the running configuration to the file a start begins from", run_save },
	{ "save <file>", "Write the running configuration to this file", run_save, complete_file },
	{ "set", "Add to the configuration, or change it" },
	{ "set <path...>", "What to set", run_set, complete_new_path },
	{ "show", "Show the candidate", run_show },
	{ "show <path...>", "What to show", run_show, complete_existing_path },
	{ "validate", "Have the candidate checked without committing it", run_validate },
	{ NULL },
};
