/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What a leaf may hold, in people's words, from its YANG type alone.
 */
#ifndef TANDEM_VALUE_H
#define TANDEM_VALUE_H

#include <libyang/libyang.h>

#include "base/base.h"

/* The type of a leaf or leaf-list, behind leafrefs. */
const struct lysc_type *value_type(const struct lysc_node *leaf);

/* The form of a value: "1..254", "lacp|active-backup|balanced", "IPv4 address/length"; heap. */
char *value_form(const struct lysc_node *leaf);

/*
 * Is it UTF-8 without control characters?  libyang asks that of JSON and not of single values; what
 * could not be sent to the service must not get into a candidate.
 */
bool value_is_text(const char *value);

/* May the leaf hold this?  If not: the rule it breaks, "must be a number from 1 to 254"; heap. */
bool value_check(const struct lysc_node *leaf, const char *value, char **ret_rule) MUST_USE;

/* A description's first sentence without its dot, blanks made single; heap; "" for NULL. */
char *value_sentence(const char *description);

/* The argument of one of our extensions on a node or enum, "" without argument; NULL if absent. */
const char *value_mark(const struct lysc_ext_instance *marks, const char *name);
/* Of the enum that the leaf's value is; NULL if absent. */
const char *value_enum_mark(const struct lysc_node *leaf, const char *value, const char *name);

#endif
