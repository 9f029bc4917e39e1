/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The manager's rooms among themselves: manager.c starts and ends it and shows state,
 * manager_engine.c talks to the engine and keeps the clients that wait for its word,
 * manager_commit.c makes commits and ends trials, manager_attempt.c has the engine try a commit
 * before, manager_operate.c carries out the operations; manager_peer.h is about the other router.
 */
#ifndef TANDEM_MANAGER_INSIDE_H
#define TANDEM_MANAGER_INSIDE_H

#include <systemd/sd-event.h>

#include "api/auth.h"
#include "api/http.h"
#include "api/restconf.h"
#include "config/store.h"
#include "daemon/channel.h"
#include "daemon/lines.h"
#include "daemon/roles.h"

#define MANAGER_PEER_SIZE 80

struct manager_peer;
struct subscribers;

struct manager {
	const struct role_options *options;
	const struct memory *memory;
	int channel;
	int door;			/* to flowsync */
	int hatch;			/* to the balancer */
	sd_event *event;
	struct auth auth;
	struct ly_ctx *schema;
	struct store *store;
	struct http *http;
	struct restconf restconf;
	struct subscribers *subscribers;
	struct manager_peer *peer;
	struct settings *settings;	/* made from running; NULL = no configuration was loaded */
	struct pending *pending;
	uint32_t last_request;
	uint32_t unsettled;		/* request of the settings that the engine was sent last and
					 * has not answered, 0 = none */
	struct attempt *attempt;	/* the commit that the engine tries, or NULL */
	struct deferred *deferred;	/* requests that wait for its end, oldest first */
	sd_event_source *trial;		/* when the former configuration comes back */
	char *start_problems;		/* sentences, one a line; heap */
	char *adopt_problems;
	char *record_problems;		/* why the history is not what it should be */
};

/* A client that waits for the engine's answer. */
struct pending {
	struct manager *manager;
	struct http_request *http;
	sd_event_source *timer;
	uint32_t request;		/* on the channel */
	enum channel_kind kind;
	nsec_t begun;
	char interface[NAME_SIZE];	/* not ADOPT */
	unsigned vrid;
	struct pending *next;
};

/* Send a message; 0 or negative errno, which is logged.  Its number is put into it. */
int manager_engine_send(struct manager *m, struct channel_message *message);
/* Hand settings over; the request's number, or negative errno, which is logged. */
int64_t manager_engine_send_settings(struct manager *m, const struct settings *settings,
                                     bool attempt);
/* The client waits for the answer to a message of this kind, but not for ever. */
struct pending *manager_engine_wait(struct manager *m, struct http_request *http,
                                    enum channel_kind kind);
/* Answer without the engine: it does not. */
void manager_engine_late(struct pending *pending);
/* For sd_event: a message waits on the channel. */
int manager_engine_on_channel(sd_event_source *source, int fd, uint32_t events, void *owner);

/* For restconf: commit a candidate. */
void manager_commit_on_candidate(void *owner, struct http_request *request,
                                 struct lyd_node *candidate,
                                 const struct commit_options *options);
/*
 * Write the running file, put it into the history and make the trial's timer: the point of no
 * return.  Takes what it needs out of *prepared and adds what is to be said to *messages.  0, or
 * negative errno with *error and everything as before.
 */
int manager_commit_make(struct manager *m, const struct http_request *request,
                        struct prepared *prepared, const struct note *note, nsec_t begun,
                        char **messages, struct error *error) MUST_USE;
/* The engine's word on settings, whether a client waits for it or not. */
void manager_commit_note_adoption(struct manager *m, const struct channel_message *answer);
/* No attempt is under way any more: who waited goes on. */
void manager_commit_resume(struct manager *m);
/* The service stops: who waited is answered by http_free(). */
void manager_commit_forget_deferred(struct manager *m);
/* At start: record what was loaded, and see to its trial. */
void manager_commit_on_start(struct manager *m);
/* Operation: what is on trial stays. */
void manager_commit_confirm(struct manager *m, struct http_request *request);
/* Seconds until the former configuration comes back; only while there is a trial. */
uint64_t manager_commit_remaining(const struct manager *m);

struct attempt_terms {
	struct http_request *request;
	struct prepared *prepared;	/* taken */
	const struct settings *former;	/* what the engine runs, NULL = nothing */
	const struct note *note;
	char *messages;			/* taken: to be said with the outcome, one a line */
	nsec_t begun;
};

/* Have the engine try it, then commit it, or take it back; the client is answered. */
void manager_attempt_begin(struct manager *m, const struct attempt_terms *terms);
/* The engine is new here: it has to be told again. */
void manager_attempt_repeat(struct manager *m);
/* The engine's word, or that it does not come. */
void manager_attempt_on_answer(struct manager *m, const struct channel_message *answer);
void manager_attempt_on_late(struct manager *m);
/* The service stops. */
void manager_attempt_abandon(struct manager *m);

/* For restconf: carry out an operation. */
void manager_operate_on_request(void *owner, struct http_request *request,
                                const struct lyd_node *input);
/* The engine's word on an operation. */
void manager_operate_on_answer(struct manager *m, struct pending *pending,
                               const struct channel_message *answer);

#endif
