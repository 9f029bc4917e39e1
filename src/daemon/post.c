/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The line between a helper and the engine, the helper's end.
 */
#include "daemon/post.h"

#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/prctl.h>
#include <systemd/sd-event.h>
#include <unistd.h>

#include "base/log.h"

#define RETRY_USEC 10000u
#define ACCURACY_USEC 1000u
#define HEARD_FIRST (-20)		/* before anything is tried */
#define ALIVE_USEC 2000000u
#define BEAT_USEC 200000u		/* several in the least patience */
#define BEAT_ACCURACY_USEC 50000u
#define BEAT_FIRST (-30)		/* before anything else of a turn */
#define PATIENCE 20u			/* seconds; then a loop that hangs is ended */

enum report { REPORT_NONE, REPORT_UP, REPORT_DOWN };

/* ---- reporting ------------------------------------------------------------------------------ */

static bool
send_problems(struct post *post)
{
	struct channel_message message = { .version = CHANNEL_VERSION, .kind = CHANNEL_PROBLEMS };

	memcpy(message.text, post->problems, sizeof(message.text));
	if (post->problems_due && channel_send(post->channel, &message, -1) == 0)
		post->problems_due = false;
	return !post->problems_due;
}

static bool
send_report(struct post *post, uint32_t check)
{
	struct channel_message message = {
		.version = CHANNEL_VERSION,
		.kind = CHANNEL_TRACK,
		.revision = post->settings->serial,
		.index = check,
		.up = post->reports[check] == REPORT_UP,
	};

	snprintf(message.text, sizeof(message.text), "%s",
	         settings_checks(post->settings)[check].name);
	if (channel_send(post->channel, &message, -1) < 0)
		return false;
	post->reports[check] = REPORT_NONE;
	return true;
}

/* The engine has no room for more; a report that follows puts nothing off. */
static void
retry_later(struct post *post)
{
	int waits = SD_EVENT_OFF;

	if (sd_event_source_get_enabled(post->retry, &waits) >= 0 && waits != SD_EVENT_OFF)
		return;
	sd_event_source_set_time_relative(post->retry, RETRY_USEC);
	sd_event_source_set_enabled(post->retry, SD_EVENT_ONESHOT);
}

static int
on_retry(sd_event_source *source UNUSED, uint64_t usec UNUSED, void *owner)
{
	struct post *post = owner;
	bool taken = send_problems(post);

	for (uint32_t i = 0; post->settings && taken && i < post->settings->check_count; i++)
		if (post->reports[i] != REPORT_NONE)
			taken = send_report(post, i);
	if (!taken)
		retry_later(post);
	return 0;
}

void
post_report(struct post *post, uint32_t check, bool up)
{
	assert(check < post->settings->check_count);
	post->reports[check] = up ? REPORT_UP : REPORT_DOWN;
	if (!send_report(post, check))
		retry_later(post);
}

void
post_report_ran(struct post *post, struct channel_message *about)
{
	about->version = CHANNEL_VERSION;
	about->kind = CHANNEL_RAN;
	/* Lost, it costs a second run of a script after this process was replaced: no more. */
	if (channel_send(post->channel, about, -1) < 0)
		log_debug("the engine does not take what ran");
}

void
post_report_ready(struct post *post, uint64_t sequence)
{
	struct channel_message message = {
		.version = CHANNEL_VERSION,
		.kind = CHANNEL_READY,
		.sequence = sequence,
	};

	if (channel_send(post->channel, &message, -1) < 0)
		log_debug("the engine does not take that we are ready");
}

void
post_report_problems(struct post *post, const char *text)
{
	if (strncmp(post->problems, text, sizeof(post->problems) - 1) == 0)
		return;
	snprintf(post->problems, sizeof(post->problems), "%s", text);
	post->problems_due = true;
	if (!send_problems(post))
		retry_later(post);
}

/* ---- hearing -------------------------------------------------------------------------------- */

static void
adopt(struct post *post, int descriptor)
{
	struct error error = { .text = "no settings came with it" };
	struct settings *settings = descriptor < 0 ? NULL :
	                            channel_unwrap_settings(descriptor, &error);
	uint8_t *reports = settings ? calloc(settings->check_count + 1, 1) : NULL;

	if (!reports) {
		log_error("the engine's settings were refused: %s", error.text);
		free(settings);
		return;
	}

	struct settings *old = post->settings;

	free(post->reports);
	post->reports = reports;
	post->settings = settings;
	/* The engine may be new, and know nothing of what we told another. */
	post->problems_due = post->problems[0] != '\0';
	if (!send_problems(post))
		retry_later(post);
	post->calls->on_adopt(post->owner, settings);
	free(old);
}

/* One message: 1, 0 when there was none, negative errno when none will ever come again. */
static int
hear(struct post *post)
{
	struct channel_message message;
	int descriptor = -1;
	int r = channel_receive(post->channel, &message, &descriptor);

	if (r == -EPIPE || r == 0)
		return r;
	if (r < 0)
		log_warning("a message of the engine was dropped: %s", strerror(-r));
	else if (message.kind == CHANNEL_ADOPT)
		adopt(post, descriptor);
	else
		post->calls->on_message(post->owner, &message);
	if (descriptor >= 0)
		close(descriptor);
	return 1;
}

static int
on_channel(sd_event_source *source UNUSED, int fd UNUSED, uint32_t events UNUSED, void *owner)
{
	int r = hear(owner);

	return r < 0 ? r : 0;
}

void
post_drain(struct post *post)
{
	while (hear(post) > 0)
		;
}

static int
on_terminate(sd_event_source *source UNUSED, const struct signalfd_siginfo *info UNUSED,
             void *owner)
{
	struct post *post = owner;

	post->calls->on_stop(post->owner);
	return 0;
}

/* ---- life ----------------------------------------------------------------------------------- */

/*
 * The loop turns: put off the alarm that ends us.  Its default action works in any state but a
 * stopped one, a file system that never answers included, and the supervisor starts a successor.
 */
static int
on_alive(sd_event_source *source, uint64_t usec UNUSED, void *owner UNUSED)
{
	alarm(PATIENCE);
	sd_event_source_set_time_relative(source, ALIVE_USEC);
	return sd_event_source_set_enabled(source, SD_EVENT_ONESHOT);
}

static int
on_beat(sd_event_source *source, uint64_t usec UNUSED, void *owner)
{
	const struct post *post = owner;

	pulse_beat(post->pulse, post->patience);
	sd_event_source_set_time_relative(source, BEAT_USEC);
	return sd_event_source_set_enabled(source, SD_EVENT_ONESHOT);
}

void
post_be_watched(struct post *post, struct pulse *pulse, nsec_t patience)
{
	post->pulse = pulse;
	post->patience = patience;
	pulse_beat(pulse, patience);
	sd_event_source_set_time_relative(post->beat, BEAT_USEC);
	sd_event_source_set_enabled(post->beat, patience > 0 ? SD_EVENT_ONESHOT : SD_EVENT_OFF);
}

int
post_open(struct post *post, const char *role, const struct role_options *options, int channel,
          const struct post_calls *calls, void *owner, struct error *error)
{
	sd_event_source *heard = NULL;
	char name[16];
	int r;

	snprintf(name, sizeof(name), "tandem-%s", role);
	prctl(PR_SET_NAME, name);
	log_open(role, options->name);
	log_set_level(options->log_level);
	*post = (struct post){ .calls = calls, .owner = owner, .channel = channel };
	r = sd_event_new(&post->event);
	if (r >= 0)
		r = sd_event_add_signal(post->event, NULL, SIGTERM | SD_EVENT_SIGNAL_PROCMASK,
		                        on_terminate, post);
	if (r >= 0)
		r = sd_event_add_io(post->event, &heard, channel, EPOLLIN, on_channel, post);
	if (r >= 0)
		r = sd_event_source_set_priority(heard, HEARD_FIRST);
	if (r >= 0)
		r = sd_event_source_set_floating(heard, true);
	sd_event_source_unref(heard);
	if (r >= 0)
		r = sd_event_add_time_relative(post->event, &post->alive, CLOCK_MONOTONIC, 0, 0,
		                               on_alive, post);
	if (r >= 0)
		r = sd_event_add_time_relative(post->event, &post->beat, CLOCK_MONOTONIC, 0,
		                               BEAT_ACCURACY_USEC, on_beat, post);
	if (r >= 0)
		r = sd_event_source_set_priority(post->beat, BEAT_FIRST);
	if (r >= 0)
		r = sd_event_source_set_enabled(post->beat, SD_EVENT_OFF);
	if (r >= 0)
		r = sd_event_add_time_relative(post->event, &post->retry, CLOCK_BOOTTIME, 0,
		                               ACCURACY_USEC, on_retry, post);
	if (r >= 0)
		r = sd_event_source_set_enabled(post->retry, SD_EVENT_OFF);
	return r < 0 ? error_set(error, r, "cannot set up the loop: %s", strerror(-r)) : 0;
}

int
post_run(struct post *post)
{
	struct channel_message hello = { .version = CHANNEL_VERSION, .kind = CHANNEL_HELLO };
	int r;

	/* An engine that is not there sends the settings when it comes. */
	if (channel_send(post->channel, &hello, -1) < 0)
		log_debug("the engine did not take the hello");
	r = sd_event_loop(post->event);
	if (r < 0)
		log_error("the loop ended: %s", strerror(-r));
	return r < 0 ? EXIT_FAILURE : EXIT_SUCCESS;
}

void
post_close(struct post *post)
{
	alarm(0);
	sd_event_source_unref(post->alive);
	sd_event_source_unref(post->beat);
	sd_event_source_unref(post->retry);
	sd_event_unref(post->event);
	free(post->settings);
	free(post->reports);
}
