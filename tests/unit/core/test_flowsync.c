/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Two routers with connection synchronisation, wired to each other, each with a kernel that is an
 * array.  One law after the other; all of them at once, with faults, is the simulator's business.
 */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "core/flowsync.h"

#define FLOWS 3000u
#define WIRE 4096u

struct packet {
	unsigned to;
	bool control;
	uint8_t *bytes;
	size_t length;
};

static struct router {
	struct flowsync *sync;
	void *memory;
	struct flow kernel[FLOWS];	/* by number; has 0 = not there */
	unsigned puts, removals, retimed, expected, unexpected;
	bool subscribed, dump_wanted, closed;
	enum flowsync_readiness readiness;
	unsigned was;			/* 1 << readiness, of all there were */
	uint32_t alarms;
	int refuse;			/* with this errno, once the call is over */
	struct flow_key refused[FLOWS];
	unsigned refusals;
	unsigned datagrams;
	struct flow_key looks[FLOWS];	/* that were asked for since the last answer */
	unsigned look_count;
} routers[2];

static struct flowsync_options options;
static struct packet wire[WIRE];
static size_t wired;
static bool lossy;			/* datagrams are lost */
static bool deaf;			/* the stream, too */
static nsec_t now;
static uint8_t last_datagram[FLOWSYNC_DATAGRAM_MAX];
static size_t last_length;

static struct flow
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

static unsigned
number_of(const struct flow_key *key)
{
	return (unsigned)key->source[2] << 8 | key->source[3];
}

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
	memcpy(last_datagram, bytes, length);
	last_length = length;
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

/* ---- bench ---------------------------------------------------------------------------------- */

static void
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

static void
dump(struct router *r)
{
	r->dump_wanted = false;
	for (unsigned i = 0; i < FLOWS; i++) {
		if (r->kernel[i].has)
			flowsync_on_dump(r->sync, &r->kernel[i], now);
	}
	flowsync_on_dump_done(r->sync, true, now);
}

static void
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

/* So much time passes, in steps of 100 us, with turns of both loops. */
static void
pass(nsec_t duration)
{
	for (nsec_t end = now + duration; now < end; now += 100 * NSEC_PER_USEC) {
		for (unsigned i = 0; i < 2; i++) {
			struct router *r = &routers[i];

			if (flowsync_deadline(r->sync) <= now)
				flowsync_on_time(r->sync, now);
			if (r->dump_wanted)
				dump(r);
			flowsync_flush(r->sync, now);
			for (unsigned k = 0; k < r->refusals; k++)
				flowsync_on_refused(r->sync, FLOW_UPSERT, &r->refused[k], r->refuse,
				                    now);
			r->refusals = 0;
		}
		deliver();
	}
}

static void
connect_both(void)
{
	static uint64_t nonce = 1;

	flowsync_on_connected(routers[0].sync, nonce++, now);
	flowsync_on_connected(routers[1].sync, nonce++, now);
	routers[0].closed = routers[1].closed = false;
}

static void
disconnect_both(void)
{
	for (size_t i = 0; i < wired; i++)
		free(wire[i].bytes);
	wired = 0;
	flowsync_on_disconnected(routers[0].sync, now);
	flowsync_on_disconnected(routers[1].sync, now);
}

static struct flowsync_status
status(unsigned which)
{
	struct flowsync_status status;

	flowsync_status(routers[which].sync, now, &status);
	return status;
}

static uint64_t
fault(unsigned which, enum flow_fault fault)
{
	return flowsync_tally(routers[which].sync)->faults[fault];
}

/* The kernel of the active router has it, and says so. */
static void
news(unsigned which, const struct flow *flow)
{
	routers[which].kernel[number_of(&flow->key)] = *flow;
	flowsync_on_news(routers[which].sync, FLOW_UPSERT, flow, true, now);
}

static void
gone(unsigned which, unsigned number)
{
	struct flow flow = flow_of(number);

	routers[which].kernel[number].has = 0;
	flowsync_on_news(routers[which].sync, FLOW_DELETE, &flow, false, now);
}

static unsigned
held_by(unsigned which)
{
	unsigned count = 0;

	for (unsigned i = 0; i < FLOWS; i++)
		count += routers[which].kernel[i].has != 0;
	return count;
}

static int
set_up(void **state)
{
	(void)state;
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

/* Router 0 forwards, router 1 stands by, all is well. */
static int
set_up_pair(void **state)
{
	set_up(state);
	start(0);
	start(1);
	flowsync_on_role(routers[0].sync, FLOWSYNC_ACTIVE, now);
	flowsync_on_role(routers[1].sync, FLOWSYNC_STANDBY, now);
	connect_both();
	pass(NSEC_PER_SEC);
	assert_int_equal(routers[1].readiness, FLOWSYNC_SYNCED);
	assert_int_equal(routers[0].readiness, FLOWSYNC_SYNCED);
	return 0;
}

static int
tear_down(void **state)
{
	(void)state;
	for (size_t i = 0; i < wired; i++)
		free(wire[i].bytes);
	wired = 0;
	for (unsigned i = 0; i < 2; i++) {
		free(routers[i].memory);
		routers[i].memory = NULL;
	}
	return 0;
}

/* ---- telling -------------------------------------------------------------------------------- */

static void
test_first_change_leaves_at_once_with_a_long_timer(void **state)
{
	struct flow flow = flow_of(1);
	unsigned datagrams;

	(void)state;
	datagrams = routers[0].datagrams;
	news(0, &flow);
	flowsync_flush(routers[0].sync, now);
	assert_int_equal(routers[0].datagrams, datagrams + 1);
	/* Head and one record. */
	assert_int_equal(last_length, 22 + 19);
	deliver();
	assert_int_equal(routers[1].kernel[1].tcp.state, 3);
	assert_int_equal(routers[1].kernel[1].timeout, 300 + options.long_timer);
	assert_true(status(0).lost_now == 1);
	pass(2 * NSEC_PER_MSEC);
	assert_true(status(0).lost_now == 0);
}

static void
test_changes_of_one_flow_coalesce_in_one_record(void **state)
{
	struct flow flow = flow_of(1);
	uint64_t upserts = flowsync_tally(routers[0].sync)->counts[FLOW_UPSERTS_SENT];

	(void)state;
	for (unsigned i = 0; i < 100; i++) {
		flow.tcp.state = (uint8_t)(1 + i % 8);
		news(0, &flow);
	}
	pass(5 * NSEC_PER_MSEC);
	assert_int_equal(flowsync_tally(routers[0].sync)->counts[FLOW_UPSERTS_SENT], upserts + 1);
	assert_int_equal(routers[1].kernel[1].tcp.state, flow.tcp.state);
}

static void
test_news_that_say_nothing_new_are_not_told(void **state)
{
	struct flow flow = flow_of(1);
	uint64_t upserts;

	(void)state;
	news(0, &flow);
	pass(5 * NSEC_PER_MSEC);
	upserts = flowsync_tally(routers[0].sync)->counts[FLOW_UPSERTS_SENT];
	flow.timeout = 17;
	flowsync_on_news(routers[0].sync, FLOW_UPSERT, &flow, false, now);
	pass(5 * NSEC_PER_MSEC);
	assert_int_equal(flowsync_tally(routers[0].sync)->counts[FLOW_UPSERTS_SENT], upserts);
}

static void
test_short_flow_without_nat_never_reaches_the_wire(void **state)
{
	struct flow plain = flow_of(1), translated = flow_of(2);

	(void)state;
	options.hold_down = 200 * NSEC_PER_MSEC;
	flowsync_adopt(routers[0].sync, &options, now);
	translated.has |= FLOW_HAS_SOURCE_NAT;
	translated.source_nat.port = 7;
	news(0, &plain);
	news(0, &translated);
	pass(100 * NSEC_PER_MSEC);
	assert_int_equal(routers[1].kernel[1].has, 0);
	assert_int_not_equal(routers[1].kernel[2].has, 0);
	assert_int_equal(status(0).held, 1);
	gone(0, 1);
	pass(300 * NSEC_PER_MSEC);
	assert_int_equal(routers[1].puts, 1);
	assert_int_equal(flowsync_tally(routers[0].sync)->counts[FLOW_CANCELLED], 1);
	/* One that lives is told in the end. */
	news(0, &plain);
	pass(300 * NSEC_PER_MSEC);
	assert_int_not_equal(routers[1].kernel[1].has, 0);
}

/* What the kernel has of the flows that were asked about. */
static void
answer(unsigned which)
{
	struct router *r = &routers[which];

	for (unsigned i = 0; i < r->look_count; i++) {
		const struct flow *flow = &r->kernel[number_of(&r->looks[i])];

		if (flow->has)
			flowsync_on_looked(r->sync, flow, now);
	}
	r->look_count = 0;
}

/* Old enough to be told, if it is alive. */
static void
let_flow_grow_old(const struct flow *flow)
{
	options.hold_down = 200 * NSEC_PER_MSEC;
	flowsync_adopt(routers[0].sync, &options, now);
	news(0, flow);
	pass(210 * NSEC_PER_MSEC);
}

static void
test_connection_that_is_closed_by_then_is_not_told(void **state)
{
	struct flow flow = flow_of(1);
	uint64_t repaired = flowsync_tally(routers[1].sync)->counts[FLOW_REPAIRED];

	(void)state;
	let_flow_grow_old(&flow);
	assert_int_equal(routers[0].look_count, 1);
	routers[0].kernel[1].tcp.state = FLOW_TCP_TIME_WAIT;
	answer(0);
	pass(10 * NSEC_PER_SEC);
	assert_int_equal(routers[1].puts, 0);
	assert_int_equal(flowsync_tally(routers[1].sync)->counts[FLOW_REPAIRED], repaired);
	assert_int_equal(status(0).lost_now, 0);
	gone(0, 1);
	pass(100 * NSEC_PER_MSEC);
	assert_int_equal(routers[1].removals, 0);
	assert_int_equal(status(0).flows, 0);
}

static void
test_connection_that_is_open_is_told_when_the_kernel_answers(void **state)
{
	struct flow flow = flow_of(1);

	(void)state;
	let_flow_grow_old(&flow);
	assert_int_equal(routers[1].puts, 0);
	assert_int_equal(status(0).lost_now, 1);
	answer(0);
	pass(NSEC_PER_MSEC);
	assert_int_equal(routers[1].puts, 1);
}

static void
test_connection_without_an_answer_is_told_soon(void **state)
{
	struct flow flow = flow_of(1);

	(void)state;
	let_flow_grow_old(&flow);
	pass(20 * NSEC_PER_MSEC);
	assert_int_equal(routers[1].puts, 0);
	pass(50 * NSEC_PER_MSEC);
	assert_int_equal(routers[1].puts, 1);
}

static void
test_connection_that_begins_anew_after_its_close_is_told(void **state)
{
	struct flow flow = flow_of(1), other = flow_of(2);

	(void)state;
	let_flow_grow_old(&flow);
	news(0, &other);
	pass(210 * NSEC_PER_MSEC);
	routers[0].kernel[1].tcp.state = routers[0].kernel[2].tcp.state = FLOW_TCP_CLOSE;
	answer(0);
	/* The news of the one are heard, those of the other only a dump shows. */
	news(0, &flow);
	routers[0].kernel[2] = other;
	pass(210 * NSEC_PER_MSEC);
	answer(0);
	pass(NSEC_PER_MSEC);
	assert_int_not_equal(routers[1].kernel[1].has, 0);
	assert_int_equal(routers[1].kernel[2].has, 0);
	flowsync_on_overrun(routers[0].sync, now);
	pass(3 * NSEC_PER_SEC);
	assert_int_not_equal(routers[1].kernel[2].has, 0);
}

static void
test_looks_become_few_where_no_connection_is_closed_so_soon(void **state)
{
	unsigned looks = 0;

	(void)state;
	options.hold_down = 200 * NSEC_PER_MSEC;
	flowsync_adopt(routers[0].sync, &options, now);
	for (unsigned i = 1; i <= 500; i++) {
		struct flow flow = flow_of(i);

		news(0, &flow);
		pass(NSEC_PER_MSEC);
		looks += routers[0].look_count;
		answer(0);
	}
	pass(300 * NSEC_PER_MSEC);
	looks += routers[0].look_count;
	assert_in_range(looks, 64, 64 + 500 / 16 + 1);
	assert_int_equal(held_by(1), 500);
}

static void
test_lost_datagrams_are_told_again_as_things_are_then(void **state)
{
	struct flow flow = flow_of(1);

	(void)state;
	lossy = true;
	news(0, &flow);
	flowsync_flush(routers[0].sync, now);
	flow.tcp.state = 5;
	news(0, &flow);
	pass(200 * NSEC_PER_MSEC);
	lossy = false;
	pass(1500 * NSEC_PER_MSEC);
	assert_int_equal(routers[1].kernel[1].tcp.state, 5);
	assert_true(flowsync_tally(routers[0].sync)->counts[FLOW_DATAGRAMS_LOST] > 0);
}

static void
test_old_datagram_does_not_revive_a_dead_flow(void **state)
{
	struct flow flow = flow_of(1);
	uint8_t birth[FLOWSYNC_DATAGRAM_MAX];
	size_t length;

	(void)state;
	lossy = true;
	news(0, &flow);
	flowsync_flush(routers[0].sync, now);
	memcpy(birth, last_datagram, last_length);
	length = last_length;
	lossy = false;
	now += NSEC_PER_MSEC;
	gone(0, 1);
	flowsync_flush(routers[0].sync, now);
	deliver();
	/* The end came first, the birth comes late. */
	flowsync_on_datagram(routers[1].sync, 0, birth, length, now, now);
	assert_int_equal(routers[1].kernel[1].has, 0);
	pass(NSEC_PER_SEC);
	assert_int_equal(routers[1].kernel[1].has, 0);
	assert_int_equal(status(1).flows, 0);
}

static void
test_end_that_was_lost_is_told_though_the_flow_came_and_went_again(void **state)
{
	struct flow flow = flow_of(1);

	(void)state;
	options.hold_down = 200 * NSEC_PER_MSEC;
	flowsync_adopt(routers[0].sync, &options, now);
	news(0, &flow);
	pass(300 * NSEC_PER_MSEC);
	assert_int_not_equal(routers[1].kernel[1].has, 0);
	/* Its end gets lost; it comes back, too young to be told, and ends once more. */
	lossy = true;
	gone(0, 1);
	pass(30 * NSEC_PER_MSEC);
	assert_true(flowsync_tally(routers[0].sync)->counts[FLOW_DATAGRAMS_LOST] > 0);
	news(0, &flow);
	gone(0, 1);
	lossy = false;
	pass(100 * NSEC_PER_MSEC);
	assert_int_equal(routers[1].kernel[1].has, 0);
	assert_int_equal(status(0).flows + status(1).flows, 0);
}

static void
test_refused_flow_is_dropped_by_who_is_promoted(void **state)
{
	struct flow flow = flow_of(1);

	(void)state;
	routers[1].refuse = EEXIST;
	news(0, &flow);
	pass(100 * NSEC_PER_MSEC);
	assert_int_equal(status(1).refused, 1);
	flowsync_on_role(routers[1].sync, FLOWSYNC_ACTIVE, now);
	pass(100 * NSEC_PER_MSEC);
	assert_int_equal(status(1).flows, 0);
	assert_int_equal(routers[1].alarms & 1u << FLOWSYNC_REFUSALS, 0);
}

static void
test_flow_with_other_nat_is_deleted_first(void **state)
{
	struct flow flow = flow_of(1);

	(void)state;
	news(0, &flow);
	pass(5 * NSEC_PER_MSEC);
	assert_int_equal(routers[1].removals, 0);
	flow.has |= FLOW_HAS_DESTINATION_NAT;
	flow.destination_nat.port = 8080;
	news(0, &flow);
	pass(5 * NSEC_PER_MSEC);
	assert_int_equal(routers[1].removals, 1);
	assert_int_equal(routers[1].kernel[1].destination_nat.port, 8080);
}

/* ---- repair --------------------------------------------------------------------------------- */

static void
test_first_synchronisation_brings_all_and_removes_the_rest(void **state)
{
	(void)state;
	for (unsigned i = 0; i < 2000; i++)
		routers[0].kernel[i] = flow_of(i);
	for (unsigned i = 1900; i < 2100; i++)
		routers[1].kernel[i] = flow_of(i);
	start(0);
	start(1);
	flowsync_on_role(routers[0].sync, FLOWSYNC_ACTIVE, now);
	flowsync_on_role(routers[1].sync, FLOWSYNC_STANDBY, now);
	assert_int_equal(routers[1].readiness, FLOWSYNC_INIT);
	connect_both();
	pass(20 * NSEC_PER_MSEC);
	assert_int_equal(routers[1].readiness, FLOWSYNC_BULK);
	pass(2 * NSEC_PER_SEC);
	assert_int_equal(routers[1].readiness, FLOWSYNC_SYNCED);
	assert_int_equal(held_by(1), 2000);
	assert_int_equal(routers[1].removals, 100);
	assert_int_equal(status(1).flows, 2000);
	assert_true(status(0).agreed_at > 0);
}

static void
test_restarted_standby_keeps_what_is_right(void **state)
{
	(void)state;
	for (unsigned i = 0; i < 1000; i++) {
		struct flow flow = flow_of(i);

		news(0, &flow);
	}
	pass(100 * NSEC_PER_MSEC);
	assert_int_equal(held_by(1), 1000);
	disconnect_both();
	start(1);
	routers[1].puts = routers[1].removals = 0;
	flowsync_on_role(routers[1].sync, FLOWSYNC_STANDBY, now);
	gone(0, 5);
	connect_both();
	pass(2 * NSEC_PER_SEC);
	assert_int_equal(routers[1].readiness, FLOWSYNC_SYNCED);
	assert_int_equal(routers[1].puts, 0);
	assert_int_equal(routers[1].removals, 1);
}

static void
test_restarted_active_router_does_not_send_everything(void **state)
{
	(void)state;
	for (unsigned i = 0; i < 1000; i++) {
		struct flow flow = flow_of(i);

		news(0, &flow);
	}
	pass(100 * NSEC_PER_MSEC);
	disconnect_both();
	/* While it was away, two flows ended and one began. */
	routers[0].kernel[1].has = routers[0].kernel[2].has = 0;
	routers[0].kernel[2000] = flow_of(2000);
	start(0);
	flowsync_on_role(routers[0].sync, FLOWSYNC_ACTIVE, now);
	connect_both();
	pass(2 * NSEC_PER_SEC);
	assert_int_equal(held_by(1), 999);
	assert_int_equal(routers[1].kernel[1].has, 0);
	assert_int_not_equal(routers[1].kernel[2000].has, 0);
	assert_true(flowsync_tally(routers[0].sync)->counts[FLOW_UPSERTS_SENT] < 10);
}

static void
test_lost_news_are_found_by_a_dump(void **state)
{
	struct flow flow = flow_of(1);

	(void)state;
	news(0, &flow);
	pass(2 * NSEC_PER_SEC);
	routers[0].kernel[1].has = 0;
	routers[0].kernel[2] = flow_of(2);
	flowsync_on_overrun(routers[0].sync, now);
	pass(NSEC_PER_SEC);
	assert_int_equal(routers[1].kernel[1].has, 0);
	assert_int_not_equal(routers[1].kernel[2].has, 0);
	assert_int_equal(flowsync_tally(routers[0].sync)->counts[FLOW_DUMP_CORRECTIONS], 2);
}

static void
test_late_dump_record_does_not_revive_a_dead_flow(void **state)
{
	struct flow flow = flow_of(1), never = flow_of(2);

	(void)state;
	news(0, &flow);
	pass(2 * NSEC_PER_SEC);
	flowsync_on_overrun(routers[0].sync, now);
	flowsync_on_time(routers[0].sync, now);
	assert_true(routers[0].dump_wanted);
	routers[0].dump_wanted = false;
	gone(0, 1);
	gone(0, 2);
	flowsync_on_dump(routers[0].sync, &flow, now);
	flowsync_on_dump(routers[0].sync, &never, now);
	flowsync_on_dump_done(routers[0].sync, true, now);
	pass(NSEC_PER_SEC);
	assert_int_equal(status(0).flows, 0);
	assert_int_equal(held_by(1), 0);
}

static void
test_standby_puts_back_what_its_kernel_lost(void **state)
{
	struct flow flow = flow_of(1);

	(void)state;
	options.verify_period = 2 * NSEC_PER_SEC;
	flowsync_adopt(routers[1].sync, &options, now);
	news(0, &flow);
	pass(10 * NSEC_PER_MSEC);
	routers[1].kernel[1].has = 0;
	pass(3 * NSEC_PER_SEC);
	assert_int_not_equal(routers[1].kernel[1].has, 0);
}

/* A key died and began anew, and the news of both got lost: nothing is left of the one before. */
static void
test_dump_takes_away_what_a_flow_does_not_have(void **state)
{
	struct flow flow = flow_of(1);

	(void)state;
	flow.has |= FLOW_HAS_SOURCE_NAT | FLOW_HAS_SEQADJ | FLOW_HAS_LABELS | FLOW_HAS_HELPER |
	            FLOW_HAS_MARK;
	flow.source_nat.port = 7;
	flow.seqadj[0].after = 9;
	flow.labels[3] = 1;
	flow.helper[0] = 'x';
	flow.mark = 8;
	news(0, &flow);
	pass(2 * NSEC_PER_SEC);
	assert_int_equal(routers[1].kernel[1].source_nat.port, 7);
	assert_int_equal(routers[1].kernel[1].seqadj[0].after, 9);
	routers[0].kernel[1] = flow_of(1);
	routers[0].kernel[1].status = 0;
	flowsync_on_overrun(routers[0].sync, now);
	pass(NSEC_PER_SEC);
	assert_int_not_equal(routers[1].kernel[1].has, 0);
	assert_int_equal(routers[1].kernel[1].has & (FLOW_HAS_SOURCE_NAT | FLOW_HAS_SEQADJ |
	                 FLOW_HAS_LABELS | FLOW_HAS_HELPER | FLOW_HAS_MARK), 0);
	assert_int_equal(routers[1].kernel[1].status, 0);
	assert_int_equal(routers[1].removals, 1);
}

/* ... and the first that is heard of the new one is that it changed. */
static void
test_change_with_another_nat_is_of_another_flow(void **state)
{
	struct flow flow = flow_of(1);

	(void)state;
	flow.has |= FLOW_HAS_SOURCE_NAT | FLOW_HAS_HELPER;
	flow.source_nat.port = 7;
	flow.helper[0] = 'x';
	news(0, &flow);
	pass(2 * NSEC_PER_SEC);
	routers[0].kernel[1] = flow = flow_of(1);
	flowsync_on_news(routers[0].sync, FLOW_UPSERT, &flow, false, now);
	pass(NSEC_PER_SEC);
	assert_int_equal(routers[1].kernel[1].has & (FLOW_HAS_SOURCE_NAT | FLOW_HAS_HELPER), 0);
	assert_int_not_equal(routers[1].kernel[1].has & FLOW_HAS_TCP, 0);
}

/* The kernel shows neither timer nor state of it. */
static void
test_dump_of_a_flow_in_hardware_keeps_its_state(void **state)
{
	struct flow flow = flow_of(1);

	(void)state;
	news(0, &flow);
	pass(2 * NSEC_PER_SEC);
	routers[0].kernel[1].has = FLOW_HAS_STATUS | FLOW_HAS_MARK;
	routers[0].kernel[1].timeout = 0;
	routers[0].kernel[1].mark = 5;
	memset(&routers[0].kernel[1].tcp, 0, sizeof(routers[0].kernel[1].tcp));
	flowsync_on_overrun(routers[0].sync, now);
	pass(NSEC_PER_SEC);
	assert_int_equal(routers[1].kernel[1].mark, 5);
	assert_int_equal(routers[1].kernel[1].tcp.state, 3);
	assert_int_equal(routers[1].kernel[1].timeout, 300 + options.long_timer);
}

/* ---- readiness ------------------------------------------------------------------------------ */

static void
tell_many(unsigned count, uint8_t state)
{
	for (unsigned i = 0; i < count; i++) {
		struct flow flow = flow_of(i);

		flow.tcp.state = state;
		news(0, &flow);
	}
}

static void
test_renewed_connection_changes_no_readiness(void **state)
{
	(void)state;
	tell_many(1000, 3);
	pass(NSEC_PER_SEC);
	routers[0].was = routers[1].was = 0;
	for (unsigned i = 0; i < 5; i++) {
		/* One of them hears the end of the old one first. */
		if (i % 2)
			flowsync_on_disconnected(routers[1].sync, now);
		connect_both();
		tell_many(100, (uint8_t)(4 + i % 2));
		pass(500 * NSEC_PER_MSEC);
	}
	assert_int_equal(routers[0].was | routers[1].was, 0);
	assert_int_equal(routers[1].readiness, FLOWSYNC_SYNCED);
	assert_int_equal(routers[1].kernel[99].tcp.state, 4);
	pass(5 * NSEC_PER_SEC);
	assert_int_equal(routers[0].was | routers[1].was, 0);
}

static void
test_standby_that_lost_its_partner_stays_ready_while_nothing_says_otherwise(void **state)
{
	(void)state;
	tell_many(3000, 3);
	pass(NSEC_PER_SEC);
	disconnect_both();
	pass(2 * NSEC_PER_SEC);
	assert_int_equal(routers[1].readiness, FLOWSYNC_SYNCED);
	pass(1500 * NSEC_PER_MSEC);
	assert_int_equal(routers[1].readiness, FLOWSYNC_STALE);
	assert_int_equal(routers[0].readiness, FLOWSYNC_ALONE);
	tell_many(100, 4);
	routers[1].was = 0;
	connect_both();
	pass(5 * NSEC_PER_SEC);
	assert_int_equal(routers[1].was, 1u << FLOWSYNC_SYNCED);
	/* Half of all buckets differ: that says otherwise. */
	disconnect_both();
	pass(4 * NSEC_PER_SEC);
	tell_many(3000, 5);
	routers[1].was = 0;
	connect_both();
	pass(5 * NSEC_PER_SEC);
	assert_true(routers[1].was & 1u << FLOWSYNC_BULK);
	assert_int_equal(routers[1].readiness, FLOWSYNC_SYNCED);
}

static void
test_another_partner_proves_nothing_of_the_one_before(void **state)
{
	(void)state;
	pass(NSEC_PER_SEC);
	disconnect_both();
	options.node[1] = 1;
	start(0);
	flowsync_on_role(routers[0].sync, FLOWSYNC_ACTIVE, now);
	routers[1].was = 0;
	connect_both();
	pass(5 * NSEC_PER_SEC);
	assert_int_equal(routers[1].was, 1u << FLOWSYNC_BULK | 1u << FLOWSYNC_SYNCED);
}

static void
test_router_whose_partner_died_is_alone_when_promoted(void **state)
{
	(void)state;
	disconnect_both();
	pass(100 * NSEC_PER_MSEC);
	flowsync_on_role(routers[1].sync, FLOWSYNC_ACTIVE, now);
	assert_int_equal(routers[1].readiness, FLOWSYNC_ALONE);
}

/* A datagram that overtakes the comparison touches some of what is compared. */
static void
test_first_comparison_under_load_is_repeated_soon(void **state)
{
	struct flow flow = flow_of(1);

	(void)state;
	disconnect_both();
	start(1);
	flowsync_on_role(routers[1].sync, FLOWSYNC_STANDBY, now);
	connect_both();
	deliver();
	assert_true(status(0).connected && status(1).connected);
	lossy = true;
	flow.tcp.state = 4;
	news(0, &flow);
	flowsync_flush(routers[0].sync, now);
	pass(49 * NSEC_PER_MSEC);
	assert_int_equal(routers[1].readiness, FLOWSYNC_BULK);
	lossy = false;
	flow.tcp.state = 5;
	news(0, &flow);
	pass(500 * NSEC_PER_MSEC);
	assert_int_equal(routers[1].readiness, FLOWSYNC_SYNCED);
	assert_int_equal(routers[0].readiness, FLOWSYNC_SYNCED);
}

/* ---- roles ---------------------------------------------------------------------------------- */

static void
test_promotion_subscribes_raises_the_epoch_and_asks_nothing_of_the_kernel(void **state)
{
	struct flow flow;
	uint32_t epoch;

	(void)state;
	for (unsigned i = 0; i < 1000; i++) {
		flow = flow_of(i);
		news(0, &flow);
	}
	pass(100 * NSEC_PER_MSEC);
	epoch = status(1).epoch;
	routers[1].puts = routers[1].removals = 0;
	flowsync_on_role(routers[1].sync, FLOWSYNC_ACTIVE, now);
	assert_true(routers[1].subscribed);
	assert_int_equal(status(1).epoch, epoch + 1);
	assert_int_equal(routers[1].puts + routers[1].removals + routers[1].retimed, 0);
	assert_int_equal(held_by(1), 1000);
}

static void
test_returning_old_master_is_fenced(void **state)
{
	struct flow flow = flow_of(1);

	(void)state;
	flowsync_on_role(routers[1].sync, FLOWSYNC_ACTIVE, now);
	pass(10 * NSEC_PER_MSEC);
	/* In a planned handover both forward for a moment. */
	assert_int_equal(routers[0].alarms, 0);
	assert_int_equal(routers[0].readiness, FLOWSYNC_SYNCED);
	pass(NSEC_PER_SEC);
	assert_true(routers[0].alarms & 1u << FLOWSYNC_BOTH_ACTIVE);
	assert_int_equal(routers[0].readiness, FLOWSYNC_ALONE);
	/* It speaks as if nothing had been: nobody believes it, then or after the other gave in. */
	news(0, &flow);
	pass(100 * NSEC_PER_MSEC);
	assert_int_equal(routers[1].kernel[1].has, 0);
	flowsync_on_role(routers[0].sync, FLOWSYNC_STANDBY, now);
	pass(5 * NSEC_PER_SEC);
	assert_int_equal(status(0).epoch, status(1).epoch);
	assert_int_equal(flowsync_tally(routers[1].sync)->counts[FLOW_LATE_NEWS], 0);
	assert_int_equal(routers[0].alarms & 1u << FLOWSYNC_BOTH_ACTIVE, 0);
}

static void
test_router_that_stays_active_wins_whatever_its_epoch(void **state)
{
	struct flow ours = flow_of(1), theirs = flow_of(2);

	(void)state;
	flowsync_on_role(routers[1].sync, FLOWSYNC_ACTIVE, now);
	pass(10 * NSEC_PER_MSEC);
	news(0, &ours);
	news(1, &theirs);
	pass(10 * NSEC_PER_MSEC);
	assert_true(status(1).epoch > status(0).epoch);
	flowsync_on_role(routers[1].sync, FLOWSYNC_STANDBY, now);
	pass(5 * NSEC_PER_SEC);
	assert_true(status(0).epoch == status(1).epoch);
	assert_int_not_equal(routers[1].kernel[1].has, 0);
	assert_int_not_equal(routers[0].kernel[2].has, 0);
	assert_int_equal(held_by(0), 2);
	assert_int_equal(held_by(1), 2);
	/* No oscillation: the epoch stays. */
	uint32_t epoch = status(0).epoch;

	pass(5 * NSEC_PER_SEC);
	assert_int_equal(status(0).epoch, epoch);
}

static void
test_datagram_of_an_older_epoch_changes_nothing(void **state)
{
	struct flow flow = flow_of(1);
	uint8_t old[FLOWSYNC_DATAGRAM_MAX];
	size_t length;

	(void)state;
	lossy = true;
	news(0, &flow);
	flowsync_flush(routers[0].sync, now);
	memcpy(old, last_datagram, last_length);
	length = last_length;
	lossy = false;
	flowsync_on_role(routers[1].sync, FLOWSYNC_ACTIVE, now);
	flowsync_on_datagram(routers[1].sync, 0, old, length, now, now);
	assert_int_equal(fault(1, FLOW_EPOCH), 1);
	flowsync_on_role(routers[1].sync, FLOWSYNC_STANDBY, now);
	flowsync_on_datagram(routers[1].sync, 0, old, length, now, now);
	assert_int_equal(fault(1, FLOW_EPOCH), 2);
	assert_int_equal(routers[1].kernel[1].has, 0);
}

/* A partner that was mad, or an enemy's, may have claimed any epoch: that ends with it. */
static void
test_no_epoch_is_the_last(void **state)
{
	static const uint32_t epochs[][2] = {
		{ 0x7fffffff, 0 }, { 0xffffffff, 0 }, { 0, 0x7fffffff }, { 0, 0x90000000 },
		{ 0x90000000, 5 },
	};

	for (size_t i = 0; i < ARRAY_SIZE(epochs); i++) {
		struct flow one = flow_of(1), other = flow_of(2);

		set_up(state);
		for (unsigned k = 0; k < 2; k++) {
			options.epoch = epochs[i][k];
			start(k);
		}
		flowsync_on_role(routers[0].sync, FLOWSYNC_ACTIVE, now);
		flowsync_on_role(routers[1].sync, FLOWSYNC_STANDBY, now);
		connect_both();
		news(0, &one);
		pass(2 * NSEC_PER_SEC);
		assert_int_equal(routers[1].readiness, FLOWSYNC_SYNCED);
		assert_int_equal(held_by(1), 1);
		flowsync_on_role(routers[0].sync, FLOWSYNC_STANDBY, now);
		flowsync_on_role(routers[1].sync, FLOWSYNC_ACTIVE, now);
		news(1, &other);
		pass(2 * NSEC_PER_SEC);
		assert_int_equal(routers[0].readiness, FLOWSYNC_SYNCED);
		assert_int_equal(held_by(0), 2);
		tear_down(state);
	}
}

static void
test_timers_are_put_right_some_time_after_a_promotion(void **state)
{
	struct flow idle = flow_of(1), busy = flow_of(2), forever = flow_of(3);

	(void)state;
	forever.timeout = 432000;
	news(0, &idle);
	news(0, &busy);
	news(0, &forever);
	pass(100 * NSEC_PER_MSEC);
	disconnect_both();
	flowsync_on_role(routers[1].sync, FLOWSYNC_ACTIVE, now);
	/* A packet gives a flow the kernel's own timer. */
	routers[1].kernel[2].timeout = 300;
	pass(100 * NSEC_PER_MSEC);
	assert_int_equal(routers[1].retimed, 0);
	now += 19 * NSEC_PER_SEC;
	pass(2 * NSEC_PER_SEC);
	assert_int_equal(routers[1].retimed, 2);
	assert_in_range(routers[1].kernel[1].timeout, 270, 285);
	assert_int_equal(routers[1].kernel[2].timeout, 300);
	assert_int_equal(routers[1].kernel[3].timeout, options.idle_limit);
}

static void
test_sweep_says_when_it_begins_and_what_is_left(void **state)
{
	struct flow flow;

	(void)state;
	options.sweep_time = NSEC_PER_SEC;
	flowsync_adopt(routers[1].sync, &options, now);
	for (unsigned i = 0; i < 2000; i++) {
		flow = flow_of(i);
		news(0, &flow);
	}
	pass(NSEC_PER_SEC);
	disconnect_both();
	flowsync_on_role(routers[1].sync, FLOWSYNC_ACTIVE, now);
	assert_true(status(1).sweep_at > now);
	assert_false(status(1).sweeping);
	now += 20 * NSEC_PER_SEC;
	pass(100 * NSEC_PER_MSEC);
	assert_true(status(1).sweeping);
	assert_int_equal(status(1).sweep_at, 0);
	assert_in_range(status(1).sweep_left, 1, 1990);
	pass(2 * NSEC_PER_SEC);
	assert_false(status(1).sweeping);
	assert_int_equal(status(1).sweep_left, 0);
	assert_int_equal(routers[1].retimed, 2000);
}

static void
test_no_dump_begins_together_with_a_promotion(void **state)
{
	(void)state;
	flowsync_on_role(routers[1].sync, FLOWSYNC_ACTIVE, now);
	flowsync_on_overrun(routers[1].sync, now);
	flowsync_on_time(routers[1].sync, now);
	assert_false(routers[1].dump_wanted);
	now += 99 * NSEC_PER_MSEC;
	flowsync_on_time(routers[1].sync, now);
	assert_false(routers[1].dump_wanted);
	now += NSEC_PER_MSEC;
	assert_true(flowsync_deadline(routers[1].sync) <= now);
	flowsync_on_time(routers[1].sync, now);
	assert_true(routers[1].dump_wanted);
}

static void
test_demoted_router_winds_its_timers_up(void **state)
{
	struct flow flow = flow_of(1);

	(void)state;
	news(0, &flow);
	pass(100 * NSEC_PER_MSEC);
	flowsync_on_role(routers[0].sync, FLOWSYNC_STANDBY, now);
	assert_false(routers[0].subscribed);
	flowsync_on_role(routers[1].sync, FLOWSYNC_ACTIVE, now);
	pass(NSEC_PER_SEC);
	assert_true(routers[0].kernel[1].timeout > options.long_timer);
}

/* ---- what outlives a change of masters ------------------------------------------------------ */

static uint64_t
count(unsigned which, enum flow_count count)
{
	return flowsync_tally(routers[which].sync)->counts[count];
}

static void
hand_over(void)
{
	flowsync_expect_handover(routers[1].sync, now);
	flowsync_on_role(routers[1].sync, FLOWSYNC_ACTIVE, now);
	pass(NSEC_PER_MSEC);
}

static void
test_planned_handover_hears_what_the_old_master_still_forwards(void **state)
{
	struct flow known = flow_of(1), young = flow_of(2), both = flow_of(3);
	struct flow gone_here = flow_of(4);

	(void)state;
	news(0, &known);
	news(0, &both);
	news(0, &gone_here);
	pass(NSEC_PER_SEC);
	hand_over();
	both.tcp.state = 4;
	news(1, &both);
	gone(1, 4);
	pass(NSEC_PER_MSEC);
	known.tcp.state = both.tcp.state = gone_here.tcp.state = 7;
	news(0, &known);
	news(0, &young);
	news(0, &both);
	news(0, &gone_here);
	pass(10 * NSEC_PER_MSEC);
	assert_int_equal(routers[1].kernel[1].tcp.state, 7);
	assert_int_equal(routers[1].kernel[2].tcp.state, 3);
	/* Its own timer, not a standby router's. */
	assert_int_equal(routers[1].kernel[2].timeout, 300);
	assert_int_equal(routers[1].kernel[3].tcp.state, 4);
	assert_int_equal(routers[1].kernel[4].has, 0);
	assert_int_equal(count(1, FLOW_LATE_NEWS), 2);
	/* It forwards no more, and follows: nothing is removed, and nothing differs. */
	flowsync_on_role(routers[0].sync, FLOWSYNC_STANDBY, now);
	pass(5 * NSEC_PER_SEC);
	assert_int_equal(held_by(0), 3);
	assert_int_equal(routers[0].kernel[3].tcp.state, 4);
	assert_int_equal(routers[0].readiness, FLOWSYNC_SYNCED);
}

static void
test_end_told_in_a_handover_ends_nothing(void **state)
{
	struct flow flow = flow_of(1);

	(void)state;
	news(0, &flow);
	pass(NSEC_PER_SEC);
	hand_over();
	gone(0, 1);
	pass(10 * NSEC_PER_MSEC);
	/* A packet may have gone through here meanwhile, of which no kernel tells. */
	assert_int_not_equal(routers[1].kernel[1].has, 0);
}

static void
test_end_of_an_earlier_handover_does_not_count_in_the_next_one(void **state)
{
	struct flow flow = flow_of(1);

	(void)state;
	news(0, &flow);
	pass(NSEC_PER_SEC);
	hand_over();
	gone(1, 1);
	flowsync_flush(routers[1].sync, now);
	flowsync_on_role(routers[1].sync, FLOWSYNC_STANDBY, now);
	/* No repair comes between. */
	lossy = true;
	pass(NSEC_PER_MSEC);
	hand_over();
	lossy = false;
	flow.tcp.state = 5;
	news(0, &flow);
	pass(10 * NSEC_PER_MSEC);
	assert_int_equal(routers[1].kernel[1].has ? routers[1].kernel[1].tcp.state : 0, 5);
}

/* Numbers of datagrams go round; what our own kernel ended has none of them. */
static void
start_at(uint32_t sequence)
{
	tear_down(NULL);
	set_up(NULL);
	options.sequence = sequence;
	start(0);
	start(1);
	flowsync_on_role(routers[0].sync, FLOWSYNC_ACTIVE, now);
	flowsync_on_role(routers[1].sync, FLOWSYNC_STANDBY, now);
	connect_both();
	pass(NSEC_PER_SEC);
	assert_int_equal(routers[1].readiness, FLOWSYNC_SYNCED);
}

static uint32_t
sequence_told(void)
{
	return (uint32_t)last_datagram[10] << 24 | (uint32_t)last_datagram[11] << 16 |
	       (uint32_t)last_datagram[12] << 8 | last_datagram[13];
}

static void
test_ends_of_a_handover_keep_no_later_ends_whatever_the_numbers(void **state)
{
	static const uint32_t places[] = { 0, UINT32_MAX / 2 - 2000, UINT32_MAX / 2 + 20000,
	                                   UINT32_MAX - 20000 };
	struct flow flow = flow_of(1);

	(void)state;
	for (unsigned i = 0; i < ARRAY_SIZE(places); i++) {
		start_at(places[i]);
		options.capacity = 4000;
		news(0, &flow);
		pass(NSEC_PER_SEC);
		hand_over();
		gone(1, 1);
		pass(50 * NSEC_PER_MSEC);
		flowsync_on_role(routers[0].sync, FLOWSYNC_STANDBY, now);
		pass(50 * NSEC_PER_MSEC);
		flowsync_on_role(routers[1].sync, FLOWSYNC_STANDBY, now);
		flowsync_on_role(routers[0].sync, FLOWSYNC_ACTIVE, now);
		pass(NSEC_PER_SEC);
		for (unsigned k = 0; k < 9000; k++) {
			struct flow other = flow_of(2 + k % 2900);

			news(0, &other);
			flowsync_flush(routers[0].sync, now);
			deliver();
			gone(0, 2 + k % 2900);
			if (k % 20 == 0)
				pass(NSEC_PER_MSEC);
		}
		pass(NSEC_PER_SEC);
		assert_int_equal(routers[1].alarms, 0);
		assert_int_equal(count(1, FLOW_TABLE_FULL), 0);
		/* Nothing dead is left to be looked at now and then. */
		assert_true(flowsync_deadline(routers[1].sync) > now + 20 * NSEC_PER_MSEC);
	}
}

/* What the old master told long ago, or at another time than ours, is not what our kernel told. */
static void
test_late_news_count_whatever_the_numbers(void **state)
{
	struct flow flow = flow_of(1);

	(void)state;
	/* Known from a dump: no datagram told of it; and from the other half of the circle. */
	start_at(UINT32_MAX - 20000);
	news(0, &flow);
	pass(NSEC_PER_SEC);
	hand_over();
	flow.tcp.state = 5;
	news(0, &flow);
	pass(10 * NSEC_PER_MSEC);
	assert_int_equal(routers[1].kernel[1].tcp.state, 5);
	assert_int_equal(count(1, FLOW_LATE_NEWS), 1);
}

static void
test_lone_flow_that_the_kernel_refuses_is_dropped_whatever_the_numbers(void **state)
{
	struct flow flow = flow_of(1);

	(void)state;
	start_at(UINT32_MAX - 20000);
	/* Lone here, in a time that is over. */
	disconnect_both();
	flowsync_on_role(routers[1].sync, FLOWSYNC_ACTIVE, now);
	news(1, &flow);
	pass(NSEC_PER_SEC);
	flowsync_on_role(routers[1].sync, FLOWSYNC_STANDBY, now);
	connect_both();
	pass(5 * NSEC_PER_SEC);
	assert_int_equal(count(0, FLOW_MERGED), 1);
	flowsync_on_role(routers[0].sync, FLOWSYNC_STANDBY, now);
	flowsync_on_role(routers[1].sync, FLOWSYNC_ACTIVE, now);
	pass(NSEC_PER_SEC);
	assert_int_equal(status(1).flows, 1);
	flowsync_on_refused(routers[1].sync, FLOW_UPSERT, &flow.key, EEXIST, now);
	assert_int_equal(status(1).flows, 0);
}

/* Who begins anew knows of no number, and takes over those of the other one. */
static void
test_numbers_go_on_when_the_partner_begins_anew(void **state)
{
	static const uint32_t places[] = { 0, UINT32_MAX / 2 + 20000, UINT32_MAX - 20000 };
	struct flow flow = flow_of(1);

	(void)state;
	for (unsigned i = 0; i < ARRAY_SIZE(places); i++) {
		uint32_t before;

		start_at(places[i]);
		news(0, &flow);
		flowsync_flush(routers[0].sync, now);
		deliver();
		before = sequence_told();
		assert_in_range(before - places[i], 1, 10000);
		disconnect_both();
		options.sequence = 0;
		start(1);
		flowsync_on_role(routers[1].sync, FLOWSYNC_STANDBY, now);
		connect_both();
		pass(NSEC_PER_SEC);
		flow.tcp.state = (uint8_t)(4 + i);
		news(0, &flow);
		flowsync_flush(routers[0].sync, now);
		assert_in_range(sequence_told() - before, 1, 10000);
		deliver();
		/* The other way round, too. */
		before = sequence_told();
		disconnect_both();
		start(0);
		flowsync_on_role(routers[0].sync, FLOWSYNC_ACTIVE, now);
		connect_both();
		pass(NSEC_PER_SEC);
		news(0, &flow);
		flow.tcp.state = 7;
		news(0, &flow);
		flowsync_flush(routers[0].sync, now);
		assert_in_range(sequence_told() - before, 1, 10000);
	}
}

static void
test_handover_is_over_after_two_seconds(void **state)
{
	struct flow flow = flow_of(1);

	(void)state;
	hand_over();
	pass(2 * NSEC_PER_SEC);
	news(0, &flow);
	pass(100 * NSEC_PER_MSEC);
	assert_int_equal(routers[1].kernel[1].has, 0);
	assert_int_equal(count(1, FLOW_LATE_NEWS), 0);
}

static void
test_unplanned_promotion_hears_nothing_of_the_old_master(void **state)
{
	struct flow flow = flow_of(1);
	unsigned datagrams;

	(void)state;
	flowsync_on_role(routers[1].sync, FLOWSYNC_ACTIVE, now);
	pass(NSEC_PER_MSEC);
	datagrams = routers[0].datagrams;
	news(0, &flow);
	pass(100 * NSEC_PER_MSEC);
	assert_int_equal(routers[1].kernel[1].has, 0);
	assert_int_equal(routers[0].datagrams, datagrams);
}

/* It hung while the other one took over, and speaks of then, in a new session or the old. */
static void
test_router_back_from_the_dead_tells_nobody(void **state)
{
	struct flow flow = flow_of(1);
	uint8_t old[FLOWSYNC_DATAGRAM_MAX];
	size_t length;

	(void)state;
	lossy = true;
	news(0, &flow);
	flowsync_flush(routers[0].sync, now);
	memcpy(old, last_datagram, last_length);
	length = last_length;
	lossy = false;
	/* Even if the promotion was a planned one, as far as anybody knew. */
	flowsync_expect_handover(routers[1].sync, now);
	flowsync_on_role(routers[1].sync, FLOWSYNC_ACTIVE, now);
	now += NSEC_PER_MSEC;
	flowsync_on_disconnected(routers[1].sync, now);
	flowsync_on_datagram(routers[1].sync, 0, old, length, now, now);
	disconnect_both();
	connect_both();
	deliver();
	flowsync_on_datagram(routers[1].sync, 0, old, length, now, now);
	assert_int_equal(fault(1, FLOW_SESSION), 2);
	assert_int_equal(routers[1].kernel[1].has, 0);
}

static void
test_datagrams_that_waited_at_a_promotion_count(void **state)
{
	struct flow first = flow_of(1), second = flow_of(2), third = flow_of(3);
	nsec_t arrival;

	(void)state;
	news(0, &first);
	pass(NSEC_PER_SEC);
	gone(0, 1);
	news(0, &second);
	flowsync_flush(routers[0].sync, now);
	arrival = now;
	now += NSEC_PER_MSEC;
	flowsync_on_role(routers[1].sync, FLOWSYNC_ACTIVE, now);
	now += NSEC_PER_MSEC;
	flowsync_on_datagram(routers[1].sync, 0, last_datagram, last_length, arrival, now);
	assert_int_equal(routers[1].kernel[1].has, 0);
	assert_int_not_equal(routers[1].kernel[2].has, 0);
	/* What arrived later is of a router that should be dead. */
	news(0, &third);
	flowsync_flush(routers[0].sync, now);
	flowsync_on_datagram(routers[1].sync, 0, last_datagram, last_length, now, now);
	assert_int_equal(fault(1, FLOW_EPOCH), 1);
	assert_int_equal(routers[1].kernel[3].has, 0);
	/* So is all, when it is not known what our own kernel did. */
	flowsync_on_overrun(routers[1].sync, now);
	flowsync_on_datagram(routers[1].sync, 0, last_datagram, last_length, arrival, now);
	assert_int_equal(fault(1, FLOW_EPOCH), 2);
}

static void
test_last_news_leave_before_a_demotion(void **state)
{
	struct flow flow = flow_of(1);

	(void)state;
	options.hold_down = 200 * NSEC_PER_MSEC;
	flowsync_adopt(routers[0].sync, &options, now);
	news(0, &flow);
	flowsync_on_role(routers[0].sync, FLOWSYNC_STANDBY, now);
	deliver();
	assert_int_not_equal(routers[1].kernel[1].has, 0);
}

/* Both forward; then one gives in. */
static void
test_flows_of_a_split_are_merged_and_conflicts_go_to_the_winner(void **state)
{
	struct flow old = flow_of(1), ended = flow_of(2), ours = flow_of(3), theirs = flow_of(4);
	struct flow both = flow_of(5);

	(void)state;
	news(0, &old);
	news(0, &ended);
	pass(NSEC_PER_SEC);
	disconnect_both();
	flowsync_on_role(routers[1].sync, FLOWSYNC_ACTIVE, now);
	gone(0, 2);
	news(0, &ours);
	news(1, &theirs);
	both.tcp.state = 5;
	news(0, &both);
	both.tcp.state = 6;
	news(1, &both);
	pass(30 * NSEC_PER_SEC);
	flowsync_on_role(routers[1].sync, FLOWSYNC_STANDBY, now);
	pass(100 * NSEC_PER_MSEC);
	connect_both();
	pass(5 * NSEC_PER_SEC);
	for (unsigned i = 0; i < 2; i++) {
		assert_int_not_equal(routers[i].kernel[1].has, 0);
		/* The loser had it from the winner, where it ended: it is not revived. */
		assert_int_equal(routers[i].kernel[2].has, 0);
		assert_int_not_equal(routers[i].kernel[3].has, 0);
		assert_int_not_equal(routers[i].kernel[4].has, 0);
		assert_int_equal(routers[i].kernel[5].tcp.state, 5);
	}
	assert_int_equal(count(0, FLOW_MERGED), 1);
	assert_int_equal(count(1, FLOW_OFFERED), 1);
	assert_int_equal(routers[1].readiness, FLOWSYNC_SYNCED);
	assert_int_equal(routers[0].kernel[4].timeout, 300);
	/* It is offered once: ended at the winner, it is over. */
	gone(0, 4);
	pass(5 * NSEC_PER_SEC);
	assert_int_equal(routers[1].kernel[4].has, 0);
	assert_int_equal(count(0, FLOW_MERGED), 1);
}

static void
test_flow_of_a_split_that_the_winners_kernel_refuses_is_given_up(void **state)
{
	struct flow theirs = flow_of(1);

	(void)state;
	disconnect_both();
	flowsync_on_role(routers[1].sync, FLOWSYNC_ACTIVE, now);
	news(1, &theirs);
	pass(NSEC_PER_SEC);
	flowsync_on_role(routers[1].sync, FLOWSYNC_STANDBY, now);
	routers[0].refuse = EEXIST;
	connect_both();
	pass(5 * NSEC_PER_SEC);
	assert_int_equal(held_by(0), 0);
	assert_int_equal(held_by(1), 0);
	assert_int_equal(status(0).flows, 0);
	assert_int_equal(count(0, FLOW_REFUSED_CLASH), 1);
	assert_int_equal(routers[1].readiness, FLOWSYNC_SYNCED);
}

static void
test_flows_of_a_split_long_ago_are_removed(void **state)
{
	struct flow theirs = flow_of(1);

	(void)state;
	disconnect_both();
	flowsync_on_role(routers[1].sync, FLOWSYNC_ACTIVE, now);
	news(1, &theirs);
	pass(NSEC_PER_SEC);
	flowsync_on_role(routers[1].sync, FLOWSYNC_STANDBY, now);
	pass(100 * NSEC_PER_MSEC);
	now += 600 * NSEC_PER_SEC;
	connect_both();
	pass(5 * NSEC_PER_SEC);
	assert_int_equal(held_by(0), 0);
	assert_int_equal(held_by(1), 0);
}

/* Both agreed since: what the winner has no more when they meet again has ended. */
static void
test_flow_of_a_split_is_not_offered_once_both_agreed(void **state)
{
	struct flow theirs = flow_of(1);

	(void)state;
	disconnect_both();
	flowsync_on_role(routers[1].sync, FLOWSYNC_ACTIVE, now);
	news(1, &theirs);
	pass(NSEC_PER_SEC);
	flowsync_on_role(routers[1].sync, FLOWSYNC_STANDBY, now);
	connect_both();
	pass(5 * NSEC_PER_SEC);
	assert_int_equal(count(0, FLOW_MERGED), 1);
	disconnect_both();
	gone(0, 1);
	pass(NSEC_PER_SEC);
	connect_both();
	pass(5 * NSEC_PER_SEC);
	assert_int_equal(held_by(0), 0);
	assert_int_equal(held_by(1), 0);
}

/* The winner told the end of a flow before the split, in vain; the same addresses began to talk
 * anew at the loser.  All of that reaches the winner at once. */
static void
test_end_from_before_a_split_does_not_end_what_began_in_it(void **state)
{
	struct flow flow = flow_of(1);

	(void)state;
	news(0, &flow);
	pass(NSEC_PER_SEC);
	lossy = true;
	gone(0, 1);
	flowsync_flush(routers[0].sync, now);
	flowsync_on_role(routers[1].sync, FLOWSYNC_ACTIVE, now);
	gone(1, 1);
	flow.tcp.state = 5;
	news(1, &flow);
	flowsync_flush(routers[1].sync, now);
	flowsync_on_role(routers[1].sync, FLOWSYNC_STANDBY, now);
	deliver();
	/* The stream is faster than datagrams that get lost. */
	pass(2 * NSEC_PER_MSEC);
	assert_int_equal(count(1, FLOW_OFFERED), 1);
	lossy = false;
	pass(10 * NSEC_PER_SEC);
	for (unsigned i = 0; i < 2; i++)
		assert_int_equal(routers[i].kernel[1].has ? routers[i].kernel[1].tcp.state : 0, 5);
	assert_int_equal(count(0, FLOW_MERGED), 1);
	assert_int_equal(routers[1].readiness, FLOWSYNC_SYNCED);
}

/* The loser's kernel changed a flow, and its news were not read before the role was gone. */
static void
test_change_in_a_split_that_only_a_dump_shows_is_offered(void **state)
{
	struct flow flow = flow_of(1);

	(void)state;
	news(0, &flow);
	pass(NSEC_PER_SEC);
	disconnect_both();
	flowsync_on_role(routers[1].sync, FLOWSYNC_ACTIVE, now);
	gone(0, 1);
	routers[1].kernel[1].tcp.state = 5;
	flowsync_on_role(routers[1].sync, FLOWSYNC_STANDBY, now);
	pass(100 * NSEC_PER_MSEC);
	connect_both();
	pass(5 * NSEC_PER_SEC);
	for (unsigned i = 0; i < 2; i++)
		assert_int_equal(routers[i].kernel[1].has ? routers[i].kernel[1].tcp.state : 0, 5);
	assert_int_equal(count(0, FLOW_MERGED), 1);
}

/* Demoted with unread news, promoted again while the dump ran that should have found out. */
static void
test_dump_that_a_promotion_interrupted_does_not_make_the_table_known(void **state)
{
	struct flow flow = flow_of(1);

	(void)state;
	news(0, &flow);
	pass(NSEC_PER_SEC);
	disconnect_both();
	routers[0].kernel[1].has = 0;
	flowsync_on_role(routers[0].sync, FLOWSYNC_STANDBY, now);
	flowsync_on_time(routers[0].sync, now);
	assert_true(routers[0].dump_wanted);
	flowsync_on_role(routers[0].sync, FLOWSYNC_ACTIVE, now);
	dump(&routers[0]);
	/* The flow begins anew at the other one: the winner knows nothing that is younger. */
	flowsync_on_role(routers[1].sync, FLOWSYNC_ACTIVE, now);
	gone(1, 1);
	flow.tcp.state = 5;
	news(1, &flow);
	pass(10 * NSEC_PER_MSEC);
	flowsync_on_role(routers[1].sync, FLOWSYNC_STANDBY, now);
	connect_both();
	pass(5 * NSEC_PER_SEC);
	for (unsigned i = 0; i < 2; i++)
		assert_int_equal(routers[i].kernel[1].has ? routers[i].kernel[1].tcp.state : 0, 5);
	assert_int_equal(routers[1].readiness, FLOWSYNC_SYNCED);
}

static void
test_offer_that_nobody_asked_for_is_refused(void **state)
{
	static const uint8_t offer[] = { 0, 7, 9, 0, 0, 0, 1, 0, 0 };

	(void)state;
	flowsync_on_control(routers[0].sync, offer, sizeof(offer), now);
	flowsync_on_control(routers[1].sync, offer, sizeof(offer), now);
	assert_int_equal(fault(0, FLOW_ORDER), 1);
	assert_int_equal(fault(1, FLOW_ORDER), 1);
}

static void
test_claim_of_a_dead_partner_is_no_split(void **state)
{
	(void)state;
	deaf = lossy = true;
	pass(500 * NSEC_PER_MSEC);
	flowsync_on_role(routers[1].sync, FLOWSYNC_ACTIVE, now);
	pass(1500 * NSEC_PER_MSEC);
	assert_int_equal(routers[1].alarms, 0);
}

/* ---- trouble -------------------------------------------------------------------------------- */

static void
test_related_flow_waits_for_its_master(void **state)
{
	struct flow master = flow_of(1), child = flow_of(2), orphan = flow_of(3);

	(void)state;
	child.has |= FLOW_HAS_MASTER;
	child.master = master.key;
	orphan.has |= FLOW_HAS_MASTER;
	orphan.master = flow_of(9).key;
	news(0, &child);
	news(0, &orphan);
	pass(10 * NSEC_PER_MSEC);
	assert_int_equal(held_by(1), 0);
	assert_int_equal(status(1).parked, 2);
	news(0, &master);
	pass(10 * NSEC_PER_MSEC);
	assert_int_equal(held_by(1), 2);
	assert_true(routers[1].kernel[2].has & FLOW_HAS_MASTER);
	pass(3 * NSEC_PER_SEC);
	/* Better without a master than not at all. */
	assert_int_equal(held_by(1), 3);
	assert_false(routers[1].kernel[3].has & FLOW_HAS_MASTER);
}

static void
test_refused_flow_is_counted_and_asked_for_again(void **state)
{
	struct flow flow = flow_of(1);

	(void)state;
	routers[1].refuse = ENOMEM;
	news(0, &flow);
	pass(100 * NSEC_PER_MSEC);
	assert_int_equal(status(1).refused, 1);
	assert_int_equal(flowsync_tally(routers[1].sync)->counts[FLOW_REFUSED_MEMORY], 1);
	assert_true(routers[1].alarms & 1u << FLOWSYNC_REFUSALS);
	pass(NSEC_PER_SEC);
	assert_true(status(0).lost_now == 1);
	assert_int_equal(routers[1].readiness, FLOWSYNC_STALE);
	routers[1].refuse = 0;
	pass(3 * NSEC_PER_SEC);
	assert_int_equal(held_by(1), 1);
	assert_int_equal(routers[1].alarms, 0);
	assert_int_equal(routers[1].readiness, FLOWSYNC_SYNCED);
}

static void
test_full_table_is_said_and_heals(void **state)
{
	(void)state;
	tear_down(state);
	set_up(state);
	options.capacity = 100;
	start(0);
	start(1);
	flowsync_on_role(routers[0].sync, FLOWSYNC_ACTIVE, now);
	flowsync_on_role(routers[1].sync, FLOWSYNC_STANDBY, now);
	connect_both();
	pass(NSEC_PER_SEC);
	for (unsigned i = 0; i < 150; i++) {
		struct flow flow = flow_of(i);

		news(0, &flow);
	}
	pass(NSEC_PER_SEC);
	assert_int_equal(held_by(1), 100);
	assert_true(routers[0].alarms & 1u << FLOWSYNC_FULL);
	assert_int_equal(routers[0].readiness, FLOWSYNC_STALE);
	assert_int_equal(flowsync_tally(routers[0].sync)->counts[FLOW_TABLE_FULL], 50);
	for (unsigned i = 0; i < 80; i++)
		gone(0, i);
	pass(4 * NSEC_PER_SEC);
	assert_int_equal(held_by(1), 70);
	assert_int_equal(routers[0].alarms, 0);
	assert_int_equal(routers[0].readiness, FLOWSYNC_SYNCED);
}

static void
test_stream_carries_flows_when_datagrams_do_not_pass(void **state)
{
	(void)state;
	lossy = true;
	for (unsigned i = 0; i < 500; i++) {
		struct flow flow = flow_of(i);

		news(0, &flow);
	}
	pass(5 * NSEC_PER_SEC);
	assert_int_equal(held_by(1), 500);
	assert_true(routers[0].alarms & 1u << FLOWSYNC_PATH_DEAD);
}

static void
test_full_stream_is_waited_for_and_not_looked_at_all_the_time(void **state)
{
	(void)state;
	lossy = true;
	for (unsigned i = 0; i < 500; i++) {
		struct flow flow = flow_of(i);

		news(0, &flow);
	}
	pass(5 * NSEC_PER_SEC);
	assert_true(routers[0].alarms & 1u << FLOWSYNC_PATH_DEAD);
	/* The window grows again with what arrives through the stream. */
	for (unsigned i = 0; i < 60000; i++) {
		struct flow flow = flow_of(i % 2000);

		flow.tcp.state = 3 + i / 2000 % 2;
		news(0, &flow);
		if (i % 100 == 0)
			pass(200 * NSEC_PER_USEC);
	}
	deaf = true;
	for (unsigned i = 0; i < 2900; i++) {
		struct flow flow = flow_of(i);

		flow.tcp.state = 5;
		news(0, &flow);
	}
	pass(10 * NSEC_PER_MSEC);
	flowsync_on_time(routers[0].sync, now);
	assert_in_range(status(0).lost_now, 2000, 2900);
	assert_true(flowsync_deadline(routers[0].sync) > now);
}

static void
test_expectation_follows_its_master(void **state)
{
	struct flow master = flow_of(1);
	struct flow_expectation x = {
		.master = master.key, .expected = flow_of(2).key,
		.mask = { .family = 4, .protocol = 6 }, .timeout = 300, .helper = "ftp",
	};

	(void)state;
	flowsync_on_expectation(routers[0].sync, FLOW_UPSERT, &x, now);
	pass(10 * NSEC_PER_MSEC);
	assert_int_equal(routers[1].expected, 0);
	news(0, &master);
	pass(50 * NSEC_PER_MSEC);
	assert_int_equal(routers[1].expected, 1);
	assert_int_equal(status(1).expectations, 1);
	flowsync_on_expectation(routers[0].sync, FLOW_DELETE, &x, now);
	pass(50 * NSEC_PER_MSEC);
	assert_int_equal(routers[1].unexpected, 1);
	assert_int_equal(status(0).expectations + status(1).expectations, 0);
	pass(4 * NSEC_PER_SEC);
	assert_int_equal(routers[1].readiness, FLOWSYNC_SYNCED);
}

static void
test_refused_expectation_is_counted_by_reason(void **state)
{
	(void)state;
	flowsync_on_refused_expectation(routers[1].sync, ENOENT, now);
	flowsync_on_refused_expectation(routers[1].sync, EOPNOTSUPP, now);
	assert_int_equal(count(1, FLOW_REFUSED_MASTER), 1);
	assert_int_equal(count(1, FLOW_REFUSED_UNSUPPORTED), 1);
	assert_int_equal(count(1, FLOW_REFUSED_OTHER), 0);
	assert_int_equal(count(1, FLOW_REFUSED_EXPECTATIONS), 2);
}

/* Nothing is told, and a cable is pulled: the stream goes another way, or does not notice yet. */
static void
test_another_seed_forgets_nothing(void **state)
{
	const uint64_t seed[2] = { 0x1234, 0x5678 };
	uint64_t upserts, dumps;
	struct flow flow;

	(void)state;
	for (unsigned i = 0; i < FLOWS; i++) {
		flow = flow_of(i);
		news(0, &flow);
	}
	pass(NSEC_PER_SEC);
	assert_int_equal(held_by(1), FLOWS);
	disconnect_both();
	gone(0, 7);
	dumps = flowsync_tally(routers[0].sync)->counts[FLOW_DUMPS];
	upserts = flowsync_tally(routers[0].sync)->counts[FLOW_UPSERTS_SENT];
	flowsync_reseed(routers[0].sync, seed);
	flowsync_reseed(routers[1].sync, seed);
	connect_both();
	pass(4 * NSEC_PER_SEC);
	assert_int_equal(held_by(1), FLOWS - 1);
	assert_int_equal(routers[1].kernel[7].has, 0);
	assert_int_equal(routers[1].readiness, FLOWSYNC_SYNCED);
	/* Found where they are, and equal: neither read nor told again. */
	assert_int_equal(flowsync_tally(routers[0].sync)->counts[FLOW_DUMPS], dumps);
	assert_int_equal(flowsync_tally(routers[0].sync)->counts[FLOW_UPSERTS_SENT], upserts);
	flow = flow_of(8);
	flow.mark = 5;
	flow.has |= FLOW_HAS_MARK;
	news(0, &flow);
	pass(5 * NSEC_PER_MSEC);
	assert_int_equal(routers[1].kernel[8].mark, 5);
	assert_int_equal(status(0).flows, FLOWS - 1);
}

static void
test_dead_path_of_an_idle_pair_is_noticed_within_two_seconds(void **state)
{
	(void)state;
	pass(4500 * NSEC_PER_MSEC);
	assert_true(status(0).path_alive[0]);
	assert_true(status(1).path_alive[0]);
	lossy = true;
	pass(2 * NSEC_PER_SEC);
	assert_false(status(0).path_alive[0]);
	assert_true(routers[0].alarms & 1u << FLOWSYNC_PATH_DEAD);
	pass(NSEC_PER_SEC);
	assert_false(status(1).path_alive[0]);
	assert_true(status(0).path_heard[0] <= now - 3 * NSEC_PER_SEC);
	lossy = false;
	pass(200 * NSEC_PER_MSEC);
	assert_true(status(0).path_alive[0]);
	assert_true(status(1).path_alive[0]);
}

static void
test_silent_peer_is_hung_up_on(void **state)
{
	(void)state;
	deaf = lossy = true;
	pass(FLOWSYNC_PATIENCE + 100 * NSEC_PER_MSEC);
	assert_true(routers[0].closed);
	assert_true(routers[1].closed);
	assert_int_equal(routers[1].readiness, FLOWSYNC_STALE);
	assert_int_equal(routers[0].readiness, FLOWSYNC_ALONE);
}

static void
test_standby_without_a_peer_is_alone_after_a_while(void **state)
{
	(void)state;
	start(0);
	start(1);
	flowsync_on_role(routers[1].sync, FLOWSYNC_STANDBY, now);
	pass(NSEC_PER_SEC);
	assert_int_equal(routers[1].readiness, FLOWSYNC_INIT);
	now += options.startup_wait;
	pass(100 * NSEC_PER_MSEC);
	assert_int_equal(routers[1].readiness, FLOWSYNC_ALONE);
}

/* ---- what must not be believed -------------------------------------------------------------- */

static void
test_foreign_peer_is_hung_up_on(void **state)
{
	(void)state;
	start(0);
	options.seed[0]++;
	start(1);
	flowsync_on_role(routers[0].sync, FLOWSYNC_ACTIVE, now);
	flowsync_on_role(routers[1].sync, FLOWSYNC_STANDBY, now);
	connect_both();
	pass(10 * NSEC_PER_MSEC);
	assert_true(routers[0].closed && routers[1].closed);
	assert_int_equal(fault(0, FLOW_FOREIGN), 1);
	assert_true(routers[0].alarms & 1u << FLOWSYNC_FOREIGN);
}

static void
test_other_version_is_hung_up_on(void **state)
{
	const uint8_t hello[] = { 0, 4, 1, 2, 9, 0 };

	(void)state;
	start(0);
	flowsync_on_role(routers[0].sync, FLOWSYNC_ACTIVE, now);
	flowsync_on_connected(routers[0].sync, 1, now);
	flowsync_on_control(routers[0].sync, hello, 5, now);
	assert_false(routers[0].closed);
	flowsync_on_control(routers[0].sync, hello + 5, 1, now);
	assert_true(routers[0].closed);
	assert_int_equal(fault(0, FLOW_VERSION), 1);
}

static void
test_message_before_the_greeting_is_out_of_order(void **state)
{
	const uint8_t role[] = { 0, 6, 2, 1, 0, 0, 0, 9 };

	(void)state;
	start(0);
	flowsync_on_role(routers[0].sync, FLOWSYNC_ACTIVE, now);
	flowsync_on_connected(routers[0].sync, 1, now);
	flowsync_on_control(routers[0].sync, role, sizeof(role), now);
	assert_true(routers[0].closed);
	assert_int_equal(fault(0, FLOW_ORDER), 1);
}

static void
test_every_damaged_byte_of_a_datagram_is_survived(void **state)
{
	struct flow flow = flow_of(1);
	uint8_t bytes[FLOWSYNC_DATAGRAM_MAX];
	size_t length;

	(void)state;
	lossy = true;
	news(0, &flow);
	flowsync_flush(routers[0].sync, now);
	memcpy(bytes, last_datagram, last_length);
	length = last_length;
	/* Cut short anywhere: a named fault, and nothing changes. */
	for (size_t cut = 0; cut < length; cut++) {
		flowsync_on_datagram(routers[1].sync, 0, bytes, cut, now, now);
		if (cut != 22)		/* an empty datagram is one, too */
			assert_int_equal(held_by(1), 0);
		if (cut == 21)
			assert_int_equal(fault(1, FLOW_SHORT), 22);
	}
	assert_int_equal(held_by(1), 0);
	/* Of another connection, of an epoch that is over: the same. */
	bytes[2] ^= 1;
	flowsync_on_datagram(routers[1].sync, 0, bytes, length, now, now);
	assert_int_equal(fault(1, FLOW_SESSION), 1);
	bytes[2] ^= 1;
	bytes[9]--;
	flowsync_on_datagram(routers[1].sync, 0, bytes, length, now, now);
	assert_int_equal(fault(1, FLOW_EPOCH), 1);
	assert_int_equal(held_by(1), 0);
}

static void
test_faults_by_half_change_nothing_of_a_datagram(void **state)
{
	struct flow flow = flow_of(1);
	uint8_t bytes[FLOWSYNC_DATAGRAM_MAX];
	size_t length;

	(void)state;
	lossy = true;
	news(0, &flow);
	flow = flow_of(2);
	news(0, &flow);
	flowsync_flush(routers[0].sync, now);
	memcpy(bytes, last_datagram, last_length);
	length = last_length;
	/* The first record is sound, the last is not. */
	flowsync_on_datagram(routers[1].sync, 0, bytes, length - 1, now, now);
	assert_int_equal(held_by(1), 0);
	assert_int_equal(fault(1, FLOW_SHORT), 1);
	flowsync_on_datagram(routers[1].sync, 0, bytes, length, now, now);
	assert_int_equal(held_by(1), 2);
	flowsync_on_datagram(routers[1].sync, 0, bytes, length, now, now);
	assert_int_equal(fault(1, FLOW_REPLAYED) + fault(1, FLOW_LATE), 1);
}

static void
test_flows_can_be_walked_for_show(void **state)
{
	struct flowsync_view view;
	uint32_t cursor = 0;
	unsigned count = 0;

	(void)state;
	for (unsigned i = 0; i < 10; i++) {
		struct flow flow = flow_of(i);

		news(0, &flow);
	}
	gone(0, 3);
	pass(20 * NSEC_PER_MSEC);
	while (flowsync_next(routers[0].sync, &cursor, now, &view)) {
		assert_true(view.told);
		assert_int_not_equal(number_of(&view.flow.key), 3);
		assert_in_range(view.age, 19 * NSEC_PER_MSEC, 21 * NSEC_PER_MSEC);
		count++;
	}
	assert_int_equal(count, 9);
}

/* What is said of a flow's copy is what is known of it. */
static void
test_flow_is_said_to_be_held_only_by_a_partner_that_has_it(void **state)
{
	struct flowsync_view view;
	struct flow flow = flow_of(1);
	uint32_t cursor;

	(void)state;
	news(0, &flow);
	flowsync_flush(routers[0].sync, now);
	assert_true(flowsync_next(routers[0].sync, (cursor = 0, &cursor), now, &view));
	assert_false(view.told);	/* under way */
	pass(20 * NSEC_PER_MSEC);
	assert_true(flowsync_next(routers[0].sync, (cursor = 0, &cursor), now, &view));
	assert_true(view.told);
	assert_true(flowsync_next(routers[1].sync, (cursor = 0, &cursor), now, &view));
	assert_true(view.told);
	disconnect_both();
	pass(20 * NSEC_PER_MSEC);
	assert_true(flowsync_next(routers[0].sync, (cursor = 0, &cursor), now, &view));
	assert_false(view.told);
	/* A partner that lost it, and did not say so yet; then it waits for repair. */
	memset(routers[1].kernel, 0, sizeof(routers[1].kernel));
	start(1);
	flowsync_on_role(routers[1].sync, FLOWSYNC_STANDBY, now);
	connect_both();
	deliver();
	assert_true(status(0).connected);
	assert_int_equal(status(0).lost_now, 1);
	assert_true(flowsync_next(routers[0].sync, (cursor = 0, &cursor), now, &view));
	assert_false(view.told);
	lossy = true;
	pass(5 * NSEC_PER_MSEC);
	assert_true(flowsync_next(routers[0].sync, (cursor = 0, &cursor), now, &view));
	assert_false(view.told);
	lossy = false;
	pass(NSEC_PER_SEC);
	assert_true(flowsync_next(routers[0].sync, (cursor = 0, &cursor), now, &view));
	assert_true(view.told);
	assert_int_equal(status(0).lost_now, 0);
}

/* Told again as it was, its timer counts from then. */
static void
test_timer_that_is_told_again_counts_from_then(void **state)
{
	struct flow flow = flow_of(1);

	(void)state;
	news(0, &flow);
	pass(NSEC_PER_SEC);
	now += 200 * NSEC_PER_SEC;
	disconnect_both();
	start(0);
	flow.timeout = 290;
	routers[0].kernel[1] = flow;
	flowsync_on_role(routers[0].sync, FLOWSYNC_ACTIVE, now);
	connect_both();
	pass(NSEC_PER_SEC);
	/* A datagram that says it again, though nothing changed. */
	flow.tcp.state = 4;
	flowsync_on_news(routers[0].sync, FLOW_UPSERT, &flow, false, now);
	lossy = true;
	flowsync_flush(routers[0].sync, now);
	lossy = false;
	flow.tcp.state = 3;
	flowsync_on_news(routers[0].sync, FLOW_UPSERT, &flow, false, now);
	pass(100 * NSEC_PER_MSEC);
	assert_true(count(1, FLOW_SAME) > 0);
	flowsync_on_role(routers[1].sync, FLOWSYNC_ACTIVE, now);
	pass(100 * NSEC_PER_MSEC);
	now += 20 * NSEC_PER_SEC;
	pass(options.sweep_time / 10);
	assert_int_equal(routers[1].retimed, 1);
	assert_in_range(routers[1].kernel[1].timeout, 240, 290);
}

#define PAIR(function) cmocka_unit_test_setup_teardown(function, set_up_pair, tear_down)
#define PLAIN(function) cmocka_unit_test_setup_teardown(function, set_up, tear_down)

int
main(void)
{
	const struct CMUnitTest tests[] = {
		PAIR(test_first_change_leaves_at_once_with_a_long_timer),
		PAIR(test_changes_of_one_flow_coalesce_in_one_record),
		PAIR(test_news_that_say_nothing_new_are_not_told),
		PAIR(test_short_flow_without_nat_never_reaches_the_wire),
		PAIR(test_connection_that_is_closed_by_then_is_not_told),
		PAIR(test_connection_that_is_open_is_told_when_the_kernel_answers),
		PAIR(test_connection_without_an_answer_is_told_soon),
		PAIR(test_connection_that_begins_anew_after_its_close_is_told),
		PAIR(test_looks_become_few_where_no_connection_is_closed_so_soon),
		PAIR(test_lost_datagrams_are_told_again_as_things_are_then),
		PAIR(test_old_datagram_does_not_revive_a_dead_flow),
		PAIR(test_end_that_was_lost_is_told_though_the_flow_came_and_went_again),
		PAIR(test_refused_flow_is_dropped_by_who_is_promoted),
		PAIR(test_flow_with_other_nat_is_deleted_first),
		PLAIN(test_first_synchronisation_brings_all_and_removes_the_rest),
		PAIR(test_restarted_standby_keeps_what_is_right),
		PAIR(test_restarted_active_router_does_not_send_everything),
		PAIR(test_lost_news_are_found_by_a_dump),
		PAIR(test_late_dump_record_does_not_revive_a_dead_flow),
		PAIR(test_standby_puts_back_what_its_kernel_lost),
		PAIR(test_promotion_subscribes_raises_the_epoch_and_asks_nothing_of_the_kernel),
		PAIR(test_returning_old_master_is_fenced),
		PAIR(test_router_that_stays_active_wins_whatever_its_epoch),
		PAIR(test_datagram_of_an_older_epoch_changes_nothing),
		PLAIN(test_no_epoch_is_the_last),
		PAIR(test_timers_are_put_right_some_time_after_a_promotion),
		PAIR(test_demoted_router_winds_its_timers_up),
		PAIR(test_related_flow_waits_for_its_master),
		PAIR(test_refused_flow_is_counted_and_asked_for_again),
		PAIR(test_full_table_is_said_and_heals),
		PAIR(test_stream_carries_flows_when_datagrams_do_not_pass),
		PAIR(test_full_stream_is_waited_for_and_not_looked_at_all_the_time),
		PAIR(test_expectation_follows_its_master),
		PAIR(test_silent_peer_is_hung_up_on),
		PLAIN(test_standby_without_a_peer_is_alone_after_a_while),
		PLAIN(test_foreign_peer_is_hung_up_on),
		PLAIN(test_other_version_is_hung_up_on),
		PLAIN(test_message_before_the_greeting_is_out_of_order),
		PAIR(test_every_damaged_byte_of_a_datagram_is_survived),
		PAIR(test_faults_by_half_change_nothing_of_a_datagram),
		PAIR(test_flows_can_be_walked_for_show),
		PAIR(test_sweep_says_when_it_begins_and_what_is_left),
		PAIR(test_no_dump_begins_together_with_a_promotion),
		PAIR(test_planned_handover_hears_what_the_old_master_still_forwards),
		PAIR(test_end_told_in_a_handover_ends_nothing),
		PAIR(test_end_of_an_earlier_handover_does_not_count_in_the_next_one),
		PAIR(test_handover_is_over_after_two_seconds),
		PAIR(test_unplanned_promotion_hears_nothing_of_the_old_master),
		PAIR(test_router_back_from_the_dead_tells_nobody),
		PAIR(test_datagrams_that_waited_at_a_promotion_count),
		PAIR(test_last_news_leave_before_a_demotion),
		PAIR(test_flows_of_a_split_are_merged_and_conflicts_go_to_the_winner),
		PAIR(test_flow_of_a_split_that_the_winners_kernel_refuses_is_given_up),
		PAIR(test_flows_of_a_split_long_ago_are_removed),
		PAIR(test_flow_of_a_split_is_not_offered_once_both_agreed),
		PAIR(test_end_from_before_a_split_does_not_end_what_began_in_it),
		PAIR(test_change_in_a_split_that_only_a_dump_shows_is_offered),
		PAIR(test_dump_that_a_promotion_interrupted_does_not_make_the_table_known),
		PAIR(test_offer_that_nobody_asked_for_is_refused),
		PAIR(test_claim_of_a_dead_partner_is_no_split),
		PAIR(test_refused_expectation_is_counted_by_reason),
		PAIR(test_another_seed_forgets_nothing),
		PAIR(test_dead_path_of_an_idle_pair_is_noticed_within_two_seconds),
		PAIR(test_dump_takes_away_what_a_flow_does_not_have),
		PAIR(test_change_with_another_nat_is_of_another_flow),
		PAIR(test_dump_of_a_flow_in_hardware_keeps_its_state),
		PAIR(test_renewed_connection_changes_no_readiness),
		PAIR(test_standby_that_lost_its_partner_stays_ready_while_nothing_says_otherwise),
		PAIR(test_another_partner_proves_nothing_of_the_one_before),
		PAIR(test_router_whose_partner_died_is_alone_when_promoted),
		PAIR(test_first_comparison_under_load_is_repeated_soon),
		PLAIN(test_ends_of_a_handover_keep_no_later_ends_whatever_the_numbers),
		PLAIN(test_late_news_count_whatever_the_numbers),
		PLAIN(test_lone_flow_that_the_kernel_refuses_is_dropped_whatever_the_numbers),
		PLAIN(test_numbers_go_on_when_the_partner_begins_anew),
		PAIR(test_flow_is_said_to_be_held_only_by_a_partner_that_has_it),
		PAIR(test_timer_that_is_told_again_counts_from_then),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
