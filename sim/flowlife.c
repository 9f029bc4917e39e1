/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * tandem-flowsim: random lives of two synchronised routers.  A life is a number of rounds; in each
 * there is load and everything goes wrong that may, then load and faults stop, and within one
 * digest period both kernels must hold the same flows.  Exit status 0 = all rules held, 1 = one was
 * broken, 2 = usage.
 */
#include <errno.h>
#include <getopt.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "sim/flowpair.h"

#define SETTLE_EXTRA (5500 * NSEC_PER_MSEC)	/* to connect, to dump, to wait for a master */

#define REST 600u				/* turns of both loops in a second, at most */

struct life {
	struct flowpair pair;
	unsigned flows;			/* of the flows there can be, those in this life */
	unsigned burst;			/* most changes at a time */
	nsec_t pace;			/* between two things that happen, at most */
	unsigned trouble;		/* per cent of them that are faults */
	bool small;			/* tables too small for all flows */
	bool split;			/* both forward */
	bool fair;			/* nothing dies: no flow may be lost that lives anywhere */
	bool lives[FLOWKERNEL_FLOWS];	/* in a fair life: packets flow */
	nsec_t linger_until;		/* an old master forwards still; 0 = no */
	unsigned lingers;
	nsec_t next;			/* when the next thing happens */
	nsec_t freeze_until[2];
	uint64_t settles;
	nsec_t slowest;			/* until equal */
};

/* ---- what happens --------------------------------------------------------------------------- */

static unsigned
any_flow(struct life *life)
{
	return chance_below(&life->pair.chance, life->flows);
}

/* A helper foresees a connection, or does so no longer. */
static void
foresee(struct life *life, struct flowpair_router *router)
{
	unsigned number = any_flow(life);
	struct flow_expectation x = {
		.master = flowkernel_flow(number, 1, 0).key,
		.expected = flowkernel_flow((number + 1) % FLOWKERNEL_FLOWS, 1, 0).key,
		.timeout = 300, .helper = "ftp",
	};

	x.mask.family = x.expected.family;
	x.mask.protocol = x.expected.protocol;
	x.mask.zone = x.expected.zone;
	if (router->sync && !router->frozen)
		flowsync_on_expectation(router->sync, chance_percent(&life->pair.chance, 50) ?
		                        FLOW_UPSERT : FLOW_DELETE, &x, life->pair.now);
}

/* Packets through whoever forwards. */
static void
traffic(struct life *life)
{
	struct chance *chance = &life->pair.chance;
	unsigned changes = 1 + chance_below(chance, life->burst);
	bool both = life->pair.routers[0].role == FLOWSYNC_ACTIVE &&
	            life->pair.routers[1].role == FLOWSYNC_ACTIVE;

	for (unsigned router = 0; router < 2; router++) {
		struct flowkernel *kernel = &life->pair.routers[router].kernel;

		if (life->pair.routers[router].role != FLOWSYNC_ACTIVE)
			continue;
		for (unsigned i = 0; i < changes; i++) {
			unsigned number = any_flow(life);
			unsigned what = chance_below(chance, 10);

			/* No connection goes through both. */
			if (life->fair && both && number % 2 != router)
				continue;

			if (life->pair.verbose)
				printf("%12.6f kernel %u: %s %u\n",
				       (double)life->pair.now / (double)NSEC_PER_SEC, router,
				       what < 5 ? "changes" : what < 8 ? "ends" : "refreshes",
				       number);
			if (what < 5)
				flowpair_touch(&life->pair, router, number,
				               chance_percent(chance, 30));
			else if (what < 8)
				flowkernel_end(kernel, number);
			else
				flowkernel_refresh(kernel, number, life->pair.now);
			if (what < 8)
				life->lives[number] = kernel->flows[number].mark != 0 &&
					!flowkernel_is_closed(number,
					                      kernel->flows[number].mark);
		}
		if (chance_percent(chance, 5))
			foresee(life, &life->pair.routers[router]);
		flowpair_nudge(&life->pair, router);
	}
}

static void
weather(struct life *life)
{
	static const unsigned losses[] = { 0, 0, 1, 10, 50 };
	static const nsec_t delays[] = { 100, 100, 300, 5000, 50000 };	/* us */
	struct chance *chance = &life->pair.chance;
	struct flowpair_path *path = &life->pair.paths[chance_below(chance, FLOWSYNC_PATHS)];

	path->loss = losses[chance_below(chance, ARRAY_SIZE(losses))];
	path->twice = chance_percent(chance, 30) ? 20 : 0;
	path->delay = delays[chance_below(chance, ARRAY_SIZE(delays))] * NSEC_PER_USEC;
	path->jitter = chance_percent(chance, 50) ? 0 : path->delay;
	path->cut = chance_percent(chance, 15);
}

/* VRRP: the other one forwards now; one of them may be told a little later. */
static void
fail_over(struct life *life)
{
	struct flowpair *pair = &life->pair;
	unsigned old = pair->routers[0].role == FLOWSYNC_ACTIVE ? 0 : 1;

	if (life->linger_until)
		return;
	if (life->split) {
		life->split = false;
		flowpair_role(pair, chance_below(&pair->chance, 2), FLOWSYNC_STANDBY);
		return;
	}
	if (chance_percent(&pair->chance, 25)) {
		life->split = true;
		flowpair_role(pair, !old, FLOWSYNC_ACTIVE);
		return;
	}
	if (chance_percent(&pair->chance, 40)) {
		flowpair_hand_over(pair, !old);
		life->lingers = old;
		life->linger_until = pair->now + 50 * NSEC_PER_MSEC;
		flowpair_fate(pair, life->linger_until);
	} else if (chance_percent(&pair->chance, 50)) {
		flowpair_role(pair, old, FLOWSYNC_STANDBY);
		flowpair_role(pair, !old, FLOWSYNC_ACTIVE);
	} else {
		flowpair_role(pair, !old, FLOWSYNC_ACTIVE);
		flowpair_role(pair, old, FLOWSYNC_STANDBY);
	}
}

static void
freeze(struct life *life, unsigned router)
{
	struct flowpair *pair = &life->pair;

	flowpair_freeze(pair, router, true);
	life->freeze_until[router] = pair->now +
		chance_between(&pair->chance, 10, 5000) * NSEC_PER_MSEC;
	flowpair_fate(pair, life->freeze_until[router]);
}

/* The whole router goes down; the other takes over. */
static void
power_cut(struct life *life, unsigned router)
{
	struct flowpair *pair = &life->pair;

	flowpair_kill(pair, router);
	flowkernel_reboot(&pair->routers[router].kernel);
	flowpair_role(pair, router, FLOWSYNC_STANDBY);
	flowpair_role(pair, !router, FLOWSYNC_ACTIVE);
	life->split = false;
	life->linger_until = 0;
	flowpair_start(pair, router, chance_between(&pair->chance, 100, 3000) * NSEC_PER_MSEC);
}

static void
fault(struct life *life)
{
	struct flowpair *pair = &life->pair;
	unsigned router = chance_below(&pair->chance, 2);
	unsigned what = chance_below(&pair->chance, pair->calm ? 50 : 100);

	if (what < 30) {
		flowpair_attack(pair, router);
	} else if (what < 50) {
		weather(life);
	} else if (what < 60) {
		fail_over(life);
	} else if (life->fair && (what < 79 || what >= 90)) {
		weather(life);
	} else if (what < 68) {
		freeze(life, router);
	} else if (what < 76) {
		flowpair_kill(pair, router);
		flowpair_start(pair, router,
		               chance_between(&pair->chance, 1, 2000) * NSEC_PER_MSEC);
	} else if (what < 79) {
		power_cut(life, router);
	} else if (what < 86) {
		pair->stream_cut = !pair->stream_cut;
	} else if (what < 90) {
		flowpair_break_stream(pair);
	} else if (what < 95) {
		pair->routers[router].kernel.overrun = pair->routers[router].kernel.subscribed;
		flowpair_nudge(pair, router);
	} else if (pair->routers[router].sync && !pair->routers[router].frozen) {
		flowsync_reset(pair->routers[router].sync, pair->now);
	}
}

static void
end_lingering(struct life *life)
{
	if (life->linger_until)
		flowpair_role(&life->pair, life->lingers, FLOWSYNC_STANDBY);
	life->linger_until = 0;
}

static void
thaw_due(struct life *life)
{
	if (life->linger_until && life->pair.now >= life->linger_until)
		end_lingering(life);
	for (unsigned i = 0; i < 2; i++) {
		if (life->pair.routers[i].frozen && life->pair.now >= life->freeze_until[i])
			flowpair_freeze(&life->pair, i, false);
	}
}

/* ---- rounds --------------------------------------------------------------------------------- */

static void
run_until(struct life *life, nsec_t end, bool loaded)
{
	struct flowpair *pair = &life->pair;

	life->next = pair->now;
	if (loaded)
		flowpair_fate(pair, life->next);
	while (!pair->broken && pair->now < end && pair->agenda.count > 0) {
		if (!flowpair_step(pair))
			continue;
		thaw_due(life);
		/* It may have been the time of a thaw only. */
		if (!loaded || pair->now >= end || pair->now < life->next)
			continue;
		life->next = pair->now + chance_between(&pair->chance, 1, life->pace);
		flowpair_fate(pair, life->next);
		if (chance_percent(&pair->chance, life->trouble))
			fault(life);
		else
			traffic(life);
	}
}

/* Everything is well again, and nothing moves but timers of live flows. */
static void
make_peace(struct life *life)
{
	struct flowpair *pair = &life->pair;
	unsigned active;

	end_lingering(life);
	active = pair->routers[0].role == FLOWSYNC_ACTIVE ? 0 : 1;
	if (life->split)
		active = chance_below(&pair->chance, 2);
	life->split = false;
	pair->stream_cut = false;
	for (unsigned i = 0; i < FLOWSYNC_PATHS; i++)
		pair->paths[i] = (struct flowpair_path){ .delay = 100 * NSEC_PER_USEC };
	for (unsigned i = 0; i < 2; i++) {
		flowpair_freeze(pair, i, false);
		flowpair_role(pair, i, i == active ? FLOWSYNC_ACTIVE : FLOWSYNC_STANDBY);
		if (!pair->routers[i].sync)
			flowpair_start(pair, i, 0);
	}
	for (unsigned i = 0; i < FLOWKERNEL_FLOWS; i++)
		flowkernel_refresh(&pair->routers[active].kernel, i, pair->now);
}

/* A dump may just have shown something to be told, and the receipt be under way. */
static void
await_receipts(struct life *life)
{
	struct flowpair *pair = &life->pair;
	nsec_t end = pair->now + 10 * NSEC_PER_MSEC;
	struct flowsync_status status[2];

	do {
		run_until(life, pair->now + NSEC_PER_MSEC, false);
		for (unsigned i = 0; i < 2; i++)
			flowsync_status(pair->routers[i].sync, pair->now, &status[i]);
	} while (status[0].lost_now + status[1].lost_now > 0 && pair->now < end);
}

static void
expect_readiness(struct life *life)
{
	struct flowpair *pair = &life->pair;
	uint32_t expectations = 0;

	for (unsigned i = 0; i < 2; i++) {
		struct flowsync_status status;

		flowsync_status(pair->routers[i].sync, pair->now, &status);
		if (status.readiness != FLOWSYNC_SYNCED)
			flowpair_breaks(pair, "two equal tables are said to be synced");
		if (status.lost_now > 0)
			flowpair_breaks(pair, "nothing would be lost when both tables are equal");
		if (status.settling)
			flowpair_breaks(pair, "what passed a standby router is seen to in the end");
		if (status.alarms & ~(1u << FLOWSYNC_PATH_DEAD))
			flowpair_breaks(pair, "no alarm is left when all is well");
		if (i == 1 && status.expectations != expectations)
			flowpair_breaks(pair, "both routers know of the same expectations");
		expectations = status.expectations;
	}
}

/* Where a connection's packets came from does not matter. */
static void
expect_all_alive(struct life *life)
{
	for (unsigned i = 0; i < FLOWKERNEL_FLOWS; i++) {
		if (!life->lives[i] || life->pair.routers[0].kernel.flows[i].mark)
			continue;
		printf("flow %u is lost\n", i);
		flowpair_breaks(&life->pair, "where nothing dies no connection is lost");
	}
}

static uint64_t
removed_by_comparison(const struct life *life)
{
	const struct flowpair_router *standby = &life->pair.routers[1];

	return standby->sync ? flowsync_tally(standby->sync)->counts[FLOW_REPAIRED] : 0;
}

/* Within one digest period, and what it takes to connect and to dump, both tables are equal. */
static void
settle(struct life *life)
{
	struct flowpair *pair = &life->pair;
	nsec_t begin = pair->now, end = begin + pair->options.digest_period + SETTLE_EXTRA;
	nsec_t equal_at = -1;
	unsigned number = 0;
	uint64_t removed, turns;

	make_peace(life);
	run_until(life, pair->now + 1500 * NSEC_PER_MSEC, false);
	removed = removed_by_comparison(life);
	while (!pair->broken && pair->now < end) {
		run_until(life, pair->now + 20 * NSEC_PER_MSEC, false);
		if (!flowpair_is_equal(pair, &number))
			equal_at = -1;
		else if (equal_at < 0)
			equal_at = pair->now;
	}
	if (pair->broken)
		return;
	life->settles++;
	if (life->small)
		return;
	if (equal_at < 0) {
		printf("flow %u: marks %u and %u\n", number,
		       pair->routers[0].kernel.flows[number].mark,
		       pair->routers[1].kernel.flows[number].mark);
		flowpair_breaks(pair, "tables are equal one digest period after all is well");
		return;
	}
	life->slowest = nsec_max(life->slowest, equal_at - begin);
	if (life->fair)
		expect_all_alive(life);
	/* Comparisons mend what nothing else does; a bad wire alone leaves nothing to be removed,
	 * once what was under way has arrived. */
	if (pair->calm && removed_by_comparison(life) > removed)
		flowpair_breaks(pair, "a bad wire alone leaves no flow behind that is dead");
	/* What each says of itself is with the other a little later. */
	turns = pair->turns;
	run_until(life, pair->now + NSEC_PER_SEC, false);
	if (pair->turns - turns > REST)
		flowpair_breaks(pair, "two routers that have nothing to do sleep");
	await_receipts(life);
	expect_readiness(life);
}

/* Numbers of datagrams are on a circle: near where it begins, is half round, or ends. */
static uint32_t
somewhere(struct chance *chance)
{
	static const uint32_t places[] = { 0, 0, UINT32_MAX / 2, UINT32_MAX };
	uint32_t place = places[chance_below(chance, ARRAY_SIZE(places))];

	return place ? place - chance_below(chance, 20000) : 0;
}

static void
choose(struct life *life, uint64_t seed)
{
	struct chance chance = { seed ^ 0x5eed };
	struct flowsync_options options;

	flowsync_options_init(&options);
	options.seed[0] = seed;
	options.seed[1] = 42;
	life->small = chance_percent(&chance, 10);
	life->flows = 10 + chance_below(&chance, FLOWKERNEL_FLOWS - 10);
	life->burst = 1 + chance_below(&chance, chance_percent(&chance, 20) ? 100 : 10);
	life->pace = (1 + chance_below(&chance, 40)) * NSEC_PER_MSEC;
	life->trouble = chance_below(&chance, 20);
	options.capacity = life->small ? 10 + chance_below(&chance, 200) : 1000;
	options.expectations = 16;
	options.hold_down = chance_percent(&chance, 50) ? 0 : 20 * NSEC_PER_MSEC;
	options.rate = chance_percent(&chance, 80) ? 0 : 20000;
	options.digest_period = (1 + chance_below(&chance, 3)) * NSEC_PER_SEC;
	options.verify_period = chance_percent(&chance, 50) ? 0 : 5 * NSEC_PER_SEC;
	options.startup_wait = 2 * NSEC_PER_SEC;
	options.sweep_time = 5 * NSEC_PER_SEC;
	options.paths = 1 + chance_below(&chance, 2);
	options.payload[0] = 512 + (uint16_t)chance_below(&chance, 900);
	options.payload[1] = 512;
	options.sequence = somewhere(&chance);
	flowpair_init(&life->pair, seed, &options, life->small && chance_percent(&chance, 50) ?
	              5 + chance_below(&chance, 100) : FLOWKERNEL_FLOWS);
	life->pair.calm = chance_percent(&chance, 25);
	life->pair.reseeds = seed % 4 == 1;
	life->pair.renats = chance_percent(&chance, 40);
	life->fair = !life->small && chance_percent(&chance, 30);
	/* No news get lost. */
	if (life->fair)
		life->burst = 1 + life->burst % 10;
}

static void
live(struct life *life, uint64_t seed, bool verbose)
{
	unsigned rounds;

	*life = (struct life){ 0 };
	choose(life, seed);
	life->pair.verbose = verbose;
	rounds = 1 + chance_below(&life->pair.chance, 3);
	/* What a process does not see begin it cannot know. */
	if (life->fair)
		run_until(life, life->pair.now + 1100 * NSEC_PER_MSEC, false);
	for (unsigned i = 0; i < rounds && !life->pair.broken; i++) {
		run_until(life, life->pair.now + chance_between(&life->pair.chance, 1, 6) *
		          NSEC_PER_SEC, true);
		if (!life->pair.broken)
			settle(life);
	}
}

/* ---- program -------------------------------------------------------------------------------- */

static uint64_t volatile present_seed;

static void
on_abort(int number)
{
	printf("seed %llu: an assertion failed\n", (unsigned long long)present_seed);
	fflush(stdout);
	signal(number, SIG_DFL);
}

static void
print_sum(const struct flowtally *tally, uint64_t seeds, uint64_t settles, nsec_t slowest,
          uint64_t hash)
{
	printf("%llu lives, tables equal after each of %llu rounds, at the latest after %.1f s, "
	       "history %016llx\n", (unsigned long long)seeds, (unsigned long long)settles,
	       (double)slowest / (double)NSEC_PER_SEC, (unsigned long long)hash);
	for (unsigned i = 0; i < FLOW_COUNTS; i++)
		printf("%s %llu%s", flow_count_name(i), (unsigned long long)tally->counts[i],
		       i + 1 < FLOW_COUNTS ? ", " : "\n");
	printf("refused of the peer:");
	for (unsigned i = 1; i < FLOW_FAULTS; i++)
		printf(" %s %llu", flow_fault_name(i), (unsigned long long)tally->faults[i]);
	printf("\n");
}

static void
add_up(struct flowtally *sum, const struct flowtally *part)
{
	for (unsigned i = 0; i < FLOW_FAULTS; i++)
		sum->faults[i] += part->faults[i];
	for (unsigned i = 0; i < FLOW_COUNTS; i++)
		sum->counts[i] += part->counts[i];
}

static bool
parse_number(const char *text, uint64_t *ret_number)
{
	char *end;

	errno = 0;
	*ret_number = strtoull(text, &end, 0);
	return errno == 0 && end != text && *end == '\0' && text[0] != '-';
}

static int
run(uint64_t first, uint64_t count, bool verbose, bool twice)
{
	static struct life life;
	struct flowtally sum = { 0 };
	uint64_t settles = 0, hash = 0;
	nsec_t slowest = 0;

	for (uint64_t seed = first; seed < first + count; seed++) {
		uint64_t before = 0;

		for (int again = 0; again <= twice; again++) {
			present_seed = seed;
			live(&life, seed, verbose);
			if (life.pair.broken) {
				printf("seed %llu at %.6f s: broken: %s\n",
				       (unsigned long long)seed,
				       (double)life.pair.now / (double)NSEC_PER_SEC,
				       life.pair.broken);
				return 1;
			}
			flowpair_done(&life.pair);
			if (again && life.pair.hash != before) {
				printf("seed %llu does not repeat\n", (unsigned long long)seed);
				return 1;
			}
			before = life.pair.hash;
		}
		add_up(&sum, &life.pair.tally);
		settles += life.settles;
		hash = hash * 31 + life.pair.hash;
		slowest = nsec_max(slowest, life.slowest);
	}
	print_sum(&sum, count, settles, slowest, hash);
	return 0;
}

int
main(int argc, char **argv)
{
	static const struct option options[] = {
		{ "seed", required_argument, NULL, 's' },
		{ "seeds", required_argument, NULL, 'S' },
		{ "twice", no_argument, NULL, 't' },
		{ "verbose", no_argument, NULL, 'v' },
		{ NULL, 0, NULL, 0 },
	};
	uint64_t first = 1, count = 1;
	bool verbose = false, twice = false, sound = true;
	int option;

	while (sound && (option = getopt_long(argc, argv, "", options, NULL)) != -1) {
		if (option == 's')
			sound = parse_number(optarg, &first);
		else if (option == 'S')
			sound = parse_number(optarg, &first) && optind < argc &&
				parse_number(argv[optind++], &count);
		else if (option == 't')
			twice = true;
		else if (option == 'v')
			verbose = true;
		else
			sound = false;
	}
	if (!sound || optind != argc || count == 0) {
		fputs("usage: tandem-flowsim [--seed N | --seeds FIRST COUNT] [--twice] "
		      "[--verbose]\n", stderr);
		return 2;
	}
	signal(SIGABRT, on_abort);
	return run(first, count, verbose, twice);
}
