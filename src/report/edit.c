/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <string.h>
#include <sys/stat.h>

#include "base/rational.h"
#include "base/str.h"
#include "report/report.h"

/* For a terminal: nothing that moves its cursor. @return `to` */
static const char *shown(const char *text, char *to, size_t size)
{
    str_copy(to, size, text);
    for (char *p = to; *p; p++) {
        if ((unsigned char)*p < ' ' || *p == 127)
            *p = ' ';
    }
    return to;
}

struct json *report_findings_json(const osp_findings *findings)
{
    struct json *list = json_array();
    const osp_finding *finding;

    for (size_t i = 0; findings && (finding = osp_findings_get(findings, i)); i++)
        json_push(list, report_finding_json(finding));
    return list;
}

static void print_findings(FILE *out, const osp_findings *findings, bool colour)
{
    const osp_finding *finding;

    for (size_t i = 0; findings && (finding = osp_findings_get(findings, i)); i++)
        report_finding_text(out, finding, colour);
}

void report_plan_text(FILE *out, const osp_plan *plan, const osp_findings *findings, bool colour)
{
    osp_plan_summary s = { .size = sizeof(s) };
    const osp_plan_step *step;
    char lasts[32], rate[32];

    osp_plan_summarize(plan, &s);
    for (size_t i = 0; (step = osp_plan_step_get(plan, i)); i++)
        fprintf(out, "  %-8s %s%s%s%s\n", step->name, step->text, step->reason[0] ? " (" : "",
                step->reason, step->reason[0] ? ")" : "");
    print_findings(out, findings, colour);
    if (!s.reference_frames)
        return;
    report_seconds(s.reference_s, lasts);
    rational_print(s.reference_rate, 3, rate, sizeof(rate));
    fprintf(out, "reference: %dx%d, %s fps, %lld pictures, %s s\n", s.width_px, s.height_px, rate,
            (long long)s.reference_frames, lasts);
    if (s.units[0])
        fprintf(out, "price: %s units (%lld s billed)\n", s.units, (long long)s.billed_s);
    else
        fprintf(out, "price: units unknown (%lld s billed)\n", (long long)s.billed_s);
}

/* What the master is by itself; the plan's line says what is sent instead. */
static void print_verdict(FILE *out, const osp_findings *master)
{
    const osp_finding *finding = NULL;
    size_t count = 0;

    for (; (finding = osp_findings_get(master, count)) && finding->level == OSP_VIOLATION; count++)
        fprintf(out, "%s%s", count ? ", " : "check:  as it is, in violation of ", finding->rule);
    fprintf(out, "%s", count ? "\n" : "check:  pass, as it is\n");
}

static void print_plan(FILE *out, const osp_plan_summary *p)
{
    char from[32], to[32], sent_from[32], sent_to[32];

    report_seconds(p->from_s, from);
    report_seconds(p->to_s, to);
    report_seconds(p->sent_from_s, sent_from);
    report_seconds(p->sent_to_s, sent_to);
    fprintf(out, "shot:   %s to %s s, pictures %lld to %lld\n", from, to, (long long)p->first_frame,
            (long long)(p->first_frame + p->frames - 1));
    fprintf(out, "plan:   send %s to %s s at %dx%d; %lld s billed, %s units\n", sent_from, sent_to,
            p->width_px, p->height_px, (long long)p->billed_s, p->units[0] ? p->units : "unknown");
}

static void print_task(FILE *out, const osp_edit_report *r)
{
    const char *units = r->job.units_deducted[0] ? r->job.units_deducted : "unknown";
    char task[sizeof(r->job.task_id)];

    shown(r->job.task_id[0] ? r->job.task_id : "none yet", task, sizeof(task));
    if (r->reused_job || r->reused_output)
        fprintf(out, "task:   %s, made before: nothing sent, 0 units now (%s then)\n", task, units);
    else
        fprintf(out, "task:   %s, %s units deducted%s\n", task, units,
                r->job.state == OSP_JOB_UNSURE ? " - it may exist: resume looks it up" : "");
}

static void print_decibel(double db, char out[32])
{
    rational_print(rational((int64_t)(db * 100), 100), 1, out, 32);
}

/* What is not the master's any more, picture by picture: no more, and no less. */
static void print_proof(FILE *out, const osp_splice_report *s)
{
    if (s->reencoded_all)
        fprintf(out, "proof:  none, since no picture is a copy: see omnisplice verify\n");
    else if (!s->outside_identical)
        fprintf(out, "proof:  not identical outside the shot\n");
    else
        fprintf(out,
                "proof:  but for pictures %lld to %lld every packet is the master's,\n"
                "        and so are all time stamps and the sound\n",
                (long long)s->first_changed, (long long)(s->first_changed + s->changed - 1));
}

void report_splice_text(FILE *out, const osp_splice_report *s, const char *output)
{
    char db[32] = "";
    struct stat st;

    if (s->border_psnr_db > 0)
        print_decibel(s->border_psnr_db, db);
    if (s->reencoded_all)
        fprintf(out, "splice: all of the video re-encoded, as allowed; %lld pictures generated\n",
                (long long)s->generated_frames);
    else
        fprintf(out,
                "splice: %lld packets copied, %lld pictures generated,\n"
                "        %lld at the borders re-encoded%s%s%s\n",
                (long long)s->copied_packets, (long long)s->generated_frames,
                (long long)s->reencoded_frames, db[0] ? ", at least " : "", db, db[0] ? " dB" : "");
    print_proof(out, s);
    if (output && stat(output, &st) == 0 && S_ISREG(st.st_mode))
        fprintf(out, "result: %s (%.1f MB)\n", output, (double)st.st_size / 1e6);
    else if (output)
        fprintf(out, "result: %s\n", output);
}

static void print_dry_run(FILE *out, const osp_edit_report *r)
{
    const osp_splice_report *s = &r->splice;

    if (s->reencoded_all)
        fprintf(out, "splice: all of the video would be re-encoded\n");
    else if (s->generated_frames)
        fprintf(out,
                "splice: %lld packets would be copied, %lld pictures generated,\n"
                "        %lld at the borders re-encoded\n",
                (long long)s->copied_packets, (long long)s->generated_frames,
                (long long)s->reencoded_frames);
    if (r->reused_job)
        fprintf(out, "task:   made before: it would cost nothing more\n");
    fprintf(out, "dry run: nothing sent, nothing written\n");
}

void report_edit_text(FILE *out, const osp_edit_report *r, const char *output)
{
    if (!r->dry_run)
        fprintf(out, "job:    %s\n", r->job.id);
    if (r->master)
        print_verdict(out, r->master);
    if (r->plan.frames)
        print_plan(out, &r->plan);
    if (r->dry_run) {
        print_dry_run(out, r);
        return;
    }
    if (r->job.upload_store[0] && !r->reused_job && !r->reused_output)
        fprintf(out, "upload: to the store %s%s\n", r->job.upload_store,
                r->job.upload_kept ? ", where it stays" : ", removed after the task");
    print_task(out, r);
    if (r->reused_output)
        fprintf(out, "result: %s (made before, unchanged)\n", output);
    else if (r->splice.generated_frames)
        report_splice_text(out, &r->splice, output);
    else if (r->job.clip[0])
        fprintf(out, "clip:   %s\n", r->job.clip);
}

static void set_splice(struct json *out, const osp_splice_report *s, bool proved)
{
    struct json *splice = json_object(), *proof = proved ? json_object() : NULL;

    json_set_int(splice, "copied_packets", s->copied_packets);
    json_set_int(splice, "reencoded_frames", s->reencoded_frames);
    json_set_int(splice, "generated_frames", s->generated_frames);
    json_set_int(splice, "first_changed_frame", s->first_changed);
    json_set_int(splice, "changed_frames", s->changed);
    json_set_bool(splice, "reencoded_all", s->reencoded_all);
    if (s->border_psnr_db > 0)
        json_set_double(splice, "border_min_psnr_db", s->border_psnr_db, 2);
    else
        json_set_null(splice, "border_min_psnr_db");
    json_set(out, "splice", splice);
    json_set_bool(proof, "outside_identical", s->outside_identical);
    if (proved)
        json_set(out, "proof", proof);
    else
        json_set_null(out, "proof");
}

struct json *report_splice_json(const osp_splice_report *s, const char *output)
{
    struct json *out = json_object();

    json_set_string(out, "schema", "omnisplice.splice/1");
    json_set_string(out, "output", output);
    set_splice(out, s, true);
    return out;
}

struct json *report_edit_json(const osp_edit_report *r, const char *output)
{
    struct json *out = json_object(), *shot = json_object(), *units = json_object();
    struct json *seams = json_array();

    json_set_string(out, "schema", "omnisplice.edit/1");
    json_set_string(out, "job", r->job.id);
    json_set_string(out, "state", osp_job_state_name(r->job.state));
    json_set_string(out, "task_id", r->job.task_id[0] ? r->job.task_id : NULL);
    json_set_string(out, "external_task_id", r->job.external_task_id);
    json_set_string(out, "request_id", r->job.request_id[0] ? r->job.request_id : NULL);
    json_set_string(out, "clip", r->job.clip[0] ? r->job.clip : NULL);
    json_set_string(out, "output", r->dry_run ? NULL : output);
    json_set_bool(out, "dry_run", r->dry_run);
    json_set_double(shot, "from_s", rational_double(r->plan.from_s), 6);
    json_set_double(shot, "to_s", rational_double(r->plan.to_s), 6);
    json_set_int(shot, "first_frame", r->plan.first_frame);
    json_set_int(shot, "frames", r->plan.frames);
    json_set(out, "shot", shot);
    json_set_string(units, "estimated", r->plan.units[0] ? r->plan.units : NULL);
    json_set_string(units, "deducted", r->job.units_deducted[0] ? r->job.units_deducted : NULL);
    json_set(out, "units", units);
    json_set_string(out, "verdict", r->master ? osp_findings_verdict(r->master) : NULL);
    json_set_bool(out, "reused_job", r->reused_job);
    json_set_bool(out, "reused_output", r->reused_output);
    if (r->splice.generated_frames) {
        set_splice(out, &r->splice, !r->dry_run);
    } else {
        json_set_null(out, "splice");
        json_set_null(out, "proof");
    }
    for (int i = 0; r->splice.generated_frames && i < 2; i++) {
        struct json *seam = json_object();

        json_set_int(seam, "frame", r->plan.first_frame + (i ? r->plan.frames : 0));
        json_set_double(seam, "at_s", rational_double(i ? r->plan.to_s : r->plan.from_s), 6);
        json_push(seams, seam);
    }
    json_set(out, "seams", seams);
    json_set(out, "findings", report_findings_json(r->findings));
    return out;
}

#define WIDTH  79
#define COLUMN 14 /* behind an id of twelve letters */

/* A path that does not fit loses its beginning. */
static void print_path(FILE *out, const char *path, size_t room)
{
    size_t size = strlen(path), cut = size > room ? size - room + 4 : 0;

    while (cut && (path[cut] & 0xC0) == 0x80) /* a whole letter */
        cut++;
    fprintf(out, "%s%s\n", cut ? "... " : "", path + cut);
}

/* Broken at blanks; a word that is longer than a line stays whole. */
static void print_words(FILE *out, const char *text)
{
    size_t used = 0;

    for (text += strspn(text, " "); *text; text += strspn(text, " ")) {
        size_t word = strcspn(text, " ");

        if (used && COLUMN + used + 1 + word > WIDTH) {
            fputc('\n', out);
            used = 0;
        }
        fprintf(out, "%*s%.*s", used ? 1 : COLUMN, "", (int)word, text);
        used += word + (used ? 1 : 0);
        text += word;
    }
    if (used)
        fputc('\n', out);
}

void report_job_text(FILE *out, const osp_job_info *info)
{
    char text[sizeof(info->output) + 8], task[sizeof(info->task_id) + 8];

    fprintf(out, "%-12s  %-9s  ", info->id, osp_job_state_name(info->state));
    print_path(out, shown(info->output[0] ? info->output : info->master, text, sizeof(text)),
               WIDTH - COLUMN - 11);
    if (info->task_id[0]) {
        snprintf(task, sizeof(task), "task %s", info->task_id);
        print_words(out, shown(task, text, sizeof(text)));
    }
    print_words(out, shown(info->fault, text, sizeof(text)));
}

struct json *report_job_json(const osp_job_info *info)
{
    struct json *out = json_object();
    const struct {
        const char *key, *value;
    } texts[] = {
        { "job", info->id },
        { "state", osp_job_state_name(info->state) },
        { "external_task_id", info->external_task_id },
        { "task_id", info->task_id },
        { "request_id", info->request_id },
        { "gateway", info->gateway },
        { "master", info->master },
        { "prompt", info->prompt },
        { "units_estimated", info->units_estimated },
        { "units_deducted", info->units_deducted },
        { "clip", info->clip },
        { "output", info->output },
        { "fault", info->fault },
    };

    for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++)
        json_set_string(out, texts[i].key, texts[i].value[0] ? texts[i].value : NULL);
    json_set_int(out, "created_us", info->created_us);
    json_set_int(out, "updated_us", info->updated_us);
    return out;
}
