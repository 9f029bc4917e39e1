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

/*
 * Begin to adopt settings (taken) for a request of the manager.  resume: the records in the memory
 * are a predecessor's, go on from them.  The request is answered when all is done.
 */
void adopt_begin(struct node *node, struct settings *settings, uint32_t request, bool resume);
/* Do at once what is left of it, if anything is. */
void adopt_finish(struct node *node);

#endif
