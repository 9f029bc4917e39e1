/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The two forms of a VyOS configuration as one tree of statements: a statement for every node, of
 * one word for a name and a second for a value.
 */
#ifndef TANDEM_VYOS_TEXT_H
#define TANDEM_VYOS_TEXT_H

#include "import/source.h"
#include "import/statement.h"

/* The whole source; NULL, and a finding of a fault, when it makes no sense. */
struct statement *vyos_text_read(const struct source *source, struct findings *findings);

#endif
