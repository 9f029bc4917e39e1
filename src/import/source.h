/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Files that are imported: read whole, with the user's rights, and only if they can be text.
 */
#ifndef TANDEM_SOURCE_H
#define TANDEM_SOURCE_H

#include "base/base.h"
#include "base/error.h"

#define SOURCE_SIZE_MAX ((size_t)16 << 20)	/* far above any configuration */

/* What is imported. */
struct source {
	const char *path;		/* as the user named it */
	const char *text;		/* NULL: read the file */
	const char *id;			/* of conditional lines; NULL: this host's name */
	bool alone;			/* read no other file, whatever this one includes */
};

/* A regular file without zero bytes; heap.  The sentence of an error leaves the path out. */
int source_read(const char *path, char **ret_text, struct error *error) MUST_USE;

#endif
