/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Is this text?  Names and descriptions of the kernel, and what clients send, may be any bytes;
 * what we print must be UTF-8.
 */
#ifndef TANDEM_UTF8_H
#define TANDEM_UTF8_H

/*
 * Bytes of the UTF-8 character at the start of a zero-ended text, or 0 when none stands there.
 * U+FFFE and U+FFFF are none: YANG's strings, and so our JSON, have no such characters (RFC 7950
 * 14).
 */
static inline unsigned
utf8_size(const char *text)
{
	const unsigned char *c = (const unsigned char *)text;
	unsigned size = c[0] < 0x80 ? 1 : c[0] < 0xc2 ? 0 : c[0] < 0xe0 ? 2 : c[0] < 0xf0 ? 3 :
	                c[0] < 0xf5 ? 4 : 0;

	for (unsigned i = 1; i < size; i++) {
		if (c[i] >> 6 != 2)
			return 0;
	}
	/* Overlong forms, surrogates, and beyond the last character. */
	if ((c[0] == 0xe0 && c[1] < 0xa0) || (c[0] == 0xed && c[1] > 0x9f) ||
	    (c[0] == 0xf0 && c[1] < 0x90) || (c[0] == 0xf4 && c[1] > 0x8f))
		return 0;
	if (c[0] == 0xef && c[1] == 0xbf && c[2] >= 0xbe)
		return 0;
	return size;
}

#endif
