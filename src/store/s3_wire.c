/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "base/auto.h"
#include "base/hash.h"
#include "base/log.h"
#include "base/str.h"
#include "net/retry.h"
#include "store/s3.h"
#include "store/xml.h"

/*
 * One signed request. What is relied on, after two servers of different make (Ceph's gateway and
 * Swift): the region, the text of an error and Retry-After may all be missing or not looked at;
 * x-amz-checksum-* proves nothing there, x-amz-content-sha256 and Content-MD5 do.
 */

#define SKEW_S 60 /* clocks that differ by less are no reason for a refusal */

char *s3_key(const struct s3 *s3, const char *name)
{
    return str_format("%s%s", s3->prefix, name ? name : "");
}

char *s3_path(const struct s3 *s3, const char *name)
{
    OSP_AUTO(auto_free) char *key = name ? s3_key(s3, name) : strdup("");

    if (!key)
        return NULL;
    if (!s3->path_style)
        return str_format("/%s", key);
    return str_format("/%s%s%s", s3->bucket, name ? "/" : "", key);
}

void s3_request_release(struct s3_request *request)
{
    for (size_t i = 0; i < S3_LINES; i++)
        auto_free(&request->lines[i]);
    auto_free(&request->url);
}

static void sign_header(struct sigv4_request *request, const char *name, const char *value)
{
    if (value && *value)
        request->headers[request->header_count++] = (struct sigv4_pair){ name, value };
}

/* Every signed header but Host, which libcurl writes, then the signature. */
static int write_lines(const struct s3 *s3, const struct sigv4_request *request, int64_t now,
                       struct s3_request *out, osp_error *err)
{
    const struct sigv4_key key = { s3->aws.access, s3->aws.secret, s3->aws.token, s3->aws.region,
                                   "s3" };
    OSP_AUTO(auto_free) char *authorization = sigv4_header(&key, request, now);
    size_t count = 0;
    bool fine = authorization != NULL;

    for (size_t i = 1; fine && i < request->header_count; i++) {
        out->lines[count] = str_format("%s: %s", request->headers[i].name,
                                       request->headers[i].value);
        fine = out->lines[count++] != NULL;
    }
    if (fine) {
        out->lines[count] = str_format("Authorization: %s", authorization);
        fine = out->lines[count++] != NULL;
    }
    for (size_t i = 0; i < count; i++)
        out->headers[i] = out->lines[i];
    return fine ? OSP_OK : osp_nomem(err);
}

static void fill_http(const struct s3 *s3, const struct s3_call *call, struct s3_request *out)
{
    out->http = (struct http_request){
        .method = call->method,
        .url = out->url,
        .headers = out->headers,
        .body = call->body,
        .body_size = call->body ? strlen(call->body) : 0,
        .body_file = call->file,
        .body_offset = call->offset,
        .body_length = call->length,
        .idle_timeout_s = s3->timeout_s,
        .secret_answer = true, /* a refusal repeats what was signed */
        .progress = call->progress,
        .opaque = call->opaque,
        .cancel = call->cancel,
    };
}

int s3_request_make(const struct s3 *s3, const struct s3_call *call, struct s3_request *out,
                    osp_error *err)
{
    int64_t now = (int64_t)time(NULL) + s3->clock_offset_s;
    OSP_AUTO(auto_free) char *path = s3_path(s3, call->name);
    OSP_AUTO(auto_free) char *target = NULL;
    char date[SIGV4_DATE_SIZE], payload[SHA256_HEX];
    struct sigv4_request request = { .method = call->method, .path = path, .payload = payload };

    *out = (struct s3_request){ 0 };
    if (!path)
        return osp_nomem(err);
    memcpy(request.query, call->query, sizeof(call->query));
    request.query_count = call->query_count;
    sigv4_date(now, date);
    if (call->file)
        str_copy(payload, sizeof(payload), call->sha256);
    else
        sha256_buffer(call->body ? call->body : "", call->body ? strlen(call->body) : 0, payload);
    sign_header(&request, "Host", s3->host);
    sign_header(&request, "x-amz-date", date);
    sign_header(&request, "x-amz-content-sha256", payload);
    sign_header(&request, "x-amz-security-token", s3->aws.token);
    sign_header(&request, "Content-MD5", call->md5);
    sign_header(&request, "Content-Type", call->type);
    sign_header(&request, "x-amz-meta-sha256", call->content);
    target = sigv4_target(&request);
    out->url = target ? str_format("%s%s", s3->base, target) : NULL;
    if (!out->url)
        return osp_nomem(err);
    fill_http(s3, call, out);
    return write_lines(s3, &request, now, out, err);
}

bool s3_learn_clock(struct s3 *s3, const struct http_answer *answer)
{
    int64_t theirs = answer->date[0] ? http_date_s(answer->date) : -1;
    int64_t offset = theirs - (int64_t)time(NULL);

    if (answer->status != 403 || theirs < 0 || s3->clock_learnt || llabs(offset) < SKEW_S)
        return false;
    s3->clock_learnt = true;
    s3->clock_offset_s = offset;
    log_write(OSP_LOG_WARNING, "the clock here and the S3 store's differ by %lld s",
              (long long)offset);
    return true;
}

int s3_call(struct s3 *s3, struct http *http, const struct s3_call *call,
            struct http_answer *answer, osp_error *err)
{
    for (;;) {
        OSP_AUTO(s3_request_release) struct s3_request request;
        int ret = s3_request_make(s3, call, &request, err);

        if (ret == OSP_OK)
            ret = http_perform(http, &request.http, answer, err);
        if (ret < 0 || !s3_learn_clock(s3, answer))
            return ret;
        http_answer_release(answer);
    }
}

/* ---- refusals ------------------------------------------------------------------------------ */

/* Codes of the S3 API, as AWS, Ceph and Swift use them. Their own words are not shown: they may be
 * missing, and repeat keys. */
static const struct refusal {
    const char *code;
    osp_code as;
    const char *words, *hint;
} refusals[] = {
    { "SignatureDoesNotMatch", OSP_EACCESS, "refuses the signature: the secret key is another one",
      "check AWS_SECRET_ACCESS_KEY, or the profile in ~/.aws/credentials" },
    { "InvalidAccessKeyId", OSP_EACCESS, "does not know the access key",
      "check AWS_ACCESS_KEY_ID, or the profile in ~/.aws/credentials" },
    { "AccessDenied", OSP_EACCESS, "does not allow this to the key",
      "the key needs to put, get and delete objects there" },
    { "ExpiredToken", OSP_EACCESS, "says that the session token has expired", NULL },
    { "InvalidToken", OSP_EACCESS, "does not take the session token", NULL },
    { "NoSuchBucket", OSP_EACCESS, "is not there", "make the bucket first, or name another one" },
    { "AuthorizationHeaderMalformed", OSP_EACCESS, "is in another region",
      "set the store's region" },
    { "AuthorizationQueryParametersError", OSP_EACCESS, "is in another region",
      "set the store's region" },
    { "PermanentRedirect", OSP_EACCESS, "is at another endpoint",
      "set the store's region and endpoint" },
    { "TemporaryRedirect", OSP_EACCESS, "is at another endpoint",
      "set the store's region and endpoint" },
    { "RequestTimeTooSkewed", OSP_EACCESS, "says that the clock here is wrong", "set the clock" },
    { "KeyTooLongError", OSP_EACCESS, "takes no name of that length", "use a shorter prefix" },
    { "InvalidObjectName", OSP_EACCESS, "takes no such name", "use a shorter prefix" },
    { "QuotaExceeded", OSP_EOUTPUT, "has no room: the quota is used up", NULL },
    { "EntityTooLarge", OSP_EOUTPUT, "takes no file of that size", NULL },
    { "BadDigest", OSP_EAGAIN, "got other bytes than were sent", NULL },
    { "XAmzContentSHA256Mismatch", OSP_EAGAIN, "got other bytes than were sent", NULL },
    { "IncompleteBody", OSP_EAGAIN, "got fewer bytes than were sent", NULL },
    { "RequestTimeout", OSP_EAGAIN, "waited too long for bytes", NULL },
    { "SlowDown", OSP_EAGAIN, "is busy", NULL },
    { "ServiceUnavailable", OSP_EAGAIN, "is busy", NULL },
    { "InternalError", OSP_EAGAIN, "fails", NULL },
    { "NoSuchUpload", OSP_EAGAIN, "has lost the upload", NULL },
    { "InvalidPart", OSP_EAGAIN, "has lost a part", NULL },
};

void s3_code(const struct http_answer *answer, char *to, size_t room)
{
    to[0] = 0;
    if (answer->body)
        xml_text((struct xml_span){ answer->body, answer->body_size }, "Code", to, room);
}

static int refused_by(const struct s3 *s3, const struct refusal *row,
                      const struct http_answer *answer, osp_error *err)
{
    char region[64] = "";

    osp_fail(err, row->as, "bucket '%s' %s (%s, HTTP %d)", s3->bucket, row->words, row->code,
             answer->status);
    xml_text((struct xml_span){ answer->body, answer->body_size }, "Region", region,
             sizeof(region));
    if (region[0])
        return osp_hint(err, "set the store's region to %s", region);
    return row->hint ? osp_hint(err, "%s", row->hint) : (int)row->as;
}

int s3_refused(const struct s3 *s3, const struct http_answer *answer, osp_error *err)
{
    char code[64];
    bool busy = answer->status >= 500 || answer->status == 429;

    s3_code(answer, code, sizeof(code));
    for (size_t i = 0; i < OSP_COUNT(refusals); i++) {
        if (strcmp(refusals[i].code, code) == 0)
            return refused_by(s3, &refusals[i], answer, err);
    }
    return osp_fail(err, busy ? OSP_EAGAIN : OSP_EACCESS, "bucket '%s' answers %s%sHTTP %d",
                    s3->bucket, code, code[0] ? ", " : "", answer->status);
}
