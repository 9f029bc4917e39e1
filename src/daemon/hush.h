/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Log lines of one kind that somebody else causes, as often as he likes: so many in a minute, and
 * the next one after it says how many were left out.
 */
#ifndef TANDEM_HUSH_H
#define TANDEM_HUSH_H

#include "base/base.h"
#include "base/nsec.h"

#define HUSH_LINES 12u			/* in a minute, of one kind */
#define HUSH_PERIOD (60 * NSEC_PER_SEC)
#define HUSH_TEXT_SIZE 48u

struct hush {
	nsec_t since;			/* the minute's begin; 0 = none was said yet */
	unsigned said;
	unsigned left_out;
};

/*
 * May a line be written now?  Then *ret_text goes behind it: "" or how many were not written since
 * the last.
 */
bool hush_lets(struct hush *hush, nsec_t now, char ret_text[HUSH_TEXT_SIZE]);

#endif
