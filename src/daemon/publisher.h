/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Writes the engine's records into the memory that outlives it, where "show" and a successor find
 * them: those that changed, and no more often than they are worth.
 */
#ifndef TANDEM_PUBLISHER_H
#define TANDEM_PUBLISHER_H

#include "base/base.h"
#include "base/nsec.h"
#include "core/engine.h"
#include "daemon/memory.h"

struct publisher {
	const struct engine *engine;
	struct memory *memory;
	uint64_t *versions;		/* per group: what the memory has */
	uint32_t count;			/* of groups */
	struct engine_status overall;	/* what the memory has */
	bool renumbering;		/* the records in the memory have the old numbers */
	uint32_t staged;		/* records that wait there under the new ones */
	nsec_t published;		/* when all were looked at last */
};

/* A record of this group that changed is written at once. */
void publisher_put(struct publisher *publisher, uint32_t group);
/* All that changed; the more groups there are, the less often. */
void publisher_put_due(struct publisher *publisher, nsec_t now);
void publisher_put_all(struct publisher *publisher, nsec_t now);

/*
 * Groups are about to get other numbers: versions (taken) has room for count.  Nothing is written
 * until publisher_renumber() has returned true, which then makes whoever reads the records see all
 * of them change at once; each call does no more than this many.
 */
void publisher_prepare(struct publisher *publisher, uint64_t *versions, uint32_t count);
bool publisher_renumber(struct publisher *publisher, uint32_t limit) MUST_USE;

#endif
