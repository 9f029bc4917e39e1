/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Any bytes as a frame at the advertisement codec.  Nothing may be read past the end; what decodes
 * is what it says: encoded anew it decodes to the same.  A frame refused for its checksum only is
 * mended by a sum of our own and tried again, or no input would ever come past it.
 *
 * Input: one byte of choices, a frame.
 */
#include <stdlib.h>
#include <string.h>

#include "core/advert.h"

#define FRAME_SIZE 1024u
#define MEND_WITH_PSEUDO 1u

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static const uint8_t password[PASSWORD_SIZE] = "secret\0";

static void
expect(bool holds)
{
	if (!holds)
		abort();
}

static uint32_t
add(uint32_t sum, const uint8_t *bytes, size_t length)
{
	for (size_t i = 0; i < length; i++)
		sum += i % 2 ? bytes[i] : (uint32_t)bytes[i] << 8;
	return sum;
}

static void
put_sum(uint8_t *at, uint32_t sum)
{
	uint32_t value = ~(sum % 0xffff) & 0xffff;

	at[0] = (uint8_t)(value >> 8);
	at[1] = (uint8_t)value;
}

/* Make the checksums of a frame right that was refused for them. */
static void
mend(uint8_t *frame, const struct packet *packet, const struct advert *ad, bool with_pseudo)
{
	uint8_t *message = frame + (packet->message.at - frame);
	size_t length = 8 + (size_t)ip_size(&ad->source) * ad->address_count +
	                (ad->version == 2 ? PASSWORD_SIZE : 0);
	uint32_t sum = 0;

	if (ad->family == 4) {
		frame[24] = frame[25] = 0;
		put_sum(frame + 24, add(0, frame + 14, 4u * (frame[14] & 0x0fu)));
	}
	if (ad->family == 6 || (ad->version == 3 && with_pseudo)) {
		sum = add(112 + (uint32_t)length, ad->source.bytes, 16);
		sum = add(sum, ad->destination.bytes, 16);
	}
	message[6] = message[7] = 0;
	put_sum(message + 6, add(sum, message, length));
}

static void
check_same(const struct advert *a, const struct advert *b)
{
	expect(a->version == b->version && a->family == b->family && a->vrid == b->vrid);
	expect(a->priority == b->priority && a->interval == b->interval && a->auth == b->auth);
	expect(memcmp(a->auth_data, b->auth_data, PASSWORD_SIZE) == 0);
	expect(a->sum_form == b->sum_form);
	expect(mac_equal(&a->sender, &b->sender) && ip_equal(&a->source, &b->source));
	expect(ip_equal(&a->destination, &b->destination));
	expect(a->ah.present == b->ah.present && a->address_count == b->address_count);
	for (unsigned i = 0; i < a->address_count; i++) {
		struct ip left = advert_address(a, i), right = advert_address(b, i);

		expect(ip_equal(&left, &right));
	}
}

/* Encode what was decoded, and decode that. */
static void
check_again(const struct advert *ad)
{
	uint8_t frame[ADVERT_FRAME_MAX];
	struct packet packet;
	struct advert back;
	size_t length;

	/* More than we ever send, or an interval that version 2 leaves to the configuration. */
	if (ad->address_count > GROUP_ADDRESSES_MAX || ad->interval == 0)
		return;
	length = advert_encode(ad, frame);
	if (ad->auth == AUTH_AH)
		advert_seal(frame, length, password, 7);
	expect(advert_open(reader_over(frame, length), &packet));
	expect(packet.ttl == 255);
	expect(advert_decode(&packet, &back) == ADVERT_OK);
	check_same(ad, &back);
	expect(ad->auth != AUTH_AH ||
	       (back.ah.sequence == 7 && auth_header_holds(&back.ah, password)));
}

/* What must be true of all that is accepted. */
static void
check_accepted(const struct packet *packet, const struct advert *ad)
{
	expect(packet->whole && packet->header_sum_holds);
	expect(ad->version == 3 || (ad->version == 2 && ad->family == 4));
	expect(ad->ah.present == (ad->version == 2 && ad->auth == AUTH_AH));
	expect(ad->version == 2 || (ad->interval > 0 && ad->address_count > 0));
	if (ad->ah.present)
		(void)auth_header_holds(&ad->ah, password);
	check_again(ad);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	uint8_t frame[FRAME_SIZE];
	enum advert_fault fault;
	struct packet packet;
	struct advert ad;

	if (size < 1 || size > FRAME_SIZE || !advert_open(reader_over(data + 1, size - 1), &packet))
		return 0;
	fault = advert_decode(&packet, &ad);
	expect(fault < ADVERT_FAULTS);
	if (fault == ADVERT_CHECKSUM) {
		memcpy(frame, data + 1, size - 1);
		expect(advert_open(reader_over(frame, size - 1), &packet));
		mend(frame, &packet, &ad, data[0] & MEND_WITH_PSEUDO);
		expect(advert_open(reader_over(frame, size - 1), &packet));
		fault = advert_decode(&packet, &ad);
		expect(fault != ADVERT_CHECKSUM);
	}
	if (fault == ADVERT_OK)
		check_accepted(&packet, &ad);
	return 0;
}
