/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What the operator asked for, as the roles need it: links, VRRP groups, sync groups, what they
 * track, and what moves with them.  A struct settings is one block of memory without pointers: it
 * is made once by src/config (lift), never changed afterwards, and can be copied, compared, stored
 * and sent whole.  Whoever receives one from another process calls settings_check() before the
 * first use.
 *
 * Order: links in an order in which every parent and every bond stands before what refers to it;
 * everything else in the operator's order, but a link-local virtual address stands first.
 *
 * A group here has one family.  A configured group with addresses of both (version 3) stands here
 * as two groups of the same number, IPv4 first: two virtual routers, as the RFC has it.
 */
#ifndef TANDEM_SETTINGS_H
#define TANDEM_SETTINGS_H

#include "base/base.h"
#include "base/error.h"
#include "base/fingerprint.h"
#include "base/inet.h"
#include "base/nsec.h"

#define SETTINGS_SIZE_MAX (16u << 20)	/* bytes of a block: what outlives the engine holds two */
#define SETTINGS_LINKS_MAX 65536u
#define VLAN_ID_MAX 4094u
#define SWITCH_AGING_MAX 1000000u	/* seconds */
#define SETTINGS_GROUPS_MAX 65536u
#define GROUP_ADDRESSES_MAX 20u		/* virtual addresses of a group */
#define GROUP_EXCLUDED_MAX 1000u	/* held, not advertised */
#define GROUP_TRACKS_MAX 32u		/* objects a group tracks */
#define GROUP_PEERS_MAX 16u		/* unicast */
#define GROUP_ROUTES_MAX 256u		/* and as many rules */
#define STATIC_HOPS_MAX 8u		/* next hops that share the packets of a static route */
#define HOST_NAME_SIZE 64u		/* with the final zero; the kernel's 64 without */
#define SYNC_NAME_SIZE 64u
#define DESCRIPTION_SIZE 256u		/* with the final zero; the kernel's IFALIASZ */
#define PASSWORD_SIZE 8u		/* RFC 2338: zero padded, no final zero */
#define OBJECT_NAME_SIZE 128u
#define COMMAND_SIZE 256u
#define CONNSYNC_PATHS_MAX 2u
#define VIRTUAL_NAME_SIZE 64u
#define VIRTUAL_TCP 6u			/* IPPROTO_TCP */
#define VIRTUAL_UDP 17u			/* IPPROTO_UDP */
#define VIRTUAL_MARK_MAX 2147483647u
#define VIRTUAL_PERSISTENCE_MAX 86400u	/* seconds */
#define USER_SIZE 32u
#define PRIORITY_OWNER 255u		/* never configured: the engine finds owners */

enum link_kind {
	LINK_DATAPLANE,			/* a physical port; never created, only adopted */
	LINK_BOND,
	LINK_VIF,			/* a VLAN of parent, which may be a VLAN itself */
	LINK_SWITCH,			/* a bridge that keeps VLANs apart; never with addresses */
	LINK_LOOPBACK,			/* lo, which is there, or a dummy device */
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

/* Numbers that the kernel keeps for the IPv4 and the IPv6 layer of a link. */
enum tune {
	TUNE_FORWARDING,		/* 0, 1 */
	TUNE_PROXY_ARP,			/* 0, 1 */
	TUNE_ARP_ACCEPT,		/* new neighbours from gratuitous ARP: 0, 1 */
	TUNE_ARP_DROP,			/* no gratuitous ARP at all: 0, 1 */
	TUNE_ARP_NOTIFY,		/* own addresses told when the link rises: 0, 1 */
	TUNE_RP_FILTER,			/* 0, 1 = strict, 2 = loose */
	TUNE_LOG_MARTIANS,		/* 0, 1 */
	TUNE_IGNORE_LINKDOWN4,		/* routes end with the carrier: 0, 1 */
	TUNE_IGNORE_LINKDOWN6,		/* IPv6, as all that follow: 0, 1 */
	TUNE_ACCEPT_RA,			/* 0, 1 = unless it forwards, 2 */
	TUNE_AUTOCONF,			/* 0, 1 */
	TUNE_DISABLE_IPV6,		/* 0, 1 */
	TUNE_DAD_TRANSMITS,		/* 0..255 */
	TUNES,
};

#define TUNE_IPV6 TUNE_IGNORE_LINKDOWN6	/* the first of those of IPv6 */

struct tune_settings {
	uint32_t set;			/* 1 << enum tune: these are configured, others are left */
	uint8_t values[TUNES];
};

/* VLANs first to last of a port of a switch, or of the switch itself: those of its vifs.  They
 * stand in rising order. */
struct vlan_settings {
	uint16_t first;
	uint16_t last;
	bool untagged;			/* leave the port without their tag */
	bool primary;			/* frames without a tag belong to it: one VLAN at most */
};

/* How a port comes to its speed and duplex. */
enum port_mode {
	PORT_LEFT,			/* as it is */
	PORT_NEGOTIATED,
	PORT_FIXED,
	PORT_MODES,
};

struct port_settings {
	uint8_t mode;			/* enum port_mode */
	bool half;			/* PORT_FIXED: half duplex */
	uint32_t speed;			/* PORT_FIXED: Mbit/s */
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
	int32_t member_of;		/* index of its bond (LINK_DATAPLANE) or of its switch
					 * (LINK_BOND as well), or -1 */
	struct bond_settings bonding;	/* LINK_BOND */
	uint32_t aging;			/* LINK_SWITCH: seconds until a silent station is forgotten,
					 * 0 = never */
	uint32_t vlan_first;		/* a member's VLANs in its switch; a switch's own */
	uint32_t vlan_count;
	uint32_t address_first;		/* its own (real) addresses ... */
	uint32_t address_count;
	uint32_t eui64_count;		/* ... and, right behind them, IPv6 networks of 64 bits in
					 * which it has the address that its MAC makes */
	struct tune_settings tunes;
	struct port_settings port;	/* LINK_DATAPLANE */
	uint8_t announcements;		/* gratuitous ARP for a new IPv4 address of its own */
	bool no_forwarding6;		/* drop IPv6 packets that arrive here for others */
	char description[DESCRIPTION_SIZE];
};

enum auth_type { AUTH_NONE, AUTH_TEXT, AUTH_AH, AUTH_TYPES };

/* Form of the checksum that a version 3 IPv4 advertisement is sent with. */
enum sum_form {
	SUM_MESSAGE,			/* RFC 9568 5.2.8: the message alone */
	SUM_PSEUDO,			/* with a pseudo-header, as RFC 5798 was read */
	SUM_FORMS,
};

/* An address, real or virtual. */
struct address_settings {
	struct prefix prefix;
	int32_t link;			/* virtual: the link it lives on while its group is master,
					 * -1 = that of the group; real: -1 */
};

/* How often, and how, the addresses of a new master are announced (GARP, unsolicited NA). */
struct garp_settings {
	nsec_t interval;		/* between the rounds of a burst; 0 = 60 ms */
	nsec_t delay;			/* from the first burst to the second; 0 = no second */
	uint8_t repeat;			/* announcements in a burst */
	nsec_t refresh;			/* while master; 0 = never */
	uint8_t refresh_repeat;
	nsec_t lower_delay;		/* second burst after a weaker master; 0 = none */
	uint8_t lower_repeat;		/* 0 = a weaker master is not answered by any */
};

enum group_script { SCRIPT_MASTER, SCRIPT_BACKUP, SCRIPT_FAULT, SCRIPT_STOP, GROUP_SCRIPTS };

struct group_settings {
	int32_t link;			/* the interface it runs on: index into links */
	int32_t sync;			/* index into sync groups, or -1 */
	uint8_t vrid;			/* 1..255 */
	uint8_t family;			/* 4 or 6: of all its addresses */
	uint8_t version;		/* 2 or 3; 2 only with IPv4 */
	bool both_versions;		/* version 3, IPv4: a master speaks version 2 as well */
	uint8_t priority;		/* 1..254 */
	uint8_t auth;			/* enum auth_type; version 2 only */
	uint8_t password[PASSWORD_SIZE];
	uint8_t sum_form;		/* enum sum_form; version 3, IPv4 */
	bool preempt;
	bool accept;			/* version 3: accept packets to virtual addresses */
	bool ignores_link;		/* goes on while its interface is down, as long as there is
					 * an address to send from */
	bool rfc_compatibility;		/* virtual MAC on a link of its own, vmac_name */
	char vmac_name[NAME_SIZE];	/* "" without rfc_compatibility */
	nsec_t interval;		/* between advertisements; version 2: whole seconds */
	nsec_t preempt_delay;
	nsec_t start_delay;		/* hold in INIT after start */
	struct ip hello_source;		/* family 0 = the interface's primary address */
	struct garp_settings garp;
	uint32_t address_first;		/* into addresses: those advertised ... */
	uint32_t address_count;		/* 1..GROUP_ADDRESSES_MAX */
	uint32_t excluded_count;	/* ... and, right behind them, those that are not */
	uint32_t peer_first;		/* unicast peers; none = multicast */
	uint32_t peer_count;
	uint32_t track_first;
	uint32_t track_count;		/* 0..GROUP_TRACKS_MAX */
	uint32_t route_first;
	uint32_t route_count;
	uint32_t rule_first;
	uint32_t rule_count;
	int32_t advertiser;		/* router advertisements of an IPv6 group, or -1 */
	int32_t scripts[GROUP_SCRIPTS];	/* index into programs, or -1 */
};

/* A router that a group speaks to in unicast. */
struct peer_settings {
	struct ip address;		/* of the group's family */
	uint8_t minimum_ttl;		/* 1..255: of packets accepted from it */
};

/* One thing that a group tracks. */
struct track_settings {
	uint32_t object;		/* index into objects */
	int16_t weight;			/* 0: fault while down; above: added while up; below: added
					 * while down; -254..254 */
	nsec_t up_delay;		/* how long it must have been up to count as up */
	nsec_t down_delay;		/* ... and down to count as down */
};

enum object_kind {
	OBJECT_INTERFACE,		/* usable, as for VRRP itself */
	OBJECT_ROUTE,			/* a route to exactly this prefix, or covering it */
	OBJECT_CHECK,			/* what a helper process finds out */
	OBJECT_KINDS,
};

/* Something tracked, by however many groups; kind and name say which across configurations. */
struct object_settings {
	char name[OBJECT_NAME_SIZE];	/* interface, prefix, "script NAME", "monitor M policy P" */
	uint8_t kind;			/* enum object_kind */
	struct prefix prefix;		/* OBJECT_ROUTE */
	int32_t check;			/* OBJECT_CHECK: index into checks; otherwise -1 */
};

enum check_kind {
	CHECK_SCRIPT,			/* text is a command: exit status 0 = up */
	CHECK_PROCESS,			/* text is a command line: a process of it runs */
	CHECK_FILE,			/* text is a path: it exists */
	CHECK_ICMP,			/* a monitor: echo to target */
	CHECK_TCP,			/* a monitor: connect to target and port */
	CHECK_POLICY,			/* judges the probes of monitor */
	CHECK_CONNSYNC,			/* do we have the partner's connections? */
	CHECK_CONNECT,			/* connect to target and port, by TCP */
	CHECK_ASK,			/* a datagram to target and port is not refused, by UDP */
	CHECK_KINDS,
};

struct check_settings {
	char name[OBJECT_NAME_SIZE];	/* as in object_settings, or "monitor M" */
	uint8_t kind;			/* enum check_kind */
	char text[COMMAND_SIZE];
	char user[USER_SIZE];		/* CHECK_SCRIPT: "" = PROGRAM_USER of system/program */
	nsec_t interval;		/* between tries; not for CHECK_POLICY, CHECK_CONNSYNC */
	nsec_t timeout;
	uint8_t rise;			/* tries in a row that make it up; 1.. */
	uint8_t fall;			/* ... and down */
	struct ip target;		/* CHECK_ICMP, CHECK_TCP, CHECK_CONNECT, CHECK_ASK */
	struct ip source;		/* family 0 = the kernel's choice */
	char interface[NAME_SIZE];	/* to bind to, "" = none */
	uint16_t port;			/* CHECK_TCP, CHECK_CONNECT, CHECK_ASK */
	int32_t monitor;		/* CHECK_POLICY: index of its monitor, before it; else -1 */
	uint8_t loss;			/* CHECK_POLICY: most lost of the last "window", percent */
	uint8_t window;			/* CHECK_POLICY: probes looked at; 1.. */
	nsec_t delay;			/* CHECK_POLICY: longest mean round trip, 0 = any */
};

/* A route that exists while the group is master. */
struct route_settings {
	struct prefix destination;
	struct ip gateway;		/* family 0 = none */
	struct ip source;		/* preferred; family 0 = none */
	int32_t link;			/* index into links, or -1 = found by the gateway */
	uint32_t table;			/* 254 = main */
	uint32_t metric;
	bool blackhole;			/* then neither gateway nor link */
};

/* A routing rule that exists while the group is master. */
struct rule_settings {
	uint32_t priority;
	uint8_t family;
	struct prefix from;		/* family 0 = any */
	struct prefix to;
	uint32_t table;
	uint32_t mark;			/* 0 = any */
	char in[NAME_SIZE];		/* "" = any */
	char out[NAME_SIZE];
};

enum static_kind {
	STATIC_HOPS,			/* leads to its next hops */
	STATIC_BLACKHOLE,		/* drops packets */
	STATIC_UNREACHABLE,		/* and tells who sent them */
	STATIC_KINDS,
};

/*
 * A route of the router itself, whatever its groups do.  Routes to one destination differ in their
 * distance; of those that can be used the lowest is.
 */
struct static_settings {
	struct prefix destination;	/* no bits beyond its length */
	uint8_t distance;		/* 1..255, the kernel's metric */
	uint8_t kind;			/* enum static_kind */
	uint32_t hop_first;		/* into hops */
	uint32_t hop_count;		/* STATIC_HOPS: 1..STATIC_HOPS_MAX */
};

/* Order by destination, then by distance: <0, 0 (the same route), >0.  So they stand in a block. */
int static_settings_order(const struct static_settings *a, const struct static_settings *b);

/* A next hop: a router, an interface, or a router behind an interface. */
struct hop_settings {
	struct ip gateway;		/* family 0 = none */
	char interface[NAME_SIZE];	/* "" = the one in whose network the gateway is */
};

/* Router advertisements (RFC 4861) of a group's master. */
struct advertiser_settings {
	nsec_t interval;		/* between unsolicited ones */
	nsec_t lifetime;		/* as a default router; whole seconds, 0 = none */
	bool managed;
	bool other;
	uint32_t mtu;			/* 0 = not said */
	uint32_t prefix_first;		/* into advertised prefixes */
	uint32_t prefix_count;
};

struct advertised_prefix {
	struct prefix prefix;
	bool on_link;
	bool autonomous;
	nsec_t valid;			/* whole seconds; NSEC_NEVER = for ever */
	nsec_t preferred;
};

/* A program run at a transition. */
struct program_settings {
	char command[COMMAND_SIZE];	/* words separated by blanks; no shell */
	char user[USER_SIZE];		/* "" = PROGRAM_USER of system/program */
};

struct sync_settings {
	char name[SYNC_NAME_SIZE];
};

/* Of which flows the partner is told. */
enum connsync_detail {
	CONNSYNC_ASSURED,		/* that both ends keep up: the kernel's ASSURED */
	CONNSYNC_REPLIED,		/* that were answered once */
	CONNSYNC_ALL,			/* every one, with every change of its state */
	CONNSYNC_DETAILS,
};

/* One way to the partner. */
struct connsync_path {
	char interface[NAME_SIZE];
	struct ip local;		/* family 0 = the interface's own */
	struct ip remote;
};

/* Replication of connections: one at most. */
struct connsync_settings {
	int32_t sync;			/* whose master forwards: index into sync groups */
	int32_t check;			/* readiness, tracked by its groups: index into checks */
	uint32_t path_count;		/* 1..CONNSYNC_PATHS_MAX */
	struct connsync_path paths[CONNSYNC_PATHS_MAX];
	uint16_t port;			/* TCP and UDP, on both routers */
	uint8_t detail;			/* enum connsync_detail */
	bool authenticated;		/* false only where the operator said so in words */
	bool paired;			/* the partner's fingerprint is known */
	struct fingerprint fingerprint;	/* of the partner's key */
	nsec_t hold_down;		/* a flow that ends within it is never told of */
	nsec_t promotion_wait;		/* a new master takes its addresses so much later at most */
	nsec_t startup_wait;		/* how long a start waits for the partner's connections */
	uint64_t rate;			/* most bytes a second, 0 = as many as needed */
	uint8_t excluded_protocols[32];	/* a bit each, the lowest of the first byte is 0 */
	uint32_t excluded_first;	/* flows of these networks stay here */
	uint32_t excluded_count;
};

struct excluded_settings {
	struct prefix network;
};

enum balance_algorithm {
	BALANCE_ROUND_ROBIN,
	BALANCE_WEIGHTED_ROUND_ROBIN,
	BALANCE_LEAST_CONNECTION,
	BALANCE_WEIGHTED_LEAST_CONNECTION,
	BALANCE_SOURCE_HASHING,
	BALANCE_DESTINATION_HASHING,
	BALANCE_LOCALITY,		/* locality-based-least-connection */
	BALANCE_ALGORITHMS,
};

enum balance_method { BALANCE_NAT, BALANCE_DIRECT, BALANCE_TUNNEL, BALANCE_METHODS };

/* A virtual server, whose connections the kernel spreads over real ones. */
struct virtual_settings {
	char name[VIRTUAL_NAME_SIZE];
	uint8_t family;			/* 4 or 6 */
	uint8_t protocol;		/* VIRTUAL_TCP or VIRTUAL_UDP; of a mark: its checks' */
	uint8_t algorithm;		/* enum balance_algorithm */
	uint8_t method;			/* enum balance_method */
	struct ip address;		/* family 0: known by its mark */
	uint16_t port;			/* 0 with a mark */
	uint32_t mark;			/* 0 with an address */
	uint32_t persistence;		/* seconds, 0 = none */
	uint32_t real_first;		/* into reals */
	uint32_t real_count;
};

/* A real server. */
struct real_settings {
	struct ip address;
	uint16_t port;			/* 0 = that of the packets, only with a mark */
	uint16_t weight;		/* 1.. */
	bool drained;			/* gets no new connections */
	int32_t check;			/* index into checks */
};

/* The parts of a block, in this order. */
enum settings_part {
	PART_LINKS,			/* struct link_settings, and so on */
	PART_GROUPS,
	PART_SYNCS,
	PART_ADDRESSES,
	PART_PEERS,
	PART_TRACKS,
	PART_OBJECTS,
	PART_CHECKS,
	PART_ROUTES,
	PART_RULES,
	PART_ADVERTISERS,
	PART_PREFIXES,			/* struct advertised_prefix */
	PART_PROGRAMS,
	PART_CONNSYNCS,			/* none or one */
	PART_EXCLUDED,			/* struct excluded_settings */
	PART_STATICS,
	PART_HOPS,			/* struct hop_settings */
	PART_VLANS,
	PART_VIRTUALS,
	PART_REALS,
	SETTINGS_PARTS,
};

struct settings_counts {
	uint32_t links;
	uint32_t groups;
	uint32_t syncs;
	uint32_t addresses;
	uint32_t peers;
	uint32_t tracks;
	uint32_t objects;
	uint32_t checks;
	uint32_t routes;
	uint32_t rules;
	uint32_t advertisers;
	uint32_t prefixes;
	uint32_t programs;
	uint32_t connsyncs;
	uint32_t excluded;
	uint32_t statics;
	uint32_t hops;
	uint32_t vlans;
	uint32_t virtuals;
	uint32_t reals;
};

struct settings {
	uint32_t magic;			/* SETTINGS_MAGIC: layout and version of this header file */
	uint32_t size;			/* bytes of the whole block */
	uint64_t revision;		/* of the configuration it was made from, or would be */
	uint64_t serial;		/* the engine's own count of what it adopted */
	char host_name[HOST_NAME_SIZE];	/* "" = whatever it is */
	union {
		struct {
			uint32_t link_count;
			uint32_t group_count;
			uint32_t sync_count;
			uint32_t address_count;
			uint32_t peer_count;
			uint32_t track_count;
			uint32_t object_count;
			uint32_t check_count;
			uint32_t route_count;
			uint32_t rule_count;
			uint32_t advertiser_count;
			uint32_t prefix_count;
			uint32_t program_count;
			uint32_t connsync_count;
			uint32_t excluded_count;
			uint32_t static_count;
			uint32_t hop_count;
			uint32_t vlan_count;
			uint32_t virtual_count;
			uint32_t real_count;
		};
		struct settings_counts counts;
		uint32_t part_counts[SETTINGS_PARTS];
	};
	/* the parts follow: see the accessors */
};

#define SETTINGS_MAGIC 0x54440004u	/* raise when any struct above changes */

/* Bytes of a block with these counts. */
size_t settings_size(const struct settings_counts *counts);

/* A zeroed block with its header filled, on the heap; ends with free(). Out of memory: NULL. */
struct settings *settings_new(const struct settings_counts *counts);

/* A copy on the heap; NULL in, NULL out. */
struct settings *settings_copy(const struct settings *settings);
/* The same without passwords, for processes that need none. */
struct settings *settings_copy_without_secrets(const struct settings *settings);

/* The first element of a part. */
struct link_settings *settings_links(const struct settings *settings);
struct group_settings *settings_groups(const struct settings *settings);
struct sync_settings *settings_syncs(const struct settings *settings);
struct address_settings *settings_addresses(const struct settings *settings);
struct peer_settings *settings_peers(const struct settings *settings);
struct track_settings *settings_tracks(const struct settings *settings);
struct object_settings *settings_objects(const struct settings *settings);
struct check_settings *settings_checks(const struct settings *settings);
struct route_settings *settings_routes(const struct settings *settings);
struct rule_settings *settings_rules(const struct settings *settings);
struct advertiser_settings *settings_advertisers(const struct settings *settings);
struct advertised_prefix *settings_prefixes(const struct settings *settings);
struct program_settings *settings_programs(const struct settings *settings);
struct connsync_settings *settings_connsyncs(const struct settings *settings);
struct excluded_settings *settings_excluded(const struct settings *settings);
struct static_settings *settings_statics(const struct settings *settings);
struct hop_settings *settings_hops(const struct settings *settings);
struct vlan_settings *settings_vlans(const struct settings *settings);
struct virtual_settings *settings_virtuals(const struct settings *settings);
struct real_settings *settings_reals(const struct settings *settings);

static inline const struct vlan_settings *
settings_link_vlans(const struct settings *s, const struct link_settings *link)
{
	return &settings_vlans(s)[link->vlan_first];
}

static inline const struct real_settings *
settings_virtual_reals(const struct settings *s, const struct virtual_settings *server)
{
	return &settings_reals(s)[server->real_first];
}

/* Replication of connections, or NULL where there is none. */
static inline const struct connsync_settings *
settings_connsync(const struct settings *s)
{
	return s->connsync_count > 0 ? settings_connsyncs(s) : NULL;
}

static inline const struct link_settings *
settings_link_of(const struct settings *s, const struct group_settings *group)
{
	return &settings_links(s)[group->link];
}

/* Those advertised, then those excluded. */
static inline const struct address_settings *
settings_group_addresses(const struct settings *s, const struct group_settings *group)
{
	return &settings_addresses(s)[group->address_first];
}

/* What a group is without any word of the operator: Vyatta's defaults, IPv4, no references. */
void group_settings_init(struct group_settings *group);

static inline uint32_t
group_held_count(const struct group_settings *group)
{
	return group->address_count + group->excluded_count;
}

static inline const struct address_settings *
settings_link_addresses(const struct settings *s, const struct link_settings *link)
{
	return &settings_addresses(s)[link->address_first];
}

/* Index of the link of this name, or -1. */
int settings_find_link(const struct settings *settings, const char *name);
/* Index of the group on this interface, or -1; family 0 = the first of this number. */
int settings_find_group(const struct settings *settings, const char *interface, unsigned vrid,
                        uint8_t family);

/* Is it the same thing that both try, however often and however strictly?  Not of CHECK_POLICY. */
bool settings_same_check(const struct check_settings *a, const struct check_settings *b);

/*
 * Is this block, of which size bytes were received, sound: magic, sizes, every index and count in
 * range, every string ended, every enum known, every number in its range?  Says nothing about the
 * operator's rules; those are src/config's.  0, or -EINVAL with *error.
 */
int settings_check(const void *block, size_t size, struct error *error) MUST_USE;

/* Virtual MAC of a group: 00:00:5e:00:01:VRID for IPv4 (RFC 3768 7.3), 02 for IPv6 (RFC 9568). */
struct mac group_virtual_mac(uint8_t family, uint8_t vrid);

#endif
