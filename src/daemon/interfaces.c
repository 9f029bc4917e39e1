/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Reconciles the kernel with the settings and the engine's wishes.  Two sockets: "news" listens
 * and answers questions, "changes" carries requests.  Each turn of work goes the same way: collect
 * answers, read news, tell the role which links changed, plan the links that need it, send one
 * bounded batch.  A link is planned only while no request for it is under way, and again when its
 * last answer is in, until its plan is empty; then what the kernel has is what we want.
 *
 * The engine's wishes (take, renew, drop) do not wait for any of this: their steps are made from
 * the picture as it is and leave at once; the plan that follows their answers corrects what the
 * picture did not know yet.
 */
#include "daemon/interfaces.h"

#include <errno.h>
#include <libmnl/libmnl.h>
#include <linux/rtnetlink.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <systemd/sd-event.h>

#include "base/log.h"
#include "core/ifgroup.h"
#include "core/ifplan.h"
#include "core/ifworld.h"
#include "daemon/refusals.h"
#include "system/clock.h"
#include "system/netlink.h"
#include "system/nladdr.h"
#include "system/nllink.h"

#define NEWS_A_TURN 32u			/* datagrams, several messages each */
#define ANSWERS_A_TURN 1024u
#define UNREAD_TURNS 32u		/* after so many, news half read are told all the same */
#define WEIGHT_A_TURN 256u		/* of the ordinary batch */
#define WEIGHT_URGENT 1024u		/* of the batch of a flush */
#define WAITING_ENOUGH 512u		/* messages waiting before planning goes on */
#define PLANS_A_TURN 512u
#define START_PATIENCE (10 * NSEC_PER_SEC)

enum dump_phase { DUMP_NONE, DUMP_LINKS, DUMP_ADDRESSES };

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

/* What goes with a request until its answer. */
struct record {
	struct ifstep step;
	uint64_t epoch;			/* of the settings it was made for */
};

struct silence {
	int index;
	struct prefix prefix;
};

struct interfaces {
	struct interfaces_calls calls;
	void *owner;
	struct netlink *news;
	struct netlink *changes;
	struct nlqueue *queue;
	sd_event *event;
	sd_event_source *news_source;
	sd_event_source *changes_source;
	sd_event_source *work_source;
	sd_event_source *retry_source;

	struct ifworld *world;
	enum dump_phase dump;
	bool dump_again;		/* it was interrupted, or another one was asked for */
	bool lost;			/* news were lost: dump when what is left of them is read */
	uint32_t dump_sequence;

	struct iforiginals *originals;
	const struct settings *settings;	/* NULL before the first adopt */
	struct ifplan *plan;
	uint64_t epoch;
	uint32_t lease;			/* seconds */
	uint32_t unit_count;		/* links and one */
	struct unit *units;
	uint32_t dirty_count;
	uint32_t changed_count;
	bool *held;
	bool *restored;
	uint32_t restored_count;
	bool settling;
	bool replanned;			/* what on_settled said last may be outdated */
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
static int on_changes(sd_event_source *source, int descriptor, uint32_t events, void *owner);
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

static void
touch_link(struct interfaces *i, const struct ifworld_link *link, bool dependants)
{
	uint32_t owner;

	if (i->settings == NULL)
		return;
	owner = ifplan_owner(i->plan, i->world, link);
	if (owner == IFSTEP_REST)
		return;
	make_changed(i, owner);
	if (dependants && strncmp(settings_links(i->settings)[owner].name, link->name,
	                          NAME_SIZE) == 0)
		make_dependants_dirty(i, owner);
}

/* A member of this bond began or ceased to carry traffic: the bond and its vifs are (un)usable. */
static void
touch_bond(struct interfaces *i, int index)
{
	const struct ifworld_link *bond = ifworld_link(i->world, index);
	uint32_t owner = i->settings != NULL && bond != NULL ?
	                 ifplan_owner(i->plan, i->world, bond) : IFSTEP_REST;
	const struct link_settings *links;

	if (owner == IFSTEP_REST)
		return;
	links = settings_links(i->settings);
	make_changed(i, owner);
	for (uint32_t l = 0; unit_of(i, owner)->has_dependants && l < i->settings->link_count; l++)
		if (links[l].parent == (int32_t)owner)
			make_changed(i, l);
}

/* ---- news ---- */

/* A link that comes back under the same number is another: sockets on it must be opened anew. */
static void
forget_told(struct interfaces *i, const struct ifworld_link *link)
{
	uint32_t owner = i->settings != NULL ? ifplan_owner(i->plan, i->world, link) : IFSTEP_REST;

	if (owner != IFSTEP_REST)
		unit_of(i, owner)->told = false;
}

static void
note_link(struct interfaces *i, const struct nlmsghdr *message)
{
	const struct ifworld_link *known;
	struct ifworld_link link;
	struct ifworld_link before = { 0 };

	if (!nllink_decode(message, &link))
		return;
	known = ifworld_link(i->world, link.index);
	if (known != NULL)
		before = *known;
	if (message->nlmsg_type == RTM_DELLINK) {
		if (known != NULL) {
			forget_told(i, &before);
			touch_link(i, &before, true);
		}
		ifworld_remove_link(i->world, link.index);
		if (before.carries)
			touch_bond(i, before.master);
		return;
	}
	ifworld_put_link(i->world, &link);
	if (before.carries && (!link.carries || before.master != link.master))
		touch_bond(i, before.master);
	if (link.carries && (!before.carries || before.master != link.master))
		touch_bond(i, link.master);
	if (known != NULL && strncmp(before.name, link.name, NAME_SIZE) != 0)
		touch_link(i, &before, true);
	touch_link(i, &link, known == NULL || before.up != link.up || before.mtu != link.mtu ||
	           before.kind != link.kind || before.master != link.master ||
	           strncmp(before.name, link.name, NAME_SIZE) != 0);
}

static void
note_address(struct interfaces *i, const struct nlmsghdr *message)
{
	const struct ifworld_link *link;
	struct ifworld_address address;
	int index;

	if (!nladdr_decode(message, &index, &address))
		return;
	if (message->nlmsg_type == RTM_DELADDR)
		ifworld_remove_address(i->world, index, &address.prefix);
	else if (!ifworld_put_address(i->world, index, &address))
		return;
	link = ifworld_link(i->world, index);
	if (link != NULL)
		touch_link(i, link, false);
}

static int
ask_for_dump(struct interfaces *i, enum dump_phase phase)
{
	uint8_t buffer[NETLINK_REQUEST_MAX];
	struct nlmsghdr *request;

	i->dump = phase;
	i->dump_sequence++;
	request = phase == DUMP_LINKS ? nllink_dump(buffer, i->dump_sequence)
	                              : nladdr_dump(buffer, i->dump_sequence);
	return netlink_send(i->news, request, request->nlmsg_len);
}

static int
start_dump(struct interfaces *i)
{
	if (i->dump != DUMP_NONE) {
		i->dump_again = true;
		return 0;
	}
	i->dump_again = false;
	ifworld_begin_dump(i->world);
	return ask_for_dump(i, DUMP_LINKS);
}

static void
on_gone(void *owner, const struct ifworld_link *link)
{
	touch_link(owner, link, true);
}

/* A part of the dump is complete, or was refused. */
static void
end_dump_part(struct interfaces *i, int result)
{
	int r = result;

	if (r == 0 && i->dump == DUMP_LINKS) {
		r = ask_for_dump(i, DUMP_ADDRESSES);
		if (r == 0)
			return;
	}
	i->dump = DUMP_NONE;
	if (r < 0) {
		log_error("cannot read links and addresses from the kernel: %s", strerror(-r));
		return;
	}
	if (i->dump_again) {
		r = start_dump(i);
		if (r < 0)
			end_dump_part(i, r);
		return;
	}
	ifworld_end_dump(i->world, on_gone, i);
	if (i->settings != NULL) {
		/* News that were lost may have hidden a link that went and came back. */
		for (uint32_t l = 0; l + 1 < i->unit_count; l++)
			i->units[l].told = false;
		make_all_dirty(i);
	}
}

static void
on_news_message(void *owner, const struct nlmsghdr *message)
{
	struct interfaces *i = owner;
	bool of_dump = i->dump != DUMP_NONE && message->nlmsg_seq == i->dump_sequence;
	char words[128];

	if (of_dump && message->nlmsg_flags & NLM_F_DUMP_INTR)
		i->dump_again = true;
	switch (message->nlmsg_type) {
	case RTM_NEWLINK:
	case RTM_DELLINK:
		note_link(i, message);
		break;
	case RTM_NEWADDR:
	case RTM_DELADDR:
		note_address(i, message);
		break;
	case NLMSG_DONE:
		if (of_dump)
			end_dump_part(i, 0);
		break;
	case NLMSG_ERROR:
		if (of_dump)
			end_dump_part(i, netlink_error(message, words));
		break;
	}
}

/* Nothing is left to read.  Only now is there room for the answer to a dump. */
static bool
make_up_for_loss(struct interfaces *i)
{
	int r;

	if (!i->lost)
		return true;
	i->lost = false;
	r = start_dump(i);
	if (r < 0)
		end_dump_part(i, r);
	return true;
}

/* Read what is there, at most limit datagrams; false when more may be there. */
static bool
read_news(struct interfaces *i, unsigned limit)
{
	for (unsigned n = 0; n < limit; n++) {
		int r = netlink_receive(i->news, on_news_message, i);

		if (r == 0)
			return make_up_for_loss(i);
		if (r == -ENOBUFS && !i->lost)
			log_warning("the kernel had more news about links than could be read in "
			            "time; reading all links and addresses again");
		if (r == -ENOBUFS) {
			i->lost = true;
		} else if (r < 0) {
			log_error("cannot read news about links: %s", strerror(-r));
			return true;
		}
	}
	return false;
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

/*
 * Some changes make no news, at least while the link is down.  Asked for on the socket of the
 * news, the answer stands in the right order among them.
 */
static void
send_reads(struct interfaces *i)
{
	uint8_t buffer[NETLINK_REQUEST_MAX];

	for (size_t n = 0; n < i->read_count; n++) {
		struct nlmsghdr *request = nllink_get(buffer, i->reads[n]);
		int r = netlink_send(i->news, request, request->nlmsg_len);

		if (r < 0)
			log_warning("cannot ask for link %d: %s", i->reads[n], strerror(-r));
	}
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
		return result == -ESRCH || result == -ENODEV;
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
	if (step->kind == IFSTEP_SILENCE_ADDRESS)
		note_silence(i, step);
	if (step->group >= 0 && i->held[step->group] && !i->restored[step->group]) {
		i->restored[step->group] = true;
		i->restored_count++;
	}
}

static void
on_answer(void *owner, const void *bytes, int result, const char *words)
{
	struct interfaces *i = owner;
	const struct record *record = bytes;
	const struct refusal *refusal;
	struct unit *unit;

	if (record->epoch != i->epoch || i->settings == NULL)
		return;
	unit = unit_of(i, record->step.link);
	assert(unit->busy > 0);
	unit->busy--;
	if (result == -ENOBUFS) {
		i->lost = true;
	} else if (result == 0 || is_gone(&record->step, result)) {
		note_success(i, &record->step);
	} else {
		/* Whoever made a link of this name meanwhile shall keep it. */
		if (record->step.kind == IFSTEP_CREATE_BOND ||
		    record->step.kind == IFSTEP_CREATE_VIF)
			iforiginals_forget(i->originals, record->step.name, ORIGINAL_CREATED);
		refusal = refusals_add(&i->refusals, &record->step, result, words, clock_now());
		if (refusal->tries == 1 && !i->settling)
			log_warning("%s", refusal->text);
		plan_retry(i);
	}
	if (unit->busy == 0)
		make_dirty(i, record->step.link);
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
		return WEIGHT_A_TURN / 4;
	case IFSTEP_CREATE_BOND:
	case IFSTEP_CREATE_VIF:
	case IFSTEP_CREATE_VIRTUAL:
	case IFSTEP_SET_BOND:
	case IFSTEP_SET_MTU:
		return WEIGHT_A_TURN / 16;
	default:
		return 1;
	}
}

/* Put the steps just planned into the queue. */
static void
queue_steps(struct interfaces *i, bool urgent)
{
	uint8_t buffer[NETLINK_REQUEST_MAX];

	for (size_t n = 0; n < i->steps.count; n++) {
		struct record record = { .step = i->steps.list[n], .epoch = i->epoch };
		const struct nlmsghdr *message;

		if (record.step.kind >= IFSTEP_ADD_ADDRESS)
			message = nladdr_change(buffer, &record.step);
		else
			message = nllink_change(buffer, &record.step);
		nlqueue_add(i->queue, urgent, message, &record, weight_of(record.step.kind));
		unit_of(i, record.step.link)->busy++;
	}
	i->steps.count = 0;
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
	queue_steps(i, false);
}

/* Plan what is dirty and not under way; what the settings no longer name goes first. */
static void
plan_units(struct interfaces *i)
{
	uint32_t planned = 0;
	uint32_t rest = i->unit_count - 1;

	if (i->units[rest].dirty && i->units[rest].busy == 0)
		plan_unit(i, rest);
	for (uint32_t u = 0; u < rest && i->dirty_count > 0; u++) {
		if (nlqueue_waiting(i->queue) >= WAITING_ENOUGH || planned == PLANS_A_TURN)
			break;
		if (!i->units[u].dirty || i->units[u].busy > 0)
			continue;
		plan_unit(i, u);
		planned++;
	}
	if (planned > 0)
		i->replanned = true;
	if (iforiginals_dirty(i->originals)) {
		size_t size;
		void *bytes = iforiginals_write(i->originals, &size);

		i->calls.on_originals(i->owner, bytes, size);
		free(bytes);
	}
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
		input.mac = now->mac;
		input.source4 = ifworld_source4(i->world, now->index);
	}
	if (!always && unit->told && unit->told_index == index &&
	    memcmp(&unit->told_input, &input, sizeof(input)) == 0)
		return;
	unit->told = true;
	unit->told_index = index;
	memcpy(&unit->told_input, &input, sizeof(input));
	i->calls.on_link(i->owner, link, index, &input);
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
		if (u + 1 < i->unit_count)
			tell_link(i, u, false);
	}
}

static void
tell_restored(struct interfaces *i)
{
	for (uint32_t g = 0; g < i->settings->group_count && i->restored_count > 0; g++) {
		if (!i->restored[g])
			continue;
		i->restored[g] = false;
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
	return i->dirty_count == 0 && nlqueue_waiting(i->queue) == 0 &&
	       nlqueue_pending(i->queue) == 0 && i->dump == DUMP_NONE;
}

/* One turn, bounded.  False when nothing is left to be done without a new event. */
static bool
work(struct interfaces *i)
{
	bool answers_read = nlqueue_collect(i->queue, ANSWERS_A_TURN);
	bool news_read;

	send_reads(i);
	news_read = read_news(i, NEWS_A_TURN);
	if (i->settings == NULL)
		return !news_read;
	/* News half read may show an address gone that the next message brings back. */
	if (news_read || i->unread++ >= UNREAD_TURNS) {
		i->unread = 0;
		tell_changes(i);
	}
	if (!answers_read || !news_read)
		return true;
	enter_silences(i);
	if (i->dump == DUMP_NONE)
		plan_units(i);
	tell_changes(i);
	nlqueue_send(i->queue, WEIGHT_A_TURN);
	tell_restored(i);
	if ((i->settling || i->replanned) && is_idle(i))
		tell_settled(i);
	return nlqueue_waiting(i->queue) > 0 || nlqueue_pending(i->queue) > 0 ||
	       (i->dirty_count > 0 && i->dump == DUMP_NONE);
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
	ask_for_work(owner);
	(void)work(owner);
	return 0;
}

static int
on_changes(sd_event_source *source UNUSED, int descriptor UNUSED, uint32_t events UNUSED,
           void *owner)
{
	return on_news(NULL, -1, 0, owner);
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

	r = sd_event_add_io(i->event, &i->news_source, netlink_descriptor(i->news), EPOLLIN,
	                    on_news, i);
	if (r >= 0)
		r = sd_event_add_io(i->event, &i->changes_source, netlink_descriptor(i->changes),
		                    EPOLLIN, on_changes, i);
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

static int
read_all(struct interfaces *i, struct error *error)
{
	nsec_t end = clock_now() + START_PATIENCE;
	int r = start_dump(i);

	while (r >= 0 && i->dump != DUMP_NONE) {
		nsec_t left = end - clock_now();

		r = left > 0 ? netlink_wait(i->news, left) : 0;
		if (r == 0)
			r = -ETIMEDOUT;
		if (r > 0)
			(void)read_news(i, NEWS_A_TURN);
	}
	return r >= 0 ? 0 : error_set(error, r, "cannot read links and addresses from the kernel: "
	                              "%s", strerror(-r));
}

int
interfaces_new(struct sd_event *event, const struct interfaces_calls *calls, void *owner,
               const void *originals, size_t originals_size, struct interfaces **ret,
               struct error *error)
{
	static const int groups[] = { RTNLGRP_LINK, RTNLGRP_IPV4_IFADDR, RTNLGRP_IPV6_IFADDR };
	static const struct nlqueue_calls queue_calls = { .on_answer = on_answer };
	struct interfaces *i = allocate(1, sizeof(*i));
	struct error complaint;
	int r;

	i->calls = *calls;
	i->owner = owner;
	i->event = sd_event_ref(event);
	i->world = ifworld_new();
	if (originals != NULL && iforiginals_read(originals, originals_size, &i->originals,
	                                          &complaint) < 0)
		log_error("%s; interfaces will stay as they are when they are removed from the "
		          "configuration", complaint.text);
	if (i->originals == NULL)
		i->originals = iforiginals_new();
	r = netlink_open(groups, ARRAY_SIZE(groups), &i->news, error);
	if (r >= 0)
		r = netlink_open(NULL, 0, &i->changes, error);
	if (r >= 0) {
		i->queue = nlqueue_new(i->changes, sizeof(struct record), &queue_calls, i);
		r = read_all(i, error);
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
	sd_event_source_disable_unref(i->changes_source);
	sd_event_source_disable_unref(i->work_source);
	sd_event_source_disable_unref(i->retry_source);
	sd_event_unref(i->event);
	nlqueue_free(i->queue);
	netlink_close(i->news);
	netlink_close(i->changes);
	ifworld_free(i->world);
	iforiginals_free(i->originals);
	ifplan_free(i->plan);
	refusals_done(&i->refusals);
	ifsteps_done(&i->steps);
	free(i->units);
	free(i->held);
	free(i->restored);
	free(i->problems);
	free(i->silences);
	free(i->reads);
	free(i);
}

/* Steps for the old settings: those that were sent are answered (the kernel carried them out while
 * they were handed over), those that were not are forgotten. */
static void
leave_settings(struct interfaces *i)
{
	nlqueue_clear(i->queue);
	while (nlqueue_waiting(i->queue) > 0)
		nlqueue_send_urgent(i->queue, WEIGHT_URGENT);
	(void)nlqueue_collect(i->queue, UINT32_MAX);
	i->epoch++;
	ifplan_free(i->plan);
	free(i->units);
	free(i->held);
	free(i->restored);
	refusals_clear(&i->refusals);
	plan_retry(i);
	i->dirty_count = i->changed_count = i->restored_count = 0;
}

int
interfaces_adopt(struct interfaces *i, const struct settings *settings, const bool *held,
                 nsec_t lease, struct error *error)
{
	int r;

	leave_settings(i);
	i->settings = settings;
	i->plan = ifplan_new(settings);
	i->lease = lease_seconds(lease);
	i->unit_count = settings->link_count + 1;
	i->units = allocate(i->unit_count, sizeof(*i->units));
	i->held = allocate(settings->group_count, sizeof(*i->held));
	i->restored = allocate(settings->group_count, sizeof(*i->restored));
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
	r = start_dump(i);
	if (r < 0)
		return error_set(error, r, "cannot read links and addresses from the kernel: %s",
		                 strerror(-r));
	i->settling = true;
	make_all_dirty(i);
	for (uint32_t l = 0; l < settings->link_count; l++)
		tell_link(i, l, true);
	return 0;
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
	queue_steps(i, true);
	make_dirty(i, (uint32_t)settings_groups(i->settings)[group].link);
}

void
interfaces_renew(struct interfaces *i, uint32_t group, nsec_t lease)
{
	struct ifplan_view view;
	const struct unit *unit;

	assert(i->settings != NULL && group < i->settings->group_count);
	unit = &i->units[settings_groups(i->settings)[group].link];
	i->lease = lease_seconds(lease);
	view = view_of(i);
	ifgroup_renew(i->plan, &view, group, &i->steps);
	/* What was sent a moment ago is not in the picture yet, and needs no bringing back. */
	for (size_t n = 0; unit->busy > 0 && n < i->steps.count; n++)
		i->steps.list[n].group = -1;
	queue_steps(i, true);
}

void
interfaces_drop(struct interfaces *i, uint32_t group)
{
	struct ifplan_view view;

	assert(i->settings != NULL && group < i->settings->group_count);
	i->held[group] = false;
	view = view_of(i);
	ifgroup_drop(i->plan, &view, group, &i->steps);
	queue_steps(i, true);
	make_dirty(i, (uint32_t)settings_groups(i->settings)[group].link);
}

void
interfaces_flush(struct interfaces *i)
{
	nlqueue_send_urgent(i->queue, WEIGHT_URGENT);
	ask_for_work(i);
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
	nlqueue_clear(i->queue);
	while (nlqueue_waiting(i->queue) > 0)
		nlqueue_send_urgent(i->queue, WEIGHT_URGENT);
	(void)nlqueue_collect(i->queue, UINT32_MAX);
	while (!read_news(i, NEWS_A_TURN) && clock_now() < end)
		;
	memset(i->held, 0, i->settings->group_count * sizeof(*i->held));
	view = view_of(i);
	ifplan_stop(&view, &i->steps);
	queue_steps(i, false);
	while (nlqueue_waiting(i->queue) > 0 && clock_now() < end)
		nlqueue_send(i->queue, WEIGHT_A_TURN);
	while (nlqueue_pending(i->queue) > 0 && !nlqueue_collect(i->queue, ANSWERS_A_TURN))
		;
	while (nlqueue_pending(i->queue) > 0 && clock_now() < end) {
		if (netlink_wait(i->changes, end - clock_now()) > 0)
			(void)nlqueue_collect(i->queue, ANSWERS_A_TURN);
	}
}
