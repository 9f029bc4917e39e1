/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Makes, copies and ends candidates.  What is done to them is in edit.c and commit.c.
 */
#include "cli/candidate.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "config/language.h"
#include "config/path.h"

enum outcome
candidate_fetch(struct session *session, const char *query, struct lyd_node **ret_tree,
                char ret_revision[REVISION_TEXT_SIZE])
{
	struct answer answer;
	struct error error;
	char path[128];
	LY_ERR r;

	*ret_tree = NULL;
	snprintf(path, sizeof(path), "data?content=config%s%s", query[0] ? "&" : "", query);
	if (client_get(session->client, path, &answer, &error) < 0)
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
	error_set(&error, -EPROTO, "the configuration is not understood: %s",
	          ly_errmsg(session->schema));
	return session_tell(session, &error);
}

struct lyd_node *
candidate_duplicate(const struct lyd_node *tree)
{
	struct lyd_node *copy = NULL;

	if (tree && lyd_dup_siblings(tree, NULL, LYD_DUP_RECURSIVE, &copy) != LY_SUCCESS)
		assert(!"a tree that was parsed can be copied");
	return copy;
}

struct candidate *
candidate_new(struct session *session)
{
	struct candidate *candidate = calloc(1, sizeof(*candidate));

	assert(candidate);
	if (candidate_fetch(session, "", &candidate->running, candidate->revision) !=
	    OUTCOME_DONE) {
		free(candidate);
		return NULL;
	}
	memcpy(candidate->told, candidate->revision, sizeof(candidate->told));
	candidate->tree = candidate_duplicate(candidate->running);
	return candidate;
}

void
candidate_free(struct candidate *candidate)
{
	if (!candidate)
		return;
	lyd_free_all(candidate->running);
	lyd_free_all(candidate->tree);
	language_free_words(candidate->level, candidate->level_count);
	free(candidate->entered);
	free(candidate);
}

void
candidate_succeed(struct session *session, struct candidate *fresh)
{
	struct candidate *old = session->candidate;

	fresh->level = old->level;
	fresh->level_count = old->level_count;
	fresh->entered = old->entered;
	fresh->entered_count = old->entered_count;
	old->level = NULL;
	old->level_count = 0;
	old->entered = NULL;
	candidate_free(old);
	session->candidate = fresh;
}

/* The node of the same place in another tree, which has it. */
static struct lyd_node *
find_counterpart(struct lyd_node *tree, const struct lyd_node *node)
{
	const struct lyd_node *parent = lyd_parent(node);
	struct lyd_node *siblings = parent ? lyd_child(find_counterpart(tree, parent)) : tree;
	struct lyd_node *same = NULL;

	if (lyd_find_sibling_first(siblings, node, &same) != LY_SUCCESS)
		assert(!"it was found there before");
	return same;
}

/* Copying all of a large configuration takes longer than committing a part of it. */
static void
take_over(struct candidate *candidate, const struct lyd_node *part)
{
	struct lyd_node *old = find_counterpart(candidate->running, part);
	struct lyd_node *parent = lyd_parent(old), *copy = NULL;

	if (lyd_dup_single(part, NULL, LYD_DUP_RECURSIVE, &copy) != LY_SUCCESS)
		assert(!"a tree that was parsed can be copied");
	if (candidate->running == old)
		candidate->running = old->next;
	lyd_free_tree(old);
	if ((parent ? lyd_insert_child(parent, copy) :
	     lyd_insert_sibling(candidate->running, copy, &candidate->running)) != LY_SUCCESS)
		assert(!"there was one of its kind before");
}

void
candidate_committed(struct candidate *candidate, const struct lyd_node *part,
                    const char revision[REVISION_TEXT_SIZE])
{
	if (part) {
		take_over(candidate, part);
	} else {
		lyd_free_all(candidate->running);
		candidate->running = candidate_duplicate(candidate->tree);
	}
	memcpy(candidate->revision, revision, REVISION_TEXT_SIZE);
	memcpy(candidate->told, revision, REVISION_TEXT_SIZE);
}

bool
candidate_is_modified(const struct candidate *candidate)
{
	return language_count_changes(candidate->running, candidate->tree) > 0;
}

void
candidate_replace_tree(struct candidate *candidate, struct lyd_node *tree)
{
	lyd_free_all(candidate->tree);
	candidate->tree = tree;
}

char **
candidate_words(const struct session *session, char *const words[], size_t count,
                size_t *ret_count)
{
	const struct candidate *candidate = session->candidate;
	char **all = calloc(candidate->level_count + count + 1, sizeof(char *));

	assert(all);
	*ret_count = 0;
	for (size_t i = 0; i < candidate->level_count; i++)
		all[(*ret_count)++] = candidate->level[i];
	for (size_t i = 0; i < count; i++)
		all[(*ret_count)++] = words[i];
	path_expand(session->schema, all, *ret_count);
	return all;
}
