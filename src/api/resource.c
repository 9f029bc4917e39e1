/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * From a RESTCONF path to a chain of data nodes (RFC 8040 3.5.3).  Reserved characters separate
 * only as long as they are not percent-encoded, so a path is cut at "/", then "=", then ",", and
 * each piece is decoded last.  Keys go through libyang, which checks and canonises them.
 */
#include "api/resource.h"

#include <ctype.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

bool
resource_decode(char *text)
{
	char *to = text;

	for (const char *from = text; *from; from++) {
		if (*from == '%') {
			char digits[3] = { from[1], from[1] ? from[2] : '\0', '\0' };

			if (!isxdigit((unsigned char)digits[0]) ||
			    !isxdigit((unsigned char)digits[1]))
				return false;
			*to = (char)strtoul(digits, NULL, 16);
			if (*to++ == '\0')
				return false;
			from += 2;
		} else {
			*to++ = *from;
		}
	}
	*to = '\0';
	return true;
}

/* Write [name='value'] as libyang's predicates want it; false when no quote is left to use. */
static bool
put_predicate(FILE *out, const char *name, const char *value)
{
	char quote = strchr(value, '\'') ? '"' : '\'';

	if (strchr(value, quote))
		return false;
	fprintf(out, "[%s=%c%s%c]", name, quote, value, quote);
	return true;
}

/* The predicates of a list entry from "a,b,c" (cut up in place), on the heap; NULL when malformed
 * or when the number of keys is wrong. */
static char *
predicates_of(const struct lysc_node *list, char *keys)
{
	char *text = NULL;
	size_t size;
	FILE *out = open_memstream(&text, &size);
	bool good = keys != NULL;

	assert(out);
	for (const struct lysc_node *key = lysc_node_child(list); good && key && lysc_is_key(key);
	     key = key->next) {
		char *value = strsep(&keys, ",");

		good = value && resource_decode(value) && put_predicate(out, key->name, value);
	}
	good = good && !keys;
	fclose(out);
	if (!good) {
		free(text);
		text = NULL;
	}
	return text;
}

/* Append one list entry, leaf-list entry or container to the chain; leaves end it. */
static int
extend_chain(struct resource *r, const struct lysc_node *schema, char *keys, struct error *error)
{
	struct lyd_node *node = NULL;
	LY_ERR done = LY_SUCCESS;
	char *predicates = NULL;

	switch (schema->nodetype) {
	case LYS_CONTAINER:
		if (keys)
			return error_set(error, -EINVAL, "\"%s\" has no keys", schema->name);
		done = lyd_new_inner(r->node, schema->module, schema->name, 0, &node);
		break;
	case LYS_LIST:
		predicates = predicates_of(schema, keys);
		if (!predicates)
			return error_set(error, -EINVAL,
			                 "list \"%s\" is named with all its keys: %s=key,key",
			                 schema->name, schema->name);
		done = lyd_new_list2(r->node, schema->module, schema->name, predicates, 0, &node);
		free(predicates);
		break;
	case LYS_LEAFLIST:
		if (!keys || !resource_decode(keys))
			return error_set(error, -EINVAL, "leaf-list \"%s\" is named with a value",
			                 schema->name);
		done = lyd_new_term(r->node, schema->module, schema->name, keys, 0, &node);
		break;
	default:
		if (keys)
			return error_set(error, -EINVAL, "\"%s\" has no keys", schema->name);
		break;
	}
	if (done != LY_SUCCESS)
		return error_set(error, -EINVAL, "key of \"%s\" is not of its type", schema->name);

	r->parent = r->node;
	r->node = node;
	if (!r->chain)
		r->chain = node;
	return 0;
}

/* One segment: [module:]name[=keys]. */
static int
add_segment(const struct ly_ctx *ctx, struct resource *r, char *segment, struct error *error)
{
	char *keys = strchr(segment, '=');

	if (keys)
		*keys++ = '\0';
	if (!resource_decode(segment))
		return error_set(error, -EINVAL, "bad percent code in the path");

	char *colon = strchr(segment, ':');
	const char *name = colon ? colon + 1 : segment;
	const struct lys_module *module = r->schema ? r->schema->module : NULL;

	if (colon) {
		*colon = '\0';
		module = ly_ctx_get_module_implemented(ctx, segment);
	}
	if (!module && !colon)
		return error_set(error, -EINVAL, "the first name of a path needs its module: "
		                 "module:%s", name);
	/* A leaf has nothing below; nor has a list that was not named with its keys. */
	if (r->schema && !r->node)
		module = NULL;

	const struct lysc_node *schema = !module ? NULL :
		lys_find_child(r->schema, module, name, 0, 0, 0);

	if (!schema || !(schema->nodetype & (LYS_CONTAINER | LYS_LIST | LYS_LEAF | LYS_LEAFLIST)))
		return error_set(error, -ENOENT, "there is no \"%s\" here in the model", name);

	int r_extend = extend_chain(r, schema, keys, error);

	if (r_extend == 0)
		r->schema = schema;
	return r_extend;
}

int
resource_parse(const struct ly_ctx *schema, const char *path, struct resource *ret_resource,
               struct error *error)
{
	struct resource resource = { 0 };
	char *copy = strdup(path);
	char *rest = copy;
	int r = 0;

	assert(copy);
	if (*rest == '/')
		rest++;
	for (char *segment = strsep(&rest, "/"); r == 0 && segment; segment = strsep(&rest, "/")) {
		if (*segment == '\0' && !rest)
			break;		/* a slash at the end names the same */
		r = add_segment(schema, &resource, segment, error);
	}
	free(copy);

	if (r < 0)
		resource_done(&resource);
	else
		*ret_resource = resource;
	return r;
}

void
resource_done(struct resource *resource)
{
	lyd_free_all(resource->chain);
	*resource = (struct resource){ 0 };
}

struct lyd_node *
resource_find(const struct resource *resource, const struct lyd_node *tree)
{
	struct lyd_node *found = NULL;

	for (const struct lyd_node *step = resource->chain; step; ) {
		if (!tree || lyd_find_sibling_first(tree, step, &found) != LY_SUCCESS)
			return NULL;
		if (step == resource->node)
			return found;
		tree = lyd_child(found);
		/* The chain goes on behind the keys. */
		step = step == resource->parent && !resource->node ? NULL :
			lyd_child_no_keys(step);
	}
	if (!resource->schema || !tree ||
	    lyd_find_sibling_val(tree, resource->schema, NULL, 0, &found) != LY_SUCCESS)
		return NULL;
	return found;
}

static void
put_encoded(FILE *out, const char *text)
{
	for (; *text; text++) {
		if (isalnum((unsigned char)*text) || strchr("-._~:", *text))
			fputc(*text, out);
		else
			fprintf(out, "%%%02X", (unsigned char)*text);
	}
}

char *
resource_segment(const struct lyd_node *node)
{
	char *text = NULL;
	size_t size;
	FILE *out = open_memstream(&text, &size);
	const char *mark = "=";

	assert(out);
	if (!lyd_parent(node) || lyd_parent(node)->schema->module != node->schema->module)
		fprintf(out, "%s:", node->schema->module->name);
	fputs(LYD_NAME(node), out);

	const struct lyd_node *key = node->schema->nodetype == LYS_LEAFLIST ? node :
		node->schema->nodetype == LYS_LIST ? lyd_child(node) : NULL;

	for (; key && (key == node || lysc_is_key(key->schema)); key = key->next) {
		fputs(mark, out);
		put_encoded(out, lyd_get_value(key));
		mark = ",";
		if (key == node)
			break;
	}
	fclose(out);
	return text;
}
