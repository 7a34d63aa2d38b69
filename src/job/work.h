/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef JOB_WORK_H
#define JOB_WORK_H

#include "gateway/answer.h"
#include "job/engine.h"
#include "job/material.h"
#include "store/store.h"

/** Tells the host; any thread. */
typedef void (*work_tell_fn)(void *opaque, osp_job_state state, const char *stage, double fraction,
                             const char *detail);

/**
 * The work on one job: a loop over its states, on a thread of the engine. Nothing of it touches
 * the osp_job; what it learns is in the journal, what it tells goes through `tell`.
 */
struct work {
    osp_engine *engine;
    struct job_row row;
    char *folder;
    const osp_plan *plan; /* NULL: made again from the master when it is needed */
    osp_cancel *cancel;
    bool resend; /* a person said so: once */
    work_tell_fn tell;
    void *tell_opaque;

    /* while it runs */
    struct http *http;
    struct store *store;
    char *store_label; /* what the journal calls it */
    bool sim;          /* short waits */
    bool upload_known; /* fetched back by this very run */
    char *result_url;  /* may be signed: lives here alone, never in the journal */
    char stage[16];
    osp_error doubt;             /* why the last create has no certain answer */
    int64_t service_ms;          /* the service's clock at its last answer; 0: it tells none */
    int64_t age_us, age_mono_us; /* how old the create was at that moment of job_mono_us() */
};

/** Take the job as far as it goes. @return OSP_OK: the clip is fetched; else why not */
int work_run(struct work *work, osp_error *err);
void work_release(struct work *work);

/* What the files of this room share. Steps return OSP_OK when the state has changed. */
int work_move(struct work *work, job_event event, osp_error *err);
void work_tell(struct work *work, const char *stage, double fraction, const char *detail);
char *work_file(const struct work *work, const char *name);
int work_open_store(struct work *work, osp_error *err);
void work_drop_upload(struct work *work);

int step_prepare(struct work *work, osp_error *err);
int step_store(struct work *work, osp_error *err);
int step_post(struct work *work, osp_error *err);
int step_look_up(struct work *work, osp_error *err);
int step_poll(struct work *work, osp_error *err);
int step_fetch(struct work *work, osp_error *err);
int step_lost(struct work *work, osp_error *err);

/** Why a job that ended did so. @return never OSP_OK */
int work_ended(const struct work *work, osp_error *err);

/** The create is so old now. From here on the age is counted by a clock that nobody sets. */
void work_set_age(struct work *work, int64_t age_us);
/** The create, with its retries; from stored, or from unsure by a person's word. */
int post_create(struct work *work, osp_error *err);
/** Ask for the task until it has ended. In `finished` only for its address. */
int poll_task(struct work *work, osp_error *err);
/** The clip does what was asked? @return OSP_OK, OSP_ERESULT (*damaged: it does not decode) */
int verify_clip(struct work *work, const char *path, bool *damaged, osp_error *err);
/** How long what was sent lasts, seconds; 0: not known. */
double work_reference_s(const struct work *work);
/** The service said something about the task: the first time counts as its birth. */
void work_note_birth(struct work *work, const struct http_answer *http,
                     const struct answer *answer);
/** The task is older than the service keeps results, by the service's own clock. */
bool work_past_retention(const struct work *work);

#endif
