/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * libnftables, with its messages in buffers instead of on the screen, and a socket that hears of
 * changes.
 */
#include "system/nftables.h"

#include <errno.h>
#include <linux/netfilter/nfnetlink.h>
#include <linux/netlink.h>
#include <nftables/libnftables.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

struct nftables {
	struct nft_ctx *library;
	int news;
};

/* Without it nobody tells of changes by others: a pity, no reason to stop. */
static int
open_news(void)
{
	struct sockaddr_nl address = { .nl_family = AF_NETLINK };
	int group = NFNLGRP_NFTABLES;
	int fd = socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC | SOCK_NONBLOCK, NETLINK_NETFILTER);

	if (fd >= 0 && bind(fd, (struct sockaddr *)&address, sizeof(address)) == 0 &&
	    setsockopt(fd, SOL_NETLINK, NETLINK_ADD_MEMBERSHIP, &group, sizeof(group)) == 0)
		return fd;
	if (fd >= 0)
		close(fd);
	return -1;
}

int
nftables_new(struct nftables **ret_nftables, struct error *error)
{
	struct nftables *nftables = calloc(1, sizeof(*nftables));

	if (nftables)
		nftables->library = nft_ctx_new(NFT_CTX_DEFAULT);
	if (!nftables || !nftables->library) {
		free(nftables);
		return error_set(error, -ENOMEM, "out of memory");
	}
	nftables->news = open_news();
	if (nft_ctx_buffer_output(nftables->library) != 0 ||
	    nft_ctx_buffer_error(nftables->library) != 0) {
		nftables_free(nftables);
		return error_set(error, -ENOMEM, "out of memory");
	}
	*ret_nftables = nftables;
	return 0;
}

void
nftables_free(struct nftables *nftables)
{
	if (!nftables)
		return;
	nft_ctx_free(nftables->library);
	if (nftables->news >= 0)
		close(nftables->news);
	free(nftables);
}

int
nftables_run(struct nftables *nftables, const char *commands, struct error *error)
{
	const char *said;

	if (nft_run_cmd_from_buffer(nftables->library, commands) == 0)
		return 0;
	/* The first line says what is wrong, the rest shows the commands again. */
	said = nft_ctx_get_error_buffer(nftables->library);
	return error_set(error, -EIO, "the packet filter refused: %.*s",
	                 (int)strcspn(said, "\n"), said);
}

const char *
nftables_output(const struct nftables *nftables)
{
	return nft_ctx_get_output_buffer(nftables->library);
}

int
nftables_descriptor(const struct nftables *nftables)
{
	return nftables->news;
}

void
nftables_drain(struct nftables *nftables)
{
	char bytes[4096];

	for (;;) {
		ssize_t count = recv(nftables->news, bytes, sizeof(bytes), MSG_DONTWAIT);

		/* An overrun is a change, too, and over with. */
		if (count < 0 && errno != ENOBUFS && errno != EINTR)
			return;
	}
}
