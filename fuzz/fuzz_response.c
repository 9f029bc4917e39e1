/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Any bytes as what a peer's door answers, in two pieces: nothing may be read past the end, and
 * both pieces together must come to the same as the whole.
 *
 * Input: one byte that says where to cut, the answer.
 */
#include <stdlib.h>
#include <string.h>

#include "api/response.h"

#define BODY_MAX 4096

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct response whole = { 0 }, cut = { 0 };
	size_t first;

	if (size == 0)
		return 0;
	first = (size_t)data[0] * (size - 1) / 255;
	(void)response_feed(&whole, data + 1, size - 1, BODY_MAX);
	(void)response_feed(&cut, data + 1, first, BODY_MAX);
	(void)response_feed(&cut, data + 1 + first, size - 1 - first, BODY_MAX);
	if (whole.state != cut.state)
		abort();
	if (whole.state == RESPONSE_DONE &&
	    (whole.size != cut.size || memcmp(whole.body, cut.body, whole.size + 1) != 0))
		abort();
	response_done(&whole);
	response_done(&cut);
	return 0;
}
