/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The line between the manager, who shows and resets, and flowsync, who knows.  The manager asks
 * and waits a moment; flowsync answers when it has time.  A struct a message, and for flows a
 * sealed memory file beside it; what is not of this version and size is dropped.
 */
#ifndef TANDEM_FLOWDOOR_H
#define TANDEM_FLOWDOOR_H

#include "base/base.h"
#include "base/inet.h"
#include "core/flowsync.h"
#include "core/settings.h"
#include "daemon/flowkernel.h"
#include "daemon/flowpeer.h"

#define FLOWDOOR_VERSION 3u
#define FLOWDOOR_FLOWS_MAX 10000u

enum flowdoor_kind { FLOWDOOR_REPORT = 1, FLOWDOOR_FLOWS, FLOWDOOR_RESET,
		     FLOWDOOR_KEY, FLOWDOOR_KINDS };

struct flowdoor_filter {
	uint8_t protocol;		/* 0 = any */
	bool has_port;
	uint16_t port;
	uint32_t limit;			/* at most FLOWDOOR_FLOWS_MAX */
	struct prefix network;		/* family 0 = any */
};

struct flowdoor_question {
	uint32_t version;
	uint32_t kind;			/* enum flowdoor_kind */
	uint64_t number;		/* repeated in the answer */
	struct flowdoor_filter filter;	/* FLOWS */
};

/* All that "show connsync" shows. */
struct flowdoor_report {
	bool configured;
	bool running;
	char trouble[512];		/* why not */
	char sync_group[SYNC_NAME_SIZE];
	struct connsync_settings settings;
	struct ip local[CONNSYNC_PATHS_MAX];
	nsec_t now;
	uint32_t flaws;			/* 1 << enum flowflaw */
	struct flowsync_status status;
	struct flowtally tally;
	struct flowpeer_counts link;
	char path_trouble[CONNSYNC_PATHS_MAX][256];	/* "" = none is known */
	struct flowkernel_counts kernel;
};

struct flowdoor_answer {
	uint32_t version;
	uint32_t kind;
	uint64_t number;
	uint64_t matched;		/* FLOWS: all that there are; those beside it are "count" */
	uint32_t count;
	bool running;
	struct flowdoor_report report;	/* REPORT */
};

/* Manager: ask (version and number are filled in) and wait at most so long.  *ret_flows: of FLOWS,
 * on the heap; may be NULL for the others.  0, -ETIMEDOUT, or another negative errno. */
int flowdoor_ask(int socket, struct flowdoor_question *question, nsec_t patience,
                 struct flowdoor_answer *ret_answer, struct flowsync_view **ret_flows) MUST_USE;

/* Flowsync: the next question; 1 = there is one, 0 = none, negative errno. */
int flowdoor_hear(int socket, struct flowdoor_question *ret_question) MUST_USE;
/* Answer it; flows may be NULL.  Nobody is waited for. */
void flowdoor_answer(int socket, const struct flowdoor_question *question,
                     struct flowdoor_answer *answer, const struct flowsync_view *flows);

/* Does the filter let this flow through? */
bool flowdoor_matches(const struct flowdoor_filter *filter, const struct flow *flow);

#endif
