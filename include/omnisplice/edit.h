/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef OMNISPLICE_EDIT_H
#define OMNISPLICE_EDIT_H

#include "omnisplice/job.h"
#include "omnisplice/splice.h"

#ifdef __cplusplus
extern "C" {
#endif

/** @file edit.h  Files in, files out: the whole journey. */

typedef struct osp_edit_options {
    size_t size;        /* filled in by osp_edit_options_init() */
    const char *output; /* path, or "-" for standard output */
    const char *format; /* container for "-": "matroska" ...; NULL: by the name */
    int overwrite;      /* 1: replace an existing output that is not this job's own result */
    int reencode;       /* as in osp_splice_options */
    int dry_run;        /* plan and check only: nothing is sent, nothing is written */
    int resend;         /* send an unsure job again, under the same external id */
    /* new members go below this line; zero keeps the old behaviour */
} osp_edit_options;

OSP_API void osp_edit_options_init(osp_edit_options *options);

/** What happened. Zero it before the call; osp_edit_report_release() when done. */
typedef struct osp_edit_report {
    osp_job_info job;
    osp_plan_summary plan;
    osp_splice_report splice;
    int reused_job;    /* 1: a finished job answered, nothing was sent */
    int dry_run;       /* 1: nothing was sent or written; splice says what would be done */
    int reused_output; /* 1: the output was this job's own result already */
    osp_findings
        *master; /* what check says of the master as it is; NULL: it did not come to that */
    osp_findings *findings; /* where the shot lies among hard cuts; NULL: that was not looked at */
} osp_edit_report;

/** Free what a report holds. NULL and reports never filled are fine. */
OSP_API void osp_edit_report_release(osp_edit_report *report);

/**
 * check, plan, conform, store, task, splice, proof; the order is read best in src/edit/edit.c.
 * @param report  may be NULL; filled as far as it came, also on failure
 * @return OSP_OK or what any of the steps says
 */
OSP_API int osp_edit(osp_engine *engine, const osp_shot *shot, const osp_edit_options *options,
                     const osp_control *control, osp_edit_report *report, osp_error *err);
/**
 * Go on with a job of the journal from where it stands, to the output it was begun for.
 * @param id       of the job, or a beginning of it that is unique
 * @param options  output NULL: the one it was begun for; where there is none, the clip is fetched
 */
OSP_API int osp_edit_resume(osp_engine *engine, const char *id, const osp_edit_options *options,
                            const osp_control *control, osp_edit_report *report, osp_error *err);
/**
 * A command line for a stock ffmpeg that shows the job's clip in the shot by movie and overlay;
 * pictures outside the shot stay exact.
 * @param text  set on success; yours: free()
 */
OSP_API int osp_edit_ffmpeg_line(osp_engine *engine, const osp_shot *shot, osp_job *job,
                                 const char *output, char **text, osp_error *err);

#ifdef __cplusplus
}
#endif
#endif
