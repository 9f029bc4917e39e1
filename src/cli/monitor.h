/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * "monitor vrrp": events as they happen, one line each, until the user interrupts.
 */
#ifndef TANDEM_MONITOR_H
#define TANDEM_MONITOR_H

#include "cli/session.h"

/* Transitions and alarms. */
enum outcome monitor_vrrp(struct session *session, char *const arguments[], size_t count);
/* The same with every packet received and sent. */
enum outcome monitor_packets(struct session *session, char *const arguments[], size_t count);

#endif
