/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The role that replicates connections, as long as it lives: of what it is made, when it begins and
 * ends, and what the engine and the manager say to it.  What passes between the protocol, the
 * kernel and the partner while it runs is flowhooks.c's.
 *
 * It runs while it is configured, the kernel tracks connections, and the routers are paired or the
 * operator said in words that they need not be.  In any other case it holds nobody up: a new master
 * is told at once that it may go on, and the priority is not lowered.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/random.h>

#include "base/log.h"
#include "daemon/flowflaw.h"
#include "daemon/flowrelease.h"
#include "daemon/flowrole.h"
#include "daemon/flowshow.h"
#include "daemon/roles.h"
#include "system/clock.h"
#include "system/identity.h"
#include "system/privilege.h"

#define EXPECTATIONS 4096u		/* the kernel's own limit, unless it was raised */
#define DRAIN_PATIENCE (NSEC_PER_MSEC / 2)	/* for what was told before a promotion */
#define RELEASE_PATIENCE (8 * NSEC_PER_SEC)	/* at the end; the supervisor's is longer */
#define WATCH_USEC 10000000u		/* between looks at the kernel's settings */
#define RETRY_USEC 10000000u
#define STILL NSEC_PER_SEC		/* the loop, before the supervisor thinks that it hangs */
#define STILL_EACH NSEC_PER_USEC	/* ... more for every connection that there may be */
#define READY_SIZE (16u << 20)		/* of the table's memory: about 150,000 flows */

/* ---- what the operator hears ---------------------------------------------------------------- */

void
flowrole_report_problems(struct flowrole *f)
{
	char text[1024];

	flowflaw_sentences(f->trouble, f->alarms, f->flaws, text, sizeof(text));
	post_report_problems(&f->post, text);
}

/* Others may change what connsync stands on; nothing tells of it. */
static void
look_for_flaws(struct flowrole *f)
{
	struct flowsync_status status;
	uint32_t flaws = flowkernel_check(f->kernel);

	flowsync_status(f->flowsync, clock_now(), &status);
	if (status.connected && status.capacity < status.peer_capacity)
		flaws |= 1u << FLOWFLAW_SMALLER;
	for (enum flowflaw i = 0; i < FLOWFLAWS; i++)
		if ((flaws ^ f->flaws) & 1u << i)
			log_line(flaws & 1u << i ? LOG_WARNING_LEVEL : LOG_INFO_LEVEL,
			         "connections: %s%s", flaws & 1u << i ? "" : "no longer ",
			         flowflaw_name(i));
	f->flaws = flaws;
}

/* A partner that is gone is no reason to be weaker: then it is us who must take over.  Who forwards
 * has the connections, whatever the partner still lacks. */
static bool
is_ready(const struct flowrole *f)
{
	return !f->flowsync || f->active ||
	       (f->readiness != FLOWSYNC_INIT && f->readiness != FLOWSYNC_BULK);
}

void
flowrole_report_ready(struct flowrole *f)
{
	const struct connsync_settings *c = settings_connsync(f->settings);

	if (c)
		post_report(&f->post, (uint32_t)c->check, is_ready(f));
}

/* ---- the protocol ---------------------------------------------------------------------------- */

/* What the settings decide of the protocol's options. */
static void
set_options(const struct flowrole *f, const struct connsync_settings *c,
            struct flowsync_options *options)
{
	options->hold_down = c->hold_down;
	options->rate = c->rate;
	options->startup_wait = c->startup_wait;
	options->paths = c->path_count;
	for (uint32_t i = 0; i < c->path_count; i++)
		options->payload[i] = flowpeer_payload(f->peer, i);
	options->overhead = flowpeer_overhead(f->peer);
}

/* Who we are. */
static void
set_node(struct flowrole *f)
{
	const struct fingerprint *own = f->identity ? identity_fingerprint(f->identity) : NULL;

	if (own)
		memcpy(f->options.node, own->bytes, sizeof(f->options.node));
	else if (getrandom(f->options.node, sizeof(f->options.node), 0) < 0)
		memcpy(f->options.node, &f->local[0], sizeof(f->local[0]));
}

/*
 * A loop that stands still tells nothing, and lets the kernel's news pile up.  What is done in one
 * go for the whole table is in the patience: the longest is a look of the kernel at all of it for
 * some few (0.35 us for each), before the first of them is told.
 */
static void
be_watched(struct flowrole *f)
{
	post_be_watched(&f->post, f->pulse, STILL + (nsec_t)f->capacity * STILL_EACH);
}

/*
 * The table and the protocol around it.  What it was made of before is given up when there is
 * memory for the new one, and only then.
 */
static int
make_protocol(struct flowrole *f, uint64_t capacity, const uint64_t seed[2], uint32_t epoch,
              struct error *error)
{
	struct flowsync_options options;
	struct flowsync_hooks hooks = flowhooks_flowsync_hooks;
	void *memory;
	size_t size;

	flowsync_options_init(&options);
	options.capacity = capacity < 1u << 26 ? (uint32_t)capacity : 1u << 26;
	options.expectations = EXPECTATIONS;
	options.epoch = epoch;
	memcpy(options.seed, seed, sizeof(options.seed));
	memcpy(options.node, f->options.node, sizeof(options.node));
	set_options(f, &f->adopted, &options);
	size = flowsync_size(&options);
	memory = mmap(NULL, size, PROT_READ | PROT_WRITE,
	              MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
	if (memory == MAP_FAILED)
		return error_set(error, -ENOMEM, "no memory for %llu connections",
		                 (unsigned long long)capacity);
	/* Flows are looked up all over it.  A large page takes a virtual machine up to 5 ms to get:
	 * the first ones are there before there is traffic. */
	(void)madvise(memory, size, MADV_HUGEPAGE);
	(void)madvise(memory, size < READY_SIZE ? size : READY_SIZE, MADV_POPULATE_WRITE);
	if (f->memory)
		munmap(f->memory, f->memory_size);
	hooks.owner = f;
	f->memory = memory;
	f->memory_size = size;
	f->options = options;
	f->capacity = capacity;
	f->alarms = 0;
	f->readiness = FLOWSYNC_INIT;
	f->flowsync = flowsync_new(memory, &options, &hooks, clock_now());
	be_watched(f);
	return 0;
}

/* A table of another size.  Nothing is lost: what it held is in the kernel, and read anew. */
static void
remake_protocol(struct flowrole *f, uint64_t capacity)
{
	uint64_t seed[2];
	struct flowsync_status status;
	struct error error;

	flowsync_status(f->flowsync, clock_now(), &status);
	memcpy(seed, f->options.seed, sizeof(seed));
	if (make_protocol(f, capacity, seed, status.epoch, &error) < 0) {
		log_error("the table of connections stays as it is: %s", error.text);
		return;
	}
	if (f->known)
		flowsync_on_role(f->flowsync, f->active ? FLOWSYNC_ACTIVE : FLOWSYNC_STANDBY,
		                 clock_now());
	flowrole_report_ready(f);
	flowrole_report_problems(f);
}

/* ---- running -------------------------------------------------------------------------------- */

/*
 * What came before counts before, and is in the kernel before packets come: as much of it as a
 * millisecond lets.  What is still queued then is handed in after, as what came before.
 */
static void
take_role(struct flowrole *f)
{
	if (f->flowsync && f->known) {
		nsec_t begin = clock_now();

		(void)flowpeer_drain(f->peer, begin + DRAIN_PATIENCE);
		flowkernel_drain(f->kernel);
		/* It forwards for a moment longer, and what it tells then is worth having. */
		if (f->active && f->handed_over)
			flowsync_expect_handover(f->flowsync, clock_now());
		flowsync_on_role(f->flowsync, f->active ? FLOWSYNC_ACTIVE : FLOWSYNC_STANDBY,
		                 clock_now());
		flowkernel_flush(f->kernel);
		/* The engine may have gone on without us. */
		if (f->active && clock_now() - begin > f->adopted.promotion_wait)
			flowsync_on_overrun(f->flowsync, clock_now());
	}
	if (f->known && f->active)
		post_report_ready(&f->post, f->sequence);
	if (f->flowsync && f->known) {
		if (f->forwarded && !f->active)
			flowkernel_renew(f->kernel);
		f->forwarded = f->active;
		flowrole_report_ready(f);
	}
	flowhooks_finish(f);
}

static void
stop_running(struct flowrole *f)
{
	post_be_watched(&f->post, f->pulse, 0);
	sd_event_source_set_enabled(f->timer, SD_EVENT_OFF);
	f->alarm = NSEC_NEVER;
	f->look_count = 0;
	flowpeer_free(f->peer);
	flowkernel_free(f->kernel);
	identity_free(f->identity);
	if (f->memory)
		munmap(f->memory, f->memory_size);
	f->peer = NULL;
	f->kernel = NULL;
	f->identity = NULL;
	f->flowsync = NULL;
	f->memory = NULL;
	f->hang_up = NULL;
	f->alarms = 0;
	f->flaws = 0;
	f->readiness = FLOWSYNC_INIT;
}

static int
run(struct flowrole *f, const struct connsync_settings *c, struct error *error)
{
	uint64_t seed[2] = { 0 }, capacity;
	int r = 0;

	if (c->authenticated && !c->paired)
		return error_set(error, -ENOKEY, "the routers are not paired; on both of them run "
		                 "pair with the other one's address");
	if (c->authenticated)
		r = identity_open(f->state_dir, &f->identity, error);
	if (r >= 0)
		r = flowkernel_new(f->post.event, &flowhooks_flowkernel_calls, f, &f->kernel,
		                   error);
	if (r >= 0)
		r = flowkernel_adopt(f->kernel, f->settings, f->local, error);
	if (r >= 0)
		r = flowpeer_new(f->post.event, c, f->local, f->identity, SEAL_AGE,
		                 &flowhooks_flowpeer_calls, f, &f->peer, error);
	if (r < 0)
		return r;
	capacity = flowkernel_capacity();
	if (capacity == 0)
		return error_set(error, -ENOENT, "the kernel does not track connections");
	/* Until the partner's key is there; what is in the clear has no secrets. */
	if (f->identity && getrandom(seed, sizeof(seed), 0) != sizeof(seed))
		return error_set(error, -EIO, "the kernel has no random numbers");
	set_node(f);
	return make_protocol(f, capacity, seed, 0, error);
}

/*
 * Our end of each path: what the operator named, or the interface's own address in the network of
 * the partner, or its first of that family.
 */
static bool
resolve(const struct settings *settings, const struct connsync_path *path, struct ip *ret)
{
	int number = settings_find_link(settings, path->interface);
	const struct link_settings *link = number < 0 ? NULL : &settings_links(settings)[number];

	*ret = path->local;
	for (uint32_t i = 0; link && path->local.family == 0 && i < link->address_count; i++) {
		const struct prefix *own = &settings_link_addresses(settings, link)[i].prefix;

		if (own->ip.family != path->remote.family)
			continue;
		if (ret->family == 0 || prefix_contains(own, &path->remote))
			*ret = own->ip;
		if (prefix_contains(own, &path->remote))
			break;
	}
	return ret->family != 0;
}

static bool
resolve_all(struct flowrole *f, const struct connsync_settings *c, struct error *error)
{
	memset(f->local, 0, sizeof(f->local));
	for (uint32_t i = 0; i < c->path_count; i++)
		if (!resolve(f->settings, &c->paths[i], &f->local[i])) {
			error_set(error, -EADDRNOTAVAIL, "%s has no IPv%u address of its own",
			          c->paths[i].interface, c->paths[i].remote.family);
			return false;
		}
	return true;
}

/* Does what runs go on with these?  Sync group, check and excluded networks are numbers and lists
 * that mean something else in every block of settings; those are looked up anew. */
static bool
is_same_link(const struct flowrole *f, const struct connsync_settings *c,
             const struct ip local[CONNSYNC_PATHS_MAX])
{
	return memcmp(f->adopted.paths, c->paths, sizeof(c->paths)) == 0 &&
	       memcmp(f->local, local, sizeof(f->local)) == 0 &&
	       f->adopted.path_count == c->path_count && f->adopted.port == c->port &&
	       f->adopted.authenticated == c->authenticated &&
	       f->adopted.paired == c->paired &&
	       fingerprint_equal(&f->adopted.fingerprint, &c->fingerprint);
}

/* Are the same flows carried? */
static bool
is_same_choice(const struct settings *before, const struct settings *settings)
{
	const struct connsync_settings *a = settings_connsync(before);
	const struct connsync_settings *b = settings_connsync(settings);

	return a->detail == b->detail && a->excluded_count == b->excluded_count &&
	       memcmp(a->excluded_protocols, b->excluded_protocols,
	              sizeof(a->excluded_protocols)) == 0 &&
	       memcmp(&settings_excluded(before)[a->excluded_first],
	              &settings_excluded(settings)[b->excluded_first],
	              a->excluded_count * sizeof(struct excluded_settings)) == 0;
}

/* Connsync does not run: what it left behind, now or in an earlier life, is not left so. */
static void
release(struct flowrole *f, struct sd_event *loop)
{
	struct error error;

	if (f->release)
		return;
	if (flowrelease_begin(loop, &f->release, &error) < 0)
		log_warning("the partner's connections keep their long timers: %s", error.text);
}

static void
start(struct flowrole *f, const struct connsync_settings *c)
{
	struct error error;

	f->adopted = *c;
	if (resolve_all(f, c, &error) && run(f, c, &error) == 0) {
		f->trouble[0] = '\0';
		flowrelease_free(f->release);
		f->release = NULL;
		look_for_flaws(f);
		sd_event_source_set_time_relative(f->watch, WATCH_USEC);
		sd_event_source_set_enabled(f->watch, SD_EVENT_ONESHOT);
		return;
	}
	stop_running(f);
	release(f, f->post.event);
	/* Tried every some seconds, said once. */
	if (strcmp(f->trouble, error.text) != 0)
		log_warning("connsync does not run: %s", error.text);
	snprintf(f->trouble, sizeof(f->trouble), "%s", error.text);
	sd_event_source_set_time_relative(f->retry, RETRY_USEC);
	sd_event_source_set_enabled(f->retry, SD_EVENT_ONESHOT);
}

/* The operator may have given the kernel room for more, or for less. */
static int
on_watch(sd_event_source *source, uint64_t usec UNUSED, void *owner)
{
	struct flowrole *f = owner;
	uint64_t capacity = flowkernel_capacity();

	if (!f->flowsync)
		return 0;
	sd_event_source_set_time_relative(source, WATCH_USEC);
	sd_event_source_set_enabled(source, SD_EVENT_ONESHOT);
	look_for_flaws(f);
	flowrole_report_problems(f);
	if (capacity == 0 || capacity == f->capacity)
		return 0;
	log_notice("nf_conntrack_max is %llu now: connections are read and compared anew",
	           (unsigned long long)capacity);
	flowpeer_hang_up(f->peer, "the table has another size now");
	flowpeer_flush(f->peer);
	remake_protocol(f, capacity);
	flowhooks_finish(f);
	return 0;
}

/* From the beginning: with another key, or because it did not work before. */
static void
restart(struct flowrole *f)
{
	const struct connsync_settings *c = f->settings ? settings_connsync(f->settings) : NULL;

	if (!c)
		return;
	stop_running(f);
	start(f, c);
	take_role(f);
	flowrole_report_ready(f);
	flowrole_report_problems(f);
}

static int
on_retry(sd_event_source *source UNUSED, uint64_t usec UNUSED, void *owner)
{
	struct flowrole *f = owner;

	if (!f->flowsync)
		restart(f);
	return 0;
}

/* ---- what the engine tells ------------------------------------------------------------------ */

static void
on_adopt(void *owner, const struct settings *settings)
{
	struct flowrole *f = owner;
	const struct connsync_settings *c = settings_connsync(settings);
	const struct settings *old = f->settings;
	struct ip before[CONNSYNC_PATHS_MAX];
	struct error error;

	memcpy(before, f->local, sizeof(before));
	f->settings = settings;
	if (!c) {
		stop_running(f);
		release(f, f->post.event);
		f->trouble[0] = '\0';
	} else if (f->flowsync && resolve_all(f, c, &error) && is_same_link(f, c, before)) {
		f->adopted = *c;
		set_options(f, c, &f->options);
		if (flowkernel_adopt(f->kernel, settings, f->local, &error) < 0)
			log_error("%s", error.text);
		flowsync_adopt(f->flowsync, &f->options, clock_now());
		/* Flows that are carried now, or no longer, are found in the kernel's table. */
		if (f->active && !is_same_choice(old, settings))
			flowsync_on_overrun(f->flowsync, clock_now());
		flowhooks_finish(f);
	} else {
		stop_running(f);
		start(f, c);
		take_role(f);
	}
	if (c)
		flowrole_report_ready(f);
	flowrole_report_problems(f);
}

static void
on_message(void *owner, const struct channel_message *message)
{
	struct flowrole *f = owner;

	if (message->kind != CHANNEL_ROLE)
		return;
	f->active = message->up == 1;
	f->handed_over = message->reason == REASON_PEER_RESIGNED;
	f->sequence = message->sequence;
	f->known = true;
	take_role(f);
}

static void
on_stop(void *owner)
{
	struct flowrole *f = owner;

	sd_event_exit(f->post.event, 0);
}

/* ---- what the manager asks ------------------------------------------------------------------- */

static void
on_report(void *owner, struct flowdoor_report *to)
{
	const struct connsync_settings *c;
	struct flowrole *f = owner;

	c = f->settings ? settings_connsync(f->settings) : NULL;
	to->configured = c != NULL;
	to->running = f->flowsync != NULL;
	to->now = clock_now();
	if (!c)
		return;
	to->settings = *c;
	memcpy(to->local, f->local, sizeof(to->local));
	memcpy(to->sync_group, settings_syncs(f->settings)[c->sync].name, sizeof(to->sync_group));
	memcpy(to->trouble, f->trouble, sizeof(to->trouble));
	if (!f->flowsync)
		return;
	look_for_flaws(f);
	to->flaws = f->flaws;
	flowsync_status(f->flowsync, to->now, &to->status);
	to->tally = *flowsync_tally(f->flowsync);
	to->link = flowpeer_counts(f->peer);
	to->kernel = flowkernel_counts(f->kernel);
	for (unsigned i = 0; i < c->path_count; i++)
		snprintf(to->path_trouble[i], sizeof(to->path_trouble[i]), "%s",
		         flowpeer_trouble(f->peer, i));
}

static const struct flowsync *
on_flows(void *owner)
{
	return ((const struct flowrole *)owner)->flowsync;
}

static void
on_reset(void *owner)
{
	struct flowrole *f = owner;

	if (!f->flowsync)
		return;
	log_notice("connections are read and compared anew");
	flowsync_reset(f->flowsync, clock_now());
	flowhooks_finish(f);
}

static void
on_key(void *owner)
{
	restart(owner);
}

static const struct flowshow_calls show_calls = { on_report, on_flows, on_reset, on_key };

/* ---- start and stop ------------------------------------------------------------------------- */

static int
set_up(struct flowrole *f, int door, struct error *error)
{
	int r = sd_event_add_time(f->post.event, &f->timer, CLOCK_BOOTTIME, 0, 1,
	                          flowhooks_on_time, f);

	f->alarm = NSEC_NEVER;
	if (r >= 0)
		r = sd_event_source_set_enabled(f->timer, SD_EVENT_OFF);
	if (r >= 0)
		r = sd_event_add_time_relative(f->post.event, &f->retry, CLOCK_BOOTTIME, 0, 0,
		                               on_retry, f);
	if (r >= 0)
		r = sd_event_source_set_enabled(f->retry, SD_EVENT_OFF);
	if (r >= 0)
		r = sd_event_add_time_relative(f->post.event, &f->watch, CLOCK_MONOTONIC, 0,
		                               1000000, on_watch, f);
	if (r >= 0)
		r = sd_event_source_set_enabled(f->watch, SD_EVENT_OFF);
	if (r >= 0)
		r = flowshow_open(f->post.event, door, &show_calls, f, &f->show);
	/* Naps are as long as they are asked for. */
	(void)prctl(PR_SET_TIMERSLACK, 1);
	return r < 0 ? error_set(error, r, "cannot set up the loop: %s", strerror(-r)) : 0;
}

int
flowsync_main(const struct role_options *options, int channel, int door, struct pulse *pulse)
{
	static const struct post_calls calls = { on_adopt, on_message, on_stop };
	struct flowrole f = {
		.pulse = pulse,
		.state_dir = options->state_dir,
		.forwarded = true,
	};
	bool prompt = privilege_real_time_least();
	struct error error;
	int status;

	if (post_open(&f.post, "flowsync", options, channel, &calls, &f, &error) < 0 ||
	    privilege_drop_flowsync(options->user, &error) < 0 || set_up(&f, door, &error) < 0) {
		log_error("%s", error.text);
		return EXIT_FAILURE;
	}
	if (!prompt)
		log_warning("real-time scheduling is refused: on a busy machine the partner hears "
		            "of connections late");
	status = post_run(&f.post);
	stop_running(&f);
	release(&f, NULL);
	flowrelease_finish(f.release, clock_now() + RELEASE_PATIENCE);
	flowrelease_free(f.release);
	flowshow_close(f.show);
	sd_event_source_unref(f.timer);
	sd_event_source_unref(f.retry);
	sd_event_source_unref(f.watch);
	post_close(&f.post);
	return status;
}
