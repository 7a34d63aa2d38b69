/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "store/s3.h"

#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "base/auto.h"
#include "base/fs.h"
#include "base/hash.h"
#include "base/str.h"

/* Any S3-compatible store: s3://bucket/prefix. Nothing is made public: no ACL is ever sent, the
 * service gets an address that is signed for reading this one object, for a while. */

#define MIB        ((int64_t)1 << 20)
#define PARALLEL   4
#define PART_BYTES (8 * MIB)

static void s3_close(void *self)
{
    struct s3 *s3 = self;

    auto_free(&s3->bucket);
    auto_free(&s3->prefix);
    auto_free(&s3->base);
    auto_free(&s3->host);
    aws_release(&s3->aws);
    auto_free(&s3->public_url);
    auto_free(&s3->memory);
    free(s3);
}

/* "//bucket/pre/fix" */
static int read_place(struct s3 *s3, const char *rest, osp_error *err)
{
    const char *bucket = str_starts(rest, "//") ? rest + 2 : "";
    size_t size = strcspn(bucket, "/");
    const char *prefix = bucket[size] ? bucket + size + 1 : "";
    bool open = *prefix && !str_ends(prefix, "/");

    if (size == 0)
        return osp_fail(err, OSP_EACCESS, "'s3:%s' names no bucket: s3://BUCKET/PREFIX", rest);
    s3->bucket = strndup(bucket, size);
    s3->prefix = str_format("%s%s", prefix, open ? "/" : "");
    return s3->bucket && s3->prefix ? OSP_OK : osp_nomem(err);
}

/* A setting of ours wins over what AWS's variables and files say. */
static int take(char **to, const char *ours, osp_error *err)
{
    if (!ours || !*ours)
        return OSP_OK;
    free(*to);
    *to = strdup(ours);
    return *to ? OSP_OK : osp_nomem(err);
}

/* AWS wants the bucket in the host, most others in the path; a bucket with a dot fits no
 * certificate for a host. */
static int choose_style(struct s3 *s3, osp_error *err)
{
    const char *asked = s3->aws.addressing ? s3->aws.addressing : "auto";

    if (strcmp(asked, "path") == 0)
        s3->path_style = true;
    else if (strcmp(asked, "auto") == 0)
        s3->path_style = s3->aws.endpoint || strchr(s3->bucket, '.');
    else if (strcmp(asked, "virtual") != 0)
        return osp_fail(err, OSP_EACCESS, "addressing = '%s' is none of path, virtual, auto",
                        asked);
    return OSP_OK;
}

static int make_base(struct s3 *s3, osp_error *err)
{
    OSP_AUTO(auto_free) char *aws = str_format("https://s3.%s.amazonaws.com", s3->aws.region);
    const char *endpoint = s3->aws.endpoint ? s3->aws.endpoint : aws;
    const char *scheme = endpoint ? strstr(endpoint, "://") : NULL;
    size_t size = endpoint ? strlen(endpoint) : 0;

    if (!endpoint)
        return osp_nomem(err);
    while (size && endpoint[size - 1] == '/')
        size--;
    if (!scheme)
        return osp_fail(err, OSP_EACCESS, "the S3 endpoint '%s' is no address", endpoint);
    if (strcspn(scheme + 3, "/?#@") < size - (size_t)(scheme + 3 - endpoint))
        return osp_fail(err, OSP_EACCESS, "the S3 endpoint is more than a scheme and a host");
    s3->base = s3->path_style
                   ? str_format("%.*s", (int)size, endpoint)
                   : str_format("%.*s%s.%.*s", (int)(scheme + 3 - endpoint), endpoint, s3->bucket,
                                (int)(size - (size_t)(scheme + 3 - endpoint)), scheme + 3);
    s3->host = s3->base ? http_url_host(s3->base) : NULL;
    return s3->host ? http_url_check(s3->base, err) : osp_nomem(err);
}

static int read_settings(struct s3 *s3, const struct store_settings *settings, osp_error *err)
{
    int ret = aws_load(settings->profile, &s3->aws, err);

    if (ret == OSP_OK)
        ret = take(&s3->aws.region, settings->region, err);
    if (ret == OSP_OK && !s3->aws.region)
        ret = take(&s3->aws.region, "us-east-1", err);
    if (ret == OSP_OK)
        ret = take(&s3->aws.endpoint, settings->endpoint, err);
    if (ret == OSP_OK)
        ret = take(&s3->aws.addressing, settings->addressing, err);
    if (ret == OSP_OK)
        ret = take(&s3->public_url, settings->public_url, err);
    if (ret == OSP_OK)
        ret = take(&s3->memory, settings->memory, err);
    s3->life_s = settings->life_s ? settings->life_s : store_default_life_s();
    s3->part_bytes = settings->part_bytes ? settings->part_bytes : PART_BYTES;
    s3->parallel = settings->parallel ? (size_t)settings->parallel : PARALLEL;
    s3->timeout_s = settings->timeout_s;
    return ret;
}

static int s3_open(const struct store_settings *settings, const char *rest, void **self,
                   osp_error *err)
{
    struct s3 *s3 = calloc(1, sizeof(*s3));
    int ret;

    if (!s3)
        return osp_nomem(err);
    *self = s3;
    ret = read_place(s3, rest, err);
    if (ret == OSP_OK)
        ret = read_settings(s3, settings, err);
    if (ret == OSP_OK)
        ret = choose_style(s3, err);
    return ret == OSP_OK ? make_base(s3, err) : ret;
}

static int put_whole(struct s3 *s3, struct http *http, const struct store_put *put, int64_t size,
                     osp_error *err)
{
    OSP_AUTO(http_answer_release) struct http_answer answer = { 0 };
    char sha256[SHA256_HEX], md5[MD5_BASE64];
    struct s3_call call = { .method = "PUT",
                            .name = put->name,
                            .file = put->file,
                            .length = size,
                            .sha256 = sha256,
                            .md5 = md5,
                            .type = put->type,
                            .content = sha256,
                            .progress = put->progress,
                            .opaque = put->opaque,
                            .cancel = put->cancel };
    int ret = hash_range(put->file, 0, size, sha256, md5, err);

    if (ret == OSP_OK)
        ret = s3_call(s3, http, &call, &answer, err);
    if (ret < 0)
        return osp_while(err, "uploading the reference");
    return answer.status / 100 == 2 ? OSP_OK : s3_refused(s3, &answer, err);
}

static int s3_put(void *self, struct http *http, const struct store_put *put, osp_error *err)
{
    struct s3 *s3 = self;
    int64_t size = fs_size(put->file);

    if (size < 0)
        return osp_fail_errno(err, OSP_EMEDIA, "read", put->file);
    return size > 2 * s3->part_bytes ? s3_put_parts(s3, http, put, size, err)
                                     : put_whole(s3, http, put, size, err);
}

int s3_present(struct s3 *s3, struct http *http, const struct store_put *put, bool *there,
               osp_error *err)
{
    OSP_AUTO(http_answer_release) struct http_answer answer = { 0 };
    struct s3_call call = { .method = "HEAD", .name = put->name, .cancel = put->cancel };
    int ret = s3_call(s3, http, &call, &answer, err);

    *there = ret == OSP_OK && answer.status == 200 && put->sha256 &&
             answer.content_length == fs_size(put->file) && strcmp(answer.sha256, put->sha256) == 0;
    return ret;
}

static int kind_present(void *self, struct http *http, const struct store_put *put, bool *there,
                        osp_error *err)
{
    return s3_present(self, http, put, there, err);
}

static int s3_address(void *self, const char *name, char **url, osp_error *err)
{
    const struct s3 *s3 = self;
    const struct sigv4_key key = { s3->aws.access, s3->aws.secret, s3->aws.token, s3->aws.region,
                                   "s3" };
    OSP_AUTO(auto_free) char *path = s3_path(s3, name);
    OSP_AUTO(auto_free) char *target = NULL;
    struct sigv4_request request = { .method = "GET",
                                     .path = path,
                                     .headers = { { "Host", s3->host } },
                                     .header_count = 1,
                                     .payload = SIGV4_UNSIGNED };

    if (s3->public_url) {
        *url = store_public_address(s3->public_url, name);
        return *url ? OSP_OK : osp_nomem(err);
    }
    if (path)
        target = sigv4_query(&key, &request, (int64_t)time(NULL) + s3->clock_offset_s, s3->life_s);
    *url = target ? str_format("%s%s", s3->base, target) : NULL;
    return *url ? OSP_OK : osp_nomem(err);
}

static int s3_remove(void *self, struct http *http, const char *name, osp_cancel *cancel,
                     osp_error *err)
{
    struct s3 *s3 = self;
    OSP_AUTO(http_answer_release) struct http_answer answer = { 0 };
    struct s3_call call = { .method = "DELETE", .name = name, .cancel = cancel };
    int ret;

    s3_abort_parts(s3, http, name);
    ret = s3_call(s3, http, &call, &answer, err);
    if (ret < 0)
        return osp_while(err, "removing the reference from the store");
    return answer.status / 100 == 2 || answer.status == 404 ? OSP_OK : s3_refused(s3, &answer, err);
}

const struct store_kind store_s3 = {
    .prefix = "s3",
    .open = s3_open,
    .put = s3_put,
    .present = kind_present,
    .address = s3_address,
    .remove = s3_remove,
    .close = s3_close,
};
