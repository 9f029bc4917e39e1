/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What the operator asked for, as the engine needs it: links, VRRP groups, sync groups and their
 * addresses.  A struct settings is one block of memory without pointers: it is made once by
 * src/config (lift), never changed afterwards, and can be copied, compared, stored and sent whole.
 * Whoever receives one from another process calls settings_check() before the first use.
 *
 * Order: links in an order in which every parent and every bond stands before what refers to it;
 * groups, sync groups and addresses in the operator's order.
 */
#ifndef TANDEM_SETTINGS_H
#define TANDEM_SETTINGS_H

#include "base/base.h"
#include "base/error.h"
#include "base/inet.h"
#include "base/nsec.h"

#define SETTINGS_LINKS_MAX 65536u
#define SETTINGS_GROUPS_MAX 65536u
#define GROUP_ADDRESSES_MAX 20u		/* virtual addresses of a group */
#define SYNC_NAME_SIZE 64u
#define DESCRIPTION_SIZE 256u		/* with the final zero; the kernel's IFALIASZ */
#define PASSWORD_SIZE 8u		/* RFC 2338: zero padded, no final zero */

enum link_kind {
	LINK_DATAPLANE,			/* a physical port; never created, only adopted */
	LINK_BOND,
	LINK_VIF,			/* an 802.1Q subinterface of parent */
	LINK_KINDS,
};

enum bond_mode { BOND_LACP, BOND_ACTIVE_BACKUP, BOND_BALANCED, BOND_MODES };

struct bond_settings {
	uint8_t mode;			/* enum bond_mode */
	bool passive;			/* lacp-options activity passive */
	bool fast;			/* lacp-options periodic-rate: 1 s, else 30 s */
	uint16_t key;			/* lacp-options key, 0 = the kernel's */
	uint8_t minimum_links;		/* 1..255 */
	char primary[NAME_SIZE];	/* "" = none */
};

struct link_settings {
	char name[NAME_SIZE];
	uint8_t kind;			/* enum link_kind */
	bool disable;			/* keep administratively down */
	bool has_mac;
	struct mac mac;
	uint16_t mtu;			/* 0 = leave as it is */
	int32_t parent;			/* LINK_VIF: index of the link below; otherwise -1 */
	uint16_t vlan;			/* LINK_VIF: 1..4094 */
	uint16_t vlan_protocol;		/* LINK_VIF: 0x8100, 0x88a8 ... */
	int32_t bond;			/* LINK_DATAPLANE: index of its bond, or -1 */
	struct bond_settings bonding;	/* LINK_BOND */
	uint32_t address_first;		/* its own (real) addresses */
	uint32_t address_count;
	char description[DESCRIPTION_SIZE];
};

enum auth_type { AUTH_NONE, AUTH_TEXT, AUTH_AH, AUTH_TYPES };

struct group_settings {
	int32_t link;			/* the interface it runs on: index into links */
	int32_t sync;			/* index into sync groups, or -1 */
	uint8_t vrid;			/* 1..255 */
	uint8_t version;		/* 2 or 3 */
	uint8_t priority;		/* 1..254 */
	uint8_t auth;			/* enum auth_type */
	uint8_t password[PASSWORD_SIZE];
	bool preempt;
	bool accept;			/* version 3: accept packets to virtual addresses */
	bool rfc_compatibility;		/* virtual MAC on a link of its own, vmac_name */
	char vmac_name[NAME_SIZE];	/* "" without rfc_compatibility */
	nsec_t interval;		/* between advertisements; version 2: whole seconds */
	nsec_t preempt_delay;
	nsec_t start_delay;		/* hold in INIT after start */
	struct ip hello_source;		/* family 0 = the interface's primary address */
	uint32_t address_first;		/* its virtual addresses */
	uint32_t address_count;		/* 1..GROUP_ADDRESSES_MAX */
};

struct sync_settings {
	char name[SYNC_NAME_SIZE];
};

struct settings {
	uint32_t magic;			/* SETTINGS_MAGIC: layout and version of this header file */
	uint32_t size;			/* bytes of the whole block */
	uint64_t revision;		/* of the configuration it was made from */
	uint32_t link_count;
	uint32_t group_count;
	uint32_t sync_count;
	uint32_t address_count;
	/* links, groups, sync groups, addresses follow: see the accessors */
};

#define SETTINGS_MAGIC 0x54440001u	/* raise when any struct above changes */

/* Bytes of a block with these counts. */
size_t settings_size(uint32_t links, uint32_t groups, uint32_t syncs, uint32_t addresses);

/* A zeroed block with its header filled, on the heap; ends with free(). Out of memory: NULL. */
struct settings *settings_new(uint32_t links, uint32_t groups, uint32_t syncs, uint32_t addresses);

/* A copy on the heap; NULL in, NULL out. */
struct settings *settings_copy(const struct settings *settings);

struct link_settings *settings_links(const struct settings *settings);
struct group_settings *settings_groups(const struct settings *settings);
struct sync_settings *settings_syncs(const struct settings *settings);
struct prefix *settings_addresses(const struct settings *settings);

static inline const struct link_settings *
settings_link_of(const struct settings *s, const struct group_settings *group)
{
	return &settings_links(s)[group->link];
}

static inline const struct prefix *
settings_group_addresses(const struct settings *s, const struct group_settings *group)
{
	return &settings_addresses(s)[group->address_first];
}

static inline const struct prefix *
settings_link_addresses(const struct settings *s, const struct link_settings *link)
{
	return &settings_addresses(s)[link->address_first];
}

/* Index of the link of this name, or -1. */
int settings_find_link(const struct settings *settings, const char *name);
/* Index of the group on this interface, or -1. */
int settings_find_group(const struct settings *settings, const char *interface, unsigned vrid);

/*
 * Is this block, of which size bytes were received, sound: magic, sizes, every index and count in
 * range, every string ended, every enum known, every number in its range?  Says nothing about the
 * operator's rules; those are src/config's.  0, or -EINVAL with *error.
 */
int settings_check(const void *block, size_t size, struct error *error) MUST_USE;

/* Virtual MAC of a group: 00:00:5e:00:01:VRID for IPv4 (RFC 3768 7.3), 02 for IPv6 (RFC 9568). */
struct mac group_virtual_mac(uint8_t family, uint8_t vrid);

#endif
