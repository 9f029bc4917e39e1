/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The manager's side of the channel to the engine, and the clients that wait for the engine's word.
 * No client waits for longer than its patience: an engine that is away must not keep the API from
 * answering.
 */
#include "daemon/manager_inside.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "api/reply.h"
#include "system/clock.h"

#define ENGINE_PATIENCE (3 * NSEC_PER_SEC)	/* how long a client waits for the engine's word */
#define ADOPT_PATIENCE (60 * NSEC_PER_SEC)	/* ... while the engine is seen at work */
#define LOOK_AGAIN_USEC 500000u
/* Whoever stood still for so long reads what has come meanwhile before he says that nothing did. */
#define PRIORITY_LATE (SD_EVENT_PRIORITY_NORMAL + 10)

/* ---- the channel to the engine -------------------------------------------------------------- */

static int
send_message(struct manager *m, struct channel_message *message, int descriptor)
{
	message->version = CHANNEL_VERSION;
	if (message->kind != CHANNEL_HELLO) {
		message->request = ++m->last_request;
		if (message->request == 0)		/* 0 means no request */
			message->request = ++m->last_request;
	}

	int r = channel_send(m->channel, message, descriptor);

	if (r < 0)
		log_warning("a message to the engine could not be sent: %s", strerror(-r));
	return r;
}

int
manager_engine_send(struct manager *m, struct channel_message *message)
{
	return send_message(m, message, -1);
}

int64_t
manager_engine_send_settings(struct manager *m, const struct settings *settings, bool attempt)
{
	struct channel_message message = { .kind = CHANNEL_ADOPT, .attempt = attempt,
	                                   .revision = settings->revision };
	int descriptor = channel_wrap_settings(settings);

	if (descriptor < 0) {
		log_error("the settings for the engine cannot be written: %s",
		          strerror(-descriptor));
		return descriptor;
	}

	int r = send_message(m, &message, descriptor);

	close(descriptor);
	if (r < 0)
		return r;
	m->unsettled = message.request;
	return (int64_t)message.request;
}

/* ---- clients that wait ---------------------------------------------------------------------- */

static void
pending_free(struct pending *pending)
{
	struct pending **at = &pending->manager->pending;

	while (*at && *at != pending)
		at = &(*at)->next;
	if (*at)
		*at = pending->next;
	sd_event_source_disable_unref(pending->timer);
	free(pending);
}

void
manager_engine_late(struct pending *pending)
{
	struct manager *m = pending->manager;
	bool attempt = pending->kind == CHANNEL_ADOPT;

	if (!attempt)
		reply_error(pending->http, 504, "operation-failed", NULL,
		            "the engine does not answer; try again when it is back");
	pending_free(pending);
	if (attempt && m->attempt)
		manager_attempt_on_late(m);
}

/* Thousands of links take their time: an engine that lives is waited for. */
static bool
is_at_work(const struct pending *pending)
{
	nsec_t now = clock_now();

	return pending->kind == CHANNEL_ADOPT && now - pending->begun < ADOPT_PATIENCE &&
	       now - memory_last_beat(pending->manager->memory) < ENGINE_PATIENCE / 2;
}

/* The client's patience is over. */
static int
on_patience_over(sd_event_source *source, uint64_t usec UNUSED, void *owner)
{
	struct pending *pending = owner;

	if (is_at_work(pending) &&
	    sd_event_source_set_time_relative(source, LOOK_AGAIN_USEC) >= 0 &&
	    sd_event_source_set_enabled(source, SD_EVENT_ONESHOT) >= 0)
		return 0;
	manager_engine_late(pending);
	return 0;
}

struct pending *
manager_engine_wait(struct manager *m, struct http_request *http, enum channel_kind kind)
{
	struct pending *pending = calloc(1, sizeof(*pending));

	assert(pending);
	pending->manager = m;
	pending->http = http;
	pending->kind = kind;
	pending->begun = clock_now();
	pending->next = m->pending;
	m->pending = pending;
	if (sd_event_add_time_relative(m->event, &pending->timer, CLOCK_MONOTONIC,
	                               (uint64_t)(ENGINE_PATIENCE / NSEC_PER_USEC), 1000,
	                               on_patience_over, pending) < 0 ||
	    sd_event_source_set_priority(pending->timer, PRIORITY_LATE) < 0)
		assert(!"a timer needs nothing but memory");
	return pending;
}

/* ---- messages of the engine ----------------------------------------------------------------- */

static void
on_answer(struct manager *m, const struct channel_message *answer)
{
	struct pending *pending = m->pending;

	if (answer->request == m->unsettled)
		m->unsettled = 0;
	while (pending && pending->request != answer->request)
		pending = pending->next;

	if (!pending) {			/* nobody waits for it (any more) */
		if (answer->revision > 0)
			manager_commit_note_adoption(m, answer);
	} else if (pending->kind == CHANNEL_ADOPT) {
		pending_free(pending);
		manager_attempt_on_answer(m, answer);
	} else {
		manager_operate_on_answer(m, pending, answer);
		pending_free(pending);
	}
}

int
manager_engine_on_channel(sd_event_source *source, int fd, uint32_t events UNUSED, void *owner)
{
	struct manager *m = owner;
	struct channel_message message;
	int descriptor = -1;
	int r = channel_receive(fd, &message, &descriptor);

	if (r == -EPIPE) {
		log_error("the channel to the engine is closed");
		return sd_event_source_set_enabled(source, SD_EVENT_OFF);
	}
	if (r < 0)
		log_warning("a message of the engine was dropped: %s", strerror(-r));
	if (r <= 0)
		return 0;

	message.text[sizeof(message.text) - 1] = '\0';
	switch ((enum channel_kind)message.kind) {
	case CHANNEL_HELLO:
		log_debug("the engine says hello");
		if (m->attempt)
			manager_attempt_repeat(m);
		else if (m->settings)
			(void)manager_engine_send_settings(m, m->settings, false);
		break;
	case CHANNEL_ANSWER:
		on_answer(m, &message);
		break;
	case CHANNEL_ADOPT:
	case CHANNEL_RESET_MASTER:
	case CHANNEL_GARP:
	case CHANNEL_WATCH:
	case CHANNEL_STATE:
	case CHANNEL_RAN:
	case CHANNEL_OWNER:
	case CHANNEL_ROLE:
	case CHANNEL_READY:
	case CHANNEL_TRACK:
	case CHANNEL_PROBLEMS:
	case CHANNEL_KINDS:
		break;			/* the engine asks nothing */
	}
	if (descriptor >= 0)
		close(descriptor);
	return 0;
}
