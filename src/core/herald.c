/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A round is one announcement of each address; a burst is a number of rounds.  A master owes one
 * burst at once, a second one after garp delay, and refreshing ones for as long as it is master.
 * Its first round never waits: it is what a takeover is about.
 */
#include "core/herald.h"

#include "core/announce.h"

/*
 * From one round to the next, unless garp interval says otherwise: so long that the second corrects
 * who asked an old master that lingered and has let go by then.
 */
#define ROUND_STEP (ENGINE_LINGER + 10 * NSEC_PER_MSEC)

/* RFC 4861 6.2.4: who becomes a router makes itself known faster in the beginning. */
#define INITIAL_ROUTER_ADVERTS 3
#define INITIAL_ROUTER_INTERVAL (16 * NSEC_PER_SEC)

static void
reckon(struct vrouter *v)
{
	struct herald *h = &v->herald;

	h->due = nsec_min(h->round_at, h->second_at);
	h->due = nsec_min(h->due, h->refresh_at);
	h->due = nsec_min(h->due, h->router_at);
}

void
herald_silence(struct vrouter *v)
{
	v->herald = (struct herald){
		.round_at = NSEC_NEVER,
		.second_at = NSEC_NEVER,
		.refresh_at = NSEC_NEVER,
		.router_at = NSEC_NEVER,
		.due = NSEC_NEVER,
	};
}

static void
announce(struct vrouter *v, struct effects *out)
{
	if (v->condition == CONDITION_GOOD)
		vrouter_effect(v, EFFECT_ANNOUNCE, out);
}

static nsec_t
step_of(const struct vrouter *v)
{
	return v->settings->garp.interval ? v->settings->garp.interval : ROUND_STEP;
}

/* Announce now, and rounds - 1 times more. */
static void
start_burst(struct vrouter *v, unsigned rounds, nsec_t now, struct effects *out)
{
	struct herald *h = &v->herald;

	announce(v, out);
	h->rounds = (uint8_t)(rounds - 1);
	h->round_at = h->rounds > 0 ? now + step_of(v) : NSEC_NEVER;
}

/* Groups that took over together do not refresh together: each keeps its place. */
static nsec_t
next_refresh(const struct vrouter *v, nsec_t now)
{
	nsec_t refresh = v->settings->garp.refresh;

	return refresh ? now + refresh + v->offset : NSEC_NEVER;
}

/*
 * RFC 4861 6.2.4 wants a random time between advertisements, so that routers do not fall in step.
 * Here it is drawn from what differs between groups and between one time and the next.
 */
static nsec_t
next_router_advert(const struct vrouter *v, nsec_t now)
{
	nsec_t interval = settings_advertisers(v->all)[v->settings->advertiser].interval;
	uint32_t draw = (v->settings->vrid * 65537u + v->mac.bytes[5] * 257u + v->group +
	                 v->herald.routers * 40503u) * 2654435761u >> 22;

	if (v->herald.routers < INITIAL_ROUTER_ADVERTS)
		interval = nsec_min(interval, INITIAL_ROUTER_INTERVAL);
	return now + interval - interval / 4 * draw / 1024;
}

void
herald_advertise(struct vrouter *v, nsec_t now, struct effects *out)
{
	struct herald *h = &v->herald;

	if (v->settings->advertiser < 0) {
		h->router_at = NSEC_NEVER;
	} else {
		if (v->condition == CONDITION_GOOD) {
			vrouter_effect(v, EFFECT_ADVERTISE_ROUTER, out);
			h->routers++;
		}
		h->router_at = next_router_advert(v, now);
	}
	reckon(v);
}

void
herald_begin(struct vrouter *v, nsec_t now, struct effects *out)
{
	const struct garp_settings *garp = &v->settings->garp;
	struct herald *h = &v->herald;

	if (v->condition != CONDITION_GOOD)
		return;
	start_burst(v, garp->repeat, now, out);
	h->second_at = garp->delay ? now + garp->delay : NSEC_NEVER;
	h->second_rounds = garp->repeat;
	h->refresh_at = next_refresh(v, now);
	herald_advertise(v, now, out);
}

void
herald_assert(struct vrouter *v, nsec_t now, struct effects *out)
{
	const struct garp_settings *garp = &v->settings->garp;
	struct herald *h = &v->herald;

	if (h->round_at != NSEC_NEVER || garp->lower_repeat == 0)
		return;
	start_burst(v, garp->lower_repeat, now, out);
	if (garp->lower_delay && h->second_at == NSEC_NEVER) {
		h->second_at = now + garp->lower_delay;
		h->second_rounds = garp->lower_repeat;
	}
	reckon(v);
}

void
herald_resume(struct vrouter *v, nsec_t now)
{
	v->herald.refresh_at = next_refresh(v, now);
	if (v->settings->advertiser >= 0) {
		v->herald.routers = INITIAL_ROUTER_ADVERTS;
		v->herald.router_at = next_router_advert(v, now);
	}
	reckon(v);
}

/* After a late wake-up one round stands for all that are past. */
static void
go_on(struct vrouter *v, nsec_t now, struct effects *out)
{
	struct herald *h = &v->herald;

	announce(v, out);
	while (h->rounds > 0 && h->round_at <= now) {
		h->rounds--;
		h->round_at += step_of(v);
	}
	if (h->rounds == 0)
		h->round_at = NSEC_NEVER;
}

void
herald_on_time(struct vrouter *v, nsec_t now, struct effects *out)
{
	struct herald *h = &v->herald;

	if (h->due > now)
		return;
	if (h->second_at <= now) {
		h->second_at = NSEC_NEVER;
		start_burst(v, h->second_rounds, now, out);
	} else if (h->refresh_at <= now) {
		h->refresh_at = next_refresh(v, now - v->offset);
		start_burst(v, v->settings->garp.refresh_repeat, now, out);
	} else if (h->round_at <= now) {
		go_on(v, now, out);
	}
	if (h->router_at <= now)
		herald_advertise(v, now, out);
	reckon(v);
}

static uint32_t
seconds(nsec_t lifetime)
{
	return lifetime >= UINT32_MAX * NSEC_PER_SEC ? UINT32_MAX :
	                                               (uint32_t)(lifetime / NSEC_PER_SEC);
}

size_t
herald_router_advert(const struct vrouter *v, uint8_t *bytes)
{
	const struct advertiser_settings *a;
	struct announce_prefix prefixes[ANNOUNCE_PREFIXES_MAX];
	struct announce_router router;
	uint32_t count = 0;

	if (v->settings->advertiser < 0 || v->condition != CONDITION_GOOD)
		return 0;
	a = &settings_advertisers(v->all)[v->settings->advertiser];
	for (; count < a->prefix_count && count < ANNOUNCE_PREFIXES_MAX; count++) {
		const struct advertised_prefix *p =
			&settings_prefixes(v->all)[a->prefix_first + count];

		prefixes[count] = (struct announce_prefix){
			.prefix = p->prefix,
			.on_link = p->on_link,
			.autonomous = p->autonomous,
			.valid_lifetime = seconds(p->valid),
			.preferred_lifetime = seconds(p->preferred),
		};
	}
	router = (struct announce_router){
		.mac = v->mac,
		.source = v->addresses[0].prefix.ip,
		.managed = a->managed,
		.other = a->other,
		.lifetime = (uint16_t)(a->lifetime / NSEC_PER_SEC),
		.mtu = a->mtu,
		.prefixes = prefixes,
		.prefix_count = count,
	};
	return announce_router(&router, bytes);
}
