/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Decides which numbers a person needs, in what order and in which units; the whole is in the JSON.
 * What is wrong comes first, with what to do about it.
 */
#include "cli/connsync.h"

#include <stdlib.h>
#include <string.h>

#include "cli/client.h"
#include "cli/data.h"
#include "cli/list.h"
#include "cli/print.h"
#include "cli/state.h"

/* Columns of a path. */
#define NAME_WIDTH 16
#define END_WIDTH 18

/* ---- state ---------------------------------------------------------------------------------- */

/* 123 -> "123 us", 1234 -> "1.2 ms", 12345 -> "12 ms" */
static const char *
time_text(const struct lyd_node *state, const char *name, char text[32])
{
	uint64_t usec = data_number(state, name);

	if (!data_child(state, name))
		return "-";
	if (usec < 1000)
		snprintf(text, 32, "%llu us", (unsigned long long)usec);
	else if (usec < 10000)
		snprintf(text, 32, "%llu.%llu ms", (unsigned long long)usec / 1000,
		         (unsigned long long)usec % 1000 / 100);
	else
		snprintf(text, 32, "%llu ms", (unsigned long long)usec / 1000);
	return text;
}

static void
print_since(FILE *out, const char *label, const struct lyd_node *state, const char *name,
            const char *otherwise)
{
	char elapsed[ELAPSED_TEXT_SIZE], text[ELAPSED_TEXT_SIZE + 8];

	if (!data_child(state, name)) {
		print_label(out, 0, label, otherwise);
		return;
	}
	snprintf(text, sizeof(text), "%s ago", print_elapsed(data_number(state, name), elapsed));
	print_label(out, 0, label, text);
}

static void
print_lag(FILE *out, const struct lyd_node *state)
{
	char median[32], most[32], longest[32], text[128];

	if (!data_child(state, "lag-median"))
		return;
	snprintf(text, sizeof(text), "%s median, %s for 99 of 100",
	         time_text(state, "lag-median", median), time_text(state, "lag-99", most));
	print_label(out, 0, "Lag:", text);
	print_label(out, 0, "Longest lag:", time_text(state, "lag-longest", longest));
}

static uint64_t
counted(const struct lyd_node *state, const char *name)
{
	for (const struct lyd_node *n = data_child(state, "counter"); n; n = data_next(n))
		if (strcmp(data_text(n, "name"), name) == 0)
			return data_number(n, "count");
	return 0;
}

/* What comparisons found, and what the kernel did not take of the partner, by reason. */
static void
print_mends(FILE *out, const struct lyd_node *state)
{
	static const struct {
		const char *name;
		const char *label;
	} reasons[] = {
		{ "refused-memory", "Refused, no room:" },
		{ "refused-clash", "Refused, another is there:" },
		{ "refused-without-master", "Refused, its master is not:" },
		{ "refused-unsupported", "Refused, not supported:" },
		{ "refused-other", "Refused, other reasons:" },
		{ "refused-expectations", "Foreseen, refused:" },
	};

	if (data_child(state, "counter"))
		print_number(out, 0, "Repaired:", counted(state, "repaired"), " so far");
	if (data_number(state, "refused") > 0)
		print_number(out, 0, "Refused by the kernel:", data_number(state, "refused"), "");
	for (size_t i = 0; i < ARRAY_SIZE(reasons); i++)
		if (counted(state, reasons[i].name) > 0)
			print_number(out, 0, reasons[i].label, counted(state, reasons[i].name),
			             " so far");
}

static void
print_flows(FILE *out, const struct lyd_node *state)
{
	char text[128];

	snprintf(text, sizeof(text), "%llu of at most %llu",
	         (unsigned long long)data_number(state, "flows"),
	         (unsigned long long)data_number(state, "capacity"));
	print_label(out, 0, "Connections here:", text);
	if (data_is_true(state, "connected")) {
		snprintf(text, sizeof(text), "%llu of at most %llu",
		         (unsigned long long)data_number(state, "peer-flows"),
		         (unsigned long long)data_number(state, "peer-capacity"));
		print_label(out, 0, "Connections there:", text);
	}
	if (data_child(state, "lost-now")) {
		snprintf(text, sizeof(text), "%llu%s",
		         (unsigned long long)data_number(state, "lost-now"),
		         data_number(state, "held-down") ? ", some too young to be told of" : "");
		print_label(out, 0, "Would be lost now:", text);
	}
	if (data_number(state, "expectations") > 0)
		print_number(out, 0, "Foreseen by helpers:", data_number(state, "expectations"),
		             "");
	if (data_number(state, "parked") > 0)
		print_number(out, 0, "Waiting for another:", data_number(state, "parked"), "");
	print_mends(out, state);
}

/* 123 -> "123 bit/s", 12345 -> "12.3 kbit/s" */
static const char *
rate_text(const struct lyd_node *path, const char *name, char text[32])
{
	static const char *const units[] = { "bit/s", "kbit/s", "Mbit/s", "Gbit/s" };
	unsigned long long rate = data_number(path, name), tenths = rate * 10;
	size_t unit = 0;

	for (; tenths >= 10000 && unit + 1 < ARRAY_SIZE(units); unit++)
		tenths /= 1000;
	if (unit == 0)
		snprintf(text, 32, "%llu %s", rate, units[unit]);
	else
		snprintf(text, 32, "%llu.%llu %s", tenths / 10, tenths % 10, units[unit]);
	return text;
}

/* How much of the link is used, and whether it is of any use. */
static void
print_use(FILE *out, const struct lyd_node *path)
{
	char elapsed[ELAPSED_TEXT_SIZE], to[32], from[32];

	if (!data_child(path, "rate-sent"))
		return;
	fprintf(out, "  %s to it, %s from it", rate_text(path, "rate-sent", to),
	        rate_text(path, "rate-received", from));
	if (data_child(path, "heard"))
		fprintf(out, ", heard %s ago\n",
		        print_elapsed(data_number(path, "heard"), elapsed));
	else
		fprintf(out, ", not heard %s\n", data_number(path, "received") ? "now" : "yet");
}

/* Its ends stand side by side; one of IPv6 that is too long for that takes both to lines below. */
static void
print_path(FILE *out, const struct lyd_node *path)
{
	const char *local = data_text(path, "local"), *remote = data_text(path, "remote");
	bool narrow = strlen(local) < END_WIDTH && strlen(remote) < END_WIDTH;

	print_column(out, data_text(path, "interface"), NAME_WIDTH);
	print_column(out, narrow ? local : "", END_WIDTH);
	print_column(out, narrow ? remote : "", END_WIDTH);
	print_column(out, data_is_true(path, "alive") ? "alive" : "dead", 8);
	print_column(out, list_or(data_text(path, "sent"), "0"), 10);
	fprintf(out, "%s\n", list_or(data_text(path, "received"), "0"));
	if (!narrow)
		fprintf(out, "%*s%s\n%*s%s\n", NAME_WIDTH, "", local, NAME_WIDTH + END_WIDTH, "",
		        remote);
}

static void
print_paths(FILE *out, const struct lyd_node *state)
{
	const struct lyd_node *path = data_child(state, "path");

	if (!path)
		return;
	fprintf(out, "\n");
	print_column(out, "Path", NAME_WIDTH);
	print_column(out, "Local", END_WIDTH);
	print_column(out, "Remote", END_WIDTH);
	print_column(out, "State", 8);
	print_column(out, "Sent", 10);
	fprintf(out, "Received\n");
	for (; path; path = data_next(path)) {
		print_path(out, path);
		print_use(out, path);
		if (data_text(path, "trouble")[0])
			print_sentence(out, "  Because: ", data_text(path, "trouble"));
	}
}

static void
print_partner(FILE *out, const struct lyd_node *state)
{
	const char *role = data_text(state, "peer-role");
	char text[128];

	if (!data_is_true(state, "connected")) {
		print_label(out, 0, "Partner:", "not connected");
		return;
	}
	snprintf(text, sizeof(text), "%s, epoch %s%s", role, data_text(state, "peer-epoch"),
	         data_is_true(state, "authenticated") ? "" : ", NOT authenticated");
	print_label(out, 0, "Partner:", text);
	if (data_text(state, "peer")[0]) {
		snprintf(text, sizeof(text), "%.19s... (show pair has all of it)",
		         data_text(state, "peer"));
		print_label(out, 0, "Partner's key:", text);
	}
	print_since(out, "Connected:", state, "connected-since", "-");
}

struct meaning {
	const char *word;
	const char *text;
};

static const char *
meaning_of(const struct meaning *meanings, size_t count, const char *word)
{
	for (size_t i = 0; i < count; i++)
		if (strcmp(meanings[i].word, word) == 0)
			return meanings[i].text;
	return "";
}

/* The state, and what it means for a failover at this moment. */
static void
print_readiness(FILE *out, const struct lyd_node *state)
{
	static const struct meaning meanings[] = {
		{ "init", ", waits for the partner" },
		{ "bulk", ", tables are being compared" },
		{ "synced", ", a failover breaks no connection" },
		{ "stale", ", was synchronous, and is behind" },
		{ "alone", ", a failover would break connections" },
	};
	const char *readiness = data_text(state, "readiness");
	const char *meaning = meaning_of(meanings, ARRAY_SIZE(meanings), readiness);
	char text[128];

	if (strcmp(readiness, "synced") == 0 && data_is_true(state, "settling"))
		meaning = ", but for what passed here just now";
	snprintf(text, sizeof(text), "%s%s", readiness, meaning);
	print_label(out, 0, "State:", text);
}

static void
print_alarms(FILE *out, const struct lyd_node *state)
{
	static const struct meaning meanings[] = {
		{ "both-active", ": see show vrrp on both routers" },
		{ "table-full", ": raise our nf_conntrack_max" },
		{ "peer-smaller", ": raise its nf_conntrack_max" },
		{ "kernel-refuses", ": see show connsync statistics" },
		{ "tables-differ", ": again and again; see the log" },
		{ "path-dead", ": see the paths below" },
		{ "peer-incompatible", ": another version, or not ours" },
		{ "events-off", ": set nf_conntrack_events to 1" },
		{ "event-buffer-small", ": the kernel refuses more" },
		{ "buckets-few", ": raise nf_conntrack_buckets" },
		{ "smaller-than-peer", ": raise our nf_conntrack_max" },
	};
	const struct lyd_node *alarm = data_child(state, "alarm");
	char text[128];

	for (; alarm; alarm = data_next(alarm)) {
		const char *word = lyd_get_value(alarm);

		snprintf(text, sizeof(text), "%s%s", word,
		         meaning_of(meanings, ARRAY_SIZE(meanings), word));
		print_label(out, 0, "Alarm:", text);
	}
}

/* What it does, or is about to do, with the kernel's table. */
static void
print_chores(FILE *out, const struct lyd_node *state)
{
	char elapsed[ELAPSED_TEXT_SIZE], text[128];

	if (data_is_true(state, "sweeping")) {
		snprintf(text, sizeof(text), "puts timers right, %llu are left",
		         (unsigned long long)data_number(state, "sweep-left"));
		print_label(out, 0, "Now:", text);
	} else if (data_is_true(state, "dumping")) {
		print_label(out, 0, "Now:", "reads the kernel's table");
	} else if (data_child(state, "sweep-due")) {
		snprintf(text, sizeof(text), "puts timers right after the promotion, in %s",
		         print_elapsed(data_number(state, "sweep-due"), elapsed));
		print_label(out, 0, "Next:", text);
	}
}

void
connsync_print(FILE *out, const struct lyd_node *state)
{
	char text[32];

	if (data_text(state, "sync-group")[0])
		print_label(out, 0, "Sync group:", data_text(state, "sync-group"));
	if (!data_is_true(state, "running")) {
		print_label(out, 0, "State:", "does not run");
		print_sentence(out, "Because: ", data_text(state, "trouble"));
		print_paths(out, state);
		return;
	}
	print_readiness(out, state);
	print_alarms(out, state);
	print_label(out, 0, "Role:", data_text(state, "role"));
	print_label(out, 0, "Epoch:", data_text(state, "epoch"));
	print_partner(out, state);
	print_flows(out, state);
	print_lag(out, state);
	if (data_number(state, "round-trip") > 0)
		print_label(out, 0, "Round trip:", time_text(state, "round-trip", text));
	print_since(out, "Seen equal:", state, "agreed", "never");
	print_chores(out, state);
	print_paths(out, state);
}

static void
print_list(FILE *out, const struct lyd_node *state, const char *list, const char *heading)
{
	fprintf(out, "%s\n", heading);
	for (const struct lyd_node *n = data_child(state, list); n; n = data_next(n))
		print_number(out, 2, data_text(n, "name"), data_number(n, "count"), "");
}

void
connsync_print_statistics(FILE *out, const struct lyd_node *state)
{
	print_list(out, state, "counter", "Done so far:");
	print_list(out, state, "fault", "Came and changed nothing, because:");
}

static enum outcome
show(struct session *session, void (*print)(FILE *out, const struct lyd_node *state))
{
	struct lyd_node *state;
	enum outcome outcome = state_fetch(session, "connsync-state", &state);

	if (outcome != OUTCOME_DONE)
		return outcome;
	if (session->json)
		session_print_json(session, state, LYD_PRINT_KEEPEMPTYCONT);
	else if (!data_child(state, "running"))
		fprintf(session->out, "connsync is not configured\n");
	else
		print(session->out, state);
	lyd_free_all(state);
	return OUTCOME_DONE;
}

enum outcome
connsync_show(struct session *session, char *const arguments[] UNUSED, size_t count UNUSED)
{
	return show(session, connsync_print);
}

enum outcome
connsync_show_statistics(struct session *session, char *const arguments[] UNUSED,
                         size_t count UNUSED)
{
	return show(session, connsync_print_statistics);
}

enum outcome
connsync_reset(struct session *session, char *const arguments[] UNUSED, size_t count UNUSED)
{
	struct answer answer;
	struct error error;
	int r = client_post(session->client, "operations/tandem-state:reset-connsync", "", &answer,
	                    &error);

	if (r < 0)
		return session_tell(session, &error);
	if (answer.status != 200 && answer.status != 204)
		return session_tell_refusal(session, &answer);
	answer_print_all(&answer, session->schema, "message", "", session->out);
	answer_done(&answer);
	return OUTCOME_DONE;
}
