/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * "show vrrp alarms": what a person should repair, on this router or beside it, and how well this
 * one keeps its time.  Ours alone: Vyatta has no such view.
 */
#include "cli/show.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "cli/data.h"
#include "cli/list.h"
#include "cli/print.h"

#define EVERYTHING_ABOVE UINT32_MAX
#define START_SIZE 64			/* "dp0bond0.4094 group 255/ipv6: " */

/* What keeps a group in FAULT.  Is it there? */
static bool
show_fault(FILE *out, const struct lyd_node *group, const char *start)
{
	char text[START_SIZE + ELAPSED_TEXT_SIZE + 16], ago[ELAPSED_TEXT_SIZE];
	char *fault = list_fault(group);

	if (!fault)
		return false;
	snprintf(text, sizeof(text), "%sin FAULT for %s: ", start, list_elapsed(group, ago));
	print_sentence(out, text, fault);
	free(fault);
	return true;
}

static void
show_alarms(FILE *out, const struct lyd_node *state)
{
	struct list groups = list_sort(state, "group", list_by_group);
	bool any = false;

	for (size_t i = 0; i < groups.count; i++) {
		const struct lyd_node *alarm = data_child(groups.nodes[i], "alarm");
		char number[LIST_LABEL_SIZE], start[START_SIZE];

		snprintf(start, sizeof(start), "%s group %s: ",
		         data_text(groups.nodes[i], "interface"), list_label(&groups, i, number));
		any |= show_fault(out, groups.nodes[i], start);
		for (; alarm; alarm = data_next(alarm)) {
			print_sentence(out, start, lyd_get_value(alarm));
			any = true;
		}
	}
	if (!any)
		fprintf(out, "No alarms\n");
	free(groups.nodes);
}

static void
stranger_line(FILE *out, const char *const texts[6])
{
	static const int widths[] = { 18, 10, 9, 10, 12 };

	for (size_t i = 0; i < ARRAY_SIZE(widths); i++)
		print_column(out, texts[i], widths[i]);
	fprintf(out, "%s\n", texts[ARRAY_SIZE(widths)]);
}

static void
show_strangers(FILE *out, const struct lyd_node *state)
{
	static const char *const heads[][6] = {
		{ "Interface", "Group", "Version", "Priority", "Packets", "Last heard" },
		{ "---------", "-----", "-------", "--------", "-------", "----------" },
	};
	struct list strangers = list_sort(state, "stranger", list_by_group);

	if (strangers.count > 0)
		fprintf(out, "\nGroups on the wire that are not configured here\n\n");
	for (size_t i = 0; strangers.count > 0 && i < ARRAY_SIZE(heads); i++)
		stranger_line(out, heads[i]);
	for (size_t i = 0; i < strangers.count; i++) {
		const struct lyd_node *n = strangers.nodes[i];
		char number[LIST_LABEL_SIZE], since[ELAPSED_TEXT_SIZE];
		const char *texts[6] = {
			data_text(n, "interface"),
			list_label(&strangers, i, number),
			data_text(n, "version"),
			data_text(n, "priority"),
			data_text(n, "packets"),
			print_elapsed(data_number(n, "since") / 1000, since),
		};

		stranger_line(out, texts);
		fprintf(out, "  from %s (%s)\n", data_text(n, "source-address"),
		        data_text(n, "mac"));
	}
	free(strangers.nodes);
}

/* "640 us", "10.2 ms" */
static void
print_microseconds(FILE *out, uint64_t value)
{
	if (value < 1000)
		fprintf(out, "%" PRIu64 " us", value);
	else
		fprintf(out, "%" PRIu64 ".%" PRIu64 " ms", value / 1000, value % 1000 / 100);
}

static void
worst_line(FILE *out, const struct lyd_node *lateness, const char *what, const char *since,
           const char *label)
{
	char ago[ELAPSED_TEXT_SIZE];

	if (!data_child(lateness, what))
		return;
	fprintf(out, "%s", label);
	print_microseconds(out, data_number(lateness, what));
	fprintf(out, ", %s ago\n", print_elapsed(data_number(lateness, since) / 1000, ago));
}

/* A line for each bucket with something in it. */
static void
show_lateness(FILE *out, const struct lyd_node *state)
{
	const struct lyd_node *lateness = data_child(state, "lateness");
	const struct lyd_node *bucket = data_child(lateness, "bucket");

	if (!lateness)
		return;
	fprintf(out, "\nHow late this router was\n\n");
	fprintf(out, "Late by less than  Advertisements  Takeovers\n");
	fprintf(out, "-----------------  --------------  ---------\n");
	for (; bucket; bucket = data_next(bucket)) {
		uint64_t below = data_number(bucket, "below");
		char text[24] = "more";

		if (data_number(bucket, "advertisements") + data_number(bucket, "takeovers") == 0)
			continue;
		if (below < 1000)
			snprintf(text, sizeof(text), "%" PRIu64 " us", below);
		else if (below < EVERYTHING_ABOVE)
			snprintf(text, sizeof(text), "%" PRIu64 ".%" PRIu64 " ms", below / 1000,
			         below % 1000 / 100);
		print_column(out, text, 19);
		print_column(out, data_text(bucket, "advertisements"), 16);
		fprintf(out, "%s\n", data_text(bucket, "takeovers"));
	}
	fputc('\n', out);
	worst_line(out, lateness, "worst-advertisement", "worst-advertisement-since",
	           "Most belated advertisement: ");
	worst_line(out, lateness, "worst-takeover", "worst-takeover-since",
	           "Most belated takeover: ");
	fprintf(out, "Times this router stood still, and listened before it spoke: %s\n",
	        list_or(data_text(lateness, "stalls"), "0"));
}

void
show_vrrp_alarms(FILE *out, const struct lyd_node *state)
{
	show_alarms(out, state);
	show_strangers(out, state);
	show_lateness(out, state);
}
