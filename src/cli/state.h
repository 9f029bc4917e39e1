/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Fetches what is true now: containers of module tandem-state.
 */
#ifndef TANDEM_CLI_STATE_H
#define TANDEM_CLI_STATE_H

#include "cli/session.h"

/* Fetch one container, telling the user why not.  *ret_tree is NULL for an empty state; free it
 * with lyd_free_all(). */
enum outcome state_fetch(struct session *session, const char *container,
                         struct lyd_node **ret_tree);
/* The same for completion, which never talks: NULL when there is nothing. */
struct lyd_node *state_fetch_quietly(struct session *session, const char *container);

/* Add the values that the XPath, which begins with a container's name ("/tandem-state:..."), finds
 * in it and that are not among the possibilities yet; with no help. */
void state_complete(struct session *session, const char *xpath,
                    struct possibilities *possibilities);

#endif
