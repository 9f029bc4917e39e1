/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Buckets that double, from 10 us to a third of a second and everything above.
 */
#include "core/lateness.h"

#define FIRST_BUCKET (10 * NSEC_PER_USEC)

static void
count(uint64_t buckets[LATENESS_BUCKETS], nsec_t *worst, nsec_t *worst_at, nsec_t due, nsec_t now)
{
	nsec_t late = now - due;
	unsigned i = 0;

	while (i + 1 < LATENESS_BUCKETS && late >= FIRST_BUCKET << i)
		i++;
	buckets[i]++;
	if (late > *worst) {
		*worst = late;
		*worst_at = now;
	}
}

void
lateness_advert(struct lateness *l, nsec_t due, nsec_t now)
{
	count(l->adverts, &l->worst_advert, &l->worst_advert_at, due, now);
}

void
lateness_takeover(struct lateness *l, nsec_t due, nsec_t now)
{
	count(l->takeovers, &l->worst_takeover, &l->worst_takeover_at, due, now);
}
