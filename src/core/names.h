/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Where a name stands in an array of structs that begin with one: links, sync groups, tracked
 * objects of a configuration.  Made once, then only read.
 */
#ifndef TANDEM_NAMES_H
#define TANDEM_NAMES_H

#include "base/base.h"

struct names {
	const char *first;		/* borrowed: the array */
	size_t size;			/* of its elements */
	uint32_t mask;
	uint32_t *slots;		/* index + 1, 0 = empty */
};

/* Of equal names the first is found.  0 or -ENOMEM. */
int names_init(struct names *names, const void *first, size_t size, uint32_t count) MUST_USE;
void names_done(struct names *names);	/* a zeroed one is fine */

/* Index of the element of this name, or -1. */
int names_find(const struct names *names, const char *name);

#endif
