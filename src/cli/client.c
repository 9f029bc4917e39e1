/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The way to the service: one request at a time over the Unix socket, with libcurl.  It keeps the
 * connection between requests (the shell asks often) and follows no redirection, no proxy setting
 * and no user's curl configuration: the socket is the only place it ever talks to.
 */
#include "cli/client.h"

#include <ctype.h>
#include <errno.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <curl/curl.h>

#include "cli/data.h"
#include "cli/print.h"

#define READ_LIMIT_SEC 10L		/* state and configuration are answered from memory */
#define WRITE_LIMIT_SEC 120L		/* a commit waits for the engine to adopt it */
#define BODY_LIMIT (64u << 20)		/* a runaway answer ends here */
#define URL_SIZE 2048
#define URL_BASE "http://localhost/restconf/"

struct client {
	CURL *curl;
	char *socket_path;
};

struct client *
client_new(const char *socket_path)
{
	struct client *client = calloc(1, sizeof(*client));

	assert(client);
	client->curl = curl_easy_init();
	client->socket_path = strdup(socket_path);
	assert(client->curl && client->socket_path);
	return client;
}

void
client_free(struct client *client)
{
	if (!client)
		return;
	curl_easy_cleanup(client->curl);
	free(client->socket_path);
	free(client);
}

const char *
client_socket(const struct client *client)
{
	return client->socket_path;
}

char *
client_escape(const char *text)
{
	char *escaped = NULL;
	size_t size;
	FILE *out = open_memstream(&escaped, &size);

	assert(out);
	for (; *text; text++)
		fprintf(out, isalnum((unsigned char)*text) ? "%c" : "%%%02X",
		        (unsigned char)*text);
	fclose(out);
	assert(escaped);
	return escaped;
}

static size_t
receive_body(char *bytes, size_t size, size_t count, void *owner)
{
	struct answer *answer = owner;
	size_t n = size * count;
	char *grown;

	if (n > BODY_LIMIT - answer->length)
		return 0;
	grown = realloc(answer->body, answer->length + n + 1);
	assert(grown);
	memcpy(grown + answer->length, bytes, n);
	answer->body = grown;
	answer->length += n;
	answer->body[answer->length] = '\0';
	return n;
}

/* Header lines come one a call, not zero-terminated. */
static size_t
receive_header(char *bytes, size_t size, size_t count, void *owner)
{
	static const char name[] = "ETag:";
	struct answer *answer = owner;
	size_t n = size * count;
	const char *open = memchr(bytes, '"', n);
	const char *close = open ? memchr(open + 1, '"', n - (size_t)(open + 1 - bytes)) : NULL;
	size_t length = close ? (size_t)(close - open - 1) : 0;

	if (n > sizeof(name) && strncasecmp(bytes, name, sizeof(name) - 1) == 0 && close &&
	    length < sizeof(answer->revision)) {
		memcpy(answer->revision, open + 1, length);
		answer->revision[length] = '\0';
	}
	return n;
}

/* Why can we not connect?  libcurl does not tell for Unix sockets, so try once more by hand. */
static int
connect_error(const char *socket_path)
{
	struct sockaddr_un address = { .sun_family = AF_UNIX };
	int code = 0;
	int fd;

	if (strlen(socket_path) >= sizeof(address.sun_path))
		return ENAMETOOLONG;
	memcpy(address.sun_path, socket_path, strlen(socket_path) + 1);
	fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	if (fd < 0)
		return errno;
	if (connect(fd, (struct sockaddr *)&address, sizeof(address)) < 0)
		code = errno;
	close(fd);
	return code;
}

static int
explain_failure(const struct client *client, CURLcode result, long limit, struct error *error)
{
	int code;

	if (result == CURLE_OPERATION_TIMEDOUT)
		return error_set(error, -ETIMEDOUT,
		                 "the Tandem service does not answer (waited %ld s at %s)", limit,
		                 client->socket_path);
	code = connect_error(client->socket_path);
	if (code != 0)
		return error_set(error, -code,
		                 "cannot reach the Tandem service at %s: %s; is tandemd running?",
		                 client->socket_path, strerror(code));
	return error_set(error, -EIO, "the Tandem service at %s broke off: %s",
	                 client->socket_path, curl_easy_strerror(result));
}

/* Where to, and by which way; url and headers must live until the request is over. */
static void
set_up(struct client *client, const char *path, struct curl_slist *headers, char *url,
       size_t url_size)
{
	CURL *curl = client->curl;

	snprintf(url, url_size, URL_BASE "%s", path);
	curl_easy_setopt(curl, CURLOPT_URL, url);
	curl_easy_setopt(curl, CURLOPT_UNIX_SOCKET_PATH, client->socket_path);
	curl_easy_setopt(curl, CURLOPT_USERAGENT, "tandem/" TANDEM_VERSION);
	curl_easy_setopt(curl, CURLOPT_PROXY, "");
	curl_easy_setopt(curl, CURLOPT_NOSIGNAL, 1L);
	curl_easy_setopt(curl, CURLOPT_HTTPHEADER, headers);
}

/* Send what is set up in client->curl; headers are consumed. */
static int
perform(struct client *client, const char *path, long limit, struct curl_slist *headers,
        struct answer *ret_answer, struct error *error)
{
	struct answer answer = { .body = strdup("") };
	CURL *curl = client->curl;
	char url[URL_SIZE];
	CURLcode result;

	assert(answer.body);
	set_up(client, path, headers, url, sizeof(url));
	curl_easy_setopt(curl, CURLOPT_TIMEOUT, limit);
	curl_easy_setopt(curl, CURLOPT_WRITEFUNCTION, receive_body);
	curl_easy_setopt(curl, CURLOPT_WRITEDATA, &answer);
	curl_easy_setopt(curl, CURLOPT_HEADERFUNCTION, receive_header);
	curl_easy_setopt(curl, CURLOPT_HEADERDATA, &answer);

	result = curl_easy_perform(curl);
	curl_easy_getinfo(curl, CURLINFO_RESPONSE_CODE, &answer.status);
	curl_easy_reset(curl);
	curl_slist_free_all(headers);
	if (result != CURLE_OK) {
		answer_done(&answer);
		return explain_failure(client, result, limit, error);
	}
	*ret_answer = answer;
	return 0;
}

static struct curl_slist *
header(struct curl_slist *headers, const char *line)
{
	headers = curl_slist_append(headers, line);
	assert(headers);
	return headers;
}

int
client_get(struct client *client, const char *path, struct answer *ret_answer,
           struct error *error)
{
	struct curl_slist *headers = header(NULL, "Accept: application/yang-data+json");

	return perform(client, path, READ_LIMIT_SEC, headers, ret_answer, error);
}

/* "Expect:" keeps libcurl from waiting for permission to send a large body. */
static struct curl_slist *
headers_of_write(void)
{
	struct curl_slist *headers = header(NULL, "Accept: application/yang-data+json");

	headers = header(headers, "Content-Type: application/yang-data+json");
	return header(headers, "Expect:");
}

int
client_put(struct client *client, const char *path, const char *body, const char *revision,
           struct answer *ret_answer, struct error *error)
{
	struct curl_slist *headers = headers_of_write();
	char line[REVISION_TEXT_SIZE + 16];

	if (revision) {
		snprintf(line, sizeof(line), "If-Match: \"%s\"", revision);
		headers = header(headers, line);
	}
	curl_easy_setopt(client->curl, CURLOPT_CUSTOMREQUEST, "PUT");
	curl_easy_setopt(client->curl, CURLOPT_POSTFIELDS, body);
	return perform(client, path, WRITE_LIMIT_SEC, headers, ret_answer, error);
}

int
client_post(struct client *client, const char *path, const char *body, struct answer *ret_answer,
            struct error *error)
{
	curl_easy_setopt(client->curl, CURLOPT_POST, 1L);
	curl_easy_setopt(client->curl, CURLOPT_POSTFIELDS, body);
	return perform(client, path, WRITE_LIMIT_SEC, headers_of_write(), ret_answer, error);
}

/* ---- streams -------------------------------------------------------------------------------- */

struct following {
	struct answer answer;		/* what has arrived and is no whole line yet */
	CURL *curl;
	bool (*on_event)(void *owner, const char *data);
	void *owner;
	bool ended;			/* on_event has had enough */
};

static volatile sig_atomic_t interrupted;

static void
on_interrupt(int number UNUSED)
{
	interrupted = 1;
}

/* Hand on all whole lines with data; what is behind the last one stays. */
static size_t
receive_events(char *bytes, size_t size, size_t count, void *owner)
{
	static const char mark[] = "data: ";
	struct following *f = owner;
	size_t taken = receive_body(bytes, size, count, &f->answer);
	char *line = f->answer.body;
	long status = 0;

	curl_easy_getinfo(f->curl, CURLINFO_RESPONSE_CODE, &status);
	if (status != 200)
		return taken;		/* a refusal: its body is the answer */
	for (char *end; !f->ended && (end = strchr(line, '\n')); line = end + 1) {
		*end = '\0';
		if (strncmp(line, mark, sizeof(mark) - 1) == 0)
			f->ended = !f->on_event(f->owner, line + sizeof(mark) - 1);
	}
	f->answer.length = strlen(line);
	memmove(f->answer.body, line, f->answer.length + 1);
	return f->ended ? 0 : taken;
}

static int
on_progress(void *owner UNUSED, curl_off_t a UNUSED, curl_off_t b UNUSED, curl_off_t c UNUSED,
            curl_off_t d UNUSED)
{
	return interrupted;
}

int
client_follow(struct client *client, const char *path,
              bool (*on_event)(void *owner, const char *data), void *owner,
              struct answer *ret_answer, struct error *error)
{
	struct following f = { .answer.body = strdup(""), .curl = client->curl,
	                       .on_event = on_event, .owner = owner };
	struct sigaction before, interrupt = { .sa_handler = on_interrupt };
	struct curl_slist *headers = header(NULL, "Accept: text/event-stream");
	CURL *curl = client->curl;
	char url[URL_SIZE];
	CURLcode result;

	assert(f.answer.body);
	set_up(client, path, headers, url, sizeof(url));
	curl_easy_setopt(curl, CURLOPT_WRITEFUNCTION, receive_events);
	curl_easy_setopt(curl, CURLOPT_WRITEDATA, &f);
	curl_easy_setopt(curl, CURLOPT_NOPROGRESS, 0L);
	curl_easy_setopt(curl, CURLOPT_XFERINFOFUNCTION, on_progress);
	interrupted = 0;
	sigaction(SIGINT, &interrupt, &before);
	result = curl_easy_perform(curl);
	sigaction(SIGINT, &before, NULL);
	curl_easy_getinfo(curl, CURLINFO_RESPONSE_CODE, &f.answer.status);
	curl_easy_reset(curl);
	curl_slist_free_all(headers);
	if (result != CURLE_OK && !interrupted && !f.ended) {
		answer_done(&f.answer);
		return explain_failure(client, result, 0, error);
	}
	if (interrupted || f.ended)
		f.answer.status = 200;
	*ret_answer = f.answer;
	return 0;
}

static size_t
print_leaves(const struct lyd_node *node, const char *leaf, const char *prefix, FILE *to)
{
	size_t count = 0;

	for (; node; node = node->next) {
		if (strcmp(LYD_NAME(node), leaf) == 0 && lyd_get_value(node)) {
			print_sentence(to, prefix, lyd_get_value(node));
			count++;
		}
		count += print_leaves(lyd_child(node), leaf, prefix, to);
	}
	return count;
}

size_t
answer_print_all(const struct answer *answer, struct ly_ctx *schema, const char *leaf,
                 const char *prefix, FILE *to)
{
	struct lyd_node *tree = NULL;
	size_t count;

	if (lyd_parse_data_mem(schema, answer->body, LYD_JSON, LYD_PARSE_ONLY | LYD_PARSE_OPAQ, 0,
	                       &tree) != LY_SUCCESS)
		return 0;
	count = print_leaves(tree, leaf, prefix, to);
	lyd_free_all(tree);
	return count;
}

void
answer_print_errors(const struct answer *answer, struct ly_ctx *schema, FILE *to)
{
	if (answer_print_all(answer, schema, "error-message", "", to) > 0)
		return;
	if (answer->status == 401 || answer->status == 403)
		fprintf(to, "You may not do that: it is for root and members of group tandem\n");
	else
		fprintf(to, "The Tandem service refused the request (HTTP status %ld)\n",
		        answer->status);
}

void
answer_done(struct answer *answer)
{
	free(answer->body);
	*answer = (struct answer){ 0 };
}
