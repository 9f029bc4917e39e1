/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * From a wish to the packet filter's commands, and the table in the kernel.
 *
 * The rules stand behind connection tracking, which has by then said whether the packet makes its
 * flow answered, assured or expected; the event itself leaves when the packet does.  So a mask that
 * the packet gives to its flow holds already for what this packet has to tell.
 */
#include "system/conntrack_diet.h"

#include <errno.h>
#include <linux/netfilter/nf_conntrack_common.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "system/nftables.h"

#define QUIET4 "quiet4"
#define QUIET6 "quiet6"
#define BEHIND_TRACKING "priority -199; policy accept"
#define BEFORE_TRACKING "priority raw - 10; policy accept"

/* ---- text ---- */

/* The elements of one family, which may lie inside each other. */
static void
print_set(FILE *out, const struct conntrack_diet_wish *wish, uint8_t family)
{
	char text[PREFIX_TEXT_SIZE];
	bool any = false;

	fprintf(out, "\tset %s {\n\t\ttype %s; flags interval; auto-merge\n",
	        family == 4 ? QUIET4 : QUIET6, family == 4 ? "ipv4_addr" : "ipv6_addr");
	for (size_t i = 0; i < wish->prefix_count; i++) {
		if (wish->prefixes[i].ip.family != family)
			continue;
		fprintf(out, "%s%s", any ? ", " : "\t\telements = { ",
		        prefix_text(&wish->prefixes[i], text));
		any = true;
	}
	fprintf(out, "%s\t}\n", any ? " }\n" : "");
}

/* By the tuple that the flow began with: the packet's own addresses may be translated, and an ICMP
 * error is no packet of its flow's protocol. */
static void
print_quiet(FILE *out, const struct conntrack_diet_wish *wish)
{
	bool four = false, six = false;

	for (size_t i = 0; i < wish->protocol_count; i++)
		fprintf(out, "\t\tct original protocol %u ct event set 0 accept\n",
		        wish->protocols[i]);
	for (size_t i = 0; i < wish->prefix_count; i++)
		*(wish->prefixes[i].ip.family == 4 ? &four : &six) = true;
	if (four)
		fputs("\t\tct original ip saddr @" QUIET4 " ct event set 0 accept\n"
		      "\t\tct original ip daddr @" QUIET4 " ct event set 0 accept\n", out);
	if (six)
		fputs("\t\tct original ip6 saddr @" QUIET6 " ct event set 0 accept\n"
		      "\t\tct original ip6 daddr @" QUIET6 " ct event set 0 accept\n", out);
}

#define BIT(event) (1u << (event))
#define EVERYTHING (BIT(IPCT_SYNPROXY + 1) - 1)

/* Synproxy shifts sequence numbers, too, and says so before its flow is announced. */
static uint32_t
extra_events(uint32_t extra)
{
	return (extra & CONNTRACK_EXTRA_MARK ? BIT(IPCT_MARK) : 0) |
	       (extra & CONNTRACK_EXTRA_LABELS ? BIT(IPCT_LABEL) : 0) |
	       (extra & CONNTRACK_EXTRA_HELPER ? BIT(IPCT_HELPER) : 0) |
	       (extra & CONNTRACK_EXTRA_SEQADJ ? BIT(IPCT_SEQADJ) | BIT(IPCT_SYNPROXY) : 0) |
	       (extra & CONNTRACK_EXTRA_STATES ? BIT(IPCT_PROTOINFO) : 0);
}

/* A flow that is announced tells of its end, too; one that is not tells only what announces it.
 * (Numbers, as the packet filter's language knows no word for a change of the mark.) */
static void
print_masks(FILE *out, const struct conntrack_diet_wish *wish)
{
	bool replied = wish->detail == CONNTRACK_DETAIL_REPLIED;
	uint32_t announces = BIT(IPCT_ASSURED) | (replied ? BIT(IPCT_REPLY) : 0) |
	                     extra_events(wish->extra & CONNTRACK_EXTRA_SEQADJ);
	uint32_t announced = announces | BIT(IPCT_RELATED) | BIT(IPCT_DESTROY) |
	                     extra_events(wish->extra);

	if (wish->detail == CONNTRACK_DETAIL_ALL) {
		fprintf(out, "\t\tct event set 0x%x\n", EVERYTHING);
		return;
	}
	fprintf(out, "\t\tct status & (expected|assured%s) != 0 ct event set 0x%x accept\n"
	        "\t\tct event set 0x%x\n", replied ? "|seen-reply" : "", announced, announces);
}

/* What passes this hook tells, or is silent.  What the router says about the flows of others
 * (errors, resets) belongs to those, and changes nothing. */
static void
print_chain(FILE *out, const struct conntrack_diet_wish *wish, const char *hook, bool tells)
{
	fprintf(out, "\tchain %s {\n\t\ttype filter hook %s " BEHIND_TRACKING "\n", hook, hook);
	if (tells) {
		print_quiet(out, wish);
		print_masks(out, wish);
	} else {
		fputs("\t\tct state related ct status & expected == 0 accept\n"
		      "\t\tct event set 0\n", out);
	}
	fputs("\t}\n", out);
}

/* Packets to and from the peer, as they pass this hook; addresses in the order they stand there. */
static void
print_path(FILE *out, const struct conntrack_diet_path *path, const struct ip *source,
           const struct ip *destination)
{
	const char *ip = source->family == 4 ? "ip" : "ip6";
	char from[IP_TEXT_SIZE], to[IP_TEXT_SIZE];
	char addresses[2 * IP_TEXT_SIZE + 32];

	snprintf(addresses, sizeof(addresses), "%s saddr %s %s daddr %s", ip,
	         ip_text(source, from), ip, ip_text(destination, to));
	if (path->udp_port)
		fprintf(out, "\t\t%s udp dport %u notrack\n", addresses, path->udp_port);
	if (path->tcp_port)
		fprintf(out, "\t\t%s tcp dport %u notrack\n\t\t%s tcp sport %u notrack\n",
		        addresses, path->tcp_port, addresses, path->tcp_port);
}

static void
print_paths(FILE *out, const struct conntrack_diet_wish *wish)
{
	if (wish->path_count == 0)
		return;
	fputs("\tchain untracked_in {\n\t\ttype filter hook prerouting " BEFORE_TRACKING "\n", out);
	for (size_t i = 0; i < wish->path_count; i++)
		print_path(out, &wish->paths[i], &wish->paths[i].peer, &wish->paths[i].own);
	fputs("\t}\n\tchain untracked_out {\n\t\ttype filter hook output " BEFORE_TRACKING "\n",
	      out);
	for (size_t i = 0; i < wish->path_count; i++)
		print_path(out, &wish->paths[i], &wish->paths[i].own, &wish->paths[i].peer);
	fputs("\t}\n", out);
}

char *
conntrack_diet_replace(const struct conntrack_diet_wish *wish)
{
	char *text = NULL;
	size_t size;
	FILE *out = open_memstream(&text, &size);

	if (!out)
		return NULL;
	fputs("add table " CONNTRACK_DIET_TABLE "\ndelete table " CONNTRACK_DIET_TABLE "\n"
	      "table " CONNTRACK_DIET_TABLE " {\n", out);
	print_set(out, wish, 4);
	print_set(out, wish, 6);
	print_paths(out, wish);
	print_chain(out, wish, "forward", true);
	print_chain(out, wish, "input", wish->local);
	print_chain(out, wish, "output", wish->local);
	fputs("}\n", out);
	return fclose(out) == 0 ? text : NULL;
}

char *
conntrack_diet_remove(void)
{
	return strdup("add table " CONNTRACK_DIET_TABLE "\n"
	              "delete table " CONNTRACK_DIET_TABLE "\n");
}

/* ---- the table ---- */

struct conntrack_diet {
	struct nftables *nftables;
	char *commands;			/* that put the table in place; NULL = none is wanted */
	char *listing;			/* what the kernel showed then */
};

int
conntrack_diet_new(struct conntrack_diet **ret, struct error *error)
{
	struct conntrack_diet *diet = calloc(1, sizeof(*diet));
	int r;

	if (!diet)
		return error_set(error, -ENOMEM, "out of memory");
	r = nftables_new(&diet->nftables, error);
	if (r < 0) {
		free(diet);
		return r;
	}
	*ret = diet;
	return 0;
}

/* From now on these commands are what is wanted (they become ours). */
static void
want(struct conntrack_diet *diet, char *commands)
{
	free(diet->commands);
	free(diet->listing);
	diet->commands = commands;
	diet->listing = NULL;
}

void
conntrack_diet_free(struct conntrack_diet *diet)
{
	if (!diet)
		return;
	want(diet, NULL);
	nftables_free(diet->nftables);
	free(diet);
}

/* Carry out what is wanted, and remember how the kernel shows it. */
static int
put_in_place(struct conntrack_diet *diet, struct error *error)
{
	int r = nftables_run(diet->nftables, diet->commands, error);

	free(diet->listing);
	diet->listing = NULL;
	if (r == 0 && nftables_run(diet->nftables, "list table " CONNTRACK_DIET_TABLE "\n",
	                           NULL) == 0)
		diet->listing = strdup(nftables_output(diet->nftables));
	nftables_drain(diet->nftables);
	return r;
}

int
conntrack_diet_apply(struct conntrack_diet *diet, const struct conntrack_diet_wish *wish,
                     struct error *error)
{
	char *commands = conntrack_diet_replace(wish);

	if (!commands)
		return error_set(error, -ENOMEM, "out of memory");
	want(diet, commands);
	return put_in_place(diet, error);
}

bool
conntrack_diet_is_there(struct conntrack_diet *diet)
{
	return nftables_run(diet->nftables, "list table " CONNTRACK_DIET_TABLE "\n", NULL) == 0;
}

int
conntrack_diet_end(struct conntrack_diet *diet, struct error *error)
{
	char *commands = conntrack_diet_remove();
	int r = commands ? nftables_run(diet->nftables, commands, error) :
	                   error_set(error, -ENOMEM, "out of memory");

	free(commands);
	want(diet, NULL);
	return r;
}

int
conntrack_diet_descriptor(const struct conntrack_diet *diet)
{
	return nftables_descriptor(diet->nftables);
}

int
conntrack_diet_keep(struct conntrack_diet *diet, struct error *error)
{
	int r;

	nftables_drain(diet->nftables);
	if (!diet->commands)
		return 0;
	if (diet->listing &&
	    nftables_run(diet->nftables, "list table " CONNTRACK_DIET_TABLE "\n", NULL) == 0 &&
	    strcmp(nftables_output(diet->nftables), diet->listing) == 0)
		return 0;
	r = put_in_place(diet, error);
	return r < 0 ? r : 1;
}
