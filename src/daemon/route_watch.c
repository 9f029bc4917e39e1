/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * As in news.c, notifications and dumps stand in one queue.  A dump of a large table is read in
 * turns, so that the loop's other business goes on.  What cannot be had is logged, and the objects
 * stay as they were told last.
 */
#include "daemon/route_watch.h"

#include <errno.h>
#include <libmnl/libmnl.h>
#include <linux/rtnetlink.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <systemd/sd-event.h>

#include "base/log.h"
#include "system/netlink.h"
#include "system/nlroute.h"
#include "system/nlrule.h"

#define A_TURN 8u			/* datagrams of up to 32 KiB */

/* One after the other; each part is a question. */
enum phase { PHASE_NONE, PHASE_RULES4, PHASE_RULES6, PHASE_ROUTES4, PHASE_ROUTES6 };

struct route_watch {
	sd_event *event;
	sd_event_source *source;
	void (*on_change)(void *owner);
	void *owner;
	struct netlink *socket;		/* NULL while nothing is to be fed */
	struct iftrack *track;
	enum phase phase;
	uint32_t sequence;
	bool again;			/* the dump must be repeated */
};

static void start_dump(struct route_watch *w);

static void
ask(struct route_watch *w, enum phase phase)
{
	uint8_t buffer[NETLINK_REQUEST_MAX];
	const struct nlmsghdr *question;
	uint8_t family = phase == PHASE_RULES4 || phase == PHASE_ROUTES4 ? 4 : 6;
	int r;

	w->phase = phase;
	question = phase <= PHASE_RULES6 ? nlrule_dump(buffer, ++w->sequence, family) :
	                                   nlroute_dump(buffer, ++w->sequence, family, 0);
	r = netlink_send(w->socket, question, question->nlmsg_len);
	if (r >= 0)
		return;
	log_error("cannot read routes from the kernel: %s", strerror(-r));
	w->phase = PHASE_NONE;
}

static void
start_dump(struct route_watch *w)
{
	if (w->phase != PHASE_NONE) {
		w->again = true;
		return;
	}
	w->again = false;
	iftrack_begin_dump(w->track);
	ask(w, PHASE_RULES4);
}

/* A kernel without a family, or without rules, has none of them. */
static void
end_part(struct route_watch *w)
{
	if (w->phase < PHASE_ROUTES6) {
		ask(w, w->phase + 1);
		return;
	}
	w->phase = PHASE_NONE;
	if (w->again)
		start_dump(w);
	else
		iftrack_end_dump(w->track);
}

static void
note_route(struct route_watch *w, const struct nlmsghdr *message)
{
	struct ifroute route;

	if (!nlroute_decode(message, &route))
		return;
	if (message->nlmsg_type == RTM_NEWROUTE)
		iftrack_put_route(w->track, &route, nlroute_replaces(message));
	else if (!iftrack_remove_route(w->track, &route))
		w->again = true;
}

static void
note_rule(struct route_watch *w, const struct nlmsghdr *message)
{
	struct ifrule rule;

	if (!nlrule_decode(message, &rule))
		return;
	if (message->nlmsg_type == RTM_NEWRULE)
		iftrack_put_rule(w->track, &rule);
	else
		iftrack_remove_rule(w->track, &rule);
}

static void
on_message(void *owner, const struct nlmsghdr *message)
{
	struct route_watch *w = owner;
	bool of_dump = w->phase != PHASE_NONE && message->nlmsg_seq == w->sequence;

	if (of_dump && message->nlmsg_flags & NLM_F_DUMP_INTR)
		w->again = true;
	switch (message->nlmsg_type) {
	case RTM_NEWROUTE:
	case RTM_DELROUTE:
		note_route(w, message);
		break;
	case RTM_NEWRULE:
	case RTM_DELRULE:
		note_rule(w, message);
		break;
	case NLMSG_DONE:
	case NLMSG_ERROR:
		if (of_dump)
			end_part(w);
		break;
	}
}

static int
on_readable(sd_event_source *source UNUSED, int descriptor UNUSED, uint32_t events UNUSED,
            void *owner)
{
	struct route_watch *w = owner;
	int r = 1;

	for (unsigned i = 0; i < A_TURN && r > 0; i++) {
		r = netlink_receive(w->socket, on_message, w);
		if (r == -ENOBUFS) {
			w->again = true;
			r = 1;
		}
	}
	if (r < 0)
		log_error("cannot read news about routes: %s", strerror(-r));
	/* Only now is there room for the answers. */
	if (r <= 0 && w->again && w->phase == PHASE_NONE)
		start_dump(w);
	w->on_change(w->owner);
	return 0;
}

static void
stop(struct route_watch *w)
{
	w->source = sd_event_source_disable_unref(w->source);
	netlink_close(w->socket);
	w->socket = NULL;
	w->phase = PHASE_NONE;
	w->again = false;
}

static int
start(struct route_watch *w, struct error *error)
{
	static const int groups[] = { RTNLGRP_IPV4_ROUTE, RTNLGRP_IPV6_ROUTE, RTNLGRP_IPV4_RULE,
	                              RTNLGRP_IPV6_RULE };
	int r = netlink_open(groups, ARRAY_SIZE(groups), &w->socket, error);

	if (r < 0)
		return r;
	r = sd_event_add_io(w->event, &w->source, netlink_descriptor(w->socket), EPOLLIN,
	                    on_readable, w);
	if (r >= 0)		/* what concerns links, and VRRP itself, comes first */
		r = sd_event_source_set_priority(w->source, SD_EVENT_PRIORITY_IDLE);
	return r >= 0 ? 0 : error_set(error, r, "cannot watch routes: %s", strerror(-r));
}

struct route_watch *
route_watch_new(struct sd_event *event, void (*on_change)(void *owner), void *owner)
{
	struct route_watch *w = calloc(1, sizeof(*w));

	assert(w != NULL);
	w->event = sd_event_ref(event);
	w->on_change = on_change;
	w->owner = owner;
	return w;
}

void
route_watch_free(struct route_watch *w)
{
	if (w == NULL)
		return;
	stop(w);
	sd_event_unref(w->event);
	free(w);
}

void
route_watch_feed(struct route_watch *w, struct iftrack *track)
{
	struct error error;

	/* A new socket, so that nothing that was said before can be taken for an answer. */
	stop(w);
	w->track = track;
	if (track == NULL || !iftrack_has_routes(track))
		return;
	if (start(w, &error) < 0) {
		log_error("%s; tracked routes count as down", error.text);
		stop(w);
		return;
	}
	start_dump(w);
}
