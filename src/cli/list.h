/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Lists of a state tree in the order people expect, and how groups are called on the screen.
 */
#ifndef TANDEM_LIST_H
#define TANDEM_LIST_H

#include <stdio.h>

#include <libyang/libyang.h>

#include "base/base.h"
#include "cli/print.h"

#define DIVIDER "--------------------------------------------------"

/* Sorted: dp0bond0, dp0bond0.9, dp0bond0.10, dp0bond1; nodes is on the heap, free() it. */
struct list {
	const struct lyd_node **nodes;
	size_t count;
};

struct list list_sort(const struct lyd_node *parent, const char *name,
                      int (*compare)(const void *, const void *));
/* By interface, group and family; by the leaf "name". */
int list_by_group(const void *a, const void *b);
int list_by_name(const void *a, const void *b);

/*
 * A group's number; where a group has addresses of both families, its second virtual router is
 * told apart: "1" and "1/ipv6".  Returns text.
 */
#define LIST_LABEL_SIZE 16
const char *list_label(const struct list *groups, size_t index, char text[LIST_LABEL_SIZE]);

/* All groups of the state, each under the headings of its interface and its number. */
void list_groups(FILE *out, const struct lyd_node *state,
                 void (*body)(FILE *out, const struct lyd_node *group));

/* text, or what stands for an empty one. */
const char *list_or(const char *text, const char *otherwise);
/* What keeps the group in FAULT, "this; that"; heap.  NULL when it is not there. */
char *list_fault(const struct lyd_node *group);
/* How long ago the group's last transition was. */
const char *list_elapsed(const struct lyd_node *group, char text[ELAPSED_TEXT_SIZE]);

#endif
