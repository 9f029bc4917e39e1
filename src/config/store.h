/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Keeps the running configuration, the saved file and the history.  Running lives in memory and in
 * a file of the run directory (gone at reboot, survives the manager); the saved file is what a
 * reboot starts from; the history holds what ran (config/history).  All are written whole beside
 * their place and renamed: at every instant each is complete and one of old or new.  Mode 0600:
 * they hold passwords.
 *
 * A commit may be on trial: what was confirmed last is kept beside running, and who commits has
 * to confirm in time.  The store keeps and forgets trials; their time is the caller's.
 */
#ifndef TANDEM_STORE_H
#define TANDEM_STORE_H

#include <libyang/libyang.h>

#include "base/base.h"
#include "base/error.h"
#include "config/history.h"
#include "config/problem.h"
#include "config/surroundings.h"
#include "core/settings.h"

struct store;

struct store_places {
	const char *saved;		/* config.boot */
	const char *running;		/* in the run directory; "<running>.former" is ours, too */
	const char *history;		/* directory of the history; NULL = none is kept */
	/* What is around the router now, for the check of a commit; NULL = nobody knows. */
	void (*look_around)(struct surroundings *ret);
};

/* Reads nothing yet. */
int store_new(struct ly_ctx *schema, const struct store_places *places, struct store **ret_store,
              struct error *error) MUST_USE;
void store_free(struct store *store);

/*
 * Before store_start(): an earlier service of this boot went as far as this revision.  Unless its
 * running file is left, ours are higher, so that nobody takes one for the other.
 */
void store_continue_after(struct store *store, uint64_t revision);

/*
 * Start: read the running file if it is there (the manager restarted), else the saved file, else
 * begin empty.  now: seconds since 1970, when running began if it begins here.  A file that does
 * not pass is left as it is, its problems are reported, and running is what it was (empty): 0, or
 * -EINVAL with problems.
 */
int store_start(struct store *store, int64_t now, struct problems *problems) MUST_USE;

const struct lyd_node *store_running(const struct store *store);	/* may be NULL: empty */
/* 1, 2, 3 ...; never used for two configurations; 1 is the empty one that a history begins with. */
uint64_t store_revision(const struct store *store);
/* Who committed running, and its trial if it is on one. */
const struct note *store_note(const struct store *store);

/* A candidate that passed everything, with the settings made from it. */
struct prepared {
	struct lyd_node *tree;		/* owned; NULL = empty configuration */
	char *text;			/* the same in braces; owned */
	struct settings *settings;	/* owned; revision is the one it will get */
	bool unchanged;			/* equals running: committing it is no work */
	bool former;			/* running is on trial, and this is what would come back */
};

/* Validate, check and lift a tree (duplicated).  Changes nothing.  0 or -EINVAL with problems
 * (warnings may come with 0).  previous: what the engine runs, for stable names; may be NULL. */
int store_prepare(struct store *store, const struct lyd_node *tree,
                  const struct settings *previous, struct prepared *ret_prepared,
                  struct problems *problems) MUST_USE;
/* The same, of a tree that is taken. */
int store_prepare_taken(struct store *store, struct lyd_node *tree, const struct settings *previous,
                        struct prepared *ret_prepared, struct problems *problems) MUST_USE;
void prepared_done(struct prepared *prepared);

/*
 * Write the running file (the point of no return) and make it running; takes tree and text out of
 * *prepared.  note says who, when and why, and whether it is on trial (seconds and deadline); the
 * rest of it is filled in here.  0 or negative errno with *error and nothing changed.
 *
 * A trial on top of a trial returns to what was confirmed before both.  A commit that is not on
 * trial ends one.
 */
int store_commit(struct store *store, struct prepared *prepared, const struct note *note,
                 struct error *error) MUST_USE;

/* Put running into the history, if it is not in it: after every commit, when its work is under
 * way.  Whatever stopped this before, the next start makes up for it.  0 or negative errno. */
int store_record(struct store *store, struct error *error) MUST_USE;
const struct history *store_history(const struct store *store);	/* NULL = none is kept */

/* While running is on trial: what comes back; may be NULL, empty. */
const struct lyd_node *store_former(const struct store *store);
/* The trial is passed; running stays.  0 or negative errno with *error. */
int store_confirm(struct store *store, struct error *error) MUST_USE;

/* Write running to the saved file, in braces. */
int store_save(struct store *store, struct error *error) MUST_USE;
/* Does the saved file say the same as running? */
bool store_is_saved(const struct store *store);

/* The configuration of a revision, or in the saved file: as read, defaults and rules aside.  The
 * tree is the caller's.  0; -ENOENT when it is not there; -EINVAL with problems. */
int store_read_revision(const struct store *store, uint64_t revision, struct lyd_node **ret_tree,
                        struct problems *problems) MUST_USE;
int store_read_saved(const struct store *store, struct lyd_node **ret_tree,
                     struct problems *problems) MUST_USE;

#endif
