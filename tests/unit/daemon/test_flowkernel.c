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
#include <sys/resource.h>
#include <sys/socket.h>
#include <systemd/sd-event.h>
#include <unistd.h>

#include <cmocka.h>

#include "daemon/flowflaw.h"
#include "daemon/flowkernel_inside.h"
#include "system/clock.h"
#include "system/conntrack_inject.h"
#include "system/conntrack_sysctl.h"

#define MANY 20000u

static struct sd_event *event;
static struct flowkernel *kernel;
static struct settings *settings;
static struct conntrack_inject *others;	/* who is not us, and makes events */
static unsigned news, shifted, overruns, refused, refused_expectations;
static unsigned dumped, dumps_whole, dumps_broken;
static unsigned news_at_overrun;
static void (*when_overrun)(void);

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
	news_at_overrun = news;
	if (when_overrun)
		when_overrun();
}

static void
on_dump(void *owner UNUSED, const struct flow *flow UNUSED)
{
	dumped++;
}

static void
on_dump_done(void *owner UNUSED, bool whole)
{
	*(whole ? &dumps_whole : &dumps_broken) += 1;
}

static void
on_refused(void *owner UNUSED, enum flow_op op UNUSED, const struct flow_key *key UNUSED,
           int error UNUSED)
{
	refused++;
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
	TURN_FOR(40 * NSEC_PER_SEC, shifted > 0);
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
	TURN_FOR(30 * NSEC_PER_SEC, news > 0);
	assert_int_equal(news, 1);
}

static void
tell_of_one_more(void)
{
	struct flow flow = a_flow(MANY);

	assert_int_equal(conntrack_inject_flow(others, &flow, flow.timeout, false), 0);
	assert_int_equal(conntrack_inject_flush(others), 0);
}

/* The dump that follows is younger than what was queued, and older than what happens now. */
static void
test_after_lost_news_the_old_ones_are_not_told_and_new_ones_are(void **state UNUSED)
{
	int small = 4 << 20;		/* some thousand events */
	struct flow flow;

	flowkernel_subscribe(kernel, true);
	assert_int_equal(setsockopt(conntrack_events_descriptor(kernel->events), SOL_SOCKET,
	                            SO_RCVBUFFORCE, &small, sizeof(small)), 0);
	for (unsigned i = 0; i < MANY; i++) {
		flow = a_flow(i);
		assert_int_equal(conntrack_inject_flow(others, &flow, flow.timeout, false), 0);
	}
	assert_int_equal(conntrack_inject_flush(others), 0);
	when_overrun = tell_of_one_more;
	TURN_FOR(30 * NSEC_PER_SEC, overruns > 0 && news > news_at_overrun);
	/* And no more than that. */
	TURN_FOR(NSEC_PER_SEC / 5, news > news_at_overrun + 1);
	assert_int_equal(overruns, 1);
	assert_int_equal(news, news_at_overrun + 1);
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

/* An empty table would be one whose flows have all ended. */
static void
test_dump_that_cannot_begin_is_no_empty_table(void **state UNUSED)
{
	struct rlimit before, none;
	struct flow flow = a_flow(1);

	assert_int_equal(conntrack_inject_flow(others, &flow, flow.timeout, false), 0);
	assert_int_equal(conntrack_inject_flush(others), 0);
	flowkernel_dump(kernel);
	/* Before that one is over: it takes a new socket, which is not to be had. */
	assert_int_equal(getrlimit(RLIMIT_NOFILE, &before), 0);
	none = (struct rlimit){ 3, before.rlim_max };
	assert_int_equal(setrlimit(RLIMIT_NOFILE, &none), 0);
	flowkernel_dump(kernel);
	TURN_FOR(30 * NSEC_PER_SEC, dumps_whole + dumps_broken > 0);
	assert_int_equal(setrlimit(RLIMIT_NOFILE, &before), 0);
	assert_int_equal(dumps_whole, 0);
	assert_int_equal(dumps_broken, 1);
	/* The next one works. */
	flowkernel_dump(kernel);
	TURN_FOR(30 * NSEC_PER_SEC, dumps_whole > 0);
	assert_int_equal(dumps_whole, 1);
	assert_int_equal(dumped, 1);
}

static void
test_more_refusals_than_can_be_named_ask_for_a_look_at_the_table(void **state UNUSED)
{
	struct flow flow;

	for (unsigned i = 0; i < 600; i++) {
		flow = a_flow(i);
		flow.has |= FLOW_HAS_MASTER;
		flow.master = a_flow(MANY).key;		/* which is not there */
		flowkernel_apply(kernel, FLOW_UPSERT, &flow, false);
	}
	flowkernel_flush(kernel);
	assert_in_range(refused, 1, 599);
	assert_int_equal(overruns, 1);
	/* As many as can be named are. */
	refused = 0;
	flowkernel_apply(kernel, FLOW_UPSERT, &flow, false);
	flowkernel_flush(kernel);
	assert_int_equal(refused, 1);
	assert_int_equal(overruns, 1);
}

/* The news that it ended may not have been read yet; what the partner says is older. */
static void
test_flow_that_ended_on_the_router_that_forwards_is_not_made_anew(void **state UNUSED)
{
	struct flow flow = a_flow(1);

	flowkernel_subscribe(kernel, true);
	flowkernel_apply(kernel, FLOW_UPSERT, &flow, true);
	flow = a_flow(2);
	flow.has |= FLOW_HAS_SOURCE_NAT;
	flow.source_nat = (struct flow_nat_end){ { 192, 0, 2, 1 }, 40000 };
	flowkernel_apply(kernel, FLOW_UPSERT, &flow, true);
	flowkernel_flush(kernel);
	flowkernel_dump(kernel);
	TURN_FOR(30 * NSEC_PER_SEC, dumps_whole > 0);
	assert_int_equal(dumps_whole, 1);
	assert_int_equal(dumped, 0);
	assert_int_equal(refused, 0);
}

/* Anybody may switch the kernel's news off; in this namespace, it is. */
static void
test_news_of_the_kernel_that_were_switched_off_are_switched_on(void **state UNUSED)
{
	uint64_t value = 0;

	assert_int_equal(conntrack_sysctl_set(CONNTRACK_SYSCTL_EVENTS, 0), 0);
	assert_int_equal(flowkernel_check(kernel) & 1u << FLOWFLAW_SILENT, 0);
	assert_int_equal(conntrack_sysctl_get(CONNTRACK_SYSCTL_EVENTS, &value), 0);
	assert_int_equal(value, 1);
	assert_int_equal(flowkernel_check(kernel) & 1u << FLOWFLAW_BUFFER, 0);
}

static void
test_every_flaw_and_alarm_has_a_line_of_its_own(void **state UNUSED)
{
	char text[1024], names[256] = "";
	unsigned lines = 0;

	flowflaw_sentences("", 0, 0, text, sizeof(text));
	assert_string_equal(text, "");
	flowflaw_sentences("no key", 1u << FLOWSYNC_FULL, 1u << FLOWFLAW_SILENT, text,
	                   sizeof(text));
	assert_non_null(strstr(text, "connsync does not run: no key\nThe table"));
	assert_non_null(strstr(text, "\nnf_conntrack_events is not 1"));
	/* All at once fit. */
	flowflaw_sentences("", UINT32_MAX, UINT32_MAX, text, sizeof(text));
	for (const char *at = text; (at = strchr(at, '\n')); at++)
		lines++;
	assert_int_equal(lines + 1, FLOWSYNC_ALARMS + FLOWFLAWS);
	assert_string_equal(text + strlen(text) - 11, "connections");
	for (enum flowflaw i = 0; i < FLOWFLAWS; i++) {
		assert_null(strstr(names, flowflaw_name(i)));
		strcat(strcat(names, flowflaw_name(i)), " ");
	}
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

	news = shifted = overruns = refused = refused_expectations = 0;
	dumped = dumps_whole = dumps_broken = 0;
	when_overrun = NULL;
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
		TEST(test_after_lost_news_the_old_ones_are_not_told_and_new_ones_are),
		TEST(test_expectation_that_the_kernel_refuses_is_told),
		TEST(test_dump_that_cannot_begin_is_no_empty_table),
		TEST(test_more_refusals_than_can_be_named_ask_for_a_look_at_the_table),
		TEST(test_flow_that_ended_on_the_router_that_forwards_is_not_made_anew),
		TEST(test_news_of_the_kernel_that_were_switched_off_are_switched_on),
		TEST(test_every_flaw_and_alarm_has_a_line_of_its_own),
	};

	if (geteuid() != 0)
		return 77;		/* skipped */
	return cmocka_run_group_tests(tests, NULL, NULL);
}
