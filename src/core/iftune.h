/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Planning of a link's tunes (the numbers that the kernel keeps for its IPv4 and IPv6 layers) and
 * of a port's speed.  A part of the planner, see ifplan.h.
 */
#ifndef TANDEM_IFTUNE_H
#define TANDEM_IFTUNE_H

#include "core/ifjob.h"

/* Append the steps that make the tunes of the job's link what the settings say, or, where those say
 * nothing (any more), what they were before we changed them. */
void iftune_plan(const struct ifjob *job);

/* The same for a virtual link above it, as far as packets to a virtual MAC come in there and must
 * not be treated differently. */
void iftune_plan_virtual(const struct ifjob *job, const struct ifworld_link *link);

/* Append the step that reads the speed of the job's link or sets it, where one is configured, or
 * was until now. */
void iftune_plan_port(const struct ifjob *job);

/* Is the IPv6 layer of the job's link still switched off, and only by us? */
bool iftune_awaits_ipv6(const struct ifjob *job);

/* Does what holds for all links override this tune of the link, as configured?  Then a sentence
 * about it, without the link's name, in text.  The kernel tells so of few of them. */
bool iftune_is_overridden(const struct link_settings *wanted, const struct ifworld *world,
                          enum tune tune, char *text, size_t size);

#endif
