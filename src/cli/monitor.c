/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Follows the service's stream of events and writes a line for each: the time of day, the group,
 * and what happened.  With --json the lines are the notifications as they come.
 */
#include "cli/monitor.h"

#include <stdio.h>
#include <string.h>
#include <time.h>

#include "cli/data.h"

struct monitor {
	struct session *session;
	uint64_t last;			/* sequence of the last event, 0 = none yet */
	bool all;			/* nothing is filtered: a gap means that events were lost */
};

/* "14:05:33.120" of the local day, from "2026-11-22T13:05:33.120Z"; as it is if it is unlike. */
static void
time_of_day(const char *when, char text[64])
{
	struct tm parts = { 0 };
	const char *rest = strptime(when, "%Y-%m-%dT%H:%M:%S", &parts);
	time_t seconds = rest ? timegm(&parts) : -1;
	size_t length = 0;

	if (seconds != -1 && localtime_r(&seconds, &parts))
		length = strftime(text, 64, "%H:%M:%S", &parts);
	if (length > 0)
		snprintf(text + length, 64 - length, "%.4s", rest);
	else
		snprintf(text, 64, "%s", when);
}

static void
print_group(FILE *out, const struct lyd_node *event)
{
	fprintf(out, "%s group %s", data_text(event, "interface"), data_text(event, "vrid"));
	if (strcmp(data_text(event, "family"), "ipv6") == 0)
		fprintf(out, " (IPv6)");
}

static void
print_event(FILE *out, const struct lyd_node *event)
{
	const char *name = LYD_NAME(event);

	if (strcmp(name, "group-state-change") == 0) {
		print_group(out, event);
		fprintf(out, ": %s -> %s, %s\n", data_text(event, "old-state"),
		        data_text(event, "new-state"), data_text(event, "reason"));
	} else if (strcmp(name, "alarm-change") == 0) {
		print_group(out, event);
		fprintf(out, ": alarm %s %s\n", data_text(event, "alarm"),
		        data_is_true(event, "raised") ? "raised" : "over");
	} else if (strcmp(name, "configuration-commit") == 0) {
		fprintf(out, "revision %s committed by %s%s%s\n", data_text(event, "revision"),
		        data_text(event, "user"), data_text(event, "comment")[0] ? ": " : "",
		        data_text(event, "comment"));
	} else if (strcmp(name, "packet") == 0) {
		fprintf(out, "%s %s: %s", data_text(event, "interface"),
		        data_is_true(event, "sent") ? "sent" : "received",
		        data_text(event, "text"));
		if (data_text(event, "fault")[0])
			fprintf(out, " (not accepted: %s)", data_text(event, "fault"));
		fputc('\n', out);
	}
}

/* The notification inside the envelope of RFC 8040 6.4, without schema knowledge of the envelope:
 * the time is a leaf of it, the event the container beside. */
static bool
on_event(void *owner, const char *data)
{
	struct monitor *monitor = owner;
	FILE *out = monitor->session->out;
	struct lyd_node *tree = NULL;
	const struct lyd_node *event = NULL;
	const char *when = "";
	char clock[64];

	if (monitor->session->json) {
		fprintf(out, "%s\n", data);
		return fflush(out) == 0;
	}
	if (lyd_parse_data_mem(monitor->session->schema, data, LYD_JSON,
	                       LYD_PARSE_ONLY | LYD_PARSE_OPAQ, 0, &tree) != LY_SUCCESS)
		return true;
	for (const struct lyd_node *n = lyd_child(tree); n; n = n->next) {
		if (lyd_child(n))
			event = n;
		else
			when = lyd_get_value(n);
	}
	if (event) {
		uint64_t sequence = data_number(event, "sequence");

		/* A commit has no number. */
		if (monitor->all && monitor->last != 0 && sequence > monitor->last + 1)
			fprintf(out, "(%llu events were lost)\n",
			        (unsigned long long)(sequence - monitor->last - 1));
		monitor->last = sequence ? sequence : monitor->last;
		time_of_day(when, clock);
		fprintf(out, "%s ", clock);
		print_event(out, event);
	}
	lyd_free_all(tree);
	return fflush(out) == 0;
}

static enum outcome
follow(struct session *session, const char *path, bool all)
{
	struct monitor monitor = { .session = session, .all = all };
	struct answer answer;
	struct error error;

	if (client_follow(session->client, path, on_event, &monitor, &answer, &error) < 0)
		return session_tell(session, &error);
	if (answer.status != 200)
		return session_tell_refusal(session, &answer);
	answer_done(&answer);
	if (session->interactive)
		fputc('\n', session->err);	/* behind the ^C */
	return OUTCOME_DONE;
}

enum outcome
monitor_vrrp(struct session *session, char *const arguments[] UNUSED, size_t count UNUSED)
{
	return follow(session, "streams/vrrp", false);
}

enum outcome
monitor_packets(struct session *session, char *const arguments[] UNUSED, size_t count UNUSED)
{
	return follow(session, "streams/vrrp?packets=true", true);
}
