/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Decides whose timer is put right and to what.  A timer of half the long one is longer than any
 * that a kernel gives by itself, so flows that had a packet here since are left alone.
 */
#include "daemon/flowrelease.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <systemd/sd-event.h>

#include "base/log.h"
#include "core/flowsync.h"
#include "system/clock.h"
#include "system/conntrack_diet.h"
#include "system/conntrack_dump.h"
#include "system/conntrack_inject.h"
#include "system/conntrack_sysctl.h"

#define STEP 1u				/* flows at least: one message of the kernel, 0.4 ms */
#define PAUSE_USEC 250u			/* between two, for the kernel's own threads */
#define PRIORITY 50			/* as dumps: everything else comes first */
#define TIMER_LEAST 60u			/* seconds, for what may be in use elsewhere */

struct flowrelease {
	struct conntrack_dump *dump;
	struct conntrack_inject *inject;
	struct conntrack_diet *diet;
	sd_event_source *turn;
	struct flowsync_options usual;
	uint64_t released;
	int broken;			/* negative errno */
	bool done;
};

/* A flow that is gone meanwhile is no refusal, and of others the next router knows no more. */
static void
on_refused(void *owner UNUSED, const struct conntrack_refusal *refusal)
{
	log_debug("a timer is not put right: %s", strerror(-refusal->error));
}

static void
on_flow(void *owner, const struct flow *flow)
{
	struct flowrelease *release = owner;
	uint32_t more = release->usual.long_timer, left;
	int r;

	if (flow->timeout <= more / 2)
		return;
	left = flow->timeout > more + TIMER_LEAST ? flow->timeout - more : TIMER_LEAST;
	if (left > release->usual.idle_limit)
		left = release->usual.idle_limit;
	r = conntrack_inject_retime(release->inject, &flow->key, left);
	if (r < 0)
		release->broken = r;
	release->released++;
}

/* The rules go last: who finds them knows that this is not over. */
static void
end(struct flowrelease *release)
{
	struct error error;

	release->done = true;
	if (release->broken < 0)
		log_warning("the timers of the partner's connections cannot be put right: %s",
		            strerror(-release->broken));
	else if (release->released > 0)
		log_notice("connsync ended: %llu connections of the partner have their own timers "
		           "again", (unsigned long long)release->released);
	if (conntrack_diet_end(release->diet, &error) < 0)
		log_warning("%s", error.text);
}

static int
go_on(sd_event_source *turn)
{
	sd_event_source_set_time_relative(turn, PAUSE_USEC);
	return sd_event_source_set_enabled(turn, SD_EVENT_ONESHOT);
}

static int
on_turn(sd_event_source *source, uint64_t usec UNUSED, void *owner)
{
	const struct conntrack_dump_hearer hearer = { on_flow, NULL, owner };
	struct flowrelease *release = owner;
	int r = conntrack_dump_step(release->dump, STEP, &hearer);
	int flushed = conntrack_inject_flush(release->inject);

	if (r < 0 || flushed < 0)
		release->broken = r < 0 ? r : flushed;
	if (r <= 0 || release->broken < 0)
		end(release);
	else if (source)
		return go_on(source);
	return 0;
}

int
flowrelease_begin(struct sd_event *event, struct flowrelease **ret, struct error *error)
{
	struct flowrelease *release;
	uint64_t most;
	int r;

	/* Who asks for rules where there are none should not load the kernel's module for it. */
	if (conntrack_sysctl_get(CONNTRACK_SYSCTL_MAX, &most) < 0)
		return 0;
	release = calloc(1, sizeof(*release));
	if (!release)
		return error_set(error, -ENOMEM, "out of memory");
	flowsync_options_init(&release->usual);
	r = conntrack_diet_new(&release->diet, error);
	if (r >= 0 && !conntrack_diet_is_there(release->diet)) {
		flowrelease_free(release);
		return 0;
	}
	if (r >= 0)
		r = conntrack_dump_open(&release->dump, error);
	if (r >= 0)
		r = conntrack_inject_open(0, on_refused, release, &release->inject, error);
	if (r >= 0) {
		r = conntrack_dump_flows(release->dump, NULL);
		if (r >= 0 && event)
			r = sd_event_add_time_relative(event, &release->turn, CLOCK_BOOTTIME, 0, 1,
			                               on_turn, release);
		if (r >= 0 && event)
			r = sd_event_source_set_priority(release->turn, PRIORITY);
		if (r < 0)
			error_set(error, r, "cannot read the table of connections: %s",
			          strerror(-r));
	}
	if (r < 0) {
		flowrelease_free(release);
		return r;
	}
	*ret = release;
	return 1;
}

void
flowrelease_finish(struct flowrelease *release, nsec_t until)
{
	const struct timespec pause = { .tv_nsec = PAUSE_USEC * 1000 };

	for (; release && !release->done && clock_now() < until; nanosleep(&pause, NULL))
		(void)on_turn(NULL, 0, release);
}

void
flowrelease_free(struct flowrelease *release)
{
	if (!release)
		return;
	sd_event_source_disable_unref(release->turn);
	conntrack_dump_close(release->dump);
	conntrack_inject_close(release->inject);
	conntrack_diet_free(release->diet);
	free(release);
}
