/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Planning of memberships: a port joins a bond, a port or a bond joins a switch.  A part of the
 * planner, see ifplan.h.
 */
#ifndef TANDEM_IFMEMBER_H
#define TANDEM_IFMEMBER_H

#include "core/ifjob.h"

/* Append the steps that make the job's link a member of the bond or switch it belongs to, of the
 * one it belonged to before, or of none. */
void ifmember_plan(const struct ifjob *job);

#endif
