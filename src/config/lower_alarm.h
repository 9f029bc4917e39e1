/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Alarms in words, for people: one sentence an alarm of a group.
 */
#ifndef TANDEM_LOWER_ALARM_H
#define TANDEM_LOWER_ALARM_H

#include "config/lower.h"

#define ALARM_TEXT_SIZE 512

/* The record is of this group; facts->world, when there is one, gives our own MAC. */
void lower_alarm_text(const struct lower_facts *facts, const struct group_settings *group,
                      const struct vrouter_status *record, enum vrouter_alarm alarm,
                      char text[ALARM_TEXT_SIZE]);

/* "10.0.0.2 (00:11:22:33:44:55)", "another router" when nothing is known; returns text. */
#define PARTY_TEXT_SIZE (IP_TEXT_SIZE + MAC_TEXT_SIZE + 4)
const char *lower_party_text(const struct ip *ip, const struct mac *mac,
                             char text[PARTY_TEXT_SIZE]);

#endif
