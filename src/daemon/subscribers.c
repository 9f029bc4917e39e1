/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * One timer looks at the journal while there are subscribers, and wakes their streams when it has
 * grown.  A stream holds the text it is sending and the number of the next event, nothing else.
 */
#include "daemon/subscribers.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <systemd/sd-event.h>

#include "config/lower_event.h"
#include "system/clock.h"

#define LOOK_PERIOD (50 * NSEC_PER_MSEC)
/* A line without meaning after so long: it finds out clients that are gone. */
#define QUIET_PERIOD (10 * NSEC_PER_SEC)
#define WATCH_PERIOD NSEC_PER_SEC
#define LINES_KEPT 16u			/* of those that are in no journal */

struct stream {
	struct subscribers *all;
	bool packets;
	uint64_t next;			/* sequence of the next event to tell */
	bool full;			/* it may read the configuration */
	uint64_t next_line;		/* number of the next line to tell */
	char *text;			/* being sent; heap, NULL = nothing */
	size_t sent;			/* of it */
	nsec_t last;			/* when something was sent last */
};

struct subscribers {
	sd_event *event;
	sd_event_source *timer;
	const struct ly_ctx *schema;
	const struct memory *memory;
	void (*on_watch)(void *owner);
	void *owner;
	struct http *http;		/* of the streams; all have the same */
	unsigned count;
	unsigned watching;		/* streams with packets */
	uint64_t seen;			/* newest event when the streams were woken last */
	nsec_t woken;
	nsec_t watched;
	char *lines[LINES_KEPT];	/* heap; line n is at n % LINES_KEPT */
	uint64_t line_count;
};

static void
arm(struct subscribers *s)
{
	sd_event_source_set_time_relative(s->timer, (uint64_t)(LOOK_PERIOD / NSEC_PER_USEC));
	sd_event_source_set_enabled(s->timer, s->count > 0 ? SD_EVENT_ONESHOT : SD_EVENT_OFF);
}

static int
on_timer(sd_event_source *source UNUSED, uint64_t usec UNUSED, void *owner)
{
	struct subscribers *s = owner;
	uint64_t newest = memory_newest(s->memory);
	nsec_t now = clock_now();

	if (newest != s->seen || now - s->woken >= QUIET_PERIOD) {
		s->seen = newest;
		s->woken = now;
		http_wake(s->http);
	}
	if (s->watching > 0 && now - s->watched >= WATCH_PERIOD) {
		s->watched = now;
		s->on_watch(s->owner);
	}
	arm(s);
	return 0;
}

int
subscribers_new(struct sd_event *event, const struct ly_ctx *schema,
                const struct memory *memory, void (*on_watch)(void *owner), void *owner,
                struct subscribers **ret, struct error *error)
{
	struct subscribers *s = calloc(1, sizeof(*s));
	int r;

	assert(s);
	s->event = sd_event_ref(event);
	s->schema = schema;
	s->memory = memory;
	s->on_watch = on_watch;
	s->owner = owner;
	r = sd_event_add_time_relative(event, &s->timer, CLOCK_MONOTONIC, 0, 1000, on_timer, s);
	if (r >= 0)
		r = sd_event_source_set_enabled(s->timer, SD_EVENT_OFF);
	if (r < 0) {
		subscribers_free(s);
		return error_set(error, r, "cannot set up a timer: %s", strerror(-r));
	}
	*ret = s;
	return 0;
}

void
subscribers_free(struct subscribers *s)
{
	if (!s)
		return;
	assert(s->count == 0);
	sd_event_source_disable_unref(s->timer);
	sd_event_unref(s->event);
	for (unsigned i = 0; i < LINES_KEPT; i++)
		free(s->lines[i]);
	free(s);
}

static bool
is_wanted(const struct stream *stream, const struct journal_entry *entry)
{
	return stream->packets || entry->kind == JOURNAL_TRANSITION ||
	       entry->kind == JOURNAL_ALARM;
}

/* The text of the next event that is wanted, or NULL when there is none yet. */
static char *
next_event(struct stream *stream)
{
	uint64_t newest = memory_newest(stream->all->memory);
	struct journal_entry entry;
	char *line, *text = NULL;

	if (newest >= JOURNAL_ENTRIES && stream->next + JOURNAL_ENTRIES <= newest)
		stream->next = newest - JOURNAL_ENTRIES + 1;	/* the older ones are gone */
	while (stream->next <= newest) {
		if (!memory_get_entry(stream->all->memory, stream->next++, &entry) ||
		    !is_wanted(stream, &entry))
			continue;
		line = lower_event(stream->all->schema, &entry);
		if (asprintf(&text, "id: %llu\ndata: %s\n\n",
		             (unsigned long long)entry.sequence, line) < 0)
			text = NULL;
		assert(text);
		free(line);
		return text;
	}
	return NULL;
}

/* The same of what is in no journal. */
static char *
next_line(struct stream *stream)
{
	const struct subscribers *s = stream->all;
	char *text = NULL;

	if (stream->next_line + LINES_KEPT < s->line_count)
		stream->next_line = s->line_count - LINES_KEPT;
	if (!stream->full || stream->next_line == s->line_count)
		return NULL;
	if (asprintf(&text, "data: %s\n\n", s->lines[stream->next_line++ % LINES_KEPT]) < 0)
		text = NULL;
	assert(text);
	return text;
}

static size_t
on_read(void *owner, char *buffer, size_t size)
{
	struct stream *stream = owner;
	nsec_t now = clock_now();
	size_t length;

	if (!stream->text)
		stream->text = next_event(stream);
	if (!stream->text)
		stream->text = next_line(stream);
	if (!stream->text && now - stream->last >= QUIET_PERIOD)
		stream->text = strdup(":\n\n");
	if (!stream->text)
		return 0;
	length = strlen(stream->text + stream->sent);
	if (length > size)
		length = size;
	memcpy(buffer, stream->text + stream->sent, length);
	stream->sent += length;
	if (stream->text[stream->sent] == '\0') {
		free(stream->text);
		stream->text = NULL;
		stream->sent = 0;
	}
	stream->last = now;
	return length;
}

static void
on_close(void *owner)
{
	struct stream *stream = owner;

	stream->all->count--;
	stream->all->watching -= stream->packets;
	free(stream->text);
	free(stream);
}

void
subscribers_add(struct subscribers *s, struct http *http, struct http_request *request,
                bool packets)
{
	static const struct http_stream_calls calls = { .read = on_read, .close = on_close };
	struct stream *stream = calloc(1, sizeof(*stream));

	assert(stream);
	stream->all = s;
	stream->packets = packets;
	stream->next = memory_newest(s->memory) + 1;
	stream->full = request->peer.full;
	stream->next_line = s->line_count;
	stream->text = strdup(":\n\n");	/* at once, so that the client knows it is heard */
	stream->last = clock_now();
	assert(stream->text);
	s->http = http;
	s->count++;
	s->watching += packets;
	if (packets) {
		s->on_watch(s->owner);
		s->watched = clock_now();
	}
	http_answer_stream(request, "text/event-stream", &calls, stream);
	arm(s);
}

void
subscribers_tell(struct subscribers *s, char *line)
{
	char **place = &s->lines[s->line_count % LINES_KEPT];

	free(*place);
	*place = line;
	s->line_count++;
	if (s->count > 0)
		http_wake(s->http);
}
