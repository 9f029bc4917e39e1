/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The host name that the kernel has, in the namespace of this process: what "hostname" prints.  No
 * file of the system is changed, so a boot begins with the name that those say.
 */
#ifndef TANDEM_NODENAME_H
#define TANDEM_NODENAME_H

#include "base/base.h"

#define NODENAME_SIZE 65u		/* with the final zero */

/* "" when the kernel does not say. */
void nodename_get(char name[NODENAME_SIZE]);
/* Through a file below /proc, which root may write without any capability.  0 or negative errno. */
int nodename_set(const char *name) MUST_USE;

#endif
