/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Who wants to hear of events: HTTP clients whose answer never ends (server-sent events, RFC 8040
 * 6.4), fed from the journal in the engine's memory.  Each begins with what happens after it came;
 * one that reads too slowly loses events, which the gap in the sequence shows.  Nothing here can
 * delay the engine.  Commits, which the engine knows nothing of, are told between them to those who
 * may read the configuration.
 */
#ifndef TANDEM_SUBSCRIBERS_H
#define TANDEM_SUBSCRIBERS_H

#include "api/http.h"
#include "daemon/memory.h"

struct ly_ctx;
struct sd_event;
struct subscribers;

/* on_watch is called now and then while somebody wants packets: the engine must be told. */
int subscribers_new(struct sd_event *event, const struct ly_ctx *schema,
                    const struct memory *memory, void (*on_watch)(void *owner), void *owner,
                    struct subscribers **ret, struct error *error) MUST_USE;
/* After http_free(), which ends all streams.  NULL is fine. */
void subscribers_free(struct subscribers *subscribers);

/* Answer the request with the stream of http, which must outlive it. */
void subscribers_add(struct subscribers *subscribers, struct http *http,
                     struct http_request *request, bool packets);

/* Something happened that is in no journal: a line (taken) as lower_event() makes them. */
void subscribers_tell(struct subscribers *subscribers, char *line);

#endif
