/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Which flows tell of themselves, and of what: rules of the packet filter that set the event mask
 * of each flow its packets belong to, in a table of our own (CONNTRACK_DIET_TABLE).  Nothing else
 * is touched, and no packet is judged.
 *
 * A flow that came to nothing (a SYN flood, a lookup that is over at once) tells nothing; an
 * ordinary TCP connection tells twice: when it is established, and when it is gone.  Flows that
 * exist already, and flows that were injected (which the kernel lets tell everything), get their
 * mask with their next packet.
 *
 * What begins or ends on the router itself never tells, unless asked for: it can not live on
 * elsewhere.
 */
#ifndef TANDEM_CONNTRACK_DIET_H
#define TANDEM_CONNTRACK_DIET_H

#include "base/base.h"
#include "base/error.h"
#include "base/inet.h"

#define CONNTRACK_DIET_TABLE "inet tandem_connsync"

enum conntrack_detail {
	/* When both ends mean it (TCP is established, UDP goes on for 2 s), and their end. */
	CONNTRACK_DETAIL_ASSURED,
	CONNTRACK_DETAIL_REPLIED,	/* from the first answer on */
	CONNTRACK_DETAIL_ALL,		/* everything the kernel has to tell, of every packet */
};

/* Changes of these are told too, once a flow was announced, besides what detail says (ALL has them
 * anyway).  What each message says is another matter: status, NAT, helper and a mark that is not 0
 * always; TCP's state, labels and sequence adjustment only when they changed.  So labels given to
 * a flow before it was announced are seen by asking for the flow (conntrack_dump_get) and by
 * dumps. */
enum conntrack_extra {
	CONNTRACK_EXTRA_MARK = 1 << 0,
	CONNTRACK_EXTRA_LABELS = 1 << 1,
	CONNTRACK_EXTRA_HELPER = 1 << 2,
	CONNTRACK_EXTRA_SEQADJ = 1 << 3, /* of flows whose helper changes the length of packets */
	CONNTRACK_EXTRA_STATES = 1 << 4, /* of TCP and SCTP: how they close */
};

/* Packets of the routers to each other: nothing is tracked of them. */
struct conntrack_diet_path {
	struct ip own;
	struct ip peer;
	uint16_t udp_port;		/* 0 = none; the same on both sides */
	uint16_t tcp_port;		/* 0 = none; on whichever side.  An untracked connection is
					 * not "established" to rules: think before you ask */
};

struct conntrack_diet_wish {
	enum conntrack_detail detail;
	uint32_t extra;			/* enum conntrack_extra */
	bool local;			/* the router's own flows tell, too */
	const uint8_t *protocols;	/* flows of these (IPPROTO_*) tell nothing ... */
	size_t protocol_count;
	const struct prefix *prefixes;	/* ... nor those that begin or end here, as the first packet
					 * of the flow named them */
	size_t prefix_count;
	const struct conntrack_diet_path *paths;
	size_t path_count;
};

/*
 * Commands, on the heap (free() them), NULL when out of memory: the whole table in place of
 * whatever is there; the end of the table, there or not.  Pure.
 */
char *conntrack_diet_replace(const struct conntrack_diet_wish *wish);
char *conntrack_diet_remove(void);

/* The table in the kernel, kept as it is to be. */
struct conntrack_diet;

int conntrack_diet_new(struct conntrack_diet **ret, struct error *error) MUST_USE;
/* The table stays. */
void conntrack_diet_free(struct conntrack_diet *diet);		/* NULL is fine */

/* Put the rules in place, in one transaction. */
int conntrack_diet_apply(struct conntrack_diet *diet, const struct conntrack_diet_wish *wish,
                         struct error *error) MUST_USE;
/* Is there such a table, whoever made it?  One that nobody keeps tells that flows were injected
 * here, and that nobody has seen to their timers. */
bool conntrack_diet_is_there(struct conntrack_diet *diet);
/* Remove the table, there or not, and keep it no longer. */
int conntrack_diet_end(struct conntrack_diet *diet, struct error *error) MUST_USE;

/* Readable when somebody changed rules of any kind; then call conntrack_diet_keep(), but not more
 * often than every second or so.  -1 = can not be told. */
int conntrack_diet_descriptor(const struct conntrack_diet *diet);
/* Put the table back if it is not what we put in place.  1 = it was put back, 0 = it was there or
 * is not wanted, negative errno with *error. */
int conntrack_diet_keep(struct conntrack_diet *diet, struct error *error) MUST_USE;

#endif
