/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Two routers that stand in for each other: do their configurations fit?  Each may be right for
 * itself (check.h) and the two still keep one another from taking over, or make two masters.
 * Findings are numbered P1 to P31; pair_networks.c, pair_rules.c, pair_carry.c, pair_parties.c and
 * pair_virtual_servers.c list theirs.
 *
 * In the sentences the routers are called r1 and r2.  Passwords are never part of one.
 */
#ifndef TANDEM_PAIR_H
#define TANDEM_PAIR_H

#include <libyang/libyang.h>

#include "base/base.h"
#include "config/survey.h"

#define PAIR_ROUTERS 2

struct pair_finding {
	bool warning;			/* otherwise an error: one of both can not do its part */
	char number[8];			/* "P5" */
	char *paths[PAIR_ROUTERS];	/* in the operator's words, with a value; "" = none; heap */
	char *sentence;			/* what is so and what comes of it, no final dot; heap */
	char *remedy;			/* the same way; heap */
};

struct pair_findings {
	struct pair_finding *list;
	size_t count;
	size_t errors;			/* how many of them are not warnings */
};

struct pair {
	const struct lyd_node *trees[PAIR_ROUTERS];	/* borrowed */
	struct survey surveys[PAIR_ROUTERS];
	/*
	 * By link of each: the link of the other that is on the same network, or -1.  That is the
	 * one of the same name; else one with a real address of the same subnet; else one with a
	 * virtual address in common.
	 */
	int *mates[PAIR_ROUTERS];
};

/* Both trees passed check_tree(); they must outlive the pair. */
void pair_open(struct pair *pair, const struct lyd_node *first, const struct lyd_node *second);
void pair_close(struct pair *pair);

/* Add what does not fit. */
void pair_compare(const struct pair *pair, struct pair_findings *findings);
void pair_findings_done(struct pair_findings *findings);

#endif
