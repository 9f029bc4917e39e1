/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Commit rules that YANG does not say or would say badly.  Every error names path, value, rule and
 * remedy; all of them are found, not the first only.  Numbers: C1..C11 and W1..W3 as in the
 * product, C7b and W4 added; I interfaces, V virtual addresses and versions, T what is tracked,
 * H health checks and path monitors, U unicast peers, M what moves with a group, R static routes,
 * K this check itself, N accepted without effect, L advice; S, too much of something, is lift's.
 * The files of the rules list theirs: interface_rules.c, group_rules.c, track_rules.c,
 * carry_rules.c, lint.c, and for C1, C6, H1, N and "not supported yet" the YANG modules.
 */
#ifndef TANDEM_CHECK_H
#define TANDEM_CHECK_H

#include <libyang/libyang.h>

#include "config/problem.h"
#include "config/surroundings.h"

/*
 * Validate the whole configuration tree: YANG's constraints first, then the numbered rules.  Errors
 * come first, by path, then warnings, worst consequence first, those that repeat folded to a few;
 * those that the configuration itself silences (system configuration-check) are counted only.
 * Adds defaults to the tree.  0, or -EINVAL when errors were added.
 */
int check_tree(struct ly_ctx *schema, struct lyd_node **tree, struct problems *problems) MUST_USE;
/* The same for the router that shall run it, whose surroundings are known; NULL = they are not. */
int check_tree_around(struct ly_ctx *schema, struct lyd_node **tree,
                      const struct surroundings *around, struct problems *problems) MUST_USE;
/* All that a commit could say, for who asks before: with the limits of the engine, S1 and S2, and
 * nothing folded. */
int check_tree_in_full(struct ly_ctx *schema, struct lyd_node **tree,
                       const struct surroundings *around, struct problems *problems) MUST_USE;

#endif
