/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What may follow some words: from the schema alone, or only what is configured.  Help texts are
 * the first sentences of the YANG descriptions, with unit and default.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "config/language.h"
#include "config/path.h"
#include "config/tree.h"
#include "config/value.h"

struct completion {
	struct ly_ctx *schema;
	const struct lyd_node *tree;
	const struct lyd_node *deepest;	/* of the nodes that the words name; else the tree */
	bool only_existing;
	language_candidate_call *call;
	void *owner;
};

static void
offer(const struct completion *c, const char *word, const char *description, bool more)
{
	char *help = value_sentence(description);
	struct language_candidate candidate = { .word = word, .help = help, .more = more };

	c->call(c->owner, &candidate);
	free(help);
}

/* What counts when the leaf is not given, or NULL. */
static const char *
default_of(const struct lysc_node *leaf)
{
	const char *implied = value_mark(leaf->exts, "implied");
	const struct lyd_value *value = leaf->nodetype == LYS_LEAF
		? ((const struct lysc_node_leaf *)leaf)->dflt : NULL;

	if (implied || !value)
		return implied;
	return lyd_value_get_canonical(leaf->module->ctx, value);
}

static const char *
units_of(const struct lysc_node *leaf)
{
	return leaf->nodetype == LYS_LEAF ? ((const struct lysc_node_leaf *)leaf)->units
	                                  : ((const struct lysc_node_leaflist *)leaf)->units;
}

/* Offer a free value: "Time between advertisements; milliseconds, default 1000".  The unit is left
 * out where the sentence names it. */
static void
offer_form(const struct completion *c, const struct lysc_node *leaf, bool more)
{
	char *form = value_form(leaf), *sentence = value_sentence(leaf->dsc), *help = NULL;
	const char *otherwise = default_of(leaf), *units = units_of(leaf);
	struct language_candidate candidate = {
		.value_form = form, .seen = value_mark(leaf->exts, "seen"), .more = more,
	};
	size_t size;
	FILE *out = open_memstream(&help, &size);

	assert(out);
	if (units && strcasestr(sentence, units))
		units = NULL;
	fputs(sentence, out);
	if (units || otherwise)
		fprintf(out, "; %s%s%s%s", units ? units : "", units && otherwise ? ", " : "",
		        otherwise ? "default " : "", otherwise ? otherwise : "");
	fclose(out);
	candidate.help = help;
	c->call(c->owner, &candidate);
	free(help);
	free(sentence);
	free(form);
}

/* Offer one of a leaf's choices; the one that counts without any says so. */
static void
offer_choice(const struct completion *c, const struct lysc_node *leaf, const char *word,
             const char *description, bool more)
{
	const char *otherwise = default_of(leaf);
	char *help = value_sentence(description), *marked = NULL;
	struct language_candidate candidate = { .word = word, .help = help, .more = more };

	if (otherwise && strcmp(otherwise, word) == 0) {
		int r = asprintf(&marked, "%s (default)", help);

		assert(r >= 0);
		candidate.help = marked;
	}
	c->call(c->owner, &candidate);
	free(marked);
	free(help);
}

static bool
has_more(const struct lysc_node *node)
{
	return !(node->nodetype == LYS_LEAF && value_type(node)->basetype == LY_TYPE_EMPTY);
}

static bool
is_configured(const struct lyd_node *siblings, const struct lysc_node *node)
{
	for (; siblings; siblings = siblings->next) {
		if (siblings->schema == node && tree_is_explicit(siblings))
			return true;
	}
	return false;
}

static void
offer_children(const struct completion *c, const struct lysc_node *parent,
               const struct lyd_node *siblings)
{
	size_t count;
	const struct lysc_node **children = tree_schema_children(c->schema, parent, &count);

	for (size_t i = 0; i < count; i++) {
		if (!c->only_existing || is_configured(siblings, children[i]))
			offer(c, children[i]->name, children[i]->dsc, has_more(children[i]));
	}
	free(children);
}

/* A leaf's value; the keys of a list's entry after those of the lists around it: dp0bond0.10. */
static void
print_found(FILE *out, const struct lyd_node *node)
{
	const struct lyd_node *around = lyd_parent(node);
	const char *between = "";

	if (node->schema->nodetype & LYD_NODE_TERM) {
		fputs(lyd_get_value(node), out);
		return;
	}
	while (around && around->schema->nodetype != LYS_LIST)
		around = lyd_parent(around);
	if (around) {
		print_found(out, around);
		between = ".";
	}
	for (const struct lyd_node *key = tree_first_key(node); key; key = tree_next_key(key)) {
		fprintf(out, "%s%s", between, lyd_get_value(key));
		between = ".";
	}
}

static bool
may_hold(const struct lysc_node *leaf, const char *value)
{
	char *rule = NULL;
	bool fits = value_check(leaf, value, &rule);

	free(rule);
	return fits;
}

/* What stands for a found node as value of the leaf, on the heap; NULL when it cannot. */
static char *
found_value(const struct lysc_node *leaf, const struct lyd_node *node)
{
	char *value = NULL;
	size_t size;
	FILE *out = open_memstream(&value, &size);

	assert(out);
	print_found(out, node);
	fclose(out);
	assert(value);
	if (!may_hold(leaf, value))
		value[strcspn(value, "/")] = '\0';
	if (may_hold(leaf, value))
		return value;
	free(value);
	return NULL;
}

static int
by_text(const void *a, const void *b)
{
	return strcmp(*(char *const *)a, *(char *const *)b);
}

/* What the mark "candidates" finds, each value once. */
static void
offer_found(const struct completion *c, const struct lysc_node *leaf, bool more)
{
	const char *xpath = value_mark(leaf->exts, "candidates");
	struct ly_set *found = NULL;
	char **values;
	size_t count = 0;

	if (!xpath || !c->tree || lyd_find_xpath(c->deepest, xpath, &found) != LY_SUCCESS)
		return;
	values = calloc(found->count + 1, sizeof(*values));
	assert(values);
	for (uint32_t i = 0; i < found->count; i++) {
		values[count] = found_value(leaf, found->dnodes[i]);
		count += values[count] != NULL;
	}
	qsort(values, count, sizeof(*values), by_text);
	for (size_t i = 0; i < count; i++) {
		if (i == 0 || strcmp(values[i - 1], values[i]) != 0)
			offer(c, values[i], NULL, more);
	}
	for (size_t i = 0; i < count; i++)
		free(values[i]);
	free(values);
	ly_set_free(found, NULL);
}

/* The leaf that a leafref names, or NULL. */
static const struct lysc_node *
referenced_leaf(const struct lysc_node *leaf)
{
	const struct lysc_type *type = ((const struct lysc_node_leaf *)leaf)->type;
	const struct lysc_type_leafref *reference = (const struct lysc_type_leafref *)type;
	const struct lysc_node *found = NULL;
	struct ly_set *passed = NULL;

	if (leaf->nodetype != LYS_LEAF || type->basetype != LY_TYPE_LEAFREF)
		return NULL;
	/* All that its path passes: one of them is a leaf, the last. */
	if (lys_find_expr_atoms(leaf, leaf->module, reference->path, reference->prefixes, 0,
	                        &passed) != LY_SUCCESS)
		return NULL;
	for (uint32_t i = 0; i < passed->count; i++) {
		if (passed->snodes[i]->nodetype == LYS_LEAF && passed->snodes[i] != leaf)
			found = passed->snodes[i];
	}
	ly_set_free(passed, NULL);
	return found;
}

/* Its values in the tree: the bonds for bond-group. */
static void
offer_referenced(const struct completion *c, const struct lysc_node *leaf,
                 const struct lyd_node *siblings)
{
	for (; leaf && siblings; siblings = siblings->next) {
		if (siblings->schema == leaf)
			offer(c, lyd_get_value(siblings), NULL, false);
		offer_referenced(c, leaf, lyd_child(siblings));
	}
}

/* The choices of a leaf as words, or its form. */
static void
offer_value(const struct completion *c, const struct lysc_node *leaf, bool more)
{
	const struct lysc_type *type = value_type(leaf);
	LY_ARRAY_COUNT_TYPE i;

	if (type->basetype == LY_TYPE_ENUM) {
		const struct lysc_type_enum *choice = (const struct lysc_type_enum *)type;

		LY_ARRAY_FOR(choice->enums, i)
			offer_choice(c, leaf, choice->enums[i].name, choice->enums[i].dsc, more);
	} else if (type->basetype == LY_TYPE_BOOL) {
		const char *meaning_false = value_mark(leaf->exts, "when-false");
		const char *meaning_true = value_mark(leaf->exts, "when-true");

		offer_choice(c, leaf, "false", meaning_false ? meaning_false : leaf->dsc, more);
		offer_choice(c, leaf, "true", meaning_true ? meaning_true : leaf->dsc, more);
	} else {
		offer_referenced(c, referenced_leaf(leaf), c->tree);
		offer_found(c, leaf, more);
		offer_form(c, leaf, more);
	}
}

/* The next key of existing entries whose first keys are given. */
static void
offer_keys(const struct completion *c, const struct path_step *step,
           const struct lyd_node *siblings)
{
	const char *last = NULL;
	size_t count;
	const struct lyd_node **children = tree_children(siblings, &count);

	for (size_t i = 0; i < count; i++) {
		const struct lyd_node *key = tree_first_key(children[i]);
		bool fits = children[i]->schema == step->node;

		for (unsigned k = 0; fits && k < step->count; k++, key = tree_next_key(key))
			fits = strcmp(lyd_get_value(key), step->values[k]) == 0;
		if (!fits || (last && strcmp(last, lyd_get_value(key)) == 0))
			continue;
		last = lyd_get_value(key);
		offer(c, last, tree_value(children[i], "description"), true);
	}
	free(children);
}

static void
offer_existing_values(const struct completion *c, const struct lysc_node *leaf,
                      const struct lyd_node *siblings)
{
	for (; siblings; siblings = siblings->next) {
		if (siblings->schema != leaf || !tree_is_explicit(siblings))
			continue;
		offer(c, language_is_secret(leaf) ? LANGUAGE_HIDDEN : lyd_get_value(siblings),
		      leaf->dsc, false);
	}
}

/* What follows a node whose keys or value are not all given. */
static void
offer_for_step(const struct completion *c, const struct path_step *step,
               const struct lyd_node *siblings)
{
	const struct lysc_node *key = lysc_node_child(step->node);

	if (step->node->nodetype & LYD_NODE_TERM) {
		if (c->only_existing)
			offer_existing_values(c, step->node, siblings);
		else
			offer_value(c, step->node, false);
		return;
	}
	offer_keys(c, step, siblings);
	for (unsigned i = 0; i < step->count; i++)
		key = key->next;
	if (!c->only_existing)
		offer_value(c, key, true);
}

static bool
is_complete(const struct path_step *step)
{
	if (step->node->nodetype == LYS_LIST)
		return step->count == tree_key_count(step->node);
	if (step->node->nodetype & LYD_NODE_TERM)
		return step->count > 0 || !has_more(step->node);
	return true;
}

void
language_complete(struct ly_ctx *schema, const struct lyd_node *tree, char *const words[],
                  size_t count, bool only_existing, language_candidate_call *call, void *owner)
{
	struct completion c = {
		.schema = schema, .tree = tree, .deepest = tree, .only_existing = only_existing,
		.call = call, .owner = owner,
	};
	const struct lyd_node *siblings = tree;
	struct problems problems = { 0 };
	struct path path;
	int r;

	/* Wrong words are followed by nothing; the refusal comes when the line is entered. */
	r = path_resolve(schema, words, count, PATH_PART, 0, &path, &problems);
	problems_done(&problems);
	if (r < 0)
		return;

	for (unsigned i = 0; i < path.count; i++) {
		const struct path_step *step = &path.steps[i];
		const struct lyd_node *node;

		if (!is_complete(step)) {
			offer_for_step(&c, step, siblings);
			return;
		}
		node = path_find_step(siblings, step);
		siblings = node ? lyd_child(node) : NULL;
		c.deepest = node ? node : c.deepest;
	}
	if (path.count == 0 || !(path.steps[path.count - 1].node->nodetype & LYD_NODE_TERM))
		offer_children(&c, path.count ? path.steps[path.count - 1].node : NULL, siblings);
}
