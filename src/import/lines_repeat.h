/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Lines that stand for many: keepalived's ~SEQ(name, first, step, last), ~SEQx for hexadecimal
 * numbers, and ~LST(name, value, ...) or ~LST({name, name}, {value, value}, ...).
 */
#ifndef TANDEM_LINES_REPEAT_H
#define TANDEM_LINES_REPEAT_H

#include "base/base.h"

#define LINES_REPEAT_VALUE_SIZE 256
#define LINES_REPEAT_WIDTH_MAX 8u

struct lines_repeat {
	char *text;			/* holds names and values; heap */
	const char *names[LINES_REPEAT_WIDTH_MAX];
	size_t width;			/* parameters set in a round */
	size_t rounds;
	bool sequence, hexadecimal;
	long first, step;		/* of a sequence */
	const char **values;		/* of a list: width a round; heap */
};

/* 1 with *ret_repeat and what is to be repeated, 0 when the line is none, -EINVAL when it begins
 * so and is wrong. */
int lines_repeat_read(const char *line, struct lines_repeat *ret_repeat, const char **ret_rest)
	MUST_USE;
/* The value of a parameter in a round; one that is too long is cut. */
void lines_repeat_value(const struct lines_repeat *repeat, size_t round, size_t parameter,
                        char ret_value[static LINES_REPEAT_VALUE_SIZE]);
void lines_repeat_done(struct lines_repeat *repeat);

#endif
