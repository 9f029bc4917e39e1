/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A part of the prober, see prober_inside.h: asks the network, and judges what it answers or that
 * it does not.
 */
#ifndef TANDEM_TRIES_H
#define TANDEM_TRIES_H

#include "daemon/prober_inside.h"

/* The sockets of echoes; a family the kernel does not have is no reason to do without the other. */
void tries_open(struct prober *prober);
void tries_close(struct prober *prober);

/* No try of this probe, whose prober is set, is under way: 0, or negative errno. */
int tries_init(struct probe *probe) MUST_USE;
void tries_done(struct probe *probe);	/* also after init failed, or the second time */
/* Nobody waits any more for the answers to those under way. */
void tries_drop(struct probe *probe);

/* Try now; what cannot be sent is lost. */
void tries_start(struct probe *probe);
/* Look at those under way when the first of them has had its time, by the settings of now. */
void tries_arm(struct probe *probe);

#endif
