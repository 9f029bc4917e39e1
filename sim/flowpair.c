/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The world of two synchronised routers.  The seal of datagrams is a toy: a number that follows
 * from the connection and the bytes; who does not know the connection's key cannot make it.
 */
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "sim/flowpair.h"

#define SEAL 8u
#define NAP (300 * NSEC_PER_USEC)	/* from news of the kernel to a look at them */

static int
say(const struct flowpair *pair, const char *what, unsigned router, uint64_t number)
{
	return pair->verbose ? printf("%12.6f router %u: %s %" PRIu64 "\n",
	                              (double)pair->now / (double)NSEC_PER_SEC, router, what,
	                              number) : 0;
}

static void
note(struct flowpair *pair, const char *what, unsigned router, uint64_t number)
{
	for (const char *at = what; *at; at++)
		pair->hash = (pair->hash ^ (uint8_t)*at) * 0x100000001b3u;
	pair->hash = (pair->hash ^ number ^ (uint64_t)pair->now << 8 ^ router) * 0x100000001b3u;
	(void)say(pair, what, router, number);
}

void
flowpair_breaks(struct flowpair *pair, const char *rule)
{
	if (!pair->broken)
		pair->broken = rule;
}

void
flowpair_touch(struct flowpair *pair, unsigned router, unsigned number, bool whole)
{
	struct flowkernel *kernel = &pair->routers[router].kernel;
	uint32_t mark = pair->marks_used + 1;
	unsigned nat = pair->renats ? mark % FLOWKERNEL_NATS : 0;

	if (kernel->flows[number].mark)
		nat = kernel->flows[number].nat;
	if (pair->marks_used + 1 >= pair->marks_room) {
		pair->marks_room = 2 * pair->marks_room + 1024;
		pair->marks = realloc(pair->marks, pair->marks_room * sizeof(*pair->marks));
		assert(pair->marks);
	}
	pair->marks[++pair->marks_used] = (struct flowpair_mark){
		(uint16_t)number, (uint8_t)(1u << nat),
	};
	flowkernel_touch(kernel, number, mark, nat, !pair->renats, whole, pair->now);
}

/* ---- what the process asks for -------------------------------------------------------------- */

struct handle {				/* the owner that hooks are given */
	struct flowpair *pair;
	unsigned router;
};
static struct handle handles[2];

static void
wake_at(struct flowpair *pair, unsigned router, nsec_t when)
{
	struct flowpair_router *r = &pair->routers[router];

	when = nsec_max(when, pair->now);
	if (r->wake <= when && r->wake >= pair->now)
		return;
	r->wake = when;
	agenda_add(&pair->agenda, (struct event){
		.time = when, .kind = FLOWPAIR_WAKE, .router = (uint8_t)router,
	});
}

void
flowpair_nudge(struct flowpair *pair, unsigned router)
{
	if (pair->routers[router].sync && !pair->routers[router].frozen)
		wake_at(pair, router, pair->now + NAP);
}

static void
refuse(struct flowpair_router *r, enum flow_op op, const struct flow_key *key, int error)
{
	if (r->refused < FLOWPAIR_REFUSALS)
		r->refusals[r->refused++] = (struct flowpair_refusal){ op, *key, error };
}

static bool
there_was(const struct flowpair *pair, const struct flow *flow, unsigned number)
{
	unsigned nat = flowkernel_nat(flow, number);

	return flow->mark > 0 && flow->mark <= pair->marks_used && nat < FLOWKERNEL_NATS &&
	       pair->marks[flow->mark].number == number && pair->marks[flow->mark].nats >> nat & 1;
}

/* A kernel that forwards is told of what it has, and has not said that it has another flow by now:
 * what is told is put onto that, and what it has no more is not made. */
static void
change(struct flowpair *pair, struct flowpair_router *r, const struct flow *flow, unsigned number)
{
	if (flowkernel_put(&r->kernel, flow, false, pair->now) == 0)
		pair->marks[flow->mark].nats |= (uint8_t)(1u << r->kernel.flows[number].nat);
}

static void
on_apply(void *owner, enum flow_op op, const struct flow *flow, bool known)
{
	struct handle *h = owner;
	struct flowpair *pair = h->pair;
	struct flowpair_router *r = &pair->routers[h->router];
	unsigned number = flowkernel_number(&flow->key);
	int error;

	note(pair, op == FLOW_UPSERT ? "puts" : "removes", h->router, number);
	if (number == FLOWKERNEL_FLOWS) {
		flowpair_breaks(pair, "a kernel is asked only for flows that there were");
		return;
	}
	if (op == FLOW_DELETE) {
		uint32_t mark = r->kernel.flows[number].mark;

		if (pair->calm && mark && !flowkernel_is_closed(number, mark) &&
		    mark == pair->routers[!h->router].kernel.flows[number].mark)
			flowpair_breaks(pair, "a bad wire alone takes no flow that is alive");
		flowkernel_remove(&r->kernel, &flow->key);
		return;
	}
	if (!there_was(pair, flow, number)) {
		flowpair_breaks(pair, "a kernel is asked only for states that there were");
		return;
	}
	if (r->role == FLOWSYNC_ACTIVE && known) {
		change(pair, r, flow, number);
		return;
	}
	if (r->role == FLOWSYNC_ACTIVE && r->kernel.flows[number].mark)
		error = EEXIST;
	else
		error = flowkernel_put(&r->kernel, flow, true, pair->now);
	if (error)
		refuse(r, op, &flow->key, error);
}

static void
on_retime(void *owner, const struct flow *flow)
{
	struct handle *h = owner;
	struct flowkernel *kernel = &h->pair->routers[h->router].kernel;
	unsigned number = flowkernel_number(&flow->key);

	if (number < FLOWKERNEL_FLOWS && kernel->flows[number].mark)
		kernel->flows[number].expires = h->pair->now + flow->timeout * NSEC_PER_SEC;
}

static void
on_apply_expectation(void *owner, enum flow_op op, const struct flow_expectation *x)
{
	struct handle *h = owner;

	note(h->pair, "expects", h->router, op + x->timeout);
}

static uint64_t
seal_of(const struct flowpair *pair, const uint8_t *bytes, size_t length)
{
	uint64_t seal = pair->connection * 0x9e3779b97f4a7c15u;

	for (size_t i = 0; i < length; i++)
		seal = (seal ^ bytes[i]) * 0x100000001b3u;
	return seal;
}

static void
launch(struct flowpair *pair, unsigned to, unsigned path, struct parcel *parcel)
{
	const struct flowpair_path *p = &pair->paths[path];

	parcel->references++;
	agenda_add(&pair->agenda, (struct event){
		.time = pair->now + p->delay + chance_between(&pair->chance, 0, p->jitter),
		.kind = FLOWPAIR_DATAGRAM, .router = (uint8_t)to, .segment = path,
		.parcel = parcel,
	});
}

static void
on_send_datagram(void *owner, unsigned path, const uint8_t *bytes, size_t length)
{
	struct handle *h = owner;
	struct flowpair *pair = h->pair;
	uint8_t sealed[FLOWSYNC_DATAGRAM_MAX + SEAL];
	uint64_t seal = seal_of(pair, bytes, length);
	struct parcel *parcel;

	if (path >= pair->options.paths || length > pair->options.payload[path])
		flowpair_breaks(pair, "a datagram fits its path");
	memcpy(sealed, bytes, length);
	memcpy(sealed + length, &seal, SEAL);
	if (pair->paths[path].cut || chance_percent(&pair->chance, pair->paths[path].loss))
		return;
	parcel = parcel_new(sealed, length + SEAL, false);
	launch(pair, !h->router, path, parcel);
	if (chance_percent(&pair->chance, pair->paths[path].twice))
		launch(pair, !h->router, path, parcel);
	parcel_release(parcel);
}

static void
on_send_control(void *owner, const uint8_t *bytes, size_t length)
{
	struct handle *h = owner;
	struct flowpair *pair = h->pair;
	struct flowpair_router *to = &pair->routers[!h->router];
	size_t held = 0;

	if (!pair->connected)
		return;
	for (size_t i = 0; i < to->streaming; i++)
		held += to->stream[i].parcel->length;
	if (held > FLOWSYNC_CONTROL_QUEUE)
		flowpair_breaks(pair, "the stream never holds more than its queue may");
	if (to->streaming == to->stream_room) {
		to->stream_room = 2 * to->stream_room + 16;
		to->stream = realloc(to->stream, to->stream_room * sizeof(*to->stream));
		assert(to->stream);
	}
	to->stream_last = nsec_max(to->stream_last, pair->now + pair->paths[0].delay +
	                           chance_between(&pair->chance, 0, NSEC_PER_MSEC));
	to->stream[to->streaming++] = (struct flowpair_message){
		to->stream_last, parcel_new(bytes, length, false),
	};
	agenda_add(&pair->agenda, (struct event){
		.time = to->stream_last, .kind = FLOWPAIR_STREAM, .router = !h->router,
	});
}

static void
on_close_control(void *owner, enum flowsync_hangup why)
{
	struct handle *h = owner;

	note(h->pair, "hangs up", h->router, why);
	if (why != FLOWSYNC_SILENT)
		flowpair_breaks(h->pair, "what a router says can be understood by the other");
	/* Not now: the process is in the middle of something. */
	agenda_add(&h->pair->agenda, (struct event){
		.time = h->pair->now, .kind = FLOWPAIR_CONNECT, .group = 1,
	});
}

static void
on_subscribe(void *owner, bool on)
{
	struct handle *h = owner;
	struct flowkernel *kernel = &h->pair->routers[h->router].kernel;

	kernel->subscribed = on;
	kernel->queued = 0;
	kernel->overrun = false;
}

static void
on_dump(void *owner)
{
	struct handle *h = owner;
	struct flowpair_router *r = &h->pair->routers[h->router];

	if (r->dumping)
		flowpair_breaks(h->pair, "one dump at a time");
	r->dumping = true;
	r->dumped = r->showing = 0;
	wake_at(h->pair, h->router, h->pair->now + NSEC_PER_MSEC);
}

static bool
on_look(void *owner, const struct flow_key *key)
{
	struct handle *h = owner;
	struct flowpair_router *r = &h->pair->routers[h->router];

	if (r->looks == FLOWPAIR_LOOKS)
		return false;
	r->looked[r->looks++] = flowkernel_number(key);
	return true;
}

static void
on_readiness(void *owner, enum flowsync_readiness readiness)
{
	struct handle *h = owner;

	note(h->pair, flowsync_readiness_name(readiness), h->router, readiness);
}

static void
on_alarm(void *owner, enum flowsync_alarm alarm, bool raised)
{
	struct handle *h = owner;

	note(h->pair, flowsync_alarm_name(alarm), h->router, raised);
}

/* ---- the process ---------------------------------------------------------------------------- */

/* A part of the dump as the kernel writes it into a buffer; news that follow may be read first. */
static void
fill_dump(struct flowpair *pair, struct flowpair_router *r)
{
	for (unsigned i = 0; i < FLOWPAIR_SHOWN && r->dumped < FLOWKERNEL_FLOWS; i++, r->dumped++) {
		uint32_t mark = r->kernel.flows[r->dumped].mark;
		struct flow flow = flowkernel_flow(r->dumped, mark,
		                                   r->kernel.flows[r->dumped].nat);

		if (!mark)
			continue;
		flow.timeout = (uint32_t)((r->kernel.flows[r->dumped].expires - pair->now) /
		                          NSEC_PER_SEC);
		if (!r->kernel.flows[r->dumped].with_master) {
			flow.has &= ~(uint32_t)FLOW_HAS_MASTER;
			memset(&flow.master, 0, sizeof(flow.master));
		}
		r->shown[r->showing++] = flow;
	}
}

static void
show_dump(struct flowpair *pair, struct flowpair_router *r)
{
	for (unsigned i = 0; i < r->showing; i++)
		flowsync_on_dump(r->sync, &r->shown[i], pair->now);
	r->showing = 0;
	if (r->dumped < FLOWKERNEL_FLOWS) {
		fill_dump(pair, r);
		return;
	}
	r->dumping = false;
	flowsync_on_dump_done(r->sync, true, pair->now);
}

/* When some were lost, those that are queued are thrown away, as they are older. */
static void
read_news(struct flowpair *pair, struct flowpair_router *r)
{
	if (r->kernel.overrun)
		r->kernel.queued = 0;
	for (unsigned i = 0; i < r->kernel.queued; i++) {
		const struct flowkernel_news *news = &r->kernel.queue[i];
		struct flow flow = flowkernel_flow(news->number, news->mark, news->nat);

		/* A change does not say again whose flow it is. */
		if (news->op == FLOW_UPSERT && !news->whole) {
			flow.has &= ~(uint32_t)FLOW_HAS_MASTER;
			memset(&flow.master, 0, sizeof(flow.master));
		}
		flowsync_on_news(r->sync, news->op, &flow, news->fresh, pair->now);
	}
	r->kernel.queued = 0;
	if (r->kernel.overrun)
		flowsync_on_overrun(r->sync, pair->now);
	r->kernel.overrun = false;
}

/* One in four gets lost. */
static void
answer_looks(struct flowpair *pair, struct flowpair_router *r)
{
	unsigned looks = r->looks;

	r->looks = 0;
	for (unsigned i = 0; i < looks; i++) {
		unsigned number = r->looked[i];
		uint32_t mark = r->kernel.flows[number].mark;
		struct flow flow = flowkernel_flow(number, mark, r->kernel.flows[number].nat);

		if (mark && !chance_percent(&pair->chance, 25))
			flowsync_on_looked(r->sync, &flow, pair->now);
	}
}

/* One turn of the process's loop. */
static void
turn(struct flowpair *pair, unsigned router)
{
	struct flowpair_router *r = &pair->routers[router];

	if (!r->sync || r->frozen)
		return;
	pair->turns++;
	read_news(pair, r);
	answer_looks(pair, r);
	if (r->dumping)
		show_dump(pair, r);
	if (flowsync_deadline(r->sync) <= pair->now)
		flowsync_on_time(r->sync, pair->now);
	flowsync_flush(r->sync, pair->now);
	for (unsigned i = 0; i < r->refused; i++) {
		const struct flowpair_refusal *refusal = &r->refusals[i];

		flowsync_on_refused(r->sync, refusal->op, &refusal->key, refusal->error, pair->now);
	}
	r->refused = 0;
	if (r->dumping)
		wake_at(pair, router, pair->now + NSEC_PER_MSEC);
	if (flowsync_deadline(r->sync) < NSEC_NEVER)
		wake_at(pair, router, nsec_max(flowsync_deadline(r->sync),
		                               pair->now + 20 * NSEC_PER_USEC));
}

static void
add_up(struct flowtally *sum, const struct flowtally *part)
{
	for (unsigned i = 0; i < FLOW_FAULTS; i++)
		sum->faults[i] += part->faults[i];
	for (unsigned i = 0; i < FLOW_COUNTS; i++)
		sum->counts[i] += part->counts[i];
	for (unsigned i = 0; i < FLOWTALLY_STEPS; i++)
		sum->lag.steps[i] += part->lag.steps[i];
	sum->lag.count += part->lag.count;
	sum->lag.longest = nsec_max(sum->lag.longest, part->lag.longest);
}

void
flowpair_kill(struct flowpair *pair, unsigned router)
{
	struct flowpair_router *r = &pair->routers[router];

	if (!r->sync)
		return;
	note(pair, "dies", router, 0);
	add_up(&pair->tally, flowsync_tally(r->sync));
	free(r->sync);
	r->sync = NULL;
	r->frozen = r->dumping = r->turned = false;
	r->refused = r->looks = 0;
	r->process++;
	r->epoch = 0;
	r->listen_until = 0;
	for (; r->boxed > 0; r->boxed--)
		parcel_release(r->inbox[r->boxed - 1]);
	r->kernel.subscribed = false;
	r->kernel.queued = 0;
	flowpair_break_stream(pair);
}

static void
start_now(struct flowpair *pair, unsigned router)
{
	static const struct flowsync_hooks hooks = {
		.apply = on_apply, .retime = on_retime,
		.apply_expectation = on_apply_expectation, .send_datagram = on_send_datagram,
		.send_control = on_send_control, .close_control = on_close_control,
		.subscribe = on_subscribe, .dump = on_dump, .readiness = on_readiness,
		.alarm = on_alarm, .look = on_look,
	};
	struct flowpair_router *r = &pair->routers[router];
	struct flowsync_options options = pair->options;
	struct flowsync_hooks own = hooks;
	void *memory;

	if (r->sync)
		return;
	note(pair, "starts", router, r->process);
	options.node[0] = (uint8_t)(router + 1);
	/* What it knew of numbers died with it. */
	if (r->process > 0)
		options.sequence = 0;
	handles[router] = (struct handle){ pair, router };
	own.owner = &handles[router];
	memory = calloc(1, flowsync_size(&options));
	assert(memory);
	r->sync = flowsync_new(memory, &options, &own, pair->now);
	flowsync_on_role(r->sync, r->role, pair->now);
	turn(pair, router);
}

void
flowpair_start(struct flowpair *pair, unsigned router, nsec_t after)
{
	agenda_add(&pair->agenda, (struct event){
		.time = pair->now + after, .kind = FLOWPAIR_START, .router = (uint8_t)router,
		.process = pair->routers[router].process,
	});
}

void
flowpair_role(struct flowpair *pair, unsigned router, enum flowsync_role role)
{
	struct flowpair_router *r = &pair->routers[router];

	if (r->role == role)
		return;
	note(pair, flowsync_role_name(role), router, 0);
	r->role = role;
	r->turned = r->frozen;
	if (r->sync && !r->frozen) {
		flowsync_on_role(r->sync, role, pair->now);
		turn(pair, router);
	}
}

void
flowpair_hand_over(struct flowpair *pair, unsigned router)
{
	struct flowpair_router *r = &pair->routers[router];

	if (r->sync && !r->frozen && r->role == FLOWSYNC_STANDBY) {
		note(pair, "is handed over to", router, 0);
		flowsync_expect_handover(r->sync, pair->now);
		r->listen_until = pair->now + 2 * NSEC_PER_SEC;
	}
	flowpair_role(pair, router, FLOWSYNC_ACTIVE);
}

static void deliver(struct flowpair *pair, unsigned router, unsigned path,
                    const struct parcel *parcel);
static void deliver_stream(struct flowpair *pair, unsigned router);

void
flowpair_freeze(struct flowpair *pair, unsigned router, bool frozen)
{
	struct flowpair_router *r = &pair->routers[router];

	if (!r->sync || r->frozen == frozen)
		return;
	note(pair, frozen ? "freezes" : "thaws", router, 0);
	r->frozen = frozen;
	if (frozen)
		return;
	/* A loop that wakes up reads first what its role was and is, then what waits in its
	 * sockets.  Promoted too late, it does not know what its kernel did meanwhile. */
	if (r->turned) {
		flowsync_on_role(r->sync, r->role == FLOWSYNC_ACTIVE ? FLOWSYNC_STANDBY :
		                 FLOWSYNC_ACTIVE, pair->now);
		flowsync_on_role(r->sync, r->role, pair->now);
		flowsync_on_overrun(r->sync, pair->now);
	}
	r->turned = false;
	for (unsigned i = 0; i < r->boxed; i++) {
		deliver(pair, router, r->inbox_path[i], r->inbox[i]);
		parcel_release(r->inbox[i]);
	}
	r->boxed = 0;
	deliver_stream(pair, router);
	turn(pair, router);
}

/* ---- datagrams ------------------------------------------------------------------------------ */

struct state {				/* what no forged datagram may change */
	uint64_t taken, applied;
	uint32_t flows, epoch;
};

static struct state
state_of(const struct flowpair *pair, const struct flowpair_router *r)
{
	const struct flowtally *tally = flowsync_tally(r->sync);
	struct flowsync_status status;

	flowsync_status(r->sync, pair->now, &status);
	return (struct state){
		tally->counts[FLOW_UPSERTS_RECEIVED] + tally->counts[FLOW_DELETES_RECEIVED],
		tally->counts[FLOW_APPLIED], status.flows, status.epoch,
	};
}

static uint32_t
epoch_in(const uint8_t *bytes)
{
	return (uint32_t)bytes[6] << 24 | (uint32_t)bytes[7] << 16 | (uint32_t)bytes[8] << 8 |
	       bytes[9];
}

static void
deliver(struct flowpair *pair, unsigned router, unsigned path, const struct parcel *parcel)
{
	struct flowpair_router *r = &pair->routers[router];
	size_t length = parcel->length - SEAL;
	uint64_t seal, before, acks;
	struct parcel **caught = &r->caught[r->catches % FLOWPAIR_CAUGHT];

	memcpy(&seal, parcel->bytes + length, SEAL);
	if (!pair->connected || seal != seal_of(pair, parcel->bytes, length))
		return;
	before = flowsync_tally(r->sync)->counts[FLOW_DATAGRAMS_RECEIVED];
	acks = flowsync_tally(r->sync)->counts[FLOW_ACKS_RECEIVED];
	flowsync_on_datagram(r->sync, path, parcel->bytes, length, pair->now, pair->now);
	note(pair, "hears", router, flowsync_tally(r->sync)->counts[FLOW_DATAGRAMS_RECEIVED]);
	if (flowsync_tally(r->sync)->counts[FLOW_DATAGRAMS_RECEIVED] != before) {
		uint32_t epoch = epoch_in(parcel->bytes);

		if (epoch < r->epoch)
			flowpair_breaks(pair, "an older epoch is never believed");
		if (r->role == FLOWSYNC_ACTIVE && pair->now >= r->listen_until)
			flowpair_breaks(pair, "who forwards believes only who handed over");
		r->epoch = epoch;
	} else if (flowsync_tally(r->sync)->counts[FLOW_ACKS_RECEIVED] == acks) {
		/* It may come again, and count then: it was for another role. */
		return;
	}
	parcel_release(*caught);
	*caught = parcel_new(parcel->bytes, parcel->length, true);
	r->catches++;
}

static void
on_datagram(struct flowpair *pair, const struct event *event)
{
	struct flowpair_router *r = &pair->routers[event->router];

	if (!r->sync)
		return;
	if (r->frozen) {
		if (r->boxed < FLOWPAIR_INBOX) {
			event->parcel->references++;
			r->inbox_path[r->boxed] = event->segment;
			r->inbox[r->boxed++] = event->parcel;
		}
		return;
	}
	deliver(pair, event->router, event->segment, event->parcel);
	turn(pair, event->router);
}

/* Bytes that somebody else made: they do not come past the seal, and should they, they change
 * nothing unless they are right in all. */
static void
forge(struct flowpair *pair, unsigned router)
{
	struct flowpair_router *r = &pair->routers[router];
	const struct parcel *model = r->caught[chance_below(&pair->chance, FLOWPAIR_CAUGHT)];
	uint8_t bytes[256];
	size_t length = 1 + chance_below(&pair->chance, sizeof(bytes) - 1);

	for (size_t i = 0; i < length; i++)
		bytes[i] = (uint8_t)chance_next(&pair->chance);
	if (model && chance_percent(&pair->chance, 70)) {
		length = model->length < sizeof(bytes) ? model->length : sizeof(bytes);
		memcpy(bytes, model->bytes, length);
		length = chance_percent(&pair->chance, 50) ?
		         1 + chance_below(&pair->chance, (unsigned)length) : length;
		bytes[chance_below(&pair->chance, (unsigned)length)] ^= 0x40;
	}
	pair->forged++;
	if (length > SEAL) {
		uint64_t seal;

		memcpy(&seal, bytes + length - SEAL, SEAL);
		if (pair->connected && seal == seal_of(pair, bytes, length - SEAL))
			flowpair_breaks(pair, "nobody else can make a seal");
	}
	/* Random bytes are no datagram, with a seal or without. */
	for (size_t i = 0; i < length; i++)
		bytes[i] = (uint8_t)chance_next(&pair->chance);
	flowsync_on_datagram(r->sync, 0, bytes, length, pair->now, pair->now);
}

void
flowpair_attack(struct flowpair *pair, unsigned router)
{
	struct flowpair_router *r = &pair->routers[router];
	const struct parcel *old = r->caught[chance_below(&pair->chance, FLOWPAIR_CAUGHT)];
	struct state before, after;

	if (!r->sync || r->frozen)
		return;
	before = state_of(pair, r);
	if (old && chance_percent(&pair->chance, 60)) {
		pair->replayed++;
		flowsync_on_datagram(r->sync, chance_below(&pair->chance, FLOWSYNC_PATHS),
		                     old->bytes, old->length - SEAL, pair->now, pair->now);
	} else {
		forge(pair, router);
	}
	after = state_of(pair, r);
	if (memcmp(&before, &after, sizeof(before)) != 0)
		flowpair_breaks(pair, "forged and repeated datagrams change nothing");
	turn(pair, router);
}

/* ---- the stream ----------------------------------------------------------------------------- */

static void
deliver_stream(struct flowpair *pair, unsigned router)
{
	struct flowpair_router *r = &pair->routers[router];
	uint32_t connection = pair->connection;

	while (r->streaming > 0 && r->stream[0].due <= pair->now && pair->connected &&
	       connection == pair->connection && r->sync && !r->frozen && !pair->stream_cut) {
		struct parcel *parcel = r->stream[0].parcel;
		size_t part = chance_below(&pair->chance, (unsigned)parcel->length + 1);

		memmove(r->stream, r->stream + 1, --r->streaming * sizeof(*r->stream));
		flowsync_on_control(r->sync, parcel->bytes, part, pair->now);
		flowsync_on_control(r->sync, parcel->bytes + part, parcel->length - part,
		                    pair->now);
		parcel_release(parcel);
	}
	if (r->streaming > 0 && r->stream[0].due <= pair->now && pair->stream_cut)
		agenda_add(&pair->agenda, (struct event){
			.time = pair->now + 50 * NSEC_PER_MSEC, .kind = FLOWPAIR_STREAM,
			.router = (uint8_t)router,
		});
}

void
flowpair_break_stream(struct flowpair *pair)
{
	for (unsigned i = 0; i < 2; i++) {
		struct flowpair_router *r = &pair->routers[i];

		for (; r->streaming > 0; r->streaming--)
			parcel_release(r->stream[r->streaming - 1].parcel);
	}
	if (!pair->connected)
		return;
	pair->connected = false;
	for (unsigned i = 0; i < 2; i++) {
		struct flowpair_router *r = &pair->routers[i];

		if (r->sync)
			flowsync_on_disconnected(r->sync, pair->now);
	}
}

/* Try to connect, later again if it does not work. */
static void
on_connect(struct flowpair *pair, bool after_hangup)
{
	bool both = true;

	if (after_hangup) {
		flowpair_break_stream(pair);
		return;
	}
	for (unsigned i = 0; i < 2; i++)
		both = both && pair->routers[i].sync && !pair->routers[i].frozen;
	if (!pair->connected && both && !pair->stream_cut) {
		/* As if keys that were not known before were agreed upon. */
		const uint64_t seed[2] = { pair->connection, 42 };

		pair->connected = true;
		pair->connection++;
		for (unsigned i = 0; i < 2 && pair->reseeds; i++)
			flowsync_reseed(pair->routers[i].sync, seed);
		for (unsigned i = 0; i < 2; i++)
			flowsync_on_connected(pair->routers[i].sync, chance_next(&pair->chance),
			                      pair->now);
		turn(pair, 0);
		turn(pair, 1);
	}
	agenda_add(&pair->agenda, (struct event){
		.time = pair->now + chance_between(&pair->chance, 50, 300) * NSEC_PER_MSEC,
		.kind = FLOWPAIR_CONNECT,
	});
}

/* ---- life of the world ---------------------------------------------------------------------- */

void
flowpair_init(struct flowpair *pair, uint64_t seed, const struct flowsync_options *options,
              unsigned kernel_limit)
{
	*pair = (struct flowpair){
		.now = NSEC_PER_SEC, .chance = { seed }, .options = *options, .hash = seed,
	};
	for (unsigned i = 0; i < FLOWSYNC_PATHS; i++)
		pair->paths[i].delay = 100 * NSEC_PER_USEC;
	for (unsigned i = 0; i < 2; i++) {
		pair->routers[i].kernel.limit = kernel_limit;
		pair->routers[i].role = i == 0 ? FLOWSYNC_ACTIVE : FLOWSYNC_STANDBY;
		flowpair_start(pair, i, chance_between(&pair->chance, 0, NSEC_PER_SEC));
	}
	agenda_add(&pair->agenda, (struct event){ .time = pair->now, .kind = FLOWPAIR_CONNECT });
	agenda_add(&pair->agenda, (struct event){ .time = pair->now, .kind = FLOWPAIR_SECOND });
}

void
flowpair_done(struct flowpair *pair)
{
	for (unsigned i = 0; i < 2; i++) {
		struct flowpair_router *r = &pair->routers[i];

		flowpair_kill(pair, i);
		for (; r->streaming > 0; r->streaming--)
			parcel_release(r->stream[r->streaming - 1].parcel);
		free(r->stream);
		for (unsigned k = 0; k < FLOWPAIR_CAUGHT; k++)
			parcel_release(r->caught[k]);
	}
	agenda_done(&pair->agenda);
	free(pair->marks);
}

void
flowpair_fate(struct flowpair *pair, nsec_t when)
{
	agenda_add(&pair->agenda, (struct event){ .time = when, .kind = FLOWPAIR_FATE });
}

static void
on_second(struct flowpair *pair)
{
	for (unsigned i = 0; i < 2; i++) {
		flowkernel_expire(&pair->routers[i].kernel, pair->now);
		flowpair_nudge(pair, i);
	}
	agenda_add(&pair->agenda, (struct event){
		.time = pair->now + NSEC_PER_SEC, .kind = FLOWPAIR_SECOND,
	});
}

bool
flowpair_step(struct flowpair *pair)
{
	struct event event = agenda_take(&pair->agenda);
	struct flowpair_router *r = &pair->routers[event.router];

	pair->now = event.time;
	switch ((enum flowpair_event)event.kind) {
	case FLOWPAIR_DATAGRAM:
		on_datagram(pair, &event);
		break;
	case FLOWPAIR_STREAM:
		deliver_stream(pair, event.router);
		turn(pair, event.router);
		break;
	case FLOWPAIR_CONNECT:
		on_connect(pair, event.group);
		break;
	case FLOWPAIR_WAKE:
		if (r->wake == event.time) {
			r->wake = -1;
			turn(pair, event.router);
		}
		break;
	case FLOWPAIR_SECOND:
		on_second(pair);
		break;
	case FLOWPAIR_START:
		if (r->process == event.process)
			start_now(pair, event.router);
		break;
	case FLOWPAIR_FATE:
		return true;
	}
	parcel_release(event.parcel);
	return false;
}

/* Is there none, or one that is closed, which the router keeps to itself? */
static bool
is_private(const struct flowpair *pair, const struct flowpair_router *r, unsigned number)
{
	struct flowsync_view view;
	uint32_t cursor = 0;

	if (!r->kernel.flows[number].mark)
		return true;
	if (!flowkernel_is_closed(number, r->kernel.flows[number].mark))
		return false;
	while (r->sync && flowsync_next(r->sync, &cursor, pair->now, &view)) {
		if (flowkernel_number(&view.flow.key) == number)
			return view.held;
	}
	return false;
}

bool
flowpair_is_equal(const struct flowpair *pair, unsigned *ret_number)
{
	for (unsigned i = 0; i < FLOWKERNEL_FLOWS; i++) {
		uint32_t mark = pair->routers[0].kernel.flows[i].mark;

		if (mark == pair->routers[1].kernel.flows[i].mark &&
		    (!mark || pair->routers[0].kernel.flows[i].nat ==
		              pair->routers[1].kernel.flows[i].nat))
			continue;
		if (is_private(pair, &pair->routers[0], i) &&
		    is_private(pair, &pair->routers[1], i))
			continue;
		*ret_number = i;
		return false;
	}
	return true;
}
