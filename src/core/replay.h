/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Which numbers of sealed datagrams were seen already: a sliding window (the scheme of RFC 6479).
 * Asked before a datagram is opened, told only after it proved to be the peer's, so that a forger
 * can neither move the window nor use up a number.
 */
#ifndef TANDEM_REPLAY_H
#define TANDEM_REPLAY_H

#include "base/base.h"

#define REPLAY_WORDS 64u
/* How far behind the newest a datagram may be and still count: two paths and a crowded network
 * never reorder more. */
#define REPLAY_WINDOW ((REPLAY_WORDS - 1) * 64u)

/* All zero is a window that saw nothing. */
struct replay {
	uint64_t next;			/* one above the highest number seen */
	uint64_t seen[REPLAY_WORDS];	/* a ring of bits, by number */
};

enum replay_verdict {
	REPLAY_FRESH,
	REPLAY_SEEN,			/* a copy */
	REPLAY_OLD,			/* behind the window: fresh or not, nobody knows any more */
};

/* What is this number?  UINT64_MAX is never used, and never fresh. */
enum replay_verdict replay_judge(const struct replay *replay, uint64_t number);

/* A fresh datagram of this number was the peer's. */
void replay_note(struct replay *replay, uint64_t number);

#endif
