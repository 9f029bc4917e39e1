/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Reads and writes the kernel's host name, and decides nothing about it.
 */
#include "system/nodename.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/utsname.h>
#include <unistd.h>

void
nodename_get(char name[NODENAME_SIZE])
{
	struct utsname uts = { 0 };

	(void)uname(&uts);
	snprintf(name, NODENAME_SIZE, "%.64s", uts.nodename);
}

int
nodename_set(const char *name)
{
	int fd = open("/proc/sys/kernel/hostname", O_WRONLY | O_CLOEXEC);
	ssize_t written;
	int r;

	if (fd < 0)
		return -errno;
	written = write(fd, name, strlen(name));
	r = written < 0 ? -errno : (size_t)written == strlen(name) ? 0 : -EIO;
	close(fd);
	return r;
}
