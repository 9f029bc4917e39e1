/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Reads a story and lets it happen.  A line is a verb and its words; the table at the end of the
 * file is the whole language.  The rules of check.c hold in every story, whatever it tells.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "sim/forge.h"
#include "sim/story.h"

#define WORDS_MAX 24u
#define LINE_SIZE 512u
#define STEP (1 * NSEC_PER_MSEC)	/* how finely "within" measures */

enum outcome {
	OUTCOME_AS_TOLD = 0,
	OUTCOME_OTHERWISE = 1,
	OUTCOME_UNREADABLE = 2,
};

struct story {
	struct world world;
	const char *path;
	unsigned line;
	enum outcome outcome;
	unsigned count;			/* of words, the verb is the first */
	char *words[WORDS_MAX];
	unsigned marks[ROUTERS_MAX][PLAN_GROUPS_MAX];	/* transitions until "mark" */
};

static void
fail(struct story *story, enum outcome outcome, const char *what, const char *word)
{
	if (story->outcome != OUTCOME_AS_TOLD)
		return;
	story->outcome = outcome;
	if (outcome == OUTCOME_OTHERWISE)
		history_print(&story->world.history, stdout);
	printf("%s:%u: %s%s%s\n", story->path, story->line, what, word ? ": " : "",
	       word ? word : "");
}

/* ---- words ---------------------------------------------------------------------------------- */

static double
number_word(struct story *story, unsigned i, double least, double most)
{
	char *end = NULL;
	double value = i < story->count ? strtod(story->words[i], &end) : 0;

	if (end == NULL || end == story->words[i] || *end != '\0' || value < least || value > most)
		fail(story, OUTCOME_UNREADABLE, "a number is expected here, in its range",
		     i < story->count ? story->words[i] : story->words[0]);
	return value < least ? least : value > most ? most : value;
}

static nsec_t
seconds_word(struct story *story, unsigned i)
{
	return (nsec_t)(number_word(story, i, 0, 86400) * (double)NSEC_PER_SEC);
}

/* "1" is the first router. */
static struct router *
router_word(struct story *story, unsigned i)
{
	unsigned routers = story->world.plan.routers;

	return &story->world.routers[(unsigned)number_word(story, i, 1, routers) - 1];
}

/* "lan0" */
static unsigned
segment_word(struct story *story, unsigned i)
{
	const char *word = i < story->count ? story->words[i] : "";
	unsigned segment = strlen(word) == 4 ? plan_segment(word) : SEGMENTS_MAX;

	if (strncmp(word, "lan", 3) == 0 && segment < story->world.plan.segments)
		return segment;
	fail(story, OUTCOME_UNREADABLE, "no such segment", word);
	return 0;
}

/* "lan0/10": a bit for each group that is meant; "all" or nothing: all. */
static unsigned
groups_words(struct story *story, unsigned from)
{
	const struct plan *plan = &story->world.plan;
	unsigned all = (1u << plan->group_count) - 1;
	unsigned meant = 0;

	if (from >= story->count || strcmp(story->words[from], "all") == 0)
		return all;
	for (unsigned i = from; i < story->count; i++) {
		unsigned segment;
		unsigned vrid;
		int group = -1;

		if (sscanf(story->words[i], "lan%u/%u", &segment, &vrid) == 2)
			group = plan_find(plan, segment, vrid);
		if (group < 0)
			fail(story, OUTCOME_UNREADABLE, "no such group", story->words[i]);
		else
			meant |= 1u << group;
	}
	return meant;
}

static unsigned
group_word(struct story *story, unsigned i)
{
	unsigned count = story->count;
	unsigned meant;

	story->count = i + 1 < count ? i + 1 : count;
	meant = i < count ? groups_words(story, i) : 0;
	story->count = count;
	if (meant == 0) {
		fail(story, OUTCOME_UNREADABLE, "a group is expected here", NULL);
		return 0;
	}
	return (unsigned)ffs((int)meant) - 1;
}

static enum vrouter_state
state_word(struct story *story, unsigned i)
{
	for (unsigned s = 0; i < story->count && s < VROUTER_STATES; s++)
		if (strcasecmp(vrouter_state_name((enum vrouter_state)s), story->words[i]) == 0)
			return (enum vrouter_state)s;
	fail(story, OUTCOME_UNREADABLE, "a state is expected here", NULL);
	return VROUTER_INIT;
}

/* ---- the stage ------------------------------------------------------------------------------ */

static void
tell_routers(struct story *story)
{
	unsigned routers = (unsigned)number_word(story, 1, 1, ROUTERS_MAX);
	unsigned segments = (unsigned)number_word(story, 2, 1, SEGMENTS_MAX);

	plan_init(&story->world.plan, routers, segments);
}

static int8_t
sync_named(struct story *story, const char *name)
{
	struct plan *plan = &story->world.plan;

	for (unsigned i = 0; i < plan->sync_count; i++)
		if (strcmp(plan->sync_names[i], name) == 0)
			return (int8_t)i;
	if (plan->sync_count == PLAN_SYNCS_MAX) {
		fail(story, OUTCOME_UNREADABLE, "too many sync groups", name);
		return -1;
	}
	snprintf(plan->sync_names[plan->sync_count], SYNC_NAME_SIZE, "%s", name);
	return (int8_t)plan->sync_count++;
}

/* One attribute of a group, at word i; returns how many words it took. */
static unsigned
tell_attribute(struct story *story, struct plan_group *group, unsigned i)
{
	const char *name = story->words[i];
	unsigned routers = story->world.plan.routers;

	if (strcmp(name, "sync") == 0 && i + 1 < story->count) {
		group->sync = sync_named(story, story->words[i + 1]);
		return 2;
	}
	if (strcmp(name, "interval") == 0) {
		group->interval = (nsec_t)number_word(story, i + 1, 1, 255) * NSEC_PER_SEC;
		return 2;
	}
	if (strcmp(name, "priority") == 0) {	/* one for each router */
		for (unsigned r = 0; r < routers; r++)
			group->at[r].priority = (uint8_t)number_word(story, i + 1 + r, 1, 254);
		return 1 + routers;
	}
	if (strcmp(name, "preempt-delay") == 0) {
		for (unsigned r = 0; r < routers; r++)
			group->at[r].preempt_delay = seconds_word(story, i + 1);
		return 2;
	}
	if (strcmp(name, "no-preempt") == 0) {
		for (unsigned r = 0; r < routers; r++)
			group->at[r].preempt = false;
		return 1;
	}
	fail(story, OUTCOME_UNREADABLE, "no such attribute of a group", name);
	return 1;
}

static void
tell_group(struct story *story)
{
	struct plan *plan = &story->world.plan;
	struct plan_group *group = &plan->groups[plan->group_count];
	unsigned segment;
	unsigned vrid;

	if (plan->group_count == PLAN_GROUPS_MAX || story->count < 2 ||
	    sscanf(story->words[1], "lan%u/%u", &segment, &vrid) != 2 ||
	    segment >= plan->segments || vrid < 1 || vrid > 255 ||
	    plan_find(plan, segment, vrid) >= 0) {
		fail(story, OUTCOME_UNREADABLE, "not a new group", NULL);
		return;
	}
	*group = (struct plan_group){
		.present = true,
		.segment = (uint8_t)segment,
		.vrid = (uint8_t)vrid,
		.sync = -1,
		.interval = NSEC_PER_SEC,
		.address_first = (uint8_t)(100 + 10 * plan->group_count),
		.address_count = 1,
	};
	for (unsigned r = 0; r < plan->routers; r++)
		group->at[r] = (struct plan_share){ .priority = 100, .preempt = true };
	for (unsigned i = 2; i < story->count; )
		i += tell_attribute(story, group, i);
	plan->group_count++;
}

static void
tell_start(struct story *story)
{
	world_boot(&story->world, 0);
}

/* ---- what happens --------------------------------------------------------------------------- */

static void
run(struct story *story, nsec_t duration)
{
	if (!world_run_until(&story->world, story->world.now + duration))
		fail(story, OUTCOME_OTHERWISE, "a rule is broken here", NULL);
}

static void
tell_wait(struct story *story)
{
	run(story, seconds_word(story, 1));
}

static void
tell_power_cut(struct story *story)
{
	router_cut_power(&story->world, router_word(story, 1));
}

static void
tell_boot(struct story *story)
{
	router_boot(&story->world, router_word(story, 1));
}

static void
tell_freeze(struct story *story)
{
	router_freeze(&story->world, router_word(story, 1), seconds_word(story, 2));
}

static void
tell_crash(struct story *story)
{
	router_crash(&story->world, router_word(story, 1), seconds_word(story, 2));
}

static void
tell_stop(struct story *story)
{
	router_stop(&story->world, router_word(story, 1));
}

static void
tell_link(struct story *story)
{
	bool up = story->count == 4 && strcmp(story->words[3], "up") == 0;

	if (!up && (story->count != 4 || strcmp(story->words[3], "down") != 0))
		fail(story, OUTCOME_UNREADABLE, "up or down is expected here", NULL);
	router_set_port(&story->world, router_word(story, 1), segment_word(story, 2), up);
}

/* "cut lan0": nobody hears anybody; "cut lan0 1 2": router 2 does not hear router 1. */
static void
set_cut(struct story *story, bool cut)
{
	struct world *world = &story->world;
	unsigned segment = segment_word(story, 1);

	if (story->count == 2) {
		for (unsigned from = 0; from < world->plan.routers; from++)
			for (unsigned to = 0; to < world->plan.routers; to++)
				world_cut(world, segment, from, to, cut);
		return;
	}
	world_cut(world, segment, router_word(story, 2)->number, router_word(story, 3)->number,
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
	world_lose(&story->world, segment_word(story, 1),
		   (unsigned)number_word(story, 2, 0, 100), 0);
}

static void
tell_reset(struct story *story)
{
	router_reset_master(&story->world, router_word(story, 1), group_word(story, 2));
}

static void
tell_forge(struct story *story)
{
	unsigned group = group_word(story, 1);
	unsigned count = (unsigned)number_word(story, 2, 1, 100000);

	if (!forge_storm(&story->world, group, count, seconds_word(story, 3)))
		fail(story, OUTCOME_OTHERWISE, "a rule is broken here", NULL);
}

/* "priority 1 200": of all groups of router 1, "priority 1 200 lan0/1": of this. */
static void
tell_priority(struct story *story)
{
	struct plan *plan = &story->world.plan;
	struct router *router = router_word(story, 1);
	unsigned meant = groups_words(story, 3);

	for (unsigned g = 0; g < plan->group_count; g++)
		if (meant & 1u << g)
			plan->groups[g].at[router->number].priority =
				(uint8_t)number_word(story, 2, 1, 254);
	plan->revision++;
	world_spread_plan(&story->world, 0);
}

static void
set_present(struct story *story, bool present)
{
	struct plan *plan = &story->world.plan;
	unsigned meant = groups_words(story, 1);

	for (unsigned g = 0; g < plan->group_count; g++)
		if (meant & 1u << g)
			plan->groups[g].present = present;
	plan->revision++;
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
	const struct router *router = router_word(story, 1);
	enum vrouter_state state = state_word(story, 2);

	if (!all_in_state(router, groups_words(story, 3), state))
		fail(story, OUTCOME_OTHERWISE, "not so", NULL);
}

/* "within 3.1 2 master all": it takes no longer; and how long it took is printed. */
static void
tell_within(struct story *story)
{
	nsec_t start = story->world.now;
	nsec_t limit = start + seconds_word(story, 1);
	const struct router *router = router_word(story, 2);
	enum vrouter_state state = state_word(story, 3);
	unsigned meant = groups_words(story, 4);

	while (!all_in_state(router, meant, state) && story->outcome == OUTCOME_AS_TOLD) {
		if (story->world.now >= limit) {
			fail(story, OUTCOME_OTHERWISE, "not so in time", NULL);
			return;
		}
		run(story, STEP);
	}
	printf("%8.3f s: router %u %s after %.3f s\n",
	       (double)(story->world.now - WORLD_START) / (double)NSEC_PER_SEC,
	       router->number + 1, vrouter_state_name(state),
	       (double)(story->world.now - start) / (double)NSEC_PER_SEC);
}

static void
expect_addresses(struct story *story, bool held)
{
	const struct router *router = router_word(story, 1);
	unsigned meant = groups_words(story, 2);

	for (unsigned g = 0; g < PLAN_GROUPS_MAX; g++)
		if (meant & 1u << g && router_holds(router, g, story->world.now) != held)
			fail(story, OUTCOME_OTHERWISE, held ? "an address is missing" :
			     "an address is still held", NULL);
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
	unsigned meant = groups_words(story, 1);

	for (unsigned r = 0; r < ROUTERS_MAX; r++)
		for (unsigned g = 0; g < PLAN_GROUPS_MAX; g++)
			if (meant & 1u << g &&
			    story->marks[r][g] != story->world.routers[r].watch[g].transitions)
				fail(story, OUTCOME_OTHERWISE, "there was a transition", NULL);
}

static void
tell_settled(struct story *story)
{
	check_settled(&story->world);
	if (story->world.check.broken)
		fail(story, OUTCOME_OTHERWISE, "a rule is broken here", NULL);
}

/* ---- the language --------------------------------------------------------------------------- */

static const struct {
	const char *verb;
	void (*tell)(struct story *story);
} verbs[] = {
	{ "routers", tell_routers },	/* ROUTERS SEGMENTS */
	{ "group", tell_group },	/* lanN/VRID [ATTRIBUTE ...] */
	{ "start", tell_start },
	{ "wait", tell_wait },		/* SECONDS */
	{ "power-cut", tell_power_cut },	/* ROUTER */
	{ "boot", tell_boot },		/* ROUTER */
	{ "freeze", tell_freeze },	/* ROUTER SECONDS */
	{ "crash", tell_crash },	/* ROUTER SECONDS */
	{ "stop", tell_stop },		/* ROUTER */
	{ "link", tell_link },		/* ROUTER lanN up|down */
	{ "cut", tell_cut },		/* lanN [FROM TO] */
	{ "repair", tell_repair },	/* lanN [FROM TO] */
	{ "lose", tell_lose },		/* lanN PERCENT */
	{ "reset", tell_reset },	/* ROUTER GROUP */
	{ "forge", tell_forge },	/* GROUP COUNT SECONDS */
	{ "priority", tell_priority },	/* ROUTER PRIORITY [GROUP ...] */
	{ "add", tell_add },		/* GROUP ... */
	{ "remove", tell_remove },	/* GROUP ... */
	{ "expect", tell_expect },	/* ROUTER STATE [GROUP ...] */
	{ "within", tell_within },	/* SECONDS ROUTER STATE [GROUP ...] */
	{ "holds", tell_holds },	/* ROUTER [GROUP ...] */
	{ "free", tell_free },		/* ROUTER [GROUP ...] */
	{ "mark", tell_mark },
	{ "quiet", tell_quiet },	/* [GROUP ...] */
	{ "settled", tell_settled },
};

static void
tell_line(struct story *story, char *text)
{
	char *rest = NULL;

	text[strcspn(text, "#\n")] = '\0';
	story->count = 0;
	for (char *word = strtok_r(text, " \t", &rest); word != NULL;
	     word = strtok_r(NULL, " \t", &rest)) {
		if (story->count == WORDS_MAX) {
			fail(story, OUTCOME_UNREADABLE, "too many words", NULL);
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
	fail(story, OUTCOME_UNREADABLE, "no such verb", story->words[0]);
}

int
story_run(const char *path, bool verbose)
{
	struct story story = { .path = path };
	FILE *file = fopen(path, "r");
	char text[LINE_SIZE];

	if (file == NULL) {
		printf("%s: %s\n", path, strerror(errno));
		return OUTCOME_UNREADABLE;
	}
	world_init(&story.world, 1, verbose);
	plan_init(&story.world.plan, 2, 1);
	while (story.outcome == OUTCOME_AS_TOLD && fgets(text, sizeof(text), file) != NULL) {
		story.line++;
		tell_line(&story, text);
	}
	fclose(file);
	if (story.outcome == OUTCOME_AS_TOLD)
		printf("%s: as told\n", path);
	world_done(&story.world);
	return story.outcome;
}
