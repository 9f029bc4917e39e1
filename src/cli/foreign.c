/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Hands a file to src/import and shows what came of it.  Nothing here needs the service: outside
 * configuration mode a file can be looked at on any machine.
 */
#include "cli/foreign.h"

#include <stdlib.h>

#include "cli/candidate.h"
#include "cli/file.h"
#include "config/language.h"
#include "import/import.h"

typedef int read_program(struct ly_ctx *schema, const struct source *source,
                         struct lyd_node **tree, struct findings *findings);

/* Add the file arguments[0] to *tree and tell what came of it.  arguments[1], if given, is the
 * router's name for conditional lines. */
static enum outcome
read_foreign(struct session *session, read_program *read, char *const arguments[], size_t count,
             struct lyd_node **tree)
{
	struct source source = {
		.path = arguments[0], .id = count > 1 ? arguments[1] : NULL,
	};
	struct findings findings = { 0 };
	enum outcome outcome;

	if (read(session->schema, &source, tree, &findings) < 0)
		outcome = OUTCOME_USAGE;
	else
		outcome = findings.counts[FINDING_LEFT] ? OUTCOME_FAILED : OUTCOME_DONE;
	findings_print(&findings, session->err);
	findings_done(&findings);
	return outcome;
}

static enum outcome
print(struct session *session, read_program *read, char *const arguments[], size_t count)
{
	struct lyd_node *tree = NULL;
	enum outcome outcome = read_foreign(session, read, arguments, count, &tree);
	char *text = language_print_set(tree, false);

	fputs(text, session->out);
	free(text);
	lyd_free_all(tree);
	return outcome;
}

static enum outcome
merge(struct session *session, read_program *read, char *const arguments[], size_t count)
{
	struct lyd_node *tree = candidate_duplicate(session->candidate->tree);
	enum outcome outcome = read_foreign(session, read, arguments, count, &tree);

	if (outcome == OUTCOME_USAGE) {
		lyd_free_all(tree);
		return outcome;
	}
	candidate_replace_tree(session->candidate, tree);
	return OUTCOME_DONE;
}

enum outcome
foreign_print_keepalived(struct session *session, char *const arguments[], size_t count)
{
	return print(session, import_keepalived, arguments, count);
}

enum outcome
foreign_print_vyatta(struct session *session, char *const arguments[], size_t count)
{
	return print(session, import_vyatta, arguments, count);
}

enum outcome
foreign_print_vyos(struct session *session, char *const arguments[], size_t count)
{
	return print(session, import_vyos, arguments, count);
}

enum outcome
foreign_merge_keepalived(struct session *session, char *const arguments[], size_t count)
{
	return merge(session, import_keepalived, arguments, count);
}

enum outcome
foreign_merge_vyatta(struct session *session, char *const arguments[], size_t count)
{
	return merge(session, import_vyatta, arguments, count);
}

enum outcome
foreign_merge_vyos(struct session *session, char *const arguments[], size_t count)
{
	return merge(session, import_vyos, arguments, count);
}

void
foreign_complete(struct session *session UNUSED, char *const arguments[] UNUSED,
                 size_t count UNUSED, const char *start, struct possibilities *possibilities)
{
	file_complete(start, possibilities);
}
