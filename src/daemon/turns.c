/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Turns of work, each of them bounded, and all the same way: collect what became of requests, read
 * news, tell the role which links changed, plan the links that need it, hand over.  A link is
 * planned only while no request for it is under way, and again when its last answer is in, until
 * its plan is empty; then what the kernel has is what we want.
 */
#include "daemon/turns.h"

#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <systemd/sd-event.h>

#include "core/ifstatic.h"
#include "daemon/requests.h"
#include "daemon/tidings.h"
#include "daemon/units.h"
#include "system/clock.h"
#include "system/netlink.h"

#define NEWS_A_TURN 32u			/* datagrams, several messages each */
#define UNREAD_TURNS 32u		/* after so many, news half read are told all the same */
#define WAITING_ENOUGH 512u		/* messages waiting before planning goes on */
#define PLANS_A_TURN 512u
#define STATICS_LIKE_PLANS 64u		/* a unit of static routes costs as much as so many links */
#define SAID_APART (200 * NSEC_PER_MSEC)	/* between two reports of problems */

/* ---- planning ---- */

static void
plan_unit(struct interfaces *i, uint32_t number)
{
	struct ifplan_view view = interfaces_view(i);

	marks_take(&i->dirty, number);
	if (number == i->unit_count - 1)
		ifplan_rest(i->plan, &view, &i->steps);
	else if (number >= i->settings->link_count)
		ifstatic_plan(i->plan, &view, number - i->settings->link_count, &i->steps);
	else
		ifplan_link(i->plan, &view, number, &i->steps);
	requests_put_planned(i);
}

static void
store_originals(struct interfaces *i)
{
	size_t size;
	void *bytes;

	if (!iforiginals_dirty(i->originals))
		return;
	bytes = iforiginals_write(i->originals, &size);
	i->calls.on_originals(i->owner, bytes, size);
	free(bytes);
}

/*
 * Can the link not be planned yet?  While its bond is being changed its members leave and come
 * back, and nothing of that is the operator's doing.
 */
static bool
is_busy(const struct interfaces *i, uint32_t link)
{
	int32_t bond = link < i->settings->link_count ?
	               settings_links(i->settings)[link].member_of : -1;

	return i->units[link].busy > 0 || (bond >= 0 && i->units[bond].busy > 0);
}

/*
 * Plan what is dirty and not under way; what the settings no longer name goes first.  True when
 * more could be planned at once.
 */
static bool
plan_units(struct interfaces *i)
{
	uint32_t planned = 0;
	uint32_t rest = i->unit_count - 1;
	bool enough = false;

	if (marks_have(&i->dirty, rest) && i->units[rest].busy == 0)
		plan_unit(i, rest);
	for (uint32_t u = marks_next(&i->dirty, 0); u < rest; u = marks_next(&i->dirty, u + 1)) {
		if (is_busy(i, u))
			continue;
		enough = planned >= PLANS_A_TURN || outbox_waiting(i->outbox) >= WAITING_ENOUGH;
		if (enough)
			break;
		plan_unit(i, u);
		planned += u < i->settings->link_count ? 1 : STATICS_LIKE_PLANS;
	}
	if (planned > 0)
		i->replanned = true;
	store_originals(i);
	return enough && outbox_waiting(i->outbox) < WAITING_ENOUGH;
}

/* ---- a turn ---- */

static bool
is_idle(const struct interfaces *i)
{
	return i->dirty.count == 0 && outbox_is_idle(i->outbox) && tuner_is_idle(i->tuner) &&
	       !news_is_dumping(i->news);
}

/*
 * What is said after all has settled takes a look at every link.  While thousands of them come up
 * one after the other, that is not worth it for each.
 */
static bool
is_too_soon(struct interfaces *i)
{
	nsec_t due = i->settled_at + SAID_APART;

	if (i->settling || clock_now() >= due)
		return false;
	(void)sd_event_source_set_time(i->say_source, (uint64_t)(due / NSEC_PER_USEC) + 1);
	(void)sd_event_source_set_enabled(i->say_source, SD_EVENT_ONESHOT);
	return true;
}

/* One turn, bounded.  False when nothing is left to be done without a new event. */
static bool
work(struct interfaces *i)
{
	bool all_read, more = false;

	outbox_collect(i->outbox);
	requests_ask_for_links(i);
	all_read = news_read(i->news, NEWS_A_TURN);
	if (i->settings == NULL)
		return !all_read;
	/* News half read may show an address gone that the next message brings back. */
	if (all_read || i->unread++ >= UNREAD_TURNS) {
		i->unread = 0;
		tidings_changes(i);
	}
	if (all_read) {
		i->rounds++;
		requests_enter_silences(i);
		if (!news_is_dumping(i->news))
			more = plan_units(i);
		tidings_changes(i);
	}
	/* What they were like before is stored by now. */
	outbox_push(i->outbox);
	tuner_push(i->tuner);
	tidings_restored(i);
	if (all_read && (i->settling || i->replanned) && is_idle(i) && !is_too_soon(i))
		tidings_settled(i);
	return !all_read || more;
}

void
turns_ask(struct interfaces *i)
{
	int r = sd_event_source_set_enabled(i->work_source, SD_EVENT_ON);

	assert(r >= 0);
}

void
turns_plan_look(struct interfaces *i, nsec_t delay)
{
	nsec_t when = clock_now() + delay;

	if (i->look_at <= when)
		return;
	i->look_at = when;
	(void)sd_event_source_set_time(i->look_source, (uint64_t)(when / NSEC_PER_USEC) + 1);
	(void)sd_event_source_set_enabled(i->look_source, SD_EVENT_ONESHOT);
}

void
turns_look(struct interfaces *i)
{
	(void)sd_event_source_set_enabled(i->look_source, SD_EVENT_OFF);
	i->look_at = NSEC_NEVER;
	news_dump(i->news);
}

/* ---- what calls for one ---- */

static int
on_work(sd_event_source *source, void *owner)
{
	if (!work(owner))
		return sd_event_source_set_enabled(source, SD_EVENT_OFF);
	return 0;
}

static int
on_news(sd_event_source *source UNUSED, int descriptor UNUSED, uint32_t events UNUSED, void *owner)
{
	if (work(owner))
		turns_ask(owner);
	return 0;
}

static int
on_done(sd_event_source *source UNUSED, int descriptor UNUSED, uint32_t events UNUSED, void *owner)
{
	struct interfaces *i = owner;

	outbox_hear(i->outbox);
	return on_news(NULL, -1, 0, owner);
}

static int
on_renewals(sd_event_source *source UNUSED, int descriptor UNUSED, uint32_t events UNUSED,
            void *owner)
{
	struct interfaces *i = owner;

	outbox_read_renewals(i->outbox);
	return 0;
}

static int
on_tuned(sd_event_source *source UNUSED, int descriptor UNUSED, uint32_t events UNUSED, void *owner)
{
	struct interfaces *i = owner;

	tuner_collect(i->tuner);
	return on_news(NULL, -1, 0, owner);
}

static void
on_due(void *owner, uint32_t link)
{
	units_make_dirty(owner, link);
}

static int
on_say(sd_event_source *source UNUSED, uint64_t usec UNUSED, void *owner)
{
	return on_news(NULL, -1, 0, owner);
}

static int
on_look(sd_event_source *source UNUSED, uint64_t usec UNUSED, void *owner)
{
	turns_look(owner);
	return 0;
}

static int
on_retry(sd_event_source *source UNUSED, uint64_t usec UNUSED, void *owner)
{
	struct interfaces *i = owner;

	refusals_expire(&i->refusals, clock_now(), on_due, i);
	requests_plan_retry(i);
	return 0;
}

/* One that rings when its time is set. */
static int
add_timer(struct interfaces *i, sd_event_time_handler_t handler, struct sd_event_source **ret)
{
	int r = sd_event_add_time(i->event, ret, CLOCK_BOOTTIME, UINT64_MAX, 10000, handler, i);

	return r >= 0 ? sd_event_source_set_enabled(*ret, SD_EVENT_OFF) : r;
}

int
turns_open(struct interfaces *i, struct error *error)
{
	int r;

	r = sd_event_add_io(i->event, &i->news_source, netlink_descriptor(news_socket(i->news)),
	                    EPOLLIN, on_news, i);
	if (r >= 0)
		r = sd_event_add_io(i->event, &i->done_source, outbox_descriptor(i->outbox),
		                    EPOLLIN, on_done, i);
	if (r >= 0)
		r = sd_event_add_io(i->event, &i->refused_source,
		                    outbox_renewal_descriptor(i->outbox), EPOLLIN, on_renewals, i);
	if (r >= 0)
		r = sd_event_add_io(i->event, &i->tuned_source, tuner_descriptor(i->tuner),
		                    EPOLLIN, on_tuned, i);
	if (r >= 0)
		r = sd_event_add_defer(i->event, &i->work_source, on_work, i);
	if (r >= 0)
		r = sd_event_source_set_enabled(i->work_source, SD_EVENT_OFF);
	if (r >= 0)
		r = add_timer(i, on_retry, &i->retry_source);
	if (r >= 0)
		r = add_timer(i, on_say, &i->say_source);
	if (r >= 0)
		r = add_timer(i, on_look, &i->look_source);
	return r >= 0 ? 0 : error_set(error, r, "cannot watch the netlink sockets: %s",
	                              strerror(-r));
}

void
turns_close(struct interfaces *i)
{
	sd_event_source_disable_unref(i->news_source);
	sd_event_source_disable_unref(i->done_source);
	sd_event_source_disable_unref(i->refused_source);
	sd_event_source_disable_unref(i->tuned_source);
	sd_event_source_disable_unref(i->work_source);
	sd_event_source_disable_unref(i->retry_source);
	sd_event_source_disable_unref(i->say_source);
	sd_event_source_disable_unref(i->look_source);
}

/* ---- the end ---- */

void
turns_finish(struct interfaces *i, nsec_t end)
{
	for (;;) {
		outbox_push(i->outbox);
		if (outbox_is_idle(i->outbox) || clock_now() >= end ||
		    !outbox_wait(i->outbox, end - clock_now()))
			return;
		outbox_collect(i->outbox);
	}
}

void
turns_read(struct interfaces *i, nsec_t end)
{
	while (!news_read(i->news, NEWS_A_TURN) && clock_now() < end)
		;
}
