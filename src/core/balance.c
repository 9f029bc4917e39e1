/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Two ordered tables are walked side by side.  What is decided here besides is how a real server
 * that fails is taken out.
 *
 * Without weight it gets no new connections, and those that it has go on: where the service on it
 * died they end at once, because the machine refuses them; where the check was wrong nobody
 * notices.  The kernel sends to it all the same whom it remembers: a persistent client, and a UDP
 * client that keeps its port.  Those would stay with a dead server for as long as they ask; there
 * it is removed, and they get another one.  So it is with destination-hashing, which would refuse
 * clients of a server without weight.
 */
#include "core/balance.h"

#include <stdlib.h>
#include <string.h>

static int
order(uint64_t a, uint64_t b)
{
	return (a > b) - (a < b);
}

int
balance_service_order(const void *first, const void *second)
{
	const struct balance_service *a = first, *b = second;
	int r = order(a->family, b->family);

	if (r == 0)
		r = order(a->mark, b->mark);
	if (r == 0)
		r = ip_compare(&a->address, &b->address);
	if (r == 0)
		r = order(a->protocol, b->protocol);
	return r ? r : order(a->port, b->port);
}

int
balance_dest_order(const void *first, const void *second)
{
	const struct balance_dest *a = first, *b = second;
	int r = ip_compare(&a->address, &b->address);

	return r ? r : order(a->port, b->port);
}

void
balance_sort(struct balance_table *table)
{
	if (table->service_count > 0)
		qsort(table->services, table->service_count, sizeof(*table->services),
		      balance_service_order);
	for (uint32_t i = 0; i < table->service_count; i++) {
		const struct balance_service *service = &table->services[i];

		if (service->count > 0)
			qsort(&table->dests[service->first], service->count,
			      sizeof(*table->dests), balance_dest_order);
	}
}

/* ---- wishes --------------------------------------------------------------------------------- */

struct balance_service
balance_service(const struct virtual_settings *server)
{
	struct balance_service service = {
		.family = server->family,
		.protocol = server->mark ? 0 : server->protocol,
		.address = server->address,
		.port = server->port,
		.mark = server->mark,
		.algorithm = server->algorithm,
		.flags = BALANCE_OURS,
		.persistence = server->persistence,
	};

	if (server->persistence > 0)
		service.flags |= BALANCE_PERSISTENT;
	if (server->algorithm == BALANCE_SOURCE_HASHING)
		service.flags |= BALANCE_FALLBACK;
	return service;
}

/* Would the kernel send to a server without weight whom it remembers, or refuse him? */
static bool
is_remembered(const struct virtual_settings *server)
{
	return server->persistence > 0 || server->algorithm == BALANCE_DESTINATION_HASHING ||
	       server->protocol == VIRTUAL_UDP;
}

struct balance_dest
balance_dest(const struct virtual_settings *server, const struct real_settings *real,
             enum check_state state)
{
	struct balance_dest dest = {
		.address = real->address,
		.port = real->port,
		.method = server->method,
		.weight = real->weight,
		.want = BALANCE_AS_IS,
	};

	if (state == CHECK_DOWN)
		dest.want = is_remembered(server) ? BALANCE_OUT : BALANCE_IDLE;
	else if (real->drained)
		dest.want = server->algorithm == BALANCE_DESTINATION_HASHING ? BALANCE_OUT :
		            BALANCE_IDLE;
	else if (state == CHECK_UP)
		dest.want = BALANCE_IN;
	return dest;
}

/* ---- steps ---------------------------------------------------------------------------------- */

struct plan {
	bool (*on_step)(void *owner, const struct balance_step *step);
	void *owner;
};

static bool
tell(const struct plan *plan, enum balance_step_kind kind, const struct balance_service *service)
{
	struct balance_step step = { .kind = kind, .service = service };

	return plan->on_step(plan->owner, &step);
}

static void
tell_dest(const struct plan *plan, enum balance_step_kind kind,
          const struct balance_service *service, const struct balance_dest *dest, uint32_t weight)
{
	struct balance_step step = { .kind = kind, .service = service, .dest = *dest };

	step.dest.weight = weight;
	(void)plan->on_step(plan->owner, &step);
}

/* One that is wanted, and what the kernel has of it, or NULL. */
static void
plan_dest(const struct plan *plan, const struct balance_service *service,
          const struct balance_dest *wish, const struct balance_dest *now)
{
	bool idle = wish->want == BALANCE_IDLE ||
	            (wish->want == BALANCE_AS_IS && now && now->weight == 0);
	uint32_t weight = idle ? 0 : wish->weight;

	if (wish->want == BALANCE_OUT || (wish->want == BALANCE_AS_IS && !now))
		return;
	if (!now)
		tell_dest(plan, BALANCE_ADD_DEST, service, wish, weight);
	else if (now->weight != weight || now->method != wish->method)
		tell_dest(plan, BALANCE_CHANGE_DEST, service, wish, weight);
}

/* Two passes over both slices: first what comes and changes, then what goes. */
static void
plan_dests(const struct plan *plan, const struct balance_table *wish,
           const struct balance_service *service, const struct balance_table *world,
           const struct balance_service *now)
{
	for (uint32_t i = 0, k = 0; i < service->count; i++) {
		const struct balance_dest *dest = &wish->dests[service->first + i];
		const struct balance_dest *found = NULL;

		while (now && k < now->count &&
		       balance_dest_order(&world->dests[now->first + k], dest) < 0)
			k++;
		if (now && k < now->count &&
		    balance_dest_order(&world->dests[now->first + k], dest) == 0)
			found = &world->dests[now->first + k];
		plan_dest(plan, service, dest, found);
	}
	for (uint32_t i = 0; now && i < now->count; i++) {
		const struct balance_dest *dest = &world->dests[now->first + i];
		const struct balance_dest *found = balance_find_dest(wish, service, dest);

		if (!found || found->want == BALANCE_OUT)
			tell_dest(plan, BALANCE_DELETE_DEST, service, dest, 0);
	}
}

static void
plan_service(const struct plan *plan, const struct balance_table *wish,
             const struct balance_service *service, const struct balance_table *world,
             const struct balance_service *now)
{
	if (now && !(now->flags & BALANCE_OURS)) {
		(void)tell(plan, BALANCE_TAKEN, service);
		return;
	}
	if (!now && !tell(plan, BALANCE_ADD_SERVICE, service))
		return;
	if (now && (now->algorithm != service->algorithm || now->flags != service->flags ||
	            now->persistence != service->persistence) &&
	    !tell(plan, BALANCE_CHANGE_SERVICE, service))
		return;
	plan_dests(plan, wish, service, world, now);
}

void
balance_plan(const struct balance_table *wish, const struct balance_table *world,
             bool (*on_step)(void *owner, const struct balance_step *step), void *owner)
{
	const struct plan plan = { on_step, owner };
	uint32_t i = 0, k = 0;

	while (i < wish->service_count || k < world->service_count) {
		const struct balance_service *service =
			i < wish->service_count ? &wish->services[i] : NULL;
		const struct balance_service *now =
			k < world->service_count ? &world->services[k] : NULL;
		int side = !service ? 1 : !now ? -1 : balance_service_order(service, now);

		if (side <= 0)
			plan_service(&plan, wish, service, world, side == 0 ? now : NULL);
		else if (now->flags & BALANCE_OURS)
			(void)tell(&plan, BALANCE_DELETE_SERVICE, now);
		i += side <= 0;
		k += side >= 0;
	}
}

/* ---- looking up ----------------------------------------------------------------------------- */

const struct balance_service *
balance_find(const struct balance_table *table, const struct balance_service *service)
{
	return table->service_count == 0 ? NULL :
	       bsearch(service, table->services, table->service_count, sizeof(*service),
	               balance_service_order);
}

const struct balance_dest *
balance_find_dest(const struct balance_table *table, const struct balance_service *service,
                  const struct balance_dest *dest)
{
	return service->count == 0 ? NULL :
	       bsearch(dest, &table->dests[service->first], service->count, sizeof(*dest),
	               balance_dest_order);
}

const char *
balance_algorithm_name(uint8_t algorithm)
{
	static const char *const names[BALANCE_ALGORITHMS] = {
		[BALANCE_ROUND_ROBIN] = "round-robin",
		[BALANCE_WEIGHTED_ROUND_ROBIN] = "weighted-round-robin",
		[BALANCE_LEAST_CONNECTION] = "least-connection",
		[BALANCE_WEIGHTED_LEAST_CONNECTION] = "weighted-least-connection",
		[BALANCE_SOURCE_HASHING] = "source-hashing",
		[BALANCE_DESTINATION_HASHING] = "destination-hashing",
		[BALANCE_LOCALITY] = "locality-based-least-connection",
	};

	return algorithm < BALANCE_ALGORITHMS ? names[algorithm] : "other";
}

const char *
balance_method_name(uint8_t method)
{
	static const char *const names[BALANCE_METHODS] = {
		[BALANCE_NAT] = "nat",
		[BALANCE_DIRECT] = "direct",
		[BALANCE_TUNNEL] = "tunnel",
	};

	return method < BALANCE_METHODS ? names[method] : "other";
}
