/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Minutes and seconds; a part that is zero is left out, and hours are so many minutes.
 */
#include "base/duration.h"

#include <inttypes.h>
#include <stdio.h>

const char *
duration_text(uint64_t seconds, char text[DURATION_TEXT_SIZE])
{
	uint64_t minutes = seconds / 60;

	seconds %= 60;
	if (minutes == 0)
		snprintf(text, DURATION_TEXT_SIZE, "%" PRIu64 " s", seconds);
	else if (seconds == 0)
		snprintf(text, DURATION_TEXT_SIZE, "%" PRIu64 " min", minutes);
	else
		snprintf(text, DURATION_TEXT_SIZE, "%" PRIu64 " min %" PRIu64 " s", minutes,
		         seconds);
	return text;
}
