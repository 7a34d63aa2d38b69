/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "gateway/answer.h"

#include <stdlib.h>
#include <string.h>

#include "base/auto.h"
#include "base/json.h"
#include "base/str.h"
#include "net/http.h"

#define SHOWN_OF_A_PAGE 200 /* bytes of a body that is no JSON */

/* Line breaks and control characters would break our one line, or a terminal. */
static void clean(char *text)
{
    for (; *text; text++) {
        if ((unsigned char)*text < ' ' || *text == 127)
            *text = ' ';
    }
}

static void take(char *to, size_t size, const struct json *value)
{
    const char *text = json_text(value);

    if (text && !to[0])
        str_copy(to, size, text);
    clean(to);
}

static void take_message(char *to, size_t size, const struct json *value)
{
    const char *text = json_text(value);
    OSP_AUTO(auto_free) char *masked = text ? http_mask(text) : NULL;

    if (!masked || to[0])
        return;
    str_copy(to, size, masked);
    clean(to);
}

/* An id that is cut is another id, and "." and ".." are other addresses however they are escaped.
 */
static void take_id(struct answer *answer, const struct json *value)
{
    const char *text = json_text(value);

    if (!text)
        return;
    answer->unusable_id = strlen(text) >= sizeof(answer->task_id) || strcmp(text, ".") == 0 ||
                          strcmp(text, "..") == 0;
    if (!answer->unusable_id)
        str_copy(answer->task_id, sizeof(answer->task_id), text);
}

/* Kling's envelope, and what gateways put in its place: error.code, error.message, msg. */
static void read_envelope(const struct json *root, struct answer *answer)
{
    take(answer->code, sizeof(answer->code), json_get(root, "code"));
    take(answer->code, sizeof(answer->code), json_path(root, "error.code"));
    take_message(answer->message, sizeof(answer->message), json_get(root, "message"));
    take_message(answer->message, sizeof(answer->message), json_path(root, "error.message"));
    take_message(answer->message, sizeof(answer->message), json_get(root, "msg"));
    take_message(answer->message, sizeof(answer->message), json_get(root, "error"));
    take(answer->request_id, sizeof(answer->request_id), json_get(root, "request_id"));
    take(answer->request_id, sizeof(answer->request_id), json_path(root, "error.request_id"));
    answer->accepted = strcmp(answer->code, "0") == 0;
}

static char *address_of(const struct json *video, const char *name)
{
    const char *text = json_string(json_get(video, name));

    for (const char *p = text; p && *p; p++) {
        if ((unsigned char)*p <= ' ' || *p == 127) /* what is behind a line break is no address */
            return NULL;
    }
    return text && *text ? strdup(text) : NULL;
}

static void read_task(const struct json *data, struct answer *answer)
{
    const struct json *video = json_at(json_path(data, "task_result.videos"), 0);

    take_id(answer, json_get(data, "task_id"));
    take(answer->status, sizeof(answer->status), json_get(data, "task_status"));
    take_message(answer->status_message, sizeof(answer->status_message),
                 json_get(data, "task_status_msg"));
    take(answer->external_task_id, sizeof(answer->external_task_id),
         json_path(data, "task_info.external_task_id"));
    take(answer->units, sizeof(answer->units), json_get(data, "final_unit_deduction"));
    answer->created_ms = json_int64_or(json_get(data, "created_at"), 0);
    answer->url = address_of(video, "url");
    answer->watermark_url = address_of(video, "watermark_url");
}

/* An HTML page of a proxy, or half an answer. */
static void read_page(const char *body, size_t size, struct answer *answer)
{
    OSP_AUTO(auto_free) char *head = strndup(body, size < SHOWN_OF_A_PAGE ? size : SHOWN_OF_A_PAGE);
    OSP_AUTO(auto_free) char *masked = head ? http_mask(head) : NULL;

    if (!masked)
        return;
    for (char *p = masked; *p; p++) {
        if ((unsigned char)*p < ' ' || (unsigned char)*p > '~')
            *p = ' ';
    }
    str_copy(answer->message, sizeof(answer->message), masked);
}

int answer_read(const char *body, size_t size, struct answer *answer, osp_error *err)
{
    OSP_AUTO(json_free) struct json *root = NULL;
    osp_error ignored = { 0 };

    memset(answer, 0, sizeof(*answer));
    if (!body)
        return osp_fail(err, OSP_EINTERNAL, "there is no answer to read");
    if (json_parse(body, size, "answer", &root, &ignored) < 0 || !json_is_object(root)) {
        read_page(body, size, answer);
        return OSP_OK;
    }
    answer->json = true;
    read_envelope(root, answer);
    if (json_is_object(json_get(root, "data")))
        read_task(json_get(root, "data"), answer);
    return OSP_OK;
}

void answer_release(struct answer *answer)
{
    auto_free(&answer->url);
    auto_free(&answer->watermark_url);
}

enum task_status answer_status(const struct answer *answer)
{
    /* "succeed" on the legacy interface, "succeeded" on the native one */
    if (strcmp(answer->status, "succeed") == 0 || strcmp(answer->status, "succeeded") == 0)
        return TASK_SUCCEEDED;
    return strcmp(answer->status, "failed") == 0 ? TASK_FAILED : TASK_RUNNING;
}
