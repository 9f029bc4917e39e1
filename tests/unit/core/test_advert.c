/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The codec against bytes that were not made by it: captures of keepalived and FRR, and vectors
 * worked out by hand from RFC 3768 5, RFC 2338 5.3.6, RFC 5798 5.2 and RFC 9568 5.2.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "captured.h"
#include "core/advert.h"

#define ETHERNET 14u
#define MESSAGE4 34u			/* where the message begins, without options */
#define MESSAGE6 54u
#define FRAME_MAX (CAPTURED_MAX + 64u)
#define ETHERNET_IPV4 "01005e000012" "020000000001" "0800"

/* By hand: group 7, priority 100, 192.0.2.10, from 192.0.2.1, every second. */
#define PLAIN ETHERNET_IPV4 \
	"45c00028" "00004000" "ff70d891" "c0000201" "e0000012" \
	"21076401" "0001b8eb" "c000020a" "0000000000000000"
#define RESIGN ETHERNET_IPV4 \
	"45c00028" "00004000" "ff70d891" "c0000201" "e0000012" \
	"21070001" "00011cec" "c000020a" "0000000000000000"
#define SECRET ETHERNET_IPV4 \
	"45c00028" "00004000" "ff70d891" "c0000201" "e0000012" \
	"21076401" "01017b9f" "c000020a" "7365637265740000"
#define V3_MESSAGE ETHERNET_IPV4 \
	"45c00020" "00004000" "ff70d899" "c0000201" "e0000012" \
	"31076401" "0064a888" "c000020a"
#define V3_PSEUDO ETHERNET_IPV4 \
	"45c00020" "00004000" "ff70d899" "c0000201" "e0000012" \
	"31076401" "006405f8" "c000020a"
#define V3_UNICAST "000000000000" "020000000001" "0800" \
	"45c00020" "00004000" "ff70f6a9" "c0000201" "c0000202" \
	"31076401" "00642408" "c000020a"
#define V3_IPV6 "333300000012" "020000000001" "86dd" \
	"6c000000" "002870ff" "fe800000000000000000000000000001" \
	"ff020000000000000000000000000012" \
	"31076402" "0064401b" "fe800000000000000000000000000007" \
	"20010db8000000000000000000000007"

#define SECONDS(n) ((n) * NSEC_PER_SEC)
#define MILLIS(n) ((n) * NSEC_PER_MSEC)

static const struct golden {
	const char *digits;
	uint8_t version, family, vrid, priority, auth, sum_form;
	nsec_t interval;
	const char *source, *destination;
	unsigned count;
	const char *addresses[2];
	const char *password;		/* in the message */
} golden[] = {
	{ PLAIN, 2, 4, 7, 100, 0, 0, SECONDS(1), "192.0.2.1", "224.0.0.18", 1,
	  { "192.0.2.10" }, "" },
	{ RESIGN, 2, 4, 7, 0, 0, 0, SECONDS(1), "192.0.2.1", "224.0.0.18", 1,
	  { "192.0.2.10" }, "" },
	{ SECRET, 2, 4, 7, 100, 1, 0, SECONDS(1), "192.0.2.1", "224.0.0.18", 1,
	  { "192.0.2.10" }, "secret" },
	{ V3_MESSAGE, 3, 4, 7, 100, 0, SUM_MESSAGE, SECONDS(1), "192.0.2.1", "224.0.0.18", 1,
	  { "192.0.2.10" }, "" },
	{ V3_PSEUDO, 3, 4, 7, 100, 0, SUM_PSEUDO, SECONDS(1), "192.0.2.1", "224.0.0.18", 1,
	  { "192.0.2.10" }, "" },
	{ V3_UNICAST, 3, 4, 7, 100, 0, SUM_PSEUDO, SECONDS(1), "192.0.2.1", "192.0.2.2", 1,
	  { "192.0.2.10" }, "" },
	{ V3_IPV6, 3, 6, 7, 100, 0, SUM_PSEUDO, SECONDS(1), "fe80::1", "ff02::12", 2,
	  { "fe80::7", "2001:db8::7" }, "" },
	{ KEEPALIVED_V2, 2, 4, 7, 100, 0, 0, SECONDS(1), "192.0.2.1", "224.0.0.18", 1,
	  { "192.0.2.10" }, "" },
	{ KEEPALIVED_V2_TEXT, 2, 4, 8, 100, 1, 0, SECONDS(1), "192.0.2.1", "224.0.0.18", 2,
	  { "192.0.2.11", "192.0.2.12" }, "secret" },
	{ KEEPALIVED_V2_AH, 2, 4, 9, 100, 2, 0, SECONDS(1), "192.0.2.1", "224.0.0.18", 1,
	  { "192.0.2.13" }, "" },
	{ KEEPALIVED_V2_AH_TWO, 2, 4, 10, 120, 2, 0, SECONDS(2), "192.0.2.1", "224.0.0.18", 2,
	  { "192.0.2.14", "192.0.2.15" }, "" },
	{ KEEPALIVED_V2_AH_UNICAST, 2, 4, 9, 200, 2, 0, SECONDS(1), "192.0.2.1", "192.0.2.2", 1,
	  { "192.0.2.13" }, "" },
	{ KEEPALIVED_V3, 3, 4, 7, 100, 0, SUM_PSEUDO, SECONDS(1), "192.0.2.1", "224.0.0.18", 1,
	  { "192.0.2.10" }, "" },
	{ KEEPALIVED_V3_UNICAST, 3, 4, 12, 100, 0, SUM_PSEUDO, SECONDS(1),
	  "192.0.2.1", "192.0.2.2", 1, { "192.0.2.17" }, "" },
	{ KEEPALIVED_V3_IPV6, 3, 6, 7, 100, 0, SUM_PSEUDO, MILLIS(500), "fe80::1", "ff02::12", 2,
	  { "fe80::7", "2001:db8::7" }, "" },
	{ KEEPALIVED_V3_IPV6_UNICAST, 3, 6, 9, 100, 0, SUM_PSEUDO, MILLIS(100),
	  "fe80::1", "fe80::ff:fe00:b", 1, { "fe80::7" }, "" },
	{ KEEPALIVED_V3_IPV6_RESIGN, 3, 6, 9, 0, 0, SUM_PSEUDO, MILLIS(100),
	  "fe80::1", "fe80::ff:fe00:b", 1, { "fe80::7" }, "" },
	{ FRR_V2, 2, 4, 7, 100, 0, 0, SECONDS(1), "192.0.2.1", "224.0.0.18", 1,
	  { "192.0.2.10" }, "" },
	{ FRR_V3, 3, 4, 8, 150, 0, SUM_PSEUDO, MILLIS(500), "192.0.2.1", "224.0.0.18", 2,
	  { "192.0.2.11", "192.0.2.12" }, "" },
	{ FRR_V3_IPV6, 3, 6, 7, 100, 0, SUM_PSEUDO, SECONDS(1), "fe80::7", "ff02::12", 2,
	  { "fe80::7", "2001:db8::7" }, "" },
};

/* ---- tools ---------------------------------------------------------------------------------- */

static uint32_t
add(uint32_t total, const uint8_t *bytes, size_t length)
{
	for (size_t i = 0; i + 1 < length; i += 2)
		total += (uint32_t)(bytes[i] << 8 | bytes[i + 1]);
	return length % 2 ? total + (uint32_t)(bytes[length - 1] << 8) : total;
}

static void
put_sum(uint8_t *at, uint32_t total)
{
	uint16_t value = (uint16_t)~(total % 0xffff == 0 ? 0xffff : total % 0xffff);

	at[0] = (uint8_t)(value >> 8);
	at[1] = (uint8_t)value;
}

/* Make the IPv4 header's checksum right again after a change. */
static void
seal_header(uint8_t *frame)
{
	frame[24] = frame[25] = 0;
	put_sum(frame + 24, add(0, frame + 14, 4u * (frame[14] & 15u)));
}

/* Make all checksums right again; the message has this length and begins here. */
static void
seal(uint8_t *frame, size_t message, size_t length, bool pseudo)
{
	bool ipv6 = frame[12] == 0x86;
	uint32_t total = 0;

	if (!ipv6)
		seal_header(frame);
	if (pseudo)
		total = add(112 + (uint32_t)length, frame + (ipv6 ? 22 : 26), ipv6 ? 32 : 8);
	frame[message + 6] = frame[message + 7] = 0;
	put_sum(frame + message + 6, add(total, frame + message, length));
}

static bool
is_unicast(const struct golden *g)
{
	return g->destination[0] != '2' && g->destination[1] != 'f';
}

static enum advert_fault
decode(const uint8_t *frame, size_t length, struct advert *ad)
{
	struct packet packet;

	assert_true(advert_open(reader_over(frame, length), &packet));
	return advert_decode(&packet, ad);
}

static bool
opens(const uint8_t *frame, size_t length)
{
	struct packet packet;

	return advert_open(reader_over(frame, length), &packet);
}

static void
assert_fault(const uint8_t *frame, size_t length, enum advert_fault fault)
{
	struct advert ad;

	assert_string_equal(advert_fault_name(decode(frame, length, &ad)),
	                    advert_fault_name(fault));
}

static size_t
message_at(const struct golden *g)
{
	return (g->family == 6 ? MESSAGE6 : MESSAGE4) + (g->auth == AUTH_AH ? AUTH_HEADER_SIZE : 0);
}

/* Insert bytes before place and make the IP header say so. */
static size_t
insert(uint8_t *frame, size_t length, size_t place, const void *bytes, size_t count)
{
	memmove(frame + place + count, frame + place, length - place);
	memcpy(frame + place, bytes, count);
	frame[frame[12] == 0x86 ? 19 : 17] += (uint8_t)count;
	if (frame[12] == 0x08)
		seal_header(frame);
	return length + count;
}

/* ---- what is right -------------------------------------------------------------------------- */

static void
test_golden_frames_decode_to_what_they_mean(void **state UNUSED)
{
	for (const struct golden *g = golden; g < golden + ARRAY_SIZE(golden); g++) {
		uint8_t frame[CAPTURED_MAX], password[PASSWORD_SIZE] = { 0 };
		size_t length = captured(g->digits, frame);
		char text[IP_TEXT_SIZE];
		struct advert ad;

		assert_int_equal(decode(frame, length, &ad), ADVERT_OK);
		assert_int_equal(ad.version, g->version);
		assert_int_equal(ad.family, g->family);
		assert_int_equal(ad.vrid, g->vrid);
		assert_int_equal(ad.priority, g->priority);
		assert_int_equal(ad.auth, g->auth);
		assert_int_equal(ad.ah.present, g->auth == AUTH_AH);
		memcpy(password, g->password, strlen(g->password));
		assert_memory_equal(ad.auth_data, password, PASSWORD_SIZE);
		assert_int_equal(ad.sum_form, g->sum_form);
		assert_int_equal(ad.interval, g->interval);
		assert_int_equal(ad.ttl, g->family == 6 && is_unicast(g) ? 64 : 255);
		assert_memory_equal(ad.sender.bytes, frame + 6, 6);
		assert_string_equal(ip_text(&ad.source, text), g->source);
		assert_string_equal(ip_text(&ad.destination, text), g->destination);
		assert_int_equal(ad.address_count, g->count);
		for (unsigned i = 0; i < g->count; i++) {
			struct ip ip = advert_address(&ad, i);

			assert_string_equal(ip_text(&ip, text), g->addresses[i]);
		}
	}
}

static size_t
encode_golden(const struct golden *g, const uint8_t *frame, uint8_t again[ADVERT_FRAME_MAX])
{
	uint8_t addresses[2 * 16];
	struct advert ad = {
		.version = g->version, .family = g->family, .vrid = g->vrid,
		.priority = g->priority, .auth = g->auth, .interval = g->interval,
		/* IPv6 has one form, whatever is asked for. */
		.sum_form = g->family == 6 ? SUM_MESSAGE : g->sum_form,
		.address_count = (uint8_t)g->count, .addresses = addresses,
	};

	memcpy(ad.sender.bytes, frame + 6, 6);
	memcpy(ad.auth_data, g->password, strlen(g->password));
	assert_true(ip_parse(g->source, &ad.source));
	assert_true(ip_parse(g->destination, &ad.destination));
	for (unsigned i = 0; i < g->count; i++) {
		struct ip ip;

		assert_true(ip_parse(g->addresses[i], &ip));
		memcpy(addresses + i * ip_size(&ip), ip.bytes, ip_size(&ip));
	}
	return advert_encode(&ad, again);
}

/* But for what senders choose: identification, "don't fragment", flow label; and AH's number. */
static void
test_what_golden_frames_mean_encodes_to_them(void **state UNUSED)
{
	for (const struct golden *g = golden; g < golden + ARRAY_SIZE(golden); g++) {
		uint8_t frame[CAPTURED_MAX], again[ADVERT_FRAME_MAX];
		size_t length = captured(g->digits, frame);

		assert_int_equal(encode_golden(g, frame, again), length);
		if (is_unicast(g))
			memset(frame, 0, 6);
		if (g->family == 4) {
			memcpy(frame + 18, "\0\0\x40\0", 4);
			seal_header(frame);
		} else {
			memset(frame + 16, 0, 2);
			frame[15] &= 0xf0;
			frame[21] = 255;
		}
		if (g->auth == AUTH_AH)
			memset(frame + MESSAGE4 + 8, 0, 16);
		assert_memory_equal(again, frame, length);
	}
}

static void
test_sealed_frame_holds_for_its_password(void **state UNUSED)
{
	static const uint8_t secret[PASSWORD_SIZE] = "secret\0";

	for (const struct golden *g = golden; g < golden + ARRAY_SIZE(golden); g++) {
		uint8_t frame[CAPTURED_MAX], again[ADVERT_FRAME_MAX];
		size_t length = captured(g->digits, frame);
		struct advert ad;

		if (g->auth != AUTH_AH)
			continue;
		assert_int_equal(encode_golden(g, frame, again), length);
		assert_int_equal(decode(again, length, &ad), ADVERT_OK);
		assert_false(auth_header_holds(&ad.ah, secret));
		advert_seal(again, length, secret, 0x01020304);
		assert_int_equal(decode(again, length, &ad), ADVERT_OK);
		assert_int_equal(ad.ah.sequence, 0x01020304);
		assert_true(auth_header_holds(&ad.ah, secret));
	}
}

static void
test_largest_list_of_every_form_fits_and_comes_back(void **state UNUSED)
{
	static const struct {
		uint8_t version, family, auth, sum_form;
		nsec_t interval;
		size_t length;
	} forms[] = {
		{ 2, 4, AUTH_TEXT, 0, ADVERT_INTERVAL_MAX_V2, 34 + 8 + 80 + 8 },
		{ 2, 4, AUTH_AH, 0, SECONDS(1), 34 + 24 + 8 + 80 + 8 },
		{ 3, 4, 0, SUM_MESSAGE, ADVERT_INTERVAL_MAX_V3, 34 + 8 + 80 },
		{ 3, 4, 0, SUM_PSEUDO, MILLIS(10), 34 + 8 + 80 },
		{ 3, 6, 0, SUM_PSEUDO, MILLIS(1230), 54 + 8 + 320 },
	};

	for (size_t i = 0; i < ARRAY_SIZE(forms); i++) {
		uint8_t addresses[16 * GROUP_ADDRESSES_MAX], frame[ADVERT_FRAME_MAX];
		bool ipv6 = forms[i].family == 6;
		struct advert ad = {
			.version = forms[i].version, .family = forms[i].family, .vrid = 255,
			.priority = 254, .auth = forms[i].auth, .sum_form = forms[i].sum_form,
			.interval = forms[i].interval,
			.destination = advert_destination(forms[i].family),
			.address_count = GROUP_ADDRESSES_MAX, .addresses = addresses,
		}, back;

		assert_true(ip_parse(ipv6 ? "fe80::9" : "10.0.0.1", &ad.source));
		for (size_t k = 0; k < sizeof(addresses); k++)
			addresses[k] = (uint8_t)(k * 7);
		memcpy(addresses, "\xfe\x80", 2);
		assert_int_equal(advert_encode(&ad, frame), forms[i].length);
		assert_true(forms[i].length <= ADVERT_FRAME_MAX);
		assert_int_equal(decode(frame, forms[i].length, &back), ADVERT_OK);
		assert_int_equal(back.address_count, GROUP_ADDRESSES_MAX);
		assert_memory_equal(back.addresses, addresses, (ipv6 ? 16 : 4) * 20);
		assert_int_equal(back.interval, forms[i].interval);
		assert_int_equal(back.sum_form, forms[i].sum_form);
	}
}

/* With such addresses the pseudo-header adds nothing, so nobody can tell the forms apart. */
static void
test_checksum_that_holds_in_both_forms_says_so(void **state UNUSED)
{
	uint8_t frame[CAPTURED_MAX];
	size_t length = captured(V3_MESSAGE, frame);
	struct advert ad;

	memcpy(frame + 26, "\x1f\x00\x00\x71", 4);
	seal_header(frame);
	assert_int_equal(decode(frame, length, &ad), ADVERT_OK);
	assert_int_equal(ad.sum_form, SUM_FORMS);
}

/* ---- what is cut, padded, damaged ----------------------------------------------------------- */

/* A frame cut at any byte is never accepted, and never read past its end. */
static void
test_frame_cut_anywhere_is_never_accepted(void **state UNUSED)
{
	for (const struct golden *g = golden; g < golden + ARRAY_SIZE(golden); g++) {
		uint8_t frame[CAPTURED_MAX];
		size_t whole = captured(g->digits, frame);

		for (size_t length = 0; length < whole; length++) {
			uint8_t *cut = malloc(length + !length);

			memcpy(cut, frame, length);
			if (opens(cut, length)) {
				struct advert ad;

				assert_int_equal(decode(cut, length, &ad), ADVERT_LENGTH);
				assert_int_equal(ad.vrid,
				                 length >= message_at(g) + 2 ? g->vrid : 0);
			} else {
				assert_true(length < message_at(g));
			}
			free(cut);
		}
	}
}

/* The same with an IP header that says so truthfully. */
static void
test_message_cut_anywhere_is_a_length_fault(void **state UNUSED)
{
	for (const struct golden *g = golden; g < golden + ARRAY_SIZE(golden); g++) {
		uint8_t frame[CAPTURED_MAX];
		size_t whole = captured(g->digits, frame), start = message_at(g);
		size_t ip_length = g->family == 6 ? 19 : 17;

		for (size_t length = start; length < whole; length++) {
			uint8_t *cut = malloc(length);
			struct advert ad;

			memcpy(cut, frame, length);
			cut[ip_length] -= (uint8_t)(whole - length);
			if (g->family == 4)
				seal_header(cut);
			assert_int_equal(decode(cut, length, &ad), ADVERT_LENGTH);
			assert_int_equal(ad.vrid, length >= start + 2 ? g->vrid : 0);
			assert_int_equal(ad.version, length >= start + 1 ? g->version : 0);
			free(cut);
		}
	}
}

/* Behind the IP packet, as Ethernet does, and inside it, which RFC 3768 7.1 allows. */
static void
test_padding_is_tolerated(void **state UNUSED)
{
	for (const struct golden *g = golden; g < golden + ARRAY_SIZE(golden); g++) {
		uint8_t frame[FRAME_MAX];
		size_t length = captured(g->digits, frame);

		memset(frame + length, 0xee, 40);
		assert_fault(frame, length + 40, ADVERT_OK);
		length = insert(frame, length, length, "\xee\xee\xee\xee\xee", 5);
		assert_fault(frame, length, ADVERT_OK);
	}
}

/*
 * In the message every bit counts, reserved ones of version 3 included: they are not looked at, but
 * summed.  The ICV of AH is judged with the password: test_auth_header.c.
 */
static void
test_any_flipped_bit_of_a_message_is_noticed(void **state UNUSED)
{
	for (const struct golden *g = golden; g < golden + ARRAY_SIZE(golden); g++) {
		uint8_t frame[CAPTURED_MAX];
		size_t length = captured(g->digits, frame);

		for (size_t bit = 8 * message_at(g); bit < 8 * length; bit++) {
			struct advert ad;

			frame[bit / 8] ^= (uint8_t)(1u << bit % 8);
			assert_int_not_equal(decode(frame, length, &ad), ADVERT_OK);
			frame[bit / 8] ^= (uint8_t)(1u << bit % 8);
		}
	}
}

/*
 * Of IPv6, class and flow label are covered by nothing (RFC 8200 8.1), nor is the hop limit, which
 * counts for multicast.
 */
static void
test_any_flipped_bit_of_an_ip_header_is_noticed(void **state UNUSED)
{
	for (const struct golden *g = golden; g < golden + ARRAY_SIZE(golden); g++) {
		uint8_t frame[CAPTURED_MAX];
		size_t length = captured(g->digits, frame), header = g->family == 6 ? 40 : 20;

		for (size_t bit = 8 * 14; bit < 8 * (14 + header); bit++) {
			size_t at = bit / 8 - 14;
			bool uncovered = g->family == 6 &&
			                 ((at == 0 && bit % 8 < 4) || (at >= 1 && at <= 3) ||
			                  (at == 7 && is_unicast(g)));
			struct advert ad;
			bool accepted;

			frame[bit / 8] ^= (uint8_t)(1u << bit % 8);
			accepted = opens(frame, length) &&
			           decode(frame, length, &ad) == ADVERT_OK;
			frame[bit / 8] ^= (uint8_t)(1u << bit % 8);
			assert_int_equal(accepted, uncovered);
		}
	}
}

/* ---- what is wrong is named ----------------------------------------------------------------- */

static void
test_each_wrong_field_is_named(void **state UNUSED)
{
	static const struct {
		const char *digits;
		size_t at;
		uint8_t value;
		bool sealed;
		enum advert_fault fault;
	} cases[] = {
		{ PLAIN, 14, 0x44, true, ADVERT_LENGTH },	/* header of 16 bytes */
		{ PLAIN, 14, 0x4f, true, ADVERT_LENGTH },	/* longer than the packet */
		{ PLAIN, 17, 0x29, true, ADVERT_LENGTH },	/* total beyond the frame */
		{ PLAIN, 17, 0x13, true, ADVERT_LENGTH },	/* less than its header */
		{ PLAIN, 20, 0x20, true, ADVERT_LENGTH },	/* more fragments */
		{ PLAIN, 21, 0x01, true, ADVERT_LENGTH },	/* a later fragment */
		{ PLAIN, 22, 254, true, ADVERT_TTL },
		{ PLAIN, 22, 1, false, ADVERT_TTL },		/* named before the checksum */
		{ PLAIN, 24, 0, false, ADVERT_CHECKSUM },	/* of the IP header */
		{ PLAIN, 34, 0x41, true, ADVERT_VERSION },
		{ PLAIN, 34, 0x11, false, ADVERT_VERSION },
		{ PLAIN, 34, 0x22, true, ADVERT_TYPE },
		{ PLAIN, 34, 0x20, false, ADVERT_TYPE },
		{ PLAIN, 37, 2, true, ADVERT_LENGTH },		/* claims two addresses */
		{ PLAIN, 37, 255, false, ADVERT_LENGTH },
		{ PLAIN, 38, 2, true, ADVERT_AUTH_INVALID },	/* AH, but there is none */
		{ PLAIN, 40, 0, false, ADVERT_CHECKSUM },
		{ PLAIN, 45, 0x0b, false, ADVERT_CHECKSUM },
		{ PLAIN, 53, 1, false, ADVERT_CHECKSUM },
		{ PLAIN, 37, 0, true, ADVERT_OK },		/* vrouter.c judges it */
		{ PLAIN, 38, 9, true, ADVERT_OK },
		{ PLAIN, 39, 0, true, ADVERT_OK },
		{ V3_MESSAGE, 22, 254, true, ADVERT_TTL },
		{ V3_MESSAGE, 34, 0x32, true, ADVERT_TYPE },
		{ V3_MESSAGE, 37, 2, true, ADVERT_LENGTH },
		{ V3_MESSAGE, 37, 0, true, ADVERT_NO_ADDRESS },
		{ V3_MESSAGE, 39, 0, true, ADVERT_INTERVAL },
		{ V3_MESSAGE, 39, 0, false, ADVERT_CHECKSUM },
		{ V3_MESSAGE, 38, 0xf0, true, ADVERT_OK },	/* reserved bits */
		{ V3_IPV6, 19, 0x29, true, ADVERT_LENGTH },
		{ V3_IPV6, 18, 0x80, false, ADVERT_LENGTH },
		{ V3_IPV6, 21, 254, true, ADVERT_TTL },
		{ V3_IPV6, 54, 0x21, true, ADVERT_VERSION },	/* version 2 has no IPv6 */
		{ V3_IPV6, 54, 0x30, true, ADVERT_TYPE },
		{ V3_IPV6, 57, 3, true, ADVERT_LENGTH },
		{ V3_IPV6, 57, 0, true, ADVERT_NO_ADDRESS },
		{ V3_IPV6, 59, 0, true, ADVERT_INTERVAL },
		{ V3_IPV6, 62, 0xff, true, ADVERT_FIRST_ADDRESS },
		{ V3_IPV6, 63, 0x40, true, ADVERT_FIRST_ADDRESS },
		{ V3_IPV6, 63, 0xc0, true, ADVERT_FIRST_ADDRESS },	/* site-local of old */
		{ V3_IPV6, 63, 0xbf, true, ADVERT_OK },		/* still in fe80::/10 */
	};

	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		uint8_t frame[CAPTURED_MAX];
		size_t length = captured(cases[i].digits, frame);
		bool ipv6 = frame[12] == 0x86;
		size_t start = ipv6 ? MESSAGE6 : MESSAGE4, message = length - start;

		frame[cases[i].at] = cases[i].value;
		if (cases[i].at == start + 3 && cases[i].value == 0)
			message = frame[start] == 0x21 ? 16 : 8;
		if (cases[i].sealed)
			seal(frame, start, message, ipv6);
		assert_fault(frame, length, cases[i].fault);
	}
}

/* Version 2 never has a pseudo-header, IPv6 always. */
static void
test_checksum_of_a_form_that_is_not_the_versions_is_refused(void **state UNUSED)
{
	uint8_t frame[CAPTURED_MAX];
	size_t length = captured(PLAIN, frame);

	seal(frame, MESSAGE4, length - MESSAGE4, true);
	assert_fault(frame, length, ADVERT_CHECKSUM);
	length = captured(V3_IPV6, frame);
	seal(frame, MESSAGE6, length - MESSAGE6, false);
	assert_fault(frame, length, ADVERT_CHECKSUM);
}

static void
test_reserved_bits_are_no_part_of_the_interval(void **state UNUSED)
{
	uint8_t frame[CAPTURED_MAX];
	size_t length = captured(V3_MESSAGE, frame);
	struct advert ad;

	frame[38] = 0xff;
	seal(frame, MESSAGE4, length - MESSAGE4, false);
	assert_int_equal(decode(frame, length, &ad), ADVERT_OK);
	assert_int_equal(ad.interval, MILLIS(10) * 0xf64);
	frame[38] = 0xf0;
	frame[39] = 0;
	seal(frame, MESSAGE4, length - MESSAGE4, false);
	assert_int_equal(decode(frame, length, &ad), ADVERT_INTERVAL);
}

/* What it needs to count a bad packet for the right group and name its sender. */
static void
test_sender_and_group_are_known_whatever_is_wrong(void **state UNUSED)
{
	uint8_t frame[CAPTURED_MAX];
	size_t length = captured(V3_IPV6, frame);
	struct advert ad;

	frame[60] ^= 1;
	assert_int_equal(decode(frame, length, &ad), ADVERT_CHECKSUM);
	assert_int_equal(ad.vrid, 7);
	assert_int_equal(ad.family, 6);
	assert_int_equal(ad.sender.bytes[5], 1);
	assert_int_equal(ad.source.bytes[15], 1);
}

/* One router away is a fault of multicast; what a unicast peer may send, vrouter.c knows. */
static void
test_ttl_of_unicast_is_left_to_the_caller(void **state UNUSED)
{
	uint8_t frame[CAPTURED_MAX];
	size_t length = captured(V3_UNICAST, frame);
	struct advert ad;

	frame[22] = 250;
	seal_header(frame);
	assert_int_equal(decode(frame, length, &ad), ADVERT_OK);
	assert_int_equal(ad.ttl, 250);

	length = captured(V3_IPV6, frame);
	frame[21] = 3;
	memcpy(frame + 38, "\xfe\x80", 2);
	seal(frame, MESSAGE6, length - MESSAGE6, true);
	assert_int_equal(decode(frame, length, &ad), ADVERT_OK);
	assert_int_equal(ad.ttl, 3);
}

/* The pseudo-header has the real destination; keepalived up to 1.3.6 took the group's. */
static void
test_unicast_sum_over_the_group_address_is_refused(void **state UNUSED)
{
	uint8_t frame[CAPTURED_MAX];
	size_t length = captured(V3_UNICAST, frame);

	memcpy(frame + 40, "\x05\xf8", 2);
	assert_fault(frame, length, ADVERT_CHECKSUM);
}

static void
test_authentication_header_belongs_to_its_type_only(void **state UNUSED)
{
	uint8_t frame[FRAME_MAX], header[AUTH_HEADER_SIZE];
	size_t length = captured(KEEPALIVED_V2_AH, frame);

	memcpy(header, frame + MESSAGE4, sizeof(header));
	frame[MESSAGE4 + AUTH_HEADER_SIZE + 4] = AUTH_NONE;
	seal(frame, MESSAGE4 + AUTH_HEADER_SIZE, 20, false);
	assert_fault(frame, length, ADVERT_AUTH_INVALID);

	length = captured(V3_MESSAGE, frame);
	frame[23] = 51;
	length = insert(frame, length, MESSAGE4, header, sizeof(header));
	assert_fault(frame, length, ADVERT_AUTH_INVALID);
}

/* ---- what stands before the message --------------------------------------------------------- */

static void
test_ip_options_are_stepped_over(void **state UNUSED)
{
	uint8_t frame[FRAME_MAX];
	size_t length = captured(V3_PSEUDO, frame);

	frame[14] = 0x47;
	length = insert(frame, length, MESSAGE4, "\x94\x04\0\0\x01\x01\x01\0", 8);
	assert_fault(frame, length, ADVERT_OK);
}

static void
test_ipv6_options_are_stepped_over_up_to_four(void **state UNUSED)
{
	static const uint8_t hop[8] = { 112, 0, 5, 2, 0, 0, 1, 0 };	/* router alert */
	static const uint8_t long_options[16] = { 112, 1, 1, 12 };
	uint8_t frame[FRAME_MAX];
	size_t length = captured(V3_IPV6, frame);

	length = insert(frame, length, MESSAGE6, hop, sizeof(hop));
	frame[20] = 0;
	assert_fault(frame, length, ADVERT_OK);
	length = insert(frame, length, MESSAGE6, long_options, sizeof(long_options));
	frame[20] = 60;
	frame[MESSAGE6] = 0;
	assert_fault(frame, length, ADVERT_OK);
	frame[MESSAGE6 + 1] = 200;		/* longer than the packet */
	assert_false(opens(frame, length));
	frame[MESSAGE6 + 1] = 1;

	for (unsigned i = 3; i <= 4; i++) {
		length = insert(frame, length, MESSAGE6, hop, sizeof(hop));
		frame[MESSAGE6] = 60;
	}
	assert_fault(frame, length, ADVERT_OK);
	length = insert(frame, length, MESSAGE6, hop, sizeof(hop));
	frame[MESSAGE6] = 60;
	assert_false(opens(frame, length));
}

/* The first fragment is counted for its group; of a later one nobody knows what it holds. */
static void
test_fragments_are_length_faults(void **state UNUSED)
{
	static const uint8_t first[8] = { 112, 0, 0, 1, 0, 0, 0, 9 };
	uint8_t frame[FRAME_MAX];
	size_t length = captured(V3_PSEUDO, frame);
	struct advert ad;

	frame[20] = 0x20;
	seal_header(frame);
	assert_int_equal(decode(frame, length, &ad), ADVERT_LENGTH);
	assert_int_equal(ad.vrid, 7);
	frame[21] = 3;
	seal_header(frame);
	assert_int_equal(decode(frame, length, &ad), ADVERT_LENGTH);
	assert_int_equal(ad.vrid, 0);

	length = captured(V3_IPV6, frame);
	length = insert(frame, length, MESSAGE6, first, sizeof(first));
	frame[20] = 44;
	assert_int_equal(decode(frame, length, &ad), ADVERT_LENGTH);
	assert_int_equal(ad.vrid, 7);
	frame[MESSAGE6 + 3] = 8;
	assert_int_equal(decode(frame, length, &ad), ADVERT_LENGTH);
	assert_int_equal(ad.vrid, 0);
	/* Nor is a fragment that is the whole: RFC 8200 5 allows it, nobody needs it. */
	frame[MESSAGE6 + 3] = 0;
	assert_int_equal(decode(frame, length, &ad), ADVERT_LENGTH);
}

static void
test_other_traffic_is_not_vrrp(void **state UNUSED)
{
	static const struct {
		const char *digits;
		size_t at;
		uint8_t value;
	} cases[] = {
		{ PLAIN, 12, 0x86 },		/* not IPv4 by its EtherType */
		{ PLAIN, 14, 0x65 },		/* by its own version */
		{ PLAIN, 23, 17 },		/* UDP */
		{ PLAIN, 23, 51 },		/* an authentication header before something else */
		{ KEEPALIVED_V2_AH, 34, 6 },
		{ V3_IPV6, 13, 0x00 },
		{ V3_IPV6, 14, 0x4c },
		{ V3_IPV6, 20, 58 },		/* ICMPv6 */
		{ V3_IPV6, 20, 51 },
		{ V3_IPV6, 20, 43 },		/* a routing header */
		{ V3_IPV6, 20, 59 },		/* nothing at all */
		{ KEEPALIVED_NEIGHBOUR, 0, 0x33 },
	};

	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		uint8_t frame[CAPTURED_MAX];
		size_t length = captured(cases[i].digits, frame);

		frame[cases[i].at] = cases[i].value;
		assert_false(opens(frame, length));
	}
}

/* The kernel takes the tag off what is for this link; a tag left in it is another network's. */
static void
test_frame_with_a_vlan_tag_is_not_opened(void **state UNUSED)
{
	for (const struct golden *g = golden; g < golden + ARRAY_SIZE(golden); g++) {
		uint8_t frame[FRAME_MAX];
		size_t length = captured(g->digits, frame);

		memmove(frame + 16, frame + 12, length - 12);
		memcpy(frame + 12, "\x81\x00\x00\x05", 4);
		assert_false(opens(frame, length + 4));
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_golden_frames_decode_to_what_they_mean),
		cmocka_unit_test(test_what_golden_frames_mean_encodes_to_them),
		cmocka_unit_test(test_sealed_frame_holds_for_its_password),
		cmocka_unit_test(test_largest_list_of_every_form_fits_and_comes_back),
		cmocka_unit_test(test_checksum_that_holds_in_both_forms_says_so),
		cmocka_unit_test(test_frame_cut_anywhere_is_never_accepted),
		cmocka_unit_test(test_message_cut_anywhere_is_a_length_fault),
		cmocka_unit_test(test_padding_is_tolerated),
		cmocka_unit_test(test_any_flipped_bit_of_a_message_is_noticed),
		cmocka_unit_test(test_any_flipped_bit_of_an_ip_header_is_noticed),
		cmocka_unit_test(test_each_wrong_field_is_named),
		cmocka_unit_test(test_checksum_of_a_form_that_is_not_the_versions_is_refused),
		cmocka_unit_test(test_reserved_bits_are_no_part_of_the_interval),
		cmocka_unit_test(test_sender_and_group_are_known_whatever_is_wrong),
		cmocka_unit_test(test_ttl_of_unicast_is_left_to_the_caller),
		cmocka_unit_test(test_unicast_sum_over_the_group_address_is_refused),
		cmocka_unit_test(test_authentication_header_belongs_to_its_type_only),
		cmocka_unit_test(test_ip_options_are_stepped_over),
		cmocka_unit_test(test_ipv6_options_are_stepped_over_up_to_four),
		cmocka_unit_test(test_fragments_are_length_faults),
		cmocka_unit_test(test_other_traffic_is_not_vrrp),
		cmocka_unit_test(test_frame_with_a_vlan_tag_is_not_opened),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
