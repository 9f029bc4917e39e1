/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What the files that make up the interfaces share: interfaces.c (settings and wishes), units.c
 * (what is to be planned), turns.c (when), requests.c (what is sent, and what became of it),
 * tidings.c (what the role is told).  Nobody else includes this.
 */
#ifndef TANDEM_INTERFACES_INSIDE_H
#define TANDEM_INTERFACES_INSIDE_H

#include "base/marks.h"
#include "core/ifplan.h"
#include "core/iftrack.h"
#include "core/ifworld.h"
#include "daemon/interfaces.h"
#include "daemon/news.h"
#include "daemon/outbox.h"
#include "daemon/refusals.h"
#include "daemon/route_watch.h"
#include "daemon/tuner.h"

struct sd_event_source;

/* A link of the settings; behind them some static routes (core/ifstatic); the last one stands for
 * everything the settings do not name. */
struct unit {
	uint32_t busy;			/* requests not answered yet */
	bool has_dependants;		/* vifs or members */
	bool told;
	int told_index;
	struct link_input told_input;
};

/* What is under way for a group. */
struct wish {
	bool held;
	bool restored;
	bool is_owner;
	uint32_t taking;		/* requests of a take not answered yet */
	uint64_t taken;			/* when the last one was: value of "rounds" */
	uint32_t renewing;
};

struct silence {
	int index;
	struct prefix prefix;
};

struct interfaces {
	struct interfaces_calls calls;
	void *owner;
	struct news *news;
	struct outbox *outbox;
	struct tuner *tuner;
	bool started;
	struct sd_event *event;
	struct sd_event_source *news_source;
	struct sd_event_source *done_source;
	struct sd_event_source *refused_source;
	struct sd_event_source *tuned_source;
	struct sd_event_source *work_source;
	struct sd_event_source *retry_source;
	struct sd_event_source *say_source;
	struct sd_event_source *look_source;

	struct ifworld *world;		/* of the news */
	struct ifnets *nets;		/* of the world */

	struct iforiginals *originals;
	const struct settings *settings;	/* NULL before the first adopt */
	struct ifplan *plan;
	struct iftrack *track;
	struct route_watch *watch;
	uint64_t epoch;
	uint32_t lease;			/* seconds */
	uint32_t unit_count;		/* links, units of static routes, and one */
	struct unit *units;
	struct marks dirty;		/* units to be planned */
	struct marks changed;		/* units to be told to the role */
	bool *held;			/* per group, as the planner wants it */
	struct wish *wishes;		/* per group */
	uint32_t restored_count;
	bool settling;
	nsec_t look_at;			/* when all is read anew, or NSEC_NEVER */
	bool replanned;			/* what on_settled said last may be outdated */
	nsec_t settled_at;		/* when it was said last */
	uint64_t rounds;		/* how often all news were read */
	unsigned unread;		/* turns in which not all news could be read */
	char *problems;			/* what on_settled said last; heap */

	struct refusals refusals;
	struct refusals refused_before;	/* by the kernel before the last adopt */
	struct ifsteps steps;		/* of the plan being made */
	struct silence *silences;	/* answered, to be entered when the news before are read */
	size_t silence_count;
	size_t silence_room;
	int *reads;			/* links to be asked for */
	size_t read_count;
	size_t read_room;
};

/* How the planner sees the world now. */
struct ifplan_view interfaces_view(struct interfaces *interfaces);

#endif
