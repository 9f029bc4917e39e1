/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Routes and routing rules as pure data, and a picture of those in the kernel that carry our marks
 * (MARK_VIRTUAL: of a group, MARK_REAL: static): what was last heard, not what is wished.
 * system/nlroute and system/nlrule translate kernel messages into these structs; core/ifway and
 * core/ifstatic compare the picture with the settings.
 *
 * The picture grows with what we put into the kernel; out of memory ends the process.
 */
#ifndef TANDEM_IFROUTE_H
#define TANDEM_IFROUTE_H

#include "base/base.h"
#include "base/inet.h"
#include "core/settings.h"

/* Tables of the kernel that have names. */
#define IFROUTE_DEFAULT 253u
#define IFROUTE_MAIN 254u
#define IFROUTE_LOCAL 255u

#define IFROUTE_METRIC6 1024u		/* what the kernel makes of an IPv6 route without metric */

/* So many next hops of a route are remembered; more count as usable. */
#define IFROUTE_HOPS STATIC_HOPS_MAX

enum ifroute_kind {
	IFROUTE_UNICAST,
	IFROUTE_STAND_IN,		/* local: stands in for an address that is yet to come */
	IFROUTE_REFUSAL,		/* blackhole; unreachable and prohibit, which answer */
	IFROUTE_THROW,			/* the lookup goes on in the next table */
	IFROUTE_OTHER,			/* an address's own, broadcast, anything else */
};

struct ifhop {
	int link;			/* kernel index, 0 = none */
	struct ip gateway;		/* family 0 = none */
};

struct ifroute {
	uint8_t kind;			/* enum ifroute_kind */
	uint8_t protocol;		/* as the kernel numbers the origins of routes */
	struct prefix destination;	/* length 0 = default; the family is always set */
	uint32_t table;
	uint32_t metric;
	bool answers;			/* a refusal that tells who sent the packet */
	struct ip source;		/* preferred; family 0 = none */
	uint8_t hop_count;		/* next hops with a link; may be larger than hops holds */
	struct ifhop hops[IFROUTE_HOPS];	/* zeros behind; the first may have no link */
};

enum ifrule_action {
	IFRULE_TABLE,			/* leads to table */
	IFRULE_REFUSAL,
	IFRULE_OTHER,			/* jumps, or does nothing */
};

struct ifrule {
	uint8_t family;
	uint8_t protocol;
	uint8_t action;			/* enum ifrule_action */
	bool plain;			/* asks for nothing: every packet obeys it */
	uint32_t priority;
	uint32_t table;
	uint32_t mark;			/* 0 = any */
	struct prefix from;		/* family 0 = any */
	struct prefix to;
	char in[NAME_SIZE];		/* "" = any */
	char out[NAME_SIZE];
};

/* The local route that stands in for an IPv4 address. */
struct ifroute ifroute_stand_in(int link, const struct ip *ip);

/* Would the kernel take one for the other: same table, network and metric? */
bool ifroute_same(const struct ifroute *a, const struct ifroute *b);
/* And with the same next hops and source, as far as a wish says? */
bool ifroute_fulfils(const struct ifroute *there, const struct ifroute *wish);
/* Does it lead to this next hop? */
bool ifroute_leads(const struct ifroute *route, const struct ifhop *hop);
bool ifrule_equal(const struct ifrule *a, const struct ifrule *b);

struct ifroutes;

struct ifroutes *ifroutes_new(void) MUST_USE;
void ifroutes_free(struct ifroutes *routes);	/* NULL is fine */

/* Enter what the kernel said of a route or rule with a mark of ours (others are left out): true
 * when that is news.  A route that is removed may be one next hop only of one that we know, the
 * others stay. */
bool ifroutes_put(struct ifroutes *routes, const struct ifroute *route);
void ifroutes_remove(struct ifroutes *routes, const struct ifroute *route);
bool ifroutes_put_rule(struct ifroutes *routes, const struct ifrule *rule);
void ifroutes_remove_rule(struct ifroutes *routes, const struct ifrule *rule);

/*
 * A link went down or away, or lost its last IPv4 address: the kernel drops its IPv4 routes without
 * a word, those that stand in for addresses excepted while it is down.  Of routes of either family
 * that have several next hops it uses the others: such a one is no longer known exactly.  True when
 * there was one.
 */
enum ifroutes_loss { IFROUTES_LINK_DOWN, IFROUTES_LINK_BARE, IFROUTES_LINK_GONE };
bool ifroutes_link_lost(struct ifroutes *routes, int index, enum ifroutes_loss loss);
/* An IPv4 address is no longer on any link: the same for routes that have it as source. */
bool ifroutes_source_gone(struct ifroutes *routes, const struct ip *ip);

/* Between begin and end of a dump everything put counts as seen; end forgets the rest, and says
 * whether there was any. */
void ifroutes_begin_dump(struct ifroutes *routes);
bool ifroutes_end_dump(struct ifroutes *routes);

/* The route of this origin, table, network and metric, or NULL. */
const struct ifroute *ifroutes_find(const struct ifroutes *routes, const struct ifroute *wish);
bool ifroutes_has_rule(const struct ifroutes *routes, const struct ifrule *rule);

/* Walk: start with NULL; NULL at the end.  The picture must not change meanwhile. */
const struct ifroute *ifroutes_next(const struct ifroutes *routes, const struct ifroute *route);
const struct ifrule *ifroutes_next_rule(const struct ifroutes *routes, const struct ifrule *rule);

#endif
