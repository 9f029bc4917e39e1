/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * RESTCONF (RFC 8040): what a method on a path means.  Reads are answered here from the store and
 * from fresh state; an edit becomes a whole candidate configuration, an operation its arguments,
 * and both are handed to the manager, who carries them out and answers the request (api/reply).
 */
#ifndef TANDEM_RESTCONF_H
#define TANDEM_RESTCONF_H

#include "api/http.h"
#include "config/store.h"

/* How a candidate shall be committed: the query arguments of an edit. */
struct commit_options {
	bool dry_run;			/* only check it: dry-run=true */
	unsigned confirm_timeout;	/* seconds; 0 = final at once: confirm-timeout=600 */
	char comment[NOTE_COMMENT_SIZE];	/* "" = none: comment=... */
};

struct restconf_calls {
	/* Add the state container of this name ("vrrp-state") to *tree. */
	void (*state)(void *owner, const char *name, struct lyd_node **tree);
	/* Commit the candidate (taken; NULL = empty). */
	void (*commit)(void *owner, struct http_request *request, struct lyd_node *candidate,
	               const struct commit_options *options);
	/* Answer with the stream of events, with packets if so wished. */
	void (*subscribe)(void *owner, struct http_request *request, bool packets);
	/* Carry out an operation of tandem-state; input is validated and borrowed. */
	void (*operate)(void *owner, struct http_request *request, const struct lyd_node *input);
};

struct restconf {
	const struct ly_ctx *schema;
	const struct store *store;
	const struct restconf_calls *calls;
	void *owner;			/* of the calls */
};

/* Answer a request, or hand it to one of the calls. */
void restconf_handle(const struct restconf *restconf, struct http_request *request);

#endif
