/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Settings of connection tracking, by their files under /proc/sys.
 */
#include "system/conntrack_sysctl.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

static const char *const names[CONNTRACK_SYSCTLS] = {
	[CONNTRACK_SYSCTL_EVENTS] = "nf_conntrack_events",
	[CONNTRACK_SYSCTL_MAX] = "nf_conntrack_max",
	[CONNTRACK_SYSCTL_COUNT] = "nf_conntrack_count",
	[CONNTRACK_SYSCTL_BUCKETS] = "nf_conntrack_buckets",
	[CONNTRACK_SYSCTL_TCP_LOOSE] = "nf_conntrack_tcp_loose",
	[CONNTRACK_SYSCTL_TCP_BE_LIBERAL] = "nf_conntrack_tcp_be_liberal",
};

static int
open_setting(enum conntrack_sysctl which, int flags)
{
	char path[96];

	assert(which < CONNTRACK_SYSCTLS);
	snprintf(path, sizeof(path), "/proc/sys/net/netfilter/%s", names[which]);
	return open(path, flags | O_CLOEXEC);
}

const char *
conntrack_sysctl_name(enum conntrack_sysctl which)
{
	assert(which < CONNTRACK_SYSCTLS);
	return names[which];
}

int
conntrack_sysctl_get(enum conntrack_sysctl which, uint64_t *ret_value)
{
	char text[32], *end;
	int fd = open_setting(which, O_RDONLY);
	ssize_t length;
	int r;

	if (fd < 0)
		return -errno;
	length = read(fd, text, sizeof(text) - 1);
	r = length < 0 ? -errno : 0;
	close(fd);
	if (r < 0)
		return r;
	text[length] = '\0';
	errno = 0;
	*ret_value = strtoull(text, &end, 10);
	return end == text || errno ? -EBADMSG : 0;
}

int
conntrack_sysctl_set(enum conntrack_sysctl which, uint64_t value)
{
	uint64_t now;
	int r = conntrack_sysctl_get(which, &now);
	char text[32];
	int fd, length;

	if (r < 0 || now == value)
		return r;
	fd = open_setting(which, O_WRONLY);
	if (fd < 0)
		return -errno;
	length = snprintf(text, sizeof(text), "%llu\n", (unsigned long long)value);
	r = write(fd, text, (size_t)length) < 0 ? -errno : 0;
	close(fd);
	return r;
}
