/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The runner with the test as its engine: transition scripts in order, check scripts in time.
 */
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include "core/errand.h"
#include "core/status.h"
#include "post_rig.h"
#include "system/process.h"

static struct post_rig rig;

static int
set_up(void **state)
{
	(void)state;
	post_rig_start(&rig, runner_main);
	return 0;
}

static int
tear_down(void **state)
{
	(void)state;
	return post_rig_stop(&rig) == 0 ? 0 : -1;
}

/* One group whose four states run the same script. */
static struct settings *
one_script(const char *script, uint32_t groups)
{
	struct settings *s = post_rig_settings(groups, 0, 1);

	snprintf(settings_programs(s)->command, COMMAND_SIZE, "%s",
	         post_rig_path(&rig, script));
	for (uint32_t g = 0; g < groups; g++)
		for (unsigned i = 0; i < GROUP_SCRIPTS; i++)
			settings_groups(s)[g].scripts[i] = 0;
	return s;
}

static void
tell_state(uint8_t vrid, enum vrouter_state state, uint64_t sequence)
{
	struct channel_message message = {
		.kind = CHANNEL_STATE,
		.interface = "eth0",
		.vrid = vrid,
		.family = 4,
		.state = state,
		.reason = state == VROUTER_MASTER ? REASON_NO_ADVERT : REASON_STARTED,
		.script = ERRAND_NONE,
		.sequence = sequence,
	};

	post_rig_send(&rig, &message);
}

/* One check script with this text. */
static struct settings *
one_check(const char *script, int interval, int timeout, uint8_t rise, uint8_t fall)
{
	struct settings *s = post_rig_settings(0, 1, 0);
	struct check_settings *check = settings_checks(s);

	check->kind = CHECK_SCRIPT;
	snprintf(check->text, sizeof(check->text), "%s", post_rig_path(&rig, script));
	check->interval = interval * NSEC_PER_MSEC;
	check->timeout = timeout * NSEC_PER_MSEC;
	check->rise = rise;
	check->fall = fall;
	return s;
}

struct search {
	struct program_words pattern;
	bool found;
};

static void
compare(void *owner, const struct process *process)
{
	struct search *search = owner;

	search->found = search->found || process_matches(process, &search->pattern);
}

static bool
runs(const char *command)
{
	struct search search = { .found = false };

	assert_int_equal(program_split(command, &search.pattern, NULL), 0);
	process_each(compare, &search);
	return search.found;
}

/* ---- transition scripts --------------------------------------------------------------------- */

static void
test_script_is_called_with_state_interface_and_number(void **state)
{
	struct channel_message ran;
	struct settings *s;

	(void)state;
	post_rig_write(&rig, "notify", "#!/bin/sh\nexec >>\"${0%/*}/out\"\n"
	               "echo \"$# $* $TANDEM_STATE $TANDEM_INTERFACE $TANDEM_GROUP $TANDEM_FAMILY "
	               "$TANDEM_SEQUENCE $TANDEM_REASON\"\n", 0755);
	s = one_script("notify", 1);
	post_rig_adopt(&rig, s);
	tell_state(10, VROUTER_BACKUP, 5);
	ran = post_rig_expect(&rig, CHANNEL_RAN);
	assert_int_equal(ran.script, SCRIPT_BACKUP);
	assert_int_equal(ran.vrid, 10);
	assert_string_equal(ran.interface, "eth0");
	tell_state(10, VROUTER_MASTER, 6);
	assert_int_equal(post_rig_expect(&rig, CHANNEL_RAN).script, SCRIPT_MASTER);
	assert_string_equal(post_rig_read(&rig, "out"),
	                    "3 backup eth0 10 backup eth0 10 4 5 started\n"
	                    "3 master eth0 10 master eth0 10 4 6 no advertisement heard\n");
	free(s);
}

static void
test_flap_storm_runs_scripts_in_order_one_at_a_time_and_ends_right(void **state)
{
	const char *line;
	char last[16] = "", begun[16];
	struct channel_message ran;
	struct settings *s;
	unsigned runs_seen = 0;

	(void)state;
	post_rig_write(&rig, "notify", "#!/bin/sh\nexec >>\"${0%/*}/out\"\n"
	               "echo \"begin $1\"; sleep 0.05; echo \"end $1\"\n", 0755);
	s = one_script("notify", 1);
	post_rig_adopt(&rig, s);
	for (unsigned i = 0; i < 61; i++) {
		tell_state(10, i % 3 == 0 ? VROUTER_MASTER : i % 3 == 1 ? VROUTER_BACKUP :
		           VROUTER_FAULT, 1 + i);
		if (i % 20 == 19)	/* the storm goes on while they run */
			(void)post_rig_expect(&rig, CHANNEL_RAN);
	}
	do
		ran = post_rig_expect(&rig, CHANNEL_RAN);
	while (ran.sequence != 61 || ran.script != SCRIPT_MASTER);
	for (line = post_rig_read(&rig, "out"); *line; line = strchr(line, '\n') + 1) {
		if (sscanf(line, "begin %15s", begun) == 1) {
			assert_string_not_equal(begun, last);
			strcpy(last, begun);
			runs_seen++;
		} else {
			char ended[16];

			assert_int_equal(sscanf(line, "end %15s", ended), 1);
			assert_string_equal(ended, begun);	/* never two at once */
		}
	}
	assert_string_equal(last, "master");
	assert_in_range(runs_seen, 2, 20);
	free(s);
}

static void
test_repeated_state_runs_nothing_not_even_for_a_successor(void **state)
{
	struct settings *s;
	struct channel_message again = { .kind = CHANNEL_STATE, .interface = "eth0", .vrid = 10,
	                                 .family = 4, .state = VROUTER_MASTER,
	                                 .script = SCRIPT_MASTER, .sequence = 2 };

	(void)state;
	post_rig_write(&rig, "notify", "#!/bin/sh\necho $1 >>\"${0%/*}/out\"\n", 0755);
	s = one_script("notify", 1);
	post_rig_adopt(&rig, s);
	tell_state(10, VROUTER_MASTER, 1);
	(void)post_rig_expect(&rig, CHANNEL_RAN);
	tell_state(10, VROUTER_MASTER, 2);
	post_rig_adopt(&rig, s);
	assert_false(post_rig_hears(&rig, CHANNEL_RAN, 200));
	kill(rig.pid, SIGKILL);
	(void)waitpid(rig.pid, NULL, 0);
	post_rig_restart(&rig);
	post_rig_adopt(&rig, s);
	post_rig_send(&rig, &again);
	assert_false(post_rig_hears(&rig, CHANNEL_RAN, 200));
	assert_string_equal(post_rig_read(&rig, "out"), "master\n");
	free(s);
}

static void
test_slow_script_of_one_group_does_not_delay_another(void **state)
{
	struct settings *s;

	(void)state;
	post_rig_write(&rig, "notify", "#!/bin/sh\n[ $3 = 10 ] && exec sleep 600\nexit 0\n", 0755);
	s = one_script("notify", 2);
	post_rig_adopt(&rig, s);
	tell_state(10, VROUTER_MASTER, 1);
	tell_state(11, VROUTER_MASTER, 2);
	assert_int_equal(post_rig_expect(&rig, CHANNEL_RAN).vrid, 11);
	free(s);
}

static void
test_group_that_leaves_the_settings_runs_its_stop_script(void **state)
{
	struct settings *s, *without = post_rig_settings(0, 0, 0);

	(void)state;
	post_rig_write(&rig, "notify", "#!/bin/sh\necho $1 >>\"${0%/*}/out\"\n", 0755);
	s = one_script("notify", 1);
	post_rig_adopt(&rig, s);
	tell_state(10, VROUTER_BACKUP, 1);
	(void)post_rig_expect(&rig, CHANNEL_RAN);
	post_rig_adopt(&rig, without);
	assert_int_equal(post_rig_expect(&rig, CHANNEL_RAN).script, SCRIPT_STOP);
	assert_string_equal(post_rig_read(&rig, "out"), "backup\nstop\n");
	free(s);
	free(without);
}

static void
test_group_whose_scripts_are_removed_runs_none(void **state)
{
	struct settings *s, *without = post_rig_settings(1, 0, 0);

	(void)state;
	post_rig_write(&rig, "notify", "#!/bin/sh\necho $1 >>\"${0%/*}/out\"\n", 0755);
	s = one_script("notify", 1);
	post_rig_adopt(&rig, s);
	tell_state(10, VROUTER_BACKUP, 1);
	(void)post_rig_expect(&rig, CHANNEL_RAN);
	post_rig_adopt(&rig, without);
	tell_state(10, VROUTER_MASTER, 2);
	assert_int_equal(post_rig_expect(&rig, CHANNEL_RAN).script, SCRIPT_STOP);
	assert_false(post_rig_hears(&rig, CHANNEL_RAN, 200));
	assert_string_equal(post_rig_read(&rig, "out"), "backup\n");
	free(s);
	free(without);
}

static void
test_stop_of_the_service_ends_what_hangs_and_runs_the_stop_script(void **state)
{
	struct settings *s;
	int status;

	(void)state;
	post_rig_write(&rig, "notify", "#!/bin/sh\necho $1 >>\"${0%/*}/out\"\n"
	               "[ $1 = stop ] || exec sleep 600\n", 0755);
	s = one_script("notify", 1);
	post_rig_adopt(&rig, s);
	tell_state(10, VROUTER_MASTER, 1);
	POST_RIG_AWAIT(strcmp(post_rig_read(&rig, "out"), "master\n") == 0);
	kill(rig.pid, SIGTERM);
	assert_int_equal(waitpid(rig.pid, &status, 0), rig.pid);
	assert_int_equal(status, 0);
	assert_string_equal(post_rig_read(&rig, "out"), "master\nstop\n");
	post_rig_restart(&rig);
	free(s);
}

static void
test_script_dies_with_a_killed_runner(void **state)
{
	char command[256];
	struct settings *s;

	(void)state;
	post_rig_write(&rig, "notify", "#!/bin/sh\nwhile :; do sleep 0.01; done\n", 0755);
	snprintf(command, sizeof(command), "/bin/sh %s master eth0 10",
	         post_rig_path(&rig, "notify"));
	s = one_script("notify", 1);
	post_rig_adopt(&rig, s);
	tell_state(10, VROUTER_MASTER, 1);
	POST_RIG_AWAIT(runs(command));
	kill(rig.pid, SIGKILL);
	(void)waitpid(rig.pid, NULL, 0);
	POST_RIG_AWAIT(!runs(command));
	post_rig_restart(&rig);
	free(s);
}

static void
test_script_has_no_power_and_no_way_to_any(void **state)
{
	struct settings *s;
	const char *out;

	(void)state;
	if (geteuid() != 0)
		skip();
	post_rig_write(&rig, "notify", "#!/bin/sh\nexec >\"${0%/*}/out\"\n"
	               "id -u; grep -E '^(Cap|NoNew)' /proc/self/status\n"
	               "kill -0 $PPID && echo 'may kill the runner'\n"
	               "cat /proc/sys/kernel/random/boot_id >/proc/$PPID/mem\n", 0755);
	s = one_script("notify", 1);
	strcpy(settings_programs(s)->user, "daemon");
	post_rig_write(&rig, "out", "", 0666);
	post_rig_adopt(&rig, s);
	tell_state(10, VROUTER_MASTER, 1);
	(void)post_rig_expect(&rig, CHANNEL_RAN);
	out = post_rig_read(&rig, "out");
	/* It could have nothing if it were root: the bounding set is empty. */
	assert_non_null(strstr(out, "1\nCapInh:\t0000000000000000\nCapPrm:\t0000000000000000\n"
	                       "CapEff:\t0000000000000000\nCapBnd:\t0000000000000000\n"
	                       "CapAmb:\t0000000000000000\nNoNewPrivs:\t1\n"));
	free(s);
}

static void
test_script_never_runs_as_root(void **state)
{
	struct settings *s;

	(void)state;
	if (geteuid() != 0)
		skip();
	post_rig_write(&rig, "out", "", 0666);
	post_rig_write(&rig, "notify", "#!/bin/sh\nid -u >\"${0%/*}/out\"\n", 0755);
	s = one_script("notify", 1);
	strcpy(settings_programs(s)->user, "root");
	post_rig_adopt(&rig, s);
	tell_state(10, VROUTER_MASTER, 1);
	(void)post_rig_expect(&rig, CHANNEL_RAN);
	assert_string_equal(post_rig_read(&rig, "out"), "");
	free(s);
}

/* ---- check scripts -------------------------------------------------------------------------- */

static void
test_check_goes_up_and_down_and_is_told_again_after_an_adopt(void **state)
{
	struct channel_message track;
	struct settings *s;

	(void)state;
	post_rig_write(&rig, "check", "#!/bin/sh\n[ -e \"${0%/*}/good\" ]\n", 0755);
	s = one_check("check", 30, 5000, 2, 2);
	post_rig_adopt(&rig, s);
	track = post_rig_expect(&rig, CHANNEL_TRACK);
	assert_int_equal(track.up, 0);
	assert_int_equal(track.revision, 7);
	assert_int_equal(track.index, 0);
	assert_string_equal(track.text, "check 0");
	post_rig_write(&rig, "good", "", 0644);
	assert_int_equal(post_rig_expect(&rig, CHANNEL_TRACK).up, 1);
	assert_false(post_rig_hears(&rig, CHANNEL_TRACK, 200));
	s->serial = 8;
	post_rig_adopt(&rig, s);
	track = post_rig_expect(&rig, CHANNEL_TRACK);
	assert_int_equal(track.up, 1);
	assert_int_equal(track.revision, 8);
	unlink(post_rig_path(&rig, "good"));
	assert_int_equal(post_rig_expect(&rig, CHANNEL_TRACK).up, 0);
	free(s);
}

static void
test_successor_needs_as_many_failures_as_its_predecessor(void **state)
{
	struct channel_message track = { .kind = CHANNEL_TRACK, .up = 1, .text = "check 0" };
	struct settings *s;

	(void)state;
	/* It fails four times, and no fifth time before we have looked. */
	post_rig_write(&rig, "out", "", 0666);
	post_rig_write(&rig, "check", "#!/bin/sh\n"
	               "[ $(wc -c <\"${0%/*}/out\") -lt 4 ] || exec sleep 600\n"
	               "echo >>\"${0%/*}/out\"; exit 1\n", 0755);
	s = one_check("check", 30, 600000, 1, 4);
	kill(rig.pid, SIGSTOP);		/* what was known is there before the first try ends */
	post_rig_adopt(&rig, s);
	post_rig_send(&rig, &track);
	kill(rig.pid, SIGCONT);
	assert_int_equal(post_rig_expect(&rig, CHANNEL_TRACK).up, 0);
	assert_int_equal(strlen(post_rig_read(&rig, "out")), 4);
	free(s);
}

static void
test_hanging_check_is_down_and_leaves_nothing_behind(void **state)
{
	struct settings *s;
	char command[256];

	(void)state;
	post_rig_write(&rig, "check", "#!/bin/sh\ntrap '' TERM\n[ -e \"${0%/*}/bad\" ] || exit 0\n"
	               "sh -c \"trap '' TERM; while :; do sleep 0.01; done\" $0 &\nwait\n", 0755);
	snprintf(command, sizeof(command),
	         "sh -c \"trap '' TERM; while :; do sleep 0.01; done\" %s",
	         post_rig_path(&rig, "check"));
	s = one_check("check", 50, 2000, 1, 2);
	post_rig_adopt(&rig, s);
	assert_int_equal(post_rig_expect(&rig, CHANNEL_TRACK).up, 1);
	post_rig_write(&rig, "bad", "", 0644);
	POST_RIG_AWAIT(runs(command));
	assert_int_equal(post_rig_expect(&rig, CHANNEL_TRACK).up, 0);
	unlink(post_rig_path(&rig, "bad"));
	assert_int_equal(post_rig_expect(&rig, CHANNEL_TRACK).up, 1);
	POST_RIG_AWAIT(!runs(command));
	free(s);
}

static void
test_one_check_never_runs_twice_at_once(void **state)
{
	struct settings *s;
	const char *line;

	(void)state;
	post_rig_write(&rig, "check", "#!/bin/sh\nexec >>\"${0%/*}/out\"\n"
	               "echo begin; sleep 0.1; echo end\n", 0755);
	s = one_check("check", 20, 2000, 1, 1);
	post_rig_adopt(&rig, s);
	POST_RIG_AWAIT(strlen(post_rig_read(&rig, "out")) >= 5 * strlen("begin\nend\n"));
	line = post_rig_read(&rig, "out");
	for (unsigned i = 0; i < 5; i++, line += strlen("begin\nend\n"))
		assert_memory_equal(line, "begin\nend\n", strlen("begin\nend\n"));
	free(s);
}

static void
test_program_that_others_can_write_is_a_failed_check(void **state)
{
	struct settings *s;

	(void)state;
	post_rig_write(&rig, "check", "#!/bin/sh\necho ran >\"${0%/*}/out\"\n", 0777);
	s = one_check("check", 30, 5000, 1, 1);
	post_rig_adopt(&rig, s);
	assert_int_equal(post_rig_expect(&rig, CHANNEL_TRACK).up, 0);
	assert_string_equal(post_rig_read(&rig, "out"), "");
	free(s);
}

static void
test_changed_command_starts_anew_and_a_removed_check_is_silent(void **state)
{
	struct settings *s, *without = post_rig_settings(0, 0, 0);

	(void)state;
	post_rig_write(&rig, "good", "#!/bin/sh\nexit 0\n", 0755);
	post_rig_write(&rig, "bad", "#!/bin/sh\nexit 3\n", 0755);
	s = one_check("good", 30, 5000, 5, 5);
	post_rig_adopt(&rig, s);
	assert_int_equal(post_rig_expect(&rig, CHANNEL_TRACK).up, 1);
	free(s);
	s = one_check("bad", 30, 5000, 5, 5);
	post_rig_adopt(&rig, s);
	assert_int_equal(post_rig_expect(&rig, CHANNEL_TRACK).up, 0);
	post_rig_adopt(&rig, without);
	assert_false(post_rig_hears(&rig, CHANNEL_TRACK, 300));
	free(s);
	free(without);
}

#define WITH_RUNNER(function) cmocka_unit_test_setup_teardown(function, set_up, tear_down)

int
main(void)
{
	const struct CMUnitTest tests[] = {
		WITH_RUNNER(test_script_is_called_with_state_interface_and_number),
		WITH_RUNNER(test_flap_storm_runs_scripts_in_order_one_at_a_time_and_ends_right),
		WITH_RUNNER(test_repeated_state_runs_nothing_not_even_for_a_successor),
		WITH_RUNNER(test_slow_script_of_one_group_does_not_delay_another),
		WITH_RUNNER(test_group_that_leaves_the_settings_runs_its_stop_script),
		WITH_RUNNER(test_group_whose_scripts_are_removed_runs_none),
		WITH_RUNNER(test_stop_of_the_service_ends_what_hangs_and_runs_the_stop_script),
		WITH_RUNNER(test_script_dies_with_a_killed_runner),
		WITH_RUNNER(test_script_has_no_power_and_no_way_to_any),
		WITH_RUNNER(test_script_never_runs_as_root),
		WITH_RUNNER(test_check_goes_up_and_down_and_is_told_again_after_an_adopt),
		WITH_RUNNER(test_successor_needs_as_many_failures_as_its_predecessor),
		WITH_RUNNER(test_hanging_check_is_down_and_leaves_nothing_behind),
		WITH_RUNNER(test_one_check_never_runs_twice_at_once),
		WITH_RUNNER(test_program_that_others_can_write_is_a_failed_check),
		WITH_RUNNER(test_changed_command_starts_anew_and_a_removed_check_is_silent),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
