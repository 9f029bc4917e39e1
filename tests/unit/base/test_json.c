/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Texts as RFC 8259 wants them, written out by hand. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

#include "base/json.h"

static void
check(const char *text, const char *wanted)
{
	char *found;
	size_t size;
	FILE *out = open_memstream(&found, &size);

	assert_non_null(out);
	json_string(out, text);
	fclose(out);
	assert_string_equal(found, wanted);
	free(found);
}

static void
test_text_is_quoted_and_nothing_else(void **state)
{
	(void)state;
	check("", "\"\"");
	check("dp0bond0 vif 10/\xc3\xa9", "\"dp0bond0 vif 10/\xc3\xa9\"");
}

static void
test_quotes_backslashes_and_controls_are_escaped(void **state)
{
	(void)state;
	check("a\"b\\c", "\"a\\\"b\\\\c\"");
	check("one\ntwo\x1f", "\"one\\u000atwo\\u001f\"");
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_text_is_quoted_and_nothing_else),
		cmocka_unit_test(test_quotes_backslashes_and_controls_are_escaped),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
