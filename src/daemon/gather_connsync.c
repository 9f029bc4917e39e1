/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Decides which of flowsync's numbers have a name in the model, and what is left out because it
 * means nothing at this moment.  Judges nothing: that is for whoever shows it.
 */
#include "daemon/gather_connsync.h"

#include <errno.h>
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/json.h"
#include "config/put.h"
#include "daemon/flowflaw.h"
#include "system/clock.h"

#define PATIENCE NSEC_PER_SEC

static const struct {
	const char *name;
	uint8_t number;
} protocols[] = {
	{ "tcp", IPPROTO_TCP },	      { "udp", IPPROTO_UDP },	{ "icmp", IPPROTO_ICMP },
	{ "icmpv6", IPPROTO_ICMPV6 }, { "sctp", IPPROTO_SCTP }, { "dccp", IPPROTO_DCCP },
	{ "gre", IPPROTO_GRE },	      { "udplite", IPPROTO_UDPLITE },
};

int
gather_protocol(const char *text)
{
	char *end;
	unsigned long number = strtoul(text, &end, 10);

	for (size_t i = 0; i < ARRAY_SIZE(protocols); i++)
		if (strcmp(protocols[i].name, text) == 0)
			return protocols[i].number;
	return *text && !*end && number < 256 ? (int)number : -1;
}

/* ---- state ---------------------------------------------------------------------------------- */

static void
put_since(struct lyd_node *node, const char *name, nsec_t now, nsec_t then)
{
	if (then > 0)
		put_number(node, name, (uint64_t)((now - then) / NSEC_PER_SEC));
}

/* A path that is dead says why. */
static void
put_path_trouble(struct lyd_node *entry, const struct flowdoor_report *report, uint32_t path)
{
	char text[128];

	if (report->path_trouble[path][0]) {
		put_text(entry, "trouble", report->path_trouble[path]);
	} else if (report->status.connected && !report->status.path_alive[path]) {
		snprintf(text, sizeof(text), "the partner is connected, but no datagram comes "
		         "through; UDP port %u must pass the packet filters of both routers",
		         report->settings.port);
		put_text(entry, "trouble", text);
	}
}

static void
put_paths(struct lyd_node *node, const struct flowdoor_report *report)
{
	for (uint32_t i = 0; i < report->settings.path_count; i++) {
		const struct connsync_path *path = &report->settings.paths[i];
		char remote[IP_TEXT_SIZE];
		struct lyd_node *entry = put_entry(node, "path", path->interface,
		                                   ip_text(&path->remote, remote), NULL);

		put_ip(entry, "local", &report->local[i]);
		if (!report->running)
			continue;
		put_bool(entry, "alive", report->status.path_alive[i]);
		put_path_trouble(entry, report, i);
		put_bool(entry, "control", report->link.connected && report->link.path == i);
		put_number(entry, "sent", report->link.sent[i]);
		put_number(entry, "received", report->link.received[i]);
		put_number(entry, "unsent", report->link.unsent[i]);
		put_since(entry, "heard", report->now, report->status.path_heard[i]);
		put_number(entry, "bytes-sent", report->link.bytes_sent[i]);
		put_number(entry, "bytes-received", report->link.bytes_received[i]);
		put_number(entry, "rate-sent", report->link.rate_sent[i] * 8);
		put_number(entry, "rate-received", report->link.rate_received[i] * 8);
	}
}

static void
put_count(struct lyd_node *node, const char *list, const char *name, uint64_t count)
{
	put_number(put_entry(node, list, name, NULL, NULL), "count", count);
}

static void
put_counts(struct lyd_node *node, const struct flowdoor_report *report)
{
	const struct flowkernel_counts *kernel = &report->kernel;

	for (enum flow_count i = 0; i < FLOW_COUNTS; i++)
		put_count(node, "counter", flow_count_name(i), report->tally.counts[i]);
	put_count(node, "counter", "events", kernel->events);
	put_count(node, "counter", "events-malformed", kernel->malformed);
	put_count(node, "counter", "events-strange", kernel->strange);
	put_count(node, "counter", "event-reads", kernel->drains);
	put_count(node, "counter", "kernel-requests", kernel->injected);
	put_count(node, "counter", "without-helper", kernel->unhelped);
	put_count(node, "counter", "replaced", kernel->replaced);
	put_count(node, "counter", "already-gone", kernel->already_gone);
	put_count(node, "counter", "dump-restarts", kernel->dump_restarts);
	put_count(node, "counter", "dump-left-out", kernel->left_out);
	put_count(node, "counter", "connections-made", report->link.connections);
	put_count(node, "counter", "connections-refused", report->link.refused);
	put_count(node, "fault", "strayed", report->link.strayed);
	for (enum flow_fault i = FLOW_OK + 1; i < FLOW_FAULTS; i++)
		put_count(node, "fault", flow_fault_name(i), report->tally.faults[i]);
	for (enum seal_fault i = SEAL_GOOD + 1; i < SEAL_FAULTS; i++) {
		char name[48];

		snprintf(name, sizeof(name), "sealed-%s", seal_fault_name(i));
		for (char *blank = name; (blank = strchr(blank, ' ')); )
			*blank = '-';
		put_count(node, "fault", name, report->link.faults[i]);
	}
}

static void
put_peer(struct lyd_node *node, const struct flowdoor_report *report)
{
	const struct flowsync_status *s = &report->status;
	char text[FINGERPRINT_TEXT_SIZE];

	if (report->settings.paired)
		put_text(node, "peer", fingerprint_text(&report->settings.fingerprint, text));
	put_bool(node, "connected", s->connected);
	if (!s->connected)
		return;
	put_since(node, "connected-since", report->now, s->connected_since);
	put_text(node, "peer-role", flowsync_role_name(s->peer_role));
	put_number(node, "peer-epoch", s->peer_epoch);
	put_number(node, "peer-flows", s->peer_flows);
	put_number(node, "peer-capacity", s->peer_capacity);
	put_number(node, "round-trip", (uint64_t)(s->round_trip / NSEC_PER_USEC));
}

static void
put_lag(struct lyd_node *node, const struct flowtally_times *lag)
{
	if (lag->count == 0)
		return;
	put_number(node, "lag-median", (uint64_t)(flowtally_quantile(lag, 500) / NSEC_PER_USEC));
	put_number(node, "lag-99", (uint64_t)(flowtally_quantile(lag, 990) / NSEC_PER_USEC));
	put_number(node, "lag-longest", (uint64_t)(lag->longest / NSEC_PER_USEC));
}

static void
put_status(struct lyd_node *node, const struct flowdoor_report *report)
{
	const struct flowsync_status *s = &report->status;

	put_text(node, "role", flowsync_role_name(s->role));
	put_text(node, "readiness", flowsync_readiness_name(s->readiness));
	put_number(node, "epoch", s->epoch);
	put_number(node, "flows", s->flows);
	put_number(node, "capacity", s->capacity);
	put_number(node, "expectations", s->expectations);
	if (s->role == FLOWSYNC_ACTIVE) {
		put_number(node, "lost-now", s->lost_now);
		put_number(node, "held-down", s->held);
	} else {
		put_number(node, "parked", s->parked);
		put_number(node, "refused", s->refused);
	}
	put_since(node, "agreed", report->now, s->agreed_at);
	put_number(node, "different", s->buckets_different);
	put_bool(node, "sweeping", s->sweeping);
	put_number(node, "sweep-left", s->sweep_left);
	if (s->sweep_at > report->now)
		put_number(node, "sweep-due",
		           (uint64_t)((s->sweep_at - report->now) / NSEC_PER_SEC));
	put_bool(node, "dumping", s->dumping);
	if (s->role == FLOWSYNC_STANDBY)
		put_bool(node, "settling", s->settling);
	put_number(node, "event-buffer", report->kernel.buffer);
	for (enum flowsync_alarm i = 0; i < FLOWSYNC_ALARMS; i++)
		if (s->alarms & 1u << i)
			put_text(node, "alarm", flowsync_alarm_name(i));
	for (enum flowflaw i = 0; i < FLOWFLAWS; i++)
		if (report->flaws & 1u << i)
			put_text(node, "alarm", flowflaw_name(i));
}

void
gather_connsync(const struct ly_ctx *schema, int door, struct lyd_node **tree)
{
	struct flowdoor_question question = { .kind = FLOWDOOR_REPORT };
	struct lyd_node *node = put_container(schema, tree, "connsync-state");
	struct flowdoor_answer answer;
	const struct flowdoor_report *report = &answer.report;

	if (flowdoor_ask(door, &question, PATIENCE, &answer, NULL) < 0) {
		put_bool(node, "running", false);
		put_text(node, "trouble", "the process flowsync does not answer; see the log");
		return;
	}
	if (!report->configured)
		return;
	put_bool(node, "running", report->running);
	put_text(node, "sync-group", report->sync_group);
	put_bool(node, "authenticated", report->settings.authenticated);
	put_paths(node, report);
	if (!report->running) {
		put_text(node, "trouble", report->trouble);
		return;
	}
	put_status(node, report);
	put_peer(node, report);
	put_lag(node, &report->tally.lag);
	put_counts(node, report);
}

/* ---- flows ---------------------------------------------------------------------------------- */

static const char *const tcp_states[] = {
	"none", "SYN_SENT", "SYN_RECV", "ESTABLISHED", "FIN_WAIT", "CLOSE_WAIT", "LAST_ACK",
	"TIME_WAIT", "CLOSE", "SYN_SENT2",
};

static const char *
state_text(const struct flow *flow)
{
	if (flow->has & FLOW_HAS_TCP && flow->tcp.state < ARRAY_SIZE(tcp_states))
		return tcp_states[flow->tcp.state];
	return flow->status & FLOW_ASSURED ? "ASSURED" :
	       flow->status & FLOW_SEEN_REPLY ? "REPLIED" : "NEW";
}

static void
json_end(FILE *to, const char *name, uint8_t family, const uint8_t address[16], uint16_t port)
{
	struct ip ip = family == 4 ? ip_from_v4(address) : ip_from_v6(address);
	char text[IP_TEXT_SIZE];

	fprintf(to, ",\"%s\":\"%s%s%s:%u\"", name, family == 6 ? "[" : "", ip_text(&ip, text),
	        family == 6 ? "]" : "", port);
}

static void
json_flow(FILE *to, const struct flowsync_view *view)
{
	const struct flow *flow = &view->flow;
	const struct flow_key *key = &flow->key;
	const char *name = NULL;

	for (size_t i = 0; i < ARRAY_SIZE(protocols); i++)
		if (protocols[i].number == key->protocol)
			name = protocols[i].name;
	if (name)
		fprintf(to, "{\"protocol\":\"%s\"", name);
	else
		fprintf(to, "{\"protocol\":\"%u\"", key->protocol);
	json_end(to, "source", key->family, key->source, key->source_port);
	json_end(to, "destination", key->family, key->destination, key->destination_port);
	if (flow->has & FLOW_HAS_SOURCE_NAT)
		json_end(to, "source-nat", key->family, flow->source_nat.address,
		         flow->source_nat.port);
	if (flow->has & FLOW_HAS_DESTINATION_NAT)
		json_end(to, "destination-nat", key->family, flow->destination_nat.address,
		         flow->destination_nat.port);
	if (key->zone)
		fprintf(to, ",\"zone\":%u", key->zone);
	fprintf(to, ",\"state\":\"%s\",\"timeout\":%u,\"age\":\"%lld\"", state_text(flow),
	        flow->timeout, (long long)(view->age / NSEC_PER_SEC));
	if (flow->has & FLOW_HAS_MARK)
		fprintf(to, ",\"mark\":%u", flow->mark);
	if (flow->has & FLOW_HAS_HELPER) {
		fprintf(to, ",\"helper\":");
		json_string(to, flow->helper);
	}
	fprintf(to, ",\"copy\":\"%s\"}", view->refused  ? "refused"
	                                 : view->parked ? "parked"
	                                 : view->held   ? "young"
	                                 : view->told   ? "held"
	                                                : "due");
}

char *
gather_flows(const struct flowdoor_answer *answer, const struct flowsync_view *flows)
{
	char *text = NULL;
	size_t length;
	FILE *to = open_memstream(&text, &length);

	assert(to);
	fprintf(to, "{\"tandem-state:output\":{\"matched\":\"%llu\"%s",
	        (unsigned long long)answer->matched, answer->count > 0 ? ",\"flow\":[" : "");
	for (uint32_t i = 0; i < answer->count; i++) {
		if (i > 0)
			fputc(',', to);
		json_flow(to, &flows[i]);
	}
	fprintf(to, "%s}}", answer->count > 0 ? "]" : "");
	fclose(to);
	assert(text);
	return text;
}
