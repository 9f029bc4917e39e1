/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The life of one program: started, heard, ended.
 */
#include "daemon/run.h"

#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <systemd/sd-event.h>
#include <unistd.h>

#include "base/utf8.h"

#define READ_BYTES 4096u
#define READS_A_TURN 4u

struct run {
	const struct run_calls *calls;
	void *owner;			/* NULL calls after run_abandon() */
	struct run_options options;
	char label[160];
	pid_t pid;
	int output;			/* -1 = closed */
	sd_event_source *child;
	sd_event_source *reader;
	sd_event_source *timer;
	bool timed_out;			/* asked to end */
	unsigned lines;
	char line[RUN_LINE_SIZE];	/* collected so far */
	size_t length;
	char last[RUN_LINE_SIZE];
};

static void
free_run(struct run *run)
{
	sd_event_source_disable_unref(run->child);
	sd_event_source_disable_unref(run->reader);
	sd_event_source_disable_unref(run->timer);
	if (run->output >= 0)
		close(run->output);
	free(run);
}

/* ---- output --------------------------------------------------------------------------------- */

/* What is no text, and no part of a line, becomes a question mark. */
static void
make_printable(char *line)
{
	for (char *at = line; *at;) {
		unsigned size = utf8_size(at);

		if (size == 0 || (unsigned char)*at < 0x20 || *at == 0x7f)
			*at = '?';
		at += size > 0 ? size : 1;
	}
}

static void
end_line(struct run *run)
{
	if (run->length == 0)
		return;
	run->line[run->length] = '\0';
	run->length = 0;
	make_printable(run->line);
	memcpy(run->last, run->line, sizeof(run->last));
	if (run->lines < RUN_LINES_MAX)
		log_line(run->options.level, "%s: %s", run->label, run->line);
	else if (run->lines == RUN_LINES_MAX)
		log_line(run->options.level, "%s: says more, which is not logged", run->label);
	run->lines++;
}

static void
take_output(struct run *run, const char *bytes, size_t count)
{
	for (size_t i = 0; i < count; i++) {
		if (bytes[i] == '\n')
			end_line(run);
		else if (run->length < RUN_LINE_SIZE - 1)
			run->line[run->length++] = bytes[i] ? bytes[i] : '?';
	}
}

static void
read_output(struct run *run)
{
	char bytes[READ_BYTES];

	for (unsigned i = 0; i < READS_A_TURN && run->output >= 0; i++) {
		ssize_t count = read(run->output, bytes, sizeof(bytes));

		if (count > 0) {
			take_output(run, bytes, (size_t)count);
			continue;
		}
		if (count < 0 && (errno == EAGAIN || errno == EINTR))
			return;
		run->reader = sd_event_source_disable_unref(run->reader);
		close(run->output);
		run->output = -1;
	}
}

static int
on_output(sd_event_source *source UNUSED, int fd UNUSED, uint32_t events UNUSED, void *owner)
{
	read_output(owner);
	return 0;
}

/* ---- time and end --------------------------------------------------------------------------- */

static int
on_timer(sd_event_source *source UNUSED, uint64_t usec UNUSED, void *owner)
{
	struct run *run = owner;

	if (run->timed_out) {
		kill(-run->pid, SIGKILL);
		return 0;
	}
	run->timed_out = true;
	kill(-run->pid, SIGTERM);
	sd_event_source_set_time_relative(run->timer,
	                                  (uint64_t)(run->options.grace / NSEC_PER_USEC));
	sd_event_source_set_enabled(run->timer, SD_EVENT_ONESHOT);
	if (run->calls)
		run->calls->on_timeout(run->owner);
	return 0;
}

/* The number of the group is ours as long as the process is not reaped, which is after this. */
static int
on_child(sd_event_source *source UNUSED, const siginfo_t *info, void *owner)
{
	struct run *run = owner;
	int status = info->si_code == CLD_EXITED ? info->si_status << 8 : info->si_status;

	if (run->options.sweep || run->timed_out || !run->calls)
		kill(-run->pid, SIGKILL);
	read_output(run);
	end_line(run);
	if (run->calls)
		run->calls->on_end(run->owner, status, run->timed_out);
	free_run(run);
	return 0;
}

void
run_hurry(struct run *run, nsec_t timeout)
{
	if (run->timed_out)
		return;
	sd_event_source_set_time_relative(run->timer, (uint64_t)(timeout / NSEC_PER_USEC));
	sd_event_source_set_enabled(run->timer, SD_EVENT_ONESHOT);
}

void
run_abandon(struct run *run)
{
	if (!run)
		return;
	run->calls = NULL;
	run->timed_out = true;
	kill(-run->pid, SIGKILL);
}

const char *
run_last_line(const struct run *run)
{
	return run->last;
}

int
run_start(struct sd_event *event, const struct program *program,
          const struct run_options *options, const struct run_calls *calls, void *owner,
          struct run **ret_run, struct error *error)
{
	struct run *run = calloc(1, sizeof(*run));
	int r;

	if (!run)
		return error_set(error, -ENOMEM, "out of memory");
	run->calls = calls;
	run->owner = owner;
	run->options = *options;
	run->output = -1;
	snprintf(run->label, sizeof(run->label), "%s", options->label);
	r = program_start(program, &run->pid, &run->output, error);
	if (r < 0) {
		free_run(run);
		return r;
	}
	r = sd_event_add_child(event, &run->child, run->pid, WEXITED, on_child, run);
	if (r >= 0)
		r = sd_event_add_io(event, &run->reader, run->output, EPOLLIN, on_output, run);
	if (r >= 0)
		r = sd_event_add_time_relative(event, &run->timer, CLOCK_BOOTTIME,
		                               (uint64_t)(options->timeout / NSEC_PER_USEC), 1000,
		                               on_timer, run);
	if (r < 0) {
		kill(-run->pid, SIGKILL);
		free_run(run);
		return error_set(error, r, "cannot watch a process: %s", strerror(-r));
	}
	*ret_run = run;
	return 0;
}
