/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Layouts.  Widths, labels, their order and the blank lines between them are a contract with the
 * scripts people have written over the years; change none of them.  This file asks nobody
 * anything: it prints the tree it is given, sorted by interface and group.
 */
#include "cli/show.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "cli/data.h"
#include "cli/list.h"
#include "cli/print.h"

static void
summary_line(FILE *out, const char *const texts[7])
{
	static const int widths[] = { 18, 7, 8, 11, 7, 12 };

	for (size_t i = 0; i < ARRAY_SIZE(widths); i++)
		print_column(out, texts[i], widths[i]);
	fprintf(out, "%s\n", texts[ARRAY_SIZE(widths)]);
}

static void
summary_group(FILE *out, const struct lyd_node *group, const char *number)
{
	char text[ELAPSED_TEXT_SIZE];
	const char *texts[7] = {
		data_text(group, "interface"),
		number,
		list_or(data_text(group, "state"), "INIT"),
		list_or(data_text(group, "rfc-interface"), "no"),
		data_is_true(group, "address-owner") ? "yes" : "no",
		list_elapsed(group, text),
		list_or(data_text(group, "sync-group"), "<none>"),
	};

	summary_line(out, texts);
}

/* What keeps groups in FAULT, a sentence each.  Was there any? */
static bool
summary_faults(FILE *out, const struct list *groups)
{
	bool any = false;

	for (size_t i = 0; i < groups->count; i++) {
		char *fault = list_fault(groups->nodes[i]);
		char number[LIST_LABEL_SIZE], start[64];

		if (!fault)
			continue;
		snprintf(start, sizeof(start), "%s group %s is in FAULT: ",
		         data_text(groups->nodes[i], "interface"), list_label(groups, i, number));
		print_sentence(out, start, fault);
		free(fault);
		any = true;
	}
	return any;
}

static bool
summary_alarms(FILE *out, const struct list *groups)
{
	bool any = false;

	for (size_t i = 0; i < groups->count; i++) {
		const struct lyd_node *group = groups->nodes[i];
		const struct lyd_node *alarm = data_child(group, "alarm");
		char number[LIST_LABEL_SIZE], start[64];

		snprintf(start, sizeof(start), "Alarm: %s group %s: ",
		         data_text(group, "interface"), list_label(groups, i, number));
		for (; alarm; alarm = data_next(alarm)) {
			print_sentence(out, start, lyd_get_value(alarm));
			any = true;
		}
	}
	return any;
}

void
show_vrrp_summary(FILE *out, const struct lyd_node *state)
{
	static const char *const heads[][7] = {
		{ "Interface", "Group", "State", "Compliant", "Owner", "Transition", "Group" },
		{ "---------", "-----", "-----", "---------", "-----", "----------", "-----" },
	};
	struct list groups = list_sort(state, "group", list_by_group);
	bool any;

	fputc('\n', out);
	fprintf(out, "%33s%-11s%-7s%-12s%s\n", "", "RFC", "Addr", "Last", "Sync");
	for (size_t i = 0; i < ARRAY_SIZE(heads); i++)
		summary_line(out, heads[i]);
	for (size_t i = 0; i < groups.count; i++) {
		char number[LIST_LABEL_SIZE];

		summary_group(out, groups.nodes[i], list_label(&groups, i, number));
	}
	fputc('\n', out);
	any = summary_faults(out, &groups);
	any |= summary_alarms(out, &groups);
	if (any)
		fputc('\n', out);
	free(groups.nodes);
}

void
show_vrrp_sync_groups(FILE *out, const struct lyd_node *state)
{
	struct list groups = list_sort(state, "sync-group", list_by_name);

	fprintf(out, "\n" DIVIDER "\n");
	for (size_t i = 0; i < groups.count; i++) {
		const struct lyd_node *group = groups.nodes[i];
		struct list members = list_sort(group, "member", list_by_group);

		fprintf(out, "Group: %s\n---------\n", data_text(group, "name"));
		fprintf(out, "  State: %s\n", list_or(data_text(group, "state"), "UNKNOWN"));
		fprintf(out, "  Monitoring:\n");
		for (size_t m = 0; m < members.count; m++) {
			char number[LIST_LABEL_SIZE];

			fprintf(out, "    Interface: %s, Group: %s\n",
			        data_text(members.nodes[m], "interface"),
			        list_label(&members, m, number));
		}
		fputc('\n', out);
		free(members.nodes);
	}
	free(groups.nodes);
}

struct counter {
	const char *label;
	const char *name;
};

static uint64_t
fault_count(const struct lyd_node *statistics, const char *reason)
{
	const struct lyd_node *fault = data_child(statistics, "fault");

	while (fault && strcmp(data_text(fault, "reason"), reason) != 0)
		fault = data_next(fault);
	return data_number(fault, "count");
}

static void
statistics_faults(FILE *out, const struct lyd_node *statistics, const char *heading,
                  const struct counter counters[], size_t count)
{
	fprintf(out, "  %s\n", heading);
	for (size_t i = 0; i < count; i++)
		print_number(out, 4, counters[i].label,
		             fault_count(statistics, counters[i].name), "");
}

/* Faults that Vyatta's blocks name; every other one is printed below them when it happened. */
static const struct counter packet_faults[] = {
	{ "Length:", "length" },
	{ "TTL:", "ttl" },
	{ "Invalid type:", "type" },
	{ "Advertisement interval:", "interval" },
};
static const struct counter authentication_faults[] = {
	{ "Invalid type:", "authentication-type" },
	{ "Type mismatch:", "authentication-mismatch" },
	{ "Failure:", "authentication-failed" },
};

static bool
is_named(const char *reason, const struct counter counters[], size_t count)
{
	for (size_t i = 0; i < count; i++)
		if (strcmp(counters[i].name, reason) == 0)
			return true;
	return false;
}

/* Ours: faults without a line of their own, requests the kernel refused, and who sends rubbish. */
static void
statistics_others(FILE *out, const struct lyd_node *statistics)
{
	const struct lyd_node *fault = data_child(statistics, "fault");
	const char *offender = data_text(statistics, "last-offender");
	uint64_t refused = data_number(statistics, "transmit-errors");
	bool any = false;

	for (; fault; fault = data_next(fault)) {
		const char *reason = data_text(fault, "reason");
		char label[64];

		if (data_number(fault, "count") == 0 ||
		    is_named(reason, packet_faults, ARRAY_SIZE(packet_faults)) ||
		    is_named(reason, authentication_faults, ARRAY_SIZE(authentication_faults)))
			continue;
		if (!any)
			fprintf(out, "  Other packet errors:\n");
		any = true;
		snprintf(label, sizeof(label), "%s:", reason);
		print_label(out, 4, label, data_text(fault, "count"));
	}
	if (any)
		fputc('\n', out);
	if (refused > 0)
		print_number(out, 2, "Transmit errors:", refused, "");
	if (offender[0])
		print_label(out, 2, "Last packet refused:", offender);
	if (refused > 0 || offender[0])
		fputc('\n', out);
}

static void
counter_line(FILE *out, int indent, const char *label, const struct lyd_node *statistics,
             const char *name)
{
	print_number(out, indent, label, data_number(statistics, name), "");
}

static void
statistics_group(FILE *out, const struct lyd_node *group)
{
	const struct lyd_node *statistics = data_child(group, "statistics");

	fprintf(out, "  Advertisements:\n");
	counter_line(out, 4, "Received:", statistics, "advertisements-received");
	counter_line(out, 4, "Sent:", statistics, "advertisements-sent");
	fputc('\n', out);
	counter_line(out, 2, "Became master:", statistics, "became-master");
	counter_line(out, 2, "Released master:", statistics, "released-master");
	fputc('\n', out);
	statistics_faults(out, statistics, "Packet errors:", packet_faults,
	                  ARRAY_SIZE(packet_faults));
	counter_line(out, 4, "Address list:", statistics, "address-list-differs");
	fputc('\n', out);
	statistics_faults(out, statistics, "Authentication errors:", authentication_faults,
	                  ARRAY_SIZE(authentication_faults));
	fputc('\n', out);
	fprintf(out, "  Priority zero advertisements:\n");
	counter_line(out, 4, "Received:", statistics, "priority-zero-received");
	counter_line(out, 4, "Sent:", statistics, "priority-zero-sent");
	fputc('\n', out);
	statistics_others(out, statistics);
}

void
show_vrrp_statistics(FILE *out, const struct lyd_node *state)
{
	list_groups(out, state, statistics_group);
}

static const char *
interface_codes(const struct lyd_node *interface)
{
	if (!data_is_true(interface, "admin-up"))
		return "A/D";
	return data_is_true(interface, "link-up") ? "u/u" : "u/D";
}

static void
interface_line(FILE *out, const char *name, const char *address, const char *codes,
               const char *description)
{
	print_column(out, name, 17);
	if (codes[0] == '\0' && description[0] == '\0') {
		fprintf(out, "%s\n", address);
		return;
	}
	print_column(out, address, 34);
	if (description[0] == '\0') {
		fprintf(out, "%s\n", codes);
		return;
	}
	print_column(out, codes, 5);
	fprintf(out, "%s\n", description);
}

/* One line an interface, and one more for each address after the first. */
void
show_interfaces(FILE *out, const struct lyd_node *state)
{
	struct list interfaces = list_sort(state, "interface", list_by_name);

	fprintf(out, "Codes: S - State, L - Link, u - Up, D - Down, A - Admin Down\n");
	interface_line(out, "Interface", "IP Address", "S/L", "Description");
	interface_line(out, "---------", "----------", "---", "-----------");
	for (size_t i = 0; i < interfaces.count; i++) {
		const struct lyd_node *interface = interfaces.nodes[i];
		const struct lyd_node *address = data_child(interface, "address");

		interface_line(out, data_text(interface, "name"),
		               address ? lyd_get_value(address) : "-",
		               interface_codes(interface), data_text(interface, "description"));
		while (address && (address = data_next(address)))
			interface_line(out, "", lyd_get_value(address), "", "");
	}
	free(interfaces.nodes);
}

const char *
show_service_version(const struct lyd_node *state)
{
	return list_or(data_text(state, "version"), "unknown");
}

void
show_version(FILE *out, const struct lyd_node *state)
{
	print_label(out, 0, "Version:", show_service_version(state));
	print_label(out, 0, "Command line:", TANDEM_VERSION);
}

void
show_system(FILE *out, const struct lyd_node *state)
{
	const struct lyd_node *problem = data_child(state, "problem");
	const char *revision = data_text(state, "revision");
	const char *adopted = data_text(state, "adopted-revision");

	print_label(out, 0, "Version:", data_text(state, "version"));
	print_label(out, 0, "Engine:",
	            data_is_true(state, "engine-running") ? "running" : "not running");
	print_number(out, 0, "Engine restarts:", data_number(state, "engine-restarts"), "");
	print_label(out, 0, "Configuration revision:", revision);
	if (strcmp(revision, adopted) != 0)
		print_label(out, 0, "Engine's revision:", list_or(adopted, "none"));
	print_label(out, 0, "Configuration saved:", data_is_true(state, "saved") ? "yes" : "no");
	if (problem)
		fprintf(out, "\nProblems:\n");
	for (; problem; problem = data_next(problem))
		print_sentence(out, "  ", lyd_get_value(problem));
}
