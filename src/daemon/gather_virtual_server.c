/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What is configured comes from the engine's memory, what is true of it from the balancer.  The two
 * may be of different revisions for a moment: what the balancer does not know yet is shown without
 * state.
 */
#include "daemon/gather_virtual_server.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "config/put.h"
#include "daemon/balancedoor.h"
#include "system/clock.h"

#define PATIENCE NSEC_PER_SEC

/* The balancer's records, and where the last one was found: they come in the settings' order. */
struct answer {
	struct balancedoor_record *records;
	uint32_t count;
	uint32_t at;
};

static const struct balancedoor_record *
find(struct answer *answer, const char *server, const struct ip *real)
{
	for (uint32_t i = 0; i < answer->count; i++) {
		uint32_t at = (answer->at + i) % answer->count;
		const struct balancedoor_record *record = &answer->records[at];

		if (strcmp(record->server, server) == 0 && ip_equal(&record->real, real)) {
			answer->at = at;
			return record;
		}
	}
	return NULL;
}

static void
put_counts(struct lyd_node *node, const struct balance_counts *counts)
{
	put_number(node, "connections", counts->connections);
	put_number(node, "packets-in", counts->packets_in);
	put_number(node, "packets-out", counts->packets_out);
	put_number(node, "bytes-in", counts->bytes_in);
	put_number(node, "bytes-out", counts->bytes_out);
}

static void
put_trouble(struct lyd_node *node, int error)
{
	if (error < 0)
		put_text(node, "trouble", error == -EEXIST ?
		         "another program has it in the kernel" : strerror(-error));
}

static void
put_real_state(struct lyd_node *node, const struct balancedoor_record *record, nsec_t now)
{
	put_text(node, "state", record->state == CHECK_UP     ? "up"
	                        : record->state == CHECK_DOWN ? "down"
	                                                      : "unknown");
	if (record->changed > 0)
		put_number(node, "since", (uint64_t)((now - record->changed) / NSEC_PER_SEC));
	put_bool(node, "present", record->present == 1);
	put_trouble(node, record->error);
	if (record->present != 1)
		return;
	put_number(node, "weight", record->weight);
	put_number(node, "active", record->active);
	put_number(node, "inactive", record->inactive);
	put_number(node, "persistent", record->persistent);
	put_counts(node, &record->counts);
}

static void
put_check(struct lyd_node *node, const struct check_settings *check)
{
	put_text(node, "check", check->kind == CHECK_SCRIPT ? check->text :
	                        check->kind == CHECK_ASK    ? "udp" : "tcp");
}

static void
put_real(struct lyd_node *parent, const struct settings *settings,
         const struct virtual_settings *server, const struct real_settings *real,
         struct answer *answer, nsec_t now)
{
	const struct balancedoor_record *record = find(answer, server->name, &real->address);
	char text[IP_TEXT_SIZE];
	struct lyd_node *node = put_entry(parent, "real-server", ip_text(&real->address, text),
	                                  NULL, NULL);

	if (real->port > 0)
		put_number(node, "port", real->port);
	put_number(node, "configured-weight", real->weight);
	put_bool(node, "drained", real->drained);
	put_check(node, &settings_checks(settings)[real->check]);
	if (record)
		put_real_state(node, record, now);
}

static void
put_server(struct lyd_node *parent, const struct settings *settings,
           const struct virtual_settings *server, struct answer *answer, nsec_t now)
{
	static const struct ip none = { 0 };
	const struct balancedoor_record *record = find(answer, server->name, &none);
	struct lyd_node *node = put_entry(parent, "virtual-server", server->name, NULL, NULL);

	put_ip(node, "address", &server->address);
	if (server->mark > 0)
		put_number(node, "fwmark", server->mark);
	else
		put_number(node, "port", server->port);
	put_number(node, "family", server->family);
	put_text(node, "protocol", server->protocol == VIRTUAL_UDP ? "udp" : "tcp");
	put_text(node, "algorithm", balance_algorithm_name(server->algorithm));
	put_text(node, "forward-method", balance_method_name(server->method));
	if (server->persistence > 0)
		put_number(node, "persistence-timeout", server->persistence);
	if (record) {
		put_bool(node, "present", record->present == 1);
		put_trouble(node, record->error);
		put_counts(node, &record->counts);
	}
	for (uint32_t i = 0; i < server->real_count; i++)
		put_real(node, settings, server, &settings_virtual_reals(settings, server)[i],
		         answer, now);
}

void
gather_virtual_servers(const struct ly_ctx *schema, const struct memory *memory, int hatch,
                       struct lyd_node **tree)
{
	struct lyd_node *node = put_container(schema, tree, "virtual-server-state");
	struct settings *settings = memory_get_settings(memory);
	struct answer answer = { 0 };
	char trouble[256] = "";
	nsec_t now = clock_now();

	if (settings && settings->virtual_count > 0) {
		if (balancedoor_ask(hatch, PATIENCE, &answer.records, &answer.count, trouble) < 0)
			put_text(node, "trouble",
			         "the process balancer does not answer; see the log");
		else if (trouble[0])
			put_text(node, "trouble", trouble);
		for (uint32_t i = 0; i < settings->virtual_count; i++)
			put_server(node, settings, &settings_virtuals(settings)[i], &answer, now);
	}
	free(answer.records);
	free(settings);
}
