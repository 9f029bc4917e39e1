/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Writes virtual servers.  VyOS lets a client come back to its real server for 300 seconds where
 * nothing is said; here that must be said, so that it stays so.
 */
#include <string.h>

#include "import/writing.h"

#define PERSISTENCE_DEFAULT "300"

/* What it lacks to be one, or NULL. */
static const char *
obstacle_of(const struct model_virtual *server)
{
	if (!server->address.text == !server->fwmark.text)
		return "has no address, and no fwmark in its place";
	if (server->address.text && !server->port.text)
		return "has no port";
	for (size_t i = 0; i < server->real_count; i++)
		if (server->fwmark.text && !server->reals[i].port.text &&
		    !server->reals[i].script.text)
			return "has a real-server without port, which cannot be checked";
	return NULL;
}

/* A leaf, if the source says something of it. */
static void
write_said(struct writing *w, const char *name, const char *leaf, const struct said *said)
{
	if (said->text)
		write_try(w, said->place, name, leaf, said->text, NULL);
}

static void
write_real(struct writing *w, const char *name, const struct model_real *real)
{
	size_t mark = write_begin(w, "real-server", real->address.text, NULL);
	const char *script = real->script.text ? write_command(w, &real->script, name) : NULL;

	if (write_put(w, real->address.place, name, NULL)) {
		write_said(w, name, "port", &real->port);
		write_said(w, name, "connection-timeout", &real->timeout);
		if (script)
			write_try(w, real->script.place, name, "health-check", "script", script,
			          NULL);
	}
	write_end(w, mark);
}

static void
write_server(struct writing *w, const struct model_virtual *server)
{
	const char *obstacle = obstacle_of(server), *name = server->name;

	if (obstacle) {
		write_find(w, FINDING_LEFT, server->place, name,
		           "the virtual server %s; it is left out", obstacle);
		return;
	}
	words_cut(&w->base, 0);
	write_begin(w, "service", "virtual-server", name, NULL);
	if (!write_put(w, server->place, name, NULL))
		return;
	write_said(w, name, "address", &server->address);
	write_said(w, name, "algorithm", &server->algorithm);
	write_said(w, name, "delay-loop", &server->delay_loop);
	write_said(w, name, "forward-method", &server->forward_method);
	write_said(w, name, "fwmark", &server->fwmark);
	write_said(w, name, "protocol", &server->protocol);
	/* With a mark it means nothing, and is refused here. */
	if (server->address.text)
		write_said(w, name, "port", &server->port);
	write_try(w, server->place, name, "persistence-timeout",
	          server->persistence.text ? server->persistence.text : PERSISTENCE_DEFAULT, NULL);
	for (size_t i = 0; i < server->real_count; i++)
		write_real(w, name, &server->reals[i]);
	write_find(w, FINDING_TAKEN, server->place, name, "service virtual-server %s", name);
}

void
write_balance(struct writing *w)
{
	for (size_t i = 0; i < w->model->virtual_count; i++)
		write_server(w, &w->model->virtuals[i]);
}
