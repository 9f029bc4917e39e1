/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The manual page of the configuration, docs/tandem-config.5, made from the YANG modules: every
 * node once, with its form, what counts without it and what it means.  With --write FILE the page
 * is written there; with FILE alone the exit status says whether the file is the current page.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/base.h"
#include "base/error.h"
#include "config/rulebook.h"
#include "config/schema.h"
#include "config/tree.h"
#include "config/value.h"

static const char header[] =
	".\\\" SPDX-License-Identifier: GPL-2.0-or-later\n"
	".\\\" Made from the YANG modules by tests/unit/config/page.c; do not edit.\n"
	".TH TANDEM-CONFIG 5 \"2026-11-22\" \"Tandem\" \"File Formats\"\n"
	".SH NAME\n"
	"tandem\\-config \\- the configuration of tandemd\n"
	".SH DESCRIPTION\n"
	"The configuration is a tree.\n"
	"It is written as lines of\n"
	".B set\n"
	"commands or with braces; both may be entered, loaded and printed, see\n"
	".BR tandem (1).\n"
	"In braces, a remark in C's form above a node belongs to that node and is kept with it; "
	"remarks\n"
	"that begin with\n"
	".B #\n"
	"or\n"
	".B //\n"
	"are not kept.\n"
	"The saved configuration is\n"
	".IR /etc/tandem/config.boot .\n"
	".PP\n"
	"The names and paths are those of Vyatta, with additions.\n"
	"Below stands every node, with the form of its value in brackets.\n"
	".B vrrp\n"
	"and\n"
	".BR vif ,\n"
	"which several kinds of interface have, have sections of their own.\n"
	"Rules between nodes are checked at commit; a refusal names the path, the value, the rule "
	"and\n"
	"what to do.\n";

static const char rules_header[] =
	".SH RULES\n"
	"A commit that breaks one of these is refused.\n"
	"The message ends with the number and says which node it is about.\n"
	"A message without number is about a single line, before there is anything to commit: an "
	"unknown\n"
	"word, or a value that its node cannot have.\n";

static const char warnings_header[] =
	".SH WARNINGS\n"
	"These do not refuse a commit.\n"
	"They are told in the order of what they lead to, worst first, and can be silenced by "
	"number and path with\n"
	".BR \"set system configuration\\-check silence\" .\n";

static const char *const consequences[] = {
	[RULEBOOK_OUTAGE] = "Traffic is lost although both routers are well",
	[RULEBOOK_FAILOVER] = "A failover does not bring what it is for",
	[RULEBOOK_INTERRUPTION] = "A failover takes longer, or there is one too many",
	[RULEBOOK_NO_EFFECT] = "Something was written in vain",
};

static const char footer[] =
	".SH SEE ALSO\n"
	".BR tandem (1),\n"
	".BR tandemd (8)\n";

/* As roff takes it: hyphens are minus signs, backslashes are themselves, blanks are one. */
static void
put_text(FILE *out, const char *text)
{
	bool blank = false, begun = false;

	for (; *text; text++) {
		if (strchr(" \t\n", *text)) {
			blank = true;
			continue;
		}
		if (blank && begun)
			fputc(' ', out);
		if (!begun && strchr(".'", *text))
			fputs("\\&", out);
		if (*text == '-')
			fputs("\\-", out);
		else if (*text == '\\')
			fputs("\\e", out);
		else
			fputc(*text, out);
		blank = false;
		begun = true;
	}
}

/* Each sentence on a line of its own, as roff wants it; they stand two blanks or a line apart. */
static void
put_sentences(FILE *out, const char *text)
{
	while (*text) {
		const char *end = text;
		char *sentence;

		while (*end && !(*end == '.' && (end[1] == '\0' || strchr(" \n", end[1]))))
			end++;
		end += *end == '.';
		sentence = strndup(text, (size_t)(end - text));
		assert(sentence);
		put_text(out, sentence);
		fputc('\n', out);
		free(sentence);
		text = end + strspn(end, " \t\n");
	}
}

/* vrrp-group id priority, as one line; the section's own node is left out. */
static void
put_path(FILE *out, const struct lysc_node *node, const struct lysc_node *section)
{
	if (node->parent && node->parent != section) {
		put_path(out, node->parent, section);
		fputc(' ', out);
	}
	fputs("\\fB", out);
	put_text(out, node->name);
	fputs("\\fR", out);
	if (node->nodetype == LYS_LIST) {
		fputs(" \\fI", out);
		put_text(out, lysc_node_child(node)->name);
		fputs("\\fR", out);
	}
}

/* The form of a value with its unit: "[0..1000 seconds]". */
static void
put_form(FILE *out, const struct lysc_node *leaf)
{
	const char *units = leaf->nodetype == LYS_LEAF
		? ((const struct lysc_node_leaf *)leaf)->units
		: ((const struct lysc_node_leaflist *)leaf)->units;
	char *form;

	if (value_type(leaf)->basetype == LY_TYPE_EMPTY)
		return;
	form = value_form(leaf);
	fputs(" [", out);
	put_text(out, form);
	fprintf(out, "%s%s]", units ? " " : "", units ? units : "");
	free(form);
}

static void
put_choices(FILE *out, const struct lysc_node *leaf)
{
	const struct lysc_type_enum *choice = (const struct lysc_type_enum *)value_type(leaf);
	LY_ARRAY_COUNT_TYPE i;

	if (choice->basetype != LY_TYPE_ENUM)
		return;
	LY_ARRAY_FOR(choice->enums, i) {
		const char *no_effect = value_mark(choice->enums[i].exts, "no-effect-yet");
		const char *not_yet = value_mark(choice->enums[i].exts, "not-yet");

		fputs("\\fB", out);
		put_text(out, choice->enums[i].name);
		fputs("\\fR: ", out);
		put_sentences(out, choice->enums[i].dsc ? choice->enums[i].dsc : "");
		if (no_effect)
			fputs("It has no effect yet.\n", out);
		if (not_yet)
			fputs("It is refused, as not supported yet.\n", out);
	}
}

/* What counts when the operator says nothing. */
static void
put_default(FILE *out, const struct lysc_node *node)
{
	const char *implied = value_mark(node->exts, "implied");
	const struct lysc_node_leaf *leaf = (const struct lysc_node_leaf *)node;

	if (!implied && node->nodetype == LYS_LEAF && leaf->dflt)
		implied = lyd_value_get_canonical(node->module->ctx, leaf->dflt);
	if (implied) {
		fputs("Default: ", out);
		put_text(out, implied);
		fputs(".\n", out);
	}
	if (node->nodetype == LYS_LEAF && !lysc_is_key(node) && (node->flags & LYS_MAND_TRUE))
		fputs("It must be given.\n", out);
}

static void
put_count(FILE *out, const struct lysc_node *node)
{
	uint32_t min = 0, max = 0;

	if (node->nodetype == LYS_LEAFLIST) {
		min = ((const struct lysc_node_leaflist *)node)->min;
		max = ((const struct lysc_node_leaflist *)node)->max;
	} else if (node->nodetype == LYS_LIST) {
		min = ((const struct lysc_node_list *)node)->min;
		max = ((const struct lysc_node_list *)node)->max;
	} else {
		return;
	}
	if (max != 0 && max != UINT32_MAX)
		fprintf(out, "%s %u may be given.\n", min ? "One to" : "Up to", max);
	else
		fprintf(out, "%s may be given.\n", min ? "One or more" : "Several");
}

static void
put_marks(FILE *out, const struct lysc_node *node)
{
	const char *not_yet = value_mark(node->exts, "not-yet");
	const char *no_effect = value_mark(node->exts, "no-effect-yet");

	if (not_yet) {
		fputs("It is refused, as not supported yet: ", out);
		put_text(out, not_yet);
		fputs(".\n", out);
	}
	if (no_effect) {
		fputs("It is accepted and has no effect yet: ", out);
		put_text(out, no_effect + strcspn(no_effect, " "));
		fputs(".\n", out);
	}
	if (value_mark(node->exts, "secret"))
		fputs("It is a secret and never shown to whom it does not concern.\n", out);
}

static void
put_node(FILE *out, const struct lysc_node *node, const struct lysc_node *section)
{
	const struct lysc_node *key = node->nodetype == LYS_LIST ? lysc_node_child(node) : NULL;

	fputs(".TP\n", out);
	put_path(out, node, section);
	if (key)
		put_form(out, key);
	else if (node->nodetype & LYD_NODE_TERM)
		put_form(out, node);
	fputc('\n', out);
	put_sentences(out, node->dsc ? node->dsc : "");
	if (key && key->dsc) {
		fputs("\\fI", out);
		put_text(out, key->name);
		fputs("\\fR: ", out);
		put_sentences(out, key->dsc);
	}
	if (node->nodetype & LYD_NODE_TERM) {
		put_choices(out, node);
		put_default(out, node);
	}
	put_count(out, node);
	put_marks(out, node);
}

/* vrrp (of interfaces) and vif stand in many places and are described once. */
static bool
has_section(const struct lysc_node *node)
{
	bool vrrp = strcmp(node->name, "vrrp") == 0 &&
	            strcmp(node->module->name, "tandem-vrrp") == 0 &&
	            strcmp(node->parent->name, "service") != 0;

	return vrrp || strcmp(node->name, "vif") == 0;
}

static void
put_below(FILE *out, const struct ly_ctx *schema, const struct lysc_node *parent,
          const struct lysc_node *section)
{
	size_t count;
	const struct lysc_node **children = tree_schema_children(schema, parent, &count);

	for (size_t i = 0; i < count; i++) {
		if (has_section(children[i]) && section != children[i]) {
			fputs(".TP\n", out);
			put_path(out, children[i], section);
			fputs("\nSee the section of this name.\n", out);
			continue;
		}
		put_node(out, children[i], section);
		if (!(children[i]->nodetype & LYD_NODE_TERM))
			put_below(out, schema, children[i], section);
	}
	free(children);
}

static void
put_section(FILE *out, const struct ly_ctx *schema, const char *title,
            const struct lysc_node *section)
{
	assert(section);
	fprintf(out, ".SH %s\n", title);
	put_sentences(out, section->dsc);
	put_below(out, schema, section, section);
}

/* As the book has them. */
static void
put_rules(FILE *out, enum rulebook_consequence consequence)
{
	for (size_t i = 0; i < rulebook_count; i++) {
		if (rulebook[i].consequence != consequence)
			continue;
		fprintf(out, ".TP\n.B %s\n", rulebook[i].number);
		put_sentences(out, rulebook[i].text);
	}
}

static void
put_warnings(FILE *out)
{
	for (size_t i = RULEBOOK_OUTAGE; i < ARRAY_SIZE(consequences); i++) {
		fprintf(out, ".SS %s\n", consequences[i]);
		put_rules(out, (enum rulebook_consequence)i);
	}
}

static char *
make_page(const struct ly_ctx *schema)
{
	const struct lysc_node *interfaces = tree_schema_child(schema, NULL, "interfaces");
	const struct lysc_node *dataplane = tree_schema_child(schema, interfaces, "dataplane");
	char *text = NULL;
	size_t size;
	FILE *out = open_memstream(&text, &size);

	assert(out);
	fputs(header, out);
	put_section(out, schema, "INTERFACES", interfaces);
	put_section(out, schema, "VIF", tree_schema_child(schema, dataplane, "vif"));
	put_section(out, schema, "VRRP", tree_schema_child(schema, dataplane, "vrrp"));
	put_section(out, schema, "PROTOCOLS", tree_schema_child(schema, NULL, "protocols"));
	put_section(out, schema, "SERVICE", tree_schema_child(schema, NULL, "service"));
	put_section(out, schema, "SYSTEM", tree_schema_child(schema, NULL, "system"));
	fputs(rules_header, out);
	put_rules(out, RULEBOOK_REFUSED);
	fputs(warnings_header, out);
	put_warnings(out);
	fputs(footer, out);
	fclose(out);
	assert(text);
	return text;
}

static bool
is_current(const char *path, const char *page)
{
	FILE *file = fopen(path, "re");
	char *text = NULL;
	size_t size = 0;
	bool same;

	if (!file)
		return false;
	same = getdelim(&text, &size, '\0', file) >= 0 && strcmp(text, page) == 0;
	fclose(file);
	free(text);
	return same;
}

static bool
write_page(const char *path, const char *page)
{
	FILE *file = fopen(path, "we");

	return file && fputs(page, file) >= 0 && fclose(file) == 0;
}

int
main(int argc, char **argv)
{
	bool write = argc == 3 && strcmp(argv[1], "--write") == 0, done;
	struct error error = { 0 };
	struct ly_ctx *schema = schema_new(TANDEM_SOURCE_YANG_DIR, &error);
	char *page;

	if (!schema || (argc != 2 && !write)) {
		fprintf(stderr, "%s\n", schema ? "usage: config_page [--write] FILE" : error.text);
		return 2;
	}
	page = make_page(schema);
	done = write ? write_page(argv[2], page) : is_current(argv[1], page);
	if (!done && write)
		fprintf(stderr, "%s cannot be written\n", argv[2]);
	else if (!done)
		fprintf(stderr, "%s is not what the YANG modules say; run %s --write %s\n",
		        argv[1], argv[0], argv[1]);
	free(page);
	schema_free(schema);
	return done ? 0 : 1;
}
