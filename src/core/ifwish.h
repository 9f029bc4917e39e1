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

/* Is this one of the link's own (real) addresses? */
bool ifwishes_real(const struct ifwishes *wishes, uint32_t link, const struct prefix *prefix);
/* Is it one of a group without virtual link on it, that holds its addresses? */
bool ifwishes_held(const struct ifwishes *wishes, const bool *held, uint32_t link,
                   const struct prefix *prefix);

#endif
