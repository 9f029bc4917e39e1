/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * "show vrrp detail": all that is known of a group, Vyatta's lines in Vyatta's order, ours after
 * them or only where Vyatta has none.
 */
#include "cli/show.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "cli/data.h"
#include "cli/list.h"
#include "cli/print.h"

static void
detail_rfc(FILE *out, const struct lyd_node *group)
{
	const char *interface = data_text(group, "rfc-interface");

	if (interface[0]) {
		print_label(out, 2, "RFC Compliant", "");
		print_label(out, 2, "Virtual MAC interface:", interface);
	}
	if (data_is_true(group, "address-owner")) {
		print_label(out, 2, "Address Owner:", "yes");
		fputc('\n', out);
	} else if (interface[0]) {
		print_label(out, 2, "Address Owner:", "no");
		fputc('\n', out);
		print_label(out, 2, "Source Address:", data_text(group, "source-address"));
	}
}

static void
detail_timing(FILE *out, const struct lyd_node *group)
{
	uint64_t milliseconds = data_number(group, "advertise-interval");
	uint64_t preempt_delay = data_number(group, "preempt-delay");
	uint64_t start_delay = data_number(group, "start-delay");
	bool version2 = data_number(group, "version") == 2;

	print_label(out, 2, "Configured Priority:", data_text(group, "configured-priority"));
	print_label(out, 2, "Effective Priority:", data_text(group, "effective-priority"));
	print_number(out, 2, "Advertisement interval:",
	             version2 ? milliseconds / 1000 : milliseconds,
	             version2 ? " sec" : " milli-sec");
	if (version2)
		print_label(out, 2, "Authentication type:",
		            list_or(data_text(group, "authentication-type"), "none"));
	print_label(out, 2, "Preempt:", data_is_true(group, "preempt") ? "enabled" : "disabled");
	if (preempt_delay > 0)
		print_number(out, 2, "Preempt delay:", preempt_delay, " secs");
	if (start_delay > 0)
		print_number(out, 2, "Start delay:", start_delay, " secs");
	if (!version2)
		print_label(out, 2, "Accept:",
		            data_is_true(group, "accept") ? "enabled" : "disabled");
}

static bool
is_of_kind(const struct lyd_node *track, const char *kind)
{
	return strcmp(data_text(track, "kind"), kind) == 0;
}

static void
detail_weight(FILE *out, const struct lyd_node *track, const char *gap)
{
	if (data_text(track, "weight")[0])
		fprintf(out, "%sweight %s", gap, data_text(track, "weight"));
	fputc('\n', out);
}

/* A policy's line; its monitor's name goes before the first of its policies. */
static void
detail_path(FILE *out, const struct lyd_node *track, const char **monitor, size_t *monitor_length)
{
	const char *name = data_text(track, "name");
	const char *policy = strstr(name, " policy ");
	size_t length = policy ? (size_t)(policy - name) : strlen(name);
	const char *state = data_text(track, "state");

	if (length != *monitor_length || strncmp(name, *monitor, length) != 0)
		fprintf(out, "    %.*s\n", (int)length, name);
	*monitor = name;
	*monitor_length = length;
	fprintf(out, "      %s  %s", policy ? policy + strlen(" policy ") : "",
	        strcmp(state, "UP") == 0     ? "COMPLIANT"
	        : strcmp(state, "DOWN") == 0 ? "NON_COMPLIANT"
	                                     : state);
	detail_weight(out, track, "  ");
}

/* What of one kind is tracked: how much, then a line each; nothing when it is none. */
static void
detail_tracks(FILE *out, const struct list *tracks, const char *kind, const char *heading)
{
	bool is_path = strcmp(kind, "path-monitor") == 0;
	const char *monitor = "";
	size_t monitor_length = 0;
	unsigned count = 0;

	for (size_t i = 0; i < tracks->count; i++)
		count += is_of_kind(tracks->nodes[i], kind);
	if (count == 0)
		return;
	print_number(out, 2, heading, count, "");
	for (size_t i = 0; i < tracks->count; i++) {
		const struct lyd_node *track = tracks->nodes[i];

		if (!is_of_kind(track, kind))
			continue;
		if (is_path) {
			detail_path(out, track, &monitor, &monitor_length);
			continue;
		}
		fprintf(out, "    %s   state %s", data_text(track, "name"),
		        data_text(track, "state"));
		detail_weight(out, track, "      ");
	}
}

/* Whether its own interface counts, then Vyatta's three kinds in its order, then ours. */
static void
detail_tracked(FILE *out, const struct lyd_node *group)
{
	static const char *const kinds[][2] = {
		{ "interface", "Tracked Interfaces count:" },
		{ "path-monitor", "Tracked Path Monitor count:" },
		{ "route", "Tracked routes count:" },
		{ "script", "Tracked scripts count:" },
		{ "process", "Tracked processes count:" },
		{ "file", "Tracked files count:" },
		{ "connsync", "Tracked connsync count:" },
	};
	struct list tracks = list_sort(group, "track", list_by_name);
	bool excluded = data_is_true(group, "exclude-vrrp-interface");

	if (tracks.count > 0 || excluded)
		fputc('\n', out);
	if (excluded)
		print_label(out, 2, "Own interface:", "not tracked (exclude-vrrp-interface)");
	for (size_t i = 0; i < ARRAY_SIZE(kinds); i++)
		detail_tracks(out, &tracks, kinds[i][0], kinds[i][1]);
	free(tracks.nodes);
}

/* A heading with their number, then one a line. */
static void
detail_list(FILE *out, const struct lyd_node *group, const char *list, const char *heading,
            bool even_if_empty)
{
	const struct lyd_node *first = data_child(group, list);
	unsigned count = 0;

	for (const struct lyd_node *n = first; n; n = data_next(n))
		count++;
	if (count == 0 && !even_if_empty)
		return;
	print_number(out, 2, heading, count, "");
	for (const struct lyd_node *n = first; n; n = data_next(n))
		fprintf(out, "    %s\n", lyd_get_value(n));
}

static void
detail_addresses(FILE *out, const struct lyd_node *group)
{
	detail_list(out, group, "virtual-address", "VIP count:", true);
	detail_list(out, group, "excluded-address", "Excluded address count:", false);
	detail_list(out, group, "peer-address", "Unicast peer count:", false);
}

/* As backup: the master.  Its interval is told where it is not our own. */
static void
detail_master(FILE *out, const struct lyd_node *group)
{
	uint64_t interval = data_number(group, "master-interval");

	fputc('\n', out);
	print_label(out, 2, "Master router:", list_or(data_text(group, "master-router"), "none"));
	print_label(out, 2, "Master priority:",
	            list_or(data_text(group, "master-priority"), "none"));
	if (interval > 0 && interval != data_number(group, "advertise-interval"))
		print_number(out, 2, "Master interval:", interval, " milli-sec");
}

/* Ours: what Vyatta does not say.  A healthy group has none of it. */
static void
detail_trouble(FILE *out, const struct lyd_node *group)
{
	const struct lyd_node *alarm = data_child(group, "alarm");
	char *fault = list_fault(group);
	bool lingering = data_is_true(group, "lingering");

	if (!alarm && !fault && !lingering)
		return;
	if (fault)
		print_sentence(out, "  Fault:                        ", fault);
	free(fault);
	if (lingering)
		print_label(out, 2, "Still forwarding:", "until another master is heard");
	for (; alarm; alarm = data_next(alarm))
		print_sentence(out, "  Alarm:                        ", lyd_get_value(alarm));
	fputc('\n', out);
}

static void
detail_group(FILE *out, const struct lyd_node *group)
{
	const char *state = list_or(data_text(group, "state"), "INIT");
	char text[ELAPSED_TEXT_SIZE];

	print_label(out, 2, "State:", state);
	print_label(out, 2, "Last transition:", list_elapsed(group, text));
	if (strcmp(state, "BACKUP") == 0)
		detail_master(out, group);
	fputc('\n', out);
	print_label(out, 2, "Version:", data_text(group, "version"));
	detail_rfc(out, group);
	detail_timing(out, group);
	if (data_text(group, "sync-group")[0]) {
		fputc('\n', out);
		print_label(out, 2, "Sync-group:", data_text(group, "sync-group"));
	}
	detail_tracked(out, group);
	fputc('\n', out);
	detail_addresses(out, group);
	fputc('\n', out);
	detail_trouble(out, group);
}

void
show_vrrp_detail(FILE *out, const struct lyd_node *state)
{
	list_groups(out, state, detail_group);
}
