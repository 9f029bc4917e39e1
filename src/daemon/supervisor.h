/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Starts, watches and restarts the roles, and keeps what must outlive them: the engine's memory,
 * the socket pairs between the engine and the others, the API's listening socket.  Parses nothing
 * from outside; a few hundred lines are all that runs as root.
 */
#ifndef TANDEM_SUPERVISOR_H
#define TANDEM_SUPERVISOR_H

#include "daemon/roles.h"

/* Run until SIGTERM or SIGINT; the exit status of the service. */
int supervisor_run(const struct role_options *options);

#endif
