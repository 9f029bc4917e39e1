/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Any bytes as what somebody sends who connects to the door, or who answers when we connect: the
 * handshake must end, badly, without a leak; and any bytes as a sealed datagram, which must not
 * open.
 *
 * Input: one byte whose lowest bit chooses our role, the bytes.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

#include "system/seal.h"
#include "system/tls.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* One identity for all inputs, of a folder that is gone at once. */
static struct identity *
identity(void)
{
	static struct identity *made;
	char folder[] = "/tmp/tandem-fuzz-XXXXXX";
	char path[64];

	if (made)
		return made;
	if (!mkdtemp(folder) || identity_open(folder, &made, NULL) < 0)
		abort();
	snprintf(path, sizeof(path), "%s/pair/identity.pem", folder);
	unlink(path);
	snprintf(path, sizeof(path), "%s/pair", folder);
	rmdir(path);
	rmdir(folder);
	return made;
}

static void
shake(enum tls_role role, const uint8_t *data, size_t size)
{
	struct tls *tls = NULL;
	int ends[2], r = -EAGAIN;

	if (socketpair(AF_UNIX, SOCK_STREAM, 0, ends) < 0 ||
	    tls_new(identity(), role, NULL, ends[0], &tls, NULL) < 0)
		abort();
	if (send(ends[1], data, size, MSG_NOSIGNAL | MSG_DONTWAIT) < 0 && errno != EAGAIN)
		abort();
	shutdown(ends[1], SHUT_WR);
	for (unsigned i = 0; i < 64 && r == -EAGAIN; i++)
		r = tls_handshake(tls, NULL);
	if (r == 0)
		abort();
	tls_free(tls);
	close(ends[1]);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const uint8_t material[SEAL_MATERIAL_SIZE] = { 1 };
	static uint8_t body[SEAL_BODY_MAX];
	struct seal *seal;
	size_t length;

	if (size < 1 || size > 65536)
		return 0;
	shake(data[0] & 1 ? TLS_SERVER : TLS_CLIENT, data + 1, size - 1);
	if (seal_new(TLS_AES_256_GCM, material, &seal, NULL) < 0)
		abort();
	if (seal_unwrap(seal, data, 1, data[0], data + 1, size - 1, body, &length) == SEAL_GOOD)
		abort();
	seal_free(seal);
	return 0;
}
