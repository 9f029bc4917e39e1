/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Commits: what reaches the engine and the disk, and what does not when somebody refuses.
 */
#include "manager_rig.h"

#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>

static void
test_commit_is_adopted_written_and_read_back(void **state UNUSED)
{
	struct world w;
	char *running;

	start_empty(&w);
	commit_a(&w);
	expect(&w, "GET", CONFIG, "", "", 200, "ETag: \"2\"");
	expect(&w, "GET", CONFIG, "", "", 200, "\"virtual-address\":[\"10.0.0.1/24\"]");
	expect(&w, "GET", "/restconf/data/tandem-interfaces:interfaces/dataplane=dp0s3/"
	       "tandem-vrrp:vrrp/vrrp-group=5/priority", "", "", 200,
	       "{\"tandem-vrrp:priority\":254}");
	expect(&w, "GET", "/restconf/data/tandem-state:vrrp-state/group=dp0s3,5,ipv4/state", "", "",
	       200, "MASTER");
	running = read_file(w.running);
	assert_non_null(running);
	assert_non_null(strstr(running, "10.0.0.1/24"));
	free(running);
	tear_down_world(&w);
}

static void
test_same_commit_twice_is_no_work(void **state UNUSED)
{
	struct world w;

	start_empty(&w);
	commit_a(&w);

	struct reply reply = ask(&w, "PUT", "/restconf/data", JSON "If-Match: \"2\"\r\n",
	                         config_a);

	assert_true(reply.status == 204 || reply.status == 200);
	assert_non_null(strstr(reply.text, "ETag: \"2\""));
	free(reply.text);
	assert_true(engine_hears_nothing(&w, 100));
	tear_down_world(&w);
}

static void
test_commit_on_an_old_revision_is_refused(void **state UNUSED)
{
	struct world w;

	start_empty(&w);
	commit_a(&w);
	expect(&w, "PUT", "/restconf/data", JSON "If-Match: \"1\"\r\n", "{}", 412,
	       "is revision 2 now");
	expect(&w, "DELETE", "/restconf/data/tandem-interfaces:interfaces",
	       "If-Match: \"1\"\r\n", "", 412, "is revision 2 now");
	expect(&w, "GET", CONFIG, "", "", 200, "10.0.0.1/24");
	assert_true(engine_hears_nothing(&w, 100));
	tear_down_world(&w);
}

static void
test_bad_configuration_changes_nothing_and_names_all_errors(void **state UNUSED)
{
	struct world w;
	struct stat before, after;
	char *text_before, *text_after;

	start_empty(&w);
	commit_a(&w);
	expect(&w, "POST", "/restconf/operations/tandem-state:save", "", "", 204, "");
	text_before = read_file(w.running);
	assert_int_equal(stat(w.saved, &before), 0);

	struct reply reply = ask(&w, "PUT", "/restconf/data", JSON, config_bad);

	assert_int_equal(reply.status, 400);
	assert_non_null(strstr(reply.body, "vrrp-group 5"));
	assert_non_null(strstr(reply.body, "vrrp-group 6"));
	assert_non_null(strstr(strstr(reply.body, "error-message") + 1, "error-message"));
	assert_null(strstr(reply.body, "secret"));
	assert_null(strstr(reply.body, "error-path"));	/* words are no instance-identifier */
	free(reply.text);

	text_after = read_file(w.running);
	assert_string_equal(text_before, text_after);
	assert_int_equal(stat(w.saved, &after), 0);
	assert_true(before.st_ino == after.st_ino && before.st_size == after.st_size);
	expect(&w, "GET", CONFIG, "", "", 200, "ETag: \"2\"");
	assert_true(engine_hears_nothing(&w, 100));
	free(text_before);
	free(text_after);
	tear_down_world(&w);
}

static void
test_dry_run_checks_and_changes_nothing(void **state UNUSED)
{
	struct world w;

	start_empty(&w);

	struct reply reply = ask(&w, "PUT", "/restconf/data?dry-run=true", JSON, config_a);

	assert_true(reply.status == 204 || reply.status == 200);
	free(reply.text);
	expect(&w, "PUT", "/restconf/data?dry-run=true", JSON, config_bad, 400, "vrrp-group 6");
	expect(&w, "PUT", "/restconf/data?dry-run=maybe", JSON, config_a, 400, "dry-run");
	expect(&w, "GET", CONFIG, "", "", 200, "{}");
	assert_true(engine_hears_nothing(&w, 100));
	tear_down_world(&w);
}

/* What the kernel refused comes back with the commit. */
static void
test_commit_tells_what_the_engine_said(void **state UNUSED)
{
	struct world w;
	int client;

	start_empty(&w);
	client = client_asks(&w, "PUT", "/restconf/data", JSON, config_a);
	(void)engine_adopts(&w, CHANNEL_INCOMPLETE, "dp0s3 does not exist\nsecond \"line\"");
	expect_answer(client, 200, "\"dp0s3 does not exist\",\"second \\\"line\\\"\"");
	expect(&w, "GET", "/restconf/data/tandem-state:system-state/problem=dp0s3%20does%20not"
	       "%20exist", "", "", 200, "dp0s3 does not exist");

	client = client_asks(&w, "PUT", "/restconf/data", JSON, "{}");
	(void)engine_adopts(&w, CHANNEL_REFUSED, "no room");
	expect_answer(client, 500, "the engine refused revision 3: no room");
	expect(&w, "GET", CONFIG, "", "", 200, "ETag: \"2\"");
	expect(&w, "GET", CONFIG, "", "", 200, "10.0.0.1/24");
	tear_down_world(&w);
}

/* One step that the kernel refuses: all is as before, here, in the engine and on the disk. */
static void
test_commit_that_the_kernel_refuses_is_taken_back(void **state UNUSED)
{
	struct channel_message message;
	struct settings *settings;
	struct world w;
	char *before, *after;
	int client;

	start_empty(&w);
	commit_a(&w);
	before = read_file(w.running);
	client = client_asks(&w, "PATCH", "/restconf/data", JSON,
	                     "{\"tandem-interfaces:interfaces\":{\"dataplane\":["
	                     "{\"name\":\"dp0s3\",\"mtu\":9000}]}}");
	message = engine_hears(&w, &settings);
	assert_int_equal(message.attempt, 1);
	assert_int_equal(settings->revision, 3);
	engine_runs(&w, settings, VROUTER_MASTER);
	free(settings);
	engine_answers(&w, &message, CHANNEL_KERNEL_REFUSED,
	               "dp0s3: cannot set mtu 9000: Invalid argument (too large)");

	/* The same as before, under the same number. */
	message = engine_hears(&w, &settings);
	assert_int_equal(message.kind, CHANNEL_ADOPT);
	assert_int_equal(message.attempt, 0);
	assert_int_equal(settings->revision, 2);
	assert_int_equal(settings_links(settings)[0].mtu, 0);
	engine_runs(&w, settings, VROUTER_MASTER);
	free(settings);
	engine_answers(&w, &message, CHANNEL_DONE, "");
	expect_answer(client, 500, "interfaces dataplane dp0s3: cannot set mtu 9000: Invalid "
	              "argument (too large)");
	expect(&w, "GET", CONFIG, "", "", 200, "ETag: \"2\"");
	after = read_file(w.running);
	assert_string_equal(after, before);

	/* Nobody ever saw the number: it is that of the next one. */
	client = client_asks(&w, "PATCH", "/restconf/data", JSON,
	                     "{\"tandem-interfaces:interfaces\":{\"dataplane\":["
	                     "{\"name\":\"dp0s3\",\"mtu\":1400}]}}");
	assert_int_equal(engine_adopts(&w, CHANNEL_DONE, ""), 3);
	expect_answer(client, 204, "ETag: \"3\"");
	free(before);
	free(after);
	tear_down_world(&w);
}

/* What the kernel may refuse comes first, while no group changes. */
static void
test_commit_is_rehearsed_beside_groups_that_stay(void **state UNUSED)
{
	struct channel_message message;
	struct settings *settings;
	struct world w;
	int client;

	start_empty(&w);
	commit_a(&w);
	client = client_asks(&w, "PUT", "/restconf/data", JSON,
	                     "{\"tandem-interfaces:interfaces\":{\"dataplane\":["
	                     "{\"name\":\"dp0s3\",\"mtu\":9000}]}}");
	message = engine_hears(&w, &settings);
	assert_int_equal(message.attempt, 1);
	assert_int_equal(settings->group_count, 1);
	assert_int_equal(settings_links(settings)[0].mtu, 9000);
	free(settings);
	engine_answers(&w, &message, CHANNEL_DONE, "");

	message = engine_hears(&w, &settings);
	assert_int_equal(message.attempt, 1);
	assert_int_equal(settings->group_count, 0);
	assert_int_equal(settings_links(settings)[0].mtu, 9000);
	assert_int_equal(settings->revision, 3);
	free(settings);
	expect(&w, "GET", CONFIG, "", "", 200, "ETag: \"2\"");
	engine_answers(&w, &message, CHANNEL_DONE, "");
	expect_answer(client, 204, "ETag: \"3\"");
	tear_down_world(&w);
}

/* Who commits meanwhile waits, and is then told that he began from an older revision. */
static void
test_commits_are_made_one_by_one(void **state UNUSED)
{
	struct channel_message message;
	struct settings *settings;
	struct world w;
	int first, second;

	start_empty(&w);
	first = client_asks(&w, "PUT", "/restconf/data", JSON "If-Match: \"1\"\r\n", config_a);
	message = engine_hears(&w, &settings);
	free(settings);
	second = client_asks(&w, "PUT", "/restconf/data", JSON "If-Match: \"1\"\r\n", config_a);
	assert_true(engine_hears_nothing(&w, 200));
	engine_answers(&w, &message, CHANNEL_DONE, "");
	expect_answer(first, 204, "ETag: \"2\"");
	expect_answer(second, 412, "revision 2 now");
	tear_down_world(&w);
}

static void
engine_says_hello(struct world *w)
{
	struct channel_message hello = { .version = CHANNEL_VERSION, .kind = CHANNEL_HELLO };

	assert_int_equal(channel_send(w->channel[0], &hello, -1), 0);
}

/* The next message is this revision, as an attempt or not. */
static struct channel_message
engine_hears_of(struct world *w, uint64_t revision, bool attempt)
{
	struct settings *settings;
	struct channel_message message = engine_hears(w, &settings);

	assert_int_equal(message.kind, CHANNEL_ADOPT);
	assert_int_equal(message.attempt, attempt);
	assert_int_equal(settings->revision, revision);
	free(settings);
	return message;
}

/* An engine that dies meanwhile is told again what it has to try, once it is at rest with what ran
 * before: what is refused of that is nothing new. */
static void
test_attempt_begins_anew_with_a_new_engine(void **state UNUSED)
{
	struct channel_message message;
	struct world w;
	int client;

	start_empty(&w);
	client = client_asks(&w, "PUT", "/restconf/data", JSON, config_a);
	(void)engine_hears_of(&w, 2, true);
	engine_says_hello(&w);
	message = engine_hears_of(&w, 1, false);
	engine_answers(&w, &message, CHANNEL_INCOMPLETE, "lo: cannot");
	message = engine_hears_of(&w, 2, true);
	engine_answers(&w, &message, CHANNEL_KERNEL_REFUSED, "dp0s3: cannot set mtu 9000: no");
	message = engine_hears_of(&w, 1, false);
	engine_answers(&w, &message, CHANNEL_DONE, "");
	expect_answer(client, 500, "dp0s3: cannot set mtu 9000");
	expect(&w, "GET", CONFIG, "", "", 200, "{}");
	tear_down_world(&w);
}

/* What the kernel may refuse it did not refuse before: groups that left stay away. */
static void
test_new_engine_after_the_rehearsal_goes_on(void **state UNUSED)
{
	struct channel_message message;
	struct world w;
	int client;

	start_empty(&w);
	commit_a(&w);
	client = client_asks(&w, "PUT", "/restconf/data", JSON,
	                     "{\"tandem-interfaces:interfaces\":{\"dataplane\":["
	                     "{\"name\":\"dp0s3\",\"mtu\":9000}]}}");
	message = engine_hears_of(&w, 3, true);
	engine_answers(&w, &message, CHANNEL_DONE, "");
	(void)engine_hears_of(&w, 3, true);
	engine_says_hello(&w);
	message = engine_hears_of(&w, 3, false);
	engine_answers(&w, &message, CHANNEL_DONE, "");
	expect_answer(client, 204, "ETag: \"3\"");
	tear_down_world(&w);
}

/* Engines that die of it one after the other are no reason to wait without end. */
static void
test_engines_that_die_of_it_hold_up_a_commit_for_a_moment(void **state UNUSED)
{
	struct channel_message message;
	struct world w;
	int client;

	start_empty(&w);
	client = client_asks(&w, "PUT", "/restconf/data", JSON, config_a);
	for (unsigned i = 0; i < 3; i++) {
		(void)engine_hears_of(&w, 2, true);
		engine_says_hello(&w);
		message = engine_hears_of(&w, 1, false);
		engine_answers(&w, &message, CHANNEL_DONE, "");
	}
	(void)engine_hears_of(&w, 2, true);
	engine_says_hello(&w);
	(void)engine_hears_of(&w, 2, true);
	expect_answer(client, 200, "engine does not answer; it will adopt revision 2");
	tear_down_world(&w);
}

/* An engine that is still at work with what was loaded is waited for. */
static void
test_nothing_is_tried_before_what_runs_is_settled(void **state UNUSED)
{
	struct channel_message message;
	struct settings *settings;
	struct world w;
	int client;

	set_up_world(&w, NULL);
	do
		message = engine_hears(&w, &settings);
	while (message.kind == CHANNEL_HELLO);
	assert_int_equal(message.kind, CHANNEL_ADOPT);
	free(settings);
	client = client_asks(&w, "PUT", "/restconf/data", JSON, config_a);
	message = engine_hears_of(&w, 1, false);
	assert_true(engine_hears_nothing(&w, 50));
	engine_answers(&w, &message, CHANNEL_INCOMPLETE, "lo: cannot");
	message = engine_hears_of(&w, 2, true);
	engine_answers(&w, &message, CHANNEL_DONE, "");
	expect_answer(client, 204, "ETag: \"2\"");
	/* And from now on it is at rest. */
	client = client_asks(&w, "PUT", "/restconf/data", JSON, "{}");
	message = engine_hears_of(&w, 3, true);
	engine_answers(&w, &message, CHANNEL_DONE, "");
	expect_answer(client, 204, "ETag: \"3\"");
	tear_down_world(&w);
}

/* A dead engine holds up a commit for a moment, and nobody else at all. */
static void
test_dead_engine_does_not_block(void **state UNUSED)
{
	struct world w;
	struct timespec begin, end;
	int client;

	start_empty(&w);
	clock_gettime(CLOCK_MONOTONIC, &begin);
	client = client_asks(&w, "PUT", "/restconf/data", JSON, config_a);
	expect(&w, "GET", CONFIG, "", "", 200, "{}");
	expect(&w, "GET", "/restconf/data/tandem-state:system-state", "", "", 200,
	       "\"adopted-revision\":\"1\"");
	expect_answer(client, 200, "engine does not answer; it will adopt revision 2 when it is "
	              "back");
	clock_gettime(CLOCK_MONOTONIC, &end);
	assert_in_range(end.tv_sec - begin.tv_sec, 2, 20);

	/* The engine is back: first it reads what was waiting, then it says hello. */
	struct channel_message hello = { .version = CHANNEL_VERSION, .kind = CHANNEL_HELLO };

	assert_int_equal(engine_adopts(&w, CHANNEL_DONE, ""), 2);
	assert_int_equal(channel_send(w.channel[0], &hello, -1), 0);
	assert_int_equal(engine_adopts(&w, CHANNEL_DONE, ""), 2);
	expect(&w, "GET", "/restconf/data/tandem-state:system-state", "", "", 200,
	       "\"adopted-revision\":\"2\"");
	tear_down_world(&w);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_commit_is_adopted_written_and_read_back),
		cmocka_unit_test(test_same_commit_twice_is_no_work),
		cmocka_unit_test(test_commit_on_an_old_revision_is_refused),
		cmocka_unit_test(test_bad_configuration_changes_nothing_and_names_all_errors),
		cmocka_unit_test(test_dry_run_checks_and_changes_nothing),
		cmocka_unit_test(test_commit_tells_what_the_engine_said),
		cmocka_unit_test(test_commit_that_the_kernel_refuses_is_taken_back),
		cmocka_unit_test(test_commit_is_rehearsed_beside_groups_that_stay),
		cmocka_unit_test(test_commits_are_made_one_by_one),
		cmocka_unit_test(test_attempt_begins_anew_with_a_new_engine),
		cmocka_unit_test(test_new_engine_after_the_rehearsal_goes_on),
		cmocka_unit_test(test_engines_that_die_of_it_hold_up_a_commit_for_a_moment),
		cmocka_unit_test(test_nothing_is_tried_before_what_runs_is_settled),
		cmocka_unit_test(test_dead_engine_does_not_block),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
