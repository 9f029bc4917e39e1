/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The fingerprint of a router's key, as a value and in the form in which people compare it:
 * sixteen groups of four hexadecimal digits.  Where it comes from is system/identity's business.
 */
#ifndef TANDEM_FINGERPRINT_H
#define TANDEM_FINGERPRINT_H

#include <stdbool.h>
#include <stdint.h>
#include <string.h>

#include "base/base.h"

#define FINGERPRINT_SIZE 32		/* SHA-256 */
#define FINGERPRINT_TEXT_SIZE 80	/* "1f2e-...-c0de" with its final zero */

/* SHA-256 of a public key's SubjectPublicKeyInfo (RFC 7469 2.4 pins the same thing). */
struct fingerprint {
	uint8_t bytes[FINGERPRINT_SIZE];
};

/* Print in groups into text; returns text. */
const char *fingerprint_text(const struct fingerprint *fingerprint,
                             char text[FINGERPRINT_TEXT_SIZE]);

/*
 * Parse 64 hexadecimal digits of either case, which may stand in groups with '-', ':' or blanks
 * between them, perhaps after "sha256:".  False leaves *ret_fingerprint untouched.
 */
bool fingerprint_parse(const char *text, struct fingerprint *ret_fingerprint) MUST_USE;

static inline bool
fingerprint_equal(const struct fingerprint *a, const struct fingerprint *b)
{
	return memcmp(a->bytes, b->bytes, FINGERPRINT_SIZE) == 0;
}

#endif
