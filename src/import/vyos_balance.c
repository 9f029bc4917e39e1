/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A virtual server of VyOS has a name since version 1.4; before it was called by its address.
 */
#include "import/vyos_balance.h"

#include <string.h>

#include "base/inet.h"
#include "import/keyword.h"

static void
read_check(struct model *model, const struct statement *s, void *into)
{
	static const struct keyword table[] = {
		KEYWORD_FROM_BELOW("script", struct model_real, script),
		{ NULL },
	};

	keyword_walk(model, s, table, into, "health-check");
}

static void
read_reals(struct model *model, const struct statement *list, void *into)
{
	static const struct keyword table[] = {
		KEYWORD_FROM_BELOW("connection-timeout", struct model_real, timeout),
		{ "health-check", KEYWORD_CALL, .read = read_check },
		KEYWORD_FROM_BELOW("port", struct model_real, port),
		{ NULL },
	};
	struct model_virtual *server = into;

	for (const struct statement *s = list->first; s; s = s->next) {
		struct model_real *real = MODEL_ADD(server, reals, real_count);

		real->address = keyword_said(s, 0);
		keyword_walk(model, s, table, real, "a real-server");
	}
}

#define SERVER(word, member) KEYWORD_FROM_BELOW(word, struct model_virtual, member)

void
vyos_balance_read(struct model *model, const struct statement *list, void *into UNUSED)
{
	static const struct keyword table[] = {
		SERVER("address", address),
		SERVER("algorithm", algorithm),
		SERVER("delay-loop", delay_loop),
		SERVER("forward-method", forward_method),
		SERVER("fwmark", fwmark),
		SERVER("persistence-timeout", persistence),
		SERVER("port", port),
		SERVER("protocol", protocol),
		{ "real-server", KEYWORD_CALL, .read = read_reals },
		{ NULL },
	};

	for (const struct statement *s = list->first; s; s = s->next) {
		struct model_virtual *server = MODEL_ADD(model, virtuals, virtual_count);
		struct ip ip;

		server->place = s->place;
		server->name = statement_word(s, 0);
		keyword_walk(model, s, table, server, "a virtual-server");
		if (!server->address.text && !server->fwmark.text && ip_parse(server->name, &ip))
			server->address = keyword_said(s, 0);
	}
}
