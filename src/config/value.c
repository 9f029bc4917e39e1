/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Types in people's words.  The rule of a restriction is its error-message in the YANG module where
 * there is one; numbers, choices and lengths without one are spelled out here.  libyang decides
 * what fits; its own sentences are never shown.
 */
#include "config/value.h"

#include <ctype.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/utf8.h"

struct number_limits {
	LY_DATA_TYPE type;
	int64_t min;
	uint64_t max;
};

static const struct number_limits number_limits[] = {
	{ LY_TYPE_UINT8, 0, UINT8_MAX },	{ LY_TYPE_INT8, INT8_MIN, INT8_MAX },
	{ LY_TYPE_UINT16, 0, UINT16_MAX },	{ LY_TYPE_INT16, INT16_MIN, INT16_MAX },
	{ LY_TYPE_UINT32, 0, UINT32_MAX },	{ LY_TYPE_INT32, INT32_MIN, INT32_MAX },
	{ LY_TYPE_UINT64, 0, UINT64_MAX },	{ LY_TYPE_INT64, INT64_MIN, INT64_MAX },
};

const struct lysc_type *
value_type(const struct lysc_node *leaf)
{
	const struct lysc_type *type = leaf->nodetype == LYS_LEAFLIST
	                                       ? ((const struct lysc_node_leaflist *)leaf)->type
	                                       : ((const struct lysc_node_leaf *)leaf)->type;

	while (type->basetype == LY_TYPE_LEAFREF)
		type = ((const struct lysc_type_leafref *)type)->realtype;
	return type;
}

/* NULL when the type is no integer. */
static const struct number_limits *
limits_of(const struct lysc_type *type)
{
	for (size_t i = 0; i < ARRAY_SIZE(number_limits); i++) {
		if (number_limits[i].type == type->basetype)
			return &number_limits[i];
	}
	return NULL;
}

static bool
is_signed(const struct lysc_type *type)
{
	return type->basetype == LY_TYPE_INT8 || type->basetype == LY_TYPE_INT16 ||
	       type->basetype == LY_TYPE_INT32 || type->basetype == LY_TYPE_INT64;
}

/* "1..4|7" with between ".." and or "|"; "1 to 4 or 7" with " to " and " or ". */
static void
print_range(FILE *out, const struct lysc_type *type, const struct lysc_range *range,
            const char *between, const char *or)
{
	LY_ARRAY_COUNT_TYPE i;

	LY_ARRAY_FOR(range->parts, i) {
		fputs(i ? or : "", out);
		if (is_signed(type))
			fprintf(out, "%" PRId64, range->parts[i].min_64);
		else
			fprintf(out, "%" PRIu64, range->parts[i].min_u64);
		if (range->parts[i].min_u64 == range->parts[i].max_u64)
			continue;
		if (is_signed(type))
			fprintf(out, "%s%" PRId64, between, range->parts[i].max_64);
		else
			fprintf(out, "%s%" PRIu64, between, range->parts[i].max_u64);
	}
}

static void
print_number(FILE *out, const struct lysc_type *type, const char *between, const char *or)
{
	const struct number_limits *limits = limits_of(type);
	const struct lysc_range *range = ((const struct lysc_type_num *)type)->range;

	if (range)
		print_range(out, type, range, between, or);
	else
		fprintf(out, "%" PRId64 "%s%" PRIu64, limits->min, between, limits->max);
}

static void
print_form(FILE *out, const struct lysc_type *type)
{
	LY_ARRAY_COUNT_TYPE i;
	const char *form = "text";

	if (limits_of(type)) {
		print_number(out, type, "..", "|");
	} else if (type->basetype == LY_TYPE_ENUM) {
		const struct lysc_type_enum *choice = (const struct lysc_type_enum *)type;

		LY_ARRAY_FOR(choice->enums, i)
			fprintf(out, "%s%s", i ? "|" : "", choice->enums[i].name);
	} else if (type->basetype == LY_TYPE_BOOL) {
		fputs("true|false", out);
	} else if (type->basetype == LY_TYPE_UNION) {
		const struct lysc_type_union *any = (const struct lysc_type_union *)type;

		LY_ARRAY_FOR(any->types, i) {
			fputs(i ? " or " : "", out);
			print_form(out, any->types[i]);
		}
	} else {
		const struct lysc_type_str *string = (const struct lysc_type_str *)type;

		if (type->basetype == LY_TYPE_STRING) {
			LY_ARRAY_FOR(string->patterns, i) {
				if (string->patterns[i]->dsc)
					form = string->patterns[i]->dsc;
			}
		}
		fputs(form, out);
	}
}

char *
value_form(const struct lysc_node *leaf)
{
	char *text = NULL;
	size_t size;
	FILE *out = open_memstream(&text, &size);

	assert(out);
	print_form(out, value_type(leaf));
	fclose(out);
	assert(text);
	return text;
}

static void
print_choices(FILE *out, const struct lysc_type_enum *choice)
{
	LY_ARRAY_COUNT_TYPE i, count = LY_ARRAY_COUNT(choice->enums);

	fputs("must be ", out);
	LY_ARRAY_FOR(choice->enums, i) {
		fprintf(out, "%s%s", choice->enums[i].name,
		        i + 2 < count ? ", " : i + 2 == count ? " or " : "");
	}
}

static size_t
characters(const char *text)
{
	size_t count = 0;

	for (; *text; text++)
		count += ((unsigned char)*text & 0xc0) != 0x80;
	return count;
}

static bool
is_in_length(const struct lysc_range *length, size_t count)
{
	LY_ARRAY_COUNT_TYPE i;

	if (!length)
		return true;
	LY_ARRAY_FOR(length->parts, i) {
		if (count >= length->parts[i].min_u64 && count <= length->parts[i].max_u64)
			return true;
	}
	return false;
}

/* libyang's last message is the error-message of the pattern that did not fit. */
static void
print_string_rule(FILE *out, const struct lysc_type_str *type, const char *value,
                  const char *libyang_message)
{
	LY_ARRAY_COUNT_TYPE i;

	if (!is_in_length(type->length, characters(value))) {
		if (type->length->emsg) {
			fputs(type->length->emsg, out);
		} else {
			fputs("must have ", out);
			print_range(out, (const struct lysc_type *)type, type->length, " to ",
			            " or ");
			fputs(" characters", out);
		}
		return;
	}
	LY_ARRAY_FOR(type->patterns, i) {
		const char *message = type->patterns[i]->emsg;

		if (message && libyang_message && strcmp(message, libyang_message) == 0) {
			fputs(message, out);
			return;
		}
	}
	fputs("must be printable text (UTF-8) of the form: ", out);
	print_form(out, (const struct lysc_type *)type);
}

static void
print_rule(FILE *out, const struct lysc_type *type, const char *value, const char *libyang_message)
{
	if (limits_of(type)) {
		const struct lysc_range *range = ((const struct lysc_type_num *)type)->range;

		if (range && range->emsg) {
			fputs(range->emsg, out);
		} else {
			fputs("must be a number from ", out);
			print_number(out, type, " to ", " or ");
		}
	} else if (type->basetype == LY_TYPE_ENUM) {
		print_choices(out, (const struct lysc_type_enum *)type);
	} else if (type->basetype == LY_TYPE_BOOL) {
		fputs("must be true or false", out);
	} else if (type->basetype == LY_TYPE_STRING) {
		print_string_rule(out, (const struct lysc_type_str *)type, value, libyang_message);
	} else {
		fputs("must be ", out);
		print_form(out, type);
	}
}

/* YANG reads 010 as eight and 0x10 as sixteen; an operator who writes vif 010 means neither. */
static bool
is_plain_number(const char *value)
{
	if (*value == '-')
		value++;
	return value[0] != '\0' && value[strspn(value, "0123456789")] == '\0' &&
	       (value[0] != '0' || value[1] == '\0');
}

bool
value_is_text(const char *value)
{
	while (*value) {
		unsigned size = utf8_size(value);

		if (size == 0 || ((unsigned char)*value < 0x20 && !strchr("\t\n\r", *value)))
			return false;
		value += size;
	}
	return true;
}

bool
value_check(const struct lysc_node *leaf, const char *value, char **ret_rule)
{
	const struct lysc_type *type = value_type(leaf);
	struct ly_ctx *schema = leaf->module->ctx;
	const char *message;
	size_t size;
	FILE *out;
	LY_ERR r;

	if (limits_of(type) ? is_plain_number(value) : value_is_text(value)) {
		r = lyd_value_validate(schema, leaf, value, strlen(value), NULL, NULL, NULL);
		if (r == LY_SUCCESS || r == LY_EINCOMPLETE)
			return true;
	}
	message = ly_errmsg(schema);
	out = open_memstream(ret_rule, &size);
	assert(out);
	print_rule(out, type, value, message);
	fclose(out);
	assert(*ret_rule);
	ly_err_clean(schema, NULL);
	return false;
}

char *
value_sentence(const char *description)
{
	const char *from = description ? description : "";
	char *text = malloc(strlen(from) + 1), *to = text;

	assert(text);
	for (; *from; from++) {
		if (*from == '.' && (from[1] == '\0' || isspace((unsigned char)from[1])))
			break;
		if (!isspace((unsigned char)*from))
			*to++ = *from;
		else if (to > text && to[-1] != ' ')
			*to++ = ' ';
	}
	*to = '\0';
	return text;
}

const char *
value_mark(const struct lysc_ext_instance *marks, const char *name)
{
	LY_ARRAY_COUNT_TYPE i;

	LY_ARRAY_FOR(marks, i) {
		const struct lysc_ext *definition = marks[i].def;

		if (strcmp(definition->name, name) == 0 &&
		    strcmp(definition->module->name, "tandem-types") == 0)
			return marks[i].argument ? marks[i].argument : "";
	}
	return NULL;
}

const char *
value_enum_mark(const struct lysc_node *leaf, const char *value, const char *name)
{
	const struct lysc_type *type = value_type(leaf);
	const struct lysc_type_enum *choice = (const struct lysc_type_enum *)type;
	LY_ARRAY_COUNT_TYPE i;

	if (type->basetype != LY_TYPE_ENUM)
		return NULL;
	LY_ARRAY_FOR(choice->enums, i) {
		if (strcmp(choice->enums[i].name, value) == 0)
			return value_mark(choice->enums[i].exts, name);
	}
	return NULL;
}
