/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * One file an entry, "<revision>.boot".  There is no index that could disagree with the files: the
 * heads are read once at start and kept.  What cannot be read is left out, never removed; only
 * entries beyond the limit are, oldest first, after the new one is in place.
 */
#include "config/history.h"

#include <dirent.h>
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "config/files.h"

struct history {
	char *directory;
	struct note *notes;		/* oldest first */
	size_t count;
	size_t room;
};

/* The path of an entry, on the heap. */
static char *
path_of(const struct history *history, uint64_t revision)
{
	char *path = NULL;

	if (asprintf(&path, "%s/%" PRIu64 ".boot", history->directory, revision) < 0)
		path = NULL;
	assert(path);
	return path;
}

static void
keep(struct history *history, const struct note *note)
{
	if (history->count == history->room) {
		history->room = history->room ? 2 * history->room : 32;
		history->notes = reallocarray(history->notes, history->room,
		                              sizeof(*history->notes));
		assert(history->notes);
	}
	history->notes[history->count++] = *note;
}

static int
by_revision(const void *a, const void *b)
{
	uint64_t x = ((const struct note *)a)->revision, y = ((const struct note *)b)->revision;

	return (x > y) - (x < y);
}

/* One name of the directory: an entry, the rest of a crash, or somebody else's. */
static void
take_name(struct history *history, const char *name)
{
	char head[NOTE_TEXT_MAX], wanted[64], *path = NULL;
	unsigned long long revision;
	struct note note;
	char *end;

	revision = strtoull(name, &end, 10);
	if (end == name || (strcmp(end, ".boot") != 0 && strcmp(end, ".boot.new") != 0))
		return;
	if (asprintf(&path, "%s/%s", history->directory, name) < 0)
		path = NULL;
	assert(path);
	snprintf(wanted, sizeof(wanted), "%llu.boot", revision);
	if (strcmp(end, ".boot.new") == 0)
		(void)unlink(path);
	else if (strcmp(name, wanted) == 0 && files_read_head(path, head, sizeof(head)) > 0 &&
	         note_parse(head, &note) && note.revision == revision)
		keep(history, &note);
	free(path);
}

int
history_open(const char *directory, struct history **ret_history, struct error *error)
{
	struct history *history;
	DIR *listing;

	if (mkdir(directory, 0700) < 0 && errno != EEXIST)
		return error_set(error, -errno, "cannot make the directory %s: %s", directory,
		                 strerror(errno));
	listing = opendir(directory);
	if (!listing)
		return error_set(error, -errno, "cannot read the directory %s: %s", directory,
		                 strerror(errno));

	history = calloc(1, sizeof(*history));
	assert(history);
	history->directory = strdup(directory);
	assert(history->directory);
	for (const struct dirent *entry; (entry = readdir(listing)) != NULL; )
		take_name(history, entry->d_name);
	closedir(listing);
	if (history->count > 0)
		qsort(history->notes, history->count, sizeof(*history->notes), by_revision);
	*ret_history = history;
	return 0;
}

void
history_free(struct history *history)
{
	if (!history)
		return;
	free(history->directory);
	free(history->notes);
	free(history);
}

size_t
history_count(const struct history *history)
{
	return history->count;
}

const struct note *
history_note(const struct history *history, size_t number)
{
	return number < history->count ? &history->notes[history->count - 1 - number] : NULL;
}

const struct note *
history_find(const struct history *history, uint64_t revision)
{
	const struct note key = { .revision = revision };

	return history->count == 0 ? NULL : bsearch(&key, history->notes, history->count,
	                                            sizeof(key), by_revision);
}

int
history_read(const struct history *history, uint64_t revision, char **ret_text)
{
	char *path;
	int r;

	if (!history_find(history, revision))
		return -ENOENT;
	path = path_of(history, revision);
	r = files_read(path, ret_text);
	free(path);
	return r;
}

/* An entry that cannot be removed is forgotten all the same: the next start tries again. */
static void
forget_oldest(struct history *history, size_t limit)
{
	size_t beyond = history->count > limit ? history->count - limit : 0;

	for (size_t i = 0; i < beyond; i++) {
		char *path = path_of(history, history->notes[i].revision);

		(void)unlink(path);
		free(path);
	}
	history->count -= beyond;
	memmove(history->notes, history->notes + beyond, history->count * sizeof(*history->notes));
}

int
history_add(struct history *history, const struct note *note, const char *text, size_t limit,
            struct error *error)
{
	char head[NOTE_TEXT_MAX], *whole = NULL;
	const struct note *newest = history_note(history, 0);
	char *path;
	int r;

	assert(!newest || newest->revision < note->revision);
	note_print(note, head);
	if (asprintf(&whole, "%s%s", head, text) < 0)
		return error_set(error, -ENOMEM, "no memory for the history of commits");
	path = path_of(history, note->revision);
	r = files_replace(path, whole, error);
	free(path);
	free(whole);
	if (r < 0)
		return r;
	keep(history, note);
	forget_oldest(history, limit > 0 ? limit : 1);
	return 0;
}
