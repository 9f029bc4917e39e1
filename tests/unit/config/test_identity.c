/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What must hold of every configuration there can be: whatever is printed reads back as itself, by
 * way of set commands, braces and JSON; differences are empty between equals alone; what the store
 * committed is what it starts with.  $TANDEM_TREES says of how many configurations (a night's worth
 * is a million), $TANDEM_SEED by which seed the first is made.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "grown.h"
#include "sample.h"
#include "config/language.h"
#include "config/store.h"

#define TREES 1000			/* unless $TANDEM_TREES says otherwise */
#define COMMITS 60
#define COMMIT_SHARE 40			/* one commit for so many trees: each makes files */

/* The tree of a text that was printed. */
static struct lyd_node *
read_back(const char *what, const char *text)
{
	struct problems problems = { 0 };
	struct lyd_node *tree = NULL;

	if (language_read(schema, text, &tree, &problems) < 0) {
		char *lines = sample_lines(&problems);

		grown_expect_text(what, lines, "");
		free(lines);
	}
	problems_done(&problems);
	return tree;
}

static void
test_set_commands_read_back_as_the_same(void **state)
{
	(void)state;
	for (unsigned run = 0; run < grown_count(TREES, 1); run++) {
		struct lyd_node *tree = grown_tree(grown_seed(run));
		char *text = language_print_set(tree, false), *again;
		struct lyd_node *back = read_back("set commands are refused", text);

		grown_expect_same("set commands read back", back, tree);
		again = language_print_set(back, false);
		grown_expect_text("set commands printed again", again, text);
		free(text);
		free(again);
		lyd_free_siblings(back);
		lyd_free_siblings(tree);
	}
}

static void
test_braces_read_back_as_the_same(void **state)
{
	(void)state;
	for (unsigned run = 0; run < grown_count(TREES, 1); run++) {
		struct lyd_node *tree = grown_tree(grown_seed(run));
		char *text = language_print_braces(tree, false), *again;
		struct lyd_node *back = read_back("braces are refused", text);

		grown_expect_same("braces read back", back, tree);
		again = language_print_braces(back, false);
		grown_expect_text("braces printed again", again, text);
		free(text);
		free(again);
		lyd_free_siblings(back);
		lyd_free_siblings(tree);
	}
}

/* As JSON, the way of every commit, and on as braces and commands. */
static void
test_forms_agree_by_way_of_each_other(void **state)
{
	(void)state;
	for (unsigned run = 0; run < grown_count(TREES, 1); run++) {
		struct lyd_node *tree = grown_tree(grown_seed(run)), *from_json = NULL;
		struct lyd_node *from_braces, *from_set;
		char *json = NULL, *braces, *set;

		if (tree)
			assert_int_equal(lyd_print_mem(&json, tree, LYD_JSON,
			                               LYD_PRINT_WITHSIBLINGS), LY_SUCCESS);
		if (lyd_parse_data_mem(schema, json ? json : "{}", LYD_JSON, LYD_PARSE_ONLY |
		                       LYD_PARSE_STRICT, 0, &from_json) != LY_SUCCESS)
			grown_expect_text("JSON is refused", ly_errmsg(schema), "");
		grown_expect_same("JSON read back", from_json, tree);
		braces = language_print_braces(from_json, false);
		from_braces = read_back("braces are refused", braces);
		set = language_print_set(from_braces, false);
		from_set = read_back("set commands are refused", set);
		grown_expect_same("JSON, braces, set commands", from_set, tree);
		free(json);
		free(braces);
		free(set);
		lyd_free_siblings(from_set);
		lyd_free_siblings(from_braces);
		lyd_free_siblings(from_json);
		lyd_free_siblings(tree);
	}
}

/* A character in UTF-8, or what would be its form if it were one. */
static void
encode(uint32_t character, char text[5])
{
	if (character < 0x80)
		snprintf(text, 5, "%c", (int)character);
	else if (character < 0x800)
		snprintf(text, 5, "%c%c", (int)(0xc0 | character >> 6),
		         (int)(0x80 | (character & 0x3f)));
	else if (character < 0x10000)
		snprintf(text, 5, "%c%c%c", (int)(0xe0 | character >> 12),
		         (int)(0x80 | (character >> 6 & 0x3f)), (int)(0x80 | (character & 0x3f)));
	else
		snprintf(text, 5, "%c%c%c%c", (int)(0xf0 | character >> 18),
		         (int)(0x80 | (character >> 12 & 0x3f)),
		         (int)(0x80 | (character >> 6 & 0x3f)), (int)(0x80 | (character & 0x3f)));
}

/* What one of the two took and the other did not could be typed and not be sent, or be sent and not
 * be read again after a restart. */
static void
expect_agreement_on(uint32_t character)
{
	const char *place = "set grown place a 3 left inside line";
	struct lyd_node *by_words = NULL, *by_json = NULL;
	struct problems problems = { 0 };
	char text[5], escape[12], words[64], json[160], what[64];
	bool taken;

	encode(character, text);
	snprintf(escape, sizeof(escape), "\\u%04x", (unsigned)character);
	snprintf(json, sizeof(json), "{\"tandem-grown:grown\":{\"place\":[{\"name\":\"a\","
	         "\"number\":3,\"side\":\"left\",\"inside\":{\"line\":[\"%s\"]}}]}}",
	         character < 0x20 || character == '"' || character == '\\' ? escape : text);
	/* A line end is no matter of characters. */
	snprintf(words, sizeof(words), character == '\n' ? "%s \"\\n\"" : character == '\'' ?
	         "%s \"%s\"" : "%s '%s'", place, text);
	taken = language_read(schema, words, &by_words, &problems) == 0;
	if (taken != (lyd_parse_data_mem(schema, json, LYD_JSON, LYD_PARSE_ONLY | LYD_PARSE_STRICT,
	                                 0, &by_json) == LY_SUCCESS)) {
		snprintf(what, sizeof(what), "character U+%04X", (unsigned)character);
		grown_expect_text(what, taken ? "taken by the language" : "taken by JSON", "");
	}
	if (taken)
		grown_expect_same("by words and by JSON", by_words, by_json);
	problems_done(&problems);
	lyd_free_siblings(by_words);
	lyd_free_siblings(by_json);
}

static void
test_language_and_json_take_the_same_characters(void **state)
{
	(void)state;
	for (uint32_t character = 1; character < 0x10000;
	     character += character < 0x100 || character >= 0xfd00 ? 1 : 0x35)
		expect_agreement_on(character);
	for (uint32_t plane = 0x10000; plane < 0x120000; plane += 0x10000) {
		expect_agreement_on(plane);
		for (uint32_t last = 0xfffc; last < 0x10000; last++)
			expect_agreement_on(plane + last);
	}
}

static size_t
lines_marked(const char *text)
{
	size_t count = *text != '\0' && *text != ' ' && *text != '\n';

	for (; *text; text++)
		count += *text == '\n' && text[1] != '\0' && !strchr(" \n", text[1]);
	return count;
}

static void
expect_differences(const struct lyd_node *old, const struct lyd_node *new, bool differ)
{
	char *compared = language_compare(old, new, false);
	char *marked = language_print_marked(old, new, false);
	size_t changes = language_count_changes(old, new);

	if ((compared[0] != '\0') != differ)
		grown_expect_text("compare", compared, differ ? "(something)" : "");
	if ((changes > 0) != differ)
		grown_expect_text("count of changes", changes ? "some" : "none",
		                  differ ? "some" : "none");
	if (!differ && lines_marked(marked) > 0)
		grown_expect_text("marks", marked, "");
	free(compared);
	free(marked);
}

static void
test_differences_are_none_between_equals_and_some_between_others(void **state)
{
	(void)state;
	for (unsigned run = 0; run < grown_count(TREES, 1); run++) {
		uint64_t seed = grown_seed(run);
		struct lyd_node *tree = grown_tree(seed), *other = grown_variant(tree, seed);
		char *text = language_print_braces(tree, false);
		struct lyd_node *same = read_back("braces are refused", text);
		bool differ = !grown_is_same(tree, other);

		expect_differences(tree, same, false);
		expect_differences(tree, other, differ);
		expect_differences(other, tree, differ);
		expect_differences(NULL, tree, !grown_is_same(NULL, tree));
		free(text);
		lyd_free_siblings(same);
		lyd_free_siblings(other);
		lyd_free_siblings(tree);
	}
}

/* ---- the store ------------------------------------------------------------------------------ */

/* Take away what an error names, or what is around it; false when that is nothing. */
static bool
take_away(struct lyd_node **tree, const struct problem *problem)
{
	struct problems ignored = { 0 };
	char *path = strdup(problem->path), *rest = path, *words[64];
	size_t count = 0;
	bool done = false;

	while (rest && count < ARRAY_SIZE(words) - 1)
		words[count++] = strsep(&rest, " ");
	words[count++] = problem->value;
	for (size_t i = count; !done && i > 0; i--)
		done = language_delete(schema, tree, words, i, 0, &ignored) == 0;
	problems_done(&ignored);
	free(path);
	return done;
}

/* A tree that passes every rule, made of any by taking away what they refuse.  Settings come with
 * it, to be committed. */
static bool
prepare_what_passes(struct store *store, struct lyd_node **tree, struct prepared *prepared)
{
	for (;;) {
		struct problems problems = { 0 };
		bool done = false, passed;

		passed = store_prepare(store, *tree, NULL, prepared, &problems) == 0;
		for (size_t i = 0; i < problems.count && !passed; i++)
			done |= !problems.list[i].warning && take_away(tree, &problems.list[i]);
		problems_done(&problems);
		if (passed || !done)
			return passed;
	}
}

static void
remove_file(const char *directory, const char *name)
{
	char path[128];

	snprintf(path, sizeof(path), "%s/%s", directory, name);
	(void)unlink(path);
}

static struct store *
started(const char *directory)
{
	char running[64], saved[64];
	const struct store_places places = { .saved = saved, .running = running };
	struct problems problems = { 0 };
	struct store *store = NULL;
	char *lines;

	snprintf(running, sizeof(running), "%s/running", directory);
	snprintf(saved, sizeof(saved), "%s/saved", directory);
	assert_int_equal(store_new(schema, &places, &store, NULL), 0);
	(void)!store_start(store, 1000, &problems);
	lines = problems.errors ? sample_lines(&problems) : strdup("");
	grown_expect_text("the store does not start", lines, "");
	free(lines);
	problems_done(&problems);
	return store;
}

static void
test_what_was_committed_is_what_the_store_starts_with(void **state)
{
	const struct note note = { .time = 1000, .user = "somebody", .via = "cli" };
	char directory[] = "/tmp/identity-XXXXXX";
	unsigned committed = 0, runs = grown_count(COMMITS, COMMIT_SHARE);

	(void)state;
	assert_non_null(mkdtemp(directory));
	for (unsigned run = 0; run < runs; run++) {
		struct lyd_node *tree = grown_own_tree(grown_seed(run));
		struct store *store = started(directory);
		struct prepared prepared;

		if (prepare_what_passes(store, &tree, &prepared)) {
			assert_int_equal(store_commit(store, &prepared, &note, NULL), 0);
			assert_int_equal(store_save(store, NULL), 0);
			prepared_done(&prepared);
			grown_expect_same("what runs", store_running(store), tree);
			store_free(store);
			store = started(directory);
			grown_expect_same("what runs after a restart", store_running(store), tree);
			assert_true(store_is_saved(store));
			store_free(store);
			remove_file(directory, "running");
			store = started(directory);
			grown_expect_same("what was saved", store_running(store), tree);
			committed += tree != NULL;
		}
		store_free(store);
		lyd_free_siblings(tree);
	}
	remove_file(directory, "running");
	remove_file(directory, "saved");
	assert_int_equal(rmdir(directory), 0);
	/* Or nothing was tested. */
	assert_true(committed > runs / 2);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_set_commands_read_back_as_the_same),
		cmocka_unit_test(test_braces_read_back_as_the_same),
		cmocka_unit_test(test_forms_agree_by_way_of_each_other),
		cmocka_unit_test(test_language_and_json_take_the_same_characters),
		cmocka_unit_test(test_differences_are_none_between_equals_and_some_between_others),
		cmocka_unit_test(test_what_was_committed_is_what_the_store_starts_with),
	};

	return cmocka_run_group_tests(tests, grown_setup, sample_teardown);
}
