/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What the files of the pair share: the one way to add a finding, what belongs together, and the
 * rules.  Only pair_compare() calls those.
 */
#ifndef TANDEM_PAIRING_H
#define TANDEM_PAIRING_H

#include <stdio.h>

#include "config/pair.h"

/*
 * Nodes may be NULL: the finding has no path on that router.  Of a leaf that is no secret the value
 * is told, too.
 */
void pairing_add(struct pair_findings *findings, bool warning, const char *number,
                 const struct lyd_node *first, const struct lyd_node *second, const char *remedy,
                 const char *format, ...) PRINTF_LIKE(7, 8);

/* A node and all below, without nodes of those names (which end with NULL; NULL: all) and without
 * what is the default, in canonical order: equal texts mean equal settings. */
void pairing_print(FILE *out, const struct lyd_node *node, const char *const *left_out);

/* A group with the one of the other router that has the same number on the same network. */
struct pairing {
	const struct pair *pair;
	const struct survey_group *groups[PAIR_ROUTERS];
};

/* The child of the group of that router, or the group where it has none. */
const struct lyd_node *pairing_node(const struct pairing *p, unsigned router, const char *name);
/* Name of its link. */
const char *pairing_link(const struct pairing *p, unsigned router);

/* P4..P12, P14..P17, P22..P24: pair_rules.c */
void pair_rules(const struct pairing *p, struct pair_findings *findings);
/* P27, P28 of a group, and P29, P30 of its interfaces: pair_carry.c */
void pair_carry(const struct pairing *p, struct pair_findings *findings);
void pair_link_carry(const struct pair *pair, const struct survey_link *x,
                     const struct survey_link *y, struct pair_findings *findings);

/* The group of this number on the mate of a link of that router, or NULL. */
const struct survey_group *pairing_partner(const struct pair *pair, unsigned router,
                                           const struct survey_group *group);
/* Have the two links real addresses of one network? */
bool pairing_share_network(const struct survey *a, const struct survey_link *x,
                           const struct survey *b, const struct survey_link *y);
/*
 * Virtual addresses equal to this one: the place of by_address to begin at, and the next one at or
 * behind a place, which moves on; NULL: no more.
 */
size_t pairing_find_address(const struct survey *s, const struct ip *ip);
const struct survey_address *pairing_next_virtual(const struct survey *s, const struct ip *ip,
                                                  size_t *at);

/* A finding with the nodes in the order of the routers, given from the view of one. */
#define pairing_add_from(findings, warning, number, router, own, other, ...) \
	pairing_add(findings, warning, number, (router) ? (other) : (own), \
	            (router) ? (own) : (other), __VA_ARGS__)

/* P1..P3, P18..P20, P26: pair_networks.c */
void pair_links(const struct pair *pair, struct pair_findings *findings);
void pair_groups(const struct pair *pair, struct pair_findings *findings);
/* P13, P21, P25: pair_parties.c */
void pair_parties(const struct pair *pair, struct pair_findings *findings);
void pair_connsync(const struct pair *pair, struct pair_findings *findings);
/* P31: pair_virtual_servers.c */
void pair_virtual_servers(const struct pair *pair, struct pair_findings *findings);

#endif
