/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A TLS session of a pair: it opens between the right two and between nobody else, whatever the
 * other end sends.
 */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cmocka.h>

#include <gnutls/gnutls.h>

#include "ends.h"

static struct ends ends;

static int
set_up(void **state UNUSED)
{
	ends_open(&ends);
	return 0;
}

static int
tear_down(void **state UNUSED)
{
	ends_close(&ends);
	return 0;
}

static const struct fingerprint *
key_of(unsigned end)
{
	return identity_fingerprint(ends.identities[end]);
}

/* ---- the right two -------------------------------------------------------------------------- */

static void
test_pinned_pair_opens_and_each_knows_the_other(void **state UNUSED)
{
	ends_shake(&ends, key_of(1), key_of(0));
	assert_int_equal(ends.result[0], 0);
	assert_int_equal(ends.result[1], 0);
	assert_true(fingerprint_equal(tls_peer(ends.tls[0]), key_of(1)));
	assert_true(fingerprint_equal(tls_peer(ends.tls[1]), key_of(0)));
	assert_int_equal(tls_cipher(ends.tls[0]), tls_cipher(ends.tls[1]));
}

static void
test_without_pins_each_still_proves_its_key(void **state UNUSED)
{
	ends_shake(&ends, NULL, NULL);
	assert_int_equal(ends.result[0], 0);
	assert_int_equal(ends.result[1], 0);
	assert_true(fingerprint_equal(tls_peer(ends.tls[0]), key_of(1)));
	assert_true(fingerprint_equal(tls_peer(ends.tls[1]), key_of(0)));
}

/* Send all from one end while the other reads; the sum of what arrived must be what was sent. */
static void
transfer(struct tls *from, struct tls *to, size_t size)
{
	static uint8_t sent[1 << 20], got[(1 << 20) + 1];
	size_t done = 0, arrived = 0;

	assert_true(size <= sizeof(sent));
	for (size_t i = 0; i < size; i++)
		sent[i] = (uint8_t)(i * 31 + i / 251);
	while (arrived < size) {
		ssize_t n = done < size ? tls_send(from, sent + done, size - done, NULL)
		                        : tls_flush(from, NULL);

		assert_true(n >= 0 || n == -EAGAIN);
		done += n > 0 ? (size_t)n : 0;
		while ((n = tls_receive(to, got + arrived, sizeof(got) - arrived, NULL)) > 0)
			arrived += (size_t)n;
		assert_int_equal(n, -EAGAIN);
	}
	assert_int_equal(tls_flush(from, NULL), 0);
	assert_int_equal(tls_events(from), EPOLLIN);
	assert_memory_equal(sent, got, size);
}

static void
test_data_arrives_whole_in_both_directions(void **state UNUSED)
{
	ends_shake(&ends, key_of(1), key_of(0));
	transfer(ends.tls[0], ends.tls[1], 1);
	transfer(ends.tls[0], ends.tls[1], 1 << 20);
	transfer(ends.tls[1], ends.tls[0], 1 << 20);
}

static void
test_end_of_session_is_told_from_broken_connection(void **state UNUSED)
{
	struct error error;
	char byte;

	ends_shake(&ends, NULL, NULL);
	tls_free(ends.tls[0]);
	ends.tls[0] = NULL;
	assert_int_equal(tls_receive(ends.tls[1], &byte, 1, &error), 0);

	ends_shake(&ends, NULL, NULL);
	shutdown(tls_socket(ends.tls[0]), SHUT_RDWR);
	assert_int_equal(tls_receive(ends.tls[1], &byte, 1, &error), -ECONNRESET);
	assert_int_equal(tls_receive(ends.tls[1], &byte, 1, &error), -ECONNRESET);
}

/* ---- exported keys -------------------------------------------------------------------------- */

static void
test_exported_keys_are_equal_at_both_ends_and_nowhere_else(void **state UNUSED)
{
	uint8_t a[64], b[64], other[64];

	ends_shake(&ends, key_of(1), key_of(0));
	assert_int_equal(tls_export(ends.tls[0], "EXPORTER-test", "1", 1, a, sizeof(a)), 0);
	assert_int_equal(tls_export(ends.tls[1], "EXPORTER-test", "1", 1, b, sizeof(b)), 0);
	assert_memory_equal(a, b, sizeof(a));

	assert_int_equal(tls_export(ends.tls[1], "EXPORTER-test", "2", 1, other, sizeof(other)), 0);
	assert_memory_not_equal(a, other, sizeof(a));
	assert_int_equal(tls_export(ends.tls[1], "EXPORTER-else", "1", 1, other, sizeof(other)), 0);
	assert_memory_not_equal(a, other, sizeof(a));

	ends_shake(&ends, key_of(1), key_of(0));
	assert_int_equal(tls_export(ends.tls[0], "EXPORTER-test", "1", 1, other, sizeof(other)), 0);
	assert_memory_not_equal(a, other, sizeof(a));
}

/* ---- the wrong ones ------------------------------------------------------------------------- */

static void
test_server_with_another_key_is_refused_by_name(void **state UNUSED)
{
	char text[FINGERPRINT_TEXT_SIZE];

	ends_shake(&ends, key_of(0), NULL);
	assert_int_equal(ends.result[0], -EKEYREJECTED);
	assert_non_null(strstr(ends.errors[0].text, fingerprint_text(key_of(1), text)));
	assert_int_equal(ends.result[1], -EACCES);
	assert_int_equal(tls_handshake(ends.tls[0], NULL), -ECONNRESET);
}

/* TLS 1.3 lets the client finish first: it hears of the refusal when it reads. */
static void
test_client_with_another_key_is_refused(void **state UNUSED)
{
	char byte;

	ends_shake(&ends, NULL, key_of(1));
	assert_int_equal(ends.result[1], -EKEYREJECTED);
	assert_int_equal(ends.result[0], 0);
	assert_int_equal(tls_receive(ends.tls[0], &byte, 1, &ends.errors[0]), -EACCES);
	assert_non_null(strstr(ends.errors[0].text, "pair the two routers anew"));
}

/* ---- strangers ------------------------------------------------------------------------------ */

/* One end of ours against a session of GnuTLS's own making. */
struct stranger {
	gnutls_session_t session;
	gnutls_certificate_credentials_t credentials;
	int socket;
	struct tls *tls;
	int ours;			/* result of our handshake */
	struct error error;
};

static void
stranger_shake(struct stranger *s, enum tls_role role, const char *priorities)
{
	int sockets[2];
	int theirs = GNUTLS_E_AGAIN;

	assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0, sockets), 0);
	assert_int_equal(tls_new(ends.identities[0], role, NULL, sockets[0], &s->tls, NULL), 0);
	s->socket = sockets[1];
	gnutls_certificate_allocate_credentials(&s->credentials);
	assert_int_equal(gnutls_init(&s->session, GNUTLS_NONBLOCK | GNUTLS_NO_SIGNAL |
	                             (role == TLS_SERVER ? GNUTLS_CLIENT : GNUTLS_SERVER)), 0);
	assert_int_equal(gnutls_priority_set_direct(s->session, priorities, NULL), 0);
	gnutls_credentials_set(s->session, GNUTLS_CRD_CERTIFICATE, s->credentials);
	gnutls_transport_set_int(s->session, s->socket);
	s->ours = -EAGAIN;
	for (unsigned turn = 0; turn < 20; turn++) {
		if (theirs < 0 && !gnutls_error_is_fatal(theirs))
			theirs = gnutls_handshake(s->session);
		if (theirs < 0 && gnutls_error_is_fatal(theirs))
			gnutls_alert_send_appropriate(s->session, theirs);
		if (s->ours == -EAGAIN)
			s->ours = tls_handshake(s->tls, &s->error);
	}
}

static void
stranger_end(struct stranger *s)
{
	gnutls_deinit(s->session);
	gnutls_certificate_free_credentials(s->credentials);
	tls_free(s->tls);
	close(s->socket);
}

static void
test_client_without_a_certificate_is_refused(void **state UNUSED)
{
	struct stranger s;

	stranger_shake(&s, TLS_SERVER, "NORMAL:-VERS-ALL:+VERS-TLS1.3");
	assert_int_equal(s.ours, -ENOKEY);
	stranger_end(&s);
}

static void
test_client_of_tls_1_2_is_refused(void **state UNUSED)
{
	struct stranger s;

	stranger_shake(&s, TLS_SERVER, "NORMAL:-VERS-ALL:+VERS-TLS1.2");
	assert_int_equal(s.ours, -EPROTONOSUPPORT);
	stranger_end(&s);
}

static void
test_server_of_tls_1_2_is_refused(void **state UNUSED)
{
	struct stranger s;

	stranger_shake(&s, TLS_CLIENT, "NORMAL:-VERS-ALL:+VERS-TLS1.2");
	assert_int_equal(s.ours, -EPROTONOSUPPORT);
	stranger_end(&s);
}

static void
test_client_with_other_ciphers_only_is_refused(void **state UNUSED)
{
	struct stranger s;

	stranger_shake(&s, TLS_SERVER,
	               "NORMAL:-VERS-ALL:+VERS-TLS1.3:-CIPHER-ALL:+AES-128-GCM");
	assert_int_equal(s.ours, -EPROTONOSUPPORT);
	stranger_end(&s);
}

/* ---- bytes that are no TLS ------------------------------------------------------------------ */

static int
shake_with_bytes(enum tls_role role, const void *bytes, size_t size, bool and_close)
{
	struct tls *tls;
	int sockets[2], r;

	assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0, sockets), 0);
	assert_int_equal(tls_new(ends.identities[0], role, NULL, sockets[0], &tls, NULL), 0);
	r = tls_handshake(tls, NULL);
	assert_int_equal(r, -EAGAIN);
	for (size_t done = 0; r == -EAGAIN && done < size;) {
		ssize_t n = send(sockets[1], (const char *)bytes + done,
		                 size - done < 4096 ? size - done : 4096, MSG_NOSIGNAL);

		if (n > 0)
			done += (size_t)n;
		r = tls_handshake(tls, NULL);
	}
	if (and_close) {
		shutdown(sockets[1], SHUT_WR);
		for (unsigned i = 0; i < 4 && r == -EAGAIN; i++)
			r = tls_handshake(tls, NULL);
	}
	tls_free(tls);
	close(sockets[1]);
	return r;
}

static void
test_garbage_of_any_size_ends_the_handshake(void **state UNUSED)
{
	static char garbage[1 << 20];

	for (size_t i = 0; i < sizeof(garbage); i++)
		garbage[i] = (char)random();
	for (size_t size = 0; size <= sizeof(garbage); size = size * 2 + 1) {
		int r = shake_with_bytes(TLS_SERVER, garbage, size, true);

		assert_true(r < 0 && r != -EAGAIN);
		r = shake_with_bytes(TLS_CLIENT, garbage, size, true);
		assert_true(r < 0 && r != -EAGAIN);
	}
	assert_int_equal(shake_with_bytes(TLS_SERVER, "GET / HTTP/1.1\r\n\r\n", 18, true), -EPROTO);
}

/* A record that announces a handshake message of 16 MB must not be waited for. */
static void
test_message_too_large_for_a_pair_is_refused_at_once(void **state UNUSED)
{
	static uint8_t records[20 * (5 + 16384)];

	for (unsigned i = 0; i < 20; i++) {
		uint8_t *record = records + i * (5 + 16384);

		memcpy(record, "\x16\x03\x01\x40\x00", 5);
	}
	memcpy(records + 5, "\x01\xff\xff\xff", 4);		/* ClientHello */
	assert_int_equal(shake_with_bytes(TLS_SERVER, records, sizeof(records), false), -EPROTO);
}

/* A good handshake of a client, cut off after every number of bytes. */
static void
test_truncated_handshake_never_opens(void **state UNUSED)
{
	uint8_t hello[4096];
	struct tls *client;
	int sockets[2];
	ssize_t size;

	assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM, 0, sockets), 0);
	assert_int_equal(tls_new(ends.identities[1], TLS_CLIENT, NULL, sockets[0], &client, NULL),
	                 0);
	assert_int_equal(tls_handshake(client, NULL), -EAGAIN);
	size = recv(sockets[1], hello, sizeof(hello), 0);
	assert_true(size > 100);
	for (ssize_t cut = 0; cut <= size; cut += cut < 64 ? 1 : 7) {
		int r = shake_with_bytes(TLS_SERVER, hello, (size_t)cut, true);

		assert_true(r == -ECONNRESET || r == -EPROTO);
	}
	tls_free(client);
	close(sockets[1]);
}

/* Every byte of a good first message, changed. */
static void
test_changed_handshake_never_opens(void **state UNUSED)
{
	uint8_t hello[4096];
	struct tls *client;
	int sockets[2];
	ssize_t size;

	assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM, 0, sockets), 0);
	assert_int_equal(tls_new(ends.identities[1], TLS_CLIENT, NULL, sockets[0], &client, NULL),
	                 0);
	assert_int_equal(tls_handshake(client, NULL), -EAGAIN);
	size = recv(sockets[1], hello, sizeof(hello), 0);
	for (ssize_t i = 0; i < size; i++) {
		hello[i] ^= 0x55;

		int r = shake_with_bytes(TLS_SERVER, hello, (size_t)size, true);

		assert_true(r < 0 && r != -EAGAIN);
		hello[i] ^= 0x55;
	}
	tls_free(client);
	close(sockets[1]);
}

static void
test_pair_secret_is_the_same_for_both_and_in_every_session(void **state UNUSED)
{
	uint8_t first[2][IDENTITY_SECRET_SIZE], again[IDENTITY_SECRET_SIZE], zero[sizeof(again)] = {
		0 };
	struct ends others = { 0 };

	ends_shake(&ends, NULL, NULL);
	for (unsigned i = 0; i < 2; i++)
		assert_int_equal(tls_pair_secret(ends.tls[i], first[i], sizeof(first[i])), 0);
	assert_memory_equal(first[0], first[1], sizeof(first[0]));
	assert_memory_not_equal(first[0], zero, sizeof(zero));
	ends_shake(&ends, NULL, NULL);
	assert_int_equal(tls_pair_secret(ends.tls[0], again, sizeof(again)), 0);
	assert_memory_equal(first[0], again, sizeof(again));
	ends_open(&others);
	ends_shake(&others, NULL, NULL);
	assert_int_equal(tls_pair_secret(others.tls[0], again, sizeof(again)), 0);
	assert_memory_not_equal(first[0], again, sizeof(again));
	ends_close(&others);
}

int
main(void)
{
	static const struct CMUnitTest tests[] = {
#define TEST(function) cmocka_unit_test_setup_teardown(function, set_up, tear_down)
		TEST(test_pinned_pair_opens_and_each_knows_the_other),
		TEST(test_without_pins_each_still_proves_its_key),
		TEST(test_data_arrives_whole_in_both_directions),
		TEST(test_end_of_session_is_told_from_broken_connection),
		TEST(test_exported_keys_are_equal_at_both_ends_and_nowhere_else),
		TEST(test_server_with_another_key_is_refused_by_name),
		TEST(test_client_with_another_key_is_refused),
		TEST(test_client_without_a_certificate_is_refused),
		TEST(test_client_of_tls_1_2_is_refused),
		TEST(test_server_of_tls_1_2_is_refused),
		TEST(test_client_with_other_ciphers_only_is_refused),
		TEST(test_garbage_of_any_size_ends_the_handshake),
		TEST(test_message_too_large_for_a_pair_is_refused_at_once),
		TEST(test_truncated_handshake_never_opens),
		TEST(test_changed_handshake_never_opens),
		TEST(test_pair_secret_is_the_same_for_both_and_in_every_session),
#undef TEST
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
