/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Makes the configuration that a commit is rehearsed with (decision 19).
 */
#ifndef TANDEM_REHEARSAL_H
#define TANDEM_REHEARSAL_H

#include <libyang/libyang.h>

#include "base/base.h"

/*
 * What the kernel might refuse of candidate, beside groups that go on as they do in running: a
 * duplicate of candidate in which every group of running is as it was, with the interface it is on,
 * but for the addresses that it gains.  NULL when that is candidate itself.  Both trees hold their
 * defaults; what comes back has passed no rule, and need not pass.
 */
struct lyd_node *rehearsal_make(const struct lyd_node *running, const struct lyd_node *candidate);

#endif
