/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * All numbers that a refusal or a warning of a commit may end with, as in [C7], and what each
 * stands for.
 */
#ifndef TANDEM_RULEBOOK_H
#define TANDEM_RULEBOOK_H

#include <stddef.h>

#include "base/base.h"

struct rulebook_entry {
	const char *number;
	const char *text;		/* sentences, two blanks apart */
};

/* In the order of the manual: errors, then warnings. */
extern const struct rulebook_entry rulebook[];
extern const size_t rulebook_count;

bool rulebook_is_warning(const struct rulebook_entry *entry);

#endif
