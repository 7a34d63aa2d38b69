/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* plan and conform: the same plan, said or carried out. */
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/auto.h"
#include "base/error.h"
#include "cli/cli.h"
#include "report/report.h"

static const struct {
    const char *name;
    osp_fit fit;
} fits[] = { { "crop", OSP_FIT_CROP }, { "pad", OSP_FIT_PAD }, { "stretch", OSP_FIT_STRETCH } };

static int set_fit(const char *name, osp_fit *fit, osp_error *err)
{
    for (size_t i = 0; i < OSP_COUNT(fits); i++) {
        if (!name || strcmp(fits[i].name, name) == 0) {
            *fit = fits[i].fit;
            return OSP_OK;
        }
    }
    return osp_fail(err, OSP_EUSAGE, "--fit takes crop, pad or stretch, not '%s'", name);
}

/* A plan and what it was made from. */
struct planned {
    osp_profile *profile;
    osp_facts *facts;
    osp_plan *plan;
    osp_findings *findings; /* where the shot lies among hard cuts; NULL: that was not looked at */
};

static void planned_release(struct planned *p)
{
    osp_findings_free(&p->findings);
    osp_plan_free(&p->plan);
    osp_facts_free(&p->facts);
    osp_profile_free(&p->profile);
}

static int make_plan(const struct settings *s, const char *input, bool keep_sound,
                     struct planned *out, osp_error *err)
{
    OSP_AUTO(auto_free) char *owned = NULL;
    osp_plan_options options;
    int use = s->use ? osp_use_find(s->use) : OSP_USE_GUESS, ret;

    osp_plan_options_init(&options);
    if (use < 0)
        return osp_fail(err, OSP_EUSAGE, "'%s' is no use of a file", s->use);
    options.use = (osp_use)use;
    options.from = s->from;
    options.mode = s->mode;
    options.keep_sound = keep_sound;
    options.documented = s->documented;
    ret = set_fit(s->fit, &options.fit, err);
    if (ret == OSP_OK)
        ret = cli_range_end(s, &options.to, &owned, err);
    if (ret == OSP_OK)
        ret = cli_profile(s, &out->profile, err);
    if (ret == OSP_OK)
        ret = osp_probe(input, &out->facts, err);
    if (ret == OSP_OK && out->facts->kind == OSP_KIND_UNKNOWN)
        ret = osp_fail(err, OSP_EMEDIA, "'%s' cannot be read: %s", input, out->facts->fault);
    if (ret == OSP_OK)
        ret = osp_plan_make(out->facts, out->profile, &options, &out->plan, err);
    return ret;
}

/* A shot beside a hard cut is worth a warning before anybody pays for it. */
static int look_at_cuts(const char *input, struct planned *p, osp_error *err)
{
    OSP_AUTO(osp_look_free) osp_look *look = NULL;
    osp_plan_summary shot = { .size = sizeof(shot) };
    int64_t first, count;
    int ret;

    if (p->facts->kind != OSP_KIND_VIDEO)
        return OSP_OK;
    osp_plan_summarize(p->plan, &shot);
    osp_shot_surroundings(p->facts, p->profile, shot.first_frame, shot.frames, &first, &count);
    ret = osp_look_at(input, p->facts, first, count, cli_control(), &look, err);
    if (ret == OSP_OK)
        ret = osp_check_shot(p->facts, look, p->profile, shot.first_frame, shot.frames,
                             &p->findings, err);
    progress_clear();
    return ret;
}

static int print_plan(const struct settings *s, const char *input, const struct planned *p,
                      osp_error *err)
{
    OSP_AUTO(auto_free) char *text = NULL;
    struct json *document = NULL;
    int ret;

    if (!s->json || s->json_file) {
        printf("%s\n", input);
        report_plan_text(stdout, p->plan, p->findings, isatty(STDOUT_FILENO));
        (void)cli_print_store(s, NULL); /* a plan needs no store: a bad one is told by edit */
    }
    if (!s->json)
        return OSP_OK;
    text = osp_plan_json(p->plan);
    if (!text)
        return osp_nomem(err);
    ret = json_parse(text, strlen(text), "plan", &document, err);
    if (ret < 0)
        return ret;
    json_set(document, "findings", report_findings_json(p->findings));
    return cli_print_json(s, document, err);
}

static const char *input_of(const struct settings *s, osp_error *err)
{
    return s->input ? s->input : cli_argument(s, 0, "input (-i FILE)", err);
}

int cmd_plan(const struct settings *s, osp_error *err)
{
    OSP_AUTO(planned_release) struct planned planned = { 0 };
    const char *input = input_of(s, err);
    int ret = input ? make_plan(s, input, s->keep_sound == 1, &planned, err) : OSP_EUSAGE;

    if (ret == OSP_OK)
        ret = look_at_cuts(input, &planned, err);
    return ret < 0 ? ret : print_plan(s, input, &planned, err);
}

int cmd_conform(const struct settings *s, osp_error *err)
{
    OSP_AUTO(planned_release) struct planned planned = { 0 };
    const char *input = input_of(s, err);
    int threads = 0, ret = input ? cli_check_output(s, err) : OSP_EUSAGE;

    if (ret == OSP_OK)
        ret = cli_threads(s, &threads, err);
    if (ret == OSP_OK)
        /* a person's own file keeps its sound, but where --no-keep-sound says otherwise */
        ret = make_plan(s, input, s->keep_sound != 0, &planned, err);
    if (ret == OSP_OK)
        ret = osp_conform(input, s->output, planned.plan, threads, cli_control(), err);
    if (ret < 0)
        return ret;
    progress_clear();
    report_plan_text(stdout, planned.plan, NULL, false);
    printf("result: %s\n", s->output);
    return OSP_OK;
}
