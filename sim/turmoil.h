/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A random life of a random world, all of it decided by the seed: turmoil (faults, during which
 * only the safety rules hold), healing (the pair must settle within the stated bound), and calm
 * (disturbances that nobody may notice).
 */
#ifndef TANDEM_SIM_TURMOIL_H
#define TANDEM_SIM_TURMOIL_H

#include "base/base.h"
#include "base/nsec.h"

struct turmoil_result {
	uint64_t hash;
	uint64_t takeovers;
	uint64_t checked;
	nsec_t simulated;
};

/* False: a rule was broken, and printed.  routers 0 = as the seed says. */
bool turmoil_run(uint64_t seed, unsigned routers, bool verbose, struct turmoil_result *ret_result);

#endif
