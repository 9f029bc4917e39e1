/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The manager's role: the configuration store and the API in one loop.  It carries out commits in
 * their fixed order (prepare, write the running file, hand the settings to the engine, wait a
 * little for the engine's word) and gathers what is true now for those who ask.
 *
 * It may block and it may die: nothing in the network depends on it.  It has no power over the
 * kernel, reads the engine's memory without disturbing it, and asks the engine for things over
 * the channel only.  An engine that does not answer must not keep the API from answering.
 */
#include <errno.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/prctl.h>
#include <systemd/sd-event.h>
#include <unistd.h>

#include "api/auth.h"
#include "api/http.h"
#include "api/reply.h"
#include "api/restconf.h"
#include "base/log.h"
#include "config/schema.h"
#include "config/store.h"
#include "daemon/channel.h"
#include "daemon/gather.h"
#include "daemon/roles.h"
#include "daemon/subscribers.h"
#include "system/clock.h"
#include "system/privilege.h"

#define ENGINE_PATIENCE (3 * NSEC_PER_SEC)	/* how long a client waits for the engine's word */
#define PEER_TEXT_SIZE 80

/* A client that waits for the engine's answer. */
struct pending {
	struct manager *manager;
	struct http_request *http;
	sd_event_source *timer;
	uint32_t request;		/* on the channel */
	enum channel_kind kind;
	nsec_t begun;
	uint64_t revision;		/* ADOPT */
	char *messages;			/* ADOPT: to be said with the outcome, one a line; heap */
	char interface[NAME_SIZE];	/* the others */
	unsigned vrid;
	struct pending *next;
};

struct manager {
	const struct role_options *options;
	const struct memory *memory;
	int channel;
	sd_event *event;
	struct auth auth;
	struct ly_ctx *schema;
	struct store *store;
	struct http *http;
	struct restconf restconf;
	struct subscribers *subscribers;
	struct settings *settings;	/* made from running; NULL = no configuration was loaded */
	struct pending *pending;
	uint32_t last_request;
	char *start_problems;		/* sentences, one a line; heap */
	char *adopt_problems;
};

/* ---- texts ---------------------------------------------------------------------------------- */

/* Append a line to a heap text. */
static void PRINTF_LIKE(2, 3)
add_line(char **text, const char *format, ...)
{
	char *line = NULL;
	char *longer = NULL;
	va_list arguments;

	va_start(arguments, format);
	if (vasprintf(&line, format, arguments) < 0)
		line = NULL;
	va_end(arguments);
	assert(line);
	if (asprintf(&longer, "%s%s\n", *text ? *text : "", line) < 0)
		longer = NULL;
	assert(longer);
	free(line);
	free(*text);
	*text = longer;
}

static const char *
or_empty(const char *text)
{
	return text ? text : "";
}

/* All problems of one sort as lines, on the heap; NULL when there are none. */
static char *
problem_lines(const struct problems *problems, bool warnings)
{
	char *lines = NULL;

	for (size_t i = 0; i < problems->count; i++) {
		if (problems->list[i].warning != warnings)
			continue;

		char *text = problem_text(&problems->list[i]);

		add_line(&lines, "%s", text);
		free(text);
	}
	return lines;
}

/* Log each line of a text. */
static void
log_lines(enum log_level level, const char *head, const char *lines)
{
	while (*lines) {
		size_t length = strcspn(lines, "\n");

		if (length > 0)
			log_line(level, "%s: %.*s", head, (int)length, lines);
		lines += length + (lines[length] == '\n');
	}
}

/* ---- the channel to the engine -------------------------------------------------------------- */

static int
send_message(struct manager *m, struct channel_message *message, int descriptor)
{
	message->version = CHANNEL_VERSION;
	if (message->kind != CHANNEL_HELLO) {
		message->request = ++m->last_request;
		if (message->request == 0)		/* 0 means no request */
			message->request = ++m->last_request;
	}

	int r = channel_send(m->channel, message, descriptor);

	if (r < 0)
		log_warning("a message to the engine could not be sent: %s", strerror(-r));
	return r;
}

/* Hand the running settings to the engine; the request's number, or negative errno. */
static int64_t
send_settings(struct manager *m)
{
	struct channel_message message = { .kind = CHANNEL_ADOPT,
	                                   .revision = m->settings->revision };
	int descriptor = channel_wrap_settings(m->settings);

	if (descriptor < 0) {
		log_error("the settings for the engine cannot be written: %s",
		          strerror(-descriptor));
		return descriptor;
	}

	int r = send_message(m, &message, descriptor);

	close(descriptor);
	return r < 0 ? r : (int64_t)message.request;
}

/* Somebody wants to see packets: the engine notes them for a few seconds. */
static void
on_watch(void *owner)
{
	struct channel_message message = { .kind = CHANNEL_WATCH };

	(void)send_message(owner, &message, -1);
}

static void
say_hello(struct manager *m)
{
	struct channel_message message = { .kind = CHANNEL_HELLO };

	(void)send_message(m, &message, -1);
}

/* ---- clients that wait ---------------------------------------------------------------------- */

static void
pending_free(struct pending *pending)
{
	struct pending **at = &pending->manager->pending;

	while (*at && *at != pending)
		at = &(*at)->next;
	if (*at)
		*at = pending->next;
	sd_event_source_disable_unref(pending->timer);
	free(pending->messages);
	free(pending);
}

/* The client's patience is over. */
static int
on_pending_late(sd_event_source *source UNUSED, uint64_t usec UNUSED, void *owner)
{
	struct pending *pending = owner;

	if (pending->kind == CHANNEL_ADOPT) {
		add_line(&pending->messages, "engine does not answer; it will adopt revision %llu "
		         "when it is back", (unsigned long long)pending->revision);
		log_warning("the engine does not answer; it will adopt revision %llu when it is "
		            "back", (unsigned long long)pending->revision);
		reply_commit(pending->http, pending->revision, pending->messages);
	} else {
		reply_error(pending->http, 504, "operation-failed", NULL,
		            "the engine does not answer; try again when it is back");
	}
	pending_free(pending);
	return 0;
}

static struct pending *
pending_new(struct manager *m, struct http_request *http, enum channel_kind kind)
{
	struct pending *pending = calloc(1, sizeof(*pending));

	assert(pending);
	pending->manager = m;
	pending->http = http;
	pending->kind = kind;
	pending->begun = clock_now();
	pending->next = m->pending;
	m->pending = pending;
	if (sd_event_add_time_relative(m->event, &pending->timer, CLOCK_MONOTONIC,
	                               (uint64_t)(ENGINE_PATIENCE / NSEC_PER_USEC), 1000,
	                               on_pending_late, pending) < 0)
		assert(!"a timer needs nothing but memory");
	return pending;
}

/* ---- commit --------------------------------------------------------------------------------- */

static void
log_commit(const struct manager *m, const struct http_request *request, nsec_t begun)
{
	char peer[PEER_TEXT_SIZE];

	log_notice("revision %llu committed by %s in %lld ms",
	           (unsigned long long)store_revision(m->store),
	           auth_text(&request->peer, peer, sizeof(peer)),
	           (long long)((clock_now() - begun) / NSEC_PER_MSEC));
}

/* The point of no return is behind us: hand over to the engine and wait for its word. */
static void
commit_to_engine(struct manager *m, struct http_request *request, char *messages, nsec_t begun)
{
	struct pending *pending = pending_new(m, request, CHANNEL_ADOPT);
	int64_t number = send_settings(m);

	pending->begun = begun;
	pending->revision = m->settings->revision;
	pending->messages = messages;
	if (number < 0)
		on_pending_late(NULL, 0, pending);
	else
		pending->request = (uint32_t)number;
}

/* Make prepared running; false when the request has been answered with why not. */
static bool
make_running(struct manager *m, struct http_request *request, struct prepared *prepared)
{
	struct error error;

	if (store_commit(m->store, prepared, &error) < 0) {
		log_error("a commit failed, the running configuration is as before: %s",
		          error.text);
		reply_error(request, 500, "operation-failed", NULL, "%s", error.text);
		return false;
	}
	free(m->settings);
	m->settings = prepared->settings;
	prepared->settings = NULL;
	free(m->start_problems);
	m->start_problems = NULL;
	return true;
}

/* What the engine runs, or will: a virtual link keeps its name from one revision to the next. */
static struct settings *
previous_settings(const struct manager *m)
{
	return m->settings ? settings_copy(m->settings) : memory_get_settings(m->memory);
}

static void
on_commit(void *owner, struct http_request *request, const struct lyd_node *candidate,
          bool dry_run)
{
	struct manager *m = owner;
	struct problems problems = { 0 };
	struct prepared prepared = { 0 };
	nsec_t begun = clock_now();
	struct settings *previous = previous_settings(m);
	char peer[PEER_TEXT_SIZE];
	char *messages;

	if (store_prepare(m->store, candidate, previous, &prepared, &problems) < 0) {
		log_info("a configuration of %s was refused: %zu error%s",
		         auth_text(&request->peer, peer, sizeof(peer)), problems.errors,
		         problems.errors == 1 ? "" : "s");
		reply_problems(request, &problems);
		goto out;
	}

	messages = problem_lines(&problems, true);
	/* Where nothing was loaded, even an empty configuration is news to the engine. */
	if (dry_run || (prepared.unchanged && m->settings)) {
		request->created = false;
		reply_commit(request, store_revision(m->store), or_empty(messages));
		free(messages);
	} else if (make_running(m, request, &prepared)) {
		log_commit(m, request, begun);
		commit_to_engine(m, request, messages, begun);
	} else {
		free(messages);
	}
out:
	free(previous);
	prepared_done(&prepared);
	problems_done(&problems);
}

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
		add_line(&m->adopt_problems, "the engine refused revision %llu and runs what it "
		         "ran before: %s", (unsigned long long)answer->revision, answer->text);
	} else if (answer->outcome == CHANNEL_INCOMPLETE) {
		add_line(&m->adopt_problems, "%s", answer->text);
	}
}

static void
answer_commit(struct manager *m, struct pending *pending, const struct channel_message *answer)
{
	if (answer->outcome == CHANNEL_REFUSED)
		add_line(&pending->messages, "the engine refused revision %llu and runs what it "
		         "ran before: %s", (unsigned long long)answer->revision, answer->text);
	else if (answer->text[0] != '\0')
		add_line(&pending->messages, "%s", answer->text);
	if (answer->outcome != CHANNEL_REFUSED)
		log_info("revision %llu adopted %lld ms after its commit began",
		         (unsigned long long)answer->revision,
		         (long long)((clock_now() - pending->begun) / NSEC_PER_MSEC));
	reply_commit(pending->http, store_revision(m->store), or_empty(pending->messages));
}

/* ---- operations ----------------------------------------------------------------------------- */

static void
operate_save(struct manager *m, struct http_request *request)
{
	char peer[PEER_TEXT_SIZE];
	struct error error;

	/* Nothing of ours may wipe out a file that a person has yet to repair. */
	if (m->start_problems) {
		reply_error(request, 409, "operation-failed", NULL, "the saved file did not load "
		            "and nothing was committed since: saving would replace it with an "
		            "empty configuration");
		return;
	}
	if (store_save(m->store, &error) < 0) {
		log_error("the configuration could not be saved: %s", error.text);
		reply_error(request, 500, "operation-failed", NULL, "%s", error.text);
		return;
	}
	log_notice("revision %llu saved by %s", (unsigned long long)store_revision(m->store),
	           auth_text(&request->peer, peer, sizeof(peer)));
	reply_done(request, store_revision(m->store));
}

/* Say that there is no such group, as exactly as is known. */
static void
answer_no_group(struct manager *m, struct http_request *request, const char *interface,
                unsigned vrid)
{
	struct settings *settings = memory_get_settings(m->memory);
	bool any_here = false;

	for (uint32_t i = 0; settings && i < settings->group_count; i++) {
		const struct group_settings *group = &settings_groups(settings)[i];

		any_here = any_here ||
			strcmp(settings_link_of(settings, group)->name, interface) == 0;
	}
	if (!settings || settings->group_count == 0)
		reply_error(request, 404, "invalid-value", NULL, "VRRP is not running");
	else if (!any_here)
		reply_error(request, 404, "invalid-value", NULL, "VRRP is not running on %s",
		            interface);
	else
		reply_error(request, 404, "invalid-value", NULL, "No VRRP group %u exists on %s",
		            vrid, interface);
	free(settings);
}

/* Name of a group's state, from its record. */
static const char *
state_of(const struct manager *m, const char *interface, unsigned vrid)
{
	struct vrouter_status record;

	for (uint32_t i = 0; i < memory_status_count(m->memory); i++) {
		if (memory_get_status(m->memory, i, &record) && record.vrid == vrid &&
		    strcmp(record.interface, interface) == 0)
			return vrouter_state_name((enum vrouter_state)record.state);
	}
	return vrouter_state_name(VROUTER_INIT);
}

static void
answer_operation(struct manager *m, struct pending *pending, const struct channel_message *answer)
{
	const char *state = state_of(m, pending->interface, pending->vrid);
	char text[256];

	switch ((enum channel_outcome)answer->outcome) {
	case CHANNEL_DONE:
		reply_done(pending->http, REPLY_UNTAGGED);
		break;
	case CHANNEL_NO_GROUP:
		answer_no_group(m, pending->http, pending->interface, pending->vrid);
		break;
	case CHANNEL_NOT_MASTER:
		/* A reset of a backup has nothing left to do; an announcement was not made. */
		if (pending->kind == CHANNEL_GARP) {
			reply_error(pending->http, 409, "operation-failed", NULL,
			            "VRRP group %u on %s is in %s: only a master announces",
			            pending->vrid, pending->interface, state);
			break;
		}
		snprintf(text, sizeof(text), "VRRP group %u on %s is already in %s",
		         pending->vrid, pending->interface, state);
		reply_message(pending->http, text);
		break;
	case CHANNEL_REFUSED:
	case CHANNEL_INCOMPLETE:
		reply_error(pending->http, 500, "operation-failed", NULL, "%s", answer->text);
		break;
	}
}

static void
operate_group(struct manager *m, struct http_request *request, enum channel_kind kind,
              const char *interface, unsigned vrid)
{
	struct channel_message message = { .kind = kind, .vrid = vrid };
	struct settings *settings = memory_get_settings(m->memory);
	bool exists = settings && settings_find_group(settings, interface, vrid, 0) >= 0;
	char peer[PEER_TEXT_SIZE];

	free(settings);
	if (!exists) {
		answer_no_group(m, request, interface, vrid);
		return;
	}
	log_notice("%s asks for %s of group %u on %s",
	           auth_text(&request->peer, peer, sizeof(peer)),
	           kind == CHANNEL_GARP ? "an announcement" : "a new master", vrid, interface);

	struct pending *pending = pending_new(m, request, kind);

	snprintf(pending->interface, sizeof(pending->interface), "%s", interface);
	snprintf(message.interface, sizeof(message.interface), "%s", interface);
	pending->vrid = vrid;
	if (send_message(m, &message, -1) < 0)
		on_pending_late(NULL, 0, pending);
	else
		pending->request = message.request;
}

/* The value of an input leaf; the input was validated, so it is there. */
static const char *
input_value(const struct lyd_node *input, const char *name)
{
	struct lyd_node *leaf = NULL;

	if (lyd_find_path(input, name, 0, &leaf) != LY_SUCCESS)
		assert(!"a mandatory leaf of a validated input");
	return lyd_get_value(leaf);
}

static void
on_operate(void *owner, struct http_request *request, const struct lyd_node *input)
{
	struct manager *m = owner;
	const char *name = LYD_NAME(input);

	if (strcmp(name, "save") == 0) {
		operate_save(m, request);
		return;
	}

	enum channel_kind kind = strcmp(name, "garp") == 0 ? CHANNEL_GARP : CHANNEL_RESET_MASTER;

	if (kind == CHANNEL_RESET_MASTER && strcmp(name, "reset-master") != 0) {
		reply_error(request, 501, "operation-not-supported", NULL,
		            "this router does not know the operation \"%s\"", name);
		return;
	}
	operate_group(m, request, kind, input_value(input, "interface"),
	              (unsigned)strtoul(input_value(input, "group"), NULL, 10));
}

/* ---- messages of the engine ----------------------------------------------------------------- */

static void
on_answer(struct manager *m, const struct channel_message *answer)
{
	struct pending *pending = m->pending;

	while (pending && pending->request != answer->request)
		pending = pending->next;

	bool adoption = pending ? pending->kind == CHANNEL_ADOPT : answer->revision > 0;

	if (adoption)
		note_adoption(m, answer);
	if (!pending)
		return;			/* nobody waits for it (any more) */
	if (adoption)
		answer_commit(m, pending, answer);
	else
		answer_operation(m, pending, answer);
	pending_free(pending);
}

static int
on_channel(sd_event_source *source, int fd, uint32_t events UNUSED, void *owner)
{
	struct manager *m = owner;
	struct channel_message message;
	int descriptor = -1;
	int r = channel_receive(fd, &message, &descriptor);

	if (r == -EPIPE) {
		log_error("the channel to the engine is closed");
		return sd_event_source_set_enabled(source, SD_EVENT_OFF);
	}
	if (r < 0)
		log_warning("a message of the engine was dropped: %s", strerror(-r));
	if (r <= 0)
		return 0;

	message.text[sizeof(message.text) - 1] = '\0';
	switch ((enum channel_kind)message.kind) {
	case CHANNEL_HELLO:
		log_debug("the engine says hello");
		if (m->settings)
			(void)send_settings(m);
		break;
	case CHANNEL_ANSWER:
		on_answer(m, &message);
		break;
	case CHANNEL_ADOPT:
	case CHANNEL_RESET_MASTER:
	case CHANNEL_GARP:
	case CHANNEL_WATCH:
	case CHANNEL_STATE:
	case CHANNEL_RAN:
	case CHANNEL_OWNER:
	case CHANNEL_TRACK:
	case CHANNEL_PROBLEMS:
	case CHANNEL_KINDS:
		break;			/* the engine asks nothing */
	}
	if (descriptor >= 0)
		close(descriptor);
	return 0;
}

/* ---- state ---------------------------------------------------------------------------------- */

/* What an operator should repair, one sentence a line, on the heap; NULL = nothing. */
static char *
repairs(const struct manager *m)
{
	char *lines = NULL;

	if (m->start_problems || m->adopt_problems)
		add_line(&lines, "%s%s", or_empty(m->start_problems), or_empty(m->adopt_problems));
	return lines;
}

static void
on_state(void *owner, const char *name, struct lyd_node **tree)
{
	struct manager *m = owner;

	if (strcmp(name, "vrrp-state") == 0) {
		gather_vrrp(m->schema, m->memory, tree);
	} else if (strcmp(name, "interfaces-state") == 0) {
		gather_interfaces(m->schema, m->memory, tree);
	} else if (strcmp(name, "system-state") == 0) {
		char *problems = repairs(m);

		gather_system(m->schema, m->memory, m->store, or_empty(problems), tree);
		free(problems);
	}
}

static void
on_subscribe(void *owner, struct http_request *request, bool packets)
{
	struct manager *m = owner;

	subscribers_add(m->subscribers, m->http, request, packets);
}

/* ---- start and end -------------------------------------------------------------------------- */

static void
on_request(void *owner, struct http_request *request)
{
	struct manager *m = owner;
	char peer[PEER_TEXT_SIZE];

	log_debug("%s %s of %s", request->method, request->path,
	          auth_text(&request->peer, peer, sizeof(peer)));
	restconf_handle(&m->restconf, request);
}

static int
open_store(struct manager *m, struct error *error)
{
	char *running = NULL;
	int r;

	m->schema = schema_new(m->options->yang_dir, error);
	if (!m->schema)
		return error->code < 0 ? error->code : -EINVAL;
	if (asprintf(&running, "%s/manager/running.boot", m->options->run_dir) < 0)
		running = NULL;
	assert(running);
	r = store_new(m->schema, m->options->saved_path, running, &m->store, error);
	free(running);
	return r;
}

/* Make settings from what the store has loaded. */
static void
lift_running(struct manager *m)
{
	struct settings *previous = memory_get_settings(m->memory);
	struct problems problems = { 0 };
	struct prepared prepared = { 0 };

	if (store_prepare(m->store, store_running(m->store), previous, &prepared, &problems) < 0) {
		m->start_problems = problem_lines(&problems, false);
		log_lines(LOG_ERROR_LEVEL, "the configuration does not load", m->start_problems);
	} else {
		m->settings = prepared.settings;
		m->settings->revision = store_revision(m->store);
		prepared.settings = NULL;
	}
	prepared_done(&prepared);
	problems_done(&problems);
	free(previous);
}

/* Load running, or say why not: then nothing that runs is touched. */
static void
load(struct manager *m)
{
	struct problems problems = { 0 };

	store_continue_after(m->store, memory_settings_revision(m->memory));
	if (store_start(m->store, &problems) < 0) {
		m->start_problems = problem_lines(&problems, false);
		log_lines(LOG_ERROR_LEVEL, "the configuration does not load",
		          or_empty(m->start_problems));
		log_warning("going on without a loaded configuration; what the engine runs stays "
		            "as it is until a commit");
	} else {
		char *warnings = problem_lines(&problems, true);

		log_lines(LOG_WARNING_LEVEL, "loading the configuration", or_empty(warnings));
		free(warnings);
		lift_running(m);
	}
	problems_done(&problems);
}

static int
start(struct manager *m, int api_socket, struct error *error)
{
	static const struct restconf_calls calls = {
		.state = on_state,
		.commit = on_commit,
		.operate = on_operate,
		.subscribe = on_subscribe,
	};
	int r = sd_event_new(&m->event);

	if (r >= 0)
		r = sd_event_add_signal(m->event, NULL, SIGTERM | SD_EVENT_SIGNAL_PROCMASK, NULL,
		                        NULL);
	if (r >= 0)
		r = sd_event_add_io(m->event, NULL, m->channel, EPOLLIN, on_channel, m);
	if (r < 0)
		return error_set(error, r, "cannot set up the loop: %s", strerror(-r));

	r = open_store(m, error);
	if (r < 0)
		return r;
	load(m);

	r = subscribers_new(m->event, m->schema, m->memory, on_watch, m, &m->subscribers, error);
	if (r < 0)
		return r;
	m->restconf = (struct restconf){ .schema = m->schema, .store = m->store,
	                                 .calls = &calls, .owner = m };
	r = http_new(m->event, api_socket, &m->auth, on_request, m, &m->http, error);
	if (r < 0)
		return r;

	say_hello(m);
	if (m->settings)
		(void)send_settings(m);
	return 0;
}

static void
end(struct manager *m)
{
	while (m->pending)
		on_pending_late(NULL, 0, m->pending);
	http_free(m->http);
	subscribers_free(m->subscribers);
	store_free(m->store);
	schema_free(m->schema);
	sd_event_unref(m->event);
	free(m->settings);
	free(m->start_problems);
	free(m->adopt_problems);
}

int
manager_main(const struct role_options *options, int channel, int api_socket,
             const struct memory *memory)
{
	struct manager m = { .options = options, .memory = memory, .channel = channel };
	struct error error = { 0 };
	int r;

	prctl(PR_SET_NAME, "tandem-manager");
	log_open("manager", options->name);
	log_set_level(options->log_level);
	signal(SIGPIPE, SIG_IGN);
	signal(SIGINT, SIG_IGN);	/* the supervisor says when to stop */

	/* Answers to an earlier manager's requests must not look like answers to ours. */
	m.last_request = (uint32_t)clock_now();
	auth_init(&m.auth, options->user);
	r = privilege_drop_manager(options->user, &error);
	if (r == 0)
		r = start(&m, api_socket, &error);
	if (r < 0) {
		log_error("%s", error.text);
	} else {
		log_info("the API is open, the running configuration is revision %llu",
		         (unsigned long long)store_revision(m.store));
		r = sd_event_loop(m.event);
	}
	end(&m);
	return r < 0 ? EXIT_FAILURE : EXIT_SUCCESS;
}
