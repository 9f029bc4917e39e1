/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What becomes of the problems that the rules have found: those that the configuration silences
 * go, the others are put in the order in which a person wants to read them.
 */
#ifndef TANDEM_VERDICT_H
#define TANDEM_VERDICT_H

#include <libyang/libyang.h>

#include "config/problem.h"

/* Apply system configuration-check of the tree to the warnings from index first on.  Adds K1 for
 * a silence of what is no warning, W5 for one that silences nothing. */
void verdict_silence(const struct lyd_node *tree, struct problems *problems, size_t first);

/* Only silence, and add nothing: for warnings that are of a moment. */
void verdict_silence_warnings(const struct lyd_node *tree, struct problems *problems,
                              size_t first);

/* Sort from index first on: errors by path, then warnings, worst consequence first, by path. */
void verdict_sort(struct problems *problems, size_t first);

#endif
