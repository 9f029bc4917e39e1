/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Commits in their fixed order: prepare, write the running file, hand the settings to the engine,
 * put them into the history, wait a little for the engine's word, answer.
 *
 * A commit with a confirm-timeout is on trial: unless it is confirmed in time, what was confirmed
 * last is committed again, whatever has become of the client and of this process in between.  While
 * a trial runs, nobody else's commit goes between: it would be lost with the trial, or be taken
 * for its confirmation.
 */
#include "daemon/manager_inside.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "api/reply.h"
#include "system/clock.h"

#define USEC_PER_SEC ((uint64_t)(NSEC_PER_SEC / NSEC_PER_USEC))
#define RETURN_AGAIN 10			/* seconds until a return that failed is tried again */

static void
log_commit(const struct manager *m, const struct http_request *request, nsec_t begun)
{
	const char *comment = store_note(m->store)->comment;
	char peer[MANAGER_PEER_SIZE];

	log_notice("revision %" PRIu64 " committed by %s in %lld ms%s%s",
	           store_revision(m->store), auth_text(&request->peer, peer, sizeof(peer)),
	           (long long)((clock_now() - begun) / NSEC_PER_MSEC), *comment ? ": " : "",
	           comment);
}

/* ---- making it run -------------------------------------------------------------------------- */

/* What the engine runs, or will: a virtual link keeps its name from one revision to the next. */
static struct settings *
previous_settings(const struct manager *m)
{
	return m->settings ? settings_copy(m->settings) : memory_get_settings(m->memory);
}

/* The point of no return; 0, or negative errno with *error and everything as before. */
static int
make_running(struct manager *m, struct prepared *prepared, const struct note *note,
             struct error *error)
{
	int r = store_commit(m->store, prepared, note, error);

	if (r < 0) {
		log_error("a commit failed, the running configuration is as before: %s",
		          error->text);
		return r;
	}
	free(m->settings);
	m->settings = prepared->settings;
	prepared->settings = NULL;
	free(m->start_problems);
	m->start_problems = NULL;
	return 0;
}

/* Put running into the history.  A disk that is full must not keep a router from being configured,
 * so a failure is a problem to repair and no more. */
static void
record(struct manager *m)
{
	struct error error;

	if (!store_history(m->store))
		return;
	free(m->record_problems);
	m->record_problems = NULL;
	if (store_record(m->store, &error) == 0)
		return;
	log_warning("revision %" PRIu64 " is not in the history of commits: %s",
	            store_revision(m->store), error.text);
	lines_add(&m->record_problems, "revision %" PRIu64 " is not in the history of commits: %s",
	          store_revision(m->store), error.text);
}

/* ---- trials --------------------------------------------------------------------------------- */

static int64_t
seconds_since_boot(void)
{
	return clock_now() / NSEC_PER_SEC;
}

uint64_t
manager_commit_remaining(const struct manager *m)
{
	const struct trial *trial = &store_note(m->store)->trial;
	int64_t left = trial->deadline - seconds_since_boot();

	/* More than was given: the deadline is of another boot and long over. */
	return left < 0 || left > trial->seconds ? 0 : (uint64_t)left;
}

static int on_trial_over(sd_event_source *source, uint64_t usec, void *owner);

/* See to it that the former configuration comes back in so many seconds, unless confirmed. */
static void
arm_trial(struct manager *m, uint64_t seconds)
{
	sd_event_source_disable_unref(m->trial);
	m->trial = NULL;
	if (sd_event_add_time_relative(m->event, &m->trial, CLOCK_BOOTTIME,
	                               seconds * USEC_PER_SEC, USEC_PER_SEC / 10, on_trial_over,
	                               m) < 0)
		assert(!"a timer needs nothing but memory");
}

/* The trial is over, one way or the other, or another one began. */
static void
follow_trial(struct manager *m)
{
	if (store_note(m->store)->trial.seconds) {
		arm_trial(m, manager_commit_remaining(m));
	} else {
		sd_event_source_disable_unref(m->trial);
		m->trial = NULL;
	}
}

/* Commit again what was confirmed last. */
static int
return_to_former(struct manager *m)
{
	struct settings *previous = previous_settings(m);
	struct problems problems = { 0 };
	struct prepared prepared = { 0 };
	struct note note = { .time = clock_wall() / NSEC_PER_SEC, .user = "tandem",
	                     .via = "return" };
	struct error error;
	int r;

	snprintf(note.comment, sizeof(note.comment), "revision %" PRIu64 " was not confirmed",
	         store_revision(m->store));
	r = store_prepare(m->store, store_former(m->store), previous, &prepared, &problems);
	if (r < 0) {
		char *lines = lines_of_problems(&problems, false);

		lines_log(LOG_ERROR_LEVEL, "the former configuration cannot come back",
		          lines_or_empty(lines));
		free(lines);
	}
	if (r == 0)
		r = make_running(m, &prepared, &note, &error);
	if (r == 0) {
		log_notice("%s: what ran before comes back as revision %" PRIu64, note.comment,
		           store_revision(m->store));
		(void)manager_engine_send_settings(m);
		record(m);
	}
	free(previous);
	prepared_done(&prepared);
	problems_done(&problems);
	return r;
}

static int
on_trial_over(sd_event_source *source UNUSED, uint64_t usec UNUSED, void *owner)
{
	struct manager *m = owner;

	if (store_note(m->store)->trial.seconds && return_to_former(m) < 0)
		arm_trial(m, RETURN_AGAIN);
	else
		follow_trial(m);
	return 0;
}

void
manager_commit_confirm(struct manager *m, struct http_request *request)
{
	char peer[MANAGER_PEER_SIZE];
	struct error error;

	if (!store_note(m->store)->trial.seconds) {
		reply_error(request, 409, "operation-failed", NULL,
		            "nothing waits to be confirmed");
		return;
	}
	if (store_confirm(m->store, &error) < 0) {
		log_error("a commit could not be confirmed: %s", error.text);
		reply_error(request, 500, "operation-failed", NULL, "%s", error.text);
		return;
	}
	follow_trial(m);
	log_notice("revision %" PRIu64 " confirmed by %s", store_revision(m->store),
	           auth_text(&request->peer, peer, sizeof(peer)));
	reply_done(request, store_revision(m->store));
}

void
manager_commit_on_start(struct manager *m)
{
	if (m->settings)
		record(m);
	follow_trial(m);
}

/* ---- a client's commit ---------------------------------------------------------------------- */

/* Hand over to the engine, and wait for its word. */
static void
commit_to_engine(struct manager *m, struct http_request *request, char *messages, nsec_t begun)
{
	struct pending *pending = manager_engine_wait(m, request, CHANNEL_ADOPT);
	int64_t number = manager_engine_send_settings(m);

	record(m);
	if (m->record_problems)
		lines_add(&messages, "%.*s", (int)strcspn(m->record_problems, "\n"),
		          m->record_problems);
	pending->begun = begun;
	pending->revision = m->settings->revision;
	pending->messages = messages;
	if (number < 0)
		manager_engine_late(pending);
	else
		pending->request = (uint32_t)number;
}

/* Who commits what, and how. */
static struct note
note_of(const struct http_request *request, const struct commit_options *options)
{
	const char *agent = http_header(request, "User-Agent");
	bool ours = agent && strncmp(agent, "tandem/", strlen("tandem/")) == 0;
	struct note note = { .time = clock_wall() / NSEC_PER_SEC };

	auth_name(&request->peer, note.user, sizeof(note.user));
	snprintf(note.via, sizeof(note.via), "%s", ours ? "cli" : "api");
	snprintf(note.comment, sizeof(note.comment), "%s", options->comment);
	note.trial.seconds = options->confirm_timeout;
	note.trial.deadline = seconds_since_boot() + options->confirm_timeout;
	return note;
}

/* While running is on trial, only its own repetition or its end may follow. */
static bool
trial_is_in_the_way(const struct manager *m, const struct prepared *prepared,
                    const struct commit_options *options)
{
	return store_note(m->store)->trial.seconds && options->confirm_timeout == 0 &&
	       !prepared->former;
}

static void
refuse_for_trial(const struct manager *m, struct http_request *request)
{
	const struct note *running = store_note(m->store);
	uint64_t left = manager_commit_remaining(m);

	reply_error(request, 409, "operation-failed", NULL,
	            "revision %" PRIu64 " of %s waits to be confirmed, else revision %" PRIu64
	            " comes back in %" PRIu64 " min %" PRIu64 " s: 'confirm' keeps it, "
	            "'commit-confirm' tries yours in its place, and a commit of revision %" PRIu64
	            " goes back at once", running->revision, running->user,
	            running->trial.returns_to, left / 60, left % 60, running->trial.returns_to);
}

/* Everything was checked.  messages (taken): warnings to be said with the outcome. */
static void
commit(struct manager *m, struct http_request *request, struct prepared *prepared,
       const struct commit_options *options, char *messages, nsec_t begun)
{
	const struct note note = note_of(request, options);
	struct error error;

	if (make_running(m, prepared, &note, &error) < 0) {
		reply_error(request, 500, "operation-failed", NULL, "%s", error.text);
		free(messages);
		return;
	}
	follow_trial(m);
	if (note.trial.seconds)
		lines_add(&messages, "revision %" PRIu64 " comes back in %u min %u s unless "
		          "'confirm' is given before", store_note(m->store)->trial.returns_to,
		          note.trial.seconds / 60, note.trial.seconds % 60);
	log_commit(m, request, begun);
	commit_to_engine(m, request, messages, begun);
}

void
manager_commit_on_candidate(void *owner, struct http_request *request,
                            const struct lyd_node *candidate,
                            const struct commit_options *options)
{
	struct manager *m = owner;
	struct problems problems = { 0 };
	struct prepared prepared = { 0 };
	nsec_t begun = clock_now();
	struct settings *previous = previous_settings(m);
	char peer[MANAGER_PEER_SIZE];
	char *messages;

	if (store_prepare(m->store, candidate, previous, &prepared, &problems) < 0) {
		log_info("a configuration of %s was refused: %zu error%s",
		         auth_text(&request->peer, peer, sizeof(peer)), problems.errors,
		         problems.errors == 1 ? "" : "s");
		reply_problems(request, &problems);
		goto out;
	}

	messages = lines_of_problems(&problems, true);
	/* Where nothing was loaded, even an empty configuration is news to the engine. */
	if (options->dry_run || (prepared.unchanged && m->settings)) {
		request->created = false;
		reply_commit(request, store_revision(m->store), lines_or_empty(messages));
		free(messages);
	} else if (trial_is_in_the_way(m, &prepared, options)) {
		refuse_for_trial(m, request);
		free(messages);
	} else {
		commit(m, request, &prepared, options, messages, begun);
	}
out:
	free(previous);
	prepared_done(&prepared);
	problems_done(&problems);
}

/* ---- the engine's word ---------------------------------------------------------------------- */

/* The engine's word on settings, whether a client waits for it or not.  What the kernel refused
 * the engine has logged already. */
static void
note_adoption(struct manager *m, const struct channel_message *answer)
{
	if (m->settings && answer->revision != m->settings->revision)
		return;			/* of an older revision: the newer one's answer counts */

	free(m->adopt_problems);
	m->adopt_problems = NULL;
	if (answer->outcome == CHANNEL_REFUSED) {
		log_error("the engine refused revision %llu and runs what it ran before: %s",
		          (unsigned long long)answer->revision, answer->text);
		lines_add(&m->adopt_problems, "the engine refused revision %llu and runs what it "
		         "ran before: %s", (unsigned long long)answer->revision, answer->text);
	} else if (answer->outcome == CHANNEL_INCOMPLETE) {
		lines_add(&m->adopt_problems, "%s", answer->text);
	}
}

static void
answer_commit(struct manager *m, struct pending *pending, const struct channel_message *answer)
{
	if (answer->outcome == CHANNEL_REFUSED)
		lines_add(&pending->messages, "the engine refused revision %llu and runs what it "
		         "ran before: %s", (unsigned long long)answer->revision, answer->text);
	else if (answer->text[0] != '\0')
		lines_add(&pending->messages, "%s", answer->text);
	if (answer->outcome != CHANNEL_REFUSED)
		log_info("revision %llu adopted %lld ms after its commit began",
		         (unsigned long long)answer->revision,
		         (long long)((clock_now() - pending->begun) / NSEC_PER_MSEC));
	reply_commit(pending->http, store_revision(m->store), lines_or_empty(pending->messages));
}

void
manager_commit_on_answer(struct manager *m, struct pending *pending,
                         const struct channel_message *answer)
{
	note_adoption(m, answer);
	if (pending)
		answer_commit(m, pending, answer);
}

void
manager_commit_on_late(struct pending *pending)
{
	lines_add(&pending->messages, "engine does not answer; it will adopt revision %" PRIu64
	          " when it is back", pending->revision);
	log_warning("the engine does not answer; it will adopt revision %" PRIu64
	            " when it is back", pending->revision);
	reply_commit(pending->http, pending->revision, pending->messages);
}
