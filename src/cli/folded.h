/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A stream to a terminal on which a line that is too long goes on below itself at a word, not in
 * the middle of one.
 */
#ifndef TANDEM_FOLDED_H
#define TANDEM_FOLDED_H

#include <stdio.h>

#include "base/base.h"

/* What is no terminal is returned as it is.  A line appears when it ends, or at fflush(). */
FILE *folded_open(FILE *terminal);

#endif
