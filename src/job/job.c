/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "job/job.h"

#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include "base/auto.h"
#include "base/cancel.h"
#include "base/fs.h"
#include "base/str.h"
#include "job/handle.h"
#include "job/lease.h"

/* ---- events: from the job's thread to the host's ------------------------------------------- */

static void wake(osp_job *job)
{
    uint64_t one = 1;

    if (write(job->wake, &one, sizeof(one)) < 0)
        return; /* EAGAIN: it is awake */
}

static void tell(void *opaque, osp_job_state state, const char *stage, double fraction,
                 const char *detail)
{
    osp_job *job = opaque;
    osp_job_event *event;

    pthread_mutex_lock(&job->lock);
    /* A host that does not listen loses steps within a stage, never a stage or a state. */
    event = &job->events[(job->first + job->count + EVENTS_KEPT - 1) % EVENTS_KEPT];
    if (job->count == 0 || event->state != state || strcmp(event->stage, stage) != 0) {
        if (job->count == EVENTS_KEPT)
            job->count--;
        event = &job->events[(job->first + job->count++) % EVENTS_KEPT];
    }
    event->state = state;
    event->fraction = fraction;
    str_copy(event->stage, sizeof(event->stage), stage);
    str_copy(event->detail, sizeof(event->detail), detail);
    pthread_mutex_unlock(&job->lock);
    wake(job);
}

int osp_job_fd(const osp_job *job)
{
    return job->wake;
}

int osp_job_next_event(osp_job *job, osp_job_event *event)
{
    uint64_t ignored;
    int got = 0;

    pthread_mutex_lock(&job->lock);
    if (job->count > 0) {
        *event = job->events[job->first];
        job->first = (job->first + 1) % EVENTS_KEPT;
        job->count--;
        got = 1;
    }
    /* Still readable when the thread has ended: a host that polls must come and see. */
    if (job->count == 0 && !job->ended && read(job->wake, &ignored, sizeof(ignored)) < 0)
        errno = 0; /* EAGAIN: nothing was in it */
    pthread_mutex_unlock(&job->lock);
    return got;
}

/* ---- life ---------------------------------------------------------------------------------- */

static int copy_shot(const struct job_row *row, osp_shot *shot, osp_error *err)
{
    int ret = job_row_text(&shot->master, row->master, err);

    if (ret == OSP_OK)
        ret = job_row_text(&shot->from, row->from, err);
    if (ret == OSP_OK)
        ret = job_row_text(&shot->to, row->to, err);
    if (ret == OSP_OK)
        ret = job_row_text(&shot->prompt, row->prompt, err);
    if (ret == OSP_OK)
        ret = job_row_text(&shot->mode, row->mode, err);
    if (ret == OSP_OK)
        ret = job_row_text(&shot->profile, row->profile, err);
    if (ret == OSP_OK)
        ret = job_row_text(&shot->fit, row->fit, err);
    shot->keep_sound = (int)row->keep_sound;
    shot->no_cite = (int)row->no_cite;
    return ret;
}

int job_new(osp_engine *engine, struct job_row *row, osp_job **out, osp_error *err)
{
    OSP_AUTO(osp_job_free) osp_job *job = calloc(1, sizeof(*job));
    int ret;

    if (!job)
        return osp_nomem(err);
    pthread_mutex_init(&job->lock, NULL);
    job->engine = engine;
    job->wake = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
    if (job->wake < 0)
        return osp_fail_errno(err, OSP_EINTERNAL, "make", "eventfd");
    ret = copy_shot(row, &job->shot, err);
    if (ret == OSP_OK)
        ret = osp_cancel_new(&job->stop, err);
    if (ret < 0)
        return ret;
    job->id = str_dup(row->id);
    job->key = str_dup(row->key);
    job->gateway = str_dup(row->gateway);
    job->folder = engine_folder(engine, row->id);
    if (!job->id || !job->key || !job->gateway || !job->folder)
        return osp_nomem(err);
    *out = OSP_TAKE(job);
    return OSP_OK;
}

static void stop_thread(osp_job *job)
{
    if (!job->thread_made)
        return;
    osp_cancel_trigger(job->stop);
    pthread_join(job->thread, NULL);
    job->thread_made = false;
    work_release(&job->work);
}

void osp_job_free(osp_job **pointer)
{
    osp_job *job = pointer ? *pointer : NULL;

    if (!job)
        return;
    stop_thread(job);
    osp_cancel_free(&job->stop);
    auto_close(&job->wake);
    osp_shot_release(&job->shot);
    material_release(&job->material);
    auto_free(&job->id);
    auto_free(&job->key);
    auto_free(&job->gateway);
    auto_free(&job->folder);
    auto_free(&job->clip);
    auto_free(&job->output);
    auto_free(&job->output_hash);
    pthread_mutex_destroy(&job->lock);
    free(job);
    *pointer = NULL;
}

/* ---- the thread ---------------------------------------------------------------------------- */

static void *work_thread(void *opaque)
{
    osp_job *job = opaque;
    osp_error fault = { 0 };
    int ret = work_run(&job->work, &fault);

    pthread_mutex_lock(&job->lock);
    job->result = ret;
    job->fault = fault;
    job->ended = true;
    pthread_mutex_unlock(&job->lock);
    wake(job);
    return NULL;
}

/* Signals belong to the host's threads. */
static int start_thread(osp_job *job, osp_error *err)
{
    sigset_t all, before;
    int failed;

    sigfillset(&all);
    pthread_sigmask(SIG_SETMASK, &all, &before);
    failed = pthread_create(&job->thread, NULL, work_thread, job);
    pthread_sigmask(SIG_SETMASK, &before, NULL);
    if (failed)
        return osp_fail(err, OSP_EINTERNAL, "cannot start a thread: %s", strerror(failed));
    job->thread_made = true;
    return OSP_OK;
}

static int make_work(osp_job *job, bool resend, osp_error *err)
{
    struct work *work = &job->work;
    int ret;

    memset(work, 0, sizeof(*work));
    work->engine = job->engine;
    work->plan = job->material.plan;
    work->cancel = job->stop;
    work->resend = resend;
    work->tell = tell;
    work->tell_opaque = job;
    work->folder = str_dup(job->folder);
    ret = work->folder ? journal_load(job->engine->journal, job->id, &work->row, err)
                       : osp_nomem(err);
    if (ret == 0)
        ret = osp_fail(err, OSP_EINTERNAL, "the journal has lost job %s", job->id);
    return ret < 0 ? ret : OSP_OK;
}

static bool is_running(osp_job *job)
{
    bool running;

    pthread_mutex_lock(&job->lock);
    running = job->thread_made && !job->ended;
    pthread_mutex_unlock(&job->lock);
    return running;
}

static int check_gateway(const osp_job *job, osp_error *err)
{
    const char *ours = job->engine->config->gateway.value;
    int ret = config_need_gateway(job->engine->config, err);

    if (ret < 0 || engine_same_gateway(ours, job->gateway))
        return ret;
    osp_fail(err, OSP_EACCESS, "job %s belongs to gateway '%s', not to '%s'", job->id, job->gateway,
             ours);
    return osp_hint(err, "--gateway '%s'", job->gateway);
}

/* From here on a resume may take it up by itself. Somebody else who moved the row began it too. */
static int note_begun(osp_job *job, osp_error *err)
{
    struct job_row *row = &job->work.row;
    osp_error fault = { 0 };
    int ret;

    if (row->begun_us)
        return OSP_OK;
    row->begun_us = job_now_us();
    ret = journal_note(job->engine->journal, row, &fault);
    if (ret < 0 && ret != OSP_EAGAIN)
        return osp_fail(err, (osp_code)ret, "%s", fault.text);
    return OSP_OK;
}

static int begin(osp_job *job, bool resend, osp_error *err)
{
    int ret;

    if (is_running(job))
        return OSP_OK;
    stop_thread(job);
    osp_cancel_reset(job->stop);
    job->ended = false;
    ret = make_work(job, resend, err);
    if (ret == OSP_OK &&
        (job->work.row.state < OSP_JOB_FETCHED || job->work.row.state == OSP_JOB_LOST))
        ret = check_gateway(job, err);
    if (ret == OSP_OK)
        ret = note_begun(job, err);
    if (ret == OSP_OK)
        ret = start_thread(job, err);
    if (ret < 0)
        work_release(&job->work);
    return ret;
}

int osp_job_begin(osp_job *job, osp_error *err)
{
    return begin(job, false, err);
}

int osp_job_resend(osp_job *job, osp_error *err)
{
    return begin(job, true, err);
}

/* ---- waiting ------------------------------------------------------------------------------- */

static void pump(osp_job *job, const osp_control *control)
{
    osp_job_event event;

    while (osp_job_next_event(job, &event)) {
        if (control && control->progress)
            control->progress(event.stage, event.fraction, event.detail, control->opaque);
    }
}

static int last_word(osp_job *job, osp_error *err)
{
    if (job->result < 0 && err && !err->code)
        *err = job->fault;
    return job->result;
}

int osp_job_wait(osp_job *job, int timeout_ms, const osp_control *control, osp_error *err)
{
    osp_cancel *cancel = control ? control->cancel : NULL;
    int64_t end = job_mono_us() / 1000 + timeout_ms;

    if (!job->thread_made)
        return osp_job_clip(job) ? OSP_OK
                                 : osp_fail(err, OSP_EUSAGE, "job %s has not begun", job->id);
    for (;;) {
        struct pollfd fds[2] = { { .fd = job->wake, .events = POLLIN },
                                 { .fd = osp_cancel_fd(cancel), .events = POLLIN } };
        bool running = is_running(job);
        int64_t left = end - job_mono_us() / 1000;

        pump(job, control);
        if (!running)
            return last_word(job, err);
        if (cancel_requested(cancel)) {
            osp_fail(err, OSP_ECANCELED, "interrupted");
            return osp_hint(err, "nothing is lost: omnisplice resume %s", job->id);
        }
        if (timeout_ms >= 0 && left <= 0)
            return osp_fail(err, OSP_EAGAIN, "job %s has not ended yet", job->id);
        (void)poll(fds, 2, timeout_ms < 0 || left > 60000 ? 60000 : (int)left);
    }
}

/* ---- what is known ------------------------------------------------------------------------- */

static void fill_info(const osp_engine *engine, const struct job_row *row, osp_job_info *info)
{
    OSP_AUTO(auto_free) char *folder = engine_folder(engine, row->id);
    OSP_AUTO(auto_free) char *clip = folder ? str_format("%s/clip.mp4", folder) : NULL;

    memset(info, 0, sizeof(*info));
    info->state = row->state;
    info->begun_us = row->begun_us;
    info->created_us = row->created_us;
    info->updated_us = row->updated_us;
#define COPY(member, text) str_copy(info->member, sizeof(info->member), (text) ? (text) : "")
    COPY(id, row->id);
    COPY(external_task_id, row->external_task_id);
    COPY(task_id, row->task_id);
    COPY(request_id, row->request_id);
    COPY(gateway, row->gateway);
    COPY(master, row->master);
    COPY(prompt, row->prompt);
    COPY(units_estimated, row->units_estimated);
    COPY(units_deducted, row->units_deducted);
    COPY(output, row->output);
    COPY(fault, row->fault);
    COPY(upload_store, row->upload_store);
    info->upload_kept = row->upload_kept != 0;
    if (row->state == OSP_JOB_FETCHED || row->state == OSP_JOB_DONE)
        COPY(clip, clip);
#undef COPY
}

static int load(const osp_job *job, struct job_row *row)
{
    osp_error ignored = { 0 };

    return journal_load(job->engine->journal, job->id, row, &ignored);
}

void osp_job_state_get(osp_job *job, osp_job_info *info)
{
    OSP_AUTO(job_row_release) struct job_row row = { 0 };

    memset(info, 0, sizeof(*info));
    str_copy(info->id, sizeof(info->id), job->id);
    if (load(job, &row) == 1)
        fill_info(job->engine, &row, info);
}

const osp_plan *osp_job_plan(const osp_job *job)
{
    return job->material.plan;
}

const char *osp_job_clip(osp_job *job)
{
    OSP_AUTO(job_row_release) struct job_row row = { 0 };

    if (load(job, &row) != 1 || (row.state != OSP_JOB_FETCHED && row.state != OSP_JOB_DONE))
        return NULL;
    if (!job->clip)
        job->clip = str_format("%s/clip.mp4", job->folder);
    return job->clip && fs_size(job->clip) > 0 ? job->clip : NULL;
}

int osp_job_list(osp_engine *engine, osp_job_list_fn fn, void *opaque, osp_error *err)
{
    OSP_AUTO(journal_ids_free) char **ids = NULL;
    int ret = journal_ids(engine->journal, &ids, err);

    for (char **id = ids; ret == OSP_OK && *id; id++) {
        OSP_AUTO(job_row_release) struct job_row row = { 0 };
        osp_job_info info;
        int found = journal_load(engine->journal, *id, &row, err);

        if (found < 0)
            return found;
        if (found == 0)
            continue;
        fill_info(engine, &row, &info);
        if (fn(&info, opaque))
            return OSP_OK;
    }
    return ret;
}

/* ---- for the rooms above ------------------------------------------------------------------- */

const osp_shot *job_shot(const osp_job *job)
{
    return &job->shot;
}

const char *job_id(const osp_job *job)
{
    return job->id;
}

const char *job_folder(const osp_job *job)
{
    return job->folder;
}

static const char *from_row(const osp_job *job, char **member, bool hash)
{
    OSP_AUTO(job_row_release) struct job_row row = { 0 };
    osp_error ignored = { 0 };

    if (load(job, &row) == 1)
        (void)job_row_text(member, hash ? row.output_sha256 : row.output, &ignored);
    return *member;
}

const char *job_output_hash(const osp_job *job)
{
    osp_job *self = (osp_job *)(uintptr_t)job; /* a getter's answer is kept in the job */

    return from_row(job, &self->output_hash, true);
}

const char *job_output(const osp_job *job)
{
    osp_job *self = (osp_job *)(uintptr_t)job;

    return from_row(job, &self->output, false);
}

int job_threads(const osp_job *job)
{
    return config_threads(job->engine->config);
}

const osp_facts *job_facts(const osp_job *job)
{
    return job->material.facts;
}

const osp_profile *job_profile(const osp_job *job)
{
    return job->material.profile;
}

/*
 * Another process may be at the same job and move it between our reading of the row and our
 * writing: the journal refuses the write, and the row is read again.
 */
static int change_row(osp_job *job, const char *output, const char *sha256,
                      int (*change)(osp_job *, const char *, const char *, osp_error *),
                      osp_error *err)
{
    osp_error fault = { 0 };
    int ret = OSP_EAGAIN;

    for (int tries = 0; tries < 5 && ret == OSP_EAGAIN; tries++) {
        fault = (osp_error){ 0 };
        ret = change(job, output, sha256, &fault);
    }
    if (ret < 0 && err && !err->code)
        *err = fault;
    return ret;
}

static int intend_once(osp_job *job, const char *output, const char *sha256, osp_error *err)
{
    OSP_AUTO(job_row_release) struct job_row row = { 0 };
    int ret = journal_load(job->engine->journal, job->id, &row, err);

    (void)sha256; /* there is no result yet */
    if (ret < 0 || row.state == OSP_JOB_DONE)
        return ret < 0 ? ret : OSP_OK; /* a result that is there keeps its name and hash */
    if (ret == 0)
        return osp_fail(err, OSP_EINTERNAL, "the journal has lost job %s", job->id);
    ret = job_row_text(&row.output, output, err);
    return ret < 0 ? ret : journal_note(job->engine->journal, &row, err);
}

int job_intend(osp_job *job, const char *output, osp_error *err)
{
    OSP_AUTO(auto_free) char *full = output[0] ? fs_absolute(output) : strdup("");

    return full ? change_row(job, full, NULL, intend_once, err) : osp_nomem(err);
}

static int mark_done_once(osp_job *job, const char *output, const char *sha256, osp_error *err)
{
    OSP_AUTO(job_row_release) struct job_row row = { 0 };
    int ret = journal_load(job->engine->journal, job->id, &row, err);

    if (ret == 0)
        return osp_fail(err, OSP_EINTERNAL, "the journal has lost job %s", job->id);
    if (ret == 1)
        ret = job_row_text(&row.output, output, err);
    if (ret == OSP_OK)
        ret = job_row_text(&row.output_sha256, sha256, err);
    return ret < 0 ? ret : journal_move(job->engine->journal, &row, JOB_EV_USED, err);
}

int job_mark_done(osp_job *job, const char *output, const char *sha256, osp_error *err)
{
    OSP_AUTO(auto_free) char *full = output ? realpath(output, NULL) : NULL;

    return change_row(job, full ? full : output, sha256, mark_done_once, err);
}

/* ---- forget -------------------------------------------------------------------------------- */

/* The upload goes too when the store can be reached; the row stays as a receipt. */
static int forget(osp_job *job, struct work *work, osp_error *err)
{
    osp_error ignored = { 0 };
    int ret = job_row_text(&work->row.fault, "forgotten by a person", err);

    if (ret == OSP_OK && work->row.upload_name && http_new(&work->http, &ignored) == OSP_OK) {
        work->sim = job->engine->config->gateway_url.value &&
                    engine_is_sim(job->engine, work->http, 1, NULL, &ignored) == 1;
        work_drop_upload(work);
    }
    if (ret == OSP_OK && work->row.state != OSP_JOB_FORGOTTEN)
        ret = journal_move(job->engine->journal, &work->row, JOB_EV_FORGET, err);
    return ret < 0 ? ret : fs_remove_tree(job->folder, err);
}

static int may_forget(const struct job_row *row, int force, osp_error *err)
{
    if (force || !job_state_at_stake(row->state))
        return OSP_OK;
    osp_fail(err, OSP_EUSAGE, "job %s is %s: %s", row->id, osp_job_state_name(row->state),
             row->state == OSP_JOB_SENDING || row->state == OSP_JOB_UNSURE
                 ? "a task may have been made and paid for"
                 : "it has been paid for and nothing has come of it yet");
    return osp_hint(err, "omnisplice resume %s goes on; omnisplice forget --force %s gives it up",
                    row->id, row->id);
}

int osp_job_forget(osp_job *job, int force, osp_error *err)
{
    OSP_AUTO(lease_release) struct lease lease = LEASE_INIT;
    OSP_AUTO(job_row_release) struct job_row row = { 0 };
    int ret = load(job, &row) == 1 ? may_forget(&row, force, err) : OSP_OK;

    if (ret < 0) /* what runs goes on */
        return ret;
    stop_thread(job);
    ret = lease_take(&lease, job->folder, err);
    if (ret == 0)
        return osp_fail(err, OSP_EAGAIN, "another process works on job %s", job->id);
    if (ret < 0)
        return ret;
    osp_cancel_reset(job->stop);
    ret = make_work(job, false, err);
    if (ret == OSP_OK) /* it may have gone on meanwhile */
        ret = may_forget(&job->work.row, force, err);
    if (ret == OSP_OK)
        ret = forget(job, &job->work, err);
    work_release(&job->work);
    return ret;
}
