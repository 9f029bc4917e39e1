/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Messages between the roles over a SOCK_SEQPACKET pair: the socket keeps messages whole, this file
 * keeps them honest.  It looks at size, version, kind and the ends of strings, and at
 * nothing else.
 */
#include "daemon/channel.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

int
channel_send(int socket, const struct channel_message *message, int descriptor)
{
	union {
		struct cmsghdr head;
		char bytes[CMSG_SPACE(sizeof(int))];
	} control = { 0 };
	struct iovec part = { .iov_base = (void *)message, .iov_len = sizeof(*message) };
	struct msghdr head = { .msg_iov = &part, .msg_iovlen = 1 };

	if (descriptor >= 0) {
		head.msg_control = control.bytes;
		head.msg_controllen = sizeof(control.bytes);

		struct cmsghdr *item = CMSG_FIRSTHDR(&head);

		item->cmsg_level = SOL_SOCKET;
		item->cmsg_type = SCM_RIGHTS;
		item->cmsg_len = CMSG_LEN(sizeof(int));
		memcpy(CMSG_DATA(item), &descriptor, sizeof(int));
	}
	if (sendmsg(socket, &head, MSG_DONTWAIT | MSG_NOSIGNAL) < 0)
		return -errno;
	return 0;
}

/* Is every field of a received message what the reader may rely on? */
static bool
is_sound(const struct channel_message *message, size_t size)
{
	return size == sizeof(*message) && message->version == CHANNEL_VERSION &&
	       message->kind >= CHANNEL_HELLO && message->kind < CHANNEL_KINDS &&
	       message->up <= 1 &&
	       memchr(message->interface, '\0', sizeof(message->interface)) &&
	       memchr(message->text, '\0', sizeof(message->text));
}

int
channel_receive(int socket, struct channel_message *ret_message, int *ret_descriptor)
{
	union {
		struct cmsghdr head;
		char bytes[CMSG_SPACE(sizeof(int))];
	} control;
	struct iovec part = { .iov_base = ret_message, .iov_len = sizeof(*ret_message) };
	struct msghdr head = {
		.msg_iov = &part,
		.msg_iovlen = 1,
		.msg_control = control.bytes,
		.msg_controllen = sizeof(control.bytes),
	};
	int descriptor = -1;
	ssize_t size = recvmsg(socket, &head, MSG_DONTWAIT | MSG_CMSG_CLOEXEC);

	if (size < 0)
		return errno == EAGAIN || errno == EINTR ? 0 : -errno;
	if (size == 0)
		return -EPIPE;
	for (struct cmsghdr *item = CMSG_FIRSTHDR(&head); item; item = CMSG_NXTHDR(&head, item))
		if (item->cmsg_level == SOL_SOCKET && item->cmsg_type == SCM_RIGHTS &&
		    item->cmsg_len == CMSG_LEN(sizeof(int)))
			memcpy(&descriptor, CMSG_DATA(item), sizeof(int));
	if ((head.msg_flags & MSG_TRUNC) || !is_sound(ret_message, (size_t)size)) {
		if (descriptor >= 0)
			close(descriptor);
		return -EPROTO;
	}
	*ret_descriptor = descriptor;
	return 1;
}

int
channel_wrap_settings(const struct settings *settings)
{
	const char *at = (const char *)settings;
	size_t left = settings->size;
	int fd = memfd_create("settings", MFD_CLOEXEC | MFD_ALLOW_SEALING);

	if (fd < 0)
		return -errno;
	while (left > 0) {
		ssize_t written = write(fd, at, left);

		if (written < 0) {
			int r = -errno;

			close(fd);
			return r;
		}
		at += written;
		left -= (size_t)written;
	}
	/* The receiver may map it: nobody can change or shorten it under its feet. */
	if (fcntl(fd, F_ADD_SEALS, F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_WRITE | F_SEAL_SEAL) < 0) {
		int r = -errno;

		close(fd);
		return r;
	}
	return fd;
}

struct settings *
channel_unwrap_settings(int descriptor, struct error *error)
{
	struct settings *settings = NULL;
	struct stat status;
	void *block;

	if (fstat(descriptor, &status) < 0 || status.st_size < (off_t)sizeof(struct settings)) {
		error_set(error, -EINVAL, "the settings received are no settings");
		return NULL;
	}
	block = mmap(NULL, (size_t)status.st_size, PROT_READ, MAP_PRIVATE, descriptor, 0);
	if (block == MAP_FAILED) {
		error_set(error, -errno, "cannot map the settings received: %s", strerror(errno));
		return NULL;
	}
	if (!(fcntl(descriptor, F_GET_SEALS) & F_SEAL_WRITE))
		error_set(error, -EINVAL, "the settings received are not sealed");
	else if (settings_check(block, (size_t)status.st_size, error) == 0)
		settings = settings_copy(block);
	munmap(block, (size_t)status.st_size);
	return settings;
}
