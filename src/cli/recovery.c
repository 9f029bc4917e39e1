/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A file holds two configurations in braces: what ran when the candidate began, and the candidate.
 * What is brought back is the difference, on top of what runs now, exactly as "rebase" does it.
 * Files stand in <state>/tandem, one a lost session; the newest that belongs to this service's
 * socket counts.  <state> is $XDG_STATE_HOME or ~/.local/state.
 */
#include "cli/recovery.h"

#include <errno.h>
#include <glob.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "cli/candidate.h"
#include "cli/file.h"
#include "cli/print.h"
#include "cli/rebase.h"
#include "config/language.h"

#define HEAD "# tandem candidate of "
#define DIVISION "\n# tandem candidate, edited\n"

/* Where the files stand, made if asked for; NULL when there is no such place.  Heap. */
static char *
directory(bool make)
{
	const char *state = getenv("XDG_STATE_HOME");
	const char *home = getenv("HOME");
	char *path = NULL;
	int length;

	if (state && state[0] == '/')
		length = asprintf(&path, "%s/tandem", state);
	else if (home && home[0] == '/')
		length = asprintf(&path, "%s/.local/state/tandem", home);
	else
		return NULL;
	assert(length > 0);
	for (char *slash = path + 1; make && (slash = strchr(slash, '/')); slash++) {
		*slash = '\0';
		(void)mkdir(path, 0700);	/* what is wrong shows when the file is made */
		*slash = '/';
	}
	if (make)
		(void)mkdir(path, 0700);
	return path;
}

void
recovery_keep(struct session *session)
{
	const struct candidate *candidate = session->candidate;
	char *folder = directory(true), *base, *edited, *path = NULL, *text = NULL;
	struct error error;

	if (!folder)
		return;
	base = language_print_braces(candidate->running, false);
	edited = language_print_braces(candidate->tree, false);
	if (asprintf(&path, "%s/candidate-%ld-%d", folder, (long)time(NULL), (int)getpid()) < 0 ||
	    asprintf(&text, HEAD "%s\n%s" DIVISION "%s", client_socket(session->client), base,
	             edited) < 0)
		assert(!"there is memory for a file");
	if (file_write(path, text, &error) < 0)
		(void)session_tell(session, &error);
	else
		fprintf(session->err, "tandem: uncommitted changes are kept in %s; 'recover' in "
		        "configuration mode brings them back\n", path);
	free(folder);
	free(base);
	free(edited);
	free(path);
	free(text);
}

/* Is this the text of a lost session of this router?  Then it is cut in two. */
static bool
divide(const struct session *session, char *text, char **ret_base, char **ret_edited)
{
	const char *socket = client_socket(session->client);
	char *end = strchr(text, '\n');
	char *division = strstr(text, DIVISION);

	if (!end || !division || strncmp(text, HEAD, strlen(HEAD)) != 0 ||
	    strlen(socket) != (size_t)(end - text) - strlen(HEAD) ||
	    memcmp(text + strlen(HEAD), socket, strlen(socket)) != 0)
		return false;
	*division = '\0';
	*ret_base = division > end ? end + 1 : division;
	*ret_edited = division + strlen(DIVISION);
	return true;
}

/* Of a lost session: what ran, and what it had become. */
struct lost {
	char *path;
	time_t when;
	struct lyd_node *base;
	struct lyd_node *edited;
};

static void
lost_done(struct lost *lost)
{
	free(lost->path);
	lyd_free_all(lost->base);
	lyd_free_all(lost->edited);
}

static bool
read_lost(struct session *session, const char *path, struct lost *ret_lost)
{
	struct lost lost = { 0 };
	struct problems problems = { 0 };
	char *text, *base, *edited;
	struct stat about;
	bool good;

	if (stat(path, &about) < 0 || about.st_uid != geteuid() ||
	    file_read(path, &text, NULL) < 0)
		return false;
	good = divide(session, text, &base, &edited) &&
	       language_read(session->schema, base, &lost.base, &problems) == 0 &&
	       language_read(session->schema, edited, &lost.edited, &problems) == 0;
	free(text);
	problems_done(&problems);
	if (!good) {
		lost_done(&lost);
		return false;
	}
	lost.path = strdup(path);
	lost.when = about.st_mtime;
	assert(lost.path);
	*ret_lost = lost;
	return true;
}

/* The newest lost session of this router; their names sort by time. */
static bool
find_lost(struct session *session, struct lost *ret_lost)
{
	char *folder = directory(false), *pattern = NULL;
	bool found = false;
	glob_t files;

	if (!folder)
		return false;
	if (asprintf(&pattern, "%s/candidate-*", folder) < 0)
		pattern = NULL;
	assert(pattern);
	if (glob(pattern, 0, NULL, &files) == 0) {
		for (size_t i = files.gl_pathc; i > 0 && !found; i--)
			found = read_lost(session, files.gl_pathv[i - 1], ret_lost);
		globfree(&files);
	}
	free(pattern);
	free(folder);
	return found;
}

void
recovery_offer(struct session *session)
{
	struct lost lost;
	struct tm parts;
	char when[32] = "";
	size_t changes;

	if (!find_lost(session, &lost))
		return;
	if (localtime_r(&lost.when, &parts))
		(void)strftime(when, sizeof(when), "%Y-%m-%d %H:%M:%S", &parts);
	changes = language_count_changes(lost.base, lost.edited);
	print_said(session->out, "A session that was lost at %s left %zu uncommitted change%s: "
	           "'recover' brings %s back, 'recover discard' drops %s", when, changes,
	           changes == 1 ? "" : "s", changes == 1 ? "it" : "them",
	           changes == 1 ? "it" : "them");
	lost_done(&lost);
}

static enum outcome
nothing_lost(struct session *session)
{
	fprintf(session->err, "There are no changes of a lost session\n");
	return OUTCOME_FAILED;
}

enum outcome
recovery_run(struct session *session, char *const arguments[] UNUSED, size_t count UNUSED)
{
	struct candidate *candidate = session->candidate;
	enum outcome outcome = OUTCOME_FAILED;
	struct lyd_node *tree;
	char *clashes;
	struct lost lost;

	if (!find_lost(session, &lost))
		return nothing_lost(session);
	if (!rebase_tree(lost.base, lost.edited, candidate->tree, &tree, &clashes)) {
		fprintf(session->err, "The changes stay in %s: the same was changed since, so a "
		        "person must decide:\n", lost.path);
		rebase_print_clashes(session->err, clashes);
		fprintf(session->err, "Make these here as they were there, and say 'recover' "
		        "again; or 'recover discard' drops all.\n");
	} else {
		candidate_replace_tree(candidate, tree);
		(void)unlink(lost.path);
		outcome = OUTCOME_DONE;
	}
	lost_done(&lost);
	return outcome;
}

enum outcome
recovery_discard(struct session *session, char *const arguments[] UNUSED, size_t count UNUSED)
{
	struct lost lost;

	if (!find_lost(session, &lost))
		return nothing_lost(session);
	(void)unlink(lost.path);
	lost_done(&lost);
	return OUTCOME_DONE;
}
