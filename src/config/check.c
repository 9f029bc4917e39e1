/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Is a configuration fit to run?  What the model itself says about single nodes (missing, too
 * many, not yet, no effect yet) is found here; the numbered rules are in interface_rules.c,
 * group_rules.c, track_rules.c, carry_rules.c and lint.c.  libyang's validation is not asked: it
 * stops at its first error, where we want all of them, and takes longer than all rules together.
 * So no module of ours has what only libyang would notice: "must", "when", "unique", a choice, or a
 * reference that needs what it refers to.  That values fit their types it saw when it read them.
 */
#include "config/check.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "config/language.h"
#include "config/lift.h"
#include "config/rules.h"
#include "config/schema.h"
#include "config/tree.h"
#include "config/value.h"
#include "config/verdict.h"

static PRINTF_LIKE(5, 0) void
add(struct problems *problems, bool warning, const char *number, const struct lyd_node *node,
    const char *format, va_list arguments)
{
	char *path = schema_words(node);
	const char *value = "";
	char *message = NULL;
	int length = vasprintf(&message, format, arguments);

	assert(length >= 0);
	if (node->schema->nodetype & LYD_NODE_TERM)
		value = language_is_secret(node->schema) ? LANGUAGE_HIDDEN : lyd_get_value(node);
	if (warning)
		problems_warning(problems, number, tree_line(node), path, value, "%s", message);
	else
		problems_error(problems, number, tree_line(node), path, value, "%s", message);
	free(message);
	free(path);
}

void
rules_error(struct problems *problems, const char *number, const struct lyd_node *node,
            const char *format, ...)
{
	va_list arguments;

	va_start(arguments, format);
	add(problems, false, number, node, format, arguments);
	va_end(arguments);
}

bool
rules_is_usable(const struct ip *ip)
{
	static const uint8_t zero[16], loopback6[16] = { [15] = 1 };

	if (ip->family == 4)
		return ip->bytes[0] != 0 && ip->bytes[0] != 127 && ip->bytes[0] < 224;
	return ip->bytes[0] != 0xff && memcmp(ip->bytes, zero, 16) != 0 &&
	       memcmp(ip->bytes, loopback6, 16) != 0;
}

bool
rules_network(const struct lyd_node *node, const char *number, struct prefix *ret_network,
              struct problems *problems)
{
	struct prefix network;
	char text[PREFIX_TEXT_SIZE];

	if (!prefix_parse(lyd_get_value(node), ret_network)) {
		rules_error(problems, number, node->parent ? &node->parent->node : node,
		            "%s is not a network; write it like 192.0.2.0/24 or 2001:db8::/32",
		            lyd_get_value(node));
		return false;
	}
	network = *ret_network;
	for (unsigned bit = network.length; bit < 8 * ip_size(&network.ip); bit++)
		network.ip.bytes[bit / 8] &= (uint8_t)~(0x80u >> bit % 8);
	if (ip_equal(&network.ip, &ret_network->ip))
		return true;
	rules_error(problems, number, node->parent ? &node->parent->node : node,
	            "%s has bits beyond its length; write %s", lyd_get_value(node),
	            prefix_text(&network, text));
	return false;
}

void
rules_warning(struct problems *problems, const char *number, const struct lyd_node *node,
              const char *format, ...)
{
	va_list arguments;

	va_start(arguments, format);
	add(problems, true, number, node, format, arguments);
	va_end(arguments);
}

/* The number of the rule that a node's own restrictions have in the product, or the one for all. */
static const char *
rule_number(const struct lysc_node *node)
{
	const char *number = value_mark(node->exts, "rule");

	return number ? number : "K3";
}

/* Too few or too many instances of a list or leaf-list below a node that exists. */
static void
check_count(const struct lyd_node *parent, const struct lysc_node *child, uint32_t min,
            uint32_t max, struct problems *problems)
{
	uint32_t count = 0;

	if (min == 0 && (max == 0 || max == UINT32_MAX))
		return;
	for (const struct lyd_node *node = lyd_child(parent); node; node = node->next)
		count += node->schema == child;
	if (count == 0 && min > 0)
		rules_error(problems, rule_number(child), parent,
		            "%s is missing; set at least %u", child->name, min);
	else if (count < min || (max && count > max))
		rules_error(problems, rule_number(child), parent,
		            "%s is given %u times; %u to %u are possible: delete or add some",
		            child->name, count, min, max);
}

static void
check_children(const struct lyd_node *node, struct problems *problems)
{
	for (const struct lysc_node *child = lysc_node_child(node->schema); child;
	     child = child->next) {
		if (child->nodetype == LYS_LEAFLIST) {
			const struct lysc_node_leaflist *list = (const void *)child;

			check_count(node, child, list->min, list->max, problems);
		} else if (child->nodetype == LYS_LIST) {
			const struct lysc_node_list *list = (const void *)child;

			check_count(node, child, list->min, list->max, problems);
		} else if (child->nodetype == LYS_LEAF && (child->flags & LYS_MAND_TRUE) &&
		           !lysc_is_key(child) && !tree_child(node, child->name)) {
			rules_error(problems, rule_number(child), node,
			            "%s is missing; set it, or delete %s", child->name,
			            node->schema->name);
		}
	}
}

static void
warn_no_effect(const struct lyd_node *node, const char *mark, struct problems *problems)
{
	size_t length = strcspn(mark, " ");
	char number[8];

	snprintf(number, sizeof(number), "%.*s", (int)length, mark);
	rules_warning(problems, number, node, "has no effect yet: %s",
	              mark + length + strspn(mark + length, " "));
}

/* Marks of a node or of its value; true when the node is refused as a whole. */
static bool
check_marks(const struct lyd_node *node, struct problems *problems)
{
	bool is_term = node->schema->nodetype & LYD_NODE_TERM;
	const char *not_yet = value_mark(node->schema->exts, "not-yet");
	const char *no_effect = value_mark(node->schema->exts, "no-effect-yet");

	if (is_term && !not_yet)
		not_yet = value_enum_mark(node->schema, lyd_get_value(node), "not-yet");
	if (is_term && !no_effect)
		no_effect = value_enum_mark(node->schema, lyd_get_value(node), "no-effect-yet");
	if (not_yet)
		rules_error(problems, "K2", node, "not supported yet: %s; delete it", not_yet);
	else if (no_effect)
		warn_no_effect(node, no_effect, problems);
	return not_yet != NULL;
}

static void
check_nodes(const struct lyd_node *siblings, bool refused, struct problems *problems)
{
	for (const struct lyd_node *node = siblings; node; node = node->next) {
		if (!node->schema || !tree_is_explicit(node))
			continue;
		/* One refusal is enough for all that stands below. */
		bool refused_here = refused || check_marks(node, problems);

		if (node->schema->nodetype & LYD_NODE_TERM)
			continue;
		check_children(node, problems);
		check_nodes(lyd_child(node), refused_here, problems);
	}
}

/* ---- what is there twice -------------------------------------------------------------------- */

#define FEW 16u				/* siblings, of which each is compared with each */

static bool
is_twin(const struct lyd_node *a, const struct lyd_node *b)
{
	if (a->hash != b->hash || a->schema != b->schema || !a->schema)
		return false;
	return !(a->schema->nodetype & (LYS_LIST | LYS_LEAFLIST)) ||
	       lyd_compare_single(a, b, 0) == LY_SUCCESS;
}

static int
by_hash(const void *first, const void *second)
{
	const struct lyd_node *a = *(const struct lyd_node *const *)first;
	const struct lyd_node *b = *(const struct lyd_node *const *)second;

	return a->hash < b->hash ? -1 : a->hash > b->hash;
}

/* One that a sibling before it is again: in a list with an order, or among few. */
static void
check_twins_of(const struct lyd_node *const *list, size_t count, bool sorted,
               struct problems *problems)
{
	for (size_t i = 1; i < count; i++) {
		size_t j = i;

		while (j > 0 && (!sorted || list[j - 1]->hash == list[i]->hash) &&
		       !is_twin(list[j - 1], list[i]))
			j--;
		if (j > 0 && is_twin(list[j - 1], list[i]))
			rules_error(problems, "K4", list[i], "is given twice; delete one");
	}
}

/* JSON can say a thing twice.  Twins have one hash, by which libyang finds nodes. */
static void
check_twins(const struct lyd_node *siblings, struct problems *problems)
{
	const struct lyd_node *few[FEW], **list = few;
	size_t count = 0;

	for (const struct lyd_node *node = siblings; node; node = node->next) {
		if (count < FEW)
			few[count] = node;
		count++;
	}
	if (count > FEW) {
		list = calloc(count, sizeof(const struct lyd_node *));
		assert(list);
		count = 0;
		for (const struct lyd_node *node = siblings; node; node = node->next)
			list[count++] = node;
		qsort(list, count, sizeof(const struct lyd_node *), by_hash);
	}
	check_twins_of(list, count, count > FEW, problems);
	if (list != few)
		free(list);
	for (const struct lyd_node *node = siblings; node; node = node->next) {
		if (node->schema && !(node->schema->nodetype & LYD_NODE_TERM))
			check_twins(lyd_child(node), problems);
	}
}

static void
report_libyang(struct ly_ctx *schema, struct problems *problems)
{
	const char *message = ly_errmsg(schema);
	const char *path = ly_errpath(schema);

	problems_error(problems, "K5", 0, path ? path : "", NULL, "%s",
	               message ? message : "does not fit the model");
	ly_err_clean(schema, NULL);
}

/* ---- defaults ------------------------------------------------------------------------------- */

/* Does an instance of this node belong into every parent, by default if not by word? */
static bool
is_always_there(const struct lysc_node *schema)
{
	if (schema->flags & LYS_CONFIG_R)
		return false;
	if (schema->nodetype == LYS_CONTAINER)
		return !(schema->flags & LYS_PRESENCE);
	return schema->nodetype == LYS_LEAF && ((const struct lysc_node_leaf *)schema)->dflt;
}

/* One that is given twice stands beside itself, and must not stand for one that is missing. */
static bool
counts(const struct lyd_node *node)
{
	bool again = node->prev->next && node->prev->schema == node->schema;

	return node->schema && !again && is_always_there(node->schema);
}

static bool
has_defaults(const struct lyd_node *first, const struct lysc_node *schema)
{
	size_t wanted = 0, found = 0;

	for (; schema; schema = schema->next) {
		/* Which case of a choice is the default one, or if a list has one, is libyang's. */
		if (schema->nodetype == LYS_CHOICE || (schema->nodetype == LYS_LEAFLIST &&
		    ((const struct lysc_node_leaflist *)schema)->dflts))
			return false;
		wanted += is_always_there(schema);
	}
	for (; first; first = first->next)
		found += counts(first);
	return found == wanted;
}

/*
 * Take away containers that hold nothing, not even their defaults, which JSON can bring along:
 * libyang takes one for a default of its own, which holds them already, and adds none.
 */
static void
drop_empty(struct lyd_node **tree, struct lyd_node *siblings)
{
	struct lyd_node *next;

	for (struct lyd_node *node = siblings; node; node = next) {
		next = node->next;
		if (!node->schema || (node->schema->nodetype & LYD_NODE_TERM))
			continue;
		drop_empty(tree, lyd_child(node));
		if (node->schema->nodetype != LYS_CONTAINER ||
		    (node->schema->flags & LYS_PRESENCE) || lyd_child(node) ||
		    has_defaults(NULL, lysc_node_child(node->schema)))
			continue;
		if (*tree == node)
			*tree = next;
		lyd_free_tree(node);
	}
}

/*
 * Add defaults where some are missing.  libyang takes as long to find that a tree has all of them
 * as to add them all, and most of a candidate is what ran before.
 */
static bool
add_defaults(struct lyd_node *siblings)
{
	LY_ERR done = LY_SUCCESS;

	for (struct lyd_node *node = siblings; node && done == LY_SUCCESS; node = node->next) {
		if (!node->schema || (node->schema->nodetype & LYD_NODE_TERM))
			continue;
		if (!has_defaults(lyd_child(node), lysc_node_child(node->schema)))
			done = lyd_new_implicit_tree(node, LYD_IMPLICIT_NO_STATE, NULL);
		else if (!add_defaults(lyd_child(node)))
			return false;
	}
	return done == LY_SUCCESS;
}

/* Are all containers of all modules there? */
static bool
has_roots(const struct ly_ctx *schema, const struct lyd_node *tree)
{
	const struct lys_module *module;
	size_t wanted = 0, found = 0;
	uint32_t index = 0;

	while ((module = ly_ctx_get_module_iter(schema, &index)) != NULL) {
		const struct lysc_node *root = module->compiled ? module->compiled->data : NULL;

		for (; root; root = root->next)
			wanted += is_always_there(root);
	}
	for (; tree; tree = tree->next)
		found += counts(tree);
	return found == wanted;
}

static bool
complete(struct ly_ctx *schema, struct lyd_node **tree)
{
	if (has_roots(schema, *tree))
		return add_defaults(*tree);
	return lyd_new_implicit_all(tree, schema, LYD_IMPLICIT_NO_STATE, NULL) == LY_SUCCESS;
}

/* ---- all of it ------------------------------------------------------------------------------ */

static void
check_rules(const struct lyd_node *tree, const struct surroundings *around,
            struct problems *problems)
{
	struct survey survey = survey_tree(tree);
	struct nameset defined = { 0 };

	survey.around = around;
	interface_rules(&survey, problems);
	switch_rules(&survey, problems);
	tune_rules(&survey, problems);
	group_rules(&survey, problems);
	service_rules(&survey, &defined, problems);
	for (size_t i = 0; i < survey.group_count; i++)
		track_rules(&survey, &survey.groups[i], &defined, problems);
	sync_rules(&survey, &defined, problems);
	nameset_done(&defined);
	carry_rules(&survey, problems);
	static_rules(&survey, problems);
	connsync_rules(&survey, problems);
	virtual_server_rules(&survey, problems);
	peer_rules(&survey, problems);
	lint(&survey, problems);
	survey_done(&survey);
}

static int
judge(struct ly_ctx *schema, struct lyd_node **tree, const struct surroundings *around,
      struct problems *problems)
{
	size_t errors_before = problems->errors, first = problems->count;

	drop_empty(tree, *tree);
	if (!complete(schema, tree)) {
		report_libyang(schema, problems);
		return -EINVAL;
	}
	check_nodes(*tree, false, problems);
	check_rules(*tree, around, problems);
	if (problems->errors == errors_before)
		check_twins(*tree, problems);
	verdict_silence(*tree, problems, first);
	verdict_sort(problems, first);
	return problems->errors > errors_before ? -EINVAL : 0;
}

int
check_tree(struct ly_ctx *schema, struct lyd_node **tree, struct problems *problems)
{
	return check_tree_around(schema, tree, NULL, problems);
}

int
check_tree_around(struct ly_ctx *schema, struct lyd_node **tree,
                  const struct surroundings *around, struct problems *problems)
{
	size_t first = problems->count;
	int r = judge(schema, tree, around, problems);

	problems_fold(problems, first);
	return r;
}

int
check_tree_in_full(struct ly_ctx *schema, struct lyd_node **tree,
                   const struct surroundings *around, struct problems *problems)
{
	size_t errors_before = problems->errors;

	/* Whether it is too much for the engine, only the settings tell. */
	if (judge(schema, tree, around, problems) == 0)
		free(lift_settings(*tree, 0, NULL, problems));
	return problems->errors > errors_before ? -EINVAL : 0;
}
