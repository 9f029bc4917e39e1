/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Text files that are always whole: read at once, replaced by rename.  At every instant a reader,
 * and whoever starts after a crash, finds the old text or the new one.
 */
#ifndef TANDEM_FILES_H
#define TANDEM_FILES_H

#include "base/base.h"
#include "base/error.h"

/* The whole file with a zero behind it, on the heap.  0 or negative errno; -EFBIG when it is larger
 * than any configuration, -EINVAL when it is no text. */
int files_read(const char *path, char **ret_text) MUST_USE;

/* Its first bytes, at most size - 1, with a zero behind them; how many, or negative errno. */
int files_read_head(const char *path, char *head, size_t size) MUST_USE;

/*
 * Put text in place of the file at path (mode 0600), by way of a file "<path>.new" beside it.  The
 * rename is the point of no return: with an error nothing has changed, and what fails later (the
 * directory's way to the disk) is not reported.
 */
int files_replace(const char *path, const char *text, struct error *error) MUST_USE;

#endif
