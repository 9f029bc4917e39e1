/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The operator's language: "set ...", "delete ..." lines and braces, in any order, words quoted
 * or not, into a libyang data tree and back.  Printing and parsing are each other's inverse.  It
 * knows the schema and nothing of VRRP: every node of any module can be written.
 *
 * Trees are lists of top-level siblings as libyang makes them; NULL is the empty configuration.
 * Leaves' types and ranges are checked while parsing; rules between nodes are check.h's.
 */
#ifndef TANDEM_LANGUAGE_H
#define TANDEM_LANGUAGE_H

#include <libyang/libyang.h>

#include "base/base.h"
#include "config/problem.h"

/*
 * Read a whole text, set commands or braces (recognised by itself; comments allowed), into *tree
 * (added to what is there).  Every faulty line becomes an error with its line number, and the rest
 * is read on; with errors *tree is left as it was.  0 or -EINVAL.
 */
int language_read(struct ly_ctx *schema, const char *text, struct lyd_node **tree,
                  struct problems *problems) MUST_USE;
/* Is a text one of commands?  Those begin with one of their verbs; no node is called so. */
bool language_is_commands(const char *text);

/* Split a line into words as the language does (quotes, backslash); heap, free with
 * language_free_words().  -EINVAL when a quote is open. */
int language_split(const char *line, char ***ret_words, size_t *ret_count) MUST_USE;
void language_free_words(char **words, size_t count);

/* One "set" or "delete" with the words after it.  -EINVAL and a problem; *tree unchanged.
 * Deleting what is not there is an error. */
int language_set(struct ly_ctx *schema, struct lyd_node **tree, char *const words[], size_t count,
                 unsigned line, struct problems *problems) MUST_USE;
int language_delete(struct ly_ctx *schema, struct lyd_node **tree, char *const words[],
                    size_t count, unsigned line, struct problems *problems) MUST_USE;

/*
 * A remark on a node, one line of text without C's end of comment; "" takes it away.  It is kept in
 * the tree (RFC 7952), stands above the node in braces, and is the line "comment <path> <text>"
 * among set commands.  -EINVAL and a problem when the node is not there or the text will not do.
 */
int language_comment(struct ly_ctx *schema, struct lyd_node *tree, char *const words[],
                     size_t count, const char *text, unsigned line,
                     struct problems *problems) MUST_USE;
/* The same for a node at hand; -EINVAL when the text will not do. */
int language_put_comment(struct lyd_node *node, const char *text) MUST_USE;
/* The remark on a node; NULL when there is none. */
const char *language_comment_of(const struct lyd_node *node);

/* Print; on the heap, free().  Secrets are printed as they are unless hide_secrets. */
char *language_print_set(const struct lyd_node *tree, bool hide_secrets);
char *language_print_braces(const struct lyd_node *tree, bool hide_secrets);
/* Only what stands below these words; NULL and a problem when there is no such path. */
char *language_print_below(struct ly_ctx *schema, const struct lyd_node *tree,
                           char *const words[], size_t count, bool as_set, bool hide_secrets,
                           struct problems *problems);

/* The differences for "compare": lines below "[edit path]" with "+" and "-"; "" when equal. */
char *language_compare(const struct lyd_node *old_tree, const struct lyd_node *new_tree,
                       bool hide_secrets);
/* How many nodes went, came or changed; one with all below it is one. */
size_t language_count_changes(const struct lyd_node *old_tree, const struct lyd_node *new_tree);

/* The new tree in braces with what differs from the old one marked at the beginning of the line:
 * "+" came, "-" went, ">" has another value, else a blank. */
char *language_print_marked(const struct lyd_node *old_tree, const struct lyd_node *new_tree,
                            bool hide_secrets);
/* Only what stands below these words in either; NULL and a problem when there is no such path. */
char *language_print_marked_below(struct ly_ctx *schema, const struct lyd_node *old_tree,
                                  const struct lyd_node *new_tree, char *const words[],
                                  size_t count, bool hide_secrets, struct problems *problems);

/* What stands in place of a secret. */
#define LANGUAGE_HIDDEN "********"

/* Is a leaf a secret (password)?  By an extension or by name, in one place. */
bool language_is_secret(const struct lysc_node *node);

/*
 * What may follow these complete words in "set" (or, with only_existing, in "delete" and "show"),
 * given what the tree holds: called once a candidate, in schema order.
 * word is the word itself, or NULL for a free value described by help; help is the YANG
 * description's first sentence, with the value's unit and what counts when it is not given ("...;
 * seconds, default 0"); value_form the type for people ("1..254", "IPv4 address/length").
 */
struct language_candidate {
	const char *word;
	const char *help;
	const char *value_form;		/* NULL for a keyword */
	const char *seen;		/* of a free value: the XPath in the state of names that
					 * may be meant; NULL: none */
	bool more;			/* further words may follow it */
};
typedef void language_candidate_call(void *owner, const struct language_candidate *candidate);
void language_complete(struct ly_ctx *schema, const struct lyd_node *tree, char *const words[],
                       size_t count, bool only_existing, language_candidate_call *call,
                       void *owner);

#endif
