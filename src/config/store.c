/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Running, saved and former configuration, each a file that is always whole, and the history.
 *
 * The order of a commit makes every crash harmless.  If it is on trial, the former configuration
 * is written first: nobody looks at that file unless running says that it is on trial.  Then the
 * running file, with its note and its trial at its head: one rename changes all of them.  Then the
 * history: if that did not happen, the running file knows what is missing.
 *
 * Revision 1 is the empty configuration that everything begins with.  A boot whose saved file is
 * what the history ends with goes on with that revision; one that says something else is the next.
 */
#include "config/store.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "config/check.h"
#include "config/files.h"
#include "config/language.h"
#include "config/lift.h"
#include "config/tree.h"

#define HISTORY_DEFAULT 100	/* configurations that are kept; as in tandem-system.yang */

/* What store_is_saved() found, and for what. */
struct saved_answer {
	struct stat file;
	uint64_t revision;
	bool known;
	bool saved;
};

struct store {
	struct ly_ctx *schema;
	char *saved_path;
	char *running_path;
	char *former_path;
	struct history *history;	/* NULL = none is kept */
	struct lyd_node *running;
	char *text;			/* running in braces, canonical: equal texts say the same */
	struct note note;		/* of running */
	struct lyd_node *former;	/* while running is on trial: what comes back */
	uint64_t last_revision;		/* the highest that was ever used */
	uint64_t earlier_revision;	/* what an earlier service of this boot went as far as */
	void (*look_around)(struct surroundings *ret);	/* NULL = nobody knows */
	struct saved_answer *answer;	/* behind a pointer: asking changes it, not the store */
};

int
store_new(struct ly_ctx *schema, const struct store_places *places, struct store **ret_store,
          struct error *error)
{
	struct store *store = calloc(1, sizeof(*store));
	int r = 0;

	assert(store);
	store->schema = schema;
	store->look_around = places->look_around;
	store->saved_path = strdup(places->saved);
	store->running_path = strdup(places->running);
	store->answer = calloc(1, sizeof(*store->answer));
	if (asprintf(&store->former_path, "%s.former", places->running) < 0)
		store->former_path = NULL;
	store->text = strdup("");
	assert(store->saved_path && store->running_path && store->former_path && store->answer &&
	       store->text);
	store->note = (struct note){ .revision = 1 };
	store->last_revision = 1;
	if (places->history)
		r = history_open(places->history, &store->history, error);
	if (r < 0) {
		store_free(store);
		return r;
	}
	if (store->history && history_count(store->history) > 0)
		store->last_revision = history_note(store->history, 0)->revision;
	*ret_store = store;
	return 0;
}

void
store_free(struct store *store)
{
	if (!store)
		return;
	lyd_free_siblings(store->running);
	lyd_free_siblings(store->former);
	free(store->text);
	history_free(store->history);
	free(store->saved_path);
	free(store->running_path);
	free(store->former_path);
	free(store->answer);
	free(store);
}

const struct lyd_node *
store_running(const struct store *store)
{
	return store->running;
}

uint64_t
store_revision(const struct store *store)
{
	return store->note.revision;
}

const struct note *
store_note(const struct store *store)
{
	return &store->note;
}

const struct history *
store_history(const struct store *store)
{
	return store->history;
}

const struct lyd_node *
store_former(const struct store *store)
{
	return store->former;
}

/* Order of entries and defaults make no difference: the text is canonical. */
static bool
says(const struct lyd_node *tree, const char *text)
{
	char *printed = language_print_braces(tree, false);
	bool same = strcmp(printed, text) == 0;

	free(printed);
	return same;
}

/* Write a configuration with its note at its head. */
static int
write_headed(const char *path, const struct note *note, const char *text, struct error *error)
{
	char head[NOTE_TEXT_MAX], *whole = NULL;
	int r;

	note_print(note, head);
	if (asprintf(&whole, "%s%s", head, text) < 0)
		return error_set(error, -ENOMEM, "no memory to write %s", path);
	r = files_replace(path, whole, error);
	free(whole);
	return r;
}

/*
 * Read and check one file.  1 when it passed, 0 when there is none, -EINVAL with problems.  Lifting
 * is tried too: a configuration that cannot run must not become running.
 */
static int
load(struct store *store, const char *path, struct lyd_node **ret_tree, struct note *ret_note,
     struct problems *problems)
{
	struct lyd_node *tree = NULL;
	struct settings *settings = NULL;
	char *text = NULL;
	int r = files_read(path, &text);

	if (r == -ENOENT)
		return 0;
	if (r < 0) {
		problems_error(problems, "", 0, "", path, "cannot be read: %s",
		               r == -EINVAL ? "it is no text file" : strerror(-r));
		return -EINVAL;
	}

	(void)note_parse(text, ret_note);
	r = language_read(store->schema, text, &tree, problems);
	if (r == 0)
		r = check_tree(store->schema, &tree, problems);
	if (r == 0)
		settings = lift_settings(tree, store->note.revision, NULL, problems);
	free(text);
	if (!settings) {
		lyd_free_siblings(tree);
		return -EINVAL;
	}
	free(settings);
	*ret_tree = tree;
	return 1;
}

/* Takes tree and text. */
static void
make_running(struct store *store, struct lyd_node *tree, char *text, const struct note *note)
{
	lyd_free_siblings(store->running);
	free(store->text);
	store->running = tree;
	store->text = text;
	store->note = *note;
	if (store->last_revision < note->revision)
		store->last_revision = note->revision;
}

void
store_continue_after(struct store *store, uint64_t revision)
{
	store->earlier_revision = revision;
}

/* Running was on trial when the manager ended: what was confirmed last lies beside it.  If it is
 * lost, nothing can come back, and the trial is over. */
static void
load_former(struct store *store, struct problems *problems)
{
	struct problems faults = { 0 };
	struct note note;

	if (load(store, store->former_path, &store->former, &note, &faults) <= 0) {
		store->note.trial = (struct trial){ 0 };
		problems_warning(problems, "", 0, "", store->former_path,
		                 "is missing or damaged: revision %" PRIu64 " counts as confirmed",
		                 store->note.revision);
	}
	problems_done(&faults);
}

/* The same as the newest of the history has its revision: it is the same configuration. */
static bool
is_newest_entry(const struct store *store, const struct lyd_node *tree, struct note *ret_note)
{
	const struct note *newest = store->history ? history_note(store->history, 0) : NULL;
	struct problems problems = { 0 };
	struct lyd_node *entry = NULL;
	char *text = NULL, *entry_text = NULL;
	bool same = false;

	if (!newest || newest->revision < store->last_revision ||
	    history_read(store->history, newest->revision, &text) < 0)
		return false;
	if (language_read(store->schema, text, &entry, &problems) == 0) {
		entry_text = language_print_braces(entry, false);
		same = says(tree, entry_text);
	}
	free(text);
	free(entry_text);
	lyd_free_siblings(entry);
	problems_done(&problems);
	if (same)
		*ret_note = *newest;
	return same;
}

int
store_start(struct store *store, int64_t now, struct problems *problems)
{
	struct note note = { .time = now, .user = "tandem", .via = "start" };
	struct lyd_node *tree = NULL;
	struct error error;
	int r;

	r = load(store, store->running_path, &tree, &note, problems);
	/* What says what runs also says how far we are: the engine may have tried the next one. */
	if (r <= 0 && store->last_revision < store->earlier_revision)
		store->last_revision = store->earlier_revision;
	if (r <= 0 && store->note.revision < store->earlier_revision)
		store->note.revision = store->earlier_revision;
	if (r < 0)
		return r;
	if (r > 0) {
		note.revision = note.revision ? note.revision : 1;
		make_running(store, tree, language_print_braces(tree, false), &note);
		if (note.trial.seconds)
			load_former(store, problems);
		return 0;
	}

	note = (struct note){ .time = now, .user = "tandem", .via = "start" };
	r = load(store, store->saved_path, &tree, &(struct note){ 0 }, problems);
	if (r < 0)
		return r;
	if (!is_newest_entry(store, tree, &note))
		note.revision = r == 0 && store->last_revision <= 1 ? 1 : store->last_revision + 1;
	make_running(store, tree, language_print_braces(tree, false), &note);
	if (r > 0 && write_headed(store->running_path, &note, store->text, &error) < 0)
		problems_warning(problems, "", 0, "", NULL,
		                 "%s; a restarted manager will not know what is running",
				 error.text);
	return 0;
}

int
store_prepare(struct store *store, const struct lyd_node *tree, const struct settings *previous,
              struct prepared *ret_prepared, struct problems *problems)
{
	struct lyd_node *copy = NULL;

	if (tree && lyd_dup_siblings(tree, NULL, LYD_DUP_RECURSIVE | LYD_DUP_WITH_FLAGS,
	                             &copy) != LY_SUCCESS) {
		problems_error(problems, "", 0, "", NULL, "no memory for the configuration");
		return -EINVAL;
	}
	return store_prepare_taken(store, copy, previous, ret_prepared, problems);
}

int
store_prepare_taken(struct store *store, struct lyd_node *tree, const struct settings *previous,
                    struct prepared *ret_prepared, struct problems *problems)
{
	struct prepared prepared = { .tree = tree };
	struct surroundings around;

	if (store->look_around)
		store->look_around(&around);
	if (check_tree_around(store->schema, &prepared.tree,
	                      store->look_around ? &around : NULL, problems) == 0)
		prepared.settings = lift_settings(prepared.tree, store->last_revision + 1, previous,
		                                  problems);
	if (!prepared.settings) {
		prepared_done(&prepared);
		return -EINVAL;
	}
	prepared.text = language_print_braces(prepared.tree, false);
	prepared.unchanged = strcmp(prepared.text, store->text) == 0;
	prepared.former = store->note.trial.seconds && says(store->former, prepared.text);
	*ret_prepared = prepared;
	return 0;
}

void
prepared_done(struct prepared *prepared)
{
	lyd_free_siblings(prepared->tree);
	free(prepared->text);
	free(prepared->settings);
	*prepared = (struct prepared){ 0 };
}

static void
forget_former(struct store *store)
{
	lyd_free_siblings(store->former);
	store->former = NULL;
	(void)unlink(store->former_path);	/* without a trial nobody looks at it */
}

/* The first commit on trial: what runs now has to be on the disk before anything else changes. */
static int
keep_former(struct store *store, struct error *error)
{
	struct lyd_node *former = NULL;
	int r = write_headed(store->former_path, &store->note, store->text, error);

	if (r < 0)
		return r;
	if (store->running && lyd_dup_siblings(store->running, NULL,
	                                       LYD_DUP_RECURSIVE | LYD_DUP_WITH_FLAGS,
	                                       &former) != LY_SUCCESS)
		assert(!"a tree can be duplicated as long as there is memory");
	lyd_free_siblings(store->former);
	store->former = former;
	return 0;
}

int
store_commit(struct store *store, struct prepared *prepared, const struct note *note,
             struct error *error)
{
	const struct trial *before = &store->note.trial;
	struct note full = *note;
	int r = 0;

	full.revision = prepared->settings->revision;
	full.trial.returns_to = before->seconds ? before->returns_to : store->note.revision;
	if (full.trial.seconds && !before->seconds)
		r = keep_former(store, error);
	if (r == 0)
		r = write_headed(store->running_path, &full, prepared->text, error);
	if (r < 0)
		return r;
	make_running(store, prepared->tree, prepared->text, &full);
	prepared->tree = NULL;
	prepared->text = NULL;
	if (!full.trial.seconds)
		forget_former(store);
	return 0;
}

int
store_confirm(struct store *store, struct error *error)
{
	struct note note = store->note;
	int r;

	note.trial = (struct trial){ 0 };
	r = write_headed(store->running_path, &note, store->text, error);
	if (r < 0)
		return r;
	store->note = note;
	forget_former(store);
	return 0;
}

/* How many configurations the operator wants to be kept. */
static size_t
history_limit(const struct lyd_node *running)
{
	const struct lyd_node *node = running;

	while (node && strcmp(node->schema->name, "system") != 0)
		node = node->next;
	node = node ? tree_child(node, "config-management") : NULL;

	const char *limit = node ? tree_value(node, "commit-revisions") : NULL;

	return limit ? strtoul(limit, NULL, 10) : HISTORY_DEFAULT;
}

int
store_record(struct store *store, struct error *error)
{
	const struct note *newest = store->history ? history_note(store->history, 0) : NULL;
	struct note note = store->note;

	if (!store->history || (newest && newest->revision >= note.revision))
		return 0;
	note.trial = (struct trial){ 0 };
	return history_add(store->history, &note, store->text, history_limit(store->running),
	                   error);
}

int
store_save(struct store *store, struct error *error)
{
	int r = files_replace(store->saved_path, store->text, error);

	store->answer->known = false;
	return r;
}

/* ---- other configurations ------------------------------------------------------------------- */

/* Make a tree of a text (taken) that was read with result r. */
static int
read_text(const struct store *store, int r, char *text, const char *what,
          struct lyd_node **ret_tree, struct problems *problems)
{
	struct lyd_node *tree = NULL;

	if (r == -ENOENT)
		return r;
	if (r < 0) {
		problems_error(problems, "", 0, "", what, "cannot be read: %s", strerror(-r));
		return -EINVAL;
	}
	r = language_read(store->schema, text, &tree, problems);
	free(text);
	if (r == 0)
		*ret_tree = tree;
	return r;
}

int
store_read_revision(const struct store *store, uint64_t revision, struct lyd_node **ret_tree,
                    struct problems *problems)
{
	char *text = NULL;
	char name[32];
	int r = -ENOENT;

	if (revision == store->note.revision) {
		*ret_tree = NULL;
		if (store->running && lyd_dup_siblings(store->running, NULL, LYD_DUP_RECURSIVE |
		                                       LYD_DUP_WITH_FLAGS, ret_tree) != LY_SUCCESS)
			assert(!"a tree can be duplicated as long as there is memory");
		return 0;
	}
	snprintf(name, sizeof(name), "revision %" PRIu64, revision);
	if (store->history)
		r = history_read(store->history, revision, &text);
	return read_text(store, r, text, name, ret_tree, problems);
}

int
store_read_saved(const struct store *store, struct lyd_node **ret_tree, struct problems *problems)
{
	char *text = NULL;
	int r = files_read(store->saved_path, &text);

	return read_text(store, r, text, store->saved_path, ret_tree, problems);
}

static bool
is_same_file(const struct stat *a, const struct stat *b)
{
	return a->st_ino == b->st_ino && a->st_dev == b->st_dev && a->st_size == b->st_size &&
	       a->st_mtim.tv_sec == b->st_mtim.tv_sec && a->st_mtim.tv_nsec == b->st_mtim.tv_nsec;
}

static bool
compare_saved(const struct store *store)
{
	struct problems problems = { 0 };
	struct lyd_node *tree = NULL;
	bool same = store_read_saved(store, &tree, &problems) == 0 &&
	            says(tree, store->text);

	lyd_free_siblings(tree);
	problems_done(&problems);
	return same;
}

bool
store_is_saved(const struct store *store)
{
	/* Asked for every status; the answer is kept while neither file nor revision changes. */
	struct saved_answer *answer = store->answer;
	struct stat st;

	if (stat(store->saved_path, &st) < 0)
		return store->text[0] == '\0';
	if (!answer->known || answer->revision != store->note.revision ||
	    !is_same_file(&answer->file, &st))
		*answer = (struct saved_answer){
			.file = st, .revision = store->note.revision, .known = true,
			.saved = compare_saved(store),
		};
	return answer->saved;
}
