/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Decides what a method on a path means, in RFC 8040's order: is the path there (404), may this
 * peer do it (403), does the path take the method (405), can we speak the client's form (406,
 * 415), do its preconditions hold (412), is the body sound (400), is it in conflict with what
 * exists (409).  Every edit, of the whole or of a part, becomes one candidate for one commit, so
 * there is one way into the running configuration.  It must not change anything itself.
 */
#include "api/restconf.h"

#include <errno.h>
#include <microhttpd.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "api/edit.h"
#include "api/reply.h"
#include "api/resource.h"
#include "base/utf8.h"

#define DATA_PREFIX "/restconf/data"
#define OPERATIONS_PREFIX "/restconf/operations"
#define STREAM_PATH "/restconf/streams/vrrp"
#define TIMEOUT_MAX (7 * 86400u)	/* seconds to confirm a commit */

enum method { GET, HEAD, OPTIONS, PUT, PATCH, POST, DELETE, OTHER };

static const char *const method_names[] = { "GET", "HEAD", "OPTIONS", "PUT", "PATCH", "POST",
                                            "DELETE" };

enum content { CONTENT_ALL, CONTENT_CONFIG, CONTENT_NONCONFIG };

/* One request on its way through the steps. */
struct turn {
	const struct restconf *restconf;
	struct http_request *request;
	enum method method;
	enum content content;
	struct commit_options options;	/* of an edit */
	const char *revision;		/* to be read: a number or "saved"; NULL = running */
	bool packets;			/* a stream with packets */
	const char *bad_argument;	/* of the query */
};

static enum method
method_of(const char *name)
{
	for (unsigned i = 0; i < ARRAY_SIZE(method_names); i++) {
		if (strcmp(name, method_names[i]) == 0)
			return (enum method)i;
	}
	return OTHER;
}

static bool
is_read(enum method method)
{
	return method == GET || method == HEAD;
}

/* ------------------------------------------------------------------ the head of a request */

/* Is type one of the comma separated media types in header, which may hold wildcards?  Weights
 * make no difference where there is one form only, except that 0 means "not this". */
static bool
header_names(const char *header, const char *type, bool wildcards)
{
	size_t type_length = strlen(type);

	while (*header) {
		const char *item = header + strspn(header, " \t,");
		size_t item_length = strcspn(item, ",");
		size_t length = strcspn(item, " \t,;");
		const char *weight = memmem(item, item_length, "q=0", 3);
		bool refused = weight && strspn(weight + 2, "0.") ==
			strcspn(weight + 2, " \t,;");

		header = item + item_length;
		if (refused)
			continue;
		if (length == type_length && strncasecmp(item, type, length) == 0)
			return true;
		if (wildcards && ((length == 3 && strncmp(item, "*/*", 3) == 0) ||
		                  (length == 13 && strncasecmp(item, "application/*", 13) == 0)))
			return true;
	}
	return false;
}

/* Is one of the entity tags in header the revision's, or "*"? */
static bool
header_has_tag(const char *header, uint64_t revision)
{
	char tag[32];

	snprintf(tag, sizeof(tag), "\"%llu\"", (unsigned long long)revision);
	return strcmp(header, "*") == 0 || strstr(header, tag) != NULL;
}

/* A comment is one line of text, percent-encoded. */
static bool
take_comment(const char *value, char comment[NOTE_COMMENT_SIZE])
{
	char *text = strdup(value);
	bool good;

	assert(text);
	good = resource_decode(text) && strlen(text) < NOTE_COMMENT_SIZE;
	for (const char *at = text; good && *at; at += utf8_size(at))
		good = utf8_size(at) > 0 && (unsigned char)*at >= 0x20 && *at != 0x7f;
	if (good)
		memcpy(comment, text, strlen(text) + 1);
	free(text);
	return good;
}

/* How to commit. */
static bool
take_option(struct commit_options *options, const char *name, const char *value)
{
	char *end;

	if (strcmp(name, "dry-run") == 0) {
		options->dry_run = strcmp(value, "true") == 0;
		return options->dry_run || strcmp(value, "false") == 0;
	}
	if (strcmp(name, "confirm-timeout") == 0) {
		unsigned long seconds = strtoul(value, &end, 10);

		options->confirm_timeout = (unsigned)seconds;
		return *end == '\0' && seconds >= 1 && seconds <= TIMEOUT_MAX;
	}
	return strcmp(name, "comment") == 0 && take_comment(value, options->comment);
}

static bool
on_argument(void *owner, const char *name, const char *value)
{
	struct turn *turn = owner;
	bool read = is_read(turn->method);

	turn->bad_argument = name;
	if (!value)
		return false;
	if (read && strcmp(name, "content") == 0) {
		turn->content = strcmp(value, "config") == 0 ? CONTENT_CONFIG :
		                strcmp(value, "nonconfig") == 0 ? CONTENT_NONCONFIG : CONTENT_ALL;
		return turn->content != CONTENT_ALL || strcmp(value, "all") == 0;
	}
	if (read && strcmp(name, "packets") == 0) {
		turn->packets = strcmp(value, "true") == 0;
		return turn->packets || strcmp(value, "false") == 0;
	}
	if (read && strcmp(name, "revision") == 0) {
		turn->revision = value;
		turn->content = CONTENT_CONFIG;
		return strcmp(value, "saved") == 0 || value[strspn(value, "0123456789")] == '\0';
	}
	return !read && take_option(&turn->options, name, value);
}

/* Query and media types; false when the request has been answered with what is wrong. */
static bool
head_is_good(struct turn *turn)
{
	struct http_request *request = turn->request;
	const char *accept = http_header(request, MHD_HTTP_HEADER_ACCEPT);
	const char *type = http_header(request, MHD_HTTP_HEADER_CONTENT_TYPE);
	bool has_body = turn->method == PUT || turn->method == PATCH || turn->method == POST;

	if (!http_arguments(request, on_argument, turn)) {
		reply_error(request, MHD_HTTP_BAD_REQUEST, "invalid-value", NULL,
		            "query argument \"%s\" is unknown here or has a wrong value",
		            turn->bad_argument);
		return false;
	}
	if (accept && !header_names(accept, REPLY_JSON, true)) {
		reply_error(request, MHD_HTTP_NOT_ACCEPTABLE, "invalid-value", NULL,
		            "answers come as " REPLY_JSON " only");
		return false;
	}
	if (has_body && request->body_size > 0 &&
	    !(type && header_names(type, REPLY_JSON, false))) {
		reply_error(request, MHD_HTTP_UNSUPPORTED_MEDIA_TYPE, "invalid-value", NULL,
		            "send " REPLY_JSON);
		return false;
	}
	return true;
}

/* If-Match and If-None-Match of an edit, against the running configuration's revision. */
static bool
preconditions_hold(struct turn *turn, bool target_exists)
{
	const char *match = http_header(turn->request, MHD_HTTP_HEADER_IF_MATCH);
	const char *none_match = http_header(turn->request, MHD_HTTP_HEADER_IF_NONE_MATCH);
	uint64_t revision = store_revision(turn->restconf->store);

	if (match && !(target_exists && header_has_tag(match, revision))) {
		reply_error(turn->request, MHD_HTTP_PRECONDITION_FAILED, "operation-failed", NULL,
		            "the running configuration is revision %llu now: somebody else "
		            "committed meanwhile", (unsigned long long)revision);
		return false;
	}
	if (none_match && target_exists && header_has_tag(none_match, revision)) {
		reply_error(turn->request, MHD_HTTP_PRECONDITION_FAILED, "operation-failed", NULL,
		            "the resource exists already");
		return false;
	}
	return true;
}

static bool
peer_may(struct turn *turn, bool allowed, const char *what)
{
	if (turn->request->peer.full || allowed)
		return true;
	reply_error(turn->request, MHD_HTTP_FORBIDDEN, "access-denied", NULL,
	            "only root, the service's user and members of group " AUTH_GROUP " may %s",
	            what);
	return false;
}

/* ------------------------------------------------------------------ reading */

static void
answer_tree(struct turn *turn, const struct lyd_node *tree, uint32_t options, uint64_t revision)
{
	const char *none_match = http_header(turn->request, MHD_HTTP_HEADER_IF_NONE_MATCH);
	char *text = NULL;

	if (revision != REPLY_UNTAGGED && none_match && header_has_tag(none_match, revision)) {
		reply_not_modified(turn->request, revision);
		return;
	}
	if (lyd_print_mem(&text, tree, LYD_JSON, options | LYD_PRINT_SHRINK) != LY_SUCCESS ||
	    !text) {
		reply_error(turn->request, MHD_HTTP_INTERNAL_SERVER_ERROR, "operation-failed",
		            NULL, "the data cannot be printed");
		return;
	}
	reply_data(turn->request, text, revision);
}

/* All top-level state containers of our state module. */
static void
gather_state(const struct restconf *restconf, struct lyd_node **tree)
{
	const struct lys_module *module = ly_ctx_get_module_implemented(restconf->schema,
	                                                                "tandem-state");
	const struct lysc_node *node = NULL;

	while (module && (node = lys_getnext(node, NULL, module->compiled, 0)) != NULL) {
		if (node->nodetype == LYS_CONTAINER && (node->flags & LYS_CONFIG_R))
			restconf->calls->state(restconf->owner, node->name, tree);
	}
}

static void
answer_not_there(struct turn *turn)
{
	reply_error(turn->request, MHD_HTTP_NOT_FOUND, "invalid-value", NULL,
	            "there is nothing at %s", turn->request->path);
}

/* An earlier configuration, or the saved one, or a part of it. */
static void
read_other(struct turn *turn, const struct resource *resource)
{
	const struct store *store = turn->restconf->store;
	bool saved = strcmp(turn->revision, "saved") == 0;
	uint64_t revision = strtoull(turn->revision, NULL, 10);
	struct problems problems = { 0 };
	struct lyd_node *tree = NULL;
	const struct lyd_node *node;
	int r = saved ? store_read_saved(store, &tree, &problems)
	              : store_read_revision(store, revision, &tree, &problems);

	node = resource ? resource_find(resource, tree) : tree;
	if (r == 0 && resource && !node)
		answer_not_there(turn);
	else if (r == 0)
		answer_tree(turn, node, resource ? 0 : LYD_PRINT_WITHSIBLINGS,
		            saved ? REPLY_UNTAGGED : revision);
	else if (r == -ENOENT && saved)
		reply_error(turn->request, MHD_HTTP_NOT_FOUND, "invalid-value", NULL,
		            "there is no saved configuration");
	else if (r == -ENOENT)
		reply_error(turn->request, MHD_HTTP_NOT_FOUND, "invalid-value", NULL,
		            "revision %s is not kept", turn->revision);
	else
		reply_problems(turn->request, &problems);
	lyd_free_all(tree);
	problems_done(&problems);
}

static void
read_datastore(struct turn *turn)
{
	const struct restconf *restconf = turn->restconf;
	bool full = turn->request->peer.full;

	if (!peer_may(turn, turn->content != CONTENT_CONFIG, "read the configuration"))
		return;

	if (turn->revision) {
		read_other(turn, NULL);
		return;
	}
	if (turn->content == CONTENT_CONFIG) {
		answer_tree(turn, store_running(restconf->store), LYD_PRINT_WITHSIBLINGS,
		            store_revision(restconf->store));
		return;
	}

	struct lyd_node *tree = NULL;

	/* Those who may not read the configuration get the rest. */
	if (turn->content == CONTENT_ALL && full && store_running(restconf->store) &&
	    lyd_dup_siblings(store_running(restconf->store), NULL,
	                     LYD_DUP_RECURSIVE | LYD_DUP_WITH_FLAGS, &tree) != LY_SUCCESS)
		tree = NULL;
	gather_state(restconf, &tree);
	answer_tree(turn, tree, LYD_PRINT_WITHSIBLINGS, REPLY_UNTAGGED);
	lyd_free_all(tree);
}

static void
read_state(struct turn *turn, const struct resource *resource)
{
	const struct lysc_node *top = resource->schema;
	struct lyd_node *tree = NULL;
	struct lyd_node *node;

	while (top->parent)
		top = top->parent;
	turn->restconf->calls->state(turn->restconf->owner, top->name, &tree);
	node = resource_find(resource, tree);
	if (!node || turn->content == CONTENT_CONFIG)
		answer_not_there(turn);
	else
		answer_tree(turn, node, LYD_PRINT_KEEPEMPTYCONT, REPLY_UNTAGGED);
	lyd_free_all(tree);
}

static void
read_configuration(struct turn *turn, const struct resource *resource)
{
	const struct store *store = turn->restconf->store;
	const struct lyd_node *node = resource_find(resource, store_running(store));

	if (!peer_may(turn, false, "read the configuration"))
		return;
	if (turn->revision)
		read_other(turn, resource);
	else if (!node || (node->flags & LYD_DEFAULT) || turn->content == CONTENT_NONCONFIG)
		answer_not_there(turn);
	else
		answer_tree(turn, node, 0, store_revision(store));
}

/* ------------------------------------------------------------------ editing */

/* Say that an edit or an input was refused: where, which values, why. */
static void
answer_refusal(struct turn *turn, const struct edit *edit)
{
	struct reply_item *items = calloc(edit->fault_count, sizeof(*items));

	assert(items && edit->fault_count > 0);
	for (size_t i = 0; i < edit->fault_count; i++) {
		const struct edit_fault *fault = &edit->faults[i];
		const char *quote = fault->value[0] ? "'" : "";

		items[i].tag = fault->tag;
		items[i].path = fault->path;
		/* However long the path, the reason is not cut off. */
		if (asprintf(&items[i].message, "%.400s%s%s%s%s: %s", turn->request->path,
		             *quote ? " " : "", quote, fault->value, quote, fault->message) < 0)
			items[i].message = NULL;
		assert(items[i].message);
	}
	reply_errors(turn->request, edit->status, items, edit->fault_count);
	for (size_t i = 0; i < edit->fault_count; i++)
		free(items[i].message);
	free(items);
}

/* The place of what a POST made below the request's path; heap. */
static char *
location_of(const struct turn *turn, const char *segment)
{
	size_t length = strlen(turn->request->path);
	char *location = NULL;

	while (length > 0 && turn->request->path[length - 1] == '/')
		length--;
	if (asprintf(&location, "%.*s/%s", (int)length, turn->request->path, segment) < 0)
		location = NULL;
	assert(location);
	return location;
}

/* Is there a body to read?  false: answered. */
static bool
body_is_text(struct turn *turn)
{
	const struct http_request *request = turn->request;

	if (request->body_size > 0 && strlen(request->body) == request->body_size)
		return true;
	reply_error(turn->request, MHD_HTTP_BAD_REQUEST, "malformed-message", NULL,
	            "the body is empty or holds a zero byte");
	return false;
}

/* PUT, PATCH, POST and DELETE of the datastore or a resource in it. */
static void
edit_configuration(struct turn *turn, struct resource *resource)
{
	static const enum edit_kind kinds[] = {
		[PUT] = EDIT_REPLACE, [PATCH] = EDIT_MERGE, [POST] = EDIT_CREATE,
		[DELETE] = EDIT_DELETE,
	};
	const struct restconf *restconf = turn->restconf;
	const struct lyd_node *running = store_running(restconf->store);
	const struct lyd_node *target = resource_find(resource, running);
	bool exists = !resource->schema || (target && !(target->flags & LYD_DEFAULT));
	struct edit edit = { 0 };

	if (!exists && turn->method != PUT) {
		answer_not_there(turn);
		return;
	}
	if (!preconditions_hold(turn, exists))
		return;
	if (turn->method != DELETE && !body_is_text(turn))
		return;

	if (edit_make(restconf->schema, running, kinds[turn->method], resource,
	              turn->request->body, &edit)) {
		turn->request->created = edit.created;
		if (edit.segment)
			turn->request->location = location_of(turn, edit.segment);
		restconf->calls->commit(restconf->owner, turn->request, edit.candidate,
		                        &turn->options);
		edit.candidate = NULL;
	} else {
		answer_refusal(turn, &edit);
	}
	edit_done(&edit);
}

/* ------------------------------------------------------------------ resources */

static void
handle_datastore(struct turn *turn, struct resource *resource)
{
	static const char *const allow = "GET, HEAD, OPTIONS, PUT, PATCH, POST";
	bool edit = turn->method == PUT || turn->method == PATCH || turn->method == POST;

	if (turn->method == OPTIONS) {
		reply_options(turn->request, allow);
	} else if (!is_read(turn->method) && !edit) {
		reply_not_allowed(turn->request, allow);
	} else if (!peer_may(turn, !edit, "change the configuration") || !head_is_good(turn)) {
		return;
	} else if (edit) {
		edit_configuration(turn, resource);
	} else {
		read_datastore(turn);
	}
}

static void
handle_state(struct turn *turn, const struct resource *resource)
{
	static const char *const allow = "GET, HEAD, OPTIONS";

	if (turn->method == OPTIONS)
		reply_options(turn->request, allow);
	else if (!is_read(turn->method))
		reply_not_allowed(turn->request, allow);
	else if (head_is_good(turn))
		read_state(turn, resource);
}

static void
handle_configuration(struct turn *turn, struct resource *resource)
{
	bool inner = resource->schema->nodetype & (LYS_CONTAINER | LYS_LIST);
	const char *allow = inner ? "GET, HEAD, OPTIONS, PUT, PATCH, POST, DELETE" :
	                            "GET, HEAD, OPTIONS, PUT, PATCH, DELETE";

	if (turn->method == OPTIONS) {
		reply_options(turn->request, allow);
	} else if (turn->method == OTHER || (turn->method == POST && !inner)) {
		reply_not_allowed(turn->request, allow);
	} else if (!peer_may(turn, false, is_read(turn->method) ? "read the configuration" :
	                     "change the configuration") || !head_is_good(turn)) {
		return;
	} else if (is_read(turn->method)) {
		read_configuration(turn, resource);
	} else {
		edit_configuration(turn, resource);
	}
}

static void
handle_data(struct turn *turn, const char *path)
{
	struct resource resource;
	struct error error;
	int r = resource_parse(turn->restconf->schema, path, &resource, &error);

	if (r < 0) {
		reply_error(turn->request,
		            r == -ENOENT ? MHD_HTTP_NOT_FOUND : MHD_HTTP_BAD_REQUEST,
		            r == -ENOENT ? "unknown-element" : "invalid-value", NULL, "%s",
		            error.text);
		return;
	}
	if (!resource.schema)
		handle_datastore(turn, &resource);
	else if (resource.schema->flags & LYS_CONFIG_R)
		handle_state(turn, &resource);
	else
		handle_configuration(turn, &resource);
	resource_done(&resource);
}

/* ------------------------------------------------------------------ operations */

/*
 * Fill the operation's input from {"module:input":{...}}.  libyang 2.1 reads no RESTCONF
 * envelope, so it is read without a schema and its leaves are then made one by one, by which they
 * are checked.  false: answered.
 */
static bool
read_input(struct turn *turn, struct lyd_node *operation)
{
	const struct lys_module *module = operation->schema->module;
	struct lyd_node *body = NULL;
	struct edit refusal = { 0 };
	const char *wrong = NULL;

	if (turn->request->body_size > 0 &&
	    lyd_parse_data_mem(turn->restconf->schema, turn->request->body, LYD_JSON,
	                       LYD_PARSE_ONLY | LYD_PARSE_OPAQ, 0, &body) != LY_SUCCESS) {
		edit_refuse_syntax(turn->restconf->schema, &refusal);
		answer_refusal(turn, &refusal);
		edit_done(&refusal);
		return false;
	}
	if (body && (body->schema || body->next || strcmp(LYD_NAME(body), "input") != 0 ||
	             strcmp(((struct lyd_node_opaq *)body)->name.module_name, module->name) != 0))
		wrong = "an input of this operation";
	for (struct lyd_node *leaf = wrong ? NULL : lyd_child(body); leaf && !wrong;
	     leaf = leaf->next) {
		if (lyd_new_term(operation, module, LYD_NAME(leaf), lyd_get_value(leaf), 0, NULL) !=
		    LY_SUCCESS)
			wrong = LYD_NAME(leaf);
	}
	if (wrong)
		reply_error(turn->request, MHD_HTTP_BAD_REQUEST, "invalid-value", NULL,
		            "%s is missing, unknown or has a wrong value", wrong);
	lyd_free_all(body);
	if (wrong)
		return false;

	if (lyd_validate_op(operation, NULL, LYD_TYPE_RPC_YANG, NULL) != LY_SUCCESS) {
		edit_refuse_syntax(turn->restconf->schema, &refusal);
		answer_refusal(turn, &refusal);
		edit_done(&refusal);
		return false;
	}
	return true;
}

/* The operation resource of this name ("tandem-state:garp"), or NULL. */
static const struct lysc_node *
find_operation(const struct restconf *restconf, const char *path)
{
	char *name = strdup(path);
	const struct lysc_node *found = NULL;

	assert(name);

	char *colon = strchr(name, ':');

	if (colon && resource_decode(colon + 1)) {
		*colon = '\0';
		const struct lys_module *module =
			ly_ctx_get_module_implemented(restconf->schema, name);

		if (module)
			found = lys_find_child(NULL, module, colon + 1, 0, LYS_RPC, 0);
	}
	free(name);
	return found;
}

static void
handle_operation(struct turn *turn, const char *name)
{
	const struct lysc_node *schema = find_operation(turn->restconf, name);
	struct lyd_node *operation = NULL;

	if (!schema) {
		answer_not_there(turn);
		return;
	}
	if (turn->method == OPTIONS) {
		reply_options(turn->request, "POST, OPTIONS");
		return;
	}
	if (turn->method != POST) {
		reply_not_allowed(turn->request, "POST, OPTIONS");
		return;
	}
	if (!peer_may(turn, false, "operate the router") || !head_is_good(turn))
		return;

	if (lyd_new_inner(NULL, schema->module, schema->name, 0, &operation) != LY_SUCCESS)
		assert(!"an operation of the schema can be instantiated");
	if (read_input(turn, operation))
		turn->restconf->calls->operate(turn->restconf->owner, turn->request, operation);
	lyd_free_all(operation);
}

/* Names of all operations, as RFC 8040 3.3.2 lists them. */
static char *
operations_text(const struct restconf *restconf)
{
	const struct lys_module *module = ly_ctx_get_module_implemented(restconf->schema,
	                                                                "tandem-state");
	const struct lysc_node_action *operation = module ? module->compiled->rpcs : NULL;
	char *text = NULL;
	size_t size;
	FILE *out = open_memstream(&text, &size);

	assert(out);
	fputs("{\"ietf-restconf:operations\":{", out);
	for (const char *separator = ""; operation; operation = operation->next, separator = ",")
		fprintf(out, "%s\"%s:%s\":[null]", separator, module->name, operation->name);
	fputs("}}", out);
	fclose(out);
	return text;
}

/* ------------------------------------------------------------------ fixed resources */

/* A resource that only says what this server is; text is taken. */
static void
handle_fixed(struct turn *turn, char *text)
{
	if (turn->method == OPTIONS)
		reply_options(turn->request, "GET, HEAD, OPTIONS");
	else if (!is_read(turn->method))
		reply_not_allowed(turn->request, "GET, HEAD, OPTIONS");
	else if (head_is_good(turn)) {
		reply_data(turn->request, text, REPLY_UNTAGGED);
		return;
	}
	free(text);
}

static void
handle_host_meta(struct turn *turn)
{
	if (!is_read(turn->method)) {
		reply_not_allowed(turn->request, "GET, HEAD");
		return;
	}
	http_answer(turn->request, &(struct http_answer){
		.status = MHD_HTTP_OK, .type = "application/xrd+xml",
		.body = strdup("<XRD xmlns=\"http://docs.oasis-open.org/ns/xri/xrd-1.0\">"
		               "<Link rel=\"restconf\" href=\"/restconf\"/></XRD>\n") });
}

/* What stands behind prefix in path ("" or "/..."), or NULL. */
static const char *
behind(const char *path, const char *prefix)
{
	size_t length = strlen(prefix);

	if (strncmp(path, prefix, length) != 0 || (path[length] != '\0' && path[length] != '/'))
		return NULL;
	return path + length;
}

/*
 * RFC 8040 6: events as they happen.  Anyone may hear of transitions, as anyone may read the state;
 * packets are for those who may read the configuration.
 */
static void
handle_stream(struct turn *turn)
{
	const char *accept = http_header(turn->request, MHD_HTTP_HEADER_ACCEPT);

	if (turn->method != GET) {
		reply_not_allowed(turn->request, "GET");
	} else if (accept && !header_names(accept, REPLY_STREAM, true)) {
		reply_error(turn->request, MHD_HTTP_NOT_ACCEPTABLE, "invalid-value", NULL,
		            "events come as " REPLY_STREAM " only");
	} else if (!http_arguments(turn->request, on_argument, turn)) {
		reply_error(turn->request, MHD_HTTP_BAD_REQUEST, "invalid-value", NULL,
		            "query argument \"%s\" is unknown here or has a wrong value",
		            turn->bad_argument);
	} else if (turn->packets && !turn->request->peer.full) {
		reply_error(turn->request, MHD_HTTP_FORBIDDEN, "access-denied", NULL,
		            "packets are shown to root and members of group " AUTH_GROUP
		            " only");
	} else {
		turn->restconf->calls->subscribe(turn->restconf->owner, turn->request,
		                                 turn->packets);
	}
}

void
restconf_handle(const struct restconf *restconf, struct http_request *request)
{
	struct turn turn = { .restconf = restconf, .request = request,
	                     .method = method_of(request->method) };
	const char *path = request->path;
	const char *rest;

	if ((rest = behind(path, DATA_PREFIX)) != NULL)
		handle_data(&turn, rest);
	else if ((rest = behind(path, OPERATIONS_PREFIX)) != NULL && strlen(rest) > 1)
		handle_operation(&turn, rest + 1);
	else if (rest)
		handle_fixed(&turn, operations_text(restconf));
	else if (strcmp(path, STREAM_PATH) == 0)
		handle_stream(&turn);
	else if (strcmp(path, "/restconf/yang-library-version") == 0)
		handle_fixed(&turn, strdup("{\"ietf-restconf:yang-library-version\":"
		                           "\"2019-01-04\"}"));
	else if (strcmp(path, "/restconf") == 0 || strcmp(path, "/restconf/") == 0)
		handle_fixed(&turn, strdup("{\"ietf-restconf:restconf\":{\"data\":{},"
		                           "\"operations\":{},"
		                           "\"yang-library-version\":\"2019-01-04\"}}"));
	else if (strcmp(path, "/.well-known/host-meta") == 0)
		handle_host_meta(&turn);
	else
		answer_not_there(&turn);
}
