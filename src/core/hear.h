/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What an accepted advertisement does to the party of the group it came for: RFC 3768 6.4.2 and
 * 6.4.3, RFC 9568 6.4.2 and 6.4.3.  Inside core only; the world sees engine.h.
 */
#ifndef TANDEM_HEAR_H
#define TANDEM_HEAR_H

#include "core/advert.h"
#include "core/party.h"

/* A packet accepted by judge_advert(). */
void hear_advert(struct party *p, struct vrouter *v, const struct advert *ad, nsec_t arrival,
                 nsec_t now, struct effects *out);

#endif
