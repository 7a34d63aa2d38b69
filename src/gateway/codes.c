/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "gateway/codes.h"

#include <stdio.h>
#include <string.h>

#include "base/auto.h"
#include "base/str.h"

/*
 * What an answer means. One table, read from the top, the first row that fits decides; it is the
 * only place that says "nothing was created", which is what allows a create to be sent again.
 * Its order matters: what is ambiguous by its HTTP status stays so whatever the body claims, since
 * a proxy may have written the status and a server the body. Then the body's code (Kling's table),
 * then the gateway's own words, then the bare status, then: ambiguous. Whatever row it is: an
 * answer to a create that names a task, or says "accepted", is never taken for "nothing was
 * created".
 */
struct code_row {
    unsigned act;       /* ACT_* bits */
    int low, high;      /* HTTP status; -reach where no answer came back */
    const char *code;   /* of the body; NULL: any, "": none */
    const char *needle; /* in code, message or task_status_msg; NULL: any */
    enum answer_class class;
    enum created created;
    bool retry;
    osp_code result;
    const char *words;
    const char *hint;
};

#define ANY          (ACT_CREATE | ACT_QUERY)
#define NOREP(reach) -(int)(reach), -(int)(reach)

static const char key_hint[] = "check OMNISPLICE_API_KEY, --key-file or key_file in config.ini";
static const char path_hint[] = "check the gateway's url in config.ini: host and endpoint path";
static const char moderation_hint[] = "change the prompt or the picture; the same content is never "
                                      "sent again by itself";
static const char later_hint[] = "nothing was created and nothing is lost";

/* clang-format off */
static const struct code_row rows[] = {
    /* no answer */
    { ANY,        NOREP(HTTP_NOT_SENT),   NULL, NULL, ANSWER_NETWORK,   CREATED_NO,    true,  OSP_EAGAIN,  "the gateway cannot be reached", NULL },
    { ANY,        NOREP(HTTP_TLS),        NULL, NULL, ANSWER_TLS,       CREATED_NO,    false, OSP_EACCESS, "no trusted connection to the gateway", NULL },
    { ANY,        NOREP(HTTP_PROXY),      NULL, NULL, ANSWER_CONFIG,    CREATED_NO,    false, OSP_EACCESS, "the proxy refuses", "check https_proxy and no_proxy" },
    { ANY,        NOREP(HTTP_STOPPED),    NULL, NULL, ANSWER_CONFIG,    CREATED_NO,    false, OSP_EACCESS, "nothing was sent", NULL },
    { ACT_CREATE, NOREP(HTTP_MAYBE_SENT), NULL, NULL, ANSWER_AMBIGUOUS, CREATED_MAYBE, false, OSP_EAGAIN,  "no reply to the create", NULL },
    { ACT_QUERY,  NOREP(HTTP_MAYBE_SENT), NULL, NULL, ANSWER_NETWORK,   CREATED_MAYBE, true,  OSP_EAGAIN,  "no reply to the query", NULL },

    /* ambiguous by the status alone */
    { ACT_CREATE, 500, 599, NULL, NULL, ANSWER_AMBIGUOUS, CREATED_MAYBE, false, OSP_EAGAIN, "the service failed while it created the task", NULL },
    { ACT_QUERY,  500, 599, NULL, NULL, ANSWER_NETWORK,   CREATED_MAYBE, true,  OSP_EAGAIN, "the service fails", NULL },
    { ACT_CREATE, 408, 408, NULL, NULL, ANSWER_AMBIGUOUS, CREATED_MAYBE, false, OSP_EAGAIN, "the create timed out", NULL },
    { ACT_CREATE, 425, 425, NULL, NULL, ANSWER_AMBIGUOUS, CREATED_MAYBE, false, OSP_EAGAIN, "the create was cut short", NULL },
    { ACT_CREATE, 499, 499, NULL, NULL, ANSWER_AMBIGUOUS, CREATED_MAYBE, false, OSP_EAGAIN, "the create was cut short", NULL },
    { ACT_QUERY,  408, 408, NULL, NULL, ANSWER_NETWORK,   CREATED_MAYBE, true,  OSP_EAGAIN, "the query timed out", NULL },
    { ANY,        300, 399, NULL, NULL, ANSWER_CONFIG,    CREATED_NO,    false, OSP_EACCESS, "the gateway points elsewhere, which a create never follows", path_hint },

    /* codes of the body */
    { ACT_CREATE, 200, 299, "0",    NULL, ANSWER_OK,     CREATED_YES, false, OSP_OK, "accepted", NULL },
    { ACT_QUERY,  200, 299, "0",    NULL, ANSWER_OK,     CREATED_YES, false, OSP_OK, "found", NULL },
    { ANY,        200, 499, "1000", NULL, ANSWER_AUTH,   CREATED_NO, false, OSP_EACCESS, "the gateway does not accept the key", key_hint },
    { ANY,        200, 499, "1001", NULL, ANSWER_AUTH,   CREATED_NO, false, OSP_EACCESS, "the gateway saw no key", key_hint },
    { ANY,        200, 499, "1002", NULL, ANSWER_AUTH,   CREATED_NO, false, OSP_EACCESS, "the gateway does not accept the key: it has the wrong form or kind", key_hint },
    { ANY,        200, 499, "1003", NULL, ANSWER_AUTH,   CREATED_NO, false, OSP_EACCESS, "the key is not valid yet", "look at the clock of this machine" },
    { ANY,        200, 499, "1004", NULL, ANSWER_AUTH,   CREATED_NO, false, OSP_EACCESS, "the key has expired", key_hint },
    { ANY,        200, 499, "1100", NULL, ANSWER_CREDIT, CREATED_NO, false, OSP_EMONEY, "the account is in an abnormal state", "look at the account in the gateway's console" },
    { ANY,        200, 499, "1101", NULL, ANSWER_CREDIT, CREATED_NO, false, OSP_EMONEY, "the account is in arrears", "top it up, then resume" },
    { ANY,        200, 499, "1102", NULL, ANSWER_CREDIT, CREATED_NO, false, OSP_EMONEY, "the pack of video units is used up or has expired", "packs are per kind of work: top up the one for video, then resume" },
    { ANY,        200, 499, "1103", NULL, ANSWER_DENIED, CREATED_NO, false, OSP_EACCESS, "the key has no right to this interface or model", "the endpoint path is not enabled for this key" },
    { ACT_CREATE, 200, 499, "1200", NULL, ANSWER_INPUT,  CREATED_NO, false, OSP_EREFUSED, "the service refuses the parameters", NULL },
    { ACT_CREATE, 200, 499, "1201", "already exist", ANSWER_DUPLICATE, CREATED_MAYBE, false, OSP_EAGAIN, "the service knows this external_task_id already", NULL },
    { ACT_CREATE, 200, 499, "1201", NULL, ANSWER_INPUT,  CREATED_NO, false, OSP_EREFUSED, "the service refuses a parameter", NULL },
    { ACT_QUERY,  200, 499, "1201", NULL, ANSWER_NOTFOUND, CREATED_MAYBE, true, OSP_EAGAIN, "the task is not visible to this key", NULL },
    { ACT_QUERY,  200, 499, "1200", NULL, ANSWER_NOTFOUND, CREATED_MAYBE, true, OSP_EAGAIN, "the task is not visible to this key", NULL },
    { ANY,        200, 499, "1202", NULL, ANSWER_CONFIG, CREATED_NO, false, OSP_EACCESS, "the gateway does not know this method or path", path_hint },
    { ANY,        200, 499, "1203", NULL, ANSWER_CONFIG, CREATED_NO, false, OSP_EACCESS, "the gateway does not know this model or endpoint path", path_hint },
    { ACT_CREATE, 200, 499, "1300", NULL, ANSWER_POLICY, CREATED_NO, false, OSP_EREFUSED, "refused by the platform's policy", moderation_hint },
    { ACT_CREATE, 200, 499, "1301", NULL, ANSWER_POLICY, CREATED_NO, false, OSP_EREFUSED, "refused for the safety of its content", moderation_hint },
    { ANY,        200, 499, "1302", NULL, ANSWER_BUSY,   CREATED_NO, true, OSP_EAGAIN, "too many requests", later_hint },
    { ANY,        200, 499, "1303", NULL, ANSWER_BUSY,   CREATED_NO, true, OSP_EAGAIN, "no free slot at the service", later_hint },
    { ANY,        200, 499, "1304", NULL, ANSWER_DENIED, CREATED_NO, false, OSP_EACCESS, "this machine's address is not on the account's allow list", NULL },
    /* Kling's 5000, 5001, 5002 under a status below 500: as ambiguous as above */
    { ACT_CREATE, 200, 499, "5000", NULL, ANSWER_AMBIGUOUS, CREATED_MAYBE, false, OSP_EAGAIN, "internal error of the service", NULL },
    { ACT_CREATE, 200, 499, "5001", NULL, ANSWER_AMBIGUOUS, CREATED_MAYBE, false, OSP_EAGAIN, "the service is unavailable, usually maintenance", NULL },
    { ACT_CREATE, 200, 499, "5002", NULL, ANSWER_AMBIGUOUS, CREATED_MAYBE, false, OSP_EAGAIN, "internal time-out of the service, usually backlog", NULL },

    /* the gateway's own words */
    { ACT_CREATE, 400, 400, NULL, "response was filtered",     ANSWER_POLICY, CREATED_NO, false, OSP_EREFUSED, "refused by the gateway's filter", moderation_hint },
    { ANY,        400, 400, NULL, "NO_BALANCER_ERROR",         ANSWER_BUSY,   CREATED_NO, true,  OSP_EAGAIN, "the gateway has no provider free", later_hint },
    { ANY,        400, 400, NULL, "NO_PROVIDER_ERROR",         ANSWER_BUSY,   CREATED_NO, true,  OSP_EAGAIN, "the gateway has no provider free", later_hint },
    { ANY,        400, 400, NULL, "NO_PASSAGEWAY",             ANSWER_BUSY,   CREATED_NO, true,  OSP_EAGAIN, "the gateway has no provider free", later_hint },
    { ANY,        400, 400, NULL, "AI_PASSAGEWAY_GROUP_IS_EMPTY_ERROR", ANSWER_BUSY, CREATED_NO, true, OSP_EAGAIN, "the gateway has no provider free", later_hint },
    { ANY,        400, 400, NULL, "MODEL_TYPE_NOT_FOUND",      ANSWER_CONFIG, CREATED_NO, false, OSP_EACCESS, "the gateway does not know the model", path_hint },
    { ANY,        400, 400, NULL, "NO_ENDPOINT",               ANSWER_CONFIG, CREATED_NO, false, OSP_EACCESS, "the gateway does not know the endpoint path", path_hint },
    { ACT_CREATE, 400, 400, NULL, "AI_IMAGE_QUALITY_ERROR",    ANSWER_INPUT,  CREATED_NO, false, OSP_EREFUSED, "the gateway refuses an image", NULL },
    { ACT_CREATE, 400, 400, NULL, "AI_IMAGE_SIZE_ERROR",       ANSWER_INPUT,  CREATED_NO, false, OSP_EREFUSED, "the gateway refuses an image", NULL },

    /* the bare status */
    { ACT_CREATE, 400, 400, NULL, NULL, ANSWER_INPUT,     CREATED_NO,    false, OSP_EREFUSED, "the gateway refuses the request", NULL },
    { ACT_QUERY,  400, 400, NULL, NULL, ANSWER_NOTFOUND,  CREATED_MAYBE, true,  OSP_EAGAIN,  "the task is not visible to this key", NULL },
    { ANY,        401, 401, NULL, NULL, ANSWER_AUTH,      CREATED_NO,    false, OSP_EACCESS, "the gateway does not accept the key", key_hint },
    { ANY,        403, 403, NULL, NULL, ANSWER_DENIED,    CREATED_NO,    false, OSP_EACCESS, "not allowed: this machine's address is not on the allow list, or the key has no right to the model", NULL },
    { ACT_CREATE, 404, 404, NULL, NULL, ANSWER_CONFIG,    CREATED_NO,    false, OSP_EACCESS, "the gateway does not know this address", path_hint },
    { ACT_QUERY,  404, 404, NULL, NULL, ANSWER_NOTFOUND,  CREATED_MAYBE, true,  OSP_EAGAIN,  "the task is not visible to this key", NULL },
    { ACT_CREATE, 409, 409, NULL, NULL, ANSWER_AMBIGUOUS, CREATED_MAYBE, false, OSP_EAGAIN,  "the gateway reports a conflict", NULL },
    { ACT_CREATE, 413, 413, NULL, NULL, ANSWER_INPUT,     CREATED_NO,    false, OSP_EREFUSED, "the request is too large for the gateway", NULL },
    { ANY,        429, 429, NULL, NULL, ANSWER_BUSY,      CREATED_NO,    true,  OSP_EAGAIN,  "the gateway is busy", later_hint },
    { ACT_QUERY,  200, 599, NULL, NULL, ANSWER_NETWORK,   CREATED_MAYBE, true,  OSP_EAGAIN,  "an answer that makes no sense", NULL },

    /* a task that was accepted and failed: the reason is a sentence, there is no code */
    { ACT_TASK, 0, 599, NULL, "failure to pass the risk control system", ANSWER_POLICY, CREATED_YES, false, OSP_EREFUSED, "the service refused the content", moderation_hint },
    { ACT_TASK, 0, 599, NULL, "image pixel is invalid", ANSWER_INPUT, CREATED_YES, false, OSP_EREFUSED, "an input breaks the service's size or ratio", NULL },
    { ACT_TASK, 0, 599, NULL, "resolution or aspect ratio of the input image is invalid", ANSWER_INPUT, CREATED_YES, false, OSP_EREFUSED, "an input breaks the service's size or ratio", NULL },
    { ACT_TASK, 0, 599, NULL, "not in a valid base64 format", ANSWER_INPUT, CREATED_YES, false, OSP_EREFUSED, "an input was sent in a form that the service does not read", NULL },
    { ACT_TASK, 0, 599, NULL, NULL, ANSWER_FAILED, CREATED_YES, false, OSP_EREFUSED, "the task failed", NULL },
};

/* What nobody documents: it may have been created. */
static const struct code_row unknown = { ANY, 0, 599, NULL, NULL, ANSWER_AMBIGUOUS, CREATED_MAYBE, false, OSP_EAGAIN, "an answer that makes no sense", NULL };

/* A refusal that names a task: one half of it is wrong, and nobody knows which. */
static const struct code_row contradiction = { ACT_CREATE, 0, 599, NULL, NULL, ANSWER_AMBIGUOUS, CREATED_MAYBE, false, OSP_EAGAIN, "an answer that contradicts itself: it refuses and names a task", NULL };
/* clang-format on */

static bool says(const struct answer *answer, const char *needle)
{
    return answer && (str_contains_nocase(answer->code, needle) ||
                      str_contains_nocase(answer->message, needle) ||
                      str_contains_nocase(answer->status_message, needle));
}

static bool row_fits(const struct code_row *row, enum act act, int status,
                     const struct answer *answer)
{
    if (!(row->act & (unsigned)act) || status < row->low || status > row->high)
        return false;
    if (row->code && (!answer || strcmp(answer->code, row->code) != 0))
        return false;
    if (row->needle && !says(answer, row->needle))
        return false;
    /* accepted, but no task id to ask for: that is no acceptance */
    return row->class != ANSWER_OK || answer->task_id[0];
}

static bool names_a_task(const struct answer *answer)
{
    return answer && (answer->accepted || answer->task_id[0] || answer->unusable_id);
}

struct meaning meaning_of(enum act act, const struct http_answer *http, const struct answer *answer)
{
    int status = http->reach == HTTP_ANSWERED ? http->status : -(int)http->reach;
    const struct code_row *row = &unknown;

    for (size_t i = 0; i < OSP_COUNT(rows); i++) {
        if (row_fits(&rows[i], act, status, answer)) {
            row = &rows[i];
            break;
        }
    }
    if (act == ACT_CREATE && row->created == CREATED_NO && names_a_task(answer))
        row = &contradiction;
    return (struct meaning){ .class = row->class,
                             .created = row->created,
                             .retry = row->retry,
                             .code = row->result,
                             .words = row->words,
                             .hint = row->hint };
}

int meaning_fail(const struct meaning *meaning, const struct http_answer *http,
                 const struct answer *answer, osp_error *err)
{
    char code[80] = "", request[REQUEST_ID_SIZE + 16] = "", status[24] = "";
    const char *message = "";

    if (err && err->code) { /* the transport's words are better than ours */
        err->code = meaning->code;
        return osp_hint(err, "%s", meaning->hint ? meaning->hint : "");
    }
    if (answer) {
        message = answer->status_message[0] ? answer->status_message : answer->message;
        if (answer->code[0] && !answer->accepted)
            snprintf(code, sizeof(code), ", code %s", answer->code);
        snprintf(request, sizeof(request), ", request_id %s",
                 answer->request_id[0] ? answer->request_id : "not given");
    }
    if (http->status)
        snprintf(status, sizeof(status), "HTTP %d", http->status);
    osp_fail(err, meaning->code, "%s: '%s' (%s%s%s%s%s)", meaning->words, message, status, code,
             request, http->location_host[0] ? ", to " : "", http->location_host);
    if (meaning->hint)
        osp_hint(err, "%s", meaning->hint);
    return meaning->code;
}

const char *answer_class_name(enum answer_class class)
{
    static const char *const names[] = {
        [ANSWER_OK] = "OK",
        [ANSWER_AUTH] = "AUTH",
        [ANSWER_DENIED] = "DENIED",
        [ANSWER_CREDIT] = "CREDIT",
        [ANSWER_INPUT] = "INPUT",
        [ANSWER_POLICY] = "POLICY",
        [ANSWER_CONFIG] = "CONFIG",
        [ANSWER_BUSY] = "BUSY",
        [ANSWER_AMBIGUOUS] = "AMBIGUOUS",
        [ANSWER_DUPLICATE] = "DUPLICATE",
        [ANSWER_NOTFOUND] = "NOTFOUND",
        [ANSWER_NETWORK] = "NETWORK",
        [ANSWER_TLS] = "TLS",
        [ANSWER_FAILED] = "FAILED",
    };

    return (size_t) class < OSP_COUNT(names) ? names[class] : "?";
}
