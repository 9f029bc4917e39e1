/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Columns, labelled lines and durations, spelled the way operators and their scripts know them.
 * It decides widths only; what stands in the columns is show.c's business.
 */
#ifndef TANDEM_PRINT_H
#define TANDEM_PRINT_H

#include <stdint.h>
#include <stdio.h>

#include "base/base.h"

/* Column at which the value of a labelled line begins, whatever the label's indent. */
#define PRINT_VALUE_COLUMN 32

#define ELAPSED_TEXT_SIZE 48

/* text, filled up with blanks to width; one blank follows a text that is too long for it. */
void print_column(FILE *out, const char *text, int width);

/* "  label:            value": indent, label, blanks up to PRINT_VALUE_COLUMN, value, newline. */
void print_label(FILE *out, int indent, const char *label, const char *value);
/* The same with a number and its unit: " secs", or "" for none. */
void print_number(FILE *out, int indent, const char *label, uint64_t number, const char *unit);

/* 788645 -> "1w2d3h4m5s": parts that are zero are left out, seconds never. */
const char *print_elapsed(uint64_t seconds, char text[ELAPSED_TEXT_SIZE]);

/* A line of two columns as "?" shows it: an indented word and its help, which goes on below itself
 * where width columns are too few; 0: never. */
void print_help_line(FILE *out, const char *word, const char *help, unsigned width);
/* A sentence behind a prefix, folded to the terminal that out is; in a single line elsewhere. */
void print_sentence(FILE *out, const char *prefix, const char *text);
/* The same without a prefix, and made like printf(); it needs no newline. */
void print_said(FILE *out, const char *format, ...) PRINTF_LIKE(2, 3);
/* As print_sentence(), at a width that the caller knows; 0: in a single line. */
void print_folded(FILE *out, const char *prefix, const char *text, unsigned width);
/* The columns of the terminal that out is, or that is told for it; 80 when it does not say; 0 for
 * what is no terminal. */
unsigned print_width(FILE *out);
/* What goes to this stream is shown when it is complete, on a terminal of so many columns (0: on
 * none).  Holds for one stream, until the next call; NULL: for none. */
void print_shown_later(FILE *out, unsigned width);

#endif
