/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Finds and loads our YANG modules, and names their nodes as an operator does.  It interprets
 * nothing: the rules of the language are in language.c, those of a commit in check.c.
 */
#include "config/schema.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "config/tree.h"

static const char *const modules[] = {
	"tandem-types", "tandem-interfaces", "tandem-vrrp", "tandem-service",
	"tandem-virtual-server", "tandem-system", "tandem-protocols",
	"tandem-comment", "tandem-state",
};

static bool
holds_modules(const char *directory)
{
	char path[4096];
	int length = snprintf(path, sizeof(path), "%s/%s.yang", directory, modules[0]);

	return length > 0 && (size_t)length < sizeof(path) && access(path, R_OK) == 0;
}

/* A directory that was named is used even if wrong: a silent second choice would hide that. */
static const char *
find_directory(const char *named)
{
	const char *from_environment = getenv("TANDEM_YANG_PATH");

	if (named)
		return named;
	if (from_environment && from_environment[0] != '\0')
		return from_environment;
	return holds_modules(TANDEM_YANG_DIR) ? TANDEM_YANG_DIR : TANDEM_SOURCE_YANG_DIR;
}

struct ly_ctx *
schema_new(const char *directory, struct error *error)
{
	struct ly_ctx *schema = NULL;

	/* Nothing of libyang's goes to standard error: its last message is fetched where needed. */
	ly_log_options(LY_LOSTORE_LAST);

	directory = find_directory(directory);
	if (ly_ctx_new(directory, LY_CTX_DISABLE_SEARCHDIR_CWD, &schema) != LY_SUCCESS) {
		(void)error_set(error, -ENOENT, "the YANG modules are not in %s: no such directory",
		                directory);
		return NULL;
	}
	for (size_t i = 0; i < ARRAY_SIZE(modules); i++) {
		if (ly_ctx_load_module(schema, modules[i], NULL, NULL))
			continue;
		const char *reason = ly_errmsg(schema);

		(void)error_set(error, -ENOENT, "YANG module %s of %s does not load: %s",
		                modules[i], directory, reason ? reason : "unknown reason");
		ly_ctx_destroy(schema);
		return NULL;
	}
	return schema;
}

void
schema_free(struct ly_ctx *schema)
{
	ly_ctx_destroy(schema);
}

/* How many bytes the words of a node take, each with a blank behind it. */
static size_t
words_size(const struct lyd_node *node)
{
	size_t size = 0;

	for (; node; node = lyd_parent(node)) {
		size += strlen(node->schema->name) + 1;
		for (const struct lyd_node *key = tree_first_key(node); key;
		     key = tree_next_key(key))
			size += strlen(lyd_get_value(key)) + 1;
	}
	return size;
}

static char *
put_word(char *at, const char *word)
{
	at = stpcpy(at, word);
	*at++ = ' ';
	return at;
}

static char *
put_words(char *at, const struct lyd_node *node)
{
	if (lyd_parent(node))
		at = put_words(at, lyd_parent(node));
	at = put_word(at, node->schema->name);
	for (const struct lyd_node *key = tree_first_key(node); key; key = tree_next_key(key))
		at = put_word(at, lyd_get_value(key));
	return at;
}

/* No stream: thousands of warnings name their places, and each stream would take 8 KiB. */
char *
schema_words(const struct lyd_node *node)
{
	char *text = malloc(words_size(node)), *end;

	assert(text);
	end = put_words(text, node);
	end[-1] = '\0';
	return text;
}
