/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Decides how many flows are looked at in one turn.  A search that is under way when another one is
 * asked for is forgotten: only the last question is waited for.
 */
#include "daemon/flowshow.h"

#include <errno.h>
#include <stdlib.h>
#include <sys/epoll.h>
#include <systemd/sd-event.h>

#include "system/clock.h"

#define LOOK_A_TURN 2000u		/* flows */
#define PAUSE_USEC 250u			/* between two turns, for the kernel's own threads */
#define LOOK_PRIORITY 40		/* between everything else and dumps */

struct flowshow {
	const struct flowshow_calls *calls;
	void *owner;
	int door;
	sd_event_source *readable;
	sd_event_source *turn;
	/* What is looked for. */
	struct flowdoor_question question;
	struct flowdoor_answer answer;
	struct flowsync_view *flows;	/* found; NULL = nobody wants any */
	uint32_t cursor;
};

static void
end_search(struct flowshow *s)
{
	sd_event_source_set_enabled(s->turn, SD_EVENT_OFF);
	free(s->flows);
	s->flows = NULL;
}

static int
go_on(sd_event_source *turn)
{
	sd_event_source_set_time_relative(turn, PAUSE_USEC);
	return sd_event_source_set_enabled(turn, SD_EVENT_ONESHOT);
}

static int
on_turn(sd_event_source *source, uint64_t usec UNUSED, void *owner)
{
	struct flowshow *s = owner;
	const struct flowsync *flowsync = s->calls->flows(s->owner);
	struct flowsync_view view;
	bool more = flowsync != NULL;

	for (unsigned i = 0; more && i < LOOK_A_TURN; i++) {
		more = flowsync_next(flowsync, &s->cursor, clock_now(), &view);
		if (!more || !flowdoor_matches(&s->question.filter, &view.flow))
			continue;
		if (s->answer.count < s->question.filter.limit)
			s->flows[s->answer.count++] = view;
		s->answer.matched++;
	}
	if (more)
		return go_on(source);
	flowdoor_answer(s->door, &s->question, &s->answer, s->flows);
	end_search(s);
	return 0;
}

static void
begin_search(struct flowshow *s, const struct flowdoor_question *question)
{
	end_search(s);
	s->question = *question;
	s->answer = (struct flowdoor_answer){ .running = s->calls->flows(s->owner) != NULL };
	s->cursor = 0;
	s->flows = calloc(question->filter.limit + 1u, sizeof(*s->flows));
	if (s->flows)
		(void)go_on(s->turn);
}

static int
on_readable(sd_event_source *source UNUSED, int fd, uint32_t events UNUSED, void *owner)
{
	struct flowdoor_answer answer = { 0 };
	struct flowdoor_question question;
	struct flowshow *s = owner;
	int r = flowdoor_hear(fd, &question);

	if (r <= 0)
		return r;
	answer.running = s->calls->flows(s->owner) != NULL;
	if (question.kind == FLOWDOOR_FLOWS) {
		begin_search(s, &question);
		return 0;
	}
	if (question.kind == FLOWDOOR_REPORT)
		s->calls->report(s->owner, &answer.report);
	else if (question.kind == FLOWDOOR_RESET)
		s->calls->reset(s->owner);
	else if (question.kind == FLOWDOOR_KEY)
		s->calls->key(s->owner);
	flowdoor_answer(fd, &question, &answer, NULL);
	return 0;
}

int
flowshow_open(struct sd_event *event, int door, const struct flowshow_calls *calls, void *owner,
              struct flowshow **ret)
{
	struct flowshow *s = calloc(1, sizeof(*s));
	int r;

	if (!s)
		return -ENOMEM;
	s->calls = calls;
	s->owner = owner;
	s->door = door;
	r = sd_event_add_io(event, &s->readable, door, EPOLLIN, on_readable, s);
	if (r >= 0)
		r = sd_event_source_set_priority(s->readable, LOOK_PRIORITY);
	if (r >= 0)
		r = sd_event_add_time_relative(event, &s->turn, CLOCK_BOOTTIME, 0, 1, on_turn, s);
	if (r >= 0)
		r = sd_event_source_set_priority(s->turn, LOOK_PRIORITY);
	if (r >= 0)
		r = sd_event_source_set_enabled(s->turn, SD_EVENT_OFF);
	if (r < 0)
		flowshow_close(s);
	else
		*ret = s;
	return r;
}

void
flowshow_close(struct flowshow *s)
{
	if (!s)
		return;
	sd_event_source_unref(s->readable);
	sd_event_source_unref(s->turn);
	free(s->flows);
	free(s);
}
