/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The hash of the tables in memory: FNV-1a of 32 bits, its high bits folded into the low ones, by
 * which a table chooses.  It is good for what an administrator or the kernel gives; where a
 * stranger chooses what is hashed he can make collisions, and it must not be used.
 */
#ifndef TANDEM_HASH_H
#define TANDEM_HASH_H

#include <stddef.h>
#include <stdint.h>
#include <string.h>

#define HASH_BEGIN 2166136261u

/* Continue a hash, or HASH_BEGIN, with some bytes. */
static inline uint32_t
hash_bytes(uint32_t hash, const void *bytes, size_t length)
{
	const uint8_t *b = bytes;

	for (size_t i = 0; i < length; i++)
		hash = (hash ^ b[i]) * 16777619u;
	return hash ^ hash >> 15;
}

static inline uint32_t
hash_text(const char *text)
{
	return hash_bytes(HASH_BEGIN, text, strlen(text));
}

#endif
