/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "job/work.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/auto.h"
#include "base/cancel.h"
#include "base/fs.h"
#include "base/log.h"
#include "base/str.h"
#include "check/profile.h"
#include "job/lease.h"

#define LEASE_POLL_MS 200

void work_release(struct work *work)
{
    store_close(&work->store);
    http_free(&work->http);
    job_row_release(&work->row);
    auto_free(&work->folder);
    auto_free(&work->store_label);
    auto_free(&work->result_url);
}

int work_move(struct work *work, job_event event, osp_error *err)
{
    int ret = journal_move(work->engine->journal, &work->row, event, err);

    if (ret == OSP_OK)
        work->tell(work->tell_opaque, work->row.state, work->stage, -1, "");
    return ret;
}

void work_tell(struct work *work, const char *stage, double fraction, const char *detail)
{
    str_copy(work->stage, sizeof(work->stage), stage);
    work->tell(work->tell_opaque, work->row.state, stage, fraction, detail);
}

char *work_file(const struct work *work, const char *name)
{
    return str_format("%s/%s", work->folder, name);
}

void work_set_age(struct work *work, int64_t age_us)
{
    work->age_us = age_us > 0 ? age_us : 0; /* the clock was set back meanwhile: it is new then */
    work->age_mono_us = job_mono_us();
}

/* ---- the store ----------------------------------------------------------------------------- */

static struct store_settings settings_of(const struct config *config)
{
    bool named = config->store.value && !str_starts(config->store.value, "sim:");

    return (struct store_settings){
        .public_url = config->public_url.value,
        .key = named ? config->store_key.value : config->key.value,
        .user = config->store_user.value,
        .endpoint = config->store_endpoint.value,
        .region = config->store_region.value,
        .addressing = config->store_addressing.value,
        .profile = config->store_profile.value,
        .delete_command = config->store_delete.value,
        .life_s = config_number(&config->store_life_s, 0),
        .part_bytes = config_number(&config->store_part_mib, 0) << 20,
        .parallel = (int)config_number(&config->store_parallel, 0),
        .timeout_s = (int)config_number(&config->store_timeout_s, 0),
    };
}

int work_open_store(struct work *work, osp_error *err)
{
    const struct config *config = work->engine->config;
    OSP_AUTO(auto_free) char *spec = str_dup(config->store.value);
    OSP_AUTO(auto_free) char *memory = work_file(work, "upload.json");
    struct store_settings settings = settings_of(config);

    if (work->store)
        return OSP_OK;
    if (!memory)
        return osp_nomem(err);
    settings.http = work->http;
    settings.memory = memory;
    if (!spec && engine_sim_store(work->engine))
        spec = str_format("sim:%s", engine_sim_store(work->engine));
    if (!spec) {
        osp_fail(err, OSP_EACCESS,
                 "no store is named, and the service fetches the reference by "
                 "its address");
        return osp_hint(err, "--store s3://bucket/prefix, --store dir:/srv/media --public-url "
                             "https://..., or store in config.ini");
    }
    /* the port of a simulator changes from run to run, its objects do not */
    work->store_label = config->store.value ? store_label(config->store.value) : strdup("sim");
    settings.specification = spec;
    return work->store_label ? store_open(&settings, &work->store, err) : osp_nomem(err);
}

/* The reference is of no use any more. Best effort: a job is not failed for what it leaves. */
void work_drop_upload(struct work *work)
{
    osp_error fault = { 0 };
    int ret;

    if (!work->row.upload_name || work->row.upload_kept || work_open_store(work, &fault) < 0)
        return;
    if (!work->row.upload_store || strcmp(work->row.upload_store, work->store_label) != 0)
        return;
    ret = store_remove(work->store, work->row.upload_name, work->cancel, &fault);
    if (ret == OSP_OK)
        ret = job_row_text(&work->row.upload_name, NULL, &fault);
    if (ret == OSP_OK && work->row.state != OSP_JOB_FORGOTTEN)
        ret = journal_note(work->engine->journal, &work->row, &fault);
    if (ret < 0)
        log_write(OSP_LOG_WARNING, "the reference stays in the store: %s", fault.text);
}

/* ---- the loop ------------------------------------------------------------------------------ */

/* Nothing was sent: the process that wrote `posting` is gone. */
static int step_posting_left(struct work *work, osp_error *err)
{
    return work_move(work, JOB_EV_NOT_SENT, err);
}

/* The process that wrote `sending` is gone, and nobody knows what it had sent. */
static int step_sending_left(struct work *work, osp_error *err)
{
    osp_fail(&work->doubt, OSP_EAGAIN, "the program was stopped while it sent the create");
    return work_move(work, JOB_EV_NO_REPLY, err);
}

static int step_clip_gone(struct work *work, osp_error *err)
{
    return work_move(work, JOB_EV_CLIP_GONE, err);
}

static const struct step {
    osp_job_state state;
    int (*run)(struct work *work, osp_error *err);
} steps[] = {
    { OSP_JOB_NEW, step_prepare },
    { OSP_JOB_PREPARED, step_store },
    { OSP_JOB_STORED, step_post },
    { OSP_JOB_POSTING, step_posting_left },
    { OSP_JOB_SENDING, step_sending_left },
    { OSP_JOB_UNSURE, step_look_up },
    { OSP_JOB_WAITING, step_poll },
    { OSP_JOB_FINISHED, step_fetch },
    { OSP_JOB_FETCHED, step_clip_gone },
    { OSP_JOB_DONE, step_clip_gone },
    { OSP_JOB_LOST, step_lost },
};

static const struct step *step_of(osp_job_state state)
{
    for (size_t i = 0; i < OSP_COUNT(steps); i++) {
        if (steps[i].state == state)
            return &steps[i];
    }
    return NULL;
}

static bool clip_is_there(const struct work *work)
{
    OSP_AUTO(auto_free) char *clip = work_file(work, "clip.mp4");

    return (work->row.state == OSP_JOB_FETCHED || work->row.state == OSP_JOB_DONE) && clip &&
           fs_size(clip) > 0;
}

/* In the words that the journal kept. */
int work_ended(const struct work *work, osp_error *err)
{
    static const struct {
        osp_job_state state;
        osp_code code;
        const char *hint;
    } ends[] = {
        { OSP_JOB_REFUSED, OSP_EREFUSED, "nothing was created: running it again is free" },
        { OSP_JOB_FAILED, OSP_EREFUSED, "--again makes a new task, which may be paid for" },
        { OSP_JOB_REJECTED, OSP_ERESULT,
          "the clip is kept in the job's folder; --again pays anew" },
        { OSP_JOB_LOST, OSP_EREFUSED, "a resume asks for it again; --again pays anew" },
        { OSP_JOB_FORGOTTEN, OSP_EUSAGE,
          "a task was made for it, or may have been: --again pays anew" },
    };

    for (size_t i = 0; i < OSP_COUNT(ends); i++) {
        if (ends[i].state != work->row.state)
            continue;
        osp_fail(err, ends[i].code, "job %s is %s%s%s", work->row.id,
                 osp_job_state_name(work->row.state), work->row.fault ? ": " : "",
                 work->row.fault ? work->row.fault : "");
        if (ends[i].hint)
            osp_hint(err, "%s", ends[i].hint);
        return ends[i].code;
    }
    return osp_fail(err, OSP_EINTERNAL, "job %s: nothing is known to do while it is '%s'",
                    work->row.id, osp_job_state_name(work->row.state));
}

static int run_states(struct work *work, osp_error *err)
{
    while (!clip_is_there(work)) {
        const struct step *step = step_of(work->row.state);
        osp_job_state before = work->row.state;
        int ret = step ? cancel_check(work->cancel, err) : work_ended(work, err);

        if (ret == OSP_OK)
            ret = step->run(work, err);
        if (ret == OSP_OK && work->row.state == before)
            ret = osp_fail(err, OSP_EINTERNAL, "job %s does not get out of '%s'", work->row.id,
                           osp_job_state_name(before));
        if (ret < 0)
            return ret;
    }
    work_drop_upload(work);
    return OSP_OK;
}

/* Another process may be at this very job: then its progress is ours, and when it dies the work. */
static int take_lease(struct work *work, struct lease *lease, osp_error *err)
{
    for (;;) {
        int taken = lease_take(lease, work->folder, err);
        int ret = taken < 0 ? taken
                            : journal_load(work->engine->journal, work->row.id, &work->row, err);

        if (ret < 0)
            return ret;
        if (ret == 0)
            return osp_fail(err, OSP_EINTERNAL, "the journal has lost a job");
        if (taken || clip_is_there(work))
            return OSP_OK;
        work_tell(work, "task", -1, "another process works on this job");
        ret = cancel_sleep(work->cancel, LEASE_POLL_MS, err);
        if (ret < 0)
            return ret;
    }
}

/* Why it stands where it stands, for `jobs` and for the next run. */
static void keep_fault(struct work *work, const osp_error *err)
{
    osp_error ignored = { 0 };

    if (work->row.state == OSP_JOB_FORGOTTEN || job_state_ended(work->row.state))
        return;
    if (job_row_text(&work->row.fault, err ? err->text : NULL, &ignored) == OSP_OK)
        (void)journal_note(work->engine->journal, &work->row, &ignored); /* a remark, no more */
}

int work_run(struct work *work, osp_error *err)
{
    OSP_AUTO(lease_release) struct lease lease = LEASE_INIT;
    int ret = take_lease(work, &lease, err);

    if (ret < 0 || (lease.fd < 0 && clip_is_there(work)))
        return ret;
    if (clip_is_there(work) && !work->row.upload_name)
        return OSP_OK;
    work_set_age(work,
                 job_now_us() - (work->row.posted_us ? work->row.posted_us : work->row.created_us));
    ret = http_new(&work->http, err);
    if (ret == OSP_OK && step_of(work->row.state)) {
        osp_error fault = { 0 }; /* no answer: the steps say it better */

        work->sim = engine_is_sim(work->engine, work->http,
                                  clip_is_there(work) ? 1 : ENGINE_SIM_TRIES, work->cancel,
                                  &fault) == 1;
    }
    if (ret == OSP_OK)
        ret = run_states(work, err);
    if (ret < 0 && job_state_ended(work->row.state) && work->row.state != OSP_JOB_DONE)
        work_drop_upload(work); /* whoever tries again puts it there again */
    keep_fault(work, ret < 0 ? err : NULL);
    return ret;
}
