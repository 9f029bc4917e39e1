/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * One run of a program in the runner's loop: its output becomes log lines, its time is limited, its
 * end is told.  When its time is over its process group is asked to end (SIGTERM) and soon after
 * made to (SIGKILL).
 */
#ifndef TANDEM_RUN_H
#define TANDEM_RUN_H

#include "base/base.h"
#include "base/error.h"
#include "base/log.h"
#include "base/nsec.h"
#include "system/program.h"

#define RUN_LINE_SIZE 401u
#define RUN_LINES_MAX 50u		/* logged of one run */

struct run;
struct sd_event;

struct run_calls {
	/* Its time is over; it is being ended. */
	void (*on_timeout)(void *owner);
	/* It ended, with a status as of wait(2); the run is freed after this call. */
	void (*on_end)(void *owner, int status, bool timed_out);
};

struct run_options {
	const char *label;		/* in front of its log lines; copied */
	enum log_level level;		/* of what it prints */
	nsec_t timeout;
	nsec_t grace;			/* between SIGTERM and SIGKILL */
	bool sweep;			/* what it leaves running in its group is ended, too */
};

/* Start the program (borrowed for this call).  The run is freed at its end, after on_end; calls and
 * owner are borrowed until then.  0, or negative errno: it does not run, nothing will be told. */
int run_start(struct sd_event *event, const struct program *program,
              const struct run_options *options, const struct run_calls *calls, void *owner,
              struct run **ret_run, struct error *error) MUST_USE;

/* The last line it printed so far, "" = none. */
const char *run_last_line(const struct run *run);

/* It has no more than this from now on. */
void run_hurry(struct run *run, nsec_t timeout);

/* End it at once; nothing is told any more.  NULL is fine. */
void run_abandon(struct run *run);

#endif
