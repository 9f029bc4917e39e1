/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The two forms of a configuration of Vyatta or VyOS, a config.boot with its braces or set
 * commands, as one tree of statements: each has one word, a node's name or a value.
 */
#ifndef TANDEM_CONFIG_BOOT_H
#define TANDEM_CONFIG_BOOT_H

#include "import/source.h"
#include "import/statement.h"

/*
 * The whole source; NULL, and a finding of a fault, when it makes no sense.  wanted, ended by NULL,
 * are the words at the top below which something is kept; of the others only the word is, since
 * some have very many nodes.  NULL: all are wanted.
 */
struct statement *config_boot_read(const struct source *source, const char *const wanted[],
                                   struct findings *findings) MUST_USE;

#endif
