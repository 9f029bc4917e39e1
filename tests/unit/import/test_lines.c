/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The lines of a keepalived.conf after comments, conditions, parameters, sequences and inclusions:
 * what keepalived.conf(5) says under "ADVANCED CONFIGURATION", its examples among it; and what has
 * no end, which must come to one.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "imported.h"
#include "import/lines.h"

static void
take(void *owner, struct place place, char *text)
{
	FILE *out = owner;

	fprintf(out, "%u:%s\n", place.line, text);
}

/* The lines, as "NUMBER:TEXT" each, and the report if it cannot be read. */
static char *
lines_of(const struct source *source, int *ret_result)
{
	struct findings findings = { 0 };
	char *text = NULL;
	size_t size;
	FILE *out = open_memstream(&text, &size);

	assert_non_null(out);
	*ret_result = lines_read(source, &findings, take, out);
	if (findings.count)
		findings_print(&findings, out);
	fclose(out);
	findings_done(&findings);
	return text;
}

static void
expect(const char *text, const char *wanted)
{
	struct source source = { .path = "etc/k.conf", .text = text, .id = "main", .alone = true };
	int result;
	char *lines = lines_of(&source, &result);

	assert_int_equal(result, 0);
	assert_string_equal(lines, wanted);
	free(lines);
}

static void
expect_fault(const char *text, const char *start)
{
	struct source source = { .path = "k.conf", .text = text, .id = "main", .alone = true };
	int result;
	char *lines = lines_of(&source, &result), *line = strstr(lines, start);

	assert_true(result < 0);
	if (!line || (line > lines && line[-1] != '\n'))
		fail_msg("expected \"%s\" in:\n%.2000s", start, lines);
	free(lines);
}

static void
test_comments_and_blank_lines_are_gone(void **state)
{
	(void)state;
	expect("# all\n\n  \t\n! all\na b # end\nc!end\nd \"# ! kept\" 'e#' # f\n\\# kept\r\n",
	       "5:a b\n6:c\n7:d \"# ! kept\" 'e#'\n8:\\# kept\n");
}

static void
test_backslash_continues_a_line(void **state)
{
	(void)state;
	expect("a \\\n  b \\\nc\nd \\", "1:a   b c\n4:d \\\n");
}

static void
test_parameter_is_replaced_when_it_is_used(void **state)
{
	(void)state;
	expect("$BASE=10.2.${SUB}\n$SUB=0\n${BASE}.100/32\n$SUB=10\n${BASE}.100/32\n",
	       "3:10.2.0.100/32\n5:10.2.10.100/32\n");
	expect("$A=1\n$A $AB ${A}B $A.\n", "2:1 $AB 1B $A.\n");
	expect("$EMPTY=\na${EMPTY}b\n$EMPTY\n", "2:ab\n");
	expect("say ${_HASH}1 ${_BANG} ${_PWD} ${_INSTANCE} ${_RANDOM}\n",
	       "1:say #1 ! etc main ${_RANDOM}\n");
}

static void
test_condition_selects_by_name(void **state)
{
	(void)state;
	expect("@main a\n@backup b\n@^main c\n@^backup d\n@main @^other e\n",
	       "1:a\n4:d\n5:e\n");
	expect("@main $P=240\n@backup $P=200\npriority $P\n", "3:priority 240\n");
	expect("$IF=@main\n$IF priority 240\n", "2:priority 240\n");
}

static void
test_name_that_was_guessed_is_told(void **state)
{
	struct source source = { .path = "k.conf", .text = "x\n@nobody a\n@nobody b\n" };
	int result;
	char *lines = lines_of(&source, &result), *first;

	(void)state;
	assert_int_equal(result, 0);
	first = strstr(lines, "k.conf:2: differs: lines that begin with @ were read as the router");
	assert_non_null(first);
	assert_null(strstr(first + 1, "k.conf:3: "));
	free(lines);
}

static void
test_definition_of_many_lines_becomes_lines(void **state)
{
	(void)state;
	expect("$RS= \\\nreal ${VS}.${N} { \\\n  weight 1 \\\n}\n"
	       "$ALL= \\\nvirtual ${VS} { \\\n$N=1 \\\n$RS \\\n$N=2 \\\n$RS \\\n}\n"
	       "$VS=7\n$ALL\n",
	       "13:virtual 7 {\n13:real 7.1 {\n13:weight 1\n13:}\n13:real 7.2 {\n"
	       "13:weight 1\n13:}\n13:}\n");
}

static void
test_sequence_repeats_its_line(void **state)
{
	(void)state;
	expect("~SEQ(S, 0, 2) ip 10.0.${S}.1\n", "1:ip 10.0.0.1\n1:ip 10.0.1.1\n1:ip 10.0.2.1\n");
	expect("~SEQx(S, 0x90, 0x10, 0xb0) fe80::${S}\n",
	       "1:fe80::90\n1:fe80::a0\n1:fe80::b0\n");
	expect("~SEQ(A, 2) ~SEQ(B, 3, -1, 2) ${A}.${B}\n", "1:1.3\n1:1.2\n1:2.3\n1:2.2\n");
	expect("~SEQ(A, 5, 1, 4) never\n", "");
	expect("~SEQ(A, 3, 1) $A down\n", "1:3 down\n1:2 down\n1:1 down\n");
}

static void
test_list_repeats_its_line(void **state)
{
	(void)state;
	expect("~LST(IP, 1, b) 192.${IP}\n", "1:192.1\n1:192.b\n");
	expect("~LST({IP,   IP1},  {10,1},{20,4}) ~SEQ(Z,168,2,170) ${Z}.${IP}.${IP1}\n",
	       "1:168.10.1\n1:170.10.1\n1:168.20.4\n1:170.20.4\n");
}

static void
test_repetition_that_is_malformed_is_a_fault(void **state)
{
	static const char *const lines[] = {
		"~SEQ(A, 1, 0, 5) x", "~SEQ(A) x", "~SEQ(A, b) x", "~SEQ A", "~LST(A) x",
		"~LST({A,B},{1}) x", "~LST({A,B},1) x", "~SEQ(1 2, 3, 4) x", "~SEQ(A, 1, 2",
		"~LST({A,B,C,D,E,F,G,H,I},{1,2,3,4,5,6,7,8,9}) x", "~SEQ(A, 99999999999999999) x",
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(lines); i++)
		expect_fault(lines[i], "k.conf:1: cannot be read: this sequence is not understood");
}

static void
test_what_has_no_end_comes_to_one(void **state)
{
	char *deep = malloc(70001);

	(void)state;
	assert_non_null(deep);
	memset(deep, 'x', 70000);
	deep[70000] = '\0';
	expect_fault(deep, "k.conf:1: cannot be read: the line is longer than 65536 bytes");
	free(deep);
	expect_fault("$A=$A\n$A\n", "k.conf:2: cannot be read: the parameters of this line contain "
	                            "each other");
	expect_fault("$A=$B\n$B=${A}${A}\nx $B\n", "k.conf:3: cannot be read: ");
	expect_fault("$A=${A}${A}\n\n$A\n", "k.conf:3: cannot be read: ");
	expect_fault("~SEQ(A, 1, 4000) ~SEQ(B, 1, 4000) @other x\n",
	             "k.conf:1: cannot be read: this makes more than 1000000 lines");
}

/* ------------------------------------------------------------------ files */

static char folder[] = "/tmp/tandem-lines-XXXXXX";

static int
make_folder(void **state)
{
	(void)state;
	return mkdtemp(folder) && chdir(folder) == 0 && mkdir("d", 0700) == 0 ? 0 : -1;
}

static int
remove_folder(void **state)
{
	static const char *const names[] = { "main", "d/one", "d/two.inc", "loop", "pipe",
	                                     "binary" };

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(names); i++)
		(void)unlink(names[i]);
	(void)rmdir("d");
	return chdir("/") == 0 ? rmdir(folder) : -1;
}

static void
write_file(const char *name, const char *text, size_t length)
{
	FILE *file = fopen(name, "we");

	assert_non_null(file);
	assert_int_equal(fwrite(text, 1, length, file), length);
	assert_int_equal(fclose(file), 0);
}

static char *
read_main(const char *text, int *ret_result)
{
	struct source source = { .path = "main", .id = "main" };

	write_file("main", text, strlen(text));
	return lines_of(&source, ret_result);
}

static void
test_included_files_are_read_beside_their_includer(void **state)
{
	int result;
	char *lines;

	(void)state;
	write_file("d/one", "one ${_PWD}\ninclude two.*\n", 26);
	write_file("d/two.inc", "two", 3);
	lines = read_main("a\ninclude d/o*\nincludea \"d/{two.inc,none}\"\nb\n", &result);
	assert_int_equal(result, 0);
	assert_memory_equal(lines, "1:a\n1:one d\n1:two\n1:two\n4:b\n", 27);
	free(lines);
}

static void
test_file_that_is_not_there_is_told(void **state)
{
	int result;
	char *lines;

	(void)state;
	lines = read_main("include missing\ninclude d/missing*\nx\n", &result);
	assert_int_equal(result, 0);
	assert_non_null(strstr(lines, "main:1: no equal: include: there is no file missing"));
	assert_non_null(strstr(lines, "main:2: not needed: include: there is no file d/missing*"));
	free(lines);
}

static void
test_files_that_include_each_other_are_a_fault(void **state)
{
	int result;
	char *lines;

	(void)state;
	write_file("loop", "x\ninclude main\n", 15);
	lines = read_main("include loop\n", &result);
	assert_true(result < 0);
	assert_non_null(strstr(lines, "loop:2: cannot be read: main includes itself"));
	free(lines);

	/* Another name of the same file does not hide it for ever. */
	lines = read_main("y\ninclude d/../main\ninclude ./main\n", &result);
	assert_true(result < 0);
	free(lines);
}

static void
test_what_is_no_text_file_is_refused_and_not_waited_for(void **state)
{
	struct source source = { .path = "pipe" };
	int result;
	char *lines;

	(void)state;
	assert_int_equal(mkfifo("pipe", 0600), 0);
	write_file("binary", "a\0b", 3);
	lines = lines_of(&source, &result);
	assert_true(result < 0);
	assert_string_equal(lines, "pipe: cannot be read: it is not a text file\n"
	                           "Nothing was imported\n");
	free(lines);
	lines = read_main("include pipe\ninclude binary\ninclude /\n", &result);
	assert_int_equal(result, 0);
	assert_non_null(strstr(lines, "main:1: no equal: include: cannot read pipe: "
	                              "it is not a text file"));
	assert_non_null(strstr(lines, "main:2: no equal: include: cannot read binary: "
	                              "it is not a text file"));
	assert_non_null(strstr(lines, "main:3: no equal: include: cannot read /: "
	                              "it is not a text file"));
	free(lines);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_comments_and_blank_lines_are_gone),
		cmocka_unit_test(test_backslash_continues_a_line),
		cmocka_unit_test(test_parameter_is_replaced_when_it_is_used),
		cmocka_unit_test(test_condition_selects_by_name),
		cmocka_unit_test(test_name_that_was_guessed_is_told),
		cmocka_unit_test(test_definition_of_many_lines_becomes_lines),
		cmocka_unit_test(test_sequence_repeats_its_line),
		cmocka_unit_test(test_list_repeats_its_line),
		cmocka_unit_test(test_repetition_that_is_malformed_is_a_fault),
		cmocka_unit_test(test_what_has_no_end_comes_to_one),
		cmocka_unit_test(test_included_files_are_read_beside_their_includer),
		cmocka_unit_test(test_file_that_is_not_there_is_told),
		cmocka_unit_test(test_files_that_include_each_other_are_a_fault),
		cmocka_unit_test(test_what_is_no_text_file_is_refused_and_not_waited_for),
	};

	return cmocka_run_group_tests(tests, make_folder, remove_folder);
}
