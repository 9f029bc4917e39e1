/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * From words to nodes: "interfaces bonding dp0bond0 vif 10" names schema nodes with keys, which
 * may or may not be in a tree.
 */
#ifndef TANDEM_PATH_H
#define TANDEM_PATH_H

#include <libyang/libyang.h>

#include "base/base.h"
#include "config/problem.h"

#define PATH_STEPS_MAX 32
#define PATH_KEYS_MAX 4

struct path_step {
	const struct lysc_node *node;
	char *const *values;		/* a list's keys, or a leaf's value: words of the caller */
	unsigned count;			/* how many of them are given */
};

struct path {
	struct path_step steps[PATH_STEPS_MAX];
	unsigned count;
};

/*
 * Put the whole name in the place of every word that begins the name of one node only ("int dat
 * dp0s0" is "interfaces dataplane dp0s0"); keys and values are left as they are, and so are words
 * that mean several nodes or none, with all behind them.  The names belong to the schema.
 */
void path_expand(const struct ly_ctx *schema, char *words[], size_t count);

enum path_use {
	PATH_WHOLE,			/* every key and value is there, as for set */
	PATH_PART,			/* the last list or leaf may stand without, as for delete */
};

/* Resolve words and check their values.  -EINVAL and a problem naming the first wrong word. */
int path_resolve(const struct ly_ctx *schema, char *const words[], size_t count,
                 enum path_use use, unsigned line, struct path *ret_path,
                 struct problems *problems) MUST_USE;

/* The instance of a step among siblings; a step without its values is its first instance. */
struct lyd_node *path_find_step(const struct lyd_node *siblings, const struct path_step *step);
/* The node that the path names, or NULL. */
struct lyd_node *path_find(const struct lyd_node *tree, const struct path *path);
/* The keys or the value of the last step were left out: it names all instances. */
bool path_is_open(const struct path *path);

#endif
