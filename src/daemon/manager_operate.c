/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The operations of module tandem-state: what the store does is answered at once, what the engine
 * does is asked of it, and its word becomes the answer.
 */
#include "daemon/manager_inside.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <libyang/libyang.h>

#include "api/reply.h"
#include "config/language.h"
#include "daemon/manager_peer.h"
#include "config/tree.h"
#include "daemon/flowdoor.h"
#include "daemon/gather_connsync.h"

#define DOOR_PATIENCE NSEC_PER_SEC
#define FLOWS_PATIENCE (5 * NSEC_PER_SEC)

static void
operate_save(struct manager *m, struct http_request *request)
{
	char peer[MANAGER_PEER_SIZE];
	struct error error;

	/* Nothing of ours may wipe out a file that a person has yet to repair. */
	if (m->start_problems) {
		reply_error(request, 409, "operation-failed", NULL, "the saved file did not load "
		            "and nothing was committed since: saving would replace it with an "
		            "empty configuration");
		return;
	}
	if (store_note(m->store)->trial.seconds) {
		reply_error(request, 409, "operation-failed", NULL, "revision %llu waits to be "
		            "confirmed: saving it would take away the way back; 'confirm' first",
		            (unsigned long long)store_revision(m->store));
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

void
manager_operate_on_answer(struct manager *m, struct pending *pending,
                          const struct channel_message *answer)
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
		reply_output(pending->http, "message", text);
		break;
	case CHANNEL_REFUSED:
	case CHANNEL_INCOMPLETE:
	case CHANNEL_KERNEL_REFUSED:
		reply_error(pending->http, 500, "operation-failed", NULL, "%s", answer->text);
		break;
	}
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
operate_group(struct manager *m, struct http_request *request, enum channel_kind kind,
              const struct lyd_node *input)
{
	const char *interface = input_value(input, "interface");
	unsigned vrid = (unsigned)strtoul(input_value(input, "group"), NULL, 10);
	struct channel_message message = { .kind = kind, .vrid = vrid };
	struct settings *settings = memory_get_settings(m->memory);
	bool exists = settings && settings_find_group(settings, interface, vrid, 0) >= 0;
	char peer[MANAGER_PEER_SIZE];

	free(settings);
	if (!exists) {
		answer_no_group(m, request, interface, vrid);
		return;
	}
	log_notice("%s asks for %s of group %u on %s",
	           auth_text(&request->peer, peer, sizeof(peer)),
	           kind == CHANNEL_GARP ? "an announcement" : "a new master", vrid, interface);

	struct pending *pending = manager_engine_wait(m, request, kind);

	snprintf(pending->interface, sizeof(pending->interface), "%s", interface);
	snprintf(message.interface, sizeof(message.interface), "%s", interface);
	pending->vrid = vrid;
	if (manager_engine_send(m, &message) < 0)
		manager_engine_late(pending);
	else
		pending->request = message.request;
}

/* What changes from one revision to another. */
static void
operate_difference(struct manager *m, struct http_request *request, const struct lyd_node *input)
{
	static const char *const names[] = { "from", "to" };
	struct lyd_node *trees[] = { NULL, NULL };
	struct problems problems = { 0 };
	char *text = NULL;
	int r = 0;

	for (size_t i = 0; r == 0 && i < ARRAY_SIZE(names); i++) {
		const char *revision = input_value(input, names[i]);

		r = store_read_revision(m->store, strtoull(revision, NULL, 10), &trees[i],
		                        &problems);
		if (r == -ENOENT)
			reply_error(request, 404, "invalid-value", NULL,
			            "revision %s is not kept", revision);
		else if (r < 0)
			reply_problems(request, &problems);
	}
	if (r == 0) {
		text = language_compare(trees[0], trees[1], true);
		reply_output(request, "difference", text);
	}
	free(text);
	lyd_free_all(trees[0]);
	lyd_free_all(trees[1]);
	problems_done(&problems);
}

/* ---- connections ---------------------------------------------------------------------------- */

static void
reply_silence(struct http_request *request, int r)
{
	reply_error(request, 504, "operation-failed", NULL, "connsync does not answer: %s; try "
	            "again, and see the log",
	            r == -ETIMEDOUT ? "it is busy or starts" : strerror(-r));
}

static void
operate_reset_connsync(struct manager *m, struct http_request *request)
{
	struct flowdoor_question question = { .kind = FLOWDOOR_RESET };
	struct flowdoor_answer answer;
	char peer[MANAGER_PEER_SIZE];
	int r = flowdoor_ask(m->door, &question, DOOR_PATIENCE, &answer, NULL);

	log_notice("%s asks for all connections to be compared",
	           auth_text(&request->peer, peer, sizeof(peer)));
	if (r < 0)
		reply_silence(request, r);
	else if (!answer.running)
		reply_output(request, "message", "connsync does not run; see show connsync");
	else
		reply_done(request, REPLY_UNTAGGED);
}

/* What the input says of the flows wanted; false: it was answered that it makes no sense. */
static bool
read_filter(struct http_request *request, const struct lyd_node *input,
            struct flowdoor_filter *filter)
{
	const char *protocol = tree_value(input, "protocol");
	const char *address = tree_value(input, "address"), *port = tree_value(input, "port");
	const char *limit = tree_value(input, "limit");
	int number = protocol ? gather_protocol(protocol) : 0;

	*filter = (struct flowdoor_filter){
		.has_port = port != NULL,
		.port = port ? (uint16_t)strtoul(port, NULL, 10) : 0,
		.limit = limit ? (uint32_t)strtoul(limit, NULL, 10) : 1000,
	};
	if (number < 0) {
		reply_error(request, 400, "invalid-value", NULL, "'%s' is no protocol: use tcp, "
		            "udp, icmp, icmpv6, sctp, dccp, udplite, gre or a number", protocol);
		return false;
	}
	filter->protocol = (uint8_t)number;
	if (address && !prefix_parse(address, &filter->network)) {
		reply_error(request, 400, "invalid-value", NULL, "'%s' is no address or network",
		            address);
		return false;
	}
	return true;
}

static void
operate_flows(struct manager *m, struct http_request *request, const struct lyd_node *input)
{
	struct flowdoor_question question = { .kind = FLOWDOOR_FLOWS };
	struct flowsync_view *flows = NULL;
	struct flowdoor_answer answer;
	int r;

	if (!read_filter(request, input, &question.filter))
		return;
	r = flowdoor_ask(m->door, &question, FLOWS_PATIENCE, &answer, &flows);
	if (r < 0)
		reply_silence(request, r);
	else
		reply_data(request, gather_flows(&answer, flows), REPLY_UNTAGGED);
	free(flows);
}

void
manager_operate_on_request(void *owner, struct http_request *request,
                           const struct lyd_node *input)
{
	struct manager *m = owner;
	const char *name = LYD_NAME(input);

	if (strcmp(name, "save") == 0)
		operate_save(m, request);
	else if (strcmp(name, "confirm") == 0)
		manager_commit_confirm(m, request);
	else if (strcmp(name, "difference") == 0)
		operate_difference(m, request, input);
	else if (strcmp(name, "garp") == 0)
		operate_group(m, request, CHANNEL_GARP, input);
	else if (strcmp(name, "reset-master") == 0)
		operate_group(m, request, CHANNEL_RESET_MASTER, input);
	else if (strcmp(name, "pair") == 0)
		manager_pair_begin(m, request, input_value(input, "address"),
		                   (uint16_t)strtoul(input_value(input, "port"), NULL, 10));
	else if (strcmp(name, "pair-answer") == 0)
		manager_pair_answer(m, request, input_value(input, "code"),
		                    strcmp(input_value(input, "agree"), "true") == 0);
	else if (strcmp(name, "pair-reset") == 0)
		manager_pair_reset(m, request);
	else if (strcmp(name, "pair-key") == 0)
		manager_pair_key(m, request);
	else if (strcmp(name, "peer-configuration") == 0)
		manager_peer_configuration(m, request, input_value(input, "address"));
	else if (strcmp(name, "connsync-flows") == 0)
		operate_flows(m, request, input);
	else if (strcmp(name, "reset-connsync") == 0)
		operate_reset_connsync(m, request);
	else
		reply_error(request, 501, "operation-not-supported", NULL,
		            "this router does not know the operation \"%s\"", name);
}
