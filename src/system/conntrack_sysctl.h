/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The few settings of the kernel's connection tracking that matter to who carries flows elsewhere.
 * They are of the network namespace of the caller; table size and buckets are of the whole kernel.
 */
#ifndef TANDEM_CONNTRACK_SYSCTL_H
#define TANDEM_CONNTRACK_SYSCTL_H

#include "base/base.h"

enum conntrack_sysctl {
	/* 0 = flows never tell of themselves, 1 = always, 2 = those that begin while anybody
	 * listens.  A flow that began silent stays silent: set 1 before there is traffic. */
	CONNTRACK_SYSCTL_EVENTS,
	CONNTRACK_SYSCTL_MAX,		/* flows the table may hold, of all network namespaces */
	CONNTRACK_SYSCTL_COUNT,		/* ... and holds now, of this one */
	CONNTRACK_SYSCTL_BUCKETS,
	CONNTRACK_SYSCTL_TCP_LOOSE,	/* 1 = picks up TCP connections in the middle */
	CONNTRACK_SYSCTL_TCP_BE_LIBERAL, /* 1 = no window is checked */
	CONNTRACK_SYSCTLS
};

/* 0 with the value, or negative errno (-ENOENT: this kernel does not track connections). */
int conntrack_sysctl_get(enum conntrack_sysctl which, uint64_t *ret_value) MUST_USE;
/* 0, or negative errno; what it is already is not written again. */
int conntrack_sysctl_set(enum conntrack_sysctl which, uint64_t value) MUST_USE;
/* "nf_conntrack_max", as people know it. */
const char *conntrack_sysctl_name(enum conntrack_sysctl which);

#endif
