/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "store/store.h"

#include <stdlib.h>
#include <string.h>

#include "base/auto.h"
#include "base/log.h"
#include "base/str.h"

/* A web server that takes PUT, WebDAV or plain: https://media.example/incoming. */
struct web {
    char *folder;     /* address, no "/" at the end */
    char *public_url; /* where it is read; the folder unless told otherwise */
    char *key, *user;
    int timeout_s;
};

static void web_close(void *self)
{
    struct web *web = self;

    auto_free(&web->folder);
    auto_free(&web->public_url);
    auto_free(&web->user);
    if (web->key)
        explicit_bzero(web->key, strlen(web->key));
    auto_free(&web->key);
    free(web);
}

static int web_check(const struct store_settings *settings, osp_error *err)
{
    const char *url = settings->specification;
    int ret = http_url_check(url, err);

    if (ret < 0)
        return ret;
    if (http_url_has_user(url)) {
        osp_fail(err, OSP_EACCESS, "a store's address with a user or password in it is not used");
        return osp_hint(err, "--store-user and --store-key-file, or OMNISPLICE_STORE_KEY");
    }
    if (strpbrk(url, "?#"))
        return osp_fail(err, OSP_EACCESS, "a store's address ends with a folder, without ? and #");
    if (settings->user && !settings->key)
        return osp_fail(err, OSP_EACCESS,
                        "the store's user has no password: --store-key-file, "
                        "or OMNISPLICE_STORE_KEY");
    return settings->public_url ? http_url_check(settings->public_url, err) : OSP_OK;
}

static int web_open(const struct store_settings *settings, const char *rest, void **self,
                    osp_error *err)
{
    struct web *web = calloc(1, sizeof(*web));
    size_t size = strlen(settings->specification);
    int ret;

    (void)rest;
    if (!web)
        return osp_nomem(err);
    *self = web;
    ret = web_check(settings, err);
    if (ret < 0)
        return ret;
    while (size && settings->specification[size - 1] == '/')
        size--;
    web->folder = strndup(settings->specification, size);
    web->public_url = str_dup(settings->public_url ? settings->public_url : web->folder);
    web->user = str_dup(settings->user);
    web->key = str_dup(settings->key);
    web->timeout_s = settings->timeout_s;
    return web->folder && web->public_url && (web->user || !settings->user) &&
                   (web->key || !settings->key)
               ? OSP_OK
               : osp_nomem(err);
}

/* One request with the store's key. @return as http_perform() */
static int ask(const struct web *web, struct http *http, struct http_request *request,
               const char *url, struct http_answer *answer, osp_error *err)
{
    request->url = url;
    request->bearer = web->key;
    request->user = web->user;
    request->idle_timeout_s = web->timeout_s;
    return http_perform(http, request, answer, err);
}

static int put_once(const struct web *web, struct http *http, const struct store_put *put,
                    const char *url, struct http_answer *answer, osp_error *err)
{
    OSP_AUTO(auto_free) char *type = str_format("Content-Type: %s", put->type);
    const char *const headers[] = { type, NULL };
    struct http_request request = { .method = "PUT",
                                    .headers = headers,
                                    .body_file = put->file,
                                    .progress = put->progress,
                                    .opaque = put->opaque,
                                    .cancel = put->cancel };

    http_answer_release(answer);
    return type ? ask(web, http, &request, url, answer, err) : osp_nomem(err);
}

/* RFC 4918 9.7.1: 409 where a folder on the way is missing. It is made, with those above it, from
 * the top: a folder that is there (405) or not ours to make is no reason to stop. */
static int make_folders(const struct web *web, struct http *http, osp_cancel *cancel,
                        osp_error *err)
{
    const char *path = strstr(web->folder, "://") + 3;

    for (path = strchr(path, '/'); path; path = strchr(path, '/')) {
        OSP_AUTO(http_answer_release) struct http_answer answer = { 0 };
        size_t size;
        OSP_AUTO(auto_free) char *url = NULL;
        struct http_request request = { .method = "MKCOL", .cancel = cancel };
        int ret;

        path++;
        size = (size_t)(path - web->folder) + strcspn(path, "/");
        url = str_format("%.*s/", (int)size, web->folder);
        ret = url ? ask(web, http, &request, url, &answer, err) : osp_nomem(err);
        if (ret < 0)
            return ret;
    }
    return OSP_OK;
}

static int web_put(void *self, struct http *http, const struct store_put *put, osp_error *err)
{
    const struct web *web = self;
    OSP_AUTO(http_answer_release) struct http_answer answer = { 0 };
    OSP_AUTO(auto_free) char *url = store_public_address(web->folder, put->name);
    int ret = url ? put_once(web, http, put, url, &answer, err) : osp_nomem(err);

    if (ret == OSP_OK && (answer.status == 409 || answer.status == 404)) {
        ret = make_folders(web, http, put->cancel, err);
        if (ret == OSP_OK)
            ret = put_once(web, http, put, url, &answer, err);
    }
    if (ret < 0)
        return osp_while(err, "uploading the reference");
    return answer.status / 100 == 2 ? OSP_OK
                                    : store_refused("take the reference", answer.status, err);
}

static int web_address(void *self, const char *name, char **url, osp_error *err)
{
    const struct web *web = self;

    *url = store_public_address(web->public_url, name);
    return *url ? OSP_OK : osp_nomem(err);
}

static int web_remove(void *self, struct http *http, const char *name, osp_cancel *cancel,
                      osp_error *err)
{
    const struct web *web = self;
    OSP_AUTO(http_answer_release) struct http_answer answer = { 0 };
    OSP_AUTO(auto_free) char *url = store_public_address(web->folder, name);
    struct http_request request = { .method = "DELETE", .cancel = cancel };
    int ret = url ? ask(web, http, &request, url, &answer, err) : osp_nomem(err);

    if (ret < 0)
        return osp_while(err, "removing the reference from the store");
    if (answer.status / 100 == 2 || answer.status == 404)
        return OSP_OK;
    return store_refused("remove the reference", answer.status, err);
}

const struct store_kind store_http = {
    .prefix = "http",
    .open = web_open,
    .put = web_put,
    .address = web_address,
    .remove = web_remove,
    .close = web_close,
};

const struct store_kind store_https = {
    .prefix = "https",
    .open = web_open,
    .put = web_put,
    .address = web_address,
    .remove = web_remove,
    .close = web_close,
};
