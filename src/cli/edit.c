/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Edits of the candidate.  Copying and renaming go by way of the language: what stands below one
 * path is written as commands and read below the other, so that everything fits that has the same
 * words, whatever kind of interface it stood in; a copy that does not fit changes nothing.
 */
#include "cli/edit.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "cli/candidate.h"
#include "cli/state.h"
#include "config/language.h"
#include "config/path.h"
#include "config/tree.h"
#include "config/words.h"

enum outcome
edit_end(struct session *session, int result, const char *prefix, struct problems *problems)
{
	session_tell_problems(session, prefix, problems);
	problems_done(problems);
	return result < 0 ? OUTCOME_FAILED : OUTCOME_DONE;
}

/* language_set or language_delete, of a path below the level. */
typedef int tree_change(struct ly_ctx *schema, struct lyd_node **tree, char *const words[],
                        size_t count, unsigned line, struct problems *problems);

static enum outcome
make_change(struct session *session, char *const words[], size_t count, tree_change *change)
{
	struct candidate *candidate = session->candidate;
	struct problems problems = { 0 };
	size_t all_count;
	char **all = candidate_words(session, words, count, &all_count);
	int r = change(session->schema, &candidate->tree, all, all_count, 0, &problems);

	free(all);
	return edit_end(session, r, "", &problems);
}

enum outcome
edit_set(struct session *session, char *const words[], size_t count)
{
	return make_change(session, words, count, language_set);
}

enum outcome
edit_delete(struct session *session, char *const words[], size_t count)
{
	return make_change(session, words, count, language_delete);
}

enum outcome
edit_comment(struct session *session, char *const words[], size_t count)
{
	struct candidate *candidate = session->candidate;
	struct problems problems = { 0 };
	size_t all_count;
	char **all;
	int r;

	if (count + candidate->level_count < 2) {
		fprintf(session->err, "Incomplete command: comment <path> <text>\n");
		return OUTCOME_USAGE;
	}
	all = candidate_words(session, words, count - 1, &all_count);
	r = language_comment(session->schema, candidate->tree, all, all_count, words[count - 1], 0,
	                     &problems);
	free(all);
	return edit_end(session, r, "", &problems);
}

/* ---- copy and rename ------------------------------------------------------------------------ */

/* The configured node at a path that names one, NULL when there is none. */
static struct lyd_node *
find(struct session *session, const struct lyd_node *tree, char *const words[], size_t count)
{
	struct problems ignored = { 0 };
	struct lyd_node *node = NULL;
	struct path path;

	if (path_resolve(session->schema, words, count, PATH_PART, 0, &path, &ignored) == 0 &&
	    path.count > 0 && !path_is_open(&path))
		node = path_find(tree, &path);
	problems_done(&ignored);
	return node && tree_is_explicit(node) ? node : NULL;
}

/* Where "to" stands that divides both paths; 0 when it is not there.  It may be a word of the
 * first path, too, so the first one counts before which there is something to copy. */
static size_t
find_to(struct session *session, char *const words[], size_t count)
{
	for (size_t i = 1; i + 1 < count; i++) {
		size_t all_count;
		char **all;
		bool good;

		if (strcmp(words[i], "to") != 0)
			continue;
		all = candidate_words(session, words, i, &all_count);
		good = find(session, session->candidate->tree, all, all_count) != NULL;
		free(all);
		if (good)
			return i;
	}
	return 0;
}

/* Read commands, each of which begins with a verb and depth words of the old path, with the words
 * of the new path instead. */
static int
replay(struct session *session, const char *commands, size_t depth, char *const to[],
       size_t to_count, struct lyd_node **tree, struct problems *problems)
{
	char *text = strdup(commands), *rest = text, *line;
	int r = 0;

	assert(text);
	while (r == 0 && (line = strsep(&rest, "\n")) && line[0]) {
		struct words words = { 0 };
		char **old;
		size_t count;

		if (language_split(line, &old, &count) < 0 || count < 1 + depth)
			assert(!"what is printed can be read");
		for (size_t i = 0; i < to_count; i++)
			words_add(&words, to[i]);
		for (size_t i = 1 + depth; i < count; i++)
			words_add(&words, old[i]);
		if (strcmp(old[0], "set") == 0)
			r = language_set(session->schema, tree, words.list, words.count, 0,
			                 problems);
		else
			r = language_comment(session->schema, *tree, words.list, words.count - 1,
			                     words.list[words.count - 1], 0, problems);
		language_free_words(old, count);
		words_free(&words);
	}
	free(text);
	return r;
}

/* Copy what from names to a place that is empty. */
static int
copy(struct session *session, struct lyd_node **tree, char *const from[], size_t from_count,
     char *const to[], size_t to_count, struct problems *problems)
{
	char *commands, *place = words_join(to, to_count);
	int r = 0;

	if (find(session, *tree, to, to_count)) {
		problems_error(problems, "", 0, place, NULL, "is there already; delete it first");
		r = -EINVAL;
	}
	free(place);
	if (r < 0)
		return r;
	commands = language_print_below(session->schema, *tree, from, from_count, true, false,
	                                problems);
	if (!commands)
		return -EINVAL;
	/* An entry that holds nothing has no line of its own below itself. */
	r = commands[0] ? 0 : language_set(session->schema, tree, to, to_count, 0, problems);
	if (r == 0)
		r = replay(session, commands, from_count, to, to_count, tree, problems);
	free(commands);
	return r;
}

/* In a list whose order is the user's, the new entry stands where the old one stood. */
static void
take_place(struct lyd_node *old, struct lyd_node *new, struct lyd_node **tree)
{
	if (!lysc_is_userordered(old->schema) || old->schema != new->schema ||
	    old->parent != new->parent)
		return;
	lyd_unlink_tree(new);
	if (lyd_insert_before(old, new) != LY_SUCCESS)
		assert(!"instances of one list can stand beside each other");
	*tree = lyd_first_sibling(*tree);
}

static enum outcome
copy_or_rename(struct session *session, char *const words[], size_t count, bool rename)
{
	struct candidate *candidate = session->candidate;
	size_t at = find_to(session, words, count), from_count, to_count;
	struct problems problems = { 0 };
	struct lyd_node *tree;
	char **from, **to;
	int r;

	if (at == 0) {
		fprintf(session->err, "Nothing to %s: say '%s <path> to <path>', the first of "
		        "which is configured\n", rename ? "rename" : "copy",
		        rename ? "rename" : "copy");
		return OUTCOME_FAILED;
	}
	from = candidate_words(session, words, at, &from_count);
	to = candidate_words(session, words + at + 1, count - at - 1, &to_count);
	tree = candidate_duplicate(candidate->tree);
	r = copy(session, &tree, from, from_count, to, to_count, &problems);
	if (r == 0 && rename) {
		struct lyd_node *old = find(session, tree, from, from_count);
		struct lyd_node *new = find(session, tree, to, to_count);

		if (old && new)
			take_place(old, new, &tree);
		r = language_delete(session->schema, &tree, from, from_count, 0, &problems);
	}
	free(from);
	free(to);
	if (r == 0)
		candidate_replace_tree(candidate, tree);
	else
		lyd_free_all(tree);
	return edit_end(session, r, "", &problems);
}

enum outcome
edit_copy(struct session *session, char *const words[], size_t count)
{
	return copy_or_rename(session, words, count, false);
}

enum outcome
edit_rename(struct session *session, char *const words[], size_t count)
{
	return copy_or_rename(session, words, count, true);
}

/* ---- levels --------------------------------------------------------------------------------- */

static void
cut_level(struct candidate *candidate, size_t count)
{
	while (candidate->level_count > count)
		free(candidate->level[--candidate->level_count]);
	while (candidate->entered_count > 0 &&
	       candidate->entered[candidate->entered_count - 1] >= count)
		candidate->entered_count--;
}

enum outcome
edit_level(struct session *session, char *const words[], size_t count)
{
	struct candidate *candidate = session->candidate;
	struct problems problems = { 0 };
	size_t all_count;
	char **all = candidate_words(session, words, count, &all_count);
	struct path path;
	int r = path_resolve(session->schema, all, all_count, PATH_PART, 0, &path, &problems);

	if (r == 0 && ((path.steps[path.count - 1].node->nodetype & LYD_NODE_TERM) ||
	               path_is_open(&path))) {
		fprintf(session->err, "There is %s%s to edit\n", path_is_open(&path) ?
		        "a name missing that says which " : "nothing below ",
		        path.steps[path.count - 1].node->name);
		r = -EINVAL;
	}
	if (r == 0) {
		candidate->entered = reallocarray(candidate->entered, candidate->entered_count + 1,
		                                  sizeof(size_t));
		candidate->level = reallocarray(candidate->level, all_count, sizeof(char *));
		assert(candidate->entered && candidate->level);
		candidate->entered[candidate->entered_count++] = candidate->level_count;
		for (size_t i = candidate->level_count; i < all_count; i++) {
			candidate->level[i] = strdup(all[i]);
			assert(candidate->level[i]);
		}
		candidate->level_count = all_count;
	}
	free(all);
	return edit_end(session, r, "", &problems);
}

enum outcome
edit_up(struct session *session, char *const words[] UNUSED, size_t count UNUSED)
{
	struct candidate *candidate = session->candidate;
	struct problems ignored = { 0 };
	struct path path;

	if (candidate->level_count == 0) {
		fprintf(session->err, "This is the top already\n");
		return OUTCOME_FAILED;
	}
	if (path_resolve(session->schema, candidate->level, candidate->level_count, PATH_PART, 0,
	                 &path, &ignored) < 0)
		assert(!"a level is a path");
	cut_level(candidate, candidate->level_count - 1 - path.steps[path.count - 1].count);
	return OUTCOME_DONE;
}

enum outcome
edit_top(struct session *session, char *const words[] UNUSED, size_t count UNUSED)
{
	cut_level(session->candidate, 0);
	return OUTCOME_DONE;
}

bool
edit_leave_level(struct session *session)
{
	struct candidate *candidate = session->candidate;

	if (candidate->level_count == 0)
		return false;
	cut_level(candidate, candidate->entered_count > 0 ?
	          candidate->entered[candidate->entered_count - 1] : 0);
	return true;
}

void
edit_print_level(const struct session *session)
{
	const struct candidate *candidate = session->candidate;

	fputs("[edit", session->out);
	for (size_t i = 0; i < candidate->level_count; i++) {
		fputc(' ', session->out);
		words_print(session->out, candidate->level[i]);
	}
	fputs("]\n", session->out);
}

/* ---- completion ----------------------------------------------------------------------------- */

struct completion {
	struct session *session;
	struct possibilities *possibilities;
};

static void
add_candidate(void *owner, const struct language_candidate *candidate)
{
	const struct completion *completion = owner;
	const char *help = candidate->help ? candidate->help : "";
	char shown[128];

	if (candidate->word) {
		possibilities_add(completion->possibilities, candidate->word, NULL, help);
		return;
	}
	if (candidate->seen)
		state_complete(completion->session, candidate->seen, completion->possibilities);
	snprintf(shown, sizeof(shown), "<%s>",
	         candidate->value_form ? candidate->value_form : "value");
	possibilities_add(completion->possibilities, NULL, shown, help);
}

/* What a command may name. */
enum aim {
	AIM_SET,			/* what can be there by itself: no mere container */
	AIM_LEVEL,			/* what something stands below */
	AIM_EXISTING,
};

/* Do these words name something that the command can be carried out for? */
static bool
is_aim(struct session *session, char *const words[], size_t count, enum aim aim)
{
	struct problems ignored = { 0 };
	const struct lysc_node *last;
	struct path path;
	int r = path_resolve(session->schema, words, count, aim == AIM_SET ? PATH_WHOLE : PATH_PART,
	                     0, &path, &ignored);

	problems_done(&ignored);
	if (r < 0 || path.count == 0)
		return false;
	last = path.steps[path.count - 1].node;
	if (aim == AIM_SET)
		return last->nodetype != LYS_CONTAINER || last->flags & LYS_PRESENCE;
	if (aim == AIM_LEVEL)
		return !(last->nodetype & LYD_NODE_TERM) && !path_is_open(&path);
	return path_find(session->candidate->tree, &path) != NULL;
}

static void
complete(struct session *session, char *const words[], size_t count, bool existing,
         struct possibilities *possibilities)
{
	struct completion completion = { session, possibilities };
	size_t all_count;
	char **all = candidate_words(session, words, count, &all_count);

	language_complete(session->schema, session->candidate->tree, all, all_count, existing,
	                  add_candidate, &completion);
	free(all);
}

/* The same, and whether the line may end here. */
static void
complete_aim(struct session *session, char *const words[], size_t count, const char *start,
             enum aim aim, struct possibilities *possibilities)
{
	size_t all_count;
	char **all = candidate_words(session, words, count, &all_count);

	if (start[0] == '\0' && count > 0 && is_aim(session, all, all_count, aim))
		possibilities_add(possibilities, NULL, "<Enter>", "Execute the command");
	free(all);
	complete(session, words, count, aim == AIM_EXISTING, possibilities);
}

void
edit_complete_set(struct session *session, char *const words[], size_t count, const char *start,
                  struct possibilities *possibilities)
{
	complete_aim(session, words, count, start, AIM_SET, possibilities);
}

void
edit_complete_level(struct session *session, char *const words[], size_t count,
                    const char *start, struct possibilities *possibilities)
{
	complete_aim(session, words, count, start, AIM_LEVEL, possibilities);
}

void
edit_complete_existing(struct session *session, char *const words[], size_t count,
                       const char *start, struct possibilities *possibilities)
{
	complete_aim(session, words, count, start, AIM_EXISTING, possibilities);
}

void
edit_complete_remark(struct session *session, char *const words[], size_t count,
                     const char *start UNUSED, struct possibilities *possibilities)
{
	complete(session, words, count, true, possibilities);
}

void
edit_complete_pair(struct session *session, char *const words[], size_t count,
                   const char *start UNUSED, struct possibilities *possibilities)
{
	size_t at = 0, all_count;
	char **all;

	/* find_to() wants a word behind "to": the one being typed is. */
	for (size_t i = 1; i < count && at == 0; i++)
		at = strcmp(words[i], "to") == 0 ? i : 0;
	if (at > 0) {
		complete(session, words + at + 1, count - at - 1, false, possibilities);
		return;
	}
	complete(session, words, count, true, possibilities);
	all = candidate_words(session, words, count, &all_count);
	if (find(session, session->candidate->tree, all, all_count))
		possibilities_add(possibilities, "to", NULL, "The new place");
	free(all);
}
