/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * How a manager starts, is started again and ends, and what it lets whom do.
 */
#include "manager_rig.h"

#include <grp.h>
#include <pwd.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

static void
test_start_without_files_is_empty_and_answers(void **state UNUSED)
{
	struct world w;

	start_empty(&w);
	expect(&w, "GET", CONFIG, "", "", 200, "{}");
	expect(&w, "GET", CONFIG, "", "", 200, "ETag: \"1\"");
	expect(&w, "GET", "/restconf/data/tandem-state:vrrp-state", "", "", 200,
	       "{\"tandem-state:vrrp-state\":{}}");
	expect(&w, "GET", "/restconf/data/tandem-state:system-state", "", "", 200,
	       "\"the engine does not run\"");
	expect(&w, "GET", "/restconf/data/tandem-state:interfaces-state/interface=lo", "", "",
	       200, "\"kind\":\"loopback\"");
	tear_down_world(&w);
}

static void
test_restarted_manager_goes_on_from_the_running_file(void **state UNUSED)
{
	struct world w;
	int status;

	start_empty(&w);
	commit_a(&w);
	kill(w.manager, SIGKILL);
	waitpid(w.manager, &status, 0);
	start_manager(&w);
	expect(&w, "GET", CONFIG, "", "", 200, "ETag: \"2\"");
	expect(&w, "GET", CONFIG, "", "", 200, "10.0.0.1/24");
	assert_int_equal(engine_adopts(&w, CHANNEL_DONE, ""), 2);
	tear_down_world(&w);
}

static void
test_saved_file_is_loaded_at_start(void **state UNUSED)
{
	struct world w;

	set_up_world(&w, saved_a);
	assert_int_equal(engine_adopts(&w, CHANNEL_DONE, ""), 2);
	expect(&w, "GET", CONFIG, "", "", 200, "\"preempt\":false");
	expect(&w, "GET", "/restconf/data/tandem-state:system-state/saved", "", "", 200, "true");
	tear_down_world(&w);
}

static void
test_bad_saved_file_stops_nothing_that_runs(void **state UNUSED)
{
	struct world w;
	struct settings *settings;
	char *before, *after;

	set_up_world(&w, "interfaces {\n\tdataplane dp0s3 {\n\t\taddress 10.0.0.300/24\n\t}\n}\n");
	assert_int_equal(engine_hears(&w, &settings).kind, CHANNEL_HELLO);
	assert_true(engine_hears_nothing(&w, 300));

	/* An engine that is there already says hello and is sent nothing either. */
	struct channel_message hello = { .version = CHANNEL_VERSION, .kind = CHANNEL_HELLO };

	assert_int_equal(channel_send(w.channel[0], &hello, -1), 0);
	assert_true(engine_hears_nothing(&w, 300));

	expect(&w, "GET", "/restconf/data/tandem-state:system-state", "", "", 200, "line 3");
	expect(&w, "GET", "/restconf/data/tandem-state:system-state", "", "", 200, "10.0.0.300");
	before = read_file(w.saved);
	expect(&w, "POST", "/restconf/operations/tandem-state:save", "", "", 409,
	       "did not load");
	after = read_file(w.saved);
	assert_string_equal(before, after);
	free(before);
	free(after);

	/* A commit ends the state of emergency, even that of an empty configuration. */
	int client = client_asks(&w, "PUT", "/restconf/data", JSON, "{}");

	assert_int_equal(engine_adopts(&w, CHANNEL_DONE, ""), 2);
	expect_answer(client, 204, "");
	commit_a(&w);
	expect(&w, "POST", "/restconf/operations/tandem-state:save", "", "", 204, "");
	after = read_file(w.saved);
	assert_non_null(strstr(after, "10.0.0.1/24"));
	free(after);
	tear_down_world(&w);
}

/* A client that waits when the service stops gets an answer. */
static void
test_stop_answers_who_waits(void **state UNUSED)
{
	struct world w;
	struct settings *settings;
	int client;

	start_empty(&w);
	client = client_asks(&w, "PUT", "/restconf/data", JSON, config_a);
	assert_int_equal(engine_hears(&w, &settings).kind, CHANNEL_ADOPT);
	free(settings);
	tear_down_world(&w);
	expect_answer(client, 503, "nothing was committed");
}

#define RESET "/restconf/operations/tandem-state:reset-master"
#define GARP "/restconf/operations/tandem-state:garp"
#define INPUT(interface, group) \
	"{\"tandem-state:input\":{\"interface\":\"" interface "\",\"group\":" group "}}"

static void
test_operations_reach_the_engine_and_its_word_comes_back(void **state UNUSED)
{
	struct world w;
	struct settings *settings;
	struct channel_message message;
	int client;

	start_empty(&w);
	expect(&w, "POST", RESET, JSON, INPUT("dp0s3", "5"), 404, "VRRP is not running\"");
	commit_a(&w);

	client = client_asks(&w, "POST", RESET, JSON, INPUT("dp0s3", "5"));
	message = engine_hears(&w, &settings);
	assert_int_equal(message.kind, CHANNEL_RESET_MASTER);
	assert_string_equal(message.interface, "dp0s3");
	assert_int_equal(message.vrid, 5);
	engine_answers(&w, &message, CHANNEL_DONE, "");
	expect_answer(client, 204, "");

	client = client_asks(&w, "POST", GARP, JSON, INPUT("dp0s3", "5"));
	message = engine_hears(&w, &settings);
	assert_int_equal(message.kind, CHANNEL_GARP);
	struct vrouter_status record;
	assert_true(memory_get_status(w.memory, 0, &record));
	record.state = VROUTER_BACKUP;
	assert_int_equal(memory_put_status(w.memory, 0, &record), 0);
	engine_answers(&w, &message, CHANNEL_NOT_MASTER, "");
	expect_answer(client, 409, "\"error-tag\":\"operation-failed\",\"error-message\":"
	              "\"VRRP group 5 on dp0s3 is in BACKUP: only a master announces\"");

	client = client_asks(&w, "POST", RESET, JSON, INPUT("dp0s3", "5"));
	message = engine_hears(&w, &settings);
	engine_answers(&w, &message, CHANNEL_NOT_MASTER, "");
	expect_answer(client, 200, "{\"tandem-state:output\":{\"message\":\"VRRP group 5 on "
	              "dp0s3 is already in BACKUP\"}}");

	expect(&w, "POST", RESET, JSON, INPUT("dp0s3", "6"), 404,
	       "No VRRP group 6 exists on dp0s3");
	expect(&w, "POST", RESET, JSON, INPUT("dp0s4", "5"), 404,
	       "VRRP is not running on dp0s4");
	expect(&w, "POST", RESET, JSON, INPUT("dp0s3", "0"), 400, "group");
	expect(&w, "POST", RESET, JSON, "{\"tandem-state:input\":{\"group\":5}}", 400,
	       "interface");
	expect(&w, "POST", RESET, JSON, "{\"tandem-state:input\":{\"color\":5}}", 400, "color");
	expect(&w, "POST", "/restconf/operations/tandem-state:explode", JSON, "{}", 404, "");
	expect(&w, "GET", RESET, "", "", 405, "Allow: POST, OPTIONS");
	expect(&w, "GET", "/restconf/operations", "", "", 200, "tandem-state:garp");
	tear_down_world(&w);
}

#define STRANGER 12345		/* a user id nobody trusts */

/* Run a request as another user; the status it got. */
static unsigned
status_as(const struct world *w, uid_t user, gid_t extra_group, const char *method,
          const char *path, const char *headers, const char *body)
{
	int status;
	pid_t pid;

	fflush(NULL);
	pid = fork();
	assert_true(pid >= 0);
	if (pid == 0) {
		if (setgroups(extra_group ? 1 : 0, &extra_group) < 0 ||
		    setresgid(user, user, user) < 0 || setresuid(user, user, user) < 0)
			_exit(0);
		_exit((int)(ask(w, method, path, headers, body).status / 2));
	}
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_true(WIFEXITED(status));
	return (unsigned)WEXITSTATUS(status) * 2;
}

static void
test_strangers_read_state_and_nothing_else(void **state UNUSED)
{
	struct world w;

	if (geteuid() != 0)
		skip();
	start_empty(&w);
	commit_a(&w);
	assert_int_equal(status_as(&w, STRANGER, 0, "GET", CONFIG, "", ""), 402);
	assert_int_equal(status_as(&w, STRANGER, 0, "GET", "/restconf/data/"
	                           "tandem-interfaces:interfaces", "", ""), 402);
	assert_int_equal(status_as(&w, STRANGER, 0, "PUT", "/restconf/data", JSON, "{}"), 402);
	assert_int_equal(status_as(&w, STRANGER, 0, "DELETE", "/restconf/data/"
	                           "tandem-interfaces:interfaces", "", ""), 402);
	assert_int_equal(status_as(&w, STRANGER, 0, "POST", RESET, JSON, INPUT("dp0s3", "5")), 402);
	assert_int_equal(status_as(&w, STRANGER, 0, "POST",
	                           "/restconf/operations/tandem-state:save", "", ""), 402);
	assert_int_equal(status_as(&w, STRANGER, 0, "GET", "/restconf/data/"
	                           "tandem-state:vrrp-state", "", ""), 200);
	assert_int_equal(status_as(&w, STRANGER, 0, "GET", "/restconf/data", "", ""), 200);
	assert_int_equal(status_as(&w, getpwnam(SERVICE_USER)->pw_uid, 0, "GET", CONFIG, "", ""),
	                 200);
	if (getgrnam("tandem"))
		assert_int_equal(status_as(&w, STRANGER, getgrnam("tandem")->gr_gid, "GET",
		                           CONFIG, "", ""), 200);
	assert_true(engine_hears_nothing(&w, 100));
	tear_down_world(&w);
}

/* Strangers that open all the connections they get do not keep root out. */
static void
test_strangers_cannot_use_up_the_connections(void **state UNUSED)
{
	struct world w;
	int ready[2], done[2];
	char byte = 0;
	pid_t pid;

	if (geteuid() != 0)
		skip();
	start_empty(&w);
	assert_int_equal(pipe(ready), 0);
	assert_int_equal(pipe(done), 0);
	fflush(NULL);
	pid = fork();
	if (pid == 0) {
		if (setresuid(STRANGER, STRANGER, STRANGER) < 0)
			_exit(1);
		for (unsigned i = 0; i < 60; i++)
			(void)client_connects(&w);
		(void)!write(ready[1], &byte, 1);
		(void)!read(done[0], &byte, 1);
		_exit(0);
	}
	assert_int_equal(read(ready[0], &byte, 1), 1);
	for (unsigned i = 0; i < 20; i++)
		expect(&w, "GET", CONFIG, "", "", 200, "{}");
	assert_int_equal(write(done[1], &byte, 1), 1);
	waitpid(pid, NULL, 0);
	close(ready[0]);
	close(ready[1]);
	close(done[0]);
	close(done[1]);
	tear_down_world(&w);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_start_without_files_is_empty_and_answers),
		cmocka_unit_test(test_restarted_manager_goes_on_from_the_running_file),
		cmocka_unit_test(test_saved_file_is_loaded_at_start),
		cmocka_unit_test(test_bad_saved_file_stops_nothing_that_runs),
		cmocka_unit_test(test_stop_answers_who_waits),
		cmocka_unit_test(test_operations_reach_the_engine_and_its_word_comes_back),
		cmocka_unit_test(test_strangers_read_state_and_nothing_else),
		cmocka_unit_test(test_strangers_cannot_use_up_the_connections),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
