/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The path of a RESTCONF data resource (RFC 8040 3.5.3) and what it points at:
 * "/tandem-interfaces:interfaces/bonding=dp0bond0/vif=10".  Splits before it decodes, knows the
 * schema, touches no data it is shown.
 */
#ifndef TANDEM_RESOURCE_H
#define TANDEM_RESOURCE_H

#include <libyang/libyang.h>

#include "base/base.h"
#include "base/error.h"

struct resource {
	const struct lysc_node *schema;	/* NULL: the datastore itself */
	/* The chain of containers and list entries down to the target, owned, without other data.
	 * A leaf is not in it; its parent is the last of the chain. */
	struct lyd_node *chain;		/* its top; NULL for the datastore and top-level leaves */
	struct lyd_node *parent;	/* what the target stands in; NULL at the top */
	struct lyd_node *node;		/* the target; NULL for a leaf */
};

/*
 * path: what follows "/restconf/data", with or without a leading slash.  0; -ENOENT when the
 * schema has no such node; -EINVAL when the path is malformed (keys, percent codes).
 */
int resource_parse(const struct ly_ctx *schema, const char *path, struct resource *ret_resource,
                   struct error *error) MUST_USE;
void resource_done(struct resource *resource);

/* The same node in a data tree, or NULL. */
struct lyd_node *resource_find(const struct resource *resource, const struct lyd_node *tree);

/* The path segment that names this node below its parent ("vif=10"), percent-encoded; heap. */
char *resource_segment(const struct lyd_node *node);

/* Decode %xx in place; false when it is malformed or hides a zero byte. */
bool resource_decode(char *text);

#endif
