/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What this kernel can do at best: a process with real-time priority, locked in memory, that does
 * nothing but wake up at fixed times.  How far its wake-ups come apart is the floor for everybody
 * who has something to do at them.
 *
 *   metronome INTERVAL_MS SECONDS
 *
 * Prints {"beats": N, "longest": MS}, longest being the time between two wake-ups.
 */
#include <errno.h>
#include <sched.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <signal.h>
#include <time.h>

#define NSEC_PER_SEC 1000000000ll
#define PRIORITY 50

static void
fail(const char *what)
{
	fprintf(stderr, "metronome: %s: %s\n", what, strerror(errno));
	exit(1);
}

static int64_t
now(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return t.tv_sec * NSEC_PER_SEC + t.tv_nsec;
}

int
main(int argc, char **argv)
{
	const struct sched_param priority = { .sched_priority = PRIORITY };
	int64_t interval = argc > 2 ? strtol(argv[1], NULL, 10) * (NSEC_PER_SEC / 1000) : 0;
	long seconds = argc > 2 ? strtol(argv[2], NULL, 10) : 0;
	int64_t longest = 0;
	unsigned long beats = 0;

	if (interval <= 0 || seconds <= 0 || seconds > 3600) {
		fprintf(stderr, "usage: metronome INTERVAL_MS SECONDS\n");
		return 2;
	}
	prctl(PR_SET_PDEATHSIG, SIGKILL);
	if (mlockall(MCL_CURRENT | MCL_FUTURE) < 0)
		fail("memory cannot be locked");
	if (sched_setscheduler(0, SCHED_FIFO, &priority) < 0)
		fail("real-time priority");
	int64_t begin = now(), before = begin;

	for (int64_t due = begin + interval; due <= begin + seconds * NSEC_PER_SEC;
	     due += interval) {
		const struct timespec at = { .tv_sec = due / NSEC_PER_SEC,
		                             .tv_nsec = due % NSEC_PER_SEC };

		while (clock_nanosleep(CLOCK_MONOTONIC, TIMER_ABSTIME, &at, NULL) == EINTR)
			;
		int64_t woken = now();

		if (woken - before > longest)
			longest = woken - before;
		before = woken;
		beats++;
	}
	printf("{\"beats\": %lu, \"longest\": %.3f}\n", beats, (double)longest / 1e6);
	return 0;
}
