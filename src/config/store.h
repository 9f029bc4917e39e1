/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Keeps the running configuration and the saved file.  Running lives in memory and in a file of the
 * run directory (gone at reboot, survives the manager); the saved file is what a reboot starts
 * from.  Both are written whole beside their place and renamed: at every instant each is complete
 * and one of old or new.  Mode 0600: they hold passwords.
 */
#ifndef TANDEM_STORE_H
#define TANDEM_STORE_H

#include <libyang/libyang.h>

#include "base/base.h"
#include "base/error.h"
#include "config/problem.h"
#include "core/settings.h"

struct store;

/* saved_path: config.boot; running_path: in the run directory.  Reads nothing yet. */
int store_new(struct ly_ctx *schema, const char *saved_path, const char *running_path,
              struct store **ret_store, struct error *error) MUST_USE;
void store_free(struct store *store);

/*
 * Before store_start(): an earlier service of this boot went as far as this revision; ours are
 * higher, so that nobody takes one for the other.
 */
void store_continue_after(struct store *store, uint64_t revision);

/*
 * Start: read the running file if it is there (the manager restarted), else the saved file, else
 * begin empty.  A file that does not pass is left as it is, its problems are reported, and running
 * is what it was (empty): 0, or -EINVAL with problems.
 */
int store_start(struct store *store, struct problems *problems) MUST_USE;

const struct lyd_node *store_running(const struct store *store);	/* may be NULL: empty */
/* 1, 2, 3 ...; never reused within a boot; 1 is the empty configuration it begins with. */
uint64_t store_revision(const struct store *store);

/* A candidate that passed everything, with the settings made from it. */
struct prepared {
	struct lyd_node *tree;		/* owned; NULL = empty configuration */
	struct settings *settings;	/* owned; revision is the one it will get */
	bool unchanged;			/* equals running: committing it is no work */
};

/* Validate, check and lift a tree (duplicated).  Changes nothing.  0 or -EINVAL with problems
 * (warnings may come with 0).  previous: what the engine runs, for stable names; may be NULL. */
int store_prepare(struct store *store, const struct lyd_node *tree,
                  const struct settings *previous, struct prepared *ret_prepared,
                  struct problems *problems) MUST_USE;
void prepared_done(struct prepared *prepared);

/* Write the running file (the point of no return) and make it running; takes the tree out of
 * *prepared.  0 or negative errno with *error and nothing changed. */
int store_commit(struct store *store, struct prepared *prepared, struct error *error) MUST_USE;

/* Write running to the saved file, in braces. */
int store_save(struct store *store, struct error *error) MUST_USE;
/* Does the saved file say the same as running? */
bool store_is_saved(const struct store *store);

#endif
