/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What the files of rules share: each looks at the survey of a tree and adds problems.  Only
 * check_tree() calls them.
 */
#ifndef TANDEM_RULES_H
#define TANDEM_RULES_H

#include <libyang/libyang.h>

#include "config/nameset.h"
#include "config/problem.h"
#include "config/survey.h"

/* A problem with a data node: its path, its value if it is a leaf, the line it was read from. */
void rules_error(struct problems *problems, const char *number, const struct lyd_node *node,
                 const char *format, ...) PRINTF_LIKE(4, 5);
void rules_warning(struct problems *problems, const char *number, const struct lyd_node *node,
                   const char *format, ...) PRINTF_LIKE(4, 5);

/* Can a router have this address: not loopback, multicast, reserved or none? */
bool rules_is_usable(const struct ip *ip);

/* The network that a node names; when it is none, or has bits beyond its length, which the kernel
 * refuses, an error of this number and false. */
bool rules_network(const struct lyd_node *node, const char *number, struct prefix *ret_network,
                   struct problems *problems);

/* I1..I9, I14, C10, C11: interface_rules.c */
void interface_rules(const struct survey *survey, struct problems *problems);
/* I10..I12, C10, W8, W9: switch_rules.c */
void switch_rules(const struct survey *survey, struct problems *problems);
/* I20..I24, W10..W12: tune_rules.c */
void tune_rules(const struct survey *survey, struct problems *problems);
/* C2..C7b, C9, V1..V7, W1, W2, W4: group_rules.c */
void group_rules(const struct survey *survey, struct problems *problems);
/* H1..H4, and into defined what can be tracked; then C8, T1..T3 of a group: track_rules.c */
void service_rules(const struct survey *survey, struct nameset *defined, struct problems *problems);
void track_rules(const struct survey *survey, const struct survey_group *group,
                 const struct nameset *defined, struct problems *problems);
/* T4, W13, and those of track_rules() for whole sync groups: sync_rules.c */
void sync_rules(const struct survey *survey, const struct nameset *defined,
                struct problems *problems);
/* U1..U4, M1..M5: carry_rules.c */
void carry_rules(const struct survey *survey, struct problems *problems);
/* R1..R8: static_rules.c */
void static_rules(const struct survey *survey, struct problems *problems);
/* S10..S15, L35, L36, L46: connsync_rules.c */
void connsync_rules(const struct survey *survey, struct problems *problems);
/* B1..B9, W20..W22: virtual_server_rules.c */
void virtual_server_rules(const struct survey *survey, struct problems *problems);
/* Q1, Q2, W6, W7: peer_rules.c */
void peer_rules(const struct survey *survey, struct problems *problems);
/* L1..L33: lint.c and linting.h */
void lint(const struct survey *survey, struct problems *problems);

#endif
