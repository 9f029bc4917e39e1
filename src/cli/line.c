/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The terminal side of the shell, on readline.  Tab completes a word and lists what fits when
 * several words do; "?" lists what may follow with its help and is not inserted, except inside
 * quotes, where it is a letter.  Both ask the command table.  Ctrl-C gives up a line, never the
 * shell: a candidate would be lost with it.
 *
 * readline calls back without an argument, hence the one pointer to the session of the shell.
 */
#include "cli/line.h"

#include <errno.h>
#include <pwd.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <readline/history.h>
#include <readline/readline.h>

#include "cli/candidate.h"
#include "cli/commit.h"
#include "cli/edit.h"
#include "cli/pager.h"
#include "cli/print.h"
#include "cli/recovery.h"
#include "config/words.h"

#define HISTORY_LINES 1000

static struct session *shell_session;
static struct possibilities found;	/* of the word being completed */
static volatile sig_atomic_t interrupted;
static volatile sig_atomic_t lost;	/* the terminal has gone, or somebody ends us */

/* Where the last word before end begins: after the last blank outside quotes, or a pipe that stands
 * there.  *ret_quote is the quote still open at end, or 0. */
static size_t
last_word(const char *line, size_t end, char *ret_quote)
{
	size_t start = 0;
	char quote = '\0';

	for (size_t i = 0; i < end; i++) {
		if (line[i] == '\\' && quote != '\'' && i + 1 < end)
			i++;
		else if (quote)
			quote = line[i] == quote ? '\0' : quote;
		else if (line[i] == '\'' || line[i] == '"')
			quote = line[i];
		else if (line[i] == ' ' || line[i] == '\t' || (line[i] == '|' && i == start))
			start = i + 1;
	}
	*ret_quote = quote;
	return start;
}

/* readline's idea of a word is to be ours: "|" ends one only where it begins one ("|match"). */
static char *
break_characters(void)
{
	static char blanks[] = " \t", blanks_and_pipe[] = " \t|";
	char quote;
	size_t start = last_word(rl_line_buffer, (size_t)rl_point, &quote);

	return start > 0 && rl_line_buffer[start - 1] == '|' ? blanks_and_pipe : blanks;
}

/* What may stand where the line's last word is, as far as it is typed. */
static void
find_possibilities(size_t start, const char *word)
{
	char *before = strndup(rl_line_buffer, start);

	assert(before);
	possibilities_done(&found);
	session_complete(shell_session, before, word, &found);
	free(before);
}

/* Through the pager, which has the terminal and its keys for itself meanwhile: as readline leaves
 * them for a command.  What ends the pager, Ctrl-C included, gives up the list, not the line. */
static void
page_list(const char *text)
{
	rl_clear_signals();
	rl_deprep_terminal();
	pager_show(rl_outstream, text, false);
	interrupted = 0;
	rl_prep_terminal(1);
	rl_set_signals();
	rl_reset_screen_size();	/* the window may be another one by now */
}

static void
list_possibilities(void)
{
	unsigned width = print_width(rl_outstream);
	char *text = NULL;
	size_t length;
	FILE *list = open_memstream(&text, &length);

	assert(list);
	fprintf(list, "Possible completions:\n");
	for (size_t i = 0; i < found.count; i++)
		print_help_line(list, found.list[i].shown, found.list[i].help, width);
	if (found.count == 0)
		fprintf(list, "  (nothing fits here)\n");
	fclose(list);
	assert(text);
	fputc('\n', rl_outstream);
	if (shell_session->page && !pager_fits(rl_outstream, text))
		page_list(text);
	else
		fputs(text, rl_outstream);
	free(text);
	rl_on_new_line();
}

static int
explain(int count UNUSED, int key UNUSED)
{
	char quote;
	size_t start = last_word(rl_line_buffer, (size_t)rl_point, &quote);
	char *word;

	if (quote)
		return rl_insert_text("?") < 0;
	word = strndup(rl_line_buffer + start, (size_t)rl_point - start);
	assert(word);
	find_possibilities(start, word);
	free(word);
	list_possibilities();
	rl_redisplay();
	return 0;
}

/* Does the language, or our "?" key, need quotes around the word? */
static bool
needs_quotes(const char *word)
{
	return strpbrk(word, " \t'\"\\#?;{}|") != NULL || strncmp(word, "//", 2) == 0;
}

/* When one of the words needs quotes all get them: what they begin with in common stays the same
 * whichever is meant. */
static bool
any_needs_quotes(void)
{
	for (size_t i = 0; i < found.count; i++) {
		if (found.list[i].word && needs_quotes(found.list[i].word))
			return true;
	}
	return false;
}

/* A word as it must be typed; a quote that is open already stays open. */
static char *
spelled(const char *word, bool quoted)
{
	size_t length;
	char *text = NULL;
	FILE *out;

	if (rl_completion_quote_character || !quoted) {
		text = strdup(word);
		assert(text);
		return text;
	}
	out = open_memstream(&text, &length);
	assert(out);
	words_print_quoted(out, word);
	fclose(out);
	assert(text);
	return text;
}

static char *
next_match(const char *word UNUSED, int state)
{
	static size_t at;
	static bool quoted;

	if (state == 0) {
		at = 0;
		quoted = any_needs_quotes();
	}
	while (at < found.count) {
		const char *candidate = found.list[at++].word;

		if (candidate)
			return spelled(candidate, quoted);
	}
	return NULL;
}

static size_t
count_words(void)
{
	size_t count = 0;

	for (size_t i = 0; i < found.count; i++)
		count += found.list[i].word != NULL;
	return count;
}

static char **
complete(const char *word, int start, int end UNUSED)
{
	/* An open quote is before start; it belongs to the word. */
	size_t before = start > 0 && rl_completion_quote_character ? (size_t)start - 1
	                                                           : (size_t)start;
	size_t words;

	rl_attempted_completion_over = 1;
	find_possibilities(before, word);
	words = count_words();
	if (words == 0) {
		list_possibilities();
		return NULL;
	}
	/* Behind a directory the user goes on typing. */
	for (size_t i = 0; i < found.count; i++) {
		const char *only = found.list[i].word;

		if (words == 1 && only && only[0] && only[strlen(only) - 1] == '/')
			rl_completion_suppress_append = 1;
	}
	return rl_completion_matches(word, next_match);
}

static void
display_matches(char **matches UNUSED, int count UNUSED, int longest UNUSED)
{
	list_possibilities();
}

static void
on_interrupt(int number UNUSED)
{
	interrupted = 1;
}

static void
on_loss(int number UNUSED)
{
	lost = 1;
}

/* Has Ctrl-C been pressed since we looked last?  readline catches it first. */
static bool
take_interrupt(void)
{
	bool pressed;

	rl_check_signals();
	pressed = interrupted;
	interrupted = 0;
	return pressed;
}

/* The next key.  readline tidies the terminal up after a signal and then goes on waiting; for
 * Ctrl-C we end the line instead, empty.  A key that comes right behind it is for the next line:
 * the terminal has dropped those before. */
static int
read_key(FILE *stream)
{
	static int kept = EOF;
	bool pressed = take_interrupt();
	unsigned char key;
	ssize_t n;

	while (!pressed && !lost && kept == EOF) {
		n = read(fileno(stream), &key, 1);
		if (n == 0 || (n < 0 && errno != EINTR))
			return EOF;
		kept = n == 1 ? key : EOF;
		pressed = take_interrupt();
	}
	if (lost)
		return EOF;
	if (pressed) {
		rl_replace_line("", 0);
		return '\n';
	}
	key = (unsigned char)kept;
	kept = EOF;
	return key;
}

/* ~/.local/state/tandem_history, or NULL when there is no such place. */
static char *
history_path(void)
{
	const char *home = getenv("HOME");
	struct stat about;
	char *path = NULL;

	if (!home || asprintf(&path, "%s/.local/state", home) < 0)
		return NULL;
	if (stat(path, &about) < 0 || !S_ISDIR(about.st_mode)) {
		free(path);
		return NULL;
	}
	free(path);
	return asprintf(&path, "%s/.local/state/tandem_history", home) < 0 ? NULL : path;
}

/* A line that sets a password does not stay behind in a file. */
static void
remember(const char *line)
{
	HIST_ENTRY *last = history_length > 0 ? history_get(history_length) : NULL;

	if (line[strspn(line, " \t")] == '\0' || strstr(line, "password"))
		return;
	if (!last || strcmp(last->line, line) != 0)
		add_history(line);
}

static void
start_readline(struct session *session, const char *history)
{
	struct sigaction action = { .sa_handler = on_interrupt };
	struct sigaction loss = { .sa_handler = on_loss };

	shell_session = session;
	rl_readline_name = "tandem";
	rl_outstream = session->out;
	rl_completion_word_break_hook = break_characters;
	rl_completer_quote_characters = "'\"";
	rl_attempted_completion_function = complete;
	rl_completion_display_matches_hook = display_matches;
	rl_getc_function = read_key;
	rl_sort_completion_matches = 0;
	rl_variable_bind("show-all-if-ambiguous", "on");
	rl_variable_bind("enable-bracketed-paste", "off");
	rl_bind_key('?', explain);
	sigaction(SIGINT, &action, NULL);
	sigaction(SIGHUP, &loss, NULL);
	sigaction(SIGTERM, &loss, NULL);
	using_history();
	stifle_history(HISTORY_LINES);
	if (history)
		(void)read_history(history);	/* the first time there is none */
}

static void
make_prompt(const struct session *session, char *prompt, size_t size)
{
	const struct passwd *user = getpwuid(geteuid());
	char host[64] = "";

	if (gethostname(host, sizeof(host)) < 0)
		host[0] = '\0';
	host[sizeof(host) - 1] = '\0';
	host[strcspn(host, ".")] = '\0';
	snprintf(prompt, size, "%s@%s%s", user ? user->pw_name : "?", host,
	         session->candidate ? "# " : ":~$ ");
}

int
line_shell(struct session *session)
{
	char *history = history_path();
	unsigned ends = 0;
	char prompt[192];

	start_readline(session, history);
	while (!session->leave && !lost && ends < 2) {
		char *line;

		if (session->candidate)
			commit_notice(session);
		if (session->candidate)
			edit_print_level(session);
		make_prompt(session, prompt, sizeof(prompt));
		line = readline(prompt);
		if (!line) {
			/* End of input is "exit"; where that is refused, a second one is final. */
			ends++;
			if (lost)
				break;
			fputc('\n', session->out);
			(void)session_run_line(session, "exit");
			continue;
		}
		ends = 0;
		remember(line);
		(void)session_run_line(session, line);
		free(line);
	}
	if (session->candidate && candidate_is_modified(session->candidate))
		recovery_keep(session);
	if (history)
		(void)write_history(history);
	free(history);
	possibilities_done(&found);
	return session->leave ? OUTCOME_DONE : OUTCOME_FAILED;
}
