/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A helper's post: what the engine's helpers have in common.  Its loop, its line to the
 * engine, the settings last received, and the reports that are due: how each check is, and what an
 * operator should repair.  A report that the engine does not take now is tried again; the last
 * word stands.  A loop that hangs for long ends itself.
 */
#ifndef TANDEM_POST_H
#define TANDEM_POST_H

#include "base/base.h"
#include "base/error.h"
#include "core/settings.h"
#include "daemon/channel.h"
#include "daemon/pulse.h"
#include "daemon/roles.h"

struct sd_event;
struct sd_event_source;

struct post_calls {
	/* New settings are here.  Reports are empty: tell how each check is that is known. */
	void (*on_adopt)(void *owner, const struct settings *settings);
	/* Any other message of the engine. */
	void (*on_message)(void *owner, const struct channel_message *message);
	/* The service stops: end the loop with sd_event_exit(), now or soon. */
	void (*on_stop)(void *owner);
};

struct post {
	const struct post_calls *calls;
	void *owner;
	struct sd_event *event;
	struct settings *settings;	/* last adopted, or NULL */
	/* private */
	int channel;
	struct sd_event_source *alive;
	struct sd_event_source *beat;
	struct pulse *pulse;
	nsec_t patience;
	struct sd_event_source *retry;
	uint8_t *reports;		/* per check: what is due */
	bool problems_due;
	char problems[1024];
};

/* Become the role of this name: process name, log, loop.  Powers are given up by the caller. */
int post_open(struct post *post, const char *role, const struct role_options *options,
              int channel, const struct post_calls *calls, void *owner, struct error *error)
	MUST_USE;

/* Say hello and run the loop to its end; returns the exit status of the process. */
int post_run(struct post *post);
void post_close(struct post *post);

/*
 * From now on the supervisor replaces this process when its loop stands still for longer than
 * patience (no less than a second); 0 = it looks away again.
 */
void post_be_watched(struct post *post, struct pulse *pulse, nsec_t patience);

/* Hand on what the engine has sent and is not read yet. */
void post_drain(struct post *post);

/* Check (index in the settings) is up or down. */
void post_report(struct post *post, uint32_t check, bool up);
/* What ROLE with this sequence asks for is done.  Lost, the engine's patience ends the wait. */
void post_report_ready(struct post *post, uint64_t sequence);
/* A transition script of the group ended; about holds interface, vrid, family, script. */
void post_report_ran(struct post *post, struct channel_message *about);
/* What an operator should repair, "" = nothing (any more). */
void post_report_problems(struct post *post, const char *text);

#endif
