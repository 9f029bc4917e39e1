/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Reads and writes the user's files, with the user's rights.  Knows nothing of what is in them.
 */
#include "cli/file.h"

#include <errno.h>
#include <fcntl.h>
#include <glob.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define SIZE_LIMIT ((size_t)16 << 20)	/* far above any configuration */

int
file_read(const char *path, char **ret_text, struct error *error)
{
	FILE *file = fopen(path, "re");
	char *text = NULL;
	size_t length = 0;
	int r = 0;

	if (!file)
		return error_set(error, -errno, "cannot read %s: %s", path, strerror(errno));
	for (;;) {
		size_t n;

		text = realloc(text, length + 65536 + 1);
		assert(text);
		n = fread(text + length, 1, 65536, file);
		length += n;
		if (n == 0 || length > SIZE_LIMIT)
			break;
	}
	text[length] = '\0';
	if (ferror(file))
		r = error_set(error, -EIO, "cannot read %s: %s", path, strerror(errno));
	else if (length > SIZE_LIMIT)
		r = error_set(error, -EFBIG, "%s is too long for a configuration", path);
	else if (strlen(text) != length)
		r = error_set(error, -EINVAL, "%s is not a text file", path);
	fclose(file);
	if (r < 0)
		free(text);
	else
		*ret_text = text;
	return r;
}

int
file_write(const char *path, const char *text, struct error *error)
{
	int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
	FILE *file = fd >= 0 ? fdopen(fd, "w") : NULL;
	bool written;

	if (!file)
		return error_set(error, -errno, "cannot write %s: %s", path, strerror(errno));
	written = fputs(text, file) >= 0;
	if (fclose(file) != 0 || !written)
		return error_set(error, -EIO, "cannot write %s: %s", path, strerror(errno));
	return 0;
}

void
file_complete(const char *start, struct possibilities *possibilities)
{
	char pattern[4096];
	glob_t found;

	if ((size_t)snprintf(pattern, sizeof(pattern), "%s*", start) >= sizeof(pattern))
		return;
	if (glob(pattern, GLOB_MARK, NULL, &found) != 0)
		return;
	for (size_t i = 0; i < found.gl_pathc; i++)
		possibilities_add(possibilities, found.gl_pathv[i], NULL, "");
	globfree(&found);
}
