/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A picture of the kernel's links and addresses as pure data: what was last heard, not what is
 * wished.  system/nllink and system/naddr translate kernel messages into these structs,
 * daemon/interfaces feeds them in, core/ifplan compares the picture with the settings.
 *
 * Everything is found by hash, so that thousands of links and addresses cost no more than few.
 * The picture grows as the kernel's population does; out of memory ends the process.
 *
 * Two lists of addresses hang on each link, in the order in which the kernel named them: those
 * that carry our mark for virtual addresses, and all others, which are the link's own.
 */
#ifndef TANDEM_IFWORLD_H
#define TANDEM_IFWORLD_H

#include "base/base.h"
#include "base/inet.h"
#include "core/settings.h"
#include "core/vlanset.h"

/* Values of the kernel's address protocol that name us as the origin of an address. */
#define MARK_VIRTUAL 112u
#define MARK_REAL 113u
/* And those that say that the kernel made it: from a router's advertisement, from the MAC. */
#define MARK_ADVERTISED 2u
#define MARK_GENERATED 3u

enum ifworld_kind {
	IFWORLD_OTHER,			/* ports, veth, anything we never create */
	IFWORLD_BOND,
	IFWORLD_VLAN,
	IFWORLD_MACVLAN,
	IFWORLD_BRIDGE,
	IFWORLD_DUMMY,
	IFWORLD_LOOPBACK,
};

struct ifworld_bridge {
	bool can_filter;		/* this kernel's bridges know of VLANs */
	bool filtering;			/* keeps VLANs apart */
	bool snooping;			/* sends multicast only where it was asked for */
	uint16_t default_primary;	/* VLAN that new ports get, 0 = none */
	uint32_t aging;			/* seconds */
};

struct ifworld_bond {
	uint8_t mode;			/* enum bond_mode; BOND_MODES = one we never set */
	bool hash34;			/* transmit hash over addresses and ports */
	bool fast;
	bool passive;
	uint16_t key;
	uint32_t minimum_links;
	uint32_t miimon;
	int primary;			/* index of the link, 0 = none */
};

/* Settings of the link's IPv4 layer that decide how it answers ARP. */
struct ifworld_arp {
	int32_t ignore;			/* arp_ignore */
	int32_t announce;		/* arp_announce */
	int32_t rp_filter;
};

/* How a port comes to its speed; read when it is asked for. */
struct ifworld_port {
	bool known;
	bool negotiated;
	bool half;
	uint32_t speed;			/* Mbit/s, 0 = unknown, as without a carrier */
};

#define IFWORLD_ALL 0			/* instead of an index: what holds for all links as well */

struct ifworld_link {
	int index;
	char name[NAME_SIZE];
	uint8_t kind;			/* enum ifworld_kind */
	bool up;			/* administratively */
	bool running;
	bool lower_up;
	bool oper_up;			/* operational state up or unknown */
	bool private;			/* macvlan in private mode */
	bool no_addr_gen;		/* makes no IPv6 addresses of its own accord */
	bool marked;			/* as made by us, and not described yet */
	bool condemned;			/* to be deleted with others: see ifgroup.c */
	uint16_t vlan;
	uint16_t vlan_protocol;
	uint32_t mtu;
	struct mac mac;
	int master;			/* index, 0 = none */
	bool carries;			/* member of a bond that uses it for traffic now */
	int parent;			/* index of the link below, 0 = none */
	struct ifworld_bond bond;
	struct ifworld_bridge bridge;
	struct ifworld_arp arp;
	int16_t tunes[TUNES];		/* -1: not known, or there is no such layer */
	struct ifworld_port port;	/* not from the kernel's news: see ifworld_set_port() */
	char alias[DESCRIPTION_SIZE];
};

struct ifworld_address {
	struct prefix prefix;
	uint8_t mark;
	bool secondary;
	bool leased;			/* has a lifetime */
	bool tentative;			/* IPv6: not known to be unique yet, or known not to be */
	bool silent;			/* its local route is known to be gone: see ifplan.c */
};

struct ifworld;

struct ifworld *ifworld_new(void) MUST_USE;
void ifworld_free(struct ifworld *world);	/* NULL is fine */

/*
 * Enter what the kernel said.  The links and addresses found are valid until the next call that
 * changes the picture.
 */
void ifworld_put_link(struct ifworld *world, const struct ifworld_link *link);
void ifworld_remove_link(struct ifworld *world, int index);
/* False when no such link is known: the address is left out. */
bool ifworld_put_address(struct ifworld *world, int index, const struct ifworld_address *address);
void ifworld_remove_address(struct ifworld *world, int index, const struct prefix *prefix);
/* The local route of an address was removed. */
void ifworld_set_silent(struct ifworld *world, int index, const struct prefix *prefix);

/* One of the numbers of a link that is known, or of all (IFWORLD_ALL).  True when it changed. */
bool ifworld_set_tune(struct ifworld *world, int index, enum tune tune, int16_t value);
/* -1: not known. */
int16_t ifworld_tune(const struct ifworld *world, int index, enum tune tune);
/* What was read is known until the carrier comes or goes, or another dump begins.  Without a
 * carrier a driver does not say which speed is fixed: then the one fixed before counts (speed 0:
 * unknown). */
void ifworld_set_port(struct ifworld *world, int index, const struct ifworld_port *port);

/*
 * The VLANs of a port, or of a bridge itself, as the kernel names and unnames them.  A link that
 * goes to another bridge, or to none, has none.
 */
void ifworld_put_vlans(struct ifworld *world, int index, const struct vlan_settings *range);
void ifworld_remove_vlans(struct ifworld *world, int index, uint16_t first, uint16_t last);
/* All of them will be named anew (perhaps from the beginning more than once); then tell is called
 * for each link that has others than before. */
void ifworld_forget_vlans(struct ifworld *world);
void ifworld_compare_vlans(struct ifworld *world,
                           void (*tell)(void *owner, const struct ifworld_link *link),
                           void *owner);
/* Empty when there are none. */
const struct vlanset *ifworld_vlans(const struct ifworld *world, int index);

/*
 * Between begin and end of a dump everything put counts as seen; end forgets what was not seen and
 * calls tell (may be NULL): for each link that is forgotten, just before (gone), and for links that
 * lost an address, just after.
 */
void ifworld_begin_dump(struct ifworld *world);
void ifworld_end_dump(struct ifworld *world,
                      void (*tell)(void *owner, const struct ifworld_link *link, bool gone),
                      void *owner);

/* NULL when there is none. */
const struct ifworld_link *ifworld_link(const struct ifworld *world, int index);
const struct ifworld_link *ifworld_named(const struct ifworld *world, const char *name);
/* The private macvlan with this address above a link. */
const struct ifworld_link *ifworld_station(const struct ifworld *world, int parent,
                                           const struct mac *mac);
const struct ifworld_address *ifworld_address(const struct ifworld *world, int index,
                                              const struct prefix *prefix);
/* Is this one of the link's own addresses (with any prefix length)? */
bool ifworld_owns(const struct ifworld *world, int index, const struct ip *ip);

/* Walk through the members of a bond or bridge in the same way. */
const struct ifworld_link *ifworld_next_member(const struct ifworld *world, int index,
                                               const struct ifworld_link *member);

/* Walk: start with NULL; NULL at the end.  The picture must not change meanwhile. */
const struct ifworld_link *ifworld_next_link(const struct ifworld *world,
                                             const struct ifworld_link *link);
const struct ifworld_address *ifworld_next_own(const struct ifworld *world, int index,
                                               const struct ifworld_address *address);
const struct ifworld_address *ifworld_next_virtual(const struct ifworld *world, int index,
                                                   const struct ifworld_address *address);

/*
 * Up as VRRP means it: administratively, running, with a lower layer that is up and carries
 * traffic; a bridge, with a port that is.
 * A bond shows a carrier seconds before the first of its members does (LACP negotiates);
 * a router that believed the carrier would hear nobody and become a second master.
 */
bool ifworld_usable(const struct ifworld *world, const struct ifworld_link *link);
/* The address packets of the link come from: the first that is neither secondary nor virtual, else
 * the first that is not virtual; family 0 when there is none. */
struct ip ifworld_source4(const struct ifworld *world, int index);
/* The same for IPv6: the first link-local address that is neither virtual nor tentative. */
struct ip ifworld_source6(const struct ifworld *world, int index);

#endif
