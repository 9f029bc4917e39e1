/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Reads files for an import.  Devices and pipes are refused before they are opened: an included
 * name may be anything, and to open some devices is to do something.
 */
#include "import/source.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static int
read_all(int fd, char **ret_text, struct error *error)
{
	size_t length = 0, room = 0;
	char *text = NULL;
	ssize_t n;

	do {
		if (length + 65536 > room) {
			room = 2 * room + 65536;
			text = realloc(text, room + 1);
			assert(text);
		}
		n = read(fd, text + length, 65536);
		length += n > 0 ? (size_t)n : 0;
	} while (n > 0 && length <= SOURCE_SIZE_MAX);
	text[length] = '\0';

	if (n >= 0 && length <= SOURCE_SIZE_MAX && strlen(text) == length) {
		*ret_text = text;
		return 0;
	}
	free(text);
	if (n < 0)
		return error_set(error, -errno, "%s", strerror(errno));
	if (length > SOURCE_SIZE_MAX)
		return error_set(error, -EFBIG, "it is too long for a configuration");
	return error_set(error, -EINVAL, "it is not a text file");
}

int
source_read(const char *path, char **ret_text, struct error *error)
{
	struct stat status;
	int fd, r;

	if (stat(path, &status) == 0 && !S_ISREG(status.st_mode))
		return error_set(error, -EINVAL, "it is not a text file");
	fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
	if (fd < 0)
		return error_set(error, -errno, "%s", strerror(errno));
	/* The name may be another file's by now. */
	if (fstat(fd, &status) < 0 || !S_ISREG(status.st_mode))
		r = error_set(error, -EINVAL, "it is not a text file");
	else
		r = read_all(fd, ret_text, error);
	close(fd);
	return r;
}
