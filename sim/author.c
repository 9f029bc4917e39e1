/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Chooses the world and the faults.  What they do is world.c's and router.c's; what may come of
 * them, check.c's.  Times are multiples of a unit, about an interval: a world of 10 ms has as much
 * of a life as one of seconds.  No expression draws twice: compilers differ in the order in which
 * they evaluate arguments, and a seed must mean the same to all.
 */
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "sim/author.h"
#include "sim/chance.h"
#include "sim/plan.h"

enum language {
	ONLY_VERSION_2,
	ONLY_VERSION_3,
	SOME_OF_EACH,			/* groups of either version */
	TRANSITION,			/* a router still speaks version 2, the others both */
};

struct character {			/* a group */
	char name[16];
	bool version_2;			/* some router speaks it: whole seconds */
	bool version_3;			/* all do, and it only */
	uint8_t family;
	bool ah;
	bool captured;			/* its packets can be replayed */
};

struct author {
	struct chance chance;
	char *text;
	size_t length;
	unsigned routers;
	unsigned segments;
	unsigned objects;
	bool trunk;
	bool forges;			/* then nobody changes versions meanwhile */
	enum language language;
	nsec_t unit;
	nsec_t shortest;
	nsec_t longest;
	unsigned syncs;
	unsigned count;
	struct character groups[PLAN_GROUPS_MAX];
};

static void say(struct author *a, const char *format, ...) PRINTF_LIKE(2, 3);

static void
say(struct author *a, const char *format, ...)
{
	size_t room = AUTHOR_TEXT_MAX - a->length;
	va_list args;
	int length;

	va_start(args, format);
	length = vsnprintf(a->text + a->length, room, format, args);
	va_end(args);
	assert(length >= 0 && (size_t)length < room);
	a->length += (size_t)length;
}

static double
seconds(nsec_t time)
{
	return (double)(time / NSEC_PER_USEC) / 1e6;
}

static bool
likely(struct author *a, unsigned percent)
{
	return chance_percent(&a->chance, percent);
}

/* From low to high percent of a unit. */
static nsec_t
some_time(struct author *a, unsigned low, unsigned high)
{
	return chance_between(&a->chance, a->unit / 100 * low, a->unit / 100 * high);
}

static unsigned
any_router(struct author *a)
{
	return 1 + chance_below(&a->chance, a->routers);
}

static unsigned
any_segment(struct author *a)
{
	return chance_below(&a->chance, a->segments);
}

static const struct character *
any_group(struct author *a)
{
	return &a->groups[chance_below(&a->chance, a->count)];
}

/* A bit for each of two routers, the second one's for all that remain. */
static void
say_bits(struct author *a, const char *attribute)
{
	unsigned bits = chance_below(&a->chance, 4);

	say(a, " %s %u %u", attribute, bits & 1, bits >> 1);
}

/* ---- the stage ------------------------------------------------------------------------------ */

static void
choose_unit(struct author *a)
{
	static const unsigned milliseconds[] = { 10, 50, 100, 300, 1000 };

	a->language = (enum language)chance_below(&a->chance, 4);
	a->unit = milliseconds[chance_below(&a->chance, ARRAY_SIZE(milliseconds))] *
		NSEC_PER_MSEC;
	if (a->language != ONLY_VERSION_3)
		a->unit = NSEC_PER_SEC;
}

static void
set_stage(struct author *a)
{
	say(a, "routers %u %u\nseed %u\n", a->routers, a->segments,
	    chance_below(&a->chance, 1000000));
	if (a->trunk)
		say(a, "trunk lan0%s\n", a->segments > 1 ? " lan1" : "");
	if (a->objects > 0)
		say(a, "objects %u\n", a->objects);
	for (unsigned r = 1; r <= a->routers; r++) {
		say(a, "clock %u %d\n", r, (int)chance_below(&a->chance, 201) - 100);
		if (likely(a, 30))
			say(a, "queue %u 32\n", r);
	}
}

/* An interval of the group on one router. */
static nsec_t
any_interval(struct author *a, const struct character *c)
{
	nsec_t interval = a->unit * (1 + chance_below(&a->chance, 3));

	if (c->version_3 && a->unit == NSEC_PER_SEC && likely(a, 30))
		interval = 300 * NSEC_PER_MSEC;
	a->shortest = nsec_min(a->shortest, interval);
	a->longest = nsec_max(a->longest, interval);
	return interval;
}

/* Version 2 hears only its own interval; version 3 learns any. */
static void
say_intervals(struct author *a, const struct character *c)
{
	bool differ = c->version_3 && likely(a, 30);
	nsec_t interval = any_interval(a, c);

	say(a, " interval");
	for (unsigned r = 0; r < a->routers; r++) {
		if (r == 0 || differ)
			say(a, " %g", seconds(interval));
		interval = any_interval(a, c);
	}
}

static void
say_version(struct author *a, struct character *c)
{
	unsigned old = chance_below(&a->chance, a->routers);

	c->version_3 = c->family == 6 || a->language == ONLY_VERSION_3 ||
		(a->language == SOME_OF_EACH && likely(a, 50));
	c->version_2 = !c->version_3;
	if (c->version_3)
		say(a, " version 3");
	if (c->version_3 && c->family == 4 && likely(a, 30))
		say(a, " form 0 1");
	if (a->language != TRANSITION || c->version_3)
		return;
	say(a, " version");
	for (unsigned r = 0; r < a->routers; r++)
		say(a, " %u", r == old ? 2 : 3);
	say(a, " both");
	for (unsigned r = 0; r < a->routers; r++)
		say(a, " %d", r != old);
}

static void
say_tracks(struct author *a)
{
	for (unsigned object = 1; object <= a->objects && likely(a, 40); object++) {
		int weight = likely(a, 40) ? 0 : (int)chance_below(&a->chance, 200) - 100;
		nsec_t up = likely(a, 50) ? 0 : some_time(a, 0, 200);
		nsec_t down = likely(a, 50) ? 0 : some_time(a, 0, 200);

		say(a, " track %u %d %g %g", object, weight, seconds(up), seconds(down));
	}
}

static void
say_priorities(struct author *a, bool ties, bool uneven)
{
	say(a, " priority");
	for (unsigned r = 0; r < a->routers; r++) {
		unsigned priority = ties ? 100 + chance_below(&a->chance, 2) :
			1 + (r * 254 + 84 * (a->count % 3)) / a->routers;

		if (uneven)
			priority = 1 + chance_below(&a->chance, 254);
		say(a, " %u", priority);
	}
}

/* Those that seldom matter, each seldom. */
static void
say_extras(struct author *a, struct character *c)
{
	bool unicast = likely(a, 15);

	if (unicast)
		say(a, " unicast 1");
	if (c->version_2 && a->language != TRANSITION && likely(a, 40)) {
		c->ah = likely(a, 50);
		say(a, " auth %s password %c", c->ah ? "ah" : "text",
		    'a' + (char)chance_below(&a->chance, 3));
		c->captured = c->ah && !unicast;
	}
	if (likely(a, 15))
		say(a, " virtual-mac 1");
	if (likely(a, 8))
		say(a, " ignores-link");
	if (likely(a, 20))
		say(a, " excluded %u", 1 + chance_below(&a->chance, 2));
	if (!c->ah && likely(a, 10))
		say_bits(a, "owner");
	if (likely(a, 10))
		say(a, " preempt-delay %g", seconds(some_time(a, 50, 500)));
	if (likely(a, 10))
		say(a, " start-delay %g", seconds(some_time(a, 50, 300)));
	if (likely(a, 10)) {
		nsec_t step = some_time(a, 0, 50), delay = some_time(a, 0, 500);
		nsec_t refresh = some_time(a, 0, 900);

		say(a, " garp %g %g %u %g", seconds(step), seconds(delay),
		    1 + chance_below(&a->chance, 4), seconds(refresh));
	}
	if (likely(a, 10))
		say(a, " absent");
}

static void
introduce(struct author *a, unsigned segment, unsigned vrid, unsigned family)
{
	struct character *c = &a->groups[a->count];
	unsigned preempt = chance_below(&a->chance, 3);	/* nobody, everybody, some */
	bool ties = likely(a, 10), uneven = likely(a, 20);

	snprintf(c->name, sizeof(c->name), "lan%u/%u%s", segment, vrid, family == 6 ? "/6" : "");
	c->family = (uint8_t)family;
	say(a, "group %s", c->name);
	say_version(a, c);
	say_intervals(a, c);
	say_priorities(a, ties, uneven);
	if (a->syncs == 1 || (a->syncs > 1 && likely(a, 60)))
		say(a, " sync SYNC%u", 1 + chance_below(&a->chance, a->syncs));
	if (preempt == 0)
		say(a, " preempt 0");
	if (preempt == 2)
		say_bits(a, "preempt");
	say(a, " addresses %u", 1 + chance_below(&a->chance, 3));
	say_tracks(a);
	say_extras(a, c);
	say(a, "\n");
	a->count++;
}

static void
introduce_all(struct author *a)
{
	static const unsigned vrids[] = { 1, 10, 255, 254 };
	unsigned count = 1 + chance_below(&a->chance, 6);
	bool some_6 = a->language == ONLY_VERSION_3 || a->language == SOME_OF_EACH;

	for (unsigned i = 0; i < count && a->count < PLAN_GROUPS_MAX; i++) {
		unsigned segment = i % a->segments;
		unsigned vrid = vrids[i / a->segments % 4] + (i / a->segments >= 4 ? 20 + i : 0);
		unsigned kind = some_6 ? chance_below(&a->chance, 4) : 0;

		vrid %= 256;
		if (kind != 1)
			introduce(a, segment, vrid, 4);
		if ((kind == 1 || kind == 2) && a->count < PLAN_GROUPS_MAX)
			introduce(a, segment, vrid, 6);	/* or both families */
	}
}

/* ---- faults --------------------------------------------------------------------------------- */

/* Short ones are as likely as long ones. */
static double
any_pause(struct author *a)
{
	nsec_t pause = likely(a, 50) ? some_time(a, 1, 100) : some_time(a, 1, 1000);

	return seconds(pause);
}

static void
cut_cables(struct author *a, bool cut)
{
	const char *verb = cut ? "cut" : "repair";
	unsigned segment = any_segment(a);
	unsigned from = any_router(a);
	unsigned to = any_router(a);

	if (likely(a, 30)) {		/* one direction only */
		say(a, "%s lan%u %u %u\n", verb, segment, from, to);
		return;
	}
	if (likely(a, 20)) {		/* all of it */
		say(a, "%s lan%u\n", verb, segment);
		return;
	}
	for (unsigned i = 1; i <= a->routers; i++)
		say(a, "%s lan%u %u %u\n%s lan%u %u %u\n", verb, segment, from, i, verb, segment,
		    i, from);
}

static void
change_version(struct author *a, const struct character *c)
{
	unsigned bits = chance_below(&a->chance, 4);

	if (c->version_2 && a->language != TRANSITION)
		say(a, "change %s version %u %u 2\n", c->name, 2 + (bits & 1), 2 + (bits >> 1));
}

/* A change an operator might make. */
static void
change_plan(struct author *a)
{
	const struct character *c = any_group(a);

	switch (chance_below(&a->chance, 12)) {
	case 0:
	case 1:
		say(a, "change %s", c->name);
		say_priorities(a, false, true);
		say(a, "\n");
		break;
	case 2:
		say(a, "change %s", c->name);
		say_bits(a, "preempt");
		say(a, "\n");
		break;
	case 3:
		say(a, "change %s %s\n", c->name, likely(a, 50) ? "absent" : "present");
		break;
	case 4:
	case 5:
		if (a->syncs > 0 && likely(a, 60))
			say(a, "change %s sync SYNC%u\n", c->name,
			    1 + chance_below(&a->chance, a->syncs));
		else
			say(a, "change %s sync none\n", c->name);
		break;
	case 6:
		say(a, "change %s addresses %u\n", c->name, 1 + chance_below(&a->chance, 3));
		break;
	case 7:
		say(a, "change %s", c->name);
		say_intervals(a, c);
		say(a, "\n");
		break;
	case 8:
		say(a, "change %s password %c\n", c->name,
		    'a' + (char)chance_below(&a->chance, 3));
		break;
	case 9:				/* an owner does not listen, and so learns no number */
		if (c->ah)
			break;
		say(a, "change %s", c->name);
		say_bits(a, "owner");
		say(a, "\n");
		break;
	case 10:
		say(a, "change %s no-tracks", c->name);
		say_tracks(a);
		say(a, "\n");
		break;
	case 11:
		if (!a->forges)
			change_version(a, c);
		break;
	}
	say(a, "spread %g\n", seconds(some_time(a, 0, 200)));
}

static void
spoil_kernel(struct author *a)
{
	unsigned router = any_router(a);
	nsec_t slow = some_time(a, 0, 100);

	if (likely(a, 40))
		say(a, "kernel %u 0 0\n", router);
	else
		say(a, "kernel %u %g %u\n", router, seconds(slow), chance_below(&a->chance, 80));
}

static void
spoil_segment(struct author *a)
{
	unsigned segment = any_segment(a);
	unsigned percent = likely(a, 30) ? 0 : chance_below(&a->chance, 51);
	unsigned most;

	switch (chance_below(&a->chance, 6)) {
	case 0:
	case 1:
		say(a, "lose lan%u %u\n", segment, percent);
		break;
	case 2:
		say(a, "damage lan%u %u\n", segment, percent);
		break;
	case 3:
		say(a, "double lan%u %u\n", segment, percent);
		break;
	case 4:
	case 5:				/* seldom so much that they overtake by intervals */
		most = likely(a, 20) ? 200 : 30;
		say(a, "delay lan%u %g\n", segment, likely(a, 30) ? 0 :
		    seconds(some_time(a, 0, most)));
		break;
	}
}

static void
interfere(struct author *a)
{
	const struct character *c = any_group(a);
	const char *verb = c->captured && likely(a, 50) ? "replay" : "forge";
	unsigned count = 1 + chance_below(&a->chance, 30);

	if (a->forges)
		say(a, "%s %s %u %g\n", verb, c->name, count, seconds(some_time(a, 1, 100)));
}

static void
stop_somebody(struct author *a)
{
	unsigned router = any_router(a);

	static const char *const how[] = { "leave", "stop", "power-cut" };
	const char *verb = how[chance_below(&a->chance, ARRAY_SIZE(how))];

	say(a, "%s %u\nwait %g\nboot %u\n", verb, router, any_pause(a), router);
}

static void
move_port(struct author *a)
{
	unsigned router = any_router(a);
	const char *how = likely(a, 50) ? "up" : "down";

	if (a->trunk && likely(a, 40))
		say(a, "parent %u %s\n", router, how);
	else
		say(a, "link %u lan%u %s\n", router, any_segment(a), how);
}

static void
inflict_fault(struct author *a)
{
	unsigned router = any_router(a);

	switch (chance_below(&a->chance, 20)) {
	case 0:
	case 1:
	case 2:
		spoil_segment(a);
		break;
	case 3:
	case 4:
		cut_cables(a, true);
		break;
	case 5:
		cut_cables(a, false);
		break;
	case 6:
	case 7:
		say(a, "freeze %u %g\n", router, any_pause(a));
		break;
	case 8:
		say(a, "suspend %u %g\n", router, any_pause(a));
		break;
	case 9:
	case 10:
		say(a, "crash %u %g\n", router, any_pause(a));
		break;
	case 11:
		stop_somebody(a);
		break;
	case 12:
		move_port(a);
		break;
	case 13:
	case 14:
		change_plan(a);
		break;
	case 15:
		say(a, "reset master %s\n", any_group(a)->name);
		break;
	case 16:
		if (a->objects > 0)
			say(a, "object %u %u %s\n", router,
			    1 + chance_below(&a->chance, a->objects),
			    a->length % 2 ? "up" : "down");
		break;
	case 17:
		say(a, "mute %u %u\n", router, likely(a, 50) ? 0 :
		    chance_below(&a->chance, 101));
		break;
	case 18:
		spoil_kernel(a);
		break;
	case 19:
		interfere(a);
		break;
	}
}

static void
write_turmoil(struct author *a)
{
	unsigned faults = 5 + chance_below(&a->chance, 35);
	unsigned pace = 20 + chance_below(&a->chance, 380);

	for (unsigned i = 0; i < faults && a->length < AUTHOR_TEXT_MAX / 2; i++) {
		say(a, "wait %g\n", seconds(some_time(a, 0, pace)));
		inflict_fault(a);
	}
}

/* ---- calm ----------------------------------------------------------------------------------- */

/* What happens to a healthy pair every day. */
static void
disturb(struct author *a)
{
	double harmless = seconds(chance_between(&a->chance, NSEC_PER_MSEC, a->shortest * 3 / 2));
	const struct character *c = any_group(a);

	switch (chance_below(&a->chance, 7)) {
	case 0:
		say(a, "crash %u %g\n", any_router(a), harmless);
		break;
	case 1:
		say(a, "freeze %u %g\n", any_router(a), harmless);
		break;
	case 2:
		say(a, "suspend %u %g\n", any_router(a), harmless);
		break;
	case 3:
		interfere(a);
		break;
	case 4:
		say(a, "double lan%u 50\n", any_segment(a));
		say(a, "delay lan%u %g\n", any_segment(a), seconds(a->shortest / 4));
		break;
	case 5:
		say(a, "change %s addresses %u\nspread %g\n", c->name,
		    1 + chance_below(&a->chance, 3), seconds(a->unit));
		break;
	case 6:				/* the order of links and groups changes */
		say(a, "spread %g\n", seconds(a->unit));
		break;
	}
}

/* The operator moves a group: skew is less than an interval, or in version 2 than a second. */
static void
write_handover(struct author *a)
{
	const struct character *c = any_group(a);

	if (likely(a, 50)) {
		unsigned router = any_router(a);

		say(a, "leave %u\nmastered\nboot %u\nsettle\n", router, router);
		return;
	}
	say(a, "reset master %s\nmastered %s\nsettle\n", c->name, c->name);
}

static void
write_calm(struct author *a)
{
	/* Long enough that a pause has ended and every master has spoken since. */
	nsec_t rest = a->shortest * 3 / 2 + 2 * a->longest + a->unit;

	say(a, "calm\n");
	for (unsigned i = 0; i < 4; i++) {
		disturb(a);
		say(a, "wait %g\n", seconds(rest));
	}
	say(a, "settled\n");
}

void
author_write(uint64_t seed, unsigned routers, char text[AUTHOR_TEXT_MAX])
{
	struct author a = { .chance.state = seed, .text = text, .shortest = NSEC_NEVER };
	unsigned shape;

	a.routers = 2 + chance_below(&a.chance, 3);
	if (routers > 0)
		a.routers = routers;
	a.segments = 1 + chance_below(&a.chance, 3);
	a.objects = likely(&a, 40) ? 1 + chance_below(&a.chance, 3) : 0;
	a.trunk = likely(&a, 25);
	a.forges = likely(&a, 50);
	shape = chance_below(&a.chance, 4);	/* all in one twice, split, none */
	a.syncs = shape == 3 ? 0 : shape == 2 ? 2 : 1;
	choose_unit(&a);
	set_stage(&a);
	introduce_all(&a);
	say(&a, "start %g\n", likely(&a, 50) ? 0 : seconds(a.unit * 10));
	write_turmoil(&a);
	say(&a, "heal %g\nsettle\n", seconds(a.unit));
	if (likely(&a, 50))
		write_handover(&a);
	write_calm(&a);
}
