/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The supervisor.  Roles are forked, not executed: a new engine is at work within milliseconds.
 *
 * An engine that died or stopped beating is replaced at once; it finds its state in the memory and
 * goes on.  Only when it dies again and again within moments does the next try wait, so that a
 * router with a deterministic fault leaves its groups to the partner instead of spinning.
 */
#include "daemon/supervisor.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/magic.h>
#include <pwd.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <sys/vfs.h>
#include <sys/wait.h>
#include <systemd/sd-daemon.h>
#include <systemd/sd-event.h>
#include <time.h>
#include <unistd.h>

#include "base/log.h"
#include "core/vigil.h"
#include "daemon/naming.h"
#include "system/clock.h"
#include "system/privilege.h"
#include "system/process.h"

#define PATH_SIZE 256
#define WATCH_LEAST (50 * NSEC_PER_MSEC)
#define WATCH_CLOSE (125 * NSEC_PER_MSEC)	/* while a role begins, or after a stall */
#define WATCH_MOST (250 * NSEC_PER_MSEC)	/* patience may have shrunk meanwhile */
#define START_PATIENCE (5 * NSEC_PER_SEC)	/* for the first beat of a new engine */
#define SHORT_LIFE (2 * NSEC_PER_SEC)
#define QUICK_RESTARTS 5
#define RESTART_PAUSE NSEC_PER_SEC
#define STOP_PATIENCE (3 * NSEC_PER_SEC)	/* for a role that says nothing */
/* For an engine that moves: the weakest router follows a resignation that much later at the longest
 * interval of version 3, 40.95 s. */
#define HANDOVER_PATIENCE (45 * NSEC_PER_SEC)
#define SCRIPTS_PATIENCE (6 * NSEC_PER_SEC)	/* the runner's own is shorter */
#define TIMERS_PATIENCE (10 * NSEC_PER_SEC)	/* flowsync's own is shorter */
#define LINE_BYTES (1 << 20)
#define API_BACKLOG 64

enum role { ENGINE, MANAGER, FILTER, FLOWSYNC, RUNNER, PROBER, BALANCER, ROLES };

static const char *const role_names[ROLES] = { "engine", "manager", "filter", "flowsync",
                                               "runner", "prober", "balancer" };

struct child {
	pid_t pid;			/* 0 = not running */
	nsec_t started;
	unsigned short_lives;		/* in a row */
	nsec_t restart_at;		/* while not running */
};

struct supervisor {
	const struct role_options *options;
	struct memory *memory;
	int channel[2];			/* [0] the engine's end, [1] the manager's */
	int lines[HELPERS][2];		/* [0] the engine's end, [1] the helper's */
	int door[2];			/* [0] flowsync's end, [1] the manager's */
	int hatch[2];			/* [0] the balancer's end, [1] the manager's */
	int api_socket;
	int pid_file;
	sd_event *event;
	sd_event_source *watch;
	nsec_t suspected_beat;		/* the last of an engine that seems to hang */
	nsec_t suspected_at;
	struct pulse *pulse;		/* flowsync's */
	struct vigil vigil;		/* over it */
	struct child children[ROLES];
	uint64_t named;			/* serial of the settings whose host name is realised */
	bool stopping;
	bool ready;
};

/* ---- what outlives the roles ---------------------------------------------------------------- */

static int
path_in_run_dir(const struct supervisor *s, const char *name, char path[PATH_SIZE],
                struct error *error)
{
	if (snprintf(path, PATH_SIZE, "%s/%s", s->options->run_dir, name) >= PATH_SIZE)
		return error_set(error, -ENAMETOOLONG, "the name of the run directory is too long");
	return 0;
}

static int
make_directory(const char *path, mode_t mode, const struct passwd *owner, struct error *error)
{
	if (mkdir(path, mode) < 0 && errno != EEXIST)
		return error_set(error, -errno, "cannot make the directory %s: %s", path,
		                 strerror(errno));
	if (owner && geteuid() == 0 && chown(path, owner->pw_uid, owner->pw_gid) < 0)
		return error_set(error, -errno, "cannot give %s to %s: %s", path, owner->pw_name,
		                 strerror(errno));
	return 0;
}

/* One service a run directory: a second one must not take over the socket of the first. */
static int
lock_run_dir(struct supervisor *s, struct error *error)
{
	char path[PATH_SIZE], text[32];
	int length = snprintf(text, sizeof(text), "%d\n", getpid());
	int r = path_in_run_dir(s, "tandemd.pid", path, error);

	if (r < 0)
		return r;
	s->pid_file = open(path, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0644);
	if (s->pid_file < 0)
		return error_set(error, -errno, "cannot open %s: %s", path, strerror(errno));
	if (flock(s->pid_file, LOCK_EX | LOCK_NB) < 0)
		return error_set(error, -errno, "another tandemd runs in %s: see %s",
		                 s->options->run_dir, path);
	if (ftruncate(s->pid_file, 0) < 0 || write(s->pid_file, text, (size_t)length) != length)
		return error_set(error, -errno, "cannot write %s: %s", path, strerror(errno));
	return 0;
}

static int
open_api_socket(struct supervisor *s, struct error *error)
{
	struct sockaddr_un address = { .sun_family = AF_UNIX };
	char path[PATH_SIZE];
	int r = path_in_run_dir(s, "api.sock", path, error);

	if (r < 0)
		return r;
	if (strlen(path) >= sizeof(address.sun_path))
		return error_set(error, -ENAMETOOLONG, "%s is too long for a socket's name", path);
	strncpy(address.sun_path, path, sizeof(address.sun_path) - 1);
	(void)unlink(path);
	s->api_socket = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	if (s->api_socket < 0 ||
	    bind(s->api_socket, (struct sockaddr *)&address, sizeof(address)) < 0 ||
	    chmod(path, 0666) < 0 ||		/* who may do what is decided per request */
	    listen(s->api_socket, API_BACKLOG) < 0)
		return error_set(error, -errno, "cannot listen on %s: %s", path, strerror(errno));
	return 0;
}

/*
 * What does this start begin with?  Of the running configuration that an earlier service left and
 * the saved file, the one written last: a restart changes nothing that runs, and a file that an
 * operator put in place counts.  After a boot only the saved file does.
 */
static int
choose_configuration(struct supervisor *s, const char *memory_path, struct error *error)
{
	struct stat saved, running;
	char path[PATH_SIZE];
	int r = path_in_run_dir(s, "manager/running.boot", path, error);

	if (r < 0)
		return r;
	if (stat(path, &running) < 0)
		return 0;
	if (memory_is_of_this_boot(memory_path) &&
	    (stat(s->options->saved_path, &saved) < 0 ||
	     saved.st_mtim.tv_sec < running.st_mtim.tv_sec ||
	     (saved.st_mtim.tv_sec == running.st_mtim.tv_sec &&
	      saved.st_mtim.tv_nsec <= running.st_mtim.tv_nsec)))
		return 0;
	log_info("starting from %s: it is newer than what ran before", s->options->saved_path);
	if (unlink(path) < 0)
		return error_set(error, -errno, "cannot remove %s: %s", path, strerror(errno));
	return 0;
}

static int
make_pair(int ends[2], struct error *error)
{
	if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC | SOCK_NONBLOCK, 0, ends) < 0)
		return error_set(error, -errno, "cannot make a socket pair: %s", strerror(errno));
	return 0;
}

/* The sockets between the engine and its helpers: room for the state of many groups at once. */
static int
make_lines(struct supervisor *s, struct error *error)
{
	int size = LINE_BYTES;

	for (enum helper i = 0; i < HELPERS; i++) {
		int r = make_pair(s->lines[i], error);

		if (r < 0)
			return r;
		/* Without the power to have so much, they have what is usual. */
		for (unsigned end = 0; end < 2; end++)
			(void)setsockopt(s->lines[i][end], SOL_SOCKET, SO_SNDBUFFORCE, &size,
			                 sizeof(size));
	}
	return 0;
}

/* The engine writes its state into a mapped file there: a disk that is busy could hold it up. */
static void
warn_of_disk(const char *path)
{
	struct statfs file_system;

	if (statfs(path, &file_system) == 0 && file_system.f_type != TMPFS_MAGIC &&
	    file_system.f_type != RAMFS_MAGIC)
		log_warning("%s is not on a file system in memory, and a busy disk may delay the "
		            "engine: mount a tmpfs %s", path, strncmp(path, "/run/", 5) == 0
		            ? "on /run" : "there, or choose a run directory below /run");
}

static int
set_up(struct supervisor *s, struct error *error)
{
	const struct passwd *owner = getpwnam(s->options->user);
	char path[PATH_SIZE];
	int r;

	if (geteuid() == 0 && !owner)
		return error_set(error, -ENOENT, "there is no user %s to run as: create it, or "
		                 "name another with --user", s->options->user);
	r = make_directory(s->options->run_dir, 0755, NULL, error);
	if (r == 0)
		r = lock_run_dir(s, error);
	if (r == 0)
		warn_of_disk(s->options->run_dir);
	if (r == 0)
		r = path_in_run_dir(s, "manager", path, error);
	if (r == 0)
		r = make_directory(path, 0700, owner, error);
	if (r == 0)
		r = make_directory(s->options->state_dir, 0750, owner, error);
	if (r == 0)
		r = path_in_run_dir(s, "engine.memory", path, error);
	if (r == 0)
		r = choose_configuration(s, path, error);
	if (r == 0)
		r = memory_open(path, &s->memory, error);
	if (r == 0)
		r = open_api_socket(s, error);
	if (r == 0)
		r = make_pair(s->channel, error);
	if (r == 0)
		r = make_pair(s->door, error);
	if (r == 0)
		r = make_pair(s->hatch, error);
	if (r == 0)
		r = pulse_new(&s->pulse, error);
	return r < 0 ? r : make_lines(s, error);
}

/* ---- starting and replacing roles ----------------------------------------------------------- */

/*
 * A role has its own ends of its lines, and the standard streams.  The descriptors of the
 * supervisor's loop are shared with it: by them a role could stop our watching, or take signals
 * that are meant for us.
 */
static void
keep_only(const int *kept, size_t count)
{
	unsigned from = STDERR_FILENO + 1, next;

	do {
		next = ~0U;
		for (size_t i = 0; i < count; i++) {
			if ((unsigned)kept[i] >= from && (unsigned)kept[i] < next)
				next = (unsigned)kept[i];
		}
		if (next > from && close_range(from, next == ~0U ? next : next - 1, 0) < 0) {
			log_error("cannot close what is the supervisor's: %s", strerror(errno));
			_exit(EXIT_FAILURE);
		}
		from = next + 1;
	} while (next != ~0U);
}

/* A helper has no business in the memory. */
static int
keep_line(struct supervisor *s, enum helper helper)
{
	memory_close(s->memory);
	s->memory = NULL;
	keep_only(&s->lines[helper][1], 1);
	return s->lines[helper][1];
}

/* Nor has one that the manager asks. */
static int
keep_line_and(struct supervisor *s, enum helper helper, int to_manager)
{
	const int kept[] = { s->lines[helper][1], to_manager };

	memory_close(s->memory);
	s->memory = NULL;
	keep_only(kept, ARRAY_SIZE(kept));
	return kept[0];
}

static int
run_engine(struct supervisor *s)
{
	int kept[HELPERS + 1];

	for (enum helper i = 0; i < HELPERS; i++)
		kept[i] = s->lines[i][0];
	kept[HELPERS] = s->channel[0];
	keep_only(kept, ARRAY_SIZE(kept));
	return engine_main(s->options, s->channel[0], kept, s->memory);
}

static int
run_manager(struct supervisor *s)
{
	const int kept[] = { s->channel[1], s->api_socket, s->door[1], s->hatch[1] };

	keep_only(kept, ARRAY_SIZE(kept));
	return manager_main(s->options, s->channel[1], s->api_socket, s->door[1], s->hatch[1],
	                    s->memory);
}

/* In the child: leave the supervisor's things behind and become the role. */
NORETURN static void
run_role(struct supervisor *s, enum role role, pid_t parent)
{
	sigset_t none;
	int status = EXIT_FAILURE;

	prctl(PR_SET_PDEATHSIG, SIGKILL, 0, 0, 0);
	if (getppid() != parent)
		_exit(EXIT_FAILURE);
	sigemptyset(&none);
	sigprocmask(SIG_SETMASK, &none, NULL);
	/* From a terminal these come to every process of the group: the supervisor alone acts. */
	signal(SIGINT, SIG_IGN);
	signal(SIGHUP, SIG_IGN);
	unsetenv("NOTIFY_SOCKET");
	unsetenv("WATCHDOG_USEC");
	if (role != FLOWSYNC)
		pulse_free(s->pulse);
	switch (role) {
	case ENGINE:
		status = run_engine(s);
		break;
	case MANAGER:
		status = run_manager(s);
		break;
	case FILTER:
		status = filter_main(s->options, keep_line(s, HELPER_FILTER));
		break;
	case FLOWSYNC:
		status = flowsync_main(s->options,
		                       keep_line_and(s, HELPER_FLOWSYNC, s->door[0]), s->door[0],
		                       s->pulse);
		break;
	case RUNNER:
		status = runner_main(s->options, keep_line(s, HELPER_RUNNER));
		break;
	case PROBER:
		status = prober_main(s->options, keep_line(s, HELPER_PROBER));
		break;
	case BALANCER:
		status = balancer_main(s->options,
		                       keep_line_and(s, HELPER_BALANCER, s->hatch[0]),
		                       s->hatch[0]);
		break;
	case ROLES:
		break;
	}
	_exit(status);
}

static void
start_role(struct supervisor *s, enum role role)
{
	struct child *child = &s->children[role];
	pid_t parent = getpid(), pid;

	if (role == FLOWSYNC)
		pulse_beat(s->pulse, 0);	/* whatever its predecessor said */
	pid = fork();
	if (pid == 0)
		run_role(s, role, parent);
	child->started = clock_now();
	if (pid < 0) {
		log_error("cannot start the %s: %s", role_names[role], strerror(errno));
		child->restart_at = child->started + RESTART_PAUSE;
		return;
	}
	child->pid = pid;
	child->restart_at = 0;
}

/* A role is gone: say why, and start it again now or a little later. */
static void
on_gone(struct supervisor *s, enum role role, int status)
{
	struct child *child = &s->children[role];
	nsec_t now = clock_now();

	child->pid = 0;
	if (s->stopping)
		return;
	if (WIFSIGNALED(status))
		log_error("the %s was ended by signal %d (%s); starting it again",
		          role_names[role], WTERMSIG(status), strsignal(WTERMSIG(status)));
	else
		log_error("the %s ended with status %d; starting it again", role_names[role],
		          WEXITSTATUS(status));
	child->short_lives = now - child->started < SHORT_LIFE ? child->short_lives + 1 : 0;
	if (role == ENGINE)
		memory_count_restart(s->memory);
	if (child->short_lives < QUICK_RESTARTS)
		start_role(s, role);
	else
		child->restart_at = now + RESTART_PAUSE;
}

static int
on_child_signal(sd_event_source *source UNUSED, const struct signalfd_siginfo *info UNUSED,
                void *owner)
{
	struct supervisor *s = owner;
	int status;
	pid_t pid;

	while ((pid = waitpid(-1, &status, WNOHANG)) > 0)
		for (enum role role = 0; role < ROLES; role++)
			if (s->children[role].pid == pid)
				on_gone(s, role, status);
	return 0;
}

/* ---- watching -------------------------------------------------------------------------------- */

/* How long the engine may be without a beat; no shorter than we can tell. */
static nsec_t
engine_patience(const struct supervisor *s)
{
	return nsec_max(memory_patience(s->memory), 2 * WATCH_LEAST);
}

static bool
all_run(const struct supervisor *s)
{
	for (enum role role = 0; role < ROLES; role++)
		if (s->children[role].pid == 0)
			return false;
	return s->ready;
}

/* When patience with an engine that moves no more would end: an idle router is left asleep. */
static nsec_t
next_watch(const struct supervisor *s, nsec_t now)
{
	nsec_t end = memory_last_beat(s->memory) + engine_patience(s) + NSEC_PER_MSEC;

	if (!all_run(s))
		return now + WATCH_CLOSE;
	return nsec_max(now + WATCH_LEAST, nsec_min(end, now + WATCH_MOST));
}

/*
 * Kill an engine that has not turned its loop for too long; its end starts the next one.  Were we
 * ourselves kept from running, so was the engine, probably: it is looked at twice.
 */
static void
watch_engine(struct supervisor *s, nsec_t now)
{
	const struct child *engine = &s->children[ENGINE];
	nsec_t beat = memory_last_beat(s->memory);
	nsec_t patience = engine_patience(s);

	if (engine->pid == 0)
		return;
	if (beat < engine->started) {	/* has not turned its loop once */
		beat = engine->started;
		patience = START_PATIENCE;
	}
	if (now - beat <= patience)
		return;
	if (s->suspected_beat != beat || now - s->suspected_at > 2 * WATCH_CLOSE) {
		s->suspected_beat = beat;
		s->suspected_at = now;
		return;
	}
	log_error("the engine has not moved for %lld ms; replacing it",
	          (long long)((now - beat) / NSEC_PER_MSEC));
	kill(engine->pid, SIGKILL);
}

/*
 * Kill a flowsync whose loop stands still: with it go its sockets, so nothing piles up in the
 * kernel, and the next one reads and compares everything anew.  It is less urgent than an engine
 * and does more at once, so it is judged by what it could have done, not by the clock.
 */
static void
watch_flowsync(struct supervisor *s, nsec_t now)
{
	const struct child *flowsync = &s->children[FLOWSYNC];
	struct vigil_sight sight;
	nsec_t patience;
	uint32_t beat;

	patience = pulse_read(s->pulse, &beat);
	if (flowsync->pid == 0 || patience == 0)
		return;
	sight = process_glance(flowsync->pid);
	if (!vigil_look(&s->vigil, beat, patience, &sight, now))
		return;
	log_error("flowsync has not moved for %lld ms; replacing it",
	          (long long)(patience / NSEC_PER_MSEC));
	kill(flowsync->pid, SIGKILL);
}

static void
tell_service_manager(struct supervisor *s)
{
	bool alive = s->children[ENGINE].pid != 0 && s->children[MANAGER].pid != 0 &&
	             memory_last_beat(s->memory) >= s->children[ENGINE].started;

	if (!alive)
		return;
	if (!s->ready) {
		s->ready = true;
		sd_notify(0, "READY=1\nSTATUS=Engine and manager are running.");
	}
	sd_notify(0, "WATCHDOG=1");
}

static int
on_watch(sd_event_source *source, uint64_t usec UNUSED, void *owner)
{
	struct supervisor *s = owner;
	nsec_t now = clock_now();

	watch_engine(s, now);
	watch_flowsync(s, now);
	naming_follow(s->memory, &s->named);
	for (enum role role = 0; role < ROLES; role++)
		if (s->children[role].pid == 0 && now >= s->children[role].restart_at)
			start_role(s, role);
	tell_service_manager(s);
	sd_event_source_set_time_relative(source,
	                                  (uint64_t)((next_watch(s, now) - now) / NSEC_PER_USEC));
	sd_event_source_set_enabled(source, SD_EVENT_ONESHOT);
	return 0;
}

/* ---- stopping -------------------------------------------------------------------------------- */

/* Until when may a role take its time that was asked to end?  The engine waits for those that take
 * over from it, and moves while it does. */
static nsec_t
stop_deadline(const struct supervisor *s, enum role role, nsec_t asked, nsec_t patience)
{
	nsec_t beat = role == ENGINE ? memory_last_beat(s->memory) : 0;

	return nsec_min(nsec_max(asked, beat) + patience, asked + HANDOVER_PATIENCE);
}

/* End a role politely, and by force when patience ends. */
static void
stop_role(struct supervisor *s, enum role role, nsec_t patience)
{
	const struct timespec moment = { .tv_nsec = 5 * NSEC_PER_MSEC };
	struct child *child = &s->children[role];
	nsec_t asked = clock_now(), killed = NSEC_NEVER;
	int status;

	if (child->pid == 0)
		return;
	kill(child->pid, SIGTERM);
	while (waitpid(child->pid, &status, WNOHANG) == 0) {
		nsec_t now = clock_now();

		/* A process that the kernel holds on to does not die of SIGKILL either. */
		if (killed != NSEC_NEVER && now - killed >= STOP_PATIENCE) {
			log_error("the %s hangs in the kernel; leaving it", role_names[role]);
			break;
		}
		if (killed == NSEC_NEVER && now >= stop_deadline(s, role, asked, patience)) {
			log_warning("the %s does not stop; ending it", role_names[role]);
			kill(child->pid, SIGKILL);
			killed = now;
		}
		nanosleep(&moment, NULL);
	}
	child->pid = 0;
}

static int
set_up_loop(struct supervisor *s, struct error *error)
{
	int r = sd_event_new(&s->event);

	if (r >= 0)
		r = sd_event_add_signal(s->event, NULL, SIGCHLD | SD_EVENT_SIGNAL_PROCMASK,
		                        on_child_signal, s);
	if (r >= 0)
		r = sd_event_add_signal(s->event, NULL, SIGTERM | SD_EVENT_SIGNAL_PROCMASK, NULL,
		                        NULL);
	if (r >= 0)
		r = sd_event_add_signal(s->event, NULL, SIGINT | SD_EVENT_SIGNAL_PROCMASK, NULL,
		                        NULL);
	if (r >= 0)
		r = sd_event_add_signal(s->event, NULL, SIGHUP | SD_EVENT_SIGNAL_PROCMASK, NULL,
		                        NULL);
	if (r >= 0)
		r = sd_event_add_time_relative(s->event, &s->watch, CLOCK_MONOTONIC, 0, 1000,
		                               on_watch, s);
	return r < 0 ? error_set(error, r, "cannot set up the loop: %s", strerror(-r)) : 0;
}

int
supervisor_run(const struct role_options *options)
{
	struct supervisor s = {
		.options = options,
		.channel = { -1, -1 },
		.api_socket = -1,
		.pid_file = -1,
	};
	struct error error = { 0 };
	const char *missing;

	log_open("supervisor", options->name);
	log_set_level(options->log_level);
	signal(SIGPIPE, SIG_IGN);
	if (set_up(&s, &error) < 0 || set_up_loop(&s, &error) < 0) {
		log_error("%s", error.text);
		return EXIT_FAILURE;
	}
	log_info("Tandem %s starts in %s", TANDEM_VERSION, options->run_dir);
	privilege_real_time(&missing);
	for (enum role role = 0; role < ROLES; role++)
		start_role(&s, role);

	int r = sd_event_loop(s.event);

	s.stopping = true;
	sd_notify(0, "STOPPING=1");
	log_info("stopping");
	/* Masters resign first; then programs hear of it; the packet filter goes when nobody is
	 * reached through the virtual addresses any more. */
	stop_role(&s, ENGINE, nsec_max(memory_patience(s.memory), STOP_PATIENCE));
	stop_role(&s, RUNNER, SCRIPTS_PATIENCE);
	stop_role(&s, MANAGER, STOP_PATIENCE);
	stop_role(&s, PROBER, STOP_PATIENCE);
	stop_role(&s, BALANCER, STOP_PATIENCE);
	stop_role(&s, FILTER, STOP_PATIENCE);
	stop_role(&s, FLOWSYNC, TIMERS_PATIENCE);
	memory_close(s.memory);
	pulse_free(s.pulse);
	sd_event_source_unref(s.watch);
	sd_event_unref(s.event);
	return r < 0 ? EXIT_FAILURE : EXIT_SUCCESS;
}
