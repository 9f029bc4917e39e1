/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Shows a text on the user's terminal, through $PAGER if the screen is too small for it, or if
 * that is asked for.
 */
#ifndef TANDEM_PAGER_H
#define TANDEM_PAGER_H

#include <stdio.h>

#include "base/base.h"

/* Has the screen room for all of it, and a prompt below? */
bool pager_fits(FILE *terminal, const char *text);
void pager_show(FILE *terminal, const char *text, bool always);

#endif
