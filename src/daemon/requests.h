/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A part of the interfaces, see interfaces_inside.h: steps become requests in the outbox, and their
 * answers change what is dirty, refused, restored or to be looked up.
 */
#ifndef TANDEM_REQUESTS_H
#define TANDEM_REQUESTS_H

#include "daemon/interfaces_inside.h"

struct nlmsghdr;

/* Open the outbox, whose answers come here. */
int requests_open(struct interfaces *interfaces, struct error *error) MUST_USE;

/* Put in what stands in interfaces->steps, and empty it: the steps of a plan; of a take or a drop
 * of a group; of the renewal of its addresses. */
void requests_put_planned(struct interfaces *interfaces);
void requests_put_wish(struct interfaces *interfaces, uint32_t group, bool taking);
void requests_put_renewals(struct interfaces *interfaces, uint32_t group);

/* A question of the news. */
void requests_ask(void *owner, const struct nlmsghdr *question);
/* Ask for the links whose last change made no news. */
void requests_ask_for_links(struct interfaces *interfaces);
/* All news that came before are read: enter the local routes that were removed. */
void requests_enter_silences(struct interfaces *interfaces);
/* Set the timer for the next try of what was refused. */
void requests_plan_retry(struct interfaces *interfaces);

#endif
