/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Answers of an HTTP server, cut into pieces at every place, and what is refused.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "api/response.h"

static const char good[] =
	"HTTP/1.1 200 OK\r\nDate: now\r\nETag: \"12\"\r\ncontent-length:  5 \r\n\r\nhello";

static enum response_state
feed_all(struct response *response, const char *text, size_t size)
{
	*response = (struct response){ 0 };
	return response_feed(response, text, size, 1000);
}

static void
test_answer_cut_at_every_two_places_is_the_same(void **state UNUSED)
{
	const size_t size = strlen(good);

	for (size_t first = 0; first <= size; first++) {
		for (size_t second = first; second <= size; second++) {
			struct response r = { 0 };

			(void)response_feed(&r, good, first, 1000);
			(void)response_feed(&r, good + first, second - first, 1000);
			assert_int_equal(response_feed(&r, good + second, size - second, 1000),
			                 RESPONSE_DONE);
			assert_int_equal(r.status, 200);
			assert_int_equal(r.revision, 12);
			assert_string_equal(r.body, "hello");
			response_done(&r);
		}
	}
}

static void
test_answer_is_not_done_before_its_last_byte(void **state UNUSED)
{
	for (size_t size = 0; size < strlen(good); size++) {
		struct response r;
		enum response_state expected = size < strlen(good) - 5 ? RESPONSE_HEAD
		                                                       : RESPONSE_BODY;

		assert_int_equal(feed_all(&r, good, size), expected);
		response_done(&r);
	}
}

static void
test_answers_without_a_body_are_done_with_their_head(void **state UNUSED)
{
	static const char *const texts[] = {
		"HTTP/1.1 204 No Content\r\n\r\n", "HTTP/1.0 304\r\n\r\n",
		"HTTP/1.1 403 Forbidden\r\nContent-Length: 0\r\n\r\n",
	};

	for (size_t i = 0; i < ARRAY_SIZE(texts); i++) {
		struct response r;

		assert_int_equal(feed_all(&r, texts[i], strlen(texts[i])), RESPONSE_DONE);
		assert_string_equal(r.body, "");
		response_done(&r);
	}
}

static void
test_what_is_no_answer_of_a_door_is_refused(void **state UNUSED)
{
	static const char *const texts[] = {
		"HTTP/2 200 OK\r\nContent-Length: 0\r\n\r\n",
		"HTTP/1.1 200 OK\r\n\r\n",
		"HTTP/1.1 100 Continue\r\n\r\n",
		"HTTP/1.1 2000 OK\r\nContent-Length: 0\r\n\r\n",
		"HTTP/1.1 -20 OK\r\nContent-Length: 0\r\n\r\n",
		"HTTP/1.1 200 OK\r\nContent-Length: -1\r\n\r\n",
		"HTTP/1.1 200 OK\r\nContent-Length: 99999999999999999999\r\n\r\n",
		"HTTP/1.1 200 OK\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\nab",
		"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
		"HTTP/1.1 200 OK\r\nContent-Length: 1001\r\n\r\n",
		"HTTP/1.1 200 OK\r\nContent-Length: 1\r\n\r\nab",
		"HTTP/1.1 204 No Content\r\n\r\na",
		"HTTP/1.1 200 OK\r\nno field\r\nContent-Length: 0\r\n\r\n",
		"SSH-2.0-OpenSSH_9.2\r\n\r\n", "\r\n\r\n", "\r\n\r\nHTTP/1.1 200 OK\r\n\r\n",
	};

	for (size_t i = 0; i < ARRAY_SIZE(texts); i++) {
		struct response r;
		enum response_state reached = feed_all(&r, texts[i], strlen(texts[i]));

		/* One that announces too much is refused with its first byte at the latest. */
		if (reached == RESPONSE_BODY)
			reached = response_feed(&r, "x", 1, 1000);
		if (reached != RESPONSE_BAD)
			fail_msg("%s", texts[i]);
		response_done(&r);
	}
}

static void
test_endless_head_is_refused(void **state UNUSED)
{
	struct response r = { 0 };
	enum response_state reached = response_feed(&r, "HTTP/1.1 200 OK\r\n", 17, 1000);

	for (unsigned i = 0; i < 1000 && reached == RESPONSE_HEAD; i++)
		reached = response_feed(&r, "X-More: and more\r\n", 18, 1000);
	assert_int_equal(reached, RESPONSE_BAD);
	response_done(&r);
}

int
main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_answer_cut_at_every_two_places_is_the_same),
		cmocka_unit_test(test_answer_is_not_done_before_its_last_byte),
		cmocka_unit_test(test_answers_without_a_body_are_done_with_their_head),
		cmocka_unit_test(test_what_is_no_answer_of_a_door_is_refused),
		cmocka_unit_test(test_endless_head_is_refused),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
