/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What concerns the network's view of a group (a transition, an advertisement sent) is published
 * with the effect; counters that only people read wait for a moment.
 */
#include "daemon/publisher.h"

#include <stdlib.h>
#include <string.h>

/* Looking at all groups shall cost little beside what they do in that time. */
#define LOOK_LEAST (100 * NSEC_PER_MSEC)
#define LOOK_A_GROUP (250 * NSEC_PER_USEC)

void
publisher_put(struct publisher *p, uint32_t group)
{
	uint64_t version = engine_status_version(p->engine, group);

	if (!p->renumbering && version != p->versions[group] &&
	    memory_put_status(p->memory, group, engine_status(p->engine, group)) == 0)
		p->versions[group] = version;
}

void
publisher_put_all(struct publisher *p, nsec_t now)
{
	p->published = now;
	if (memcmp(&p->overall, engine_overall(p->engine), sizeof(p->overall)) != 0) {
		p->overall = *engine_overall(p->engine);
		memory_put_engine(p->memory, &p->overall);
	}
	for (uint32_t i = 0; i < p->count; i++)
		publisher_put(p, i);
}

void
publisher_put_due(struct publisher *p, nsec_t now)
{
	if (now - p->published >= nsec_max(LOOK_LEAST, p->count * LOOK_A_GROUP))
		publisher_put_all(p, now);
}

void
publisher_prepare(struct publisher *p, uint64_t *versions, uint32_t count)
{
	free(p->versions);
	p->versions = versions;
	p->count = count;
	p->staged = 0;
	p->renumbering = true;
}

/* Records beyond the memory's room are never stored; they cost no more than the look. */
static void
stage(struct publisher *p, uint32_t group)
{
	uint64_t version = engine_status_version(p->engine, group);

	if (version != p->versions[group] &&
	    memory_stage_status(p->memory, group, engine_status(p->engine, group)) == 0)
		p->versions[group] = version;
}

bool
publisher_renumber(struct publisher *p, uint32_t limit)
{
	for (; limit > 0 && p->staged < p->count; limit--)
		stage(p, p->staged++);
	if (p->staged < p->count)
		return false;
	/* What changed since it was staged. */
	for (uint32_t i = 0; i < p->count; i++)
		stage(p, i);
	memory_switch_status(p->memory, p->count);
	p->renumbering = false;
	return true;
}
