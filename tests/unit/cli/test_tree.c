/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Walking a command table: shortened keywords, arguments, and what may follow.
 */
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>
#include <cmocka.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cli/session.h"

static char ran[128];			/* the row that ran, with its arguments */

static enum outcome
record(const char *name, char *const arguments[], size_t count)
{
	snprintf(ran, sizeof(ran), "%s", name);
	for (size_t i = 0; i < count; i++) {
		strcat(ran, " ");
		strcat(ran, arguments[i]);
	}
	return OUTCOME_DONE;
}

static enum outcome
run_vrrp(struct session *session UNUSED, char *const arguments[], size_t count)
{
	return record("vrrp", arguments, count);
}

static enum outcome
run_version(struct session *session UNUSED, char *const arguments[], size_t count)
{
	return record("version", arguments, count);
}

static enum outcome
run_set(struct session *session UNUSED, char *const arguments[], size_t count)
{
	return record("set", arguments, count);
}

static void
complete_interface(struct session *session UNUSED, char *const arguments[] UNUSED, size_t count,
                   const char *start UNUSED, struct possibilities *possibilities)
{
	assert_int_equal(count, 0);
	possibilities_add(possibilities, "dp0bond0", NULL, "");
	possibilities_add(possibilities, "dp0bond1", NULL, "the other");
	possibilities_add(possibilities, "eth0", NULL, "");
}

static void
complete_group(struct session *session UNUSED, char *const arguments[], size_t count,
               const char *start UNUSED, struct possibilities *possibilities)
{
	assert_int_equal(count, 1);
	if (strcmp(arguments[0], "dp0bond0") == 0)
		possibilities_add(possibilities, "10", NULL, "");
}

static void
complete_path(struct session *session UNUSED, char *const arguments[] UNUSED, size_t count,
              const char *start UNUSED, struct possibilities *possibilities)
{
	possibilities_add(possibilities, count == 0 ? "interfaces" : "bonding", NULL, "level");
	possibilities_add(possibilities, NULL, "<1..254>", "number");
}

static const struct command table[] = {
	{ "set", "Change" },
	{ "set <path...>", "What", run_set, complete_path },
	{ "show", "Show" },
	{ "show version", "Version", run_version },
	{ "show vrrp", "Groups", run_vrrp },
	{ "show vrrp detail", "In full", run_vrrp },
	{ "show vrrp interface", "Of an interface" },
	{ "show vrrp interface <interface>", "This interface", run_vrrp, complete_interface },
	{ "show vrrp interface <interface> group", "One group" },
	{ "show vrrp interface <interface> group <group>", "This group", run_vrrp, complete_group },
	{ "show vrrp interfaces", "All of them", run_version },
	{ "view", "View", run_version, NULL, SHOWS_TEXT },
	{ "view <path...>", "What", run_version, complete_path, SHOWS_TEXT },
	{ NULL },
};

struct said {
	enum outcome outcome;
	char *text;
};

/* Run a line (split at single blanks). */
static struct said
run(const char *line)
{
	struct said said = { 0 };
	struct session session = { .out = stdout };
	char *copy = strdup(line);
	char *words[16];
	size_t count = 0;
	size_t length;

	for (char *word = strtok(copy, " "); word; word = strtok(NULL, " "))
		words[count++] = word;
	ran[0] = '\0';
	session.err = open_memstream(&said.text, &length);
	said.outcome = tree_run(&session, table, words, count);
	fclose(session.err);
	free(copy);
	return said;
}

static void
assert_runs(const char *line, const char *expected)
{
	struct said said = run(line);

	assert_int_equal(said.outcome, OUTCOME_DONE);
	assert_string_equal(said.text, "");
	assert_string_equal(ran, expected);
	free(said.text);
}

static void
assert_refused(const char *line, const char *expected)
{
	struct said said = run(line);

	assert_int_equal(said.outcome, OUTCOME_USAGE);
	assert_string_equal(ran, "");
	assert_string_equal(said.text, expected);
	free(said.text);
}

static void
test_full_words_run_their_row(void **state UNUSED)
{
	assert_runs("show version", "version");
	assert_runs("show vrrp", "vrrp");
	assert_runs("show vrrp interface dp0bond0", "vrrp dp0bond0");
	assert_runs("show vrrp interface dp0bond0 group 10", "vrrp dp0bond0 10");
}

static void
test_unique_beginnings_of_keywords_run_their_row(void **state UNUSED)
{
	assert_runs("sh vr", "vrrp");
	assert_runs("sh ve", "version");
	assert_runs("sh vr d", "vrrp");
	assert_runs("sh vr interface dp0bond0 g 10", "vrrp dp0bond0 10");
}

static void
test_whole_keyword_wins_over_a_longer_one(void **state UNUSED)
{
	assert_runs("show vrrp interface eth0", "vrrp eth0");
	assert_runs("show vrrp interfaces", "version");
}

static void
test_ambiguous_beginning_is_refused_naming_the_choices(void **state UNUSED)
{
	assert_refused("s", "Ambiguous command: [s], which may be: set, show\n");
	assert_refused("sh v", "Ambiguous command: sh [v], which may be: version, vrrp\n");
	assert_refused("show vrrp interf eth0",
	               "Ambiguous command: show vrrp [interf], which may be: interface, "
	               "interfaces\n");
}

static void
test_unknown_word_is_refused_naming_it(void **state UNUSED)
{
	assert_refused("show foo", "Invalid command: show [foo]\n");
	assert_refused("show version now", "Invalid command: show version [now]\n");
	assert_refused("show versions",
	               "Invalid command: show [versions], did you mean 'version'?\n");
}

static void
test_command_without_its_end_is_incomplete(void **state UNUSED)
{
	assert_refused("show", "Incomplete command: show, which goes on with: version, vrrp\n");
	assert_refused("show vrrp interface", "Incomplete command: show vrrp interface, which goes "
	               "on with: <interface>\n");
	assert_refused("set", "Incomplete command: set, which goes on with: <path...>\n");
}

static void
test_rest_argument_takes_every_word(void **state UNUSED)
{
	assert_runs("set a", "set a");
	assert_runs("set a show vrrp <x>", "set a show vrrp <x>");
}

/* What may follow, as "word=help" joined by commas; a value only described stands in (). */
static char *
complete(const char *line, const char *start)
{
	struct possibilities possibilities = { 0 };
	struct session session = { 0 };
	char *copy = strdup(line);
	char *words[16];
	size_t count = 0;
	char *text;
	size_t length;
	FILE *out = open_memstream(&text, &length);

	for (char *word = strtok(copy, " "); word; word = strtok(NULL, " "))
		words[count++] = word;
	tree_complete(&session, table, words, count, start, &possibilities);
	for (size_t i = 0; i < possibilities.count; i++) {
		const struct possibility *p = &possibilities.list[i];

		fprintf(out, p->word ? "%s%s=%s" : "%s(%s)=%s", i ? "," : "", p->shown, p->help);
	}
	fclose(out);
	possibilities_done(&possibilities);
	free(copy);
	return text;
}

static void
assert_completes(const char *line, const char *start, const char *expected)
{
	char *text = complete(line, start);

	assert_string_equal(text, expected);
	free(text);
}

static void
test_completion_lists_keywords_with_help_in_table_order(void **state UNUSED)
{
	assert_completes("", "", "set=Change,show=Show,view=View");
	assert_completes("show", "", "version=Version,vrrp=Groups");
	assert_completes("show", "ve", "version=Version");
	assert_completes("sh", "x", "");
}

static void
test_completion_of_a_complete_command_offers_enter(void **state UNUSED)
{
	assert_completes("show vrrp", "", "(<Enter>)=Execute the command,detail=In full,"
	                                  "interface=Of an interface,interfaces=All of them");
	assert_completes("show version", "", "(<Enter>)=Execute the command");
}

static void
test_completion_of_an_argument_lists_its_values(void **state UNUSED)
{
	assert_completes("show vrrp interface", "", "dp0bond0=This interface,dp0bond1=the other,"
	                                            "eth0=This interface");
	assert_completes("show vrrp interface", "dp", "dp0bond0=This interface,dp0bond1=the other");
	assert_completes("show vrrp interface dp0bond0 group", "", "10=This group");
}

static void
test_completion_without_values_names_the_argument(void **state UNUSED)
{
	assert_completes("show vrrp interface eth0 group", "", "(<group>)=This group");
	assert_completes("show vrrp interface", "zz", "(<interface>)=This interface");
}

static void
test_completion_of_a_rest_asks_for_each_word(void **state UNUSED)
{
	assert_completes("set", "", "interfaces=level,(<1..254>)=number");
	assert_completes("set interfaces", "b", "bonding=level,(<1..254>)=number");
}

static void
test_completion_offers_a_bar_behind_what_shows_something(void **state UNUSED)
{
	assert_completes("view", "", "(<Enter>)=Execute the command,(|)=" TREE_PIPE_HELP
	                             ",interfaces=level,(<1..254>)=number");
	assert_completes("view a", "", "(|)=" TREE_PIPE_HELP ",bonding=level,(<1..254>)=number");
	assert_completes("view a", "b", "bonding=level,(<1..254>)=number");
}

/* "lo" is an interface, and no shortened "loopback", as soon as there is one of that name. */
static void
test_name_that_is_there_is_no_shortened_keyword(void **state UNUSED)
{
	static const struct command kinds[] = {
		{ "list", "List" },
		{ "list <interface>", "One", run_vrrp, complete_interface },
		{ "list dp0bond0-like", "Those of a kind", run_version },
		{ "list ethernet", "Those of another", run_version },
		{ NULL },
	};
	struct session session = { .out = stdout, .err = stderr };
	char list[] = "list", name[] = "dp0bond0", longer[] = "dp0bond0-", kind[] = "eth";
	char *words[] = { list, name };

	assert_int_equal(tree_run(&session, kinds, words, 2), OUTCOME_DONE);
	assert_string_equal(ran, "vrrp dp0bond0");
	words[1] = longer;
	assert_int_equal(tree_run(&session, kinds, words, 2), OUTCOME_DONE);
	assert_string_equal(ran, "version");
	words[1] = kind;
	assert_int_equal(tree_run(&session, kinds, words, 2), OUTCOME_DONE);
	assert_string_equal(ran, "version");
}

static void
test_row_is_found_by_its_words(void **state UNUSED)
{
	char view[] = "vi", a[] = "a", b[] = "b", nonsense[] = "nonsense";
	char *words[] = { view, a, b };

	assert_string_equal(tree_find(table, words, 1)->words, "view");
	assert_string_equal(tree_find(table, words, 3)->words, "view <path...>");
	words[0] = nonsense;
	assert_null(tree_find(table, words, 3));
}

static void
test_completion_after_a_wrong_word_is_empty(void **state UNUSED)
{
	assert_completes("show foo", "", "");
	assert_completes("show v", "", "");
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_full_words_run_their_row),
		cmocka_unit_test(test_unique_beginnings_of_keywords_run_their_row),
		cmocka_unit_test(test_whole_keyword_wins_over_a_longer_one),
		cmocka_unit_test(test_ambiguous_beginning_is_refused_naming_the_choices),
		cmocka_unit_test(test_unknown_word_is_refused_naming_it),
		cmocka_unit_test(test_command_without_its_end_is_incomplete),
		cmocka_unit_test(test_rest_argument_takes_every_word),
		cmocka_unit_test(test_completion_lists_keywords_with_help_in_table_order),
		cmocka_unit_test(test_completion_of_a_complete_command_offers_enter),
		cmocka_unit_test(test_completion_of_an_argument_lists_its_values),
		cmocka_unit_test(test_completion_without_values_names_the_argument),
		cmocka_unit_test(test_completion_of_a_rest_asks_for_each_word),
		cmocka_unit_test(test_completion_offers_a_bar_behind_what_shows_something),
		cmocka_unit_test(test_name_that_is_there_is_no_shortened_keyword),
		cmocka_unit_test(test_row_is_found_by_its_words),
		cmocka_unit_test(test_completion_after_a_wrong_word_is_empty),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
