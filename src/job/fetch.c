/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/auto.h"
#include "base/cancel.h"
#include "base/fs.h"
#include "base/log.h"
#include "base/str.h"
#include "check/profile.h"
#include "job/work.h"
#include "net/retry.h"

/* finished -> fetched: download, resumed where it broke, made durable, verified. */

static const struct backoff fetch_tries[2] = { { 8, 500, 20000 }, { 8, 100, 1000 } };

static void on_download(int64_t done, int64_t total, void *opaque)
{
    work_tell(opaque, "fetch", total > 0 ? (double)done / (double)total : -1, "downloading");
}

/* 416 for a file that was complete when the run before ended: its Content-Range tells the size. */
static bool was_complete(const struct http_answer *answer, const char *part)
{
    const char *slash = strrchr(answer->content_range, '/');
    int64_t size;

    return answer->status == 416 && slash && str_to_int64(slash + 1, 1, INT64_MAX, &size) &&
           size == fs_size(part);
}

#define TOO_LARGE (-1) /* in place of a status */

static bool address_expired(int status)
{
    return status == 401 || status == 403 || status == 404 || status == 410;
}

/*
 * More than any clip of this shot has: the largest of what the profile says (result.bytes_max), so
 * many times what was sent, and so many bytes for each of its seconds (200 Mbit/s: more than any
 * delivery format needs).
 */
#define BYTES_OF_REFERENCE 20
#define BYTES_A_SECOND     25e6
#define SLOWEST_BPS        1024 /* over a minute: then it is tried again from where it broke */

static int64_t result_ceiling(const struct work *work)
{
    OSP_AUTO(osp_profile_free) osp_profile *profile = NULL;
    OSP_AUTO(auto_free) char *reference = work_file(work, "reference.mp4");
    const char *name = work->row.profile ? work->row.profile : work->engine->config->profile.value;
    osp_error ignored = { 0 };
    int64_t bound = 0, other;

    if (profile_open(name, &profile, &ignored) == OSP_OK)
        bound = profile_int_or(profile, "result.bytes_max", 0);
    other = reference ? fs_size(reference) * BYTES_OF_REFERENCE : 0;
    bound = other > bound ? other : bound;
    other = (int64_t)(work_reference_s(work) * BYTES_A_SECOND);
    return other > bound ? other : bound;
}

/* No key goes to the media host. @return OSP_OK, OSP_EAGAIN (worth another try) ... */
static int download_once(struct work *work, const char *part, int *status, osp_error *err)
{
    OSP_AUTO(http_answer_release) struct http_answer answer = { 0 };
    struct http_request request = { .url = work->result_url,
                                    .sink = part,
                                    .ceiling = result_ceiling(work),
                                    .slowest_bps = SLOWEST_BPS,
                                    .follow = true,
                                    .progress = on_download,
                                    .opaque = work,
                                    .cancel = work->cancel };
    int ret = http_perform(work->http, &request, &answer, err);

    *status = answer.status;
    if (answer.too_large) {
        (void)unlink(part); /* it is no clip of ours */
        *status = TOO_LARGE;
    }
    if (ret < 0)
        return ret;
    if (answer.status == 200 || answer.status == 206 || was_complete(&answer, part))
        return OSP_OK;
    if (answer.status == 416)
        (void)unlink(part); /* what is there is of no use: all of it again */
    return osp_fail(err, OSP_EAGAIN, "the result of task %s cannot be downloaded: HTTP %d",
                    work->row.task_id, answer.status);
}

static int gone(struct work *work, const osp_error *fault, osp_error *err)
{
    int ret;

    if (!work_past_retention(work)) {
        osp_fail(err, OSP_EAGAIN, "%s (request_id %s)", fault->text,
                 work->row.request_id ? work->row.request_id : "not given");
        return osp_hint(err, "it has been paid for: omnisplice resume %s", work->row.id);
    }
    ret = job_row_text(&work->row.fault, "the service has deleted the result", err);
    if (ret == OSP_OK)
        ret = work_move(work, JOB_EV_TASK_GONE, err);
    if (ret < 0)
        return ret;
    osp_fail(err, OSP_EREFUSED, "the service has deleted the result of task %s", work->row.task_id);
    return osp_hint(err, "omnisplice resume %s asks for it again; --again pays anew", work->row.id);
}

/* An address may expire while the task is kept: ask for a fresh one, once. */
static int download(struct work *work, const char *part, osp_error *err)
{
    const struct backoff *tries = &fetch_tries[work->sim];
    bool asked_anew = false;

    for (int attempt = 1;; attempt++) {
        osp_error fault = { 0 };
        int status = 0, ret = OSP_OK;

        if (!work->result_url)
            ret = poll_task(work, err);
        if (ret < 0)
            return ret;
        ret = download_once(work, part, &status, &fault);
        if (ret == OSP_OK)
            return OSP_OK;
        if (address_expired(status) && asked_anew)
            return gone(work, &fault, err);
        if (address_expired(status)) {
            asked_anew = true;
            auto_free(&work->result_url);
            continue;
        }
        if (ret != OSP_EAGAIN || attempt >= tries->tries || status == TOO_LARGE) {
            if (err && !err->code)
                *err = fault;
            osp_hint(err, "it has been paid for and is kept: omnisplice resume %s", work->row.id);
            return ret;
        }
        log_write(OSP_LOG_INFO, "job %s: %s; again", work->row.id, fault.text);
        ret = cancel_sleep(work->cancel, backoff_wait_ms(tries, attempt, ""), err);
        if (ret < 0)
            return ret;
    }
}

static int make_durable(const char *part, const char *clip, osp_error *err)
{
    OSP_AUTO(auto_close) int fd = open(part, O_RDONLY | O_CLOEXEC);

    if (fd < 0 || fsync(fd) < 0)
        return osp_fail_errno(err, OSP_EOUTPUT, "keep", part);
    if (rename(part, clip) < 0)
        return osp_fail_errno(err, OSP_EOUTPUT, "write", clip);
    fs_sync_folder_of(clip);
    return OSP_OK;
}

static int download_and_keep(struct work *work, const char *clip, osp_error *err)
{
    OSP_AUTO(auto_free) char *part = work_file(work, "clip.part");
    int ret = part ? OSP_OK : osp_nomem(err);

    work_tell(work, "fetch", 0, "");
    if (ret == OSP_OK && !work->result_url)
        ret = config_need_key(work->engine->config, err); /* the address must be asked for */
    if (ret == OSP_OK)
        ret = download(work, part, err);
    return ret < 0 ? ret : make_durable(part, clip, err);
}

static int reject(struct work *work, const char *clip, const osp_error *fault, osp_error *err)
{
    OSP_AUTO(auto_free) char *aside = work_file(work, "rejected.mp4");
    osp_error told = { 0 };
    int ret;

    osp_fail(&told, OSP_ERESULT, "%s (task %s, request_id %s)", fault->text, work->row.task_id,
             work->row.request_id ? work->row.request_id : "not given");
    ret = aside ? job_row_text(&work->row.fault, told.text, err) : osp_nomem(err);
    if (ret < 0)
        return ret;
    if (rename(clip, aside) < 0)
        return osp_fail_errno(err, OSP_EOUTPUT, "put aside", clip);
    ret = work_move(work, JOB_EV_REJECTED, err);
    if (ret < 0)
        return ret;
    osp_fail(err, OSP_ERESULT, "%s", told.text);
    return osp_hint(err, "it is kept as '%s' and was not spliced; --again pays anew", aside);
}

int step_fetch(struct work *work, osp_error *err)
{
    OSP_AUTO(auto_free) char *clip = work_file(work, "clip.mp4");
    bool fresh = false;
    int ret = clip ? OSP_OK : osp_nomem(err);

    for (int attempt = 1; ret == OSP_OK; attempt++) {
        osp_error fault = { 0 };
        bool damaged = false;

        if (fs_size(clip) <= 0) { /* else: a run that ended before it could say so has it */
            ret = download_and_keep(work, clip, err);
            fresh = true;
        }
        if (ret < 0)
            return ret;
        work_tell(work, "fetch", 1, "verifying");
        ret = verify_clip(work, clip, &damaged, &fault);
        if (ret == OSP_OK)
            return work_move(work, JOB_EV_FETCHED, err);
        if (ret != OSP_ERESULT) {
            if (err && !err->code)
                *err = fault;
            return ret;
        }
        if (!damaged || (fresh && attempt >= 2))
            return reject(work, clip, &fault, err);
        /* the way may have damaged it and not the service: all of it once more */
        log_write(OSP_LOG_WARNING, "job %s: %s; downloading it again", work->row.id, fault.text);
        ret = unlink(clip) < 0 && errno != ENOENT
                  ? osp_fail_errno(err, OSP_EOUTPUT, "replace", clip)
                  : OSP_OK;
    }
    return ret;
}
