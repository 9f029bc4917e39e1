/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * GnuTLS, with everything forbidden that the two routers do not need.  Whom to trust is decided in
 * one function, on_certificate(): the peer's key has the fingerprint it must have, or the handshake
 * fails; what else the certificate says is not looked at.
 *
 * It must not block, and must not let a peer that has proved nothing use much.
 */
#include "system/tls.h"

#include <errno.h>
#include <fcntl.h>
#include <gnutls/gnutls.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>
#if defined(__aarch64__)
#include <asm/hwcap.h>
#include <sys/auxv.h>
#endif

#include "system/clock.h"

#define HANDSHAKE_BYTES_MAX 16384	/* from the peer, in all; a router's are about 1,500 */
/* The order of preference is given by the cipher that stands first. */
#define SUITES(first, second) \
	"NONE:+VERS-TLS1.3:+CTYPE-X509:+AEAD:+ECDHE-ECDSA:" first ":" second \
	":+GROUP-X25519:+GROUP-SECP256R1:+SIGN-ECDSA-SECP256R1-SHA256:+SIGN-EDDSA-ED25519"
#define AES "+AES-256-GCM"
#define CHACHA "+CHACHA20-POLY1305"

struct tls {
	gnutls_session_t session;
	const struct identity *identity;
	int socket;
	enum tls_role role;
	nsec_t deadline;
	bool open;			/* the handshake is over, and well */
	bool failed;			/* nothing more can be said */
	size_t unsent;			/* bytes that wait in the session */
	size_t heard;			/* bytes of the handshake */
	bool has_pin;
	struct fingerprint pin;
	bool has_peer;
	struct fingerprint peer;
};

/* ---- errors --------------------------------------------------------------------------------- */

/* What the peer's last alert means for us. */
static int
explain_alert(const struct tls *tls, struct error *error)
{
	gnutls_alert_description_t alert = gnutls_alert_get(tls->session);

	switch (alert) {
	case GNUTLS_A_BAD_CERTIFICATE:
	case GNUTLS_A_UNSUPPORTED_CERTIFICATE:
	case GNUTLS_A_CERTIFICATE_UNKNOWN:
	case GNUTLS_A_CERTIFICATE_REQUIRED:
	case GNUTLS_A_UNKNOWN_CA:
	case GNUTLS_A_ACCESS_DENIED:
		return error_set(error, -EACCES, "the other router does not accept this router's "
		                 "key: pair the two routers anew");
	case GNUTLS_A_PROTOCOL_VERSION:
	case GNUTLS_A_HANDSHAKE_FAILURE:
	case GNUTLS_A_INSUFFICIENT_SECURITY:
		return error_set(error, -EPROTONOSUPPORT, "what answers there speaks no TLS 1.3 "
		                 "as routers of a pair do: is it a Tandem router?");
	default:
		return error_set(error, -EPROTO, "what answers there broke off with the TLS "
		                 "alert '%s'", gnutls_alert_get_name(alert));
	}
}

static int
explain_pin(const struct tls *tls, struct error *error)
{
	char text[FINGERPRINT_TEXT_SIZE];

	if (!tls->has_peer)
		return error_set(error, -ENOKEY, "what answers there shows no key");
	return error_set(error, -EKEYREJECTED, "another router answers there than the one of the "
	                 "pair: its key is %s; if that router was replaced, pair anew, otherwise "
	                 "find out who it is", fingerprint_text(&tls->peer, text));
}

/* A fatal error of GnuTLS, told to the peer if it does not know; negative errno. */
static int
fail(struct tls *tls, int code, struct error *error)
{
	bool heard = code == GNUTLS_E_FATAL_ALERT_RECEIVED;

	if (!heard && !tls->failed)
		(void)gnutls_alert_send_appropriate(tls->session, code);
	tls->failed = true;
	switch (code) {
	case GNUTLS_E_FATAL_ALERT_RECEIVED:
		return explain_alert(tls, error);
	case GNUTLS_E_CERTIFICATE_ERROR:
	case GNUTLS_E_CERTIFICATE_VERIFICATION_ERROR:
		return explain_pin(tls, error);
	case GNUTLS_E_NO_CERTIFICATE_FOUND:
	case GNUTLS_E_CERTIFICATE_REQUIRED:
		return error_set(error, -ENOKEY, "what answers there shows no key");
	case GNUTLS_E_UNSUPPORTED_VERSION_PACKET:
	case GNUTLS_E_UNSUPPORTED_SIGNATURE_ALGORITHM:
	case GNUTLS_E_NO_CIPHER_SUITES:
	case GNUTLS_E_NO_COMMON_KEY_SHARE:
		return error_set(error, -EPROTONOSUPPORT, "what answers there speaks no TLS 1.3 "
		                 "as routers of a pair do: is it a Tandem router?");
	case GNUTLS_E_HANDSHAKE_TOO_LARGE:
		return error_set(error, -EPROTO, "what answers there says more than a router of "
		                 "a pair would");
	case GNUTLS_E_PREMATURE_TERMINATION:
	case GNUTLS_E_PULL_ERROR:
	case GNUTLS_E_PUSH_ERROR:
		return error_set(error, -ECONNRESET, "the connection was broken off");
	default:
		return error_set(error, -EPROTO, "what answers there breaks the rules of TLS: %s",
		                 gnutls_strerror(code));
	}
}

/* Nothing to worry about: go on later, or at once. */
static bool
is_again(int code)
{
	return code == GNUTLS_E_AGAIN || code == GNUTLS_E_INTERRUPTED ||
	       (code < 0 && !gnutls_error_is_fatal(code));
}

/* ---- whom to trust -------------------------------------------------------------------------- */

/* The peer has shown a certificate; that it has the key too is proved by the handshake itself. */
static int
on_certificate(gnutls_session_t session)
{
	struct tls *tls = gnutls_session_get_ptr(session);
	const gnutls_datum_t *certificates;
	unsigned count = 0;

	if (gnutls_certificate_type_get2(session, GNUTLS_CTYPE_PEERS) != GNUTLS_CRT_X509)
		return GNUTLS_E_CERTIFICATE_ERROR;
	certificates = gnutls_certificate_get_peers(session, &count);
	if (!certificates || count == 0)
		return GNUTLS_E_CERTIFICATE_ERROR;
	if (identity_fingerprint_of(certificates[0].data, certificates[0].size, &tls->peer) < 0)
		return GNUTLS_E_CERTIFICATE_ERROR;
	tls->has_peer = true;
	if (tls->has_pin && !fingerprint_equal(&tls->peer, &tls->pin))
		return GNUTLS_E_CERTIFICATE_ERROR;
	return 0;
}

/* ---- the socket ----------------------------------------------------------------------------- */

/* Who has proved nothing yet may say only so much, however it is cut into messages. */
static ssize_t
pull(gnutls_transport_ptr_t owner, void *bytes, size_t size)
{
	struct tls *tls = owner;
	ssize_t got;

	if (!tls->open && tls->heard >= HANDSHAKE_BYTES_MAX) {
		gnutls_transport_set_errno(tls->session, EMSGSIZE);
		return -1;
	}
	got = recv(tls->socket, bytes, size, 0);
	if (got < 0)
		gnutls_transport_set_errno(tls->session, errno);
	else if (!tls->open)
		tls->heard += (size_t)got;
	return got;
}

static ssize_t
push(gnutls_transport_ptr_t owner, const void *bytes, size_t size)
{
	struct tls *tls = owner;
	ssize_t sent = send(tls->socket, bytes, size, MSG_NOSIGNAL);

	if (sent < 0)
		gnutls_transport_set_errno(tls->session, errno);
	return sent;
}

/* ---- begin and end -------------------------------------------------------------------------- */

/* Does the processor have instructions for AES?  Without, the other cipher is quicker. */
static bool
has_aes(void)
{
#if defined(__x86_64__) || defined(__i386__)
	return __builtin_cpu_supports("aes");
#elif defined(__aarch64__)
	return getauxval(AT_HWCAP) & HWCAP_AES;
#else
	return false;
#endif
}

/* The client says what it likes best; a server that has no AES decides against it. */
static const char *
priorities(enum tls_role role)
{
	if (has_aes())
		return SUITES(AES, CHACHA);
	return role == TLS_SERVER ? SUITES(CHACHA, AES) ":%SERVER_PRECEDENCE" : SUITES(CHACHA, AES);
}

static int
set_up(struct tls *tls, const struct identity *identity)
{
	unsigned flags = GNUTLS_NONBLOCK | GNUTLS_NO_TICKETS |
	                 (tls->role == TLS_SERVER ? GNUTLS_SERVER
	                                          : GNUTLS_CLIENT | GNUTLS_FORCE_CLIENT_CERT);
	int r = gnutls_init(&tls->session, flags);

	if (r < 0) {
		tls->session = NULL;
		return r;
	}
	gnutls_session_set_ptr(tls->session, tls);
	r = gnutls_priority_set_direct(tls->session, priorities(tls->role), NULL);
	if (r == 0)
		r = gnutls_credentials_set(tls->session, GNUTLS_CRD_CERTIFICATE,
		                           identity_credentials(identity));
	if (r < 0)
		return r;
	gnutls_session_set_verify_function(tls->session, on_certificate);
	if (tls->role == TLS_SERVER)
		gnutls_certificate_server_set_request(tls->session, GNUTLS_CERT_REQUIRE);
	/* The caller's loop has the clock. */
	gnutls_handshake_set_timeout(tls->session, GNUTLS_INDEFINITE_TIMEOUT);
	gnutls_transport_set_ptr(tls->session, tls);
	gnutls_transport_set_pull_function(tls->session, pull);
	gnutls_transport_set_push_function(tls->session, push);
	return 0;
}

int
tls_new(const struct identity *identity, enum tls_role role, const struct fingerprint *pin,
        int socket, struct tls **ret_tls, struct error *error)
{
	struct tls *tls = calloc(1, sizeof(*tls));
	int flags = fcntl(socket, F_GETFL);
	int r;

	assert(tls);
	tls->identity = identity;
	tls->socket = socket;
	tls->role = role;
	tls->deadline = clock_now() + TLS_PATIENCE;
	tls->has_pin = pin != NULL;
	if (pin)
		tls->pin = *pin;
	if (flags < 0 || fcntl(socket, F_SETFL, flags | O_NONBLOCK) < 0) {
		r = error_set(error, -errno, "a socket cannot be used: %s", strerror(errno));
		goto failed;
	}
	r = set_up(tls, identity);
	if (r < 0) {
		r = error_set(error, -EIO, "a TLS session cannot be set up: %s",
		              gnutls_strerror(r));
		goto failed;
	}
	*ret_tls = tls;
	return 0;
failed:
	tls->failed = true;
	tls_free(tls);
	return r;
}

void
tls_free(struct tls *tls)
{
	if (!tls)
		return;
	if (tls->open && !tls->failed)
		(void)gnutls_bye(tls->session, GNUTLS_SHUT_WR);
	if (tls->session)
		gnutls_deinit(tls->session);
	close(tls->socket);
	free(tls);
}

/* ---- the handshake -------------------------------------------------------------------------- */

int
tls_socket(const struct tls *tls)
{
	return tls->socket;
}

uint32_t
tls_events(const struct tls *tls)
{
	bool writes = tls->open ? tls->unsent > 0 : gnutls_record_get_direction(tls->session) == 1;

	return EPOLLIN | (writes ? (uint32_t)EPOLLOUT : 0);
}

nsec_t
tls_deadline(const struct tls *tls)
{
	return tls->deadline;
}

int
tls_handshake(struct tls *tls, struct error *error)
{
	int r;

	if (tls->open)
		return 0;
	if (tls->failed)
		return error_set(error, -ECONNRESET, "the connection was broken off");
	if (clock_now() >= tls->deadline) {
		tls->failed = true;
		return error_set(error, -ETIMEDOUT, "what answers there does not finish the TLS "
		                 "handshake");
	}
	do
		r = gnutls_handshake(tls->session);
	while (r == GNUTLS_E_INTERRUPTED);
	if (is_again(r))
		return -EAGAIN;
	if (r < 0)
		return fail(tls, tls->heard >= HANDSHAKE_BYTES_MAX ? GNUTLS_E_HANDSHAKE_TOO_LARGE
		                                                   : r, error);
	assert(tls->has_peer);
	tls->open = true;
	return 0;
}

const struct fingerprint *
tls_peer(const struct tls *tls)
{
	assert(tls->open);
	return &tls->peer;
}

enum tls_cipher
tls_cipher(const struct tls *tls)
{
	assert(tls->open);
	return gnutls_cipher_get(tls->session) == GNUTLS_CIPHER_AES_256_GCM
	       ? TLS_AES_256_GCM : TLS_CHACHA20_POLY1305;
}

/* ---- data ----------------------------------------------------------------------------------- */

ssize_t
tls_receive(struct tls *tls, void *bytes, size_t size, struct error *error)
{
	ssize_t got;

	assert(tls->open && size > 0);
	if (tls->failed)
		return error_set(error, -ECONNRESET, "the connection was broken off");
	do
		got = gnutls_record_recv(tls->session, bytes, size);
	while (got == GNUTLS_E_INTERRUPTED);
	if (got >= 0)
		return got;
	return is_again((int)got) ? -EAGAIN : fail(tls, (int)got, error);
}

int
tls_flush(struct tls *tls, struct error *error)
{
	ssize_t sent;

	assert(tls->open);
	if (tls->failed)
		return error_set(error, -ECONNRESET, "the connection was broken off");
	if (tls->unsent == 0)
		return 0;
	do
		sent = gnutls_record_send(tls->session, NULL, 0);
	while (sent == GNUTLS_E_INTERRUPTED);
	if (sent >= 0) {
		tls->unsent = 0;
		return 0;
	}
	return is_again((int)sent) ? -EAGAIN : fail(tls, (int)sent, error);
}

ssize_t
tls_send(struct tls *tls, const void *bytes, size_t size, struct error *error)
{
	size_t most = gnutls_record_get_max_size(tls->session);
	int r = tls_flush(tls, error);
	ssize_t sent;

	if (r < 0 || size == 0)
		return r;
	if (size > most)
		size = most;
	sent = gnutls_record_send(tls->session, bytes, size);
	if (sent >= 0)
		return sent;
	if (!is_again((int)sent))
		return fail(tls, (int)sent, error);
	/* The session keeps the record, sealed already. */
	tls->unsent = size;
	return (ssize_t)size;
}

int
tls_export(const struct tls *tls, const char *label, const void *context, size_t context_size,
           void *material, size_t size)
{
	assert(tls->open && size <= TLS_EXPORT_MAX);
	return gnutls_prf_rfc5705(tls->session, strlen(label), label, context_size, context, size,
	                          material) < 0 ? -EIO : 0;
}

int
tls_pair_secret(const struct tls *tls, void *secret, size_t size)
{
	uint8_t whole[IDENTITY_SECRET_SIZE];
	unsigned count = 0;
	const gnutls_datum_t *shown = gnutls_certificate_get_peers(tls->session, &count);
	int r;

	assert(tls->open && size <= sizeof(whole));
	if (!shown || count == 0)
		return -ENOKEY;
	r = identity_secret(tls->identity, shown[0].data, shown[0].size, whole);
	if (r == 0)
		memcpy(secret, whole, size);
	gnutls_memset(whole, 0, sizeof(whole));
	return r;
}
