/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The bench of connection synchronisation: the hooks of two routers, their kernels, the wire.
 */
#include "flowsync_rig.h"

#include <stdlib.h>
#include <string.h>

#define WIRE 4096u

struct packet {
	unsigned to;
	bool control;
	uint8_t *bytes;
	size_t length;
};

struct router routers[2];
struct flowsync_options options;
bool lossy;
bool deaf;
nsec_t now;
struct datagram last_datagram;

static struct packet wire[WIRE];
static size_t wired;

struct flow
flow_of(unsigned number)
{
	return (struct flow){
		.key = {
			.source = { 10, 0, (uint8_t)(number >> 8), (uint8_t)number },
			.destination = { 192, 0, 2, 1 }, .source_port = 2000,
			.destination_port = 443, .family = 4, .protocol = 6,
		},
		.has = FLOW_HAS_TCP | FLOW_HAS_STATUS | FLOW_HAS_TIMEOUT,
		.status = FLOW_SEEN_REPLY | FLOW_ASSURED, .timeout = 300, .tcp = { .state = 3 },
	};
}

unsigned
number_of(const struct flow_key *key)
{
	return (unsigned)key->source[2] << 8 | key->source[3];
}

/* ---- hooks ---------------------------------------------------------------------------------- */

static void
on_apply(void *owner, enum flow_op op, const struct flow *flow, bool known UNUSED)
{
	struct router *r = owner;
	struct flow *there = &r->kernel[number_of(&flow->key)];

	if (op == FLOW_DELETE) {
		r->removals++;
		there->has = 0;
		return;
	}
	r->puts++;
	if (r->refuse)
		r->refused[r->refusals++] = flow->key;
	else
		*there = *flow;
}

static void
on_retime(void *owner, const struct flow *flow)
{
	struct router *r = owner;

	r->retimed++;
	r->kernel[number_of(&flow->key)].timeout = flow->timeout;
}

static void
on_apply_expectation(void *owner, enum flow_op op, const struct flow_expectation *x UNUSED)
{
	struct router *r = owner;

	r->expected += op == FLOW_UPSERT;
	r->unexpected += op == FLOW_DELETE;
}

static void
put_on_wire(struct router *from, bool control, const uint8_t *bytes, size_t length)
{
	assert_true(wired < WIRE);
	wire[wired] = (struct packet){ from == &routers[0], control, malloc(length), length };
	memcpy(wire[wired++].bytes, bytes, length);
}

static void
on_send_datagram(void *owner, unsigned path UNUSED, const uint8_t *bytes, size_t length)
{
	struct router *r = owner;

	r->datagrams++;
	memcpy(last_datagram.bytes, bytes, length);
	last_datagram.length = length;
	if (!lossy)
		put_on_wire(r, false, bytes, length);
}

static void
on_send_control(void *owner, const uint8_t *bytes, size_t length)
{
	if (!deaf)
		put_on_wire(owner, true, bytes, length);
}

static void
on_close_control(void *owner, enum flowsync_hangup why UNUSED)
{
	((struct router *)owner)->closed = true;
}

static void
on_subscribe(void *owner, bool on)
{
	((struct router *)owner)->subscribed = on;
}

static void
on_dump(void *owner)
{
	((struct router *)owner)->dump_wanted = true;
}

static void
on_readiness(void *owner, enum flowsync_readiness readiness)
{
	struct router *r = owner;

	r->readiness = readiness;
	r->was |= 1u << readiness;
}

static void
on_alarm(void *owner, enum flowsync_alarm alarm, bool raised)
{
	struct router *r = owner;

	r->alarms = raised ? r->alarms | 1u << alarm : r->alarms & ~(1u << alarm);
}

static bool
on_look(void *owner, const struct flow_key *key)
{
	struct router *r = owner;

	if (r->look_count == FLOWS)
		return false;
	r->looks[r->look_count++] = *key;
	return true;
}

/* ---- routers -------------------------------------------------------------------------------- */

void
start(unsigned which)
{
	struct router *r = &routers[which];
	struct flowsync_hooks hooks = {
		r, on_apply, on_retime, on_apply_expectation, on_send_datagram, on_send_control,
		on_close_control, on_subscribe, on_dump, on_readiness, on_alarm, NULL, on_look,
	};

	free(r->memory);
	options.node[0] = (uint8_t)(which + 1);
	r->memory = calloc(1, flowsync_size(&options));
	r->sync = flowsync_new(r->memory, &options, &hooks, now);
	r->subscribed = r->dump_wanted = false;
	r->readiness = FLOWSYNC_INIT;
	r->alarms = 0;
}

void
adopt(unsigned which)
{
	flowsync_adopt(routers[which].sync, &options, now);
}

void
hold_new_flows(void)
{
	options.hold_down = 200 * NSEC_PER_MSEC;
	adopt(0);
}

void
become(unsigned which, enum flowsync_role role)
{
	flowsync_on_role(routers[which].sync, role, now);
}

void
take_roles(void)
{
	become(0, FLOWSYNC_ACTIVE);
	become(1, FLOWSYNC_STANDBY);
}

void
start_pair(void)
{
	start(0);
	start(1);
	take_roles();
	connect_both();
}

void
flush(unsigned which)
{
	flowsync_flush(routers[which].sync, now);
}

struct flowsync_status
status(unsigned which)
{
	struct flowsync_status status;

	flowsync_status(routers[which].sync, now, &status);
	return status;
}

uint64_t
fault(unsigned which, enum flow_fault fault)
{
	return flowsync_tally(routers[which].sync)->faults[fault];
}

uint64_t
count(unsigned which, enum flow_count count)
{
	return flowsync_tally(routers[which].sync)->counts[count];
}

/* ---- kernels -------------------------------------------------------------------------------- */

void
news(unsigned which, const struct flow *flow)
{
	routers[which].kernel[number_of(&flow->key)] = *flow;
	flowsync_on_news(routers[which].sync, FLOW_UPSERT, flow, true, now);
}

void
tell_many(unsigned count, uint8_t state)
{
	for (unsigned i = 0; i < count; i++) {
		struct flow flow = flow_of(i);

		flow.tcp.state = state;
		news(0, &flow);
	}
}

void
gone(unsigned which, unsigned number)
{
	struct flow flow = flow_of(number);

	routers[which].kernel[number].has = 0;
	flowsync_on_news(routers[which].sync, FLOW_DELETE, &flow, false, now);
}

void
dump(unsigned which)
{
	struct router *r = &routers[which];

	r->dump_wanted = false;
	for (unsigned i = 0; i < FLOWS; i++) {
		if (r->kernel[i].has)
			flowsync_on_dump(r->sync, &r->kernel[i], now);
	}
	flowsync_on_dump_done(r->sync, true, now);
}

unsigned
held_by(unsigned which)
{
	unsigned count = 0;

	for (unsigned i = 0; i < FLOWS; i++)
		count += routers[which].kernel[i].has != 0;
	return count;
}

unsigned
tcp_state(unsigned which, unsigned number)
{
	const struct flow *flow = &routers[which].kernel[number];

	return flow->has ? flow->tcp.state : 0;
}

/* ---- wire and time -------------------------------------------------------------------------- */

void
connect_both(void)
{
	static uint64_t nonce = 1;

	flowsync_on_connected(routers[0].sync, nonce++, now);
	flowsync_on_connected(routers[1].sync, nonce++, now);
	routers[0].closed = routers[1].closed = false;
}

static void
cut_wire(void)
{
	for (size_t i = 0; i < wired; i++)
		free(wire[i].bytes);
	wired = 0;
}

void
disconnect_both(void)
{
	cut_wire();
	flowsync_on_disconnected(routers[0].sync, now);
	flowsync_on_disconnected(routers[1].sync, now);
}

void
live_apart(const struct flow *theirs)
{
	disconnect_both();
	become(1, FLOWSYNC_ACTIVE);
	news(1, theirs);
	pass(NSEC_PER_SEC);
	become(1, FLOWSYNC_STANDBY);
}

struct datagram
intercept(unsigned which)
{
	lossy = true;
	flush(which);
	lossy = false;
	return last_datagram;
}

void
hear_late(unsigned which, const struct datagram *datagram, nsec_t arrival)
{
	flowsync_on_datagram(routers[which].sync, 0, datagram->bytes, datagram->length, arrival,
	                     now);
}

void
hear(unsigned which, const struct datagram *datagram)
{
	hear_late(which, datagram, now);
}

void
deliver(void)
{
	for (size_t i = 0; i < wired; i++) {
		struct packet packet = wire[i];
		struct router *to = &routers[packet.to];

		if (packet.control)
			flowsync_on_control(to->sync, packet.bytes, packet.length, now);
		else
			flowsync_on_datagram(to->sync, 0, packet.bytes, packet.length, now, now);
		free(packet.bytes);
	}
	wired = 0;
}

void
pass(nsec_t duration)
{
	for (nsec_t end = now + duration; now < end; now += 100 * NSEC_PER_USEC) {
		for (unsigned i = 0; i < 2; i++) {
			struct router *r = &routers[i];

			if (flowsync_deadline(r->sync) <= now)
				flowsync_on_time(r->sync, now);
			if (r->dump_wanted)
				dump(i);
			flush(i);
			for (unsigned k = 0; k < r->refusals; k++)
				flowsync_on_refused(r->sync, FLOW_UPSERT, &r->refused[k], r->refuse,
				                    now);
			r->refusals = 0;
		}
		deliver();
	}
}

/* ---- a test's begin and end ----------------------------------------------------------------- */

int
set_up(void **state UNUSED)
{
	memset(routers, 0, sizeof(routers));
	now = 100 * NSEC_PER_SEC;
	lossy = deaf = false;
	flowsync_options_init(&options);
	options.capacity = 4000;
	options.expectations = 16;
	options.hold_down = 0;
	options.verify_period = 0;
	return 0;
}

int
set_up_pair(void **state)
{
	set_up(state);
	start_pair();
	pass(NSEC_PER_SEC);
	assert_int_equal(routers[1].readiness, FLOWSYNC_SYNCED);
	assert_int_equal(routers[0].readiness, FLOWSYNC_SYNCED);
	return 0;
}

int
tear_down(void **state UNUSED)
{
	cut_wire();
	for (unsigned i = 0; i < 2; i++) {
		free(routers[i].memory);
		routers[i].memory = NULL;
	}
	return 0;
}
