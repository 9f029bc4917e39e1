/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The lines of a keepalived configuration as keepalived sees them: without comments, included files
 * in their place, conditional lines decided, parameters substituted, sequences and lists written
 * out (keepalived.conf(5), "ADVANCED CONFIGURATION").
 */
#ifndef TANDEM_LINES_H
#define TANDEM_LINES_H

#include "base/base.h"
#include "import/finding.h"
#include "import/source.h"

/* One line that is not blank.  text is the callee's to change. */
typedef void lines_take(void *owner, struct place place, char *text);

/*
 * Read the source, call take for every line.  Files that cannot be included are findings; -EINVAL
 * with a finding of a fault when the rest would make no sense: no such file, a line without end,
 * files that include each other, definitions that never end.
 */
int lines_read(const struct source *source, struct findings *findings, lines_take *take,
               void *owner) MUST_USE;

#endif
