/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Key and certificate stand in one file, so that one rename makes both: after a crash at any
 * instant there is no identity or a whole one.  A lock on the folder lets one process make it while
 * others wait.
 *
 * The key is of NIST P-256, which every TLS library speaks and every processor is quick at.  The
 * certificate never ends, because clocks of routers may be wrong and what counts is the key.
 * Nothing of the key may ever reach a log, an error, or a file of another mode.
 */
#include "system/identity.h"

#include <errno.h>
#include <fcntl.h>
#include <gmp.h>
#include <gnutls/abstract.h>
#include <gnutls/crypto.h>
#include <gnutls/gnutls.h>
#include <gnutls/x509.h>
#include <nettle/ecc-curve.h>
#include <nettle/ecc.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#define FILE_SIZE_MAX 8192		/* an identity has about 1 kB */
#define NEW_FILE IDENTITY_FILE ".new"

struct identity {
	gnutls_certificate_credentials_t credentials;
	struct fingerprint fingerprint;
	gnutls_datum_t secret;		/* the number that the key is; empty: not of P-256 */
};

/* ---- fingerprints --------------------------------------------------------------------------- */

static int
fingerprint_of(gnutls_x509_crt_t certificate, struct fingerprint *ret_fingerprint)
{
	gnutls_datum_t info = { 0 };
	gnutls_pubkey_t key;
	int r = gnutls_pubkey_init(&key);

	if (r < 0)
		return -ENOMEM;
	r = gnutls_pubkey_import_x509(key, certificate, 0);
	if (r == 0)
		r = gnutls_pubkey_export2(key, GNUTLS_X509_FMT_DER, &info);
	if (r == 0)
		r = gnutls_hash_fast(GNUTLS_DIG_SHA256, info.data, info.size,
		                     ret_fingerprint->bytes);
	gnutls_free(info.data);
	gnutls_pubkey_deinit(key);
	return r < 0 ? -EBADMSG : 0;
}

int
identity_fingerprint_of(const void *certificate, size_t size, struct fingerprint *ret_fingerprint)
{
	gnutls_datum_t der = { .data = (unsigned char *)certificate, .size = (unsigned)size };
	gnutls_x509_crt_t parsed;
	int r = gnutls_x509_crt_init(&parsed);

	if (r < 0)
		return -ENOMEM;
	r = gnutls_x509_crt_import(parsed, &der, GNUTLS_X509_FMT_DER) < 0 ? -EBADMSG
	    : fingerprint_of(parsed, ret_fingerprint);
	gnutls_x509_crt_deinit(parsed);
	return r;
}

/* ---- what two keys make --------------------------------------------------------------------- */

/* The coordinates of the key in a certificate, on the heap. */
static int
read_point(const void *bytes, size_t size, gnutls_datum_t *ret_x, gnutls_datum_t *ret_y)
{
	gnutls_datum_t der = { .data = (unsigned char *)bytes, .size = (unsigned)size };
	gnutls_ecc_curve_t curve = GNUTLS_ECC_CURVE_INVALID;
	gnutls_x509_crt_t certificate = NULL;
	gnutls_pubkey_t key = NULL;
	int r = gnutls_x509_crt_init(&certificate);

	if (r == 0)
		r = gnutls_pubkey_init(&key);
	if (r == 0)
		r = gnutls_x509_crt_import(certificate, &der, GNUTLS_X509_FMT_DER);
	if (r == 0)
		r = gnutls_pubkey_import_x509(key, certificate, 0);
	r = r < 0 ? -EBADMSG : 0;
	if (r == 0 && (gnutls_pubkey_export_ecc_raw(key, &curve, ret_x, ret_y) < 0 ||
	               curve != GNUTLS_ECC_CURVE_SECP256R1))
		r = -EOPNOTSUPP;
	if (key)
		gnutls_pubkey_deinit(key);
	if (certificate)
		gnutls_x509_crt_deinit(certificate);
	return r;
}

#define NUMBER_SIZE 32u			/* bytes, of the curve's field */

static void
import_number(mpz_t number, const gnutls_datum_t *bytes)
{
	mpz_import(number, bytes->size, 1, 1, 1, 0, bytes->data);
}

/*
 * The first coordinate of secret times point (SEC 1, 3.3.1), in 32 bytes.  False: the point is none
 * of the curve.
 */
static bool
multiply(const gnutls_datum_t *secret, const gnutls_datum_t *x, const gnutls_datum_t *y,
         uint8_t ret_shared[32])
{
	const struct ecc_curve *curve = nettle_get_secp_256r1();
	struct ecc_point point, product;
	struct ecc_scalar scalar;
	mpz_t a, b;
	bool good;

	mpz_inits(a, b, NULL);
	ecc_point_init(&point, curve);
	ecc_point_init(&product, curve);
	ecc_scalar_init(&scalar, curve);
	import_number(a, x);
	import_number(b, y);
	good = ecc_point_set(&point, a, b) != 0;
	import_number(a, secret);
	good = ecc_scalar_set(&scalar, a) != 0 && good;
	if (good) {
		size_t size;

		ecc_point_mul(&product, &scalar, &point);
		ecc_point_get(&product, a, b);
		size = (mpz_sizeinbase(a, 2) + 7) / 8;
		memset(ret_shared, 0, 32);
		mpz_export(ret_shared + 32 - size, NULL, 1, 1, 1, 0, a);
	}
	/* None of those who free it wipes it. */
	gnutls_memset(scalar.p, 0, NUMBER_SIZE);
	gnutls_memset(product.p, 0, 2 * NUMBER_SIZE);
	gnutls_memset(mpz_limbs_modify(a, 1), 0, mpz_size(a) * sizeof(mp_limb_t));
	gnutls_memset(mpz_limbs_modify(b, 1), 0, mpz_size(b) * sizeof(mp_limb_t));
	ecc_scalar_clear(&scalar);
	ecc_point_clear(&product);
	ecc_point_clear(&point);
	mpz_clears(a, b, NULL);
	return good;
}

int
identity_secret(const struct identity *identity, const void *certificate, size_t size,
                uint8_t ret_secret[IDENTITY_SECRET_SIZE])
{
	static const char label[] = "tandem pair secret";
	gnutls_datum_t x = { 0 }, y = { 0 };
	uint8_t shared[32];
	int r = read_point(certificate, size, &x, &y);

	if (r == 0 && !identity->secret.data)
		r = -EOPNOTSUPP;
	if (r == 0 && !multiply(&identity->secret, &x, &y, shared))
		r = -EBADMSG;
	if (r == 0 && gnutls_hmac_fast(GNUTLS_MAC_SHA256, shared, sizeof(shared), label,
	                               sizeof(label) - 1, ret_secret) < 0)
		r = -EIO;
	gnutls_memset(shared, 0, sizeof(shared));
	gnutls_free(x.data);
	gnutls_free(y.data);
	return r;
}

/* ---- making one ----------------------------------------------------------------------------- */

/* A certificate that says nothing but the key. */
static int
sign_own(gnutls_x509_privkey_t key, gnutls_x509_crt_t certificate)
{
	static const char name[] = "Tandem";
	unsigned char serial[16];
	int r = gnutls_rnd(GNUTLS_RND_NONCE, serial, sizeof(serial));

	serial[0] = (serial[0] & 0x7f) | 0x40;		/* a positive number, RFC 5280 4.1.2.2 */
	if (r == 0)
		r = gnutls_x509_crt_set_version(certificate, 3);
	if (r == 0)
		r = gnutls_x509_crt_set_serial(certificate, serial, sizeof(serial));
	if (r == 0)
		r = gnutls_x509_crt_set_dn_by_oid(certificate, GNUTLS_OID_X520_COMMON_NAME, 0,
		                                  name, sizeof(name) - 1);
	if (r == 0)
		r = gnutls_x509_crt_set_activation_time(certificate, 0);
	if (r == 0)
		r = gnutls_x509_crt_set_expiration_time(certificate,
		                                        GNUTLS_X509_NO_WELL_DEFINED_EXPIRATION);
	if (r == 0)
		r = gnutls_x509_crt_set_key_usage(certificate, GNUTLS_KEY_DIGITAL_SIGNATURE);
	if (r == 0)
		r = gnutls_x509_crt_set_key(certificate, key);
	if (r == 0)
		r = gnutls_x509_crt_sign2(certificate, certificate, key, GNUTLS_DIG_SHA256, 0);
	return r;
}

/* A new key and its certificate as text; a GnuTLS error, and nothing to release. */
static int
make_texts(gnutls_datum_t *ret_key, gnutls_datum_t *ret_certificate)
{
	gnutls_x509_privkey_t key = NULL;
	gnutls_x509_crt_t certificate = NULL;
	int r = gnutls_x509_privkey_init(&key);

	if (r == 0)
		r = gnutls_x509_crt_init(&certificate);
	if (r == 0)
		r = gnutls_x509_privkey_generate(key, GNUTLS_PK_ECDSA,
		                                 GNUTLS_CURVE_TO_BITS(GNUTLS_ECC_CURVE_SECP256R1),
		                                 0);
	if (r == 0)
		r = sign_own(key, certificate);
	if (r == 0)
		r = gnutls_x509_crt_export2(certificate, GNUTLS_X509_FMT_PEM, ret_certificate);
	if (r == 0) {
		r = gnutls_x509_privkey_export2(key, GNUTLS_X509_FMT_PEM, ret_key);
		if (r < 0)
			gnutls_free(ret_certificate->data);
	}
	if (certificate)
		gnutls_x509_crt_deinit(certificate);
	if (key)
		gnutls_x509_privkey_deinit(key);
	return r;
}

static int
write_whole(int fd, const gnutls_datum_t *text)
{
	for (size_t done = 0; done < text->size;) {
		ssize_t written = write(fd, text->data + done, text->size - done);

		if (written < 0 && errno == EINTR)
			continue;
		if (written < 0)
			return -errno;
		done += (size_t)written;
	}
	return 0;
}

/* Put both into the folder under the final name. */
static int
write_file(int folder, const gnutls_datum_t *key, const gnutls_datum_t *certificate)
{
	int fd, r;

	/* What a crash left there is nobody's identity, whoever may read it. */
	(void)unlinkat(folder, NEW_FILE, 0);
	fd = openat(folder, NEW_FILE, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600);
	if (fd < 0)
		return -errno;
	r = fchmod(fd, 0600) < 0 ? -errno : write_whole(fd, key);
	if (r == 0)
		r = write_whole(fd, certificate);
	if (r == 0 && fsync(fd) < 0)
		r = -errno;
	if (close(fd) < 0 && r == 0)
		r = -errno;
	if (r == 0 && renameat(folder, NEW_FILE, folder, IDENTITY_FILE) < 0)
		r = -errno;
	if (r < 0)
		(void)unlinkat(folder, NEW_FILE, 0);
	else if (fsync(folder) < 0)
		r = -errno;
	return r;
}

static int
make(int folder, struct error *error)
{
	gnutls_datum_t key = { 0 }, certificate = { 0 };
	int r = make_texts(&key, &certificate);

	if (r < 0)
		return error_set(error, -EIO, "a key for this router cannot be made: %s",
		                 gnutls_strerror(r));
	r = write_file(folder, &key, &certificate);
	gnutls_memset(key.data, 0, key.size);
	gnutls_free(key.data);
	gnutls_free(certificate.data);
	if (r < 0)
		return error_set(error, r, "the key of this router cannot be written to "
		                 IDENTITY_FOLDER "/" IDENTITY_FILE " in the state directory: %s",
		                 strerror(-r));
	return 0;
}

/* ---- reading one ---------------------------------------------------------------------------- */

static void
forget_secret(struct identity *identity)
{
	if (identity->secret.data)
		gnutls_memset(identity->secret.data, 0, identity->secret.size);
	gnutls_free(identity->secret.data);
	identity->secret = (gnutls_datum_t){ 0 };
}

static void
keep_secret(struct identity *identity, gnutls_x509_privkey_t key)
{
	gnutls_ecc_curve_t curve = GNUTLS_ECC_CURVE_INVALID;

	if (gnutls_x509_privkey_export_ecc_raw(key, &curve, NULL, NULL, &identity->secret) < 0)
		identity->secret = (gnutls_datum_t){ 0 };
	else if (curve != GNUTLS_ECC_CURVE_SECP256R1)
		forget_secret(identity);
}

/* The credentials of the key and the certificate in text. */
static int
understand(const gnutls_datum_t *text, struct identity *identity)
{
	gnutls_x509_privkey_t key = NULL;
	gnutls_x509_crt_t certificate = NULL;
	int r = gnutls_x509_privkey_init(&key);

	if (r == 0)
		r = gnutls_x509_crt_init(&certificate);
	if (r == 0)
		r = gnutls_x509_privkey_import(key, text, GNUTLS_X509_FMT_PEM);
	if (r == 0)
		r = gnutls_x509_crt_import(certificate, text, GNUTLS_X509_FMT_PEM);
	if (r == 0)
		r = gnutls_certificate_set_x509_key(identity->credentials, &certificate, 1, key);
	if (r >= 0)
		r = fingerprint_of(certificate, &identity->fingerprint);
	if (r == 0)
		keep_secret(identity, key);
	if (certificate)
		gnutls_x509_crt_deinit(certificate);
	if (key)
		gnutls_x509_privkey_deinit(key);
	return r < 0 ? -EBADMSG : 0;
}

/* All of the file, when only its owner may read it: its size, or negative errno. */
static ssize_t
read_file(int fd, unsigned char text[FILE_SIZE_MAX])
{
	size_t length = 0;
	struct stat st;

	if (fstat(fd, &st) < 0)
		return -errno;
	if (!S_ISREG(st.st_mode) || st.st_size >= FILE_SIZE_MAX)
		return -EBADMSG;
	if (st.st_mode & 077)
		return -EACCES;
	while (length < FILE_SIZE_MAX - 1) {
		ssize_t got = read(fd, text + length, FILE_SIZE_MAX - 1 - length);

		if (got < 0 && errno == EINTR)
			continue;
		if (got < 0)
			return -errno;
		if (got == 0)
			break;
		length += (size_t)got;
	}
	text[length] = '\0';
	return (ssize_t)length;
}

/* -ENOENT: there is none. */
static int
read_identity(int folder, struct identity *identity)
{
	int fd = openat(folder, IDENTITY_FILE, O_RDONLY | O_NOFOLLOW | O_CLOEXEC);
	unsigned char text[FILE_SIZE_MAX];
	gnutls_datum_t datum = { .data = text };
	ssize_t length;
	int r;

	if (fd < 0)
		return -errno;
	length = read_file(fd, text);
	close(fd);
	datum.size = length > 0 ? (unsigned)length : 0;
	r = length < 0 ? (int)length : understand(&datum, identity);
	gnutls_memset(text, 0, sizeof(text));
	return r;
}

static int
explain(int code, const char *state_dir, struct error *error)
{
	static const char file[] = IDENTITY_FOLDER "/" IDENTITY_FILE;

	if (code == -EACCES)
		return error_set(error, code, "the key of this router, %s/%s, may be read by "
		                 "others, or not by the service: see that it has the service's "
		                 "user and mode 0600, or remove it and pair anew", state_dir, file);
	if (code == -EBADMSG)
		return error_set(error, code, "the key of this router, %s/%s, is damaged: restore "
		                 "it, or remove it and pair anew", state_dir, file);
	return error_set(error, code, "the key of this router, %s/%s, cannot be read: %s",
	                 state_dir, file, strerror(-code));
}

/* The folder, made if need be and locked; or negative errno. */
static int
open_folder(const char *state_dir, struct error *error)
{
	char *path = NULL;
	int fd;

	if (asprintf(&path, "%s/" IDENTITY_FOLDER, state_dir) < 0)
		return error_set(error, -ENOMEM, "there is no memory for a path");
	/* Looked for first: a process that may not make it needs not to. */
	fd = open(path, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	if (fd < 0 && errno == ENOENT && (mkdir(path, 0700) == 0 || errno == EEXIST))
		fd = open(path, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	if (fd < 0)
		fd = -errno;
	if (fd >= 0 && flock(fd, LOCK_EX) < 0) {
		int code = -errno;

		close(fd);
		fd = code;
	}
	if (fd < 0)
		fd = error_set(error, fd, "the folder of this router's key, %s, cannot be used: "
		               "%s", path, strerror(-fd));
	free(path);
	return fd;
}

int
identity_open(const char *state_dir, struct identity **ret_identity, struct error *error)
{
	struct identity *identity;
	int folder = open_folder(state_dir, error);
	int r;

	if (folder < 0)
		return folder;
	identity = calloc(1, sizeof(*identity));
	assert(identity);
	if (gnutls_certificate_allocate_credentials(&identity->credentials) < 0)
		assert(!"there is memory for credentials");
	r = read_identity(folder, identity);
	if (r == -ENOENT) {
		r = make(folder, error);
		if (r < 0)
			goto out;
		r = read_identity(folder, identity);
	}
	if (r < 0)
		r = explain(r, state_dir, error);
out:
	close(folder);
	if (r < 0)
		identity_free(identity);
	else
		*ret_identity = identity;
	return r;
}

int
identity_renew(const char *state_dir, struct error *error)
{
	int folder = open_folder(state_dir, error);
	int r = folder < 0 ? folder : make(folder, error);

	if (folder >= 0)
		close(folder);
	return r;
}

void
identity_free(struct identity *identity)
{
	if (!identity)
		return;
	forget_secret(identity);
	gnutls_certificate_free_credentials(identity->credentials);
	free(identity);
}

const struct fingerprint *
identity_fingerprint(const struct identity *identity)
{
	return &identity->fingerprint;
}

struct gnutls_certificate_credentials_st *
identity_credentials(const struct identity *identity)
{
	return identity->credentials;
}
