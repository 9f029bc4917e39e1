/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Decides which filters there are and how connections stand in 80 columns.  What an address or a
 * protocol is the service knows; numbers are judged here, since they go out as numbers.
 */
#include "cli/flows.h"

#include <stdlib.h>
#include <string.h>

#include "base/json.h"
#include "cli/data.h"
#include "cli/list.h"
#include "cli/print.h"
#include "cli/state.h"
#include "config/words.h"

/* ---- filters -------------------------------------------------------------------------------- */

struct filter {
	const char *word;		/* also the leaf's name in the service's operation */
	const char *help;
	const char *form;		/* of its value */
	const char *form_help;
	uint32_t least, most;		/* of a number; most 0: any text */
};

static const struct filter filters[] = {
	{ "address", "Connections with an end in a network", "<address>",
	  "Address or network/length", 0, 0 },
	{ "limit", "Show at most so many, and count all", "<1..10000>",
	  "Number of connections; default 1000", 1, 10000 },
	{ "port", "Connections with a port", "<port>", "Number of the port", 0, 65535 },
	{ "protocol", "Connections of a protocol", "<protocol>",
	  "tcp, udp, icmp, ... or a number", 0, 0 },
};

struct request {
	const char *values[ARRAY_SIZE(filters)];	/* NULL = not asked for; borrowed */
};

/* Does filter number i begin with the word, and was not given yet? */
static bool
may_be(const struct request *request, size_t i, const char *word)
{
	return !request->values[i] && strncmp(filters[i].word, word, strlen(word)) == 0;
}

/* How many filters that were not given yet the word may mean; *ret_at is the last of them.  One
 * that is written out is meant alone. */
static unsigned
count_meant(const struct request *request, const char *word, size_t *ret_at)
{
	unsigned found = 0;

	for (size_t i = 0; word[0] && i < ARRAY_SIZE(filters); i++) {
		if (!may_be(request, i, word))
			continue;
		*ret_at = i;
		if (strcmp(filters[i].word, word) == 0)
			return 1;
		found++;
	}
	return found;
}

/* Take filters and values as far as they make sense; the number of words that do.  *ret_open is the
 * filter whose value is the next word, or NULL. */
static size_t
read_words(char *const words[], size_t count, struct request *ret, const struct filter **ret_open)
{
	size_t at, i;

	*ret = (struct request){ 0 };
	*ret_open = NULL;
	for (i = 0; i < count; i += 2) {
		if (count_meant(ret, words[i], &at) != 1)
			return i;
		if (i + 1 == count) {
			*ret_open = &filters[at];
			return count;
		}
		ret->values[at] = words[i + 1];
	}
	return i;
}

/* The filters that begin with start and were not given yet, after a separator; ends the line. */
static void
tell_filters(FILE *to, const struct request *request, const char *start, const char *separator)
{
	for (size_t i = 0; i < ARRAY_SIZE(filters); i++) {
		if (!may_be(request, i, start))
			continue;
		fprintf(to, "%s%s", separator, filters[i].word);
		separator = ", ";
	}
	fputc('\n', to);
}

/* What was given already, or what a word that no filter begins with may be. */
static void
tell_unknown(FILE *to, const struct request *request, const char *word)
{
	const struct filter *near = NULL;
	unsigned best = 3;

	for (size_t i = 0; i < ARRAY_SIZE(filters); i++) {
		const struct filter *filter = &filters[i];
		unsigned distance = words_distance(word, filter->word, best);

		if (word[0] && strncmp(filter->word, word, strlen(word)) == 0) {
			fprintf(to, ": %s is given already\n", filter->word);
			return;
		}
		if (!request->values[i] && distance < best) {
			best = distance;
			near = filter;
		}
	}
	if (near)
		fprintf(to, ", did you mean '%s'?\n", near->word);
	else
		tell_filters(to, request, "", ", which goes on with: ");
}

/* Say which word makes no sense, and why. */
static void
tell_words(FILE *to, const struct request *request, char *const words[], size_t good)
{
	unsigned meant = count_meant(request, words[good], &(size_t){ 0 });

	fprintf(to, "%s command: show connsync flows", meant > 1 ? "Ambiguous" : "Invalid");
	for (size_t i = 0; i < good; i++)
		fprintf(to, " %s", words[i]);
	fprintf(to, " [%s]", words[good]);
	if (meant > 1)
		tell_filters(to, request, words[good], ", which may be: ");
	else
		tell_unknown(to, request, words[good]);
}

/* "A port is a number from 0 to 65535, not 'ssh'" */
static bool
numbers_fit(FILE *to, const struct request *request)
{
	bool fit = true;

	for (size_t i = 0; i < ARRAY_SIZE(filters); i++) {
		const struct filter *filter = &filters[i];
		const char *value = request->values[i];
		unsigned long number;
		char *end;

		if (!value || filter->most == 0)
			continue;
		number = strtoul(value, &end, 10);
		if (value[0] >= '0' && value[0] <= '9' && *end == '\0' &&
		    number >= filter->least && number <= filter->most)
			continue;
		fprintf(to, "A %s is a number from %u to %u, not '%s'\n", filter->word,
		        filter->least, filter->most, value);
		fit = false;
	}
	return fit;
}

static bool
read_request(FILE *err, char *const words[], size_t count, struct request *ret)
{
	const struct filter *open;
	size_t good = read_words(words, count, ret, &open);

	if (good < count) {
		tell_words(err, ret, words, good);
		return false;
	}
	if (open) {
		fprintf(err, "Incomplete command: show connsync flows");
		for (size_t i = 0; i < count; i++)
			fprintf(err, " %s", words[i]);
		fprintf(err, ", which goes on with: %s\n", open->form);
		return false;
	}
	return numbers_fit(err, ret);
}

void
flows_complete(struct session *session UNUSED, char *const words[], size_t count,
               const char *start, struct possibilities *possibilities)
{
	const struct filter *open;
	struct request request;

	if (read_words(words, count, &request, &open) < count)
		return;
	if (open) {
		possibilities_add(possibilities, NULL, open->form, open->form_help);
		return;
	}
	if (start[0] == '\0' && count > 0)
		possibilities_add(possibilities, NULL, "<Enter>", "Execute the command");
	for (size_t i = 0; i < ARRAY_SIZE(filters); i++)
		if (may_be(&request, i, start))
			possibilities_add(possibilities, filters[i].word, NULL, filters[i].help);
}

/* ---- layout --------------------------------------------------------------------------------- */

/* Both ends and a state stand side by side as long as the ends are of IPv4. */
#define END_COLUMN 8
#define END_WIDTH 24

/* The second end of a line whose first one took its place: on a line of its own, below. */
static void
print_below(FILE *out, const char *end)
{
	fprintf(out, "%*s%s\n", END_COLUMN + END_WIDTH, "", end);
}

static void
print_nat(FILE *out, const struct lyd_node *flow)
{
	const char *source = list_or(data_text(flow, "source-nat"), "-");
	const char *destination = list_or(data_text(flow, "destination-nat"), "-");

	print_column(out, "  NAT", END_COLUMN);
	if (strlen(source) < END_WIDTH) {
		print_column(out, source, END_WIDTH);
		fprintf(out, "%s\n", destination);
	} else {
		fprintf(out, "%s\n", source);
		print_below(out, destination);
	}
}

static void
print_flow(FILE *out, const struct lyd_node *flow)
{
	const char *source = data_text(flow, "source");
	const char *destination = data_text(flow, "destination");
	bool narrow = strlen(source) < END_WIDTH && strlen(destination) < END_WIDTH;

	print_column(out, data_text(flow, "protocol"), END_COLUMN);
	print_column(out, source, narrow ? END_WIDTH : 2 * END_WIDTH);
	if (narrow)
		print_column(out, destination, END_WIDTH);
	print_column(out, data_text(flow, "state"), 12);
	fprintf(out, "%s\n", data_text(flow, "copy"));
	if (!narrow)
		print_below(out, destination);
	if (data_text(flow, "source-nat")[0] || data_text(flow, "destination-nat")[0])
		print_nat(out, flow);
}

/* The answer is what an operation puts out; its list stands below the operation's node. */
static void
print_answer(struct session *session, const struct lyd_node *operation)
{
	const struct lyd_node *flow = data_child(operation, "flow");
	unsigned long long matched = data_number(operation, "matched"), shown = 0;

	print_column(session->out, "Proto", END_COLUMN);
	print_column(session->out, "Source", END_WIDTH);
	print_column(session->out, "Destination", END_WIDTH);
	print_column(session->out, "State", 12);
	fprintf(session->out, "Copy\n");
	for (; flow; flow = data_next(flow), shown++)
		print_flow(session->out, flow);
	fprintf(session->out, "%llu connection%s", matched, matched == 1 ? "" : "s");
	if (shown < matched)
		fprintf(session->out, ", %llu of them shown", shown);
	fputc('\n', session->out);
}

/* ---- asking --------------------------------------------------------------------------------- */

/* What RESTCONF calls "output" (RFC 8040 3.6.2) has the operation's own name in libyang. */
static struct lyd_node *
parse_answer(struct session *session, const struct answer *answer)
{
	static const char head[] = "{\"tandem-state:output\":";
	struct lyd_node *operation = NULL;
	struct ly_in *in = NULL;
	char *text = NULL;

	if (strncmp(answer->body, head, sizeof(head) - 1) != 0 ||
	    asprintf(&text, "{\"tandem-state:connsync-flows\":%s",
	             answer->body + sizeof(head) - 1) < 0 ||
	    ly_in_new_memory(text, &in) != LY_SUCCESS ||
	    lyd_parse_op(session->schema, NULL, in, LYD_JSON, LYD_TYPE_REPLY_YANG, &operation,
	                 NULL) != LY_SUCCESS)
		operation = NULL;
	ly_in_free(in, 0);
	free(text);
	return operation;
}

/* Nothing to list for a reason: it was said. */
static bool
tell_why_none(struct session *session)
{
	struct lyd_node *state = state_fetch_quietly(session, "connsync-state");
	const char *running = data_text(state, "running");
	bool told = state && strcmp(running, "true") != 0;

	if (told && running[0])
		print_sentence(session->out, "connsync does not run: ",
		               data_text(state, "trouble"));
	else if (told)
		fprintf(session->out, "connsync is not configured\n");
	lyd_free_all(state);
	return told;
}

static enum outcome
tell_answer(struct session *session, struct answer *answer)
{
	struct lyd_node *operation;

	if (session->json) {
		fprintf(session->out, "%s\n", answer->body);
		return OUTCOME_DONE;
	}
	operation = parse_answer(session, answer);
	if (!operation) {
		fprintf(session->err, "The service's answer does not fit its model\n");
		return OUTCOME_FAILED;
	}
	if (data_number(operation, "matched") > 0 || !tell_why_none(session))
		print_answer(session, operation);
	lyd_free_all(operation);
	return OUTCOME_DONE;
}

/* What is asked for, as the operation's input; heap. */
static char *
spell_input(const struct request *request)
{
	const char *separator = "";
	char *body = NULL;
	size_t length;
	FILE *to = open_memstream(&body, &length);

	assert(to);
	fprintf(to, "{\"tandem-state:input\":{");
	for (size_t i = 0; i < ARRAY_SIZE(filters); i++) {
		const char *value = request->values[i];

		if (!value)
			continue;
		fprintf(to, "%s\"%s\":", separator, filters[i].word);
		separator = ",";
		if (filters[i].most > 0)
			fprintf(to, "%lu", strtoul(value, NULL, 10));
		else
			json_string(to, value);
	}
	fprintf(to, "}}");
	fclose(to);
	assert(body);
	return body;
}

enum outcome
flows_show(struct session *session, char *const words[], size_t count)
{
	struct request request;
	struct answer answer;
	struct error error;
	enum outcome outcome;
	char *body;
	int r;

	if (!read_request(session->err, words, count, &request))
		return OUTCOME_USAGE;
	body = spell_input(&request);
	r = client_post(session->client, "operations/tandem-state:connsync-flows", body, &answer,
	                &error);
	free(body);
	if (r < 0)
		return session_tell(session, &error);
	if (answer.status != 200)
		return session_tell_refusal(session, &answer);
	outcome = tell_answer(session, &answer);
	answer_done(&answer);
	return outcome;
}
