/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "store/store.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/auto.h"
#include "base/str.h"

/* The simulator's own store: PUT with its key, GET without. */
struct sim_store {
    char *base;
    char *key;
};

static void sim_close(void *self)
{
    struct sim_store *sim = self;

    auto_free(&sim->base);
    if (sim->key)
        explicit_bzero(sim->key, strlen(sim->key));
    auto_free(&sim->key);
    free(sim);
}

static int sim_open(const struct store_settings *settings, const char *rest, void **self,
                    osp_error *err)
{
    struct sim_store *sim;
    int ret = http_url_check(rest, err);

    if (ret < 0)
        return ret;
    sim = calloc(1, sizeof(*sim));
    if (!sim)
        return osp_nomem(err);
    *self = sim;
    sim->base = strdup(rest);
    sim->key = str_dup(settings->key);
    return sim->base && (sim->key || !settings->key) ? OSP_OK : osp_nomem(err);
}

static int sim_address(void *self, const char *name, char **url, osp_error *err)
{
    struct sim_store *sim = self;

    *url = store_public_address(sim->base, name);
    return *url ? OSP_OK : osp_nomem(err);
}

static int sim_put(void *self, struct http *http, const struct store_put *put, osp_error *err)
{
    struct sim_store *sim = self;
    OSP_AUTO(http_answer_release) struct http_answer answer = { 0 };
    OSP_AUTO(auto_free) char *url = NULL;
    OSP_AUTO(auto_free) char *type = str_format("Content-Type: %s", put->type);
    const char *const headers[] = { type, NULL };
    struct http_request request = {
        .method = "PUT",
        .headers = headers,
        .bearer = sim->key,
        .body_file = put->file,
        .progress = put->progress,
        .opaque = put->opaque,
        .cancel = put->cancel,
    };
    int ret = type ? sim_address(sim, put->name, &url, err) : osp_nomem(err);

    if (ret < 0)
        return ret;
    request.url = url;
    ret = http_perform(http, &request, &answer, err);
    if (ret < 0)
        return osp_while(err, "uploading the reference");
    return answer.status / 100 == 2 ? OSP_OK
                                    : store_refused("take the reference", answer.status, err);
}

static int sim_remove(void *self, struct http *http, const char *name, osp_cancel *cancel,
                      osp_error *err)
{
    struct sim_store *sim = self;
    OSP_AUTO(http_answer_release) struct http_answer answer = { 0 };
    OSP_AUTO(auto_free) char *url = NULL;
    struct http_request request = { .method = "DELETE", .bearer = sim->key, .cancel = cancel };
    int ret = sim_address(sim, name, &url, err);

    if (ret < 0)
        return ret;
    request.url = url;
    ret = http_perform(http, &request, &answer, err);
    if (ret < 0)
        return osp_while(err, "removing the reference from the store");
    if (answer.status / 100 == 2 || answer.status == 404)
        return OSP_OK;
    return store_refused("remove the reference", answer.status, err);
}

const struct store_kind store_sim = {
    .prefix = "sim",
    .open = sim_open,
    .put = sim_put,
    .address = sim_address,
    .remove = sim_remove,
    .close = sim_close,
};
