/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Plays everything around a manager: its files, the engine at the far end of the channel, and the
 * clients at its socket.  Decides nothing about what is right; that the tests do.
 */
#include "manager_rig.h"

#include <errno.h>
#include <glob.h>
#include <grp.h>
#include <poll.h>
#include <pwd.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

#include "daemon/roles.h"
#include "system/privilege.h"

/*
 * The child gives up its user as the real one does, but keeps its system calls, so that the leak
 * checker can look at it when it ends.
 */
int
privilege_drop_manager(const char *user, struct error *error)
{
	const struct passwd *entry = getpwnam(user);

	if (geteuid() != 0)
		return 0;
	if (!entry || setgroups(0, NULL) < 0 ||
	    setresgid(entry->pw_gid, entry->pw_gid, entry->pw_gid) < 0 ||
	    setresuid(entry->pw_uid, entry->pw_uid, entry->pw_uid) < 0)
		return error_set(error, -EPERM, "cannot become %s", user);
	prctl(PR_SET_DUMPABLE, 1);	/* the leak checker looks at the process */
	prctl(PR_SET_PDEATHSIG, SIGKILL);	/* a test that failed leaves nobody behind */
	return 0;
}

/* ------------------------------------------------------------------ a manager and its world */

void
start_manager(struct world *w)
{
	const struct role_options options = {
		.saved_path = w->saved,
		.run_dir = w->directory,
		.state_dir = w->directory,
		.user = SERVICE_USER,
		.yang_dir = TANDEM_SOURCE_YANG_DIR,
		.log_level = getenv("VERBOSE") ? LOG_DEBUG_LEVEL : LOG_ERROR_LEVEL,
	};

	fflush(NULL);
	w->manager = fork();
	assert_true(w->manager >= 0);
	if (w->manager == 0) {
		close(w->channel[0]);
		exit(manager_main(&options, w->channel[1], w->listener, -1, -1, w->memory));
	}
}

static void
write_file(const char *path, const char *text)
{
	FILE *file = fopen(path, "w");

	assert_non_null(file);
	fputs(text, file);
	fclose(file);
}

char *
read_file(const char *path)
{
	FILE *file = fopen(path, "r");
	char *text = calloc(1, 65536);

	assert_non_null(text);
	if (!file) {
		free(text);
		return NULL;
	}
	assert_true(fread(text, 1, 65535, file) < 65535);
	fclose(file);
	return text;
}

void
set_up_world(struct world *w, const char *saved)
{
	struct sockaddr_un address = { .sun_family = AF_UNIX };
	const struct passwd *service = getpwnam(SERVICE_USER);
	char path[128];

	*w = (struct world){ .directory = "/tmp/tandem-manager-XXXXXX" };
	assert_non_null(mkdtemp(w->directory));
	snprintf(w->saved, sizeof(w->saved), "%s/config.boot", w->directory);
	snprintf(path, sizeof(path), "%s/manager", w->directory);
	assert_int_equal(mkdir(path, 0700), 0);
	snprintf(w->running, sizeof(w->running), "%s/manager/running.boot", w->directory);
	snprintf(w->memory_path, sizeof(w->memory_path), "%s/engine.memory", w->directory);
	if (saved)
		write_file(w->saved, saved);
	if (geteuid() == 0) {
		assert_int_equal(chown(w->directory, service->pw_uid, service->pw_gid), 0);
		assert_int_equal(chown(path, service->pw_uid, service->pw_gid), 0);
		assert_true(!saved || chown(w->saved, service->pw_uid, service->pw_gid) == 0);
		assert_int_equal(chmod(w->directory, 0755), 0);
	}
	assert_int_equal(memory_open(w->memory_path, &w->memory, NULL), 0);
	assert_int_equal(socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC | SOCK_NONBLOCK, 0,
	                            w->channel), 0);

	snprintf(w->socket_path, sizeof(w->socket_path), "%s/api.sock", w->directory);
	strcpy(address.sun_path, w->socket_path);
	w->listener = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	assert_int_equal(bind(w->listener, (struct sockaddr *)&address, sizeof(address)), 0);
	assert_int_equal(chmod(w->socket_path, 0666), 0);
	assert_int_equal(listen(w->listener, 64), 0);
	start_manager(w);
}

/* End the manager as the supervisor does; it must end cleanly, without a leak. */
static void
stop_manager(struct world *w)
{
	int status;

	assert_int_equal(kill(w->manager, SIGTERM), 0);
	assert_int_equal(waitpid(w->manager, &status, 0), w->manager);
	assert_true(WIFEXITED(status));
	assert_int_equal(WEXITSTATUS(status), 0);
}

/* Remove the history and its directory. */
static void
forget_history(const struct world *w)
{
	char path[512];
	glob_t files;

	snprintf(path, sizeof(path), "%s/history/*", w->directory);
	if (glob(path, 0, NULL, &files) == 0) {
		for (size_t i = 0; i < files.gl_pathc; i++)
			(void)unlink(files.gl_pathv[i]);
		globfree(&files);
	}
	snprintf(path, sizeof(path), "%s/history", w->directory);
	(void)rmdir(path);
	snprintf(path, sizeof(path), "%s.former", w->running);
	(void)unlink(path);
}

void
tear_down_world(struct world *w)
{
	char path[128];

	stop_manager(w);
	close(w->channel[0]);
	close(w->channel[1]);
	close(w->listener);
	memory_close(w->memory);
	forget_history(w);
	(void)unlink(w->saved);
	(void)unlink(w->running);
	(void)unlink(w->memory_path);
	(void)unlink(w->socket_path);
	/* The router's key is made when somebody asks for its fingerprint. */
	snprintf(path, sizeof(path), "%s/pair/identity.pem", w->directory);
	(void)unlink(path);
	snprintf(path, sizeof(path), "%s/pair", w->directory);
	(void)rmdir(path);
	snprintf(path, sizeof(path), "%s/manager", w->directory);
	assert_int_equal(rmdir(path), 0);
	assert_int_equal(rmdir(w->directory), 0);
}

/* ------------------------------------------------------------------ the engine, played */

struct channel_message
engine_hears(struct world *w, struct settings **ret_settings)
{
	struct pollfd fd = { .fd = w->channel[0], .events = POLLIN };
	struct channel_message message;
	struct error error;
	int descriptor;

	*ret_settings = NULL;
	assert_int_equal(poll(&fd, 1, PATIENCE_MSEC), 1);
	assert_int_equal(channel_receive(w->channel[0], &message, &descriptor), 1);
	if (descriptor >= 0) {
		*ret_settings = channel_unwrap_settings(descriptor, &error);
		assert_non_null(*ret_settings);
		close(descriptor);
	}
	return message;
}

void
engine_answers(struct world *w, const struct channel_message *to, enum channel_outcome outcome,
               const char *text)
{
	struct channel_message answer = { .version = CHANNEL_VERSION, .kind = CHANNEL_ANSWER,
	                                  .request = to->request, .outcome = outcome,
	                                  .revision = to->revision };

	snprintf(answer.text, sizeof(answer.text), "%s", text);
	assert_int_equal(channel_send(w->channel[0], &answer, -1), 0);
}

void
engine_runs(struct world *w, const struct settings *settings, enum vrouter_state state)
{
	assert_int_equal(memory_put_settings(w->memory, settings), 0);
	for (uint32_t i = 0; i < settings->group_count; i++) {
		const struct group_settings *group = &settings_groups(settings)[i];
		struct vrouter_status record = { .vrid = group->vrid, .state = state, .family = 4,
		                                 .effective_priority = group->priority };

		memcpy(record.interface, settings_link_of(settings, group)->name, NAME_SIZE);
		assert_int_equal(memory_stage_status(w->memory, i, &record), 0);
	}
	memory_switch_status(w->memory, settings->group_count);
}

uint64_t
engine_adopts(struct world *w, enum channel_outcome outcome, const char *text)
{
	struct settings *settings;
	struct channel_message message = engine_hears(w, &settings);

	while (message.kind == CHANNEL_HELLO)
		message = engine_hears(w, &settings);
	assert_int_equal(message.kind, CHANNEL_ADOPT);
	assert_non_null(settings);
	assert_int_equal(settings->revision, message.revision);
	if (outcome != CHANNEL_REFUSED)
		engine_runs(w, settings, VROUTER_MASTER);
	engine_answers(w, &message, outcome, text);
	free(settings);
	return message.revision;
}

bool
engine_hears_nothing(struct world *w, int msec)
{
	struct pollfd fd = { .fd = w->channel[0], .events = POLLIN };

	return poll(&fd, 1, msec) == 0;
}

/* ------------------------------------------------------------------ clients */

int
client_connects(const struct world *w)
{
	struct sockaddr_un address = { .sun_family = AF_UNIX };
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);

	strcpy(address.sun_path, w->socket_path);
	assert_int_equal(connect(fd, (struct sockaddr *)&address, sizeof(address)), 0);
	return fd;
}

int
client_asks(const struct world *w, const char *method, const char *path, const char *headers,
            const char *body)
{
	int fd = client_connects(w);

	dprintf(fd, "%s %s HTTP/1.1\r\nHost: router\r\nConnection: close\r\n%s"
	        "Content-Length: %zu\r\n\r\n%s", method, path, headers, strlen(body), body);
	return fd;
}

struct reply
client_reads(int fd)
{
	struct reply reply = { .text = calloc(1, 1 << 20) };
	size_t length = 0;
	ssize_t got;

	assert_non_null(reply.text);
	while ((got = read(fd, reply.text + length, (1 << 20) - length - 1)) > 0)
		length += (size_t)got;
	close(fd);
	assert_true(length > 12);
	reply.status = (unsigned)strtoul(reply.text + 9, NULL, 10);
	reply.body = strstr(reply.text, "\r\n\r\n");
	assert_non_null(reply.body);
	reply.body += 4;
	return reply;
}

struct reply
ask(const struct world *w, const char *method, const char *path, const char *headers,
    const char *body)
{
	return client_reads(client_asks(w, method, path, headers, body));
}

/* What this machine is warned of (it may not forward) comes with a commit that is done. */
static bool
is_status(const struct reply *reply, unsigned status)
{
	return reply->status == status ||
	       (status == 204 && reply->status == 200 && strstr(reply->text, "state:commit"));
}

static void
check_and_free(struct reply reply, const char *to, unsigned status, const char *text)
{
	if (!is_status(&reply, status) || !strstr(reply.text, text))
		print_message("%s: %u and %s wanted, but: %s\n", to, status, text, reply.text);
	assert_true(is_status(&reply, status));
	assert_non_null(strstr(reply.text, text));
	free(reply.text);
}

void
expect(const struct world *w, const char *method, const char *path, const char *headers,
       const char *body, unsigned status, const char *text)
{
	check_and_free(ask(w, method, path, headers, body), path, status, text);
}

void
expect_answer(int client, unsigned status, const char *text)
{
	check_and_free(client_reads(client), "asked before", status, text);
}

const char config_a[] =
	"{\"tandem-interfaces:interfaces\":{\"dataplane\":[{\"name\":\"dp0s3\","
	"\"address\":[\"10.0.0.2/24\"],\"tandem-vrrp:vrrp\":{\"vrrp-group\":[{\"id\":5,"
	"\"priority\":254,\"preempt\":false,\"sync-group\":\"SYNC1\","
	"\"virtual-address\":[\"10.0.0.1/24\"]}]}}]}}";

const char config_bad[] =
	"{\"tandem-interfaces:interfaces\":{\"dataplane\":[{\"name\":\"dp0s3\","
	"\"address\":[\"10.0.0.2/24\"],\"tandem-vrrp:vrrp\":{\"vrrp-group\":["
	"{\"id\":5,\"priority\":254,\"virtual-address\":[\"10.0.0.1/24\"],"
	"\"authentication\":{\"password\":\"secret\"}},"
	"{\"id\":6,\"priority\":254,\"fast-advertise-interval\":100,"
	"\"virtual-address\":[\"10.0.0.7/24\"]}]}}]}}";

const char saved_a[] =
	"interfaces {\n\tdataplane dp0s3 {\n\t\taddress 10.0.0.2/24\n\t\tvrrp {\n"
	"\t\t\tvrrp-group 5 {\n\t\t\t\tpreempt false\n\t\t\t\tpriority 254\n"
	"\t\t\t\tsync-group SYNC1\n\t\t\t\tvirtual-address 10.0.0.1/24\n\t\t\t}\n\t\t}\n\t}\n}\n";

void
commit_a(struct world *w)
{
	int client = client_asks(w, "PUT", "/restconf/data", JSON, config_a);
	struct reply reply;

	(void)engine_adopts(w, CHANNEL_DONE, "");
	reply = client_reads(client);
	assert_true(reply.status == 204 || reply.status == 200);
	free(reply.text);
}

void
start_empty(struct world *w)
{
	set_up_world(w, NULL);
	(void)engine_adopts(w, CHANNEL_DONE, "");
}

void
try_a(struct world *w, const char *seconds)
{
	char path[128];
	int client;

	snprintf(path, sizeof(path), "/restconf/data?confirm-timeout=%s&comment=a%%20try", seconds);
	client = client_asks(w, "PUT", path, JSON "User-Agent: tandem/1\r\n", config_a);
	(void)engine_adopts(w, CHANNEL_DONE, "");
	expect_answer(client, 200, "revision 1 comes back in ");
}
