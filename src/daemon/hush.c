/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Counts lines; knows neither the log nor the clock.
 */
#include "daemon/hush.h"

#include <stdio.h>

bool
hush_lets(struct hush *hush, nsec_t now, char ret_text[HUSH_TEXT_SIZE])
{
	if (hush->since == 0 || now >= hush->since + HUSH_PERIOD) {
		hush->since = now;
		hush->said = 0;
	}
	if (hush->said == HUSH_LINES) {
		hush->left_out++;
		return false;
	}
	hush->said++;
	ret_text[0] = '\0';
	if (hush->left_out > 0)
		snprintf(ret_text, HUSH_TEXT_SIZE, " (%u such lines were left out)",
		         hush->left_out);
	hush->left_out = 0;
	return true;
}
