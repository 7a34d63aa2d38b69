/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "store/store.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/auto.h"
#include "base/fs.h"
#include "base/hash.h"
#include "base/str.h"

struct store {
    const struct store_kind *kind;
    void *self;
    struct http *http;
};

static const struct store_kind *const kinds[] = { &store_s3,  &store_http, &store_https,
                                                  &store_cmd, &store_dir,  &store_sim };

#define PAGE_CEILING 65536 /* of an error page, which may be longer than the object */

static const struct {
    const char *extension, *type;
} types[] = {
    { ".mp4", "video/mp4" }, { ".mov", "video/quicktime" }, { ".jpg", "image/jpeg" },
    { ".png", "image/png" }, { ".mp3", "audio/mpeg" },      { ".wav", "audio/wav" },
};

static int unknown_kind(const char *specification, osp_error *err)
{
    OSP_AUTO(strbuf_release) struct strbuf names = STRBUF_INIT;
    OSP_AUTO(auto_free) char *shown = http_mask(specification);

    for (size_t i = 0; i < OSP_COUNT(kinds); i++)
        strbuf_printf(&names, "%s%s:", i ? ", " : "", kinds[i]->prefix);
    osp_fail(err, OSP_EACCESS, "'%s' is no store: there are %s", shown ? shown : "",
             names.data ? names.data : "");
    return osp_hint(err, "for example s3://bucket/prefix, dir:/srv/media with a public_url, or "
                         "[store NAME] in config.ini");
}

int store_open(const struct store_settings *settings, struct store **out, osp_error *err)
{
    const char *spec = settings->specification;
    size_t size = strcspn(spec, ":");
    OSP_AUTO(store_close) struct store *store = calloc(1, sizeof(*store));
    int ret;

    if (!store)
        return osp_nomem(err);
    for (size_t i = 0; spec[size] && i < OSP_COUNT(kinds); i++) {
        if (strlen(kinds[i]->prefix) == size && strncmp(kinds[i]->prefix, spec, size) == 0)
            store->kind = kinds[i];
    }
    if (!store->kind)
        return unknown_kind(spec, err);
    store->http = settings->http;
    ret = store->kind->open(settings, spec + size + 1, &store->self, err);
    if (ret < 0)
        return ret;
    *out = OSP_TAKE(store);
    return OSP_OK;
}

int store_put(struct store *store, const struct store_put *put, osp_error *err)
{
    return store->kind->put(store->self, store->http, put, err);
}

int store_present(struct store *store, const struct store_put *put, bool fetch_back, bool *there,
                  osp_error *err)
{
    OSP_AUTO(auto_free) char *url = NULL;
    osp_error fault = { 0 };
    int ret;

    *there = false;
    if (store->kind->present)
        ret = store->kind->present(store->self, store->http, put, there, &fault);
    else if (!fetch_back)
        return OSP_OK;
    else
        ret = store_address(store, put->name, &url, &fault);
    if (ret == OSP_OK && url) {
        ret = store_fetch_back(store, url, fs_size(put->file), put->cancel, &fault);
        *there = ret == OSP_OK;
    }
    return ret == OSP_ECANCELED ? osp_fail(err, ret, "interrupted") : OSP_OK;
}

int store_address(struct store *store, const char *name, char **url, osp_error *err)
{
    return store->kind->address(store->self, name, url, err);
}

int store_remove(struct store *store, const char *name, osp_cancel *cancel, osp_error *err)
{
    return store->kind->remove(store->self, store->http, name, cancel, err);
}

void store_close(struct store **store)
{
    if (!store || !*store)
        return;
    if ((*store)->self)
        (*store)->kind->close((*store)->self);
    free(*store);
    *store = NULL;
}

/* "bytes 0-0/12345" of a 206; a server without Range sends all of it with 200. */
static int64_t told_size(const struct http_answer *answer)
{
    const char *slash = strrchr(answer->content_range, '/');
    int64_t size = -1;

    if (answer->status == 206 && slash && str_to_int64(slash + 1, 0, INT64_MAX, &size))
        return size;
    return answer->status == 200 ? (int64_t)answer->body_size : -1;
}

int store_fetch_back(struct store *store, const char *url, int64_t size, osp_cancel *cancel,
                     osp_error *err)
{
    static const char *const range[] = { "Range: bytes=0-0", NULL };
    OSP_AUTO(http_answer_release) struct http_answer answer = { 0 };
    OSP_AUTO(auto_free) char *shown = http_mask(url);
    struct http_request request = { .url = url,
                                    .headers = range,
                                    .cancel = cancel,
                                    .follow = true,
                                    .ceiling = size + PAGE_CEILING };
    int ret = http_perform(store->http, &request, &answer, err);

    if (ret < 0)
        return osp_while(err, "fetching the reference back as the service would");
    if (answer.status != 200 && answer.status != 206) {
        osp_fail(err, OSP_EACCESS, "'%s' cannot be fetched back: HTTP %d", shown ? shown : "",
                 answer.status);
        return osp_hint(err, "the service needs to read it without a key; where it can and this "
                             "machine cannot: --no-fetch-back");
    }
    if (told_size(&answer) != size)
        return osp_fail(err, OSP_EACCESS, "'%s' has %lld bytes, %lld were put there",
                        shown ? shown : "", (long long)told_size(&answer), (long long)size);
    return OSP_OK;
}

char *store_label(const char *specification)
{
    char hash[SHA256_HEX];

    if (!str_starts(specification, "cmd:"))
        return strdup(specification);
    sha256_buffer(specification, strlen(specification), hash); /* who knows what a command holds */
    return str_format("cmd:%.16s", hash);
}

int64_t store_default_life_s(void)
{
    return 6 * 3600; /* longer than the service needs, shorter than for ever */
}

char *store_public_address(const char *public_url, const char *name)
{
    static const char mark[] = "{name}";
    OSP_AUTO(auto_free) char *segment = http_escape(name);
    const char *at = strstr(public_url, mark);
    size_t base = at ? (size_t)(at - public_url) : strlen(public_url);

    if (!segment)
        return NULL;
    if (at)
        return str_format("%.*s%s%s", (int)base, public_url, segment, at + strlen(mark));
    while (base && public_url[base - 1] == '/')
        base--;
    return str_format("%.*s/%s", (int)base, public_url, segment);
}

int store_refused(const char *what, int status, osp_error *err)
{
    static const struct {
        int status;
        osp_code code;
        const char *words, *hint;
    } rows[] = {
        { 401, OSP_EACCESS, "the store refuses the key", "the store's user and key_file" },
        { 403, OSP_EACCESS, "the store refuses the key", "the store's user and key_file" },
        { 404, OSP_EACCESS, "the store has no such folder", "make the folder there first" },
        { 405, OSP_EACCESS, "the store takes no uploads", "WebDAV or PUT must be allowed there" },
        { 409, OSP_EACCESS, "the store has no such folder", "make the folder there first" },
        { 413, OSP_EOUTPUT, "the store takes no file of that size", "raise its limit on bodies" },
        { 500, OSP_EAGAIN, "the store fails",
          "nginx answers so when its disk is full and when it may not make the folder" },
        { 507, OSP_EOUTPUT, "the store has no room", NULL },
    };

    for (size_t i = 0; i < OSP_COUNT(rows); i++) {
        if (rows[i].status != status)
            continue;
        osp_fail(err, rows[i].code, "%s: HTTP %d", rows[i].words, status);
        return rows[i].hint ? osp_hint(err, "%s", rows[i].hint) : (int)rows[i].code;
    }
    return osp_fail(err, status >= 500 || status == 429 ? OSP_EAGAIN : OSP_EACCESS,
                    "the store cannot %s: HTTP %d", what, status);
}

char *store_name(const char *file)
{
    const char *point = strrchr(file, '.');
    char random[33];

    random_base32(random, sizeof(random));
    return str_format("%s%s", random, point && !strchr(point, '/') ? point : "");
}

const char *store_type(const char *name)
{
    for (size_t i = 0; i < OSP_COUNT(types); i++) {
        if (str_ends(name, types[i].extension))
            return types[i].type;
    }
    return "application/octet-stream";
}
