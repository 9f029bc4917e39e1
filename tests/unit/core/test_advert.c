/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The codec against vectors that were not made by it: RFC 3768 5, RFC 2338 5.3.6. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "core/advert.h"

/* Group 7, priority 100, 192.0.2.10, from 192.0.2.1; only the VRRP message. */
static const uint8_t plain[] = {
	0x21, 0x07, 0x64, 0x01, 0x00, 0x01, 0xb8, 0xeb, 0xc0, 0x00, 0x02, 0x0a,
	0, 0, 0, 0, 0, 0, 0, 0,
};
static const uint8_t resign[] = {
	0x21, 0x07, 0x00, 0x01, 0x00, 0x01, 0x1c, 0xec, 0xc0, 0x00, 0x02, 0x0a,
	0, 0, 0, 0, 0, 0, 0, 0,
};
static const uint8_t secret[] = {
	0x21, 0x07, 0x64, 0x01, 0x01, 0x01, 0x7b, 0x9f, 0xc0, 0x00, 0x02, 0x0a,
	0x73, 0x65, 0x63, 0x72, 0x65, 0x74, 0x00, 0x00,
};
static const struct {
	const uint8_t *message;
	uint8_t priority;
	uint8_t auth;
	const char *password;
} golden[] = {
	{ plain, 100, 0, "\0\0\0\0\0\0\0\0" },
	{ resign, 0, 0, "\0\0\0\0\0\0\0\0" },
	{ secret, 100, 1, "secret\0\0" },
};

/* Ethernet and IPv4 as a sniffer shows them; header checksum worked out by hand. */
static const uint8_t envelope[] = {
	0x01, 0x00, 0x5e, 0x00, 0x00, 0x12, 0x02, 0x00, 0x00, 0x00, 0x00, 0x01, 0x08, 0x00,
	0x45, 0xc0, 0x00, 0x28, 0x00, 0x00, 0x40, 0x00, 0xff, 0x70, 0xd8, 0x91,
	0xc0, 0x00, 0x02, 0x01, 0xe0, 0x00, 0x00, 0x12,
};

#define MESSAGE 34u			/* where the message begins */
#define FRAME (sizeof(envelope) + sizeof(plain))

static void
make_frame(uint8_t frame[FRAME], const uint8_t *message)
{
	memcpy(frame, envelope, sizeof(envelope));
	memcpy(frame + sizeof(envelope), message, sizeof(plain));
}

static uint16_t
sum(const uint8_t *bytes, size_t length)
{
	uint32_t total = 0;

	for (size_t i = 0; i < length; i += 2)
		total += (uint32_t)(bytes[i] << 8 | bytes[i + 1]);
	return (uint16_t)~(total % 0xffff == 0 ? 0xffff : total % 0xffff);
}

/* Make both checksums right again after a change. */
static void
seal(uint8_t frame[FRAME])
{
	uint16_t value;

	frame[24] = frame[25] = 0;
	value = sum(frame + 14, 20);
	frame[24] = (uint8_t)(value >> 8);
	frame[25] = (uint8_t)value;
	frame[MESSAGE + 6] = frame[MESSAGE + 7] = 0;
	value = sum(frame + MESSAGE, sizeof(plain));
	frame[MESSAGE + 6] = (uint8_t)(value >> 8);
	frame[MESSAGE + 7] = (uint8_t)value;
}

static enum advert_fault
decode(const uint8_t *frame, size_t length, struct advert *ad)
{
	struct packet packet;

	assert_true(advert_open(reader_over(frame, length), &packet));
	return advert_decode(&packet, ad);
}

static void
test_golden_messages_decode_to_what_they_mean(void **state UNUSED)
{
	for (size_t i = 0; i < ARRAY_SIZE(golden); i++) {
		uint8_t frame[FRAME];
		char text[IP_TEXT_SIZE];
		struct advert ad;

		make_frame(frame, golden[i].message);
		assert_int_equal(decode(frame, sizeof(frame), &ad), ADVERT_OK);
		assert_int_equal(ad.version, 2);
		assert_int_equal(ad.family, 4);
		assert_int_equal(ad.vrid, 7);
		assert_int_equal(ad.priority, golden[i].priority);
		assert_int_equal(ad.auth, golden[i].auth);
		assert_memory_equal(ad.auth_data, golden[i].password, PASSWORD_SIZE);
		assert_int_equal(ad.interval, NSEC_PER_SEC);
		assert_int_equal(ad.address_count, 1);
		assert_memory_equal(ad.addresses, "\xc0\x00\x02\x0a", 4);
		assert_string_equal(ip_text(&ad.source, text), "192.0.2.1");
		assert_string_equal(ip_text(&ad.destination, text), "224.0.0.18");
		assert_int_equal(ad.sender.bytes[5], 1);
	}
}

static void
test_what_golden_messages_mean_encodes_to_them(void **state UNUSED)
{
	for (size_t i = 0; i < ARRAY_SIZE(golden); i++) {
		uint8_t frame[ADVERT_FRAME_MAX], expected[FRAME];
		struct advert ad = {
			.version = 2, .family = 4, .vrid = 7,
			.priority = golden[i].priority, .auth = golden[i].auth,
			.interval = NSEC_PER_SEC,
			.sender = { { 2, 0, 0, 0, 0, 1 } },
			.source = ip_from_v4((const uint8_t[]){ 192, 0, 2, 1 }),
			.destination = advert_destination(),
			.address_count = 1,
			.addresses = (const uint8_t *)"\xc0\x00\x02\x0a",
		};

		memcpy(ad.auth_data, golden[i].password, PASSWORD_SIZE);
		make_frame(expected, golden[i].message);
		assert_int_equal(advert_encode(&ad, frame), FRAME);
		assert_memory_equal(frame, expected, FRAME);
	}
}

static void
test_largest_list_fits_and_comes_back(void **state UNUSED)
{
	uint8_t addresses[4 * GROUP_ADDRESSES_MAX], frame[ADVERT_FRAME_MAX];
	struct advert ad = {
		.version = 2, .family = 4, .vrid = 255, .priority = 254,
		.interval = 255 * NSEC_PER_SEC,
		.source = ip_from_v4((const uint8_t[]){ 10, 0, 0, 1 }),
		.destination = advert_destination(),
		.address_count = GROUP_ADDRESSES_MAX, .addresses = addresses,
	}, back;

	for (size_t i = 0; i < sizeof(addresses); i++)
		addresses[i] = (uint8_t)(i * 7);
	assert_int_equal(advert_encode(&ad, frame), ADVERT_FRAME_MAX);
	assert_int_equal(decode(frame, ADVERT_FRAME_MAX, &back), ADVERT_OK);
	assert_int_equal(back.address_count, GROUP_ADDRESSES_MAX);
	assert_memory_equal(back.addresses, addresses, sizeof(addresses));
	assert_int_equal(back.interval, 255 * NSEC_PER_SEC);
}

/* A frame cut at any byte is never accepted, and never read past its end. */
static void
test_frame_cut_anywhere_is_never_accepted(void **state UNUSED)
{
	for (size_t length = 0; length < FRAME; length++) {
		uint8_t frame[FRAME], *cut = malloc(length + !length);
		struct packet packet;
		struct advert ad;

		make_frame(frame, plain);
		memcpy(cut, frame, length);
		if (advert_open(reader_over(cut, length), &packet))
			assert_int_equal(advert_decode(&packet, &ad), ADVERT_LENGTH);
		else
			assert_true(length < MESSAGE);
		free(cut);
	}
}

/* The same with an IP header that says so truthfully. */
static void
test_message_cut_anywhere_is_a_length_fault(void **state UNUSED)
{
	for (size_t left = 0; left < sizeof(plain); left++) {
		uint8_t frame[FRAME], *cut = malloc(MESSAGE + left);
		struct advert ad;

		make_frame(frame, plain);
		frame[17] = (uint8_t)(20 + left);
		seal(frame);
		memcpy(cut, frame, MESSAGE + left);
		assert_int_equal(decode(cut, MESSAGE + left, &ad), ADVERT_LENGTH);
		assert_int_equal(ad.vrid, left >= 2 ? 7 : 0);
		free(cut);
	}
}

static void
test_ethernet_padding_is_tolerated(void **state UNUSED)
{
	uint8_t frame[FRAME + 40];
	struct advert ad;

	memset(frame, 0xee, sizeof(frame));
	make_frame(frame, secret);
	assert_int_equal(decode(frame, sizeof(frame), &ad), ADVERT_OK);
}

static void
test_any_flipped_bit_of_the_message_is_noticed(void **state UNUSED)
{
	for (size_t bit = 0; bit < 8 * sizeof(secret); bit++) {
		uint8_t frame[FRAME];
		struct advert ad;

		make_frame(frame, secret);
		frame[MESSAGE + bit / 8] ^= (uint8_t)(1u << bit % 8);
		assert_int_not_equal(decode(frame, sizeof(frame), &ad), ADVERT_OK);
	}
}

static void
test_each_wrong_field_is_named(void **state UNUSED)
{
	static const struct {
		size_t at;
		uint8_t value;
		bool sealed;
		enum advert_fault fault;
	} cases[] = {
		{ 14, 0x44, true, ADVERT_LENGTH },		/* header of 16 bytes */
		{ 14, 0x4f, true, ADVERT_LENGTH },		/* longer than the packet */
		{ 17, 0x29, true, ADVERT_LENGTH },		/* total length beyond the frame */
		{ 17, 0x13, true, ADVERT_LENGTH },		/* less than its header */
		{ 20, 0x20, true, ADVERT_LENGTH },		/* more fragments */
		{ 21, 0x01, true, ADVERT_LENGTH },		/* a later fragment */
		{ 22, 254, true, ADVERT_TTL },
		{ 22, 1, false, ADVERT_TTL },			/* named before the checksum */
		{ MESSAGE, 0x31, true, ADVERT_VERSION },
		{ MESSAGE, 0x11, false, ADVERT_VERSION },
		{ MESSAGE, 0x22, true, ADVERT_TYPE },
		{ MESSAGE, 0x20, false, ADVERT_TYPE },
		{ MESSAGE + 3, 2, true, ADVERT_LENGTH },	/* claims two addresses */
		{ MESSAGE + 3, 255, false, ADVERT_LENGTH },
		{ MESSAGE + 6, 0, false, ADVERT_CHECKSUM },
		{ MESSAGE + 11, 0x0b, false, ADVERT_CHECKSUM },
		{ MESSAGE + 19, 1, false, ADVERT_CHECKSUM },
		{ 24, 0, false, ADVERT_CHECKSUM },		/* of the IP header */
	};

	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		uint8_t frame[FRAME];
		struct advert ad;

		make_frame(frame, plain);
		frame[cases[i].at] = cases[i].value;
		if (cases[i].sealed)
			seal(frame);
		assert_string_equal(advert_fault_name(decode(frame, sizeof(frame), &ad)),
		                    advert_fault_name(cases[i].fault));
		assert_int_equal(ad.sender.bytes[0], 2);
	}
}

static void
test_version_3_is_named_although_shorter(void **state UNUSED)
{
	static const uint8_t v3[] = {
		0x31, 0x07, 0x64, 0x01, 0x00, 0x64, 0xa8, 0x88, 0xc0, 0x00, 0x02, 0x0a,
	};
	uint8_t frame[FRAME];
	struct advert ad;

	make_frame(frame, plain);
	memcpy(frame + MESSAGE, v3, sizeof(v3));
	frame[17] = 20 + sizeof(v3);
	assert_int_equal(decode(frame, MESSAGE + sizeof(v3), &ad), ADVERT_VERSION);
	assert_int_equal(ad.vrid, 7);
}

static void
test_ip_options_are_stepped_over(void **state UNUSED)
{
	uint8_t frame[FRAME], with_options[FRAME + 4];
	uint16_t value;
	struct advert ad;

	make_frame(frame, plain);
	memcpy(with_options, frame, MESSAGE);
	memcpy(with_options + MESSAGE, "\x01\x01\x01\x00", 4);
	memcpy(with_options + MESSAGE + 4, plain, sizeof(plain));
	with_options[14] = 0x46;
	with_options[17] += 4;
	with_options[24] = with_options[25] = 0;
	value = sum(with_options + 14, 24);
	with_options[24] = (uint8_t)(value >> 8);
	with_options[25] = (uint8_t)value;
	assert_int_equal(decode(with_options, sizeof(with_options), &ad), ADVERT_OK);
	assert_int_equal(ad.vrid, 7);
}

static void
test_message_behind_authentication_header_is_found(void **state UNUSED)
{
	static const uint8_t header[24] = { 112, 4 };
	uint8_t frame[FRAME], protected[FRAME + sizeof(header)];
	uint16_t value;
	struct advert ad;

	make_frame(frame, plain);
	memcpy(protected, frame, MESSAGE);
	memcpy(protected + MESSAGE, header, sizeof(header));
	memcpy(protected + MESSAGE + sizeof(header), plain, sizeof(plain));
	protected[17] += sizeof(header);
	protected[23] = 51;
	protected[24] = protected[25] = 0;
	value = sum(protected + 14, 20);
	protected[24] = (uint8_t)(value >> 8);
	protected[25] = (uint8_t)value;
	assert_int_equal(decode(protected, sizeof(protected), &ad), ADVERT_OK);
	assert_int_equal(ad.vrid, 7);
}

static void
test_other_traffic_is_not_vrrp(void **state UNUSED)
{
	static const struct {
		size_t at;
		uint8_t value;
	} cases[] = {
		{ 12, 0x86 },			/* not IPv4 by its EtherType */
		{ 14, 0x65 },			/* by its own version */
		{ 23, 17 },			/* UDP */
		{ 23, 51 },			/* an authentication header before something else */
	};

	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		struct packet packet;
		uint8_t frame[FRAME];

		make_frame(frame, plain);
		frame[cases[i].at] = cases[i].value;
		assert_false(advert_open(reader_over(frame, sizeof(frame)), &packet));
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_golden_messages_decode_to_what_they_mean),
		cmocka_unit_test(test_what_golden_messages_mean_encodes_to_them),
		cmocka_unit_test(test_largest_list_fits_and_comes_back),
		cmocka_unit_test(test_frame_cut_anywhere_is_never_accepted),
		cmocka_unit_test(test_message_cut_anywhere_is_a_length_fault),
		cmocka_unit_test(test_ethernet_padding_is_tolerated),
		cmocka_unit_test(test_any_flipped_bit_of_the_message_is_noticed),
		cmocka_unit_test(test_each_wrong_field_is_named),
		cmocka_unit_test(test_version_3_is_named_although_shorter),
		cmocka_unit_test(test_ip_options_are_stepped_over),
		cmocka_unit_test(test_message_behind_authentication_header_is_found),
		cmocka_unit_test(test_other_traffic_is_not_vrrp),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
