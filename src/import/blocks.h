/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * keepalived's lines as a tree of statements: words, quotes and braces.
 */
#ifndef TANDEM_BLOCKS_H
#define TANDEM_BLOCKS_H

#include "import/source.h"
#include "import/statement.h"

/* The whole source; NULL, and a finding of a fault, when it makes no sense. */
struct statement *blocks_read(const struct source *source, struct findings *findings);

#endif
