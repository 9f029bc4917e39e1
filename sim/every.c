/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The number of a story is its path: the variant of the world, then one event after the other.  No
 * chance: the dice of the world (how late a process wakes) are the same in all of them.
 */
#include <stdarg.h>
#include <stdio.h>

#include "sim/every.h"

enum variant {				/* bits */
	VARIANT_VERSION_3 = 1,
	VARIANT_PREEMPT = 2,
	VARIANT_EQUAL = 4,		/* priorities: the address decides */
	VARIANT_SYNC = 8,		/* two segments, only the first has faults */
	VARIANTS = 16,
};

enum incident {
	MOMENT,				/* less than an interval passes ... */
	INTERVAL,			/* ... a little more than one ... */
	SILENCE,			/* ... a down interval */
	DEAF_1,				/* router 1 does not hear router 2, or does again */
	DEAF_2,
	LINK_1,				/* goes down, or up */
	STOP_1,				/* resigns and ends, or boots */
	POWER_1,			/* ends without a word, or boots */
	FREEZE_1,			/* for two intervals and a half */
	CRASH_1,			/* for half an interval */
	RESET,
	PRIORITY_2,			/* of router 2 becomes the higher, or the lower */
	INCIDENTS,
};

struct telling {
	char *text;
	size_t length;
	double interval;
	bool deaf_1, deaf_2, link_down, off, raised;
};

static void say(struct telling *t, const char *format, ...) PRINTF_LIKE(2, 3);

static void
say(struct telling *t, const char *format, ...)
{
	size_t room = EVERY_TEXT_MAX - t->length;
	va_list args;
	int length;

	va_start(args, format);
	length = vsnprintf(t->text + t->length, room, format, args);
	va_end(args);
	assert(length >= 0 && (size_t)length < room);
	t->length += (size_t)length;
}

static bool
toggle(bool *state)
{
	return *state = !*state;
}

static void
tell(struct telling *t, enum incident incident)
{
	switch (incident) {
	case MOMENT:
		say(t, "wait %g\n", 0.4 * t->interval);
		break;
	case INTERVAL:
		say(t, "wait %g\n", 1.05 * t->interval);
		break;
	case SILENCE:
		say(t, "wait %g\n", 3.7 * t->interval);
		break;
	case DEAF_1:
		say(t, "%s lan0 2 1\n", toggle(&t->deaf_1) ? "cut" : "repair");
		break;
	case DEAF_2:
		say(t, "%s lan0 1 2\n", toggle(&t->deaf_2) ? "cut" : "repair");
		break;
	case LINK_1:
		say(t, "link 1 lan0 %s\n", toggle(&t->link_down) ? "down" : "up");
		break;
	case STOP_1:
		say(t, "%s 1\n", toggle(&t->off) ? "stop" : "boot");
		break;
	case POWER_1:
		say(t, "%s 1\n", toggle(&t->off) ? "power-cut" : "boot");
		break;
	case FREEZE_1:
		say(t, "freeze 1 %g\n", 2.5 * t->interval);
		break;
	case CRASH_1:
		say(t, "crash 1 %g\n", 0.5 * t->interval);
		break;
	case RESET:
		say(t, "reset master lan0/1\n");
		break;
	case PRIORITY_2:
		say(t, "priority 2 %u\n", toggle(&t->raised) ? 250 : 50);
		break;
	case INCIDENTS:
		break;
	}
}

uint64_t
every_count(unsigned depth)
{
	uint64_t count = VARIANTS;

	for (unsigned i = 0; i < depth; i++)
		count *= INCIDENTS;
	return count;
}

void
every_write(unsigned depth, uint64_t n, char text[EVERY_TEXT_MAX])
{
	unsigned variant = (unsigned)(n % VARIANTS);
	unsigned groups = variant & VARIANT_SYNC ? 2 : 1;
	struct telling t = {
		.text = text,
		.interval = variant & VARIANT_VERSION_3 ? 0.1 : 1,
	};

	say(&t, "routers 2 %u\n", groups);
	for (unsigned i = 0; i < groups; i++)
		say(&t, "group lan%u/1 version %u interval %g priority %u 100 preempt %d%s\n", i,
		    variant & VARIANT_VERSION_3 ? 3 : 2, t.interval,
		    variant & VARIANT_EQUAL ? 100 : 200, !!(variant & VARIANT_PREEMPT),
		    groups > 1 ? " sync S" : "");
	say(&t, "start\nwait %g\n", 5.3 * t.interval);
	n /= VARIANTS;
	for (unsigned i = 0; i < depth; i++, n /= INCIDENTS)
		tell(&t, (enum incident)(n % INCIDENTS));
	say(&t, "heal\nsettle\n");
}
