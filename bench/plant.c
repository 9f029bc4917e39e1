/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Plants connections into the kernel's table of this network namespace, as if they had been
 * forwarded: established TCP from 10.1.0.0/16 to 10.2.0.10.
 *
 *     bench-plant fill COUNT [FIRST]         as fast as it goes; prints seconds
 *     bench-plant lag SPACE COUNT RATE       COUNT of them, RATE a second, while a listener in the
 *                                            network namespace of path SPACE notes when each is
 *                                            there; prints: arrived, median, 99 of 100, longest
 *                                            (us)
 *     bench-plant remove COUNT [FIRST]       what fill planted
 */
#include <errno.h>
#include <fcntl.h>
#include <linux/netfilter/nf_conntrack_tcp.h>
#include <netinet/in.h>
#include <poll.h>
#include <pthread.h>
#include <sched.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "base/nsec.h"
#include "core/flow.h"
#include "system/clock.h"
#include "system/conntrack_events.h"
#include "system/conntrack_inject.h"

#define TIMEOUT 432000u

static unsigned long refused;

static void
on_refused(void *owner UNUSED, const struct conntrack_refusal *refusal)
{
	if (refused++ == 0)
		fprintf(stderr, "refused: %s\n", strerror(-refusal->error));
}

static void
check(int r, const char *what)
{
	if (r >= 0)
		return;
	fprintf(stderr, "%s: %s\n", what, strerror(-r));
	exit(1);
}

/* Number n of up to 16 million. */
static struct flow
flow_of(uint32_t n)
{
	return (struct flow){
		.key = { .source = { 10, 1, (uint8_t)(n >> 8 & 0xff), (uint8_t)n },
		         .destination = { 10, 2, 0, 10 },
		         .source_port = (uint16_t)(1024 + (n >> 16)), .destination_port = 443,
		         .family = 4, .protocol = IPPROTO_TCP },
		.has = FLOW_HAS_STATUS | FLOW_HAS_TCP | FLOW_HAS_TIMEOUT,
		.status = FLOW_SEEN_REPLY | FLOW_ASSURED,
		.timeout = TIMEOUT,
		.tcp = { .state = TCP_CONNTRACK_ESTABLISHED, .flags = { 3, 3 }, .scale = { 7, 7 } },
	};
}

static uint32_t
number_of(const struct flow_key *key)
{
	return (uint32_t)(key->source_port - 1024) << 16 | (uint32_t)key->source[2] << 8 |
	       key->source[3];
}

static struct conntrack_inject *
open_inject(size_t batch)
{
	struct conntrack_inject *inject;
	struct error error;

	if (conntrack_inject_open(batch, on_refused, NULL, &inject, &error) < 0) {
		fprintf(stderr, "%s\n", error.text);
		exit(1);
	}
	return inject;
}

static int
fill(uint32_t count, uint32_t first, bool remove)
{
	struct conntrack_inject *inject = open_inject(0);
	nsec_t start = clock_now();

	for (uint32_t i = first; i < first + count; i++) {
		struct flow flow = flow_of(i);

		check(remove ? conntrack_inject_delete(inject, &flow.key) :
		      conntrack_inject_flow(inject, &flow, TIMEOUT, false), "plant");
	}
	check(conntrack_inject_flush(inject), "plant");
	printf("%.6f %lu\n", (double)(clock_now() - start) / 1e9, refused);
	conntrack_inject_close(inject);
	return 0;
}

/* ---- lag ------------------------------------------------------------------------------------ */

static const char *space;
static uint32_t wanted;
static _Atomic uint32_t arrived;
static nsec_t *planted, *seen;
static _Atomic bool listening;

static void
on_flow(void *owner, enum conntrack_event event, const struct flow *flow)
{
	uint32_t n = number_of(&flow->key);

	if (event == CONNTRACK_GONE || n >= wanted || seen[n])
		return;
	seen[n] = *(const nsec_t *)owner;
	arrived++;
}

static void *
listen_there(void *nothing)
{
	struct conntrack_events *events;
	struct error error;
	nsec_t now;
	const struct conntrack_hearer hearer = { on_flow, NULL, &now };
	int fd = open(space, O_RDONLY | O_CLOEXEC);

	if (fd < 0 || setns(fd, CLONE_NEWNET) < 0)
		check(-errno, space);
	if (conntrack_events_open(0, &events, &error) < 0) {
		fprintf(stderr, "%s\n", error.text);
		exit(1);
	}
	check(conntrack_events_subscribe(events, true, false), "subscribe");
	listening = true;
	while (arrived < wanted) {
		struct pollfd wait = { .fd = conntrack_events_descriptor(events),
			               .events = POLLIN };
		bool overrun = false;

		(void)poll(&wait, 1, 100);
		now = clock_now();
		check(conntrack_events_drain(events, 128, &hearer, &overrun), "drain");
		if (overrun)
			fprintf(stderr, "the listener was too slow\n");
	}
	return nothing;
}

static int
compare(const void *a, const void *b)
{
	nsec_t x = *(const nsec_t *)a, y = *(const nsec_t *)b;

	return x < y ? -1 : x > y;
}

static int
lag(uint32_t count, double rate)
{
	struct conntrack_inject *inject = open_inject(1);
	nsec_t start, *lags = calloc(count + 1, sizeof(*lags));
	pthread_t thread;
	uint32_t found = 0;

	wanted = count;
	planted = calloc(count, sizeof(*planted));
	seen = calloc(count, sizeof(*seen));
	pthread_create(&thread, NULL, listen_there, NULL);
	while (!listening)
		usleep(1000);
	usleep(50000);
	start = clock_now();
	for (uint32_t i = 0; i < count; i++) {
		nsec_t due = start + (nsec_t)((double)i * 1e9 / rate), now = clock_now();
		struct flow flow = flow_of(i);

		if (due > now) {
			struct timespec nap = { .tv_nsec = (due - now) % NSEC_PER_SEC,
				                .tv_sec = (due - now) / NSEC_PER_SEC };

			nanosleep(&nap, NULL);
		}
		planted[i] = clock_now();
		check(conntrack_inject_flow(inject, &flow, TIMEOUT, false), "plant");
		check(conntrack_inject_flush(inject), "plant");
	}
	for (unsigned i = 0; i < 300 && arrived < count; i++)
		usleep(10000);
	for (uint32_t i = 0; i < count; i++)
		if (seen[i])
			lags[found++] = seen[i] - planted[i];
	qsort(lags, found, sizeof(*lags), compare);
	printf("%u %.1f %.1f %.1f\n", found, (double)lags[found / 2] / 1e3,
	       (double)lags[(uint64_t)found * 99 / 100] / 1e3,
	       found ? (double)lags[found - 1] / 1e3 : 0.0);
	return 0;
}

int
main(int argc, char **argv)
{
	uint32_t first = argc > 3 ? (uint32_t)strtoul(argv[3], NULL, 10) : 0;

	if (argc >= 3 && strcmp(argv[1], "fill") == 0)
		return fill((uint32_t)strtoul(argv[2], NULL, 10), first, false);
	if (argc >= 3 && strcmp(argv[1], "remove") == 0)
		return fill((uint32_t)strtoul(argv[2], NULL, 10), first, true);
	if (argc == 5 && strcmp(argv[1], "lag") == 0) {
		space = argv[2];
		return lag((uint32_t)strtoul(argv[3], NULL, 10), atof(argv[4]));
	}
	fprintf(stderr, "usage: see the head of plant.c\n");
	return 2;
}
