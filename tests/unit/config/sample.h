/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What the tests of src/config share: one schema, trees from text, problems as one text.
 */
#ifndef TANDEM_TEST_SAMPLE_H
#define TANDEM_TEST_SAMPLE_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <libyang/libyang.h>

#include "config/problem.h"
#include "core/settings.h"

extern struct ly_ctx *schema;

/* For cmocka_run_group_tests: loads the modules of the source tree, and frees them. */
int sample_setup(void **state);
int sample_teardown(void **state);

/* A tree from text that must be right. */
struct lyd_node *sample_tree(const char *text);
/* Everything that reading and checking says about text, "E ..." or "W ..." a line; heap. */
char *sample_problems(const char *text);
/* The problems as such lines, heap; empties the list. */
char *sample_lines(struct problems *problems);
/* Fails unless some line of problems begins with start and has all of part in it. */
void sample_expect(const char *text, const char *start, const char *part);
/* Fails if any problem line has this in it. */
void sample_expect_none(const char *text, const char *part);

/* What text, which must be right, lifts to at revision 7; heap. */
struct settings *sample_settings(const char *text, const struct settings *previous);
/* A whole file, heap. */
char *sample_file(const char *path);

#endif
