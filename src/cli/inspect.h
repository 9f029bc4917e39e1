/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * "check": every error and warning of one configuration, in full.
 */
#ifndef TANDEM_INSPECT_H
#define TANDEM_INSPECT_H

#include "cli/session.h"

command_run inspect_candidate;
command_run inspect_running;
/* arguments: a file.  Needs no service. */
command_run inspect_file;
/* Names of files. */
command_complete inspect_complete;

#endif
