/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/auto.h"
#include "base/cancel.h"
#include "base/fs.h"
#include "base/log.h"
#include "check/profile.h"
#include "gateway/codes.h"
#include "gateway/request.h"
#include "job/work.h"
#include "net/retry.h"

/*
 * The paid step: stored -> posting -> sending -> waiting, refused, unsure, or back to stored.
 *
 * What must hold (the create may cost money, and its answer may never come):
 *  1. `posting` is on disk before the connection is opened, `sending` before the first byte.
 *  2. The request goes out on a connection of its own, so that libcurl never repeats it.
 *  3. Whether a task was made is decided by the table of gateway/codes.c alone.
 *  4. Only "nothing was created" of a row that was never in doubt leads to another create.
 */

/* LIMITS of patience: [simulator]. A loopback gateway that is down is told after three seconds. */
static const struct backoff reach_tries[2] = { { 5, 500, 8000 }, { 5, 200, 1600 } };
static const struct backoff busy_tries[2] = { { 6, 1000, 30000 }, { 6, 100, 2000 } };

struct create {
    struct work *work;
    bool moved_badly; /* the journal refused: nothing was sent */
};

/* The connection stands. On disk before the first byte. */
static int on_connected(void *opaque, osp_error *err)
{
    struct create *create = opaque;
    int ret;

    create->work->row.posted_us = job_now_us();
    work_set_age(create->work, 0);
    ret = work_move(create->work, JOB_EV_CONNECTED, err);
    create->moved_badly = ret < 0;
    return ret;
}

static int make_body(struct work *work, char **body, osp_error *err)
{
    OSP_AUTO(osp_profile_free) osp_profile *profile = NULL;
    OSP_AUTO(auto_free) char *url = NULL;
    const char *name = work->row.profile ? work->row.profile : work->engine->config->profile.value;
    struct edit_request request = {
        .prompt = work->row.prompt,
        .mode = work->row.mode,
        .external_task_id = work->row.external_task_id,
        .keep_sound = work->row.keep_sound != 0,
        .no_cite = work->row.no_cite != 0,
    };
    int ret = profile_open(name, &profile, err);

    if (ret == OSP_OK)
        ret = work_open_store(work, err);
    if (ret == OSP_OK)
        ret = store_address(work->store, work->row.upload_name, &url, err);
    request.video_url = url;
    return ret < 0 ? ret : request_edit(&request, profile, body, err);
}

static int send_create(struct create *create, const char *body, struct http_answer *answer,
                       osp_error *err)
{
    static const char *const headers[] = { "Content-Type: application/json",
                                           "Accept: application/json", NULL };
    const struct config *config = create->work->engine->config;
    OSP_AUTO(auto_free)
    char *url = request_address(config->gateway_url.value, GATEWAY_OMNI_VIDEO, NULL);
    struct http_request request = {
        .method = "POST",
        .url = url,
        .headers = headers,
        .bearer = config->key.value,
        .body = body,
        .body_size = strlen(body),
        .idle_timeout_s = 120,
        .fresh = true,
        .before_send = on_connected,
        .opaque = create,
        .cancel = create->work->cancel,
    };

    return url ? http_perform(create->work->http, &request, answer, err) : osp_nomem(err);
}

/* Every answer leaves its request_id: support asks for it. A task id is kept whatever the answer
 * means: where that is in doubt, the look-up asks for this id too. */
static int keep_answer(struct work *work, const struct answer *answer, osp_error *err)
{
    int ret = OSP_OK;

    if (answer->request_id[0])
        ret = job_row_text(&work->row.request_id, answer->request_id, err);
    if (ret == OSP_OK && answer->task_id[0])
        ret = job_row_text(&work->row.task_id, answer->task_id, err);
    return ret;
}

static int accepted(struct work *work, osp_error *err)
{
    work_tell(work, "task", -1, "accepted");
    log_write(OSP_LOG_INFO, "job %s: task %s", work->row.id, work->row.task_id);
    return work_move(work, JOB_EV_TASK_ID, err);
}

/* The create was turned down and nothing was made. */
static int turned_down(struct work *work, const struct meaning *meaning, const osp_error *fault,
                       osp_error *err)
{
    bool for_good = meaning->class == ANSWER_INPUT || meaning->class == ANSWER_POLICY;
    int ret = job_row_text(&work->row.fault, fault->text, err);

    if (ret == OSP_OK)
        ret = work_move(work, for_good ? JOB_EV_REFUSED : JOB_EV_NOT_CREATED, err);
    if (ret < 0)
        return ret;
    if (err && !err->code)
        *err = *fault;
    osp_hint(err, "nothing was created: omnisplice resume %s", work->row.id);
    return fault->code;
}

/* The first byte may have left. @return OSP_OK: the state tells what follows; else the job stops,
 * *again: unless the create is worth another try */
static int after_sending(struct work *work, int sent, const struct http_answer *http,
                         const osp_error *transport, bool *again, osp_error *err)
{
    OSP_AUTO(answer_release) struct answer answer = { 0 };
    bool told = sent == OSP_OK && http->reach == HTTP_ANSWERED;
    struct meaning meaning;
    osp_error fault = *transport;
    int ret = told ? answer_read(http->body, http->body_size, &answer, err) : OSP_OK;

    if (ret == OSP_OK && told)
        ret = keep_answer(work, &answer, err);
    if (ret == OSP_OK && told && answer.task_id[0])
        work_note_birth(work, http, &answer);
    if (ret < 0)
        return ret;
    meaning = meaning_of(ACT_CREATE, http, told ? &answer : NULL);
    if (meaning.created == CREATED_YES)
        return accepted(work, err);
    meaning_fail(&meaning, http, told ? &answer : NULL, &fault);
    if (meaning.created == CREATED_NO && !work->row.doubt) {
        *again = meaning.retry;
        return turned_down(work, &meaning, &fault, err);
    }
    osp_error_clear(&work->doubt);
    work->doubt = fault;
    ret = work_move(work, JOB_EV_NO_REPLY, err);
    return ret == OSP_OK && sent == OSP_ECANCELED ? osp_fail(err, OSP_ECANCELED, "interrupted")
                                                  : ret;
}

/* Not one byte left. An unsure job stays what it was. */
static int before_sending(struct work *work, const struct create *create, int sent,
                          const struct http_answer *http, osp_error *transport, bool *again,
                          osp_error *err)
{
    struct meaning meaning = meaning_of(ACT_CREATE, http, NULL);
    int ret = OSP_OK;

    if (work->row.state == OSP_JOB_POSTING)
        ret = work_move(work, JOB_EV_NOT_SENT, err);
    if (ret < 0)
        return ret;
    if (sent != OSP_ECANCELED && !create->moved_badly) {
        *again = meaning.retry;
        sent = meaning_fail(&meaning, http, NULL, transport);
    }
    if (err && !err->code)
        *err = *transport;
    osp_hint(err, "nothing was sent: omnisplice resume %s", work->row.id);
    return sent;
}

/* One create. *patience tells how long another try may wait for. */
static int create_once(struct work *work, const char *body, bool *again,
                       const struct backoff **patience, char *retry_after, size_t room,
                       osp_error *err)
{
    OSP_AUTO(http_answer_release) struct http_answer http = { 0 };
    struct create create = { work, false };
    osp_error transport = { 0 };
    int ret = OSP_OK;

    if (work->row.state == OSP_JOB_STORED)
        ret = work_move(work, JOB_EV_BEGIN_POST, err);
    if (ret < 0)
        return ret;
    work_tell(work, "task", -1, "creating");
    ret = send_create(&create, body, &http, &transport);
    *patience = http.reach == HTTP_ANSWERED ? &busy_tries[work->sim] : &reach_tries[work->sim];
    snprintf(retry_after, room, "%s", http.retry_after);
    if (work->row.state == OSP_JOB_SENDING)
        return after_sending(work, ret, &http, &transport, again, err);
    return before_sending(work, &create, ret, &http, &transport, again, err);
}

int post_create(struct work *work, osp_error *err)
{
    OSP_AUTO(auto_free) char *body = NULL;
    int ret = make_body(work, &body, err);

    if (ret == OSP_OK && http_url_is_loopback(work->engine->config->gateway_url.value))
        work->sim = true; /* nobody's slots are taken here: short waits */
    for (int attempt = 1; ret == OSP_OK; attempt++) {
        const struct backoff *patience = NULL;
        char retry_after[64] = "", detail[64];
        osp_error fault = { 0 };
        bool again = false;
        int wait;

        ret = create_once(work, body, &again, &patience, retry_after, sizeof(retry_after), &fault);
        if (ret == OSP_OK)
            return OSP_OK;
        if (!again || attempt >= patience->tries) {
            if (err && !err->code)
                *err = fault;
            return ret;
        }
        wait = backoff_wait_ms(patience, attempt, retry_after);
        log_write(OSP_LOG_INFO, "job %s: %s; again in %d ms", work->row.id, fault.text, wait);
        snprintf(detail, sizeof(detail), "waiting, try %d of %d", attempt, patience->tries);
        work_tell(work, "task", -1, detail);
        ret = cancel_sleep(work->cancel, wait, err);
    }
    return ret;
}

/* An upload of an earlier run may have been cleaned away by now. */
static int upload_stands(struct work *work, bool *stands, osp_error *err)
{
    OSP_AUTO(auto_free) char *url = NULL;
    OSP_AUTO(auto_free) char *path = work_file(work, "reference.mp4");
    osp_error fault = { 0 };
    int ret = work_open_store(work, err);

    *stands = true;
    if (ret < 0 || work->upload_known || work->engine->config->no_fetch_back.value)
        return ret;
    if (!path || !work->row.upload_name || strcmp(work->row.upload_store, work->store_label) != 0) {
        *stands = false; /* another store is wanted now */
        return path ? OSP_OK : osp_nomem(err);
    }
    ret = store_address(work->store, work->row.upload_name, &url, &fault);
    *stands = ret == OSP_OK; /* a command's address may be gone with the process */
    if (ret < 0 || fs_size(path) <= 0)
        return OSP_OK;
    ret = store_fetch_back(work->store, url, fs_size(path), work->cancel, &fault);
    *stands = ret != OSP_EACCESS;
    work->upload_known = ret == OSP_OK;
    return ret == OSP_ECANCELED ? osp_fail(err, ret, "interrupted") : OSP_OK;
}

int step_post(struct work *work, osp_error *err)
{
    bool stands;
    int ret = config_need_key(work->engine->config, err);

    if (ret == OSP_OK)
        ret = upload_stands(work, &stands, err);
    if (ret < 0)
        return ret;
    if (!stands)
        return work_move(work, JOB_EV_UPLOAD_GONE, err);
    return post_create(work, err);
}
