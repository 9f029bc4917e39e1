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
