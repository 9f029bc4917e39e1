/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Applies one edit to a duplicate of running.  The body is read below the chain of containers and
 * list entries that the path names, which makes it a tree of its own from the top; that tree is
 * merged into the duplicate, or its target put in the place of the old one.  Running itself is
 * never touched.
 */
#include "api/edit.h"

#include <microhttpd.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "config/language.h"

#define FAULTS_MAX 100u		/* told of one body */
#define PARSE_OPTIONS (LYD_PARSE_ONLY | LYD_PARSE_STRICT | LYD_PARSE_NO_STATE)

static struct edit_fault *
add_fault(struct edit *edit, const char *tag)
{
	edit->faults = reallocarray(edit->faults, edit->fault_count + 1, sizeof(*edit->faults));
	assert(edit->faults);
	edit->faults[edit->fault_count] = (struct edit_fault){ .tag = tag };
	return &edit->faults[edit->fault_count++];
}

static bool PRINTF_LIKE(4, 5)
refuse(struct edit *edit, unsigned status, const char *tag, const char *format, ...)
{
	struct edit_fault *fault = add_fault(edit, tag);
	va_list arguments;

	edit->status = status;
	va_start(arguments, format);
	vsnprintf(fault->message, sizeof(fault->message), format, arguments);
	va_end(arguments);
	return false;
}

/* A sentence of libyang's ends with a full stop; ours do not. */
static void
drop_full_stop(struct edit_fault *fault)
{
	size_t length = strlen(fault->message);

	if (length > 0 && fault->message[length - 1] == '.')
		fault->message[length - 1] = '\0';
}

void
edit_refuse_syntax(const struct ly_ctx *schema, struct edit *edit)
{
	const struct ly_err_item *item = ly_err_last(schema);
	const char *tag = "malformed-message";

	if (!item) {
		(void)refuse(edit, MHD_HTTP_BAD_REQUEST, tag, "the body is not JSON of our model");
		return;
	}
	if (item->vecode == LYVE_DATA)
		tag = "invalid-value";
	else if (item->vecode == LYVE_REFERENCE)
		tag = "unknown-element";
	(void)refuse(edit, MHD_HTTP_BAD_REQUEST, tag, "%s", item->msg);
	drop_full_stop(&edit->faults[edit->fault_count - 1]);
}

/* Do libyang's sentence or its place (Data location "/a:b/c", line number 1.) mean this name? */
static bool
is_meant(const char *name, const char *sentence, const char *place)
{
	static const char before[] = { '"', '/', ':' };
	char quoted[128];

	for (size_t i = 0; i < ARRAY_SIZE(before); i++) {
		snprintf(quoted, sizeof(quoted), "%c%s\"", before[i], name);
		if (strstr(i == 0 ? sentence : place, quoted))
			return true;
	}
	return false;
}

/* The first node that fits no schema and is the one meant. */
static const struct lyd_node *
find_faulty(const struct lyd_node *siblings, const char *sentence, const char *place)
{
	const struct lyd_node *found = NULL;

	for (; siblings && !found; siblings = siblings->next) {
		if (siblings->schema)
			found = find_faulty(lyd_child(siblings), sentence, place);
		else if (is_meant(LYD_NAME(siblings), sentence, place))
			found = siblings;
	}
	return found;
}

/* The leaf that a node which fits no schema was meant to be, or NULL. */
static const struct lysc_node *
meant_leaf(const struct ly_ctx *schema, const struct lyd_node *faulty)
{
	const struct lyd_node *inner = lyd_parent(faulty);
	const char *prefix = ((const struct lyd_node_opaq *)faulty)->name.prefix;
	const struct lys_module *module;

	if (!inner || !inner->schema)
		return NULL;
	/* In JSON the prefix is the module's name; without one it is that of what is around. */
	module = prefix ? ly_ctx_get_module_implemented(schema, prefix) : inner->schema->module;
	return module ? lys_find_child(inner->schema, module, LYD_NAME(faulty), 0,
	                               LYS_LEAF | LYS_LEAFLIST, 0) : NULL;
}

/* Say of a node that fits no schema where it stands and, if it was meant to be a leaf, its
 * value.  A secret is not repeated, also not in libyang's words. */
static void
name_faulty(const struct lysc_node *leaf, const struct lyd_node *faulty, struct edit_fault *fault)
{
	const struct lyd_node *inner = lyd_parent(faulty);
	char *around;

	if (!inner || !inner->schema)
		return;
	if (leaf && language_is_secret(leaf))
		snprintf(fault->message, sizeof(fault->message), "not a value this may have");
	else if (leaf)
		snprintf(fault->value, sizeof(fault->value), "%s", lyd_get_value(faulty));

	/* Only a leaf is an instance without having a good value or keys. */
	around = lyd_path(inner, LYD_PATH_STD, NULL, 0);
	assert(around);
	if (!leaf || leaf->nodetype != LYS_LEAF) {
		fault->path = around;
		return;
	}

	bool foreign = leaf->module != inner->schema->module;

	if (asprintf(&fault->path, "%s/%s%s%s", around, foreign ? leaf->module->name : "",
	             foreign ? ":" : "", leaf->name) < 0)
		fault->path = NULL;
	free(around);
}

/* A node that fits no schema, beside the first, of which libyang has told. */
static void
add_faulty(const struct ly_ctx *schema, const struct lyd_node *faulty, struct edit *edit)
{
	const struct lysc_node *leaf = meant_leaf(schema, faulty);
	struct edit_fault *fault = add_fault(edit, leaf ? "invalid-value" : "unknown-element");
	const char *value = lyd_get_value(faulty);

	if (leaf && lyd_value_validate(schema, leaf, value, strlen(value), NULL, NULL, NULL) !=
	    LY_SUCCESS)
		snprintf(fault->message, sizeof(fault->message), "%s", ly_errmsg(schema));
	else
		snprintf(fault->message, sizeof(fault->message), "\"%s\" is unknown here, or what "
		         "it holds is no good", LYD_NAME(faulty));
	drop_full_stop(fault);
	name_faulty(leaf, faulty, fault);
}

/* All nodes that fit no schema, but this one. */
static void
add_all_faulty(const struct ly_ctx *schema, const struct lyd_node *siblings,
               const struct lyd_node *first, struct edit *edit)
{
	for (; siblings && edit->fault_count < FAULTS_MAX; siblings = siblings->next) {
		if (siblings->schema)
			add_all_faulty(schema, lyd_child(siblings), first, edit);
		else if (siblings != first)
			add_faulty(schema, siblings, edit);
	}
}

/* Refuse what libyang could not read.  Its own words about the place end at the body's top, so
 * the body is read again, leniently, which keeps what was wrong as a node without schema.  Where
 * libyang cannot (a good value in quotes that should have none), the first error is all. */
static void
refuse_body(const struct ly_ctx *schema, const char *body, const struct lyd_node *parent,
            struct edit *edit)
{
	const struct ly_err_item *item = ly_err_last(schema);
	char *place = strdup(item && item->path ? item->path : "");
	const struct lyd_node *faulty, *siblings;
	struct lyd_node *around = NULL;
	struct lyd_node *tree = NULL;
	struct ly_in *in = NULL;

	assert(place);
	edit_refuse_syntax(schema, edit);
	if (parent && lyd_dup_single(parent, NULL, LYD_DUP_WITH_PARENTS, &around) != LY_SUCCESS)
		assert(!"a node can be duplicated as long as there is memory");
	if (ly_in_new_memory(body, &in) == LY_SUCCESS)
		(void)lyd_parse_data(schema, around, in, LYD_JSON,
		                     LYD_PARSE_ONLY | LYD_PARSE_OPAQ, 0, &tree);
	ly_in_free(in, 0);

	siblings = around ? lyd_child(around) : tree;
	faulty = find_faulty(siblings, edit->faults[0].message, place);
	if (faulty)
		name_faulty(meant_leaf(schema, faulty), faulty, &edit->faults[0]);
	add_all_faulty(schema, siblings, faulty, edit);
	/* Which of them libyang meant is not known, but now each is told of in its own words. */
	if (!faulty && edit->fault_count > 1)
		memmove(&edit->faults[0], &edit->faults[1],
		        --edit->fault_count * sizeof(*edit->faults));
	lyd_free_all(around ? around : tree);
	free(place);
}

/* Read the body as children of parent, which has its keys only, or as top-level nodes.
 * *ret_first is the first node read. */
static bool
read_body(const struct ly_ctx *schema, const char *body, struct lyd_node *parent,
          struct edit *edit, struct lyd_node **ret_first)
{
	struct lyd_node *tree = NULL;
	struct ly_in *in = NULL;
	LY_ERR done = ly_in_new_memory(body, &in);

	if (done == LY_SUCCESS)
		done = lyd_parse_data(schema, parent, in, LYD_JSON, PARSE_OPTIONS, 0, &tree);
	ly_in_free(in, 0);
	if (done != LY_SUCCESS) {
		refuse_body(schema, body, parent, edit);
		return false;
	}
	*ret_first = parent ? lyd_child_no_keys(parent) : tree;
	return true;
}

static void
candidate_remove(struct lyd_node **candidate, struct lyd_node *node)
{
	if (*candidate == node)
		*candidate = node->next;
	lyd_free_tree(node);
}

/* Give old, which keeps its place, the children and the remark of fresh (taken). */
static bool
replace_inside(struct lyd_node *old, struct lyd_node *fresh)
{
	const char *comment = language_comment_of(fresh);
	struct lyd_node *child, *next;
	bool done = language_put_comment(old, comment ? comment : "") == 0;

	for (child = lyd_child_no_keys(old); child; child = next) {
		next = child->next;
		lyd_free_tree(child);
	}
	for (child = lyd_child_no_keys(fresh); child && done; child = next) {
		next = child->next;
		lyd_unlink_tree(child);
		done = lyd_insert_child(old, child) == LY_SUCCESS;
	}
	lyd_free_tree(fresh);
	return done;
}

/* Put fresh (taken) where old stands now; both are instances of the same schema node. */
static bool
candidate_replace(struct lyd_node **candidate, struct lyd_node *old, struct lyd_node *fresh)
{
	struct lyd_node *parent = lyd_parent(old);
	LY_ERR done;

	lyd_unlink_tree(fresh);
	if (old->schema->nodetype & (LYS_LIST | LYS_CONTAINER))
		return replace_inside(old, fresh);
	if (lysc_is_userordered(old->schema))
		done = lyd_insert_before(old, fresh);
	else if (parent)
		done = lyd_insert_child(parent, fresh);
	else
		done = lyd_insert_sibling(*candidate, fresh, candidate);
	if (done != LY_SUCCESS) {
		lyd_free_tree(fresh);
		return false;
	}
	*candidate = lyd_first_sibling(*candidate);
	candidate_remove(candidate, old);
	return true;
}

/* libyang merges nodes and values, not the remarks on them: those that are given come along. */
static void
merge_comments(const struct lyd_node *siblings, const struct lyd_node *tree)
{
	for (; tree; tree = tree->next) {
		const char *comment = language_comment_of(tree);
		struct lyd_node *same = NULL;

		if (lysc_is_key(tree->schema) ||
		    lyd_find_sibling_first(siblings, tree, &same) != LY_SUCCESS)
			continue;
		if (comment && language_put_comment(same, comment) < 0)
			assert(!"a remark that was read can be kept");
		merge_comments(lyd_child(same), lyd_child(tree));
	}
}

static bool
merge(struct edit *edit, const struct lyd_node *tree)
{
	if (!tree)
		return true;
	if (lyd_merge_siblings(&edit->candidate, tree, 0) == LY_SUCCESS) {
		merge_comments(edit->candidate, tree);
		return true;
	}
	return refuse(edit, MHD_HTTP_INTERNAL_SERVER_ERROR, "operation-failed",
	              "the edit cannot be applied to the running configuration");
}

/* PUT and PATCH of the whole. */
static bool
edit_datastore(const struct ly_ctx *schema, enum edit_kind kind, const char *body,
               struct edit *edit)
{
	struct lyd_node *tree = NULL;
	bool done = read_body(schema, body, NULL, edit, &tree);

	if (done && kind == EDIT_REPLACE) {
		edit->candidate = tree;
		return true;
	}
	done = done && merge(edit, tree);
	lyd_free_all(tree);
	return done;
}

/* Is the body exactly one instance of the resource the path names? */
static bool
body_is_target(const struct resource *resource, const struct lyd_node *target,
               const struct lyd_node *body)
{
	if (!body || body->next || body->schema != resource->schema)
		return false;
	if (!target || !(body->schema->nodetype & (LYS_LIST | LYS_LEAFLIST)))
		return true;
	return lyd_compare_single(body, target, 0) == LY_SUCCESS;
}

/* PUT and PATCH of a resource. */
static bool
edit_resource(const struct ly_ctx *schema, enum edit_kind kind, struct resource *resource,
              const char *body_text, struct edit *edit)
{
	struct lyd_node *old = resource_find(resource, edit->candidate);
	struct lyd_node *target = resource->node;
	struct lyd_node *body = NULL;
	bool done = false;

	/* The body says the target itself, so the chain gives up its own. */
	if (target)
		lyd_unlink_tree(target);
	if (resource->chain == target)
		resource->chain = NULL;
	resource->node = NULL;

	if (!read_body(schema, body_text, resource->parent, edit, &body))
		goto out;
	if (!resource->chain)
		resource->chain = body;
	if (!body_is_target(resource, target, body)) {
		done = refuse(edit, MHD_HTTP_BAD_REQUEST, "invalid-value",
		              "the body is not what the path names");
		goto out;
	}

	edit->created = !old;
	if (!old || kind == EDIT_MERGE) {
		done = merge(edit, resource->chain);
		goto out;
	}
	if (resource->chain == body)
		resource->chain = NULL;
	done = candidate_replace(&edit->candidate, old, body) ||
	       refuse(edit, MHD_HTTP_INTERNAL_SERVER_ERROR, "operation-failed",
	              "the edit cannot be applied to the running configuration");
out:
	lyd_free_tree(target);
	return done;
}

/* POST: make one child of the datastore or of a resource. */
static bool
create_child(const struct ly_ctx *schema, struct resource *resource, const char *body_text,
             struct edit *edit)
{
	struct lyd_node *parent = resource_find(resource, edit->candidate);
	const struct lyd_node *siblings = resource->schema ? lyd_child(parent) : edit->candidate;
	struct lyd_node *present = NULL;
	struct lyd_node *body = NULL;

	if (!read_body(schema, body_text, resource->node, edit, &body))
		return false;
	if (!resource->chain)
		resource->chain = body;
	if (!body || body->next)
		return refuse(edit, MHD_HTTP_BAD_REQUEST, "invalid-value",
		              "the body of a POST is exactly one new child");
	if (siblings && lyd_find_sibling_first(siblings, body, &present) == LY_SUCCESS &&
	    !(present->flags & LYD_DEFAULT))
		return refuse(edit, MHD_HTTP_CONFLICT, "data-exists", "\"%s\" exists already",
		              LYD_NAME(body));

	edit->created = true;
	edit->segment = resource_segment(body);
	return merge(edit, resource->chain);
}

static bool
delete_resource(const struct resource *resource, struct edit *edit)
{
	struct lyd_node *node = resource_find(resource, edit->candidate);

	if (!node)
		return refuse(edit, MHD_HTTP_NOT_FOUND, "invalid-value", "there is nothing there");
	if (lysc_is_key(node->schema))
		return refuse(edit, MHD_HTTP_BAD_REQUEST, "invalid-value",
		              "a key is deleted with its list entry only");
	candidate_remove(&edit->candidate, node);
	return true;
}

bool
edit_make(const struct ly_ctx *schema, const struct lyd_node *running, enum edit_kind kind,
          struct resource *resource, const char *body, struct edit *ret_edit)
{
	bool anew = kind == EDIT_REPLACE && !resource->schema;	/* nothing of running stays */

	*ret_edit = (struct edit){ 0 };
	if (running && !anew &&
	    lyd_dup_siblings(running, NULL, LYD_DUP_RECURSIVE | LYD_DUP_WITH_FLAGS,
	                     &ret_edit->candidate) != LY_SUCCESS)
		assert(!"a tree can be duplicated as long as there is memory");

	switch (kind) {
	case EDIT_REPLACE:
	case EDIT_MERGE:
		return resource->schema ?
			edit_resource(schema, kind, resource, body, ret_edit) :
			edit_datastore(schema, kind, body, ret_edit);
	case EDIT_CREATE:
		return create_child(schema, resource, body, ret_edit);
	case EDIT_DELETE:
		return delete_resource(resource, ret_edit);
	}
	return false;
}

void
edit_done(struct edit *edit)
{
	lyd_free_all(edit->candidate);
	free(edit->segment);
	for (size_t i = 0; i < edit->fault_count; i++)
		free(edit->faults[i].path);
	free(edit->faults);
	*edit = (struct edit){ 0 };
}
