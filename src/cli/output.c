/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The way of an answer: command, pipes, pager, terminal; what is not there is left out.  It must
 * not know what the answer says.
 */
#include "cli/output.h"

#include <stdlib.h>

#include "cli/filter.h"
#include "cli/pager.h"
#include "cli/pipes.h"
#include "cli/print.h"

/* Run the command with its answer going to a stream, through the pipes. */
static enum outcome
run_into(FILE *to, struct session *session, const struct command *row, char *const arguments[],
         size_t count)
{
	bool filtered = session->pipes && session->pipes->count > 0;
	FILE *before = session->out;
	enum outcome outcome;

	/* What a person reads is folded; what a pipe reads keeps its lines. */
	session->width = filtered ? 0 : print_width(before);
	session->out = filtered ? filter_open(session->pipes, to) : to;
	outcome = row->run(session, arguments, count);
	if (filtered)
		fclose(session->out);
	session->out = before;
	return outcome;
}

enum outcome
output_run(struct session *session, const struct command *row, char *const arguments[],
           size_t count)
{
	enum paging paging = session->pipes ? session->pipes->paging : PAGING_AS_NEEDED;
	enum outcome outcome;
	char *text = NULL;
	size_t length;
	FILE *answer;

	if (row->shows == SHOWS_AS_RUN)
		return row->run(session, arguments, count);
	if (!pipes_fit(session->pipes, row->shows, row->words, session->err))
		return OUTCOME_USAGE;
	/* What shows nothing may talk with the user. */
	if (!session->page || paging == PAGING_NEVER || row->shows == SHOWS_EVENTS ||
	    row->shows == SHOWS_NOTHING) {
		outcome = run_into(session->out, session, row, arguments, count);
		fflush(session->out);	/* before what the next command says on err */
		return outcome;
	}

	answer = open_memstream(&text, &length);
	assert(answer);
	print_shown_later(answer, print_width(session->out));
	outcome = run_into(answer, session, row, arguments, count);
	print_shown_later(NULL, 0);
	fclose(answer);
	pager_show(session->out, text, paging == PAGING_ALWAYS);
	free(text);
	return outcome;
}
