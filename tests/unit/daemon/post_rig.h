/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A helper role in a process of its own with the test as its engine at the other end of the line.
 */
#ifndef TANDEM_POST_RIG_H
#define TANDEM_POST_RIG_H

#include <sys/types.h>

#include "core/settings.h"
#include "daemon/channel.h"
#include "daemon/roles.h"

struct post_rig {
	char folder[64];		/* everybody may look into it, removed at the end */
	pid_t pid;
	int socket;			/* the engine's end */
	int (*role)(const struct role_options *options, int channel);
};

/* Make a folder and start the role as user nobody (where the test is root). */
void post_rig_start(struct post_rig *rig, int (*role)(const struct role_options *, int));
/* Start the role again on the same line, as the supervisor does. */
void post_rig_restart(struct post_rig *rig);
/* Ask it to end, remove the folder; the exit status as of wait(2). */
int post_rig_stop(struct post_rig *rig);

/* A path in the folder: four of them live at a time. */
const char *post_rig_path(const struct post_rig *rig, const char *name);
void post_rig_write(const struct post_rig *rig, const char *name, const char *text, mode_t mode);
/* The content of a file, "" when there is none; overwritten by the next call. */
const char *post_rig_read(const struct post_rig *rig, const char *name);

/* Settings with these numbers of groups (eth0 10, 11 ...), checks and programs, to be filled. */
struct settings *post_rig_settings(uint32_t groups, uint32_t checks, uint32_t programs);
void post_rig_adopt(const struct post_rig *rig, const struct settings *settings);
void post_rig_send(const struct post_rig *rig, const struct channel_message *message);

/* The next message of this kind, others are passed over; fails the test after thirty seconds. */
struct channel_message post_rig_expect(const struct post_rig *rig, enum channel_kind kind);
/* Is there one of this kind, others passed over, with never so many milliseconds between two? */
bool post_rig_takes(const struct post_rig *rig, enum channel_kind kind, int milliseconds,
                    struct channel_message *ret_message);
bool post_rig_hears(const struct post_rig *rig, enum channel_kind kind, int milliseconds);

/* Wait until it holds; fails the test after thirty seconds. */
#define POST_RIG_AWAIT(condition) \
	do { \
		int turns_ = 0; \
		while (!(condition) && turns_++ < 6000) \
			post_rig_pause(); \
		assert_true(condition); \
	} while (0)
void post_rig_pause(void);

#endif
