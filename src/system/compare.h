/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A short code that two people compare to be sure that nobody stands between their routers.
 *
 * Both routers throw a number.  The one that begins commits itself to its number before it knows
 * the other's, and reveals it afterwards; the code is made of both numbers and both keys.  Somebody
 * in the middle has a key of his own towards each router and would need two equal codes, but each
 * is settled before he can know the other: he is left with one guess in 10^9 for each time that two
 * operators give the command.  (Without the commitment he could try keys until the codes fit.)
 */
#ifndef TANDEM_COMPARE_H
#define TANDEM_COMPARE_H

#include "base/base.h"
#include "base/fingerprint.h"

#define COMPARE_SIZE 32			/* bytes of a number and of a commitment */
#define COMPARE_CODE_SIZE 12		/* "481 920 337" with its final zero */

/* A number that nobody can guess. */
void compare_throw(uint8_t ret_number[COMPARE_SIZE]);
/* What is told of a number before it is revealed; nobody else's number has the same. */
void compare_commit(const uint8_t number[COMPARE_SIZE], uint8_t ret_commitment[COMPARE_SIZE]);

/* One of the two routers. */
struct compare_side {
	struct fingerprint key;
	uint8_t number[COMPARE_SIZE];
};

/* The code: "first" is the one that committed itself.  Returns text. */
const char *compare_code(const struct compare_side *first, const struct compare_side *second,
                         char text[COMPARE_CODE_SIZE]);

#endif
