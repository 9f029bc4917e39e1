/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Any datagrams and any messages of the control stream, at a router with connection synchronisation
 * that greeted its peer.  Nothing may be read past its end; a datagram that is not taken changes no
 * flow; the table's books stay balanced; what is told to the kernel was read from the wire.
 *
 * Input: a byte for the role (modulo 3: standby, active, active by a planned handover), then
 * records: what (8 bits), length (16 bits), bytes.  What, modulo 4: a datagram as it is; one whose
 * head is mended (so that its records are reached); a message (type and body) that is given its
 * length; bytes of the stream as they are.
 */
#include <stdlib.h>
#include <string.h>

#include "core/flowsync_inside.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static uint64_t asked;
static bool closed;
static bool dumping;

static void
expect(bool holds)
{
	if (!holds)
		abort();
}

static void
on_apply(void *owner UNUSED, enum flow_op op UNUSED, const struct flow *flow, bool known UNUSED)
{
	expect(flow->key.family == 4 || flow->key.family == 6);
	asked++;
}

static void
on_retime(void *owner UNUSED, const struct flow *flow UNUSED)
{
}

static void
on_apply_expectation(void *owner UNUSED, enum flow_op op UNUSED,
                     const struct flow_expectation *x UNUSED)
{
	asked++;
}

static void
on_send_datagram(void *owner UNUSED, unsigned path UNUSED, const uint8_t *bytes UNUSED,
                 size_t length)
{
	expect(length >= FLOWWIRE_HEAD_SIZE && length <= FLOWSYNC_DATAGRAM_MAX);
}

static void
on_send_control(void *owner UNUSED, const uint8_t *bytes, size_t length)
{
	expect(length >= 3 && ((size_t)bytes[0] << 8 | bytes[1]) == length - 2);
}

static void
on_close_control(void *owner UNUSED, enum flowsync_hangup why UNUSED)
{
	closed = true;
}

static void
on_subscribe(void *owner UNUSED, bool on UNUSED)
{
}

static void
on_dump(void *owner UNUSED)
{
	dumping = true;
}

static void
on_readiness(void *owner UNUSED, enum flowsync_readiness readiness UNUSED)
{
}

static void
on_alarm(void *owner UNUSED, enum flowsync_alarm alarm UNUSED, bool raised UNUSED)
{
}

static void
greet(struct flowsync *f, bool peer_active, nsec_t now)
{
	struct flowwire_hello hello = {
		.oldest = 1, .newest = 1, .node = { 2 }, .nonce = 9,
		.claim = { .active = peer_active, .own = peer_active, .epoch = 3 },
		.capacity = 64,
	};
	uint8_t bytes[256];
	struct writer out = writer_over(bytes, sizeof(bytes));
	static const char text[] = "tandem connsync seed";

	hello.check = flowtable_hash_bytes(&f->table, text, sizeof(text));
	closed = false;
	flowsync_on_connected(f, 1, now);
	flowwire_write_hello(&out, &hello);
	flowsync_on_control(f, bytes, writer_length(&out), now);
	expect(f->peer.greeted);
}

/* Session, epoch and number as they should be. */
static void
mend(const struct flowsync *f, uint8_t *bytes, size_t length)
{
	struct writer out = writer_over(bytes, length);
	struct flowwire_head head = {
		.type = length > FLOWWIRE_HEAD_SIZE && (bytes[0] & 0xf) == FLOWWIRE_ACK ?
		        FLOWWIRE_ACK : FLOWWIRE_DATA,
		.session = f->link.session,
		.epoch = f->shift.session ? f->shift.epoch : f->epoch + 1,
		.sequence = f->link.hearing ?
		            f->link.heard_highest + 1 + bytes[13 % length] % 4 : 1,
	};

	head.floor = f->link.hearing ? f->link.heard_floor : 1;
	if (head.type == FLOWWIRE_ACK) {
		head.sequence = f->link.next - 1;
		head.floor = f->link.floor;
	}
	if (length >= FLOWWIRE_HEAD_SIZE)
		flowwire_write_head(&out, &head);
}

static void
feed_datagram(struct flowsync *f, const uint8_t *bytes, size_t length, nsec_t now)
{
	uint64_t taken = f->tally.counts[FLOW_DATAGRAMS_RECEIVED], before = asked;
	uint32_t flows = f->table.alive;

	flowsync_on_datagram(f, 0, bytes, length, now, now);
	if (f->tally.counts[FLOW_DATAGRAMS_RECEIVED] == taken) {
		expect(f->table.alive == flows);
		expect(asked == before);
	}
}

/* Sums and lists are what the entries say. */
static void
balance(const struct flowsync *f)
{
	uint32_t alive = 0, count = 0, listed = 0, late = 0;
	uint64_t sum = 0, sums = 0;

	for (unsigned b = 0; b < FLOWTABLE_BUCKETS; b++) {
		sums += f->table.sums[b];
		for (uint32_t n = flowtable_next(&f->table, b, 0); n;
		     n = flowtable_next(&f->table, b, n)) {
			const struct flowtable_entry *e = &f->table.entries[n];

			alive += e->alive;
			count++;
			sum += e->told;
			listed += e->list != FLOWTABLE_NONE;
			late += e->retime;
		}
	}
	expect(sum == sums && alive == f->table.alive && count == f->table.count);
	for (unsigned l = FLOWTABLE_NONE + 1; l < FLOWTABLE_LISTS; l++)
		listed -= flowtable_listed(&f->table, l);
	expect(listed == 0 && late == f->table.late_timers);
}

static void
feed(struct flowsync *f, unsigned what, const uint8_t *from, size_t length, nsec_t now)
{
	/* Exactly so much memory: a byte too far is seen. */
	uint8_t *bytes = malloc(length + FLOWWIRE_PREFIX);

	memcpy(bytes, from, length);
	if (what == 1 && length > 0)
		mend(f, bytes, length);
	if (what == 2) {
		memmove(bytes + FLOWWIRE_PREFIX, bytes, length);
		bytes[0] = (uint8_t)(length >> 8);
		bytes[1] = (uint8_t)length;
		length += FLOWWIRE_PREFIX;
	}
	bytes = realloc(bytes, length ? length : 1);
	if (what < 2)
		feed_datagram(f, bytes, length, now);
	else
		flowsync_on_control(f, bytes, length, now);
	free(bytes);
}

/* It was heard, and hands over: what it tells on counts. */
static void
hand_over(struct flowsync *f, nsec_t now)
{
	uint8_t probe[FLOWWIRE_HEAD_SIZE] = { 0 };

	mend(f, probe, sizeof(probe));
	probe[9] = (uint8_t)f->epoch;
	feed_datagram(f, probe, sizeof(probe), now);
	flowsync_expect_handover(f, now);
	flowsync_on_role(f, FLOWSYNC_ACTIVE, now);
	expect(flowshift_listens(f));
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const struct flowsync_hooks hooks = {
		NULL, on_apply, on_retime, on_apply_expectation, on_send_datagram,
		on_send_control, on_close_control, on_subscribe, on_dump, on_readiness, on_alarm,
		NULL,
	};
	struct flowsync_options options;
	struct reader in = reader_over(data, size);
	unsigned role = read_u8(&in) % 3;
	bool active = role == 1;
	nsec_t now = NSEC_PER_SEC;
	struct flowsync *f;
	void *memory;

	flowsync_options_init(&options);
	options.capacity = 64;
	options.expectations = 4;
	options.paths = 2;
	memory = calloc(1, flowsync_size(&options));
	f = flowsync_new(memory, &options, &hooks, now);
	flowsync_on_role(f, active ? FLOWSYNC_ACTIVE : FLOWSYNC_STANDBY, now);
	dumping = false;
	flowsync_on_time(f, now);
	for (unsigned i = 0; i < 8; i++) {
		struct flow flow = { .key = { .family = 4, .protocol = 6, .source = { 1 } } };

		flow.key.source_port = (uint16_t)(i + 1);
		flowsync_on_dump(f, &flow, now);
	}
	flowsync_on_dump_done(f, true, now);
	greet(f, !active, now);
	if (role == 2)
		hand_over(f, now);
	while (reader_left(&in) >= 3) {
		unsigned what = read_u8(&in) % 4;
		size_t length = read_u16(&in);
		struct reader part;

		length = length < reader_left(&in) ? length : reader_left(&in);
		part = read_sub(&in, length);
		now += NSEC_PER_MSEC;
		feed(f, what, part.at, length, now);
		if (closed)
			greet(f, !active, now);
		flowsync_on_time(f, now);
		if (dumping)
			flowsync_on_dump_done(f, false, now);
		dumping = false;
	}
	balance(f);
	free(memory);
	return 0;
}
