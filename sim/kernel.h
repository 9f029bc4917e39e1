/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The fake kernel of a router: ports with one bounded queue of received packets and their arrival
 * times, and virtual addresses that it frees by itself when their lease ends.  It runs whether or
 * not the process does.  Requests about addresses may be late (in order for each group) or fail.
 * What the daemon does about that is here, too: it asks again after KERNEL_RETRY for what the
 * engine wanted last.
 */
#ifndef TANDEM_SIM_KERNEL_H
#define TANDEM_SIM_KERNEL_H

#include "base/base.h"
#include "base/nsec.h"
#include "sim/agenda.h"
#include "sim/plan.h"

#define QUEUE_MAX 256u			/* packets kept for a sleeping process */
#define KERNEL_RETRY (100 * NSEC_PER_MSEC)

struct router;
struct world;

struct arrival {
	struct parcel *parcel;
	nsec_t time;			/* on the router's clock */
	uint8_t segment;
};

/* A group's virtual addresses. */
struct held {
	bool held;
	nsec_t expires;			/* on the router's clock */
	uint64_t list;
	struct request wanted;		/* the last TAKE or DROP, its lease prolonged by RENEW */
	unsigned waiting;		/* requests under way */
	bool failed;			/* one was refused, or the lease ended: to be mended */
};

struct kernel {
	bool port_up[SEGMENTS_MAX];
	struct arrival queue[QUEUE_MAX];
	unsigned queue_limit;		/* at most QUEUE_MAX */
	unsigned queue_first;
	unsigned queue_count;
	struct held held[PLAN_GROUPS_MAX];
	nsec_t slow;			/* a request takes up to so long */
	unsigned refuse;		/* percent of requests that fail */
	nsec_t last_answer[PLAN_GROUPS_MAX];	/* of the world: requests of a group keep order */
	unsigned process;		/* which one asks: requests of a dead one are forgotten */
};

void kernel_init(struct kernel *kernel);
void kernel_done(struct kernel *kernel);

/* False: the queue is full. */
bool kernel_receive(struct kernel *kernel, const struct arrival *arrival);
/* The oldest one; it is the caller's to release.  There must be one. */
struct arrival kernel_read(struct kernel *kernel);
void kernel_forget_queue(struct kernel *kernel);

/* The process asks; carried out at once unless the kernel is slow. */
void kernel_request(struct world *world, struct router *router, unsigned group,
                    const struct request *request);
/* A late one is carried out; process is who asked. */
void kernel_on_request(struct world *world, struct router *router, unsigned group,
                       const struct request *request, unsigned process);
/* The daemon looks whether the addresses are as wanted, and asks for what is missing. */
void kernel_on_mend(struct world *world, struct router *router);
/* Are all requests answered, with success, and does nothing make them fail? */
bool kernel_is_settled(const struct world *world, const struct router *router, unsigned group);
/* Something may have gone wrong with the addresses: the daemon will look. */
void kernel_suspect(struct world *world, struct router *router);
/* The process ended; without power the addresses are gone, too. */
void kernel_lose_process(struct kernel *kernel);
void kernel_lose_power(struct kernel *kernel);

/* Requests take up to so long, and so many percent of them fail, from now on. */
void kernel_set_faults(struct world *world, struct router *router, nsec_t slow, unsigned refuse);

#endif
