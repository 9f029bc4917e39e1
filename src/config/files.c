/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Writing is: a new file beside the old, its bytes on the disk, the new name, the name on the
 * disk.  A crash anywhere leaves the old file or the new one; what it may leave beside them is
 * overwritten next time.  Knows nothing of what is in the files.
 */
#include "config/files.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define FILE_SIZE_MAX (256 << 20)	/* what is larger is no configuration */

/* Up to size bytes; how many, or negative errno. */
static ssize_t
read_up_to(int fd, char *bytes, size_t size)
{
	size_t length = 0;

	while (length < size) {
		ssize_t got = read(fd, bytes + length, size - length);

		if (got < 0 && errno == EINTR)
			continue;
		if (got < 0)
			return -errno;
		if (got == 0)
			break;
		length += (size_t)got;
	}
	return (ssize_t)length;
}

int
files_read(const char *path, char **ret_text)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	struct stat st;
	char *text = NULL;
	ssize_t length = 0;
	int r;

	if (fd < 0)
		return -errno;
	r = fstat(fd, &st) < 0 ? -errno : !S_ISREG(st.st_mode) ? -EINVAL
	    : st.st_size > FILE_SIZE_MAX ? -EFBIG : 0;
	if (r < 0)
		goto out;

	text = malloc((size_t)st.st_size + 1);
	length = text ? read_up_to(fd, text, (size_t)st.st_size) : -ENOMEM;
	if (length < 0) {
		r = (int)length;
		goto out;
	}
	text[length] = '\0';
	if (strlen(text) != (size_t)length) {
		r = -EINVAL;
		goto out;
	}
	*ret_text = text;
	text = NULL;
out:
	free(text);
	close(fd);
	return r;
}

int
files_read_head(const char *path, char *head, size_t size)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	ssize_t length;

	if (fd < 0)
		return -errno;
	length = read_up_to(fd, head, size - 1);
	close(fd);
	if (length >= 0)
		head[length] = '\0';
	return (int)length;
}

static int
write_whole(int fd, const char *text)
{
	size_t left = strlen(text);

	while (left) {
		ssize_t written = write(fd, text, left);

		if (written < 0 && errno == EINTR)
			continue;
		if (written < 0)
			return -errno;
		text += written;
		left -= (size_t)written;
	}
	return fsync(fd) < 0 ? -errno : 0;
}

static int
sync_directory(const char *path)
{
	const char *slash = strrchr(path, '/');
	size_t length = !slash || slash == path ? 1 : (size_t)(slash - path);
	char *directory = strndup(slash ? path : ".", length);
	int fd, r;

	if (!directory)
		return -ENOMEM;
	fd = open(directory, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	r = fd < 0 || fsync(fd) < 0 ? -errno : 0;
	if (fd >= 0)
		close(fd);
	free(directory);
	return r;
}

int
files_replace(const char *path, const char *text, struct error *error)
{
	char *beside = NULL;
	int fd, r;

	if (asprintf(&beside, "%s.new", path) < 0)
		return error_set(error, -ENOMEM, "no memory to write %s", path);
	fd = open(beside, O_WRONLY | O_CREAT | O_TRUNC | O_NOFOLLOW | O_CLOEXEC, 0600);
	if (fd < 0) {
		r = error_set(error, -errno, "cannot create %s: %s", beside, strerror(errno));
		goto out;
	}
	r = fchmod(fd, 0600) < 0 ? -errno : write_whole(fd, text);
	if (close(fd) < 0 && r == 0)
		r = -errno;
	if (r < 0) {
		(void)error_set(error, r, "cannot write %s: %s", beside, strerror(-r));
		(void)unlink(beside);
		goto out;
	}
	if (rename(beside, path) < 0) {
		r = error_set(error, -errno, "cannot rename %s to %s: %s", beside, path,
		              strerror(errno));
		(void)unlink(beside);
		goto out;
	}
	(void)sync_directory(path);
out:
	free(beside);
	return r;
}
