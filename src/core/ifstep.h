/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * One change of a link, an address, a route or a rule as data: what core/ifplan asks for, what
 * daemon/interfaces sends, and what system/nl* write as a kernel message.
 */
#ifndef TANDEM_IFSTEP_H
#define TANDEM_IFSTEP_H

#include "base/base.h"
#include "base/inet.h"
#include "core/ifroute.h"
#include "core/ifworld.h"

#define IFSTEP_REST UINT32_MAX		/* instead of the index of a link */

enum ifstep_kind {
	IFSTEP_CREATE_BOND,		/* name, bond */
	IFSTEP_CREATE_SWITCH,		/* name, bridge */
	IFSTEP_CREATE_LOOPBACK,		/* name: a dummy device */
	IFSTEP_CREATE_VIF,		/* name, other = parent, vlan, vlan_protocol */
	IFSTEP_CREATE_VIRTUAL,		/* name, other = parent, mac; a marked link of batch 0 */
	IFSTEP_DELETE_LINK,
	IFSTEP_CONDEMN,			/* batch: the link goes with all others of it */
	IFSTEP_DELETE_BATCH,		/* batch: delete what is condemned so */
	IFSTEP_RENAME,			/* text = new name */
	IFSTEP_SET_UP,
	IFSTEP_SET_DOWN,
	IFSTEP_RAISE,			/* set a virtual link up, condemned no longer */
	IFSTEP_SET_MTU,
	IFSTEP_SET_MAC,
	IFSTEP_SET_ALIAS,		/* text */
	IFSTEP_SET_GROUP_ALIAS,		/* text = interface, vrid; takes the mark away */
	IFSTEP_SET_MASTER,		/* other = bond or bridge, 0 = none */
	IFSTEP_SET_BOND,		/* bond; parts says which of it */
	IFSTEP_SET_SWITCH,		/* bridge; parts says which of it */
	IFSTEP_ADD_VLANS,		/* vlans, to a port or a bridge; or replace */
	IFSTEP_REMOVE_VLANS,		/* vlans */
	IFSTEP_SET_ARP,			/* arp; a negative value leaves the kernel's */
	IFSTEP_SET_NO_ADDR_GEN,
	IFSTEP_SET_TUNE,		/* tune, of IPv4; value */
	/* Of addresses. */
	IFSTEP_ADD_ADDRESS,		/* prefix, mark, lease, no_prefix_route; or replace */
	IFSTEP_REMOVE_ADDRESS,		/* prefix */
	IFSTEP_ADD_LOCAL,		/* prefix: an IPv4 local route; mark: see below */
	IFSTEP_SILENCE_ADDRESS,		/* prefix: remove its local route; mark: see below */
	/* Of routes. */
	IFSTEP_NEW_ROUTE,		/* route; refused where one of another origin is */
	IFSTEP_ADD_ROUTE,		/* route; or replace */
	IFSTEP_REMOVE_ROUTE,		/* route */
	/* Of rules. */
	IFSTEP_ADD_RULE,		/* rule */
	IFSTEP_REMOVE_RULE,		/* rule */
	/* Of links, and not by route netlink. */
	IFSTEP_WRITE_TUNE,		/* tune, of IPv6; value */
	IFSTEP_READ_PORT,		/* the answer is what it is like */
	IFSTEP_SET_PORT,		/* port */
	IFSTEP_ANNOUNCE,		/* prefix, mac; value: how many times */
	IFSTEP_KINDS,
};

/* What a step of a group may wait for; within a group the order of steps is kept all the same. */
enum ifstep_urgency {
	IFSTEP_FIRST,			/* makes the group's first address answer */
	IFSTEP_SOON,			/* makes the others answer, or all of them silent */
	IFSTEP_LATER,			/* may take its time */
	IFSTEP_URGENCIES,
};

enum ifstep_part {
	BOND_PART_MODE = 1 << 0,
	BOND_PART_HASH = 1 << 1,
	BOND_PART_LACP = 1 << 2,	/* rate, activity, key */
	BOND_PART_MINIMUM = 1 << 3,
	BOND_PART_MIIMON = 1 << 4,
	BOND_PART_PRIMARY = 1 << 5,
	SWITCH_PART_FILTERING = 1 << 0,
	SWITCH_PART_SNOOPING = 1 << 1,
	SWITCH_PART_AGING = 1 << 2,
	SWITCH_PART_DEFAULT_PRIMARY = 1 << 3,
};

struct ifstep {
	enum ifstep_kind kind;
	uint8_t urgency;		/* enum ifstep_urgency */
	bool renewal;			/* only a lifetime: nobody waits for the answer */
	uint32_t link;			/* whose plan: index in the settings, or IFSTEP_REST */
	int32_t owner;			/* group whose address, route, virtual link it is, or -1 */
	int32_t group;			/* brings back what this group should have, or -1 */
	int index;			/* of the link, 0 for one to be made */
	int other;
	uint32_t batch;
	char name[NAME_SIZE];		/* of the link, for sentences */
	struct prefix prefix;
	uint8_t mark;			/* local routes: MARK_VIRTUAL = one that stands in for the
					 * address until that is there, 0 = the address's own */
	uint8_t vrid;
	bool no_prefix_route;
	uint16_t crowd;			/* how many virtual addresses share the link: what adding,
					 * prolonging or removing one costs grows with that */
	uint8_t parts;			/* enum ifstep_part */
	uint16_t vlan;
	uint16_t vlan_protocol;
	uint32_t mtu;
	uint32_t lease;			/* seconds, 0 = for ever */
	struct mac mac;
	struct ifworld_arp arp;
	uint8_t tune;			/* enum tune */
	int16_t value;
	struct ifworld_port port;
	bool restores;			/* the port: whoever tried it forgets ORIGINAL_PORT */
	union {
		struct ifworld_bond bond;
		struct ifworld_bridge bridge;
		struct vlan_settings vlans;
		struct ifroute route;
		struct ifrule rule;
	};
	const char *text;		/* borrowed until settings or originals change */
};

/* Is it one that makes a link of the settings? */
static inline bool
ifstep_makes_link(const struct ifstep *step)
{
	return step->kind == IFSTEP_CREATE_BOND || step->kind == IFSTEP_CREATE_SWITCH ||
	       step->kind == IFSTEP_CREATE_LOOPBACK || step->kind == IFSTEP_CREATE_VIF;
}

struct ifsteps {
	struct ifstep *list;
	size_t count;
	size_t room;
};

/* Free the list, which is empty afterwards; a zeroed one is fine. */
void ifsteps_done(struct ifsteps *steps);

/* Append a copy. */
void ifsteps_add(struct ifsteps *steps, const struct ifstep *step);

/* "dp0bond0 group 1": the description of a virtual link, by which a later start recognises it. */
void ifstep_group_alias(const char *interface, uint8_t vrid, char alias[DESCRIPTION_SIZE]);

/* Equal for steps that ask for the same; to remember what was refused. */
uint64_t ifstep_key(const struct ifstep *step);

static inline bool
ifstep_is_route(const struct ifstep *step)
{
	return step->kind >= IFSTEP_NEW_ROUTE && step->kind <= IFSTEP_REMOVE_ROUTE;
}

/* What it is about, as the beginning of a sentence: an interface, or a path of the configuration.
 * Written into text and returned. */
#define IFSTEP_SUBJECT_SIZE 96u
const char *ifstep_subject(const struct ifstep *step, char text[IFSTEP_SUBJECT_SIZE]);

/* What a step does, as the middle of a sentence: "set mtu 9000". */
void ifstep_text(const struct ifstep *step, char *text, size_t size);

#endif
