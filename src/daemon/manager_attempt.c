/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A commit is tried before it is made (decision 19): the engine adopts its settings, and only when
 * the kernel has refused none of them the running file is written, which is the point of no return.
 * Else the engine is given back what it ran, and the client is told what was refused.  Until then
 * the running file says what ran before: whoever dies meanwhile, that is what comes back.
 *
 * What may be refused is rehearsed beside the groups as they were, where that is not the same.
 *
 * What was refused before is no fault of the commit.  So an engine that is new, or still at work
 * with what runs, comes to rest with that before anything is tried.
 *
 * An engine that does not answer cannot refuse: the commit is made without its word.
 */
#include "daemon/manager_inside.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "api/reply.h"
#include "config/lift.h"
#include "config/rehearsal.h"
#include "config/schema.h"
#include "config/survey.h"
#include "system/clock.h"

#define REPETITIONS_MAX 3u		/* for engines that die one after the other */

enum phase {
	PHASE_FORMER,			/* the engine comes to rest with what it ran before */
	PHASE_REHEARSAL,		/* the engine adopts what the kernel may refuse */
	PHASE_WHOLE,			/* ... all of it */
	PHASE_RETURN,			/* ... what it ran before, again */
};

struct attempt {
	struct http_request *request;
	struct prepared prepared;
	struct settings *rehearsal;	/* NULL = there was no need of one */
	struct settings *former;	/* what the engine ran before */
	struct note note;
	enum phase phase;
	bool certain;			/* nothing that matters can be refused any more */
	unsigned repetitions;
	struct pending *pending;	/* for the engine's word on this phase */
	char *messages;			/* to be said with the outcome, one a line; heap */
	char *refusals;			/* why the engine returns, one a line; heap */
	nsec_t begun;
};

/* ---- what was refused ----------------------------------------------------------------------- */

/* Lines that begin with the kernel's name of an interface, with its path in that place. */
static char *
with_paths(const struct lyd_node *tree, const char *lines)
{
	struct survey survey = survey_tree(tree);
	char *text = NULL;

	while (*lines) {
		int length = (int)strcspn(lines, "\n"), name_length = (int)strcspn(lines, ":\n");
		char *name = strndup(lines, (size_t)name_length);
		int link = name_length < length ? survey_find(&survey, name) : -1;
		char *path = link < 0 ? name : schema_words(survey.links[link].node);

		lines_add(&text, "%s%.*s", path, length - name_length, lines + name_length);
		if (path != name)
			free(path);
		free(name);
		lines += length + (lines[length] == '\n');
	}
	survey_done(&survey);
	return text;
}

/* ---- the end -------------------------------------------------------------------------------- */

/* The attempt is over, and its client was answered. */
static void
forget(struct manager *m)
{
	struct attempt *a = m->attempt;

	m->attempt = NULL;
	prepared_done(&a->prepared);
	free(a->rehearsal);
	free(a->former);
	free(a->messages);
	free(a->refusals);
	free(a);
}

static void
end(struct manager *m)
{
	forget(m);
	manager_commit_resume(m);
}

/* Nothing was changed, or it was taken back. */
static void
fail(struct manager *m)
{
	struct attempt *a = m->attempt;

	lines_log(LOG_WARNING_LEVEL, "a commit was taken back", a->refusals);
	lines_add(&a->refusals, "Nothing was changed: revision %" PRIu64 " runs as before",
	          store_revision(m->store));
	reply_refusals(a->request, 500, a->refusals);
	end(m);
}

static void send_phase(struct manager *m, enum phase phase);

/* The point of no return. */
static void
make(struct manager *m, const struct channel_message *answer)
{
	struct attempt *a = m->attempt;
	struct error error;

	if (manager_commit_make(m, a->request, &a->prepared, &a->note, a->begun, &a->messages,
	                        &error) < 0) {
		lines_add(&a->refusals, "%s", error.text);
		send_phase(m, PHASE_RETURN);
		return;
	}
	if (answer) {
		manager_commit_note_adoption(m, answer);
		if (answer->text[0])
			lines_add(&a->messages, "%s", answer->text);
		log_info("revision %" PRIu64 " adopted %lld ms after its commit began",
		         answer->revision, (long long)((clock_now() - a->begun) / NSEC_PER_MSEC));
	} else {
		lines_add(&a->messages, "engine does not answer; it will adopt revision %" PRIu64
		          " when it is back", store_revision(m->store));
		log_warning("the engine does not answer; it will adopt revision %" PRIu64
		            " when it is back", store_revision(m->store));
	}
	reply_commit(a->request, store_revision(m->store), lines_or_empty(a->messages));
	end(m);
}

/* ---- the phases ----------------------------------------------------------------------------- */

static const struct settings *
settings_of(const struct attempt *a)
{
	return a->phase == PHASE_REHEARSAL ? a->rehearsal :
	       a->phase == PHASE_WHOLE ? a->prepared.settings : a->former;
}

static void
send_settings(struct manager *m)
{
	struct attempt *a = m->attempt;
	bool attempt = a->phase == PHASE_REHEARSAL || (a->phase == PHASE_WHOLE && !a->certain);
	int64_t number = manager_engine_send_settings(m, settings_of(a), attempt);

	a->pending->request = number < 0 ? 0 : (uint32_t)number;
}

/*
 * It is not known what a dead engine was told by the kernel.  After a rehearsal that is no matter,
 * and groups that have left must not come back for it.
 */
void
manager_attempt_repeat(struct manager *m)
{
	struct attempt *a = m->attempt;

	if (a->phase == PHASE_WHOLE && a->rehearsal)
		a->certain = true;
	else if (a->phase != PHASE_RETURN && a->repetitions++ < REPETITIONS_MAX)
		a->phase = PHASE_FORMER;
	send_settings(m);
}

static void
send_phase(struct manager *m, enum phase phase)
{
	struct attempt *a = m->attempt;

	a->phase = phase;
	a->pending = manager_engine_wait(m, a->request, CHANNEL_ADOPT);
	send_settings(m);
}

static enum phase
first_trial(const struct attempt *a)
{
	return a->rehearsal ? PHASE_REHEARSAL : PHASE_WHOLE;
}

void
manager_attempt_on_answer(struct manager *m, const struct channel_message *answer)
{
	struct attempt *a = m->attempt;
	bool refused = answer->outcome == CHANNEL_REFUSED ||
	               answer->outcome == CHANNEL_KERNEL_REFUSED;

	if (a->phase == PHASE_RETURN) {
		manager_commit_note_adoption(m, answer);
		fail(m);
	} else if (answer->outcome == CHANNEL_KERNEL_REFUSED) {
		a->refusals = with_paths(a->prepared.tree, answer->text);
		send_phase(m, PHASE_RETURN);
	} else if (refused) {
		lines_add(&a->refusals, "the engine refused revision %" PRIu64 ": %s",
		          answer->revision, answer->text);
		/* Of the rehearsal, if there was one, something is in force. */
		if (a->rehearsal && a->phase == PHASE_WHOLE)
			send_phase(m, PHASE_RETURN);
		else
			fail(m);
	} else if (a->phase == PHASE_FORMER) {
		manager_commit_note_adoption(m, answer);
		send_phase(m, first_trial(a));
	} else if (a->phase == PHASE_REHEARSAL) {
		send_phase(m, PHASE_WHOLE);
	} else {
		make(m, answer);
	}
}

void
manager_attempt_on_late(struct manager *m)
{
	struct attempt *a = m->attempt;

	if (a->phase == PHASE_RETURN) {
		lines_add(&a->refusals, "The engine does not answer; it will return to revision %"
		          PRIu64 " when it is back", store_revision(m->store));
		fail(m);
		return;
	}
	/* It may have to read what was sent before it says hello. */
	if (a->phase != PHASE_WHOLE)
		(void)manager_engine_send_settings(m, a->prepared.settings, false);
	make(m, NULL);
}

void
manager_attempt_abandon(struct manager *m)
{
	struct attempt *a = m->attempt;

	reply_error(a->request, 503, "operation-failed", NULL,
	            "the service is stopping; nothing was committed");
	forget(m);
}

static bool
same_but_for_revision(const struct settings *a, const struct settings *b)
{
	size_t head = offsetof(struct settings, counts);

	return a->size == b->size &&
	       memcmp((const char *)a + head, (const char *)b + head, a->size - head) == 0;
}

/* What the kernel is asked for first, where that is not all of it.  It has to pass every rule, or
 * nobody knows what it would mean to the engine. */
static void
rehearse(struct manager *m, struct attempt *a)
{
	struct lyd_node *tree = rehearsal_make(store_running(m->store), a->prepared.tree);
	struct prepared rehearsal = { 0 };
	struct problems problems = { 0 };
	struct settings *whole;

	if (!tree)
		return;
	if (store_prepare_taken(m->store, tree, a->former, &rehearsal, &problems) == 0 &&
	    !same_but_for_revision(rehearsal.settings, a->former)) {
		problems_done(&problems);
		/* New groups have virtual links already: those keep their names. */
		whole = lift_settings(a->prepared.tree, rehearsal.settings->revision,
		                      rehearsal.settings, &problems);
		assert(whole);		/* they were made before */
		free(a->prepared.settings);
		a->prepared.settings = whole;
		a->rehearsal = rehearsal.settings;
		rehearsal.settings = NULL;
	}
	prepared_done(&rehearsal);
	problems_done(&problems);
}

/* Does the kernel have nothing to do with what is new?  Then it is needless to look closer. */
static bool
concerns_groups_only(const struct settings *old, const struct settings *new)
{
	const struct group_settings *was = settings_groups(old), *is = settings_groups(new);
	size_t before = (size_t)((const char *)was - (const char *)old);
	size_t behind = before + old->group_count * sizeof(*was);

	if (old->size != new->size ||
	    memcmp(&old->counts, &new->counts, sizeof(old->counts)) != 0 ||
	    memcmp(settings_links(old), settings_links(new), old->link_count *
	           sizeof(struct link_settings)) != 0 ||
	    memcmp((const char *)old + behind, (const char *)new + behind, old->size - behind) != 0)
		return false;
	for (uint32_t i = 0; i < old->group_count; i++)
		if (was[i].link != is[i].link || was[i].vrid != is[i].vrid ||
		    was[i].family != is[i].family)
			return false;
	return true;
}

void
manager_attempt_begin(struct manager *m, const struct attempt_terms *terms)
{
	struct attempt *a = calloc(1, sizeof(*a));

	assert(a && !m->attempt);
	a->request = terms->request;
	a->prepared = *terms->prepared;
	*terms->prepared = (struct prepared){ 0 };
	a->former = terms->former ? settings_copy(terms->former)
	                          : settings_new(&(struct settings_counts){ 0 });
	assert(a->former);
	a->note = *terms->note;
	a->messages = terms->messages;
	a->begun = terms->begun;
	if (!concerns_groups_only(a->former, a->prepared.settings))
		rehearse(m, a);
	m->attempt = a;
	send_phase(m, m->unsettled ? PHASE_FORMER : first_trial(a));
}
