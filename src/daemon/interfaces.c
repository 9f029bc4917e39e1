/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Reconciles the kernel with the settings and the engine's wishes.  News tell what the kernel has
 * (daemon/news), the outbox carries what it shall change (daemon/outbox); what is planned, and
 * when, is a matter of daemon/units and daemon/turns.
 *
 * The engine's wishes (take, renew, drop) do not wait for any of this: their steps are made from
 * the picture as it is and go before all others; the plan that follows their answers corrects what
 * the picture did not know yet.
 */
#include "daemon/interfaces.h"

#include <stdlib.h>
#include <string.h>
#include <systemd/sd-event.h>

#include "base/log.h"
#include "core/ifgroup.h"
#include "daemon/interfaces_inside.h"
#include "daemon/requests.h"
#include "daemon/tidings.h"
#include "daemon/turns.h"
#include "daemon/units.h"
#include "system/clock.h"
#include "system/netlink.h"

#define START_PATIENCE (10 * NSEC_PER_SEC)
#define LOOK_DELAY (5 * NSEC_PER_SEC)	/* from an adopt to a look at what makes no news */

static void *
allocate(size_t count, size_t size)
{
	void *memory = calloc(count > 0 ? count : 1, size);

	assert(memory != NULL);
	return memory;
}

static uint32_t
lease_seconds(nsec_t lease)
{
	nsec_t seconds = (lease + NSEC_PER_SEC - 1) / NSEC_PER_SEC;

	return seconds < 1 ? 1 : seconds > UINT32_MAX / 2 ? UINT32_MAX / 2 : (uint32_t)seconds;
}

static bool
is_refused(void *owner, const struct ifstep *step)
{
	struct interfaces *i = owner;

	return refusals_hold(&i->refusals, step);
}

struct ifplan_view
interfaces_view(struct interfaces *i)
{
	return (struct ifplan_view){
		.world = i->world,
		.routes = news_routes(i->news),
		.nets = i->nets,
		.originals = i->originals,
		.held = i->held,
		.lease = i->lease,
		.refused = is_refused,
		.owner = i,
	};
}

/* ---- life ---- */

int
interfaces_new(struct sd_event *event, const struct interfaces_calls *calls, void *owner,
               const void *originals, size_t originals_size, struct interfaces **ret,
               struct error *error)
{
	static const uint8_t origins[] = { MARK_VIRTUAL, MARK_REAL };
	struct interfaces *i = allocate(1, sizeof(*i));
	struct error complaint;
	int r;

	i->calls = *calls;
	i->owner = owner;
	i->rounds = 1;			/* 0 = before anything was taken */
	i->look_at = NSEC_NEVER;
	i->event = sd_event_ref(event);
	i->watch = route_watch_new(event, tidings_tracked, i);
	if (originals != NULL && iforiginals_read(originals, originals_size, &i->originals,
	                                          &complaint) < 0)
		log_error("%s; interfaces will stay as they are when they are removed from the "
		          "configuration", complaint.text);
	if (i->originals == NULL)
		i->originals = iforiginals_new();
	r = news_new(&units_news_calls, i, &i->news, error);
	if (r >= 0) {
		i->world = news_world(i->news);
		i->nets = ifnets_new(i->world);
		r = requests_open(i, error);
	}
	if (r >= 0) {
		/* Without the filter there is more to be read, no more. */
		(void)!netlink_filter(news_socket(i->news), outbox_renewal_port(i->outbox),
		                      origins);
		r = news_read_all(i->news, START_PATIENCE, error);
	}
	if (r >= 0)
		r = turns_open(i, error);
	if (r < 0) {
		interfaces_free(i);
		return r;
	}
	*ret = i;
	return 0;
}

void
interfaces_free(struct interfaces *i)
{
	if (i == NULL)
		return;
	turns_close(i);
	sd_event_unref(i->event);
	route_watch_free(i->watch);
	outbox_free(i->outbox);
	tuner_free(i->tuner);
	iftrack_free(i->track);
	ifnets_free(i->nets);
	news_free(i->news);
	iforiginals_free(i->originals);
	ifplan_free(i->plan);
	refusals_done(&i->refusals);
	refusals_done(&i->refused_before);
	ifsteps_done(&i->steps);
	units_close(i);
	free(i->held);
	free(i->wishes);
	free(i->problems);
	free(i->silences);
	free(i->reads);
	free(i);
}

int
interfaces_start(struct interfaces *i, const char **ret_missing, struct error *error)
{
	int r = outbox_start(i->outbox, ret_missing, error);

	i->started = true;
	return r < 0 ? r : tuner_start(i->tuner, error);
}

/* ---- settings ---- */

/* What waits for the old settings is forgotten, but for the wishes of groups: those go first. */
static void
leave_settings(struct interfaces *i, const struct settings *next)
{
	/* In this order: of frames under the old numbers nobody must hear any more. */
	outbox_renumber(i->outbox, next->group_count);
	outbox_collect(i->outbox);
	tuner_cancel(i->tuner);
	i->epoch++;
	route_watch_feed(i->watch, NULL);
	iftrack_free(i->track);
	ifplan_free(i->plan);
	units_close(i);
	free(i->held);
	free(i->wishes);
	refusals_pass(&i->refusals, &i->refused_before);
	requests_plan_retry(i);
	i->restored_count = 0;
}

static bool
same_links(const struct settings *a, const struct settings *b)
{
	return a->link_count == b->link_count &&
	       memcmp(settings_links(a), settings_links(b),
	              a->link_count * sizeof(struct link_settings)) == 0;
}

void
interfaces_adopt(struct interfaces *i, const struct settings *settings, const bool *held,
                 nsec_t lease)
{
	bool look_first = i->settings == NULL || !same_links(i->settings, settings);

	leave_settings(i, settings);
	i->settings = settings;
	i->plan = ifplan_new(settings);
	i->track = iftrack_new(settings);
	i->lease = lease_seconds(lease);
	units_open(i);
	i->held = allocate(settings->group_count, sizeof(*i->held));
	i->wishes = allocate(settings->group_count, sizeof(*i->wishes));
	if (settings->group_count > 0)
		memcpy(i->held, held, settings->group_count * sizeof(*held));
	/* Before a link is changed it is looked at: others may have changed what makes no news.
	 * Where none is, that may wait, and many commits share a look. */
	if (look_first)
		turns_look(i);
	else
		turns_plan_look(i, LOOK_DELAY);
	i->settling = true;
	units_make_all_dirty(i);
	for (uint32_t l = 0; l < settings->link_count; l++) {
		tidings_link(i, l, true);
		tidings_owners(i, l, true);
	}
	route_watch_feed(i->watch, i->track);
}

/* ---- wishes ---- */

void
interfaces_take(struct interfaces *i, uint32_t group, nsec_t lease)
{
	struct ifplan_view view;

	assert(i->settings != NULL && group < i->settings->group_count);
	i->held[group] = true;
	i->lease = lease_seconds(lease);
	view = interfaces_view(i);
	ifgroup_take(i->plan, &view, group, &i->steps);
	requests_put_wish(i, group, true);
}

/* Was the group told to take its addresses, and the picture cannot show them yet? */
static bool
is_new(const struct interfaces *i, const struct wish *wish)
{
	return wish->taking > 0 || wish->taken == i->rounds;
}

/* What the picture has is renewed without a word; what it lacks, the plan brings back. */
void
interfaces_renew(struct interfaces *i, uint32_t group, nsec_t lease)
{
	struct ifplan_view view;
	struct wish *wish;

	assert(i->settings != NULL && group < i->settings->group_count);
	wish = &i->wishes[group];
	i->lease = lease_seconds(lease);
	outbox_collect(i->outbox);	/* the last renewals ended without a word */
	if (is_new(i, wish) || wish->renewing > 0)
		return;
	view = interfaces_view(i);
	ifgroup_renew(i->plan, &view, group, &i->steps);
	requests_put_renewals(i, group);
}

void
interfaces_drop(struct interfaces *i, uint32_t group)
{
	struct ifplan_view view;

	assert(i->settings != NULL && group < i->settings->group_count);
	i->held[group] = false;
	view = interfaces_view(i);
	ifgroup_drop(i->plan, &view, group, &i->steps);
	requests_put_wish(i, group, false);
}

bool
interfaces_is_taking(const struct interfaces *i, uint32_t group)
{
	return i->wishes[group].taking > 0;
}

/* ---- frames ---- */

void
interfaces_send(struct interfaces *i, uint32_t group, bool first, const struct outgoing *frame,
                uint32_t token)
{
	outbox_put_frame(i->outbox, first ? OUTBOX_FIRST : OUTBOX_SOON, group, frame, token);
	outbox_push_full(i->outbox);
}

bool
interfaces_is_sending(const struct interfaces *i, uint32_t group)
{
	return outbox_has_frames(i->outbox, group);
}

void
interfaces_forget_frames(struct interfaces *i, uint32_t group)
{
	outbox_cancel_frames(i->outbox, group);
}

void
interfaces_flush(struct interfaces *i)
{
	outbox_push(i->outbox);
}

nsec_t
interfaces_busy_since(const struct interfaces *i)
{
	return outbox_busy_since(i->outbox);
}

int
interfaces_index(const struct interfaces *i, uint32_t link)
{
	const struct ifworld_link *now;

	assert(i->settings != NULL && link < i->settings->link_count);
	now = ifworld_named(i->world, settings_links(i->settings)[link].name);
	return now == NULL ? 0 : now->index;
}

void
interfaces_stop(struct interfaces *i, nsec_t patience)
{
	nsec_t end = clock_now() + patience;
	struct ifplan_view view;

	if (i->settings == NULL)
		return;
	outbox_renumber(i->outbox, i->settings->group_count);
	turns_finish(i, end);
	turns_read(i, end);
	memset(i->held, 0, i->settings->group_count * sizeof(*i->held));
	view = interfaces_view(i);
	ifplan_stop(&view, &i->steps);
	requests_put_planned(i);
	turns_finish(i, end);
}
