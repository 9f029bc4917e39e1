/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What the role that replicates connections does while it runs: events of the kernel and of the
 * partner go into core/flowsync, its wishes go out through daemon/flowkernel and daemon/flowpeer.
 * It must not decide anything: the protocol does, and flowsync.c whether there is one.
 */
#include <string.h>
#include <sys/random.h>

#include "base/log.h"
#include "daemon/flowrole.h"
#include "system/clock.h"

/* ---- batches -------------------------------------------------------------------------------- */

/* What the protocol asked of single flows.  An answer may make it ask no more. */
static void
look(struct flowrole *f)
{
	struct flow flow;

	for (size_t i = 0; i < f->look_count; i++) {
		if (flowkernel_look(f->kernel, &f->looks[i], &flow) == 0)
			flowsync_on_looked(f->flowsync, &flow, clock_now());
	}
	f->look_count = 0;
	flowsync_flush(f->flowsync, clock_now());
}

/*
 * All that an event led to leaves, and the next deadline stands.  An alarm that is set too early
 * stays: most deadlines are put off by every batch, and that costs the kernel more than an alarm
 * that finds nothing to do.
 */
void
flowhooks_finish(struct flowrole *f)
{
	nsec_t deadline;

	if (!f->flowsync)
		return;
	flowsync_flush(f->flowsync, clock_now());
	if (f->look_count > 0)
		look(f);
	flowkernel_flush(f->kernel);
	if (f->hang_up)
		flowpeer_hang_up(f->peer, f->hang_up);
	f->hang_up = NULL;
	flowpeer_flush(f->peer);
	deadline = flowsync_deadline(f->flowsync);
	if (deadline >= f->alarm)
		return;
	f->alarm = deadline;
	sd_event_source_set_time(f->timer, (uint64_t)((deadline + 999) / NSEC_PER_USEC));
	sd_event_source_set_enabled(f->timer, SD_EVENT_ONESHOT);
}

int
flowhooks_on_time(sd_event_source *source UNUSED, uint64_t usec UNUSED, void *owner)
{
	struct flowrole *f = owner;

	f->alarm = NSEC_NEVER;
	flowsync_on_time(f->flowsync, clock_now());
	flowhooks_finish(f);
	return 0;
}

/* ---- hooks of the protocol ------------------------------------------------------------------ */

static void
hook_apply(void *owner, enum flow_op op, const struct flow *flow, bool known)
{
	flowkernel_apply(((struct flowrole *)owner)->kernel, op, flow, known);
}

static void
hook_retime(void *owner, const struct flow *flow)
{
	flowkernel_retime(((struct flowrole *)owner)->kernel, flow);
}

static void
hook_apply_expectation(void *owner, enum flow_op op, const struct flow_expectation *expectation)
{
	flowkernel_apply_expectation(((struct flowrole *)owner)->kernel, op, expectation);
}

static void
hook_send_datagram(void *owner, unsigned path, const uint8_t *bytes, size_t length)
{
	flowpeer_send_datagram(((struct flowrole *)owner)->peer, path, bytes, length);
}

static void
hook_send_control(void *owner, const uint8_t *bytes, size_t length)
{
	flowpeer_send_control(((struct flowrole *)owner)->peer, bytes, length);
}

static void
hook_close_control(void *owner, enum flowsync_hangup why)
{
	struct flowrole *f = owner;

	switch (why) {
	case FLOWSYNC_SILENT:
		f->hang_up = "the partner is silent";
		return;
	case FLOWSYNC_MALFORMED:
		f->hang_up = "the partner breaks the rules of the protocol";
		return;
	case FLOWSYNC_INCOMPATIBLE:
		f->hang_up = "the partner speaks another version, or is another router";
		return;
	}
	assert(!"a known reason");
}

static void
hook_subscribe(void *owner, bool on)
{
	flowkernel_subscribe(((struct flowrole *)owner)->kernel, on);
}

static bool
hook_look(void *owner, const struct flow_key *key)
{
	struct flowrole *f = owner;

	if (f->look_count == ARRAY_SIZE(f->looks))
		return false;
	f->looks[f->look_count++] = *key;
	return true;
}

static void
hook_dump(void *owner)
{
	flowkernel_dump(((struct flowrole *)owner)->kernel);
}

static void
hook_readiness(void *owner, enum flowsync_readiness readiness)
{
	char left_out[HUSH_TEXT_SIZE];
	struct flowrole *f = owner;

	if (hush_lets(&f->hush[0], clock_now(), left_out))
		log_info("connections: %s%s", flowsync_readiness_name(readiness), left_out);
	f->readiness = readiness;
	flowrole_report_ready(f);
}

static void
hook_alarm(void *owner, enum flowsync_alarm alarm, bool raised)
{
	char left_out[HUSH_TEXT_SIZE];
	struct flowrole *f = owner;

	if (hush_lets(&f->hush[1], clock_now(), left_out))
		log_line(raised ? LOG_WARNING_LEVEL : LOG_INFO_LEVEL, "connections: %s%s%s",
		         raised ? "" : "no longer ", flowsync_alarm_name(alarm), left_out);
	f->alarms = raised ? f->alarms | 1u << alarm : f->alarms & ~(1u << alarm);
	flowrole_report_problems(f);
}

const struct flowsync_hooks flowhooks_flowsync_hooks = {
	.apply = hook_apply,
	.retime = hook_retime,
	.apply_expectation = hook_apply_expectation,
	.send_datagram = hook_send_datagram,
	.send_control = hook_send_control,
	.close_control = hook_close_control,
	.subscribe = hook_subscribe,
	.dump = hook_dump,
	.look = hook_look,
	.readiness = hook_readiness,
	.alarm = hook_alarm,
};

/* ---- events of the kernel ------------------------------------------------------------------- */

static void
on_news(void *owner, enum flow_op op, const struct flow *flow, bool fresh)
{
	flowsync_on_news(((struct flowrole *)owner)->flowsync, op, flow, fresh, clock_now());
}

static void
on_expectation(void *owner, enum flow_op op, const struct flow_expectation *expectation)
{
	flowsync_on_expectation(((struct flowrole *)owner)->flowsync, op, expectation, clock_now());
}

static void
on_overrun(void *owner)
{
	flowsync_on_overrun(((struct flowrole *)owner)->flowsync, clock_now());
}

static void
on_dump(void *owner, const struct flow *flow)
{
	flowsync_on_dump(((struct flowrole *)owner)->flowsync, flow, clock_now());
}

static void
on_dump_done(void *owner, bool whole)
{
	flowsync_on_dump_done(((struct flowrole *)owner)->flowsync, whole, clock_now());
}

static void
on_refused(void *owner, enum flow_op op, const struct flow_key *key, int error)
{
	flowsync_on_refused(((struct flowrole *)owner)->flowsync, op, key, error, clock_now());
}

static void
on_refused_expectation(void *owner, int error)
{
	flowsync_on_refused_expectation(((struct flowrole *)owner)->flowsync, error, clock_now());
}

/* ---- events of the partner ------------------------------------------------------------------ */

/* Now both routers' keys are known, and what only the two can make of them. */
static void
on_connected(void *owner)
{
	struct flowrole *f = owner;
	uint64_t nonce, seed[2];

	if (flowpeer_secret(f->peer, seed, sizeof(seed)) == 0 &&
	    memcmp(seed, f->options.seed, sizeof(seed)) != 0) {
		memcpy(f->options.seed, seed, sizeof(seed));
		flowsync_reseed(f->flowsync, seed);
	}
	if (getrandom(&nonce, sizeof(nonce), 0) != sizeof(nonce))
		nonce = (uint64_t)clock_wall();
	flowsync_on_connected(f->flowsync, nonce, clock_now());
}

static void
on_disconnected(void *owner)
{
	flowsync_on_disconnected(((struct flowrole *)owner)->flowsync, clock_now());
}

static void
on_control(void *owner, const uint8_t *bytes, size_t length)
{
	flowsync_on_control(((struct flowrole *)owner)->flowsync, bytes, length, clock_now());
}

static void
on_datagram(void *owner, unsigned path, const uint8_t *bytes, size_t length, nsec_t arrival)
{
	flowsync_on_datagram(((struct flowrole *)owner)->flowsync, path, bytes, length, arrival,
	                     clock_now());
}

/* ---- both ----------------------------------------------------------------------------------- */

static void
on_batch(void *owner)
{
	flowhooks_finish(owner);
}

const struct flowkernel_calls flowhooks_flowkernel_calls = {
	.on_news = on_news,
	.on_expectation = on_expectation,
	.on_overrun = on_overrun,
	.on_dump = on_dump,
	.on_dump_done = on_dump_done,
	.on_refused = on_refused,
	.on_refused_expectation = on_refused_expectation,
	.on_batch = on_batch,
};

const struct flowpeer_calls flowhooks_flowpeer_calls = {
	.on_connected = on_connected,
	.on_disconnected = on_disconnected,
	.on_control = on_control,
	.on_datagram = on_datagram,
	.on_batch = on_batch,
};
