/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Two routers with identities in folders of their own, and a TLS session between them over a
 * socket pair, both ends in one thread.
 */
#ifndef TANDEM_TEST_ENDS_H
#define TANDEM_TEST_ENDS_H

#include "system/tls.h"

#define ENDS_PATH_SIZE 64

struct ends {
	char folders[2][ENDS_PATH_SIZE];
	struct identity *identities[2];
	struct tls *tls[2];		/* [0] is the client */
	int result[2];			/* of the last tls_handshake() */
	struct error errors[2];
};

/* A new empty folder; it is removed by ends_remove(). */
void ends_folder(char folder[ENDS_PATH_SIZE]);
void ends_remove(const char *folder);

/* Identities for both ends. */
void ends_open(struct ends *ends);
void ends_close(struct ends *ends);

/* Begin sessions over a socket pair and go on until both handshakes are over, well or not.  A pin
 * may be NULL. */
void ends_shake(struct ends *ends, const struct fingerprint *client_pin,
                const struct fingerprint *server_pin);

#endif
