/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The hatch between the manager, who shows virtual servers, and the balancer, who knows.  The
 * manager asks page by page, with the first page for a fresh look at the kernel, and waits a
 * moment; what is not of this version and size is dropped.
 */
#ifndef TANDEM_BALANCEDOOR_H
#define TANDEM_BALANCEDOOR_H

#include "base/base.h"
#include "base/inet.h"
#include "base/nsec.h"
#include "core/balance.h"
#include "core/settings.h"

#define BALANCEDOOR_VERSION 1u
#define BALANCEDOOR_PAGE 32u

/* What is true of a virtual server, or of one of its real servers. */
struct balancedoor_record {
	char server[VIRTUAL_NAME_SIZE];
	struct ip real;			/* family 0 = about the virtual server */
	uint8_t state;			/* of a real one: enum check_state */
	uint8_t present;		/* in the kernel: 0 or 1 */
	uint32_t weight;		/* there */
	uint32_t active, inactive, persistent;
	nsec_t changed;			/* when the state did; 0 = never */
	int error;			/* negative errno of what the kernel refused, 0 = nothing */
	struct balance_counts counts;
};

struct balancedoor_question {
	uint32_t version;
	uint32_t from;			/* first record wanted; 0 = look afresh */
	uint64_t number;		/* repeated in the answer */
};

struct balancedoor_answer {
	uint32_t version;
	uint32_t from;
	uint64_t number;
	uint32_t total;			/* records there are */
	uint32_t count;			/* in this page: fewer only on the last */
	char trouble[256];		/* why nothing works, "" = it does */
	struct balancedoor_record records[BALANCEDOOR_PAGE];
};

/*
 * Ask for all, waiting so long at most.  0 with the records on the heap (free() them) in the
 * settings' order, each virtual server before its real ones; or negative errno.
 */
int balancedoor_ask(int socket, nsec_t patience, struct balancedoor_record **ret_records,
                    uint32_t *ret_count, char ret_trouble[256]) MUST_USE;

/* The next question: 1; 0 = none, or not of ours; negative errno. */
int balancedoor_hear(int socket, struct balancedoor_question *ret_question) MUST_USE;
/* Answer it with a page of these. */
void balancedoor_answer(int socket, const struct balancedoor_question *question,
                        const struct balancedoor_record *records, uint32_t count,
                        const char *trouble);

#endif
