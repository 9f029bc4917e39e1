/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The revisions of the configuration as state: who committed what when, and what is on trial.
 */
#ifndef TANDEM_LOWER_COMMIT_H
#define TANDEM_LOWER_COMMIT_H

#include <libyang/libyang.h>

#include "base/base.h"
#include "config/history.h"

/* What is known; all borrowed. */
struct lower_commits {
	const struct note *running;
	const struct history *history;	/* NULL = none is kept */
	uint64_t remaining;		/* of running's trial, in seconds */
	int64_t epoch;			/* now, in seconds since 1970 */
};

/* Adds container commit-state to the siblings *tree, which may be NULL. */
void lower_commit_state(const struct ly_ctx *schema, const struct lower_commits *facts,
                        struct lyd_node **tree);

#endif
