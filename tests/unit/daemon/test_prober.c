/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The prober with the test as its engine, in a network namespace of its own where the test is root.
 */
#include <arpa/inet.h>
#include <linux/capability.h>
#include <linux/if_ether.h>
#include <linux/if_packet.h>
#include <net/if.h>
#include <sched.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include "post_rig.h"
#include "system/clock.h"

#define DESCRIPTORS 32			/* of a prober that has few */

static struct post_rig rig;

static void
run(const char *command)
{
	assert_int_equal(system(command), 0);
}

static int
set_up(void **state)
{
	(void)state;
	post_rig_start(&rig, prober_main);
	return 0;
}

/* The prober of a machine that gives it few descriptors, and no power to have more. */
static int
run_with_few_descriptors(const struct role_options *options, int channel)
{
	const struct rlimit few = { DESCRIPTORS, DESCRIPTORS };
	struct __user_cap_header_struct head = { .version = _LINUX_CAPABILITY_VERSION_3 };
	struct __user_cap_data_struct powers[2];

	if (syscall(SYS_capget, &head, powers) < 0)
		return EXIT_FAILURE;
	powers[CAP_TO_INDEX(CAP_SYS_RESOURCE)].effective &= ~CAP_TO_MASK(CAP_SYS_RESOURCE);
	powers[CAP_TO_INDEX(CAP_SYS_RESOURCE)].permitted &= ~CAP_TO_MASK(CAP_SYS_RESOURCE);
	if (syscall(SYS_capset, &head, powers) < 0 || setrlimit(RLIMIT_NOFILE, &few) < 0)
		return EXIT_FAILURE;
	return prober_main(options, channel);
}

/* ... and one that may have more than it is born with. */
static int
run_with_more_to_be_had(const struct role_options *options, int channel)
{
	struct rlimit limit;

	if (getrlimit(RLIMIT_NOFILE, &limit) < 0)
		return EXIT_FAILURE;
	limit.rlim_cur = DESCRIPTORS;
	return setrlimit(RLIMIT_NOFILE, &limit) < 0 ? EXIT_FAILURE : prober_main(options, channel);
}

static int
set_up_network_of(int (*role)(const struct role_options *, int))
{
	if (geteuid() != 0)
		skip();
	if (unshare(CLONE_NEWNET) < 0)
		return -1;
	run("ip link set lo up");
	post_rig_start(&rig, role);
	return 0;
}

static int
set_up_network(void **state)
{
	(void)state;
	return set_up_network_of(prober_main);
}

static int
set_up_few(void **state)
{
	(void)state;
	return set_up_network_of(run_with_few_descriptors);
}

static int
set_up_more(void **state)
{
	(void)state;
	return set_up_network_of(run_with_more_to_be_had);
}

static int
tear_down(void **state)
{
	(void)state;
	return post_rig_stop(&rig) == 0 ? 0 : -1;
}

static struct ip
address(const char *text)
{
	struct ip ip;

	assert_true(ip_parse(text, &ip));
	return ip;
}

/* A monitor of this kind and two policies: one that wants all, one that bears the loss of half. */
static struct settings *
monitor(enum check_kind kind, const char *target, uint16_t port)
{
	struct settings *s = post_rig_settings(0, 3, 0);
	struct check_settings *checks = settings_checks(s);

	strcpy(checks[0].name, "monitor M");
	checks[0].kind = kind;
	checks[0].target = address(target);
	checks[0].port = port;
	checks[0].interval = 40 * NSEC_PER_MSEC;
	checks[0].timeout = 30 * NSEC_PER_MSEC;
	for (unsigned i = 1; i < 3; i++) {
		snprintf(checks[i].name, sizeof(checks[i].name), "monitor M policy %u", i);
		checks[i].kind = CHECK_POLICY;
		checks[i].interval = 0;
		checks[i].timeout = 0;
		checks[i].monitor = 0;
		checks[i].window = i == 1 ? 1 : 4;
		checks[i].loss = i == 1 ? 0 : 50;
	}
	return s;
}

/* The next report is about this check. */
static void
expect(uint32_t index, uint8_t up)
{
	struct channel_message track = post_rig_expect(&rig, CHANNEL_TRACK);

	assert_int_equal(track.index, index);
	assert_int_equal(track.up, up);
}

/* ---- files and processes -------------------------------------------------------------------- */

static void
test_file_that_comes_and_goes_is_told(void **state)
{
	struct settings *s = post_rig_settings(0, 1, 0);

	(void)state;
	settings_checks(s)->kind = CHECK_FILE;
	strcpy(settings_checks(s)->text, post_rig_path(&rig, "flag"));
	post_rig_adopt(&rig, s);
	expect(0, 0);
	post_rig_write(&rig, "flag", "", 0644);
	expect(0, 1);
	s->revision++;
	post_rig_adopt(&rig, s);
	expect(0, 1);
	unlink(post_rig_path(&rig, "flag"));
	expect(0, 0);
	free(s);
}

static void
test_process_that_is_killed_and_started_again_is_told(void **state)
{
	struct settings *s = post_rig_settings(0, 1, 0);
	char number[16];

	(void)state;
	snprintf(number, sizeof(number), "8%d", getpid());
	settings_checks(s)->kind = CHECK_PROCESS;
	snprintf(settings_checks(s)->text, COMMAND_SIZE, "sleep %s", number);
	post_rig_adopt(&rig, s);
	expect(0, 0);
	for (unsigned i = 0; i < 2; i++) {
		pid_t pid = fork();

		if (pid == 0) {
			execl("/bin/sleep", "sleep", number, (char *)NULL);
			_exit(1);
		}
		expect(0, 1);
		kill(pid, SIGKILL);
		expect(0, 0);		/* not even reaped */
		(void)waitpid(pid, NULL, 0);
	}
	free(s);
}

/* ---- paths ---------------------------------------------------------------------------------- */

static void
test_path_of_either_family_goes_up_and_down(void **state)
{
	static const char *const targets[] = { "10.9.9.9", "fd00::9" };

	(void)state;
	for (unsigned i = 0; i < 2; i++) {
		struct settings *s = monitor(CHECK_ICMP, targets[i], 0);
		char command[96];

		s->revision += i;
		post_rig_adopt(&rig, s);
		expect(1, 0);
		expect(2, 0);
		snprintf(command, sizeof(command), "ip address add %s dev lo nodad",
		         targets[i]);
		run(command);
		expect(1, 1);
		expect(2, 1);
		snprintf(command, sizeof(command), "ip address delete %s dev lo", targets[i]);
		run(command);
		expect(1, 0);		/* the strict one first */
		expect(2, 0);
		free(s);
	}
}

/* A cable from d0 to d1, at whose far end the test is. */
static int
open_cable(void)
{
	struct sockaddr_ll far = { .sll_family = AF_PACKET, .sll_protocol = htons(ETH_P_IP) };
	int fd = socket(AF_PACKET, SOCK_RAW, htons(ETH_P_IP));

	run("ip link add d0 type veth peer name d1 && ip link set d0 up && ip link set d1 up &&"
	    " ip address add 10.9.9.1/24 dev d0 &&"
	    " ip neighbour replace 10.9.9.9 lladdr 02:00:00:00:00:09 dev d0");
	far.sll_ifindex = (int)if_nametoindex("d1");
	assert_int_equal(bind(fd, (struct sockaddr *)&far, sizeof(far)), 0);
	return fd;
}

static void
put_sum(uint8_t *at, const uint8_t *bytes, size_t length)
{
	uint32_t sum = 0;

	at[0] = at[1] = 0;
	for (size_t i = 0; i < length; i++)
		sum += i % 2 ? bytes[i] : (uint32_t)bytes[i] << 8;
	while (sum >> 16)
		sum = (sum & 0xffff) + (sum >> 16);
	at[0] = (uint8_t)(~sum >> 8);
	at[1] = (uint8_t)~sum;
}

struct request {
	uint8_t frame[256];
	ssize_t length;
};

/* The next request that comes along the cable. */
static struct request
next_request(int fd)
{
	struct request r;

	do
		r.length = recv(fd, r.frame, sizeof(r.frame), 0);
	while (r.length < 14 + 28 || r.frame[14 + 9] != 1 || r.frame[14 + 20] != 8);
	return r;
}

/* Answer it with one byte of the answer, counted from the IP header, another; 0: none. */
static void
answer(int fd, struct request r, size_t changed)
{
	uint8_t *frame = r.frame, *ip = frame + 14, address[6];

	memcpy(address, frame, 6);
	memcpy(frame, frame + 6, 6);
	memcpy(frame + 6, address, 6);
	memcpy(address, ip + 12, 4);
	memcpy(ip + 12, ip + 16, 4);
	memcpy(ip + 16, address, 4);
	ip[20] = 0;
	ip[changed] ^= changed ? 1 : 0;
	put_sum(ip + 10, ip, 20);
	put_sum(ip + 22, ip + 20, (size_t)r.length - 34);
	assert_int_equal(send(fd, frame, (size_t)r.length, 0), r.length);
}

/* Answer whatever is asked until this is the state of the policy that bears some loss: single
 * answers come too late on a machine that stalls. */
static void
answer_until(int fd, size_t changed, uint8_t up)
{
	nsec_t end = clock_now() + 60 * NSEC_PER_SEC;
	struct channel_message track;
	bool there = false;

	while (!there) {
		assert_true(clock_now() < end);
		answer(fd, next_request(fd), changed);
		while (post_rig_takes(&rig, CHANNEL_TRACK, 0, &track))
			if (track.index == 2)
				there = track.up == up;
	}
}

static void
test_only_the_right_answer_counts(void **state)
{
	/* Source, identifier, sequence, cookie. */
	static const size_t places[] = { 15, 25, 27, 35 };
	struct settings *s = monitor(CHECK_ICMP, "10.9.9.9", 0);
	int fd = open_cable();

	(void)state;
	settings_checks(s)[0].interval = 200 * NSEC_PER_MSEC;
	settings_checks(s)[0].timeout = 150 * NSEC_PER_MSEC;
	post_rig_adopt(&rig, s);
	answer_until(fd, 0, 1);
	for (size_t i = 0; i < ARRAY_SIZE(places); i++) {
		answer_until(fd, places[i], 0);
		answer_until(fd, 0, 1);
	}
	close(fd);
	free(s);
}

static void
test_answer_that_takes_longer_than_the_interval_counts(void **state)
{
	struct settings *s = monitor(CHECK_ICMP, "10.9.9.9", 0);
	struct request under_way[3];
	int fd = open_cable();

	(void)state;
	/* A machine that stalls still has time to answer the third last. */
	settings_checks(s)[0].interval = 250 * NSEC_PER_MSEC;
	settings_checks(s)[0].timeout = 3 * NSEC_PER_SEC;
	post_rig_adopt(&rig, s);
	/* Every answer is three tries behind the last one sent. */
	for (unsigned i = 0; i < ARRAY_SIZE(under_way); i++)
		under_way[i] = next_request(fd);
	for (unsigned i = 0; i < 12; i++) {
		struct request newest = next_request(fd);

		answer(fd, under_way[i % ARRAY_SIZE(under_way)], 0);
		under_way[i % ARRAY_SIZE(under_way)] = newest;
	}
	expect(1, 1);
	expect(2, 1);
	assert_false(post_rig_hears(&rig, CHANNEL_TRACK, 1));
	expect(1, 0);			/* unanswered now */
	close(fd);
	free(s);
}

static void
test_source_and_interface_are_used(void **state)
{
	struct settings *s = monitor(CHECK_ICMP, "10.9.9.9", 0);

	(void)state;
	run("ip address add 10.9.9.9 dev lo");
	settings_checks(s)[0].source = address("10.9.9.8");	/* not ours: cannot be sent */
	post_rig_adopt(&rig, s);
	expect(1, 0);
	expect(2, 0);
	run("ip address add 10.9.9.8 dev lo");
	expect(1, 1);
	expect(2, 1);
	strcpy(settings_checks(s)[0].interface, "none0");
	s->revision++;
	post_rig_adopt(&rig, s);
	expect(1, 0);
	expect(2, 0);
	free(s);
}

static void
test_tcp_port_that_opens_and_closes_is_told(void **state)
{
	struct sockaddr_in any = { .sin_family = AF_INET,
	                           .sin_addr.s_addr = htonl(INADDR_LOOPBACK),
	                           .sin_port = htons(4711) };
	struct settings *s = monitor(CHECK_TCP, "127.0.0.1", 4711);
	int fd = socket(AF_INET, SOCK_STREAM, 0), on = 1;

	(void)state;
	setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on));
	assert_int_equal(bind(fd, (struct sockaddr *)&any, sizeof(any)), 0);
	post_rig_adopt(&rig, s);
	expect(1, 0);
	expect(2, 0);
	assert_int_equal(listen(fd, SOMAXCONN), 0);
	expect(1, 1);
	expect(2, 1);
	close(fd);
	expect(1, 0);
	expect(2, 0);
	free(s);
}

static void
test_tcp_that_never_answers_times_out(void **state)
{
	struct settings *s = monitor(CHECK_TCP, "10.9.9.9", 4711);
	int fd = open_cable();

	(void)state;
	post_rig_adopt(&rig, s);
	expect(1, 0);
	expect(2, 0);
	close(fd);
	free(s);
}

/* A check of a real server's port. */
static struct settings *
server_port(enum check_kind kind, const char *target, uint16_t port)
{
	struct settings *s = post_rig_settings(0, 1, 0);

	settings_checks(s)->kind = (uint8_t)kind;
	settings_checks(s)->target = address(target);
	settings_checks(s)->port = port;
	settings_checks(s)->interval = 100 * NSEC_PER_MSEC;
	settings_checks(s)->timeout = 200 * NSEC_PER_MSEC;
	return s;
}

static int
open_port(int type, uint16_t port)
{
	struct sockaddr_in any = { .sin_family = AF_INET,
	                           .sin_addr.s_addr = htonl(INADDR_LOOPBACK),
	                           .sin_port = htons(port) };
	int fd = socket(AF_INET, type, 0), on = 1;

	setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on));
	assert_int_equal(bind(fd, (struct sockaddr *)&any, sizeof(any)), 0);
	assert_true(type != SOCK_STREAM || listen(fd, SOMAXCONN) == 0);
	return fd;
}

static void
test_server_is_up_while_its_tcp_port_accepts(void **state)
{
	struct settings *s = server_port(CHECK_CONNECT, "127.0.0.1", 4711);
	int fd = open_port(SOCK_STREAM, 4711);

	(void)state;
	post_rig_adopt(&rig, s);
	expect(0, 1);
	close(fd);
	expect(0, 0);
	fd = open_port(SOCK_STREAM, 4711);
	expect(0, 1);
	close(fd);
	free(s);
}

/* It never answers: to be silent is enough. */
static void
test_server_is_up_while_its_udp_port_does_not_refuse(void **state)
{
	struct settings *s = server_port(CHECK_ASK, "127.0.0.1", 4711);
	int fd = open_port(SOCK_DGRAM, 4711);

	(void)state;
	post_rig_adopt(&rig, s);
	expect(0, 1);
	close(fd);
	expect(0, 0);
	fd = open_port(SOCK_DGRAM, 4711);
	expect(0, 1);
	close(fd);
	free(s);
}

/* More tries are due than there is room for: the oldest ends before its time, and was silent. */
static void
test_silent_udp_server_is_up_whatever_its_timeout(void **state)
{
	struct settings *s = server_port(CHECK_ASK, "127.0.0.1", 4711);
	int fd = open_port(SOCK_DGRAM, 4711);

	(void)state;
	settings_checks(s)->interval = 20 * NSEC_PER_MSEC;
	settings_checks(s)->timeout = 60 * NSEC_PER_SEC;
	post_rig_adopt(&rig, s);
	expect(0, 1);
	assert_false(post_rig_hears(&rig, CHANNEL_TRACK, 200));
	close(fd);
	expect(0, 0);
	free(s);
}

/* Dead servers hold every descriptor there is: they are down, and no other is. */
static void
test_lack_of_descriptors_is_no_failure_of_a_server(void **state)
{
	struct settings *s = post_rig_settings(0, 3, 0);
	struct channel_message track;
	int port = open_port(SOCK_STREAM, 4711), cable = open_cable();

	(void)state;
	for (unsigned i = 0; i < 3; i++) {
		struct check_settings *check = &settings_checks(s)[i];

		check->kind = CHECK_CONNECT;
		check->target = address(i == 0 ? "127.0.0.1" : "10.9.9.9");
		check->port = 4711;
		check->interval = 20 * NSEC_PER_MSEC;
		check->timeout = 60 * NSEC_PER_SEC;
	}
	post_rig_adopt(&rig, s);
	expect(0, 1);
	for (unsigned seen = 0; seen != 6; seen |= 1u << track.index) {
		track = post_rig_expect(&rig, CHANNEL_TRACK);
		assert_int_not_equal(track.index, 0);
		assert_int_equal(track.up, 0);
	}
	assert_false(post_rig_hears(&rig, CHANNEL_TRACK, 300));
	close(port);
	close(cable);
	free(s);
}

static void
test_prober_has_all_descriptors_that_it_may_have(void **state)
{
	struct settings *s = server_port(CHECK_CONNECT, "127.0.0.1", 4711);
	unsigned long soft = 0, hard = 0;
	char path[64], line[128];
	FILE *limits;

	(void)state;
	post_rig_adopt(&rig, s);
	expect(0, 0);
	snprintf(path, sizeof(path), "/proc/%d/limits", rig.pid);
	limits = fopen(path, "r");
	assert_non_null(limits);
	while (fgets(line, sizeof(line), limits))
		(void)!sscanf(line, "Max open files %lu %lu", &soft, &hard);
	fclose(limits);
	assert_true(hard > DESCRIPTORS && soft == hard);
	free(s);
}

static void
test_server_that_never_answers_is_down_by_tcp(void **state)
{
	struct settings *s = server_port(CHECK_CONNECT, "10.9.9.9", 4711);
	int fd = open_cable();

	(void)state;
	post_rig_adopt(&rig, s);
	expect(0, 0);
	close(fd);
	free(s);
}

static void
test_three_hundred_monitors_keep_their_rhythm(void **state)
{
	struct settings *s = post_rig_settings(0, 600, 0);

	(void)state;
	for (uint32_t i = 0; i < 300; i++) {
		struct check_settings *m = &settings_checks(s)[2 * i], *p = m + 1;
		uint8_t bytes[4] = { 127, 0, 1, 0 };

		bytes[2] = (uint8_t)(1 + i / 250);
		bytes[3] = (uint8_t)(1 + i % 250);
		m->kind = CHECK_ICMP;
		m->target = ip_from_v4(bytes);
		m->interval = 200 * NSEC_PER_MSEC;
		m->timeout = 150 * NSEC_PER_MSEC;
		p->kind = CHECK_POLICY;
		p->interval = p->timeout = 0;
		p->monitor = (int32_t)(2 * i);
		p->window = 1;
	}
	post_rig_adopt(&rig, s);
	for (uint32_t i = 0; i < 300; i++)
		assert_int_equal(post_rig_expect(&rig, CHANNEL_TRACK).up, 1);
	/* A second without one that was lost. */
	assert_false(post_rig_hears(&rig, CHANNEL_TRACK, 1000));
	free(s);
}

#define WITH_PROBER(function) cmocka_unit_test_setup_teardown(function, set_up, tear_down)
#define WITH_NETWORK(function) cmocka_unit_test_setup_teardown(function, set_up_network, tear_down)

int
main(void)
{
	const struct CMUnitTest tests[] = {
		WITH_PROBER(test_file_that_comes_and_goes_is_told),
		WITH_PROBER(test_process_that_is_killed_and_started_again_is_told),
		WITH_NETWORK(test_path_of_either_family_goes_up_and_down),
		WITH_NETWORK(test_only_the_right_answer_counts),
		WITH_NETWORK(test_answer_that_takes_longer_than_the_interval_counts),
		WITH_NETWORK(test_source_and_interface_are_used),
		WITH_NETWORK(test_tcp_port_that_opens_and_closes_is_told),
		WITH_NETWORK(test_tcp_that_never_answers_times_out),
		WITH_NETWORK(test_server_is_up_while_its_tcp_port_accepts),
		WITH_NETWORK(test_server_is_up_while_its_udp_port_does_not_refuse),
		WITH_NETWORK(test_silent_udp_server_is_up_whatever_its_timeout),
		cmocka_unit_test_setup_teardown(test_lack_of_descriptors_is_no_failure_of_a_server,
		                                set_up_few, tear_down),
		cmocka_unit_test_setup_teardown(test_prober_has_all_descriptors_that_it_may_have,
		                                set_up_more, tear_down),
		WITH_NETWORK(test_server_that_never_answers_is_down_by_tcp),
		WITH_NETWORK(test_three_hundred_monitors_keep_their_rhythm),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
