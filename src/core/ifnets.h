/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The networks that links are in, as the picture's addresses tell, indexed: which link leads to a
 * router?  Thousands of next hops are looked up for what one of them would cost in a plain walk.
 */
#ifndef TANDEM_IFNETS_H
#define TANDEM_IFNETS_H

#include "base/base.h"
#include "base/inet.h"
#include "core/ifworld.h"

struct ifnets;

/* Borrows the picture until ifnets_free(). */
struct ifnets *ifnets_new(const struct ifworld *world) MUST_USE;
void ifnets_free(struct ifnets *nets);	/* NULL is fine */

/* Something in the picture changed: the index is made anew when it is asked next. */
void ifnets_touch(struct ifnets *nets);

/*
 * The usable link with the narrowest network around this address, or NULL.  Of several links in
 * the same network it is one with an address of its own there rather than one that only has a
 * virtual address, then the one that is older in the kernel.
 */
const struct ifworld_link *ifnets_link_to(struct ifnets *nets, const struct ip *ip);

#endif
