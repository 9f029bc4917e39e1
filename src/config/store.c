/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Running and saved configuration, each a file that is always whole.  Writing is: a new file
 * beside the old, its bytes on the disk, the new name, the name on the disk.  A crash anywhere
 * leaves the old file or the new one; what it may leave beside them is overwritten next time.
 *
 * Revision 1 is the empty configuration that every boot begins with; what the saved file adds is
 * revision 2.  The running file begins with its revision, so that a restarted manager goes on.
 */
#include "config/store.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "config/check.h"
#include "config/language.h"
#include "config/lift.h"

#define REVISION_LINE "# tandem revision "
#define FILE_SIZE_MAX (256 << 20)	/* what is larger is no configuration */

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
	struct lyd_node *running;
	uint64_t revision;
	struct saved_answer *answer;	/* behind a pointer: asking changes it, not the store */
};

int
store_new(struct ly_ctx *schema, const char *saved_path, const char *running_path,
          struct store **ret_store, struct error *error)
{
	struct store *store = calloc(1, sizeof(*store));

	if (!store)
		return error_set(error, -ENOMEM, "no memory for the configuration store");
	store->schema = schema;
	store->saved_path = strdup(saved_path);
	store->running_path = strdup(running_path);
	store->answer = calloc(1, sizeof(*store->answer));
	if (!store->saved_path || !store->running_path || !store->answer) {
		store_free(store);
		return error_set(error, -ENOMEM, "no memory for the configuration store");
	}
	store->revision = 1;
	*ret_store = store;
	return 0;
}

void
store_free(struct store *store)
{
	if (!store)
		return;
	lyd_free_siblings(store->running);
	free(store->saved_path);
	free(store->running_path);
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
	return store->revision;
}

/* The whole file with a zero behind it.  0 or negative errno; -EFBIG, -EINVAL for no text. */
static int
read_file(const char *path, char **ret_text)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	struct stat st;
	char *text = NULL;
	size_t length = 0;
	int r;

	if (fd < 0)
		return -errno;
	r = fstat(fd, &st) < 0 ? -errno : !S_ISREG(st.st_mode) ? -EINVAL
	    : st.st_size > FILE_SIZE_MAX ? -EFBIG : 0;
	if (r < 0)
		goto out;

	text = malloc((size_t)st.st_size + 1);
	if (!text) {
		r = -ENOMEM;
		goto out;
	}
	while (length < (size_t)st.st_size) {
		ssize_t got = read(fd, text + length, (size_t)st.st_size - length);

		if (got < 0 && errno == EINTR)
			continue;
		if (got < 0) {
			r = -errno;
			goto out;
		}
		if (got == 0)
			break;
		length += (size_t)got;
	}
	text[length] = '\0';
	if (strlen(text) != length) {
		r = -EINVAL;
		goto out;
	}
	*ret_text = text;
	text = NULL;
out:
	free(text);
	close(fd);
	return r;
}

static int
write_whole(int fd, const char *text)
{
	size_t left = strlen(text);

	while (left) {
		ssize_t written = write(fd, text, left);

		if (written < 0 && errno == EINTR)
			continue;
		if (written < 0)
			return -errno;
		text += written;
		left -= (size_t)written;
	}
	return fsync(fd) < 0 ? -errno : 0;
}

static int
sync_directory(const char *path)
{
	const char *slash = strrchr(path, '/');
	size_t length = !slash || slash == path ? 1 : (size_t)(slash - path);
	char *directory = strndup(slash ? path : ".", length);
	int fd, r;

	if (!directory)
		return -ENOMEM;
	fd = open(directory, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	r = fd < 0 || fsync(fd) < 0 ? -errno : 0;
	if (fd >= 0)
		close(fd);
	free(directory);
	return r;
}

/* Put text in place of the file at path.  The rename is the point of no return: what fails later
 * (the directory's way to the disk) does not undo it, and is not reported. */
static int
replace_file(const char *path, const char *text, struct error *error)
{
	char *beside = NULL;
	int fd, r;

	if (asprintf(&beside, "%s.new", path) < 0)
		return error_set(error, -ENOMEM, "no memory to write %s", path);
	fd = open(beside, O_WRONLY | O_CREAT | O_TRUNC | O_NOFOLLOW | O_CLOEXEC, 0600);
	if (fd < 0) {
		r = error_set(error, -errno, "cannot create %s: %s", beside, strerror(errno));
		goto out;
	}
	r = fchmod(fd, 0600) < 0 ? -errno : write_whole(fd, text);
	if (close(fd) < 0 && r == 0)
		r = -errno;
	if (r < 0) {
		(void)error_set(error, r, "cannot write %s: %s", beside, strerror(-r));
		(void)unlink(beside);
		goto out;
	}
	if (rename(beside, path) < 0) {
		r = error_set(error, -errno, "cannot rename %s to %s: %s", beside, path,
		              strerror(errno));
		(void)unlink(beside);
		goto out;
	}
	(void)sync_directory(path);
out:
	free(beside);
	return r;
}

static int
write_running(const struct store *store, const struct lyd_node *tree, uint64_t revision,
              struct error *error)
{
	char *braces = language_print_braces(tree, false);
	char *text = NULL;
	int r;

	if (asprintf(&text, REVISION_LINE "%" PRIu64 "\n%s", revision, braces) < 0) {
		free(braces);
		return error_set(error, -ENOMEM, "no memory to write %s", store->running_path);
	}
	r = replace_file(store->running_path, text, error);
	free(text);
	free(braces);
	return r;
}

/*
 * Read and check one file.  1 when it passed, 0 when there is none, -EINVAL with problems.  Lifting
 * is tried too: a configuration that cannot run must not become running.
 */
static int
load(struct store *store, const char *path, struct lyd_node **ret_tree, uint64_t *ret_revision,
     struct problems *problems)
{
	struct lyd_node *tree = NULL;
	struct settings *settings = NULL;
	char *text = NULL;
	int r = read_file(path, &text);

	if (r == -ENOENT)
		return 0;
	if (r < 0) {
		problems_error(problems, "", 0, "", path, "cannot be read: %s",
		               r == -EINVAL ? "it is no text file" : strerror(-r));
		return -EINVAL;
	}

	*ret_revision = 0;
	if (strncmp(text, REVISION_LINE, strlen(REVISION_LINE)) == 0)
		*ret_revision = strtoull(text + strlen(REVISION_LINE), NULL, 10);
	r = language_read(store->schema, text, &tree, problems);
	if (r == 0)
		r = check_tree(store->schema, &tree, problems);
	if (r == 0)
		settings = lift_settings(tree, store->revision, NULL, problems);
	free(text);
	if (!settings) {
		lyd_free_siblings(tree);
		return -EINVAL;
	}
	free(settings);
	*ret_tree = tree;
	return 1;
}

static void
make_running(struct store *store, struct lyd_node *tree, uint64_t revision)
{
	lyd_free_siblings(store->running);
	store->running = tree;
	store->revision = revision;
}

void
store_continue_after(struct store *store, uint64_t revision)
{
	if (store->revision < revision)
		store->revision = revision;
}

int
store_start(struct store *store, struct problems *problems)
{
	struct lyd_node *tree = NULL;
	struct error error;
	uint64_t revision;
	int r;

	r = load(store, store->running_path, &tree, &revision, problems);
	if (r < 0)
		return r;
	if (r > 0) {
		make_running(store, tree, revision ? revision : 1);
		return 0;
	}

	r = load(store, store->saved_path, &tree, &revision, problems);
	if (r <= 0)
		return r;
	make_running(store, tree, store->revision + 1);
	if (write_running(store, tree, store->revision, &error) < 0)
		problems_warning(problems, "", 0, "", NULL,
		                 "%s; a restarted manager will not know what is running",
				 error.text);
	return 0;
}

/* Trees are equal when they print the same: order of entries and defaults do not matter. */
static bool
says_the_same(const struct lyd_node *a, const struct lyd_node *b)
{
	char *text_a = language_print_set(a, false), *text_b = language_print_set(b, false);
	bool same = strcmp(text_a, text_b) == 0;

	free(text_a);
	free(text_b);
	return same;
}

int
store_prepare(struct store *store, const struct lyd_node *tree, const struct settings *previous,
              struct prepared *ret_prepared, struct problems *problems)
{
	struct prepared prepared = { 0 };

	if (tree && lyd_dup_siblings(tree, NULL, LYD_DUP_RECURSIVE | LYD_DUP_WITH_FLAGS,
	                             &prepared.tree) != LY_SUCCESS) {
		problems_error(problems, "", 0, "", NULL, "no memory for the configuration");
		return -EINVAL;
	}
	if (check_tree(store->schema, &prepared.tree, problems) == 0)
		prepared.settings = lift_settings(prepared.tree, store->revision + 1, previous,
		                                  problems);
	if (!prepared.settings) {
		prepared_done(&prepared);
		return -EINVAL;
	}
	prepared.unchanged = says_the_same(store->running, prepared.tree);
	*ret_prepared = prepared;
	return 0;
}

void
prepared_done(struct prepared *prepared)
{
	lyd_free_siblings(prepared->tree);
	free(prepared->settings);
	*prepared = (struct prepared){ 0 };
}

int
store_commit(struct store *store, struct prepared *prepared, struct error *error)
{
	uint64_t revision = prepared->settings->revision;
	int r = write_running(store, prepared->tree, revision, error);

	if (r < 0)
		return r;
	make_running(store, prepared->tree, revision);
	prepared->tree = NULL;
	return 0;
}

int
store_save(struct store *store, struct error *error)
{
	char *text = language_print_braces(store->running, false);
	int r = replace_file(store->saved_path, text, error);

	free(text);
	store->answer->known = false;
	return r;
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
	char *text = NULL;
	bool same;

	if (read_file(store->saved_path, &text) < 0)
		return false;
	same = language_read(store->schema, text, &tree, &problems) == 0 &&
	       says_the_same(tree, store->running);
	free(text);
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
		return !store->running || says_the_same(NULL, store->running);
	if (!answer->known || answer->revision != store->revision || !is_same_file(&answer->file,
										   &st))
		*answer = (struct saved_answer){
			.file = st, .revision = store->revision, .known = true,
			.saved = compare_saved(store),
		};
	return answer->saved;
}
