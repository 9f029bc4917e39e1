/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Writes below /proc/sys/net/ipv6/conf, nowhere else.  Those of IPv4 travel by route netlink, see
 * nllink.c; and what is set is read from there for both.
 */
#include "system/sysctl.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <unistd.h>

static const char *const names[TUNES] = {
	[TUNE_IGNORE_LINKDOWN6] = "ignore_routes_with_linkdown",
	[TUNE_ACCEPT_RA] = "accept_ra",
	[TUNE_AUTOCONF] = "autoconf",
	[TUNE_DISABLE_IPV6] = "disable_ipv6",
	[TUNE_DAD_TRANSMITS] = "dad_transmits",
};

int
sysctl_set(const char *link, enum tune tune, int value)
{
	char path[128], text[16];
	int length = snprintf(text, sizeof(text), "%d\n", value);
	int descriptor, r;

	assert(tune >= TUNE_IPV6 && names[tune] != NULL);
	snprintf(path, sizeof(path), "/proc/sys/net/ipv6/conf/%.15s/%s", link, names[tune]);
	descriptor = open(path, O_WRONLY | O_CLOEXEC);
	if (descriptor < 0)
		return -errno;
	do
		r = write(descriptor, text, (size_t)length) == length ? 0 : -errno;
	while (r == -EINTR);
	close(descriptor);
	return r;
}
