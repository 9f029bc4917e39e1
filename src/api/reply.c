/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Writes answers.  Data comes as JSON from libyang; the few envelopes that are in no YANG module
 * of ours (RFC 8040's errors, the outcome of a commit) are written here, and nothing else is.
 */
#include "api/reply.h"

#include <microhttpd.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/utf8.h"

/* A JSON string, quotes included, of length bytes of a zero-ended text, which may hold anything. */
static void
put_string(FILE *out, const char *text, size_t length)
{
	fputc('"', out);
	for (size_t i = 0; i < length; ) {
		unsigned size = utf8_size(text + i);

		if (size == 0 || size > length - i) {
			fputc('?', out);
			size = 1;
		} else if (text[i] == '"' || text[i] == '\\') {
			fprintf(out, "\\%c", text[i]);
		} else if ((unsigned char)text[i] < 0x20) {
			fprintf(out, "\\u%04x", (unsigned)text[i]);
		} else {
			fwrite(text + i, 1, size, out);
		}
		i += size;
	}
	fputc('"', out);
}

static void
put_error(FILE *out, const char *type, const char *tag, const char *path, const char *message)
{
	fprintf(out, "{\"error-type\":\"%s\",\"error-tag\":\"%s\"", type, tag);
	if (path && *path) {
		fputs(",\"error-path\":", out);
		put_string(out, path, strlen(path));
	}
	fputs(",\"error-message\":", out);
	put_string(out, message, strlen(message));
	fputc('}', out);
}

static void
answer_json(struct http_request *request, unsigned status, char *body, const char *allow,
            uint64_t revision)
{
	http_answer(request, &(struct http_answer){ .status = status, .type = REPLY_JSON,
	            .body = body, .allow = allow, .tagged = revision != REPLY_UNTAGGED,
	            .revision = revision });
}

/* Is the trouble with HTTP itself, or with what was asked for? */
static const char *
error_type(unsigned status)
{
	switch (status) {
	case MHD_HTTP_METHOD_NOT_ALLOWED:
	case MHD_HTTP_NOT_ACCEPTABLE:
	case MHD_HTTP_UNSUPPORTED_MEDIA_TYPE:
	case MHD_HTTP_FORBIDDEN:
		return "protocol";
	default:
		return "application";
	}
}

static void
answer_error(struct http_request *request, unsigned status, const char *tag, const char *path,
             const char *allow, const char *message)
{
	char *body = NULL;
	size_t size;
	FILE *out = open_memstream(&body, &size);

	assert(out);
	fputs("{\"ietf-restconf:errors\":{\"error\":[", out);
	put_error(out, error_type(status), tag, path, message);
	fputs("]}}", out);
	fclose(out);
	answer_json(request, status, body, allow, REPLY_UNTAGGED);
}

void
reply_error(struct http_request *request, unsigned status, const char *tag, const char *path,
            const char *format, ...)
{
	char message[1024];
	va_list arguments;

	va_start(arguments, format);
	vsnprintf(message, sizeof(message), format, arguments);
	va_end(arguments);
	answer_error(request, status, tag, path, NULL, message);
}

void
reply_problems(struct http_request *request, const struct problems *problems)
{
	char *body = NULL;
	size_t size;
	FILE *out = open_memstream(&body, &size);
	const char *separator = "";

	assert(out);
	fputs("{\"ietf-restconf:errors\":{\"error\":[", out);
	for (size_t i = 0; i < problems->count; i++) {
		const struct problem *problem = &problems->list[i];

		if (problem->warning)
			continue;

		/* A problem knows the words of its place, no instance-identifier, and the text
		 * begins with them: an error-path would have to be guessed. */
		char *text = problem_text(problem);

		fputs(separator, out);
		put_error(out, "application", "invalid-value", NULL, text);
		separator = ",";
		free(text);
	}
	fputs("]}}", out);
	fclose(out);
	answer_json(request, MHD_HTTP_BAD_REQUEST, body, NULL, REPLY_UNTAGGED);
}

void
reply_errors(struct http_request *request, unsigned status, const struct reply_item *items,
             size_t count)
{
	char *body = NULL;
	size_t size;
	FILE *out = open_memstream(&body, &size);

	assert(out);
	fputs("{\"ietf-restconf:errors\":{\"error\":[", out);
	for (size_t i = 0; i < count; i++) {
		fputs(i == 0 ? "" : ",", out);
		put_error(out, error_type(status), items[i].tag, items[i].path, items[i].message);
	}
	fputs("]}}", out);
	fclose(out);
	answer_json(request, status, body, NULL, REPLY_UNTAGGED);
}

void
reply_refusals(struct http_request *request, unsigned status, const char *lines)
{
	struct reply_item *items = NULL;
	size_t count = 0;

	while (*lines) {
		size_t length = strcspn(lines, "\n");

		items = reallocarray(items, count + 1, sizeof(*items));
		assert(items);
		items[count].tag = "operation-failed";
		items[count].path = NULL;
		items[count].message = strndup(lines, length);
		assert(items[count].message);
		count++;
		lines += length + (lines[length] == '\n');
	}
	reply_errors(request, status, items, count);
	for (size_t i = 0; i < count; i++)
		free(items[i].message);
	free(items);
}

void
reply_not_allowed(struct http_request *request, const char *allow)
{
	char message[128];

	snprintf(message, sizeof(message), "this resource takes only %s", allow);
	answer_error(request, MHD_HTTP_METHOD_NOT_ALLOWED, "operation-not-supported", NULL, allow,
	             message);
}

void
reply_options(struct http_request *request, const char *allow)
{
	http_answer(request, &(struct http_answer){ .status = MHD_HTTP_OK, .allow = allow,
	            .accept_patch = strstr(allow, "PATCH") != NULL });
}

void
reply_data(struct http_request *request, char *body, uint64_t revision)
{
	answer_json(request, MHD_HTTP_OK, body, NULL, revision);
}

void
reply_done(struct http_request *request, uint64_t revision)
{
	http_answer(request, &(struct http_answer){
		.status = request->created ? MHD_HTTP_CREATED : MHD_HTTP_NO_CONTENT,
		.tagged = revision != REPLY_UNTAGGED, .revision = revision });
}

void
reply_not_modified(struct http_request *request, uint64_t revision)
{
	http_answer(request, &(struct http_answer){ .status = MHD_HTTP_NOT_MODIFIED,
	            .tagged = revision != REPLY_UNTAGGED, .revision = revision });
}

void
reply_commit(struct http_request *request, uint64_t revision, const char *messages)
{
	char *body = NULL;
	size_t size;
	const char *separator = "";

	if (*messages == '\0') {
		reply_done(request, revision);
		return;
	}

	FILE *out = open_memstream(&body, &size);

	assert(out);
	fprintf(out, "{\"tandem-state:commit\":{\"revision\":%llu,\"message\":[",
	        (unsigned long long)revision);
	while (*messages) {
		size_t length = strcspn(messages, "\n");

		if (length > 0) {
			fputs(separator, out);
			put_string(out, messages, length);
			separator = ",";
		}
		messages += length + (messages[length] == '\n');
	}
	fputs("]}}", out);
	fclose(out);
	answer_json(request, request->created ? MHD_HTTP_CREATED : MHD_HTTP_OK, body, NULL,
	            revision);
}

void
reply_output(struct http_request *request, const char *leaf, const char *text)
{
	char *body = NULL;
	size_t size;
	FILE *out = open_memstream(&body, &size);

	assert(out);
	fprintf(out, "{\"tandem-state:output\":{\"%s\":", leaf);
	put_string(out, text, strlen(text));
	fputs("}}", out);
	fclose(out);
	answer_json(request, MHD_HTTP_OK, body, NULL, REPLY_UNTAGGED);
}
