/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Rise, fall, and path policies.  It counts and compares; who tries, when, and what follows from
 * the answer is for others.
 */
#include "core/check.h"

void
check_seed(struct check *check, bool up)
{
	if (check->state == CHECK_UNKNOWN)
		check->state = up ? CHECK_UP : CHECK_DOWN;
}

bool
check_note(struct check *check, uint8_t rise, uint8_t fall, enum check_result result)
{
	enum check_state said = result == CHECK_PASSED ? CHECK_UP : CHECK_DOWN;
	uint8_t needed = check->state == CHECK_UNKNOWN ? 1 : said == CHECK_UP ? rise : fall;

	check->results[result]++;
	if (said == check->state) {
		check->streak = 0;
		return false;
	}
	check->streak++;
	if (check->streak < needed)
		return false;
	check->state = said;
	check->streak = 0;
	return true;
}

const char *
check_result_text(enum check_result result)
{
	switch (result) {
	case CHECK_PASSED: return "passed";
	case CHECK_FAILED: return "failed";
	case CHECK_TIMED_OUT: return "gave no answer in time";
	case CHECK_RESULTS: break;
	}
	return "unknown";
}

void
path_note(struct path *path, uint8_t window, nsec_t trip)
{
	assert(window > 0);
	if (path->next >= window)
		path->next = 0;
	path->trips[path->next] = trip;
	path->next = (uint8_t)((path->next + 1) % window);
	if (path->count < window)
		path->count++;
}

uint8_t
path_loss(const struct path *path)
{
	unsigned lost = 0;

	for (unsigned i = 0; i < path->count; i++)
		lost += path->trips[i] == PATH_LOST;
	return path->count == 0 ? 0 : (uint8_t)(lost * 100 / path->count);
}

nsec_t
path_delay(const struct path *path)
{
	nsec_t sum = 0;
	int answered = 0;

	for (unsigned i = 0; i < path->count; i++) {
		if (path->trips[i] == PATH_LOST)
			continue;
		sum += path->trips[i];
		answered++;
	}
	return answered == 0 ? 0 : sum / answered;
}

/* Are there more lost than this percentage allows?  Exact, where path_loss() rounds down. */
static bool
loses_more_than(const struct path *path, uint8_t percent)
{
	unsigned lost = 0;

	for (unsigned i = 0; i < path->count; i++)
		lost += path->trips[i] == PATH_LOST;
	return lost * 100 > (unsigned)percent * path->count;
}

enum check_result
path_judge(const struct path *path, const struct path_limits *limits)
{
	if (loses_more_than(path, limits->loss))
		return path_loss(path) == 100 ? CHECK_TIMED_OUT : CHECK_FAILED;
	if (limits->delay > 0 && path_delay(path) > limits->delay)
		return CHECK_FAILED;
	return CHECK_PASSED;
}
