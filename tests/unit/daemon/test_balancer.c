/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The balancer with the test as its engine and as the manager at its hatch, in a network namespace
 * of its own.  What it does to a kernel that has IPVS is in tests/system/test_virtual_servers.py;
 * here is what it does where there is none.
 */
#include <errno.h>
#include <sched.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include "daemon/balancedoor.h"
#include "post_rig.h"
#include "system/clock.h"
#include "system/ipvs.h"

#define REALS (2 * BALANCEDOOR_PAGE + 5)

static struct post_rig rig;
static int hatch[2];			/* [0] the balancer's end */

static int
run_balancer(const struct role_options *options, int channel)
{
	return balancer_main(options, channel, hatch[0]);
}

static int
set_up(void **state)
{
	struct error error;
	struct ipvs *ipvs;

	(void)state;
	if (geteuid() != 0 || unshare(CLONE_NEWNET) < 0)
		skip();
	if (ipvs_is_loaded() || ipvs_open(&ipvs, &error) == 0)
		skip();			/* this kernel has it */
	assert_int_equal(socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_NONBLOCK, 0, hatch), 0);
	post_rig_start(&rig, run_balancer);
	return 0;
}

static int
tear_down(void **state)
{
	(void)state;
	close(hatch[0]);
	close(hatch[1]);
	return post_rig_stop(&rig) == 0 ? 0 : -1;
}

/* A virtual server with many real ones, each with a check of its own. */
static struct settings *
some_settings(void)
{
	struct settings_counts counts = { .checks = REALS, .virtuals = 1, .reals = REALS };
	struct settings *source = post_rig_settings(0, REALS, 0), *s = settings_new(&counts);
	struct virtual_settings *server = settings_virtuals(s);

	s->revision = source->revision;
	s->serial = source->serial;
	memcpy(settings_checks(s), settings_checks(source),
	       REALS * sizeof(struct check_settings));
	strcpy(server->name, "web");
	server->family = 4;
	server->protocol = VIRTUAL_TCP;
	server->port = 80;
	server->real_count = REALS;
	assert_true(ip_parse("10.0.0.1", &server->address));
	for (uint32_t i = 0; i < REALS; i++) {
		uint8_t bytes[4] = { 10, 0, 1, (uint8_t)(i + 1) };

		settings_reals(s)[i].address = ip_from_v4(bytes);
		settings_reals(s)[i].weight = 1;
		settings_reals(s)[i].check = (int32_t)i;
	}
	free(source);
	return s;
}

/* All that it tells through the hatch. */
static struct balancedoor_record *
ask(char trouble[256])
{
	struct balancedoor_record *records;
	uint32_t count;

	assert_int_equal(balancedoor_ask(hatch[1], 30 * NSEC_PER_SEC, &records, &count, trouble),
	                 0);
	assert_int_equal(count, 1 + REALS);
	return records;
}

static void
test_kernel_without_ipvs_is_a_problem_and_no_end(void **state)
{
	struct settings *s = some_settings(), *none = post_rig_settings(0, 0, 0);

	(void)state;
	post_rig_adopt(&rig, s);
	assert_non_null(strstr(post_rig_expect(&rig, CHANNEL_PROBLEMS).text,
	                       "Virtual servers do not work: the kernel has no IPVS"));
	none->revision++;
	post_rig_adopt(&rig, none);
	while (post_rig_expect(&rig, CHANNEL_PROBLEMS).text[0])
		;			/* told anew, as the engine may be */
	free(none);
	free(s);
}

static void
test_hatch_tells_all_in_order_and_what_the_checks_say(void **state)
{
	struct channel_message up = { .version = CHANNEL_VERSION, .kind = CHANNEL_TRACK, .up = 1 };
	struct settings *s = some_settings();
	struct balancedoor_record *records;
	char trouble[256];

	(void)state;
	post_rig_adopt(&rig, s);
	strcpy(up.text, settings_checks(s)[REALS - 1].name);
	post_rig_send(&rig, &up);
	(void)post_rig_expect(&rig, CHANNEL_PROBLEMS);
	records = ask(trouble);
	assert_non_null(strstr(trouble, "IPVS"));
	assert_int_equal(records[0].real.family, 0);
	for (uint32_t i = 1; i <= REALS; i++) {
		assert_string_equal(records[i].server, "web");
		assert_int_equal(records[i].real.bytes[3], i);
		assert_int_equal(records[i].present, 0);
		assert_int_equal(records[i].state, i == REALS ? CHECK_UP : CHECK_UNKNOWN);
	}
	assert_true(records[REALS].changed > 0);
	free(records);

	/* What the checks said holds across settings that say the same. */
	s->revision++;
	post_rig_adopt(&rig, s);
	assert_true(send(hatch[1], "?", 1, 0) == 1);	/* no question */
	records = ask(trouble);
	assert_int_equal(records[REALS].state, CHECK_UP);
	free(records);
	free(s);
}

/* Does it tell of the problem in the midst of reports that follow each other closely?  Not if we
 * were kept from running: then it may have been the pause that it waited for. */
static bool
tells_in_the_midst(const struct settings *s)
{
	struct channel_message track = { .version = CHANNEL_VERSION, .kind = CHANNEL_TRACK };
	nsec_t last = clock_now(), end = last + 5 * NSEC_PER_SEC;
	bool heard = false;

	strcpy(track.text, settings_checks(s)->name);
	post_rig_adopt(&rig, s);
	while (!heard && clock_now() < end) {
		int r = channel_send(rig.socket, &track, -1);

		assert_true(r == 0 || r == -EAGAIN);	/* it may be kept from running, too */
		track.up = !track.up;
		heard = post_rig_hears(&rig, CHANNEL_PROBLEMS, 2);
		if (clock_now() - last >= 8 * NSEC_PER_MSEC)
			return false;
		last = clock_now();
	}
	return heard;
}

/* Reports that follow each other closely put nothing off. */
static void
test_steady_stream_of_reports_delays_nothing(void **state)
{
	nsec_t end = clock_now() + 30 * NSEC_PER_SEC;
	struct settings *s = some_settings();

	(void)state;
	while (!tells_in_the_midst(s)) {
		assert_true(clock_now() < end);
		kill(rig.pid, SIGKILL);
		(void)waitpid(rig.pid, NULL, 0);
		post_rig_restart(&rig);
	}
	free(s);
}

/* Its name stays: what was known of the old port must not let the new one in. */
static void
test_changed_check_makes_a_server_unknown(void **state)
{
	struct channel_message up = { .version = CHANNEL_VERSION, .kind = CHANNEL_TRACK, .up = 1 };
	struct settings *s = some_settings();
	struct balancedoor_record *records;
	char trouble[256];

	(void)state;
	post_rig_adopt(&rig, s);
	for (unsigned i = 0; i < 2; i++) {
		strcpy(up.text, settings_checks(s)[i].name);
		post_rig_send(&rig, &up);
	}
	s->revision++;
	settings_reals(s)->port = settings_checks(s)->port = 8080;
	settings_checks(s)[1].interval *= 2;
	post_rig_adopt(&rig, s);
	(void)post_rig_expect(&rig, CHANNEL_PROBLEMS);
	records = ask(trouble);
	assert_int_equal(records[1].state, CHECK_UNKNOWN);
	assert_int_equal(records[2].state, CHECK_UP);
	free(records);
	free(s);
}

/* Somebody at the other end who answers what no balancer would. */
static void
test_answers_that_cannot_be_are_passed_over(void **state)
{
	static struct balancedoor_answer answer;
	struct balancedoor_question question;
	struct balancedoor_record *records;
	int ends[2];
	uint32_t count;
	char trouble[256];
	pid_t pid;

	(void)state;
	assert_int_equal(socketpair(AF_UNIX, SOCK_SEQPACKET, 0, ends), 0);
	pid = fork();
	if (pid == 0) {
		if (recv(ends[0], &question, sizeof(question), 0) != sizeof(question))
			_exit(1);
		answer.version = BALANCEDOOR_VERSION;
		answer.number = question.number;
		answer.total = UINT32_MAX;
		answer.count = BALANCEDOOR_PAGE;
		(void)!send(ends[0], &answer, sizeof(answer), 0);
		answer.total = 3;
		answer.count = 4;
		(void)!send(ends[0], &answer, sizeof(answer), 0);
		(void)!send(ends[0], &answer, sizeof(answer) - 1, 0);
		_exit(0);
	}
	assert_int_equal(balancedoor_ask(ends[1], 200 * NSEC_PER_MSEC, &records, &count, trouble),
	                 -ETIMEDOUT);
	assert_int_equal(waitpid(pid, NULL, 0), pid);
	close(ends[0]);
	close(ends[1]);
}

#define WITH_BALANCER(function) cmocka_unit_test_setup_teardown(function, set_up, tear_down)

int
main(void)
{
	const struct CMUnitTest tests[] = {
		WITH_BALANCER(test_kernel_without_ipvs_is_a_problem_and_no_end),
		WITH_BALANCER(test_hatch_tells_all_in_order_and_what_the_checks_say),
		WITH_BALANCER(test_steady_stream_of_reports_delays_nothing),
		WITH_BALANCER(test_changed_check_makes_a_server_unknown),
		cmocka_unit_test(test_answers_that_cannot_be_are_passed_over),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
