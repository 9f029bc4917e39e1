/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * SHA-256 throughout, with a label that keeps each use apart from every other.
 */
#include "system/compare.h"

#include <gnutls/crypto.h>
#include <gnutls/gnutls.h>
#include <stdio.h>
#include <string.h>

#define COMMIT_LABEL "tandem pair commitment 1"
#define CODE_LABEL "tandem pair code 1"

void
compare_throw(uint8_t ret_number[COMPARE_SIZE])
{
	if (gnutls_rnd(GNUTLS_RND_KEY, ret_number, COMPARE_SIZE) < 0)
		assert(!"the kernel has random numbers");
}

static void
hash(const void *bytes, size_t size, uint8_t digest[COMPARE_SIZE])
{
	if (gnutls_hash_fast(GNUTLS_DIG_SHA256, bytes, size, digest) < 0)
		assert(!"SHA-256 is there");
}

void
compare_commit(const uint8_t number[COMPARE_SIZE], uint8_t ret_commitment[COMPARE_SIZE])
{
	uint8_t text[sizeof(COMMIT_LABEL) + COMPARE_SIZE] = COMMIT_LABEL;

	memcpy(text + sizeof(COMMIT_LABEL), number, COMPARE_SIZE);
	hash(text, sizeof(text), ret_commitment);
}

const char *
compare_code(const struct compare_side *first, const struct compare_side *second,
             char text[COMPARE_CODE_SIZE])
{
	struct {
		char label[sizeof(CODE_LABEL)];
		struct compare_side sides[2];
	} all = { .label = CODE_LABEL, .sides = { *first, *second } };
	uint8_t digest[COMPARE_SIZE];
	uint64_t value = 0;

	static_assert(sizeof(all) == sizeof(CODE_LABEL) +
	              2 * (FINGERPRINT_SIZE + COMPARE_SIZE), "bytes only");
	hash(&all, sizeof(all), digest);
	for (unsigned i = 0; i < sizeof(value); i++)
		value = value << 8 | digest[i];
	value %= 1000000000;
	snprintf(text, COMPARE_CODE_SIZE, "%03u %03u %03u", (unsigned)(value / 1000000),
	         (unsigned)(value / 1000 % 1000), (unsigned)(value % 1000));
	return text;
}
