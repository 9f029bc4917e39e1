/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Writes what is not a group's: interfaces and their addresses, bonds, connsync; and the pieces
 * that all writing uses.  The kind of an interface is taken from the candidate where it has one of
 * that name, else from the name: eth0.100 is vif 100 of eth0, bond0 a bond, anything else a
 * dataplane interface, which may have any name.
 */
#include "import/write.h"

#include <ctype.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/inet.h"
#include "config/language.h"
#include "config/path.h"
#include "import/writing.h"

#define SECONDS_MAX 1000000u
#define VLAN_MAX 4094

void
write_find(struct writing *w, enum finding_kind kind, struct place place, const char *name,
           const char *format, ...)
{
	va_list arguments;
	char text[1024];

	va_start(arguments, format);
	vsnprintf(text, sizeof(text), format, arguments);
	va_end(arguments);
	findings_add(w->model->findings, kind, place, name, "%s", text);
}

static void
add_words(struct words *words, va_list arguments)
{
	const char *word;

	while ((word = va_arg(arguments, const char *)))
		words_add(words, word);
}

size_t
write_begin(struct writing *w, ...)
{
	size_t mark = w->base.count;
	va_list arguments;

	va_start(arguments, w);
	add_words(&w->base, arguments);
	va_end(arguments);
	return mark;
}

void
write_end(struct writing *w, size_t mark)
{
	words_cut(&w->base, mark);
}

/* The schema's own sentence says which value and why. */
static void
tell_refusal(struct writing *w, struct place place, const char *name, size_t mark,
             const struct problem *problem)
{
	const char *leaf = w->base.list[w->base.count > mark ? mark : mark - 1];
	/* Secrets stay out of reports. */
	bool secret = strcmp(leaf, "authentication") == 0;

	if (problem->value[0] && strcmp(leaf, problem->value) == 0)
		write_find(w, FINDING_LEFT, place, name, "'%s': %s", leaf, problem->message);
	else if (problem->value[0] && !secret)
		write_find(w, FINDING_LEFT, place, name, "%s '%s': %s", leaf, problem->value,
		           problem->message);
	else
		write_find(w, FINDING_LEFT, place, name, "%s: %s", leaf, problem->message);
}

bool
write_put(struct writing *w, struct place place, const char *name, ...)
{
	struct problems problems = { 0 };
	size_t mark = w->base.count;
	va_list arguments;
	int r;

	va_start(arguments, name);
	add_words(&w->base, arguments);
	va_end(arguments);
	r = language_set(w->schema, w->tree, w->base.list, w->base.count, 0, &problems);
	for (size_t i = 0; i < problems.count; i++)
		tell_refusal(w, place, name, mark, &problems.list[i]);
	problems_done(&problems);
	words_cut(&w->base, mark);
	return r == 0;
}

/* ------------------------------------------------------------------ values */

bool
write_seconds(const char *text, uint64_t *ret_usec)
{
	uint64_t usec = 0, unit = 1000000;
	const char *at = text;

	for (; isdigit((unsigned char)*at); at++) {
		usec = 10 * usec + (uint64_t)(*at - '0') * 1000000;
		if (usec > (uint64_t)SECONDS_MAX * 1000000)
			return false;
	}
	if (*at == '.') {
		for (at++; isdigit((unsigned char)*at); at++) {
			unit /= 10;
			usec += (uint64_t)(*at - '0') * unit;
		}
	}
	*ret_usec = usec;
	return at != text && strcmp(text, ".") != 0 && *at == '\0';
}

bool
write_time(struct writing *w, const struct said *said, const char *name, const char *leaf,
           uint64_t *ret_usec)
{
	if (!said->text)
		return false;
	if (write_seconds(said->text, ret_usec))
		return true;
	write_find(w, FINDING_LEFT, said->place, name, "%s '%s': is no number of seconds", leaf,
	           said->text);
	return false;
}

void
write_whole_seconds(struct writing *w, const struct said *said, const char *name,
                    const char *leaf)
{
	char value[32];
	uint64_t usec;

	if (!write_time(w, said, name, leaf, &usec))
		return;
	snprintf(value, sizeof(value), "%llu", (unsigned long long)(usec + 999999) / 1000000);
	write_try(w, said->place, name, leaf, value, NULL);
	if (usec % 1000000)
		write_find(w, FINDING_DIFFERS, said->place, name,
		           "%s is in whole seconds; %s is now %s", leaf, said->text, value);
}

bool
write_address(const char *text, char ret_text[static 64], uint8_t *ret_family)
{
	char address[IP_TEXT_SIZE];
	struct prefix prefix;

	if (!prefix_parse(text, &prefix))
		return false;
	*ret_family = prefix.ip.family;
	snprintf(ret_text, 64, "%s", ip_text(&prefix.ip, address));
	return true;
}

bool
write_network(const char *text, uint8_t family, char ret_text[static 64], uint8_t *ret_family)
{
	char network[PREFIX_TEXT_SIZE];
	struct prefix prefix;

	if (strcmp(text, "default") == 0 || strcmp(text, "all") == 0)
		text = family == 6 ? "::/0" : "0.0.0.0/0";
	if (!prefix_parse(text, &prefix))
		return false;
	for (unsigned bit = prefix.length; bit < 8 * ip_size(&prefix.ip); bit++)
		prefix.ip.bytes[bit / 8] &= (uint8_t)~(0x80u >> bit % 8);
	*ret_family = prefix.ip.family;
	snprintf(ret_text, 64, "%s", prefix_text(&prefix, network));
	return true;
}

/* ------------------------------------------------------------------ interfaces */

static bool
find_words(struct writing *w, char *const words[], size_t count)
{
	struct problems problems = { 0 };
	struct path path;
	bool found = path_resolve(w->schema, words, count, PATH_PART, 0, &path, &problems) == 0 &&
	             path_find(*w->tree, &path);

	problems_done(&problems);
	return found;
}

bool
write_exists(struct writing *w)
{
	return find_words(w, w->base.list, w->base.count);
}

static bool
exists(struct writing *w, const char *kind, const char *name)
{
	char *words[] = { (char *)"interfaces", (char *)kind, (char *)name };

	return find_words(w, words, ARRAY_SIZE(words));
}

/* "bond0", "dp0bond1" */
static bool
is_bond_name(const char *name)
{
	const char *bond = strstr(name, "bond");
	const char *number = bond ? bond + 4 : "";

	if (!bond || (bond != name && strncmp(name, "dp", 2) != 0))
		return false;
	return number[0] && strspn(number, "0123456789") == strlen(number);
}

static const char *
kind_of(struct writing *w, const char *name)
{
	static const char *const kinds[] = { "dataplane", "bonding", "loopback", "switch" };

	for (size_t i = 0; i < ARRAY_SIZE(kinds); i++) {
		if (exists(w, kinds[i], name))
			return kinds[i];
	}
	return strcmp(name, "lo") == 0 ? "loopback" : is_bond_name(name) ? "bonding" : "dataplane";
}

/* The number of a vif that stands behind the interface's own name, or NULL. */
static const char *
vif_of(struct writing *w, const char *name, char ret_base[static 64])
{
	const char *dot = strchr(name, '.');
	const char *number = dot ? dot + 1 : "";
	size_t length = strlen(number);

	if (length == 0 || length > 4 || number[0] == '0' || dot == name ||
	    strspn(number, "0123456789") != length || strtol(number, NULL, 10) > VLAN_MAX ||
	    (size_t)(dot - name) >= 64 || exists(w, "dataplane", name))
		return NULL;
	snprintf(ret_base, 64, "%.*s", (int)(dot - name), name);
	return number;
}

/* What the source says of a bond, when it is made here. */
static void
write_bond(struct writing *w, struct place place, const char *name)
{
	const struct model *model = w->model;
	bool told;
	const char *mode = NULL;

	nameset_add(&w->links, name, &told);
	if (!told)
		return;
	for (size_t i = 0; i < model->bond_count; i++) {
		const struct model_bond *bond = &model->bonds[i];

		if (strcmp(bond->name, name) != 0 || !bond->mode)
			continue;
		mode = bond->mode;
		write_try(w, bond->place, name, "mode", bond->mode, NULL);
		if (bond->primary)
			write_try(w, bond->place, name, "primary", bond->primary, NULL);
	}
	if (!mode)
		write_find(w, FINDING_DIFFERS, place, name,
		           "the mode and the ports of a bond are not in the source; set mode, and "
		           "bond-group of its ports, before the commit: without, it becomes one of "
		           "LACP");
}

bool
write_link(struct writing *w, struct place place, const char *name)
{
	char base[64];
	const char *vif = vif_of(w, name, base);
	const char *own = vif ? base : name;
	const char *kind = kind_of(w, own);
	bool is_new = !exists(w, kind, own);

	words_cut(&w->base, 0);
	write_begin(w, "interfaces", kind, own, NULL);
	if (strcmp(kind, "bonding") == 0 && is_new && write_put(w, place, name, NULL))
		write_bond(w, place, own);
	if (vif)
		write_begin(w, "vif", vif, NULL);
	return write_put(w, place, name, NULL);
}

bool
write_need_link(struct writing *w, struct place place, const char *name)
{
	struct words base = w->base;
	bool written;

	w->base = (struct words){ 0 };
	written = write_link(w, place, name);
	words_free(&w->base);
	w->base = base;
	return written;
}

static void
write_static(struct writing *w, const struct model_static *address)
{
	char text[PREFIX_TEXT_SIZE], *words;
	struct prefix prefix;

	if (!prefix_parse(address->address.text, &prefix)) {
		write_find(w, FINDING_LEFT, address->address.place, address->address.text,
		           "is no address");
		return;
	}
	if (!write_link(w, address->address.place, address->interface) ||
	    !write_put(w, address->address.place, address->interface, "address",
	               prefix_text(&prefix, text), NULL))
		return;
	words = words_join(w->base.list, w->base.count);
	write_find(w, FINDING_TAKEN, address->address.place, address->address.text,
	           "an address of %s", words);
	free(words);
}

static void
write_bond_member(struct writing *w, const struct model_member *member)
{
	/* Only of bonds that something of ours runs on. */
	if (nameset_find(&w->links, member->bond) < 0)
		return;
	if (write_link(w, member->place, member->interface))
		write_try(w, member->place, member->interface, "bond-group", member->bond, NULL);
}

/* Without all three of them there is nothing that could run, and the rest would not load. */
static void
write_connsync(struct writing *w, const struct model_connsync *connsync)
{
	const char *name = "conntrack-sync";

	if (!connsync->is)
		return;
	if (!connsync->peer.text || !connsync->interface.text || !connsync->sync.text) {
		write_find(w, FINDING_LEFT, connsync->place, name,
		           "connections are not replicated until service connsync has %s%s%s%s",
		           connsync->sync.text ? "" : "failover-mechanism vrrp sync-group, ",
		           connsync->interface.text ? "" : "interface, ",
		           connsync->peer.text ? "" : "remote-peer (the other router's own "
		           "address: it is not found by multicast), ",
		           "which nobody names here; set service connsync by hand");
		return;
	}
	words_cut(&w->base, 0);
	if (!write_need_link(w, connsync->interface.place, connsync->interface.text))
		return;
	write_begin(w, "service", "connsync", NULL);
	write_try(w, connsync->sync.place, name, "failover-mechanism", "vrrp", "sync-group",
	          connsync->sync.text, NULL);
	write_try(w, connsync->interface.place, name, "interface", connsync->interface.text, NULL);
	write_try(w, connsync->peer.place, name, "remote-peer", connsync->peer.text, NULL);
	write_find(w, FINDING_TAKEN, connsync->place, name, "service connsync");
}

/* Delays of links that nothing tracks. */
static void
tell_unused_delays(struct writing *w)
{
	for (size_t i = 0; i < w->model->delay_count; i++) {
		const struct model_delay *delay = &w->model->delays[i];

		if (!delay->used)
			write_find(w, FINDING_LEFT, delay->interface.place, delay->interface.text,
			           "delays are those of an interface that is tracked, and this one "
			           "is not; a group's own interface counts at once");
	}
}

static void
tell_sync_groups(struct writing *w)
{
	for (size_t i = 0; i < w->model->sync_count; i++) {
		const struct model_sync *sync = &w->model->syncs[i];

		if (sync->member_count)
			write_find(w, FINDING_TAKEN, sync->place, sync->name,
			           "the sync-group of its members; what it tracks each of them "
			           "tracks, what it runs the first runs");
	}
}

void
write_model(struct ly_ctx *schema, struct model *model, struct lyd_node **tree)
{
	struct writing w = { .schema = schema, .tree = tree, .model = model };

	for (size_t i = 0; i < model->static_count; i++)
		write_static(&w, &model->statics[i]);
	write_checks(&w);
	for (size_t i = 0; i < model->group_count; i++)
		write_group(&w, &model->groups[i]);
	tell_sync_groups(&w);
	tell_unused_delays(&w);
	write_connsync(&w, &model->connsync);
	write_balance(&w);
	write_statics(&w);
	for (size_t i = 0; i < model->bond_member_count; i++)
		write_bond_member(&w, &model->bond_members[i]);
	words_free(&w.base);
	nameset_done(&w.places);
	nameset_done(&w.carried);
	nameset_done(&w.links);
	nameset_done(&w.checks);
	free(w.written);
}
