/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What holds for all groups, and for whole sync groups: service vrrp.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "sample.h"
#include "config/check.h"

#define PORT "interfaces dataplane dp0s1"
#define OTHER "interfaces dataplane dp0s2"
/* Two groups of sync group S: lines 1 to 6. */
#define TWO \
	"set " PORT " address 10.1.0.2/24\n" \
	"set " PORT " vrrp vrrp-group 1 virtual-address 10.1.0.1/24\n" \
	"set " PORT " vrrp vrrp-group 1 sync-group S\n" \
	"set " OTHER " address 10.2.0.2/24\n" \
	"set " OTHER " vrrp vrrp-group 2 virtual-address 10.2.0.1/24\n" \
	"set " OTHER " vrrp vrrp-group 2 sync-group S\n"
#define SYNC "service vrrp sync-group S"

static void
test_disabled_vrrp_runs_no_group(void **state)
{
	struct settings *s = sample_settings(TWO "set service vrrp disable", NULL);

	(void)state;
	assert_int_equal(s->group_count, 0);
	assert_int_equal(s->link_count, 2);
	free(s);
}

static void
test_defaults_hold_where_nothing_is_said(void **state)
{
	struct settings *s = sample_settings(
		TWO "set service vrrp start-delay 30\n"
		"set service vrrp garp master-refresh 60\n"
		"set " OTHER " vrrp start-delay 0\n"
		"set " OTHER " vrrp vrrp-group 2 garp master-repeat 2", NULL);
	const struct group_settings *groups = settings_groups(s);

	(void)state;
	assert_int_equal(groups[0].start_delay, 30 * NSEC_PER_SEC);
	assert_int_equal(groups[0].garp.refresh, 60 * NSEC_PER_SEC);
	assert_int_equal(groups[0].garp.repeat, 5);
	assert_int_equal(groups[1].start_delay, 0);
	assert_int_equal(groups[1].garp.refresh, 0);
	assert_int_equal(groups[1].garp.repeat, 2);
	free(s);
}

static void
test_version_of_all_is_that_of_groups_without_one(void **state)
{
	struct settings *s = sample_settings(
		TWO "set service vrrp version 3\n"
		"set " PORT " vrrp vrrp-group 1 fast-advertise-interval 500\n"
		"set " OTHER " vrrp vrrp-group 2 version 2\n"
		"set " OTHER " vrrp vrrp-group 2 advertise-interval 3", NULL);
	const struct group_settings *groups = settings_groups(s);

	(void)state;
	assert_int_equal(groups[0].version, 3);
	assert_int_equal(groups[0].interval, 500 * NSEC_PER_MSEC);
	assert_int_equal(groups[1].version, 2);
	free(s);
	sample_expect(TWO "set service vrrp version 3\n"
	              "set " PORT " vrrp vrrp-group 1 advertise-interval 2",
	              "E line 8: " PORT " vrrp vrrp-group 1 advertise-interval", "[C3]");
}

static void
test_own_interface_is_ignored_by_who_says_so(void **state)
{
	struct settings *s = sample_settings(
		TWO "set " OTHER " vrrp vrrp-group 2 track exclude-vrrp-interface", NULL);
	const struct group_settings *groups = settings_groups(s);

	(void)state;
	assert_false(groups[0].ignores_link);
	assert_true(groups[1].ignores_link);
	assert_int_equal(groups[1].track_count, 0);
	free(s);
}

static void
test_what_a_sync_group_tracks_all_members_track(void **state)
{
	struct settings *s = sample_settings(
		TWO "set service health-check script up command /bin/true\n"
		"set " SYNC " track script up weight type decrement\n"
		"set " SYNC " track script up weight value 20\n"
		"set " PORT " vrrp vrrp-group 1 track interface dp0s2", NULL);
	const struct group_settings *groups = settings_groups(s);
	const struct track_settings *tracks = settings_tracks(s);

	(void)state;
	assert_int_equal(groups[0].track_count, 2);
	assert_int_equal(groups[1].track_count, 1);
	assert_int_equal(tracks[groups[0].track_first + 1].weight, -20);
	assert_int_equal(tracks[groups[1].track_first].weight, -20);
	assert_string_equal(settings_objects(s)[tracks[groups[1].track_first].object].name,
	                    "script up");
	free(s);
}

static void
test_tracks_of_a_sync_group_are_checked_once(void **state)
{
	char *lines, *first;

	(void)state;
	lines = sample_problems(TWO "set " SYNC " track script x");
	first = strstr(lines, "there is no such script");
	assert_non_null(first);
	assert_null(strstr(first + 1, "there is no such script"));
	free(lines);
	sample_expect(TWO "set " SYNC " track interface dp0s2\n"
	              "set " PORT " vrrp vrrp-group 1 track interface dp0s2",
	              "E line 8: " PORT " vrrp vrrp-group 1 track interface dp0s2: the group "
	              "tracks this twice", "[T2]");
	sample_expect_none(TWO "set service health-check script up command /bin/true\n"
	                   "set " SYNC " track script up", "L24");
}

static void
test_program_of_a_sync_group_runs_in_one_member(void **state)
{
	struct settings *s = sample_settings(
		TWO "set " SYNC " run-transition-scripts master /bin/a\n"
		"set " SYNC " run-transition-scripts backup /bin/b\n"
		"set " SYNC " run-transition-scripts user nobody\n"
		"set " PORT " vrrp vrrp-group 1 run-transition-scripts backup /bin/own", NULL);
	const struct group_settings *groups = settings_groups(s);
	const struct program_settings *programs = settings_programs(s);

	(void)state;
	assert_string_equal(programs[groups[0].scripts[SCRIPT_MASTER]].command, "/bin/a");
	assert_string_equal(programs[groups[0].scripts[SCRIPT_MASTER]].user, "nobody");
	assert_string_equal(programs[groups[0].scripts[SCRIPT_BACKUP]].command, "/bin/own");
	assert_int_equal(groups[1].scripts[SCRIPT_MASTER], -1);
	assert_string_equal(programs[groups[1].scripts[SCRIPT_BACKUP]].command, "/bin/b");
	assert_int_equal(groups[0].scripts[SCRIPT_FAULT], -1);
	free(s);
}

static void
test_t4_program_without_room_is_refused(void **state)
{
	(void)state;
	sample_expect(TWO "set " SYNC " run-transition-scripts master /bin/a\n"
	              "set " PORT " vrrp vrrp-group 1 run-transition-scripts master /bin/b\n"
	              "set " OTHER " vrrp vrrp-group 2 run-transition-scripts master /bin/c",
	              "E line 7: " SYNC " run-transition-scripts master '/bin/a': every member",
	              "[T4]");
	sample_expect_none(TWO "set " SYNC " run-transition-scripts master /bin/a\n"
	                   "set " PORT " vrrp vrrp-group 1 run-transition-scripts master /bin/b",
	                   "E ");
}

static void
test_w13_sync_group_without_members_is_told(void **state)
{
	(void)state;
	sample_expect(TWO "set service vrrp sync-group T",
	              "W line 7: service vrrp sync-group T: no group is in", "[W13]");
	sample_expect_none(TWO "set " SYNC, "W13");
}

#define MANY 4000u

/* Each group in a sync group of its own that has a program and tracks a monitor of its own, which
 * has a host and a policy of its own; on the heap. */
static char *
text_of_many(void)
{
	char *text = NULL;
	size_t size;
	FILE *out = open_memstream(&text, &size);

	assert_non_null(out);
	for (unsigned i = 0; i < MANY; i++) {
		unsigned a = i / 250, b = i % 250;

		fprintf(out, "set " PORT " vif %u address 10.%u.%u.2/24\n", i + 1, a, b);
		fprintf(out, "set " PORT " vif %u vrrp vrrp-group 1 virtual-address 10.%u.%u.1\n",
		        i + 1, a, b);
		fprintf(out, "set " PORT " vif %u vrrp vrrp-group 1 sync-group S%u\n", i + 1, i);
		fprintf(out, "set service vrrp sync-group S%u run-transition-scripts master /x\n",
		        i);
		fprintf(out, "set service vrrp sync-group S%u track path-monitor monitor M%u "
		        "policy P%u\n", i, i, i);
		fprintf(out, "set service path-monitor host H%u target 192.0.2.1\n", i);
		fprintf(out, "set service path-monitor policy P%u requires type ping packet-loss "
		        "threshold 9\n", i);
		fprintf(out, "set service path-monitor monitor M%u type ping host H%u\n", i, i);
		fprintf(out, "set service path-monitor monitor M%u policy P%u\n", i, i);
		fprintf(out, "set service path-monitor monitor M%u probe-interval 1000\n", i);
	}
	fclose(out);
	return text;
}

/* Looking each thing up among all others would take several times as long. */
static void
test_many_of_everything_are_checked_no_slower_than_read(void **state)
{
	char *text = text_of_many();
	clock_t start = clock(), reading, checking = 0;
	struct lyd_node *tree = sample_tree(text);

	(void)state;
	reading = clock() - start;
	for (unsigned i = 0; i < 3; i++) {
		struct problems problems = { 0 };

		start = clock();
		assert_int_equal(check_tree_in_full(schema, &tree, NULL, &problems), 0);
		if (i == 0 || clock() - start < checking)
			checking = clock() - start;
		problems_done(&problems);
	}
	assert_true(checking < reading * 3 / 2);
	lyd_free_siblings(tree);
	free(text);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_disabled_vrrp_runs_no_group),
		cmocka_unit_test(test_defaults_hold_where_nothing_is_said),
		cmocka_unit_test(test_version_of_all_is_that_of_groups_without_one),
		cmocka_unit_test(test_own_interface_is_ignored_by_who_says_so),
		cmocka_unit_test(test_what_a_sync_group_tracks_all_members_track),
		cmocka_unit_test(test_tracks_of_a_sync_group_are_checked_once),
		cmocka_unit_test(test_program_of_a_sync_group_runs_in_one_member),
		cmocka_unit_test(test_t4_program_without_room_is_refused),
		cmocka_unit_test(test_w13_sync_group_without_members_is_told),
		cmocka_unit_test(test_many_of_everything_are_checked_no_slower_than_read),
	};

	return cmocka_run_group_tests(tests, sample_setup, sample_teardown);
}
