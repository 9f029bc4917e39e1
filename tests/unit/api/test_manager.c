/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The manager's role in a child process, with its real doors: HTTP over a Unix socket on one side,
 * the channel on the other, whose far end (the engine) is played by the tests.
 *
 * The child gives up its user as the real one does, but keeps its system calls, so that the leak
 * checker can look at it when it ends.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <errno.h>
#include <fcntl.h>
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
#include <time.h>
#include <unistd.h>

#include <cmocka.h>

#include "daemon/channel.h"
#include "daemon/memory.h"
#include "daemon/roles.h"
#include "system/privilege.h"

#define SERVICE_USER "nobody"
#define STRANGER 12345		/* a user id nobody trusts */
#define PATIENCE_MSEC 5000

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

struct world {
	char directory[64];
	char saved[128];
	char running[128];
	char memory_path[128];
	char socket_path[128];
	struct memory *memory;
	int channel[2];			/* [0] the engine's end */
	int listener;
	pid_t manager;
};

static void
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
		exit(manager_main(&options, w->channel[1], w->listener, -1, w->memory));
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

/* The bytes of a file, or NULL when there is none; heap. */
static char *
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

static void
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

static void
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

/* The next message of the manager; the test fails when none comes. */
static struct channel_message
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

static void
engine_answers(struct world *w, const struct channel_message *to, enum channel_outcome outcome,
               const char *text)
{
	struct channel_message answer = { .version = CHANNEL_VERSION, .kind = CHANNEL_ANSWER,
	                                  .request = to->request, .outcome = outcome,
	                                  .revision = to->revision };

	snprintf(answer.text, sizeof(answer.text), "%s", text);
	assert_int_equal(channel_send(w->channel[0], &answer, -1), 0);
}

/* Take settings as the engine does: into the memory, with a record for each group. */
static void
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

/* Wait for ADOPT, run it and answer. */
static uint64_t
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

static bool
engine_hears_nothing(struct world *w, int msec)
{
	struct pollfd fd = { .fd = w->channel[0], .events = POLLIN };

	return poll(&fd, 1, msec) == 0;
}

/* ------------------------------------------------------------------ clients */

struct reply {
	unsigned status;
	char *text;			/* head and body */
	const char *body;
};

static int
client_connects(const struct world *w)
{
	struct sockaddr_un address = { .sun_family = AF_UNIX };
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);

	strcpy(address.sun_path, w->socket_path);
	assert_int_equal(connect(fd, (struct sockaddr *)&address, sizeof(address)), 0);
	return fd;
}

/* Send a request; headers end with \r\n each. */
static int
client_asks(const struct world *w, const char *method, const char *path, const char *headers,
            const char *body)
{
	int fd = client_connects(w);

	dprintf(fd, "%s %s HTTP/1.1\r\nHost: router\r\nConnection: close\r\n%s"
	        "Content-Length: %zu\r\n\r\n%s", method, path, headers, strlen(body), body);
	return fd;
}

static struct reply
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

static struct reply
ask(const struct world *w, const char *method, const char *path, const char *headers,
    const char *body)
{
	return client_reads(client_asks(w, method, path, headers, body));
}

#define JSON "Content-Type: application/yang-data+json\r\n"
#define CONFIG "/restconf/data?content=config"

/* What this machine is warned of (it may not forward) comes with a commit that is done. */
static bool
is_status(const struct reply *reply, unsigned status)
{
	return reply->status == status ||
	       (status == 204 && reply->status == 200 && strstr(reply->text, "state:commit"));
}

/* Ask, and expect this status and this text anywhere in head or body. */
static void
expect(const struct world *w, const char *method, const char *path, const char *headers,
       const char *body, unsigned status, const char *text)
{
	struct reply reply = ask(w, method, path, headers, body);

	if (!is_status(&reply, status) || !strstr(reply.text, text))
		print_message("%s %s: %s\n", method, path, reply.text);
	assert_true(is_status(&reply, status));
	assert_non_null(strstr(reply.text, text));
	free(reply.text);
}

/* Read the answer to a request asked before, and expect as expect(). */
static void
expect_answer(int client, unsigned status, const char *text)
{
	struct reply reply = client_reads(client);

	if (!is_status(&reply, status) || !strstr(reply.text, text))
		print_message("%s\n", reply.text);
	assert_true(is_status(&reply, status));
	assert_non_null(strstr(reply.text, text));
	free(reply.text);
}

static const char config_a[] =
	"{\"tandem-interfaces:interfaces\":{\"dataplane\":[{\"name\":\"dp0s3\","
	"\"address\":[\"10.0.0.2/24\"],\"tandem-vrrp:vrrp\":{\"vrrp-group\":[{\"id\":5,"
	"\"priority\":254,\"preempt\":false,\"sync-group\":\"SYNC1\","
	"\"virtual-address\":[\"10.0.0.1/24\"]}]}}]}}";

static const char config_bad[] =
	"{\"tandem-interfaces:interfaces\":{\"dataplane\":[{\"name\":\"dp0s3\","
	"\"address\":[\"10.0.0.2/24\"],\"tandem-vrrp:vrrp\":{\"vrrp-group\":["
	"{\"id\":5,\"priority\":254,\"virtual-address\":[\"10.0.0.1/24\"],"
	"\"authentication\":{\"password\":\"secret\"}},"
	"{\"id\":6,\"priority\":254,\"fast-advertise-interval\":100,"
	"\"virtual-address\":[\"10.0.0.7/24\"]}]}}]}}";

static const char saved_a[] =
	"interfaces {\n\tdataplane dp0s3 {\n\t\taddress 10.0.0.2/24\n\t\tvrrp {\n"
	"\t\t\tvrrp-group 5 {\n\t\t\t\tpreempt false\n\t\t\t\tpriority 254\n"
	"\t\t\t\tsync-group SYNC1\n\t\t\t\tvirtual-address 10.0.0.1/24\n\t\t\t}\n\t\t}\n\t}\n}\n";

/* Commit config_a with an engine that adopts it. */
static void
commit_a(struct world *w)
{
	int client = client_asks(w, "PUT", "/restconf/data", JSON, config_a);
	struct reply reply;

	(void)engine_adopts(w, CHANNEL_DONE, "");
	reply = client_reads(client);
	assert_true(reply.status == 204 || reply.status == 200);
	free(reply.text);
}

/* A manager with an empty configuration whose start is over: the engine has adopted nothing. */
static void
start_empty(struct world *w)
{
	set_up_world(w, NULL);
	(void)engine_adopts(w, CHANNEL_DONE, "");
}

/* ------------------------------------------------------------------ tests */

static void
test_start_without_files_is_empty_and_answers(void **state UNUSED)
{
	struct world w;

	start_empty(&w);
	expect(&w, "GET", CONFIG, "", "", 200, "{}");
	expect(&w, "GET", CONFIG, "", "", 200, "ETag: \"1\"");
	expect(&w, "GET", "/restconf/data/tandem-state:vrrp-state", "", "", 200,
	       "{\"tandem-state:vrrp-state\":{}}");
	expect(&w, "GET", "/restconf/data/tandem-state:system-state", "", "", 200,
	       "\"the engine does not run\"");
	expect(&w, "GET", "/restconf/data/tandem-state:interfaces-state/interface=lo", "", "",
	       200, "\"kind\":\"loopback\"");
	tear_down_world(&w);
}

static void
test_commit_is_adopted_written_and_read_back(void **state UNUSED)
{
	struct world w;
	char *running;

	start_empty(&w);
	commit_a(&w);
	expect(&w, "GET", CONFIG, "", "", 200, "ETag: \"2\"");
	expect(&w, "GET", CONFIG, "", "", 200, "\"virtual-address\":[\"10.0.0.1/24\"]");
	expect(&w, "GET", "/restconf/data/tandem-interfaces:interfaces/dataplane=dp0s3/"
	       "tandem-vrrp:vrrp/vrrp-group=5/priority", "", "", 200,
	       "{\"tandem-vrrp:priority\":254}");
	expect(&w, "GET", "/restconf/data/tandem-state:vrrp-state/group=dp0s3,5,ipv4/state", "", "",
	       200, "MASTER");
	running = read_file(w.running);
	assert_non_null(running);
	assert_non_null(strstr(running, "10.0.0.1/24"));
	free(running);
	tear_down_world(&w);
}

static void
test_same_commit_twice_is_no_work(void **state UNUSED)
{
	struct world w;

	start_empty(&w);
	commit_a(&w);

	struct reply reply = ask(&w, "PUT", "/restconf/data", JSON "If-Match: \"2\"\r\n",
	                         config_a);

	assert_true(reply.status == 204 || reply.status == 200);
	assert_non_null(strstr(reply.text, "ETag: \"2\""));
	free(reply.text);
	assert_true(engine_hears_nothing(&w, 100));
	tear_down_world(&w);
}

static void
test_commit_on_an_old_revision_is_refused(void **state UNUSED)
{
	struct world w;

	start_empty(&w);
	commit_a(&w);
	expect(&w, "PUT", "/restconf/data", JSON "If-Match: \"1\"\r\n", "{}", 412,
	       "is revision 2 now");
	expect(&w, "DELETE", "/restconf/data/tandem-interfaces:interfaces",
	       "If-Match: \"1\"\r\n", "", 412, "is revision 2 now");
	expect(&w, "GET", CONFIG, "", "", 200, "10.0.0.1/24");
	assert_true(engine_hears_nothing(&w, 100));
	tear_down_world(&w);
}

static void
test_bad_configuration_changes_nothing_and_names_all_errors(void **state UNUSED)
{
	struct world w;
	struct stat before, after;
	char *text_before, *text_after;

	start_empty(&w);
	commit_a(&w);
	expect(&w, "POST", "/restconf/operations/tandem-state:save", "", "", 204, "");
	text_before = read_file(w.running);
	assert_int_equal(stat(w.saved, &before), 0);

	struct reply reply = ask(&w, "PUT", "/restconf/data", JSON, config_bad);

	assert_int_equal(reply.status, 400);
	assert_non_null(strstr(reply.body, "vrrp-group 5"));
	assert_non_null(strstr(reply.body, "vrrp-group 6"));
	assert_non_null(strstr(strstr(reply.body, "error-message") + 1, "error-message"));
	assert_null(strstr(reply.body, "secret"));
	assert_null(strstr(reply.body, "error-path"));	/* words are no instance-identifier */
	free(reply.text);

	text_after = read_file(w.running);
	assert_string_equal(text_before, text_after);
	assert_int_equal(stat(w.saved, &after), 0);
	assert_true(before.st_ino == after.st_ino && before.st_size == after.st_size);
	expect(&w, "GET", CONFIG, "", "", 200, "ETag: \"2\"");
	assert_true(engine_hears_nothing(&w, 100));
	free(text_before);
	free(text_after);
	tear_down_world(&w);
}

static void
test_bodies_that_are_no_configuration_are_refused(void **state UNUSED)
{
	struct world w;

	start_empty(&w);
	expect(&w, "PUT", "/restconf/data", JSON, "", 400, "empty");
	expect(&w, "PUT", "/restconf/data", JSON, "{", 400, "malformed-message");
	expect(&w, "PUT", "/restconf/data", JSON, "{\"tandem-interfaces:nothing\":{}}", 400,
	       "unknown-element");
	expect(&w, "PUT", "/restconf/data", JSON, "{\"tandem-state:system-state\":{}}", 400,
	       "error");
	expect(&w, "PUT", "/restconf/data", JSON,
	       "{\"tandem-interfaces:interfaces\":{\"bonding\":[{\"name\":\"dp0bond0\","
	       "\"mtu\":70000}]}}", 400, "70000");
	expect(&w, "PUT", "/restconf/data", "", "{}", 415, "application/yang-data+json");
	expect(&w, "PUT", "/restconf/data", "Content-Type: text/plain\r\n", "{}", 415, "");
	assert_true(engine_hears_nothing(&w, 100));
	tear_down_world(&w);
}

#define GROUP_5 "{\"tandem-interfaces:interfaces\":{\"dataplane\":[{\"name\":\"dp0s3\"," \
	"\"tandem-vrrp:vrrp\":{\"vrrp-group\":[{\"id\":5,"
#define GROUP_END "}]}}]}}"
#define GROUP_5_PATH "/tandem-interfaces:interfaces/dataplane[name='dp0s3']/tandem-vrrp:vrrp/" \
	"vrrp-group[id='5']"

static void
test_bad_value_is_named_with_its_instance_and_the_path_asked(void **state UNUSED)
{
	static const char leaf[] = "/restconf/data/tandem-interfaces:interfaces/dataplane=dp0s3/"
		"tandem-vrrp:vrrp/vrrp-group=5/priority";
	struct world w;

	start_empty(&w);
	expect(&w, "PUT", "/restconf/data", JSON, GROUP_5 "\"priority\":255" GROUP_END, 400,
	       "\"error-path\":\"" GROUP_5_PATH "/priority\","
	       "\"error-message\":\"/restconf/data '255': must be a number from 1 to 254");
	expect(&w, "PUT", leaf, JSON, "{\"tandem-vrrp:priority\":255}", 400,
	       "\"error-path\":\"" GROUP_5_PATH "/priority\",\"error-message\":\"/restconf/data/"
	       "tandem-interfaces:interfaces/dataplane=dp0s3/tandem-vrrp:vrrp/vrrp-group=5/"
	       "priority '255': must be a number from 1 to 254");
	/* Of two faults, value and path are those of the one that the sentence is about. */
	expect(&w, "PUT", "/restconf/data", JSON,
	       GROUP_5 "\"priority\":255,\"authentication\":{\"type\":\"zz\"}" GROUP_END, 400,
	       GROUP_5_PATH "/priority\",\"error-message\":\"/restconf/data '255': must be");
	/* A leaf of a container that another module adds. */
	expect(&w, "PUT", "/restconf/data", JSON,
	       "{\"tandem-interfaces:interfaces\":{\"dataplane\":[{\"name\":\"dp0s3\","
	       "\"tandem-vrrp:vrrp\":{\"start-delay\":\"soon\"}}]}}", 400,
	       "\"error-path\":\"/tandem-interfaces:interfaces/dataplane[name='dp0s3']/"
	       "tandem-vrrp:vrrp/start-delay\"");
	/* An element of a leaf-list and an entry without key have no path: what is around has. */
	expect(&w, "PUT", "/restconf/data", JSON,
	       GROUP_5 "\"virtual-address\":[\"zz\"]" GROUP_END, 400,
	       "\"error-path\":\"" GROUP_5_PATH "\","
	       "\"error-message\":\"/restconf/data 'zz': ");
	expect(&w, "PUT", "/restconf/data", JSON,
	       "{\"tandem-interfaces:interfaces\":{\"dataplane\":[{\"mtu\":1500}]}}", 400,
	       "\"error-path\":\"/tandem-interfaces:interfaces\",\"error-message\":"
	       "\"/restconf/data: ");
	expect(&w, "PUT", "/restconf/data", JSON, GROUP_5 "\"colour\":1" GROUP_END, 400,
	       "\"error-path\":\"" GROUP_5_PATH "\"");
	tear_down_world(&w);
}

/* All of them at once, each with its place. */
static void
test_every_bad_value_of_a_body_is_named(void **state UNUSED)
{
	static const char body[] =
		"{\"tandem-interfaces:interfaces\":{\"dataplane\":["
		"{\"name\":\"dp0s3\",\"mtu\":\"large\",\"tandem-vrrp:vrrp\":{\"vrrp-group\":["
		"{\"id\":5,\"priority\":300,\"colour\":1}]}},"
		"{\"name\":\"dp0s4\",\"mtu\":7}]}}";
	static const char *const wanted[] = {
		"dataplane[name='dp0s3']/mtu\"", "'large'",
		"vrrp-group[id='5']/priority\"", "'300'",
		"colour", "dataplane[name='dp0s4']/mtu\"", "'7'",
	};
	struct world w;

	start_empty(&w);

	struct reply reply = ask(&w, "PUT", "/restconf/data", JSON, body);

	assert_int_equal(reply.status, 400);
	for (size_t i = 0; i < ARRAY_SIZE(wanted); i++) {
		if (!strstr(reply.body, wanted[i]))
			print_message("%s is not in %s\n", wanted[i], reply.body);
		assert_non_null(strstr(reply.body, wanted[i]));
	}
	free(reply.text);
	tear_down_world(&w);
}

static void
test_refusal_of_a_body_tells_no_schema_location_and_no_secret(void **state UNUSED)
{
	static const char *const bodies[] = {
		GROUP_5 "\"priority\":255" GROUP_END,
		"{\"tandem-state:system-state\":{}}",
		"{\"tandem-interfaces:interfaces\":7}",
		"{",
		GROUP_5 "\"authentication\":{\"password\":[\"hush\"]}" GROUP_END,
		GROUP_5 "\"authentication\":{\"password\":\"hush hush hush\"}" GROUP_END,
	};
	struct world w;

	start_empty(&w);
	for (size_t i = 0; i < ARRAY_SIZE(bodies); i++) {
		struct reply reply = ask(&w, "PUT", "/restconf/data", JSON, bodies[i]);

		assert_int_equal(reply.status, 400);
		assert_non_null(strstr(reply.body, "\"error-message\":\"/restconf/data"));
		assert_null(strcasestr(reply.body, " location"));
		assert_null(strstr(reply.body, "hush"));
		free(reply.text);
	}
	tear_down_world(&w);
}

static void
test_dry_run_checks_and_changes_nothing(void **state UNUSED)
{
	struct world w;

	start_empty(&w);

	struct reply reply = ask(&w, "PUT", "/restconf/data?dry-run=true", JSON, config_a);

	assert_true(reply.status == 204 || reply.status == 200);
	free(reply.text);
	expect(&w, "PUT", "/restconf/data?dry-run=true", JSON, config_bad, 400, "vrrp-group 6");
	expect(&w, "PUT", "/restconf/data?dry-run=maybe", JSON, config_a, 400, "dry-run");
	expect(&w, "GET", CONFIG, "", "", 200, "{}");
	assert_true(engine_hears_nothing(&w, 100));
	tear_down_world(&w);
}

/* What the kernel refused comes back with the commit. */
static void
test_commit_tells_what_the_engine_said(void **state UNUSED)
{
	struct world w;
	int client;

	start_empty(&w);
	client = client_asks(&w, "PUT", "/restconf/data", JSON, config_a);
	(void)engine_adopts(&w, CHANNEL_INCOMPLETE, "dp0s3 does not exist\nsecond \"line\"");
	expect_answer(client, 200, "\"dp0s3 does not exist\",\"second \\\"line\\\"\"");
	expect(&w, "GET", "/restconf/data/tandem-state:system-state/problem=dp0s3%20does%20not"
	       "%20exist", "", "", 200, "dp0s3 does not exist");

	client = client_asks(&w, "PUT", "/restconf/data", JSON, "{}");
	(void)engine_adopts(&w, CHANNEL_REFUSED, "no room");
	expect_answer(client, 500, "the engine refused revision 3: no room");
	expect(&w, "GET", CONFIG, "", "", 200, "ETag: \"2\"");
	expect(&w, "GET", CONFIG, "", "", 200, "10.0.0.1/24");
	tear_down_world(&w);
}

/* One step that the kernel refuses: all is as before, here, in the engine and on the disk. */
static void
test_commit_that_the_kernel_refuses_is_taken_back(void **state UNUSED)
{
	struct channel_message message;
	struct settings *settings;
	struct world w;
	char *before, *after;
	int client;

	start_empty(&w);
	commit_a(&w);
	before = read_file(w.running);
	client = client_asks(&w, "PATCH", "/restconf/data", JSON,
	                     "{\"tandem-interfaces:interfaces\":{\"dataplane\":["
	                     "{\"name\":\"dp0s3\",\"mtu\":9000}]}}");
	message = engine_hears(&w, &settings);
	assert_int_equal(message.attempt, 1);
	assert_int_equal(settings->revision, 3);
	engine_runs(&w, settings, VROUTER_MASTER);
	free(settings);
	engine_answers(&w, &message, CHANNEL_KERNEL_REFUSED,
	               "dp0s3: cannot set mtu 9000: Invalid argument (too large)");

	/* The same as before, under the same number. */
	message = engine_hears(&w, &settings);
	assert_int_equal(message.kind, CHANNEL_ADOPT);
	assert_int_equal(message.attempt, 0);
	assert_int_equal(settings->revision, 2);
	assert_int_equal(settings_links(settings)[0].mtu, 0);
	engine_runs(&w, settings, VROUTER_MASTER);
	free(settings);
	engine_answers(&w, &message, CHANNEL_DONE, "");
	expect_answer(client, 500, "interfaces dataplane dp0s3: cannot set mtu 9000: Invalid "
	              "argument (too large)");
	expect(&w, "GET", CONFIG, "", "", 200, "ETag: \"2\"");
	after = read_file(w.running);
	assert_string_equal(after, before);

	/* Nobody ever saw the number: it is that of the next one. */
	client = client_asks(&w, "PATCH", "/restconf/data", JSON,
	                     "{\"tandem-interfaces:interfaces\":{\"dataplane\":["
	                     "{\"name\":\"dp0s3\",\"mtu\":1400}]}}");
	assert_int_equal(engine_adopts(&w, CHANNEL_DONE, ""), 3);
	expect_answer(client, 204, "ETag: \"3\"");
	free(before);
	free(after);
	tear_down_world(&w);
}

/* What the kernel may refuse comes first, while no group changes. */
static void
test_commit_is_rehearsed_beside_groups_that_stay(void **state UNUSED)
{
	struct channel_message message;
	struct settings *settings;
	struct world w;
	int client;

	start_empty(&w);
	commit_a(&w);
	client = client_asks(&w, "PUT", "/restconf/data", JSON,
	                     "{\"tandem-interfaces:interfaces\":{\"dataplane\":["
	                     "{\"name\":\"dp0s3\",\"mtu\":9000}]}}");
	message = engine_hears(&w, &settings);
	assert_int_equal(message.attempt, 1);
	assert_int_equal(settings->group_count, 1);
	assert_int_equal(settings_links(settings)[0].mtu, 9000);
	free(settings);
	engine_answers(&w, &message, CHANNEL_DONE, "");

	message = engine_hears(&w, &settings);
	assert_int_equal(message.attempt, 1);
	assert_int_equal(settings->group_count, 0);
	assert_int_equal(settings_links(settings)[0].mtu, 9000);
	assert_int_equal(settings->revision, 3);
	free(settings);
	expect(&w, "GET", CONFIG, "", "", 200, "ETag: \"2\"");
	engine_answers(&w, &message, CHANNEL_DONE, "");
	expect_answer(client, 204, "ETag: \"3\"");
	tear_down_world(&w);
}

/* Who commits meanwhile waits, and is then told that he began from an older revision. */
static void
test_commits_are_made_one_by_one(void **state UNUSED)
{
	struct channel_message message;
	struct settings *settings;
	struct world w;
	int first, second;

	start_empty(&w);
	first = client_asks(&w, "PUT", "/restconf/data", JSON "If-Match: \"1\"\r\n", config_a);
	message = engine_hears(&w, &settings);
	free(settings);
	second = client_asks(&w, "PUT", "/restconf/data", JSON "If-Match: \"1\"\r\n", config_a);
	assert_true(engine_hears_nothing(&w, 200));
	engine_answers(&w, &message, CHANNEL_DONE, "");
	expect_answer(first, 204, "ETag: \"2\"");
	expect_answer(second, 412, "revision 2 now");
	tear_down_world(&w);
}

/* An engine that dies meanwhile is told again what it has to try. */
static void
test_attempt_goes_on_with_a_new_engine(void **state UNUSED)
{
	struct channel_message hello = { .version = CHANNEL_VERSION, .kind = CHANNEL_HELLO };
	struct channel_message message;
	struct settings *settings;
	struct world w;
	int client;

	start_empty(&w);
	client = client_asks(&w, "PUT", "/restconf/data", JSON, config_a);
	assert_int_equal(engine_hears(&w, &settings).kind, CHANNEL_ADOPT);
	free(settings);
	assert_int_equal(channel_send(w.channel[0], &hello, -1), 0);
	message = engine_hears(&w, &settings);
	assert_int_equal(message.attempt, 1);
	assert_int_equal(settings->revision, 2);
	free(settings);
	engine_answers(&w, &message, CHANNEL_DONE, "");
	expect_answer(client, 204, "ETag: \"2\"");
	tear_down_world(&w);
}

/* A dead engine holds up a commit for a moment, and nobody else at all. */
static void
test_dead_engine_does_not_block(void **state UNUSED)
{
	struct world w;
	struct timespec begin, end;
	int client;

	start_empty(&w);
	clock_gettime(CLOCK_MONOTONIC, &begin);
	client = client_asks(&w, "PUT", "/restconf/data", JSON, config_a);
	expect(&w, "GET", CONFIG, "", "", 200, "{}");
	expect(&w, "GET", "/restconf/data/tandem-state:system-state", "", "", 200,
	       "\"adopted-revision\":\"1\"");
	expect_answer(client, 200, "engine does not answer; it will adopt revision 2 when it is "
	              "back");
	clock_gettime(CLOCK_MONOTONIC, &end);
	assert_in_range(end.tv_sec - begin.tv_sec, 2, 4);

	/* The engine is back: first it reads what was waiting, then it says hello. */
	struct channel_message hello = { .version = CHANNEL_VERSION, .kind = CHANNEL_HELLO };

	assert_int_equal(engine_adopts(&w, CHANNEL_DONE, ""), 2);
	assert_int_equal(channel_send(w.channel[0], &hello, -1), 0);
	assert_int_equal(engine_adopts(&w, CHANNEL_DONE, ""), 2);
	expect(&w, "GET", "/restconf/data/tandem-state:system-state", "", "", 200,
	       "\"adopted-revision\":\"2\"");
	tear_down_world(&w);
}

/* A commit on trial of config_a over an empty configuration. */
static void
try_a(struct world *w, const char *seconds)
{
	char path[128];
	int client;

	snprintf(path, sizeof(path), "/restconf/data?confirm-timeout=%s&comment=a%%20try", seconds);
	client = client_asks(w, "PUT", path, JSON "User-Agent: tandem/1\r\n", config_a);
	(void)engine_adopts(w, CHANNEL_DONE, "");
	expect_answer(client, 200, "revision 1 comes back in ");
}

#define COMMITS "/restconf/data/tandem-state:commit-state"

static void
test_unconfirmed_commit_is_taken_back_and_the_engine_told(void **state UNUSED)
{
	struct world w;

	start_empty(&w);
	try_a(&w, "1");
	expect(&w, "GET", COMMITS, "", "", 200, "\"trial\":{\"returns-to\":\"1\"");
	expect(&w, "GET", COMMITS, "", "", 200, "\"via\":\"cli\",\"comment\":\"a try\"");
	assert_int_equal(engine_adopts(&w, CHANNEL_DONE, ""), 3);
	expect(&w, "GET", CONFIG, "", "", 200, "{}");
	expect(&w, "GET", COMMITS, "", "", 200, "revision 2 was not confirmed");
	expect(&w, "POST", "/restconf/operations/tandem-state:confirm", "", "", 409,
	       "nothing waits to be confirmed");
	expect(&w, "GET", CONFIG "&revision=2", "", "", 200, "10.0.0.1/24");
	tear_down_world(&w);
}

static void
test_trial_lets_nobody_else_commit_or_save(void **state UNUSED)
{
	struct world w;
	int client;

	start_empty(&w);
	try_a(&w, "600");
	expect(&w, "DELETE", "/restconf/data/tandem-interfaces:interfaces/dataplane=dp0s3/"
	       "tandem-vrrp:vrrp", "", "", 409,
	       "waits to be confirmed, else revision 1 comes back");
	expect(&w, "POST", "/restconf/operations/tandem-state:save", "", "", 409,
	       "'confirm' first");
	expect(&w, "PUT", "/restconf/data?dry-run=true", JSON, config_a, 204, "");
	assert_true(engine_hears_nothing(&w, 20));

	/* Back at once. */
	client = client_asks(&w, "PUT", "/restconf/data", JSON, "{}");
	assert_int_equal(engine_adopts(&w, CHANNEL_DONE, ""), 3);
	expect_answer(client, 204, "");
	expect(&w, "GET", COMMITS, "", "", 200, "\"revision\":\"3\",\"commit\"");
	tear_down_world(&w);
}

static void
test_confirmed_commit_stays(void **state UNUSED)
{
	struct world w;

	start_empty(&w);
	try_a(&w, "2");
	expect(&w, "POST", "/restconf/operations/tandem-state:confirm", "", "", 204, "");
	assert_true(engine_hears_nothing(&w, 2500));
	expect(&w, "GET", CONFIG, "", "", 200, "10.0.0.1/24");
	expect(&w, "POST", "/restconf/operations/tandem-state:save", "", "", 204, "");
	tear_down_world(&w);
}

static void
test_revisions_are_compared_for_programs(void **state UNUSED)
{
	static const char path[] = "/restconf/operations/tandem-state:difference";
	struct world w;

	start_empty(&w);
	commit_a(&w);
	expect(&w, "POST", path, JSON,
	       "{\"tandem-state:input\":{\"from\":\"1\",\"to\":\"2\"}}", 200,
	       "{\"tandem-state:output\":{\"difference\":\"[edit]\\u000a+interfaces {");
	expect(&w, "POST", path, JSON,
	       "{\"tandem-state:input\":{\"from\":\"1\",\"to\":\"9\"}}", 404,
	       "revision 9 is not kept");
	expect(&w, "POST", path, JSON, "{\"tandem-state:input\":{\"from\":\"1\"}}", 400, "");
	expect(&w, "GET", CONFIG "&revision=saved", "", "", 404, "no saved configuration");
	expect(&w, "GET", "/restconf/data/tandem-interfaces:interfaces/dataplane=dp0s3?revision=2",
	       "", "", 200, "\"name\":\"dp0s3\"");
	expect(&w, "GET", "/restconf/data/tandem-interfaces:interfaces/dataplane=dp0s3?revision=1",
	       "", "", 404, "nothing at");
	tear_down_world(&w);
}

static void
test_restarted_manager_goes_on_from_the_running_file(void **state UNUSED)
{
	struct world w;
	int status;

	start_empty(&w);
	commit_a(&w);
	kill(w.manager, SIGKILL);
	waitpid(w.manager, &status, 0);
	start_manager(&w);
	expect(&w, "GET", CONFIG, "", "", 200, "ETag: \"2\"");
	expect(&w, "GET", CONFIG, "", "", 200, "10.0.0.1/24");
	assert_int_equal(engine_adopts(&w, CHANNEL_DONE, ""), 2);
	tear_down_world(&w);
}

static void
test_saved_file_is_loaded_at_start(void **state UNUSED)
{
	struct world w;

	set_up_world(&w, saved_a);
	assert_int_equal(engine_adopts(&w, CHANNEL_DONE, ""), 2);
	expect(&w, "GET", CONFIG, "", "", 200, "\"preempt\":false");
	expect(&w, "GET", "/restconf/data/tandem-state:system-state/saved", "", "", 200, "true");
	tear_down_world(&w);
}

static void
test_bad_saved_file_stops_nothing_that_runs(void **state UNUSED)
{
	struct world w;
	struct settings *settings;
	char *before, *after;

	set_up_world(&w, "interfaces {\n\tdataplane dp0s3 {\n\t\taddress 10.0.0.300/24\n\t}\n}\n");
	assert_int_equal(engine_hears(&w, &settings).kind, CHANNEL_HELLO);
	assert_true(engine_hears_nothing(&w, 300));

	/* An engine that is there already says hello and is sent nothing either. */
	struct channel_message hello = { .version = CHANNEL_VERSION, .kind = CHANNEL_HELLO };

	assert_int_equal(channel_send(w.channel[0], &hello, -1), 0);
	assert_true(engine_hears_nothing(&w, 300));

	expect(&w, "GET", "/restconf/data/tandem-state:system-state", "", "", 200, "line 3");
	expect(&w, "GET", "/restconf/data/tandem-state:system-state", "", "", 200, "10.0.0.300");
	before = read_file(w.saved);
	expect(&w, "POST", "/restconf/operations/tandem-state:save", "", "", 409,
	       "did not load");
	after = read_file(w.saved);
	assert_string_equal(before, after);
	free(before);
	free(after);

	/* A commit ends the state of emergency, even that of an empty configuration. */
	int client = client_asks(&w, "PUT", "/restconf/data", JSON, "{}");

	assert_int_equal(engine_adopts(&w, CHANNEL_DONE, ""), 2);
	expect_answer(client, 204, "");
	commit_a(&w);
	expect(&w, "POST", "/restconf/operations/tandem-state:save", "", "", 204, "");
	after = read_file(w.saved);
	assert_non_null(strstr(after, "10.0.0.1/24"));
	free(after);
	tear_down_world(&w);
}

#define RESET "/restconf/operations/tandem-state:reset-master"
#define GARP "/restconf/operations/tandem-state:garp"
#define INPUT(interface, group) \
	"{\"tandem-state:input\":{\"interface\":\"" interface "\",\"group\":" group "}}"

static void
test_operations_reach_the_engine_and_its_word_comes_back(void **state UNUSED)
{
	struct world w;
	struct settings *settings;
	struct channel_message message;
	int client;

	start_empty(&w);
	expect(&w, "POST", RESET, JSON, INPUT("dp0s3", "5"), 404, "VRRP is not running\"");
	commit_a(&w);

	client = client_asks(&w, "POST", RESET, JSON, INPUT("dp0s3", "5"));
	message = engine_hears(&w, &settings);
	assert_int_equal(message.kind, CHANNEL_RESET_MASTER);
	assert_string_equal(message.interface, "dp0s3");
	assert_int_equal(message.vrid, 5);
	engine_answers(&w, &message, CHANNEL_DONE, "");
	expect_answer(client, 204, "");

	client = client_asks(&w, "POST", GARP, JSON, INPUT("dp0s3", "5"));
	message = engine_hears(&w, &settings);
	assert_int_equal(message.kind, CHANNEL_GARP);
	struct vrouter_status record;
	assert_true(memory_get_status(w.memory, 0, &record));
	record.state = VROUTER_BACKUP;
	assert_int_equal(memory_put_status(w.memory, 0, &record), 0);
	engine_answers(&w, &message, CHANNEL_NOT_MASTER, "");
	expect_answer(client, 409, "\"error-tag\":\"operation-failed\",\"error-message\":"
	              "\"VRRP group 5 on dp0s3 is in BACKUP: only a master announces\"");

	client = client_asks(&w, "POST", RESET, JSON, INPUT("dp0s3", "5"));
	message = engine_hears(&w, &settings);
	engine_answers(&w, &message, CHANNEL_NOT_MASTER, "");
	expect_answer(client, 200, "{\"tandem-state:output\":{\"message\":\"VRRP group 5 on "
	              "dp0s3 is already in BACKUP\"}}");

	expect(&w, "POST", RESET, JSON, INPUT("dp0s3", "6"), 404,
	       "No VRRP group 6 exists on dp0s3");
	expect(&w, "POST", RESET, JSON, INPUT("dp0s4", "5"), 404,
	       "VRRP is not running on dp0s4");
	expect(&w, "POST", RESET, JSON, INPUT("dp0s3", "0"), 400, "group");
	expect(&w, "POST", RESET, JSON, "{\"tandem-state:input\":{\"group\":5}}", 400,
	       "interface");
	expect(&w, "POST", RESET, JSON, "{\"tandem-state:input\":{\"color\":5}}", 400, "color");
	expect(&w, "POST", "/restconf/operations/tandem-state:explode", JSON, "{}", 404, "");
	expect(&w, "GET", RESET, "", "", 405, "Allow: POST, OPTIONS");
	expect(&w, "GET", "/restconf/operations", "", "", 200, "tandem-state:garp");
	tear_down_world(&w);
}

static void
test_parts_are_edited_through_the_same_commit(void **state UNUSED)
{
	static const char group[] = "/restconf/data/tandem-interfaces:interfaces/dataplane=dp0s3/"
		"tandem-vrrp:vrrp/vrrp-group=5";
	static const char vifs[] =
		"/restconf/data/tandem-interfaces:interfaces/dataplane=dp0s3";
	char path[256];
	struct world w;
	int client;

	start_empty(&w);
	commit_a(&w);

	snprintf(path, sizeof(path), "%s/priority", group);
	client = client_asks(&w, "PUT", path, JSON, "{\"tandem-vrrp:priority\":100}");
	(void)engine_adopts(&w, CHANNEL_DONE, "");
	expect_answer(client, 204, "ETag: \"3\"");
	expect(&w, "GET", path, "", "", 200, ":100}");
	expect(&w, "PUT", path, JSON, "{\"tandem-vrrp:preempt\":true}", 400, "not what the path");
	expect(&w, "PUT", path, JSON, "{\"tandem-vrrp:priority\":255}", 400, "255");
	expect(&w, "POST", path, JSON, "{}", 405, "Allow:");

	client = client_asks(&w, "PATCH", group, JSON,
	                     "{\"tandem-vrrp:vrrp-group\":[{\"id\":5,\"priority\":90,"
	                     "\"virtual-address\":[\"10.0.0.9/24\"]}]}");
	assert_int_equal(engine_adopts(&w, CHANNEL_DONE, ""), 4);	/* the address */
	assert_int_equal(engine_adopts(&w, CHANNEL_DONE, ""), 4);	/* and the priority */
	expect_answer(client, 204, "ETag: \"4\"");
	expect(&w, "GET", group, "", "", 200, "[\"10.0.0.1/24\",\"10.0.0.9/24\"]");
	expect(&w, "PATCH", group, JSON, "{\"tandem-vrrp:vrrp-group\":[{\"id\":6}]}", 400,
	       "not what the path");

	client = client_asks(&w, "POST", vifs, JSON,
	                     "{\"tandem-interfaces:vif\":[{\"id\":10,"
	                     "\"address\":[\"192.168.255.81/30\"]}]}");
	(void)engine_adopts(&w, CHANNEL_DONE, "");
	expect_answer(client, 201, "Location: /restconf/data/tandem-interfaces:interfaces/"
	              "dataplane=dp0s3/vif=10");
	expect(&w, "POST", vifs, JSON, "{\"tandem-interfaces:vif\":[{\"id\":10}]}", 409,
	       "data-exists");

	snprintf(path, sizeof(path), "%s/vif=10", vifs);
	client = client_asks(&w, "DELETE", path, "", "");
	(void)engine_adopts(&w, CHANNEL_DONE, "");
	expect_answer(client, 204, "");
	expect(&w, "GET", path, "", "", 404, "nothing");
	expect(&w, "DELETE", path, "", "", 404, "nothing");
	snprintf(path, sizeof(path), "%s/id", group);
	expect(&w, "DELETE", path, "", "", 400, "key");

	client = client_asks(&w, "DELETE", "/restconf/data/tandem-interfaces:interfaces", "", "");
	(void)engine_adopts(&w, CHANNEL_DONE, "");
	expect_answer(client, 204, "");
	expect(&w, "GET", CONFIG, "", "", 200, "{}");
	tear_down_world(&w);
}

static void
test_heads_and_methods_follow_the_standard(void **state UNUSED)
{
	struct world w;

	start_empty(&w);
	expect(&w, "GET", "/.well-known/host-meta", "", "", 200, "href=\"/restconf\"");
	expect(&w, "GET", "/restconf", "", "", 200, "yang-library-version");
	expect(&w, "GET", "/restconf/yang-library-version", "", "", 200, "2019-01-04");
	expect(&w, "GET", "/nowhere", "", "", 404, "errors");
	expect(&w, "GET", "/restconf/database", "", "", 404, "errors");
	expect(&w, "GET", "/restconf/data/tandem-interfaces:nothing", "", "", 404, "errors");
	expect(&w, "GET", "/restconf/data/tandem-interfaces:interfaces/bonding", "", "", 400, "");
	expect(&w, "GET", CONFIG, "Accept: text/html\r\n", "", 406, "");
	expect(&w, "GET", CONFIG, "Accept: text/html, application/*;q=0.5\r\n", "", 200, "");
	expect(&w, "GET", CONFIG, "Accept: application/yang-data+json;q=0\r\n", "", 406, "");
	expect(&w, "GET", CONFIG, "If-None-Match: \"1\"\r\n", "", 304, "ETag: \"1\"");
	expect(&w, "GET", "/restconf/data?content=some", "", "", 400, "content");
	expect(&w, "GET", "/restconf/data?depth=3", "", "", 400, "depth");
	expect(&w, "GET", "/restconf/data?content=nonconfig", "", "", 200, "interfaces-state");
	expect(&w, "HEAD", CONFIG, "", "", 200, "Content-Length: 2");
	expect(&w, "OPTIONS", "/restconf/data", "", "", 200, "Accept-Patch:");
	expect(&w, "DELETE", "/restconf/data", "", "", 405, "Allow: GET, HEAD");
	expect(&w, "PUT", "/restconf/data/tandem-state:vrrp-state", JSON, "{}", 405, "Allow: GET");
	expect(&w, "BREW", "/restconf/data", "", "", 405, "Allow:");
	tear_down_world(&w);
}

static void
test_too_large_body_is_refused(void **state UNUSED)
{
	struct world w;
	int fd;

	start_empty(&w);
	fd = client_connects(&w);
	dprintf(fd, "PUT /restconf/data HTTP/1.1\r\nHost: router\r\n" JSON
	        "Content-Length: 16777217\r\n\r\n");
	shutdown(fd, SHUT_WR);
	expect_answer(fd, 413, "");
	expect(&w, "GET", CONFIG, "", "", 200, "{}");
	tear_down_world(&w);
}

/* Run a request as another user; the status it got. */
static unsigned
status_as(const struct world *w, uid_t user, gid_t extra_group, const char *method,
          const char *path, const char *headers, const char *body)
{
	int status;
	pid_t pid;

	fflush(NULL);
	pid = fork();
	assert_true(pid >= 0);
	if (pid == 0) {
		if (setgroups(extra_group ? 1 : 0, &extra_group) < 0 ||
		    setresgid(user, user, user) < 0 || setresuid(user, user, user) < 0)
			_exit(0);
		_exit((int)(ask(w, method, path, headers, body).status / 2));
	}
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_true(WIFEXITED(status));
	return (unsigned)WEXITSTATUS(status) * 2;
}

static void
test_strangers_read_state_and_nothing_else(void **state UNUSED)
{
	struct world w;

	if (geteuid() != 0)
		skip();
	start_empty(&w);
	commit_a(&w);
	assert_int_equal(status_as(&w, STRANGER, 0, "GET", CONFIG, "", ""), 402);
	assert_int_equal(status_as(&w, STRANGER, 0, "GET", "/restconf/data/"
	                           "tandem-interfaces:interfaces", "", ""), 402);
	assert_int_equal(status_as(&w, STRANGER, 0, "PUT", "/restconf/data", JSON, "{}"), 402);
	assert_int_equal(status_as(&w, STRANGER, 0, "DELETE", "/restconf/data/"
	                           "tandem-interfaces:interfaces", "", ""), 402);
	assert_int_equal(status_as(&w, STRANGER, 0, "POST", RESET, JSON, INPUT("dp0s3", "5")), 402);
	assert_int_equal(status_as(&w, STRANGER, 0, "POST",
	                           "/restconf/operations/tandem-state:save", "", ""), 402);
	assert_int_equal(status_as(&w, STRANGER, 0, "GET", "/restconf/data/"
	                           "tandem-state:vrrp-state", "", ""), 200);
	assert_int_equal(status_as(&w, STRANGER, 0, "GET", "/restconf/data", "", ""), 200);
	assert_int_equal(status_as(&w, getpwnam(SERVICE_USER)->pw_uid, 0, "GET", CONFIG, "", ""),
	                 200);
	if (getgrnam("tandem"))
		assert_int_equal(status_as(&w, STRANGER, getgrnam("tandem")->gr_gid, "GET",
		                           CONFIG, "", ""), 200);
	assert_true(engine_hears_nothing(&w, 100));
	tear_down_world(&w);
}

/* Strangers that open all the connections they get do not keep root out. */
static void
test_strangers_cannot_use_up_the_connections(void **state UNUSED)
{
	struct world w;
	int ready[2], done[2];
	char byte = 0;
	pid_t pid;

	if (geteuid() != 0)
		skip();
	start_empty(&w);
	assert_int_equal(pipe(ready), 0);
	assert_int_equal(pipe(done), 0);
	fflush(NULL);
	pid = fork();
	if (pid == 0) {
		if (setresuid(STRANGER, STRANGER, STRANGER) < 0)
			_exit(1);
		for (unsigned i = 0; i < 60; i++)
			(void)client_connects(&w);
		(void)!write(ready[1], &byte, 1);
		(void)!read(done[0], &byte, 1);
		_exit(0);
	}
	assert_int_equal(read(ready[0], &byte, 1), 1);
	for (unsigned i = 0; i < 20; i++)
		expect(&w, "GET", CONFIG, "", "", 200, "{}");
	assert_int_equal(write(done[1], &byte, 1), 1);
	waitpid(pid, NULL, 0);
	close(ready[0]);
	close(ready[1]);
	close(done[0]);
	close(done[1]);
	tear_down_world(&w);
}

/* A client that waits when the service stops gets an answer. */
static void
test_stop_answers_who_waits(void **state UNUSED)
{
	struct world w;
	struct settings *settings;
	int client;

	start_empty(&w);
	client = client_asks(&w, "PUT", "/restconf/data", JSON, config_a);
	assert_int_equal(engine_hears(&w, &settings).kind, CHANNEL_ADOPT);
	free(settings);
	tear_down_world(&w);
	expect_answer(client, 503, "nothing was committed");
}

#define STREAM "/restconf/streams/vrrp"

/* Read from an open answer until text has come. */
static void
stream_tells(int fd, const char *text)
{
	struct pollfd poller = { .fd = fd, .events = POLLIN };
	char got[16384] = "";
	size_t length = 0;

	while (!strstr(got, text)) {
		ssize_t more;

		if (poll(&poller, 1, PATIENCE_MSEC) != 1)
			fail_msg("not heard: %s; but: %s", text, got);
		if (length > sizeof(got) / 2) {		/* of much text the end is enough */
			length = strlen(text);
			memmove(got, got + strlen(got) - length, length + 1);
		}
		more = read(fd, got + length, sizeof(got) - length - 1);
		assert_true(more > 0);
		length += (size_t)more;
		got[length] = '\0';
	}
}

static void
test_subscribers_hear_of_transitions_and_of_packets_only_if_they_asked(void **state UNUSED)
{
	struct journal_entry transition = {
		.kind = JOURNAL_TRANSITION, .interface = "dp0bond0", .vrid = 7, .family = 4,
		.from = VROUTER_BACKUP, .to = VROUTER_MASTER, .detail = REASON_NO_ADVERT,
		.wall = 1763820333 * NSEC_PER_SEC + 120 * NSEC_PER_MSEC,
	};
	struct journal_entry packet = { .kind = JOURNAL_RECEIVED, .interface = "dp0bond0",
	                                .length = 14, .detail = ADVERT_LENGTH };
	struct settings *settings;
	struct world w;
	int plain, packets;

	start_empty(&w);
	memory_append(w.memory, &transition);	/* before anybody came: nobody hears of it */
	plain = client_asks(&w, "GET", STREAM, "", "");
	stream_tells(plain, ":\n\n");
	assert_true(engine_hears_nothing(&w, 50));
	packets = client_asks(&w, "GET", STREAM "?packets=true", "", "");
	stream_tells(packets, ":\n\n");
	assert_int_equal(engine_hears(&w, &settings).kind, CHANNEL_WATCH);

	memory_append(w.memory, &packet);
	transition.to = VROUTER_FAULT;
	memory_append(w.memory, &transition);
	stream_tells(packets, "\"fault\":\"length\"");
	stream_tells(plain, "id: 3\ndata: {\"ietf-restconf:notification\":{\"eventTime\":"
	             "\"2025-11-22T14:05:33.120Z\",\"tandem-state:group-state-change\":{"
	             "\"sequence\":\"3\",\"interface\":\"dp0bond0\",\"vrid\":7,"
	             "\"family\":\"ipv4\",\"old-state\":\"BACKUP\",\"new-state\":\"FAULT\","
	             "\"reason\":\"no advertisement heard\"}}}\n\n");

	/* One that goes away is forgotten, one that stays does not keep the service from ending. */
	close(plain);
	tear_down_world(&w);
	close(packets);
}

/* The engine forgets that somebody watches its packets unless it is told so again and again. */
static void
test_subscribers_hear_of_commits(void **state UNUSED)
{
	struct world w;
	int client;

	start_empty(&w);
	client = client_asks(&w, "GET", STREAM, "", "");
	stream_tells(client, ":\n\n");
	try_a(&w, "600");
	stream_tells(client, "state:configuration-commit\":{\"revision\":\"2\",\"user\":");
	close(client);
	tear_down_world(&w);
}

static void
test_subscribers_that_come_do_not_silence_one_who_wants_packets(void **state UNUSED)
{
	struct settings *settings;
	struct world w;
	int packets, plain[15];
	unsigned count = 0;

	start_empty(&w);
	packets = client_asks(&w, "GET", STREAM "?packets=true", "", "");
	stream_tells(packets, ":\n\n");
	assert_int_equal(engine_hears(&w, &settings).kind, CHANNEL_WATCH);
	do {
		assert_in_range(count, 0, sizeof(plain) / sizeof(plain[0]) - 1);
		plain[count] = client_asks(&w, "GET", STREAM, "", "");
		stream_tells(plain[count++], ":\n\n");
	} while (engine_hears_nothing(&w, 200));
	assert_int_equal(engine_hears(&w, &settings).kind, CHANNEL_WATCH);
	while (count > 0)
		close(plain[--count]);
	close(packets);
	tear_down_world(&w);
}

static void
test_slow_subscriber_loses_events_and_sees_the_gap(void **state UNUSED)
{
	struct journal_entry entry = { .kind = JOURNAL_ALARM, .interface = "eth0", .vrid = 1,
	                               .family = 4, .raised = true };
	struct world w;
	char text[32];
	int fd;

	start_empty(&w);
	fd = client_asks(&w, "GET", STREAM, "", "");
	stream_tells(fd, ":\n\n");
	for (unsigned i = 0; i < 3 * JOURNAL_ENTRIES; i++)
		memory_append(w.memory, &entry);
	snprintf(text, sizeof(text), "id: %u\n", 3 * JOURNAL_ENTRIES);
	stream_tells(fd, text);
	close(fd);
	tear_down_world(&w);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_start_without_files_is_empty_and_answers),
		cmocka_unit_test(test_commit_is_adopted_written_and_read_back),
		cmocka_unit_test(test_same_commit_twice_is_no_work),
		cmocka_unit_test(test_commit_on_an_old_revision_is_refused),
		cmocka_unit_test(test_bad_configuration_changes_nothing_and_names_all_errors),
		cmocka_unit_test(test_bodies_that_are_no_configuration_are_refused),
		cmocka_unit_test(test_bad_value_is_named_with_its_instance_and_the_path_asked),
		cmocka_unit_test(test_every_bad_value_of_a_body_is_named),
		cmocka_unit_test(test_refusal_of_a_body_tells_no_schema_location_and_no_secret),
		cmocka_unit_test(test_dry_run_checks_and_changes_nothing),
		cmocka_unit_test(test_commit_tells_what_the_engine_said),
		cmocka_unit_test(test_commit_that_the_kernel_refuses_is_taken_back),
		cmocka_unit_test(test_commit_is_rehearsed_beside_groups_that_stay),
		cmocka_unit_test(test_commits_are_made_one_by_one),
		cmocka_unit_test(test_attempt_goes_on_with_a_new_engine),
		cmocka_unit_test(test_dead_engine_does_not_block),
		cmocka_unit_test(test_unconfirmed_commit_is_taken_back_and_the_engine_told),
		cmocka_unit_test(test_trial_lets_nobody_else_commit_or_save),
		cmocka_unit_test(test_confirmed_commit_stays),
		cmocka_unit_test(test_revisions_are_compared_for_programs),
		cmocka_unit_test(test_restarted_manager_goes_on_from_the_running_file),
		cmocka_unit_test(test_saved_file_is_loaded_at_start),
		cmocka_unit_test(test_bad_saved_file_stops_nothing_that_runs),
		cmocka_unit_test(test_operations_reach_the_engine_and_its_word_comes_back),
		cmocka_unit_test(test_parts_are_edited_through_the_same_commit),
		cmocka_unit_test(test_heads_and_methods_follow_the_standard),
		cmocka_unit_test(test_too_large_body_is_refused),
		cmocka_unit_test(test_strangers_read_state_and_nothing_else),
		cmocka_unit_test(test_strangers_cannot_use_up_the_connections),
		cmocka_unit_test(test_stop_answers_who_waits),
		cmocka_unit_test(
			test_subscribers_hear_of_transitions_and_of_packets_only_if_they_asked),
		cmocka_unit_test(test_subscribers_hear_of_commits),
		cmocka_unit_test(
			test_subscribers_that_come_do_not_silence_one_who_wants_packets),
		cmocka_unit_test(test_slow_subscriber_loses_events_and_sees_the_gap),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
