/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * HTTP client of the RESTCONF service behind a Unix socket.  It carries requests and answers and
 * turns trouble on the way into a sentence; what an answer means is the caller's business.
 */
#ifndef TANDEM_CLIENT_H
#define TANDEM_CLIENT_H

#include <stdio.h>

#include <libyang/libyang.h>

#include "base/base.h"
#include "base/error.h"

#define REVISION_TEXT_SIZE 32

struct client;

struct answer {
	long status;			/* HTTP: 200, 204, 412 ... */
	char *body;			/* zero-terminated; never NULL after success */
	size_t length;
	char revision[REVISION_TEXT_SIZE];	/* ETag without quotes; "" = none */
};

struct client *client_new(const char *socket_path);
void client_free(struct client *client);
const char *client_socket(const struct client *client);
/* text as it may stand in a path or query; free() it. */
char *client_escape(const char *text);

/*
 * Each returns 0 when the service answered, whatever the status, and fills *ret_answer (release it
 * with answer_done()); otherwise negative errno with *error.  path begins after "/restconf/".
 */
int client_get(struct client *client, const char *path, struct answer *ret_answer,
               struct error *error) MUST_USE;
/* revision: the precondition (If-Match); NULL for none. */
int client_put(struct client *client, const char *path, const char *body, const char *revision,
               struct answer *ret_answer, struct error *error) MUST_USE;
int client_post(struct client *client, const char *path, const char *body,
                struct answer *ret_answer, struct error *error) MUST_USE;

/*
 * Follow a stream of events until it ends, on_event says false, or the user interrupts: the data of
 * each goes to on_event, one line of JSON.  A status other than 200 comes back in *ret_answer, like
 * that of the others.
 */
int client_follow(struct client *client, const char *path,
                  bool (*on_event)(void *owner, const char *data), void *owner,
                  struct answer *ret_answer, struct error *error) MUST_USE;

/* Print the value of every leaf of this name in the answer's JSON, one a line, after prefix;
 * returns how many there were.  schema may know the names or not. */
size_t answer_print_all(const struct answer *answer, struct ly_ctx *schema, const char *leaf,
                        const char *prefix, FILE *to);
/* Say why the service refused: its error messages one a line, or else the HTTP status. */
void answer_print_errors(const struct answer *answer, struct ly_ctx *schema, FILE *to);
void answer_done(struct answer *answer);

#endif
