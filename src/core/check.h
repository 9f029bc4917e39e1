/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What a series of tries says about a thing: is it up or down?  One try proves little, so a number
 * of them in a row has to agree (rise, fall).  The very first decides at once: before it nothing is
 * known, and groups wait for it.
 *
 * A path is judged by a policy instead: the probes of its monitor that were lost among the last
 * ones, and their mean round trip, make each judgement; judgements then rise and fall as tries do.
 */
#ifndef TANDEM_CHECK_H
#define TANDEM_CHECK_H

#include "base/base.h"
#include "base/nsec.h"

enum check_result {
	CHECK_PASSED,
	CHECK_FAILED,
	CHECK_TIMED_OUT,		/* no answer in time: fails, and is counted apart */
	CHECK_RESULTS,
};

enum check_state { CHECK_UNKNOWN, CHECK_UP, CHECK_DOWN };

/* Zeroed = nothing is known. */
struct check {
	uint8_t state;			/* enum check_state */
	uint8_t streak;			/* tries in a row that speak against the state */
	uint64_t results[CHECK_RESULTS];
};

/* What a predecessor found out, where nothing is known yet. */
void check_seed(struct check *check, bool up);

/* One more try; rise and fall are at least 1.  True when the state changed. */
bool check_note(struct check *check, uint8_t rise, uint8_t fall, enum check_result result);

/* "timed out" and so on, the middle of a sentence; never NULL. */
const char *check_result_text(enum check_result result);

#define PATH_WINDOW_MAX 255u
#define PATH_LOST ((nsec_t)-1)

/* The last probes of a path.  Zeroed = none yet. */
struct path {
	nsec_t trips[PATH_WINDOW_MAX];	/* a ring; PATH_LOST = no answer */
	uint8_t next;
	uint8_t count;			/* how many there are, up to the window */
};

struct path_limits {
	uint8_t window;			/* probes looked at, 1.. */
	uint8_t loss;			/* most that may be lost, percent */
	nsec_t delay;			/* longest mean round trip, 0 = any */
};

/* A probe was answered after this round trip, or PATH_LOST.  window as in the limits. */
void path_note(struct path *path, uint8_t window, nsec_t trip);

/* What the probes seen so far say.  Lost beyond the limit is a failure, a mean beyond the limit
 * is, too; a path none of whose probes was answered has timed out. */
enum check_result path_judge(const struct path *path, const struct path_limits *limits);

/* Lost of those seen, in percent, and the mean round trip of the answered (0 = none was). */
uint8_t path_loss(const struct path *path);
nsec_t path_delay(const struct path *path);

#endif
