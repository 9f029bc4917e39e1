/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Nodes of module tandem-state, one by one.  Interface names and descriptions are bytes of the
 * kernel's and may be anything: what YANG's string does not take is shown as "?".  Every other node
 * is ours, so a refusal of libyang is our bug.
 */
#include "config/put.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/utf8.h"

struct lyd_node *
put_container(const struct ly_ctx *schema, struct lyd_node **tree, const char *name)
{
	const struct lys_module *module = ly_ctx_get_module_implemented(schema, "tandem-state");
	struct lyd_node *node = NULL;

	assert(module);
	if (lyd_new_inner(NULL, module, name, 0, &node) != LY_SUCCESS ||
	    lyd_insert_sibling(*tree, node, tree) != LY_SUCCESS)
		assert(!"the state module has this container");
	return node;
}

struct lyd_node *
put_inner(struct lyd_node *parent, const char *name)
{
	struct lyd_node *node = NULL;

	if (lyd_new_inner(parent, NULL, name, 0, &node) != LY_SUCCESS)
		assert(!"the state module has this container");
	return node;
}

/* A copy in which everything that YANG's string does not take is "?"; heap. */
static char *
clean_copy(const char *text)
{
	char *clean = strdup(text);

	assert(clean);
	for (char *at = clean; *at; ) {
		unsigned size = utf8_size(at);

		if (size == 0 || (unsigned char)*at < 0x20 || *at == 0x7f) {
			*at = '?';
			size = 1;
		}
		at += size;
	}
	return clean;
}

void
put_text(struct lyd_node *parent, const char *name, const char *text)
{
	char *clean = clean_copy(text);

	if (lyd_new_term(parent, NULL, name, clean, 0, NULL) != LY_SUCCESS)
		assert(!"the state module has this leaf");
	free(clean);
}

void
put_number(struct lyd_node *parent, const char *name, uint64_t value)
{
	char text[24];

	snprintf(text, sizeof(text), "%llu", (unsigned long long)value);
	put_text(parent, name, text);
}

void
put_bool(struct lyd_node *parent, const char *name, bool value)
{
	put_text(parent, name, value ? "true" : "false");
}

void
put_ip(struct lyd_node *parent, const char *name, const struct ip *ip)
{
	char text[IP_TEXT_SIZE];

	if (ip->family != 0)
		put_text(parent, name, ip_text(ip, text));
}

struct lyd_node *
put_entry(struct lyd_node *parent, const char *name, const char *key, const char *second,
          const char *third)
{
	struct lyd_node *node = NULL;
	char *clean = key ? clean_copy(key) : NULL;

	if (lyd_new_list(parent, NULL, name, 0, &node, clean, second, third) != LY_SUCCESS)
		assert(!"the state module has this list");
	free(clean);
	return node;
}

struct lyd_node *
put_vrouter(struct lyd_node *parent, const char *name, const char *interface, uint8_t vrid,
            uint8_t family)
{
	char number[8];

	snprintf(number, sizeof(number), "%u", vrid);
	return put_entry(parent, name, interface, number, family == 6 ? "ipv6" : "ipv4");
}
