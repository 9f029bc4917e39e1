/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The numbers of a link's IPv6 layer, which the kernel lets nobody set but through files.
 */
#ifndef TANDEM_SYSCTL_H
#define TANDEM_SYSCTL_H

#include "base/base.h"
#include "core/settings.h"

/* Set one (of those from TUNE_IPV6 on), in the network namespace of this thread.  0 or negative
 * errno; may wait for a lock of the kernel. */
int sysctl_set(const char *link, enum tune tune, int value) MUST_USE;

#endif
