/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The line between the manager and flowsync, and what the manager makes of an answer: both ends in
 * one process, flowsync's in a child.
 */
#include <errno.h>
#include <fcntl.h>
#include <libyang/libyang.h>
#include <poll.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include "daemon/flowdoor.h"
#include "daemon/flowflaw.h"
#include "daemon/gather_connsync.h"
#include "system/clock.h"

#define LONG_ENOUGH (30 * NSEC_PER_SEC)

static int manager, flowsync;		/* ends of the line */
static pid_t child;
static struct ly_ctx *schema;

/* ---- a stand-in for flowsync ---------------------------------------------------------------- */

static struct flowdoor_question
next_question(void)
{
	struct pollfd wait = { .fd = flowsync, .events = POLLIN };
	struct flowdoor_question question;

	if (poll(&wait, 1, 30000) != 1 || flowdoor_hear(flowsync, &question) != 1)
		_exit(1);
	return question;
}

/* Does this in a process of its own. */
static void
serve(void (*how)(void))
{
	child = fork();
	assert_true(child >= 0);
	if (child > 0)
		return;
	how();
	_exit(0);
}

static struct flow
a_flow(uint8_t last)
{
	return (struct flow){
		.key = { .family = 4, .protocol = 6, .source = { 10, 1, 0, last },
		         .destination = { 10, 2, 0, 10 }, .source_port = 40000,
		         .destination_port = 443 },
		.has = FLOW_HAS_STATUS | FLOW_HAS_TIMEOUT | FLOW_HAS_TCP | FLOW_HAS_SOURCE_NAT,
		.status = FLOW_ASSURED | FLOW_SEEN_REPLY,
		.tcp = { .state = 3 },
		.timeout = 432000,
		.source_nat = { .address = { 10, 2, 0, 254 }, .port = 50000 },
	};
}

static void
answer_flows(const struct flowdoor_question *question)
{
	struct flowsync_view views[3] = { 0 };
	struct flowdoor_answer answer = { .running = true, .matched = 7, .count = 3 };

	for (uint8_t i = 0; i < 3; i++)
		views[i] = (struct flowsync_view){ .flow = a_flow(i), .age = i * NSEC_PER_SEC,
			                           .told = i == 0, .held = i == 1,
			                           .refused = i == 2 };
	flowdoor_answer(flowsync, question, &answer, views);
}

static void
flows_after_a_late_answer(void)
{
	struct flowdoor_question question = next_question(), earlier = question;

	earlier.number--;
	answer_flows(&earlier);
	answer_flows(&question);
}

/* Somebody who could still change what the manager reads. */
static void
flows_in_a_file_that_is_not_sealed(void)
{
	struct flowdoor_question question = next_question();
	struct flowdoor_answer answer = { .version = FLOWDOOR_VERSION, .kind = question.kind,
		                          .number = question.number, .count = 1 };
	struct flowsync_view view = { .flow = a_flow(1) };
	union {
		char bytes[CMSG_SPACE(sizeof(int))];
		struct cmsghdr header;
	} control = { .header = { CMSG_LEN(sizeof(int)), SOL_SOCKET, SCM_RIGHTS } };
	struct iovec part = { &answer, sizeof(answer) };
	struct msghdr message = { .msg_iov = &part, .msg_iovlen = 1,
		                  .msg_control = control.bytes,
		                  .msg_controllen = sizeof(control.bytes) };
	int fd = memfd_create("open", MFD_CLOEXEC | MFD_ALLOW_SEALING);

	if (fd < 0 || write(fd, &view, sizeof(view)) != sizeof(view))
		_exit(1);
	memcpy(CMSG_DATA(&control.header), &fd, sizeof(fd));
	if (sendmsg(flowsync, &message, 0) < 0)
		_exit(1);
}

static void
a_report(void)
{
	struct flowdoor_question question = next_question();
	struct flowdoor_answer answer = { .running = true };
	struct flowdoor_report *report = &answer.report;

	report->configured = report->running = true;
	strcpy(report->sync_group, "S");
	report->settings.path_count = 2;
	report->settings.port = 3781;
	for (unsigned i = 0; i < 2; i++) {
		snprintf(report->settings.paths[i].interface, NAME_SIZE, "sync%u", i);
		report->settings.paths[i].remote = ip_from_v4((const uint8_t[]){ 10, 3, 0, 2 });
		report->local[i] = ip_from_v4((const uint8_t[]){ 10, 3, 0, 1 });
	}
	report->now = 100 * NSEC_PER_SEC;
	report->status = (struct flowsync_status){
		.role = FLOWSYNC_ACTIVE, .readiness = FLOWSYNC_SYNCED, .epoch = 3, .flows = 10,
		.capacity = 20, .lost_now = 4, .held = 2, .connected = true,
		.connected_since = 90 * NSEC_PER_SEC, .agreed_at = 98 * NSEC_PER_SEC,
		.alarms = 1u << FLOWSYNC_PATH_DEAD, .path_alive = { false, false },
		.path_heard = { 60 * NSEC_PER_SEC, 0 }, .sweep_left = 7,
		.sweep_at = 112 * NSEC_PER_SEC,
	};
	report->flaws = 1u << FLOWFLAW_SILENT | 1u << FLOWFLAW_SMALLER;
	report->link.bytes_sent[0] = 1000;
	report->link.bytes_received[0] = 2000;
	report->link.rate_sent[0] = 30;
	report->link.rate_received[0] = 40;
	report->kernel.buffer = 134217728;
	report->kernel.left_out = 3;
	strcpy(report->path_trouble[1], "there is no interface sync1");
	report->tally.counts[FLOW_REFUSED_EXPECTATIONS] = 5;
	flowdoor_answer(flowsync, &question, &answer, NULL);
}

static void
nothing_is_configured(void)
{
	struct flowdoor_question question = next_question();
	struct flowdoor_answer answer = { 0 };

	flowdoor_answer(flowsync, &question, &answer, NULL);
}

/* ---- the line ------------------------------------------------------------------------------- */

static void
test_flows_arrive_and_a_late_answer_is_passed_over(void **state UNUSED)
{
	struct flowdoor_question question = { .kind = FLOWDOOR_FLOWS, .filter = { .limit = 3 } };
	struct flowsync_view *flows = NULL;
	struct flowdoor_answer answer;

	serve(flows_after_a_late_answer);
	assert_int_equal(flowdoor_ask(manager, &question, LONG_ENOUGH, &answer, &flows), 0);
	assert_int_equal(answer.matched, 7);
	assert_int_equal(answer.count, 3);
	assert_int_equal(flows[2].flow.key.source[3], 2);
	assert_true(flows[2].refused);
	free(flows);
}

static void
test_file_that_is_not_sealed_is_no_answer(void **state UNUSED)
{
	struct flowdoor_question question = { .kind = FLOWDOOR_FLOWS, .filter = { .limit = 1 } };
	struct flowsync_view *flows = NULL;
	struct flowdoor_answer answer;

	serve(flows_in_a_file_that_is_not_sealed);
	assert_int_equal(flowdoor_ask(manager, &question, NSEC_PER_SEC / 3, &answer, &flows),
	                 -ETIMEDOUT);
	assert_null(flows);
}

static void
test_manager_waits_no_longer_than_its_patience(void **state UNUSED)
{
	struct flowdoor_question question = { .kind = FLOWDOOR_REPORT };
	nsec_t begin = clock_now();
	struct flowdoor_answer answer;

	assert_int_equal(flowdoor_ask(manager, &question, 50 * NSEC_PER_MSEC, &answer, NULL),
	                 -ETIMEDOUT);
	assert_true(clock_now() >= begin + 50 * NSEC_PER_MSEC);
}

static void
test_question_of_another_version_or_size_is_dropped(void **state UNUSED)
{
	struct flowdoor_question heard, question = { .version = FLOWDOOR_VERSION + 1,
		                                     .kind = FLOWDOOR_RESET };

	assert_int_equal(send(manager, &question, sizeof(question), 0), sizeof(question));
	assert_int_equal(flowdoor_hear(flowsync, &heard), 0);
	question.version = FLOWDOOR_VERSION;
	assert_int_equal(send(manager, &question, sizeof(question) - 1, 0), sizeof(question) - 1);
	assert_int_equal(flowdoor_hear(flowsync, &heard), 0);
	question.filter.limit = FLOWDOOR_FLOWS_MAX + 1;
	assert_int_equal(send(manager, &question, sizeof(question), 0), sizeof(question));
	assert_int_equal(flowdoor_hear(flowsync, &heard), 0);
	question.filter.limit = FLOWDOOR_FLOWS_MAX;
	assert_int_equal(send(manager, &question, sizeof(question), 0), sizeof(question));
	assert_int_equal(flowdoor_hear(flowsync, &heard), 1);
	assert_int_equal(heard.kind, FLOWDOOR_RESET);
	assert_int_equal(flowdoor_hear(flowsync, &heard), 0);
}

static void
test_filter_looks_at_every_end_of_a_flow(void **state UNUSED)
{
	struct flow flow = a_flow(9);
	struct flowdoor_filter filter = { 0 };

	assert_true(flowdoor_matches(&filter, &flow));
	filter.protocol = 17;
	assert_false(flowdoor_matches(&filter, &flow));
	filter.protocol = 6;
	filter.has_port = true;
	filter.port = 50000;		/* after translation */
	assert_true(flowdoor_matches(&filter, &flow));
	filter.port = 80;
	assert_false(flowdoor_matches(&filter, &flow));
	filter.has_port = false;
	assert_true(prefix_parse("10.2.0.254/32", &filter.network));
	assert_true(flowdoor_matches(&filter, &flow));
	assert_true(prefix_parse("10.1.0.0/24", &filter.network));
	assert_true(flowdoor_matches(&filter, &flow));
	assert_true(prefix_parse("10.4.0.0/16", &filter.network));
	assert_false(flowdoor_matches(&filter, &flow));
	assert_true(prefix_parse("fd00::/8", &filter.network));
	assert_false(flowdoor_matches(&filter, &flow));
}

/* ---- what the manager makes of it ----------------------------------------------------------- */

/* connsync-state as JSON, on the heap. */
static char *
gathered(void)
{
	struct lyd_node *tree = NULL;
	char *text = NULL;

	gather_connsync(schema, manager, &tree);
	assert_int_equal(lyd_print_mem(&text, tree, LYD_JSON,
	                               LYD_PRINT_SHRINK | LYD_PRINT_KEEPEMPTYCONT), LY_SUCCESS);
	lyd_free_all(tree);
	return text;
}

/* What this stand-in answers.  One that was stalled for as long as the manager waits is asked
 * again. */
static char *
gathered_from(void (*how)(void))
{
	nsec_t end = clock_now() + LONG_ENOUGH;
	char *text;
	int status;

	for (;;) {
		serve(how);
		text = gathered();
		assert_int_equal(waitpid(child, &status, 0), child);
		child = 0;
		assert_int_equal(status, 0);
		if (!strstr(text, "does not answer"))
			return text;
		assert_true(clock_now() < end);
		free(text);
	}
}

static void
assert_says(const char *text, const char *words)
{
	assert_non_null(text);
	if (!strstr(text, words))
		fail_msg("no %s in %s", words, text);
}

static void
test_report_has_the_words_of_the_model(void **state UNUSED)
{
	char *text = gathered_from(a_report);

	assert_says(text, "\"running\":true,\"sync-group\":\"S\",\"authenticated\":false");
	assert_says(text, "\"role\":\"active\",\"readiness\":\"synced\",\"epoch\":3");
	assert_says(text, "\"flows\":10,\"capacity\":20");
	assert_says(text, "\"lost-now\":\"4\",\"held-down\":2");
	assert_says(text, "\"agreed\":\"2\"");
	assert_says(text, "\"connected-since\":\"10\"");
	assert_says(text, "\"alarm\":[\"path-dead\",\"events-off\",\"smaller-than-peer\"]");
	assert_says(text, "{\"name\":\"refused-expectations\",\"count\":\"5\"}");
	assert_says(text, "{\"name\":\"dump-left-out\",\"count\":\"3\"}");
	assert_says(text, "\"sweep-left\":7,\"sweep-due\":\"12\"");
	assert_says(text, "\"event-buffer\":\"134217728\"");
	assert_says(text, "\"heard\":\"40\",\"bytes-sent\":\"1000\",\"bytes-received\":\"2000\","
	            "\"rate-sent\":\"240\",\"rate-received\":\"320\"");
	/* What an active router does not know is left out, and so is a lag that nobody measured. */
	assert_null(strstr(text, "\"parked\":"));
	assert_null(strstr(text, "\"lag-median\""));
	free(text);
}

static void
test_path_that_is_not_in_use_says_why(void **state UNUSED)
{
	char *text = gathered_from(a_report);

	assert_says(text, "\"interface\":\"sync0\",\"remote\":\"10.3.0.2\",\"local\":\"10.3.0.1\","
	            "\"alive\":false,\"trouble\":\"the partner is connected, but no datagram comes "
	            "through; UDP port 3781 must pass the packet filters of both routers\"");
	assert_says(text, "\"trouble\":\"there is no interface sync1\"");
	free(text);
}

static void
test_state_is_empty_where_nothing_is_configured(void **state UNUSED)
{
	char *text = gathered_from(nothing_is_configured);

	assert_string_equal(text, "{\"tandem-state:connsync-state\":{}}");
	free(text);
}

static void
test_flowsync_that_does_not_answer_is_trouble(void **state UNUSED)
{
	char *text = gathered();

	assert_says(text, "\"running\":false,\"trouble\":\"the process flowsync does not answer");
	free(text);
}

static void
test_flows_have_both_ends_their_translation_and_where_the_copy_is(void **state UNUSED)
{
	struct flowsync_view views[2] = {
		{ .flow = a_flow(10), .age = 61 * NSEC_PER_SEC, .told = true },
		{ .flow = { .key = { .family = 6, .protocol = 47, .source = { 0xfd, 1 },
		                     .destination = { 0xfd, 2 } } }, .parked = true },
	};
	const struct flowdoor_answer answer = { .matched = 5, .count = 2 };
	char *text = gather_flows(&answer, views);

	assert_string_equal(text,
		"{\"tandem-state:output\":{\"matched\":\"5\",\"flow\":["
		"{\"protocol\":\"tcp\",\"source\":\"10.1.0.10:40000\","
		"\"destination\":\"10.2.0.10:443\",\"source-nat\":\"10.2.0.254:50000\","
		"\"state\":\"ESTABLISHED\",\"timeout\":432000,\"age\":\"61\",\"copy\":\"held\"},"
		"{\"protocol\":\"gre\",\"source\":\"[fd01::]:0\",\"destination\":\"[fd02::]:0\","
		"\"state\":\"NEW\",\"timeout\":0,\"age\":\"0\",\"copy\":\"parked\"}]}}");
	free(text);
}

static void
test_protocols_have_names_and_numbers(void **state UNUSED)
{
	assert_int_equal(gather_protocol("tcp"), 6);
	assert_int_equal(gather_protocol("icmpv6"), 58);
	assert_int_equal(gather_protocol("50"), 50);
	assert_int_equal(gather_protocol("256"), -1);
	assert_int_equal(gather_protocol("tc"), -1);
	assert_int_equal(gather_protocol(""), -1);
}

/* ---- rig ------------------------------------------------------------------------------------ */

static int
set_up(void **state UNUSED)
{
	int ends[2];

	child = 0;
	if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, ends) < 0)
		return -1;
	manager = ends[0];
	flowsync = ends[1];
	return 0;
}

static int
tear_down(void **state UNUSED)
{
	int status = 0;

	if (child > 0)
		waitpid(child, &status, 0);
	close(manager);
	close(flowsync);
	return status;
}

static int
load_schema(void **state UNUSED)
{
	if (ly_ctx_new(TANDEM_SOURCE_YANG_DIR, 0, &schema) != LY_SUCCESS)
		return -1;
	return ly_ctx_load_module(schema, "tandem-state", NULL, NULL) ? 0 : -1;
}

static int
free_schema(void **state UNUSED)
{
	ly_ctx_destroy(schema);
	return 0;
}

int
main(void)
{
#define TEST(function) cmocka_unit_test_setup_teardown(function, set_up, tear_down)
	const struct CMUnitTest tests[] = {
		TEST(test_flows_arrive_and_a_late_answer_is_passed_over),
		TEST(test_file_that_is_not_sealed_is_no_answer),
		TEST(test_manager_waits_no_longer_than_its_patience),
		TEST(test_question_of_another_version_or_size_is_dropped),
		TEST(test_filter_looks_at_every_end_of_a_flow),
		TEST(test_report_has_the_words_of_the_model),
		TEST(test_path_that_is_not_in_use_says_why),
		TEST(test_state_is_empty_where_nothing_is_configured),
		TEST(test_flowsync_that_does_not_answer_is_trouble),
		TEST(test_flows_have_both_ends_their_translation_and_where_the_copy_is),
		TEST(test_protocols_have_names_and_numbers),
	};

	return cmocka_run_group_tests(tests, load_schema, free_schema);
}
