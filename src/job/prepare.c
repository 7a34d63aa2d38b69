/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/auto.h"
#include "base/cancel.h"
#include "base/fs.h"
#include "base/hash.h"
#include "base/log.h"
#include "base/str.h"
#include "job/work.h"
#include "net/retry.h"
#include "omnisplice/conform.h"

/* From the master to a reference that lies in the store: new -> prepared -> stored. */

static const struct backoff upload_tries = { 4, 500, 5000 };

static void on_conform(const char *stage, double fraction, const char *detail, void *opaque)
{
    (void)stage;
    work_tell(opaque, "conform", fraction, detail);
}

static void shot_of_row(const struct job_row *row, osp_shot *shot)
{
    osp_shot_init(shot);
    shot->master = row->master;
    shot->from = row->from;
    shot->to = row->to;
    shot->prompt = row->prompt;
    shot->mode = row->mode;
    shot->profile = row->profile;
    shot->fit = row->fit;
    shot->keep_sound = (int)row->keep_sound;
    shot->no_cite = (int)row->no_cite;
}

static int same_master(struct work *work, struct material *material, osp_error *err)
{
    osp_shot shot;
    int ret;

    shot_of_row(&work->row, &shot);
    ret = material_make(work->engine, &shot, work->row.gateway, material, err);
    if (ret == OSP_OK && strcmp(material->key, work->row.key) != 0)
        ret = osp_fail(err, OSP_EMEDIA, "'%s' or the profile has changed since job %s was made",
                       work->row.master, work->row.id);
    return ret;
}

static int note_reference(struct work *work, const char *path, osp_error *err)
{
    OSP_AUTO(osp_facts_free) osp_facts *facts = NULL;
    OSP_AUTO(auto_free) char *duration = NULL;
    int ret = osp_probe(path, &facts, err);

    if (ret < 0)
        return ret;
    if (facts->kind != OSP_KIND_VIDEO)
        return osp_fail(err, OSP_EINTERNAL, "the reference is no video: %s", facts->fault);
    work->row.reference_width = facts->video.width_px;
    work->row.reference_height = facts->video.height_px;
    duration = str_format("%lld/%lld", (long long)facts->frames_s.num,
                          (long long)facts->frames_s.den);
    return duration ? job_row_text(&work->row.reference_duration, duration, err) : osp_nomem(err);
}

int step_prepare(struct work *work, osp_error *err)
{
    OSP_AUTO(material_release) struct material material = { 0 };
    OSP_AUTO(auto_free) char *path = work_file(work, "reference.mp4");
    osp_control control = { work->cancel, on_conform, work };
    const osp_plan *plan = work->plan;
    int ret = path ? OSP_OK : osp_nomem(err);

    work_tell(work, "conform", 0, "");
    if (ret == OSP_OK && !plan)
        ret = same_master(work, &material, err);
    if (ret < 0)
        return ret;
    plan = plan ? plan : material.plan;
    if (unlink(path) < 0 && errno != ENOENT) /* of a run that ended before it could say so */
        return osp_fail_errno(err, OSP_EOUTPUT, "replace", path);
    ret = osp_conform(work->row.master, path, plan, config_threads(work->engine->config), &control,
                      err);
    if (ret == OSP_OK)
        ret = note_reference(work, path, err);
    return ret < 0 ? ret : work_move(work, JOB_EV_PREPARED, err);
}

/* ---- upload -------------------------------------------------------------------------------- */

static void on_upload(int64_t done, int64_t total, void *opaque)
{
    work_tell(opaque, "store", total > 0 ? (double)done / (double)total : -1, "uploading");
}

static struct store_put put_of(struct work *work, const char *path, const char *name)
{
    return (struct store_put){ .file = path,
                               .name = name,
                               .type = store_type(name),
                               .sha256 = work->row.upload_sha256,
                               .progress = on_upload,
                               .opaque = work,
                               .cancel = work->cancel };
}

static int is_there(struct work *work, const char *path, const char *name, bool *there,
                    osp_error *err)
{
    struct store_put put = put_of(work, path, name);

    return store_present(work->store, &put, !work->engine->config->no_fetch_back.value, there, err);
}

/* An upload of the same content that was left in the store serves again, while it is there. */
static int take_kept(struct work *work, const char *path, bool *there, osp_error *err)
{
    struct job_row *row = &work->row;
    OSP_AUTO(auto_free) char *name = NULL;
    int ret = journal_kept_upload(work->engine->journal, work->store_label, row->upload_sha256,
                                  &name, err);

    if (ret == 1)
        ret = is_there(work, path, name, there, err);
    if (ret < 0 || !*there)
        return ret < 0 ? ret : OSP_OK;
    row->upload_kept = 1;
    return job_row_text(&row->upload_name, name, err);
}

/* The name is in the journal before the object is in the store: a run that is killed in between
 * puts it there again instead of leaving two. *there: this very content lies under it already. */
static int name_upload(struct work *work, const char *path, bool *there, osp_error *err)
{
    struct job_row *row = &work->row;
    OSP_AUTO(auto_free) char *fresh = NULL;
    char sha256[SHA256_HEX];
    bool named = row->upload_name && row->upload_store &&
                 strcmp(row->upload_store, work->store_label) == 0;
    int ret = sha256_file(path, sha256, err);
    bool same = named && row->upload_sha256 && strcmp(row->upload_sha256, sha256) == 0;

    if (ret < 0)
        return ret;
    if (same)
        return is_there(work, path, row->upload_name, there, err);
    ret = job_row_text(&row->upload_sha256, sha256, err);
    if (ret == OSP_OK)
        ret = job_row_text(&row->upload_store, work->store_label, err);
    if (ret == OSP_OK && !named)
        ret = take_kept(work, path, there, err);
    if (ret == OSP_OK && !named && !*there) {
        fresh = store_name(path);
        row->upload_kept = 0;
        ret = fresh ? job_row_text(&row->upload_name, fresh, err) : osp_nomem(err);
    }
    return ret < 0 ? ret : journal_note(work->engine->journal, row, err);
}

static int fetch_back(struct work *work, const char *path, osp_error *err)
{
    OSP_AUTO(auto_free) char *url = NULL;
    int ret;

    if (work->engine->config->no_fetch_back.value)
        return OSP_OK;
    work_tell(work, "store", 1, "fetching it back");
    ret = store_address(work->store, work->row.upload_name, &url, err);
    return ret < 0 ? ret : store_fetch_back(work->store, url, fs_size(path), work->cancel, err);
}

static int upload_once(struct work *work, const char *path, bool there, osp_error *err)
{
    struct store_put put = put_of(work, path, work->row.upload_name);
    int ret = OSP_OK;

    if (there)
        log_write(OSP_LOG_INFO, "job %s: the reference lies in the store already", work->row.id);
    else
        ret = store_put(work->store, &put, err);
    return ret < 0 ? ret : fetch_back(work, path, err);
}

static int upload(struct work *work, const char *path, bool there, osp_error *err)
{
    for (int attempt = 1;; attempt++) {
        osp_error fault = { 0 };
        int ret = upload_once(work, path, there, &fault);

        if (ret == OSP_EAGAIN && attempt < upload_tries.tries) {
            log_write(OSP_LOG_INFO, "job %s: %s; once more", work->row.id, fault.text);
            ret = cancel_sleep(work->cancel, backoff_wait_ms(&upload_tries, attempt, ""), err);
            if (ret == OSP_OK)
                continue;
        }
        if (ret < 0 && err && !err->code)
            *err = fault;
        return ret;
    }
}

int step_store(struct work *work, osp_error *err)
{
    OSP_AUTO(auto_free) char *path = work_file(work, "reference.mp4");
    int ret = path ? OSP_OK : osp_nomem(err);
    bool there = false;

    if (ret == OSP_OK && fs_size(path) <= 0)
        return work_move(work, JOB_EV_REFERENCE_GONE, err);
    work_tell(work, "store", 0, "");
    if (ret == OSP_OK && !work->sim && !work->engine->config->store.value) {
        ret = engine_is_sim(work->engine, work->http, ENGINE_SIM_TRIES, work->cancel, err);
        if (ret < 0) {
            osp_hint(err, "nothing is lost: omnisplice resume %s", work->row.id);
            return ret;
        }
        work->sim = ret == 1;
        ret = OSP_OK;
    }
    if (ret == OSP_OK)
        ret = work_open_store(work, err);
    if (ret == OSP_OK)
        ret = name_upload(work, path, &there, err);
    if (ret == OSP_OK)
        ret = upload(work, path, there, err);
    if (ret < 0)
        return osp_hint(err, "nothing was sent to the service: omnisplice resume %s", work->row.id);
    work->upload_known = true;
    if (work->engine->config->keep_upload.value)
        work->row.upload_kept = 1;
    return work_move(work, JOB_EV_STORED, err);
}
