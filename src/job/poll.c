/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/auto.h"
#include "base/cancel.h"
#include "base/log.h"
#include "check/profile.h"
#include "gateway/codes.h"
#include "gateway/request.h"
#include "job/work.h"
#include "net/retry.h"

/* Asking: for a task whose create had no certain answer (by our external id), and for a task that
 * runs (by its own id). A query never creates anything, so it is always repeated. */

#define SECOND_US 1000000LL

/* When a create without a reply is looked up, milliseconds after it: [simulator]. */
static const int look_ups[2][5] = { { 2000, 7000, 17000, 37000, 77000 },
                                    { 200, 700, 1700, 3700, 0 } };

/* How often a task is asked for, by its age. Queries take no slot and cost nothing. */
static const struct {
    int age_s, every_s;
} intervals[] = { { 0, 10 }, { 10, 5 }, { 180, 15 }, { 1800, 60 } };

static const struct backoff query_tries[2] = { { 1000, 1000, 60000 }, { 1000, 100, 2000 } };
static const int patience_s[2] = { 600, 10 }; /* with queries that fail one after the other */

/* What the service has deleted: so many answers say so, one after the other, over so long. */
#define GONE_ANSWERS 3
static const int gone_after_s[2] = { 120, 2 };

static int64_t age_us(const struct work *work)
{
    return work->age_us + job_mono_us() - work->age_mono_us;
}

void work_note_birth(struct work *work, const struct http_answer *http, const struct answer *answer)
{
    if (!work->row.born_ms)
        work->row.born_ms = http->date_s ? http->date_s * 1000 : answer->created_ms;
}

/* Never by this machine's clock: it may be wrong by years, and what was paid for would be given up.
 * A row of before the service's clock was kept has only ours. */
bool work_past_retention(const struct work *work)
{
    OSP_AUTO(osp_profile_free) osp_profile *profile = NULL;
    const char *name = work->row.profile ? work->row.profile : work->engine->config->profile.value;
    int64_t born_ms = work->row.born_ms ? work->row.born_ms : work->row.posted_us / 1000;
    osp_error ignored = { 0 };
    int64_t days;

    if (!born_ms || !work->service_ms || profile_open(name, &profile, &ignored) < 0)
        return false;
    days = profile_int_or(profile, "result.retention_days", INT64_MAX / 86400 / SECOND_US);
    return (work->service_ms - born_ms) / 1000 > days * 86400;
}

/* One query. @return OSP_OK with a meaning, or OSP_ECANCELED, OSP_EINTERNAL */
static int query(struct work *work, const char *id, struct answer *answer, struct meaning *meaning,
                 osp_error *fault, char *retry_after, size_t room, osp_error *err)
{
    static const char *const headers[] = { "Accept: application/json", NULL };
    const struct config *config = work->engine->config;
    OSP_AUTO(http_answer_release) struct http_answer http = { 0 };
    OSP_AUTO(auto_free)
    char *url = request_address(config->gateway_url.value, GATEWAY_OMNI_VIDEO, id);
    struct http_request request = {
        .url = url, .headers = headers, .bearer = config->key.value, .cancel = work->cancel
    };
    int ret = url ? engine_query_turn(work->engine, work->cancel, err) : osp_nomem(err);
    bool told;

    if (ret < 0)
        return ret;
    ret = http_perform(work->http, &request, &http, fault);
    if (ret == OSP_ECANCELED)
        return osp_fail(err, OSP_ECANCELED, "interrupted");
    told = ret == OSP_OK;
    ret = told ? answer_read(http.body, http.body_size, answer, err) : OSP_OK;
    if (ret == OSP_OK && answer->request_id[0])
        ret = job_row_text(&work->row.request_id, answer->request_id, err);
    if (ret < 0)
        return ret;
    snprintf(retry_after, room, "%s", http.retry_after);
    work->service_ms = told ? http.date_s * 1000 : 0;
    *meaning = meaning_of(ACT_QUERY, &http, told ? answer : NULL);
    if (meaning->class != ANSWER_OK)
        meaning_fail(meaning, &http, told ? answer : NULL, fault);
    else
        work_note_birth(work, &http, answer);
    return OSP_OK;
}

/* ---- unsure: look it up -------------------------------------------------------------------- */

/* A task that is somebody else's: a gateway may show any under an id that it did not give us. */
static bool is_ours(const struct work *work, const struct answer *answer)
{
    return !answer->external_task_id[0] ||
           strcmp(answer->external_task_id, work->row.external_task_id) == 0;
}

/* @return 1 found, 0 not visible (yet), or why the look-up makes no sense */
static int look_for(struct work *work, const char *id, osp_error *err)
{
    OSP_AUTO(answer_release) struct answer answer = { 0 };
    struct meaning meaning = { 0 };
    osp_error fault = { 0 };
    char retry_after[64];
    int ret = query(work, id, &answer, &meaning, &fault, retry_after, sizeof(retry_after), err);

    if (ret < 0)
        return ret;
    if (meaning.class == ANSWER_OK && !is_ours(work, &answer))
        return 0;
    if (meaning.class == ANSWER_OK) {
        ret = job_row_text(&work->row.task_id, answer.task_id, err);
        if (ret == OSP_OK)
            ret = work_move(work, JOB_EV_TASK_ID, err);
        return ret < 0 ? ret : 1;
    }
    log_write(OSP_LOG_DEBUG, "job %s: look-up: %s", work->row.id, fault.text);
    if (meaning.retry)
        return 0;
    if (err && !err->code)
        *err = fault;
    return osp_while(err, "looking up job %s, which may have been created", work->row.id);
}

/* By our own id, and by the one that a doubtful answer named. Same. */
static int look_once(struct work *work, osp_error *err)
{
    int ret;

    work_tell(work, "task", -1, "looking up whether the task exists");
    ret = look_for(work, work->row.external_task_id, err);
    if (ret == 0 && work->row.task_id)
        ret = look_for(work, work->row.task_id, err);
    return ret;
}

static int still_unsure(struct work *work, osp_error *err)
{
    osp_fail(err, OSP_EAGAIN,
             "job %s is unsure: its create had no certain answer (%s), and the service shows no "
             "task %s: it may have been made and paid for",
             work->row.id, work->doubt.code ? work->doubt.text : "of an earlier run",
             work->row.external_task_id);
    return osp_hint(err,
                    "omnisplice resume %s looks again; omnisplice resume --resend %s sends it once "
                    "more under the same id",
                    work->row.id, work->row.id);
}

/* Waits that have passed already are not made up for: one look stands for them. */
static int look_up(struct work *work, osp_error *err)
{
    const int *due = look_ups[work->sim];

    for (int i = 0; i < 5 && due[i]; i++) {
        int age_ms = age_us(work) > 100 * SECOND_US ? 100000 : (int)(age_us(work) / 1000);
        bool last = i == 4 || !due[i + 1];
        int ret = OSP_OK;

        if (!last && due[i + 1] <= age_ms)
            continue;
        if (due[i] > age_ms)
            ret = cancel_sleep(work->cancel, due[i] - age_ms, err);
        if (ret == OSP_OK)
            ret = look_once(work, err);
        if (ret != 0)
            return ret;
    }
    return 0;
}

int step_look_up(struct work *work, osp_error *err)
{
    bool resend = work->resend;
    int ret = config_need_key(work->engine->config, err);

    if (ret == OSP_OK) /* a person waits for the resend: one look is enough before it */
        ret = resend ? look_once(work, err) : look_up(work, err);
    if (ret < 0)
        return ret;
    if (ret == 1)
        return OSP_OK;
    if (!resend)
        return still_unsure(work, err);
    work->resend = false;
    ret = post_create(work, err);
    /* unsure again: what is known now is as little as before, but newer */
    return ret == OSP_OK && work->row.state == OSP_JOB_UNSURE ? step_look_up(work, err) : ret;
}

/* ---- waiting: poll ------------------------------------------------------------------------- */

static int interval_ms(const struct work *work, int asked)
{
    int64_t age_s = age_us(work) / SECOND_US;
    int every = intervals[0].every_s;

    if (work->sim) {
        int ms = 100;

        for (int i = 0; i < asked && ms < 2000; i++)
            ms += ms / 2;
        return ms < 2000 ? ms : 2000;
    }
    for (size_t i = 0; i < OSP_COUNT(intervals); i++) {
        if (age_s >= intervals[i].age_s)
            every = intervals[i].every_s;
    }
    return every * 1000;
}

static int task_failed(struct work *work, const struct answer *answer, osp_error *err)
{
    struct http_answer http = { .reach = HTTP_ANSWERED };
    struct meaning meaning = meaning_of(ACT_TASK, &http, answer);
    osp_error fault = { 0 };
    int ret;

    osp_fail(&fault, meaning.code, "%s: '%s' (task %s, request_id %s, units deducted: %s)",
             meaning.words, answer->status_message, work->row.task_id,
             work->row.request_id ? work->row.request_id : "not given",
             answer->units[0] ? answer->units : "unknown");
    osp_hint(&fault, "%s", meaning.hint ? meaning.hint : "--again makes a new task");
    ret = job_row_text(&work->row.fault, fault.text, err);
    if (ret == OSP_OK)
        ret = work_move(work, JOB_EV_FAILED, err);
    if (ret < 0)
        return ret;
    if (err && !err->code)
        *err = fault;
    return fault.code;
}

static int task_succeeded(struct work *work, struct answer *answer, osp_error *err)
{
    free(work->result_url);
    work->result_url = OSP_TAKE(answer->url);
    work_tell(work, "task", 1, "finished");
    return work->row.state == OSP_JOB_WAITING ? work_move(work, JOB_EV_RESULT, err) : OSP_OK;
}

static int task_lost(struct work *work, osp_error *err)
{
    osp_error fault = { 0 };
    int ret;

    osp_fail(&fault, OSP_EREFUSED,
             "the service keeps results for a limited time and has deleted "
             "task %s (request_id %s)",
             work->row.task_id, work->row.request_id ? work->row.request_id : "not given");
    ret = job_row_text(&work->row.fault, fault.text, err);
    if (ret == OSP_OK)
        ret = work_move(work, JOB_EV_TASK_GONE, err);
    if (ret < 0)
        return ret;
    osp_fail(err, fault.code, "%s", fault.text);
    return osp_hint(err, "omnisplice resume %s asks for it again; --again pays anew", work->row.id);
}

/* Asked again: it may have been out of sight only. */
int step_lost(struct work *work, osp_error *err)
{
    int ret = config_need_key(work->engine->config, err);

    work_tell(work, "task", -1, "asking again for a lost task");
    if (ret == OSP_OK)
        ret = look_for(work, work->row.task_id, err);
    if (ret < 0)
        return ret;
    return ret == 1 ? OSP_OK : work_ended(work, err);
}

/* A task that is out of sight. */
struct absence {
    int answers;
    int64_t since_us;
};

static bool is_gone(const struct work *work, const struct meaning *meaning, struct absence *absence)
{
    if (meaning->class != ANSWER_NOTFOUND) {
        absence->answers = 0;
        return false;
    }
    if (absence->answers++ == 0)
        absence->since_us = job_mono_us();
    return absence->answers >= GONE_ANSWERS &&
           job_mono_us() - absence->since_us >= gone_after_s[work->sim] * SECOND_US &&
           work_past_retention(work);
}

/* What an answer to a poll leads to. @return 1 the task has ended well, 0 ask again */
static int judge(struct work *work, struct answer *answer, const struct meaning *meaning,
                 osp_error *fault, osp_error *err)
{
    int ret = OSP_OK;

    if (meaning->class != ANSWER_OK) {
        if (meaning->retry)
            return 0;
        if (err && !err->code)
            *err = *fault;
        osp_hint(err, "the task goes on: omnisplice resume %s", work->row.id);
        return osp_while(err, "asking for task %s", work->row.task_id);
    }
    if (answer->units[0])
        ret = job_row_text(&work->row.units_deducted, answer->units, err);
    if (ret < 0)
        return ret;
    if (answer_status(answer) == TASK_FAILED && work->row.state == OSP_JOB_WAITING)
        return task_failed(work, answer, err);
    if (answer_status(answer) == TASK_SUCCEEDED && answer->url) {
        ret = task_succeeded(work, answer, err);
        return ret < 0 ? ret : 1;
    }
    work_tell(work, "task", -1, answer->status);
    return 0;
}

static int out_of_patience(struct work *work, const osp_error *fault, osp_error *err)
{
    osp_fail(err, OSP_EAGAIN, "task %s cannot be asked for: %s", work->row.task_id,
             fault->code ? fault->text : "it has succeeded but tells no address");
    return osp_hint(err, "it goes on at the service: omnisplice resume %s", work->row.id);
}

int poll_task(struct work *work, osp_error *err)
{
    struct absence absence = { 0, 0 };
    int64_t trouble_since = 0;
    int troubles = 0;

    for (int asked = 0;; asked++) {
        OSP_AUTO(answer_release) struct answer answer = { 0 };
        struct meaning meaning = { 0 };
        osp_error fault = { 0 };
        char retry_after[64] = "";
        int ret = query(work, work->row.task_id, &answer, &meaning, &fault, retry_after,
                        sizeof(retry_after), err);
        bool trouble;

        if (ret == OSP_OK && is_gone(work, &meaning, &absence))
            ret = task_lost(work, err);
        if (ret == OSP_OK)
            ret = judge(work, &answer, &meaning, &fault, err);
        if (ret != 0)
            return ret < 0 ? ret : OSP_OK;
        trouble = meaning.class != ANSWER_OK || answer_status(&answer) != TASK_RUNNING;
        troubles = trouble ? troubles + 1 : 0;
        if (troubles == 1)
            trouble_since = job_mono_us();
        if (troubles > 1 && job_mono_us() - trouble_since > patience_s[work->sim] * SECOND_US)
            return out_of_patience(work, &fault, err);
        ret = trouble ? backoff_wait_ms(&query_tries[work->sim], troubles, retry_after)
                      : interval_ms(work, asked);
        ret = cancel_sleep(work->cancel, ret > 20 ? ret : 20, err);
        if (ret < 0)
            return ret;
    }
}

int step_poll(struct work *work, osp_error *err)
{
    int ret = config_need_key(work->engine->config, err);
    int64_t first_us = (int64_t)interval_ms(work, 0) * 1000;

    work_tell(work, "task", -1, "waiting");
    if (ret == OSP_OK && age_us(work) < first_us)
        ret = cancel_sleep(work->cancel, (int)((first_us - age_us(work)) / 1000), err);
    return ret < 0 ? ret : poll_task(work, err);
}
