/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Decides which flows are carried at all, and reads the kernel's table in steps behind everything
 * else: all of it when that is asked for, flows with shifted sequence numbers now and then, and
 * what is to be made anew.
 */
#include "daemon/flowkernel_inside.h"

#include <ifaddrs.h>
#include <netinet/in.h>
#include <stdlib.h>
#include <string.h>

#include "base/log.h"

#define DUMP_STEP 1u			/* flows at least: one message of the kernel, 0.4 ms */
#define RENEWAL_STEP 1u			/* ... and 0.7 ms more to make them anew */
#define SHIFT_USEC 10000000u		/* between looks at flows with shifted sequence numbers */

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

bool
flowdump_is_excluded(const struct flowkernel *k, const struct flow_key *key)
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
	       !flowdump_is_excluded(k, &flow->key) && !is_local(k, flow);
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

	if (!is_carried(k, flow))
		return;
	k->helped = k->helped || flow->has & FLOW_HAS_HELPER;
	k->calls->on_dump(k->owner, flow);
}

static void
on_expectation_dumped(void *owner, const struct flow_expectation *expectation)
{
	struct flowkernel *k = owner;

	if (k->subscribed && !flowdump_is_excluded(k, &expectation->master))
		k->calls->on_expectation(k->owner, FLOW_UPSERT, expectation);
}

/* Flows, then what their helpers foresee. */
static int
on_step(sd_event_source *source, uint64_t usec UNUSED, void *owner)
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
	if (r > 0 || k->dumps_flows)
		flowkernel_go_on(source);
	k->calls->on_batch(k->owner);
	return 0;
}

void
flowkernel_dump(struct flowkernel *k)
{
	int r;

	read_own(k);
	k->helped = false;		/* it shows whether there are any */
	r = conntrack_dump_flows(k->dump, NULL);
	if (r < 0)
		log_error("cannot read the table of connections: %s", strerror(-r));
	k->dumps_flows = true;
	/* A step of what has failed says so. */
	flowkernel_go_on(k->step);
}

/* ---- flows made anew ------------------------------------------------------------------------ */

static void
on_expected(void *owner, const struct flow_expectation *expectation)
{
	struct flowkernel *k = owner;

	if (k->expected_count < FLOWKERNEL_EXPECTED)
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
		flowkernel_note_broken(k, conntrack_inject_renew(k->inject, &now, now.timeout));
}

static void
end_renewal(struct flowkernel *k)
{
	for (size_t i = 0; i < k->expected_count; i++)
		flowkernel_note_broken(k, conntrack_inject_expectation(k->inject, &k->expected[i]));
	k->expected_count = 0;
}

static int
on_renewal(sd_event_source *source, uint64_t usec UNUSED, void *owner)
{
	const struct conntrack_dump_hearer hearer = { on_old, NULL, owner };
	struct flowkernel *k = owner;

	/* What is asked for already comes first, and nothing between a look and its renewal. */
	flowkernel_note_broken(k, conntrack_inject_flush(k->inject));
	if (k->subscribed || conntrack_dump_step(k->old, RENEWAL_STEP, &hearer) <= 0)
		end_renewal(k);
	else
		flowkernel_go_on(source);
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
		while (conntrack_dump_step(k->old, FLOWKERNEL_EXPECTED, &hearer) > 0)
			;
	if (conntrack_dump_flows(k->old, NULL) < 0)
		log_error("cannot read the table of connections: they are not renewed");
	else
		flowkernel_go_on(k->renewal);
}

/* ---- shifted sequence numbers --------------------------------------------------------------- */

/*
 * A helper that rewrites addresses in what is said (SIP, FTP) shifts the sequence numbers behind
 * them, with every message anew; no event tells of it.  So those flows are asked for now and then,
 * while there may be any.  The kernel goes through its table for it, and shows nothing else.
 */
static void
on_shifted(void *owner, const struct flow *flow)
{
	struct flowkernel *k = owner;

	if (flow->has & FLOW_HAS_SEQADJ && is_carried(k, flow))
		k->calls->on_news(k->owner, FLOW_UPSERT, flow, false);
}

static int
on_shift_step(sd_event_source *source, uint64_t usec UNUSED, void *owner)
{
	const struct conntrack_dump_hearer hearer = { on_shifted, NULL, owner };
	struct flowkernel *k = owner;

	if (k->subscribed && conntrack_dump_step(k->shifts, DUMP_STEP, &hearer) > 0)
		flowkernel_go_on(source);
	k->calls->on_batch(k->owner);
	return 0;
}

static int
on_shift_due(sd_event_source *source, uint64_t usec UNUSED, void *owner)
{
	const struct conntrack_filter filter = { .status = CONNTRACK_STATUS_SEQADJ,
		                                 .status_mask = CONNTRACK_STATUS_SEQADJ };
	struct flowkernel *k = owner;

	if (!k->subscribed)
		return 0;
	sd_event_source_set_time_relative(source, SHIFT_USEC);
	sd_event_source_set_enabled(source, SD_EVENT_ONESHOT);
	if (k->helped && !k->dumps_flows && conntrack_dump_flows(k->shifts, &filter) == 0)
		flowkernel_go_on(k->shift_step);
	return 0;
}

void
flowdump_begin_shifts(struct flowkernel *k)
{
	sd_event_source_set_time_relative(k->shift_due, SHIFT_USEC);
	sd_event_source_set_enabled(k->shift_due, SD_EVENT_ONESHOT);
}

/* ---- sources -------------------------------------------------------------------------------- */

int
flowdump_add_sources(struct flowkernel *k, struct sd_event *event)
{
	int r = sd_event_add_time_relative(event, &k->step, CLOCK_BOOTTIME, 0, 1, on_step, k);

	if (r >= 0)
		r = sd_event_add_time_relative(event, &k->renewal, CLOCK_BOOTTIME, 0, 1,
		                               on_renewal, k);
	if (r >= 0)
		r = sd_event_add_time_relative(event, &k->shift_step, CLOCK_BOOTTIME, 0, 1,
		                               on_shift_step, k);
	if (r >= 0)
		r = sd_event_add_time_relative(event, &k->shift_due, CLOCK_MONOTONIC, 0, SHIFT_USEC,
		                               on_shift_due, k);
	if (r < 0)
		return r;

	sd_event_source *sources[] = { k->step, k->renewal, k->shift_step, k->shift_due };

	for (size_t i = 0; r >= 0 && i < ARRAY_SIZE(sources); i++) {
		r = sd_event_source_set_enabled(sources[i], SD_EVENT_OFF);
		if (r >= 0)
			r = sd_event_source_set_priority(sources[i], FLOWKERNEL_DUMP_PRIORITY);
	}
	return r;
}

void
flowdump_remove_sources(struct flowkernel *k)
{
	sd_event_source_unref(k->step);
	sd_event_source_unref(k->renewal);
	sd_event_source_unref(k->shift_step);
	sd_event_source_unref(k->shift_due);
}
