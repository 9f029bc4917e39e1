/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Carries out what it is asked, late or not at all if the world wants it so.  Renewing an address
 * that is gone does not bring it back: so a lease that is too short is found out.
 */
#include <string.h>

#include "sim/world.h"

void
kernel_init(struct kernel *kernel)
{
	memset(kernel, 0, sizeof(*kernel));
	kernel->queue_limit = QUEUE_MAX;
	for (unsigned i = 0; i < SEGMENTS_MAX; i++)
		kernel->port_up[i] = true;
}

void
kernel_done(struct kernel *kernel)
{
	kernel_forget_queue(kernel);
}

/* ---- packets -------------------------------------------------------------------------------- */

bool
kernel_receive(struct kernel *kernel, const struct arrival *arrival)
{
	if (kernel->queue_count >= kernel->queue_limit)
		return false;
	kernel->queue[(kernel->queue_first + kernel->queue_count++) % QUEUE_MAX] = *arrival;
	arrival->parcel->references++;
	return true;
}

struct arrival
kernel_read(struct kernel *kernel)
{
	struct arrival arrival = kernel->queue[kernel->queue_first];

	assert(kernel->queue_count > 0);
	kernel->queue_first = (kernel->queue_first + 1) % QUEUE_MAX;
	kernel->queue_count--;
	return arrival;
}

void
kernel_forget_queue(struct kernel *kernel)
{
	while (kernel->queue_count > 0)
		parcel_release(kernel_read(kernel).parcel);
}

/* ---- addresses ------------------------------------------------------------------------------ */

/* The daemon hears of it and looks again a little later. */
static void
fail(struct world *world, struct router *router, struct held *held)
{
	held->failed = true;
	world_schedule(world, world->now + KERNEL_RETRY, EVENT_MEND, router->number);
}

static void
carry_out(struct world *world, struct router *router, unsigned group,
          const struct request *request, bool late)
{
	struct kernel *kernel = &router->kernel;
	struct held *held = &kernel->held[group];
	nsec_t now = router_clock(world, router);

	if (kernel->refuse > 0 && chance_percent(&router->chance, kernel->refuse)) {
		world_note(world, HAPPENED_REFUSED, router->number,
			   world->plan.groups[group].segment, world->plan.groups[group].vrid,
			   request->kind, 0);
		fail(world, router, held);
		return;
	}
	switch (request->kind) {
	case REQUEST_TAKE:
		held->held = true;
		held->expires = request->expires;
		held->list = request->list;
		break;
	case REQUEST_RENEW:
		if (held->held && held->expires > now)
			held->expires = request->expires;
		else if (late || !kernel_is_settled(world, router, group))
			fail(world, router, held);
		break;
	case REQUEST_DROP:
		held->held = false;
		break;
	}
}

static void
remember(struct held *held, const struct request *request)
{
	if (request->kind == REQUEST_RENEW)
		held->wanted.expires = request->expires;
	else
		held->wanted = *request;
}

void
kernel_request(struct world *world, struct router *router, unsigned group,
               const struct request *request)
{
	struct kernel *kernel = &router->kernel;
	nsec_t *last = &kernel->last_answer[group];

	remember(&kernel->held[group], request);
	if (kernel->slow == 0 && *last <= world->now) {
		carry_out(world, router, group, request, false);
		return;
	}
	*last = nsec_max(*last, world->now) + chance_between(&router->chance, 0, kernel->slow);
	kernel->held[group].waiting++;
	world_schedule_request(world, *last, router->number, group, request, kernel->process);
}

void
kernel_on_request(struct world *world, struct router *router, unsigned group,
                  const struct request *request, unsigned process)
{
	if (process != router->kernel.process)
		return;
	router->kernel.held[group].waiting--;
	carry_out(world, router, group, request, true);
}

/* As the daemon's plan does: what is not as the engine wanted it is asked for once more. */
void
kernel_on_mend(struct world *world, struct router *router)
{
	nsec_t now = router_clock(world, router);

	if (router->run != ROUTER_RUNNING)
		return;
	for (unsigned group = 0; group < PLAN_GROUPS_MAX; group++) {
		struct held *held = &router->kernel.held[group];
		bool wanted = held->wanted.kind == REQUEST_TAKE;
		bool there = held->held && held->expires > now;

		if (!held->failed)
			continue;
		held->failed = false;
		if (wanted && held->wanted.expires > now)
			kernel_request(world, router, group, &held->wanted);
		else if (!wanted && there)
			kernel_request(world, router, group, &held->wanted);
	}
}

bool
kernel_is_settled(const struct world *world, const struct router *router, unsigned group)
{
	const struct kernel *kernel = &router->kernel;
	/* An engine that starts again renews for only as long as others have heard it. */
	bool unheard = router->vain_at > 0 &&
		world->now - router->vain_at <= 5 * world->plan.longest_interval;

	return kernel->held[group].waiting == 0 && !kernel->held[group].failed &&
		kernel->slow == 0 && kernel->refuse == 0 && !unheard;
}

void
kernel_suspect(struct world *world, struct router *router)
{
	for (unsigned group = 0; group < PLAN_GROUPS_MAX; group++)
		fail(world, router, &router->kernel.held[group]);
}

void
kernel_lose_process(struct kernel *kernel)
{
	kernel_forget_queue(kernel);
	kernel->process++;
	for (unsigned group = 0; group < PLAN_GROUPS_MAX; group++) {
		kernel->held[group].waiting = 0;
		kernel->held[group].failed = false;
		kernel->last_answer[group] = 0;
	}
}

void
kernel_lose_power(struct kernel *kernel)
{
	kernel_lose_process(kernel);
	memset(kernel->held, 0, sizeof(kernel->held));
	for (unsigned group = 0; group < PLAN_GROUPS_MAX; group++)
		kernel->held[group].wanted.kind = REQUEST_DROP;
}

void
kernel_set_faults(struct world *world, struct router *router, nsec_t slow, unsigned refuse)
{
	struct kernel *kernel = &router->kernel;

	if (kernel->slow == slow && kernel->refuse == refuse)
		return;
	world_note(world, HAPPENED_KERNEL, router->number, 0, 0, slow, refuse);
	kernel->slow = slow;
	kernel->refuse = refuse;
	/* An address may have been freed because its renewal was late: the daemon sees it go. */
	kernel_suspect(world, router);
}
