/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What the interfaces tell is noted, and taken to the engine between turns, never from inside a
 * call into the interfaces.  A link comes up with hundreds of groups at once, so this goes piece by
 * piece, too: advertisements that are due go out between two of them.
 *
 * It decides when a link is worth telling of (is_unfinished), and nothing about what follows.
 */
#include "daemon/intake.h"

#include <string.h>
#include <systemd/sd-event.h>

#include "base/log.h"
#include "daemon/answers.h"
#include "system/clock.h"
#include "system/packet.h"

#define LINK_LOCAL_PATIENCE (3 * NSEC_PER_SEC)
#define PIECE NSEC_PER_MSEC		/* so long at a time */
#define PRIORITY_DELIVER (-10)

/* ---- what is told --------------------------------------------------------------------------- */

void
intake_ask(struct node *node)
{
	sd_event_source_set_enabled(node->deliver, SD_EVENT_ONESHOT);
}

void
intake_look_at_all(struct node *node)
{
	for (uint32_t i = 0; node->settings && i < node->settings->link_count; i++)
		if (node->heard[i].changed)
			marks_put(&node->fresh, i);
	intake_ask(node);
}

static void
on_link(void *owner, uint32_t link, int ifindex, const struct link_input *input)
{
	struct node *node = owner;
	struct heard_link *heard = &node->heard[link];

	if (node->carrying && heard->current && heard->ifindex == ifindex &&
	    memcmp(&heard->input, input, sizeof(*input)) == 0)
		return;			/* nothing new for anybody */
	memcpy(&heard->input, input, sizeof(*input));
	heard->ifindex = ifindex;
	heard->changed = true;
	heard->current = false;
	marks_put(&node->fresh, link);
	intake_ask(node);
}

static void
on_restored(void *owner, uint32_t group)
{
	struct node *node = owner;

	node->restored[group] = true;
	intake_ask(node);
}

static void
on_owner(void *owner, uint32_t group, bool is_owner)
{
	struct node *node = owner;

	node->owners[group] = is_owner ? VERDICT_YES : VERDICT_NO;
	intake_ask(node);
}

static void
on_kernel_track(void *owner, uint32_t object, bool up)
{
	struct node *node = owner;

	node->tracks[object] = up ? VERDICT_YES : VERDICT_NO;
	intake_ask(node);
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

static void
on_settled(void *owner, const char *problems, const char *refused)
{
	struct node *node = owner;

	node->settling = false;
	intake_look_at_all(node);
	answers_settled(node, problems, refused);
}

const struct interfaces_calls intake_interfaces_calls = {
	.on_link = on_link,
	.on_settled = on_settled,
	.on_restored = on_restored,
	.on_owner = on_owner,
	.on_track = on_kernel_track,
	.on_sent = on_sent,
	.on_originals = on_originals,
};

static void
on_track(void *owner, uint32_t object, bool up)
{
	struct node *node = owner;

	engine_on_track(node->engine, object, up, clock_now(), &node->effects);
	node_carry_out(node);
	node_arm_timer(node);
}

static void
on_problems(void *owner, const char *problems)
{
	answers_helpers(owner, problems);
}

static void
on_ready(void *owner)
{
	struct node *node = owner;

	courier_pass(node->courier);
}

const struct helpers_calls intake_helpers_calls = { on_track, on_problems, on_ready };

/* ---- taking it to the engine ---------------------------------------------------------------- */

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

/* A deaf link is unusable; the next tick tries again. */
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
		input.usable = input.exists = false;
		heard->deaf = heard->changed = node->again = true;
	} else {
		heard->deaf = false;
		heard->current = true;
	}
	engine_on_link(node->engine, link, &input, clock_now(), &node->effects);
	node_carry_out(node);
}

static bool
deliver_owners(struct node *node, nsec_t end)
{
	for (uint32_t i = 0; i < node->settings->group_count; i++) {
		uint8_t verdict = node->owners[i];

		if (verdict == VERDICT_NONE)
			continue;
		if (clock_now() >= end)
			return false;
		node->owners[i] = VERDICT_NONE;
		engine_on_owner(node->engine, i, verdict == VERDICT_YES, clock_now(),
		                &node->effects);
		node_carry_out(node);
		helpers_look(node->helpers, i);
	}
	helpers_tell(node->helpers);
	return true;
}

static bool
deliver_tracks(struct node *node, nsec_t end)
{
	for (uint32_t i = 0; i < node->settings->object_count; i++) {
		uint8_t verdict = node->tracks[i];

		if (verdict == VERDICT_NONE)
			continue;
		if (clock_now() >= end)
			return false;
		node->tracks[i] = VERDICT_NONE;
		engine_on_track(node->engine, i, verdict == VERDICT_YES, clock_now(),
		                &node->effects);
		node_carry_out(node);
	}
	return true;
}

/* One that is unfinished is looked at again when it changes, when all has settled, and at the next
 * tick: while thousands are being made, most of them are. */
static bool
deliver_links(struct node *node, nsec_t end)
{
	uint32_t count = node->settings->link_count;

	for (uint32_t i = marks_next(&node->fresh, 0); i < count;
	     i = marks_next(&node->fresh, i + 1)) {
		struct heard_link *heard = &node->heard[i];

		if (is_unfinished(node, heard)) {
			marks_take(&node->fresh, i);
			node->again = true;
			continue;
		}
		if (clock_now() >= end)
			return false;
		marks_take(&node->fresh, i);
		heard->changed = false;
		heard->known = true;
		take_link(node, i);
	}
	return true;
}

static bool
deliver_restored(struct node *node, nsec_t end)
{
	for (uint32_t i = 0; i < node->settings->group_count; i++) {
		if (!node->restored[i])
			continue;
		if (clock_now() >= end)
			return false;
		node->restored[i] = false;
		(void)engine_announce(node->engine, i, clock_now(), &node->effects);
		node_carry_out(node);
	}
	return true;
}

/* In this order, until it is late: true when nothing is left. */
static bool
deliver(struct node *node, nsec_t end)
{
	bool all = !node->settings ||
	           (deliver_owners(node, end) && deliver_tracks(node, end) &&
	            deliver_links(node, end) && deliver_restored(node, end));

	node_arm_timer(node);
	return all;
}

void
intake_deliver_all(struct node *node)
{
	(void)deliver(node, NSEC_NEVER);
}

static int
on_deliver(sd_event_source *source UNUSED, void *owner)
{
	struct node *node = owner;

	if (!deliver(node, clock_now() + PIECE))
		intake_ask(node);
	return 0;
}

int
intake_open(struct node *node)
{
	int r = sd_event_add_defer(node->event, &node->deliver, on_deliver, node);

	if (r >= 0)
		r = sd_event_source_set_priority(node->deliver, PRIORITY_DELIVER);
	return r >= 0 ? sd_event_source_set_enabled(node->deliver, SD_EVENT_OFF) : r;
}
