/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Which virtual addresses this router refuses packets for, and the packet filter's commands for it.
 *
 * A version 3 group without "accept" forwards for its virtual addresses and is not to be spoken to
 * through them, unless it owns them (RFC 9568 6.1, Accept_Mode).  Whether it is master does not
 * matter: who is not, has no such address.  Neighbour solicitations and advertisements pass always
 * (6.4.3), ARP is no matter of this filter, forwarded packets do not come through it, and what the
 * router says to itself over the loopback interface is its own business.
 *
 * And through which links no IPv6 packet may come in to be forwarded: the kernel has no number for
 * that which holds for a single link.
 *
 * All of it is one table, ACCEPT_TABLE, with addresses and links in sets; nothing else is touched.
 * Pure: it writes text, somebody else runs it.
 */
#ifndef TANDEM_ACCEPT_H
#define TANDEM_ACCEPT_H

#include "base/base.h"
#include "base/inet.h"
#include "core/settings.h"

#define ACCEPT_TABLE "inet tandem"
#define ACCEPT_SET4 "refused4"
#define ACCEPT_SET6 "refused6"
#define ACCEPT_LINKS "notforwarded6"

/* Addresses and names of links, in order, each once. */
struct accept_list {
	struct ip *list;
	size_t count;
	char (*links)[NAME_SIZE];
	size_t link_count;
};

/* What is to be refused; owner[g] says whether group g owns its addresses.  0 or -ENOMEM. */
int accept_find(const struct settings *settings, const bool *owner, struct accept_list *ret_list)
	MUST_USE;
void accept_done(struct accept_list *list);
bool accept_is_empty(const struct accept_list *list);
bool accept_equal(const struct accept_list *a, const struct accept_list *b);

/*
 * Commands, on the heap (free() them), NULL when out of memory: the whole table in place of
 * whatever is there; what leads from one list to the other; the end of the table, there or not.
 */
char *accept_replace(const struct accept_list *list);
char *accept_change(const struct accept_list *old, const struct accept_list *new);
char *accept_remove(void);

#endif
