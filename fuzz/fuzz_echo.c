/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Any bytes as what a raw socket received, at the codec of echo replies.  Nothing may be read past
 * the end; a damaged checksum is mended and tried again, or no input would come past it.
 *
 * Input: one byte whose lowest bits choose the family, a packet.
 */
#include <stdlib.h>
#include <string.h>

#include "core/echo.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* Make the ICMP checksum of an IPv4 packet right. */
static void
mend(uint8_t *packet, size_t size)
{
	size_t header = size > 0 ? (packet[0] & 0xfu) * 4 : 0;
	size_t total = size > 3 ? (size_t)packet[2] << 8 | packet[3] : 0;
	uint32_t sum = 0;

	if (total > size || header + 4 > total)
		return;
	packet[header + 2] = packet[header + 3] = 0;
	for (size_t i = 0; header + i < total; i++)
		sum += i % 2 ? packet[header + i] : (uint32_t)packet[header + i] << 8;
	while (sum >> 16)
		sum = (sum & 0xffff) + (sum >> 16);
	packet[header + 2] = (uint8_t)(~sum >> 8);
	packet[header + 3] = (uint8_t)~sum;
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	if (size == 0)
		return 0;

	uint8_t family = data[0] & 2 ? 6 : 4;
	uint8_t *packet = malloc(size);
	struct echo echo;

	memcpy(packet, data + 1, size - 1);
	packet = realloc(packet, size - 1 ? size - 1 : 1);
	if (echo_decode(family, reader_over(packet, size - 1), &echo) == ECHO_CHECKSUM) {
		mend(packet, size - 1);
		if (echo_decode(family, reader_over(packet, size - 1), &echo) == ECHO_CHECKSUM)
			abort();
	}
	free(packet);
	return 0;
}
