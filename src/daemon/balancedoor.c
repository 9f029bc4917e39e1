/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Questions and pages.  It knows what is a whole answer, not what it means.
 */
#include "daemon/balancedoor.h"

#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

#include "base/log.h"
#include "system/clock.h"

#define RECORDS_MAX 200000u		/* more than settings can have */

/* 1 = a whole one, 0 = none or not of this size, negative errno. */
static int
receive(int socket, void *bytes, size_t size)
{
	ssize_t n = recv(socket, bytes, size, MSG_DONTWAIT | MSG_TRUNC);

	if (n < 0)
		return errno == EAGAIN || errno == EINTR ? 0 : -errno;
	return n == 0 ? -EPIPE : n == (ssize_t)size;
}

/* ---- asking --------------------------------------------------------------------------------- */

static bool
is_answer(const struct balancedoor_question *question, const struct balancedoor_answer *answer)
{
	uint32_t left = answer->total - question->from;

	return answer->version == BALANCEDOOR_VERSION && answer->number == question->number &&
	       answer->from == question->from && answer->total >= question->from &&
	       answer->total <= RECORDS_MAX &&
	       answer->count == (left < BALANCEDOOR_PAGE ? left : BALANCEDOOR_PAGE);
}

/* One page.  What came too late for an earlier question is passed over. */
static int
ask_page(int socket, const struct balancedoor_question *question, nsec_t end,
         struct balancedoor_answer *ret_answer)
{
	struct pollfd wait = { .fd = socket, .events = POLLIN };
	int r = send(socket, question, sizeof(*question), MSG_DONTWAIT | MSG_NOSIGNAL) < 0 ?
	        -errno : 0;

	while (r == 0) {
		nsec_t left = end - clock_now();

		if (left <= 0)
			return -ETIMEDOUT;
		(void)poll(&wait, 1, (int)(left / NSEC_PER_MSEC) + 1);
		r = receive(socket, ret_answer, sizeof(*ret_answer));
		if (r == 1 && !is_answer(question, ret_answer))
			r = 0;
	}
	return r < 0 ? r : 0;
}

static void
take_page(const struct balancedoor_answer *answer, struct balancedoor_record *records,
          char ret_trouble[256])
{
	if (answer->count > 0)
		memcpy(&records[answer->from], answer->records,
		       answer->count * sizeof(*records));
	for (uint32_t i = 0; i < answer->count; i++)
		records[answer->from + i].server[VIRTUAL_NAME_SIZE - 1] = '\0';
	snprintf(ret_trouble, 256, "%.255s", answer->trouble);
}

int
balancedoor_ask(int socket, nsec_t patience, struct balancedoor_record **ret_records,
                uint32_t *ret_count, char ret_trouble[256])
{
	struct balancedoor_question question = {
		.version = BALANCEDOOR_VERSION,
		.number = (uint64_t)clock_now(),
	};
	struct balancedoor_answer answer;
	struct balancedoor_record *records = NULL;
	nsec_t end = clock_now() + patience;
	uint32_t total;
	int r = ask_page(socket, &question, end, &answer);

	if (r < 0)
		return r;
	total = answer.total;
	records = calloc(total + 1u, sizeof(*records));
	assert(records);
	take_page(&answer, records, ret_trouble);
	for (question.from = answer.count; question.from < total;
	     question.from += answer.count) {
		r = ask_page(socket, &question, end, &answer);
		/* Another look was taken meanwhile, for somebody else. */
		if (r == 0 && answer.total != total)
			r = -EAGAIN;
		if (r < 0) {
			free(records);
			return r;
		}
		take_page(&answer, records, ret_trouble);
	}
	*ret_records = records;
	*ret_count = total;
	return 0;
}

/* ---- answering ------------------------------------------------------------------------------ */

int
balancedoor_hear(int socket, struct balancedoor_question *ret_question)
{
	int r = receive(socket, ret_question, sizeof(*ret_question));

	return r == 1 && ret_question->version != BALANCEDOOR_VERSION ? 0 : r;
}

void
balancedoor_answer(int socket, const struct balancedoor_question *question,
                   const struct balancedoor_record *records, uint32_t count, const char *trouble)
{
	uint32_t from = question->from < count ? question->from : count;
	uint32_t left = count - from;
	struct balancedoor_answer answer = {
		.version = BALANCEDOOR_VERSION,
		.from = question->from,
		.number = question->number,
		.total = count,
		.count = left < BALANCEDOOR_PAGE ? left : BALANCEDOOR_PAGE,
	};

	snprintf(answer.trouble, sizeof(answer.trouble), "%s", trouble);
	if (answer.count > 0)
		memcpy(answer.records, &records[from], answer.count * sizeof(*records));
	if (send(socket, &answer, sizeof(answer), MSG_DONTWAIT | MSG_NOSIGNAL) < 0)
		log_debug("the manager does not take an answer");
}
