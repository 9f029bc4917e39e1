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
#include "daemon/courier.h"
#include "daemon/helpers.h"
#include "daemon/interfaces.h"
#include "daemon/listeners.h"
#include "daemon/publisher.h"
#include "daemon/recorder.h"
#include "daemon/report.h"
#include "daemon/roles.h"
#include "system/clock.h"
#include "system/packet.h"
#include "system/privilege.h"

#define LINK_LOCAL_PATIENCE (3 * NSEC_PER_SEC)
/* Time for a partner to take over what we hand over; less than the supervisor waits for us. */
#define LEAVE_PATIENCE (2 * NSEC_PER_SEC)
#define FLUSH_PATIENCE (200 * NSEC_PER_MSEC)
#define STOP_PATIENCE (500 * NSEC_PER_MSEC)

#define PATIENCE_LEAST (200 * NSEC_PER_MSEC)
#define PACKETS_PAUSE NSEC_PER_MSEC
#define WRITER_PATIENCE NSEC_PER_SEC

/* What is known of a link with groups, until it is taken to the engine. */
struct heard_link {
	struct link_input input;
	int ifindex;
	unsigned spoken;		/* enum packet_family: of its groups */
	unsigned families;		/* ... of those that multicast */
	bool known;			/* the engine was told of this link before */
	bool deaf;			/* no socket could be opened on it */
	bool changed;
};

/* What waits to be told to the engine of a group's addresses, or of a tracked object. */
enum verdict { VERDICT_NONE, VERDICT_NO, VERDICT_YES };

struct node {
	const struct role_options *options;
	struct memory *memory;
	int channel;
	sd_event *event;
	struct engine *engine;
	struct interfaces *interfaces;
	struct listeners *listeners;
	struct courier *courier;
	struct helpers *helpers;
	struct publisher publisher;
	struct recorder recorder;
	int timer;			/* timerfd, absolute, of clock_now() */
	nsec_t armed;			/* for when, or NSEC_NEVER */
	nsec_t last_turn;
	nsec_t last_packets;		/* when they were looked at because they came */
	nsec_t gathered;		/* until when they may gather, or NSEC_NEVER */
	nsec_t last_tick;
	sd_event_source *deliver;
	sd_event_source *packets;
	struct settings *settings;	/* adopted; what interfaces borrow */
	struct effects effects;
	struct heard_link *heard;	/* per link */
	bool *restored;			/* per group: addresses came back, announce */
	uint8_t *owners;		/* per group, enum verdict: is it address owner? */
	uint8_t *tracks;		/* per tracked object, enum verdict: is it up? */
	uint32_t request;		/* of the adopt not yet answered, 0 = none */
	uint64_t request_revision;
	bool again;			/* a link is deaf or unfinished: deliver at the next tick */
	nsec_t adopted;			/* when the settings were */
	nsec_t leave_by;		/* a stop was asked for: end by then; or NSEC_NEVER */
	bool settling;			/* interfaces have not answered the last adopt in full */
	bool stuck;			/* the writer is, and we said so */
	char problems[sizeof(((struct channel_message *)NULL)->text)];	/* of the last adopt */
	char helper_problems[512];
};

/* ---- carrying out effects ------------------------------------------------------------------- */

/* Carry out and empty the list of effects: first what the network sees, then log and memory. */
static void
carry_out(struct node *node)
{
	struct effects *effects = &node->effects;

	if (effects->count == 0)
		return;
	courier_carry_out(node->courier, effects);
	for (size_t i = 0; i < effects->count; i++) {
		publisher_put(&node->publisher, effects->list[i].group);
		helpers_look(node->helpers, effects->list[i].group);
		recorder_effect(&node->recorder, &effects->list[i]);
		report_effect(node->engine, &effects->list[i]);
	}
	helpers_tell(node->helpers);
	effects->count = 0;
}

/* ---- turns ---------------------------------------------------------------------------------- */

static void
arm_timer(struct node *node)
{
	nsec_t next = nsec_min(nsec_min(engine_deadline(node->engine), node->leave_by),
	                       node->last_turn + engine_tick(node->engine));
	struct itimerspec when = { 0 };

	next = nsec_min(next, node->gathered);
	when.it_value.tv_sec = next / NSEC_PER_SEC;
	when.it_value.tv_nsec = next % NSEC_PER_SEC;
	if (next <= 0)
		when.it_value.tv_nsec = 1;	/* zero would disarm it */
	if (next == node->armed)
		return;
	timerfd_settime(node->timer, TFD_TIMER_ABSTIME, &when, NULL);
	node->armed = next;
}

/* A kernel that does not come to an end with our requests is a thing a person should know. */
static void
watch_writer(struct node *node, nsec_t now)
{
	nsec_t since = interfaces_busy_since(node->interfaces);
	bool stuck = since != NSEC_NEVER && now - since > WRITER_PATIENCE;

	if (stuck && !node->stuck)
		log_error("the kernel has been busy with a request about links or addresses for "
		          "%lld ms; nothing can be changed until it is done",
		          (long long)((now - since) / NSEC_PER_MSEC));
	if (!stuck && node->stuck)
		log_warning("the kernel is done with the request that took so long");
	node->stuck = stuck;
}

/* What is done once in a while. */
static void
tick(struct node *node, nsec_t now)
{
	node->last_tick = now;
	watch_writer(node, now);
	if (node->again)
		sd_event_source_set_enabled(node->deliver, SD_EVENT_ONESHOT);
	node->again = false;
}

/* Nobody is master any more, no address is left, the memory says so, and the loop ends. */
static void
stop(struct node *node)
{
	engine_stop(node->engine, clock_now(), &node->effects);
	carry_out(node);
	interfaces_stop(node->interfaces, STOP_PATIENCE);
	helpers_flush(node->helpers, FLUSH_PATIENCE);
	publisher_put_all(&node->publisher, clock_now());
	sd_event_exit(node->event, 0);
}

/* One turn.  Where neither packets nor an end of silence ask for it, nobody listens. */
static void
turn(struct node *node, bool packets)
{
	nsec_t start = clock_now();

	engine_on_time(node->engine, start, 0, &node->effects);
	carry_out(node);
	if (packets || engine_deadline(node->engine) <= start) {
		bool all_heard = listeners_sweep(node->listeners);

		engine_on_time(node->engine, clock_now(), all_heard ? start : 0, &node->effects);
		carry_out(node);
	}
	publisher_put_due(&node->publisher, start);
	if (start - node->last_tick >= engine_tick(node->engine))
		tick(node, start);
	memory_beat(node->memory, start);
	node->last_turn = start;
	if (node->leave_by != NSEC_NEVER &&
	    (start >= node->leave_by || engine_has_left(node->engine)))
		stop(node);
	arm_timer(node);
}

static void
on_frame(void *owner, uint32_t link, const uint8_t *bytes, size_t length, nsec_t arrival)
{
	struct node *node = owner;

	nsec_t now = clock_now();
	enum advert_fault fault = engine_on_frame(node->engine, link, reader_over(bytes, length),
	                                          arrival, now, &node->effects);

	if (recorder_is_watched(&node->recorder, now))
		recorder_received(&node->recorder, link, bytes, length, fault, arrival);
	carry_out(node);
}

static void
on_backlog(void *owner, uint32_t link, nsec_t heard)
{
	struct node *node = owner;

	engine_on_backlog(node->engine, link, heard);
}

/*
 * Where many speak at once their packets come one by one: after the second turn in a row the rest
 * of them may gather.  Their arrival counts, not when we look.
 */
static int
on_packets(sd_event_source *source, int fd UNUSED, uint32_t events UNUSED, void *owner)
{
	struct node *node = owner;
	nsec_t now = clock_now();

	if (now - node->last_packets < PACKETS_PAUSE) {
		node->gathered = now + PACKETS_PAUSE;
		sd_event_source_set_enabled(source, SD_EVENT_OFF);
	}
	node->last_packets = now;
	turn(node, true);
	return 0;
}

/* Setting the timer anew takes back that it rang. */
static int
on_timer(sd_event_source *source UNUSED, int fd UNUSED, uint32_t events UNUSED, void *owner)
{
	struct node *node = owner;
	bool packets = node->gathered <= clock_now();

	if (packets) {
		node->gathered = NSEC_NEVER;
		sd_event_source_set_enabled(node->packets, SD_EVENT_ON);
	}
	node->armed = NSEC_NEVER;
	turn(node, packets);
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
on_owner(void *owner, uint32_t group, bool is_owner)
{
	struct node *node = owner;

	node->owners[group] = is_owner ? VERDICT_YES : VERDICT_NO;
	sd_event_source_set_enabled(node->deliver, SD_EVENT_ONESHOT);
}

static void
on_kernel_track(void *owner, uint32_t object, bool up)
{
	struct node *node = owner;

	node->tracks[object] = up ? VERDICT_YES : VERDICT_NO;
	sd_event_source_set_enabled(node->deliver, SD_EVENT_ONESHOT);
}

static void
on_sent(void *owner, uint32_t group, uint32_t token, int error)
{
	struct node *node = owner;

	courier_on_sent(node->courier, group, token, error);
	publisher_put(&node->publisher, group);
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
	bool lacks4 = heard->spoken & PACKET_IPV4 && heard->input.source4.family == 0;
	bool lacks6 = heard->spoken & PACKET_IPV6 && heard->input.source6.family == 0;

	if (heard->known)
		return false;
	if (node->settling)
		return !heard->input.usable || lacks4 || lacks6;
	/* A link-local address is there only after the kernel has looked for a double of it. */
	return heard->input.usable && lacks6 && clock_now() - node->adopted < LINK_LOCAL_PATIENCE;
}

/* Take one link to the engine.  A deaf one is unusable; the next tick tries again. */
static void
take_link(struct node *node, uint32_t link)
{
	struct heard_link *heard = &node->heard[link];
	struct link_input input = heard->input;
	struct error error;

	if (listeners_watch(node->listeners, link, heard->ifindex, heard->families,
	                    &error) < 0) {
		if (!heard->deaf)
			log_error("%s", error.text);
		input.usable = false;
		heard->deaf = heard->changed = node->again = true;
	} else {
		heard->deaf = false;
	}
	engine_on_link(node->engine, link, &input, clock_now(), &node->effects);
	carry_out(node);
}

static void
deliver_verdicts(struct node *node)
{
	for (uint32_t i = 0; i < node->settings->group_count; i++) {
		uint8_t verdict = node->owners[i];

		if (verdict == VERDICT_NONE)
			continue;
		node->owners[i] = VERDICT_NONE;
		engine_on_owner(node->engine, i, verdict == VERDICT_YES, clock_now(),
		                &node->effects);
		carry_out(node);
		helpers_look(node->helpers, i);
	}
	helpers_tell(node->helpers);
	for (uint32_t i = 0; i < node->settings->object_count; i++) {
		uint8_t verdict = node->tracks[i];

		if (verdict == VERDICT_NONE)
			continue;
		node->tracks[i] = VERDICT_NONE;
		engine_on_track(node->engine, i, verdict == VERDICT_YES, clock_now(),
		                &node->effects);
		carry_out(node);
	}
}

/* Take what the interfaces told to the engine. */
static void
deliver(struct node *node)
{
	if (node->settings)
		deliver_verdicts(node);
	for (uint32_t i = 0; node->settings && i < node->settings->link_count; i++) {
		struct heard_link *heard = &node->heard[i];

		if (!heard->changed)
			continue;
		if (is_unfinished(node, heard)) {
			node->again = true;
			continue;
		}
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

/* What an operator should repair, ours and the helpers': to a request, or unasked (0). */
static void
answer_problems(struct node *node, uint32_t request, uint64_t revision)
{
	char text[sizeof(node->problems)];

	snprintf(text, sizeof(text), "%s%s%.*s", node->helper_problems,
	         node->helper_problems[0] && node->problems[0] ? "\n" : "",
	         (int)(sizeof(text) - sizeof(node->helper_problems) - 2), node->problems);
	answer(node, request, text[0] ? CHANNEL_INCOMPLETE : CHANNEL_DONE, revision, text);
}

/* The last adopt is done: say so, with what the kernel refused. */
static void
answer_adopt(struct node *node)
{
	if (node->request == 0)
		return;
	answer_problems(node, node->request, node->request_revision);
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
		answer_problems(node, 0, node->settings->revision);
}

/* ---- what the helpers tell ------------------------------------------------------------------ */

static void
on_track(void *owner, uint32_t object, bool up)
{
	struct node *node = owner;

	engine_on_track(node->engine, object, up, clock_now(), &node->effects);
	carry_out(node);
	arm_timer(node);
}

static void
on_problems(void *owner, const char *problems)
{
	struct node *node = owner;

	snprintf(node->helper_problems, sizeof(node->helper_problems), "%s", problems);
	if (node->request == 0)
		answer_problems(node, 0, node->settings->revision);
}

/* ---- adopting ------------------------------------------------------------------------------- */

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
	uint64_t *published;
	struct heard_link *heard;
	bool *restored;
	uint8_t *owners;
	uint8_t *tracks;
	bool *held;
	int32_t *links;
	size_t effect_count;
};

static void
free_room(struct room *room)
{
	free(room->effects);
	free(room->published);
	free(room->heard);
	free(room->restored);
	free(room->owners);
	free(room->tracks);
	free(room->held);
	free(room->links);
}

static int
make_room(struct node *node, const struct settings *settings, struct room *room)
{
	size_t groups = settings->group_count + 1, links = settings->link_count + 1;

	room->effect_count = engine_adopt_needed(node->engine, settings) + 64;
	room->effects = calloc(room->effect_count, sizeof(*room->effects));
	room->published = calloc(groups, sizeof(*room->published));
	room->heard = calloc(links, sizeof(*room->heard));
	room->restored = calloc(groups, sizeof(*room->restored));
	room->owners = calloc(groups, sizeof(*room->owners));
	room->tracks = calloc(settings->object_count + 1u, sizeof(*room->tracks));
	room->held = calloc(groups, sizeof(*room->held));
	room->links = map_links(node->settings, settings);
	if (room->effects && room->published && room->heard && room->restored && room->owners &&
	    room->tracks && room->held && room->links)
		return 0;
	free_room(room);
	return -ENOMEM;
}

#define SWAP(a, b) do { void *swap_ = (a); (a) = (b); (b) = swap_; } while (0)

/* Which families the groups of a link speak, and which of them by multicast. */
static void
note_families(struct heard_link *links, const struct settings *settings)
{
	for (uint32_t i = 0; i < settings->group_count; i++) {
		const struct group_settings *g = &settings_groups(settings)[i];
		unsigned family = g->family == 4 ? PACKET_IPV4 : PACKET_IPV6;

		links[g->link].spoken |= family;
		if (g->peer_count == 0)
			links[g->link].families |= family;
	}
}

/* A link whose groups went on is not still being made, whatever it may lack now. */
static void
note_resumed(struct node *node, const struct settings *settings)
{
	for (uint32_t i = 0; i < settings->group_count; i++)
		if (engine_status(node->engine, i)->state != VROUTER_INIT)
			node->heard[settings_groups(settings)[i].link].known = true;
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
	SWAP(node->effects.list, room.effects);
	node->effects.capacity = room.effect_count;
	if (node->settings) {
		engine_retire(node->engine, settings, clock_now(), &node->effects);
		carry_out(node);
	}

	/* From here on numbers are those of the new settings. */
	struct settings *old = node->settings;

	publisher_prepare(&node->publisher, room.published, settings->group_count);
	room.published = NULL;
	SWAP(node->restored, room.restored);
	SWAP(node->owners, room.owners);
	SWAP(node->tracks, room.tracks);
	SWAP(node->heard, room.heard);
	for (uint32_t i = 0; old && i < settings->link_count; i++)
		node->heard[i].known = room.links[i] >= 0 && room.heard[room.links[i]].known;
	note_families(node->heard, settings);
	node->settling = true;
	node->adopted = clock_now();
	r = engine_adopt(node->engine, settings, clock_now(), &node->effects);
	if (r == 0)
		r = courier_prepare(node->courier, settings, room.effect_count);
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
		note_resumed(node, settings);
	}
	if (helpers_adopt(node->helpers, node->engine, error) < 0)
		log_error("%s", error->text);
	for (uint32_t i = 0; i < settings->group_count; i++)
		room.held[i] = engine_holds_addresses(node->engine, i);
	interfaces_adopt(node->interfaces, settings, room.held, longest_lease(settings));
	carry_out(node);
	deliver(node);
	publisher_renumber(&node->publisher);
	free(old);
	free_room(&room);
	return 0;
}

/* How long the supervisor waits for a sign of life: longer than we may sleep, and so little that a
 * successor speaks within the down interval of the others. */
static void
set_patience(struct node *node)
{
	memory_set_patience(node->memory, nsec_max(5 * engine_tick(node->engine) / 4,
	                                           PATIENCE_LEAST));
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
	if (node->leave_by != NSEC_NEVER) {
		free(settings);
		answer(node, message->request, CHANNEL_REFUSED, message->revision,
		       "the service is stopping");
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

/* What a message asks for, of one family of its group. */
static enum engine_answer
operate(struct node *node, const struct channel_message *message, uint8_t family)
{
	int group = node->settings ? settings_find_group(node->settings, message->interface,
	                                                 message->vrid, family) : -1;
	enum engine_answer said;

	if (group < 0)
		return ENGINE_NO_GROUP;
	if (message->kind == CHANNEL_RESET_MASTER)
		said = engine_reset_master(node->engine, (uint32_t)group, clock_now(),
		                           &node->effects);
	else
		said = engine_announce(node->engine, (uint32_t)group, clock_now(), &node->effects);
	carry_out(node);
	return said;
}

/* "reset vrrp master" and "update vrrp garp": both virtual routers of a group of both families. */
static void
request_group(struct node *node, const struct channel_message *message)
{
	enum engine_answer ipv4 = operate(node, message, 4), ipv6 = operate(node, message, 6);
	enum channel_outcome outcome = CHANNEL_NOT_MASTER;

	if (ipv4 == ENGINE_DONE || ipv6 == ENGINE_DONE)
		outcome = CHANNEL_DONE;
	else if (ipv4 == ENGINE_NO_GROUP && ipv6 == ENGINE_NO_GROUP)
		outcome = CHANNEL_NO_GROUP;
	arm_timer(node);
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
	case CHANNEL_WATCH:
		recorder_watch(&node->recorder, clock_now());
		break;
	case CHANNEL_ANSWER:
	case CHANNEL_STATE:
	case CHANNEL_RAN:
	case CHANNEL_OWNER:
	case CHANNEL_TRACK:
	case CHANNEL_PROBLEMS:
	case CHANNEL_KINDS:
		break;			/* we ask nothing */
	}
	if (descriptor >= 0)
		close(descriptor);
	return 0;
}

/* ---- start and stop ------------------------------------------------------------------------- */

static int
on_terminate(sd_event_source *source UNUSED, const struct signalfd_siginfo *info UNUSED,
             void *owner)
{
	struct node *node = owner;
	nsec_t now = clock_now();

	if (node->leave_by != NSEC_NEVER)
		return 0;
	node->leave_by = now + LEAVE_PATIENCE;
	engine_leave(node->engine, now, &node->effects);
	carry_out(node);
	turn(node, true);
	return 0;
}

static int
add_source(sd_event *event, int fd, sd_event_io_handler_t handler, struct node *node,
           int64_t priority, sd_event_source **ret_source)
{
	sd_event_source *source;
	int r = sd_event_add_io(event, &source, fd, EPOLLIN, handler, node);

	if (r >= 0)
		r = sd_event_source_set_priority(source, priority);
	if (r >= 0)
		r = sd_event_source_set_floating(source, true);
	if (r < 0)
		return r;
	sd_event_source_unref(source);		/* it lives as long as its loop */
	if (ret_source)
		*ret_source = source;
	return 0;
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
		r = add_source(node->event, node->timer, on_timer, node, -20, NULL);
	if (r >= 0)
		r = add_source(node->event, listeners_descriptor(node->listeners), on_packets, node,
		               0, &node->packets);
	if (r >= 0)
		r = add_source(node->event, node->channel, on_channel, node, 10, NULL);
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
		.on_owner = on_owner,
		.on_track = on_kernel_track,
		.on_sent = on_sent,
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
start(struct node *node, const int helpers[HELPERS], struct error *error)
{
	static const struct listeners_calls calls = { on_frame, on_backlog };
	static const struct helpers_calls helpers_calls = { on_track, on_problems };
	int r = listeners_new(&calls, node, &node->listeners, error);
	struct settings *settings;

	if (r == 0)
		r = set_up_loop(node, error);
	if (r == 0)
		r = open_interfaces(node, error);
	if (r == 0)
		r = helpers_new(node->event, helpers, &helpers_calls, node, &node->helpers, error);
	node->engine = engine_new();
	if (r == 0 && !node->engine)
		r = error_set(error, -ENOMEM, "out of memory");
	if (r == 0)
		r = courier_new(node->engine, node->interfaces, &node->recorder, &node->courier,
		                error);
	if (r < 0)
		return r;
	node->publisher = (struct publisher){ .engine = node->engine, .memory = node->memory };
	node->recorder = (struct recorder){ .engine = node->engine, .memory = node->memory };

	settings = memory_get_settings(node->memory);
	if (!settings)
		settings = settings_new(&(struct settings_counts){ 0 });
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
engine_main(const struct role_options *options, int channel, const int helpers[HELPERS],
            struct memory *memory)
{
	struct node node = {
		.options = options,
		.memory = memory,
		.channel = channel,
		.timer = -1,
		.armed = NSEC_NEVER,
		.leave_by = NSEC_NEVER,
		.gathered = NSEC_NEVER,
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
	if (start(&node, helpers, &error) < 0 || privilege_drop_engine(options->user, &error) < 0 ||
	    interfaces_start(node.interfaces, &missing, &error) < 0) {
		log_error("%s", error.text);
		return EXIT_FAILURE;
	}
	if (missing)
		log_warning("its writer runs without %s", missing);
	say_hello(&node);
	turn(&node, true);

	int r = sd_event_loop(node.event);

	if (r < 0)
		log_error("the loop ended: %s", strerror(-r));
	return r < 0 ? EXIT_FAILURE : EXIT_SUCCESS;
}
