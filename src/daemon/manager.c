/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The manager's role: the configuration store and the API in one loop.  This file starts and ends
 * it, loads what it begins with, and gathers what is true now for those who ask; its other rooms
 * are listed in manager_inside.h.
 *
 * It may block and it may die: nothing in the network depends on it.  It has no power over the
 * kernel, reads the engine's memory without disturbing it, and asks the engine for things over
 * the channel only.  An engine that does not answer must not keep the API from answering.
 */
#include "daemon/manager_inside.h"

#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/prctl.h>
#include <unistd.h>

#include "base/log.h"
#include "config/lower_commit.h"
#include "config/schema.h"
#include "daemon/gather.h"
#include "daemon/manager_peer.h"
#include "daemon/gather_connsync.h"
#include "daemon/gather_virtual_server.h"
#include "daemon/subscribers.h"
#include "system/clock.h"
#include "system/privilege.h"

/* ---- state ---------------------------------------------------------------------------------- */

/* What an operator should repair, one sentence a line, on the heap; NULL = nothing. */
static char *
repairs(const struct manager *m)
{
	char *lines = NULL;

	if (m->start_problems || m->adopt_problems || m->record_problems || m->peer->problems)
		lines_add(&lines, "%s%s%s%s", lines_or_empty(m->start_problems),
		          lines_or_empty(m->adopt_problems), lines_or_empty(m->record_problems),
		          lines_or_empty(m->peer->problems));
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
	} else if (strcmp(name, "connsync-state") == 0) {
		gather_connsync(m->schema, m->door, tree);
	} else if (strcmp(name, "virtual-server-state") == 0) {
		gather_virtual_servers(m->schema, m->memory, m->hatch, tree);
	} else if (strcmp(name, "routes-state") == 0) {
		gather_routes(m->schema, m->memory, lines_or_empty(m->adopt_problems), tree);
	} else if (strcmp(name, "system-state") == 0) {
		char *problems = repairs(m);

		gather_system(m->schema, m->memory, m->store, lines_or_empty(problems), tree);
		free(problems);
	} else if (strcmp(name, "commit-state") == 0) {
		const struct lower_commits facts = {
			.running = store_note(m->store),
			.history = store_history(m->store),
			.remaining = manager_commit_remaining(m),
			.epoch = clock_wall() / NSEC_PER_SEC,
		};

		lower_commit_state(m->schema, &facts, tree);
	} else if (strcmp(name, "pair-state") == 0) {
		manager_pair_state(m, tree);
	}
}

static void
on_subscribe(void *owner, struct http_request *request, bool packets)
{
	struct manager *m = owner;

	subscribers_add(m->subscribers, m->http, request, packets);
}

/* Somebody wants to see packets: the engine notes them for a few seconds. */
static void
on_watch(void *owner)
{
	struct channel_message message = { .kind = CHANNEL_WATCH };

	(void)manager_engine_send(owner, &message);
}

static void
say_hello(struct manager *m)
{
	struct channel_message message = { .kind = CHANNEL_HELLO };

	(void)manager_engine_send(m, &message);
}

/* ---- start and end -------------------------------------------------------------------------- */

static void
on_request(void *owner, struct http_request *request)
{
	struct manager *m = owner;
	char peer[MANAGER_PEER_SIZE];

	log_debug("%s %s of %s", request->method, request->path,
	          auth_text(&request->peer, peer, sizeof(peer)));
	restconf_handle(&m->restconf, request);
}

static int
open_store(struct manager *m, struct error *error)
{
	struct store_places places = { .saved = m->options->saved_path,
	                               .look_around = gather_surroundings };
	char *running = NULL, *history = NULL;
	int r;

	m->schema = schema_new(m->options->yang_dir, error);
	if (!m->schema)
		return error->code < 0 ? error->code : -EINVAL;
	if (asprintf(&running, "%s/manager/running.boot", m->options->run_dir) < 0 ||
	    asprintf(&history, "%s/history", m->options->state_dir) < 0)
		assert(!"there is memory for a path");
	places.running = running;
	places.history = history;
	r = store_new(m->schema, &places, &m->store, error);
	if (r < 0) {
		/* A router without a history is better than none. */
		log_warning("no history of commits is kept: %s", error->text);
		lines_add(&m->record_problems, "no history of commits is kept: %s", error->text);
		places.history = NULL;
		r = store_new(m->schema, &places, &m->store, error);
	}
	free(running);
	free(history);
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
		m->start_problems = lines_of_problems(&problems, false);
		lines_log(LOG_ERROR_LEVEL, "the configuration does not load", m->start_problems);
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
	if (store_start(m->store, clock_wall() / NSEC_PER_SEC, &problems) < 0) {
		m->start_problems = lines_of_problems(&problems, false);
		lines_log(LOG_ERROR_LEVEL, "the configuration does not load",
		          lines_or_empty(m->start_problems));
		lines_add(&m->start_problems, "so the configuration did not load; mend %s and "
		          "start anew, or bring back what ran last: 'configure', 'rollback 0', "
		          "'commit', 'save'", m->options->saved_path);
		log_warning("going on without a loaded configuration; what the engine runs stays "
		            "as it is until a commit");
	} else {
		char *warnings = lines_of_problems(&problems, true);

		lines_log(LOG_WARNING_LEVEL, "loading the configuration", lines_or_empty(warnings));
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
		.commit = manager_commit_on_candidate,
		.operate = manager_operate_on_request,
		.subscribe = on_subscribe,
	};
	int r = sd_event_new(&m->event);

	if (r >= 0)
		r = sd_event_add_signal(m->event, NULL, SIGTERM | SD_EVENT_SIGNAL_PROCMASK, NULL,
		                        NULL);
	if (r >= 0)
		r = sd_event_add_io(m->event, NULL, m->channel, EPOLLIN,
		                    manager_engine_on_channel, m);
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

	manager_peer_start(m);
	say_hello(m);
	if (m->settings)
		(void)manager_engine_send_settings(m, m->settings, false);
	manager_commit_on_start(m);
	return 0;
}

static void
end(struct manager *m)
{
	if (m->attempt)
		manager_attempt_abandon(m);
	while (m->pending)
		manager_engine_late(m->pending);
	manager_commit_forget_deferred(m);
	manager_peer_end(m);
	http_free(m->http);
	subscribers_free(m->subscribers);
	store_free(m->store);
	schema_free(m->schema);
	sd_event_source_disable_unref(m->trial);
	sd_event_unref(m->event);
	free(m->settings);
	free(m->start_problems);
	free(m->adopt_problems);
	free(m->record_problems);
}

int
manager_main(const struct role_options *options, int channel, int api_socket, int door,
             int hatch, const struct memory *memory)
{
	struct manager m = { .options = options, .memory = memory, .channel = channel,
		             .door = door, .hatch = hatch };
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
