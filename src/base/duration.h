/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * How long until something, for sentences: "57 s", "5 min", "2 min 57 s".  Columns of durations
 * that have passed are in cli/print.h.
 */
#ifndef TANDEM_DURATION_H
#define TANDEM_DURATION_H

#include <stdint.h>

#define DURATION_TEXT_SIZE 32

/* Returns text. */
const char *duration_text(uint64_t seconds, char text[DURATION_TEXT_SIZE]);

#endif
