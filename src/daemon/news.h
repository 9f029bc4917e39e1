/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The picture of the kernel's links and addresses, and of the routes and rules that carry our
 * marks, kept true: notifications as they come, a dump at the start, on request, and whenever
 * notifications were lost.  It tells what changed; what follows from that is decided by whoever
 * listens (daemon/interfaces).
 */
#ifndef TANDEM_NEWS_H
#define TANDEM_NEWS_H

#include "base/base.h"
#include "base/error.h"
#include "base/nsec.h"
#include "core/ifroute.h"
#include "core/ifworld.h"

struct news;
struct netlink;
struct nlmsghdr;

struct news_calls {
	/* A link, as it was or as it is: something about it or its addresses changed, of what the
	 * picture shows; deep: it came
	 * or went, rose or fell, or is another kind of thing now. */
	void (*on_link)(void *owner, const struct ifworld_link *link, bool deep);
	/* This link is about to go; one that comes back under its number is another. */
	void (*on_gone)(void *owner, const struct ifworld_link *link);
	/* A member of this bond began or ceased to carry traffic. */
	void (*on_bond)(void *owner, int index);
	/* A route or a rule with our mark came, changed or went. */
	void (*on_route)(void *owner, const struct ifroute *route);
	void (*on_rule)(void *owner, const struct ifrule *rule);
	/* The kernel dropped some of our routes without naming them. */
	void (*on_routes_gone)(void *owner);
	/* Somebody changed a number that holds for all links (IFWORLD_ALL). */
	void (*on_conf)(void *owner);
	/* Everything was read anew, and what had changed told.  lost: because news were, which may
	 * have told of anything. */
	void (*on_all)(void *owner, bool lost);
	/* It could not be read: ask again for it after a while.  The picture keeps what it has. */
	void (*on_failed)(void *owner);
	/* Send this question through the socket of the news; what becomes of it is told to
	 * news_refused() if it cannot be sent. */
	void (*ask)(void *owner, const struct nlmsghdr *question);
};

int news_new(const struct news_calls *calls, void *owner, struct news **ret,
             struct error *error) MUST_USE;
void news_free(struct news *news);		/* NULL is fine */

/* Borrowed; it changes in news_read() only. */
struct ifworld *news_world(const struct news *news);
struct ifroutes *news_routes(const struct news *news);
struct netlink *news_socket(const struct news *news);

/* Read everything and wait for it. */
int news_read_all(struct news *news, nsec_t patience, struct error *error) MUST_USE;
/* Read everything anew; a dump that runs is done once more. */
void news_dump(struct news *news);
bool news_is_dumping(const struct news *news);
/* Answers of the kernel were lost: dump when what there is was read. */
void news_lost(struct news *news);
/*
 * Ask for one link again: some changes make no news.  Asked for on the socket of the news, the
 * answer stands in the right order among them.
 */
void news_ask_link(struct news *news, int index);
/* A question could not be sent: negative errno. */
void news_refused(struct news *news, int result);

/* Read what is there, at most limit datagrams; false when more may be there. */
bool news_read(struct news *news, unsigned limit);

#endif
