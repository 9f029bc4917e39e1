/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The generator: a walk over the compiled model that throws a coin at every node.  Texts come from
 * the model's own patterns, read as the regular expressions they are; what other patterns of the
 * same type refuse is thrown again.
 */
#include "grown.h"

#include <inttypes.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "sample.h"
#include "config/language.h"
#include "config/tree.h"
#include "config/value.h"

#define VALUE_SIZE 1024			/* of one value, with its zero */
#define THROWS 60			/* until a value fits its type */
#define NODES 150			/* at most in a tree, about */

/* ---- seeds ---------------------------------------------------------------------------------- */

static uint64_t current;		/* the seed of the tree in work */

static void
on_abort(int number)
{
	(void)number;
	dprintf(STDERR_FILENO, "TANDEM_SEED=%" PRIu64 "\n", current);
	signal(SIGABRT, SIG_DFL);
}

int
grown_setup(void **state)
{
	if (sample_setup(state) < 0)
		return -1;
	if (lys_parse_path(schema, GROWN_MODULE, LYS_IN_YANG, NULL) != LY_SUCCESS) {
		fprintf(stderr, "%s: %s\n", GROWN_MODULE, ly_errmsg(schema));
		return -1;
	}
	signal(SIGABRT, on_abort);
	return 0;
}

static uint64_t
number_of(const char *variable, uint64_t otherwise)
{
	const char *text = getenv(variable);

	return text && text[0] != '\0' ? strtoull(text, NULL, 10) : otherwise;
}

unsigned
grown_count(unsigned otherwise, unsigned share)
{
	uint64_t trees = number_of("TANDEM_TREES", 0);

	return trees == 0 ? otherwise : (unsigned)(trees / share) + 1;
}

uint64_t
grown_seed(unsigned run)
{
	current = number_of("TANDEM_SEED", 1) + run;
	return current;
}

struct chance {
	uint64_t state;
	const struct lys_module *without;	/* no nodes of it; may be NULL */
	unsigned room;				/* nodes that may still come */
};

static struct chance
chance_of(uint64_t seed)
{
	return (struct chance){ .state = (seed + 1) * 0x9e3779b97f4a7c15u, .room = NODES };
}

static uint32_t
throw(struct chance *chance, uint32_t below)
{
	chance->state ^= chance->state << 13;
	chance->state ^= chance->state >> 7;
	chance->state ^= chance->state << 17;
	return (uint32_t)((chance->state >> 32) % below);
}

/* ---- texts ---------------------------------------------------------------------------------- */

/* What a language stumbles over, and ordinary letters between. */
static const char *const pieces[] = {
	" ", "'", "\"", "\\", "#", "{", "}", "/*", "*/", "//", ";", "$", "`", "~", "!", "|", "?",
	"\t", "a", "n", "0", "9", "-", ".", ":", "/", "set", "\xc3\xa4", "\xe2\x82\xac",
	"\xf0\x9f\x98\x80", "\xc2\xa0", "\\n", " {", "} ", "  ",
};

/* A regular expression of YANG (XSD) that is being read, and the text that is made of it. */
struct making {
	struct chance *chance;
	const char *at;
	char *text;
	size_t length;
	bool silent;			/* read over it */
};

static void
put(struct making *m, const char *bytes, size_t count)
{
	if (m->silent || m->length + count >= VALUE_SIZE)
		return;
	memcpy(m->text + m->length, bytes, count);
	m->length += count;
	m->text[m->length] = '\0';
}

static void
put_piece(struct making *m)
{
	const char *piece = pieces[throw(m->chance, ARRAY_SIZE(pieces))];

	put(m, piece, strlen(piece));
}

static char
escaped(char c)
{
	return c == 'n' ? '\n' : c == 'r' ? '\r' : c == 't' ? '\t' : c;
}

/* [...]: one of the characters; of those that are only excluded, any piece: whether it may stand
 * there is libyang's to say. */
static void
make_class(struct making *m)
{
	bool negated = *m->at == '^';
	char from[64], to[64];
	unsigned count = 0;

	m->at += negated;
	while (*m->at != ']') {
		char c = *m->at++;

		assert(count < ARRAY_SIZE(from));
		from[count] = c == '\\' ? escaped(*m->at++) : c;
		to[count] = from[count];
		if (m->at[0] == '-' && m->at[1] != ']') {
			to[count] = m->at[1];
			m->at += 2;
		}
		count++;
	}
	m->at++;
	if (negated) {
		put_piece(m);
	} else {
		unsigned which = throw(m->chance, count);
		char c = (char)(from[which] +
		                (char)throw(m->chance, (uint32_t)(to[which] - from[which] + 1)));

		put(m, &c, 1);
	}
}

static void make_choice(struct making *m);

static void
make_atom(struct making *m)
{
	char c = *m->at++;

	if (c == '(') {
		make_choice(m);
		m->at++;
	} else if (c == '[') {
		make_class(m);
	} else if (c == '.') {
		put_piece(m);
	} else if (c == '\\' && (*m->at == 'P' || *m->at == 'S')) {
		m->at += *m->at == 'P' ? strcspn(m->at, "}") + 1 : 1;
		put_piece(m);
	} else {
		c = c == '\\' ? escaped(*m->at++) : c;
		put(m, &c, 1);
	}
}

/* How often the atom before may stand there. */
static void
read_times(struct making *m, unsigned *ret_least, unsigned *ret_most)
{
	char *end;

	*ret_least = *m->at == '*' || *m->at == '?' ? 0 : 1;
	*ret_most = *m->at == '*' || *m->at == '+' ? 8 : 1;
	if (*m->at == '{') {
		*ret_least = (unsigned)strtoul(m->at + 1, &end, 10);
		*ret_most = *end == ',' ? (unsigned)strtoul(end + 1, &end, 10) : *ret_least;
		m->at = end;
	}
	m->at += *m->at != '\0' && strchr("*+?}", *m->at);
}

static void
make_branch(struct making *m)
{
	while (*m->at != '\0' && *m->at != '|' && *m->at != ')') {
		const char *atom = m->at, *end;
		unsigned least, most, times;
		bool silent = m->silent;

		m->silent = true;
		make_atom(m);
		read_times(m, &least, &most);
		m->silent = silent;
		end = m->at;

		times = silent ? 0 : least + throw(m->chance, most - least + 1);
		for (; times > 0; times--) {
			m->at = atom;
			make_atom(m);
		}
		m->at = end;
	}
}

static void
make_choice(struct making *m)
{
	const char *start = m->at;
	bool silent = m->silent;
	unsigned count = 0, which;

	m->silent = true;
	do {
		m->at += count > 0;
		make_branch(m);
		count++;
	} while (*m->at == '|');
	m->silent = silent;
	if (silent)
		return;

	const char *end = m->at;

	which = throw(m->chance, count);
	m->at = start;
	for (unsigned i = 0; i <= which; i++) {
		m->at += i > 0;
		m->silent = i < which;
		make_branch(m);
	}
	m->silent = silent;
	m->at = end;
}

/* A text for the type's last pattern that is no exclusion, or without pattern anything.  Once in a
 * while as long as its length permits. */
static void
make_text(struct chance *chance, const struct lysc_type_str *type, char text[VALUE_SIZE])
{
	struct making m = { .chance = chance, .text = text };
	LY_ARRAY_COUNT_TYPE i;

	text[0] = '\0';
	LY_ARRAY_FOR(type->patterns, i) {
		if (!type->patterns[i]->inverted)
			m.at = type->patterns[i]->expr;
	}
	if (m.at) {
		make_choice(&m);
	} else {
		for (uint32_t n = throw(chance, 8); n > 0; n--)
			put_piece(&m);
	}
	if (type->length && m.length > 0 && throw(chance, 8) == 0) {
		LY_ARRAY_COUNT_TYPE parts = LY_ARRAY_COUNT(type->length->parts);
		uint64_t most = type->length->parts[parts - 1].max_u64;
		char last = text[m.length - 1];

		while ((unsigned char)last < 0x80 && m.length < most && m.length < VALUE_SIZE - 1)
			put(&m, &last, 1);
	}
}

/* ---- other values --------------------------------------------------------------------------- */

static const struct {
	LY_DATA_TYPE type;
	int64_t least;
	uint64_t most;
} integers[] = {
	{ LY_TYPE_UINT8, 0, UINT8_MAX },	{ LY_TYPE_INT8, INT8_MIN, INT8_MAX },
	{ LY_TYPE_UINT16, 0, UINT16_MAX },	{ LY_TYPE_INT16, INT16_MIN, INT16_MAX },
	{ LY_TYPE_UINT32, 0, UINT32_MAX },	{ LY_TYPE_INT32, INT32_MIN, INT32_MAX },
	{ LY_TYPE_UINT64, 0, UINT64_MAX },	{ LY_TYPE_INT64, INT64_MIN, INT64_MAX },
};

/* At a border of one of its ranges, or anywhere between. */
static void
make_integer(struct chance *chance, const struct lysc_type *type, char text[VALUE_SIZE])
{
	const struct lysc_range *range = ((const struct lysc_type_num *)type)->range;
	uint64_t least = 0, most = 0, value;
	bool has_sign = false;

	for (size_t i = 0; i < ARRAY_SIZE(integers); i++) {
		if (integers[i].type != type->basetype)
			continue;
		least = (uint64_t)integers[i].least;
		most = integers[i].most;
		has_sign = integers[i].least < 0;
	}
	if (range) {
		uint32_t part = throw(chance, (uint32_t)LY_ARRAY_COUNT(range->parts));

		least = range->parts[part].min_u64;
		most = range->parts[part].max_u64;
	}
	value = throw(chance, 3);
	value = value == 0 ? least : value == 1 ? most :
	        least + (most - least < UINT32_MAX ? throw(chance, (uint32_t)(most - least) + 1) :
	                 throw(chance, UINT32_MAX));
	if (has_sign)
		snprintf(text, VALUE_SIZE, "%" PRId64, (int64_t)value);
	else
		snprintf(text, VALUE_SIZE, "%" PRIu64, value);
}

static void
make_value(struct chance *chance, const struct lysc_type *type, char text[VALUE_SIZE])
{
	const struct lysc_type_enum *choice = (const void *)type;
	const struct lysc_type_union *any = (const void *)type;
	uint32_t which;

	switch (type->basetype) {
	case LY_TYPE_STRING:
		make_text(chance, (const void *)type, text);
		break;
	case LY_TYPE_ENUM:
		which = throw(chance, (uint32_t)LY_ARRAY_COUNT(choice->enums));
		snprintf(text, VALUE_SIZE, "%s", choice->enums[which].name);
		break;
	case LY_TYPE_UNION:
		which = throw(chance, (uint32_t)LY_ARRAY_COUNT(any->types));
		make_value(chance, any->types[which], text);
		break;
	case LY_TYPE_BOOL:
		snprintf(text, VALUE_SIZE, "%s", throw(chance, 2) ? "true" : "false");
		break;
	case LY_TYPE_EMPTY:
		text[0] = '\0';
		break;
	case LY_TYPE_UINT8: case LY_TYPE_UINT16: case LY_TYPE_UINT32: case LY_TYPE_UINT64:
	case LY_TYPE_INT8: case LY_TYPE_INT16: case LY_TYPE_INT32: case LY_TYPE_INT64:
		make_integer(chance, type, text);
		break;
	default:
		fail_msg("the generator has no values of the type %d", type->basetype);
	}
}

/* A value that the leaf may have; false when none was found. */
static bool
make_leaf_value(struct chance *chance, const struct lysc_node *leaf, char text[VALUE_SIZE])
{
	const struct lysc_type *type = value_type(leaf);

	for (unsigned i = 0; i < THROWS; i++) {
		LY_ERR r;

		make_value(chance, type, text);
		r = lyd_value_validate(schema, leaf, text, strlen(text), NULL, NULL, NULL);
		if (r == LY_SUCCESS || r == LY_EINCOMPLETE)
			return true;
	}
	ly_err_clean(schema, NULL);
	return false;
}

/* ---- trees ---------------------------------------------------------------------------------- */

static void
put_comment(struct chance *chance, struct lyd_node *node)
{
	char text[VALUE_SIZE] = "";
	struct making m = { .chance = chance, .text = text };

	if (throw(chance, 8) != 0 || !tree_is_explicit(node))
		return;
	for (uint32_t n = throw(chance, 6); n > 0; n--)
		put_piece(&m);
	/* What is no remark (blanks around, an end of comment) is refused, and there is none. */
	(void)!language_put_comment(node, text);
	ly_err_clean(schema, NULL);
}

/* Is an entry like it among its siblings already? */
static bool
is_repeated(const struct lyd_node *node)
{
	for (const struct lyd_node *other = lyd_first_sibling(node); other; other = other->next) {
		if (other != node && other->schema == node->schema &&
		    lyd_compare_single(other, node, 0) == LY_SUCCESS)
			return true;
	}
	return false;
}

/* A new node without what is below it, or NULL when chance would have it. */
static struct lyd_node *
make_node(struct chance *chance, struct lyd_node *parent, const struct lysc_node *node)
{
	char values[4][VALUE_SIZE];
	struct lyd_node *made = NULL;
	LY_ERR r;

	if (node->nodetype == LYS_CONTAINER) {
		r = lyd_new_inner(parent, node->module, node->name, 0, &made);
	} else if (node->nodetype == LYS_LIST) {
		const struct lysc_node *key = lysc_node_child(node);

		assert_in_range(tree_key_count(node), 1, ARRAY_SIZE(values));
		for (unsigned i = 0; key && lysc_is_key(key); key = key->next, i++) {
			if (!make_leaf_value(chance, key, values[i]))
				return NULL;
		}
		r = lyd_new_list(parent, node->module, node->name, 0, &made, values[0], values[1],
		                 values[2], values[3]);
	} else {
		if (!make_leaf_value(chance, node, values[0]))
			return NULL;
		r = lyd_new_term(parent, node->module, node->name, values[0], 0, &made);
	}
	assert_int_equal(r, LY_SUCCESS);
	if ((node->nodetype & (LYS_LIST | LYS_LEAFLIST)) && is_repeated(made)) {
		lyd_free_tree(made);
		return NULL;
	}
	return made;
}

/* Children that are not there yet, and more entries of lists. */
static void
grow(struct chance *chance, struct lyd_node *parent)
{
	size_t count;
	const struct lysc_node **list = tree_schema_children(schema, parent->schema, &count);
	/* Trees that stop early let others come deep. */
	uint32_t odds = 2 + throw(chance, 4);

	for (size_t i = 0; i < count; i++) {
		bool many = list[i]->nodetype & (LYS_LIST | LYS_LEAFLIST);
		uint32_t wanted = many ? throw(chance, 4) : throw(chance, odds) == 0;

		if (!many && tree_child(parent, list[i]->name))
			continue;
		for (; wanted > 0 && chance->room > 0; wanted--) {
			struct lyd_node *node = make_node(chance, parent, list[i]);

			if (!node)
				continue;
			chance->room--;
			if (!(node->schema->nodetype & LYD_NODE_TERM))
				grow(chance, node);
			put_comment(chance, node);
		}
	}
	free(list);
}

static struct lyd_node *
grow_top(struct chance *chance)
{
	size_t count;
	const struct lysc_node **list = tree_schema_children(schema, NULL, &count);
	struct lyd_node *tree = NULL;

	for (size_t i = 0; i < count; i++) {
		struct lyd_node *node;

		if (list[i]->module == chance->without || throw(chance, 4) == 0)
			continue;
		node = make_node(chance, NULL, list[i]);
		assert_int_equal(lyd_insert_sibling(tree, node, &tree), LY_SUCCESS);
		grow(chance, node);
		put_comment(chance, node);
	}
	free(list);
	return tree;
}

struct lyd_node *
grown_tree(uint64_t seed)
{
	struct chance chance = chance_of(seed);

	return grow_top(&chance);
}

struct lyd_node *
grown_own_tree(uint64_t seed)
{
	struct chance chance = chance_of(seed);

	chance.without = ly_ctx_get_module_implemented(schema, "tandem-grown");
	return grow_top(&chance);
}

static void
vary(struct chance *chance, struct lyd_node *siblings)
{
	char value[VALUE_SIZE];
	struct lyd_node *next;

	for (struct lyd_node *node = siblings; node; node = next) {
		const struct lysc_node *leaf = node->schema;

		next = node->next;
		if (lysc_is_key(leaf))
			continue;
		if (node->parent && throw(chance, 8) == 0) {
			lyd_free_tree(node);
			continue;
		}
		if (leaf->nodetype == LYS_LEAF && throw(chance, 6) == 0 &&
		    make_leaf_value(chance, leaf, value))
			(void)lyd_change_term(node, value);
		if (throw(chance, 8) == 0)
			assert_int_equal(language_put_comment(node, ""), 0);
		put_comment(chance, node);
		if (leaf->nodetype & LYD_NODE_TERM)
			continue;
		vary(chance, lyd_child(node));
		if (throw(chance, 6) == 0)
			grow(chance, node);
	}
}

struct lyd_node *
grown_variant(const struct lyd_node *tree, uint64_t seed)
{
	struct chance chance = chance_of(seed ^ 0x5851f42d4c957f2du);
	struct lyd_node *variant = NULL;

	if (tree)
		assert_int_equal(lyd_dup_siblings(tree, NULL, LYD_DUP_RECURSIVE, &variant),
		                 LY_SUCCESS);
	chance.room = NODES / 4;
	vary(&chance, variant);
	return variant;
}

/* ---- equality ------------------------------------------------------------------------------- */

static int
by_text(const void *a, const void *b)
{
	return strcmp(*(char *const *)a, *(char *const *)b);
}

/*
 * A form of its own, so that no fault of the language hides behind itself: values with their
 * lengths, siblings sorted as texts, a place before each where the order is the user's.  Heap.
 */
static char *
describe(const struct lyd_node *siblings, unsigned depth)
{
	size_t count = 0, size, places = 0;
	const struct lyd_node *before = NULL;
	char **lines = NULL, *text = NULL;
	FILE *out;

	for (const struct lyd_node *node = siblings; node; node = node->next) {
		const struct lysc_node *model = node->schema;
		bool term = model->nodetype & LYD_NODE_TERM;
		const char *value = term ? lyd_get_value(node) : "", *comment;
		char *below = term ? NULL : describe(lyd_child(node), depth + 1);

		places = before && before->schema == model ? places + 1 : 0;
		before = node;
		if (!lysc_is_key(model) && !tree_is_explicit(node)) {
			free(below);
			continue;
		}
		comment = language_comment_of(node);
		lines = realloc(lines, (count + 1) * sizeof(char *));
		assert_non_null(lines);
		if (asprintf(&lines[count++], "%*s%s %0*zu %zu:%s%s%s\n%s", (int)(2 * depth), "",
		             model->name, model->flags & LYS_ORDBY_USER ? 4 : 1,
		             model->flags & LYS_ORDBY_USER ? places : 0, strlen(value), value,
		             comment ? " remark " : "", comment ? comment : "",
		             below ? below : "") < 0)
			fail();
		free(below);
	}
	if (count)
		qsort(lines, count, sizeof(char *), by_text);
	out = open_memstream(&text, &size);
	assert_non_null(out);
	for (size_t i = 0; i < count; i++) {
		fputs(lines[i], out);
		free(lines[i]);
	}
	fclose(out);
	free(lines);
	return text;
}

static void
fail_at(const char *what, const char *is, const char *wanted)
{
	size_t at = 0, line = 0;

	while (is[at] != '\0' && is[at] == wanted[at]) {
		at++;
		line = is[at - 1] == '\n' ? at : line;
	}
	fail_msg("%s, with TANDEM_TREES=1 TANDEM_SEED=%" PRIu64 ":\n  is     %.300s\n"
	         "  wanted %.300s", what, current, is + line, wanted + line);
}

void
grown_expect_text(const char *what, const char *is, const char *wanted)
{
	if (strcmp(is, wanted) != 0)
		fail_at(what, is, wanted);
}

void
grown_expect_same(const char *what, const struct lyd_node *tree, const struct lyd_node *wanted)
{
	char *is = describe(tree, 0), *should = describe(wanted, 0);

	grown_expect_text(what, is, should);
	free(is);
	free(should);
}

bool
grown_is_same(const struct lyd_node *a, const struct lyd_node *b)
{
	char *one = describe(a, 0), *other = describe(b, 0);
	bool same = strcmp(one, other) == 0;

	free(one);
	free(other);
	return same;
}
