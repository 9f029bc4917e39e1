/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What the tests of src/import share: a text or a file imported, and checked as a commit would.
 */
#ifndef TANDEM_TEST_IMPORTED_H
#define TANDEM_TEST_IMPORTED_H

#include "sample.h"
#include "import/import.h"

typedef int imported_program(struct ly_ctx *schema, const struct source *source,
                             struct lyd_node **tree, struct findings *findings);

struct imported {
	int result;			/* of the import */
	char *set;			/* commands */
	char *report;
	char *problems;			/* errors that a commit would tell; "" for none */
	size_t counts[FINDING_KINDS];
};

struct imported imported(imported_program *program, const struct source *source);
/* A text called "test.conf", read without other files as the router "here". */
struct imported imported_text(imported_program *program, const char *text);
void imported_done(struct imported *imported);

/* Each takes the source as a text of keepalived's.  The commands are compared as a whole; the
 * report must have the part in one of its lines, or must not. */
void imported_expect(const char *text, const char *set);
void imported_expect_report(const char *text, const char *part);
void imported_expect_no_report(const char *text, const char *part);
/* It makes no sense; the only line of the report begins so. */
void imported_expect_fault(imported_program *program, const char *text, const char *start);

#endif
