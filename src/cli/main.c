/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The program tandem: options, then one command, a script on standard input, or the shell.  A
 * script stops at its first command that fails, so that "tandem < script" never goes on from a
 * state its author did not foresee; warnings are no failure, of a check as little as of a commit.
 */
#include <getopt.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <curl/curl.h>

#include "cli/candidate.h"
#include "cli/folded.h"
#include "cli/line.h"
#include "cli/session.h"

#define DEFAULT_SOCKET "/run/tandem/api.sock"

struct options {
	const char *socket_path;	/* NULL: not given */
	const char *run_dir;
	const char *yang_dir;
	bool json;
	bool complete;
};

static const char help_text[] =
	"Usage: tandem [OPTION]... [COMMAND WORD...]\n"
	"\n"
	"Show and configure the VRRP pair on this router.  Without a command, read\n"
	"commands from the terminal (Tab completes, ? explains) or from standard input;\n"
	"such a script ends at the first command that fails.\n"
	"\n"
	"Options, before the command:\n"
	"  --run-dir DIR     the service's run directory (default /run/tandem)\n"
	"  --socket PATH     the service's socket (default api.sock in the run directory;\n"
	"                    also $TANDEM_SOCKET)\n"
	"  --json            'show' commands answer in JSON; may also end such a command\n"
	"  --yang-dir DIR    where the YANG modules are (also $TANDEM_YANG_PATH)\n"
	"  --complete        print what the last word of the command may be, one a line\n"
	"  -h, --help        this text\n"
	"  -V, --version     version of this program\n"
	"\n"
	"Commands: 'tandem help' lists them.  Some of them:\n"
	"  tandem show vrrp\n"
	"  tandem show vrrp interface dp0bond0 group 1 --json\n"
	"  tandem reset vrrp master interface dp0bond0 group 1\n"
	"  tandem configure\n"
	"\n"
	"Exit status: 0 done, 1 refused or failed, 2 no such command, or not checked,\n"
	"3 checked: warnings, and no errors (a script goes on behind them, and ends with 0).\n";

enum {
	OPTION_RUN_DIR = 256,
	OPTION_SOCKET,
	OPTION_JSON,
	OPTION_YANG_DIR,
	OPTION_COMPLETE,
};

static const struct option long_options[] = {
	{ "run-dir", required_argument, NULL, OPTION_RUN_DIR },
	{ "socket", required_argument, NULL, OPTION_SOCKET },
	{ "json", no_argument, NULL, OPTION_JSON },
	{ "yang-dir", required_argument, NULL, OPTION_YANG_DIR },
	{ "complete", no_argument, NULL, OPTION_COMPLETE },
	{ "help", no_argument, NULL, 'h' },
	{ "version", no_argument, NULL, 'V' },
	{ NULL, 0, NULL, 0 },
};

/* The options before the command; ends the program for --help, --version and mistakes. */
static struct options
read_options(int argc, char *argv[])
{
	struct options options = { 0 };
	int option;

	while ((option = getopt_long(argc, argv, "+hV", long_options, NULL)) != -1) {
		switch (option) {
		case OPTION_RUN_DIR:
			options.run_dir = optarg;
			break;
		case OPTION_SOCKET:
			options.socket_path = optarg;
			break;
		case OPTION_JSON:
			options.json = true;
			break;
		case OPTION_YANG_DIR:
			options.yang_dir = optarg;
			break;
		case OPTION_COMPLETE:
			options.complete = true;
			break;
		case 'h':
			fputs(help_text, stdout);
			exit(OUTCOME_DONE);
		case 'V':
			printf("tandem %s\n", TANDEM_VERSION);
			exit(OUTCOME_DONE);
		default:
			fprintf(stderr, "'tandem --help' explains the options\n");
			exit(OUTCOME_USAGE);
		}
	}
	return options;
}

/* What was said most explicitly counts: --socket, --run-dir, $TANDEM_SOCKET, the default. */
static char *
choose_socket(const struct options *options)
{
	const char *environment = getenv("TANDEM_SOCKET");
	char *path;
	int r;

	if (options->socket_path)
		r = asprintf(&path, "%s", options->socket_path);
	else if (options->run_dir)
		r = asprintf(&path, "%s/api.sock", options->run_dir);
	else
		r = asprintf(&path, "%s",
		             environment && environment[0] ? environment : DEFAULT_SOCKET);
	assert(r >= 0);
	return path;
}

/* Commands from standard input, up to the first that fails. */
static int
run_script(struct session *session)
{
	enum outcome outcome = OUTCOME_DONE;
	char *line = NULL;
	size_t size = 0;
	unsigned number = 0;

	while (outcome == OUTCOME_DONE && !session->leave && getline(&line, &size, stdin) >= 0) {
		line[strcspn(line, "\r\n")] = '\0';
		number++;
		outcome = session_run_line(session, line);
		if (outcome == OUTCOME_WARNED)
			outcome = OUTCOME_DONE;
	}
	free(line);
	fflush(session->out);
	if (outcome != OUTCOME_DONE)
		fprintf(session->err, "tandem: line %u of standard input failed; "
		                      "nothing after it was done\n", number);
	if (session->candidate && candidate_is_modified(session->candidate)) {
		fprintf(session->err, "tandem: changes that were not committed are dropped\n");
		outcome = OUTCOME_FAILED;
	}
	return outcome == OUTCOME_DONE ? OUTCOME_DONE : OUTCOME_FAILED;
}

/* For the completion of other shells: the last word may be any of these. */
static void
print_completions(struct session *session, char *const words[], size_t count)
{
	struct possibilities possibilities = { 0 };

	if (count == 0)
		return;
	session_complete_words(session, words, count - 1, words[count - 1], &possibilities);
	for (size_t i = 0; i < possibilities.count; i++)
		if (possibilities.list[i].word)
			puts(possibilities.list[i].word);
	possibilities_done(&possibilities);
}

static int
run(struct session *session, const struct options *options, char *const words[], size_t count)
{
	bool terminal = isatty(STDIN_FILENO) == 1;
	enum outcome outcome = OUTCOME_DONE;

	session->interactive = terminal;
	if (options->complete) {
		print_completions(session, words, count);
		return OUTCOME_DONE;
	}
	if (count > 0) {
		outcome = session_run_words(session, words, count);
		/* Only "configure" leaves something to go on with. */
		if (outcome != OUTCOME_DONE || !session->candidate)
			return outcome;
	}
	return terminal ? line_shell(session) : run_script(session);
}

int
main(int argc, char *argv[])
{
	struct options options = read_options(argc, argv);
	struct session session = {
		.out = stdout,
		.err = folded_open(stderr),
		.always_json = options.json,
		.page = isatty(STDOUT_FILENO) == 1,
	};
	char *socket_path = choose_socket(&options);
	struct error error;
	int status;

	signal(SIGPIPE, SIG_IGN);
	ly_log_options(LY_LOSTORE_LAST);
	curl_global_init(CURL_GLOBAL_DEFAULT);
	if (session_open(&session, socket_path, options.yang_dir, &error) < 0)
		status = session_tell(&session, &error);
	else
		status = run(&session, &options, argv + optind, (size_t)(argc - optind));
	session_close(&session);
	curl_global_cleanup();
	free(socket_path);
	if (fflush(stdout) != 0 && status == OUTCOME_DONE)
		status = OUTCOME_FAILED;
	return status;
}
