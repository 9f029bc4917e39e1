/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Turns what the engine tells into log sentences: who, what, why, and the number.  Decides nothing.
 */
#ifndef TANDEM_REPORT_H
#define TANDEM_REPORT_H

#include "core/engine.h"

/* Log a TRANSITION or ALARM effect; other kinds are not for people. */
void report_effect(const struct engine *engine, const struct effect *effect);

#endif
