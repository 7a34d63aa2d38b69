/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/auto.h"
#include "base/cancel.h"
#include "base/fs.h"
#include "base/hash.h"
#include "base/log.h"
#include "base/str.h"
#include "net/retry.h"
#include "store/memory.h"
#include "store/s3.h"
#include "store/xml.h"

/*
 * An upload in parts (S3 API, "multipart upload").
 *
 *  1. The upload's id is on disk before the first part is sent: a killed process leaves nothing
 *     that the next one cannot find. What was begun a moment before that is found by its name.
 *  2. Which parts are there is the server's word (ListParts), never ours.
 *  3. Parts are sent in rounds, side by side. A part that fails is left to the next round; a round
 *     that gets nowhere is the caller's to wait for. Once as many have failed as run at a time no
 *     new one is begun, and a busy server gets half as many.
 *  4. Completing may be repeated; after a lost reply the object itself tells whether it was done.
 */

#define MIB       ((int64_t)1 << 20)
#define MOST      1000 /* parts: Swift takes no more (AWS: 10,000) */
#define ROUND_MS  500
#define ROUND_CAP 4000

struct part {
    struct upload *upload;
    int number; /* from 1 */
    int64_t offset, length;
    char etag[96]; /* "": not there yet */
    int64_t sent;
    char sha256[SHA256_HEX], md5[MD5_BASE64], digits[12];
    struct s3_request request;
};

struct upload {
    struct s3 *s3;
    struct http *http;
    const struct store_put *put;
    int64_t size, part_bytes;
    char sha256[SHA256_HEX]; /* of the whole */
    char id[1100];
    struct part *parts;
    size_t count;
    int64_t sent; /* of the whole, for progress */

    /* this round */
    size_t cursor, failed, succeeded, parallel;
    bool busy, skewed;
    char retry_after[64];
    osp_error fault; /* the first of this round */
};

static void upload_release(struct upload *upload)
{
    for (size_t i = 0; upload->parts && i < upload->count; i++)
        s3_request_release(&upload->parts[i].request);
    auto_free(&upload->parts);
}

/* ---- what goes where ----------------------------------------------------------------------- */

static int64_t least_part_bytes(const struct s3 *s3, int64_t size)
{
    int64_t least = (size + MOST - 1) / MOST;

    least = (least + MIB - 1) / MIB * MIB;
    return least > s3->part_bytes ? least : s3->part_bytes;
}

static int lay_out(struct upload *u, osp_error *err)
{
    u->count = (size_t)((u->size + u->part_bytes - 1) / u->part_bytes);
    u->parts = calloc(u->count, sizeof(*u->parts));
    if (!u->parts)
        return osp_nomem(err);
    for (size_t i = 0; i < u->count; i++) {
        int64_t offset = (int64_t)i * u->part_bytes, left = u->size - offset;

        u->parts[i].upload = u;
        u->parts[i].number = (int)i + 1;
        u->parts[i].offset = offset;
        u->parts[i].length = left < u->part_bytes ? left : u->part_bytes;
    }
    return OSP_OK;
}

/* ---- small requests about the upload ------------------------------------------------------- */

static int ask(struct upload *u, struct s3_call *call, struct http_answer *answer, osp_error *err)
{
    call->cancel = u->put->cancel;
    return s3_call(u->s3, u->http, call, answer, err);
}

static int abort_id(struct s3 *s3, struct http *http, const char *name, const char *id,
                    osp_error *err)
{
    OSP_AUTO(http_answer_release) struct http_answer answer = { 0 };
    struct s3_call call = {
        .method = "DELETE", .name = name, .query = { { "uploadId", id } }, .query_count = 1
    };
    int ret = s3_call(s3, http, &call, &answer, err);

    if (ret < 0)
        return ret;
    return answer.status / 100 == 2 || answer.status == 404 ? OSP_OK : s3_refused(s3, &answer, err);
}

/* What a run left that was killed before it could note the id. A key that may not list uploads
 * has nothing to find here. */
static void abort_nameless(struct s3 *s3, struct http *http, const char *name)
{
    OSP_AUTO(http_answer_release) struct http_answer answer = { 0 };
    OSP_AUTO(auto_free) char *key = s3_key(s3, name);
    struct s3_call call = { .method = "GET",
                            .query = { { "uploads", "" }, { "prefix", key } },
                            .query_count = 2 };
    struct xml_span left, one;
    osp_error ignored = { 0 };

    if (!key || s3_call(s3, http, &call, &answer, &ignored) < 0 || answer.status != 200)
        return;
    left = (struct xml_span){ answer.body, answer.body_size };
    while (xml_next(&left, "Upload", &one)) {
        char its_key[1100], id[1100];

        xml_text(one, "Key", its_key, sizeof(its_key));
        xml_text(one, "UploadId", id, sizeof(id));
        if (id[0] && strcmp(its_key, key) == 0)
            (void)abort_id(s3, http, name, id, &ignored); /* the next run finds it again */
    }
}

void s3_abort_parts(struct s3 *s3, struct http *http, const char *name)
{
    OSP_AUTO(json_free) struct json *known = memory_load(s3->memory, name);
    const char *id = json_string(json_get(known, "upload_id"));
    osp_error fault = { 0 };

    if (id && abort_id(s3, http, name, id, &fault) < 0)
        log_write(OSP_LOG_WARNING, "parts of an upload stay in the store: %s", fault.text);
    else
        memory_forget(s3->memory);
}

static int initiate(struct upload *u, osp_error *err)
{
    OSP_AUTO(http_answer_release) struct http_answer answer = { 0 };
    OSP_AUTO(json_free) struct json *known = json_object();
    struct s3_call call = { .method = "POST",
                            .name = u->put->name,
                            .query = { { "uploads", "" } },
                            .query_count = 1,
                            .body = "",
                            .type = u->put->type,
                            .content = u->sha256 };
    int ret = ask(u, &call, &answer, err);

    if (ret < 0)
        return ret;
    if (answer.status != 200)
        return s3_refused(u->s3, &answer, err);
    xml_text((struct xml_span){ answer.body, answer.body_size }, "UploadId", u->id, sizeof(u->id));
    if (!u->id[0])
        return osp_fail(err, OSP_EACCESS, "bucket '%s' answers what no S3 store does",
                        u->s3->bucket);
    json_set_string(known, "upload_id", u->id);
    json_set_string(known, "sha256", u->sha256);
    json_set_int(known, "part_bytes", u->part_bytes);
    ret = memory_save(u->s3->memory, u->put->name, known, err);
    if (ret < 0)
        (void)abort_id(u->s3, u->http, u->put->name, u->id, NULL); /* else nobody knew of it */
    return ret;
}

static void note_part(struct upload *u, struct xml_span part)
{
    char number[16], size[24], etag[96];
    int64_t n, bytes;

    xml_text(part, "PartNumber", number, sizeof(number));
    xml_text(part, "Size", size, sizeof(size));
    xml_text(part, "ETag", etag, sizeof(etag));
    if (!str_to_int64(number, 1, (int64_t)u->count, &n) ||
        !str_to_int64(size, 0, INT64_MAX, &bytes) || bytes != u->parts[n - 1].length)
        return;
    str_copy(u->parts[n - 1].etag, sizeof(u->parts[n - 1].etag),
             etag + (etag[0] == '"')); /* some quote it, some do not */
    u->parts[n - 1].etag[strcspn(u->parts[n - 1].etag, "\"")] = 0;
    u->parts[n - 1].sent = bytes;
    u->sent += bytes;
}

/* @return 1: the upload is known there and its parts are noted; 0: it is gone */
static int list_parts(struct upload *u, osp_error *err)
{
    OSP_AUTO(http_answer_release) struct http_answer answer = { 0 };
    struct s3_call call = {
        .method = "GET", .name = u->put->name, .query = { { "uploadId", u->id } }, .query_count = 1
    };
    struct xml_span left, one;
    int ret = ask(u, &call, &answer, err);

    if (ret < 0)
        return ret;
    if (answer.status == 404)
        return 0;
    if (answer.status != 200)
        return s3_refused(u->s3, &answer, err);
    left = (struct xml_span){ answer.body, answer.body_size };
    while (xml_next(&left, "Part", &one))
        note_part(u, one);
    return 1;
}

/* Go on with what an earlier run began on this very content, or begin. */
static int take_up(struct upload *u, osp_error *err)
{
    OSP_AUTO(json_free) struct json *known = memory_load(u->s3->memory, u->put->name);
    const char *id = json_string(json_get(known, "upload_id"));
    const char *sha256 = json_string(json_get(known, "sha256"));
    int64_t bytes = json_int64_or(json_get(known, "part_bytes"), 0);
    bool same = id && sha256 && strcmp(sha256, u->sha256) == 0 && bytes >= MIB &&
                strlen(id) < sizeof(u->id) && u->size / bytes < MOST;
    int ret;

    u->part_bytes = same ? bytes : least_part_bytes(u->s3, u->size);
    ret = lay_out(u, err);
    if (ret == OSP_OK && same) {
        str_copy(u->id, sizeof(u->id), id);
        ret = list_parts(u, err);
        if (ret != 0)
            return ret < 0 ? ret : OSP_OK;
        free(u->parts); /* it is gone: from the start, and in parts of today's size */
        u->part_bytes = least_part_bytes(u->s3, u->size);
        ret = lay_out(u, err);
    } else if (ret == OSP_OK && id) {
        s3_abort_parts(u->s3, u->http, u->put->name); /* of another content */
    }
    if (ret < 0)
        return ret;
    abort_nameless(u->s3, u->http, u->put->name);
    return initiate(u, err);
}

/* ---- the parts ----------------------------------------------------------------------------- */

static void on_progress(int64_t done, int64_t total, void *opaque)
{
    struct part *part = opaque;
    struct upload *u = part->upload;

    (void)total;
    u->sent += done - part->sent;
    part->sent = done;
    if (u->put->progress)
        u->put->progress(u->sent, u->size, u->put->opaque);
}

static int make_request(struct part *part, osp_error *err)
{
    struct upload *u = part->upload;
    struct s3_call call = { .method = "PUT",
                            .name = u->put->name,
                            .query = { { "partNumber", part->digits }, { "uploadId", u->id } },
                            .query_count = 2,
                            .file = u->put->file,
                            .offset = part->offset,
                            .length = part->length,
                            .sha256 = part->sha256,
                            .md5 = part->md5,
                            .progress = on_progress,
                            .opaque = part,
                            .cancel = u->put->cancel };
    int ret = OSP_OK;

    snprintf(part->digits, sizeof(part->digits), "%d", part->number);
    if (!part->sha256[0])
        ret = hash_range(u->put->file, part->offset, part->length, part->sha256, part->md5, err);
    s3_request_release(&part->request);
    return ret < 0 ? ret : s3_request_make(u->s3, &call, &part->request, err);
}

static int next_part(void *opaque, struct http_request *request, void **tag, osp_error *err)
{
    struct upload *u = opaque;
    struct part *part;
    int ret;

    while (u->cursor < u->count && u->parts[u->cursor].etag[0])
        u->cursor++;
    if (u->cursor == u->count || u->failed >= u->parallel)
        return 0;
    part = &u->parts[u->cursor++];
    ret = make_request(part, err);
    *request = part->request.http;
    *tag = part;
    return ret < 0 ? ret : 1;
}

/* A part was not taken. @return OSP_OK: another round may help */
static int part_failed(struct upload *u, struct part *part, int ret,
                       const struct http_answer *answer, const osp_error *fault, osp_error *err)
{
    osp_error why = *fault;

    u->sent -= part->sent;
    part->sent = 0;
    u->failed++;
    if (ret == OSP_OK && s3_learn_clock(u->s3, answer)) {
        u->skewed = true;
        return OSP_OK;
    }
    if (ret == OSP_OK && u->skewed && answer->status == 403)
        return OSP_OK; /* it was signed before the clock was learnt */
    if (ret == OSP_OK) {
        ret = s3_refused(u->s3, answer, &why);
        u->busy = u->busy || answer->status >= 500;
        str_copy(u->retry_after, sizeof(u->retry_after), answer->retry_after);
    }
    if (!u->fault.code)
        u->fault = why;
    if (ret == OSP_EAGAIN)
        return OSP_OK;
    if (err && !err->code)
        *err = why;
    return ret;
}

static int part_ended(void *opaque, void *tag, int ret, const struct http_answer *answer,
                      const osp_error *fault, osp_error *err)
{
    struct upload *u = opaque;
    struct part *part = tag;

    if (ret == OSP_OK && answer->status == 200 && answer->etag[0]) {
        str_copy(part->etag, sizeof(part->etag), answer->etag);
        u->succeeded++;
        return OSP_OK;
    }
    return part_failed(u, part, ret, answer, fault, err);
}

static int send_round(struct upload *u, osp_error *err)
{
    struct http_feed feed = { .parallel = u->parallel,
                              .next = next_part,
                              .ended = part_ended,
                              .opaque = u,
                              .cancel = u->put->cancel };

    u->cursor = u->failed = u->succeeded = 0;
    u->busy = u->skewed = false;
    u->retry_after[0] = 0;
    u->fault = (osp_error){ 0 };
    return http_run(u->http, &feed, err);
}

static int send_parts(struct upload *u, osp_error *err)
{
    static const struct backoff pause = { 0, ROUND_MS, ROUND_CAP };

    u->parallel = u->s3->parallel;
    for (;;) {
        int ret = send_round(u, err);

        if (ret < 0 || u->failed == 0)
            return ret;
        if (u->skewed)
            continue;
        if (u->succeeded == 0) {
            if (err && !err->code)
                *err = u->fault;
            return u->fault.code;
        }
        log_write(OSP_LOG_INFO, "%zu of %zu parts are sent again: %s", u->failed, u->count,
                  u->fault.text);
        if (u->busy && u->parallel > 1)
            u->parallel /= 2;
        ret = cancel_sleep(u->put->cancel, backoff_wait_ms(&pause, 1, u->retry_after), err);
        if (ret < 0)
            return ret;
    }
}

/* ---- the end ------------------------------------------------------------------------------- */

static char *list_of_parts(const struct upload *u)
{
    OSP_AUTO(strbuf_release) struct strbuf xml = STRBUF_INIT;

    strbuf_puts(&xml, "<CompleteMultipartUpload>");
    for (size_t i = 0; i < u->count; i++)
        strbuf_printf(&xml, "<Part><PartNumber>%d</PartNumber><ETag>\"%s\"</ETag></Part>",
                      u->parts[i].number, u->parts[i].etag);
    strbuf_puts(&xml, "</CompleteMultipartUpload>");
    return strbuf_take(&xml);
}

/* 200 may still carry an error: the status is sent before the parts are joined. */
static int complete(struct upload *u, osp_error *err)
{
    OSP_AUTO(http_answer_release) struct http_answer answer = { 0 };
    OSP_AUTO(auto_free) char *xml = list_of_parts(u);
    struct s3_call call = { .method = "POST",
                            .name = u->put->name,
                            .query = { { "uploadId", u->id } },
                            .query_count = 1,
                            .body = xml,
                            .type = "application/xml" };
    osp_error fault = { 0 }, ignored = { 0 };
    bool there = false;
    char code[64] = "";
    int ret = xml ? ask(u, &call, &answer, &fault) : osp_nomem(&fault);

    if (ret == OSP_OK)
        s3_code(&answer, code, sizeof(code));
    if (ret == OSP_OK && answer.status == 200 && !code[0])
        return OSP_OK;
    if (ret == OSP_OK)
        ret = s3_refused(u->s3, &answer, &fault);
    if (ret != OSP_ECANCELED && s3_present(u->s3, u->http, u->put, &there, &ignored) == OSP_OK &&
        there)
        return OSP_OK; /* it was done, and the reply was lost */
    if (err && !err->code)
        *err = fault;
    return ret;
}

static int put_parts(struct upload *u, osp_error *err)
{
    int ret = take_up(u, err);

    if (ret == OSP_OK)
        ret = send_parts(u, err);
    if (ret == OSP_OK)
        ret = complete(u, err);
    return ret;
}

int s3_put_parts(struct s3 *s3, struct http *http, const struct store_put *put, int64_t size,
                 osp_error *err)
{
    OSP_AUTO(upload_release)
    struct upload u = { .s3 = s3, .http = http, .put = put, .size = size };
    struct store_put named = *put;
    int ret = put->sha256 ? OSP_OK : sha256_file(put->file, u.sha256, err);

    if (ret < 0)
        return ret;
    if (put->sha256)
        str_copy(u.sha256, sizeof(u.sha256), put->sha256);
    named.sha256 = u.sha256;
    u.put = &named;
    ret = put_parts(&u, err);
    if (ret == OSP_OK)
        memory_forget(s3->memory);
    else if (ret != OSP_EAGAIN && ret != OSP_ECANCELED)
        s3_abort_parts(s3, http, put->name);
    return ret < 0 ? osp_while(err, "uploading the reference") : OSP_OK;
}
