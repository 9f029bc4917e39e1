/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Who this router is towards its peer: one key of its own and a certificate that it signed itself,
 * made when they are first needed and kept for ever.  There is no authority and there are no names:
 * a router is its key, and its key is known by its fingerprint.
 */
#ifndef TANDEM_IDENTITY_H
#define TANDEM_IDENTITY_H

#include "base/base.h"
#include "base/error.h"
#include "base/fingerprint.h"

#define IDENTITY_FOLDER "pair"		/* in the state directory, mode 0700 */
#define IDENTITY_FILE "identity.pem"	/* in there: key and certificate, mode 0600 */

struct gnutls_certificate_credentials_st;
struct identity;

/*
 * Read the identity from <state_dir>/pair/identity.pem, or make it if there is none.  Several
 * processes may do so at once: all get the same.  A file that is there and damaged, or readable for
 * others than its owner, is refused and never replaced: the peer knows that key.
 * 0, or negative errno with *error; end with identity_free().
 */
int identity_open(const char *state_dir, struct identity **ret_identity,
                  struct error *error) MUST_USE;
/*
 * Another key and certificate in place of those that are there, or not.  Whoever read them before
 * keeps what he read.  0, or negative errno with *error and nothing changed.
 */
int identity_renew(const char *state_dir, struct error *error) MUST_USE;
/* NULL is fine. */
void identity_free(struct identity *identity);

/* What the peer must know of it. */
const struct fingerprint *identity_fingerprint(const struct identity *identity);

/* For system/tls: what a session proves the identity with; lives as long as the identity. */
struct gnutls_certificate_credentials_st *identity_credentials(const struct identity *identity);

#define IDENTITY_SECRET_SIZE 32u

/*
 * What this router and the owner of the key in a certificate (DER) both can make and nobody else
 * can: the same on both, whenever they do.  The owner must have proved the key.  0, -EBADMSG when
 * it is no certificate, -EOPNOTSUPP when either key is none of P-256.
 */
int identity_secret(const struct identity *identity, const void *certificate, size_t size,
                    uint8_t ret_secret[IDENTITY_SECRET_SIZE]) MUST_USE;

/* The fingerprint of the key in a certificate (DER): 0, or -EBADMSG when it is none. */
int identity_fingerprint_of(const void *certificate, size_t size,
                            struct fingerprint *ret_fingerprint) MUST_USE;

#endif
