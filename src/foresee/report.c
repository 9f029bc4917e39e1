/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The text for people: what does not fit, a line for each case, and what goes wrong in them.
 */
#include "foresee/report.h"

#include <stdlib.h>
#include <string.h>

#define COLUMNS 80u
#define COLUMN_CASE 34u
#define COLUMN_MASTER 28u
#define PARTIES_SHOWN 4

/* ---- paragraphs ----------------------------------------------------------------------------- */

/* Words of a text in lines of at most so many columns, behind an indent; a word too long for a line
 * stands alone. */
static void
print_wrapped(FILE *out, const char *text, unsigned indent, unsigned columns)
{
	unsigned at = indent;

	fprintf(out, "%*s", (int)indent, "");
	while (*text != '\0') {
		size_t length = strcspn(text, " ");

		if (at > indent && at + 1 + length > columns) {
			fprintf(out, "\n%*s", (int)indent, "");
			at = indent;
		} else if (at > indent) {
			fputc(' ', out);
			at++;
		}
		fwrite(text, 1, length, out);
		at += (unsigned)length;
		text += length;
		text += strspn(text, " ");
	}
	fputc('\n', out);
}

#define INDENT 4

static void
print_sentence(FILE *out, const char *prefix, const char *sentence)
{
	char *text;
	int r = asprintf(&text, "%s%s.", prefix, sentence);

	assert(r >= 0);
	print_wrapped(out, text, INDENT, COLUMNS);
	free(text);
}

static void
print_path(FILE *out, const char *router, const char *path)
{
	char *text;
	int r;

	if (!path || path[0] == '\0')
		return;
	r = asprintf(&text, "%s%s", router, path);
	assert(r >= 0);
	print_wrapped(out, text, INDENT, COLUMNS);
	free(text);
}

/* ---- the comparison ------------------------------------------------------------------------- */

static void
print_counts(FILE *out, size_t errors, size_t warnings, size_t notes)
{
	fprintf(out, "%zu error%s, %zu warning%s", errors, errors == 1 ? "" : "s", warnings,
	        warnings == 1 ? "" : "s");
	if (notes > 0)
		fprintf(out, ", %zu note%s", notes, notes == 1 ? "" : "s");
	fputc('\n', out);
}

static void
print_findings(FILE *out, const struct pair_findings *findings)
{
	fprintf(out, "The configurations: ");
	if (findings->count == 0)
		fprintf(out, "they fit\n");
	else
		print_counts(out, findings->errors, findings->count - findings->errors, 0);
	for (size_t i = 0; i < findings->count; i++) {
		const struct pair_finding *f = &findings->list[i];

		fprintf(out, "\n%s %s\n", f->number, f->warning ? "warning" : "error");
		print_path(out, "r1: ", f->paths[0]);
		print_path(out, "r2: ", f->paths[1]);
		print_sentence(out, "", f->sentence);
		print_sentence(out, "Remedy: ", f->remedy);
	}
}

/* ---- the cases ------------------------------------------------------------------------------ */

/* Did all parties move, or begin, with one router? */
static bool
moved_as_one(const struct scene *scene, const uint8_t *before, const uint8_t *now)
{
	bool one = scene->party_count > 1;

	for (uint32_t i = 0; i < scene->party_count; i++)
		one = one && now[i] == now[0] && (!before || now[i] != before[i]);
	return one;
}

/* What moved, or in the first phase what is: "SYNC1 to r2, vgroup1 to r2"; heap. */
static char *
moves_text(const struct scene *scene, const struct trial *trial, enum phase phase, bool *ret_moved)
{
	uint8_t *now = advice_masters(scene, &trial->moments[phase]);
	uint8_t *before = phase > PHASE_BEFORE
		? advice_masters(scene, &trial->moments[phase - 1]) : NULL;
	char *text = NULL;
	bool as_one = moved_as_one(scene, before, now);
	size_t size, shown = 0, more = 0;
	FILE *out = open_memstream(&text, &size);

	assert(out);
	if (as_one)
		fprintf(out, "all %s %s", before ? "to" : "with", advice_master_name(now[0]));
	for (uint32_t i = 0; !as_one && i < scene->party_count; i++) {
		if (before && now[i] == before[i])
			continue;
		if (shown < PARTIES_SHOWN)
			fprintf(out, "%s%s %s %s", shown ? ", " : "", scene->parties[i].name,
			        before ? "to" : "with", advice_master_name(now[i]));
		else
			more++;
		shown++;
	}
	if (more > 0)
		fprintf(out, " and %zu more", more);
	*ret_moved = as_one || shown > 0;
	if (!*ret_moved)
		fputs("nothing moves", out);
	fclose(out);
	assert(text);
	free(now);
	free(before);
	return text;
}

/* Until the last of what moved had its new master. */
static nsec_t
took(const struct scene *scene, const struct trial *trial, enum phase phase)
{
	nsec_t longest = 0;

	for (uint32_t i = 0; i < scene->seat_count; i++)
		longest = nsec_max(longest, trial->took[phase][i]);
	return longest;
}

/* As many of the words as fit into the column, and at least one. */
static size_t
fitting(const char *words)
{
	size_t length = strcspn(words, " ");

	while (words[length] != '\0') {
		size_t next = length + 1 + strcspn(words + length + 1, " ");

		if (next > COLUMN_MASTER)
			break;
		length = next;
	}
	return length;
}

/* The first column has one line or two, what moved as many as it needs. */
static void
print_row(FILE *out, const char *first, const char *second, const char *moves, nsec_t time,
          const char *finding)
{
	const char *const heads[] = { first, second };

	for (unsigned line = 0; *moves != '\0' || (line < 2 && heads[line][0] != '\0'); line++) {
		size_t length = fitting(moves);
		int rest = length < COLUMN_MASTER ? (int)(COLUMN_MASTER - length) : 0;
		char took_text[16] = "";

		if (line == 0 && time > 0)
			snprintf(took_text, sizeof(took_text), "%.3f s",
			         (double)time / (double)NSEC_PER_SEC);
		if (length == 0)
			fputs(heads[line], out);
		else
			fprintf(out, "%-*s  %.*s", (int)COLUMN_CASE, line < 2 ? heads[line] : "",
			        (int)length, moves);
		if (line == 0 && (time > 0 || finding[0] != '\0'))
			fprintf(out, "%*s %9s", rest, "", took_text);
		if (line == 0 && finding[0] != '\0')
			fprintf(out, "  %s", finding);
		fputc('\n', out);
		moves += length;
		moves += strspn(moves, " ");
	}
}

static void
print_phase(FILE *out, const struct report *report, size_t number, enum phase phase)
{
	const struct trial *trial = &report->trials->list[number];
	const struct advice *advice = advice_of(report->advices, number, phase);
	char name[TRIAL_TEXT_SIZE] = "  undone", others[32] = "";
	bool moved;
	char *moves = moves_text(report->scene, trial, phase, &moved);

	if (phase != PHASE_AFTER)
		trial_text(report->scene, trial, name);
	if (trial->alike > 0 && phase != PHASE_AFTER)
		snprintf(others, sizeof(others), "  and %u like it", trial->alike);
	if (phase != PHASE_AFTER || moved || advice)
		print_row(out, name, others, moves, took(report->scene, trial, phase),
		          advice ? advice->number : "");
	free(moves);
}

static void
print_trials(FILE *out, const struct report *report)
{
	static const char rule[] = "----------------------------------------";

	fprintf(out, "\nWhat if: %zu cases, %.0f s of simulated time\n\n",
	        report->trials->count, (double)report->trials->simulated / (double)NSEC_PER_SEC);
	fprintf(out, "%-*s  %-*s %9s  %s\n", (int)COLUMN_CASE, "Case", (int)COLUMN_MASTER,
	        "Master then", "Takeover", "See");
	fprintf(out, "%.*s  %.*s %s\n", (int)COLUMN_CASE, rule, (int)COLUMN_MASTER, rule,
	        "---------  ---");
	for (size_t i = 0; i < report->trials->count; i++) {
		const struct trial *trial = &report->trials->list[i];

		print_phase(out, report, i,
		            trial->kind == TRIAL_START ? PHASE_BEFORE : PHASE_DURING);
		if (trial->undone)
			print_phase(out, report, i, PHASE_AFTER);
	}
}

/* ---- what they teach ------------------------------------------------------------------------ */

/* What is so from the start on is so in most cases. */
static void
print_occasions(FILE *out, const struct report *report, const struct advice *advice)
{
	bool everywhere = advice->occasions[0].phase == PHASE_BEFORE;
	char *text = NULL;
	size_t size;
	FILE *list = open_memstream(&text, &size);

	assert(list);
	fputs("After: ", list);
	for (size_t i = 0; i < advice->occasion_count && !(everywhere && i > 0); i++) {
		const struct occasion *o = &advice->occasions[i];
		char name[TRIAL_TEXT_SIZE];

		trial_text(report->scene, &report->trials->list[o->trial], name);
		fprintf(list, "%s%s%s", i ? "; " : "", name,
		        o->phase == PHASE_AFTER ? ", undone" : "");
	}
	if (everywhere && advice->occasion_count > 1)
		fputs("; and again in other cases", list);
	fclose(list);
	assert(text);
	print_wrapped(out, text, INDENT, COLUMNS);
	free(text);
}

static void
print_advices(FILE *out, const struct report *report)
{
	const struct advices *all = report->advices;

	fprintf(out, "\nWhat it shows: ");
	if (all->count == 0)
		fprintf(out, "in every case one router does it all\n");
	else
		print_counts(out, all->counts[SEVERITY_ERROR], all->counts[SEVERITY_WARNING],
		             all->counts[SEVERITY_NOTE]);
	for (size_t i = 0; i < all->count; i++) {
		const struct advice *a = &all->list[i];

		fprintf(out, "\n%s %s\n", a->number, severity_word(a->severity));
		for (unsigned r = 0; r < DUO_ROUTERS; r++)
			print_path(out, "", a->paths[r]);
		print_occasions(out, report, a);
		print_sentence(out, "", a->sentence);
		print_sentence(out, "Remedy: ", a->remedy);
	}
}

void
report_text(FILE *out, const struct report *report)
{
	for (unsigned r = 0; r < DUO_ROUTERS; r++)
		fprintf(out, "r%u is %s\n", r + 1, report->names[r]);
	fputc('\n', out);
	print_findings(out, report->findings);
	print_trials(out, report);
	print_advices(out, report);
}
