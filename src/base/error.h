/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The world's errors, as a sentence for a person plus a code for a program.  A function that can
 * fail for a reason a person must hear takes a struct error * (may be NULL), fills it and returns
 * a negative errno; success leaves it untouched.
 */
#ifndef TANDEM_ERROR_H
#define TANDEM_ERROR_H

#include "base/base.h"

struct error {
	int code;			/* negative errno, as returned */
	char text[512];			/* a sentence without final dot; names what and why */
};

/* Fill *error (if not NULL) and return code, so that "return error_set(...)" reads well. */
int error_set(struct error *error, int code, const char *format, ...) PRINTF_LIKE(3, 4);

#endif
