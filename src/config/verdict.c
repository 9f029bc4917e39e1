/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Silences and order.  Errors are never silenced: a silence can only name a warning.
 *   K1  a silence names a warning               W5  a silence silences nothing
 */
#include "config/verdict.h"

#include <stdlib.h>
#include <string.h>

#include "config/rulebook.h"
#include "config/rules.h"
#include "config/tree.h"

/* ------------------------------------------------------------------ silences */

/* One path of a silence, or the silence as a whole if it has none. */
struct silence {
	const struct lyd_node *node;
	const struct lyd_node *entry;	/* of the list; node itself without a path */
	const char *number;
	const char *path;		/* NULL: wherever it is */
	bool used;
};

struct silences {
	struct silence *list;
	size_t count;
};

static void
add_silence(struct silences *silences, const struct lyd_node *entry, const struct lyd_node *path)
{
	silences->list = realloc(silences->list, (silences->count + 1) * sizeof(*silences->list));
	assert(silences->list);
	silences->list[silences->count++] = (struct silence){
		.node = path ? path : entry, .entry = entry,
		.number = tree_value(entry, "number"),
		.path = path ? lyd_get_value(path) : NULL,
	};
}

static struct silences
collect_silences(const struct lyd_node *tree)
{
	const struct lyd_node *check = NULL;
	struct silences silences = { 0 };

	for (; tree && !check; tree = tree->next)
		check = strcmp(tree->schema->name, "system") == 0
			? tree_child(tree, "configuration-check") : NULL;
	for (const struct lyd_node *node = check ? lyd_child(check) : NULL; node;
	     node = node->next) {
		const struct lyd_node *path = lyd_child_no_keys(node);

		if (!path)
			add_silence(&silences, node, NULL);
		for (; path; path = path->next)
			add_silence(&silences, node, path);
	}
	return silences;
}

/* The path of the problem or one above it; or its path and its value. */
static bool
covers(const char *path, const struct problem *problem)
{
	size_t length = strlen(path), whole = strlen(problem->path);

	if (strncmp(problem->path, path, length) == 0)
		return problem->path[length] == '\0' || problem->path[length] == ' ';
	return strncmp(path, problem->path, whole) == 0 && path[whole] == ' ' &&
	       strcmp(path + whole + 1, problem->value) == 0;
}

/* Every silence that covers it is used, not the first only. */
static bool
is_silenced(void *owner, const struct problem *problem)
{
	struct silences *silences = owner;
	bool silenced = false;

	for (size_t i = 0; i < silences->count; i++) {
		struct silence *silence = &silences->list[i];

		if (strcmp(silence->number, problem->number) != 0 ||
		    (silence->path && !covers(silence->path, problem)))
			continue;
		silence->used = true;
		silenced = true;
	}
	return silenced;
}

static bool
is_of_a_warning(const struct silence *silence)
{
	const struct rulebook_entry *entry = rulebook_find(silence->number);

	/* That a silence is in vain is not to be kept silent. */
	return entry && rulebook_is_warning(entry) && strcmp(silence->number, "W5") != 0;
}

/* Whether these are given depends on what runs at a commit: their silence may wait for its case. */
static bool
is_of_a_moment(const char *number)
{
	return strcmp(number, "L30") == 0 || strcmp(number, "L34") == 0;
}

/* A wrong number is told once, whatever its paths. */
static void
judge_silence(const struct silence *silence, bool is_first, struct problems *problems)
{
	if (!is_of_a_warning(silence)) {
		if (is_first)
			rules_error(problems, "K1", silence->entry,
			            "there is no warning %s that could be silenced; use the number "
			            "in the brackets of the message, or delete it",
			            silence->number);
	} else if (!silence->used && !is_of_a_moment(silence->number)) {
		rules_warning(problems, "W5", silence->node,
		              "silences nothing: what it was for is repaired, or the path is "
		              "misspelt; delete it");
	}
}

void
verdict_silence_warnings(const struct lyd_node *tree, struct problems *problems, size_t first)
{
	struct silences silences = collect_silences(tree);

	if (silences.count > 0)
		problems_silence(problems, first, is_silenced, &silences);
	free(silences.list);
}

void
verdict_silence(const struct lyd_node *tree, struct problems *problems, size_t first)
{
	struct silences silences = collect_silences(tree);

	if (silences.count > 0)
		problems_silence(problems, first, is_silenced, &silences);
	for (size_t i = 0; i < silences.count; i++)
		judge_silence(&silences.list[i],
		              i == 0 || silences.list[i - 1].entry != silences.list[i].entry,
		              problems);
	free(silences.list);
}

/* ------------------------------------------------------------------ order */

struct ranked {
	struct problem problem;
	enum rulebook_consequence consequence;
	size_t number;			/* place in the book */
	size_t found;			/* place in the list */
};

static struct ranked
rank(const struct problems *problems, size_t index)
{
	struct ranked ranked = { .problem = problems->list[index], .found = index };
	const struct rulebook_entry *entry;

	if (!ranked.problem.warning)
		return ranked;
	entry = rulebook_find(ranked.problem.number);
	ranked.consequence = entry ? entry->consequence : RULEBOOK_NO_EFFECT;
	ranked.number = entry ? (size_t)(entry - rulebook) : 0;
	return ranked;
}

/* Numbers in paths are compared as numbers: vif 9 before vif 10. */
static int
by_rank(const void *first, const void *second)
{
	const struct ranked *a = first, *b = second;
	int order = (int)a->consequence - (int)b->consequence;

	if (order == 0)
		order = strverscmp(a->problem.path, b->problem.path);
	if (order == 0 && a->number != b->number)
		order = a->number < b->number ? -1 : 1;
	return order ? order : a->found < b->found ? -1 : 1;
}

void
verdict_sort(struct problems *problems, size_t first)
{
	size_t count = problems->count - first;
	struct ranked *list = calloc(count + 1, sizeof(*list));

	assert(list);
	for (size_t i = 0; i < count; i++)
		list[i] = rank(problems, first + i);
	qsort(list, count, sizeof(*list), by_rank);
	for (size_t i = 0; i < count; i++)
		problems->list[first + i] = list[i].problem;
	free(list);
}
