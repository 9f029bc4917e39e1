/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A stream whose lines go through pipes ("| match", "| no-match", "| count") on their way.
 */
#ifndef TANDEM_FILTER_H
#define TANDEM_FILTER_H

#include <stdio.h>

#include "cli/pipes.h"

/* What is written to the stream reaches to as far as the pipes let it; both are borrowed and
 * outlive it.  fclose() prints the counts.  Flushing it flushes to as well. */
FILE *filter_open(const struct pipes *pipes, FILE *to);

#endif
