/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The way of states from the service to commands and to completion.  What they mean is the
 * commands' business.
 */
#include "cli/state.h"

#include <errno.h>
#include <string.h>

#define MODULE_PREFIX "/tandem-state:"

/* Without the container *ret_tree is NULL: an empty state.  -EACCES with *ret_refusal when the
 * service says no. */
static int
get(struct session *session, const char *container, struct lyd_node **ret_tree,
    struct answer *ret_refusal, struct error *error)
{
	struct answer answer;
	char path[128];
	int r;

	snprintf(path, sizeof(path), "data/tandem-state:%s", container);
	r = client_get(session->client, path, &answer, error);
	if (r < 0)
		return r;
	if (answer.status != 200) {
		*ret_refusal = answer;
		return -EACCES;
	}
	*ret_tree = NULL;
	if (lyd_parse_data_mem(session->schema, answer.body, LYD_JSON, LYD_PARSE_ONLY, 0,
	                       ret_tree) != LY_SUCCESS)
		r = error_set(error, -EPROTO, "the service's answer is not understood: %s",
		              ly_errmsg(session->schema));
	answer_done(&answer);
	return r;
}

enum outcome
state_fetch(struct session *session, const char *container, struct lyd_node **ret_tree)
{
	struct answer refusal = { 0 };
	struct error error;

	if (get(session, container, ret_tree, &refusal, &error) == 0)
		return OUTCOME_DONE;
	if (refusal.status != 0)
		return session_tell_refusal(session, &refusal);
	return session_tell(session, &error);
}

struct lyd_node *
state_fetch_quietly(struct session *session, const char *container)
{
	struct answer refusal = { 0 };
	struct lyd_node *tree = NULL;

	(void)get(session, container, &tree, &refusal, NULL);
	answer_done(&refusal);
	return tree;
}

static bool
is_known(const struct possibilities *possibilities, const char *word)
{
	for (size_t i = 0; i < possibilities->count; i++) {
		const char *known = possibilities->list[i].word;

		if (known && strcmp(known, word) == 0)
			return true;
	}
	return false;
}

void
state_complete(struct session *session, const char *xpath, struct possibilities *possibilities)
{
	struct ly_set *found = NULL;
	struct lyd_node *tree;
	char container[64];

	assert(strncmp(xpath, MODULE_PREFIX, strlen(MODULE_PREFIX)) == 0);
	snprintf(container, sizeof(container), "%s", xpath + strlen(MODULE_PREFIX));
	container[strcspn(container, "/[")] = '\0';
	tree = state_fetch_quietly(session, container);
	if (tree && lyd_find_xpath(tree, xpath, &found) == LY_SUCCESS) {
		for (uint32_t i = 0; i < found->count; i++) {
			const char *value = lyd_get_value(found->dnodes[i]);

			if (value && !is_known(possibilities, value))
				possibilities_add(possibilities, value, NULL, "");
		}
		ly_set_free(found, NULL);
	}
	lyd_free_all(tree);
}
