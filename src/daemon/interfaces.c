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

#include <errno.h>
#include <libmnl/libmnl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <systemd/sd-event.h>

#include "base/log.h"
#include "core/ifgroup.h"
#include "core/ifplan.h"
#include "core/iftrack.h"
#include "core/ifworld.h"
#include "daemon/news.h"
#include "daemon/outbox.h"
#include "daemon/refusals.h"
#include "daemon/route_watch.h"
#include "system/clock.h"
#include "system/netlink.h"
#include "system/nladdr.h"
#include "system/nllink.h"
#include "system/nlroute.h"
#include "system/nlrule.h"

#define NEWS_A_TURN 32u			/* datagrams, several messages each */
#define UNREAD_TURNS 32u		/* after so many, news half read are told all the same */
#define WEIGHT_HEAVY (400 * OUTBOX_WEIGHT)	/* waits for every processor to pass by */
#define WEIGHT_LINK (16 * OUTBOX_WEIGHT)
#define WEIGHT_OF_QUESTION OUTBOX_WEIGHT
#define WAITING_ENOUGH 512u		/* messages waiting before planning goes on */
#define PLANS_A_TURN 512u
#define START_PATIENCE (10 * NSEC_PER_SEC)

/* A link of the settings; one more stands for everything the settings do not name. */
struct unit {
	uint32_t busy;			/* requests not answered yet */
	bool dirty;			/* to be planned */
	bool changed;			/* to be told to the role */
	bool has_dependants;		/* vifs or members */
	bool told;
	int told_index;
	struct link_input told_input;
};

enum record_kind { RECORD_STEP, RECORD_RENEWAL, RECORD_QUESTION };

/* What goes with a request until its answer. */
struct record {
	_Alignas(16) struct ifstep step;
	uint64_t epoch;			/* of the settings it was made for */
	uint32_t group;			/* whose wish it is, or OUTBOX_NO_GROUP */
	uint8_t kind;			/* enum record_kind */
	bool taking;
};

/* What is under way for a group. */
struct wish {
	bool held;
	bool restored;
	bool is_owner;
	uint32_t taking;		/* requests of a take not answered yet */
	uint64_t taken;			/* when the last one was: value of "rounds" */
	uint32_t renewing;
};

struct silence {
	int index;
	struct prefix prefix;
};

struct interfaces {
	struct interfaces_calls calls;
	void *owner;
	struct news *news;
	struct outbox *outbox;
	bool started;
	sd_event *event;
	sd_event_source *news_source;
	sd_event_source *done_source;
	sd_event_source *work_source;
	sd_event_source *retry_source;

	struct ifworld *world;		/* of the news */

	struct iforiginals *originals;
	const struct settings *settings;	/* NULL before the first adopt */
	struct ifplan *plan;
	struct iftrack *track;
	struct route_watch *watch;
	uint64_t epoch;
	uint32_t lease;			/* seconds */
	uint32_t unit_count;		/* links and one */
	struct unit *units;
	uint32_t dirty_count;
	uint32_t changed_count;
	bool *held;			/* per group, as the planner wants it */
	struct wish *wishes;		/* per group */
	uint32_t restored_count;
	bool settling;
	bool replanned;			/* what on_settled said last may be outdated */
	uint64_t rounds;		/* how often all news were read */
	unsigned unread;		/* turns in which not all news could be read */
	char *problems;			/* what on_settled said last; heap */

	struct refusals refusals;
	struct ifsteps steps;		/* of the plan being made */
	struct silence *silences;	/* answered, to be entered when the news before are read */
	size_t silence_count;
	size_t silence_room;
	int *reads;			/* links to be asked for */
	size_t read_count;
	size_t read_room;
};

static int on_news(sd_event_source *source, int descriptor, uint32_t events, void *owner);
static int on_done(sd_event_source *source, int descriptor, uint32_t events, void *owner);
static int on_work(sd_event_source *source, void *owner);
static int on_retry(sd_event_source *source, uint64_t usec, void *owner);
static void on_answer(void *owner, const void *record, int result, const char *words);

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

static struct unit *
unit_of(struct interfaces *i, uint32_t link)
{
	return &i->units[link == IFSTEP_REST ? i->unit_count - 1 : link];
}

static void
ask_for_work(struct interfaces *i)
{
	int r = sd_event_source_set_enabled(i->work_source, SD_EVENT_ON);

	assert(r >= 0);
}

static void
make_dirty(struct interfaces *i, uint32_t link)
{
	struct unit *unit = unit_of(i, link);

	if (!unit->dirty) {
		unit->dirty = true;
		i->dirty_count++;
	}
	ask_for_work(i);
}

static void
make_changed(struct interfaces *i, uint32_t link)
{
	struct unit *unit = unit_of(i, link);

	make_dirty(i, link);
	if (!unit->changed) {
		unit->changed = true;
		i->changed_count++;
	}
}

static void
make_all_dirty(struct interfaces *i)
{
	make_dirty(i, IFSTEP_REST);
	for (uint32_t l = 0; l + 1 < i->unit_count; l++)
		make_changed(i, l);
}

/* What stands on a link, or belongs to it, is planned when it comes, goes, rises or falls. */
static void
make_dependants_dirty(struct interfaces *i, uint32_t link)
{
	const struct link_settings *links = settings_links(i->settings);

	for (uint32_t l = 0; unit_of(i, link)->has_dependants && l < i->settings->link_count; l++) {
		if (links[l].parent == (int32_t)link || links[l].bond == (int32_t)link)
			make_dirty(i, l);
	}
	if (links[link].bond >= 0)
		make_dirty(i, (uint32_t)links[link].bond);
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
	number = ifplan_owner(i->plan, i->world, link);
	if (number == IFSTEP_REST)
		return;
	make_changed(i, number);
	if (deep && strncmp(settings_links(i->settings)[number].name, link->name, NAME_SIZE) == 0)
		make_dependants_dirty(i, number);
}

/* A member of this bond began or ceased to carry traffic: the bond and its vifs are (un)usable. */
static void
on_bond(void *owner, int index)
{
	struct interfaces *i = owner;
	const struct ifworld_link *bond = ifworld_link(i->world, index);
	uint32_t number = i->settings != NULL && bond != NULL ?
	                  ifplan_owner(i->plan, i->world, bond) : IFSTEP_REST;
	const struct link_settings *links;

	if (i->settings != NULL)
		iftrack_touch(i->track);
	if (number == IFSTEP_REST)
		return;
	links = settings_links(i->settings);
	make_changed(i, number);
	for (uint32_t l = 0; unit_of(i, number)->has_dependants && l < i->settings->link_count; l++)
		if (links[l].parent == (int32_t)number)
			make_changed(i, l);
}

/* Sockets on a link that comes back under the same number must be opened anew. */
static void
on_gone(void *owner, const struct ifworld_link *link)
{
	struct interfaces *i = owner;
	uint32_t number = i->settings != NULL ? ifplan_owner(i->plan, i->world, link) :
	                                        IFSTEP_REST;

	if (number != IFSTEP_REST)
		unit_of(i, number)->told = false;
}

static void
on_route(void *owner, const struct ifroute *route)
{
	struct interfaces *i = owner;
	uint32_t link;

	if (i->settings != NULL && ifplan_route_owner(i->plan, route, &link))
		make_dirty(i, link);
}

static void
on_rule(void *owner, const struct ifrule *rule)
{
	struct interfaces *i = owner;

	if (i->settings != NULL)
		make_dirty(i, ifplan_rule_owner(i->plan, rule));
}

static void
on_routes_gone(void *owner)
{
	struct interfaces *i = owner;

	for (uint32_t l = 0; i->settings != NULL && l + 1 < i->unit_count; l++)
		make_dirty(i, l);
}

static void
on_all(void *owner)
{
	struct interfaces *i = owner;

	if (i->settings == NULL)
		return;
	iftrack_touch(i->track);
	/* News that were lost may have hidden a link that went and came back. */
	for (uint32_t l = 0; l + 1 < i->unit_count; l++)
		i->units[l].told = false;
	make_all_dirty(i);
}

/* Before the writer runs there is nothing that it could delay. */
static void
ask(void *owner, const struct nlmsghdr *question)
{
	struct interfaces *i = owner;
	const struct record record = { .kind = RECORD_QUESTION };
	const struct outbox_request request = {
		.kind = OUTBOX_QUESTION,
		.line = OUTBOX_SOON,
		.group = OUTBOX_NO_GROUP,
		.owner = OUTBOX_NO_GROUP,
		.weight = WEIGHT_OF_QUESTION,
	};
	int r;

	if (!i->started) {
		r = netlink_send(news_socket(i->news), question, question->nlmsg_len);
		if (r < 0)
			news_refused(i->news, r);
		return;
	}
	outbox_put(i->outbox, &request, question, &record);
	ask_for_work(i);
}

/* ---- answers ---- */

static void
ask_for_link(struct interfaces *i, int index)
{
	if (i->read_count > 0 && i->reads[i->read_count - 1] == index)
		return;
	if (i->read_count == i->read_room) {
		i->read_room = i->read_room == 0 ? 64 : 2 * i->read_room;
		i->reads = reallocarray(i->reads, i->read_room, sizeof(*i->reads));
		assert(i->reads != NULL);
	}
	i->reads[i->read_count++] = index;
}

static void
send_reads(struct interfaces *i)
{
	for (size_t n = 0; n < i->read_count; n++)
		news_ask_link(i->news, i->reads[n]);
	i->read_count = 0;
}

static void
note_silence(struct interfaces *i, const struct ifstep *step)
{
	if (i->silence_count == i->silence_room) {
		i->silence_room = i->silence_room == 0 ? 64 : 2 * i->silence_room;
		i->silences = reallocarray(i->silences, i->silence_room, sizeof(*i->silences));
		assert(i->silences != NULL);
	}
	i->silences[i->silence_count++] = (struct silence){ step->index, step->prefix };
}

static void
enter_silences(struct interfaces *i)
{
	for (size_t n = 0; n < i->silence_count; n++)
		ifworld_set_silent(i->world, i->silences[n].index, &i->silences[n].prefix);
	i->silence_count = 0;
}

/* A refusal that only says that what should go is gone already. */
static bool
is_gone(const struct ifstep *step, int result)
{
	switch (step->kind) {
	case IFSTEP_REMOVE_ADDRESS:
		return result == -EADDRNOTAVAIL || result == -ENODEV;
	case IFSTEP_SILENCE_ADDRESS:
	case IFSTEP_REMOVE_ROUTE:
		return result == -ESRCH || result == -ENODEV;
	case IFSTEP_REMOVE_RULE:
		return result == -ENOENT;
	case IFSTEP_ADD_LOCAL:
	case IFSTEP_ADD_RULE:
		return result == -EEXIST || result == -ENODEV;
	case IFSTEP_DELETE_LINK:
		return result == -ENODEV;
	case IFSTEP_ADD_ADDRESS:
	case IFSTEP_SET_UP:
	case IFSTEP_SET_DOWN:
		return result == -ENODEV;
	default:
		return false;
	}
}

static bool
makes_no_news(enum ifstep_kind kind)
{
	return kind == IFSTEP_SET_ALIAS || kind == IFSTEP_SET_GROUP_ALIAS ||
	       kind == IFSTEP_SET_ARP || kind == IFSTEP_SET_NO_ADDR_GEN ||
	       kind == IFSTEP_SET_BOND || kind == IFSTEP_RENAME || kind == IFSTEP_SET_MAC;
}

static void
plan_retry(struct interfaces *i)
{
	nsec_t deadline = refusals_deadline(&i->refusals);

	if (deadline == NSEC_NEVER) {
		(void)sd_event_source_set_enabled(i->retry_source, SD_EVENT_OFF);
		return;
	}
	(void)sd_event_source_set_time(i->retry_source, (uint64_t)(deadline / NSEC_PER_USEC) + 1);
	(void)sd_event_source_set_enabled(i->retry_source, SD_EVENT_ONESHOT);
}

static void
note_success(struct interfaces *i, const struct ifstep *step)
{
	if (refusals_remove(&i->refusals, step))
		log_info("%.15s: a step that was refused before was done now", step->name);
	if (makes_no_news(step->kind))
		ask_for_link(i, step->index);
	if (step->kind == IFSTEP_SILENCE_ADDRESS && step->mark == 0)
		note_silence(i, step);
	if (step->group >= 0 && i->held[step->group] && !i->wishes[step->group].restored) {
		i->wishes[step->group].restored = true;
		i->restored_count++;
	}
}

static void
note_refusal(struct interfaces *i, const struct ifstep *step, int result, const char *words)
{
	const struct refusal *refusal;

	/* Whoever made a link of this name meanwhile shall keep it. */
	if (step->kind == IFSTEP_CREATE_BOND || step->kind == IFSTEP_CREATE_VIF)
		iforiginals_forget(i->originals, step->name, ORIGINAL_CREATED);
	refusal = refusals_add(&i->refusals, step, result, words, clock_now());
	if (refusal->tries == 1 && !i->settling)
		log_warning("%s", refusal->text);
	plan_retry(i);
}

static void
on_renewed(struct interfaces *i, const struct record *record, int result, const char *words)
{
	i->wishes[record->group].renewing--;
	if (result == 0 && i->refusals.count > 0)
		(void)refusals_remove(&i->refusals, &record->step);
	if (result == 0 || result == -ENOBUFS)
		return;			/* what is lost comes again with the next advertisement */
	if (!is_gone(&record->step, result))
		note_refusal(i, &record->step, result, words);
	make_dirty(i, record->step.link);
}

static void
on_answer(void *owner, const void *bytes, int result, const char *words)
{
	struct interfaces *i = owner;
	const struct record *record = bytes;
	struct unit *unit;

	if (record->kind == RECORD_QUESTION && result < 0)
		news_refused(i->news, result);
	if (record->kind == RECORD_QUESTION || record->epoch != i->epoch || i->settings == NULL)
		return;
	if (record->kind == RECORD_RENEWAL) {
		on_renewed(i, record, result, words);
		return;
	}
	unit = unit_of(i, record->step.link);
	assert(unit->busy > 0);
	unit->busy--;
	if (record->taking) {
		i->wishes[record->group].taking--;
		i->wishes[record->group].taken = i->rounds;
	}
	if (result == -ENOBUFS)
		news_lost(i->news);
	else if (result == 0 || is_gone(&record->step, result))
		note_success(i, &record->step);
	else if (result != -ECANCELED)
		note_refusal(i, &record->step, result, words);
	if (unit->busy == 0)
		make_dirty(i, record->step.link);
}

static void
on_sent(void *owner, uint32_t group, uint32_t token, int error)
{
	struct interfaces *i = owner;

	i->calls.on_sent(i->owner, group, token, error);
}

/* ---- planning and sending ---- */

static bool
is_refused(void *owner, const struct ifstep *step)
{
	struct interfaces *i = owner;

	return refusals_hold(&i->refusals, step);
}

static struct ifplan_view
view_of(struct interfaces *i)
{
	return (struct ifplan_view){
		.world = i->world,
		.routes = news_routes(i->news),
		.originals = i->originals,
		.held = i->held,
		.lease = i->lease,
		.refused = is_refused,
		.owner = i,
	};
}

/* Roughly how long the kernel takes, in units of adding an address. */
static unsigned
weight_of(enum ifstep_kind kind)
{
	switch (kind) {
	case IFSTEP_DELETE_LINK:
	case IFSTEP_SET_DOWN:
	case IFSTEP_SET_MASTER:
		return WEIGHT_HEAVY;
	case IFSTEP_CREATE_BOND:
	case IFSTEP_CREATE_VIF:
	case IFSTEP_CREATE_VIRTUAL:
	case IFSTEP_SET_BOND:
	case IFSTEP_SET_MTU:
	case IFSTEP_SET_UP:
		return WEIGHT_LINK;
	default:
		return OUTBOX_WEIGHT;
	}
}

static const struct nlmsghdr *
encode(void *buffer, const struct ifstep *step)
{
	return step->kind < IFSTEP_ADD_ADDRESS ? nllink_change(buffer, step) :
	       step->kind < IFSTEP_ADD_ROUTE ? nladdr_change(buffer, step) :
	       step->kind < IFSTEP_ADD_RULE ? nlroute_change(buffer, step) :
	                                      nlrule_change(buffer, step);
}

static void
put_record(struct interfaces *i, enum outbox_line line, const struct record *record)
{
	const struct ifstep *step = &record->step;
	const struct outbox_request request = {
		.kind = record->kind == RECORD_RENEWAL ? OUTBOX_RENEWAL : OUTBOX_CHANGE,
		.line = line,
		.group = record->group,
		.owner = step->owner < 0 ? OUTBOX_NO_GROUP : (uint32_t)step->owner,
		.weight = weight_of(step->kind),
	};
	uint8_t buffer[NETLINK_REQUEST_MAX];

	outbox_put(i->outbox, &request, encode(buffer, step), record);
	if (record->kind == RECORD_STEP)
		unit_of(i, step->link)->busy++;
}

static void
queue_planned(struct interfaces *i)
{
	struct record record = { .epoch = i->epoch, .group = OUTBOX_NO_GROUP };

	for (size_t n = 0; n < i->steps.count; n++) {
		record.step = i->steps.list[n];
		put_record(i, OUTBOX_ORDINARY, &record);
	}
	i->steps.count = 0;
}

/* The steps of a take or a drop.  What was planned for the group before may contradict them. */
static void
queue_wish(struct interfaces *i, uint32_t group, bool taking)
{
	static const enum outbox_line lines[] = {
		[IFSTEP_FIRST] = OUTBOX_FIRST,
		[IFSTEP_SOON] = OUTBOX_SOON,
		[IFSTEP_LATER] = OUTBOX_LATER,
	};
	struct record record = { .epoch = i->epoch, .group = group, .taking = taking };

	outbox_cancel(i->outbox, group);
	for (size_t n = 0; n < i->steps.count; n++) {
		record.step = i->steps.list[n];
		put_record(i, lines[record.step.urgency], &record);
		i->wishes[group].taking += taking;
		make_dirty(i, record.step.link);
	}
	i->steps.count = 0;
	make_dirty(i, (uint32_t)settings_groups(i->settings)[group].link);
	outbox_push_full(i->outbox);
}

static void
plan_unit(struct interfaces *i, uint32_t number)
{
	struct ifplan_view view = view_of(i);

	i->units[number].dirty = false;
	i->dirty_count--;
	if (number == i->unit_count - 1)
		ifplan_rest(i->plan, &view, &i->steps);
	else
		ifplan_link(i->plan, &view, number, &i->steps);
	queue_planned(i);
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
 * Plan what is dirty and not under way; what the settings no longer name goes first.  True when
 * more could be planned at once.
 */
static bool
plan_units(struct interfaces *i)
{
	uint32_t planned = 0;
	uint32_t rest = i->unit_count - 1;
	bool enough = false;

	if (i->units[rest].dirty && i->units[rest].busy == 0)
		plan_unit(i, rest);
	for (uint32_t u = 0; u < rest && i->dirty_count > 0 && !enough; u++) {
		if (!i->units[u].dirty || i->units[u].busy > 0)
			continue;
		enough = planned == PLANS_A_TURN || outbox_waiting(i->outbox) >= WAITING_ENOUGH;
		if (enough)
			break;
		plan_unit(i, u);
		planned++;
	}
	if (planned > 0)
		i->replanned = true;
	store_originals(i);
	return enough && outbox_waiting(i->outbox) < WAITING_ENOUGH;
}

static void
tell_link(struct interfaces *i, uint32_t link, bool always)
{
	struct unit *unit = &i->units[link];
	const struct ifworld_link *now;
	struct link_input input;
	int index;

	if (!ifplan_has_groups(i->plan, link))
		return;
	memset(&input, 0, sizeof(input));
	now = ifworld_named(i->world, settings_links(i->settings)[link].name);
	index = now == NULL ? 0 : now->index;
	if (now != NULL) {
		input.usable = ifworld_usable(i->world, now);
		input.exists = true;
		input.mac = now->mac;
		input.mtu = now->mtu;
		input.source4 = ifworld_source4(i->world, now->index);
		input.source6 = ifworld_source6(i->world, now->index);
	}
	if (!always && unit->told && unit->told_index == index &&
	    memcmp(&unit->told_input, &input, sizeof(input)) == 0)
		return;
	unit->told = true;
	unit->told_index = index;
	memcpy(&unit->told_input, &input, sizeof(input));
	i->calls.on_link(i->owner, link, index, &input);
}

/* always: after adopt, when nobody knows what the engine was told. */
static void
tell_owners(struct interfaces *i, uint32_t link, bool always)
{
	struct ifwishes_groups groups = ifplan_groups(i->plan, link);

	for (size_t n = 0; n < groups.count; n++) {
		struct wish *wish = &i->wishes[groups.list[n]];
		bool is_owner = ifplan_is_owner(i->plan, i->world, groups.list[n]);

		if (!always && is_owner == wish->is_owner)
			continue;
		wish->is_owner = is_owner;
		i->calls.on_owner(i->owner, groups.list[n], is_owner);
	}
}

static void
tell_track(void *owner, uint32_t object, bool up)
{
	struct interfaces *i = owner;

	i->calls.on_track(i->owner, object, up);
}

/*
 * Has a link lost the address that its groups send from, while the plan that may bring it back is
 * still to be made or under way?  An address of ours removed by hand is back before it matters.
 */
static bool
awaits_address(const struct interfaces *i, uint32_t link)
{
	const struct unit *unit = &i->units[link];
	const struct ifworld_link *now;

	if (!unit->told || unit->told_input.source4.family == 0 || (!unit->dirty && !unit->busy))
		return false;
	now = ifworld_named(i->world, settings_links(i->settings)[link].name);
	return now != NULL && now->index == unit->told_index && ifworld_usable(i->world, now) &&
	       ifworld_source4(i->world, now->index).family == 0;
}

static void
tell_changes(struct interfaces *i)
{
	for (uint32_t u = 0; u < i->unit_count && i->changed_count > 0; u++) {
		if (!i->units[u].changed || (u + 1 < i->unit_count && awaits_address(i, u)))
			continue;
		i->units[u].changed = false;
		i->changed_count--;
		if (u + 1 == i->unit_count)
			continue;
		tell_link(i, u, false);
		tell_owners(i, u, false);
	}
	iftrack_tell(i->track, i->world, tell_track, i);
}

static void
tell_restored(struct interfaces *i)
{
	for (uint32_t g = 0; g < i->settings->group_count && i->restored_count > 0; g++) {
		if (!i->wishes[g].restored)
			continue;
		i->wishes[g].restored = false;
		i->restored_count--;
		i->calls.on_restored(i->owner, g);
	}
}

struct report {
	char *text;
	size_t size;
	FILE *stream;
};

static void
report_line(void *owner, const char *sentence)
{
	struct report *report = owner;

	if (ftello(report->stream) > 0)
		fputc('\n', report->stream);
	fputs(sentence, report->stream);
}

static void
tell_settled(struct interfaces *i)
{
	struct report report = { 0 };

	report.stream = open_memstream(&report.text, &report.size);
	assert(report.stream != NULL);
	for (uint32_t l = 0; l < i->settings->link_count; l++)
		ifplan_remarks(i->plan, i->world, l, report_line, &report);
	for (size_t n = 0; n < i->refusals.count; n++)
		report_line(&report, i->refusals.list[n].text);
	fclose(report.stream);
	if (i->settling || i->problems == NULL || strcmp(report.text, i->problems) != 0)
		i->calls.on_settled(i->owner, report.text);
	free(i->problems);
	i->problems = report.text;
	i->settling = false;
	i->replanned = false;
}

static bool
is_idle(const struct interfaces *i)
{
	return i->dirty_count == 0 && outbox_is_idle(i->outbox) && !news_is_dumping(i->news);
}

/* One turn, bounded.  False when nothing is left to be done without a new event. */
static bool
work(struct interfaces *i)
{
	bool all_read, more = false;

	outbox_collect(i->outbox);
	send_reads(i);
	all_read = news_read(i->news, NEWS_A_TURN);
	if (i->settings == NULL)
		return !all_read;
	/* News half read may show an address gone that the next message brings back. */
	if (all_read || i->unread++ >= UNREAD_TURNS) {
		i->unread = 0;
		tell_changes(i);
	}
	if (all_read) {
		i->rounds++;
		enter_silences(i);
		if (!news_is_dumping(i->news))
			more = plan_units(i);
		tell_changes(i);
	}
	outbox_push(i->outbox);
	tell_restored(i);
	if (all_read && (i->settling || i->replanned) && is_idle(i))
		tell_settled(i);
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
		ask_for_work(owner);
	return 0;
}

static int
on_done(sd_event_source *source UNUSED, int descriptor UNUSED, uint32_t events UNUSED, void *owner)
{
	struct interfaces *i = owner;

	outbox_hear(i->outbox);
	return on_news(NULL, -1, 0, owner);
}

static void
on_watched(void *owner)
{
	struct interfaces *i = owner;

	iftrack_tell(i->track, i->world, tell_track, i);
}

static void
on_due(void *owner, uint32_t link)
{
	make_dirty(owner, link);
}

static int
on_retry(sd_event_source *source UNUSED, uint64_t usec UNUSED, void *owner)
{
	struct interfaces *i = owner;

	refusals_expire(&i->refusals, clock_now(), on_due, i);
	plan_retry(i);
	return 0;
}

/* ---- public ---- */

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
		r = sd_event_add_defer(i->event, &i->work_source, on_work, i);
	if (r >= 0)
		r = sd_event_source_set_enabled(i->work_source, SD_EVENT_OFF);
	if (r >= 0)
		r = sd_event_add_time(i->event, &i->retry_source, CLOCK_BOOTTIME, UINT64_MAX,
		                      10000, on_retry, i);
	if (r >= 0)
		r = sd_event_source_set_enabled(i->retry_source, SD_EVENT_OFF);
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
		.on_all = on_all,
		.ask = ask,
	};
	static const struct outbox_calls outbox_calls = { on_answer, on_sent };
	struct interfaces *i = allocate(1, sizeof(*i));
	struct error complaint;
	int r;

	i->calls = *calls;
	i->owner = owner;
	i->rounds = 1;			/* 0 = before anything was taken */
	i->event = sd_event_ref(event);
	i->watch = route_watch_new(event, on_watched, i);
	if (originals != NULL && iforiginals_read(originals, originals_size, &i->originals,
	                                          &complaint) < 0)
		log_error("%s; interfaces will stay as they are when they are removed from the "
		          "configuration", complaint.text);
	if (i->originals == NULL)
		i->originals = iforiginals_new();
	r = news_new(&news_calls, i, &i->news, error);
	if (r >= 0) {
		i->world = news_world(i->news);
		r = outbox_new(news_socket(i->news), sizeof(struct record), &outbox_calls, i,
		               &i->outbox, error);
	}
	if (r >= 0) {
		/* Without the filter there is more to be read, no more. */
		(void)!netlink_filter(news_socket(i->news), outbox_renewal_port(i->outbox),
		                      MARK_VIRTUAL);
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
	sd_event_source_disable_unref(i->work_source);
	sd_event_source_disable_unref(i->retry_source);
	sd_event_unref(i->event);
	route_watch_free(i->watch);
	outbox_free(i->outbox);
	iftrack_free(i->track);
	news_free(i->news);
	iforiginals_free(i->originals);
	ifplan_free(i->plan);
	refusals_done(&i->refusals);
	ifsteps_done(&i->steps);
	free(i->units);
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
	i->started = true;
	return outbox_start(i->outbox, ret_missing, error);
}

/* What waits for the old settings is forgotten, but for the wishes of groups: those go first. */
static void
leave_settings(struct interfaces *i, const struct settings *next)
{
	outbox_collect(i->outbox);
	outbox_renumber(i->outbox, next->group_count);
	i->epoch++;
	route_watch_feed(i->watch, NULL);
	iftrack_free(i->track);
	ifplan_free(i->plan);
	free(i->units);
	free(i->held);
	free(i->wishes);
	refusals_clear(&i->refusals);
	plan_retry(i);
	i->dirty_count = i->changed_count = i->restored_count = 0;
}

void
interfaces_adopt(struct interfaces *i, const struct settings *settings, const bool *held,
                 nsec_t lease)
{
	leave_settings(i, settings);
	i->settings = settings;
	i->plan = ifplan_new(settings);
	i->track = iftrack_new(settings);
	i->lease = lease_seconds(lease);
	i->unit_count = settings->link_count + 1;
	i->units = allocate(i->unit_count, sizeof(*i->units));
	i->held = allocate(settings->group_count, sizeof(*i->held));
	i->wishes = allocate(settings->group_count, sizeof(*i->wishes));
	if (settings->group_count > 0)
		memcpy(i->held, held, settings->group_count * sizeof(*held));
	for (uint32_t l = 0; l < settings->link_count; l++) {
		const struct link_settings *link = &settings_links(settings)[l];

		if (link->parent >= 0)
			i->units[link->parent].has_dependants = true;
		if (link->bond >= 0)
			i->units[link->bond].has_dependants = true;
	}
	/* Others may have changed what makes no news, so look again before changing anything. */
	news_dump(i->news);
	i->settling = true;
	make_all_dirty(i);
	for (uint32_t l = 0; l < settings->link_count; l++) {
		tell_link(i, l, true);
		tell_owners(i, l, true);
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
	view = view_of(i);
	ifgroup_take(i->plan, &view, group, &i->steps);
	queue_wish(i, group, true);
}

/* Was the group told to take its addresses, and the picture cannot show them yet? */
static bool
is_new(const struct interfaces *i, const struct wish *wish)
{
	return wish->taking > 0 || wish->taken == i->rounds;
}

/* An address that the picture has is renewed without a word.  One that it lacks is brought back. */
void
interfaces_renew(struct interfaces *i, uint32_t group, nsec_t lease)
{
	struct ifplan_view view;
	struct wish *wish;
	struct record record = { .epoch = i->epoch, .group = group };
	const struct unit *unit;

	assert(i->settings != NULL && group < i->settings->group_count);
	wish = &i->wishes[group];
	unit = &i->units[settings_groups(i->settings)[group].link];
	i->lease = lease_seconds(lease);
	outbox_collect(i->outbox);	/* the last renewals ended without a word */
	if (is_new(i, wish) || wish->renewing > 0)
		return;
	view = view_of(i);
	ifgroup_renew(i->plan, &view, group, &i->steps);
	for (size_t n = 0; n < i->steps.count; n++) {
		record.step = i->steps.list[n];
		record.kind = record.step.renewal ? RECORD_RENEWAL : RECORD_STEP;
		wish->renewing += record.kind == RECORD_RENEWAL;
		if (unit->busy > 0)
			record.step.group = -1;
		put_record(i, OUTBOX_SOON, &record);
	}
	i->steps.count = 0;
	outbox_push_full(i->outbox);
}

void
interfaces_drop(struct interfaces *i, uint32_t group)
{
	struct ifplan_view view;

	assert(i->settings != NULL && group < i->settings->group_count);
	i->held[group] = false;
	view = view_of(i);
	ifgroup_drop(i->plan, &view, group, &i->steps);
	queue_wish(i, group, false);
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
	view = view_of(i);
	ifplan_stop(&view, &i->steps);
	queue_planned(i);
	finish(i, end);
}
