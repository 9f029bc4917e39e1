/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The manager's role in a child process, with its real doors: HTTP over a Unix socket on one side,
 * the channel on the other, whose far end (the engine) is played by the tests.
 */
#ifndef TANDEM_MANAGER_RIG_H
#define TANDEM_MANAGER_RIG_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include <sys/types.h>

#include "core/settings.h"
#include "daemon/channel.h"
#include "daemon/memory.h"

#define SERVICE_USER "nobody"
#define PATIENCE_MSEC 30000

/* ---- a manager and its world ---- */

struct world {
	char directory[64];		/* all of the following lie in it */
	char saved[128];
	char running[128];
	char memory_path[128];
	char socket_path[128];
	struct memory *memory;
	int channel[2];			/* [0] the engine's end */
	int listener;
	pid_t manager;
};

/* Make a world with this saved configuration, NULL = none, and start a manager in it. */
void set_up_world(struct world *w, const char *saved);
/* One with an empty configuration whose start is over: the engine has adopted nothing. */
void start_empty(struct world *w);
/* Start a manager in a world that has lost its own. */
void start_manager(struct world *w);
/* End the manager, which must end cleanly and without a leak, and remove every file. */
void tear_down_world(struct world *w);

/* The bytes of a file, or NULL when there is none; heap. */
char *read_file(const char *path);

/* ---- the engine, played ---- */

/*
 * The next message of the manager and the settings that came with it, NULL or heap; the test
 * fails when none comes.
 */
struct channel_message engine_hears(struct world *w, struct settings **ret_settings);
/* Does it hear nothing for so many milliseconds?  They pass. */
bool engine_hears_nothing(struct world *w, int msec);
void engine_answers(struct world *w, const struct channel_message *to,
                    enum channel_outcome outcome, const char *text);
/* Take settings as the engine does: into the memory, with a record for each group. */
void engine_runs(struct world *w, const struct settings *settings, enum vrouter_state state);
/* Wait for ADOPT, run it unless the outcome is a refusal, and answer; the revision adopted. */
uint64_t engine_adopts(struct world *w, enum channel_outcome outcome, const char *text);

/* ---- clients ---- */

#define JSON "Content-Type: application/yang-data+json\r\n"
#define CONFIG "/restconf/data?content=config"

struct reply {
	unsigned status;
	char *text;			/* head and body; heap */
	const char *body;		/* part of text */
};

/* A connection on which nothing was said yet. */
int client_connects(const struct world *w);
/* Send a request, whose headers end with \r\n each: the connection on which its answer comes. */
int client_asks(const struct world *w, const char *method, const char *path, const char *headers,
                const char *body);
/* Read the answer to a request asked before; the caller frees its text. */
struct reply client_reads(int client);
/* Ask and read the answer; the caller frees its text. */
struct reply ask(const struct world *w, const char *method, const char *path, const char *headers,
                 const char *body);
/*
 * Ask, and expect this status and this text anywhere in head or body.  204 stands also for 200
 * with the warnings that this machine gives cause to.
 */
void expect(const struct world *w, const char *method, const char *path, const char *headers,
            const char *body, unsigned status, const char *text);
/* Read the answer to a request asked before, and expect as expect(). */
void expect_answer(int client, unsigned status, const char *text);

/* ---- configurations ---- */

/* One link, one group, as a body; the same as a saved file. */
extern const char config_a[];
extern const char saved_a[];
/* Two groups with an error each. */
extern const char config_bad[];

/* Commit config_a with an engine that adopts it. */
void commit_a(struct world *w);
/* A commit on trial of config_a over an empty configuration; seconds: as in the request. */
void try_a(struct world *w, const char *seconds);

#endif
