/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The fake kernel of the simulator for connection synchronisation, and how a flow follows from its
 * number.
 */
#include <errno.h>
#include <string.h>

#include "sim/flowkernel.h"

#define TIMER (60 * NSEC_PER_SEC)	/* of a flow, from its last packet */

static struct flow_key
key_of(unsigned number)
{
	struct flow_key key = {
		.family = number % 5 == 4 ? 6 : 4,
		.protocol = number % 3 == 2 ? 17 : 6,
		.zone = number % 11 == 0 ? 7 : 0,
		.source_port = (uint16_t)(1024 + number),
		.destination_port = 443,
	};

	key.source[0] = 10;
	key.source[3] = (uint8_t)number;
	key.destination[0] = 192;
	key.destination[3] = (uint8_t)(number >> 8);
	if (key.family == 6)
		key.source[15] = key.destination[15] = 1;
	return key;
}

static bool
has_master(unsigned number)
{
	return number % 16 == 7;
}

struct flow
flowkernel_flow(unsigned number, uint32_t mark, unsigned nat)
{
	struct flow flow = {
		.key = key_of(number),
		.has = FLOW_HAS_STATUS | FLOW_HAS_TIMEOUT | FLOW_HAS_MARK,
		.status = FLOW_SEEN_REPLY | FLOW_ASSURED,
		.timeout = TIMER / NSEC_PER_SEC,
		.mark = mark,
	};

	if (flow.key.protocol == 6) {
		flow.has |= FLOW_HAS_TCP;
		flow.tcp.state = (uint8_t)(3 + mark % 5);
		flow.tcp.flags[0] = flow.tcp.flags[1] = 3;
		flow.tcp.scale[0] = (uint8_t)(number % 15);
		flow.tcp.scale[1] = 7;
	}
	if (nat == 2 || (number % 4 == 1) != (nat == 1)) {
		flow.has |= FLOW_HAS_SOURCE_NAT;
		flow.source_nat.address[0] = 203;
		flow.source_nat.address[3] = 9;
		flow.source_nat.port = (uint16_t)(20000 + 1000 * nat + number);
	}
	if (number % 10 == 3) {
		flow.has |= FLOW_HAS_LABELS;
		memcpy(flow.labels, &mark, sizeof(mark));
		flow.labels[15] = 1;
	}
	if (has_master(number)) {
		flow.has |= FLOW_HAS_MASTER;
		flow.master = key_of(number - 1);
	}
	return flow;
}

unsigned
flowkernel_number(const struct flow_key *key)
{
	unsigned number = key->source_port - 1024u;
	struct flow_key right;

	if (number >= FLOWKERNEL_FLOWS)
		return FLOWKERNEL_FLOWS;
	right = key_of(number);
	return flow_key_equal(&right, key) ? number : FLOWKERNEL_FLOWS;
}

bool
flowkernel_is(const struct flow *flow, unsigned number, uint32_t mark, unsigned nat)
{
	struct flow right = flowkernel_flow(number, mark, nat);
	struct flow said = *flow;

	right.timeout = said.timeout = 0;
	/* A flow whose master is gone may have lost its name. */
	if (has_master(number) && !(said.has & FLOW_HAS_MASTER)) {
		right.has &= ~(uint32_t)FLOW_HAS_MASTER;
		memset(&right.master, 0, sizeof(right.master));
		memset(&said.master, 0, sizeof(said.master));
	}
	return said.has == right.has && said.status == right.status && said.mark == mark &&
	       memcmp(&said.tcp, &right.tcp, sizeof(said.tcp)) == 0 &&
	       said.source_nat.port == right.source_nat.port &&
	       memcmp(said.source_nat.address, right.source_nat.address, 16) == 0 &&
	       memcmp(said.labels, right.labels, sizeof(said.labels)) == 0 &&
	       flow_key_equal(&said.master, &right.master);
}

bool
flowkernel_is_closed(unsigned number, uint32_t mark)
{
	struct flow flow = flowkernel_flow(number, mark, 0);

	return (flow.has & FLOW_HAS_TCP) && flow.tcp.state == 7;
}

unsigned
flowkernel_nat(const struct flow *flow, unsigned number)
{
	unsigned nat = 0;

	while (nat < FLOWKERNEL_NATS && !flowkernel_is(flow, number, flow->mark, nat))
		nat++;
	return nat;
}

static void
tell(struct flowkernel *kernel, struct flowkernel_news news)
{
	if (!kernel->subscribed)
		return;
	if (kernel->queued == FLOWKERNEL_QUEUE) {
		kernel->overrun = true;
		return;
	}
	kernel->queue[kernel->queued++] = news;
}

void
flowkernel_touch(struct flowkernel *kernel, unsigned number, uint32_t mark, unsigned nat,
                 bool fresh, bool whole, nsec_t now)
{
	bool born = kernel->flows[number].mark == 0;

	if (born && kernel->count >= kernel->limit)
		return;
	kernel->count += born;
	kernel->flows[number].mark = mark;
	kernel->flows[number].expires = now + TIMER;
	if (born) {
		kernel->flows[number].with_master = has_master(number);
		kernel->flows[number].nat = (uint8_t)nat;
	}
	tell(kernel, (struct flowkernel_news){
		.op = FLOW_UPSERT, .number = number, .mark = mark,
		.nat = kernel->flows[number].nat, .fresh = born && fresh, .whole = born || whole,
	});
}

void
flowkernel_end(struct flowkernel *kernel, unsigned number)
{
	if (kernel->flows[number].mark == 0)
		return;
	kernel->flows[number].mark = 0;
	kernel->count--;
	tell(kernel, (struct flowkernel_news){ .op = FLOW_DELETE, .number = number });
}

void
flowkernel_refresh(struct flowkernel *kernel, unsigned number, nsec_t now)
{
	if (kernel->flows[number].mark)
		kernel->flows[number].expires = now + TIMER;
}

void
flowkernel_expire(struct flowkernel *kernel, nsec_t now)
{
	for (unsigned i = 0; i < FLOWKERNEL_FLOWS; i++) {
		if (kernel->flows[i].mark && kernel->flows[i].expires <= now)
			flowkernel_end(kernel, i);
	}
}

void
flowkernel_reboot(struct flowkernel *kernel)
{
	memset(kernel->flows, 0, sizeof(kernel->flows));
	kernel->count = kernel->queued = 0;
	kernel->subscribed = kernel->overrun = false;
}

int
flowkernel_put(struct flowkernel *kernel, const struct flow *flow, bool create, nsec_t now)
{
	unsigned number = flowkernel_number(&flow->key), nat = flowkernel_nat(flow, number);
	bool there = kernel->flows[number].mark != 0;

	if (there && create && kernel->flows[number].nat != nat) {
		flowkernel_remove(kernel, &flow->key);
		there = false;
	}
	if (!there && !create)
		return ENOENT;
	if (!there && kernel->count >= kernel->limit)
		return ENOMEM;
	if (!there && (flow->has & FLOW_HAS_MASTER) && !kernel->flows[number - 1].mark)
		return ENOENT;
	kernel->count += !there;
	if (!there) {
		kernel->flows[number].with_master = flow->has & FLOW_HAS_MASTER;
		kernel->flows[number].nat = (uint8_t)nat;
	}
	kernel->flows[number].mark = flow->mark;
	kernel->flows[number].expires = now + flow->timeout * NSEC_PER_SEC;
	return 0;
}

void
flowkernel_remove(struct flowkernel *kernel, const struct flow_key *key)
{
	unsigned number = flowkernel_number(key);

	if (kernel->flows[number].mark) {
		kernel->flows[number].mark = 0;
		kernel->count--;
	}
}
