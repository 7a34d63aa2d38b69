/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef JOB_JOB_H
#define JOB_JOB_H

#include <stdbool.h>

#include "omnisplice/job.h"

/** What the rooms above may know of a job beyond the public header. All of it is the job's. */

/** The shot as it was asked for, also of a job of osp_job_find(). */
const osp_shot *job_shot(const osp_job *job);
const char *job_id(const osp_job *job);
/** STATE/jobs/ID: its files. It is there once the job has begun. */
const char *job_folder(const osp_job *job);
/** SHA-256 of the last result that was made with the clip; NULL: none yet. */
const char *job_output_hash(const osp_job *job);
const char *job_output(const osp_job *job);
/** Of decoders and encoders; 0: as many as there are processors. */
int job_threads(const osp_job *job);

/** Read the master again and make the plan again (osp_job_find() does not), and see that it is
 *  still the master that the job was made of. Idempotent.
 *  @return OSP_OK, OSP_EMEDIA (gone, unreadable, changed) */
int job_restore(osp_job *job, osp_error *err);
/** NULL before job_restore() for a job of osp_job_find(). */
const osp_facts *job_facts(const osp_job *job);
const osp_profile *job_profile(const osp_job *job);

/** Where the result shall go, so that a resume knows. Before osp_job_begin(). */
int job_intend(osp_job *job, const char *output, osp_error *err);
/** A result was made with the clip: fetched or done becomes done. */
int job_mark_done(osp_job *job, const char *output, const char *sha256, osp_error *err);

#endif
