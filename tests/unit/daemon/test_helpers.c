/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What the engine's role tells its helpers and hears from them, with the test as all three.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <systemd/sd-event.h>
#include <unistd.h>

#include <cmocka.h>

#include "core/errand.h"
#include "daemon/channel.h"
#include "daemon/helpers.h"
#include "post_rig.h"

static int ours[HELPERS], theirs[HELPERS];
static sd_event *event;
static struct helpers *helpers;
static struct engine *engine;
static struct effect room[4096];
static struct effects effects = { room, 0, ARRAY_SIZE(room) };

static struct {
	unsigned tracks;
	uint32_t object;
	bool up;
	char problems[2048];
	unsigned ready;
} heard;

static void
on_track(void *owner, uint32_t object, bool up)
{
	(void)owner;
	heard.tracks++;
	heard.object = object;
	heard.up = up;
}

static void
on_problems(void *owner, const char *problems)
{
	(void)owner;
	snprintf(heard.problems, sizeof(heard.problems), "%s", problems);
}

static void
on_ready(void *owner)
{
	(void)owner;
	heard.ready++;
}

static int
set_up(void **state)
{
	static const struct helpers_calls calls = { on_track, on_problems, on_ready };
	struct error error;

	(void)state;
	memset(&heard, 0, sizeof(heard));
	for (enum helper i = 0; i < HELPERS; i++) {
		int ends[2];

		if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_NONBLOCK, 0, ends) < 0)
			return -1;
		ours[i] = ends[0];
		theirs[i] = ends[1];
	}
	engine = engine_new();
	return sd_event_new(&event) < 0 ||
	       helpers_new(event, ours, &calls, NULL, &helpers, &error) < 0 ? -1 : 0;
}

static int
tear_down(void **state)
{
	(void)state;
	helpers_free(helpers);
	engine_free(engine);
	sd_event_unref(event);
	for (enum helper i = 0; i < HELPERS; i++) {
		close(ours[i]);
		close(theirs[i]);
	}
	return 0;
}

/* Let the engine and its helpers adopt. */
static void
adopt(const struct settings *settings)
{
	struct error error;

	effects.count = 0;
	assert_int_equal(helpers_prepare(helpers, settings, &error), 0);
	assert_int_equal(engine_adopt(engine, settings, NSEC_PER_SEC, &effects), 0);
	helpers_adopt(helpers, engine);
	helpers_tell(helpers);
}

/* Two groups, the first with scripts; two checks, the second is the second of two objects. */
static struct settings *
some_settings(void)
{
	struct settings_counts counts = { .links = 1, .groups = 2, .addresses = 2, .objects = 2,
	                                  .checks = 2, .programs = 1 };
	struct settings *source = post_rig_settings(2, 2, 1), *s = settings_new(&counts);

	s->revision = source->revision;
	s->serial = source->serial;
	*settings_links(s) = *settings_links(source);
	memcpy(settings_groups(s), settings_groups(source), 2 * sizeof(struct group_settings));
	memcpy(settings_addresses(s), settings_addresses(source),
	       2 * sizeof(struct address_settings));
	memcpy(settings_checks(s), settings_checks(source), 2 * sizeof(struct check_settings));
	strcpy(settings_objects(s)[0].name, "eth0");
	settings_objects(s)[0].check = -1;
	strcpy(settings_objects(s)[1].name, "check 1");
	settings_objects(s)[1].kind = OBJECT_CHECK;
	settings_objects(s)[1].check = 1;
	settings_groups(s)[0].scripts[SCRIPT_MASTER] = 0;
	free(source);
	return s;
}

/* The next message to a helper; kind 0 when there is none. */
static struct channel_message
next(enum helper helper)
{
	struct channel_message message = { 0 };
	int descriptor = -1;

	if (channel_receive(theirs[helper], &message, &descriptor) <= 0)
		message.kind = 0;
	if (descriptor >= 0)
		close(descriptor);
	return message;
}

/* A helper says this. */
static void
say(enum helper helper, struct channel_message message)
{
	message.version = CHANNEL_VERSION;
	assert_int_equal(channel_send(theirs[helper], &message, -1), 0);
	while (sd_event_run(event, 0) > 0)
		;
}

static struct channel_message
track(uint64_t serial, uint32_t index, const char *name, uint8_t up)
{
	struct channel_message message = { .kind = CHANNEL_TRACK, .revision = serial,
	                                   .index = index, .up = up };

	strcpy(message.text, name);
	return message;
}

static void
test_adopt_tells_settings_to_all_and_states_of_groups_with_scripts(void **state)
{
	struct settings *s = some_settings();
	struct channel_message message;

	(void)state;
	adopt(s);
	for (enum helper i = 0; i < HELPERS; i++)
		assert_int_equal(next(i).kind, CHANNEL_ADOPT);
	message = next(HELPER_RUNNER);
	assert_int_equal(message.kind, CHANNEL_STATE);
	assert_int_equal(message.vrid, 10);
	assert_int_equal(message.family, 4);
	assert_string_equal(message.interface, "eth0");
	assert_int_equal(message.script, ERRAND_NONE);
	assert_int_equal(next(HELPER_RUNNER).kind, 0);
	assert_int_equal(next(HELPER_FILTER).kind, 0);
	free(s);
}

static void
test_new_runner_hears_again_what_ran_last(void **state)
{
	struct settings *s = some_settings();
	struct channel_message ran = { .kind = CHANNEL_RAN, .interface = "eth0", .vrid = 10,
	                               .family = 4, .script = SCRIPT_MASTER };

	(void)state;
	adopt(s);
	while (next(HELPER_RUNNER).kind)
		;
	say(HELPER_RUNNER, ran);
	say(HELPER_RUNNER, (struct channel_message){ .kind = CHANNEL_HELLO });
	assert_int_equal(next(HELPER_RUNNER).kind, CHANNEL_ADOPT);
	assert_int_equal(next(HELPER_RUNNER).script, SCRIPT_MASTER);
	/* An adopt that changes nothing for the group tells nothing of it, and forgets nothing. */
	s->serial++;
	adopt(s);
	assert_int_equal(next(HELPER_RUNNER).kind, CHANNEL_ADOPT);
	assert_int_equal(next(HELPER_RUNNER).kind, 0);
	say(HELPER_RUNNER, (struct channel_message){ .kind = CHANNEL_HELLO });
	assert_int_equal(next(HELPER_RUNNER).kind, CHANNEL_ADOPT);
	assert_int_equal(next(HELPER_RUNNER).script, SCRIPT_MASTER);
	free(s);
}

static void
test_check_is_told_to_the_engine_as_its_object(void **state)
{
	struct settings *s = some_settings();

	(void)state;
	adopt(s);
	say(HELPER_PROBER, track(s->serial, 1, "check 1", 1));
	assert_int_equal(heard.tracks, 1);
	assert_int_equal(heard.object, 1);
	assert_true(heard.up);
	say(HELPER_RUNNER, track(s->serial, 1, "check 1", 0));
	assert_int_equal(heard.tracks, 2);
	assert_false(heard.up);
	/* A check that no group tracks. */
	say(HELPER_PROBER, track(s->serial, 0, "check 0", 1));
	assert_int_equal(heard.tracks, 2);
	free(s);
}

static void
test_new_prober_hears_what_its_predecessor_found(void **state)
{
	struct settings *s = some_settings();
	struct channel_message message;

	(void)state;
	settings_checks(s)[1].kind = CHECK_FILE;
	adopt(s);
	say(HELPER_PROBER, track(s->serial, 1, "check 1", 1));
	say(HELPER_RUNNER, track(s->serial, 0, "check 0", 0));
	s->serial++;
	adopt(s);
	while (next(HELPER_PROBER).kind || next(HELPER_RUNNER).kind)
		;
	say(HELPER_PROBER, (struct channel_message){ .kind = CHANNEL_HELLO });
	assert_int_equal(next(HELPER_PROBER).kind, CHANNEL_ADOPT);
	message = next(HELPER_PROBER);
	assert_int_equal(message.kind, CHANNEL_TRACK);
	assert_string_equal(message.text, "check 1");
	assert_int_equal(message.up, 1);
	assert_int_equal(next(HELPER_PROBER).kind, 0);
	assert_int_equal(next(HELPER_RUNNER).kind, 0);
	free(s);
}

static void
test_stale_or_false_report_hits_nothing(void **state)
{
	struct settings *s = some_settings();

	(void)state;
	say(HELPER_PROBER, track(7, 1, "check 1", 1));		/* before any settings */
	adopt(s);
	say(HELPER_PROBER, track(s->serial - 1, 1, "check 1", 1));
	say(HELPER_PROBER, track(s->serial, 1, "check 0", 1));
	say(HELPER_PROBER, track(s->serial, 2, "check 1", 1));
	say(HELPER_PROBER, track(s->serial, UINT32_MAX, "check 1", 1));
	say(HELPER_FILTER, track(s->serial, 1, "check 1", 1));
	say(HELPER_PROBER, (struct channel_message){ .kind = CHANNEL_RESET_MASTER });
	say(HELPER_RUNNER, (struct channel_message){ .kind = CHANNEL_RAN, .script = 99 });
	assert_int_equal(heard.tracks, 0);
	free(s);
}

static void
test_helper_that_does_not_read_hears_the_last_word_later(void **state)
{
	struct settings *s = some_settings();
	struct channel_message message, last = { 0 };
	struct link_input input = { .usable = true, .exists = true, .source4 = { 4, { 10 } } };
	unsigned messages = 0;

	(void)state;
	adopt(s);
	for (unsigned i = 0; i < 1000; i++) {
		input.usable = i % 2 == 0;
		effects.count = 0;
		engine_on_link(engine, 0, &input, (2 + i) * NSEC_PER_SEC, &effects);
		for (size_t k = 0; k < effects.count; k++)
			helpers_look(helpers, effects.list[k].group);
		helpers_tell(helpers);
	}
	assert_int_equal(engine_status(engine, 0)->state, VROUTER_FAULT);
	/* It reads now, and goes on reading while the rest is tried again. */
	for (unsigned turn = 0; turn < 20; turn++) {
		while ((message = next(HELPER_RUNNER)).kind) {
			messages++;
			if (message.kind == CHANNEL_STATE) {
				assert_true(message.sequence >= last.sequence);
				last = message;
			}
		}
		(void)sd_event_run(event, 20000);
	}
	assert_in_range(messages, 2, 999);			/* not all went through */
	assert_int_equal(last.state, VROUTER_FAULT);		/* the last did */
	free(s);
}

static void
test_problems_of_all_helpers_are_told_together_and_end(void **state)
{
	struct settings *s = some_settings();
	struct channel_message first = { .kind = CHANNEL_PROBLEMS, .text = "One is bad." };
	struct channel_message second = { .kind = CHANNEL_PROBLEMS, .text = "Two is bad." };
	struct channel_message none = { .kind = CHANNEL_PROBLEMS };

	(void)state;
	adopt(s);
	say(HELPER_FILTER, first);
	assert_string_equal(heard.problems, "One is bad.");
	say(HELPER_RUNNER, second);
	assert_string_equal(heard.problems, "Two is bad.\nOne is bad.");
	say(HELPER_RUNNER, none);
	assert_string_equal(heard.problems, "One is bad.");
	/* A new one tells its own. */
	say(HELPER_FILTER, (struct channel_message){ .kind = CHANNEL_HELLO });
	assert_string_equal(heard.problems, "");
	free(s);
}

static void
test_ownership_is_told_where_it_decides_something(void **state)
{
	struct settings *s = some_settings();
	struct channel_message message;

	(void)state;
	settings_groups(s)[1].version = 3;
	adopt(s);
	assert_int_equal(next(HELPER_FILTER).kind, CHANNEL_ADOPT);
	for (unsigned owner = 1; owner < 2; owner--) {		/* yes, then no */
		effects.count = 0;
		engine_on_owner(engine, 0, owner, NSEC_PER_SEC, &effects);
		engine_on_owner(engine, 1, owner, NSEC_PER_SEC, &effects);
		helpers_look(helpers, 0);
		helpers_look(helpers, 1);
		helpers_tell(helpers);
		message = next(HELPER_FILTER);
		assert_int_equal(message.kind, CHANNEL_OWNER);
		assert_int_equal(message.vrid, 11);
		assert_int_equal(message.up, owner);
		assert_int_equal(next(HELPER_FILTER).kind, 0);
	}
	free(s);
}

/* One sync group of both groups, which connsync follows. */
static struct settings *
followed_settings(void)
{
	struct settings_counts counts = { .links = 1, .groups = 2, .addresses = 2, .syncs = 1,
	                                  .checks = 1, .connsyncs = 1 };
	struct settings *source = post_rig_settings(2, 1, 0), *s = settings_new(&counts);

	*settings_links(s) = *settings_links(source);
	memcpy(settings_groups(s), settings_groups(source), 2 * sizeof(struct group_settings));
	memcpy(settings_addresses(s), settings_addresses(source),
	       2 * sizeof(struct address_settings));
	*settings_checks(s) = *settings_checks(source);
	settings_checks(s)->kind = CHECK_CONNSYNC;
	settings_groups(s)[0].sync = settings_groups(s)[1].sync = 0;
	strcpy(settings_syncs(s)->name, "S");
	settings_connsyncs(s)->promotion_wait = 5 * NSEC_PER_MSEC;
	free(source);
	return s;
}

/* One after the other is or is not the owner, at this time. */
static struct channel_message
become_owner(bool owner, nsec_t now)
{
	for (uint32_t i = 0; i < 2; i++) {
		effects.count = 0;
		engine_on_owner(engine, i, owner, now, &effects);
		for (size_t e = 0; e < effects.count; e++)
			helpers_effect(helpers, &effects.list[e]);
	}
	helpers_tell(helpers);
	return next(HELPER_FLOWSYNC);
}

static void
test_flowsync_hears_whether_we_forward_and_its_word_is_to_the_last_role(void **state)
{
	const struct link_input up = { .usable = true, .exists = true, .mtu = 1500,
	                               .source4 = ip_from_v4((const uint8_t[]){ 10, 0, 0, 9 }) };
	struct settings *s = followed_settings();
	struct channel_message message, first;

	(void)state;
	adopt(s);
	assert_int_equal(next(HELPER_FLOWSYNC).kind, CHANNEL_ADOPT);
	message = next(HELPER_FLOWSYNC);
	assert_int_equal(message.kind, CHANNEL_ROLE);
	assert_int_equal(message.up, 0);
	effects.count = 0;
	engine_on_link(engine, 0, &up, NSEC_PER_SEC, &effects);
	first = become_owner(true, NSEC_PER_SEC);
	assert_int_equal(first.kind, CHANNEL_ROLE);
	assert_int_equal(first.up, 1);
	assert_int_equal(next(HELPER_FLOWSYNC).kind, 0);	/* once for both groups */

	say(HELPER_FLOWSYNC, (struct channel_message){ .kind = CHANNEL_READY,
	                                               .sequence = first.sequence - 1 });
	say(HELPER_PROBER, (struct channel_message){ .kind = CHANNEL_READY,
	                                             .sequence = first.sequence });
	assert_int_equal(heard.ready, 0);
	say(HELPER_FLOWSYNC, (struct channel_message){ .kind = CHANNEL_READY,
	                                               .sequence = first.sequence });
	assert_int_equal(heard.ready, 1);

	/* A new one is told again. */
	say(HELPER_FLOWSYNC, (struct channel_message){ .kind = CHANNEL_HELLO });
	assert_int_equal(next(HELPER_FLOWSYNC).kind, CHANNEL_ADOPT);
	message = next(HELPER_FLOWSYNC);
	assert_int_equal(message.kind, CHANNEL_ROLE);
	assert_true(message.up == 1 && message.sequence == first.sequence);
	free(s);
}

static struct effect
about_group(uint32_t group, enum effect_kind kind)
{
	return (struct effect){ .kind = kind, .group = group };
}

/* After a pause one list may end a role and begin it anew: the partner may have had it. */
static void
test_role_that_ends_and_begins_in_one_list_is_another(void **state)
{
	const struct link_input up = { .usable = true, .exists = true, .mtu = 1500,
	                               .source4 = ip_from_v4((const uint8_t[]){ 10, 0, 0, 9 }) };
	const struct effect one[] = {
		about_group(0, EFFECT_DROP_ADDRESSES), about_group(0, EFFECT_TAKE_ADDRESSES),
	}, both[] = {
		about_group(0, EFFECT_DROP_ADDRESSES), about_group(1, EFFECT_DROP_ADDRESSES),
		about_group(0, EFFECT_TAKE_ADDRESSES), about_group(1, EFFECT_TAKE_ADDRESSES),
	};
	struct settings *s = followed_settings();
	struct channel_message first, pause, second;

	(void)state;
	adopt(s);
	(void)next(HELPER_FLOWSYNC);
	(void)next(HELPER_FLOWSYNC);
	effects.count = 0;
	engine_on_link(engine, 0, &up, NSEC_PER_SEC, &effects);
	first = become_owner(true, NSEC_PER_SEC);
	assert_int_equal(first.up, 1);
	/* Packets still come to the other group. */
	for (size_t i = 0; i < ARRAY_SIZE(one); i++)
		helpers_effect(helpers, &one[i]);
	helpers_tell(helpers);
	assert_int_equal(next(HELPER_FLOWSYNC).kind, 0);
	for (size_t i = 0; i < ARRAY_SIZE(both); i++)
		helpers_effect(helpers, &both[i]);
	helpers_tell(helpers);
	pause = next(HELPER_FLOWSYNC);
	second = next(HELPER_FLOWSYNC);
	assert_int_equal(pause.kind, CHANNEL_ROLE);
	assert_int_equal(pause.up, 0);
	assert_int_equal(second.kind, CHANNEL_ROLE);
	assert_int_equal(second.up, 1);
	assert_true(first.sequence < pause.sequence && pause.sequence < second.sequence);
	/* An answer to the first is none to the second. */
	say(HELPER_FLOWSYNC, (struct channel_message){ .kind = CHANNEL_READY,
	                                               .sequence = first.sequence });
	assert_int_equal(heard.ready, 0);
	free(s);
}

/* One real server, which the second check looks after. */
static struct settings *
balanced_settings(void)
{
	struct settings_counts counts = { .links = 1, .groups = 2, .addresses = 2, .checks = 2,
	                                  .virtuals = 1, .reals = 1 };
	struct settings *source = post_rig_settings(2, 2, 0), *s = settings_new(&counts);

	s->serial = source->serial;
	*settings_links(s) = *settings_links(source);
	memcpy(settings_groups(s), settings_groups(source), 2 * sizeof(struct group_settings));
	memcpy(settings_addresses(s), settings_addresses(source),
	       2 * sizeof(struct address_settings));
	memcpy(settings_checks(s), settings_checks(source), 2 * sizeof(struct check_settings));
	settings_reals(s)->check = 1;
	free(source);
	return s;
}

static void
test_check_of_a_real_server_is_told_to_the_balancer(void **state)
{
	struct settings *s = balanced_settings(), *other;
	struct channel_message message;

	(void)state;
	adopt(s);
	assert_int_equal(next(HELPER_BALANCER).kind, CHANNEL_ADOPT);
	say(HELPER_PROBER, track(s->serial, 0, "check 0", 0));
	assert_int_equal(next(HELPER_BALANCER).kind, 0);	/* of no server */
	say(HELPER_PROBER, track(s->serial, 1, "check 1", 1));
	message = next(HELPER_BALANCER);
	assert_int_equal(message.kind, CHANNEL_TRACK);
	assert_string_equal(message.text, "check 1");
	assert_int_equal(message.up, 1);
	assert_int_equal(next(HELPER_BALANCER).kind, 0);
	say(HELPER_BALANCER, track(s->serial, 1, "check 1", 0));	/* not for it to say */
	say(HELPER_PROBER, track(s->serial, 1, "check 1", 1));	/* no news */
	assert_int_equal(next(HELPER_BALANCER).kind, 0);

	/* It knows already, unless it is new. */
	adopt(s);
	assert_int_equal(next(HELPER_BALANCER).kind, CHANNEL_ADOPT);
	assert_int_equal(next(HELPER_BALANCER).kind, 0);
	say(HELPER_BALANCER, (struct channel_message){ .kind = CHANNEL_HELLO });
	assert_int_equal(next(HELPER_BALANCER).kind, CHANNEL_ADOPT);
	message = next(HELPER_BALANCER);
	assert_int_equal(message.kind, CHANNEL_TRACK);
	assert_int_equal(message.up, 1);
	assert_int_equal(next(HELPER_BALANCER).kind, 0);

	/* What was heard of one port is not told of another. */
	other = settings_copy(s);
	settings_checks(other)[1].port++;
	adopt(other);
	assert_int_equal(next(HELPER_BALANCER).kind, CHANNEL_ADOPT);
	say(HELPER_BALANCER, (struct channel_message){ .kind = CHANNEL_HELLO });
	assert_int_equal(next(HELPER_BALANCER).kind, CHANNEL_ADOPT);
	assert_int_equal(next(HELPER_BALANCER).kind, 0);
	free(other);
	free(s);
}

#define WITH_HELPERS(function) cmocka_unit_test_setup_teardown(function, set_up, tear_down)

int
main(void)
{
	const struct CMUnitTest tests[] = {
		WITH_HELPERS(test_adopt_tells_settings_to_all_and_states_of_groups_with_scripts),
		WITH_HELPERS(test_new_runner_hears_again_what_ran_last),
		WITH_HELPERS(test_check_is_told_to_the_engine_as_its_object),
		WITH_HELPERS(test_check_of_a_real_server_is_told_to_the_balancer),
		WITH_HELPERS(test_new_prober_hears_what_its_predecessor_found),
		WITH_HELPERS(test_stale_or_false_report_hits_nothing),
		WITH_HELPERS(test_helper_that_does_not_read_hears_the_last_word_later),
		WITH_HELPERS(test_problems_of_all_helpers_are_told_together_and_end),
		WITH_HELPERS(test_ownership_is_told_where_it_decides_something),
		WITH_HELPERS(
			test_flowsync_hears_whether_we_forward_and_its_word_is_to_the_last_role),
		WITH_HELPERS(test_role_that_ends_and_begins_in_one_list_is_another),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
