/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Writes down what a client hears: every VRRP advertisement, ARP packet and neighbour
 * advertisement that arrives at any interface of this network namespace, with the kernel's time of
 * arrival in nanoseconds.  It judges nothing; bench/wire.py reads what it wrote.
 *
 *   wire OUTPUT INTERFACE...
 *
 * OUTPUT becomes a file of struct wire_record; INTERFACE... give the numbers of the segments, from
 * 0.  {"ready": true} is printed when nothing is missed any more.  After SIGTERM, or when standard
 * input ends, it prints {"frames": N, "dropped": N} and ends.
 *
 * A memory-mapped ring (TPACKET_V3) keeps the cost per frame far below that of the routers that
 * are measured, and is large enough for 5,100 addresses announced several times in a row.
 */
#include <arpa/inet.h>
#include <errno.h>
#include <linux/filter.h>
#include <linux/if_ether.h>
#include <linux/if_packet.h>
#include <net/if.h>
#include <poll.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <unistd.h>

#define BLOCK_SIZE (1u << 20)
#define BLOCKS 48u
#define FRAME_SIZE 2048u
#define RETIRE_MS 4			/* a block not full is handed over after this */
#define SEGMENTS_MAX 64

enum wire_kind { WIRE_ADVERT = 1, WIRE_ARP = 2, WIRE_NEIGHBOUR = 3 };

/* One frame, in the byte order of this machine; IPv4 addresses stand in the first four bytes. */
struct wire_record {
	uint64_t time;			/* nanoseconds since 1970 */
	uint8_t kind;			/* enum wire_kind */
	uint8_t segment;
	uint8_t family;			/* 4 or 6 */
	uint8_t operation;		/* ARP: 1 request, 2 reply */
	uint8_t version, vrid, priority, count;
	uint16_t interval;		/* of an advertisement, centiseconds */
	uint8_t source_mac[6];
	uint8_t source[16];		/* of the IP packet, or the sender of the ARP packet */
	uint8_t target[16];		/* whom ARP asks for; what a neighbour announces */
};

static unsigned segment_interfaces[SEGMENTS_MAX];
static unsigned segment_count;
static volatile sig_atomic_t stopped;

static void
stop(int number)
{
	(void)number;
	stopped = 1;
}

static void
fail(const char *what)
{
	fprintf(stderr, "wire: %s: %s\n", what, strerror(errno));
	exit(1);
}

/* Let through ARP, IP protocol 112 of both families, and neighbour advertisements. */
static void
attach_filter(int fd)
{
	static struct sock_filter code[] = {
		BPF_STMT(BPF_LD | BPF_H | BPF_ABS, 12),
		BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, ETH_P_ARP, 9, 0),
		BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, ETH_P_IPV6, 3, 0),
		BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, ETH_P_IP, 0, 6),
		BPF_STMT(BPF_LD | BPF_B | BPF_ABS, 23),
		BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, 112, 5, 4),
		/* IPv6 */
		BPF_STMT(BPF_LD | BPF_B | BPF_ABS, 20),
		BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, 112, 3, 0),
		BPF_STMT(BPF_LD | BPF_B | BPF_ABS, 54),
		BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, 136, 1, 0),
		BPF_STMT(BPF_RET | BPF_K, 0),
		BPF_STMT(BPF_RET | BPF_K, 256),
	};
	struct sock_fprog program = { sizeof(code) / sizeof(*code), code };

	if (setsockopt(fd, SOL_SOCKET, SO_ATTACH_FILTER, &program, sizeof(program)) < 0)
		fail("filter");
}

/* A packet socket with its ring mapped; the filter is in force before the first frame. */
static int
open_ring(uint8_t **ret_ring)
{
	int version = TPACKET_V3, on = 1;
	struct tpacket_req3 request = {
		.tp_block_size = BLOCK_SIZE, .tp_block_nr = BLOCKS, .tp_frame_size = FRAME_SIZE,
		.tp_frame_nr = BLOCK_SIZE / FRAME_SIZE * BLOCKS, .tp_retire_blk_tov = RETIRE_MS,
	};
	struct sockaddr_ll all = { .sll_family = AF_PACKET, .sll_protocol = htons(ETH_P_ALL) };
	int fd = socket(AF_PACKET, SOCK_RAW | SOCK_CLOEXEC, 0);

	if (fd < 0)
		fail("socket");
	attach_filter(fd);
	if (setsockopt(fd, SOL_PACKET, PACKET_VERSION, &version, sizeof(version)) < 0 ||
	    setsockopt(fd, SOL_PACKET, PACKET_IGNORE_OUTGOING, &on, sizeof(on)) < 0 ||
	    setsockopt(fd, SOL_PACKET, PACKET_RX_RING, &request, sizeof(request)) < 0)
		fail("ring");
	*ret_ring = mmap(NULL, (size_t)BLOCK_SIZE * BLOCKS, PROT_READ | PROT_WRITE, MAP_SHARED,
	                 fd, 0);
	if (*ret_ring == MAP_FAILED)
		fail("mmap");
	if (bind(fd, (struct sockaddr *)&all, sizeof(all)) < 0)
		fail("bind");
	return fd;
}

static void
read_vrrp(struct wire_record *r, const uint8_t *body, size_t length)
{
	r->version = body[0] >> 4;
	r->vrid = body[1];
	r->priority = body[2];
	r->count = body[3];
	if (r->version == 2)
		r->interval = (uint16_t)(body[5] * 100);
	else if (length >= 6)
		r->interval = (uint16_t)((body[4] & 15) << 8 | body[5]);
	r->kind = WIRE_ADVERT;
}

/* 0 when the frame is too short for what it says it is. */
static int
read_frame(struct wire_record *r, const uint8_t *p, size_t length)
{
	unsigned type;

	if (length < 14)
		return 0;
	type = (unsigned)(p[12] << 8 | p[13]);
	memcpy(r->source_mac, p + 6, 6);
	r->family = type == ETH_P_IPV6 ? 6 : 4;
	if (type == ETH_P_ARP && length >= 42) {
		r->kind = WIRE_ARP;
		r->operation = p[21];
		memcpy(r->source, p + 28, 4);
		memcpy(r->target, p + 38, 4);
	} else if (type == ETH_P_IP && length >= 34) {
		size_t body = 14 + (size_t)(p[14] & 15) * 4;

		memcpy(r->source, p + 26, 4);
		if (length >= body + 8)
			read_vrrp(r, p + body, length - body);
	} else if (type == ETH_P_IPV6 && length >= 62) {
		memcpy(r->source, p + 22, 16);
		if (p[20] == 112) {
			read_vrrp(r, p + 54, length - 54);
		} else if (length >= 78) {
			r->kind = WIRE_NEIGHBOUR;
			memcpy(r->target, p + 62, 16);
		}
	}
	return r->kind != 0;
}

static int
segment_of(int interface, uint8_t *ret_segment)
{
	for (unsigned i = 0; i < segment_count; i++) {
		if (segment_interfaces[i] == (unsigned)interface) {
			*ret_segment = (uint8_t)i;
			return 1;
		}
	}
	return 0;
}

static void
write_block(struct tpacket_block_desc *block, FILE *output)
{
	uint8_t *at = (uint8_t *)block + block->hdr.bh1.offset_to_first_pkt;

	for (uint32_t i = 0; i < block->hdr.bh1.num_pkts; i++) {
		struct tpacket3_hdr *head = (struct tpacket3_hdr *)at;
		struct sockaddr_ll *from =
			(struct sockaddr_ll *)(at + TPACKET_ALIGN(sizeof(struct tpacket3_hdr)));
		struct wire_record r = { .time = head->tp_sec * 1000000000ull + head->tp_nsec };

		if (segment_of(from->sll_ifindex, &r.segment) &&
		    read_frame(&r, at + head->tp_mac, head->tp_snaplen))
			if (fwrite(&r, sizeof(r), 1, output) != 1)
				fail("write");
		at += head->tp_next_offset;
	}
	if (fflush(output))
		fail("write");
}

static void
drain(uint8_t *ring, unsigned *at, FILE *output)
{
	for (;;) {
		struct tpacket_block_desc *block =
			(struct tpacket_block_desc *)(ring + (size_t)*at * BLOCK_SIZE);

		if (!(__atomic_load_n(&block->hdr.bh1.block_status, __ATOMIC_ACQUIRE) &
		      TP_STATUS_USER))
			return;
		write_block(block, output);
		__atomic_store_n(&block->hdr.bh1.block_status, TP_STATUS_KERNEL, __ATOMIC_RELEASE);
		*at = (*at + 1) % BLOCKS;
	}
}

int
main(int argc, char **argv)
{
	struct tpacket_stats_v3 stats;
	socklen_t stats_length = sizeof(stats);
	uint8_t *ring;
	unsigned at = 0;

	if (argc < 3 || argc - 2 > SEGMENTS_MAX) {
		fprintf(stderr, "usage: wire OUTPUT INTERFACE...\n");
		return 2;
	}
	for (int i = 2; i < argc; i++)
		if (!(segment_interfaces[segment_count++] = if_nametoindex(argv[i])))
			fail(argv[i]);

	FILE *output = fopen(argv[1], "w");

	if (!output)
		fail(argv[1]);
	setvbuf(output, NULL, _IOFBF, BLOCK_SIZE);
	signal(SIGTERM, stop);
	signal(SIGINT, SIG_IGN);

	int fd = open_ring(&ring);

	printf("{\"ready\": true}\n");
	fflush(stdout);
	while (!stopped) {
		struct pollfd fds[] = { { .fd = fd, .events = POLLIN },
		                        { .fd = STDIN_FILENO, .events = POLLIN } };
		char byte;

		if (poll(fds, 2, 100) > 0 && fds[1].revents && read(STDIN_FILENO, &byte, 1) <= 0)
			stopped = 1;
		drain(ring, &at, output);
	}
	poll(NULL, 0, 5 * RETIRE_MS);	/* the last block is handed over by the kernel's timer */
	drain(ring, &at, output);
	if (getsockopt(fd, SOL_PACKET, PACKET_STATISTICS, &stats, &stats_length) < 0)
		fail("statistics");
	if (fclose(output))
		fail("write");
	printf("{\"frames\": %u, \"dropped\": %u}\n", stats.tp_packets, stats.tp_drops);
	return 0;
}
