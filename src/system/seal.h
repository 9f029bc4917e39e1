/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Sealed datagrams between two routers that have a TLS session (system/tls): AEAD with keys that
 * only the ends of that session have, one key a direction.  A datagram is a head in the clear that
 * is authenticated, and a body that is encrypted too; its sequence number is part of the nonce and
 * travels in the head, in the caller's form.
 *
 * Each number is used once a seal, by construction: seal_wrap() gives the numbers out itself, and
 * seal_unwrap() keeps a replay window (core/replay).
 *
 * Limits, after which the caller opens a new TLS session and takes new seals from it (which also
 * has forward secrecy, as another export from the same session has not): SEAL_WRAPS_MAX datagrams
 * (RFC 9001 B.1, for packets of at most 2 kB), SEAL_FORGED_MAX failures to open (RFC 9001 6.6),
 * both kept here; and SEAL_AGE of time, which is the caller's.
 */
#ifndef TANDEM_SEAL_H
#define TANDEM_SEAL_H

#include "base/base.h"
#include "base/nsec.h"
#include "system/tls.h"

#define SEAL_TAG_SIZE 16u		/* what a sealed body is longer */
#define SEAL_BODY_MAX 2048u		/* the limits are counted for this */
#define SEAL_HEAD_MAX 64u
#define SEAL_WRAPS_MAX (UINT64_C(1) << 28)
#define SEAL_FORGED_MAX (UINT64_C(1) << 36)
#define SEAL_AGE (3600 * NSEC_PER_SEC)
#define SEAL_MATERIAL_SIZE 44u		/* a key of 32 bytes, a salt of 12 */

struct seal;				/* one direction */

/* What became of a datagram that came in. */
enum seal_fault {
	SEAL_GOOD,
	SEAL_SHORT,			/* no room for a tag, or longer than any of ours */
	SEAL_REPLAYED,
	SEAL_OLD,			/* behind the replay window */
	SEAL_FORGED,			/* not sealed by the peer for this session and number */
	SEAL_WORN,			/* too many forgeries: new keys are due */
	SEAL_FAULTS,
};

const char *seal_fault_name(enum seal_fault fault);

/*
 * Both seals of a session whose handshake is over.  purpose: at most 255 bytes that both sides give
 * alike, such as the number of a path; each purpose has keys of its own, and must be used once a
 * session.  0, or negative errno with *error; end both with seal_free().
 */
int seal_new_pair(const struct tls *tls, enum tls_role role, const void *purpose,
                  size_t purpose_size, struct seal **ret_sending, struct seal **ret_receiving,
                  struct error *error) MUST_USE;
/* One of them from material: for tests and for whoever has keys from elsewhere. */
int seal_new(enum tls_cipher cipher, const uint8_t material[SEAL_MATERIAL_SIZE],
             struct seal **ret_seal, struct error *error) MUST_USE;
/* The key is wiped.  NULL is fine. */
void seal_free(struct seal *seal);

/*
 * The number that the next seal_wrap() will use, to be written into the head first; -EKEYEXPIRED
 * when there is none left.
 */
int seal_next(const struct seal *seal, uint64_t *ret_number) MUST_USE;

/* Seal a body of at most SEAL_BODY_MAX bytes into sealed, which has room for size + SEAL_TAG_SIZE
 * and may be body itself.  How many bytes it has, or -EKEYEXPIRED. */
int seal_wrap(struct seal *seal, const void *head, size_t head_size, const void *body, size_t size,
              void *sealed) MUST_USE;

/*
 * Open what came in, into body, which has room for size - SEAL_TAG_SIZE and may be sealed itself.
 * Nothing but SEAL_GOOD says anything about its sender, and only SEAL_GOOD writes *ret_size.
 */
enum seal_fault seal_unwrap(struct seal *seal, const void *head, size_t head_size, uint64_t number,
                            const void *sealed, size_t size, void *body,
                            size_t *ret_size) MUST_USE;

#endif
