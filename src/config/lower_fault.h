/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What keeps a group in FAULT, in words and with names: its own interface, what it tracks without a
 * weight, or another member of its sync group.
 */
#ifndef TANDEM_LOWER_FAULT_H
#define TANDEM_LOWER_FAULT_H

#include "config/lower.h"

#define CAUSE_TEXT_SIZE (OBJECT_NAME_SIZE + 96u)

/* A cause around which the longest names stand. */
#define FAULT_TEXT_SIZE (CAUSE_TEXT_SIZE + SYNC_NAME_SIZE + NAME_SIZE + 96u)

/* Of a sync group: who of its members in FAULT has a cause of its own. */
struct lower_culprits {
	uint32_t count;
	char first[NAME_SIZE + 16];	/* of them, "dp0bond0 group 1" ... */
	char cause[CAUSE_TEXT_SIZE];	/* ... and why it is */
};

/* The word of YANG for what a tracked object is; *ret_name is its name without that word. */
const char *lower_track_words(const struct settings *settings,
                              const struct object_settings *object, const char **ret_name);

/* Count a member of the sync group in, whatever its state is. */
void lower_fault_blame(struct lower_culprits *culprits, const struct lower_facts *facts,
                       const struct group_settings *group, const struct vrouter_status *record);

/* Add what keeps this group in FAULT, if it is there.  culprits: of its sync group, all members
 * counted in; NULL = it has none. */
void lower_fault_put(struct lyd_node *node, const struct lower_facts *facts,
                     const struct group_settings *group, const struct vrouter_status *record,
                     const struct lower_culprits *culprits);

#endif
