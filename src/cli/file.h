/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The user's own files: configuration to load, merge and save.
 */
#ifndef TANDEM_FILE_H
#define TANDEM_FILE_H

#include "base/base.h"
#include "base/error.h"
#include "cli/tree.h"

/* The whole file as text, on the heap.  Refuses what is not text and what is too long. */
int file_read(const char *path, char **ret_text, struct error *error) MUST_USE;
/* Write the file anew, readable by the user alone: it holds passwords. */
int file_write(const char *path, const char *text, struct error *error) MUST_USE;
/* Add the names that begin so; directories end with a slash. */
void file_complete(const char *start, struct possibilities *possibilities);

#endif
