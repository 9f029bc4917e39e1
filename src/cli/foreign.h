/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Configurations of other programs, in both modes: "import vyatta <file>".
 */
#ifndef TANDEM_FOREIGN_H
#define TANDEM_FOREIGN_H

#include "cli/tree.h"

/* Operational: set commands on out, the report on err.  DONE; FAILED when something has no equal;
 * USAGE when the file cannot be read. */
command_run foreign_print_keepalived, foreign_print_vyatta, foreign_print_vyos;

/* In configuration mode: into the candidate, the report on err.  DONE even when something has no
 * equal, so that a script goes on; USAGE when the file cannot be read. */
command_run foreign_merge_keepalived, foreign_merge_vyatta, foreign_merge_vyos;

/* Names of files. */
command_complete foreign_complete;

#endif
