/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Decides when the kernel's events are read and what becomes of those that nobody wants any more.
 * Must not decide what an event means, nor hold the loop up: whatever may be long is done in steps
 * behind everything else.
 */
#include "daemon/flowkernel_inside.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>

#include "base/log.h"
#include "daemon/flowflaw.h"
#include "system/clock.h"
#include "system/conntrack_sysctl.h"

#define DRAIN_MAX 1024u			/* events in one turn of the loop */
#define KEEP_USEC 1000000u		/* from a change of anybody's rules to a look at ours */
#define AGAIN_USEC 5000u		/* a packet has long left the helper then */
#define DISCARD_AT_ONCE 512u		/* events that nobody wants any more */
#define CROWD 4u			/* flows for a bucket, where nobody set it */

void
flowkernel_go_on(sd_event_source *step)
{
	sd_event_source_set_time_relative(step, FLOWKERNEL_PAUSE_USEC);
	sd_event_source_set_enabled(step, SD_EVENT_ONESHOT);
}

/* ---- events --------------------------------------------------------------------------------- */

int
flowkernel_look(struct flowkernel *k, const struct flow_key *key, struct flow *ret_flow)
{
	return conntrack_dump_get(k->look, key, ret_flow);
}

/*
 * A helper may have changed the length of a packet on the way, and rules may have set labels before
 * the first event, of which the kernel tells nothing: so the flow is looked up.
 */
static void
look_at(struct flowkernel *k, const struct flow_key *key)
{
	struct flow flow;

	if (conntrack_dump_get(k->look, key, &flow) == 0)
		k->calls->on_news(k->owner, FLOW_UPSERT, &flow, false);
}

/* The event comes before the packet is changed, so the look is when that is surely over. */
static void
look_again(struct flowkernel *k, const struct flow_key *key)
{
	if (k->again_count == FLOWKERNEL_AGAIN)
		return;			/* the next look at all that are shifted finds them */
	k->again[k->again_count++] = *key;
	if (k->again_count > 1)
		return;
	sd_event_source_set_time_relative(k->again_due, AGAIN_USEC);
	sd_event_source_set_enabled(k->again_due, SD_EVENT_ONESHOT);
}

static int
on_again(sd_event_source *source UNUSED, uint64_t usec UNUSED, void *owner)
{
	struct flowkernel *k = owner;

	for (size_t i = 0; k->subscribed && i < k->again_count; i++)
		look_at(k, &k->again[i]);
	k->again_count = 0;
	k->calls->on_batch(k->owner);
	return 0;
}

static void
on_flow(void *owner, enum conntrack_event event, const struct flow *flow)
{
	struct flowkernel *k = owner;

	if (flowdump_is_excluded(k, &flow->key))
		return;
	if (event != CONNTRACK_GONE)
		k->urgent = k->urgent || k->connsync->hold_down == 0 ||
			    flow->has & (FLOW_HAS_SOURCE_NAT | FLOW_HAS_DESTINATION_NAT);
	if (event != CONNTRACK_GONE && flow->has & FLOW_HAS_HELPER) {
		k->helped = true;
		look_again(k, &flow->key);
	}
	k->calls->on_news(k->owner, event == CONNTRACK_GONE ? FLOW_DELETE : FLOW_UPSERT, flow,
	                  event == CONNTRACK_NEW);
}

static void
on_expectation(void *owner, enum conntrack_event event, const struct flow_expectation *expectation)
{
	struct flowkernel *k = owner;

	if (flowdump_is_excluded(k, &expectation->master))
		return;
	if (event == CONNTRACK_NEW) {
		look_at(k, &expectation->master);
		look_again(k, &expectation->master);
	}
	k->calls->on_expectation(k->owner, event == CONNTRACK_GONE ? FLOW_DELETE : FLOW_UPSERT,
	                         expectation);
}

/* ---- what nobody wants any more ------------------------------------------------------------- */

/* To throw a full buffer away takes the kernel longer than a promotion may wait. */
static int
on_burial(sd_event_source *source, uint64_t usec UNUSED, void *owner)
{
	struct flowkernel *k = owner;

	if (k->stale && !conntrack_events_discard(k->stale, DISCARD_AT_ONCE)) {
		flowkernel_go_on(source);
		return 0;
	}
	conntrack_events_close(k->stale);
	k->stale = NULL;
	return 0;
}

/* Another socket, which has nothing of the past in it. */
static void
replace_events(struct flowkernel *k)
{
	struct conntrack_events *fresh = NULL;
	struct error error = { .text = "out of memory" };
	int r = conntrack_events_open(0, &fresh, &error);

	if (r >= 0)
		r = conntrack_events_ignore(fresh, conntrack_inject_port(k->inject));
	if (r >= 0)
		r = sd_event_source_set_io_fd(k->readable, conntrack_events_descriptor(fresh));
	if (r < 0) {
		log_warning("a new socket to connection tracking cannot be had: %s", error.text);
		conntrack_events_close(fresh);
		while (!conntrack_events_discard(k->events, DISCARD_AT_ONCE))
			;
		return;
	}
	k->read_before += conntrack_events_counts(k->events)->read;
	conntrack_events_close(k->stale);
	k->stale = k->events;
	k->events = fresh;
	flowkernel_go_on(k->burial);
}

static void
hear(struct flowkernel *k, bool on)
{
	int r = conntrack_events_subscribe(k->events, on, on);

	if (r < 0)
		log_error("cannot hear of connections: %s", strerror(-r));
}

/*
 * News were lost, and the kernel goes on to lose all there is, and says so only once, until nothing
 * is queued.  What is queued is older than what was lost, so it is thrown away: the dump that
 * follows must be younger than all that was read before it, and miss nothing that is read after.
 */
static void
forget_queued(struct flowkernel *k)
{
	if (conntrack_events_discard(k->events, DISCARD_AT_ONCE))
		return;
	hear(k, false);
	replace_events(k);
	hear(k, true);
}

/* ---- reading events ------------------------------------------------------------------------- */

/* Returns how many were read. */
static int
drain(struct flowkernel *k)
{
	const struct conntrack_hearer hearer = { on_flow, on_expectation, k };
	char left_out[HUSH_TEXT_SIZE];
	bool overrun = false;
	int r;

	k->urgent = false;
	r = conntrack_events_drain(k->events, DRAIN_MAX, &hearer, &overrun);
	k->drains++;
	if (r < 0) {
		if (hush_lets(&k->hush, clock_now(), left_out))
			log_error("cannot read the events of connection tracking: %s%s",
			          strerror(-r), left_out);
		overrun = true;
	}
	if (overrun) {
		forget_queued(k);
		k->calls->on_overrun(k->owner);
	}
	if (r > 0 || overrun)
		k->calls->on_batch(k->owner);
	return r;
}

/* 0 = until there is another event */
static void
wait_for_events(struct flowkernel *k, nsec_t nap)
{
	sd_event_source_set_enabled(k->readable, nap > 0 ? SD_EVENT_OFF : SD_EVENT_ON);
	sd_event_source_set_enabled(k->nap, nap > 0 ? SD_EVENT_ONESHOT : SD_EVENT_OFF);
	if (nap > 0)
		sd_event_source_set_time_relative(k->nap, (uint64_t)(nap / NSEC_PER_USEC));
}

static void
drain_and_wait(struct flowkernel *k)
{
	int r = drain(k);
	nsec_t now = clock_now();

	wait_for_events(k, flowpace_next(&k->pace, now, r > 0 ? (unsigned)r : 0, k->urgent));
}

static int
on_readable(sd_event_source *source UNUSED, int fd UNUSED, uint32_t events UNUSED, void *owner)
{
	drain_and_wait(owner);
	return 0;
}

static int
on_nap(sd_event_source *source UNUSED, uint64_t usec UNUSED, void *owner)
{
	drain_and_wait(owner);
	return 0;
}

void
flowkernel_drain(struct flowkernel *k)
{
	if (k->subscribed)
		(void)drain(k);
}

void
flowkernel_subscribe(struct flowkernel *k, bool on)
{
	hear(k, on);
	k->subscribed = on;
	if (on) {
		wait_for_events(k, 0);
		flowdump_begin_shifts(k);
		return;
	}
	sd_event_source_set_enabled(k->readable, SD_EVENT_OFF);
	sd_event_source_set_enabled(k->nap, SD_EVENT_OFF);
	if (!conntrack_events_discard(k->events, DISCARD_AT_ONCE))
		replace_events(k);
}

/* ---- what is put in ------------------------------------------------------------------------- */

static void
on_refusal(void *owner, const struct conntrack_refusal *refusal)
{
	struct flowkernel *k = owner;
	struct refusal *kept = &k->refusals[k->refusal_count];

	if (refusal->what == CONNTRACK_REFUSED_EXPECTATION &&
	    k->refused_expectation_count < FLOWKERNEL_REFUSALS)
		k->refused_expectations[k->refused_expectation_count++] = -refusal->error;
	if (!refusal->key || refusal->what == CONNTRACK_REFUSED_RETIME)
		return;
	if (k->refusal_count == FLOWKERNEL_REFUSALS) {
		k->uncertain = true;
		return;
	}
	kept->op = refusal->what == CONNTRACK_REFUSED_DELETE ? FLOW_DELETE : FLOW_UPSERT;
	kept->error = -refusal->error;
	kept->key = *refusal->key;
	k->refusal_count++;
}

void
flowkernel_note_broken(struct flowkernel *k, int r)
{
	char left_out[HUSH_TEXT_SIZE];

	if (r >= 0)
		return;
	k->uncertain = true;
	if (hush_lets(&k->hush, clock_now(), left_out))
		log_error("cannot change the table of connections: %s%s", strerror(-r), left_out);
}

void
flowkernel_apply(struct flowkernel *k, enum flow_op op, const struct flow *flow, bool known)
{
	k->helped = k->helped || flow->has & FLOW_HAS_HELPER;
	if (op == FLOW_DELETE)
		flowkernel_note_broken(k, conntrack_inject_delete(k->inject, &flow->key));
	else if (!k->subscribed)
		flowkernel_note_broken(k, conntrack_inject_flow(k->inject, flow, flow->timeout,
		                                                known));
	else if (known)		/* our own kernel's flow is the right one, and so is its end */
		flowkernel_note_broken(k, conntrack_inject_change(k->inject, flow, flow->timeout));
	else
		flowkernel_note_broken(k, conntrack_inject_new(k->inject, flow, flow->timeout));
}

void
flowkernel_retime(struct flowkernel *k, const struct flow *flow)
{
	flowkernel_note_broken(k, conntrack_inject_retime(k->inject, &flow->key, flow->timeout));
}

void
flowkernel_apply_expectation(struct flowkernel *k, enum flow_op op,
                             const struct flow_expectation *expectation)
{
	flowkernel_note_broken(k, op == FLOW_DELETE ?
	            conntrack_inject_expectation_delete(k->inject, expectation) :
	            conntrack_inject_expectation(k->inject, expectation));
}

/*
 * Refusals are handed on when the injector is done: what they lead to may ask it for more.  Whoever
 * believes of flows that they are in the kernel, and cannot be told that some are not, must look.
 */
void
flowkernel_flush(struct flowkernel *k)
{
	while (conntrack_inject_queued(k->inject) > 0 || k->refusal_count > 0) {
		struct refusal refusals[FLOWKERNEL_REFUSALS];
		size_t count;

		flowkernel_note_broken(k, conntrack_inject_flush(k->inject));
		count = k->refusal_count;
		memcpy(refusals, k->refusals, count * sizeof(*refusals));
		k->refusal_count = 0;
		for (size_t i = 0; i < count; i++)
			k->calls->on_refused(k->owner, refusals[i].op, &refusals[i].key,
			                     refusals[i].error);
	}
	while (k->refused_expectation_count > 0)
		k->calls->on_refused_expectation(
			k->owner, k->refused_expectations[--k->refused_expectation_count]);
	if (k->uncertain)
		k->calls->on_overrun(k->owner);
	k->uncertain = false;
}

/* ---- rules ---------------------------------------------------------------------------------- */

static int
on_rules(sd_event_source *source UNUSED, int fd UNUSED, uint32_t events UNUSED, void *owner)
{
	struct flowkernel *k = owner;
	int enabled = SD_EVENT_OFF;

	(void)sd_event_source_get_enabled(k->keep, &enabled);
	if (enabled == SD_EVENT_OFF) {
		sd_event_source_set_time_relative(k->keep, KEEP_USEC);
		sd_event_source_set_enabled(k->keep, SD_EVENT_ONESHOT);
	}
	return 0;
}

static int
on_keep(sd_event_source *source UNUSED, uint64_t usec UNUSED, void *owner)
{
	struct flowkernel *k = owner;
	struct error error;
	int r = conntrack_diet_keep(k->diet, &error);

	if (r > 0)
		log_warning("the table " CONNTRACK_DIET_TABLE " of the packet filter was changed "
		            "by somebody else; it is made anew");
	if (r < 0)
		log_error("%s", error.text);
	return 0;
}

int
flowkernel_adopt(struct flowkernel *k, const struct settings *settings,
                 const struct ip local[CONNSYNC_PATHS_MAX], struct error *error)
{
	const struct connsync_settings *c = settings_connsync(settings);
	struct prefix *prefixes = calloc(c->excluded_count + 1u, sizeof(*prefixes));
	struct conntrack_diet_path paths[CONNSYNC_PATHS_MAX];
	uint8_t protocols[256];
	struct conntrack_diet_wish wish = {
		.detail = c->detail == CONNSYNC_ASSURED   ? CONNTRACK_DETAIL_ASSURED
			  : c->detail == CONNSYNC_REPLIED ? CONNTRACK_DETAIL_REPLIED
			                                  : CONNTRACK_DETAIL_ALL,
		.extra = CONNTRACK_EXTRA_MARK | CONNTRACK_EXTRA_SEQADJ |
		         CONNTRACK_EXTRA_LABELS,
		.protocols = protocols,
		.prefixes = prefixes,
		.prefix_count = c->excluded_count,
		.paths = paths,
	};
	int r;

	/* First: the settings before are gone when this returns, whatever it returns. */
	k->settings = settings;
	k->connsync = c;
	if (!prefixes)
		return error_set(error, -ENOMEM, "out of memory");
	for (unsigned i = 0; i < 256; i++)
		if (c->excluded_protocols[i / 8] & 1u << i % 8)
			protocols[wish.protocol_count++] = (uint8_t)i;
	for (uint32_t i = 0; i < c->excluded_count; i++)
		prefixes[i] = settings_excluded(settings)[c->excluded_first + i].network;
	for (uint32_t i = 0; i < c->path_count; i++)
		if (local[i].family)
			paths[wish.path_count++] = (struct conntrack_diet_path){
				local[i], c->paths[i].remote, c->port, 0 };
	r = conntrack_diet_apply(k->diet, &wish, error);
	free(prefixes);
	return r;
}

uint32_t
flowkernel_check(struct flowkernel *k)
{
	uint64_t events = 0, buckets = 0, most = flowkernel_capacity();
	int r = conntrack_sysctl_get(CONNTRACK_SYSCTL_EVENTS, &events);
	uint32_t flaws = 0;

	if (r < 0 || conntrack_sysctl_set(CONNTRACK_SYSCTL_EVENTS, 1) < 0)
		flaws |= 1u << FLOWFLAW_SILENT;
	else if (events != 1)
		log_info("%s was %llu and is 1 now: connections that began before may stay silent",
		         conntrack_sysctl_name(CONNTRACK_SYSCTL_EVENTS),
		         (unsigned long long)events);
	if (conntrack_events_buffer(k->events) < CONNTRACK_EVENTS_BUFFER)
		flaws |= 1u << FLOWFLAW_BUFFER;
	if (conntrack_sysctl_get(CONNTRACK_SYSCTL_BUCKETS, &buckets) == 0 && buckets < most / CROWD)
		flaws |= 1u << FLOWFLAW_BUCKETS;
	return flaws;
}

uint64_t
flowkernel_capacity(void)
{
	uint64_t capacity = 0;

	return conntrack_sysctl_get(CONNTRACK_SYSCTL_MAX, &capacity) == 0 ? capacity : 0;
}

struct flowkernel_counts
flowkernel_counts(const struct flowkernel *k)
{
	const struct conntrack_events_counts *events = conntrack_events_counts(k->events);
	const struct conntrack_inject_counts *inject = conntrack_inject_counts(k->inject);

	return (struct flowkernel_counts){
		.events = k->read_before + events->read,
		.drains = k->drains,
		.malformed = events->malformed,
		.strange = events->strange,
		.injected = inject->flows + inject->deletes,
		.unhelped = inject->unhelped,
		.replaced = inject->replaced,
		.already_gone = inject->already_gone,
		.dump_restarts = conntrack_dump_restarts(k->dump),
		.left_out = conntrack_dump_left_out(k->dump),
		.buffer = conntrack_events_buffer(k->events),
	};
}

/* ---- life ----------------------------------------------------------------------------------- */

static int
add_sources(struct flowkernel *k, struct sd_event *event)
{
	int fd = conntrack_diet_descriptor(k->diet);
	int r = sd_event_add_io(event, &k->readable, conntrack_events_descriptor(k->events),
	                        EPOLLIN, on_readable, k);

	/* The clock of the protocol's timer: one descriptor to be set and read for both. */
	if (r >= 0)
		r = sd_event_add_time_relative(event, &k->nap, CLOCK_BOOTTIME, 0, 1, on_nap, k);
	if (r >= 0)
		r = sd_event_add_time_relative(event, &k->keep, CLOCK_MONOTONIC, 0, 0, on_keep, k);
	if (r >= 0)
		r = sd_event_add_time_relative(event, &k->again_due, CLOCK_MONOTONIC, 0, 0,
		                               on_again, k);
	if (r >= 0)
		r = sd_event_add_time_relative(event, &k->burial, CLOCK_BOOTTIME, 0, 1, on_burial,
		                               k);
	if (r >= 0)
		r = sd_event_source_set_priority(k->burial, FLOWKERNEL_DUMP_PRIORITY);
	if (r >= 0)
		r = flowdump_add_sources(k, event);
	if (r < 0)
		return r;

	sd_event_source *sources[] = { k->readable, k->nap, k->keep, k->again_due, k->burial };

	for (size_t i = 0; r >= 0 && i < ARRAY_SIZE(sources); i++)
		r = sd_event_source_set_enabled(sources[i], SD_EVENT_OFF);
	if (r >= 0 && fd >= 0)
		r = sd_event_add_io(event, &k->rules, fd, EPOLLIN | EPOLLET, on_rules, k);
	return r;
}

int
flowkernel_new(struct sd_event *event, const struct flowkernel_calls *calls, void *owner,
               struct flowkernel **ret, struct error *error)
{
	struct flowkernel *k = calloc(1, sizeof(*k));
	int r;

	if (!k)
		return error_set(error, -ENOMEM, "out of memory");
	k->calls = calls;
	k->owner = owner;
	k->expected = calloc(FLOWKERNEL_EXPECTED, sizeof(*k->expected));
	if (!k->expected) {
		free(k);
		return error_set(error, -ENOMEM, "out of memory");
	}
	r = conntrack_events_open(0, &k->events, error);
	if (r >= 0)
		r = conntrack_inject_open(0, on_refusal, k, &k->inject, error);
	if (r >= 0)
		r = conntrack_dump_open(&k->dump, error);
	if (r >= 0)
		r = conntrack_dump_open(&k->old, error);
	if (r >= 0)
		r = conntrack_dump_open(&k->look, error);
	if (r >= 0)
		r = conntrack_dump_open(&k->shifts, error);
	if (r >= 0)
		r = conntrack_diet_new(&k->diet, error);
	if (r >= 0) {
		r = conntrack_events_ignore(k->events, conntrack_inject_port(k->inject));
		if (r >= 0)
			r = add_sources(k, event);
		if (r < 0)
			(void)error_set(error, r, "cannot listen to connection tracking: %s",
			                strerror(-r));
	}
	if (r < 0) {
		flowkernel_free(k);
		return r;
	}
	*ret = k;
	return 0;
}

void
flowkernel_free(struct flowkernel *k)
{
	if (!k)
		return;
	sd_event_source_unref(k->readable);
	sd_event_source_unref(k->nap);
	sd_event_source_unref(k->rules);
	sd_event_source_unref(k->keep);
	sd_event_source_unref(k->again_due);
	sd_event_source_unref(k->burial);
	flowdump_remove_sources(k);
	conntrack_diet_free(k->diet);
	conntrack_dump_close(k->dump);
	conntrack_dump_close(k->old);
	conntrack_dump_close(k->look);
	conntrack_dump_close(k->shifts);
	conntrack_inject_close(k->inject);
	conntrack_events_close(k->events);
	conntrack_events_close(k->stale);
	free(k->own);
	free(k->expected);
	free(k);
}
