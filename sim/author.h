/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Writes random stories: the life of a random world, all of it decided by the seed.  Turmoil
 * (faults, during which only the rules of safety hold), healing (the world must settle within the
 * stated bound), and calm (disturbances that nobody may notice).
 */
#ifndef TANDEM_SIM_AUTHOR_H
#define TANDEM_SIM_AUTHOR_H

#include "base/base.h"

#define AUTHOR_TEXT_MAX 32768u

/* routers 0 = as the seed says.  The text ends with a zero. */
void author_write(uint64_t seed, unsigned routers, char text[AUTHOR_TEXT_MAX]);

#endif
