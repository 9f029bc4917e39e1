/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * An edit of a part of the configuration, as a whole candidate: running, duplicated, with one
 * RESTCONF edit applied (RFC 8040 4.4 to 4.7).  It checks only what the edit itself demands; the
 * rules of the configuration are the commit's.
 */
#ifndef TANDEM_EDIT_H
#define TANDEM_EDIT_H

#include <libyang/libyang.h>

#include "api/resource.h"
#include "base/base.h"

enum edit_kind {
	EDIT_REPLACE,			/* PUT */
	EDIT_MERGE,			/* PATCH */
	EDIT_CREATE,			/* POST: a child of the resource */
	EDIT_DELETE,
};

/* One thing that was not accepted. */
struct edit_fault {
	const char *tag;		/* RFC 8040's */
	char message[512];		/* a sentence */
	char value[64];			/* what was not accepted; "" = none, or a secret */
	char *path;			/* its instance-identifier; NULL = not known; heap */
};

struct edit {
	struct lyd_node *candidate;	/* owned; NULL = empty configuration */
	bool created;			/* something is there that was not */
	char *segment;			/* EDIT_CREATE: the child's path segment; heap */

	unsigned status;		/* refused: the HTTP status, and at least one fault */
	struct edit_fault *faults;	/* heap */
	size_t fault_count;
};

/* body is JSON (unused by EDIT_DELETE); the resource's chain is used up.  false: refused. */
bool edit_make(const struct ly_ctx *schema, const struct lyd_node *running, enum edit_kind kind,
               struct resource *resource, const char *body, struct edit *ret_edit);
void edit_done(struct edit *edit);

/* What libyang found wrong last, as a refusal with status 400. */
void edit_refuse_syntax(const struct ly_ctx *schema, struct edit *edit);

#endif
