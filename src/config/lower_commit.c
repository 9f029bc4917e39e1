/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Turns notes into a state tree.  It shows every fact that a note has and asks nobody for others.
 */
#include "config/lower_commit.h"

#include <inttypes.h>
#include <stdio.h>

#include "config/put.h"

static void
put_commit(struct lyd_node *root, const struct note *note, size_t number)
{
	struct lyd_node *entry;
	char revision[24];

	snprintf(revision, sizeof(revision), "%" PRIu64, note->revision);
	entry = put_entry(root, "commit", revision, NULL, NULL);
	put_number(entry, "number", number);
	put_number(entry, "time", note->time > 0 ? (uint64_t)note->time : 0);
	put_text(entry, "user", note->user);
	put_text(entry, "via", note->via);
	if (note->comment[0])
		put_text(entry, "comment", note->comment);
}

void
lower_commit_state(const struct ly_ctx *schema, const struct lower_commits *facts,
                   struct lyd_node **tree)
{
	struct lyd_node *root = put_container(schema, tree, "commit-state");
	const struct trial *trial = &facts->running->trial;
	const struct note *note;

	put_number(root, "revision", facts->running->revision);
	if (trial->seconds) {
		struct lyd_node *node = put_inner(root, "trial");

		put_number(node, "returns-to", trial->returns_to);
		put_number(node, "remaining", facts->remaining);
		put_number(node, "deadline", (uint64_t)facts->epoch + facts->remaining);
	}
	for (size_t i = 0; facts->history && (note = history_note(facts->history, i)); i++)
		put_commit(root, note, i);
}
