/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The test's end of a helper's line.
 */
#include <fcntl.h>
#include <poll.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include <cmocka.h>

#include "post_rig.h"

#define PATIENCE 30000			/* milliseconds */

static int theirs = -1;			/* kept open, as by the supervisor */

static void
start_role(struct post_rig *rig)
{
	struct role_options options = { .user = "nobody", .log_level = LOG_INFO_LEVEL };

	rig->pid = fork();
	if (rig->pid == 0) {
		close(rig->socket);
		_exit(rig->role(&options, theirs));
	}
	assert_true(rig->pid > 0);
}

void
post_rig_start(struct post_rig *rig, int (*role)(const struct role_options *, int))
{
	int ends[2];

	strcpy(rig->folder, "/run/tandem-test-XXXXXX");
	if (!mkdtemp(rig->folder)) {
		strcpy(rig->folder, "/tmp/tandem-test-XXXXXX");
		assert_non_null(mkdtemp(rig->folder));
	}
	/* Sticky: programs in it may be run, and those that run may write. */
	assert_int_equal(chmod(rig->folder, 01777), 0);
	assert_int_equal(socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_NONBLOCK | SOCK_CLOEXEC, 0,
	                            ends), 0);
	rig->socket = ends[0];
	theirs = ends[1];
	rig->role = role;
	start_role(rig);
	(void)post_rig_expect(rig, CHANNEL_HELLO);
}

void
post_rig_restart(struct post_rig *rig)
{
	start_role(rig);
	(void)post_rig_expect(rig, CHANNEL_HELLO);
}

int
post_rig_stop(struct post_rig *rig)
{
	int status = 0;
	pid_t remover;

	kill(rig->pid, SIGTERM);
	assert_int_equal(waitpid(rig->pid, &status, 0), rig->pid);
	close(rig->socket);
	close(theirs);
	remover = fork();
	if (remover == 0) {
		execl("/bin/rm", "rm", "-r", "-f", rig->folder, (char *)NULL);
		_exit(1);
	}
	(void)waitpid(remover, NULL, 0);
	return status;
}

const char *
post_rig_path(const struct post_rig *rig, const char *name)
{
	static char paths[4][128];
	static unsigned next;
	char *path = paths[next++ % 4];

	snprintf(path, sizeof(paths[0]), "%s/%s", rig->folder, name);
	return path;
}

void
post_rig_write(const struct post_rig *rig, const char *name, const char *text, mode_t mode)
{
	FILE *file = fopen(post_rig_path(rig, name), "w");

	assert_non_null(file);
	fputs(text, file);
	fclose(file);
	assert_int_equal(chmod(post_rig_path(rig, name), mode), 0);
}

const char *
post_rig_read(const struct post_rig *rig, const char *name)
{
	static char text[65536];
	int fd = open(post_rig_path(rig, name), O_RDONLY);
	ssize_t length = fd >= 0 ? read(fd, text, sizeof(text) - 1) : 0;

	if (fd >= 0)
		close(fd);
	text[length > 0 ? length : 0] = '\0';
	return text;
}

struct settings *
post_rig_settings(uint32_t groups, uint32_t checks, uint32_t programs)
{
	struct settings_counts counts = { .links = 1, .groups = groups, .addresses = groups,
	                                  .checks = checks, .programs = programs };
	struct settings *s = settings_new(&counts);

	s->revision = 5;
	s->serial = 7;
	strcpy(settings_links(s)->name, "eth0");
	settings_links(s)->parent = settings_links(s)->member_of = -1;
	for (uint32_t i = 0; i < groups; i++) {
		struct group_settings *group = &settings_groups(s)[i];
		uint8_t bytes[4] = { 10, 0, 0, (uint8_t)(i + 1) };

		group_settings_init(group);
		group->link = 0;
		group->vrid = (uint8_t)(10 + i);
		group->address_first = i;
		group->address_count = 1;
		settings_addresses(s)[i] = (struct address_settings){
			.prefix = { ip_from_v4(bytes), 24 },
			.link = -1,
		};
	}
	for (uint32_t i = 0; i < checks; i++) {
		struct check_settings *check = &settings_checks(s)[i];

		snprintf(check->name, sizeof(check->name), "check %u", i);
		check->interval = 50 * NSEC_PER_MSEC;
		check->timeout = 5 * NSEC_PER_SEC;
		check->rise = check->fall = 1;
		check->monitor = -1;
	}
	return s;
}

void
post_rig_send(const struct post_rig *rig, const struct channel_message *message)
{
	struct channel_message whole = *message;

	whole.version = CHANNEL_VERSION;
	assert_int_equal(channel_send(rig->socket, &whole, -1), 0);
}

void
post_rig_adopt(const struct post_rig *rig, const struct settings *settings)
{
	struct channel_message message = {
		.version = CHANNEL_VERSION,
		.kind = CHANNEL_ADOPT,
		.revision = settings->revision,
	};
	struct error error = { 0 };
	int fd;

	if (settings_check(settings, settings->size, &error) < 0)
		fail_msg("%s", error.text);
	fd = channel_wrap_settings(settings);
	assert_true(fd >= 0);
	assert_int_equal(channel_send(rig->socket, &message, fd), 0);
	close(fd);
}

bool
post_rig_takes(const struct post_rig *rig, enum channel_kind kind, int milliseconds,
               struct channel_message *ret_message)
{
	for (;;) {
		struct pollfd wait = { .fd = rig->socket, .events = POLLIN };
		int descriptor;

		if (poll(&wait, 1, milliseconds) <= 0)
			return false;
		assert_int_equal(channel_receive(rig->socket, ret_message, &descriptor), 1);
		assert_int_equal(descriptor, -1);
		if (ret_message->kind == kind)
			return true;
	}
}

struct channel_message
post_rig_expect(const struct post_rig *rig, enum channel_kind kind)
{
	struct channel_message message = { 0 };

	if (!post_rig_takes(rig, kind, PATIENCE, &message))
		fail_msg("no message of kind %d came", kind);
	return message;
}

bool
post_rig_hears(const struct post_rig *rig, enum channel_kind kind, int milliseconds)
{
	struct channel_message message;

	return post_rig_takes(rig, kind, milliseconds, &message);
}

void
post_rig_pause(void)
{
	const struct timespec moment = { .tv_nsec = 5000000 };

	nanosleep(&moment, NULL);
}
