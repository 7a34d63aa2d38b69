/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "job/engine.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/auto.h"
#include "base/cancel.h"
#include "base/fs.h"
#include "base/json.h"
#include "base/str.h"
#include "net/retry.h"
#include "store/store.h"

#define QUERY_SPACING_US 100000 /* ten a second */

static const struct backoff sim_tries = { ENGINE_SIM_TRIES, 200, 1600 };

void osp_engine_options_init(osp_engine_options *options)
{
    memset(options, 0, sizeof(*options));
    options->size = sizeof(*options);
}

static int open_journal(osp_engine *engine, osp_error *err)
{
    const char *state = engine->config->state.value;
    OSP_AUTO(auto_free) char *path = str_format("%s/jobs.db", state);
    int ret = path ? fs_mkdirs(state, err) : osp_nomem(err);

    if (ret == OSP_OK)
        ret = journal_open(path, &engine->journal, err);
    return ret;
}

/* However an address is spelled, its jobs are the same. */
static int name_gateway(struct config *config, osp_error *err)
{
    char *told = config->gateway.value;
    OSP_AUTO(auto_free) char *name = told && strstr(told, "://") ? http_url_identity(told) : NULL;

    return name ? job_row_text(&config->gateway.value, name, err) : OSP_OK;
}

bool engine_same_gateway(const char *a, const char *b)
{
    OSP_AUTO(auto_free) char *first = NULL;
    OSP_AUTO(auto_free) char *second = NULL;

    if (strcmp(a, b) == 0)
        return true;
    if (!strstr(a, "://") || !strstr(b, "://"))
        return false;
    first = http_url_identity(a);
    second = http_url_identity(b);
    return first && second && strcmp(first, second) == 0;
}

/* A caller built for another version knows fewer members. */
static void known_options(const osp_engine_options *options, osp_engine_options *known)
{
    osp_engine_options_init(known);
    if (options && options->size)
        memcpy(known, options, options->size < sizeof(*known) ? options->size : sizeof(*known));
}

int osp_engine_open(const osp_engine_options *options, osp_engine **out, osp_error *err)
{
    OSP_AUTO(osp_engine_close) osp_engine *engine = calloc(1, sizeof(*engine));
    osp_engine_options known;
    int ret;

    if (!engine)
        return osp_nomem(err);
    known_options(options, &known);
    pthread_mutex_init(&engine->lock, NULL);
    engine->sim = -1;
    ret = config_load(&known, &engine->config, err);
    if (ret == OSP_OK)
        ret = name_gateway(engine->config, err);
    if (ret == OSP_OK)
        ret = open_journal(engine, err);
    if (ret < 0)
        return ret;
    *out = OSP_TAKE(engine);
    return OSP_OK;
}

int osp_store_text(const osp_engine_options *options, char **out, osp_error *err)
{
    OSP_AUTO(config_free) struct config *config = NULL;
    OSP_AUTO(auto_free) char *shown = NULL;
    osp_engine_options known;
    char life[64] = "";
    int ret;

    *out = NULL;
    known_options(options, &known);
    ret = config_load(&known, &config, err);
    if (ret < 0 || !config->store.value)
        return ret;
    shown = store_label(config->store.value);
    if (!shown)
        return osp_nomem(err);
    if (str_starts(shown, "s3:") && !config->public_url.value)
        snprintf(life, sizeof(life), "; its address can be read for %.4g h",
                 (double)config_number(&config->store_life_s, store_default_life_s()) / 3600);
    *out = str_format("%s%s%s%s; %s", config->store_name.value ? config->store_name.value : "",
                      config->store_name.value ? ", " : "", shown, life,
                      config->keep_upload.value ? "it stays there after the job"
                                                : "it is removed after the job");
    return *out ? OSP_OK : osp_nomem(err);
}

char *osp_engine_settings_json(const osp_engine *engine)
{
    return config_json(engine->config);
}

void osp_engine_close(osp_engine **engine)
{
    if (!engine || !*engine)
        return;
    journal_close(&(*engine)->journal);
    config_free(&(*engine)->config);
    free((*engine)->sim_store);
    pthread_mutex_destroy(&(*engine)->lock);
    free(*engine);
    *engine = NULL;
}

char *engine_folder(const osp_engine *engine, const char *id)
{
    return str_format("%s/jobs/%s", engine->config->state.value, id);
}

/* A simulator answers GET /sim with {"store": ...}; anything else is a gateway. */
static void learn(osp_engine *engine, const struct http_answer *answer)
{
    OSP_AUTO(json_free) struct json *root = NULL;
    osp_error ignored = { 0 };
    const char *store = NULL;

    if (answer->status == 200 &&
        json_parse(answer->body, answer->body_size, "answer", &root, &ignored) == OSP_OK)
        store = json_string(json_get(root, "store"));
    pthread_mutex_lock(&engine->lock);
    if (engine->sim < 0) {
        engine->sim_store = str_dup(store);
        engine->sim = engine->sim_store ? 1 : 0;
    }
    pthread_mutex_unlock(&engine->lock);
}

static int known_sim(osp_engine *engine)
{
    int known;

    pthread_mutex_lock(&engine->lock);
    known = engine->sim;
    pthread_mutex_unlock(&engine->lock);
    return known;
}

const char *engine_sim_store(osp_engine *engine)
{
    const char *store;

    pthread_mutex_lock(&engine->lock);
    store = engine->sim_store;
    pthread_mutex_unlock(&engine->lock);
    return store;
}

int engine_is_sim(osp_engine *engine, struct http *http, int tries, osp_cancel *cancel,
                  osp_error *err)
{
    const char *base = engine->config->gateway_url.value;
    OSP_AUTO(auto_free) char *url = str_format("%s/sim", base);
    struct http_request request = { .url = url, .cancel = cancel, .connect_timeout_s = 10 };
    bool asked = engine->config->store.value && !http_url_is_loopback(base);

    if (!url)
        return osp_nomem(err);
    if (asked) /* a gateway that is none of ours is not asked for what nobody needs */
        return 0;
    for (int attempt = 1; known_sim(engine) < 0; attempt++) {
        OSP_AUTO(http_answer_release) struct http_answer answer = { 0 };
        osp_error fault = { 0 };
        int ret = http_perform(http, &request, &answer, &fault);

        if (ret == OSP_OK) {
            learn(engine, &answer);
        } else if (ret != OSP_EAGAIN || attempt >= tries) {
            if (err && !err->code)
                *err = fault;
            return ret;
        } else {
            ret = cancel_sleep(cancel, backoff_wait_ms(&sim_tries, attempt, ""), err);
            if (ret < 0)
                return ret;
        }
    }
    return known_sim(engine);
}

int engine_query_turn(osp_engine *engine, osp_cancel *cancel, osp_error *err)
{
    int64_t now = job_mono_us(), turn;

    pthread_mutex_lock(&engine->lock);
    turn = engine->next_query_us > now ? engine->next_query_us : now;
    engine->next_query_us = turn + QUERY_SPACING_US;
    pthread_mutex_unlock(&engine->lock);
    return turn > now ? cancel_sleep(cancel, (int)((turn - now) / 1000) + 1, err)
                      : cancel_check(cancel, err);
}
