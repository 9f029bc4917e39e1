/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The engine's role: one loop that takes packets, kernel notifications, requests of the manager
 * and the time to the pure engine, and carries out what it wants.  Decides nothing about VRRP
 * (core/engine), nothing about links (daemon/interfaces), and waits for nothing but its loop.
 *
 * A turn, in this order: advertisements that are due go out; everything that has arrived is judged
 * with its arrival time; only then may silence become a takeover, and only for deadlines before
 * the turn began.  Then what changed is published in the memory that outlives this process.
 *
 * Here are the turns, and how the role starts and stops.  What else the loop serves (intake,
 * adopting, answers) is cut into pieces that are short beside the shortest interval, and stands
 * behind the timer.
 */
#include <errno.h>
#include <malloc.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/timerfd.h>
#include <systemd/sd-event.h>
#include <unistd.h>

#include "base/log.h"
#include "core/engine.h"
#include "daemon/adopt.h"
#include "daemon/answers.h"
#include "daemon/intake.h"
#include "daemon/node.h"
#include "daemon/report.h"
#include "daemon/roles.h"
#include "system/clock.h"
#include "system/privilege.h"

#define LARGE_BLOCK (128 << 10)
#define FLUSH_PATIENCE (200 * NSEC_PER_MSEC)
#define STOP_PATIENCE (500 * NSEC_PER_MSEC)

#define DESCRIPTORS (2 * SETTINGS_LINKS_MAX + 1024)	/* two sockets a link with groups */

#define PACKETS_PAUSE NSEC_PER_MSEC
#define WRITER_PATIENCE NSEC_PER_SEC

/* ---- carrying out effects ------------------------------------------------------------------- */

void
node_carry_out(struct node *node)
{
	struct effects *effects = &node->effects;

	if (effects->count == 0)
		return;
	courier_carry_out(node->courier, effects);
	for (size_t i = 0; i < effects->count; i++) {
		publisher_put(&node->publisher, effects->list[i].group);
		helpers_effect(node->helpers, &effects->list[i]);
		recorder_effect(&node->recorder, &effects->list[i]);
		report_effect(node->engine, &effects->list[i]);
	}
	helpers_tell(node->helpers);
	effects->count = 0;
}

/* ---- turns ---------------------------------------------------------------------------------- */

void
node_arm_timer(struct node *node)
{
	nsec_t next = nsec_min(nsec_min(engine_deadline(node->engine), node->leave_by),
	                       node->last_turn + engine_tick(node->engine));
	struct itimerspec when = { 0 };

	next = nsec_min(nsec_min(next, node->gathered), courier_deadline(node->courier));
	when.it_value.tv_sec = next / NSEC_PER_SEC;
	when.it_value.tv_nsec = next % NSEC_PER_SEC;
	if (next <= 0)
		when.it_value.tv_nsec = 1;	/* zero would disarm it */
	if (next == node->armed)
		return;
	timerfd_settime(node->timer, TFD_TIMER_ABSTIME, &when, NULL);
	node->armed = next;
}

/* A kernel that does not come to an end with our requests is a thing a person should know. */
static void
watch_writer(struct node *node, nsec_t now)
{
	nsec_t since = interfaces_busy_since(node->interfaces);
	bool stuck = since != NSEC_NEVER && now - since > WRITER_PATIENCE;

	if (stuck && !node->stuck)
		log_error("the kernel has been busy with a request about links or addresses for "
		          "%lld ms; nothing can be changed until it is done",
		          (long long)((now - since) / NSEC_PER_MSEC));
	if (!stuck && node->stuck)
		log_warning("the kernel is done with the request that took so long");
	node->stuck = stuck;
}

/* What is done once in a while. */
static void
tick(struct node *node, nsec_t now)
{
	node->last_tick = now;
	watch_writer(node, now);
	if (node->again)
		intake_look_at_all(node);
	node->again = false;
}

/* Nobody is master any more, no address is left, the memory says so, and the loop ends. */
static void
stop(struct node *node)
{
	engine_stop(node->engine, clock_now(), &node->effects);
	node_carry_out(node);
	interfaces_stop(node->interfaces, STOP_PATIENCE);
	helpers_flush(node->helpers, FLUSH_PATIENCE);
	publisher_put_all(&node->publisher, clock_now());
	sd_event_exit(node->event, 0);
}

/* One turn.  Where neither packets nor an end of silence ask for it, nobody listens. */
static void
turn(struct node *node, bool packets)
{
	nsec_t start = clock_now();

	courier_on_time(node->courier);
	engine_on_time(node->engine, start, 0, &node->effects);
	node_carry_out(node);
	if (packets || engine_deadline(node->engine) <= start) {
		bool all_heard = listeners_sweep(node->listeners);

		engine_on_time(node->engine, clock_now(), all_heard ? start : 0, &node->effects);
		node_carry_out(node);
	}
	publisher_put_due(&node->publisher, start);
	if (start - node->last_tick >= engine_tick(node->engine))
		tick(node, start);
	memory_beat(node->memory, start);
	node->last_turn = start;
	if (node->leave_by != NSEC_NEVER &&
	    (start >= node->leave_by || engine_has_left(node->engine)))
		stop(node);
	node_arm_timer(node);
}

static void
on_frame(void *owner, uint32_t link, const uint8_t *bytes, size_t length, nsec_t arrival)
{
	struct node *node = owner;

	nsec_t now = clock_now();
	enum advert_fault fault = engine_on_frame(node->engine, link, reader_over(bytes, length),
	                                          arrival, now, &node->effects);

	if (recorder_is_watched(&node->recorder, now))
		recorder_received(&node->recorder, link, bytes, length, fault, arrival);
	node_carry_out(node);
}

static void
on_backlog(void *owner, uint32_t link, nsec_t heard)
{
	struct node *node = owner;

	engine_on_backlog(node->engine, link, heard);
}

/*
 * Where many speak at once their packets come one by one: after the second turn in a row the rest
 * of them may gather.  Their arrival counts, not when we look.
 */
static int
on_packets(sd_event_source *source, int fd UNUSED, uint32_t events UNUSED, void *owner)
{
	struct node *node = owner;
	nsec_t now = clock_now();

	if (now - node->last_packets < PACKETS_PAUSE) {
		node->gathered = now + PACKETS_PAUSE;
		sd_event_source_set_enabled(source, SD_EVENT_OFF);
	}
	node->last_packets = now;
	turn(node, true);
	return 0;
}

/* Setting the timer anew takes back that it rang. */
static int
on_timer(sd_event_source *source UNUSED, int fd UNUSED, uint32_t events UNUSED, void *owner)
{
	struct node *node = owner;
	bool packets = node->gathered <= clock_now();

	if (packets) {
		node->gathered = NSEC_NEVER;
		sd_event_source_set_enabled(node->packets, SD_EVENT_ON);
	}
	node->armed = NSEC_NEVER;
	turn(node, packets);
	return 0;
}

/* ---- start and stop ------------------------------------------------------------------------- */

static int
on_terminate(sd_event_source *source UNUSED, const struct signalfd_siginfo *info UNUSED,
             void *owner)
{
	struct node *node = owner;
	nsec_t now;

	if (node->leave_by != NSEC_NEVER)
		return 0;
	adopt_finish(node);
	now = clock_now();
	engine_leave(node->engine, now, &node->effects);
	node->leave_by = engine_leaves_by(node->engine);
	node_carry_out(node);
	turn(node, true);
	return 0;
}

static int
add_source(sd_event *event, int fd, sd_event_io_handler_t handler, struct node *node,
           int64_t priority, sd_event_source **ret_source)
{
	sd_event_source *source;
	int r = sd_event_add_io(event, &source, fd, EPOLLIN, handler, node);

	if (r >= 0)
		r = sd_event_source_set_priority(source, priority);
	if (r >= 0)
		r = sd_event_source_set_floating(source, true);
	if (r < 0)
		return r;
	sd_event_source_unref(source);		/* it lives as long as its loop */
	if (ret_source)
		*ret_source = source;
	return 0;
}

/*
 * Signals end the loop.  Time comes first, and each turn of it reads packets, too; a flood of
 * packets between shares the loop with the kernel's news.
 */
static int
set_up_loop(struct node *node, struct error *error)
{
	int r = sd_event_new(&node->event);

	if (r >= 0)
		r = sd_event_add_signal(node->event, NULL, SIGTERM | SD_EVENT_SIGNAL_PROCMASK,
		                        on_terminate, node);
	node->timer = timerfd_create(CLOCK_BOOTTIME, TFD_CLOEXEC | TFD_NONBLOCK);
	if (r >= 0 && node->timer < 0)
		r = -errno;
	if (r >= 0)
		r = add_source(node->event, node->timer, on_timer, node, -20, NULL);
	if (r >= 0)
		r = add_source(node->event, listeners_descriptor(node->listeners), on_packets, node,
		               0, &node->packets);
	if (r >= 0)
		r = add_source(node->event, node->channel, answers_on_channel, node, 10,
		               &node->requests);
	if (r >= 0)
		r = intake_open(node);
	if (r >= 0)
		r = adopt_open(node);
	return r < 0 ? error_set(error, r, "cannot set up the loop: %s", strerror(-r)) : 0;
}

static int
open_interfaces(struct node *node, struct error *error)
{
	void *originals;
	size_t size;
	int r;

	memory_get_originals(node->memory, &originals, &size);
	r = interfaces_new(node->event, &intake_interfaces_calls, node, originals, size,
	                   &node->interfaces, error);
	free(originals);
	return r;
}

static int
start(struct node *node, const int helpers[HELPERS], struct error *error)
{
	static const struct listeners_calls calls = { on_frame, on_backlog };
	int r = listeners_new(&calls, node, &node->listeners, error);
	struct settings *settings;

	if (r == 0)
		r = set_up_loop(node, error);
	if (r == 0)
		r = open_interfaces(node, error);
	if (r == 0)
		r = helpers_new(node->event, helpers, &intake_helpers_calls, node, &node->helpers,
		                error);
	node->engine = engine_new();
	if (r == 0 && !node->engine)
		r = error_set(error, -ENOMEM, "out of memory");
	if (r == 0)
		r = courier_new(node->engine, node->interfaces, &node->recorder, &node->courier,
		                error);
	if (r < 0)
		return r;
	node->publisher = (struct publisher){ .engine = node->engine, .memory = node->memory };
	node->recorder = (struct recorder){ .engine = node->engine, .memory = node->memory };

	settings = memory_get_settings(node->memory);
	if (!settings)
		settings = settings_new(&(struct settings_counts){ 0 });
	if (!settings)
		return error_set(error, -ENOMEM, "out of memory");
	adopt_begin(node, settings, &(struct adopt_how){ .resume = true });
	adopt_finish(node);
	if (!node->settings)
		return error_set(error, -ENOMEM, "cannot begin without settings");
	intake_deliver_all(node);
	return 0;
}

int
engine_main(const struct role_options *options, int channel, const int helpers[HELPERS],
            struct memory *memory)
{
	struct node node = {
		.memory = memory,
		.channel = channel,
		.timer = -1,
		.armed = NSEC_NEVER,
		.leave_by = NSEC_NEVER,
		.gathered = NSEC_NEVER,
	};
	const char *missing;
	struct error error = { 0 };

	prctl(PR_SET_NAME, "tandem-engine");
	log_open("engine", options->name);
	log_set_level(options->log_level);
	privilege_open_files(DESCRIPTORS);
	/* What is large is large for a moment, as settings that go: it shall go back. */
	mallopt(M_MMAP_THRESHOLD, LARGE_BLOCK);
	privilege_real_time(&missing);
	if (missing)
		log_warning("runs without %s: a busy machine may delay it", missing);
	if (start(&node, helpers, &error) < 0 || privilege_drop_engine(options->user, &error) < 0 ||
	    interfaces_start(node.interfaces, &missing, &error) < 0) {
		log_error("%s", error.text);
		return EXIT_FAILURE;
	}
	if (missing)
		log_warning("its writer runs without %s", missing);
	answers_hello(&node);
	turn(&node, true);

	int r = sd_event_loop(node.event);

	if (r < 0)
		log_error("the loop ended: %s", strerror(-r));
	return r < 0 ? EXIT_FAILURE : EXIT_SUCCESS;
}
