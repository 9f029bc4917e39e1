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

/* Have so many files open, or as many as the machine allows: thousands of links or servers need
 * more than the usual 1,024, and more than the 4,096 that some systems have for a most, which only
 * root may exceed. */
void privilege_open_files(uint64_t count);

/*
 * For a thread of the engine, started after privilege_drop_engine(): the same scheduling, one step
 * behind that of the process.  False when the process has none.
 */
bool privilege_real_time_helper(void);

/*
 * Flowsync: before everything ordinary, behind everything of the engine.  A reader of events that
 * has to wait for its turn tells the partner late.  False when the machine refuses.
 */
bool privilege_real_time_least(void);

/* Engine: become user, keep CAP_NET_ADMIN and CAP_NET_RAW. */
int privilege_drop_engine(const char *user, struct error *error) MUST_USE;

/* Manager: become user, keep CAP_NET_BIND_SERVICE if it is there, and forbid the system calls it
 * has no use for (exec, ptrace, mount, module and clock calls, raw and packet sockets ...). */
int privilege_drop_manager(const char *user, struct error *error) MUST_USE;

/* Filter and balancer: become user, keep CAP_NET_ADMIN. */
int privilege_drop_filter(const char *user, struct error *error) MUST_USE;

/*
 * Flowsync: become user, keep CAP_NET_ADMIN, and CAP_NET_BIND_SERVICE if it is there, for a low
 * listen-port.  It talks to another router and to the kernel's tables: any system call that is
 * not on its list ends the process, and files can be read, but not made, written or emptied; only
 * the kernel's settings of the network can be written.
 */
int privilege_drop_flowsync(const char *user, struct error *error) MUST_USE;

/*
 * Runner: become user, keep CAP_SETUID, CAP_SETGID and CAP_KILL, to run programs as others and to
 * end them.  The programs keep none of them: the bounding set is empty.
 */
int privilege_drop_runner(const char *user, struct error *error) MUST_USE;

/* Prober: become user, keep CAP_NET_RAW. */
int privilege_drop_prober(const char *user, struct error *error) MUST_USE;

#endif
