/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Commits on trial, and the revisions that are kept.
 */
#include "manager_rig.h"

#define COMMITS "/restconf/data/tandem-state:commit-state"

static void
test_unconfirmed_commit_is_taken_back_and_the_engine_told(void **state UNUSED)
{
	struct world w;

	start_empty(&w);
	try_a(&w, "5");
	expect(&w, "GET", COMMITS, "", "", 200, "\"trial\":{\"returns-to\":\"1\"");
	expect(&w, "GET", COMMITS, "", "", 200, "\"via\":\"cli\",\"comment\":\"a try\"");
	assert_int_equal(engine_adopts(&w, CHANNEL_DONE, ""), 3);
	expect(&w, "GET", CONFIG, "", "", 200, "{}");
	expect(&w, "GET", COMMITS, "", "", 200, "revision 2 was not confirmed");
	expect(&w, "POST", "/restconf/operations/tandem-state:confirm", "", "", 409,
	       "nothing waits to be confirmed");
	expect(&w, "GET", CONFIG "&revision=2", "", "", 200, "10.0.0.1/24");
	tear_down_world(&w);
}

static void
test_trial_lets_nobody_else_commit_or_save(void **state UNUSED)
{
	struct world w;
	int client;

	start_empty(&w);
	try_a(&w, "600");
	expect(&w, "DELETE", "/restconf/data/tandem-interfaces:interfaces/dataplane=dp0s3/"
	       "tandem-vrrp:vrrp", "", "", 409,
	       "waits to be confirmed, else revision 1 comes back");
	expect(&w, "POST", "/restconf/operations/tandem-state:save", "", "", 409,
	       "'confirm' first");
	expect(&w, "PUT", "/restconf/data?dry-run=true", JSON, config_a, 204, "");
	assert_true(engine_hears_nothing(&w, 20));

	/* Back at once. */
	client = client_asks(&w, "PUT", "/restconf/data", JSON, "{}");
	assert_int_equal(engine_adopts(&w, CHANNEL_DONE, ""), 3);
	expect_answer(client, 204, "");
	expect(&w, "GET", COMMITS, "", "", 200, "\"revision\":\"3\",\"commit\"");
	tear_down_world(&w);
}

static void
test_confirmed_commit_stays(void **state UNUSED)
{
	struct world w;

	start_empty(&w);
	try_a(&w, "5");
	expect(&w, "POST", "/restconf/operations/tandem-state:confirm", "", "", 204, "");
	assert_true(engine_hears_nothing(&w, 5500));
	expect(&w, "GET", CONFIG, "", "", 200, "10.0.0.1/24");
	expect(&w, "POST", "/restconf/operations/tandem-state:save", "", "", 204, "");
	tear_down_world(&w);
}

static void
test_revisions_are_compared_for_programs(void **state UNUSED)
{
	static const char path[] = "/restconf/operations/tandem-state:difference";
	struct world w;

	start_empty(&w);
	commit_a(&w);
	expect(&w, "POST", path, JSON,
	       "{\"tandem-state:input\":{\"from\":\"1\",\"to\":\"2\"}}", 200,
	       "{\"tandem-state:output\":{\"difference\":\"[edit]\\u000a+interfaces {");
	expect(&w, "POST", path, JSON,
	       "{\"tandem-state:input\":{\"from\":\"1\",\"to\":\"9\"}}", 404,
	       "revision 9 is not kept");
	expect(&w, "POST", path, JSON, "{\"tandem-state:input\":{\"from\":\"1\"}}", 400, "");
	expect(&w, "GET", CONFIG "&revision=saved", "", "", 404, "no saved configuration");
	expect(&w, "GET", "/restconf/data/tandem-interfaces:interfaces/dataplane=dp0s3?revision=2",
	       "", "", 200, "\"name\":\"dp0s3\"");
	expect(&w, "GET", "/restconf/data/tandem-interfaces:interfaces/dataplane=dp0s3?revision=1",
	       "", "", 404, "nothing at");
	tear_down_world(&w);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_unconfirmed_commit_is_taken_back_and_the_engine_told),
		cmocka_unit_test(test_trial_lets_nobody_else_commit_or_save),
		cmocka_unit_test(test_confirmed_commit_stays),
		cmocka_unit_test(test_revisions_are_compared_for_programs),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
