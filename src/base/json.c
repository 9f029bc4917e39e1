/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Escapes what must be, and nothing else: it does not look whether the text is UTF-8. */
#include "base/json.h"

void
json_string(FILE *out, const char *text)
{
	fputc('"', out);
	for (; *text; text++) {
		if (*text == '"' || *text == '\\')
			fprintf(out, "\\%c", *text);
		else if ((unsigned char)*text < 0x20)
			fprintf(out, "\\u%04x", (unsigned)*text);
		else
			fputc(*text, out);
	}
	fputc('"', out);
}
