/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Commits in their fixed order: prepare, have the engine try the settings (manager_attempt.c),
 * write the running file, put it into the history, answer.  One at a time: who comes meanwhile
 * waits.
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
#include "base/duration.h"
#include "config/lower_event.h"
#include "config/meeting.h"
#include "daemon/manager_peer.h"
#include "daemon/memory.h"
#include "daemon/subscribers.h"
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
	manager_peer_follow(m);
	subscribers_tell(m->subscribers, lower_commit_event(m->schema, store_note(m->store)));
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
		(void)manager_engine_send_settings(m, m->settings, false);
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

	if (m->attempt)
		arm_trial(m, 1);	/* what is being tried may end the trial */
	else if (store_note(m->store)->trial.seconds && return_to_former(m) < 0)
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
	char left[DURATION_TEXT_SIZE];

	duration_text(manager_commit_remaining(m), left);
	reply_error(request, 409, "operation-failed", NULL,
	            "revision %" PRIu64 " of %s waits to be confirmed, else revision %" PRIu64
	            " comes back in %s: 'confirm' keeps it, "
	            "'commit-confirm' tries yours in its place, and a commit of revision %" PRIu64
	            " ('rollback' to it, 'commit') goes back at once", running->revision,
	            running->user, running->trial.returns_to, left, running->trial.returns_to);
}

int
manager_commit_make(struct manager *m, const struct http_request *request,
                    struct prepared *prepared, const struct note *note, nsec_t begun,
                    char **messages, struct error *error)
{
	int r = make_running(m, prepared, note, error);
	char time[DURATION_TEXT_SIZE];

	if (r < 0)
		return r;
	follow_trial(m);
	if (note->trial.seconds)
		lines_add(messages, "revision %" PRIu64 " comes back in %s unless 'confirm' is "
		          "given before", store_note(m->store)->trial.returns_to,
		          duration_text(note->trial.seconds, time));
	log_commit(m, request, begun);
	record(m);
	if (m->record_problems)
		lines_add(messages, "%.*s", (int)strcspn(m->record_problems, "\n"),
		          m->record_problems);
	return 0;
}

/* ---- one at a time -------------------------------------------------------------------------- */

struct deferred {
	struct http_request *request;
	struct deferred *next;
};

/* Another commit is under way: when it is over this request is handled as if it came then. */
static void
defer(struct manager *m, struct http_request *request)
{
	struct deferred **at = &m->deferred, *deferred = calloc(1, sizeof(*deferred));

	assert(deferred);
	free(request->location);
	request->location = NULL;
	deferred->request = request;
	while (*at)
		at = &(*at)->next;
	*at = deferred;
}

void
manager_commit_resume(struct manager *m)
{
	struct deferred *list = m->deferred;

	m->deferred = NULL;
	while (list) {
		struct deferred *first = list;

		list = first->next;
		restconf_handle(&m->restconf, first->request);
		free(first);
	}
}

/* What the commit does to those who are master at this moment. */
static void
warn_of_meetings(const struct manager *m, const struct prepared *prepared,
                 const struct settings *previous, struct problems *problems)
{
	uint32_t count = memory_status_count(m->memory);
	struct vrouter_status *records;

	if (!meeting_is_possible(prepared->settings, previous))
		return;
	records = calloc((size_t)count + 1, sizeof(*records));
	assert(records);
	/* A record that cannot be read is nobody's. */
	for (uint32_t i = 0; i < count; i++)
		(void)memory_get_status(m->memory, i, &records[i]);
	meeting_rules(prepared->tree, prepared->settings, previous, records, count, problems);
	free(records);
}

void
manager_commit_on_candidate(void *owner, struct http_request *request,
                            struct lyd_node *candidate,
                            const struct commit_options *options)
{
	struct manager *m = owner;
	struct problems problems = { 0 };
	struct prepared prepared = { 0 };
	nsec_t begun = clock_now();
	struct settings *previous;
	char peer[MANAGER_PEER_SIZE];
	struct note note;
	char *messages;

	if (m->attempt && !options->dry_run) {
		lyd_free_all(candidate);
		defer(m, request);
		return;
	}
	previous = previous_settings(m);
	if (store_prepare_taken(m->store, candidate, previous, &prepared, &problems) < 0) {
		log_info("a configuration of %s was refused: %zu error%s",
		         auth_text(&request->peer, peer, sizeof(peer)), problems.errors,
		         problems.errors == 1 ? "" : "s");
		reply_problems(request, &problems);
		goto out;
	}

	warn_of_meetings(m, &prepared, previous, &problems);
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
		note = note_of(request, options);
		manager_attempt_begin(m, &(struct attempt_terms){
			.request = request, .prepared = &prepared, .former = previous,
			.note = &note, .messages = messages, .begun = begun });
	}
out:
	free(previous);
	prepared_done(&prepared);
	problems_done(&problems);
}

void
manager_commit_forget_deferred(struct manager *m)
{
	while (m->deferred) {
		struct deferred *first = m->deferred;

		m->deferred = first->next;
		free(first);
	}
}

/* ---- the engine's word ---------------------------------------------------------------------- */

/* What the kernel refused the engine has logged already. */
void
manager_commit_note_adoption(struct manager *m, const struct channel_message *answer)
{
	if (m->settings && answer->revision != m->settings->revision)
		return;			/* of another revision: this one's answer counts */

	free(m->adopt_problems);
	m->adopt_problems = NULL;
	if (answer->outcome == CHANNEL_REFUSED) {
		log_error("the engine refused revision %llu and runs what it ran before: %s",
		          (unsigned long long)answer->revision, answer->text);
		lines_add(&m->adopt_problems, "the engine refused revision %llu and runs what it "
		         "ran before: %s", (unsigned long long)answer->revision, answer->text);
	} else if (answer->text[0] != '\0') {
		lines_add(&m->adopt_problems, "%s", answer->text);
	}
}
