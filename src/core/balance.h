/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What the kernel's load balancer (IPVS) is to hold for the virtual servers of the settings, and
 * the smallest list of steps that gets it there from what it holds.
 *
 * A table is a list of services, each with a slice of destinations.  Ours are known by a flag that
 * the kernel keeps with the service: nothing has to be remembered beside it, so whoever comes
 * after us knows them, and services of others are never touched.
 */
#ifndef TANDEM_BALANCE_H
#define TANDEM_BALANCE_H

#include "base/base.h"
#include "base/inet.h"
#include "core/check.h"
#include "core/settings.h"

/* The kernel's flags of a service (linux/ip_vs.h). */
#define BALANCE_PERSISTENT 0x01u
#define BALANCE_FALLBACK 0x08u		/* source-hashing: past a server without weight */
#define BALANCE_OURS 0x20u		/* of the scheduler, and none that we use knows it */
#define BALANCE_FLAGS (BALANCE_PERSISTENT | BALANCE_FALLBACK | 0x10u | BALANCE_OURS)

/* What the kernel counted. */
struct balance_counts {
	uint64_t connections;
	uint64_t packets_in, packets_out;
	uint64_t bytes_in, bytes_out;
};

struct balance_service {
	uint8_t family;			/* with what follows up to mark: which one it is */
	uint8_t protocol;		/* 0 with a mark */
	struct ip address;		/* family 0 with a mark */
	uint16_t port;
	uint32_t mark;
	uint8_t algorithm;		/* enum balance_algorithm; BALANCE_ALGORITHMS = other */
	uint32_t flags;			/* of BALANCE_FLAGS */
	uint32_t persistence;		/* seconds */
	uint32_t number;		/* of a wish: whose it is, the caller's */
	uint32_t first;			/* its destinations */
	uint32_t count;
	struct balance_counts counts;	/* the kernel's */
};

/* How a destination is wanted. */
enum balance_want {
	BALANCE_IN,			/* there, with its weight */
	BALANCE_IDLE,			/* there, without weight: gets no new connections */
	BALANCE_OUT,			/* not there */
	BALANCE_AS_IS,			/* nothing is known of it: neither let in nor taken out */
};

struct balance_dest {
	struct ip address;		/* with the port: which one of its service it is */
	uint16_t port;
	uint8_t method;			/* enum balance_method; BALANCE_METHODS = other */
	uint8_t want;			/* enum balance_want, of a wish */
	uint32_t number;		/* of a wish: whose it is, the caller's */
	uint32_t weight;		/* of a wish: that which it has when it is in */
	uint32_t active, inactive, persistent;	/* connections; the kernel's */
	struct balance_counts counts;
};

/* Services in order, and those of each service, as balance_service_order() and
 * balance_dest_order() have it. */
struct balance_table {
	struct balance_service *services;
	struct balance_dest *dests;
	uint32_t service_count;
	uint32_t dest_count;
};

int balance_service_order(const void *a, const void *b);
int balance_dest_order(const void *a, const void *b);
/* Put both lists in order; dests of a service stand together before and after. */
void balance_sort(struct balance_table *table);

/* The service that a virtual server is, without its destinations. */
struct balance_service balance_service(const struct virtual_settings *server);
/* The destination that a real server is while its check says this. */
struct balance_dest balance_dest(const struct virtual_settings *server,
                                 const struct real_settings *real, enum check_state state);

enum balance_step_kind {
	BALANCE_ADD_SERVICE,
	BALANCE_CHANGE_SERVICE,
	BALANCE_DELETE_SERVICE,		/* and its destinations */
	BALANCE_ADD_DEST,
	BALANCE_CHANGE_DEST,
	BALANCE_DELETE_DEST,
	BALANCE_TAKEN,			/* nothing to do: another program has this service */
};

struct balance_step {
	enum balance_step_kind kind;
	const struct balance_service *service;
	struct balance_dest dest;	/* of a step about one, with the weight it is to have */
};

/*
 * Tell the steps from world to wish, one after the other, both in order.  A destination comes
 * before another of its service goes.  on_step returns false where the step failed: then what
 * builds on it is not told.
 */
void balance_plan(const struct balance_table *wish, const struct balance_table *world,
                  bool (*on_step)(void *owner, const struct balance_step *step), void *owner);

/* The service of a table that is this one, or NULL; and its destination. */
const struct balance_service *balance_find(const struct balance_table *table,
                                           const struct balance_service *service);
const struct balance_dest *balance_find_dest(const struct balance_table *table,
                                             const struct balance_service *service,
                                             const struct balance_dest *dest);

/* "round-robin" and so on, the words of the configuration; "other" for none of them. */
const char *balance_algorithm_name(uint8_t algorithm);
const char *balance_method_name(uint8_t method);

#endif
