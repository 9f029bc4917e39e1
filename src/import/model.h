/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * VRRP as keepalived means it: what keepalived.conf and VyOS, which runs keepalived, both say.
 * The readers (keepalived.c, vyos.c) fill it in the source's own values; what Tandem makes of it
 * is decided where it is written (write.c).
 *
 * Texts are those of the statements or of model_text(), and live as long as these.
 */
#ifndef TANDEM_MODEL_H
#define TANDEM_MODEL_H

#include "base/base.h"
#include "config/nameset.h"
#include "import/finding.h"

/* What the source says, and where; text NULL: it does not. */
struct said {
	const char *text;
	struct place place;
};

struct model_garp {
	struct said interval;			/* seconds, with fraction */
	struct said lower_priority_delay;	/* seconds */
	struct said lower_priority_repeat;
	struct said master_delay;
	struct said master_refresh;
	struct said master_refresh_repeat;
	struct said master_repeat;
};

struct model_address {
	struct said address;		/* perhaps with length */
	const char *interface;		/* NULL: the group's */
	bool excluded;
};

struct model_peer {
	struct said address;
	const char *minimum_ttl;	/* NULL: not said */
};

enum model_kind {
	MODEL_INTERFACE,
	MODEL_SCRIPT,
	MODEL_PROCESS,
	MODEL_PATH,			/* a path monitor with a policy of the same name */
};

struct model_track {
	enum model_kind kind;
	struct said name;
	bool weighted;			/* else the check's own weight counts */
	int weight;			/* 0: a fault */
	bool reverse;
	bool common;			/* said of the sync group */
};

struct model_route {
	struct place place;
	const char *prefix, *next_hop, *interface, *metric, *source, *table;
	bool blackhole;
	bool unreachable;		/* these two: of those that do not move */
	bool disable;
};

struct model_rule {
	struct place place;
	const char *priority, *from, *to, *inbound, *outbound, *mark, *table;
};

/* What is to be run when a group changes. */
struct model_scripts {
	struct said master, backup, fault, stop;
	struct said any;		/* for every state, with words added: */
	const char *any_as;		/* "INSTANCE VI_1"; then come state and priority */
	const char *user;
};

struct model_sync {
	struct place place;
	const char *name;
	struct said *members;
	size_t member_count;
	struct model_track *tracks;
	size_t track_count;
	struct model_scripts scripts;
	bool weights;			/* of its members count */
};

struct model_group {
	struct place place;
	const char *name;
	struct said interface, vrid, priority, version, description, disable;
	struct said interval;		/* seconds, with fraction */
	struct said state;		/* MASTER or BACKUP */
	struct said authentication, password;	/* PASS or AH */
	struct said multicast_source, unicast_source;
	struct said no_preempt, preempt_delay;	/* delay: seconds, with fraction */
	struct said accept;		/* "accept" or "no_accept" */
	struct said strict;
	struct said ignores_link;	/* goes on while its own interface is down */
	struct said virtual_mac;
	struct said start_delay;	/* seconds, with fraction */
	bool plain_checksum;		/* of version 3, without pseudo-header */
	struct model_garp garp;
	struct model_address *addresses;
	size_t address_count;
	struct model_peer *peers;
	size_t peer_count;
	struct model_track *tracks;
	size_t track_count;
	struct model_route *routes;
	size_t route_count;
	struct model_rule *rules;
	size_t rule_count;
	struct model_scripts scripts;
	const struct model_sync *sync;	/* set by model_join() */
};

/* A script or process that is checked, or a host that is pinged (MODEL_PATH). */
struct model_check {
	struct place place;
	enum model_kind kind;
	const char *name;
	struct said command;		/* MODEL_PATH: the address */
	const char *user;
	struct said interval, timeout;	/* seconds, with fraction */
	struct said rise, fall;
	struct said rise_delay, fall_delay;	/* seconds, with fraction; processes */
	int weight;
	bool reverse;
	unsigned tracked;		/* groups that track it */
	const char *list;		/* "script", "process" or "path-monitor", as which it was
					 * written; NULL: it was not */
	const char *written;		/* its name there */
};

/* An address that the interface itself has. */
struct model_static {
	struct said address;
	const char *interface;
};

/* Link changes of an interface count only after these. */
struct model_delay {
	struct said interface;
	struct said down, up;		/* seconds, with fraction */
	bool used;
};

/* The VyOS side only: what is said of a bond, of connection tracking, and of virtual servers. */
struct model_bond {
	struct place place;
	const char *name;
	const char *mode;		/* Tandem's; NULL: not said */
	const char *primary;
};

struct model_member {
	struct place place;
	const char *interface, *bond;
};

struct model_connsync {
	struct place place;
	struct said sync, interface, peer;
	bool is;
};

struct model_real {
	struct said address, port, timeout, script;
};

struct model_virtual {
	struct place place;
	const char *name;
	struct said address, port, fwmark, protocol, algorithm, delay_loop, forward_method,
	            persistence;
	struct model_real *reals;
	size_t real_count;
};

struct model {
	struct findings *findings;
	const char *program;		/* "keepalived", "VyOS": of whom findings speak */
	const char *script_default;	/* as whom it runs programs when nothing is said */
	struct model_group *groups;	/* by their numbers in group_names */
	size_t group_count;
	struct nameset group_names;
	struct model_sync *syncs;
	size_t sync_count;
	struct model_check *checks;	/* by their numbers in check_names */
	size_t check_count;
	struct nameset check_names;
	struct model_static *statics;
	size_t static_count;
	struct model_route *routes;	/* that do not move, one a next hop */
	size_t route_count;
	struct model_delay *delays;
	size_t delay_count;
	struct model_bond *bonds;
	size_t bond_count;
	struct model_member *bond_members;
	size_t bond_member_count;
	struct model_connsync connsync;
	struct model_virtual *virtuals;
	size_t virtual_count;
	struct said script_user;
	char **texts;			/* of model_text() */
	size_t text_count;
};

/* One more element at the end of an array, all zero: MODEL_ADD(group, peers, peer_count). */
#define MODEL_ADD(owner, array, count) \
	((__typeof__((owner)->array))model_grow((void **)&(owner)->array, &(owner)->count, \
	                                        sizeof(*(owner)->array)))
void *model_grow(void **array, size_t *count, size_t size);

/* A text that lives as long as the model. */
const char *model_text(struct model *model, const char *format, ...) PRINTF_LIKE(2, 3);

/* What has this name, or NULL. */
struct model_group *model_group(struct model *model, const char *name);
struct model_check *model_check(struct model *model, enum model_kind kind, const char *name);
/* A new one of this name, which is the caller's; NULL when there is one already.  The pointer is
 * good until the next is added. */
struct model_group *model_add_group(struct model *model, struct place place, const char *name);
struct model_check *model_add_check(struct model *model, struct place place,
                                    enum model_kind kind, const char *name);

/* What was not said here counts as it was said for all. */
void model_inherit(struct said *own, const struct said *common);
/* The same for announcements; after a weaker master they are as is said for all takeovers, whatever
 * a group says of its own. */
void model_inherit_garp(struct model_garp *own, const struct model_garp *common);

/* When everything is read: groups get their sync groups with what these track and run, and the
 * findings of what does not fit. */
void model_join(struct model *model);

void model_done(struct model *model);

#endif
