/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Chooses the faults.  What they do is world.c's and router.c's; what may come of them, check.c's.
 * No expression draws twice: compilers differ in the order in which they evaluate arguments, and a
 * seed must mean the same to all.
 */
#include "sim/forge.h"
#include "sim/turmoil.h"

static unsigned
any_segment(struct world *world)
{
	return chance_below(&world->chance, world->plan.segments);
}

static struct router *
any_router(struct world *world)
{
	return &world->routers[chance_below(&world->chance, world->plan.routers)];
}

static unsigned
any_group(struct world *world)
{
	return chance_below(&world->chance, world->plan.group_count);
}

/* Short ones are as likely as long ones. */
static nsec_t
any_pause(struct world *world)
{
	nsec_t longest = chance_percent(&world->chance, 50) ? NSEC_PER_SEC : 10 * NSEC_PER_SEC;

	return chance_between(&world->chance, 10 * NSEC_PER_MSEC, longest);
}

static void
cut_cables(struct world *world, bool cut)
{
	unsigned segment = any_segment(world);
	unsigned from = any_router(world)->number;
	unsigned to = any_router(world)->number;

	if (chance_percent(&world->chance, 30)) {	/* one direction only */
		world_cut(world, segment, from, to, cut);
		return;
	}
	for (unsigned i = 0; i < world->plan.routers; i++) {
		world_cut(world, segment, from, i, cut);
		world_cut(world, segment, i, from, cut);
	}
}

static void
change_plan(struct world *world)
{
	plan_change(&world->plan, &world->chance);
	world_spread_plan(world, chance_between(&world->chance, 0, 2 * NSEC_PER_SEC));
}

static void
lose_power(struct world *world, struct router *router)
{
	router_cut_power(world, router);
	world_schedule(world, world->now + any_pause(world), EVENT_BOOT, router->number);
}

static void
stop_cleanly(struct world *world, struct router *router)
{
	router_stop(world, router);
	world_schedule(world, world->now + any_pause(world), EVENT_BOOT, router->number);
}

/* The operator asks for another master, and asks again: it may be refused. */
static void
reset(struct world *world)
{
	unsigned group = any_group(world);

	for (unsigned i = 0; i < world->plan.routers; i++)
		if (router_is_master(&world->routers[i], group))
			router_reset_master(world, &world->routers[i], group);
}

static void
inflict_fault(struct world *world)
{
	struct router *router = any_router(world);
	unsigned number = any_segment(world);
	struct segment *segment = &world->segments[number];
	nsec_t jitter = chance_percent(&world->chance, 50) ? 0 :
		chance_between(&world->chance, 0, DELAY_MAX);

	switch (chance_below(&world->chance, 16)) {
	case 0:
	case 1:
		world_lose(world, number, chance_below(&world->chance, 51), jitter);
		break;
	case 2:
		world_lose(world, number, 0, jitter);
		break;
	case 3:
		segment->duplicates = segment->duplicates > 0 ? 0 :
			chance_below(&world->chance, 50);
		break;
	case 4:
	case 5:
		cut_cables(world, true);
		break;
	case 6:
		cut_cables(world, false);
		break;
	case 7:
	case 8:
		router_freeze(world, router, any_pause(world));
		break;
	case 9:
	case 10:
		router_crash(world, router, any_pause(world));
		break;
	case 11:
		lose_power(world, router);
		break;
	case 12:
		router_set_port(world, router, number, chance_percent(&world->chance, 60));
		break;
	case 13:
		change_plan(world);
		break;
	case 14:
		reset(world);
		break;
	case 15:
		if (chance_percent(&world->chance, 30))
			stop_cleanly(world, router);
		else
			(void)forge_storm(world, any_group(world), 10, NSEC_PER_SEC);
		break;
	}
}

static bool
turmoil(struct world *world)
{
	nsec_t end = world->now + chance_between(&world->chance, 10, 40) * NSEC_PER_SEC;
	nsec_t pace = chance_between(&world->chance, 200, 4000) * NSEC_PER_MSEC;

	while (world->now < end) {
		if (!world_run_until(world, world->now + chance_between(&world->chance, 0, pace)))
			return false;
		inflict_fault(world);
	}
	return true;
}

static bool
heal(struct world *world)
{
	world_heal(world);
	if (!world_run_until(world, world->now + check_settling_bound(world)))
		return false;
	check_settled(world);
	return !world->check.broken;
}

/* Things that happen to a healthy pair every day. */
static void
disturb(struct world *world)
{
	nsec_t harmless = chance_between(&world->chance, 1,
					 plan_shortest_interval(&world->plan) * 3 / 2);
	struct plan_group *group = &world->plan.groups[any_group(world)];

	switch (chance_below(&world->chance, 5)) {
	case 0:
		router_crash(world, any_router(world), harmless);
		break;
	case 1:
		router_freeze(world, any_router(world), harmless);
		break;
	case 2:
		(void)forge_storm(world, any_group(world), 20, NSEC_PER_SEC);
		break;
	case 3:
		group->address_count = (uint8_t)(1 + chance_below(&world->chance, 3));
		FALLTHROUGH;
	case 4:
		world->plan.revision++;		/* the order of links and groups changes */
		world_spread_plan(world, NSEC_PER_SEC);
		break;
	}
}

static bool
calm(struct world *world)
{
	/* Long enough that a pause has ended and every master has spoken since. */
	nsec_t rest = plan_shortest_interval(&world->plan) * 3 / 2 +
		plan_down_interval(&world->plan) / 4 + NSEC_PER_SEC;

	world->check.calm = true;
	for (unsigned i = 0; i < 4; i++) {
		disturb(world);
		if (!world_run_until(world, world->now + rest))
			return false;
	}
	check_settled(world);
	return !world->check.broken;
}

bool
turmoil_run(uint64_t seed, unsigned routers, bool verbose, struct turmoil_result *ret_result)
{
	struct world world;
	unsigned segments;
	bool fine;

	world_init(&world, seed, verbose);
	if (routers == 0)
		routers = 2 + chance_below(&world.chance, 3);
	segments = 1 + chance_below(&world.chance, 3);
	plan_random(&world.plan, &world.chance, routers, segments);
	for (unsigned i = 0; i < routers; i++)
		world.routers[i].queue_limit = chance_percent(&world.chance, 30) ? 32 : QUEUE_MAX;
	world_boot(&world, chance_percent(&world.chance, 50) ? 0 : 10 * NSEC_PER_SEC);

	fine = turmoil(&world) && heal(&world) && calm(&world);
	*ret_result = (struct turmoil_result){
		.hash = world.history.hash,
		.takeovers = world.check.takeovers,
		.checked = world.check.checked,
		.simulated = world.now - WORLD_START,
	};
	world_done(&world);
	return fine;
}
