/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "job/material.h"

#include <stdlib.h>
#include <string.h>

#include "base/auto.h"
#include "base/json.h"
#include "check/profile.h"
#include "gateway/request.h"
#include "probe/packets.h"

void material_release(struct material *material)
{
    osp_facts_free(&material->facts);
    osp_profile_free(&material->profile);
    osp_plan_free(&material->plan);
    auto_free(&material->request);
    auto_free(&material->gateway);
}

static int read_master(const char *path, osp_facts **facts, osp_error *err)
{
    int ret;

    if (!path)
        return osp_fail(err, OSP_EUSAGE, "an edit needs a master");
    ret = osp_probe(path, facts, err);
    if (ret < 0)
        return ret;
    if ((*facts)->kind == OSP_KIND_UNKNOWN)
        return osp_fail(err, OSP_EMEDIA, "'%s' cannot be read: %s", path, (*facts)->fault);
    if ((*facts)->kind != OSP_KIND_VIDEO)
        return osp_fail(err, OSP_EMEDIA, "'%s' is no video", path);
    return OSP_OK;
}

static osp_fit fit_of(const char *name)
{
    if (name && strcmp(name, "pad") == 0)
        return OSP_FIT_PAD;
    return name && strcmp(name, "stretch") == 0 ? OSP_FIT_STRETCH : OSP_FIT_CROP;
}

static int make_plan(const osp_shot *shot, struct material *m, osp_error *err)
{
    osp_plan_options options;
    int ret;

    osp_plan_options_init(&options);
    options.use = OSP_USE_EDIT;
    options.from = shot->from;
    options.to = shot->to;
    options.fit = fit_of(shot->fit);
    options.mode = shot->mode;
    options.keep_sound = shot->keep_sound;
    ret = osp_plan_make(m->facts, m->profile, &options, &m->plan, err);
    return ret == OSP_EMEDIA ? osp_while(err, "planning '%s'", shot->master) : ret;
}

static void hash_cleanup(struct sha256 **hash)
{
    sha256_free(hash);
}

/* What a document means, without the words that another version may choose otherwise, and what says
 * nothing about the picture: an upgrade must meet the jobs that were paid for before it.
 * @param patch  names them (RFC 7396). @return yours; NULL: out of memory */
static char *meaning(const char *text, const char *patch)
{
    OSP_AUTO(json_free) struct json *root = NULL;
    OSP_AUTO(json_free) struct json *without = NULL;

    if (!text || json_parse(text, strlen(text), "document", &root, NULL) < 0 ||
        json_parse(patch, strlen(patch), "patch", &without, NULL) < 0)
        return NULL;
    json_merge(root, without);
    return json_print_canonical(root);
}

/* No file name and no time stamp of a file goes in: a copy of the master meets the same job. */
static int make_key(const osp_shot *shot, struct material *m, osp_error *err)
{
    OSP_AUTO(hash_cleanup) struct sha256 *hash = sha256_new();
    static const char plan_words[] = "{\"steps\":null,\"price\":null}";
    static const char profile_words[] = "{\"as_of\":null,\"source\":null,\"model\":null,"
                                        "\"billing\":null,\"result\":{\"bytes_max\":null}}";
    OSP_AUTO(auto_free) char *plan_text = osp_plan_json(m->plan);
    OSP_AUTO(auto_free) char *profile_text = osp_profile_json(m->profile);
    OSP_AUTO(auto_free) char *plan = meaning(plan_text, plan_words);
    OSP_AUTO(auto_free) char *profile = meaning(profile_text, profile_words);
    osp_plan_summary range = { .size = sizeof(range) };
    char packets[SHA256_HEX];
    int ret;

    if (!hash || !plan || !profile)
        return osp_nomem(err);
    osp_plan_summarize(m->plan, &range);
    ret = probe_hash_range(shot->master, m->facts, range.sent_first, range.sent_frames, packets,
                           err);
    if (ret < 0)
        return ret;
    sha256_add_text(hash, "omnisplice job 2"); /* raise it when the meaning of a field changes */
    sha256_add_text(hash, packets);
    sha256_add_int64(hash, range.first_frame);
    sha256_add_int64(hash, range.frames);
    sha256_add_text(hash, plan);
    sha256_add_text(hash, m->request);
    sha256_add_text(hash, profile);
    sha256_add_text(hash, m->gateway);
    sha256_add_text(hash, GATEWAY_OMNI_VIDEO);
    sha256_hex(hash, m->key);
    return OSP_OK;
}

int material_rename(struct material *material, const osp_shot *shot, const char *gateway,
                    osp_error *err)
{
    int ret = job_row_text(&material->gateway, gateway, err);

    return ret < 0 ? ret : make_key(shot, material, err);
}

int material_make(const osp_engine *engine, const osp_shot *shot, const char *gateway,
                  struct material *out, osp_error *err)
{
    const char *profile = shot->profile ? shot->profile : engine->config->profile.value;
    struct edit_request request = {
        .prompt = shot->prompt,
        .mode = shot->mode,
        .keep_sound = shot->keep_sound,
        .no_cite = shot->no_cite,
    };
    int ret;

    memset(out, 0, sizeof(*out));
    ret = profile_open(profile, &out->profile, err);
    if (ret == OSP_OK) /* before the file: what is wrong with the words costs no reading */
        ret = request_edit(&request, out->profile, &out->request, err);
    if (ret == OSP_OK)
        ret = read_master(shot->master, &out->facts, err);
    if (ret == OSP_OK)
        ret = make_plan(shot, out, err);
    if (ret == OSP_OK)
        ret = material_rename(out, shot, gateway, err);
    return ret;
}
