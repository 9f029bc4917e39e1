/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Decides when the kernel is read and in which steps, and which flows are carried at all.  Must not
 * decide what an event means, nor hold the loop up: whatever may be long is done in steps behind
 * everything else.
 */
#include "daemon/flowkernel.h"

#include <errno.h>
#include <ifaddrs.h>
#include <netinet/in.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <systemd/sd-event.h>

#include "base/log.h"
#include "system/conntrack_diet.h"
#include "system/conntrack_dump.h"
#include "system/conntrack_events.h"
#include "system/conntrack_inject.h"
#include "system/conntrack_sysctl.h"

#define NAP_USEC 200u			/* between drains while there is traffic ... */
#define LONG_NAP_USEC 400u		/* ... and while there is much, or nothing urgent */
#define MUCH_USEC 10u			/* an event in so many */
#define QUIET_NAPS 4u			/* so many without any, and the socket is waited for */
#define DRAIN_MAX 4096u			/* events in one turn of the loop */
#define DUMP_STEP 500u
#define RENEWAL_STEP 200u
#define EXPECTED_MAX 4096u		/* as many as the kernel has by default */
#define REFUSALS_MAX 512u		/* kept until the batch is sent; more are found by sums */
#define KEEP_USEC 1000000u		/* from a change of anybody's rules to a look at ours */
#define AGAIN_MAX 256u
#define AGAIN_USEC 5000u		/* a packet has long left the helper then */
#define DUMP_PRIORITY 50		/* everything else comes first */

struct refusal {
	enum flow_op op;
	int error;
	struct flow_key key;
};

struct flowkernel {
	const struct flowkernel_calls *calls;
	void *owner;
	struct conntrack_events *events;
	struct conntrack_inject *inject;
	struct conntrack_dump *dump;
	struct conntrack_dump *look;	/* single flows */
	struct conntrack_diet *diet;
	sd_event_source *readable;	/* the event socket, while it is quiet */
	sd_event_source *nap;
	sd_event_source *step;		/* of a dump */
	struct conntrack_dump *old;	/* what is to be renewed */
	sd_event_source *renewal;
	struct flow_expectation *expected;	/* of flows that are renewed: they go with them */
	size_t expected_count;
	sd_event_source *keep;		/* a look at the rules is due */
	sd_event_source *again_due;
	struct flow_key again[AGAIN_MAX];	/* flows to be looked at once more */
	size_t again_count;
	bool subscribed;
	bool dumps_flows;		/* and not expectations */
	unsigned quiet;			/* drains in a row that found nothing */
	unsigned nap_usec;		/* the last one, or what the next should be */
	bool urgent;			/* this drain found what is told at once */
	uint64_t drains;
	struct ip *own;			/* addresses of this router, while it dumps */
	size_t own_count;
	const struct settings *settings;
	const struct connsync_settings *connsync;
	struct refusal refusals[REFUSALS_MAX];
	size_t refusal_count;
};

/* ---- what is carried ------------------------------------------------------------------------ */

static struct ip
key_ip(const struct flow_key *key, const uint8_t bytes[16])
{
	return key->family == 4 ? ip_from_v4(bytes) : ip_from_v6(bytes);
}

static int
compare_ips(const void *a, const void *b)
{
	return ip_compare(a, b);
}

/* There may be thousands, and each flow of a dump is asked about. */
static bool
is_own(const struct flowkernel *k, const struct ip *ip)
{
	return k->own_count > 0 &&
	       bsearch(ip, k->own, k->own_count, sizeof(*k->own), compare_ips);
}

static bool
is_excluded(const struct flowkernel *k, const struct flow_key *key)
{
	struct ip source = key_ip(key, key->source);
	struct ip destination = key_ip(key, key->destination);
	const struct excluded_settings *excluded =
		&settings_excluded(k->settings)[k->connsync->excluded_first];

	if (k->connsync->excluded_protocols[key->protocol / 8] & 1u << key->protocol % 8)
		return true;
	for (uint32_t i = 0; i < k->connsync->excluded_count; i++)
		if (prefix_contains(&excluded[i].network, &source) ||
		    prefix_contains(&excluded[i].network, &destination))
			return true;
	return false;
}

/* Flows that the router itself begins or ends do not outlive it. */
static bool
is_local(const struct flowkernel *k, const struct flow *flow)
{
	struct ip source = key_ip(&flow->key, flow->key.source);
	struct ip destination = key_ip(&flow->key, flow->key.destination);

	return is_own(k, &source) ||
	       (!(flow->has & FLOW_HAS_DESTINATION_NAT) && is_own(k, &destination));
}

/* As the rules of the diet have it for events; flows that a helper foresaw tell of themselves from
 * the beginning. */
static bool
is_carried(const struct flowkernel *k, const struct flow *flow)
{
	uint32_t wanted = k->connsync->detail == CONNSYNC_ASSURED   ? FLOW_ASSURED
	                  : k->connsync->detail == CONNSYNC_REPLIED ? FLOW_SEEN_REPLY
	                                                            : 0;

	return ((flow->status & wanted) == wanted || flow->has & FLOW_HAS_MASTER) &&
	       !is_excluded(k, &flow->key) && !is_local(k, flow);
}

/* ---- events --------------------------------------------------------------------------------- */

static void
on_flow(void *owner, enum conntrack_event event, const struct flow *flow)
{
	struct flowkernel *k = owner;

	if (is_excluded(k, &flow->key))
		return;
	if (event != CONNTRACK_GONE)
		k->urgent = k->urgent || k->connsync->hold_down == 0 ||
			    flow->has & (FLOW_HAS_SOURCE_NAT | FLOW_HAS_DESTINATION_NAT);
	k->calls->on_news(k->owner, event == CONNTRACK_GONE ? FLOW_DELETE : FLOW_UPSERT, flow,
	                  event == CONNTRACK_NEW);
}

/*
 * A helper that foresees a connection may have changed the length of a packet on the way, of which
 * the kernel tells nothing: so the flow is looked up.
 */
static void
look_at_master(struct flowkernel *k, const struct flow_key *master)
{
	struct flow flow;

	if (conntrack_dump_get(k->look, master, &flow) == 0)
		k->calls->on_news(k->owner, FLOW_UPSERT, &flow, false);
}

/* The event comes before the packet is changed, so once more when that is surely over. */
static void
look_again(struct flowkernel *k, const struct flow_key *master)
{
	if (k->again_count == AGAIN_MAX)
		return;			/* the next comparison with the kernel finds them */
	k->again[k->again_count++] = *master;
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
		look_at_master(k, &k->again[i]);
	k->again_count = 0;
	k->calls->on_batch(k->owner);
	return 0;
}

static void
on_expectation(void *owner, enum conntrack_event event, const struct flow_expectation *expectation)
{
	struct flowkernel *k = owner;

	if (is_excluded(k, &expectation->master))
		return;
	if (event == CONNTRACK_NEW) {
		look_at_master(k, &expectation->master);
		look_again(k, &expectation->master);
	}
	k->calls->on_expectation(k->owner, event == CONNTRACK_GONE ? FLOW_DELETE : FLOW_UPSERT,
	                         expectation);
}

/* Returns how many were read. */
static int
drain(struct flowkernel *k)
{
	const struct conntrack_hearer hearer = { on_flow, on_expectation, k };
	bool overrun = false;
	int r;

	k->urgent = false;
	r = conntrack_events_drain(k->events, DRAIN_MAX, &hearer, &overrun);
	k->drains++;
	if (r > 0)
		k->nap_usec = k->urgent && (unsigned)r * MUCH_USEC < k->nap_usec ? NAP_USEC :
			      LONG_NAP_USEC;
	if (r < 0) {
		log_error("cannot read the events of connection tracking: %s", strerror(-r));
		overrun = true;
	}
	if (overrun)
		k->calls->on_overrun(k->owner);
	if (r > 0 || overrun)
		k->calls->on_batch(k->owner);
	return r;
}

static void
wait_for_events(struct flowkernel *k, bool wait)
{
	sd_event_source_set_enabled(k->readable, wait ? SD_EVENT_ON : SD_EVENT_OFF);
	sd_event_source_set_enabled(k->nap, wait ? SD_EVENT_OFF : SD_EVENT_ONESHOT);
	if (!wait)
		sd_event_source_set_time_relative(k->nap, k->nap_usec);
}

static int
on_readable(sd_event_source *source UNUSED, int fd UNUSED, uint32_t events UNUSED, void *owner)
{
	struct flowkernel *k = owner;

	k->quiet = 0;
	k->nap_usec = LONG_NAP_USEC;	/* it was at least as quiet as that */
	(void)drain(k);
	wait_for_events(k, false);
	return 0;
}

static int
on_nap(sd_event_source *source UNUSED, uint64_t usec UNUSED, void *owner)
{
	struct flowkernel *k = owner;

	k->quiet = drain(k) > 0 ? 0 : k->quiet + 1;
	wait_for_events(k, k->quiet >= QUIET_NAPS);
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
	int r = conntrack_events_subscribe(k->events, on, on);

	if (r < 0)
		log_error("cannot hear of connections: %s", strerror(-r));
	k->subscribed = on;
	if (on) {
		wait_for_events(k, true);
		return;
	}
	sd_event_source_set_enabled(k->readable, SD_EVENT_OFF);
	sd_event_source_set_enabled(k->nap, SD_EVENT_OFF);
	conntrack_events_discard(k->events);
}

/* ---- what is put in ------------------------------------------------------------------------- */

static void
on_refusal(void *owner, const struct conntrack_refusal *refusal)
{
	struct flowkernel *k = owner;
	struct refusal *kept = &k->refusals[k->refusal_count];

	if (!refusal->key || refusal->what == CONNTRACK_REFUSED_RETIME ||
	    k->refusal_count == REFUSALS_MAX)
		return;
	kept->op = refusal->what == CONNTRACK_REFUSED_DELETE ? FLOW_DELETE : FLOW_UPSERT;
	kept->error = -refusal->error;
	kept->key = *refusal->key;
	k->refusal_count++;
}

static void
note_broken(int r)
{
	if (r < 0)
		log_error("cannot change the table of connections: %s", strerror(-r));
}

void
flowkernel_apply(struct flowkernel *k, enum flow_op op, const struct flow *flow, bool known)
{
	note_broken(op == FLOW_DELETE ? conntrack_inject_delete(k->inject, &flow->key) :
	            conntrack_inject_flow(k->inject, flow, flow->timeout, known));
}

void
flowkernel_retime(struct flowkernel *k, const struct flow *flow)
{
	note_broken(conntrack_inject_retime(k->inject, &flow->key, flow->timeout));
}

void
flowkernel_apply_expectation(struct flowkernel *k, enum flow_op op,
                             const struct flow_expectation *expectation)
{
	note_broken(op == FLOW_DELETE ?
	            conntrack_inject_expectation_delete(k->inject, expectation) :
	            conntrack_inject_expectation(k->inject, expectation));
}

/* Refusals are handed on when the injector is done: what they lead to may ask it for more. */
void
flowkernel_flush(struct flowkernel *k)
{
	while (conntrack_inject_queued(k->inject) > 0 || k->refusal_count > 0) {
		struct refusal refusals[REFUSALS_MAX];
		size_t count;

		note_broken(conntrack_inject_flush(k->inject));
		count = k->refusal_count;
		memcpy(refusals, k->refusals, count * sizeof(*refusals));
		k->refusal_count = 0;
		for (size_t i = 0; i < count; i++)
			k->calls->on_refused(k->owner, refusals[i].op, &refusals[i].key,
			                     refusals[i].error);
	}
}

/* ---- dumps ---------------------------------------------------------------------------------- */

/* The addresses that this router has at this moment. */
static void
read_own(struct flowkernel *k)
{
	struct ifaddrs *all = NULL;
	size_t count = 0;

	free(k->own);
	k->own = NULL;
	k->own_count = 0;
	if (getifaddrs(&all) < 0)
		return;
	for (const struct ifaddrs *at = all; at; at = at->ifa_next)
		count++;
	k->own = calloc(count + 1, sizeof(*k->own));
	for (const struct ifaddrs *at = all; k->own && at; at = at->ifa_next) {
		const struct sockaddr *a = at->ifa_addr;

		if (a && a->sa_family == AF_INET)
			k->own[k->own_count++] = ip_from_v4(
				(const uint8_t *)&((const struct sockaddr_in *)a)->sin_addr);
		else if (a && a->sa_family == AF_INET6)
			k->own[k->own_count++] = ip_from_v6(
				((const struct sockaddr_in6 *)a)->sin6_addr.s6_addr);
	}
	freeifaddrs(all);
	if (k->own_count > 0)
		qsort(k->own, k->own_count, sizeof(*k->own), compare_ips);
}

static void
on_dumped(void *owner, const struct flow *flow)
{
	struct flowkernel *k = owner;

	if (is_carried(k, flow))
		k->calls->on_dump(k->owner, flow);
}

static void
on_expectation_dumped(void *owner, const struct flow_expectation *expectation)
{
	struct flowkernel *k = owner;

	if (k->subscribed && !is_excluded(k, &expectation->master))
		k->calls->on_expectation(k->owner, FLOW_UPSERT, expectation);
}

/* Flows, then what their helpers foresee. */
static int
on_step(sd_event_source *source, void *owner)
{
	const struct conntrack_dump_hearer hearer = { on_dumped, on_expectation_dumped, owner };
	struct flowkernel *k = owner;
	int r = conntrack_dump_step(k->dump, DUMP_STEP, &hearer);

	if (r <= 0 && k->dumps_flows) {
		if (r < 0)
			log_error("cannot read the table of connections: %s", strerror(-r));
		k->dumps_flows = false;
		k->calls->on_dump_done(k->owner, r == 0);
		/* Which may have asked for another. */
		if (!k->dumps_flows && r == 0)
			r = conntrack_dump_expectations(k->dump) == 0;
	}
	if (r <= 0 && !k->dumps_flows)
		sd_event_source_set_enabled(source, SD_EVENT_OFF);
	k->calls->on_batch(k->owner);
	return 0;
}

void
flowkernel_dump(struct flowkernel *k)
{
	int r;

	read_own(k);
	r = conntrack_dump_flows(k->dump, NULL);
	if (r < 0)
		log_error("cannot read the table of connections: %s", strerror(-r));
	k->dumps_flows = true;
	/* A step of what has failed says so. */
	sd_event_source_set_enabled(k->step, SD_EVENT_ON);
}

/* ---- flows made anew ------------------------------------------------------------------------ */

static void
on_expected(void *owner, const struct flow_expectation *expectation)
{
	struct flowkernel *k = owner;

	if (k->expected_count < EXPECTED_MAX)
		k->expected[k->expected_count++] = *expectation;
}

/* What the dump says is some flows old, and the partner may have told of this one since: it is made
 * anew as it is now. */
static void
on_old(void *owner, const struct flow *flow)
{
	struct flowkernel *k = owner;
	struct flow now;

	if (flow->has & FLOW_HAS_TCP && !is_local(k, flow) &&
	    conntrack_dump_get(k->look, &flow->key, &now) == 0)
		note_broken(conntrack_inject_renew(k->inject, &now, now.timeout));
}

static void
end_renewal(struct flowkernel *k)
{
	for (size_t i = 0; i < k->expected_count; i++)
		note_broken(conntrack_inject_expectation(k->inject, &k->expected[i]));
	k->expected_count = 0;
	sd_event_source_set_enabled(k->renewal, SD_EVENT_OFF);
}

static int
on_renewal(sd_event_source *source UNUSED, void *owner)
{
	const struct conntrack_dump_hearer hearer = { on_old, NULL, owner };
	struct flowkernel *k = owner;

	/* What is asked for already comes first, and nothing between a look and its renewal. */
	note_broken(conntrack_inject_flush(k->inject));
	if (k->subscribed || conntrack_dump_step(k->old, RENEWAL_STEP, &hearer) <= 0)
		end_renewal(k);
	k->calls->on_batch(k->owner);
	return 0;
}

void
flowkernel_renew(struct flowkernel *k)
{
	const struct conntrack_dump_hearer hearer = { NULL, on_expected, k };

	read_own(k);
	k->expected_count = 0;
	if (conntrack_dump_expectations(k->old) == 0)
		while (conntrack_dump_step(k->old, EXPECTED_MAX, &hearer) > 0)
			;
	if (conntrack_dump_flows(k->old, NULL) < 0)
		log_error("cannot read the table of connections: they are not renewed");
	else
		sd_event_source_set_enabled(k->renewal, SD_EVENT_ON);
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
		.extra = CONNTRACK_EXTRA_MARK | CONNTRACK_EXTRA_SEQADJ,
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
	r = conntrack_sysctl_set(CONNTRACK_SYSCTL_EVENTS, 1);
	if (r < 0)
		log_warning("cannot set %s to 1: %s; connections that began before may stay silent",
		            conntrack_sysctl_name(CONNTRACK_SYSCTL_EVENTS), strerror(-r));
	r = conntrack_diet_apply(k->diet, &wish, error);
	free(prefixes);
	return r;
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
		.events = events->read,
		.drains = k->drains,
		.malformed = events->malformed,
		.strange = events->strange,
		.injected = inject->flows + inject->deletes,
		.unhelped = inject->unhelped,
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
		r = sd_event_add_defer(event, &k->step, on_step, k);
	if (r >= 0)
		r = sd_event_add_defer(event, &k->renewal, on_renewal, k);
	if (r < 0)
		return r;
	for (size_t i = 0; r >= 0 && i < 5; i++) {
		sd_event_source *sources[] = { k->readable, k->nap,     k->keep,
			                       k->step,     k->renewal, k->again_due };

		r = sd_event_source_set_enabled(sources[i], SD_EVENT_OFF);
	}
	if (r >= 0)
		r = sd_event_source_set_priority(k->step, DUMP_PRIORITY);
	if (r >= 0)
		r = sd_event_source_set_priority(k->renewal, DUMP_PRIORITY);
	if (r >= 0 && fd >= 0)
		r = sd_event_add_io(event, NULL, fd, EPOLLIN | EPOLLET, on_rules, k);
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
	k->expected = calloc(EXPECTED_MAX, sizeof(*k->expected));
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
	struct error error;

	if (!k)
		return;
	if (k->diet && conntrack_diet_end(k->diet, &error) < 0)
		log_debug("%s", error.text);
	sd_event_source_unref(k->readable);
	sd_event_source_unref(k->nap);
	sd_event_source_unref(k->keep);
	sd_event_source_unref(k->again_due);
	sd_event_source_unref(k->step);
	sd_event_source_unref(k->renewal);
	conntrack_diet_free(k->diet);
	conntrack_dump_close(k->dump);
	conntrack_dump_close(k->old);
	conntrack_dump_close(k->look);
	conntrack_inject_close(k->inject);
	conntrack_events_close(k->events);
	free(k->own);
	free(k->expected);
	free(k);
}
