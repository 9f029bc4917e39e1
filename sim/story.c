/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Reads a story and lets it happen.  A line is a verb and its words; the table at the end of the
 * file is the whole language, but for what a group can be: stage.c.  The rules of check.c hold in
 * every story, whatever it tells.
 */
#include <stdio.h>
#include <string.h>

#include "sim/forge.h"
#include "sim/stage.h"
#include "sim/story.h"

#define STEP (1 * NSEC_PER_MSEC)	/* how finely "within" measures */

static void
fail(struct story *story, const char *what)
{
	story_fail(story, STORY_OTHERWISE, what, NULL);
}

/* ---- what happens --------------------------------------------------------------------------- */

static void
run(struct story *story, nsec_t duration)
{
	if (!world_run_until(&story->world, story->world.now + duration))
		fail(story, "a rule is broken here");
}

static void
tell_start(struct story *story)
{
	world_boot(&story->world, story->count > 1 ? stage_seconds(story, 1) : 0);
}

static void
tell_wait(struct story *story)
{
	run(story, stage_seconds(story, 1));
}

static void
tell_power_cut(struct story *story)
{
	router_cut_power(&story->world, stage_router(story, 1));
}

static void
tell_boot(struct story *story)
{
	router_boot(&story->world, stage_router(story, 1));
}

static void
tell_freeze(struct story *story)
{
	router_freeze(&story->world, stage_router(story, 1), stage_seconds(story, 2));
}

static void
tell_suspend(struct story *story)
{
	router_suspend(&story->world, stage_router(story, 1), stage_seconds(story, 2));
}

static void
tell_crash(struct story *story)
{
	router_crash(&story->world, stage_router(story, 1), stage_seconds(story, 2));
}

static void
tell_stop(struct story *story)
{
	router_stop(&story->world, stage_router(story, 1));
	if (story->world.check.broken)
		fail(story, "a rule is broken here");
}

static void
tell_leave(struct story *story)
{
	router_leave(&story->world, stage_router(story, 1));
}

static void
tell_link(struct story *story)
{
	bool up = stage_up(story, 3);

	router_set_port(&story->world, stage_router(story, 1), stage_segment(story, 2), up);
}

/* The port below the VLANs: they go down and come up together. */
static void
tell_parent(struct story *story)
{
	struct router *router = stage_router(story, 1);
	bool up = stage_up(story, 2);

	for (unsigned i = 0; i < story->world.plan.segments; i++)
		if (story->world.plan.trunk >> i & 1)
			router_set_port(&story->world, router, i, up);
}

static void
tell_object(struct story *story)
{
	struct router *router = stage_router(story, 1);
	unsigned object = (unsigned)stage_number(story, 2, 1, OBJECTS_MAX) - 1;

	router_set_object(&story->world, router, object, stage_up(story, 3));
}

/* "cut lan0": nobody hears anybody; "cut lan0 1 2": router 2 does not hear router 1. */
static void
set_cut(struct story *story, bool cut)
{
	struct world *world = &story->world;
	unsigned segment = stage_segment(story, 1);

	if (story->count == 2) {
		for (unsigned from = 0; from < world->plan.routers; from++)
			for (unsigned to = 0; to < world->plan.routers; to++)
				world_cut(world, segment, from, to, cut);
		return;
	}
	world_cut(world, segment, stage_router(story, 2)->number, stage_router(story, 3)->number,
		  cut);
}

static void
tell_cut(struct story *story)
{
	set_cut(story, true);
}

static void
tell_repair(struct story *story)
{
	set_cut(story, false);
}

static void
tell_lose(struct story *story)
{
	world_lose(&story->world, stage_segment(story, 1),
		   (unsigned)stage_number(story, 2, 0, 100));
}

static void
tell_damage(struct story *story)
{
	world_damage(&story->world, stage_segment(story, 1),
		     (unsigned)stage_number(story, 2, 0, 100));
}

static void
tell_delay(struct story *story)
{
	world_delay(&story->world, stage_segment(story, 1), stage_seconds(story, 2));
}

static void
tell_double(struct story *story)
{
	struct segment *segment = &story->world.segments[stage_segment(story, 1)];

	segment->duplicates = (unsigned)stage_number(story, 2, 0, 100);
}

static void
tell_mute(struct story *story)
{
	router_set_mute(&story->world, stage_router(story, 1),
			(unsigned)stage_number(story, 2, 0, 100));
}

/* "kernel 1 0.5 20": answers take up to half a second, one in five is no. */
static void
tell_kernel(struct story *story)
{
	kernel_set_faults(&story->world, stage_router(story, 1), stage_seconds(story, 2),
			  (unsigned)stage_number(story, 3, 0, 100));
}

/* "reset 1 lan0/10", or "reset master lan0/10": whoever it is. */
static void
tell_reset(struct story *story)
{
	struct world *world = &story->world;
	unsigned group = stage_group(story, 2);

	if (story->count > 1 && strcmp(story->words[1], "master") != 0) {
		router_reset_master(world, stage_router(story, 1), group);
		return;
	}
	for (unsigned i = 0; i < world->plan.routers; i++)
		if (router_is_master(&world->routers[i], group))
			router_reset_master(world, &world->routers[i], group);
}

static void
tell_forge(struct story *story)
{
	unsigned group = stage_group(story, 1);
	unsigned count = (unsigned)stage_number(story, 2, 1, 100000);

	if (!forge_storm(&story->world, group, count, stage_seconds(story, 3)))
		fail(story, "a rule is broken here");
}

static void
tell_replay(struct story *story)
{
	unsigned group = stage_group(story, 1);
	unsigned count = (unsigned)stage_number(story, 2, 1, 100000);

	if (!forge_replay(&story->world, group, count, stage_seconds(story, 3)))
		fail(story, "a rule is broken here");
}

/* What was changed reaches the routers. */
static void
tell_spread(struct story *story)
{
	world_spread_plan(&story->world, story->count > 1 ? stage_seconds(story, 1) : 0);
}

/* "priority 1 200": of all groups of router 1, "priority 1 200 lan0/1": of this. */
static void
tell_priority(struct story *story)
{
	struct plan *plan = &story->world.plan;
	struct router *router = stage_router(story, 1);
	unsigned meant = stage_groups(story, 3);

	for (unsigned g = 0; g < plan->group_count; g++)
		if (meant & 1u << g)
			plan->groups[g].at[router->number].priority =
				(uint8_t)stage_number(story, 2, 1, 254);
	world_spread_plan(&story->world, 0);
}

static void
set_present(struct story *story, bool present)
{
	struct plan *plan = &story->world.plan;
	unsigned meant = stage_groups(story, 1);

	for (unsigned g = 0; g < plan->group_count; g++)
		if (meant & 1u << g)
			plan->groups[g].present = present;
	world_spread_plan(&story->world, 0);
}

static void
tell_remove(struct story *story)
{
	set_present(story, false);
}

static void
tell_add(struct story *story)
{
	set_present(story, true);
}

static void
tell_heal(struct story *story)
{
	world_heal(&story->world, story->count > 1 ? stage_seconds(story, 1) : 0);
}

/* R4: within the bound the world is as it should be. */
static void
tell_settle(struct story *story)
{
	run(story, check_settling_bound(&story->world));
	check_settled(&story->world);
	if (story->world.check.broken)
		fail(story, "a rule is broken here");
}

/* R13: after the longest skew, and a little, whoever resigned has a successor. */
static void
tell_mastered(struct story *story)
{
	unsigned meant = stage_groups(story, 1);

	run(story, plan_down_interval(&story->world.plan) / 4 + 60 * NSEC_PER_MSEC);
	for (unsigned g = 0; g < PLAN_GROUPS_MAX; g++)
		if (meant & 1u << g)
			check_mastered(&story->world, g);
	if (story->world.check.broken)
		fail(story, "a rule is broken here");
}

static void
tell_calm(struct story *story)
{
	story->world.check.calm = true;
}

/* ---- what must come of it ------------------------------------------------------------------- */

static bool
all_in_state(const struct router *router, unsigned meant, enum vrouter_state state)
{
	for (unsigned g = 0; g < PLAN_GROUPS_MAX; g++)
		if (meant & 1u << g &&
		    (router->index_of[g] < 0 || router->watch[g].state != state))
			return false;
	return true;
}

static void
tell_expect(struct story *story)
{
	const struct router *router = stage_router(story, 1);
	enum vrouter_state state = stage_state(story, 2);

	if (!all_in_state(router, stage_groups(story, 3), state))
		fail(story, "not so");
}

/* "within 3.1 2 master all": it takes no longer; and how long it took is printed. */
static void
tell_within(struct story *story)
{
	nsec_t start = story->world.now;
	nsec_t limit = start + stage_seconds(story, 1);
	const struct router *router = stage_router(story, 2);
	enum vrouter_state state = stage_state(story, 3);
	unsigned meant = stage_groups(story, 4);

	while (!all_in_state(router, meant, state) && story->outcome == STORY_AS_TOLD) {
		if (story->world.now >= limit) {
			fail(story, "not so in time");
			return;
		}
		run(story, STEP);
	}
	if (story->manner == STORY_QUIET)
		return;
	printf("%8.3f s: router %u %s after %.3f s\n",
	       (double)(story->world.now - WORLD_START) / (double)NSEC_PER_SEC,
	       router->number + 1, vrouter_state_name(state),
	       (double)(story->world.now - start) / (double)NSEC_PER_SEC);
}

static void
expect_addresses(struct story *story, bool held)
{
	const struct router *router = stage_router(story, 1);
	unsigned meant = stage_groups(story, 2);

	for (unsigned g = 0; g < PLAN_GROUPS_MAX; g++)
		if (meant & 1u << g && router_holds(&story->world, router, g) != held)
			fail(story, held ? "an address is missing" :
			     "an address is still held");
}

static void
tell_holds(struct story *story)
{
	expect_addresses(story, true);
}

static void
tell_free(struct story *story)
{
	expect_addresses(story, false);
}

static void
tell_mark(struct story *story)
{
	for (unsigned r = 0; r < ROUTERS_MAX; r++)
		for (unsigned g = 0; g < PLAN_GROUPS_MAX; g++)
			story->marks[r][g] = story->world.routers[r].watch[g].transitions;
}

/* "quiet", "quiet lan0/1": no transition of these since "mark", on any router. */
static void
tell_quiet(struct story *story)
{
	unsigned meant = stage_groups(story, 1);

	for (unsigned r = 0; r < ROUTERS_MAX; r++)
		for (unsigned g = 0; g < PLAN_GROUPS_MAX; g++)
			if (meant & 1u << g &&
			    story->marks[r][g] != story->world.routers[r].watch[g].transitions)
				fail(story, "there was a transition");
}

static void
tell_settled(struct story *story)
{
	check_settled(&story->world);
	if (story->world.check.broken)
		fail(story, "a rule is broken here");
}

/* "alarm 1 one-way lan0/1": is raised now; "no-alarm" likewise. */
static void
expect_alarm(struct story *story, bool raised)
{
	const struct router *router = stage_router(story, 1);
	const char *name = story->count > 2 ? story->words[2] : "";
	unsigned meant = stage_groups(story, 3);
	unsigned alarm = 0;

	while (alarm < VROUTER_ALARMS && strcmp(vrouter_alarm_name(alarm), name) != 0)
		alarm++;
	if (alarm == VROUTER_ALARMS)
		story_fail(story, STORY_UNREADABLE, "no such alarm", name);
	for (unsigned g = 0; g < PLAN_GROUPS_MAX && story->outcome == STORY_AS_TOLD; g++) {
		if (!(meant & 1u << g) || router->engine == NULL || router->index_of[g] < 0)
			continue;
		if ((engine_status(router->engine, (uint32_t)router->index_of[g])->alarms >>
		     alarm & 1) != raised)
			fail(story, raised ? "no such alarm is raised" : "it is raised");
	}
}

static void
tell_alarm(struct story *story)
{
	expect_alarm(story, true);
}

static void
tell_no_alarm(struct story *story)
{
	expect_alarm(story, false);
}

/* "runs-at 1 255 lan0/1": it runs at this priority now. */
static void
tell_runs_at(struct story *story)
{
	const struct router *router = stage_router(story, 1);
	unsigned priority = (unsigned)stage_number(story, 2, 1, 255);
	unsigned meant = stage_groups(story, 3);

	for (unsigned g = 0; g < PLAN_GROUPS_MAX; g++)
		if (meant & 1u << g &&
		    (router->engine == NULL || router->index_of[g] < 0 ||
		     engine_status(router->engine, (uint32_t)router->index_of[g])
		     ->effective_priority != priority))
			fail(story, "it runs at another priority");
}

/* "waits-for 2 0.1 lan0/1": its master speaks at this interval, as far as it knows. */
static void
tell_waits_for(struct story *story)
{
	const struct router *router = stage_router(story, 1);
	nsec_t interval = stage_seconds(story, 2);
	unsigned meant = stage_groups(story, 3);

	for (unsigned g = 0; g < PLAN_GROUPS_MAX; g++)
		if (meant & 1u << g &&
		    (router->engine == NULL || router->index_of[g] < 0 ||
		     engine_status(router->engine, (uint32_t)router->index_of[g])
		     ->master_interval != interval))
			fail(story, "it waits for another interval");
}

/* ---- the language --------------------------------------------------------------------------- */

static const struct {
	const char *verb;
	void (*tell)(struct story *story);
} verbs[] = {
	{ "routers", stage_tell_routers },	/* ROUTERS SEGMENTS */
	{ "seed", stage_tell_seed },	/* NUMBER */
	{ "trunk", stage_tell_trunk },	/* lanN ... */
	{ "objects", stage_tell_objects },	/* COUNT */
	{ "clock", stage_tell_clock },	/* ROUTER PPM */
	{ "queue", stage_tell_queue },	/* ROUTER PACKETS */
	{ "group", stage_tell_group },	/* GROUP [ATTRIBUTE ...] */
	{ "start", tell_start },	/* [SECONDS] */
	{ "wait", tell_wait },		/* SECONDS */
	{ "power-cut", tell_power_cut },	/* ROUTER */
	{ "boot", tell_boot },		/* ROUTER */
	{ "freeze", tell_freeze },	/* ROUTER SECONDS */
	{ "suspend", tell_suspend },	/* ROUTER SECONDS */
	{ "crash", tell_crash },	/* ROUTER SECONDS */
	{ "stop", tell_stop },		/* ROUTER */
	{ "leave", tell_leave },	/* ROUTER */
	{ "link", tell_link },		/* ROUTER lanN up|down */
	{ "parent", tell_parent },	/* ROUTER up|down */
	{ "object", tell_object },	/* ROUTER NUMBER up|down */
	{ "cut", tell_cut },		/* lanN [FROM TO] */
	{ "repair", tell_repair },	/* lanN [FROM TO] */
	{ "lose", tell_lose },		/* lanN PERCENT */
	{ "damage", tell_damage },	/* lanN PERCENT */
	{ "delay", tell_delay },	/* lanN SECONDS */
	{ "double", tell_double },	/* lanN PERCENT */
	{ "mute", tell_mute },		/* ROUTER PERCENT */
	{ "kernel", tell_kernel },	/* ROUTER SECONDS PERCENT */
	{ "reset", tell_reset },	/* ROUTER|master GROUP */
	{ "forge", tell_forge },	/* GROUP COUNT SECONDS */
	{ "replay", tell_replay },	/* GROUP COUNT SECONDS */
	{ "change", stage_tell_change },	/* GROUP ATTRIBUTE ... */
	{ "spread", tell_spread },	/* [SECONDS] */
	{ "priority", tell_priority },	/* ROUTER PRIORITY [GROUP ...] */
	{ "add", tell_add },		/* GROUP ... */
	{ "remove", tell_remove },	/* GROUP ... */
	{ "heal", tell_heal },		/* [SECONDS] */
	{ "settle", tell_settle },
	{ "mastered", tell_mastered },	/* [GROUP ...] */
	{ "calm", tell_calm },
	{ "expect", tell_expect },	/* ROUTER STATE [GROUP ...] */
	{ "within", tell_within },	/* SECONDS ROUTER STATE [GROUP ...] */
	{ "holds", tell_holds },	/* ROUTER [GROUP ...] */
	{ "free", tell_free },		/* ROUTER [GROUP ...] */
	{ "alarm", tell_alarm },	/* ROUTER ALARM [GROUP ...] */
	{ "no-alarm", tell_no_alarm },	/* ROUTER ALARM [GROUP ...] */
	{ "runs-at", tell_runs_at },	/* ROUTER PRIORITY [GROUP ...] */
	{ "waits-for", tell_waits_for },	/* ROUTER INTERVAL [GROUP ...] */
	{ "mark", tell_mark },
	{ "quiet", tell_quiet },	/* [GROUP ...] */
	{ "settled", tell_settled },
};

static void
tell_line(struct story *story, char *text)
{
	char *rest = NULL;

	text[strcspn(text, "#")] = '\0';
	story->count = 0;
	for (char *word = strtok_r(text, " \t", &rest); word != NULL;
	     word = strtok_r(NULL, " \t", &rest)) {
		if (story->count == WORDS_MAX) {
			story_fail(story, STORY_UNREADABLE, "too many words", NULL);
			return;
		}
		story->words[story->count++] = word;
	}
	if (story->count == 0)
		return;
	for (unsigned i = 0; i < ARRAY_SIZE(verbs); i++) {
		if (strcmp(verbs[i].verb, story->words[0]) == 0) {
			verbs[i].tell(story);
			return;
		}
	}
	story_fail(story, STORY_UNREADABLE, "no such verb", story->words[0]);
}

void
story_tell(const char *name, char *text, enum story_manner manner,
           struct story_result *ret_result)
{
	struct story story = { .name = name, .manner = manner };
	char *rest = text;

	world_init(&story.world, 1, manner == STORY_VERBOSE);
	plan_init(&story.world.plan, 2, 1);
	while (story.outcome == STORY_AS_TOLD && rest != NULL) {
		char *line = strsep(&rest, "\n");

		story.line++;
		tell_line(&story, line);
	}
	*ret_result = (struct story_result){
		.outcome = story.outcome,
		.hash = story.world.history.hash,
		.simulated = story.world.now - WORLD_START,
		.check = story.world.check,
	};
	world_done(&story.world);
}
