/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * How late the engine did what was due: counts into the record that "show" reads.
 */
#ifndef TANDEM_LATENESS_H
#define TANDEM_LATENESS_H

#include "core/status.h"

/* An advertisement, or a takeover, was due and is done now, not earlier. */
void lateness_advert(struct lateness *lateness, nsec_t due, nsec_t now);
void lateness_takeover(struct lateness *lateness, nsec_t due, nsec_t now);

#endif
