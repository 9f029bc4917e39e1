/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The list of powers, on one screen: what each role keeps after its start.  All calls are made
 * once, early, by a process that began as root; a failure is the world's and the role must not go
 * on.  Where the process is not root (a test), giving up nothing is done and said so with 0.
 */
#ifndef TANDEM_PRIVILEGE_H
#define TANDEM_PRIVILEGE_H

#include "base/base.h"
#include "base/error.h"

/* Real-time scheduling and locked memory; what the machine refuses is left out and named in
 * *ret_missing (static text, NULL = nothing missing). */
void privilege_real_time(const char **ret_missing);

/*
 * For a thread of the engine, started after privilege_drop_engine(): the same scheduling, one step
 * behind that of the process.  False when the process has none.
 */
bool privilege_real_time_helper(void);

/* Engine: become user, keep CAP_NET_ADMIN and CAP_NET_RAW. */
int privilege_drop_engine(const char *user, struct error *error) MUST_USE;

/* Manager: become user, keep CAP_NET_BIND_SERVICE if it is there, and forbid the system calls it
 * has no use for (exec, ptrace, mount, module and clock calls, raw and packet sockets ...). */
int privilege_drop_manager(const char *user, struct error *error) MUST_USE;

/* Filter, and flowsync: become user, keep CAP_NET_ADMIN. */
int privilege_drop_filter(const char *user, struct error *error) MUST_USE;

/*
 * Runner: become user, keep CAP_SETUID, CAP_SETGID and CAP_KILL, to run programs as others and to
 * end them.  The programs keep none of them: the bounding set is empty.
 */
int privilege_drop_runner(const char *user, struct error *error) MUST_USE;

/* Prober: become user, keep CAP_NET_RAW. */
int privilege_drop_prober(const char *user, struct error *error) MUST_USE;

#endif
