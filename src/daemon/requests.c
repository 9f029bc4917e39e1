/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Requests: steps on their way to the kernel, and what their answers mean.  A refusal is remembered
 * and tried again later, a success may have to be looked up, because not every change makes news.
 */
#include "daemon/requests.h"

#include <errno.h>
#include <libmnl/libmnl.h>
#include <stdlib.h>
#include <systemd/sd-event.h>

#include "base/log.h"
#include "daemon/turns.h"
#include "daemon/units.h"
#include "system/clock.h"
#include "system/netlink.h"
#include "system/nladdr.h"
#include "system/nllink.h"
#include "system/nlroute.h"
#include "system/nlrule.h"

#define WEIGHT_HEAVY (400 * OUTBOX_WEIGHT)	/* waits for every processor to pass by */
#define WEIGHT_LINK (16 * OUTBOX_WEIGHT)
#define WEIGHT_OF_QUESTION OUTBOX_WEIGHT
#define CROWD_DOUBLES 512u		/* so many addresses on a link: one costs twice as much */

enum record_kind { RECORD_STEP, RECORD_RENEWAL, RECORD_QUESTION };

/* What goes with a request until its answer. */
struct record {
	_Alignas(16) struct ifstep step;
	uint64_t epoch;			/* of the settings it was made for */
	uint32_t group;			/* whose wish it is, or OUTBOX_NO_GROUP */
	uint8_t kind;			/* enum record_kind */
	bool taking;
};

/* ---- on their way ---- */

/* Roughly how long the kernel takes, in units of adding an address. */
static unsigned
weight_of(const struct ifstep *step)
{
	switch (step->kind) {
	case IFSTEP_DELETE_LINK:
	case IFSTEP_DELETE_BATCH:
	case IFSTEP_SET_DOWN:
	case IFSTEP_SET_MASTER:
		return WEIGHT_HEAVY;
	case IFSTEP_CREATE_BOND:
	case IFSTEP_CREATE_SWITCH:
	case IFSTEP_CREATE_LOOPBACK:
	case IFSTEP_CREATE_VIF:
	case IFSTEP_CREATE_VIRTUAL:
	case IFSTEP_SET_BOND:
	case IFSTEP_SET_SWITCH:
	case IFSTEP_SET_MTU:
	case IFSTEP_SET_UP:
	case IFSTEP_RAISE:
		return WEIGHT_LINK;
	case IFSTEP_ADD_ADDRESS:
	case IFSTEP_REMOVE_ADDRESS:
		return OUTBOX_WEIGHT + OUTBOX_WEIGHT * step->crowd / CROWD_DOUBLES;
	case IFSTEP_ADD_LOCAL:
	case IFSTEP_SILENCE_ADDRESS:
		return OUTBOX_WEIGHT / 2;
	default:
		return OUTBOX_WEIGHT;
	}
}

static const struct nlmsghdr *
encode(void *buffer, const struct ifstep *step)
{
	return step->kind < IFSTEP_ADD_ADDRESS ? nllink_change(buffer, step) :
	       step->kind < IFSTEP_NEW_ROUTE ? nladdr_change(buffer, step) :
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
		.weight = weight_of(step),
	};
	uint8_t buffer[NETLINK_REQUEST_MAX];

	if (tuner_takes(step->kind))
		tuner_put(i->tuner, step, i->epoch);
	else
		outbox_put(i->outbox, &request, encode(buffer, step), record);
	if (record->kind == RECORD_STEP)
		units_find(i, step->link)->busy++;
}

void
requests_put_planned(struct interfaces *i)
{
	struct record record = { .epoch = i->epoch, .group = OUTBOX_NO_GROUP };

	for (size_t n = 0; n < i->steps.count; n++) {
		record.step = i->steps.list[n];
		put_record(i, OUTBOX_ORDINARY, &record);
	}
	i->steps.count = 0;
}

/* The steps of a take or a drop.  What was planned for the group before may contradict them. */
void
requests_put_wish(struct interfaces *i, uint32_t group, bool taking)
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
		units_make_dirty(i, record.step.link);
	}
	i->steps.count = 0;
	units_make_dirty(i, (uint32_t)settings_groups(i->settings)[group].link);
	outbox_push_full(i->outbox);
}

/* A step that is more than a renewal brings back what is missing, unless that is on its way. */
void
requests_put_renewals(struct interfaces *i, uint32_t group)
{
	const struct unit *unit = &i->units[settings_groups(i->settings)[group].link];
	struct record record = { .epoch = i->epoch, .group = group };

	for (size_t n = 0; n < i->steps.count; n++) {
		record.step = i->steps.list[n];
		record.kind = record.step.renewal ? RECORD_RENEWAL : RECORD_STEP;
		i->wishes[group].renewing += record.kind == RECORD_RENEWAL;
		if (unit->busy > 0)
			record.step.group = -1;
		put_record(i, OUTBOX_SOON, &record);
	}
	i->steps.count = 0;
	outbox_push_full(i->outbox);
}

/* Before the writer runs there is nothing that it could delay. */
void
requests_ask(void *owner, const struct nlmsghdr *question)
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
	turns_ask(i);
}

/* ---- what became of them ---- */

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

void
requests_ask_for_links(struct interfaces *i)
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

void
requests_enter_silences(struct interfaces *i)
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
	case IFSTEP_WRITE_TUNE:
		return result == -ENOENT;
	case IFSTEP_SET_TUNE:
	case IFSTEP_READ_PORT:
	case IFSTEP_SET_PORT:
	case IFSTEP_DELETE_LINK:
	case IFSTEP_CONDEMN:
	case IFSTEP_DELETE_BATCH:
	case IFSTEP_ADD_ADDRESS:
	case IFSTEP_SET_UP:
	case IFSTEP_RAISE:
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
	       kind == IFSTEP_SET_BOND || kind == IFSTEP_SET_SWITCH || kind == IFSTEP_RENAME ||
	       kind == IFSTEP_SET_MAC;
}

void
requests_plan_retry(struct interfaces *i)
{
	nsec_t deadline = refusals_deadline(&i->refusals);

	if (deadline == NSEC_NEVER) {
		(void)sd_event_source_set_enabled(i->retry_source, SD_EVENT_OFF);
		return;
	}
	(void)sd_event_source_set_time(i->retry_source, (uint64_t)(deadline / NSEC_PER_USEC) + 1);
	(void)sd_event_source_set_enabled(i->retry_source, SD_EVENT_ONESHOT);
}

/* A link's own IPv4 address is there now: tell its neighbours, as often as configured. */
static void
announce(struct interfaces *i, const struct ifstep *step)
{
	const struct ifworld_link *link = ifworld_link(i->world, step->index);
	struct ifstep order = *step;

	if (step->kind != IFSTEP_ADD_ADDRESS || step->mark != MARK_REAL ||
	    step->prefix.ip.family != 4 || step->link == IFSTEP_REST || link == NULL)
		return;
	order.kind = IFSTEP_ANNOUNCE;
	order.mac = link->mac;
	order.value = settings_links(i->settings)[step->link].announcements;
	if (order.value == 0)
		return;
	tuner_put(i->tuner, &order, i->epoch);
	units_find(i, step->link)->busy++;
}

/* What a step of these made is known without asking for it. */
static void
enter_tune(struct interfaces *i, const struct ifstep *step)
{
	struct ifworld_port port = step->port;

	if (step->kind == IFSTEP_SET_TUNE || step->kind == IFSTEP_WRITE_TUNE)
		(void)ifworld_set_tune(i->world, step->index, step->tune, step->value);
	port.known = true;
	if (step->kind == IFSTEP_SET_PORT)
		ifworld_set_port(i->world, step->index, &port);
}

static void
note_success(struct interfaces *i, const struct ifstep *step)
{
	enter_tune(i, step);
	announce(i, step);
	char subject[IFSTEP_SUBJECT_SIZE];

	if (refusals_remove(&i->refusals, step))
		log_info("%s: a step that was refused before was done now",
		         ifstep_subject(step, subject));
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
	if (ifstep_makes_link(step))
		iforiginals_forget(i->originals, step->name, ORIGINAL_CREATED);
	refusal = refusals_add(&i->refusals, step, result, words, clock_now());
	if (refusal->tries == 1 && !i->settling)
		log_warning("%s", refusal->text);
	requests_plan_retry(i);
}

/* A renewal could not be sent, or was refused. */
static void
on_refused(void *owner, const void *bytes, int result, const char *words)
{
	struct interfaces *i = owner;
	const struct record *record = bytes;

	if (record->kind != RECORD_RENEWAL || record->epoch != i->epoch || i->settings == NULL)
		return;
	if (!is_gone(&record->step, result))
		note_refusal(i, &record->step, result, words);
	units_make_dirty(i, record->step.link);
}

/* A renewal is done.  Whether it was refused this time matters only if it was before. */
static void
on_renewed(struct interfaces *i, const struct record *record, int result, const char *words)
{
	i->wishes[record->group].renewing--;
	if (result < 0) {
		on_refused(i, record, result, words);
		return;
	}
	if (i->refusals.count == 0)
		return;
	outbox_read_renewals(i->outbox);
	if (!refusals_hold(&i->refusals, &record->step))
		(void)refusals_remove(&i->refusals, &record->step);
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
	unit = units_find(i, record->step.link);
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
		units_make_dirty(i, record->step.link);
}

/* A driver refused, and the port is what it was before anything was asked of it: there is nothing
 * to restore.  Of a driver that hangs nobody knows. */
static bool
is_as_found(const struct interfaces *i, const struct ifstep *step)
{
	const struct iforiginal *original = iforiginals_find(i->originals, step->name);
	const struct ifworld_link *link = ifworld_link(i->world, step->index);

	return step->kind == IFSTEP_SET_PORT && original != NULL && link != NULL &&
	       original->saved & ORIGINAL_PORT && link->port.known &&
	       original->port.negotiated == link->port.negotiated &&
	       original->port.half == link->port.half && original->port.speed == link->port.speed;
}

/* An order of earlier settings that was under way has changed what the picture shows. */
static void
on_tuned(void *owner, const struct ifstep *step, uint64_t epoch, int result,
         const struct ifworld_port *port)
{
	struct interfaces *i = owner;
	struct unit *unit;

	if (result == 0)
		enter_tune(i, step);
	if (result == 0 && step->kind == IFSTEP_READ_PORT)
		ifworld_set_port(i->world, step->index, port);
	if (i->settings == NULL)
		return;
	if (epoch != i->epoch) {
		for (uint32_t l = 0; result == 0 && l + 1 < i->unit_count; l++)
			units_make_dirty(i, l);
		return;
	}
	unit = units_find(i, step->link);
	assert(unit->busy > 0);
	unit->busy--;
	if (step->restores ? result == 0 || is_gone(step, result) :
	                     result < 0 && result != -ECANCELED && result != -ETIMEDOUT &&
	                     is_as_found(i, step))
		iforiginals_forget(i->originals, step->name, ORIGINAL_PORT);
	if (result == 0)
		note_success(i, step);
	else if (result != -ECANCELED && step->kind != IFSTEP_ANNOUNCE && !is_gone(step, result))
		note_refusal(i, step, result, "");
	if (unit->busy == 0)
		units_make_dirty(i, step->link);
}

static void
on_sent(void *owner, uint32_t group, uint32_t token, int error)
{
	struct interfaces *i = owner;

	i->calls.on_sent(i->owner, group, token, error);
}

int
requests_open(struct interfaces *i, struct error *error)
{
	static const struct outbox_calls calls = { on_answer, on_refused, on_sent };

	int r = outbox_new(news_socket(i->news), sizeof(struct record), &calls, i, &i->outbox,
	                   error);

	return r < 0 ? r : tuner_new(on_tuned, i, &i->tuner, error);
}
