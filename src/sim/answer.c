/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "sim/answer.h"

#include <openssl/rand.h>
#include <stdio.h>
#include <string.h>

#include "base/auto.h"
#include "base/hash.h"
#include "base/str.h"
#include "sim/figures.h"

/* The service's own table, and the messages seen on real answers where there are such. */
static const struct {
    int code, status;
    const char *message;
} codes[] = {
    { 0, 200, "SUCCEED" },
    { 1000, 401, "Authentication failed" },
    { 1001, 401, "Authorization is empty" },
    { 1002, 401, "Authorization is invalid" },
    { 1003, 401, "Authorization is not yet valid" },
    { 1004, 401, "Authorization has expired" },
    { 1100, 429, "Account exception" },
    { 1101, 429, "Account in arrears" },
    { 1102, 429, "Account balance not enough" },
    { 1103, 403, "Unauthorized access to the requested resource" },
    { 1200, 400, "Invalid request parameters" },
    { 1201, 400, "Invalid parameters" },
    { 1202, 404, "The requested method is invalid" },
    { 1203, 404, "The requested resource does not exist" },
    { 1300, 400, "Trigger strategy of the platform" },
    { 1301, 400, "Trigger the content security policy of the platform" },
    { 1302, 429, "The API request is too fast" },
    { 1303, 429, "parallel task over resource pack limit" },
    { 1304, 429, "Trigger IP whitelist policy" },
    { 5000, 500, "Server internal error" },
    { 5001, 503, "Server temporarily unavailable" },
    { 5002, 504, "Server internal timeout" },
};

int sim_code_status(int code)
{
    for (size_t i = 0; i < OSP_COUNT(codes); i++) {
        if (codes[i].code == code)
            return codes[i].status;
    }
    return 400;
}

const char *sim_code_message(int code)
{
    for (size_t i = 0; i < OSP_COUNT(codes); i++) {
        if (codes[i].code == code)
            return codes[i].message;
    }
    return "Unknown error";
}

/* RFC 4122 4.4 */
static void request_id(char *out, size_t size)
{
    unsigned char b[16] = { 0 };

    (void)RAND_bytes(b, sizeof(b)); /* an id for support, no secret */
    b[6] = (unsigned char)((b[6] & 0x0F) | 0x40);
    b[8] = (unsigned char)((b[8] & 0x3F) | 0x80);
    snprintf(out, size, "%02x%02x%02x%02x-%02x%02x-%02x%02x-%02x%02x-%02x%02x%02x%02x%02x%02x",
             b[0], b[1], b[2], b[3], b[4], b[5], b[6], b[7], b[8], b[9], b[10], b[11], b[12], b[13],
             b[14], b[15]);
}

struct json *sim_answer(int code, const char *message, struct json *data)
{
    struct json *answer = json_object();
    char id[40];

    request_id(id, sizeof(id));
    json_set_int(answer, "code", code);
    json_set_string(answer, "message", message);
    if (data)
        json_set(answer, "data", data);
    json_set_string(answer, "request_id", id);
    return answer;
}

/* The documents' own answers echo the id, or hold nothing, or "parent_video" on a video query. */
static struct json *task_info(const struct sim_task *task, bool query)
{
    struct json *info = json_object();

    if (*task->external)
        json_set_string(info, "external_task_id", task->external);
    else if (query && task->endpoint == SIM_OMNI_VIDEO)
        json_set_null(info, "parent_video");
    return info;
}

struct json *sim_answer_created(const struct sim_task *task)
{
    struct json *data = json_object();

    json_set_string(data, "task_id", task->id);
    json_set_string(data, "task_status", sim_status_word(SIM_SUBMITTED));
    json_set_int(data, "created_at", task->created_ms);
    json_set_int(data, "updated_at", task->created_ms);
    json_set(data, "task_info", task_info(task, false));
    return data;
}

void sim_sign(const struct sim *sim, const char *task_id, const char *file,
              char out[SIM_SIGNATURE_SIZE])
{
    OSP_AUTO(sha256_free) struct sha256 *hash = sha256_new();
    char hex[SHA256_HEX] = "";

    *out = 0;
    if (!hash)
        return; /* an empty signature matches no address */
    sha256_add_text(hash, sim->secret);
    sha256_add_text(hash, task_id);
    sha256_add_text(hash, file);
    sha256_hex(hash, hex);
    str_copy(out, SIM_SIGNATURE_SIZE, hex);
}

static void set_url(struct json *object, const char *field, const struct sim *sim,
                    const struct sim_task *task, const char *file)
{
    char signature[SIM_SIGNATURE_SIZE];
    OSP_AUTO(auto_free) char *url = NULL;

    if (file) {
        sim_sign(sim, task->id, file, signature);
        url = str_format("%s/result/%s/%s?sig=%s", sim->url, task->id, file, signature);
    }
    json_set_string(object, field, url);
}

static const char *text(const struct json *object, const char *field)
{
    return json_string(json_get(object, field));
}

static struct json *video_entry(const struct sim *sim, const struct sim_task *task,
                                const struct json *file)
{
    struct json *entry = json_object();

    json_set_string(entry, "id", text(file, "id"));
    set_url(entry, "url", sim, task, text(file, "name"));
    json_set_string(entry, "duration", text(file, "duration"));
    set_url(entry, "watermark_url", sim, task, text(file, "watermark"));
    return entry;
}

static struct json *image_entry(const struct sim *sim, const struct sim_task *task,
                                const struct json *file)
{
    struct json *entry = json_object();

    json_set_int(entry, "index", json_int64_or(json_get(file, "index"), 0));
    set_url(entry, "url", sim, task, text(file, "name"));
    set_url(entry, "watermark_url", sim, task, text(file, "watermark"));
    return entry;
}

static struct json *audio_entry(const struct sim *sim, const struct sim_task *task,
                                const struct json *file)
{
    struct json *entry = json_object();

    json_set_string(entry, "id", text(file, "id"));
    json_set_null(entry, "url");
    json_set_null(entry, "duration");
    set_url(entry, "url_mp3", sim, task, text(file, "mp3"));
    set_url(entry, "url_wav", sim, task, text(file, "wav"));
    json_set_string(entry, "duration_mp3", text(file, "duration_mp3"));
    json_set_string(entry, "duration_wav", text(file, "duration_wav"));
    return entry;
}

typedef struct json *(*entry_fn)(const struct sim *sim, const struct sim_task *task,
                                 const struct json *file);

static const struct {
    const char *list;
    entry_fn entry;
} shapes[SIM_ENDPOINT_COUNT] = {
    [SIM_OMNI_VIDEO] = { "videos", video_entry },
    [SIM_OMNI_IMAGE] = { "images", image_entry },
    [SIM_TEXT_TO_AUDIO] = { "audios", audio_entry },
    [SIM_AVATAR] = { "videos", video_entry },
};

static struct json *task_result(const struct sim *sim, const struct sim_task *task)
{
    const struct json *files = json_get(task->outcome, "files");
    const char *type = text(task->outcome, "result_type"), *list = shapes[task->endpoint].list;
    struct json *result = json_object(), *entries = json_array();

    if (type) {
        json_set_string(result, "result_type", type);
        list = strcmp(type, "series") == 0 ? "series_images" : list;
    }
    for (size_t i = 0; i < json_size(files); i++)
        json_push(entries, shapes[task->endpoint].entry(sim, task, json_at(files, i)));
    json_set(result, list, entries);
    return result;
}

static int64_t updated_ms(const struct sim_task *task, enum sim_status status)
{
    int64_t end = task->created_ms + task->delay_ms;
    int64_t made = json_int64_or(json_get(task->outcome, "done_ms"), 0);

    if (status == SIM_SUBMITTED)
        return task->created_ms;
    if (status == SIM_PROCESSING)
        return task->created_ms + task->delay_ms / 4;
    return made > end ? made : end;
}

struct json *sim_answer_task(const struct sim *sim, const struct sim_task *task, int64_t now_ms)
{
    enum sim_status status = sim_status_at(task->created_ms, task->delay_ms, task->outcome, now_ms);
    bool ended = status == SIM_SUCCEED || status == SIM_FAILED;
    struct json *data = json_object();

    json_set_string(data, "task_id", task->id);
    json_set_string(data, "task_status", sim_status_word(status));
    json_set_int(data, "created_at", task->created_ms);
    json_set_int(data, "updated_at", updated_ms(task, status));
    json_set_string(data, "task_status_msg", ended ? text(task->outcome, "message") : "");
    json_set(data, "task_info", task_info(task, true));
    if (status == SIM_SUCCEED)
        json_set(data, "task_result", task_result(sim, task));
    if (ended)
        json_set_string(data, "final_unit_deduction", text(task->outcome, "units"));
    return data;
}

struct json *sim_answer_ledger(const struct sim *sim, int64_t now_ms)
{
    struct json *ledger = json_object(), *list = json_array();
    osp_rational sum = { 0, 1 }, units;
    char total[64];

    for (size_t i = 0; i < sim->task_count; i++) {
        const struct sim_task *task = sim->tasks[i];
        enum sim_status status = sim_status_at(task->created_ms, task->delay_ms, task->outcome,
                                               now_ms);
        bool billed = status == SIM_SUCCEED;
        const char *price = billed ? text(task->outcome, "units") : "0";
        struct json *entry = json_object();

        json_set_string(entry, "task_id", task->id);
        json_set_string(entry, "external_task_id", *task->external ? task->external : NULL);
        json_set_string(entry, "endpoint", sim_endpoint_name(task->endpoint));
        json_set_string(entry, "status", sim_status_word(status));
        json_set_int(entry, "seconds",
                     billed ? json_int64_or(json_get(task->outcome, "seconds"), 0) : 0);
        json_set_string(entry, "units", price);
        json_push(list, entry);
        if (price && rational_parse(price, &units))
            sum = rational_add(sum, units);
    }
    sim_units_text(sum, total, sizeof(total));
    json_set_int(ledger, "posts", (int64_t)sim->post_count);
    json_set(ledger, "tasks", list);
    json_set_string(ledger, "units", total);
    return ledger;
}
