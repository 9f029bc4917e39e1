/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The waiting lines, and the jobs cut from them.  It knows what may pass what, and nothing of what
 * requests and frames say.
 *
 * Sequence numbers count what was sent, so a refusal names its request wherever it is read.
 */
#include "daemon/outbox.h"

#include <errno.h>
#include <libmnl/libmnl.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>

#include "daemon/writer.h"
#include "system/netlink.h"

#define REQUESTS_A_JOB 256u
#define FRAME_WEIGHT (OUTBOX_WEIGHT / 4)
/* How heavy a job may be: follows how long the last ones took. */
#define LIMIT_BEGIN (64 * OUTBOX_WEIGHT)
#define LIMIT_LEAST (32 * OUTBOX_WEIGHT)
#define LIMIT_MOST (128 * OUTBOX_WEIGHT)
#define PART_FOR_LATER 4		/* of it; that is slower than it looks, and may wait */
#define JOB_LONG NSEC_PER_MSEC
#define LINE_KEPT (128u << 10)		/* bytes of an empty line */

enum entry_kind { ENTRY_REQUEST, ENTRY_FRAME };

/* Heads what waits in a line; record and message, or the frame's bytes, follow. */
struct entry {
	uint32_t size;			/* with all that follows */
	uint32_t fence;
	uint32_t group;
	uint32_t owner;
	uint32_t weight;
	uint8_t kind;			/* enum entry_kind */
	uint8_t request;		/* enum outbox_kind */
	uint8_t wanted;			/* enum outbox_line: it may wait in a later one */
	bool cancelled;
	uint32_t token;			/* of a frame, as the rest */
	struct outgoing frame;
};

/* Bytes waiting in a line: used from head to tail, moved to the front when they must grow. */
struct line {
	uint8_t *bytes;
	size_t head;
	size_t tail;
	size_t room;
	size_t count;
};

/* What keeps a group's order. */
struct order {
	uint32_t waiting[OUTBOX_ORDINARY];	/* in each line */
	uint8_t put_in[OUTBOX_ORDINARY];	/* where the last request for each line went */
	uint32_t tokens;		/* frames with a token, waiting or under way */
	uint32_t spoke;			/* the last job with a frame of it */
};

/* A request that was handed over; its record stands in the ring of records. */
struct sent {
	int result;
	char words[128];
};

/* A frame that was handed over. */
struct passenger {
	uint32_t group;
	uint32_t fence;
	uint32_t token;
};

/* What the loop remembers of a job. */
struct manifest {
	uint32_t requests;
	unsigned weight;
	unsigned sockets;		/* 1 << enum outbox_kind */
	bool quiet;
	struct passenger passengers[WRITER_FRAMES];
};

#define SENT_MAX (WRITER_JOBS * REQUESTS_A_JOB)

struct outbox {
	struct outbox_calls calls;
	void *owner;
	struct writer *writer;
	struct packet_senders senders;
	struct netlink *sockets[OUTBOX_QUESTION + 1];
	size_t record_size;
	struct line lines[OUTBOX_LINES];
	size_t urgent_weight;		/* of what waits in the lines before OUTBOX_LATER */
	uint32_t fence;
	struct order *orders;		/* by group */
	uint32_t group_count;
	unsigned limit;

	uint32_t job_number;		/* of the next job, from 1 */
	uint32_t oldest_job;		/* not taken back yet */
	unsigned under_way;		/* weight of those */
	struct manifest manifests[WRITER_JOBS];
	uint32_t first_sequence;	/* of the oldest request not taken back */
	uint32_t next_sequence;
	struct sent sent[SENT_MAX];	/* by sequence number */
	uint8_t *records;		/* the same */
};

/* ---- lines ---------------------------------------------------------------------------------- */

static uint8_t *
line_append(struct line *line, size_t size)
{
	uint8_t *at;

	if (line->head > 0 && line->tail + size > line->room) {
		memmove(line->bytes, line->bytes + line->head, line->tail - line->head);
		line->tail -= line->head;
		line->head = 0;
	}
	if (line->tail + size > line->room) {
		while (line->tail + size > line->room)
			line->room = line->room == 0 ? 16384 : 2 * line->room;
		line->bytes = realloc(line->bytes, line->room);
		assert(line->bytes != NULL);
	}
	at = line->bytes + line->tail;
	line->tail += size;
	line->count++;
	return at;
}

static struct entry *
line_first(const struct line *line)
{
	return line->count > 0 ? (struct entry *)(line->bytes + line->head) : NULL;
}

static void
line_consume(struct line *line)
{
	line->head += line_first(line)->size;
	line->count--;
	if (line->count == 0)
		line->head = line->tail = 0;
}

/* What was needed when thousands took over is not kept for ever. */
static void
line_shrink(struct line *line)
{
	assert(line->count == 0);
	if (line->room <= LINE_KEPT)
		return;
	free(line->bytes);
	line->bytes = NULL;
	line->room = 0;
}

static size_t
align16(size_t size)
{
	return (size + 15) & ~(size_t)15;
}

/* What orders a group, or NULL: for none, and for one of an earlier numbering. */
static struct order *
order_of(const struct outbox *o, uint32_t group, uint32_t fence)
{
	return fence == o->fence && group < o->group_count ? &o->orders[group] : NULL;
}

/*
 * The line for something of a group.  A request does not go before what waits already; a frame does
 * not go before the requests for its own line, wherever those had to be put.
 */
static enum outbox_line
line_for(struct order *order, const struct entry *entry, enum outbox_line wanted)
{
	enum outbox_line line = wanted;

	if (order == NULL || wanted == OUTBOX_ORDINARY)
		return wanted;
	if (entry->kind == ENTRY_FRAME) {
		line = order->put_in[wanted];
		return line > wanted && order->waiting[line] > 0 ? line : wanted;
	}
	for (enum outbox_line l = wanted + 1; l < OUTBOX_ORDINARY; l++)
		if (order->waiting[l] > 0)
			line = l;
	order->put_in[wanted] = (uint8_t)line;
	return line;
}

static struct entry *
append(struct outbox *o, enum outbox_line wanted, const struct entry *entry)
{
	struct order *order = order_of(o, entry->group, o->fence);
	enum outbox_line line = line_for(order, entry, wanted);
	struct entry *at = (struct entry *)line_append(&o->lines[line], entry->size);

	*at = *entry;
	at->fence = o->fence;
	at->wanted = (uint8_t)wanted;
	if (line < OUTBOX_LATER)
		o->urgent_weight += entry->weight;
	if (order != NULL && line < OUTBOX_ORDINARY)
		order->waiting[line]++;
	return at;
}

/* What goes next: of the oldest numbering, and there in the best line. */
static bool
next_line(const struct outbox *o, enum outbox_line *ret_line)
{
	const struct entry *best = NULL;

	for (enum outbox_line l = 0; l < OUTBOX_LINES; l++) {
		const struct entry *entry = line_first(&o->lines[l]);

		if (entry != NULL && (best == NULL || (int32_t)(entry->fence - best->fence) < 0)) {
			best = entry;
			*ret_line = l;
		}
	}
	return best != NULL;
}

static void
leave_line(struct outbox *o, enum outbox_line line)
{
	const struct entry *entry = line_first(&o->lines[line]);
	struct order *order = order_of(o, entry->group, entry->fence);

	if (order != NULL && line < OUTBOX_ORDINARY)
		order->waiting[line]--;
	if (line < OUTBOX_LATER)
		o->urgent_weight -= entry->weight;
	line_consume(&o->lines[line]);
}

/* ---- putting in and taking out -------------------------------------------------------------- */

void
outbox_put(struct outbox *o, const struct outbox_request *request, const struct nlmsghdr *message,
           const void *record)
{
	const struct entry entry = {
		.size = (uint32_t)align16(sizeof(entry) + o->record_size + message->nlmsg_len),
		.group = request->group,
		.owner = request->owner,
		.weight = request->weight,
		.kind = ENTRY_REQUEST,
		.request = (uint8_t)request->kind,
	};
	uint8_t *rest = (uint8_t *)(append(o, request->line, &entry) + 1);

	memcpy(rest, record, o->record_size);
	memcpy(rest + o->record_size, message, message->nlmsg_len);
}

void
outbox_put_frame(struct outbox *o, enum outbox_line line, uint32_t group,
                 const struct outgoing *frame, uint32_t token)
{
	const struct entry entry = {
		.size = (uint32_t)align16(sizeof(entry) + frame->length),
		.group = group,
		.weight = FRAME_WEIGHT,
		.kind = ENTRY_FRAME,
		.token = token,
		.frame = *frame,
	};

	assert(group < o->group_count && frame->length <= PACKET_SIZE);
	memcpy(append(o, line, &entry) + 1, frame->bytes, frame->length);
	if (token != 0)
		o->orders[group].tokens++;
}

/* A frame is sent, or never will be. */
static void
end_frame(struct outbox *o, const struct passenger *passenger, int error)
{
	struct order *order = order_of(o, passenger->group, passenger->fence);

	if (order == NULL || passenger->token == 0)
		return;
	order->tokens--;
	o->calls.on_sent(o->owner, passenger->group, passenger->token, error);
}

/* Walk a line: the entry behind this one. */
static struct entry *
behind(struct entry *entry)
{
	return (struct entry *)((uint8_t *)entry + entry->size);
}

void
outbox_cancel(struct outbox *o, uint32_t owner)
{
	for (enum outbox_line l = OUTBOX_LATER; l <= OUTBOX_ORDINARY; l++) {
		struct entry *entry = line_first(&o->lines[l]);

		for (size_t i = 0; i < o->lines[l].count; i++, entry = behind(entry)) {
			if (entry->cancelled || entry->kind != ENTRY_REQUEST ||
			    entry->wanted < OUTBOX_LATER || entry->owner != owner ||
			    entry->fence != o->fence)
				continue;
			entry->cancelled = true;
			o->calls.on_answer(o->owner, entry + 1, -ECANCELED, "");
		}
	}
}

void
outbox_cancel_frames(struct outbox *o, uint32_t group)
{
	for (enum outbox_line l = 0; l < OUTBOX_ORDINARY; l++) {
		struct entry *entry = line_first(&o->lines[l]);

		if (o->orders[group].waiting[l] == 0)
			continue;
		for (size_t i = 0; i < o->lines[l].count; i++, entry = behind(entry)) {
			struct passenger passenger = { group, entry->fence, entry->token };

			if (entry->kind != ENTRY_FRAME || entry->cancelled ||
			    entry->group != group || entry->fence != o->fence)
				continue;
			entry->cancelled = true;
			end_frame(o, &passenger, ECANCELED);
		}
	}
}

bool
outbox_has_frames(const struct outbox *o, uint32_t group)
{
	return o->orders[group].tokens > 0;
}

void
outbox_renumber(struct outbox *o, uint32_t count)
{
	struct line *ordinary = &o->lines[OUTBOX_ORDINARY];

	while (ordinary->count > 0)
		leave_line(o, OUTBOX_ORDINARY);
	o->fence++;
	free(o->orders);
	o->orders = calloc(count > 0 ? count : 1, sizeof(*o->orders));
	assert(o->orders != NULL);
	o->group_count = count;
}

/* ---- jobs ----------------------------------------------------------------------------------- */

static struct manifest *
manifest_of(struct outbox *o, uint32_t job)
{
	return &o->manifests[job % WRITER_JOBS];
}

static uint8_t *
record_at(const struct outbox *o, uint32_t sequence)
{
	return o->records + (size_t)(sequence % SENT_MAX) * o->record_size;
}

static bool
load_request(struct outbox *o, struct writer_job *job, struct manifest *manifest,
             const struct entry *entry)
{
	const uint8_t *record = (const uint8_t *)(entry + 1);
	const struct nlmsghdr *message = (const struct nlmsghdr *)(record + o->record_size);
	struct order *order = order_of(o, entry->group, entry->fence);
	int socket = netlink_descriptor(o->sockets[entry->request]);
	struct nlmsghdr *copy = (struct nlmsghdr *)((uint8_t *)job->messages + job->size);

	/* Messages go before frames; but this one must not pass a frame of its group. */
	if ((job->size > 0 && job->socket != socket) || manifest->requests == REQUESTS_A_JOB ||
	    job->size + MNL_ALIGN(message->nlmsg_len) > sizeof(job->messages) ||
	    (order != NULL && order->spoke == o->job_number))
		return false;
	memset((uint8_t *)copy + message->nlmsg_len, 0,
	       MNL_ALIGN(message->nlmsg_len) - message->nlmsg_len);
	memcpy(copy, message, message->nlmsg_len);
	if (entry->request != OUTBOX_QUESTION) {
		copy->nlmsg_seq = o->next_sequence;
		copy->nlmsg_flags &= (uint16_t)~NLM_F_ACK;
	}
	job->socket = socket;
	job->size += MNL_ALIGN(message->nlmsg_len);
	job->quiet &= entry->request == OUTBOX_RENEWAL;
	memcpy(record_at(o, o->next_sequence), record, o->record_size);
	o->sent[o->next_sequence % SENT_MAX] = (struct sent){ 0 };
	o->next_sequence++;
	manifest->requests++;
	manifest->sockets |= 1u << entry->request;
	return true;
}

static bool
load_frame(struct outbox *o, struct writer_job *job, struct manifest *manifest,
           const struct entry *entry)
{
	struct order *order = order_of(o, entry->group, entry->fence);
	size_t n = job->frame_count;

	if (n == WRITER_FRAMES)
		return false;
	memcpy(job->bytes[n], entry + 1, entry->frame.length);
	job->frames[n] = entry->frame;
	job->frames[n].bytes = job->bytes[n];
	manifest->passengers[n] = (struct passenger){ entry->group, entry->fence, entry->token };
	job->frame_count++;
	job->quiet &= entry->token == 0;
	if (order != NULL)
		order->spoke = o->job_number;
	return true;
}

/* Move what goes next into the job, as far as it fits. */
static void
load(struct outbox *o, struct writer_job *job, struct manifest *manifest, enum outbox_line last)
{
	enum outbox_line line = OUTBOX_ORDINARY;

	while (next_line(o, &line) && line <= last) {
		const struct entry *entry = line_first(&o->lines[line]);
		unsigned limit = line < OUTBOX_LATER ? o->limit : o->limit / PART_FOR_LATER;

		if (!entry->cancelled) {
			if (manifest->weight > 0 && manifest->weight + entry->weight > limit)
				return;
			if (entry->kind == ENTRY_REQUEST ?
			    !load_request(o, job, manifest, entry) :
			    !load_frame(o, job, manifest, entry))
				return;
			manifest->weight += entry->weight;
		}
		leave_line(o, line);
	}
}

/* Is what goes next too heavy to stand behind what is under way? */
static bool
must_wait(const struct outbox *o)
{
	enum outbox_line line;

	return o->under_way > 0 && next_line(o, &line) &&
	       o->under_way + line_first(&o->lines[line])->weight > 2 * o->limit;
}

static bool
hand_over(struct outbox *o, enum outbox_line last)
{
	struct manifest *manifest = manifest_of(o, o->job_number);
	struct writer_job *job;
	enum outbox_line line;

	if (outbox_waiting(o) == 0 || must_wait(o))
		return false;
	job = writer_slot(o->writer);
	if (job == NULL)
		return false;
	manifest->requests = 0;
	manifest->weight = 0;
	manifest->sockets = 0;
	job->quiet = true;
	job->leisure = next_line(o, &line) && line == OUTBOX_LATER;
	load(o, job, manifest, last);
	if (job->size == 0 && job->frame_count == 0)
		return false;		/* nothing for these lines but what was cancelled */
	manifest->quiet = job->quiet;
	o->under_way += manifest->weight;
	o->job_number++;
	writer_submit(o->writer);
	return true;
}

void
outbox_push(struct outbox *o)
{
	if (outbox_waiting(o) == 0)
		return;
	outbox_collect(o);
	while (hand_over(o, OUTBOX_ORDINARY))
		;
	if (outbox_waiting(o) > 0)
		writer_tell(o->writer);
}

void
outbox_push_full(struct outbox *o)
{
	if (o->urgent_weight < o->limit)
		return;
	outbox_collect(o);
	while (o->urgent_weight >= o->limit && hand_over(o, OUTBOX_SOON))
		;
}

/* ---- what became of it ---------------------------------------------------------------------- */

static void
on_message(void *owner, const struct nlmsghdr *message)
{
	struct outbox *o = owner;
	uint32_t number = message->nlmsg_seq - o->first_sequence;
	struct sent *sent = &o->sent[message->nlmsg_seq % SENT_MAX];

	if (message->nlmsg_type == NLMSG_ERROR && number < o->next_sequence - o->first_sequence)
		sent->result = netlink_error(message, sent->words);
}

/* Read what the kernel refused; if some of that was lost, nobody knows what was done. */
static void
read_refusals(struct outbox *o, enum outbox_kind kind)
{
	int r;

	while ((r = netlink_receive(o->sockets[kind], on_message, o)) != 0) {
		if (r > 0)
			continue;
		for (uint32_t s = o->first_sequence; s != o->next_sequence; s++)
			if (o->sent[s % SENT_MAX].result == 0)
				o->sent[s % SENT_MAX].result = -ENOBUFS;
		if (r != -ENOBUFS)
			return;
	}
}

/* Jobs shall be short, so that what matters never waits long; but as few as that allows. */
static void
adapt_limit(struct outbox *o, unsigned weight, nsec_t took)
{
	if (weight > o->limit)
		return;			/* one heavy request: nothing to be cut */
	if (took > JOB_LONG)
		o->limit = o->limit / 2 < LIMIT_LEAST ? LIMIT_LEAST : o->limit / 2;
	else if (took < JOB_LONG / 2 && weight > o->limit / 2)
		o->limit = o->limit * 5 / 4 > LIMIT_MOST ? LIMIT_MOST : o->limit * 5 / 4;
}

static void
answer_oldest(struct outbox *o, int refused)
{
	struct sent *sent = &o->sent[o->first_sequence % SENT_MAX];
	const uint8_t *record = record_at(o, o->first_sequence);

	o->first_sequence++;
	o->calls.on_answer(o->owner, record, refused < 0 ? refused : sent->result, sent->words);
}

static void
take_back(struct outbox *o, const struct writer_job *job)
{
	struct manifest *manifest = manifest_of(o, o->oldest_job);

	if (manifest->sockets & 1u << OUTBOX_CHANGE)
		read_refusals(o, OUTBOX_CHANGE);
	adapt_limit(o, manifest->weight, job->took);
	o->under_way -= manifest->weight;
	o->oldest_job++;
	for (uint32_t i = 0; i < manifest->requests; i++)
		answer_oldest(o, job->result);
	for (size_t i = 0; i < job->frame_count; i++)
		end_frame(o, &manifest->passengers[i], job->frames[i].error);
}

void
outbox_collect(struct outbox *o)
{
	const struct writer_job *job;

	while ((job = writer_done(o->writer)) != NULL) {
		take_back(o, job);
		writer_release(o->writer);
	}
	if (outbox_is_idle(o))
		for (enum outbox_line l = 0; l < OUTBOX_LINES; l++)
			line_shrink(&o->lines[l]);
}

/* ---- the rest ------------------------------------------------------------------------------- */

int
outbox_new(struct netlink *news, size_t record_size, const struct outbox_calls *calls, void *owner,
           struct outbox **ret, struct error *error)
{
	struct outbox *o = calloc(1, sizeof(*o));
	int r;

	assert(o != NULL && record_size % 16 == 0);
	o->calls = *calls;
	o->owner = owner;
	o->record_size = record_size;
	o->records = calloc(SENT_MAX, record_size);
	assert(o->records != NULL);
	o->limit = LIMIT_BEGIN;
	o->job_number = o->oldest_job = 1;
	o->first_sequence = o->next_sequence = 1;
	o->senders = (struct packet_senders){ -1, -1, -1 };
	o->sockets[OUTBOX_QUESTION] = news;
	outbox_renumber(o, 0);
	r = netlink_open(NULL, 0, &o->sockets[OUTBOX_CHANGE], error);
	if (r >= 0)
		r = netlink_open(NULL, 0, &o->sockets[OUTBOX_RENEWAL], error);
	if (r >= 0)
		r = packet_open_senders(&o->senders, error);
	if (r >= 0)
		r = writer_new(&o->senders, &o->writer, error);
	if (r < 0) {
		outbox_free(o);
		return r;
	}
	*ret = o;
	return 0;
}

int
outbox_start(struct outbox *o, const char **ret_missing, struct error *error)
{
	return writer_start(o->writer, ret_missing, error);
}

void
outbox_free(struct outbox *o)
{
	if (o == NULL)
		return;
	writer_free(o->writer);
	packet_close_senders(&o->senders);
	netlink_close(o->sockets[OUTBOX_CHANGE]);
	netlink_close(o->sockets[OUTBOX_RENEWAL]);
	for (enum outbox_line l = 0; l < OUTBOX_LINES; l++)
		free(o->lines[l].bytes);
	free(o->orders);
	free(o->records);
	free(o);
}

uint32_t
outbox_renewal_port(const struct outbox *o)
{
	return netlink_port(o->sockets[OUTBOX_RENEWAL]);
}

int
outbox_renewal_descriptor(const struct outbox *o)
{
	return netlink_descriptor(o->sockets[OUTBOX_RENEWAL]);
}

/* The record of what was handed over stands in the ring until that has gone round. */
static void
on_renewal_message(void *owner, const struct nlmsghdr *message)
{
	struct outbox *o = owner;
	uint32_t age = o->next_sequence - message->nlmsg_seq;
	char words[128];
	int result;

	if (message->nlmsg_type != NLMSG_ERROR || age == 0 || age > SENT_MAX)
		return;
	result = netlink_error(message, words);
	o->calls.on_refused(o->owner, record_at(o, message->nlmsg_seq), result, words);
}

/* What is lost here comes again with the next renewal. */
void
outbox_read_renewals(struct outbox *o)
{
	int r;

	do
		r = netlink_receive(o->sockets[OUTBOX_RENEWAL], on_renewal_message, o);
	while (r > 0 || r == -ENOBUFS);
}

int
outbox_descriptor(const struct outbox *o)
{
	return writer_descriptor(o->writer);
}

void
outbox_hear(struct outbox *o)
{
	writer_hear(o->writer);
}

size_t
outbox_waiting(const struct outbox *o)
{
	size_t sum = 0;

	for (enum outbox_line l = 0; l < OUTBOX_LINES; l++)
		sum += o->lines[l].count;
	return sum;
}

bool
outbox_is_idle(const struct outbox *o)
{
	for (uint32_t job = o->oldest_job; job != o->job_number; job++)
		if (!o->manifests[job % WRITER_JOBS].quiet)
			return false;
	return outbox_waiting(o) == 0;
}

bool
outbox_wait(struct outbox *o, nsec_t patience)
{
	struct pollfd wait_for = { .fd = writer_descriptor(o->writer), .events = POLLIN };
	struct timespec time = { patience / NSEC_PER_SEC, patience % NSEC_PER_SEC };

	writer_tell(o->writer);
	if (ppoll(&wait_for, 1, &time, NULL) <= 0)
		return false;
	writer_hear(o->writer);
	return true;
}

nsec_t
outbox_busy_since(const struct outbox *o)
{
	return writer_busy_since(o->writer);
}
