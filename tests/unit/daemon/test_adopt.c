/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * New settings in the engine's role: how much of it one turn of the loop does, and what is left
 * when something fails.  In a network namespace of its own, whose links do not matter; the test is
 * the manager and every helper.  As root; skips itself otherwise.
 */
#include <errno.h>
#include <sched.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <systemd/sd-event.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/log.h"
#include "daemon/adopt.h"
#include "daemon/answers.h"
#include "daemon/intake.h"
#include "daemon/node.h"
#include "system/clock.h"

#define GROUPS_A_LINK 250u
#define MANY 1000u
#define TURNS_MAX 10000u
#define LEFT_SERIAL 76u			/* of the settings that the engine before left */

static struct node node;
static int manager;			/* its end of the channel */
static int helpers[HELPERS], theirs[HELPERS];
static char path[] = "/tmp/test_adopt_XXXXXX";

static void
on_frame(void *owner UNUSED, uint32_t link UNUSED, const uint8_t *bytes UNUSED,
         size_t length UNUSED, nsec_t arrival UNUSED)
{
}

static void
on_backlog(void *owner UNUSED, uint32_t link UNUSED, nsec_t heard UNUSED)
{
}

/* Groups of version 3 on links that are not there: 250 on each, VRIDs from first on. */
static struct settings *
settings_of(uint64_t revision, uint32_t groups, uint8_t first)
{
	struct settings_counts counts = { .links = (groups + GROUPS_A_LINK - 1) / GROUPS_A_LINK,
	                                  .groups = groups, .addresses = groups };
	struct settings *s = settings_new(&counts);

	assert_non_null(s);
	s->revision = revision;
	for (uint32_t i = 0; i < counts.links; i++) {
		snprintf(settings_links(s)[i].name, NAME_SIZE, "lan%u", i);
		settings_links(s)[i].parent = settings_links(s)[i].member_of = -1;
	}
	for (uint32_t i = 0; i < groups; i++) {
		struct group_settings *group = &settings_groups(s)[i];
		uint8_t bytes[4] = { 10, (uint8_t)(i >> 16), (uint8_t)(i >> 8), (uint8_t)i };

		group_settings_init(group);
		group->version = 3;
		group->link = (int32_t)(i / GROUPS_A_LINK);
		group->vrid = (uint8_t)(first + i % GROUPS_A_LINK);
		group->address_first = i;
		group->address_count = 1;
		settings_addresses(s)[i] = (struct address_settings){
			.prefix = { ip_from_v4(bytes), 24 },
			.link = -1,
		};
	}
	return s;
}

static int
open_node(struct error *error)
{
	static const struct listeners_calls calls = { on_frame, on_backlog };
	int r = memory_open(path, &node.memory, error);

	node.engine = engine_new();
	if (r == 0)
		r = listeners_new(&calls, &node, &node.listeners, error);
	if (r == 0)
		r = interfaces_new(node.event, &intake_interfaces_calls, &node, NULL, 0,
		                   &node.interfaces, error);
	if (r == 0)
		r = helpers_new(node.event, helpers, &intake_helpers_calls, &node, &node.helpers,
		                error);
	if (r == 0)
		r = courier_new(node.engine, node.interfaces, &node.recorder, &node.courier, error);
	node.publisher = (struct publisher){ .engine = node.engine, .memory = node.memory };
	node.recorder = (struct recorder){ .engine = node.engine, .memory = node.memory };
	return r;
}

/* A role that has adopted settings without anything in them, as after a start. */
static int
set_up(void **state UNUSED)
{
	struct settings *left;
	struct error error;
	int ends[2];

	node = (struct node){ .timer = -1, .armed = NSEC_NEVER, .leave_by = NSEC_NEVER };
	if (geteuid() != 0)
		return 0;
	if (unshare(CLONE_NEWNET) < 0 || sd_event_new(&node.event) < 0)
		return -1;
	for (enum helper i = 0; i < HELPERS; i++) {
		if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_NONBLOCK, 0, ends) < 0)
			return -1;
		helpers[i] = ends[0];
		theirs[i] = ends[1];
	}
	if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_NONBLOCK, 0, ends) < 0)
		return -1;
	node.channel = ends[0];
	manager = ends[1];
	if (open_node(&error) < 0 || intake_open(&node) < 0 || adopt_open(&node) < 0 ||
	    sd_event_add_io(node.event, &node.requests, node.channel, EPOLLIN, answers_on_channel,
	                    &node) < 0)
		return -1;
	left = settings_of(1, 0, 1);
	left->serial = LEFT_SERIAL;
	adopt_begin(&node, left, &(struct adopt_how){ .resume = true });
	adopt_finish(&node);
	return 0;
}

static int
tear_down(void **state UNUSED)
{
	if (geteuid() != 0)
		return 0;
	courier_free(node.courier);
	helpers_free(node.helpers);
	interfaces_free(node.interfaces);
	listeners_free(node.listeners);
	engine_free(node.engine);
	memory_close(node.memory);
	sd_event_source_unref(node.deliver);
	sd_event_source_unref(node.work);
	sd_event_source_unref(node.requests);
	sd_event_unref(node.event);
	free(node.settings);
	free(node.publisher.versions);
	free(node.effects.list);
	free(node.heard);
	marks_done(&node.fresh);
	free(node.restored);
	free(node.owners);
	free(node.tracks);
	for (enum helper i = 0; i < HELPERS; i++) {
		close(helpers[i]);
		close(theirs[i]);
	}
	close(node.channel);
	close(manager);
	unlink(path);
	return 0;
}

/* One turn of the loop; false when nothing wanted one. */
static bool
turn(void)
{
	return sd_event_run(node.event, 0) > 0;
}

/* Turns until all is adopted. */
static unsigned
turns_of_adopting(void)
{
	unsigned turns = 0;

	while (node.adoption) {
		assert_true(turn());
		assert_in_range(++turns, 1, TURNS_MAX);
	}
	return turns;
}

/* The manager's next answer. */
static struct channel_message
answer(void)
{
	struct channel_message message = { 0 };
	int descriptor;

	for (unsigned turns = 0; channel_receive(manager, &message, &descriptor) != 1; turns++) {
		assert_in_range(turns, 0, TURNS_MAX);
		(void)sd_event_run(node.event, 10000);
	}
	return message;
}

/* The revision of the settings that a helper is told next. */
static uint64_t
told_revision(enum helper helper)
{
	struct channel_message message = { 0 };
	int descriptor = -1;

	while (channel_receive(theirs[helper], &message, &descriptor) > 0) {
		if (descriptor >= 0)
			close(descriptor);
		if (message.kind == CHANNEL_ADOPT)
			return message.revision;
	}
	return 0;
}

/* ---- pieces --------------------------------------------------------------------------------- */

static unsigned rings;

static int
on_ring(sd_event_source *source UNUSED, void *owner UNUSED)
{
	rings++;
	return 0;
}

/* What the timer is to the role: it comes first, whenever it is due. */
static void
test_timer_due_at_any_time_waits_for_one_piece_only(void **state UNUSED)
{
	sd_event_source *timer;
	uint32_t staged = 0;
	unsigned turns = 0;

	if (geteuid() != 0)
		skip();
	rings = 0;
	assert_true(sd_event_add_defer(node.event, &timer, on_ring, NULL) >= 0);
	assert_true(sd_event_source_set_priority(timer, -20) >= 0);
	adopt_begin(&node, settings_of(2, MANY, 1), &(struct adopt_how){ 0 });
	assert_int_equal(node.settings->revision, 1);
	while (node.adoption) {
		assert_true(sd_event_source_set_enabled(timer, SD_EVENT_ONESHOT) >= 0);
		assert_true(turn());
		assert_int_equal(rings, ++turns);
		assert_true(turn());
		/* The part that grows with the groups, and has no end of its own. */
		assert_true(node.publisher.staged <= staged + MANY / 3);
		staged = node.publisher.staged;
	}
	assert_int_equal(node.settings->revision, 2);
	assert_true(turns >= 6 + 4);
	sd_event_source_unref(timer);
}

static void
test_more_groups_take_more_turns_not_longer_ones(void **state UNUSED)
{
	unsigned few, many;

	if (geteuid() != 0)
		skip();
	adopt_begin(&node, settings_of(2, MANY, 1), &(struct adopt_how){ 0 });
	few = turns_of_adopting();
	adopt_begin(&node, settings_of(3, 4 * MANY, 1), &(struct adopt_how){ 0 });
	many = turns_of_adopting();
	assert_true(many >= few + 3 * MANY / 300);
}

static void
test_records_are_seen_under_their_numbers_at_the_end(void **state UNUSED)
{
	struct vrouter_status status;

	if (geteuid() != 0)
		skip();
	adopt_begin(&node, settings_of(2, MANY, 1), &(struct adopt_how){ 0 });
	while (node.adoption) {
		if (node.publisher.renumbering)
			assert_int_equal(memory_status_count(node.memory), 0);
		(void)turn();
	}
	assert_int_equal(memory_status_count(node.memory), MANY);
	assert_int_equal(memory_settings_revision(node.memory), 2);
	assert_true(memory_get_status(node.memory, MANY - 1, &status));
	assert_string_equal(status.interface, "lan3");
	assert_int_equal(status.vrid, GROUPS_A_LINK);
}

/* A link that fell between two pieces: what waits for the others to read is the later word. */
static void
test_record_that_changes_while_others_are_stored_is_the_later_one(void **state UNUSED)
{
	struct link_input gone = { 0 };
	struct vrouter_status status;

	if (geteuid() != 0)
		skip();
	adopt_begin(&node, settings_of(2, MANY, 1), &(struct adopt_how){ 0 });
	while (node.publisher.staged < MANY / 2 || node.publisher.staged == MANY)
		assert_true(turn());
	gone.exists = false;
	engine_on_link(node.engine, 0, &gone, clock_now(), &node.effects);
	node_carry_out(&node);
	assert_int_equal(engine_status(node.engine, 0)->state, VROUTER_FAULT);
	(void)turns_of_adopting();
	assert_true(memory_get_status(node.memory, 0, &status));
	assert_int_equal(status.state, VROUTER_FAULT);
}

/* ---- requests ------------------------------------------------------------------------------- */

static void
test_request_during_an_adopt_means_the_new_settings(void **state UNUSED)
{
	struct channel_message garp = { .version = CHANNEL_VERSION, .kind = CHANNEL_GARP,
	                                .request = 8, .interface = "lan0", .vrid = 200 };
	struct channel_message said;

	if (geteuid() != 0)
		skip();
	adopt_begin(&node, settings_of(2, GROUPS_A_LINK, 1), &(struct adopt_how){ 0 });
	assert_int_equal(channel_send(manager, &garp, -1), 0);
	do
		said = answer();
	while (said.request != 8);
	assert_int_equal(said.outcome, CHANNEL_NOT_MASTER);
	assert_null(node.adoption);
}

/* What a helper complained of may be what a commit mends: it is no outcome of the commit, but a
 * problem until the helper says otherwise. */
static void
test_complaints_of_before_are_no_outcome_of_an_adopt(void **state UNUSED)
{
	struct channel_message unhappy = { .version = CHANNEL_VERSION, .kind = CHANNEL_PROBLEMS,
	                                   .text = "connsync does not run: no key" };
	struct channel_message said;

	if (geteuid() != 0)
		skip();
	assert_int_equal(channel_send(theirs[HELPER_FLOWSYNC], &unhappy, -1), 0);
	said = answer();
	assert_int_equal(said.request, 0);
	assert_string_equal(said.text, unhappy.text);

	adopt_begin(&node, settings_of(2, 0, 1), &(struct adopt_how){ .request = 7 });
	adopt_finish(&node);
	said = answer();
	assert_int_equal(said.request, 7);
	assert_int_equal(said.outcome, CHANNEL_DONE);
	assert_string_equal(said.text, "");
	said = answer();
	assert_int_equal(said.request, 0);
	assert_int_equal(said.revision, 2);
	assert_string_equal(said.text, unhappy.text);
}

/* ---- failing -------------------------------------------------------------------------------- */

static void
drain_helpers(void)
{
	for (enum helper i = 0; i < HELPERS; i++)
		while (told_revision(i) != 0)
			;
}

/* No descriptor is left: the helpers cannot be handed the settings. */
static void
test_failing_to_prepare_for_the_helpers_changes_nothing_anywhere(void **state UNUSED)
{
	struct rlimit limit, none;
	struct channel_message said;

	if (geteuid() != 0)
		skip();
	adopt_begin(&node, settings_of(2, 10, 1), &(struct adopt_how){ 0 });
	adopt_finish(&node);
	drain_helpers();
	assert_int_equal(getrlimit(RLIMIT_NOFILE, &limit), 0);
	none = limit;
	none.rlim_cur = 3;
	assert_int_equal(setrlimit(RLIMIT_NOFILE, &none), 0);
	adopt_begin(&node, settings_of(3, 20, 101), &(struct adopt_how){ .request = 7 });
	adopt_finish(&node);
	assert_int_equal(setrlimit(RLIMIT_NOFILE, &limit), 0);

	said = answer();
	assert_int_equal(said.request, 7);
	assert_int_equal(said.revision, 3);
	assert_int_equal(said.outcome, CHANNEL_REFUSED);
	assert_non_null(strstr(said.text, "helpers"));
	assert_int_equal(node.settings->revision, 2);
	assert_int_equal(engine_settings(node.engine)->revision, 2);
	assert_int_equal(memory_settings_revision(node.memory), 2);
	helpers_tell(node.helpers);
	assert_int_equal(told_revision(HELPER_RUNNER), 0);

	/* And the next one is adopted as if nothing had happened. */
	adopt_begin(&node, settings_of(4, 20, 101), &(struct adopt_how){ 0 });
	adopt_finish(&node);
	assert_int_equal(engine_settings(node.engine)->revision, 4);
	for (enum helper i = 0; i < HELPERS; i++)
		assert_int_equal(told_revision(i), 4);
}

static void
test_settings_that_cannot_outlive_the_engine_are_refused_by_name(void **state UNUSED)
{
	struct settings_counts counts = { .addresses = SETTINGS_SIZE_MAX / 8 };
	struct settings *large = settings_new(&counts);
	struct channel_message said;

	if (geteuid() != 0)
		skip();
	assert_non_null(large);
	assert_true(large->size > SETTINGS_SIZE_MAX);
	large->revision = 2;
	adopt_begin(&node, large, &(struct adopt_how){ .request = 7 });
	adopt_finish(&node);
	said = answer();
	assert_int_equal(said.outcome, CHANNEL_REFUSED);
	assert_non_null(strstr(said.text, "kept for a restart"));
	assert_int_equal(node.settings->revision, 1);
	assert_int_equal(memory_settings_revision(node.memory), 1);
}

static void
test_every_adoption_has_a_serial_of_its_own(void **state UNUSED)
{
	/* What was tried, what ran before, and another one that is tried under the same number. */
	static const uint64_t revisions[] = { 2, 1, 2 };
	uint64_t serial;

	if (geteuid() != 0)
		skip();
	serial = node.settings->serial;
	/* Counted on from what the engine before left. */
	assert_int_equal(serial, LEFT_SERIAL + 1);
	for (size_t i = 0; i < ARRAY_SIZE(revisions); i++) {
		adopt_begin(&node, settings_of(revisions[i], 20, 101), &(struct adopt_how){ 0 });
		adopt_finish(&node);
		assert_int_equal(node.settings->revision, revisions[i]);
		assert_true(node.settings->serial > serial);
		serial = node.settings->serial;
		assert_int_equal(memory_settings_serial(node.memory), serial);
	}
}

#define IN_NODE(function) cmocka_unit_test_setup_teardown(function, set_up, tear_down)

int
main(void)
{
	static const struct CMUnitTest tests[] = {
		IN_NODE(test_timer_due_at_any_time_waits_for_one_piece_only),
		IN_NODE(test_more_groups_take_more_turns_not_longer_ones),
		IN_NODE(test_records_are_seen_under_their_numbers_at_the_end),
		IN_NODE(test_record_that_changes_while_others_are_stored_is_the_later_one),
		IN_NODE(test_request_during_an_adopt_means_the_new_settings),
		IN_NODE(test_complaints_of_before_are_no_outcome_of_an_adopt),
		IN_NODE(test_failing_to_prepare_for_the_helpers_changes_nothing_anywhere),
		IN_NODE(test_settings_that_cannot_outlive_the_engine_are_refused_by_name),
		IN_NODE(test_every_adoption_has_a_serial_of_its_own),
	};
	int descriptor = mkstemp(path);

	log_set_level(LOG_ERROR_LEVEL);	/* groups without links say so, one by one */
	if (descriptor < 0)
		return EXIT_FAILURE;
	close(descriptor);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
