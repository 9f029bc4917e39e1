/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Spelling of fingerprints: one form is printed; every form in which people and programs write
 * them down is understood.
 */
#include "base/fingerprint.h"

#include <stdio.h>
#include <strings.h>

const char *
fingerprint_text(const struct fingerprint *fingerprint, char text[FINGERPRINT_TEXT_SIZE])
{
	char *at = text;

	for (size_t i = 0; i < FINGERPRINT_SIZE; i += 2) {
		snprintf(at, 6, "%s%02x%02x", i ? "-" : "", fingerprint->bytes[i],
		         fingerprint->bytes[i + 1]);
		at += i ? 5 : 4;
	}
	return text;
}

static int
digit(char c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	c = (char)(c | 0x20);
	return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

bool
fingerprint_parse(const char *text, struct fingerprint *ret_fingerprint)
{
	static const char label[] = "sha256:";
	struct fingerprint parsed = { { 0 } };
	size_t digits = 0;

	if (strncasecmp(text, label, sizeof(label) - 1) == 0)
		text += sizeof(label) - 1;
	for (; *text; text++) {
		int value = digit(*text);

		if (value < 0 && strchr("-: ", *text) && digits % 2 == 0)
			continue;
		if (value < 0 || digits == 2 * FINGERPRINT_SIZE)
			return false;
		parsed.bytes[digits / 2] = (uint8_t)(parsed.bytes[digits / 2] << 4 | value);
		digits++;
	}
	if (digits != 2 * FINGERPRINT_SIZE)
		return false;
	*ret_fingerprint = parsed;
	return true;
}
