/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What the two routers of a pair may ask each other, and by which way.  The door follows "service
 * https", the peer "system pair"; who has not the key that stands there may reach nothing but
 * the resource for pairing, and who has it may read configuration and state.
 */
#include "daemon/manager_peer.h"

#include <errno.h>
#include <microhttpd.h>
#include <stdlib.h>
#include <string.h>

#include "api/reply.h"
#include "base/log.h"
#include "config/tree.h"

#define QUESTIONS_MAX 8u
#define CONFIGURATION_PATH "/restconf/data?content=config"

/* ---- at the door ---------------------------------------------------------------------------- */

static bool
is_paired(void *owner, const struct fingerprint *key)
{
	const struct manager *m = owner;

	return m->peer->paired && fingerprint_equal(key, &m->peer->key);
}

static bool
is_expected(void *owner, const struct ip *address)
{
	const struct manager_peer *peer = ((const struct manager *)owner)->peer;
	bool expected = peer->pairing.phase != PAIRING_NONE &&
	                ip_equal(address, &peer->pairing.address);

	for (unsigned i = 0; i < peer->address_count; i++)
		expected = expected || ip_equal(address, &peer->addresses[i]);
	return expected;
}

/* What the peer may read; what it may change, once it may, is added here. */
static bool
may_ask(const struct http_request *request)
{
	static const char data[] = "/restconf/data", version[] = "/restconf/yang-library-version";
	const char *path = request->path;
	size_t length = sizeof(data) - 1;

	if (strcmp(request->method, "GET") != 0 && strcmp(request->method, "HEAD") != 0)
		return false;
	return strcmp(path, version) == 0 ||
	       (strncmp(path, data, length) == 0 && (path[length] == '\0' || path[length] == '/'));
}

static void
on_door_request(void *owner, struct http_request *request)
{
	struct manager *m = owner;
	char peer[MANAGER_PEER_SIZE];

	log_debug("%s %s of %s", request->method, request->path,
	          auth_text(&request->peer, peer, sizeof(peer)));
	if (strcmp(request->path, PAIRING_PATH) == 0)
		manager_pair_on_request(m, request);
	else if (!request->peer.full || !is_paired(m, &request->peer.key))
		reply_error(request, MHD_HTTP_FORBIDDEN, "access-denied", NULL,
		            "this router is not paired with the one that asks");
	else if (!may_ask(request))
		reply_error(request, MHD_HTTP_FORBIDDEN, "access-denied", NULL,
		            "a router may read configuration and state of its peer, and no more");
	else
		restconf_handle(&m->restconf, request);
}

/* ---- the identity --------------------------------------------------------------------------- */

const struct identity *
manager_peer_identity(struct manager *m, struct error *error)
{
	if (!m->peer->identity &&
	    identity_open(m->options->state_dir, &m->peer->identity, error) < 0)
		return NULL;
	return m->peer->identity;
}

/* ---- as configured -------------------------------------------------------------------------- */

static const struct lyd_node *
find(const struct manager *m, const char *top, const char *name)
{
	const struct lyd_node *node = store_running(m->store);

	while (node && strcmp(LYD_NAME(node), top) != 0)
		node = node->next;
	return node ? tree_child(node, name) : NULL;
}

/* The port below node, which has a default. */
static uint16_t
port_of(const struct lyd_node *node)
{
	const char *text = tree_value(node, "port");

	return text ? (uint16_t)strtoul(text, NULL, 10) : 443;
}

/* The addresses of a leaf-list, as many as there is room for; how many. */
static unsigned
addresses_of(const struct lyd_node *parent, const char *name, struct ip *addresses, unsigned max)
{
	unsigned count = 0;

	for (const struct lyd_node *node = lyd_child(parent); node && count < max;
	     node = node->next) {
		if (strcmp(LYD_NAME(node), name) == 0 &&
		    ip_parse(lyd_get_value(node), &addresses[count]))
			count++;
	}
	return count;
}

static void
read_pair(struct manager *m)
{
	const struct lyd_node *pair = find(m, "system", "pair");
	const char *key = pair ? tree_value(pair, "fingerprint") : NULL;
	struct manager_peer *peer = m->peer;

	peer->address_count = 0;
	peer->paired = key && fingerprint_parse(key, &peer->key);
	if (!peer->paired)
		return;
	peer->port = port_of(pair);
	peer->address_count = addresses_of(pair, "remote-address", peer->addresses,
	                                   PEER_ADDRESSES_MAX);
}

static void
read_door(struct manager *m)
{
	const struct lyd_node *https = find(m, "service", "https");
	struct door_places *places = &m->peer->places;

	memset(places, 0, sizeof(*places));
	if (!https)
		return;
	places->port = port_of(https);
	places->count = addresses_of(https, "listen-address", places->addresses,
	                             DOOR_ADDRESSES_MAX);
	if (places->count == 0)
		places->count = 1;		/* the address of no family: all */
}

void
manager_peer_follow(struct manager *m)
{
	struct manager_peer *peer = m->peer;
	struct door_places places;
	struct error error = { 0 };

	read_pair(m);
	read_door(m);
	places = peer->places;
	if (places.count == 0 && !manager_pair_needs_door(m, &places))
		memset(&places, 0, sizeof(places));
	free(peer->problems);
	peer->problems = NULL;
	if ((places.count > 0 && !manager_peer_identity(m, &error)) ||
	    door_open(peer->door, peer->identity, &places, &error) < 0) {
		log_warning("%s", error.text);
		lines_add(&peer->problems, "%s", error.text);
	}
	door_dismiss(peer->door);
}

void
manager_peer_start(struct manager *m)
{
	static const struct door_calls calls = {
		.is_paired = is_paired, .is_expected = is_expected,
		.on_request = on_door_request,
	};
	struct error error;

	m->peer = calloc(1, sizeof(*m->peer));
	assert(m->peer);
	if (door_new(m->event, &calls, m, &m->peer->door, &error) < 0)
		assert(!"a door that is shut needs nothing but memory");
	manager_peer_follow(m);
}

/* ---- questions to the peer ------------------------------------------------------------------ */

/* A client that waits for what the peer says. */
struct peer_question {
	struct manager *manager;
	struct http_request *http;
	struct peer_call *call;
	struct peer_question *next;
};

static void
question_free(struct peer_question *question)
{
	struct manager_peer *peer = question->manager->peer;
	struct peer_question **at = &peer->questions;

	while (*at != question)
		at = &(*at)->next;
	*at = question->next;
	peer->question_count--;
	free(question);
}

/* What the peer answered to a question for its configuration. */
static void
answer_configuration(struct http_request *http, const struct peer_answer *answer)
{
	if (answer->error.code) {
		reply_error(http, answer->error.code == -ETIMEDOUT ? 504 : 502,
		            "operation-failed", NULL, "%s", answer->error.text);
		return;
	}
	switch (answer->response->status) {
	case 200:
		reply_output(http, "configuration", answer->response->body);
		break;
	case 401:
	case 403:
		reply_error(http, 502, "operation-failed", NULL,
		            "the other router does not know this one: it is not paired with it, or "
		            "with a key that this router had once; give 'pair' on both");
		break;
	default:
		reply_error(http, 502, "operation-failed", NULL, "the other router answers with "
		            "HTTP status %u: does it run this version of Tandem?",
		            answer->response->status);
		break;
	}
}

static void
on_configuration(void *owner, struct peer_answer *answer)
{
	struct peer_question *question = owner;

	answer_configuration(question->http, answer);
	question_free(question);
}

/* Is this an address of the peer's? */
static bool
is_of_peer(const struct manager_peer *peer, const struct ip *address)
{
	bool found = false;

	for (unsigned i = 0; i < peer->address_count; i++)
		found = found || ip_equal(address, &peer->addresses[i]);
	return found;
}

static void
ask(struct manager *m, struct http_request *http, const struct identity *identity,
    const struct ip *address)
{
	struct peer_question *question = calloc(1, sizeof(*question));
	struct peer_request request = {
		.address = *address, .port = m->peer->port, .pin = &m->peer->key, .method = "GET",
		.path = CONFIGURATION_PATH,
	};

	assert(question);
	question->manager = m;
	question->http = http;
	question->next = m->peer->questions;
	m->peer->questions = question;
	m->peer->question_count++;
	question->call = peer_call_new(m->event, identity, &request, on_configuration, question);
}

void
manager_peer_configuration(struct manager *m, struct http_request *request, const char *address)
{
	const struct identity *identity;
	struct error error;
	struct ip ip;

	if (!ip_parse(address, &ip))
		reply_error(request, 400, "invalid-value", NULL, "%s is no address", address);
	else if (!m->peer->paired)
		reply_error(request, 409, "operation-failed", NULL, "this router is not paired: "
		            "give 'pair %s' here, and 'pair' with this router's address there",
		            address);
	else if (!is_of_peer(m->peer, &ip))
		reply_error(request, 409, "operation-failed", NULL, "%s is no address of the pair: "
		            "add it ('set system pair remote-address %s'), or use one of 'show "
		            "pair'", address, address);
	else if (m->peer->question_count >= QUESTIONS_MAX)
		reply_error(request, 503, "resource-denied", NULL, "the other router is being "
		            "asked by too many already; try again");
	else if (!(identity = manager_peer_identity(m, &error)))
		reply_error(request, 500, "operation-failed", NULL, "%s", error.text);
	else
		ask(m, request, identity, &ip);
}

void
manager_peer_end(struct manager *m)
{
	struct manager_peer *peer = m->peer;

	if (!peer)
		return;
	manager_pair_end(m);
	while (peer->questions) {
		peer_call_cancel(peer->questions->call);
		question_free(peer->questions);
	}
	door_free(peer->door);
	identity_free(peer->identity);
	while (peer->former_count > 0)
		identity_free(peer->former[--peer->former_count]);
	free(peer->former);
	free(peer->problems);
	free(peer);
	m->peer = NULL;
}
