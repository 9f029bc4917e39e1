/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A part of the interfaces, see interfaces_inside.h: which units are to be planned, or told to the
 * role, and what the news change about that.  Nothing is planned or told here.
 */
#ifndef TANDEM_UNITS_H
#define TANDEM_UNITS_H

#include "daemon/interfaces_inside.h"

/* What the news call; their owner is the interfaces. */
extern const struct news_calls units_news_calls;

/* Those of the settings just adopted, none of them dirty; all memory of them goes with close. */
void units_open(struct interfaces *interfaces);
void units_close(struct interfaces *interfaces);

/* The unit of a link or of static routes, or of all that the settings do not name (IFSTEP_REST). */
struct unit *units_find(struct interfaces *interfaces, uint32_t link);
/* It is to be planned; or all are, and links told as well. */
void units_make_dirty(struct interfaces *interfaces, uint32_t link);
void units_make_all_dirty(struct interfaces *interfaces);

#endif
