/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A part of the interfaces, see interfaces_inside.h: when work is done, and how much of it at once.
 */
#ifndef TANDEM_TURNS_H
#define TANDEM_TURNS_H

#include "daemon/interfaces_inside.h"

/* Watch the sockets of the news, of the outbox and of the tuner; the timers stand still. */
int turns_open(struct interfaces *interfaces, struct error *error) MUST_USE;
void turns_close(struct interfaces *interfaces);

/* A turn is taken soon. */
void turns_ask(struct interfaces *interfaces);
/* Read all anew: now, or after so long at the latest. */
void turns_look(struct interfaces *interfaces);
void turns_plan_look(struct interfaces *interfaces, nsec_t delay);

/* When the service stops, without the loop, and no longer than until end: let the writer carry out
 * all that waits; read all news. */
void turns_finish(struct interfaces *interfaces, nsec_t end);
void turns_read(struct interfaces *interfaces, nsec_t end);

#endif
