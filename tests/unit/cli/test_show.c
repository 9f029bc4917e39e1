/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Every layout, character for character: golden/<fixture>.json is state as the service gives it,
 * golden/<fixture>.<layout> what must be printed.  Both are written by hand from the description
 * of the layouts, never taken from the program's output.
 */
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>
#include <cmocka.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cli/connsync.h"
#include "cli/data.h"
#include "cli/print.h"
#include "cli/show.h"
#include "cli/virtual_server.h"

typedef void layout(FILE *out, const struct lyd_node *state);

static struct ly_ctx *schema;

static char *
read_golden(const char *fixture, const char *suffix)
{
	char path[512];
	char *text = calloc(1, 65536);
	FILE *file;

	snprintf(path, sizeof(path), "%s/%s.%s", GOLDEN_DIR, fixture, suffix);
	file = fopen(path, "r");
	assert_non_null(file);
	assert_true(fread(text, 1, 65535, file) > 0);
	fclose(file);
	return text;
}

static char *
print(layout *show, const struct lyd_node *state)
{
	char *printed;
	size_t length;
	FILE *out = open_memstream(&printed, &length);

	show(out, state);
	fclose(out);
	return printed;
}

static struct lyd_node *
parse(const char *json)
{
	struct lyd_node *tree = NULL;

	assert_int_equal(lyd_parse_data_mem(schema, json, LYD_JSON,
	                                    LYD_PARSE_ONLY | LYD_PARSE_STRICT, 0, &tree),
	                 LY_SUCCESS);
	return tree;
}

static void
check(const char *fixture, const char *container, const char *suffix, layout *show)
{
	char *json = read_golden(fixture, "json");
	char *expected = read_golden(fixture, suffix);
	struct lyd_node *tree = parse(json);
	const struct lyd_node *state = tree;
	char *printed;

	while (state && strcmp(LYD_NAME(state), container) != 0)
		state = state->next;
	assert_non_null(state);
	printed = print(show, state);
	assert_string_equal(printed, expected);
	free(printed);
	lyd_free_all(tree);
	free(expected);
	free(json);
}

static void
test_summary_of_a_pair_matches_its_golden(void **state UNUSED)
{
	check("pair", "vrrp-state", "summary", show_vrrp_summary);
}

static void
test_detail_of_a_pair_matches_its_golden(void **state UNUSED)
{
	check("pair", "vrrp-state", "detail", show_vrrp_detail);
}

static void
test_detail_of_tracked_groups_of_both_families_matches_its_golden(void **state UNUSED)
{
	check("tracked", "vrrp-state", "detail", show_vrrp_detail);
}

static void
test_summary_tells_both_families_apart(void **state UNUSED)
{
	check("tracked", "vrrp-state", "summary", show_vrrp_summary);
}

static void
test_alarms_match_their_golden(void **state UNUSED)
{
	check("tracked", "vrrp-state", "alarms", show_vrrp_alarms);
}

static void
test_groups_in_fault_say_why_below_the_table(void **state UNUSED)
{
	check("fault", "vrrp-state", "summary", show_vrrp_summary);
}

static void
test_alarms_of_groups_in_fault_name_what_is_down(void **state UNUSED)
{
	check("fault", "vrrp-state", "alarms", show_vrrp_alarms);
}

static void
test_detail_of_a_group_in_fault_names_what_is_down(void **state UNUSED)
{
	char *json = read_golden("fault", "json");
	struct lyd_node *tree = parse(json);
	char *printed = print(show_vrrp_detail, tree);

	assert_non_null(strstr(printed, "\n  Fault:                        tracked interface dp0s3 "
	                       "is down; tracked route 0.0.0.0/0 is missing\n"));
	/* A service that names nothing gives its reason still. */
	assert_non_null(strstr(printed, "\n  Fault:                        its interface is "
	                       "down\n"));
	free(printed);
	lyd_free_all(tree);
	free(json);
}

/* A terminal gets the sentences of a pipe, in lines that fit. */
static void
test_alarms_fit_a_terminal(void **state UNUSED)
{
	char *json = read_golden("tracked", "json");
	char *expected = read_golden("tracked", "alarms");
	struct lyd_node *tree = parse(json);
	char *printed, *at;
	size_t length;
	FILE *out = open_memstream(&printed, &length);

	print_shown_later(out, 80);
	show_vrrp_alarms(out, tree);
	print_shown_later(NULL, 0);
	fclose(out);
	for (at = printed; *at; at += strcspn(at, "\n") + 1)
		assert_in_range(strcspn(at, "\n"), 0, 80);
	while ((at = strstr(printed, "\n    "))) {
		*at = ' ';
		memmove(at + 1, at + 5, strlen(at + 5) + 1);
	}
	assert_string_equal(printed, expected);
	free(printed);
	lyd_free_all(tree);
	free(expected);
	free(json);
}

static void
test_no_alarms_say_so(void **state UNUSED)
{
	char *printed = print(show_vrrp_alarms, NULL);

	assert_string_equal(printed, "No alarms\n");
	free(printed);
}

static void
test_sync_groups_of_a_pair_match_their_golden(void **state UNUSED)
{
	check("pair", "vrrp-state", "sync-group", show_vrrp_sync_groups);
}

static void
test_statistics_match_their_golden(void **state UNUSED)
{
	check("counters", "vrrp-state", "statistics", show_vrrp_statistics);
}

static void
test_virtual_servers_match_their_golden(void **state UNUSED)
{
	check("servers", "virtual-server-state", "table", virtual_server_print);
	check("servers", "virtual-server-state", "detail", virtual_server_print_detail);
}

static void
test_interfaces_match_their_golden(void **state UNUSED)
{
	check("router", "interfaces-state", "interfaces", show_interfaces);
}

static void
test_routes_match_their_golden(void **state UNUSED)
{
	check("router", "routes-state", "routes", show_routes);
}

static void
test_no_routes_say_so(void **state UNUSED)
{
	char *printed = print(show_routes, NULL);

	assert_string_equal(printed, "No static routes\n");
	free(printed);
}

static void
test_system_matches_its_golden(void **state UNUSED)
{
	check("router", "system-state", "system", show_system);
}

static void
check_width(const char *fixture, const char *suffix)
{
	char *text = read_golden(fixture, suffix);

	for (char *line = strtok(text, "\n"); line; line = strtok(NULL, "\n"))
		assert_in_range(strlen(line), 1, 80);
	free(text);
}

static void
test_connsync_matches_its_golden_in_80_columns(void **state UNUSED)
{
	check("connsync", "connsync-state", "state", connsync_print);
	check("connsync", "connsync-state", "statistics", connsync_print_statistics);
	check_width("connsync", "state");
	check_width("connsync", "statistics");
}

static void
test_standby_connsync_with_a_dead_path_matches_its_golden(void **state UNUSED)
{
	check("standby", "connsync-state", "state", connsync_print);
	check_width("standby", "state");
}

/* Two seconds after the partner took over it is found out what passed here until then. */
static void
test_connsync_that_settles_promises_nothing_for_what_passed_here(void **state UNUSED)
{
	struct lyd_node *settles = parse("{\"tandem-state:connsync-state\":{\"running\":true,"
	                                 "\"role\":\"standby\",\"readiness\":\"synced\","
	                                 "\"settling\":true}}");
	struct lyd_node *settled = parse("{\"tandem-state:connsync-state\":{\"running\":true,"
	                                 "\"role\":\"standby\",\"readiness\":\"synced\","
	                                 "\"settling\":false}}");
	char *before = print(connsync_print, settles), *after = print(connsync_print, settled);

	assert_non_null(strstr(before, "synced, but for what passed here just now\n"));
	assert_null(strstr(before, "breaks no connection"));
	assert_non_null(strstr(after, "synced, a failover breaks no connection\n"));
	free(before);
	free(after);
	lyd_free_all(settles);
	lyd_free_all(settled);
}

static void
test_connsync_says_when_timers_will_be_put_right(void **state UNUSED)
{
	struct lyd_node *tree = parse("{\"tandem-state:connsync-state\":{\"running\":true,"
	                              "\"role\":\"active\",\"sweeping\":false,\"dumping\":false,"
	                              "\"sweep-left\":9,\"sweep-due\":\"17\"}}");
	char *printed = print(connsync_print, tree);

	assert_non_null(strstr(printed, "Next:                           puts timers right after "
	                       "the promotion, in 17s\n"));
	assert_null(strstr(printed, "Now:"));
	free(printed);
	lyd_free_all(tree);
}

static void
test_long_ends_of_a_path_take_lines_of_their_own(void **state UNUSED)
{
	struct lyd_node *tree = parse("{\"tandem-state:connsync-state\":{\"running\":false,"
	                              "\"path\":[{\"interface\":\"dp0bond0.1234\","
	                              "\"local\":\"2001:db8:1111:2222:3333:4444:5555:6666\","
	                              "\"remote\":\"2001:db8:1111:2222:3333:4444:5555:7777\","
	                              "\"alive\":true,\"sent\":\"5\"},"
	                              "{\"interface\":\"dp0s1\",\"local\":\"fe80::1\","
	                              "\"remote\":\"2001:db8:0:1::22\",\"alive\":true}]}}");
	char *printed = print(connsync_print, tree);
	const char *paths = strstr(printed, "Path ");

	assert_non_null(paths);
	assert_string_equal(paths,
		"Path            Local             Remote            State   Sent      Received\n"
		"dp0bond0.1234                                       alive   5         0\n"
		"                2001:db8:1111:2222:3333:4444:5555:6666\n"
		"                                  2001:db8:1111:2222:3333:4444:5555:7777\n"
		"dp0s1           fe80::1           2001:db8:0:1::22  alive   0         0\n");
	free(printed);
	lyd_free_all(tree);
}

static void
test_connsync_that_does_not_run_says_why(void **state UNUSED)
{
	struct lyd_node *tree = parse("{\"tandem-state:connsync-state\":{\"running\":false,"
	                              "\"trouble\":\"the routers are not paired\","
	                              "\"sync-group\":\"S\"}}");
	char *printed = print(connsync_print, tree);

	assert_string_equal(printed,
		"Sync group:                     S\n"
		"State:                          does not run\n"
		"Because: the routers are not paired\n");
	free(printed);
	lyd_free_all(tree);
}

static void
test_healthy_summary_ends_with_one_blank_line(void **state UNUSED)
{
	struct lyd_node *tree = parse("{\"tandem-state:vrrp-state\":{\"group\":[{\"interface\":"
	                              "\"eth0\",\"vrid\":255,\"family\":\"ipv4\","
	                              "\"state\":\"INIT\"}]}}");
	char *printed = print(show_vrrp_summary, tree);

	assert_string_equal(printed,
		"\n"
		"                                 RFC        Addr   Last        Sync\n"
		"Interface         Group  State   Compliant  Owner  Transition  Group\n"
		"---------         -----  -----   ---------  -----  ----------  -----\n"
		"eth0              255    INIT    no         no     0s          <none>\n"
		"\n");
	free(printed);
	lyd_free_all(tree);
}

static void
test_long_elapsed_time_keeps_a_blank_before_the_sync_group(void **state UNUSED)
{
	struct lyd_node *tree = parse("{\"tandem-state:vrrp-state\":{\"group\":[{\"interface\":"
	                              "\"dp0bond0.1234\",\"vrid\":1,\"family\":\"ipv4\","
	                              "\"state\":\"MASTER\","
	                              "\"since\":\"1255495000\",\"sync-group\":\"S\"}]}}");
	char *printed = print(show_vrrp_summary, tree);

	assert_non_null(strstr(printed, "no     2w12h44m55s S\n"));
	free(printed);
	lyd_free_all(tree);
}

static void
test_no_state_at_all_is_an_empty_table(void **state UNUSED)
{
	char *printed = print(show_vrrp_sync_groups, NULL);

	assert_string_equal(printed, "\n--------------------------------------------------\n");
	free(printed);
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
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_summary_of_a_pair_matches_its_golden),
		cmocka_unit_test(test_detail_of_a_pair_matches_its_golden),
		cmocka_unit_test(test_detail_of_tracked_groups_of_both_families_matches_its_golden),
		cmocka_unit_test(test_summary_tells_both_families_apart),
		cmocka_unit_test(test_alarms_match_their_golden),
		cmocka_unit_test(test_groups_in_fault_say_why_below_the_table),
		cmocka_unit_test(test_alarms_of_groups_in_fault_name_what_is_down),
		cmocka_unit_test(test_detail_of_a_group_in_fault_names_what_is_down),
		cmocka_unit_test(test_alarms_fit_a_terminal),
		cmocka_unit_test(test_no_alarms_say_so),
		cmocka_unit_test(test_sync_groups_of_a_pair_match_their_golden),
		cmocka_unit_test(test_statistics_match_their_golden),
		cmocka_unit_test(test_interfaces_match_their_golden),
		cmocka_unit_test(test_virtual_servers_match_their_golden),
		cmocka_unit_test(test_routes_match_their_golden),
		cmocka_unit_test(test_no_routes_say_so),
		cmocka_unit_test(test_system_matches_its_golden),
		cmocka_unit_test(test_connsync_matches_its_golden_in_80_columns),
		cmocka_unit_test(test_standby_connsync_with_a_dead_path_matches_its_golden),
		cmocka_unit_test(test_connsync_that_settles_promises_nothing_for_what_passed_here),
		cmocka_unit_test(test_connsync_says_when_timers_will_be_put_right),
		cmocka_unit_test(test_long_ends_of_a_path_take_lines_of_their_own),
		cmocka_unit_test(test_connsync_that_does_not_run_says_why),
		cmocka_unit_test(test_healthy_summary_ends_with_one_blank_line),
		cmocka_unit_test(test_long_elapsed_time_keeps_a_blank_before_the_sync_group),
		cmocka_unit_test(test_no_state_at_all_is_an_empty_table),
	};

	return cmocka_run_group_tests(tests, load_schema, free_schema);
}
