/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A text as JSON has it, for programs that print a document of their own.  Documents of the model
 * are libyang's to print.
 */
#ifndef TANDEM_JSON_H
#define TANDEM_JSON_H

#include <stdio.h>

/* In quotes, with what RFC 8259 (7) wants escaped; text is UTF-8. */
void json_string(FILE *out, const char *text);

#endif
