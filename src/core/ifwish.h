/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The settings, indexed for the planner: which link a name belongs to, which groups run on a link,
 * and whether an address belongs on a link, and to whom.  Made once for settings, so that planning
 * one link costs the same whether there are ten or ten thousand.
 */
#ifndef TANDEM_IFWISH_H
#define TANDEM_IFWISH_H

#include "base/base.h"
#include "base/inet.h"
#include "core/ifroute.h"
#include "core/settings.h"

struct ifwishes;

/* Borrows the settings until ifwishes_free(). */
struct ifwishes *ifwishes_new(const struct settings *settings) MUST_USE;
void ifwishes_free(struct ifwishes *wishes);	/* NULL is fine */

/* Index of the link that is called so, or has a group whose virtual link is; or IFSTEP_REST. */
uint32_t ifwishes_named(const struct ifwishes *wishes, const char *name);

struct ifwishes_groups {
	const uint32_t *list;
	size_t count;
};

/* The groups on a link. */
struct ifwishes_groups ifwishes_groups(const struct ifwishes *wishes, uint32_t link);

/* On how many links (and families) groups have virtual links, taken together. */
uint32_t ifwishes_virtual_links(const struct ifwishes *wishes);

/* The groups that have addresses or routes on a link, but run on another. */
struct ifwishes_groups ifwishes_visitors(const struct ifwishes *wishes, uint32_t link);

/* Index of the link that an address of a group lives on, or above which its virtual link is. */
uint32_t ifwish_home(const struct group_settings *group, const struct address_settings *address);
/* Does it live on the group's virtual link? */
bool ifwish_is_apart(const struct group_settings *group, const struct address_settings *address);
/* The same for a virtual route, which has a home even when it names no link. */
uint32_t ifwish_route_home(const struct group_settings *group, const struct route_settings *route);

/* How many virtual IPv4 addresses may come to live on the link itself. */
uint32_t ifwishes_crowd(const struct ifwishes *wishes, uint32_t link);

/* Is this one of the link's own (real) addresses? */
bool ifwishes_real(const struct ifwishes *wishes, uint32_t link, const struct prefix *prefix);
/* The same with any prefix length. */
bool ifwishes_owns(const struct ifwishes *wishes, uint32_t link, const struct ip *ip);
/* Is it an address of a group that lives on the link itself, and does the group hold it? */
bool ifwishes_held(const struct ifwishes *wishes, const bool *held, uint32_t link,
                   const struct prefix *prefix);
/* The same with any prefix length. */
bool ifwishes_held_ip(const struct ifwishes *wishes, const bool *held, uint32_t link,
                      const struct ip *ip);

/* The kernel's form of a virtual route, but for its link. */
struct ifroute ifwish_route(const struct route_settings *route);
struct ifrule ifwish_rule(const struct rule_settings *rule);
/*
 * Is a route of this table, network and metric (or this rule) one of a group that holds its
 * addresses (held NULL: of any group)?  Its home is stored in *ret_link (may be NULL).
 */
bool ifwishes_route(const struct ifwishes *wishes, const bool *held, const struct ifroute *route,
                    uint32_t *ret_link);
bool ifwishes_rule(const struct ifwishes *wishes, const bool *held, const struct ifrule *rule,
                   uint32_t *ret_link);

#endif
