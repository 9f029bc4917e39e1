/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * From settings to addresses, from addresses to commands.
 */
#include "daemon/accept.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static int
compare(const void *a, const void *b)
{
	return ip_compare(a, b);
}

static bool
refuses(const struct group_settings *group, bool owner)
{
	return group->version == 3 && !group->accept && !owner;
}

/* Is the address in the list?  The lists are ordered. */
static bool
has(const struct accept_list *list, const struct ip *ip)
{
	return list->count > 0 &&
	       bsearch(ip, list->list, list->count, sizeof(*ip), compare) != NULL;
}

/* The real addresses of this router: whoever lists one as virtual must not cut it off. */
static int
find_real(const struct settings *settings, struct accept_list *ret_list)
{
	struct accept_list real = { 0 };

	real.list = calloc(settings->address_count + 1, sizeof(*real.list));
	if (!real.list)
		return -ENOMEM;
	for (uint32_t i = 0; i < settings->link_count; i++) {
		const struct link_settings *link = &settings_links(settings)[i];
		const struct address_settings *addresses = settings_link_addresses(settings, link);

		for (uint32_t k = 0; k < link->address_count; k++)
			real.list[real.count++] = addresses[k].prefix.ip;
	}
	qsort(real.list, real.count, sizeof(*real.list), compare);
	*ret_list = real;
	return 0;
}

static int
compare_names(const void *a, const void *b)
{
	return strncmp(a, b, NAME_SIZE);
}

static bool
has_link(const struct accept_list *list, const char *name)
{
	return list->link_count > 0 && bsearch(name, list->links, list->link_count,
	                                       sizeof(*list->links), compare_names) != NULL;
}

/* What comes in for a virtual MAC address comes in through the group's virtual link. */
static int
find_links(const struct settings *settings, struct accept_list *list)
{
	const struct link_settings *links = settings_links(settings);
	const struct group_settings *groups = settings_groups(settings);

	list->links = calloc((size_t)settings->link_count + settings->group_count + 1,
	                     sizeof(*list->links));
	if (!list->links)
		return -ENOMEM;
	for (uint32_t i = 0; i < settings->link_count; i++) {
		if (links[i].no_forwarding6)
			memcpy(list->links[list->link_count++], links[i].name, NAME_SIZE);
	}
	for (uint32_t i = 0; i < settings->group_count; i++) {
		if (groups[i].rfc_compatibility && links[groups[i].link].no_forwarding6)
			memcpy(list->links[list->link_count++], groups[i].vmac_name, NAME_SIZE);
	}
	qsort(list->links, list->link_count, sizeof(*list->links), compare_names);
	return 0;
}

int
accept_find(const struct settings *settings, const bool *owner, struct accept_list *ret_list)
{
	struct accept_list found = { 0 }, real;
	size_t kept = 0;

	if (find_real(settings, &real) < 0)
		return -ENOMEM;
	found.list = calloc(settings->address_count + 1, sizeof(*found.list));
	if (!found.list || find_links(settings, &found) < 0) {
		accept_done(&real);
		accept_done(&found);
		return -ENOMEM;
	}
	for (uint32_t i = 0; i < settings->group_count; i++) {
		const struct group_settings *group = &settings_groups(settings)[i];
		const struct address_settings *addresses = settings_group_addresses(settings,
		                                                                    group);

		for (uint32_t k = 0; refuses(group, owner[i]) && k < group_held_count(group); k++)
			found.list[found.count++] = addresses[k].prefix.ip;
	}
	qsort(found.list, found.count, sizeof(*found.list), compare);
	for (size_t i = 0; i < found.count; i++)
		if ((kept == 0 || !ip_equal(&found.list[kept - 1], &found.list[i])) &&
		    !has(&real, &found.list[i]))
			found.list[kept++] = found.list[i];
	found.count = kept;
	accept_done(&real);
	*ret_list = found;
	return 0;
}

void
accept_done(struct accept_list *list)
{
	free(list->list);
	free(list->links);
	*list = (struct accept_list){ 0 };
}

bool
accept_is_empty(const struct accept_list *list)
{
	return list->count == 0 && list->link_count == 0;
}

bool
accept_equal(const struct accept_list *a, const struct accept_list *b)
{
	if (a->count != b->count || a->link_count != b->link_count)
		return false;
	for (size_t i = 0; i < a->link_count; i++)
		if (compare_names(a->links[i], b->links[i]) != 0)
			return false;
	for (size_t i = 0; i < a->count; i++)
		if (!ip_equal(&a->list[i], &b->list[i]))
			return false;
	return true;
}

/* The addresses of one family in a list that the other one has not, between commas. */
static void
print_elements(FILE *out, const struct accept_list *list, const struct accept_list *without,
               uint8_t family, const char *before, const char *after)
{
	char text[IP_TEXT_SIZE];
	bool any = false;

	for (size_t i = 0; i < list->count; i++) {
		if (list->list[i].family != family || has(without, &list->list[i]))
			continue;
		fprintf(out, "%s%s", any ? ", " : before, ip_text(&list->list[i], text));
		any = true;
	}
	if (any)
		fputs(after, out);
}

/* The links in a list that the other one has not. */
static void
print_links(FILE *out, const struct accept_list *list, const struct accept_list *without,
            const char *before, const char *after)
{
	bool any = false;

	for (size_t i = 0; i < list->link_count; i++) {
		if (has_link(without, list->links[i]))
			continue;
		fprintf(out, "%s\"%s\"", any ? ", " : before, list->links[i]);
		any = true;
	}
	if (any)
		fputs(after, out);
}

/* End a text begun with open_memstream(). */
static char *
finish(FILE *out, char **text)
{
	if (out && fclose(out) == 0)
		return *text;
	return NULL;
}

char *
accept_replace(const struct accept_list *list)
{
	static const struct accept_list nothing;
	char *text = NULL;
	size_t size;
	FILE *out = open_memstream(&text, &size);

	if (!out)
		return NULL;
	fputs("add table " ACCEPT_TABLE "\ndelete table " ACCEPT_TABLE "\n"
	      "table " ACCEPT_TABLE " {\n\tset " ACCEPT_SET4 " {\n\t\ttype ipv4_addr\n", out);
	print_elements(out, list, &nothing, 4, "\t\telements = { ", " }\n");
	fputs("\t}\n\tset " ACCEPT_SET6 " {\n\t\ttype ipv6_addr\n", out);
	print_elements(out, list, &nothing, 6, "\t\telements = { ", " }\n");
	fputs("\t}\n\tset " ACCEPT_LINKS " {\n\t\ttype ifname\n", out);
	print_links(out, list, &nothing, "\t\telements = { ", " }\n");
	fputs("\t}\n\tchain input {\n"
	      "\t\ttype filter hook input priority filter - 10; policy accept\n"
	      "\t\tiifname \"lo\" accept\n"
	      "\t\ticmpv6 type { nd-neighbor-solicit, nd-neighbor-advert } accept\n"
	      "\t\tip daddr @" ACCEPT_SET4 " drop\n"
	      "\t\tip6 daddr @" ACCEPT_SET6 " drop\n\t}\n"
	      "\tchain forward {\n"
	      "\t\ttype filter hook forward priority filter - 10; policy accept\n"
	      "\t\tmeta nfproto ipv6 iifname @" ACCEPT_LINKS " drop\n\t}\n}\n", out);
	return finish(out, &text);
}

char *
accept_change(const struct accept_list *old, const struct accept_list *new)
{
	char *text = NULL;
	size_t size;
	FILE *out = open_memstream(&text, &size);

	if (!out)
		return NULL;
	print_elements(out, old, new, 4, "delete element " ACCEPT_TABLE " " ACCEPT_SET4 " { ",
	               " }\n");
	print_elements(out, new, old, 4, "add element " ACCEPT_TABLE " " ACCEPT_SET4 " { ",
	               " }\n");
	print_elements(out, old, new, 6, "delete element " ACCEPT_TABLE " " ACCEPT_SET6 " { ",
	               " }\n");
	print_elements(out, new, old, 6, "add element " ACCEPT_TABLE " " ACCEPT_SET6 " { ",
	               " }\n");
	print_links(out, old, new, "delete element " ACCEPT_TABLE " " ACCEPT_LINKS " { ", " }\n");
	print_links(out, new, old, "add element " ACCEPT_TABLE " " ACCEPT_LINKS " { ", " }\n");
	return finish(out, &text);
}

char *
accept_remove(void)
{
	return strdup("add table " ACCEPT_TABLE "\ndelete table " ACCEPT_TABLE "\n");
}
