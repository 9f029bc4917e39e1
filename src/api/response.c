/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A head of at most RESPONSE_HEAD_MAX bytes is collected whole and then read once; a body grows as
 * it arrives, never by what is only announced.
 */
#include "api/response.h"

#include <stdlib.h>
#include <string.h>
#include <strings.h>

/* A decimal number from text up to its end, or up to stop; UINT64_MAX: it is none. */
static uint64_t
number(const char *text, size_t length)
{
	uint64_t value = 0;

	if (length == 0 || length > 18)
		return UINT64_MAX;
	for (size_t i = 0; i < length; i++) {
		if (text[i] < '0' || text[i] > '9')
			return UINT64_MAX;
		value = value * 10 + (uint64_t)(text[i] - '0');
	}
	return value;
}

/* "HTTP/1.1 200 OK" */
static bool
read_status(struct response *r, const char *line, size_t length)
{
	if (length < 12 || memcmp(line, "HTTP/1.", 7) != 0 || line[8] != ' ' ||
	    (length > 12 && line[12] != ' '))
		return false;
	r->status = (unsigned)number(line + 9, 3);
	return r->status >= 200 && r->status < 600;
}

static bool
is_named(const char *line, size_t length, const char *name)
{
	return length == strlen(name) && strncasecmp(line, name, length) == 0;
}

/* "Content-Length: 17"; what is not known here is passed over. */
static bool
read_field(struct response *r, const char *line, size_t length, bool *ret_has_length)
{
	const char *colon = memchr(line, ':', length), *value;
	size_t name, left;

	if (!colon || colon == line)
		return false;
	name = (size_t)(colon - line);
	value = colon + 1;
	left = length - name - 1;
	while (left > 0 && (*value == ' ' || *value == '\t')) {
		value++;
		left--;
	}
	while (left > 0 && (value[left - 1] == ' ' || value[left - 1] == '\t'))
		left--;
	if (is_named(line, name, "Transfer-Encoding") || is_named(line, name, "Content-Encoding"))
		return false;
	if (is_named(line, name, "Content-Length")) {
		uint64_t announced = number(value, left);

		if (*ret_has_length || announced > SIZE_MAX / 2)
			return false;
		r->length = (size_t)announced;
		*ret_has_length = true;
	} else if (is_named(line, name, "ETag") && left > 2 && value[0] == '"') {
		uint64_t revision = number(value + 1, left - 2);

		r->revision = revision == UINT64_MAX ? 0 : revision;
	}
	return true;
}

/* All lines of the head, which ends with an empty one. */
static bool
read_head(struct response *r)
{
	const char *line = r->head, *end = strstr(line, "\r\n");
	bool has_length = false;

	if (!read_status(r, line, (size_t)(end - line)))
		return false;
	for (line = end + 2; (end = strstr(line, "\r\n")) != line; line = end + 2) {
		if (!read_field(r, line, (size_t)(end - line), &has_length))
			return false;
	}
	return has_length || r->status == 204 || r->status == 304;
}

/* Take bytes up to the end of the head; how many. */
static size_t
feed_head(struct response *r, const char *bytes, size_t size)
{
	size_t taken = 0;

	if (!r->head) {
		r->head = calloc(1, RESPONSE_HEAD_MAX + 1);
		assert(r->head);
	}
	while (taken < size) {
		if (r->head_size == RESPONSE_HEAD_MAX || bytes[taken] == '\0') {
			r->state = RESPONSE_BAD;
			break;
		}
		r->head[r->head_size++] = bytes[taken++];
		if (r->head_size >= 4 && memcmp(r->head + r->head_size - 4, "\r\n\r\n", 4) == 0) {
			r->state = read_head(r) ? RESPONSE_BODY : RESPONSE_BAD;
			break;
		}
	}
	return taken;
}

static void
feed_body(struct response *r, const char *bytes, size_t size, size_t body_max)
{
	if (r->length > body_max || size > r->length - r->size) {
		r->state = RESPONSE_BAD;
		return;
	}
	r->body = realloc(r->body, r->size + size + 1);
	assert(r->body);
	memcpy(r->body + r->size, bytes, size);
	r->size += size;
	r->body[r->size] = '\0';
	if (r->size == r->length)
		r->state = RESPONSE_DONE;
}

enum response_state
response_feed(struct response *r, const void *bytes, size_t size, size_t body_max)
{
	const char *at = bytes;

	if (r->state == RESPONSE_HEAD) {
		size_t taken = feed_head(r, at, size);

		at += taken;
		size -= taken;
		if (r->state == RESPONSE_BODY && size == 0)
			feed_body(r, at, 0, body_max);
	}
	if (size > 0 && r->state == RESPONSE_BODY)
		feed_body(r, at, size, body_max);
	else if (size > 0)
		r->state = RESPONSE_BAD;
	return r->state;
}

void
response_done(struct response *r)
{
	free(r->head);
	free(r->body);
	*r = (struct response){ 0 };
}
