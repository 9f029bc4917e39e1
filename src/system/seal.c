/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The nonce is the salt with the number laid over its end, as TLS 1.3 makes it (RFC 8446 5.3).
 * Keys are used for one direction, of one purpose, of one session, so that no nonce is ever used
 * twice with one key.
 */
#include "system/seal.h"

#include <errno.h>
#include <gnutls/crypto.h>
#include <gnutls/gnutls.h>
#include <stdlib.h>
#include <string.h>

#include "core/replay.h"

#define LABEL "EXPORTER-tandem-datagrams"
#define KEY_SIZE 32u
#define SALT_SIZE 12u

struct seal {
	gnutls_aead_cipher_hd_t cipher;
	uint8_t salt[SALT_SIZE];
	uint64_t next;			/* sending */
	uint64_t forged;		/* receiving */
	struct replay replay;
};

const char *
seal_fault_name(enum seal_fault fault)
{
	static const char *const names[SEAL_FAULTS] = {
		[SEAL_GOOD] = "good",
		[SEAL_SHORT] = "short or long",
		[SEAL_REPLAYED] = "replayed",
		[SEAL_OLD] = "too old",
		[SEAL_FORGED] = "forged",
		[SEAL_WORN] = "key worn out",
	};

	assert(fault < SEAL_FAULTS);
	return names[fault];
}

int
seal_new(enum tls_cipher cipher, const uint8_t material[SEAL_MATERIAL_SIZE],
         struct seal **ret_seal, struct error *error)
{
	gnutls_datum_t key = { .data = (unsigned char *)material, .size = KEY_SIZE };
	struct seal *seal = calloc(1, sizeof(*seal));
	int r;

	assert(seal);
	r = gnutls_aead_cipher_init(&seal->cipher, cipher == TLS_AES_256_GCM
	                            ? GNUTLS_CIPHER_AES_256_GCM : GNUTLS_CIPHER_CHACHA20_POLY1305,
	                            &key);
	if (r < 0) {
		free(seal);
		return error_set(error, -EIO, "datagrams cannot be sealed: %s", gnutls_strerror(r));
	}
	memcpy(seal->salt, material + KEY_SIZE, SALT_SIZE);
	*ret_seal = seal;
	return 0;
}

int
seal_new_pair(const struct tls *tls, enum tls_role role, const void *purpose, size_t purpose_size,
              struct seal **ret_sending, struct seal **ret_receiving, struct error *error)
{
	uint8_t material[2][SEAL_MATERIAL_SIZE];	/* of the client's, of the server's */
	unsigned own = role == TLS_CLIENT ? 0 : 1;
	struct seal *sending = NULL;
	int r = tls_export(tls, LABEL, purpose, purpose_size, material, sizeof(material));

	if (r < 0)
		return error_set(error, r, "the TLS session gives no keys for datagrams");
	r = seal_new(tls_cipher(tls), material[own], &sending, error);
	if (r == 0)
		r = seal_new(tls_cipher(tls), material[1 - own], ret_receiving, error);
	gnutls_memset(material, 0, sizeof(material));
	if (r < 0)
		seal_free(sending);
	else
		*ret_sending = sending;
	return r;
}

void
seal_free(struct seal *seal)
{
	if (!seal)
		return;
	gnutls_aead_cipher_deinit(seal->cipher);
	gnutls_memset(seal, 0, sizeof(*seal));
	free(seal);
}

static void
make_nonce(const struct seal *seal, uint64_t number, uint8_t nonce[SALT_SIZE])
{
	memcpy(nonce, seal->salt, SALT_SIZE);
	for (unsigned i = 0; i < 8; i++)
		nonce[SALT_SIZE - 1 - i] ^= (uint8_t)(number >> 8 * i);
}

int
seal_next(const struct seal *seal, uint64_t *ret_number)
{
	if (seal->next >= SEAL_WRAPS_MAX)
		return -EKEYEXPIRED;
	*ret_number = seal->next;
	return 0;
}

int
seal_wrap(struct seal *seal, const void *head, size_t head_size, const void *body, size_t size,
          void *sealed)
{
	uint8_t nonce[SALT_SIZE];
	size_t length = size + SEAL_TAG_SIZE;

	assert(size <= SEAL_BODY_MAX && head_size <= SEAL_HEAD_MAX);
	if (seal->next >= SEAL_WRAPS_MAX)
		return -EKEYEXPIRED;
	make_nonce(seal, seal->next, nonce);
	if (gnutls_aead_cipher_encrypt(seal->cipher, nonce, sizeof(nonce), head, head_size,
	                               SEAL_TAG_SIZE, body, size, sealed, &length) < 0)
		assert(!"sealing needs nothing but room");
	seal->next++;
	return (int)length;
}

enum seal_fault
seal_unwrap(struct seal *seal, const void *head, size_t head_size, uint64_t number,
            const void *sealed, size_t size, void *body, size_t *ret_size)
{
	uint8_t nonce[SALT_SIZE];
	size_t length = size - SEAL_TAG_SIZE;

	if (size < SEAL_TAG_SIZE || size > SEAL_BODY_MAX + SEAL_TAG_SIZE)
		return SEAL_SHORT;
	if (seal->forged >= SEAL_FORGED_MAX)
		return SEAL_WORN;
	switch (replay_judge(&seal->replay, number)) {
	case REPLAY_SEEN:
		return SEAL_REPLAYED;
	case REPLAY_OLD:
		return SEAL_OLD;
	case REPLAY_FRESH:
		break;
	}
	make_nonce(seal, number, nonce);
	if (gnutls_aead_cipher_decrypt(seal->cipher, nonce, sizeof(nonce), head, head_size,
	                               SEAL_TAG_SIZE, sealed, size, body, &length) < 0) {
		seal->forged++;
		return SEAL_FORGED;
	}
	replay_note(&seal->replay, number);
	*ret_size = length;
	return SEAL_GOOD;
}
