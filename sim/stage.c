/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Words, and the stage that they set.  The attributes of a group are one table, used when it is
 * introduced and when it is changed.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "sim/stage.h"

void
story_fail(struct story *story, enum story_outcome outcome, const char *what, const char *word)
{
	const struct check *check = &story->world.check;

	if (story->outcome != STORY_AS_TOLD)
		return;
	story->outcome = outcome;
	if (story->manner == STORY_QUIET)
		return;
	if (outcome == STORY_OTHERWISE)
		history_print(&story->world.history, stdout);
	if (check->broken)
		printf("%11.6f rule %s is broken: %s\n",
		       (double)(check->time - WORLD_START) / (double)NSEC_PER_SEC, check->rule,
		       check->sentence);
	printf("%s:%u: %s%s%s\n", story->name, story->line, what, word ? ": " : "",
	       word ? word : "");
}

/* ---- words ---------------------------------------------------------------------------------- */

static bool
is_number(const struct story *story, unsigned i)
{
	return i < story->count && (story->words[i][0] == '-' ||
				    (story->words[i][0] >= '0' && story->words[i][0] <= '9'));
}

double
stage_number(struct story *story, unsigned i, double least, double most)
{
	char *end = NULL;
	double value = i < story->count ? strtod(story->words[i], &end) : 0;

	if (end == NULL || end == story->words[i] || *end != '\0' || value < least || value > most)
		story_fail(story, STORY_UNREADABLE, "a number is expected here, in its range",
			   i < story->count ? story->words[i] : story->words[0]);
	return value < least ? least : value > most ? most : value;
}

nsec_t
stage_seconds(struct story *story, unsigned i)
{
	return (nsec_t)(stage_number(story, i, 0, 86400) * (double)NSEC_PER_SEC + 0.5);
}

struct router *
stage_router(struct story *story, unsigned i)
{
	unsigned routers = story->world.plan.routers;

	return &story->world.routers[(unsigned)stage_number(story, i, 1, routers) - 1];
}

unsigned
stage_segment(struct story *story, unsigned i)
{
	const char *word = i < story->count ? story->words[i] : "";
	unsigned segment = strlen(word) == 4 ? plan_segment(word) : SEGMENTS_MAX;

	if (segment < story->world.plan.segments)
		return segment;
	story_fail(story, STORY_UNREADABLE, "no such segment", word);
	return 0;
}

/* "lan0/10" or "lan0/10/6"; false when it is neither. */
static bool
read_name(const char *word, unsigned *ret_segment, unsigned *ret_vrid, unsigned *ret_family)
{
	int parts = sscanf(word, "lan%u/%u/%u", ret_segment, ret_vrid, ret_family);

	if (parts == 2)
		*ret_family = 4;
	return parts >= 2 && (*ret_family == 4 || *ret_family == 6);
}

unsigned
stage_groups(struct story *story, unsigned from)
{
	const struct plan *plan = &story->world.plan;
	unsigned all = (1u << plan->group_count) - 1;
	unsigned meant = 0;

	if (from >= story->count || strcmp(story->words[from], "all") == 0)
		return all;
	for (unsigned i = from; i < story->count; i++) {
		unsigned segment, vrid, family;
		int group = -1;

		if (read_name(story->words[i], &segment, &vrid, &family))
			group = plan_find(plan, segment, vrid, family);
		if (group < 0)
			story_fail(story, STORY_UNREADABLE, "no such group", story->words[i]);
		else
			meant |= 1u << group;
	}
	return meant;
}

unsigned
stage_group(struct story *story, unsigned i)
{
	unsigned count = story->count;
	unsigned meant;

	story->count = i + 1 < count ? i + 1 : count;
	meant = i < count ? stage_groups(story, i) : 0;
	story->count = count;
	if (meant == 0) {
		story_fail(story, STORY_UNREADABLE, "a group is expected here", NULL);
		return 0;
	}
	return (unsigned)ffs((int)meant) - 1;
}

enum vrouter_state
stage_state(struct story *story, unsigned i)
{
	for (unsigned s = 0; i < story->count && s < VROUTER_STATES; s++)
		if (strcasecmp(vrouter_state_name((enum vrouter_state)s), story->words[i]) == 0)
			return (enum vrouter_state)s;
	story_fail(story, STORY_UNREADABLE, "a state is expected here", NULL);
	return VROUTER_INIT;
}

bool
stage_up(struct story *story, unsigned i)
{
	bool up = i < story->count && strcmp(story->words[i], "up") == 0;

	if (!up && (i >= story->count || strcmp(story->words[i], "down") != 0))
		story_fail(story, STORY_UNREADABLE, "up or down is expected here", NULL);
	return up;
}

/* ---- the world ------------------------------------------------------------------------------ */

void
stage_tell_routers(struct story *story)
{
	unsigned routers = (unsigned)stage_number(story, 1, 1, ROUTERS_MAX);
	unsigned segments = (unsigned)stage_number(story, 2, 1, SEGMENTS_MAX);

	plan_init(&story->world.plan, routers, segments);
}

void
stage_tell_seed(struct story *story)
{
	world_seed(&story->world, (uint64_t)stage_number(story, 1, 0, 9e15));
}

void
stage_tell_trunk(struct story *story)
{
	for (unsigned i = 1; i < story->count; i++)
		story->world.plan.trunk |= 1u << stage_segment(story, i);
}

void
stage_tell_objects(struct story *story)
{
	story->world.plan.objects = (unsigned)stage_number(story, 1, 0, OBJECTS_MAX);
}

void
stage_tell_clock(struct story *story)
{
	struct router *router = stage_router(story, 1);

	router->clock_ppm = (int)stage_number(story, 2, -100, 100);
}

void
stage_tell_queue(struct story *story)
{
	struct router *router = stage_router(story, 1);

	router->kernel.queue_limit = (unsigned)stage_number(story, 2, 1, QUEUE_MAX);
}

/* ---- what a group can be -------------------------------------------------------------------- */

static int8_t
sync_named(struct story *story, const char *name)
{
	struct plan *plan = &story->world.plan;

	if (strcmp(name, "none") == 0)
		return -1;
	for (unsigned i = 0; i < plan->sync_count; i++)
		if (strcmp(plan->sync_names[i], name) == 0)
			return (int8_t)i;
	if (plan->sync_count == PLAN_SYNCS_MAX) {
		story_fail(story, STORY_UNREADABLE, "too many sync groups", name);
		return -1;
	}
	snprintf(plan->sync_names[plan->sync_count], SYNC_NAME_SIZE, "%s", name);
	return (int8_t)plan->sync_count++;
}

static uint8_t
auth_named(struct story *story, const char *name)
{
	static const char *const names[AUTH_TYPES] = { "none", "text", "ah" };

	for (uint8_t i = 0; i < AUTH_TYPES; i++)
		if (strcmp(name, names[i]) == 0)
			return i;
	story_fail(story, STORY_UNREADABLE, "none, text or ah is expected here", name);
	return AUTH_NONE;
}

/* Attributes with a number for each router, or one for all. */
enum share_word { PRIORITY, VERSION, BOTH, OWNER, PREEMPT, FORM, INTERVAL, PREEMPT_DELAY,
	START_DELAY, SHARE_WORDS };

static const struct {
	const char *name;
	double least, most;
} share_words[SHARE_WORDS] = {
	[PRIORITY] = { "priority", 1, 254 },
	[VERSION] = { "version", 2, 3 },
	[BOTH] = { "both", 0, 1 },
	[OWNER] = { "owner", 0, 1 },
	[PREEMPT] = { "preempt", 0, 1 },
	[FORM] = { "form", 0, 1 },
	[INTERVAL] = { "interval", 0.01, 255 },
	[PREEMPT_DELAY] = { "preempt-delay", 0, 1000 },
	[START_DELAY] = { "start-delay", 0, 1000 },
};

static void
set_share(struct plan_share *share, enum share_word word, double value)
{
	nsec_t time = (nsec_t)(value * (double)NSEC_PER_SEC + 0.5);

	switch (word) {
	case PRIORITY:
		share->priority = (uint8_t)value;
		break;
	case VERSION:
		share->version = (uint8_t)value;
		break;
	case BOTH:
		share->both_versions = value > 0;
		break;
	case OWNER:
		share->owner = value > 0;
		break;
	case PREEMPT:
		share->preempt = value > 0;
		break;
	case FORM:
		share->sum_form = value > 0 ? SUM_PSEUDO : SUM_MESSAGE;
		break;
	case INTERVAL:
		share->interval = time;
		break;
	case PREEMPT_DELAY:
		share->preempt_delay = time;
		break;
	case START_DELAY:
		share->start_delay = time;
		break;
	case SHARE_WORDS:
		break;
	}
}

/* The name at word i, then numbers: the last one is for all routers that remain. */
static unsigned
tell_share(struct story *story, struct plan_group *group, enum share_word word, unsigned i)
{
	double least = share_words[word].least;
	double most = share_words[word].most;
	double value = stage_number(story, i + 1, least, most);
	unsigned given = 0;

	while (is_number(story, i + 1 + given))
		given++;
	for (unsigned r = 0; r < ROUTERS_MAX; r++) {
		if (r < given)
			value = stage_number(story, i + 1 + r, least, most);
		set_share(&group->at[r], word, value);
	}
	return 1 + given;
}

/* "track OBJECT WEIGHT UP-DELAY DOWN-DELAY", objects count from 1. */
static unsigned
tell_track(struct story *story, struct plan_group *group, unsigned i)
{
	unsigned objects = story->world.plan.objects;

	if (group->track_count == PLAN_TRACKS_MAX || objects == 0) {
		story_fail(story, STORY_UNREADABLE, "nothing to track, or too much", NULL);
		return 1;
	}
	for (unsigned k = 0; k < group->track_count; k++)
		if (group->tracks[k].object + 1 == (unsigned)stage_number(story, i + 1, 1, objects))
			story_fail(story, STORY_UNREADABLE, "tracked already", NULL);
	group->tracks[group->track_count++] = (struct track_settings){
		.object = (uint32_t)stage_number(story, i + 1, 1, objects) - 1,
		.weight = (int16_t)stage_number(story, i + 2, -254, 254),
		.up_delay = stage_seconds(story, i + 3),
		.down_delay = stage_seconds(story, i + 4),
	};
	return 5;
}

/* "garp INTERVAL DELAY REPEAT REFRESH" */
static unsigned
tell_garp(struct story *story, struct plan_group *group, unsigned i)
{
	group->garp.interval = stage_seconds(story, i + 1);
	group->garp.delay = stage_seconds(story, i + 2);
	group->garp.repeat = (uint8_t)stage_number(story, i + 3, 1, 20);
	group->garp.refresh = stage_seconds(story, i + 4);
	return 5;
}

/* Those that are the group's; 0 = it is not one of them. */
static unsigned
tell_own_attribute(struct story *story, struct plan_group *group, unsigned i)
{
	const char *name = story->words[i];
	const char *value = i + 1 < story->count ? story->words[i + 1] : "";

	if (strcmp(name, "track") == 0)
		return tell_track(story, group, i);
	if (strcmp(name, "garp") == 0)
		return tell_garp(story, group, i);
	if (strcmp(name, "sync") == 0)
		group->sync = sync_named(story, value);
	else if (strcmp(name, "auth") == 0)
		group->auth = auth_named(story, value);
	else if (strcmp(name, "password") == 0)
		group->password = (uint8_t)value[0];
	else if (strcmp(name, "addresses") == 0)
		group->address_count = (uint8_t)stage_number(story, i + 1, 1, 4);
	else if (strcmp(name, "excluded") == 0)
		group->excluded_count = (uint8_t)stage_number(story, i + 1, 0, 4);
	else if (strcmp(name, "unicast") == 0)
		group->unicast = stage_number(story, i + 1, 0, 1) > 0;
	else if (strcmp(name, "virtual-mac") == 0)
		group->virtual_mac = stage_number(story, i + 1, 0, 1) > 0;
	else
		return 0;
	return 2;
}

/* One attribute of a group, at word i; returns how many words it took. */
static unsigned
tell_attribute(struct story *story, struct plan_group *group, unsigned i)
{
	const char *name = story->words[i];
	unsigned taken;

	for (enum share_word word = 0; word < SHARE_WORDS; word++)
		if (strcmp(name, share_words[word].name) == 0)
			return tell_share(story, group, word, i);
	taken = tell_own_attribute(story, group, i);
	if (taken > 0)
		return taken;
	if (strcmp(name, "no-preempt") == 0)
		for (unsigned r = 0; r < ROUTERS_MAX; r++)
			group->at[r].preempt = false;
	else if (strcmp(name, "ignores-link") == 0)
		group->ignores_link = true;
	else if (strcmp(name, "no-tracks") == 0)
		group->track_count = 0;
	else if (strcmp(name, "present") == 0)
		group->present = true;
	else if (strcmp(name, "absent") == 0)
		group->present = false;
	else
		story_fail(story, STORY_UNREADABLE, "no such attribute of a group", name);
	return 1;
}

static void
tell_attributes(struct story *story, struct plan_group *group)
{
	const char *trouble;

	for (unsigned i = 2; i < story->count && story->outcome == STORY_AS_TOLD; )
		i += tell_attribute(story, group, i);
	trouble = plan_trouble(group, story->world.plan.routers);
	if (trouble != NULL)
		story_fail(story, STORY_UNREADABLE, trouble, story->words[1]);
}

void
stage_tell_group(struct story *story)
{
	struct plan *plan = &story->world.plan;
	unsigned segment, vrid, family;

	if (plan->group_count == PLAN_GROUPS_MAX || story->count < 2 ||
	    !read_name(story->words[1], &segment, &vrid, &family) ||
	    segment >= plan->segments || vrid < 1 || vrid > 255 ||
	    plan_find(plan, segment, vrid, family) >= 0) {
		story_fail(story, STORY_UNREADABLE, "not a new group", NULL);
		return;
	}
	tell_attributes(story, plan_new_group(plan, segment, vrid, family));
	plan->group_count++;
}

void
stage_tell_change(struct story *story)
{
	struct plan_group *group = &story->world.plan.groups[stage_group(story, 1)];
	struct plan_group changed = *group;

	tell_attributes(story, &changed);
	if (story->outcome == STORY_AS_TOLD)
		*group = changed;
}
