/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A set of names, numbered in the order in which they came: what many groups refer to stands once
 * in the settings.
 */
#ifndef TANDEM_NAMESET_H
#define TANDEM_NAMESET_H

#include "base/base.h"

struct nameset {
	char **list;			/* by number; on the heap */
	uint32_t count;
	uint32_t *slots;		/* hash table: number + 1, 0 = free */
	uint32_t room;			/* slots, a power of two, or 0 */
};

/* The number of this name; -1 when it is not among them. */
int32_t nameset_find(const struct nameset *names, const char *name);
/* The number of this name, which is added when it is new. */
uint32_t nameset_add(struct nameset *names, const char *name, bool *ret_new);
void nameset_done(struct nameset *names);

#endif
