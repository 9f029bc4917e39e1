/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A TLS 1.3 session between the two routers of a pair, over a connected socket that never blocks,
 * for use from an event loop.  Both sides prove their key; a side is trusted by the fingerprint of
 * its key alone (system/identity).  No older version, no authority, no names, no session tickets,
 * no data before the handshake is over.
 *
 * From a loop:
 *     tls_new(); wait for tls_events(), at most until tls_deadline();
 *     tls_handshake() until it says 0, then tls_receive() and tls_send() like read and write.
 * TLS may hold bytes that the socket no longer shows: read until -EAGAIN.
 */
#ifndef TANDEM_TLS_H
#define TANDEM_TLS_H

#include <stdint.h>
#include <sys/types.h>

#include "base/base.h"
#include "base/error.h"
#include "base/fingerprint.h"
#include "base/nsec.h"
#include "system/identity.h"

#define TLS_PATIENCE (5 * NSEC_PER_SEC)	/* for a handshake, from tls_new() */
#define TLS_EXPORT_MAX 256u		/* bytes of key material in one call */

/* One whose peer has proved nothing yet uses at most some 100 kB: of the handshake no more than
 * 16 kB are read. */
struct tls;

enum tls_role {
	TLS_CLIENT,
	TLS_SERVER,
};

enum tls_cipher {
	TLS_AES_256_GCM,
	TLS_CHACHA20_POLY1305,
};

/*
 * Begin a session on socket (taken, also on failure; made non-blocking).  identity is borrowed and
 * must outlive the session.  pin: the only key that the peer may have, copied; NULL: any key, and
 * the caller decides by tls_peer() once the handshake is over.
 * 0, or negative errno with *error.
 */
int tls_new(const struct identity *identity, enum tls_role role, const struct fingerprint *pin,
            int socket, struct tls **ret_tls, struct error *error) MUST_USE;
/* Tell the peer that this is the end, if it can be told at once, and close the socket.  NULL is
 * fine. */
void tls_free(struct tls *tls);

int tls_socket(const struct tls *tls);
/* EPOLLIN, or EPOLLOUT too while something waits to be sent. */
uint32_t tls_events(const struct tls *tls);
/* When a handshake that is not over has failed; clock_now()'s time. */
nsec_t tls_deadline(const struct tls *tls);

/*
 * Go on with the handshake.  0: done; -EAGAIN: wait for tls_events(); else it has failed for good,
 * and *error says what to do:
 *   -EKEYREJECTED     the peer has another key than pin
 *   -ENOKEY           the peer shows no key
 *   -EACCES           the peer refuses our key
 *   -EPROTONOSUPPORT  the peer speaks no TLS 1.3 that we do
 *   -ETIMEDOUT        it took longer than TLS_PATIENCE
 *   -ECONNRESET       the peer went away
 *   -EPROTO           the peer breaks the rules of TLS
 * A server checks the client last: a client that it refuses has 0 from tls_handshake() and -EACCES
 * from its first tls_receive().
 */
int tls_handshake(struct tls *tls, struct error *error) MUST_USE;

/* The key that the peer has proved to have.  Only after the handshake. */
const struct fingerprint *tls_peer(const struct tls *tls);
/* What both use: the fastest that both have in hardware. */
enum tls_cipher tls_cipher(const struct tls *tls);

/* Up to size bytes (more than 0); 0: the peer ended the session; -EAGAIN: none yet; else as
 * above. */
ssize_t tls_receive(struct tls *tls, void *bytes, size_t size, struct error *error) MUST_USE;

/*
 * Hand over up to size bytes; how many were taken, or -EAGAIN: earlier ones still wait, wait for
 * EPOLLOUT first.  Bytes that were taken are sent as soon as tls_send() or tls_flush() can.
 */
ssize_t tls_send(struct tls *tls, const void *bytes, size_t size, struct error *error) MUST_USE;
/* 0: nothing waits to be sent. */
int tls_flush(struct tls *tls, struct error *error) MUST_USE;

/*
 * Key material that both ends of this session have and nobody else (RFC 8446 7.5).  label begins
 * with "EXPORTER-"; the same label and context give the same material, different ones independent
 * material.  size is at most TLS_EXPORT_MAX.
 */
int tls_export(const struct tls *tls, const char *label, const void *context, size_t context_size,
               void *material, size_t size) MUST_USE;

/*
 * Bytes (at most IDENTITY_SECRET_SIZE) that the two routers' keys make, the same in each session of
 * the two and unknown to anybody else; see identity_secret().  Only after the handshake.
 */
int tls_pair_secret(const struct tls *tls, void *secret, size_t size) MUST_USE;

#endif
