/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The role that keeps the rules of the packet filter, and may wait for it: those that refuse
 * packets to virtual addresses (daemon/accept).
 *
 * The rules follow the configuration and the ownership of addresses, nothing else: they are changed
 * by what differs, put back when somebody else removed them, and go when the service stops.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <systemd/sd-event.h>

#include "base/log.h"
#include "daemon/accept.h"
#include "daemon/post.h"
#include "daemon/roles.h"
#include "system/nftables.h"
#include "system/privilege.h"

#define LOOK_USEC 200000u		/* from a change by anybody to a look at our table */
#define RETRY_USEC 10000000u		/* after a refusal */

struct filter {
	struct post post;
	struct nftables *nftables;
	struct sd_event_source *timer;	/* look, or try again */
	const struct settings *settings;
	bool *owner;			/* per group */
	struct accept_list installed;
	char *table;			/* as the kernel shows it; NULL = not known, or none */
	bool known;			/* the kernel has what is in "installed" */
	bool refused;			/* the last change was */
};

/* ---- rules ---------------------------------------------------------------------------------- */

static void
set_timer(struct filter *f, uint64_t usec)
{
	sd_event_source_set_time_relative(f->timer, usec);
	sd_event_source_set_enabled(f->timer, SD_EVENT_ONESHOT);
}

/* Run commands (taken). */
static int
run(struct filter *f, char *commands, struct error *error)
{
	int r = commands ? nftables_run(f->nftables, commands, error) :
	                   error_set(error, -ENOMEM, "out of memory");

	free(commands);
	return r;
}

static void
forget_table(struct filter *f)
{
	free(f->table);
	f->table = NULL;
}

/* Keep how the table looks, to notice when somebody else changes it. */
static void
remember(struct filter *f)
{
	struct error error;

	forget_table(f);
	if (nftables_run(f->nftables, "list table " ACCEPT_TABLE, &error) == 0)
		f->table = strdup(nftables_output(f->nftables));
}

/*
 * Make the kernel refuse exactly these.  The table is there only while there is something in it;
 * where nothing is known of it, it is made anew, in one transaction.
 */
static int
install(struct filter *f, const struct accept_list *wanted, struct error *error)
{
	int r = -ENOENT;

	if (accept_is_empty(wanted)) {
		/* A kernel without nftables has no table either. */
		if (run(f, accept_remove(), error) < 0)
			log_debug("%s", error->text);
		forget_table(f);
		return 0;
	}
	if (f->table)
		r = run(f, accept_change(&f->installed, wanted), error);
	if (r < 0)
		r = run(f, accept_replace(wanted), error);
	if (r == 0)
		remember(f);
	return r;
}

/* Find out what is to be refused, and see to it if it is something else than now. */
static void
update(struct filter *f)
{
	struct accept_list wanted;
	bool wanted_addresses;
	struct error error;

	if (accept_find(f->settings, f->owner, &wanted) < 0) {
		log_error("no memory for the packet filter");
		free(f->owner);
		f->owner = NULL;
		f->settings = NULL;	/* the old ones end with this call */
		return;
	}
	if (f->known && accept_equal(&wanted, &f->installed) &&
	    (accept_is_empty(&wanted) || f->table)) {
		accept_done(&wanted);
		return;
	}
	if (install(f, &wanted, &error) == 0) {
		if (wanted.count > 0 || f->installed.count > 0)
			log_info("packets to %zu virtual addresses are refused", wanted.count);
		if (wanted.link_count > 0 || f->installed.link_count > 0)
			log_info("IPv6 packets from %zu interfaces are not forwarded",
			         wanted.link_count);
		f->refused = false;
		f->known = true;
		post_report_problems(&f->post, "");
		accept_done(&f->installed);
		f->installed = wanted;
		return;
	}
	wanted_addresses = wanted.count > 0;
	accept_done(&wanted);
	if (!f->refused)
		log_error("%s", error.text);
	f->refused = true;
	f->known = false;
	post_report_problems(&f->post, wanted_addresses ?
	                     "Packets to virtual addresses of groups without \"accept\" are "
	                     "accepted: the packet filter cannot be set; does the kernel have "
	                     "nftables?" :
	                     "IPv6 packets are forwarded in spite of disable-forwarding: the "
	                     "packet filter cannot be set; does the kernel have nftables?");
	set_timer(f, RETRY_USEC);
}

/* Somebody changed some rules a moment ago: ours, too? */
static void
look(struct filter *f)
{
	struct error error;

	if (!f->table ||
	    (nftables_run(f->nftables, "list table " ACCEPT_TABLE, &error) == 0 &&
	     strcmp(nftables_output(f->nftables), f->table) == 0))
		return;
	log_warning("the table " ACCEPT_TABLE " of the packet filter was changed by somebody else; "
	            "making it anew");
	forget_table(f);
}

static int
on_timer(sd_event_source *source UNUSED, uint64_t usec UNUSED, void *owner)
{
	struct filter *f = owner;

	look(f);
	if (f->settings)
		update(f);
	return 0;
}

static int
on_news(sd_event_source *source UNUSED, int fd UNUSED, uint32_t events UNUSED, void *owner)
{
	struct filter *f = owner;

	nftables_drain(f->nftables);
	if (!f->refused)
		set_timer(f, LOOK_USEC);
	return 0;
}

/* ---- what the engine tells ------------------------------------------------------------------ */

/* Ownership is told again after every adopt, where it holds. */
static void
on_adopt(void *owner, const struct settings *settings)
{
	struct filter *f = owner;
	bool *list = calloc(settings->group_count + 1, sizeof(*list));

	for (uint32_t i = 0; list && f->settings && i < settings->group_count; i++) {
		const struct group_settings *group = &settings_groups(settings)[i];
		int old = settings_find_group(f->settings,
		                              settings_link_of(settings, group)->name,
		                              group->vrid, group->family);

		list[i] = old >= 0 && f->owner[old];
	}
	if (!list) {
		log_error("no memory for the packet filter");
		return;
	}
	free(f->owner);
	f->owner = list;
	f->settings = settings;
	update(f);
}

static void
on_message(void *owner, const struct channel_message *message)
{
	struct filter *f = owner;
	int group = message->kind != CHANNEL_OWNER || !f->settings ? -1 :
	            settings_find_group(f->settings, message->interface, message->vrid,
	                                message->family);

	if (group < 0)
		return;
	f->owner[group] = message->up == 1;
	update(f);
}

static void
on_stop(void *owner)
{
	struct filter *f = owner;

	sd_event_exit(f->post.event, 0);
}

/* ---- start and stop ------------------------------------------------------------------------- */

static int
set_up(struct filter *f, struct error *error)
{
	int r = nftables_new(&f->nftables, error);

	if (r < 0)
		return r;
	r = sd_event_add_time_relative(f->post.event, &f->timer, CLOCK_BOOTTIME, 0, 0, on_timer, f);
	if (r >= 0)
		r = sd_event_source_set_enabled(f->timer, SD_EVENT_OFF);
	if (r >= 0 && nftables_descriptor(f->nftables) >= 0)
		r = sd_event_add_io(f->post.event, NULL, nftables_descriptor(f->nftables), EPOLLIN,
		                    on_news, f);
	return r < 0 ? error_set(error, r, "cannot set up the loop: %s", strerror(-r)) : 0;
}

int
filter_main(const struct role_options *options, int channel)
{
	static const struct post_calls calls = {
		.on_adopt = on_adopt,
		.on_message = on_message,
		.on_stop = on_stop,
	};
	struct filter f = { 0 };
	struct error error;

	if (post_open(&f.post, "filter", options, channel, &calls, &f, &error) < 0 ||
	    privilege_drop_filter(options->user, &error) < 0 || set_up(&f, &error) < 0) {
		log_error("%s", error.text);
		return EXIT_FAILURE;
	}

	int status = post_run(&f.post);

	/* Leftovers go, too; where there is no nftables there are none. */
	if (run(&f, accept_remove(), &error) < 0)
		log_debug("%s", error.text);
	accept_done(&f.installed);
	sd_event_source_unref(f.timer);
	nftables_free(f.nftables);
	free(f.owner);
	free(f.table);
	post_close(&f.post);
	return status;
}
