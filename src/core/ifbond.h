/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Planning of bonds: their options.  A part of the planner, see ifplan.h.
 */
#ifndef TANDEM_IFBOND_H
#define TANDEM_IFBOND_H

#include "core/ifjob.h"

/* The kernel's form of the operator's options. */
struct ifworld_bond ifbond_wanted(const struct bond_settings *settings);

/* Append the steps that bring the options of the job's link, a bond, to these. */
void ifbond_change(const struct ifjob *job, const struct ifworld_bond *want);
/* Append the steps that make the job's link, if it is a bond, what the settings say. */
void ifbond_plan(const struct ifjob *job);

#endif
