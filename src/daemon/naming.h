/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The host name that the settings ask for, realised in the supervisor, which alone is root: by the
 * text in the memory and nothing else.  What the name was before is kept in the memory, and comes
 * back when the settings no longer ask for one; it stays when the service ends.
 */
#ifndef TANDEM_NAMING_H
#define TANDEM_NAMING_H

#include "daemon/memory.h"

/* The engine may have adopted other settings: make the name what they ask for.  *serial is
 * that of the settings looked at last, 0 at first. */
void naming_follow(struct memory *memory, uint64_t *serial);

#endif
