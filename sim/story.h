/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A story: a world, what happens to it, and what must come of it, told line by line in a file.
 * The words are in docs/simulator.md.
 */
#ifndef TANDEM_SIM_STORY_H
#define TANDEM_SIM_STORY_H

#include "base/base.h"

/* 0 = as told; 1 = not, or a rule was broken; 2 = the file cannot be understood.  Prints why. */
int story_run(const char *path, bool verbose) MUST_USE;

#endif
