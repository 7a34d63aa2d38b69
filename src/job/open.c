/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/auto.h"
#include "base/fs.h"
#include "base/hash.h"
#include "base/rational.h"
#include "base/str.h"
#include "gateway/request.h"
#include "job/handle.h"

#define JOB_ID_SIZE      13 /* 12 digits of base32 */
#define EXTERNAL_ID_BODY 27 /* 26 digits behind "osp-" */

/* ---- does it need paying, and may it? ------------------------------------------------------ */

/* A refused job may be run again for nothing; one that was paid for only when that was asked for.
 * A job that still goes on is met again even then: it has not been answered yet. */
static bool wanted_anew(const struct job_row *latest, void *opaque)
{
    const osp_shot *shot = opaque;

    switch (latest->state) {
    case OSP_JOB_REFUSED:
        return true;
    case OSP_JOB_FORGOTTEN:
        return shot->again || !job_row_paid(latest);
    case OSP_JOB_DONE:
    case OSP_JOB_FAILED:
    case OSP_JOB_REJECTED:
    case OSP_JOB_LOST:
        return shot->again;
    default:
        return false;
    }
}

static int within_bound(const struct config *config, const osp_plan *plan, osp_error *err)
{
    const char *price = osp_plan_price(plan);
    osp_rational units, bound;

    if (!config->max_units.value || !rational_parse(config->max_units.value, &bound))
        return OSP_OK;
    if (!price || !rational_parse(price, &units)) {
        osp_fail(err, OSP_EMONEY,
                 "the profile tells no price, so the bound of %s units (%s) cannot "
                 "be kept",
                 config->max_units.value, config->max_units.origin);
        return osp_hint(err, "nothing was sent");
    }
    if (rational_compare(units, bound) <= 0)
        return OSP_OK;
    osp_fail(err, OSP_EMONEY, "this edit costs %s units, the bound is %s (%s)", price,
             config->max_units.value, config->max_units.origin);
    return osp_hint(err, "a shorter shot costs less; nothing was sent");
}

/* What would be missed only after minutes of work is asked for now. */
static int may_pay(const struct config *config, const osp_plan *plan, osp_error *err)
{
    int ret = config_need_key(config, err);

    return ret < 0 ? ret : within_bound(config, plan, err);
}

/* ---- a row --------------------------------------------------------------------------------- */

/* Absolute, so that a later run from another folder finds it. */
static int absolute(char **member, const char *path, osp_error *err)
{
    OSP_AUTO(auto_free) char *full = path ? realpath(path, NULL) : NULL;

    return job_row_text(member, full ? full : path, err);
}

static bool is_file(const char *profile)
{
    return profile && (strchr(profile, '/') || str_ends(profile, ".json"));
}

static int row_of_shot(const osp_shot *shot, struct job_row *row, osp_error *err)
{
    int ret = absolute(&row->master, shot->master, err);

    if (ret == OSP_OK)
        ret = job_row_text(&row->from, shot->from, err);
    if (ret == OSP_OK)
        ret = job_row_text(&row->to, shot->to, err);
    if (ret == OSP_OK)
        ret = job_row_text(&row->prompt, shot->prompt, err);
    if (ret == OSP_OK)
        ret = job_row_text(&row->mode, shot->mode, err);
    if (ret == OSP_OK)
        ret = is_file(shot->profile) ? absolute(&row->profile, shot->profile, err)
                                     : job_row_text(&row->profile, shot->profile, err);
    if (ret == OSP_OK)
        ret = job_row_text(&row->fit, shot->fit, err);
    row->keep_sound = shot->keep_sound;
    row->no_cite = shot->no_cite;
    return ret;
}

static int fresh_row(const osp_shot *shot, const struct material *m, struct job_row *row,
                     osp_error *err)
{
    char id[JOB_ID_SIZE], body[EXTERNAL_ID_BODY], external[EXTERNAL_ID_BODY + 4];
    int ret = row_of_shot(shot, row, err);

    random_base32(id, sizeof(id));
    random_base32(body, sizeof(body));
    snprintf(external, sizeof(external), "osp-%s", body);
    if (ret == OSP_OK)
        ret = job_row_text(&row->id, id, err);
    if (ret == OSP_OK)
        ret = job_row_text(&row->key, m->key, err);
    if (ret == OSP_OK)
        ret = job_row_text(&row->external_task_id, external, err);
    if (ret == OSP_OK)
        ret = job_row_text(&row->gateway, m->gateway, err);
    if (ret == OSP_OK)
        ret = job_row_text(&row->endpoint, GATEWAY_OMNI_VIDEO, err);
    if (ret == OSP_OK)
        ret = job_row_text(&row->units_estimated, osp_plan_price(m->plan), err);
    return ret;
}

/* ---- a job object -------------------------------------------------------------------------- */

/* Addresses were once kept as they were spelled, and the spelling is in the key: a job of that time
 * is met under its own. */
static int meet_older_spelling(osp_engine *engine, const osp_shot *shot, struct material *m,
                               osp_error *err)
{
    const char *ours = engine->config->gateway.value;
    OSP_AUTO(journal_ids_free) char **gateways = NULL;
    OSP_AUTO(job_row_release) struct job_row row = { 0 };
    int ret = journal_latest(engine->journal, m->key, &row, err);

    if (ret == 0 && strstr(ours, "://"))
        ret = journal_gateways(engine->journal, &gateways, err);
    for (char **older = gateways; ret == OSP_OK && older && *older; older++) {
        if (strcmp(*older, ours) == 0 || !engine_same_gateway(*older, ours))
            continue;
        ret = material_rename(m, shot, *older, err);
        if (ret == OSP_OK)
            ret = journal_latest(engine->journal, m->key, &row, err);
        if (ret == 0)
            ret = material_rename(m, shot, ours, err);
    }
    return ret < 0 ? ret : OSP_OK;
}

static int find_row(osp_engine *engine, const osp_shot *shot, const struct material *m,
                    struct job_row *row, osp_error *err)
{
    OSP_AUTO(job_row_release) struct job_row latest = { 0 };
    osp_shot copy = *shot;
    int ret = journal_latest(engine->journal, m->key, &latest, err);

    if (ret < 0)
        return ret;
    if (ret == 0 || wanted_anew(&latest, &copy) || latest.state < OSP_JOB_SENDING)
        ret = may_pay(engine->config, m->plan, err);
    if (ret >= 0)
        ret = fresh_row(shot, m, row, err);
    if (ret >= 0)
        ret = journal_attach(engine->journal, row, wanted_anew, &copy, err);
    return ret < 0 ? ret : OSP_OK;
}

int osp_job_open(osp_engine *engine, const osp_shot *shot, osp_job **out, osp_error *err)
{
    OSP_AUTO(job_row_release) struct job_row row = { 0 };
    OSP_AUTO(material_release) struct material material = { 0 };
    OSP_AUTO(osp_job_free) osp_job *job = NULL;
    int ret = config_need_gateway(engine->config, err);

    if (ret == OSP_OK)
        ret = http_url_check(engine->config->gateway_url.value, err);
    if (ret == OSP_OK)
        ret = material_make(engine, shot, engine->config->gateway.value, &material, err);
    if (ret == OSP_OK)
        ret = meet_older_spelling(engine, shot, &material, err);
    if (ret == OSP_OK)
        ret = find_row(engine, shot, &material, &row, err);
    if (ret == OSP_OK)
        ret = job_new(engine, &row, &job, err);
    if (ret < 0)
        return ret;
    job->material = material;
    memset(&material, 0, sizeof(material));
    *out = OSP_TAKE(job);
    return OSP_OK;
}

int osp_job_find(osp_engine *engine, const char *id, osp_job **out, osp_error *err)
{
    OSP_AUTO(job_row_release) struct job_row row = { 0 };
    OSP_AUTO(auto_free) char *whole = NULL;
    int found = journal_match(engine->journal, id, &whole, err);

    if (found < 0)
        return found;
    if (found == 0 || !*id) {
        osp_fail(err, OSP_EUSAGE, "there is no job '%s'", id);
        return osp_hint(err, "omnisplice jobs lists them");
    }
    if (found > 1)
        return osp_fail(err, OSP_EUSAGE, "more than one job begins with '%s'", id);
    found = journal_load(engine->journal, whole, &row, err);
    if (found < 0)
        return found;
    return job_new(engine, &row, out, err);
}

int job_restore(osp_job *job, osp_error *err)
{
    struct material material = { 0 };
    int ret;

    if (job->material.plan)
        return OSP_OK;
    ret = material_make(job->engine, &job->shot, job->gateway, &material, err);
    if (ret == OSP_OK && strcmp(material.key, job->key) != 0)
        ret = osp_fail(err, OSP_EMEDIA, "'%s' or the profile has changed since job %s was made",
                       job->shot.master, job->id);
    if (ret < 0) {
        material_release(&material);
        return ret;
    }
    job->material = material;
    return OSP_OK;
}
