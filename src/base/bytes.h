/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Bounded reader and writer: every byte that comes from outside goes through the reader, every
 * byte that leaves for the wire through the writer.  Neither can run over; both remember that
 * they were asked to, so that one check after the last call covers every call before it.
 * Numbers are in network order.
 */
#ifndef TANDEM_BYTES_H
#define TANDEM_BYTES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

struct reader {
	const uint8_t *at;
	const uint8_t *end;
	bool short_read;		/* something was read beyond the end (as zero) */
};

/* The bytes are borrowed. */
static inline struct reader
reader_over(const void *bytes, size_t length)
{
	return (struct reader){ .at = bytes, .end = (const uint8_t *)bytes + length };
}

static inline size_t
reader_left(const struct reader *r)
{
	return (size_t)(r->end - r->at);
}

/* The next n bytes, or NULL (and short_read) when fewer are left. */
static inline const uint8_t *
read_bytes(struct reader *r, size_t n)
{
	const uint8_t *start = r->at;

	if (n > reader_left(r)) {
		r->short_read = true;
		r->at = r->end;
		return NULL;
	}
	r->at += n;
	return start;
}

/* Numbers; 0 (and short_read) when fewer bytes are left. */
static inline uint8_t
read_u8(struct reader *r)
{
	const uint8_t *p = read_bytes(r, 1);

	return p ? p[0] : 0;
}

static inline uint16_t
read_u16(struct reader *r)
{
	const uint8_t *p = read_bytes(r, 2);

	return p ? (uint16_t)(p[0] << 8 | p[1]) : 0;
}

static inline uint32_t
read_u32(struct reader *r)
{
	uint32_t high = read_u16(r);

	return high << 16 | read_u16(r);
}

/* Copy n bytes out; zeros when fewer are left. */
static inline void
read_copy(struct reader *r, void *to, size_t n)
{
	const uint8_t *p = read_bytes(r, n);

	if (p)
		memcpy(to, p, n);
	else
		memset(to, 0, n);
}

/* A reader over the next n bytes, which are skipped; empty and short when fewer are left. */
static inline struct reader
read_sub(struct reader *r, size_t n)
{
	const uint8_t *p = read_bytes(r, n);
	struct reader sub = reader_over(p ? p : r->end, p ? n : 0);

	sub.short_read = p == NULL;
	return sub;
}

struct writer {
	uint8_t *start;
	uint8_t *at;
	uint8_t *end;
	bool overflow;			/* something did not fit and was left out */
};

/* The room is borrowed. */
static inline struct writer
writer_over(void *bytes, size_t size)
{
	return (struct writer){ .start = bytes, .at = bytes, .end = (uint8_t *)bytes + size };
}

static inline size_t
writer_length(const struct writer *w)
{
	return (size_t)(w->at - w->start);
}

/* All of it, or nothing (and overflow) when it does not fit. */
static inline void
write_bytes(struct writer *w, const void *bytes, size_t n)
{
	if (n > (size_t)(w->end - w->at)) {
		w->overflow = true;
		return;
	}
	memcpy(w->at, bytes, n);
	w->at += n;
}

static inline void
write_zeros(struct writer *w, size_t n)
{
	if (n > (size_t)(w->end - w->at)) {
		w->overflow = true;
		return;
	}
	memset(w->at, 0, n);
	w->at += n;
}

static inline void
write_u8(struct writer *w, uint8_t value)
{
	write_bytes(w, &value, 1);
}

static inline void
write_u16(struct writer *w, uint16_t value)
{
	uint8_t b[2] = { (uint8_t)(value >> 8), (uint8_t)value };

	write_bytes(w, b, sizeof(b));
}

static inline void
write_u32(struct writer *w, uint32_t value)
{
	write_u16(w, (uint16_t)(value >> 16));
	write_u16(w, (uint16_t)value);
}

#endif
