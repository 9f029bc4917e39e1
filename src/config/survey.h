/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What a configuration tree holds, as flat lists: links, groups, addresses, with what refers to
 * what.  Rules and lift read these instead of walking the tree each.  Judges nothing: a missing
 * bond is index -1, an address that does not parse is family 0.  Borrows from the tree.
 *
 * The tree must hold its defaults.  Links stand in canonical order, switches first: switches,
 * bonds, ports, loopbacks, each followed by its vifs, those with two tags last; so whatever a link
 * refers to stands before it.
 */
#ifndef TANDEM_SURVEY_H
#define TANDEM_SURVEY_H

#include <libyang/libyang.h>

#include "base/base.h"
#include "base/inet.h"
#include "config/nameset.h"
#include "config/surroundings.h"

enum survey_kind {
	SURVEY_BONDING,
	SURVEY_DATAPLANE,
	SURVEY_LOOPBACK,
	SURVEY_SWITCH,
	SURVEY_VIF,
	SURVEY_OUTER,			/* the outer VLAN of vifs with two tags, where no vif is it;
					 * its node is that of the first of them, the rest is not
					 * its own */
};

struct survey_address {
	const struct lyd_node *node;	/* the leaf-list entry */
	struct prefix prefix;		/* family 0: dhcp, or not an address */
	int link;
	int place;			/* the link it lives on: link, unless placed elsewhere */
	int group;			/* -1: a real address */
	bool excluded;			/* of a group, and not advertised */
};

struct survey_link {
	const struct lyd_node *node;
	enum survey_kind kind;
	char name[2 * NAME_SIZE];	/* of a vif "parent.id", perhaps too long for the kernel */
	int parent;			/* of a vif, else -1; with two tags the outer VLAN */
	int bond;			/* of a member, else -1 */
	const char *bond_group;		/* of a member, else NULL */
	int port_of;			/* of a port of a switch, else -1 */
	const struct lyd_node *switch_group;	/* of a port, else NULL */
	unsigned room;			/* of a switch: least mtu of its ports, 0 = it has none */
	uint32_t vlan;			/* of a vif: its inner VLAN, or 'vlan', else its id; perhaps
					 * beyond 4094 */
	unsigned mtu;			/* 0 = not given */
	bool disable;			/* itself; a vif's parent may be disabled, too */
	size_t address_first, address_count;
	size_t group_first, group_count;
	unsigned member_count;		/* of a bond */
};

struct survey_group {
	const struct lyd_node *node;
	int link;
	unsigned vrid;
	unsigned version;		/* its own, or that of all */
	unsigned priority;		/* with the implementation's default */
	bool preempt;
	bool rfc_compatibility;
	bool ignores_link;		/* track exclude-vrrp-interface */
	bool disable;
	const char *sync;		/* NULL = none */
	bool has_v4, has_v6;		/* of the addresses that it advertises */
	size_t address_first, address_count;
	size_t excluded_count;		/* right behind those advertised */
};

/* The entries of a list whose key is their name: of two of one name the first. */
struct survey_entries {
	struct nameset names;
	const struct lyd_node **nodes;	/* by number of the name */
};

struct survey {
	struct survey_link *links;
	size_t link_count;
	struct survey_group *groups;
	size_t group_count;
	struct survey_address *addresses;
	size_t address_count;
	uint32_t *by_name;		/* indices of links, sorted by name */
	uint32_t *by_address;		/* indices of addresses that parse and whose group is not
					 * disabled, sorted by address, place and index: real ones
					 * before virtual ones of a link */
	size_t by_address_count;
	uint32_t *by_sync;		/* indices of groups that have a sync group, sorted by its
					 * name and index */
	size_t by_sync_count;
	const struct lyd_node *garp;	/* of all groups that have none, or NULL */
	unsigned start_delay;		/* in seconds, of all interfaces that have none */
	struct survey_entries syncs;	/* what service vrrp says of sync groups */
	struct survey_entries hosts;	/* of service path-monitor */
	struct survey_entries policies;	/* of service path-monitor */
	struct survey_entries virtuals;	/* virtual servers */
	const struct lyd_node *service;	/* container service, or NULL */
	const struct lyd_node *system;	/* container system, or NULL */
	const struct lyd_node *protocols;	/* container protocols, or NULL */
	const struct surroundings *around;	/* what is known beyond the tree, or NULL */
};

/* NULL is an empty tree.  The lists are on the heap, until survey_done(). */
struct survey survey_tree(const struct lyd_node *tree);
void survey_done(struct survey *survey);

/* Can packets be routed through it, and groups run on it: is it no loopback, switch, member or
 * port, nor there for others only? */
bool survey_is_routed(const struct survey_link *link);

/* The entry of this name (which may be NULL), or NULL. */
const struct lyd_node *survey_entry(const struct survey_entries *entries, const char *name);

/* The groups that are in a sync group, disabled ones as well, as indices in order. */
const uint32_t *survey_members(const struct survey *survey, const char *name, size_t *ret_count);

/* The first link of this name, or -1. */
int survey_find(const struct survey *survey, const char *name);

/* A real address of this router that is this one, or NULL. */
const struct survey_address *survey_find_real(const struct survey *survey, const struct ip *ip);

/* The same, or one that it has as master: the first that is this one, or NULL. */
const struct survey_address *survey_find_address(const struct survey *survey, const struct ip *ip);

/* Has the link groups of its own, or of its vifs? */
bool survey_carries_groups(const struct survey *survey, size_t link);

/* The address that an entry of virtual-address-interface names, among those of its group, or NULL;
 * *ret_place is the link that it names, or -1. */
const struct survey_address *survey_placed(const struct survey *survey,
                                           const struct survey_group *group,
                                           const struct lyd_node *entry, int *ret_place);

#define SURVEY_VERSION 2		/* of VRRP, where none is given */
#define SURVEY_PRIORITY 100		/* of a group that gives none */
#define SURVEY_MTU 1500			/* of a link that gives none */

#endif
