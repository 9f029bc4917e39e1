/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Configuration mode: its table of commands, and those that show, load and save.  Those that edit
 * are in edit.c, those that commit in commit.c, those of earlier revisions in revisions.c.
 */
#include "cli/configure.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "cli/candidate.h"
#include "cli/commit.h"
#include "cli/edit.h"
#include "cli/file.h"
#include "cli/foreign.h"
#include "cli/foresee.h"
#include "cli/inspect.h"
#include "cli/operate.h"
#include "cli/recovery.h"
#include "cli/revisions.h"
#include "config/language.h"

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
	struct lyd_node *copy = candidate_duplicate(tree);

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
	text = as_set || session->commands ? language_print_set(tree, !session->secrets)
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
	if (!session->candidate)
		return OUTCOME_FAILED;
	commit_tell_trial(session);
	if (session->interactive)
		recovery_offer(session);
	return OUTCOME_DONE;
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

/* Do these words at the top begin no path, but mean "system commit [<number>]"?  No configuration
 * node is called so. */
static bool
mean_revisions(const struct session *session, char *const words[], size_t count)
{
	return session->candidate->level_count == 0 && (count == 2 || count == 3) &&
	       strcmp(words[0], "system") == 0 && strcmp(words[1], "commit") == 0;
}

/* "show vrrp" is meant for the other mode, and typed in this one every day. */
static void
tell_state(struct session *session, char *const words[], size_t count)
{
	char **all = calloc(count + 1, sizeof(*all));
	const struct command *row;

	assert(all);
	all[0] = (char *)"show";
	memcpy(all + 1, words, count * sizeof(*all));
	row = tree_find(operate_commands, all, count + 1);
	if (row)
		fprintf(session->err, "What is true now is shown by 'run %s'\n", row->words);
	free(all);
}

static enum outcome
run_show(struct session *session, char *const words[], size_t count)
{
	const struct candidate *candidate = session->candidate;
	struct problems problems = { 0 };
	char *text = NULL, **all;
	size_t all_count;
	int r = 0;

	if (mean_revisions(session, words, count) && session->commands) {
		fprintf(session->err, "'show system commit' shows no configuration: no "
		                      "'| commands' may follow\n");
		return OUTCOME_USAGE;
	}
	if (mean_revisions(session, words, count))
		return revisions_show(session, words + 2, count - 2);
	all = candidate_words(session, words, count, &all_count);
	if (session->json && all_count == 0) {
		print_json(session, candidate->tree);
	} else if (session->json) {
		r = print_json_below(session, all, all_count, &problems);
	} else if (session->commands) {
		text = language_print_below(session->schema, candidate->tree, all, all_count, true,
		                            !session->secrets, &problems);
		r = text ? 0 : -EINVAL;
	} else {
		text = language_print_marked_below(session->schema, candidate->running,
		                                   candidate->tree, all, all_count,
		                                   !session->secrets, &problems);
		r = text ? 0 : -EINVAL;
	}
	if (text)
		fputs(text, session->out);
	free(text);
	free(all);
	if (edit_end(session, r, "", &problems) == OUTCOME_DONE)
		return OUTCOME_DONE;
	tell_state(session, words, count);
	return OUTCOME_FAILED;
}

static void
complete_show(struct session *session, char *const words[], size_t count, const char *start,
              struct possibilities *possibilities)
{
	if (count == 2 && mean_revisions(session, words, count)) {
		revisions_complete(session, words, count, start, possibilities);
		return;
	}
	edit_complete_existing(session, words, count, start, possibilities);
	if (session->candidate->level_count == 0 && count == 1 && strcmp(words[0], "system") == 0)
		possibilities_add(possibilities, "commit", NULL, "Revisions that are kept");
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
		candidate_replace_tree(session->candidate, start);
	snprintf(prefix, sizeof(prefix), "%s: ", path);
	return edit_end(session, r, prefix, &problems);
}

static enum outcome
run_load(struct session *session, char *const arguments[], size_t count UNUSED)
{
	return read_into(session, arguments[0], NULL);
}

static enum outcome
run_merge(struct session *session, char *const arguments[], size_t count UNUSED)
{
	return read_into(session, arguments[0], candidate_duplicate(session->candidate->tree));
}

static enum outcome
run_operational(struct session *session, char *const words[], size_t count)
{
	return tree_run(session, operate_commands, words, count);
}

static enum outcome
run_exit(struct session *session, char *const arguments[] UNUSED, size_t count UNUSED)
{
	if (edit_leave_level(session))
		return OUTCOME_DONE;
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
complete_compared(struct session *session, char *const arguments[], size_t count,
                  const char *start, struct possibilities *possibilities)
{
	possibilities_add(possibilities, "running", NULL, "What runs now");
	possibilities_add(possibilities, "saved", NULL, "The saved configuration");
	revisions_complete(session, arguments, count, start, possibilities);
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
	{ "check", "All that is wrong with the candidate", inspect_candidate, NULL, SHOWS_DATA },
	{ "check peer", "The candidate beside the configuration of the peer" },
	{ "check peer <file-or-address>", "File of the peer, or its address; what both will do "
	  "together", foresee_peer, foresee_complete_peer, SHOWS_DATA },
	{ "comment", "Write a remark beside a part of the configuration" },
	{ "comment <path...>", "Where, and the remark in quotes; '' takes it away", edit_comment,
	  edit_complete_remark },
	{ "commit", "Make the changes run", commit_run },
	{ "commit comment", "Make the changes run and say what they are for" },
	{ "commit comment <text...>", "What they are for", commit_run },
	{ "commit-confirm", "Make the changes run, until confirmed on trial only" },
	{ "commit-confirm <minutes>", "Minutes after which what ran before comes back",
	  commit_on_trial },
	{ "commit-confirm <minutes> comment", "Say what the changes are for" },
	{ "commit-confirm <minutes> comment <text...>", "What they are for", commit_on_trial },
	{ "compare", "Show the changes", revisions_compare, NULL, SHOWS_DATA },
	{ "compare <first>", "Number of a revision, saved or running", revisions_compare,
	  complete_compared, SHOWS_DATA },
	{ "compare <first> <second>", "Number of a revision, saved or running", revisions_compare,
	  complete_compared, SHOWS_DATA },
	{ "confirm", "Keep what runs on trial", commit_confirm },
	{ "copy", "Copy a part of the configuration" },
	{ "copy <path...>", "What to copy, the word to, and its new place", edit_copy,
	  edit_complete_pair },
	{ "delete", "Delete a part of the configuration" },
	{ "delete <path...>", "What to delete", edit_delete, edit_complete_existing },
	{ "discard", "Drop the changes and begin anew from what runs", commit_discard },
	{ "edit", "Go down to a part of the configuration" },
	{ "edit <path...>", "Where to go", edit_level, edit_complete_level },
	{ "exit", "Go back up, or leave configuration mode", run_exit },
	{ "exit discard", "Leave configuration mode and drop the changes", run_exit_discard },
	{ "help", "List all commands", run_help, NULL, SHOWS_TEXT },
	{ "import", "Add another program's configuration to the candidate" },
	{ "import keepalived", "VRRP of a keepalived.conf" },
	{ "import keepalived <file>", "A keepalived.conf, and what it includes",
	  foreign_merge_keepalived, foreign_complete },
	{ "import keepalived <file> <router>", "As the router of this name reads lines with @",
	  foreign_merge_keepalived },
	{ "import vyatta", "All that is known of a Vyatta 5600 or IBM VRA" },
	{ "import vyatta <file>", "A config.boot of Vyatta, or its set commands",
	  foreign_merge_vyatta, foreign_complete },
	{ "import vyos", "VRRP and conntrack-sync of a VyOS router" },
	{ "import vyos <file>", "A config.boot of VyOS, or its set commands", foreign_merge_vyos,
	  foreign_complete },
	{ "load", "Replace the candidate by a file" },
	{ "load <file>", "File of braces or of set commands", run_load, complete_file },
	{ "merge", "Add a file to the candidate" },
	{ "merge <file>", "File of braces or of set commands", run_merge, complete_file },
	{ "rebase", "Carry the changes over to what somebody else committed", commit_rebase },
	{ "recover", "Bring back the changes of a session that was lost", recovery_run },
	{ "recover discard", "Drop the changes of a session that was lost", recovery_discard },
	{ "rename", "Give a part of the configuration another name" },
	{ "rename <path...>", "What to rename, the word to, and its new place", edit_rename,
	  edit_complete_pair },
	{ "rollback", "Load an earlier revision into the candidate" },
	{ "rollback <number>", "Its number in 'show system commit'", revisions_rollback,
	  revisions_complete },
	{ "run", "Run an operational command" },
	{ "run <command...>", "Operational command",
	  run_operational, complete_operational, SHOWS_AS_RUN },
	{ "save", "Write the running configuration to the file a start begins from", run_save },
	{ "save <file>", "Write the running configuration to this file", run_save, complete_file },
	{ "set", "Add to the configuration, or change it" },
	{ "set <path...>", "What to set", edit_set, edit_complete_set },
	{ "show", "Show the candidate; + came, - went, > changed",
	  run_show, NULL, SHOWS_CONFIGURATION },
	{ "show <path...>", "What to show", run_show, complete_show, SHOWS_CONFIGURATION },
	{ "top", "Go up to the top", edit_top },
	{ "up", "Go up one step", edit_up },
	{ "validate", "Have the candidate checked without committing it", commit_validate },
	{ NULL },
};
