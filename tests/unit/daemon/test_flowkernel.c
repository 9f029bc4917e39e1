/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Connsync's side to the kernel, in a network namespace of its own: what no event tells, and what
 * is left of events when nobody wants them any more.
 */
#include <linux/netfilter/nf_conntrack_tcp.h>
#include <netinet/in.h>
#include <sched.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <systemd/sd-event.h>
#include <unistd.h>

#include <cmocka.h>

#include "daemon/flowkernel.h"
#include "system/clock.h"
#include "system/conntrack_inject.h"

#define MANY 20000u

static struct sd_event *event;
static struct flowkernel *kernel;
static struct settings *settings;
static struct conntrack_inject *others;	/* who is not us, and makes events */
static unsigned news, shifted, overruns, refused_expectations;

static void
on_news(void *owner UNUSED, enum flow_op op UNUSED, const struct flow *flow, bool fresh UNUSED)
{
	news++;
	shifted += (flow->has & FLOW_HAS_SEQADJ) != 0;
}

static void
on_expectation(void *owner UNUSED, enum flow_op op UNUSED, const struct flow_expectation *x UNUSED)
{
}

static void
on_overrun(void *owner UNUSED)
{
	overruns++;
}

static void
on_dump(void *owner UNUSED, const struct flow *flow UNUSED)
{
}

static void
on_dump_done(void *owner UNUSED, bool whole UNUSED)
{
}

static void
on_refused(void *owner UNUSED, enum flow_op op UNUSED, const struct flow_key *key UNUSED,
           int error UNUSED)
{
}

static void
on_refused_expectation(void *owner UNUSED, int error)
{
	assert_true(error > 0);
	refused_expectations++;
}

static void
on_batch(void *owner UNUSED)
{
}

static void
on_others_refused(void *owner UNUSED, const struct conntrack_refusal *refusal UNUSED)
{
}

static struct flow
a_flow(unsigned number)
{
	return (struct flow){
		.key = { .family = 4, .protocol = IPPROTO_TCP,
		         .source = { 10, 1, (uint8_t)(number >> 8), (uint8_t)number },
		         .destination = { 10, 2, 0, 10 }, .source_port = 40000,
		         .destination_port = 21 },
		.has = FLOW_HAS_STATUS | FLOW_HAS_TIMEOUT | FLOW_HAS_TCP,
		.status = FLOW_ASSURED | FLOW_SEEN_REPLY,
		.tcp = { .state = TCP_CONNTRACK_ESTABLISHED },
		.timeout = 3600,
	};
}

/* Turns of the loop for so long, or until it holds. */
#define TURN_FOR(time, condition) \
	do { \
		nsec_t end_ = clock_now() + (time); \
		while (!(condition) && clock_now() < end_) \
			assert_true(sd_event_run(event, 10000) >= 0); \
	} while (0)

/* ---- tests ---------------------------------------------------------------------------------- */

/* Our own changes make no event, as those of helpers do not. */
static void
test_shifted_sequence_numbers_are_found_without_an_event(void **state UNUSED)
{
	struct flow flow = a_flow(1);

	flowkernel_subscribe(kernel, true);
	flow.has |= FLOW_HAS_HELPER | FLOW_HAS_SEQADJ;
	strcpy(flow.helper, "ftp");
	flow.seqadj[0] = (struct flow_seqadj){ 100, 0, 5 };
	flowkernel_apply(kernel, FLOW_UPSERT, &flow, false);
	flowkernel_flush(kernel);
	TURN_FOR(15 * NSEC_PER_SEC, shifted > 0);
	assert_int_equal(shifted, 1);
	assert_int_equal(news, 1);
}

static void
test_without_helpers_nothing_is_looked_for(void **state UNUSED)
{
	struct flow flow = a_flow(1);

	flowkernel_subscribe(kernel, true);
	flow.has |= FLOW_HAS_SEQADJ;
	flow.seqadj[0] = (struct flow_seqadj){ 100, 0, 5 };
	flowkernel_apply(kernel, FLOW_UPSERT, &flow, false);
	flowkernel_flush(kernel);
	TURN_FOR(11 * NSEC_PER_SEC, shifted > 0);
	assert_int_equal(news, 0);
}

/* A demotion and a promotion right behind it: what was queued is of the past, and thrown away when
 * there is time. */
static void
test_queued_events_are_not_told_after_a_promotion_that_follows_at_once(void **state UNUSED)
{
	struct flow flow;

	flowkernel_subscribe(kernel, true);
	for (unsigned i = 0; i < MANY; i++) {
		flow = a_flow(i);
		assert_int_equal(conntrack_inject_flow(others, &flow, flow.timeout, false), 0);
	}
	assert_int_equal(conntrack_inject_flush(others), 0);
	flowkernel_subscribe(kernel, false);
	flowkernel_subscribe(kernel, true);
	TURN_FOR(NSEC_PER_SEC / 5, news > 0);
	assert_int_equal(news, 0);
	assert_int_equal(overruns, 0);
	/* What happens now is told. */
	flow = a_flow(MANY);
	assert_int_equal(conntrack_inject_flow(others, &flow, flow.timeout, false), 0);
	assert_int_equal(conntrack_inject_flush(others), 0);
	TURN_FOR(5 * NSEC_PER_SEC, news > 0);
	assert_int_equal(news, 1);
}

static void
test_expectation_that_the_kernel_refuses_is_told(void **state UNUSED)
{
	struct flow_expectation expectation = { .timeout = 60, .helper = "ftp" };

	/* Its master is not there. */
	expectation.master = expectation.expected = a_flow(1).key;
	expectation.expected.source_port = 0;
	memset(expectation.mask.source, 0xff, 4);
	memset(expectation.mask.destination, 0xff, 4);
	flowkernel_apply_expectation(kernel, FLOW_UPSERT, &expectation);
	flowkernel_flush(kernel);
	assert_int_equal(refused_expectations, 1);
}

/* ---- rig ------------------------------------------------------------------------------------ */

static int
set_up(void **state UNUSED)
{
	static const struct flowkernel_calls calls = {
		.on_news = on_news, .on_expectation = on_expectation, .on_overrun = on_overrun,
		.on_dump = on_dump, .on_dump_done = on_dump_done, .on_refused = on_refused,
		.on_refused_expectation = on_refused_expectation, .on_batch = on_batch,
	};
	const struct settings_counts counts = { .syncs = 1, .connsyncs = 1 };
	struct ip local[CONNSYNC_PATHS_MAX] = { 0 };
	struct error error;

	news = shifted = overruns = refused_expectations = 0;
	if (unshare(CLONE_NEWNET) < 0 || sd_event_new(&event) < 0)
		return -1;
	settings = settings_new(&counts);
	if (flowkernel_new(event, &calls, NULL, &kernel, &error) < 0 ||
	    flowkernel_adopt(kernel, settings, local, &error) < 0 ||
	    conntrack_inject_open(0, on_others_refused, NULL, &others, &error) < 0) {
		print_message("%s\n", error.text);
		return -1;
	}
	return 0;
}

static int
tear_down(void **state UNUSED)
{
	conntrack_inject_close(others);
	flowkernel_free(kernel);
	event = sd_event_unref(event);
	free(settings);
	return 0;
}

int
main(void)
{
#define TEST(function) cmocka_unit_test_setup_teardown(function, set_up, tear_down)
	const struct CMUnitTest tests[] = {
		TEST(test_shifted_sequence_numbers_are_found_without_an_event),
		TEST(test_without_helpers_nothing_is_looked_for),
		TEST(test_queued_events_are_not_told_after_a_promotion_that_follows_at_once),
		TEST(test_expectation_that_the_kernel_refuses_is_told),
	};

	if (geteuid() != 0)
		return 77;		/* skipped */
	return cmocka_run_group_tests(tests, NULL, NULL);
}
