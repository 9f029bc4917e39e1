/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Pipes behind commands: where a line divides, what is refused, and what becomes of lines.
 */
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>
#include <cmocka.h>

#include <stdlib.h>
#include <string.h>

#include "cli/filter.h"
#include "cli/pipes.h"

/* The parts, each in [], words divided by "/". */
static void
assert_parts(const char *line, const char *expected)
{
	struct pipeline pipeline;
	const char *fault;
	char text[256] = "";

	assert_true(pipeline_of_line(line, &pipeline, &fault));
	for (size_t i = 0; i < pipeline.count; i++) {
		strcat(text, "[");
		for (size_t w = 0; w < pipeline.parts[i].count; w++) {
			strcat(text, w > 0 ? "/" : "");
			strcat(text, pipeline.parts[i].list[w]);
		}
		strcat(text, "]");
	}
	assert_string_equal(text, expected);
	pipeline_done(&pipeline);
}

static void
test_bare_bar_that_begins_a_word_divides(void **state UNUSED)
{
	assert_parts("", "[]");
	assert_parts("show vrrp", "[show/vrrp]");
	assert_parts("show vrrp | match MASTER | count", "[show/vrrp][match/MASTER][count]");
	assert_parts("show vrrp |match MASTER|FAULT", "[show/vrrp][match/MASTER|FAULT]");
	assert_parts("show | |", "[show][][]");
}

static void
test_quoted_bar_is_a_letter(void **state UNUSED)
{
	assert_parts("set x '| count'", "[set/x/| count]");
	assert_parts("set x \"|\" \\| a|b", "[set/x/|/|/a|b]");
	assert_parts("show | match 'a | b'", "[show][match/a | b]");
}

static void
test_open_quote_has_no_parts(void **state UNUSED)
{
	struct pipeline pipeline;
	const char *fault = NULL;

	assert_false(pipeline_of_line("show | match 'a", &pipeline, &fault));
	assert_non_null(strstr(fault, "not closed"));
}

/* Through the pipes of a line; or what is refused, after "!". */
static char *
filtered(const char *line, enum shows shows, const char *text)
{
	struct pipeline pipeline;
	struct pipes pipes;
	const char *fault;
	char *result = NULL;
	size_t length;
	FILE *out = open_memstream(&result, &length);
	bool good;

	assert_non_null(out);
	assert_true(pipeline_of_line(line, &pipeline, &fault));
	fputc('!', out);
	good = pipes_read(&pipeline, &pipes, out);
	good = good && pipes_fit(&pipes, shows, "show it <...>", out);
	if (good) {
		FILE *in = filter_open(&pipes, out);

		rewind(out);
		fputs(text, in);
		fclose(in);
	}
	fclose(out);
	pipes_done(&pipes);
	pipeline_done(&pipeline);
	return result;
}

static void
assert_filtered(const char *line, const char *text, const char *expected)
{
	char *result = filtered(line, SHOWS_CONFIGURATION, text);

	assert_string_equal(result, expected);
	free(result);
}

static void
assert_refused(const char *line, enum shows shows, const char *expected)
{
	char *result = filtered(line, shows, "");

	assert_string_equal(result, expected);
	free(result);
}

static void
test_lines_pass_every_pipe_in_order(void **state UNUSED)
{
	static const char text[] = "dp0bond0 MASTER\ndp0bond1 BACKUP\n\neth0 master";

	assert_filtered("s | match bond", text, "dp0bond0 MASTER\ndp0bond1 BACKUP\n");
	assert_filtered("s | no-match bond", text, "\neth0 master\n");
	assert_filtered("s | match 'bond[0-9]' | no-match BACKUP", text, "dp0bond0 MASTER\n");
	assert_filtered("s | match MASTER|BACKUP", text, "dp0bond0 MASTER\ndp0bond1 BACKUP\n");
	assert_filtered("s | match ^$", text, "\n");
	assert_filtered("s | match -x", text, "");
	assert_filtered("s | json | more | match eth", text, "eth0 master\n");
}

static void
test_count_counts_the_lines_that_reach_it(void **state UNUSED)
{
	assert_filtered("s | count", "a\nb\n\nc", "4\n");
	assert_filtered("s | count", "", "0\n");
	assert_filtered("s | ma a | cou", "a\nb\nab\n", "2\n");
	assert_filtered("s | count | count", "a\nb\n", "1\n");
	assert_filtered("s | count | no-match 2", "a\nb\n", "");
}

static void
test_pipe_without_sense_is_refused_with_a_sentence(void **state UNUSED)
{
	assert_refused("s | match", SHOWS_TEXT,
	               "!A pattern must follow '| match', such as '| match MASTER'\n");
	assert_refused("s | match a b", SHOWS_TEXT,
	               "!One pattern must follow '| match'; put quotes around one of several "
	               "words\n");
	assert_refused("s | count a", SHOWS_TEXT,
	               "!Nothing may follow '| count' but another '|', not 'a'\n");
	assert_refused("s | no", SHOWS_TEXT,
	               "!Ambiguous command: | [no], which may be: no-match, no-more\n");
	assert_refused("s | grep", SHOWS_TEXT,
	               "!Invalid command: | [grep], but '|' may be followed by: commands, count, "
	               "json, match, more, no-match, no-more\n");
	assert_refused("s |", SHOWS_TEXT,
	               "!Nothing follows '|', which may be followed by: commands, count, json, "
	               "match, more, no-match, no-more\n");
	assert_refused("s | count | json", SHOWS_DATA,
	               "!'| json' stands right behind the command, before other pipes\n");
	assert_refused("s | json | commands", SHOWS_CONFIGURATION,
	               "!An answer is either in JSON or in set commands: leave out '| json' or "
	               "'| commands'\n");
}

static void
test_broken_expression_is_refused_naming_it(void **state UNUSED)
{
	char *result = filtered("s | match '('", SHOWS_TEXT, "");

	assert_memory_equal(result, "!'(' is no regular expression: ", 31);
	free(result);
}

static void
test_pipe_that_does_not_fit_the_command_is_refused(void **state UNUSED)
{
	assert_refused("s | count", SHOWS_NOTHING,
	               "!No '|' may follow 'show it', which shows nothing; put quotes around one "
	               "that is a value\n");
	assert_refused("s | json", SHOWS_TEXT, "!'show it' cannot answer in JSON\n");
	assert_refused("s | commands", SHOWS_DATA,
	               "!'show it' shows no configuration: '| commands' may follow "
	               "'show configuration', and 'show' in configuration mode\n");
	assert_refused("s | more", SHOWS_EVENTS,
	               "!'show it' shows things as they happen: there are no pages\n");
}

static void
test_flushed_line_arrives_at_once(void **state UNUSED)
{
	struct pipeline pipeline;
	struct pipes pipes;
	const char *fault;
	char *result = NULL;
	size_t length;
	FILE *out = open_memstream(&result, &length), *in;

	assert_true(pipeline_of_line("monitor | match b", &pipeline, &fault));
	assert_true(pipes_read(&pipeline, &pipes, stderr));
	in = filter_open(&pipes, out);
	fputs("a\nb\nab", in);
	assert_int_equal(fflush(in), 0);
	assert_string_equal(result, "b\n");
	fclose(in);
	fclose(out);
	assert_string_equal(result, "b\nab\n");
	free(result);
	pipes_done(&pipes);
	pipeline_done(&pipeline);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_bare_bar_that_begins_a_word_divides),
		cmocka_unit_test(test_quoted_bar_is_a_letter),
		cmocka_unit_test(test_open_quote_has_no_parts),
		cmocka_unit_test(test_lines_pass_every_pipe_in_order),
		cmocka_unit_test(test_count_counts_the_lines_that_reach_it),
		cmocka_unit_test(test_pipe_without_sense_is_refused_with_a_sentence),
		cmocka_unit_test(test_broken_expression_is_refused_naming_it),
		cmocka_unit_test(test_pipe_that_does_not_fit_the_command_is_refused),
		cmocka_unit_test(test_flushed_line_arrives_at_once),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
