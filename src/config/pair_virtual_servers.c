/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Do both routers offer the same virtual servers?
 *   P31 a virtual server differs, or one router lacks it
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "config/pairing.h"
#include "config/tree.h"

static bool
is_server(const struct lyd_node *node)
{
	return strcmp(node->schema->name, "virtual-server") == 0;
}

static const struct lyd_node *
first_of(const struct pair *pair, unsigned router)
{
	const struct lyd_node *service = pair->surveys[router].service;

	return service ? lyd_child(service) : NULL;
}

/* The one of this name, or NULL. */
static const struct lyd_node *
find(const struct lyd_node *node, const char *name)
{
	while (node && !(is_server(node) && strcmp(tree_value(node, "name"), name) == 0))
		node = node->next;
	return node;
}

static char *
printed(const struct lyd_node *node)
{
	static const char *const left_out[] = { "description", NULL };
	char *text = NULL;
	size_t length;
	FILE *out = open_memstream(&text, &length);

	assert(out);
	pairing_print(out, node, left_out);
	fclose(out);
	assert(text);
	return text;
}

static void
compare(const struct lyd_node *own, const struct lyd_node *other, struct pair_findings *findings)
{
	char *a = printed(own), *b = printed(other);

	if (strcmp(a, b) != 0)
		pairing_add(findings, true, "P31", own, other, "set the same on both routers",
		            "The two differ: a failover changes how connections are spread");
	free(a);
	free(b);
}

void
pair_virtual_servers(const struct pair *pair, struct pair_findings *findings)
{
	for (unsigned r = 0; r < PAIR_ROUTERS; r++)
		for (const struct lyd_node *node = first_of(pair, r); node; node = node->next) {
			const struct lyd_node *other = NULL;

			if (!is_server(node))
				continue;
			other = find(first_of(pair, 1 - r), tree_value(node, "name"));
			if (!other)
				pairing_add_from(findings, true, "P31", r, node, NULL,
				                 "configure it on both routers",
				                 "Only r%u has this virtual server: nobody answers "
				                 "there after a failover", r + 1);
			else if (r == 0)
				compare(node, other, findings);
		}
}
