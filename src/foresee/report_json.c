/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The same for programs.  The form is described in docs/simulator.md; members are added to it, and
 * none is removed or renamed.
 */
#include "foresee/report.h"

#include <stdlib.h>
#include <string.h>

#include "base/json.h"

static void
print_member(FILE *out, const char *name, const char *text)
{
	fprintf(out, ",\"%s\":", name);
	json_string(out, text);
}

static void
print_findings(FILE *out, const struct pair_findings *findings)
{
	fputs(",\n\"comparison\":[", out);
	for (size_t i = 0; i < findings->count; i++) {
		const struct pair_finding *f = &findings->list[i];

		fprintf(out, "%s{\"number\":\"%s\",\"severity\":\"%s\"", i ? ",\n " : "\n ",
		        f->number, f->warning ? "warning" : "error");
		print_member(out, "r1", f->paths[0]);
		print_member(out, "r2", f->paths[1]);
		print_member(out, "sentence", f->sentence);
		print_member(out, "remedy", f->remedy);
		fputc('}', out);
	}
	fputc(']', out);
}

/* How long the party took: the last of its seats. */
static long long
milliseconds(const struct scene *scene, const struct trial *trial, enum phase phase, uint32_t party)
{
	nsec_t longest = 0;

	for (uint32_t i = 0; i < scene->seat_count; i++)
		if (scene->seats[i].party == party)
			longest = nsec_max(longest, trial->took[phase][i]);
	return (longest + NSEC_PER_MSEC - 1) / NSEC_PER_MSEC;
}

/* "masters": all at the start, otherwise those that changed. */
static void
print_masters(FILE *out, const struct scene *scene, const struct trial *trial, enum phase phase)
{
	uint8_t *now = advice_masters(scene, &trial->moments[phase]);
	uint8_t *before = phase > PHASE_BEFORE
		? advice_masters(scene, &trial->moments[phase - 1]) : NULL;
	const char *separator = "";

	fputs("\"masters\":[", out);
	for (uint32_t i = 0; i < scene->party_count; i++) {
		if (before && now[i] == before[i])
			continue;
		fprintf(out, "%s{\"%s\":", separator,
		        scene->parties[i].is_sync ? "sync-group" : "group");
		json_string(out, scene->parties[i].name);
		print_member(out, "master", advice_master_name(now[i]));
		if (before) {
			print_member(out, "was", advice_master_name(before[i]));
			fprintf(out, ",\"took-ms\":%lld", milliseconds(scene, trial, phase, i));
		}
		fputc('}', out);
		separator = ",";
	}
	fputc(']', out);
	free(now);
	free(before);
}

static void
print_phase(FILE *out, const struct report *report, size_t number, enum phase phase)
{
	static const char *const verdicts[VERDICTS] = {
		[VERDICT_GOOD] = "good", [VERDICT_ASYMMETRIC] = "asymmetric",
		[VERDICT_LOST] = "lost", [VERDICT_TWO_MASTERS] = "two-masters",
		[VERDICT_NO_MASTER] = "no-master", [VERDICT_GIVEN_UP] = "no-master",
	};
	const struct trial *trial = &report->trials->list[number];
	const struct advice *advice = advice_of(report->advices, number, phase);

	fputc('{', out);
	print_masters(out, report->scene, trial, phase);
	print_member(out, "traffic", verdicts[trial->moments[phase].verdict]);
	if (advice)
		print_member(out, "finding", advice->number);
	fputc('}', out);
}

static void
print_trials(FILE *out, const struct report *report)
{
	fputs(",\n\"cases\":[", out);
	for (size_t i = 0; i < report->trials->count; i++) {
		const struct trial *trial = &report->trials->list[i];
		char text[TRIAL_TEXT_SIZE];

		fprintf(out, "%s{\"kind\":\"%s\"", i ? ",\n " : "\n ", trial_word(trial->kind));
		print_member(out, "case", trial_text(report->scene, trial, text));
		if (trial->alike > 0)
			fprintf(out, ",\"alike\":%u", trial->alike);
		fputs(",\"then\":", out);
		print_phase(out, report, i,
		            trial->kind == TRIAL_START ? PHASE_BEFORE : PHASE_DURING);
		if (trial->undone) {
			fputs(",\"undone\":", out);
			print_phase(out, report, i, PHASE_AFTER);
		}
		fputc('}', out);
	}
	fputc(']', out);
}

static void
print_advices(FILE *out, const struct report *report)
{
	fputs(",\n\"findings\":[", out);
	for (size_t i = 0; i < report->advices->count; i++) {
		const struct advice *a = &report->advices->list[i];
		const char *separator = "";

		fprintf(out, "%s{\"number\":\"%s\",\"severity\":\"%s\",\"paths\":[",
		        i ? ",\n " : "\n ", a->number, severity_word(a->severity));
		for (unsigned r = 0; r < DUO_ROUTERS; r++) {
			if (!a->paths[r])
				continue;
			fputs(separator, out);
			json_string(out, a->paths[r]);
			separator = ",";
		}
		fputs("],\"cases\":[", out);
		for (size_t k = 0; k < a->occasion_count; k++)
			fprintf(out, "%s{\"case\":%zu,\"undone\":%s}", k ? "," : "",
			        a->occasions[k].trial,
			        a->occasions[k].phase == PHASE_AFTER ? "true" : "false");
		fputc(']', out);
		print_member(out, "sentence", a->sentence);
		print_member(out, "remedy", a->remedy);
		fputc('}', out);
	}
	fputc(']', out);
}

void
report_json(FILE *out, const struct report *report)
{
	const struct advices *all = report->advices;

	fputs("{\"r1\":", out);
	json_string(out, report->names[0]);
	print_member(out, "r2", report->names[1]);
	fprintf(out, ",\"errors\":%zu,\"warnings\":%zu,\"notes\":%zu",
	        report->findings->errors + all->counts[SEVERITY_ERROR],
	        report->findings->count - report->findings->errors + all->counts[SEVERITY_WARNING],
	        all->counts[SEVERITY_NOTE]);
	print_findings(out, report->findings);
	print_trials(out, report);
	print_advices(out, report);
	fputs("\n}\n", out);
}
