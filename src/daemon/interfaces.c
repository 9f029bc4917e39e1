/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Reconciles the kernel with the settings and the engine's wishes.  News tell what the kernel has
 * (daemon/news), the outbox carries what it shall change (daemon/outbox).  Each turn of work goes
 * the same way: collect what became of requests, read news, tell the role which links changed, plan
 * the links that need it, hand over.  A link is planned only while no request for it is under way,
 * and again when its last answer is in, until its plan is empty; then what the kernel has is what
 * we want.
 *
 * The engine's wishes (take, renew, drop) do not wait for any of this: their steps are made from
 * the picture as it is and go before all others; the plan that follows their answers corrects what
 * the picture did not know yet.
 */
#include "daemon/interfaces.h"

#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <systemd/sd-event.h>

#include "base/log.h"
#include "core/ifgroup.h"
#include "core/ifstatic.h"
#include "daemon/interfaces_inside.h"
#include "daemon/requests.h"
#include "daemon/tidings.h"
#include "system/clock.h"
#include "system/netlink.h"

#define NEWS_A_TURN 32u			/* datagrams, several messages each */
#define UNREAD_TURNS 32u		/* after so many, news half read are told all the same */
#define WAITING_ENOUGH 512u		/* messages waiting before planning goes on */
#define PLANS_A_TURN 512u
#define STATICS_LIKE_PLANS 64u		/* a unit of static routes costs as much as so many links */
#define START_PATIENCE (10 * NSEC_PER_SEC)
#define LOOK_DELAY (5 * NSEC_PER_SEC)	/* from an adopt to a look at what makes no news */
#define FAILED_DELAY NSEC_PER_SEC	/* until what could not be read is asked for again */
#define SAID_APART (200 * NSEC_PER_MSEC)	/* between two reports of problems */

static int on_news(sd_event_source *source, int descriptor, uint32_t events, void *owner);
static int on_done(sd_event_source *source, int descriptor, uint32_t events, void *owner);
static int on_work(sd_event_source *source, void *owner);
static int on_retry(sd_event_source *source, uint64_t usec, void *owner);

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

/* ---- units ---- */

static uint32_t
number_of(const struct interfaces *i, uint32_t link)
{
	return link == IFSTEP_REST ? i->unit_count - 1 : link;
}

struct unit *
interfaces_unit(struct interfaces *i, uint32_t link)
{
	return &i->units[number_of(i, link)];
}

void
interfaces_ask_for_work(struct interfaces *i)
{
	int r = sd_event_source_set_enabled(i->work_source, SD_EVENT_ON);

	assert(r >= 0);
}

void
interfaces_make_dirty(struct interfaces *i, uint32_t link)
{
	marks_put(&i->dirty, number_of(i, link));
	interfaces_ask_for_work(i);
}

static void
make_changed(struct interfaces *i, uint32_t link)
{
	interfaces_make_dirty(i, link);
	marks_put(&i->changed, number_of(i, link));
}

/* The networks that links are in, or whether they are usable, may have changed. */
static void
make_statics_dirty(struct interfaces *i)
{
	ifnets_touch(i->nets);
	for (uint32_t u = i->settings->link_count; u + 1 < i->unit_count; u++)
		interfaces_make_dirty(i, u);
}

static void
make_all_dirty(struct interfaces *i)
{
	interfaces_make_dirty(i, IFSTEP_REST);
	for (uint32_t l = 0; l < i->settings->link_count; l++)
		make_changed(i, l);
	make_statics_dirty(i);
}

/* What stands on a link, or belongs to it, is planned when it comes, goes, rises or falls. */
static void
make_dependants_dirty(struct interfaces *i, uint32_t link)
{
	const struct link_settings *links = settings_links(i->settings);

	uint32_t count = interfaces_unit(i, link)->has_dependants ? i->settings->link_count : 0;

	for (uint32_t l = 0; l < count; l++) {
		if (links[l].parent == (int32_t)link || links[l].member_of == (int32_t)link)
			interfaces_make_dirty(i, l);
	}
	if (links[link].member_of >= 0)
		interfaces_make_dirty(i, (uint32_t)links[link].member_of);
}

/* ---- what the news tell ---- */

static void
on_link(void *owner, const struct ifworld_link *link, bool deep)
{
	struct interfaces *i = owner;
	uint32_t number;

	if (i->settings == NULL)
		return;
	iftrack_touch(i->track);
	make_statics_dirty(i);
	number = ifplan_owner(i->plan, i->world, link);
	/* A virtual link outlives its parent's move to another network namespace. */
	if (ifgroup_is_ours(link) && ifworld_link(i->world, link->parent) == NULL)
		interfaces_make_dirty(i, IFSTEP_REST);
	if (number == IFSTEP_REST)
		return;
	/* Renamed: what we put on it is a matter of no settings any more. */
	if (deep && ifworld_named(i->world, link->name) == NULL)
		interfaces_make_dirty(i, IFSTEP_REST);
	make_changed(i, number);
	if (deep && strncmp(settings_links(i->settings)[number].name, link->name, NAME_SIZE) == 0)
		make_dependants_dirty(i, number);
}

/* A link became (un)usable without a word of the kernel about those that stand on it: its vifs, and
 * the switch that it is a port of. */
static void
make_those_above_changed(struct interfaces *i, uint32_t link)
{
	const struct link_settings *links = settings_links(i->settings);
	uint32_t count = interfaces_unit(i, link)->has_dependants ? i->settings->link_count : 0;

	for (uint32_t l = 0; l < count; l++) {
		if (links[l].parent != (int32_t)link)
			continue;
		make_changed(i, l);
		make_those_above_changed(i, l);
	}
	if (links[link].member_of >= 0) {
		make_changed(i, (uint32_t)links[link].member_of);
		make_those_above_changed(i, (uint32_t)links[link].member_of);
	}
}

/* A member of this bond began or ceased to carry traffic: the bond and its vifs are (un)usable. */
static void
on_bond(void *owner, int index)
{
	struct interfaces *i = owner;
	const struct ifworld_link *bond = ifworld_link(i->world, index);
	uint32_t number = i->settings != NULL && bond != NULL ?
	                  ifplan_owner(i->plan, i->world, bond) : IFSTEP_REST;

	if (i->settings == NULL)
		return;
	iftrack_touch(i->track);
	make_statics_dirty(i);
	if (number == IFSTEP_REST)
		return;
	make_changed(i, number);
	make_those_above_changed(i, number);
}

/* Sockets on a link that comes back under the same number must be opened anew. */
static void
on_gone(void *owner, const struct ifworld_link *link)
{
	struct interfaces *i = owner;
	uint32_t number = i->settings != NULL ? ifplan_owner(i->plan, i->world, link) :
	                                        IFSTEP_REST;

	if (number != IFSTEP_REST)
		interfaces_unit(i, number)->told = false;
}

static void
on_route(void *owner, const struct ifroute *route)
{
	struct interfaces *i = owner;
	uint32_t link;

	if (i->settings != NULL && ifplan_route_owner(i->plan, route, &link))
		interfaces_make_dirty(i, link);
}

static void
on_rule(void *owner, const struct ifrule *rule)
{
	struct interfaces *i = owner;

	if (i->settings != NULL)
		interfaces_make_dirty(i, ifplan_rule_owner(i->plan, rule));
}

static void
on_routes_gone(void *owner)
{
	struct interfaces *i = owner;

	for (uint32_t u = 0; i->settings != NULL && u + 1 < i->unit_count; u++)
		interfaces_make_dirty(i, u);
}

/* What is said of links where that overrides their settings may be outdated. */
static void
on_conf(void *owner)
{
	struct interfaces *i = owner;

	i->replanned = true;
}

/* News that were lost may have hidden a link that went and came back. */
static void
on_all(void *owner, bool lost)
{
	struct interfaces *i = owner;

	if (i->settings == NULL || !lost)
		return;
	iftrack_touch(i->track);
	for (uint32_t l = 0; l + 1 < i->unit_count; l++)
		i->units[l].told = false;
	make_all_dirty(i);
}

/* Read all anew after so long at the latest. */
static void
plan_look(struct interfaces *i, nsec_t delay)
{
	nsec_t when = clock_now() + delay;

	if (i->look_at <= when)
		return;
	i->look_at = when;
	(void)sd_event_source_set_time(i->look_source, (uint64_t)(when / NSEC_PER_USEC) + 1);
	(void)sd_event_source_set_enabled(i->look_source, SD_EVENT_ONESHOT);
}

static void
look(struct interfaces *i)
{
	(void)sd_event_source_set_enabled(i->look_source, SD_EVENT_OFF);
	i->look_at = NSEC_NEVER;
	news_dump(i->news);
}

/* At the start nobody waits for it: there the whole start fails. */
static void
on_failed(void *owner)
{
	struct interfaces *i = owner;

	if (i->look_source != NULL)
		plan_look(i, FAILED_DELAY);
}

/* ---- planning and sending ---- */

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
		interfaces_ask_for_work(owner);
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
	interfaces_make_dirty(owner, link);
}

static int
on_say(sd_event_source *source UNUSED, uint64_t usec UNUSED, void *owner)
{
	return on_news(NULL, -1, 0, owner);
}

static int
on_look(sd_event_source *source UNUSED, uint64_t usec UNUSED, void *owner)
{
	look(owner);
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

/* ---- public ---- */

/* One that rings when its time is set. */
static int
add_timer(struct interfaces *i, sd_event_time_handler_t handler, struct sd_event_source **ret)
{
	int r = sd_event_add_time(i->event, ret, CLOCK_BOOTTIME, UINT64_MAX, 10000, handler, i);

	return r >= 0 ? sd_event_source_set_enabled(*ret, SD_EVENT_OFF) : r;
}

static int
add_sources(struct interfaces *i, struct error *error)
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

int
interfaces_new(struct sd_event *event, const struct interfaces_calls *calls, void *owner,
               const void *originals, size_t originals_size, struct interfaces **ret,
               struct error *error)
{
	static const struct news_calls news_calls = {
		.on_link = on_link,
		.on_gone = on_gone,
		.on_bond = on_bond,
		.on_route = on_route,
		.on_rule = on_rule,
		.on_routes_gone = on_routes_gone,
		.on_conf = on_conf,
		.on_all = on_all,
		.on_failed = on_failed,
		.ask = requests_ask,
	};
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
	r = news_new(&news_calls, i, &i->news, error);
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
		r = add_sources(i, error);
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
	sd_event_source_disable_unref(i->news_source);
	sd_event_source_disable_unref(i->done_source);
	sd_event_source_disable_unref(i->refused_source);
	sd_event_source_disable_unref(i->tuned_source);
	sd_event_source_disable_unref(i->work_source);
	sd_event_source_disable_unref(i->retry_source);
	sd_event_source_disable_unref(i->say_source);
	sd_event_source_disable_unref(i->look_source);
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
	free(i->units);
	marks_done(&i->dirty);
	marks_done(&i->changed);
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
	free(i->units);
	marks_done(&i->dirty);
	marks_done(&i->changed);
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
	int r;

	leave_settings(i, settings);
	i->settings = settings;
	i->plan = ifplan_new(settings);
	i->track = iftrack_new(settings);
	i->lease = lease_seconds(lease);
	i->unit_count = settings->link_count + ifstatic_units(settings) + 1;
	i->units = allocate(i->unit_count, sizeof(*i->units));
	r = marks_init(&i->dirty, i->unit_count);
	assert(r == 0);
	r = marks_init(&i->changed, i->unit_count);
	assert(r == 0);
	i->held = allocate(settings->group_count, sizeof(*i->held));
	i->wishes = allocate(settings->group_count, sizeof(*i->wishes));
	if (settings->group_count > 0)
		memcpy(i->held, held, settings->group_count * sizeof(*held));
	for (uint32_t l = 0; l < settings->link_count; l++) {
		const struct link_settings *link = &settings_links(settings)[l];

		if (link->parent >= 0)
			i->units[link->parent].has_dependants = true;
		if (link->member_of >= 0)
			i->units[link->member_of].has_dependants = true;
	}
	/* Before a link is changed it is looked at: others may have changed what makes no news.
	 * Where none is, that may wait, and many commits share a look. */
	if (look_first)
		look(i);
	else
		plan_look(i, LOOK_DELAY);
	i->settling = true;
	make_all_dirty(i);
	for (uint32_t l = 0; l < settings->link_count; l++) {
		tidings_link(i, l, true);
		tidings_owners(i, l, true);
	}
	route_watch_feed(i->watch, i->track);
}

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

/* Let the writer carry out all that waits. */
static void
finish(struct interfaces *i, nsec_t end)
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
interfaces_stop(struct interfaces *i, nsec_t patience)
{
	nsec_t end = clock_now() + patience;
	struct ifplan_view view;

	if (i->settings == NULL)
		return;
	outbox_renumber(i->outbox, i->settings->group_count);
	finish(i, end);
	while (!news_read(i->news, NEWS_A_TURN) && clock_now() < end)
		;
	memset(i->held, 0, i->settings->group_count * sizeof(*i->held));
	view = interfaces_view(i);
	ifplan_stop(&view, &i->steps);
	requests_put_planned(i);
	finish(i, end);
}
