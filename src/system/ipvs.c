/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * One question at a time: what answers another one, which was given up, has another sequence
 * number and is passed over.  What messages look like is ipvs_message.c's.
 */
#include "system/ipvs.h"

#include <errno.h>
#include <fcntl.h>
#include <libmnl/libmnl.h>
#include <linux/genetlink.h>
#include <linux/netlink.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/nsec.h"
#include "system/clock.h"
#include "system/ipvs_message.h"
#include "system/netlink.h"

#define PATIENCE NSEC_PER_SEC
#define DATAGRAM_MAX (64u << 10)
#define FORGET_REMOVED "/proc/sys/net/ipv4/vs/expire_nodest_conn"
#define OFF '0'
#define OURS '2'			/* set, as everything but 0; and nobody else sets this */

struct ipvs {
	struct mnl_socket *socket;
	uint32_t sequence;
	uint16_t type;			/* number of the family */
	_Alignas(struct nlmsghdr) uint8_t request[IPVS_REQUEST_MAX];
	_Alignas(struct nlmsghdr) uint8_t buffer[DATAGRAM_MAX];
};

/* A question under way. */
struct question {
	uint32_t sequence;
	void (*on_answer)(void *owner, const struct nlmsghdr *message);
	void *owner;
	bool single;			/* the first answer is the last */
	bool done;
	int error;
};

bool
ipvs_is_loaded(void)
{
	return access("/proc/net/ip_vs", F_OK) == 0;
}

/* ---- its setting ----------------------------------------------------------------------------- */

int
ipvs_forget_removed(bool wanted)
{
	char was = wanted ? OFF : OURS, text[3] = { wanted ? OURS : OFF, '\n' }, found[4] = { 0 };
	int fd = open(FORGET_REMOVED, O_RDWR | O_CLOEXEC), r = 0;

	if (fd < 0)
		return wanted || errno != ENOENT ? -errno : 0;
	if (pread(fd, found, sizeof(found), 0) < 0 ||
	    (found[0] == was && found[1] == '\n' && pwrite(fd, text, 2, 0) < 0))
		r = -errno;
	close(fd);
	return r;
}

/* ---- asking --------------------------------------------------------------------------------- */

static void
on_message(void *owner, const struct nlmsghdr *message)
{
	struct question *question = owner;
	char words[128];

	if (message->nlmsg_seq != question->sequence || question->done)
		return;
	if (message->nlmsg_type == NLMSG_ERROR) {
		question->error = netlink_error(message, words);
		question->done = true;
	} else if (message->nlmsg_type == NLMSG_DONE) {
		question->done = true;
	} else if (message->nlmsg_type >= NLMSG_MIN_TYPE && question->on_answer) {
		question->on_answer(question->owner, message);
		question->done = question->single;
	}
}

/* 1 = something came, 0 = nothing in time, negative errno. */
static int
receive(struct ipvs *ipvs, struct question *question, nsec_t end)
{
	struct pollfd wait = { .fd = mnl_socket_get_fd(ipvs->socket), .events = POLLIN };
	nsec_t left = end - clock_now();
	ssize_t size;

	if (left <= 0 || poll(&wait, 1, (int)(left / NSEC_PER_MSEC) + 1) == 0)
		return 0;
	size = mnl_socket_recvfrom(ipvs->socket, ipvs->buffer, sizeof(ipvs->buffer));
	if (size < 0)
		return errno == EAGAIN || errno == EINTR ? 1 : -errno;
	netlink_walk(ipvs->buffer, (size_t)size, on_message, question);
	return 1;
}

/* The request stands in the buffer for it. */
static int
ask(struct ipvs *ipvs, const struct nlmsghdr *request, struct question *question)
{
	nsec_t end;
	int r = 1;

	question->sequence = request->nlmsg_seq;
	if (mnl_socket_sendto(ipvs->socket, request, request->nlmsg_len) < 0)
		return -errno;
	/* Modules that a request needs are loaded while it is sent. */
	end = clock_now() + PATIENCE;
	while (r > 0 && !question->done)
		r = receive(ipvs, question, end);
	if (r < 0)
		return r;
	return question->done ? question->error : -ETIMEDOUT;
}

/* ---- opening -------------------------------------------------------------------------------- */

static void
on_family(void *owner, const struct nlmsghdr *message)
{
	struct ipvs *ipvs = owner;

	if (!ipvs_message_read_family(message, &ipvs->type))
		ipvs->type = 0;
}

static int
find_family(struct ipvs *ipvs)
{
	struct question question = { .on_answer = on_family, .owner = ipvs, .single = true };
	int r = ask(ipvs, ipvs_message_family(ipvs->request, ++ipvs->sequence), &question);

	return r < 0 ? r : ipvs->type > 0 ? 0 : -EPROTO;
}

int
ipvs_open(struct ipvs **ret, struct error *error)
{
	struct ipvs *ipvs = calloc(1, sizeof(*ipvs));
	int r;

	if (!ipvs)
		return error_set(error, -ENOMEM, "out of memory");
	ipvs->socket = mnl_socket_open2(NETLINK_GENERIC, SOCK_CLOEXEC | SOCK_NONBLOCK);
	if (!ipvs->socket || mnl_socket_bind(ipvs->socket, 0, MNL_SOCKET_AUTOPID) < 0) {
		r = error_set(error, -errno, "cannot open a generic netlink socket: %s",
		              strerror(errno));
	} else {
		r = find_family(ipvs);
		if (r < 0)
			error_set(error, r, "%s", r == -ENOENT ? "the kernel has no IPVS" :
			          strerror(-r));
	}
	if (r < 0)
		ipvs_close(ipvs);
	else
		*ret = ipvs;
	return r;
}

void
ipvs_close(struct ipvs *ipvs)
{
	if (!ipvs)
		return;
	if (ipvs->socket)
		mnl_socket_close(ipvs->socket);
	free(ipvs);
}

/* ---- reading -------------------------------------------------------------------------------- */

/* A table in the making. */
struct picture {
	struct balance_table *table;
	uint32_t service_room, dest_room;
	uint32_t current;		/* service whose destinations are told */
	bool full;			/* no memory for all of it */
};

/* Room for one more. */
static bool
grow(void **list, uint32_t count, uint32_t *room, size_t size)
{
	uint32_t more = *room ? 2 * *room : 16;
	void *larger;

	if (count < *room)
		return true;
	larger = reallocarray(*list, more, size);
	if (!larger)
		return false;
	*list = larger;
	*room = more;
	return true;
}

static void
on_service(void *owner, const struct nlmsghdr *message)
{
	struct picture *picture = owner;
	struct balance_table *table = picture->table;
	struct balance_service service;

	if (!ipvs_message_read_service(message, &service))
		return;
	if (!grow((void **)&table->services, table->service_count, &picture->service_room,
	          sizeof(service)))
		picture->full = true;
	else
		table->services[table->service_count++] = service;
}

static void
on_dest(void *owner, const struct nlmsghdr *message)
{
	struct picture *picture = owner;
	struct balance_table *table = picture->table;
	struct balance_service *service = &table->services[picture->current];
	struct balance_dest dest;

	if (!ipvs_message_read_dest(message, service->family, &dest))
		return;
	if (!grow((void **)&table->dests, table->dest_count, &picture->dest_room, sizeof(dest))) {
		picture->full = true;
		return;
	}
	table->dests[table->dest_count++] = dest;
	service->count++;
}

/* One that is gone by now has none. */
static int
read_dests(struct ipvs *ipvs, struct picture *picture)
{
	struct question question = { .on_answer = on_dest, .owner = picture };
	struct balance_service *service = &picture->table->services[picture->current];
	int r;

	service->first = picture->table->dest_count;
	r = ask(ipvs, ipvs_message_dests(ipvs->request, ipvs->type, ++ipvs->sequence, service),
	        &question);
	return r == -ESRCH ? 0 : r;
}

int
ipvs_read(struct ipvs *ipvs, struct balance_table *ret_table, struct error *error)
{
	struct balance_table table = { 0 };
	struct picture picture = { .table = &table };
	struct question question = { .on_answer = on_service, .owner = &picture };
	int r = ask(ipvs, ipvs_message_services(ipvs->request, ipvs->type, ++ipvs->sequence),
	            &question);

	for (; r == 0 && picture.current < table.service_count; picture.current++)
		r = read_dests(ipvs, &picture);
	if (r == 0 && picture.full)
		r = -ENOMEM;
	if (r < 0) {
		ipvs_done(&table);
		return error_set(error, r, "the kernel does not tell its virtual servers: %s",
		                 strerror(-r));
	}
	balance_sort(&table);
	*ret_table = table;
	return 0;
}

void
ipvs_done(struct balance_table *table)
{
	free(table->services);
	free(table->dests);
	*table = (struct balance_table){ 0 };
}

/* ---- changing ------------------------------------------------------------------------------- */

int
ipvs_apply(struct ipvs *ipvs, const struct balance_step *step)
{
	struct question question = { 0 };

	return ask(ipvs, ipvs_message_step(ipvs->request, ipvs->type, ++ipvs->sequence, step),
	           &question);
}
