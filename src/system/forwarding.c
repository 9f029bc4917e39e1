/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The two switches below /proc/sys, which everybody may read.
 */
#include "system/forwarding.h"

#include <fcntl.h>
#include <unistd.h>

bool
forwarding_is_on(uint8_t family)
{
	const char *path = family == 4 ? "/proc/sys/net/ipv4/ip_forward" :
	                                 "/proc/sys/net/ipv6/conf/all/forwarding";
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	char digit = '1';

	if (fd >= 0) {
		(void)!read(fd, &digit, 1);
		close(fd);
	}
	return digit != '0';
}
