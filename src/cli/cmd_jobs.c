/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* jobs, resume, fetch, forget: the journal. */
#include <stdlib.h>
#include <string.h>

#include "base/array.h"
#include "base/auto.h"
#include "base/error.h"
#include "base/str.h"
#include "cli/cli.h"
#include "report/report.h"

struct list {
    osp_job_info *items;
    size_t count, capacity;
    bool full;
};

static void list_release(struct list *list)
{
    free(list->items);
}

static int collect(const osp_job_info *info, void *opaque)
{
    struct list *list = opaque;

    if (!array_grow((void **)&list->items, sizeof(*list->items), list->count, &list->capacity)) {
        list->full = true;
        return 1;
    }
    list->items[list->count++] = *info;
    return 0;
}

/* The journal needs no gateway: it is read with whatever name stands there. */
static int read_journal(const struct settings *s, struct list *list, osp_error *err)
{
    OSP_AUTO(osp_engine_close) osp_engine *engine = NULL;
    osp_engine_options options;
    int ret;

    osp_engine_options_init(&options);
    options.state = s->state;
    options.config = s->config;
    ret = osp_engine_open(&options, &engine, err);
    if (ret == OSP_OK)
        ret = osp_job_list(engine, collect, list, err);
    return ret < 0 ? ret : list->full ? osp_nomem(err) : OSP_OK;
}

static bool selected(const struct settings *s, const osp_job_info *info)
{
    for (int i = 0; i < s->argument_count; i++) {
        if (str_starts(info->id, s->arguments[i]))
            return true;
    }
    return s->argument_count == 0;
}

/* What was only looked at is no job to a person, unless it is asked for by its id. */
static bool listed(const struct settings *s, const osp_job_info *info)
{
    return selected(s, info) && (info->begun_us || s->argument_count);
}

int cmd_jobs(const struct settings *s, osp_error *err)
{
    OSP_AUTO(list_release) struct list list = { 0 };
    struct json *document, *jobs;
    int ret = read_journal(s, &list, err);

    if (ret < 0)
        return ret;
    for (size_t i = 0; (!s->json || s->json_file) && i < list.count; i++) {
        if (listed(s, &list.items[i]))
            report_job_text(stdout, &list.items[i]);
    }
    if (!s->json)
        return OSP_OK;
    document = json_object();
    jobs = json_array();
    for (size_t i = 0; i < list.count; i++) {
        if (listed(s, &list.items[i]))
            json_push(jobs, report_job_json(&list.items[i]));
    }
    json_set_string(document, "schema", "omnisplice.jobs/1");
    json_set(document, "jobs", jobs);
    return cli_print_json(s, document, err);
}

/* ---- resume ---- */

/* Begun and not ended; a clip that is there and was begun for no file needs nothing more. */
static bool unfinished(const osp_job_info *info)
{
    return info->begun_us &&
           (info->state < OSP_JOB_FETCHED || (info->state == OSP_JOB_FETCHED && info->output[0]));
}

/* Resuming and fetching may cost: what nobody has allowed to cost is left alone. */
static int check_begun(const osp_job_info *info, osp_error *err)
{
    if (info->begun_us)
        return OSP_OK;
    return osp_fail(err, OSP_EUSAGE, "job %s was only looked at, never begun: run its edit",
                    info->id);
}

static int resume_one(const struct settings *s, const osp_job_info *info, osp_error *err)
{
    OSP_AUTO(session_close) struct session session = { 0 };
    osp_edit_options options;
    OSP_AUTO(osp_edit_report_release) osp_edit_report r = { 0 };
    const char *gateway = s->gateway ? s->gateway : info->gateway;
    int ret = check_begun(info, err);

    if (ret == OSP_OK)
        ret = session_open(s, gateway, &session, err);
    osp_edit_options_init(&options);
    options.output = s->output;
    options.overwrite = s->overwrite;
    options.resend = s->resend;
    options.reencode = s->reencode;
    if (ret == OSP_OK)
        ret = osp_edit_resume(session.engine, info->id, &options, cli_control(), &r, err);
    progress_clear();
    if (ret < 0) {
        if (err->code == OSP_ECANCELED || err->code == OSP_EAGAIN)
            osp_hint(err, "omnisplice resume %s", info->id);
        return ret;
    }
    if (!s->json || s->json_file)
        report_edit_text(cli_talk(s), &r, r.job.output[0] ? r.job.output : NULL);
    return s->json ? cli_print_json(s, report_edit_json(&r, r.job.output), err) : OSP_OK;
}

/* The worst code of several, and a line for each failure but the last. */
static int resume_listed(const struct settings *s, const struct list *list, osp_error *err)
{
    int worst = OSP_OK, resumed = 0;

    for (size_t i = 0; i < list->count; i++) {
        osp_error own = { 0 };
        bool wanted = s->argument_count ? selected(s, &list->items[i])
                                        : unfinished(&list->items[i]);
        int ret = wanted ? resume_one(s, &list->items[i], &own) : OSP_OK;

        resumed += wanted;
        if (ret >= 0)
            continue;
        if (err->code)
            fprintf(stderr, "omnisplice: %s\n", err->text);
        *err = own;
        worst = ret;
        if (ret == OSP_ECANCELED)
            break;
    }
    if (!resumed && s->argument_count)
        return osp_fail(err, OSP_EUSAGE, "no job '%s' in the journal", s->arguments[0]);
    if (!resumed)
        printf("nothing to resume\n");
    return worst;
}

int cmd_resume(const struct settings *s, osp_error *err)
{
    OSP_AUTO(list_release) struct list list = { 0 };
    int ret = read_journal(s, &list, err);

    if (s->resend && s->argument_count != 1)
        return osp_fail(err, OSP_EUSAGE, "--resend takes the ID of one job");
    if (ret == OSP_OK && s->output && s->argument_count != 1)
        return osp_fail(err, OSP_EUSAGE, "-o takes the ID of one job");
    return ret < 0 ? ret : resume_listed(s, &list, err);
}

/* ---- fetch, forget ---- */

static const osp_job_info *find(const struct list *list, const char *id, osp_error *err)
{
    const osp_job_info *found = NULL;

    for (size_t i = 0; i < list->count; i++) {
        if (!str_starts(list->items[i].id, id))
            continue;
        if (found) {
            osp_fail(err, OSP_EUSAGE, "'%s' begins more than one job", id);
            return NULL;
        }
        found = &list->items[i];
    }
    if (!found)
        osp_fail(err, OSP_EUSAGE, "no job '%s' in the journal", id);
    return found;
}

int cmd_fetch(const struct settings *s, osp_error *err)
{
    OSP_AUTO(list_release) struct list list = { 0 };
    OSP_AUTO(session_close) struct session session = { 0 };
    OSP_AUTO(osp_job_free) osp_job *job = NULL;
    const char *id = cli_argument(s, 0, "job", err);
    const osp_job_info *info;
    int ret = id ? read_journal(s, &list, err) : OSP_EUSAGE;

    if (ret < 0 || !(info = find(&list, id, err)))
        return ret < 0 ? ret : err->code;
    ret = check_begun(info, err);
    if (ret == OSP_OK)
        ret = session_open(s, s->gateway ? s->gateway : info->gateway, &session, err);
    if (ret == OSP_OK)
        ret = osp_job_find(session.engine, info->id, &job, err);
    if (ret == OSP_OK)
        ret = osp_job_begin(job, err);
    if (ret == OSP_OK)
        ret = osp_job_wait(job, -1, cli_control(), err);
    if (ret < 0) {
        if (err->code == OSP_ECANCELED || err->code == OSP_EAGAIN)
            osp_hint(err, "omnisplice fetch %s", info->id);
        return ret;
    }
    progress_clear();
    printf("%s\n", osp_job_clip(job));
    return OSP_OK;
}

static int forget_one(const struct settings *s, const osp_job_info *info, osp_error *err)
{
    OSP_AUTO(session_close) struct session session = { 0 };
    OSP_AUTO(osp_job_free) osp_job *job = NULL;
    int ret = session_open(s, s->gateway ? s->gateway : info->gateway, &session, err);

    if (ret == OSP_OK)
        ret = osp_job_find(session.engine, info->id, &job, err);
    if (ret == OSP_OK)
        ret = osp_job_forget(job, s->force, err);
    if (ret == OSP_OK)
        printf("forgotten: %s\n", info->id);
    return ret;
}

int cmd_forget(const struct settings *s, osp_error *err)
{
    OSP_AUTO(list_release) struct list list = { 0 };
    int ret = cli_argument(s, 0, "job", err) ? read_journal(s, &list, err) : OSP_EUSAGE;

    for (int i = 0; ret == OSP_OK && i < s->argument_count; i++) {
        const osp_job_info *info = find(&list, s->arguments[i], err);

        ret = info ? forget_one(s, info, err) : err->code;
    }
    return ret;
}
