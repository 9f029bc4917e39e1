/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Is the kernel told to forward packets, in the network namespace of this process?
 */
#ifndef TANDEM_FORWARDING_H
#define TANDEM_FORWARDING_H

#include "base/base.h"

/* Of a family (4 or 6); true as well when the kernel does not say, or lacks the family. */
bool forwarding_is_on(uint8_t family);

#endif
