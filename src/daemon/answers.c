/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Requests of the manager: each is answered once, an adopt when the interfaces have settled.  What
 * an operator should repair of these goes with that answer, and unasked, with what the helpers say,
 * whenever either changes.  What a request means to the groups is the engine's to decide, and how
 * settings are adopted is adopt.c's.
 */
#include "daemon/answers.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/log.h"
#include "daemon/adopt.h"
#include "system/clock.h"

/* ---- answering ------------------------------------------------------------------------------ */

static void
answer(struct node *node, uint32_t request, enum channel_outcome outcome, uint64_t revision,
       const char *text)
{
	struct channel_message message = {
		.version = CHANNEL_VERSION,
		.kind = CHANNEL_ANSWER,
		.request = request,
		.outcome = outcome,
		.revision = revision,
	};
	int r;

	snprintf(message.text, sizeof(message.text), "%s", text);
	r = channel_send(node->channel, &message, -1);
	if (r < 0)
		log_warning("cannot answer the manager: %s", strerror(-r));
}

/* What an operator should repair, ours and the helpers', unasked. */
static void
tell_problems(struct node *node)
{
	char text[sizeof(node->problems)];

	snprintf(text, sizeof(text), "%s%s%.*s", node->helper_problems,
	         node->helper_problems[0] && node->problems[0] ? "\n" : "",
	         (int)(sizeof(text) - sizeof(node->helper_problems) - 2), node->problems);
	answer(node, 0, text[0] ? CHANNEL_INCOMPLETE : CHANNEL_DONE, node->settings->revision,
	       text);
}

/* The helpers have hardly heard of these settings: what they said was of those before, which may
 * just have been mended.  It still stands until they say otherwise, but not as an outcome. */
static void
answer_adopt(struct node *node)
{
	if (node->request == 0)
		return;
	answer(node, node->request, node->problems[0] ? CHANNEL_INCOMPLETE : CHANNEL_DONE,
	       node->request_revision, node->problems);
	node->request = 0;
	if (node->helper_problems[0])
		tell_problems(node);
}

void
answers_settled(struct node *node, const char *problems, const char *refused)
{
	bool changed = strncmp(node->problems, problems, sizeof(node->problems) - 1) != 0;

	for (const char *line = changed ? problems : ""; *line;) {
		size_t length = strcspn(line, "\n");

		log_warning("%.*s", (int)length, line);
		line += length + (line[length] == '\n');
	}
	snprintf(node->problems, sizeof(node->problems), "%s", problems);
	if (node->request != 0 && node->attempt && refused[0] != '\0') {
		answer(node, node->request, CHANNEL_KERNEL_REFUSED, node->request_revision,
		       refused);
		node->request = 0;
	} else if (node->request != 0) {
		answer_adopt(node);
	} else if (changed) {		/* nobody asked, but "show system" lists them */
		tell_problems(node);
	}
}

void
answers_helpers(struct node *node, const char *problems)
{
	snprintf(node->helper_problems, sizeof(node->helper_problems), "%s", problems);
	if (node->request == 0)
		tell_problems(node);
}

/* ---- adopting ------------------------------------------------------------------------------- */

void
answers_adopted(struct node *node, uint32_t request, bool attempt)
{
	/* An adopt that was not answered yet is overtaken by this one. */
	if (node->request != 0)
		answer(node, node->request, CHANNEL_DONE, node->request_revision, "");
	node->request = request;
	node->attempt = attempt;
	node->request_revision = node->settings->revision;
}

void
answers_refused(struct node *node, uint32_t request, uint64_t revision, const char *why)
{
	if (request != 0)
		answer(node, request, CHANNEL_REFUSED, revision, why);
}

/* Whoever sends settings does not know how many we adopted. */
static bool
is_adopted(const struct node *node, struct settings *settings)
{
	if (!node->settings || node->settings->size != settings->size)
		return false;
	settings->serial = node->settings->serial;
	return memcmp(node->settings, settings, settings->size) == 0;
}

static void
request_adopt(struct node *node, const struct channel_message *message, int descriptor)
{
	struct error error = { 0 };
	struct settings *settings = descriptor < 0 ? NULL :
	                            channel_unwrap_settings(descriptor, &error);

	if (!settings) {
		log_error("the manager's settings were refused: %s", error.text);
		answers_refused(node, message->request, message->revision, error.text);
	} else if (node->leave_by != NSEC_NEVER) {
		free(settings);
		answers_refused(node, message->request, message->revision,
		                "the service is stopping");
	} else if (is_adopted(node, settings)) {
		free(settings);
		answers_adopted(node, message->request, message->attempt);
		if (!node->settling)
			answer_adopt(node);
	} else {
		log_info("adopting revision %llu: %u interfaces, %u groups",
		         (unsigned long long)settings->revision, settings->link_count,
		         settings->group_count);
		adopt_begin(node, settings, &(struct adopt_how){
			.request = message->request, .attempt = message->attempt });
	}
}

/* ---- groups --------------------------------------------------------------------------------- */

/* What a message asks for, of one family of its group. */
static enum engine_answer
operate(struct node *node, const struct channel_message *message, uint8_t family)
{
	int group = node->settings ? settings_find_group(node->settings, message->interface,
	                                                 message->vrid, family) : -1;
	enum engine_answer said;

	if (group < 0)
		return ENGINE_NO_GROUP;
	if (message->kind == CHANNEL_RESET_MASTER)
		said = engine_reset_master(node->engine, (uint32_t)group, clock_now(),
		                           &node->effects);
	else
		said = engine_announce(node->engine, (uint32_t)group, clock_now(), &node->effects);
	node_carry_out(node);
	return said;
}

/* "reset vrrp master" and "update vrrp garp": both virtual routers of a group of both families. */
static void
request_group(struct node *node, const struct channel_message *message)
{
	enum engine_answer ipv4 = operate(node, message, 4), ipv6 = operate(node, message, 6);
	enum channel_outcome outcome = CHANNEL_NOT_MASTER;

	if (ipv4 == ENGINE_DONE || ipv6 == ENGINE_DONE)
		outcome = CHANNEL_DONE;
	else if (ipv4 == ENGINE_NO_GROUP && ipv6 == ENGINE_NO_GROUP)
		outcome = CHANNEL_NO_GROUP;
	node_arm_timer(node);
	answer(node, message->request, outcome, 0, "");
}

/* ---- the channel ---------------------------------------------------------------------------- */

void
answers_hello(struct node *node)
{
	struct channel_message hello = { .version = CHANNEL_VERSION, .kind = CHANNEL_HELLO };

	/* Nobody may be there to read it: the manager says hello itself when it comes. */
	if (channel_send(node->channel, &hello, -1) < 0)
		log_debug("the manager did not take the hello");
}

int
answers_on_channel(struct sd_event_source *source UNUSED, int descriptor, uint32_t events UNUSED,
                   void *owner)
{
	struct node *node = owner;
	struct channel_message message;
	int attached;
	int r = channel_receive(descriptor, &message, &attached);

	if (r < 0)
		log_warning("a message of the manager was dropped: %s", strerror(-r));
	if (r <= 0)
		return 0;
	switch ((enum channel_kind)message.kind) {
	case CHANNEL_HELLO:
		node->request = 0;
		answers_hello(node);
		break;
	case CHANNEL_ADOPT:
		request_adopt(node, &message, attached);
		break;
	case CHANNEL_RESET_MASTER:
	case CHANNEL_GARP:
		request_group(node, &message);
		break;
	case CHANNEL_WATCH:
		recorder_watch(&node->recorder, clock_now());
		break;
	case CHANNEL_ANSWER:
	case CHANNEL_STATE:
	case CHANNEL_RAN:
	case CHANNEL_OWNER:
	case CHANNEL_ROLE:
	case CHANNEL_READY:
	case CHANNEL_TRACK:
	case CHANNEL_PROBLEMS:
	case CHANNEL_KINDS:
		break;			/* we ask nothing */
	}
	if (attached >= 0)
		close(attached);
	return 0;
}
