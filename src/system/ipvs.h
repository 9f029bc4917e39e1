/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The kernel's load balancer (IPVS) in the network namespace of the caller: reading its table, and
 * changing it step by step.  Calls wait for the kernel's answer, a second at most.  Both need
 * CAP_NET_ADMIN.
 */
#ifndef TANDEM_IPVS_H
#define TANDEM_IPVS_H

#include "base/base.h"
#include "base/error.h"
#include "core/balance.h"

struct ipvs;

/* Has the kernel loaded it?  Asking does not load it, opening does. */
bool ipvs_is_loaded(void);

/*
 * Whom the kernel remembers to be a client of a destination that was removed, it tells nothing and
 * gives to nobody else for as long as he asks, unless net.ipv4.vs.expire_nodest_conn is set.  Set
 * it, where nobody has, or take back what was set so, by whichever process.  0 or negative errno.
 */
int ipvs_forget_removed(bool wanted) MUST_USE;

/* -ENOENT: the kernel has none. */
int ipvs_open(struct ipvs **ret, struct error *error) MUST_USE;
void ipvs_close(struct ipvs *ipvs);	/* NULL is fine */

/* All services with their destinations, in order, on the heap: ipvs_done() ends it. */
int ipvs_read(struct ipvs *ipvs, struct balance_table *ret_table, struct error *error) MUST_USE;
void ipvs_done(struct balance_table *table);

/* 0 or negative errno. */
int ipvs_apply(struct ipvs *ipvs, const struct balance_step *step) MUST_USE;

#endif
