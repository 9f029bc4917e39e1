/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Pairing is the service's work; here the operator is told how it stands, is asked whether the
 * codes are the same, and commits the other router's key as a change of his own, which history,
 * compare and rollback know.  Leaving before the end ends the pairing.
 */
#include "cli/pair.h"

#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "base/fingerprint.h"
#include "base/inet.h"
#include "base/json.h"
#include "cli/candidate.h"
#include "cli/data.h"
#include "cli/print.h"
#include "cli/state.h"

#define PORT_TEXT "443"			/* as in the model */
#define LOOK_MSEC 300			/* between looks at how the pairing stands */
#define ANSWER_SIZE 64

/* ---- operations ----------------------------------------------------------------------------- */

/* Ask for an operation with this input; the answer's body, or NULL and the user was told. */
static char *
operate(struct session *session, const char *operation, const char *input)
{
	struct answer answer;
	struct error error;
	char path[64];
	char *body;

	snprintf(path, sizeof(path), "operations/tandem-state:%s", operation);
	if (client_post(session->client, path, input, &answer, &error) < 0) {
		(void)session_tell(session, &error);
		return NULL;
	}
	if (answer.status != 200 && answer.status != 204) {
		(void)session_tell_refusal(session, &answer);
		return NULL;
	}
	body = answer.body;
	answer.body = NULL;
	answer_done(&answer);
	return body;
}

/* The same, where the answer says nothing. */
static enum outcome
operate_only(struct session *session, const char *operation, const char *input)
{
	char *body = operate(session, operation, input);
	enum outcome outcome = body ? OUTCOME_DONE : OUTCOME_FAILED;

	free(body);
	return outcome;
}

/* {"tandem-state:input":{"address":...}} with more behind it; heap. */
static char *
input_of(const char *name, const char *value, const char *more)
{
	char *text = NULL;
	size_t size;
	FILE *out = open_memstream(&text, &size);

	assert(out);
	fprintf(out, "{\"tandem-state:input\":{\"%s\":", name);
	json_string(out, value);
	fprintf(out, "%s}}", more);
	fclose(out);
	return text;
}

/* ---- what is committed ---------------------------------------------------------------------- */

struct partner {
	const char *address;
	const char *port;
	const char *fingerprint;
	const char *local;		/* where our door listens if there is none; NULL = all */
};

static PRINTF_LIKE(2, 3) enum outcome
edit(struct session *session, const char *format, ...)
{
	va_list arguments;
	char line[256];

	va_start(arguments, format);
	vsnprintf(line, sizeof(line), format, arguments);
	va_end(arguments);
	return session_run_line(session, line);
}

/* Does the running configuration have this container? */
static const struct lyd_node *
find_running(const struct session *session, const char *top, const char *name)
{
	const struct lyd_node *node = session->candidate->running;

	while (node && strcmp(LYD_NAME(node), top) != 0)
		node = node->next;
	return node ? data_child(node, name) : NULL;
}

/* Change the candidate; a pair with another key is another pair. */
static enum outcome
edit_candidate(struct session *session, const struct partner *partner)
{
	const struct lyd_node *pair = find_running(session, "system", "pair");
	bool other = pair && data_child(pair, "fingerprint") &&
	             strcmp(data_text(pair, "fingerprint"), partner->fingerprint) != 0;
	bool standard = strcmp(partner->port, PORT_TEXT) == 0;
	enum outcome outcome = OUTCOME_DONE;

	if (other)
		outcome = edit(session, "delete system pair");
	if (outcome == OUTCOME_DONE)
		outcome = edit(session, "set system pair fingerprint %s", partner->fingerprint);
	if (outcome == OUTCOME_DONE)
		outcome = edit(session, "set system pair remote-address %s", partner->address);
	if (outcome == OUTCOME_DONE && !standard)
		outcome = edit(session, "set system pair port %s", partner->port);
	if (find_running(session, "service", "https"))
		return outcome;
	if (outcome == OUTCOME_DONE)
		outcome = edit(session, partner->local ? "set service https listen-address %s"
		                                       : "set service https", partner->local);
	if (outcome == OUTCOME_DONE && !standard)
		outcome = edit(session, "set service https port %s", partner->port);
	return outcome;
}

static enum outcome
commit(struct session *session, const struct partner *partner)
{
	enum outcome outcome;

	session->candidate = candidate_new(session);
	if (!session->candidate)
		return OUTCOME_FAILED;
	outcome = edit_candidate(session, partner);
	if (outcome == OUTCOME_DONE && !candidate_is_modified(session->candidate))
		fprintf(session->out, "This pair is configured already\n");
	else if (outcome == OUTCOME_DONE)
		outcome = edit(session, "commit comment \"pair with %s\"", partner->address);
	candidate_free(session->candidate);
	session->candidate = NULL;
	if (outcome == OUTCOME_DONE)
		print_said(session->out, "Paired with %s.  Save it on both routers ('save' in "
		           "configuration mode), or it is gone with a restart.  'show "
		           "configuration commands | match \"pair|https\"' shows what was set.",
		           partner->address);
	return outcome;
}

static bool
may_pair(struct session *session, const char *address)
{
	struct ip ip;

	if (session->candidate) {
		fprintf(session->err, "Pairing commits by itself: leave configuration mode first, "
		        "with 'exit'\n");
		return false;
	}
	if (ip_parse(address, &ip))
		return true;
	fprintf(session->err, "'%s' is no address: name the other router's, such as 192.0.2.2\n",
	        address);
	return false;
}

static bool
is_port(struct session *session, const char *text)
{
	char *end;
	unsigned long port = strtoul(text, &end, 10);

	if (*end == '\0' && port >= 1 && port <= 65535)
		return true;
	fprintf(session->err, "A port is a number from 1 to 65535, not '%s'\n", text);
	return false;
}

enum outcome
pair_by_fingerprint(struct session *session, char *const arguments[], size_t count)
{
	struct partner partner = { .address = arguments[0],
	                           .port = count > 2 ? arguments[2] : PORT_TEXT };
	struct fingerprint fingerprint;
	char text[FINGERPRINT_TEXT_SIZE];
	struct lyd_node *state;
	bool own;

	if (!may_pair(session, arguments[0]) || !is_port(session, partner.port))
		return OUTCOME_USAGE;
	if (!fingerprint_parse(arguments[1], &fingerprint)) {
		fprintf(session->err, "'%s' is no fingerprint: 'show pair' on the other router "
		        "prints it, 64 hexadecimal digits in groups\n", arguments[1]);
		return OUTCOME_USAGE;
	}
	partner.fingerprint = fingerprint_text(&fingerprint, text);
	state = state_fetch_quietly(session, "pair-state");
	own = strcmp(data_text(state, "fingerprint"), text) == 0;
	lyd_free_all(state);
	if (own) {
		fprintf(session->err, "That is the fingerprint of this router itself; name the "
		        "other router's\n");
		return OUTCOME_FAILED;
	}
	return commit(session, &partner);
}

/* ---- two operators -------------------------------------------------------------------------- */

static volatile sig_atomic_t interrupted;

static void
on_interrupt(int number UNUSED)
{
	interrupted = 1;
}

/* Look until the pairing is no more in this phase, tell what changes, and return the state (free
 * it); NULL when the operator has had enough or the service is away. */
static struct lyd_node *
watch(struct session *session, const char *phase)
{
	char told[512] = "";

	for (;;) {
		struct lyd_node *state;
		const struct lyd_node *attempt;
		const char *reason;

		if (interrupted || state_fetch(session, "pair-state", &state) != OUTCOME_DONE)
			return NULL;
		attempt = data_child(state, "attempt");
		reason = data_text(attempt, "reason");
		if (!attempt || strcmp(data_text(attempt, "phase"), phase) != 0)
			return state;
		if (strcmp(phase, "seeking") == 0 && reason[0] && strcmp(reason, told) != 0)
			print_said(session->out, "(not yet: %s)", reason);
		snprintf(told, sizeof(told), "%s", reason);
		fflush(session->out);
		lyd_free_all(state);
		(void)poll(NULL, 0, LOOK_MSEC);
	}
}

/* One line from the operator, without its end; false when there is none. */
static bool
read_answer(char answer[ANSWER_SIZE])
{
	size_t length = 0;
	char c;

	while (!interrupted && read(STDIN_FILENO, &c, 1) == 1 && c != '\n') {
		if (length + 1 < ANSWER_SIZE)
			answer[length++] = c;
	}
	answer[length] = '\0';
	return length > 0 && !interrupted;
}

/* No answer is no. */
static bool
says_yes(struct session *session, const char *question)
{
	char answer[ANSWER_SIZE];

	do {
		fprintf(session->out, "%s (yes/no) ", question);
		fflush(session->out);
		if (!read_answer(answer))
			return false;
	} while (strcmp(answer, "yes") != 0 && strcmp(answer, "no") != 0);
	return strcmp(answer, "yes") == 0;
}

/* Is it the same code? */
static bool
is_same(struct session *session, const struct lyd_node *attempt)
{
	fprintf(session->out, "\n    Code:  %s\n\nThe other router shows a code, too.  Compare "
	        "them, by telephone for example.\n", data_text(attempt, "code"));
	return says_yes(session, "Are both the same?");
}

static enum outcome
tell_failure(struct session *session, const struct lyd_node *attempt)
{
	const char *reason = data_text(attempt, "reason");

	fprintf(session->err, "Not paired: %s\n",
	        reason[0] ? reason : "the pairing was ended by somebody else");
	return OUTCOME_FAILED;
}

/* The code is there: ask, wait for the other operator, commit. */
static enum outcome
decide(struct session *session, const struct lyd_node *attempt, struct partner *partner)
{
	bool same = is_same(session, attempt);
	char *input = input_of("code", data_text(attempt, "code"),
	                       same ? ",\"agree\":true" : ",\"agree\":false");
	enum outcome outcome = operate_only(session, "pair-answer", input);
	struct lyd_node *state;

	free(input);
	if (outcome != OUTCOME_DONE)
		return outcome;
	if (!same) {
		fprintf(session->err, "Not paired.  If the codes differ, somebody stands between "
		        "the routers, or one of them speaks with a third\n");
		return OUTCOME_FAILED;
	}
	fprintf(session->out, "Waiting for the operator of the other router ...\n");
	fflush(session->out);
	state = watch(session, "comparing");
	attempt = data_child(state, "attempt");
	if (!state) {
		outcome = OUTCOME_FAILED;
	} else if (strcmp(data_text(attempt, "phase"), "agreed") != 0) {
		outcome = tell_failure(session, attempt);
	} else {
		partner->fingerprint = data_text(attempt, "fingerprint");
		partner->local = data_child(attempt, "local-address")
		                 ? data_text(attempt, "local-address") : NULL;
		outcome = commit(session, partner);
	}
	lyd_free_all(state);
	return outcome;
}

/* The service seeks the other router: wait until there is a code. */
static enum outcome
find_and_decide(struct session *session, struct partner *partner)
{
	struct lyd_node *state = state_fetch_quietly(session, "pair-state");
	const struct lyd_node *attempt = data_child(state, "attempt");
	const char *local = data_text(attempt, "local-address");
	bool standard = strcmp(partner->port, PORT_TEXT) == 0;
	enum outcome outcome;

	fprintf(session->out, "Waiting for %s, 10 minutes at most (Ctrl-C ends it).  Give there:\n"
	        "    pair %s%s%s\n", partner->address,
	        local[0] ? local : "<address of this router>", standard ? "" : " port ",
	        standard ? "" : partner->port);
	fflush(session->out);
	lyd_free_all(state);
	state = watch(session, "seeking");
	attempt = data_child(state, "attempt");
	if (!state)
		outcome = OUTCOME_FAILED;
	else if (strcmp(data_text(attempt, "phase"), "comparing") == 0)
		outcome = decide(session, attempt, partner);
	else
		outcome = tell_failure(session, attempt);
	lyd_free_all(state);
	return outcome;
}

enum outcome
pair_run(struct session *session, char *const arguments[], size_t count)
{
	struct partner partner = { .address = arguments[0],
	                           .port = count > 1 ? arguments[1] : PORT_TEXT };
	struct sigaction before, interrupt = { .sa_handler = on_interrupt };
	enum outcome outcome;
	char more[32], *input;

	if (!may_pair(session, arguments[0]) || !is_port(session, partner.port))
		return OUTCOME_USAGE;
	if (!isatty(STDIN_FILENO)) {
		fprintf(session->err, "Somebody must compare two codes at a terminal; a script "
		        "gives the key itself: pair %s fingerprint FINGERPRINT, as 'show pair' "
		        "prints it on the other router\n", arguments[0]);
		return OUTCOME_USAGE;
	}
	snprintf(more, sizeof(more), ",\"port\":%s", partner.port);
	input = input_of("address", partner.address, more);
	outcome = operate_only(session, "pair", input);
	free(input);
	if (outcome != OUTCOME_DONE)
		return outcome;
	interrupted = 0;
	sigaction(SIGINT, &interrupt, &before);
	outcome = find_and_decide(session, &partner);
	sigaction(SIGINT, &before, NULL);
	if (interrupted) {
		fprintf(session->err, "\nNot paired: it was interrupted\n");
		(void)operate_only(session, "pair-reset", "");
	}
	return outcome;
}

enum outcome
pair_reset(struct session *session, char *const arguments[] UNUSED, size_t count UNUSED)
{
	return operate_only(session, "pair-reset", "");
}

enum outcome
pair_key_confirmed(struct session *session, char *const arguments[] UNUSED, size_t count UNUSED)
{
	struct answer answer;
	struct error error;

	if (client_post(session->client, "operations/tandem-state:pair-key", "", &answer, &error) <
	    0)
		return session_tell(session, &error);
	if (answer.status != 200)
		return session_tell_refusal(session, &answer);
	answer_print_all(&answer, session->schema, "message", "", session->out);
	answer_done(&answer);
	return OUTCOME_DONE;
}

enum outcome
pair_key(struct session *session, char *const arguments[], size_t count)
{
	struct sigaction before, interrupt = { .sa_handler = on_interrupt };
	bool sure;

	if (!isatty(STDIN_FILENO)) {
		fprintf(session->err, "Somebody must say at a terminal that the pair is to be "
		        "ended; a script says it so: reset pair key confirm\n");
		return OUTCOME_USAGE;
	}
	interrupted = 0;
	sigaction(SIGINT, &interrupt, &before);
	print_said(session->out, "The key of this router is destroyed, and it gets another.  Until "
	           "both routers are paired anew, connections and configurations are not "
	           "synchronised.");
	sure = says_yes(session, "Go on?");
	sigaction(SIGINT, &before, NULL);
	if (sure)
		return pair_key_confirmed(session, arguments, count);
	fprintf(session->err, "Nothing was changed\n");
	return OUTCOME_FAILED;
}

/* ---- how it stands -------------------------------------------------------------------------- */

static void
show_peer(FILE *out, const struct lyd_node *state)
{
	const struct lyd_node *address = data_child(state, "peer-address");
	const char *port = data_text(state, "peer-port");

	if (!data_child(state, "peer-fingerprint")) {
		print_label(out, 0, "Paired:", "no");
		return;
	}
	print_label(out, 0, "Paired:", "yes");
	print_label(out, 0, "Key of the other router:", data_text(state, "peer-fingerprint"));
	for (; address; address = data_next(address))
		print_label(out, 0, "Address of the other router:", lyd_get_value(address));
	if (strcmp(port, PORT_TEXT) != 0)
		print_label(out, 0, "Port of the other router:", port);
}

static void
show_attempt(FILE *out, const struct lyd_node *attempt)
{
	/* What was agreed stands above. */
	if (!attempt || strcmp(data_text(attempt, "phase"), "agreed") == 0)
		return;
	fprintf(out, "\n");
	print_label(out, 0, "Pairing with:", data_text(attempt, "address"));
	print_label(out, 2, "State:", data_text(attempt, "phase"));
	if (data_child(attempt, "code"))
		print_label(out, 2, "Code:", data_text(attempt, "code"));
	if (data_child(attempt, "reason"))
		print_label(out, 2, "Reason:", data_text(attempt, "reason"));
	if (strcmp(data_text(attempt, "phase"), "failed") != 0)
		print_number(out, 2, "Time left:", data_number(attempt, "remaining"), " secs");
}

enum outcome
pair_show(struct session *session, char *const arguments[] UNUSED, size_t count UNUSED)
{
	struct lyd_node *state;
	enum outcome outcome = state_fetch(session, "pair-state", &state);
	FILE *out = session->out;

	if (outcome != OUTCOME_DONE)
		return outcome;
	if (session->json) {
		session_print_json(session, state, LYD_PRINT_KEEPEMPTYCONT);
		lyd_free_all(state);
		return OUTCOME_DONE;
	}
	print_label(out, 0, "Key of this router:", data_child(state, "fingerprint")
	            ? data_text(state, "fingerprint") : "none: see 'show system'");
	print_label(out, 0, "Door for the other router:",
	            data_is_true(state, "listens") ? "open" : "shut (service https)");
	show_peer(out, state);
	show_attempt(out, data_child(state, "attempt"));
	for (const struct lyd_node *request = data_child(state, "request"); request;
	     request = data_next(request)) {
		fprintf(out, "\n");
		print_label(out, 0, "Asks to be paired:", data_text(request, "address"));
		print_label(out, 2, "Key:", data_text(request, "fingerprint"));
		print_number(out, 2, "Asked last:", data_number(request, "age"), " secs ago");
	}
	lyd_free_all(state);
	return OUTCOME_DONE;
}

static void
complete_from(struct session *session, const char *list, const char *leaf,
              struct possibilities *possibilities)
{
	struct lyd_node *state = state_fetch_quietly(session, "pair-state");

	for (const struct lyd_node *node = data_child(state, list); node; node = data_next(node))
		possibilities_add(possibilities, leaf ? data_text(node, leaf) : lyd_get_value(node),
		                  NULL, "");
	lyd_free_all(state);
}

void
pair_complete_peer(struct session *session, char *const arguments[] UNUSED, size_t count UNUSED,
                   const char *start UNUSED, struct possibilities *possibilities)
{
	complete_from(session, "peer-address", NULL, possibilities);
}

void
pair_complete_request(struct session *session, char *const arguments[] UNUSED,
                      size_t count UNUSED, const char *start UNUSED,
                      struct possibilities *possibilities)
{
	complete_from(session, "request", "address", possibilities);
}

/* ---- the other router's configuration ------------------------------------------------------- */

static bool
read_configuration(struct session *session, const char *body, struct lyd_node **ret_tree)
{
	struct lyd_node *answer = NULL, *leaf;
	bool good = lyd_parse_data_mem(session->schema, body, LYD_JSON,
	                               LYD_PARSE_ONLY | LYD_PARSE_OPAQ, 0, &answer) == LY_SUCCESS;

	leaf = good && answer ? lyd_child(answer) : NULL;
	good = leaf && lyd_get_value(leaf) &&
	       lyd_parse_data_mem(session->schema, lyd_get_value(leaf), LYD_JSON,
	                          LYD_PARSE_ONLY | LYD_PARSE_STRICT | LYD_PARSE_NO_STATE, 0,
	                          ret_tree) == LY_SUCCESS;
	if (!good)
		fprintf(session->err, "The other router's configuration is not understood: does it "
		        "run another version of Tandem?%s%s\n",
		        ly_errmsg(session->schema) ? "\n" : "",
		        ly_errmsg(session->schema) ? ly_errmsg(session->schema) : "");
	lyd_free_all(answer);
	return good;
}

bool
pair_fetch(struct session *session, const char *address, struct lyd_node **ret_tree)
{
	char *input = input_of("address", address, "");
	char *body = operate(session, "peer-configuration", input);
	bool good;

	*ret_tree = NULL;
	good = body && read_configuration(session, body, ret_tree);
	free(input);
	free(body);
	return good;
}
