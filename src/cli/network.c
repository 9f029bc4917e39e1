/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * An interface of a kind is known by its kind in the state, a vif by its name: that of its parent,
 * a dot, and its number.
 */
#include "cli/network.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cli/data.h"
#include "cli/print.h"
#include "cli/session.h"
#include "cli/show.h"
#include "cli/state.h"

/* ------------------------------------------------------------------ interfaces */

/* The number in the name of a vif of this interface, or NULL. */
static const char *
vif_of(const char *name, const char *parent)
{
	size_t length = strlen(parent);

	return strncmp(name, parent, length) == 0 && name[length] == '.' ? name + length + 1 : NULL;
}

static bool
is_of_kind(const struct lyd_node *interface, const char *kind)
{
	return strcmp(data_text(interface, "kind"), kind) == 0;
}

/* The names of the interfaces of a kind, sorted: there may be thousands of vifs to look up. */
struct parents {
	const char **names;
	size_t count;
};

static int
by_name(const void *a, const void *b)
{
	return strcmp(*(const char *const *)a, *(const char *const *)b);
}

/* room: of how many interfaces there are; free() names. */
static struct parents
collect_parents(const struct lyd_node *state, size_t room, const char *kind)
{
	struct parents parents = { .names = calloc(room + 1, sizeof(const char *)) };

	assert(parents.names);
	for (const struct lyd_node *n = data_child(state, "interface"); n; n = data_next(n))
		if (is_of_kind(n, kind))
			parents.names[parents.count++] = data_text(n, "name");
	qsort(parents.names, parents.count, sizeof(const char *), by_name);
	return parents;
}

/* Of this kind, or a vif of one that is?  Names of both may have dots of their own. */
static bool
belongs_to_kind(const struct lyd_node *interface, const char *kind, const struct parents *parents)
{
	bool belongs = is_of_kind(interface, kind);
	char *parent, *dot;

	if (belongs || !is_of_kind(interface, "vif"))
		return belongs;
	parent = strdup(data_text(interface, "name"));
	assert(parent);
	while (!belongs && (dot = strrchr(parent, '.'))) {
		*dot = '\0';
		belongs = bsearch(&parent, parents->names, parents->count, sizeof(const char *),
		                  by_name) != NULL;
	}
	free(parent);
	return belongs;
}

/* What was asked for; kind NULL: any. */
struct question {
	const char *kind;
	const char *name;		/* NULL: all */
	const char *vif;		/* number of one of its vifs; NULL: it, and of a kind all of
					 * its vifs */
};

static bool
is_asked_for(const struct lyd_node *interface, const struct parents *parents,
             const struct question *q)
{
	const char *name = data_text(interface, "name"), *number;

	if (q->kind && !belongs_to_kind(interface, q->kind, parents))
		return false;
	if (!q->name)
		return true;
	number = vif_of(name, q->name);
	if (q->vif)
		return number && strcmp(number, q->vif) == 0;
	return strcmp(name, q->name) == 0 || (q->kind && number);
}

/* Drop from the state what was not asked for. */
static void
keep_interfaces(struct lyd_node *state, const struct question *q)
{
	struct parents parents = { 0 };
	const struct lyd_node **drop;
	size_t count = 0;

	for (const struct lyd_node *n = data_child(state, "interface"); n; n = data_next(n))
		count++;
	drop = calloc(count + 1, sizeof(*drop));
	assert(drop);
	if (q->kind)
		parents = collect_parents(state, count, q->kind);
	count = 0;
	for (const struct lyd_node *n = data_child(state, "interface"); n; n = data_next(n))
		if (!is_asked_for(n, &parents, q))
			drop[count++] = n;
	free(parents.names);
	for (size_t i = 0; i < count; i++)
		lyd_free_tree((struct lyd_node *)drop[i]);
	free(drop);
}

static void
tell_none(struct session *session, const struct question *q)
{
	if (!q->name)
		fprintf(session->err, "There are no %s interfaces now\n", q->kind);
	else if (q->vif)
		fprintf(session->err, "There is no vif %s of %s now; 'show interfaces' lists the "
		        "interfaces that are\n", q->vif, q->name);
	else if (q->kind)
		fprintf(session->err, "There is no %s interface %s now; 'show interfaces' lists "
		        "those that are\n", q->kind, q->name);
	else
		fprintf(session->err, "There is no interface %s now; 'show interfaces' lists those "
		        "that are\n", q->name);
}

static void
print_state(struct session *session, const struct lyd_node *state,
            void (*layout)(FILE *out, const struct lyd_node *state))
{
	if (session->json)
		session_print_json(session, state, LYD_PRINT_KEEPEMPTYCONT);
	else
		layout(session->out, state);
}

static enum outcome
show(struct session *session, const struct question *q)
{
	struct lyd_node *state;
	enum outcome outcome = state_fetch(session, "interfaces-state", &state);

	if (outcome != OUTCOME_DONE)
		return outcome;
	keep_interfaces(state, q);
	if ((q->kind || q->name) && !data_child(state, "interface")) {
		tell_none(session, q);
		outcome = OUTCOME_FAILED;
	} else {
		print_state(session, state, show_interfaces);
	}
	lyd_free_all(state);
	return outcome;
}

enum outcome
network_show_interfaces(struct session *session, char *const arguments[], size_t count)
{
	return show(session, &(struct question){ .name = count > 0 ? arguments[0] : NULL });
}

/* arguments: its name and the number of a vif, as far as they were given. */
static enum outcome
show_kind(struct session *session, const char *kind, char *const arguments[], size_t count)
{
	const struct question q = {
		.kind = kind,
		.name = count > 0 ? arguments[0] : NULL,
		.vif = count > 1 ? arguments[1] : NULL,
	};

	return show(session, &q);
}

enum outcome
network_show_bonding(struct session *session, char *const arguments[], size_t count)
{
	return show_kind(session, "bonding", arguments, count);
}

enum outcome
network_show_dataplane(struct session *session, char *const arguments[], size_t count)
{
	return show_kind(session, "dataplane", arguments, count);
}

enum outcome
network_show_loopback(struct session *session, char *const arguments[], size_t count)
{
	return show_kind(session, "loopback", arguments, count);
}

enum outcome
network_show_switch(struct session *session, char *const arguments[], size_t count)
{
	return show_kind(session, "switch", arguments, count);
}

enum outcome
network_show_vrrp(struct session *session, char *const arguments[], size_t count)
{
	return show_kind(session, "vrrp", arguments, count);
}

/* ------------------------------------------------------------------ routes */

/* family: "ipv4", "ipv6", or NULL for both. */
static enum outcome
show_static(struct session *session, const char *family)
{
	struct lyd_node *state, *next;
	enum outcome outcome = state_fetch(session, "routes-state", &state);

	if (outcome != OUTCOME_DONE)
		return outcome;
	for (struct lyd_node *n = family && state ? lyd_child_no_keys(state) : NULL; n; n = next) {
		next = n->next;
		if (strcmp(data_text(n, "family"), family) != 0)
			lyd_free_tree(n);
	}
	print_state(session, state, show_routes);
	lyd_free_all(state);
	return OUTCOME_DONE;
}

enum outcome
network_show_routes(struct session *session, char *const arguments[] UNUSED, size_t count UNUSED)
{
	return show_static(session, NULL);
}

enum outcome
network_show_routes4(struct session *session, char *const arguments[] UNUSED, size_t count UNUSED)
{
	return show_static(session, "ipv4");
}

enum outcome
network_show_routes6(struct session *session, char *const arguments[] UNUSED, size_t count UNUSED)
{
	return show_static(session, "ipv6");
}

/* ------------------------------------------------------------------ names */

#define NAMES_OF(predicate) "/tandem-state:interfaces-state/interface" predicate "/name"

void
network_complete_any(struct session *session, char *const arguments[] UNUSED, size_t count UNUSED,
                     const char *start UNUSED, struct possibilities *possibilities)
{
	state_complete(session, NAMES_OF(""), possibilities);
}

void
network_complete_bonding(struct session *session, char *const arguments[] UNUSED,
                         size_t count UNUSED, const char *start UNUSED,
                         struct possibilities *possibilities)
{
	state_complete(session, NAMES_OF("[kind = 'bonding']"), possibilities);
}

void
network_complete_dataplane(struct session *session, char *const arguments[] UNUSED,
                           size_t count UNUSED, const char *start UNUSED,
                           struct possibilities *possibilities)
{
	state_complete(session, NAMES_OF("[kind = 'dataplane']"), possibilities);
}

void
network_complete_loopback(struct session *session, char *const arguments[] UNUSED,
                          size_t count UNUSED, const char *start UNUSED,
                          struct possibilities *possibilities)
{
	state_complete(session, NAMES_OF("[kind = 'loopback']"), possibilities);
}

void
network_complete_switch(struct session *session, char *const arguments[] UNUSED,
                        size_t count UNUSED, const char *start UNUSED,
                        struct possibilities *possibilities)
{
	state_complete(session, NAMES_OF("[kind = 'switch']"), possibilities);
}

void
network_complete_vrrp(struct session *session, char *const arguments[] UNUSED, size_t count UNUSED,
                      const char *start UNUSED, struct possibilities *possibilities)
{
	state_complete(session, NAMES_OF("[kind = 'vrrp']"), possibilities);
}

void
network_complete_vif(struct session *session, char *const arguments[], size_t count UNUSED,
                     const char *start UNUSED, struct possibilities *possibilities)
{
	struct lyd_node *state = state_fetch_quietly(session, "interfaces-state");

	for (const struct lyd_node *n = data_child(state, "interface"); n; n = data_next(n)) {
		const char *number = vif_of(data_text(n, "name"), arguments[0]);

		if (number && is_of_kind(n, "vif"))
			possibilities_add(possibilities, number, NULL, data_text(n, "description"));
	}
	lyd_free_all(state);
}
