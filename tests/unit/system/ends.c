/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The two ends of a TLS session for the tests of what needs one.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cmocka.h>

#include "ends.h"

#include <errno.h>

void
ends_folder(char folder[ENDS_PATH_SIZE])
{
	snprintf(folder, ENDS_PATH_SIZE, "/tmp/tandem-ends-XXXXXX");
	assert_non_null(mkdtemp(folder));
}

void
ends_remove(const char *folder)
{
	static const char *const names[] = { "/pair/identity.pem", "/pair/identity.pem.new",
	                                     "/pair/elsewhere", "/pair", "" };
	char path[2 * ENDS_PATH_SIZE];

	for (size_t i = 0; i < ARRAY_SIZE(names); i++) {
		snprintf(path, sizeof(path), "%s%s", folder, names[i]);
		(void)remove(path);
	}
}

void
ends_open(struct ends *ends)
{
	*ends = (struct ends){ 0 };
	for (unsigned i = 0; i < 2; i++) {
		ends_folder(ends->folders[i]);
		assert_int_equal(identity_open(ends->folders[i], &ends->identities[i], NULL), 0);
	}
}

static void
end_sessions(struct ends *ends)
{
	for (unsigned i = 0; i < 2; i++) {
		tls_free(ends->tls[i]);
		ends->tls[i] = NULL;
	}
}

void
ends_close(struct ends *ends)
{
	end_sessions(ends);
	for (unsigned i = 0; i < 2; i++) {
		identity_free(ends->identities[i]);
		ends_remove(ends->folders[i]);
	}
}

void
ends_shake(struct ends *ends, const struct fingerprint *client_pin,
           const struct fingerprint *server_pin)
{
	const struct fingerprint *const pins[] = { client_pin, server_pin };
	int sockets[2];

	end_sessions(ends);
	assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, sockets), 0);
	for (unsigned i = 0; i < 2; i++) {
		assert_int_equal(tls_new(ends->identities[i], i ? TLS_SERVER : TLS_CLIENT, pins[i],
		                         sockets[i], &ends->tls[i], NULL), 0);
		ends->result[i] = -EAGAIN;
		ends->errors[i] = (struct error){ 0 };
	}
	for (unsigned turn = 0; turn < 20; turn++) {
		unsigned i = turn % 2;

		if (ends->result[i] == -EAGAIN)
			ends->result[i] = tls_handshake(ends->tls[i], &ends->errors[i]);
	}
}
