/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Errors as values: a code for programs and a sentence for people, made in one call.
 */
#include "base/error.h"

#include <stdarg.h>
#include <stdio.h>

int
error_set(struct error *error, int code, const char *format, ...)
{
	if (error) {
		va_list arguments;

		error->code = code;
		va_start(arguments, format);
		vsnprintf(error->text, sizeof(error->text), format, arguments);
		va_end(arguments);
	}
	return code;
}
