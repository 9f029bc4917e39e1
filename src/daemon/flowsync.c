/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The role of connection synchronisation: its process, its powers, its loop.  Replication itself is
 * not part of it yet.
 */
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <systemd/sd-event.h>

#include "base/log.h"
#include "daemon/roles.h"
#include "system/privilege.h"

int
flowsync_main(const struct role_options *options)
{
	sd_event *event = NULL;
	struct error error;

	prctl(PR_SET_NAME, "tandem-flowsync");
	log_open("flowsync", options->name);
	log_set_level(options->log_level);
	if (privilege_drop_flowsync(options->user, &error) < 0) {
		log_error("%s", error.text);
		return EXIT_FAILURE;
	}

	int r = sd_event_new(&event);

	if (r >= 0)
		r = sd_event_add_signal(event, NULL, SIGTERM | SD_EVENT_SIGNAL_PROCMASK, NULL,
		                        NULL);
	if (r >= 0)
		r = sd_event_loop(event);
	if (r < 0)
		log_error("the loop ended: %s", strerror(-r));
	sd_event_unref(event);
	return r < 0 ? EXIT_FAILURE : EXIT_SUCCESS;
}
