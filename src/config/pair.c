/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Which interfaces and groups of two routers belong together, and how a finding is written down.
 * It judges nothing: pair_networks.c, pair_rules.c and pair_parties.c do.
 */
#include "config/pair.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "config/language.h"
#include "config/pairing.h"
#include "config/schema.h"
#include "config/tree.h"

/* ------------------------------------------------------------------ findings */

/* "interfaces bonding dp0bond0 vif 10 vrrp vrrp-group 10 priority '254'" */
static char *
path_of(const struct lyd_node *node)
{
	char *words, *path;
	int r;

	if (!node)
		return strdup("");
	words = schema_words(node);
	if (!(node->schema->nodetype & LYD_NODE_TERM) || language_is_secret(node->schema) ||
	    lyd_get_value(node)[0] == '\0')
		return words;
	r = asprintf(&path, "%s '%s'", words, lyd_get_value(node));
	assert(r >= 0);
	free(words);
	return path;
}

void
pairing_add(struct pair_findings *findings, bool warning, const char *number,
            const struct lyd_node *first, const struct lyd_node *second, const char *remedy,
            const char *format, ...)
{
	struct pair_finding *f;
	va_list args;
	int r;

	findings->list = reallocarray(findings->list, findings->count + 1, sizeof(*f));
	assert(findings->list);
	f = &findings->list[findings->count++];
	*f = (struct pair_finding){
		.warning = warning,
		.paths = { path_of(first), path_of(second) },
		.remedy = strdup(remedy),
	};
	snprintf(f->number, sizeof(f->number), "%s", number);
	va_start(args, format);
	r = vasprintf(&f->sentence, format, args);
	va_end(args);
	assert(r >= 0 && f->remedy && f->paths[0] && f->paths[1]);
	findings->errors += !warning;
}

static bool
is_among(const char *name, const char *const *names)
{
	for (; names && *names; names++)
		if (strcmp(name, *names) == 0)
			return true;
	return false;
}

void
pairing_print(FILE *out, const struct lyd_node *node, const char *const *left_out)
{
	size_t count;
	const struct lyd_node **children;

	if (is_among(node->schema->name, left_out) || lyd_is_default(node))
		return;
	/* A container that only holds others may be there or not, with defaults in it. */
	if (node->schema->nodetype != LYS_CONTAINER || (node->schema->flags & LYS_PRESENCE))
		fprintf(out, "%s ", node->schema->name);
	if (node->schema->nodetype & LYD_NODE_TERM) {
		fprintf(out, "'%s' ", lyd_get_value(node));
		return;
	}
	for (const struct lyd_node *key = tree_first_key(node); key; key = tree_next_key(key))
		fprintf(out, "'%s' ", lyd_get_value(key));
	children = tree_children(lyd_child(node), &count);
	for (size_t i = 0; i < count; i++)
		pairing_print(out, children[i], left_out);
	free(children);
}

void
pair_findings_done(struct pair_findings *findings)
{
	for (size_t i = 0; i < findings->count; i++) {
		for (unsigned r = 0; r < PAIR_ROUTERS; r++)
			free(findings->list[i].paths[r]);
		free(findings->list[i].sentence);
		free(findings->list[i].remedy);
	}
	free(findings->list);
	*findings = (struct pair_findings){ 0 };
}

/* ------------------------------------------------------------------ what belongs together */

bool
pairing_share_network(const struct survey *a, const struct survey_link *x, const struct survey *b,
              const struct survey_link *y)
{
	for (size_t i = 0; i < x->address_count; i++) {
		for (size_t k = 0; k < y->address_count; k++) {
			const struct prefix *p = &a->addresses[x->address_first + i].prefix;
			const struct prefix *q = &b->addresses[y->address_first + k].prefix;

			if (p->ip.family && !ip_is_link_local(&p->ip) &&
			    (prefix_contains(p, &q->ip) || prefix_contains(q, &p->ip)))
				return true;
		}
	}
	return false;
}

const struct survey_address *
pairing_next_virtual(const struct survey *s, const struct ip *ip, size_t *at)
{
	for (; *at < s->by_address_count; (*at)++) {
		const struct survey_address *address = &s->addresses[s->by_address[*at]];

		if (!ip_equal(&address->prefix.ip, ip))
			return NULL;
		if (address->group >= 0) {
			(*at)++;
			return address;
		}
	}
	return NULL;
}

size_t
pairing_find_address(const struct survey *s, const struct ip *ip)
{
	size_t low = 0, high = s->by_address_count;

	while (low < high) {
		size_t middle = low + (high - low) / 2;

		if (ip_compare(&s->addresses[s->by_address[middle]].prefix.ip, ip) < 0)
			low = middle + 1;
		else
			high = middle;
	}
	return low;
}

/* The link of b, without a mate so far, that has a virtual address of link x of a; or -1. */
static int
find_by_virtual(const struct pair *pair, const struct survey_link *x)
{
	const struct survey *a = &pair->surveys[0], *b = &pair->surveys[1];

	for (size_t g = x->group_first; g < x->group_first + x->group_count; g++) {
		const struct survey_group *group = &a->groups[g];

		for (size_t i = 0; i < group->address_count; i++) {
			const struct ip *ip = &a->addresses[group->address_first + i].prefix.ip;
			size_t at = pairing_find_address(b, ip);
			const struct survey_address *found;

			if (ip_is_link_local(ip))
				continue;
			while ((found = pairing_next_virtual(b, ip, &at))) {
				if (pair->mates[1][found->link] < 0)
					return found->link;
			}
		}
	}
	return -1;
}

static int
find_by_network(const struct pair *pair, const struct survey_link *x)
{
	const struct survey *b = &pair->surveys[1];

	for (size_t i = 0; i < b->link_count; i++) {
		if (pair->mates[1][i] < 0 && survey_is_routed(&b->links[i]) &&
		    pairing_share_network(&pair->surveys[0], x, b, &b->links[i]))
			return (int)i;
	}
	return -1;
}

static int
find_by_name(const struct pair *pair, const struct survey_link *x)
{
	int found = survey_find(&pair->surveys[1], x->name);

	return found >= 0 && survey_is_routed(&pair->surveys[1].links[found]) ? found : -1;
}

void
pair_open(struct pair *pair, const struct lyd_node *first, const struct lyd_node *second)
{
	static int (*const finders[])(const struct pair *, const struct survey_link *) = {
		find_by_name, find_by_network, find_by_virtual,
	};
	const struct lyd_node *trees[] = { first, second };

	for (unsigned r = 0; r < PAIR_ROUTERS; r++) {
		pair->trees[r] = trees[r];
		pair->surveys[r] = survey_tree(trees[r]);
		pair->mates[r] = malloc((pair->surveys[r].link_count + 1) * sizeof(int));
		assert(pair->mates[r]);
		for (size_t i = 0; i < pair->surveys[r].link_count; i++)
			pair->mates[r][i] = -1;
	}
	for (unsigned f = 0; f < ARRAY_SIZE(finders); f++) {
		for (size_t i = 0; i < pair->surveys[0].link_count; i++) {
			const struct survey_link *link = &pair->surveys[0].links[i];
			int mate = -1;

			if (pair->mates[0][i] < 0 && survey_is_routed(link))
				mate = finders[f](pair, link);
			if (mate < 0)
				continue;
			pair->mates[0][i] = mate;
			pair->mates[1][mate] = (int)i;
		}
	}
}

void
pair_close(struct pair *pair)
{
	for (unsigned r = 0; r < PAIR_ROUTERS; r++) {
		survey_done(&pair->surveys[r]);
		free(pair->mates[r]);
	}
}

const struct lyd_node *
pairing_node(const struct pairing *p, unsigned router, const char *name)
{
	const struct lyd_node *child = tree_child(p->groups[router]->node, name);

	return child ? child : p->groups[router]->node;
}

const char *
pairing_link(const struct pairing *p, unsigned router)
{
	return p->pair->surveys[router].links[p->groups[router]->link].name;
}

const struct survey_group *
pairing_partner(const struct pair *pair, unsigned router, const struct survey_group *group)
{
	const struct survey *s = &pair->surveys[1 - router];
	int mate = pair->mates[router][group->link];
	const struct survey_link *link = mate >= 0 ? &s->links[mate] : NULL;

	for (size_t i = 0; link && i < link->group_count; i++) {
		if (s->groups[link->group_first + i].vrid == group->vrid)
			return &s->groups[link->group_first + i];
	}
	return NULL;
}

/* ------------------------------------------------------------------ the whole */

void
pair_compare(const struct pair *pair, struct pair_findings *findings)
{
	pair_links(pair, findings);
	pair_groups(pair, findings);
	pair_parties(pair, findings);
	pair_connsync(pair, findings);
	pair_virtual_servers(pair, findings);
}
