/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Adopting settings, in pieces: each is a short turn of the loop, and what is due goes out between
 * them.  One adopt at a time; the manager is not listened to meanwhile.
 */
#ifndef TANDEM_ADOPT_H
#define TANDEM_ADOPT_H

#include "daemon/node.h"

/* The loop's source of pieces. */
int adopt_open(struct node *node) MUST_USE;

struct adopt_how {
	uint32_t request;		/* of the manager, answered when all is done; 0 = none */
	bool attempt;			/* see answers_adopted() */
	bool resume;			/* the records in the memory are a predecessor's: go on */
};

/* Begin to adopt settings (taken). */
void adopt_begin(struct node *node, struct settings *settings, const struct adopt_how *how);
/* Do at once what is left of it, if anything is. */
void adopt_finish(struct node *node);

#endif
