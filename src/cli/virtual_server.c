/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Decides what of virtual servers stands in the table and what only in full.  A real server takes
 * one line: who it is, whether it passes its checks, and what it has of the work.
 */
#include "cli/virtual_server.h"

#include <stdlib.h>
#include <string.h>

#include "cli/data.h"
#include "cli/list.h"
#include "cli/print.h"
#include "cli/state.h"

#define PLACE_SIZE 96

/* "192.0.2.1:80", "[2001:db8::1]:80", or what there is of it. */
static const char *
place_text(const struct lyd_node *node, char text[PLACE_SIZE])
{
	const char *address = data_text(node, "address"), *port = data_text(node, "port");
	bool brackets = port[0] && strchr(address, ':');

	if (data_child(node, "fwmark"))
		snprintf(text, PLACE_SIZE, "mark %s", data_text(node, "fwmark"));
	else
		snprintf(text, PLACE_SIZE, "%s%s%s%s%s", brackets ? "[" : "", address,
		         brackets ? "]" : "", port[0] ? ":" : "", port);
	return text;
}

/* What the checks say, and beside it what the operator or the kernel does about it. */
static const char *
state_text(const struct lyd_node *real)
{
	if (data_text(real, "trouble")[0])
		return "refused";
	if (data_is_true(real, "drained") && strcmp(data_text(real, "state"), "down") != 0)
		return "drained";
	return list_or(data_text(real, "state"), "-");
}

/* The weight that counts now. */
static const char *
weight_text(const struct lyd_node *real)
{
	return data_is_true(real, "present") ? data_text(real, "weight") : "-";
}

static const char *
since_text(const struct lyd_node *real, char text[ELAPSED_TEXT_SIZE])
{
	return data_child(real, "since") ? print_elapsed(data_number(real, "since"), text) : "-";
}

/* ---- the table ------------------------------------------------------------------------------ */

static void
print_real(FILE *out, const struct lyd_node *real)
{
	char place[PLACE_SIZE], since[ELAPSED_TEXT_SIZE];

	fputs("  ", out);
	print_column(out, place_text(real, place), 28);
	print_column(out, state_text(real), 9);
	print_column(out, weight_text(real), 8);
	print_column(out, list_or(data_text(real, "active"), "-"), 9);
	print_column(out, list_or(data_text(real, "inactive"), "-"), 10);
	fprintf(out, "%s\n", since_text(real, since));
}

static void
print_server(FILE *out, const struct lyd_node *server)
{
	const struct lyd_node *real = data_child(server, "real-server");
	char place[PLACE_SIZE], text[256];

	fprintf(out, "%s\n", data_text(server, "name"));
	snprintf(text, sizeof(text), "%s %s, %s, %s%s%s%s", place_text(server, place),
	         data_text(server, "protocol"), data_text(server, "algorithm"),
	         data_text(server, "forward-method"),
	         data_child(server, "persistence-timeout") ? ", persistent for " : "",
	         data_text(server, "persistence-timeout"),
	         data_child(server, "persistence-timeout") ? " s" : "");
	print_sentence(out, "  ", text);
	if (data_text(server, "trouble")[0])
		print_sentence(out, "  Not as configured: ", data_text(server, "trouble"));
	if (!real) {
		fprintf(out, "  no real server\n");
		return;
	}
	fputs("  ", out);
	print_column(out, "Real server", 28);
	print_column(out, "State", 9);
	print_column(out, "Weight", 8);
	print_column(out, "Active", 9);
	print_column(out, "Inactive", 10);
	fprintf(out, "Last change\n");
	for (; real; real = data_next(real))
		print_real(out, real);
}

static void
print_trouble(FILE *out, const struct lyd_node *state)
{
	if (data_text(state, "trouble")[0])
		print_sentence(out, "Virtual servers do not work: ", data_text(state, "trouble"));
}

void
virtual_server_print(FILE *out, const struct lyd_node *state)
{
	struct list servers = list_sort(state, "virtual-server", list_by_name);

	print_trouble(out, state);
	for (size_t i = 0; i < servers.count; i++) {
		if (i > 0)
			fputc('\n', out);
		print_server(out, servers.nodes[i]);
	}
	free(servers.nodes);
}

/* ---- in full -------------------------------------------------------------------------------- */

static void
print_counts(FILE *out, int indent, const struct lyd_node *node)
{
	char text[96];

	if (!data_child(node, "connections"))
		return;
	print_number(out, indent, "Connections so far:", data_number(node, "connections"), "");
	snprintf(text, sizeof(text), "%s packets, %s bytes", data_text(node, "packets-in"),
	         data_text(node, "bytes-in"));
	print_label(out, indent, "From clients:", text);
	snprintf(text, sizeof(text), "%s packets, %s bytes", data_text(node, "packets-out"),
	         data_text(node, "bytes-out"));
	print_label(out, indent, "To clients:", text);
}

/* What a check met is told to the log when the state changes, and kept nowhere else. */
static void
print_where_to_look(FILE *out, const char *server, const struct lyd_node *real)
{
	char text[256];

	if (strcmp(data_text(real, "state"), "down") != 0)
		return;
	snprintf(text, sizeof(text), "journalctl -u tandemd -g 'real-server %s %s'", server,
	         data_text(real, "address"));
	print_label(out, 2, "Its log says why:", text);
}

static void
print_real_detail(FILE *out, const char *server, const struct lyd_node *real)
{
	char place[PLACE_SIZE], since[ELAPSED_TEXT_SIZE], text[128];

	fprintf(out, "\n  Real server %s\n", place_text(real, place));
	print_label(out, 2, "State:", list_or(data_text(real, "state"), "-"));
	if (data_child(real, "since"))
		print_label(out, 2, "Since:", since_text(real, since));
	print_label(out, 2, "Check:", data_text(real, "check"));
	print_where_to_look(out, server, real);
	if (data_is_true(real, "drained"))
		print_label(out, 2, "Drained:", "gets no new connections");
	snprintf(text, sizeof(text), "%s of %s", data_is_true(real, "present") ?
	         data_text(real, "weight") : "none", data_text(real, "configured-weight"));
	print_label(out, 2, "Weight:", text);
	if (data_text(real, "trouble")[0])
		print_label(out, 2, "Not as configured:", data_text(real, "trouble"));
	if (!data_child(real, "active"))
		return;
	print_number(out, 2, "Active connections:", data_number(real, "active"), "");
	print_number(out, 2, "Inactive connections:", data_number(real, "inactive"), "");
	if (data_number(real, "persistent") > 0)
		print_number(out, 2, "Remembered clients:", data_number(real, "persistent"), "");
	print_counts(out, 2, real);
}

static void
print_server_detail(FILE *out, const struct lyd_node *server)
{
	char place[PLACE_SIZE];

	fprintf(out, "Virtual server %s\n", data_text(server, "name"));
	print_label(out, 0, "Address:", place_text(server, place));
	print_label(out, 0, "Protocol:", data_text(server, "protocol"));
	print_label(out, 0, "Algorithm:", data_text(server, "algorithm"));
	print_label(out, 0, "Forward method:", data_text(server, "forward-method"));
	if (data_child(server, "persistence-timeout"))
		print_number(out, 0, "Persistence:", data_number(server, "persistence-timeout"),
		             " secs");
	print_label(out, 0, "In the kernel:", data_is_true(server, "present") ? "yes" : "no");
	if (data_text(server, "trouble")[0])
		print_label(out, 0, "Not as configured:", data_text(server, "trouble"));
	print_counts(out, 0, server);
	for (const struct lyd_node *real = data_child(server, "real-server"); real;
	     real = data_next(real))
		print_real_detail(out, data_text(server, "name"), real);
}

void
virtual_server_print_detail(FILE *out, const struct lyd_node *state)
{
	print_trouble(out, state);
	for (const struct lyd_node *server = data_child(state, "virtual-server"); server;
	     server = data_next(server))
		print_server_detail(out, server);
}

/* ---- commands ------------------------------------------------------------------------------- */

/* Keep the one of this name; false when there is none. */
static bool
keep(struct lyd_node *state, const char *name)
{
	const struct lyd_node *server = data_child(state, "virtual-server"), *next;
	bool found = false;

	for (; server; server = next) {
		next = data_next(server);
		if (strcmp(data_text(server, "name"), name) == 0)
			found = true;
		else
			lyd_free_tree((struct lyd_node *)server);
	}
	return found;
}

enum outcome
virtual_server_show(struct session *session, char *const arguments[], size_t count)
{
	struct lyd_node *state;
	enum outcome outcome = state_fetch(session, "virtual-server-state", &state);

	if (outcome != OUTCOME_DONE)
		return outcome;
	if (count > 0 && !keep(state, arguments[0])) {
		fprintf(session->err, "No virtual server %s exists\n", arguments[0]);
		outcome = OUTCOME_FAILED;
	} else if (session->json) {
		session_print_json(session, state, LYD_PRINT_KEEPEMPTYCONT);
	} else if (!data_child(state, "virtual-server")) {
		fprintf(session->out, "No virtual server is configured\n");
	} else if (count > 0) {
		virtual_server_print_detail(session->out, state);
	} else {
		virtual_server_print(session->out, state);
	}
	lyd_free_all(state);
	return outcome;
}

void
virtual_server_complete(struct session *session, char *const arguments[] UNUSED,
                        size_t count UNUSED, const char *start UNUSED,
                        struct possibilities *possibilities)
{
	state_complete(session, "/tandem-state:virtual-server-state/virtual-server/name",
	               possibilities);
}
