/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Who made the machine, as its firmware says; of a virtual one, what it runs under.
 */
#ifndef TANDEM_VENDOR_H
#define TANDEM_VENDOR_H

#include "base/base.h"

/* Does the vendor's name begin so?  False as well when nothing is said. */
bool vendor_is(const char *start);

#endif
