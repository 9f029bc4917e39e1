/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The configurations that ran, newest first: each a whole file with its note at its head, mode
 * 0600 (passwords), in a directory of its own.  It keeps files and knows their heads; what is in
 * them is the store's business.
 *
 * A file appears under its name when it is complete and is never written again, so that a crash
 * at any instruction leaves the history with the entry or without it.
 */
#ifndef TANDEM_HISTORY_H
#define TANDEM_HISTORY_H

#include <stddef.h>

#include "base/base.h"
#include "base/error.h"
#include "config/note.h"

struct history;

/* Make the directory if it is missing (0700) and read the heads of what is there.  Files that are
 * not entries are left alone; those that a crash left half written are removed. */
int history_open(const char *directory, struct history **ret_history,
                 struct error *error) MUST_USE;
void history_free(struct history *history);

size_t history_count(const struct history *history);
/* By number: 0 is the newest.  NULL beyond the last; valid until the next history_add(). */
const struct note *history_note(const struct history *history, size_t number);
/* By revision; NULL when it is not kept (any more). */
const struct note *history_find(const struct history *history, uint64_t revision);

/* The text of an entry, head included, on the heap.  0 or negative errno, -ENOENT when not kept. */
int history_read(const struct history *history, uint64_t revision, char **ret_text) MUST_USE;

/* Add an entry, whose revision is higher than all others', and forget the oldest ones beyond the
 * first limit.  text is the configuration without head.  0 or negative errno with *error. */
int history_add(struct history *history, const struct note *note, const char *text, size_t limit,
                struct error *error) MUST_USE;

#endif
