/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Carries what the two machines of a pairing (daemon/pairing) say to one another, and tells the
 * operators how it stands.  Nothing is configured here: once both have agreed, the operator's own
 * session commits the other router's key like any other change.
 */
#include "daemon/manager_peer.h"

#include <arpa/inet.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "api/reply.h"
#include "base/log.h"
#include "config/put.h"
#include "config/survey.h"
#include "daemon/flowdoor.h"
#include "system/clock.h"

#define TICK (NSEC_PER_SEC / NSEC_PER_USEC)
#define FAREWELL (15 * NSEC_PER_SEC)	/* so long the other router can hear of a failure */

/* ---- the attempt goes on -------------------------------------------------------------------- */

static void go_on(struct manager *m);

static void
on_called(void *owner, struct peer_answer *answer)
{
	struct manager *m = owner;
	struct manager_peer *peer = m->peer;

	peer->call = NULL;
	if (answer->error.code)
		pairing_unheard(&peer->pairing, answer->error.text);
	else
		pairing_heard(&peer->pairing, &answer->key, answer->response->status,
		              answer->response->body);
	/* A number is followed by its revelation at once. */
	if (peer->pairing.phase == PAIRING_BOUND)
		go_on(m);
}

/* Say what is to be said, if anything. */
static void
go_on(struct manager *m)
{
	struct manager_peer *peer = m->peer;
	struct pairing *pairing = &peer->pairing;
	const struct identity *identity = manager_peer_identity(m, NULL);
	struct peer_request request = {
		.address = pairing->address, .port = pairing->port, .method = "POST",
		.path = PAIRING_PATH,
	};
	char text[PAIRING_TEXT_SIZE];

	if (peer->call || !identity || !pairing_next(pairing, text, &request.pin))
		return;
	request.body = text;
	peer->call = peer_call_new(m->event, identity, &request, on_called, m);
}

static void
stop(struct manager *m)
{
	peer_call_cancel(m->peer->call);
	m->peer->call = NULL;
	sd_event_source_disable_unref(m->peer->tick);
	m->peer->tick = NULL;
}

static int
on_tick(sd_event_source *source UNUSED, uint64_t usec UNUSED, void *owner)
{
	struct manager *m = owner;
	struct manager_peer *peer = m->peer;

	pairing_expire(&peer->pairing, clock_now());
	if (peer->pairing.phase != PAIRING_FAILED)
		peer->failed_at = 0;
	else if (peer->failed_at == 0)
		peer->failed_at = clock_now();
	manager_peer_follow(m);
	if (peer->pairing.phase == PAIRING_NONE) {
		stop(m);
		return 0;
	}
	go_on(m);
	(void)sd_event_source_set_time_relative(peer->tick, TICK);
	(void)sd_event_source_set_enabled(peer->tick, SD_EVENT_ONESHOT);
	return 0;
}

bool
manager_pair_needs_door(const struct manager *m, struct door_places *ret_places)
{
	const struct pairing *pairing = &m->peer->pairing;
	nsec_t failed_at = m->peer->failed_at;

	if (pairing->phase == PAIRING_NONE || pairing->local.family == 0 ||
	    (pairing->phase == PAIRING_FAILED && failed_at && clock_now() > failed_at + FAREWELL))
		return false;
	memset(ret_places, 0, sizeof(*ret_places));
	ret_places->count = 1;
	ret_places->port = pairing->port;
	ret_places->addresses[0] = pairing->local;
	return true;
}

/* ---- the operator's commands ---------------------------------------------------------------- */

/* Our own address on the way to another; family 0 when there is no way. */
static struct ip
local_towards(const struct ip *ip)
{
	struct sockaddr_in6 v6 = { .sin6_family = AF_INET6, .sin6_port = htons(9) };
	struct sockaddr_in v4 = { .sin_family = AF_INET, .sin_port = htons(9) };
	struct sockaddr *address = ip->family == 4 ? (struct sockaddr *)&v4
	                                           : (struct sockaddr *)&v6;
	socklen_t size = ip->family == 4 ? sizeof(v4) : sizeof(v6);
	int fd = socket(address->sa_family, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	struct ip local = { 0 };

	memcpy(&v4.sin_addr, ip->bytes, 4);
	memcpy(&v6.sin6_addr, ip->bytes, 16);
	/* Nothing is sent by this. */
	if (fd >= 0 && connect(fd, address, size) == 0 && getsockname(fd, address, &size) == 0)
		local = ip->family == 4 ? ip_from_v4((const uint8_t *)&v4.sin_addr)
		                        : ip_from_v6((const uint8_t *)&v6.sin6_addr);
	if (fd >= 0)
		close(fd);
	return local;
}

/* Is it an address that is configured here?  Nobody else would answer, or a master who varies. */
static bool
is_own(const struct manager *m, const struct ip *ip)
{
	struct survey survey = survey_tree(store_running(m->store));
	bool found = survey_find_address(&survey, ip) != NULL;

	survey_done(&survey);
	return found;
}

void
manager_pair_begin(struct manager *m, struct http_request *request, const char *address,
                   uint16_t port)
{
	struct manager_peer *peer = m->peer;
	const struct identity *identity;
	char who[MANAGER_PEER_SIZE];
	struct error error;
	struct ip ip;

	if (!ip_parse(address, &ip) || ip_is_link_local(&ip)) {
		reply_error(request, 400, "invalid-value", NULL, "%s is no address that another "
		            "router can be reached at", address);
		return;
	}
	if (is_own(m, &ip)) {
		reply_error(request, 400, "invalid-value", NULL, "%s is an address of this router "
		            "itself, or a virtual one; name the other router's own address",
		            address);
		return;
	}
	identity = manager_peer_identity(m, &error);
	if (!identity) {
		reply_error(request, 500, "operation-failed", NULL, "%s", error.text);
		return;
	}
	stop(m);
	pairing_begin(&peer->pairing, identity_fingerprint(identity), &ip, port, clock_now());
	peer->pairing.local = local_towards(&ip);
	if (peer->pairing.local.family == 0)
		pairing_unheard(&peer->pairing, "no route leads there");
	log_notice("%s wants to pair this router with %s",
	           auth_text(&request->peer, who, sizeof(who)), address);
	if (sd_event_add_time_relative(m->event, &peer->tick, CLOCK_MONOTONIC, 0, 0, on_tick, m) <
	    0)
		assert(!"a timer needs nothing but memory");
	manager_peer_follow(m);
	if (peer->problems)		/* the other router's door may do */
		log_info("pairing goes on without a door of its own");
	reply_done(request, REPLY_UNTAGGED);
}

void
manager_pair_answer(struct manager *m, struct http_request *request, const char *code, bool agree)
{
	struct pairing *pairing = &m->peer->pairing;
	char who[MANAGER_PEER_SIZE], address[IP_TEXT_SIZE];

	if (strcmp(code, pairing->code) != 0 || !pairing_decide(pairing, agree)) {
		reply_error(request, 409, "operation-failed", NULL, "there is no such code any "
		            "more: %s", pairing->phase == PAIRING_FAILED ? pairing->reason
		                        : "begin anew with 'pair'");
		return;
	}
	log_notice("%s says that the codes of this router and %s %s",
	           auth_text(&request->peer, who, sizeof(who)),
	           ip_text(&pairing->address, address), agree ? "are the same" : "differ");
	go_on(m);
	reply_done(request, REPLY_UNTAGGED);
}

void
manager_pair_reset(struct manager *m, struct http_request *request)
{
	stop(m);
	m->peer->pairing = (struct pairing){ 0 };
	memset(m->peer->uninvited, 0, sizeof(m->peer->uninvited));
	manager_peer_follow(m);
	reply_done(request, REPLY_UNTAGGED);
}

/* Sessions that are open go on with the former key; nobody comes in by it any more. */
static void
retire_identity(struct manager_peer *peer)
{
	if (!peer->identity)
		return;
	peer->former = reallocarray(peer->former, peer->former_count + 1, sizeof(*peer->former));
	assert(peer->former);
	peer->former[peer->former_count++] = peer->identity;
	peer->identity = NULL;
}

void
manager_pair_key(struct manager *m, struct http_request *request)
{
	struct flowdoor_question question = { .kind = FLOWDOOR_KEY };
	const struct identity *identity = NULL;
	char who[MANAGER_PEER_SIZE], key[FINGERPRINT_TEXT_SIZE], text[512];
	struct flowdoor_answer answer;
	struct error error;

	stop(m);
	m->peer->pairing = (struct pairing){ 0 };
	if (identity_renew(m->options->state_dir, &error) == 0) {
		retire_identity(m->peer);
		identity = manager_peer_identity(m, &error);
	}
	if (!identity) {
		reply_error(request, 500, "operation-failed", NULL, "%s", error.text);
		return;
	}
	log_notice("%s gave this router another key, %s; the former one is gone",
	           auth_text(&request->peer, who, sizeof(who)),
	           fingerprint_text(identity_fingerprint(identity), key));
	manager_peer_follow(m);
	if (flowdoor_ask(m->door, &question, NSEC_PER_SEC, &answer, NULL) < 0)
		log_warning("flowsync does not say that it uses the new key");
	snprintf(text, sizeof(text), "The key of this router is now %s.  The other router does not "
	         "know it: pair the two anew, with 'pair' on both", key);
	reply_output(request, "message", text);
}

/* ---- at the door ---------------------------------------------------------------------------- */

/* Somebody who is not waited for: the operator may want to know.  The oldest one is forgotten. */
static void
note_uninvited(struct manager_peer *peer, const struct auth_peer *from)
{
	struct uninvited *place = &peer->uninvited[0];

	for (unsigned i = 0; i < PEER_UNINVITED_MAX; i++) {
		struct uninvited *entry = &peer->uninvited[i];

		if (entry->address.family && fingerprint_equal(&entry->key, &from->key)) {
			place = entry;
			break;
		}
		if (entry->when < place->when)
			place = entry;
	}
	*place = (struct uninvited){ .address = from->remote, .key = from->key,
	                             .when = clock_now() };
}

void
manager_pair_on_request(struct manager *m, struct http_request *request)
{
	struct manager_peer *peer = m->peer;
	char answer[PAIRING_TEXT_SIZE];
	unsigned status;

	if (strcmp(request->method, "POST") != 0) {
		reply_not_allowed(request, "POST");
		return;
	}
	status = pairing_serve(&peer->pairing, &request->peer.remote, &request->peer.key,
	                       request->body, answer);
	if (!peer->pairing.asking && peer->call) {
		peer_call_cancel(peer->call);
		peer->call = NULL;
	}
	if (status != 200)
		note_uninvited(peer, &request->peer);
	http_answer(request, &(struct http_answer){ .status = status, .type = "text/plain",
	                                            .body = strdup(answer) });
}

/* ---- state ---------------------------------------------------------------------------------- */

static void
put_key(struct lyd_node *parent, const char *name, const struct fingerprint *key)
{
	char text[FINGERPRINT_TEXT_SIZE];

	put_text(parent, name, fingerprint_text(key, text));
}

static void
put_attempt(struct lyd_node *root, const struct pairing *pairing)
{
	struct lyd_node *node;
	nsec_t now = clock_now();

	if (pairing->phase == PAIRING_NONE)
		return;
	node = put_inner(root, "attempt");
	put_ip(node, "address", &pairing->address);
	put_number(node, "port", pairing->port);
	put_ip(node, "local-address", &pairing->local);
	put_text(node, "phase", pairing_phase_name(pairing->phase));
	put_number(node, "remaining", pairing->deadline > now
	           ? (uint64_t)((pairing->deadline - now) / NSEC_PER_SEC) : 0);
	if (pairing->phase == PAIRING_COMPARING || pairing->phase == PAIRING_AGREED) {
		put_text(node, "code", pairing->code);
		put_key(node, "fingerprint", &pairing->peer.key);
		put_bool(node, "answered", pairing->own_yes);
	}
	if (pairing->reason[0])
		put_text(node, "reason", pairing->reason);
}

void
manager_pair_state(struct manager *m, struct lyd_node **tree)
{
	const struct manager_peer *peer = m->peer;
	const struct identity *identity = manager_peer_identity(m, NULL);
	struct lyd_node *root = put_container(m->schema, tree, "pair-state");
	char text[FINGERPRINT_TEXT_SIZE];

	if (identity)
		put_key(root, "fingerprint", identity_fingerprint(identity));
	if (peer->paired) {
		put_key(root, "peer-fingerprint", &peer->key);
		for (unsigned i = 0; i < peer->address_count; i++)
			put_ip(root, "peer-address", &peer->addresses[i]);
		put_number(root, "peer-port", peer->port);
	}
	put_bool(root, "listens", peer->places.count > 0 && !peer->problems);
	put_attempt(root, &peer->pairing);
	for (unsigned i = 0; i < PEER_UNINVITED_MAX; i++) {
		const struct uninvited *entry = &peer->uninvited[i];
		nsec_t age = clock_now() - entry->when;
		struct lyd_node *node;

		if (!entry->address.family || age > PAIRING_PATIENCE)
			continue;
		node = put_entry(root, "request", fingerprint_text(&entry->key, text), NULL, NULL);
		put_ip(node, "address", &entry->address);
		put_number(node, "age", (uint64_t)(age / NSEC_PER_SEC));
	}
}

void
manager_pair_end(struct manager *m)
{
	stop(m);
}
