/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The engine's role: one loop that takes packets, kernel notifications, requests of the manager
 * and the time to the pure engine, and carries out what it wants.  Decides nothing about VRRP
 * (core/engine), nothing about links (daemon/interfaces), and waits for nothing but its loop.
 *
 * A turn, in this order: advertisements that are due go out; everything that has arrived is judged
 * with its arrival time; only then may silence become a takeover, and only for deadlines before
 * the turn began.  Then what changed is published in the memory that outlives this process.
 *
 * What the interfaces tell is noted and taken to the engine between turns (deliver), never from
 * inside a call into the interfaces.
 */
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/timerfd.h>
#include <systemd/sd-event.h>
#include <unistd.h>

#include "base/log.h"
#include "core/engine.h"
#include "daemon/channel.h"
#include "daemon/interfaces.h"
#include "daemon/listeners.h"
#include "daemon/report.h"
#include "daemon/roles.h"
#include "system/clock.h"
#include "system/packet.h"
#include "system/privilege.h"

#define FRAMES_A_TURN 4096u		/* bounded work: the rest waits for the next turn */
#define FRAMES_A_SEND 64u
#define STOP_PATIENCE (500 * NSEC_PER_MSEC)

/* What is known of a link with groups, until it is taken to the engine. */
struct heard_link {
	struct link_input input;
	int ifindex;
	bool known;			/* the engine was told of this link before */
	bool deaf;			/* no socket could be opened on it */
	bool changed;
};

struct node {
	const struct role_options *options;
	struct memory *memory;
	int channel;
	sd_event *event;
	struct engine *engine;
	struct interfaces *interfaces;
	struct listeners *listeners;
	int sender;			/* packet socket for all that we send */
	int timer;			/* timerfd, absolute, of clock_now() */
	nsec_t armed;			/* for when, or NSEC_NEVER */
	nsec_t last_tick;
	sd_event_source *deliver;
	struct settings *settings;	/* adopted; what interfaces borrow */
	struct effects effects;
	struct effects aftermath;	/* of having sent; alarms only */
	struct outgoing *frames;	/* collected to be sent together */
	struct effect *frame_effects;	/* the effect each of them comes from */
	size_t frame_count;
	size_t frame_capacity;
	uint64_t *published;		/* per group: status version in the memory */
	struct heard_link *heard;	/* per link */
	bool *restored;			/* per group: addresses came back, announce */
	uint32_t request;		/* of the adopt not yet answered, 0 = none */
	uint64_t request_revision;
	bool deaf;			/* some link is: deliver again at the next tick */
	bool renumbering;		/* the records in the memory have the old numbers */
	bool settling;			/* interfaces have not answered the last adopt in full */
	bool flush;			/* interfaces hold requests not yet sent */
	char problems[sizeof(((struct channel_message *)NULL)->text)];	/* of the last adopt */
};

/* ---- carrying out effects ------------------------------------------------------------------- */

/* Send the advertisements collected and tell the engine what became of each. */
static void
send_collected(struct node *node)
{
	nsec_t now;

	if (node->frame_count == 0)
		return;
	packet_send(node->sender, node->frames, node->frame_count);
	now = clock_now();
	for (size_t i = 0; i < node->frame_count; i++) {
		engine_on_sent(node->engine, node->frame_effects[i].group,
		               node->frame_effects[i].resign, node->frames[i].error, now,
		               &node->aftermath);
		for (size_t k = 0; k < node->aftermath.count; k++)
			report_effect(node->engine, &node->aftermath.list[k]);
		node->aftermath.count = 0;
	}
	node->frame_count = 0;
}

static void
collect_advert(struct node *node, const struct effect *effect)
{
	const struct group_settings *group = &settings_groups(node->settings)[effect->group];
	struct frame frame = engine_advert(node->engine, effect->group, effect->resign);
	int ifindex = interfaces_index(node->interfaces, (uint32_t)group->link);

	if (frame.length == 0 || ifindex == 0)
		return;
	if (node->frame_count == node->frame_capacity)
		send_collected(node);
	node->frame_effects[node->frame_count] = *effect;
	node->frames[node->frame_count++] = (struct outgoing){
		.ifindex = ifindex,
		.bytes = frame.bytes,
		.length = frame.length,
	};
}

/* Send one announcement for each virtual address of the group. */
static void
announce_group(struct node *node, uint32_t number)
{
	const struct group_settings *group = &settings_groups(node->settings)[number];
	uint8_t bytes[GROUP_ADDRESSES_MAX][ANNOUNCE_FRAME_MAX];
	struct outgoing frames[GROUP_ADDRESSES_MAX];
	int ifindex = interfaces_index(node->interfaces, (uint32_t)group->link);
	size_t count = 0;

	for (uint32_t i = 0; ifindex != 0 && i < group->address_count; i++) {
		size_t length = engine_announcement(node->engine, number, i, bytes[count]);

		if (length > 0) {
			frames[count] = (struct outgoing){ ifindex, bytes[count], length, 0 };
			count++;
		}
	}
	packet_send(node->sender, frames, count);
}

static void
flush_interfaces(struct node *node)
{
	if (node->flush)
		interfaces_flush(node->interfaces);
	node->flush = false;
}

/* Write the group's record where "show" and a successor find it. */
static void
publish_group(struct node *node, uint32_t group)
{
	uint64_t version = engine_status_version(node->engine, group);

	if (!node->renumbering && version != node->published[group] &&
	    memory_put_status(node->memory, group, engine_status(node->engine, group)) == 0)
		node->published[group] = version;
}

static void
carry_out_one(struct node *node, const struct effect *effect)
{
	switch (effect->kind) {
	case EFFECT_SEND_ADVERT:
		flush_interfaces(node);
		collect_advert(node, effect);
		return;
	case EFFECT_TAKE_ADDRESSES:
		send_collected(node);
		interfaces_take(node->interfaces, effect->group, effect->lease);
		node->flush = true;
		return;
	case EFFECT_RENEW_ADDRESSES:
		interfaces_renew(node->interfaces, effect->group, effect->lease);
		node->flush = true;
		return;
	case EFFECT_DROP_ADDRESSES:
		send_collected(node);
		interfaces_drop(node->interfaces, effect->group);
		node->flush = true;
		return;
	case EFFECT_ANNOUNCE:
		/* An announcement must not leave before the address is there (RFC 9568 8.1.2). */
		send_collected(node);
		flush_interfaces(node);
		announce_group(node, effect->group);
		return;
	case EFFECT_TRANSITION:
	case EFFECT_ALARM:
		return;			/* said when all is done */
	case EFFECT_KINDS:
		break;
	}
	assert(!"known effect");
}

/* Carry out and empty the list of effects: first what the network sees, then log and memory. */
static void
carry_out(struct node *node)
{
	struct effects *effects = &node->effects;

	if (effects->count == 0)
		return;
	for (size_t i = 0; i < effects->count; i++)
		carry_out_one(node, &effects->list[i]);
	send_collected(node);
	flush_interfaces(node);
	for (size_t i = 0; i < effects->count; i++) {
		publish_group(node, effects->list[i].group);
		report_effect(node->engine, &effects->list[i]);
	}
	effects->count = 0;
}

/* ---- turns ---------------------------------------------------------------------------------- */

static void
publish_all(struct node *node)
{
	for (uint32_t i = 0; node->settings && i < node->settings->group_count; i++)
		publish_group(node, i);
}

static void
arm_timer(struct node *node)
{
	nsec_t next = nsec_min(engine_deadline(node->engine), node->last_tick + ENGINE_TICK);
	struct itimerspec when = {
		.it_value.tv_sec = next / NSEC_PER_SEC,
		.it_value.tv_nsec = next % NSEC_PER_SEC,
	};

	if (next <= 0)
		when.it_value.tv_nsec = 1;	/* zero would disarm it */
	if (next == node->armed)
		return;
	timerfd_settime(node->timer, TFD_TIMER_ABSTIME, &when, NULL);
	node->armed = next;
}

static void
turn(struct node *node)
{
	nsec_t start = clock_now();

	engine_on_time(node->engine, start, 0, &node->effects);
	carry_out(node);

	bool all_heard = listeners_sweep(node->listeners, FRAMES_A_TURN);

	engine_on_time(node->engine, clock_now(), all_heard ? start : 0, &node->effects);
	carry_out(node);

	if (start - node->last_tick >= ENGINE_TICK) {
		node->last_tick = start;
		publish_all(node);
		if (node->deaf)
			sd_event_source_set_enabled(node->deliver, SD_EVENT_ONESHOT);
		node->deaf = false;
	}
	memory_beat(node->memory, start);
	arm_timer(node);
}

static void
on_frame(void *owner, uint32_t link, const uint8_t *bytes, size_t length, nsec_t arrival)
{
	struct node *node = owner;

	engine_on_frame(node->engine, link, reader_over(bytes, length), arrival, clock_now(),
	                &node->effects);
	carry_out(node);
}

static int
on_packets(sd_event_source *source UNUSED, int fd UNUSED, uint32_t events UNUSED, void *owner)
{
	turn(owner);
	return 0;
}

static int
on_timer(sd_event_source *source UNUSED, int fd, uint32_t events UNUSED, void *owner)
{
	struct node *node = owner;
	uint64_t expirations;

	if (read(fd, &expirations, sizeof(expirations)) == sizeof(expirations))
		node->armed = NSEC_NEVER;
	turn(node);
	return 0;
}

/* ---- what the interfaces tell --------------------------------------------------------------- */

static void
on_link(void *owner, uint32_t link, int ifindex, const struct link_input *input)
{
	struct node *node = owner;

	node->heard[link].input = *input;
	node->heard[link].ifindex = ifindex;
	node->heard[link].changed = true;
	sd_event_source_set_enabled(node->deliver, SD_EVENT_ONESHOT);
}

static void
on_restored(void *owner, uint32_t group)
{
	struct node *node = owner;

	node->restored[group] = true;
	sd_event_source_set_enabled(node->deliver, SD_EVENT_ONESHOT);
}

static void
on_originals(void *owner, const void *bytes, size_t size)
{
	struct node *node = owner;

	if (memory_put_originals(node->memory, bytes, size) < 0)
		log_error("no room to note what interfaces were like before: removing their "
		          "configuration will not restore them");
}

/*
 * Is this link still being made?  A group on a new link waits in INIT for its address to be
 * configured, rather than go through FAULT.
 */
static bool
is_unfinished(const struct node *node, const struct heard_link *heard)
{
	return node->settling && !heard->known &&
	       (!heard->input.usable || heard->input.source4.family == 0);
}

/* Take one link to the engine.  A deaf one is unusable; the next tick tries again. */
static void
take_link(struct node *node, uint32_t link)
{
	struct heard_link *heard = &node->heard[link];
	struct link_input input = heard->input;
	struct error error;

	if (listeners_watch(node->listeners, link, heard->ifindex, &error) < 0) {
		if (!heard->deaf)
			log_error("%s", error.text);
		input.usable = false;
		heard->deaf = heard->changed = node->deaf = true;
	} else {
		heard->deaf = false;
	}
	engine_on_link(node->engine, link, &input, clock_now(), &node->effects);
	carry_out(node);
}

/* Take what the interfaces told to the engine. */
static void
deliver(struct node *node)
{
	for (uint32_t i = 0; node->settings && i < node->settings->link_count; i++) {
		struct heard_link *heard = &node->heard[i];

		if (!heard->changed || is_unfinished(node, heard))
			continue;
		heard->changed = false;
		heard->known = true;
		take_link(node, i);
	}
	for (uint32_t i = 0; node->settings && i < node->settings->group_count; i++) {
		if (!node->restored[i])
			continue;
		node->restored[i] = false;
		(void)engine_announce(node->engine, i, clock_now(), &node->effects);
		carry_out(node);
	}
	arm_timer(node);
}

static int
on_deliver(sd_event_source *source UNUSED, void *owner)
{
	deliver(owner);
	return 0;
}

/* ---- requests of the manager ---------------------------------------------------------------- */

static void
answer(struct node *node, uint32_t request, enum channel_outcome outcome, uint64_t revision,
       const char *text)
{
	struct channel_message message = {
		.version = CHANNEL_VERSION,
		.kind = CHANNEL_ANSWER,
		.request = request,
		.outcome = outcome,
		.revision = revision,
	};
	int r;

	snprintf(message.text, sizeof(message.text), "%s", text);
	r = channel_send(node->channel, &message, -1);
	if (r < 0)
		log_warning("cannot answer the manager: %s", strerror(-r));
}

/* The last adopt is done: say so, with what the kernel refused. */
static void
answer_adopt(struct node *node)
{
	if (node->request == 0)
		return;
	answer(node, node->request, node->problems[0] ? CHANNEL_INCOMPLETE : CHANNEL_DONE,
	       node->request_revision, node->problems);
	node->request = 0;
}

static void
on_settled(void *owner, const char *problems)
{
	struct node *node = owner;

	for (const char *line = problems; *line;) {
		size_t length = strcspn(line, "\n");

		log_warning("%.*s", (int)length, line);
		line += length + (line[length] == '\n');
	}
	bool changed = strncmp(node->problems, problems, sizeof(node->problems) - 1) != 0;

	snprintf(node->problems, sizeof(node->problems), "%s", problems);
	node->settling = false;
	sd_event_source_set_enabled(node->deliver, SD_EVENT_ONESHOT);
	if (node->request != 0)
		answer_adopt(node);
	else if (changed)		/* nobody asked, but "show system" lists them */
		answer(node, 0, *problems ? CHANNEL_INCOMPLETE : CHANNEL_DONE,
		       node->settings->revision, node->problems);
}

/* How long addresses may outlive us, for those that a change finds held: the engine says it
 * exactly with the next renewal. */
static nsec_t
longest_lease(const struct settings *settings)
{
	nsec_t longest = NSEC_PER_SEC;

	for (uint32_t i = 0; i < settings->group_count; i++)
		longest = nsec_max(longest, 3 * settings_groups(settings)[i].interval);
	return longest + NSEC_PER_SEC;
}

/* Groups have new numbers: whoever reads the records sees all of them change at once. */
static void
publish_renumbered(struct node *node)
{
	uint32_t count = node->settings->group_count;

	for (uint32_t i = 0; i < count; i++)
		if (memory_stage_status(node->memory, i, engine_status(node->engine, i)) == 0)
			node->published[i] = engine_status_version(node->engine, i);
	memory_switch_status(node->memory, count);
	node->renumbering = false;
}

/* For each link of the new settings, its number in the old ones (by name), or -1. */
static int32_t *
map_links(const struct settings *old, const struct settings *new)
{
	int32_t *from = malloc(sizeof(*from) * (new->link_count + 1));

	for (uint32_t i = 0; from && i < new->link_count; i++)
		from[i] = old ? settings_find_link(old, settings_links(new)[i].name) : -1;
	return from;
}

/* Everything that is sized by the settings, made before anything is changed. */
struct room {
	struct effect *effects;
	struct effect *aftermath;
	struct outgoing *frames;
	struct effect *frame_effects;
	uint64_t *published;
	struct heard_link *heard;
	bool *restored;
	bool *held;
	int32_t *links;
	size_t effect_count;
};

static void
free_room(struct room *room)
{
	free(room->effects);
	free(room->aftermath);
	free(room->frames);
	free(room->frame_effects);
	free(room->published);
	free(room->heard);
	free(room->restored);
	free(room->held);
	free(room->links);
}

static int
make_room(struct node *node, const struct settings *settings, struct room *room)
{
	size_t groups = settings->group_count + 1, links = settings->link_count + 1;

	room->effect_count = engine_adopt_needed(node->engine, settings) + 64;
	room->effects = calloc(room->effect_count, sizeof(*room->effects));
	room->aftermath = calloc(room->effect_count, sizeof(*room->aftermath));
	room->frames = calloc(FRAMES_A_SEND, sizeof(*room->frames));
	room->frame_effects = calloc(FRAMES_A_SEND, sizeof(*room->frame_effects));
	room->published = calloc(groups, sizeof(*room->published));
	room->heard = calloc(links, sizeof(*room->heard));
	room->restored = calloc(groups, sizeof(*room->restored));
	room->held = calloc(groups, sizeof(*room->held));
	room->links = map_links(node->settings, settings);
	if (room->effects && room->aftermath && room->frames && room->frame_effects &&
	    room->published && room->heard && room->restored && room->held && room->links)
		return 0;
	free_room(room);
	return -ENOMEM;
}

#define SWAP(a, b) do { void *swap_ = (a); (a) = (b); (b) = swap_; } while (0)

/* Put the new room in place of the old one, which stays in *room to be freed. */
static void
move_in(struct node *node, struct room *room)
{
	SWAP(node->effects.list, room->effects);
	SWAP(node->aftermath.list, room->aftermath);
	SWAP(node->frames, room->frames);
	SWAP(node->frame_effects, room->frame_effects);
	node->effects.capacity = node->aftermath.capacity = room->effect_count;
	node->frame_capacity = FRAMES_A_SEND;
	node->frame_count = 0;
}

/*
 * Adopt settings (taken).  resume: the records in the memory are a predecessor's, go on from them.
 * Groups that disappear leave while the old numbering is still valid everywhere; then engine,
 * sockets and interfaces change over one after the other, and only then effects are carried out.
 */
static int
adopt(struct node *node, struct settings *settings, bool resume, struct error *error)
{
	struct room room = { 0 };
	int r = make_room(node, settings, &room);

	if (r < 0) {
		free(settings);
		return error_set(error, r, "out of memory");
	}
	move_in(node, &room);
	if (node->settings) {
		engine_retire(node->engine, settings, clock_now(), &node->effects);
		carry_out(node);
	}

	/* From here on numbers are those of the new settings. */
	struct settings *old = node->settings;

	node->renumbering = true;
	SWAP(node->published, room.published);
	SWAP(node->restored, room.restored);
	SWAP(node->heard, room.heard);
	for (uint32_t i = 0; old && i < settings->link_count; i++)
		node->heard[i].known = room.links[i] >= 0 && room.heard[room.links[i]].known;
	node->settling = true;
	r = engine_adopt(node->engine, settings, clock_now(), &node->effects);
	if (r == 0)
		r = listeners_renumber(node->listeners, room.links, settings->link_count);
	if (r < 0) {
		/* Out of memory half way through is ours: start again from what is stored. */
		log_error("cannot adopt revision %llu: %s", (unsigned long long)settings->revision,
		          strerror(-r));
		abort();
	}
	node->settings = settings;
	if (memory_put_settings(node->memory, settings) < 0)
		log_error("the settings do not fit the memory that outlives the engine");
	if (resume) {
		uint32_t count = memory_status_count(node->memory);
		struct vrouter_status *records = calloc(count + 1, sizeof(*records));

		for (uint32_t i = 0; records && i < count; i++)
			(void)memory_get_status(node->memory, i, &records[i]);
		if (records)
			engine_resume(node->engine, records, count, clock_now(), &node->effects);
		free(records);
	}
	for (uint32_t i = 0; i < settings->group_count; i++)
		room.held[i] = engine_holds_addresses(node->engine, i);
	r = interfaces_adopt(node->interfaces, settings, room.held, longest_lease(settings), error);
	carry_out(node);
	deliver(node);
	publish_renumbered(node);
	free(old);
	free_room(&room);
	return r;
}

/* How long the supervisor waits for a sign of life: well inside the down interval of the others. */
static void
set_patience(struct node *node)
{
	nsec_t shortest = NSEC_PER_SEC;

	for (uint32_t i = 0; i < node->settings->group_count; i++)
		shortest = nsec_min(shortest, settings_groups(node->settings)[i].interval);
	memory_set_patience(node->memory, nsec_max(3 * shortest / 5, 2 * ENGINE_TICK));
}

static bool
is_adopted(const struct node *node, const struct settings *settings)
{
	return node->settings && node->settings->size == settings->size &&
	       memcmp(node->settings, settings, settings->size) == 0;
}

static void
request_adopt(struct node *node, const struct channel_message *message, int descriptor)
{
	struct error error = { 0 };
	struct settings *settings = descriptor < 0 ? NULL :
	                            channel_unwrap_settings(descriptor, &error);

	if (!settings) {
		log_error("the manager's settings were refused: %s", error.text);
		answer(node, message->request, CHANNEL_REFUSED, message->revision, error.text);
		return;
	}
	/* An adopt that was not answered yet is overtaken by this one. */
	if (node->request != 0)
		answer(node, node->request, CHANNEL_DONE, node->request_revision, "");
	node->request = message->request;
	node->request_revision = message->revision;
	if (is_adopted(node, settings)) {
		free(settings);
		if (!node->settling)
			answer_adopt(node);
		return;
	}
	log_info("adopting revision %llu: %u interfaces, %u groups",
	         (unsigned long long)settings->revision, settings->link_count,
	         settings->group_count);
	if (adopt(node, settings, false, &error) < 0) {
		answer(node, message->request, CHANNEL_INCOMPLETE, message->revision, error.text);
		node->request = 0;
	}
	set_patience(node);
}

/* "reset vrrp master" and "update vrrp garp" */
static void
request_group(struct node *node, const struct channel_message *message)
{
	enum channel_outcome outcome = CHANNEL_NO_GROUP;
	int group = node->settings ?
	            settings_find_group(node->settings, message->interface, message->vrid) : -1;

	if (group >= 0) {
		enum engine_answer said =
			message->kind == CHANNEL_RESET_MASTER ?
			engine_reset_master(node->engine, (uint32_t)group, clock_now(),
			                    &node->effects) :
			engine_announce(node->engine, (uint32_t)group, clock_now(), &node->effects);

		carry_out(node);
		arm_timer(node);
		outcome = said == ENGINE_DONE ? CHANNEL_DONE :
		          said == ENGINE_NOT_MASTER ? CHANNEL_NOT_MASTER : CHANNEL_NO_GROUP;
	}
	answer(node, message->request, outcome, 0, "");
}

static void
say_hello(struct node *node)
{
	struct channel_message hello = { .version = CHANNEL_VERSION, .kind = CHANNEL_HELLO };

	/* Nobody may be there to read it: the manager says hello itself when it comes. */
	if (channel_send(node->channel, &hello, -1) < 0)
		log_debug("the manager did not take the hello");
}

static int
on_channel(sd_event_source *source UNUSED, int fd, uint32_t events UNUSED, void *owner)
{
	struct node *node = owner;
	struct channel_message message;
	int descriptor;
	int r = channel_receive(fd, &message, &descriptor);

	if (r < 0)
		log_warning("a message of the manager was dropped: %s", strerror(-r));
	if (r <= 0)
		return 0;
	switch ((enum channel_kind)message.kind) {
	case CHANNEL_HELLO:
		node->request = 0;
		say_hello(node);
		break;
	case CHANNEL_ADOPT:
		request_adopt(node, &message, descriptor);
		break;
	case CHANNEL_RESET_MASTER:
	case CHANNEL_GARP:
		request_group(node, &message);
		break;
	case CHANNEL_ANSWER:
		break;			/* we ask nothing */
	}
	if (descriptor >= 0)
		close(descriptor);
	return 0;
}

/* ---- start and stop ------------------------------------------------------------------------- */

/* Masters resign, addresses go, the memory says that nobody is master any more. */
static void
stop(struct node *node)
{
	engine_stop(node->engine, clock_now(), &node->effects);
	carry_out(node);
	interfaces_stop(node->interfaces, STOP_PATIENCE);
	publish_all(node);
}

static int
on_terminate(sd_event_source *source UNUSED, const struct signalfd_siginfo *info UNUSED,
             void *owner)
{
	struct node *node = owner;

	stop(node);
	return sd_event_exit(node->event, 0);
}

static int
add_source(sd_event *event, int fd, sd_event_io_handler_t handler, struct node *node,
           int64_t priority)
{
	sd_event_source *source;
	int r = sd_event_add_io(event, &source, fd, EPOLLIN, handler, node);

	if (r >= 0)
		r = sd_event_source_set_priority(source, priority);
	if (r >= 0)
		r = sd_event_source_set_floating(source, true);
	if (r >= 0)
		sd_event_source_unref(source);
	return r;
}

/*
 * Signals end the loop.  Time comes first, and each turn of it reads packets, too; a flood of
 * packets between shares the loop with the kernel's news.
 */
static int
set_up_loop(struct node *node, struct error *error)
{
	int r = sd_event_new(&node->event);

	if (r >= 0)
		r = sd_event_add_signal(node->event, NULL, SIGTERM | SD_EVENT_SIGNAL_PROCMASK,
		                        on_terminate, node);
	node->timer = timerfd_create(CLOCK_BOOTTIME, TFD_CLOEXEC | TFD_NONBLOCK);
	if (r >= 0 && node->timer < 0)
		r = -errno;
	if (r >= 0)
		r = add_source(node->event, node->timer, on_timer, node, -20);
	if (r >= 0)
		r = add_source(node->event, listeners_descriptor(node->listeners), on_packets, node,
		               0);
	if (r >= 0)
		r = add_source(node->event, node->channel, on_channel, node, 10);
	if (r >= 0)
		r = sd_event_add_defer(node->event, &node->deliver, on_deliver, node);
	if (r >= 0)
		r = sd_event_source_set_priority(node->deliver, -10);
	if (r >= 0)
		r = sd_event_source_set_enabled(node->deliver, SD_EVENT_OFF);
	return r < 0 ? error_set(error, r, "cannot set up the loop: %s", strerror(-r)) : 0;
}

static int
open_interfaces(struct node *node, struct error *error)
{
	static const struct interfaces_calls calls = {
		.on_link = on_link,
		.on_settled = on_settled,
		.on_restored = on_restored,
		.on_originals = on_originals,
	};
	void *originals;
	size_t size;
	int r;

	memory_get_originals(node->memory, &originals, &size);
	r = interfaces_new(node->event, &calls, node, originals, size, &node->interfaces, error);
	free(originals);
	return r;
}

static int
start(struct node *node, struct error *error)
{
	int r = packet_open_sender(&node->sender, error);
	struct settings *settings;

	if (r == 0)
		r = listeners_new(on_frame, node, &node->listeners, error);
	if (r == 0)
		r = set_up_loop(node, error);
	if (r == 0)
		r = open_interfaces(node, error);
	node->engine = engine_new();
	if (r == 0 && !node->engine)
		r = error_set(error, -ENOMEM, "out of memory");
	if (r < 0)
		return r;

	settings = memory_get_settings(node->memory);
	if (!settings)
		settings = settings_new(0, 0, 0, 0);
	if (!settings)
		return error_set(error, -ENOMEM, "out of memory");
	if (adopt(node, settings, true, error) < 0)
		log_error("%s", error->text);
	set_patience(node);
	return 0;
}

/* Two sockets a link with groups: thousands of links need more than the usual 1,024. */
static void
raise_descriptor_limit(void)
{
	struct rlimit limit;

	if (getrlimit(RLIMIT_NOFILE, &limit) == 0) {
		limit.rlim_cur = limit.rlim_max;
		setrlimit(RLIMIT_NOFILE, &limit);
	}
}

int
engine_main(const struct role_options *options, int channel, struct memory *memory)
{
	struct node node = {
		.options = options,
		.memory = memory,
		.channel = channel,
		.sender = -1,
		.timer = -1,
		.armed = NSEC_NEVER,
	};
	const char *missing;
	struct error error = { 0 };

	prctl(PR_SET_NAME, "tandem-engine");
	log_open("engine", options->name);
	log_set_level(options->log_level);
	raise_descriptor_limit();
	privilege_real_time(&missing);
	if (missing)
		log_warning("runs without %s: a busy machine may delay it", missing);
	if (start(&node, &error) < 0 || privilege_drop_engine(options->user, &error) < 0) {
		log_error("%s", error.text);
		return EXIT_FAILURE;
	}
	say_hello(&node);
	turn(&node);

	int r = sd_event_loop(node.event);

	if (r < 0)
		log_error("the loop ended: %s", strerror(-r));
	return r < 0 ? EXIT_FAILURE : EXIT_SUCCESS;
}
