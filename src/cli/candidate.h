/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The candidate of configuration mode: running as it was when the candidate began, the same with
 * the user's edits, and the place in the tree where the user stands.
 */
#ifndef TANDEM_CANDIDATE_H
#define TANDEM_CANDIDATE_H

#include "cli/session.h"

struct candidate {
	struct lyd_node *running;	/* as fetched; NULL = empty */
	struct lyd_node *tree;		/* the same, edited */
	char revision[REVISION_TEXT_SIZE];	/* of running */
	char told[REVISION_TEXT_SIZE];	/* up to which revision the user knows of commits */
	char **level;			/* words of "edit"; heap */
	size_t level_count;
	size_t *entered;		/* how deep the user stood at each "edit"; heap */
	size_t entered_count;
};

/* Fetch a configuration and its revision: "" for running, else a query ("revision=11",
 * "revision=saved").  *ret_tree is NULL when it is empty, and also on failure, which is told. */
enum outcome candidate_fetch(struct session *session, const char *query,
                             struct lyd_node **ret_tree, char ret_revision[REVISION_TEXT_SIZE]);

/* A fresh candidate from what runs now; on failure the user was told and NULL is returned. */
struct candidate *candidate_new(struct session *session);
void candidate_free(struct candidate *candidate);
/* Put fresh (taken) in the place of the session's candidate; the user stands where he stood. */
void candidate_succeed(struct session *session, struct candidate *fresh);

/* It was committed, and runs as this revision; it differs below this node of its only, NULL =
 * anywhere. */
void candidate_committed(struct candidate *candidate, const struct lyd_node *part,
                         const char revision[REVISION_TEXT_SIZE]);

/* Does it differ from what ran when it began? */
bool candidate_is_modified(const struct candidate *candidate);
/* Give it a new tree (taken) instead of the old one. */
void candidate_replace_tree(struct candidate *candidate, struct lyd_node *tree);
/* A copy of a tree. */
struct lyd_node *candidate_duplicate(const struct lyd_node *tree);

/* The words of the level with these behind them, shortened ones in full: an array on the heap of
 * borrowed words. */
char **candidate_words(const struct session *session, char *const words[], size_t count,
                       size_t *ret_count);

#endif
