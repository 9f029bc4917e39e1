/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The control stream: bytes become whole messages, the greeting comes first, claims of role and
 * epoch are told at every change, and a status twice a second keeps the connection proven.
 *
 * Epochs fence.  A router that becomes active begins one above all it knows, and it is its own.  A
 * standby router takes over the active one's.  When a router that stays active hears that the
 * standby one has an own epoch that is not older (they were both active, and the other gave in), it
 * begins a newer one: so the one that forwards always wins, and what was sent before never counts.
 */
#include <string.h>

#include "core/flowsync_inside.h"

#define STATUS_PERIOD (500 * NSEC_PER_MSEC)

void
flowtalk_send(struct flowsync *f, const struct writer *message)
{
	f->tally.counts[FLOW_CONTROL_SENT] += writer_length(message);
	f->hooks.send_control(f->hooks.owner, message->start, writer_length(message));
}

/* ---- what we say ---------------------------------------------------------------------------- */

/* A number that only routers with the same seed have. */
static uint64_t
seed_check(const struct flowsync *f)
{
	static const char text[] = "tandem connsync seed";

	return flowtable_hash_bytes(&f->table, text, sizeof(text));
}

/* The later of two numbers of datagrams, on the circle; 0: there was none yet. */
static uint32_t
later_of(uint32_t a, uint32_t b)
{
	return a && (!b || (int32_t)(a - b) > 0) ? a : b;
}

/* The highest number that a datagram of either of us had. */
static uint32_t
highest_sequence(const struct flowsync *f)
{
	return later_of(f->link.heard_highest, f->link.next - 1);
}

static void
send_hello(struct flowsync *f)
{
	struct writer out = writer_over(f->message, sizeof(f->message));
	struct flowwire_hello hello = {
		.oldest = FLOWWIRE_VERSION,
		.newest = FLOWWIRE_VERSION,
		.nonce = f->peer.nonce,
		.check = seed_check(f),
		.claim = flowsync_claim(f),
		.capacity = f->options.capacity,
		.flows = f->table.alive,
		.sequence = highest_sequence(f),
	};

	memcpy(hello.node, f->options.node, sizeof(hello.node));
	flowwire_write_hello(&out, &hello);
	flowtalk_send(f, &out);
}

static void
send_status(struct flowsync *f)
{
	struct writer out = writer_over(f->message, sizeof(f->message));
	struct flowwire_status status = {
		.claim = flowsync_claim(f),
		.readiness = (uint8_t)f->readiness,
		.flows = f->table.alive,
		.refused = flowtable_listed(&f->table, FLOWTABLE_REFUSED) +
		           flowtable_listed(&f->table, FLOWTABLE_PARKED),
	};

	flowwire_write_status(&out, &status);
	flowtalk_send(f, &out);
}

void
flowtalk_tell_claim(struct flowsync *f)
{
	struct writer out = writer_over(f->message, sizeof(f->message));
	struct flowwire_claim claim = flowsync_claim(f);

	if (!f->peer.greeted)
		return;
	flowwire_write_role(&out, &claim);
	flowtalk_send(f, &out);
}

/* ---- connection ----------------------------------------------------------------------------- */

void
flowtalk_connect(struct flowsync *f, uint64_t nonce, nsec_t now)
{
	flowtalk_disconnect(f, now);
	f->peer.connected = true;
	f->peer.nonce = nonce;
	f->peer.since = f->peer.heard = now;
	f->peer.status_at = now + STATUS_PERIOD;
	send_hello(f);
}

void
flowtalk_disconnect(struct flowsync *f, nsec_t now)
{
	struct flowlink_settle settler = flowtell_settler(f);

	if (f->peer.greeted) {
		flowlink_restart(&f->link, 0, highest_sequence(f), &settler, now);
		f->peer.left = f->peer.heard;
	}
	flowshift_close(f);
	f->shift.tell_until = 0;
	if (f->role == FLOWSYNC_ACTIVE)
		flowshift_begin_lone(f);
	f->peer.connected = f->peer.greeted = false;
	f->peer.filled = 0;
	f->peer.claim = (struct flowwire_claim){ 0 };
	flowsync_judge_roles(f, now);
	flowsync_raise(f, FLOWSYNC_PATH_DEAD, false);
	flowrepair_restart(f, now);
	flowsync_judge_readiness(f, now);
}

static void
hang_up(struct flowsync *f, enum flowsync_hangup why, nsec_t now)
{
	flowtalk_disconnect(f, now);
	f->hooks.close_control(f->hooks.owner, why);
}

/* ---- what the peer says --------------------------------------------------------------------- */

static void
on_claim(struct flowsync *f, const struct flowwire_claim *claim, nsec_t now)
{
	bool was_telling = flowsync_is_telling(f), told = flowsync_may_tell(f);
	bool was_active = f->peer.claim.active;
	bool newer = flowsync_is_newer(claim->epoch, f->epoch) ||
	             (claim->epoch == f->epoch && claim->own);

	f->peer.claim = *claim;
	if (f->role == FLOWSYNC_ACTIVE && !claim->active && newer) {
		flowsync_set_epoch(f, claim->epoch + 1, true);
		flowtalk_tell_claim(f);
	} else if (f->role == FLOWSYNC_STANDBY && claim->active &&
	           flowsync_is_newer(claim->epoch, f->epoch)) {
		flowsync_set_epoch(f, claim->epoch, false);
	}
	if (was_telling && claim->active && claim->listens)
		flowshift_part(f, now);
	else if (!claim->active)
		f->shift.tell_until = 0;
	if (f->role == FLOWSYNC_ACTIVE && !claim->active && (was_active || newer))
		flowshift_forget_ends(f);
	if (f->role == FLOWSYNC_STANDBY && claim->active && !was_active)
		flowsweep_look_again(f, now);
	flowsync_judge_roles(f, now);
	if (flowsync_is_telling(f) != was_telling || claim->active != was_active)
		flowrepair_restart(f, now);
	if (told && !flowsync_may_tell(f))
		flowshift_stop_telling(f);
	flowsync_judge_readiness(f, now);
}

/* A number for both nonces, the same on both routers; not 0. */
static uint32_t
session_of(const struct flowsync *f, uint64_t a, uint64_t b)
{
	uint64_t both[2] = { a < b ? a : b, a < b ? b : a };
	uint8_t bytes[16];
	uint32_t session;

	for (unsigned i = 0; i < sizeof(bytes); i++)
		bytes[i] = (uint8_t)(both[i / 8] >> (8 * (i % 8)));
	session = (uint32_t)flowtable_hash_bytes(&f->table, bytes, sizeof(bytes));
	return session ? session : 1;
}

static enum flow_fault
on_hello(struct flowsync *f, struct reader body, nsec_t now)
{
	struct flowlink_settle settler = flowtell_settler(f);
	struct flowwire_hello hello;
	enum flow_fault fault;

	if (f->peer.greeted)
		return FLOW_ORDER;
	if (reader_left(&body) >= 2 &&
	    (body.at[0] > FLOWWIRE_VERSION || body.at[1] < FLOWWIRE_VERSION))
		return FLOW_VERSION;
	fault = flowwire_read_hello(body, &hello);
	if (fault != FLOW_OK)
		return fault;
	if (hello.check != seed_check(f) ||
	    memcmp(hello.node, f->options.node, sizeof(hello.node)) == 0)
		return FLOW_FOREIGN;
	f->peer.greeted = true;
	if (memcmp(f->peer.node, hello.node, sizeof(f->peer.node)) != 0)
		f->compare.proven = false;
	memcpy(f->peer.node, hello.node, sizeof(f->peer.node));
	f->peer.flows = hello.flows;
	f->peer.capacity = hello.capacity;
	f->peer.readiness = FLOWSYNC_INIT;	/* its STATUS follows */
	f->peer.refused = 0;
	flowlink_restart(&f->link, session_of(f, f->peer.nonce, hello.nonce),
	                 later_of(hello.sequence, highest_sequence(f)), &settler, now);
	flowsync_raise(f, FLOWSYNC_FOREIGN, false);
	flowsync_raise(f, FLOWSYNC_PEER_SMALLER, hello.capacity < f->options.capacity);
	flowrepair_restart(f, now);
	on_claim(f, &hello.claim, now);
	send_status(f);
	return FLOW_OK;
}

static enum flow_fault
on_status(struct flowsync *f, struct reader body, nsec_t now)
{
	struct flowwire_status status;
	enum flow_fault fault = flowwire_read_status(body, &status);

	if (fault != FLOW_OK)
		return fault;
	f->peer.readiness = status.readiness;
	f->peer.flows = status.flows;
	f->peer.refused = status.refused;
	on_claim(f, &status.claim, now);
	return FLOW_OK;
}

static enum flow_fault
on_role(struct flowsync *f, struct reader body, nsec_t now)
{
	struct flowwire_claim claim;
	enum flow_fault fault = flowwire_read_role(body, &claim);

	if (fault == FLOW_OK)
		on_claim(f, &claim, now);
	return fault;
}

static enum flow_fault
on_message(struct flowsync *f, unsigned type, struct reader body, nsec_t now)
{
	if (type == FLOWWIRE_HELLO)
		return on_hello(f, body, now);
	if (!f->peer.greeted)
		return FLOW_ORDER;
	switch (type) {
	case FLOWWIRE_ROLE:	return on_role(f, body, now);
	case FLOWWIRE_STATUS:	return on_status(f, body, now);
	case FLOWWIRE_DIGEST:	return flowrepair_on_digest(f, body, now);
	case FLOWWIRE_WANT:	return flowrepair_on_want(f, body, now);
	case FLOWWIRE_LIST:	return flowrepair_on_list(f, body, now);
	case FLOWWIRE_KEYS:	return flowrepair_on_keys(f, body, now);
	case FLOWWIRE_OFFER:	return flowshift_on_offer(f, body, now);
	case FLOWWIRE_CARRIED:
		flowhear_on_datagram(f, FLOWLINK_CARRIED, body.at, reader_left(&body), now, now);
		return FLOW_OK;
	}
	return FLOW_TYPE;
}

/* A fault that the peer's role at another moment explains does no harm; any other ends it. */
static void
on_fault(struct flowsync *f, enum flow_fault fault, nsec_t now)
{
	flowsync_fault(f, fault);
	if (fault == FLOW_ROLE || fault == FLOW_EPOCH || (fault == FLOW_ORDER && f->peer.greeted))
		return;
	if (fault == FLOW_VERSION || fault == FLOW_FOREIGN) {
		hang_up(f, FLOWSYNC_INCOMPATIBLE, now);
		flowsync_raise(f, FLOWSYNC_FOREIGN, true);
	} else {
		hang_up(f, FLOWSYNC_MALFORMED, now);
	}
}

/* Messages in the buffer that are whole. */
static void
digest_buffer(struct flowsync *f, nsec_t now)
{
	struct flowsync_peer *p = &f->peer;
	uint32_t done = 0;

	while (p->connected && p->filled - done >= FLOWWIRE_PREFIX + 1) {
		uint32_t length = (uint32_t)p->buffer[done] << 8 | p->buffer[done + 1];
		struct reader body = reader_over(p->buffer + done + FLOWWIRE_PREFIX, length);
		enum flow_fault fault;

		if (length == 0) {
			on_fault(f, FLOW_SHORT, now);
			return;
		}
		if (p->filled - done < FLOWWIRE_PREFIX + length)
			break;
		done += FLOWWIRE_PREFIX + length;

		unsigned type = read_u8(&body);

		fault = on_message(f, type, body, now);
		if (fault != FLOW_OK)
			on_fault(f, fault, now);
	}
	if (!p->connected || done == 0)
		return;
	memmove(p->buffer, p->buffer + done, p->filled - done);
	p->filled -= done;
}

void
flowtalk_on_bytes(struct flowsync *f, const uint8_t *bytes, size_t length, nsec_t now)
{
	struct flowsync_peer *p = &f->peer;

	if (!p->connected)
		return;
	p->heard = now;
	f->tally.counts[FLOW_CONTROL_RECEIVED] += length;
	while (length > 0 && p->connected) {
		size_t room = sizeof(p->buffer) - p->filled;
		size_t part = length < room ? length : room;

		memcpy(p->buffer + p->filled, bytes, part);
		p->filled += (uint32_t)part;
		bytes += part;
		length -= part;
		digest_buffer(f, now);
	}
}

void
flowtalk_on_time(struct flowsync *f, nsec_t now)
{
	if (!f->peer.connected)
		return;
	if (now >= f->peer.heard + FLOWSYNC_PATIENCE) {
		hang_up(f, FLOWSYNC_SILENT, now);
		return;
	}
	if (now < f->peer.status_at)
		return;
	f->peer.status_at = now + STATUS_PERIOD;
	if (f->peer.greeted)
		send_status(f);
}

nsec_t
flowtalk_deadline(const struct flowsync *f)
{
	if (!f->peer.connected)
		return NSEC_NEVER;
	return nsec_min(f->peer.heard + FLOWSYNC_PATIENCE, f->peer.status_at);
}
