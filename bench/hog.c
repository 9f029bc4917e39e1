/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * An ordinary process that is a bad neighbour, until it is killed or its time is over.
 *
 *   hog SECONDS cpu
 *   hog SECONDS disk FILE		writes 1 MiB and waits for the disk, again and again
 *   hog SECONDS memory MEBIBYTES	takes, touches and gives back that much, again and again
 *
 * It never holds more than it was told: FILE does not grow beyond 16 MiB and is removed.
 */
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <unistd.h>

#define MEBIBYTE (1u << 20)
#define FILE_MEBIBYTES 16

static void
fail(const char *what)
{
	fprintf(stderr, "hog: %s: %s\n", what, strerror(errno));
	_exit(1);
}

static void
burn(void)
{
	for (volatile unsigned turn = 0;; turn++)
		;
}

static void
write_and_wait(const char *path)
{
	static char bytes[MEBIBYTE];
	int fd = open(path, O_RDWR | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);

	if (fd < 0)
		fail(path);
	unlink(path);
	for (unsigned turn = 0;; turn++) {
		off_t at = (off_t)(turn % FILE_MEBIBYTES) * MEBIBYTE;

		memset(bytes, (int)turn, sizeof(bytes));
		if (pwrite(fd, bytes, sizeof(bytes), at) < 0 || fsync(fd) < 0)
			fail(path);
	}
}

static void
touch(size_t bytes)
{
	for (;;) {
		char *p = mmap(NULL, bytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS,
		               -1, 0);

		if (p == MAP_FAILED)
			fail("memory");
		for (size_t at = 0; at < bytes; at += 4096)
			p[at] = 1;
		munmap(p, bytes);
	}
}

int
main(int argc, char **argv)
{
	long seconds = argc > 2 ? strtol(argv[1], NULL, 10) : 0;
	const char *kind = argc > 2 ? argv[2] : "";

	if (seconds <= 0 || seconds > 3600) {
		fprintf(stderr, "usage: hog SECONDS cpu | disk FILE | memory MEBIBYTES\n");
		return 2;
	}
	prctl(PR_SET_PDEATHSIG, SIGKILL);
	alarm((unsigned)seconds);
	if (strcmp(kind, "cpu") == 0)
		burn();
	if (strcmp(kind, "disk") == 0 && argc > 3)
		write_and_wait(argv[3]);
	if (strcmp(kind, "memory") == 0 && argc > 3)
		touch((size_t)strtoul(argv[3], NULL, 10) * MEBIBYTE);
	return 2;
}
