/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A network namespace for each test, a second one for the peer, and interfaces that work in the
 * first.
 */
#include "native.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/rtnetlink.h>
#include <sched.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "daemon/interfaces_inside.h"
#include "system/netlink.h"

/* ---- commands ---- */

nsec_t
native_monotonic(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return now.tv_sec * NSEC_PER_SEC + now.tv_nsec;
}

int
native_try(const char *format, ...)
{
	char command[512];
	va_list arguments;

	va_start(arguments, format);
	vsnprintf(command, sizeof(command), format, arguments);
	va_end(arguments);
	strcat(command, " >/dev/null 2>&1");
	return system(command);
}

/* Does the output of a command contain the text? */
bool
native_shows(const char *text, const char *format, ...)
{
	char command[512];
	char output[65536];
	va_list arguments;
	size_t length;
	FILE *pipe;

	va_start(arguments, format);
	vsnprintf(command, sizeof(command), format, arguments);
	va_end(arguments);
	pipe = popen(command, "r");
	assert_non_null(pipe);
	length = fread(output, 1, sizeof(output) - 1, pipe);
	output[length] = '\0';
	pclose(pipe);
	return strstr(output, text) != NULL;
}

bool
native_answers(const struct native *rig, const char *address)
{
	(void)native_try("nsenter --net=/proc/%d/ns/net ip neigh flush all", rig->peer);
	(void)native_try("nsenter --net=/proc/%d/ns/net ip -6 neigh flush all", rig->peer);
	/* One that was stalled until its second was over did not read the answer: once more. */
	for (unsigned i = 0; i < 2; i++)
		if (native_try("nsenter --net=/proc/%d/ns/net ping -c1 -W1 %s", rig->peer,
		               address) == 0)
			return true;
	return false;
}

/* ---- rig ---- */

static void
on_link(void *owner, uint32_t link, int index, const struct link_input *input)
{
	struct native *rig = owner;

	if (link != 0)
		return;
	rig->told++;
	rig->index = index;
	rig->input = *input;
}

static void
on_settled(void *owner, const char *problems, const char *refused UNUSED)
{
	struct native *rig = owner;

	rig->settled++;
	snprintf(rig->problems, sizeof(rig->problems), "%s", problems);
}

static void
on_restored(void *owner, uint32_t group UNUSED)
{
	((struct native *)owner)->restored++;
}

static void
on_sent(void *owner, uint32_t group UNUSED, uint32_t token UNUSED, int error UNUSED)
{
	((struct native *)owner)->sent++;
}

static void
on_originals(void *owner, const void *bytes, size_t size)
{
	struct native *rig = owner;

	if (rig->before_storing != NULL)
		rig->before_storing();
	free(rig->originals);
	rig->originals = malloc(size);
	assert_non_null(rig->originals);
	memcpy(rig->originals, bytes, size);
	rig->originals_size = size;
}

static void
on_owner(void *owner, uint32_t group, bool is_owner)
{
	struct native *rig = owner;

	if (group < ARRAY_SIZE(rig->owners))
		rig->owners[group] = is_owner;
}

static void
on_track(void *owner, uint32_t object, bool up)
{
	struct native *rig = owner;

	if (object < ARRAY_SIZE(rig->tracks))
		rig->tracks[object] = up ? 1 : -1;
}

static const struct interfaces_calls calls = {
	.on_link = on_link,
	.on_settled = on_settled,
	.on_restored = on_restored,
	.on_owner = on_owner,
	.on_track = on_track,
	.on_sent = on_sent,
	.on_originals = on_originals,
};

void
native_start(struct native *rig)
{
	struct error error = { 0 };
	const char *missing;
	int r = interfaces_new(rig->event, &calls, rig, rig->originals, rig->originals_size,
	                       &rig->interfaces, &error);

	if (r >= 0)
		r = interfaces_start(rig->interfaces, &missing, &error);
	if (r < 0)
		fail_msg("%s", error.text);
}

/* A process in a network namespace of its own, which is there when this returns. */
static pid_t
start_peer(void)
{
	int there[2];
	char byte = 0;
	pid_t peer;

	assert_int_equal(pipe2(there, O_CLOEXEC), 0);
	peer = fork();
	if (peer == 0) {
		if (prctl(PR_SET_PDEATHSIG, SIGKILL) < 0 || unshare(CLONE_NEWNET) < 0 ||
		    write(there[1], &byte, 1) != 1)
			_exit(1);
		for (;;)
			pause();
	}
	assert_true(peer > 0);
	close(there[1]);
	assert_int_equal(read(there[0], &byte, 1), 1);
	close(there[0]);
	return peer;
}

int
native_set_up(void **state)
{
	static const int groups[] = { RTNLGRP_LINK, RTNLGRP_IPV4_IFADDR, RTNLGRP_IPV4_ROUTE };
	struct native *rig = calloc(1, sizeof(*rig));
	struct error error;

	assert_non_null(rig);
	assert_int_equal(unshare(CLONE_NEWNET), 0);
	rig->peer = start_peer();
	run("ip link set lo up");
	run("ip link add va type veth peer name vb");
	run("ip link set vb netns %d", rig->peer);
	run("nsenter --net=/proc/%d/ns/net ip link set vb up", rig->peer);
	run("nsenter --net=/proc/%d/ns/net ip addr add 10.0.0.9/24 dev vb", rig->peer);
	run("nsenter --net=/proc/%d/ns/net ip route add default dev vb", rig->peer);
	run("nsenter --net=/proc/%d/ns/net ip addr add 2001:db8::9/64 dev vb nodad", rig->peer);
	assert_true(sd_event_new(&rig->event) >= 0);
	assert_int_equal(netlink_open(groups, ARRAY_SIZE(groups), &rig->watch, &error), 0);
	native_start(rig);
	*state = rig;
	return 0;
}

int
native_tear_down(void **state)
{
	struct native *rig = *state;

	interfaces_free(rig->interfaces);
	netlink_close(rig->watch);
	sd_event_unref(rig->event);
	kill(rig->peer, SIGKILL);
	waitpid(rig->peer, NULL, 0);
	free(rig->originals);
	free(rig->adopted);
	free(rig);
	return 0;
}

void
native_turn(struct native *rig)
{
	assert_true(sd_event_run(rig->event, 20000) >= 0);
}

void
native_adopt(struct native *rig, const struct settings *settings, const bool *held)
{
	static const bool nothing[4096];
	struct settings *copy = settings_copy(settings);
	unsigned settled = rig->settled;

	interfaces_adopt(rig->interfaces, copy, held != NULL ? held : nothing, LEASE);
	free(rig->adopted);		/* not before: the old are compared with the new */
	rig->adopted = copy;
	wait_for(rig, rig->settled > settled);
}

static void
hear(void *owner, const struct nlmsghdr *message UNUSED)
{
	((struct native *)owner)->heard++;
}

/* How many changes the kernel told of since the last call. */
unsigned
native_changes(struct native *rig)
{
	int r;

	rig->heard = 0;
	while ((r = netlink_receive(rig->watch, hear, rig)) > 0)
		;
	/* More than the socket holds is many, too. */
	assert_true(r == 0 || r == -ENOBUFS);
	return rig->heard;
}

/* Run the loop until the kernel told of so many. */
void
native_wait_for_changes(struct native *rig, unsigned count)
{
	unsigned sum = 0;

	wait_for(rig, (sum += native_changes(rig)) >= count);
}

/* ---- settings ---- */

void
native_put_address(struct settings *s, uint32_t at, const char *text)
{
	assert_true(prefix_parse(text, &settings_addresses(s)[at].prefix));
	settings_addresses(s)[at].link = -1;
}

void
native_init_link(struct link_settings *link, const char *name, enum link_kind kind)
{
	*link = (struct link_settings){ .kind = kind, .parent = -1, .member_of = -1 };
	memcpy(link->name, name, strnlen(name, sizeof(link->name) - 1));
}

void
native_take(struct native *rig, uint32_t group)
{
	interfaces_take(rig->interfaces, group, LEASE);
	interfaces_flush(rig->interfaces);
}

void
native_drop(struct native *rig, uint32_t group)
{
	interfaces_drop(rig->interfaces, group);
	interfaces_flush(rig->interfaces);
}

/* Is nothing on its way, nor in a line?  What is not urgent may wait there while the writer takes a
 * rest, or gets no processor. */
static bool
is_idle(const struct native *rig)
{
	return outbox_is_idle(rig->interfaces->outbox) && tuner_is_idle(rig->interfaces->tuner);
}

/* Let everything that is under way come to rest. */
void
native_rest(struct native *rig)
{
	nsec_t end = native_monotonic() + PATIENCE;

	for (unsigned quiet = 0; quiet < 5;) {
		assert_true(native_monotonic() < end);
		(void)native_changes(rig);
		native_turn(rig);
		quiet = native_changes(rig) == 0 && is_idle(rig) ? quiet + 1 : 0;
	}
}
