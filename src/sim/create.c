/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * A create: seen whole, booked, judged, made durable, answered; in this order. Faults come in
 * between where the table says so.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/auto.h"
#include "base/hash.h"
#include "sim/answer.h"
#include "sim/call.h"
#include "sim/request.h"

/* What is refused before anything is made: fault and code. */
static const struct {
    enum sim_fault fault;
    int code;
    const char *message; /* NULL: the code's own */
} refusals[] = {
    { SIM_FAULT_REFUSE, 1201, "prompt value is invalid" },
    { SIM_FAULT_MONEY, 1102, NULL },
    { SIM_FAULT_BUSY, 1303, NULL },
};

static void refuse_by_fault(const struct sim_faults *faults, bool again,
                            struct sim_refusal *refusal)
{
    for (size_t i = 0; !refusal->code && i < OSP_COUNT(refusals); i++) {
        if (!sim_faults_on(faults, refusals[i].fault) ||
            (refusals[i].fault == SIM_FAULT_BUSY && again))
            continue;
        refusal->code = refusals[i].code;
        snprintf(refusal->message, sizeof(refusal->message), "%s",
                 refusals[i].message ? refusals[i].message : sim_code_message(refusals[i].code));
    }
    if (!refusal->code && sim_faults_on(faults, SIM_FAULT_CODE)) {
        refusal->code = (int)faults->value[SIM_FAULT_CODE];
        snprintf(refusal->message, sizeof(refusal->message), "%s", sim_code_message(refusal->code));
    }
}

/* What tells a resend: the external id when there is one, else the same bytes. */
static void digest_of(const struct sim_call *call, const char *external, char out[SHA256_HEX])
{
    if (*external)
        sha256_buffer(external, strlen(external), out);
    else
        sha256_buffer(call->body.data ? call->body.data : "", call->body.size, out);
}

static const char *audio_refusal(struct sim_call *call, const struct json *request)
{
    const char *id = sim_request_text(request, "audio_id", "");
    const struct sim_task *task = NULL;

    if (!*id)
        return NULL;
    pthread_mutex_lock(&call->sim->lock);
    task = sim_task_of_audio(call->sim, id, sim_now_ms());
    pthread_mutex_unlock(&call->sim->lock);
    return task ? NULL : "Audio id not found";
}

/* What is refused by the request itself. */
static void judge(struct sim_call *call, enum sim_endpoint endpoint, const struct json *request,
                  const char *unknown, struct sim_refusal *refusal)
{
    const char *audio;

    if (!request) {
        refusal->code = 1200;
        snprintf(refusal->message, sizeof(refusal->message), "the request body is not valid JSON");
        return;
    }
    sim_request_judge(call->sim->limits, endpoint, request, refusal);
    if (refusal->code)
        return;
    audio = endpoint == SIM_AVATAR ? audio_refusal(call, request) : NULL;
    if (audio || *unknown)
        refusal->code = 1201;
    if (audio)
        snprintf(refusal->message, sizeof(refusal->message), "%s", audio);
    else if (*unknown)
        snprintf(refusal->message, sizeof(refusal->message),
                 "'sim:%s' is no word of the simulator, see omnisplice sim --help all", unknown);
}

/* The task is made; only its answer may still go wrong. */
static enum MHD_Result answer_created(struct sim_call *call, const struct sim_task *task,
                                      const struct sim_faults *faults)
{
    if (sim_faults_on(faults, SIM_FAULT_RESET))
        return sim_reset(call);
    if (sim_faults_on(faults, SIM_FAULT_HANG))
        (void)sim_wait(call->sim, faults->value[SIM_FAULT_HANG]); /* a stop ends it */
    if (sim_faults_on(faults, SIM_FAULT_500))
        return sim_reply_code(call, 5000, sim_code_message(5000));
    if (sim_faults_on(faults, SIM_FAULT_NOJSON))
        return sim_reply_text(call, MHD_HTTP_OK, "text/html",
                              "<html><body><h1>Welcome</h1></body></html>\n");
    return sim_reply_json(call, MHD_HTTP_OK,
                          sim_answer(0, sim_code_message(0), sim_answer_created(task)));
}

static enum MHD_Result create(struct sim_call *call, enum sim_endpoint endpoint,
                              const struct json *request, const struct sim_faults *faults)
{
    struct sim_task *task = NULL;
    osp_error err = { 0 };
    int ret = sim_task_create(call->sim, endpoint,
                              sim_request_text(request, "external_task_id", ""), call->body.data,
                              faults, &task, &err);

    if (ret == OSP_EREFUSED)
        return sim_reply_code(call, 1201, err.text);
    if (ret < 0)
        return sim_reply_code(call, 5001, err.text); /* the disk is full: nothing was made */
    return answer_created(call, task, faults);
}

enum MHD_Result sim_handle_create(struct sim_call *call, enum sim_endpoint endpoint)
{
    OSP_AUTO(json_free) struct json *request = NULL;
    OSP_AUTO(auto_free) char *prompt = NULL;
    struct sim_refusal refusal = { 0 };
    struct sim_faults faults;
    char digest[SHA256_HEX], unknown[64] = "";
    int64_t nth;
    bool again;
    int code = sim_call_auth(call);

    (void)json_parse(call->body.data ? call->body.data : "", call->body.size, "request", &request,
                     NULL); /* NULL is judged below */
    prompt = sim_request_prompts(request);
    if (!prompt)
        return MHD_NO;
    digest_of(call, sim_request_text(request, "external_task_id", ""), digest);
    if (sim_post_book(call->sim, endpoint, digest, &nth, &again, NULL) < 0)
        return sim_reply_code(call, 5001, "the simulator cannot write its state");
    if (code)
        return sim_reply_code(call, code, sim_code_message(code));
    if (call->body.failed)
        return sim_reply_error(call, MHD_HTTP_CONTENT_TOO_LARGE, "the request body is too large");
    sim_faults_clear(&faults);
    sim_faults_from_prompt(&faults, prompt, unknown);
    sim_faults_from_file(&faults, call->sim->fault_file, sim_endpoint_name(endpoint), nth);
    judge(call, endpoint, request, unknown, &refusal);
    refuse_by_fault(&faults, again, &refusal);
    if (refusal.code)
        return sim_reply_code(call, refusal.code, refusal.message);
    return create(call, endpoint, request, &faults);
}
