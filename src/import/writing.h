/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What the files of write share.  Only write.c begins and ends a struct writing.
 */
#ifndef TANDEM_WRITING_H
#define TANDEM_WRITING_H

#include <libyang/libyang.h>

#include "config/nameset.h"
#include "config/words.h"
#include "import/model.h"

struct writing {
	struct ly_ctx *schema;
	struct lyd_node **tree;
	struct model *model;
	struct words base;		/* below which write_put() puts */
	struct nameset places;		/* "interface number" of the groups written */
	const struct model_group **written;	/* by places */
	size_t written_count;
	struct nameset carried;		/* routes and rules of all groups */
	struct nameset links;		/* that were told of */
	struct nameset checks;		/* names that were given */
	unsigned rules;			/* that were given a priority here */
	bool told_user, told_arguments, told_ttl, told_pace;
};

/* Finding about a statement; name is whose it is, such as a group. */
void write_find(struct writing *w, enum finding_kind kind, struct place place, const char *name,
                const char *format, ...) PRINTF_LIKE(5, 6);

/* Set the words, ended by NULL, below the base.  What the schema refuses becomes a finding. */
bool write_put(struct writing *w, struct place place, const char *name, ...)
	__attribute__((sentinel)) MUST_USE;
/* The same where it does not matter whether it was refused. */
#define write_try(...) ((void)!write_put(__VA_ARGS__))

/* Begin and end what stands below further words, ended by NULL; the mark that begin returned. */
size_t write_begin(struct writing *w, ...) __attribute__((sentinel));
void write_end(struct writing *w, size_t mark);

/* Is there already what the base names? */
bool write_exists(struct writing *w);

/* Make sure that there is an interface of this name, and set the base to it.  False with a
 * finding when there can be none. */
bool write_link(struct writing *w, struct place place, const char *name) MUST_USE;
/* The same, leaving the base as it is. */
bool write_need_link(struct writing *w, struct place place, const char *name) MUST_USE;

/* Seconds with a fraction as microseconds; false when it is no such number up to a million. */
bool write_seconds(const char *text, uint64_t *ret_usec) MUST_USE;
/* The same of what the source said; what is no number is left with a finding. */
bool write_time(struct writing *w, const struct said *said, const char *name, const char *leaf,
                uint64_t *ret_usec) MUST_USE;
/* The seconds, rounded up, as the value of the words; what is no number is left with a finding. */
void write_whole_seconds(struct writing *w, const struct said *said, const char *name,
                         const char *leaf);
/* An address, perhaps with length, as a network with length and without bits beyond it; "default"
 * is that of the family.  False when it is none. */
bool write_network(const char *text, uint8_t family, char ret_text[static 64],
                   uint8_t *ret_family) MUST_USE;
/* An address without its length; false when it is none. */
bool write_address(const char *text, char ret_text[static 64], uint8_t *ret_family) MUST_USE;

/* A program with arguments as the language has it, on the model; NULL with a finding when there
 * is no such form. */
const char *write_command(struct writing *w, const struct said *said, const char *name);
/* As whom programs run: from the statement, or for all; leaf user below the base. */
void write_user(struct writing *w, struct place place, const char *name, const char *user);
/* What is checked and tracked by some group: write_check.c */
void write_checks(struct writing *w);
/* What a group tracks: write_check.c.  The base is the group. */
void write_tracks(struct writing *w, const struct model_group *group);
/* Programs, routes and rules that go with a group: write_carry.c.  The base is the group. */
void write_scripts(struct writing *w, const struct model_group *group);
void write_routes(struct writing *w, const struct model_group *group, bool has_v4, bool has_v6);
/* Virtual servers: write_balance.c */
void write_balance(struct writing *w);
/* Routes that do not move: write_static.c */
void write_statics(struct writing *w);
/* Everything of a group: write_group.c */
void write_group(struct writing *w, const struct model_group *group);

#endif
