/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The front door of connection synchronisation: memory, roles, readiness, alarms, and the order in
 * which the parts are called.
 */
#include <string.h>

#include "core/flowsync_inside.h"

#define CHORES (20 * NSEC_PER_MSEC)
#define BOTH_PATIENCE NSEC_PER_SEC
#define EXPIRE (10 * NSEC_PER_SEC)
#define PATH_SILENCE (2500 * NSEC_PER_MSEC)	/* a live path is tried every second */

/* ---- memory and options --------------------------------------------------------------------- */

void
flowsync_options_init(struct flowsync_options *options)
{
	*options = (struct flowsync_options){
		.capacity = 262144,
		.expectations = 4096,
		.hold_down = 200 * NSEC_PER_MSEC,
		.digest_period = 3 * NSEC_PER_SEC,
		.verify_period = 1800 * NSEC_PER_SEC,
		.startup_wait = 30 * NSEC_PER_SEC,
		.sweep_time = 30 * NSEC_PER_SEC,
		.long_timer = 14u * 86400u,
		/* RFC 5382 5: no NAT may forget an established connection earlier. */
		.idle_limit = 7440,
		.paths = 1,
		.payload = { 1400, 1400 },
		.overhead = 74,
	};
}

static size_t
rounded(size_t size)
{
	return (size + 63) & ~(size_t)63;
}

size_t
flowsync_size(const struct flowsync_options *options)
{
	return rounded(sizeof(struct flowsync)) + rounded(flowtable_size(options->capacity)) +
	       rounded(flowexpect_size(options->expectations));
}

struct flowsync *
flowsync_new(void *memory, const struct flowsync_options *options,
             const struct flowsync_hooks *hooks, nsec_t now)
{
	struct flowsync *f = memory;
	uint8_t *at = memory;

	assert(hooks->apply && hooks->retime && hooks->apply_expectation && hooks->send_datagram &&
	       hooks->send_control && hooks->close_control && hooks->subscribe && hooks->dump &&
	       hooks->readiness && hooks->alarm);
	f->options = *options;
	f->hooks = *hooks;
	f->now = f->start = f->chores_at = now;
	f->epoch = options->epoch;
	f->dump.verify_at = NSEC_NEVER;
	f->looks = FLOWTELL_LOOKS;
	at += rounded(sizeof(struct flowsync));
	flowtable_init(&f->table, at, options->capacity, options->seed);
	at += rounded(flowtable_size(options->capacity));
	flowexpect_init(&f->expect, at, options->expectations, &f->table);
	flowlink_init(&f->link, options, now);
	return f;
}

void
flowsync_adopt(struct flowsync *f, const struct flowsync_options *options, nsec_t now)
{
	struct flowsync_options fixed = f->options;

	f->options = *options;
	memcpy(f->options.node, fixed.node, sizeof(fixed.node));
	memcpy(f->options.seed, fixed.seed, sizeof(fixed.seed));
	f->options.capacity = fixed.capacity;
	f->options.expectations = fixed.expectations;
	f->options.epoch = fixed.epoch;
	f->options.sequence = fixed.sequence;
	f->dump.verify_at = options->verify_period ? now + options->verify_period : NSEC_NEVER;
	f->repair.digest_at = nsec_min(f->repair.digest_at, now + options->digest_period);
	flowlink_adopt(&f->link, options);
}

void
flowsync_reseed(struct flowsync *f, const uint64_t seed[2])
{
	assert(!f->peer.connected);
	memcpy(f->options.seed, seed, sizeof(f->options.seed));
	flowtable_reseed(&f->table, seed);
	flowexpect_reseed(&f->expect);
}

/* ---- what the parts tell -------------------------------------------------------------------- */

void
flowsync_fault(struct flowsync *f, enum flow_fault fault)
{
	f->tally.faults[fault]++;
}

void
flowsync_raise(struct flowsync *f, enum flowsync_alarm alarm, bool raised)
{
	uint32_t bit = 1u << alarm;

	if (!(f->alarms & bit) == !raised)
		return;
	f->alarms ^= bit;
	f->hooks.alarm(f->hooks.owner, alarm, raised);
}

void
flowsync_set_epoch(struct flowsync *f, uint32_t epoch, bool own)
{
	bool rose = epoch != f->epoch;

	f->epoch = epoch;
	f->own_epoch = own;
	if (rose && f->hooks.epoch)
		f->hooks.epoch(f->hooks.owner, epoch);
}

struct flowwire_claim
flowsync_claim(const struct flowsync *f)
{
	return (struct flowwire_claim){
		.active = f->role == FLOWSYNC_ACTIVE,
		.own = f->own_epoch,
		.epoch = f->epoch,
		.listens = f->role == FLOWSYNC_ACTIVE && flowshift_listens(f),
	};
}

void
flowsync_judge_roles(struct flowsync *f, nsec_t now)
{
	/* What a peer said before our promotion it may not have lived to take back. */
	bool both = f->role == FLOWSYNC_ACTIVE && f->peer.greeted && f->peer.claim.active &&
	            f->peer.heard > f->shift.promoted_at;

	if (!both)
		f->both_since = 0;
	else if (!f->both_since)
		f->both_since = now;
	flowsync_raise(f, FLOWSYNC_BOTH_ACTIVE,
	               both && now >= f->both_since + BOTH_PATIENCE);
}

/* ---- readiness ------------------------------------------------------------------------------ */

/* A connection may take the place of another (their keys do not last): what was so a moment ago is
 * so until the partner was silent for longer than a connection may be.  But whoever was promoted
 * meanwhile has lost its partner. */
static bool
is_between_connections(const struct flowsync *f, nsec_t now)
{
	return !f->peer.greeted && f->peer.left > f->shift.promoted_at &&
	       now < f->peer.left + FLOWSYNC_PATIENCE;
}

static enum flowsync_readiness
active_readiness(const struct flowsync *f, nsec_t now)
{
	bool was_good = f->readiness == FLOWSYNC_SYNCED || f->readiness == FLOWSYNC_STALE;

	/* A handover: the other one forwards for a moment longer. */
	if (f->both_since && !(f->alarms & 1u << FLOWSYNC_BOTH_ACTIVE) &&
	    f->readiness != FLOWSYNC_INIT)
		return f->readiness;
	if (was_good && is_between_connections(f, now))
		return f->readiness;
	if (!flowsync_is_telling(f))
		return FLOWSYNC_ALONE;
	if (f->alarms & 1u << FLOWSYNC_FULL)
		return FLOWSYNC_STALE;
	if (f->peer.readiness == FLOWSYNC_INIT && was_good)
		return f->readiness;
	return f->peer.readiness == FLOWSYNC_SYNCED || f->peer.readiness == FLOWSYNC_STALE ?
	       f->peer.readiness : FLOWSYNC_BULK;
}

/* More than one in a hundred, or all of very few. */
static bool
many_refused(const struct flowsync *f)
{
	return flowtable_listed(&f->table, FLOWTABLE_REFUSED) > f->table.alive / 100;
}

static enum flowsync_readiness
standby_readiness(const struct flowsync *f, nsec_t now)
{
	bool was_good = f->readiness == FLOWSYNC_SYNCED || f->readiness == FLOWSYNC_STALE;
	bool equal = f->compare.agreed_count == FLOWWIRE_BUCKETS;

	if (f->readiness == FLOWSYNC_SYNCED && is_between_connections(f, now))
		return FLOWSYNC_SYNCED;
	if (!f->peer.greeted) {
		if (was_good || f->readiness == FLOWSYNC_BULK)
			return FLOWSYNC_STALE;
		return f->readiness == FLOWSYNC_INIT && now < f->start + f->options.startup_wait ?
		       FLOWSYNC_INIT : FLOWSYNC_ALONE;
	}
	/* Nobody forwards: there is nothing newer than what we have. */
	if (!f->peer.claim.active)
		return was_good ? f->readiness : FLOWSYNC_ALONE;
	if (!equal && !f->compare.proven)
		return FLOWSYNC_BULK;
	if (f->no_room || many_refused(f))
		return FLOWSYNC_STALE;
	return equal || f->readiness == FLOWSYNC_SYNCED ? FLOWSYNC_SYNCED : FLOWSYNC_STALE;
}

void
flowsync_judge_readiness(struct flowsync *f, nsec_t now)
{
	enum flowsync_readiness readiness;

	if (!f->started)
		return;
	readiness = f->role == FLOWSYNC_ACTIVE ? active_readiness(f, now) :
	            standby_readiness(f, now);
	if (readiness == f->readiness)
		return;
	f->readiness = readiness;
	f->peer.status_at = now;	/* the peer acts upon it, too */
	f->hooks.readiness(f->hooks.owner, readiness);
}

/* ---- roles ---------------------------------------------------------------------------------- */

static void
promote(struct flowsync *f, nsec_t now)
{
	uint32_t before = f->epoch, peers = f->peer.greeted ? f->peer.claim.epoch : f->epoch;
	uint32_t known = flowsync_is_newer(peers, f->epoch) ? peers : f->epoch;
	bool followed = f->peer.greeted && f->peer.claim.active && peers == f->epoch &&
	                !f->own_epoch && f->link.hearing;

	f->hooks.subscribe(f->hooks.owner, true);
	f->role = FLOWSYNC_ACTIVE;
	flowsync_set_epoch(f, known + 1, true);
	flowlink_take_turn(&f->link);
	flowshift_on_promotion(f, followed, before, now);
	flowshift_begin_lone(f);
	flowsweep_on_role(f, now);
}

static void
demote(struct flowsync *f, nsec_t now)
{
	flowtell_last_words(f, now);
	f->hooks.subscribe(f->hooks.owner, false);
	f->role = FLOWSYNC_STANDBY;
	flowshift_on_demotion(f, now);
	flowsweep_on_role(f, now);
}

void
flowsync_expect_handover(struct flowsync *f, nsec_t now)
{
	assert(now >= f->now);
	f->shift.expected = f->role == FLOWSYNC_STANDBY;
}

void
flowsync_on_role(struct flowsync *f, enum flowsync_role role, nsec_t now)
{
	bool first = !f->started;

	assert(now >= f->now);
	f->now = now;
	if (!first && role == f->role)
		return;
	f->started = true;
	f->compare.proven = false;
	if (role == FLOWSYNC_ACTIVE)
		promote(f, now);
	else if (!first)
		demote(f, now);
	if (first) {
		f->start = now;
		flowsweep_want_dump(f, now);
	}
	flowrepair_restart(f, now);
	flowsync_judge_roles(f, now);
	flowtalk_tell_claim(f);
	flowsync_judge_readiness(f, now);
}

/* ---- events --------------------------------------------------------------------------------- */

static void
pass_time(struct flowsync *f, nsec_t now)
{
	assert(now >= f->now);
	f->now = now;
}

void
flowsync_on_connected(struct flowsync *f, uint64_t nonce, nsec_t now)
{
	pass_time(f, now);
	flowtalk_connect(f, nonce, now);
}

void
flowsync_on_disconnected(struct flowsync *f, nsec_t now)
{
	pass_time(f, now);
	if (f->peer.connected)
		flowtalk_disconnect(f, now);
}

void
flowsync_on_control(struct flowsync *f, const uint8_t *bytes, size_t length, nsec_t now)
{
	pass_time(f, now);
	flowtalk_on_bytes(f, bytes, length, now);
}

void
flowsync_on_datagram(struct flowsync *f, unsigned path, const uint8_t *bytes, size_t length,
                     nsec_t arrival, nsec_t now)
{
	pass_time(f, now);
	assert(path < FLOWSYNC_PATHS);
	flowhear_on_datagram(f, path, bytes, length, arrival, now);
}

void
flowsync_on_news(struct flowsync *f, enum flow_op op, const struct flow *flow, bool fresh,
                 nsec_t now)
{
	pass_time(f, now);
	flowtell_on_news(f, op, flow, fresh, now);
}

void
flowsync_on_looked(struct flowsync *f, const struct flow *flow, nsec_t now)
{
	pass_time(f, now);
	flowtell_on_looked(f, flow, now);
}

void
flowsync_on_expectation(struct flowsync *f, enum flow_op op,
                        const struct flow_expectation *expectation, nsec_t now)
{
	pass_time(f, now);
	flowtell_on_expectation(f, op, expectation, now);
}

void
flowsync_on_overrun(struct flowsync *f, nsec_t now)
{
	pass_time(f, now);
	flowsync_count(f, FLOW_OVERRUNS);
	flowshift_close(f);
	if (f->started)
		flowsweep_want_dump(f, now);
}

void
flowsync_on_dump(struct flowsync *f, const struct flow *flow, nsec_t now)
{
	pass_time(f, now);
	flowsweep_on_dump(f, flow, now);
}

void
flowsync_on_dump_done(struct flowsync *f, bool whole, nsec_t now)
{
	pass_time(f, now);
	flowsweep_on_dump_done(f, whole, now);
}

void
flowsync_on_refused(struct flowsync *f, enum flow_op op, const struct flow_key *key, int error,
                    nsec_t now)
{
	pass_time(f, now);
	flowhear_on_refused(f, op, key, error, now);
}

void
flowsync_on_refused_expectation(struct flowsync *f, int error, nsec_t now)
{
	pass_time(f, now);
	flowhear_count_refusal(f, error);
	flowsync_count(f, FLOW_REFUSED_EXPECTATIONS);
}

void
flowsync_flush(struct flowsync *f, nsec_t now)
{
	pass_time(f, now);
	if (flowtable_listed(&f->table, FLOWTABLE_PARKED) > 0)
		flowhear_unpark(f, now);
	flowtell_pump(f, now);
	if (f->peer.greeted && flowlink_owes_ack(&f->link, now))
		flowhear_acknowledge(f, now);
}

/* ---- time ----------------------------------------------------------------------------------- */

/* Room again, after there was none? */
static void
look_at_room(struct flowsync *f, nsec_t now)
{
	if (!(f->alarms & 1u << FLOWSYNC_FULL) ||
	    f->table.count > f->table.capacity - f->table.capacity / 16 - 1)
		return;
	if (f->missed)
		flowsweep_want_dump(f, now);
	f->missed = f->no_room = false;
	flowsync_raise(f, FLOWSYNC_FULL, false);
	flowsync_judge_readiness(f, now);
}

void
flowsync_on_time(struct flowsync *f, nsec_t now)
{
	pass_time(f, now);
	if (!f->started)
		return;
	flowtalk_on_time(f, now);
	if (flowshift_has_parted(f))
		flowshift_stop_telling(f);
	flowtell_on_time(f, now);
	flowsweep_on_time(f, now);
	flowrepair_on_time(f, now);
	if (now >= f->chores_at) {
		f->chores_at = now + CHORES;
		flowhear_chores(f, now);
		look_at_room(f, now);
		flowsync_judge_roles(f, now);
		if (f->role == FLOWSYNC_ACTIVE && now >= f->expire_at) {
			f->expire_at = now + EXPIRE;
			flowtell_expire_expectations(f, now);
		}
		flowsync_judge_readiness(f, now);
	}
	flowsync_flush(f, now);
}

/* Is there something that is looked at now and then? */
static bool
has_chores(const struct flowsync *f)
{
	return flowtable_listed(&f->table, FLOWTABLE_PARKED) > 0 ||
	       flowtable_listed(&f->table, FLOWTABLE_REFUSED) > 0 ||
	       flowtable_listed(&f->table, FLOWTABLE_TOMBS) > 0 ||
	       (f->role == FLOWSYNC_STANDBY && f->expect.count > 0) || f->alarms != 0 ||
	       f->both_since || f->readiness == FLOWSYNC_INIT ||
	       (!f->peer.greeted && (f->readiness == FLOWSYNC_SYNCED ||
	        (f->role == FLOWSYNC_ACTIVE && f->readiness == FLOWSYNC_STALE)));
}

nsec_t
flowsync_deadline(const struct flowsync *f)
{
	nsec_t deadline = f->peer.greeted ? flowlink_deadline(&f->link) : NSEC_NEVER;

	if (!f->started)
		return NSEC_NEVER;
	if (f->shift.tell_until)
		deadline = nsec_min(deadline, f->shift.tell_until);
	deadline = nsec_min(deadline, flowtalk_deadline(f));
	deadline = nsec_min(deadline, flowtell_deadline(f));
	deadline = nsec_min(deadline, flowsweep_deadline(f));
	deadline = nsec_min(deadline, flowrepair_deadline(f));
	return has_chores(f) ? nsec_min(deadline, f->chores_at) : deadline;
}

void
flowsync_reset(struct flowsync *f, nsec_t now)
{
	pass_time(f, now);
	if (!f->started)
		return;
	flowsweep_want_dump(f, now);
	f->compare.proven = false;
	flowrepair_restart(f, now);
	flowsync_judge_readiness(f, now);
}

/* ---- for show ------------------------------------------------------------------------------- */

/* Who tells knows by answers whether a path is alive; who listens, by what comes, or should. */
static void
put_path(const struct flowsync *f, const struct flowlink_path *path, nsec_t now, bool *ret_alive,
         nsec_t *ret_heard)
{
	bool listens = f->role == FLOWSYNC_STANDBY && f->peer.claim.active;

	*ret_heard = nsec_max(path->heard, path->received);
	*ret_alive = path->usable && path->alive &&
	             (!listens || now < path->received + PATH_SILENCE);
}

void
flowsync_status(const struct flowsync *f, nsec_t now, struct flowsync_status *ret_status)
{
	*ret_status = (struct flowsync_status){
		.role = f->role,
		.readiness = f->readiness,
		.alarms = f->alarms,
		.epoch = f->epoch,
		.connected = f->peer.greeted,
		.connected_since = f->peer.since,
		.peer_role = f->peer.claim.active ? FLOWSYNC_ACTIVE : FLOWSYNC_STANDBY,
		.peer_epoch = f->peer.claim.epoch,
		.peer_flows = f->peer.flows,
		.peer_capacity = f->peer.capacity,
		.flows = f->table.alive,
		.capacity = f->table.capacity,
		.expectations = f->expect.alive,
		.lost_now = flowtell_unsafe(f),
		.held = flowtable_listed(&f->table, FLOWTABLE_HELD),
		.parked = flowtable_listed(&f->table, FLOWTABLE_PARKED),
		.refused = flowtable_listed(&f->table, FLOWTABLE_REFUSED),
		.buckets_different = f->role == FLOWSYNC_ACTIVE ? f->repair.different :
		                     f->compare.different,
		.agreed_at = f->compare.agreed_at,
		.round_trip = f->link.round_trip,
		.sweeping = f->walk.running && f->table.late_timers > 0,
		.sweep_left = f->table.late_timers,
		.sweep_at = f->sweep_at,
		.dumping = f->dump.running,
		.settling = f->role == FLOWSYNC_STANDBY && (f->settle_at || f->settles),
	};
	memcpy(ret_status->peer_node, f->peer.node, sizeof(ret_status->peer_node));
	for (unsigned i = 0; i < FLOWSYNC_PATHS && f->peer.greeted; i++)
		put_path(f, &f->link.paths[i], now, &ret_status->path_alive[i],
		         &ret_status->path_heard[i]);
}

const struct flowtally *
flowsync_tally(const struct flowsync *f)
{
	return &f->tally;
}

/* Under way is not told yet, and nothing is known of a peer that has not been compared with. */
static bool
is_told(const struct flowsync *f, uint32_t number)
{
	const struct flowtable_entry *e = &f->table.entries[number];

	if (!e->told || (e->list != FLOWTABLE_NONE && e->list != FLOWTABLE_PARKED &&
	                 e->list != FLOWTABLE_REFUSED))
		return false;
	return f->role == FLOWSYNC_STANDBY ||
	       (flowsync_is_telling(f) && flowrepair_is_known(f) &&
	        !flowlink_is_flying(&f->link, e->version) && !flowrepair_is_waiting(f, number));
}

bool
flowsync_next(const struct flowsync *f, uint32_t *cursor, nsec_t now,
              struct flowsync_view *ret_view)
{
	while (*cursor < f->table.used) {
		const struct flowtable_entry *e = &f->table.entries[++*cursor];

		if (!e->alive)
			continue;
		flowtable_get(&f->table, *cursor, &ret_view->flow);
		ret_view->age = (nsec_t)(uint32_t)(flowsync_tick(now) - e->since) * FLOWSYNC_TICK;
		ret_view->told = is_told(f, *cursor);
		ret_view->held = e->list == FLOWTABLE_HELD || e->list == FLOWTABLE_ASKED ||
				 e->list == FLOWTABLE_OVER;
		ret_view->parked = e->list == FLOWTABLE_PARKED;
		ret_view->refused = e->list == FLOWTABLE_REFUSED;
		return true;
	}
	return false;
}

const char *
flowsync_role_name(enum flowsync_role role)
{
	return role == FLOWSYNC_ACTIVE ? "active" : "standby";
}

const char *
flowsync_readiness_name(enum flowsync_readiness readiness)
{
	static const char *const names[] = {
		[FLOWSYNC_INIT] = "init",
		[FLOWSYNC_BULK] = "bulk",
		[FLOWSYNC_SYNCED] = "synced",
		[FLOWSYNC_STALE] = "stale",
		[FLOWSYNC_ALONE] = "alone",
	};

	_Static_assert(ARRAY_SIZE(names) == FLOWSYNC_READINESSES, "every readiness has a name");
	return (unsigned)readiness < FLOWSYNC_READINESSES ? names[readiness] : "unknown";
}

const char *
flowsync_alarm_name(enum flowsync_alarm alarm)
{
	static const char *const names[] = {
		[FLOWSYNC_BOTH_ACTIVE] = "both-active",
		[FLOWSYNC_FULL] = "table-full",
		[FLOWSYNC_PEER_SMALLER] = "peer-smaller",
		[FLOWSYNC_REFUSALS] = "kernel-refuses",
		[FLOWSYNC_DISAGREE] = "tables-differ",
		[FLOWSYNC_PATH_DEAD] = "path-dead",
		[FLOWSYNC_FOREIGN] = "peer-incompatible",
	};

	_Static_assert(ARRAY_SIZE(names) == FLOWSYNC_ALARMS, "every alarm has a name");
	return (unsigned)alarm < FLOWSYNC_ALARMS ? names[alarm] : "unknown";
}
