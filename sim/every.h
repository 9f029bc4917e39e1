/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Writes every story there is of a small world: two routers, and each sequence of so many events.
 * docs/simulator.md says why that many.
 */
#ifndef TANDEM_SIM_EVERY_H
#define TANDEM_SIM_EVERY_H

#include "base/base.h"

#define EVERY_DEPTH_MAX 7u
#define EVERY_TEXT_MAX 2048u

/* How many stories of this depth there are. */
uint64_t every_count(unsigned depth);
/* Number n of them, below every_count(). */
void every_write(unsigned depth, uint64_t n, char text[EVERY_TEXT_MAX]);

#endif
