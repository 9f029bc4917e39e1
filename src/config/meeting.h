/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What a commit would do at the moment it is made to masters that it puts into a sync group: there
 * they may meet members of another state, and follow them; and to bonds that had members.  The
 * configuration alone cannot tell.
 */
#ifndef TANDEM_MEETING_H
#define TANDEM_MEETING_H

#include <libyang/libyang.h>

#include "config/problem.h"
#include "core/settings.h"
#include "core/status.h"

/*
 * Adds L30 for each master that would leave its state, and L34 for each bond with groups that would
 * lose its last member.  tree is the candidate, with its defaults;
 * next is what was lifted from it; running are the settings that run, NULL = none, and records
 * those of its groups, in the same order.
 */
void meeting_rules(const struct lyd_node *tree, const struct settings *next,
                   const struct settings *running, const struct vrouter_status *records,
                   size_t record_count, struct problems *problems);

/* Does any group of next belong to another sync group than in running, or is there a bond that has
 * no members any more?  Quick. */
bool meeting_is_possible(const struct settings *next, const struct settings *running);

#endif
