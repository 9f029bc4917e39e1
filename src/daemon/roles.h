/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The roles of the service: what each is given by the supervisor when it is forked.  A role's main
 * function sets itself up, gives up what it does not need (system/privilege), runs its loop until
 * SIGTERM, and returns the exit status of its process.
 */
#ifndef TANDEM_ROLES_H
#define TANDEM_ROLES_H

#include "base/base.h"
#include "base/log.h"
#include "daemon/helpers.h"
#include "daemon/memory.h"
#include "daemon/pulse.h"

struct role_options {
	const char *saved_path;		/* /etc/tandem/config.boot */
	const char *run_dir;		/* /run/tandem; "manager" below is the manager's */
	const char *state_dir;		/* /var/lib/tandem */
	const char *user;		/* whom the manager and the engine become */
	const char *name;		/* the router's name in log lines, or NULL */
	const char *yang_dir;		/* NULL = the usual places */
	enum log_level log_level;
};

/* Configuration store and API.  channel: to the engine; api_socket: listening Unix socket; door: to
 * flowsync; hatch: to the balancer. */
int manager_main(const struct role_options *options, int channel, int api_socket, int door,
                 int hatch, const struct memory *memory);

/* VRRP, links and addresses.  channel: to the manager; helpers: to the others. */
int engine_main(const struct role_options *options, int channel, const int helpers[HELPERS],
                struct memory *memory);

/* What these are for, each with its channel to the engine.  The packet filter; replication of
 * connections (door: to the manager; pulse: for the supervisor); programs; checks of paths,
 * processes, files and servers; virtual servers (hatch: to the manager). */
int filter_main(const struct role_options *options, int channel);
int flowsync_main(const struct role_options *options, int channel, int door, struct pulse *pulse);
int runner_main(const struct role_options *options, int channel);
int prober_main(const struct role_options *options, int channel);
int balancer_main(const struct role_options *options, int channel, int hatch);

#endif
