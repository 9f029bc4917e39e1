/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Planning of switches: the options of a bridge, its own VLANs, and those of its ports.  A part of
 * the planner, see ifplan.h.
 */
#ifndef TANDEM_IFSWITCH_H
#define TANDEM_IFSWITCH_H

#include "core/ifjob.h"

/* The kernel's form of the operator's options. */
struct ifworld_bridge ifswitch_wanted(const struct link_settings *settings);

/* Append the steps that make the job's link, if it is a bridge, what the settings say; and what it
 * was. */
void ifswitch_plan(const struct ifjob *job);
void ifswitch_restore(const struct ifjob *job);

/* Append the steps that give the job's link, if it is a port of a bridge, the VLANs that the
 * settings say; or those it had. */
void ifswitch_plan_port(const struct ifjob *job);

#endif
