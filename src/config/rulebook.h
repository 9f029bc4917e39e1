/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * All numbers that a refusal or a warning of a commit may end with, as in [C7], and what each
 * stands for.
 */
#ifndef TANDEM_RULEBOOK_H
#define TANDEM_RULEBOOK_H

#include <stddef.h>

#include "base/base.h"

/* What the thing that a warning is about leads to, worst first. */
enum rulebook_consequence {
	RULEBOOK_REFUSED,		/* an error: it never runs */
	RULEBOOK_OUTAGE,		/* traffic is lost although both routers are well */
	RULEBOOK_FAILOVER,		/* what a failover is for does not come of it */
	RULEBOOK_INTERRUPTION,		/* a failover takes longer, or there is one too many */
	RULEBOOK_NO_EFFECT,		/* something was written in vain */
};

struct rulebook_entry {
	const char *number;
	const char *text;		/* sentences, two blanks apart */
	enum rulebook_consequence consequence;
};

/* Errors, then warnings. */
extern const struct rulebook_entry rulebook[];
extern const size_t rulebook_count;

bool rulebook_is_warning(const struct rulebook_entry *entry);
/* The entry of this number, or NULL. */
const struct rulebook_entry *rulebook_find(const char *number);

#endif
