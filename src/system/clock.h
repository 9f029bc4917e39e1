/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The machine's clocks as nsec_t.  Whoever decides by time is handed the time; only the roles'
 * loops and the packet sockets read a clock.
 */
#ifndef TANDEM_CLOCK_H
#define TANDEM_CLOCK_H

#include "base/nsec.h"

/* CLOCK_BOOTTIME: since boot, never set; goes on in suspend, so that a sleep is seen as a pause. */
nsec_t clock_now(void);
/* CLOCK_REALTIME: since 1970, may be set. */
nsec_t clock_wall(void);

#endif
