/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What it costs to put flows into the kernel's table, to hear of them and to read them all: flows a
 * second and CPU per flow, in a network namespace of its own.
 *
 *	bench-conntrack [FLOWS]		(100,000; the table must have room for them)
 *
 * CPU is that of this process with what the kernel does on its behalf.
 */
#include <errno.h>
#include <linux/netfilter/nf_conntrack_tcp.h>
#include <netinet/in.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <time.h>

#include "base/nsec.h"
#include "system/conntrack_diet.h"
#include "system/conntrack_dump.h"
#include "system/conntrack_events.h"
#include "system/conntrack_inject.h"
#include "system/conntrack_sysctl.h"

static uint64_t heard;
static uint64_t refused;

static void
check(int result, const char *what)
{
	if (result >= 0)
		return;
	fprintf(stderr, "%s: %s\n", what, strerror(-result));
	exit(1);
}

static void
on_refused(void *owner UNUSED, const struct conntrack_refusal *refusal)
{
	if (refused++ == 0)
		fprintf(stderr, "refused: %s\n", strerror(-refusal->error));
}

static void
on_flow(void *owner UNUSED, const struct flow *flow UNUSED)
{
	heard++;
}

static void
on_event(void *owner UNUSED, enum conntrack_event event UNUSED, const struct flow *flow UNUSED)
{
	heard++;
}

/* ---- time ---- */

struct span {
	nsec_t wall;
	nsec_t user;
	nsec_t kernel;
};

static nsec_t
of(struct timeval time)
{
	return time.tv_sec * NSEC_PER_SEC + time.tv_usec * NSEC_PER_USEC;
}

static struct span
now(void)
{
	struct timespec wall;
	struct rusage usage;

	clock_gettime(CLOCK_MONOTONIC, &wall);
	getrusage(RUSAGE_SELF, &usage);
	return (struct span){ wall.tv_sec * NSEC_PER_SEC + wall.tv_nsec, of(usage.ru_utime),
	                      of(usage.ru_stime) };
}

static struct span
since(struct span start)
{
	struct span end = now();

	return (struct span){ end.wall - start.wall, end.user - start.user,
	                      end.kernel - start.kernel };
}

static void
report(const char *what, struct span span, uint64_t count)
{
	printf("%-44s %9.0f /s  %6.2f us CPU each (%.2f user)\n", what,
	       (double)count / ((double)span.wall / 1e9),
	       (double)(span.user + span.kernel) / 1e3 / (double)count,
	       (double)span.user / 1e3 / (double)count);
	fflush(stdout);
}

/* ---- flows ---- */

static struct flow
flow_number(unsigned n, bool nat)
{
	struct flow flow = {
		.key = { .source = { 10, 1, (uint8_t)(n >> 16), (uint8_t)(n >> 8) },
		         .destination = { 192, 0, 2, 7 },
		         .source_port = (uint16_t)(1024 + n % 50000), .destination_port = 443,
		         .family = 4, .protocol = IPPROTO_TCP },
		.has = FLOW_HAS_TCP | FLOW_HAS_STATUS | (nat ? FLOW_HAS_SOURCE_NAT : 0),
		.status = FLOW_SEEN_REPLY | FLOW_ASSURED,
		.tcp = { .state = TCP_CONNTRACK_ESTABLISHED, .flags = { 3, 3 }, .scale = { 7, 8 } },
	};

	if (nat) {
		flow.source_nat.address[0] = 203;
		flow.source_nat.address[3] = (uint8_t)(1 + n / 60000);
		flow.source_nat.port = (uint16_t)(1024 + n % 60000);
	}
	flow.key.source[3] = (uint8_t)n;
	return flow;
}

enum job { CREATE, CHANGE, DELETE };

static void
run(const char *what, size_t batch, enum job job, bool nat, unsigned count)
{
	struct conntrack_inject *inject;
	struct error error;
	struct span start;
	char name[64];

	check(conntrack_inject_open(batch, on_refused, NULL, &inject, &error), "inject");
	start = now();
	for (unsigned n = 0; n < count; n++) {
		struct flow flow = flow_number(n, nat);

		if (job == DELETE)
			check(conntrack_inject_delete(inject, &flow.key), "delete");
		else
			check(conntrack_inject_flow(inject, &flow, 600, job == CHANGE), "inject");
	}
	check(conntrack_inject_flush(inject), "flush");
	snprintf(name, sizeof(name), "%s, %zu a send", what, batch);
	report(name, since(start), count);
	conntrack_inject_close(inject);
}

static void
dump(unsigned count, const char *what, const struct conntrack_filter *filter)
{
	static const struct conntrack_dump_hearer hearer = { .flow = on_flow };
	struct conntrack_dump *d;
	struct error error;
	struct span start;

	check(conntrack_dump_open(&d, &error), "dump");
	heard = 0;
	start = now();
	check(conntrack_dump_flows(d, filter), "dump");
	while (conntrack_dump_step(d, 1024, &hearer) > 0)
		;
	report(what, since(start), count);
	printf("%-44s %9llu\n", "   flows shown", (unsigned long long)heard);
	conntrack_dump_close(d);
}

/* Events that wait already, so that only the reader's work counts. */
static void
drain(unsigned count)
{
	static const struct conntrack_hearer hearer = { .flow = on_event };
	struct conntrack_events *events;
	struct error error;
	bool overrun = false;
	struct span start;

	check(conntrack_events_open(256u << 20, &events, &error), "events");
	check(conntrack_events_subscribe(events, true, false), "subscribe");
	run("create, somebody listens", 128, CREATE, false, count);
	heard = 0;
	start = now();
	check(conntrack_events_drain(events, count, &hearer, &overrun), "drain");
	report("drain events of creation", since(start), heard);
	run("delete, somebody listens", 128, DELETE, false, count);
	heard = 0;
	start = now();
	check(conntrack_events_drain(events, count, &hearer, &overrun), "drain");
	report("drain events of deletion", since(start), heard);
	if (overrun)
		printf("(some were lost: the buffer is %zu bytes)\n",
		       conntrack_events_buffer(events));
	start = now();
	for (unsigned i = 0; i < 1000; i++)
		check(conntrack_events_subscribe(events, i % 2 == 1, false), "subscribe");
	report("subscribe or unsubscribe", since(start), 1000);
	conntrack_events_close(events);
}

int
main(int argc, char **argv)
{
	static const size_t batches[] = { 1, 8, 64, 128, 256 };
	const struct conntrack_filter none = { .mark = 1, .mark_mask = 1 };
	unsigned count = argc > 1 ? (unsigned)strtoul(argv[1], NULL, 10) : 100000;
	struct conntrack_events *events;	/* opening it loads the kernel's module */
	struct error error;

	if (unshare(CLONE_NEWNET) < 0) {
		fprintf(stderr, "needs to be root: %s\n", strerror(errno));
		return 1;
	}
	check(conntrack_events_open(1, &events, &error), "events");
	conntrack_events_close(events);
	check(conntrack_sysctl_set(CONNTRACK_SYSCTL_EVENTS, 1), "nf_conntrack_events");
	for (size_t i = 0; i < ARRAY_SIZE(batches); i++) {
		run("create", batches[i], CREATE, false, count);
		run("change", batches[i], CHANGE, false, count);
		run("delete", batches[i], DELETE, false, count);
	}
	run("create with source NAT", 128, CREATE, true, count);
	run("change with source NAT, known", 128, CHANGE, true, count);
	run("change with source NAT, unknown", 128, CREATE, true, count);
	run("delete with source NAT", 128, DELETE, true, count);
	run("create", 128, CREATE, false, count);
	dump(count, "dump all", NULL);
	dump(count, "dump with a filter that lets none through", &none);
	run("delete", 128, DELETE, false, count);
	drain(count);
	if (refused)
		printf("REFUSED %llu\n", (unsigned long long)refused);
	return refused != 0;
}
