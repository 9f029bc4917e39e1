/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Reads what stands in the brackets of ~SEQ and ~LST.  It repeats nothing itself.
 */
#include "import/lines_repeat.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define NUMBER_MAX 4294967295L		/* of a sequence, either way */
#define VALUES_MAX 4096u

/* Without the blanks around, in place. */
static char *
trim(char *text)
{
	size_t length;

	text += strspn(text, " \t\n");
	length = strlen(text);
	while (length > 0 && strchr(" \t\n", text[length - 1]))
		text[--length] = '\0';
	return text;
}

/* The next item before a comma outside {}; NULL behind the last. */
static char *
next_item(char **text)
{
	char *start = *text, *at = start;
	unsigned depth = 0;

	if (!start)
		return NULL;
	for (; *at && (*at != ',' || depth); at++) {
		if (*at == '{')
			depth++;
		else if (*at == '}' && depth)
			depth--;
	}
	*text = *at ? at + 1 : NULL;
	*at = '\0';
	return trim(start);
}

/* The words of "{a, b}" or of "a"; how many, 0 when there are too many. */
static size_t
split(char *item, const char *ret_words[static LINES_REPEAT_WIDTH_MAX])
{
	size_t length = strlen(item), count = 0;
	char *part;

	if (length < 2 || item[0] != '{' || item[length - 1] != '}') {
		ret_words[0] = item;
		return 1;
	}
	item[length - 1] = '\0';
	item++;
	while ((part = next_item(&item))) {
		if (count == LINES_REPEAT_WIDTH_MAX)
			return 0;
		ret_words[count++] = part;
	}
	return count;
}

static bool
read_number(const char *text, long *ret_number)
{
	char *end;

	errno = 0;
	*ret_number = strtol(text, &end, 0);
	return end != text && *end == '\0' && errno == 0 && *ret_number <= NUMBER_MAX &&
	       *ret_number >= -NUMBER_MAX;
}

/* name, [first,] [step,] last */
static bool
read_sequence(struct lines_repeat *repeat, char *text)
{
	long numbers[3], last;
	size_t count = 0;
	char *item = next_item(&text);

	repeat->names[0] = item;
	repeat->width = 1;
	while ((item = next_item(&text))) {
		if (count == ARRAY_SIZE(numbers) || !read_number(item, &numbers[count++]))
			return false;
	}
	if (count == 0)
		return false;
	last = numbers[count - 1];
	repeat->first = count > 1 ? numbers[0] : last > 0 ? 1 : -1;
	repeat->step = count > 2 ? numbers[1] : last >= repeat->first ? 1 : -1;
	if (repeat->step == 0)
		return false;
	if (repeat->step > 0 ? last >= repeat->first : last <= repeat->first)
		repeat->rounds = (size_t)((last - repeat->first) / repeat->step) + 1;
	return true;
}

/* names, values of the first round, of the second ... */
static bool
read_list(struct lines_repeat *repeat, char *text)
{
	const char *words[LINES_REPEAT_WIDTH_MAX];
	char *item = next_item(&text);

	repeat->width = split(item, repeat->names);
	repeat->values = calloc(VALUES_MAX * LINES_REPEAT_WIDTH_MAX, sizeof(*repeat->values));
	assert(repeat->values);
	while (repeat->width && (item = next_item(&text))) {
		if (repeat->rounds == VALUES_MAX || split(item, words) != repeat->width)
			return false;
		memcpy(repeat->values + repeat->rounds * repeat->width, words,
		       repeat->width * sizeof(*words));
		repeat->rounds++;
	}
	return repeat->rounds > 0;
}

static bool
are_names(const struct lines_repeat *repeat)
{
	for (size_t i = 0; i < repeat->width; i++) {
		const char *name = repeat->names[i];

		if (name[0] == '\0' || strspn(name, "abcdefghijklmnopqrstuvwxyz"
		                                    "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
		                                    "0123456789_") != strlen(name))
			return false;
	}
	return true;
}

int
lines_repeat_read(const char *line, struct lines_repeat *ret_repeat, const char **ret_rest)
{
	struct lines_repeat repeat = { 0 };
	const char *open, *end;
	bool right;

	repeat.sequence = strncmp(line, "~SEQ", 4) == 0;
	if (!repeat.sequence && strncmp(line, "~LST", 4) != 0)
		return 0;
	open = line + 4;
	repeat.hexadecimal = repeat.sequence && *open == 'x';
	open += repeat.hexadecimal;
	end = strchr(open, ')');
	if (*open != '(' || !end)
		return -EINVAL;
	repeat.text = strndup(open + 1, (size_t)(end - open) - 1);
	assert(repeat.text);
	right = repeat.sequence ? read_sequence(&repeat, repeat.text)
	                        : read_list(&repeat, repeat.text);
	if (!right || !are_names(&repeat)) {
		lines_repeat_done(&repeat);
		return -EINVAL;
	}
	*ret_repeat = repeat;
	*ret_rest = end + 1;
	return 1;
}

void
lines_repeat_value(const struct lines_repeat *repeat, size_t round, size_t parameter,
                   char ret_value[static LINES_REPEAT_VALUE_SIZE])
{
	long number = repeat->first + (long)round * repeat->step;

	if (!repeat->sequence)
		snprintf(ret_value, LINES_REPEAT_VALUE_SIZE, "%s",
		         repeat->values[round * repeat->width + parameter]);
	else
		snprintf(ret_value, LINES_REPEAT_VALUE_SIZE, repeat->hexadecimal ? "%lx" : "%ld",
		         number);
}

void
lines_repeat_done(struct lines_repeat *repeat)
{
	free(repeat->values);
	free(repeat->text);
	*repeat = (struct lines_repeat){ 0 };
}
