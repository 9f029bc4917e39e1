/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Random configurations, made from the compiled model alone: whatever a module allows can turn up,
 * numbers at their borders and texts that are hard to quote above all.  They are made with libyang,
 * not with the language that they test.  A seed makes the same tree each time.
 *
 * Beside our modules, one of the tests' own stands in the schema: its lists have several keys or
 * the user's order, its leaves every type that the generator knows.
 */
#ifndef TANDEM_TEST_GROWN_H
#define TANDEM_TEST_GROWN_H

#include <libyang/libyang.h>

#include "base/base.h"

/* For cmocka_run_group_tests: as sample_setup(), with the module of the tests.  A test that aborts
 * says by which seed. */
int grown_setup(void **state);

/* How many trees a test makes: one in share of $TANDEM_TREES, if that is set. */
unsigned grown_count(unsigned otherwise, unsigned share);
/* The seed of the run'th tree of a test: counts from $TANDEM_SEED, if that is set.  It is the one
 * that is said when the test fails. */
uint64_t grown_seed(unsigned run);

/* A tree of a few to some hundred nodes.  Only configuration; what a default says is not in it. */
struct lyd_node *grown_tree(uint64_t seed);
/* The same of our modules alone, which a store can check. */
struct lyd_node *grown_own_tree(uint64_t seed);
/* The tree with some nodes gone, some values and remarks changed, and some nodes more. */
struct lyd_node *grown_variant(const struct lyd_node *tree, uint64_t seed);

/* Are both the same in every node and remark?  In order where the order is the user's. */
bool grown_is_same(const struct lyd_node *a, const struct lyd_node *b);

/* Fail, and say by which seed, unless it is as wanted. */
void grown_expect_same(const char *what, const struct lyd_node *tree,
                       const struct lyd_node *wanted);
void grown_expect_text(const char *what, const char *is, const char *wanted);

#endif
