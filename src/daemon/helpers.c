/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What the helpers are told, and what they tell.  Per group two words may be due: its state, to
 * the runner, and whether it owns its addresses, to the filter; per check one, to a helper that is
 * new: what its predecessor had found out, or one try would decide over a group; per check of a
 * real server another one to the balancer, which is told what was heard; and one to flowsync:
 * whether the sync group that it follows holds its addresses here.  Due words are sent from one
 * place (tell_due) that is called after every change, and a little later again while a socket is
 * full.
 */
#include "daemon/helpers.h"

#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <systemd/sd-event.h>
#include <unistd.h>

#include "base/log.h"
#include "core/errand.h"
#include "core/names.h"
#include "daemon/channel.h"
#include "system/clock.h"

#define RETRY (50 * NSEC_PER_MSEC)
#define TOLD_NAME_SIZE (NAME_SIZE + 16)
#define MESSAGES_A_TURN 64u		/* bounded work of the engine's loop */
#define PRIORITY 20
#define FLOWSYNC_PRIORITY (-10)		/* addresses wait for its word */

static const char *const helper_names[] = {
	[HELPER_RUNNER] = "runner",
	[HELPER_PROBER] = "prober",
	[HELPER_FILTER] = "filter",
	[HELPER_FLOWSYNC] = "flowsync",
	[HELPER_BALANCER] = "balancer",
};
_Static_assert(ARRAY_SIZE(helper_names) == HELPERS, "every helper has a name");

/* What was told about a group, and what is due. */
struct told {
	char name[TOLD_NAME_SIZE];
	int32_t was;			/* while adopting: its number until now, or -1 */
	uint64_t sequence;
	uint8_t state;
	uint8_t reason;
	uint8_t script;			/* the runner ran this one last, ERRAND_NONE = not known */
	bool owner;
	bool holds;			/* its addresses, after the effects so far */
	bool has_scripts;
	bool can_refuse;		/* ownership decides what the packet filter does */
	bool state_due;
	bool owner_due;
};

/* What was heard about a check. */
struct verdict {
	char name[OBJECT_NAME_SIZE];
	int32_t was;			/* as above */
	bool known;
	bool up;
	bool due;			/* its helper is new */
	bool balanced;			/* it is of a real server ... */
	bool balance_due;		/* ... and the balancer does not know of it */
};

/* What is numbered by the settings. */
struct lists {
	int settings;			/* descriptor of the sealed memory file, or -1 */
	struct told *told;		/* per group */
	uint32_t count;
	struct verdict *verdicts;	/* per check */
	uint32_t verdict_count;
	struct names told_names;
	struct names verdict_names;
};

struct line {
	struct helpers *helpers;
	enum helper helper;
	int socket;
	sd_event_source *source;
	bool settings_due;
	char problems[512];
};

struct helpers {
	const struct helpers_calls *calls;
	void *owner;
	sd_event_source *retry;
	struct line lines[HELPERS];
	const struct engine *engine;
	uint64_t sequence;
	uint8_t role_reason;		/* why the role changed last */
	bool active;			/* what flowsync is told, as number ... */
	uint64_t role;
	bool role_due;
	bool was_active;		/* ... and what it was told last */
	uint64_t pause;			/* number of a pause to be told of before; 0 = none */
	struct lists now;
	struct lists next;		/* prepared */
	bool due;			/* something is */
};

/* ---- telling -------------------------------------------------------------------------------- */

static const struct group_settings *
group_of(const struct helpers *h, uint32_t number)
{
	return &settings_groups(engine_settings(h->engine))[number];
}

static bool
send_settings(struct helpers *h, struct line *line)
{
	struct channel_message message = {
		.version = CHANNEL_VERSION,
		.kind = CHANNEL_ADOPT,
		.revision = engine_settings(h->engine)->revision,
	};

	if (line->settings_due && channel_send(line->socket, &message, h->now.settings) == 0)
		line->settings_due = false;
	return !line->settings_due;
}

/* A message that names the group; the rest is for the caller. */
static struct channel_message
about(const struct helpers *h, uint32_t number, enum channel_kind kind)
{
	const struct settings *settings = engine_settings(h->engine);
	const struct group_settings *group = group_of(h, number);
	struct channel_message message = {
		.version = CHANNEL_VERSION,
		.kind = kind,
		.revision = settings->revision,
		.vrid = group->vrid,
		.family = group->family,
	};

	memcpy(message.interface, settings_link_of(settings, group)->name,
	       sizeof(message.interface));
	return message;
}

static bool
send_state(struct helpers *h, uint32_t number)
{
	struct told *told = &h->now.told[number];
	struct channel_message message = about(h, number, CHANNEL_STATE);

	message.sequence = told->sequence;
	message.state = told->state;
	message.reason = told->reason;
	message.script = told->script;
	if (channel_send(h->lines[HELPER_RUNNER].socket, &message, -1) == 0)
		told->state_due = false;
	return !told->state_due;
}

static bool
send_owner(struct helpers *h, uint32_t number)
{
	struct told *told = &h->now.told[number];
	struct channel_message message = about(h, number, CHANNEL_OWNER);

	message.up = told->owner;
	if (channel_send(h->lines[HELPER_FILTER].socket, &message, -1) == 0)
		told->owner_due = false;
	return !told->owner_due;
}

static bool
send_one_role(struct helpers *h, uint64_t number, bool active)
{
	struct channel_message message = {
		.version = CHANNEL_VERSION,
		.kind = CHANNEL_ROLE,
		.revision = engine_settings(h->engine)->revision,
		.sequence = number,
		.up = active,
		.reason = h->role_reason,
	};

	if (channel_send(h->lines[HELPER_FLOWSYNC].socket, &message, -1) != 0)
		return false;
	h->was_active = active;
	return true;
}

static bool
send_role(struct helpers *h)
{
	if (!h->role_due)
		return true;
	if (h->pause != 0 && !send_one_role(h, h->pause, false))
		return false;
	h->pause = 0;
	h->role_due = !send_one_role(h, h->role, h->active);
	return !h->role_due;
}

/* Who looks after a check? */
static enum helper
helper_of(const struct helpers *h, uint32_t check)
{
	switch (settings_checks(engine_settings(h->engine))[check].kind) {
	case CHECK_SCRIPT:
		return HELPER_RUNNER;
	case CHECK_CONNSYNC:
		return HELPER_FLOWSYNC;
	default:
		return HELPER_PROBER;
	}
}

/* Tell a helper what was heard of a check; false when its socket is full. */
static bool
send_verdict(struct helpers *h, enum helper helper, uint32_t check)
{
	const struct verdict *verdict = &h->now.verdicts[check];
	struct channel_message message = {
		.version = CHANNEL_VERSION,
		.kind = CHANNEL_TRACK,
		.revision = engine_settings(h->engine)->serial,
		.index = check,
		.up = verdict->up,
	};

	memcpy(message.text, verdict->name, sizeof(verdict->name));
	return channel_send(h->lines[helper].socket, &message, -1) == 0;
}

/* The verdict of a check to whom it is due. */
static void
tell_verdict(struct helpers *h, uint32_t check, bool open[HELPERS])
{
	struct verdict *verdict = &h->now.verdicts[check];
	enum helper its = helper_of(h, check);

	if (verdict->due && open[its])
		open[its] = send_verdict(h, its, check);
	verdict->due = verdict->due && !open[its];
	if (verdict->balance_due && open[HELPER_BALANCER])
		open[HELPER_BALANCER] = send_verdict(h, HELPER_BALANCER, check);
	verdict->balance_due = verdict->balance_due && !open[HELPER_BALANCER];
}

/* Send all that is due and is taken; the rest is tried again in a moment. */
static void
tell_due(struct helpers *h)
{
	bool open[HELPERS];

	if (!h->due || h->now.settings < 0)
		return;
	/* A full socket is left alone until the next try; order in each is kept. */
	for (enum helper i = 0; i < HELPERS; i++)
		open[i] = send_settings(h, &h->lines[i]);
	if (open[HELPER_FLOWSYNC])
		open[HELPER_FLOWSYNC] = send_role(h);
	for (uint32_t i = 0; i < h->now.verdict_count; i++)
		tell_verdict(h, i, open);
	for (uint32_t i = 0;
	     i < h->now.count && (open[HELPER_RUNNER] || open[HELPER_FILTER]); i++) {
		if (open[HELPER_RUNNER] && h->now.told[i].state_due)
			open[HELPER_RUNNER] = send_state(h, i);
		if (open[HELPER_FILTER] && h->now.told[i].owner_due)
			open[HELPER_FILTER] = send_owner(h, i);
	}
	h->due = false;
	for (enum helper i = 0; i < HELPERS; i++)
		h->due = h->due || !open[i];
	if (h->due) {
		sd_event_source_set_time_relative(h->retry, (uint64_t)(RETRY / NSEC_PER_USEC));
		sd_event_source_set_enabled(h->retry, SD_EVENT_ONESHOT);
	}
}

static int
on_retry(sd_event_source *source UNUSED, uint64_t usec UNUSED, void *owner)
{
	tell_due(owner);
	return 0;
}

static bool
is_followed(const struct settings *settings, uint32_t group)
{
	const struct connsync_settings *connsync = settings_connsync(settings);

	return connsync && settings_groups(settings)[group].sync == connsync->sync;
}

/* A number of its own for every change, so that an answer is to the last one.  Who left the role
 * and has it again before it was told hears of both: somebody else may have had it in between. */
static void
note_role(struct helpers *h, bool active)
{
	if (h->active == active)
		return;
	if (active && h->was_active)
		h->pause = h->role;
	h->active = active;
	h->role = ++h->sequence;
	h->role_due = true;
}

/* Packets come to this router as long as they come to one of its groups: those that linger may end
 * one after the other. */
static bool
any_forwards(const struct helpers *h)
{
	const struct settings *settings = engine_settings(h->engine);

	for (uint32_t i = 0; i < h->now.count; i++)
		if (is_followed(settings, i) && h->now.told[i].holds)
			return true;
	return false;
}

/* Note what became of the group; true when there is something to tell. */
static bool
note_group(struct helpers *h, uint32_t number)
{
	const struct vrouter_status *status = engine_status(h->engine, number);
	struct told *told = &h->now.told[number];

	if (told->has_scripts && (told->state != status->state || told->reason != status->reason)) {
		told->state = status->state;
		told->reason = status->reason;
		told->sequence = ++h->sequence;
		told->state_due = true;
	}
	if (told->can_refuse && told->owner != status->owner) {
		told->owner = status->owner;
		told->owner_due = true;
	}
	return told->state_due || told->owner_due || h->role_due;
}

void
helpers_effect(struct helpers *h, const struct effect *effect)
{
	struct told *told;

	if (effect->group >= h->now.count)
		return;
	told = &h->now.told[effect->group];
	if (effect->kind == EFFECT_TAKE_ADDRESSES || effect->kind == EFFECT_RENEW_ADDRESSES)
		told->holds = true;
	else if (effect->kind == EFFECT_DROP_ADDRESSES)
		told->holds = false;
	/* Each effect for itself: one list may end the role and begin it anew. */
	if (is_followed(engine_settings(h->engine), effect->group) && told->holds != h->active) {
		h->role_reason = (uint8_t)engine_status(h->engine, effect->group)->reason;
		note_role(h, any_forwards(h));
	}
	helpers_look(h, effect->group);
}

void
helpers_look(struct helpers *h, uint32_t number)
{
	if (number < h->now.count && note_group(h, number))
		h->due = true;
}

void
helpers_tell(struct helpers *h)
{
	int waits = SD_EVENT_OFF;

	/* A socket that was full is tried again when its time comes, not with every effect. */
	if (sd_event_source_get_enabled(h->retry, &waits) < 0 || waits == SD_EVENT_OFF)
		tell_due(h);
}

void
helpers_flush(struct helpers *h, nsec_t patience)
{
	struct pollfd runner = { .fd = h->lines[HELPER_RUNNER].socket, .events = POLLOUT };
	nsec_t end = clock_now() + patience;

	for (tell_due(h); h->due; tell_due(h)) {
		nsec_t left = end - clock_now();

		if (left <= 0 || poll(&runner, 1, (int)(left / NSEC_PER_MSEC) + 1) != 1)
			return;
	}
}

/* ---- adopting ------------------------------------------------------------------------------- */

static bool
has_scripts(const struct group_settings *group)
{
	for (unsigned i = 0; i < GROUP_SCRIPTS; i++)
		if (group->scripts[i] >= 0)
			return true;
	return false;
}

static void
name_group(char name[TOLD_NAME_SIZE], const char *interface, uint32_t vrid, uint8_t family)
{
	snprintf(name, TOLD_NAME_SIZE, "%.*s %u %u", (int)NAME_SIZE - 1, interface, vrid & 0xff,
	         family);
}

/* One record per group, and which one it was. */
static struct told *
list_groups(const struct helpers *h, const struct settings *settings)
{
	struct told *list = calloc(settings->group_count + 1u, sizeof(*list));

	for (uint32_t i = 0; list && i < settings->group_count; i++) {
		const struct group_settings *group = &settings_groups(settings)[i];

		name_group(list[i].name, settings_link_of(settings, group)->name, group->vrid,
		           group->family);
		list[i].was = h->engine ? names_find(&h->now.told_names, list[i].name) : -1;
		list[i].has_scripts = has_scripts(group);
		list[i].can_refuse = group->version == 3 && !group->accept;
	}
	return list;
}

/* The number that a check had until now, or -1 where that was another thing of its name. */
static int32_t
find_check(const struct helpers *h, const struct check_settings *check)
{
	int32_t was = h->engine ? names_find(&h->now.verdict_names, check->name) : -1;

	return was >= 0 &&
	       settings_same_check(&settings_checks(engine_settings(h->engine))[was], check) ?
	       was : -1;
}

/* One record per check, and which one it was. */
static struct verdict *
list_checks(const struct helpers *h, const struct settings *settings)
{
	struct verdict *list = calloc(settings->check_count + 1u, sizeof(*list));

	for (uint32_t i = 0; list && i < settings->check_count; i++) {
		memcpy(list[i].name, settings_checks(settings)[i].name, sizeof(list[i].name));
		list[i].was = find_check(h, &settings_checks(settings)[i]);
	}
	for (uint32_t i = 0; list && i < settings->real_count; i++)
		list[settings_reals(settings)[i].check].balanced = true;
	return list;
}

static int
wrap(const struct settings *settings)
{
	struct settings *shared = settings_copy_without_secrets(settings);
	int fd = shared ? channel_wrap_settings(shared) : -ENOMEM;

	free(shared);
	return fd;
}

static void
free_lists(struct lists *lists)
{
	if (lists->settings >= 0)
		close(lists->settings);
	free(lists->told);
	free(lists->verdicts);
	names_done(&lists->told_names);
	names_done(&lists->verdict_names);
	*lists = (struct lists){ .settings = -1 };
}

int
helpers_prepare(struct helpers *h, const struct settings *settings, struct error *error)
{
	struct lists *next = &h->next;

	free_lists(next);
	next->settings = wrap(settings);
	if (next->settings < 0)
		return error_set(error, next->settings, "cannot hand the settings to the helpers: "
		                 "%s", strerror(-next->settings));
	next->told = list_groups(h, settings);
	next->count = settings->group_count;
	next->verdicts = list_checks(h, settings);
	next->verdict_count = settings->check_count;
	if (next->told && next->verdicts &&
	    names_init(&next->told_names, next->told, sizeof(*next->told), next->count) == 0 &&
	    names_init(&next->verdict_names, next->verdicts, sizeof(*next->verdicts),
	               next->verdict_count) == 0)
		return 0;
	free_lists(next);
	return error_set(error, -ENOMEM, "out of memory");
}

/* What was told and what ran last is carried over, the rest is due. */
static void
carry_group(struct helpers *h, struct told *told, const struct vrouter_status *status)
{
	const struct told *old = told->was >= 0 ? &h->now.told[told->was] : NULL;
	bool same = old && old->has_scripts && !old->state_due && old->state == status->state &&
	            old->reason == status->reason;

	told->sequence = same ? old->sequence : h->sequence;
	told->state = status->state;
	told->reason = status->reason;
	told->owner = status->owner;
	told->script = old ? old->script : ERRAND_NONE;
	told->state_due = told->has_scripts && !same;
	told->owner_due = told->can_refuse && (status->owner || (old && old->owner));
}

/* What was heard is carried over. */
static void
carry_check(const struct helpers *h, struct verdict *verdict)
{
	const struct verdict *old = verdict->was >= 0 ? &h->now.verdicts[verdict->was] : NULL;

	if (!old)
		return;
	verdict->known = old->known;
	verdict->up = old->up;
	verdict->due = old->due;
	verdict->balance_due = verdict->balanced && old->known &&
	                       (old->balance_due || !old->balanced);
}

void
helpers_adopt(struct helpers *h, const struct engine *engine)
{
	assert(h->next.told && h->next.count == engine_settings(engine)->group_count);
	h->sequence++;
	for (uint32_t i = 0; i < h->next.count; i++)
		carry_group(h, &h->next.told[i], engine_status(engine, i));
	for (uint32_t i = 0; i < h->next.count; i++)
		h->next.told[i].holds = engine_holds_addresses(engine, i);
	for (uint32_t i = 0; i < h->next.verdict_count; i++)
		carry_check(h, &h->next.verdicts[i]);
	free_lists(&h->now);
	h->now = h->next;
	h->next = (struct lists){ .settings = -1 };
	h->engine = engine;
	for (enum helper i = 0; i < HELPERS; i++)
		h->lines[i].settings_due = true;
	note_role(h, any_forwards(h));
	h->role_due = true;
	h->due = true;
}

/* ---- hearing -------------------------------------------------------------------------------- */

/* One helper's problems are these now; all of them are told together. */
static void
take_problems(struct helpers *h, struct line *line, const char *text)
{
	char all[HELPERS * sizeof(line->problems)];
	size_t length = 0;

	snprintf(line->problems, sizeof(line->problems), "%.*s",
	         (int)sizeof(line->problems) - 1, text);
	all[0] = '\0';
	for (enum helper i = 0; i < HELPERS; i++)
		if (h->lines[i].problems[0])
			length += (size_t)snprintf(all + length, sizeof(all) - length, "%s%s",
			                           length > 0 ? "\n" : "", h->lines[i].problems);
	h->calls->on_problems(h->owner, all);
}

/* A helper is new: it needs everything, and tells anew what is wrong. */
static void
on_hello(struct helpers *h, struct line *line)
{
	if (line->problems[0])
		take_problems(h, line, "");
	line->settings_due = true;
	for (uint32_t i = 0; i < h->now.count; i++) {
		struct told *told = &h->now.told[i];

		if (line->helper == HELPER_RUNNER)
			told->state_due = told->has_scripts;
		if (line->helper == HELPER_FILTER)
			told->owner_due = told->can_refuse && told->owner;
	}
	for (uint32_t i = 0; i < h->now.verdict_count; i++) {
		struct verdict *verdict = &h->now.verdicts[i];

		if (helper_of(h, i) == line->helper)
			verdict->due = verdict->known;
		if (line->helper == HELPER_BALANCER)
			verdict->balance_due = verdict->balanced && verdict->known;
	}
	if (line->helper == HELPER_FLOWSYNC) {
		h->role_due = true;
		h->was_active = false;
		h->pause = 0;
	}
	h->due = true;
	tell_due(h);
}

static void
on_ran(struct helpers *h, const struct channel_message *message)
{
	char name[TOLD_NAME_SIZE];
	int at;

	if (!h->engine || message->script > ERRAND_NONE)
		return;
	name_group(name, message->interface, message->vrid, message->family);
	at = names_find(&h->now.told_names, name);
	if (at >= 0)
		h->now.told[at].script = message->script;
}

/* A check is up or down: so is every object that is this check, and every real server. */
static void
on_track(struct helpers *h, const struct channel_message *message)
{
	const struct settings *settings = h->engine ? engine_settings(h->engine) : NULL;
	struct verdict *verdict;
	bool is_news;

	/* Told before our last adopt: it comes again for the new settings. */
	if (!settings || message->revision != settings->serial ||
	    message->index >= settings->check_count ||
	    strcmp(settings_checks(settings)[message->index].name, message->text) != 0)
		return;
	verdict = &h->now.verdicts[message->index];
	is_news = !verdict->known || verdict->up != (message->up == 1);
	verdict->known = true;
	verdict->up = message->up == 1;
	if (verdict->balanced && is_news) {
		verdict->balance_due = true;
		h->due = true;
		helpers_tell(h);
	}
	for (uint32_t i = 0; i < settings->object_count; i++) {
		const struct object_settings *object = &settings_objects(settings)[i];

		if (object->kind == OBJECT_CHECK && (uint32_t)object->check == message->index)
			h->calls->on_track(h->owner, i, message->up == 1);
	}
}

static void
on_message(struct helpers *h, struct line *line, const struct channel_message *message)
{
	switch ((enum channel_kind)message->kind) {
	case CHANNEL_HELLO:
		on_hello(h, line);
		return;
	case CHANNEL_RAN:
		if (line->helper == HELPER_RUNNER)
			on_ran(h, message);
		return;
	case CHANNEL_TRACK:
		if (line->helper != HELPER_FILTER && line->helper != HELPER_BALANCER)
			on_track(h, message);
		return;
	case CHANNEL_READY:
		if (line->helper == HELPER_FLOWSYNC && message->sequence == h->role && h->active)
			h->calls->on_ready(h->owner);
		return;
	case CHANNEL_PROBLEMS:
		take_problems(h, line, message->text);
		return;
	case CHANNEL_ADOPT:
	case CHANNEL_RESET_MASTER:
	case CHANNEL_GARP:
	case CHANNEL_ANSWER:
	case CHANNEL_WATCH:
	case CHANNEL_STATE:
	case CHANNEL_OWNER:
	case CHANNEL_ROLE:
	case CHANNEL_KINDS:
		break;			/* not for us */
	}
	log_debug("the %s sent a message that is not for the engine", helper_names[line->helper]);
}

static int
on_readable(sd_event_source *source UNUSED, int fd, uint32_t events UNUSED, void *owner)
{
	struct line *line = owner;
	struct channel_message message;

	for (unsigned i = 0; i < MESSAGES_A_TURN; i++) {
		int descriptor = -1;
		int r = channel_receive(fd, &message, &descriptor);

		if (r == 0)
			break;
		if (descriptor >= 0)
			close(descriptor);
		if (r == -EPIPE)
			return -EPIPE;	/* ends this source: the other end is gone for good */
		if (r < 0)
			log_warning("a message of the %s was dropped: %s",
			            helper_names[line->helper], strerror(-r));
		else
			on_message(line->helpers, line, &message);
	}
	return 0;
}

/* ---- life ----------------------------------------------------------------------------------- */

int
helpers_new(struct sd_event *event, const int sockets[HELPERS], const struct helpers_calls *calls,
            void *owner, struct helpers **ret_helpers, struct error *error)
{
	struct helpers *h = calloc(1, sizeof(*h));
	int r = 0;

	if (!h)
		return error_set(error, -ENOMEM, "out of memory");
	h->calls = calls;
	h->owner = owner;
	h->now.settings = h->next.settings = -1;
	/* Those of a successor must be later than ours, however many we need. */
	h->sequence = (uint64_t)(clock_now() / NSEC_PER_USEC);
	for (enum helper i = 0; r >= 0 && i < HELPERS; i++) {
		struct line *line = &h->lines[i];

		line->helpers = h;
		line->helper = i;
		line->socket = sockets[i];
		r = sd_event_add_io(event, &line->source, sockets[i], EPOLLIN, on_readable, line);
		if (r >= 0)
			r = sd_event_source_set_priority(line->source, i == HELPER_FLOWSYNC ?
			                                 FLOWSYNC_PRIORITY : PRIORITY);
	}
	if (r >= 0)
		r = sd_event_add_time_relative(event, &h->retry, CLOCK_BOOTTIME, 0, 0, on_retry, h);
	if (r >= 0)
		r = sd_event_source_set_enabled(h->retry, SD_EVENT_OFF);
	if (r < 0) {
		helpers_free(h);
		return error_set(error, r, "cannot listen to the helpers: %s", strerror(-r));
	}
	*ret_helpers = h;
	return 0;
}

void
helpers_free(struct helpers *h)
{
	if (!h)
		return;
	for (enum helper i = 0; i < HELPERS; i++)
		sd_event_source_unref(h->lines[i].source);
	sd_event_source_unref(h->retry);
	free_lists(&h->now);
	free_lists(&h->next);
	free(h);
}
