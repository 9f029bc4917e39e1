/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Spelling: text to words and words to text.
 */
#include <stdlib.h>
#include <string.h>

#include "sample.h"
#include "config/language.h"
#include "config/words.h"

static void
expect_words(const char *line, const char *joined)
{
	char **words;
	size_t count;
	char *text;

	assert_int_equal(language_split(line, &words, &count), 0);
	text = words_join(words, count);
	assert_string_equal(text, joined);
	free(text);
	language_free_words(words, count);
}

static void
test_quotes_in_every_form_keep_their_words(void **state)
{
	(void)state;
	expect_words("a b\tc", "a b c");
	expect_words("'a b' \"c d\"", "a b c d");
	expect_words("a'b'\"c\"\\ d", "abc d");
	expect_words("\"a\\\"b\\\\c\\td\"", "a\"b\\c\td");
	expect_words("set x '' y", "set x  y");
	expect_words("a\\#b c#d", "a#b c#d");
	expect_words("{ }", "{ }");
}

static void
test_comments_hold_no_words(void **state)
{
	(void)state;
	expect_words("# all of it", "");
	expect_words("a # b", "a");
	expect_words("a /* b */ c", "a c");
	expect_words("// vyatta-config-version: \"x\"", "");
	expect_words("http://x", "http://x");
}

static void
test_open_quote_is_refused(void **state)
{
	char **words = NULL;
	size_t count = 0;

	(void)state;
	assert_int_not_equal(language_split("a 'b", &words, &count), 0);
	assert_int_not_equal(language_split("a \"b\\\"", &words, &count), 0);
	assert_int_not_equal(language_split("a\\", &words, &count), 0);
	assert_int_not_equal(language_split("/* a", &words, &count), 0);
}

/* Both spellings of every word of up to three troublesome characters read back as the word. */
static void
test_every_word_written_reads_back(void **state)
{
	static const char troublesome[] = "a '\"\\#/*{}\n\r\t\x01\xc3\xa4$;";
	const size_t n = sizeof(troublesome);	/* with the zero: shorter words too */

	(void)state;
	for (size_t i = 0; i < n * n * n; i++) {
		char word[4] = { troublesome[i % n], troublesome[i / n % n],
		                 troublesome[i / n / n], '\0' };

		for (int quoted = 0; quoted < 2; quoted++) {
			char *text = NULL;
			size_t size, count;
			char **words;
			FILE *out = open_memstream(&text, &size);

			if (quoted)
				words_print_quoted(out, word);
			else
				words_print(out, word);
			fclose(out);
			assert_int_equal(language_split(text, &words, &count), 0);
			assert_int_equal(count, 1);
			assert_string_equal(words[0], word);
			language_free_words(words, count);
			free(text);
		}
	}
}

static void
test_lines_are_counted_through_comments(void **state)
{
	struct words_scanner scanner = words_over("a\n/* \n\n */ b\n'c\nd");
	enum words_token token;
	unsigned line_of_b = 0, line_of_fault = 0, line_of_d = 0;

	(void)state;
	while ((token = words_next(&scanner)) != WORDS_TEXT_END) {
		if (token == WORDS_WORD && strcmp(scanner.word, "b") == 0)
			line_of_b = scanner.line;
		if (token == WORDS_WORD && strcmp(scanner.word, "d") == 0)
			line_of_d = scanner.line;
		if (token == WORDS_FAULT)
			line_of_fault = scanner.line;
	}
	words_done(&scanner);
	assert_int_equal(line_of_b, 4);
	assert_int_equal(line_of_fault, 5);
	assert_int_equal(line_of_d, 6);
}

static void
test_distance_counts_changed_letters(void **state)
{
	(void)state;
	assert_int_equal(words_distance("prority", "priority", 3), 1);
	assert_int_equal(words_distance("priority", "priority", 3), 0);
	assert_int_equal(words_distance("x", "priority", 3), 3);
	assert_int_equal(words_distance("", "ab", 3), 2);
	assert_int_equal(words_distance("shwo", "show", 3), 1);
	assert_int_equal(words_distance("hsow", "show", 3), 1);
	assert_int_equal(words_distance("owhs", "show", 4), 4);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_quotes_in_every_form_keep_their_words),
		cmocka_unit_test(test_comments_hold_no_words),
		cmocka_unit_test(test_open_quote_is_refused),
		cmocka_unit_test(test_every_word_written_reads_back),
		cmocka_unit_test(test_lines_are_counted_through_comments),
		cmocka_unit_test(test_distance_counts_changed_letters),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
