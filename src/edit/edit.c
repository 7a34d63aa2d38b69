/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The whole journey, in order. What must hold is tested before anything is paid. */
#include "omnisplice/edit.h"

#include <string.h>

#include "base/auto.h"
#include "base/cancel.h"
#include "base/error.h"
#include "base/fs.h"
#include "base/hash.h"
#include "base/log.h"
#include "base/str.h"
#include "base/tmpfile.h"
#include "edit/pipe.h"
#include "job/job.h"
#include "plan/plan.h"

void osp_edit_options_init(osp_edit_options *options)
{
    *options = (osp_edit_options){ .size = sizeof(*options) };
}

static bool to_pipe(const osp_edit_options *options)
{
    return strcmp(options->output, "-") == 0;
}

static void splice_options(const osp_edit_options *options, osp_job *job, osp_splice_options *out)
{
    const osp_plan *plan = osp_job_plan(job);
    osp_plan_summary s = { .size = sizeof(s) };

    osp_plan_summarize(plan, &s);
    osp_splice_options_init(out);
    out->first_frame = s.first_frame;
    out->frames = s.frames;
    out->clip_first = s.sent_first;
    out->speed = plan_timing(plan)->speed;
    out->plan = plan;
    out->reencode = options->reencode;
    out->overwrite = options->overwrite || to_pipe(options); /* a pipe's way station is ours */
    out->replace_sha256 = job_output_hash(job);
    out->threads = job_threads(job);
}

/* An output that exists: this job's own result is the answer, any other one is refused. */
static int check_output(const osp_shot *shot, osp_job *job, const osp_edit_options *options,
                        bool *reused, osp_error *err)
{
    OSP_AUTO(tmpfile_release) struct tmpfile probe = TMPFILE_INIT;
    char hash[SHA256_HEX];

    if (to_pipe(options))
        return OSP_OK;
    if (fs_same_file(shot->master, options->output))
        return osp_fail(err, OSP_EOUTPUT, "'%s' is the master itself", options->output);
    if (fs_size(options->output) >= 0) {
        const char *own = job_output_hash(job);

        *reused = own && sha256_file(options->output, hash, NULL) == OSP_OK &&
                  strcmp(own, hash) == 0;
        if (*reused)
            return OSP_OK;
        if (!options->overwrite) {
            osp_fail(err, OSP_EOUTPUT, "'%s' exists and is not the result of this edit",
                     options->output);
            return osp_hint(err, "give another -o, or -y to replace it");
        }
    }
    return tmpfile_open(&probe, options->output, err); /* a full or closed folder shows now */
}

static int check_container(const osp_edit_options *options, osp_error *err)
{
    if (to_pipe(options))
        return pipe_check(options->format, err); /* before it costs */
    if (options->reencode || str_ends(options->output, ".mp4") ||
        str_ends(options->output, ".mov") || str_ends(options->output, ".m4v"))
        return OSP_OK;
    osp_fail(err, OSP_EUSAGE,
             "the result keeps the master's container: '%s' should end in .mp4, "
             ".m4v or .mov",
             options->output);
    return osp_hint(err, "write another container through a pipe: -o - -f matroska");
}

/* A task takes minutes: the master may be another file by then, and the plan is not one for it. */
static int check_master(const char *path, const struct fs_identity *planned, osp_error *err)
{
    struct fs_identity now = fs_identify(path);

    if (fs_identical(planned, &now))
        return OSP_OK;
    osp_fail(err, OSP_EMEDIA, "the master '%s' was changed while the task ran", path);
    return osp_hint(err, "the clip is kept: put the master back and give the same command again");
}

static int write_result(const osp_shot *shot, osp_job *job, const osp_edit_options *options,
                        const osp_control *control, osp_edit_report *report, osp_error *err)
{
    OSP_AUTO(auto_free)
    char *path = to_pipe(options) ? str_format("%s/result.mp4", job_folder(job))
                                  : str_dup(options->output);
    osp_splice_options splice;
    char hash[SHA256_HEX];
    int ret;

    if (!path)
        return osp_nomem(err);
    splice_options(options, job, &splice);
    ret = osp_splice(shot->master, osp_job_clip(job), path, &splice, control, &report->splice, err);
    if (ret == OSP_OK)
        ret = sha256_file(path, hash, err);
    if (ret == OSP_OK && to_pipe(options)) {
        ret = pipe_out(path, options->format, control, err);
        (void)fs_remove_tree(path, NULL); /* only a way station */
    }
    if (ret == OSP_OK)
        ret = job_mark_done(job, to_pipe(options) ? "" : path, to_pipe(options) ? "" : hash, err);
    return ret;
}

void osp_edit_report_release(osp_edit_report *report)
{
    if (!report)
        return;
    osp_findings_free(&report->master);
    osp_findings_free(&report->findings);
}

/* The pictures around the shot's borders, before they cost: a warning in time to think again. What
 * does not decode here is left to conform, which says so of what it needs. */
static int look_at_cuts(const osp_shot *shot, osp_job *job, const osp_control *control,
                        osp_edit_report *report, osp_error *err)
{
    OSP_AUTO(osp_look_free) osp_look *look = NULL;
    const osp_facts *facts = job_facts(job);
    const osp_profile *profile = job_profile(job);
    const osp_plan_summary *plan = &report->plan;
    const osp_finding *finding;
    osp_error fault = { 0 };
    int64_t first, count;
    int ret;

    osp_shot_surroundings(facts, profile, plan->first_frame, plan->frames, &first, &count);
    ret = osp_look_at(shot->master, facts, first, count, control, &look, &fault);
    if (ret == OSP_EMEDIA)
        return OSP_OK;
    if (ret < 0)
        return osp_fail(err, ret, "%s", fault.text);
    ret = osp_check_shot(facts, look, profile, plan->first_frame, plan->frames, &report->findings,
                         err);
    for (size_t i = 0; ret == OSP_OK && (finding = osp_findings_get(report->findings, i)); i++)
        log_write(OSP_LOG_WARNING, "%s (%s)", finding->text, finding->rule);
    return ret;
}

static void fill_report(osp_job *job, osp_edit_report *report)
{
    report->plan = (osp_plan_summary){ .size = sizeof(report->plan) };
    if (osp_job_plan(job))
        osp_plan_summarize(osp_job_plan(job), &report->plan);
    osp_job_state_get(job, &report->job);
}

/* Everything that can be known to fail, before it costs. */
static int preflight(const osp_shot *shot, osp_job *job, const osp_edit_options *options,
                     osp_edit_report *report, osp_error *err)
{
    osp_splice_options splice;
    bool reused = false;
    int ret = check_output(shot, job, options, &reused, err);

    report->reused_output = reused;
    if (ret < 0 || reused)
        return ret;
    splice_options(options, job, &splice);
    return osp_splice_check(shot->master, &splice, &report->splice, err);
}

/* From a job that may cost to a result on disk. */
static int carry_out(const osp_shot *shot, osp_job *job, const struct fs_identity *planned,
                     const osp_edit_options *options, const osp_control *control,
                     osp_edit_report *report, osp_error *err)
{
    int ret = job_intend(job, to_pipe(options) ? "" : options->output, err);

    if (ret == OSP_OK)
        ret = options->resend ? osp_job_resend(job, err) : osp_job_begin(job, err);
    if (ret == OSP_OK)
        ret = osp_job_wait(job, -1, control, err);
    if (ret == OSP_OK)
        ret = check_master(shot->master, planned, err);
    if (ret == OSP_OK)
        ret = write_result(shot, job, options, control, report, err);
    fill_report(job, report);
    return ret;
}

int osp_edit(osp_engine *engine, const osp_shot *shot, const osp_edit_options *options,
             const osp_control *control, osp_edit_report *report, osp_error *err)
{
    OSP_AUTO(osp_job_free) osp_job *job = NULL;
    OSP_AUTO(osp_edit_report_release) osp_edit_report own = { 0 };
    struct fs_identity planned = fs_identify(shot->master ? shot->master : "");
    int ret = check_container(options, err);

    report = report ? report : &own;
    if (ret == OSP_OK)
        ret = control_step(control, "check", -1, "", err);
    if (ret == OSP_OK)
        ret = osp_job_open(engine, shot, &job, err);
    if (ret < 0)
        return ret;
    fill_report(job, report);
    report->reused_job = osp_job_clip(job) != NULL;
    report->dry_run = options->dry_run;
    ret = osp_check(job_facts(job), job_profile(job), OSP_USE_EDIT, &report->master, err);
    if (ret == OSP_OK)
        ret = preflight(shot, job, options, report, err);
    if (ret == OSP_OK && !report->reused_job)
        ret = look_at_cuts(shot, job, control, report, err);
    if (ret < 0 || options->dry_run || report->reused_output)
        return ret;
    return carry_out(shot, job, &planned, options, control, report, err);
}

int osp_edit_resume(osp_engine *engine, const char *id, const osp_edit_options *options,
                    const osp_control *control, osp_edit_report *report, osp_error *err)
{
    OSP_AUTO(osp_job_free) osp_job *job = NULL;
    osp_edit_options o = *options;
    OSP_AUTO(osp_edit_report_release) osp_edit_report own = { 0 };
    struct fs_identity planned;
    int ret = osp_job_find(engine, id, &job, err);

    report = report ? report : &own;
    if (ret < 0)
        return ret;
    planned = fs_identify(job_shot(job)->master);
    ret = job_restore(job, err);
    if (ret < 0)
        return ret;
    if (!o.output)
        o.output = job_output(job) ? job_output(job) : "";
    fill_report(job, report);
    report->reused_job = osp_job_clip(job) != NULL;
    if (o.output[0] && !o.resend) {
        ret = preflight(job_shot(job), job, &o, report, err);
        if (ret < 0 || report->reused_output)
            return ret;
    }
    if (o.output[0])
        return carry_out(job_shot(job), job, &planned, &o, control, report, err);
    /* a job whose result went through a pipe, or that a plugin began: its clip is what is wanted */
    ret = o.resend ? osp_job_resend(job, err) : osp_job_begin(job, err);
    if (ret == OSP_OK)
        ret = osp_job_wait(job, -1, control, err);
    fill_report(job, report);
    return ret;
}
