/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Walks a Vyatta's configuration and the schema side by side.  A node that the schema has is set,
 * as an operator would; where the schema ends, the node is told once, with all that is below it.
 * What the schema refuses, and what it knows and cannot do yet, is left out and named.  Rules
 * between nodes are not looked at: they are the commit's.
 */
#include "import/vyatta.h"

#include <errno.h>
#include <fnmatch.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "config/language.h"
#include "config/tree.h"
#include "config/value.h"
#include "config/words.h"
#include "import/vyatta_left.h"

struct taking {
	struct ly_ctx *schema;
	struct lyd_node **tree;
	struct findings *findings;
	struct words words;		/* of the node at which we are */
	struct words names;		/* the same without keys and values */
	size_t taken;			/* settings, so far */
	bool told_ports, told_user;
};

static void take_nodes(struct taking *t, const struct statement *list,
                       const struct lysc_node *parent);

/* ---- telling -------------------------------------------------------------------------------- */

/* Nodes without others below them: what would be a set command each. */
static size_t
settings_of(const struct statement *s)
{
	size_t count = 0;

	for (const struct statement *child = s->first; child; child = child->next)
		count += settings_of(child);
	return count ? count : 1;
}

/* A thousand interfaces may have the same: the last finding is one of those of equal names. */
static void
fold(struct taking *t, const char *text)
{
	char *names = words_join(t->names.list, t->names.count);
	char *alike = NULL;

	if (asprintf(&alike, "%s: %s", names, text) < 0)
		alike = NULL;
	assert(alike);
	findings_alike(t->findings, alike);
	free(alike);
	free(names);
}

/* Find something about the node at which we are, and, unless 0, of so many settings. */
static void
tell(struct taking *t, enum finding_kind kind, const struct statement *s, size_t settings,
     const char *text)
{
	char *what = words_join(t->words.list, t->words.count);

	if (settings)
		findings_add(t->findings, kind, s->place, what, "%zu setting%s; %s", settings,
		             settings == 1 ? "" : "s", text);
	else
		findings_add(t->findings, kind, s->place, what, "%s", text);
	fold(t, text);
	free(what);
}

/* A node that the schema does not have; or, where more is known of those below it, each of them. */
static void
leave(struct taking *t, const struct statement *s)
{
	char *path = words_join(t->names.list, t->names.count);
	const struct vyatta_left *left = vyatta_left_find(path);
	bool is_place = s->first && vyatta_left_is_place(path);

	free(path);
	for (const struct statement *child = is_place ? s->first : NULL; child;
	     child = child->next) {
		words_add(&t->words, statement_word(child, 0));
		words_add(&t->names, statement_word(child, 0));
		leave(t, child);
		words_cut(&t->names, t->names.count - 1);
		words_cut(&t->words, t->words.count - 1);
	}
	if (!is_place)
		tell(t, left ? left->kind : FINDING_LEFT, s, settings_of(s),
		     left ? left->text : "there is no such node here");
}

static void
tell_refusal(struct taking *t, const struct statement *s, const struct problem *problem)
{
	if (problem->value[0])
		findings_add(t->findings, FINDING_LEFT, s->place, problem->path, "'%s' %s",
		             problem->value, problem->message);
	else
		findings_add(t->findings, FINDING_LEFT, s->place, problem->path, "%s",
		             problem->message);
	fold(t, problem->message);
}

/* ---- setting -------------------------------------------------------------------------------- */

/* Set the words, which s ends; false with a finding when they are refused. */
static bool
put(struct taking *t, const struct statement *s)
{
	struct problems problems = { 0 };
	int r = language_set(t->schema, t->tree, t->words.list, t->words.count, 0, &problems);

	for (size_t i = 0; i < problems.count; i++)
		tell_refusal(t, s, &problems.list[i]);
	problems_done(&problems);
	return r == 0;
}

/* The comment before a node that is there by now. */
static void
put_comment(struct taking *t, const struct statement *s)
{
	struct problems problems = { 0 };

	if (s->comment && s->comment[0] &&
	    language_comment(t->schema, *t->tree, t->words.list, t->words.count, s->comment, 0,
	                     &problems) == -EINVAL)
		tell(t, FINDING_DIFFERS, s, 0, "its comment is left out, as it is too long, or no "
		                               "text");
	problems_done(&problems);
}

/* What is there by itself is a setting where nothing below it was taken. */
static void
count_itself(struct taking *t, size_t taken_before)
{
	if (t->taken == taken_before)
		t->taken++;
}

/* What was taken of an interface, a service and the like is told when it is complete. */
static void
account(struct taking *t, const struct statement *s, size_t taken_before)
{
	size_t count = t->taken - taken_before;
	char *what;

	if (t->names.count != 2 || count == 0)
		return;
	what = words_join(t->words.list, t->words.count);
	findings_add(t->findings, FINDING_TAKEN, s->place, what, "%zu setting%s, word for word",
	             count, count == 1 ? "" : "s");
	free(what);
}

/* ---- what is not quite the same ------------------------------------------------------------- */

static bool
has_value(const struct statement *s, const char *name, const char *value)
{
	const struct statement *leaf = statement_find(s, name);

	return leaf && statement_find(leaf, value);
}

/* Vyatta sends the checksum of RFC 5798 and takes no other. */
static void
keep_checksum(struct taking *t, const struct statement *group)
{
	const struct statement *list = statement_find(group, "virtual-address");
	bool has_v4 = false;

	for (const struct statement *s = list ? list->first : NULL; s; s = s->next)
		has_v4 = has_v4 || !strchr(statement_word(s, 0), ':');
	if (!has_v4 || !has_value(group, "version", "3") || statement_find(group, "checksum"))
		return;
	words_add(&t->words, "checksum");
	words_add(&t->words, "rfc5798");
	(void)!put(t, group);		/* the group is there, and the words are ours */
	words_cut(&t->words, t->words.count - 2);
	tell(t, FINDING_DIFFERS, group, 0,
	     "checksum rfc5798 is added, which a partner that runs Vyatta asks for; delete it on "
	     "both routers when both run Tandem");
}

/* An entry of a list, of a node that is told apart. */
static void
tell_entry(struct taking *t, const struct statement *entry, const struct lysc_node *list)
{
	const char *key = statement_word(entry, 0);

	if (strcmp(list->name, "vrrp-group") == 0)
		keep_checksum(t, entry);
	if (strcmp(list->name, "dataplane") == 0 && !t->told_ports &&
	    fnmatch("dp[0-9]*", key, 0) == 0) {
		t->told_ports = true;
		tell(t, FINDING_DIFFERS, entry, 0,
		     "Linux must know the ports by Vyatta's names: give them those by .link files, "
		     "see systemd.link(5), or give them Linux's names here");
	}
}

static void
tell_container(struct taking *t, const struct statement *s, const struct lysc_node *node)
{
	if (strcmp(node->name, "connsync") == 0 && t->names.count == 2)
		tell(t, FINDING_DIFFERS, s, 0,
		     "replicates connections between routers of which both run Tandem and are a "
		     "pair; a Vyatta does not understand it");
	if (strcmp(node->name, "https") == 0 && t->names.count == 2)
		tell(t, FINDING_DIFFERS, s, 0,
		     "is the door for the partner, which proves its key; no browser gets in");
	if (strcmp(node->name, "run-transition-scripts") == 0 && !t->told_user &&
	    !statement_find(s, "user")) {
		t->told_user = true;
		tell(t, FINDING_DIFFERS, s, 0,
		     "programs do not run as root but as tandem-script; let that user run them, or "
		     "set another");
	}
}

/* ---- walking -------------------------------------------------------------------------------- */

/* Leave out what is known and cannot be done yet; tell what has no effect.  Both are marks of a
 * node or of a leaf's value, or NULL; no_effect begins with the number of a warning. */
static bool
is_refused(struct taking *t, const struct statement *s, const char *not_yet, const char *no_effect)
{
	char *text = NULL;

	if (!not_yet && !no_effect)
		return false;
	if (asprintf(&text, "%s:%s%s", not_yet ? "not supported yet" : "has no effect yet",
	             not_yet ? " " : "",
	             not_yet ? not_yet : no_effect + strcspn(no_effect, " ")) < 0)
		text = NULL;
	assert(text);
	tell(t, not_yet ? FINDING_LEFT : FINDING_DIFFERS, s, 0, text);
	free(text);
	return not_yet != NULL;
}

/* A word that the schema does not have, anywhere below an entry; or NULL. */
static const struct statement *
find_unknown(const struct taking *t, const struct statement *entry, const struct lysc_node *list)
{
	for (const struct statement *s = entry->first; s; s = s->next) {
		const struct lysc_node *node = tree_schema_child(t->schema, list,
		                                                 statement_word(s, 0));
		const struct statement *unknown = node ? NULL : s;

		if (node && node->nodetype == LYS_CONTAINER)
			unknown = find_unknown(t, s, node);
		for (const struct statement *key = s->first;
		     key && !unknown && node->nodetype == LYS_LIST; key = key->next)
			unknown = find_unknown(t, key, node);
		if (unknown)
			return unknown;
	}
	return NULL;
}

/* A static route of which a word is not understood may lead elsewhere without it. */
static bool
is_doubtful(struct taking *t, const struct statement *entry, const struct lysc_node *list)
{
	const struct statement *unknown;
	char *text = NULL;

	if (t->names.count != 3 || strcmp(t->names.list[0], "protocols") != 0)
		return false;
	unknown = find_unknown(t, entry, list);
	if (!unknown)
		return false;
	if (asprintf(&text, "it says '%s', of which there is none here, and may lead elsewhere "
	             "without", statement_word(unknown, 0)) < 0)
		text = NULL;
	assert(text);
	tell(t, FINDING_LEFT, entry, settings_of(entry), text);
	free(text);
	return true;
}

static void
take_entry(struct taking *t, const struct statement *entry, const struct lysc_node *list)
{
	size_t before = t->taken;

	words_add(&t->words, statement_word(entry, 0));
	if (!is_doubtful(t, entry, list) && put(t, entry)) {
		put_comment(t, entry);
		tell_entry(t, entry, list);
		take_nodes(t, entry, list);
		count_itself(t, before);
		account(t, entry, before);
	}
	words_cut(&t->words, t->words.count - 1);
}

/* What is left out of the values that a leaf may have, and why; NULL: nothing. */
static const char *
left_of_value(const struct taking *t, const struct lysc_node *leaf, const char *value)
{
	if (language_is_secret(leaf) && strcmp(value, LANGUAGE_HIDDEN) == 0)
		return "the source hides it; import the router's config.boot, or set it by hand";
	if (strcmp(t->names.list[0], "interfaces") == 0 && strcmp(leaf->name, "address") == 0 &&
	    fnmatch("dhcp*", value, 0) == 0)
		return "an address by DHCP is not asked for; set a fixed one, or leave it to a "
		       "DHCP client of the system";
	return NULL;
}

static void
take_value(struct taking *t, const struct statement *value, const struct lysc_node *leaf)
{
	const char *word = statement_word(value, 0);
	const char *left = left_of_value(t, leaf, word);

	if (left) {
		tell(t, FINDING_LEFT, value, 0, left);
		return;
	}
	words_add(&t->words, word);
	/* What follows a value is refused with it. */
	if (value->first)
		words_add(&t->words, statement_word(value->first, 0));
	if (!is_refused(t, value, value_enum_mark(leaf, word, "not-yet"),
	                value_enum_mark(leaf, word, "no-effect-yet")) && put(t, value)) {
		t->taken++;
		put_comment(t, value);
	}
	words_cut(&t->words, t->words.count - (value->first ? 2 : 1));
}

static void
take_leaf(struct taking *t, const struct statement *s, const struct lysc_node *leaf)
{
	for (const struct statement *value = s->first; value; value = value->next)
		take_value(t, value, leaf);
	/* Without a value it is one of type empty, or refused. */
	if (!s->first && put(t, s)) {
		t->taken++;
		put_comment(t, s);
	}
}

static void
take_container(struct taking *t, const struct statement *s, const struct lysc_node *node)
{
	bool stands = node->flags & LYS_PRESENCE;
	size_t before = t->taken;

	if (!stands && !s->first)
		tell(t, FINDING_UNNEEDED, s, 0, "it is empty");
	stands = stands && put(t, s);
	tell_container(t, s, node);
	take_nodes(t, s, node);
	if (stands)
		count_itself(t, before);
	put_comment(t, s);
}

static void
take_list(struct taking *t, const struct statement *s, const struct lysc_node *list)
{
	for (const struct statement *entry = s->first; entry; entry = entry->next)
		take_entry(t, entry, list);
	if (!s->first)
		(void)!put(t, s);	/* which tells what is missing */
}

static void
take_nodes(struct taking *t, const struct statement *list, const struct lysc_node *parent)
{
	for (const struct statement *s = list->first; s; s = s->next) {
		const char *name = statement_word(s, 0);
		const struct lysc_node *node = tree_schema_child(t->schema, parent, name);
		size_t before = t->taken;

		words_add(&t->words, name);
		words_add(&t->names, name);
		if (!node) {
			leave(t, s);
		} else if (!is_refused(t, s, value_mark(node->exts, "not-yet"),
		                       value_mark(node->exts, "no-effect-yet"))) {
			if (node->nodetype == LYS_LIST)
				take_list(t, s, node);
			else if (node->nodetype == LYS_CONTAINER)
				take_container(t, s, node);
			else
				take_leaf(t, s, node);
			if (node->nodetype != LYS_LIST)
				account(t, s, before);
		}
		words_cut(&t->names, t->names.count - 1);
		words_cut(&t->words, t->words.count - 1);
	}
}

void
vyatta_take(struct ly_ctx *schema, const struct statement *root, struct lyd_node **tree,
            struct findings *findings)
{
	struct taking t = { .schema = schema, .tree = tree, .findings = findings };

	take_nodes(&t, root, NULL);
	words_free(&t.words);
	words_free(&t.names);
}
