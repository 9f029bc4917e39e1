/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Order and names: groups by interface and number, and the headings that views share.
 */
#include "cli/list.h"

#include <stdlib.h>
#include <string.h>

#include "cli/data.h"

int
list_by_group(const void *a, const void *b)
{
	const struct lyd_node *x = *(const struct lyd_node *const *)a;
	const struct lyd_node *y = *(const struct lyd_node *const *)b;
	int order = strverscmp(data_text(x, "interface"), data_text(y, "interface"));
	uint64_t vrid_x = data_number(x, "vrid");
	uint64_t vrid_y = data_number(y, "vrid");

	if (order == 0)
		order = (vrid_x > vrid_y) - (vrid_x < vrid_y);
	return order != 0 ? order : strcmp(data_text(x, "family"), data_text(y, "family"));
}

int
list_by_name(const void *a, const void *b)
{
	return strverscmp(data_text(*(const struct lyd_node *const *)a, "name"),
	                  data_text(*(const struct lyd_node *const *)b, "name"));
}

struct list
list_sort(const struct lyd_node *parent, const char *list,
          int (*compare)(const void *, const void *))
{
	struct list sorted = { 0 };

	for (const struct lyd_node *n = data_child(parent, list); n; n = data_next(n)) {
		sorted.nodes = reallocarray(sorted.nodes, sorted.count + 1, sizeof(n));
		assert(sorted.nodes);
		sorted.nodes[sorted.count++] = n;
	}
	if (sorted.count > 0)
		qsort(sorted.nodes, sorted.count, sizeof(sorted.nodes[0]), compare);
	return sorted;
}

const char *
list_label(const struct list *groups, size_t index, char text[LIST_LABEL_SIZE])
{
	const struct lyd_node *group = groups->nodes[index];
	const struct lyd_node *before = index > 0 ? groups->nodes[index - 1] : NULL;
	bool second = before &&
		strcmp(data_text(before, "interface"), data_text(group, "interface")) == 0 &&
		data_number(before, "vrid") == data_number(group, "vrid");

	snprintf(text, LIST_LABEL_SIZE, "%s%s%s", data_text(group, "vrid"), second ? "/" : "",
	         second ? data_text(group, "family") : "");
	return text;
}

const char *
list_or(const char *text, const char *otherwise)
{
	return text[0] ? text : otherwise;
}

char *
list_fault(const struct lyd_node *group)
{
	const struct lyd_node *fault = data_child(group, "fault");
	const char *separator = "";
	char *text = NULL;
	size_t length;
	FILE *to;

	if (strcmp(data_text(group, "state"), "FAULT") != 0)
		return NULL;
	to = open_memstream(&text, &length);
	assert(to);
	if (!fault)
		fputs(list_or(data_text(group, "reason"), "unknown"), to);
	for (; fault; fault = data_next(fault), separator = "; ")
		fprintf(to, "%s%s", separator, lyd_get_value(fault));
	fclose(to);
	assert(text);
	return text;
}

const char *
list_elapsed(const struct lyd_node *group, char text[ELAPSED_TEXT_SIZE])
{
	return print_elapsed(data_number(group, "since") / 1000, text);
}

void
list_groups(FILE *out, const struct lyd_node *state,
            void (*body)(FILE *out, const struct lyd_node *group))
{
	struct list groups = list_sort(state, "group", list_by_group);
	const char *interface = "";

	fprintf(out, "\n" DIVIDER "\n");
	for (size_t i = 0; i < groups.count; i++) {
		const struct lyd_node *group = groups.nodes[i];
		char number[LIST_LABEL_SIZE];

		if (strcmp(data_text(group, "interface"), interface) != 0) {
			interface = data_text(group, "interface");
			fprintf(out, "Interface: %s\n--------------\n", interface);
		}
		fprintf(out, "  Group: %s\n  ----------\n", list_label(&groups, i, number));
		body(out, group);
	}
	free(groups.nodes);
}
