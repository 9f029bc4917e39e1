/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Does a sound advertisement fit a group's configuration, and what does a person have to hear of
 * it?  Counters, last offender, alarms.  Inside core only; the world sees engine.h.
 */
#ifndef TANDEM_JUDGE_H
#define TANDEM_JUDGE_H

#include "core/advert.h"
#include "core/vrouter.h"

/*
 * RFC 3768 7.1 and RFC 9568 7.1, the part that needs our configuration.  An authentication header
 * that holds counts as heard.
 */
enum advert_fault judge_advert(struct vrouter *v, const struct advert *ad) MUST_USE;
/* Count a packet that was not accepted; touches no timer but that of an alarm. */
void judge_reject(struct vrouter *v, enum advert_fault fault, const struct advert *ad, nsec_t now,
                  struct effects *out);
/* Count a packet that was accepted and compare what it says with ours. */
void judge_accept(struct vrouter *v, const struct advert *ad, nsec_t now, struct effects *out);
/* Raise an alarm that ends when its reason has not been seen for some intervals. */
void judge_raise(struct vrouter *v, enum vrouter_alarm alarm, const struct advert *ad, nsec_t now,
                 struct effects *out);

#endif
